"""A release against an inventory of others and against field checks (A17, D16, F05).

Two objects match one to one at an IoU of `match_iou`, as planted and released ones do
(`evaluate.objects`). Outlines of others follow other rules than ours, so objects that cover at
least half of the smaller one are linked, too: several released ones of one landslide are its parts
(split), several landslides of one released object are merged. Recall is over the landslides that
could be found; precision is stated where the inventory claims to be complete, and F1 with it.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import shapely
from shapely.geometry.base import BaseGeometry

from sarslide.evaluate.breakdown import classes
from sarslide.evaluate.metrics import HALF, MIN_IOU, harmonic, ratio
from sarslide.evaluate.objects import SEEN_SHARE, ByCell
from sarslide.evaluate.scores import AREAS_KM2
from sarslide.grid import RegionGrid
from sarslide.inventory.changes import LANDSLIDES, MASKED, PLAIN
from sarslide.inventory.masks import held_back_by
from sarslide.inventory.matching import CONTAINED, assign, intersections
from sarslide.inventory.observability import cells_of

EXTERNAL, RELEASED = "external", "released"
MATCHES = {
    "side": str,
    "id": str,
    "name": str,
    "kind": str,
    "area_km2": float,
    "tracks": str,
    "counted": str,
    "reason": str,
    "matched": str,
    "linked": str,
    "relation": str,
    "iou": float,
    "overlap": float,
    "distance_m": float,
    "offset_m": float,
    "note": str,
}
POINTS = {"id": str, "seen": str, "result": str, "ls_id": str, "tracks": str}
OUTSIDE, TOO_SMALL, NOT_OBSERVABLE = "outside", "too_small", "not_observable"
NO_CLAIM = "not_complete"  # of a released object that the inventory cannot judge
CONFIRMED, MISSED, REFUTED, EMPTY = "confirmed", "missed", "refuted", "nothing there"


@dataclass(frozen=True)
class MatchRules:
    """When objects of two inventories are one, and which of them count.

    Attributes
    ----------
    match_iou : float
        IoU from which two outlines match.
    min_area_km2 : float
        Smaller landslides of the external inventory are counted apart.
    complete : bool
        Whether the external inventory claims to hold every landslide of `area`.
    area : BaseGeometry or None
        Where it claims so; None: in the whole region.
    """

    match_iou: float = MIN_IOU
    min_area_km2: float = 0.018
    complete: bool = False
    area: BaseGeometry | None = None


@dataclass(frozen=True)
class Comparison:
    """Two inventories side by side.

    Attributes
    ----------
    external, released : list of dict
        Rows with the columns `MATCHES` and geometry, in their order.
    observing : mapping of str to frozenset of str
        Tracks that observe each external object, by its id.
    """

    external: list[dict]
    released: list[dict]
    observing: Mapping[str, frozenset[str]] = field(default_factory=dict)


def observing(geometry: BaseGeometry, observable: Mapping[str, ByCell], grid: RegionGrid) -> frozenset[str]:
    """The tracks that can see an object: at least half of its cells.

    Parameters
    ----------
    geometry : BaseGeometry
        Outline or point, in the CRS of the grid.
    observable : mapping of str to ByCell
        By track, cells of bool.
    grid : RegionGrid
        Grid of the region.

    Returns
    -------
    frozenset of str
        Tracks.
    """
    cells = cells_of(geometry, grid)
    return frozenset(track for track, seen in observable.items() if len(cells[0]) and seen[cells].mean() >= SEEN_SHARE)


def compare(
    external: Sequence[Mapping],
    layers: Mapping[str, Sequence[Mapping]],
    observable: Mapping[str, ByCell],
    grid: RegionGrid,
    rules: MatchRules,
) -> Comparison:
    """Match the landslides of an external inventory with the released ones.

    Parameters
    ----------
    external : sequence of mapping
        id, name, kind, geometry.
    layers : mapping of str to sequence of mapping
        Rows of the release by layer.
    observable : mapping of str to ByCell
        By track, cells of bool, True where it sees motion down the slope.
    grid : RegionGrid
        Grid of the region.
    rules : MatchRules
        When two are one.

    Returns
    -------
    Comparison
        A row for each object of both sides.
    """
    released = list(layers[LANDSLIDES])
    mine, theirs = ([row["geometry"] for row in rows] for rows in (external, released))
    common = intersections(mine, theirs)
    best = assign({pair: iou for pair, (iou, _) in common.items() if iou >= rules.match_iou})
    linked = [pair for pair, (iou, share) in common.items() if iou >= rules.match_iou or share >= CONTAINED]
    matched = {i: j for j, i in best.items()}
    seen = {str(row["id"]): observing(row["geometry"], observable, grid) for row in external}
    first = _side(mine, theirs, matched, linked, {pair: iou for pair, (iou, _) in common.items()})
    second = _side(
        theirs, mine, best, [(j, i) for i, j in linked], {(j, i): iou for (i, j), (iou, _) in common.items()}
    )
    region, claimed = shapely.box(*grid.bounds), rules.area or shapely.box(*grid.bounds)
    ids, others = [str(row["id"]) for row in external], [str(row["ls_id"]) for row in released]
    rows = []
    for row, found, note in zip(external, first, _notes(mine, layers), strict=True):
        reason = _reason(row["geometry"], region, seen[str(row["id"])], rules)
        about = {"side": EXTERNAL, "id": str(row["id"]), "name": row["name"], "kind": row["kind"], "reason": reason}
        about |= {"tracks": "+".join(sorted(seen[str(row["id"])])), "note": "" if found.linked else note}
        rows.append(_row(about, row["geometry"], found, others))
    ours = []
    for row, found in zip(released, second, strict=True):
        reason = NO_CLAIM if not rules.complete else "" if _inside(row["geometry"], claimed) else OUTSIDE
        about = {"side": RELEASED, "id": str(row["ls_id"]), "name": str(row.get("name", "")), "kind": ""}
        about |= {"tracks": str(row["tracks"]), "reason": reason, "note": ""}
        ours.append(_row(about, row["geometry"], found, ids))
    return Comparison(rows, ours, seen)


@dataclass(frozen=True)
class _Found:
    """What an object of one side has on the other one."""

    matched: int | None
    linked: list[int]
    relation: str
    iou: float
    overlap: float
    distance_m: float
    offset_m: float


def _side(
    mine: Sequence[BaseGeometry],
    theirs: Sequence[BaseGeometry],
    matched: Mapping[int, int],
    linked: Iterable[tuple[int, int]],
    iou: Mapping[tuple[int, int], float],
) -> list[_Found]:
    """One entry an object of `mine`; pairs are (mine, theirs)."""
    partners: dict[int, list[int]] = {}
    owners: dict[int, list[int]] = {}
    for i, j in linked:
        partners.setdefault(i, []).append(j)
        owners.setdefault(j, []).append(i)
    touching: dict[int, list[int]] = {}
    for i, j in iou:
        touching.setdefault(i, []).append(j)
    tree = shapely.STRtree(list(theirs))
    found = []
    for i, outline in enumerate(mine):
        own, other = partners.get(i, []), matched.get(i)
        here = [theirs[j] for j in touching.get(i, [])]
        nearest = tree.nearest(outline) if len(theirs) else None
        found.append(
            _Found(
                other,
                own,
                _relation(other, own, [len(owners[j]) for j in own]),
                iou[i, other] if other is not None else max((iou[i, j] for j in touching.get(i, [])), default=0.0),
                outline.intersection(shapely.union_all(here)).area / outline.area if here else 0.0,
                outline.distance(theirs[nearest]) if nearest is not None else np.nan,
                outline.centroid.distance(theirs[other].centroid) if other is not None else np.nan,
            )
        )
    return found


def _relation(matched: int | None, linked: Sequence[int], owners: Sequence[int]) -> str:
    """`several` on the other side, `shared` there with others, matched, linked, or nothing."""
    words = [word for word, holds in (("several", len(linked) > 1), ("shared", max(owners, default=0) > 1)) if holds]
    return "+".join(words) or ("matched" if matched is not None else "linked" if linked else "none")


# What relations are called on each side: several released objects of one landslide are its parts.
WORDS = {EXTERNAL: {"several": "split", "shared": "merged"}, RELEASED: {"several": "merged", "shared": "split"}}


def _row(about: dict[str, Any], geometry: BaseGeometry, found: _Found, others: Sequence[str]) -> dict:
    words = WORDS[about["side"]]
    return about | {
        "area_km2": geometry.area / 1e6,
        "counted": "no" if about["reason"] else "yes",
        "matched": others[found.matched] if found.matched is not None else "",
        "linked": "+".join(others[j] for j in found.linked),
        "relation": "+".join(words.get(word, word) for word in found.relation.split("+")),
        "iou": found.iou,
        "overlap": found.overlap,
        "distance_m": found.distance_m,
        "offset_m": found.offset_m,
        "geometry": geometry,
    }


def _inside(geometry: BaseGeometry, area: BaseGeometry) -> bool:
    return geometry.intersection(area).area >= HALF * geometry.area


def _reason(geometry: BaseGeometry, region: BaseGeometry, tracks: frozenset[str], rules: MatchRules) -> str:
    """Why a landslide is counted apart; empty for one that could be found."""
    if not _inside(geometry, region):
        return OUTSIDE
    if geometry.area / 1e6 < rules.min_area_km2:
        return TOO_SMALL
    return "" if tracks else NOT_OBSERVABLE


def _notes(outlines: Sequence[BaseGeometry], layers: Mapping[str, Sequence[Mapping]]) -> list[str]:
    """What the release has in the place of each landslide, instead of a released one."""
    words: list[set[str]] = [set() for _ in outlines]
    for name in (PLAIN, MASKED):
        rows = list(layers.get(name, ()))
        tree = shapely.STRtree([row["geometry"] for row in rows])
        for i, j in zip(*tree.query(list(outlines), predicate="intersects").tolist(), strict=True):
            masked = name == MASKED
            words[i].add(f"masked: {held_back_by(rows[j])}" if masked else "non-landslide deformation")
    return ["; ".join(sorted(each)) for each in words]


def scores(comparison: Comparison, tracks: Iterable[str], rules: MatchRules) -> dict[str, Any]:
    """Scores of a release against an external inventory.

    Parameters
    ----------
    comparison : Comparison
        Of `compare`.
    tracks : iterable of str
        Tracks of the region.
    rules : MatchRules
        Those of the comparison.

    Returns
    -------
    dict of str to Any
        For JSON: counts, recall; precision and F1, None unless the inventory is complete; the same
        for linked objects; by track, size and kind; relations.
    """
    external, released = comparison.external, comparison.released
    counted = [row for row in external if row["counted"] == "yes"]
    judged = [row for row in released if row["counted"] == "yes"]
    kinds = sorted({row["kind"] for row in counted} - {""})
    return {
        "external": len(external),
        "counted": len(counted),
        "apart": {
            reason: _found([row for row in external if row["reason"] == reason])
            for reason in (OUTSIDE, TOO_SMALL, NOT_OBSERVABLE)
        },
        "released": len(released),
        "judged": len(judged) if rules.complete else None,
        "matched": _scored(counted, judged, rules.complete, "matched"),
        "linked": _scored(counted, judged, rules.complete, "linked"),
        "relations": {side: _relations(rows) for side, rows in ((EXTERNAL, external), (RELEASED, released))},
        "tracks": {track: _of_track(comparison, counted, track) for track in tracks},
        "areas_km2": {word: _found(rows) for word, rows in classes(counted, "area_km2", AREAS_KM2)},
        "kinds": {kind: _found([row for row in counted if row["kind"] == kind]) for kind in kinds},
    }


def _scored(counted: Sequence[Mapping], judged: Sequence[Mapping], complete: bool, key: str) -> dict[str, Any]:
    """found, right, recall, precision, f1; the last two are unknown without a claim."""
    found, right = (sum(bool(row[key]) for row in rows) for rows in (counted, judged))
    recall = ratio(found, len(counted))
    precision = ratio(right, len(judged)) if complete else None
    return {
        "found": found,
        "right": right if complete else None,
        "recall": recall,
        "precision": precision,
        "f1": None if precision is None else harmonic(precision, recall),
    }


def _found(rows: Sequence[Mapping]) -> dict[str, Any]:
    matched, linked = (sum(bool(row[key]) for row in rows) for key in ("matched", "linked"))
    recall = ratio(matched, len(rows)) if rows else None
    return {"landslides": len(rows), "found": matched, "linked": linked, "recall": recall}


def _relations(rows: Sequence[Mapping]) -> dict[str, int]:
    words = sorted({word for row in rows for word in row["relation"].split("+")})
    return {word: sum(word in row["relation"].split("+") for row in rows) for word in words}


def _of_track(comparison: Comparison, counted: Sequence[Mapping], track: str) -> dict[str, Any]:
    """Landslides that a track observes, and those that the release has by this track."""
    tracks_of = {row["id"]: row["tracks"].split("+") for row in comparison.released}
    seen = [row for row in counted if track in comparison.observing[row["id"]]]
    by_track = sum(track in tracks_of.get(row["matched"], ()) for row in seen)
    return _found(seen) | {
        "found_by_track": by_track,
        "recall_of_track": ratio(by_track, len(seen)) if seen else None,
        "released": sum(track in tracks for tracks in tracks_of.values()),
    }


def check_points(
    points: Sequence[Mapping], released: Sequence[Mapping], observable: Mapping[str, ByCell], grid: RegionGrid
) -> list[dict]:
    """What a release has at each field check (D16).

    Parameters
    ----------
    points : sequence of mapping
        id, seen, geometry.
    released : sequence of mapping
        ls_id, geometry.
    observable : mapping of str to ByCell
        By track, cells of bool.
    grid : RegionGrid
        Grid of the region.

    Returns
    -------
    list of dict
        The columns `POINTS` and geometry: confirmed (seen, and in a released object), missed (seen,
        and in none), refuted (in one, and not seen), nothing there (neither).
    """
    tree = shapely.STRtree([row["geometry"] for row in released])
    rows = []
    for point in points:
        inside = [released[k]["ls_id"] for k in sorted(tree.query(point["geometry"], predicate="intersects"))]
        result = (CONFIRMED if inside else MISSED) if point["seen"] else (REFUTED if inside else EMPTY)
        tracks = observing(point["geometry"], observable, grid)
        about = {"id": point["id"], "seen": "yes" if point["seen"] else "no", "result": result}
        about |= {"ls_id": "+".join(inside), "tracks": "+".join(sorted(tracks))}
        rows.append(about | {"geometry": point["geometry"]})
    return rows


def point_scores(rows: Sequence[Mapping]) -> dict[str, Any]:
    """Scores of the field checks, and P4's arithmetic on them (F05, J9).

    P4 calls 52 of 56 checked areas a recall and makes of it an F1 that supposes no false area. Its
    areas were taken from the map: 52 of 56 is as much a precision.

    Parameters
    ----------
    rows : sequence of mapping
        Of `check_points`.

    Returns
    -------
    dict of str to Any
        Counts; recall; precision and f1, None where no check could have refuted the release; as_p4:
        areas that are landslides in the field or on the map, those that are both, their share, and
        the F1 if none of the map were false.
    """
    count = {result: sum(row["result"] == result for row in rows) for result in (CONFIRMED, MISSED, REFUTED, EMPTY)}
    confirmed, missed, refuted = count[CONFIRMED], count[MISSED], count[REFUTED]
    recall = ratio(confirmed, confirmed + missed)
    refutable = any(row["seen"] == "no" for row in rows) and confirmed + refuted > 0
    precision = ratio(confirmed, confirmed + refuted) if refutable else None
    areas = confirmed + missed + refuted
    share = ratio(confirmed, areas)
    return {
        "checks": len(rows),
        **{result.replace(" ", "_"): number for result, number in count.items()},
        "missed_not_observable": sum(row["result"] == MISSED and not row["tracks"] for row in rows),
        "recall": recall,
        "precision": precision,
        "f1": None if precision is None else harmonic(precision, recall),
        "as_p4": {"areas": areas, "recognised": confirmed, "share": share, "f1_if_none_false": harmonic(1.0, share)},
    }

"""Ascending and descending objects that are one source (P0 6, Fig. 13; G05)."""

import json
import math
from collections.abc import Mapping, Sequence

import numpy as np
from shapely import STRtree
from shapely.geometry.base import BaseGeometry

from sarslide.inventory import classes, confidence, masks
from sarslide.inventory.tables import significant

LEVEL = "level_mm_per_yr"  # of a candidate: what the levelling of its frame adds to its LOS rate
BOUNDS = ("los_rate_bound_mm_per_yr", "downslope_rate_bound_mm_per_yr")
LEVELLED = ("los_rate_mean_mm_per_yr", "los_rate_p95_mm_per_yr", "los_rate_max_mm_per_yr")


def fuse(rows: Sequence[Mapping], overlap: float) -> list[dict]:
    """Objects of all tracks, one per source.

    P0: elements of one track that intersect elements of the other are the same source, and the one
    with the largest area is kept; what meets nothing stays (union of the rest). "Intersect" is read
    as sharing at least `overlap` of the smaller element's area, because transitive chains through
    slivers would merge neighbours. Free candidates form sources among themselves, landslides apart
    from non-landslide deformation. A masked element joins a free source of its class that it
    overlaps, as a parent without influence on its outline; other masked elements form masked
    sources among themselves.

    Parameters
    ----------
    rows : sequence of Mapping
        Candidates of all tracks, `tables.CANDIDATES`, geometry and, where frames of a track are
        levelled to each other, `LEVEL`.
    overlap : float
        Shared part of the smaller area from which two elements intersect; 0: any common area.

    Returns
    -------
    list of dict
        North to south, west to east: the kept element's row plus tracks (`A128+D062`), parents and
        masked_parents (candidate ids joined by +), los_rate_by_track (JSON, mean of the largest
        free parent of each track before levelling, mm/yr, unless it is a lower bound), the most
        cycles and the largest bounds of its parents, with their note among its reasons,
        landslide_probability (from those of the largest free parent of each track), confidence
        (that in a word; without it high: two tracks; medium: one track, mean probability >= 0.8;
        low), object_type, shape and motion. Its other rates are levelled.

    References
    ----------
    P0, 6 and Fig. 13, doi:10.3390/rs14081848.
    """
    rows = in_canonical_order(rows)
    linked = _overlaps(rows, overlap)
    free = [row["status"] == "candidate" for row in rows]
    source = connected(len(rows), [(i, j) for i, j in linked if free[i] and free[j]])
    for i, j, _ in sorted(((i, j, part) for (i, j), part in linked.items()), key=lambda link: -link[2]):
        for masked, other in ((i, j), (j, i)):
            if not free[masked] and free[other] and source[masked] == masked:
                source[masked] = source[other]
    remaining = {k for k in range(len(rows)) if not free[k] and source[k] == k}
    among_masked = connected(len(rows), [(i, j) for i, j in linked if i in remaining and j in remaining])
    for k in remaining:
        source[k] = among_masked[k]
    members: dict[int, list[dict]] = {}
    for k, row in enumerate(rows):
        members.setdefault(source[k], []).append(row)
    return in_canonical_order([_fused(parents) for parents in members.values()])


def in_canonical_order(rows: Sequence[Mapping]) -> list[dict]:
    """Rows in an order that does not depend on that of the input.

    Parameters
    ----------
    rows : sequence of Mapping
        Rows with `geometry`.

    Returns
    -------
    list of dict
        From north to south, west to east, then by outline.
    """
    return sorted((dict(row) for row in rows), key=lambda row: geometry_key(row["geometry"]))


def geometry_key(geometry: BaseGeometry) -> tuple:
    """Sort key of an outline.

    Parameters
    ----------
    geometry : BaseGeometry
        The outline.

    Returns
    -------
    tuple
        North edge down, west edge up, then its normalised bytes.
    """
    west, _, _, north = geometry.bounds
    return -round(north, 3), round(west, 3), geometry.normalize().wkb


def _overlaps(rows: Sequence[Mapping], overlap: float) -> dict[tuple[int, int], float]:
    """Pairs (i < j) of different tracks and one class, with the shared part of the smaller area."""
    shapes = np.array([row["geometry"] for row in rows], dtype=object)
    if not len(shapes):
        return {}
    first, second = STRtree(shapes).query(shapes, predicate="intersects")
    found = {}
    for i, j in sorted(zip(first.tolist(), second.tolist(), strict=True)):
        comparable = rows[i]["track"] != rows[j]["track"] and rows[i]["object_class"] == rows[j]["object_class"]
        if i < j and comparable:
            shared = shapes[i].intersection(shapes[j]).area / min(shapes[i].area, shapes[j].area)
            if shared > 0 and shared >= overlap:
                found[i, j] = shared
    return found


def connected(count: int, links: Sequence[tuple[int, int]]) -> list[int]:
    """Groups of elements that links connect.

    Parameters
    ----------
    count : int
        Number of elements.
    links : sequence of (int, int)
        Pairs of elements.

    Returns
    -------
    list of int
        For each element the smallest one that it reaches through `links`.
    """
    root = list(range(count))

    def find(k: int) -> int:
        while root[k] != k:
            root[k] = root[root[k]]
            k = root[k]
        return k

    for i, j in links:
        low, high = sorted((find(i), find(j)))
        root[high] = low
    return [find(k) for k in range(count)]


def _fused(parents: list[dict]) -> dict:
    """One source: its largest free element (largest element where all are masked), with what the
    others add.
    """
    free = [row for row in parents if row["status"] == "candidate"]
    masked = [row for row in parents if row["status"] != "candidate"]
    elements = free or masked
    kept = max(elements, key=lambda row: (row["geometry"].area, row["candidate_id"]))
    by_track: dict[str, dict] = {}
    for row in elements:
        largest = by_track.get(row["track"])
        if largest is None or row["geometry"].area > largest["geometry"].area:
            by_track[row["track"]] = row
    # A rate that is a lower bound is none to compare with that of another release.
    rates = {
        track: by_track[track]["los_rate_mean_mm_per_yr"]
        for track in sorted(by_track)
        if not masks.is_a_bound(by_track[track])
    }
    # P2's pictures are of both passes: an object is as strong as the one that sees it best.
    cycles = max((row["phase_cycles_per_yr"] for row in elements if row["phase_cycles_per_yr"] >= 0), default=math.nan)
    bounds = {name: max((row[name] for row in elements if row[name] > 0), default=math.nan) for name in BOUNDS}
    probability = confidence.of_tracks(row[confidence.PROBABILITY] for row in by_track.values())
    kept = _levelled(kept) | {"phase_cycles_per_yr": cycles, confidence.PROBABILITY: probability} | bounds
    if masks.is_a_bound(kept):
        kept |= masks.noted(kept, masks.LOWER_BOUND)
    return kept | {
        "tracks": "+".join(sorted(by_track)),
        "parents": _ids(elements),
        "masked_parents": _ids(masked) if free else "",
        "los_rate_by_track": json.dumps({track: significant(rate) for track, rate in rates.items() if rate == rate}),
        "confidence": _confidence(kept, len(by_track)),
        "object_type": classes.object_type(kept, kept["geometry"]) if kept["object_class"] == masks.LANDSLIDE else 0,
        "shape": classes.shape_word(kept["geometry"], kept["aspect_mean_deg"]),
        "motion": classes.motion_word(kept["head_toe_ratio"]),
    }


def _levelled(row: Mapping) -> dict:
    """A candidate whose rates are those of the levelled mosaic."""
    level = row.get(LEVEL, 0.0)
    if not level:
        return dict(row)
    rates = {name: row[name] + level for name in LEVELLED}
    downslope = row["downslope_rate_mm_per_yr"] + level / row["downslope_sensitivity"]
    return dict(row) | rates | {"downslope_rate_mm_per_yr": downslope}


def _ids(rows: Sequence[Mapping]) -> str:
    return "+".join(sorted(row["candidate_id"] for row in rows))


def _confidence(row: Mapping, tracks: int) -> str:
    if not math.isnan(row[confidence.PROBABILITY]):
        return confidence.word(row[confidence.PROBABILITY])
    if tracks > 1:
        return "high"
    return "medium" if row["probability_mean"] >= 0.8 else "low"

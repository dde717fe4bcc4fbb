"""Decisions of the reviewer on the objects of a date.

What shapes objects (a split, a merge, an added outline) comes before they are compared with those
of the last release, so that parts and added outlines have ids of their own and keep them; verdicts
and notes come after, by ls_id. Outlines of the reviewer hold as they were drawn in every later
release; what is measured inside comes from the object that the networks find there.
"""

import math
from collections.abc import Mapping, Sequence

from shapely import unary_union
from shapely.geometry.base import BaseGeometry

from sarslide.errors import ReviewError
from sarslide.inventory.masks import LANDSLIDE
from sarslide.inventory.matching import CONTAINED, Match
from sarslide.inventory.review import ADD, MERGE, NOTE, SPLIT, Decision
from sarslide.inventory.tables import FUSED, LANDSLIDES, MASKED, PLAIN, STATE
from sarslide.layers import EAST_UP

REVIEWER = "reviewer"  # source of an object that no network has found
CLAIM, DECIDED = "claim", "decided"  # of a shaped object: the ls_id that it takes, and its decision


def shaped(
    objects: Sequence[Mapping], decisions: Mapping[str, Decision], known: Mapping[str, BaseGeometry], cell_km2: float
) -> list[dict]:
    """The objects of a date, split, merged and added to as the reviewer says.

    Parameters
    ----------
    objects : sequence of Mapping
        Fused objects, `tables.FUSED` and geometry.
    decisions : mapping of str to Decision
        As `review_files.read_all` gives them.
    known : mapping of str to BaseGeometry
        Outlines of the last release by ls_id.
    cell_km2 : float
        Area of a cell, km2.

    Returns
    -------
    list of dict
        Rows as given; what was shaped has `CLAIM` and `DECIDED` beside.
    """
    rows = [dict(row) for row in objects]
    for ls_id in sorted(decisions):
        decision = decisions[ls_id]
        if decision.action == SPLIT:
            rows = _split(rows, ls_id, decision, cell_km2)
    groups: dict[str, list[Decision]] = {}
    for decision in decisions.values():
        if decision.action == MERGE:
            groups.setdefault(decision.other, []).append(decision)
    for stays, merged in sorted(groups.items()):
        rows = _merged(rows, stays, merged, known, decisions, cell_km2)
    for key in sorted(decisions):
        decision = decisions[key]
        if decision.action == ADD and decision.outline is not None:
            rows = _added(rows, decision, decision.outline, cell_km2)
    return rows


def decide(row: dict, decisions: Mapping[str, Decision]) -> None:
    """Carry the reviewer's decision on one object out.

    Parameters
    ----------
    row : dict
        The object, with its `ls_id` and layer; changed in place.
    decisions : mapping of str to Decision
        As `review_files.read_all` gives them.

    Raises
    ------
    ReviewError
        For an outline that does not touch the object.
    """
    row.pop(CLAIM, None)
    decision = row.pop(DECIDED, None) or decisions.get(row["ls_id"])
    if decision is None:
        return
    outline = decision.outline
    if outline is not None and not outline.intersects(row["geometry"]):
        raise ReviewError(
            f"{decision.where}: the wkt does not touch {row['ls_id']}",
            "look the ls_id up in landslides.gpkg of the last release, or correct the wkt",
        )
    row |= _words(decision)
    if decision.action == NOTE:
        return
    if decision.action == "reject":
        row |= {"layer": MASKED, "status": "rejected"}
    else:
        kind = decision.object_class or LANDSLIDE
        layer = LANDSLIDES if kind == LANDSLIDE else PLAIN
        row |= {"layer": layer, "status": "released", "object_class": kind, "confidence": "reviewed"}
    if decision.action == "edit" and outline is not None:
        reshape(row, outline)


def worded(row: Mapping, decisions: Mapping[str, Decision]) -> dict:
    """An object that is not found today, with the reviewer's words.

    Parameters
    ----------
    row : mapping
        The object as it was released.
    decisions : mapping of str to Decision
        The reviewer's.

    Returns
    -------
    dict
        The same with name, comment, evidence and the decision.
    """
    decision = decisions.get(row["ls_id"])
    return dict(row) | (_words(decision) if decision else {})


def reject_parts(
    before: Sequence[Mapping], today: Sequence[dict], found: Match, decisions: Mapping[str, Decision]
) -> None:
    """Reject what lies mostly inside a rejected object: a new object there is a part of it.

    Parameters
    ----------
    before, today : sequence of Mapping
        Earlier and later objects, decided; later ones are changed in place.
    found : Match
        Which of them are the same.
    decisions : mapping of str to Decision
        The reviewer's.
    """
    for i, j in found.links:
        decision = decisions.get(before[i]["ls_id"])
        if (
            decision is None
            or decision.action != "reject"
            or j in found.assigned
            or today[j]["review"] not in ("", NOTE)
        ):
            continue
        if _share_inside(today[j]["geometry"], before[i]["geometry"]) >= CONTAINED:
            today[j] |= {"layer": MASKED, "status": "rejected", "review": "reject", "related": before[i]["ls_id"]}
            today[j]["comment"] = f"part of {before[i]['ls_id']}, which was rejected"


def reshape(row: dict, outline: BaseGeometry) -> None:
    """Give an object another outline.

    Parameters
    ----------
    row : dict
        The object; changed in place.
    outline : BaseGeometry
        The outline, m.
    """
    area_km2, perimeter_km = outline.area / 1e6, outline.length / 1e3
    row |= {"geometry": outline, "area_km2": area_km2, "perimeter_km": perimeter_km}
    row["perimeter_over_area_per_km"] = perimeter_km / area_km2


def _words(decision: Decision) -> dict[str, str]:
    words = {"review": decision.action, "comment": decision.comment, "evidence": decision.links}
    return words | ({"name": decision.name} if decision.name else {})


def _split(rows: list[dict], ls_id: str, decision: Decision, cell_km2: float) -> list[dict]:
    """Parts in the place of the objects that lie in them, each with what was measured of the object
    that covers most of it.
    """
    parts = {part: part.outline for part in decision.parts if part.outline is not None}
    whole = unary_union(list(parts.values()))
    covering = [row for row in rows if _same(row["geometry"], whole)]
    largest = max(parts, key=lambda part: (parts[part].area, parts[part].bounds), default=None)
    made = []
    for part, outline in parts.items():
        common = [row["geometry"].intersection(outline).area for row in covering]
        if not common or max(common) <= 0:
            continue
        row = _measured(covering[common.index(max(common))], outline, cell_km2)
        row[DECIDED] = part
        if part is largest:
            row[CLAIM] = ls_id
        made.append(row)
    return [row for row in rows if not any(row is one for one in covering)] + made


def _merged(
    rows: list[dict],
    stays: str,
    merged: Sequence[Decision],
    known: Mapping[str, BaseGeometry],
    decisions: Mapping[str, Decision],
    cell_km2: float,
) -> list[dict]:
    """One object in the place of those of a group, with what was measured of its largest."""
    outlines = [known[one] for one in (stays, *(decision.ls_id for decision in merged)) if one in known]
    ours = [row for row in rows if any(_same(row["geometry"], outline) for outline in outlines)]
    if not ours:
        return rows
    free = [row for row in ours if row["status"] == "candidate"] or ours
    kept = max(free, key=lambda row: (row["geometry"].area, row["candidate_id"]))
    made = _measured(kept, unary_union([row["geometry"] for row in free]), cell_km2)
    made[CLAIM] = stays
    if stays not in decisions:
        made[DECIDED] = merged[0]
    return [row for row in rows if not any(row is one for one in ours)] + [made]


def _added(rows: list[dict], decision: Decision, outline: BaseGeometry, cell_km2: float) -> list[dict]:
    """The outline as an object: of what lies mostly inside it the largest, or one that no network
    has found.
    """
    inside = [row for row in rows if _share_inside(row["geometry"], outline) >= CONTAINED]
    found = max(inside, key=lambda row: (row["geometry"].area, row["candidate_id"]), default=None)
    made = _measured(found, outline, cell_km2) if found else unseen(outline, cell_km2)
    made[DECIDED] = decision
    if decision.ls_id:
        made[CLAIM] = decision.ls_id
    return [row for row in rows if not any(row is one for one in inside)] + [made]


def _measured(row: Mapping, outline: BaseGeometry, cell_km2: float) -> dict:
    """An object with another outline."""
    made = dict(row)
    reshape(made, outline)
    return made | {"cells": round(made["area_km2"] / cell_km2)}


def unseen(outline: BaseGeometry, cell_km2: float) -> dict:
    """An object of which nothing is measured.

    Parameters
    ----------
    outline : BaseGeometry
        Its outline, m.
    cell_km2 : float
        Area of a cell, km2.

    Returns
    -------
    dict
        `tables.FUSED` and the geometry; numbers unknown but its size.
    """
    blank = {str: "", int: 0, float: math.nan}
    row = {name: blank[kind] for name, kind in FUSED.items()} | dict.fromkeys(EAST_UP, math.nan)
    row |= dict.fromkeys(STATE, "")
    row |= {"source": REVIEWER, "status": "candidate", "object_class": LANDSLIDE, "geometry": outline}
    return _measured(row, outline, cell_km2)


def _same(one: BaseGeometry, other: BaseGeometry) -> bool:
    """Whether half of the smaller outline is common to both."""
    return one.intersection(other).area >= CONTAINED * min(one.area, other.area)


def _share_inside(inner: BaseGeometry, outer: BaseGeometry) -> float:
    return inner.intersection(outer).area / inner.area

"""From the last release and today's objects to the next one: stable ids, typed changes."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from sarslide.inventory import review_apply
from sarslide.inventory.fusion import in_canonical_order
from sarslide.inventory.matching import CONTAINED, Match, match
from sarslide.inventory.observability import LEFT_OUT, Observability
from sarslide.inventory.review import ADD, MERGE, Decision
from sarslide.inventory.tables import LANDSLIDES, LAYERS, MASKED, PLAIN, RELEASED, VANISHED, rates_of

# A mask that hides ground, as the cause why a known landslide is not observable.
HIDING = {"layover_shadow": "layover or shadow", "low_coherence": "decorrelation", "above_snowline": "snow"}


@dataclass(frozen=True)
class ChangeRules:
    """When objects of two releases are one, and which of their changes count.

    Attributes
    ----------
    match_iou : float
        IoU from which two outlines may be one object.
    area_ratio : float
        Growth or loss of area that counts.
    rate_mm_per_yr : float
        Change of the mean LOS speed that counts, mm/yr.
    rate_share : float
        The same as a share of the earlier speed; the larger limit holds.
    """

    match_iou: float = 0.1
    area_ratio: float = 1.25
    rate_mm_per_yr: float = 10.0
    rate_share: float = 0.25


@dataclass
class InventoryState:
    """The inventory after a release.

    Attributes
    ----------
    layers : dict of str to list of dict
        Rows by layer: `tables.OBJECTS` and geometry.
    changes : list of dict
        Rows of CHANGES.csv.
    next_number : int
        Number of the next new ls_id; numbers are never used twice.
    """

    layers: dict[str, list[dict]] = field(default_factory=lambda: {name: [] for name in LAYERS})
    changes: list[dict] = field(default_factory=list)
    next_number: int = 1


def update(
    previous: InventoryState,
    objects: Sequence[Mapping],
    seen: Observability,
    decisions: Mapping[str, Decision],
    date: str,
    rules: ChangeRules,
) -> InventoryState:
    """Carry the inventory to a date with the fused objects of that date.

    What the reviewer splits, merges or adds is shaped first. Every object takes the ls_id of the
    earlier one that it is assigned to, else a new number, in canonical order, free ones first. The
    other decisions of the reviewer come after the ids. What was released and is not found again has
    merged into another object, is not observable (it stays in its layer, as it was seen last), or
    has vanished (kept in its own layer, where its id waits). Of an object that reaches into a frame
    that is left out, a part is known: it is neither grown nor shrunk, and does not vanish.

    Parameters
    ----------
    previous : InventoryState
        After the last release.
    objects : sequence of Mapping
        Fused objects, `tables.FUSED` and geometry.
    seen : Observability
        What each track could see.
    decisions : mapping of str to Decision
        The reviewer's, by ls_id.
    date : str
        Date of the last acquisition, YYYYMMDD.
    rules : ChangeRules
        Limits of matching and change.

    Returns
    -------
    InventoryState
        The inventory after this release.

    Raises
    ------
    ReviewError
        For an outline of a decision that does not touch its object.
    """
    before = _by_priority(previous)
    # Free objects first, so that they take the first numbers.
    known = {row["ls_id"]: row["geometry"] for row in before}
    objects = review_apply.shaped(objects, decisions, known, seen.grid.cell_area_km2)
    today = sorted(in_canonical_order(objects), key=lambda row: row["status"] != "candidate")
    found = match([row["geometry"] for row in before], [row["geometry"] for row in today], rules.match_iou)
    _claim(before, today, found)
    following = InventoryState(next_number=previous.next_number)
    for index, row in enumerate(today):
        row |= _identity(row, before[found.assigned[index]] if index in found.assigned else None, following, date)
        review_apply.decide(row, decisions)
    review_apply.reject_parts(before, today, found, decisions)
    relations = _splits_and_merges(before, today, found)
    for index, row in enumerate(today):
        old = before[found.assigned[index]] if index in found.assigned else None
        cut = any(seen.is_cut(one["geometry"]) for one in (row, old) if one is not None)
        _place(row, old, relations.get(row["ls_id"], []), following, rules, cut)
        if old is not None:
            _leave(old, row, following, cut)
    matched = set(found.assigned.values())
    for index, old in enumerate(before):
        if index not in matched:
            _not_found(old, relations.get(old["ls_id"], []), seen, decisions, following)
    return _in_order(following)


def known_ids(inventory: InventoryState) -> set[str]:
    """All ids that a reviewer's file may name.

    Parameters
    ----------
    inventory : InventoryState
        After a release.

    Returns
    -------
    set of str
        Ids of all layers.
    """
    return {row["ls_id"] for rows in inventory.layers.values() for row in rows}


def _by_priority(previous: InventoryState) -> list[dict]:
    """One row per ls_id, from the first of LAYERS that has it, in canonical order."""
    rows: dict[str, dict] = {}
    for layer in LAYERS:
        for row in previous.layers[layer]:
            rows.setdefault(row["ls_id"], {**row, "layer": layer})
    return in_canonical_order(list(rows.values()))


def _claim(before: list[dict], today: list[dict], found: Match) -> None:
    """Objects that the reviewer has split, merged or added take the ls_id that he names."""
    place = {row["ls_id"]: i for i, row in enumerate(before)}
    for j, row in enumerate(today):
        i = place.get(row.get(review_apply.CLAIM, ""))
        if i is None or found.assigned.get(j) == i:
            continue
        for other in [other for other, taken in found.assigned.items() if taken == i]:
            del found.assigned[other]
        found.assigned[j] = i


def _identity(row: dict, old: dict | None, following: InventoryState, date: str) -> dict:
    """Ids, layer and dates of one of today's objects; a new one has no uid yet."""
    if old is None:
        ls_id, uid, first_seen = f"LS{following.next_number:06d}", "", date
        following.next_number += 1
    else:
        ls_id, uid, first_seen = old["ls_id"], old["uid"], old["first_seen"]
    free = row["status"] == "candidate"
    if free:
        layer = LANDSLIDES
    else:
        layer = PLAIN if row["reason"] == "too_flat" else MASKED
    status = "masked" if layer == MASKED else "released"
    return {
        "ls_id": ls_id, "uid": uid, "layer": layer, "status": status, "first_seen": first_seen, "last_seen": date,
        "name": "", "review": "", "comment": "", "evidence": "", "related": "", "change": "",
    }  # fmt: skip


def _splits_and_merges(before: list[dict], today: list[dict], found: Match) -> dict[str, list[tuple[str, str]]]:
    """ls_id -> [(split | merged, the other ls_id)], for released objects only, from the links that
    no assignment took.
    """
    later_of = {i: j for j, i in found.assigned.items()}
    relations: dict[str, list[tuple[str, str]]] = {}

    def relate(kind: str, one: str, other: str) -> None:
        relations.setdefault(one, []).append((kind, other))
        relations.setdefault(other, []).append((kind, one))

    for (i, j), share in found.links.items():
        old, new = before[i], today[j]
        if share < CONTAINED or old["layer"] not in RELEASED or new["layer"] != old["layer"]:
            continue
        is_new = j not in found.assigned or before[found.assigned[j]]["layer"] not in RELEASED
        goes_on = i in later_of and later_of[i] != j and today[later_of[i]]["layer"] == old["layer"]
        if is_new and goes_on:
            relate("split", old["ls_id"], new["ls_id"])
        elif i not in later_of and j in found.assigned and before[found.assigned[j]]["layer"] == old["layer"]:
            relate("merged", new["ls_id"], old["ls_id"])
    return relations


def _place(
    row: dict, old: dict | None, relations: list, following: InventoryState, rules: ChangeRules, cut: bool
) -> None:
    """Put one of today's objects in its layer and note its changes, if it is or was released."""
    layer = row.pop("layer")
    following.layers[layer].append(row)
    was = old["layer"] if old is not None else None
    if layer in RELEASED:
        if relations:
            kinds = sorted({kind for kind, _ in relations})
            details = {kind: "" for kind in kinds}
        elif old is not None and was in RELEASED:
            kinds, details = compare(old, row, rules, cut)
        else:
            kinds, details = ["new"], {"new": _where_from(old)}
        if was in RELEASED and was != layer:
            kinds, details = ["reclassified"], {"reclassified": f"from {was} to {layer}"}
        others = "+".join(sorted({other for _, other in relations}))
        row |= {"change": "+".join(kinds), "related": others}
        for kind in kinds:
            following.changes.append(_change(kind, old if was in RELEASED else None, row, others, details[kind]))


def _where_from(old: dict | None) -> str:
    if old is None:
        return ""
    if old["layer"] == VANISHED:
        return "seen again after it had vanished"
    return f"was {old['status']}" + (f": {old['reason']}" if old["reason"] else "")


def compare(old: Mapping, row: Mapping, rules: ChangeRules, cut: bool = False) -> tuple[list[str], dict[str, str]]:
    """Changes of an object that is found again: area unless it is cut, speed in the track common to
    both, else persisting.

    Parameters
    ----------
    old, row : mapping
        The earlier and the later object.
    rules : ChangeRules
        Which changes count.
    cut : bool
        Whether only a part of one of them is known.

    Returns
    -------
    list of str
        Kinds of change.
    dict of str to str
        Each in words.
    """
    details = {}
    ratio = 1.0 if cut else row["area_km2"] / old["area_km2"]
    if ratio >= rules.area_ratio or ratio <= 1 / rules.area_ratio:
        details["grown" if ratio > 1 else "shrunk"] = f"area times {ratio:.2f}"
    before, after = common_speed(old, row)
    limit = max(rules.rate_mm_per_yr, rules.rate_share * before)
    if abs(after - before) >= limit:
        details["accelerated" if after > before else "decelerated"] = f"{before:.1f} to {after:.1f} mm/yr"
    if not details:
        details["persisting"] = "seen again" if old["status"] == "not_observable" else ""
    return list(details), details


def common_speed(old: Mapping, row: Mapping) -> tuple[float, float]:
    """|Mean LOS rate| before and after, in the track that both have and that saw most motion
    before.

    Rates of different tracks are different projections of the motion and must not be compared; nor
    are levelled ones, which a new neighbour of a frame changes.

    Parameters
    ----------
    old, row : mapping
        The earlier and the later object.

    Returns
    -------
    (float, float)
        Before and after, mm/yr; NaN without a common track.
    """
    before, after = (rates_of(one["los_rate_by_track"], one["ls_id"]) for one in (old, row))
    common = sorted(set(before) & set(after), key=lambda track: (-abs(before[track]), track))
    return (abs(before[common[0]]), abs(after[common[0]])) if common else (math.nan, math.nan)


def _leave(old: dict, row: dict, following: InventoryState, cut: bool) -> None:
    """An earlier object whose ground is still marked, but not released today: the reason, and what
    was known of it.
    """
    if row["status"] == "released":
        return
    if old["layer"] == VANISHED:
        following.layers[VANISHED].append(_without_layer(old))
    if old["layer"] not in RELEASED:
        return
    if row["status"] == "rejected":
        kind, detail = "rejected", row["comment"] or "by the reviewer"
    elif cut:
        _keep_unseen(old, LEFT_OUT, following)
        return
    elif row["reason"] in HIDING:
        _keep_unseen(old, HIDING[row["reason"]], following)
        return
    elif row["reason"] == "too_small":
        kind, detail = "shrunk", "below the minimum area"
    else:
        kind, detail = "reclassified", f"now masked: {row['reason']}"
    row["change"] = kind
    following.layers[VANISHED].append(_without_layer(old) | {"status": "vanished", "change": kind})
    following.changes.append(_change(kind, old, row, "", detail))


def _not_found(
    old: dict, relations: list, seen: Observability, decisions: Mapping[str, Decision], following: InventoryState
) -> None:
    """An earlier object that nothing of today was assigned to."""
    layer, old = old["layer"], review_apply.worded(old, decisions)
    if layer == VANISHED:
        following.layers[VANISHED].append(_without_layer(old))
    elif old["ls_id"] in decisions and decisions[old["ls_id"]].action == "reject":
        following.layers[MASKED].append(_without_layer(old) | {"status": "rejected", "review": "reject", "change": ""})
        if layer in RELEASED:
            following.changes.append(_change("rejected", old, None, "", "by the reviewer"))
    elif layer == MASKED and (old["ls_id"] in decisions or seen.is_cut(old["geometry"])):
        following.layers[MASKED].append(_without_layer(old) | {"change": ""})
    elif layer in RELEASED:
        decision = decisions.get(old["ls_id"])
        if decision is not None and decision.action == MERGE:
            detail = decision.comment or "by the reviewer"
            _keep_vanished(old, "merged", decision.other, detail, following)
            return
        if relations:
            others = "+".join(sorted({other for _, other in relations}))
            _keep_vanished(old, "merged", others, "", following)
            return
        if old["review"] == ADD:
            _keep_vanished(old, "vanished", "", "no longer added by the reviewer", following)
            return
        cause = seen.cause(old["geometry"], old["tracks"].split("+"), old["elevation_median_m"])
        if cause:
            _keep_unseen(old, cause, following)
        else:
            _keep_vanished(old, "vanished", "", "its ground is observed and shows no motion", following)


def _keep_unseen(old: dict, cause: str, following: InventoryState) -> None:
    row = _without_layer(old) | {"status": "not_observable", "change": "not_observable", "reason": "not_observable"}
    row |= {"reasons": "not_observable", "reason_text": f"could not be seen: {cause}", "related": ""}
    following.layers[old["layer"]].append(row)
    following.changes.append(_change("not_observable", old, None, "", cause))


def _keep_vanished(old: dict, kind: str, others: str, detail: str, following: InventoryState) -> None:
    following.layers[VANISHED].append(_without_layer(old) | {"status": "vanished", "change": kind, "related": others})
    following.changes.append(_change(kind, old, None, others, detail))


def _change(kind: str, old: Mapping | None, row: Mapping | None, related: str, detail: str) -> dict:
    either: Any = row if row is not None else old
    before, after = common_speed(old, row) if old is not None and row is not None else (math.nan, math.nan)
    return {
        "ls_id": either["ls_id"],
        "uid": either["uid"],
        "change": kind,
        "related": related,
        "detail": detail,
        "area_before_km2": old["area_km2"] if old is not None else math.nan,
        "area_after_km2": row["area_km2"] if row is not None else math.nan,
        "los_rate_before_mm_per_yr": before if old is not None and row is not None else _mean_rate(old),
        "los_rate_after_mm_per_yr": after if old is not None and row is not None else _mean_rate(row),
    }


def _mean_rate(row: Mapping | None) -> float:
    """|Mean LOS rate| before levelling, mm/yr."""
    if row is None:
        return math.nan
    rates = rates_of(row["los_rate_by_track"], row["ls_id"])
    return abs(rates.get(row["track"], row["los_rate_mean_mm_per_yr"]))


def _without_layer(row: dict) -> dict:
    return {key: value for key, value in row.items() if key != "layer"}


def _in_order(inventory: InventoryState) -> InventoryState:
    inventory.layers = {name: in_canonical_order(rows) for name, rows in inventory.layers.items()}
    inventory.changes.sort(key=lambda row: (row["ls_id"], row["change"]))
    return inventory

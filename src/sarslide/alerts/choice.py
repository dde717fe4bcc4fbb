"""What a release reports: landslides that are new, accelerating, or seen again and moving."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from shapely.geometry.base import BaseGeometry

from sarslide.config.results import AlertsSection
from sarslide.inventory.changes import common_speed
from sarslide.inventory.review import NOTE
from sarslide.inventory.tables import LANDSLIDES, LAYERS, RELEASED, VANISHED, rates_of

NEW, ACCELERATING, SEEN_AGAIN = "new", "accelerating", "seen again"
KINDS = (NEW, ACCELERATING, SEEN_AGAIN)
RANKS = {"low": 0, "medium": 1, "high": 2, "reviewed": 3}
FASTER = "accelerating"  # the word of `rates.states`


@dataclass(frozen=True)
class Reported:
    """One object and why it is reported.

    Attributes
    ----------
    kind : str
        One of `KINDS`.
    uid, ls_id, name : str
        Of the object.
    outline : BaseGeometry
        In the CRS of the region.
    area_km2 : float
        Its area.
    speed_mm_per_yr : float
        Largest mean speed along the line of sight of a track, without sign.
    confidence : str
        low, medium, high or reviewed.
    detail : str
        What was seen, in words.
    """

    kind: str
    uid: str
    ls_id: str
    name: str
    outline: BaseGeometry
    area_km2: float
    speed_mm_per_yr: float
    confidence: str
    detail: str

    @property
    def line(self) -> str:
        """One line of text."""
        named = f" {self.name}" if self.name else ""
        known = math.isfinite(self.speed_mm_per_yr)
        rate = f"{self.speed_mm_per_yr:.0f} mm/yr along the line of sight" if known else "no rate"
        detail = f"; {self.detail}" if self.detail else ""
        return (
            f"{self.kind}: {self.ls_id}{named}, {self.area_km2:.3f} km2, {rate}, confidence {self.confidence}{detail}"
        )


def chosen(
    before: Mapping[str, Sequence[Mapping]] | None,
    after: Mapping[str, Sequence[Mapping]],
    limits: AlertsSection,
    since: str,
) -> list[Reported]:
    """Find what is to be reported of a release, against an earlier one.

    Parameters
    ----------
    before : mapping of str to sequence of Mapping, or None
        Rows of the earlier one by layer, `tables.OBJECTS` and geometry; None for the first release,
        of which nothing is new.
    after : mapping of str to sequence of Mapping
        The same of the release.
    limits : AlertsSection
        Smallest speed, area, confidence and rise of the speed.
    since : str
        Date, YYYYMMDD: an object that was first seen later is new as long as it has not been
        reported, whenever it reaches the limits.

    Returns
    -------
    list of Reported
        By kind, then by ls_id; an object may come with several kinds.
    """
    was = _by_id(before) if before is not None else None
    found = []
    for row in after[LANDSLIDES]:
        if row["status"] == "released" and _counts(row, limits):
            old = was.get(row["ls_id"]) if was is not None else None
            kinds = _of_speed(old, row, limits) | (_of_place(old, row, since) if was is not None else {})
            found += [_reported(kind, row, detail) for kind, detail in kinds.items()]
    return sorted(found, key=lambda one: (KINDS.index(one.kind), one.ls_id))


def speed(row: Mapping[str, Any]) -> float:
    """Largest mean speed of an object along the line of sight.

    Parameters
    ----------
    row : mapping
        The object.

    Returns
    -------
    float
        mm/yr without sign, of all tracks and a lower bound where there is one; NaN without a rate.
    """
    rates = rates_of(row["los_rate_by_track"], row["ls_id"]).values()
    known = [abs(rate) for rate in (*rates, row["los_rate_mean_mm_per_yr"], row["los_rate_bound_mm_per_yr"])]
    return max((rate for rate in known if math.isfinite(rate)), default=math.nan)


def _counts(row: Mapping[str, Any], limits: AlertsSection) -> bool:
    fast = limits.min_rate_mm_per_yr == 0 or speed(row) >= limits.min_rate_mm_per_yr
    sure = RANKS.get(row["confidence"], 0) >= RANKS[limits.confidence]
    return bool(fast and sure and row["area_km2"] >= limits.min_area_km2)


def _of_speed(old: Mapping | None, row: Mapping, limits: AlertsSection) -> dict[str, str]:
    if row["state"] == FASTER:
        return {ACCELERATING: f"its time series bends upward in {row['state_track']}"}
    if old is None or old["layer"] not in RELEASED:
        return {}
    before, after = common_speed(old, row)
    rises = after - before >= limits.acceleration_mm_per_yr  # never with NaN
    return {ACCELERATING: f"from {before:.0f} to {after:.0f} mm/yr"} if rises else {}


def _of_place(old: Mapping | None, row: Mapping, since: str) -> dict[str, str]:
    """New or seen again; what a reviewer made so, and a part of a known object, is no news."""
    if row["review"] not in ("", NOTE) or "split" in row["change"].split("+"):
        return {}
    if old is None:
        return {NEW: ""}
    if old["layer"] == VANISHED:
        return {SEEN_AGAIN: "it had vanished"}
    if old["status"] == "not_observable":
        return {SEEN_AGAIN: old["reason_text"]}
    if old["layer"] not in RELEASED:
        return {NEW: f"it was masked: {old['reason']}"}
    return {NEW: f"first seen with the images to {row['first_seen']}"} if row["first_seen"] > since else {}


def _reported(kind: str, row: Mapping, detail: str) -> Reported:
    return Reported(
        kind, row["uid"], row["ls_id"], row["name"], row["geometry"], row["area_km2"], speed(row), row["confidence"], detail
    )  # fmt: skip


def _by_id(layers: Mapping[str, Sequence[Mapping]]) -> dict[str, Mapping]:
    rows: dict[str, Mapping] = {}
    for layer in LAYERS:
        for row in layers[layer]:
            rows.setdefault(row["ls_id"], {**row, "layer": layer})
    return rows

"""Why an object is what it is: each rule with the number of the object beside its limit."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Any

from shapely.geometry.base import BaseGeometry

from sarslide.inventory import confidence
from sarslide.inventory.classes import TypeRules, elongation
from sarslide.inventory.masks import REASONS, MaskRules, reasons_of
from sarslide.inventory.tables import GROUND_SHARE
from sarslide.report import tables

# Cruden and Varnes 1996 (TRB Special Report 247, figure 3-16): upper ends of the classes, mm/yr, of
# 5e-7, 5e-5 and 5e-3 mm/s.
VELOCITY_CLASSES = (
    ("extremely slow", 16.0),
    ("very slow", 1.6e3),
    ("slow", 1.6e5),
)


@dataclass(frozen=True)
class RuleLine:
    """A rule at an object.

    Attributes
    ----------
    rule : str
        What is asked.
    number : str
        That of the object.
    limit : str
        Where the rule holds.
    outcome : str
        What follows.
    """

    rule: str
    number: str
    limit: str
    outcome: str


def mask_rules(settings: Mapping[str, Any]) -> MaskRules:
    """The thresholds of a region.

    Parameters
    ----------
    settings : mapping of str to Any
        The configuration as nested plain values.

    Returns
    -------
    MaskRules
        With the defaults where the configuration says nothing.
    """
    known = dict(settings.get("inventory") or {}) | {
        "min_sensitivity": (settings.get("rates") or {}).get("min_sensitivity")
    }
    names = ("min_area_km2", "snowline_m", "min_slope_deg", "min_coherence", "min_sensitivity")
    return replace(MaskRules(), **{name: known[name] for name in names if known.get(name) is not None})


def velocity_class(speed_mm_per_yr: float) -> str:
    """Velocity class of Cruden and Varnes (1996).

    Parameters
    ----------
    speed_mm_per_yr : float
        Speed down the slope.

    Returns
    -------
    str
        Empty where the speed is unknown; what is faster than slow is not measured by InSAR.
    """
    if not math.isfinite(speed_mm_per_yr):
        return ""
    return next((word for word, limit in VELOCITY_CLASSES if abs(speed_mm_per_yr) <= limit), "moderate or faster")


def lines(
    row: Mapping[str, Any],
    outline: BaseGeometry,
    rules: MaskRules,
    ground: Mapping[str, Mapping[str, Any]] = MappingProxyType({}),
) -> list[RuleLine]:
    """All rules at an object: masks, class, type, velocity class, confidence, state.

    Parameters
    ----------
    row : mapping of str to Any
        Row of a release.
    outline : Polygon or MultiPolygon
        Its outline.
    rules : MaskRules
        Thresholds of the region.
    ground : mapping of str to mapping
        Keys of the files of ground on which objects are masked (`ground.masks`), by name.

    Returns
    -------
    list of RuleLine
        In the order in which they are applied.
    """
    held = set(reasons_of(row, rules))
    sensitivity, rate = row["downslope_sensitivity"], row["los_rate_mean_mm_per_yr"]
    snowline = "no snowline is set" if rules.snowline_m is None else f"at most {rules.snowline_m:g} m"
    share, gravity = _number(row["layover_shadow_fraction"], 2), f"{_number(rate, 1)} × {_number(sensitivity, 2)}"
    counts = f"above 0; counts from {rules.min_sensitivity:g} and {rules.uphill_rate_mm_per_yr:g} mm/yr"
    masks = [
        ("too_small", "Area", _number(row["area_km2"], 3, " km²"), f"at least {rules.min_area_km2:g} km²"),
        ("layover_shadow", "Share in layover or shadow", share, f"at most {rules.max_layover_shadow:g}"),
        ("low_coherence", "Mean coherence", _number(row["coherence_mean"], 2), f"at least {rules.min_coherence:g}"),
        ("above_snowline", "Median height", _number(row["elevation_median_m"], 0, " m"), snowline),
        ("uphill", "LOS rate × downslope sensitivity", gravity, counts),
        ("too_flat", "Mean slope", _number(row["slope_mean_deg"], 1, "°"), f"at least {rules.min_slope_deg:g}°"),
    ]
    found = [
        RuleLine(question, number, limit, REASONS[code] if code in held else "holds")
        for code, question, number, limit in masks
    ]
    return [*_ground(row, ground), *found, *_classes(row, outline)]


def _ground(row: Mapping[str, Any], ground: Mapping[str, Mapping[str, Any]]) -> list[RuleLine]:
    """Shares on ground of files of the user, of which some mask."""
    masking = {name: keys for name, keys in ground.items() if keys.get("action") == "mask"}
    found = []
    for name, keys in masking.items():
        share = row.get(GROUND_SHARE.format(name), math.nan)
        outcome = "masked" if share > keys["min_share"] else "holds"
        limit = f"at most {keys['min_share']:g}"
        found.append(RuleLine(f"Share on {name.replace('_', ' ')}", _number(share, 2), limit, outcome))
    return found


def _classes(row: Mapping[str, Any], outline: BaseGeometry) -> list[RuleLine]:
    types, speed = TypeRules(), row["downslope_rate_mm_per_yr"]
    numbers = f"{_number(row['phase_cycles_per_yr'], 1)}/yr; {elongation(outline):.1f}; {row['area_km2']:.3f} km²"
    limits = (
        f"strong from {types.strong_cycles_per_yr:g}/yr; elongated from {types.elongation:g}; "
        f"small up to {types.small_km2:g} km²"
    )
    probability = row.get(confidence.PROBABILITY, math.nan)
    words = ", ".join(f"{word} from {limit:g}" for word, limit in confidence.WORDS[:-1])
    typed, known = tables.TYPES.get(int(row.get("object_type") or 0), "none"), velocity_class(speed) or "not known"
    velocity, state = "extremely slow to 16, very slow to 1600 mm/yr", str(row.get("state") or "not known")
    trust, track = str(row.get("confidence") or "not known"), str(row.get("state_track") or tables.MISSING)
    return [
        RuleLine("Type: cycles; length over width; area", numbers, limits, typed),
        RuleLine("Velocity class: speed down the slope", _number(speed, 1, " mm/yr"), velocity, known),
        RuleLine("Confidence: probability of a landslide", _number(probability, 2), words, trust),
        RuleLine(
            "State: last six acquisitions, all before", track, "1 % of steady objects are taken for changing", state
        ),
    ]


def _number(value: float, digits: int, unit: str = "") -> str:
    return tables.cell(value, digits).text + (unit if value == value else "")

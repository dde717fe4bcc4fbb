"""Reason-coded masks: a candidate that is no released landslide is kept, with every reason why
(G03, G04, G12, B26).
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

LANDSLIDE = "landslide"
DEFORMATION = "non-landslide deformation"

# In the order of precedence: the first that holds is the object's `reason`. Flat ground comes last,
# so that a small or incoherent speck on a plain is not called deformation.
REASONS = {
    "too_small": "smaller than the minimum area",
    "layover_shadow": "most of it lies in layover or shadow of this track",
    "low_coherence": "mean coherence below the minimum",
    "above_snowline": "more than half of it lies above the snowline: snow or glacier",
    "uphill": "moves up the slope: not gravity-driven",
    "too_flat": "on flat ground: non-landslide deformation",
}
# What a reader must know of an object that no mask holds back for it, by its source.
NOTES = {
    "velocity_threshold": (
        "faster_than_training",
        "faster than the landslides that the network learnt from: found by a threshold on the velocity",
    )
}
# The same of every object where the region has no rates: what needs one is unknown.
NOT_UNWRAPPED = ("not_unwrapped", "without a rate: nothing was unwrapped")
# The same of an object whose rate is exceeded (`rate_bounds`).
LOWER_BOUND = ("rate_is_a_lower_bound", "faster than pairs can tell: the bound holds, its rates are too low")
NOTE_CODES = {code for code, _ in (*NOTES.values(), NOT_UNWRAPPED, LOWER_BOUND)}


@dataclass(frozen=True)
class MaskRules:
    """Thresholds of the masks.

    Attributes
    ----------
    min_area_km2 : float
        Smallest area, km2.
    snowline_m : float or None
        Ellipsoidal height, m, against the median of the object; None masks nothing.
    min_slope_deg : float
        Smallest mean slope, degree.
    min_coherence : float
        Smallest mean coherence.
    max_layover_shadow : float
        Largest share of cells in layover or shadow.
    min_sensitivity : float
        Smallest downslope sensitivity, either way, from which the rate is projected down the slope
        and an object can move uphill.
    uphill_rate_mm_per_yr : float
        An object on a slope moves up when its mean LOS rate has the wrong sign for its mean
        downslope sensitivity and is at least this fast; the sign of a rate that is a lower bound
        says nothing.
    """

    min_area_km2: float = 0.018
    snowline_m: float | None = None
    min_slope_deg: float = 8.0
    min_coherence: float = 0.2
    max_layover_shadow: float = 0.5
    min_sensitivity: float = 0.2
    uphill_rate_mm_per_yr: float = 10.0


def reasons_of(row: Mapping, rules: MaskRules) -> list[str]:
    """Codes of all masks that hold for an object.

    An unknown value (NaN) masks nothing, except a coherence: ground without any valid pair is
    incoherent.

    Parameters
    ----------
    row : mapping
        Attributes of the object.
    rules : MaskRules
        Thresholds of the masks.

    Returns
    -------
    list of str
        In the order of `REASONS`; empty for a free candidate.
    """
    rate, sensitivity = row["los_rate_mean_mm_per_yr"], row["downslope_sensitivity"]
    flat = row["source"] == "rate" or row["slope_mean_deg"] < rules.min_slope_deg
    holds = {
        "too_small": row["area_km2"] < rules.min_area_km2 - 1e-9,
        "layover_shadow": row["layover_shadow_fraction"] > rules.max_layover_shadow,
        "low_coherence": math.isnan(row["coherence_mean"]) or row["coherence_mean"] < rules.min_coherence,
        "above_snowline": rules.snowline_m is not None and row["elevation_median_m"] > rules.snowline_m,
        "uphill": not flat
        and not is_a_bound(row)
        and rate * sensitivity < 0
        and abs(sensitivity) >= rules.min_sensitivity
        and abs(rate) >= rules.uphill_rate_mm_per_yr,
        "too_flat": flat,
    }
    return [code for code in REASONS if holds[code]]


def is_a_bound(row: Mapping) -> bool:
    """Whether the rate of an object is a lower bound.

    Parameters
    ----------
    row : mapping
        The object, as far as it is known.

    Returns
    -------
    bool
        True where `los_rate_bound_mm_per_yr` is known.
    """
    return row.get("los_rate_bound_mm_per_yr", math.nan) > 0


def noted(row: Mapping, note: tuple[str, str]) -> dict[str, str]:
    """The reasons of an object with a note, which comes last.

    Parameters
    ----------
    row : mapping
        The object.
    note : (str, str)
        Code and text.

    Returns
    -------
    dict of str to str
        Its reason, reasons and their text, as `apply`; as they are where they hold the note.
    """
    return _words(texts_of(row) | dict([note]))


def texts_of(row: Mapping) -> dict[str, str]:
    """The reasons of an object.

    Parameters
    ----------
    row : mapping
        The object.

    Returns
    -------
    dict of str to str
        Text by code, in their order.
    """
    return dict(zip(filter(None, row["reasons"].split("+")), row["reason_text"].split("; "), strict=False))


def held_back_by(row: Mapping) -> str:
    """What holds back an object that is not released.

    Parameters
    ----------
    row : mapping
        The object, as far as it is known.

    Returns
    -------
    str
        Code of its first mask; its status where no mask does, as of one that was rejected.
    """
    reason = row.get("reason")
    return str((row.get("status") if not reason or reason in NOTE_CODES else reason) or "unknown")


def apply(
    row: Mapping, rules: MaskRules, has_rates: bool = True, ground: Mapping[str, str] = MappingProxyType({})
) -> dict[str, str]:
    """Status and reasons of an object.

    Parameters
    ----------
    row : mapping
        Attributes of the object.
    rules : MaskRules
        Thresholds of the masks.
    has_rates : bool
        Whether the region has rates.
    ground : mapping of str to str
        Reasons of the user's masks on which it lies (`masked_ground`, `ground`) and their texts,
        which come first.

    Returns
    -------
    dict of str to str
        status (candidate | masked), object_class, reason (the first code), reasons (all, joined by
        +) and their text; notes come last and mask nothing.
    """
    codes = reasons_of(row, rules)
    notes = [NOTES[row["source"]]] if row["source"] in NOTES else []
    notes += ([LOWER_BOUND] if is_a_bound(row) else []) + ([] if has_rates else [NOT_UNWRAPPED])
    texts = dict(ground) | {code: REASONS[code] for code in codes} | dict(notes)
    return {
        "status": "masked" if codes or ground else "candidate",
        "object_class": DEFORMATION if "too_flat" in codes else LANDSLIDE,
        **_words(texts),
    }


def _words(texts: Mapping[str, str]) -> dict[str, str]:
    return {
        "reason": next(iter(texts), ""),
        "reasons": "+".join(texts),
        "reason_text": "; ".join(texts.values()),
    }

"""What the columns of a release are called elsewhere: with units for people, in ten characters for
Shapefiles; and what the words in them mean.
"""

import re
from collections.abc import Iterable

# Endings of a column that are its unit, longest first.
UNITS = {
    "_mm_per_yr": "mm/yr",
    "_cycles_per_yr": "2π cycles/yr",
    "_per_km": "1/km",
    "_km2": "km²",
    "_km": "km",
    "_deg": "degree",
    "_m": "m",
}
# Titles of columns that are not their own words.
TITLES = {
    "ls_id": "Landslide",
    "uid": "UUID",
    "cells": "Cells",
    "change": "Change since the last release",
    "candidate_id": "Candidate",
    "object_class": "Class",
    "object_type": "Type (P2)",
    "reason_text": "Reason in words",
    "perimeter_over_area_per_km": "Perimeter over area",
    "los_rate_p95_mm_per_yr": "LOS rate, 95th percentile",
    "los_rate_by_track": "LOS rate by track (mm/yr)",
    "los_rate_bound_mm_per_yr": "LOS rate at least",
    "downslope_rate_bound_mm_per_yr": "Downslope rate at least",
    "phase_cycles_per_yr": "Phase",
    "lon": "Longitude",
    "lat": "Latitude",
}
MEANINGS = {
    "ls_id": "number within the inventory, the same in every release",
    "uid": "UUID of the object, the same in every release and of no other object anywhere",
    "los_rate_mean_mm_per_yr": "mean line-of-sight rate, positive towards the satellite",
    "los_rate_max_mm_per_yr": "line-of-sight rate of largest size, positive towards the satellite",
    "los_rate_p95_mm_per_yr": "95th percentile of the size of the line-of-sight rate, with its sign",
    "los_rate_mean_std_mm_per_yr": "standard error of the mean line-of-sight rate, of noise that is alike nearby",
    "east_rate_mm_per_yr": "rate to the east, of the tracks that see the object by least squares",
    "east_rate_std_mm_per_yr": "its standard error",
    "up_rate_mm_per_yr": "rate upwards, of the tracks that see the object by least squares",
    "up_rate_std_mm_per_yr": "its standard error",
    "state": "whether the time series bends against one straight line",
    "state_track": "track that tells the state",
    "head_toe_ratio": "speed of the upper half over that of the lower half",
    "shape": "term for the outline (P2 5.5)",
    "motion": "term for which half is faster (P2 5.5)",
    "layover_shadow_fraction": "share of the cells that layover or shadow hides",
    "parents": "candidates of the tracks that it was joined of",
    "masked_parents": "masked candidates of the tracks that lie in it",
    "related": "ls_ids of what it was split from or merged with",
    "evidence": "links that the reviewer gave",
    "los_rate_std_mm_per_yr": "mean standard error of the line-of-sight rate of a cell",
    "downslope_rate_mm_per_yr": "rate down the steepest slope, positive downslope",
    "downslope_sensitivity": "line-of-sight rate per unit of motion down the steepest slope",
    "los_rate_bound_mm_per_yr": "the fast part moves by at least this along the line of sight, without sign",
    "downslope_rate_bound_mm_per_yr": "the fast part moves by at least this down the slope",
    "first_seen": "last acquisition of the release that had it first, YYYYMMDD",
    "last_seen": "last acquisition of the release that saw it last, YYYYMMDD",
    "region": "region in whose inventory the object is",
    "release": "release of that region",
    "also": "uids of the same object in other regions, which the register leaves out",
    "kept_uid": "UUID of the object that stands for it",
    "common_km2": "area that both outlines have",
    "share": "of the smaller outline, on ground of both regions, that is common",
    "alone_km2": "area that the kept outline lacks",
    "why": "what the kept object has before it",
    "lon": "of a point inside the object, WGS 84, degree",
    "lat": "of a point inside the object, WGS 84, degree",
}
# Words that stand in columns, for value maps of a GIS.
VALUES: dict[str, dict[str, str]] = {
    "status": {
        "released": "released",
        "not_observable": "not observable now",
        "masked": "masked, see reason",
        "rejected": "rejected by the reviewer",
        "vanished": "vanished or merged",
    },
    "object_class": {
        "landslide": "landslide",
        "non-landslide deformation": "deformation that is no landslide",
    },
    "change": {
        "new": "new",
        "persisting": "as before",
        "grown": "grown",
        "shrunk": "shrunk",
        "split": "split",
        "merged": "merged",
        "accelerated": "faster",
        "decelerated": "slower",
        "vanished": "vanished",
        "not_observable": "not observable now",
        "rejected": "rejected by the reviewer",
        "reclassified": "reclassified by the reviewer",
    },
    "confidence": {word: word for word in ("high", "medium", "low", "reviewed")},
    "why": {
        "reviewed": "a reviewer has decided on the kept one",
        "layer": "the kept one is a landslide, or not masked",
        "larger": "the kept one is larger",
        "more tracks": "more tracks see the kept one",
        "by name": "alike: the first by name",
    },
    "state": {"accelerating": "accelerating", "steady": "steady", "slowing": "slowing"},
    "shape": {word: word for word in ("semicircular", "rectangular", "tongue", "irregular")},
    "motion": {
        "thrust": "the upper half is faster",
        "uniform": "both halves alike",
        "retrogressive": "the lower half is faster",
    },
    "object_type": {"0": "none of them", "1": "strong", "2": "elongated", "3": "small, slow, round"},
}
# Columns of ground of the user (`inventory.tables.further`): their form, title and meaning.
_GROUND = (
    (r"ground_land_cover", "Land cover", "class of the land cover that most of the object has"),
    (r"ground_land_cover_share", "Share of that land cover", "share of the object that has that class"),
    (r"ground_(\w+)_share", "Share on {0}", "share of the object on ground of a file of the user: {0}"),
    (r"exposure_(\w+)_(\d+)m_count", "{0} within {1} m", "{0} that touch the object or lie within {1} m of it"),
    (r"exposure_(\w+)_(\d+)m_km", "{0} within {1} m", "length of {0} on the object and within {1} m of it"),
    (r"exposure_(\w+)_count", "{0} on it", "{0} that touch the object"),
    (r"exposure_(\w+)_km", "{0} on it", "length of {0} on the object"),
)
_SHORT = {
    "area": "area", "aspect": "asp", "bound": "bnd", "brightness": "bright", "candidate": "cand", "class": "cls",
    "coherence": "coh", "confidence": "conf", "cycles": "cyc", "downslope": "ds", "elevation": "z", "evidence": "evid",
    "exposure": "ex", "fraction": "fr", "ground": "gr", "layover": "lay", "masked": "mask", "median": "med", "object": "obj",
    "parents": "par", "patch": "pat", "perimeter": "peri", "phase": "ph", "probability": "prob", "rate": "v",
    "sensitivity": "sens", "shadow": "sh", "slope": "sl",
}  # fmt: skip
LONGEST_NAME = 10  # characters of a field of dBASE


def unit(column: str) -> str:
    """The unit of a column.

    Parameters
    ----------
    column : str
        Its name.

    Returns
    -------
    str
        Empty for text and for numbers without a unit.
    """
    if column in ("lon", "lat"):
        return "degree"
    return next((word for ending, word in UNITS.items() if column.endswith(ending)), "")


def title(column: str, with_unit: bool = True) -> str:
    """What a column is called where people read it.

    Parameters
    ----------
    column : str
        Its name.
    with_unit : bool
        Whether the unit stands behind.

    Returns
    -------
    str
        `Downslope rate (mm/yr)` of `downslope_rate_mm_per_yr`.
    """
    words = TITLES.get(column) or _of_ground(column)[0]
    words = words or _without_unit(column).replace("_", " ").replace("los ", "LOS ")
    return words[0].upper() + words[1:] + (f" ({unit(column)})" if with_unit and unit(column) else "")


def meaning(column: str) -> str | None:
    """What a column holds.

    Parameters
    ----------
    column : str
        Its name.

    Returns
    -------
    str or None
        One line; None where its title says it.
    """
    return MEANINGS.get(column) or _of_ground(column)[1] or None


def _of_ground(column: str) -> tuple[str, str]:
    """Title and meaning of a column of ground of the user; empty for others."""
    for form, title, words in _GROUND:
        if found := re.fullmatch(form, column):
            named = [one.replace("_", " ") for one in found.groups()]
            return title.format(*named), words.format(*named)
    return "", ""


def short_names(columns: Iterable[str]) -> dict[str, str]:
    """Names of at most ten characters, as Shapefiles have.

    Parameters
    ----------
    columns : iterable of str
        Names of the columns.

    Returns
    -------
    dict of str to str
        By column; no two are the same.
    """
    found: dict[str, str] = {}
    for column in columns:
        words = column if len(column) <= LONGEST_NAME else _without_unit(column)
        cut = words if len(words) <= LONGEST_NAME else "_".join(_SHORT.get(word, word[:4]) for word in words.split("_"))
        name, number = cut[:LONGEST_NAME].rstrip("_"), 1
        while name in found.values():
            number += 1
            name = f"{cut[: LONGEST_NAME - len(str(number))]}{number}"
        found[column] = name
    return found


def _without_unit(column: str) -> str:
    return re.sub(f"({'|'.join(UNITS)})$", "", column)

"""The columns of the inventory's tables, with their types: the same schema whether a table has no
row or ten thousand.
"""

import math
import re
from collections.abc import Iterable, Mapping
from typing import Annotated

import geopandas as gpd
import numpy as np
from pydantic import Field, RootModel
from shapely.geometry.base import BaseGeometry

from sarslide.errors import ReleaseError, VectorError
from sarslide.inventory.records import Stack
from sarslide.io import bounded
from sarslide.layers import EAST_UP

# The layers of a release, in the order in which an ls_id is looked up.
LANDSLIDES, PLAIN, MASKED, VANISHED = "landslides", "non_landslide_deformation", "masked", "vanished"
LAYERS = (LANDSLIDES, PLAIN, MASKED, VANISHED)
RELEASED = (LANDSLIDES, PLAIN)

ATTRIBUTES = {
    "source": str,
    "status": str,
    "object_class": str,
    "reason": str,
    "reasons": str,
    "reason_text": str,
    "cells": int,
    "area_km2": float,
    "perimeter_km": float,
    "perimeter_over_area_per_km": float,
    "elevation_min_m": float,
    "elevation_mean_m": float,
    "elevation_median_m": float,
    "elevation_max_m": float,
    "slope_min_deg": float,
    "slope_mean_deg": float,
    "slope_max_deg": float,
    "aspect_mean_deg": float,
    "los_rate_mean_mm_per_yr": float,
    "los_rate_p95_mm_per_yr": float,
    "los_rate_max_mm_per_yr": float,
    "los_rate_std_mm_per_yr": float,
    "los_rate_mean_std_mm_per_yr": float,
    "downslope_sensitivity": float,
    "downslope_rate_mm_per_yr": float,
    "los_rate_bound_mm_per_yr": float,
    "downslope_rate_bound_mm_per_yr": float,
    "head_toe_ratio": float,
    "phase_cycles_per_yr": float,
    "patch_brightness": float,
    "probability_mean": float,
    "probability_max": float,
    "landslide_probability": float,
    "coherence_mean": float,
    "layover_shadow_fraction": float,
}
CANDIDATES = {"candidate_id": str, "track": str, **ATTRIBUTES}
FUSED = {
    **CANDIDATES,
    "tracks": str,
    "parents": str,
    "masked_parents": str,
    "los_rate_by_track": str,
    "confidence": str,
    "object_type": int,
    "shape": str,
    "motion": str,
}
STATE = ("state", "state_track")  # speeding up or slowing down, and the track that tells it
OBJECTS = {
    "ls_id": str,
    "uid": str,
    "name": str,
    "change": str,
    **FUSED,
    **dict.fromkeys(EAST_UP, float),
    **dict.fromkeys(STATE, str),
    "review": str,
    "comment": str,
    "evidence": str,
    "related": str,
    "first_seen": str,
    "last_seen": str,
}
CHANGES = {
    "ls_id": str,
    "uid": str,
    "change": str,
    "related": str,
    "detail": str,
    "area_before_km2": float,
    "area_after_km2": float,
    "los_rate_before_mm_per_yr": float,
    "los_rate_after_mm_per_yr": float,
}
# Columns of ground and of what stands on it, which files of the user bring; `{}` is the name of the
# ground.
GROUND_SHARE, LAND_COVER, LAND_COVER_SHARE = "ground_{}_share", "ground_land_cover", "ground_land_cover_share"
_FURTHER: dict[str, type] = {
    LAND_COVER: str,
    r"ground_\w+_share": float,
    r"exposure_\w+_count": int,
    r"exposure_\w+_km": float,
}
# Columns that releases of version 0.1.0 lack: unknown in their rows.
SINCE_0_1_0 = {
    **dict.fromkeys(("uid", "name", "evidence", *STATE), ""),
    **dict.fromkeys(
        (
            *("perimeter_over_area_per_km", "slope_min_deg", "slope_max_deg"),
            *("phase_cycles_per_yr", "patch_brightness"),
            *("los_rate_bound_mm_per_yr", "downslope_rate_bound_mm_per_yr", "landslide_probability"),
            *("los_rate_mean_std_mm_per_yr", *EAST_UP),
        ),
        math.nan,
    ),
}
DIGITS = 6


class _RatesByTrack(RootModel[dict[Stack, Annotated[float, Field(allow_inf_nan=False)]]]):
    """The column `los_rate_by_track`."""


def further(names: Iterable[str]) -> dict[str, type]:
    """The columns of a table that files of the user bring, beside `OBJECTS`.

    Parameters
    ----------
    names : iterable of str
        Columns of the table.

    Returns
    -------
    dict of str to type
        Name and type of each, in their order.
    """
    found = {name: kind for name in names for form, kind in _FURTHER.items() if re.fullmatch(form, name)}
    return {name: kind for name, kind in found.items() if name not in OBJECTS}


def typed(rows: Iterable[Mapping], columns: Mapping[str, type], crs) -> gpd.GeoDataFrame:
    """Rows as a table with exactly the given columns and types, geometry last.

    Floats keep six significant digits, so that a table read back equals the table written.

    Parameters
    ----------
    rows : iterable of Mapping
        Rows with a `geometry`.
    columns : mapping of str to type
        Name and type of each column, in their order.
    crs : CRS
        That of the geometries.

    Returns
    -------
    GeoDataFrame
        The table.
    """
    rows = list(rows)
    series = {name: _column([row[name] for row in rows], kind) for name, kind in columns.items()}
    geometry = gpd.GeoSeries([row["geometry"] for row in rows], crs=crs)
    return gpd.GeoDataFrame(series, geometry=geometry, crs=crs)


def rows_of(frame: gpd.GeoDataFrame, columns: Mapping[str, type], where: str) -> list[dict]:
    """Rows of a table; columns that its version had not yet are unknown.

    Parameters
    ----------
    frame : GeoDataFrame
        The table.
    columns : mapping of str to type
        Name and type of each column.
    where : str
        Names the file in an error.

    Returns
    -------
    list of dict
        The columns and `geometry`.

    Raises
    ------
    VectorError
        When a column is missing, or holds what is none of its values.
    """
    cure = "recompute the file with this version of sarslide"
    absent = [name for name in columns if name not in frame.columns]
    frame = frame.assign(**{name: SINCE_0_1_0[name] for name in absent if name in SINCE_0_1_0})
    if missing := [name for name in absent if name not in SINCE_0_1_0]:
        raise VectorError(f"{where}: no column {', '.join(missing)}", cure)
    if (frame.geometry.isna() | frame.geometry.is_empty).any():
        raise VectorError(f"{where}: an object has no outline", cure)
    try:
        rows = typed(frame.to_dict("records"), columns, frame.crs).to_dict("records")
    except (TypeError, ValueError, OverflowError) as error:
        raise VectorError(f"{where}: a column is not of its type ({bounded.shown(error)})", cure) from None
    return [row | {"geometry": _single(row["geometry"])} for row in rows]


def rates_of(text: str, ls_id: str) -> dict[str, float]:
    """The rates of an object in the tracks that see it.

    Parameters
    ----------
    text : str
        Its `los_rate_by_track`; empty for none.
    ls_id : str
        Its id, for messages.

    Returns
    -------
    dict of str to float
        Mean LOS rate by track, mm/yr.

    Raises
    ------
    ReleaseError
        For another text.
    """
    name = f"los_rate_by_track of {ls_id}"
    return bounded.typed(_RatesByTrack, bounded.parsed_json(text or "{}", name, ReleaseError), name, ReleaseError).root


def significant(value: float) -> float:
    """A value with six significant digits.

    Parameters
    ----------
    value : float
        Any number.

    Returns
    -------
    float
        The rounded number.
    """
    return float(f"{value:.{DIGITS}g}")


def _single(geometry: BaseGeometry) -> BaseGeometry:
    """A layer with one multipolygon stores all as such; a part on its own is a polygon again."""
    return geometry.geoms[0] if geometry.geom_type == "MultiPolygon" and len(geometry.geoms) == 1 else geometry


def _column(values: list, kind: type) -> np.ndarray:
    if kind is float:
        return np.array([significant(value) for value in values], float)
    if kind is int:
        return np.array([int(value) for value in values], np.int64)
    return np.array([value if isinstance(value, str) else "" for value in values], dtype=object)

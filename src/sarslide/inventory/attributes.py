"""Attributes of each object from one track and the terrain (G06, B12): size, place, motion,
probability.
"""

import math
from collections.abc import Iterator, Mapping

import numpy as np
from shapely.geometry import Polygon

from sarslide.grid import RegionGrid
from sarslide.layers import LINE_OF_SIGHT, hidden
from sarslide.terrain import downslope

# Layers that the attributes are taken from; registered names, arrays (rows, cols).
LAYERS = (
    "probability",
    "los_rate_mm_per_yr",
    "los_rate_std_mm_per_yr",
    "mean_coherence",
    *LINE_OF_SIGHT,
    "layover_shadow",
    "elevation_m",
    "slope_deg",
    "aspect_deg",
)
FLAT_ASPECT = math.nan


def measure(
    labels: np.ndarray,
    polygons: Mapping[int, Polygon],
    layers: Mapping[str, np.ndarray],
    grid: RegionGrid,
    min_sensitivity: float,
) -> list[dict]:
    """Attributes of each object.

    Cells without a value are left out; an object without any has NaN.

    Parameters
    ----------
    labels : (rows, cols) array of int
        Number of the object of each cell, 0 none.
    polygons : mapping of int to Polygon
        Outline of each object by its number.
    layers : mapping of str to array
        `LAYERS` by name, (rows, cols).
    grid : RegionGrid
        The region grid.
    min_sensitivity : float
        An object whose mean downslope sensitivity is below it either way has no downslope rate.

    Returns
    -------
    list of dict
        One row an object, in the order of `polygons`, with the columns of its attributes; units are
        in their names. `los_rate_mean` is the plain mean, positive towards the satellite; its sign
        is the dominant direction, and `los_rate_p95`, `los_rate_max` are the 95th percentile and
        the maximum along that direction, with that sign: -30, -60, -80 for an object that moves
        away.
    """
    layers = dict(layers, downslope_sensitivity=downslope_sensitivity(layers))
    rows = []
    for number, inside, window in _objects(labels, polygons):
        values = {name: layers[name][window][inside] for name in (*LAYERS, "downslope_sensitivity")}
        polygon = polygons[number]
        rows.append(
            {
                "cells": int(inside.sum()),
                "area_km2": inside.sum() * grid.cell_area_km2,
                "perimeter_km": polygon.length / 1e3,
                **_terrain(values),
                **_motion(values, min_sensitivity),
                **_quality(values),
            }
        )
    return rows


def downslope_sensitivity(layers: Mapping[str, np.ndarray]) -> np.ndarray:
    """LOS rate, positive towards the satellite, per unit of motion down the steepest slope.

    Parameters
    ----------
    layers : mapping of str to array
        Slope, aspect and line of sight by name, (rows, cols).

    Returns
    -------
    (rows, cols) array
        Sensitivity, -1 to 1; NaN where the aspect is unknown.
    """
    names = ("slope_deg", "aspect_deg", *LINE_OF_SIGHT)
    return downslope.downslope_sensitivity(*(layers[name] for name in names))


def circular_mean_deg(angles: np.ndarray) -> float:
    """Direction of the mean unit vector.

    Parameters
    ----------
    angles : array
        Directions, degree; NaN where unknown.

    Returns
    -------
    float
        Degree, 0 to 360; NaN without angles or when they cancel.
    """
    angles = np.radians(angles[np.isfinite(angles)].astype(float))
    if not len(angles):
        return FLAT_ASPECT
    east, north = np.sin(angles).mean(), np.cos(angles).mean()
    return math.degrees(math.atan2(east, north)) % 360 if math.hypot(east, north) > 1e-9 else FLAT_ASPECT


def _objects(labels: np.ndarray, polygons: Mapping[int, Polygon]) -> Iterator[tuple[int, np.ndarray, tuple]]:
    from scipy.ndimage import find_objects

    windows = find_objects(labels)
    for number in polygons:
        window = windows[number - 1]
        yield number, labels[window] == number, window


def _terrain(values: Mapping[str, np.ndarray]) -> dict[str, float]:
    elevation = values["elevation_m"]
    return {
        "elevation_min_m": _over(np.min, elevation),
        "elevation_mean_m": _over(np.mean, elevation),
        "elevation_median_m": _over(np.median, elevation),
        "elevation_max_m": _over(np.max, elevation),
        "slope_mean_deg": _over(np.mean, values["slope_deg"]),
        "aspect_mean_deg": circular_mean_deg(values["aspect_deg"]),
    }


def _motion(values: Mapping[str, np.ndarray], min_sensitivity: float) -> dict[str, float]:
    rate, sensitivity = values["los_rate_mm_per_yr"], _over(np.mean, values["downslope_sensitivity"])
    mean = _over(np.mean, rate)
    sign = -1.0 if mean < 0 else 1.0
    seen = abs(sensitivity) >= min_sensitivity
    return {
        "los_rate_mean_mm_per_yr": mean,
        "los_rate_p95_mm_per_yr": sign * _over(lambda v: np.percentile(v, 95), sign * rate),
        "los_rate_max_mm_per_yr": sign * _over(np.max, sign * rate),
        "los_rate_std_mm_per_yr": _over(np.mean, values["los_rate_std_mm_per_yr"]),
        "downslope_sensitivity": sensitivity,
        "downslope_rate_mm_per_yr": mean / sensitivity if seen else math.nan,
        "head_toe_ratio": _head_toe_ratio(rate, values["elevation_m"]),
    }


def _quality(values: Mapping[str, np.ndarray]) -> dict[str, float]:
    return {
        "probability_mean": _over(np.mean, values["probability"]),
        "probability_max": _over(np.max, values["probability"]),
        "coherence_mean": _over(np.mean, values["mean_coherence"]),
        "layover_shadow_fraction": float(np.mean(hidden(values["layover_shadow"]))),
    }


def _head_toe_ratio(rate: np.ndarray, elevation: np.ndarray) -> float:
    """Mean |LOS rate| of the upper half of the object over that of the lower half; NaN where one of
    them has none.
    """
    known = np.isfinite(rate) & np.isfinite(elevation)
    if known.sum() < 4:
        return math.nan
    speed, height = np.abs(rate[known]).astype(float), elevation[known]
    upper = height > np.median(height)
    if upper.all() or not upper.any():
        return math.nan
    toe = speed[~upper].mean()
    return float(speed[upper].mean() / toe) if toe > 0 else math.nan


def _over(statistic, values: np.ndarray) -> float:
    finite = values[np.isfinite(values)].astype(float)
    return float(statistic(finite)) if len(finite) else math.nan

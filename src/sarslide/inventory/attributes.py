"""Attributes of each object from one track and the terrain (G06, G11, B12): size, place, motion,
phase, probability.
"""

import math
from collections.abc import Callable, Iterator, Mapping

import numpy as np
from shapely.geometry import Polygon

from sarslide.grid import RegionGrid
from sarslide.inventory import phase_pattern, rate_bounds
from sarslide.layers import LINE_OF_SIGHT, hidden
from sarslide.rates.mean_error import noise_correlation, std_of_mean
from sarslide.terrain import downslope

# Layers that the attributes are taken from; registered names, arrays (rows, cols). Those of the
# rate are absent where nothing was unwrapped.
RATES = ("los_rate_mm_per_yr", "los_rate_std_mm_per_yr")
PHASE_RATE, AVERAGE = "phase_rate_rad_per_yr", "avg_phase_rad"
LAYERS = (
    "probability",
    *RATES,
    PHASE_RATE,
    AVERAGE,
    "mean_coherence",
    *LINE_OF_SIGHT,
    "layover_shadow",
    "elevation_m",
    "slope_deg",
    "aspect_deg",
)
STABLE, STABLE_CODES = "stable_ground", (1, 2)  # where the noise of the rates is measured; may be absent
FLAT_ASPECT = math.nan


def measure(
    labels: np.ndarray,
    polygons: Mapping[int, Polygon],
    layers: Mapping[str, np.ndarray],
    grid: RegionGrid,
    min_sensitivity: float,
    pair_years: float = math.nan,
    longest_pair_years: float = math.nan,
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
        `LAYERS` by name, (rows, cols); without `RATES` no object has a rate, without averaged phase
        none a brightness, without `STABLE` no mean rate an error.
    grid : RegionGrid
        The region grid.
    min_sensitivity : float
        An object whose mean downslope sensitivity is below it either way has no downslope rate.
    pair_years : float
        Mean length of the pairs of the averaged phase, Julian years.
    longest_pair_years : float
        Of the pairs of the rate, Julian years; NaN: every rate is trusted.

    Returns
    -------
    list of dict
        One row an object, in the order of `polygons`, with the columns of its attributes; units are
        in their names. `los_rate_mean` is the plain mean, positive towards the satellite; its sign
        is the dominant direction, and `los_rate_p95`, `los_rate_max` are the 95th percentile and
        the maximum along that direction, with that sign: -30, -60, -80 for an object that moves
        away. `phase_cycles_per_yr` is taken from the phase rate, 95th percentile either way; of an
        object without it from the averaged phase. `los_rate_bound` and `downslope_rate_bound` are
        those of `rate_bounds`, without sign. `los_rate_std` is the mean error of a cell,
        `los_rate_mean_std` that of the mean rate (`rates.mean_error`).
    """
    layers = dict(layers, downslope_sensitivity=downslope_sensitivity(layers))
    errors = _errors_of_means(layers)
    rows = []
    for number, inside, window in _objects(labels, polygons):
        values = {name: np.full(inside.sum(), math.nan) for name in RATES}
        values |= {name: layer[window][inside] for name, layer in layers.items()}
        polygon, area_km2 = polygons[number], inside.sum() * grid.cell_area_km2
        bound = _bound(labels, number, window, layers, grid.cell_m, longest_pair_years)
        rows.append(
            {
                "cells": int(inside.sum()),
                "area_km2": area_km2,
                "perimeter_km": polygon.length / 1e3,
                "perimeter_over_area_per_km": polygon.length / 1e3 / area_km2,
                **_terrain(values),
                **_motion(values, min_sensitivity, bound),
                "los_rate_mean_std_mm_per_yr": errors(window, inside),
                **_phase(labels, number, window, layers, pair_years),
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


def circular_mean_deg(angles: np.ndarray, weights: np.ndarray | None = None) -> float:
    """Direction of the mean unit vector.

    Parameters
    ----------
    angles : array
        Directions, degree; NaN where unknown.
    weights : array, optional
        Of the same shape, how much each direction counts; all as much by default.

    Returns
    -------
    float
        Degree, 0 to 360; NaN without angles or when they cancel.
    """
    known = np.isfinite(angles)
    angles, weights = np.radians(angles[known].astype(float)), None if weights is None else weights[known]
    if not len(angles) or (weights is not None and not weights.any()):
        return FLAT_ASPECT
    east, north = (np.average(part, weights=weights) for part in (np.sin(angles), np.cos(angles)))
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
        "slope_min_deg": _over(np.min, values["slope_deg"]),
        "slope_mean_deg": _over(np.mean, values["slope_deg"]),
        "slope_max_deg": _over(np.max, values["slope_deg"]),
        "aspect_mean_deg": circular_mean_deg(values["aspect_deg"]),
    }


def _motion(values: Mapping[str, np.ndarray], min_sensitivity: float, bound: float) -> dict[str, float]:
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
        "los_rate_bound_mm_per_yr": bound,
        "downslope_rate_bound_mm_per_yr": bound / abs(sensitivity) if seen else math.nan,
        "head_toe_ratio": _head_toe_ratio(rate, values["elevation_m"]),
    }


def _errors_of_means(layers: Mapping[str, np.ndarray]) -> Callable[[tuple, np.ndarray], float]:
    """Standard error of the mean rate of cells of a window; NaN without rates or stable ground."""
    if not {*RATES, STABLE} <= set(layers):
        return lambda window, inside: math.nan
    rate, std = (layers[name] for name in RATES)
    noise = noise_correlation(rate, std, np.isin(layers[STABLE], STABLE_CODES))
    if noise is None:
        return lambda window, inside: math.nan
    return lambda window, inside: std_of_mean(std[window], inside & np.isfinite(rate[window]), noise)


def _bound(
    labels: np.ndarray,
    number: int,
    window: tuple,
    layers: Mapping[str, np.ndarray],
    cell_m: float,
    longest_pair_years: float,
) -> float:
    """What a rate that cannot be trusted is exceeded by; NaN without rates or their pairs."""
    if math.isnan(longest_pair_years) or not {*RATES, PHASE_RATE} <= set(layers):
        return math.nan
    return rate_bounds.lower_bound(labels, number, window, layers, cell_m, longest_pair_years)


def _cycles_per_yr(rate: np.ndarray) -> float:
    return _over(lambda v: np.percentile(v, 95), np.abs(rate)) / phase_pattern.CYCLE_RAD


def _phase(
    labels: np.ndarray, number: int, window: tuple, layers: Mapping[str, np.ndarray], pair_years: float
) -> dict[str, float]:
    """Cycles and brightness of an object."""
    rate = layers[PHASE_RATE][window][labels[window] == number] if PHASE_RATE in layers else np.array([])
    found = {"phase_cycles_per_yr": _cycles_per_yr(rate), "patch_brightness": math.nan}
    if AVERAGE not in layers:
        return found
    window = phase_pattern.window_around(window, labels.shape)
    inside, around = labels[window] == number, phase_pattern.rim(labels[window], number)
    phase = np.where(hidden(layers["layover_shadow"][window]), np.nan, layers[AVERAGE][window])
    if math.isnan(found["phase_cycles_per_yr"]):
        found["phase_cycles_per_yr"] = phase_pattern.cycles(phase, inside, around) / pair_years
    return found | {"patch_brightness": phase_pattern.brightness(phase, inside, around)}


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

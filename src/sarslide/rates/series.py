"""Displacement time series of polygons: from a series of the whole region, or straight from the pairs (P0 6, G14).

From the pairs: the mean corrected phase of a polygon's cells in each pair, and the dates by weighted least squares from these. A
polygon is one point then, so that an inversion of the whole region is not needed.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from sarslide.errors import RateError
from sarslide.names import split_pair
from sarslide.network import islands
from sarslide.rates import los
from sarslide.rates.corrections.date_delays import pair_matrix
from sarslide.rates.passes import RateSettings, ReadUnwrapped, ready_pairs
from sarslide.rates.sbas.network import dates_of, years_of

LEAST_SHARE = 0.5  # of a polygon's cells, against its best pair, that a pair must have
LEAST_DATES = {"line": 3, "parabola": 5, "season": 12}
LEAST_YEARS_FOR_SEASON = 1.0

Cells = tuple[np.ndarray, np.ndarray]  # rows, cols


@dataclass(frozen=True)
class PolygonSeries:
    """dates in order. displacement_mm: by polygon, (dates,), since the first date, positive towards the satellite."""

    dates: list[str]
    displacement_mm: dict[str, np.ndarray]

    def motions(self) -> dict[str, dict[str, float]]:
        """`motion` of each polygon."""
        return {name: motion(values, self.dates) for name, values in self.displacement_mm.items()}


def of_region(
    read_block: Callable[[slice, slice], tuple[list[str], np.ndarray]], polygons: Mapping[str, Cells]
) -> PolygonSeries:
    """From a time series of the region: the mean over a polygon's cells that have one.

    read_block: (rows, cols) -> dates, displacement (dates, rows, cols), mm. polygons: cells by name, none empty.
    """
    dates, found = [], {}
    for name, (rows, cols) in polygons.items():
        top, left = int(rows.min()), int(cols.min())
        dates, block = read_block(slice(top, int(rows.max()) + 1), slice(left, int(cols.max()) + 1))
        inside = block[:, rows - top, cols - left].astype(float)
        inside = inside[:, np.isfinite(inside).all(0)]
        found[name] = inside.mean(1) if inside.shape[1] else np.full(len(dates), np.nan)
    return PolygonSeries(dates, found)


def of_pairs(
    read_pair: ReadUnwrapped,
    pairs: Sequence[str],
    elevation_m: np.ndarray,
    ground: np.ndarray,
    wavelength_m: float,
    settings: RateSettings,
    polygons: Mapping[str, Cells],
) -> PolygonSeries:
    """From the pairs, corrected and referenced on the ground of the rates: the mean phase of a polygon's cells in each pair.

    read_pair, elevation_m: as in `passes.stack_unwrapped`. ground: layer `stable_ground`. Raises RateError without a usable pair.
    """
    used: list[str] = []
    means: dict[str, list[float]] = {name: [] for name in polygons}
    counts: dict[str, list[int]] = {name: [] for name in polygons}
    ready = ready_pairs(read_pair, sorted(pairs), elevation_m, ground >= 1, ground == 2, settings, {})
    for pair, phase, _ in ready:
        used.append(pair)
        for name, cells in polygons.items():
            inside = phase[cells]
            valid = np.isfinite(inside)
            means[name].append(float(inside[valid].mean()) if valid.any() else np.nan)
            counts[name].append(int(valid.sum()))
    if not used:
        raise RateError("no usable pair on the stable ground of the rates", "lower rates.pair_coherence")
    mm = los.mm_per_rad(wavelength_m)
    found = {name: mm * dates_from_pairs(np.array(means[name]), np.array(counts[name]), used) for name in polygons}
    return PolygonSeries(dates_of(used), found)


def dates_from_pairs(mean_rad: np.ndarray, cells: np.ndarray, pairs: Sequence[str]) -> np.ndarray:
    """Phase of each date against the first, rad, by least squares weighted with the number of valid cells; (dates,).

    Pairs with fewer than half of the cells of the best one are left out: the mean of other cells is not the same point. NaN at
    dates that no chain of the remaining pairs joins to the first date.
    """
    dates = dates_of(pairs)
    series = np.full(len(dates), np.nan)
    good = np.isfinite(mean_rad) & (cells >= max(1, LEAST_SHARE * cells.max(initial=0)))
    kept = [pair for pair, use in zip(pairs, good, strict=True) if use]
    island = next((part for part in islands(kept) if dates[0] in part), [])
    inside = [k for k in np.nonzero(good)[0] if split_pair(pairs[k])[0] in island]
    if not inside:
        return series
    columns = [dates.index(date) for date in island]
    root = np.sqrt(cells[inside])
    design = pair_matrix(pairs)[np.ix_(inside, columns)]
    found = np.linalg.lstsq(design * root[:, None], mean_rad[inside] * root, rcond=None)[0]
    series[columns] = found - found[0]
    return series


def motion(series_mm: np.ndarray, dates: Sequence[str]) -> dict[str, float]:
    """What a series (dates,) says, mm and years, positive towards the satellite; what it cannot say is not there.

    mean_velocity: straight line. acceleration: twice the quadratic term of a parabola. seasonality: amplitude of an annual wave
    fitted with a straight line, for at least one year. rmse: of the line's residuals. _std: from the residuals, dates taken as
    independent.
    """
    known = np.isfinite(series_mm)
    t, d = years_of(dates)[known], series_mm[known]
    if len(d) < LEAST_DATES["line"]:
        return {}
    t = t - t.mean()
    line, std, residual = _fit(np.stack([np.ones_like(t), t], 1), d)
    found = {"mean_velocity": line[1], "mean_velocity_std": std[1], "rmse": np.sqrt(np.mean(residual**2))}
    if len(d) >= LEAST_DATES["parabola"]:
        parabola, std, _ = _fit(np.stack([np.ones_like(t), t, t**2 / 2], 1), d)
        found |= {"acceleration": parabola[2], "acceleration_std": std[2]}
    if len(d) >= LEAST_DATES["season"] and np.ptp(t) >= LEAST_YEARS_FOR_SEASON:
        wave = 2 * np.pi * t
        season, std, _ = _fit(np.stack([np.ones_like(t), t, np.sin(wave), np.cos(wave)], 1), d)
        amplitude = np.hypot(*season[2:])
        spread = np.hypot(*(season[2:] * std[2:])) / max(amplitude, 1e-9)
        found |= {"seasonality": amplitude, "seasonality_std": spread}
    return {name: float(value) for name, value in found.items()}


def _fit(design: np.ndarray, values: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Least squares: coefficients, their standard deviations, residuals."""
    inverse = np.linalg.inv(design.T @ design)
    found = inverse @ design.T @ values
    residual = values - design @ found
    variance = residual @ residual / (len(values) - design.shape[1])
    return found, np.sqrt(variance * np.diag(inverse)), residual

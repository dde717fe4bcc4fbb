"""Displacement time series of polygons (P0 6, G14).

From a series of the whole region, or straight from the pairs: the mean corrected phase of a
polygon's cells in each pair, and the dates by weighted least squares from these. A polygon is one
point then, so that an inversion of the whole region is not needed.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from sarslide.errors import RateError
from sarslide.names import split_pair
from sarslide.network import dates_of, islands, pair_matrix, years_of
from sarslide.rates import los
from sarslide.rates.ground import Ground
from sarslide.rates.passes import Corrector, ReadUnwrapped
from sarslide.rates.settings import RateSettings

MIN_SHARE = 0.5  # of a polygon's cells, against its best pair, that a pair must have
MIN_DATES = {"line": 3, "parabola": 5, "season": 12}
MIN_YEARS_FOR_SEASON = 1.0

Cells = tuple[np.ndarray, np.ndarray]  # rows, cols


@dataclass(frozen=True)
class PolygonSeries:
    """Time series of polygons.

    Attributes
    ----------
    dates : list of str
        Dates in order.
    displacement_mm : dict of str to (dates,) array of float
        Polygon -> LOS displacement since the first date, mm, positive towards the satellite.
    spread_mm : dict of str to (dates,) array of float
        Polygon -> standard deviation of the displacement over its cells, mm; empty where the series
        is not one of cells.
    cells : dict of str to int
        Polygon -> cells that the mean is of; empty as above.
    """

    dates: list[str]
    displacement_mm: dict[str, np.ndarray]
    spread_mm: dict[str, np.ndarray] = field(default_factory=dict)
    cells: dict[str, int] = field(default_factory=dict)

    @classmethod
    def unknown(cls, dates: list[str], polygons: Iterable[str]) -> "PolygonSeries":
        """Series of which nothing is known.

        Parameters
        ----------
        dates : list of str
            Dates in order.
        polygons : iterable of str
            Names of the polygons.

        Returns
        -------
        PolygonSeries
            NaN at every date.
        """
        return cls(dates, {name: np.full(len(dates), np.nan) for name in polygons})

    def motions(self) -> dict[str, dict[str, float]]:
        """`motion` of each polygon."""
        return {name: motion(values, self.dates) for name, values in self.displacement_mm.items()}


def of_region(
    read_block: Callable[[slice, slice], tuple[list[str], np.ndarray]], polygons: Mapping[str, Cells]
) -> PolygonSeries:
    """From a time series of the region: the mean over a polygon's cells that have one.

    Parameters
    ----------
    read_block : callable
        Rows, cols -> dates, displacement (dates, rows, cols), mm.
    polygons : mapping of str to (rows, cols)
        Indexes of the cells by name, none empty.

    Returns
    -------
    PolygonSeries
        NaN for a polygon none of whose cells has a series.
    """
    dates: list[str] = []
    found, spread, cells = {}, {}, {}
    for name, (rows, cols) in polygons.items():
        top, left = int(rows.min()), int(cols.min())
        dates, block = read_block(slice(top, int(rows.max()) + 1), slice(left, int(cols.max()) + 1))
        inside = block[:, rows - top, cols - left].astype(float)
        inside = inside[:, np.isfinite(inside).all(0)]
        cells[name] = inside.shape[1]
        unknown = np.full(len(dates), np.nan)
        found[name], spread[name] = (inside.mean(1), inside.std(1)) if cells[name] else (unknown, unknown)
    return PolygonSeries(dates, found, spread, cells)


def of_pairs(
    read_pair: ReadUnwrapped,
    pairs: Sequence[str],
    ground: Ground,
    wavelength_m: float,
    settings: RateSettings,
    polygons: Mapping[str, Cells],
) -> PolygonSeries:
    """From the pairs, corrected and referenced on the ground of the rates.

    Parameters
    ----------
    read_pair : callable
        Pair -> unwrapped phase (rad), coherence, components or None.
    pairs : sequence of str
        Names of the pairs.
    ground : Ground
        Stable ground and reference area of the rates.
    wavelength_m : float
        Radar wavelength, m.
    settings : RateSettings
        What is masked and removed.
    polygons : mapping of str to (rows, cols)
        Indexes of the cells by name, none empty.

    Returns
    -------
    PolygonSeries
        From the mean phase of a polygon's cells in each pair.

    Raises
    ------
    RateError
        No pair can be used.
    """
    used: list[str] = []
    means: dict[str, list[float]] = {name: [] for name in polygons}
    counts: dict[str, list[int]] = {name: [] for name in polygons}
    for pair in Corrector(read_pair, ground, settings).ready(sorted(pairs)):
        used.append(pair.name)
        for name, cells in polygons.items():
            inside = pair.phase_rad[cells]
            valid = np.isfinite(inside)
            means[name].append(float(inside[valid].mean()) if valid.any() else np.nan)
            counts[name].append(int(valid.sum()))
    if not used:
        raise RateError("no usable pair on the stable ground of the rates", "lower rates.pair_coherence")
    mm = los.mm_per_rad(wavelength_m)
    found = {name: mm * dates_from_pairs(np.array(means[name]), np.array(counts[name]), used) for name in polygons}
    return PolygonSeries(dates_of(used), found)


def dates_from_pairs(mean_rad: np.ndarray, cells: np.ndarray, pairs: Sequence[str]) -> np.ndarray:
    """Phase of the dates by least squares, weighted with the number of valid cells.

    Pairs with fewer than half of the cells of the best one are left out: the mean of other cells is
    not the same point.

    Parameters
    ----------
    mean_rad : (pairs,) array of float
        Mean phase of a polygon, rad, NaN where unknown.
    cells : (pairs,) array of int
        Valid cells of the polygon.
    pairs : sequence of str
        Names of the pairs.

    Returns
    -------
    (dates,) array of float
        Phase against the first date, rad. NaN at dates that no chain of the remaining pairs joins
        to the first date.
    """
    dates = dates_of(pairs)
    series = np.full(len(dates), np.nan)
    good = np.isfinite(mean_rad) & (cells >= max(1, MIN_SHARE * cells.max(initial=0)))
    kept = [pair for pair, use in zip(pairs, good, strict=True) if use]
    island = next((part for part in islands(kept) if dates[0] in part), [])
    inside = [k for k in np.flatnonzero(good).tolist() if split_pair(pairs[k])[0] in island]
    if not inside:
        return series
    columns = [dates.index(date) for date in island]
    root = np.sqrt(cells[inside])
    design = pair_matrix(pairs)[np.ix_(np.array(inside), np.array(columns))]
    found = np.linalg.lstsq(design * root[:, None], mean_rad[inside] * root, rcond=None)[0]
    series[columns] = found - found[0]
    return series


def motion(series_mm: np.ndarray, dates: Sequence[str]) -> dict[str, float]:
    """Motion that a series shows.

    Parameters
    ----------
    series_mm : (dates,) array of float
        Displacement, mm, positive towards the satellite; NaN where unknown.
    dates : sequence of str
        Dates in order.

    Returns
    -------
    dict of str to float
        In mm and years; what the dates do not suffice for is absent. mean_velocity: straight line.
        acceleration: twice the quadratic term of a parabola. seasonality: amplitude of an annual
        wave fitted with a straight line, for at least one year. rmse: of the line's residuals.
        _std: from the residuals, dates taken as independent.
    """
    known = np.isfinite(series_mm)
    t, d = years_of(dates)[known], series_mm[known]
    if len(d) < MIN_DATES["line"]:
        return {}
    t = t - t.mean()
    line, std, residual = _fit(np.stack([np.ones_like(t), t], 1), d)
    found = {"mean_velocity": line[1], "mean_velocity_std": std[1], "rmse": np.sqrt(np.mean(residual**2))}
    if len(d) >= MIN_DATES["parabola"]:
        parabola, std, _ = _fit(np.stack([np.ones_like(t), t, t**2 / 2], 1), d)
        found |= {"acceleration": parabola[2], "acceleration_std": std[2]}
    if len(d) >= MIN_DATES["season"] and np.ptp(t) >= MIN_YEARS_FOR_SEASON:
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

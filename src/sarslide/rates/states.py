"""Whether an object speeds up, slows down or goes on: its last six acquisitions against all before.

A series is fitted by a straight line that may bend six acquisitions before its end. The bend over
its standard error, as if dates were independent, is the statistic. Dates are not: what remains of
the air lasts for weeks, and bends of steady series are larger than independent dates would make
them. How much dates are alike is measured on still ground of the same track, as an exponential by
time, and the limit is the quantile of the statistic among simulated steady series of that noise on
the dates of the track: one steady object in a hundred is told to change, at any one release.
"""

from collections.abc import Sequence

import numpy as np

WINDOW = 6  # acquisitions
FALSE_ALARMS = 0.01
MIN_DATES = 3 * WINDOW
SIMULATED = 100_000
ACCELERATING, STEADY, SLOWING = "accelerating", "steady", "slowing"
LONGEST_YEARS = 1.0  # of a memory that is told from a trend


def bends(series_mm: np.ndarray, years: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Lines through series that bend before the last six acquisitions.

    Parameters
    ----------
    series_mm : (series, dates) array of float
        Displacement, mm.
    years : (dates,) array of float
        Times of the dates, at least `MIN_DATES`.

    Returns
    -------
    rate, bend : (series,) array of float
        Rate before the bend and what is added to it, mm/yr.
    statistic : (series,) array of float
        Bend over its standard error, dates taken as independent.
    """
    design = _design(years)
    inverse = np.linalg.inv(design.T @ design)
    found = series_mm @ design @ inverse
    residual = series_mm - found @ design.T
    variance = (residual**2).sum(1) / (len(years) - design.shape[1])
    with np.errstate(divide="ignore", invalid="ignore"):
        return found[:, 1], found[:, 2], found[:, 2] / np.sqrt(variance * inverse[2, 2])


def memory_years(still_mm: np.ndarray, years: np.ndarray) -> float:
    """How long the noise of dates remembers.

    Parameters
    ----------
    still_mm : (series, dates) array of float
        Series of still ground, mm.
    years : (dates,) array of float
        Times of the dates.

    Returns
    -------
    float
        Time after which the correlation of two dates has fallen to 1/e, years: that whose expected
        residuals of a bent line are as alike from date to date as those found; 0 where these are no
        more alike than those of independent dates, at most one year.
    """
    from scipy.optimize import brentq

    design = _design(years)
    keep = np.eye(len(years)) - design @ np.linalg.solve(design.T @ design, design.T)

    def alike(covariance: np.ndarray) -> float:
        return np.trace(covariance, 1) / np.trace(covariance)

    residual = still_mm @ keep
    found = alike(residual.T @ residual)

    def excess(memory: float) -> float:
        return alike(keep @ correlation(years, memory) @ keep) - found

    if excess(0.0) >= 0:
        return 0.0
    return LONGEST_YEARS if excess(LONGEST_YEARS) <= 0 else float(brentq(excess, 0.0, LONGEST_YEARS, xtol=1e-5))


def correlation(years: np.ndarray, memory: float) -> np.ndarray:
    """Correlation of the noise of dates.

    Parameters
    ----------
    years : (dates,) array of float
        Times of the dates.
    memory : float
        As of `memory_years`.

    Returns
    -------
    (dates, dates) array of float
        exp(-|time between| / memory).
    """
    apart = np.abs(np.subtract.outer(years, years))
    return np.exp(-apart / memory) if memory > 0 else (apart == 0).astype(float)


def limit(years: np.ndarray, memory: float) -> float:
    """The statistic that one steady series in a hundred exceeds, either way.

    Parameters
    ----------
    years : (dates,) array of float
        Times of the dates.
    memory : float
        As of `memory_years`.

    Returns
    -------
    float
        From 100,000 simulated series, the same for the same dates.
    """
    normal = np.random.default_rng(len(years)).normal(size=(SIMULATED, len(years)))
    steady = normal @ np.linalg.cholesky(correlation(years, memory)).T
    return float(np.quantile(np.abs(bends(steady, years)[2]), 1 - FALSE_ALARMS))


def states(series_mm: np.ndarray, years: np.ndarray, limit: float) -> Sequence[str]:
    """What series do.

    Parameters
    ----------
    series_mm : (series, dates) array of float
        Displacement, mm.
    years : (dates,) array of float
        Times of the dates.
    limit : float
        As `limit` returns it.

    Returns
    -------
    sequence of str
        `ACCELERATING` where the speed after the bend is the larger one, `SLOWING` where it is the
        smaller one, `STEADY` where the bend is no larger than noise makes it.
    """
    rate, bend, statistic = bends(series_mm, years)
    faster = np.abs(rate + bend) > np.abs(rate)
    changed = np.where(faster, ACCELERATING, SLOWING)
    return np.where(np.abs(statistic) > limit, changed, STEADY).tolist()


def _design(years: np.ndarray) -> np.ndarray:
    """A constant, a line, and a line that begins six acquisitions before the end."""
    return np.stack([np.ones_like(years), years - years.mean(), np.clip(years - years[-1 - WINDOW], 0, None)], 1)

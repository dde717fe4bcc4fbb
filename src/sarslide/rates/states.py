"""Whether an object speeds up, slows down or goes on: its last six acquisitions against all before.

A series is fitted by a straight line that may bend six acquisitions before its end. The bend over
its standard error, as if dates were independent, is the statistic. Dates are not: what remains of
the air lasts for weeks, and bends of steady series are larger than independent dates would make
them. How much dates are alike is measured on still ground of the same track: part of the noise is
independent from date to date, as speckle is, and part fades exponentially by time. The limit is the
quantile of the statistic among simulated steady series of that noise on the dates of the track: one
steady object in a hundred is told to change, at any one release.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

WINDOW = 6  # acquisitions
FALSE_ALARMS = 0.01
MIN_DATES = 3 * WINDOW
SIMULATED = 100_000
ACCELERATING, STEADY, SLOWING = "accelerating", "steady", "slowing"
SHORTEST_YEARS, LONGEST_YEARS = 2 / 365.25, 1.0  # of a memory that is told from none, and from a trend
LAGS = WINDOW + 1  # of the residuals that the noise is fitted to, acquisitions


@dataclass(frozen=True)
class Noise:
    """How alike the noise of two dates is.

    Attributes
    ----------
    share : float
        Part of its variance that remembers, 0 to 1; the rest is independent from date to date.
    memory_years : float
        Time after which the correlation of that part has fallen to 1/e, years.
    """

    share: float
    memory_years: float


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


def noise_of(still_mm: np.ndarray, years: np.ndarray) -> Noise:
    """The noise of dates, from series of still ground.

    Parameters
    ----------
    still_mm : (series, dates) array of float
        Series of still ground, mm.
    years : (dates,) array of float
        Times of the dates.

    Returns
    -------
    Noise
        That whose expected residuals of a bent line are as alike as those found, over up to six
        acquisitions, by least squares; its memory is one year at most.
    """
    from scipy.optimize import minimize_scalar, nnls

    design = _design(years)
    keep = np.eye(len(years)) - design @ np.linalg.solve(design.T @ design, design.T)

    def alike(covariance: np.ndarray) -> np.ndarray:
        return np.array([np.trace(covariance, lag) for lag in range(LAGS)])

    residual = still_mm @ keep
    found = alike(residual.T @ residual)
    if found[0] <= 0:
        return Noise(0.0, SHORTEST_YEARS)
    found /= found[0]

    independent = alike(keep)

    def fitted(memory: float) -> tuple[np.ndarray, float]:
        remembering = keep @ correlation(years, Noise(1.0, memory)) @ keep
        return nnls(np.stack([independent, alike(remembering)], 1), found)

    tried = np.geomspace(SHORTEST_YEARS, LONGEST_YEARS, 24)
    best = int(np.argmin([fitted(memory)[1] for memory in tried]))
    around = tuple(np.log(tried[[max(best - 1, 0), min(best + 1, len(tried) - 1)]]))
    memory = float(np.exp(minimize_scalar(lambda log: fitted(np.exp(log))[1], bounds=around, method="bounded").x))
    variances, _ = fitted(memory)
    return Noise(float(variances[1] / variances.sum()), memory)


def correlation(years: np.ndarray, noise: Noise) -> np.ndarray:
    """Correlation of the noise of dates.

    Parameters
    ----------
    years : (dates,) array of float
        Times of the dates.
    noise : Noise
        As of `noise_of`.

    Returns
    -------
    (dates, dates) array of float
        share exp(-|time between| / memory), and 1 of a date with itself.
    """
    apart = np.abs(np.subtract.outer(years, years))
    return np.where(apart == 0, 1.0, noise.share * np.exp(-apart / noise.memory_years))


def limit(years: np.ndarray, noise: Noise) -> float:
    """The statistic that one steady series in a hundred exceeds, either way.

    Parameters
    ----------
    years : (dates,) array of float
        Times of the dates.
    noise : Noise
        As of `noise_of`.

    Returns
    -------
    float
        From 100,000 simulated series, the same for the same dates.
    """
    normal = np.random.default_rng(len(years)).normal(size=(SIMULATED, len(years)))
    steady = normal @ np.linalg.cholesky(correlation(years, noise)).T
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

"""The error that a rate must have, predicted date by date through the pair matrix.

From known atmosphere and speckle. Atmosphere: the delays of the dates become pair phases and go
through the very chain of the real pairs (height fit, plane, reference, weights, gaps), so that what
telescopes telescopes. Speckle: pairs that share dates have correlated phase noise; for circular
Gaussian scatterers and many looks the covariance of pairs (i, j) and (k, l) is

    (g_ik g_jl - g_il g_jk) / (2 L g_ij g_kl)

with coherences g and L independent looks (Agram and Simons 2015, doi 10.1002/2014JB011271).
Coherences between dates that form no pair come from an exponential decay fitted to those that do.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from sarslide.names import days_between, split_pair
from sarslide.network import interval_years
from sarslide.rates import los
from sarslide.rates.ground import Ground
from sarslide.rates.passes import stack_unwrapped
from sarslide.rates.settings import RateSettings

LOWEST_COHERENCE, HIGHEST_COHERENCE = 0.05, 0.99
TABLE = 24  # nodes of the speckle table in each direction; its logarithm is smooth


@dataclass(frozen=True)
class PredictedError:
    """Parts of the error of a LOS rate.

    Attributes
    ----------
    atmosphere_mm_per_yr : (rows, cols) array
        LOS rate that the atmosphere alone gives, mm/yr, signed as LOS rates.
    speckle_mm_per_yr : (rows, cols) array
        Standard deviation from speckle, mm/yr.
    """

    atmosphere_mm_per_yr: np.ndarray
    speckle_mm_per_yr: np.ndarray

    @property
    def square(self) -> np.ndarray:
        """Expected square of the error, (rows, cols), mm2/yr2; NaN where it is not known."""
        return self.atmosphere_mm_per_yr**2 + self.speckle_mm_per_yr**2

    def rmse(self, where: np.ndarray) -> float:
        """Expected root mean square error.

        Parameters
        ----------
        where : (rows, cols) array of bool
            Cells that count.

        Returns
        -------
        float
            mm/yr.
        """
        return float(np.sqrt(np.nanmean(self.square[where])))


def predicted_rate_error(
    atmosphere_mm: np.ndarray,
    dates: Sequence[str],
    pairs: Sequence[str],
    ground: Ground,
    read_quality: Callable[[str], tuple[np.ndarray, np.ndarray | None]],
    looks: float,
    wavelength_m: float,
    settings: RateSettings | None = None,
) -> PredictedError:
    """Error that `pipeline.stack_rates` must have on the same pairs.

    Parameters
    ----------
    atmosphere_mm : (dates, rows, cols) array
        Line-of-sight delay, mm, positive = longer path.
    dates : sequence of str
        Their dates.
    pairs : sequence of str
        The pairs.
    ground : Ground
        Elevation and masks of the real run.
    read_quality : callable
        Pair -> (coherence, components or None) as the real pairs have them.
    looks : float
        Independent looks of a cell's phase.
    wavelength_m : float
        Of the radar.
    settings : RateSettings or None
        Of the real run; None: the defaults.

    Returns
    -------
    PredictedError
        From atmosphere and speckle.
    """
    settings = settings or RateSettings()
    delay = dict(zip(dates, atmosphere_mm, strict=True))

    def read_atmosphere(pair: str):
        earlier, later = split_pair(pair)
        coherence, components = read_quality(pair)
        decay.add(days_between(earlier, later), coherence)
        return los.delay_to_phase_rad(delay[later] - delay[earlier], wavelength_m), coherence, components

    decay = DecayFit(ground.shape)
    stack, _ = stack_unwrapped(read_atmosphere, pairs, ground, settings)
    speckle = speckle_std_rad_per_yr(pairs, *decay.result(), looks)
    return PredictedError(
        los.los_rate_mm_per_yr(stack.estimate, wavelength_m), los.los_std_mm_per_yr(speckle, wavelength_m)
    )


def speckle_std_rad_per_yr(
    pairs: Sequence[str],
    coherence_0: np.ndarray,
    decay_per_day: np.ndarray,
    looks: float,
    weights: np.ndarray | None = None,
) -> np.ndarray:
    """Standard deviation of the phase rate from speckle, with coherence coherence_0 exp(-decay dt).

    Parameters
    ----------
    pairs : sequence of str
        The pairs.
    coherence_0 : array
        Coherence at zero days.
    decay_per_day : array
        Decay, 1/day, same shape.
    looks : float
        Independent looks of a cell's phase.
    weights : (pairs,) array or None
        What each pair's phase enters the estimate with; None: those of P4's eq. 1.

    Returns
    -------
    array
        rad/yr, same shape.
    """
    from scipy.interpolate import RegularGridInterpolator

    if weights is None:
        interval = np.array([interval_years(pair) for pair in pairs])
        weights = interval / (interval @ interval)
    g0 = np.linspace(LOWEST_COHERENCE, HIGHEST_COHERENCE, TABLE)
    decay = np.linspace(0, max(float(np.nanmax(decay_per_day)), 1e-6), TABLE)
    table = [[np.log(_speckle_variance(pairs, a, b, weights)) for b in decay] for a in g0]
    points = np.stack([np.clip(coherence_0, g0[0], g0[-1]), decay_per_day], axis=-1)
    return np.sqrt(np.exp(RegularGridInterpolator((g0, decay), table)(points)) / looks)


def _speckle_variance(pairs: Sequence[str], coherence_0: float, decay_per_day: float, weights: np.ndarray) -> float:
    """Variance of the estimate for one look."""
    days = {date: days_between(split_pair(pairs[0])[0], date) for pair in pairs for date in split_pair(pair)}
    times = np.array(list(days.values()))
    index = {date: k for k, date in enumerate(days)}
    gaps = np.abs(times[:, None] - times[None, :])
    g = np.where(gaps == 0, 1.0, coherence_0 * np.exp(-decay_per_day * gaps))
    i, j = np.array([[index[date] for date in split_pair(pair)] for pair in pairs]).T
    cross = g[np.ix_(i, i)] * g[np.ix_(j, j)] - g[np.ix_(i, j)] * g[np.ix_(j, i)]
    covariance = cross / (2 * np.outer(g[i, j], g[i, j]))
    return float(weights @ covariance @ weights)


class DecayFit:
    """Least squares line through ln(coherence) against days, cell by cell, one pair at a time.

    Parameters
    ----------
    shape : tuple of int
        Rows and columns.
    """

    def __init__(self, shape: tuple[int, int]):
        self._sums = np.zeros((5, *shape))

    def add(self, days: float, coherence: np.ndarray) -> None:
        """Take one pair.

        Parameters
        ----------
        days : float
            Between its dates.
        coherence : (rows, cols) array
            NaN where unknown.
        """
        known = np.isfinite(coherence)
        log = np.log(np.clip(np.where(known, coherence, 1), LOWEST_COHERENCE, HIGHEST_COHERENCE))
        for total, value in zip(self._sums, (1.0, days, days * days, log, days * log), strict=True):
            total += known * value

    def result(self) -> tuple[np.ndarray, np.ndarray]:
        """Coherence at zero days, and decay per day, at least 0."""
        n, x, xx, y, xy = self._sums
        with np.errstate(divide="ignore", invalid="ignore"):
            slope = np.nan_to_num((n * xy - x * y) / (n * xx - x * x), posinf=0, neginf=0)
            decay = np.maximum(-slope, 0)
            coherence_0 = np.exp(y / n + decay * x / n)
        return np.clip(np.nan_to_num(coherence_0), LOWEST_COHERENCE, HIGHEST_COHERENCE), decay

"""Scatter of the dates before and after each correction of the atmosphere (B09, B23)."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from sarslide.errors import RateError
from sarslide.network import dates_of, pair_matrix
from sarslide.rates import los
from sarslide.rates.corrections.date_delays import Coarse, date_delays, trend_removal
from sarslide.rates.ground import Ground
from sarslide.rates.passes import Corrector, ReadUnwrapped
from sarslide.rates.settings import RateSettings

STATES = ("uncorrected", "pair fits", "filter", "common scene")
HALF = 0.5


@dataclass(frozen=True)
class DateScatter:
    """Smoothed line-of-sight path of each date, less a straight line, in each state of correction.

    Attributes
    ----------
    dates : list of str
        Dates in order.
    path_mm : dict of str to (dates, coarse rows, coarse cols) array of float
        State -> path, mm, positive = longer.
    coarse : Coarse
        Their grid.
    stable : (coarse rows, coarse cols) array of bool
        Coarse cells at least half of which are stable ground.
    """

    dates: list[str]
    path_mm: dict[str, np.ndarray]
    coarse: Coarse
    stable: np.ndarray

    def of_dates(self, state: str) -> np.ndarray:
        """Scatter of each date over stable ground.

        Parameters
        ----------
        state : str
            One of STATES.

        Returns
        -------
        (dates,) array of float
            Standard deviation, mm; NaN without stable ground.
        """
        if not self.stable.any():
            return np.full(len(self.dates), np.nan)
        return self.path_mm[state][:, self.stable].std(1)

    def maps(self) -> np.ndarray:
        """Standard deviation over the dates, mm, (states, rows, cols) on the full grid."""
        return np.stack([self.coarse.spread(self.path_mm[state].std(0)) for state in STATES])

    def rms(self) -> dict[str, float | None]:
        """Root mean square over dates and stable ground, mm, by state; None where unknown."""
        known = self.stable.any()
        return {state: float(np.sqrt(np.mean(self.of_dates(state) ** 2))) if known else None for state in STATES}


def date_scatter(
    read_pair: ReadUnwrapped, pairs: Sequence[str], ground: Ground, wavelength_m: float, settings: RateSettings
) -> DateScatter:
    """Paths of the dates in four states of correction.

    By least squares from pairs smoothed over stable ground. What the filter and the common scene
    leave is judged by the pairs from which they were estimated: it is a lower bound.

    Parameters
    ----------
    read_pair : callable
        Pair -> unwrapped phase (rad), coherence, components or None.
    pairs : sequence of str
        Names of the pairs.
    ground : Ground
        Heights, stable ground and reference area.
    wavelength_m : float
        Radar wavelength, m.
    settings : RateSettings
        What is masked and removed.

    Returns
    -------
    DateScatter
        The paths; NaN without stable ground.

    Raises
    ------
    RateError
        No pair can be used.
    """
    coarse = Coarse(ground.shape, settings.atmosphere_cells)
    stable = coarse.share(ground.stable) >= HALF
    if not ground.stable.any():
        dates = dates_of(pairs)
        unknown = np.full((len(dates), *stable.shape), np.nan)
        return DateScatter(dates, dict.fromkeys(STATES, unknown), coarse, stable)
    plain = replace(settings, height_correlated=False, plane=False)
    mm = -los.mm_per_rad(wavelength_m)
    path: dict[str, np.ndarray] = {}
    for state, chosen in zip(STATES[:2], (plain, settings), strict=True):
        smoothed = Corrector(read_pair, ground, chosen).smoothed(sorted(pairs), coarse)
        if not smoothed:
            raise RateError("no usable pair on stable ground", "lower rates.pair_coherence")
        used, fields = list(smoothed), np.stack(list(smoothed.values()))
        dates_from = trend_removal(used) @ np.linalg.pinv(pair_matrix(used))
        path[state] = mm * np.tensordot(dates_from, fields, 1)
    for state, method in zip(STATES[2:], ("filter", "common_scene"), strict=True):
        delays = date_delays(fields, used, coarse, method, settings.atmosphere_days)
        path[state] = path["pair fits"] - mm * np.tensordot(trend_removal(used), delays.phase_rad, 1)
    return DateScatter(delays.dates, path, coarse, stable)

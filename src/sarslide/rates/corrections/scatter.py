"""How much the dates scatter before and after each correction of the atmosphere (P2 3.1, P4 2.3.1 step 5; B09, B23)."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from sarslide.errors import RateError
from sarslide.rates import los
from sarslide.rates.corrections.date_delays import Coarse, DateDelays, date_delays, pair_matrix, trend_removal
from sarslide.rates.passes import RateSettings, ReadUnwrapped, corrected_pairs

STATES = ("uncorrected", "pair fits", "filter", "common scene")
HALF = 0.5


@dataclass(frozen=True)
class Scatter:
    """Smoothed line-of-sight path of each date, a straight line removed, mm, as delivered and after each correction.

    dates in order. path_mm: state -> (dates, coarse rows, coarse cols), positive = longer path. coarse: their grid. stable:
    coarse cells at least half of which are stable ground.
    """

    dates: list[str]
    path_mm: dict[str, np.ndarray]
    coarse: Coarse
    stable: np.ndarray

    def of_dates(self, state: str) -> np.ndarray:
        """Standard deviation over stable ground of each date, mm, (dates,)."""
        return self.path_mm[state][:, self.stable].std(1)

    def maps(self) -> np.ndarray:
        """Standard deviation over the dates, mm, (states, rows, cols) on the full grid."""
        return np.stack([self.coarse.spread(self.path_mm[state].std(0)) for state in STATES])

    def rms(self) -> dict[str, float]:
        """Root mean square over dates and stable ground, mm, by state."""
        return {state: float(np.sqrt(np.mean(self.of_dates(state) ** 2))) for state in STATES}


def date_scatter(
    read_pair: ReadUnwrapped,
    pairs: Sequence[str],
    elevation_m: np.ndarray,
    stable: np.ndarray,
    reference: np.ndarray,
    wavelength_m: float,
    settings: RateSettings,
) -> Scatter:
    """Paths of the dates by least squares from pairs smoothed over stable ground, in four states of correction.

    read_pair, elevation_m, stable, reference: as in `passes.stack_unwrapped`. What the filter and the common scene leave is
    judged by the pairs from which they were estimated: it is a lower bound. Raises RateError without a usable pair.
    """
    coarse = Coarse(elevation_m.shape, settings.atmosphere_cells)
    plain = replace(settings, height_correlated=False, plane=False)
    mm = -los.mm_per_rad(wavelength_m)
    path: dict[str, np.ndarray] = {}
    for state, chosen in zip(STATES[:2], (plain, settings), strict=True):
        used, smoothed = [], []
        for pair, phase, _ in corrected_pairs(read_pair, sorted(pairs), elevation_m, stable, reference, chosen, {}):
            used.append(pair)
            smoothed.append(coarse.smooth(phase, stable & np.isfinite(phase)))
        if not used:
            raise RateError("no usable pair on stable ground", "lower rates.pair_coherence")
        dates_from = trend_removal(used) @ np.linalg.pinv(pair_matrix(used))
        path[state] = mm * np.tensordot(dates_from, np.stack(smoothed), 1)
    for state, method in zip(STATES[2:], ("filter", "common_scene"), strict=True):
        delays: DateDelays = date_delays(np.stack(smoothed), used, coarse, method, settings.atmosphere_days)
        path[state] = path["pair fits"] - mm * np.tensordot(trend_removal(used), delays.phase_rad, 1)
    return Scatter(delays.dates, path, coarse, coarse.share(stable) >= HALF)

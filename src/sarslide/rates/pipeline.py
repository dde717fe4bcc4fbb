"""From the pairs of one track to its rate layers: two passes over the pairs, none of which is held in memory.

Pass 1 stacks pairs that were corrected on all coherent ground, and finds what moves. Pass 2 corrects each pair again on stable
ground only, references it to one written-down area, and stacks. `stack_rates` does this with unwrapped phase (P4),
`average_phase` with wrapped phase (P0).
"""

import logging
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from sarslide.rates import los
from sarslide.rates.passes import RateSettings, ReadUnwrapped, ReadWrapped, average_wrapped, stack_unwrapped
from sarslide.rates.reference import ReferenceArea, choose_reference, given_reference, stable_ground
from sarslide.rates.stacking import Stacked

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Rates:
    """What one track says.

    layers: registered name -> (rows, cols). stable: ground that the fits used. reference: the area. moving_limit: what the first
    pass called moving (rad/yr, or rad). pairs: what was removed from each pair, or why it was skipped.
    """

    layers: dict[str, np.ndarray]
    stable: np.ndarray
    reference: ReferenceArea
    moving_limit: float
    pairs: dict[str, dict]

    @property
    def ground(self) -> np.ndarray:
        """Layer `stable_ground`: 0 moving, incoherent or excluded, 1 used by the atmosphere fits, 2 reference area."""
        return np.where(self.reference.mask, 2, self.stable.astype(np.uint8)).astype(np.uint8)


def stack_rates(
    read_pair: ReadUnwrapped,
    pairs: Sequence[str],
    elevation_m: np.ndarray,
    wavelength_m: float,
    settings: RateSettings | None = None,
    exclude: np.ndarray | None = None,
) -> Rates:
    """P4's phase rate (eq. 1) and LOS rate (eq. 2, here positive TOWARDS the satellite) from unwrapped pairs.

    read_pair: pair name -> (unwrapped phase in rad, coherence, components or None), called twice a pair. elevation_m: (rows,
    cols). exclude: True where a cell must not enter a fit or the reference (layover, shadow).
    Layers: phase_rate_rad_per_yr, phase_rate_std_rad_per_yr, los_rate_mm_per_yr, los_rate_std_mm_per_yr,
    los_rate_paper_sign_mm_per_yr, mean_coherence, pair_count. Raises RateError without usable pairs, cells or reference.
    """
    settings = settings or RateSettings()
    allowed = _allowed(elevation_m, exclude)
    first, _ = stack_unwrapped(read_pair, pairs, elevation_m, allowed, allowed, settings)
    stable, limit, reference = find_ground(first, allowed, len(pairs), settings)
    log.info("moving: above %.1f rad/yr; reference: %d cells, %s", limit, reference.cells, reference.reason)
    stack, removed = stack_unwrapped(read_pair, pairs, elevation_m, stable, reference.mask, settings)
    layers = {
        "phase_rate_rad_per_yr": stack.estimate,
        "phase_rate_std_rad_per_yr": stack.std,
        "los_rate_mm_per_yr": los.los_rate_mm_per_yr(stack.estimate, wavelength_m),
        "los_rate_std_mm_per_yr": los.los_std_mm_per_yr(stack.std, wavelength_m),
        "los_rate_paper_sign_mm_per_yr": los.los_rate_paper_sign_mm_per_yr(stack.estimate, wavelength_m),
        "mean_coherence": stack.mean_coherence,
        "pair_count": stack.pair_count,
    }
    return Rates(layers, stable, reference, limit, removed)


def average_phase(
    read_pair: ReadWrapped,
    pairs: Sequence[str],
    elevation_m: np.ndarray,
    settings: RateSettings | None = None,
    exclude: np.ndarray | None = None,
    mean: str = "complex",
) -> Rates:
    """P0's averaged phase (B04, B05) of short wrapped pairs.

    read_pair: pair name -> (wrapped phase in rad, coherence), called twice a pair. mean: "complex" (direction of the mean phasor)
    or "arithmetic" (mean of the wrapped values, biased where they wrap). Layers: avg_phase_rad, positive away from the
    satellite, avg_phase_std_rad, mean_coherence, pair_count.
    """
    settings = settings or RateSettings()
    allowed = _allowed(elevation_m, exclude)
    still = np.zeros(elevation_m.shape)
    first, _ = average_wrapped(read_pair, pairs, elevation_m, allowed, allowed, still, settings, mean)
    stable, limit, reference = find_ground(first, allowed, len(pairs), settings)
    log.info("moving: above %.2f rad; reference: %d cells, %s", limit, reference.cells, reference.reason)
    average, removed = average_wrapped(
        read_pair, pairs, elevation_m, stable, reference.mask, first.estimate, settings, mean
    )
    layers = {
        "avg_phase_rad": average.estimate,
        "avg_phase_std_rad": average.std,
        "mean_coherence": average.mean_coherence,
        "pair_count": average.pair_count,
    }
    return Rates(layers, stable, reference, limit, removed)


def find_ground(
    first: Stacked, allowed: np.ndarray, pairs: int, settings: RateSettings
) -> tuple[np.ndarray, float, ReferenceArea]:
    """Stable ground, the limit of motion, and the reference area, from the first pass."""
    usable = allowed & np.isfinite(first.estimate)
    named = settings.reference and given_reference(allowed.shape, *settings.reference, usable)
    stable, limit = stable_ground(
        first, settings.min_coherence, settings.moving_sigma, settings.dilate_cells, named and named.mask
    )
    stable &= allowed
    return stable, limit, named or choose_reference(stable, first.pair_count == pairs)


def _allowed(elevation_m: np.ndarray, exclude: np.ndarray | None) -> np.ndarray:
    known = np.isfinite(elevation_m)
    return known if exclude is None else known & ~exclude

"""From the pairs of one track to its rate layers: passes over the pairs, none of which is held in memory.

The first pass stacks pairs that were corrected on all coherent ground, and finds what moves. The next corrects each pair again
on stable ground only, references it to one written-down area, and stacks; from its result stable ground is found again, until it
changes by less than 1 % (P2 3.1, B09). `stack_rates` does this with unwrapped phase (P4), `average_phase` with wrapped phase
(P0).
"""

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np

from sarslide.errors import RateError
from sarslide.rates import los
from sarslide.rates.passes import RateSettings, ReadUnwrapped, ReadWrapped, average_wrapped, stack_unwrapped
from sarslide.rates.reference import ReferenceArea, choose_reference, given_reference, stable_ground, surroundings
from sarslide.rates.stacking import LEAST_PAIRS, Stacked

log = logging.getLogger(__name__)

SETTLED = 0.01  # part of the stable cells that may change when the search ends
MAX_PASSES = 4  # after the first

# stable ground, reference area -> stack, what was removed from each pair
Pass = Callable[[np.ndarray, np.ndarray], tuple[Stacked, dict[str, dict]]]


@dataclass(frozen=True)
class Rates:
    """What one track says.

    layers: registered name -> (rows, cols). stable: ground that the fits used. reference: the area. moving_limit: what the first
    passes called moving (rad/yr, or rad). pairs: what was removed from each pair, or why it was skipped. changes: part of the
    stable cells that each pass after the first one found changed.
    """

    layers: dict[str, np.ndarray]
    stable: np.ndarray
    reference: ReferenceArea
    moving_limit: float
    pairs: dict[str, dict]
    changes: tuple[float, ...] = ()

    @property
    def ground(self) -> np.ndarray:
        """Layer `stable_ground`: 0 moving, incoherent or excluded, 1 used by the atmosphere fits, 2 reference area."""
        return np.where(self.reference.mask, 2, self.stable.astype(np.uint8)).astype(np.uint8)

    def notes(self, unit: str) -> dict:
        """JSON-ready: what was removed from each pair, what counted as moving (in `unit`), and how stable ground settled."""
        return {
            "removed": self.pairs,
            f"moving_limit_{unit}": self.moving_limit,
            "stable_ground_changes": list(self.changes),
        }


def stack_rates(
    read_pair: ReadUnwrapped,
    pairs: Sequence[str],
    elevation_m: np.ndarray,
    wavelength_m: float,
    settings: RateSettings | None = None,
    exclude: np.ndarray | None = None,
) -> Rates:
    """P4's phase rate (eq. 1) and LOS rate (eq. 2, here positive TOWARDS the satellite) from unwrapped pairs.

    read_pair: pair name -> (unwrapped phase in rad, coherence, components or None), called once a pass. elevation_m: (rows,
    cols). exclude: True where a cell must not enter a fit or the reference (layover, shadow).
    Layers: phase_rate_rad_per_yr, phase_rate_std_rad_per_yr, los_rate_mm_per_yr, los_rate_std_mm_per_yr,
    los_rate_paper_sign_mm_per_yr, mean_coherence, pair_count. Raises RateError without usable pairs, cells or reference.
    """
    found = settled_stack(read_pair, pairs, elevation_m, settings or RateSettings(), exclude)
    stack = found.stack
    layers = {
        "phase_rate_rad_per_yr": stack.estimate,
        "phase_rate_std_rad_per_yr": stack.std,
        "los_rate_mm_per_yr": los.los_rate_mm_per_yr(stack.estimate, wavelength_m),
        "los_rate_std_mm_per_yr": los.los_std_mm_per_yr(stack.std, wavelength_m),
        "los_rate_paper_sign_mm_per_yr": los.los_rate_paper_sign_mm_per_yr(stack.estimate, wavelength_m),
        "mean_coherence": stack.mean_coherence,
        "pair_count": stack.pair_count,
    }
    return Rates(layers, found.stable, found.reference, found.limit, found.removed, found.changes)


def average_phase(
    read_pair: ReadWrapped,
    pairs: Sequence[str],
    elevation_m: np.ndarray,
    settings: RateSettings | None = None,
    exclude: np.ndarray | None = None,
    mean: str = "complex",
) -> Rates:
    """P0's averaged phase (B04, B05) of short wrapped pairs.

    read_pair: pair name -> (wrapped phase in rad, coherence), called once a pass. mean: "complex" (direction of the mean phasor)
    or "arithmetic" (mean of the wrapped values, biased where they wrap). Layers: avg_phase_rad, positive away from the
    satellite, avg_phase_std_rad, mean_coherence, pair_count.
    """
    settings = settings or RateSettings()
    allowed = _allowed(elevation_m, exclude)
    still = np.zeros(elevation_m.shape)
    rough = replace(settings, ring=None)
    first, _ = average_wrapped(read_pair, pairs, elevation_m, allowed, allowed, still, rough, mean)
    found = settled(
        first,
        lambda stable, reference: average_wrapped(
            read_pair, pairs, elevation_m, stable, reference, first.estimate, settings, mean
        ),
        allowed,
        settings,
    )
    average = found.stack
    layers = {
        "avg_phase_rad": average.estimate,
        "avg_phase_std_rad": average.std,
        "mean_coherence": average.mean_coherence,
        "pair_count": average.pair_count,
    }
    return Rates(layers, found.stable, found.reference, found.limit, found.removed, found.changes)


@dataclass(frozen=True)
class Settled:
    """A stack whose stable ground has settled: stack and removed are those of the pass that used stable and reference."""

    stack: Stacked
    removed: dict[str, dict]
    stable: np.ndarray
    reference: ReferenceArea
    limit: float
    changes: tuple[float, ...]


def settled(first: Stacked, again: Pass, allowed: np.ndarray, settings: RateSettings) -> Settled:
    """Pass after pass until the stable ground found from a pass differs from that used in it by less than 1 %, at most four."""
    stable, limit, reference = find_ground(first, allowed, int(first.pair_count.max()), settings)
    changes: list[float] = []
    while True:
        log.info("moving: above %.2f; reference: %d cells, %s", limit, reference.cells, reference.reason)
        stack, removed = again(stable, reference.mask)
        new_stable, new_limit, new_reference = find_ground(stack, allowed, int(stack.pair_count.max()), settings)
        changes.append(float(np.sum(new_stable != stable) / stable.sum()))
        log.info("pass %d: %.2f %% of the stable ground changed", len(changes) + 1, 100 * changes[-1])
        if changes[-1] < SETTLED or len(changes) == MAX_PASSES:
            return Settled(stack, removed, stable, reference, limit, tuple(changes))
        stable, limit, reference = new_stable, new_limit, new_reference


def settled_stack(
    read_pair: ReadUnwrapped,
    pairs: Sequence[str],
    elevation_m: np.ndarray,
    settings: RateSettings,
    exclude: np.ndarray | None,
) -> Settled:
    """The stack of unwrapped pairs on ground that has settled; its first, rough pass takes no delays of dates off the pairs."""
    allowed = _allowed(elevation_m, exclude)
    rough = replace(settings, atmosphere="none", ring=None)
    first, _ = stack_unwrapped(read_pair, pairs, elevation_m, allowed, allowed, rough)
    return settled(
        first,
        lambda stable, reference: stack_unwrapped(read_pair, pairs, elevation_m, stable, reference, settings),
        allowed,
        settings,
    )


def find_ground(
    first: Stacked, allowed: np.ndarray, pairs: int, settings: RateSettings
) -> tuple[np.ndarray, float, ReferenceArea]:
    """Stable ground, the limit of motion, and the reference area, from a pass over so many usable pairs."""
    usable = allowed & np.isfinite(first.estimate)
    if not usable.any() and 0 < pairs < LEAST_PAIRS:
        raise RateError(
            f"{pairs} pairs with valid phase, a rate with its error needs {LEAST_PAIRS}",
            "add acquisitions, or ask for the D-InSAR maps of single pairs (rates.dinsar)",
        )
    named = settings.reference and given_reference(allowed.shape, *settings.reference, usable)
    stable, limit = stable_ground(
        first, settings.min_coherence, settings.moving_sigma, settings.dilate_cells, named and named.mask
    )
    stable &= allowed
    if settings.ring:
        return stable, limit, surroundings(stable, *settings.ring)
    return stable, limit, named or choose_reference(stable, first.pair_count == pairs)


def _allowed(elevation_m: np.ndarray, exclude: np.ndarray | None) -> np.ndarray:
    known = np.isfinite(elevation_m)
    return known if exclude is None else known & ~exclude

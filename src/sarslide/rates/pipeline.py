"""From the pairs of one stack to its rate layers.

Passes over the pairs, none of which is held in memory. The first pass stacks pairs that were
corrected on all coherent ground, and finds what moves. The next corrects each pair again on stable
ground only, references it to one written-down area, and stacks; from its result stable ground is
found again, until it changes by less than 1 % (P2 3.1, B09). `stack_rates` does this with unwrapped
phase (P4), `average_phase` with wrapped phase (P0).
"""

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from sarslide.rates import los
from sarslide.rates.ground import Ground, find_ground
from sarslide.rates.held_errors import held_to_stable_ground
from sarslide.rates.passes import ReadUnwrapped, ReadWrapped, average_wrapped, stack_unwrapped
from sarslide.rates.settings import RateSettings
from sarslide.rates.stacking import Stacked

log = logging.getLogger(__name__)

CONVERGED = 0.01  # part of the stable cells that may change in the last pass
MAX_PASSES = 4  # after the first

# ground -> stack, what was removed from each pair
Pass = Callable[[Ground], tuple[Stacked, dict[str, dict]]]


@dataclass(frozen=True)
class ConvergedStack:
    """A stack on ground that its own result confirms.

    Attributes
    ----------
    stack : Stacked
        Result of the last pass.
    ground : Ground
        Ground that the last pass used.
    moving_limit : float
        What the pass before called moving, in the unit of the estimate.
    removed : dict
        Pair -> what the last pass removed from it, or why it was skipped.
    changes : tuple of float
        Part of the stable cells that each pass after the first one found changed.
    """

    stack: Stacked
    ground: Ground
    moving_limit: float
    removed: dict[str, dict]
    changes: tuple[float, ...]


@dataclass(frozen=True)
class StackLayers:
    """Layers of one stack.

    Attributes
    ----------
    layers : dict of str to (rows, cols) array
        By registered name.
    ground : Ground
        Stable ground and reference area.
    moving_limit, removed, changes
        As in `ConvergedStack`.
    error_factors : sequence of dict
        What standard errors were multiplied with, by coherence: see `held_errors`.
    """

    layers: dict[str, np.ndarray]
    ground: Ground
    moving_limit: float
    removed: dict[str, dict]
    changes: tuple[float, ...] = ()
    error_factors: Sequence[dict[str, float]] = ()

    def notes(self, unit: str) -> dict:
        """How the layers came about, for a sidecar.

        Parameters
        ----------
        unit : str
            Unit of the estimate, for the key of the limit.

        Returns
        -------
        dict
            JSON-ready: what was removed from each pair, what counted as moving, how much of the
            stable ground each pass changed, and the factors of the standard errors.
        """
        return {
            "removed": self.removed,
            f"moving_limit_{unit}": self.moving_limit,
            "stable_ground_changes": list(self.changes),
            "error_factors": list(self.error_factors),
        }


def stack_rates(
    read_pair: ReadUnwrapped,
    pairs: Sequence[str],
    elevation_m: np.ndarray,
    wavelength_m: float,
    settings: RateSettings | None = None,
    exclude: np.ndarray | None = None,
) -> StackLayers:
    """P4's phase rate (eq. 1) and LOS rate (eq. 2) from unwrapped pairs.

    The LOS rate is positive TOWARDS the satellite.

    Parameters
    ----------
    read_pair : callable
        Pair -> unwrapped phase (rad), coherence, components or None; called once a pass.
    pairs : sequence of str
        Names of the pairs.
    elevation_m : (rows, cols) array of float
        Height, m.
    wavelength_m : float
        Radar wavelength, m.
    settings : RateSettings, optional
        What is masked, removed and weighted.
    exclude : (rows, cols) array of bool, optional
        True where a cell must not enter a fit or the reference (layover, shadow).

    Returns
    -------
    StackLayers
        phase_rate_rad_per_yr, phase_rate_std_rad_per_yr, los_rate_mm_per_yr,
        los_rate_std_mm_per_yr, los_rate_paper_sign_mm_per_yr, mean_coherence, pair_count.

    Raises
    ------
    RateError
        Without usable pairs, cells or reference.
    """
    settings = settings or RateSettings()
    found = converged_stack(read_pair, pairs, elevation_m, settings, exclude)
    stack = found.stack
    std, factors = held_to_stable_ground(stack.estimate, stack.std, stack.mean_coherence, found.ground.stable)
    layers = {
        "phase_rate_rad_per_yr": stack.estimate,
        "phase_rate_std_rad_per_yr": std,
        "los_rate_mm_per_yr": los.los_rate_mm_per_yr(stack.estimate, wavelength_m),
        "los_rate_std_mm_per_yr": los.los_std_mm_per_yr(std, wavelength_m),
        "los_rate_paper_sign_mm_per_yr": los.los_rate_paper_sign_mm_per_yr(
            stack.estimate, settings.paper_wavelength_m or wavelength_m
        ),
        "mean_coherence": stack.mean_coherence,
        "pair_count": stack.pair_count,
    }
    return StackLayers(layers, found.ground, found.moving_limit, found.removed, found.changes, factors)


def average_phase(
    read_pair: ReadWrapped,
    pairs: Sequence[str],
    elevation_m: np.ndarray,
    settings: RateSettings | None = None,
    exclude: np.ndarray | None = None,
    mean: str = "complex",
) -> StackLayers:
    """P0's averaged phase (B04, B05) of short wrapped pairs.

    Parameters
    ----------
    read_pair : callable
        Pair -> wrapped phase (rad), coherence; called once a pass.
    pairs : sequence of str
        Names of the pairs.
    elevation_m : (rows, cols) array of float
        Height, m.
    settings : RateSettings, optional
        What is masked, removed and weighted.
    exclude : (rows, cols) array of bool, optional
        True where a cell must not enter a fit or the reference (layover, shadow).
    mean : str
        "complex" (direction of the mean phasor) or "arithmetic" (mean of the wrapped values, biased
        where they wrap).

    Returns
    -------
    StackLayers
        avg_phase_rad, positive away from the satellite, avg_phase_std_rad, mean_coherence,
        pair_count.

    Raises
    ------
    RateError
        Without usable pairs, cells or reference, or for an unknown mean.
    """
    settings = settings or RateSettings()
    usable = Ground.usable(elevation_m, exclude)
    zero = np.zeros(usable.shape)
    first, _ = average_wrapped(read_pair, pairs, usable, settings.first_pass(), zero, mean)
    found = converge(
        first,
        lambda ground: average_wrapped(read_pair, pairs, ground, settings, first.estimate, mean),
        usable,
        settings,
    )
    average = found.stack
    layers = {
        "avg_phase_rad": average.estimate,
        "avg_phase_std_rad": average.std,
        "mean_coherence": average.mean_coherence,
        "pair_count": average.pair_count,
    }
    return StackLayers(layers, found.ground, found.moving_limit, found.removed, found.changes)


def converged_stack(
    read_pair: ReadUnwrapped,
    pairs: Sequence[str],
    elevation_m: np.ndarray,
    settings: RateSettings,
    exclude: np.ndarray | None = None,
) -> ConvergedStack:
    """The stack of unwrapped pairs on stable ground.

    The first pass takes no delays of dates off the pairs.

    Parameters
    ----------
    read_pair : callable
        Pair -> unwrapped phase (rad), coherence, components or None; called once a pass.
    pairs : sequence of str
        Names of the pairs.
    elevation_m : (rows, cols) array of float
        Height, m.
    settings : RateSettings
        What is masked, removed and weighted.
    exclude : (rows, cols) array of bool, optional
        True where a cell must not enter a fit or the reference (layover, shadow).

    Returns
    -------
    ConvergedStack
        Phase rate, rad/yr, and its ground.

    Raises
    ------
    RateError
        Without usable pairs, cells or reference.
    """
    usable = Ground.usable(elevation_m, exclude)
    first, _ = stack_unwrapped(read_pair, pairs, usable, settings.first_pass())
    return converge(first, lambda ground: stack_unwrapped(read_pair, pairs, ground, settings), usable, settings)


def converge(first: Stacked, one_pass: Pass, usable: Ground, settings: RateSettings) -> ConvergedStack:
    """Pass after pass until the stable ground found from a pass is the one that it used.

    Parameters
    ----------
    first : Stacked
        Result of the first pass, on all usable ground.
    one_pass : callable
        Ground -> stack, what was removed from each pair.
    usable : Ground
        Ground that may be used.
    settings : RateSettings
        Limits of coherence and motion; a reference that is named.

    Returns
    -------
    ConvergedStack
        Of the first pass whose stable ground changes by less than 1 %, of four at most.

    Raises
    ------
    RateError
        Without usable pairs, cells or reference.
    """
    ground, limit = find_ground(first, usable, settings)
    changes: list[float] = []
    while True:
        log.info("moving: above %.2f; reference: %d cells, %s", limit, ground.reference.cells, ground.reference.reason)
        stack, removed = one_pass(ground)
        found, new_limit = find_ground(stack, usable, settings)
        changes.append(float(np.sum(found.stable != ground.stable) / ground.stable.sum()))
        log.info("pass %d: %.2f %% of the stable ground changed", len(changes) + 1, 100 * changes[-1])
        if changes[-1] < CONVERGED or len(changes) == MAX_PASSES:
            return ConvergedStack(stack, ground, limit, removed, tuple(changes))
        ground, limit = found, new_limit

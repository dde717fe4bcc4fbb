"""Stack of phase gradients (P3 1, P4 1; B30): how fast the phase grows from cell to cell, without
unwrapping.

The difference of neighbouring cells of a wrapped pair, wrapped once more, is that of the unwrapped
phase wherever it is below half a cycle. Differences of all pairs are stacked as P4 stacks phase
(eq. 1): edges of what moves stand out where unwrapping fails, and no reference area decides them.
"""

from collections.abc import Sequence

import numpy as np

from sarslide.errors import RateError
from sarslide.names import split_pair
from sarslide.phase import wrapped
from sarslide.rates.ground import Ground
from sarslide.rates.passes import WRAPPED, Corrector, ReadWrapped
from sarslide.rates.settings import RateSettings
from sarslide.rates.stacking import Stack


def gradient(phase_rad: np.ndarray, cell_m: float) -> tuple[np.ndarray, np.ndarray]:
    """Gradient of a wrapped phase.

    Parameters
    ----------
    phase_rad : (rows, cols) array of float
        Phase, rad, wrapped or not; rows run south; NaN where unknown.
    cell_m : float
        Side of a cell, m.

    Returns
    -------
    east, north : (rows, cols) array of float
        Growth of the phase towards the east and the north, rad/m: the mean of the differences to
        both neighbours, or that to the known one; NaN where neither is known.
    """
    return _along(phase_rad, 1) / cell_m, -_along(phase_rad, 0) / cell_m


def _along(phase_rad: np.ndarray, axis: int) -> np.ndarray:
    """Mean of the wrapped differences to both neighbours, rad a cell."""
    steps = wrapped(np.diff(phase_rad.astype(float), axis=axis))
    to_both = [np.insert(steps, place, np.nan, axis=axis) for place in (0, steps.shape[axis])]
    known = np.isfinite(to_both)
    with np.errstate(invalid="ignore"):
        return np.where(known, to_both, 0).sum(axis=0) / known.sum(axis=0)


def phase_gradient(
    read_pair: ReadWrapped, pairs: Sequence[str], ground: Ground, cell_m: float, settings: RateSettings | None = None
) -> tuple[dict[str, np.ndarray], dict[str, dict]]:
    """Gradient of the phase rate of wrapped pairs.

    Parameters
    ----------
    read_pair : callable
        Pair -> wrapped phase (rad), coherence; called once.
    pairs : sequence of str
        Names of the pairs.
    ground : Ground
        Heights, and the stable ground on which atmosphere is taken off each pair.
    cell_m : float
        Side of a cell, m.
    settings : RateSettings, optional
        What is masked, removed and weighted.

    Returns
    -------
    layers : dict of str to (rows, cols) array
        phase_gradient_east_rad_per_yr_m and phase_gradient_north_rad_per_yr_m, growth of the phase
        rate (positive away from the satellite) towards the east and the north, and their standard
        errors.
    removed : dict
        Pair -> what was removed from it, or why it was skipped.

    Raises
    ------
    RateError
        Without pairs, or without stable ground.
    """
    if not ground.stable.any():
        raise RateError("no stable ground for the phase gradient", "lower rates.min_coherence", of_ground=True)
    settings = settings or RateSettings()
    corrector = Corrector(lambda pair: (*read_pair(pair), None), ground, settings, WRAPPED)
    ordered = sorted(pairs, key=lambda pair: split_pair(pair)[::-1])  # few dates are open at a time
    stacks = {way: Stack(ordered, ground.shape) for way in ("east", "north")}
    for pair in corrector.corrected(ordered):
        weight = settings.pair_weight(pair.coherence)
        for stack, slope in zip(stacks.values(), gradient(pair.phase_rad, cell_m), strict=True):
            stack.add(pair.name, slope, pair.coherence, weight)
    layers = {}
    for way, stack in stacks.items():
        found = stack.result(settings.min_pairs(len(pairs)))
        layers[f"phase_gradient_{way}_rad_per_yr_m"] = found.estimate
        layers[f"phase_gradient_{way}_std_rad_per_yr_m"] = found.std
    return layers, corrector.removed

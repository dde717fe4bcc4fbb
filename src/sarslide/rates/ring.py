"""The rate of each cell against the stable ground around it, beside that against the area.

Pairs lose their ring before they are stacked: where a cell lacks pairs that its ring has, the rate
less the ring's mean rate would keep the air of those pairs, at any distance. The standard error is
that of the stacked differences: it holds the noise of the cell and of its ring, and of the air only
what differs between both, however it is correlated in space.
"""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from sarslide.errors import RateError
from sarslide.rates import los
from sarslide.rates.corrections.double_difference import ring_sum
from sarslide.rates.ground import Ground
from sarslide.rates.passes import ReadUnwrapped, stack_unwrapped
from sarslide.rates.settings import RateSettings


def ring_rates(
    read_pair: ReadUnwrapped,
    pairs: Sequence[str],
    ground: Ground,
    wavelength_m: float,
    settings: RateSettings,
    ring: tuple[float, float],
) -> tuple[dict[str, np.ndarray], dict[str, dict]]:
    """Stack unwrapped pairs, each cell against its ring, on ground that a rate method found.

    Parameters
    ----------
    read_pair : callable
        Pair -> unwrapped phase (rad), coherence, components or None; called once.
    pairs : sequence of str
        Names of the pairs.
    ground : Ground
        Heights, stable ground and reference area of the method.
    wavelength_m : float
        Radar wavelength, m.
    settings : RateSettings
        What is masked, removed and weighted.
    ring : tuple of float
        Inner and outer radius, cells.

    Returns
    -------
    layers : dict of str to (rows, cols) array
        los_rate_ring_mm_per_yr, positive TOWARDS the satellite, and los_rate_ring_std_mm_per_yr;
        NaN where less than 2 % of the ring is stable ground.
    removed : dict
        Pair -> what was removed from it, or why it was skipped.

    Raises
    ------
    RateError
        There is no stable ground.
    """
    if not ground.stable.any():
        raise RateError("no stable ground for the rings", "lower rates.min_coherence", of_ground=True)
    about = replace(settings, ring=ring)
    stack, removed = stack_unwrapped(read_pair, pairs, ground, about, lambda each: _mean_within(each, ring[1]))
    layers = {
        "los_rate_ring_mm_per_yr": los.los_rate_mm_per_yr(stack.estimate, wavelength_m),
        "los_rate_ring_std_mm_per_yr": los.los_std_mm_per_yr(stack.std, wavelength_m),
    }
    return layers, removed


def _mean_within(values: np.ndarray, radius_cells: float) -> np.ndarray:
    """Mean of the finite values within a radius of each cell, NaN without any."""
    known = np.isfinite(values)
    count = ring_sum(known.astype(float), -1, radius_cells)
    total = ring_sum(np.where(known, values, 0.0), -1, radius_cells)
    return total / np.where(np.rint(count) > 0, count, np.nan)

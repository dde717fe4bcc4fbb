"""Each cell against the stable ground around it: a reference for regions that have no stable point.

The mean of stable ground in a ring about the cell is taken off, which removes all that is longer
than the ring: atmosphere, orbits, the motion of the whole region. What moves as one with its
surroundings becomes stationary. A landslide is seen at its full rate as long as the ring holds
stable ground; ground that creeps below the limit of motion and fills part of the ring lowers the
rate by its own mean times that part, and a landslide that leaves no stable ground inside the outer
radius has no value.
"""

import numpy as np

from sarslide.rates.corrections.date_delays import Coarse

MIN_SHARE = 0.02  # of the ring that must be stable ground
WIDTHS = 8  # of the Gaussian that `Coarse` is made for, in the width of a ring: 24 coarse cells across it


def double_difference(values: np.ndarray, stable: np.ndarray, inner_cells: float, outer_cells: float) -> np.ndarray:
    """Values less the mean of the stable, known cells between two radii.

    Parameters
    ----------
    values : (rows, cols) array of float
        Phase or rate, any unit, NaN where unknown.
    stable : (rows, cols) array of bool
        True where the ground does not move.
    inner_cells, outer_cells : float
        Radii of the ring, cells.

    Returns
    -------
    (rows, cols) array of float
        NaN where less than 2 % of the ring is stable ground.
    """
    use = stable & np.isfinite(values)
    total = ring_sum(np.where(use, values, 0.0), inner_cells, outer_cells)
    return values - total / _ring_count(use, inner_cells, outer_cells)


def double_difference_wrapped(phase_rad: np.ndarray, stable: np.ndarray, inner: float, outer: float) -> np.ndarray:
    """The same for a wrapped phase: less the direction of the mean phasor of the ring.

    Parameters
    ----------
    phase_rad : (rows, cols) array of float
        Wrapped phase, rad, NaN where unknown.
    stable : (rows, cols) array of bool
        True where the ground does not move.
    inner, outer : float
        Radii of the ring, cells.

    Returns
    -------
    (rows, cols) array of float
        NaN where less than 2 % of the ring is stable ground; wrapped to (-pi, pi].
    """
    use = stable & np.isfinite(phase_rad)
    phasor = np.where(use, np.exp(1j * np.where(use, phase_rad, 0)), 0)
    total = ring_sum(phasor.real, inner, outer) + 1j * ring_sum(phasor.imag, inner, outer)
    return np.angle(np.exp(1j * phase_rad) * np.conj(total / _ring_count(use, inner, outer)))


def ring_sum(values: np.ndarray, inner_cells: float, outer_cells: float) -> np.ndarray:
    """Sum over the cells between two radii, around each cell.

    Sums vary little from cell to cell: they are made on a grid of 24 cells across the ring, where
    the radii are as exact, and interpolated. A ring of up to 48 cells is summed cell by cell.

    Parameters
    ----------
    values : (rows, cols) array of float
        Finite.
    inner_cells, outer_cells : float
        Radii, cells; the outer one belongs to the ring. An inner radius below 0 makes it a disc.

    Returns
    -------
    (rows, cols) array of float
        In the unit of `values`; nothing is added beyond the grid.
    """
    from scipy.signal import oaconvolve

    coarse = Coarse((values.shape[0], values.shape[1]), (outer_cells - inner_cells) / WIDTHS)
    ring = _ring(inner_cells / coarse.step, outer_cells / coarse.step)
    return coarse.spread(oaconvolve(coarse.sums(values), ring, mode="same"))


def _ring_count(use: np.ndarray, inner: float, outer: float) -> np.ndarray:
    """Cells of the ring that are used, NaN where they are too few."""
    count = ring_sum(use.astype(float), inner, outer)
    return np.where(np.rint(count) >= max(1.0, MIN_SHARE * np.pi * (outer**2 - inner**2)), count, np.nan)


def _ring(inner: float, outer: float) -> np.ndarray:
    reach = int(outer)
    away = np.hypot(*np.mgrid[-reach : reach + 1, -reach : reach + 1])
    return ((away > inner) & (away <= outer)).astype(float)

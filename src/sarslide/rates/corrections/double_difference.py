"""Each cell against the stable ground around it: a reference for regions that have no stable point.

The mean of stable ground in a ring about the cell is taken off, which removes all that is longer
than the ring: atmosphere, orbits, the motion of the whole region. What moves as one with its
surroundings becomes stationary. A landslide is seen at its full rate as long as the ring holds
stable ground; ground that creeps below the limit of motion and fills part of the ring lowers the
rate by its own mean times that part, and a landslide that leaves no stable ground inside the outer
radius has no value.
"""

import numpy as np

MIN_SHARE = 0.02  # of the ring that must be stable ground


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
    total = _ring_sum(np.where(use, values, 0.0), inner_cells, outer_cells)
    return values - _ring_mean(total, use, inner_cells, outer_cells)


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
    total = _ring_sum(phasor.real, inner, outer) + 1j * _ring_sum(phasor.imag, inner, outer)
    return np.angle(np.exp(1j * phase_rad) * np.conj(_ring_mean(total, use, inner, outer)))


def _ring_mean(total: np.ndarray, use: np.ndarray, inner: float, outer: float) -> np.ndarray:
    count = np.rint(_ring_sum(use.astype(float), inner, outer))
    enough = count >= max(1.0, MIN_SHARE * _ring(inner, outer).sum())
    return np.where(enough, total / np.where(enough, count, 1), np.nan)


def _ring_sum(values: np.ndarray, inner: float, outer: float) -> np.ndarray:
    from scipy.signal import oaconvolve

    return oaconvolve(values, _ring(inner, outer), mode="same")


def _ring(inner: float, outer: float) -> np.ndarray:
    reach = int(outer)
    away = np.hypot(*np.mgrid[-reach : reach + 1, -reach : reach + 1])
    return ((away > inner) & (away <= outer)).astype(float)

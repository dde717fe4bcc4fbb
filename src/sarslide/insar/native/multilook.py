"""Sums over the samples of a cell and over boxes of cells."""

import numpy as np


def cell_sum(samples: np.ndarray, per_y: int, per_x: int) -> np.ndarray:
    """Sums (rows / per_y, cols / per_x) over blocks of per_y x per_x samples of the lattice."""
    rows, cols = samples.shape
    # Rows first: adding whole rows runs through memory in order.
    tall = samples.reshape(rows // per_y, per_y, cols).sum(axis=1)
    return tall.reshape(rows // per_y, cols // per_x, per_x).sum(axis=2)


def box_sum(cells: np.ndarray, window: int) -> np.ndarray:
    """Sums over boxes of window x window cells around each cell; at the border over what there is. `window` is odd."""
    reach = window // 2
    total = cells
    for axis in (0, 1):
        size = total.shape[axis]
        padded = np.pad(total, [(reach, reach) if a == axis else (0, 0) for a in (0, 1)])
        total = sum(np.take(padded, range(k, k + size), axis) for k in range(window))
    return total


def noise_bandwidth(bandwidth_hz: float, window: float) -> float:
    """Noise-equivalent bandwidth of a generalised Hamming window a + (1 - a) cos: the rate of independent samples.

    (integral of w^2)^2 / (integral of w^4): the number of equal-power independent samples in a second of speckle.
    """
    f = np.linspace(-0.5, 0.5, 2001)
    power = (window + (1 - window) * np.cos(2 * np.pi * f)) ** 2
    return float(bandwidth_hz * power.mean() ** 2 / (power**2).mean())

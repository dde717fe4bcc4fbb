"""Looks of a cell: sums over its samples, and the neighbours that are like it.

A cell takes the looks of the 3 x 3 cells around it with weights 1-2-1 along each axis, of those
whose mean power is not another one and that do not move against it. The test of the power is the
likelihood ratio of two gamma laws (Parizzi and Brcic 2011, doi:10.1109/LGRS.2010.2083631), there
for dates with independent speckle. Speckle that lasts from date to date counts here as often as it
is renewed, so that a coherent cell is not refused for the speckle that it keeps. The test of motion
compares the interferograms of both cells: a landslide rarely ends where the power changes, and
looks from beyond its edge take motion from one side and give it to the other.
"""

import numpy as np

WEIGHTS = np.array([1, 2, 1, 2, 4, 2, 1, 2, 1], np.float32)  # of the neighbours, row by row
STEPS = [(row, col) for row in range(3) for col in range(3)]
CRITICAL = 6.635  # of chi-square with one degree of freedom, 1 %
APART = 0.5  # of both scores of `moving_apart`: 7 mm/yr in 10 dates of 108 days; every fourth still neighbour fails

ABSENT = 1e4  # a linked date without samples, in the place of 1: far from the smallest eigenvalue


def cell_covariance(samples: np.ndarray, per_y: int, per_x: int) -> np.ndarray:
    """Sums of s_i conj(s_j) over the samples of each cell.

    Parameters
    ----------
    samples : (n, rows * per_y, cols * per_x) array of complex64
        Samples of each date, 0 without data.
    per_y, per_x : int
        Samples of a cell along each axis.

    Returns
    -------
    (rows, cols, n, n) array of complex64
        The sums.
    """
    n, tall, wide = samples.shape
    rows, cols = tall // per_y, wide // per_x
    by_cell = samples.reshape(n, rows, per_y, cols, per_x).transpose(1, 3, 0, 2, 4).reshape(rows, cols, n, -1)
    return by_cell @ by_cell.conj().swapaxes(-1, -2)


def similar_weights(covariance: np.ndarray, looks: float, hidden: np.ndarray) -> np.ndarray:
    """Weights of the cells around each cell.

    Parameters
    ----------
    covariance : (rows + 2, cols + 2, n, n) array of complex64
        Of `cell_covariance`, with a margin of one cell.
    looks : float
        Independent looks of a cell on one date.
    hidden : (rows + 2, cols + 2) array of bool
        Cells in layover or shadow: they are no looks of open ground, nor it of them.

    Returns
    -------
    (rows, cols, 9) array of float32
        Weights, row by row of the window; 0 for neighbours that differ.
    """
    power = np.einsum("rcii->rci", covariance).real.sum(-1)
    square = np.square(np.abs(covariance)).sum((-1, -2))
    # E|C_ij|^2 = |c_ij|^2 + c_ii c_jj / L and E(sum C_ii)^2 = (sum c_ii)^2 + sum |c_ij|^2 / L.
    raw = np.divide(square, power**2, out=np.ones_like(power), where=power > 0)
    dates = covariance.shape[-1]
    lasting = np.clip((raw - 1 / looks) / (1 - raw / looks), 1 / dates, 1) if looks > 1 else np.ones_like(raw)
    shape = looks / lasting  # of the gamma law of the mean power
    inner = (slice(1, -1), slice(1, -1))
    weights = np.zeros((*power[inner].shape, len(STEPS)), np.float32)
    rows, cols = power[inner].shape
    for k, (row, col) in enumerate(STEPS):
        at = (slice(row, row + rows), slice(col, col + cols))
        ratio = _likelihood_ratio(power[inner], power[at], shape[inner], shape[at])
        like = (power[at] > 0) & (hidden[at] == hidden[inner]) & (ratio < CRITICAL)
        weights[..., k] = np.where(like, WEIGHTS[k], 0)
    return weights


def moving_apart(covariance: np.ndarray, years: np.ndarray) -> np.ndarray:
    """Neighbours of each cell that move against it.

    In the interferogram of two dates, without their sizes, the phases of two cells differ by the
    relative motion v times the interval and by noise. The score of v is the sum over all pairs of
    interval x sin(difference). Divided by the root of n sum(interval^2) it is, where v is small, v
    times the root of sum (t - mean t)^2, with the standard deviation of one date's difference in
    phase. Where v turns the longer intervals by more than half a cycle, the mean sine of the pairs
    of neighbouring dates tells.

    Parameters
    ----------
    covariance : (rows + 2, cols + 2, n, n) array of complex64
        Of `cell_covariance`, with a margin of one cell.
    years : (n,) array of float
        Time of each date, years.

    Returns
    -------
    (rows, cols, 9) array of bool
        Row by row of the window; False in its centre.
    """
    rows, cols = covariance.shape[0] - 2, covariance.shape[1] - 2
    earlier, later = np.triu_indices(len(years), 1)
    gap, next_date = years[later] - years[earlier], later - earlier == 1
    of_rate = gap / np.sqrt(len(years) * np.square(gap).sum())
    scored = np.stack([of_rate, next_date / next_date.sum()]).astype(np.float32)
    product = covariance[..., earlier, later]
    turn = np.divide(product, np.abs(product), out=np.zeros_like(product), where=product != 0)
    apart = np.zeros((rows, cols, len(STEPS)), bool)
    for k, (row, col) in enumerate(STEPS):
        difference = turn[1:-1, 1:-1] * turn[row : row + rows, col : col + cols].conj()
        apart[..., k] = (np.abs(difference.imag @ scored.T) > APART).any(-1)
    return apart


def _likelihood_ratio(a: np.ndarray, b: np.ndarray, shape_a: np.ndarray, shape_b: np.ndarray) -> np.ndarray:
    """Twice the logarithm of the likelihood ratio of two means against their common one."""
    total = shape_a + shape_b
    with np.errstate(divide="ignore", invalid="ignore"):
        common = np.log((shape_a * a + shape_b * b) / total)
        return 2 * (total * common - shape_a * np.log(a) - shape_b * np.log(b))


def window_looks(weights: np.ndarray, looks: float) -> np.ndarray:
    """Independent looks of a weighted window.

    Parameters
    ----------
    weights : (..., 9) array of float
        Of `similar_weights`.
    looks : float
        Independent looks of a cell.

    Returns
    -------
    (...) array of float
        looks (sum w)^2 / sum w^2; 0 without any.
    """
    square = np.square(weights).sum(-1)
    return looks * np.divide(weights.sum(-1) ** 2, square, out=np.zeros_like(square), where=square > 0)

"""Coherence from unfiltered samples of two geocoded SLCs."""

from functools import cache

import numpy as np

TABLE_SIZE = 96  # values of coherence that the bias is computed for
TABLE_TOP = 0.95  # above, the bias of 40 looks is below 0.001


def box_sum(cells: np.ndarray, window: int) -> np.ndarray:
    """Sums over boxes of cells; at the border over what there is.

    Parameters
    ----------
    cells : (rows, cols) array
        Values.
    window : int
        Side of the box around each cell, odd.

    Returns
    -------
    (rows, cols) array
        Sums.
    """
    reach = window // 2
    total = cells
    for axis in (0, 1):
        size = total.shape[axis]
        padded = np.pad(total, [(reach, reach) if a == axis else (0, 0) for a in (0, 1)])
        total = np.asarray(sum(np.take(padded, range(k, k + size), axis) for k in range(window)))
    return total


def coherence(product: np.ndarray, power_1: np.ndarray, power_2: np.ndarray, window: int, looks: float) -> np.ndarray:
    """Bias-corrected coherence.

    The sample coherence of L looks is biased upwards, to 0.12 on incoherent ground for L = 54;
    `expected_coherence` is inverted, so that a mean over cells is that of the coherence. Ground
    that looks no better than incoherent gets 0.

    Parameters
    ----------
    product : (rows, cols) array of complex
        Sums of s1 conj(s2) over the samples of each cell.
    power_1, power_2 : (rows, cols) array of float
        Sums of |s1|^2 and |s2|^2.
    window : int
        Side of the box of cells that is summed.
    looks : float
        Independent looks in that box.

    Returns
    -------
    (rows, cols) array of float32
        Coherence, 0 to 1; NaN where a power is 0.
    """
    both = (power_1 > 0) & (power_2 > 0)
    sums, first, second = (box_sum(np.where(both, cells, 0), window) for cells in (product, power_1, power_2))
    raw = np.divide(np.abs(sums), np.sqrt(first * second), out=np.zeros(both.shape, np.float32), where=both)
    true, expected = _bias_table(round(looks, 3))
    return np.where(both, np.interp(raw, expected, true), np.nan).astype(np.float32)


def expected_coherence(true: np.ndarray, looks: float) -> np.ndarray:
    """Mean of the sample coherence of some independent looks.

    E = G(L) G(3/2) / G(L + 1/2) 3F2(3/2, L, L; L + 1/2, 1; g^2) (1 - g^2)^L, summed term by term in
    logarithms.

    Parameters
    ----------
    true : (n,) array of float
        Coherence g, below 1.
    looks : float
        Independent looks L.

    Returns
    -------
    (n,) array of float
        Expected sample coherence.

    References
    ----------
    R. Touzi et al., 1999, IEEE TGRS 37(1), doi:10.1109/36.739146.
    """
    from scipy.special import gammaln

    square = np.asarray(true, float)[:, None] ** 2
    k = np.arange(int(60 * looks))  # the largest term of g = 0.95 is near 19 L
    ratio = (k + 1.5) * (k + looks) ** 2 / ((k + looks + 0.5) * (k + 1) ** 2)
    log_terms = np.concatenate([[0], np.cumsum(np.log(ratio))[:-1]]) + k * np.log(np.maximum(square, 1e-300))
    front = gammaln(looks) + gammaln(1.5) - gammaln(looks + 0.5) + looks * np.log1p(-square[:, 0])
    top = log_terms.max(axis=1)
    return np.exp(front + top) * np.exp(log_terms - top[:, None]).sum(axis=1)


@cache
def _bias_table(looks: float) -> tuple[np.ndarray, np.ndarray]:
    true = np.linspace(0, TABLE_TOP, TABLE_SIZE)
    return np.append(true, 1.0), np.append(expected_coherence(true, looks), 1.0)

"""Coherence from unfiltered samples of two geocoded SLCs."""

import math
from functools import cache

import numpy as np

from sarslide.io.blocks import strips

TABLE_SIZE = 96  # values of coherence that the bias is computed for
ROWS_AT_ONCE = 256
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
    true, expected = _bias_table(round(looks, 3))
    reach = window // 2
    out = np.empty(product.shape, np.float32)
    for rows in strips(len(product), ROWS_AT_ONCE):
        around = slice(max(rows.start - reach, 0), rows.stop + reach)
        inner = slice(rows.start - around.start, rows.stop - around.start)
        both = (power_1[around] > 0) & (power_2[around] > 0)
        sums, first, second = (
            box_sum(np.where(both, cells[around], 0), window)[inner] for cells in (product, power_1, power_2)
        )
        both = both[inner]
        raw = np.divide(np.abs(sums), np.sqrt(first * second), out=np.zeros(both.shape, np.float32), where=both)
        out[rows] = np.where(both, np.interp(raw, expected, true), np.nan)
    return out


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
    square = np.asarray(true, float)[:, None] ** 2
    k = np.arange(int(60 * looks))  # the largest term of g = 0.95 is near 19 L
    ratio = (k + 1.5) * (k + looks) ** 2 / ((k + looks + 0.5) * (k + 1) ** 2)
    log_terms = np.concatenate([[0], np.cumsum(np.log(ratio))[:-1]]) + k * np.log(np.maximum(square, 1e-300))
    front = math.lgamma(looks) + math.lgamma(1.5) - math.lgamma(looks + 0.5) + looks * np.log1p(-square[:, 0])
    top = log_terms.max(axis=1)
    return np.exp(front + top) * np.exp(log_terms - top[:, None]).sum(axis=1)


@cache
def _bias_table(looks: float) -> tuple[np.ndarray, np.ndarray]:
    true = np.linspace(0, TABLE_TOP, TABLE_SIZE)
    return np.append(true, 1.0), np.append(expected_coherence(true, looks), 1.0)

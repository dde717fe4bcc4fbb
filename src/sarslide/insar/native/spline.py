"""Cubic B-splines on a raster of coefficients, compiled."""

import numpy as np
from numba import njit


@njit(cache=True, nogil=True, fastmath=True)
def spline(coefficients, rows, by_row, cols, by_col, out):
    """Cubic B-spline at the crossings of rows and columns.

    Parameters
    ----------
    coefficients : array of float
        Coefficients of the raster.
    rows, by_row : (n, 4) array
        Indices and weights along the rows.
    cols, by_col : (m, 4) array
        Indices and weights along the columns.
    out : (n, m) array of float
        Written to.
    """
    first, last = cols.min(), cols.max()
    along = np.empty(last - first + 1)
    for r in range(out.shape[0]):
        for c in range(along.size):
            along[c] = 0
        for k in range(4):
            weight, row = by_row[r, k], rows[r, k]
            for c in range(along.size):
                along[c] += weight * coefficients[row, first + c]
        for c in range(out.shape[1]):
            value = 0.0
            for k in range(4):
                value += by_col[c, k] * along[cols[c, k] - first]
            out[r, c] = value

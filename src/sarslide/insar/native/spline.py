"""Cubic B-splines on a raster of coefficients, compiled."""

import numpy as np

from sarslide.insar.native.compiled import njit


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


@njit(cache=True, nogil=True, fastmath=True)
def _weights(t, out):
    """Weights of the four coefficients around a position, `t` beyond the second one."""
    out[0] = (1 - t) ** 3 / 6
    out[1] = (3 * t**3 - 6 * t**2 + 4) / 6
    out[2] = (-3 * t**3 + 3 * t**2 + 3 * t + 1) / 6
    out[3] = t**3 / 6


@njit(cache=True, nogil=True, fastmath=True)
def spline_at(coefficients, row, col, out):
    """Cubic B-spline at scattered positions, mirrored at the border.

    Parameters
    ----------
    coefficients : (rows, cols) array of float
        Coefficients of the raster.
    row, col : (n,) array of float
        Positions; whole numbers are the centres of cells.
    out : (n,) array of float
        Written to; NaN beyond the centres of the outer cells.
    """
    last_row, last_col = coefficients.shape[0] - 1, coefficients.shape[1] - 1
    by_row, by_col = np.empty(4), np.empty(4)
    for n in range(out.size):
        if not (0 <= row[n] <= last_row and 0 <= col[n] <= last_col):
            out[n] = np.nan
            continue
        r0, c0 = int(row[n]), int(col[n])
        _weights(row[n] - r0, by_row)
        _weights(col[n] - c0, by_col)
        value = 0.0
        for i in range(4):
            r = abs(r0 + i - 1)
            r = 2 * last_row - r if r > last_row else r
            along = 0.0
            for j in range(4):
                c = abs(c0 + j - 1)
                c = 2 * last_col - c if c > last_col else c
                along += by_col[j] * coefficients[r, c]
            value += by_row[i] * along
        out[n] = value

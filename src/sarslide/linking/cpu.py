"""The estimators for one CPU core, compiled, cell by cell.

`tensor` holds the same estimators in batches for a GPU. Both follow these steps: coherence of the
weighted window; |coherence| shrunk toward identity; its inverse; the eigenvector of EVD or EMI;
its phases against the first date that the cell has; temporal coherence; Cramer-Rao bound.
"""

import numpy as np

from sarslide.insar.native.compiled import njit
from sarslide.linking.looks import ABSENT

FACTORS = 12  # factorisations before an eigenvector is taken as it is
SOLVES = 2  # with each of them
TOLERANCE = 1e-7  # of the residual, against the size of the matrix


def link_cells(
    covariance: np.ndarray, weights: np.ndarray, looks: np.ndarray, emi: bool, shrink: float
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Linked phases of the cells of a block.

    Parameters
    ----------
    covariance : (rows + 2, cols + 2, n, n) array of complex64
        Sums of s_i conj(s_j) over the samples of each cell, with a margin of one cell.
    weights : (rows, cols, 9) array of float32
        Weights of the cells around each.
    looks : (rows, cols) array of float32
        Independent looks of that window.
    emi : bool
        EMI, else EVD.
    shrink : float
        Share of identity in the magnitude of the coherence, 0 to 1.

    Returns
    -------
    phase : (n, rows, cols) array of float32
        Phase of each date against the first one that the cell has, rad; NaN without samples.
    std : (n, rows, cols) array of float32
        Cramer-Rao bound of its standard deviation, rad.
    agreement : (rows, cols) array of float32
        Temporal coherence, -1 to 1; NaN with fewer than two dates.
    """
    shape = (covariance.shape[-1], *weights.shape[:2])
    phase, std = np.full(shape, np.nan, np.float32), np.full(shape, np.nan, np.float32)
    agreement = np.full(shape[1:], np.nan, np.float32)
    _link(covariance, weights, looks, emi, shrink, phase, std, agreement)
    return phase, std, agreement


@njit(cache=True, nogil=True)
def _link(covariance, weights, looks, emi, shrink, phase, std, agreement):
    n = covariance.shape[2]
    window = np.empty((n, n), np.complex128)
    coherent = np.empty((n, n), np.complex128)
    matrix = np.empty((n, n), np.complex128)
    factor = np.empty((n, n), np.complex128)
    size, inverse, lower = np.empty((n, n)), np.empty((n, n)), np.empty((n, n))
    vector, work = np.empty(n, np.complex128), np.empty(n, np.complex128)
    present = np.empty(n, np.bool_)
    for row in range(weights.shape[0]):
        for col in range(weights.shape[1]):
            centre = covariance[row + 1, col + 1]
            held = 0
            first = -1
            for i in range(n):
                present[i] = centre[i, i].real > 0
                held += present[i]
                if present[i] and first < 0:
                    first = i
            if held < 2:
                continue
            window[:] = 0
            for k in range(9):
                if weights[row, col, k] > 0:
                    window += weights[row, col, k] * covariance[row + k // 3, col + k % 3]
            for i in range(n):
                for j in range(n):
                    coherent[i, j] = 0
                    if i == j:
                        coherent[i, j] = 1
                    elif present[i] and present[j]:
                        coherent[i, j] = window[i, j] / np.sqrt(window[i, i].real * window[j, j].real)
            kept = 1 - shrink
            _sizes(coherent, kept, size)
            while not _inverse(size, lower, inverse):
                kept /= 2
                _sizes(coherent, kept, size)
            for i in range(n):
                vector[i] = coherent[i, first] if present[i] else 0
            bound = 0.0
            for i in range(n):
                total = 0.0
                for j in range(n):
                    total += abs(coherent[i, j])
                    matrix[i, j] = coherent[i, j]
                    if emi:
                        matrix[i, j] *= -inverse[i, j] * (1 if i == j else kept)
                if emi and not present[i]:
                    matrix[i, i] = -ABSENT
                bound = max(bound, total)
            _largest(matrix, 0.0 if emi else bound, vector, work, factor)
            for i in range(n):
                if present[i]:
                    vector[i] /= abs(vector[i]) + 1e-300
            turn = np.conj(vector[first])
            for i in range(n):
                if present[i]:
                    vector[i] *= turn
                    phase[i, row, col] = np.angle(vector[i])
            agreement[row, col] = _agreement(coherent, vector, present)
            _bound(size, inverse, present, first, 2 * looks[row, col], lower, std[:, row, col])


@njit(cache=True, nogil=True)
def _sizes(coherent, kept, size):
    """Magnitudes of the coherence, shrunk toward identity."""
    for i in range(len(size)):
        for j in range(len(size)):
            size[i, j] = 1 if i == j else kept * abs(coherent[i, j])


@njit(cache=True, nogil=True)
def _inverse(matrix, lower, inverse):
    """Inverse of a real matrix by Cholesky; whether it is positive definite."""
    n = len(matrix)
    for i in range(n):
        for j in range(i + 1):
            total = matrix[i, j]
            for k in range(j):
                total -= lower[i, k] * lower[j, k]
            if i > j:
                lower[i, j] = total / lower[j, j]
            elif total > 1e-9:
                lower[i, i] = np.sqrt(total)
            else:
                return False
    # The rows of inv(L), then inv(L)' inv(L).
    for i in range(n):
        lower[i, i] = 1 / lower[i, i]
        for j in range(i):
            total = 0.0
            for k in range(j, i):
                total += lower[i, k] * lower[k, j]
            lower[i, j] = -total * lower[i, i]
    for i in range(n):
        for j in range(i + 1):
            total = 0.0
            for k in range(i, n):
                total += lower[k, i] * lower[k, j]
            inverse[i, j] = inverse[j, i] = total
    return True


@njit(cache=True, nogil=True)
def _largest(matrix, bound, vector, work, factor):
    """Eigenvector of the largest eigenvalue, by inverse iteration from above.

    `bound` is no less than that eigenvalue. The shift comes down to the Rayleigh quotient plus the
    residual; where it falls below the eigenvalue the matrix has no Cholesky factor, and the shift
    goes back half the way.
    """
    n = len(matrix)
    high, shift = bound * (1 + 1e-9) + 1e-9, bound * (1 + 1e-9) + 1e-9
    _normalise(vector)
    for _ in range(FACTORS):
        if not _factorise(matrix, shift, factor):
            shift = 0.5 * (shift + high)
            continue
        high = shift
        for _ in range(SOLVES):
            _solve(factor, vector)
            _normalise(vector)
        quotient = 0.0
        for i in range(n):
            total = 0j
            for j in range(n):
                total += matrix[i, j] * vector[j]
            work[i] = total
            quotient += (np.conj(vector[i]) * total).real
        residual = 0.0
        for i in range(n):
            left = work[i] - quotient * vector[i]
            residual += left.real**2 + left.imag**2
        residual = np.sqrt(residual)
        if residual < TOLERANCE * (1 + abs(quotient)):
            return
        shift = min(quotient + residual, high)


@njit(cache=True, nogil=True)
def _factorise(matrix, shift, factor):
    """Cholesky factor of shift I - matrix; whether there is one. The diagonal holds reciprocals."""
    n = len(matrix)
    for i in range(n):
        for j in range(i + 1):
            total = -matrix[i, j]
            if i == j:
                total += shift
            for k in range(j):
                total -= factor[i, k] * np.conj(factor[j, k])
            if i > j:
                factor[i, j] = total * factor[j, j]
            elif total.real > 0:
                factor[i, i] = 1 / np.sqrt(total.real)
            else:
                return False
    return True


@njit(cache=True, nogil=True)
def _solve(factor, vector):
    n = len(vector)
    for i in range(n):
        total = vector[i]
        for k in range(i):
            total -= factor[i, k] * vector[k]
        vector[i] = total * factor[i, i]
    for i in range(n - 1, -1, -1):
        total = vector[i] * factor[i, i]
        vector[i] = total
        for k in range(i):
            vector[k] -= np.conj(factor[i, k]) * total


@njit(cache=True, nogil=True)
def _normalise(vector):
    total = 0.0
    for value in vector:
        total += value.real**2 + value.imag**2
    vector /= np.sqrt(total)


@njit(cache=True, nogil=True)
def _agreement(coherent, vector, present):
    """Mean cosine of what the linked phases leave of each interferogram."""
    total, pairs = 0.0, 0
    for i in range(len(vector)):
        for j in range(i):
            size = abs(coherent[i, j])
            if present[i] and present[j] and size > 0:
                total += (coherent[i, j] * np.conj(vector[i]) * vector[j]).real / size
                pairs += 1
    return total / pairs if pairs else np.nan


@njit(cache=True, nogil=True)
def _bound(size, inverse, present, first, scale, lower, std):
    """Cramer-Rao bound of each phase against that of `first`."""
    n = len(size)
    fisher, covariance = np.zeros((n, n)), np.empty((n, n))
    for i in range(n):
        if i == first or not present[i]:
            fisher[i, i] = 1
            continue
        fisher[i, i] = scale * (size[i, i] * inverse[i, i] - 1)
        for j in range(n):
            if j != i and j != first and present[j]:
                fisher[i, j] = scale * size[i, j] * inverse[i, j]
    known = _inverse(fisher, lower, covariance)
    for i in range(n):
        if present[i]:
            std[i] = 0 if i == first else np.sqrt(covariance[i, i]) if known else np.inf

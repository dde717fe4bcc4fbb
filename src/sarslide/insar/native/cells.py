"""Sums over the samples of each cell, compiled: one pass over the samples of two dates."""

import numpy as np
from numba import njit


@njit(cache=True, nogil=True)
def add_pair(first, second, per_y, per_x, product, power_1, power_2):
    """Add earlier x conj(later), |earlier|^2 and |later|^2 of the samples that both have, by cell.

    Parameters
    ----------
    first, second : (rows, cols) array of complex64
        Samples of both dates.
    per_y, per_x : int
        Samples of a cell along each axis.
    product : (rows / per_y, cols / per_x) array of complex64
        Sums of the products, added to.
    power_1, power_2 : (rows / per_y, cols / per_x) array of float32
        Sums of the powers, added to.
    """
    for r in range(product.shape[0]):
        for c in range(product.shape[1]):
            real, imaginary, one, two = np.float32(0), np.float32(0), np.float32(0), np.float32(0)
            for i in range(r * per_y, (r + 1) * per_y):
                for j in range(c * per_x, (c + 1) * per_x):
                    a, b = first[i, j].real, first[i, j].imag
                    x, y = second[i, j].real, second[i, j].imag
                    p, q = a * a + b * b, x * x + y * y
                    if p > 0 and q > 0:
                        real += a * x + b * y
                        imaginary += b * x - a * y
                        one += p
                        two += q
            product[r, c] += complex(real, imaginary)
            power_1[r, c] += one
            power_2[r, c] += two


@njit(cache=True, nogil=True)
def add_power(samples, per_y, per_x, power, count):
    """Add |s|^2 and the number of samples that are not 0, by cell.

    Parameters
    ----------
    samples : (rows, cols) array of complex64
        Samples.
    per_y, per_x : int
        Samples of a cell along each axis.
    power : (rows / per_y, cols / per_x) array of float64
        Sums of the powers, added to.
    count : (rows / per_y, cols / per_x) array of int64
        Numbers of samples, added to.
    """
    for r in range(power.shape[0]):
        for c in range(power.shape[1]):
            total, n = np.float32(0), 0
            for i in range(r * per_y, (r + 1) * per_y):
                for j in range(c * per_x, (c + 1) * per_x):
                    a, b = samples[i, j].real, samples[i, j].imag
                    p = a * a + b * b
                    total += p
                    n += p > 0
            power[r, c] += total
            count[r, c] += n


@njit(cache=True, nogil=True)
def mark_seen(samples, per_y, per_x, seen):
    """Set cells that hold a sample.

    Parameters
    ----------
    samples : (rows, cols) array of complex64
        Samples.
    per_y, per_x : int
        Samples of a cell along each axis.
    seen : (rows / per_y, cols / per_x) array of bool
        Set to true there.
    """
    for r in range(seen.shape[0]):
        for c in range(seen.shape[1]):
            for i in range(r * per_y, (r + 1) * per_y):
                for j in range(c * per_x, (c + 1) * per_x):
                    if samples[i, j] != 0:
                        seen[r, c] = True

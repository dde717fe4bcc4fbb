"""Residuals of the pairs about a rate by SBAS, cell by cell.

A pair's phase is that of a straight line (and of a DEM error) plus noise of pairs and of dates. The
inversion hands noise of dates on to the series as it is, but adds up that of pairs from date to
date: the series wanders, and the scatter of its dates about a line, taken as independent (Fattahi
and Amelung 2015, doi 10.1002/2015JB012419, eq. 10), gives an error several times too small where
speckle rules. The error is therefore taken from the residuals of the pairs, as in `stacking`.
"""

import numpy as np

from sarslide.rates.noise_parts import NoiseParts


def noise_parts(residual: np.ndarray, response: np.ndarray, interval_years: np.ndarray, ends: np.ndarray) -> NoiseParts:
    """What the standard error of the rate h'phi is made of.

    Parameters
    ----------
    residual : (pairs, cells) array of float
        Of the pairs from the line, NaN where a pair is not valid.
    response : (pairs, cells) array of float
        h, 0 where not valid.
    interval_years : (pairs,) array of float
        Temporal baselines, years.
    ends : (pairs, 2) array of int
        Numbers of the earlier and the later date.

    Returns
    -------
    NoiseParts
        One value a cell.
    """
    valid = np.isfinite(residual)
    one, r, h = valid.astype(float), np.where(valid, residual, 0.0), np.where(valid, response, 0.0)
    x = interval_years[:, None] * one
    adjoint = np.zeros((ends.max() + 1, len(ends)))
    adjoint[ends[:, 1], np.arange(len(ends))] = 1
    adjoint[ends[:, 0], np.arange(len(ends))] = -1
    dates_r, dates_x, dates_h = adjoint @ r, adjoint @ x, adjoint @ h
    n, xx, dates_xx = one.sum(0), _dot(x, x), _dot(dates_x, dates_x)
    hh, dates_hh = _dot(h, h), _dot(dates_h, dates_h)
    shared = 2 * n - 2 * _dot(dates_x, dates_h)
    degree = np.abs(adjoint) @ one
    cross = _dot(dates_x, adjoint @ (one * (adjoint.T @ dates_h)))
    return NoiseParts(
        over_pairs=_dot(r, r),
        over_dates=_dot(dates_r, dates_r),
        pairs_by_pairs=n - 2 + xx * hh,
        pairs_by_dates=shared + xx * dates_hh,
        dates_by_pairs=shared + dates_xx * hh,
        dates_by_dates=_dot(degree, degree) + 2 * n - 2 * cross + dates_xx * dates_hh,
        rate_by_pairs=hh,
        rate_by_dates=dates_hh,
    )


def _dot(one: np.ndarray, other: np.ndarray) -> np.ndarray:
    return np.einsum("kc,kc->c", one, other)

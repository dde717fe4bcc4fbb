"""The standard error of a rate by SBAS, cell by cell: noise of dates and noise of pairs apart.

A pair's phase is that of a straight line (and of a DEM error) plus a_later - a_earlier + e, with
noise a of dates (atmosphere) and noise e of pairs (speckle that decorrelates, unwrapping). The
inversion hands a on to the series as it is, but adds up e from date to date: the series wanders,
and the scatter of its dates about a line, taken as independent (Fattahi and Amelung 2015, doi
10.1002/2015JB012419, eq. 10), gives an error several times too small where speckle rules.

The rate is a sum h'phi over the pairs. As in `stacking`, the expectations of two sums of squares of
the residuals r = M phi from the line, |r|^2 over pairs and |A'r|^2 over dates, are linear in the
variances of e and a; solved for both, the variance of the rate is |h|^2 var(e) + |A'h|^2 var(a).
"""

import numpy as np

from sarslide.rates.stacking import MIN_SHARE


def rate_std(residual: np.ndarray, response: np.ndarray, interval_years: np.ndarray, ends: np.ndarray) -> np.ndarray:
    """Standard error of h'phi.

    Unseen is what all pairs share, what grows linearly with time, and the part of speckle that
    closes: where scatterers change steadily the formal error is up to twice too small. Single cells
    scatter, and a quarter of what date noise alone would explain is the least, as in `stacking`:
    where all pairs close exactly, the mean square is up to twice too large.

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
    (cells,) array of float
        In the unit of the residuals per year.
    """
    valid = np.isfinite(residual)
    one, r, h = valid.astype(float), np.where(valid, residual, 0.0), np.where(valid, response, 0.0)
    x = interval_years[:, None] * one
    adjoint = np.zeros((ends.max() + 1, len(ends)))
    adjoint[ends[:, 1], np.arange(len(ends))] = 1
    adjoint[ends[:, 0], np.arange(len(ends))] = -1
    dates_r, dates_x, dates_h = adjoint @ r, adjoint @ x, adjoint @ h
    n, xx, hh, hh_dates = one.sum(0), _dot(x, x), _dot(h, h), _dot(dates_h, dates_h)
    # |M|^2, |MA|^2, |A'M|^2 and |A'MA|^2 with M = I - x h' and h'x = 1.
    a = n - 2 + xx * hh
    b = 2 * n - 2 * _dot(dates_x, dates_h) + xx * hh_dates
    c = 2 * n - 2 * _dot(dates_x, dates_h) + _dot(dates_x, dates_x) * hh
    degree = np.abs(adjoint) @ one
    cross = _dot(dates_x, adjoint @ (one * (adjoint.T @ dates_h)))
    d = _dot(degree, degree) + 2 * n - 2 * cross + _dot(dates_x, dates_x) * hh_dates
    over_pairs, over_dates = _dot(r, r), _dot(dates_r, dates_r)
    with np.errstate(divide="ignore", invalid="ignore"):
        determinant = a * d - b * c
        of_pairs = (d * over_pairs - b * over_dates) / determinant
        of_dates = (a * over_dates - c * over_pairs) / determinant
        floor = MIN_SHARE * hh_dates * over_pairs / b
        return np.sqrt(np.fmax(of_pairs * hh + of_dates * hh_dates, floor))


def _dot(one: np.ndarray, other: np.ndarray) -> np.ndarray:
    return np.einsum("kc,kc->c", one, other)

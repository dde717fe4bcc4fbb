"""The variance of a rate from the residuals of its pairs: noise of pairs and noise of dates.

The phase of a pair is that of the rate plus e + a_later - a_earlier, with noise e of single pairs
(temporal decorrelation, unwrapping) and noise a of dates (atmosphere, most of the speckle), which
telescopes. The rate is a sum h'phi over the pairs, its residuals are r = M phi with M = I - x h'.
With A the pair matrix (-1, +1) the expectations of |r|^2 over pairs and |A'r|^2 over dates are
linear in the variances of e and a, and so is the variance of the rate,

    |h|^2 var(e) + |A'h|^2 var(a).

Both variances are estimated: date noise taken for pair noise makes the error several times too
large, the other way round several times too small.
"""

from collections.abc import Callable
from dataclasses import dataclass, fields

import numpy as np

Pool = Callable[[np.ndarray], np.ndarray]  # values of the cells -> their mean around each cell
MIN_SHARE = 0.25  # of the variance that date noise alone would explain
AROUND_CELLS = 5  # side of the box of cells that share one ratio of pair noise to date noise
LIKE = 4.0  # squared residuals that differ by less are of like size


@dataclass(frozen=True)
class NoiseParts:
    """Two sums of squared residuals, and what the variances of pairs and dates add to each.

    Arrays of one shape, one value a cell.

    Attributes
    ----------
    over_pairs, over_dates : array of float
        |r|^2, and |A'r|^2: squared sums of the residuals of each date's pairs.
    pairs_by_pairs, pairs_by_dates : array of float
        |M|^2 and |MA|^2 (Frobenius): expectation of the first sum for noise of pairs, and of dates,
        of variance 1.
    dates_by_pairs, dates_by_dates : array of float
        |A'M|^2 and |A'MA|^2: that of the second sum.
    rate_by_pairs, rate_by_dates : array of float
        |h|^2 and |A'h|^2: that of the squared error of the rate.
    """

    over_pairs: np.ndarray
    over_dates: np.ndarray
    pairs_by_pairs: np.ndarray
    pairs_by_dates: np.ndarray
    dates_by_pairs: np.ndarray
    dates_by_dates: np.ndarray
    rate_by_pairs: np.ndarray
    rate_by_dates: np.ndarray

    @classmethod
    def unknown(cls, shape: tuple[int, int]) -> "NoiseParts":
        """Those of a region, NaN until its blocks are put in.

        Parameters
        ----------
        shape : tuple of int
            Rows and columns.

        Returns
        -------
        NoiseParts
            Of float32.
        """
        return cls(*(np.full(shape, np.nan, np.float32) for _ in fields(cls)))

    def put(self, block: tuple[slice, slice], parts: "NoiseParts") -> None:
        """Set a block.

        Parameters
        ----------
        block : tuple of slice
            Rows and columns.
        parts : NoiseParts
            Of as many cells, in any shape.
        """
        for field in fields(self):
            cells = getattr(self, field.name)[block]
            cells[...] = getattr(parts, field.name).reshape(cells.shape)

    def variance(self, pool: Pool | None = None) -> np.ndarray:
        """Variance of the rate.

        Parameters
        ----------
        pool : callable, optional
            Mean around each cell, NaN left out. With it the cells around with residuals of like
            size give the ratio of both kinds of noise, and the cell its size: a house among fields
            does not take theirs. Without it the cell decides both: unbiased, but in single
            cells too small, even negative, so that a quarter of what date noise alone would explain
            is the least.

        Returns
        -------
        array of float
            In the squared unit of the residuals per unit of x; not finite without residuals.
        """
        with np.errstate(divide="ignore", invalid="ignore"):
            determinant = self.pairs_by_pairs * self.dates_by_dates - self.pairs_by_dates * self.dates_by_pairs
            of_pairs = (self.dates_by_dates * self.over_pairs - self.pairs_by_dates * self.over_dates) / determinant
            of_dates = (self.pairs_by_pairs * self.over_dates - self.dates_by_pairs * self.over_pairs) / determinant
            floor = MIN_SHARE * self.rate_by_dates * self.over_pairs / self.pairs_by_dates
            alone = np.fmax(of_pairs * self.rate_by_pairs + of_dates * self.rate_by_dates, floor)
            if pool is None:
                return alone
            like = np.floor(np.log(self.over_pairs / self.pairs_by_pairs) / np.log(LIKE))
            of_pairs, of_dates = (np.maximum(_pooled(each, like, pool), 0) for each in (of_pairs, of_dates))
            size = self.over_pairs / (self.pairs_by_pairs * of_pairs + self.pairs_by_dates * of_dates)
            pooled = size * (of_pairs * self.rate_by_pairs + of_dates * self.rate_by_dates)
            return np.where(np.isfinite(pooled), pooled, alone)


def _pooled(values: np.ndarray, like: np.ndarray, pool: Pool) -> np.ndarray:
    """Means around each cell of the cells of its class."""
    means = np.full(values.shape, np.nan)
    for one in np.unique(like[np.isfinite(like)]):
        inside = like == one
        means[inside] = pool(np.where(inside, values, np.nan))[inside]
    return means


def mean_around(values: np.ndarray, side_cells: int = AROUND_CELLS) -> np.ndarray:
    """Mean of the finite values in a box of cells.

    Parameters
    ----------
    values : (rows, cols) array of float
        NaN where unknown.
    side_cells : int
        Side of the box, odd.

    Returns
    -------
    (rows, cols) array of float
        NaN where no cell around is known.
    """
    from scipy.ndimage import uniform_filter

    known = np.isfinite(values)
    share = uniform_filter(known.astype(float), side_cells, mode="constant")
    total = uniform_filter(np.where(known, values, 0.0), side_cells, mode="constant")
    return total / np.where(share > 0.5 / side_cells**2, share, np.nan)

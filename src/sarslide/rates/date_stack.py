"""Stacking with an unknown delay of every date: weights `noise`.

Pair j of x_j years holds the phase phi_j = m x_j + d_later - d_earlier + n_j: the rate m, delays d
of its dates with the variance DATE_RAD^2, and decorrelation n_j with the variance 1 / w_j. Its
estimate is that of generalised least squares (noise of both kinds as in P. Agram, M. Simons, 2015,
doi:10.1002/2014JB011271),

    m = x' inv(C) phi / x' inv(C) x,        C = inv(W) + DATE_RAD^2 A A',

with A the incidence of pairs and dates. Where a cell lacks pairs, as in winter, or where coherence
weighs them, delays no longer cancel between the pairs that share a date, and in a plain stack of
short pairs they outweigh speckle; here they are part of the noise, with no need that the pairs of a
cell connect all dates.

The delays are eliminated from the normal equations one after the other, each when the last pair of
its date has come. Memory is that of the dates which still wait for pairs.
"""

from collections import Counter
from collections.abc import Sequence

import numpy as np

from sarslide.errors import RateError
from sarslide.names import split_pair
from sarslide.network import MIN_PAIRS, interval_years
from sarslide.rates.noise_parts import Pool
from sarslide.rates.stacking import Stacked

DATE_RAD = 0.6  # delay of a date after height and plane, 2.6 mm in C band; 0.3 to 1.2 give nearly the same rate


class DateStack:
    """Sums over pairs for one set of cells.

    Parameters
    ----------
    pairs : sequence of str
        Names of all pairs that will be added.
    shape : tuple of int
        Rows and columns.

    Raises
    ------
    RateError
        Without pairs.
    """

    def __init__(self, pairs: Sequence[str], shape: tuple[int, int]) -> None:
        if not pairs:
            raise RateError("no pairs to stack", "widen the limits of the pair network or add acquisitions")
        self.pairs, self.shape = list(pairs), shape
        self._pairs_left = Counter(date for pair in pairs for date in split_pair(pair))
        self._normal: dict[frozenset[str], np.ndarray] = {}  # of the open dates: A'WA + I / DATE_RAD^2
        self._right: dict[str, np.ndarray] = {}  # A'Wx and A'W phi
        self._count, self._coherence = np.zeros(shape), np.zeros(shape)
        self._xx, self._xp, self._pp = np.zeros(shape), np.zeros(shape), np.zeros(shape)

    def add(self, pair: str, phase_rad: np.ndarray, coherence: np.ndarray, weight: np.ndarray | float) -> None:
        """Add one pair.

        Parameters
        ----------
        pair : str
            Name of the pair.
        phase_rad : (rows, cols) array of float
            Phase, rad, NaN where not valid.
        coherence : (rows, cols) array of float
            Coherence, 0 to 1.
        weight : (rows, cols) array of float, or float
            Inverse of the variance of the phase but for delays, 1/rad2; zero or NaN where not
            valid.
        """
        weight = np.broadcast_to(np.asarray(weight, float), self.shape)
        valid = np.isfinite(phase_rad) & (weight > 0)
        phase, w, x = np.where(valid, phase_rad, 0.0), np.where(valid, weight, 0.0), interval_years(pair)
        self._count += valid
        self._coherence += np.where(valid, coherence, 0.0)
        self._xx += w * x * x
        self._xp += w * x * phase
        self._pp += w * phase * phase
        for date, sign in zip(split_pair(pair), (-1.0, 1.0), strict=True):
            if date not in self._right:
                self._right[date] = np.zeros((2, *self.shape))
                self._normal[frozenset([date])] = np.full(self.shape, 1 / DATE_RAD**2)
            self._right[date] += sign * w * np.stack([np.full(self.shape, x), phase])
            self._normal[frozenset([date])] += w
        both = frozenset(split_pair(pair))
        self._normal[both] = self._normal.get(both, 0.0) - w
        for date in split_pair(pair):
            self._pairs_left[date] -= 1
            if not self._pairs_left[date]:
                self._eliminate(date)

    def _eliminate(self, date: str) -> None:
        """Solve for the delay of a date and put it into all other equations."""
        pivot, (x, phase) = self._normal.pop(frozenset([date])), self._right.pop(date)
        self._xx -= x * x / pivot
        self._xp -= x * phase / pivot
        self._pp -= phase * phase / pivot
        shared = {other: self._normal.pop(frozenset([date, other]), None) for other in self._right}
        beside = {other: values for other, values in shared.items() if values is not None}
        for other, values in beside.items():
            factor = values / pivot
            self._right[other] -= factor * np.stack([x, phase])
            for third, more in beside.items():
                if third >= other:
                    both = frozenset([other, third])
                    self._normal[both] = self._normal.get(both, 0.0) - factor * more

    def result(self, min_pairs: int = 3, pool: Pool | None = None) -> Stacked:
        """The stack so far.

        Its standard error is that of the model times the root of the mean square of the residuals,
        which is 1 where the noise has the variances supposed.

        Parameters
        ----------
        min_pairs : int
            Valid pairs that a cell needs, at least MIN_PAIRS.
        pool : callable, optional
            Mean around each cell, NaN left out, of those mean squares.

        Returns
        -------
        Stacked
            NaN where fewer pairs are valid.
        """
        for date in list(self._right):
            self._eliminate(date)
        enough = self._count >= max(MIN_PAIRS, min_pairs)
        with np.errstate(divide="ignore", invalid="ignore"):
            m = self._xp / self._xx
            square = np.maximum(self._pp - m * self._xp, 0) / (self._count - 1)
            if pool:
                square = pool(np.where(enough, square, np.nan))
            std, mean_coherence = np.sqrt(square / self._xx), self._coherence / self._count
        return Stacked(
            estimate=np.where(enough, m, np.nan),
            std=np.where(enough, std, np.nan),
            pair_count=self._count.astype(np.uint16),
            mean_coherence=np.where(self._count > 0, mean_coherence, np.nan),
        )

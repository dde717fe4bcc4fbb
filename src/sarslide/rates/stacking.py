"""Stacking of pairs: P4 eq. 1 (B21) with a standard error for pairs that share dates.

Every pair j holds phase phi_j = m x_j + noise, where x_j is the interval in years (stacking) or 1
(averaging). The estimate is the weighted least squares one,

    m = sum(w_j x_j phi_j) / sum(w_j x_j^2),        w_j = 1 in P4 eq. 1.

Its standard error is that of `noise_parts`, from two sums of squared residuals: over pairs, and
over dates after adding up the residuals of each date's pairs.

Pairs are added one at a time and forgotten; a date's own sums are closed when its last pair has
come. Memory does not grow with the number of pairs.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from sarslide.errors import RateError
from sarslide.names import split_pair
from sarslide.network import MIN_PAIRS, interval_years
from sarslide.rates.noise_parts import NoiseParts, Pool


@dataclass(frozen=True)
class Stacked:
    """Result of a stack, or of an average.

    `std` is more than the error layer: twice its median caps what counts as moving
    (`ground.stable_ground`). A change of the standard error therefore moves stable ground, with it
    the fits of the atmosphere and the reference area, and so the rates themselves.

    Attributes
    ----------
    estimate : (rows, cols) array of float
        Phase rate, rad/yr, or averaged phase, rad; NaN where too few pairs are valid.
    std : (rows, cols) array of float
        Its standard error, in the same unit.
    pair_count : (rows, cols) array of int
        Valid pairs.
    mean_coherence : (rows, cols) array of float
        Mean coherence of the valid pairs, NaN without any.
    """

    estimate: np.ndarray
    std: np.ndarray
    pair_count: np.ndarray
    mean_coherence: np.ndarray


class Stack:
    """Sums over pairs for one set of cells.

    Parameters
    ----------
    pairs : sequence of str
        Names of all pairs that will be added.
    shape : tuple of int
        Rows and columns.
    regressor : sequence of float, optional
        The x_j of each pair, by default its interval in years, which gives a rate in rad/yr; ones
        give the mean in rad.

    Raises
    ------
    RateError
        Without pairs.
    """

    def __init__(self, pairs: Sequence[str], shape: tuple[int, int], regressor: Sequence[float] | None = None):
        if not pairs:
            raise RateError("no pairs to stack", "widen the limits of the pair network or add acquisitions")
        self.pairs, self.shape = list(pairs), shape
        self.x = dict(zip(pairs, regressor or map(interval_years, pairs), strict=True))
        self._pairs_left = Counter(date for pair in pairs for date in split_pair(pair))
        self._open: dict[str, np.ndarray] = {}  # per date: sums of (phi, x, w x, 1), + as later, - as earlier date
        names = ("n", "coherence", "xx", "wxx", "wwxx", "wxp", "xp", "pp", "dd", "du", "uu", "dw", "ww", "degree")
        self._sum = {name: np.zeros(shape) for name in names}

    def add(
        self,
        pair: str,
        phase_rad: np.ndarray,
        coherence: np.ndarray | float = np.nan,
        weight: np.ndarray | float = 1.0,
    ) -> None:
        """Add one pair.

        Parameters
        ----------
        pair : str
            Name of the pair.
        phase_rad : (rows, cols) array of float
            Phase, rad, NaN where not valid.
        coherence : (rows, cols) array of float, or float
            Coherence, 0 to 1.
        weight : (rows, cols) array of float, or float
            Positive; zero or NaN where not valid.
        """
        weight = np.broadcast_to(np.asarray(weight, float), self.shape)
        valid = np.isfinite(phase_rad) & (weight > 0)
        p = np.where(valid, phase_rad, 0.0)
        one = valid.astype(float)
        x = self.x[pair] * one
        wx = x * np.where(valid, weight, 0.0)
        s = self._sum
        s["n"] += one
        s["coherence"] += np.where(valid, coherence, 0.0)
        s["xx"] += x * x
        s["wxx"] += wx * x
        s["wwxx"] += wx * wx
        s["wxp"] += wx * p
        s["xp"] += x * p
        s["pp"] += p * p
        earlier, later = split_pair(pair)
        for date, sign in ((earlier, -1.0), (later, 1.0)):
            sums = self._open.setdefault(date, np.zeros((4, *self.shape)))
            for total, value in zip(sums, (p, x, wx), strict=False):
                total += sign * value
            sums[3] += one
            self._pairs_left[date] -= 1
            if not self._pairs_left[date]:
                self._close(date)

    def _close(self, date: str) -> None:
        u, d, w, degree = self._open.pop(date)
        for name, product in (
            ("uu", u * u), ("du", d * u), ("dd", d * d), ("dw", d * w), ("ww", w * w), ("degree", degree * degree),
        ):  # fmt: skip
            self._sum[name] += product

    def result(self, min_pairs: int = 3, pool: Pool | None = None) -> Stacked:
        """The stack so far.

        The standard error supposes that noise of dates, and of pairs, is independent and has one
        variance throughout the stack. Speckle that decorrelates steadily wanders from date to date;
        there it comes out 15 to 30 % too small. It cannot see what is common to all pairs or grows
        linearly with time: unwrapping errors repeated in every pair, a trend of the atmosphere,
        motion of the reference area. `held_errors` makes up for what stable ground shows of that.

        Parameters
        ----------
        min_pairs : int
            Valid pairs that a cell needs, at least MIN_PAIRS.
        pool : callable, optional
            Mean around each cell, NaN left out: see `NoiseParts.variance`.

        Returns
        -------
        Stacked
            NaN where fewer pairs are valid.
        """
        for date in list(self._open):
            self._close(date)
        s = self._sum
        enough = s["n"] >= max(MIN_PAIRS, min_pairs)
        with np.errstate(divide="ignore", invalid="ignore"):
            m = s["wxp"] / s["wxx"]
            variance = self._parts(m).variance(pool and (lambda each: pool(np.where(enough, each, np.nan))))
            mean_coherence = s["coherence"] / s["n"]
        return Stacked(
            estimate=np.where(enough, m, np.nan),
            std=np.where(enough, np.sqrt(variance), np.nan),
            pair_count=s["n"].astype(np.uint16),
            mean_coherence=np.where(s["n"] > 0, mean_coherence, np.nan),
        )

    def _parts(self, m: np.ndarray) -> NoiseParts:
        """Squared residuals r = phi - m x, with h = w x / sum(w x^2).

        A term of order 1/pairs is left out of |A'MA|^2.
        """
        s = self._sum
        n, t = s["n"], s["wxx"]
        return NoiseParts(
            over_pairs=np.maximum(s["pp"] - 2 * m * s["xp"] + m * m * s["xx"], 0),
            over_dates=np.maximum(s["uu"] - 2 * m * s["du"] + m * m * s["dd"], 0),
            pairs_by_pairs=n - 2 + s["xx"] * s["wwxx"] / t**2,
            pairs_by_dates=2 * n - 2 * s["dw"] / t + s["xx"] * s["ww"] / t**2,
            dates_by_pairs=2 * n - 2 * s["dw"] / t + s["dd"] * s["wwxx"] / t**2,
            dates_by_dates=s["degree"] + 2 * n + s["dd"] * s["ww"] / t**2,
            rate_by_pairs=s["wwxx"] / t**2,
            rate_by_dates=s["ww"] / t**2,
        )

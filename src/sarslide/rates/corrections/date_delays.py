"""Delay of every date, estimated from the pairs and taken off them (P4 2.3.1 step 5, B23).

What a date's atmosphere adds to the phase is smooth in space and new at every date; motion of the
ground is confined in space and goes on in time. Each corrected pair is therefore smoothed over
stable ground (Gaussian, on a coarser grid), so that landslides are bridged from their surroundings,
and the dates are separated in the smoothed pairs in one of two ways:

- `filter`: dates by least squares (zero mean on each island of the network), less the straight line
  that all islands share, less what a Gaussian in time leaves of the rest. The line stays in the
  pairs: it is the rate.
- `common_scene`: the mean of the pairs that share a date (`common_scene.py`).

Both give delays without a trend in time, so the rate of a cell changes only by what the stack
mistook for one: P4's eq. 1 gives most weight to the first and the last dates, whose delays then go.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from sarslide.constants import DAYS_PER_YEAR
from sarslide.errors import RateError
from sarslide.names import split_pair
from sarslide.network import dates_of, pair_matrix, years_of
from sarslide.rates.corrections.common_scene import common_scene

if TYPE_CHECKING:
    from scipy.sparse import csr_array

METHODS = ("none", "filter", "common_scene")
NODES_PER_WIDTH = 3  # coarse cells in one standard deviation of the Gaussian
MIN_WEIGHT = 1e-3  # share of stable ground under the Gaussian below which nothing is known


@dataclass(frozen=True)
class Coarse:
    """A coarser grid for fields that are smooth.

    Attributes
    ----------
    shape : tuple of int
        Rows and columns of the full grid.
    width_cells : float
        Standard deviation of the Gaussian in cells of the full grid.
    """

    shape: tuple[int, int]
    width_cells: float

    @property
    def step(self) -> int:
        """Cells of the full grid along a side of a coarse cell."""
        return max(1, int(self.width_cells / NODES_PER_WIDTH))

    def smooth(self, values: np.ndarray, where: np.ndarray) -> np.ndarray:
        """Gaussian mean on the coarse grid.

        Parameters
        ----------
        values : (rows, cols) array of float
            On the full grid.
        where : (rows, cols) array of bool
            Cells that count.

        Returns
        -------
        (coarse rows, coarse cols) array of float
            In the unit of `values`; 0 where no cell that counts is near.
        """
        from scipy.ndimage import gaussian_filter

        sigma = self.width_cells / self.step
        total = gaussian_filter(self.sums(np.where(where, values, 0.0)), sigma, mode="constant")
        weight = gaussian_filter(self.sums(where.astype(float)), sigma, mode="constant")
        known = weight > MIN_WEIGHT * self.step**2
        return np.where(known, total / np.where(known, weight, 1), 0.0)

    def share(self, where: np.ndarray) -> np.ndarray:
        """Part of each coarse cell that is in a mask.

        Parameters
        ----------
        where : (rows, cols) array of bool
            On the full grid.

        Returns
        -------
        (coarse rows, coarse cols) array of float
            0 to 1.
        """
        return self.sums(where.astype(float)) / self.sums(np.ones(self.shape))

    def spread(self, field: np.ndarray) -> np.ndarray:
        """A coarse field on the full grid, linear between the centres of the coarse cells.

        Parameters
        ----------
        field : (coarse rows, coarse cols) array of float
            On the coarse grid.

        Returns
        -------
        (rows, cols) array of float
            On the full grid.
        """
        if self.step == 1:
            return field
        rows, cols = (self._weights(full, coarse) for full, coarse in zip(self.shape, field.shape, strict=True))
        return rows @ field @ cols.T

    def sums(self, values: np.ndarray) -> np.ndarray:
        """Sum of the values in each coarse cell.

        Parameters
        ----------
        values : (rows, cols) array of float
            On the full grid.

        Returns
        -------
        (coarse rows, coarse cols) array of float
            In the unit of `values`; cells beyond the full grid count as 0.
        """
        rows, cols = (-(-side // self.step) for side in self.shape)
        padded = np.zeros((rows * self.step, cols * self.step))
        padded[: self.shape[0], : self.shape[1]] = values
        return padded.reshape(rows, self.step, cols, self.step).sum((1, 3))

    def _weights(self, full: int, coarse: int) -> "csr_array":
        """Of each coarse cell (column) in each cell of the full grid (row): two a row."""
        from scipy.sparse import csr_array

        at = np.clip((np.arange(full) + 0.5) / self.step - 0.5, 0, coarse - 1)
        low = np.minimum(at.astype(int), max(coarse - 2, 0))
        high = np.minimum(low + 1, coarse - 1)
        weights = np.stack([1 - (at - low), at - low], axis=1)
        places = np.repeat(np.arange(full), 2), np.stack([low, high], axis=1).ravel()
        return csr_array((weights.ravel(), places), shape=(full, coarse))


@dataclass(frozen=True)
class DateDelays:
    """Delays of the dates of a stack.

    Attributes
    ----------
    dates : list of str
        Dates in order.
    phase_rad : (dates, coarse rows, coarse cols) array of float
        Delay, rad, positive = longer path.
    coarse : Coarse
        Their grid.
    """

    dates: list[str]
    phase_rad: np.ndarray
    coarse: Coarse

    def of_pair(self, pair: str) -> np.ndarray:
        """What the delays add to the phase of a pair.

        Parameters
        ----------
        pair : str
            Name of the pair.

        Returns
        -------
        (rows, cols) array of float
            Later less earlier date, rad; 0 for an unknown date.
        """
        earlier, later = (self.of_date(date) for date in split_pair(pair))
        return self.coarse.spread(later - earlier)

    def of_date(self, date: str) -> np.ndarray:
        """Delay of a date.

        Parameters
        ----------
        date : str
            The date.

        Returns
        -------
        (coarse rows, coarse cols) array of float
            In rad; zeros for a date that no usable pair has.
        """
        if date in self.dates:
            return self.phase_rad[self.dates.index(date)]
        return np.zeros(self.phase_rad.shape[1:])


def date_delays(smoothed_rad: np.ndarray, pairs: Sequence[str], coarse: Coarse, method: str, days: float) -> DateDelays:
    """Delays of the dates of pairs.

    Parameters
    ----------
    smoothed_rad : (pairs, coarse rows, coarse cols) array of float
        Corrected, referenced pairs smoothed by `coarse`, rad.
    pairs : sequence of str
        Names of the pairs.
    coarse : Coarse
        Their grid.
    method : str
        `filter` or `common_scene`.
    days : float
        Standard deviation of the Gaussian in time (`filter` only), days.

    Returns
    -------
    DateDelays
        The delays.

    Raises
    ------
    RateError
        For an unknown method.
    """
    dates = dates_of(pairs)
    if method == "common_scene":
        return DateDelays(dates, common_scene(smoothed_rad, pairs), coarse)
    if method != "filter":
        raise RateError(f"'{method}' is no estimate of the dates' delays", f"use one of {', '.join(METHODS)}")
    line = trend_removal(pairs)
    operator = line @ high_pass(years_of(dates) * DAYS_PER_YEAR, days) @ line @ np.linalg.pinv(pair_matrix(pairs))
    return DateDelays(dates, np.tensordot(operator, smoothed_rad, 1), coarse)


def trend_removal(pairs: Sequence[str]) -> np.ndarray:
    """What takes from the dates a constant on each island and one common straight line in time.

    Parameters
    ----------
    pairs : sequence of str
        Names of the pairs.

    Returns
    -------
    (dates, dates) array of float
        Times the phases of the dates it gives them without these.
    """
    matrix = pair_matrix(pairs)
    # The null space of the pair matrix holds one constant for each island; with time it is what a
    # rate and a datum can make.
    _, size, basis = np.linalg.svd(matrix)
    constants = basis[np.sum(size > 1e-9 * size[0]) :]
    kept = np.linalg.qr(np.vstack([constants, years_of(dates_of(pairs))]).T)[0]
    return np.eye(len(kept)) - kept @ kept.T


def high_pass(times_days: np.ndarray, days: float) -> np.ndarray:
    """What takes from each date the Gaussian mean of all dates about it.

    Parameters
    ----------
    times_days : (dates,) array of float
        Times, days.
    days : float
        Standard deviation of the Gaussian, days.

    Returns
    -------
    (dates, dates) array of float
        Times the values of the dates it gives the rest.
    """
    kernel = np.exp(-0.5 * ((times_days[:, None] - times_days[None]) / days) ** 2)
    return np.eye(len(times_days)) - kernel / kernel.sum(1, keepdims=True)

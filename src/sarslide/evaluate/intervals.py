"""Confidence intervals of pooled scores.

Whole regions are drawn, because cells and objects of one region depend on each other. A bootstrap
over few groups is too narrow: the spread of n draws lacks the factor sqrt(n / (n - 1)), and normal
quantiles stand for Student's. The expanded percentile interval (Hesterberg 2015, doi
10.1080/00031305.2015.1089789) takes percentiles further out to make good for both. Over simulated
sets of regions the 95 % interval of a pooled F1 held the truth in 76 % of the cases with 3 regions,
87 % with 4, 92 % with 6, 94 % with 8 or more; the plain percentile interval in 76, 78, 83 and 88 %,
and BCa in no more. Below `MIN_REGIONS` an interval is marked as too narrow.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

LEVEL = 0.95
RESAMPLES = 5000
SEED = 20230703
MIN_REGIONS = 6

# sums over groups (..., columns) -> score (...)
Statistic = Callable[[np.ndarray], np.ndarray]


@dataclass(frozen=True)
class Interval:
    """A score of all groups and its confidence interval.

    Attributes
    ----------
    value : float
        The score.
    low, high : float or None
        Ends of the interval; None for a single group.
    groups : int
        Their number.
    """

    value: float
    low: float | None
    high: float | None
    groups: int

    @property
    def safe(self) -> bool:
        """Whether there are enough groups for the level to be right."""
        return self.groups >= MIN_REGIONS

    def to_dict(self) -> dict[str, Any]:
        """For JSON, 6 digits."""
        low, high = (None if end is None else round(end, 6) for end in (self.low, self.high))
        return {"value": round(self.value, 6), "low": low, "high": high}


def bootstrap(table: np.ndarray, statistic: Statistic, level: float = LEVEL, seed: int = SEED) -> Interval:
    """Expanded percentile interval of a statistic of sums over groups.

    Groups are drawn with replacement `RESAMPLES` times; the same seed and number of groups draw the
    same groups, whatever is scored. A draw for which the statistic is NaN (no patch with a
    landslide) is left out.

    Parameters
    ----------
    table : (groups, columns) array
        Counts that add up.
    statistic : callable
        Sums (..., columns) -> score (...).
    level : float
        Of confidence.
    seed : int
        Draws.

    Returns
    -------
    Interval
        Of the statistic.
    """
    from scipy.stats import norm, t

    groups = len(table)
    value = float(statistic(table.sum(0)))
    if groups < 2:
        return Interval(value, None, None, groups)
    drawn = np.random.default_rng([seed, groups]).multinomial(groups, np.full(groups, 1 / groups), RESAMPLES)
    scores = statistic(drawn @ table)
    tail = norm.cdf(np.sqrt(groups / (groups - 1)) * t.ppf((1 - level) / 2, groups - 1))
    if not np.isfinite(scores).any():
        return Interval(value, None, None, groups)
    low, high = np.nanquantile(scores, [tail, 1 - tail])
    return Interval(value, float(low), float(high), groups)


def difference(first: np.ndarray, second: np.ndarray, statistic: Statistic, level: float = LEVEL, seed: int = SEED):
    """Interval of the difference of two networks on the same groups, which are drawn together.

    What makes a region hard for both cancels, so that the interval is narrower than those of the
    two scores let expect.

    Parameters
    ----------
    first, second : (groups, columns) array
        Counts that add up, the same group in the same row.
    statistic : callable
        Sums (..., columns) -> score (...).
    level : float
        Of confidence.
    seed : int
        Draws.

    Returns
    -------
    Interval
        Of statistic(first) - statistic(second).
    """
    columns = first.shape[1]
    both = np.hstack([first, second])
    return bootstrap(both, lambda sums: statistic(sums[..., :columns]) - statistic(sums[..., columns:]), level, seed)

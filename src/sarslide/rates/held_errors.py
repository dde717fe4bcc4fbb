"""Standard errors held to what is found: the rates of stable ground are their own errors.

Residuals cannot tell all of the error of a rate. Speckle that decorrelates steadily closes, weather
can have a trend over the time of a stack, delays that were estimated from the pairs took part of
their scatter away, an unwrapping error may repeat: there the error is too small. Where the cells of
a window share their noise, or towns scatter more than one law says, it depends on coherence. Ground
that does not move shows all of it at once, without truth: its rate against the reference is its
error. Standard errors are therefore multiplied by the root mean square of rate over standard error
on stable ground, in classes of coherence.

Stable ground was found by the rates themselves. It lacks what noise pushed beyond the limit of
motion, three robust standard deviations: 1 % of the root mean square. Ground that creeps below the
limit counts as error. What only moving ground has is not in it: motion that a filter blurs, cycles
that are lost on a fast landslide.
"""

import numpy as np

CLASSES, MIN_CELLS = 8, 500  # of stable ground


def held_to_stable_ground(
    rate: np.ndarray, std: np.ndarray, coherence: np.ndarray, stable: np.ndarray
) -> tuple[np.ndarray, list[dict[str, float]]]:
    """Standard errors times the factor that stable ground of like coherence shows.

    Parameters
    ----------
    rate, std : (rows, cols) array of float
        Rates against the reference and their standard errors, in one unit; NaN where unknown.
    coherence : (rows, cols) array of float
        Mean coherence of the pairs, 0 to 1.
    stable : (rows, cols) array of bool
        Ground that does not move.

    Returns
    -------
    std : (rows, cols) array of float
        The factor is that of a class in the middle of it, linear between, and that of the last
        class beyond. As they came where fewer than 500 cells are stable.
    factors : list of dict
        coherence, factor and cells of each class, of at most eight with about as many cells each.
    """
    known = stable & np.isfinite(rate) & (std > 0) & np.isfinite(coherence)
    count = min(CLASSES, int(known.sum()) // MIN_CELLS)
    if not count:
        return std, []
    at, squares = coherence[known].astype(float), np.square(rate[known] / std[known], dtype=float)
    edges = np.unique(np.quantile(at, np.arange(1, count) / count))  # many cells may have one coherence
    which = np.searchsorted(edges, at, side="right")
    cells, *sums = (np.bincount(which, values) for values in (None, at, squares))
    kept = cells >= min(MIN_CELLS, cells.max())
    middles, means = (total[kept] / cells[kept] for total in sums)
    factors = np.sqrt(means)
    rows = [
        {"coherence": round(float(middle), 4), "factor": round(float(factor), 4), "cells": int(size)}
        for middle, factor, size in zip(middles, factors, cells[kept], strict=True)
    ]
    return std * np.interp(coherence, middles, factors), rows

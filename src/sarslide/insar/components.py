"""Connected components of an unwrapped phase: ground whose cycles hold together.

An edge between two cells is reliable where a cycle more or less would fit the phase around it
worse: SNAPHU's test (`GrowConnCompsMask`, `ThickenCosts`; C. W. Chen, H. A. Zebker, 2002,
doi:10.1109/TGRS.2002.802453) in whirlwind's terms of the phase variance. whirlwind has it compiled,
behind a table of that variance by a million evaluations of the density: 1.1 CPU s of each process.
"""

import math
from functools import cache

import numpy as np

from sarslide.insar.coherence import box_sum

RELIABILITY = 0.5  # least 1 / variance, 1/rad2, inside a component: the default of whirlwind
GRADIENT_WINDOW = 7  # side of the box of edges whose mean step is the expected one: SNAPHU's default
MIN_CELLS, MIN_SHARE = 100, 1e-4  # of the valid cells; the smallest component, as whirlwind has it
MAX_COMPONENTS = 1024
TABLE_TOP, TABLE_SIZE = 0.95, 191  # coherence; above, an edge fails for its step, not for its variance
MAX_LOOKS = 80  # as in whirlwind: of more the variance decides no edge


def reliable_components(unwrapped_rad: np.ndarray, coherence: np.ndarray, looks: float) -> np.ndarray:
    """Number of the component of each cell, the largest first.

    Across an edge the phase steps by s cycles, of which rint(s) were added by the unwrapping, and
    the rest is as far as e from its mean in the box around. With both parts in one direction,
    u = rint(s) - e, a cycle more or less costs (1 - 2 |u|) / variance. Edges with less than
    RELIABILITY, smoothed along the border that they form, part components.

    Parameters
    ----------
    unwrapped_rad : (rows, cols) array of float
        Unwrapped phase, rad, NaN without data.
    coherence : (rows, cols) array of float
        Coherence, 0 to 1.
    looks : float
        Independent looks of the coherence.

    Returns
    -------
    (rows, cols) array of int64
        1, 2, ... by size; 0 = not reliable.
    """
    from whirlwind import label_components

    valid = np.isfinite(unwrapped_rad)
    turns = np.where(valid, unwrapped_rad / (2 * np.pi), 0)
    variance = np.interp(coherence, np.linspace(0, TABLE_TOP, TABLE_SIZE), phase_variance(round(looks, 1)))
    # Cells and the edges between them, as one raster: what touches there hangs together.
    joined = np.zeros([2 * size - 1 for size in valid.shape], bool)
    joined[::2, ::2] = valid
    joined[::2, 1::2] = _reliable_edges(turns, variance, valid)
    joined[1::2, ::2] = _reliable_edges(turns.T, variance.T, valid.T).T
    labels = label_components(joined)[0][::2, ::2]
    sizes = np.bincount(labels[valid], minlength=1)
    sizes[0] = 0
    order = np.argsort(-sizes, kind="stable")[:MAX_COMPONENTS]
    order = order[sizes[order] >= max(MIN_CELLS, MIN_SHARE * np.count_nonzero(valid))]
    number = np.zeros(len(sizes), int)
    number[order] = np.arange(1, len(order) + 1)
    return np.where(valid, number[labels], 0)


def _reliable_edges(turns: np.ndarray, variance: np.ndarray, valid: np.ndarray) -> np.ndarray:
    """Whether the edges from each column to the next, (rows, cols - 1), are reliable."""
    known = valid[:, 1:] & valid[:, :-1]
    steps = np.where(known, np.diff(turns), 0)
    whole = np.rint(steps)
    rest = steps - whole
    mean = box_sum(rest, GRADIENT_WINDOW) / np.maximum(box_sum(known.astype(np.float32), GRADIENT_WINDOW), 1)
    margin = (1 - 2 * np.abs(whole - rest + mean)) / np.maximum(variance[:, 1:], variance[:, :-1])
    lack = np.where(known, np.maximum(RELIABILITY - margin, 0), RELIABILITY)
    around = 2 * lack
    around[1:] += lack[:-1]
    around[:-1] += lack[1:]
    return known & (around == 0)


@cache
def phase_variance(looks: float) -> np.ndarray:
    """Variance of the phase of an interferogram, in (-pi, pi].

    The density of J.-S. Lee et al., 1994 (doi:10.1109/36.312890), as a power series in
    g cos(phase), multiplied by phase^2 and integrated term by term: (1 - g^2)^L sum_m c_m g^m I_m
    with c_(m+2) = c_m (2L + m) / (m + 1) and I_m the mean of phase^2 cos^m(phase) over the circle.

    Parameters
    ----------
    looks : float
        Independent looks L, of MAX_LOOKS at most.

    Returns
    -------
    (TABLE_SIZE,) array of float
        Variance, rad2, at coherences g from 0 to TABLE_TOP.
    """
    looks = min(looks, MAX_LOOKS)
    m = np.arange(int(60 * looks) + 1000)  # the last term is below 1e-20 of the sum
    log_c = np.array([0, math.log(math.pi) / 2 + math.lgamma(looks + 0.5) - math.lgamma(looks), *m[2:]])
    mean_cos, mean = np.zeros(m.size), np.zeros(m.size)  # of cos^m and of phase^2 cos^m
    mean_cos[0], mean[:2] = 1, (math.pi**2 / 3, -2)
    for k in range(2, m.size):
        mean_cos[k] = (k - 1) / k * mean_cos[k - 2]
        mean[k] = (k - 1) / k * mean[k - 2] + 2 / k**2 * ((-1) ** k - mean_cos[k])
        log_c[k] = log_c[k - 2] + math.log((2 * looks + k - 2) / (k - 1))
    coherence = np.linspace(0, TABLE_TOP, TABLE_SIZE)[:, None]
    return np.exp(log_c + m * np.log(np.maximum(coherence, 1e-300)) + looks * np.log1p(-(coherence**2))) @ mean

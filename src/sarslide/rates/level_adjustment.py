"""The adjustment of levelling: planes of frames from the differences on their overlaps.

Of each overlap a robust fit finds the blocks that follow one plane; all overlaps then enter one
least squares adjustment. What the differences leave open, one plane of all frames together, is
chosen so that the planes sum to nothing over the stable ground.
"""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from sarslide.rates.level_samples import Moments, Samples, Terms, spread

OUTLIER_SIGMA = 3.0
ROUNDS = 5
# The median of an overlap after levelling beyond which the others contradict it.
MISFIT_SIGMA, MISFIT_MM_PER_YR = 5.0, 1.0
MIN_STD_MM_PER_YR = 1e-3  # the same differences in all blocks
# Root mean square, over a frame, of what levelling is expected to take off: it holds down what a
# narrow overlap leaves open, and weighs nothing beside an overlap that determines it.
EXPECTED_MM_PER_YR = 10.0


@dataclass(frozen=True)
class Fit:
    """Blocks of an overlap that follow one plane.

    Attributes
    ----------
    design : (blocks, terms) array of float
        Regressors.
    difference : (blocks,) array of float
        First frame minus second, LOS, mm/yr.
    weight : (blocks,) array of float
        Weights over the variance of the blocks, 1 / (mm/yr)^2.
    std : float
        Scatter of the blocks about the plane, mm/yr.
    """

    design: np.ndarray
    difference: np.ndarray
    weight: np.ndarray
    std: float


@dataclass(frozen=True)
class Adjusted:
    """Planes of the frames that overlaps join.

    Attributes
    ----------
    planes : dict of str to (terms,) array of float
        Coefficients of the regressors, by name of the frame.
    errors : dict of str to float
        Standard error, root mean square over the stable ground of the core, mm/yr.
    groups : dict of str to int
        Of all frames: those that overlaps join have the same number.
    used : frozenset of tuple of str
        Overlaps that were used.
    """

    planes: dict[str, np.ndarray]
    errors: dict[str, float]
    groups: dict[str, int]
    used: frozenset[tuple[str, str]]


def fit_of(samples: Samples) -> Fit:
    """Blocks of an overlap that follow one plane: soft L1, then without outliers.

    Parameters
    ----------
    samples : Samples
        All blocks of the overlap, more than the plane has terms.

    Returns
    -------
    Fit
        Without blocks beyond `OUTLIER_SIGMA`, as of an unwrapping error of one frame.
    """
    from scipy.optimize import least_squares

    design, difference = samples.design, samples.difference
    # From block to block, where a tilt changes little: an unwrapping error at one end of an
    # overlap, which would pull the tilt, must not make the scale its own.
    scale = max(spread(np.diff(difference)) / math.sqrt(2), MIN_STD_MM_PER_YR)
    start = np.zeros(design.shape[1])
    start[0] = np.median(difference)
    start = least_squares(
        lambda plane: design @ plane - difference,
        start,
        jac=lambda plane: design,
        loss="soft_l1",
        f_scale=scale,
        x_scale="jac",
    ).x
    for _ in range(ROUNDS):
        residual = difference - design @ start
        scale = max(spread(residual), MIN_STD_MM_PER_YR)
        keep = np.abs(residual - np.median(residual)) <= OUTLIER_SIGMA * scale
        start = np.linalg.lstsq(design[keep], difference[keep], rcond=None)[0]
    rest = difference[keep] - design[keep] @ start
    std = max(math.sqrt(float(rest @ rest) / max(len(rest) - design.shape[1], 1)), MIN_STD_MM_PER_YR)
    return Fit(design[keep], difference[keep], samples.weight[keep] / std**2, std)


def adjust(
    names: Sequence[str], fits: Mapping[tuple[str, str], Fit], moments: Mapping[str, Moments], terms: Terms
) -> Adjusted:
    """The adjustment without overlaps that all others contradict (an unwrapping error of a whole
    overlap), left out one by one, the worst first, as long as their frames stay joined.

    Parameters
    ----------
    names : sequence of str
        All frames of the stack.
    fits : mapping of tuple of str to Fit
        Of the overlaps, by their two frames.
    moments : mapping of str to Moments
        Stable ground of each frame.
    terms : Terms
        Regressors.

    Returns
    -------
    Adjusted
        No planes where there is no overlap.
    """
    used = dict(fits)
    while True:
        found = _adjusted(used, moments, _groups(names, used), terms)
        misfit = {
            key: abs(float(np.median(rest_of(fit, key, found.planes)))) / max(MISFIT_SIGMA * fit.std, MISFIT_MM_PER_YR)
            for key, fit in used.items()
        }
        wrong = [key for key in used if misfit[key] > 1 and _groups(names, used.keys() - {key}) == found.groups]
        if not wrong:
            return found
        del used[max(wrong, key=misfit.__getitem__)]


def rest_of(samples: Samples | Fit, frames: tuple[str, str], planes: Mapping[str, np.ndarray]) -> np.ndarray:
    """Differences of an overlap after levelling.

    Parameters
    ----------
    samples : Samples or Fit
        Blocks of the overlap.
    frames : tuple of str
        Its two frames.
    planes : mapping of str to (terms,) array of float
        Coefficients; a frame without keeps its rates.

    Returns
    -------
    (blocks,) array of float
        LOS, mm/yr.
    """
    first, second = (planes.get(name, np.zeros(samples.design.shape[1])) for name in frames)
    return samples.difference - samples.design @ (first - second)


def _groups(names: Sequence[str], used: Iterable[tuple[str, str]]) -> dict[str, int]:
    """Number of the group of each frame: frames that overlaps join."""
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components

    index = {name: number for number, name in enumerate(names)}
    links = [(index[first], index[second]) for first, second in used]
    rows, cols = zip(*links, strict=True) if links else ((), ())
    joined = coo_array((np.ones(len(links)), (rows, cols)), shape=(len(names), len(names)))
    return dict(zip(names, connected_components(joined, directed=False)[1].tolist(), strict=True))


def _adjusted(
    used: Mapping[tuple[str, str], Fit], moments: Mapping[str, Moments], groups: dict[str, int], terms: Terms
) -> Adjusted:
    """Coefficients and standard error of each frame that an overlap joins to another."""
    names = sorted({name for key in used for name in key})
    if not names:
        return Adjusted({}, {}, groups, frozenset())
    place = {name: slice(k * terms.count, (k + 1) * terms.count) for k, name in enumerate(names)}
    normal, right = np.zeros((len(names) * terms.count,) * 2), np.zeros(len(names) * terms.count)
    for name in names:
        normal[place[name], place[name]] += moments[name].mean / EXPECTED_MM_PER_YR**2
    for (first, second), fit in used.items():
        weighted = fit.design * fit.weight[:, None]
        products, sums = fit.design.T @ weighted, weighted.T @ fit.difference
        a, b = place[first], place[second]
        normal[a, a] += products
        normal[b, b] += products
        normal[a, b] -= products
        normal[b, a] -= products
        right[a] += sums
        right[b] -= sums
    # A term without variation (flat ground) gets the minimum-norm answer.
    inverse = np.linalg.pinv(normal, rcond=1e-14, hermitian=True)
    gauge = _gauge(names, place, moments, groups)
    solution, covariance = gauge @ (inverse @ right), gauge @ inverse @ gauge.T
    errors = {
        name: math.sqrt(max(float(np.sum(covariance[place[name], place[name]] * moments[name].mean)), 0.0))
        for name in names
    }
    return Adjusted({name: solution[place[name]] for name in names}, errors, groups, frozenset(used))


def _gauge(
    names: list[str], place: Mapping[str, slice], moments: Mapping[str, Moments], groups: Mapping[str, int]
) -> np.ndarray:
    """Projection onto planes that sum to nothing over the stable ground of each group."""
    gauge = np.eye(sum(one.stop - one.start for one in place.values()))
    for group in {groups[name] for name in names}:
        members = [name for name in names if groups[name] == group]
        total = np.linalg.pinv(sum(moments[name].products for name in members), rcond=1e-14, hermitian=True)
        for name in members:
            share = total @ moments[name].products
            for other in members:
                gauge[place[other], place[name]] -= share
    return gauge

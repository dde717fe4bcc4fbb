"""Phase bias (fading signal) of short multilooked pairs, from triplets of d + d - 2d days.

Where a cell mixes ground that stays coherent with ground whose echo fades and drifts (vegetation,
soil moisture), the phase of short pairs carries a bias that longer pairs have less of (H. Ansari et
al. 2021, doi:10.1109/TGRS.2020.3003421). The closure of two short wrapped pairs and the long one
over the same time is the difference, free of motion and atmosphere; it accumulates with one sign,
while noise does not (Y. Zheng et al. 2022, doi:10.1109/TGRS.2022.3167648; Y. Maghsoudi et al. 2022,
doi:10.1016/j.rse.2022.113022).

Noise: with L looks, coherence a of the short and c of the long pairs, and speckle whose coherence
falls by c / a from one date to the next, the asymptotic covariance of multilooked phases, (g_ik
g_jl - g_il g_jk) / (2 L g_ij g_kl) for pairs ij and kl, gives

    2 L var(closure)           = 2 / a^2 + 1 / c^2 + 3 - 2 c / a^2 - 4 / c
    2 L cov(closure, next one) = (1 / a - a / c)^2

and nothing farther apart: a triplet shares a short pair with the next one only. The correlation is
taken from this, the variance from the scatter of the cell's own closures, because its looks are not
the nominal ones: phases of cells come without amplitudes, bright points outweigh their neighbours,
some engines filter.
"""

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from sarslide.constants import DAYS_PER_YEAR
from sarslide.insar.coherence import box_sum
from sarslide.io.blocks import strips
from sarslide.names import pair_days
from sarslide.network import triplets as triplets_of

FALSE_ALARM = 0.01  # share of cells of pure noise that are flagged
MIN_TRIPLETS = 10
# Below, 50 looks wrap around and the covariance above promises too little noise.
MIN_COHERENCE = 0.25
MAX_CORRELATION = 0.5  # a stationary series has no more between neighbours alone
STRIP = 256  # rows at a time
USUAL_WINDOW = 3  # cells, where an engine does not know the window of its coherence

# pair, rows -> wrapped unfiltered phase (rad), coherence; each (rows, cols)
ReadWrapped = Callable[[str, slice], tuple[np.ndarray, np.ndarray]]


@dataclass(frozen=True)
class PhaseBias:
    """Phase bias of a stack.

    Attributes
    ----------
    flag : (rows, cols) array of uint8
        1 biased, 0 not, 255 not judged.
    rate_rad_per_yr : (rows, cols) array of float
        By which chained short pairs move away faster than chained long ones, rad/yr.
    std_rad_per_yr : (rows, cols) array of float
        Of the noise alone, rad/yr.
    days : int or None
        Length of the short pairs; None where the network has no such triplets.
    triplets : int
        Number of triplets.
    looks : float or None
        Effective looks, median of the scatter.
    judged, flagged : int
        Cells.
    """

    flag: np.ndarray
    rate_rad_per_yr: np.ndarray
    std_rad_per_yr: np.ndarray
    days: int | None
    triplets: int
    looks: float | None
    judged: int
    flagged: int


def phase_bias(
    read: ReadWrapped, pairs: Sequence[str], shape: tuple[int, int], window: int = 3, free_level: bool = False
) -> PhaseBias:
    """Flag and rate of the phase bias of a stack.

    A cell is flagged when its cumulative closure exceeds what noise does in FALSE_ALARM of all
    cells, and most of its triplets have the sign of the sum.

    Parameters
    ----------
    read : callable
        Gives a strip of rows of a pair: wrapped unfiltered phase, rad, and coherence.
    pairs : sequence of str
        Names of the pairs.
    shape : tuple of int
        Rows and columns of the region.
    window : int
        Side of the box of cells whose phases are averaged to more looks before the closure, odd;
        that of the coherence.
    free_level : bool
        Each pair has a level of its own (unwrapped by another processor, wrapped again), so the
        mean closure of a triplet means nothing and is taken out; the bias is then against that of
        the whole region.

    Returns
    -------
    PhaseBias
        Layers and statistics.
    """
    from scipy.special import stdtrit  # quantile of Student's t

    days, chosen = _short_triplets(pairs)
    sums = {name: np.zeros(shape) for name in ("n", "closure", "square", "positive", "short", "long", "next")}
    parts = list(strips(shape[0], STRIP))
    levels = np.zeros(len(chosen))
    if free_level:
        each = [[phasor.sum() for phasor, *_ in _closures(read, chosen, rows, shape[0], window)] for rows in parts]
        levels = np.angle(np.sum(each, axis=0))
    for rows in parts:
        _add_strip(sums, _closures(read, chosen, rows, shape[0], window), chosen, levels, rows)
    n, closure = sums["n"], sums["closure"]
    with np.errstate(divide="ignore", invalid="ignore"):
        short, long = sums["short"] / n, sums["long"] / n
        unit = 2 / short**2 + 1 / long**2 + 3 - 2 * long / short**2 - 4 / long
        unit_next = (1 / short - short / long) ** 2
        scatter = (sums["square"] - closure**2 / n) / (n - 1)
        judged = (n >= MIN_TRIPLETS) & (short >= MIN_COHERENCE) & (long >= MIN_COHERENCE) & (unit > 0) & (scatter > 0)
        if not judged.any():
            nothing = np.full(shape, np.nan)
            return PhaseBias(np.full(shape, 255, np.uint8), nothing, nothing, days, len(chosen), None, 0, 0)
        sigma = np.sqrt(scatter * (n + 2 * sums["next"] * np.minimum(unit_next / unit, MAX_CORRELATION)))
        positive = np.where(closure > 0, sums["positive"], n - sums["positive"])
        limit = stdtrit(np.maximum(n - 1, 1), 1 - FALSE_ALARM / 2) * sigma
        biased = judged & (np.abs(closure) > limit) & (2 * positive > n)
        years = n * 2 * (days or 0) / DAYS_PER_YEAR
        rate, std = closure / years, sigma / years
    return PhaseBias(
        flag=np.where(judged, biased, 255).astype(np.uint8),
        rate_rad_per_yr=np.where(judged, rate, np.nan),
        std_rad_per_yr=np.where(judged, std, np.nan),
        days=days,
        triplets=len(chosen),
        looks=float(np.median(unit[judged] / scatter[judged]) / 2),
        judged=int(judged.sum()),
        flagged=int(biased.sum()),
    )


def _short_triplets(pairs: Sequence[str]) -> tuple[int | None, list[tuple[str, str, str]]]:
    """The commonest length of two equal short pairs, and its triplets in order of time."""
    found = {one: [pair_days(pair) for pair in one] for one in triplets_of(pairs)}
    equal = Counter(first for first, second, _ in found.values() if first == second)
    if not equal:
        return None, []
    days = min(equal, key=lambda length: (-equal[length], length))
    return days, [one for one, lengths in found.items() if lengths[:2] == [days, days]]


def _closures(read, chosen, rows: slice, height: int, window: int) -> Iterator[tuple[np.ndarray, ...]]:
    """Of each triplet in a strip: unit phasor of the closure, and coherence of short and long
    pairs.

    The phasor is 0 where the closure is not known.
    """
    reach = window // 2
    wide = slice(max(rows.start - reach, 0), min(rows.stop + reach, height))
    inner = slice(rows.start - wide.start, rows.stop - wide.start)
    last = {pair: k for k, one in enumerate(chosen) for pair in one}
    held: dict[str, tuple[np.ndarray, np.ndarray]] = {}
    for k, one in enumerate(chosen):
        for pair in one:
            if pair not in held:
                wrapped, coherence = read(pair, wide)
                held[pair] = _averaged(wrapped, coherence, window, inner)
        (z1, g1), (z2, g2), (z3, g3) = (held[pair] for pair in one)
        product = z1 * z2 * z3.conj()
        valid = (product != 0) & np.isfinite(g1 + g2 + g3)
        phasor = np.divide(product, np.abs(product), out=np.zeros_like(product), where=valid)
        yield phasor, (g1 + g2) / 2, g3
        for pair in one:
            if last[pair] == k:
                del held[pair]


def _add_strip(sums, closures, chosen, levels: np.ndarray, rows: slice) -> None:
    before: dict[str, np.ndarray] = {}  # second short pair of a triplet -> where it was valid
    for one, level, (phasor, short, long) in zip(chosen, levels, closures, strict=True):
        valid = phasor != 0
        closure = np.where(valid, np.angle(phasor * np.exp(-1j * level)), 0)
        for name, value in (
            ("n", valid), ("closure", closure), ("square", closure**2), ("positive", closure > 0),
            ("short", np.where(valid, short, 0)), ("long", np.where(valid, long, 0)),
            ("next", valid & before.pop(one[0], False)),
        ):  # fmt: skip
            sums[name][rows] += value
        before[one[1]] = valid


def _averaged(wrapped, coherence, window: int, inner: slice) -> tuple[np.ndarray, np.ndarray]:
    """Sum of the phasors in the window and coherence, without the margin rows.

    0 where the cell itself has no phase.
    """
    known = np.isfinite(wrapped)
    phasor = box_sum(np.where(known, np.exp(1j * np.nan_to_num(wrapped)), 0), window)
    return np.where(known, phasor, 0)[inner], np.asarray(coherence, float)[inner]

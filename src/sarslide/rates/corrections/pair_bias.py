"""Phase bias (fading signal) of the pairs of each length, from closures, and pairs without it.

A multilooked pair of ground that in part lasts and in part fades has coherence, by its days t,

    g(t) = (1 - f) + f exp(-t / tau) exp(i w t),    both parts times what is lost at once,

where the fading part turns by w while it lasts (F. De Zan et al. 2015,
doi:10.1109/TGRS.2015.2444431; H. Ansari et al. 2021, doi:10.1109/TGRS.2020.3003421). Its phase, to
first order in w, is the bias

    b(t) = w t s(t),    s(t) = 1 - lasting coherence / |g(t)|,

s the share of the fading part. |g| is measured at all lengths of the network; its exponential says
what lasts, whatever noise and baselines take off all pairs alike. Only w is left, from the closures
of wrapped pairs, which know neither motion nor atmosphere (Y. Zheng et al. 2022,
doi:10.1109/TGRS.2022.3167648).

A bias in proportion to t looks like motion, so that any such estimate has to suppose something of
the bias of each length. Y. Maghsoudi et al. 2022 (doi:10.1016/j.rse.2022.113022) take the ratios
of long pairs of the region, and Zheng et al. the longest pair for unbiased; neither is at hand in a
network of a few neighbours. Where nothing lasts all of the bias is in proportion to t: there the
noise says that w is not known, and the pairs stay as they are.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from sarslide.errors import NetworkError
from sarslide.insar.coherence import box_sum
from sarslide.insar.phase_bias import ReadWrapped
from sarslide.io.blocks import strips
from sarslide.names import pair_days
from sarslide.network import interval_years
from sarslide.network import triplets as triplets_of

MIN_LENGTHS = 3  # of the pairs: what lasts, what fades and how fast
POOL = 9  # cells, side of the box over which closures and coherence are averaged
MIN_TRIPLETS = 10
MIN_LASTING = 0.2  # of the coherence of the longest pairs
STRIP_BYTES = 300e6
# Times of decay that are tried, in units of the shortest and of the longest pair. Slower decay
# looks like a line at these lengths, and what lasts is then anyone's guess.
FASTEST, SLOWEST, TIMES = 0.5, 3.0, 60


@dataclass(frozen=True)
class PairBias:
    """Bias of the pairs of a stack.

    Attributes
    ----------
    days : tuple of int
        Lengths of its pairs.
    bias_rad : (lengths, rows, cols) array of float32
        Bias of the pairs of each length that is taken off, rad, positive away from the satellite;
        0 where it is not known.
    rate_rad_per_yr : (rows, cols) array of float32
        What it adds to the rate of a stack of equal weights, rad/yr.
    rate_std_rad_per_yr : (rows, cols) array of float32
        Standard error that taking it off adds to that rate, rad/yr.
    triplets : int
        Number of closures.
    known : (rows, cols) array of bool
        Where all closures are.
    """

    days: tuple[int, ...]
    bias_rad: np.ndarray
    rate_rad_per_yr: np.ndarray
    rate_std_rad_per_yr: np.ndarray
    triplets: int
    known: np.ndarray


@dataclass(frozen=True)
class CycleSpace:
    """Closures of a network as coordinates of its pairs that no phase of a date changes.

    Attributes
    ----------
    triplets : list of tuple of str
        Two short pairs and the long one.
    days : tuple of int
        Lengths of the pairs.
    whiten : (coordinates, triplets) array of float
        Closures -> coordinates, whose noise is that of a pair where pairs are equally noisy.
    of_length : (coordinates, lengths) array of float
        Coordinates of pairs that are 1 at one length and 0 at others.
    """

    triplets: list[tuple[str, str, str]]
    days: tuple[int, ...]
    whiten: np.ndarray
    of_length: np.ndarray

    @classmethod
    def of(cls, pairs: Sequence[str]) -> "CycleSpace":
        """That of a network.

        Parameters
        ----------
        pairs : sequence of str
            Names of the pairs.

        Returns
        -------
        CycleSpace
            Its closures.

        Raises
        ------
        NetworkError
            Too few triplets or lengths of pairs.
        """
        lengths = [pair_days(pair) for pair in pairs]
        days, found = tuple(sorted(set(lengths))), triplets_of(pairs)
        if len(found) < MIN_TRIPLETS or len(days) < MIN_LENGTHS:
            raise NetworkError(
                f"the phase bias cannot be taken off: {len(found)} triplets of pairs of {len(days)} lengths, and it"
                f" takes {MIN_TRIPLETS} of {MIN_LENGTHS}",
                "raise network.neighbours to 3 and network.max_days, or set rates.phase_bias to keep",
            )
        position = {pair: k for k, pair in enumerate(pairs)}
        closures = np.zeros((len(found), len(pairs)))
        for row, (first, second, long) in zip(closures, found, strict=True):
            row[[position[first], position[second]]], row[position[long]] = 1, -1
        left, size, right = np.linalg.svd(closures, full_matrices=False)
        kept = size > 1e-9 * size[0]
        whiten = (left[:, kept] / size[kept]).T
        is_length = np.equal.outer(lengths, days).astype(float)
        return cls(found, days, whiten, right[kept] @ is_length)

    def fit(self, closure_rad: np.ndarray, shape: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """The multiple of a shape that explains the closures best, by least squares.

        Parameters
        ----------
        closure_rad : (triplets, ...) array of float
            Closures, rad.
        shape : (lengths, ...) array of float
            Bias of each length up to one factor.

        Returns
        -------
        factor, std : (...) array of float
            The factor and its standard error, from what it leaves of the closures; NaN where the
            shape closes.
        """
        seen = np.tensordot(self.whiten, closure_rad, 1)
        of_shape = np.tensordot(self.of_length, shape, 1)
        square = np.sum(of_shape**2, axis=0)
        with np.errstate(divide="ignore", invalid="ignore"):
            factor = np.sum(of_shape * seen, axis=0) / square
            left = np.sum((seen - factor * of_shape) ** 2, axis=0) / (len(seen) - 1)
            return factor, np.sqrt(left / square)

    def bias(
        self, closure_rad: np.ndarray, coherence: np.ndarray, coherence_std: np.ndarray, to_rate: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray]:
        """Bias of the pairs of each length, times how sure it is.

        With relative errors e of the factor (closures) and h of the shape (coherence), the bias is
        taken times (1 - e^2) / (1 + h^2), and not at all where e > 1: the least mean square error
        for ground of which nothing is known before, and for a known bias of unknown shape.

        Parameters
        ----------
        closure_rad : (triplets, ...) array of float
            Closures, rad.
        coherence, coherence_std : (lengths, ...) array of float
            Mean coherence of the pairs of each length, and its standard error.
        to_rate : (lengths,) array of float
            From `rate_of_lengths`.

        Returns
        -------
        bias_rad : (lengths, ...) array of float
            Rad, positive away from the satellite; NaN where it is not known.
        std_rad_per_yr : (...) array of float
            Standard error of its rate, rad/yr.
        """

        def at(mean: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
            shape = fading_shape(mean, self.days)
            factor, std = self.fit(closure_rad, shape)
            return factor * shape, np.tensordot(to_rate, factor * shape, 1), std / np.abs(factor)

        with np.errstate(divide="ignore", invalid="ignore"):
            full, rate, of_factor = at(coherence)
            of_shape = np.zeros_like(rate)
            for k, std in enumerate(coherence_std):
                moved = coherence.copy()
                moved[k] += std
                of_shape += (np.nan_to_num(at(moved)[1]) / rate - 1) ** 2
            sure = (1 - of_factor**2).clip(0) / (1 + of_shape)
            return sure * full, sure * np.abs(rate) * np.sqrt(of_factor**2 + of_shape)


def pair_bias(
    read: ReadWrapped,
    pairs: Sequence[str],
    shape: tuple[int, int],
    window: int = 3,
    free_level: bool = False,
    pool: int = POOL,
) -> PairBias:
    """Bias of the pairs of each length.

    It is that of the whole time of the stack: of a bias that comes and goes with the seasons it is
    the mean, so that rates lose it and time series keep its seasons.

    Parameters
    ----------
    read : callable
        Gives a strip of rows of a pair: wrapped unfiltered phase, rad, and coherence.
    pairs : sequence of str
        Names of the pairs.
    shape : tuple of int
        Rows and columns of the region.
    window : int
        Side of the box of cells whose phases are averaged before the closure, odd; that of the
        coherence.
    free_level : bool
        Each pair has a level of its own; the bias is then against that of the whole region.
    pool : int
        Side of the box over which closures and coherence are averaged, odd.

    Returns
    -------
    PairBias
        Layers.

    Raises
    ------
    NetworkError
        Too few triplets or lengths of pairs.
    """
    space, to_rate = CycleSpace.of(pairs), rate_of_lengths(pairs)
    rows_at_once = max(1, int(STRIP_BYTES / (32 * len(space.triplets) * shape[1])))
    parts = list(strips(shape[0], rows_at_once))
    levels = np.zeros(len(space.triplets))
    if free_level:
        each = [_pooled(read, pairs, space, rows, shape[0], window, 1)[0].sum(axis=(1, 2)) for rows in parts]
        levels = np.angle(np.sum(each, axis=0))
    bias = np.zeros((len(space.days), *shape), np.float32)
    rate, std, known = np.zeros(shape, np.float32), np.zeros(shape, np.float32), np.zeros(shape, bool)
    for rows in parts:
        phasor, mean, scatter = _pooled(read, pairs, space, rows, shape[0], window, pool)
        closure = np.angle(phasor * np.exp(-1j * levels)[:, None, None])
        found, found_std = space.bias(closure, mean, scatter, to_rate)
        known[rows] = np.all(phasor != 0, axis=0) & np.isfinite(found_std)
        bias[:, rows] = np.where(known[rows], found, 0)
        rate[rows] = np.tensordot(to_rate, bias[:, rows], 1)
        std[rows] = np.where(known[rows], found_std, 0)
    return PairBias(space.days, bias, rate, std, len(space.triplets), known)


def fading_shape(coherence: np.ndarray, days: Sequence[int]) -> np.ndarray:
    """Bias of each length for a fading part that turns by 1 rad/day, t s(t).

    Parameters
    ----------
    coherence : (lengths, ...) array of float
        Mean coherence of the pairs of each length.
    days : sequence of int
        The lengths.

    Returns
    -------
    (lengths, ...) array of float
        Days; NaN where a coherence is not known.
    """
    t = np.asarray(days, float)
    least = np.full(coherence.shape[1:], np.inf)
    share = np.full(coherence.shape, np.nan)
    for tau in np.geomspace(FASTEST * t.min(), SLOWEST * t.max(), TIMES):
        decay = np.exp(-t / tau)
        centred = decay - decay.mean()
        fading = np.maximum(np.tensordot(centred, coherence, 1) / np.sum(centred**2), 0)
        lasting = coherence.mean(axis=0) - fading * decay.mean()
        alone = np.tensordot(decay, coherence, 1) / np.sum(decay**2)
        fading, lasting = np.where(lasting < 0, alone, fading), np.maximum(lasting, 0)
        part = np.multiply.outer(decay, fading)
        squares = np.sum((coherence - lasting - part) ** 2, axis=0)
        better = squares < least
        least[better] = squares[better]
        enough = lasting > MIN_LASTING * coherence[-1]
        with np.errstate(divide="ignore", invalid="ignore"):
            share = np.where(better, np.where(enough, part / (lasting + part), np.nan), share)
    return np.moveaxis(t * np.moveaxis(share, 0, -1), -1, 0)


def rate_of_lengths(pairs: Sequence[str]) -> np.ndarray:
    """Rate of a stack of equal weights whose pairs of one length are 1 rad, and the others 0.

    Parameters
    ----------
    pairs : sequence of str
        Names of the pairs.

    Returns
    -------
    (lengths,) array of float
        1/yr, from the shortest length to the longest.
    """
    years = np.array([interval_years(pair) for pair in pairs])
    days = [pair_days(pair) for pair in pairs]
    same = np.equal.outer(sorted(set(days)), days)
    return same @ years / np.sum(years**2)


def _pooled(read, pairs, space: CycleSpace, rows: slice, height: int, window: int, pool: int):
    """Closures (triplets, rows, cols) as sums of phasors in the box, 0 where one of the cell's own
    phases is not known, and mean coherence (lengths, rows, cols), of a strip.
    """
    reach = window // 2 + pool // 2
    wide = slice(max(rows.start - reach, 0), min(rows.stop + reach, height))
    inner = slice(rows.start - wide.start, rows.stop - wide.start)
    last = {pair: k for k, one in enumerate(space.triplets) for pair in one}
    held: dict[str, np.ndarray] = {}
    sums: dict[int, list[np.ndarray]] = {day: [] for day in space.days}

    def load(pair: str) -> np.ndarray:
        phase, coherence = read(pair, wide)
        known = np.isfinite(phase) & np.isfinite(coherence)
        with np.errstate(divide="ignore", invalid="ignore"):
            mean = (box_sum(np.where(known, coherence, 0), pool) / box_sum(known, pool))[inner]
        sums[pair_days(pair)].append(mean.astype(np.float32))
        phasor = box_sum(np.where(known, np.exp(1j * np.nan_to_num(phase)), 0).astype(np.complex64), window)
        return np.where(known, phasor, 0)

    found = []
    for k, one in enumerate(space.triplets):
        for pair in one:
            if pair not in held:
                held[pair] = load(pair)
        first, second, long = (held[pair] for pair in one)
        product = first * second * long.conj()
        found.append(np.where(product != 0, box_sum(product, pool), 0)[inner])
        for pair in one:
            if last[pair] == k:
                del held[pair]
    for pair in set(pairs) - set(last):
        load(pair)
    each = [np.stack(pooled) for pooled in sums.values()]
    mean = np.stack([pooled.mean(axis=0) for pooled in each])
    scatter = np.stack([pooled.std(axis=0) / np.sqrt(len(pooled)) for pooled in each])
    return np.stack(found), mean, scatter

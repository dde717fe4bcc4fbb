"""Phase closure of all triplets of a stack: unwrapping errors, and how well wrapped phases close.

For dates i < j < k the closure is phi_ij + phi_jk - phi_ik. Of unwrapped phase it is a whole number
of cycles, but for what multilooking and filtering leave; another number than zero means that one of
the three pairs is unwrapped wrongly (Y. Morishita et al. 2020, doi:10.3390/rs12030424; Z. Yunjun et
al. 2019, doi:10.1016/j.cageo.2019.104331). Atmosphere and motion cancel.

It is judged where all three pairs have a connected component. The level of a whole pair is free, as
each rate refers pairs to one area and other processors write theirs so, hence the median closure of
the largest common component is taken as zero. Whole cycles in another component are an offset of
that component: it is reported, its cells count as wrong, and `correct` takes it out like any other
error; components are not bridged otherwise. The mean direction of a wrapped closure is taken out
likewise.
"""

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field

import numpy as np

from sarslide.insar.error_cycles import AMBIGUOUS, MAX_CYCLES, TWO_PI, UNKNOWN, is_wrong
from sarslide.insar.loop_errors import solve
from sarslide.io.blocks import blocks
from sarslide.network import triplets as triplets_of

TILE = 256  # rasters are read by whole tiles
BUDGET = 400e6  # bytes of a block: closures and errors, a byte each, and what works on them
WORKING = 150  # bytes a cell: the pairs of a triplet in float64, their phasors
REPORTED_COMPONENTS = 5
STEPS = 32  # of a cycle, in the histogram that gives the level
MAX_STEPS = (1 << 15) - 1  # from the lowest, a thousand cycles; with three components of 16 bits it fits 63

# pair, rows, cols -> unwrapped phase (rad), wrapped unfiltered phase (rad), components (None: the
# engine has none)
ReadPair = Callable[[str, slice, slice], tuple[np.ndarray, np.ndarray, np.ndarray | None]]
# rows, cols, cycles by which each pair is wrong (pairs, rows, cols), int8
PutErrors = Callable[[slice, slice, np.ndarray], None]


@dataclass
class Triplet:
    """One triplet and its statistics.

    Attributes
    ----------
    pairs : tuple of str
        The pairs first-middle, middle-last and first-last.
    cells : int
        Cells judged.
    level_rad : float
        Closure that is taken as zero, rad.
    open : int
        Judged cells that do not close.
    components : list of dict
        Of the largest common components (one number a pair): cells, offset in cycles against the
        level, share of cells off that offset.
    wrapped_mean_rad, wrapped_rms_rad : float or None
        Mean direction of the wrapped closure and RMS about it, rad.
    """

    pairs: tuple[str, str, str]
    cells: int = 0
    level_rad: float = 0.0
    open: int = 0
    components: list[dict] = field(default_factory=list)
    wrapped_mean_rad: float | None = None
    wrapped_rms_rad: float | None = None

    def to_dict(self) -> dict:
        """JSON-ready."""
        share = self.open / self.cells if self.cells else None
        return {
            "pairs": list(self.pairs), "cells": self.cells, "level_rad": _rounded(self.level_rad),
            "nonzero_share": _rounded(share, 6), "components": self.components,
            "wrapped_mean_rad": _rounded(self.wrapped_mean_rad), "wrapped_rms_rad": _rounded(self.wrapped_rms_rad),
        }  # fmt: skip


@dataclass(frozen=True)
class Closure:
    """Closure of one stack.

    Attributes
    ----------
    rms_rad : (rows, cols) array of float32
        RMS of the wrapped closure over the triplets, rad.
    error_count : (rows, cols) array of uint16
        Triplets that do not close.
    count : (rows, cols) array of uint16
        Triplets judged.
    triplets : list of Triplet
        Their statistics.
    wrong : dict of tuple
        By pair: cells judged, wrong, and ambiguous among the wrong ones.
    """

    rms_rad: np.ndarray
    error_count: np.ndarray
    count: np.ndarray
    triplets: list[Triplet]
    wrong: dict[str, tuple[int, int, int]]


def close_triplets(read: ReadPair, pairs: Sequence[str], shape: tuple[int, int], put: PutErrors) -> Closure:
    """Closure of every triplet, block by block: memory does not grow with the region.

    A network without triplets gives empty layers and UNKNOWN errors.

    Parameters
    ----------
    read : callable
        Gives a pair's block, called twice a block: unwrapped phase and wrapped unfiltered phase,
        rad, components or None.
    pairs : sequence of str
        Names of the pairs.
    shape : tuple of int
        Rows and columns of the region.
    put : callable
        Takes the errors of all pairs of a block, in the order of `pairs`: cycles (the wrong pair
        minus the right one), 0 none, AMBIGUOUS, UNKNOWN where the pair lies in no judged triplet.

    Returns
    -------
    Closure
        Layers and statistics of the stack.
    """
    found = [Triplet(members) for members in triplets_of(pairs)]
    blocks = list(_blocks(shape, WORKING + 2 * len(found) + 2 * len(pairs)))
    _set_levels(read, found, blocks)
    index = {pair: k for k, pair in enumerate(pairs)}
    members = np.array([[index[pair] for pair in one.pairs] for one in found], int).reshape(-1, 3)
    rms, count, errors = np.full(shape, np.nan, np.float32), np.zeros(shape, np.uint16), np.zeros(shape, np.uint16)
    squares, closed = np.zeros(len(found)), np.zeros(len(found), int)
    wrong = np.zeros((len(pairs), 3), int)
    for rows, cols in blocks:
        cells = rows.stop - rows.start, cols.stop - cols.start
        cycles = np.full((len(found), *cells), UNKNOWN, np.int8)
        square, known = np.zeros(cells), np.zeros(cells, int)
        for t, (one, phase, wrapped, components) in enumerate(_read_triplets(read, found, rows, cols)):
            judged = _judged(phase, components)
            whole = np.clip(_rint((_closure(phase) - one.level_rad) / TWO_PI), -MAX_CYCLES, MAX_CYCLES)
            cycles[t][judged] = whole[judged]
            one.open += int((whole[judged] != 0).sum())
            fine = np.angle(np.exp(1j * (_closure(wrapped) - (one.wrapped_mean_rad or 0.0))))
            valid = np.isfinite(fine)
            square += np.where(valid, fine, 0) ** 2
            known += valid
            squares[t] += (fine[valid] ** 2).sum()
            closed[t] += valid.sum()
        rms[rows, cols] = np.sqrt(np.divide(square, known, out=np.full(cells, np.nan), where=known > 0))
        count[rows, cols] = (cycles != UNKNOWN).sum(axis=0)
        errors[rows, cols] = ((cycles != 0) & (cycles != UNKNOWN)).sum(axis=0)
        solved = solve(cycles.reshape(len(found), cells[0] * cells[1]), members, len(pairs)).reshape(len(pairs), *cells)
        wrong[:, 0] += (solved != UNKNOWN).sum(axis=(1, 2))
        wrong[:, 1] += is_wrong(solved).sum(axis=(1, 2))
        wrong[:, 2] += (solved == AMBIGUOUS).sum(axis=(1, 2))
        put(rows, cols, solved)
    for t, one in enumerate(found):
        if closed[t]:
            one.wrapped_rms_rad = float(np.sqrt(squares[t] / closed[t]))
    return Closure(rms, errors, count, found, dict(zip(pairs, map(tuple, wrong.tolist()), strict=True)))


def _set_levels(read: ReadPair, found: list[Triplet], blocks: list[tuple[slice, slice]]) -> None:
    """First pass: the level and the mean wrapped closure of each triplet.

    From a histogram of the closure in every common component.
    """
    tables: list[Counter] = [Counter() for _ in found]
    phasors = np.zeros(len(found), complex)
    for rows, cols in blocks:
        for t, (_, phase, wrapped, components) in enumerate(_read_triplets(read, found, rows, cols)):
            judged = _judged(phase, components)
            if judged.any():
                turns = _rint(_closure(phase)[judged] * (STEPS / TWO_PI))
                tables[t].update(_counted([one[judged] for one in components], turns))
            phasors[t] += np.nansum(np.exp(1j * _closure(wrapped)))
    for one, table, phasor in zip(found, tables, phasors, strict=True):
        one.wrapped_mean_rad = float(np.angle(phasor)) if phasor else None
        common: dict[tuple, Counter] = {}
        for (*members, step), number in table.items():
            common.setdefault(tuple(members), Counter())[step] += number
        # The largest first; ties by number, so that the order is always the same.
        ordered = sorted(common.items(), key=lambda item: (-item[1].total(), item[0]))
        if ordered:
            level = _median(ordered[0][1])
            one.cells = sum(counts.total() for _, counts in ordered)
            one.level_rad = level * TWO_PI / STEPS
            one.components = [_component(*item, level) for item in ordered[:REPORTED_COMPONENTS]]


def _counted(components: Sequence[np.ndarray], turns: np.ndarray) -> dict[tuple[int, ...], int]:
    """Cells of each combination of components and closure: each is one number, to sort faster."""
    lowest = int(turns.min())
    columns = [*(one.astype(np.int64) for one in components), np.minimum(turns - lowest, MAX_STEPS)]
    sizes = [int(one.max()) + 1 for one in columns]
    numbers, cells = np.unique(np.ravel_multi_index(columns, sizes), return_counts=True)
    *members, steps = np.unravel_index(numbers, sizes)
    keys = zip(*(one.tolist() for one in (*members, steps + lowest)), strict=True)
    return dict(zip(keys, cells.tolist(), strict=True))


def _component(components: tuple, counts: Counter, level: int) -> dict:
    offset = round((_median(counts) - level) / STEPS)
    off = sum(cells for steps, cells in counts.items() if round((steps - level) / STEPS) != offset)
    share = round(off / counts.total(), 6)
    return {"components": list(components), "cells": counts.total(), "offset_cycles": offset, "off_share": share}


def _median(counts: Counter) -> int:
    left = counts.total() / 2
    for value in sorted(counts):
        left -= counts[value]
        if left <= 0:
            return value
    raise AssertionError("an empty histogram")


def _read_triplets(read: ReadPair, found: list[Triplet], rows: slice, cols: slice) -> Iterator[tuple]:
    """Each triplet with unwrapped and wrapped phases and components of its pairs.

    A pair is read once and kept while needed.
    """
    last = {pair: t for t, one in enumerate(found) for pair in one.pairs}
    held: dict[str, tuple] = {}
    for t, one in enumerate(found):
        for pair in one.pairs:
            if pair not in held:
                phase, wrapped, components = read(pair, rows, cols)
                known = np.isfinite(phase).astype(np.uint16) if components is None else components
                held[pair] = np.asarray(phase, float), np.asarray(wrapped, float), known
        yield one, *zip(*(held[pair] for pair in one.pairs), strict=True)
        for pair in one.pairs:
            if last[pair] == t:
                del held[pair]


def _closure(phase: Sequence[np.ndarray]) -> np.ndarray:
    return phase[0] + phase[1] - phase[2]


def _rint(cycles: np.ndarray) -> np.ndarray:
    """Nearest whole numbers, 0 where a phase is missing."""
    return np.nan_to_num(np.rint(cycles)).astype(np.int64)


def _judged(phase: Sequence[np.ndarray], components: Sequence[np.ndarray]) -> np.ndarray:
    return np.all([np.isfinite(one) for one in phase] + [one > 0 for one in components], axis=0)


def _blocks(shape: tuple[int, int], per_cell: int) -> Iterator[tuple[slice, slice]]:
    """Blocks of whole tiles whose `per_cell` bytes a cell stay within the budget."""
    tiles = max(1, int(np.sqrt(BUDGET / per_cell) // TILE))
    side = TILE * tiles
    return blocks(shape, side, side)


def _rounded(value: float | None, digits: int = 4) -> float | None:
    return None if value is None else round(value, digits)

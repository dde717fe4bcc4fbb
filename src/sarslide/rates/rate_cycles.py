"""Cycles of unwrapped pairs from a rate that all pairs of a stack share.

An unwrapper sees one pair: where ground moves by half a cycle from one cell to the next, or where
noise hides the fringe at its edge, it loses whole cycles, and in the longer pairs first. What it
loses there is the same in every pair but for the weather, so the stack knows better:

1. The weather of a pair: its height-correlated part and plane, fitted on stable ground, and the
   mean of what is left around each cell, of coherent ground where there is some.
2. The motion in the shortest interval: the mean phasor of the pairs of that interval without their
   weather. Its noise is that of the pairs over the root of their number, so that it is unwrapped
   where they cannot be. A deformation model of this kind is what unwrapping is helped by in
   Y. Fialko, 2006 (doi:10.1038/nature04797) and A. Hooper, H. Zebker, 2007
   (doi:10.1364/JOSAA.24.002737).
3. A pair then has the cycles next to its weather and its share of the motion, where all pairs
   agree with both: by the temporal coherence, around each cell, of what is left (A. Pepe, R.
   Lanari, 2006, doi:10.1109/TGRS.2006.873207). Elsewhere it stays as it was unwrapped.

What moves by more than a cycle in the shortest interval within a cell or two of still ground has no
cycles that phase could tell, here as in the pairs. Motion is taken as steady: ground whose rate
changes by half a cycle of a pair does not agree and is left alone.
"""

import logging
import math
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from sarslide.errors import RateError
from sarslide.insar.error_cycles import MAX_CYCLES, UNKNOWN
from sarslide.insar.unwrap import BRIDGE_M, unwrap
from sarslide.names import pair_days
from sarslide.phase import TWO_PI
from sarslide.rates.corrections.atmosphere import remove_height_correlated
from sarslide.rates.corrections.date_delays import Coarse

log = logging.getLogger(__name__)

# pair -> unwrapped phase (rad), unfiltered wrapped phase (rad), coherence, components or None
ReadBoth = Callable[[str], tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray | None]]

MIN_SHARE = 0.25  # of the pairs: the shortest interval has at least so many
REGIONAL_M, LOCAL_M = 1000.0, 180.0  # standard deviations of the means that are the weather
MIN_COHERENCE = 0.3  # of coherent ground in a pair
CELL_LOOKS = 4.0  # independent looks of a cell's phase in one pair: half those of 30 m, some fade together
SURE = 0.5  # temporal coherence from which a cell's own phase is the model's
AGREES = 0.4  # the same around a cell, from which its motion, and its cycles, are believed
AROUND_WIDTH = 1.0  # standard deviation of that surrounding, cells
MARGIN_CELLS = 2  # by which moving ground is dilated: its margins are slow
BY_CHANCE = 0.01  # share of cells of noise that would agree


@dataclass(frozen=True)
class Motion:
    """What a stack moves by in its shortest interval.

    Attributes
    ----------
    phase_rad : (rows, cols) array of float32
        Unwrapped, rad, positive away from the satellite; 0 where so little that no pair needs it.
    steady : (rows, cols) array of bool
        Ground that moves so little, or that noise hides; not coherent ground whose motion changes.
    days : int
        The interval.
    pairs : int
        Pairs that it was found from.
    """

    phase_rad: np.ndarray
    steady: np.ndarray
    days: int
    pairs: int

    def of_pair(self, pair: str) -> np.ndarray:
        """The motion of a pair.

        Parameters
        ----------
        pair : str
            Its name.

        Returns
        -------
        (rows, cols) array of float32
            Phase, rad, positive away from the satellite.
        """
        return self.phase_rad * (pair_days(pair) / self.days)


class Weather:
    """The part of a pair's phase that is smooth over stable ground.

    Parameters
    ----------
    elevation_m : (rows, cols) array of float
        Height, m.
    stable : (rows, cols) array of bool
        Ground that does not move.
    cell_m : float
        Side of a cell, m.
    """

    def __init__(self, elevation_m: np.ndarray, stable: np.ndarray, cell_m: float) -> None:
        self.elevation_m, self.stable = elevation_m, stable
        self.regional, self.local = (Coarse(stable.shape, width / cell_m) for width in (REGIONAL_M, LOCAL_M))

    def of(self, unwrapped_rad: np.ndarray, coherence: np.ndarray, in_component: np.ndarray) -> np.ndarray:
        """The weather of a pair.

        Parameters
        ----------
        unwrapped_rad : (rows, cols) array of float
            Its unwrapped phase, rad.
        coherence : (rows, cols) array of float
            Its coherence.
        in_component : (rows, cols) array of bool
            Cells of the connected component whose level it has.

        Returns
        -------
        (rows, cols) array of float
            rad, NaN where the pair has no phase.
        """
        still = self.stable & np.isfinite(unwrapped_rad)
        coherent = still & in_component & (coherence >= MIN_COHERENCE)
        rest, _ = remove_height_correlated(unwrapped_rad, self.elevation_m, coherent)
        for mean, used in ((self.regional, still), (self.local, still), (self.local, coherent)):
            rest = rest - mean.spread(mean.smooth(rest, used))
        return unwrapped_rad - rest


@dataclass(frozen=True)
class ErrorCycles:
    """Cycles by which the pairs of a stack are wrong.

    Attributes
    ----------
    cycles : (pairs, rows, cols) array of int8
        The pair minus the right one, UNKNOWN where the pairs agree on no rate.
    components : list of int
        Of each pair, the connected component whose level all cells have; 0: the pair is unusable.
    motion : Motion
        The rate.
    """

    cycles: np.ndarray
    components: list[int]
    motion: Motion


def find_error_cycles(
    read: ReadBoth,
    pairs: Sequence[str],
    elevation_m: np.ndarray,
    stable: np.ndarray,
    cell_m: float,
    cycles: np.ndarray | None = None,
) -> ErrorCycles:
    """Cycles by which each pair is wrong, as the rate of the stack has them.

    Parameters
    ----------
    read : callable
        Pair -> unwrapped phase (rad), unfiltered wrapped phase (rad), coherence, components or
        None; called twice.
    pairs : sequence of str
        Names of the pairs.
    elevation_m : (rows, cols) array of float
        Height, m.
    stable : (rows, cols) array of bool
        Coherent ground that does not move.
    cell_m : float
        Side of a cell, m.
    cycles : (pairs, rows, cols) array of int8, optional
        Takes the cycles, such as a memory map: all else is as large as some layers of the frame.

    Returns
    -------
    ErrorCycles
        Cycles, and what they were found by.

    Raises
    ------
    RateError
        No pair has enough stable ground.
    """
    motion, components = find_motion(read, pairs, Weather(elevation_m, stable, cell_m), cell_m)
    weather = Weather(elevation_m, motion.steady, cell_m)
    if cycles is None:
        cycles = np.empty((len(pairs), *stable.shape), np.int8)
    agreed, weight = np.zeros(stable.shape, np.complex64), np.zeros(stable.shape, np.float32)
    for k, (pair, component) in enumerate(zip(pairs, components, strict=True)):
        cycles[k] = UNKNOWN
        if component:
            unwrapped, _, coherence, parts = read(pair)
            rest = unwrapped - weather.of(unwrapped, coherence, _within(parts, unwrapped, component))
            rest -= motion.of_pair(pair)
            known = np.isfinite(rest)
            cycles[k][known] = np.clip(np.rint(rest[known] / TWO_PI), -MAX_CYCLES, MAX_CYCLES)
            squared = np.where(known, coherence**2, 0)
            agreed += squared * np.exp(1j * np.where(known, rest, 0))
            weight += squared
    disagree = _around(agreed, weight) < least_coherence(sum(map(bool, components)))
    for of_pair in cycles:
        of_pair[disagree] = UNKNOWN
    return ErrorCycles(cycles, components, motion)


def least_coherence(pairs: int) -> float:
    """Temporal coherence from which pairs agree: that of noise exceeds g with exp(-pairs g^2).

    Parameters
    ----------
    pairs : int
        How many there are.

    Returns
    -------
    float
        AGREES, or more for few pairs, so that BY_CHANCE is kept.
    """
    return max(AGREES, math.sqrt(-math.log(BY_CHANCE) / max(pairs, 1)))


def find_motion(read: ReadBoth, pairs: Sequence[str], weather: Weather, cell_m: float) -> tuple[Motion, list[int]]:
    """The motion of a stack, and of each pair the component that it was found in.

    Parameters
    ----------
    read, pairs, cell_m
        As in `find_error_cycles`.
    weather : Weather
        Of its ground.

    Returns
    -------
    motion : Motion
        The motion.
    components : list of int
        Component of each pair on stable ground, 0 where there is too little of it.

    Raises
    ------
    RateError
        No pair has enough stable ground.
    """
    days, shape = shortest_interval(pairs), weather.stable.shape
    phasor, weight = np.zeros(shape, np.complex64), np.zeros(shape, np.float32)
    components, count = [], 0
    for pair in pairs:
        unwrapped, wrapped, coherence, parts = read(pair)
        component = _component_on(parts, weather.stable)
        try:
            smooth = weather.of(unwrapped, coherence, _within(parts, unwrapped, component))
        except RateError as error:
            log.warning("pair %s keeps its cycles: %s", pair, error.problem)
            component = 0
        components.append(component)
        if component and pair_days(pair) == days:
            rest = wrapped - smooth
            squared = np.where(np.isfinite(rest), coherence**2, 0)
            phasor += squared * np.exp(1j * np.nan_to_num(rest))
            weight += squared
            count += 1
    if not weight.any():
        raise RateError("no pair has enough stable ground for its weather", "lower rates.min_coherence")
    longest = max(map(pair_days, pairs))
    phase = _unwrapped_motion(phasor, weight, count, weather.stable, cell_m, least=np.pi / 2 * days / longest)
    changing = (_around(phasor, weight) < AGREES) & (weight >= count * MIN_COHERENCE**2)
    return Motion(phase, (phase == 0) & ~changing, days, count), components


def shortest_interval(pairs: Sequence[str]) -> int:
    """The shortest interval that MIN_SHARE of the pairs have, or else the commonest.

    Parameters
    ----------
    pairs : sequence of str
        Names of the pairs.

    Returns
    -------
    int
        Days.
    """
    counts = Counter(map(pair_days, pairs))
    enough = [days for days, count in counts.items() if count >= MIN_SHARE * len(pairs)]
    return min(enough) if enough else counts.most_common(1)[0][0]


def _unwrapped_motion(
    phasor: np.ndarray, weight: np.ndarray, pairs: int, stable: np.ndarray, cell_m: float, least: float
) -> np.ndarray:
    """Unwrapped phase of the mean phasor where it is surely more than `least` rad, else 0."""
    from scipy.ndimage import binary_dilation, median_filter

    own = np.abs(phasor) / np.maximum(weight, np.finfo(np.float32).tiny)
    guide = np.where(weight > 0, np.angle(phasor), np.nan)
    phase = np.nan_to_num(unwrap(guide, own, CELL_LOOKS * pairs, reach=BRIDGE_M / cell_m)[0])
    phase -= TWO_PI * np.rint(np.median(phase[stable & (weight > 0)]) / TWO_PI)
    middle = median_filter(phase, 3)
    sure = (np.abs(middle) > least) & (_around(phasor, weight) > AGREES)
    moves = binary_dilation(sure, iterations=MARGIN_CELLS)
    return np.where(moves, np.where(own > SURE, phase, middle), 0).astype(np.float32)


def _around(phasor: np.ndarray, weight: np.ndarray) -> np.ndarray:
    """Temporal coherence around each cell: length of the summed phasors over their weight."""
    from scipy.ndimage import gaussian_filter

    cosines, sines, total = (gaussian_filter(part, AROUND_WIDTH) for part in (phasor.real, phasor.imag, weight))
    return np.hypot(cosines, sines) / np.maximum(total, np.finfo(np.float32).tiny)


def _component_on(components: np.ndarray | None, stable: np.ndarray) -> int:
    """The component that holds most of the stable ground; 1 where the engine has none."""
    if components is None:
        return 1
    return int(np.argmax(np.bincount(components[stable & (components > 0)], minlength=2)))


def _within(components: np.ndarray | None, phase: np.ndarray, component: int) -> np.ndarray:
    return np.isfinite(phase) if components is None else components == component

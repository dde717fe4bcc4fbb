"""One pass over the pairs of a stack: read, mask, correct, reference, add to a stack, forget."""

import logging
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np

from sarslide.errors import RateError
from sarslide.names import split_pair
from sarslide.rates.averaging import AveragePhase
from sarslide.rates.corrections.atmosphere import (
    AtmosphereFit,
    remove_height_correlated,
    remove_height_correlated_wrapped,
)
from sarslide.rates.corrections.date_delays import Coarse, DateDelays, date_delays
from sarslide.rates.corrections.double_difference import double_difference, double_difference_wrapped
from sarslide.rates.date_stack import DateStack
from sarslide.rates.ground import Ground
from sarslide.rates.noise_parts import Pool, mean_around
from sarslide.rates.settings import RateSettings
from sarslide.rates.stacking import Stack, Stacked

log = logging.getLogger(__name__)

# pair -> unwrapped phase (rad), coherence, connected components (None where the engine has none);
# each (rows, cols)
ReadUnwrapped = Callable[[str], tuple[np.ndarray, np.ndarray, np.ndarray | None]]
# pair -> wrapped phase (rad), coherence
ReadWrapped = Callable[[str], tuple[np.ndarray, np.ndarray]]


def _mean_direction(phase_rad: np.ndarray) -> float:
    return np.angle(np.exp(1j * phase_rad).sum())


@dataclass(frozen=True)
class PhaseKind:
    """How a kind of phase is corrected.

    Attributes
    ----------
    remove_height_correlated : callable
        Phase, elevation, stable ground, height, plane -> phase without atmosphere, its fit.
    level : callable
        Phases in the reference area, rad -> the level that becomes zero, rad.
    double_difference : callable
        Phase, stable ground, inner and outer radius -> phase against its surroundings.
    """

    remove_height_correlated: Callable[
        [np.ndarray, np.ndarray, np.ndarray, bool, bool], tuple[np.ndarray, AtmosphereFit]
    ]
    level: Callable[[np.ndarray], float]
    double_difference: Callable[[np.ndarray, np.ndarray, float, float], np.ndarray]


UNWRAPPED = PhaseKind(remove_height_correlated, np.median, double_difference)
WRAPPED = PhaseKind(remove_height_correlated_wrapped, _mean_direction, double_difference_wrapped)


@dataclass(frozen=True)
class CorrectedPair:
    """A pair that can be used.

    Attributes
    ----------
    name : str
        Name of the pair.
    phase_rad : (rows, cols) array of float
        Phase, rad, corrected and referenced, NaN where it cannot be used.
    coherence : (rows, cols) array of float
        Coherence, 0 to 1.
    component : int, optional
        The connected component that is used: that of the reference area (0: none is reliable
        there). None where all are, or where the engine has no components.
    """

    name: str
    phase_rad: np.ndarray
    coherence: np.ndarray
    component: int | None


class Corrector:
    """Takes atmosphere and reference level off pairs, all on the same ground.

    Parameters
    ----------
    read_pair : callable
        Pair -> phase (rad), coherence, components or None, each (rows, cols).
    ground : Ground
        Heights, stable ground and reference area.
    settings : RateSettings
        What is masked and removed.
    kind : PhaseKind
        Of unwrapped or of wrapped phase.

    Attributes
    ----------
    removed : dict
        Pair -> what was removed from it in numbers, or why it was skipped; of the pairs so far.
    """

    def __init__(
        self, read_pair: ReadUnwrapped, ground: Ground, settings: RateSettings, kind: PhaseKind = UNWRAPPED
    ) -> None:
        self.read_pair, self.ground, self.settings, self.kind = read_pair, ground, settings, kind
        self.removed: dict[str, dict] = {}

    def corrected(self, pairs: Iterable[str]) -> Iterator[CorrectedPair]:
        """The pairs less their height-correlated atmosphere, referenced.

        A pair without enough usable ground is skipped, logged and recorded in `removed`.

        Parameters
        ----------
        pairs : iterable of str
            Names of the pairs.

        Yields
        ------
        CorrectedPair
            Each pair that can be used, in the order of `pairs`.
        """
        for pair in pairs:
            phase, coherence, component = self._usable(pair)
            try:
                phase, self.removed[pair] = self._referenced(phase)
            except RateError as error:
                log.warning("pair %s skipped: %s", pair, error.problem)
                self.removed[pair] = {"skipped": error.problem}
                continue
            yield CorrectedPair(pair, phase, coherence, component)

    def ready(self, pairs: Sequence[str]) -> Iterator[CorrectedPair]:
        """The corrected pairs less the delays of their dates, and against their surroundings.

        Either only where the settings require it. With delays every pair is read twice.

        Parameters
        ----------
        pairs : sequence of str
            Names of the pairs.

        Yields
        ------
        CorrectedPair
            Each pair that can be used, in the order of `pairs`.
        """
        delays = self.delays(pairs)
        for pair in self.corrected(pairs):
            phase = pair.phase_rad
            if delays:
                phase = phase - delays.of_pair(pair.name)
                phase -= np.median(phase[self.ground.reference.mask & np.isfinite(phase)])
            if self.settings.ring:
                phase = self.kind.double_difference(phase, self.ground.stable, *self.settings.ring)
            yield replace(pair, phase_rad=phase)

    def delays(self, pairs: Iterable[str]) -> DateDelays | None:
        """Delays of the dates that the correction of single pairs leaves.

        Parameters
        ----------
        pairs : iterable of str
            Names of the pairs, of unwrapped phase.

        Returns
        -------
        DateDelays, optional
            None where the settings do not require them, or no pair can be used.
        """
        if self.settings.atmosphere == "none":
            return None
        coarse = Coarse(self.ground.shape, self.settings.atmosphere_cells)
        fresh = Corrector(self.read_pair, self.ground, self.settings, self.kind)
        smoothed = fresh.smoothed(sorted(pairs), coarse)
        if not smoothed:
            return None
        fields = np.stack(list(smoothed.values()))
        return date_delays(fields, list(smoothed), coarse, self.settings.atmosphere, self.settings.atmosphere_days)

    def smoothed(self, pairs: Iterable[str], coarse: Coarse) -> dict[str, np.ndarray]:
        """The corrected pairs smoothed over stable ground.

        Parameters
        ----------
        pairs : iterable of str
            Names of the pairs.
        coarse : Coarse
            Coarser grid and Gaussian.

        Returns
        -------
        dict of str to (coarse rows, coarse cols) array of float
            Phase, rad, of each pair that can be used.
        """
        return {
            pair.name: coarse.smooth(pair.phase_rad, self.ground.stable & np.isfinite(pair.phase_rad))
            for pair in self.corrected(pairs)
        }

    def _usable(self, pair: str) -> tuple[np.ndarray, np.ndarray, int | None]:
        """Phase with NaN where it cannot be used, coherence, and the component that is used."""
        phase, coherence, components = self.read_pair(pair)
        usable, component = coherence >= self.settings.pair_coherence, None
        if components is not None:
            usable &= components > 0
            if self.settings.one_component:
                component = _component_of(components, self.ground.reference.mask)
                usable &= components == component
        return np.where(usable, phase, np.nan), coherence, component

    def _referenced(self, phase: np.ndarray) -> tuple[np.ndarray, dict]:
        """Phase less its atmosphere and its level in the reference area, and both in numbers."""
        notes: dict = {}
        height, plane = self.settings.height_correlated, self.settings.plane
        if height or plane:
            phase, fit = self.kind.remove_height_correlated(
                phase, self.ground.elevation_m, self.ground.stable, height, plane
            )
            notes = fit.to_dict()
        inside = phase[self.ground.reference.mask & np.isfinite(phase)]
        if not len(inside):
            raise RateError("no valid cell in the reference area", "choose another reference area")
        level = float(self.kind.level(inside))
        return phase - level, {**notes, "reference_rad": level, "reference_cells": len(inside)}


def stack_unwrapped(
    read_pair: ReadUnwrapped,
    pairs: Sequence[str],
    ground: Ground,
    settings: RateSettings,
    pool: Pool | None = mean_around,
) -> tuple[Stacked, dict[str, dict]]:
    """Correct each unwrapped pair on stable ground, set its median in the reference to zero, stack.

    Parameters
    ----------
    read_pair : callable
        Pair -> unwrapped phase (rad), coherence, components or None. With an estimate of the
        dates' delays every pair is read twice.
    pairs : sequence of str
        Names of the pairs.
    ground : Ground
        Heights, stable ground and reference area.
    settings : RateSettings
        What is masked, removed and weighted.
    pool : callable, optional
        Mean around each cell, for the error: see `NoiseParts.variance`.

    Returns
    -------
    stack : Stacked
        Phase rate and its error, rad/yr.
    removed : dict
        Pair -> what was removed from it, or why it was skipped.
    """
    kind = DateStack if settings.weighting == "noise" else Stack
    stack = kind(sorted(pairs, key=_by_later_date), ground.shape)
    corrector = Corrector(read_pair, ground, settings)
    for pair in corrector.ready(stack.pairs):
        stack.add(pair.name, pair.phase_rad, pair.coherence, settings.pair_weight(pair.coherence))
    return stack.result(settings.min_pairs(len(pairs)), pool), corrector.removed


def average_wrapped(
    read_pair: ReadWrapped,
    pairs: Sequence[str],
    ground: Ground,
    settings: RateSettings,
    about: np.ndarray,
    mean: str,
) -> tuple[Stacked, dict[str, dict]]:
    """Correct each wrapped pair on stable ground, set its phase in the reference to zero, average.

    Delays of dates are not estimated: that needs unwrapped pairs.

    Parameters
    ----------
    read_pair : callable
        Pair -> wrapped phase (rad), coherence.
    pairs : sequence of str
        Names of the pairs.
    ground : Ground
        Heights, stable ground and reference area.
    settings : RateSettings
        What is masked, removed and weighted.
    about : (rows, cols) array of float
        Phase, rad, about which deviations are taken for the error: see `AveragePhase`.
    mean : str
        Kind of mean: see `AveragePhase`.

    Returns
    -------
    stack : Stacked
        Averaged phase and its error, rad.
    removed : dict
        Pair -> what was removed from it, or why it was skipped.
    """
    average = AveragePhase(sorted(pairs, key=_by_later_date), ground.shape, about, mean)
    corrector = Corrector(lambda pair: (*read_pair(pair), None), ground, replace(settings, atmosphere="none"), WRAPPED)
    for pair in corrector.ready(average.pairs):
        average.add(pair.name, pair.phase_rad, pair.coherence, settings.pair_weight(pair.coherence))
    return average.result(settings.min_pairs(len(pairs))), corrector.removed


def _component_of(components: np.ndarray, reference: np.ndarray) -> int:
    """The component that holds most of the reference area; 0 where no cell of it is reliable."""
    return int(np.argmax(np.bincount(components[reference & (components > 0)], minlength=2)))


def _by_later_date(pair: str) -> tuple[str, str]:
    """In this order few dates are open at a time, and memory stays small."""
    earlier, later = split_pair(pair)
    return later, earlier

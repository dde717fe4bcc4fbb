"""One pass over the pairs of a track: read, mask, correct, reference, add to a stack or an average, forget."""

import logging
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, fields
from math import ceil

import numpy as np

from sarslide.errors import RateError
from sarslide.grid import RegionGrid
from sarslide.names import split_pair
from sarslide.rates.averaging import AveragePhase
from sarslide.rates.corrections.atmosphere import remove_height_correlated, remove_height_correlated_wrapped
from sarslide.rates.corrections.date_delays import Coarse, DateDelays, date_delays
from sarslide.rates.corrections.double_difference import double_difference, double_difference_wrapped
from sarslide.rates.reference import disc_in_cells
from sarslide.rates.stacking import LEAST_PAIRS, Stack, Stacked

log = logging.getLogger(__name__)

# pair -> unwrapped phase (rad), coherence, connected components (None where the engine has none); each (rows, cols)
ReadUnwrapped = Callable[[str], tuple[np.ndarray, np.ndarray, np.ndarray | None]]
# pair -> wrapped phase (rad), coherence
ReadWrapped = Callable[[str], tuple[np.ndarray, np.ndarray]]


@dataclass(frozen=True)
class RateSettings:
    """Choices of the rate rules.

    height_correlated, plane: terms removed per pair. moving_sigma, dilate_cells: what the first pass calls moving.
    min_coherence: mean coherence that stable ground needs. pair_coherence: cells of a pair below it are not used; low,
    because a gap in a cell's chain of pairs lets atmosphere in that would telescope. min_share: cells with a smaller part of
    the pairs valid, or fewer than three, have no rate. weighting: "none" (P4 eq. 1) or "coherence" (weight g^2 / (1 - g^2),
    the inverse variance of multilooked phase). reference: (row, col, radius in cells), or None to choose. one_component: only
    the connected component that holds the reference area is used. atmosphere: estimate of the dates' delays that is taken off
    unwrapped pairs, a method of `date_delays` or "none"; atmosphere_cells, atmosphere_days: its Gaussians. ring: inner and outer
    radius in cells of the surroundings to which each cell is referenced (`double_difference`), or None for one reference area.
    """

    height_correlated: bool = True
    plane: bool = True
    moving_sigma: float = 3.0
    dilate_cells: int = 3
    min_coherence: float = 0.3
    pair_coherence: float = 0.1
    min_share: float = 0.25
    weighting: str = "none"
    reference: tuple[float, float, float] | None = None
    one_component: bool = True
    atmosphere: str = "none"
    atmosphere_cells: float = 17.0
    atmosphere_days: float = 100.0
    ring: tuple[float, float] | None = None

    @classmethod
    def of(cls, params: Mapping, grid: RegionGrid) -> "RateSettings":
        """From the keys of the configuration's `rates`, those that are there; lengths in metres or km become cells of `grid`."""
        values = {field.name: params[field.name] for field in fields(cls) if field.name in params}
        values["reference"] = disc_in_cells(grid, params.get("reference"))
        if "atmosphere_km" in params:
            values["atmosphere_cells"] = params["atmosphere_km"] * 1e3 / grid.cell_m
        if params.get("reference_mode") == "double_difference":
            values["ring"] = tuple(km * 1e3 / grid.cell_m for km in params["double_difference_km"])
        return cls(**values)

    def min_pairs(self, pairs: int) -> int:
        """Valid pairs that a cell needs in a stack of so many."""
        return max(LEAST_PAIRS, ceil(self.min_share * pairs))


def stack_unwrapped(
    read_pair: ReadUnwrapped,
    pairs: Sequence[str],
    elevation_m: np.ndarray,
    stable: np.ndarray,
    reference: np.ndarray,
    settings: RateSettings,
) -> tuple[Stacked, dict[str, dict]]:
    """Correct each pair on `stable` ground, set its median inside `reference` to zero, stack.

    Also returns, per pair, what was removed. A pair without enough usable ground is skipped, logged and recorded. With an
    estimate of the dates' delays every pair is read twice.
    """
    stack = Stack(sorted(pairs, key=_by_later_date), elevation_m.shape)
    removed: dict[str, dict] = {}
    ready = ready_pairs(read_pair, stack.pairs, elevation_m, stable, reference, settings, removed)
    for pair, phase, coherence in ready:
        stack.add(pair, phase, coherence, _weight(coherence, settings))
    return stack.result(settings.min_pairs(len(pairs))), removed


def ready_pairs(
    read_pair: ReadUnwrapped,
    pairs: Sequence[str],
    elevation_m: np.ndarray,
    stable: np.ndarray,
    reference: np.ndarray,
    settings: RateSettings,
    removed: dict[str, dict],
) -> Iterator[tuple[str, np.ndarray, np.ndarray]]:
    """`corrected_pairs` less the delays of their dates, or against their surroundings, where the settings say so."""
    delays = estimate_delays(read_pair, pairs, elevation_m, stable, reference, settings)
    for pair, phase, coherence in corrected_pairs(read_pair, pairs, elevation_m, stable, reference, settings, removed):
        if delays:
            phase = phase - delays.of_pair(pair)
            phase -= np.median(phase[reference & np.isfinite(phase)])
        if settings.ring:
            phase = double_difference(phase, stable, *settings.ring)
        yield pair, phase, coherence


def corrected_pairs(
    read_pair: ReadUnwrapped,
    pairs: Sequence[str],
    elevation_m: np.ndarray,
    stable: np.ndarray,
    reference: np.ndarray,
    settings: RateSettings,
    removed: dict[str, dict],
) -> Iterator[tuple[str, np.ndarray, np.ndarray]]:
    """Each pair that can be used: name, unwrapped phase (rad, corrected, referenced, NaN where not usable) and coherence.

    `removed` receives what was removed from each pair, or why it was skipped.
    """

    def masked(pair: str) -> tuple[np.ndarray, np.ndarray]:
        unwrapped, coherence, components = read_pair(pair)
        if components is not None:
            unwrapped = np.where(reliable(components, reference, settings.one_component), unwrapped, np.nan)
        return unwrapped, coherence

    return _each(masked, pairs, remove_height_correlated, np.median, elevation_m, stable, reference, settings, removed)


def estimate_delays(
    read_pair: ReadUnwrapped,
    pairs: Sequence[str],
    elevation_m: np.ndarray,
    stable: np.ndarray,
    reference: np.ndarray,
    settings: RateSettings,
) -> DateDelays | None:
    """Delays of the dates that are left after each pair's correction; None where the settings want none."""
    if settings.atmosphere == "none":
        return None
    coarse, used, smoothed = Coarse(elevation_m.shape, settings.atmosphere_cells), [], []
    for pair, phase, _ in corrected_pairs(read_pair, sorted(pairs), elevation_m, stable, reference, settings, {}):
        used.append(pair)
        smoothed.append(coarse.smooth(phase, stable & np.isfinite(phase)))
    if not used:
        return None
    return date_delays(np.stack(smoothed), used, coarse, settings.atmosphere, settings.atmosphere_days)


def average_wrapped(
    read_pair: ReadWrapped,
    pairs: Sequence[str],
    elevation_m: np.ndarray,
    stable: np.ndarray,
    reference: np.ndarray,
    about: np.ndarray,
    settings: RateSettings,
    mean: str,
) -> tuple[Stacked, dict[str, dict]]:
    """The same for wrapped pairs: phases are averaged, and the mean phasor inside `reference` gets phase zero.

    Delays of dates are not estimated: that needs unwrapped pairs.
    """
    average = AveragePhase(sorted(pairs, key=_by_later_date), elevation_m.shape, about, mean)
    removed: dict[str, dict] = {}
    for pair, phase, coherence in _each(
        read_pair,
        average.pairs,
        remove_height_correlated_wrapped,
        _mean_direction,
        elevation_m,
        stable,
        reference,
        settings,
        removed,
    ):
        if settings.ring:
            phase = double_difference_wrapped(phase, stable, *settings.ring)
        average.add(pair, phase, coherence, _weight(coherence, settings))
    return average.result(settings.min_pairs(len(pairs))), removed


def reliable(components: np.ndarray, reference: np.ndarray, one_component: bool) -> np.ndarray:
    """Cells of any component (> 0), or only of the one that holds most of the reference area."""
    if not one_component:
        return components > 0
    return (components > 0) & (components == component_of(components, reference))


def component_of(components: np.ndarray, reference: np.ndarray) -> int:
    """The component that holds most of the reference area; 0 where no cell of the area is reliable."""
    return int(np.argmax(np.bincount(components[reference & (components > 0)], minlength=2)))


def _each(read, pairs, correct, level_of, elevation_m, stable, reference, settings, removed):
    for pair in pairs:
        phase, coherence = read(pair)
        phase = np.where(coherence >= settings.pair_coherence, phase, np.nan)
        try:
            phase, removed[pair] = referenced(phase, correct, level_of, elevation_m, stable, reference, settings)
        except RateError as error:
            log.warning("pair %s skipped: %s", pair, error.problem)
            removed[pair] = {"skipped": error.problem}
            continue
        yield pair, phase, coherence


def referenced(phase, correct, level_of, elevation_m, stable, reference, settings) -> tuple[np.ndarray, dict]:
    """Phase less its atmosphere and its level in the reference area, and both in numbers."""
    notes = {}
    if settings.height_correlated or settings.plane:
        phase, fit = correct(phase, elevation_m, stable, settings.height_correlated, settings.plane)
        notes = fit.to_dict()
    inside = phase[reference & np.isfinite(phase)]
    if not len(inside):
        raise RateError("no valid cell in the reference area", "choose another reference area")
    level = float(level_of(inside))
    return phase - level, {**notes, "reference_rad": level, "reference_cells": len(inside)}


def _mean_direction(phase_rad: np.ndarray) -> float:
    return np.angle(np.exp(1j * phase_rad).sum())


def _weight(coherence: np.ndarray, settings: RateSettings) -> np.ndarray | float:
    if settings.weighting == "none":
        return 1.0
    squared = np.clip(coherence, 0, 0.99) ** 2
    return squared / (1 - squared)


def _by_later_date(pair: str) -> tuple[str, str]:
    """In this order few dates are open at a time, and memory stays small."""
    earlier, later = split_pair(pair)
    return later, earlier

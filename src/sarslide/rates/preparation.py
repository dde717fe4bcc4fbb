"""What every cell's inversion needs to know of the whole region: stable ground, the reference, and what to take off each pair.

Passes over the pairs, none of which is held: they are stacked until stable ground and reference area have settled, as in
stacking, so that all methods have the same zero; a last pass fits each pair's atmosphere on that ground and finds its level in
the reference area. What is found are a few numbers a pair, with which any block of the region can be prepared on its own.
"""

import logging
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np

from sarslide.errors import RateError
from sarslide.io.blocks import blocks
from sarslide.rates.corrections.atmosphere import remove_height_correlated, terms_of
from sarslide.rates.passes import RateSettings, ReadUnwrapped, component_of, referenced
from sarslide.rates.pipeline import settled_stack
from sarslide.rates.reference import ReferenceArea
from sarslide.rates.sbas.network import check_connected, dates_of, velocity_design

log = logging.getLogger(__name__)

TILE = 256  # side of a raster's tiles: a block of one tile is decompressed once
BLOCK_BYTES = 400e6
COEFFICIENTS = {"constant": "constant_rad", "height": "height_rad_per_km", "east": "east_rad", "north": "north_rad"}


@dataclass(frozen=True)
class Preparation:
    """Of one track.

    pairs: those that can be used, ordered by name. component: of each, the connected component that is used (0: no cell;
    None: the engine has no components). coefficients: (pairs, terms), rad. terms: (terms, rows, cols): the constant and those
    of the atmosphere that were fitted. stable, reference, moving_limit: as in `pipeline.Rates`. notes: what was removed from
    each pair, or why it was skipped.
    """

    pairs: list[str]
    component: list[int | None]
    coefficients: np.ndarray
    terms: np.ndarray
    pair_coherence: float
    stable: np.ndarray
    reference: ReferenceArea
    moving_limit: float
    notes: dict[str, dict]

    @property
    def ground(self) -> np.ndarray:
        """Layer `stable_ground`: 0 moving, incoherent or excluded, 1 used by the atmosphere fits, 2 reference area."""
        return np.where(self.reference.mask, 2, self.stable.astype(np.uint8)).astype(np.uint8)

    def phases(
        self, read_block: ReadUnwrapped, rows: slice, cols: slice, every_component: bool = False
    ) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Phase (rad, corrected, referenced, NaN where not usable), coherence, components of a block, each (pairs, rows, cols).

        read_block: pair -> unwrapped phase, coherence, components or None of the block; without components there is one.
        every_component: keep the phase of other components than the reference's too.
        """
        terms = self.terms[:, rows, cols]
        shape = (len(self.pairs), *terms.shape[1:])
        phase, coherence = np.empty(shape, np.float32), np.empty(shape, np.float32)
        components = np.ones(shape, np.uint16)
        for k, pair in enumerate(self.pairs):
            phase[k], coherence[k], labels = read_block(pair)
            usable = coherence[k] >= self.pair_coherence
            if labels is not None:
                components[k] = labels
                usable &= (labels > 0) & (every_component | (labels == self.component[k]))
            phase[k] -= np.tensordot(self.coefficients[k], terms, 1)
            phase[k][~usable] = np.nan
        return phase, coherence, components


def prepare(
    read_pair: ReadUnwrapped,
    pairs: Sequence[str],
    elevation_m: np.ndarray,
    settings: RateSettings,
    exclude: np.ndarray | None = None,
    correct: bool = True,
) -> Preparation:
    """Find ground, reference and corrections.

    read_pair: pair name -> (unwrapped phase in rad, coherence, components or None), called once a pass. elevation_m: (rows,
    cols). exclude: True where a cell must not enter a fit or the reference (layover, shadow). correct: False to take only the
    reference level off the pairs, for an inversion that corrects the atmosphere itself.
    Raises NetworkError when the pairs, or those that can be used, fall into islands; RateError without ground or reference.
    """
    check_connected(pairs)
    pairs = sorted(pairs)
    plain = replace(settings, atmosphere="none", ring=None, weighting="none")
    ground = settled_stack(read_pair, pairs, elevation_m, plain, exclude)
    stable, reference = ground.stable, ground.reference
    fitted = settings if correct else replace(settings, height_correlated=False, plane=False)
    terms = terms_of(elevation_m, fitted.height_correlated, fitted.plane)
    used, component, coefficients, notes = [], [], [], {}
    for pair in pairs:
        try:
            notes[pair], of_pair = _fit_pair(read_pair(pair), elevation_m, stable, reference.mask, fitted)
        except RateError as error:
            log.warning("pair %s skipped: %s", pair, error.problem)
            notes[pair] = {"skipped": error.problem}
            continue
        used.append(pair)
        component.append(of_pair)
        coefficients.append([notes[pair].get(COEFFICIENTS[term], 0.0) for term in terms])
        coefficients[-1][0] += notes[pair]["reference_rad"]
    check_connected(used, dates_of(pairs))
    return Preparation(
        used,
        component,
        np.array(coefficients),
        np.stack(list(terms.values())),
        settings.pair_coherence,
        stable,
        reference,
        ground.limit,
        notes,
    )


def _fit_pair(read, elevation_m, stable, reference, settings) -> tuple[dict, int | None]:
    phase, coherence, components = read
    component = None
    usable = coherence >= settings.pair_coherence
    if components is not None:
        component = component_of(components, reference)
        usable &= (components > 0) & (components == component)
    phase = np.where(usable, phase, np.nan)
    _, notes = referenced(phase, remove_height_correlated, np.median, elevation_m, stable, reference, settings)
    return notes, component


def inversion_blocks(shape: tuple[int, int], pairs: Sequence[str]) -> Iterator[tuple[slice, slice]]:
    """Windows that an inversion holds in about 400 MB, rows first: whole tiles, so that each is decompressed once, in full width
    where they fit, parts of a tile where even one is too much."""
    bandwidth = int((velocity_design(pairs) > 0).sum(axis=1).max())
    per_cell = 8 * (6 * len(pairs) + (bandwidth + 5) * len(dates_of(pairs)))
    cells = BLOCK_BYTES / per_cell
    width = shape[1] if shape[1] * TILE <= cells else min(shape[1], TILE * max(1, int(cells / TILE**2)))
    height = TILE * int(cells / width / TILE) or max(1, int(cells / width))
    return blocks(shape, height, width)


def quality(phase_rad: np.ndarray, coherence: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Mean coherence of the valid pairs (NaN without any) and their number, from (pairs, rows, cols) with NaN phase where not."""
    valid = np.isfinite(phase_rad)
    count = valid.sum(axis=0)
    mean = np.where(valid, coherence, 0).sum(axis=0) / count.clip(1)
    return np.where(count > 0, mean, np.nan), count

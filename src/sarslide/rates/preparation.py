"""What every cell's inversion needs of the whole region.

Stable ground, the reference, and what to take off each pair. Passes over the pairs, none of which
is held: they are stacked until stable ground and reference area have converged, as in stacking, so
that all methods have the same zero; a last pass fits each pair's atmosphere on that ground and
finds its level in the reference area. What is found are a few numbers a pair, with which any block
of the region can be prepared on its own.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np

from sarslide.io.blocks import blocks
from sarslide.network import dates_of
from sarslide.rates.corrections.atmosphere import terms_of
from sarslide.rates.ground import Ground
from sarslide.rates.passes import Corrector, ReadUnwrapped
from sarslide.rates.pipeline import converged_stack
from sarslide.rates.sbas.network import check_connected, velocity_design
from sarslide.rates.settings import RateSettings

# pair, rows, cols -> unwrapped phase (rad), coherence, components or None of that block
ReadBlock = Callable[[str, slice, slice], tuple[np.ndarray, np.ndarray, np.ndarray | None]]

TILE = 256  # side of a raster's tiles: a block of one tile is decompressed once
BLOCK_BYTES = 400e6
COEFFICIENTS = {"constant": "constant_rad", "height": "height_rad_per_km", "east": "east_rad", "north": "north_rad"}


@dataclass(frozen=True)
class Preparation:
    """Pairs of one stack and what to take off them.

    Attributes
    ----------
    pairs : list of str
        Those that can be used, ordered by name.
    component : list of int, optional
        Of each pair, the connected component that is used (0: no cell; None: the engine has no
        components).
    coefficients : (pairs, terms) array of float
        Of the terms, rad.
    terms : (terms, rows, cols) array of float
        The constant and the terms of the atmosphere that were fitted.
    pair_coherence : float
        Cells of a pair below it are not used.
    ground : Ground
        Stable ground and reference area.
    moving_limit : float
        What counted as moving, rad/yr.
    removed : dict
        Pair -> what was removed from it, or why it was skipped.
    """

    pairs: list[str]
    component: list[int | None]
    coefficients: np.ndarray
    terms: np.ndarray
    pair_coherence: float
    ground: Ground
    moving_limit: float
    removed: dict[str, dict]

    def phases(
        self, read_block: ReadBlock, rows: slice, cols: slice, every_component: bool = False
    ) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """The pairs of a block, corrected and referenced.

        Parameters
        ----------
        read_block : callable
            Pair, rows, cols -> unwrapped phase (rad), coherence, components or None of the block;
            without components there is one.
        rows, cols : slice
            The block.
        every_component : bool
            Keep the phase of other components than the reference's too.

        Returns
        -------
        phase : (pairs, rows, cols) array of float
            Phase, rad, NaN where it cannot be used.
        coherence : (pairs, rows, cols) array of float
            Coherence, 0 to 1.
        components : (pairs, rows, cols) array of int
            Connected components.
        """
        terms = self.terms[:, rows, cols]
        shape = (len(self.pairs), *terms.shape[1:])
        phase, coherence = np.empty(shape, np.float32), np.empty(shape, np.float32)
        components = np.ones(shape, np.uint16)
        for k, pair in enumerate(self.pairs):
            phase[k], coherence[k], labels = read_block(pair, rows, cols)
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

    Parameters
    ----------
    read_pair : callable
        Pair -> unwrapped phase (rad), coherence, components or None; called once a pass.
    pairs : sequence of str
        Names of the pairs.
    elevation_m : (rows, cols) array of float
        Height, m.
    settings : RateSettings
        What is masked and removed.
    exclude : (rows, cols) array of bool, optional
        True where a cell must not enter a fit or the reference (layover, shadow).
    correct : bool
        False to take only the reference level off the pairs, for an inversion that corrects the
        atmosphere itself.

    Returns
    -------
    Preparation
        Of the pairs that can be used.

    Raises
    ------
    NetworkError
        The pairs, or those that can be used, fall into islands.
    RateError
        Without ground or reference.
    """
    check_connected(pairs)
    pairs = sorted(pairs)
    plain = replace(settings, atmosphere="none", ring=None, weighting="none")
    found = converged_stack(read_pair, pairs, elevation_m, plain, exclude)
    fitted = replace(plain, one_component=True)
    if not correct:
        fitted = replace(fitted, height_correlated=False, plane=False)
    corrector = Corrector(read_pair, found.ground, fitted)
    component = {pair.name: pair.component for pair in corrector.corrected(pairs)}
    used, removed = list(component), corrector.removed
    check_connected(used, dates_of(pairs))
    terms = terms_of(elevation_m, fitted.height_correlated, fitted.plane)
    coefficients = np.array([[removed[pair].get(COEFFICIENTS[term], 0.0) for term in terms] for pair in used])
    coefficients[:, 0] += [removed[pair]["reference_rad"] for pair in used]
    return Preparation(
        used,
        list(component.values()),
        coefficients,
        np.stack(list(terms.values())),
        settings.pair_coherence,
        found.ground,
        found.moving_limit,
        removed,
    )


def inversion_blocks(shape: tuple[int, int], pairs: Sequence[str]) -> Iterator[tuple[slice, slice]]:
    """Windows that an inversion holds in about 400 MB, rows first.

    Whole tiles, so that each is decompressed once, in full width where they fit, parts of a tile
    where even one is too much.

    Parameters
    ----------
    shape : tuple of int
        Rows and columns of the region.
    pairs : sequence of str
        Names of the pairs.

    Yields
    ------
    tuple of slice
        Rows and columns of a block.
    """
    bandwidth = int((velocity_design(pairs) > 0).sum(axis=1).max())
    per_cell = 8 * (6 * len(pairs) + (bandwidth + 5) * len(dates_of(pairs)))
    cells = BLOCK_BYTES / per_cell
    width = shape[1] if shape[1] * TILE <= cells else min(shape[1], TILE * max(1, int(cells / TILE**2)))
    height = TILE * int(cells / width / TILE) or max(1, int(cells / width))
    return blocks(shape, height, width)


def quality(phase_rad: np.ndarray, coherence: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Mean coherence and number of the valid pairs.

    Parameters
    ----------
    phase_rad : (pairs, rows, cols) array of float
        Phase, rad, NaN where not valid.
    coherence : (pairs, rows, cols) array of float
        Coherence, 0 to 1.

    Returns
    -------
    mean_coherence : (rows, cols) array of float
        NaN without a valid pair.
    pair_count : (rows, cols) array of int
        Valid pairs.
    """
    valid = np.isfinite(phase_rad)
    count = valid.sum(axis=0)
    mean = np.where(valid, coherence, 0).sum(axis=0) / count.clip(1)
    return np.where(count > 0, mean, np.nan), count

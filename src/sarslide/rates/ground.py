"""Ground that does not move: what every correction of a pair looks at, and how a stack finds it."""

from dataclasses import dataclass

import numpy as np

from sarslide.errors import RateError
from sarslide.network import MIN_PAIRS
from sarslide.rates.reference import ReferenceArea, choose_reference, given_reference, surroundings
from sarslide.rates.settings import RateSettings
from sarslide.rates.stacking import Stacked


@dataclass(frozen=True)
class Ground:
    """Heights, and the ground that the corrections of the pairs use.

    Attributes
    ----------
    elevation_m : (rows, cols) array of float
        Height, m, NaN where unknown.
    stable : (rows, cols) array of bool
        True where the ground does not move and is coherent: there the atmosphere is fitted.
    reference : ReferenceArea
        Where every pair becomes zero.
    """

    elevation_m: np.ndarray
    stable: np.ndarray
    reference: ReferenceArea

    @classmethod
    def usable(cls, elevation_m: np.ndarray, exclude: np.ndarray | None = None) -> "Ground":
        """All ground that may be used, before anything is known of its motion.

        Parameters
        ----------
        elevation_m : (rows, cols) array of float
            Height, m, NaN where unknown.
        exclude : (rows, cols) array of bool, optional
            True where a cell must not enter a fit or the reference (layover, shadow).

        Returns
        -------
        Ground
            Of one mask for both, stable ground and reference.
        """
        known = np.isfinite(elevation_m)
        mask = known if exclude is None else known & ~exclude
        return cls(elevation_m, mask, ReferenceArea(mask, "all usable ground"))

    @classmethod
    def from_layer(cls, elevation_m: np.ndarray, layer: np.ndarray) -> "Ground":
        """The ground that an earlier job found.

        Parameters
        ----------
        elevation_m : (rows, cols) array of float
            Height, m, NaN where unknown.
        layer : (rows, cols) array of int
            Layer `stable_ground`.

        Returns
        -------
        Ground
            The ground whose `layer` it is.
        """
        return cls(elevation_m, layer >= 1, ReferenceArea(layer == 2, "layer stable_ground"))

    @property
    def layer(self) -> np.ndarray:
        """Layer `stable_ground`: 0 moving, incoherent, excluded; 1 used by fits; 2 reference."""
        return np.where(self.reference.mask, 2, self.stable.astype(np.uint8)).astype(np.uint8)

    @property
    def shape(self) -> tuple[int, int]:
        """Rows and columns."""
        rows, cols = self.elevation_m.shape
        return rows, cols


def find_ground(stack: Stacked, usable: Ground, settings: RateSettings) -> tuple[Ground, float]:
    """Stable ground and reference area, from a pass over the pairs.

    Parameters
    ----------
    stack : Stacked
        Result of the pass.
    usable : Ground
        Ground that may be used.
    settings : RateSettings
        Limits of coherence and motion; a reference that is named.

    Returns
    -------
    ground : Ground
        The ground.
    moving_limit : float
        What counts as moving, in the unit of the stack's estimate.

    Raises
    ------
    RateError
        Too few pairs, no cell with enough of them, or no reference area.
    """
    pairs = int(stack.pair_count.max())
    known = usable.stable & np.isfinite(stack.estimate)
    if not known.any() and 0 < pairs < MIN_PAIRS:
        raise RateError(
            f"{pairs} pairs with valid phase, a rate with its error needs {MIN_PAIRS}",
            "add acquisitions, or request the D-InSAR maps of single pairs (rates.dinsar)",
            of_ground=True,
        )
    named = given_reference(usable.shape, *settings.reference, known) if settings.reference and known.any() else None
    zero = named.mask if named else None
    stable, limit = stable_ground(stack, settings.min_coherence, settings.moving_sigma, settings.dilate_cells, zero)
    stable &= usable.stable
    if settings.ring:
        reference = surroundings(stable, *settings.ring)
    else:
        complete = stack.pair_count == pairs
        reference = named or choose_reference(stable, complete, stack.estimate, settings.reference_radius_cells)
    return Ground(usable.elevation_m, stable, reference), limit


def stable_ground(
    stack: Stacked, min_coherence: float, sigmas: float, dilate_cells: int, reference: np.ndarray | None = None
) -> tuple[np.ndarray, float]:
    """Coherent cells that a pass found near no motion.

    No motion is the median inside `reference`, where one is named, or of all cells. Sigma is the
    robust spread of all cells, but no more than twice the median standard error: where a whole
    region deforms, its spread is motion. Moving cells are dilated, because the rim of a landslide
    moves below the limit.

    Parameters
    ----------
    stack : Stacked
        Result of the pass.
    min_coherence : float
        Mean coherence that a cell needs.
    sigmas : float
        Sigmas from no motion above which a cell moves.
    dilate_cells : int
        Cells by which moving ground is dilated.
    reference : (rows, cols) array of bool, optional
        True in a reference area that is named.

    Returns
    -------
    stable : (rows, cols) array of bool
        True where the ground is coherent and does not move.
    moving_limit : float
        What counts as moving, in the unit of the stack's estimate.

    Raises
    ------
    RateError
        No cell has an estimate.
    """
    from scipy.ndimage import binary_dilation, median_filter

    known = np.isfinite(stack.estimate)
    if not known.any():
        raise RateError("no cell has enough valid pairs", "lower rates.pair_coherence, or add dates", of_ground=True)
    zero = known if reference is None else known & reference
    centred = np.where(known, stack.estimate - np.median(stack.estimate[zero]), 0.0)
    # A median of 3 x 3 cells keeps single noisy cells from punching dilated holes into the stable
    # ground.
    smooth = median_filter(centred, size=3, mode="nearest")
    # Where most coherent cells lie alone, as houses among fields, their median would be that of the
    # unknown ground around, zero: they stand for themselves.
    centred = smooth if np.median(np.abs(smooth[known])) > 0 else centred
    spread = 1.4826 * float(np.median(np.abs(centred[known])))
    limit = sigmas * min(spread, 2 * float(np.nanmedian(stack.std)))
    moving = known & (np.abs(centred) > limit)
    if dilate_cells:
        moving = binary_dilation(moving, iterations=dilate_cells)
    return known & ~moving & (stack.mean_coherence >= min_coherence), limit

"""Ground that does not move, and the area to which every pair is referenced.

Rates are relative. The area is written down with its centre, size and the reason why it was taken, and every pair's median
phase inside it becomes zero, so that two runs, or two tracks, can be compared knowingly.
"""

from dataclasses import dataclass

import numpy as np

from sarslide.errors import RateError
from sarslide.grid import RegionGrid
from sarslide.rates.stacking import Stacked

MIN_AREA_CELLS = 25


@dataclass(frozen=True)
class ReferenceArea:
    """mask: (rows, cols), True inside. row, col: centre (mean of the cells). reason: one sentence."""

    mask: np.ndarray
    row: float
    col: float
    cells: int
    reason: str

    def to_dict(self, grid: RegionGrid) -> dict:
        """JSON-ready description on a RegionGrid: centre in the grid's CRS (m), size and reason."""
        return {
            "epsg": grid.epsg,
            "x_m": grid.west + (self.col + 0.5) * grid.cell_m,
            "y_m": grid.north - (self.row + 0.5) * grid.cell_m,
            "cells": self.cells,
            "area_km2": self.cells * grid.cell_area_km2,
            "reason": self.reason,
        }


def stable_ground(
    first: Stacked, min_coherence: float, sigmas: float, dilate_cells: int, reference: np.ndarray | None = None
) -> tuple[np.ndarray, float]:
    """Coherent cells that a first pass found within `sigmas` of no motion, and that limit in the unit of the estimate.

    No motion is the median inside `reference`, where one is named, or of all cells. Sigma is the robust spread of all cells, but
    no more than twice the median standard error: where a whole region deforms, its spread is motion. Moving cells are
    dilated by `dilate_cells`, because the rim of a landslide moves below the limit.
    """
    from scipy.ndimage import binary_dilation, median_filter

    known = np.isfinite(first.estimate)
    if not known.any():
        raise RateError("no cell has enough valid pairs", "lower rates.pair_coherence, or add dates")
    still = known if reference is None else known & reference
    centred = np.where(known, first.estimate - np.median(first.estimate[still]), 0.0)
    # A median of 3 x 3 cells keeps single noisy cells from punching dilated holes into the stable ground.
    centred = median_filter(centred, size=3, mode="nearest")
    spread = 1.4826 * float(np.median(np.abs(centred[known])))
    limit = sigmas * min(spread, 2 * float(np.nanmedian(first.std)))
    moving = known & (np.abs(centred) > limit)
    if dilate_cells:
        moving = binary_dilation(moving, iterations=dilate_cells)
    return known & ~moving & (first.mean_coherence >= min_coherence), limit


def choose_reference(stable: np.ndarray, complete: np.ndarray) -> ReferenceArea:
    """The largest connected area of stable ground where every pair is valid (`complete`).

    Large on purpose: the reference's own speckle and turbulence enter every cell, and the median over many square kilometres
    has little of either. Bridges of one or two cells are cut first. Raises RateError when no area has 25 cells.
    """
    from scipy.ndimage import binary_opening, label

    for candidates in (stable & complete, stable):
        parts, count = label(binary_opening(candidates, np.ones((3, 3))))
        if count and (sizes := np.bincount(parts.ravel())[1:]).max() >= MIN_AREA_CELLS:
            reason = "largest connected area of stable, coherent ground" + (
                " where every pair is valid" if candidates is not stable else ""
            )
            return _area(parts == 1 + int(np.argmax(sizes)), reason)
    raise RateError(
        f"no connected area of {MIN_AREA_CELLS} stable, coherent cells for the reference",
        "name one with rates.reference, or lower rates.min_coherence",
    )


def surroundings(stable: np.ndarray, inner_cells: float, outer_cells: float) -> ReferenceArea:
    """All stable ground, for the double difference, which references each cell to the part of it that is near."""
    if not stable.any():
        raise RateError("no stable, coherent ground for the double difference", "lower rates.min_coherence")
    reason = f"each cell against the stable ground {inner_cells:.0f} to {outer_cells:.0f} cells around it"
    return _area(stable.copy(), reason)


def disc_in_cells(grid: RegionGrid, disc_m: tuple[float, float, float] | None) -> tuple[float, float, float] | None:
    """(row, col, radius in cells) of an (east, north, radius) disc in metres on a RegionGrid; None stays None."""
    if disc_m is None:
        return None
    east, north, radius = disc_m
    return (grid.north - north) / grid.cell_m - 0.5, (east - grid.west) / grid.cell_m - 0.5, radius / grid.cell_m


def given_reference(
    shape: tuple[int, int], row: float, col: float, radius_cells: float, usable: np.ndarray
) -> ReferenceArea:
    """A disc named in the configuration, less the cells that are not `usable`. RateError when nothing is left."""
    rows, cols = np.ogrid[: shape[0], : shape[1]]
    mask = ((rows - row) ** 2 + (cols - col) ** 2 <= radius_cells**2) & usable
    if not mask.any():
        raise RateError(
            f"the configured reference area around row {row:.0f}, column {col:.0f} has no usable cell",
            "move rates.reference to coherent ground inside the region",
        )
    return _area(mask, "named in the configuration")


def _area(mask: np.ndarray, reason: str) -> ReferenceArea:
    rows, cols = np.nonzero(mask)
    return ReferenceArea(mask, float(rows.mean()), float(cols.mean()), len(rows), reason)

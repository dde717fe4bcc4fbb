"""The area to which every pair is referenced.

Rates are relative. The area is written down with its centre, size and the reason why it was taken,
and every pair's median phase inside it becomes zero, so that two runs, or two tracks, can be
compared knowingly.
"""

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from sarslide.errors import RateError
from sarslide.grid import RegionGrid
from sarslide.rates.corrections.double_difference import ring_sum

MIN_AREA_CELLS = 25
# A disc of this radius has 314 km2: speckle and short turbulence average out in it, and against a
# cell far away a larger one is no better, because the air between both is what counts. It holds a
# region of 14 x 14 km whole.
MAX_RADIUS_M = 10_000.0
COMPLETE = 0.1  # of the largest area: a smaller one where every pair is valid has too little ground for a level
FULL = 0.9  # of the most cells that a disc can hold: those with as many compete


@dataclass(frozen=True)
class ReferenceArea:
    """The zero of the rates.

    Attributes
    ----------
    mask : (rows, cols) array of bool
        True inside.
    reason : str
        Why it was taken, one sentence.
    """

    mask: np.ndarray
    reason: str

    @cached_property
    def cells(self) -> int:
        """Number of cells inside."""
        return int(np.count_nonzero(self.mask))

    @cached_property
    def centre(self) -> tuple[float, float]:
        """Row and column of the centre, the mean of the cells."""
        rows, cols = np.nonzero(self.mask)
        return float(rows.mean()), float(cols.mean())

    @property
    def nearest_cell(self) -> tuple[int, int]:
        """Row and column of the cell inside that is nearest to the centre."""
        rows, cols = np.nonzero(self.mask)
        row, col = self.centre
        nearest = np.argmin((rows - row) ** 2 + (cols - col) ** 2)
        return int(rows[nearest]), int(cols[nearest])

    def to_dict(self, grid: RegionGrid) -> dict:
        """JSON-ready description.

        Parameters
        ----------
        grid : RegionGrid
            Grid on which `mask` lies.

        Returns
        -------
        dict
            Centre in the grid's CRS (m; None without a cell), size and reason.
        """
        x_m = y_m = None
        if self.cells:
            row, col = self.centre
            x_m, y_m = grid.west + (col + 0.5) * grid.cell_m, grid.north - (row + 0.5) * grid.cell_m
        return {
            "epsg": grid.epsg,
            "x_m": x_m,
            "y_m": y_m,
            "cells": self.cells,
            "area_km2": self.cells * grid.cell_area_km2,
            "reason": self.reason,
        }


def choose_reference(
    stable: np.ndarray, complete: np.ndarray, estimate: np.ndarray | None = None, radius_cells: float = np.inf
) -> ReferenceArea:
    """The largest connected area of stable ground where every pair is valid, within a radius.

    Large on purpose: the reference's own speckle and turbulence enter every cell, and the median
    over many square kilometres has little of either. Bridges of one or two cells are cut first. Of
    an area larger than the radius the disc is taken whose mean is nearest to that of the whole
    area, of those that hold at least 90 % of the cells that a disc can hold: the zero stays where
    all stable ground has it.

    Parameters
    ----------
    stable : (rows, cols) array of bool
        Stable, coherent ground.
    complete : (rows, cols) array of bool
        True where every pair is valid; not required where such an area has less than a tenth of
        the cells of the largest one.
    estimate : (rows, cols) array of float, optional
        Rate or averaged phase, finite on stable ground; needed with a radius.
    radius_cells : float
        Largest radius of the area, cells.

    Returns
    -------
    ReferenceArea
        The area.

    Raises
    ------
    RateError
        No area has 25 cells.
    """
    reason = "largest connected area of stable, coherent ground"
    area, in_all = _largest(stable), _largest(stable & complete)
    if np.count_nonzero(area) < MIN_AREA_CELLS:
        raise RateError(
            f"no connected area of {MIN_AREA_CELLS} stable, coherent cells for the reference",
            "name one with rates.reference, or lower rates.min_coherence",
            of_ground=True,
        )
    if np.count_nonzero(in_all) >= max(MIN_AREA_CELLS, COMPLETE * np.count_nonzero(area)):
        area, reason = in_all, f"{reason} where every pair is valid"
    if estimate is None or _fits(area, radius_cells):
        return ReferenceArea(area, reason)
    return ReferenceArea(_level_disc(area, estimate, radius_cells), f"{reason}, the disc nearest to its mean")


def _largest(candidates: np.ndarray) -> np.ndarray:
    """The largest connected area of some cells, less bridges of one or two; empty without any."""
    from scipy.ndimage import binary_opening, label

    parts, count = label(binary_opening(candidates, np.ones((3, 3))))
    if not count:
        return np.zeros(candidates.shape, bool)
    return parts == 1 + int(np.argmax(np.bincount(parts.ravel())[1:]))


def _fits(area: np.ndarray, radius_cells: float) -> bool:
    """Whether a disc about the middle of an area's extent holds it."""
    places = np.nonzero(area)
    row, col = ((at.min() + at.max()) / 2 for at in places)
    return bool(np.hypot(places[0] - row, places[1] - col).max() <= radius_cells)


def _level_disc(area: np.ndarray, estimate: np.ndarray, radius_cells: float) -> np.ndarray:
    """The part of an area inside the well-filled disc whose mean is nearest to the area's."""
    level = estimate[area].mean()
    count = ring_sum(area.astype(float), -1, radius_cells)
    total = ring_sum(np.where(area, estimate - level, 0.0), -1, radius_cells)
    off = np.abs(total / count.clip(1))
    off[count < FULL * count.max()] = np.inf
    row, col = np.unravel_index(np.argmin(off), off.shape)
    rows, cols = np.ogrid[: area.shape[0], : area.shape[1]]
    return area & ((rows - row) ** 2 + (cols - col) ** 2 <= radius_cells**2)


def surroundings(stable: np.ndarray, inner_cells: float, outer_cells: float) -> ReferenceArea:
    """All stable ground: the double difference references each cell to the part that is near.

    Parameters
    ----------
    stable : (rows, cols) array of bool
        Stable, coherent ground.
    inner_cells, outer_cells : float
        Radii of the ring around each cell, for the reason.

    Returns
    -------
    ReferenceArea
        The stable ground.

    Raises
    ------
    RateError
        There is none.
    """
    if not stable.any():
        raise RateError(
            "no stable, coherent ground for the double difference", "lower rates.min_coherence", of_ground=True
        )
    reason = f"each cell against the stable ground {inner_cells:.0f} to {outer_cells:.0f} cells around it"
    return ReferenceArea(stable.copy(), reason)


def disc_in_cells(grid: RegionGrid, disc_m: tuple[float, float, float] | None) -> tuple[float, float, float] | None:
    """A disc of the configuration in cells.

    Parameters
    ----------
    grid : RegionGrid
        The grid.
    disc_m : tuple of float, optional
        East, north and radius, m.

    Returns
    -------
    tuple of float, optional
        Row, column and radius in cells; None stays None.
    """
    if disc_m is None:
        return None
    east, north, radius = disc_m
    return (grid.north - north) / grid.cell_m - 0.5, (east - grid.west) / grid.cell_m - 0.5, radius / grid.cell_m


def given_reference(
    shape: tuple[int, int], row: float, col: float, radius_cells: float, usable: np.ndarray
) -> ReferenceArea:
    """A disc named in the configuration, less the cells that cannot be used.

    Parameters
    ----------
    shape : tuple of int
        Rows and columns of the grid.
    row, col, radius_cells : float
        Centre and radius in cells.
    usable : (rows, cols) array of bool
        Cells that may belong to it.

    Returns
    -------
    ReferenceArea
        The area.

    Raises
    ------
    RateError
        No cell is left.
    """
    rows, cols = np.ogrid[: shape[0], : shape[1]]
    mask = ((rows - row) ** 2 + (cols - col) ** 2 <= radius_cells**2) & usable
    if not mask.any():
        raise RateError(
            f"the configured reference area around row {row:.0f}, column {col:.0f} has no usable cell",
            "move rates.reference to coherent ground inside the region",
        )
    return ReferenceArea(mask, "named in the configuration")

"""Rasters of a region of which only what is looked at is read, whatever the size of the region."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from sarslide.grid import RegionGrid, common_part, window_of
from sarslide.inventory.observability import Cells
from sarslide.io import raster


@dataclass(frozen=True)
class RasterCells:
    """A raster that is indexed by rows and columns of cells, as an array is.

    Attributes
    ----------
    path : Path
        The file.
    of : callable
        Values of the file -> values of the cells.
    """

    path: Path
    of: Callable[[np.ndarray], np.ndarray] = np.asarray

    def __getitem__(self, cells: Cells) -> np.ndarray:
        """Values of some cells; the window around them is read.

        Parameters
        ----------
        cells : (array, array)
            Rows and columns.

        Returns
        -------
        array
            One value a cell.
        """
        rows, cols = cells
        if not len(rows):
            return self.of(np.empty(0))
        top, left = int(rows.min()), int(cols.min())
        window = raster.read_block(self.path, slice(top, int(rows.max()) + 1), slice(left, int(cols.max()) + 1))
        return self.of(window[rows - top, cols - left])


def read_part(path: str | Path, region: RegionGrid, part: RegionGrid, beyond: float = np.nan) -> np.ndarray:
    """Cells of a raster of the region, for a part that may reach beyond it.

    Parameters
    ----------
    path : str or Path
        The file, on the region grid.
    region : RegionGrid
        The region grid.
    part : RegionGrid
        A grid on the same lattice, such as that of a frame with its margin.
    beyond : float
        Value of cells outside the region.

    Returns
    -------
    (rows, cols) array
        On `part`, in the file's dtype.

    Raises
    ------
    GridError
        For a file on another grid.
    """
    raster.check_grid(path, region)
    inside = common_part(part, region)
    if inside == part:
        return raster.read_block(path, *window_of(region, part))
    if inside is None:
        return np.full(part.shape, beyond)
    values = raster.read_block(path, *window_of(region, inside))
    cells = np.full(part.shape, beyond, values.dtype)
    cells[window_of(part, inside)] = values
    return cells

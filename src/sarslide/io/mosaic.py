"""One raster of the layers of all frames: each cell from the frame whose core holds it."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from rasterio.enums import Resampling

from sarslide import layers
from sarslide.errors import GridError
from sarslide.grid import RegionGrid, common_part, part_of, window_of
from sarslide.io import raster
from sarslide.io.blocks import blocks
from sarslide.io.resample import finer_grid, period_of

BLOCK = 1024  # cells; a multiple of the tiles of a file


@dataclass(frozen=True)
class Piece:
    """The layer of a frame and what the mosaic takes of it.

    Attributes
    ----------
    path : Path
        The file.
    grid : RegionGrid
        Where it lies.
    core : RegionGrid
        The cells that are taken; the cores of pieces do not overlap.
    """

    path: Path
    grid: RegionGrid
    core: RegionGrid

    @classmethod
    def of(cls, path: str | Path, core: RegionGrid) -> "Piece":
        """The piece of a file.

        Parameters
        ----------
        path : str or Path
            The file, on cells that are those of `core` or divide them.
        core : RegionGrid
            The core of its frame.

        Returns
        -------
        Piece
            The core has the cells of the file.

        Raises
        ------
        GridError
            The file does not hold the core.
        """
        grid = raster.grid_of(path)
        core = finer_grid(core, grid.cell_m)
        rows, cols = window_of(grid, core)
        inside = rows.start >= 0 and rows.stop <= grid.rows and cols.start >= 0 and cols.stop <= grid.cols
        if grid.epsg != core.epsg or not inside:
            raise GridError(
                f"{path}: {grid} does not hold the core of its frame, {core}", "make it again for this frame"
            )
        return cls(Path(path), grid, core)

    def read(self, part: RegionGrid, band: int) -> np.ndarray:
        """Cells of one band, in the file's dtype.

        Parameters
        ----------
        part : RegionGrid
            A part of `core`.
        band : int
            Number of the band, from 1 on.

        Returns
        -------
        (rows, cols) array
            Its cells.
        """
        return raster.read_block(self.path, *window_of(self.grid, part), band)


# piece, its part, values -> values of the mosaic
Change = Callable[[Piece, RegionGrid, np.ndarray], np.ndarray]


def as_it_is(piece: Piece, part: RegionGrid, values: np.ndarray) -> np.ndarray:
    """Values that enter the mosaic unchanged.

    Parameters
    ----------
    piece : Piece
        Where they come from.
    part : RegionGrid
        Their cells.
    values : (rows, cols) array
        The values.

    Returns
    -------
    (rows, cols) array
        The same.
    """
    return values


def overviews_of(layer: layers.Layer) -> Resampling:
    """How coarser copies of a layer are made.

    Parameters
    ----------
    layer : Layer
        Its entry in the registry.

    Returns
    -------
    Resampling
        The mean of the known cells for quantities, the most frequent value for classes and counts,
        the nearest cell for directions and wrapped phases, whose mean is none of them.
    """
    if np.issubdtype(np.dtype(layer.dtype), np.integer):
        return Resampling.mode
    return Resampling.average if period_of(layer) is None else Resampling.nearest


def write_mosaic(
    path: str | Path,
    region: RegionGrid,
    layer: str,
    pieces: Sequence[Piece],
    tags: dict[str, str] | None = None,
    change: Change = as_it_is,
) -> int:
    """Write the mosaic of a layer block by block.

    Cells that no core holds are unknown: the layer's nodata value, 0 where it has none.

    Parameters
    ----------
    path : str or Path
        The file.
    region : RegionGrid
        The region grid; the mosaic has its bounds, and the cells of the pieces.
    layer : str
        Name in the registry of layers.
    pieces : sequence of Piece
        All of one size of cells.
    tags : dict, optional
        Further tags of the file.
    change : callable
        Piece, part, values -> values of the mosaic.

    Returns
    -------
    int
        Cells that a core holds.

    Raises
    ------
    GridError
        For pieces of several sizes of cells.
    """
    sizes = {piece.grid.cell_m for piece in pieces}
    if len(sizes) != 1:
        raise GridError(f"{path}: frames of several cells, {sorted(sizes)} m", "make the layers of all frames again")
    spec, grid, held = layers.get(layer), finer_grid(region, sizes.pop()), 0
    with raster.create_cog(path, grid, layer, tags, overviews_of(spec)) as put:
        for rows, cols in blocks(grid.shape, BLOCK, BLOCK):
            part = part_of(grid, rows, cols)
            shares = [(piece, share) for piece in pieces if (share := common_part(part, piece.core))]
            held += sum(share.rows * share.cols for _, share in shares)
            for band in range(1, max(len(spec.bands), 1) + 1):
                block = np.full(part.shape, 0 if spec.nodata is None else spec.nodata, spec.dtype)
                for piece, share in shares:
                    block[window_of(part, share)] = change(piece, share, piece.read(share, band))
                put(rows, cols, block, band)
    return held

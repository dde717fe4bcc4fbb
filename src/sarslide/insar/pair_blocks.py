"""Blocks of the rasters of pairs, read when they are asked for."""

from collections.abc import Callable, Sequence

import numpy as np

from sarslide.grid import RegionGrid
from sarslide.io import raster

ReadBlock = Callable[..., tuple[np.ndarray, ...]]


def block_reader(pairs: Sequence[str], grid: RegionGrid, *kinds: Sequence[str]) -> ReadBlock:
    """A reader of blocks of the rasters of pairs.

    Parameters
    ----------
    pairs : sequence of str
        Names of the pairs.
    grid : RegionGrid
        Grid on which the files must lie.
    *kinds : sequence of str
        Paths of one kind of file, in the order of `pairs`.

    Returns
    -------
    callable
        Pair, rows, and columns unless all -> first band of its file of each kind in the block.

    Raises
    ------
    GridError, RasterError
        For a file off the grid, or one that cannot be read.
    """
    paths = dict(zip(pairs, zip(*kinds, strict=True), strict=True))
    for of_pair in paths.values():
        for path in of_pair:
            raster.check_grid(path, grid)
    every = slice(0, grid.cols)

    def read(pair: str, rows: slice, cols: slice = every) -> tuple[np.ndarray, ...]:
        return tuple(raster.read_block(path, rows, cols) for path in paths[pair])

    return read

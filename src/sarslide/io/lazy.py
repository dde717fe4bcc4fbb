"""Cells of files as xarray variables of which only what is used is read; needs no dask.

The way xarray's own backends do it:
https://docs.xarray.dev/en/stable/internals/how-to-add-new-backend.html
"""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from xarray import Variable
from xarray.backends import BackendArray
from xarray.core import indexing

from sarslide.grid import RegionGrid
from sarslide.io import raster

FORMAT_VERSION = 1
Read = Callable[[slice, slice, slice], np.ndarray]


class _Cells(BackendArray):
    """A three-dimensional array behind `read(first, rows, cols)`, whose slices run upwards."""

    def __init__(self, shape: tuple[int, int, int], dtype: np.dtype, read: Read):
        self.shape, self.dtype, self._read = shape, dtype, read

    def __getitem__(self, key: indexing.ExplicitIndexer) -> np.ndarray:
        return indexing.explicit_indexing_adapter(key, self.shape, indexing.IndexingSupport.BASIC, self._basic)

    def _basic(self, key: tuple[int | slice, ...]) -> np.ndarray:
        slices = [k if isinstance(k, slice) else slice(k, k + 1) for k in key]
        shape = [len(range(*part.indices(size))) for part, size in zip(slices, self.shape, strict=True)]
        cells = self._read(*slices) if all(shape) else np.empty(shape, self.dtype)
        return cells[tuple(slice(None) if isinstance(k, slice) else 0 for k in key)]


def variable(
    dims: Sequence[str], shape: tuple[int, int, int], dtype: str, read: Read, attributes: dict[str, Any]
) -> Variable:
    """A variable whose cells are read when they are needed; what was read whole is kept.

    Parameters
    ----------
    dims : sequence of str
        Names of the dimensions: three, or two where the first of `shape` is 1.
    shape : tuple of int
        Always three.
    dtype : str
        Of the cells.
    read : callable
        `read(first, rows, cols)`: cells of three slices that run upwards.
    attributes : dict
        Of the variable.

    Returns
    -------
    xarray.Variable
        The variable.
    """
    lazily = indexing.LazilyIndexedArray(_Cells(shape, np.dtype(dtype), read))
    # xarray's stubs ask for an array's protocol that its own lazy arrays do not have.
    cached = indexing.MemoryCachedArray(indexing.CopyOnWriteArray(lazily))  # type: ignore[arg-type]
    if len(dims) == 3:
        return Variable(dims, cached, attributes)
    return Variable(("first", *dims), cached, attributes).isel(first=0)


class Rasters:
    """Bands of rasters on one grid, one behind the other.

    Parameters
    ----------
    bands : list of tuple
        File and number of each band; a file that is None holds `missing` everywhere.
    grid : RegionGrid
        Grid of the files.
    dtype : str
        Of the cells.
    missing : float
        Value of a band without a file.
    """

    def __init__(self, bands: list[tuple[Path | None, int]], grid: RegionGrid, dtype: str, missing: float):
        self.bands, self.grid, self.dtype, self.missing = bands, grid, dtype, missing

    def __call__(self, first: slice, rows: slice, cols: slice) -> np.ndarray:
        """Cells (bands, rows, cols) of three slices; raises as `raster.check_grid` does."""
        row, col = (range(*part.indices(size)) for part, size in zip((rows, cols), self.grid.shape, strict=True))
        wanted = self.bands[first]
        cells = np.full((len(wanted), len(row), len(col)), self.missing, self.dtype)
        for place, (path, band) in enumerate(wanted):
            if path is not None:
                raster.check_grid(path, self.grid)
                block = raster.read_block(path, slice(row[0], row[-1] + 1), slice(col[0], col[-1] + 1), band)
                cells[place] = block[:: row.step, :: col.step]
        return cells

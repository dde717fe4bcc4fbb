"""Layers of HDF5 files on the region grid, and what tells formats apart, read once a file."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
from rasterio.crs import CRS
from rasterio.transform import Affine
from rasterio.windows import transform as window_transform

from sarslide.displacement.contract import Extent
from sarslide.errors import InterferogramError, RateError
from sarslide.grid import RegionGrid
from sarslide.insar.external import regrid
from sarslide.io import hdf5

MAX_DEGREES = 360.0
AGAIN = "export the product again"
HDF5 = b"\x89HDF\r\n\x1a\n"
TEXTS_WITHIN = 1 << 20  # bytes from the beginning, in which heaps are checked: products have gigabytes
HEADS = 100_000  # that are kept: bursts and dates of a large region


@dataclass(frozen=True)
class Head:
    """What tells the format of a file.

    Attributes
    ----------
    magic : bytes
        Its first eight bytes.
    names : frozenset of str
        Of an HDF5 file, what hangs at its root.
    attributes : mapping of str to str
        Of an HDF5 file, the attributes of its root that are text.
    """

    magic: bytes
    names: frozenset[str] = frozenset()
    attributes: Mapping[str, str] = field(default_factory=dict)


def head(path: Path) -> Head:
    """What tells the format of a file; a file that has not changed is opened once.

    Parameters
    ----------
    path : Path
        The file.

    Returns
    -------
    Head
        Without names and attributes for a file that is no HDF5.

    Raises
    ------
    RateError
        For a file that cannot be read.
    """
    try:
        about = path.stat()
    except OSError as error:
        raise RateError(f"{path}: cannot be read ({error.strerror})", AGAIN) from None
    return _head(path, about.st_size, about.st_mtime_ns)


@lru_cache(HEADS)
def _head(path: Path, size: int, changed_ns: int) -> Head:
    try:
        with path.open("rb") as stream:
            magic = stream.read(8)
    except OSError as error:
        raise RateError(f"{path}: cannot be read ({error.strerror})", AGAIN) from None
    if magic != HDF5:
        return Head(magic)
    with opened(path) as file:
        texts = {key: value for key, value in file.attrs.items() if isinstance(value, str)}
        return Head(magic, frozenset(file), texts)


@contextmanager
def as_rate_errors() -> Iterator[None]:
    """Refusals of what brings interferograms onto the grid, under the code of displacement.

    Yields
    ------
    None
        Once.

    Raises
    ------
    RateError
        With problem and cure of the InterferogramError.
    """
    try:
        yield
    except InterferogramError as error:
        raise RateError(error.problem, error.cure) from None


@contextmanager
def opened(path: str | Path) -> Iterator[Any]:
    """An HDF5 file.

    Parameters
    ----------
    path : str or Path
        The file.

    Yields
    ------
    h5py.File
        Open to read.

    Raises
    ------
    RateError
        For a file that cannot be read, or that lacks what was asked of it.
    """
    with hdf5.opened(path, RateError, AGAIN, TEXTS_WITHIN) as file:
        yield file


def extent_of(transform: Affine, crs: str, shape: Sequence[int]) -> Extent:
    """Where a raster lies.

    Parameters
    ----------
    transform : Affine
        Its place.
    crs : str
        Of its coordinates.
    shape : sequence of int
        Rows and columns.

    Returns
    -------
    Extent
        Its edges.
    """
    west, north = transform.c, transform.f
    return Extent(crs, (west, north + shape[0] * transform.e, west + shape[1] * transform.a, north))


@as_rate_errors()
def layer(
    data: Any,
    index: tuple[int, ...],
    transform: Affine,
    crs: CRS | str,
    grid: RegionGrid,
    path: str | Path,
    void: float | None = None,
) -> np.ndarray:
    """A layer of an open file on the region grid, bilinear; read around the region alone.

    Parameters
    ----------
    data : h5py.Dataset
        (..., rows, cols).
    index : tuple of int
        Of the layer, in the axes before rows and cols.
    transform : Affine
        Its place.
    crs : CRS or str
        Of its coordinates.
    grid : RegionGrid
        The region.
    path : str or Path
        The file, for messages.
    void : float, optional
        Value that is no measurement, as NaN is none.

    Returns
    -------
    (rows, cols) array of float
        NaN where not valid.

    Raises
    ------
    RateError
        Where it cannot come onto the grid: a CRS that does not reach the region, cells that are not
        north-up, too many of them.
    """
    window = regrid.around(str(path), data.shape[-2:], transform, crs, grid)
    rows, cols = window.toslices()
    values = np.asarray(data[(*index, rows, cols)], float)
    values[values == void] = np.nan
    return regrid.smooth(regrid.GeocodedBand(values, window_transform(window, transform), crs), grid)


def check_unit_of_place(path: str | Path, unit: str, corners: Sequence[float]) -> None:
    """Check that coordinates can be of their unit.

    Parameters
    ----------
    path : str or Path
        The file, for messages.
    unit : str
        "degrees" or "meters".
    corners : sequence of float
        x and y of a corner.

    Raises
    ------
    RateError
        Where degrees and metres are confused.
    """
    largest = max(abs(value) for value in corners)
    if (unit == "degrees") is not (largest <= MAX_DEGREES):
        raise RateError(f"{path}: coordinates {list(corners)} are no {unit}", "correct the unit of its coordinates")

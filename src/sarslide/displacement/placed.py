"""Layers of HDF5 files on the region grid."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
from rasterio.crs import CRS
from rasterio.transform import Affine
from rasterio.windows import transform as window_transform

from sarslide.errors import InterferogramError, RateError
from sarslide.grid import RegionGrid
from sarslide.insar.external import regrid

MAX_DEGREES = 360.0
AGAIN = "export the product again"


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
    import h5py

    try:
        with h5py.File(path) as file:
            yield file
    except (OSError, KeyError, ValueError, InterferogramError) as error:
        problem = error.problem if isinstance(error, InterferogramError) else f"{path}: {error}"
        raise RateError(" ".join(problem.split()), AGAIN) from None


def is_hdf5(path: Path) -> bool:
    """Whether a file is HDF5, by its first bytes.

    Parameters
    ----------
    path : Path
        The file.

    Returns
    -------
    bool
        Of netCDF 4, too.
    """
    with path.open("rb") as file:
        return file.read(8) == b"\x89HDF\r\n\x1a\n"


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

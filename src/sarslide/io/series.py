"""Displacement time series of a region grid as NetCDF-4 with CF-1.8 attributes: the only writer.

Not compressed: that would save a tenth, of speckle, and cost as much time as the inversion.
Written with h5py, whose dimension scales are what NetCDF-4 calls dimensions and coordinates; block
by block, under a temporary name, then renamed.
"""

import io
import math
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import numpy as np

from sarslide.errors import RasterError
from sarslide.grid import RegionGrid
from sarslide.io.atomic import atomic_file
from sarslide.io.blocks import Checksums
from sarslide.io.bounded import plain_file, shown
from sarslide.io.hdf5 import check_heaps
from sarslide.io.raster import most_bytes
from sarslide.names import days_between

FORMAT_VERSION = 1
CHUNK_CELLS = 64  # sides of a chunk; each holds all dates, so that the series of a cell is one read
VARIABLE = "displacement_mm"
RESTORE = "restore or recompute the file"
MAX_DATES = 10_000
TEXTS_WITHIN = 1 << 20  # bytes from the beginning, where `create` puts attributes
MAX_CHUNK_BYTES = 256 << 20
Read = Callable[[slice, slice, slice], np.ndarray]


class DeferredErrorFile(io.FileIO):
    """A file for HDF5 that raises what the disk has refused when it is closed, no sooner: HDF5
    cannot close a file of which it could not write all, and crashes when the process ends.

    Parameters
    ----------
    path : Path
        The file, which is made.
    """

    def __init__(self, path: Path) -> None:
        super().__init__(path, "w+b")
        self._refused: OSError | None = None

    def write(self, data: Any) -> int:
        """Write all of it, or remember why not.

        Parameters
        ----------
        data : bytes-like
            What is written.

        Returns
        -------
        int
            Its size, whatever the disk has taken.
        """
        left = memoryview(data).cast("B")
        size = len(left)
        with self._remembered():
            while len(left):
                left = left[super().write(left) or 0 :]
        return size

    def truncate(self, size: int | None = None) -> int:
        """Set the size of the file, or remember why not.

        Parameters
        ----------
        size : int, optional
            The size; by default up to the present place.

        Returns
        -------
        int
            The size.
        """
        with self._remembered():
            return super().truncate(size)
        return size or 0

    @contextmanager
    def _remembered(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            self._refused = self._refused or error

    def __exit__(self, *failure: Any) -> None:
        """Close the file.

        Raises
        ------
        OSError
            What the disk has refused.
        """
        super().__exit__(*failure)
        if self._refused:
            raise self._refused


@contextmanager
def create(
    path: str | Path, grid: RegionGrid, dates: Sequence[str], attributes: dict[str, str] | None = None
) -> Iterator[Callable[[slice, slice, np.ndarray], None]]:
    """Write a series file block by block.

    Parameters
    ----------
    path : str or Path
        The file.
    grid : RegionGrid
        Where the cells lie.
    dates : sequence of str
        `YYYYMMDD`, in order.
    attributes : dict, optional
        Of the file (title, source ...).

    Yields
    ------
    callable
        `put(rows, cols, displacement)` with displacement (dates, rows, cols), mm, in the line of
        sight since the first date, positive TOWARDS the satellite, NaN where unknown. Blocks that
        are never put read as NaN.
    """
    import h5py
    from pyproj import CRS

    written = Checksums()
    with (
        atomic_file(path, lambda temporary: written.compare(temporary, _cells_of)) as temporary,
        DeferredErrorFile(temporary) as stream,
        h5py.File(stream, "w") as file,
    ):
        file.attrs.update({"Conventions": "CF-1.8", **(attributes or {})})
        crs = CRS.from_epsg(grid.epsg)
        mapping = file.create_dataset("crs", data=np.int32(0))
        mapping.attrs.update({k: v for k, v in crs.to_cf().items() if not isinstance(v, list)})
        days = [days_between(dates[0], date) for date in dates]
        first = f"{dates[0][:4]}-{dates[0][4:6]}-{dates[0][6:]}"
        _axis(
            file,
            "time",
            np.array(days, np.int32),
            standard_name="time",
            units=f"days since {first}",
            calendar="standard",
        )
        _axis(file, "y", grid.y(), standard_name="projection_y_coordinate", units="m")
        _axis(file, "x", grid.x(), standard_name="projection_x_coordinate", units="m")
        values = file.create_dataset(
            VARIABLE, (len(dates), *grid.shape), np.float32, fillvalue=np.float32("nan"),
            chunks=(len(dates), min(CHUNK_CELLS, grid.rows), min(CHUNK_CELLS, grid.cols)),
        )  # fmt: skip
        values.attrs.update(
            {
                "long_name": f"line-of-sight displacement since {first}, positive towards the satellite",
                "units": "mm",
                "grid_mapping": "crs",
                "_FillValue": np.float32("nan"),
            }
        )
        for position, name in enumerate(("time", "y", "x")):
            values.dims[position].attach_scale(file[name])

        def put(rows: slice, cols: slice, displacement_mm: np.ndarray) -> None:
            block = np.asarray(displacement_mm, np.float32)
            values[:, rows, cols] = block
            written.add(block, slice(0, len(dates)), rows, cols)

        yield put


def _axis(file: Any, name: str, values: np.ndarray, **attributes: str) -> None:
    file.create_dataset(name, data=values)
    file[name].make_scale(name)
    file[name].attrs.update(attributes)


@contextmanager
def _cells_of(path: Path) -> Iterator[Read]:
    with opened(path) as (_, cells, _):
        yield lambda dates, rows, cols: cells[dates, rows, cols]


@contextmanager
def opened(path: str | Path) -> Iterator[tuple[list[str], Any, dict[str, str]]]:
    """An open series file.

    Parameters
    ----------
    path : str or Path
        The file.

    Yields
    ------
    dates : list of str
        `YYYYMMDD`.
    cells : h5py.Dataset
        Displacement (dates, rows, cols), as of `create`.
    attributes : dict of str to str
        Its long_name and units.

    Raises
    ------
    RasterError
        For a file that is no series, or that cannot be read; also for one whose cells lie in
        another file.
    """
    import h5py

    plain_file(path, RasterError, RESTORE)
    check_heaps(path, RasterError, RESTORE, TEXTS_WITHIN)
    try:
        with h5py.File(path) as file:
            time, cells = (_own(file, name) for name in ("time", VARIABLE))
            if time.shape != cells.shape[:1] or cells.ndim != 3 or cells.dtype != np.float32 or len(time) > MAX_DATES:
                raise ValueError(f"{cells.dtype} of {cells.shape} at {time.shape} dates")
            start = date.fromisoformat(time.attrs["units"].rpartition(" ")[2])
            dates = [f"{start + timedelta(days=int(day)):%Y%m%d}" for day in time[:]]
            yield dates, cells, {key: str(cells.attrs[key]) for key in ("long_name", "units")}
    except (OSError, KeyError, ValueError, TypeError, AttributeError, RuntimeError, OverflowError) as error:
        raise RasterError(f"{path}: is no readable time series ({shown(error)})", RESTORE) from error


def _own(file: Any, name: str) -> Any:
    """A dataset that lies in the file itself, in chunks that can be held."""
    import h5py

    found = file[name] if isinstance(file.get(name, getlink=True), h5py.HardLink) else None
    if not isinstance(found, h5py.Dataset) or found.external or found.is_virtual:
        raise ValueError(f"{name} is no dataset of its own")
    if math.prod(found.chunks or (1,)) * found.dtype.itemsize > MAX_CHUNK_BYTES:
        raise ValueError(f"{name} has chunks of {found.chunks}")
    return found


def read(path: str | Path, rows: slice = slice(None), cols: slice = slice(None)) -> tuple[list[str], np.ndarray]:
    """Dates and displacement of a block of a series file.

    Parameters
    ----------
    path : str or Path
        The file.
    rows, cols : slice
        The block; everything by default.

    Returns
    -------
    dates : list of str
        `YYYYMMDD`.
    displacement : (dates, rows, cols) array
        mm, in the line of sight since the first date, positive towards the satellite.

    Raises
    ------
    RasterError
        For an unreadable file, and a block that is larger than `raster.ANY_BYTES` and than
        `raster.MAX_RATIO` times its file.
    """
    with opened(path) as (dates, cells, _):
        sides = [len(range(*part.indices(size))) for part, size in zip((rows, cols), cells.shape[1:], strict=True)]
        if math.prod(sides) * len(dates) * cells.dtype.itemsize > most_bytes(path):
            raise ValueError(f"{cells.shape} cells are more than a file of its size holds")
        return dates, cells[:, rows, cols]

"""Geocoded products of one pair in HDF5: layers on a grid, and cubes of the imaging geometry.

Coordinates are those of the centres of the cells. A cube lies over height, y and x (or latitude and
longitude), its axes in any order.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from rasterio.transform import from_origin
from rasterio.windows import transform as window_transform

from sarslide.errors import InterferogramError
from sarslide.grid import RegionGrid
from sarslide.insar.external import regrid
from sarslide.io import hdf5
from sarslide.io.bounded import shown

AGAIN = "download the product again"
MAX_SAMPLES = 1_000_000  # of an axis or a list of granules
MAX_CUBE_SAMPLES = 20_000_000  # of what is read of a cube: nodes lie 500 m apart on 20 heights


@dataclass(frozen=True)
class Product:
    """An open product.

    Attributes
    ----------
    path : str or Path
        The file, for messages.
    file : h5py.File
        The file, open.
    wanted : str
        What to give instead of one that lacks a layer.
    """

    path: str | Path
    file: Any
    wanted: str

    def layer(self, name: str) -> Any:
        """A dataset that lies in the file itself, with chunks that can be held.

        Parameters
        ----------
        name : str
            Of the dataset.

        Returns
        -------
        h5py.Dataset
            The dataset.

        Raises
        ------
        InterferogramError
            For one that is missing, lies elsewhere, or cannot be held.
        """
        if not hdf5.inside(self.file, name):
            raise InterferogramError(f"{self.path}: has no {name}", self.wanted)
        return hdf5.dataset(self.path, self.file, name, InterferogramError, AGAIN)

    def require_radians(self, name: str) -> None:
        """That a phase states radians, or no unit.

        Parameters
        ----------
        name : str
            Of the dataset.

        Raises
        ------
        InterferogramError
            As `layer`, and for another unit.
        """
        unit = text(self.layer(name).attrs.get("units", "rad"))
        if unit not in ("rad", "radian", "radians"):
            short = name.rsplit("/", 1)[-1]
            raise InterferogramError(f"{self.path}: {short} is in {shown(unit)}", "give unwrapped phase in radians")

    def small(self, name: str) -> np.ndarray:
        """All of a small dataset.

        Parameters
        ----------
        name : str
            Of the dataset.

        Returns
        -------
        array
            Its samples.

        Raises
        ------
        InterferogramError
            As `layer`, and for one that is not small.
        """
        layer = self.layer(name)
        if layer.size > MAX_SAMPLES:
            raise InterferogramError(f"{self.path}: {name} has {layer.shape} samples, too many to be read", AGAIN)
        return np.asarray(layer[()])

    def axis(self, name: str) -> np.ndarray:
        """Coordinates, which grow or fall.

        Parameters
        ----------
        name : str
            Of the dataset.

        Returns
        -------
        (n,) array of float
            At least two.

        Raises
        ------
        InterferogramError
            As `small`, and for what is no axis.
        """
        axis = self.small(name)
        if axis.ndim != 1 or axis.size < 2 or axis.dtype.kind not in "iuf":
            raise InterferogramError(f"{self.path}: {name} is no axis", AGAIN)
        axis = axis.astype(float)
        steps = np.diff(axis)
        if not (np.isfinite(axis).all() and (np.all(steps > 0) or np.all(steps < 0))):
            raise InterferogramError(f"{self.path}: {name} neither grows nor falls", AGAIN)
        return axis

    def band(
        self, name: str, axes: tuple[str, str], crs: str, voids: Sequence[float], grid: RegionGrid
    ) -> regrid.GeocodedBand:
        """A 2D layer around the region, where its coordinate vectors put it, from north to south.

        Parameters
        ----------
        name : str
            Of the layer.
        axes : tuple of str
            Datasets of its y and x.
        crs : str
            Of the coordinates.
        voids : sequence of float
            Values that become NaN beside what is not finite.
        grid : RegionGrid
            Grid of the region.

        Returns
        -------
        GeocodedBand
            The samples around the region.

        Raises
        ------
        InterferogramError
            As `layer` and `axis`, and for another shape or type.
        """
        layer = self.layer(name)
        y, x = (self.axis(axis) for axis in axes)
        short = name.rsplit("/", 1)[-1]
        if layer.shape != (y.size, x.size) or layer.dtype.kind not in "iuf":
            problem = f"{short} is {layer.dtype} {layer.shape}, its axes {(y.size, x.size)}"
            raise InterferogramError(f"{self.path}: {problem}", AGAIN)
        upwards = y[0] < y[-1]
        north, south = (y[-1], y[0]) if upwards else (y[0], y[-1])
        step_x, step_y = (x[-1] - x[0]) / (x.size - 1), (north - south) / (y.size - 1)
        transform = from_origin(x[0] - step_x / 2, north + step_y / 2, step_x, step_y)
        window = regrid.around(f"{self.path}: {short}", layer.shape, transform, crs, grid)
        rows, cols = window.toslices()
        if upwards:
            rows = slice(y.size - rows.stop, y.size - rows.start)
        with np.errstate(all="ignore"):  # signalling NaNs; what is not finite is void
            found = layer[rows, cols].astype(np.float64)[:: -1 if upwards else 1]
        found[np.isin(found, voids) | ~np.isfinite(found)] = np.nan
        return regrid.GeocodedBand(found, window_transform(window, transform), crs)

    def cube(
        self,
        name: str,
        within: tuple[float, float],
        voids: Sequence[float],
        rows: slice = slice(None),
        cols: slice = slice(None),
    ) -> np.ndarray:
        """A cube with NaN for void.

        Parameters
        ----------
        name : str
            Of the cube.
        within : tuple of float
            The least and the largest value.
        voids : sequence of float
            Values that become NaN beside what is not finite.
        rows, cols : slice
            The part along y and x.

        Returns
        -------
        (heights, rows, cols) array of float64
            Its samples.

        Raises
        ------
        InterferogramError
            As `layer`, and for what is no cube, outside, void, or too large.
        """
        layer = self.layer(name)
        short = name.rsplit("/", 1)[-1]
        if len(layer.shape) != 3 or layer.dtype.kind not in "iuf":
            raise InterferogramError(f"{self.path}: {short} is no cube of numbers", AGAIN)
        sizes = [layer.shape[0], *(len(range(n)[part]) for n, part in zip(layer.shape[1:], (rows, cols), strict=True))]
        if np.prod(sizes, dtype=float) > MAX_CUBE_SAMPLES:
            raise InterferogramError(f"{self.path}: {short} has {layer.shape} samples, too many to be read", AGAIN)
        with np.errstate(all="ignore"):
            found = layer[:, rows, cols].astype(np.float64)
        found[np.isin(found, voids) | ~np.isfinite(found)] = np.nan
        if not (np.nanmin(found, initial=within[1]) >= within[0] and np.nanmax(found, initial=within[0]) <= within[1]):
            problem = f"{short} is not everywhere from {within[0]:g} to {within[1]:g}"
            raise InterferogramError(f"{self.path}: {problem}", AGAIN)
        if np.isnan(found).all():
            raise InterferogramError(f"{self.path}: {short} is void", AGAIN)
        return found

    def linear(self, axes: Sequence[np.ndarray], cube: np.ndarray, at: np.ndarray) -> np.ndarray:
        """A cube, linear at places; NaN beyond its axes.

        Parameters
        ----------
        axes : sequence of array
            Heights, y and x of its nodes, each growing or falling.
        cube : (heights, rows, cols) array of float
            Samples.
        at : (..., 3) array of float
            Height, y and x.

        Returns
        -------
        (...) array of float
            Values.

        Raises
        ------
        InterferogramError
            For a cube that is not of these axes.
        """
        from scipy.interpolate import RegularGridInterpolator

        if cube.shape != tuple(map(len, axes)):
            raise InterferogramError(f"{self.path}: its cubes are not those of their axes", AGAIN)
        upwards = [np.argsort(axis) for axis in axes]
        growing = [axis[order] for axis, order in zip(axes, upwards, strict=True)]
        return RegularGridInterpolator(growing, cube[np.ix_(*upwards)], bounds_error=False)(at)


def text(value: Any) -> str:
    """A text of HDF5.

    Parameters
    ----------
    value : bytes or str
        As read.

    Returns
    -------
    str
        The text.
    """
    return value.decode() if isinstance(value, bytes) else str(value)

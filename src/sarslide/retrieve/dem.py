"""A DEM file on the region grid with margin, in ellipsoidal heights (C05, C06)."""

import math
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
from rasterio import DatasetReader, MemoryFile
from rasterio.enums import Resampling
from rasterio.transform import Affine
from rasterio.vrt import WarpedVRT
from rasterio.warp import calculate_default_transform, transform_bounds
from rasterio.windows import from_bounds

from sarslide.errors import DemError, RasterError
from sarslide.grid import RegionGrid
from sarslide.io import raster
from sarslide.io.bounded import shown
from sarslide.terrain.dem import check_possible

COARSER = 1.5  # posting over cell: terrain that is smoother than its cells is no mountain
LOOK_CELLS = 500  # a side of what is looked at before a run
VERTICAL = re.compile(r"VERT(?:ICAL)?_?C(?:S|RS)\[\"([^\"]*)")
# Vertical CRSs are above a geoid, but for those that some programs name after the ellipsoid.
ELLIPSOID = re.compile(r"ellips|^WGS[ _]?(19)?84$", flags=re.IGNORECASE)
FEET = re.compile(r"\bf(oo|ee)?t\b", flags=re.IGNORECASE)


def region_dem(
    path: str | Path, grid: RegionGrid, margin_m: float, vertical: str, geoid_m: float | None
) -> tuple[np.ndarray, RegionGrid]:
    """Heights of a DEM file on the region grid with margin, resampled with cubic convolution.

    Parameters
    ----------
    path : str or Path
        The file, in any CRS.
    grid : RegionGrid
        Grid of the region.
    margin_m : float
        By which the grid is padded, m.
    vertical : str
        `ellipsoidal` or `orthometric`.
    geoid_m : float, optional
        Geoid undulation of the region, m, which is added to an orthometric DEM.

    Returns
    -------
    height : (rows, cols) array of float32
        Above the WGS 84 ellipsoid, m; cells without a height are NaN.
    padded : RegionGrid
        The padded grid.

    Raises
    ------
    DemError
        When the file cannot be read, has a rotated grid, does not cover the region, is in feet or
        holds heights that no ground has, when the undulation is missing, or when the file states
        heights above a geoid that are said to be ellipsoidal.
    """
    check_reference(path, vertical, geoid_m)
    with _opened(path) as source:
        height, padded = _resampled(source, str(path), grid, margin_m)
    return height + np.float32(geoid_m if vertical == "orthometric" else 0), padded


def check_file(path: str | Path, padded: RegionGrid) -> None:
    """Check, on a thousandth of its cells, that a DEM file can serve a region.

    Parameters
    ----------
    path : str or Path
        The file.
    padded : RegionGrid
        Grid of the region with its margin.

    Raises
    ------
    DemError
        When it cannot be read, has no CRS or a rotated grid, ends inside the grid, is in feet, or
        holds heights that no ground has.
    """
    with _opened(path) as source:
        west, south, east, north = transform_bounds(padded.epsg, source.crs, *padded.bounds)
        there = source.bounds
        if not (there.left <= west and there.bottom <= south and east <= there.right and north <= there.top):
            raise DemError(
                f"{path}: ends inside the region with its margin", "give a larger DEM, or a smaller grid.margin_m"
            )
        window = from_bounds(west, south, east, north, source.transform)
        shape = tuple(min(math.ceil(side), LOOK_CELLS) for side in (window.height, window.width))
        look = source.read(1, window=window, out_shape=shape, masked=True)
    check_possible(str(path), np.ma.filled(look.astype(np.float64), np.nan))


def check_reference(path: str | Path, vertical: str, geoid_m: float | None) -> None:
    """Check that it is known what the heights of a DEM file refer to.

    Parameters
    ----------
    path : str or Path
        The file.
    vertical : str
        `ellipsoidal` or `orthometric`, as the configuration says.
    geoid_m : float or None
        Geoid undulation of the region, m.

    Raises
    ------
    DemError
        When they are orthometric and no undulation is given, or said to be ellipsoidal and of a
        vertical CRS above a geoid.
    """
    if vertical == "orthometric" and geoid_m is None:
        raise DemError(
            f"{path}: heights are orthometric and no geoid is given",
            "set grid.geoid_m to the geoid undulation of the region, or give an ellipsoidal DEM",
        )
    with _opened(path) as source:
        stated = VERTICAL.search(source.crs.wkt)
    if vertical == "ellipsoidal" and stated and not ELLIPSOID.search(stated[1]):
        raise DemError(
            f"{path}: its CRS says {shown(stated[1])}, grid.dem_vertical says ellipsoidal",
            "set grid.dem_vertical: orthometric, and grid.geoid_m to the geoid undulation of the region",
        )


def check_posting(path: str | Path, grid: RegionGrid) -> None:
    """Check that a DEM file is as fine as the cells of a region.

    Parameters
    ----------
    path : str or Path
        The file.
    grid : RegionGrid
        Grid of the region.

    Raises
    ------
    DemError
        When its posting is coarser by more than `COARSER`.
    """
    with _opened(path) as source:
        on_grid, _, _ = calculate_default_transform(
            source.crs, f"EPSG:{grid.epsg}", source.width, source.height, *source.bounds
        )
    if on_grid.a > COARSER * grid.cell_m:
        raise DemError(
            f"{path}: its posting is {on_grid.a:.0f} m, the region has cells of {grid.cell_m:g} m",
            f"give a finer DEM, or set grid.cell_m to {on_grid.a:.0f}",
        )


@contextmanager
def _opened(path: str | Path) -> Iterator[DatasetReader]:
    """An open GeoTIFF of heights in metres, as far as it states."""
    try:
        with raster.opened(path) as source:
            _check_units(path, source)
            yield source
    except RasterError as error:
        raise DemError(error.problem, "give a GeoTIFF of heights") from error


def _check_units(path: str | Path, source: DatasetReader) -> None:
    """DemError for a file without a CRS or heights, one in feet, and one whose rows do not run from
    west to east, north to south.
    """
    if source.crs is None:
        raise DemError(f"{path}: has no CRS", "give a georeferenced DEM")
    if not (source.transform.a > 0 > source.transform.e and source.transform.b == source.transform.d == 0):
        raise DemError(f"{path}: its grid is rotated or turned over", "warp it to a grid with north up (gdalwarp)")
    if source.dtypes[0].startswith("complex"):
        raise DemError(f"{path}: holds {source.dtypes[0]}, no heights", "give a DEM")
    vertical = re.search(r"VERT(?:ICAL)?_?C(?:S|RS).*?(?:LENGTH)?UNIT\[\"([^\"]*)", source.crs.wkt, flags=re.DOTALL)
    for unit in (source.units[0], vertical and vertical[1]):
        if unit and FEET.search(unit):
            raise DemError(f"{path}: its heights are in {shown(unit)}", "convert them to metres")


def on_region(
    height: np.ndarray, transform: Affine, name: str, grid: RegionGrid, margin_m: float
) -> tuple[np.ndarray, RegionGrid]:
    """The same for ellipsoidal heights on a lattice in degrees.

    Parameters
    ----------
    height : (rows, cols) array of float32
        Above the WGS 84 ellipsoid, m.
    transform : Affine
        Of the lattice, in EPSG:4326.
    name : str
        For messages.
    grid : RegionGrid
        Grid of the region.
    margin_m : float
        By which the grid is padded, m.

    Returns
    -------
    height : (rows, cols) array of float32
        Above the WGS 84 ellipsoid, m; cells without a height are NaN.
    padded : RegionGrid
        The padded grid.

    Raises
    ------
    DemError
        When the heights do not cover the region, or no ground has them.
    """
    profile = {
        "driver": "GTiff", "count": 1, "dtype": "float32", "height": height.shape[0], "width": height.shape[1],
        "crs": "EPSG:4326", "transform": transform, "nodata": np.nan,
    }  # fmt: skip
    with MemoryFile() as memory:
        with memory.open(**profile) as target:
            target.write(height, 1)
        with memory.open(driver="GTiff") as source:
            return _resampled(source, name, grid, margin_m)


def _resampled(source: DatasetReader, name: str, grid: RegionGrid, margin_m: float) -> tuple[np.ndarray, RegionGrid]:
    padded = grid.pad(margin_m)
    with WarpedVRT(
        source, crs=f"EPSG:{grid.epsg}", transform=padded.transform, width=padded.cols, height=padded.rows,
        resampling=Resampling.cubic, dtype="float32", nodata=np.nan,
    ) as warped:  # fmt: skip
        height = warped.read(1)
    n = (padded.rows - grid.rows) // 2
    holes = int((~np.isfinite(height[n : n + grid.rows, n : n + grid.cols])).sum())
    if holes:
        share = holes / (grid.rows * grid.cols)
        raise DemError(
            f"{name}: no height in {share:.1%} of the region", "give a DEM that covers the region, voids filled"
        )
    check_possible(name, height, grid.cell_m)
    return height, padded

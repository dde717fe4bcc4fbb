"""A DEM file on the region grid with margin, in ellipsoidal heights (C05, C06)."""

from pathlib import Path

import numpy as np
from rasterio import DatasetReader, MemoryFile
from rasterio.enums import Resampling
from rasterio.transform import Affine
from rasterio.vrt import WarpedVRT

from sarslide.errors import DemError
from sarslide.grid import RegionGrid
from sarslide.io import raster


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
        When the file does not cover the region or the undulation is missing.
    RasterError
        When it cannot be read.
    """
    if vertical == "orthometric" and geoid_m is None:
        raise DemError(
            f"{path}: heights are orthometric and no geoid is given",
            "set grid.geoid_m to the geoid undulation of the region, or give an ellipsoidal DEM",
        )
    with raster.opened(path) as source:
        if source.crs is None:
            raise DemError(f"{path}: has no CRS", "give a georeferenced DEM")
        height, padded = _resampled(source, str(path), grid, margin_m)
    return height + np.float32(geoid_m if vertical == "orthometric" else 0), padded


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
        When the heights do not cover the region.
    """
    profile = {
        "driver": "GTiff", "count": 1, "dtype": "float32", "height": height.shape[0], "width": height.shape[1],
        "crs": "EPSG:4326", "transform": transform, "nodata": np.nan,
    }  # fmt: skip
    with MemoryFile() as memory:
        with memory.open(**profile) as target:
            target.write(height, 1)
        with memory.open() as source:
            return _resampled(source, name, grid, margin_m)


def _resampled(source: DatasetReader, name: str, grid: RegionGrid, margin_m: float) -> tuple[np.ndarray, RegionGrid]:
    padded = grid.pad(margin_m)
    with WarpedVRT(
        source, crs=f"EPSG:{grid.epsg}", transform=padded.transform, width=padded.cols, height=padded.rows,
        resampling=Resampling.cubic, dtype="float32", nodata=np.nan,
    ) as warped:  # fmt: skip
        height = warped.read(1)
    n = (padded.rows - grid.rows) // 2
    holes = int(np.isnan(height[n : n + grid.rows, n : n + grid.cols]).sum())
    if holes:
        share = holes / (grid.rows * grid.cols)
        raise DemError(
            f"{name}: no height in {share:.1%} of the region", "give a DEM that covers the region, voids filled"
        )
    return height, padded

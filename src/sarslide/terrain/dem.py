"""The DEM of a region: whether terrain and engines can use it, and its part on the grid."""

import math

import numpy as np

from sarslide.errors import DemError
from sarslide.grid import RegionGrid

LOWEST_M, HIGHEST_M = -500.0, 9000.0  # of ground, above ellipsoid or geoid
STEEPEST_MEAN_DEG = 50.0  # of a region: the steepest mountains have 35, in feet read as metres 66


def check_vertical(name: str, tags: dict[str, str]) -> None:
    """Check that a raster holds ellipsoidal heights.

    Parameters
    ----------
    name : str
        The file, for the message.
    tags : dict of str to str
        Tags of the raster.

    Raises
    ------
    DemError
        They lack `vertical=ellipsoidal`.
    """
    vertical = tags.get("vertical", "unknown")
    if vertical != "ellipsoidal":
        raise DemError(
            f"{name}: vertical reference is {vertical}, ellipsoidal heights are needed",
            "set grid.dem_vertical and grid.geoid_m, and let prepare_dem write the file again",
        )


def region_part(name: str, dem: RegionGrid, grid: RegionGrid, margin_cells: int) -> tuple[slice, slice]:
    """The part of a DEM that a region with a margin covers.

    Parameters
    ----------
    name : str
        The file, for the message.
    dem : RegionGrid
        Lattice of the DEM.
    grid : RegionGrid
        The region.
    margin_cells : int
        Cells beyond the region on each side.

    Returns
    -------
    tuple of slice
        Rows and columns of the DEM.

    Raises
    ------
    DemError
        The DEM lies on another lattice, or does not hold them.
    """
    row, col = (dem.north - grid.north) / dem.cell_m, (grid.west - dem.west) / dem.cell_m
    same_lattice = dem.epsg == grid.epsg and dem.cell_m == grid.cell_m and max(abs(row % 1), abs(col % 1)) < 1e-6
    if not same_lattice:
        raise DemError(
            f"{name}: EPSG:{dem.epsg}, {dem.cell_m} m cells are not the region's lattice of EPSG:{grid.epsg}, {grid.cell_m} m",
            "let prepare_dem write the file for this region",
        )
    top, left = round(row) - margin_cells, round(col) - margin_cells
    bottom, right = round(row) + grid.rows + margin_cells, round(col) + grid.cols + margin_cells
    if top < 0 or left < 0 or bottom > dem.rows or right > dem.cols:
        raise DemError(
            f"{name}: covers {dem.bounds}, less than {margin_cells * grid.cell_m:g} m beyond the region {grid.bounds}",
            f"give a DEM that reaches at least {margin_cells * grid.cell_m:g} m beyond the region",
        )
    return slice(top, bottom), slice(left, right)


def check_heights(name: str, height_m: np.ndarray) -> None:
    """Check that heights are known and possible.

    Parameters
    ----------
    name : str
        The file, for the message.
    height_m : (rows, cols) array of float
        Height, m.

    Raises
    ------
    DemError
        For holes or heights that no ground has.
    """
    holes = ~np.isfinite(height_m)
    if holes.any():
        raise DemError(f"{name}: no height in {holes.mean():.1%} of the region", "give a DEM with its voids filled")
    check_possible(name, height_m)


def check_possible(name: str, height_m: np.ndarray, cell_m: float | None = None) -> None:
    """Check that the heights that are known are possible.

    Parameters
    ----------
    name : str
        The file, for the message.
    height_m : (rows, cols) array of float
        Height, m, NaN where unknown.
    cell_m : float, optional
        Side of a cell, m; with it, how steep the ground is on average.

    Raises
    ------
    DemError
        For heights, or a mean slope, that no ground has.
    """
    known = height_m[~np.isnan(height_m)]
    low, high = (float(known.min()), float(known.max())) if known.size else (0.0, 0.0)
    if low < LOWEST_M or high > HIGHEST_M:
        raise DemError(
            f"{name}: heights from {low:.6g} to {high:.6g} m",
            "give heights in metres, with voids filled, or with their value stated (gdal_edit.py -a_nodata)",
        )
    if cell_m is None or min(height_m.shape) < 2:
        return
    slope_deg = math.degrees(math.atan(np.nan_to_num(np.nanmean(np.hypot(*np.gradient(height_m, cell_m))))))
    if slope_deg > STEEPEST_MEAN_DEG:
        raise DemError(
            f"{name}: the ground is {slope_deg:.0f} degrees steep on average, no region is",
            "give heights in metres, not feet, and without noise",
        )

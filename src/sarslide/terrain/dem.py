"""The DEM of a region: whether terrain and engines can use it, and its part on the grid."""

import numpy as np

from sarslide.errors import DemError
from sarslide.grid import RegionGrid


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
            f"{name}: covers {dem.bounds}, the region with margin needs more than {grid.bounds}",
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
    if height_m.min() < -500 or height_m.max() > 9000:
        raise DemError(
            f"{name}: heights from {height_m.min():.0f} to {height_m.max():.0f} m",
            "give heights in metres, voids filled",
        )

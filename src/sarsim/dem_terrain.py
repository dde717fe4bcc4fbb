"""Ground of a simulated region that nobody drew: a DEM file, with the rivers and valley floors that
its heights imply.
"""

import logging
from pathlib import Path

import numpy as np
from scipy import ndimage

from sarsim.terrain import Terrain, drainage, steepest, without_pits
from sarslide.grid import RegionGrid, window_of
from sarslide.retrieve.dem import region_dem

log = logging.getLogger(__name__)

RIVER_KM2, MAIN_KM2 = 3.0, 30.0  # drain through the cells of a river, and of a main one
FLOOR_SLOPE_DEG = 8.0  # the ground of a floor is no steeper,
FLOOR_RISE_M = 25.0  # nor higher above its river


def terrain_of_dem(
    path: str | Path, grid: RegionGrid, region: RegionGrid, vertical: str, geoid_m: float | None
) -> Terrain:
    """The terrain of a DEM file on a grid around a region.

    Beyond the file the ground is its mirror image: a radar scene sees more than a region, and most
    files end before it does.

    Parameters
    ----------
    path : str or Path
        The file, in any CRS; it covers the region, without voids.
    grid : RegionGrid
        The grid of the arrays.
    region : RegionGrid
        The part of `grid` that is the region, on the same lattice.
    vertical : str
        `ellipsoidal` or `orthometric`.
    geoid_m : float or None
        Geoid undulation, m, which is added to orthometric heights.

    Returns
    -------
    Terrain
        The ground.

    Raises
    ------
    DemError
        As `region_dem`.
    """
    west, south, east, north = (abs(a - b) for a, b in zip(grid.bounds, region.bounds, strict=True))
    found, padded = region_dem(path, region, max(west, south, east, north), vertical, geoid_m)
    heights = found[window_of(padded, grid)]
    known = known_rectangle(np.isfinite(heights), window_of(grid, region))
    beyond = [(part.start, size - part.stop) for part, size in zip(known, heights.shape, strict=True)]
    if any(map(any, beyond)):
        log.info("%s: ends %s cells before the scene; mirrored there", path, max(map(max, beyond)))
    return shaped(np.pad(heights[known], beyond, mode="reflect"), grid.cell_m)


def known_rectangle(known: np.ndarray, inside: tuple[slice, slice]) -> tuple[slice, slice]:
    """A large rectangle around a part, in which all is known.

    Parameters
    ----------
    known : (rows, cols) array of bool
        Cells that are known; those of the part are.
    inside : tuple of slice
        Rows and columns of the part.

    Returns
    -------
    tuple of slice
        Rows and columns: from all cells, the side with most unknown ones goes until none is left.
    """
    (top, bottom), (left, right) = ([0, size] for size in known.shape)
    unknown = ~known
    while (part := unknown[top:bottom, left:right]).any():
        sides = {
            "top": part[0].mean() if top < inside[0].start else -1,
            "bottom": part[-1].mean() if bottom > inside[0].stop else -1,
            "left": part[:, 0].mean() if left < inside[1].start else -1,
            "right": part[:, -1].mean() if right > inside[1].stop else -1,
        }
        worst = max(sides, key=lambda side: sides[side])
        top, bottom = top + (worst == "top"), bottom - (worst == "bottom")
        left, right = left + (worst == "left"), right - (worst == "right")
    return slice(top, bottom), slice(left, right)


def shaped(elevation_m: np.ndarray, cell_m: float) -> Terrain:
    """Rivers and floors of heights.

    A river is where much ground drains, by the steepest descent over filled pits. A floor is flat
    and hardly higher than the river that is nearest to it.

    Parameters
    ----------
    elevation_m : (rows, cols) array of float
        Ellipsoidal heights, m.
    cell_m : float
        Side of a cell, m.

    Returns
    -------
    Terrain
        The ground; without a river nothing is a floor.
    """
    edge = np.ones(elevation_m.shape, bool)
    edge[1:-1, 1:-1] = False
    heights = elevation_m.astype(float)
    filled = without_pits(heights, edge, 1e-3 * cell_m * ndimage.distance_transform_edt(~edge))
    receiver = steepest(filled, cell_m)[0].ravel()
    root = edge.ravel() | (receiver < 0)
    receiver[root] = np.flatnonzero(root)
    drained_km2 = drainage(receiver, root).reshape(heights.shape) * cell_m**2 / 1e6
    river = drained_km2 >= RIVER_KM2
    if not river.any():
        nowhere = np.zeros(heights.shape, bool)
        return Terrain(elevation_m.astype(np.float32), nowhere, nowhere, np.full(heights.shape, np.inf, np.float32))
    distance, nearest = ndimage.distance_transform_edt(~river, return_indices=True)
    north, east = np.gradient(ndimage.gaussian_filter(heights, 1.0, mode="nearest"), cell_m)
    flat = np.degrees(np.arctan(np.hypot(north, east))) < FLOOR_SLOPE_DEG
    floor = flat & (heights - heights[tuple(nearest)] < FLOOR_RISE_M)
    main = floor & (drained_km2[tuple(nearest)] >= MAIN_KM2)
    return Terrain(elevation_m.astype(np.float32), floor, main, (distance * cell_m).astype(np.float32))

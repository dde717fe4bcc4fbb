"""Mines on slopes: terraced, angular ground that settles or slides fast, which P4 4.4 could not
set apart from landslides.
"""

from dataclasses import dataclass

import geopandas as gpd
import numpy as np
from shapely.geometry import Polygon
from shapely.ops import unary_union

from sarsim.slopes import DownslopeField, FreeSlopes, cells_inside, plateau
from sarslide.grid import RegionGrid

AREA_KM2 = (0.04, 0.30)
SPEED_MM_PER_YR = (60.0, 180.0)
BENCH_M = 24.0  # height of a terrace
BENCHES = (3, 5)  # strips of an outline across the slope
EDGE_M = 30.0  # motion ends at the edge of the works, not gradually as in a landslide
ATTEMPTS = 200


@dataclass(frozen=True)
class Mines:
    """Mines of a region.

    Attributes
    ----------
    table : gpd.GeoDataFrame
        kind, speed_mm_per_yr, area_km2, geometry.
    velocity : (3, rows, cols) array of float32
        East, north, up, mm/yr.
    elevation_m : (rows, cols) array of float32
        The ground with its terraces, m.
    mask : (rows, cols) array of bool
        Cells of any mine.
    """

    table: gpd.GeoDataFrame
    velocity: np.ndarray
    elevation_m: np.ndarray
    mask: np.ndarray


def plant_mines(
    grid: RegionGrid,
    region: RegionGrid,
    elevation_m: np.ndarray,
    usable: np.ndarray,
    count: int,
    seed: np.random.SeedSequence,
) -> Mines:
    """Mines inside the region on slopes of landslides' steepness.

    The first, third ... mine settles straight down (ground above workings), the others slide down
    the slope (waste heaps).

    Parameters
    ----------
    grid : RegionGrid
        The grid of the arrays.
    region : RegionGrid
        The part of `grid` that is the region, on the same lattice.
    elevation_m : (rows, cols) array of float
        Ellipsoidal heights on `grid`, m.
    usable : (rows, cols) array of bool
        Cells that may be mined.
    count : int
        How many; fewer where no free slope is left.
    seed : SeedSequence
        Seed.

    Returns
    -------
    Mines
        The mines.
    """
    rng = np.random.default_rng(seed)
    field = DownslopeField(grid, elevation_m)
    free = FreeSlopes(grid, region, usable, field)
    velocity = np.zeros((3, *grid.shape), np.float32)
    everywhere = np.zeros(grid.shape, bool)
    terraced = elevation_m.copy()
    records = []
    for k in range(count):
        outline = _find_place(rng, field, free)
        if outline is None:
            continue
        free.take(outline)
        mask = cells_inside(grid, outline)
        speed = round(float(rng.uniform(*SPEED_MM_PER_YR)), 2)
        share = plateau(mask, grid.cell_m, EDGE_M)
        if k % 2:
            velocity += speed * share * field.unit
        else:
            velocity[2] -= speed * share
        terraced[mask] = _terraces(elevation_m[mask])
        everywhere |= mask
        records.append(
            {
                "kind": "mining",
                "speed_mm_per_yr": speed,
                "area_km2": round(outline.area / 1e6, 5),
                "geometry": outline,
            }
        )
    columns = ["kind", "speed_mm_per_yr", "area_km2", "geometry"]
    table = gpd.GeoDataFrame(records, columns=columns, geometry="geometry", crs=f"EPSG:{region.epsg}")
    return Mines(table, velocity, terraced, everywhere)


def _find_place(rng: np.random.Generator, field: DownslopeField, free: FreeSlopes) -> Polygon | None:
    """An outline on free ground; smaller by degrees when the ground does not take it."""
    target_km2 = float(np.exp(rng.uniform(*np.log(AREA_KM2))))
    for attempt in range(ATTEMPTS):
        area = max(target_km2 * 0.985**attempt, AREA_KM2[0])
        side = np.sqrt(area * 1e6)
        centre = free.draw(rng, 0.35 * side)
        if centre is None:
            continue
        outline = _stepped(rng, side, centre, field.heading(*centre))
        if free.fits(outline):
            return outline
    return None


def _stepped(rng: np.random.Generator, side_m: float, centre: tuple[float, float], down: np.ndarray) -> Polygon:
    """Strips across the slope, each of its own width and offset: right angles only. Area about
    `side_m` squared.
    """
    across = np.array([-down[1], down[0]])
    strips = int(rng.integers(BENCHES[0], BENCHES[1] + 1))
    widths = side_m * rng.uniform(0.7, 1.3, strips)
    edges = side_m * np.linspace(-0.5, 0.5, strips + 1)
    boxes = []
    for width, top, bottom, shift in zip(widths, edges, edges[1:], rng.uniform(-0.15, 0.15, strips), strict=False):
        left, right = shift * side_m - width / 2, shift * side_m + width / 2
        corners = ((left, top), (right, top), (right, bottom), (left, bottom))
        boxes.append(Polygon([np.array(centre) + u * across + v * down for u, v in corners]).buffer(0.5, join_style=2))
    return unary_union(boxes)


def _terraces(height_m: np.ndarray) -> np.ndarray:
    """Heights gathered into benches: nearly level for most of the height of a bench, then a steep
    step.
    """
    bench, share = np.divmod(height_m / BENCH_M, 1)
    return (BENCH_M * (bench + share**3)).astype(np.float32)

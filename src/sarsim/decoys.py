"""What moves, or seems to move, without being a landslide: a subsiding valley floor, glaciers, snow
patches (P0 3.1), mines (P4 4.4), and the difficulties that are areas of a scene instead of planted
objects.
"""

import geopandas as gpd
import numpy as np
from scipy import ndimage
from shapely.geometry import MultiPolygon, Polygon, box, shape

from sarsim.codes import AREAS, DECOYS, OBJECTS
from sarsim.slopes import DownslopeField, plateau
from sarsim.terrain import noise
from sarslide.grid import RegionGrid, window_of

__all__ = ["AREAS", "DECOYS", "OBJECTS", "far_from", "plant_decoys", "with_mines"]

# kind: (area range in km2, largest apparent speed in mm/yr)
SUBSIDENCE = ((0.25, 0.7), (25.0, 60.0))
GLACIER = ((0.08, 0.4), (60.0, 150.0))
SNOW = ((0.04, 0.2), (40.0, 100.0))
CLEARANCE_M = 200.0  # between a decoy and any other planted object


def plant_decoys(
    grid: RegionGrid,
    region: RegionGrid,
    field: DownslopeField,
    floor: np.ndarray,
    high: np.ndarray,
    counts: dict[str, int],
    seed: np.random.SeedSequence,
) -> tuple[gpd.GeoDataFrame, np.ndarray]:
    """Decoys inside the region and their (apparent) velocity.

    A glacier flows down its slope; subsidence is vertical; snow does not move: its depth changes
    the path, which looks like a vertical motion of either sign.

    Parameters
    ----------
    grid : RegionGrid
        The grid of the arrays.
    region : RegionGrid
        The part of `grid` that is the region, on the same lattice.
    field : DownslopeField
        Direction of the steepest descent.
    floor, high : (rows, cols) array of bool
        The main valley floor, and the ground above the snowline, on `grid`.
    counts : dict of str to int
        Number of `subsidence`, `glacier` and `snow` objects.
    seed : SeedSequence
        Seed.

    Returns
    -------
    tuple
        Table (decoy_id, kind, speed_mm_per_yr, area_km2, geometry), and velocity, float32 (3, rows,
        cols), east, north, up, mm/yr.
    """
    rng = np.random.default_rng(seed)
    velocity = np.zeros((3, *grid.shape), np.float32)
    taken = np.zeros(grid.shape, bool)
    records = []
    plan = (("subsidence", SUBSIDENCE, floor), ("glacier", GLACIER, high), ("snow", SNOW, high))
    for kind, (areas, speeds), ground in plan:
        for _ in range(counts[kind]):
            mask = _patch(rng, grid, region, ground & far_from(taken, grid.cell_m), areas)
            if mask is None:
                continue
            taken |= mask
            speed = round(float(rng.uniform(*speeds)), 2)
            share = plateau(mask, grid.cell_m, edge_m=250.0 if kind == "subsidence" else 60.0)
            if kind == "glacier":
                velocity += speed * share * field.unit
            else:
                sign = -1 if kind == "subsidence" else rng.choice([-1, 1])
                velocity[2] += sign * speed * share
            outline = _outline(mask, grid)
            records.append(
                {
                    "kind": kind,
                    "speed_mm_per_yr": speed,
                    "area_km2": round(outline.area / 1e6, 5),
                    "geometry": outline,
                }
            )
    frame = gpd.GeoDataFrame(
        records,
        columns=["kind", "speed_mm_per_yr", "area_km2", "geometry"],
        geometry="geometry",
        crs=f"EPSG:{region.epsg}",
    )
    frame.insert(0, "decoy_id", _ids(frame))
    return frame, velocity


def with_mines(decoys: gpd.GeoDataFrame, mines: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    """Decoys with mines after them.

    Parameters
    ----------
    decoys : gpd.GeoDataFrame
        Table of `plant_decoys`.
    mines : gpd.GeoDataFrame
        The same columns but the id.

    Returns
    -------
    GeoDataFrame
        Numbered on.
    """
    records = [row for table in (decoys.drop(columns="decoy_id"), mines) for row in table.to_dict("records")]
    together = gpd.GeoDataFrame(records, columns=mines.columns, geometry="geometry", crs=mines.crs)
    together.insert(0, "decoy_id", _ids(together))
    return together


def _ids(frame: gpd.GeoDataFrame) -> list[str]:
    return [f"D{k:02d}" for k in range(1, len(frame) + 1)]


def far_from(taken: np.ndarray, cell_m: float) -> np.ndarray:
    """Cells more than the clearance away from any cell that is taken.

    Parameters
    ----------
    taken : (rows, cols) array of bool
        Cells that are taken.
    cell_m : float
        Side of a cell, m.

    Returns
    -------
    (rows, cols) array of bool
        The cells.
    """
    return ndimage.distance_transform_edt(~taken) * cell_m > CLEARANCE_M if taken.any() else ~taken


def _patch(
    rng: np.random.Generator, grid: RegionGrid, region: RegionGrid, ground: np.ndarray, areas_km2: tuple[float, float]
) -> np.ndarray | None:
    """A compact, irregular patch of free `ground` in the region: the cells nearest to a seed cell
    in a noisy metric.
    """
    inside = np.zeros(grid.shape, bool)
    window = window_of(grid, region)
    row, col = window[0].start, window[1].start
    inside[row + 3 : row + region.rows - 3, col + 3 : col + region.cols - 3] = True
    ground = ground & inside
    ground = ndimage.binary_opening(ground, iterations=2)
    if not ground.any():
        return None
    target_cells = int(np.exp(rng.uniform(*np.log(areas_km2))) / grid.cell_area_km2)
    smallest = int(areas_km2[0] / grid.cell_area_km2)
    depth = ndimage.distance_transform_edt(ground)
    bend = 1 + 0.18 * noise((region.rows, region.cols), 700 / grid.cell_m, rng, 2)
    best = None
    for _ in range(12):
        weight = np.cumsum((depth**2).ravel())
        r, c = divmod(int(np.searchsorted(weight, rng.uniform(0, weight[-1]))), grid.cols)
        rows, cols = np.mgrid[: region.rows, : region.cols]
        away = np.hypot(rows + row - r, cols + col - c) * np.clip(bend, 0.5, 1.5)
        labels, _count = ndimage.label(ground[window])
        own = labels == labels[r - row, c - col]
        reach = np.sort(away[own])[min(target_cells, own.sum()) - 1]
        mask = ndimage.binary_fill_holes(ndimage.binary_opening(own & (away <= reach)))
        pieces, _count = ndimage.label(mask)
        if pieces.max() > 1:
            mask = pieces == 1 + np.argmax(np.bincount(pieces.ravel())[1:])
        if best is None or mask.sum() > best[window].sum():
            best = np.zeros(grid.shape, bool)
            best[window] = mask
        if mask.sum() >= 0.8 * target_cells:
            break
    return best if best is not None and best.sum() >= smallest else None


def _outline(mask: np.ndarray, grid: RegionGrid) -> Polygon | MultiPolygon:
    """Outline of the cells, its stairs smoothed away."""
    from rasterio.features import shapes

    pieces = [shape(geometry) for geometry, value in shapes(mask.astype("uint8"), transform=grid.transform) if value]
    biggest = max(pieces, key=lambda piece: piece.area)
    smooth = biggest.buffer(grid.cell_m).buffer(-2 * grid.cell_m).buffer(grid.cell_m).simplify(grid.cell_m / 4)
    return smooth.intersection(box(*grid.bounds)) if not smooth.is_empty else biggest

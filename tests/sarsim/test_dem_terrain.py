"""Ground from a DEM file: its own heights, the rivers and floors of a valley whose shape is known."""

import logging

import numpy as np
import pytest
import rasterio
from rasterio.transform import from_origin

from sarsim.dem_terrain import FLOOR_RISE_M, MAIN_KM2, RIVER_KM2, known_rectangle, shaped, terrain_of_dem
from sarsim.world import WorldSettings, build_world
from sarslide.errors import DemError
from sarslide.grid import RegionGrid, window_of

REGION = RegionGrid(32632, 500010.0, 5206010.0, 30.0, 160, 140)
FLOOR_M, WALL_DEG, FALL = 300.0, 30.0, 0.01


def valley(x, y):
    """A straight valley along y: a floor that dips to its axis between even walls, falling to the south."""
    across = np.abs(x - 502_000.0)
    return (
        800
        + np.maximum(across - FLOOR_M / 2, 0) * np.tan(np.radians(WALL_DEG))
        + FALL * (y - 5_200_000)
        + 0.03 * across
    )


def written(path, grid, heights):
    west, _, _, north = grid.bounds
    profile = {
        "driver": "GTiff",
        "count": 1,
        "dtype": "float32",
        "height": grid.rows,
        "width": grid.cols,
        "nodata": -9999,
    }
    with rasterio.open(
        path, "w", crs=grid.epsg, transform=from_origin(west, north, grid.cell_m, grid.cell_m), **profile
    ) as out:
        out.write(heights.astype(np.float32), 1)
    return path


@pytest.fixture
def file(tmp_path):
    """Heights on the lattice of the region, 10 cells beyond it."""
    grid = REGION.pad(300)
    return written(tmp_path / "dem.tif", grid, valley(grid.x()[None], grid.y()[:, None]))


def test_floor_and_river_of_a_known_valley():
    grid = REGION.pad(900)
    terrain = shaped(valley(grid.x()[None], grid.y()[:, None]), grid.cell_m)
    # Where 3 km2 drain: the valley is 6 km wide, so from 0.5 km below its head on, but for what the edges take.
    width_km = grid.cols * grid.cell_m / 1000
    south = slice(int(2 * RIVER_KM2 / width_km * 1000 / grid.cell_m) + 10, -5)
    across = np.abs(grid.x() - 502_000.0)
    # The line of the river lies on the axis: to the middle of its cell.
    assert np.abs(terrain.river_distance_m[south] - across).max() <= grid.cell_m
    # The floor, and of the walls what rises less than 25 m and is flat after smoothing over a cell.
    rise = FLOOR_RISE_M / np.tan(np.radians(WALL_DEG))
    assert terrain.floor[south][:, across < FLOOR_M / 2 - 45].all()
    assert not terrain.floor[south][:, across > FLOOR_M / 2 + min(rise, 2 * grid.cell_m)].any()
    # A main river from where 30 km2 drain: after as many km as its valley is narrower, but for the edges' own water.
    first = np.nonzero(terrain.main_floor.any(axis=1))[0][0]
    assert first * grid.cell_m == pytest.approx(MAIN_KM2 / width_km * 1000, abs=4 * grid.cell_m)


def test_ground_without_a_river_has_no_floor():
    terrain = shaped(np.tile(np.arange(20.0) * 20, (20, 1)), 30.0)
    assert not terrain.floor.any() and np.isinf(terrain.river_distance_m).all()


@pytest.mark.parametrize(("vertical", "geoid_m", "added"), [("ellipsoidal", None, 0.0), ("orthometric", 47.5, 47.5)])
def test_heights_are_those_of_the_file_and_mirrored_beyond_it(file, caplog, vertical, geoid_m, added):
    grid = REGION.pad(1500)
    with caplog.at_level(logging.INFO):
        heights = terrain_of_dem(file, grid, REGION, vertical, geoid_m).elevation_m
    inner = window_of(grid, REGION.pad(300))
    wanted = valley(REGION.pad(300).x()[None], REGION.pad(300).y()[:, None]) + added
    # float32 of the file.
    np.testing.assert_allclose(heights[inner], wanted, atol=1e-3)
    top, left = inner[0].start, inner[1].start
    np.testing.assert_array_equal(heights[top - 7, inner[1]], heights[top + 7, inner[1]])
    np.testing.assert_array_equal(heights[:, left - 12], heights[:, left + 12])
    assert "mirrored" in caplog.text


def test_a_slanted_file_gives_a_rectangle_without_unknown_cells():
    rows, cols = np.mgrid[:100, :120]
    known = (cols + 0.3 * rows > 15) & (cols - 0.2 * rows < 110) & (rows > 4)
    rectangle = known_rectangle(known, (slice(30, 60), slice(30, 80)))
    assert known[rectangle].all() and known[rectangle].size > 0.6 * known.sum()
    assert known_rectangle(np.ones((5, 6), bool), (slice(1, 2), slice(1, 2))) == (slice(0, 5), slice(0, 6))


def test_a_world_stands_on_it(file):
    grid = REGION.pad(1500)
    world = build_world(
        REGION, 5, 1500.0, WorldSettings(snowline_m=4000.0, landslides=(0, 1, 3), subsidence=0, glacier=0, snow=0),
        lambda where: terrain_of_dem(file, where, REGION, "ellipsoidal", None),
    )  # fmt: skip
    np.testing.assert_allclose(
        world.elevation_m[world.window], valley(REGION.x()[None], REGION.y()[:, None]), atol=1e-3
    )
    assert world.grid == grid and len(world.landslides) == 4
    # Down the walls, which fall to the axis from both sides.
    sides = np.sign(502_000 - world.landslides.geometry.centroid.x)
    assert (np.sign(np.sin(np.radians(world.landslides["azimuth_deg"]))) == sides).all()


def test_voids_in_the_region_are_refused(tmp_path):
    grid = REGION.pad(300)
    heights = valley(grid.x()[None], grid.y()[:, None])
    heights[80:83, 80:83] = -9999
    path = written(tmp_path / "voids.tif", grid, heights)
    with pytest.raises(DemError, match=r"E\d+ .*voids.tif: no height in 0.0% of the region; cure: "):
        terrain_of_dem(path, REGION.pad(900), REGION, "ellipsoidal", None)

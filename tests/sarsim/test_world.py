"""Planted truth: what the simulated valley promises, over several seeds."""

import math

import numpy as np
import pytest
from scipy import ndimage

from sarsim import landcover
from sarsim.slopes import MIN_GAP_M, cells_inside
from sarsim.world import (
    World,
    WorldSettings,
    build_world,
    elevation_on,
    load_world,
    save_world,
    true_los_rate,
)
from sarslide.errors import GridError, RasterError
from sarslide.grid import RegionGrid

REGION = RegionGrid(32647, 515130.0, 3215640.0, 30.0, 510, 270)
SEEDS = (11, 12, 13)


@pytest.fixture(scope="module", params=SEEDS)
def world(request) -> World:
    return build_world(REGION, request.param, margin_m=900.0)


def line_of_sight(heading_deg: float, incidence_deg: float = 39.0) -> tuple[float, float, float]:
    """East, north, up of the vector ground to satellite of a right-looking radar: it stands to the left of what it looks at."""
    back = math.radians(heading_deg + 90 + 180)
    incidence = math.radians(incidence_deg)
    return math.sin(incidence) * math.sin(back), math.sin(incidence) * math.cos(back), math.cos(incidence)


ASCENDING, DESCENDING = line_of_sight(347.4), line_of_sight(192.6)


def test_terrain_is_a_deep_valley(world):
    """The demo's terrain: 1,500 m of relief, slopes mostly 20-50 degrees, a flat floor, ridges above the snowline."""
    height = world.elevation_m[world.window]
    assert 1480 <= np.ptp(height) <= 1530  # the river's bed lies a few metres below the floor
    south, east = np.gradient(height, 30.0)
    slope = np.degrees(np.arctan(np.hypot(south, east)))
    assert (slope < 5).mean() > 0.04
    assert ((slope > 20) & (slope < 50)).mean() > 0.7
    assert (slope > 60).mean() < 0.002
    assert 0.02 < (height > world.snowline_m).mean() < 0.25


def test_planted_landslides_meet_the_benchmark(world):
    """At least 40 planted; at least 20 with 0.05 km2 or more and 25 mm/yr or more in the line of sight of one track."""
    table = world.landslides
    assert len(table) >= 40
    assert set(table.kind) == {1, 2, 3}
    assert table.area_km2.between(0.02, 1.5).all()
    assert table.speed_mm_per_yr.between(20, 150).all()
    scored = 0
    for outline in table.geometry:
        velocity = world.velocity_mm_per_yr[:, cells_inside(world.grid, outline)]
        fastest = max(np.percentile(np.abs(true_los_rate(velocity, *los)), 90) for los in (ASCENDING, DESCENDING))
        scored += outline.area >= 5e4 and fastest >= 25
    assert scored >= 20


def test_landslides_lie_apart_on_slopes_below_the_snowline(world):
    west, south, east, north = REGION.bounds
    outlines = list(world.landslides.geometry)
    assert all(outline.is_valid and outline.geom_type == "Polygon" for outline in outlines)
    for k, outline in enumerate(outlines):
        x0, y0, x1, y1 = outline.bounds
        assert x0 > west and y0 > south and x1 < east and y1 < north
        assert all(outline.distance(other) >= MIN_GAP_M for other in outlines[:k])
        cells = cells_inside(world.grid, outline)
        assert world.elevation_m[cells].max() < world.snowline_m
        assert not (world.land_cover[cells] == landcover.WATER).any()
    assert world.landslides.slope_deg.between(15, 45).all()


def test_motion_is_downslope_and_vanishes_at_the_outline(world):
    inside = np.zeros(world.grid.shape, bool)
    smooth = ndimage.gaussian_filter(world.elevation_m.astype(float), 3)
    south, east = np.gradient(smooth, 30.0)
    for row in world.landslides.itertuples():
        cells = cells_inside(world.grid, row.geometry)
        inside |= cells
        v_east, v_north, v_up = world.velocity_mm_per_yr[:, cells]
        speed = np.sqrt(v_east**2 + v_north**2 + v_up**2)
        assert 0.9 * row.speed_mm_per_yr <= speed.max() <= row.speed_mm_per_yr * (1 + 1e-5)
        # Downslope: against the gradient of the terrain, at its slope. Tolerance: another smoothing than the simulator's.
        mean = np.array([v_east.sum(), v_north.sum(), v_up.sum()]) / speed.sum()
        fall = np.array([-(east[cells] * speed).sum(), (south[cells] * speed).sum()]) / speed.sum()
        cosine = mean[:2] @ fall / np.linalg.norm(mean[:2]) / np.linalg.norm(fall)
        assert cosine > 0.95
        assert v_up.max() <= 0
        edge = cells & ~ndimage.binary_erosion(cells)
        assert np.linalg.norm(world.velocity_mm_per_yr[:, edge], axis=0).max() < 0.5 * row.speed_mm_per_yr
    for outline in world.decoys.geometry:
        inside |= cells_inside(world.grid, outline.buffer(90))
    assert not world.velocity_mm_per_yr[:, ~inside].any()


def test_decoys(world):
    """A subsiding floor, glaciers and snow patches above the snowline (P0 3.1); none overlaps a landslide."""
    kinds = world.decoys.groupby("kind").size()
    assert kinds["subsidence"] == 1 and kinds["snow"] >= 3 and kinds["glacier"] >= 1
    for row in world.decoys.itertuples():
        cells = cells_inside(world.grid, row.geometry)
        v_east, v_north, v_up = world.velocity_mm_per_yr[:, cells]
        if row.kind == "glacier":
            assert v_up.min() < 0 and np.hypot(v_east, v_north).max() > 10
        else:
            assert not v_east.any() and not v_north.any() and v_up.any()
        if row.kind == "subsidence":
            assert -60 <= v_up.min() <= -10 and v_up.max() <= 0
            assert np.ptp(world.elevation_m[cells]) < 40
        else:
            assert (world.elevation_m[cells] > world.snowline_m).mean() > 0.95
        assert not world.landslides.intersects(row.geometry).any()


def test_line_of_sight_signs():
    """An ascending, right-looking radar stands in the west: it sees a slope that falls to the east move away; subsidence too."""
    assert ASCENDING[0] < 0 < DESCENDING[0]
    east_down = np.array([50.0, 0.0, -29.0])
    assert true_los_rate(east_down, *ASCENDING) < -40
    assert true_los_rate(east_down, *DESCENDING) > 5
    assert true_los_rate(np.array([0.0, 0.0, -20.0]), *ASCENDING) == pytest.approx(-20 * math.cos(math.radians(39)))


def test_same_seed_same_bytes(tmp_path):
    region = RegionGrid(32647, 515130.0, 3215640.0, 30.0, 200, 180)
    few = WorldSettings(landslides=(1, 3, 3))
    first, again, other = (build_world(region, seed, (600.0, 900.0), few) for seed in (5, 5, 6))
    for name, world in (("a", first), ("b", again), ("c", other)):
        save_world(tmp_path / name, world)
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes() != (tmp_path / "c").read_bytes()

    back = load_world(tmp_path / "a")
    assert back.region == region and back.grid == first.grid and back.seed == 5
    assert np.array_equal(back.velocity_mm_per_yr, first.velocity_mm_per_yr)
    assert back.landslides.equals(first.landslides) and back.decoys.equals(first.decoys)
    save_world(tmp_path / "d", back)
    assert (tmp_path / "d").read_bytes() == (tmp_path / "a").read_bytes()


def test_margin_and_heights_on_a_part():
    region = RegionGrid(32647, 515130.0, 3215640.0, 30.0, 120, 120)
    world = build_world(region, 5, margin_m=(600.0, 900.0), settings=WorldSettings(landslides=(0, 2, 2)))
    assert world.grid.shape == (180, 160)
    assert np.array_equal(elevation_on(world, region), world.elevation_m[world.window])
    assert elevation_on(world, region.pad(300.0)).shape == (140, 140)
    with pytest.raises(GridError, match="E1004"):
        elevation_on(world, region.pad(700.0))


def test_not_a_world(tmp_path):
    path = tmp_path / "world.npz"
    path.write_bytes(b"PK\x03\x04 truncated")
    with pytest.raises(RasterError, match="world.npz"):
        load_world(path)


def test_land_cover_coherence_at_twelve_days():
    """The values that the classes were made for."""
    wanted = {
        "rock": 0.85,
        "grass": 0.7,
        "forest": 0.45,
        "farmland": 0.55,
        "water": 0.0,
        "snow": 0.35,
        "settlement": 0.9,
    }
    found = {cover.name: cover.coherence(12) for cover in landcover.CLASSES.values()}
    assert found == pytest.approx(wanted, abs=0.03)
    for cover in landcover.CLASSES.values():
        assert cover.coherence(24) <= cover.coherence(12) <= cover.rho_0

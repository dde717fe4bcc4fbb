"""Planted bodies: their parts, margins, mass balance and place."""

import numpy as np
import pytest
from shapely.geometry import Point, box

from sarsim import kinematics
from sarsim.bodies import BodySettings, kind_of
from sarsim.landslides import COLUMNS
from sarsim.mapped_outlines import INVENTORIES
from sarsim.slopes import MIN_GAP_M, DownslopeField, cells_inside
from sarsim.world import World, WorldSettings, build_world, load_world, save_world
from sarslide.grid import RegionGrid

REGION = RegionGrid(32647, 515130.0, 3215640.0, 30.0, 300, 260)
PLANE = RegionGrid(32647, 515130.0, 3215640.0, 30.0, 120, 160)
SETTINGS = WorldSettings(subsidence=0, glacier=1, snow=1, bodies=BodySettings(count=25, large_slopes=1))


@pytest.fixture(scope="module")
def world() -> World:
    return build_world(REGION, 31, 900.0, SETTINGS)


@pytest.fixture(scope="module")
def field() -> DownslopeField:
    """A plane that falls to the east by one in two."""
    return DownslopeField(PLANE, np.broadcast_to(3000.0 - 15.0 * np.arange(PLANE.cols), PLANE.shape))


def moved(field: DownslopeField, half_length: float, half_width: float, seed: int = 1) -> kinematics.Motion:
    """A rectangle on the plane, 1 m/yr."""
    x, y = PLANE.west + 2400.0, PLANE.north - 1800.0
    line = np.stack([np.linspace(x - half_length, x + half_length, 41), np.full(41, y)], 1)
    outline = box(x - half_length, y - half_width, x + half_length, y + half_width)
    return kinematics.move(np.random.default_rng(seed), PLANE, outline, line, field, 1000.0)


def test_table(world):
    table = world.landslides
    assert list(table.columns[-3:]) == ["inventory", "elements", "geometry"] and table.planted_id.is_unique
    assert set(table.kind) <= {1, 2, 3} and len(table) >= 20
    mapped = table[table.inventory.isin(INVENTORIES)]
    assert mapped.speed_mm_per_yr.between(5, 5000).all() and set(mapped.inventory) == set(INVENTORIES)
    # log-uniform over three decades: a tenth to nine tenths of some 25 lie on either side of the middle one
    assert 0.1 < (mapped.speed_mm_per_yr < np.sqrt(5 * 5000)).mean() < 0.9
    large = table[table.inventory == "large_slope"]
    assert large.area_km2.between(1, 10).all() and large.speed_mm_per_yr.between(5, 20).all()
    glaciers = table[table.inventory == "rock_glacier"]
    assert (glaciers.elevation_m > SETTINGS.snowline_m - 600).all()


def test_bodies_lie_apart_on_usable_ground(world):
    outlines = list(world.landslides.geometry)
    for k, outline in enumerate(outlines):
        assert outline.is_valid and box(*REGION.bounds).contains(outline)
        assert all(outline.distance(other) >= MIN_GAP_M for other in outlines[:k])
        assert world.elevation_m[world.body == k + 1].max() < world.snowline_m
    assert not any(world.landslides.intersects(decoy).any() for decoy in world.decoys.geometry)


def test_cells_of_bodies(world):
    """Each cell by its centre; together as large as the outlines, whose edge cells are off by a half at most."""
    for k, outline in enumerate(world.landslides.geometry, 1):
        cells = cells_inside(world.grid, outline)
        np.testing.assert_array_equal(world.body == k, cells)
        assert abs(cells.sum() * 900 - outline.area) <= 0.5 * outline.length * 30 * np.sqrt(2)
    decoys = np.any([cells_inside(world.grid, decoy.buffer(90)) for decoy in world.decoys.geometry], axis=0)
    assert not world.velocity_mm_per_yr[:, (world.body == 0) & ~decoys].any()


def test_speeds_and_directions(world):
    """Down the slope; the speed of the table is that along the slope, to which a bulge adds up to a half."""
    for k, row in enumerate(world.landslides.itertuples(), 1):
        velocity = world.velocity_mm_per_yr[:, world.body == k]
        fastest = np.linalg.norm(velocity, axis=0).max()
        assert 0.75 * row.speed_mm_per_yr < fastest < 1.5 * row.speed_mm_per_yr
        assert velocity[2].sum() < 0


def test_elements_and_their_neighbours(field):
    """A body of 90 ha, as Slumgullion: several elements; neighbours differ by 1.2 to 10 times."""
    counts = []
    for seed in range(8):
        motion = moved(field, 1500.0, 150.0, seed)
        counts.append(motion.element.max())
        touch = kinematics.neighbours(motion.element)
        speeds = kinematics.element_speeds(np.random.default_rng(seed), touch)
        assert speeds.max() == 1 and speeds.min() >= kinematics.SLOWEST * (1 - 1e-9)
        ratio = np.abs(np.log(speeds[:, None] / speeds))[touch]
        if counts[-1] > 1:
            assert np.exp(ratio.min()) >= 1.2 and np.exp(ratio.max()) <= 10
        np.testing.assert_array_equal(motion.element > 0, motion.mask)
    assert max(counts) > 4 and max(counts) <= 12
    assert moved(field, 60.0, 60.0).element.max() == 1  # 1.4 ha


def test_margins_of_one_to_three_cells(field):
    """The way from the outline to nine tenths of the speed of the middle, in bodies of one element."""
    motions = [motion for seed in range(12) if (motion := moved(field, 180.0, 240.0, seed)).element.max() == 1]
    assert len(motions) >= 4
    widths = []
    for motion in motions:
        across = np.linalg.norm(motion.velocity[:2], axis=0)[:, motion.mask.shape[1] // 2]
        reached = np.flatnonzero(across > 0.9 * across.max())
        widths += [reached[0], across.size - reached[-1] - 1]
        assert across[0] < 0.6 * across.max()
    assert set(widths) <= {1, 2, 3} and len(set(widths)) > 1


def test_head_sinks_and_toe_rises(field):
    """Of one element: mass leaves its head for its toe, none is made or lost."""
    motion = moved(field, 150.0, 60.0)
    assert motion.element.max() == 1
    thirds = np.array_split(motion.bulge, 3, axis=1)
    assert thirds[0].mean() < 0 < thirds[2].mean()
    # float32, ten significant cells of some 100 mm/yr
    assert abs(motion.bulge.sum()) < 1e-3 * np.abs(motion.bulge).sum()
    descent = motion.velocity[2] - motion.bulge
    level = np.linalg.norm(motion.velocity[:2], axis=0)
    np.testing.assert_allclose(descent[motion.mask], -0.5 * level[motion.mask], rtol=1e-3)  # one in two


def test_divergence_of_a_known_flux():
    """q = (x, 0): one per cell inside, and what the closed ends hold back."""
    mask = np.ones((3, 6), bool)
    flux = np.stack([np.broadcast_to(np.arange(6.0), (3, 6)), np.zeros((3, 6))])
    found = kinematics.divergence(flux, mask)
    np.testing.assert_allclose(found[:, 1:-1], 1.0)
    np.testing.assert_allclose(found.sum(1), 0)


def test_thickness_is_that_of_its_volume():
    mask = np.zeros((40, 60), bool)
    mask[5:35, 5:55] = True
    depth = kinematics.thickness(np.broadcast_to(np.arange(60.0), mask.shape), mask, 1e6)
    assert depth[mask].mean() == pytest.approx(1e6**1.332 * 10**-0.836 / 1e6) and not depth[~mask].any()
    assert np.unravel_index(depth.argmax(), depth.shape)[1] in range(27, 33)


def test_kinds_by_shape():
    assert kind_of(box(0, 0, 100, 400)) == 2
    assert kind_of(Point(0, 0).buffer(300)) == 1
    assert kind_of(Point(0, 0).buffer(100)) == 3


def test_same_seed_same_bytes(tmp_path, world):
    again, other = build_world(REGION, 31, 900.0, SETTINGS), build_world(REGION, 32, 900.0, SETTINGS)
    for name, each in (("a", world), ("b", again), ("c", other)):
        save_world(tmp_path / name, each)
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes() != (tmp_path / "c").read_bytes()
    back = load_world(tmp_path / "a")
    assert back.landslides.equals(world.landslides)
    np.testing.assert_array_equal(back.body, world.body)
    np.testing.assert_array_equal(back.elapsed_years("20200601"), world.elapsed_years("20200601"))


def test_worlds_of_before_stay():
    """Without `bodies`: columns, speeds and motion as measured before there were any."""
    region = RegionGrid(32647, 515130.0, 3215640.0, 30.0, 200, 180)
    before = build_world(region, 5, (600.0, 900.0), WorldSettings(landslides=(1, 3, 3)))
    assert list(before.landslides.columns) == ["planted_id", *COLUMNS]
    assert before.landslides.speed_mm_per_yr.tolist() == [114.42, 74.99, 68.89, 65.51, 33.72, 36.31, 30.6]
    assert np.linalg.norm(before.velocity_mm_per_yr) == pytest.approx(3280.149, rel=1e-5)
    assert (before.elapsed_years("20200101") == before.elapsed_years("20200101")[0]).all()

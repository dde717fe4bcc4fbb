"""Simulated reflectances and geology: classes look like themselves, light follows the slope, rocks know no landslide."""

from dataclasses import replace

import geopandas as gpd
import numpy as np
import pytest
from scipy import ndimage
from shapely.geometry import box

from sarsim import landcover, optical
from sarsim.slopes import cells_inside
from sarsim.world import World, build_world
from sarslide import layers
from sarslide.grid import RegionGrid

REGION = RegionGrid(32647, 515130.0, 3215640.0, 30.0, 300, 270)
BLUE, GREEN, RED, INFRARED = optical.BANDS


@pytest.fixture(scope="module", params=[21, 22])
def world(request) -> World:
    return build_world(REGION, request.param, margin_m=900.0)


def plain(rows=200, cols=160, cell_m=30.0, elevation=None, cover=landcover.GRASS, landslides=(), decoys=()) -> World:
    """A world by hand: one land cover, landslides and decoys (kind, shape) where they are put."""
    region = RegionGrid(32647, 500010.0, 3200010.0, cell_m, rows, cols)
    grid = region.pad(2 * cell_m)
    shape = grid.shape
    table = gpd.GeoDataFrame({"kind": [1] * len(landslides)}, geometry=list(landslides), crs=32647)
    other = gpd.GeoDataFrame({"kind": [kind for kind, _ in decoys]}, geometry=[s for _, s in decoys], crs=32647)
    height = np.full(shape, 2000.0, np.float32) if elevation is None else elevation(grid)
    land = np.full(shape, cover, np.uint8)
    return World(region, grid, height, land, np.zeros((3, *shape), np.float32), table, other, 4100.0, 1)


def vegetation(bands):
    """NDVI."""
    return (bands[INFRARED] - bands[RED]) / np.maximum(bands[INFRARED] + bands[RED], 1e-6)


def test_layers_of_the_registry_and_the_same_bytes_again(world):
    bands = optical.reflectance(world, 5)
    assert tuple(bands) == optical.BANDS
    for name, values in bands.items():
        low, high = layers.get(name).valid
        assert values.dtype == np.float32 and values.shape == REGION.shape
        assert np.isfinite(values).all() and values.min() >= low and values.max() <= high
        assert np.array_equal(values, optical.reflectance(world, 5)[name])
        assert not np.array_equal(values, optical.reflectance(world, 6)[name])
    rocks = optical.lithology(world, 5)
    assert rocks.dtype == np.uint8 and np.array_equal(rocks, optical.lithology(world, 5))
    assert not np.array_equal(rocks, optical.lithology(world, 6))


def test_every_land_cover_has_a_spectrum():
    assert set(optical.SPECTRA) == set(landcover.CLASSES)


def test_land_cover_looks_like_itself(world):
    """NDVI in the ranges of textbooks: forest and grass above 0.4, rock and towns below 0.3, snow about 0, water below."""
    bands, cover = optical.reflectance(world, 5), world.land_cover[world.window]
    inside = {code: ndimage.binary_erosion(cover == code) for code in np.unique(cover)}
    ndvi = {code: np.median(vegetation(bands)[cells]) for code, cells in inside.items() if cells.sum() > 30}
    assert {landcover.FOREST, landcover.GRASS, landcover.ROCK, landcover.SNOW} <= set(ndvi)
    assert ndvi[landcover.FOREST] > 0.6 > ndvi[landcover.GRASS] > 0.4 and ndvi[landcover.ROCK] < 0.3
    assert -0.1 < ndvi[landcover.SNOW] < 0.05
    assert np.median(bands[BLUE][inside[landcover.SNOW]]) > 0.5
    water = optical.reflectance(plain(cover=landcover.WATER), 5)
    assert np.median(vegetation(water)) < -0.2 and np.median(water[INFRARED]) < 0.06


def test_light_follows_the_slope():
    """Two sides of a ridge from north to south: the sun stands in the south-east, so that the eastern side is brighter, in the
    infrared, with its small part of sky light, more than in the blue."""

    def roof(grid):
        return (3000 - 0.6 * np.abs(grid.x() - grid.x().mean()) + 0 * grid.y()[:, None]).astype(np.float32)

    for seed in range(3):
        # Over level ground of the same seed, so that nothing but the light differs.
        level, bands = optical.reflectance(plain(), seed), optical.reflectance(plain(elevation=roof), seed)
        light = {name: bands[name] / level[name] for name in bands}
        ratio = {name: np.median(part[:, 100:158]) / np.median(part[:, 2:60]) for name, part in light.items()}
        assert ratio[INFRARED] > ratio[BLUE] > 1.1


def test_scars_are_the_stated_share_and_modest():
    """Of many landslides SCARRED lose vegetation, by no more than SCAR_COVER of their patchy half; a mine is bare."""

    def hill(grid):
        return (3000 - 0.5 * (grid.y()[:, None] - grid.y().min()) + 0 * grid.x()).astype(np.float32)

    size, pitch = 300.0, 900.0
    corners = [(500310 + pitch * i, 3200010 - 600 - pitch * j) for i in range(12) for j in range(12)]
    shapes = [box(x, y - size, x + size, y) for x, y in corners]
    world = plain(400, 400, elevation=hill, landslides=shapes[1:], decoys=[("mining", shapes[0]), ("snow", shapes[1])])
    bare = plain(400, 400, elevation=hill)
    loss = vegetation(optical.reflectance(bare, 5)) - vegetation(optical.reflectance(world, 5))
    lost = np.array([np.percentile(loss[cells_inside(world.region, shape)], 75) for shape in shapes])
    scarred = (lost[1:] > 0.05).mean()
    # Binomial: 143 landslides, three standard deviations of 0.04.
    assert abs(scarred - optical.SCARRED) < 0.13
    mine = vegetation(optical.reflectance(world, 5))[cells_inside(world.region, shapes[0])]
    assert np.median(mine) < 0.25 < 0.4 < np.median(vegetation(optical.reflectance(bare, 5)))
    outside = np.ones(world.region.shape, bool)
    for shape in shapes:
        outside &= ~cells_inside(world.region, shape.buffer(120))
    assert np.abs(loss[outside]).max() < 1e-5


def test_bare_ground_does_not_give_landslides_away(world):
    """Some more bare ground than on other slopes, but no more than a hint: below 0.7 of the area under the ROC curve."""
    from sklearn.metrics import roc_auc_score

    ndvi, cover = vegetation(optical.reflectance(world, 5)), world.land_cover[world.window]
    label = np.zeros(REGION.shape, bool)
    for outline in world.landslides.geometry:
        label |= cells_inside(REGION, outline)
    slopes = np.isin(cover, (landcover.GRASS, landcover.FOREST)) & (optical._slope(world)[0] > np.tan(np.radians(15)))
    assert 0.5 < roc_auc_score(label[slopes], -ndvi[slopes]) < 0.7


def test_rocks_know_no_landslide(world):
    without = replace(world, landslides=world.landslides.iloc[:0], velocity_mm_per_yr=0 * world.velocity_mm_per_yr)
    assert np.array_equal(optical.lithology(world, 5), optical.lithology(without, 5))


def test_a_geological_map(world):
    rocks = optical.lithology(world, 5)
    codes = dict(enumerate(layers.LITHOLOGY, start=1))
    assert rocks.min() >= 1 and {codes[code] for code in np.unique(rocks)} <= {"su", "ss", "sm", "sc", "mt", "vb", "pa"}
    assert len(np.unique(rocks)) >= 4
    # Loose sediments fill the flat floor, and lie nowhere steep.
    tangent = optical._slope(world)[0]
    fill = rocks == optical.FILL
    assert np.percentile(np.degrees(np.arctan(tangent[fill])), 90) < 8 and fill.mean() > 0.02
    # Units are bodies of rock, not noise: cells beside a boundary are few.
    edge = (rocks != np.roll(rocks, 1, 0)) | (rocks != np.roll(rocks, 1, 1))
    assert edge[1:, 1:].mean() < 0.15


def test_strata_on_level_ground_are_bands_and_dip_into_slopes():
    """Level ground cuts folds along their axes; the same strata under a slope come out elsewhere: height moves boundaries."""

    def ramp(grid):
        return (2000 + 0.3 * (grid.x() - grid.x().min()) + 0 * grid.y()[:, None]).astype(np.float32)

    level, sloped = optical.lithology(plain(), 9), optical.lithology(plain(elevation=ramp), 9)
    assert (level == optical.FILL).mean() > 0.99  # level ground is filled
    assert not (sloped == optical.FILL).any() and len(np.unique(sloped)) >= 3
    high = optical.lithology(plain(elevation=lambda grid: ramp(grid) + 400), 9)
    # Lifted as a whole, the sequence starts at the lowest stratum again: the map is the same.
    assert np.array_equal(high, sloped)


@pytest.mark.parametrize(("rows", "cols", "cell_m"), [(12, 9, 30.0), (64, 300, 25.0), (30, 40, 100.0)])
def test_any_size(rows, cols, cell_m):
    world = plain(rows, cols, cell_m)
    bands = optical.reflectance(world, 1)
    assert all(np.isfinite(values).all() and values.shape == (rows, cols) for values in bands.values())
    assert optical.lithology(world, 1).shape == (rows, cols)

"""The benchmark's regions: parts, settings, planted decoys, labels; one small region from end to end."""

import dataclasses
import json
import math

import numpy as np
import pytest

from sarsim import benchmark, climates, landcover, scene
from sarsim.atmosphere import residue_shape
from sarsim.codes import AREAS, DECOYS, OBJECTS
from sarsim.products import ProductSettings, SimulatedPair
from sarsim.slopes import cells_inside
from sarsim.terrain import TerrainSettings
from sarsim.world import World, WorldSettings, build_world
from sarslide import layers
from sarslide.config import Config
from sarslide.dataset import features, scenes
from sarslide.dataset.splits import check_disjoint
from sarslide.errors import TrainingError
from sarslide.grid import RegionGrid
from sarslide.names import nearest_pairs, split_pair
from sarslide.rates.stacking import Stack

SMALL = RegionGrid(32647, 515130.0, 3215640.0, 30.0, 200, 160)
WAVELENGTH_M = 0.05546576
CLIMATE, REGION = "alpine_glacier", "alpine_glacier_8401"
OTHER_SEEDS = {1848, 7301, 7302, 7303, 9201}  # demo, its tests, the packaged network's test region


@pytest.fixture(scope="module")
def mined() -> World:
    settings = WorldSettings(landslides=(1, 4, 4), subsidence=1, glacier=2, snow=2, mining=4, snowline_m=3900.0)
    return build_world(SMALL, 31, 1500.0, settings)


@pytest.fixture(scope="module")
def few():
    """The transfer climate with few objects and few dates: a small region has no room, a test no time for more."""
    counts = {"large": (1, 1), "elongated": (3, 3), "small": (4, 4), "glacier": (2, 2), "snow": (2, 2), "dates": (8, 8)}
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(climates.CLIMATES, CLIMATE, dataclasses.replace(climates.CLIMATES[CLIMATE], **counts))
        yield benchmark.settings_hash()


@pytest.fixture(scope="module")
def region(few) -> dict[str, dict[str, np.ndarray]]:
    return benchmark.simulate_region(REGION, SMALL)


def test_parts_share_no_region_and_no_seed():
    parts = {part: climates.names_of(part) for part in climates.PARTS}
    check_disjoint(*parts.values())
    assert sum(map(len, parts.values())) == len(climates.REGIONS)
    seeds = [region.seed for region in climates.REGIONS.values()]
    training = Config.model_fields["training"].default
    assert len(set(seeds)) == len(seeds)
    assert not set(seeds) & (OTHER_SEEDS | set(training.seeds) | set(training.validation_seeds))


def test_the_transfer_climate_is_seen_nowhere_else():
    by_part = {part: {climates.region_of(n).climate for n in climates.names_of(part)} for part in climates.PARTS}
    assert by_part["train"] == by_part["validation"] == by_part["test"]
    assert not by_part["transfer"] & by_part["train"]
    assert set().union(*by_part.values()) == set(climates.CLIMATES)


def test_unknown_names():
    with pytest.raises(TrainingError, match="E4002 .*'holdout'"):
        climates.names_of("holdout")
    with pytest.raises(TrainingError, match="E4002 .*'zhouqu_1'"):
        climates.region_of("zhouqu_1")


@pytest.mark.parametrize("name", climates.REGIONS)
def test_regions_draw_from_the_ranges_of_their_climate(name):
    region = climates.region_of(name)
    climate = climates.CLIMATES[region.climate]
    drawn = benchmark.draw(climate, region.seed)
    assert drawn == benchmark.draw(climate, region.seed) != benchmark.draw(climate, region.seed + 1)
    for settings in (drawn.world, drawn.products, drawn.world.terrain):
        for field in dataclasses.fields(settings):
            limits, value = getattr(climate, field.name, None), getattr(settings, field.name)
            if limits and not isinstance(value, tuple):
                assert limits[0] <= value <= limits[1], field.name
    for count, name in zip(drawn.world.landslides, ("large", "elongated", "small"), strict=True):
        assert getattr(climate, name)[0] <= count <= getattr(climate, name)[1]
    # No gap of the acquisitions cuts the network of pairs.
    pairs = nearest_pairs(list(drawn.dates), 24, 2)
    assert {later for _, later in map(split_pair, pairs)} == set(drawn.dates[1:])


def test_the_hash_changes_with_any_setting(monkeypatch):
    known = {benchmark.settings_hash()}
    for name, climate in list(climates.CLIMATES.items()):
        for field in dataclasses.fields(climate):
            low, high = getattr(climate, field.name)
            other = dataclasses.replace(climate, **{field.name: (low, high + 1)})
            monkeypatch.setitem(climates.CLIMATES, name, other)
            known.add(benchmark.settings_hash())
        monkeypatch.setitem(climates.CLIMATES, name, climate)
    assert len(known) == 1 + len(climates.CLIMATES) * len(dataclasses.fields(climates.Climate))
    monkeypatch.setattr(scene, "VISIBLE_MM_PER_YR", 13.0)
    assert benchmark.settings_hash() not in known


def test_mines_are_angular_bare_and_fast_on_slopes(mined):
    mines = mined.decoys[mined.decoys["kind"] == "mining"]
    assert len(mines) >= 3
    south, east = np.gradient(mined.elevation_m.astype(float), 30.0)
    inside = np.zeros(mined.grid.shape, bool)
    for k, outline in enumerate(mines.geometry):
        cells = cells_inside(mined.grid, outline)
        inside |= cells
        v_east, v_north, v_up = mined.velocity_mm_per_yr[:, cells]
        speed = np.sqrt(v_east**2 + v_north**2 + v_up**2)
        assert 60 <= speed.max() <= 180 and v_up.max() <= 0
        if k % 2:
            fall = -(east[cells] * v_east).sum() + (south[cells] * v_north).sum()
            assert fall > 0
        else:
            assert not v_east.any() and not v_north.any() and v_up.min() < -60
        # Fast to the edge: more than half of the works move at nearly full speed.
        assert (speed > 0.9 * speed.max()).mean() > 0.5
        corners = np.asarray(outline.exterior.coords)
        steps = np.diff(corners, axis=0)
        steps = steps[np.hypot(*steps.T) > 2]  # strips overlap by a metre
        turns = np.degrees(np.arctan2(steps[:, 1], steps[:, 0])) % 90
        assert np.ptp((turns - turns[0] + 45) % 90) < 1e-3
        assert mined.elevation_m[cells].max() < mined.snowline_m
    assert (mined.land_cover[inside] == landcover.ROCK).all()
    assert not mined.landslides.intersects(mines.union_all()).any()


def test_mines_leave_the_rest_of_a_world_alone(mined):
    """The same seed without mines: same ground, same other decoys. So worlds made before there were mines are the same."""
    settings = WorldSettings(landslides=(1, 4, 4), subsidence=1, glacier=2, snow=2, snowline_m=3900.0)
    plain = build_world(SMALL, 31, 1500.0, settings)
    same = plain.elevation_m == mined.elevation_m
    mines = np.zeros(mined.grid.shape, bool)
    for outline in mined.decoys.geometry[mined.decoys["kind"] == "mining"]:
        mines |= cells_inside(mined.grid, outline)
    assert same[~mines].all() and not same[mines].all()
    others = mined.decoys[mined.decoys["kind"] != "mining"]
    assert others.to_json() == plain.decoys.to_json()


def test_labels_of_what_is_planted(mined):
    """Landslides that are seen are 1; mines and subsidence are background; glaciers and snow are not counted."""
    seen = scene.view(mined, "D062")
    label, kinds = scene.label(mined, seen), scene.landslide_kinds(mined)
    for row in mined.decoys.itertuples():
        cells = cells_inside(SMALL, row.geometry)
        assert set(np.unique(label[cells])) == {255 if row.kind in ("glacier", "snow") else 0}
        assert not kinds[cells].any()
    assert (kinds[label == 1] > 0).all() and (label == 1).any()
    for row in mined.landslides.itertuples():
        assert (kinds[cells_inside(SMALL, row.geometry)] == row.kind).all()


def test_a_region_without_room_has_no_landslides():
    flat = WorldSettings(TerrainSettings(relief_m=60.0), landslides=(1, 1, 1), snowline_m=9000.0, glacier=0, snow=0)
    world = build_world(RegionGrid(32647, 515130.0, 3215640.0, 30.0, 90, 90), 31, 300.0, flat)
    assert len(world.landslides) == 0 and "planted_id" in world.landslides
    assert not scene.landslide_kinds(world).any()


def test_codes_of_decoys():
    assert sorted(DECOYS.values()) == list(range(1, 9))
    assert set(OBJECTS) | set(AREAS) == set(DECOYS)


def test_troughs_are_steeper_at_their_foot():
    """The same land with a profile exponent: same lowest and highest ground, order of heights kept, more of it high."""
    seed = 5
    shapes = [
        build_world(SMALL, seed, 600.0, WorldSettings(TerrainSettings(profile_exponent=p), landslides=(0, 0, 1)))
        for p in (1.0, 0.7)
    ]
    v_shaped, trough = (world.elevation_m[world.window] for world in shapes)
    assert np.ptp(trough) == pytest.approx(np.ptp(v_shaped), rel=0.02)
    share = [(h - h.min()) / np.ptp(h) for h in (v_shaped, trough)]
    assert share[1].mean() > share[0].mean() + 0.05


def test_the_residue_has_no_line_in_height_and_no_plane(mined):
    height = mined.elevation_m[mined.window]
    shape = residue_shape(SMALL, height, 31)
    assert shape.mean() == pytest.approx(0, abs=1e-4) and shape.std() == pytest.approx(1, abs=1e-4)
    for removed in (height, *np.indices(SMALL.shape)):
        assert np.corrcoef(shape.ravel(), removed.ravel())[0, 1] == pytest.approx(0, abs=1e-4)


def test_the_residue_is_what_the_rates_keep(mined):
    """Quiet pairs, only the residue: the chain's rate on still, coherent ground is the residue's rate, sign included."""
    still = World(**{**vars(mined), "velocity_mm_per_yr": np.zeros_like(mined.velocity_mm_per_yr)})
    quiet = ProductSettings(
        turbulence_mm=0.0, stratified_mm_per_km=0.0, dem_error_m=0.0, unwrapping_errors=0.0, stratified_residue_mm=8.0
    )
    observed = scene.observe(still, "A128", scene.regular_dates(8), quiet)
    good = (observed.layers["mean_coherence"] > 0.5) & (observed.seen.layover_shadow == 0)
    rate, residue = observed.layers["los_rate_mm_per_yr"][good], observed.residue_mm_per_yr[good]
    assert np.abs(residue).max() > scene.ERROR_MM_PER_YR
    slope, _ = np.polyfit(residue, rate, 1)
    # Plane and line in height that the chain takes off each pair keep a little of it; speckle scatters, it does not scale.
    assert 0.7 < slope < 1.1


def test_wrong_cycles_change_the_rate_as_the_stack_says():
    pairs = nearest_pairs(["20190306", "20190318", "20190330"], 24, 2)
    cycles = {pairs[0]: 0, pairs[1]: 1, pairs[2]: -1}
    zero = np.zeros((2, 2), np.float32)
    products = {
        pair: SimulatedPair(pair, zero, zero, zero + 0.5, zero + 0.4 + 2 * np.pi * n, zero + 0.3, 0.0)
        for pair, n in cycles.items()
    }
    stack = Stack(pairs, (2, 2))
    for pair, n in cycles.items():
        stack.add(pair, np.full((2, 2), 2 * np.pi * n))
    expected = -WAVELENGTH_M * 1000 / (4 * math.pi) * stack.result().estimate
    assert np.allclose(scene._unwrapping_rate(products, pairs, 0.1), expected, rtol=1e-6)
    faint = {pair: dataclasses.replace(product, coherence=zero) for pair, product in products.items()}
    assert not scene._unwrapping_rate(faint, pairs, 0.1).any()


def test_areas_lie_where_their_cause_is(mined):
    observed = scene.observe(
        mined, "A128", scene.regular_dates(8), ProductSettings(stratified_residue_mm=8.0, forest_coherence=0.3)
    )
    codes = scene.decoys(mined, observed)
    hidden = observed.seen.layover_shadow > 0
    forest = mined.land_cover[mined.window] == landcover.FOREST
    assert not codes[hidden & (scene.landslide_kinds(mined) == 0)][codes[hidden & (codes > 4)] > 4].any()
    assert (codes == DECOYS["forest"]).any() and forest[codes == DECOYS["forest"]].all()
    assert observed.layers["mean_coherence"][codes == DECOYS["forest"]].max() < 0.3
    assert np.abs(observed.residue_mm_per_yr[codes == DECOYS["stratified"]]).min() >= 6
    rows, cols = np.nonzero(codes == DECOYS["layover"])
    away = [hidden[max(r - 2, 0) : r + 3, max(c - 2, 0) : c + 3].any() for r, c in zip(rows, cols, strict=True)]
    assert len(rows) and all(away)
    for row in mined.decoys.itertuples():
        assert (codes[cells_inside(SMALL, row.geometry)] == DECOYS[row.kind]).all()
    for outline in mined.landslides.geometry:
        assert not codes[cells_inside(SMALL, outline)].any()


def test_a_scene_holds_what_is_promised(region, few, tmp_path):
    from sarsim.world import write_npz

    extra = {"label", "decoy", "landslide_kind", "meta"}
    for orbit_pass, arrays in region.items():
        meta = json.loads(str(arrays["meta"]))
        assert meta["stack"][0] == orbit_pass and meta["region"] == REGION
        assert meta["part"] == "transfer" and meta["settings_hash"] == few
        assert "land_cover" not in arrays
        assert (arrays["label"] == 1).any() and (arrays["decoy"] == DECOYS["glacier"]).any()
        for name in set(arrays) - extra:
            layer = layers.get(name)
            assert arrays[name].shape == SMALL.shape and arrays[name].dtype == layer.dtype
            values = arrays[name][np.isfinite(arrays[name])] if layer.dtype == "float32" else arrays[name]
            assert layer.valid[0] <= values.min() and values.max() <= layer.valid[1], name
        for name in extra - {"meta"}:
            assert arrays[name].dtype == np.uint8 and arrays[name].shape == SMALL.shape
        path = tmp_path / f"{orbit_pass}.npz"
        write_npz(path, arrays)
        for channels in (row.channels for row in features.CHANNEL_SETS.values()):
            loaded = scenes.load(path, channels)
            assert loaded.features.shape == (len(channels), *SMALL.shape) and (loaded.label == 0).any()
        assert np.array_equal(loaded.decoy, arrays["decoy"])
    assert not np.array_equal(region["A"]["los_rate_mm_per_yr"], region["D"]["los_rate_mm_per_yr"], equal_nan=True)


def test_same_region_same_values(region):
    again = benchmark.simulate_region(REGION, SMALL)
    for orbit_pass, arrays in region.items():
        for name, values in arrays.items():
            assert np.array_equal(values, again[orbit_pass][name], equal_nan=values.dtype.kind == "f"), name

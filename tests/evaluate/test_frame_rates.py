"""Errors of rates frame by frame against the same numbers of whole arrays."""

import numpy as np
import pytest
from shapely.affinity import rotate, translate

from sarslide.evaluate import frame_rates
from sarslide.evaluate.objects import TrackTruth, in_block, planted_cells, score_pixels, true_speed
from sarslide.evaluate.windows import RasterCells, read_part
from sarslide.frames import frames_of
from sarslide.grid import RegionGrid, common_part, window_of
from sarslide.io import raster
from sarslide.io.blocks import blocks
from tests.inventory.conftest import cell_box

REGION = RegionGrid(32647, 600_000.0, 3_600_000.0, 30.0, 90, 110)
FRAMES = frames_of(REGION, frame_km=1.8, margin_km=0.15)
OFFSETS = 7.0 * np.arange(len(FRAMES))


@pytest.fixture
def rng():
    return np.random.default_rng(3)


@pytest.fixture
def truth(rng):
    """True rate and observability of the region."""
    rate = np.where(rng.random(REGION.shape) < 0.05, np.nan, rng.normal(5, 20, REGION.shape)).astype(np.float32)
    return rate, (rng.random(REGION.shape) < 0.9).astype(np.uint8)


@pytest.fixture
def paths(truth, tmp_path):
    """The truth as files."""
    found = {"los_rate": tmp_path / "true_rate.tif", "observable": tmp_path / "true_observable.tif"}
    raster.write(found["los_rate"], truth[0], REGION, "true_los_rate_mm_per_yr")
    raster.write(found["observable"], truth[1], REGION, "true_observable")
    return found


def write_frame(frame, offset, truth, paths, folder, rng):
    """Layers of a frame, whose rates are off by its own offset; nothing is known beyond the region."""
    part = common_part(frame.grid, REGION)
    window = window_of(frame.grid, part)
    rate, coherence, ground = np.full(frame.grid.shape, np.nan), np.full(frame.grid.shape, np.nan), None
    rate[window] = truth[0][window_of(REGION, part)] + offset + rng.normal(0, 3, part.shape)
    coherence[window] = rng.uniform(0.2, 0.9, part.shape)
    ground = np.where(rng.random(frame.grid.shape) < 0.3, 2, 0).astype(np.uint8)
    arrays = {"los_rate": rate, "mean_coherence": coherence, "stable_ground": ground}
    names = {"los_rate": "los_rate_mm_per_yr"}
    layers = {name: folder / frame.name / f"{name}.tif" for name in arrays}
    for name, values in arrays.items():
        raster.write(layers[name], values, frame.grid, names.get(name, name))
    return arrays, frame_rates.FrameRates(frame, REGION, layers, paths, {})


@pytest.fixture
def made(truth, paths, tmp_path, rng):
    """Arrays and files of each frame."""
    return [
        write_frame(frame, offset, truth, paths, tmp_path, rng) for frame, offset in zip(FRAMES, OFFSETS, strict=True)
    ]


def compared(frame, arrays, truth):
    """Of the core of a frame: measured and true rate, cells that count, reference cells."""
    rows, cols = window_of(frame.grid, frame.core)
    rate, coherence, ground = (arrays[name][rows, cols] for name in ("los_rate", "mean_coherence", "stable_ground"))
    true, seen = (layer[window_of(REGION, frame.core)] for layer in truth)
    where = (coherence > 0.4) & (seen == 1) & np.isfinite(rate) & np.isfinite(true)
    return rate.astype(np.float32), true, where, (ground == 2) & np.isfinite(true)


def test_each_frame_is_relative_to_its_own_reference(made, truth):
    assert len(FRAMES) == 6 and any(common_part(f.grid, REGION) != f.grid for f in FRAMES)
    squares = []
    for frame, (arrays, _) in zip(FRAMES, made, strict=True):
        rate, true, where, reference = compared(frame, arrays, truth)
        squares.append((rate - true + true[reference].astype(float).mean())[where] ** 2)
    measured, expected = frame_rates.errors(
        [files for _, files in made], lambda one: np.full(one.frame.core.shape, 4.0)
    )
    # Coherences and rates are stored with the 24 bits of a float32.
    assert measured.root == pytest.approx(np.sqrt(np.concatenate(squares).mean()), rel=1e-6)
    assert measured.count == expected.count == len(np.concatenate(squares)) and expected.root == 2.0


def test_the_levelled_map_is_relative_to_all_references(made, truth, tmp_path, rng):
    levelled = (truth[0] + rng.normal(0, 2, REGION.shape)).astype(np.float32)
    raster.write(tmp_path / "map.tif", levelled, REGION, "los_rate_mm_per_yr")
    found = [compared(frame, arrays, truth) for frame, (arrays, _) in zip(FRAMES, made, strict=True)]
    level = np.concatenate([true[reference] for _, true, _, reference in found]).astype(float).mean()
    squares = [
        (levelled[window_of(REGION, frame.core)] - true + level)[where] ** 2
        for frame, (_, true, where, _) in zip(FRAMES, found, strict=True)
    ]
    measured = frame_rates.errors_of_map(tmp_path / "map.tif", [files for _, files in made], {})
    assert measured.root == pytest.approx(np.sqrt(np.concatenate(squares).mean()), rel=1e-6)


def test_the_levelled_map_is_relative_to_a_named_reference(made, truth, tmp_path):
    """Two frames used it and a third one is levelled to it; the others are relative to their own."""
    used, to_it = (0, 1), (0, 1, 3)
    found = [compared(frame, arrays, truth) for frame, (arrays, _) in zip(FRAMES, made, strict=True)]

    def level(numbers):
        return np.concatenate([found[k][1][found[k][3]] for k in numbers]).astype(float).mean()

    levels = [level(used if k in to_it else (2, 4, 5)) for k in range(len(FRAMES))]
    assert abs(levels[0] - levels[2]) > 0.1
    shifted = np.empty(REGION.shape, np.float32)  # without any error
    for frame, (_, true, *_), zero in zip(FRAMES, found, levels, strict=True):
        shifted[window_of(REGION, frame.core)] = true - zero
    raster.write(tmp_path / "map.tif", shifted, REGION, "los_rate_mm_per_yr")
    references = dict.fromkeys((FRAMES[k].name for k in to_it), tuple(FRAMES[k].name for k in used))
    files = [of_frame for _, of_frame in made]
    assert frame_rates.errors_of_map(tmp_path / "map.tif", files, references).root < 1e-5
    assert frame_rates.errors_of_map(tmp_path / "map.tif", files, {}).root > 0.05


def test_a_frame_without_comparable_cells_has_no_part(made, truth, tmp_path):
    nothing = np.full(FRAMES[0].grid.shape, np.nan)
    raster.write(made[0][1].layers["los_rate"], nothing, FRAMES[0].grid, "los_rate_mm_per_yr")

    def square(one):
        assert one.frame != FRAMES[0]  # whose error could not be predicted
        return np.ones(one.frame.core.shape)

    assert frame_rates.errors([files for _, files in made], square)[0].count > 0
    alone = frame_rates.errors([made[0][1]], square)
    assert alone[0].root is None and alone[1].root is None


def test_speeds_read_windows_of_files(truth, paths):
    arrays = TrackTruth(truth[0], truth[1] == 1)
    files = TrackTruth(RasterCells(paths["los_rate"]), RasterCells(paths["observable"], lambda values: values == 1))
    for outline in (cell_box(5, 7, 20, 30), cell_box(80, 100, 30, 30), cell_box(200, 200, 5, 5)):
        moved = move(outline)
        assert true_speed(moved, files, REGION) == true_speed(moved, arrays, REGION)
    assert true_speed(move(cell_box(5, 7, 20, 30)), files, REGION) > 0


def move(outline):
    """An outline of the tests of the inventory, on `REGION`."""
    origin = cell_box(0, 0, 1, 1).bounds
    return translate(outline, REGION.west - origin[0], REGION.north - origin[3])


def test_pixel_scores_of_blocks_are_those_of_the_map(truth, rng):
    """Corners of a landslide reach into blocks of which they hold no centre of a cell."""
    probability = np.where(rng.random(REGION.shape) < 0.1, np.nan, rng.random(REGION.shape))
    outline, seen = rotate(move(cell_box(10, 10, 40, 70)), 33), truth[1] == 1
    cells = planted_cells([{"geometry": outline}], REGION)
    inside = np.zeros(REGION.shape, bool)
    inside[cells] = True
    whole = score_pixels([(probability, inside, seen)], 0.5)
    parts = [(probability[window], in_block(cells, *window), seen[window]) for window in blocks(REGION.shape, 7, 5)]
    assert score_pixels(parts, 0.5) == whole and whole["recall"] > 0


def test_a_part_that_reaches_beyond_the_region_is_filled(truth, paths):
    part = REGION.pad(90)
    found = read_part(paths["observable"], REGION, part, 7)
    np.testing.assert_array_equal(found[3:-3, 3:-3], truth[1])
    assert (found[:3] == 7).all() and (found[:, -3:] == 7).all()
    beyond = RegionGrid(32647, REGION.west - 3000, REGION.north, 30.0, 4, 5)
    assert np.isnan(read_part(paths["los_rate"], REGION, beyond)).all()

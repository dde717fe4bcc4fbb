"""Levels of frames against planes that are planted, and against one fit over the whole region."""

from dataclasses import dataclass, field, replace

import numpy as np
import pytest
from scipy.ndimage import gaussian_filter

from sarslide.errors import GridError
from sarslide.frames import Frame, frames_of
from sarslide.grid import RegionGrid, common_part, window_of
from sarslide.io import raster
from sarslide.io.sidecar import read_json
from sarslide.rates import level_samples
from sarslide.rates.level_samples import HEIGHT, RATE, STABLE
from sarslide.rates.levelling import Plane, level, levelled, planes_of, references_of
from tests.support.rule_jobs import run_script

CELL = 100.0
REGION = RegionGrid(32647, 420_000, 3_060_000, CELL, 240, 360)  # 3 x 2 frames of 12 km
MARGIN_KM = 1.5
SEEDS = range(8)
# Mean squares of errors over their variance are 1 on average. Those of one draw are correlated, at
# worst all the square of one normal number, of variance 2: the mean of 8 draws has a standard
# deviation of at most sqrt(2 / 8) = 0.5. Three of them upwards; downwards 8 squares of normal
# numbers have a mean below 0.107 in 0.1 % of all cases (chi square).
LOW, HIGH = 0.107, 2.5


def smooth(shape, cells, amplitude, rng):
    values = gaussian_filter(rng.normal(size=shape), cells, mode="wrap")
    return values / values.std() * amplitude


@dataclass
class Ground:
    """One smooth field of rates over a region, and what frames see of it."""

    seed: int = 0
    region: RegionGrid = REGION
    noise: float = 0.8  # of each frame, mm/yr
    share: float = 0.7  # of stable cells
    rng: np.random.Generator = field(init=False)

    def __post_init__(self):
        self.rng = np.random.default_rng(self.seed)
        self.wide = self.region.pad(1000 * MARGIN_KM)
        self.heights = 2000 + smooth(self.wide.shape, 8, 500, self.rng)
        self.rate = smooth(self.wide.shape, 25, 6, self.rng)
        self.stable = (self.rng.random(self.wide.shape) < self.share).astype(np.uint8)
        self.frames = frames_of(self.region, 12, MARGIN_KM)
        self.layers = {}

    def terms(self, grid):
        """(cells, 4) constant, east, north (km), height (km) of the cells of a grid."""
        x, y = np.meshgrid((grid.x() - 430_000) / 1e3, (grid.y() - 3_050_000) / 1e3)
        heights = self.heights[window_of(self.wide, grid)] / 1e3
        return np.stack([np.ones(x.size), x.ravel(), y.ravel(), heights.ravel()], axis=1)

    def see(self, frame, plane, terms=4):
        """A frame's rates: the field with a plane added, and noise of its own."""
        window = window_of(self.wide, frame.grid)
        added = (self.terms(frame.grid)[:, :terms] @ plane[:terms]).reshape(frame.grid.shape)
        noise = self.rng.normal(size=added.shape) * self.noise
        self.layers[frame.name] = {
            RATE: (self.rate[window] + added + noise).astype(np.float32),
            STABLE: self.stable[window].copy(),
            HEIGHT: self.heights[window].astype(np.float32),
        }

    def see_all(self, terms=4):
        """Every frame with a plane of its own: some mm/yr over the frame."""
        planes = {}
        for frame in self.frames:
            planes[frame.name] = self.rng.normal(size=4) * [4, 0.3, 0.3, 3]
            self.see(frame, planes[frame.name], terms)
        return planes

    def read(self, frame, layer, rows, cols):
        return self.layers[frame][layer][rows, cols]

    def core(self, frame, layer):
        return self.layers[frame.name][layer][window_of(frame.grid, frame.core)]

    def stable_terms(self, frame):
        return self.terms(frame.core)[self.core(frame, STABLE).ravel() > 0]


def one_plane(ground, planes, terms=4):
    """The planted planes without their least squares fit over the stable ground of the cores."""
    design = np.concatenate([ground.stable_terms(frame)[:, :terms] for frame in ground.frames])
    values = np.concatenate(
        [ground.stable_terms(frame)[:, :terms] @ planes[frame.name][:terms] for frame in ground.frames]
    )
    common = np.linalg.lstsq(design, values, rcond=None)[0]
    return {name: plane[:terms] - common for name, plane in planes.items()}


def squared_errors(ground, found, planes, terms=4):
    """Mean square, over a frame's stable ground, of what its plane is wrong by, over its variance."""
    wanted, squares = one_plane(ground, planes, terms), []
    for frame in ground.frames:
        stable = ground.core(frame, STABLE) > 0
        got = found.levels[frame.name].plane.on(frame.core, ground.core(frame, HEIGHT))[stable]
        away = got - ground.stable_terms(frame)[:, :terms] @ wanted[frame.name]
        squares.append(float(np.mean(away**2)) / found.levels[frame.name].std_mm_per_yr ** 2)
    return squares


@pytest.mark.parametrize(("tilt", "height", "terms"), [(True, True, 4), (True, False, 3), (False, False, 1)])
def test_planted_planes_are_found_within_their_standard_error(tilt, height, terms):
    squares = []
    for seed in SEEDS:
        ground = Ground(seed)
        planes = ground.see_all(terms)
        found = level(ground.frames, ground.read, tilt, height)
        squares += squared_errors(ground, found, planes, terms)
        assert all(0 < one.std_mm_per_yr < 0.2 for one in found.levels.values())
    assert LOW < np.mean(squares) < HIGH, squares


def test_an_unwrapping_error_and_moving_cells_do_not_tilt_a_frame():
    squares = []
    for seed in SEEDS:
        ground = Ground(seed)
        planes = ground.see_all()
        first = ground.frames[0]
        rate = ground.layers[first.name][RATE]
        rate[:40, -30:-10] += 14.0  # half a cycle a year in a quarter of an overlap
        moving = ground.rng.random(rate.shape) < 0.05
        rate[moving] += ground.rng.normal(size=int(moving.sum())) * 60
        found = level(ground.frames, ground.read)
        squares += squared_errors(ground, found, planes)
        for one in (one for one in found.overlaps if one.blocks > 100):
            # Medians of at least 8 differences of two noises: 1.25 sqrt(2) 0.8 / sqrt(8) = 0.5 mm/yr,
            # and with a quarter of the blocks elsewhere, on one side, the median is that of the rest's
            # 67th percentile, 0.43 of it away, and the median deviation 1.43 times as large.
            assert abs(one.median_after) < 0.43 * 0.5 + 0.15 and one.std_after < 0.72, one
    assert LOW < np.mean(squares) < HIGH, squares


def test_an_overlap_that_the_others_contradict_is_left_out():
    squares = []
    for seed in SEEDS:
        ground = Ground(seed)
        planes = ground.see_all()
        west = {frame.core.north: frame for frame in ground.frames if frame.core.west == ground.region.west}
        (first, *_), second = west.values(), next(one for one in ground.frames if one.core.west > ground.region.west)
        corner = next(
            frame
            for frame in ground.frames
            if frame.core.north != first.core.north and frame.core.west == second.core.west
        )
        ground.layers[first.name][RATE][window_of(first.grid, common_part(first.grid, corner.grid))] -= 14.0
        found = level(ground.frames, ground.read)
        left_out = {one.frames: one for one in found.overlaps if one.reason}
        assert list(left_out) == [(first.name, corner.name)]
        (only,) = left_out.values()
        # All of its blocks, which scatter by 0.5 mm/yr, are off.
        assert only.reason == "the other overlaps contradict it" and abs(abs(only.median_after) - 14) < 3 * 0.5
        squares += squared_errors(ground, found, planes)
    assert LOW < np.mean(squares) < HIGH, squares


def test_what_is_taken_off_is_no_plane_of_the_region():
    ground = Ground(3)
    ground.see_all()
    found = level(ground.frames, ground.read)
    design = np.concatenate([ground.stable_terms(frame) for frame in ground.frames])
    taken = np.concatenate(
        [
            found.levels[frame.name].plane.on(frame.core, ground.core(frame, HEIGHT))[ground.core(frame, STABLE) > 0]
            for frame in ground.frames
        ]
    )
    net = np.linalg.lstsq(design, taken, rcond=None)[0]
    assert np.abs(taken).max() > 3
    assert np.allclose(net, 0, atol=1e-3)  # heights in the files are float32


def fitted(values, terms, use):
    return values - (terms @ np.linalg.lstsq(terms[use], values[use], rcond=None)[0])


def seen_after_own_fit(ground, raw):
    """Frames that each take a least squares fit over the stable ground of their cores off the rates."""
    for frame in ground.frames:
        window, core = window_of(ground.wide, frame.grid), np.zeros(frame.grid.shape, bool)
        core[window_of(frame.grid, frame.core)] = True
        stable = ground.stable[window]
        rate = fitted(raw[window].ravel(), ground.terms(frame.grid), (core & (stable > 0)).ravel())
        heights = ground.heights[window]
        ground.layers[frame.name] = {RATE: rate.reshape(core.shape), STABLE: stable, HEIGHT: heights}


def test_levelled_frames_are_one_fit_of_the_whole_region():
    ground = Ground(5)
    raw = ground.rate + 4 * ground.heights / 1e3 + ground.rng.normal(size=ground.rate.shape) * 2
    seen_after_own_fit(ground, raw)
    inside, region = window_of(ground.wide, ground.region), ground.region
    whole = fitted(raw[inside].ravel(), ground.terms(region), ground.stable[inside].ravel() > 0).reshape(region.shape)

    def rms(found):
        away = []
        for frame in ground.frames:
            plane, rate, heights = found[frame.name], ground.core(frame, RATE), ground.core(frame, HEIGHT)
            away.append((levelled(rate, frame.core, plane, heights) - whole[window_of(region, frame.core)]).ravel())
        return float(np.sqrt(np.mean(np.concatenate(away) ** 2)))

    unlevelled = dict.fromkeys((frame.name for frame in ground.frames), Plane())
    of_three, of_four = (
        {name: one.plane for name, one in level(ground.frames, ground.read, True, height).levels.items()}
        for height in (False, True)
    )
    # The frames see the same noise: what is left comes of blocks, whose median is not the value at
    # their mean place, and is small beside the steps and beside the noise of 2 mm/yr.
    assert rms(unlevelled) > 2 and rms(of_four) < 0.05 and rms(of_four) < 0.1 * rms(of_three), rms(of_four)


def test_a_further_frame_leaves_the_levels_of_the_others_to_each_other():
    row = RegionGrid(32647, 420_000, 3_060_000, CELL, 120, 360)
    ground = Ground(7, row)
    ground.see_all()
    few, all_ = level(ground.frames[:2], ground.read), level(ground.frames, ground.read)
    assert len(all_.levels) == 3
    first, second = ground.frames[:2]

    def between(found):
        heights = ground.core(second, HEIGHT)
        planes = (found.levels[frame.name].plane.on(second.core, heights) for frame in (first, second))
        return np.subtract(*planes)

    # The third frame shares ground with the second alone: nothing new is known of the first two but
    # for the corner of their overlap that it sees, too.
    change = float(np.sqrt(np.mean((between(few) - between(all_)) ** 2)))
    std = max(one.std_mm_per_yr for one in few.levels.values())
    assert change < 0.1 * std, (change, std)


def test_one_frame_keeps_its_rates():
    small = RegionGrid(32647, 420_000, 3_060_000, CELL, 50, 60)
    (frame,) = frames_of(small, 12, MARGIN_KM)
    found = level([frame], lambda *_: pytest.fail("nothing has to be read"))
    plane = found.levels["f0"].plane
    assert plane == Plane() and found.levels["f0"].reason == "the only frame of the stack"
    rate = np.random.default_rng(0).normal(size=small.shape).astype(np.float32)
    assert np.array_equal(levelled(rate, small, plane), rate)


def test_frames_that_cannot_be_levelled_have_a_reason():
    ground = Ground(2)
    ground.see_all()
    names = [frame.name for frame in ground.frames]
    ground.layers[names[0]][STABLE][:] = 0
    far = Frame("f99_99", *[replace(ground.frames[1].core, west=900_000)] * 2)
    ground.layers[far.name] = {
        key: values[: far.grid.rows, : far.grid.cols] for key, values in ground.layers[names[1]].items()
    }
    found = level([*ground.frames, far], ground.read)
    reasons = {name: one.reason for name, one in found.levels.items()}
    assert reasons[names[0]] == "fewer than 200 stable cells"
    assert reasons[far.name] == "no overlap with another frame"
    assert not any(reasons[name] for name in names[1:])
    assert all(found.levels[name].plane == Plane() for name in (names[0], far.name))
    left_out = {one.frames: one.reason for one in found.overlaps if one.reason}
    assert left_out and all(names[0] in frames for frames in left_out)
    assert len({found.levels[name].group for name in names[1:]}) == 1


def test_flat_ground_has_no_slope_with_height():
    ground = Ground(4)
    ground.heights[:] = 1500
    ground.see_all(3)
    found = level(ground.frames, ground.read)
    assert all(abs(one.plane.height_mm_per_yr_per_km) < 1e-3 for one in found.levels.values())
    assert all(abs(one.median_after) < 0.2 for one in found.overlaps)


def test_identical_rates_are_left_alone():
    ground = Ground(6, noise=0.0)
    for frame in ground.frames:
        ground.see(frame, np.zeros(4))
    found = level(ground.frames, ground.read)
    assert all(
        np.abs(one.plane.on(frame.core, ground.core(frame, HEIGHT))).max() < 1e-4
        for frame, one in zip(ground.frames, found.levels.values(), strict=True)
    )


def disc_of(grid, east, north, radius_m):
    """Cells whose centre lies in a disc."""
    return np.hypot(grid.x() - east, grid.y()[:, None] - north) <= radius_m


def name_disc(ground, disc, names):
    """Frames with a reference area: the stable cells of the named disc, or of another that they chose."""
    for frame in ground.frames:
        west, _, _, north = frame.core.bounds
        own = disc if frame.name in names else (west + 6000, north - 6000, 2000)
        stable = ground.layers[frame.name][STABLE]
        stable[disc_of(frame.grid, *own) & (stable > 0)] = 2


# Metres of the region's CRS: the disc lies across the edge of the first two frames from south to
# north, of which each sees its centre.
DISC = (426_000, 3_048_400, 1800)


@pytest.mark.parametrize("rows", [17, 256])
def test_levelled_rates_are_zero_on_a_named_area(rows, monkeypatch):
    """Frames see one plane, each with a plane of its own: the rest is their common plane less its mean in the disc."""
    monkeypatch.setattr(level_samples, "ROWS_AT_ONCE", rows)
    ground = Ground(8, noise=0.0)
    ground.rate[:] = 0
    planes = ground.see_all(3)
    names = [frame.name for frame in ground.frames[:2]]
    name_disc(ground, DISC, names)
    found = level(ground.frames, ground.read, True, False, names)
    (zero,) = found.zeros
    assert set(zero.frames) == set(names)
    # What the planted planes have in common over the stable ground, by least squares.
    design = np.concatenate([ground.stable_terms(frame)[:, :3] for frame in ground.frames])
    values = np.concatenate([ground.stable_terms(frame)[:, :3] @ planes[frame.name][:3] for frame in ground.frames])
    common = np.linalg.lstsq(design, values, rcond=None)[0]
    inside = disc_of(ground.region, *DISC) & (ground.stable[window_of(ground.wide, ground.region)] > 0)
    expected = (ground.terms(ground.region)[:, :3] @ common).reshape(ground.region.shape)
    expected -= expected[inside].mean()
    mosaic = np.full(ground.region.shape, np.nan)
    for frame in ground.frames:
        rate = levelled(ground.core(frame, RATE), frame.core, found.levels[frame.name].plane)
        mosaic[window_of(ground.region, frame.core)] = rate
    assert zero.cells == inside.sum() and abs(mosaic[inside].mean()) < 1e-5
    # A block's median is not quite the value at the mean place of its cells.
    assert np.abs(expected).max() > 3 and np.abs(mosaic - expected).max() < 0.1


def test_a_named_area_moves_no_other_group_and_no_difference():
    ground = Ground(9)
    ground.see_all()
    far = Ground(10, replace(REGION, west=900_000))
    far.see_all()
    name_disc(ground, DISC, [ground.frames[0].name])
    ground.layers |= far.layers
    frames = [*ground.frames, *far.frames]
    free = level(frames, ground.read)
    named = level(frames, ground.read, reference=[ground.frames[0].name])
    (zero,) = named.zeros
    assert not free.zeros and abs(zero.shift_mm_per_yr) > 0.1
    moved = {
        name: one.plane.offset_mm_per_yr - free.levels[name].plane.offset_mm_per_yr
        for name, one in named.levels.items()
    }
    for frame in ground.frames:
        assert moved[frame.name] == pytest.approx(zero.shift_mm_per_yr)
    assert all(moved[frame.name] == 0 for frame in far.frames)
    for name, one in named.levels.items():
        assert replace(one, plane=free.levels[name].plane) == free.levels[name]
    for one, other in zip(named.overlaps, free.overlaps, strict=True):
        assert one.median_after == pytest.approx(other.median_after, abs=1e-9)
    content = named.to_dict()
    assert references_of(content) == {frame.name: zero.frames for frame in ground.frames}
    assert references_of(free.to_dict()) == {}


def test_a_frame_that_is_not_levelled_gives_no_zero():
    ground = Ground(2)
    ground.see_all()
    first, second = ground.frames[:2]
    ground.layers[first.name][STABLE][:] = 0
    ground.layers[first.name][STABLE][60:70, 60:70] = 2
    found = level(ground.frames, ground.read, reference=[first.name, second.name])  # the second has no cell of it
    assert not found.zeros and found.levels[first.name].plane == Plane()
    assert found == level(ground.frames, ground.read)


def test_heights_are_needed_where_the_plane_grows_with_them():
    with pytest.raises(ValueError, match="give elevation_m"):
        Plane(height_mm_per_yr_per_km=1.0).on(REGION)


def files_of(ground, folder):
    paths = {key: [] for key in (RATE, STABLE, HEIGHT)}
    for frame in ground.frames:
        for layer, values in ground.layers[frame.name].items():
            paths[layer].append(str(folder / frame.name / f"{layer}.tif"))
            raster.write(paths[layer][-1], values, frame.grid, layer)
    return paths


def test_the_script_writes_what_it_took_off(tmp_path):
    ground = Ground(1)
    ground.see_all()
    named = [frame.name for frame in ground.frames[:2]]
    name_disc(ground, DISC, named)
    paths = files_of(ground, tmp_path)
    inputs = {"los_rate": paths[RATE], "stable_ground": paths[STABLE], "elevation": paths[HEIGHT]}
    grids = {frame.name: frame.to_dict() for frame in ground.frames}
    outputs = {"levels": str(tmp_path / "level_frames.json")}
    run_script(
        "level_frames", tmp_path, inputs, outputs, frames=grids, plane=True, height_correlated=True, reference=named
    )
    content = read_json(outputs["levels"])
    found = level(ground.frames, ground.read, reference=named)
    assert planes_of(content) == {name: one.plane for name, one in found.levels.items()}
    assert len(content["overlaps"]) == len(found.overlaps) and content["params"]["plane"] is True
    assert references_of(content) == dict.fromkeys(found.levels, tuple(named))
    wrong = grids | {ground.frames[0].name: grids[ground.frames[1].name]}
    with pytest.raises(SystemExit):
        run_script(
            "level_frames", tmp_path, inputs, outputs, frames=wrong, plane=True, height_correlated=True, reference=named
        )
    assert f"E{GridError.code}" in (tmp_path / "level_frames.log").read_text()

"""The smallest speed that can be seen: against noise of known law, planted landslides and geometry by hand."""

import numpy as np
import pytest
from scipy.ndimage import gaussian_filter

from sarslide import layers
from sarslide.grid import RegionGrid, part_of, window_of
from sarslide.io import raster
from sarslide.io.sidecar import read_json
from sarslide.rates import smallest_speed as module
from sarslide.rates.level_samples import spread
from sarslide.rates.observability import CLASSES, is_observed
from sarslide.rates.smallest_speed import Body, Rates, best_of, cell_variance, differences, noise
from sarslide.terrain.downslope import downslope_sensitivity
from tests.support.rule_jobs import run_script

CELL_M = 30.0
SHAPE = (400, 400)
STD_MM = 6.0  # of the white noise of a cell, mm/yr
TWO, TEN, FIFTY = (Body.of(area, CELL_M) for area in (2, 10, 50))


def white(seed: int, shape=SHAPE) -> np.ndarray:
    return np.random.default_rng(seed).normal(size=shape)


def track(rate: np.ndarray, variance=1.0, sensitivity=-0.5, **known) -> Rates:
    """Rates that are known everywhere, but for what is named."""
    everywhere = np.ones(rate.shape, bool)
    filled = {"variance": variance, "sensitivity": sensitivity, "observed": everywhere, "stable": everywhere} | known
    return Rates(rate, **{name: np.broadcast_to(values, rate.shape) for name, values in filled.items()})


def lattice(shape, step: int, edge: int) -> tuple[np.ndarray, np.ndarray]:
    rows, cols = np.mgrid[edge : shape[0] - edge : step, edge : shape[1] - edge : step]
    return rows.ravel(), cols.ravel()


def disc(body: Body) -> tuple[np.ndarray, np.ndarray]:
    """Rows and columns of a landslide from its middle, found without the module."""
    down, across = np.mgrid[-60:61, -60:61]
    inside = np.hypot(down, across) <= body.radius
    return down[inside], across[inside]


@pytest.mark.parametrize(("body", "cells", "area_m2"), [(TWO, 21, 2e4), (TEN, 113, 1e5), (FIFTY, 553, 5e5)])
def test_a_landslide_has_the_cells_of_its_area_and_its_ring(body, cells, area_m2):
    assert body.cells == cells == len(disc(body)[0])
    rim = np.sqrt(area_m2 / np.pi)
    assert (body.inner * CELL_M, body.outer * CELL_M) == pytest.approx((rim + 60, rim + 360))
    assert body.ring_cells == pytest.approx(np.pi * ((rim + 360) ** 2 - (rim + 60) ** 2) / CELL_M**2, rel=0.02)


def test_coarse_cells_make_the_landslide_that_is_nearest_in_size():
    """Of 3.1 cells of 80 m five are nearest, as one and five are the two smallest discs."""
    assert (Body.of(2, 80.0).cells, Body.of(0.1, 80.0).cells) == (5, 1)


def test_white_noise_has_the_error_of_a_mean_and_of_a_median():
    """Mean of n cells, median of m: variance s2 (1 / n + pi / 2 / m). The robust spread of 4,000 places that share
    cells is itself known to 5 %."""
    for body in (TWO, TEN):
        std, record = noise(track(STD_MM * white(1)), body)
        wanted = STD_MM * np.sqrt(1 / body.cells + np.pi / 2 / body.ring_cells)
        inside = std[40:-40, 40:-40]
        assert inside == pytest.approx(np.full(inside.shape, wanted), rel=0.10)
        assert record["places"] == module.PLACES


def test_noise_follows_coherence_and_pairs():
    """z is one in each class of coherence, on noise that has not been seen: of 4,000 places to 5 %."""
    coherence = np.repeat(np.linspace(0.35, 0.85, 8), 50)[:, None] * np.ones(SHAPE)
    pairs = np.where(np.arange(SHAPE[1]) < 200, 57, 25) * np.ones(SHAPE)
    std = 20 * np.sqrt((1 - coherence**2) / coherence**2 / pairs)
    found, record = noise(track(std * white(2), cell_variance(coherence, pairs)), TWO)
    rows, cols = lattice(SHAPE, 3, 20)
    z = differences(std * white(3), TWO, (rows, cols)) / found[rows, cols]
    for low, high in ((0.3, 0.45), (0.45, 0.6), (0.6, 0.75), (0.75, 0.9)):
        for few in (True, False):
            here = (coherence[rows, cols] > low) & (coherence[rows, cols] <= high) & ((pairs[rows, cols] < 50) == few)
            assert here.sum() > 1000 and spread(z[here]) == pytest.approx(1, abs=0.15), (low, few)
    assert record["z"] == pytest.approx(np.ones(module.CLASSES), abs=0.2)


@pytest.mark.parametrize("body", [TWO, TEN])
def test_air_enters_the_noise(body):
    """Turbulence of 300 m on speckle of 1 to 6 mm/yr, in the quieter and in the noisier half; speckle alone would make
    half of the noise in the quieter one."""
    speckle = np.linspace(1, 6, SHAPE[0])[:, None] * np.ones(SHAPE)

    def product(seed: int) -> np.ndarray:
        air = gaussian_filter(white(seed), 10)
        return speckle * white(seed + 1) + 2 * air / air.std()

    found, record = noise(track(product(10), speckle**2), body)
    rows, cols = lattice(SHAPE, 4, 40)
    of_places = differences(product(20), body, (rows, cols))
    for half in (rows < 200, rows >= 200):
        assert np.median(found[rows, cols][half]) == pytest.approx(spread(of_places[half]), rel=0.2)
    assert record["factor"] == pytest.approx(1, abs=0.5) and record["air_mm_per_yr"] > 0.5


def test_a_landslide_of_the_speed_is_found_half_of_the_time():
    """100 landslides of 10 ha: half of them within three binomial standard deviations; all at 1.75 times the speed,
    three standard deviations of the noise higher; none at a quarter."""
    body, sensitivity = TEN, -0.5
    speed, _ = module.smallest_speed(track(STD_MM * white(4)), body, 0.2)
    ground = STD_MM * white(5)
    places = lattice(SHAPE, 40, 22)
    std, _ = noise(track(ground), body)
    down, across = disc(body)
    found = {}
    for share in (0.25, 1.0, 1.75):
        rate = ground.copy()
        for row, col in zip(*places, strict=True):
            rate[row + down, col + across] += share * speed[row, col] * sensitivity
        found[share] = int((np.abs(differences(rate, body, places)) > module.SIGMAS * std[places]).sum())
    assert len(places[0]) == 81 and abs(found[1.0] - 40.5) < 3 * np.sqrt(81 / 4)
    assert found[0.25] == 0 and found[1.75] >= 80


def test_the_line_of_sight_decides_which_slopes_show_it():
    """A satellite in the west, 39 degrees from the vertical, and slopes of 30 degrees: a slope to the east goes down and
    away, sin 69; one to the north down alone, cos 39 sin 30; one to the west is nearly across the line of sight, sin 9."""
    los = (-np.sin(np.radians(39)), 0.0, np.cos(np.radians(39)))
    rate, speeds = STD_MM * white(6, (200, 200)), {}
    std, _ = noise(track(rate), TEN)
    for aspect, sensitivity in ((90.0, np.sin(np.radians(69))), (0.0, np.cos(np.radians(39)) / 2), (270.0, None)):
        sloping = downslope_sensitivity(30.0, aspect, *los)
        speeds[aspect], _ = module.smallest_speed(track(rate, sensitivity=sloping), TEN, 0.2)
        if sensitivity is None:
            assert abs(sloping) == pytest.approx(np.sin(np.radians(9))) and np.isnan(speeds[aspect]).all()
        else:
            np.testing.assert_allclose(speeds[aspect], 4 * std / sensitivity, rtol=1e-9)
    both = best_of([speeds[0.0], speeds[90.0], speeds[270.0]])
    np.testing.assert_array_equal(both, speeds[90.0])


def test_motion_on_both_sides_of_a_ridge_cancels():
    sensitivity = np.where(np.arange(200) < 100, 0.6, -0.6)
    speed, _ = module.smallest_speed(track(STD_MM * white(7, (200, 200)), sensitivity=sensitivity), TEN, 0.2)
    assert np.isnan(speed[50:-50, 99:101]).all() and np.isfinite(speed[50:-50, [90, 109]]).all()


def test_nothing_is_stated_where_too_little_is_known():
    observed = np.ones((200, 200), bool)
    observed[:, :100] = False
    observed[100, 20] = True  # an island
    speed, _ = module.smallest_speed(track(STD_MM * white(8, (200, 200)), observed=observed), TEN, 0.2)
    assert np.isnan(speed[:, :100]).all() and np.isfinite(speed[30:-30, 101:]).all()
    flat = np.where(np.arange(200) < 100, np.nan, 0.5)
    speed, _ = module.smallest_speed(track(STD_MM * white(8, (200, 200)), sensitivity=flat), TEN, 0.2)
    assert np.isnan(speed[:, :100]).all() and np.isfinite(speed[30:-30, 100:]).all()


def test_without_stable_ground_the_noise_is_unknown_and_says_why():
    stable = np.zeros((200, 200), bool)
    stable[90:96, 90:96] = True
    std, record = noise(track(STD_MM * white(9, (200, 200)), stable=stable), TEN)
    assert np.isnan(std).all() and record["reason"] == "fewer than 100 places of stable ground"


def test_rates_without_noise_show_every_speed():
    speed, _ = module.smallest_speed(track(np.zeros((150, 150))), TEN, 0.2)
    assert speed[75, 75] == pytest.approx(module.SIGMAS * module.MIN_STD_MM / 0.5, rel=1e-3)


def test_moving_ground_does_not_enter_the_noise():
    rate = STD_MM * white(11)
    still, _ = noise(track(rate), TEN)
    stable, moving = np.ones(SHAPE, bool), rate.copy()
    stable[100:140, 100:200], moving[100:140, 100:200] = False, moving[100:140, 100:200] - 80
    with_landslide, _ = noise(track(moving, stable=stable), TEN)
    assert np.nanmedian(with_landslide / still) == pytest.approx(1, abs=0.1)


def test_speeds_are_rounded_to_nine_binary_digits():
    speeds = np.concatenate([np.geomspace(0.01, 1e4, 1000), [np.nan]])
    rounded = module.rounded(speeds)
    assert rounded[:-1] == pytest.approx(speeds[:-1], rel=1 / 512) and np.isnan(rounded[-1])


def test_observed_ground_is_that_which_answers():
    assert is_observed(np.array([*range(len(CLASSES)), 255])).tolist() == [True, *[False] * 4, True, False]


STACKS = ["A128", "D062"]
REGION = RegionGrid(32647, 519000.0, 3212000.0, CELL_M, 150, 300)
CORES = {"f0_1": part_of(REGION, slice(0, 150), slice(0, 150)), "f1_1": part_of(REGION, slice(0, 150), slice(150, 300))}
MARGIN = 40  # cells: more than reach of the largest ring, 26
GRIDS = {
    "f0_1": part_of(REGION, slice(0, 150), slice(0, 150 + MARGIN)),
    "f1_1": part_of(REGION, slice(0, 150), slice(150 - MARGIN, 300)),
}


def fields(stack: str) -> dict[str, np.ndarray]:
    """Layers of a track over the region: worse coherence in the north, a strip in layover, a plain in the south."""
    number = STACKS.index(stack)
    coherence = np.repeat([0.4, 0.6, 0.8], 50)[:, None] * np.ones(REGION.shape)
    hidden = np.zeros(REGION.shape, np.uint8)
    hidden[:, 120 + 40 * number : 150 + 40 * number] = CLASSES.index("layover")
    return {
        "los_rate_mm_per_yr": 20 * np.sqrt((1 - coherence**2) / coherence**2 / 50) * white(30 + number, REGION.shape),
        "mean_coherence": coherence,
        "pair_count": np.full(REGION.shape, 50),
        "stable_ground": np.ones(REGION.shape),
        "observable_class": hidden,
        "downslope_sensitivity": np.full(REGION.shape, (0.5, -0.8)[number]),
    }


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """Outputs of the rule's script: of the region as one frame, and of its two frames."""
    folder = tmp_path_factory.mktemp("speeds")
    slope = np.full(REGION.shape, 25.0)
    slope[140:] = 3.0
    found = {}
    for name, grid in {"f0": REGION, **GRIDS}.items():
        files: dict = {}
        for stack in STACKS:
            for layer, values in fields(stack).items():
                path = folder / name / stack / f"{layer}.tif"
                raster.write(path, values[window_of(REGION, grid)], grid, layer)
                files.setdefault(layer, []).append(str(path))
        raster.write(folder / name / "slope_deg.tif", slope[window_of(REGION, grid)], grid, "slope_deg")
        inputs = {
            "los_rate": files["los_rate_mm_per_yr"],
            "sensitivity": files["downslope_sensitivity"],
            "slope": str(folder / name / "slope_deg.tif"),
            **{layer: files[layer] for layer in ("mean_coherence", "pair_count", "stable_ground", "observable_class")},
        }
        outputs = {layer: str(folder / name / f"{layer}.tif") for layer in layers.SMALLEST_SPEED}
        settings = {"grid": grid.to_dict(), "stacks": STACKS, "min_sensitivity": 0.2, "min_slope_deg": 8.0}
        outputs |= {"sidecar": str(folder / name / "smallest_speed.json")}
        run_script("smallest_speed", folder / name, inputs, outputs, {"frame": name}, **settings)
        found[name] = outputs
    return found


def test_the_better_track_decides_and_each_hides_what_it_does_not_see(made):
    speed = raster.read(made["f0"]["smallest_speed_10ha_mm_per_yr"], REGION)
    assert np.isnan(speed[140:]).all()  # the plain
    assert np.isfinite(speed[30:135, 30:-30]).all()
    # Of the same noise D062 sees 0.8 of a motion, A128 0.5; D062 sees nothing of columns 160 to 190.
    assert np.nanmedian(speed[60:90, 170:180]) / np.nanmedian(speed[60:90, 230:260]) == pytest.approx(1.6, rel=0.1)
    # Noise of coherence 0.4 over that of 0.8: sqrt((1 / 0.16 - 1) / (1 / 0.64 - 1)) = 3.06.
    assert np.nanmedian(speed[20:30, 240:260]) / np.nanmedian(speed[115:125, 240:260]) == pytest.approx(3.06, rel=0.1)
    noise_of = read_json(made["f0"]["sidecar"])["noise"]
    assert set(noise_of) == set(STACKS) and set(noise_of["A128"]) == set(layers.SMALLEST_SPEED)


@pytest.mark.parametrize("layer", [layer for layer, area in layers.SMALLEST_SPEED.items() if area < 50])
def test_frames_make_the_map_of_the_whole(made, layer):
    """Each frame measures the noise of its own ground, of 22,000 cells: to 10 %; what is known is the same."""
    whole = raster.read(made["f0"][layer], REGION)
    for name, core in CORES.items():
        grid = GRIDS[name]
        of_frame = raster.read(made[name][layer], grid)[window_of(grid, core)]
        of_whole = whole[window_of(REGION, core)]
        np.testing.assert_array_equal(np.isnan(of_frame), np.isnan(of_whole))
        known = np.isfinite(of_whole)
        assert known.mean() > 0.8 and of_frame[known] == pytest.approx(of_whole[known], rel=0.2)
        assert np.median(of_frame[known] / of_whole[known]) == pytest.approx(1, abs=0.1)

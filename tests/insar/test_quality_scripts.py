"""The scripts of the quality rules on a small stack with one planted error, and what reads their result."""

import numpy as np
import pytest

from sarslide.errors import RasterError
from sarslide.grid import RegionGrid
from sarslide.insar.error_cycles import TWO_PI
from sarslide.io import raster
from sarslide.io.sidecar import read_json, write_json
from sarslide.names import split_pair
from sarslide.network import choose_pairs
from sarslide.rates.rasters import without_loop_errors
from tests.support.rule_jobs import run_script
from tests.test_network import days

GRID = RegionGrid(32647, 519000, 3208000, 30, 40, 50)
DATES = days(range(0, 14 * 12, 12))
PAIRS = choose_pairs(DATES, "p0")
WRONG, PATCH = PAIRS[11], (slice(5, 15), slice(10, 30))  # a 24-day pair in the middle


@pytest.fixture(scope="module")
def stack(tmp_path_factory):
    """Folder with ifg/ of a stack and quality/ as the three scripts make it."""
    folder = tmp_path_factory.mktemp("stack")
    rng = np.random.default_rng(2)
    screens = {date: rng.normal(0, 2) + rng.normal(0, 0.03) * np.arange(50.0) for date in DATES}
    for pair in PAIRS:
        earlier, later = split_pair(pair)
        phase = screens[later] - screens[earlier] + rng.normal(0, 0.2, GRID.shape)
        wrapped = np.angle(np.exp(1j * phase))
        if pair == WRONG:
            phase[PATCH] += TWO_PI
        write(folder, pair, "unw_rad", phase)
        write(folder, pair, "wrapped_rad", np.stack([wrapped, wrapped]))
        write(folder, pair, "cor", np.full(GRID.shape, 0.7))
        write(folder, pair, "conncomp", np.ones(GRID.shape))
        write_json(
            folder / f"ifg/{pair}.json",
            {"dates": [earlier, later], "utc": [None, None], "bperp_m": 10.0, "mean_coherence": 0.7, "looks": 6.0,
             "coherence_window": 3, "coherence_looks": 54.0, "absent": ["wrapped in words"], "free_level": False},
        )  # fmt: skip

    def run(rule, kinds, outputs, **params):
        files = {name: [f"{folder}/ifg/{pair}.{kind}" for pair in PAIRS] for name, kind in kinds.items()}
        made = {name.partition(".")[0]: f"{folder}/quality/{name}" for name in outputs[:-1]}
        made |= {"about": f"{folder}/quality/{outputs[-1]}"}
        if rule == "network":
            made["figure"] = f"{folder}/quality/network.png"
        run_script(rule, folder, files, made, **params)

    space = {"grid": GRID.to_dict(), "pairs": PAIRS}
    run("network", {"pairs": "json"}, ["network.json"], dates=[*DATES, "20200101"], preset="p3")
    run(
        "closure",
        {"unwrapped": "unw_rad.tif", "conncomp": "conncomp.tif", "wrapped": "wrapped_rad.tif"},
        ["closure_rms_rad.tif", "closure_count.tif", "unwrap_error_count.tif", "loop_error_cycles.tif", "closure.json"],
        **space,
    )
    run(
        "phase_bias",
        {"wrapped": "wrapped_rad.tif", "coherence": "cor.tif", "sidecars": "json"},
        ["phase_bias_flag.tif", "phase_bias_rate_rad_per_yr.tif", "phase_bias_std_rad_per_yr.tif", "phase_bias.json"],
        **space,
    )
    return folder


def write(folder, pair, layer, values):
    raster.write(folder / f"ifg/{pair}.{layer}.tif", values, GRID, layer)


def test_the_network_is_drawn_and_described(stack):
    about = read_json(stack / "quality/network.json")
    assert about["pair_count"] == len(PAIRS) == 25 and about["scenes"] == 15
    assert about["paper"] == {"pairs": 310, "scenes": 103}  # B14, beside ours
    assert about["islands"] == [DATES] and about["dates_without_pair"] == ["20200101"]
    assert (stack / "quality/network.png").read_bytes()[:4] == b"\x89PNG"


def test_the_planted_error_lies_in_its_band(stack):
    path = stack / "quality/loop_error_cycles.tif"
    assert raster.band_names(path) == PAIRS
    errors = raster.read_all(path, GRID)
    planted = np.zeros_like(errors)
    planted[PAIRS.index(WRONG)][PATCH] = 1
    np.testing.assert_array_equal(errors, planted)
    count = raster.read(stack / "quality/unwrap_error_count.tif", GRID)
    np.testing.assert_array_equal(count, planted.sum(axis=0))
    about = read_json(stack / "quality/closure.json")
    assert about["loop_errors"][WRONG] == {"judged": 2000, "wrong": 200, "ambiguous": 0}
    assert about["nonzero_share"] == pytest.approx(200 / (12 * 2000), abs=1e-6)


def test_bias_layers_are_written(stack):
    about = read_json(stack / "quality/phase_bias.json")
    assert about["short_days"] == 12 and about["triplet_count"] == 12 and about["judged_cells"] == 2000
    assert about["against_mean_of_region"] is False  # the record's field decides, not the words of what is absent
    flag = raster.read(stack / "quality/phase_bias_flag.tif", GRID)
    assert (flag == 1).sum() == about["flagged_cells"] < 100


def test_readers_leave_the_wrong_cells_out(stack):
    path = stack / "quality/loop_error_cycles.tif"

    def read(pair, *block):
        file = stack / f"ifg/{pair}.unw_rad.tif"
        return (raster.read_block(file, *block) if block else raster.read(file)), "more"

    masked = without_loop_errors(read, path)
    phase, more = masked(WRONG)
    assert np.isnan(phase[PATCH]).all() and np.isfinite(phase).sum() == 1800 and more == "more"
    block = slice(0, 10), slice(10, 20)
    np.testing.assert_array_equal(masked(WRONG, *block)[0], phase[block])
    corrected = without_loop_errors(read, path, correct=True)(WRONG)[0]
    np.testing.assert_allclose(corrected[PATCH], read(WRONG)[0][PATCH] - TWO_PI, atol=1e-5)
    assert without_loop_errors(read, None) is read
    with pytest.raises(RasterError, match="no band of pair"):
        masked("20300101_20300113")

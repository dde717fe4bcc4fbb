"""MintPy by its command line: its time series against ours, its signs, and what happens when it fails."""

import sys
import time
from pathlib import Path

import h5py
import numpy as np
import pytest

from sarslide.errors import ProcessorError
from sarslide.grid import RegionGrid
from sarslide.io import raster
from sarslide.network import years_of
from sarslide.rates.mintpy import steps as mintpy
from sarslide.rates.mintpy.files import StackMetadata
from sarslide.rates.mintpy.load import load
from sarslide.rates.mintpy.read import read_rates, read_series
from sarslide.rates.preparation import prepare
from sarslide.rates.sbas.rates import DemGeometry, SbasSettings, invert_blocks
from sarslide.rates.settings import RateSettings
from tests.support.valley import RAD_PER_MM, WAVELENGTH_M, Valley

LOOKS = 6.0
LIMIT_S = 600  # of a run of MintPy
GRID = RegionGrid(32647, 515130, 3215640, 30, 40, 50)
SETTINGS = RateSettings(height_correlated=False, plane=False, reference=(20.0, 10.0, 5.0))
ONLY_DEM_ERROR = {
    "weighting": "var", "unwrap_errors": "none", "min_temporal_coherence": 0.3, "height_correlated": False, "era5": False,
    "plane": False, "dem_error": True,
}  # fmt: skip


class Small(Valley):
    """12 dates with noise, gaps, unequal coherence, unwrapping errors, a DEM error of 15 m and 100 m of baselines."""

    def __init__(self):
        super().__init__(shape=GRID.shape, count=12, turbulence_mm=0, stratified_mm_per_km=0)
        rng = np.random.default_rng(11)
        rows, cols = np.mgrid[: GRID.rows, : GRID.cols]
        self.los_mm_per_yr = np.where((rows - 10) ** 2 + (cols - 40) ** 2 < 36, -60.0, 0.0)
        orbit = dict(zip(self.dates, rng.uniform(-100, 100, 12), strict=True))
        self.bperp = {pair: orbit[pair[9:]] - orbit[pair[:8]] for pair in self.pairs}
        self.dem_error = np.zeros(GRID.shape)
        self.dem_error[25:35, 20:40] = 15.0
        self.geometry = {
            "incidence_deg": np.linspace(38.4, 38.6, 50) * np.ones(GRID.shape),
            "heading_deg": np.full(GRID.shape, 347.0),
            "slant_range_m": np.full(GRID.shape, 850e3),
            "los_east": np.full(GRID.shape, -0.6),
            "los_north": np.full(GRID.shape, -0.1),
            "layover_shadow": np.zeros(GRID.shape, np.uint8),
        }
        across = self.geometry["slant_range_m"] * np.sin(np.radians(self.geometry["incidence_deg"]))
        self.pair_phase, self.pair_coherence = {}, {}
        for k, pair in enumerate(self.pairs):
            coherence = np.clip(rng.uniform(0.2, 1.1, GRID.shape), 0, 1)
            noise = 0.5 * (1 - coherence) * rng.standard_normal(GRID.shape)
            phase = self.phase(pair) + noise - 4 * np.pi / WAVELENGTH_M * self.bperp[pair] * self.dem_error / across
            phase[36:, 5:9] += 2 * np.pi * (k % 7 == 0)
            gaps = rng.uniform(size=GRID.shape) < 0.1
            gaps[15:25, 5:16] = False
            self.pair_phase[pair] = np.where(gaps, np.nan, phase).astype(np.float32)
            self.pair_coherence[pair] = coherence.astype(np.float32)

    def read_block(self, pair, rows, cols):
        phase, coherence = self.pair_phase[pair][rows, cols], self.pair_coherence[pair][rows, cols]
        return phase.copy(), coherence, np.ones(phase.shape, np.uint16)


def loaded(track, folder, unwrap_errors="none"):
    whole = slice(0, GRID.rows), slice(0, GRID.cols)
    prepared = prepare(
        lambda pair: track.read_block(pair, *whole), track.pairs, track.elevation_m, SETTINGS, correct=False
    )
    bperp = [track.bperp[pair] for pair in prepared.pairs]
    about = StackMetadata("A128", WAVELENGTH_M, LOOKS)
    layers = load(
        folder,
        prepared,
        track.read_block,
        bperp,
        GRID,
        about,
        track.elevation_m,
        track.geometry,
        LIMIT_S,
        unwrap_errors,
    )
    return prepared, layers


@pytest.fixture(scope="module")
def small():
    return Small()


@pytest.fixture(scope="module")
def done(small, tmp_path_factory):
    """A finished run of MintPy: folder, preparation, layers of the loading, steps."""
    folder = tmp_path_factory.mktemp("mintpy")
    prepared, layers = loaded(small, folder)
    steps = mintpy.plan(**ONLY_DEM_ERROR)
    for step in steps:
        mintpy.run_step(step, folder, LIMIT_S)
    return folder, prepared, layers, steps


def ours(small, prepared, dem=None):
    series = np.full((12, *GRID.shape), np.nan)

    def put(rows, cols, block):
        series[:, rows, cols] = block

    settings = SbasSettings("var", LOOKS, 0.3, "cpu")
    return invert_blocks(prepared, small.read_block, put, WAVELENGTH_M, settings, dem), series


def theirs(path, prepared):
    series = np.full((12, *GRID.shape), np.nan)

    def put(rows, cols, block):
        series[:, rows, cols] = block

    read_series(path, prepared.ground.reference.mask, put)
    return series


def test_both_inversions_give_the_same_series_with_the_same_weights(small, done):
    folder, prepared, _, _ = done
    found, series = ours(small, prepared)
    other = theirs(folder / "timeseries.h5", prepared)
    known = np.isfinite(other[0])
    centre = prepared.ground.reference.nearest_cell
    # The same cells: MintPy got only those that our rank check passes; its reference cell holds no measurement.
    assert (np.isfinite(series[0]) & ~known).sum() == 1 and not known[centre]
    assert 0.3 < known.mean() < 1
    # 0.1 mm are wanted; MintPy keeps float32 weights and series, which is far below
    assert np.abs(series - other)[:, known].max() < 0.1
    assert np.sqrt(np.mean((series - other)[:, known] ** 2)) < 0.001
    with h5py.File(folder / "numInvIfgram.h5") as file:
        np.testing.assert_array_equal(found.layers["pair_count"][known], file["mask"][:][known])
    with h5py.File(folder / "temporalCoherence.h5") as file:
        np.testing.assert_allclose(
            found.layers["temporal_coherence"][known], file["temporalCoherence"][:][known], atol=1e-4
        )


def test_rates_deviations_and_dem_error_agree_and_have_our_signs(small, done):
    folder, prepared, layers, steps = done
    dem = DemGeometry(small.bperp, small.geometry["slant_range_m"], small.geometry["incidence_deg"])
    found, series = ours(small, prepared, dem)
    name = mintpy.series_file(steps)
    assert name == "timeseries_demErr.h5"
    read = read_rates(folder / name, prepared.ground.reference.mask, WAVELENGTH_M, 0.3, True)
    for layer, tolerance in (
        ("los_rate_mm_per_yr", 0.01), ("phase_rate_rad_per_yr", 0.01 * RAD_PER_MM),
        ("dem_error_m", 0.01), ("los_rate_paper_sign_mm_per_yr", 0.01),
    ):  # fmt: skip
        known = np.isfinite(read[layer])
        assert np.abs(read[layer] - found.layers[layer])[known].max() < tolerance, layer
    other = theirs(folder / name, prepared)
    assert np.nanmax(np.abs(series - other)) < 0.1
    # MintPy's deviation is the scatter of the series about a line (Fattahi and Amelung 2015, eq. 10); ours is another.
    t = years_of(small.dates)
    line = np.polyfit(t, np.nan_to_num(other).reshape(12, -1), 1)
    scatter = np.nan_to_num(other).reshape(12, -1) - np.outer(t, line[0]) - line[1]
    std = np.sqrt(np.sum(scatter**2, 0) / 10 / np.sum((t - t.mean()) ** 2)).reshape(GRID.shape)
    known = np.isfinite(read["los_rate_std_mm_per_yr"])
    assert np.abs(read["los_rate_std_mm_per_yr"] - std)[known].max() < 0.01
    # Planted: a disc moves away, which is negative, and the DEM lacks 15 m
    moving = small.los_mm_per_yr < 0
    assert np.nanmedian(read["los_rate_mm_per_yr"][moving]) == pytest.approx(
        -60, abs=10
    )  # speckle of 0.2 rad in 132 days
    planted = small.dem_error > 0
    assert np.nanmedian(read["dem_error_m"][planted]) == pytest.approx(15, abs=1)
    assert abs(np.nanmedian(read["dem_error_m"][~planted])) < 1
    np.testing.assert_array_equal(layers["pair_count"], found.layers["pair_count"])


def test_the_stack_is_not_touched_after_loading_and_only_results_stay(done):
    folder, _, _, steps = done
    made = {name for step in steps for name in step.makes}
    assert made == {
        "timeseries.h5", "temporalCoherence.h5", "numInvIfgram.h5", "maskTempCoh.h5", "timeseries_demErr.h5", "demErr.h5",
        "velocity.h5",
    }  # fmt: skip
    assert {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()} == made | {
        mintpy.STACK,
        mintpy.GEOMETRY,
    }
    stack = folder / mintpy.STACK
    assert stack.stat().st_mtime_ns < (folder / "timeseries.h5").stat().st_mtime_ns


def test_a_failing_step_is_named_with_its_line_and_a_rerun_goes_on(done, tmp_path, caplog):
    finished, _, _, _ = done
    (tmp_path / "inputs").mkdir()
    for name in (mintpy.STACK, mintpy.GEOMETRY):
        (tmp_path / name).symlink_to(finished / name)
    step = mintpy.plan(**ONLY_DEM_ERROR)[-1]  # the velocity, whose time series is not there
    with pytest.raises(ProcessorError, match=r"MintPy's step velocity failed: .*timeseries.*; cure: see the log"):
        mintpy.run_step(step, tmp_path, LIMIT_S)
    assert {path.name for path in tmp_path.rglob("*")} == {"inputs", "ifgramStack.h5", "geometryGeo.h5"}
    for name in step.reads:
        (tmp_path / name).symlink_to(finished / name)
    mintpy.run_step(step, tmp_path, LIMIT_S)
    assert (tmp_path / "velocity.h5").is_file()


def stand_in(path: Path, script: str) -> str:
    path.write_text(f"#!{sys.executable}\n{script}")
    path.chmod(0o755)
    return str(path)


def test_a_step_that_dies_half_way_leaves_nothing(tmp_path, monkeypatch):
    script = "print('\\n******************** step - invert_network ********************')\n"
    script += "open('timeseries.h5', 'w').write('half')\nimport os\nos.kill(os.getpid(), 9)\n"
    program = stand_in(tmp_path / "smallbaselineApp.py", script)
    monkeypatch.setattr(mintpy, "program", lambda: program)
    folder = tmp_path / "method"
    folder.mkdir()
    (folder / ".invert.part").mkdir()  # of an earlier run that was killed
    (folder / ".invert.part" / "timeseries.h5").write_text("older half")
    with pytest.raises(ProcessorError, match="MintPy's step invert_network failed"):
        mintpy.run_step(mintpy.plan(**ONLY_DEM_ERROR)[0], folder, LIMIT_S)
    assert not list(folder.iterdir())


def test_a_step_that_never_ends_is_ended_with_all_that_it_started(tmp_path, monkeypatch):
    """The program starts a child that would outlive it: after the limit neither is there."""
    child = "import time, pathlib; pathlib.Path(%r).write_text(str(__import__('os').getpid())); time.sleep(60)"
    script = "import subprocess, sys, time\nprint('step - invert_network')\n"
    script += f"subprocess.Popen([sys.executable, '-c', {child % str(tmp_path / 'child')!r}])\ntime.sleep(60)\n"
    monkeypatch.setattr(mintpy, "program", lambda: stand_in(tmp_path / "smallbaselineApp.py", script))
    folder = tmp_path / "method"
    folder.mkdir()
    cure = "cure: see the log of the rule, or raise sbas.step_limit_min"
    with pytest.raises(
        ProcessorError, match=rf"MintPy's step invert_network failed: .*not done after 0.05 minutes; {cure}"
    ):
        mintpy.run_step(mintpy.plan(**ONLY_DEM_ERROR)[0], folder, 3)
    status = Path(f"/proc/{(tmp_path / 'child').read_text()}/stat")
    for _ in range(200):  # on a busy machine a killed process waits for its turn to die
        if gone(status):
            break
        time.sleep(0.1)
    assert gone(status)
    assert not list(folder.iterdir())


def gone(status: Path) -> bool:
    """Whether the process of /proc/PID/stat has ended; it may wait to be buried by the first process of the machine."""
    try:
        return status.read_text().rpartition(")")[2].split()[0] == "Z"
    except (FileNotFoundError, ProcessLookupError):
        return True


def test_a_step_that_forgets_its_result(tmp_path, monkeypatch):
    monkeypatch.setattr(mintpy, "program", lambda: stand_in(tmp_path / "smallbaselineApp.py", "print('fine')\n"))
    folder = tmp_path / "method"
    folder.mkdir()
    with pytest.raises(ProcessorError, match="step velocity ended without velocity.h5"):
        mintpy.run_step(mintpy.plan(**ONLY_DEM_ERROR)[-1], folder, LIMIT_S)


def test_mintpy_is_absent(tmp_path, monkeypatch):
    monkeypatch.setattr(sys, "executable", str(tmp_path / "python"))
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(ProcessorError, match="neither beside python nor on PATH; cure: install MintPy"):
        mintpy.program()


@pytest.mark.parametrize(
    ("choice", "series", "names"),
    [
        ({}, "timeseries_demErr.h5", ["invert", "correct", "velocity"]),
        ({"dem_error": False}, "timeseries.h5", ["invert", "velocity"]),
        ({"height_correlated": True, "plane": True}, "timeseries_tropHgt_ramp_demErr.h5", ["invert", "correct", "velocity"]),
        ({"height_correlated": True, "era5": True, "dem_error": False}, "timeseries_ERA5.h5", ["invert", "correct", "velocity"]),
    ],
)  # fmt: skip
def test_the_plan_follows_the_configuration(choice, series, names):
    steps = mintpy.plan(**ONLY_DEM_ERROR | choice)
    assert [step.name for step in steps] == names
    assert mintpy.series_file(steps) == series
    made = {name for step in steps for name in step.makes}
    assert all(name in made for step in steps for name in step.reads)
    assert all(len(set(step.reads)) == len(step.reads) for step in steps)
    assert steps[0].options["mintpy.networkInversion.weightFunc"] == "var"


@pytest.mark.full
def test_mintpy_removes_the_stratified_atmosphere(tmp_path):
    track = Small()
    delay = dict(zip(track.dates, 20 * np.random.default_rng(2).standard_normal(12), strict=True))
    for pair in track.pairs:
        stratified = (delay[pair[9:]] - delay[pair[:8]]) * (track.elevation_m - 2900) / 1000
        track.pair_phase[pair] = (track.pair_phase[pair] + RAD_PER_MM * stratified).astype(np.float32)
    prepared, _ = loaded(track, tmp_path)
    steps = mintpy.plan(**ONLY_DEM_ERROR | {"height_correlated": True, "dem_error": False})
    for step in steps:
        mintpy.run_step(step, tmp_path, LIMIT_S)
    before, after = (theirs(tmp_path / name, prepared) for name in ("timeseries.h5", mintpy.series_file(steps)))
    stationary = np.isfinite(before[0]) & (track.los_mm_per_yr == 0) & (track.dem_error == 0)
    # Scatter over stationary ground, mean over dates: 20 mm/km over 1.5 km of relief is 8 mm and goes, turbulence of 1 mm stays
    assert after[1:, stationary].std(axis=1).mean() < 0.5 * before[1:, stationary].std(axis=1).mean()
    assert (
        np.abs(np.median(after[:, prepared.ground.reference.mask & stationary], axis=1)).max() < 2
    )  # the zero stays where it was


@pytest.mark.full
def test_mintpy_bridges_planted_unwrapping_errors(tmp_path):
    """A component of its own with a cycle too much in every seventh pair."""
    track = Small()
    island = np.zeros(GRID.shape, bool)
    island[20:40, 25:48] = True
    components = np.where(island, 2, 1).astype(np.uint16)
    components[18:20], components[:, 23:25] = 0, 0
    for k, pair in enumerate(track.pairs):
        track.pair_phase[pair] = np.nan_to_num(track.phase(pair) + 2 * np.pi * island * (k % 7 == 3)).astype(np.float32)
        track.pair_coherence[pair] = np.full(GRID.shape, 0.9, np.float32)
    track.read_block = lambda pair, rows, cols: (
        track.pair_phase[pair][rows, cols].copy(), track.pair_coherence[pair][rows, cols], components[rows, cols],
    )  # fmt: skip
    coherence = {}
    for unwrap_errors in ("bridging", "none"):
        folder = tmp_path / unwrap_errors
        folder.mkdir()
        loaded(track, folder, unwrap_errors)
        mintpy.run_step(mintpy.plan(**ONLY_DEM_ERROR | {"unwrap_errors": unwrap_errors})[0], folder, LIMIT_S)
        with h5py.File(folder / "temporalCoherence.h5") as file:
            coherence[unwrap_errors] = file["temporalCoherence"][:]
    assert (coherence["none"][island] == 0).all()  # another component than the reference's is not handed over
    assert coherence["bridging"][island].min() > 0.99


def test_layers_of_mintpy_are_registered(done, tmp_path):
    folder, prepared, layers, steps = done
    read = read_rates(folder / mintpy.series_file(steps), prepared.ground.reference.mask, WAVELENGTH_M, 0.3, True)
    for layer, values in (layers | read).items():
        raster.write(tmp_path / f"{layer}.tif", values, GRID, layer)

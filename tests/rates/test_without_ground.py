"""A frame without ground for a rate beside one that has it: from its pairs to an empty file of candidates."""

import re
from pathlib import Path

import numpy as np
import pytest

from sarslide import layers
from sarslide.frames import Frame
from sarslide.grid import RegionGrid, part_of
from sarslide.inventory import attributes
from sarslide.io import raster, series, vector
from sarslide.io.sidecar import read_json, write_json
from sarslide.rates.levelling import MIN_STABLE_CELLS
from sarslide.report.reading import reference
from tests.segment.test_segment_script import write_weights
from tests.support.engine_runs import UNWRAP
from tests.support.rule_jobs import run_script
from tests.support.valley import CELL_M, WAVELENGTH_M, Valley

SHAPE, MARGIN = (60, 80), 10
STILL, LOST = "f0_1", "f1_1"
WEST = RegionGrid(32647, 519000.0, 3212000.0, CELL_M, *SHAPE)
EAST = RegionGrid(32647, WEST.west + (SHAPE[1] - 2 * MARGIN) * CELL_M, WEST.north, CELL_M, *SHAPE)
REGION = RegionGrid(32647, WEST.west, WEST.north, CELL_M, SHAPE[0], 2 * (SHAPE[1] - MARGIN))
FRAMES = {
    name: Frame(
        name,
        RegionGrid(
            32647, REGION.west + k * (SHAPE[1] - MARGIN) * CELL_M, grid.north, CELL_M, SHAPE[0], SHAPE[1] - MARGIN
        ),
        grid,
    )
    for k, (name, grid) in enumerate(((STILL, WEST), (LOST, EAST)))
}
VALLEY = Valley(shape=SHAPE, count=6, turbulence_mm=1, speckle_rad=0.1)
PAIRS = {"pairs": VALLEY.pairs}
RULES = {"min_area_km2": 0.018, "snowline_m": None, "min_slope_deg": 8.0, "min_coherence": 0.2, "min_sensitivity": 0.2}
DINSAR = {"displacement": "displacement", "std": "displacement_std"}
# Of all pairs of the frame: phase with coherence; phase without; none, where at most one date sees the frame;
# none of the pairs of the last date, which alone does not see it.
SEEN, INCOHERENT, UNSEEN, WITHOUT_LAST = "seen", "incoherent", "unseen", "without last date"


def pair_files(folder: Path, grid: RegionGrid, kind: str) -> dict:
    """Files of the pairs by the names of the rules."""
    files: dict = {name: [] for name in ("unwrapped", "wrapped", "coherence", "conncomp", "sidecars")}
    for pair in VALLEY.pairs:
        unseen = kind == UNSEEN or (kind == WITHOUT_LAST and pair.endswith(VALLEY.dates[-1]))
        missing = np.nan if unseen else 0.0
        wrapped, coherence = VALLEY.read_wrapped(pair)
        coherent = (np.full(SHAPE, 0.05) if kind == INCOHERENT else coherence) + missing
        made = {
            "unwrapped": ("unw_rad", VALLEY.read(pair)[0] + missing),
            "wrapped": ("wrapped_rad", np.stack([wrapped, wrapped]) + missing),
            "coherence": ("cor", coherent.astype(np.float32)),
            "conncomp": ("conncomp", np.full(SHAPE, not unseen, np.uint16)),
        }
        for name, (layer, values) in made.items():
            raster.write(folder / f"{pair}.{layer}.tif", values[..., : grid.rows, : grid.cols], grid, layer)
            files[name].append(str(folder / f"{pair}.{layer}.tif"))
        about = {
            "wavelength_m": WAVELENGTH_M,
            "looks": 20.0,
            "bperp_m": 10.0,
            "coherence_window": 3,
            "free_level": False,
            "utc": [None, None],
        }
        write_json(folder / f"{pair}.json", about | {"coherence_looks": 60.0})
        files["sidecars"].append(str(folder / f"{pair}.json"))
    return files


def ground_files(folder: Path, grid: RegionGrid, kind: str) -> dict:
    """Terrain and geometry of a frame."""
    flat = {"slope_deg": 30.0, "aspect_deg": 90.0, "los_east": -0.6, "los_north": -0.1, "los_up": 0.79}
    flat |= {"incidence_deg": 38.0, "slant_range_m": 850e3, "layover_shadow": 255.0 if kind == UNSEEN else 0.0}
    values = {name: np.full(SHAPE, value) for name, value in flat.items()} | {"elevation_m": VALLEY.elevation_m}
    for layer, array in values.items():
        raster.write(folder / f"{layer}.tif", array[: grid.rows, : grid.cols], grid, layer)
    return {layer: str(folder / f"{layer}.tif") for layer in values}


def outputs(folder: Path, names, *others: str) -> dict:
    """Rasters by layer, records by name."""
    return {name: str(folder / f"{name}.tif") for name in names} | {
        name: str(folder / f"{name}.json") for name in others
    }


class FrameJobs:
    """The jobs of a frame, each by its own script."""

    def __init__(self, folder: Path, name: str, kind: str, grid: RegionGrid = WEST) -> None:
        self.folder, self.name, self.grid = folder / name, name, FRAMES[name].grid if name in FRAMES else grid
        self.folder.mkdir(parents=True)
        self.pairs = pair_files(self.folder, self.grid, kind)
        self.ground = ground_files(self.folder, self.grid, kind)

    def run(self, rule: str, inputs: dict, made: dict, **params) -> dict:
        wildcards = {"frame": self.name, "stack": "A128", "pair": VALLEY.pairs[0], "source": "polygons"}
        settings = {"grid": self.grid.to_dict()} | PAIRS | params
        run_script(rule, self.folder, inputs, made, wildcards, {"device": "cpu", "limit_min": 10}, **settings)
        return made

    def rates(self, rule: str, names=layers.RATES, more: dict | None = None) -> dict:
        """The files of a rule that makes rates or averages."""
        inputs = self.pairs | {"elevation": self.ground["elevation_m"], "layover_shadow": self.ground["layover_shadow"]}
        inputs |= {
            "slant_range": self.ground["slant_range_m"],
            "incidence": self.ground["incidence_deg"],
            "loop_errors": [],
        }
        folder = self.folder / rule
        settings = {"mean": "complex", "weighting": "none", "dem_error": False, "min_temporal_coherence": 0.0}
        made = outputs(folder, names, "reference", "sidecar") | (more or {})
        return self.run(rule, inputs, made, **settings)

    def log(self, rule: str) -> str:
        return (self.folder / f"{rule}.log").read_text()


def empty(made: dict) -> None:
    """No layer knows a rate, no cell is stable ground, and the reason is recorded."""
    for layer, path in made.items():
        if path.endswith(".tif"):
            values = raster.read(path)
            assert not np.nan_to_num(values).any(), layer
    about = read_json(made["reference"])
    assert about["cells"] == 0 and about["x_m"] is None and about["reason"].startswith("no rates: ")
    assert read_json(made["sidecar"])["reference"] == about
    assert reference("A128", Path(made["reference"]))["lon"] is None


@pytest.fixture(scope="module")
def still(tmp_path_factory) -> tuple[FrameJobs, dict]:
    """A frame with rates."""
    jobs = FrameJobs(tmp_path_factory.mktemp("still"), STILL, SEEN)
    return jobs, jobs.rates("stack_rates")


@pytest.mark.parametrize("kind", [INCOHERENT, UNSEEN])
def test_a_frame_without_ground_goes_on_to_an_empty_file_of_candidates(still, tmp_path, kind):
    jobs = FrameJobs(tmp_path, LOST, kind)
    average = jobs.rates("average_phase", (*layers.AVERAGES, *layers.OF_PAIRS))
    empty(average)
    jobs.run("closure", jobs.pairs, outputs(tmp_path / "quality", layers.CLOSURE, "about"))
    jobs.run("phase_bias", jobs.pairs, outputs(tmp_path / "quality", layers.PHASE_BIAS, "about"))
    names = (*layers.RATES, "temporal_coherence", "residual_rms_rad")
    sbas = jobs.rates("sbas", names, {"timeseries": str(tmp_path / "timeseries.nc")})
    empty(sbas)
    dates, displacement = series.read(sbas["timeseries"], slice(0, SHAPE[0]), slice(0, SHAPE[1]))
    assert list(dates) == VALLEY.dates and np.isnan(displacement).all()
    rates = jobs.rates("stack_rates")
    empty(rates)
    for rule in ("average_phase", "sbas", "stack_rates"):
        assert f"WARNING sarslide.rates.unrated: frame {LOST} has no rates: no cell has enough valid pairs" in jobs.log(
            rule
        )
    pair = {name: jobs.pairs[name][0] for name in ("unwrapped", "conncomp", "coherence")}
    pair |= {"about": jobs.pairs["sidecars"][0], "elevation": jobs.ground["elevation_m"]}
    shown = {name: str(tmp_path / f"{VALLEY.pairs[0]}.los_{layer}_mm.tif") for name, layer in DINSAR.items()}
    shown |= {"sidecar": str(tmp_path / "dinsar.json")}
    jobs.run("dinsar", pair | {"layover_shadow": jobs.ground["layover_shadow"]}, shown)
    assert np.isnan(raster.read(shown["displacement"])).all() and np.isnan(raster.read(shown["std"])).all()
    ring = outputs(tmp_path, layers.RING, "sidecar")
    inputs = jobs.pairs | {"elevation": jobs.ground["elevation_m"], "stable_ground": rates["stable_ground"]}
    jobs.run("ring_rates", inputs | {"loop_errors": []}, ring, double_difference_km=[0.3, 0.9])
    assert np.isnan(raster.read(ring["los_rate_ring_mm_per_yr"])).all()
    raster.write(tmp_path / "mean_amplitude_db.tif", np.full(SHAPE, np.nan), jobs.grid, "mean_amplitude_db")
    inputs = {"phase": average["avg_phase_rad"], "intensity": str(tmp_path / "mean_amplitude_db.tif")}
    fused = {"fused": str(tmp_path / "phase_intensity_rgb.tif"), "sidecar": str(tmp_path / "fused.json")}
    jobs.run("fuse_phase", inputs, fused, recipe="hsv", percent=[2, 98])
    assert not raster.read_all(fused["fused"]).any()

    seen = outputs(tmp_path / "seen", ("downslope_sensitivity", "r_index", "observable_class"), "sidecar")
    limits = {name: RULES[name] for name in ("min_coherence", "min_sensitivity")}
    jobs.run("observability", jobs.ground | {"mean_coherence": rates["mean_coherence"]}, seen, **limits)
    assert (raster.read(seen["observable_class"]) == 1).all()  # no acquisition, or no pair tied to a reference
    speeds = outputs(tmp_path / "speeds", layers.SMALLEST_SPEED, "sidecar")
    inputs = {name: [rates[name]] for name in ("mean_coherence", "pair_count", "stable_ground")}
    inputs |= {"los_rate": [rates["los_rate_mm_per_yr"]], "observable_class": [seen["observable_class"]]}
    inputs |= {"sensitivity": [seen["downslope_sensitivity"]], "slope": jobs.ground["slope_deg"]}
    jobs.run("smallest_speed", inputs, speeds, stacks=["A128"], min_sensitivity=0.2, min_slope_deg=8.0)
    assert all(np.isnan(raster.read(speeds[layer])).all() for layer in layers.SMALLEST_SPEED)
    assert "reason" in read_json(speeds["sidecar"])["noise"]["A128"]["smallest_speed_10ha_mm_per_yr"]
    weights = [str(write_weights(tmp_path, "drs_unet", width=8))]
    channels = {"los_rate_mm_per_yr": rates["los_rate_mm_per_yr"], "slope_deg": jobs.ground["slope_deg"]}
    hidden = {"layover_shadow": jobs.ground["layover_shadow"], "weights": weights}
    settings = {"overlap": 0.5, "precision": "fp32"}
    mapped = jobs.run("segment", channels | hidden, outputs(tmp_path, ["probability"], "sidecar"), **settings)
    assert np.isnan(raster.read(mapped["probability"])).all()
    assert "no cell of the frame has every channel" in jobs.log("segment")
    every = jobs.ground | rates | {"avg_phase_rad": average["avg_phase_rad"], "probability": mapped["probability"]}
    found = {"candidates": str(tmp_path / "candidates.gpkg"), "sidecar": str(tmp_path / "candidates.json")}
    inputs = {name: every[name] for name in attributes.LAYERS}
    settings = {"region": REGION.to_dict(), "stack": "A128", "frame": LOST, "threshold": None} | RULES
    jobs.run("candidates", inputs, found, min_rate_mm_per_yr=20.0, **settings)
    assert vector.read(found["candidates"], "candidates").empty

    neighbour, of_neighbour = still
    views = {name: frame.to_dict() for name, frame in FRAMES.items()}
    both = {"elevation": [neighbour.ground["elevation_m"], jobs.ground["elevation_m"]]}
    inputs = both | {"los_rate": [of_neighbour["los_rate_mm_per_yr"], rates["los_rate_mm_per_yr"]]}
    inputs |= {"stable_ground": [of_neighbour["stable_ground"], rates["stable_ground"]]}
    levels = {"levels": str(tmp_path / "level_frames.json")}
    jobs.run("level_frames", inputs, levels, frames=views, plane=True, height_correlated=True, reference=[])
    assert read_json(levels["levels"])["frames"][LOST]["reason"] == f"fewer than {MIN_STABLE_CELLS} stable cells"
    inputs = both | {"layer": inputs["los_rate"], "levels": [levels["levels"]], "records": []}
    mosaic = {"map": str(tmp_path / "map.tif"), "sidecar": str(tmp_path / "map.json")}
    jobs.run("mosaic", inputs, mosaic, grid=REGION.to_dict(), frames=views)
    joined, half = raster.read(mosaic["map"], REGION), SHAPE[1] - MARGIN
    np.testing.assert_array_equal(joined[:, :half], raster.read(of_neighbour["los_rate_mm_per_yr"])[:, :half])
    assert np.isfinite(joined[:, :half]).any() and np.isnan(joined[:, half:]).all()


def test_a_region_of_one_frame_without_ground_ends_with_its_line(tmp_path, capsys):
    jobs = FrameJobs(tmp_path, "f0", INCOHERENT)
    for rule in ("stack_rates", "sbas"):
        with pytest.raises(SystemExit):
            jobs.rates(rule, more={"timeseries": str(tmp_path / "timeseries.nc")})
        assert capsys.readouterr().err == (
            "E3008 no cell has enough valid pairs; cure: lower rates.pair_coherence, or add dates\n"
        )
        assert not (tmp_path / "f0" / rule).exists() or not list((tmp_path / "f0" / rule).iterdir())


def test_a_frame_that_one_date_misses_is_stacked_and_not_inverted(tmp_path):
    """SBAS needs a chain of pairs through all dates, as in a cell; stacking does not."""
    jobs = FrameJobs(tmp_path, LOST, WITHOUT_LAST)
    rates = jobs.rates("stack_rates")
    assert np.isfinite(raster.read(rates["los_rate_mm_per_yr"])).any()
    names = (*layers.RATES, "temporal_coherence", "residual_rms_rad")
    sbas = jobs.rates("sbas", names, {"timeseries": str(tmp_path / "timeseries.nc")})
    empty(sbas)
    assert read_json(sbas["reference"])["reason"].startswith("no rates: the usable pairs form 2 islands")


def test_a_window_of_two_pairs_ends_with_its_line_in_every_frame(tmp_path, capsys):
    jobs = FrameJobs(tmp_path, STILL, SEEN)
    inputs = {kind: paths[:2] for kind, paths in jobs.pairs.items()} | {"elevation": jobs.ground["elevation_m"]}
    inputs |= {"layover_shadow": jobs.ground["layover_shadow"], "loop_errors": []}
    with pytest.raises(SystemExit):
        made = outputs(tmp_path, layers.RATES, "reference", "sidecar")
        jobs.run("stack_rates", inputs, made, pairs=VALLEY.pairs[:2])
    assert capsys.readouterr().err.startswith("E3008 2 pairs with valid phase, a rate with its error needs 3; cure: ")


def test_a_region_of_one_cell_ends_with_one_line(tmp_path, capsys):
    jobs = FrameJobs(tmp_path, "f0", SEEN, part_of(WEST, slice(0, 1), slice(0, 1)))
    quality = outputs(tmp_path / "quality", layers.CLOSURE, "about")
    assert raster.read(jobs.run("closure", jobs.pairs, quality)["closure_rms_rad"]).shape == (1, 1)
    jobs.run("phase_bias", jobs.pairs, outputs(tmp_path / "quality", layers.PHASE_BIAS, "about"))
    paths = {"unwrapped": str(tmp_path / "unw_rad.tif"), "conncomp": str(tmp_path / "conncomp.tif")}
    inputs = {"wrapped": jobs.pairs["wrapped"][0], "coherence": jobs.pairs["coherence"][0]}
    inputs |= {"about": jobs.pairs["sidecars"][0], "layover_shadow": jobs.ground["layover_shadow"]}
    with pytest.raises(SystemExit):
        jobs.run("unwrap", inputs, paths | {"sidecar": str(tmp_path / "unwrap.json")}, **UNWRAP)
    (line,) = capsys.readouterr().err.splitlines()
    assert re.fullmatch(r"E3006 .*\(1, 1\).*; cure: .+", line)
    for rule, names in (("average_phase", (*layers.AVERAGES, *layers.OF_PAIRS)), ("stack_rates", layers.RATES)):
        with pytest.raises(SystemExit):
            jobs.rates(rule, names)
        (line,) = capsys.readouterr().err.splitlines()
        assert re.fullmatch(r"E3008 .+; cure: .+", line)

"""A frame without ground for a rate beside one that has it: from its pairs to an empty file of candidates."""

from pathlib import Path

import numpy as np
import pytest

from sarslide import layers
from sarslide.frames import Frame
from sarslide.grid import RegionGrid
from sarslide.inventory import attributes
from sarslide.io import raster, series, vector
from sarslide.io.sidecar import read_json, write_json
from sarslide.rates.levelling import MIN_STABLE_CELLS
from sarslide.report.reading import reference
from tests.segment.test_segment_script import write_weights
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
# Of all pairs of the frame: phase with coherence; phase without; none, where at most one date sees the frame.
SEEN, INCOHERENT, UNSEEN = "seen", "incoherent", "unseen"


def pair_files(folder: Path, grid: RegionGrid, kind: str) -> dict:
    """Files of the pairs by the names of the rules."""
    files: dict = {name: [] for name in ("unwrapped", "wrapped", "coherence", "conncomp", "sidecars")}
    missing = np.nan if kind == UNSEEN else 0.0
    for pair in VALLEY.pairs:
        wrapped, coherence = VALLEY.read_wrapped(pair)
        coherent = coherence if kind == SEEN else np.full(SHAPE, 0.05) + missing
        made = {
            "unwrapped": ("unw_rad", VALLEY.read(pair)[0] + missing),
            "wrapped": ("wrapped_rad", np.stack([wrapped, wrapped]) + missing),
            "coherence": ("cor", coherent.astype(np.float32)),
            "conncomp": ("conncomp", np.full(SHAPE, kind != UNSEEN, np.uint16)),
        }
        for name, (layer, values) in made.items():
            raster.write(folder / f"{pair}.{layer}.tif", values, grid, layer)
            files[name].append(str(folder / f"{pair}.{layer}.tif"))
        about = {
            "wavelength_m": WAVELENGTH_M,
            "looks": 20.0,
            "bperp_m": 10.0,
            "coherence_window": 3,
            "free_level": False,
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
        raster.write(folder / f"{layer}.tif", array, grid, layer)
    return {layer: str(folder / f"{layer}.tif") for layer in values}


def outputs(folder: Path, names, *others: str) -> dict:
    """Rasters by layer, records by name."""
    return {name: str(folder / f"{name}.tif") for name in names} | {
        name: str(folder / f"{name}.json") for name in others
    }


class FrameJobs:
    """The jobs of a frame, each by its own script."""

    def __init__(self, folder: Path, name: str, kind: str) -> None:
        self.folder, self.name, self.grid = folder / name, name, FRAMES[name].grid if name in FRAMES else WEST
        self.folder.mkdir(parents=True)
        self.pairs = pair_files(self.folder, self.grid, kind)
        self.ground = ground_files(self.folder, self.grid, kind)

    def run(self, rule: str, inputs: dict, made: dict, **params) -> dict:
        wildcards = {"frame": self.name, "stack": "A128", "pair": VALLEY.pairs[0]}
        settings = {"grid": self.grid.to_dict()} | PAIRS | params
        run_script(rule, self.folder, inputs, made, wildcards, {"device": "cpu"}, **settings)
        return made

    def rates(self, rule: str, names=layers.RATES, more: dict | None = None) -> dict:
        """The files of a rule that makes rates or averages."""
        inputs = self.pairs | {"elevation": self.ground["elevation_m"], "layover_shadow": self.ground["layover_shadow"]}
        inputs |= {
            "slant_range": self.ground["slant_range_m"],
            "incidence": self.ground["incidence_deg"],
            "loop_errors": "",
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

    seen = outputs(tmp_path / "seen", ("downslope_sensitivity", "r_index", "observable_class"), "sidecar")
    limits = {name: RULES[name] for name in ("min_coherence", "min_sensitivity")}
    jobs.run("observability", jobs.ground | {"mean_coherence": rates["mean_coherence"]}, seen, **limits)
    assert (raster.read(seen["observable_class"]) == 1).all()  # no acquisition, or no pair tied to a reference
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
    jobs.run("level_frames", inputs, levels, frames=views, plane=True, height_correlated=True)
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

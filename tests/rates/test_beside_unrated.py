"""What reads the rates of a frame that has none: MintPy's rules, atmosphere, gradients, series of polygons."""

import csv
from importlib.util import find_spec
from pathlib import Path

import geopandas as gpd
import numpy as np
import pytest
from shapely.geometry import box

from sarslide import layers
from sarslide.errors import RateError
from sarslide.grid import part_of
from sarslide.io import raster, series, vector
from sarslide.io.sidecar import read_json, write_json
from sarslide.rates.ground import Ground
from sarslide.rates.mintpy import steps as mintpy
from sarslide.rates.mintpy.read import levels_m
from sarslide.rates.scatter import STATES, date_scatter
from sarslide.rates.settings import RateSettings
from tests.rates.test_mintpy import ONLY_DEM_ERROR, stand_in
from tests.rates.test_without_ground import (
    FRAMES,
    INCOHERENT,
    LOST,
    REGION,
    SEEN,
    SHAPE,
    STILL,
    UNSEEN,
    VALLEY,
    FrameJobs,
    empty,
    outputs,
)  # fmt: skip
from tests.support.valley import WAVELENGTH_M

UNCOVERED = "no rates: no cell has enough valid pairs"
LOADED = ("mean_coherence", "pair_count", "stable_ground")
READ = (*(layer for layer in layers.RATES if layer not in LOADED), "temporal_coherence")


@pytest.fixture(scope="module")
def still(tmp_path_factory) -> tuple[FrameJobs, dict]:
    """A frame with rates."""
    jobs = FrameJobs(tmp_path_factory.mktemp("still"), STILL, SEEN)
    return jobs, jobs.rates("stack_rates")


@pytest.fixture(scope="module", params=[INCOHERENT, UNSEEN])
def lost(request, tmp_path_factory) -> tuple[FrameJobs, dict]:
    """A frame without rates."""
    jobs = FrameJobs(tmp_path_factory.mktemp("lost"), LOST, request.param)
    return jobs, jobs.rates("stack_rates")


def atmosphere(jobs: FrameJobs, rates: dict) -> dict:
    """Files of the rules `atmosphere` and `atmosphere_figure`."""
    ground = {name: rates[name] for name in ("stable_ground", "reference")}
    inputs = jobs.pairs | ground | {"elevation": jobs.ground["elevation_m"], "loop_errors": []}
    made = outputs(jobs.folder / "atmosphere", (), "sidecar") | {
        "scatter": str(jobs.folder / "atmosphere" / "date_scatter_mm.tif"),
        "table": str(jobs.folder / "atmosphere" / "scatter.csv"),
    }
    jobs.run("atmosphere", inputs, made, atmosphere_km=0.6, atmosphere_days=40.0)
    figure = {"figure": str(jobs.folder / "atmosphere" / "atmosphere_figure.png")}
    return jobs.run("atmosphere_figure", {name: made[name] for name in ("scatter", "table")}, figure) | made


def table(path: str) -> list[dict]:
    with open(path, newline="") as stream:
        return list(csv.DictReader(stream))


def test_the_atmosphere_of_a_frame_without_rates_is_unknown(lost):
    made = atmosphere(*lost)
    assert raster.band_names(made["scatter"]) == list(STATES)
    assert np.isnan(raster.read_all(made["scatter"])).all()
    rows = table(made["table"])
    assert [row["date"] for row in rows] == VALLEY.dates
    assert all(np.isnan(float(row[f"{state.replace(' ', '_')}_mm"])) for row in rows for state in STATES)
    about = read_json(made["sidecar"])
    assert about["reason"] == UNCOVERED and about["rms_mm"] == dict.fromkeys(STATES)
    assert Path(made["figure"]).stat().st_size


def test_the_atmosphere_of_its_neighbour_is_known(still):
    about = read_json(atmosphere(*still)["sidecar"])
    assert about["reason"] is None and 0 < about["rms_mm"]["pair fits"] < about["rms_mm"]["uncorrected"]


def test_scatter_over_dates_is_known_where_no_coarse_cell_is_half_stable():
    """Single stable cells: maps have values, numbers of a date do not."""
    stable = np.zeros(SHAPE, np.uint8)
    stable[::3, ::3] = 2
    ground = Ground.from_layer(VALLEY.elevation_m, stable)
    settings = RateSettings(atmosphere_cells=17.0)
    found = date_scatter(VALLEY.read, VALLEY.pairs, ground, WAVELENGTH_M, settings)
    assert np.isfinite(found.maps()).all()
    assert np.isnan(found.of_dates("filter")).all() and found.rms() == dict.fromkeys(STATES)


def test_phase_gradients_of_a_frame_without_stable_ground_are_unknown(lost):
    jobs, _ = lost
    average = jobs.rates("average_phase", (*layers.AVERAGES, *layers.OF_PAIRS))
    made = outputs(jobs.folder / "phase_gradient", layers.PHASE_GRADIENTS, "sidecar")
    inputs = jobs.pairs | {"elevation": jobs.ground["elevation_m"], "stable_ground": average["stable_ground"]}
    jobs.run("phase_gradient", inputs, made)
    assert all(np.isnan(raster.read(made[layer])).all() for layer in layers.PHASE_GRADIENTS)
    about = read_json(made["sidecar"])["reference"]
    assert (about["cells"], about["reason"]) == (0, "no rates: no stable ground for the phase gradient")


def polygon_series(jobs: FrameJobs, rates: dict, more: dict) -> tuple[list[dict], dict]:
    """Rows and sidecar of the rule `series` on a square of 10 by 10 cells in the core of each frame."""
    east = {STILL: 20, LOST: 100}
    squares = [part_of(REGION, slice(20, 30), slice(col, col + 10)).bounds for col in east.values()]
    mine = gpd.GeoDataFrame({"id": list(east)}, geometry=[box(*square) for square in squares], crs=REGION.epsg)
    vector.write(jobs.folder / "mine.gpkg", mine, "mine")
    inputs = jobs.pairs | more | {"reference": rates["reference"], "polygons": str(jobs.folder / "mine.gpkg")}
    raster.write(jobs.folder / "heading_deg.tif", np.full(jobs.grid.shape, 347.0), jobs.grid, "heading_deg")
    inputs |= {"height_wgs84": jobs.ground["elevation_m"], "incidence_angle": jobs.ground["incidence_deg"]}
    inputs |= {"track_angle": str(jobs.folder / "heading_deg.tif")}
    inputs |= {name: jobs.ground[name] for name in layers.LINE_OF_SIGHT}
    made = {"table": str(jobs.folder / "polygons.csv"), "sidecar": str(jobs.folder / "polygons.json")}
    jobs.run("series", inputs, made, region=REGION.to_dict(), frame=FRAMES[jobs.name].to_dict())
    return table(made["table"]), read_json(made["sidecar"])


def test_series_of_polygons_in_a_frame_without_rates_are_empty(lost):
    jobs, rates = lost
    for more in ({"stable_ground": rates["stable_ground"], "loop_errors": []}, of_every_cell(jobs)):
        (row,), about = polygon_series(jobs, rates, more)
        assert (row["pid"], row["cells"], row["mean_velocity"]) == (LOST, "100", "")
        assert [row[date] for date in VALLEY.dates] == [""] * len(VALLEY.dates)
        assert about["reason"] == UNCOVERED and about["without_series"] == [LOST]


def of_every_cell(jobs: FrameJobs) -> dict:
    """The time series that `sbas` and `mintpy` leave in the frame."""
    with series.create(jobs.folder / "timeseries.nc", jobs.grid, VALLEY.dates):
        pass
    return {"timeseries": str(jobs.folder / "timeseries.nc")}


def test_series_of_polygons_in_its_neighbour_are_known(still):
    jobs, rates = still
    (row,), about = polygon_series(jobs, rates, {"stable_ground": rates["stable_ground"], "loop_errors": []})
    planted = VALLEY.los_mm_per_yr[20:30, 20:30].mean()
    assert row["pid"] == STILL and float(row["mean_velocity"]) == pytest.approx(planted, abs=25)  # 1 mm of air, 60 days
    assert about["reason"] is None and about["without_series"] == []


def test_a_named_reference_does_not_hide_that_nothing_is_known(lost):
    jobs, _ = lost
    inputs = jobs.pairs | {"elevation": jobs.ground["elevation_m"], "layover_shadow": jobs.ground["layover_shadow"]}
    disc = jobs.grid.west + 900.0, jobs.grid.north - 900.0, 200.0
    made = outputs(jobs.folder / "named", layers.RATES, "reference", "sidecar")
    empty(jobs.run("stack_rates", inputs | {"loop_errors": []}, made, reference=disc))


def mintpy_load(jobs: FrameJobs) -> dict:
    """Files of the rule `mintpy_load`, all in the folder of the method."""
    folder = jobs.folder / "mintpy"
    inputs = jobs.pairs | jobs.ground | {"elevation": jobs.ground["elevation_m"], "loop_errors": []}
    raster.write(jobs.folder / "heading_deg.tif", np.full(jobs.grid.shape, 347.0), jobs.grid, "heading_deg")
    inputs |= {"heading_deg": str(jobs.folder / "heading_deg.tif")}
    made = outputs(folder, LOADED) | {"stack": str(folder / mintpy.STACK), "geometry": str(folder / mintpy.GEOMETRY)}
    made |= {"sidecar": str(folder / "mintpy_load.json")}
    settings = {"geometry": layers.GEOMETRY, "unwrap_errors": "none", "dem_error": False}
    return jobs.run("mintpy_load", inputs, made, **settings)


def mintpy_rates(jobs: FrameJobs) -> dict:
    """Files of the rules after it, up to the rates."""
    folder, before = jobs.folder / "mintpy", "mintpy_load"
    choice = ONLY_DEM_ERROR | {"dem_error": False, "plane": True}
    steps = mintpy.plan(**choice)
    for step in steps:
        inputs = {"stack": str(folder / mintpy.STACK), "before": str(folder / f"{before}.json")}
        before = f"mintpy_step_{step.name}"
        made = {"made": [str(folder / name) for name in step.makes], "sidecar": str(folder / f"{before}.json")}
        about = {"first": step.first, "last": step.last, "options": step.options}
        jobs.run("mintpy_step", inputs, made, step=step.name, reads=step.reads, makes=step.makes, **about)
        assert all(Path(path).is_file() for path in made["made"])
    inputs = {"series": str(folder / mintpy.series_file(steps)), "before": str(folder / f"{before}.json")}
    inputs |= {"stable_ground": str(folder / "stable_ground.tif"), "about": jobs.pairs["sidecars"][0]}
    made = outputs(folder, READ, "reference") | {"timeseries": str(folder / "timeseries.nc")}
    made |= {"sidecar": str(folder / "mintpy_read.json")}
    settings = {"min_temporal_coherence": 0.3, "dem_error": False}
    return jobs.run("mintpy_read", inputs, made, **settings)


def test_mintpy_leaves_a_frame_without_stable_ground_empty(tmp_path):
    jobs = FrameJobs(tmp_path, LOST, INCOHERENT)
    loaded = mintpy_load(jobs)
    made = mintpy_rates(jobs)
    empty(made | {layer: loaded[layer] for layer in LOADED})
    assert read_json(made["reference"])["reason"] == UNCOVERED
    dates, displacement = series.read(made["timeseries"], slice(0, SHAPE[0]), slice(0, SHAPE[1]))
    assert list(dates) == VALLEY.dates and np.isnan(displacement).all()
    for rule in ("mintpy_load", "mintpy_step", "mintpy_read"):
        assert f"WARNING sarslide.rates.unrated: frame {LOST} has {UNCOVERED}" in jobs.log(rule)


def test_mintpy_in_a_region_of_one_frame_without_stable_ground_ends_with_its_line(tmp_path, capsys):
    jobs = FrameJobs(tmp_path, "f0", INCOHERENT)
    with pytest.raises(SystemExit):
        mintpy_load(jobs)
    cure = "lower rates.pair_coherence, or add dates"
    assert capsys.readouterr().err == f"E3008 no cell has enough valid pairs; cure: {cure}\n"
    assert not (jobs.folder / "mintpy").exists()


def test_mintpy_has_rates_and_reference_where_there_is_stable_ground(tmp_path):
    jobs = FrameJobs(tmp_path, STILL, SEEN)
    loaded = mintpy_load(jobs)
    made = mintpy_rates(jobs)
    rate = raster.read(made["los_rate_mm_per_yr"])
    still = (VALLEY.los_mm_per_yr == 0) & np.isfinite(rate)
    assert still.mean() > 0.5 and abs(np.median(rate[still])) < 15  # 1 mm of air, 60 days
    about = read_json(made["reference"])
    assert about["cells"] == np.count_nonzero(raster.read(loaded["stable_ground"]) == 2)
    assert read_json(loaded["sidecar"])["reference"] == about


def test_a_frame_of_which_mintpy_can_use_too_few_cells_is_empty(tmp_path, monkeypatch):
    """MintPy's own words, which it prints before it plots and ends."""
    words = "Not enough reliable pixels"
    assert words in (Path(find_spec("mintpy").origin).parent / "smallbaselineApp.py").read_text()
    program = stand_in(
        tmp_path / "smallbaselineApp.py", f"print('ERROR: {words} (minimum of 100).')\nraise SystemExit(1)\n"
    )
    monkeypatch.setattr(mintpy, "program", lambda: program)
    jobs = FrameJobs(tmp_path, LOST, SEEN)
    write_json(jobs.folder / "mintpy" / "mintpy_load.json", {"reference": {"cells": 900, "reason": "planted"}})
    (jobs.folder / "mintpy" / "inputs").mkdir()
    (jobs.folder / "mintpy" / mintpy.STACK).touch()
    raster.write(jobs.folder / "mintpy" / "stable_ground.tif", np.full(SHAPE, 2), jobs.grid, "stable_ground")
    made = mintpy_rates(jobs)
    empty(made)
    reason = "no rates: MintPy found fewer than 100 cells with a chain of pairs and sbas.min_temporal_coherence"
    assert read_json(made["reference"])["reason"] == reason


def test_no_cell_of_the_reference_area_is_inverted(tmp_path):
    with pytest.raises(RateError, match="MintPy inverted no cell of the reference area; cure: ") as caught:
        levels_m(tmp_path / "timeseries.h5", np.zeros(SHAPE, bool))
    assert caught.value.of_ground

"""What the studies of whole regions, kills and speed read from their runs."""

import json
import signal
import subprocess
from base64 import urlsafe_b64encode
from types import SimpleNamespace

import geopandas as gpd
import numpy as np
import pytest
from shapely.geometry import box
from studies.frames import demo_speed, kills, whole_region

from sarslide.grid import RegionGrid
from sarslide.io import raster

GRID = RegionGrid(32647, 500_000, 3_201_200, 30, 40, 50)


def test_the_paper_region_has_eight_frames_and_both_tracks():
    config = whole_region.configured(whole_region.keys())
    assert len(config.grid.frames()) == 8 and config.grid.bounds == (495000, 3230400, 524400, 3285600)
    assert config.stacks == ("A099", "D033") and set(config.simulation.first_date) == set(config.stacks)
    assert (config.source, config.simulation.dates, config.rates.method) == ("simulated", 20, "stacking")
    cost = whole_region.expected(config, whole_region.Path("none"))
    assert 1500 < cost["jobs"] < 3000 and cost["memory_mb"] < whole_region.LIMIT_MB


def test_landslides_over_seams_are_those_in_two_cores():
    frames = whole_region.configured(whole_region.keys()).grid.frames()
    # Lines at 510 km east, and at 3240, 3255 and 3270 km north; the bounds of the region are none.
    places = {
        "inside": box(500000, 3250000, 500500, 3250500),
        "at the rim": box(495000, 3230400, 495500, 3230900),
        "touches": box(509000, 3250000, 510000, 3250500),
        "two columns": box(509900, 3250000, 510100, 3250500),
        "two rows": box(500000, 3254990, 500500, 3255010),
        "a corner": box(509900, 3269900, 510100, 3270100),
    }
    landslides = gpd.GeoDataFrame({"planted_id": list(places)}, geometry=list(places.values()), crs=32647)
    assert whole_region.over_seams(landslides, frames) == ["two columns", "two rows", "a corner"]


def test_the_seed_is_the_first_with_landslides_enough_over_seams(tmp_path, monkeypatch):
    across = [box(509900, 3250000 + 1000 * k, 510100, 3250500 + 1000 * k) for k in range(5)]

    def world(region, seed, settings):
        kept = across[: min(seed - whole_region.FIRST_SEED, 5)]
        table = gpd.GeoDataFrame({"planted_id": [f"L{k}" for k in range(len(kept))]}, geometry=kept, crs=32647)
        return SimpleNamespace(seed=seed, landslides=table)

    monkeypatch.setattr(whole_region, "build_world", world)
    assert whole_region.chosen_seed(tmp_path) == whole_region.FIRST_SEED + 5
    monkeypatch.setattr(whole_region, "build_world", None)  # read, not made again
    assert whole_region.chosen_seed(tmp_path) == whole_region.FIRST_SEED + 5


def test_jobs_that_a_new_date_should_not_have():
    new = {"A099": "20191103", "D033": "20191029"}
    own = [
        "simulate_date/A099/20191103.tsv",
        "geocode_slc/A099/f33_215/20191103.tsv",
        "unwrap/D033/f34_218/20191005_20191029.tsv",
        "stack_rates/A099/f33_215.tsv",
        "release.tsv",
    ]
    foreign = [
        "geocode_slc/A099/f33_215/20191029.tsv",  # the new date of the other track
        "interferogram/D033/f34_218/20190911_20190923.tsv",
        "terrain/f33_215.tsv",
        "simulate_world.tsv",
        "stack_geometry/A099/f33_215.tsv",
    ]
    assert whole_region.foreign_jobs([*own, *foreign], new) == foreign


def test_the_small_demo_is_cut_into_four_frames():
    config = kills.config()
    assert len(config.grid.frames()) == 4 and len(config.stacks) == 1
    region = config.grid.region_grid()
    assert sum(frame.core.rows * frame.core.cols for frame in config.grid.frames()) == region.rows * region.cols


@pytest.mark.parametrize(("last", "killed", "code"), [("sleep 600", True, -signal.SIGKILL), ("true", False, 0)])
def test_a_run_is_killed_once_so_many_jobs_have_begun(tmp_path, monkeypatch, last, killed, code):
    """Of a run that ends earlier it is said."""
    logs = tmp_path / "simulated/logs" / kills.REGION
    logs.mkdir(parents=True)
    (logs / "simulate_world.log").touch()  # of the copy, not of the run
    run, started = kills.Run(tmp_path / "run", tmp_path / "simulated"), []

    def start(word):
        script = f"touch logs/{kills.REGION}/a.log logs/{kills.REGION}/b.log; {last}"
        started.append(subprocess.Popen(["sh", "-c", script], cwd=run.folder, start_new_session=True))
        return started[0]

    monkeypatch.setattr(run, "start", start)
    assert run.killed(2 if killed else 3, 0.0) == killed
    assert started[0].returncode == code and run.begun() == 3


def test_unfinished_outputs_are_read_from_the_marks_of_snakemake(tmp_path):
    output = "results/demo_small/D062/f345_2138/native/ifg/20190311_20190323.wrapped_rad.tif"
    for path in (output, "results/demo_small/" + 40 * "long/" + "f346_2139/layer.tif"):
        name = urlsafe_b64encode(path.encode()).decode()
        *folders, last = [name[start : start + 250] for start in range(0, len(name), 250)]
        place = tmp_path.joinpath(".snakemake/incomplete", *(f"@{folder}" for folder in folders))
        place.mkdir(parents=True, exist_ok=True)
        (place / last).write_text("{}")
    found = list(kills.unfinished(tmp_path))
    assert output in found and len(found) == 2
    assert {kills.FRAME.search(path)[1] for path in found} == {"f345_2138", "f346_2139"}


def test_kills_count_where_all_contents_are_the_same():
    line = {"killed": True, "frames": ["f1_2"], "other": []}
    lines = [*[line] * 15, *[line | {"frames": []}] * 5, line | {"killed": False, "frames": []}]
    same, inside = kills.rows(lines, 20)
    assert (same["measured"], same["met"], inside["measured"], inside["met"]) == ("20 of 20", True, 15, True)
    lines[0] = line | {"other": ["release 1"]}
    same, _ = kills.rows(lines, 20)
    assert (same["measured"], same["met"]) == ("19 of 20", False)


def test_rules_of_two_demos_in_turn():
    before = [{"simulate_stack": 400.0, "unwrap": 100.0, "gone": 5.0}, {"simulate_stack": 420.0, "unwrap": 100.0}]
    now = [{"simulate_stack": 210.0, "unwrap": 90.0}, {"simulate_stack": 230.0, "unwrap": 90.0}]
    total, first, second, gone = demo_speed.cost_rows(before, now)
    assert (total["measured"], total["before"], total["met"]) == (310, 512, True)
    assert (first["what"], first["measured"], first["before"]) == (
        "valley, the demo before: CPU s of simulate_stack",
        220.0,
        410.0,
    )
    assert (second["measured"], second["before"]) == (90.0, 100.0)
    assert (gone["measured"], gone["before"]) == (0.0, 5.0)


@pytest.mark.parametrize(("shift", "met"), [(0.0, True), (2e-4, True), (0.01, False)])
def test_outputs_of_two_runs_agree(tmp_path, shift, met):
    """af6a4ef has no frames in its paths; incoherent cells do not count."""
    write_results(tmp_path / "before", "", 0.0)
    write_results(tmp_path / "now", "f0", shift)
    rows = demo_speed.agreement_rows(tmp_path / "before", tmp_path / "now", ("A128",))
    # A shift of the outlines by 1 m is one of 0.99, by 50 m is none.
    assert [one["met"] for one in rows] == [met] * 3


def write_results(results, frame: str, shift: float) -> None:
    """One pair, one map and one object, shifted in phase, probability and ground."""
    place = results / "A128" / frame / "native"
    coherence = np.full((40, 50), 0.8)
    coherence[:, :5] = 0.2
    phase = np.linspace(-3.1, 3.1, 2000).reshape(40, 50) + shift
    phase[:, :5] += 1
    layers = {
        "ifg/20190306_20190318.wrapped_rad": np.angle(np.exp(1j * np.stack([phase, 0 * phase]))),
        "ifg/20190306_20190318.cor": coherence,
        f"stacking/segment/{demo_speed.MODEL}/probability": 0.5 + shift + np.zeros((40, 50)),
    }
    for name, values in layers.items():
        path = place / f"{name}.tif"
        path.parent.mkdir(parents=True, exist_ok=True)
        raster.write(path, values.astype("float32"), GRID, path.stem.split(".")[-1])
    (place / "ifg/20190306_20190318.json").write_text("{}")
    release = results / "inventory/releases/one"
    release.mkdir(parents=True)
    (results / "inventory/current.json").write_text(json.dumps({"release": "one"}))
    east = 500000 + 5000 * shift
    outline = gpd.GeoDataFrame(geometry=[box(east, 3200000, east + 400, 3200400)], crs=32647)
    outline.to_file(release / "landslides.gpkg", layer="landslides")

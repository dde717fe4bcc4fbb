"""A region of two products, from their files to releases: what its plan makes, and what a new delivery changes."""

import csv
import json
import math
import subprocess
import sys
from pathlib import Path

import pytest
from shapely import Point

from sarslide.displacement import region
from sarslide.io import raster, vector
from tests.conftest import REPOSITORY
from tests.displacement import products
from tests.displacement.products import GRID
from tests.support.planned_regions import regions
from tests.support.plans import plan


def test_no_rule_that_reads_pairs_is_planned(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    planned = plan(tmp_path, regions(tmp_path)["displacement"].config)
    of_pairs = {"network", "closure", "phase_bias", "average_phase", "ingest_files", "stack_rates", "atmosphere"}
    assert {"ingest_displacement", "candidates", "east_up", "release", "report"} <= planned.rules()
    assert not planned.rules() & of_pairs
    assert sum(job.rule == "ingest_displacement" for job in planned.jobs.values()) == 2


def run(folder: Path) -> None:
    """All that a run of the region makes."""
    command = [sys.executable, "-m", "snakemake", "--snakefile", str(REPOSITORY / "Snakefile"), "--cores", "1"]
    words = ("--directory", str(folder), "--config", "region=tiny")
    done = subprocess.run([*command, *words], cwd=folder, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr


def current(folder: Path) -> Path:
    inventory = folder / "results/tiny/inventory"
    return inventory / json.loads((inventory / "current.json").read_text())["path"]


@pytest.mark.full
def test_two_tracks_become_one_landslide_that_a_new_delivery_keeps(tmp_path):
    pytest.importorskip("mintpy")
    products.dolphin(tmp_path / "A117")
    (tmp_path / "D066").mkdir()
    products.mintpy(tmp_path / "D066", 192.0)
    dem = GRID.pad(3000)
    heights = 1000 + 0.4 * (dem.x() - dem.west)[None, :].repeat(dem.rows, 0)
    raster.write(tmp_path / "dem.tif", heights, dem, "dem_m", {"vertical": "ellipsoidal"})
    tracks = {stack: str(tmp_path / stack) for stack in ("A117", "D066")}
    region.begin("tiny", tracks, {}, str(tmp_path / "dem.tif"), 32632, GRID.bounds, folder=tmp_path)
    run(tmp_path)
    first = current(tmp_path)
    (landslide,) = vector.read(first / "landslides.gpkg", "landslides").to_dict("records")
    # Of 61 mm/yr in the middle: the ellipses of the half of it, and of 10 mm/yr.
    areas = [math.pi * 0.2 * 0.25 * math.log(61 / speed) for speed in (30.5, 10)]
    assert areas[0] < landslide["area_km2"] < areas[1]
    assert landslide["geometry"].centroid.distance(Point(576900, 5161000)) < 60
    report = (tmp_path / "results/tiny/report/report.html").read_text()
    assert "Displacement products." in report and "MintPy, 2020-01-01 to 2020-12-01, 12 dates" in report

    products.geotiff(tmp_path / "A117/timeseries/20200101_20210101.tif", "meters", 1.002e-3, 1)
    run(tmp_path)
    second = current(tmp_path)
    assert second.name.startswith("20210101") and second != first
    (kept,) = vector.read(second / "landslides.gpkg", "landslides").to_dict("records")
    assert kept["ls_id"] == landslide["ls_id"]
    changes = list(csv.DictReader((second / "CHANGES.csv").open()))
    assert {row["change"] for row in changes} <= {"persisting", "grown", "shrunk", "accelerated", "decelerated"}

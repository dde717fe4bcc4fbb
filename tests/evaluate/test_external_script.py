"""The rule score_external on a release: its files, whatever the CRS of its inputs."""

import csv
import json

import geopandas as gpd
import numpy as np
import pytest
from shapely.geometry import MultiPolygon

from sarslide.inventory import records
from sarslide.inventory.changes import LANDSLIDES
from sarslide.io import raster, vector
from tests.support.report_inputs import ellipses, write_release
from tests.support.rule_jobs import run_script

SETTINGS = {"layer": "", "name_column": "", "class_column": "kind", "complete": True}
SETTINGS |= {"match_iou": 0.3, "min_area_km2": 0.0, "seen_column": "seen"}


@pytest.fixture(scope="module")
def release(tmp_path_factory):
    """Ten released landslides, four masked; A128 observes everything, D062 nothing."""
    from sarslide.grid import RegionGrid

    folder, rng = tmp_path_factory.mktemp("release"), np.random.default_rng(5)
    grid = RegionGrid(32647, 515130, 3215640, 300.0, 51, 27)
    current = write_release(folder / "inventory", *(ellipses(grid, rng, count) for count in (10, 1, 4)), rng)
    observable = []
    for track, hidden in (("A128", 0), ("D062", 2)):
        observable.append(folder / f"{track}.tif")
        raster.write(observable[-1], np.full(grid.shape, hidden, np.uint8), grid, "observable_class")
    return grid, current, observable


def scored(release, folder, inventory=(), points=(), area=()):
    grid, current, observable = release
    outputs = {"scores": "scores.json", "matches": "matches.csv", "objects": "external.gpkg"}
    made = {name: str(folder / file) for name, file in outputs.items()}
    inputs = {"inventory": list(inventory), "points": list(points), "area": list(area)}
    inputs |= {"current": str(current), "observable": [str(path) for path in observable]}
    run_script("score_external", folder, inputs, made, grid=grid.to_dict(), stacks=("A128", "D062"), **SETTINGS)
    with open(made["matches"]) as stream:
        return json.loads((folder / "scores.json").read_text()), list(csv.DictReader(stream)), made["objects"]


@pytest.mark.parametrize("crs", [32647, 4326, 32648])
def test_the_released_landslides_as_an_inventory_match_one_to_one(release, tmp_path, crs):
    """Half of them as parts of one feature each, without the last three: precision 0.7, all by A128 alone."""
    grid, current, _ = release
    frame = vector.read(records.folder_of(current) / records.PACKAGE, LANDSLIDES)
    shapes = [MultiPolygon([shape]) if k % 2 else shape for k, shape in enumerate(frame.geometry[:7])]
    given = gpd.GeoDataFrame({"kind": ["slide"] * 7}, geometry=shapes, crs=32647).to_crs(crs)
    given.to_file(tmp_path / "slides.gpkg")
    checks = gpd.GeoDataFrame({"seen": [True]}, geometry=[frame.geometry[0].representative_point()], crs=32647)
    checks.to_crs(crs).to_file(tmp_path / "checks.geojson")
    scores, rows, objects = scored(release, tmp_path, [tmp_path / "slides.gpkg"], [tmp_path / "checks.geojson"])
    inventory = scores["inventory"]
    assert (inventory["external"], inventory["counted"], inventory["judged"]) == (7, 7, 10)
    assert inventory["matched"]["recall"] == 1 and inventory["matched"]["precision"] == 0.7
    assert inventory["kinds"]["slide"]["found"] == 7
    assert (inventory["tracks"]["A128"]["landslides"], inventory["tracks"]["D062"]["landslides"]) == (7, 0)
    assert [row["matched"] for row in rows[:7]] == list(frame.ls_id[:7]) and len(rows) == 17
    assert [row["matched"] for row in rows[7:]] == [*(f"X{k:04d}" for k in range(1, 8)), "", "", ""]
    assert float(rows[0]["iou"]) == pytest.approx(1, abs=1e-3)  # edges of 100 m, straight in another CRS
    assert scores["points"]["confirmed"] == 1 and scores["points"]["precision"] is None
    layers = {name: len(vector.read(objects, name)) for name in ("external", "released", "points")}
    assert layers == {"external": 7, "released": 10, "points": 1}


def test_checks_alone(release, tmp_path):
    (tmp_path / "checks.csv").write_text("lon,lat,seen\n99.2,29.0,no\n")
    scores, rows, objects = scored(release, tmp_path, points=[tmp_path / "checks.csv"])
    assert scores["inventory"] is None and not rows and scores["points"]["checks"] == 1
    assert vector.read(objects, "external").empty


def test_the_same_inputs_give_the_same_bytes(release, tmp_path):
    frame = vector.read(records.folder_of(release[1]) / records.PACKAGE, LANDSLIDES)
    frame[["geometry"]].assign(kind="slide").to_file(tmp_path / "slides.gpkg")
    made = []
    for name in ("one", "other"):
        (tmp_path / name).mkdir()
        scored(release, tmp_path / name, [tmp_path / "slides.gpkg"], area=[tmp_path / "slides.gpkg"])
        made.append([(tmp_path / name / file).read_bytes() for file in ("scores.json", "matches.csv", "external.gpkg")])
    assert made[0] == made[1]

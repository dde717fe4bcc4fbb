"""Files of ground that cannot be used: one coded line each, before any job."""

import re

import geopandas as gpd
import numpy as np
import pytest
import rasterio
import yaml
from rasterio.transform import from_origin
from shapely.geometry import LineString, Point, box

from sarslide.config import load
from sarslide.errors import ConfigError
from sarslide.preflight import checks, ground
from sarslide.preflight.finding import ERROR, GOOD, NOTE
from tests.conftest import REPOSITORY

INSIDE = box(518000, 3207000, 518400, 3207400)  # of demo_small
AROUND = [box(400000, 3100000, 400100, 3300000), box(600000, 3300000, 600400, 3300400)]


def written(path, shapes, **columns):
    gpd.GeoDataFrame(columns, geometry=list(shapes), crs=32647).to_crs(4326).to_file(path)
    return str(path)


def found(**keys):
    """Subject, level and line of each finding of a region."""
    config = load({"region": "demo_small", "ground": keys})
    return [(one.check, one.level, f"{one.code} {one.found}; {one.cure}") for one in ground.files(config)]


def cover(path, number=30, west=517000, **about):
    place = {"crs": "EPSG:32647", "transform": from_origin(west, 3211000, 100, 100), "dtype": "uint8", "nodata": 0}
    with rasterio.open(path, "w", "GTiff", 60, 60, 1, **(place | about)) as target:
        target.write(np.full((60, 60), number, np.uint8), 1)
    return str(path)


def test_what_there_is_is_said(tmp_path):
    ice = written(tmp_path / "ice.gpkg", [INSIDE])
    none = written(tmp_path / "rgi.shp", AROUND)
    road = written(tmp_path / "roads.gpkg", [LineString([(518000, 3207000), (519000, 3208000)])])
    land = cover(tmp_path / "cover.tif")
    snow = {"file": land, "classes": [70], "legend": "worldcover"}
    masks = {"ice": {"file": ice}, "glacier": {"file": none}, "snow": snow, "grass": snow | {"classes": [30]}}
    roads = {"roads": {"file": road, "measure": "length"}}
    assert found(masks=masks, land_cover=land, exposure=roads) == [
        ("ground ice", GOOD, f" {ice}: 1 outlines in the region; "),
        ("ground glacier", NOTE, f" {none}: nothing of it in the region; "),
        ("ground snow", NOTE, f" {land}: nothing of it in the region; "),
        ("ground grass", GOOD, f" {land}: classes 30 in the region; "),
        ("ground land_cover", GOOD, f" {land}: 1 classes in the region; "),
        ("ground roads", GOOD, f" {road}: 1 features in the region and around it; "),
    ]
    assert found() == []


@pytest.mark.parametrize(
    ("key", "line"),
    [
        ("absent", "E1001 ground.masks.x = PATH does not exist; correct the path, or bring the file"),
        ("alps", "E1005 PATH: lies elsewhere, it does not reach the region; check its CRS and place"),
        ("points", "E1005 PATH: holds Point; give polygons, or their width as buffer_m"),
    ],
)
def test_vector_files(tmp_path, key, line):
    path = tmp_path / "x.gpkg"
    if key != "absent":
        written(path, [box(1e5, 5e6, 2e5, 5.1e6)] if key == "alps" else [Point(518000, 3207000)])
    ((check, level, text),) = found(masks={"x": {"file": str(path)}})
    assert (check, level) == ("ground x", ERROR) and text.startswith(line.replace("PATH", str(path)))


def test_rasters(tmp_path):
    wrong = cover(tmp_path / "own.tif", 7)
    ((_, level, text),) = found(land_cover=wrong)
    assert level == ERROR and text.startswith(f"E1002 {wrong}: has class 7, which worldcover has not; ")
    assert found(land_cover=wrong, land_cover_legend="none")[0][1] == GOOD
    far = cover(tmp_path / "far.tif", west=717000)
    assert "lies elsewhere" in found(masks={"water": {"file": far, "classes": [80]}})[0][2]


def test_a_run_is_told_before_its_first_job(tmp_path):
    config = load({"region": "demo_small", "ground": {"masks": {"ice": {"file": str(tmp_path / "absent.shp")}}}})
    lines = {one.check: one for one in checks.of_region(config, tmp_path)}
    assert lines["ground ice"].level == ERROR and lines["ground ice"].code == "E1001"


@pytest.mark.parametrize(
    ("keys", "line"),
    [
        (
            {"masks": {"water": {"file": "a.tif", "legend": "worldcover", "classes": [81]}}},
            "masks.water.classes: worldcover has no class 81; cure: use 10 (tree cover)",
        ),
        (
            {"masks": {"water": {"file": "a.tif", "legend": "scl", "classes": [6], "buffer_m": 5}}},
            "masks.water.legend = scl is of a raster",
        ),
        ({"masks": {"too_flat": {"file": "a.shp"}}}, "masks: 'too_flat' means something else"),
        ({"masks": {"land_cover": {"file": "a.shp"}}}, "masks: 'land_cover' means something else"),
        ({"masks": {"mine": {"file": "a.shp", "column": "fclass"}}}, "masks.mine.column = fclass without classes"),
        ({"masks": {"mine": {"fil": "a.shp"}}}, "masks.mine.fil'; cure: did you mean 'file'?"),
        (
            {"masks": {"mine": {"file": "https://example.org/a"}}},
            "masks.mine.file: 'https://example.org/a' is an address",
        ),
        ({"exposure": {"roads": {"file": "a.shp", "classes": ["primary"]}}}, "exposure.roads.classes without a column"),
        ({"exposure": {"roads_100m": {"file": "a.shp"}}}, "exposure: 'roads_100m' ends like a distance"),
        ({"land_cover_legend": "scl"}, "land_cover_legend = 'scl' has no effect: it needs ground.land_cover set"),
    ],
)
def test_keys_that_contradict_each_other(keys, line):
    with pytest.raises(ConfigError) as caught:
        load({"region": "demo_small", "ground": keys})
    assert f"ground.{line}" in str(caught.value) and all(
        one.startswith("E1001 config: ") for one in str(caught.value).splitlines()
    )


def test_the_examples_of_the_page_are_configurations():
    page = (REPOSITORY / "docs/howto/fooling-ground.md").read_text()
    blocks = re.findall(r"```yaml\n(.*?)```", page, re.DOTALL)
    assert len(blocks) == 2
    for block in blocks:
        assert load({"region": "demo_small"} | yaml.safe_load(block)).ground.masks

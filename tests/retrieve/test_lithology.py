"""A geological map to rock classes: cell centres in polygons by shapely, other CRS, broken shapes, values without a class."""

import csv
import runpy
from types import SimpleNamespace

import geopandas as gpd
import numpy as np
import pytest
import shapely
from pyproj import Transformer
from shapely.geometry import MultiPolygon, Polygon, box

from sarslide.errors import VectorError
from sarslide.grid import RegionGrid
from sarslide.io import raster
from sarslide.layers import LITHOLOGY
from sarslide.retrieve.lithology import CODES, rock_classes

GRID = RegionGrid(32647, 519000.0, 3208500.0, 30.0, 120, 90)
WEST, SOUTH, EAST, NORTH = GRID.bounds


def map_file(folder, shapes, values, name="rocks.gpkg", epsg=32647, column="xx", **options):
    frame = gpd.GeoDataFrame({column: values}, geometry=list(shapes), crs=f"EPSG:{epsg}")
    frame.to_file(folder / name, engine="pyogrio", **options)
    return folder / name


def random_polygons(count=12, seed=3):
    rng = np.random.default_rng(seed)
    angle = np.sort(rng.uniform(0, 2 * np.pi, (count, 9)))
    centre = np.stack([rng.uniform(WEST, EAST, count), rng.uniform(SOUTH, NORTH, count)], 1)[:, None]
    radius = rng.uniform(300, 1200, (count, 9, 1))
    return [Polygon(p) for p in centre + radius * np.stack([np.cos(angle), np.sin(angle)], -1)]


@pytest.mark.parametrize(("name", "epsg"), [("m.gpkg", 32647), ("m.shp", 32648), ("m.geojson", 4326)])
def test_the_class_at_the_centre_of_a_cell(tmp_path, name, epsg):
    """shapely at the cells' centres in the map's own CRS; where polygons overlap the later one counts."""
    words = ["su", "ss", "sc", "mt", "vb", "wb"] * 2
    shapes = gpd.GeoSeries(random_polygons(), crs=32647).to_crs(epsg)
    found, legend = rock_classes(map_file(tmp_path, shapes, words, name, epsg), "", "xx", {}, GRID)
    x, y = Transformer.from_crs(32647, epsg, always_xy=True).transform(*np.meshgrid(GRID.x(), GRID.y()))
    truth, sure = np.zeros(GRID.shape, np.uint8), np.ones(GRID.shape, bool)
    edge = 0.5 * (1 if epsg != 4326 else 1e-5)  # m: within it the two CRS may disagree
    for shape, word in zip(shapes, words, strict=True):
        inside = shapely.contains_xy(shape, x, y)
        truth[inside] = CODES[word]
        sure &= shapely.distance(shapely.boundary(shape), shapely.points(x, y)) > edge
    assert sure.mean() > 0.98 and len(np.unique(truth)) == 6
    assert np.array_equal(found[sure], truth[sure])
    assert sum(row["cells"] for row in legend if row["code"]) == (found > 0).sum()


def test_a_long_edge_of_degrees_is_a_curve_in_metres(tmp_path):
    """A parallel over ten degrees: straight in the file, 2 km off a straight line in the region's CRS."""
    middle = Transformer.from_crs(32647, 4326, always_xy=True).transform((WEST + EAST) / 2, (SOUTH + NORTH) / 2)[1]
    path = map_file(
        tmp_path, [box(94, middle, 104, middle + 5), box(94, middle - 5, 104, middle)], ["sc", "mt"], epsg=4326
    )
    found, _ = rock_classes(path, "", "xx", {}, GRID)
    _, lat = Transformer.from_crs(32647, 4326, always_xy=True).transform(*np.meshgrid(GRID.x(), GRID.y()))
    sure = np.abs(lat - middle) > 1e-5  # 1 m
    assert np.array_equal(found[sure], np.where(lat > middle, CODES["sc"], CODES["mt"])[sure])


def test_values_of_any_map(tmp_path):
    half = box(WEST, SOUTH, (WEST + EAST) / 2, NORTH)
    path = map_file(
        tmp_path, [half, box(EAST - 300, SOUTH, EAST, NORTH)], ["Schist, Pt2", None], column="rock", layer="map"
    )
    found, legend = rock_classes(path, "map", "rock", {"Schist, Pt2": "mt"}, GRID)
    assert (found[:, :45] == CODES["mt"]).all() and not found[:, 45:].any()
    assert [(row["value"], row["class"], row["code"], row["cells"]) for row in legend] == [
        ("", "nd", 0, 1200),
        ("Schist, Pt2", "mt", 7, 5400),
    ]
    assert legend[1]["rock"] == LITHOLOGY["mt"] and list(LITHOLOGY).index("mt") + 1 == 7


def test_a_crossed_polygon_is_repaired(tmp_path):
    """A bow tie covers both its triangles, half of the square."""
    bow = Polygon([(WEST, SOUTH), (EAST, NORTH), (EAST, SOUTH), (WEST, NORTH)])
    found, _ = rock_classes(map_file(tmp_path, [MultiPolygon([bow])], ["pa"]), "", "xx", {}, GRID)
    x, y = np.meshgrid((GRID.x() - WEST) / (EAST - WEST), (GRID.y() - SOUTH) / (NORTH - SOUTH))
    sure = (np.abs(x - y) > 0.01) & (np.abs(x + y - 1) > 0.01)
    assert np.array_equal(found[sure] > 0, ((x < y) == (x + y < 1))[sure])


def test_bad_maps(tmp_path):
    everywhere = [box(*GRID.bounds)]
    with pytest.raises(
        VectorError, match="E1005 .*a.gpkg: has no attribute 'xx'; cure: set lithology.attribute to one of rock"
    ):
        rock_classes(map_file(tmp_path, everywhere, ["sc"], "a.gpkg", column="rock"), "", "xx", {}, GRID)
    with pytest.raises(
        VectorError,
        match="E1005 .*b.gpkg: rock = 'schist' has no class; cure: map it in lithology.classes to one of su",
    ):
        rock_classes(map_file(tmp_path, everywhere, ["schist"], "b.gpkg", column="rock"), "", "rock", {}, GRID)
    with pytest.raises(VectorError, match="E1005 .*b.gpkg: rock = 'schist' 'rock' is no class"):
        rock_classes(tmp_path / "b.gpkg", "", "rock", {"schist": "rock"}, GRID)
    far = map_file(tmp_path, [box(0, 0, 1, 1)], ["sc"], "c.gpkg", 4326)
    with pytest.raises(VectorError, match="E1005 .*c.gpkg: no polygon touches the region"):
        rock_classes(far, "", "xx", {}, GRID)
    with pytest.raises(VectorError, match="E1005 .*d.gpkg: does not exist"):
        rock_classes(tmp_path / "d.gpkg", "", "xx", {}, GRID)


class Named(dict):
    __getattr__ = dict.__getitem__


def test_the_rule_writes_map_and_legend(tmp_path, repository):
    path = map_file(tmp_path, [box(*GRID.bounds)], ["marl"], column="rock")
    files = {"lithology": "lithology.tif", "legend": "legend.csv", "sidecar": "lithology.json"}
    snakemake = SimpleNamespace(
        rule="lithology", input=Named(map=[str(path)]), output=Named({k: str(tmp_path / v) for k, v in files.items()}),
        params=Named(grid=GRID.to_dict(), layer="", attribute="rock", classes={"marl": "sm"}, code="0"),
        log=[str(tmp_path / "log")],
    )  # fmt: skip
    runpy.run_path(str(repository / "workflow_scripts/lithology.py"), {"snakemake": snakemake})
    assert (raster.read(tmp_path / "lithology.tif", GRID) == CODES["sm"]).all()
    with open(tmp_path / "legend.csv", newline="") as stream:
        rows = list(csv.DictReader(stream))
    assert rows == [{"value": "marl", "class": "sm", "rock": LITHOLOGY["sm"], "code": "3", "cells": str(120 * 90)}]

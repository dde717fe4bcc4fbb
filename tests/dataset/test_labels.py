"""Labels from vector files against point-in-polygon tests of the cell centres; files that cannot be
used.
"""

import json
import logging

import geopandas as gpd
import numpy as np
import pytest
from pyproj import Transformer
from shapely import contains_xy
from shapely.geometry import LineString, MultiPolygon, Point, Polygon, box

from sarslide.dataset import labels
from sarslide.errors import VectorError
from sarslide.grid import RegionGrid

GRID = RegionGrid(32647, 500000.0, 3200000.0, 30.0, 60, 80)
UTM = "EPSG:32647"


def cells(outline):
    """Cells whose centre shapely finds inside."""
    x, y = np.meshgrid(GRID.x(), GRID.y())
    return contains_xy(outline, x, y)


def ellipse(east, north, a, b, turn=0.0, points=60):
    angle = np.linspace(0, 2 * np.pi, points, endpoint=False)
    x, y = a * np.cos(angle), b * np.sin(angle)
    return Polygon(
        np.stack([east + x * np.cos(turn) - y * np.sin(turn), north + x * np.sin(turn) + y * np.cos(turn)], axis=1)
    )


FIRST, SECOND = ellipse(500700, 3199300, 300, 150, 0.4), ellipse(501700, 3198900, 200, 260)


def written(path, geometries, crs=UTM, layer=None, **columns):
    frame = gpd.GeoDataFrame(columns, geometry=list(geometries), crs=UTM)
    frame.to_crs(crs).to_file(path, **({"layer": layer} if layer else {}))
    return path


@pytest.mark.parametrize("name", ["labels.gpkg", "labels.shp", "labels.geojson"])
@pytest.mark.parametrize("crs", [UTM, "EPSG:4326", "EPSG:32648", "EPSG:3857"])
def test_any_file_and_crs_gives_the_same_cells(tmp_path, name, crs):
    """GeoJSON keeps seven digits of a degree, a centimetre: no centre of a cell lies that near to an
    outline.
    """
    found = labels.read_labels(written(tmp_path / name, [FIRST, SECOND], crs), GRID)
    assert found.polygons.crs == UTM
    np.testing.assert_array_equal(found.objects, cells(FIRST) + 2 * cells(SECOND))
    np.testing.assert_array_equal(found.label, cells(FIRST) | cells(SECOND))
    assert (found.label.dtype, found.objects.dtype) == (np.uint8, np.int32)


def test_long_edges_follow_the_ground(tmp_path):
    """A parallel of 300 km bows by a kilometre in UTM: against the longitude and latitude of each cell
    centre.
    """
    wide = RegionGrid(32647, 300000.0, 3400000.0, 1000.0, 300, 400)
    path = tmp_path / "degrees.gpkg"
    gpd.GeoDataFrame(geometry=[box(97.3, 28.5, 100.7, 30.2)], crs="EPSG:4326").to_file(path)
    x, y = np.meshgrid(wide.x(), wide.y())
    longitude, latitude = Transformer.from_crs(UTM, "EPSG:4326", always_xy=True).transform(x, y)
    inside = (longitude > 97.3) & (longitude < 100.7) & (latitude > 28.5) & (latitude < 30.2)
    found = labels.read_labels(path, wide).label == 1
    assert (found != inside).sum() <= 2  # edges of 10 km bow by 1 m; 800 cells lie within 500 m of a parallel


def test_class_and_confidence(tmp_path):
    """Unsure polygons are not counted, subsidence is background, a landslide wins over both (D17)."""
    unsure, flat = ellipse(500700, 3199300, 400, 250), ellipse(501200, 3198500, 150, 100)
    path = written(
        tmp_path / "l.gpkg",
        [unsure, FIRST, SECOND, flat, ellipse(501200, 3199700, 90, 90)],
        kind=["slide", "slide", "slide", "subsidence", "unclear"],
        sure=[0.2, 0.9, 0.9, 1.0, 1.0],
    )
    meanings = {"slide": "landslide", "subsidence": "background", "unclear": "ignored"}
    found = labels.read_labels(path, GRID, labels.Reading("", "kind", meanings, "sure", 0.5))
    expected = np.zeros(GRID.shape, np.uint8)
    expected[cells(unsure) | cells(ellipse(501200, 3199700, 90, 90))] = 255
    expected[cells(FIRST) | cells(SECOND)] = 1
    np.testing.assert_array_equal(found.label, expected)
    np.testing.assert_array_equal(found.objects, 2 * cells(FIRST) + 3 * cells(SECOND))


def test_outside_the_labelled_area_nothing_counts(tmp_path):
    area = written(tmp_path / "area.geojson", [box(500300, 3198800, 501500, 3199700)], "EPSG:4326")
    path = written(tmp_path / "l.gpkg", [FIRST, SECOND])
    found = labels.read_labels(path, GRID, area=area)
    inside = cells(box(500300, 3198800, 501500, 3199700))
    np.testing.assert_array_equal(found.label, np.where(inside, cells(FIRST) | cells(SECOND), 255))
    assert not found.objects[~inside].any()
    away = written(tmp_path / "away.gpkg", [box(600000, 3198800, 600100, 3199700)])
    with pytest.raises(VectorError, match=r"away\.gpkg: the labelled area lies outside the region"):
        labels.read_labels(path, GRID, area=away)


def test_crossed_outlines_are_repaired_and_named(tmp_path, caplog):
    """A bow tie encloses its two triangles; a spike encloses nothing."""
    tie = Polygon([(500300, 3199800), (500900, 3199200), (500900, 3199800), (500300, 3199200)])
    spiked = Polygon(
        [
            (501500, 3199000),
            (502000, 3199000),
            (502300, 3199000),
            (502000, 3199000),
            (502000, 3199500),
            (501500, 3199500),
        ]
    )
    with caplog.at_level(logging.WARNING):
        found = labels.read_labels(written(tmp_path / "l.gpkg", [FIRST, tie, spiked]), GRID)
    assert [r.getMessage().split(": ", 1)[1] for r in caplog.records] == [
        "feature 2 was not valid and is repaired",
        "feature 3 was not valid and is repaired",
    ]
    triangles = MultiPolygon(
        [
            Polygon([(500300, 3199800), (500600, 3199500), (500300, 3199200)]),
            Polygon([(500600, 3199500), (500900, 3199800), (500900, 3199200)]),
        ]
    )
    assert found.polygons.geometry[1].symmetric_difference(triangles).area < 1e-6 * triangles.area
    assert found.polygons.geometry[2].equals(box(501500, 3199000, 502000, 3199500))
    assert found.polygons.is_valid.all()


def test_holes_and_heights(tmp_path):
    """Holes stay holes; a third coordinate is no obstacle."""
    ring = Polygon(
        [(x, y, 2500.0) for x, y in FIRST.exterior.coords], [list(ellipse(500700, 3199300, 100, 60).exterior.coords)]
    )
    found = labels.read_labels(written(tmp_path / "l.gpkg", [ring]), GRID)
    np.testing.assert_array_equal(found.label, cells(FIRST) & ~cells(ellipse(500700, 3199300, 100, 60)))


def test_what_is_left_out_is_named(tmp_path, caplog):
    speck, away = box(500016, 3199986, 500028, 3199998), box(700000, 3199000, 700100, 3199100)
    with caplog.at_level(logging.WARNING):
        labels.read_labels(written(tmp_path / "l.gpkg", [FIRST, speck, away]), GRID)
    text = caplog.text
    assert "polygons outside the region: 3" in text
    assert "polygons without a landslide cell of their own: 2, 3" in text


def no_crs(path):
    with pytest.warns(UserWarning, match="'crs' was not provided"):
        gpd.GeoDataFrame(geometry=[FIRST]).to_file(path)
    return path


def empty(path):
    gpd.GeoDataFrame({"a": []}, geometry=[], crs=UTM).to_file(path, geometry_type="Polygon")
    return path


def two_layers(path):
    written(path, [FIRST], layer="slides")
    return written(path, [SECOND], layer="fans")


def corrupt(path):
    path.write_bytes(b"no vector file")
    return path


def void(path):
    features = [{"type": "Feature", "properties": {}, "geometry": None}]
    path.write_text(json.dumps({"type": "FeatureCollection", "features": features}))
    return path


KINDS = {"kind": ["slide", "fan"]}


@pytest.mark.parametrize(
    ("make", "reading", "problem"),
    [
        (lambda p: p, None, "does not exist"),
        (corrupt, None, "cannot be read"),
        (no_crs, None, "has no CRS"),
        (empty, None, "has no features"),
        (void, None, "no geometry in feature 1|holds no polygons"),
        (two_layers, None, "has 2 layers: slides, fans"),
        (two_layers, labels.Reading("mud"), "has no layer 'mud'"),
        (lambda p: written(p, [Point(500700, 3199300)]), None, "holds Point"),
        (lambda p: written(p, [FIRST, LineString([(500000, 3199000), (500100, 3199000)])]), None, "holds LineString"),
        (lambda p: written(p, [Polygon([(500700, 3199300), (500800, 3199300), (500900, 3199300)])]), None,
         "feature 1 encloses no area"),
        (lambda p: written(p, [box(10, 10, 20, 20)]), None, "all 1 polygons lie outside the region"),
        (lambda p: written(p, [box(500001, 3199990, 500004, 3199995)]), None, "no cell centre of the region is a landslide"),
        (lambda p: written(p, [FIRST]), labels.Reading("", "kind", {"slide": "landslide"}), "has no column 'kind'"),
        (lambda p: written(p, [FIRST, SECOND], **KINDS), labels.Reading("", "kind", {"slide": "landslide"}),
         "class 'fan' has no meaning"),
        (lambda p: written(p, [FIRST, SECOND], **KINDS),
         labels.Reading("", "kind", {"slide": "landslide", "fan": "background", "creep": "landslide"}),
         "class 'creep' has no polygon"),
        (lambda p: written(p, [FIRST, SECOND], **KINDS),
         labels.Reading("", "kind", {"slide": "background", "fan": "background"}),
         "none of the 2 polygons in the region is a landslide"),
        (lambda p: written(p, [FIRST, SECOND], **KINDS), labels.Reading("", "kind", {"slide": "yes", "fan": "no"}),
         "class 'slide' means 'yes'"),
        (lambda p: written(p, [FIRST, SECOND], **KINDS), labels.Reading(confidence_column="kind"), "holds no number"),
        (lambda p: written(p, [FIRST, SECOND], sure=[0.1, np.nan]), labels.Reading(confidence_column="sure"),
         "none of the 2 polygons in the region is a landslide"),
    ],
)  # fmt: skip
def test_files_that_cannot_be_used(tmp_path, make, reading, problem):
    """One coded line that names the file and what to do."""
    name = "l.geojson" if make is void else "l.shp" if make is no_crs else "l.gpkg"
    with pytest.raises(VectorError, match=rf"^E1005 (?s:.)*({problem})(?s:.)*; cure: ") as error:
        labels.read_labels(make(tmp_path / name), GRID, reading)
    assert "\n" not in str(error.value)

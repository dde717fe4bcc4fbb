"""Exported files, opened by programs that are not ours: GDAL, SQLite, geopandas, zipfile and XML."""

import csv
import json
import sqlite3
import zipfile
from dataclasses import replace
from xml.etree import ElementTree

import geopandas as gpd
import pyogrio
import pytest
from pyarrow import parquet
from shapely import equals_exact

from sarslide.inventory.changes import LAYERS
from sarslide.publish import columns, kml
from tests.publish.conftest import SERIES

ROUNDED = 1e-7  # degree: coordinates have seven decimals


@pytest.mark.parametrize("layer", LAYERS)
def test_geopackage_has_every_object_with_places(exported, publication, layer):
    found, ours = pyogrio.read_dataframe(exported / "landslides.gpkg", layer=layer), publication.layers[layer]
    assert list(found.ls_id) == list(ours.ls_id) and found.crs.to_epsg() == 32647
    assert all(equals_exact(a, b, 1e-6) for a, b in zip(found.geometry, ours.geometry, strict=True))
    places = gpd.GeoSeries(gpd.points_from_xy(found.lon, found.lat), crs=4326).to_crs(found.crs)
    assert found.geometry.covers(places).all()


def test_geopackage_has_the_series_of_the_release(exported):
    found = pyogrio.read_dataframe(exported / "landslides.gpkg", layer="series")
    assert found.to_dict("list") == SERIES


def test_geopackage_tells_titles_units_values_and_styles(exported):
    """The extension Schema (12-128r18 F.9) and the styles that QGIS reads."""
    with sqlite3.connect(exported / "landslides.gpkg") as database:
        rows = database.execute(
            "SELECT column_name, name, constraint_name FROM gpkg_data_columns WHERE table_name = ?", ["landslides"]
        )
        titles = {column: (title, constraint) for column, title, constraint in rows}
        values = dict(
            database.execute(
                "SELECT value, description FROM gpkg_data_column_constraints WHERE constraint_name = 'status'"
            )
        )
        declared = {
            row[0]
            for row in database.execute("SELECT table_name FROM gpkg_extensions WHERE extension_name = 'gpkg_schema'")
        }
        styles = database.execute(
            "SELECT f_table_name, styleName, styleQML, styleSLD, useAsDefault FROM layer_styles"
        ).fetchall()
        assert database.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    in_file = set(pyogrio.read_info(exported / "landslides.gpkg", layer="landslides")["fields"])
    assert set(titles) == in_file
    assert titles["downslope_rate_mm_per_yr"] == ("Downslope rate (mm/yr)", None) and titles["status"][1] == "status"
    assert values["not_observable"] == "not observable now"
    assert declared == {"gpkg_data_columns", "gpkg_data_column_constraints"}
    assert {(layer, bool(default)) for layer, _, _, _, default in styles} >= {
        ("landslides", True),
        ("landslides", False),
    }
    for _, name, qml, sld, _ in styles:
        renderer = ElementTree.fromstring(qml.partition(">")[2]).find("renderer-v2")
        symbols = [symbol.get("name") for symbol in renderer.findall("symbols/symbol")]
        parts = renderer.findall("rules/rule") or renderer.findall("categories/category")
        assert [part.get("symbol") for part in parts] == symbols, name
        assert len(ElementTree.fromstring(sld.encode()).findall(".//{*}Rule")) == len(symbols)


def test_value_maps_hold_every_word_of_the_release(publication):
    for frame in publication.layers.values():
        # `why` is of registers alone.
        for name, words in ((name, words) for name, words in columns.VALUES.items() if name != "why"):
            assert set(frame[name].astype(str)) - {""} <= set(words), name


def test_rates_have_one_class_each(exported):
    """SQLite evaluates the conditions, whose language it shares with QGIS for these."""
    with sqlite3.connect(exported / "landslides.gpkg") as database:
        (qml,) = database.execute("SELECT styleQML FROM layer_styles WHERE styleName = 'landslides by rate'").fetchone()
        rules = ElementTree.fromstring(qml.partition(">")[2]).findall("renderer-v2/rules/rule")
        conditions = [rule.get("filter") for rule in rules if rule.get("filter") != "ELSE"]
        for rate in (-1e4, -100, -99.9, -10, 0, 9.9, 10, 100, 1e4):
            chosen = [
                c
                for c in conditions
                if database.execute(f'SELECT {c} FROM (SELECT {rate} AS "los_rate_mean_mm_per_yr")').fetchone()[0]
            ]
            assert len(chosen) == 1, rate


@pytest.mark.parametrize("layer", LAYERS)
def test_geojson_is_that_of_rfc_7946(exported, publication, layer):
    content = json.loads((exported / f"geojson/{layer}.geojson").read_text())
    assert content["type"] == "FeatureCollection" and "crs" not in content
    assert len(content["features"]) == len(publication.layers[layer])
    for feature in content["features"]:
        ring = feature["geometry"]["coordinates"][0]
        turned = sum((x2 - x1) * (y2 + y1) for (x1, y1), (x2, y2) in zip(ring, ring[1:], strict=False))
        assert turned < 0, "outer rings run anticlockwise"
        assert (
            abs(ring[0][0] - feature["properties"]["lon"]) < 0.02
            and abs(ring[0][1] - feature["properties"]["lat"]) < 0.02
        )


def test_unknown_rates_are_null(exported):
    features = json.loads((exported / "geojson/landslides.geojson").read_text())["features"]
    assert sorted((f["properties"]["los_rate_mean_mm_per_yr"] or 0) for f in features) == [-40, 0]


def test_kmz_is_read_by_gdal(exported, publication):
    path = exported / "landslides.kmz"
    assert [name for name, _ in pyogrio.list_layers(path)] == [layer.replace("_", " ") for layer in LAYERS]
    found, ours = pyogrio.read_dataframe(path, layer="landslides"), publication.layers["landslides"].to_crs(4326)
    assert list(found["ls_id"]) == list(ours.ls_id) and list(found["uid"]) == list(ours.uid)
    assert all(a.hausdorff_distance(b) < ROUNDED for a, b in zip(found.geometry, ours.geometry, strict=True))
    with zipfile.ZipFile(path) as archive:
        assert archive.namelist() == ["doc.kml"] and archive.testzip() is None
        root = ElementTree.fromstring(archive.read("doc.kml"))
    styles = {f"#{one.get('id')}" for one in root.findall(".//{*}Style")}
    assert {one.text for one in root.findall(".//{*}styleUrl")} <= styles


def test_a_name_with_control_characters_gives_a_kmz_that_opens(publication, tmp_path):
    frame = publication.layers["landslides"].assign(name="north\x00 of\x1b the gully")
    kml.kmz(replace(publication, layers={**publication.layers, "landslides": frame}), tmp_path)
    found = pyogrio.read_dataframe(tmp_path / kml.FILE, layer="landslides")
    assert set(found["Name"]) == {"north  of  the gully"}


@pytest.mark.parametrize("layer", LAYERS)
def test_shapefile_names_stand_in_full_beside_it(exported, publication, layer):
    found, ours = pyogrio.read_dataframe(exported / f"shapefile/{layer}.shp"), publication.layers[layer]
    with open(exported / "shapefile/COLUMNS.csv", newline="") as stream:
        names = {row["shapefile"]: row["column"] for row in csv.DictReader(stream)}
    assert all(len(name) <= 10 for name in names) and len({name.lower() for name in names}) == len(names)
    assert [names[name] for name in found.columns.drop("geometry")] == list(ours.columns.drop("geometry"))
    assert list(found.ls_id) == list(ours.ls_id) and found.crs == ours.crs
    assert found.area.tolist() == pytest.approx(ours.area.tolist())
    assert [text[:254] for text in ours.reason_text] == [text or "" for text in found.reas_text]


@pytest.mark.parametrize("layer", LAYERS)
def test_geoparquet_is_of_version_1_1_with_bounds(exported, publication, layer):
    path, ours = exported / f"geoparquet/{layer}.parquet", publication.layers[layer]
    about = json.loads(parquet.read_schema(path).metadata[b"geo"])
    assert about["version"] == "1.1.0" and "bbox" in about["columns"]["geometry"]["covering"]
    found = gpd.read_parquet(path)
    assert found.crs == ours.crs and list(found.uid) == list(ours.uid)
    if len(ours):
        near = gpd.read_parquet(path, bbox=tuple(ours.geometry.iloc[:1].buffer(-1).total_bounds))
        assert list(near.ls_id) == list(ours.ls_id[:1])


def test_registers_tell_what_is_known_and_no_more(exported, publication):
    with open(exported / "coolr.csv", newline="") as stream:
        coolr = list(csv.DictReader(stream))
    with open(exported / "iffi.csv", newline="") as stream:
        iffi = list(csv.DictReader(stream))
    ours = publication.layers["landslides"]
    assert [row["event_import_id"] for row in coolr] == [row["id_compilatore"] for row in iffi] == list(ours.uid)
    assert {row["landslide_trigger"] for row in coolr} == {"unknown"} and {row["event_date"] for row in coolr} == {
        "2019-03-30"
    }
    assert [float(row["longitude"]) for row in coolr] == pytest.approx(list(ours.lon))
    assert [float(row["area_m2"]) for row in iffi] == pytest.approx(ours.area.tolist())
    # 66 mm/yr: above 16 mm/yr and below 1.6 m/yr (Cruden and Varnes 1996); of a lower bound no class.
    assert sorted(row["velocita"] for row in iffi) == ["", "molto lento"]
    assert "faster than 450 mm/yr" in next(row["note"] for row in iffi if not row["velocita"])

"""What files of the user bring to a release is in every format that is published, with title, unit and meaning."""

import csv
import json
import sqlite3
import zipfile

import geopandas as gpd
import pytest

from sarslide.inventory import records, release
from sarslide.inventory.changes import ChangeRules, InventoryState, update
from sarslide.inventory.tables import further
from sarslide.publish import columns, files, joined, joined_files, source
from sarslide.publish.export import export
from tests.inventory.conftest import GRID, cell_box, fused_row
from tests.publish.conftest import DATES, STACK, seen

VALUES = {
    "ground_glacier_share": 0.25,
    "ground_land_cover": "Grassland",
    "ground_land_cover_share": 0.75,
    "exposure_buildings_count": 2,
    "exposure_buildings_100m_count": 12,
    "exposure_roads_km": 0.5,
    "exposure_roads_100m_km": 1.25,
}


def published(working, region, object_row, values):
    """The release of a region with one landslide."""
    inventory = working / "results" / region / "inventory"
    state = update(InventoryState(), [object_row], seen(), {}, "20190330", ChangeRules())
    for rows in state.layers.values():
        for row in rows:
            row |= values
    parameters = {"engine": "native", "rates": {"method": "stacking"}, "grid": {"bounds": list(GRID.bounds)}}
    about = {"region": region, "stacks": [STACK], "dates": DATES, "parameters": parameters}
    crs, name = f"EPSG:{GRID.epsg}", "20190330-0123abcd"
    made = release.publish(inventory / records.RELEASES, name, "", state, about, crs, further=further(values))
    records.write_pointer(inventory / records.POINTER, made)
    return source.read(inventory / records.RELEASES / made.release)


@pytest.fixture(scope="module")
def here(tmp_path_factory):
    return published(tmp_path_factory.mktemp("here"), "here", fused_row(cell_box(10, 10, 6, 8)), VALUES)


def test_every_format_has_them(here, tmp_path):
    assert list(here.layers["landslides"].columns)[-len(VALUES) - 3 :] == [*VALUES, "lon", "lat", "geometry"]
    assert set(VALUES) <= set(here.layers["masked"].columns)  # which has no object
    folder = tmp_path / "export"
    export(here, folder, ["gpkg", "geojson", "shapefile", "geoparquet", "kmz", "qgis"])
    row = gpd.read_file(folder / "landslides.gpkg", layer="landslides").iloc[0]
    assert {name: row[name] for name in VALUES} == VALUES
    parquet = gpd.read_parquet(folder / "geoparquet" / "landslides.parquet").iloc[0]
    assert {name: parquet[name] for name in VALUES} == VALUES
    (feature,) = json.loads((folder / "geojson" / "landslides.geojson").read_text())["features"]
    assert VALUES.items() <= feature["properties"].items()
    with open(folder / "shapefile" / "COLUMNS.csv") as stream:
        short = {line["column"]: line["shapefile"] for line in csv.DictReader(stream)}
    shape = gpd.read_file(folder / "shapefile" / "landslides.shp").iloc[0]
    assert {name: shape[short[name]] for name in VALUES} == VALUES
    with sqlite3.connect(folder / "landslides.gpkg") as database:
        about = dict(
            (name, (title, words))
            for name, title, words in database.execute(
                "SELECT column_name, title, description FROM gpkg_data_columns WHERE table_name = 'landslides'"
            )
        )
    assert about["ground_glacier_share"] == (
        "Share on glacier",
        "share of the object on ground of a file of the user: glacier",
    )
    assert about["exposure_buildings_100m_count"][0] == "Buildings within 100 m"
    assert about["exposure_roads_km"] == ("Roads on it (km)", "length of roads on the object")
    with zipfile.ZipFile(folder / "landslides.qgz") as project:
        text = project.read("landslides.qgs").decode()
    assert "Roads within 100 m (km)" in text and "Land cover" in text


def test_a_register_of_regions_with_and_without_them(here, tmp_path):
    """The other region has no such files: its numbers are unknown, its words empty, in every file of the register."""
    away = published(tmp_path, "away", fused_row(cell_box(60, 60, 6, 8)), {})
    register = joined.join([away, here], GRID.epsg)
    rows = register.layers["landslides"].set_index("region")
    assert rows.ground_land_cover.to_dict() == {"away": "", "here": "Grassland"}
    assert rows.exposure_buildings_count["here"] == 2 and rows.exposure_buildings_count.isna()["away"]
    files.shapefile(register, tmp_path)
    shapes = gpd.read_file(tmp_path / "shapefile" / "landslides.shp")
    assert sorted(shapes["gr_land_co"].fillna("")) == ["", "Grassland"]
    joined_files.write(register, tmp_path)
    package = gpd.read_file(tmp_path / joined_files.PACKAGE, layer="landslides").set_index("region")
    assert (
        package.ground_glacier_share["here"] == 0.25
        and package.ground_land_cover.to_dict() == rows.ground_land_cover.to_dict()
    )


def test_columns_of_a_release_are_not_taken_for_those_of_ground():
    from sarslide.inventory.tables import OBJECTS

    assert further([*OBJECTS, "lon", "lat", "groundwater_km", "ground_x"]) == {}
    assert list(further(VALUES)) == list(VALUES)
    assert columns.title("area_km2") == "Area (km²)" and columns.meaning("area_km2") is None
    assert len(set(columns.short_names([*OBJECTS, *VALUES]).values())) == len(OBJECTS) + len(VALUES)

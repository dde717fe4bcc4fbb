"""Series in QGIS: the table beside the layers, a map tip of it, sheets that open; no QGIS here
(`python -m studies.office.projects` has).
"""

import shutil
import sqlite3
from contextlib import closing
from xml.etree import ElementTree

import pytest

from sarslide.inventory import records
from sarslide.inventory.changes import LAYERS
from sarslide.report import qgis, qgis_series

ROWS = [
    ("LS000001", "A128", "20190306", 0.0),
    ("LS000001", "A128", "20190318", -3.5),
    ("LS000001", "D062", "20190311", 0.0),
    ("LS000002", "D062", "20190323", 2.0),
]


@pytest.fixture
def package(inputs, tmp_path):
    path = tmp_path / "landslides.gpkg"
    shutil.copy(records.folder_of(inputs.current) / records.PACKAGE, path)
    with closing(sqlite3.connect(path)) as database, database:
        database.execute("CREATE TABLE series (ls_id TEXT, track TEXT, date TEXT, displacement_mm REAL)")
        database.executemany("INSERT INTO series VALUES (?, ?, ?, ?)", ROWS)
    return path


def test_tracks_and_dates_are_those_of_the_table(inputs, package):
    assert qgis_series.spans(package) == {"A128": ("20190306", "20190318"), "D062": ("20190311", "20190323")}
    assert qgis_series.spans(records.folder_of(inputs.current) / records.PACKAGE) == {}


def test_moving_objects_show_their_series_and_the_table_lies_below(package):
    layers = [qgis.VectorLayer(name, f"x|layername={name}", {}, False) for name in LAYERS]
    made = qgis.with_series(layers, package, "./landslides.gpkg")
    assert [one.name for one in made] == [*LAYERS, "series"]
    assert made[-1].geometry == "No geometry" and made[-1].source == "./landslides.gpkg|layername=series"
    assert [bool(one.tip) for one in made] == [True, True, False, False, False]
    root = ElementTree.fromstring(qgis.document("r", 32647, (0, 0, 9, 9), made, [], "").partition("\n")[2])
    table = root.findall("projectlayers/maplayer")[-1]
    tip = root.find("projectlayers/maplayer/mapTip").text
    assert tip.count(f"'{table.findtext('id')}'") == 3  # the largest, and each track
    assert tip.count("<polyline") == 2 and tip.count("[%") == tip.count("%]") == 3
    assert "2019-03-06" in tip and "2019-03-23" in tip


def test_a_landslide_of_the_reports_project_opens_its_sheet(inputs):
    folder = inputs.current.parents[1] / "report"
    root = ElementTree.fromstring(qgis.project(inputs, folder).partition("\n")[2])
    (action,) = root.findall("projectlayers/maplayer/attributeactions/actionsetting")
    assert action.get("action") == '[% @project_folder %]/report_files/sheet-[% "ls_id" %].html'
    assert {one.get("id") for one in action} == {"Canvas", "Feature"}
    assert root.find("projectlayers/maplayer/mapTip") is None

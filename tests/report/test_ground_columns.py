"""What files of the user bring to a release is read on the page, in popups, sheets and downloads."""

import csv
import json

from shapely.geometry import box

from sarslide.inventory.changes import LANDSLIDES
from sarslide.inventory.masks import MaskRules
from sarslide.inventory.tables import OBJECTS, further, typed
from sarslide.report import downloads, sheet_rules, tables
from sarslide.report.inventory_map import outline_layer
from tests.inventory.conftest import cell_box, fused_row
from tests.publish.test_ground_columns import VALUES


def layer(values):
    row = {name: "" for name, kind in OBJECTS.items() if kind is str}
    row |= fused_row(cell_box(10, 10, 5, 5), ls_id="LS000001", status="released") | values
    return typed([row], OBJECTS | further(values), "EPSG:32647")


def test_popup_and_table():
    frame = layer(VALUES)
    ((_, facts),) = outline_layer(LANDSLIDES, frame).popups
    found = dict(facts)
    assert found["Share on glacier"] == "0.25" and found["Land cover"] == "Grassland"
    assert found["Buildings within 100 m"] == "12" and found["Roads within 100 m"] == "1.25 km"
    shown = [(column.key, column.label, column.unit) for column in tables.ground_columns(frame.columns)]
    assert [key for key, *_ in shown] == list(VALUES) and ("exposure_roads_km", "Roads on it", "km") in shown
    assert tables.ground_columns(layer({}).columns) == ()


def test_downloads():
    made = downloads.files(layer(VALUES))
    (feature,) = json.loads(made[downloads.GEOJSON])["features"]
    assert VALUES.items() <= feature["properties"].items()
    (row,) = csv.DictReader(made[downloads.CSV].decode().splitlines())
    assert {name: row[name] for name in VALUES} == {name: str(value) for name, value in VALUES.items()}


def test_the_sheet_shows_shares_beside_their_limits():
    """A mask shows its limit; ground that is an attribute alone decides nothing."""
    ((_, row),) = layer(VALUES | {"ground_water_share": 0.9}).iterrows()
    ground = {
        "glacier": {"action": "mask", "min_share": 0.2},
        "snow": {"action": "mask", "min_share": 0.5},
        "water": {"action": "attribute", "min_share": 0.5},
    }
    lines = sheet_rules.lines(row, box(0, 0, 1, 1), MaskRules(), ground)
    assert [(one.rule, one.number, one.limit, one.outcome) for one in lines[:2]] == [
        ("Share on glacier", "0.25", "at most 0.2", "masked"),
        ("Share on snow", "–", "at most 0.5", "holds"),
    ]
    assert not [one for one in lines if "water" in one.rule]
    assert sheet_rules.lines(row, box(0, 0, 1, 1), MaskRules()) == lines[2:]

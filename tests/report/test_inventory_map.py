"""Outlines of the report's map."""

import re

from sarslide.inventory.changes import LANDSLIDES
from sarslide.inventory.tables import OBJECTS, typed
from sarslide.report.inventory_map import FAST_STYLE, outline_layer
from tests.inventory.conftest import cell_box, fused_row


def test_ground_faster_than_the_training_is_drawn_apart():
    row = {name: "" for name, kind in OBJECTS.items() if kind is str}
    seen = row | fused_row(cell_box(10, 10, 5, 5), ls_id="LS000001", status="released")
    fast = seen | {"ls_id": "LS000002", "source": "velocity_threshold", "reason_text": "faster than the landslides"}
    layer = outline_layer(LANDSLIDES, typed([seen, fast], OBJECTS, "EPSG:32647"))
    assert list(layer.own) == [{}, FAST_STYLE]
    assert layer.label == "Landslides (2; pink: 1 faster than the training of the network)"
    assert layer.popups[1][1][0] == ("Note", "faster than the landslides")


def test_an_object_can_be_looked_up_and_shows_its_evidence():
    """C11, G17: addresses at the place of the object, and the links of the reviewer."""
    row = {name: "" for name, kind in OBJECTS.items() if kind is str}
    row |= fused_row(cell_box(10, 10, 5, 5), ls_id="LS000001", status="released", evidence="https://example.org/a.jpg")
    layer = outline_layer(LANDSLIDES, typed([row], OBJECTS, "EPSG:32647"))
    facts = dict(layer.popups[0][1])
    assert facts["Evidence"] == "https://example.org/a.jpg"
    # 375 m east of 99 E, 28.92 N: the cell (12, 12) of a grid whose corner is 500 km, 3200 km.
    found = [
        re.search(r"28\.9\d+", address) and re.search(r"99\.00\d+", address) for address in facts["Look at it"].split()
    ]
    assert len(found) == 4 and all(found)

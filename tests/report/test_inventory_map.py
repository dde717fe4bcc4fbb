"""Outlines of the report's map."""

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

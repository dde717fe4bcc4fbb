"""The Python of the page on reading results runs, as one script, on a small finished region."""

import re
import shutil

import matplotlib
import numpy as np
import pytest
from shapely.geometry import box

from sarslide.inventory import records, release
from sarslide.inventory.changes import ChangeRules, InventoryState, update
from sarslide.inventory.observability import Observability
from tests.docs.texts import REPOSITORY
from tests.inventory.conftest import fused_row
from tests.support import finished_region
from tests.support.finished_region import GRID

PYTHON = re.compile(r"^```python\n(.*?)^```", flags=re.S | re.M)
NAME = "20190330-0123abcd"


@pytest.fixture
def demo(tmp_path):
    """results/demo with products of the method sbas, and two landslides, one of which is fast."""
    folder = tmp_path / "results/demo"
    finished_region.write(folder)
    for stacking in folder.glob("*/f0/native/stacking"):
        shutil.rmtree(stacking)
    releases = folder / "inventory/releases"
    shutil.rmtree(releases.parent)
    release.repair(releases)
    west, _, _, north = GRID.bounds
    outlines = [box(west + 60 * k, north - 180, west + 60 * k + 30, north - 60) for k in (1, 4)]
    rows = [
        fused_row(outline, los_rate_max_mm_per_yr=speed)
        for outline, speed in zip(outlines, (-50.0, -20.0), strict=True)
    ]
    seen = Observability(GRID, {"A117": np.zeros(GRID.shape, np.uint8)}, 4100.0)
    content = update(InventoryState(), rows, seen, {}, "20190330", ChangeRules())
    manifest = release.publish(releases, NAME, "", content, {"region": "demo", "parameters": {}}, f"EPSG:{GRID.epsg}")
    records.write_pointer(folder / "inventory/current.json", manifest)
    return tmp_path


def test_reading_results(demo, monkeypatch, capsys):
    monkeypatch.chdir(demo)
    matplotlib.use("agg")
    blocks = PYTHON.findall((REPOSITORY / "docs/howto/reading-results.md").read_text())
    assert len(blocks) == 6
    here: dict = {}
    exec("\n".join(blocks), here)
    assert here["fast"].ls_id.tolist() == ["LS000001"] and "LS000001" in capsys.readouterr().out
    assert here["changes"].change.tolist() == ["new", "new"]
    assert here["region"].los_rate_mm_per_yr.dims == ("stack", "y", "x")
    assert here["coherent"].shape == GRID.shape and here["series"].displacement_mm.dims == ("time", "y", "x")

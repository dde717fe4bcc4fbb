"""An office: a working folder of one region that gets releases and reports them."""

import json
from types import SimpleNamespace

import numpy as np
from pyproj import CRS

from sarslide.alerts import work
from sarslide.config.results import AlertsSection
from sarslide.inventory import release
from sarslide.inventory.changes import ChangeRules, InventoryState, update
from sarslide.inventory.observability import Observability
from tests.inventory.conftest import GRID, cell_box, fused_row

REGION, EPSG = "valley", CRS.from_epsg(GRID.epsg)
ALL, NOTHING = (Observability(GRID, {"A128": np.full(GRID.shape, value, np.uint8)}, None) for value in (0, 2))


def config(region=REGION, **limits):
    return SimpleNamespace(region=region, grid=SimpleNamespace(epsg=GRID.epsg), alerts=AlertsSection(**limits))


def moving(row, rate=-40.0, confidence="high", **changes):
    return fused_row(
        cell_box(row, 10, 10, 10), los_rate_mean_mm_per_yr=rate, los_rate_by_track=json.dumps({"A128": rate}),
        confidence=confidence, los_rate_bound_mm_per_yr=np.nan, **changes,
    )  # fmt: skip


class Office:
    """A working folder that gets releases."""

    def __init__(self, folder, region=REGION):
        self.folder, self.region, self.results = folder, region, folder / "results" / region
        self.last, self.state = "", InventoryState()

    def release(self, number, *objects, seen=ALL):
        name = f"2020{number:02d}01-{number:08x}"
        self.state = update(self.state, objects, seen, {}, name[:8], ChangeRules())
        about = {"region": self.region, "dates": {"A128": [name[:8]]}}
        releases = self.results / "inventory/releases"
        releases.mkdir(parents=True, exist_ok=True)
        release.publish(releases, name, self.last, self.state, about, EPSG)
        self.last = name
        return name

    def report(self, mark=True, name="", **limits):
        alert = work.make(self.folder, config(self.region, **limits), name)
        if mark:
            work.mark(self.folder, self.region, alert.summary())
        return {(one.kind, one.ls_id) for one in alert.reported}

"""One release with landslides, a masked object and rasters of a track, exported once for all tests."""

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pystac
import pystac.validation
import pytest
from pystac.validation.stac_validator import JsonSchemaSTACValidator

from sarslide.grid import part_of
from sarslide.inventory import records, release
from sarslide.inventory.changes import ChangeRules, InventoryState, update
from sarslide.inventory.observability import Observability
from sarslide.io import raster
from sarslide.layers import LINE_OF_SIGHT
from sarslide.publish import source
from sarslide.publish.export import FORMATS, export
from tests.inventory.conftest import GRID, cell_box, fused_row

SCHEMAS = Path(__file__).parents[1] / "data" / "stac"
REGION, STACK = "valley_of_tests", "A128"
SERIES = {
    "ls_id": ["LS000001"] * 2,
    "track": ["A128"] * 2,
    "date": ["20190306", "20190318"],
    "displacement_mm": [0, -1.5],
    "spread_mm": [0.5, 0.7],
}
DATES = {STACK: ["20190306", "20190318", "20190330"]}


def seen() -> Observability:
    """One track that sees everything."""
    return Observability(GRID, {STACK: np.zeros(GRID.shape, np.uint8)}, 4100.0)


def make_release(working: Path, objects: list[dict], date: str, name: str, before: str = "") -> Path:
    """A release in results/ of a working folder; returns its folder."""
    inventory = working / "results" / REGION / "inventory"
    crs = f"EPSG:{GRID.epsg}"
    previous = release.predecessor(inventory / records.RELEASES, name, crs) if before else None
    state = update(previous.inventory if previous else InventoryState(), objects, seen(), {}, date, ChangeRules())
    parameters = {"engine": "native", "rates": {"method": "stacking"}, "grid": {"bounds": list(GRID.bounds)}}
    about = {"region": REGION, "stacks": [STACK], "dates": DATES, "parameters": parameters}
    tables = {"series": pd.DataFrame(SERIES)}
    made = release.publish(inventory / records.RELEASES, name, before, state, about, crs, tables=tables)
    records.write_pointer(inventory / records.POINTER, made)
    return inventory / records.RELEASES / made.release


def make_rasters(working: Path) -> None:
    """Rates of the track with their sidecar, a series, and the relief."""
    base = working / "results" / REGION / STACK / "f0" / "native" / "stacking"
    rate = np.linspace(-120, 120, GRID.rows * GRID.cols, dtype=np.float32).reshape(GRID.shape)
    rate[:3] = np.nan
    base.mkdir(parents=True)
    raster.write(base / "los_rate_mm_per_yr.tif", rate, GRID, "los_rate_mm_per_yr", {"note": "kept"})
    raster.write(base / "los_rate_std_mm_per_yr.tif", np.abs(rate) / 10, GRID, "los_rate_std_mm_per_yr")
    raster.write(base / "mean_coherence.tif", np.full(GRID.shape, 0.5), GRID, "mean_coherence")
    pairs = ["20190306_20190318", "20190318_20190330"]
    (base / "stack_rates.json").write_text(json.dumps({"params": {"pairs": pairs}}))
    (base / "series").mkdir()
    (base / "series" / "inventory.csv").write_text("pid,mean_velocity\nLS000001,-40\n")
    terrain = working / "results" / REGION / "terrain" / "f0"
    terrain.mkdir(parents=True)
    raster.write(terrain / "hillshade.tif", np.full(GRID.shape, 180), GRID, "hillshade")
    raster.write(terrain / "elevation_m.tif", np.full(GRID.shape, 1234.5), GRID, "elevation_m")
    # Of two frames, north and south.
    for frame, rows, east in (("f0", slice(0, 60), -0.6), ("f1", slice(60, GRID.rows), -0.7)):
        part = part_of(GRID, rows, slice(0, GRID.cols))
        geometry = working / "results" / REGION / STACK / frame / "native" / "geometry"
        geometry.mkdir(parents=True)
        for layer, value in (
            ("incidence_deg", 40),
            ("heading_deg", 350),
            *zip(LINE_OF_SIGHT, (east, -0.1, 0.75), strict=True),
        ):
            raster.write(geometry / f"{layer}.tif", np.full(part.shape, value, np.float32), part, layer)


def first_objects() -> list[dict]:
    """Two landslides, one of unknown rate, and one that is masked."""
    unknown = {
        "los_rate_mean_mm_per_yr": float("nan"),
        "los_rate_by_track": "",
        "los_rate_bound_mm_per_yr": 450.0,
        "downslope_rate_mm_per_yr": float("nan"),
    }
    return [
        fused_row(cell_box(10, 10, 6, 8), downslope_rate_mm_per_yr=66.0, los_rate_bound_mm_per_yr=float("nan")),
        fused_row(cell_box(40, 60, 20, 10), **unknown),
        fused_row(cell_box(80, 20, 5, 5), status="masked", reason="too_flat", reason_text="x" * 300),
    ]


@pytest.fixture(scope="session")
def working(tmp_path_factory):
    """A working folder with one release."""
    folder = tmp_path_factory.mktemp("publish")
    make_release(folder, first_objects(), "20190330", "20190330-0123abcd")
    make_rasters(folder)
    return folder


@pytest.fixture(scope="session")
def publication(working):
    return source.read(source.find(REGION, working))


@pytest.fixture(scope="session")
def exported(publication, tmp_path_factory):
    """The folder of an export in all formats."""
    folder = tmp_path_factory.mktemp("export") / "export"
    export(publication, folder, list(FORMATS))
    return folder


@pytest.fixture
def offline(monkeypatch):
    """pystac's validator, with the schemas of the extensions from the disk and no way to any other."""
    validator = JsonSchemaSTACValidator()
    for path in sorted(SCHEMAS.glob("*.json")):
        schema = json.loads(path.read_text())
        validator.schema_cache[schema["$id"].rstrip("#")] = schema
    monkeypatch.setattr(pystac.StacIO.default(), "read_text_from_href", lambda href: pytest.fail(f"asks for {href}"))
    pystac.validation.set_validator(validator)
    yield validator
    pystac.validation.RegisteredValidator._validator = None

"""Every preset's DEM margin holds what the terrain layers read: none has a hole at the edge of the region."""

from dataclasses import replace

import numpy as np
import pytest

from sarslide import layers
from sarslide.config import load
from sarslide.io import raster
from tests.conftest import REPOSITORY
from tests.support.rule_jobs import run_script

PRESETS = sorted(path.stem for path in (REPOSITORY / "src/sarslide/regions").glob("*.yaml"))


@pytest.mark.parametrize("preset", PRESETS)
def test_layers_are_known_up_to_the_edge(preset, tmp_path):
    section = load({"region": preset}).grid
    grid = replace(section.region_grid(), rows=12, cols=16)  # the corner of the region
    padded = grid.pad(section.margin_m)
    noise = np.random.default_rng(7).uniform(0, 0.2 * grid.cell_m, padded.shape)
    slope = 0.3 * (padded.x()[None] - padded.west) + 0.1 * (padded.y()[:, None] - padded.north)
    raster.write(tmp_path / "dem_m.tif", 1500 + slope + noise, padded, "dem_m", {"vertical": "ellipsoidal"})

    made = {layer: tmp_path / f"{layer}.tif" for layer in (*layers.TERRAIN, "hillshade")}
    run_script(
        "terrain",
        tmp_path,
        {"dem": str(tmp_path / "dem_m.tif")},
        made | {"sidecar": tmp_path / "terrain.json"},
        grid=grid.to_dict(),
    )
    for layer, path in made.items():
        values = raster.read(path, grid)
        assert np.isfinite(values).all(), layer
        assert layer != "hillshade" or (values > 0).all()

"""Layers and map on the finer grid of the products (P3, C09), from file to file against closed forms:
half a cell of displacement would show.
"""

import numpy as np
import pytest
import torch

from sarslide.grid import RegionGrid
from sarslide.io import raster
from sarslide.io.resample import finer_grid
from sarslide.layers import TERRAIN
from sarslide.models import networks, weights
from sarslide.models.card import Card
from tests.support.cards import model_card
from tests.support.rule_jobs import run_script

GRID = RegionGrid(32648, 236000, 2876000, 25, 40, 32)
FINE = finer_grid(GRID, 12.5)
MARGIN_M = 150.0
# A ground that curves to the east and is inclined to the south: z = BEND (x - x0)^2 / 2 + FALL (y - y0).
BEND_PER_M, FALL = 2e-3, 0.3


def places(grid: RegionGrid) -> tuple[np.ndarray, np.ndarray]:
    """Eastings and northings of the cell centres from the corner of the region, m."""
    return np.meshgrid(grid.x() - GRID.west, grid.y() - GRID.north)


def height(grid: RegionGrid) -> np.ndarray:
    x, y = places(grid)
    return (1000 + BEND_PER_M * x**2 / 2 + FALL * y).astype(np.float32)


def rate(grid: RegionGrid) -> np.ndarray:
    x, y = places(grid)
    return (0.004 * x - 0.003 * y - 3).astype(np.float32)


class Same(torch.nn.Identity):
    """A network that gives back what it reads."""

    stride = 1


def inner(values: np.ndarray, cells: int = 2) -> np.ndarray:
    """Without the rim, where the outermost cells are held."""
    return values[cells:-cells, cells:-cells]


def test_terrain_is_that_of_the_finer_cells(tmp_path):
    """Slope of the ground at each fine centre, where slopes of 25 m resampled would average two."""
    coarse = GRID.pad(MARGIN_M)
    raster.write(tmp_path / "dem.tif", height(coarse), coarse, "dem_m", {"vertical": "ellipsoidal"})
    fine_dem = {"dem": str(tmp_path / "fine.tif"), "sidecar": str(tmp_path / "fine.json")}
    settings = {"grid": FINE.to_dict(), "margin_m": MARGIN_M - 50}
    run_script("product_dem", tmp_path, {"dem": str(tmp_path / "dem.tif")}, fine_dem, **settings)
    outputs = {name: str(tmp_path / f"{name}.tif") for name in (*TERRAIN, "hillshade")}
    outputs["sidecar"] = str(tmp_path / "terrain.json")
    run_script("terrain", tmp_path, {"dem": fine_dem["dem"]}, outputs, grid=FINE.to_dict())
    # Cubic convolution is exact for a parabola, in float32 of some kilometres.
    np.testing.assert_allclose(raster.read(outputs["elevation_m"], FINE), height(FINE), atol=2e-3)
    x, _ = places(FINE)
    slope = np.degrees(np.arctan(np.hypot(BEND_PER_M * x, FALL)))
    found = raster.read(outputs["slope_deg"], FINE)
    # Central differences are exact, too; half a fine cell would be BEND * 6.25 = 0.0125, up to 0.6 degrees.
    np.testing.assert_allclose(found, slope, atol=0.02)


@pytest.mark.parametrize("grid", [GRID, FINE], ids=["region", "product"])
def test_the_map_of_a_network_lies_where_its_layers_lie(tmp_path, monkeypatch, grid):
    """A network that gives its input back as ln(p / (1 - p)): the map is the logistic of the rate at each centre."""
    coarse = {"los_rate_mm_per_yr": rate(GRID), "layover_shadow": np.zeros(GRID.shape, np.uint8)}
    coarse["layover_shadow"][10, 12] = 1
    paths = {name: tmp_path / f"{name}.tif" for name in coarse}
    for name, values in coarse.items():
        raster.write(paths[name], values, GRID, name)
    files = {name: str(path) for name, path in paths.items()}
    if grid is FINE:
        outputs = {name: str(tmp_path / f"fine.{name}.tif") for name in files}
        sidecar = {"sidecar": str(tmp_path / "resample_products.json")}
        run_script("resample_products", tmp_path, files, outputs | sidecar, grid=GRID.to_dict(), product_m=12.5)
        files = outputs
    card = Card.model_validate(
        model_card(
            channels=["los_rate_mm_per_yr"], tile=16, calibration=None, trained_on=None,
            normalisation={"method": "zscore", "centre": [0.0], "scale": [1.0]},
        ).model_dump()
    )  # fmt: skip
    path = tmp_path / "weights.safetensors"
    weights.save(path, Same(), card.model_dump(exclude={"format"}))
    monkeypatch.setattr(networks, "load", lambda file, channels=None: (Same(), card))
    made = {"probability": str(tmp_path / "probability.tif"), "sidecar": str(tmp_path / "segment.json")}
    run_script(
        "segment", tmp_path, files | {"weights": [str(path)]}, made, resources={"device": "cpu"},
        grid=grid.to_dict(), overlap=0.0, precision="fp32", network=None,
    )  # fmt: skip
    found = raster.read(made["probability"], grid)
    hidden = np.isnan(found)
    parts = grid.rows // GRID.rows
    assert hidden[10 * parts : 11 * parts, 12 * parts : 13 * parts].all() and hidden.sum() == parts**2
    expected = 1 / (1 + np.exp(-rate(grid).astype(np.float64)))
    # Half a fine cell is 0.025 mm/yr east and 0.019 north: 0.006 at a probability of a half.
    np.testing.assert_allclose(inner(found)[~inner(hidden)], inner(expected)[~inner(hidden)], atol=1e-5)

"""Maps of several networks side by side, and the mean of a finer map for the page."""

import geopandas as gpd
import numpy as np
import pytest
from matplotlib.collections import LineCollection
from shapely.geometry import box

from sarslide.grid import RegionGrid
from sarslide.io import raster, vector
from sarslide.report.inputs import StackInputs
from sarslide.report.network_maps import NetworkMap, network_maps_figure, stages_of
from sarslide.report.reading import read_stack
from tests.support.rule_jobs import run_script

GRID = RegionGrid(32648, 236000, 2876000, 25, 40, 32)
FINE = RegionGrid(32648, 236000, 2876000, 12.5, 80, 64)


def quarter(grid: RegionGrid, high: float) -> np.ndarray:
    """A probability that is high in the north-western quarter, low elsewhere, unknown in the last row."""
    values = np.full(grid.shape, 0.1, np.float32)
    values[: grid.rows // 2, : grid.cols // 2] = high
    values[-1] = np.nan
    return values


def planted() -> gpd.GeoDataFrame:
    west, _, _, north = GRID.bounds
    return gpd.GeoDataFrame({"planted_id": ["P1"]}, geometry=[box(west, north - 500, west + 400, north)], crs=32648)


def test_each_network_has_a_panel_with_its_threshold_and_share():
    maps = {"fcadensenet": NetworkMap(quarter(GRID, 0.9), 0.5), "unet": NetworkMap(quarter(GRID, 0.3), 0.5)}
    figure = network_maps_figure(maps, GRID.bounds, planted())
    titles = [title for axes in figure.axes if (title := axes.get_title(loc="left"))]
    # 20 x 16 of the 39 x 32 known cells.
    assert titles == ["fcadensenet (inventory): 25.6% from 0.5", "unet (beside): 0.0% from 0.5"]
    outlined = [axes for axes in figure.axes if any(isinstance(one, LineCollection) for one in axes.collections)]
    assert len(outlined) == 2
    bare = network_maps_figure(maps, GRID.bounds)
    assert not any(isinstance(one, LineCollection) for axes in bare.axes for one in axes.collections)


def test_an_unknown_map_has_no_share():
    nothing = NetworkMap(np.full(GRID.shape, np.nan), 0.5)
    (title,) = [
        t for axes in network_maps_figure({"unet": nothing}, GRID.bounds).axes if (t := axes.get_title(loc="left"))
    ]
    assert title.startswith("unet (inventory): 0.0%")


def test_the_rule_shows_the_maps_of_all_networks(tmp_path):
    paths = []
    for name, high in (("fcadensenet", 0.9), ("unet", 0.3)):
        paths.append(str(tmp_path / f"{name}.tif"))
        raster.write(paths[-1], quarter(FINE, high), FINE, "probability", {"threshold": "0.5"})
    vector.write(tmp_path / "planted.gpkg", planted(), "planted")
    inputs = {"probability": paths, "planted": [str(tmp_path / "planted.gpkg")]}
    picture = tmp_path / "comparison.png"
    run_script("compare_networks", tmp_path, inputs, {"figure": str(picture)}, networks=["fcadensenet", "unet"])
    assert picture.read_bytes().startswith(b"\x89PNG")
    (figure,) = stages_of(["A026"], [picture])
    assert figure.uri.startswith("data:image/png") and "A026" in figure.title
    assert stages_of(["A026"], []) == []


def test_a_finer_map_is_shown_by_its_means(tmp_path):
    """Known cells alone count, and a cell without any stays unknown."""
    fine = np.arange(80 * 64, dtype=np.float32).reshape(FINE.shape) / (80 * 64)
    fine[:2, :2] = [[np.nan, 0.2], [0.4, 0.6]]
    fine[2:4, :2] = np.nan
    raster.write(tmp_path / "probability.tif", fine, FINE, "probability")
    raster.write(tmp_path / "mean_coherence.tif", np.full(GRID.shape, 0.5), GRID, "mean_coherence")
    stack = StackInputs("A026", {name: tmp_path / f"{name}.tif" for name in ("probability", "mean_coherence")})
    found = read_stack(stack).layers["probability"]
    assert found.shape == GRID.shape
    with np.errstate(invalid="ignore"):
        expected = fine.reshape(40, 2, 32, 2).mean(axis=(1, 3))
    np.testing.assert_allclose(found[2:], expected[2:], rtol=1e-6)
    assert found[0, 0] == pytest.approx(0.4) and np.isnan(found[1, 0])

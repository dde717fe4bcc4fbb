"""Products on a finer grid against GDAL's bilinear interpolation, and what happens to directions, classes and gaps."""

import runpy
import subprocess
from types import SimpleNamespace

import numpy as np
import pytest

from sarslide import layers
from sarslide.config import load
from sarslide.errors import ConfigError, GridError
from sarslide.grid import Lattice, RegionGrid
from sarslide.io import raster
from sarslide.io.resample import finer_grid, period_of, resample
from sarslide.io.sidecar import read_json

GRID = RegionGrid(32647, 519000, 3208500, 25, 40, 50)


def field(seed=0):
    return np.random.default_rng(seed).normal(0, 30, GRID.shape).astype(np.float32)


def test_grid_of_p3():
    fine = finer_grid(GRID, 12.5)
    assert fine.shape == (80, 100) and fine.bounds == GRID.bounds
    with pytest.raises(GridError, match="E1004 cells of 10 m do not divide cells of 25 m"):
        finer_grid(GRID, 10)


def test_lattice_of_25_m_cells():
    """P2: samples of 5 m by 12.5 m, ten in a cell."""
    lattice = Lattice.of(GRID)
    assert (lattice.step_x, lattice.step_y, lattice.per_x * lattice.per_y) == (5.0, 12.5, 10)


def test_bilinear_equals_gdal(tmp_path):
    """gdalwarp's bilinear; it renormalises at the region's border just the same."""
    from shutil import which

    values = field()
    raster.write(tmp_path / "a.tif", values, GRID, "los_rate_mm_per_yr")
    fine = finer_grid(GRID, 12.5)
    if which("gdalwarp"):
        command = [
            "gdalwarp",
            "-q",
            "-r",
            "bilinear",
            "-tr",
            "12.5",
            "12.5",
            str(tmp_path / "a.tif"),
            str(tmp_path / "b.tif"),
        ]
        subprocess.run(command, check=True)
        truth = raster.read(tmp_path / "b.tif", fine)
    else:
        import rasterio.warp

        truth = np.full(fine.shape, np.nan, np.float32)
        places = {"src_transform": GRID.transform, "src_crs": "EPSG:32647", "src_nodata": np.nan}
        target = {"dst_transform": fine.transform, "dst_crs": "EPSG:32647", "dst_nodata": np.nan}
        rasterio.warp.reproject(values, truth, **places, **target, resampling=rasterio.warp.Resampling.bilinear)
    found = resample(values, 2, layers.get("los_rate_mm_per_yr"))
    # Float32 on both sides, values of 30.
    assert found.dtype == np.float32 and np.abs(found - truth).max() < 1e-4


def test_a_plane_stays_a_plane():
    x, y = np.meshgrid(GRID.x(), GRID.y())
    fine = finer_grid(GRID, 5)
    found = resample((0.1 * (x - 519000) - 0.2 * (y - 3208000)).astype(np.float64), 5, layers.get("elevation_m"))
    u, v = np.meshgrid(fine.x(), fine.y())
    inner = np.s_[5:-5, 5:-5]
    assert np.allclose(found[inner], (0.1 * (u - 519000) - 0.2 * (v - 3208000))[inner], atol=1e-9)


def test_gaps_keep_their_cells():
    values = field()
    values[10, 20] = np.nan
    found = resample(values, 2, layers.get("los_rate_mm_per_yr"))
    gap = np.zeros(found.shape, bool)
    gap[20:22, 40:42] = True
    assert np.array_equal(np.isnan(found), gap)
    # Beside the gap the known neighbours alone decide.
    weights, near = np.array([9, 3, 1]) / 16, np.array([values[10, 19], values[9, 19], values[9, 20]])
    assert found[20, 39] == pytest.approx((weights * near).sum() / weights.sum(), rel=1e-5)


@pytest.mark.parametrize(
    ("layer", "values", "middle"),
    [("aspect_deg", (350.0, 20.0), (357.5, 12.5)), ("avg_phase_rad", (3.0, -3.0), (3.0 + 0.0708, -3.0 - 0.0708))],
)
def test_directions_and_phases_cross_their_seam(layer, values, middle):
    found = resample(np.array([values, values]), 2, layers.get(layer))
    # A quarter of the way along the short arc; unit vectors of 30 degrees apart leave 0.3 degrees.
    assert np.allclose(found[0, 1:3], middle, atol=0.35 if layer == "aspect_deg" else 2e-3)
    assert (found >= layers.get(layer).valid[0]).all() and (found <= layers.get(layer).valid[1]).all()


def test_which_layers_repeat():
    repeating = {name for name in ("aspect_deg", "heading_deg", "avg_phase_rad") if period_of(layers.get(name))}
    assert repeating == {"aspect_deg", "heading_deg", "avg_phase_rad"}
    for name in ("slope_deg", "incidence_deg", "unw_rad", "los_rate_mm_per_yr", "los_east"):
        assert period_of(layers.get(name)) is None, name


def test_classes_go_to_the_nearest_cell():
    values = np.random.default_rng(3).integers(0, 4, GRID.shape).astype(np.uint8)
    found = resample(values, 2, layers.get("layover_shadow"))
    assert found.dtype == np.uint8 and all(np.array_equal(found[i::2, j::2], values) for i in (0, 1) for j in (0, 1))


def test_script_writes_every_layer(repository, tmp_path):
    names = ["los_rate_mm_per_yr", "layover_shadow", "aspect_deg"]
    inputs = {name: str(tmp_path / "in" / f"{name}.tif") for name in names}
    for name, path in inputs.items():
        whole = name == "layover_shadow"
        raster.write(path, np.ones(GRID.shape, np.uint8) if whole else np.abs(field()), GRID, name)
    outputs = {name: str(tmp_path / "out" / f"{name}.tif") for name in names} | {
        "sidecar": str(tmp_path / "out/a.json")
    }

    class Named(dict):
        __getattr__ = dict.__getitem__

    snakemake = SimpleNamespace(
        rule="resample_products",
        input=Named(inputs),
        output=Named(outputs),
        params=Named(grid=GRID.to_dict(), product_m=12.5),
        log=[str(tmp_path / "log")],
    )
    runpy.run_path(str(repository / "workflow_scripts/resample_products.py"), {"snakemake": snakemake})
    for name in names:
        raster.check_grid(outputs[name], finer_grid(GRID, 12.5))
        assert raster.tags_of(outputs[name])["resampled_from_m"] == "25"
    assert read_json(outputs["sidecar"])["cell_m"] == 12.5


def test_products_that_do_not_divide_the_cells():
    with pytest.raises(ConfigError, match="E1001 config: grid.product_m = 12.5 does not divide grid.cell_m = 30"):
        load({"grid": {"product_m": 12.5}})
    assert load({"grid": {"cell_m": 25, "product_m": 12.5}}).grid.product_m == 12.5

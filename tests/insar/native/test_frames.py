"""Frames of a region: what a job makes on a part of the grid, and where a date sees nothing of it."""

import numpy as np
import pytest

from sarslide.grid import RegionGrid, part_of
from sarslide.insar.native.geometry import acquired, layover_shadow, stack_geometry
from sarslide.insar.native.surface import Surface, read_surface
from sarslide.io import raster
from sarslide.io.sidecar import read_json
from sarslide.sentinel1.safe import open_scene
from tests.support.engine_runs import (
    DATES,
    IFG,
    REGION,
    SLC,
    STACK,
    UNWRAP,
    date_inputs,
    geometry_of,
    of_pair,
)
from tests.support.rule_jobs import run_script

ROWS, COLS = slice(7, 33), slice(12, 40)
PART = part_of(REGION, ROWS, COLS)
BESIDE = RegionGrid(32647, 419000, 3208000, 30, 40, 40)  # 100 km to the west of the bursts
FRAME = {"frame": "f8_53"}


def geocode(folder, inputs, grid, date, wildcards):
    """Rule geocode_slc; its files."""
    outputs = {"gslc": str(folder / f"gslc/{date}.tif"), "sidecar": str(folder / f"gslc/{date}.json")}
    settings = {"grid": grid.to_dict(), "stack": STACK, **SLC}
    run_script("geocode_slc", folder, inputs, outputs, wildcards, resources={"device": "cpu"}, **settings)
    return outputs


def test_samples_of_a_part_are_those_of_the_region(region, tmp_path):
    """The series of the imaging and the spline of the DEM begin elsewhere: 1e-8 m of range, 2e-6 rad. Rounding to 6 bits
    keeps that, but for samples that lie next to the middle of a step, which is 2^-6 of each part."""
    inputs = date_inputs(region, DATES[0])
    whole = geocode(tmp_path / "whole", inputs, REGION, DATES[0], {"frame": "f0"})
    part = geocode(tmp_path / "part", inputs, PART, DATES[0], FRAME)
    window = slice(3 * ROWS.start, 3 * ROWS.stop), slice(6 * COLS.start, 6 * COLS.stop)
    for band in (3, 4):
        expected = raster.read(whole["gslc"], band=band)[window]
        found = raster.read(part["gslc"], band=band)
        assert np.array_equal(found != 0, expected != 0) and (found != 0).mean() > 0.1
        assert (found == expected).mean() > 0.999
        for one, other in ((found.real, expected.real), (found.imag, expected.imag)):
            assert (np.abs(one - other) <= 2**-6 * np.abs(other)).all()


@pytest.fixture(scope="module")
def steep(region):
    """The first date of the speckle region and a surface with slopes of up to 65 degrees around it."""
    grid = REGION.pad(6000)
    x, y = np.meshgrid(grid.x(), grid.y())
    heights = 3000 + 350 * np.sin(x / 170) * np.cos(y / 230)
    return open_scene(region / "slc" / DATES[0]), Surface(heights, grid)


def test_geometry_of_a_part_is_that_of_the_region(steep):
    scene, surface = steep
    whole, part = (stack_geometry(scene, surface, grid) for grid in (REGION, PART))
    for name in ("incidence_deg", "heading_deg", "slant_range_m", "los_east", "los_north", "los_up"):
        # The projection is interpolated between nodes of each block, to 1e-6 m.
        np.testing.assert_allclose(getattr(part, name), getattr(whole, name)[ROWS, COLS], rtol=1e-9, atol=1e-8)
    assert np.array_equal(acquired(scene, surface, PART), acquired(scene, surface, REGION)[ROWS, COLS])
    flags = layover_shadow(scene, surface, REGION)[ROWS, COLS]
    assert {1, 2} <= set(np.unique(flags))
    # Lines run through the middle of each grid: other points, up to half a third of a cell away, stand for a cell.
    assert (layover_shadow(scene, surface, PART) == flags).mean() > 0.95


def test_heights_of_a_window_are_those_of_the_dem(region):
    """A spline's coefficients feel the end of a window by 0.27 a cell: 24 cells leave 1e-10 m of 3,000."""
    path = region / "dem_m.tif"
    small = RegionGrid(32647, REGION.west + 300, REGION.north - 300, 30, 8, 9)
    whole, window = read_surface(path), read_surface(path, small, reach_m=60)
    assert window.grid.shape == (8 + 2 * 26, 9 + 2 * 26)
    assert np.abs(window.heights(small.x(), small.y()) - whole.heights(small.x(), small.y())).max() < 1e-9


def test_a_frame_beside_all_bursts(region, tmp_path):
    """No job fails: empty samples, no phase, no component, ground that was not acquired."""
    dem = BESIDE.pad(1500)
    raster.write(tmp_path / "dem_m.tif", np.full(dem.shape, 3000.0), dem, "dem_m", {"vertical": "ellipsoidal"})
    slcs = []
    for date in DATES:
        inputs = date_inputs(region, date) | {"dem": str(tmp_path / "dem_m.tif")}
        slcs.append(geocode(tmp_path, inputs, BESIDE, date, FRAME))
    about = read_json(slcs[0]["sidecar"])
    assert (about["coverage"], about["bursts"], about["missing_bursts"]) == (0, [], [])
    paths, grid = of_pair(tmp_path, "_".join(DATES)), {"grid": BESIDE.to_dict()}
    outputs = geometry_of(tmp_path) | {"sidecar": str(tmp_path / "geometry.json")}
    run_script("stack_geometry", tmp_path, inputs, outputs, FRAME, **grid, **SLC)
    assert (raster.read(outputs["layover_shadow"]) == 255).all()
    pair = {**FRAME, "pair": "_".join(DATES)}
    inputs = {"gslc": [one["gslc"] for one in slcs], "sidecars": [one["sidecar"] for one in slcs]}
    formed = {kind: paths[kind] for kind in ("wrapped", "coherence", "sidecar")}
    run_script("interferogram", tmp_path, inputs, formed, pair, **grid, spectral_diversity=False, **IFG)
    assert np.isnan(raster.read_all(paths["wrapped"])).all() and np.isnan(raster.read(paths["coherence"])).all()
    inputs = {"wrapped": paths["wrapped"], "coherence": paths["coherence"], "about": paths["sidecar"]}
    inputs |= {"layover_shadow": outputs["layover_shadow"]}
    unwrapped = {kind: paths[kind] for kind in ("unwrapped", "conncomp")} | {"sidecar": str(tmp_path / "unwrap.json")}
    run_script("unwrap", tmp_path, inputs, unwrapped, pair, **UNWRAP)
    assert np.isnan(raster.read(paths["unwrapped"])).all() and not raster.read(paths["conncomp"]).any()

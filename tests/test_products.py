"""Products as xarray datasets: against rasterio and h5py on a small finished region, cell by cell,
read when used.
"""

import json
import pickle

import h5py
import numpy as np
import pytest
import rasterio
from pyproj import CRS

from sarslide import layers, products
from sarslide.errors import GridError, RasterError
from sarslide.grid import RegionGrid
from sarslide.io import raster
from sarslide.io.sidecar import sidecar, write_json
from tests.support import finished_region
from tests.support.finished_region import DATES, GRID, PAIRS, some


@pytest.fixture(scope="module")
def region(tmp_path_factory):
    """results/valley with two tracks; only A117 has an R-index and a time series."""
    folder = tmp_path_factory.mktemp("work") / "results" / "valley"
    finished_region.write(folder)
    return folder


@pytest.fixture
def opened(region):
    return products.open_products(region, method="stacking")


def truth(path, band: int = 1) -> np.ndarray:
    with rasterio.open(path) as source:
        return source.read(band)


def test_every_cell_is_that_of_its_file(region, opened):
    assert opened.los_rate_mm_per_yr.dims == ("stack", "y", "x") and opened.slope_deg.dims == ("y", "x")
    folders = {"los_rate_mm_per_yr": "stacking", "pair_count": "stacking", "layover_shadow": "geometry"}
    folders |= {"probability": "stacking/segment/compact", "stable_ground": "stacking", "closure_count": "quality"}
    for name, part in folders.items():
        for stack in ("A117", "D066"):
            there = truth(region / stack / "f0/native" / part / f"{name}.tif")
            np.testing.assert_array_equal(opened[name].sel(stack=stack), there)
            assert opened[name].dtype == there.dtype
    np.testing.assert_array_equal(opened.slope_deg, truth(region / "terrain/f0/slope_deg.tif"))
    path = region / "D066/f0/native/averaging/phase_intensity_rgb.tif"
    np.testing.assert_array_equal(opened.phase_intensity_rgb_green.sel(stack="D066"), truth(path, 2))
    assert opened.r_index.sel(stack="A117").notnull().any() and opened.r_index.sel(stack="D066").isnull().all()


def test_of_several_networks_that_of_the_inventory_is_opened(tmp_path):
    folder = tmp_path / "results" / "valley"
    finished_region.write(folder)
    for stack in ("A117", "D066"):
        there = folder / stack / "f0/native/stacking/segment"
        (there / "unet").mkdir()
        raster.write(there / "unet/probability.tif", np.full(GRID.shape, 0.25), GRID, "probability")
        (there / "compact/candidates.gpkg").touch()
    assert products.open_products(folder, method="stacking").attrs["model"] == "compact"
    beside = products.open_products(folder, method="stacking", model="unet")
    assert (beside.probability == 0.25).all()
    finer = RegionGrid(GRID.epsg, GRID.west, GRID.north, GRID.cell_m / 2, 2 * GRID.rows, 2 * GRID.cols)
    for stack in ("A117", "D066"):
        path = folder / stack / "f0/native/stacking/segment/unet/probability.tif"
        raster.write(path, np.full(finer.shape, 0.25), finer, "probability")
    beside = products.open_products(folder, method="stacking", model="unet")
    assert "probability" not in beside and "los_rate_mm_per_yr" in beside


def test_phase_gradients_are_opened_where_they_are_there(tmp_path, opened):
    folder, name = tmp_path / "results" / "valley", "phase_gradient_east_rad_per_yr_m"
    finished_region.write(folder)
    path = folder / f"A117/f0/native/phase_gradient/{name}.tif"
    raster.write(path, np.full(GRID.shape, 0.25), GRID, name)
    found = products.open_products(folder, method="stacking")[name]
    assert (found.sel(stack="A117") == 0.25).all() and found.sel(stack="D066").isnull().all()
    assert name not in opened


def test_unit_sign_and_unknown_are_those_of_the_registry(opened):
    for name, variable in opened.data_vars.items():
        spec = layers.get(name if name in layers.LAYERS else name.rpartition("_")[0])
        assert (variable.attrs["units"], variable.attrs["long_name"]) == (spec.unit, spec.meaning)
        assert variable.dtype == spec.dtype
        integer = np.issubdtype(variable.dtype, np.integer) and spec.nodata is not None
        assert variable.attrs.get("_FillValue") == (spec.nodata if integer else None)
    assert "positive towards the satellite" in opened.los_rate_mm_per_yr.attrs["long_name"]
    assert opened.los_rate_mm_per_yr.isnull().any()


def test_a_cell_lies_where_rasterio_puts_it(region, opened):
    assert CRS.from_cf(opened.spatial_ref.attrs).to_epsg() == 32647
    with rasterio.open(region / "terrain/f0/elevation_m.tif") as source:
        assert [float(word) for word in opened.spatial_ref.attrs["GeoTransform"].split()] == list(
            source.get_transform()
        )
        for row, col in ((0, 0), (39, 24), (7, 12)):
            x, y = source.xy(row, col)
            assert (opened.x[col], opened.y[row]) == (x, y)
            cell = next(source.sample([(x, y)]))[0]
            np.testing.assert_array_equal(opened.elevation_m.sel(x=x + 10, y=y - 10, method="nearest"), cell)


def test_dates_release_and_provenance(region, opened):
    assert opened.attrs["region"] == "valley" and opened.attrs["release"] == "20190330-0123abcd"
    assert (opened.attrs["engine"], opened.attrs["method"], opened.attrs["model"]) == ("native", "stacking", "compact")
    assert json.loads(opened.attrs["dates"]) == {"A117": list(DATES), "D066": list(DATES)}
    assert opened.last_date.sel(stack="D066") == np.datetime64("2019-03-30")
    found = json.loads(opened.attrs["provenance"])
    assert found["A117/f0/native/stacking/stack_rates.json"]["code"] == "c0de" and len(found) == 2


@pytest.mark.parametrize(
    "part",
    [
        (1, slice(None), slice(None)), (slice(None), 5, 7), (0, slice(30, 3, -4), slice(2, 20, 3)), (slice(0, 0), 0, 0),
        (-1, [3, 1, 39], [0, 24]), (slice(None), slice(-5, None), -1),
    ],
)  # fmt: skip
def test_any_part_is_that_of_the_whole(opened, part):
    first, rows, cols = part
    whole = opened.los_rate_mm_per_yr.load()
    again = pickle.loads(pickle.dumps(opened.copy())).los_rate_mm_per_yr
    np.testing.assert_array_equal(again.isel(stack=first, y=rows, x=cols), whole.values[first][..., rows, :][..., cols])


def test_nothing_is_read_before_it_is_used(region, monkeypatch):
    windows = []
    read = raster.read_block
    monkeypatch.setattr(raster, "read_block", lambda *words: windows.append(words) or read(*words))
    made = products.open_products(region, method="stacking")
    part = made.los_rate_mm_per_yr.sel(stack="D066")[10:12, 3:7]
    repr(made), part.shape, made.nbytes
    assert windows == []
    part.load()
    path = region / "D066/f0/native/stacking/los_rate_mm_per_yr.tif"
    assert windows == [(path, slice(10, 12), slice(3, 7), 1)]


def test_the_method_says_which_rates(region):
    for method in ("sbas", "windows/wet"):
        rate, path = products.open_products(region, method=method).los_rate_mm_per_yr, f"A117/f0/native/{method}"
        np.testing.assert_array_equal(rate.sel(stack="A117"), truth(region / path / "los_rate_mm_per_yr.tif"))
        assert rate.sel(stack="D066").isnull().all()


def test_pairs(region):
    pairs = products.open_pairs(region, "A117")
    assert list(pairs.pair.values) == list(PAIRS)
    assert pairs.earlier[2] == np.datetime64("2019-03-18") and pairs.later[0] == np.datetime64("2019-03-18")
    np.testing.assert_array_equal(pairs.bperp_m, [52.5, np.nan, np.nan])
    folder = region / "A117/f0/native/ifg"
    for pair in PAIRS:
        one = pairs.sel(pair=pair)
        for name in ("unw_rad", "cor", "conncomp"):
            np.testing.assert_array_equal(one[name], truth(folder / f"{pair}.{name}.tif"))
        for band, kind in enumerate(("unfiltered", "filtered"), start=1):
            np.testing.assert_array_equal(one[f"wrapped_rad_{kind}"], truth(folder / f"{pair}.wrapped_rad.tif", band))
    errors = region / "A117/f0/native/quality/loop_error_cycles.tif"
    np.testing.assert_array_equal(pairs.loop_error_cycles.sel(pair=PAIRS[2]), truth(errors, 2))
    assert (pairs.loop_error_cycles.sel(pair=PAIRS[0]) == -128).all()  # a pair of no triplet


def test_time_series(region):
    found = products.open_series(region, "A117")
    with h5py.File(region / "A117/f0/native/sbas/timeseries.nc") as file:
        cells = file["displacement_mm"][:]
    np.testing.assert_array_equal(found.displacement_mm[1:, ::-3, 4], cells[1:, ::-3, 4])
    np.testing.assert_array_equal(found.displacement_mm, cells)
    assert list(found.time.values) == list(np.array(["2019-03-06", "2019-03-18", "2019-03-30"], "datetime64[ns]"))
    assert found.displacement_mm.attrs["units"] == "mm" and "towards" in found.displacement_mm.attrs["long_name"]
    assert found.attrs["method"] == "sbas" and found.x[0] == 515145


def test_folders_without_products_and_choices_are_coded(region, tmp_path):
    for folder in (tmp_path, tmp_path / "absent", region / "terrain"):
        with pytest.raises(RasterError, match="holds no products; cure: give the folder of a finished region"):
            products.open_products(folder)
    with pytest.raises(RasterError, match="several: sbas, stacking; cure: choose method='sbas'"):
        products.open_products(region)
    with pytest.raises(RasterError, match="has no engine 'isce2'; cure: choose native"):
        products.open_products(region, engine="isce2")
    with pytest.raises(RasterError, match="D055: holds no products"):
        products.open_pairs(region, "D055")
    with pytest.raises(
        RasterError, match="D066: holds products of a method without a time series; cure: run it with rates.method"
    ):
        products.open_series(region, "D066")
    with pytest.raises(RasterError, match="D055: holds no products"):
        products.open_series(region, "D055")


def test_a_region_of_several_frames_is_opened_frame_by_frame(tmp_path):
    grids = {"f0_0": GRID, "f0_1": RegionGrid(32647, GRID.west + 20 * 30, GRID.north, 30, 40, 25)}
    for seed, (frame, grid) in enumerate(grids.items()):
        base = tmp_path / "A117" / frame / "native"
        raster.write(
            base / "stacking/los_rate_mm_per_yr.tif", some("los_rate_mm_per_yr", seed), grid, "los_rate_mm_per_yr"
        )
        raster.write(base / f"ifg/{PAIRS[0]}.cor.tif", some("cor", seed), grid, "cor")
        raster.write(tmp_path / f"terrain/{frame}/slope_deg.tif", some("slope_deg", seed), grid, "slope_deg")
    assert products.frames(tmp_path) == list(grids)
    with pytest.raises(RasterError, match="several: f0_0, f0_1; cure: choose frame='f0_0'"):
        products.open_products(tmp_path)
    west, east = (products.open_products(tmp_path, frame=frame) for frame in grids)
    assert east.attrs["frame"] == "f0_1" and east.x[0] == west.x[20]
    np.testing.assert_array_equal(east.slope_deg, truth(tmp_path / "terrain/f0_1/slope_deg.tif"))
    both = west.combine_first(east).los_rate_mm_per_yr
    assert both.shape == (1, 40, 45)
    np.testing.assert_array_equal(both[..., 25:], east.los_rate_mm_per_yr[..., 5:])
    assert products.open_pairs(tmp_path, "A117", frame="f0_1").x[0] == east.x[0]


def test_a_raster_of_another_grid_is_named_when_it_is_read(region, tmp_path):
    other = RegionGrid(32647, 515160, 3215640, 30, 40, 25)
    for grid, stack in ((GRID, "A117"), (other, "D066")):
        for name in ("los_rate_mm_per_yr", "pair_count"):
            raster.write(tmp_path / stack / "f0/files/stacking" / f"{name}.tif", some(name, 1), grid, name)
        (tmp_path / stack / "f0/files/geometry").mkdir()
    assert np.isnat(products.open_products(tmp_path).last_date).all()  # without sidecars
    with pytest.raises(GridError, match="D066/f0/files/stacking/pair_count.tif"):
        products.open_products(tmp_path).pair_count.load()


def test_a_region_whose_pairs_were_not_unwrapped(tmp_path):
    base = tmp_path / "valley/A117/f0/native"
    for part, name in (
        ("averaging", "mean_coherence"),
        ("averaging/segment/phases", "probability"),
        ("geometry", "los_up"),
    ):
        raster.write(base / part / f"{name}.tif", some(name, 1), GRID, name)
    write_json(base / "averaging/average_phase.json", sidecar("average_phase", {}, {"code": "c0de", "pairs": PAIRS}))
    opened = products.open_products(tmp_path / "valley")
    assert (opened.attrs["method"], opened.attrs["model"]) == ("averaging", "phases")
    assert {"mean_coherence", "probability", "los_up"} <= set(opened) and "los_rate_mm_per_yr" not in opened
    assert json.loads(opened.attrs["dates"])["A117"] == sorted({date for pair in PAIRS for date in pair.split("_")})
    with pytest.raises(RasterError, match="holds products of a method without a time series"):
        products.open_series(tmp_path / "valley", "A117")

"""Rasters carry CRS, unit, nodata and layer; nothing half-written stays; other grids are refused."""

import numpy as np
import pytest
import rasterio

from sarslide import layers
from sarslide.errors import GridError, LayerError, OutputError, RasterError
from sarslide.grid import Lattice, RegionGrid
from sarslide.io import raster
from sarslide.io.atomic import atomic_file

GRID = RegionGrid(32647, 515130, 3215640, 30, 40, 50)


@pytest.fixture
def slope(tmp_path):
    path = tmp_path / "slope_deg.tif"
    values = np.linspace(0, 60, 2000, dtype="float32").reshape(GRID.shape)
    values[3, 4] = np.nan
    raster.write(path, values, GRID, "slope_deg")
    return path, values


def test_what_is_written_comes_back(slope):
    path, values = slope
    np.testing.assert_array_equal(raster.read(path, GRID), values)
    assert raster.grid_of(path) == GRID
    tags = raster.tags_of(path)
    assert tags["layer"] == "slope_deg" and tags["unit"] == "degree"


def test_files_are_cloud_optimized_and_carry_units(slope):
    with rasterio.open(slope[0]) as source:
        assert source.tags(ns="IMAGE_STRUCTURE")["LAYOUT"] == "COG"
        assert source.units == ("degree",)
        assert np.isnan(source.nodata)


def test_same_array_same_bytes(tmp_path, slope):
    again = tmp_path / "again.tif"
    raster.write(again, slope[1], GRID, "slope_deg")
    assert again.read_bytes() == slope[0].read_bytes()


@pytest.mark.parametrize(("layer", "tags"), [("probability", {"threshold": "0.4"}), ("instances", None)])
def test_a_raster_put_in_bands_is_the_same_file(tmp_path, layer, tags):
    """Byte for byte what `write` makes of the whole array, overviews and all; a failure leaves nothing behind."""
    grid = RegionGrid(32647, 515130, 3215640, 30, 700, 600)
    rng = np.random.default_rng(2)
    array = rng.uniform(size=grid.shape).astype("float32") if layer == "probability" else rng.integers(0, 9, grid.shape)
    whole, banded = tmp_path / "whole.tif", tmp_path / "banded.tif"
    raster.write(whole, array, grid, layer, tags)
    with raster.create_cog(banded, grid, layer, tags) as put:
        for row in range(0, 700, 64):
            put(slice(row, min(row + 64, 700)), slice(0, 600), array[row : row + 64], 1)
    assert banded.read_bytes() == whole.read_bytes()
    with rasterio.open(banded) as source:
        assert source.overviews(1) == [2, 4]  # halved until a side is below one block of 256
    with pytest.raises(ZeroDivisionError), raster.create_cog(tmp_path / "x.tif", grid, layer):
        1 / 0  # noqa: B018
    assert {path.name for path in tmp_path.iterdir()} == {"whole.tif", "banded.tif"}


def test_nan_becomes_nodata_of_integer_layers(tmp_path):
    path = tmp_path / "layover_shadow.tif"
    raster.write(path, np.full(GRID.shape, np.nan), GRID, "layover_shadow")
    assert (raster.read(path) == 255).all()


def test_samples_lie_on_their_lattice(tmp_path):
    lattice = Lattice(GRID)
    path = tmp_path / "20190306.tif"
    samples = np.exp(1j * np.arange(lattice.rows * lattice.cols)).reshape(lattice.shape).astype("complex64")
    raster.write(path, samples, lattice, "gslc")
    found = raster.read(path, lattice)
    assert found.dtype == np.complex64
    np.testing.assert_allclose(np.angle(found * samples.conj()), 0, atol=2**-7)  # six bits of each part are kept
    np.testing.assert_array_equal(raster.read_block(path, slice(10, 20), slice(5, 9)), found[10:20, 5:9])
    assert lattice.shape == (120, 300) and (lattice.step_x, lattice.step_y) == (5, 10)


def test_another_grid_is_refused(slope):
    with pytest.raises(GridError, match="slope_deg.tif"):
        raster.read(slope[0], RegionGrid(32647, 515160, 3215640, 30, 40, 50))


def test_unknown_layers_and_lossy_casts_are_refused(tmp_path):
    with pytest.raises(LayerError, match="perhaps slope_deg"):
        raster.write(tmp_path / "x.tif", np.zeros(GRID.shape), GRID, "slope_degree")
    with pytest.raises(LayerError):
        raster.write(tmp_path / "x.tif", np.zeros(GRID.shape, "complex64"), GRID, "slope_deg")
    assert list(tmp_path.iterdir()) == []


def test_a_truncated_file_is_named(slope):
    path = slope[0]
    path.write_bytes(path.read_bytes()[:1500])
    with pytest.raises(RasterError, match="slope_deg.tif"):
        raster.read(path)


def test_a_failed_write_leaves_nothing(tmp_path):
    with pytest.raises(RuntimeError), atomic_file(tmp_path / "a.tif") as temporary:
        temporary.write_text("half")
        raise RuntimeError
    assert list(tmp_path.iterdir()) == []


def test_an_unwritable_folder_is_named(tmp_path):
    (tmp_path / "file").write_text("not a folder")
    with pytest.raises(OutputError, match="E1007"):
        raster.write(tmp_path / "file" / "slope_deg.tif", np.zeros(GRID.shape), GRID, "slope_deg")


def test_registry_is_consistent():
    for name, layer in layers.LAYERS.items():
        assert name == layer.name and layer.meaning and layer.unit
        np.dtype(layer.dtype)


def test_a_block_without_any_value_is_kept_whatever_the_sign_of_its_nan(tmp_path):
    """GDAL leaves such a block out; what reads back is NaN without a sign."""
    grid = RegionGrid(32647, 519000.0, 3212000.0, 30.0, 256, 512)
    values = np.full(grid.shape, -np.float32(np.nan))
    values[:, 300:] = 0.5
    path = tmp_path / "probability.tif"
    with raster.create_cog(path, grid, "probability") as put:
        for cols in (slice(0, 256), slice(256, 512)):
            put(slice(0, 256), cols, values[:, cols])
    np.testing.assert_array_equal(raster.read(path, grid), values)

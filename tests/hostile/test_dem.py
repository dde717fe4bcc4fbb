"""Heights that no ground has reach no engine."""

import numpy as np
import pytest
from rasterio.transform import from_bounds
from rasterio.warp import Resampling, reproject, transform_bounds

from sarslide.retrieve.dem import check_file, check_posting, region_dem
from tests.hostile.dem_cases import GRID, MARGIN_M, PADDED, cases, heights, written
from tests.hostile.support import checked


@pytest.mark.filterwarnings("ignore::rasterio.errors.NotGeoreferencedWarning", "ignore::RuntimeWarning")
def test_dems(tmp_path):
    checked(cases, tmp_path, 60)


def test_a_good_one_is_read(tmp_path):
    path = written(tmp_path / "dem.tif", heights())
    check_file(path, GRID.pad(MARGIN_M))
    found, padded = region_dem(path, GRID, MARGIN_M, "ellipsoidal", None)
    np.testing.assert_allclose(found, heights(padded), atol=0.01)


def test_heights_of_a_geoid_that_are_called_so_are_read(tmp_path):
    path = written(tmp_path / "dem.tif", heights(), crs="EPSG:32647+5773")
    found, padded = region_dem(path, GRID, MARGIN_M, "orthometric", -30.0)
    # GDAL takes the CRS for another one: it warps to an eighth of a cell, 1.5 m of height on this slope.
    np.testing.assert_allclose(found, heights(padded) - 30, atol=1.5)


def test_degrees_are_warped(tmp_path):
    """A file in degrees is read; cubic convolution twice leaves a metre on the ridge of an even slope."""
    bounds = transform_bounds(PADDED.epsg, 4326, *PADDED.bounds)
    width, height = PADDED.cols, PADDED.rows
    transform = from_bounds(*bounds, width, height)
    values = np.full((height, width), np.nan, np.float32)
    reproject(
        heights(), values, src_transform=PADDED.transform, src_crs=PADDED.epsg, dst_transform=transform, dst_crs=4326,
        dst_nodata=np.nan, resampling=Resampling.cubic,
    )  # fmt: skip
    path = written(tmp_path / "dem.tif", values, crs="EPSG:4326", transform=transform, nodata=np.nan)
    check_posting(path, GRID)
    found, padded = region_dem(path, GRID, MARGIN_M, "ellipsoidal", None)
    known = np.isfinite(found)
    assert known[3:-3, 3:-3].all()
    np.testing.assert_allclose(found[known], heights(padded)[known], atol=3.0)


def test_declared_voids_outside_the_region_are_none(tmp_path):
    values = heights()
    values[:, :8] = -32768
    path = written(tmp_path / "dem.tif", values, nodata=-32768)
    check_file(path, GRID.pad(MARGIN_M))
    found, _ = region_dem(path, GRID, MARGIN_M, "ellipsoidal", None)
    assert np.nanmin(found) > 1900

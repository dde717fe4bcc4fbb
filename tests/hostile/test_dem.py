"""Heights that no ground has reach no engine."""

import numpy as np
import pytest

from sarslide.retrieve.dem import check_file, region_dem
from tests.hostile.dem_cases import GRID, MARGIN_M, cases, heights, written
from tests.hostile.support import checked


@pytest.mark.filterwarnings("ignore::rasterio.errors.NotGeoreferencedWarning", "ignore::RuntimeWarning")
def test_dems(tmp_path):
    checked(cases, tmp_path, 60)


def test_a_good_one_is_read(tmp_path):
    path = written(tmp_path / "dem.tif", heights())
    check_file(path, GRID.pad(MARGIN_M))
    found, padded = region_dem(path, GRID, MARGIN_M, "ellipsoidal", None)
    np.testing.assert_allclose(found, heights(padded), atol=0.01)


def test_declared_voids_outside_the_region_are_none(tmp_path):
    values = heights()
    values[:, :8] = -32768
    path = written(tmp_path / "dem.tif", values, nodata=-32768)
    check_file(path, GRID.pad(MARGIN_M))
    found, _ = region_dem(path, GRID, MARGIN_M, "ellipsoidal", None)
    assert np.nanmin(found) > 1900

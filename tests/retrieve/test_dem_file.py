"""A DEM of the user: resampled to the region, orthometric heights made ellipsoidal."""

import numpy as np
import pytest
import rasterio
from rasterio.transform import from_origin

from sarslide.grid import RegionGrid
from sarslide.retrieve.dem import region_dem

GRID = RegionGrid(32648, 236000.0, 3022000.0, 25.0, 20, 30)


@pytest.mark.parametrize(("vertical", "undulation"), [("orthometric", -35.0), ("ellipsoidal", 0.0)])
def test_a_finer_dem_on_the_grid_of_a_region(tmp_path, vertical, undulation):
    """P3's 12.5 m (C05): cubic convolution keeps a plane; float32 of 3 km holds a millimetre."""
    x, y = 235500 + 12.5 * (np.arange(160) + 0.5), 3022500 - 12.5 * (np.arange(130) + 0.5)
    plane = (3000 + 0.2 * (x - 236000) - 0.1 * (y[:, None] - 3022000)).astype("float32")
    with rasterio.open(
        tmp_path / "alos.tif", "w", driver="GTiff", width=160, height=130, count=1, dtype="float32", crs="EPSG:32648",
        transform=from_origin(235500, 3022500, 12.5, 12.5),
    ) as target:  # fmt: skip
        target.write(plane, 1)
    height, padded = region_dem(tmp_path / "alos.tif", GRID, 100, vertical, undulation or None)
    assert padded == GRID.pad(100)
    truth = 3000 + 0.2 * (padded.x() - 236000) - 0.1 * (padded.y()[:, None] - 3022000) + undulation
    np.testing.assert_allclose(height, truth, atol=0.01)

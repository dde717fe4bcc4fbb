"""A DEM that is not the region's is refused by a coded line that names the file and the cure."""

import numpy as np
import pytest

from sarslide.errors import DemError
from sarslide.grid import RegionGrid
from sarslide.terrain.dem import check_heights, check_vertical, region_part

GRID = RegionGrid(32647, 500010.0, 3200010.0, 30.0, 20, 30)


def test_the_part_of_a_padded_dem():
    rows, cols = region_part("dem_m.tif", GRID.pad(90), GRID, margin_cells=1)
    assert (rows.start, rows.stop, cols.start, cols.stop) == (2, 24, 2, 34)


@pytest.mark.parametrize(
    ("dem", "words"),
    [
        (GRID, "covers"),
        (RegionGrid(32647, 530010.0, 3200010.0, 30.0, 40, 40), "covers"),
        (RegionGrid(32648, 500010.0, 3200010.0, 30.0, 40, 40), "EPSG:32648"),
        (RegionGrid(32647, 500000.0, 3200010.0, 30.0, 40, 40), "lattice"),
        (RegionGrid(32647, 499980.0, 3200040.0, 25.0, 60, 60), "25.0 m cells"),
    ],
)
def test_another_extent_or_lattice(dem, words):
    with pytest.raises(DemError, match=f"E1006 dem_m.tif: .*{words}.*; cure: "):
        region_part("dem_m.tif", dem, GRID, margin_cells=1)


@pytest.mark.parametrize("tags", [{}, {"vertical": "orthometric"}])
def test_heights_without_an_ellipsoidal_reference(tags):
    with pytest.raises(DemError, match=r"E1006 dem_m.tif: vertical reference is .*; cure: set grid\.dem_vertical"):
        check_vertical("dem_m.tif", tags)
    check_vertical("dem_m.tif", {"vertical": "ellipsoidal"})


def test_holes_and_impossible_heights():
    height = np.full((10, 10), 2000.0)
    check_heights("dem_m.tif", height)
    height[0, 0] = np.nan
    with pytest.raises(DemError, match="no height in 1.0% of the region"):
        check_heights("dem_m.tif", height)
    height[0, 0] = -32768
    with pytest.raises(DemError, match="heights from -32768 to 2000 m"):
        check_heights("dem_m.tif", height)

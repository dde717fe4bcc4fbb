"""A CRS that would make lengths, areas or directions of a region wrong is refused where it is typed."""

import math
import subprocess
import sys

import pytest
from pyproj import Transformer

from sarslide import config
from sarslide.config.crs import check_crs, utm_epsg
from sarslide.config.fields import Mistake
from sarslide.errors import ConfigError

DEMO = (515130.0, 3200340.0, 523230.0, 3215640.0)
UTM_SCALE, RADIUS_M, UTM_EASTING_M = 0.9996, 6371000.0, 500000.0


def square(epsg: int, longitude: float, latitude: float, side_m: float = 10000) -> tuple[float, float, float, float]:
    """Bounds around a place."""
    x, y = Transformer.from_crs(4326, epsg, always_xy=True).transform(longitude, latitude)
    return x - side_m / 2, y - side_m / 2, x + side_m / 2, y + side_m / 2


@pytest.mark.parametrize(
    ("epsg", "bounds", "problem", "cure"),
    [
        (4326, (98.9, 28.9, 99.1, 29.1), "grid.epsg = 4326 (WGS 84): is no projected CRS", "has EPSG 32647"),
        (4326, DEMO, "is no projected CRS", "326nn north and 327nn south"),
        (4978, DEMO, "is no projected CRS", "326nn"),
        (5703, DEMO, "grid.epsg = 5703 (NAVD88 height): is no projected CRS", "326nn"),
        (7405, (4e5, 3e5, 4.1e5, 3.1e5), "is no projected CRS", "326nn"),
        (9999, DEMO, "grid.epsg = 9999: there is no such CRS", "326nn"),
        (2227, (6e6, 2e6, 6.1e6, 2.1e6), "is in US survey foot, not in metres", "326nn"),
        (32647, (98.9, -29.1, 99.1, -28.9), "are degrees, not metres", "has EPSG 32747"),
        (3857, square(3857, 99, 29), "are off by up to 14.", "has EPSG 32647"),
        (3395, square(3395, -71, -33), "are off by up to 19.", "has EPSG 32719"),
        (32648, square(32648, 99, 29), "the middle, 29.00 N 99.00 E, lies outside the area of use", "EPSG 32647"),
        (32647, square(32647, 99.01, -1), "lies outside the area of use", "EPSG 32747"),
        (32647, (5e8, 0, 6e8, 1e6), "cannot be projected in grid.epsg = 32647", "in metres of it"),
        (32647, (-2e6, 3e6, 3e6, 4e6), "lengths in the region are off by up to 7.8%", "give a smaller region"),
        (3413, square(3413, -20, 70), "north of the map is 25 degrees off true north", "EPSG 32627"),
    ],
)  # fmt: skip
def test_a_crs_that_does_not_fit_is_refused_with_one_that_does(epsg, bounds, problem, cure):
    with pytest.raises(Mistake) as caught:
        check_crs(epsg, bounds)
    assert problem in caught.value.problem and cure in caught.value.cure
    with pytest.raises(ConfigError, match=r"^E1001 config: grid\.\w+ = .*; cure: [^\n]*$"):
        config.load({"grid": {"epsg": epsg, "bounds": bounds, "cell_m": 200}})


@pytest.mark.parametrize(
    ("epsg", "bounds"),
    [
        (32647, DEMO),
        (32647, square(32647, 101.9, 29, 80000)),  # over the edge of the zone
        (32601, square(32601, -179.99, 51.5, 50000)),  # over the date line
        (32719, square(32719, -71, -33)),
        (32633, square(32633, 15, 63)),
        (2193, square(2193, 172, -41)),  # New Zealand's own
        (27700, square(27700, -2, 53)),
        (3832, square(3832, 150, 0)),  # Mercator, at the equator
    ],
)  # fmt: skip
def test_a_crs_that_fits_is_taken(epsg, bounds):
    check_crs(epsg, bounds)


@pytest.mark.parametrize("region", config.presets())
def test_the_presets_keep_to_their_crs(region):
    grid = config.load({"region": region}).grid
    check_crs(grid.epsg, grid.bounds)


def test_the_scale_is_that_of_the_projection():
    """Mercator's is 1 / cos of the latitude; UTM's grows with the square of the distance from its meridian."""
    for latitude in (3, 9):  # 1 % is reached at 8.1 degrees
        bounds = square(3395, 10, latitude, 1000)
        if 1 / math.cos(math.radians(latitude)) - 1 < 0.01:
            check_crs(3395, bounds)
        else:
            with pytest.raises(Mistake, match="lengths in the region are off"):
                check_crs(3395, bounds)
    # A long strip around the middle of a zone: fits as long as its ends are within 1 %.
    fits = RADIUS_M * math.sqrt(2 * (1.01 / UTM_SCALE - 1))
    for part, good in ((0.98, True), (1.02, False)):
        bounds = (UTM_EASTING_M - part * fits, 1000, UTM_EASTING_M + part * fits, 9000)
        if good:
            check_crs(32647, bounds)
        else:
            with pytest.raises(Mistake, match=r"off by up to 1\.0%"):
                check_crs(32647, bounds)


@pytest.mark.parametrize(
    ("longitude", "latitude", "epsg"),
    [(99, 29, 32647), (-180, 10, 32601), (179.9, -10, 32760), (180, 0, 32601), (-0.1, 51, 32630), (359, 51, 32630)],
)
def test_the_zone_of_a_place(longitude, latitude, epsg):
    assert utm_epsg(longitude, latitude) == epsg


def test_the_configuration_is_imported_without_pyproj():
    code = "import sys, sarslide.config; print('pyproj' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True).stdout == "False\n"

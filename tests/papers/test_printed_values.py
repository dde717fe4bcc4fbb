"""What the papers print of regions, dates and grids, typed once more from their texts, is what the
presets hold.
"""

from functools import reduce

import pytest
from pyproj import Transformer

from sarslide import config, layers

# Id of docs/papers.md, preset, key, value as the paper prints it.
PRINTED = [
    ("A03", "three_rivers", "catalog.start", "20190301"),
    ("A03", "three_rivers", "catalog.end", "20200331"),
    ("A03", "three_rivers", "slc.polarisation", "VV"),
    ("A07", "jinsha_lancang", "catalog.start", "20190101"),
    ("A07", "jinsha_lancang", "catalog.end", "20200331"),
    ("A07", "jinsha_lancang", "grid.cell_m", 25),
    ("A09", "baihetan", "catalog.start", "20210109"),
    ("A09", "baihetan", "catalog.end", "20230529"),
    ("B06", "three_rivers", "training.channels", "p0_insar_hsv"),
    ("B09", "jinsha_lancang", "rates.height_correlated", True),
    ("B11", "jinsha_lancang", "rates.weighting", "coherence"),
    ("B13", "baihetan", "network.preset", "p3"),
    ("B15", "baihetan", "rates.method", "sbas"),
    ("B20", "qtp_loess", "interferogram.unwrapper", "whirlwind"),
    ("B20", "zhouqu", "interferogram.unwrapper", "whirlwind"),
    ("B23", "qtp_loess", "rates.atmosphere", "filter"),
    ("B23", "zhouqu", "rates.atmosphere", "filter"),
    ("B25", "qtp_loess", "grid.cell_m", 30),
    ("C06", "qtp_loess", "grid.dem", "aw3d30"),
    ("C06", "zhouqu", "grid.dem", "aw3d30"),
    ("C09", "baihetan", "grid.product_m", 12.5),
    ("C09", "baihetan", "segmentation.grid", "product"),
    ("C10", "three_rivers", "inventory.snowline_m", 5132),
    ("D02", "three_rivers", "dataset.patch", 128),
    ("D02", "three_rivers", "dataset.overlap", 0.5),
    ("D04", "three_rivers", "dataset.fractions", (0.7, 0.2, 0.1)),
    ("D06", "jinsha_lancang", "dataset.patch", 256),
    ("D06", "jinsha_lancang", "dataset.fractions", (0.6, 0.2, 0.2)),
    ("D10", "baihetan", "dataset.patch", 128),
    ("D10", "baihetan", "dataset.overlap", 0),
    ("D10", "baihetan", "dataset.fractions", (0.7, 0.3)),
    ("D14", "qtp_loess", "dataset.patch", 256),
    ("E01", "three_rivers", "segmentation.model", "drs_unet"),
    ("E05", "three_rivers", "segmentation.beside", ("unet", "segnet")),
    ("E07", "three_rivers", "training.preset", "p0"),
    ("E10", "jinsha_lancang", "training.preset", "p2"),
    ("E12", "baihetan", "training.preset", "p3"),
    ("E11", "baihetan", "segmentation.model", "fcadensenet"),
    ("E13", "baihetan", "segmentation.beside", ("fcn8s", "unet", "fc_densenet56")),
    ("E14", "qtp_loess", "segmentation.model", "generalized_cnn"),
    ("E15", "qtp_loess", "segmentation.beside", ("vcnn",)),
]
# Seats of the counties that a paper names, longitude and latitude, degree, to a few km.
PLACES = [
    ("A08", "baihetan", "Huidong", 102.58, 26.63),
    ("A08", "baihetan", "Ningnan", 102.76, 27.07),
    ("A08", "baihetan", "Qiaojia", 102.93, 26.91),
    ("A08", "baihetan", "Huize", 103.30, 26.41),
    ("A08", "baihetan", "Dongchuan", 103.19, 26.08),
    ("A12", "zhouqu", "Zhouqu", 104.37, 33.78),
    ("A12", "zhouqu", "Wudu", 104.93, 33.39),
    ("A12", "zhouqu", "Diebu", 103.22, 34.06),
]


@pytest.mark.parametrize(("item", "region", "key", "printed"), PRINTED)
def test_a_preset_holds_what_is_printed(item, region, key, printed):
    assert reduce(getattr, key.split("."), config.load({"region": region})) == printed, item


@pytest.mark.parametrize(("item", "region", "place", "lon", "lat"), PLACES)
def test_the_named_places_lie_in_the_region(item, region, place, lon, lat):
    grid = config.load({"region": region}).grid
    x, y = Transformer.from_crs(4326, grid.epsg, always_xy=True).transform(lon, lat)
    west, south, east, north = grid.bounds
    assert west < x < east and south < y < north, (item, place)


def test_what_is_not_printed_is_an_assumption():
    """A05: P0 and P2 print neither tracks nor coordinates, P3 no track. D15: P4 prints no recipe."""
    for region, keys in (
        ("three_rivers", {"stacks", "grid.bounds"}),
        ("jinsha_lancang", {"stacks", "grid.bounds"}),
        ("baihetan", {"stacks"}),
        ("qtp_loess", {"training.preset"}),
    ):
        assert keys <= set(config.load({"region": region}).assumptions)


def test_units_of_p4s_products():
    """B25: phase rate in rad/yr as printed; the LOS rate in mm/yr, a thousand times P4's m/yr."""
    assert layers.get("phase_rate_rad_per_yr").unit == "rad/yr"
    assert layers.get("los_rate_mm_per_yr").unit == "mm/yr"

"""Seasonal snow: its line through the year, and what it does to the coherence of dates."""

from functools import cache

import numpy as np
import pytest

from sarsim import landcover
from sarsim.scattering import SEASONAL_SNOW, ScatteringSettings, cover_on, latitude_deg, snow_line_m
from sarslide.grid import RegionGrid
from tests.sarsim.test_scattering import coherence, read
from tests.support.slc_support import small_world

SETTINGS = ScatteringSettings(snow_drop_m=1200.0)
WINTER, SAME_WINTER, SUMMER, NEXT_SUMMER = "20190210", "20190222", "20190809", "20190821"


def test_line_is_lowest_in_the_winter_of_either_hemisphere():
    months = [f"2019{month:02d}15" for month in range(1, 13)]
    for latitude, lowest in ((30.0, 2), (-30.0, 8)):
        lines = [snow_line_m(date, latitude, 4100.0, 1200.0) for date in months]
        assert int(np.argmin(lines)) + 1 == lowest
        assert min(lines) == pytest.approx(2900, abs=5) and max(lines) == pytest.approx(4100, abs=5)


def test_latitude_of_a_grid():
    assert latitude_deg(RegionGrid(32647, 500000.0, 3.2e6, 30.0, 10, 10)) == pytest.approx(28.93, abs=0.01)
    assert latitude_deg(RegionGrid(32747, 500000.0, 6.8e6, 30.0, 10, 10)) == pytest.approx(-28.93, abs=0.01)


def test_snow_lies_above_its_line_but_not_on_water():
    cover = np.array([[landcover.GRASS, landcover.ROCK, landcover.WATER, landcover.SNOW]], np.uint8).repeat(2, 0)
    height = np.array([[3000.0], [3500.0]]).repeat(4, 1)
    found = cover_on(cover, height, 3200.0)
    assert np.array_equal(found[0], cover[0])
    assert found[1].tolist() == [SEASONAL_SNOW, SEASONAL_SNOW, landcover.WATER, landcover.SNOW]


@cache
def world():
    """Rock, the northern half at 3,600 m, above the winter's line, the southern at 2,700 m, with a cliff between."""
    elevation = np.full((60, 60), 2700.0)
    elevation[:30] = 3600.0
    return small_world(60, 60, elevation, np.full((60, 60), landcover.ROCK, np.uint8))


@cache
def samples(date: str, snow: bool) -> np.ndarray:
    return read(world(), SETTINGS if snow else None, date)


@pytest.mark.parametrize(
    ("pair", "days", "code"),
    [((WINTER, SAME_WINTER), 12, landcover.SNOW), ((SUMMER, NEXT_SUMMER), 12, landcover.ROCK)],
)
def test_coherence_above_the_line(pair, days, code):
    """Between dates with snow that of snow, between others that of the ground; baselines and noise cost up to 0.12.

    1,500 looks: known to 0.03.
    """
    found = abs(coherence(*(samples(date, snow=True)[3:24] for date in pair)))
    expected = landcover.CLASSES[code].coherence(days)
    assert expected - 0.15 < found < expected + 0.05


def test_coherence_of_snow_with_bare_ground_is_lost():
    """1,500 looks without coherence: 0.026."""
    assert abs(coherence(samples(WINTER, snow=True)[3:24], samples(SUMMER, snow=True)[3:24])) < 0.09
    assert abs(coherence(samples(WINTER, snow=False)[3:24], samples(SUMMER, snow=False)[3:24])) > 0.5


def test_ground_below_the_line_stays_as_it_was():
    """But for side lobes of the snow's other speckle: -34 dB."""
    with_snow, without = (samples(WINTER, snow=snow)[40:57] for snow in (True, False))
    assert abs(coherence(with_snow, without)) > 0.999
    assert np.array_equal(samples(SUMMER, snow=True), samples(SUMMER, snow=False), equal_nan=True)

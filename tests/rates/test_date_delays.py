"""Delays of dates: planted ones come back, motion does not enter them, gaps and islands do no harm."""

import numpy as np
import pytest

from sarslide.errors import RateError
from sarslide.network import pair_matrix
from sarslide.rates.corrections.common_scene import common_scene
from sarslide.rates.corrections.date_delays import Coarse, date_delays, high_pass, trend_removal
from sarslide.rates.ground import Ground
from sarslide.rates.passes import Corrector
from sarslide.rates.pipeline import stack_rates
from sarslide.rates.reference import ReferenceArea
from sarslide.rates.settings import RateSettings
from tests.support.valley import RAD_PER_MM, WAVELENGTH_M, Valley, dates, short_pairs, years

PAIRS = short_pairs(dates(30))


def phases(delays, rate=0.0):
    """Phases of PAIRS from delays of the dates (dates, ...) and a rate, rad/yr."""
    names = dates(30)
    ends = [[names.index(day) for day in pair.split("_")] for pair in PAIRS]
    return np.stack([delays[b] - delays[a] + rate * years(pair) for (a, b), pair in zip(ends, PAIRS, strict=True)])


def without_line(delays):
    """Truth as far as pairs can know it: no mean, no straight line in time; by polynomial fit."""
    t = np.arange(len(delays))
    flat = delays.reshape(len(delays), -1)
    return (flat - np.stack([np.polyval(np.polyfit(t, column, 1), t) for column in flat.T], 1)).reshape(delays.shape)


@pytest.fixture(scope="module")
def planted():
    return np.random.default_rng(4).standard_normal((30, 5, 6))


def test_filter_without_a_low_pass_in_time_gives_the_delays_back(planted):
    coarse = Coarse((5, 6), 1.0)
    found = date_delays(phases(planted, rate=30.0), PAIRS, coarse, "filter", days=1e6).phase_rad
    # A Gaussian of a million days takes off the mean alone, which is zero already.
    np.testing.assert_allclose(found, without_line(planted), atol=1e-6)


def test_a_steady_rate_is_no_delay():
    motion = phases(np.zeros((30, 5, 6)), rate=25.0)
    for method in ("filter", "common_scene"):
        assert np.abs(date_delays(motion, PAIRS, Coarse((5, 6), 1.0), method, 100).phase_rad).max() < 1e-9


def test_common_scene_finds_most_of_a_white_delay_and_all_of_one_bad_date(planted):
    found = common_scene(phases(planted, rate=30.0), PAIRS)
    rest = np.std(found - without_line(planted)) / np.std(planted)
    # A mean of four pairs leaves the mean of the neighbours: 1/2 of the scatter in the first round, less in the next two.
    assert rest < 0.45
    bad = np.zeros((30, 1, 1))
    bad[12] = 3.0
    alone = common_scene(phases(bad, rate=30.0), PAIRS)
    np.testing.assert_allclose(alone, without_line(bad), atol=0.1)


def test_the_filter_keeps_what_is_slow():
    t = 12.0 * np.arange(30)
    slow, fast = np.sin(2 * np.pi * t / 700), (-1.0) ** np.arange(30)
    operator = high_pass(t, 40.0)
    inner = slice(8, -8)  # near the ends the Gaussian is one-sided
    assert np.std((operator @ slow)[inner]) < 0.1 * np.std(slow)
    np.testing.assert_allclose((operator @ fast)[inner], fast[inner], atol=0.05)


def test_islands_have_their_own_constants_and_one_line():
    days = dates(12)
    pairs = short_pairs(days[:5]) + short_pairs(days[5:])
    removal = trend_removal(pairs)
    assert np.linalg.matrix_rank(np.eye(12) - removal) == 3  # two constants, one line
    steps = np.r_[np.zeros(5), np.full(7, 4.0)] + 0.3 * np.arange(12)
    np.testing.assert_allclose(removal @ steps, 0, atol=1e-9)
    assert pair_matrix(pairs).shape == (len(pairs), 12)


def test_smoothing_bridges_holes_and_spreads_back():
    coarse = Coarse((61, 83), 9.0)
    assert coarse.step == 3
    rows, cols = np.mgrid[:61, :83]
    plane = 0.01 * rows - 0.02 * cols + 1.0
    where = np.ones(plane.shape, bool)
    where[20:30, 30:45] = False
    values = np.where(where, plane, 1e6)
    back = coarse.spread(coarse.smooth(values, where))
    # A Gaussian mean keeps a plane but at the edges and, by less than its slope times the hole, beside the hole.
    inner = np.s_[20:-20, 25:-25]
    assert np.abs(back - plane)[inner].max() < 0.1
    assert coarse.share(where).min() >= 0 and coarse.share(where).max() == 1
    assert not coarse.smooth(values, np.zeros(where.shape, bool)).any()


@pytest.mark.parametrize("method", ["filter", "common_scene"])
def test_the_rate_of_a_turbulent_track_gets_better_and_landslides_stay(method):
    valley = Valley(seed=3)
    error = {}
    for name in ("none", method):
        settings = RateSettings(atmosphere=name, atmosphere_cells=6)
        rates = stack_rates(valley.read, valley.pairs, valley.elevation_m, WAVELENGTH_M, settings)
        error[name] = rates.layers["los_rate_mm_per_yr"] - valley.los_mm_per_yr
    stationary = valley.los_mm_per_yr == 0
    # Turbulence finer than the Gaussian (this one has much: its power falls as k^-8/3), its trend in time and the speckle stay.
    assert np.std(error[method][stationary]) < 0.9 * np.std(error["none"][stationary])
    assert abs(error[method][~stationary].mean()) < 1.5


def test_delays_in_mm_are_near_the_true_ones():
    valley = Valley(seed=3, stratified_mm_per_km=0)
    stationary = valley.los_mm_per_yr == 0
    settings = RateSettings(
        height_correlated=False, plane=False, atmosphere="filter", atmosphere_cells=6, atmosphere_days=1e5
    )
    everywhere = ReferenceArea(np.ones(valley.shape, bool), "everywhere")
    ground = Ground(valley.elevation_m, stationary, everywhere)
    delays = Corrector(valley.read, ground, settings).delays(valley.pairs)
    found = np.stack([delays.coarse.spread(delays.of_date(day)) for day in valley.dates]) / RAD_PER_MM
    truth = valley.atmosphere_mm - np.median(valley.atmosphere_mm, axis=(1, 2))[:, None, None]
    left, before = (without_line(field)[:, stationary] for field in (truth - found, truth))
    # What is finer than 180 m stays, and 0.2 rad of speckle, 0.9 mm, goes into it a little.
    assert np.std(left) < 0.45 * np.std(before)


def test_an_unknown_method():
    with pytest.raises(RateError, match="use one of none, filter, common_scene"):
        date_delays(phases(np.zeros((30, 1, 1))), PAIRS, Coarse((1, 1), 1.0), "wavelet", 100)

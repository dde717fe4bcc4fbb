"""Each cell against the stable ground around it."""

import numpy as np
import pytest

from sarslide.rates.corrections.double_difference import double_difference, double_difference_wrapped
from sarslide.rates.pipeline import average_phase, stack_rates
from sarslide.rates.settings import RateSettings
from tests.support.valley import WAVELENGTH_M, Valley

SHAPE = (90, 100)
ROWS, COLS = np.mgrid[: SHAPE[0], : SHAPE[1]]


def test_it_is_the_mean_of_a_ring_by_hand():
    values = np.random.default_rng(2).standard_normal(SHAPE)
    stable = np.random.default_rng(3).random(SHAPE) < 0.7
    found = double_difference(values, stable, 5, 15)
    for row, col in ((45, 50), (3, 4), (80, 99)):
        away = np.hypot(ROWS - row, COLS - col)
        ring = (away > 5) & (away <= 15) & stable
        assert found[row, col] == pytest.approx(values[row, col] - values[ring].mean(), abs=1e-9)


def test_a_wide_ring_is_summed_on_a_coarser_grid():
    rows, cols = np.mgrid[:260, :300]
    rng = np.random.default_rng(4)
    values = 3 * np.sin(rows / 40) + 0.02 * cols + rng.standard_normal(rows.shape)
    stable = (rng.random(rows.shape) < 0.5) & (np.hypot(rows - 90, cols - 200) > 30)
    values[200:, :30] = np.nan
    found = double_difference(values, stable, 24, 120)  # coarse cells of 4
    for row, col in ((130, 150), (17, 31), (255, 296), (90, 200)):
        away = np.hypot(rows - row, cols - col)
        ring = (away > 24) & (away <= 120) & stable & np.isfinite(values)
        # Coarse cells move the radii by up to 2 cells: a twentieth of the ring's 20,000 cells may change, in which the
        # field differs from the ring's mean by 3.
        assert found[row, col] == pytest.approx(values[row, col] - values[ring].mean(), abs=0.05)


def test_what_is_longer_than_the_ring_goes_and_a_landslide_stays():
    disc = np.hypot(ROWS - 45, COLS - 50) < 6
    found = double_difference(0.05 * ROWS - 0.03 * COLS + 7.0 - 4.0 * disc, ~disc, 8, 20)
    assert found[45, 50] == pytest.approx(-4, abs=1e-6)
    assert abs(found[25, 30]) < 1e-6


def test_a_wrapped_phase_gives_the_wrapped_difference():
    phase = 0.11 * COLS + 2.0 * (np.hypot(ROWS - 45, COLS - 50) < 6)
    stable = phase == 0.11 * COLS
    plain = double_difference(phase, stable, 8, 20)
    wrapped = double_difference_wrapped(np.angle(np.exp(1j * phase)), stable, 8, 20)
    beside = np.s_[:20, 25:-25]  # above the disc: rings of a plane, whose mean phasor points to the middle
    assert np.abs(np.angle(np.exp(1j * (wrapped - plain)))[beside]).max() < 1e-6
    # Where the disc cuts a ring, the mean phasor leaves the mean by less than the third moment of the ring's phases.
    assert np.abs(np.angle(np.exp(1j * (wrapped - plain)))[:, 25:-25]).max() < 0.15


def test_creep_in_the_ring_lowers_the_rate_by_its_share():
    disc = np.hypot(ROWS - 45, COLS - 50) < 6
    creep = (COLS > 50) & ~disc  # half of the ring moves unnoticed at a tenth of the rate
    found = double_difference(-40.0 * disc - 4.0 * creep, ~disc, 8, 20)
    assert found[45, 50] == pytest.approx(-38, abs=0.2)


def test_no_stable_ground_within_reach():
    stable = COLS < 20
    found = double_difference(np.zeros(SHAPE), stable, 2, 10)
    assert np.isfinite(found[:, :20]).all()
    assert np.isnan(found[:, 40:]).all()


def test_rates_of_a_region_without_a_stable_point():
    valley = Valley(turbulence_mm=2)
    settings = RateSettings(plane=False, height_correlated=False, ring=(12, 40))
    region = -25.0 + 0.1 * np.mgrid[: valley.shape[0], : valley.shape[1]][1]  # all of it sinks, the west faster

    def read(pair):
        phase, coherence, _ = valley.read(pair)
        years = (np.datetime64(_iso(pair[9:])) - np.datetime64(_iso(pair[:8]))).astype(int) / 365.25
        return phase - 4 * np.pi / WAVELENGTH_M / 1e3 * region * years, coherence, None

    rates = stack_rates(read, valley.pairs, valley.elevation_m, WAVELENGTH_M, settings)
    error = rates.layers["los_rate_mm_per_yr"] - valley.los_mm_per_yr
    moving, known = valley.los_mm_per_yr < 0, np.isfinite(error)
    assert known.mean() > 0.9
    assert abs(np.median(error[known & ~moving])) < 2
    assert abs(error[known & moving].mean()) < 5
    assert "stable ground 12 to 40 cells around" in rates.ground.reference.reason


def test_the_averaged_phase_too():
    valley = Valley(turbulence_mm=2)
    settings = RateSettings(ring=(12, 40))
    phase = average_phase(valley.read_wrapped, valley.pairs, valley.elevation_m, settings).layers["avg_phase_rad"]
    stationary = valley.los_mm_per_yr == 0
    assert abs(np.nanmedian(phase[stationary])) < 0.05
    assert np.nanmean(phase[valley.los_mm_per_yr < -40]) > 0.3


def _iso(day):
    return f"{day[:4]}-{day[4:6]}-{day[6:]}"

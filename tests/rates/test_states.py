"""States of series: against closed forms, and against the stated rate of false alarms."""

import numpy as np
import pytest

from sarslide.rates.states import (
    ACCELERATING,
    FALSE_ALARMS,
    SLOWING,
    STEADY,
    WINDOW,
    Noise,
    bends,
    correlation,
    limit,
    noise_of,
    states,
)

YEARS = np.arange(40) * 12 / 365.25
UNEVEN = np.delete(YEARS, [5, 6, 21])
INDEPENDENT = Noise(0.0, 1.0)


def noisy(rng, series, years, noise):
    return rng.normal(size=(series, len(years))) @ np.linalg.cholesky(correlation(years, noise)).T


def test_a_bent_line_comes_back():
    """To rounding: 20 mm/yr, and 50 more from six acquisitions before the end on."""
    bent = 3 + 20 * YEARS + 50 * np.clip(YEARS - YEARS[-1 - WINDOW], 0, None)
    rate, bend, _ = bends(bent[None], YEARS)
    assert [rate[0], bend[0]] == pytest.approx([20.0, 50.0], rel=1e-9)


def test_the_statistic_of_independent_dates_is_students():
    """Its 99 % quantile for 37 degrees of freedom, 2.715; from 100,000 series to 2 %."""
    assert limit(YEARS, INDEPENDENT) == pytest.approx(2.715, rel=0.02)


@pytest.mark.parametrize("noise", [Noise(1.0, 0.05), Noise(1.0, 0.1), Noise(0.5, 0.15)])
def test_the_noise_of_still_ground_is_found(noise):
    """From 1,000 series of dates with gaps: correlations at 12 to 96 days to 0.03, some five of their standard errors."""
    found = noise_of(noisy(np.random.default_rng(1), 1000, UNEVEN, noise), UNEVEN)
    apart = np.arange(9) * 12 / 365.25
    np.testing.assert_allclose(correlation(apart, found)[0], correlation(apart, noise)[0], atol=0.03)


def test_independent_dates_remember_next_to_nothing():
    """A correlation of two dates below 0.03, some five of its standard errors from 1,000 series."""
    found = noise_of(noisy(np.random.default_rng(2), 1000, YEARS, INDEPENDENT), YEARS)
    assert correlation(YEARS, found)[0, 1:].max() < 0.03


def test_still_ground_without_any_scatter_is_no_error():
    assert correlation(YEARS, noise_of(np.zeros((100, len(YEARS))), YEARS))[0, 1] == 0


@pytest.mark.parametrize("noise", [INDEPENDENT, Noise(1.0, 0.08), Noise(0.4, 0.3)])
def test_one_steady_series_in_a_hundred_is_told(noise):
    """10,000 series; 99.9 % interval of the binomial."""
    rng = np.random.default_rng(3)
    found = states(30 * UNEVEN + noisy(rng, 10_000, UNEVEN, noise), UNEVEN, limit(UNEVEN, noise))
    spread = 3.29 * np.sqrt(10_000 * FALSE_ALARMS * (1 - FALSE_ALARMS))
    assert sum(state != STEADY for state in found) == pytest.approx(100, abs=spread)


def test_words():
    after = np.clip(YEARS - YEARS[-1 - WINDOW], 0, None)
    series = np.array([-30 * YEARS - 90 * after, -30 * YEARS + 30 * after, 30 * YEARS])
    series += 0.5 * noisy(np.random.default_rng(4), 3, YEARS, INDEPENDENT)
    assert states(series, YEARS, 3.0) == [ACCELERATING, SLOWING, STEADY]

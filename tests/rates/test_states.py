"""States of series: against closed forms, and against the stated rate of false alarms."""

import numpy as np
import pytest

from sarslide.rates.states import (
    ACCELERATING,
    FALSE_ALARMS,
    SLOWING,
    STEADY,
    WINDOW,
    bends,
    correlation,
    limit,
    memory_years,
    states,
)

YEARS = np.arange(40) * 12 / 365.25
UNEVEN = np.delete(YEARS, [5, 6, 21])


def noisy(rng, series, years, memory):
    return rng.normal(size=(series, len(years))) @ np.linalg.cholesky(correlation(years, memory)).T


def test_a_bent_line_comes_back():
    """To rounding: 20 mm/yr, and 50 more from six acquisitions before the end on."""
    bent = 3 + 20 * YEARS + 50 * np.clip(YEARS - YEARS[-1 - WINDOW], 0, None)
    rate, bend, _ = bends(bent[None], YEARS)
    assert [rate[0], bend[0]] == pytest.approx([20.0, 50.0], rel=1e-9)


def test_the_statistic_of_independent_dates_is_students():
    """Its 99 % quantile for 37 degrees of freedom, 2.715; from 100,000 series to 2 %."""
    assert limit(YEARS, 0.0) == pytest.approx(2.715, rel=0.02)


@pytest.mark.parametrize("memory", [0.02, 0.1])
def test_the_memory_of_noise_is_found(memory):
    """From 1,000 series of dates with gaps, to 10 %."""
    still = noisy(np.random.default_rng(1), 1000, UNEVEN, memory)
    assert memory_years(still, UNEVEN) == pytest.approx(memory, rel=0.1)


def test_independent_dates_remember_next_to_nothing():
    """Less than a third of the interval: a correlation below 5 %."""
    assert memory_years(noisy(np.random.default_rng(2), 1000, YEARS, 0.0), YEARS) < 4 / 365.25


@pytest.mark.parametrize("memory", [0.0, 0.08])
def test_one_steady_series_in_a_hundred_is_told(memory):
    """10,000 series; 99.9 % interval of the binomial."""
    rng = np.random.default_rng(3)
    found = states(30 * UNEVEN + noisy(rng, 10_000, UNEVEN, memory), UNEVEN, limit(UNEVEN, memory))
    spread = 3.29 * np.sqrt(10_000 * FALSE_ALARMS * (1 - FALSE_ALARMS))
    assert sum(state != STEADY for state in found) == pytest.approx(100, abs=spread)


def test_words():
    after = np.clip(YEARS - YEARS[-1 - WINDOW], 0, None)
    series = np.array([-30 * YEARS - 90 * after, -30 * YEARS + 30 * after, 30 * YEARS])
    series += 0.5 * noisy(np.random.default_rng(4), 3, YEARS, 0.0)
    assert states(series, YEARS, 3.0) == [ACCELERATING, SLOWING, STEADY]

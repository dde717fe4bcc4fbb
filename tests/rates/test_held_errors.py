"""Standard errors against planted noise: what residuals tell, and what stable ground adds."""

import numpy as np
import pytest

from sarslide.network import date_indexes
from sarslide.rates.held_errors import held_to_stable_ground
from sarslide.rates.noise_parts import mean_around
from sarslide.rates.pipeline import stack_rates
from sarslide.rates.settings import RateSettings
from sarslide.rates.stacking import Stack
from tests.support.valley import WAVELENGTH_M, Valley, dates, short_pairs

DAYS = dates(30)
PAIRS = short_pairs(DAYS)


def rms(values):
    return float(np.sqrt(np.mean(np.square(values))))


@pytest.mark.parametrize(("per_date", "per_pair"), [(0.3, 0.0), (0.3, 0.3), (0.0, 0.3)])
def test_the_surroundings_decide_what_is_noise_of_dates(per_date, per_pair):
    """White noise, of one size everywhere; the rate is zero, so that it is its error.

    30,000 cells know an rms to 0.5 %. The size of an error comes from 57 residuals of 30 dates, some 35 degrees of freedom: the
    rms of the t distribution is sqrt(35 / 33), 3 % above 1; what is left of the floor at zero is as much, the other way. A cell
    that decides alone takes noise of dates for noise of pairs now and then, and is off by a factor.
    """
    rng, shape = np.random.default_rng(4), (150, 200)
    of_dates, stack = per_date * rng.standard_normal((30, *shape)), Stack(PAIRS, shape)
    for pair, (earlier, later) in zip(PAIRS, date_indexes(PAIRS), strict=True):
        stack.add(pair, of_dates[later] - of_dates[earlier] + per_pair * rng.standard_normal(shape))
    pooled, alone = stack.result(pool=mean_around), stack.result()
    assert rms(pooled.estimate / pooled.std) == pytest.approx(1.0, abs=0.06)
    assert per_pair or rms(alone.estimate / alone.std) > 1.15
    np.testing.assert_array_equal(pooled.estimate, alone.estimate)


def test_a_quiet_cell_is_not_told_the_noise_of_its_surroundings():
    """One cell of nine bears noise of dates of 0.2 rad, the others noise of pairs of 1.5: a house among fields.

    Its rate errs by its own noise; with the fields' ratio z is 0.3. 2200 such cells know the rms to 1.5 %, and with no cell like
    it within 5 x 5 each decides alone, with residuals of 30 dates.
    """
    rng, shape = np.random.default_rng(6), (150, 132)
    quiet = np.zeros(shape, bool)
    quiet[1::3, 1::3] = True
    of_dates, stack = np.where(quiet, 0.2, 0.0) * rng.standard_normal((30, *shape)), Stack(PAIRS, shape)
    for pair, (earlier, later) in zip(PAIRS, date_indexes(PAIRS), strict=True):
        of_pair = np.where(quiet, 0.0, 1.5) * rng.standard_normal(shape)
        stack.add(pair, of_dates[later] - of_dates[earlier] + of_pair)
    found = stack.result(pool=mean_around)
    assert rms((found.estimate / found.std)[quiet]) == pytest.approx(1.0, abs=0.1)


def test_mean_around_leaves_unknown_cells_out():
    values = np.full((7, 9), np.nan)
    values[3, 4], values[3, 5] = 2.0, 4.0
    found = mean_around(values)
    assert found[3, 4] == pytest.approx(3) and found[1, 2] == pytest.approx(2) and np.isnan(found[0, 0])


def test_pairs_that_close_without_noise_have_an_error_of_zero():
    stack = Stack(PAIRS, (6, 6))
    for pair in PAIRS:
        stack.add(pair, np.zeros((6, 6)))
    np.testing.assert_array_equal(stack.result(pool=mean_around).std, 0)


def test_factors_of_stable_ground_hold_on_the_rest():
    """Stated 1 mm/yr everywhere, true error 0.8 to 2.4 by coherence: factors come back, also where the ground moves.

    Each of 8 classes of 3500 cells knows its rms to 1.2 %; beyond the last middles the true error goes on, by 11 % at most.
    """
    rng, shape = np.random.default_rng(8), (200, 200)
    coherence = rng.uniform(0.3, 0.9, shape)
    true = 2.4 - 1.6 * (coherence - 0.3) / 0.6
    rate, stable = true * rng.standard_normal(shape), np.ones(shape, bool)
    rate[:, :60], stable[:, :60] = rate[:, :60] + 30, False
    std, factors = held_to_stable_ground(rate, np.ones(shape), coherence, stable)
    inner = (coherence > 0.34) & (coherence < 0.86)
    np.testing.assert_allclose(std[inner], true[inner], rtol=0.05)
    np.testing.assert_allclose(std, true, rtol=0.16)
    assert rms(((rate - 30) / std)[:, :60]) == pytest.approx(1, abs=0.03)
    assert len(factors) == 8 and sum(each["cells"] for each in factors) == stable.sum()


def test_one_coherence_everywhere_is_one_class():
    rng, shape = np.random.default_rng(9), (60, 60)
    std, factors = held_to_stable_ground(
        2 * rng.standard_normal(shape), np.ones(shape), np.full(shape, 0.6), np.ones(shape, bool)
    )
    assert len(factors) == 1
    np.testing.assert_allclose(std, 2, rtol=0.05)  # 3600 cells: 1.2 %


def test_too_little_stable_ground_changes_nothing():
    ones = np.ones((20, 24))
    std, factors = held_to_stable_ground(3 * ones, ones, 0.5 * ones, ones > 0)
    assert not factors
    np.testing.assert_array_equal(std, 1)


@pytest.mark.parametrize("atmosphere", ["none", "filter"])
def test_errors_of_a_stack_hold_where_residuals_know_too_little(atmosphere):
    """The delays of `filter` are estimated from the same pairs and take scatter of the dates with them.

    All still ground, also what is not in the fits. The weather of one stack is one draw, and stable ground shows how it came
    out; speckle of single cells is independent. What is left is ground near slopes that move, which stable ground lacks: 7 %
    of the cells, with errors of 1.3 times those stated.
    """
    track = Valley()
    found = stack_rates(track.read, track.pairs, track.elevation_m, WAVELENGTH_M, RateSettings(atmosphere=atmosphere))
    still = track.los_mm_per_yr == 0
    z = (found.layers["los_rate_mm_per_yr"] / found.layers["los_rate_std_mm_per_yr"])[still]
    assert 0.9 < rms(z) < 1.1
    assert found.notes("rad_per_yr")["error_factors"] == found.error_factors

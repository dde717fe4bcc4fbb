"""The height-correlated phase is found exactly, is not biased by ground that moves, and needs no unwrapping."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sarslide.errors import RateError
from sarslide.rates.corrections.atmosphere import remove_height_correlated, remove_height_correlated_wrapped
from tests.support.valley import Valley

VALLEY = Valley(count=2, turbulence_mm=0, stratified_mm_per_km=0, speckle_rad=0)
HEIGHT = VALLEY.elevation_m
EVERYWHERE = np.ones(VALLEY.shape, bool)
EAST = (np.arange(VALLEY.shape[1]) + 0.5) / VALLEY.shape[1] - 0.5


def model(constant, per_km, east):
    return constant + per_km * (HEIGHT - HEIGHT.mean()) / 1e3 + east * EAST


@settings(max_examples=25, deadline=None)
@given(st.floats(-50, 50), st.floats(-8, 8), st.floats(-6, 6))
def test_exact_on_a_pure_model(constant, per_km, east):
    corrected, fit = remove_height_correlated(model(constant, per_km, east), HEIGHT, EVERYWHERE)
    assert np.abs(corrected).max() < 1e-6
    assert (fit.constant_rad, fit.height_rad_per_km, fit.east_rad) == pytest.approx((constant, per_km, east), abs=1e-6)


@settings(max_examples=25, deadline=None)
@given(st.floats(-3, 3), st.floats(-6, 6), st.floats(-5, 5))
def test_wrapped_phase_gives_the_same_coefficients(constant, per_km, east):
    rng = np.random.default_rng(5)
    noisy = model(constant, per_km, east) + 0.4 * rng.standard_normal(VALLEY.shape)
    wrapped = np.angle(np.exp(1j * noisy))
    corrected, fit = remove_height_correlated_wrapped(wrapped, HEIGHT, EVERYWHERE)
    # 0.4 rad of noise over 19,200 cells: differences over 300 m resolve 0.05 rad/km and 0.2 rad across the region at 3 sigma
    assert fit.height_rad_per_km == pytest.approx(per_km, abs=0.05)
    assert fit.east_rad == pytest.approx(east, abs=0.2)
    assert np.std(corrected) < 0.42
    assert np.abs(corrected).max() <= np.pi


@pytest.mark.parametrize("correct", [remove_height_correlated, remove_height_correlated_wrapped])
def test_moving_ground_left_out_of_the_mask_does_not_bias_the_fit(correct):
    # Most of the valley floor, all of it low, moves by 1 rad, within the scatter: the worst confusion of motion and height.
    rng = np.random.default_rng(6)
    moving = (np.quantile(HEIGHT, 0.4) > HEIGHT) & (np.arange(VALLEY.shape[1]) % 40 < 30)
    phase = model(0.4, 2.0, 1.0) + 0.5 * rng.standard_normal(VALLEY.shape) + 1.0 * moving
    _, blind = correct(phase, HEIGHT, EVERYWHERE)
    corrected, fit = correct(phase, HEIGHT, ~moving)
    assert fit.height_rad_per_km == pytest.approx(2.0, abs=0.08)
    assert abs(blind.height_rad_per_km - 2.0) > 0.2
    assert corrected[moving].mean() == pytest.approx(1.0, abs=0.05)


def test_a_small_fast_landslide_inside_the_mask_is_left_out_as_an_outlier():
    rng = np.random.default_rng(7)
    moving = np.zeros(VALLEY.shape, bool)
    moving[70:90, 100:130] = True
    phase = model(0.0, 2.0, 0.0) + 0.1 * rng.standard_normal(VALLEY.shape) + 4.0 * moving
    _, fit = remove_height_correlated(phase, HEIGHT, EVERYWHERE)
    assert fit.height_rad_per_km == pytest.approx(2.0, abs=0.01)


def test_level_ground_gets_no_height_term():
    flat = np.full(VALLEY.shape, 2240.0)
    phase = np.random.default_rng(8).standard_normal(VALLEY.shape)
    corrected, fit = remove_height_correlated(phase, flat, EVERYWHERE, plane=False)
    assert fit.height_rad_per_km == pytest.approx(0, abs=1e-6)
    np.testing.assert_allclose(corrected, phase - fit.constant_rad, atol=1e-6)


def test_invalid_cells_stay_invalid():
    phase, height = model(1, 1, 1), HEIGHT.copy()
    phase[3, 4], height[5, 6] = np.nan, np.nan
    corrected, _ = remove_height_correlated(phase, height, EVERYWHERE)
    assert np.isnan(corrected[3, 4])
    assert np.isnan(corrected[5, 6])
    assert np.isfinite(corrected).sum() == corrected.size - 2


@pytest.mark.parametrize("correct", [remove_height_correlated, remove_height_correlated_wrapped])
def test_a_cell_less_of_the_ground_draws_no_other_samples(correct):
    rng = np.random.default_rng(8)
    shape, noise = (400, 300), 0.5  # 120,000 cells: fits are made of a part of them
    height = 500 * rng.random(shape)
    phase, ground = noise * rng.standard_normal(shape), np.ones(shape, bool)
    _, whole = correct(phase, height, ground)
    ground[0, 0] = False
    _, less = correct(phase, height, ground)
    # One of some 20,000 samples is worth 0.0001 rad of the plane, other samples 0.5 (2 x 12 / 20,000)^0.5 = 0.017 rad.
    assert (less.east_rad, less.north_rad) == pytest.approx((whole.east_rad, whole.north_rad), abs=0.002)


def test_too_little_stable_ground():
    mask = np.zeros(VALLEY.shape, bool)
    mask[:10, :10] = True
    with pytest.raises(RateError, match="only 100 coherent cells"):
        remove_height_correlated(model(0, 0, 0), HEIGHT, mask)

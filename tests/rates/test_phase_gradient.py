"""The stack of phase gradients against ramps whose slope is known, wrapped many times (B30)."""

import numpy as np
import pytest

from sarslide import layers
from sarslide.rates.ground import Ground
from sarslide.rates.phase_gradient import gradient, phase_gradient
from sarslide.rates.settings import RateSettings
from tests.support.valley import CELL_M, Valley, dates, short_pairs, years

# rad/yr a metre towards the east and the north: 12 days of it are 2.0 and -1.0 rad a cell, so that a
# scene of 60 cells wraps 19 times, and each step stays below half a cycle in 12-day pairs.
EAST, NORTH = 2.0 / (CELL_M * 12 / 365.25), -1.0 / (CELL_M * 12 / 365.25)
PLAIN = RateSettings(height_correlated=False, plane=False)
GROUND = Ground.usable(np.zeros((40, 60)))
PAIRS = [pair for pair in short_pairs(dates(8)) if years(pair) < 13 / 365.25]


def ramp(pair, noise=0.0, shape=(40, 60)):
    """Phase of a pair over a region whose phase rate is a plane; row 0 is the northernmost."""
    rows, cols = np.mgrid[: shape[0], : shape[1]]
    rng = np.random.default_rng(int(pair[:8]))
    return years(pair) * CELL_M * (EAST * cols - NORTH * rows) + noise * rng.standard_normal(shape)


def wrapped(pair, noise=0.0):
    return np.angle(np.exp(1j * ramp(pair, noise))), np.full((40, 60), 0.6)


def stacked(noise=0.0):
    found, _ = phase_gradient(lambda pair: wrapped(pair, noise), PAIRS, GROUND, CELL_M, PLAIN)
    assert set(found) == set(layers.PHASE_GRADIENTS)
    return found


def test_a_ramp_with_wraps_comes_back_exactly_with_its_signs():
    found = stacked()
    # Doubles of some hundred radians: twelve digits are left.
    np.testing.assert_allclose(found["phase_gradient_east_rad_per_yr_m"], EAST, rtol=1e-9)
    np.testing.assert_allclose(found["phase_gradient_north_rad_per_yr_m"], NORTH, rtol=1e-9)


def test_noise_scatters_as_eq_1_and_the_standard_error_say():
    """Central differences of independent noise s scatter by s / sqrt(2) a cell; eq. 1 divides by sqrt(sum of dt^2)."""
    noise = 0.2  # rad, 5 sigma of a difference away from the half cycle that 2.0 rad leave
    east = stacked(noise)["phase_gradient_east_rad_per_yr_m"][:, 1:-1]
    expected = noise / np.sqrt(2) / CELL_M / np.sqrt(sum(years(pair) ** 2 for pair in PAIRS))
    # 2,320 correlated cells: their scatter is known to some per cent.
    assert abs(np.std(east) / expected - 1) < 0.1
    assert abs(np.mean(east) - EAST) < 4 * expected / np.sqrt(east.size)
    std = stacked(noise)["phase_gradient_east_std_rad_per_yr_m"][:, 1:-1]
    assert 0.7 < np.sqrt(np.mean(std**2)) / expected < 1.3


def test_long_pairs_count_by_their_time():
    """Two pairs of 12 days that hold no motion and one of 24 that does: eq. 1 gives 4/6 of its rate, an even mean 1/3."""
    pairs = ["20190306_20190318", "20190330_20190411", "20190423_20190517"]
    cols = np.mgrid[:40, :60][1]
    moving = years(pairs[2]) * 0.3 * CELL_M * cols
    read = {pair: (np.angle(np.exp(1j * moving * (pair == pairs[2]))), np.ones((40, 60))) for pair in pairs}
    found, _ = phase_gradient(read.get, pairs, GROUND, CELL_M, PLAIN)
    np.testing.assert_allclose(found["phase_gradient_east_rad_per_yr_m"], 0.3 * 4 / 6, rtol=1e-6)


def test_gaps_take_the_known_neighbour():
    phase = 0.5 * np.mgrid[:5, :7][1].astype(float)
    phase[2, 3] = np.nan
    east, north = gradient(phase, 10.0)
    assert np.allclose(east[np.isfinite(phase)], 0.05) and np.isfinite(east[2, 3]) == np.isfinite(north[2, 3])
    lonely = np.full((3, 3), np.nan)
    lonely[1, 1] = 1.0
    assert np.isnan(gradient(lonely, 10.0)[0][1, 1])


def test_atmosphere_that_follows_height_is_taken_off():
    valley = Valley(shape=(60, 80), count=8, turbulence_mm=0, stratified_mm_per_km=3, speckle_rad=0)
    valley.los_mm_per_yr[:] = 0
    ground = Ground.usable(valley.elevation_m)
    found = {}
    for on in (True, False):
        settings = RateSettings(height_correlated=on, plane=on)
        made, removed = phase_gradient(valley.read_wrapped, valley.pairs, ground, CELL_M, settings)
        found[on] = made["phase_gradient_north_rad_per_yr_m"]
        assert set(removed) == set(valley.pairs)
    # Phases are read as float32, seven digits.
    assert np.median(abs(found[True])) < 1e-5 * np.median(abs(found[False]))


@pytest.mark.parametrize("layer", layers.PHASE_GRADIENTS)
def test_layers_say_their_unit_and_sign(layer):
    one = layers.get(layer)
    assert one.unit == "rad/yr/m" and ("positive away" in one.meaning) != ("std" in layer)

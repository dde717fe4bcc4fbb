"""Goldstein filter against a plane of fringes, on which a perfect filter finds one spectral line."""

import numpy as np
import pytest

from sarslide.insar.filter import goldstein


def fringes(rows: int, cols: int) -> np.ndarray:
    y, x = np.mgrid[:rows, :cols]
    return 0.11 * x - 0.07 * y


@pytest.fixture
def noisy() -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(1)
    truth = fringes(130, 97)
    noise = rng.normal(0, 0.8, truth.shape)
    return truth, np.exp(1j * (truth + noise)).astype(np.complex64)


def error(ifg: np.ndarray, truth: np.ndarray) -> float:
    return float(np.nanstd(np.angle(ifg * np.exp(-1j * truth))))


def test_noise_falls_with_alpha_and_the_ramp_stays(noisy):
    truth, ifg = noisy
    errors = [error(goldstein(ifg, alpha), truth) for alpha in (0.0, 0.5, 1.0)]
    # Each step must take at least a third of the noise away; measured 0.80, 0.34, 0.13 rad.
    assert errors[1] < errors[0] * 2 / 3 and errors[2] < errors[1] * 2 / 3
    bias = np.angle(np.mean(goldstein(ifg, 0.5) * np.exp(-1j * truth)))
    assert abs(bias) < 0.02


def test_clean_phase_is_unchanged():
    truth = fringes(64, 80)
    filtered = goldstein(np.exp(1j * truth), 0.7)
    # Only the border, where the patch holds zeros, may bend; the middle is a single spectral line.
    assert error(filtered[16:-16, 16:-16], truth[16:-16, 16:-16]) < 0.02


def test_no_data_stays_and_does_not_spread(noisy):
    truth, ifg = noisy
    holed = ifg.copy()
    holed[40:50, 20:60] = np.nan
    holed[100:, :] = 0
    filtered = goldstein(holed, 0.5)
    assert np.isnan(filtered[40:50, 20:60]).all() and (filtered[100:] == 0).all()
    assert np.isfinite(filtered[:40]).all()
    assert filtered.dtype == np.complex64 and filtered.shape == ifg.shape


def test_alpha_zero_returns_the_input(noisy):
    _, ifg = noisy
    assert np.array_equal(goldstein(ifg, 0), ifg)

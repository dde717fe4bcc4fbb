"""One sign, fixed once: phase grows away from the satellite, LOS is positive towards it."""

import numpy as np
import pytest

from sarslide.rates import los

WAVELENGTH_M = 0.0555


def test_a_fringe_away_is_half_a_wavelength_of_negative_motion():
    assert los.los_rate_mm_per_yr(2 * np.pi, WAVELENGTH_M) == pytest.approx(-27.75)


def test_the_papers_sign_is_the_opposite():
    rate = np.array([-3.0, 0.5])
    paper = WAVELENGTH_M * rate / (4 * np.pi) * 1e3  # P4 eq. 2
    np.testing.assert_allclose(los.los_rate_paper_sign_mm_per_yr(rate, WAVELENGTH_M), paper)
    np.testing.assert_allclose(los.los_rate_mm_per_yr(rate, WAVELENGTH_M), -paper)


def test_a_longer_path_is_positive_phase_and_looks_like_motion_away():
    phase = los.delay_to_phase_rad(np.array([10.0]), WAVELENGTH_M)
    assert phase[0] > 0
    assert los.los_rate_mm_per_yr(phase, WAVELENGTH_M)[0] == pytest.approx(-10)


def test_standard_errors_stay_positive():
    assert los.los_std_mm_per_yr(2 * np.pi, WAVELENGTH_M) == pytest.approx(27.75)

"""Simulated delay against the laws that its docstring states."""

import numpy as np
import pytest

from sarsim.atmosphere import path_delay_mm, turbulent_delay_mm
from sarslide.errors import NamingError
from sarslide.grid import RegionGrid

GRID = RegionGrid(32647, 500000.0, 3200000.0, 60.0, 255, 135)  # 8.1 x 15.3 km


@pytest.fixture(scope="module")
def fields() -> np.ndarray:
    rng = np.random.default_rng(1)
    return np.stack([turbulent_delay_mm(GRID, rng, 5.0) for _ in range(100)])


@pytest.mark.parametrize(("axis", "cells"), [(1, 4), (2, 4), (1, 20), (2, 20), (1, 83), (2, 83), (1, 160)])
def test_structure_function(fields, axis, cells):
    """D(r) = (5 mm)^2 (r / 5 km)^(5/3), both ways. Tolerance: 100 fields of few independent 5 km cells scatter by about 4 %
    in the root; the cubic interpolation smooths the smallest distances by less."""
    ahead, behind = (np.take(fields, range(s, fields.shape[axis] - e), axis) for s, e in ((cells, 0), (0, cells)))
    rms = np.sqrt(np.mean((ahead - behind) ** 2))
    assert rms == pytest.approx(5.0 * (cells * 60.0 / 5000.0) ** (5 / 6), rel=0.1)


def test_isotropic_and_not_periodic(fields):
    """Along the diagonal the law holds too, and the two ends of a profile differ as the law says."""
    d = 60
    diagonal = np.sqrt(np.mean((fields[:, d:, d:] - fields[:, :-d, :-d]) ** 2))
    assert diagonal == pytest.approx(5.0 * (d * 60.0 * np.sqrt(2) / 5000.0) ** (5 / 6), rel=0.1)
    ends = np.sqrt(np.mean((fields[:, -1] - fields[:, 0]) ** 2))
    assert ends == pytest.approx(5.0 * (254 * 60.0 / 5000.0) ** (5 / 6), rel=0.2)


def test_profile_spectrum_falls_with_eight_thirds(fields):
    """Spectrum of tapered profiles between 3 km and 600 m. Tolerance: leakage and the interpolation at the short end."""
    profile = fields - fields.mean(axis=1, keepdims=True)
    power = np.mean(np.abs(np.fft.rfft(profile * np.hanning(255)[:, None], axis=1)) ** 2, axis=(0, 2))
    frequency = np.fft.rfftfreq(255, 60.0)
    use = (frequency > 1 / 3000) & (frequency < 1 / 600)
    slope = np.polyfit(np.log(frequency[use]), np.log(power[use]), 1)[0]
    assert slope == pytest.approx(-8 / 3, abs=0.2)


def test_stratified_part():
    """Without turbulence the delay is one coefficient times height, normal with 10 mm per km over the dates."""
    height = np.linspace(2900, 4400, GRID.rows * GRID.cols).reshape(GRID.shape)
    coefficients = []
    for day in range(1, 29):
        for month in (1, 4, 7):
            delay = path_delay_mm(GRID, height, 3, "A128", f"2019{month:02d}{day:02d}", turbulence_mm=0.0)
            slope = np.polyfit(height.ravel() / 1000, delay.ravel().astype(float), 1)[0]
            coefficients.append(slope)
    assert np.std(coefficients) == pytest.approx(10.0, rel=0.25)  # 84 dates: 8 % standard error
    assert abs(np.mean(coefficients)) < 3.5
    assert np.allclose(delay, slope * height / 1000, atol=1e-3)


def test_each_date_on_its_own():
    height = np.zeros(GRID.shape)
    one = path_delay_mm(GRID, height, 3, "A128", "20190306")
    path_delay_mm(GRID, height, 3, "A128", "20190318")
    assert one.tobytes() == path_delay_mm(GRID, height, 3, "A128", "20190306").tobytes()
    assert one.dtype == np.float32
    for other in ((4, "A128", "20190306"), (3, "D128", "20190306"), (3, "A128", "20190307")):
        assert abs(np.corrcoef(one.ravel(), path_delay_mm(GRID, height, *other).ravel())[0, 1]) < 0.999
    with pytest.raises(NamingError):
        path_delay_mm(GRID, height, 3, "A128", "2019-03-06")

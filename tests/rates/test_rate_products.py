"""D-InSAR of one pair, fusion, observability, downslope rate: against planted truth and hand calculation."""

import colorsys

import numpy as np
import pytest

from sarslide.dataset.fusion import fuse, phase_colours, stretched
from sarslide.errors import RateError
from sarslide.rates.dinsar import displacement
from sarslide.rates.observability import CLASSES, downslope_rate, observable_class
from sarslide.rates.phase_variance import phase_variance
from sarslide.rates.settings import RateSettings
from sarslide.terrain.downslope import downslope_sensitivity, r_index
from tests.support.valley import RAD_PER_MM, WAVELENGTH_M, Valley, years

INCIDENCE = np.radians(39.0)
# A satellite to the east: unit vector from the ground to it.
LOS = (np.sin(INCIDENCE), 0.0, np.cos(INCIDENCE))


@pytest.fixture(scope="module")
def valley():
    return Valley(turbulence_mm=1.0, speckle_rad=0.1, seed=2)


def test_displacement_of_one_pair(valley):
    pair = valley.pairs[4]
    fast = valley.los_mm_per_yr * 10  # 24 days of it stand out of one pair's noise
    phase = valley.phase(pair) - RAD_PER_MM * 9 * valley.los_mm_per_yr * years(pair)
    found = displacement(pair, phase, valley.coherence, None, valley.elevation_m, WAVELENGTH_M, 9.0, RateSettings())
    error = found.displacement_mm - fast * years(pair)
    moving = fast < -400
    assert found.displacement_mm[moving].mean() < -20  # away is negative
    # Two dates of 0.1 rad and 1 mm of turbulence at 5 km: 0.6 and about 1 mm
    assert np.std(error) < 1.5
    assert abs(error[moving].mean()) < 1.5
    assert not found.ground.stable[moving].any()
    assert found.changes[-1] < 0.01 or len(found.changes) == 4


def test_predicted_deviation_is_that_of_the_coherence(valley):
    pair = valley.pairs[0]
    coherence = np.where(np.arange(valley.shape[1]) < 80, 0.7, 0.45) * np.ones(valley.shape)
    coherence[:30] = 0.2
    found = displacement(
        pair, valley.phase(pair), coherence, None, valley.elevation_m, WAVELENGTH_M, 9.0, RateSettings()
    )
    for row, col, value in ((60, 40, 0.7), (60, 120, 0.45)):
        predicted = np.sqrt(phase_variance(np.array(value), 9.0)) / RAD_PER_MM
        assert found.std_mm[row, col] == pytest.approx(predicted, rel=1e-6)
    assert np.isnan(found.displacement_mm[:30]).all()  # incoherent ground is masked
    assert np.isnan(found.std_mm[:30]).all()


def test_a_pair_of_nothing_is_refused(valley):
    nothing = np.full(valley.shape, np.nan)
    with pytest.raises(RateError, match=r"E3008 pair 20190306_20190318: .*; cure: choose another pair"):
        displacement(
            "20190306_20190318", nothing, valley.coherence, None, valley.elevation_m, WAVELENGTH_M, None, RateSettings()
        )


def test_components_of_another_cycle_are_left_out(valley):
    pair = valley.pairs[0]
    components = np.ones(valley.shape, np.uint16)
    components[:, -30:] = 2
    phase = valley.phase(pair) + 2 * np.pi * (components == 2)
    found = displacement(
        pair, phase, valley.coherence, components, valley.elevation_m, WAVELENGTH_M, 9.0, RateSettings()
    )
    assert np.isnan(found.displacement_mm[:, -30:]).all()
    assert np.isfinite(found.displacement_mm[:, :-30]).all()


def test_the_colour_wheel_is_hsv():
    phase = np.linspace(-np.pi, np.pi, 73)[None]
    value = np.linspace(0, 1, 73)[None]
    found = phase_colours(phase, value)
    for k in range(73):
        expected = colorsys.hsv_to_rgb((phase[0, k] / (2 * np.pi)) % 1, 1, value[0, k])
        np.testing.assert_allclose(found[:, 0, k], expected, atol=1e-12)


def test_fusion_recipes():
    phase = np.array([[0.0, np.pi / 2, np.nan, -np.pi]])
    intensity = np.array([[-10.0, -5.0, -5.0, 0.0]])
    np.testing.assert_allclose(stretched(intensity, (0, 100)), [[0, 0.5, 0.5, 1]])
    hsv = fuse(phase, intensity, "hsv", (0, 100))
    assert hsv.dtype == np.uint8
    assert (hsv[:, 0, 2] == 0).all()  # unknown
    assert (hsv[:, 0, 0] == 1).all()  # dark, whatever its colour
    assert hsv[:, 0, 3].tolist() == [1, 255, 255]  # bright, minus pi is cyan
    numbers = fuse(phase, intensity, "sin_cos", (0, 100))
    assert numbers[:, 0, 1].tolist() == [255, 128, 128]
    with pytest.raises(RateError, match="use one of hsv, sin_cos"):
        fuse(phase, intensity, "lab", (0, 100))
    with pytest.raises(RateError, match="no valid cell in the intensity"):
        fuse(phase, np.full(phase.shape, np.nan), "hsv", (2, 98))


@pytest.mark.parametrize(("slope", "aspect"), [(30.0, 90.0), (25.0, 270.0), (40.0, 200.0), (10.0, 0.0)])
def test_sensitivity_is_what_a_step_downslope_does_to_the_range(slope, aspect):
    s, a = np.radians(slope), np.radians(aspect)
    step = np.array([np.cos(s) * np.sin(a), np.cos(s) * np.cos(a), -np.sin(s)])
    satellite = 8e5 * np.array(LOS)
    nearer = np.linalg.norm(satellite) - np.linalg.norm(satellite - step)
    assert downslope_sensitivity(slope, aspect, *LOS) == pytest.approx(nearer, abs=1e-6)


def test_r_index_of_slopes_in_the_range_plane():
    # Facing the satellite at more than the incidence: layover. Level: sin(incidence). Parallel to the line of sight: 1.
    cases = {
        (45.0, 90.0): np.sin(np.radians(-6)),
        (39.0, 90.0): 0.0,
        (0.0, np.nan): np.sin(INCIDENCE),
        (51.0, 270.0): 1.0,
    }
    for (slope, aspect), expected in cases.items():
        assert r_index(np.array(slope), np.array(aspect), *map(np.array, LOS)) == pytest.approx(expected, abs=1e-9)
    # Across the look direction a slope does not count.
    assert r_index(np.array(40.0), np.array(0.0), *map(np.array, LOS)) == pytest.approx(np.sin(INCIDENCE), abs=1e-9)


def test_r_index_is_the_ratio_of_distances():
    slope = np.radians(20.0)
    up_the_slope = np.array([-np.cos(slope), 0.0, np.sin(slope)])  # faces east, rises to the west
    satellite = 8e5 * np.array(LOS)
    along = np.linalg.norm(satellite - 0.01 * up_the_slope) - np.linalg.norm(satellite)
    assert r_index(np.array(20.0), np.array(90.0), *map(np.array, LOS)) == pytest.approx(along / 0.01, abs=1e-4)


def test_classes_of_observability():
    layover_shadow = np.array([0, 0, 1, 2, 0, 0, 3, 0])
    coherence = np.array([0.6, np.nan, 0.6, 0.6, 0.1, 0.6, np.nan, 0.6])
    sensitivity = np.array([0.8, 0.8, 0.8, 0.8, 0.05, -0.05, 0.8, np.nan])
    found = observable_class(layover_shadow, coherence, sensitivity, 0.3, 0.2)
    expected = [
        "observable",
        "no_acquisition",
        "layover",
        "shadow",
        "decorrelation",
        "insensitive",
        "layover",
        "observable",
    ]
    assert [CLASSES[k] for k in found] == expected


def test_projection_has_a_guard():
    los_rate = np.array([-20.0, -20.0, -20.0, 10.0, -20.0])
    std = np.full(5, 2.0)
    sensitivity = np.array([-0.5, 0.15, -0.19, 0.5, np.nan])
    slope = np.array([25.0, 25.0, 25.0, 3.0, 0.0])
    rate, error = downslope_rate(los_rate, std, sensitivity, slope, 0.2, 8.0)
    np.testing.assert_allclose(rate, [40, np.nan, np.nan, np.nan, np.nan])
    np.testing.assert_allclose(error, [4, np.nan, np.nan, np.nan, np.nan])

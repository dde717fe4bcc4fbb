"""Layers of a landslide on an even slope follow from its rate."""

import numpy as np
import pytest
from studies.network import slopes
from studies.network.slopes import Slope

WAVELENGTH_MM = 55.466  # of Sentinel-1: 299792458 / 5.405e9 m


def test_one_track_sees_it_come_and_the_other_go():
    """On a slope of 30 degrees to the west, of the unit vectors of both tracks in the scenes."""
    for orbit_pass, east, up in (("A", -0.6075, 0.7826), ("D", 0.6260, 0.7672)):
        seen = Slope(0.25, 30.0, 100.0, orbit_pass, 160).los_rate_mm_per_yr
        assert seen == pytest.approx(-100 * (east * np.cos(np.pi / 6) + up * np.sin(np.pi / 6)), abs=0.5)


def test_area_of_the_outline_and_of_what_moves():
    slope = Slope(1.0, 14.0, 100.0, "D", 160)
    assert slope.outline.area / 1e6 == pytest.approx(1.0, rel=0.01)  # a polygon of 256 corners
    assert (slope.planted < 0).sum() * 0.0009 == pytest.approx(1.0, rel=0.02)  # cells at its edge


def test_the_averaged_phase_follows_the_rate_and_wraps():
    """23 pairs of 12 days and 22 of 24: slow ground has their mean phase, faster a wrapped one with a
    large error.
    """
    years = np.array([12] * 23 + [24] * 22) / 365.25
    for rate in (5.0, -40.0, 300.0):
        phase, std = (float(each) for each in slopes._averaged(np.array(rate)))
        wanted = np.angle(np.exp(-4j * np.pi / WAVELENGTH_MM * rate * years).mean())
        assert phase == pytest.approx(wanted, abs=1e-3)
    assert slopes._averaged(np.array(0.0))[1] < 1e-6 < 10 * slopes._averaged(np.array(5.0))[1] < std


def test_fringes_in_a_cell_cost_coherence():
    """Half a cycle a cell in 12 days keeps 2 / pi of the coherence, in 24 days nothing."""
    a_cycle = WAVELENGTH_MM / 2 * 365.25 / 12  # mm/yr between neighbours for one cycle in 12 days
    kept = slopes.kept_coherence(np.arange(5.0)[None].repeat(5, 0) * a_cycle / 2)
    assert np.allclose(kept, 23 / 45 * 2 / np.pi, atol=1e-3)
    assert np.allclose(slopes.kept_coherence(np.full((5, 5), 400.0)), 1)


def test_a_layer_that_an_even_slope_has_not():
    with pytest.raises(SystemExit, match="no layer reflectance_b02"):
        Slope(0.25, 30.0, 100.0, "A", 160).layer("reflectance_b02")

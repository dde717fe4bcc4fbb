"""Connected components whose extent is known."""

import numpy as np
import pytest
from scipy.special import gammaln, hyp2f1

from sarslide.insar.components import MIN_CELLS, TABLE_SIZE, TABLE_TOP, phase_variance, reliable_components


def density(phase_rad: np.ndarray, g: float, looks: float) -> np.ndarray:
    """Of the multilooked phase, by Lee et al. 1994, equation 13."""
    b = g * np.cos(phase_rad)
    incoherent = (1 - g**2) ** looks / (2 * np.pi) * hyp2f1(looks, 1, 0.5, b**2)
    log = gammaln(looks + 0.5) - gammaln(looks) + looks * np.log(1 - g**2) - (looks + 0.5) * np.log(1 - b**2)
    return incoherent + np.exp(log) * b / (2 * np.sqrt(np.pi))


@pytest.mark.parametrize("looks", [1, 5.7, 51.5, 80])
def test_variance_is_the_second_moment_of_the_density(looks):
    phase_rad = np.pi * ((np.arange(4096) + 0.5) / 2048 - 1)
    coherence = np.linspace(0, TABLE_TOP, TABLE_SIZE)
    chosen = slice(0, None, 38)
    wanted = [np.mean(phase_rad**2 * density(phase_rad, g, looks)) * 2 * np.pi for g in coherence[chosen]]
    # The mid-point rule itself is 6e-8 off where the phase is uniform: (pi / 4096)^2 / pi^2.
    assert phase_variance(looks)[chosen] == pytest.approx(wanted, rel=1e-7)


def test_more_looks_than_the_table_has():
    assert np.array_equal(phase_variance(300), phase_variance(80))


def test_smooth_ground_is_one_component():
    y, x = np.mgrid[:60, :50]
    unwrapped = 0.8 * x + 0.5 * y  # a step of 1/8 cycle
    unwrapped[20:22, 30:] = np.nan
    found = reliable_components(unwrapped, np.full(unwrapped.shape, 0.5), 50)
    assert np.array_equal(found, np.isfinite(unwrapped).astype(int))


def test_a_tear_of_a_cycle_parts_components():
    """A cycle that the phase around does not have; the largest component is the first."""
    unwrapped = np.zeros((60, 50))
    unwrapped[:, 30:] += 2 * np.pi
    found = reliable_components(unwrapped, np.full(unwrapped.shape, 0.5), 50)
    assert (found[:, :30] == 1).all() and (found[:, 30:] == 2).all()


def test_incoherent_and_small_ground_is_none():
    """Coherence 0.05 of 5 looks leaves a variance of 2.9 rad2; an island has fewer than MIN_CELLS."""
    unwrapped, coherence = np.zeros((60, 50)), np.full((60, 50), 0.5)
    coherence[:, 20:30] = 0.05
    unwrapped[:, 30] = np.nan
    unwrapped[11:, 31:] = np.nan
    unwrapped[:11, 40:] = np.nan
    found = reliable_components(unwrapped, coherence, 5)
    assert np.count_nonzero(np.isfinite(unwrapped[:, 31:])) == 99 < MIN_CELLS
    assert (found[:, :19] == 1).all() and not found[:, 20:].any()

"""Phases of which the whole cycles are known."""

import numpy as np

from sarslide.phase import wrapped


def test_whole_cycles_leave():
    """Beside the angle of the phasor; the digits of 1e4 rad are 2e-12 apart."""
    rng = np.random.default_rng(1)
    phase_rad = rng.uniform(-1e4, 1e4, 10_000)
    assert np.abs(wrapped(phase_rad) - np.angle(np.exp(1j * phase_rad))).max() < 1e-11
    assert wrapped(phase_rad.astype(np.float32)).dtype == np.float32


def test_half_a_cycle_and_the_unknown():
    assert np.array_equal(wrapped(np.array([np.pi, -np.pi, 0, np.nan])), [np.pi, -np.pi, 0, np.nan], equal_nan=True)

"""sarslide on real samples, coherence and geometry: figures that others measured, and independent truths.

Tolerances of the figures and where they come from stand with them in studies/ground/real_data.py.
"""

import numpy as np
import pytest
from studies.ground.real_data import SETS, terceira

from sarslide.constants import SPEED_OF_LIGHT
from sarslide.insar.coherence import expected_coherence
from sarslide.insar.native import cpu
from sarslide.insar.native.acquisition import noise_bandwidth
from sarslide.insar.native.burst_program import BurstProgram
from tests.support.shipped_data import SHIPPED

REACH = 32  # samples on each side of the interpolation that the kernel is held against


@pytest.mark.parametrize("data", ["shipped_data", "real_data"])
@pytest.mark.parametrize("name", SETS)
def test_figures_that_were_measured_before(name, data, request):
    """On the crops, and on the full sets where they are."""
    found = list(SETS[name](request.getfixturevalue(data)))
    assert found and all(np.isfinite(figure.measured) for figure in found)
    for figure in found:
        assert figure.met, f"{figure.what}: {figure.measured:.4g}, stated {figure.stated}; {figure.why}"


@pytest.fixture(scope="module")
def scene(shipped_data):
    return terceira(shipped_data)


def interpolated(samples: np.ndarray, line: float, sample: float) -> complex:
    """Value between samples by a windowed sinc of 2 REACH points along each axis, in float64."""
    weights = []
    for at in (line, sample):
        offset = np.arange(-REACH + 1, REACH + 1) - at % 1
        weights.append(np.sinc(offset) * (0.54 + 0.46 * np.cos(np.pi * offset / REACH)))
    top, left = int(line) - REACH + 1, int(sample) - REACH + 1
    return weights[0] @ samples[top : top + 2 * REACH, left : left + 2 * REACH] @ weights[1]


def test_geocoded_samples_are_those_of_a_long_sinc(scene):
    """Deramping, kernel, reramping and the phase of the range, between real samples of land and coast."""
    rng = np.random.default_rng(18)
    line, sample = rng.uniform(REACH, 601 - REACH, (20, 30)), rng.uniform(REACH, 1401 - REACH, (20, 30))
    burst, (first_line, first_sample) = scene.burst, scene.first
    time = burst.start_s + (line + first_line) * burst.line_interval_s
    distance = (burst.range_time_s + (sample + first_sample) / burst.range_sampling_hz) * SPEED_OF_LIGHT / 2
    found = np.zeros(line.shape, np.complex64)
    cpu.geocode_window(
        scene.samples.copy(), scene.first, BurstProgram.of(burst), (time, distance), scene.wavelength_m, (0, 0), found
    )
    flat = scene.deramped().astype(complex)
    truth = np.array([interpolated(flat, *at) for at in zip(line.ravel(), sample.ravel(), strict=True)])
    cycles = scene.ramp.cycles(line + first_line, sample + first_sample) + 2 / scene.wavelength_m * distance
    truth = truth.reshape(line.shape) * np.exp(2j * np.pi * cycles)
    # The kernel is built to leave 0.5 % of the amplitude; twice that is 0.01 rad.
    assert np.sum(np.abs(found - truth) ** 2) < 0.01**2 * np.sum(np.abs(truth) ** 2)


def test_looks_are_those_of_real_speckle(scene):
    """Two parts of Terceira have nothing in common: their coherence is what so many looks leave by chance."""
    burst = scene.burst
    per_sample = np.prod([
        noise_bandwidth(band.bandwidth_hz, band.window) / rate
        for band, rate in ((burst.azimuth_band, scene.line_hz), (burst.range_band, burst.range_sampling_hz))
    ])  # fmt: skip
    land = scene.evened(scene.deramped())[:256]
    one, other = land[:, :700], land[:, 701:1401]

    def sums(values: np.ndarray) -> np.ndarray:
        return values.reshape(16, 16, 14, 50).sum(axis=(1, 3))

    power = np.sqrt(sums(np.abs(one) ** 2) * sums(np.abs(other) ** 2))
    coherence = np.abs(sums(one * other.conj())) / power
    expected = expected_coherence(np.zeros(1), 16 * 50 * per_sample)[0]
    # 224 boxes: a standard error of 3.4 %, three times.
    assert coherence.mean() == pytest.approx(expected, rel=0.1)


def test_what_is_shipped_is_small():
    assert sum(path.stat().st_size for path in SHIPPED.rglob("*") if path.is_file()) < 12e6

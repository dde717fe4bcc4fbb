"""The rate of each cell against the stable ground around it, with its own error."""

import numpy as np
import pytest

from sarslide.errors import RateError
from sarslide.rates.corrections.double_difference import double_difference
from sarslide.rates.ground import Ground
from sarslide.rates.pipeline import stack_rates
from sarslide.rates.reference import ReferenceArea
from sarslide.rates.ring import ring_rates
from sarslide.rates.settings import RateSettings
from tests.support.valley import WAVELENGTH_M, Valley

RING = (12.0, 40.0)
PLAIN = RateSettings(height_correlated=False, plane=False)


def ring_of(valley, settings=PLAIN, read=None, stable=None):
    stable = valley.los_mm_per_yr == 0 if stable is None else stable
    ground = Ground(valley.elevation_m, stable, ReferenceArea(stable, "planted"))
    made, removed = ring_rates(read or valley.read, valley.pairs, ground, WAVELENGTH_M, settings, RING)
    return made["los_rate_ring_mm_per_yr"], made["los_rate_ring_std_mm_per_yr"], removed


def test_with_all_pairs_it_is_the_rate_less_the_mean_rate_of_the_ring():
    valley = Valley()
    rate, _, removed = ring_of(valley)
    stacked = stack_rates(valley.read, valley.pairs, valley.elevation_m, WAVELENGTH_M, PLAIN)
    of_rates = double_difference(stacked.layers["los_rate_mm_per_yr"], valley.los_mm_per_yr == 0, *RING)
    np.testing.assert_allclose(rate, of_rates, atol=1e-3)  # phases are float32
    assert set(removed) == set(valley.pairs)


def test_its_standard_error_is_that_of_its_errors():
    squares = []
    for seed in range(1, 4):
        valley = Valley(seed=seed, stratified_mm_per_km=0.0)  # one pattern everywhere would count once
        rate, std, _ = ring_of(valley)
        still = valley.los_mm_per_yr == 0
        squares.append(np.mean((rate[still] / std[still]) ** 2))
    # Of 30 dates the variance has 28 degrees of freedom: z is Student's t, of rms sqrt(28 / 26) = 1.04. Three valleys
    # hold some 40 independent patches of air: 0.1.
    assert np.sqrt(np.mean(squares)) == pytest.approx(1.04, abs=0.15)


def test_the_error_knows_only_the_air_between_a_cell_and_its_ring():
    near, far = Valley(turbulence_mm=1.0, speckle_rad=0.01), Valley(turbulence_mm=1.0, speckle_rad=0.01)
    far.atmosphere_mm = far.atmosphere_mm + 50 * np.random.default_rng(3).standard_normal((30, 1, 1))
    for one, other in zip(ring_of(near)[:2], ring_of(far)[:2], strict=True):
        np.testing.assert_allclose(one, other, atol=1e-3)


def test_cells_that_lack_pairs_lose_the_air_of_those_they_have():
    valley = Valley(turbulence_mm=1.0, speckle_rad=0.0, stratified_mm_per_km=0.0)
    tilts_mm = 30 * np.random.default_rng(5).standard_normal((30, 1, 1))
    valley.atmosphere_mm = valley.atmosphere_mm + tilts_mm * np.linspace(-1, 1, valley.shape[1])
    poor = np.zeros(valley.shape, bool)
    poor[50:70, 45:60] = True  # whole rings, and tilts of a tenth to a half between them and the reference
    lost = set(valley.pairs[3::7])

    def read(pair):
        phase, coherence, _ = valley.read(pair)
        return np.where(poor & (pair in lost), np.nan, phase), coherence, None

    still = valley.los_mm_per_yr == 0
    rate, _, _ = ring_of(valley, read=read, stable=still & ~poor)
    stacked = stack_rates(read, valley.pairs, valley.elevation_m, WAVELENGTH_M, PLAIN)
    of_rates = double_difference(stacked.layers["los_rate_mm_per_yr"], still & ~poor, *RING)
    of_pairs, of_maps = (np.sqrt(np.mean(each[poor & still] ** 2)) for each in (rate, of_rates))
    assert of_pairs < of_maps / 2


def test_without_stable_ground_it_is_an_error_with_a_cure():
    valley = Valley(count=6)
    with pytest.raises(RateError, match=r"E3\d{3} no stable ground for the rings; cure: lower rates\.min_coherence"):
        ring_of(valley, stable=np.zeros(valley.shape, bool))

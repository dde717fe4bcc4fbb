"""The predicted error is the one that many trials show: atmosphere through the chain, speckle through
the pair matrix.
"""

import numpy as np
import pytest

from sarslide.evaluate.rate_error import DecayFit, predicted_rate_error, speckle_std_rad_per_yr
from sarslide.rates.ground import Ground
from sarslide.rates.pipeline import stack_rates
from sarslide.rates.reference import ReferenceArea
from tests.support.valley import WAVELENGTH_M, Valley, dates, short_pairs, years


def test_atmosphere_part_is_the_error_of_a_stack_without_speckle():
    track = Valley(speckle_rad=0)
    rates = stack_rates(track.read, track.pairs, track.elevation_m, WAVELENGTH_M)
    predicted = predicted_rate_error(
        track.atmosphere_mm, track.dates, track.pairs, rates.ground, lambda pair: (track.coherence, None), 9.0,
        WAVELENGTH_M,
    )  # fmt: skip
    error = rates.layers["los_rate_mm_per_yr"] - track.los_mm_per_yr
    # The chain is linear up to which outliers the fits leave out.
    np.testing.assert_allclose(predicted.atmosphere_mm_per_yr, error, atol=0.15)
    total = predicted.rmse(np.ones(track.shape, bool))
    assert total > np.sqrt(np.mean(error**2)) - 0.15


def _speckle_trials(pairs, coherence_0, decay_per_day, looks, trials):
    """Phase rates from circular Gaussian scatterers with coherence coherence_0 exp(-decay dt),
    multilooked: Monte Carlo.
    """
    names = sorted({day for pair in pairs for day in pair.split("_")})
    t = np.array([years(f"{names[0]}_{day}") * 365.25 if day != names[0] else 0.0 for day in names])
    gap = np.abs(t[:, None] - t[None])
    root = np.linalg.cholesky(np.where(gap == 0, 1.0, coherence_0 * np.exp(-decay_per_day * gap)))
    rng = np.random.default_rng(17)
    white = rng.standard_normal((trials, looks, len(names))) + 1j * rng.standard_normal((trials, looks, len(names)))
    slc = white @ root.T
    dt = np.array([years(pair) for pair in pairs])
    columns = [[names.index(day) for day in pair.split("_")] for pair in pairs]
    phases = [np.angle((slc[..., i] * slc[..., j].conj()).sum(1)) for i, j in columns]
    return dt @ np.array(phases) / (dt @ dt)


@pytest.mark.parametrize(("coherence_0", "decay"), [(0.8, 0.0), (0.85, 0.004), (0.9, 0.012)])
def test_speckle_part_is_the_scatter_of_gaussian_scatterers(coherence_0, decay):
    pairs = short_pairs(dates(16))
    scatter = np.std(_speckle_trials(pairs, coherence_0, decay, looks=30, trials=3000))
    formal = speckle_std_rad_per_yr(pairs, np.array([coherence_0]), np.array([decay]), 30)[0]
    # 3000 trials know the scatter to 1.3 %; the covariance is the first order in 1/looks
    assert formal == pytest.approx(scatter, rel=0.08)


def test_decay_of_coherence_comes_back_from_pairs():
    fit = DecayFit((1, 2))
    for days in (12, 24, 12, 24, 36):
        fit.add(days, np.array([[0.8 * np.exp(-0.01 * days), 0.5]]))
    coherence_0, decay = fit.result()
    np.testing.assert_allclose(coherence_0, [[0.8, 0.5]], rtol=1e-9)
    np.testing.assert_allclose(decay, [[0.01, 0.0]], atol=1e-12)


def test_a_delay_at_the_last_date_telescopes():
    # Only the last date has a delay, uniform except in one disc: every pair but the last two is
    # clean.
    track = Valley(turbulence_mm=0, stratified_mm_per_km=0, speckle_rad=0)
    atmosphere = np.zeros_like(track.atmosphere_mm)
    atmosphere[-1, 40:60, 40:60] = 3.0
    stable = np.ones(track.shape, bool)
    stable[38:62, 38:62] = False
    ground = Ground(track.elevation_m, stable, ReferenceArea(stable, "of the test"))
    predicted = predicted_rate_error(
        atmosphere, track.dates, track.pairs, ground, lambda pair: (track.coherence, None), 9.0, WAVELENGTH_M,
    )  # fmt: skip
    t = np.array([years(pair) for pair in track.pairs])
    last = np.array([pair.endswith(track.dates[-1]) for pair in track.pairs])
    expected = -3.0 * t[last].sum() / (t @ t)  # longer path at the end looks like motion away
    assert predicted.atmosphere_mm_per_yr[50, 50] == pytest.approx(expected, rel=1e-6)
    assert predicted.atmosphere_mm_per_yr[10, 10] == pytest.approx(0, abs=1e-9)

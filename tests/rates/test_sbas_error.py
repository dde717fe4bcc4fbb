"""The standard error of SBAS rates on simulated noise whose truth is known: noise of pairs, of dates, of both, and of speckle."""

import numpy as np
import pytest

from sarslide.network import date_indexes, years_of
from sarslide.rates.sbas import inversion as sbas
from sarslide.rates.sbas.error import noise_parts
from sarslide.rates.sbas.network import free_of_motion, velocity_design
from sarslide.rates.sbas.rates import SbasSettings, sbas_rates
from sarslide.rates.settings import RateSettings
from tests.support.valley import RAD_PER_MM, WAVELENGTH_M, Valley, dates, short_pairs

PLAIN = RateSettings(height_correlated=False, plane=False)


def test_response_is_how_the_rate_follows_each_pair():
    """Against one dense weighted least squares fit a cell; and the rate is the sum of the pairs times their responses."""
    rng = np.random.default_rng(6)
    days = dates(12)
    pairs = short_pairs(days)
    t, steps, design = years_of(days), np.diff(years_of(days)), velocity_design(pairs)
    phase = rng.standard_normal((len(pairs), 9))
    phase[3, :4] = np.nan
    weight = 10 ** rng.uniform(-1, 1, phase.shape)
    found = sbas.invert(phase, weight, pairs)
    for cell in range(9):
        use = np.isfinite(phase[:, cell])
        root = np.sqrt(weight[use, cell])
        solve = np.linalg.pinv(design[use] * root[:, None]) * root  # velocities from pairs
        whole = np.vstack([np.zeros(use.sum()), np.cumsum(solve * steps[:, None], 0)])
        np.testing.assert_allclose(found.response[use, cell], sbas.slope_of(t) @ whole, atol=1e-9)
        assert found.response[~use, cell] == pytest.approx(0)
    np.testing.assert_allclose(
        np.nansum(found.response * np.nan_to_num(phase), 0), sbas.rate_of(found.phase_rad, t), atol=1e-9
    )


def test_slope_without_dem_error_is_that_of_the_corrected_series():
    rng = np.random.default_rng(7)
    t, bperp = years_of(dates(15)), np.concatenate([[0], rng.uniform(-90, 90, 14)])
    series = rng.standard_normal((15, 6))
    corrected, _ = sbas.remove_dem_error(series, t, bperp)
    np.testing.assert_allclose(sbas.slope_without_dem_error(t, bperp) @ series, sbas.rate_of(corrected, t), atol=1e-12)
    assert abs(free_of_motion(bperp, t) @ t) < 1e-9 * abs(bperp).sum()


@pytest.mark.parametrize(("of_dates", "of_pairs"), [(0.0, 0.5), (0.3, 0.3), (0.3, 0.8)])
@pytest.mark.parametrize("gaps", [0.0, 0.1])
def test_variance_is_unbiased(of_dates, of_pairs, gaps):
    """Mean formal variance against that of the rates, of 12,000 cells of independent noise with weights that vary."""
    rng = np.random.default_rng(10)
    days, cells = dates(24), 12_000
    pairs = short_pairs(days)
    ends, t = date_indexes(pairs), years_of(days)
    noise = of_dates * rng.standard_normal((24, cells))
    phase = noise[ends[:, 1]] - noise[ends[:, 0]] + of_pairs * rng.standard_normal((len(pairs), cells))
    phase[rng.random(phase.shape) < gaps] = np.nan
    found = sbas.invert(phase, 10 ** rng.uniform(-0.3, 0.3, phase.shape), pairs)
    rate = sbas.rate_of(found.phase_rad, t)
    residual = phase - rate * (t[ends[:, 1]] - t[ends[:, 0]])[:, None]
    formal = np.sqrt(noise_parts(residual, found.response, t[ends[:, 1]] - t[ends[:, 0]], ends).variance())
    known = np.isfinite(rate)
    assert known.mean() > 0.7
    # The variance of 12,000 rates is known to 1.3 %; the floor under single cells adds a few per cent.
    assert np.mean(formal[known] ** 2) / np.mean(rate[known] ** 2) == pytest.approx(1, abs=0.08)


def test_noise_of_dates_alone_gives_no_formal_error_that_is_too_small():
    """Where pairs close exactly the error is on the safe side: its typical cell is right, its mean square too large."""
    track = Valley(turbulence_mm=0, stratified_mm_per_km=0, speckle_rad=0.3)
    error, formal = rates_of(track, {pair: 0.0 for pair in track.pairs})
    assert np.median(formal) == pytest.approx(np.std(error), rel=0.1)
    assert 1 < np.sqrt(np.mean(formal**2)) / np.std(error) < 1.6


@pytest.mark.parametrize("days_to_1_e", [1e9, 150.0, 40.0])
def test_speckle_that_decorrelates(days_to_1_e):
    """Scatterers of 20 looks, a fifth of them new at each date, the others changing steadily: noise that wanders along the pairs.

    What neighbouring pairs share of that noise closes and is unseen by residuals, at worst half of the error, and the scatter of
    the dates about a line tells still less; stable ground shows it. Moving and excluded ground is a third of 2000 cells, whose
    rms is known to 2 %.
    """
    track = Valley(shape=(40, 50), turbulence_mm=0, stratified_mm_per_km=0, speckle_rad=0)
    scatterers = decorrelating(len(track.dates), (*track.shape, 20), 0.8, np.exp(-12 / days_to_1_e))
    noise = {}
    for pair in track.pairs:
        earlier, later = (scatterers[track.dates.index(day)] for day in pair.split("_"))
        noise[pair] = np.angle((later * earlier.conj()).sum(-1))
    error, formal, series = rates_of(track, noise, series=True)
    ratio = np.sqrt(np.mean(formal**2)) / np.std(error)
    assert ratio == pytest.approx(1, abs=0.12)
    t = years_of(track.dates)
    fitted = np.multiply.outer(t - t.mean(), sbas.rate_of(series, t))
    scatter = series - series.mean(0) - fitted
    of_line = np.sqrt(np.mean(scatter**2) * len(t) / (len(t) - 2) / np.sum((t - t.mean()) ** 2))
    if days_to_1_e < 1e9:
        assert np.sqrt(np.mean(formal**2)) > 1.4 * of_line


def decorrelating(count, shape, coherence, per_step):
    rng = np.random.default_rng(3)

    def fresh():
        return (rng.standard_normal(shape) + 1j * rng.standard_normal(shape)) / np.sqrt(2)

    lasting, result = fresh(), []
    for _ in range(count):
        result.append(np.sqrt(coherence) * lasting + np.sqrt(1 - coherence) * fresh())
        lasting = per_step * lasting + np.sqrt(1 - per_step**2) * fresh()
    return result


def rates_of(track, noise, series=False):
    """Error and formal error, mm/yr, and the series, of SBAS on a track with noise (rad) added to its pairs."""
    kept = np.zeros((len(track.dates), *track.shape))

    def read(pair, rows, cols):
        return (track.phase(pair) + noise[pair])[rows, cols].astype("f4"), track.coherence[rows, cols], None

    def put(rows, cols, block):
        kept[:, rows, cols] = block

    found = sbas_rates(
        read, put, track.pairs, track.elevation_m, WAVELENGTH_M, PLAIN, SbasSettings("none", device="cpu")
    )
    result = found.layers["los_rate_mm_per_yr"] - track.los_mm_per_yr, found.layers["los_rate_std_mm_per_yr"]
    return (*result, kept) if series else result


def test_unit():
    """Half a radian between pairs is 2.2 mm: the layers are in mm/yr."""
    track = Valley(shape=(40, 50), turbulence_mm=0, stratified_mm_per_km=0, speckle_rad=0)
    rng = np.random.default_rng(1)
    error, formal = rates_of(track, {pair: 0.5 * rng.standard_normal(track.shape) for pair in track.pairs})
    response = sbas.invert(np.zeros((len(track.pairs), 1)), np.ones((len(track.pairs), 1)), track.pairs).response
    expected = 0.5 / RAD_PER_MM * np.linalg.norm(response)
    assert np.std(error) == pytest.approx(expected, rel=0.05)
    assert np.sqrt(np.mean(formal**2)) == pytest.approx(expected, rel=0.05)

"""Measured scattering against analytic values and real samples; the rest of the comparison is in studies/ground/scattering.py."""

from dataclasses import replace

import numpy as np
import pytest
from scipy.ndimage import uniform_filter
from scipy.stats import gamma, ks_1samp, ks_2samp
from studies.ground.real_data import spectrum, terceira

from sarsim import acquisition as radar
from sarsim import annotation, geometry, landcover
from sarsim.atmosphere import path_delay_mm
from sarsim.scattering import MEASURED, TEXTURE_M, ScatteringSettings, texture
from sarsim.stack import StackSimulator
from sarslide.grid import RegionGrid
from tests.support.slc_support import as_complex, carrier, centres, flattened, place, small_world

DATE = "20190306"
CELLS = slice(0, 400), slice(0, 400)


def covered(code: int, cells: int = 60):
    return small_world(cells, cells, land_cover=np.full((cells, cells), code, np.uint8))


def bursts_of(world, settings, date=DATE, **options):
    stack = StackSimulator(world, "A128", scattering=settings)
    acq = stack.acquisition(date, **options)
    return stack, acq, stack.bursts(acq, np.zeros(world.grid.shape))


def read(world, settings, date=DATE, **options):
    """Samples at the centres of cells, the phase of their range taken out, of the burst that sees each first."""
    stack, acq, bursts = bursts_of(world, settings, date, **options)
    first, second = (flattened(acq, k, pixels, centres(world)) for k, pixels in enumerate(bursts))
    return np.where(geometry.zero_doppler(stack.track.arc, centres(world))[0] < 0, first, second)


def coherence(one: np.ndarray, other: np.ndarray) -> complex:
    """Of all cells that both hold."""
    seen = np.isfinite(one) & np.isfinite(other)
    one, other = one[seen], other[seen]
    return complex(np.vdot(other, one) / np.sqrt(np.vdot(one, one).real * np.vdot(other, other).real))


@pytest.mark.parametrize(
    "settings",
    [ScatteringSettings(), ScatteringSettings(towns=True), ScatteringSettings(snow_drop_m=600.0)],
    ids=["none", "towns without settlements", "snow far above"],
)
def test_what_is_off_or_absent_changes_no_byte(settings):
    """The world has grass alone, at 3,400 m under a snow line that is never below 3,500 m."""
    world = covered(landcover.GRASS, 30)
    for before, now in zip(bursts_of(world, None)[2], bursts_of(world, settings)[2], strict=True):
        assert before.any() and np.array_equal(before, now)


def test_texture_is_gamma_distributed():
    """160,000 draws of a table of 4,096 quantiles: distance 0.005; variance of so many with a kurtosis of 12: 1 %."""
    drawn = texture(3, 30.0, *CELLS, 1.5)
    assert drawn.mean() == pytest.approx(1, abs=0.02)
    assert drawn.var() == pytest.approx(1.5, rel=0.04)
    assert ks_1samp(drawn[::7].ravel(), gamma(1 / 1.5, scale=1.5).cdf).statistic < 0.01


def test_texture_is_a_function_of_place_and_seed():
    whole = texture(3, 30.0, *CELLS, 1.5)
    assert np.array_equal(whole[200:230, 17:90], texture(3, 30.0, slice(200, 230), slice(17, 90), 1.5))
    assert abs(np.corrcoef(whole.ravel(), texture(4, 30.0, *CELLS, 1.5).ravel())[0, 1]) < 0.02
    assert abs(np.corrcoef(whole[1:].ravel(), whole[:-1].ravel())[0, 1]) < 0.02
    fine = texture(3, TEXTURE_M / 2, *CELLS, 1.5)  # squares keep their size: two by two cells
    assert np.array_equal(fine, fine[::2, ::2].repeat(2, 0).repeat(2, 1))


def test_intensity_of_textured_land_is_that_of_terceira(shipped_data):
    """Over the mean of 25 x 25 samples, of the part that the texture was not tuned on; bare speckle is 0.097 off."""
    scene = terceira(shipped_data)
    land = scene.land()
    land[:, :700] = False
    real = (np.abs(scene.samples.astype(complex)) ** 2 / scene.brightness())[land]
    world = covered(landcover.GRASS, 100)
    _, acq, bursts = bursts_of(world, MEASURED)
    intensity = np.abs(as_complex(bursts[0])) ** 2
    line, sample, _ = place(acq, 0, centres(world)[6:-6, 6:-6])
    part = np.s_[int(line.min()) : int(min(line.max(), acq.valid_lines[1]) - 30), int(sample.min()) : int(sample.max())]
    ours = (intensity / np.maximum(uniform_filter(intensity, 25), 1e-9))[part].ravel()
    assert ours.size > 50_000
    assert ks_2samp(ours, real).statistic < 0.05


def test_texture_keeps_mean_and_coherence():
    """3,600 cells of variance 1.5: the mean is known to 2.7 %, and as much for speckle; coherence of 0.86 to 0.01."""
    world = covered(landcover.ROCK)
    pairs = [
        [read(world, settings, date) for date in (DATE, "20190318")] for settings in (None, ScatteringSettings(1.5))
    ]
    mean, uneven = (np.nanmean(np.abs(pair[0]) ** 2) for pair in pairs)
    assert uneven == pytest.approx(mean, rel=0.12)
    bare, textured = (abs(coherence(*pair)) for pair in pairs)
    assert textured == pytest.approx(bare, abs=0.04)


def test_points_of_towns_show_their_heights():
    """A baseline turns each point by its height; uniform heights give a sinc of the whole range, turned by the mean.

    60 x 60 cells of 130 points: the sum of so few strong scatterers is known to 0.03.
    """
    settings = replace(MEASURED, texture_variance=0.0, measured_noise=False)
    world, baseline = covered(landcover.SETTLEMENT), 150.0
    one, same, apart = (
        read(world, settings, date, offset_m=(metres, 0.0))
        for date, metres in ((DATE, 0.0), ("20190318", 0.0), ("20190318", baseline))
    )
    stack = StackSimulator(world, "A128")
    slant = float(geometry.zero_doppler(stack.track.arc, stack.track.center[None])[1][0])
    incidence = np.radians(radar.INCIDENCE_DEG["A"])
    turned = 4 * np.pi / radar.WAVELENGTH * baseline * landcover.TOWN.height_m / (slant * np.sin(incidence))
    town, ground = landcover.TOWN, landcover.MEASURED[landcover.SETTLEMENT]
    points, rest = town.power * town.lasting, (1 - town.power) * ground.coherence(12)
    assert abs(coherence(one, same)) == pytest.approx(points + rest, abs=0.05)
    # both lose what the shift of the spectra takes, 150 m of 5.4 km
    expected = (points * np.sinc(turned / 2 / np.pi) * np.exp(0.5j * turned) + rest) * (1 - baseline / 5400)
    found = coherence(one, apart)
    assert abs(found) == pytest.approx(abs(expected), abs=0.06)
    assert abs(np.angle(found)) == pytest.approx(np.angle(expected), abs=0.08)


def test_noise_of_dark_water_is_that_of_terceira():
    """Power, and its peak at the edge of the Doppler band: stated as 5.7 times the mean at 155 Hz.

    Tolerances as in studies/ground/real_data.py.
    """
    world = covered(landcover.WATER, 30)
    _, acq, bursts = bursts_of(world, MEASURED)
    part = np.s_[700:861]
    samples = (as_complex(bursts[0]) * np.exp(-1j * carrier(acq, 0)))[part, 60:-60]
    power = annotation.noise_power(acq, annotation.MEASURED_NOISE)
    assert (np.abs(samples) ** 2).mean() == pytest.approx(power, rel=0.05)
    frequency, shape = spectrum(samples, 1 / radar.LINE_INTERVAL)
    assert shape.max() == pytest.approx(5.7, abs=0.9)
    band = acq.swath.azimuth_bandwidth / 2
    assert frequency[shape.argmax()] * 157 / band == pytest.approx(155, abs=6)
    white = as_complex(bursts_of(world, None)[2][0]) * np.exp(-1j * carrier(acq, 0))
    assert spectrum(white[part, 60:-60], 1 / radar.LINE_INTERVAL)[1].max() < 3.5


def test_fading_part_biases_short_pairs_and_does_not_close():
    """Phases of 12 and 24 days against `pair_coherence`, and the closure of the triplet.

    3,600 looks at a coherence of 0.5 to 0.7: 0.02 rad; tolerance three times that.
    """
    settings = ScatteringSettings(fading_mm_per_yr=-120.0)
    world = covered(landcover.GRASS)
    dates = [read(world, settings, date) for date in (DATE, "20190318", "20190330")]
    pairs = {days: (dates[i], dates[j]) for days, i, j in ((12, 0, 1), (24, 0, 2))}
    for days, pair in pairs.items():
        expected = np.angle(settings.pair_coherence(landcover.GRASS, days))
        assert expected > 0.2  # away from the satellite
        assert np.angle(coherence(*pair)) == pytest.approx(expected, abs=0.06)
    closure = np.angle(coherence(*pairs[12]) * coherence(dates[1], dates[2]) * np.conj(coherence(*pairs[24])))
    phases = [np.angle(settings.pair_coherence(landcover.GRASS, days)) for days in (12, 24)]
    assert 2 * phases[0] - phases[1] > 0.1
    assert closure == pytest.approx(2 * phases[0] - phases[1], abs=0.1)


def test_bias_of_pairs_falls_with_their_days():
    """Short pairs move with the fading part by its share, long ones not at all; rock never."""
    settings = ScatteringSettings(fading_mm_per_yr=-10.0)
    cover = landcover.CLASSES[landcover.FARMLAND]
    rates = [settings.pair_bias_mm(landcover.FARMLAND, days) / days * 365.25 for days in (1e-3, 12, 48, 365)]
    assert rates[0] == pytest.approx(-10 * (cover.rho_0 - cover.rho_inf) / cover.rho_0, rel=1e-3)
    assert rates[0] < rates[1] < rates[2] < -1e-6 < 0 and abs(rates[3]) < 1e-3
    assert settings.pair_bias_mm(landcover.ROCK, 12) == 0


def test_season_of_the_stratified_delay():
    """An annual cosine in the coefficient of height, moistest in July north and in January south of the equator."""
    height = np.linspace(0, 3000, 100).reshape(10, 10)
    north, south = (RegionGrid(epsg, 500000.0, top, 30.0, 10, 10) for epsg, top in ((32647, 3.2e6), (32747, 6.8e6)))
    for grid, sign in ((north, -1), (south, 1)):
        for date, share in (("20190719", 1.0), ("20190117", -1.0), ("20191018", 0.0)):
            calm, moist = (path_delay_mm(grid, height, 1, "A128", date, season_mm_per_km=s) for s in (0.0, 20.0))
            assert np.allclose(moist - calm, sign * share * 20 * height / 1000, atol=1.2)

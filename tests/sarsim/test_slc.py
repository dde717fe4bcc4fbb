"""Simulated pixels against theory: point response, spectrum, speckle, coherence, phase of motion and topography."""

import numpy as np
import pytest

from sarsim import acquisition as radar
from sarsim import annotation, geometry, landcover
from sarsim.acquisition import acquire, plan_track
from sarsim.slc import BurstImage
from sarsim.stack import StackSimulator
from sarsim.swaths import SWATHS
from tests.support.slc_support import as_complex, carrier, carrier_at, centres, flattened, mosaic, place, small_world

IW2 = SWATHS["IW2"]
CENTER = (99.2, 29.0, 3400.0)


@pytest.fixture(scope="module")
def targets():
    """Isolated targets over both bursts, 600 samples wide, peak 8000."""
    rng = np.random.default_rng(3)
    lat = np.concatenate([np.linspace(28.86, 29.14, 24), [28.9945, 29.0005, 29.003]])
    lon = CENTER[0] - 0.22 * (lat - CENTER[1]) + rng.uniform(-0.003, 0.003, lat.size)
    xyz = geometry.to_ecef(lon, lat, CENTER[2] + rng.uniform(-50, 50, lat.size))
    track = plan_track("A128", geometry.to_ecef(*map(np.array, CENTER))[None], samples=600)
    acq = acquire(track, "20190318", seed=2)
    t, slant = geometry.zero_doppler(acq.arc, xyz)
    bursts = []
    for k in range(2):
        image = BurstImage(acq, k)
        image.add_points(t, slant, 8000.0)
        bursts.append(image.pixels())
    return acq, xyz, bursts


def test_point_targets_peak_where_and_as_they_must(targets):
    """Position to 0.01 pixel, amplitude to 0.3 %, phase -4 pi R / wavelength to 0.01 rad, in both bursts."""
    acq, xyz, bursts = targets
    seen = []
    for k, pixels in enumerate(bursts):
        deramped = as_complex(pixels) * np.exp(-1j * carrier(acq, k))
        line, sample, slant = place(acq, k, xyz)
        for n in np.nonzero((line > 46) & (line < 1454) & (sample > 60) & (sample < 540))[0]:
            i, j = round(line[n]), round(sample[n])
            spectrum = np.fft.fft2(deramped[i - 24 : i + 24, j - 24 : j + 24])
            f = np.fft.fftfreq(48)

            def value(y, x, spectrum=spectrum, f=f, i=i, j=j):
                shift = f[:, None] * (y - i + 24) + f * (x - j + 24)
                return (spectrum * np.exp(2j * np.pi * shift)).mean()

            peak = value(line[n], sample[n])
            step = 0.5
            for axis in ((step, 0.0), (0.0, step)):
                before, after = (abs(value(line[n] + s * axis[0], sample[n] + s * axis[1])) for s in (-1, 1))
                offset = 0.5 * step * (after - before) / (2 * abs(peak) - after - before)
                assert abs(offset) < 0.01
            assert abs(peak) == pytest.approx(8000, rel=3e-3)
            at = carrier_at(acq, k, line[n : n + 1], sample[n : n + 1])[0]
            phase = np.angle(peak) + at + 4 * np.pi / radar.WAVELENGTH * slant[n]
            assert abs(np.angle(np.exp(1j * phase))) < 0.01
            seen.append((k, n))
    assert len(seen) > 10 and len({n for _, n in seen}) < len(seen)  # some lie in the overlap of the bursts


def test_width_of_the_response(targets):
    """-3 dB widths of a band-limited Hamming (0.75) response: 3.0 m in slant range, 21.4 m in azimuth (IW2: 3.1 m and 22.0 m)."""
    acq, xyz, bursts = targets
    deramped = as_complex(bursts[0]) * np.exp(-1j * carrier(acq, 0))
    line, sample, _ = place(acq, 0, xyz)
    n = int(np.argmin(abs(line - 750) + 1e4 * ((sample < 60) | (sample > 540))))
    i, j = round(line[n]), round(sample[n])
    spectrum = np.fft.fft2(deramped[i - 32 : i + 32, j - 32 : j + 32])
    f = np.fft.fftfreq(64)
    steps = np.linspace(-2, 2, 801)
    widths = []
    for dy, dx in ((1, 0), (0, 1)):
        profile = [abs((spectrum * np.exp(2j * np.pi * (f[:, None] * (line[n] - i + 32 + s * dy) + f * (sample[n] - j + 32 + s * dx)))).mean()) for s in steps]  # fmt: skip  # noqa: E501
        above = steps[np.array(profile) > max(profile) / np.sqrt(2)]
        widths.append(above[-1] - above[0])
    assert widths[0] * annotation.azimuth_spacing(acq) == pytest.approx(21.4, abs=1.0)
    assert widths[1] * radar.RANGE_SPACING == pytest.approx(3.1, abs=0.2)


@pytest.fixture(scope="module")
def speckle():
    """Flat grassland, 90 x 90 cells, one date of each pass."""
    world = small_world(90, 90)
    made = {}
    for name, date in (("A128", "20190306"), ("D062", "20190311")):
        stack = StackSimulator(world, name)
        acq = stack.acquisition(date)
        made[name] = stack, acq, stack.bursts(acq, np.zeros(world.grid.shape))
    return made


@pytest.mark.parametrize("name", ["A128", "D062"])
def test_deramped_spectrum_is_centred_and_band_limited(speckle, name):
    """After deramping, each burst fills the annotated bands around zero and nothing else (quantisation: 1e-4 of the energy)."""
    _, acq, bursts = speckle[name]
    for k, pixels in enumerate(bursts):
        burst = as_complex(pixels)
        burst *= np.exp(-1j * carrier(acq, k))
        power = abs(np.fft.fft2(burst)) ** 2
        for axis, band in (
            (1, IW2.azimuth_bandwidth * radar.LINE_INTERVAL),
            (0, IW2.range_bandwidth / radar.RANGE_SAMPLING),
        ):
            profile = power.sum(axis)
            f = np.fft.fftfreq(profile.size)
            assert profile[abs(f) > band / 2 + 0.02].sum() / profile.sum() < 5e-3
            assert abs((profile * f).sum() / profile.sum()) < 0.01 * band
            # Hamming window squared: power at the band's edge a quarter of that in the middle
            edge = profile[(abs(f) > 0.44 * band) & (abs(f) < 0.48 * band)].mean()
            middle = profile[abs(f) < 0.04 * band].mean()
            assert edge / middle == pytest.approx(0.75**2 * (1 - np.cos(np.pi * 0.08) / 3) ** 2, rel=0.25)


@pytest.mark.parametrize("name", ["A128", "D062"])
def test_speckle_is_fully_developed_and_calibrated(speckle, name):
    """Exponential intensity (mean = standard deviation, kurtosis 2) with sigma nought gamma cos(incidence) plus noise."""
    stack, acq, bursts = speckle[name]
    grid = stack.world.grid
    x, y = np.meshgrid(grid.x()[8:-8], grid.y()[8:-8])
    xyz = centres(stack.world)[8:-8, 8:-8]
    intensity = []
    for k, pixels in enumerate(bursts):
        line, sample, _ = place(acq, k, xyz)
        first, last = acq.valid_lines
        inside = (line > first) & (line < last - 1)
        i, j = np.rint(line[inside]).astype(int), np.rint(sample[inside]).astype(int)
        intensity.append(abs(as_complex(pixels)[i, j]) ** 2)
    values = np.concatenate(intensity)
    assert values.size > 5000
    assert values.std() / values.mean() == pytest.approx(1.0, abs=0.05)
    assert (values**2).mean() / values.mean() ** 2 == pytest.approx(2.0, abs=0.15)
    angle = np.radians(geometry.incidence_deg(acq.arc, xyz[40, 40][None])[0])
    gamma = 10 ** (landcover.CLASSES[landcover.GRASS].gamma0_db / 10)
    expected = annotation.BETA_CONSTANT**2 * gamma * np.cos(angle) / np.sin(angle) + annotation.noise_power(acq)
    assert values.mean() == pytest.approx(expected, rel=0.06)
    assert x.shape == y.shape == xyz.shape[:2]


def common_band(band: float, shift: float) -> float:
    """Coherence left by two Hamming-weighted bands that are `shift` apart (all in cycles a pixel)."""
    f = np.linspace(-band, band, 20001)
    window = [np.where(abs(g) < band / 2, 0.75 + 0.25 * np.cos(2 * np.pi * g / band), 0) for g in (f, f - shift)]
    return float((window[0] * window[1]).sum() / (window[0] ** 2).sum())


def test_coherence_follows_land_cover():
    """Pair coherence of each class against the table, thermal noise and the shifts of the two spectra.

    About 1,800 looks a class: standard error (1 - c^2) / sqrt(2 looks) up to 0.015; tolerance 0.04.
    """
    codes = np.array([landcover.ROCK, landcover.GRASS, landcover.FOREST, landcover.FARMLAND, landcover.SETTLEMENT])
    cover = np.repeat(codes, 24)[:, None].repeat(40, 1).astype(np.uint8)
    world = small_world(cover.shape[0], 40, land_cover=cover)
    stack = StackSimulator(world, "A128")
    zero = np.zeros(world.grid.shape)
    points = centres(stack.world)
    # centres of cells and points half-way between them
    fine = np.concatenate([points[:-1, :-1], 0.5 * (points[:-1, :-1] + points[1:, 1:])], axis=1)
    classes = np.concatenate([cover[:-1, :-1], np.where(cover[:-1, :-1] == cover[1:, 1:], cover[:-1, :-1], 0)], axis=1)
    values, centroid = {}, {}
    for date in ("20190306", "20190318", "20190611"):
        acq = stack.acquisition(date)
        line, sample, _ = place(acq, 0, points[60, 20][None])
        ahead = carrier_at(acq, 0, line + 0.5, sample) - carrier_at(acq, 0, line - 0.5, sample)
        centroid[date] = ahead[0] / (2 * np.pi)  # cycles a line
        values[date] = mosaic(stack, acq, stack.bursts(acq, zero), fine)
    noise = annotation.noise_power(acq)
    angle = np.radians(radar.INCIDENCE_DEG["A"])
    for pair, days in ((("20190306", "20190318"), 12), (("20190306", "20190611"), 97)):
        one, two = (values[d] for d in pair)
        baseline = abs(np.subtract(*(radar.baseline_m(stack.track, d, world.seed)[0] for d in pair)))
        critical = radar.WAVELENGTH * IW2.range_bandwidth / radar.SPEED_OF_LIGHT * 8.62e5 * np.tan(angle)
        range_shift = baseline / critical * IW2.range_bandwidth / radar.RANGE_SAMPLING
        overlap = common_band(
            IW2.azimuth_bandwidth * radar.LINE_INTERVAL, abs(np.subtract(*(centroid[d] for d in pair)))
        )
        overlap *= common_band(IW2.range_bandwidth / radar.RANGE_SAMPLING, range_shift)
        for code in codes:
            inside = (classes == code) & np.isfinite(one) & np.isfinite(two)
            cross = (one * two.conj())[inside].mean() / np.sqrt(
                (abs(one[inside]) ** 2).mean() * (abs(two[inside]) ** 2).mean()
            )
            gamma = 10 ** (landcover.CLASSES[code].gamma0_db / 10)
            signal = annotation.BETA_CONSTANT**2 * gamma * np.cos(angle) / np.sin(angle)
            expected = landcover.CLASSES[code].coherence(days) * signal / (signal + noise) * overlap
            print(f"{landcover.CLASSES[code].name} {days} days: {abs(cross):.3f}, expected {expected:.3f}")
            assert abs(cross) == pytest.approx(expected, abs=0.04)


@pytest.mark.parametrize("name", ["A128", "D062"])
def test_phase_of_motion_delay_and_topography(name):
    """On a slope, with subsidence, slide and delay: earlier x conj(later) = 4 pi / wavelength away from the satellite."""
    rows, cols = 60, 60
    r, c = np.mgrid[:rows, :cols]
    elevation = 3300 + 6.0 * c + 120 * np.sin(r / 9.0)
    velocity = np.zeros((3, rows, cols))
    velocity[2, :, :30], velocity[0, :, 30:] = -100.0, 80.0
    stack = StackSimulator(
        small_world(rows, cols, elevation, np.full((rows, cols), landcover.ROCK, np.uint8), velocity), name
    )
    days = {"20190306": 0, "20190330": 24}
    delay = {"20190306": np.zeros((rows, cols)), "20190330": 0.1 * r}
    values = []
    for date in days:
        acq = stack.acquisition(date)
        values.append(mosaic(stack, acq, stack.bursts(acq, delay[date]), centres(stack.world)))
    interferogram = values[0] * values[1].conj()
    away_mm = delay["20190330"] - stack.los_rate_mm_per_yr * 24 / 365.25
    residual = interferogram * np.exp(-4j * np.pi / radar.WAVELENGTH * away_mm / 1e3)
    for half in (np.s_[6:-6, 4:26], np.s_[6:-6, 34:-4]):
        part = residual[half][np.isfinite(residual[half])]
        assert part.size > 700
        assert abs(np.angle(part.sum())) < 0.08
        assert abs(part.sum()) / abs(part).sum() > 0.8
    # the sign: sinking ground moves away, phase grows
    assert (stack.los_rate_mm_per_yr[:, :28] < 0).all()


def test_interferogram_is_the_same_in_both_bursts():
    """In the overlap the bursts see other speckle (their Dopplers are 4.5 kHz apart) but the same interferometric phase."""
    stack = StackSimulator(small_world(60, 60, land_cover=np.full((60, 60), landcover.ROCK, np.uint8)), "D062")
    values = []
    for date in ("20190311", "20190323"):
        acq = stack.acquisition(date)
        values.append(
            [flattened(acq, k, p, centres(stack.world)) for k, p in enumerate(stack.bursts(acq, np.zeros((60, 60))))]
        )
    both = np.isfinite(values[0][0]) & np.isfinite(values[0][1]) & np.isfinite(values[1][0]) & np.isfinite(values[1][1])
    assert both.sum() > 500
    for k in range(2):
        cross = (values[0][k][both] * values[1][k][both].conj()).sum()
        power = [(abs(values[d][k][both]) ** 2).sum() for d in range(2)]
        assert abs(np.angle(cross)) < 0.06  # 500 looks at coherence 0.8: 0.017 rad
        assert abs(cross) / np.sqrt(power[0] * power[1]) > 0.7
    other = (values[0][0][both] * values[0][1][both].conj()).sum() / (abs(values[0][0][both]) ** 2).sum()
    assert abs(other) < 0.15


def test_shadowed_ground_is_dark():
    """Behind a wall there is noise only."""
    rows, cols = 40, 80
    elevation = np.full((rows, cols), 3000.0)
    elevation[:, 30:34] = 3400.0
    stack = StackSimulator(small_world(rows, cols, elevation), "A128")
    assert stack.observable[20, 36] == 0 and stack.observable[20, 60] == 1
    acq = stack.acquisition("20190306")
    bursts = stack.bursts(acq, np.zeros((rows, cols)))
    dark, bright = [], []
    for k, pixels in enumerate(bursts):
        line, sample, _ = place(acq, k, centres(stack.world))
        for columns, found in (((37, 39), dark), ((55, 70), bright)):
            part = np.s_[8:-8, columns[0] : columns[1]]
            inside = (line[part] > 20) & (line[part] < 1478)
            i, j = np.rint(line[part][inside]).astype(int), np.rint(sample[part][inside]).astype(int)
            found.append(abs(as_complex(pixels)[i, j]) ** 2)
    dark, bright = (np.concatenate(v).mean() for v in (dark, bright))
    assert dark == pytest.approx(annotation.noise_power(acq), rel=0.4) and bright > 3 * dark

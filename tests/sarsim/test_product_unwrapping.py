"""Stacks at product level without help from the truth: fringes within a cell, sheared ground, the own unwrapper, dates."""

import dataclasses

import numpy as np
import pytest

from sarsim import landcover, scene, training
from sarsim.cell_samples import BEAM_SPEED, SWATH, cell_looks, neighbour_correlation, stated_looks, strain
from sarsim.products import (
    CellSettings,
    ProductSettings,
    UnwrapSettings,
    coherence_matrix,
    mean_amplitude_db,
    simulate_dates,
    simulate_pairs,
    view,
)
from sarsim.scattering import ScatteringSettings
from sarsim.track_view import HEADING_DEG, to_range
from sarsim.world import World, WorldSettings, build_world
from sarslide.config.interferograms import InterferogramSection
from sarslide.errors import StackError
from sarslide.grid import RegionGrid
from sarslide.names import nearest_pairs

GRID = RegionGrid(32647, 515130.0, 3215640.0, 30.0, 96, 96)
DATES = ["20190306", "20190318", "20190330", "20190411"]
PAIR = f"{DATES[0]}_{DATES[1]}"
STACK, INCIDENCE_DEG = "A128", 38.5
CYCLE_MM = 55.46576 / 2  # of path that turns the phase once
YEARS = 12 / 365.25
STILL_AIR = {"turbulence_mm": 0.0, "stratified_mm_per_km": 0.0, "dem_error_m": 0.0, "unwrapping_errors": 0.0}
BARE = ProductSettings(**STILL_AIR, baseline_sigma_m=0.0, cells=CellSettings(block_m=0.0))
OWN = ProductSettings(**STILL_AIR, cells=CellSettings(), unwrapping=UnwrapSettings())
INNER = np.s_[10:-10, 10:-10]
OLD_MEANS = (-0.068161, -0.103515, 0.429941, -9.867132)  # of `test_defaults_are_those_of_before`, commit 011ebe9


@pytest.fixture(scope="module")
def base() -> World:
    return build_world(GRID, 21, margin_m=0.0, settings=WorldSettings(landslides=(0, 0, 1), glacier=0, snow=0))


def flat(base: World, east=0.0, north=0.0, up=0.0, cover: int = landcover.SETTLEMENT) -> World:
    """Level ground with a velocity of its own, mm/yr."""
    velocity = np.stack([np.broadcast_to(np.float32(part), GRID.shape) for part in (east, north, up)])
    level, codes = np.full(GRID.shape, 3000.0, np.float32), np.full(GRID.shape, cover, np.uint8)
    return World(GRID, GRID, level, codes, velocity, base.landslides[:0], base.decoys[:0], 5000.0, 21)


def metres() -> tuple[np.ndarray, np.ndarray]:
    """Distances of the cells east and north of the middle."""
    rows, cols = np.indices(GRID.shape) - (GRID.rows - 1) / 2
    return cols * GRID.cell_m, -rows * GRID.cell_m


def snr_share() -> float:
    """Coherence that the noise of -24 dB sigma nought leaves of a settlement."""
    snr = 10 ** ((landcover.CLASSES[landcover.SETTLEMENT].gamma0_db + 24) / 10) * np.cos(np.radians(INCIDENCE_DEG))
    return snr / (1 + snr)


def first_pair(world: World, settings: ProductSettings) -> np.ndarray:
    """Coherence of the first two dates around the phase at the cells' centres, (rows, cols) complex."""
    a, b = simulate_dates(world, view(world, STACK), DATES[:2], 3, settings)
    product = np.einsum("krc,krc->rc", a.samples, b.samples.conj())
    phase = 2 * np.pi * (b.path_mm - a.path_mm) / CYCLE_MM
    return (product * np.exp(-1j * phase))[INNER] / np.sqrt(a.power[INNER].mean() * b.power[INNER].mean())


def sampled(cycles: float, samples: int) -> float:
    """Mean of exp(2 pi i x) over samples that divide a cell: Dirichlet's kernel, real."""
    places = (np.arange(samples) + 0.5) / samples - 0.5
    return float(np.exp(2j * np.pi * cycles * places).mean().real)


def overlap(shift: float, window: float) -> float:
    """Autocorrelation of a band under a Hamming window, at a shift in bandwidths."""
    f = np.linspace(-1, 1, 8001)

    def band(at):
        return np.where(np.abs(at) <= 0.5, window + (1 - window) * np.cos(2 * np.pi * at), 0)

    return float((band(f - shift / 2) * band(f + shift / 2)).sum() / (band(f) ** 2).sum())


@pytest.mark.parametrize("east, north", [(0.0, 0.0), (0.5, 0.0), (1.5, 0.0), (0.0, 0.25), (0.0, 0.5), (0.3, 0.3)])
def test_fringes_within_a_cell_cost_coherence(base, east, north):
    """Cycles a cell against the closed form: six by three samples, and the shift of the spectrum in azimuth and range.
    Tolerance: 5,776 cells of 8.7 looks have a standard error of 0.005."""
    x, y = (part / GRID.cell_m for part in metres())
    up = -(east * x + north * y) * CYCLE_MM / YEARS / np.cos(np.radians(INCIDENCE_DEG))
    ramp, heading = np.array([east, north]) / GRID.cell_m, np.radians(HEADING_DEG[STACK[0]])
    azimuth = ramp @ [np.sin(heading), np.cos(heading)] * BEAM_SPEED / SWATH.azimuth_bandwidth
    slant_m = 299792458 / (2 * SWATH.range_bandwidth)
    across = ramp @ to_range(STACK) * slant_m / np.sin(np.radians(INCIDENCE_DEG))
    expected = landcover.CLASSES[landcover.SETTLEMENT].coherence(12) * snr_share()
    expected *= sampled(east, 6) * sampled(north, 3) * overlap(azimuth, SWATH.azimuth_window) * overlap(across, 0.75)
    found = first_pair(flat(base, up=up), BARE).mean()
    assert found.real == pytest.approx(expected, abs=0.02)
    assert abs(found.imag) < 0.02


def test_looks(base):
    """Of the speckle: mean squared over variance of the power, 9,216 cells; of the chain: what the demo's D062 states."""
    world = flat(base)
    (date,) = simulate_dates(world, view(world, STACK), DATES[:1], 3, BARE)
    looks = cell_looks(GRID, view(world, STACK))
    assert date.power.mean() ** 2 / date.power.var() == pytest.approx(looks.mean(), rel=0.1)
    assert looks.mean() > 1.3 * stated_looks(GRID, STACK)  # samples at the edges are shared with the neighbours
    assert stated_looks(GRID, "D062") == pytest.approx(5.892, rel=0.02)
    finer = RegionGrid(32647, 515130.0, 3215640.0, 15.0, 96, 96)
    assert stated_looks(finer, STACK) == pytest.approx(stated_looks(GRID, STACK) / 4)


@pytest.mark.parametrize("cell_m", [30.0, 15.0])
def test_neighbours_share_scatterers(base, cell_m):
    """Correlation of the powers of neighbours against that of their samples; 9,216 cells, couples of given weights."""
    grid = RegionGrid(32647, 515130.0, 3215640.0, cell_m, 96, 96)
    world = dataclasses.replace(flat(base), region=grid, grid=grid)
    (date,) = simulate_dates(world, view(world, STACK), DATES[:1], 3, BARE)
    south, east = neighbour_correlation(grid, STACK)
    power = date.power - date.power.mean()
    assert (power[1:] * power[:-1]).mean() / power.var() == pytest.approx(south, abs=0.04)
    assert (power[:, 1:] * power[:, :-1]).mean() / power.var() == pytest.approx(east, abs=0.04)


@pytest.mark.parametrize("rise", [0.0, 0.4])
def test_orbits_apart_shift_the_spectrum(base, rise):
    """In range by baseline over critical baseline; in azimuth by the rise of a plane along the track, whose points at one
    range lie rise / sin(incidence) m apart across the line of sight for each metre. Under the windows of the bands."""
    x, y = metres()
    heading = np.radians(HEADING_DEG[STACK[0]])
    plane = 3000 + rise * (x * np.sin(heading) + y * np.cos(heading))
    world = dataclasses.replace(flat(base), elevation_m=plane.astype(np.float32))
    settings = dataclasses.replace(BARE, baseline_sigma_m=600.0)
    a, b = simulate_dates(world, view(world, STACK), DATES[:2], 3, settings)
    found = np.einsum("krc,krc->rc", a.samples, b.samples.conj())[INNER].mean() / a.power[INNER].mean()
    bperp, wavelength, incidence = abs(b.baseline_m - a.baseline_m), CYCLE_MM / 500, np.radians(INCIDENCE_DEG)
    across = bperp / (wavelength * 850e3 * np.tan(incidence) / (2 * 3.1))
    along = 2 * bperp / (wavelength * 850e3) * rise / np.sin(incidence) * BEAM_SPEED / SWATH.azimuth_bandwidth
    assert across > 0.1 and (along > 0.1 or not rise)
    expected = landcover.CLASSES[landcover.SETTLEMENT].coherence(12) * snr_share()
    expected *= overlap(across, 0.75) * overlap(along, SWATH.azimuth_window)
    assert abs(found) == pytest.approx(expected, abs=0.03)


def test_sheared_ground_breaks(base):
    """Motion along the track that grows across it: no phase, but blocks of 8 m that depart from it by strain x 8 / sqrt(12).
    The strain tensor of a shear s has the norm s / sqrt(2)."""
    heading, away = np.radians(HEADING_DEG[STACK[0]]), to_range(STACK)
    x, y = metres()
    shear_per_yr = 0.08
    along = shear_per_yr * (x * away[0] + y * away[1]) * 1000
    world = flat(base, east=along * np.sin(heading), north=along * np.cos(heading))
    moved = strain(*world.velocity_mm_per_yr[:2], GRID.cell_m)
    assert np.allclose(moved, shear_per_yr / np.sqrt(2), rtol=1e-3)
    sigma_mm = shear_per_yr / np.sqrt(2) * YEARS * 8000 / np.sqrt(12)
    kept = np.exp(-((2 * np.pi * sigma_mm / CYCLE_MM) ** 2) / 2)
    assert kept < 0.7
    bending, breaking = (first_pair(world, dataclasses.replace(BARE, cells=CellSettings(b))).mean() for b in (0.0, 8.0))
    assert abs(breaking) / abs(bending) == pytest.approx(kept, abs=0.03)
    rotating = flat(base, east=-shear_per_yr * y * 1000, north=shear_per_yr * x * 1000)
    assert strain(*rotating.velocity_mm_per_yr[:2], GRID.cell_m).max() < 1e-5


def dome(peak_mm_per_yr: float) -> np.ndarray:
    """Line-of-sight rate, towards the satellite, of a body with sigma 150 m."""
    x, y = metres()
    return peak_mm_per_yr * np.exp(-(x**2 + y**2) / (2 * 150.0**2))


def test_fast_ground_is_not_recovered_by_construction(base):
    """Cycles of the truth recover 2 m/yr on a body of sigma 150 m, 1.3 cycles a cell in 24 days; the own unwrapper does not,
    and knows how much of the rate is wrong cycles; of 8 m/yr it delivers nothing. Both recover 60 mm/yr. Tolerances: the
    noise of four dates in a settlement is 3 mm/yr; the filter flattens fringes that the truth counts."""
    middle, errors = np.s_[45:51, 45:51], {}
    for peak in (60.0, 2000.0, 8000.0):
        world = flat(base, up=dome(peak) / np.cos(np.radians(INCIDENCE_DEG)))
        for name, settings in (("truth", ProductSettings(**STILL_AIR)), ("own", OWN)):
            observed = scene.observe(world, STACK, DATES, settings)
            error = observed.layers["los_rate_mm_per_yr"] - scene.los_rate(world, observed.seen)
            errors[name, peak] = error, observed.unwrapping_mm_per_yr
    for name, peak, most in (("truth", 60, 3), ("own", 60, 3), ("truth", 2000, 20)):
        assert np.median(np.abs(errors[name, peak][0][middle])) < most
    error, wrong_cycles = errors["own", 2000]
    wrong = np.abs(error) > 300
    assert (wrong | np.isnan(error))[middle].mean() > 0.9 and wrong.sum() > 20
    assert np.median((wrong_cycles / error)[wrong]) == pytest.approx(1, abs=0.1)
    assert np.isnan(errors["own", 8000][0][middle]).mean() > 0.9


def test_pairs_are_those_of_the_rule(base):
    """Whole cycles beside the filtered phase, nothing where layover or shadow hides the ground, settings of the configuration."""
    keys = InterferogramSection()
    assert (keys.unwrapper, keys.unwrap_window) == dataclasses.astuple(UnwrapSettings())
    seen = view(base, STACK)
    (pair,) = simulate_pairs(base, seen, DATES[:2], [PAIR], 3, OWN)
    closed = seen.layover_shadow > 0
    assert closed.any() and np.isnan(pair.unwrapped_rad[closed]).all()
    cycles = (pair.unwrapped_rad - pair.filtered_rad)[~closed] / (2 * np.pi)
    assert np.abs(cycles - np.rint(cycles)).max() < 1e-4
    assert pair.components is not None and pair.components.dtype == np.uint16 and not pair.components[closed].any()


def test_dates_hold_all_pairs(base):
    """The matrix of a block: its entries are the pairs, and it is a covariance."""
    seen, pairs = view(base, STACK), nearest_pairs(DATES, 36, 3)
    made = list(simulate_dates(base, seen, DATES, 3, OWN))
    block = np.s_[:, 20:50, 30:70]
    matrix = coherence_matrix([date.samples[block] for date in made])
    assert matrix.shape == (30, 40, 4, 4)
    assert np.allclose(matrix, matrix.conj().swapaxes(-1, -2), atol=1e-6)
    assert np.linalg.eigvalsh(matrix).min() > -1e-5
    assert made[0].samples.dtype == np.complex64 and made[0].power.dtype == np.float32
    for pair in simulate_pairs(base, seen, DATES, pairs, 3, dataclasses.replace(OWN, unwrapping=None)):
        a, b = (DATES.index(date) for date in pair.pair.split("_"))
        beside = matrix[..., a, b] * np.exp(-1j * pair.unfiltered_rad[block[1:]])
        assert np.abs(np.angle(beside)).max() < 1e-3
        assert pair.true_rad == pytest.approx(2 * np.pi * (made[b].path_mm - made[a].path_mm) / CYCLE_MM, abs=1e-3)
    with pytest.raises(StackError, match="cells"):
        next(simulate_dates(base, seen, DATES, 3, ProductSettings()))


def test_bodies_that_are_not_steady(base):
    """A body that stops moves by its elapsed years, not by those of the calendar."""
    table = base.landslides.assign(
        course="stopping", course_share=0.0, course_start_years=0.1, course_years=0.2, geometry=base.landslides.geometry
    )
    world = dataclasses.replace(base, landslides=table)
    seen, inside = view(world, STACK), world.body == 1
    first, last = (list(simulate_dates(world, seen, DATES, 3, BARE))[k] for k in (0, -1))
    years = world.elapsed_years(DATES[-1]) - world.elapsed_years(DATES[0])
    assert 0 < years[1] < 0.8 * years[0]
    moved = first.path_mm - last.path_mm
    assert moved[inside] == pytest.approx((scene.los_rate(world, seen) * years[1])[inside], rel=1e-4, abs=1e-4)


@pytest.mark.parametrize("days", [12, 24, 36])
def test_fading_phase(base, days):
    """Coherence and bias of vegetated ground against the closed form of the scattering; 0.02 rad: 9,216 cells."""
    scattering = ScatteringSettings(measured_cover=True, fading_mm_per_yr=80.0)
    settings = dataclasses.replace(BARE, scattering=scattering)
    world = flat(base, cover=landcover.GRASS)
    made = list(simulate_dates(world, view(world, STACK), DATES, 3, settings))
    a, b = made[0], made[days // 12]
    found = np.einsum("krc,krc->rc", a.samples, b.samples.conj()).mean() / np.sqrt(a.power.mean() * b.power.mean())
    snr = 10 ** ((-12 + 24) / 10) * np.cos(np.radians(INCIDENCE_DEG))
    assert found == pytest.approx(scattering.pair_coherence(landcover.GRASS, days) * snr / (1 + snr), abs=0.02)
    assert np.angle(found) < -0.05


def test_towns_last_and_stand_high(base):
    """Power-weighted coherence of points and gardens; heights of buildings turn the phase with the baseline: the spread
    of a uniform height over the metres that turn it by one rad."""
    world, dates = flat(base), ["20190306", "20190506"]
    settings = dataclasses.replace(BARE, scattering=ScatteringSettings(towns=True, measured_cover=True))
    gardens = landcover.MEASURED[landcover.SETTLEMENT].coherence(61)
    expected = landcover.TOWN.power * landcover.TOWN.lasting + (1 - landcover.TOWN.power) * gardens
    a, b = simulate_dates(world, view(world, STACK), dates, 3, settings)
    found = np.einsum("krc,krc->rc", a.samples, b.samples.conj()).mean() / a.power.mean()
    assert abs(found) == pytest.approx(expected * snr_share(), abs=0.02)
    settings = dataclasses.replace(settings, baseline_sigma_m=70.0)
    (pair,) = simulate_pairs(world, view(world, STACK), dates, ["_".join(dates)], 3, settings)
    rad_per_m = 2 * np.pi / (CYCLE_MM / 1000) * abs(pair.bperp_m) / (850e3 * np.sin(np.radians(INCIDENCE_DEG)))
    assert pair.true_rad.std() == pytest.approx(landcover.TOWN.height_m / np.sqrt(12) * rad_per_m, rel=0.05)


def test_seasonal_snow(base):
    """Ground under snow is lost to dates without snow; between dates with snow it is that of the class."""
    world = flat(base, cover=landcover.GRASS)
    settings = dataclasses.replace(BARE, scattering=ScatteringSettings(snow_drop_m=2500.0))
    dates = ["20190110", "20190122", "20190703", "20190715"]
    made = list(simulate_dates(world, view(world, STACK), dates, 3, settings))
    matrix = coherence_matrix([date.samples for date in made]).mean((0, 1))
    snr = 10 ** ((-12 + 24) / 10) * np.cos(np.radians(INCIDENCE_DEG))
    for (a, b), cover in {(0, 1): landcover.SNOW, (2, 3): landcover.GRASS}.items():
        # A mean of normalised looks; its weight is below that of the coherence by up to 1 / (4 looks).
        assert abs(matrix[a, b]) == pytest.approx(landcover.CLASSES[cover].coherence(12) * snr / (1 + snr), abs=0.03)
    assert abs(matrix[1, 2]) < 0.02


def test_texture(base):
    """Bright and dark cells: the amplitude has the variance of the texture; power follows it, less what neighbours add, and
    a dark cell beside a bright one is lit by it."""
    scattering, world = ScatteringSettings(texture_variance=1.1), flat(base)
    seen = view(world, STACK)
    bright = 10 ** (mean_amplitude_db(world, seen, scattering) / 10)
    assert bright.var() / bright.mean() ** 2 == pytest.approx(1.1, rel=0.1)
    (date,) = simulate_dates(world, seen, DATES[:1], 3, dataclasses.replace(BARE, scattering=scattering))
    assert np.corrcoef(date.power.ravel(), bright.ravel())[0, 1] > 0.8
    around = (bright[:-2, 1:-1] + bright[2:, 1:-1])[bright[1:-1, 1:-1] < 0.3 * bright.mean()]
    power = date.power[1:-1, 1:-1][bright[1:-1, 1:-1] < 0.3 * bright.mean()]
    lit = around > np.median(around)
    assert power[lit].mean() > 1.3 * power[~lit].mean()


def test_defaults_are_those_of_before(base):
    """Layers made before the switches existed: means and deviations, of numpy's generator on any machine."""
    (pair,) = simulate_pairs(base, view(base, STACK), DATES[:2], [PAIR], 3, ProductSettings())
    assert pair.components is None
    assert {"cells", "unwrapping", "scattering"}.isdisjoint(ProductSettings().stated())
    found = [
        float(part.mean()) for part in (pair.unfiltered_rad, pair.filtered_rad, pair.coherence, pair.unwrapped_rad)
    ]
    assert found == pytest.approx(OLD_MEANS, abs=2e-4)


def test_training_scene_is_that_of_the_default_configuration(base, monkeypatch):
    monkeypatch.setattr(training, "regular_dates", lambda _: scene.regular_dates(5))
    made = training.training_scene(base, STACK)
    assert '"unwrapping": {"method": "whirlwind", "window": 32.0}' in str(made["meta"])
    assert '"linking": {"method": "emi", "ministack": 10.0}' in str(made["meta"])
    assert np.isnan(made["los_rate_mm_per_yr"][made["layover_shadow"] > 0]).all()
    assert "linking" not in str(training.training_scene(base, STACK, linking=None)["meta"])

"""Product-level stacks: signs, speckle and coherence against closed forms."""

import numpy as np
import pytest

from sarsim import landcover
from sarsim.products import ProductSettings, mean_amplitude_db, simulate_pairs, view
from sarsim.scene import BACKGROUND, IGNORE, LANDSLIDE, label
from sarsim.world import World, WorldSettings, build_world, true_los_rate
from sarslide.errors import StackError
from sarslide.grid import RegionGrid
from sarslide.names import days_between, nearest_pairs, split_pair

REGION = RegionGrid(32647, 515130.0, 3215640.0, 30.0, 180, 150)
DATES = ["20190306", "20190318", "20190330", "20190411"]
PAIRS = nearest_pairs(DATES, 24, 2)
WAVELENGTH_MM = 55.46576
QUIET = ProductSettings(turbulence_mm=0.0, stratified_mm_per_km=0.0, dem_error_m=0.0, unwrapping_errors=0.0)


@pytest.fixture(scope="module")
def valley() -> World:
    return build_world(REGION, 21, margin_m=1500.0, settings=WorldSettings(landslides=(1, 4, 4), glacier=1, snow=1))


@pytest.fixture(scope="module")
def plain() -> World:
    """Flat grass that subsides by 200 mm/yr in its western half."""
    world = build_world(REGION, 21, margin_m=0.0, settings=WorldSettings(landslides=(0, 0, 1), glacier=0, snow=0))
    velocity = np.zeros((3, *REGION.shape), np.float32)
    velocity[2, :, : REGION.cols // 2] = -200.0
    flat = np.full(REGION.shape, 3000.0, np.float32)
    grass = np.full(REGION.shape, landcover.GRASS, np.uint8)
    return World(
        REGION, REGION, flat, grass, velocity, world.landslides, world.decoys, snowline_m=5000.0, seed=21
    )  # fmt: skip


def pairs_of(world: World, settings: ProductSettings, stack: str = "A128"):
    return list(simulate_pairs(world, view(world, stack), DATES, PAIRS, 21, settings))


@pytest.mark.parametrize(("stack", "east"), [("A128", -1), ("D062", 1)])
def test_line_of_sight(valley, stack, east):
    """Ascending looks east from the west, descending the other way; both from a little south... the unit vector is one."""
    seen = view(valley, stack)
    length = seen.los_east**2 + seen.los_north**2 + seen.los_up**2
    assert np.allclose(length, 1, atol=1e-6)
    assert (np.sign(seen.los_east) == east).all()
    assert (seen.los_north < 0).all()  # near-polar orbits lean west: the satellite stands south of due west or east
    across = seen.incidence_deg[:, -1] - seen.incidence_deg[:, 0]
    assert (across * -east > 0).all()  # incidence grows away from the satellite


def test_subsidence_makes_phase_grow(plain):
    """phase = 4 pi / wavelength * 200 mm/yr cos(incidence) * years, within the noise of the mean over the region."""
    seen = view(plain, "A128")
    west = slice(10, REGION.cols // 2 - 10)
    for pair in pairs_of(plain, QUIET):
        years = days_between(*split_pair(pair.pair)) / 365.25
        expected = 4 * np.pi / WAVELENGTH_MM * 200 * np.cos(np.radians(seen.incidence_deg[:, west].mean())) * years
        assert pair.true_rad[:, west].mean() == pytest.approx(expected, rel=1e-4)
        assert pair.unwrapped_rad[:, west].mean() == pytest.approx(expected, abs=0.02)
        assert pair.unwrapped_rad[:, -40:].mean() == pytest.approx(0, abs=0.02)


def test_dem_error_follows_the_baseline(plain):
    """Ground higher than the DEM leaves -(4 pi / wavelength) bperp dh / (R sin(incidence))."""
    still = World(**{**vars(plain), "velocity_mm_per_yr": np.zeros_like(plain.velocity_mm_per_yr)})
    settings = ProductSettings(turbulence_mm=0.0, stratified_mm_per_km=0.0, dem_error_m=5.0, unwrapping_errors=0.0)
    pairs = pairs_of(still, settings)
    scale = 4 * np.pi / (WAVELENGTH_MM / 1000) / (850e3 * np.sin(np.radians(38.5)))
    for pair in pairs:
        assert pair.true_rad.std() == pytest.approx(abs(pair.bperp_m) * scale * 5.0, rel=0.02)
    height = [pair.true_rad / pair.bperp_m for pair in pairs]
    assert np.allclose(height, height[0], atol=1e-5)


def multilooked_phase_std(coherence: float, looks: float) -> float:
    """Standard deviation of the phase of `looks` looks from its density (Lee et al. 1994, doi:10.1109/36.312890)."""
    from scipy.special import gamma, hyp2f1

    phase = np.linspace(-np.pi, np.pi, 4001)
    beta = coherence * np.cos(phase)
    density = gamma(looks + 0.5) * (1 - coherence**2) ** looks * beta
    density /= 2 * np.sqrt(np.pi) * gamma(looks) * (1 - beta**2) ** (looks + 0.5)
    density += (1 - coherence**2) ** looks / (2 * np.pi) * hyp2f1(looks, 1, 0.5, beta**2)
    return float(np.sqrt(np.trapezoid(density * phase**2, phase)))


@pytest.mark.parametrize("factor", [1.0, 0.6])
def test_phase_noise_and_coherence(plain, factor):
    """Noise of the unfiltered phase against the density of 8.7 looks; coherence against the land cover's model times what
    thermal noise and the baseline leave. Tolerances: 27,000 cells; unequal weights of the sub-looks are an approximation."""
    still = World(**{**vars(plain), "velocity_mm_per_yr": np.zeros_like(plain.velocity_mm_per_yr)})
    settings = ProductSettings(
        turbulence_mm=0.0, stratified_mm_per_km=0.0, dem_error_m=0.0, coherence=factor, baseline_sigma_m=0.0
    )
    snr = 10 ** ((-12.0 + 24.0) / 10) / np.tan(np.radians(38.5))
    for pair in pairs_of(still, settings):
        days = days_between(*split_pair(pair.pair))
        expected = landcover.CLASSES[landcover.GRASS].coherence(days) * factor * snr / (1 + snr)
        assert pair.coherence.mean() == pytest.approx(expected, abs=0.015)
        assert pair.unfiltered_rad.std() == pytest.approx(multilooked_phase_std(expected, 8.7), rel=0.03)
        # A window of 16 cells takes off nearly half of the noise; one of 32 took more, and motion with it.
        assert pair.filtered_rad.std() < 0.6 * pair.unfiltered_rad.std()


def test_noise_of_pairs_is_shared_by_dates(plain):
    """Pairs with a common date have correlated noise; pairs without do not, but for what never changes."""
    still = World(**{**vars(plain), "velocity_mm_per_yr": np.zeros_like(plain.velocity_mm_per_yr)})
    noise = {pair.pair: pair.unfiltered_rad.ravel() for pair in pairs_of(still, QUIET)}

    def correlation(first: str, second: str) -> float:
        return float(np.corrcoef(noise[first], noise[second])[0, 1])

    assert correlation("20190306_20190318", "20190318_20190330") < -0.15
    assert correlation("20190306_20190330", "20190318_20190330") > 0.15
    assert abs(correlation("20190306_20190318", "20190330_20190411")) < 0.1


def test_speckle_of_water_is_incoherent(plain):
    """No coherence: the phase is uniform, and the estimate is 0 but for its scatter (0.06 at 78 looks)."""
    water = World(**{**vars(plain), "land_cover": np.full(REGION.shape, landcover.WATER, np.uint8)})
    pair = pairs_of(water, QUIET)[0]
    assert pair.coherence.mean() < 0.08
    assert pair.unfiltered_rad.std() == pytest.approx(np.pi / np.sqrt(3), rel=0.02)


def test_layover_and_shadow(valley):
    """Layover where a slope towards the satellite is steeper than the incidence; nothing on the flat floor far from slopes."""
    seen = view(valley, "D062")
    assert 0.005 < (seen.layover_shadow == 1).mean() < 0.3
    steep = seen.local_incidence_deg < -2
    assert (seen.layover_shadow[steep] & 1).mean() > 0.95
    flat = view(World(**{**vars(valley), "elevation_m": np.full_like(valley.elevation_m, 3000.0)}), "D062")
    assert not flat.layover_shadow.any()
    amplitude = mean_amplitude_db(valley, seen)
    assert np.isfinite(amplitude).all()
    facing, away = seen.local_incidence_deg < 20, seen.local_incidence_deg > 60
    assert amplitude[facing].mean() > amplitude[away].mean() + 5


def test_same_seed_same_bytes(valley):
    first, again = (pairs_of(valley, ProductSettings()) for _ in range(2))
    assert [pair.pair for pair in first] == sorted(PAIRS, key=lambda pair: pair.split("_")[::-1])
    for a, b in zip(first, again, strict=True):
        assert a.unwrapped_rad.tobytes() == b.unwrapped_rad.tobytes()
        assert a.coherence.tobytes() == b.coherence.tobytes()


def test_unwrapped_differs_by_whole_cycles(valley):
    for pair in pairs_of(valley, ProductSettings(unwrapping_errors=3.0)):
        cycles = (pair.unwrapped_rad - pair.filtered_rad) / (2 * np.pi)
        assert np.abs(cycles - np.rint(cycles)).max() < 1e-4
        wrong = np.abs(pair.unwrapped_rad - pair.true_rad) > np.pi + 0.01
        assert wrong.mean() < 0.2
        assert not wrong[pair.coherence > 0.9].any()


def test_unknown_date(valley):
    with pytest.raises(StackError, match="20200101"):
        next(simulate_pairs(valley, view(valley, "A128"), DATES, ["20190306_20200101"], 21))


def test_labels(valley):
    """Whole objects: 1 only inside outlines that the track sees move, never where it is blind."""
    for stack in ("A128", "D062"):
        seen = view(valley, stack)
        values = label(valley, seen)
        rate = np.abs(
            true_los_rate(valley.velocity_mm_per_yr[:, *valley.window], seen.los_east, seen.los_north, seen.los_up)
        )
        found = values == LANDSLIDE
        assert found.any() and set(np.unique(values)) <= {BACKGROUND, LANDSLIDE, IGNORE}
        assert not seen.layover_shadow[found].any()
        assert np.median(rate[found]) > 12
        from_above = valley.elevation_m[valley.window] > valley.snowline_m
        assert not found[from_above].any()
        assert (rate[values == BACKGROUND] > 12).mean() < 0.02  # the subsiding floor is background

"""The native engine on simulated SAFE products, whose geometry is code of its own: phase, speckle, seams, signs."""

from dataclasses import replace

import numpy as np
import pyproj
import pytest

from sarslide.grid import Lattice, RegionGrid
from sarslide.insar.native.acquisition import Acquisition, acquisition_of, bands_swapped, pair_baseline
from sarslide.insar.native.geocode_slc import BANDS, geocode
from sarslide.insar.native.geometry import stack_geometry
from sarslide.insar.native.surface import Surface
from sarslide.sentinel1.safe import open_scene
from tests.support.interferograms import cell_sum
from tests.support.point_targets import simulate_point_targets

EPSG = 32647
DATES = ("20190306", "20190318")
# 9 km along the track, so that the seam of two bursts lies inside; 600 m across.
REGION = RegionGrid(EPSG, 519000, 3206500, 30, 300, 20)
TO_LONLAT = pyproj.Transformer.from_crs(EPSG, 4326, always_xy=True)


def hills(x, y):
    """180 m up and down, slopes to 25 degrees."""
    return 3000 + 180 * np.sin((x - 519000) / 390) * np.cos((y - 3208000) / 350)


def surface_over(region: RegionGrid, height=hills, margin=900.0) -> Surface:
    grid = region.pad(margin)
    return Surface(np.broadcast_to(height(*np.meshgrid(grid.x(), grid.y())), grid.shape), grid)


def bands_of(scene, surface, lattice):
    """All bands, (bands, rows, cols)."""
    out = np.zeros((len(BANDS), *lattice.shape), np.complex64)
    for block in geocode(scene, surface, lattice):
        for band, samples in block.samples.items():
            out[band][block.rows, block.cols] = samples
    return out


def simulate(folder, stack, x, y, height, amplitude, extra=(0.0, 0.0)):
    """Scenes of the two dates with point targets at map positions; `extra`: longer path of each date, m."""
    lon, lat = TO_LONLAT.transform(x, y)
    scenes = []
    for k, date in enumerate(DATES):
        simulate_point_targets(folder / stack / date, stack, date, lon, lat, height, amplitude, extra[k], seed=k + 1)
        scenes.append(open_scene(folder / stack / date, stack))
    return scenes


@pytest.mark.parametrize("stack", ["A128", "D062"])
def test_point_targets_without_speckle(tmp_path, stack):
    lattice, surface = Lattice(REGION), surface_over(REGION)
    rows, cols = (a.ravel() for a in np.meshgrid(np.arange(15, 900, 60), np.arange(20, 120, 70), indexing="ij"))
    x, y = lattice.x()[cols], lattice.y()[rows]
    scene, _ = simulate(tmp_path, stack, x, y, surface.heights_at(x, y), 8000.0)
    values = bands_of(scene, surface, lattice)[:, rows, cols]
    assert ((values != 0).sum(axis=0) >= 1).all()
    values = values[values != 0]
    print(f"{stack}: phase error {np.abs(np.angle(values)).max():.4f} rad, amplitude {np.abs(values).min() / 8000:.4f}")
    # 0.1 rad are wanted; CInt16 samples and the kernel leave a hundredth of that.
    assert np.abs(np.angle(values)).max() < 0.01
    assert np.abs(np.abs(values) / 8000 - 1).max() < 0.01


@pytest.fixture(scope="module")
def speckle(tmp_path_factory):
    """Two dates of fully developed speckle on hills, 164 m apart, no motion."""
    surface = surface_over(REGION)
    rng = np.random.default_rng(0)
    west, south, east, north = REGION.pad(90).bounds
    n = int((east - west) * (north - south) / 60)  # two scatterers in a resolution cell of 5.5 m x 22 m
    x, y = rng.uniform(west, east, n), rng.uniform(south, north, n)
    scenes = simulate(tmp_path_factory.mktemp("speckle"), "A128", x, y, surface.heights_at(x, y), 300.0)
    return scenes, surface, Lattice(REGION)


def interferograms(scenes, surface, lattice):
    """Products of the bands, (bands, rows, cols) of the region."""
    first, second = (bands_of(scene, surface, lattice) for scene in scenes)
    return np.stack([cell_sum(a * b.conj(), lattice.per_y, lattice.per_x) for a, b in zip(first, second, strict=True)])


def test_no_ramp_across_a_burst(speckle):
    products = interferograms(*speckle)
    bursts = [product for product in products if product.any()]
    assert len(bursts) == 2
    for k, product in enumerate(bursts):
        rows = np.flatnonzero((product != 0).any(axis=1))
        along = np.angle(product[rows].sum(axis=1))
        ramp = np.polyfit(np.arange(len(rows)), along, 1)[0] * len(rows)
        print(f"burst {k}: ramp {ramp:.3f} rad over {len(rows)} cells, mean {along.mean():.3f}")
        assert len(rows) > 150 and abs(ramp) < 0.1 and abs(along.mean()) < 0.05


def test_phase_is_continuous_across_the_overlap(speckle):
    products = interferograms(*speckle)
    one, other = (product for product in products if product.any())
    both = (one != 0) & (other != 0)
    step = np.angle((one * other.conj())[both].sum())
    print(f"overlap of {both.sum()} cells: step {step:.4f} rad")
    assert both.sum() > 500 and abs(step) < 0.1
    # Together: every cell has data, and no row of cells shows where one burst ends.
    whole = products.sum(axis=0)
    assert (whole != 0).all() and np.abs(np.angle(whole.sum(axis=1))).max() < 0.1


@pytest.mark.parametrize("stack", ["A128", "D062"])
def test_subsidence_and_dem_error_have_their_signs(tmp_path, stack):
    """One set of targets moves 5 mm away from the satellite between the dates, another stands 25 m above the DEM."""
    region = RegionGrid(EPSG, 519000, 3208000, 30, 30, 40)
    lattice, surface = Lattice(region), surface_over(region, lambda x, y: 3000.0 + 0 * x)
    x, y = (a.ravel() for a in np.meshgrid(region.x()[3::8], region.y()[3::6]))
    high = np.arange(x.size) % 2 == 1
    moved, above = 0.005, 25.0
    longer = (0.0, np.where(high, 0.0, moved))
    scenes = simulate(tmp_path, stack, x, y, 3000.0 + above * high, 8000.0, longer)
    first, second = (bands_of(scene, surface, lattice) for scene in scenes)
    product = (first * second.conj()).sum(axis=0)
    acquisitions = [Acquisition.from_dict(acquisition_of(scene, surface, region).to_dict()) for scene in scenes]
    bperp = pair_baseline(*acquisitions).perpendicular_m
    wavelength = scenes[0].wavelength_m
    seen = stack_geometry(scenes[0], surface, region)
    away = 4 * np.pi / wavelength * moved
    error = (
        -4 * np.pi / wavelength * bperp * above / (seen.slant_range_m * np.sin(np.radians(seen.incidence_deg))).mean()
    )
    print(f"{stack}: bperp {bperp:.1f} m, phase of motion {away:.3f} rad, of 25 m {error:.3f} rad")
    assert abs(error) > 0.5
    # An echo from 25 m above falls 30 m towards the track: the strongest sample within 60 m is its. Its neighbour may be as
    # strong and is flattened for ground 3 m beside the target: 0.1 rad for 164 m of baseline.
    for px, py, is_high in zip(x, y, high, strict=True):
        r, c = int((region.north - py) // lattice.step_y), int((px - region.west) // lattice.step_x)
        near = product[max(r - 6, 0) : r + 7, max(c - 12, 0) : c + 13]
        found = np.angle(near.flat[np.abs(near).argmax()])
        assert found == pytest.approx(error if is_high else away, abs=0.12)


def test_dates_of_two_tracks_are_no_pair(speckle):
    from sarslide.errors import NamingError, StackError

    scenes, surface, _ = speckle
    first, second = (acquisition_of(scene, surface, REGION) for scene in scenes)
    with pytest.raises(StackError, match="E3005 20190306 is of track A128, 20190318 of D062"):
        pair_baseline(first, replace(second, stack="D062"))
    with pytest.raises(NamingError, match="does not run forward"):
        pair_baseline(second, first)


def test_bands_that_change_places(speckle):
    scenes, surface, _ = speckle
    first, second = (acquisition_of(scene, surface, REGION) for scene in scenes)
    assert not bands_swapped(first, second)
    assert bands_swapped(replace(first, cycle_phase=0.998), replace(second, cycle_phase=0.003))

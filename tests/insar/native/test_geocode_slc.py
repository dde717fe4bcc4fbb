"""The geocoded SLC against point targets whose phase and place are known without the engine."""

from pathlib import Path

import numpy as np
import pyproj
import pytest

from sarslide.errors import CoverageError, DemError, SafeError
from sarslide.grid import Lattice, RegionGrid
from sarslide.insar.native.geocode_slc import BANDS, geocode
from sarslide.insar.native.surface import Surface
from tests.support.interferograms import (
    INTERVAL,
    MID_S,
    TO_XYZ,
    WAVELENGTH,
    add_target,
    make_burst,
    orbit_over,
    ramp_cycles,
    scene_of,
    write_raster,
)  # fmt: skip

EPSG = 32647
REGION = RegionGrid(EPSG, 519000, 3208500, 30, 40, 50)
TO_LONLAT = pyproj.Transformer.from_crs(EPSG, 4326, always_xy=True)


def hills(x, y):
    """Heights with 30 degree slopes, m."""
    return 3000 + 180 * np.sin((x - 519000) / 390) * np.cos((y - 3208000) / 350)


def surface_over(region: RegionGrid, height=hills) -> Surface:
    grid = region.pad(600)
    return Surface(height(*np.meshgrid(grid.x(), grid.y())), grid)


def geodetic(x, y, surface):
    """Earth-fixed point on the surface by pyproj."""
    lon, lat = TO_LONLAT.transform(x, y)
    return np.array(TO_XYZ.transform(lon, lat, surface.heights(np.array([x]), np.array([y]))[0, 0]))


def bands_of(scene, surface, lattice, device="cpu"):
    """All bands, (bands, rows, cols)."""
    out = np.zeros((len(BANDS), *lattice.shape), np.complex64)
    for block in geocode(scene, surface, lattice, device):
        for band, samples in block.samples.items():
            out[band][block.rows, block.cols] = samples
    return out


@pytest.fixture(scope="module")
def targets(tmp_path_factory):
    """Twelve targets in the middle of samples of the lattice, in two bursts that overlap over the region."""
    folder = tmp_path_factory.mktemp("bursts")
    lon, lat = TO_LONLAT.transform(REGION.west + 750, REGION.north - 600)
    orbit = orbit_over(lon, lat)
    surface, lattice = surface_over(REGION), Lattice(REGION)
    mid_time, mid_range = orbit.zero_doppler(geodetic(lattice.x()[150], lattice.y()[60], surface))
    # The seam runs through the region: half of the targets lie in each burst, far from its middle, where the ramp is steep.
    offset = 0.42 * 1200 * INTERVAL
    bursts = [
        make_burst(orbit, f"{folder}/{k}.tif", mid_time + side * offset, mid_range, index=k)
        for k, side in enumerate((-1, 1))
    ]
    places = [(r, c) for r in (15, 50, 70, 105) for c in (40, 151, 263)]
    truth = []
    images = [np.zeros((b.lines, b.samples), complex) for b in bursts]
    for r, c in places:
        time, distance = orbit.zero_doppler(geodetic(lattice.x()[c], lattice.y()[r], surface))
        truth.append((time, distance))
        for burst, image in zip(bursts, images, strict=True):
            add_target(image, burst, time, distance, 100 * np.exp(0.7j))
    for burst, image in zip(bursts, images, strict=True):
        write_raster(burst.raster, image)
    return scene_of(orbit, bursts), surface, lattice, places, truth


def test_phase_of_targets(targets):
    scene, surface, lattice, places, _ = targets
    bands = bands_of(scene, surface, lattice)
    values = np.array([bands[(band, *place)] for place in places for band in range(len(bands))])
    values = values[values != 0]
    assert len(values) > len(places)  # each in its burst, and some in both
    # 0.1 rad are wanted; what is left is the interpolation kernel and the 2048 positions of its table.
    assert np.abs(np.angle(values * np.exp(-0.7j))).max() < 0.02
    assert np.abs(np.abs(values) / 100 - 1).max() < 0.02


def test_both_bursts_are_used(targets):
    scene, surface, lattice, *_ = targets
    names = {name for block in geocode(scene, surface, lattice) for name in block.bursts}
    assert names == {"000001_IW2", "000002_IW2"}


def test_geolocation_on_a_fine_lattice(targets):
    scene, surface, lattice, places, _ = targets
    for r, c in places[::5]:
        x, y = lattice.x()[c], lattice.y()[r]
        # 0.5 m by 0.5 m around the target; the amplitude does not depend on the reramping.
        near = RegionGrid(EPSG, x - 15.25, y + 15.25, 0.5, 61, 61)
        amplitude = np.abs(bands_of(scene, surface, Lattice(near, 1, 1))).max(axis=0) ** 2
        top = np.where(amplitude > 0.5 * amplitude.max(), amplitude, 0)
        dx = (top.sum(0) @ (near.x() - x)) / top.sum()
        dy = (top.sum(1) @ (near.y() - y)) / top.sum()
        # 1 m is wanted. Slopes skew the response on the ground, which moves its centroid, not its peak.
        peak = np.unravel_index(amplitude.argmax(), amplitude.shape)
        assert np.hypot(near.x()[peak[1]] - x, near.y()[peak[0]] - y) < 1.0, (dx, dy)


def test_tensor_program_equals_the_compiled_one(targets):
    pytest.importorskip("torch")
    scene, surface, lattice, *_ = targets
    compiled, tensor = bands_of(scene, surface, lattice), bands_of(scene, surface, lattice, "torch:cpu")
    bright = np.abs(compiled) > 1
    assert bright.sum() > 100
    # Table positions may round the other way at half a step: 6e-4 rad.
    assert np.abs(np.angle(compiled[bright] * tensor[bright].conj())).max() < 1e-3
    assert np.allclose(np.abs(compiled), np.abs(tensor), atol=0.02)


def test_ramp_follows_the_technical_note(targets):
    from sarslide.sentinel1.deramp import ramp_of

    burst = targets[0].bursts[0]
    ramp = ramp_of(burst)
    line, sample = np.array([0.0, 33.25, 1188.5]), np.array([0.0, 777.75, 1599.0])
    eta = (line - (burst.lines - 1) / 2) * INTERVAL
    expected = ramp_cycles(burst, eta, burst.range_time_s + sample / burst.range_sampling_hz)
    assert np.abs(ramp.cycles(line, sample) - expected).max() < 1e-6


def test_region_outside_all_bursts(targets):
    scene, _, _, *_ = targets
    far = RegionGrid(EPSG, 519000, 3308500, 30, 5, 5)
    with pytest.raises(CoverageError, match="E3004 .*outside all 2 bursts"):
        bands_of(scene, surface_over(far), Lattice(far))


def test_dem_that_does_not_cover(targets):
    scene, surface, *_ = targets
    wide = REGION.pad(3000)
    with pytest.raises(DemError, match="E1006 .*covers"):
        bands_of(scene, surface, Lattice(wide))


def test_truncated_measurement(targets, tmp_path):
    from dataclasses import replace

    scene, surface, lattice, *_ = targets
    whole = Path(scene.bursts[0].raster).read_bytes()
    (tmp_path / "cut.tif").write_bytes(whole[: len(whole) * 9 // 10])
    cut = replace(scene, bursts=(replace(scene.bursts[0], raster=str(tmp_path / "cut.tif")),))
    with pytest.raises(SafeError, match="E3001 .*cut.tif: truncated"):
        bands_of(cut, surface, lattice)


def test_wavelength_is_that_of_sentinel1():
    assert pytest.approx(0.0554658, abs=1e-7) == WAVELENGTH and MID_S > 0

"""Spectral diversity recovers a planted shift of the orbit's clock, with its sign, from simulated SAFE products."""

from dataclasses import replace

import numpy as np
import pyproj
import pytest

from sarslide.grid import Lattice, RegionGrid
from sarslide.insar.native.acquisition import acquisition_of, ground_speed
from sarslide.insar.native.geocode_slc import BANDS, geocode
from sarslide.insar.native.interferogram import multilook
from sarslide.insar.native.overlap import Overlaps
from sarslide.insar.native.spectral_diversity import misregistration, overlap_doppler
from sarslide.insar.native.surface import Surface
from sarslide.io import raster
from sarslide.sentinel1.deramp import ramp_of
from sarslide.sentinel1.safe import open_scene
from tests.support.point_targets import simulate_point_targets

DATES, PAIR = ("20190306", "20190318"), "20190306_20190318"
REGION = RegionGrid(32647, 518700, 3206500, 30, 300, 40)  # 9 km along the track: the seam of two bursts lies inside
TO_LONLAT = pyproj.Transformer.from_crs(32647, 4326, always_xy=True)


@pytest.fixture(scope="module", params=["A128", "D062"])
def stack(request, tmp_path_factory):
    """Two dates of speckle on gentle ground, 164 m apart, no motion: scenes, surface, lattice."""
    folder = tmp_path_factory.mktemp(request.param)
    grid = REGION.pad(900)
    x, y = np.meshgrid(grid.x(), grid.y())
    surface = Surface(3000 + 60 * np.sin(x / 500) * np.cos(y / 600), grid)
    rng = np.random.default_rng(0)
    west, south, east, north = REGION.pad(90).bounds
    n = int((east - west) * (north - south) / 60)
    x, y = rng.uniform(west, east, n), rng.uniform(south, north, n)
    lon, lat = TO_LONLAT.transform(x, y)
    scenes = []
    for k, date in enumerate(DATES):
        place = folder / date
        simulate_point_targets(place, request.param, date, lon, lat, surface.heights_at(x, y), 300.0, seed=k + 1)
        scenes.append(open_scene(place, request.param))
    return scenes, surface, Lattice(REGION), folder


def geocoded(scene, surface, lattice, path):
    with raster.create(path, lattice, "gslc", bands=BANDS) as put:
        for block in geocode(scene, surface, lattice):
            for band, samples in block.samples.items():
                put(block.rows, block.cols, samples, band + 1)
    return path


def estimate(scenes, surface, lattice, folder, swapped=False):
    files = {
        date: geocoded(scene, surface, lattice, folder / f"{date}.tif")
        for date, scene in zip(DATES, scenes, strict=True)
    }
    overlaps = multilook(files, [PAIR], lattice)[PAIR].overlaps
    doppler = overlap_doppler(scenes[0], surface, lattice.region)
    first = acquisition_of(scenes[0], surface, lattice.region)
    interval = scenes[0].bursts[0].line_interval_s
    return misregistration(
        overlaps, -doppler if swapped else doppler, interval, ground_speed(scenes[0].arc, first), swapped
    )


@pytest.mark.parametrize("planted_px", [0.0, 0.012, -0.02])
def test_planted_clock_error_is_recovered(stack, planted_px, tmp_path):
    """The orbit of the later date runs late by a part of a line: the geometry samples it too late by so much."""
    (first, second), surface, lattice, _ = stack
    interval = first.bursts[0].line_interval_s
    late = replace(second, arc=replace(second.arc, centre_s=second.arc.centre_s + planted_px * interval))
    found = estimate((first, late), surface, lattice, tmp_path)
    about = found.to_dict()
    print(f"{first.stack} planted {planted_px} px: {about}")
    # 0.5 mrad of phase and 1 of the kernel are 2e-5 px: the speckle's own scatter decides, three standard errors.
    assert found.shift_s / interval == pytest.approx(planted_px, abs=3 * about["standard_error_px"] + 1e-4)
    # Coherence 0.9 and some 500 cells; single phases scatter by 0.2 rad, 58 rad is a line.
    assert about["standard_error_px"] < 5e-4 and about["cells"] > 300 and about["applied"] is False
    # A line is 14 m of ground.
    assert about["shift_cm"] == pytest.approx(1400 * about["shift_px"], rel=0.02, abs=0.01)


def test_error_of_the_earlier_date_has_the_other_sign(stack, tmp_path):
    (first, second), surface, lattice, _ = stack
    interval = first.bursts[0].line_interval_s
    late = replace(first, arc=replace(first.arc, centre_s=first.arc.centre_s + 0.012 * interval))
    found = estimate((late, second), surface, lattice, tmp_path)
    assert found.shift_s / interval == pytest.approx(-0.012, abs=2e-3)


def test_bands_that_changed_places(stack, tmp_path):
    (first, second), surface, lattice, _ = stack
    late = replace(second, arc=replace(second.arc, centre_s=second.arc.centre_s + 2e-5))
    plain, swapped = (estimate((first, late), surface, lattice, tmp_path, one) for one in (False, True))
    assert swapped.shift_s == plain.shift_s


def test_doppler_difference_is_that_of_the_steering(stack):
    """Overlapping bursts see the ground 2.76 s apart in beam time: the ramp's rate times that."""
    (scene, _), surface, lattice, _ = stack
    doppler = overlap_doppler(scene, surface, lattice.region)
    burst, other = scene.bursts
    rate = np.median(ramp_of(burst).rate)
    middle = np.nanmedian(doppler[1])
    assert np.isnan(doppler[0]).all() and np.isfinite(doppler[1]).sum() > 500
    assert (
        abs(middle) == pytest.approx(abs(rate) * (other.start_s - burst.start_s), rel=0.02)
        and 3900 < abs(middle) < 4400
    )


def test_too_few_cells_give_no_estimate():
    assert misregistration(Overlaps(), np.full((2, 5, 5), 4000.0), 2e-3, 6800.0, False) is None

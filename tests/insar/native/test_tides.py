"""The solid-earth tide against pysolid (GPL, run as a process of its own), and against the check value of the conventions."""

import json
import subprocess
import sys

import numpy as np
import pytest

from sarslide.insar.native import tides
from sarslide.insar.native.tides import tide_displacement
from sarslide.sentinel1.geometry import earth_fixed

TOLERANCE_M = 0.002  # what the docstring leaves out; 1.0 mm was measured

PYSOLID = """
import datetime, json, sys, pysolid
found = []
for lat, lon, time in json.load(sys.stdin):
    grid = {"LENGTH": 2, "WIDTH": 2, "X_FIRST": lon, "Y_FIRST": lat, "X_STEP": 0.01, "Y_STEP": -0.01}
    when = datetime.datetime.fromisoformat(time)
    enu = pysolid.calc_solid_earth_tides_grid(when, grid, display=False, verbose=False)
    found.append([float(one[0, 0]) for one in enu])
print("ENU" + json.dumps(found))
"""


def enu(lat, lon, shift):
    """East, north, up of an Earth-fixed vector, geodetic."""
    lat, lon = np.radians([lat, lon])
    east = np.array([-np.sin(lon), np.cos(lon), 0])
    up = np.array([np.cos(lat) * np.cos(lon), np.cos(lat) * np.sin(lon), np.sin(lat)])
    return np.array([shift @ east, shift @ np.cross(up, east), shift @ up])


def test_agrees_with_pysolid():
    installed = subprocess.run([sys.executable, "-c", "import pysolid"], capture_output=True).returncode == 0
    if not installed:
        pytest.skip("pysolid is not installed")
    rng = np.random.default_rng(12)
    cases = []
    for _ in range(40):
        day = np.datetime64("2014-10-03") + int(rng.integers(0, 4000))
        time = day.astype("datetime64[s]") + int(rng.integers(0, 86400))
        cases.append((float(rng.uniform(-70, 70)), float(rng.uniform(-180, 180)), str(time)))
    # Two passes of the demo's region.
    cases += [(29.0, 99.2, "2019-03-06T11:20:10"), (29.0, 99.2, "2019-03-11T23:19:00")]
    run = subprocess.run(
        [sys.executable, "-c", PYSOLID], input=json.dumps(cases), capture_output=True, text=True, check=True
    )
    truth = np.array(json.loads(run.stdout.split("ENU")[1]))
    ours = np.array(
        [enu(lat, lon, tide_displacement(earth_fixed(lat, lon, 0.0), np.datetime64(time))) for lat, lon, time in cases]
    )
    away = np.abs(ours - truth)
    rms = np.sqrt((away**2).mean(axis=0))
    print(
        f"largest tide {np.abs(truth).max():.3f} m; east, north, up: rms {1e3 * rms} mm, largest {1e3 * away.max(axis=0)} mm"
    )
    assert np.abs(truth[:, 2]).max() > 0.2
    assert away.max() < TOLERANCE_M and rms.max() < 0.001


def test_check_values_of_the_conventions():
    """The test cases that come with the conventions' routines, which give positions of Moon and Sun: both steps, and step 2."""
    station = np.array([4075578.385, 931852.890, 4801570.154])
    sun = np.array([137859926952.015, 54228127881.4350, 23509422341.6960])
    moon = np.array([-179996231.920342, -312468450.131567, -169288918.592160])
    up = station / np.linalg.norm(station)

    def diurnal(centuries):
        # The routines count hours from midnight: half a turn from Greenwich sidereal time.
        return tides._diurnal(up, centuries, 280.4606184 + 36000.7700536 * centuries - 180)

    # Terms below 0.2 mm are left out.
    expected = [0.004193085327321285, 0.0014566812410146074, 0.0051233665974503165]
    assert np.abs(diurnal(0.1059411362080767) - expected).max() < 3e-4
    of_2009 = (np.datetime64("2009-04-13", "us") - tides.J2000) / np.timedelta64(1, "D") / 36525
    both = sum(tides._of_body(up, body, tides.MASS_RATIO[name]) for name, body in (("moon", moon), ("sun", sun)))
    expected = [0.07700420357108125891, 0.06304056321824967613, 0.05516568152597246810]
    assert np.abs(both + diurnal(of_2009) - expected).max() < 0.002


def test_shape_and_smoothness():
    """One call for a block; neighbours a kilometre apart move alike to a tenth of a millimetre."""
    lat, lon = np.meshgrid([29.0, 29.01], [99.0, 99.01, 99.02])
    shift = tide_displacement(earth_fixed(lat, lon, np.zeros(lat.shape)), np.datetime64("2019-03-06T11:20"))
    assert shift.shape == (3, 2, 3) and np.ptp(shift, axis=(0, 1)).max() < 2e-4


def test_tide_leaves_the_phase_of_a_date(tmp_path):
    """A target that the tide has moved: imaged with the tide its sample has the target's own phase, without it the motion's."""
    import pyproj

    from sarslide.grid import Lattice, RegionGrid
    from sarslide.insar.native.geocode_slc import geocode
    from sarslide.insar.native.surface import Surface
    from tests.support.interferograms import (
        MID_S,
        TO_XYZ,
        WAVELENGTH,
        add_target,
        make_burst,
        orbit_over,
        scene_of,
        write_raster,
    )  # fmt: skip

    region = RegionGrid(32647, 519000, 3208500, 30, 12, 12)
    grid = region.pad(600)
    surface, lattice = Surface(np.full(grid.shape, 3000.0), grid), Lattice(region)
    row, col = 18, 36
    lon, lat = pyproj.Transformer.from_crs(32647, 4326, always_xy=True).transform(lattice.x()[col], lattice.y()[row])
    point = np.array(TO_XYZ.transform(lon, lat, 3000.0))
    utc = np.datetime64("2019-03-06T12:00")
    moved = point + tide_displacement(point, utc)
    orbit = orbit_over(lon, lat)
    (time, still), (_, distance) = orbit.zero_doppler(point), orbit.zero_doppler(moved)
    burst = make_burst(orbit, str(tmp_path / "0.tif"), MID_S, still, lines=400, samples=400)
    image = np.zeros((400, 400), complex)
    add_target(image, burst, time, distance, 100 * np.exp(0.7j))
    write_raster(burst.raster, image)

    def phase(shift):
        (block,) = geocode(scene_of(orbit, [burst]), surface, lattice, shift=shift)
        (samples,) = block.samples.values()
        return np.angle(samples[row, col] * np.exp(-0.7j))

    assert abs(phase(lambda points: tide_displacement(points, utc))) < 0.02
    # 12 cm down and away: the range is longer by 9 cm, which the phase of the level ground leaves in.
    assert distance - still > 0.08
    left = -4 * np.pi / WAVELENGTH * (distance - still)
    assert np.angle(np.exp(1j * (phase(None) - left))) == pytest.approx(0, abs=0.03)

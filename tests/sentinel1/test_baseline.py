"""Baselines: against ISCE2's on a real pair, and their sign against exact ranges."""

import re

import numpy as np
import pytest

from sarslide.constants import SPEED_OF_LIGHT
from sarslide.sentinel1.annotation import parse_annotation
from sarslide.sentinel1.baseline import baseline
from sarslide.sentinel1.geometry import earth_fixed, zero_doppler
from sarslide.sentinel1.safe import open_product
from tests.support.interferograms import MID_S, TO_XYZ, WAVELENGTH, CircularOrbit, orbit_over

LON, LAT = 99.2, 29.0


def isce_sign(earlier, later, point) -> float:
    """Sign of topsApp: ((point - earlier) x (later - earlier)) . velocity; for a radar that looks right it is minus ours."""
    (t1,), _ = zero_doppler(earlier, point[None])
    (t2,), _ = zero_doppler(later, point[None])
    satellite = earlier.position(t1)
    return np.sign(np.cross(point - satellite, later.position(t2) - satellite) @ earlier.velocity(t1))


@pytest.mark.parametrize("swath", [1, 2, 3])
@pytest.mark.parametrize(("which", "index"), [("first", 0), ("last", -1)])
def test_real_pair_agrees_with_isce2(shipped_data, swath, which, index):
    folder = shipped_data / "sentinel1" / "pair_20250406_20250418"
    arcs, annotations = [], []
    for safe in sorted(folder.glob("*.SAFE")):
        product = open_product(safe)
        member = product.annotation_members("VV")[swath - 1]
        annotation = parse_annotation(product.read(member), member)
        arcs.append(annotation.orbit.arc(annotation.start_s, annotation.stop_s))
        annotations.append(annotation)
    reference = annotations[0]
    burst = reference.bursts[index]
    middle = burst.start_s + (reference.lines_per_burst - 1) / 2 * reference.line_interval_s
    distance = SPEED_OF_LIGHT / 2 * (
        reference.range_time_s + reference.samples_per_burst / 2 / reference.range_sampling_hz
    )  # fmt: skip
    point = on_ellipsoid(arcs[0], middle, distance, reference.grid)
    found = baseline(*arcs, point)
    text = (folder / "isce2_topsProc.xml").read_text()

    def isce(name: str) -> float:
        return float(re.search(f"<IW-{swath}_{name}_at_midrange_for_{which}_common_burst>([^<]+)<", text)[1])

    print(f"IW{swath} {which}: {found.perpendicular_m:.2f} m, ISCE2 {isce('Bperp'):.2f} m with its own sign")
    assert abs(abs(found.perpendicular_m) - abs(isce("Bperp"))) < 0.5
    assert abs(found.parallel_m - isce("Bpar")) < 0.5
    # Our axis points up and away from the track, ISCE2's sign is that of a cross product: opposite
    # by definition.
    assert np.sign(isce("Bperp")) == isce_sign(*arcs, point) == -np.sign(found.perpendicular_m)


def on_ellipsoid(arc, time, distance, grid):
    """The point of the ellipsoid that is seen at a time and a range, by Newton's method from the nearest tie point."""
    k = np.argmin(np.abs(grid.time_s - time) / 3 + np.abs(grid.range_m - distance) / 2e4)
    at = np.array([grid.latitude[k], grid.longitude[k]])

    def radar(p):
        t, r = zero_doppler(arc, earth_fixed(p[:1], p[1:], np.zeros(1)))
        return np.array([t[0], r[0] / 7000])

    for _ in range(8):
        jacobian = np.stack([(radar(at + h) - radar(at - h)) / 2e-4 for h in 1e-4 * np.eye(2)], axis=1)
        at = at - np.linalg.solve(jacobian, radar(at) - [time, distance / 7000])
    return earth_fixed(at[:1], at[1:], np.zeros(1))[0]


@pytest.mark.parametrize("ascending", [True, False])
def test_sign_leaves_the_phase_that_the_design_states(ascending):
    orbit = orbit_over(LON, LAT, ascending)
    point = np.array(TO_XYZ.transform(LON, LAT, 0.0))
    satellite, velocity = orbit.position(MID_S), orbit.velocity(MID_S)
    up = satellite / np.linalg.norm(satellite)
    side = np.cross(velocity, up) / np.linalg.norm(velocity)  # to the right, where the radar looks
    away = CircularOrbit(orbit.node, orbit.latitude, 100 * side + 30 * up)
    arcs = [one.state_vectors().arc(MID_S - 3, MID_S + 3) for one in (orbit, away)]
    found = baseline(*arcs, point).perpendicular_m
    # Flying up and to the right, towards the scene, is along (up and away from the track).
    assert found > 50
    assert baseline(*arcs[::-1], point).perpendicular_m == pytest.approx(-found, rel=1e-3)

    # Ground dh higher than the DEM: find where its echo falls (same time and range in the earlier
    # image, height of the DEM) ...
    dh = 20.0
    high = np.array(TO_XYZ.transform(LON, LAT, dh))
    _, r1_high = orbit.zero_doppler(high)
    _, r2_high = away.zero_doppler(high)
    outward = -np.cross(high / np.linalg.norm(high), velocity / np.linalg.norm(velocity))
    low = on_line(high - dh * point / np.linalg.norm(point), -outward, r1_high, orbit)
    _, r2_low = away.zero_doppler(low)
    # ... and take out the phase that the DEM predicts there: earlier x conj(later) has +4 pi /
    # wavelength (r2 - r1).
    left = 4 * np.pi / WAVELENGTH * ((r2_high - r1_high) - (r2_low - r1_high))
    look = (satellite - point) / np.linalg.norm(satellite - point)
    normal = np.array(TO_XYZ.transform(LON, LAT, 1.0)) - point
    sine = np.sqrt(1 - (look @ normal) ** 2)
    stated = -4 * np.pi / WAVELENGTH * found * dh / (r1_high * sine)
    assert left == pytest.approx(stated, rel=0.02)


def on_line(start, direction, distance, orbit):
    """The point of a line (along the surface) whose range is `distance`."""
    from scipy.optimize import brentq

    return start + direction * brentq(lambda s: orbit.zero_doppler(start + s * direction)[1] - distance, -200, 200)


def test_no_baseline():
    arc = orbit_over(LON, LAT).state_vectors().arc(MID_S - 3, MID_S + 3)
    found = baseline(arc, arc, np.array(TO_XYZ.transform(LON, LAT, 0.0)))
    assert found.perpendicular_m == 0 and found.parallel_m == 0

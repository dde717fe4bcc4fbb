"""Line of sight, layover and shadow against an analytic orbit and analytic ground."""

import numpy as np
import pyproj
import pytest

from sarslide.grid import RegionGrid
from sarslide.insar.native import cpu
from sarslide.insar.native.geometry import layover_shadow, stack_geometry
from sarslide.insar.native.surface import Surface, earth_fixed_patch, spline_coefficients
from sarslide.sentinel1 import geometry
from sarslide.sentinel1.annotation import parse_annotation
from sarslide.sentinel1.safe import open_product
from tests.support.interferograms import MID_S, TO_XYZ, make_burst, orbit_over, scene_of

EPSG = 32647
REGION = RegionGrid(EPSG, 518400, 3207000, 30, 60, 100)
TO_LONLAT = pyproj.Transformer.from_crs(EPSG, 4326, always_xy=True)


@pytest.fixture(scope="module", params=["ascending", "descending"])
def scene(request):
    west, south, east, north = REGION.bounds
    orbit = orbit_over(*TO_LONLAT.transform((west + east) / 2, (south + north) / 2), request.param == "ascending")
    return orbit, scene_of(orbit, [make_burst(orbit, "none", MID_S, 880e3)])


def surface_of(height):
    grid = REGION.pad(2500)
    return Surface(height(*np.meshgrid(grid.x(), grid.y())) * np.ones(grid.shape), grid)


def test_earth_fixed_patch_equals_pyproj():
    x, y = REGION.x(), REGION.y()
    point, normal = earth_fixed_patch(EPSG, x, y)
    lon, lat = TO_LONLAT.transform(*np.meshgrid(x, y))
    assert (
        np.abs((point + 4000 * normal) - np.stack(TO_XYZ.transform(lon, lat, np.full(lon.shape, 4000.0)), -1)).max()
        < 1e-6
    )
    # A region of 300 km, too.
    x, y = np.linspace(400e3, 700e3, 31), np.linspace(3100e3, 3400e3, 29)
    point, _ = earth_fixed_patch(EPSG, x, y)
    lon, lat = TO_LONLAT.transform(*np.meshgrid(x, y))
    assert np.abs(point - np.stack(TO_XYZ.transform(lon, lat, np.zeros(lon.shape)), -1)).max() < 1e-5


def programs():
    from sarslide.insar.native.tensor import TensorProgram

    return [geometry.zero_doppler, cpu.zero_doppler, TensorProgram("cpu").zero_doppler]


def test_zero_doppler_programs_agree_with_bisection(scene):
    orbit, one = scene
    points, normal = earth_fixed_patch(EPSG, REGION.x()[::20], REGION.y()[::20])
    points = points + 3500 * normal
    truth = np.array([orbit.zero_doppler(p) for p in points.reshape(-1, 3)]).reshape(*points.shape[:-1], 2)
    for program in programs():
        time, distance = program(one.arc, points)
        # The arc is a fit to vectors 10 s apart: 1e-6 m; range carries all of the phase.
        assert np.abs(time - truth[..., 0]).max() < 1e-8 and np.abs(distance - truth[..., 1]).max() < 1e-5


def test_points_that_are_not_seen(scene):
    orbit, one = scene
    satellite, velocity = orbit.position(MID_S), orbit.velocity(MID_S)
    left = satellite / np.linalg.norm(satellite) * 6.37e6 + 5e5 * np.cross(satellite, velocity) / np.linalg.norm(
        np.cross(satellite, velocity)
    )
    # Beyond the arc, on the other side of the Earth, and to the left of the track.
    far = np.array([TO_XYZ.transform(99.2, 60.0, 0.0), TO_XYZ.transform(-80.0, -29.0, 0.0), left])
    for program in programs():
        assert np.isnan(program(one.arc, far)).all()


def test_spline_meets_the_dem_and_plane_ground():
    surface = surface_of(lambda x, y: 0.2 * (x - 518400) - 0.1 * (y - 3207000))
    x, y = REGION.x()[3:9] + 7.0, REGION.y()[4:9] - 3.0
    assert np.allclose(surface.heights(x, y), 0.2 * (x - 518400) - 0.1 * (y[:, None] - 3207000), atol=1e-6)
    assert np.allclose(surface.heights(x, y), surface.heights_at(*np.meshgrid(x, y)), atol=1e-9)


@pytest.mark.parametrize("shape", [(2, 3), (24, 25), (70, 90)])
def test_spline_coefficients_are_those_of_scipy(shape):
    """To 1e-9 m, 5e-7 rad of phase: the filter begins with 24 cells of the mirrored heights."""
    from scipy.ndimage import spline_filter

    heights_m = np.random.default_rng(3).uniform(0, 9000, shape)
    assert np.abs(spline_coefficients(heights_m) - spline_filter(heights_m, order=3, mode="mirror")).max() < 1e-9


def test_line_of_sight(scene):
    orbit, one = scene
    found = stack_geometry(one, surface_of(lambda x, y: 3000.0), REGION)
    r, c = 17, 61
    lon, lat = TO_LONLAT.transform(REGION.x()[c], REGION.y()[r])
    point = np.array(TO_XYZ.transform(lon, lat, 3000.0))
    time, distance = orbit.zero_doppler(point)
    look = (orbit.position(time) - point) / distance
    lon, lat = np.radians([lon, lat])
    east = np.array([-np.sin(lon), np.cos(lon), 0])
    north = np.array([-np.sin(lat) * np.cos(lon), -np.sin(lat) * np.sin(lon), np.cos(lat)])
    up = np.cross(east, north)
    assert np.allclose(
        [found.los_east[r, c], found.los_north[r, c], found.los_up[r, c]], [look @ east, look @ north, look @ up]
    )
    assert found.slant_range_m[r, c] == pytest.approx(distance, abs=1e-4)
    assert found.incidence_deg[r, c] == pytest.approx(np.degrees(np.arccos(look @ up)), abs=1e-6)
    velocity = orbit.velocity(time)
    assert found.heading_deg[r, c] == pytest.approx(
        np.degrees(np.arctan2(velocity @ east, velocity @ north)) % 360, abs=1e-4
    )
    # The contract derives the line of sight from incidence and heading where an engine has only those: a radar that looks right.
    sine, heading = np.sin(np.radians(found.incidence_deg)), np.radians(found.heading_deg)
    # The flight direction turns by 0.2 degrees on the way down to the ground.
    assert np.abs(-sine * np.cos(heading) - found.los_east).max() < 4e-3
    assert np.abs(sine * np.sin(heading) - found.los_north).max() < 4e-3


def test_incidence_of_a_real_grid(shipped_data):
    safe = next((shipped_data / "sentinel1").glob("pair*/*20250406*.SAFE"))
    product = open_product(safe)
    annotation = parse_annotation(product.read(product.annotation_members("VV")[1]), "iw2")
    grid = annotation.grid
    arc = annotation.orbit.arc(annotation.start_s, annotation.stop_s)
    point = geometry.earth_fixed(grid.latitude, grid.longitude, grid.height_m)
    time, distance = geometry.zero_doppler(arc, point)
    _, normal = geometry.ellipsoid_point(grid.latitude, grid.longitude)
    los = (arc.position(time) - point) / distance[:, None]
    # The processor takes the incidence from the geocentric vertical, ours is from the ellipsoid normal: up to 0.2 degrees apart.
    vertical = point / np.linalg.norm(point, axis=-1, keepdims=True)
    assert np.abs(np.degrees(np.arccos((los * vertical).sum(-1))) - grid.incidence_deg).max() < 1e-6
    assert 0.02 < np.abs(np.degrees(np.arccos((los * normal).sum(-1))) - grid.incidence_deg).max() < 0.05


def test_flat_ground_is_seen(scene):
    assert (layover_shadow(scene[1], surface_of(lambda x, y: 3000.0), REGION) == 0).all()


@pytest.mark.parametrize(
    ("slope_deg", "side", "expected"), [(60, "near", 1), (20, "near", 0), (70, "far", 2), (35, "far", 0)]
)
def test_wall_across_the_look_direction(scene, slope_deg, side, expected):
    """One slope of 300 m that faces the radar (near) or looks away (far); incidence is about 40 degrees."""
    one = scene[1]
    west, south, east, north = REGION.bounds
    geometry_there = stack_geometry(one, surface_of(lambda x, y: 3000.0), REGION)
    toward = np.array([geometry_there.los_east[30, 50], geometry_there.los_north[30, 50]])
    toward /= np.linalg.norm(toward)
    incidence = np.radians(geometry_there.incidence_deg[30, 50])
    height, width = 300.0, 300.0 / np.tan(np.radians(slope_deg))

    def away(x, y):  # distance from the middle of the region, away from the radar
        return -((x - (west + east) / 2) * toward[0] + (y - (south + north) / 2) * toward[1])

    def wall(x, y):
        part = np.clip(away(x, y) / width + 0.5, 0, 1)
        return 3000 + height * (part if side == "near" else 1 - part)

    flags = layover_shadow(one, surface_of(wall), REGION)
    u = away(*np.meshgrid(REGION.x(), REGION.y()))
    mask = (flags & expected) > 0 if expected else flags > 0
    if expected == 0:
        assert not mask.any()
        return
    if expected == 1:
        # Ground of equal range: the foot's echo meets the plateau at h / tan(incidence) beyond the foot, the top's echo the plain
        # as far before the top.
        reach = height / np.tan(incidence)
        low, high = width / 2 - reach, -width / 2 + reach
    else:
        low, high = -width / 2, -width / 2 + height * np.tan(incidence)
    inside, outside = (u > low + 60) & (u < high - 60), (u < low - 60) | (u > high + 60)
    # Two cells of tolerance for the bends of the spline; the plain's shadow is bounded by the top edge.
    assert inside.any() and mask[inside].mean() > 0.99 and mask[outside].mean() < 0.01

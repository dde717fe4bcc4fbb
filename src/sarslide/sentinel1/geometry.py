"""Zero-Doppler geometry: when and at which range a point of the Earth is imaged."""

import numpy as np

from sarslide.sentinel1.orbit import Arc

WGS84_A = 6378137.0
WGS84_E2 = 0.0066943799901413165
NEWTON_STEPS = 6  # from the middle of an arc of 150 s; the fifth moves by less than 1e-12 s
FAR = 2.0  # half arcs; a point beyond is not seen


def ellipsoid_point(latitude_deg: np.ndarray, longitude_deg: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Points on the WGS 84 ellipsoid.

    Parameters
    ----------
    latitude_deg, longitude_deg : (...) array
        Geodetic, degree.

    Returns
    -------
    point : (..., 3) array
        Earth-fixed, of height 0, m.
    normal : (..., 3) array
        Outward unit normal.
    """
    lat, lon = np.radians(latitude_deg), np.radians(longitude_deg)
    normal = np.stack([np.cos(lat) * np.cos(lon), np.cos(lat) * np.sin(lon), np.sin(lat)], axis=-1)
    curvature = WGS84_A / np.sqrt(1 - WGS84_E2 * np.sin(lat) ** 2)
    flattened = np.array([1, 1, 1 - WGS84_E2])
    return curvature[..., None] * normal * flattened, normal


def earth_fixed(latitude_deg: np.ndarray, longitude_deg: np.ndarray, height_m: np.ndarray) -> np.ndarray:
    """Earth-fixed coordinates of points above the WGS 84 ellipsoid.

    Parameters
    ----------
    latitude_deg, longitude_deg : (...) array
        Geodetic, degree.
    height_m : (...) array
        Above the ellipsoid, m.

    Returns
    -------
    (..., 3) array
        m.
    """
    point, normal = ellipsoid_point(latitude_deg, longitude_deg)
    return point + np.asarray(height_m)[..., None] * normal


def zero_doppler(arc: Arc, points: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Zero-Doppler time and slant range of points.

    Newton's method on velocity . (point - satellite) = 0 along the arc. For millions of points
    `insar.native.cpu` has this program compiled.

    Parameters
    ----------
    arc : Arc
        The orbit.
    points : (..., 3) array
        Earth-fixed, m.

    Returns
    -------
    time : (...) array of float64
        s from the orbit's epoch.
    distance : (...) array of float64
        Slant range, m. Both are NaN where the root lies outside the arc, beyond the horizon, or to
        the left of the track: Sentinel-1 looks right.
    """
    polynomial = np.polynomial.polynomial
    series = [arc.coefficients, polynomial.polyder(arc.coefficients), polynomial.polyder(arc.coefficients, 2)]
    u = np.zeros(np.shape(points)[:-1])
    for _ in range(NEWTON_STEPS):
        position, velocity, acceleration = (np.moveaxis(polynomial.polyval(u, one), 0, -1) for one in series)
        look = points - position
        slope = (acceleration * look).sum(-1) - (velocity * velocity).sum(-1)
        u = np.clip(u - (velocity * look).sum(-1) / slope, -FAR, FAR)
    time = arc.centre_s + u * arc.half_s
    square = (look * look).sum(-1)
    right = (np.cross(velocity, position) * look).sum(-1) > 0
    above = square < (position * position).sum(-1) - (points * points).sum(-1)
    seen = (time >= arc.start_s) & (time <= arc.stop_s) & right & above
    return np.where(seen, time, np.nan), np.where(seen, np.sqrt(square), np.nan)

"""Zero-Doppler geometry: when and at which range a point of the Earth is imaged."""

import numpy as np
from numba import njit

from sarslide.sentinel1.orbit import Arc

WGS84_A = 6378137.0
WGS84_E2 = 0.0066943799901413165
TIME_TOLERANCE_S = 1e-10  # 1 micrometre of flight


def ellipsoid_point(latitude_deg: np.ndarray, longitude_deg: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Earth-fixed point of height 0 (..., 3) in m and the outward unit normal (..., 3) of the WGS 84 ellipsoid."""
    lat, lon = np.radians(latitude_deg), np.radians(longitude_deg)
    normal = np.stack([np.cos(lat) * np.cos(lon), np.cos(lat) * np.sin(lon), np.sin(lat)], axis=-1)
    curvature = WGS84_A / np.sqrt(1 - WGS84_E2 * np.sin(lat) ** 2)
    flattened = np.array([1, 1, 1 - WGS84_E2])
    return curvature[..., None] * normal * flattened, normal


def earth_fixed(latitude_deg: np.ndarray, longitude_deg: np.ndarray, height_m: np.ndarray) -> np.ndarray:
    """Earth-fixed coordinates (..., 3) in m of points above the WGS 84 ellipsoid."""
    point, normal = ellipsoid_point(latitude_deg, longitude_deg)
    return point + np.asarray(height_m)[..., None] * normal


def zero_doppler(arc: Arc, points: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Zero-Doppler time (s from the orbit's epoch) and slant range (m) of Earth-fixed `points` (..., 3), both float64 (...).

    Newton's method on velocity . (point - satellite) = 0 along the arc; NaN where the root lies outside the arc.
    """
    points = np.asarray(points, float)
    flat = np.ascontiguousarray(points.reshape(-1, 3))
    time, distance = np.empty(len(flat)), np.empty(len(flat))
    _zero_doppler(
        flat, np.ascontiguousarray(arc.coefficients), arc.centre_s, arc.half_s, arc.start_s, arc.stop_s, time, distance
    )
    return time.reshape(points.shape[:-1]), distance.reshape(points.shape[:-1])


@njit(cache=True, nogil=True)
def _zero_doppler(points, coefficients, centre, half, start, stop, time, distance):
    n, last = points.shape[0], coefficients.shape[0] - 1
    u = 0.0  # neighbours are imaged at nearly the same time: each solution starts the next
    for i in range(n):
        found = False
        for _ in range(20):
            doppler, slope, square = 0.0, 0.0, 0.0
            for axis in range(3):
                # Horner scheme for position, velocity and acceleration together.
                p, v, a = coefficients[last, axis], 0.0, 0.0
                for k in range(last - 1, -1, -1):
                    a = a * u + v
                    v = v * u + p
                    p = p * u + coefficients[k, axis]
                look = points[i, axis] - p
                doppler += v * look
                slope += 2 * a * look - v * v
                square += look * look
            step = doppler / slope
            u -= step
            if not abs(u) < 2:
                break
            if abs(step) * half < TIME_TOLERANCE_S:
                found = True
                break
        if found and start <= centre + u * half <= stop:
            # The range is stationary at the root: the last step changes it by less than 1e-12 m.
            time[i], distance[i] = centre + u * half, np.sqrt(square)
        else:
            time[i], distance[i] = np.nan, np.nan
            if not abs(u) < 2:
                u = 0.0

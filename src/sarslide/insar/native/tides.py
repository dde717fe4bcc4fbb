"""Solid-earth tide: displacement of the ground by the Moon and the Sun.

IERS Conventions (2010), Technical Note 36, chapter 7.1.1: step 1 in phase, degrees 2 and 3 (eqs.
7.5 and 7.6), and of step 2 the diurnal terms above 0.2 mm (eq. 7.12, table 7.3a: K1 alone is 12
mm). Left out, together 1 to 2 mm: the out-of-phase parts, the latitude dependence l(1), the
long-period terms. The permanent tide stays, as in all precise orbits and frames. Moon and Sun by
the short series of O. Montenbruck and E. Gill, Satellite Orbits, 2000, chapter 3.3.2: good to 5',
which is 0.3 mm.
"""

import numpy as np

from sarslide.insar.native.acquisition import Acquisition
from sarslide.sentinel1.geometry import zero_doppler
from sarslide.sentinel1.orbit import Arc

EARTH_RADIUS_M = 6378136.6
MASS_RATIO = {"moon": 0.0123000371, "sun": 332946.0482}  # to the Earth's
H2, L2, H3, L3 = 0.6078, 0.0847, 0.292, 0.015  # nominal Love and Shida numbers
TT_MINUS_UTC_S = 69.2  # since 2017; the Moon moves by 0.5" in a second
J2000 = np.datetime64("2000-01-01T12:00:00", "us")
CENTURY_S = 36525 * 86400.0
PRECESSION_DEG = 1.3972  # a century, in longitude

# Table 7.3a: multiples of s, h, p, N', ps; amplitudes dR(ip), dR(op), dT(ip), dT(op), mm.
DIURNAL = (
    ((-1, 0, 0, 0, 0), (-0.51, 0.00, -0.02, 0.03)),  # O1
    ((1, -2, 0, 0, 0), (-1.23, -0.07, 0.06, 0.01)),  # P1
    ((1, 0, 0, -1, 0), (-0.22, 0.01, 0.01, 0.00)),
    ((1, 0, 0, 0, 0), (12.00, -0.78, -0.67, -0.03)),  # K1
    ((1, 0, 0, 1, 0), (1.73, -0.12, -0.10, 0.00)),
    ((1, 1, 0, 0, -1), (-0.50, -0.01, 0.03, 0.00)),  # psi1
)


def tide_displacement(points: np.ndarray, utc: np.datetime64) -> np.ndarray:
    """Displacement of Earth-fixed points at a time.

    Parameters
    ----------
    points : (..., 3) array of float
        Earth-fixed points, m.
    utc : datetime64
        The time.

    Returns
    -------
    (..., 3) array of float
        Displacement, m, Earth-fixed.
    """
    seconds = (utc.astype("datetime64[us]") - J2000) / np.timedelta64(1, "us") * 1e-6
    centuries = (seconds + TT_MINUS_UTC_S) / CENTURY_S
    sidereal = _sidereal_deg(seconds / CENTURY_S)
    up = points / np.linalg.norm(points, axis=-1, keepdims=True)
    shift = _diurnal(up, centuries, sidereal)
    for name, body in (("moon", _moon(centuries)), ("sun", _sun(centuries))):
        shift = shift + _of_body(up, _earth_fixed(body, centuries, sidereal), MASS_RATIO[name])
    return shift


def line_of_sight_tide(arc: Arc, acquisition: Acquisition) -> float:
    """Displacement of the centre of the region by the tide.

    Parameters
    ----------
    arc : Arc
        Orbit of the pass.
    acquisition : Acquisition
        The acquisition.

    Returns
    -------
    float
        Displacement, m, positive towards the satellite.
    """
    centre = acquisition.centre_m
    (time,), (distance,) = zero_doppler(arc, centre[None])
    shift = tide_displacement(centre, np.datetime64(acquisition.utc))
    return round(float(shift @ (arc.position(time) - centre) / distance), 5)


def _of_body(up: np.ndarray, body: np.ndarray, mass_ratio: float) -> np.ndarray:
    """Eqs. 7.5 and 7.6 for one body at the Earth-fixed position `body` (3,), m."""
    distance = np.linalg.norm(body)
    towards = body / distance
    cosine = (up @ towards)[..., None]
    # Love numbers of degree 2 change with latitude (eq. 7.2).
    legendre = (3 * up[..., 2:] ** 2 - 1) / 2
    h2, l2 = H2 - 0.0006 * legendre, L2 + 0.0002 * legendre
    across = towards - cosine * up
    degree_2 = h2 * up * (1.5 * cosine**2 - 0.5) + 3 * l2 * cosine * across
    degree_3 = H3 * up * (2.5 * cosine**3 - 1.5 * cosine) + L3 * (7.5 * cosine**2 - 1.5) * across
    ratio = EARTH_RADIUS_M / distance
    return mass_ratio * EARTH_RADIUS_M * ratio**3 * (degree_2 + ratio * degree_3)


def _diurnal(up: np.ndarray, centuries: float, sidereal: float) -> np.ndarray:
    """Eq. 7.12: frequency dependence of the Love numbers in the diurnal band."""
    t = centuries
    mean = np.array(
        [
            218.31664563 + 481267.88194 * t + PRECESSION_DEG * t,  # s, mean longitude of the Moon
            280.46645 + 36000.7697489 * t,  # h, of the Sun
            83.35324312 + 4069.01363525 * t,  # p, perigee of the Moon
            234.95544499 + 1934.13626197 * t,  # N', minus its node
            282.93734098 + 1.71945766667 * t,  # ps, perigee of the Sun
        ]
    )
    # Mean lunar time, counted from the lower culmination.
    tau = sidereal + 180 - (218.31664563 + 481267.88194 * t)
    longitude = np.arctan2(up[..., 1], up[..., 0])
    sine, cosine = up[..., 2], np.hypot(up[..., 0], up[..., 1])
    east = np.stack([-np.sin(longitude), np.cos(longitude), np.zeros(longitude.shape)], axis=-1)
    north = np.cross(up, east)
    radial, northward, eastward = (np.zeros(longitude.shape) for _ in range(3))
    for multiples, (r_in, r_out, t_in, t_out) in DIURNAL:
        angle = np.radians(tau + np.dot(multiples, mean)) + longitude
        radial += 2 * sine * cosine * (r_in * np.sin(angle) + r_out * np.cos(angle))
        eastward += sine * (t_in * np.cos(angle) - t_out * np.sin(angle))
        northward += (cosine**2 - sine**2) * (t_in * np.sin(angle) + t_out * np.cos(angle))
    return 1e-3 * (radial[..., None] * up + eastward[..., None] * east + northward[..., None] * north)


def _sidereal_deg(centuries_ut: float) -> float:
    """Greenwich mean sidereal time (IAU 1982), degree."""
    days = centuries_ut * 36525
    return (280.46061837 + 360.98564736629 * days + 0.000387933 * centuries_ut**2) % 360


def _earth_fixed(ecliptic: tuple[float, float, float], centuries: float, sidereal: float) -> np.ndarray:
    """Earth-fixed position, m, of ecliptic longitude and latitude of date (rad), distance (m)."""
    longitude, latitude, distance = ecliptic
    obliquity = np.radians(23.43929111 - 0.0130042 * centuries)
    x, y, z = np.cos(latitude) * np.cos(longitude), np.cos(latitude) * np.sin(longitude), np.sin(latitude)
    y, z = np.cos(obliquity) * y - np.sin(obliquity) * z, np.sin(obliquity) * y + np.cos(obliquity) * z
    turn = np.radians(sidereal)
    return distance * np.array([np.cos(turn) * x + np.sin(turn) * y, np.cos(turn) * y - np.sin(turn) * x, z])


def _sun(t: float) -> tuple[float, float, float]:
    """Ecliptic longitude and latitude of date, rad, and distance, m."""
    anomaly = np.radians(357.5256 + 35999.049 * t)
    longitude = 282.9400 + PRECESSION_DEG * t + np.degrees(anomaly)
    longitude += (6892 * np.sin(anomaly) + 72 * np.sin(2 * anomaly)) / 3600
    distance = (149.619 - 2.499 * np.cos(anomaly) - 0.021 * np.cos(2 * anomaly)) * 1e9
    return np.radians(longitude), 0.0, distance


def _moon(t: float) -> tuple[float, float, float]:
    """Ecliptic longitude and latitude of date, rad, and distance, m."""
    mean = 218.31617 + 481267.88088 * t
    moon = np.radians(134.96292 + 477198.86753 * t)  # its anomaly
    sun = np.radians(357.52543 + 35999.04944 * t)  # the Sun's
    node = np.radians(93.27283 + 483202.01873 * t)  # distance from the node
    away = np.radians(297.85027 + 445267.11135 * t)  # elongation from the Sun

    def series(function, *terms):
        return sum(size * function(a * moon + b * sun + c * node + d * away) for size, a, b, c, d in terms)

    longitude = series(
        np.sin, (22640, 1, 0, 0, 0), (769, 2, 0, 0, 0), (-4586, 1, 0, 0, -2), (2370, 0, 0, 0, 2), (-668, 0, 1, 0, 0),
        (-412, 0, 0, 2, 0), (-212, 2, 0, 0, -2), (-206, 1, 1, 0, -2), (192, 1, 0, 0, 2), (-165, 0, 1, 0, -2),
        (148, 1, -1, 0, 0), (-125, 0, 0, 0, 1), (-110, 1, 1, 0, 0), (-55, 0, 0, 2, -2),
    )  # fmt: skip
    leading = node + np.radians((longitude + 412 * np.sin(2 * node) + 541 * np.sin(sun)) / 3600)
    latitude = 18520 * np.sin(leading) + series(
        np.sin, (-526, 0, 0, 1, -2), (44, 1, 0, 1, -2), (-31, -1, 0, 1, -2), (-25, -2, 0, 1, 0), (-23, 0, 1, 1, -2),
        (21, -1, 0, 1, 0), (11, 0, -1, 1, -2),
    )  # fmt: skip
    distance = 385000 + series(
        np.cos, (-20905, 1, 0, 0, 0), (-3699, -1, 0, 0, 2), (-2956, 0, 0, 0, 2), (-570, 2, 0, 0, 0), (246, 2, 0, 0, -2),
        (-205, 0, 1, 0, -2), (-171, 1, 0, 0, 2), (-152, 1, 1, 0, -2),
    )  # fmt: skip
    # The mean longitude is of date here: the book's precession term back to J2000 is left away.
    return np.radians(mean + longitude / 3600), np.radians(latitude / 3600), distance * 1e3

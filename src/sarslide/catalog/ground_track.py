"""Where Sentinel-1 flies and what its wide swath sees, without any file.

The reference orbit that every Sentinel-1 satellite keeps, 175 revolutions in 12 days, as a formula:
a sun-synchronous frozen orbit, under which the Earth turns once a day. Its one node is the
ascending node of S1A's absolute orbit 44748 (relative orbit 51) in the precise orbit file
V20220827T225942; inclination and radii are those of one revolution of the restituted orbit file
V20230823T123139. The vectors of other orbit files and annotations, 2014 to 2025, lie within 0.32 km
of its ground track (tests/catalog/test_ground_track.py). The beam follows the roll steering of the
satellite; its edges fit 15 real swaths of six places to 0.04 degree, 0.7 km on the ground.

What is seen is meant at sea level. At height h the swath lies farther from the track, by 1.7 h at
its near edge and by h at its far edge.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache

import numpy as np

from sarslide.names import stack_name
from sarslide.sentinel1.burst import ORBIT_S
from sarslide.sentinel1.geometry import WGS84_A, WGS84_E2, ellipsoid_point, zero_doppler
from sarslide.sentinel1.orbit import MARGIN_S, Arc, Orbit

REVOLUTIONS, REPEAT_DAYS = 175, 12
PERIOD = timedelta(seconds=ORBIT_S)
EARTH_TURN = 2 * np.pi / 86400  # rad/s, relative to a sun-synchronous node
NODE_UTC, NODE_RELATIVE_ORBIT, NODE_LON = datetime(2022, 8, 28, 4, 17, 57, tzinfo=UTC), 51, -154.1386
INCLINATION = np.radians(98.188)
# Frozen: perigee over the northernmost point. The twice-per-revolution terms are those of J2.
RADIUS, ECCENTRICITY, RADIUS_J2, ALONG_J2 = 7075.4e3, 1.168e-3, 1.53e3, 1.15e-4  # m, 1, m, rad

# Roll steering: look angle of the boresight at a height, and its change (ESA, S1-RS-MDA-52-7440).
BORESIGHT_DEG, STEERING_DEG_PER_M, STEERING_HEIGHT = 29.45, -0.0566e-3, 711.7e3
SWATH_DEG = (-2.69, 10.20)  # look angles of IW1's first and IW3's last valid sample, from the boresight
MIDDLE_INCIDENCE_DEG = 39.2  # where the ground is as far from one edge of the swath as from the other

SAMPLES = 2000  # of half a revolution, 1.5 s apart
GROUND_SPEED = 6800.0  # m/s
REACH = np.radians(8)  # of the ground from the track as the Earth's centre sees it; the far edge is at 6.3 degrees
LATTICE = 41  # points a side over an area


@dataclass(frozen=True)
class View:
    """How a track sees points.

    Attributes
    ----------
    time_s : (n,) array
        When, s after the ascending node; NaN where the track does not pass on their left.
    range_m : (n,) array
        Slant range, m.
    incidence_deg : (n,) array
        Angle between the line of sight and the ellipsoid's normal, degree.
    beam_deg : (n,) array
        Look angle from the boresight, degree; SWATH_DEG are the edges of the swath.
    heading_deg : (n,) array
        Direction of flight, degree clockwise from north.
    seen : (n,) array of bool
        Whether they lie in the swath.
    """

    time_s: np.ndarray
    range_m: np.ndarray
    incidence_deg: np.ndarray
    beam_deg: np.ndarray
    heading_deg: np.ndarray
    seen: np.ndarray


@dataclass(frozen=True)
class Track:
    """A track that sees an area.

    Attributes
    ----------
    stack : str
        Pass and relative orbit.
    share : float
        Of the area that its swath sees, 0 to 1.
    incidence_deg : float
        At the centre of the area, degree; outside the swath where it does not see the centre.
    heading_deg : float
        Direction of flight there, degree clockwise from north.
    """

    stack: str
    share: float
    incidence_deg: float
    heading_deg: float

    @property
    def share_text(self) -> str:
        """The share in words: all, or whole per cent."""
        per_cent = min(round(self.share * 100), 99)
        return "all" if self.share == 1 else f"{per_cent} %" if per_cent else "<1 %"


def states(stack: str, time_s: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Where the satellite is on the relative orbit of a stack.

    Parameters
    ----------
    stack : str
        Pass and relative orbit; the pass does not matter.
    time_s : (n,) array
        s after the ascending node.

    Returns
    -------
    position : (n, 3) array
        Earth-fixed, m.
    velocity : (n, 3) array
        m/s.
    """
    step = 0.01
    before, position, after = (_position(stack, np.asarray(time_s) + shift) for shift in (-step, 0, step))
    return position, (after - before) / (2 * step)


def _position(stack: str, time_s: np.ndarray) -> np.ndarray:
    mean = time_s * 2 * np.pi / ORBIT_S
    along = mean + 2 * ECCENTRICITY * (1 - np.cos(mean)) + ALONG_J2 * np.sin(2 * mean)
    radius = RADIUS * (1 - ECCENTRICITY * np.sin(along)) + RADIUS_J2 * np.cos(2 * along)
    lon = np.radians(_node_lon(stack)) - EARTH_TURN * time_s
    lon += np.arctan2(np.cos(INCLINATION) * np.sin(along), np.cos(along))
    sin_lat = np.sin(INCLINATION) * np.sin(along)
    cos_lat = np.sqrt(1 - sin_lat**2)
    return radius[..., None] * np.stack([cos_lat * np.cos(lon), cos_lat * np.sin(lon), sin_lat], -1)


def _node_lon(stack: str) -> float:
    return NODE_LON - (int(stack[1:]) - NODE_RELATIVE_ORBIT) * 360 * REPEAT_DAYS / REVOLUTIONS


@cache
def _half_revolution(orbit_pass: str) -> tuple[np.ndarray, np.ndarray]:
    """Times of a pass, s after the node, and directions from the Earth's centre on orbit 1."""
    quarter = np.linspace(-1, 1, SAMPLES, endpoint=False) * ORBIT_S / 4
    times = quarter % ORBIT_S if orbit_pass == "A" else quarter + ORBIT_S / 2
    position = _position("A001", times)
    return times, position / np.linalg.norm(position, axis=-1, keepdims=True)


def closest(stack: str, lon_deg: float, lat_deg: float) -> tuple[float, float]:
    """When a stack's pass is nearest to a place, whether it sees it or not.

    Parameters
    ----------
    stack : str
        Pass and relative orbit. The number changes at the ascending node: south of the equator, an
        ascending pass is the end of its revolution.
    lon_deg, lat_deg : float
        Geodetic, degree.

    Returns
    -------
    time_s : float
        s after the node.
    angle : float
        Between satellite and place as the Earth's centre sees them, rad.
    """
    times, direction = _half_revolution(stack[0])
    turned = lon_deg + _node_lon("A001") - _node_lon(stack)
    place, _ = ellipsoid_point(np.asarray(lat_deg), np.asarray(turned))
    cosine = direction @ place / np.linalg.norm(place)
    nearest = int(cosine.argmax())
    return float(times[nearest]), float(np.arccos(min(cosine[nearest], 1)))


def _arc(stack: str, points: np.ndarray, lon_deg: float, lat_deg: float) -> Arc:
    """The orbit while the satellite passes by some points, of which one place is the middle."""
    time_s, _ = closest(stack, lon_deg, lat_deg)
    middle, _ = ellipsoid_point(np.asarray(lat_deg), np.asarray(lon_deg))
    away = np.linalg.norm(points - middle, axis=-1).max()
    half = away / GROUND_SPEED + MARGIN_S
    times = np.linspace(time_s - half, time_s + half, 2 * int(half / 10) + 1)
    orbit = Orbit(np.datetime64(NODE_UTC.replace(tzinfo=None)), times, *states(stack, times), source="repeat orbit")
    return orbit.arc(times[0], times[-1])


def view(stack: str, lon_deg: np.ndarray, lat_deg: np.ndarray, beyond_deg: float = 0) -> View:
    """How a track sees points at sea level that lie within a thousand kilometres of each other.

    Parameters
    ----------
    stack : str
        Pass and relative orbit.
    lon_deg, lat_deg : (n,) array
        Geodetic, degree; longitudes may run past 180, all in one turn.
    beyond_deg : float
        How far beyond the edges of the swath, at sea level, a point counts as seen, degree.

    Returns
    -------
    View
        Of each point.
    """
    lon_deg, lat_deg = np.asarray(lon_deg, float), np.asarray(lat_deg, float)
    points, up = ellipsoid_point(lat_deg, lon_deg)
    arc = _arc(stack, points, float(lon_deg.mean()), float(lat_deg.mean()))
    time_s, distance = zero_doppler(arc, points)
    position, velocity = arc.position(time_s), arc.velocity(time_s)
    sight = (position - points) / distance[..., None]
    zenith, height = _zenith(position)
    boresight = BORESIGHT_DEG + STEERING_DEG_PER_M * (height - STEERING_HEIGHT)
    beam = _angle_deg(sight, zenith) - boresight
    rising = (time_s >= 0) & (time_s < ORBIT_S) & (np.abs(time_s - ORBIT_S / 2) > ORBIT_S / 4)
    falling = np.abs(time_s - ORBIT_S / 2) <= ORBIT_S / 4
    near, far = SWATH_DEG[0] - beyond_deg, SWATH_DEG[1] + beyond_deg
    seen = (rising if stack[0] == "A" else falling) & (beam >= near) & (beam <= far)
    return View(time_s, distance, _angle_deg(sight, up), beam, _azimuth_deg(velocity, lon_deg, up), seen)


def _zenith(position: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Normal of the ellipsoid below a satellite, (n, 3), and its height, m, to 0.1 km."""
    radius = np.linalg.norm(position, axis=-1, keepdims=True)
    flattened = np.concatenate([np.ones_like(radius)] * 2 + [1 - WGS84_E2 * WGS84_A / radius], axis=-1)
    up = position / flattened
    up /= np.linalg.norm(up, axis=-1, keepdims=True)
    cosine = np.hypot(up[..., 0], up[..., 1])
    curvature = WGS84_A / np.sqrt(1 - WGS84_E2 * up[..., 2] ** 2)
    return up, np.hypot(position[..., 0], position[..., 1]) / cosine - curvature


def _angle_deg(one: np.ndarray, other: np.ndarray) -> np.ndarray:
    return np.degrees(np.arccos(np.clip((one * other).sum(-1), -1, 1)))


def _azimuth_deg(vector: np.ndarray, lon_deg: np.ndarray, up: np.ndarray) -> np.ndarray:
    """Direction of vectors, clockwise from north, in the horizon of points."""
    lon = np.radians(lon_deg)
    east = np.stack([-np.sin(lon), np.cos(lon), np.zeros_like(lon)], -1)
    north = np.cross(up, east)
    return np.degrees(np.arctan2((vector * east).sum(-1), (vector * north).sum(-1))) % 360


def tracks_over(corners: Sequence[tuple[float, float]]) -> list[Track]:
    """The tracks whose swath sees an area or a part of it.

    Parameters
    ----------
    corners : sequence of tuple
        Longitude and latitude of a polygon, degree, at most a thousand kilometres wide; longitudes
        may run past 180.

    Returns
    -------
    list of Track
        Those that see the whole area first, by how near the middle of the swath they see its
        centre; then by the share that they see.
    """
    lon, lat = _points_in(corners)
    centre = float(lon.mean()), float(lat.mean())
    wide = np.ptp(ellipsoid_point(lat, lon)[0], axis=0).max() / WGS84_A
    found = []
    for name in ("ASCENDING", "DESCENDING"):
        for number in range(1, REVOLUTIONS + 1):
            stack = stack_name(name, number)
            if closest(stack, *centre)[1] > REACH + wide:
                continue
            looks = view(stack, np.append(lon, centre[0]), np.append(lat, centre[1]))
            if looks.seen[:-1].any():
                share = float(looks.seen[:-1].mean())
                found.append(Track(stack, share, float(looks.incidence_deg[-1]), float(looks.heading_deg[-1])))
    return sorted(found, key=_rank)


def _rank(track: Track) -> tuple[float, float]:
    return -track.share, abs(track.incidence_deg - MIDDLE_INCIDENCE_DEG)


def _points_in(corners: Sequence[tuple[float, float]]) -> tuple[np.ndarray, np.ndarray]:
    """Points all over a polygon and on its edge."""
    import shapely

    area = shapely.Polygon(corners)
    west, south, east, north = area.bounds
    lon, lat = np.meshgrid(np.linspace(west, east, LATTICE), np.linspace(south, north, LATTICE))
    inside = shapely.contains_xy(area, lon, lat)
    edge = shapely.get_coordinates(shapely.segmentize(area, max(east - west, north - south) / LATTICE))
    return np.append(lon[inside], edge[:, 0]), np.append(lat[inside], edge[:, 1])

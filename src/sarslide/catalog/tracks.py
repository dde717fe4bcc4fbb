"""Where and when a relative orbit of Sentinel-1 looks, from the repeat orbit alone.

No product, no orbit file, no network: a circular orbit of 175 revolutions in 12 days, tied to the
ascending node of S1A's absolute orbit 44748 (precise orbit file V20220827T225942). Ground is placed
to about 10 km, dates to the minute.
"""

from datetime import UTC, datetime, timedelta

import numpy as np

from sarslide import names
from sarslide.grid import RegionGrid

REVOLUTIONS, REPEAT_DAYS = 175, 12
PERIOD = timedelta(days=REPEAT_DAYS) / REVOLUTIONS
NODE_UTC, NODE_RELATIVE_ORBIT, NODE_LON = datetime(2022, 8, 28, 4, 18, 2, tzinfo=UTC), 51, -154.1386
INCLINATION = np.radians(98.18)
ORBIT_RADIUS, EARTH_RADIUS, ECCENTRICITY2 = 7072.2e3, 6372.0e3, 0.00669438
# First and last valid sample of the three swaths, as slant ranges, m.
SLANT_RANGE = (802.7e3, 959.3e3)
AFTER_S1A = {"S1A": 0, "S1B": 6}  # days; S1B flew half a cycle after S1A (A16)


def _node_lon(relative_orbit: int) -> float:
    return NODE_LON - (relative_orbit - NODE_RELATIVE_ORBIT) * 360 * REPEAT_DAYS / REVOLUTIONS


def _unit(lon_deg: np.ndarray, lat_deg: np.ndarray) -> np.ndarray:
    """Geocentric unit vectors (..., 3)."""
    lon, lat = np.radians(lon_deg), np.radians(lat_deg)
    return np.stack([np.cos(lat) * np.cos(lon), np.cos(lat) * np.sin(lon), np.sin(lat)], -1)


def _track(stack: str) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Of the half orbit of a stack's pass: time after the node, s, (n,); place, motion, (n, 3)."""
    rising = stack[0] == "A"
    along = np.radians(np.linspace(-90, 90, 7201) if rising else np.linspace(90, 270, 7201))
    seconds = along / (2 * np.pi) * PERIOD.total_seconds()
    turned = np.degrees(np.arctan2(np.cos(INCLINATION) * np.sin(along), np.cos(along)))
    lon = _node_lon(int(stack[1:])) + turned - np.degrees(along) * REPEAT_DAYS / REVOLUTIONS
    place = _unit(lon, np.degrees(np.arcsin(np.sin(INCLINATION) * np.sin(along))))
    return seconds, place, np.gradient(place, axis=0)


def _abeam(stack: str, lon_deg: np.ndarray, lat_deg: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Of points (n,), geodetic degree: time of the pass after the node, s, and whether seen."""
    seconds, place, motion = _track(stack)
    geocentric = np.degrees(np.arctan((1 - ECCENTRICITY2) * np.tan(np.radians(lat_deg))))
    points = _unit(lon_deg, geocentric)
    nearest = np.argmax(points @ place.T, axis=1)
    angle = np.arccos(np.clip((points * place[nearest]).sum(-1), -1, 1))
    right = (points * np.cross(motion[nearest], place[nearest])).sum(-1) > 0
    near, far = (
        np.arccos((ORBIT_RADIUS**2 + EARTH_RADIUS**2 - r**2) / (2 * ORBIT_RADIUS * EARTH_RADIUS)) for r in SLANT_RANGE
    )
    return seconds[nearest], right & (angle >= near) & (angle <= far)


def _lattice(region: RegionGrid, steps: int) -> tuple[np.ndarray, np.ndarray]:
    from pyproj import Transformer

    west, south, east, north = region.bounds
    x, y = np.meshgrid(np.linspace(west, east, steps), np.linspace(south, north, steps))
    lon, lat = Transformer.from_crs(region.epsg, 4326, always_xy=True).transform(x.ravel(), y.ravel())
    return np.asarray(lon), np.asarray(lat)


def seen_share(stack: str, region: RegionGrid, steps: int = 21) -> float:
    """Share of a region that the three swaths of a stack see, at height zero.

    Parameters
    ----------
    stack : str
        Pass and relative orbit.
    region : RegionGrid
        Grid of the region.
    steps : int
        Points a side.

    Returns
    -------
    float
        0 to 1.
    """
    return float(_abeam(stack, *_lattice(region, steps))[1].mean())


def passes(stack: str, region: RegionGrid, first: str, last: str, platform: str = "S1A") -> list[str]:
    """Dates on which a platform flies a stack over the centre of a region.

    They are those of the repeat orbit: which of them were acquired, only a catalogue knows.

    Parameters
    ----------
    stack : str
        Pass and relative orbit.
    region : RegionGrid
        Grid of the region.
    first, last : str
        `YYYYMMDD`, inclusive.
    platform : str
        S1A or S1B.

    Returns
    -------
    list of str
        `YYYYMMDD`, UTC.
    """
    seconds, _ = _abeam(stack, *_lattice(region, 3))
    orbits = int(stack[1:]) - NODE_RELATIVE_ORBIT
    time = NODE_UTC + orbits * PERIOD + timedelta(seconds=float(seconds[4]), days=AFTER_S1A[platform])
    start = datetime.combine(names.parse_date(first), datetime.min.time(), UTC)
    stop = datetime.combine(names.parse_date(last), datetime.min.time(), UTC) + timedelta(days=1)
    repeat = timedelta(days=REPEAT_DAYS)
    time += repeat * -((time - start) // repeat)
    found = []
    while time < stop:
        found.append(f"{time:%Y%m%d}")
        time += repeat
    return found

"""Range-Doppler geometry of the simulator: zero-Doppler time and slant range, geolocation, lines of
sight, visibility.

The engine has its own geometry (`sarslide.sentinel1`); neither imports the other, so that each
checks the other.
"""

from dataclasses import dataclass
from functools import cache

import numba
import numpy as np

from sarsim.orbit import EARTH_RATE, SimulatedArc
from sarslide.constants import SPEED_OF_LIGHT
from sarslide.grid import RegionGrid

SEMI_MAJOR, SEMI_MINOR = 6378137.0, 6356752.314245  # m, WGS 84


def to_ecef(lon: np.ndarray, lat: np.ndarray, height: np.ndarray) -> np.ndarray:
    """Earth-fixed coordinates of points on WGS 84.

    Parameters
    ----------
    lon, lat, height : array of float
        Degrees, and ellipsoidal height, m.

    Returns
    -------
    (..., 3) array of float
        m.
    """
    lon, lat = np.radians(lon), np.radians(lat)
    e2 = 1.0 - (SEMI_MINOR / SEMI_MAJOR) ** 2
    normal = SEMI_MAJOR / np.sqrt(1.0 - e2 * np.sin(lat) ** 2)
    return np.stack(
        [
            (normal + height) * np.cos(lat) * np.cos(lon),
            (normal + height) * np.cos(lat) * np.sin(lon),
            (normal * (1.0 - e2) + height) * np.sin(lat),
        ],
        axis=-1,
    )


def to_geodetic(xyz: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Longitude, latitude and height of Earth-fixed points.

    Parameters
    ----------
    xyz : (..., 3) array of float
        m.

    Returns
    -------
    tuple of ndarray
        Degrees, degrees, and ellipsoidal height in m.
    """
    lon, lat, height = _transformer(4978, 4979).transform(xyz[..., 0], xyz[..., 1], xyz[..., 2])
    return np.asarray(lon), np.asarray(lat), np.asarray(height)


@cache
def _transformer(source: int, target: int):
    from pyproj import Transformer

    return Transformer.from_crs(source, target, always_xy=True)


def grid_ecef(grid: RegionGrid, elevation_m: np.ndarray) -> np.ndarray:
    """Earth-fixed coordinates of cell centres.

    Parameters
    ----------
    grid : RegionGrid
        The grid of the arrays.
    elevation_m : (rows, cols) array of float
        Ellipsoidal heights on `grid`, m.

    Returns
    -------
    (rows, cols, 3) array of float
        m.
    """
    x, y = np.meshgrid(grid.x(), grid.y())
    lon, lat = _transformer(grid.epsg, 4326).transform(x, y)
    return to_ecef(np.asarray(lon), np.asarray(lat), elevation_m)


def enu_basis(lon: np.ndarray, lat: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Unit vectors east, north and up.

    Parameters
    ----------
    lon, lat : array of float
        Degrees.

    Returns
    -------
    tuple of ndarray
        Earth-fixed, (..., 3) each.
    """
    lon, lat = np.radians(lon), np.radians(lat)
    zero = np.zeros_like(lon)
    east = np.stack([-np.sin(lon), np.cos(lon), zero], -1)
    north = np.stack([-np.sin(lat) * np.cos(lon), -np.sin(lat) * np.sin(lon), np.cos(lat)], -1)
    up = np.stack([np.cos(lat) * np.cos(lon), np.cos(lat) * np.sin(lon), np.sin(lat)], -1)
    return east, north, up


@numba.njit(cache=True)
def arc_state(coefficients, middle, scale, t, position, velocity, acceleration):
    """Evaluate an arc and its two derivatives at one time, after Horner.

    Parameters
    ----------
    coefficients, middle, scale : ndarray, float, float
        As in `SimulatedArc`.
    t : float
        s.
    position, velocity, acceleration : (3,) array of float
        Are overwritten: m, m/s, m/s2.
    """
    x = (t - middle) / scale
    for i in range(3):
        p = v = a = 0.0
        for k in range(coefficients.shape[0] - 1, -1, -1):
            a = a * x + 2.0 * v
            v = v * x + p
            p = p * x + coefficients[k, i]
        position[i], velocity[i], acceleration[i] = p, v / scale, a / scale**2


@numba.njit(cache=True)
def _zero_doppler(coefficients, middle, scale, xyz, t, slant):
    s, v, a = np.empty(3), np.empty(3), np.empty(3)
    guess = middle
    for n in range(xyz.shape[0]):
        for _ in range(20):
            arc_state(coefficients, middle, scale, guess, s, v, a)
            f = slope = 0.0
            for i in range(3):
                d = xyz[n, i] - s[i]
                f += d * v[i]
                slope += d * a[i] - v[i] * v[i]
            step = f / slope
            guess -= step
            if abs(step) < 1e-11:
                break
        arc_state(coefficients, middle, scale, guess, s, v, a)
        t[n] = guess
        slant[n] = np.sqrt((xyz[n, 0] - s[0]) ** 2 + (xyz[n, 1] - s[1]) ** 2 + (xyz[n, 2] - s[2]) ** 2)


def zero_doppler(arc: SimulatedArc, xyz: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Zero-Doppler time and slant range of points, by Newton's method in float64.

    Parameters
    ----------
    arc : SimulatedArc
        The orbit.
    xyz : (..., 3) array of float
        Earth-fixed points, m.

    Returns
    -------
    tuple of ndarray
        s, and m.
    """
    points = np.ascontiguousarray(xyz.reshape(-1, 3), dtype=float)
    t, slant = np.empty(len(points)), np.empty(len(points))
    _zero_doppler(arc.coefficients, arc.middle, arc.scale, points, t, slant)
    return t.reshape(xyz.shape[:-1]), slant.reshape(xyz.shape[:-1])


def line_of_sight(arc: SimulatedArc, xyz: np.ndarray, lon: np.ndarray, lat: np.ndarray) -> np.ndarray:
    """Unit vector from the ground to the satellite at zero Doppler.

    Parameters
    ----------
    arc : SimulatedArc
        The orbit.
    xyz : (..., 3) array of float
        Earth-fixed points, m.
    lon, lat : array of float
        Degrees.

    Returns
    -------
    (..., 3) array of float
        East, north, up.
    """
    return _enu_look(arc, xyz, lon, lat, *zero_doppler(arc, xyz))


def _enu_look(
    arc: SimulatedArc, xyz: np.ndarray, lon: np.ndarray, lat: np.ndarray, t: np.ndarray, slant: np.ndarray
) -> np.ndarray:
    look = (arc.state(t)[0] - xyz) / slant[..., None]
    return np.stack([(look * axis).sum(-1) for axis in enu_basis(lon, lat)], -1)


@dataclass(frozen=True)
class SeenPoints:
    """Points as an orbit sees them.

    Attributes
    ----------
    time : (...) array of float
        Zero-Doppler time, s.
    slant_time : (...) array of float
        Two-way time, s.
    los : (..., 3) array of float
        Unit vector to the satellite: east, north, up.
    """

    time: np.ndarray
    slant_time: np.ndarray
    los: np.ndarray


def see(arc: SimulatedArc, xyz: np.ndarray) -> SeenPoints:
    """When, how far and in which direction an orbit sees points.

    Parameters
    ----------
    arc : SimulatedArc
        The orbit.
    xyz : (..., 3) array of float
        Earth-fixed points, m.

    Returns
    -------
    SeenPoints
        Of the shape of the points.
    """
    t, slant = zero_doppler(arc, xyz)
    lon, lat, _ = to_geodetic(xyz)
    return SeenPoints(t, 2 * slant / SPEED_OF_LIGHT, _enu_look(arc, xyz, lon, lat, t, slant))


def locate(arc: SimulatedArc, t: np.ndarray, slant: np.ndarray, height: float, near: np.ndarray) -> np.ndarray:
    """Points that are seen at given times and slant ranges on a raised ellipsoid.

    Parameters
    ----------
    arc : SimulatedArc
        The orbit.
    t : (n,) array of float
        Zero-Doppler times, s.
    slant : (n,) array of float
        Slant ranges, m.
    height : float
        By which the ellipsoid is raised, m.
    near : (3,) array of float
        Earth-fixed point on the illuminated side, the start of Newton's method.

    Returns
    -------
    (n, 3) array of float
        Earth-fixed, m.
    """
    satellite, velocity, _ = arc.state(t)
    axes = np.array([SEMI_MAJOR + height, SEMI_MAJOR + height, SEMI_MINOR + height])
    points = np.broadcast_to(near, satellite.shape).copy()
    for _ in range(30):
        look = points - satellite
        residual = np.stack(
            [
                (look * velocity).sum(-1),
                0.5 * ((look**2).sum(-1) - slant**2),
                0.5 * axes[0] ** 2 * (((points / axes) ** 2).sum(-1) - 1.0),
            ],
            -1,
        )
        jacobian = np.stack([velocity, look, points * (axes[0] / axes) ** 2], -2)
        step = np.linalg.solve(jacobian, residual[..., None])[..., 0]
        points = points - step
        if np.abs(step).max() < 1e-7:
            break
    return points


def incidence_deg(arc: SimulatedArc, xyz: np.ndarray) -> np.ndarray:
    """Angle between the line of sight and the ellipsoid's normal.

    Parameters
    ----------
    arc : SimulatedArc
        The orbit.
    xyz : (..., 3) array of float
        Earth-fixed points, m.

    Returns
    -------
    ndarray
        Degree.
    """
    lon, lat, _ = to_geodetic(xyz)
    return np.degrees(np.arccos(line_of_sight(arc, xyz, lon, lat)[..., 2]))


def track_state(center: np.ndarray, ascending: bool, incidence: float) -> np.ndarray:
    """State of the satellite at the moment when a point is abeam and to the right.

    Inclination, radius, speed and radial speed are those of Sentinel-1A's restituted orbit near 29
    degrees north.

    Parameters
    ----------
    center : (3,) array of float
        Earth-fixed point, m.
    ascending : bool
        Whether the satellite flies north.
    incidence : float
        Incidence angle at the point, degree.

    Returns
    -------
    (6,) array of float
        Earth-fixed, m and m/s.
    """
    from scipy.optimize import root

    inclination = np.radians(98.18)
    radius, speed = 7072200.0, 7509.32
    radial = -10.4 if ascending else 10.4
    lon, lat, _ = to_geodetic(center)

    def state(unknown):
        node, along = unknown
        if not ascending:
            along = np.pi - along
        toward = np.array([np.cos(along), np.sin(along) * np.cos(inclination), np.sin(along) * np.sin(inclination)])
        ahead = np.array([-np.sin(along), np.cos(along) * np.cos(inclination), np.cos(along) * np.sin(inclination)])
        turn = np.array([[np.cos(node), -np.sin(node), 0], [np.sin(node), np.cos(node), 0], [0, 0, 1]])
        position = turn @ (radius * toward)
        velocity = turn @ (radial * toward + np.sqrt(speed**2 - radial**2) * ahead)
        return np.concatenate([position, velocity - np.cross([0, 0, EARTH_RATE], position)])

    def misfit(unknown):
        s = state(unknown)
        look = s[:3] - center
        up = enu_basis(lon, lat)[2]
        angle = np.degrees(np.arccos(look @ up / np.linalg.norm(look)))
        return [look @ s[3:] / 1e9, angle - incidence]

    # first guess: the sub-satellite point lies about 6.5 degrees of longitude west (ascending) or
    # east of the target
    along = np.arcsin(np.sin(np.radians(lat)) / np.sin(inclination))
    side = -1.0 if ascending else 1.0
    subsatellite = np.radians(lon + side * 6.5)
    crossing = np.arctan2(np.sin(along) * np.cos(inclination), np.cos(along))
    node = subsatellite - (crossing if ascending else np.pi - crossing)
    return state(root(misfit, [node, along], tol=1e-13).x)


@numba.njit(cache=True)
def _bilinear(field, r, c):
    i, j = int(np.floor(r)), int(np.floor(c))
    u, v = r - i, c - j
    return (field[i, j] * (1 - v) + field[i, j + 1] * v) * (1 - u) + (
        field[i + 1, j] * (1 - v) + field[i + 1, j + 1] * v
    ) * u


@numba.njit(cache=True)
def _shadow(height, cell, los, per_cell, wanted, shadow):
    rows, cols = height.shape
    highest = height.max()
    step = 0.5  # cells
    for r in range(rows * per_cell):
        for c in range(cols * per_cell):
            if not wanted[r // per_cell, c // per_cell]:
                continue
            east, north, up = los[r // per_cell, c // per_cell]
            horizontal = np.sqrt(east * east + north * north)
            dr, dc = -north / horizontal * step, east / horizontal * step
            rise = up / horizontal * step * cell  # of the ray towards the satellite, m a step
            y, x = (r + 0.5) / per_cell - 0.5, (c + 0.5) / per_cell - 0.5
            y0, x0 = min(max(y, 0.0), rows - 1.001), min(max(x, 0.0), cols - 1.001)
            h = _bilinear(height, y0, x0)
            k = 0
            while True:
                k += 1
                yk, xk = y0 + k * dr, x0 + k * dc
                if yk < 0 or xk < 0 or yk >= rows - 1 or xk >= cols - 1 or h + k * rise > highest:
                    break
                if _bilinear(height, yk, xk) > h + k * rise:
                    shadow[r, c] = True
                    break


@numba.njit(cache=True)
def _layover(height, cell, los, per_cell, wanted, layover):
    rows, cols = height.shape
    lowest, highest = height.min(), height.max()
    step = 0.5  # cells
    for r in range(rows * per_cell):
        for c in range(cols * per_cell):
            if not wanted[r // per_cell, c // per_cell]:
                continue
            east, north, up = los[r // per_cell, c // per_cell]
            horizontal = np.sqrt(east * east + north * north)
            dr, dc = -north / horizontal * step, east / horizontal * step
            nearer = horizontal * step * cell  # decrease of slant range a step at constant height, m
            y, x = (r + 0.5) / per_cell - 0.5, (c + 0.5) / per_cell - 0.5
            y0, x0 = min(max(y, 0.0), rows - 1.001), min(max(x, 0.0), cols - 1.001)
            h = _bilinear(height, y0, x0)
            for side in (1.0, -1.0):
                far = ((h - lowest) if side > 0 else (highest - h)) * up
                k = 0
                while not layover[r, c]:
                    k += 1
                    yk, xk = y0 + side * k * dr, x0 + side * k * dc
                    if yk < 0 or xk < 0 or yk >= rows - 1 or xk >= cols - 1 or k * nearer > far:
                        break
                    # slant range grows away from the satellite unless the ground rises towards it
                    # too steeply
                    if side * ((_bilinear(height, yk, xk) - h) * up + side * k * nearer) <= 0:
                        layover[r, c] = True


def visibility(elevation_m: np.ndarray, cell_m: float, los: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Where ground is in shadow or in layover.

    Parameters
    ----------
    elevation_m, cell_m, los
        As of `shadow`.

    Returns
    -------
    tuple of ndarray
        Shadow and layover, bool.
    """
    return shadow(elevation_m, cell_m, los), layover(elevation_m, cell_m, los)


def shadow(
    elevation_m: np.ndarray, cell_m: float, los: np.ndarray, per_cell: int = 1, wanted: np.ndarray | None = None
) -> np.ndarray:
    """Where ground is in shadow.

    Rays march half a cell at a time; ground outside the array hides nothing.

    Parameters
    ----------
    elevation_m : (rows, cols) array of float
        Heights, m, north first.
    cell_m : float
        Side of a cell, m.
    los : (3,) or (rows, cols, 3) array of float
        Unit vector from the ground to the satellite: east, north, up.
    per_cell : int
        Samples along each side of a cell.
    wanted : (rows, cols) array of bool, optional
        Cells that are looked at; by default all.

    Returns
    -------
    array of bool
        On the lattice of samples.
    """
    return _marched(_shadow, elevation_m, cell_m, los, per_cell, wanted)


def layover(
    elevation_m: np.ndarray, cell_m: float, los: np.ndarray, per_cell: int = 1, wanted: np.ndarray | None = None
) -> np.ndarray:
    """Where ground is in layover.

    Rays march half a cell at a time; ground outside the array overlays nothing.

    Parameters
    ----------
    elevation_m, cell_m, los, per_cell, wanted
        As of `shadow`.

    Returns
    -------
    array of bool
        On the lattice of samples.
    """
    return _marched(_layover, elevation_m, cell_m, los, per_cell, wanted)


def _marched(march, elevation_m, cell_m, los, per_cell, wanted) -> np.ndarray:
    rows, cols = elevation_m.shape
    looks = np.broadcast_to(np.asarray(los, float), (rows, cols, 3))
    mask = np.ones((rows, cols), bool) if wanted is None else wanted
    found = np.zeros((rows * per_cell, cols * per_cell), bool)
    march(np.asarray(elevation_m, float), cell_m, looks, per_cell, mask, found)
    return found

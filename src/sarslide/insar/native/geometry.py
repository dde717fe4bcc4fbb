"""Geometry rasters of a stack: line of sight, incidence, heading, range; layover and shadow."""

from dataclasses import astuple, dataclass

import numpy as np

from sarslide.errors import CoverageError
from sarslide.grid import RegionGrid
from sarslide.insar.native.cpu import zero_doppler
from sarslide.insar.native.surface import Surface, earth_fixed_patch
from sarslide.io import blocks
from sarslide.sentinel1.safe import Scene

GOOD, LAYOVER, SHADOW = 0, 1, 2
NOT_ACQUIRED = 255
SUBSTEPS = 3  # lines, and points on a line, for each DEM cell
LINES_AT_ONCE = 128
ROWS_AT_ONCE = 256


@dataclass(frozen=True)
class StackGeometry:
    """Line of sight of a scene on the cells of a region, NaN where the orbit does not see a cell.

    Attributes
    ----------
    incidence_deg : (rows, cols) array of float
        Between the line of sight and the ellipsoid normal, degree.
    heading_deg : (rows, cols) array of float
        Flight direction seen from the cell, degree clockwise from north.
    slant_range_m : (rows, cols) array of float
        Distance to the satellite, m.
    los_east, los_north, los_up : (rows, cols) array of float
        Unit vector from the ground to the satellite.
    """

    incidence_deg: np.ndarray
    heading_deg: np.ndarray
    slant_range_m: np.ndarray
    los_east: np.ndarray
    los_north: np.ndarray
    los_up: np.ndarray


def stack_geometry(scene: Scene, surface: Surface, region: RegionGrid) -> StackGeometry:
    """Geometry at the DEM's heights in the middle of the cells.

    Parameters
    ----------
    scene : Scene
        The acquisition.
    surface : Surface
        Heights of the ground.
    region : RegionGrid
        Grid of the region.

    Returns
    -------
    StackGeometry
        Layers of the line of sight.

    Raises
    ------
    DemError, CoverageError
        As of the geocoding.
    """
    surface.require(region)
    y = region.y()
    strips = [_line_of_sight(scene, surface, region.x(), y[rows]) for rows in blocks.strips(region.rows, ROWS_AT_ONCE)]
    whole = StackGeometry(*(np.concatenate(parts) for parts in zip(*(astuple(strip) for strip in strips), strict=True)))
    if not np.isfinite(whole.slant_range_m).any():
        raise CoverageError(f"{scene.stack} {scene.date}: the orbit does not pass the region", "choose another scene")
    return whole


def acquired(scene: Scene, surface: Surface, region: RegionGrid) -> np.ndarray:
    """Cells that lie in the valid part of a burst.

    Parameters
    ----------
    scene : Scene
        The acquisition.
    surface : Surface
        Heights of the ground.
    region : RegionGrid
        Grid of the region.

    Returns
    -------
    (rows, cols) array of bool
        Whether the scene has samples of a cell.
    """
    x, y = region.x(), region.y()
    found = np.zeros(region.shape, bool)
    for rows in blocks.strips(region.rows, ROWS_AT_ONCE):
        *_, time, distance = _seen(scene, surface, x, y[rows])
        for burst in scene.bursts:
            found[rows] |= burst.holds(burst.line(time), burst.sample(distance), (0, 0))
    return found


def _seen(
    scene: Scene, surface: Surface, x: np.ndarray, y: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Earth-fixed points of the ground, ellipsoid normals, zero-Doppler times and slant ranges."""
    point, normal = earth_fixed_patch(surface.grid.epsg, x, y)
    point += surface.heights(x, y)[..., None] * normal
    return point, normal, *zero_doppler(scene.arc, point)


def _line_of_sight(scene: Scene, surface: Surface, x: np.ndarray, y: np.ndarray) -> StackGeometry:
    point, normal, time, distance = _seen(scene, surface, x, y)
    los = (scene.arc.position(time) - point) / distance[..., None]
    # East is at right angles to the Earth's axis; north completes the frame.
    east = np.stack([-normal[..., 1], normal[..., 0], np.zeros(time.shape)], axis=-1)
    east /= np.linalg.norm(east, axis=-1, keepdims=True)
    north = np.cross(normal, east)

    def along(vector: np.ndarray, axis: np.ndarray) -> np.ndarray:
        return np.einsum("rck,rck->rc", vector, axis)

    velocity = scene.arc.velocity(time)
    up = along(los, normal)
    return StackGeometry(
        incidence_deg=np.degrees(np.arccos(up)),
        heading_deg=np.degrees(np.arctan2(along(velocity, east), along(velocity, north))) % 360,
        slant_range_m=distance,
        los_east=along(los, east),
        los_north=along(los, north),
        los_up=up,
    )


def layover_shadow(scene: Scene, surface: Surface, region: RegionGrid) -> np.ndarray:
    """Layover and shadow of the whole scene.

    The DEM is cut along lines of constant zero-Doppler time, from near to far. Ground is in layover
    where ground nearer to the track has a larger range or farther ground a smaller one (active
    slopes and what they fall upon), in shadow where ground nearer to the track has a larger look
    angle. The lines use all of the DEM: its margin must hold the ridges that reach in.

    Parameters
    ----------
    scene : Scene
        The acquisition.
    surface : Surface
        Heights of the ground.
    region : RegionGrid
        Grid of the region.

    Returns
    -------
    (rows, cols) array of uint8
        0 good, 1 layover, 2 shadow, 3 both.
    """
    west, south, east, north = region.bounds
    centre = (west + east) / 2, (south + north) / 2
    look_x, look_y = _look_direction(scene, surface, region.epsg, centre)

    def to_lines(x: np.ndarray, y: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        # u grows away from the track, v along it.
        dx, dy = x - centre[0], y - centre[1]
        return dx * look_x + dy * look_y, dy * look_x - dx * look_y

    def to_map(u: np.ndarray, v: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        return centre[0] + u * look_x - v * look_y, centre[1] + u * look_y + v * look_x

    left, bottom, right, top = surface.grid.bounds
    dem_u, _ = to_lines(np.array([left, left, right, right]), np.array([bottom, top, bottom, top]))
    cell_u, cell_v = to_lines(*np.meshgrid(region.x(), region.y()))
    step = surface.grid.cell_m / SUBSTEPS
    u = np.arange(dem_u.min(), dem_u.max() + step, step)
    v = np.arange(cell_v.min() - step, cell_v.max() + 2 * step, step)
    column, row = np.rint((cell_u - u[0]) / step).astype(int), np.rint((cell_v - v[0]) / step).astype(int)

    out = np.zeros(region.shape, np.uint8)
    for part in blocks.strips(len(v), LINES_AT_ONCE):
        start, lines = part.start, v[part]
        heights = surface.heights_at(*to_map(*np.meshgrid(u, lines)))
        point, normal = earth_fixed_patch(region.epsg, u, lines, to_map)
        flags = _flags(scene, point + np.nan_to_num(heights)[..., None] * normal, np.isfinite(heights))
        here = (row >= start) & (row < start + len(lines))
        out[here] = flags[row[here] - start, column[here]]
    return out


def _look_direction(scene: Scene, surface: Surface, epsg: int, centre: tuple[float, float]) -> tuple[float, float]:
    """Unit vector on the map away from the track, along which zero-Doppler time stays the same."""
    reach = 500.0
    x, y = centre[0] + np.array([-reach, 0, reach]), centre[1] + np.array([-reach, 0, reach])
    point, normal = earth_fixed_patch(epsg, x, y)
    time, distance = zero_doppler(scene.arc, point + surface.heights(*np.array(centre)[:, None])[0, 0] * normal)
    along = np.array([time[1, 2] - time[1, 0], time[2, 1] - time[0, 1]])
    away = np.array([-along[1], along[0]]) / np.hypot(*along)
    gain = np.array([distance[1, 2] - distance[1, 0], distance[2, 1] - distance[0, 1]]) @ away
    return tuple(away * np.sign(gain))


def _flags(scene: Scene, point: np.ndarray, known: np.ndarray) -> np.ndarray:
    """Layover and shadow of lines (lines, points, 3) that run away from the track."""
    time, distance = zero_doppler(scene.arc, point)
    satellite = scene.arc.position(time)
    # Minus the cosine of the look angle at the satellite: grows with it.
    look = np.einsum("lpk,lpk->lp", satellite, point - satellite) / (np.linalg.norm(satellite, axis=-1) * distance)
    known &= np.isfinite(distance)
    before = np.maximum.accumulate(np.where(known, distance, -np.inf), axis=1)
    behind = np.minimum.accumulate(np.where(known, distance, np.inf)[:, ::-1], axis=1)[:, ::-1]
    steepest = np.maximum.accumulate(np.where(known, look, -np.inf), axis=1)
    layover = (before > distance) | (behind < distance)
    return np.where(known, LAYOVER * layover + SHADOW * (steepest > look), GOOD).astype(np.uint8)

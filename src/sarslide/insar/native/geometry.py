"""Geometry rasters of a stack: line of sight, incidence, heading, range; layover and shadow."""

from collections.abc import Callable
from dataclasses import dataclass, fields

import numpy as np

from sarslide.errors import CoverageError
from sarslide.grid import RegionGrid
from sarslide.insar.native.cpu import evaluate, positions, zero_doppler
from sarslide.insar.native.imaging import imaging_of, nodes_of
from sarslide.insar.native.surface import Surface, earth_fixed_patch
from sarslide.io.blocks import blocks, strips
from sarslide.sentinel1.safe import Scene

GOOD, LAYOVER, SHADOW = 0, 1, 2
NOT_ACQUIRED = 255
SUBSTEPS = 3  # lines, and points on a line, for each DEM cell
LINES_AT_ONCE, POINTS_AT_ONCE = 128, 2048
ROWS_AT_ONCE, COLS_AT_ONCE = 256, 512
# Beyond a region, ground that hides it or falls upon it: layover of 5,500 m of relief at an
# incidence of 29 degrees, shadow of 9,500 m at 46.
REACH_M = 10_000.0


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
    x, y = region.x(), region.y()
    whole = StackGeometry(*(np.empty(region.shape) for _ in fields(StackGeometry)))
    for rows, cols in blocks(region.shape, ROWS_AT_ONCE, COLS_AT_ONCE):
        part = _line_of_sight(scene, surface, x[cols], y[rows])
        for field in fields(StackGeometry):
            getattr(whole, field.name)[rows, cols] = getattr(part, field.name)
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
    for rows, cols in blocks(region.shape, ROWS_AT_ONCE, COLS_AT_ONCE):
        heights = surface.heights(x[cols], y[rows])
        imaging = imaging_of(scene.arc, region.epsg, x[cols], y[rows], heights, zero_doppler)
        if imaging is None:
            *_, time, distance = _seen(scene, surface, x[cols], y[rows])
        else:
            time, distance = positions(imaging, heights)
        for burst in scene.bursts:
            if imaging is None or imaging.may_see(burst):
                found[rows, cols] |= burst.holds(burst.line(time), burst.sample(distance), (0, 0))
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
    """Layover and shadow of the cells of a region.

    The DEM is cut along lines of constant zero-Doppler time, from near to far. Ground is in layover
    where ground nearer to the track has a larger range or farther ground a smaller one (active
    slopes and what they fall upon), in shadow where ground nearer to the track has a larger look
    angle. The lines reach REACH_M beyond the region, as far as the DEM does: it must hold the
    ridges that reach in.

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

    def outline(grid: RegionGrid) -> tuple[np.ndarray, np.ndarray]:
        left, bottom, right, top = grid.bounds
        return to_lines(np.array([left, left, right, right]), np.array([bottom, top, bottom, top]))

    step = surface.grid.cell_m / SUBSTEPS
    (dem_u, _), (_, region_v) = outline(surface.grid), outline(region)
    v = np.arange(region_v.min() - step, region_v.max() + 2 * step, step)
    x, y = region.x(), region.y()
    out = np.zeros(region.shape, np.uint8)
    for part in strips(len(v), LINES_AT_ONCE):
        rows, cols = _cells_between(region, v[part.start] - step, v[part.stop - 1] + step, to_map, (look_x, look_y))
        cell_u, cell_v = to_lines(x[cols], y[rows])
        line = np.rint((cell_v - v[0]) / step).astype(int)
        here = (line >= part.start) & (line < part.stop)
        if not here.any():
            continue
        rows, cols, line, cell_u = rows[here], cols[here], line[here] - part.start, cell_u[here]
        near, far = max(cell_u.min() - REACH_M, dem_u.min()), min(cell_u.max() + REACH_M, dem_u.max())
        u = np.arange(near, far + step, step)
        flags = _flags(scene, surface, region.epsg, u, v[part], to_map)
        out[rows, cols] = flags[line, np.rint((cell_u - near) / step).astype(int)]
    return out


def _cells_between(
    region: RegionGrid, low_m: float, high_m: float, to_map: Callable, look: tuple[float, float]
) -> tuple[np.ndarray, np.ndarray]:
    """Rows and columns, (n,) each, of cells that lie between two lines away from the track.

    In each column these are consecutive rows: some more are given, so that all columns have as
    many.
    """
    (start_x, start_y), slope = to_map(0.0, low_m), look[1] / look[0]
    # Where the line v = low_m meets each column, and how many rows farther the line v = high_m.
    at_low = (region.north - start_y - (region.x() - start_x) * slope) / region.cell_m - 0.5
    between = (high_m - low_m) / abs(look[0]) / region.cell_m
    if between > region.rows:
        rows = np.broadcast_to(np.arange(region.rows)[:, None], region.shape)
    else:
        first = np.floor(at_low - (between if look[0] > 0 else 0)).astype(int)
        rows = first + np.arange(int(between) + 3)[:, None]
    cols = np.broadcast_to(np.arange(region.cols), rows.shape)
    inside = (rows >= 0) & (rows < region.rows)
    return rows[inside], cols[inside]


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


def _flags(scene: Scene, surface: Surface, epsg: int, u: np.ndarray, v: np.ndarray, to_map: Callable) -> np.ndarray:
    """Layover and shadow (lines, points) of lines that run away from the track along `u`."""
    heights = surface.heights_at(*to_map(*np.meshgrid(u, v)))
    distance, look = np.full(heights.shape, np.nan), np.full(heights.shape, np.nan)
    for part in strips(len(u), POINTS_AT_ONCE):
        known = np.isfinite(heights[:, part])
        if not known.any():
            continue
        nodes = nodes_of(epsg, u[part], v, heights[:, part][known], to_map)
        time, ranges = zero_doppler(scene.arc, nodes.points)
        if not np.isfinite(time).all():
            continue  # beyond the orbit
        satellite = scene.arc.position(time)
        # Minus the cosine of the look angle at the satellite: grows with it.
        cosine = np.einsum("hvuk,hvuk->hvu", satellite, nodes.points - satellite)
        cosine /= np.linalg.norm(satellite, axis=-1) * ranges
        series = nodes.series(ranges), nodes.series(cosine)
        distance[:, part], look[:, part] = evaluate(nodes, series, heights[:, part])
    known = np.isfinite(heights) & np.isfinite(distance)
    before = np.maximum.accumulate(np.where(known, distance, -np.inf), axis=1)
    behind = np.minimum.accumulate(np.where(known, distance, np.inf)[:, ::-1], axis=1)[:, ::-1]
    steepest = np.maximum.accumulate(np.where(known, look, -np.inf), axis=1)
    layover = (before > distance) | (behind < distance)
    return np.where(known, LAYOVER * layover + SHADOW * (steepest > look), GOOD).astype(np.uint8)

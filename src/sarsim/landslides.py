"""Active landslides of a simulated region: where they lie, their outlines, and their slow motion
down the slope.

Three types after P2 4.2.3 (G07): 1 large, strong and chair-shaped (several fringes a year); 2
elongated (collapse, debris flow); 3 small, slow and round.
"""

import math
from dataclasses import dataclass

import geopandas as gpd
import numpy as np
from rasterio.features import rasterize
from rasterio.transform import from_origin
from scipy import ndimage
from shapely.geometry import Polygon, box

from sarslide.grid import RegionGrid, window_of

MIN_GAP_M = 150.0
RIM_CELLS = 4  # at the region's edge stay free
ONE_SLOPE = (
    0.9  # smallest mean resultant length of the fall directions under a landslide: they scatter by about 26 degrees
)
ATTEMPTS = 150  # to place one landslide
ALONG = np.linspace(0, 1, 41)  # from the head of a slide to its toe
SLOPES_DEG = (15.0, 45.0)
COLUMNS = ["kind", "speed_mm_per_yr", "area_km2", "azimuth_deg", "slope_deg", "elevation_m", "geometry"]
SMOOTHING_M = (
    75.0  # standard deviation of the smoothing under the direction of motion: a landslide does not follow gullies
)


@dataclass(frozen=True)
class LandslideType:
    """One of P2's types; values are drawn log-uniformly from its ranges.

    Attributes
    ----------
    kind : int
        1 to 3.
    area_km2 : tuple[float, float]
        Area, km2.
    speed_mm_per_yr : tuple[float, float]
        Largest speed down the slope, mm/yr.
    elongation : tuple[float, float]
        Length over width of the outline.
    """

    kind: int
    area_km2: tuple[float, float]
    speed_mm_per_yr: tuple[float, float]
    elongation: tuple[float, float]


TYPES = (
    LandslideType(1, (0.25, 1.4), (70.0, 150.0), (1.1, 1.8)),
    LandslideType(2, (0.05, 0.35), (40.0, 110.0), (2.4, 4.2)),
    LandslideType(3, (0.022, 0.11), (22.0, 65.0), (0.9, 1.3)),
)


def plant_landslides(
    grid: RegionGrid,
    region: RegionGrid,
    elevation_m: np.ndarray,
    usable: np.ndarray,
    counts: tuple[int, int, int],
    seed: np.random.SeedSequence,
    speed_factor: float = 1.0,
) -> tuple[gpd.GeoDataFrame, np.ndarray]:
    """Landslides inside the region and their velocity.

    Parameters
    ----------
    grid : RegionGrid
        The grid of the arrays.
    region : RegionGrid
        The part of `grid` that is the region, on the same lattice.
    elevation_m : (rows, cols) array of float
        Ellipsoidal heights on `grid`, m.
    usable : (rows, cols) array of bool
        Cells that may belong to a landslide.
    counts : tuple[int, int, int]
        How many of each type.
    seed : SeedSequence
        Seed.
    speed_factor : float
        On the speeds of `TYPES`.

    Returns
    -------
    tuple
        Table (planted_id, kind, speed_mm_per_yr, area_km2, azimuth_deg, slope_deg, elevation_m,
        geometry; largest first within a type; fewer than `counts` when no free slope is left), and
        velocity, float32 (3, rows, cols), east, north, up, mm/yr.
    """
    rng = np.random.default_rng(seed)
    slope_field = DownslopeField(grid, elevation_m)
    free = FreeSlopes(grid, region, usable, slope_field)
    velocity = np.zeros((3, *grid.shape), np.float32)
    records = []
    for kind, count in zip(TYPES, counts, strict=True):
        areas = np.sort(_log_uniform(rng, kind.area_km2, count))[::-1]
        for area in areas:
            outline = _find_place(rng, kind, area, slope_field, free)
            if outline is None:
                continue
            speed = round(float(_log_uniform(rng, kind.speed_mm_per_yr, 1)[0]) * speed_factor, 2)
            moving, mask = outline_velocity(grid, outline, slope_field, speed)
            velocity += moving
            free.take(outline)
            records.append(_record(kind, speed, outline, mask, elevation_m, slope_field))
    frame = gpd.GeoDataFrame(records, columns=COLUMNS, geometry="geometry", crs=f"EPSG:{region.epsg}")
    frame.insert(0, "planted_id", [f"L{k:03d}" for k in range(1, len(frame) + 1)])
    return frame, velocity


class DownslopeField:
    """Direction of the steepest descent on the smoothed terrain.

    Holds the unit vector (east, north, up), slope and aspect of each cell.

    Parameters
    ----------
    grid : RegionGrid
        The grid of the arrays.
    elevation_m : (rows, cols) array of float
        Ellipsoidal heights on `grid`, m.
    smoothing_m : float
        Standard deviation of the smoothing, m.
    """

    def __init__(self, grid: RegionGrid, elevation_m: np.ndarray, smoothing_m: float = SMOOTHING_M):
        self.grid = grid
        smooth = ndimage.gaussian_filter(elevation_m.astype(float), smoothing_m / grid.cell_m, mode="nearest")
        north, east = np.gradient(smooth, -grid.cell_m, grid.cell_m)
        steepness = np.hypot(east, north)
        vector = np.stack([-east, -north, -(steepness**2)])
        self.unit = (vector / np.maximum(np.linalg.norm(vector, axis=0), 1e-9)).astype(np.float32)
        self.slope_deg = np.degrees(np.arctan(steepness))

    def cell(self, x: float, y: float) -> tuple[int, int]:
        """Cell that holds a point.

        Parameters
        ----------
        x, y : float
            Place in the CRS of the grid.

        Returns
        -------
        tuple of int
            Row and column; outside the grid those of its nearest cell.
        """
        row, col = (self.grid.north - y) / self.grid.cell_m, (x - self.grid.west) / self.grid.cell_m
        return int(min(max(row, 0), self.grid.rows - 1)), int(min(max(col, 0), self.grid.cols - 1))

    def heading(self, x: float, y: float) -> np.ndarray:
        """Direction down the slope at a point.

        Parameters
        ----------
        x, y : float
            Place in the CRS of the grid.

        Returns
        -------
        (2,) array of float
            Horizontal unit vector, east and north.
        """
        row, col = self.cell(x, y)
        return _unit(self.unit[:2, row, col].astype(float))


def outline_velocity(
    grid: RegionGrid, outline: Polygon, field: DownslopeField, speed_mm_per_yr: float
) -> tuple[np.ndarray, np.ndarray]:
    """Velocity of one landslide: down the slope inside, smoothly to zero at the outline.

    Parameters
    ----------
    grid : RegionGrid
        The grid of the arrays.
    outline : Polygon
        Its outline.
    field : DownslopeField
        Direction of the steepest descent.
    speed_mm_per_yr : float
        Speed inside, mm/yr.

    Returns
    -------
    tuple of ndarray
        Velocity (3, rows, cols), east, north, up, mm/yr; mask (rows, cols), bool.
    """
    mask = cells_inside(grid, outline)
    share = plateau(mask, grid.cell_m)
    return speed_mm_per_yr * share * field.unit, mask


def plateau(mask: np.ndarray, cell_m: float, edge_m: float = 75.0) -> np.ndarray:
    """1 inside a mask, falling to 0 at its outline.

    Parameters
    ----------
    mask : (rows, cols) array of bool
        The object.
    cell_m : float
        Side of a cell, m.
    edge_m : float
        Over which it falls, m; at most 0.7 of the inner radius of a small object.

    Returns
    -------
    (rows, cols) array of float
        0 to 1.
    """
    rows, cols = (slice(max(s.start - 1, 0), s.stop + 1) for s in ndimage.find_objects(mask.astype(np.uint8))[0])
    depth = ndimage.distance_transform_edt(mask[rows, cols]) * cell_m - cell_m / 2
    ramp = np.clip(depth / min(edge_m, 0.7 * depth.max()), 0, 1)
    share = np.zeros(mask.shape, np.float32)
    share[rows, cols] = ramp**2 * (3 - 2 * ramp)
    return share


def cells_inside(grid: RegionGrid, outline: Polygon) -> np.ndarray:
    """Cells whose centre lies inside an outline.

    Parameters
    ----------
    grid : RegionGrid
        The grid of the arrays.
    outline : Polygon
        The outline.

    Returns
    -------
    (rows, cols) array of bool
        The cells.
    """
    cells = np.zeros(grid.shape, bool)
    window, inside = cells_in_window(grid, outline)
    cells[window] = inside
    return cells


def cells_in_window(grid: RegionGrid, outline: Polygon) -> tuple[tuple[slice, slice], np.ndarray]:
    """Cells whose centre lies inside an outline, in the window around it.

    Parameters
    ----------
    grid : RegionGrid
        The grid of the arrays.
    outline : Polygon
        The outline.

    Returns
    -------
    tuple
        Rows and columns of the window, and which of its cells lie inside.
    """
    west, south, east, north = outline.bounds
    top, left = int((grid.north - north) // grid.cell_m), int((west - grid.west) // grid.cell_m)
    bottom, right = int((grid.north - south) // grid.cell_m) + 1, int((east - grid.west) // grid.cell_m) + 1
    rows = slice(max(top, 0), min(max(bottom, 1), grid.rows))
    cols = slice(max(left, 0), min(max(right, 1), grid.cols))
    corner = from_origin(
        grid.west + cols.start * grid.cell_m, grid.north - rows.start * grid.cell_m, grid.cell_m, grid.cell_m
    )
    shape = max(rows.stop - rows.start, 0), max(cols.stop - cols.start, 0)
    if 0 in shape:
        return (slice(0, 0), slice(0, 0)), np.zeros((0, 0), bool)
    return (rows, cols), rasterize([(outline, 1)], shape, transform=corner, dtype="uint8").astype(bool)


class FreeSlopes:
    """The slopes of the region that may still take an object.

    Parameters
    ----------
    grid : RegionGrid
        The grid of the arrays.
    region : RegionGrid
        The part of `grid` that is the region, on the same lattice.
    usable : (rows, cols) array of bool
        Cells that may belong to an object.
    field : DownslopeField
        Direction of the steepest descent.
    slopes_deg : tuple[float, float]
        Of the ground that objects lie on.
    one_slope : float
        Smallest mean resultant length of the fall directions under an object.
    """

    def __init__(
        self,
        grid: RegionGrid,
        region: RegionGrid,
        usable: np.ndarray,
        field: DownslopeField,
        slopes_deg: tuple[float, float] = SLOPES_DEG,
        one_slope: float = ONE_SLOPE,
    ):
        part = window_of(grid, region)
        self.region, self.one_slope = region, one_slope
        slope = field.slope_deg[part]
        self.steep = (slope >= slopes_deg[0]) & (slope <= slopes_deg[1])
        rim = np.zeros(region.shape, bool)
        rim[RIM_CELLS:-RIM_CELLS, RIM_CELLS:-RIM_CELLS] = True
        self.open = usable[part] & rim
        flat = field.unit[:2][:, *part]
        self.fall = flat / np.maximum(np.linalg.norm(flat, axis=0), 1e-9)
        # A near-polar orbit hardly sees motion along its track: slopes that face east or west are
        # drawn more often.
        self.weight = 0.25 + self.fall[0] ** 2
        self.depth = self._depth()

    def _depth(self) -> np.ndarray:
        return ndimage.distance_transform_edt(self.open) * self.region.cell_m

    def draw(
        self, rng: np.random.Generator, clearance_m: float, weight: np.ndarray | None = None
    ) -> tuple[float, float] | None:
        """A point on steep, open ground.

        Parameters
        ----------
        rng : Generator
            Random numbers.
        clearance_m : float
            Open ground around it, m.
        weight : (rows, cols) array of float, optional
            How often each cell is drawn; by default more often where motion is seen from a
            near-polar orbit.

        Returns
        -------
        tuple of float or None
            Place in the CRS of the grid; None where there is none.
        """
        rows, cols = np.nonzero(self.steep & (self.depth >= clearance_m))
        cumulative = np.cumsum((self.weight if weight is None else weight)[rows, cols])
        if not len(rows) or not cumulative[-1]:
            return None
        k = int(np.searchsorted(cumulative, rng.uniform(0, cumulative[-1])))
        return self.region.x()[cols[k]], self.region.y()[rows[k]]

    def fits(self, outline: Polygon) -> bool:
        """Whether an outline lies on open ground only.

        Parameters
        ----------
        outline : Polygon
            The outline.

        Returns
        -------
        bool
            True where it does.
        """
        if not box(*self.region.bounds).contains(outline):
            return False
        window, mask = cells_in_window(self.region, outline)
        if not mask.any() or not self.open[window][mask].all() or self.steep[window][mask].mean() < 0.95:
            return False
        # One slope, not two sides of a gully or a ridge.
        return bool(np.linalg.norm(self.fall[:, *window][:, mask].mean(axis=1)) > self.one_slope)

    def take(self, outline: Polygon) -> None:
        # One cell more than the gap, because cells are tested by their centres.
        """Take the cells of an outline out of the open ground.

        Parameters
        ----------
        outline : Polygon
            The outline.
        """
        around = outline.buffer(MIN_GAP_M + self.region.cell_m)
        self.open &= ~cells_inside(self.region, around)
        self.depth = self._depth()


def _find_place(
    rng: np.random.Generator, kind: LandslideType, area_km2: float, field: DownslopeField, free: FreeSlopes
) -> Polygon | None:
    """An outline of about `area_km2` on free ground; smaller by degrees when the ground does not
    take it.
    """
    for attempt in range(ATTEMPTS):
        area = max(area_km2 * 0.985**attempt, kind.area_km2[0])
        elongation = float(_log_uniform(rng, kind.elongation, 1)[0])
        width = np.sqrt(area * 1e6 / elongation)
        centre = free.draw(rng, 0.35 * width)
        if centre is None:
            continue
        outline = _outline(rng, kind.kind, width, elongation, area, centre, field)
        if outline is not None and free.fits(outline):
            return outline
    return None


def _outline(
    rng: np.random.Generator,
    kind: int,
    width: float,
    elongation: float,
    area_km2: float,
    centre: tuple[float, float],
    field: DownslopeField,
) -> Polygon | None:
    """An irregular outline along the fall line through `centre`, scaled to the area; None if it
    crosses itself.
    """
    waves = _wave(rng), _wave(rng)
    for _ in range(2):  # the second time with the width that gives the area
        outline = _shape(kind, width * elongation, width, centre, waves, field)
        if outline.geom_type != "Polygon" or outline.area < 1e4:
            return None
        width *= np.sqrt(area_km2 * 1e6 / outline.area)
    return outline


def _shape(
    kind: int,
    length: float,
    width: float,
    centre: tuple[float, float],
    waves: tuple[np.ndarray, np.ndarray],
    field: DownslopeField,
) -> Polygon:
    """Half-widths left and right of the fall line, each with its own irregularity."""
    line = fall_line(centre, length, field)
    half = width / 2 * _profile(kind, ALONG)
    tangent = np.gradient(line, axis=0)
    tangent /= np.maximum(np.linalg.norm(tangent, axis=1, keepdims=True), 1e-9)
    left = np.stack([-tangent[:, 1], tangent[:, 0]], 1)
    roughness = 0.10 if kind == 3 else 0.16
    sides = [
        line + sign * left * (half * np.clip(1 + roughness * wave, 0.5, 1.6))[:, None]
        for sign, wave in zip((1, -1), waves, strict=True)
    ]
    return Polygon(np.concatenate([sides[0], sides[1][::-1]])).buffer(0).simplify(4.0)


def _profile(kind: int, s: np.ndarray) -> np.ndarray:
    """Half-width along the slide, head (0) to toe (1), 1 at the widest."""
    if kind == 1:  # chair: a semicircular crown, parallel flanks, a broad lobed toe
        crown = np.sqrt(np.clip(1 - (1 - s / 0.32) ** 2, 0, 1)) * (s < 0.32) + (s >= 0.32)
        toe = np.sqrt(np.clip(1 - ((s - 0.8) / 0.2) ** 2, 0, 1)) * (s > 0.8) + (s <= 0.8)
        return crown * toe * (0.92 + 0.16 * s)
    if kind == 2:  # a wider source, a neck, a spreading toe
        ends = np.sqrt(np.clip(1 - np.abs(2 * s - 1) ** 4, 0, 1))
        return ends * (0.88 + 0.15 * np.cos(2 * np.pi * s * 0.95))
    return np.sqrt(np.clip(1 - (2 * s - 1) ** 2, 0, 1))


def fall_line(centre: tuple[float, float], length: float, field: DownslopeField) -> np.ndarray:
    """Fall line through a point, which turns more slowly than the ground does.

    Parameters
    ----------
    centre : tuple of float
        Place in the CRS of the field's grid.
    length : float
        m, half of it above the centre and half below.
    field : DownslopeField
        Direction of the steepest descent.

    Returns
    -------
    (len(ALONG), 2) array of float
        Points from above to below.
    """
    half = len(ALONG) // 2
    step = length / (2 * half)
    halves = []
    for sign in (-1, 1):
        at, track = np.array(centre), []
        direction = field.heading(*at)
        for _ in range(half):
            # A slide keeps its direction: it turns slowly into the fall line.
            direction = 0.8 * direction + 0.2 * field.heading(*at)
            direction = _unit(direction)
            at = at + sign * step * direction
            track.append(at)
        halves.append(track)
    return np.array([*halves[0][::-1], centre, *halves[1]])


def _unit(vector: np.ndarray) -> np.ndarray:
    # As np.linalg.norm, to the last bit, at a fifth of its cost: thousands of outlines are tried.
    return vector / max(math.sqrt(vector.dot(vector)), 1e-9)


def _wave(rng: np.random.Generator) -> np.ndarray:
    """Irregularity of one side of an outline: a few waves of falling amplitude, about unit
    variance.
    """
    wave = np.zeros(len(ALONG))
    for k in range(1, 7):
        wave += rng.normal(0, 1 / k**0.7) * np.sin(np.pi * k * ALONG + rng.uniform(0, 2 * np.pi))
    return wave


def _record(
    kind: LandslideType,
    speed: float,
    outline: Polygon,
    mask: np.ndarray,
    elevation_m: np.ndarray,
    field: DownslopeField,
) -> dict:
    east, north = field.unit[0][mask].mean(), field.unit[1][mask].mean()
    return {
        "kind": kind.kind,
        "speed_mm_per_yr": speed,
        "area_km2": round(outline.area / 1e6, 5),
        "azimuth_deg": round(float(np.degrees(np.arctan2(east, north)) % 360), 2),
        "slope_deg": round(float(field.slope_deg[mask].mean()), 2),
        "elevation_m": round(float(elevation_m[mask].mean()), 1),
        "geometry": outline,
    }


def _log_uniform(rng: np.random.Generator, limits: tuple[float, float], count: int) -> np.ndarray:
    low, high = np.log(limits)
    return np.exp(rng.uniform(low, high, count))

"""Active landslides of a simulated region: where they lie, their outlines, and their slow motion
down the slope.

Three types after P2 4.2.3 (G07): 1 large, strong and chair-shaped (several fringes a year); 2
elongated (collapse, debris flow); 3 small, slow and round.
"""

from dataclasses import dataclass

import geopandas as gpd
import numpy as np
from shapely.geometry import Polygon

from sarsim.slopes import ALONG, DownslopeField, FreeSlopes, cells_inside, fall_line, plateau
from sarslide.grid import RegionGrid

ATTEMPTS = 150  # to place one landslide
COLUMNS = ["kind", "speed_mm_per_yr", "area_km2", "azimuth_deg", "slope_deg", "elevation_m", "geometry"]


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

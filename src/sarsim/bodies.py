"""Landslides as they are: outlines of mapped inventories, parts that move at speeds of their own,
and courses in time.

Beside the bodies of the inventories two classes of their own, named in the column `inventory` of
the table of landslides:

- `large_slope`: slow rock-slope deformations of 1 to 10 km2 and 5 to 20 mm/yr. 208 of them in the
  Alps of Lombardia cover 580 km2 (Crippa et al. 2020, 10.5194/egusphere-egu2020-8264) and move by
  less than 5 cm/yr (Crippa et al. 2020, 10.3390/rs12081329).
- `rock_glacier`: tongues near the snowline. In the Kaunertal the mean speeds of 30 are 0.11 to
  0.29, the largest 1.7 m/yr (Groh and Blöthe 2019, 10.3390/geosciences9090373). They move as
  landslides do and are labelled as such; they are no kind of decoy, since the codes of decoys
  belong to the benchmark.
"""

import logging
from dataclasses import dataclass, replace

import geopandas as gpd
import numpy as np
from shapely.geometry import Polygon

from sarsim import courses
from sarsim.kinematics import Motion, move
from sarsim.mapped_outlines import CARPATHIANS, INVENTORIES, PROBABILITIES, TIRAUMEA, Inventory, measure
from sarsim.outlines import SmoothedGround, draw_deviates, draw_outline, drawn_sizes, radii
from sarsim.slopes import DownslopeField, FreeSlopes
from sarslide.grid import RegionGrid, window_of

log = logging.getLogger(__name__)

# Earthflows of the Eel River are on slopes of 31 % in the mean (Mackey and Roering 2011,
# 10.1130/B30306.1), the landslides of the benchmark on 15 to 45 degrees.
SLOPES_DEG = (8.0, 45.0)
ONE_SLOPE = 0.6  # smallest mean resultant length of the fall directions: a channel has two sides
ATTEMPTS, SHRINK = 150, 0.985  # to place one body; on a large slope's area at each
ELONGATED, LARGE_KM2 = 2.0, 0.17  # P2's types by shape: between those of `landslides.TYPES`
ROCK_GLACIERS_BELOW_M = (
    500.0  # the snowline: rock glaciers reach below glaciers (Haeberli et al. 2006, 10.1002/ppp.561)
)


def _log_uniform(low: float, high: float) -> tuple[float, float, float, float, float]:
    return tuple(float(low * (high / low) ** share) for share in PROBABILITIES)  # type: ignore[return-value]


LARGE_SLOPES = replace(CARPATHIANS, area_ha=_log_uniform(100.0, 1000.0))
ROCK_GLACIERS = replace(TIRAUMEA, area_ha=_log_uniform(2.0, 20.0))
CLASSES = INVENTORIES | {"large_slope": LARGE_SLOPES, "rock_glacier": ROCK_GLACIERS}
SPEEDS_MM_PER_YR = {"large_slope": (5.0, 20.0), "rock_glacier": (100.0, 1700.0)}
COLUMNS = [
    *("kind", "speed_mm_per_yr", "area_km2", "azimuth_deg", "slope_deg", "elevation_m"),
    *(*courses.COLUMNS, "inventory", "elements", "geometry"),
]


@dataclass(frozen=True)
class BodySettings:
    """Which bodies a region has.

    Attributes
    ----------
    count : int
        Bodies of the inventories.
    tiraumea, carpathians, isslide : float
        Their shares; the sum is 1.
    speed_mm_per_yr : tuple[float, float]
        Between which the largest speeds of these are, log-uniform: slow landslides move by
        millimetres to several metres a year (Lacroix et al. 2020, 10.1038/s43017-020-0072-8).
    large_slopes, rock_glaciers : int
        Bodies of these classes.
    seasonal, accelerating, stopping : float
        Shares of bodies of these courses; the others are steady.
    onset_years : tuple[float, float]
        When accelerating and stopping bodies begin to change, years since 1 January 2019.
    """

    count: int = 50
    tiraumea: float = 0.25
    carpathians: float = 0.5
    isslide: float = 0.25
    speed_mm_per_yr: tuple[float, float] = (5.0, 5000.0)
    large_slopes: int = 2
    rock_glaciers: int = 2
    seasonal: float = 0.3
    accelerating: float = 0.1
    stopping: float = 0.1
    onset_years: tuple[float, float] = (0.0, 1.0)


@dataclass(frozen=True)
class _Draft:
    """A body without a place."""

    name: str
    inventory: Inventory
    area_m2: float
    elongation: float
    factors: np.ndarray
    bend: float
    speed_mm_per_yr: float

    def at(self, centre: tuple[float, float], ground: SmoothedGround) -> tuple[Polygon, np.ndarray]:
        """Its outline and fall line."""
        line = ground.line(self.inventory, self.area_m2, self.elongation, centre)
        shape = self.inventory.shape
        return draw_outline(shape, self.area_m2, self.elongation, self.factors, self.bend, line), line


def plant_bodies(
    grid: RegionGrid,
    region: RegionGrid,
    elevation_m: np.ndarray,
    usable: np.ndarray,
    snowline_m: float,
    settings: BodySettings,
    seed: np.random.SeedSequence,
) -> tuple[gpd.GeoDataFrame, np.ndarray]:
    """Bodies inside the region and their velocity.

    Parameters
    ----------
    grid : RegionGrid
        The grid of the arrays.
    region : RegionGrid
        The part of `grid` that is the region, on the same lattice.
    elevation_m : (rows, cols) array of float
        Ellipsoidal heights on `grid`, m.
    usable : (rows, cols) array of bool
        Cells that may belong to a body.
    snowline_m : float
        Ellipsoidal height, m; rock glaciers lie below and near it.
    settings : BodySettings
        Which bodies.
    seed : SeedSequence
        Seed.

    Returns
    -------
    tuple
        Table (planted_id and COLUMNS; large slopes, rock glaciers, then the others, the largest
        first; fewer than asked for where no slope takes them), and velocity, float32 (3, rows,
        cols), east, north, up, mm/yr.
    """
    for_drafts, for_places, for_motion, for_courses = map(np.random.default_rng, seed.spawn(4))
    part = window_of(grid, region)
    heights, ground = elevation_m[part], SmoothedGround(region, elevation_m[part])
    field = ground.field(120.0)
    free = FreeSlopes(region, region, usable[part], field, SLOPES_DEG, ONE_SLOPE)
    weights = {name: np.ones(region.shape) for name in CLASSES} | {
        "tiraumea": _converging(ground.field(60.0)),
        "rock_glacier": (heights > snowline_m - ROCK_GLACIERS_BELOW_M).astype(float),
    }
    velocity = np.zeros((3, *grid.shape), np.float32)
    records = []
    for draft in _drafts(for_drafts, settings):
        found = _place(for_places, draft, ground, free, weights[draft.name])
        if found is None:
            log.info("no slope takes a %s of %.1f ha", draft.name, draft.area_m2 / 1e4)
            continue
        outline, line = found
        motion = move(for_motion, region, outline, line, field, draft.speed_mm_per_yr)
        velocity[:, *part][:, *motion.window] += motion.velocity
        free.take(outline)
        records.append(_record(draft, outline, motion, heights, field))
    shares = settings.seasonal, settings.accelerating, settings.stopping
    drawn = courses.draw_courses(for_courses, len(records), shares, settings.onset_years)
    frame = gpd.GeoDataFrame(
        [record | {name: drawn[name][k] for name in drawn} for k, record in enumerate(records)],
        columns=COLUMNS,
        geometry="geometry",
        crs=f"EPSG:{region.epsg}",
    )
    frame.insert(0, "planted_id", [f"L{k:03d}" for k in range(1, len(frame) + 1)])
    return frame, velocity


def _drafts(rng: np.random.Generator, settings: BodySettings) -> list[_Draft]:
    """All bodies of a region, in the order of planting."""
    names = list(INVENTORIES)
    chosen = rng.choice(names, settings.count, p=[getattr(settings, name) for name in names])
    plan = {"large_slope": settings.large_slopes, "rock_glacier": settings.rock_glaciers}
    plan |= {name: int((chosen == name).sum()) for name in names}
    drafts = []
    for name, count in plan.items():
        inventory, deviates = CLASSES[name], draw_deviates(rng, count)
        low, high = np.log(SPEEDS_MM_PER_YR.get(name, settings.speed_mm_per_yr))
        values = (
            *drawn_sizes(inventory, deviates),
            radii(inventory.shape, deviates),
            deviates.bend,
            np.round(np.exp(rng.uniform(low, high, count)), 2),
        )
        drafts += [_Draft(name, inventory, *each) for each in zip(*values, strict=True)]
    return sorted(drafts, key=lambda draft: (draft.name in INVENTORIES, -draft.area_m2))


def _place(
    rng: np.random.Generator, draft: _Draft, ground: SmoothedGround, free: FreeSlopes, weight: np.ndarray
) -> tuple[Polygon, np.ndarray] | None:
    """Outline and fall line on free ground; large slopes become smaller by degrees."""
    for _ in range(ATTEMPTS):
        if draft.name == "large_slope":
            draft = replace(draft, area_m2=max(draft.area_m2 * SHRINK, 1e6))
        clearance = 0.35 * np.sqrt(draft.area_m2 / draft.elongation)
        centre = free.draw(rng, clearance, weight)
        if centre is None:
            continue
        outline, line = draft.at(centre, ground)
        if free.fits(outline):
            return outline, line
    return None


def _converging(field: DownslopeField) -> np.ndarray:
    """Where the fall lines of the ground come together, as they do in channels: 0 to 1."""
    flat = field.unit[:2] / np.maximum(np.linalg.norm(field.unit[:2], axis=0), 1e-9)
    inflow = np.gradient(flat[1], axis=0) - np.gradient(flat[0], axis=1)
    return np.clip(inflow, 0, 1)


def _record(
    draft: _Draft, outline: Polygon, motion: Motion, heights: np.ndarray, field: DownslopeField
) -> dict[str, object]:
    window, mask = motion.window, motion.mask
    east, north = motion.velocity[:2][:, mask].sum(1)
    return {
        "kind": kind_of(outline),
        "speed_mm_per_yr": float(draft.speed_mm_per_yr),
        "area_km2": round(outline.area / 1e6, 5),
        "azimuth_deg": round(float(np.degrees(np.arctan2(east, north)) % 360), 2),
        "slope_deg": round(float(field.slope_deg[window][mask].mean()), 2),
        "elevation_m": round(float(heights[window][mask].mean()), 1),
        "inventory": draft.name,
        "elements": int(motion.element.max()),
        "geometry": outline,
    }


def kind_of(outline: Polygon) -> int:
    """P2's type of a body (4.2.3, G07), by its shape and size alone.

    Parameters
    ----------
    outline : Polygon
        The body.

    Returns
    -------
    int
        2 where it is elongated, else 1 where it is large, 3 where it is small.
    """
    elongation = measure([outline])["elongation"][0]
    return 2 if elongation >= ELONGATED else 1 if outline.area >= LARGE_KM2 * 1e6 else 3

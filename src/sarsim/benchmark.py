"""The benchmark region set: whole simulated regions of several climates, split by region, seen from
both passes.

Settings are those of `climates`, and nothing else; scenes come out of the same code as training
regions (`scene.observe`).
"""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from typing import Any

import numpy as np

from sarsim import atmosphere, climates, decoys, landcover, landslides, mining, optical, scene
from sarsim.climates import GRID, Climate, Region, region_of
from sarsim.codes import DECOYS
from sarsim.products import ProductSettings
from sarsim.terrain import TerrainSettings
from sarsim.world import World, WorldSettings, build_world
from sarslide.grid import RegionGrid

MARGIN_M = 2000.0  # enough for layover and shadow
STRONG_ROCK_DEG = 15.0  # by which strong rock stands steeper than weak
# Constants of `optical` that decide what P3's channels show of landslides.
OPTICAL = ("SCARRED", "SCAR_COVER", "BARE_PATCHES", "BARE_DECOYS", "BARE", "SPECTRA", "BRIGHTNESS", "SPARSENESS", "HUE")
BENCHMARK = 7  # key of this part of the simulation among those that share the seed


@dataclass(frozen=True)
class RegionDraw:
    """The settings of one region.

    Attributes
    ----------
    world : WorldSettings
        Its world.
    products : ProductSettings
        Its noise.
    dates : tuple[str, ...]
        Acquisitions of both tracks, YYYYMMDD.
    """

    world: WorldSettings
    products: ProductSettings
    dates: tuple[str, ...]


def draw(climate: Climate, seed: int) -> RegionDraw:
    """The numbers that a region draws from the ranges of its climate.

    Parameters
    ----------
    climate : Climate
        The ranges.
    seed : int
        Seed of the region.

    Returns
    -------
    RegionDraw
        The settings.
    """
    rng = np.random.default_rng(np.random.SeedSequence([seed, BENCHMARK]))
    v: dict[str, Any] = {field.name: _draw(rng, field.name, getattr(climate, field.name)) for field in fields(climate)}
    terrain = TerrainSettings(
        floor_m=v["floor_m"],
        relief_m=v["relief_m"],
        valley_azimuth_deg=float(rng.uniform(0, 180)),
        gorge_spacing_m=v["gorge_spacing_m"],
        floor_width_m=(v["narrow_floor_m"], v["wide_floor_m"]),
        threshold_slope_deg=(v["threshold_slope_deg"], v["threshold_slope_deg"] + STRONG_ROCK_DEG),
        profile_exponent=v["profile_exponent"],
    )
    world = WorldSettings(
        terrain=terrain,
        snowline_m=v["floor_m"] + v["relief_m"] * v["snowline_share"],
        landslides=(v["large"], v["elongated"], v["small"]),
        **{name: v[name] for name in ("forest_share", "subsidence", "glacier", "snow", "mining", "speed_factor")},
    )
    noise = {field.name: v[field.name] for field in fields(ProductSettings) if field.name in v}
    return RegionDraw(world, ProductSettings(**noise), _dates(rng, v["dates"], v["missing"]))


def region_world(name: str, grid: RegionGrid = GRID) -> World:
    """The world of a region of the set.

    Parameters
    ----------
    name : str
        `<climate>_<seed>`.
    grid : RegionGrid
        Its grid.

    Returns
    -------
    World
        The world.
    """
    region = region_of(name)
    return build_world(grid, region.seed, MARGIN_M, draw(climates.CLIMATES[region.climate], region.seed).world)


def simulate_region(name: str, grid: RegionGrid = GRID) -> dict[str, dict[str, np.ndarray]]:
    """The scenes of a region, one a pass.

    Parameters
    ----------
    name : str
        `<climate>_<seed>`.
    grid : RegionGrid
        Its grid.

    Returns
    -------
    dict of str to dict
        Pass ("A", "D") -> stored layers under their registered names, P3's reflectances and
        lithology among them; `label` (uint8, 1 landslide that this track can see, 0 background, 255
        not counted); `decoy` (uint8, `scene.decoys`); `landslide_kind` (uint8, P2's type of every
        planted landslide); `true_los_rate_mm_per_yr`; `meta` (JSON text).
    """
    region = region_of(name)
    drawn = draw(climates.CLIMATES[region.climate], region.seed)
    world = region_world(name, grid)
    both = optical.reflectance(world, region.seed) | {
        "lithology": optical.lithology(world, region.seed),
        "landslide_kind": scene.landslide_kinds(world),
    }
    scenes = {}
    for orbit_pass, stack in scene.STACKS.items():
        observed = scene.observe(world, stack, drawn.dates, drawn.products)
        arrays = {
            "label": scene.label(world, observed.seen),
            "decoy": scene.decoys(world, observed),
            "true_los_rate_mm_per_yr": scene.los_rate(world, observed.seen),
        }
        meta = np.array(json.dumps(_meta(region, stack, drawn, world), sort_keys=True))
        scenes[orbit_pass] = observed.layers | both | arrays | {"meta": meta}
    return scenes


def settings() -> dict[str, Any]:
    """All numbers that decide the set.

    Returns
    -------
    dict of str to Any
        JSON-ready.
    """
    return {
        "climates": {name: asdict(climate) for name, climate in climates.CLIMATES.items()},
        "parts": climates.PARTS,
        "grid": GRID.to_dict(),
        "margin_m": MARGIN_M,
        "strong_rock_deg": STRONG_ROCK_DEG,
        "stacks": scene.STACKS,
        "first_date": scene.FIRST_DATE,
        "interval_days": scene.INTERVAL_DAYS,
        "landslides": [asdict(kind) for kind in landslides.TYPES],
        "decoys": {kind: getattr(decoys, kind.upper()) for kind in ("subsidence", "glacier", "snow")},
        "mining": [mining.AREA_KM2, mining.SPEED_MM_PER_YR, mining.BENCH_M, mining.BENCHES, mining.EDGE_M],
        "land_cover": {str(code): asdict(cover) for code, cover in landcover.CLASSES.items()},
        "optical": {name: getattr(optical, name) for name in OPTICAL},
        "residue": [atmosphere.VAPOUR_SCALE_M, atmosphere.LATERAL, atmosphere.LATERAL_M],
        "codes": DECOYS,
        "label": [scene.VISIBLE_MM_PER_YR, scene.ERROR_MM_PER_YR, scene.INCOHERENT, scene.RIM_CELLS],
    }


def settings_hash(content: Mapping[str, Any] | None = None) -> str:
    """Name of this benchmark.

    Parameters
    ----------
    content : mapping of str to Any, optional
        Settings; by default `settings()`.

    Returns
    -------
    str
        16 hex digits.
    """
    text = json.dumps(content or settings(), sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def _draw(rng: np.random.Generator, name: str, limits: climates.Range) -> float | int:
    low, high = limits
    return int(rng.integers(int(low), int(high) + 1)) if name in climates.COUNTS else float(rng.uniform(low, high))


def _dates(rng: np.random.Generator, count: int, missing: float) -> tuple[str, ...]:
    """`count` regular dates less a share inside them, never two in a row: a longer gap would cut
    the network of pairs.
    """
    dates = scene.regular_dates(count)
    kept = [dates[0]]
    for k in range(1, count):
        after_gap = kept[-1] != dates[k - 1]
        if after_gap or k == count - 1 or rng.random() >= missing:
            kept.append(dates[k])
    return tuple(kept)


def _meta(region: Region, stack: str, drawn: RegionDraw, world: World) -> dict[str, Any]:
    return {
        "region": region.name,
        "climate": region.climate,
        "part": region.part,
        "seed": region.seed,
        "stack": stack,
        "grid": world.region.to_dict(),
        "settings_hash": settings_hash(),
        "dates": len(drawn.dates),
        "planted": {str(kind): int((world.landslides["kind"] == kind).sum()) for kind in (1, 2, 3)},
        "planted_decoys": scene.planted_decoys(world),
        "world": _rounded(drawn.world.stated()),
        "products": _rounded(drawn.products.stated()),
    }


def _rounded(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {name: _rounded(entry) for name, entry in value.items()}
    if isinstance(value, list | tuple):
        return [_rounded(entry) for entry in value]
    return round(value, 6) if isinstance(value, float) else value

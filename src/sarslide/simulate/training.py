"""Training scenes: product-level stacks of random regions through the very rates and terrain code of the real chain, with labels.

Regions differ in relief, slope, direction of the valley, snowline, forest, coherence, atmosphere, number of dates and density of
landslides, so that a network does not learn one valley.
"""

import json
from collections.abc import Mapping
from datetime import timedelta

import numpy as np

from sarslide import names
from sarslide.grid import RegionGrid
from sarslide.rates.passes import RateSettings
from sarslide.rates.pipeline import average_phase, stack_rates
from sarslide.simulate.acquisition import WAVELENGTH
from sarslide.simulate.landslides import cells_inside
from sarslide.simulate.products import ProductSettings, View, mean_amplitude_db, simulate_pairs, view
from sarslide.simulate.terrain import TerrainSettings
from sarslide.simulate.world import World, WorldSettings, build_world, true_los_rate
from sarslide.terrain.derivatives import derivatives

REGION = RegionGrid(32647, 515130.0, 3215640.0, 30.0, 510, 270)
MARGIN_M = 2000.0  # enough for layover and shadow
STACKS = {"A": "A128", "D": "D062"}
FIRST_DATE, INTERVAL_DAYS = "20190306", 12
LANDSLIDE, BACKGROUND, IGNORE = 1, 0, 255
# An object is a landslide for a track that observes half of it and sees it move this fast (90th percentile of |LOS rate|): about
# three standard errors of a stacked rate in coherent ground, half the speed from which objects are scored.
VISIBLE_MM_PER_YR = 12.0
TRAINING = 4  # key of this part of the simulation among those that share the seed


def random_settings(seed: int) -> tuple[WorldSettings, ProductSettings, int]:
    """World, product settings and number of dates of a training region."""
    rng = np.random.default_rng(np.random.SeedSequence([seed, TRAINING]))
    relief, floor, steep = rng.uniform(1100, 2100), rng.uniform(1500, 3300), rng.uniform(-3, 3)
    terrain = TerrainSettings(
        floor_m=floor,
        relief_m=relief,
        valley_azimuth_deg=rng.uniform(0, 180),
        gorge_spacing_m=rng.uniform(6500, 9500),
        threshold_slope_deg=(23 + steep, 38 + steep),
    )
    world = WorldSettings(
        terrain=terrain,
        snowline_m=floor + relief * rng.uniform(0.72, 0.95),
        forest_share=rng.uniform(0.1, 0.5),
        landslides=tuple(int(n) for n in rng.integers((4, 12, 12), (11, 29, 29))),
        subsidence=int(rng.integers(1, 4)),
        glacier=int(rng.integers(0, 5)),
        snow=int(rng.integers(0, 8)),
    )
    products = ProductSettings(
        coherence=rng.uniform(0.7, 1.0),
        turbulence_mm=rng.uniform(3, 8),
        stratified_mm_per_km=rng.uniform(5, 15),
        dem_error_m=rng.uniform(0, 5),
        unwrapping_errors=rng.uniform(0, 0.5),
    )
    return world, products, int(rng.integers(22, 34))


def training_world(seed: int) -> World:
    """The world of a training region."""
    return build_world(REGION, seed, MARGIN_M, random_settings(seed)[0])


def training_scene(world: World, stack: str, rate_settings: RateSettings | None = None) -> dict[str, np.ndarray]:
    """Stored layers of one track over `world` under their registered names, `label` (uint8: 1 landslide, 0 background, 255 not
    counted) and `meta` (JSON text: region, stack, seed, settings)."""
    _, settings, count = random_settings(world.seed)
    first = names.parse_date(FIRST_DATE)
    dates = [f"{first + timedelta(days=INTERVAL_DAYS * k):%Y%m%d}" for k in range(count)]
    pairs = names.nearest_pairs(dates, 2 * INTERVAL_DAYS, 2)
    seen = view(world, stack)
    products = {product.pair: product for product in simulate_pairs(world, seen, dates, pairs, world.seed, settings)}

    elevation = world.elevation_m[world.window]
    blind = seen.layover_shadow > 0
    rates = stack_rates(
        lambda pair: (products[pair].unwrapped_rad, products[pair].coherence, None),
        pairs,
        elevation,
        WAVELENGTH,
        rate_settings,
        exclude=blind,
    )
    averaged = average_phase(
        lambda pair: (products[pair].unfiltered_rad, products[pair].coherence),
        pairs,
        elevation,
        rate_settings,
        exclude=blind,
    )
    terrain = {name: layer[world.window] for name, layer in derivatives(world.elevation_m, world.grid.cell_m).items()}
    stored = (
        {name: rates.layers[name] for name in ("phase_rate_rad_per_yr", "phase_rate_std_rad_per_yr")}
        | {name: rates.layers[name] for name in ("los_rate_mm_per_yr", "los_rate_std_mm_per_yr", "mean_coherence")}
        | {name: averaged.layers[name] for name in ("avg_phase_rad", "avg_phase_std_rad")}
        | {name: getattr(seen, name) for name in ("los_east", "los_north", "los_up", "layover_shadow")}
        | {name: terrain[name] for name in terrain if name != "hillshade"}
        | {"elevation_m": elevation, "mean_amplitude_db": mean_amplitude_db(world, seen)}
    )
    scene = {name: np.asarray(layer, _stored_type(layer)) for name, layer in stored.items()}
    meta = {"region": str(world.seed), "stack": stack, "seed": world.seed, "dates": count, **_plain(vars(settings))}
    return scene | {"label": label(world, seen), "meta": np.array(json.dumps(meta, sort_keys=True))}


def label(world: World, seen: View) -> np.ndarray:
    """What a track should find, uint8 on the region: see `training_scene`.

    The decision is made for whole objects, because an outline is where motion vanishes: its slow edge belongs to it. Not counted
    are objects that are hidden or too slow for this track, the hidden cells of the others, and glaciers and snow patches, which
    only their height tells from landslides (the inventory masks them by the snowline). A subsiding valley floor is background.
    """
    region = world.region
    rate = np.abs(true_los_rate(world.velocity_mm_per_yr[:, *world.window], seen.los_east, seen.los_north, seen.los_up))
    observed = seen.layover_shadow == 0
    result = np.full(region.shape, BACKGROUND, np.uint8)
    for outline in world.decoys.geometry[world.decoys["kind"] != "subsidence"]:
        result[cells_inside(region, outline)] = IGNORE
    for outline in world.landslides.geometry:
        cells = cells_inside(region, outline)
        visible = cells & observed
        found = visible.sum() >= cells.sum() / 2 and np.percentile(rate[visible], 90) >= VISIBLE_MM_PER_YR
        result[cells] = IGNORE
        result[visible] = LANDSLIDE if found else IGNORE
    return result


def _stored_type(layer: np.ndarray) -> type:
    return np.uint8 if layer.dtype == np.uint8 else np.float32


def _plain(values: Mapping[str, float]) -> dict[str, float]:
    return {name: round(float(value), 6) for name, value in values.items()}

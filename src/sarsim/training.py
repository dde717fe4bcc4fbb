"""Training scenes: product-level stacks of random regions through the very rates and terrain code
of the real chain, with labels.

Regions differ in relief, slope, direction of the valley, snowline, forest, coherence, atmosphere,
number of dates and density of landslides, so that a network does not learn one valley.
"""

import json
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np

from sarsim import default_chain
from sarsim.default_chain import RateChain
from sarsim.products import ProductSettings
from sarsim.scene import STACKS, label, observe, regular_dates
from sarsim.terrain import TerrainSettings
from sarsim.world import World, WorldSettings, build_world
from sarslide.grid import RegionGrid

__all__ = ["STACKS", "random_settings", "training_scene", "training_world"]

REGION = RegionGrid(32647, 515130.0, 3215640.0, 30.0, 510, 270)
MARGIN_M = 2000.0  # enough for layover and shadow
TRAINING = 4  # key of this part of the simulation among those that share the seed


def random_settings(seed: int) -> tuple[WorldSettings, ProductSettings, int]:
    """World, product settings and number of dates of a training region.

    Parameters
    ----------
    seed : int
        Seed of the region.

    Returns
    -------
    tuple
        WorldSettings, ProductSettings and int.
    """
    rng = np.random.default_rng(np.random.SeedSequence([seed, TRAINING]))
    relief, floor, steep = rng.uniform(1100, 2100), rng.uniform(1500, 3300), rng.uniform(-3, 3)
    terrain = TerrainSettings(
        floor_m=floor,
        relief_m=relief,
        valley_azimuth_deg=rng.uniform(0, 180),
        gorge_spacing_m=rng.uniform(6500, 9500),
        threshold_slope_deg=(23 + steep, 38 + steep),
    )
    snowline, forest = floor + relief * rng.uniform(0.72, 0.95), rng.uniform(0.1, 0.5)
    large, elongated, small = (int(n) for n in rng.integers((4, 12, 12), (11, 29, 29)))
    world = WorldSettings(
        terrain=terrain,
        snowline_m=snowline,
        forest_share=forest,
        landslides=(large, elongated, small),
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
    """The world of a training region.

    Parameters
    ----------
    seed : int
        Seed of the region.

    Returns
    -------
    World
        The world.
    """
    return build_world(REGION, seed, MARGIN_M, random_settings(seed)[0])


def training_scene(world: World, stack: str, rates: RateChain | None = None, **products: Any) -> dict[str, np.ndarray]:
    """The scene of one track over a training region, as the default configuration makes it.

    Parameters
    ----------
    world : World
        The simulated region.
    stack : str
        Name of the stack, `A128` for an ascending, `D062` for a descending relative orbit.
    rates : RateChain, optional
        How rates are made; by default as by the default configuration.
    **products
        Fields of `ProductSettings` in the place of those that the seed draws, and of those of the
        default configuration, such as `linking`.

    Returns
    -------
    dict of str to ndarray
        Stored layers under their registered names, `label` (uint8: 1 landslide, 0 background, 255
        not counted) and `meta` (JSON text: region, stack, seed, settings).
    """
    _, settings, count = random_settings(world.seed)
    settings, dates = replace(default_chain.products(settings), **products), regular_dates(count)
    observed = observe(world, stack, dates, settings, rates or default_chain.rates(world.region))
    meta = {"region": str(world.seed), "stack": stack, "seed": world.seed, "dates": count, **_plain(settings.stated())}
    meta["grid"] = world.region.to_dict()
    text = np.array(json.dumps(meta, sort_keys=True))
    return observed.layers | {"label": label(world, observed.seen, dates), "meta": text}


def _plain(values: Mapping[str, Any]) -> dict[str, Any]:
    def plain(value: Any) -> Any:
        if isinstance(value, Mapping):
            return _plain(value)
        return value if isinstance(value, str) else round(float(value), 6)

    return {name: plain(value) for name, value in values.items()}

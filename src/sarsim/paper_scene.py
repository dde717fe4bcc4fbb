"""Training scenes of a paper's region: its ground and climate, seen by the tracks, pairs, rates and
grids of its preset, with every layer that its networks read.

Interferograms are simulated in the cells of the region; where the preset has a finer grid of
products, terrain, images and rocks are made in its cells and what the track measures is resampled
to them, as in the real chain (P3, C09).
"""

import json
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from types import SimpleNamespace
from typing import Any

import numpy as np

from sarsim import optical, scene
from sarsim.benchmark import MARGIN_M, RegionDraw, draw
from sarsim.default_chain import RateChain
from sarsim.paper_climates import climate_of
from sarsim.products import baselines_m, view
from sarsim.terrain import Terrain
from sarsim.world import World, WorldSettings, build_world
from sarslide import layers, network
from sarslide.catalog.repeat_orbit import critical_baseline_m
from sarslide.dataset.features import PICTURE
from sarslide.dataset.fusion import fuse
from sarslide.grid import RegionGrid
from sarslide.io.resample import finer_grid, resample
from sarslide.rates.settings import RateSettings
from sarslide.terrain.derivatives import derivatives

EPSG, WEST, NORTH = 32647, 515130.0, 3215640.0
SHAPE = (512, 256)  # cells of the interferograms: whole patches of 128 and of 256 cells
LOOKS_CELL_M = 30.0  # cell that `ProductSettings.looks` is of


@dataclass(frozen=True)
class Chain:
    """What a preset makes of its pairs, as keys of the configuration.

    Attributes
    ----------
    cell_m : float
        Cells of the interferograms, m.
    product_m : float or None
        Cells of the networks' layers where they are finer, m.
    pairs : PairPlan
        Section `network`.
    method : str
        `rates.method`; `averaging`, which makes no rate, is stacking here: scenes hold a rate to be
        compared with.
    rates, sbas : mapping of str to Any
        Keys of these sections.
    """

    cell_m: float
    product_m: float | None
    pairs: network.PairPlan
    method: str
    rates: Mapping[str, Any]
    sbas: Mapping[str, Any]

    @classmethod
    def of(cls, params: Mapping[str, Any]) -> "Chain":
        """The chain of a rule's parameters.

        Parameters
        ----------
        params : mapping of str to Any
            `cell_m`, `product_m`, `method`, and the sections `network`, `rates` and `sbas`.

        Returns
        -------
        Chain
            Pairs and a reference that the configuration names are those of other ground: the
            preset of the network and a chosen reference stand in their place.
        """
        return cls(
            params["cell_m"],
            params["product_m"],
            SimpleNamespace(**dict(params["network"]) | {"pairs": ()}),
            params["method"],
            dict(params["rates"]) | {"reference": None},
            params["sbas"],
        )

    @property
    def parts(self) -> int:
        """Cells of the networks' layers along a cell of the interferograms."""
        return round(self.cell_m / self.product_m) if self.product_m else 1

    def grid(self) -> RegionGrid:
        """Grid of the interferograms."""
        return RegionGrid(EPSG, WEST, NORTH, self.cell_m, *SHAPE)

    def fine(self, grid: RegionGrid) -> RegionGrid:
        """Grid of the networks' layers over a grid of interferograms."""
        return finer_grid(grid, self.cell_m / self.parts)


def simulate(climate: str, seed: int, stack: str, chain: Chain, grid: RegionGrid | None = None) -> dict[str, Any]:
    """The scene of one track over a region of a climate.

    Deterministic: same arguments, same values. Regions of a seed are the same for all tracks.

    Parameters
    ----------
    climate : str
        A row of `paper_climates`.
    seed : int
        Seed of the region.
    stack : str
        Name of the stack.
    chain : Chain
        What is made of its pairs.
    grid : RegionGrid, optional
        Grid of the interferograms; by default `chain.grid()`.

    Returns
    -------
    dict of str to ndarray
        Stored layers under their registered names, units and signs; `label` (uint8: 1 landslide
        that this track can see, 0 background, 255 not counted), `decoy`,
        `true_los_rate_mm_per_yr`, and `meta` (JSON text).
    """
    grid = grid or chain.grid()
    drawn = draw(climate_of(climate), seed)
    meta = {"region": f"{climate}_{seed}", "climate": climate, "seed": seed}
    return of_world(world_of(chain, grid, seed, drawn.world), grid, stack, drawn, chain, meta)


def world_of(
    chain: Chain,
    grid: RegionGrid,
    seed: int,
    settings: WorldSettings,
    ground: Callable[[RegionGrid], Terrain] | None = None,
) -> World:
    """The world of a scene, in the cells of the networks' layers.

    Parameters
    ----------
    chain : Chain
        Whose cells they are.
    grid : RegionGrid
        Grid of the interferograms.
    seed : int
        Seed of the region.
    settings : WorldSettings
        What it is made of.
    ground : callable, optional
        As in `world.build_world`.

    Returns
    -------
    World
        The world.
    """
    # Whole cells of both grids, so that they share edges.
    margin_m = math.ceil(MARGIN_M / chain.cell_m) * chain.cell_m
    return build_world(chain.fine(grid), seed, margin_m, settings, ground)


def of_world(
    fine: World, grid: RegionGrid, stack: str, drawn: RegionDraw, chain: Chain, meta: Mapping[str, Any]
) -> dict[str, Any]:
    """The scene of one track over a world.

    Parameters
    ----------
    fine : World
        Of `world_of`.
    grid : RegionGrid
        Grid of the interferograms.
    stack : str
        Name of the stack.
    drawn : RegionDraw
        Noise and acquisitions.
    chain : Chain
        What is made of its pairs.
    meta : mapping of str to Any
        What the scene states of itself beside stack, grid and number of dates; `region` at least.

    Returns
    -------
    dict of str to ndarray
        As `simulate`.
    """
    parts = chain.parts
    coarse = _coarser(fine, grid, parts)
    observed = _observed(coarse, stack, drawn, chain)

    seen = view(fine, stack) if parts > 1 else observed.seen
    measured = observed.layers | {
        PICTURE: fuse(
            observed.layers["avg_phase_rad"],
            observed.layers["mean_amplitude_db"],
            chain.rates["fusion"],
            tuple(chain.rates["fusion_percent"]),
        ),
        "decoy": scene.decoys(coarse, observed),
    }
    own = _of_ground(fine)
    resampled = {name: _resampled(layer, parts, name) for name, layer in measured.items() if name not in own}
    # Landslides as they are do not move steadily: what counts is their mean rate over the dates.
    dates = drawn.dates if drawn.world.bodies else None
    made = {
        "label": scene.label(fine, seen, dates),
        "true_los_rate_mm_per_yr": scene.los_rate(fine, seen, dates),
        "landslide_kind": scene.landslide_kinds(fine),
    }
    stated = {**meta, "stack": stack, "grid": fine.region.to_dict(), "dates": len(drawn.dates)}
    return resampled | own | made | {"meta": np.array(json.dumps(stated, sort_keys=True))}


def _observed(world: World, stack: str, drawn: RegionDraw, chain: Chain) -> scene.Observation:
    """What the preset's pairs and rates make of the world."""
    looks = drawn.products.looks * (world.region.cell_m / LOOKS_CELL_M) ** 2
    settings = replace(drawn.products, looks=looks)
    seen = view(world, stack)
    critical = critical_baseline_m(stack)
    baselines = {
        date: network.DateBaseline(metres, critical)
        for date, metres in baselines_m(seen, drawn.dates, world.seed, settings).items()
    }
    pairs = network.planned_pairs(chain.pairs, drawn.dates, baselines)
    rates = partial(_sbas, chain.sbas, looks) if chain.method in ("sbas", "mintpy") else None
    return scene.observe(
        world,
        stack,
        drawn.dates,
        settings,
        RateChain.of(chain.rates, world.region),
        pairs,
        rates,
    )


def _sbas(
    keys: Mapping[str, Any],
    looks: float,
    read_pair: Callable[[str], tuple],
    pairs: Sequence[str],
    elevation_m: np.ndarray,
    wavelength_m: float,
    settings: RateSettings,
    exclude: np.ndarray,
) -> Any:
    """P3's rates by least squares, of pairs in memory."""
    from sarslide.rates.sbas.rates import SbasSettings, sbas_rates

    def block(pair: str, rows: slice, cols: slice) -> tuple:
        return tuple(None if part is None else part[rows, cols] for part in read_pair(pair))

    inversion = SbasSettings(keys["weighting"], looks, keys["min_temporal_coherence"], "cpu")
    return sbas_rates(block, lambda *_: None, pairs, elevation_m, wavelength_m, settings, inversion, exclude=exclude)


def _of_ground(world: World) -> dict[str, np.ndarray]:
    """Layers that do not come from the track: terrain, images, rocks."""
    terrain = derivatives(world.elevation_m, world.grid.cell_m)
    found = {name: layer[world.window].astype(np.float32) for name, layer in terrain.items() if name != "hillshade"}
    found["elevation_m"] = world.elevation_m[world.window]
    return found | optical.reflectance(world, world.seed) | {"lithology": optical.lithology(world, world.seed)}


def _resampled(values: np.ndarray, parts: int, name: str) -> np.ndarray:
    if parts == 1:
        return values
    if values.ndim == 3:
        return np.stack([resample(band, parts, layers.get(name)) for band in values])
    return resample(values, parts, layers.get(name))


def _coarser(world: World, region: RegionGrid, parts: int) -> World:
    """The same world in cells so many times larger: means of heights and motion, cover of one cell
    each.
    """
    if parts == 1:
        return world
    fine = world.grid
    grid = RegionGrid(fine.epsg, fine.west, fine.north, region.cell_m, fine.rows // parts, fine.cols // parts)

    def mean(values: np.ndarray) -> np.ndarray:
        cut = values[..., : grid.rows * parts, : grid.cols * parts]
        blocks = cut.reshape(*values.shape[:-2], grid.rows, parts, grid.cols, parts)
        return blocks.mean(axis=(-3, -1)).astype(np.float32)

    return replace(
        world,
        region=region,
        grid=grid,
        elevation_m=mean(world.elevation_m),
        land_cover=world.land_cover[: grid.rows * parts : parts, : grid.cols * parts : parts],
        velocity_mm_per_yr=mean(world.velocity_mm_per_yr),
    )

"""Ground that is faster than the training of the packaged network: what is found of it.

    python -m studies.fast_ground [--regions 9201 monsoon_forest_8305 ...]

One ellipse on an even slope that faces away from a descending track, with noise, stated error and
coherence of a usual stack: IoU of its object, with the network alone and with the velocity
threshold beyond the speeds of the training. Then simulated regions that trained nothing: which
objects the threshold adds there, and on what.
"""

import argparse
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import replace

import numpy as np
from shapely import affinity
from shapely.geometry import Point

from sarsim import benchmark, climates, scene, training
from sarsim.codes import DECOYS
from sarsim.products import ProductSettings
from sarsim.slopes import cells_inside
from sarsim.world import World, build_world
from sarslide.dataset.features import feature_array
from sarslide.grid import RegionGrid
from sarslide.inventory.candidates import find_candidates
from sarslide.inventory.masks import MaskRules
from sarslide.models import networks, weights
from sarslide.segment.infer import predict
from studies.benchmark import runs
from studies.tables import RECORD, publish

COMMAND = "python -m studies.fast_ground"
GRID = RegionGrid(32647, 515130.0, 3215640.0, 30.0, 160, 160)
RATES = (15, 25, 40, 65, 100, 150, 250)  # LOS, mm/yr
OBJECTS = ((0.06, 14.0), (0.06, 8.0), (0.25, 20.0), (1.1, 20.0))  # km2, degree
RECORDS = RECORD.parent
PATCH = RegionGrid(32647, 515130.0, 3215640.0, 30.0, 144, 144)
REGIONS = ("9201", "hengduan_dry_valley_8301", "monsoon_forest_8305")
NOISE_MM_PER_YR, ERROR_MM_PER_YR, COHERENCE = 3.0, 4.0, 0.6
LENGTH_OVER_WIDTH, EDGE = 2.5, 0.25
DESCENDING = {"los_east": 0.6, "los_north": -0.1, "los_up": 0.79}
WEST = 270.0
MIN_RATE_MM_PER_YR = 20.0
SOURCE = "velocity_threshold"


def ellipse(area_km2: float):
    """An ellipse in the middle of `GRID`, its long axis down the slope."""
    west, south, east, north = GRID.bounds
    half = np.sqrt(area_km2 * 1e6 / np.pi / LENGTH_OVER_WIDTH)
    centre = Point((west + east) / 2, (south + north) / 2)
    return affinity.scale(centre.buffer(1.0, 64), half * LENGTH_OVER_WIDTH, half)


def moving_ellipse(area_km2: float, slope_deg: float, los_rate: float, seed: int = 0) -> dict[str, np.ndarray]:
    """Layers of an even slope to the west on which one ellipse moves, slower towards its edge.

    los_rate: mm/yr, in its middle; it moves away from the satellite, down the slope.
    """
    rows, cols = GRID.shape
    y, x = np.mgrid[:rows, :cols] - (np.array(GRID.shape)[:, None, None] - 1) / 2
    half = np.sqrt(area_km2 * 1e6 / np.pi / LENGTH_OVER_WIDTH) / GRID.cell_m
    share = np.clip((1 - np.hypot(x / (half * LENGTH_OVER_WIDTH), y / half)) / EDGE, 0, 1)
    noise = np.random.default_rng(seed).normal(0, NOISE_MM_PER_YR, GRID.shape)
    even = {
        **DESCENDING,
        "slope_deg": slope_deg,
        "aspect_deg": WEST,
        "los_rate_std_mm_per_yr": ERROR_MM_PER_YR,
        "mean_coherence": COHERENCE,
    }
    layers = {name: np.full(GRID.shape, value, np.float32) for name, value in even.items()}
    return layers | {
        "los_rate_mm_per_yr": (noise - los_rate * share**2 * (3 - 2 * share)).astype(np.float32),
        "elevation_m": (3000 + np.tan(np.radians(slope_deg)) * GRID.cell_m * x).astype(np.float32),
        "layover_shadow": np.zeros(GRID.shape, np.uint8),
    }


class Finder:
    """The packaged network, and candidates of scenes with and without the velocity threshold."""

    def __init__(self) -> None:
        self.network, self.card = networks.load(weights.packaged(runs.PACKAGED_NETWORK))
        assert self.card.trained_on
        self.limits = self.card.trained_on.speed_limits

    def candidates(self, layers: dict[str, np.ndarray], grid: RegionGrid, stack: str = "D062"):
        """Candidates with the network alone, and with both.

        layers: all but the probability.
        """
        probability = predict(self.network, feature_array(self.card.channels, layers.__getitem__), self.card)
        layers = layers | {"probability": probability}
        return tuple(
            find_candidates(
                layers, grid, stack, self.card.threshold, MIN_RATE_MM_PER_YR, MaskRules(min_slope_deg=5.0), None, limits
            )
            for limits in ((), self.limits)
        )


def best_iou(frame, outline) -> float:
    """IoU of the object that fits best, 0 without any."""
    fits = [g.intersection(outline).area / g.union(outline).area for g in frame.geometry]
    return round(max(fits, default=0.0), 2)


def ellipses(finder: Finder) -> list[list[object]]:
    """One row an object and way to find it: IoU by rate."""
    rows: list[list[object]] = []
    for area, slope in OBJECTS:
        found = [finder.candidates(moving_ellipse(area, slope, rate), GRID) for rate in RATES]
        for way, frames in zip(("network", "with the threshold"), zip(*found, strict=True), strict=True):
            rows.append([area, slope, way, *(f"{best_iou(frame, ellipse(area)):.2f}" for frame in frames)])
    return rows


def simulated_patch(seed: int = 9203) -> Iterable[tuple[str, dict[str, np.ndarray]]]:
    """As `simulated`, of a small part of a valley and few dates: seconds instead of minutes."""
    world_settings, products, _ = training.random_settings(seed)
    few = replace(world_settings, landslides=(1, 3, 4), subsidence=1, glacier=0, snow=0)
    world = build_world(PATCH, seed, training.MARGIN_M, few)
    yield from _tracks(world, products, scene.regular_dates(10))


def simulated(name: str) -> Iterable[tuple[str, dict[str, np.ndarray]]]:
    """Track and layers of a simulated region, with its label, decoys and true rates."""
    if name.isdigit():
        _, products, count = training.random_settings(int(name))
        world, dates = training.training_world(int(name)), scene.regular_dates(count)
    else:
        region = climates.region_of(name)
        drawn = benchmark.draw(climates.CLIMATES[region.climate], region.seed)
        world, products, dates = benchmark.region_world(name), drawn.products, list(drawn.dates)
    yield from _tracks(world, products, dates)


def _tracks(world: World, products: ProductSettings, dates: list[str]) -> Iterable[tuple[str, dict[str, np.ndarray]]]:
    for stack in scene.STACKS.values():
        observed = scene.observe(world, stack, dates, products)
        yield (
            stack,
            observed.layers
            | {
                "grid": world.region,
                "label": scene.label(world, observed.seen),
                "decoy": scene.decoys(world, observed),
                "true_los_rate_mm_per_yr": scene.los_rate(world, observed.seen),
            },
        )


def added(finder: Finder, name: str) -> list[object]:
    """Objects that the threshold adds in both tracks of a region, by what they lie on."""
    codes = {code: kind for kind, code in DECOYS.items()}
    kinds: Counter[str] = Counter()
    before = 0
    for stack, layers in simulated(name):
        grid = layers.pop("grid")
        alone, both = finder.candidates(layers, grid, stack)
        before += len(alone)
        for geometry in both.geometry[both["source"] == SOURCE]:
            cells = cells_inside(grid, geometry)
            decoy = int(np.bincount(layers["decoy"][cells]).argmax())
            landslide = (layers["label"][cells] == scene.LANDSLIDE).mean() > 0.3
            moves = np.nanpercentile(np.abs(layers["true_los_rate_mm_per_yr"][cells]), 95) >= MIN_RATE_MM_PER_YR
            word = "landslide" if landslide else codes.get(decoy, "other moving ground" if moves else "still ground")
            kinds[word] += 1
    names = ("landslide", "glacier", "snow", "mining", "other moving ground")
    rest = sum(kinds.values()) - sum(kinds[kind] for kind in names)
    return [name, before, sum(kinds.values()), *(kinds[kind] for kind in names), rest]


def main(regions: Sequence[str]) -> None:
    """Print and publish both tables."""
    finder = Finder()
    limits = ", ".join(f"{speed:.0f} mm/yr up to {area:.2g} km2" for area, speed in finder.limits)
    publish(
        "9_fast_ground_1",
        "Ground faster than the training: IoU of one ellipse by its LOS rate",
        COMMAND,
        ["km2", "slope, degree", "found by", *(f"{rate} mm/yr" for rate in RATES)],
        ellipses(finder),
        f"Even slope to the west, descending track, noise {NOISE_MM_PER_YR:g} mm/yr, stated error {ERROR_MM_PER_YR:g} mm/yr,"
        f" coherence {COHERENCE:g}. Speeds down the slope that 95 % of the landslides of the training do not exceed: {limits}.",
    )
    publish(
        "9_fast_ground_2",
        "Ground faster than the training: objects that the velocity threshold adds in regions that trained nothing",
        COMMAND,
        ["region", "candidates", "added", "landslide", "glacier", "snow", "mining", "other moving", "still ground"],
        [added(finder, name) for name in regions],
        "Both tracks, masked candidates included. Glaciers, snow and mines move, or seem to, faster than the landslides of"
        " the training; a snowline masks the first two.",
    )


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--regions", nargs="*", default=REGIONS)
    main(parser.parse_args().regions)

"""The papers' networks on real ground: scenes, and weights of a quarter of the width.

    python -m studies.papers.training --folder OUT [--only three_rivers] [--parts make train]
    python -m studies.papers.training --folder OUT --smallest

make: for each of the four presets that train, scenes of its tracks over ground of the DEM library,
of the two ranges that are nearest to its region in relief and climate (GROUND): its dates, pairs,
unwrapper, rates and cells, samples that lie apart in a cell, scattering and landslides as measured.
train: the network of the paper on its layers, by its recipe, shortened to a budget in samples as in
the benchmark; of each range the last region validates. Weights are float16 and lie in OUT/weights,
`p2_mask_rcnn_resnext_dcb_sa.safetensors` for example; copied to src/sarslide/models/weights they
are those of the presets. They are sarslide's: no paper published any. What stands in OUT is read,
not made again.

No range of the library is humid and subtropical as Baihetan is, or of loess: its ground there is
the nearest there is.
"""

import argparse
import json
import time
import zlib
from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from itertools import product
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import torch
from tqdm import tqdm

from sarsim import benchmark, default_chain, paper_scene
from sarsim.bodies import BodySettings
from sarsim.dem_terrain import terrain_of_dem
from sarsim.paper_climates import climate_of
from sarsim.paper_scene import Chain
from sarsim.scattering import MEASURED
from sarslide.config import Config, load
from sarslide.dataset import scenes
from sarslide.dataset.features import channel_set
from sarslide.errors import SarslideError
from sarslide.grid import RegionGrid
from sarslide.io.arrays import write_npz
from sarslide.models import registry, weights
from sarslide.retrieve.dem import region_dem
from sarslide.retrieve.dem_library import FOLDER as LIBRARY
from sarslide.segment.precision import BF16, FP32, has_bf16
from sarslide.training import card as cards
from sarslide.training import trained_on
from sarslide.training.recipe import Recipe
from sarslide.training.train import Trained, train
from sarslide.workflow.fingerprint import fingerprint
from sarslide.workflow.training_inputs import simulated_chain
from sarslide.workflow.weights_files import name_of_paper
from studies.benchmark import runs
from studies.gpu.learning import SMALLEST
from studies.ground import cutting
from studies.ground.cutting import BODIES, SIDE_M, GroundRegion

GROUND = {
    "three_rivers": ("nw_himalaya", "eastern_swiss_alps"),
    "jinsha_lancang": ("nw_himalaya", "central_andes"),
    "baihetan": ("massif_central", "transverse_ranges"),
    "qtp_loess": ("transverse_ranges", "lost_river_range_basin_and_range_north"),
}


class Budget(NamedTuple):
    """regions: of a range, the last validates. samples: patches of 128 x 128 cells that the network
    sees. dates: every scene with so many first dates of the preset's, 0 for all of them. middle_m:
    the median height of a scene is drawn from these, empty: that of its ground.
    """

    regions: int
    samples: int
    dates: tuple[int, ...] = (0,)
    middle_m: tuple[float, ...] = ()


BUDGET = {
    "three_rivers": Budget(3, 20_000),
    "jinsha_lancang": Budget(3, 10_000),
    "baihetan": Budget(2, 10_000),
    # Rates of a survey that has just begun are noisier than those of the paper's two years. Ground
    # from the loess to the edge of Tibet is up to 2 km higher than the ranges, whose heights alone
    # would leave the network to extrapolate.
    "qtp_loess": Budget(3, 10_000, (0, 12), (1500, 4000)),
}
CELLS = 256  # along the sides of the interferograms: inside a region of the ground, whole patches
WIDTH = 0.25
PARTS = ("make", "train")
WORDS = weights.SIMULATED + ", by sarslide under the recipe of {}"


def main(arguments: Sequence[str] | None = None) -> None:
    chosen = _arguments(arguments)
    try:
        for preset in chosen.only:
            ground = ground_of(preset, chosen.smallest)
            if "make" in chosen.parts:
                make_all(chosen.folder, preset, ground, chosen.smallest)
            if "train" in chosen.parts:
                train_preset(chosen.folder, preset, ground, chosen.samples or BUDGET[preset].samples, chosen.smallest)
    except SarslideError as error:
        raise SystemExit(str(error)) from error


def ground_of(preset: str, smallest: bool = False) -> list[GroundRegion]:
    """Regions of the ranges of a preset. smallest: one of each range."""
    each = 1 if smallest else BUDGET[preset].regions
    found = cutting.regions_of(cutting.files_of(LIBRARY, None, False), each)
    return [region for name in GROUND[preset] for region in found if region.file.mountains == name]


def parted(ground: Sequence[GroundRegion]) -> tuple[list[GroundRegion], list[GroundRegion]]:
    """Regions that train, and those that validate: the last of each range, the second of two."""
    if len(ground) == 2:
        return list(ground[:1]), list(ground[1:])
    last = list({region.file.mountains: region for region in ground}.values())
    return [region for region in ground if region not in last], last


class Planned(NamedTuple):
    """Scene of a track (`sarslide.dataset.scenes.load`), its region, track and number of dates (0:
    the preset's).
    """

    path: Path
    region: GroundRegion
    stack: str
    dates: int


def planned(folder: Path, preset: str, ground: Sequence[GroundRegion]) -> list[Planned]:
    """The scenes of a preset: of every region each of its tracks."""
    stacks = load({"region": preset}).stacks
    found = []
    for region, stack, dates in product(ground, stacks, BUDGET[preset].dates):
        name = f"{preset}.{region.name}.{stack}{f'.{dates}' if dates else ''}.npz"
        found.append(Planned(folder / "scenes" / name, region, stack, dates))
    return found


def paths_of(folder: Path, preset: str, ground: Sequence[GroundRegion]) -> list[list[Path]]:
    """Scenes of the regions that train, and of those that validate."""
    return [[scene.path for scene in planned(folder, preset, part)] for part in parted(ground)]


def make_all(folder: Path, preset: str, ground: Sequence[GroundRegion], smallest: bool = False) -> None:
    """Write the scenes of a preset that are not there."""
    for scene in tqdm(planned(folder, preset, ground), f"make {preset}", unit="scene"):
        make(scene, preset, smallest)


def grid_of(region: GroundRegion, chain: Chain) -> RegionGrid:
    """Grid of the interferograms of a preset in a region of the ground."""
    return RegionGrid(region.grid.epsg, region.grid.west, region.grid.north, chain.cell_m, CELLS, CELLS)


def drawn(preset: str, region: GroundRegion, grid: RegionGrid, config: Config) -> benchmark.RegionDraw:
    """The settings of a region: climate and decoys of the paper's, landslides as they are, pairs as
    its preset makes them. Its snowline lies as high between the valleys and the tops of this ground
    as between those of the drawn one.
    """
    found = benchmark.draw(climate_of(preset), region.seed)
    heights, _ = region_dem(region.file.path, grid, 0.0, "orthometric", region.file.geoid_m)
    low, high = np.percentile(heights, (2, 98))
    terrain, area = found.world.terrain, grid.rows * grid.cols / np.prod(paper_scene.SHAPE)
    share = (found.world.snowline_m - terrain.floor_m) / terrain.relief_m
    decoys = {name: round(getattr(found.world, name) * area) for name in ("subsidence", "glacier", "snow", "mining")}
    count = round(BODIES.count * grid.rows * grid.cols * grid.cell_area_km2 / (SIDE_M / 1000) ** 2)
    bodies: BodySettings = replace(BODIES, count=count)
    return replace(
        found,
        world=replace(found.world, snowline_m=float(low + share * (high - low)), bodies=bodies, **decoys),
        products=default_chain.products(replace(found.products, scattering=MEASURED), config),
    )


def make(scene: Planned, preset: str, smallest: bool = False) -> None:
    """Write a scene, if it is not there. smallest: a piece with few dates."""
    path, region, stack, dates = scene
    if path.is_file():
        return
    config = load({"region": preset})
    chain = Chain.of(simulated_chain(config))
    grid = grid_of(region, chain)
    found = drawn(preset, region, grid, config)
    if smallest:
        side, dates = CELLS // 2, 8
        grid = RegionGrid(grid.epsg, grid.west, grid.north, grid.cell_m, side, side)
    if dates:
        found = replace(found, dates=found.dates[:dates])
    fine = chain.fine(grid)
    ground = partial(terrain_of_dem, region.file.path, region=fine, vertical="orthometric", geoid_m=region.file.geoid_m)
    world = paper_scene.world_of(chain, grid, region.seed, found.world, ground)
    meta = {"region": region.name, "range": region.file.mountains, "climate": preset, "seed": region.seed}
    meta["products"] = dict(found.products.stated())
    layers = paper_scene.of_world(world, grid, stack, found, chain, meta)
    path.parent.mkdir(parents=True, exist_ok=True)
    write_npz(path, layers | {"elevation_m": lifted(layers["elevation_m"], path.stem, BUDGET[preset].middle_m)})


def lifted(elevation_m: np.ndarray, name: str, middle_m: Sequence[float]) -> np.ndarray:
    """Heights with their median where `name` draws it between two heights."""
    if not middle_m:
        return elevation_m
    middle = np.random.default_rng(zlib.crc32(name.encode())).uniform(*middle_m)
    return elevation_m + np.float32(middle - np.median(elevation_m))


def weights_path(folder: Path, preset: str) -> Path:
    """Weights of a preset's network."""
    config = load({"region": preset})
    return folder / "weights" / f"{name_of_paper(config, config.segmentation.model)}.safetensors"


def recipe_of(config: Config, samples: int) -> Recipe:
    """The paper's recipe with a budget of samples, its round that of the best F1.

    Its threshold is chosen: probabilities of a short training stay below the papers' 0.5.
    """
    precision = BF16 if has_bf16(torch.device("cpu")) else FP32
    short = runs.shortened(config.training.preset, samples)
    return replace(short, threshold=0.0, keep="f1", precision=precision)


def train_preset(
    folder: Path, preset: str, ground: Sequence[GroundRegion], samples: int, smallest: bool = False
) -> None:
    """Train a preset's network and write its weights, if they are not there."""
    path, config = weights_path(folder, preset), load({"region": preset})
    if path.is_file():
        return
    channels = channel_set(config.training.channels)
    files = paths_of(folder, preset, ground)
    known, checked = ([scenes.load(each, channels) for each in part] for part in files)
    recipe = recipe_of(config, samples)
    if smallest:
        recipe = replace(recipe, **SMALLEST)
    path.parent.mkdir(parents=True, exist_ok=True)
    options = registry.options(config.segmentation.model, WIDTH)
    checkpoint = path.with_suffix(".checkpoint")
    begun = time.process_time()
    trained = train(known, checked, channels, config.segmentation.model, options, recipe, "cpu", True, checkpoint)
    print(f"{preset}: {time.process_time() - begun:.0f} CPU s, {json.dumps(trained.scores['object'])}")
    landslides = trained_on.measure(files[0])
    weights.save(path, trained.network, card_of(trained, known, checked, preset, landslides), half=True)
    checkpoint.unlink(missing_ok=True)


def card_of(
    trained: Trained,
    known: Sequence[scenes.TrainingScene],
    checked: Sequence[scenes.TrainingScene],
    preset: str,
    landslides: Any,
) -> dict[str, Any]:
    """The card: what every card has, the preset, its layers and its ground."""
    config = load({"region": preset})
    label = WORDS.format(config.paper)
    card = cards.model_card(trained, known, checked, fingerprint(Path(__file__)), label, landslides=landslides)
    of_preset = {
        "preset": preset,
        "paper": config.paper,
        "width": WIDTH,
        "channel_set": config.training.channels,
        "ground": sorted({scene.region for scene in (*known, *checked)}),
        "tensors": "float16",
    }
    return card | {
        "training": card["training"] | of_preset,
        "known_failures": [*card["known_failures"], *cards.SIMULATED_FAILURES],
    }


def _arguments(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--folder", type=Path, required=True)
    parser.add_argument("--only", nargs="+", choices=GROUND, default=list(GROUND), help="presets")
    parser.add_argument("--parts", nargs="+", choices=PARTS, default=PARTS)
    parser.add_argument("--samples", type=int, help="in place of the budget")
    parser.add_argument("--smallest", action="store_true", help="a piece of two regions, 8 dates, one step")
    return parser.parse_args(arguments)


if __name__ == "__main__":
    main()

"""Each network of each preset learns eight patches of its own layers by heart.

    python -m studies.papers.overfit --folder FOLDER
    python -m studies.papers.overfit --folder FOLDER --only jinsha_lancang --networks mask_rcnn

F1 by cell, 0.95 at least. The patches are those with most landslide cells of one simulated scene of
the preset's ground, tracks, pairs, rates and grid; channels, loss and normalisation are the
preset's, the width is a quarter of the published one. Adam stands in for the recipe's optimiser
where that is another, and for its learning rates, which fall to nothing along a cosine: a recipe's
budget is for thousands of patches.
Nothing is augmented or left out. A network is tested as it maps: in evaluation, above 0.5, instance
networks above the threshold that their recipe chooses. Writes rows of studies/records/papers.json.
"""

import argparse
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from sarsim.paper_scene import Chain, simulate
from sarslide.config import Config, load
from sarslide.dataset import normalise, scenes
from sarslide.dataset.features import channel_set
from sarslide.dataset.patches import cut
from sarslide.evaluate import metrics
from sarslide.io.arrays import write_npz
from sarslide.models import networks, registry
from sarslide.training import recipe as recipes
from sarslide.training import targets
from sarslide.training.loss import segmentation_loss
from sarslide.workflow import weights_files
from sarslide.workflow.training_inputs import simulated_chain
from studies.papers import put, row

COMMAND = "python -m studies.papers.overfit --folder FOLDER"
REGIONS = ("three_rivers", "jinsha_lancang", "baihetan", "qtp_loess")
SEED, PATCHES, GOAL, WIDTH = 9001, 8, 0.95, 0.25
SIDES = {registry.SEMANTIC: 64, registry.INSTANCE: 128}  # cells of a patch
# That of P4's recipe: at more its logits leave the reach of the dice loss (`training.recipe`).
RATES = {"p4": 1e-4}
# A step of an instance network takes some seconds.
STEPS = {"p4": 2000, "p2": 600}
RATE, MOST_STEPS, EVERY = 1e-3, 1000, 20
THRESHOLDS = np.linspace(0.05, 0.95, 19)


@dataclass(frozen=True)
class Learnt:
    """What a network knows of its patches after some steps."""

    f1: float
    steps: int
    cpu_s: float


def scene_of(config: Config, folder: Path) -> scenes.TrainingScene:
    """The simulated scene of a preset; what stands in the folder is read."""
    path = folder / f"{config.region}.{SEED}.{config.stacks[0]}.npz"
    if not path.is_file():
        folder.mkdir(parents=True, exist_ok=True)
        chain = Chain.of(simulated_chain(config))
        write_npz(path, simulate(config.training.climate, SEED, config.stacks[0], chain))
    return scenes.load(path, channel_set(config.training.channels))


def richest(scene: scenes.TrainingScene, side: int) -> list[tuple[np.ndarray, np.ndarray]]:
    """Features and labels of the patches with most landslide cells, side by side at most."""
    rows, cols = (range(0, size - side + 1, side) for size in scene.label.shape)
    places = [(row, col) for row in rows for col in cols]
    counts = {place: int((cut(scene.label, *place, side, scenes.IGNORE) == 1).sum()) for place in places}
    chosen = sorted(places, key=lambda place: -counts[place])[:PATCHES]
    return [
        (cut(scene.features, *place, side, np.nan), cut(scene.label, *place, side, scenes.IGNORE).copy())
        for place in chosen
    ]


def learn(config: Config, name: str, scene: scenes.TrainingScene) -> Learnt:
    """Train one network on its patches until it knows them, or the steps are used up."""
    recipe, single = recipes.preset(config.training.preset), registry.kind(name) == registry.INSTANCE
    patches = richest(scene, SIDES[registry.kind(name)])
    channels = channel_set(config.training.channels)
    scaled = normalise.fit(recipe.normalisation, channels, [features for features, _ in patches])
    inputs = torch.from_numpy(np.stack([scaled(features) for features, _ in patches]))
    labels = torch.from_numpy(np.stack([label for _, label in patches]))
    torch.manual_seed(recipe.seed)
    network = networks.build(name, len(channels), **registry.options(name, WIDTH))
    optimiser = torch.optim.Adam(network.parameters(), lr=RATES.get(config.training.preset, RATE))
    steps = STEPS.get(config.training.preset, MOST_STEPS)
    rates = torch.optim.lr_scheduler.CosineAnnealingLR(optimiser, steps)
    begun, f1, step = time.process_time(), 0.0, 0
    while step < steps and f1 < GOAL:
        network.train()
        for _ in range(EVERY):
            if single:
                seen, wanted = targets.with_targets(inputs, labels, recipe.min_cells)
                loss = torch.stack(list(network(seen, wanted).values())).sum()
            else:
                loss = segmentation_loss(network(inputs)[:, 0], labels, recipe.loss, lambda value: value)
            optimiser.zero_grad(set_to_none=True)
            loss.backward()
            optimiser.step()
            rates.step()
        step += EVERY
        f1 = known(network.eval(), inputs, labels, single)
        print(name, step, f"{loss.item():.3f}", f"{f1:.3f}", flush=True)
    return Learnt(f1, step, time.process_time() - begun)


@torch.no_grad()
def known(network: torch.nn.Module, inputs: Tensor, labels: Tensor, single: bool) -> float:
    """F1 by cell of the counted cells of all patches."""
    maps = torch.sigmoid(torch.cat([network(one[None])[:, 0] for one in inputs])).numpy()
    truth = labels.numpy()
    thresholds = THRESHOLDS if single else (0.5,)
    return max(metrics.pixel_counts(truth, maps > threshold).f1 for threshold in thresholds)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--folder", type=Path, required=True, help="where the scenes go")
    parser.add_argument("--only", nargs="+", choices=REGIONS, default=REGIONS)
    parser.add_argument("--networks", nargs="+", help="only these")
    chosen = parser.parse_args()
    for region in chosen.only:
        config = load({"region": region})
        scene, preset = scene_of(config, chosen.folder), config.training.preset
        for name in weights_files.networks(config):
            if chosen.networks and name not in chosen.networks:
                continue
            learnt = learn(config, name, scene)
            what = f"{region}: {name} at a quarter of its width learns eight patches of {config.training.channels}: F1 by cell"
            measured = f"{learnt.f1:.3f} after {learnt.steps} steps, {learnt.cpu_s:.0f} CPU s, recipe {preset}, Adam"
            put([row(what, measured, COMMAND, goal=f">= {GOAL}", met=learnt.f1 >= GOAL)])


if __name__ == "__main__":
    main()

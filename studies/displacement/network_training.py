"""Networks that are trained on from ones on the rates of sarslide, by products of all kinds.

A network for every range of the test that had not seen it before (`studies.network.folds`) goes on
with the training ranges of the benchmark, the packaged one with all nine. Scenes of 90 m are
smaller than a patch: those of a region stand side by side in one.
"""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from sarslide.dataset import scenes
from sarslide.dataset.scenes import TrainingScene
from sarslide.models import weights
from sarslide.training import card as cards
from sarslide.training import trained_on
from sarslide.training.recipe import Recipe
from sarslide.training.train import train
from sarslide.workflow.fingerprint import fingerprint
from studies.benchmark import regions
from studies.displacement.network_kinds import KINDS, scene_path
from studies.ground import making
from studies.ground.cutting import GroundRegion
from studies.network import training as ranges
from studies.network.maps import PACKAGED

NAME = "drs_unet_products"
RECIPE = Recipe(
    samples=3_000,
    rounds=3,
    batch=16,
    learning_rate=1e-3,
    parts=3,
    clip_norm=1.0,
    normalisation="asinh",
    faster=0.25,
    keep="last",
)
COARSE_TIMES = 8  # that a mosaic is shown for once a scene of 30 m: it has fewer patches


def fold_path(folder: Path, mountains: str) -> Path:
    """Weights for a range that none of their trainings has seen."""
    return folder / "products" / f"{mountains}.safetensors"


def packaged_path(folder: Path) -> Path:
    """Weights for a release of sarslide."""
    return folder / f"{NAME}.safetensors"


def train_fold(before: Path, folder: Path, mountains: str) -> None:
    """The network of a range of the test, unless it is there."""
    known, checked = (regions.regions_of(part) for part in ("train", "validation"))
    train_on(folder, ranges.fold_path(before, mountains), known, checked, fold_path(folder, mountains))


def train_packaged(folder: Path) -> None:
    """The network of all ranges, of which the last region of each validates."""
    every = regions.regions()
    last = {region.file.mountains: region for region in every}.values()
    known = [region for region in every if region not in last]
    train_on(folder, weights.packaged(PACKAGED), known, list(last), packaged_path(folder), half=True)


def train_on(
    folder: Path,
    start: Path,
    training: Sequence[GroundRegion],
    validation: Sequence[GroundRegion],
    path: Path,
    half: bool = False,
) -> None:
    """Train on from weights by scenes of all kinds, and write weights with their card."""
    if path.is_file():
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    card = weights.read_card(start)
    known = of_regions(folder, training, card.channels, COARSE_TIMES)
    checked = of_regions(folder, validation, card.channels)
    recipe = replace(RECIPE, start=str(start), patch=card.tile)
    trained = train(known, checked, card.channels, ranges.NETWORK, ranges.OPTIONS, recipe, "cpu", True)
    paths = [scene_path(folder, kind, each, one) for kind in KINDS for each in training for one in making.PASSES]
    made = cards.model_card(trained, known, checked, fingerprint(Path(__file__)), landslides=trained_on.measure(paths))
    made["training"] |= {"kinds": list(KINDS)} | ({"tensors": "float16"} if half else {})
    weights.save(path, trained.network, made, half)


def of_regions(
    folder: Path, chosen: Sequence[GroundRegion], channels: Sequence[str], times: int = 1
) -> list[TrainingScene]:
    """Scenes of regions in all kinds, those of 90 m as mosaics, `times` each."""
    found = []
    for region in chosen:
        small = []
        for kind, about in KINDS.items():
            tracks = [scenes.load(scene_path(folder, kind, region, each), channels) for each in making.PASSES]
            if about.cells_90m and not about.laid:
                small.append(tracks)
            else:
                found += tracks
        found += times * [mosaic(small)]
    return found


def mosaic(rows: Sequence[Sequence[TrainingScene]]) -> TrainingScene:
    """Scenes of one region and size side by side; the first one gives the name."""
    first = rows[0][0]
    features = np.concatenate([np.concatenate([each.features for each in row], axis=2) for row in rows], axis=1)
    label = np.block([[each.label for each in row] for row in rows])
    return TrainingScene(first.region, f"{first.name} and others", features, label)

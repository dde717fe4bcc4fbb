"""Networks of `studies.network.folds`: of every range one that has not seen it, and one of all.

Each learns in two stages: first what there is, then, with smaller steps, landslides made faster.
Fast ground from the start cost more on slow ground than it gave (0.51 for 0.57, F1 by object on the
Transverse Ranges), and no validation scene shows what the second stage teaches: its last round
stays.
"""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import torch

from sarslide.dataset import scenes
from sarslide.dataset.features import channel_set
from sarslide.models import weights
from sarslide.segment.precision import BF16, FP32, has_bf16
from sarslide.training import card as cards
from sarslide.training import trained_on
from sarslide.training.recipe import Recipe
from sarslide.training.train import train
from sarslide.workflow.fingerprint import fingerprint
from studies.ground import making
from studies.ground.cutting import GroundRegion
from studies.network import valleys

NETWORK, OPTIONS, CHANNELS = "drs_unet", {"width": 16}, "sarslide_ranges"
RECIPE = Recipe(samples=12_000, rounds=3, learning_rate=2e-3, parts=6, clip_norm=1.0, normalisation="asinh")
FASTER = replace(RECIPE, samples=3_200, rounds=1, learning_rate=1e-3, parts=3, faster=0.5, keep="last")


def fold_path(folder: Path, mountains: str) -> Path:
    """Weights of the network that has not seen a range."""
    return folder / "folds" / f"{mountains}.safetensors"


def train_folds(folder: Path, regions: Sequence[GroundRegion], folds: Sequence[dict]) -> None:
    """The networks of folds that are missing, each written when it is trained."""
    for fold in folds:
        (test,) = fold["test"]
        if not fold_path(folder, test).is_file():
            known, checked = (
                [region for region in regions if region.file.mountains in fold[part]]
                for part in ("train", "validation")
            )
            train_one(folder, known, checked, fold_path(folder, test))


def train_packaged(folder: Path, regions: Sequence[GroundRegion], path: Path) -> None:
    """The network of all ranges; the last region of each validates."""
    last = {region.file.mountains: region for region in regions}.values()
    train_one(folder, [region for region in regions if region not in last], list(last), path)


def train_one(folder: Path, training: Sequence[GroundRegion], validation: Sequence[GroundRegion], path: Path) -> None:
    """Train on the scenes of regions and of valleys, and write weights with their card."""
    of_training = paths_of(folder, training) + valleys.paths_of(folder, valleys.TRAINING)
    of_validation = paths_of(folder, validation) + valleys.paths_of(folder, valleys.VALIDATION)
    channels = channel_set(CHANNELS)
    known, checked = ([scenes.load(each, channels) for each in paths] for paths in (of_training, of_validation))
    path.parent.mkdir(parents=True, exist_ok=True)
    first, start = path.with_suffix(".first.safetensors"), ""
    landslides = trained_on.measure(of_training)
    for stage, written in ((RECIPE, first), (FASTER, path)):
        if not written.is_file():
            recipe = replace(stage, precision=BF16 if has_bf16(torch.device("cpu")) else FP32, start=start)
            trained = train(known, checked, channels, NETWORK, OPTIONS, recipe, "cpu", True)
            card = cards.model_card(trained, known, checked, fingerprint(Path(__file__)), landslides=landslides)
            weights.save(written, trained.network, card)
        start = str(written)


def paths_of(folder: Path, regions: Sequence[GroundRegion]) -> list[Path]:
    """Scenes of both tracks of regions."""
    return [making.scene_path(folder, region, orbit_pass) for region in regions for orbit_pass in making.PASSES]

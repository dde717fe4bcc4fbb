"""A training as one part: its record, and for weights that are kept their tensors."""

import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

from safetensors.torch import save_file

from sarsim.codes import DECOYS
from sarslide.dataset.scenes import TrainingScene
from sarslide.evaluate import scores
from sarslide.io.atomic import atomic_file
from sarslide.models import registry
from sarslide.training.recipe import Recipe
from sarslide.training.train import Learnt, learn, maps_of, thresholded
from studies.gpu.carried import read_scene

SMALLEST: dict[str, Any] = {"patch": 128, "batch": 2, "samples": 2, "rounds": 1}  # one step
LEVELS = ("pixel", "object")
CELL_M = 30.0


def run(folder: Path, out: Path, part: Mapping[str, Any], device: str, smallest: bool) -> dict[str, Any]:
    """The record of a training; kept weights are written beside it (`tensors_path`)."""
    known, checked, tested = (
        [read_scene(folder / name, SMALLEST["patch"] if smallest else 0) for name in _first(part[key], smallest)]
        for key in ("training", "validation", "test")
    )
    recipe = Recipe(**part["recipe"])
    if smallest:
        recipe = replace(recipe, **SMALLEST)
    begun = time.perf_counter()
    learnt = learn(known, checked, part["channels"], part["network"], part["options"], recipe, device, processes=1)
    seconds = time.perf_counter() - begun
    if part["keep"]:
        path = tensors_path(out, part["name"])
        tensors = {name: tensor.cpu().contiguous() for name, tensor in learnt.network.state_dict().items()}
        with atomic_file(path) as temporary:
            save_file(tensors, temporary)
    return {
        "options": learnt.options,
        "recipe": asdict(recipe),
        "normalisation": learnt.normalisation.to_dict(),
        "best_epoch": learnt.best_epoch,
        "history": learnt.history,
        "parameters": registry.parameter_count(learnt.network),
        "seconds": round(seconds, 2),
        "scores": _scores(learnt, checked, tested, device),
    }


def tensors_path(out: Path, name: str) -> Path:
    """Tensors of the weights of a part."""
    return out / f"{name}.safetensors"


def _first(names: Sequence[str], smallest: bool) -> Sequence[str]:
    return names[:1] if smallest else names


def _scores(
    learnt: Learnt, checked: Sequence[TrainingScene], tested: Sequence[TrainingScene], device: str
) -> dict[str, Any]:
    """Scores of both parts at the threshold that the validation part gives. Not calibrated: marks
    and F1 are the same.
    """
    found, threshold = thresholded(learnt, checked, device)
    of_parts = {"validation": (checked, found), "test": (tested, maps_of(learnt, tested, device))}
    made: dict[str, Any] = {"threshold": round(float(threshold), 6)}
    for name, (part, probabilities) in of_parts.items():
        if part:
            evaluated = scores.evaluate(part, probabilities, threshold, learnt.recipe.min_cells, DECOYS, CELL_M)
            summary = scores.summary(evaluated)
            made[name] = {level: summary[level] for level in LEVELS}
            made[name]["intervals"] = {level: summary["intervals"][level] for level in LEVELS}
    return made

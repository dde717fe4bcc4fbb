"""The state of a training after a round, so that it can go on after an interruption to the same result.

A checkpoint belongs to one recipe, network and data set: its `identity`. It is read without trusting it (tensors and plain values
only) and written under a temporary name.
"""

import hashlib
import json
import logging
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import torch

from sarslide.dataset.normalise import Normalisation
from sarslide.dataset.scenes import TrainingScene, data_hash
from sarslide.errors import TrainingError
from sarslide.io.atomic import atomic_file
from sarslide.io.sidecar import sha256
from sarslide.training.recipe import Recipe
from sarslide.workflow.fingerprint import fingerprint

log = logging.getLogger(__name__)


def identity(
    training: Sequence[TrainingScene],
    validation: Sequence[TrainingScene],
    channels: Sequence[str],
    normalisation: Normalisation,
    network: str,
    options: dict[str, Any],
    recipe: Recipe,
    processes: int,
) -> str:
    """sha256 of all that decides the numbers of a training: data, network, recipe, starting weights, code, torch."""
    start = Path(recipe.start)
    facts = {
        "data": [data_hash(training), data_hash(validation)],
        "channels": list(channels),
        "normalisation": normalisation.to_dict(),
        "network": [network, options],
        "recipe": asdict(recipe) | {"start": sha256(start) if start.is_file() else recipe.start},
        "processes": processes,
        "code": fingerprint(Path(__file__).with_name("train.py")),
        "torch": torch.__version__,
    }
    return hashlib.sha256(json.dumps(facts, sort_keys=True).encode()).hexdigest()


def save(path: Path, made_by: str, state: dict[str, Any]) -> None:
    """Write `state` (tensors, numbers, words, lists and dicts of them)."""
    with atomic_file(path) as temporary:
        torch.save({"identity": made_by, **state}, temporary)


def read(path: Path | None, made_by: str) -> dict[str, Any] | None:
    """The state of `path` where there is one and it was made by the same training; else None.

    Raises TrainingError for a file that cannot be read.
    """
    if path is None or not path.is_file():
        return None
    try:
        state = torch.load(path, map_location="cpu", weights_only=True)
        found = state["identity"]
    except Exception as error:  # whatever bytes a damaged archive makes torch raise
        reason = str(error).splitlines()[0][:100] if str(error) else type(error).__name__
        raise TrainingError(
            f"{path}: checkpoint cannot be read ({reason})", "delete it; the training starts anew"
        ) from None
    if found != made_by:
        log.info("%s: checkpoint of another recipe, network, data set or version: the training starts anew", path)
        return None
    return state

"""The state of a training after a round, from which it goes on to the same result.

A checkpoint belongs to one recipe, network and data set: its `identity`. It is read without
trusting it (tensors and plain values only) and written under a temporary name.
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
from sarslide.io.hashes import sha256
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
    """Hash of all that decides the numbers of a training.

    Parameters
    ----------
    training, validation : sequence of TrainingScene
        Scenes of both parts.
    channels : sequence of str
        Channels of the features.
    normalisation : Normalisation
        Of the training part, or of the starting weights.
    network : str
        Name in the registry.
    options : dict of str to Any
        Of the network.
    recipe : Recipe
        How to train; of its starting weights the content counts.
    processes : int
        That share each batch.

    Returns
    -------
    str
        sha256; code and torch count, too.
    """
    start = Path(recipe.start)
    decisive = {
        "data": [data_hash(training), data_hash(validation)],
        "channels": list(channels),
        "normalisation": normalisation.to_dict(),
        "network": [network, options],
        "recipe": asdict(recipe) | {"start": sha256(start) if start.is_file() else recipe.start},
        "processes": processes,
        "code": fingerprint(Path(__file__).with_name("train.py")),
        "torch": torch.__version__,
    }
    return hashlib.sha256(json.dumps(decisive, sort_keys=True).encode()).hexdigest()


def save(path: Path, made_by: str, state: dict[str, Any]) -> None:
    """Write the state of a training.

    Parameters
    ----------
    path : Path
        Checkpoint.
    made_by : str
        Identity of the training.
    state : dict of str to Any
        Tensors, numbers, words, lists and dicts of them.
    """
    with atomic_file(path) as temporary:
        torch.save({"identity": made_by, **state}, temporary)


def read(path: Path | None, made_by: str) -> dict[str, Any] | None:
    """The state of a checkpoint of the same training.

    Parameters
    ----------
    path : Path or None
        Checkpoint.
    made_by : str
        Identity of the training.

    Returns
    -------
    dict of str to Any or None
        None where there is no file, or one of another training.

    Raises
    ------
    TrainingError
        For a file that cannot be read.
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

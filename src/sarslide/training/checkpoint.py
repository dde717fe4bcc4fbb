"""The state of a training after a round, from which it goes on to the same result.

A checkpoint belongs to one recipe, network and data set: its `identity`. It is a safetensors file
whose metadata holds all that is no tensor as JSON: reading it runs nothing, and takes no more
memory than the file has bytes.
"""

import hashlib
import json
import logging
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file
from safetensors.torch import save as to_bytes
from torch import Tensor

from sarslide.dataset.normalise import Normalisation
from sarslide.dataset.scenes import TrainingScene, data_hash
from sarslide.errors import TrainingError
from sarslide.io import bounded
from sarslide.io.atomic import atomic_file
from sarslide.io.hashes import sha256
from sarslide.training.recipe import Recipe
from sarslide.workflow.fingerprint import fingerprint

log = logging.getLogger(__name__)
AGAIN = "delete it; the training starts anew"
TENSOR, ITEMS = "tensor", "items"  # in the JSON: the name of a tensor, the items of a dict


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
    start, coco = Path(recipe.start), Path(recipe.coco_file)
    decisive = {
        "data": [data_hash(training), data_hash(validation)],
        "channels": list(channels),
        "normalisation": normalisation.to_dict(),
        "network": [network, options],
        "recipe": asdict(recipe)
        | {"start": sha256(start) if start.is_file() else recipe.start}
        | {"coco_file": sha256(coco) if coco.is_file() else ""},
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
    from sarslide.models.weights import read_header

    tensors: dict[str, Tensor] = {}
    text = json.dumps({"identity": made_by, **_without_tensors(state, "", tensors)})
    with atomic_file(path, lambda temporary: read_header(temporary, TrainingError, AGAIN)) as temporary:
        temporary.write_bytes(to_bytes(tensors, metadata={"state": text}))


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
    from sarslide.models.weights import read_header

    metadata = read_header(path, TrainingError, AGAIN).metadata
    state = bounded.parsed_json(metadata.get("state", "null"), path, TrainingError, AGAIN)
    if not isinstance(state, dict):
        raise TrainingError(f"{path}: is no checkpoint", AGAIN)
    if state.pop("identity", None) != made_by:
        log.info("%s: checkpoint of another recipe, network, data set or version: the training starts anew", path)
        return None
    try:
        return _with_tensors(state, load_file(path))
    except (SafetensorError, OSError, KeyError) as error:
        raise TrainingError(f"{path}: checkpoint cannot be read ({bounded.shown(error)})", AGAIN) from None


def _without_tensors(value: Any, name: str, tensors: dict[str, Tensor]) -> Any:
    """A value for JSON; each tensor goes to `tensors`, and its name stands in its place.

    JSON knows only words as keys: a dict is a list of its items.
    """
    if isinstance(value, Tensor):
        tensors[name] = value.detach().cpu().contiguous().clone()
        return {TENSOR: name}
    if isinstance(value, dict) and name:
        return {ITEMS: [[key, _without_tensors(v, f"{name}.{key}", tensors)] for key, v in value.items()]}
    if isinstance(value, dict):
        return {key: _without_tensors(v, str(key), tensors) for key, v in value.items()}
    if isinstance(value, list | tuple):
        return [_without_tensors(v, f"{name}.{k}", tensors) for k, v in enumerate(value)]
    return value


def _with_tensors(value: Any, tensors: dict[str, Tensor]) -> Any:
    if isinstance(value, list):
        return [_with_tensors(v, tensors) for v in value]
    if not isinstance(value, dict):
        return value
    if TENSOR in value:
        return tensors[value[TENSOR]]
    if ITEMS in value:
        return {key: _with_tensors(v, tensors) for key, v in value[ITEMS]}
    return {key: _with_tensors(v, tensors) for key, v in value.items()}

"""The model card that travels in a weights file."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import torch

from sarslide.dataset.scenes import TrainingScene, data_hash
from sarslide.io.bounded import shown
from sarslide.io.hashes import sha256
from sarslide.models.card import MAX_NAMES, TrainedOn
from sarslide.models.pretrained import Start
from sarslide.models.weights import SIMULATED
from sarslide.training.train import Trained

# Of the scores of a test part.
HELD_OUT = ("pixel", "object", "groups", "safe", "intervals")
MAX_NAME = 200  # characters of a tensor of a foreign file

# True of every network that reads these measurements, whatever it was trained on.
KNOWN_FAILURES = (
    "Landslides that move along the satellite's track, on slopes that face north or south, move little in the line of sight and"
    " are missed.",
    "There is no probability in layover and shadow; water, snow and dense forest lose coherence, and what moves there is missed.",
    "Landslides that move faster down the slope than those of their size in the training are not marked; a threshold on the"
    " velocity finds them, and with them mines, glaciers and snow that are as fast.",
    "Landslides that move more than a quarter of a wavelength (14 mm in C-band) between two dates are underestimated or missed.",
)
# True of networks that learnt from simulated regions alone; `docs/reference/benchmark.md` has the
# numbers.
SIMULATED_FAILURES = (
    "Mines and dumps on slopes, glaciers and changing snow move like landslides, and many are mapped as such: a snowline,"
    " where one is set, masks the last two, a reviewer has to reject the first.",
    "Where forest leaves little coherence, about a quarter of the landslides that a track sees are missed.",
    "No real landslide was in the training: outlines, speeds and noise are those of the simulation.",
)


def model_card(
    trained: Trained,
    training: Sequence[TrainingScene],
    validation: Sequence[TrainingScene],
    code: str,
    label: str = SIMULATED,
    licence: str = "BSD-3-Clause",
    landslides: TrainedOn | None = None,
    test: Mapping[str, Any] | None = None,
) -> dict[str, Any]:
    """The card of a trained network (`models.weights`).

    Parameters
    ----------
    trained : Trained
        What the training gave.
    training, validation : sequence of TrainingScene
        Scenes of both parts.
    code : str
        Fingerprint of the training code.
    label : str
        What the network learnt from, in words that products repeat.
    licence : str
        Of the weights.
    landslides : TrainedOn or None
        What was measured of those of the training (`trained_on.measure`).
    test : mapping of str to Any or None
        Scores of the test part (`held_out.evaluate`).

    Returns
    -------
    dict of str to Any
        Entries of `models.card.Card`.
    """
    recipe = trained.recipe
    start = Path(recipe.coco_file or recipe.start)
    return {
        "network": trained.name,
        "options": trained.options,
        "channels": list(trained.channels),
        "normalisation": trained.normalisation.to_dict(),
        "tile": recipe.patch,
        "threshold": trained.threshold,
        "calibration": trained.calibration,
        "bf16_mask_iou": trained.bf16_mask_iou,
        "training": {
            "recipe": asdict(recipe) | {"start": Path(recipe.start).name, "coco_file": Path(recipe.coco_file).name},
            "start_sha256": sha256(start) if start.is_file() else "",
            "best_epoch": trained.best_epoch,
            "samples_seen": trained.history[-1]["samples"],
            "regions": sorted({scene.region for scene in training}),
            "validation_regions": sorted({scene.region for scene in validation}),
            "data_sha256": data_hash([*training, *validation]),
            "code": code,
            "torch": torch.__version__,
            "device": trained.device,
            "processes": trained.processes,
        },
        "scores": {key: trained.scores[key] for key in ("pixel", "object")}
        | ({"test": {key: test[key] for key in HELD_OUT}} if test else {}),
        "known_failures": [*KNOWN_FAILURES, *(SIMULATED_FAILURES if label == SIMULATED else ())],
        "licence": licence,
        "label": label,
        "trained_on": landslides and landslides.model_dump(),
        "start": trained.start and _start(trained.start),
    }


def _start(start: Start) -> dict[str, Any]:
    """What a network started from, names up to the most that a card holds."""
    lists = {"loaded": start.loaded, "random": start.random, "refused": start.refused}
    tensors = {
        key: {"count": len(names), "first": [shown(name, MAX_NAME) for name in names[:MAX_NAMES]]}
        for key, names in lists.items()
    }
    return {"source": start.source, **tensors}

"""What a network of the ranges should read: trainings that differ in one choice.

    python -m studies.network.inputs --folder OUT [--only CHOICE] [--record]

OUT: of `studies.network.folds`, its part make done. Every choice is trained on six ranges with a
third of the samples of `studies.network.training` and the same seed, and scored on three other
ranges, with the threshold and calibration that it has from them: they choose, and no figure of the
folds comes from here. Objects of fewer than 20 cells do not count.
"""

import argparse
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import torch

from sarslide.dataset import scenes
from sarslide.dataset.features import channel_set
from sarslide.io.sidecar import read_json, write_json
from sarslide.retrieve.dem_library import FOLDER as LIBRARY
from sarslide.segment.precision import BF16, FP32, has_bf16
from sarslide.training.train import train
from studies.ground import cutting
from studies.network import put, row, training
from studies.network.folds import TRAINED
from studies.structure.records import keep_or_tell

COMMAND = "python -m studies.network.inputs --folder OUT --record"
CHOOSING = ("massif_central", "nw_himalaya", "central_andes")
SAMPLES = training.RECIPE.samples // 3
OURS = channel_set(training.CHANNELS)
WITHOUT_RATIO = tuple(name for name in OURS if name != "los_rate_over_std")


@dataclass(frozen=True)
class Choice:
    """A training; what it does not name is as in `studies.network.training`."""

    what: str
    channels: tuple[str, ...] = OURS
    options: dict[str, Any] = field(default_factory=lambda: training.OPTIONS)
    recipe: dict[str, Any] = field(default_factory=dict)


CHOICES = {
    "taken": Choice("as taken: rate, rate over error, error, coherence, slope, sensitivity; inverse hyperbolic sine"),
    "before": Choice(
        "inputs of before, without rate over error, linear", WITHOUT_RATIO, recipe={"normalisation": "robust"}
    ),
    "no_ratio": Choice("without rate over error", WITHOUT_RATIO),
    "linear": Choice("linear, cut at 20 deviations", recipe={"normalisation": "robust"}),
    "phase": Choice(
        "with averaged phase and its error", (*OURS, "avg_phase_sin", "avg_phase_cos", "avg_phase_std_rad")
    ),
    "curvature": Choice("with both curvatures", (*OURS, "curvature_profile_per_m", "curvature_plan_per_m")),
    "wide": Choice("half as wide again", options={"width": 24}),
    "entropy": Choice("cross-entropy alone", recipe={"loss": "bce"}),
}


def main(arguments: Sequence[str] | None = None) -> None:
    chosen = _arguments(arguments)
    rows = [_row(choice, _tried(chosen.folder, chosen.dems, name)) for name, choice in CHOICES.items()
            if chosen.only in (None, name)]  # fmt: skip
    keep_or_tell(rows, put, chosen.record)


def _tried(folder: Path, dems: Path, name: str) -> dict[str, Any]:
    """Scores of a choice: read where they stand, else trained and written."""
    path = folder / "inputs" / f"{name}.json"
    if path.is_file():
        return read_json(path)
    regions = cutting.regions_of(cutting.files_of(dems, None, False), TRAINED)
    choice = CHOICES[name]
    known, choosing = (
        [
            scenes.load(each, choice.channels)
            for each in training.paths_of(folder, [r for r in regions if (r.file.mountains in CHOOSING) is chooses])
        ]
        for chooses in (False, True)
    )
    precision = BF16 if has_bf16(torch.device("cpu")) else FP32
    changes: dict[str, Any] = {"samples": SAMPLES, "rounds": 4, "precision": precision} | choice.recipe
    recipe = replace(training.RECIPE, **changes)
    trained = train(known, choosing, choice.channels, training.NETWORK, choice.options, recipe, progress=True)
    scores = {
        level: {key: trained.scores[level][key] for key in ("precision", "recall", "f1")}
        for level in ("object", "pixel")
    }
    write_json(path, scores)
    return scores


def _row(choice: Choice, scores: dict[str, Any]) -> dict:
    by_object = scores["object"]
    text = (
        f"{by_object['precision']:.2f} / {by_object['recall']:.2f} / {by_object['f1']:.3f}; {scores['pixel']['f1']:.3f}"
    )
    what = f"choice: {choice.what}: precision / recall / F1 by object; F1 by cell, {SAMPLES:,} samples"
    return row(what, text, COMMAND)


def _arguments(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--folder", type=Path, required=True)
    parser.add_argument("--dems", type=Path, default=LIBRARY)
    parser.add_argument("--only", choices=CHOICES, help="one choice")
    parser.add_argument("--record", action="store_true", help="put the rows into studies/records/network.json")
    return parser.parse_args(arguments)


if __name__ == "__main__":
    main()

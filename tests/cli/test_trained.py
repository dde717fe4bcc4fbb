"""What a training prints at its end."""

import json
import os

import pytest

from sarslide.errors import TrainingError
from sarslide.report import trained

NAME = "unet.p0_insar.16"


def made(place, learnt="labels", intervals=True, groups=3):
    folder = place / "training" / learnt / "p0" / NAME
    folder.mkdir(parents=True)
    level = {"tp": 3, "fp": 1, "fn": 2, "precision": 0.75, "recall": 0.6, "f1": 0.666667, "iou": 0.5}
    ends = dict.fromkeys(level, [0.25, 0.875] if intervals else [None, None])
    scores = {"pixel": level, "object": level | {"precision": None}, "groups": groups, "safe": False, "threshold": 0.4}
    scores["intervals"] = {"pixel": ends, "object": ends}
    (folder / "test_scores.json").write_text(json.dumps(scores))
    (folder / "unet.safetensors").touch()
    return folder / "unet.safetensors"


def test_scores_of_the_test_part_are_printed_with_their_intervals(tmp_path):
    weights = made(tmp_path)
    assert trained.lines(tmp_path, NAME) == [
        f"trained: {weights}",
        "  test part by cell: f1 0.67 [0.25, 0.88], precision 0.75 [0.25, 0.88], recall 0.60 [0.25, 0.88]",
        "  test part by object: f1 0.67 [0.25, 0.88], precision none [0.25, 0.88], recall 0.60 [0.25, 0.88]",
        "  [95 % intervals] from 3 groups of blocks, too few: they are too narrow",
    ]
    assert trained.lines(tmp_path, "unet.p0_insar.8") == []


def test_one_group_has_no_interval_and_the_newest_training_counts(tmp_path):
    os.utime(made(tmp_path, "simulated"), (1, 1))
    weights = made(tmp_path, intervals=False, groups=1)
    scores = weights.with_name("test_scores.json")
    first, by_cell, _, last = trained.lines(tmp_path, NAME)
    assert first == f"trained: {weights}"
    assert by_cell == "  test part by cell: f1 0.67, precision 0.75, recall 0.60"
    assert last == "  without intervals: the test part is one group of blocks"
    scores.write_text("{")
    with pytest.raises(TrainingError, match=r"test_scores.json: .*; cure: train again"):
        trained.lines(tmp_path, NAME)
    scores.unlink()
    assert trained.lines(tmp_path, NAME) == [f"trained: {weights}"]

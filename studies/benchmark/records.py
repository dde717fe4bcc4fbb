"""The record of a run: what the page needs of its scores.

It is small enough to be published, so that tables fill up over time.
"""

import csv
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from sarslide.dataset.patches import windows
from sarslide.dataset.scenes import TrainingScene
from sarslide.errors import TrainingError
from sarslide.evaluate import scores
from sarslide.io.sidecar import read_json

LEVELS = ("pixel", "object", "patch")
KEPT = ("groups", *LEVELS, "average_precision", "brier", "planted", "kinds", "decoys")
COUNTS = {"pixel": ("tp", "fp", "fn", "tn"), "object": ("tp", "fp", "fn")}
PATCH = 128
UNKNOWN = 255
SCALE = 254


def region_set(paths: Sequence[str | Path]) -> str:
    """Hash of the settings that the scenes of these npz files were made with
    (`sarsim.benchmark.settings_hash`).

    Raises TrainingError where they come from different sets.
    """
    found = {}
    for path in paths:
        with np.load(path) as file:
            found.setdefault(json.loads(str(file["meta"]))["settings_hash"], path)
    if len(found) != 1:
        raise TrainingError(f"{', '.join(map(str, found.values()))}: of different region sets", "simulate them again")
    return next(iter(found))


def part_record(
    scenes: Sequence[TrainingScene],
    maps: Sequence[np.ndarray],
    threshold: float,
    min_cells: int,
    decoy_codes: Mapping[str, int],
    cell_m: float,
) -> dict[str, Any]:
    """Scores of a part with intervals by region, and the counts of each region (`by_region`), for
    JSON.

    maps: probability (rows, cols) of each scene, NaN where unknown; marked where >= threshold.
    """
    evaluated = scores.evaluate(scenes, maps, threshold, min_cells, decoy_codes, cell_m)
    pooled = scores.summary(evaluated)
    regions: dict[str, dict[str, dict[str, int]]] = {}
    for scene in evaluated["scenes"]:
        own = regions.setdefault(scene["region"], {level: dict.fromkeys(names, 0) for level, names in COUNTS.items()})
        for level, names in COUNTS.items():
            for name in names:
                own[level][name] += scene[level][name]
    intervals = {level: pooled["intervals"][level] for level in LEVELS}
    return {name: pooled[name] for name in KEPT if name in pooled} | {"intervals": intervals, "by_region": regions}


def curve(history: str | Path) -> list[tuple[int, float, float]]:
    """Samples seen, F1 by cell at a probability of 0.5 and loss, both on the validation part, after
    each round of a learning curve.
    """
    with open(history, newline="") as stream:
        rows = [row for row in csv.DictReader(stream) if row["validation_f1"]]
    return [(int(row["samples"]), float(row["validation_f1"]), float(row["validation_loss"])) for row in rows]


def read(folder: Path, region_set: str) -> dict[str, dict[str, Any]]:
    """Run's name -> record of the runs below `folder` scored on the region set of that hash."""
    found = {path.parent.name: read_json(path) for path in sorted(folder.glob("runs/*/scores.json"))}
    return {name: record for name, record in found.items() if record["region_set"] == region_set}


def shown_windows(scenes: Sequence[TrainingScene], most: int = 6) -> list[tuple[int, int, int]]:
    """(scene, row, col) of one window of 128 cells in one scene of each region: that with most
    landslide cells.
    """
    chosen, seen = [], set()
    for k, scene in enumerate(scenes):
        if scene.region in seen or len(chosen) == most:
            continue
        seen.add(scene.region)
        label = scene.label if scene.full_label is None else scene.full_label
        places = windows(label.shape, PATCH, 0.0)
        best = max(places, key=lambda place: int((label[_window(*place)] == 1).sum()))
        chosen.append((k, *best))
    return chosen


def shown_maps(maps: Sequence[np.ndarray], places: Sequence[tuple[int, int, int]]) -> np.ndarray:
    """Probability of the shown windows (windows, 128, 128) as uint8.

    0 to 254 for 0 to 1, 255 unknown.
    """
    cut = np.stack([maps[k][_window(row, col)] for k, row, col in places])
    return np.where(np.isfinite(cut), np.round(np.nan_to_num(cut) * SCALE), UNKNOWN).astype(np.uint8)


def _window(row: int, col: int) -> tuple[slice, slice]:
    return slice(row, row + PATCH), slice(col, col + PATCH)

"""Scores of a network on whole scenes, from which every pooled value and interval can be made.

Two steps: `evaluate` counts, scene by scene; `summary` adds the counts up and draws regions for
intervals, and `compare` does so for two networks. Training, benchmark and report call these.

What a track or a network cannot see. Cells whose features are unknown have no probability (NaN) and
are not counted: `pixel` and `object` score the map where there is one. `pixel_all` and `object_all`
count them: a landslide that the label shows is missed there. They compare channel sets that see
different ground. `planted` also counts the landslides that no label shows, because the track cannot
see them or they are too slow: that recall is what an inventory would have.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from sarslide.dataset.scenes import IGNORE, TrainingScene
from sarslide.evaluate import breakdown, intervals, metrics, reliability
from sarslide.evaluate.metrics import CELL_SCORES, OBJECT_SCORES, Counts

PATCH = 128  # cells, P0's
AREAS_KM2 = (0.05, 0.2)
SPEEDS_MM_PER_YR = (25.0, 50.0)
COUNTS = ("tp", "fp", "fn", "tn")
LEVELS = {"pixel": CELL_SCORES, "object": OBJECT_SCORES, "pixel_all": CELL_SCORES, "object_all": OBJECT_SCORES}
CONTAINED = ("truth", "truth_found", "found", "found_right")


def evaluate(
    scenes: Sequence[TrainingScene],
    maps: Sequence[np.ndarray],
    threshold: float,
    min_cells: int = 1,
    decoy_codes: Mapping[str, int] | None = None,
    cell_m: float = 30.0,
) -> dict[str, Any]:
    """Counts of maps against the labels of their scenes, scene by scene, for JSON.

    Parameters
    ----------
    scenes : sequence of TrainingScene
        Scenes with labels.
    maps : sequence of (rows, cols) array
        Probability, NaN where the network cannot tell.
    threshold : float
        p >= threshold is landslide.
    min_cells : int
        Smaller objects are left out on both sides.
    decoy_codes : mapping of str to int or None
        `sarsim.codes.DECOYS`, for scenes that carry `decoy`.
    cell_m : float
        Side of a cell.

    Returns
    -------
    dict of str to Any
        Settings and, in `scenes`, counts.
    """
    settings = {"threshold": threshold, "min_cells": min_cells, "min_iou": metrics.MIN_IOU, "cell_m": cell_m}
    entries = [
        _entry(scene, p, threshold, min_cells, decoy_codes, cell_m) for scene, p in zip(scenes, maps, strict=True)
    ]
    return {**settings, "scenes": entries}


def _entry(
    scene: TrainingScene,
    p: np.ndarray,
    threshold: float,
    min_cells: int,
    decoy_codes: Mapping[str, int] | None,
    cell_m: float,
) -> dict[str, Any]:
    marked = p >= threshold
    label = np.where(np.isfinite(p), scene.label, np.uint8(IGNORE))
    whole = scene.label if scene.full_label is None else scene.full_label
    entry: dict[str, Any] = {
        "region": scene.region,
        "name": scene.name,
        "pixel": _plain(metrics.pixel_counts(label, marked)),
        "object": _plain(metrics.object_counts(label, marked, min_cells=min_cells)),
        "pixel_all": _plain(metrics.pixel_counts(whole, marked)),
        "object_all": _plain(metrics.object_counts(whole, marked, min_cells=min_cells)),
        "contained": metrics.contained_counts(label, marked, min_cells),
        "patches": [[each.tp, each.fp, each.fn, each.tn] for each in metrics.patch_counts(label, marked, PATCH)],
        "histogram": reliability.histogram(label, p),
        "landslides": breakdown.landslides(scene, label, marked, min_cells, cell_m),
        "planted": breakdown.planted(scene, marked, min_cells),
    }
    if decoy_codes and scene.decoy is not None:
        truth = (whole == 1) if scene.landslide_kind is None else (whole == 1) | (scene.landslide_kind > 0)
        entry["decoys"] = breakdown.decoys_fooled(scene.decoy, marked, min_cells, decoy_codes, truth)
    return entry


def summary(evaluated: Mapping[str, Any], by: str = "region") -> dict[str, Any]:
    """Pooled scores with 95 % intervals.

    Parameters
    ----------
    evaluated : mapping of str to Any
        Of `evaluate`.
    by : str
        Key of a scene whose values are drawn, `region` (or `name`).

    Returns
    -------
    dict of str to Any
        pixel, object, pixel_all, object_all: counts and scores. patch: means over P0's patches.
        contained: recall, precision, F1. average_precision, precision_recall, reliability, brier:
        of all counted cells. planted, kinds, areas, speeds, decoys: where the scenes have them.
        intervals: level -> score -> [low, high] (null for one group); groups, and safe: enough of
        them to trust an interval.
    """
    scenes = evaluated["scenes"]
    table = _Table(scenes, by)
    found: dict[str, Any] = {level: _counted(table, level, names) for level, names in LEVELS.items()}
    histogram = reliability.add([scene["histogram"] for scene in scenes])
    found |= {
        "patch": {name: _value(table, "patch", name) for name in OBJECT_SCORES},
        "contained": {name: _value(table, "contained", name) for name in ("precision", "recall", "f1")},
        "average_precision": _value(table, "curve", "average_precision"),
        "precision_recall": _curve(histogram),
        "reliability": reliability.reliability(histogram["background"], histogram["landslide"], histogram["sum_p"]),
        "brier": round(reliability.brier(histogram), 6),
    }
    spread = {
        level: {name: _ends(intervals.bootstrap(table.level(level), _score(level, name))) for name in names}
        for level, names in SCORES.items()
    }
    groups = {"by": by, "groups": len(table.groups), "safe": len(table.groups) >= intervals.MIN_REGIONS}
    settings = {name: evaluated[name] for name in ("threshold", "min_cells", "min_iou", "cell_m")}
    return settings | groups | found | _breakdowns(scenes) | {"intervals": spread}


def compare(
    first: Mapping[str, Any], second: Mapping[str, Any], level: str = "object", score: str = "f1", by: str = "region"
) -> dict[str, Any]:
    """Score of one network less that of another, with its 95 % interval by region.

    An interval that leaves out zero means that the order of the two networks is no accident of
    these regions (one seed of the training, though).

    Parameters
    ----------
    first, second : mapping of str to Any
        Of `evaluate`.
    level, score : str
        A pair of `SCORES`.
    by : str
        Key of a scene whose values are drawn.

    Returns
    -------
    dict of str to Any
        level, score, value, low, high, groups, safe.

    Raises
    ------
    ValueError
        Where the two do not hold the same scenes.
    """
    names = [sorted(scene["name"] for scene in each["scenes"]) for each in (first, second)]
    if names[0] != names[1]:
        raise ValueError("the two were scored on different scenes")
    one, other = (_Table(each["scenes"], by).level(level) for each in (first, second))
    found = intervals.difference(one, other, _score(level, score))
    return {"level": level, "score": score, **found.to_dict(), "groups": found.groups, "safe": found.safe}


SCORES: dict[str, tuple[str, ...]] = {
    **LEVELS,
    "patch": OBJECT_SCORES,
    "contained": ("precision", "recall", "f1"),
    "curve": ("average_precision",),
}


class _Table:
    """Counts that add up, one row a group: all that a score or an interval needs."""

    def __init__(self, scenes: Sequence[Mapping[str, Any]], by: str):
        self.groups = sorted({scene[by] for scene in scenes})
        self._slices: dict[str, slice] = {}
        rows = np.stack([self._row(scene) for scene in scenes])
        place = [self.groups.index(scene[by]) for scene in scenes]
        self._sums = np.zeros((len(self.groups), rows.shape[1]))
        np.add.at(self._sums, place, rows)

    def _row(self, scene: Mapping[str, Any]) -> np.ndarray:
        parts = {level: [scene[level][name] for name in COUNTS] for level in LEVELS}
        parts["contained"] = [scene["contained"][name] for name in CONTAINED]
        patches = [metrics.patch_sums(Counts(*each)) for each in scene["patches"]]
        parts["patch"] = [sum(each[name][k] for each in patches) for name in OBJECT_SCORES for k in (0, 1)]
        parts["curve"] = [*scene["histogram"]["background"], *scene["histogram"]["landslide"]]
        start = 0
        for name, part in parts.items():
            self._slices[name] = slice(start, start + len(part))
            start += len(part)
        return np.concatenate(list(parts.values()))

    def level(self, name: str) -> np.ndarray:
        """The columns that the scores of a level need, (groups, columns)."""
        return self._sums[:, self._slices[name]]


def _score(level: str, name: str) -> Callable[[np.ndarray], np.ndarray]:
    """Sums of `_Table.level` (..., columns) -> the score (...)."""

    def of_counts(sums: np.ndarray) -> np.ndarray:
        return getattr(Counts(*np.moveaxis(sums, -1, 0)), name)

    def of_patches(sums: np.ndarray) -> np.ndarray:
        total, number = np.moveaxis(sums, -1, 0)[2 * OBJECT_SCORES.index(name) :][:2]
        return np.divide(total, number, out=np.full(np.shape(total), np.nan), where=number > 0)

    def of_contained(sums: np.ndarray) -> np.ndarray:
        truth, truth_found, found, right = np.moveaxis(sums, -1, 0)
        precision, recall = metrics.ratio(right, found), metrics.ratio(truth_found, truth)
        return {"precision": precision, "recall": recall, "f1": metrics.harmonic(precision, recall)}[name]

    def of_curve(sums: np.ndarray) -> np.ndarray:
        return reliability.average_precision(*np.split(sums, 2, axis=-1))

    return {"patch": of_patches, "contained": of_contained, "curve": of_curve}.get(level, of_counts)


def _value(table: _Table, level: str, name: str) -> float | None:
    value = float(_score(level, name)(table.level(level).sum(0)))
    return round(value, 6) if np.isfinite(value) else None


def _counted(table: _Table, level: str, names: Sequence[str]) -> dict[str, Any]:
    counts = dict(zip(COUNTS, map(int, table.level(level).sum(0)), strict=True))
    if names is OBJECT_SCORES:
        del counts["tn"]
    return counts | {name: _value(table, level, name) for name in names}


def _curve(histogram: Mapping[str, np.ndarray]) -> dict[str, list[float]]:
    found = reliability.precision_recall(histogram["background"], histogram["landslide"])
    return {name: [round(float(v), 4) for v in values] for name, values in found.items()}


def _plain(counts: Counts) -> dict[str, int]:
    return {name: getattr(counts, name) for name in COUNTS}


def _ends(interval: intervals.Interval) -> list[float | None]:
    found = interval.to_dict()
    return [found["low"], found["high"]]


def _breakdowns(scenes: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Recall of landslides by type, area and speed; false alarms by decoy."""
    rows = [row for scene in scenes for row in scene["landslides"]]
    found: dict[str, Any] = {
        "kinds": {str(kind): _recall(row for row in rows if row.get("kind") == kind) for kind in (1, 2, 3)},
        "areas_km2": {word: _recall(group) for word, group in breakdown.classes(rows, "area_km2", AREAS_KM2)},
        "los_speeds_mm_per_yr": {
            word: _recall(group) for word, group in breakdown.classes(rows, "los_speed_mm_per_yr", SPEEDS_MM_PER_YR)
        },
    }
    known = [scene["planted"] for scene in scenes if scene["planted"]]
    if known:
        sums = {name: sum(each[name] for each in known) for name in ("landslides", "found")}
        found["planted"] = sums | {"recall": round(metrics.ratio(sums["found"], sums["landslides"]), 6)}
    fooled: dict[str, dict[str, int]] = {}
    for scene in scenes:
        for name, counts in scene.get("decoys", {}).items():
            total = fooled.setdefault(name, dict.fromkeys(counts, 0))
            for key, value in counts.items():
                total[key] += value
    return found | ({"decoys": fooled} if fooled else {})


def _recall(rows) -> dict[str, float | int]:
    fates = [row["matched"] for row in rows]
    return {"landslides": len(fates), "found": sum(fates), "recall": round(metrics.ratio(sum(fates), len(fates)), 6)}

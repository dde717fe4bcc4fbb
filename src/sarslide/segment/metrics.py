"""Scores of a map against a label, by cell and by object (P0 eqs. 6-9, F01; F05 for objects).

Counts add up, so that scores are pooled over scenes by adding counts. A ratio with an empty denominator is 0.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from sarslide.dataset.scenes import IGNORE

EIGHT_NEIGHBOURS = np.ones((3, 3), int)
THRESHOLDS = tuple(round(0.1 + 0.05 * k, 2) for k in range(17))
NEAR_BEST = 0.02


@dataclass(frozen=True)
class Counts:
    """True positives, false positives, false negatives: of cells, or of objects."""

    tp: int = 0
    fp: int = 0
    fn: int = 0

    def __add__(self, other: "Counts") -> "Counts":
        return Counts(self.tp + other.tp, self.fp + other.fp, self.fn + other.fn)

    @property
    def precision(self) -> float:
        return _ratio(self.tp, self.tp + self.fp)

    @property
    def recall(self) -> float:
        return _ratio(self.tp, self.tp + self.fn)

    @property
    def f1(self) -> float:
        return _ratio(2 * self.tp, 2 * self.tp + self.fp + self.fn)

    @property
    def iou(self) -> float:
        return _ratio(self.tp, self.tp + self.fp + self.fn)

    def to_dict(self) -> dict[str, float | int]:
        """Counts and scores (fractions, 6 digits) for JSON."""
        scores = {name: round(getattr(self, name), 6) for name in ("precision", "recall", "f1", "iou")}
        return {"tp": self.tp, "fp": self.fp, "fn": self.fn, **scores}


def _ratio(part: int, whole: int) -> float:
    return part / whole if whole else 0.0


def pixel_counts(label: np.ndarray, predicted: np.ndarray) -> Counts:
    """Cells of a boolean map against a label (1, 0, 255 not counted), same shape."""
    counted, truth = label != IGNORE, label == 1
    return Counts(
        int(np.sum(predicted & truth)),
        int(np.sum(predicted & counted & ~truth)),
        int(np.sum(~predicted & truth)),
    )


def objects(mask: np.ndarray, min_cells: int = 1) -> np.ndarray:
    """Connected objects (8 neighbours) of a boolean map, numbered from 1; those of fewer than `min_cells` cells are left out."""
    from scipy import ndimage

    labels, count = ndimage.label(mask, EIGHT_NEIGHBOURS)
    large = np.bincount(labels.ravel(), minlength=count + 1) >= min_cells
    large[0] = False
    return np.where(large, np.cumsum(large), 0)[labels]


def match(truth: np.ndarray, predicted: np.ndarray, min_iou: float) -> list[tuple[int, int, float]]:
    """One-to-one matches (truth number, predicted number, IoU) of two object maps with IoU >= `min_iou`.

    The assignment has the most matches possible and, among those, the largest sum of IoU (Hungarian method).
    """
    from scipy.optimize import linear_sum_assignment

    n, m = int(truth.max(initial=0)), int(predicted.max(initial=0))
    shared = np.bincount(truth.ravel() * (m + 1) + predicted.ravel(), minlength=(n + 1) * (m + 1)).reshape(n + 1, m + 1)
    union = shared.sum(axis=1, keepdims=True) + shared.sum(axis=0, keepdims=True) - shared
    iou = (shared / np.maximum(union, 1))[1:, 1:]
    # One more match outweighs any gain in IoU, which is at most min(n, m) in total.
    gain = np.where((iou >= min_iou) & (iou > 0), iou + min(n, m), 0.0)
    rows, cols = linear_sum_assignment(gain, maximize=True)
    return [(int(r) + 1, int(c) + 1, float(iou[r, c])) for r, c in zip(rows, cols, strict=True) if gain[r, c] > 0]


def object_counts(label: np.ndarray, predicted: np.ndarray, min_iou: float = 0.3, min_cells: int = 1) -> Counts:
    """Objects of a boolean map against those of a label (1, 0, 255 not counted), matched one to one at IoU >= `min_iou`.

    Cells of 255 belong to neither. Objects of fewer than `min_cells` counted cells are left out on both sides.
    """
    truth = objects(label == 1, min_cells)
    found = objects(predicted & (label != IGNORE), min_cells)
    matched = len(match(truth, found, min_iou))
    return Counts(matched, int(found.max(initial=0)) - matched, int(truth.max(initial=0)) - matched)


def pooled(counts: Iterable[Counts]) -> Counts:
    """Sum over scenes."""
    return sum(counts, Counts())


def choose_threshold(
    labels: Sequence[np.ndarray], probabilities: Sequence[np.ndarray], min_iou: float = 0.3, min_cells: int = 1
) -> float:
    """The threshold of `THRESHOLDS` with the best F1 by cell among those whose object F1 is within `NEAR_BEST` of the best.

    Few objects change between neighbouring thresholds: their F1 alone would pick an end of a plateau by chance.
    labels: 1, 0, 255 not counted. probabilities: NaN where not observable.
    """

    def f1(threshold: float) -> tuple[float, float]:
        maps = [p >= threshold for p in probabilities]
        by_object = pooled(object_counts(y, m, min_iou, min_cells) for y, m in zip(labels, maps, strict=True))
        by_cell = pooled(pixel_counts(y, m) for y, m in zip(labels, maps, strict=True))
        return by_object.f1, by_cell.f1

    scores = {threshold: f1(threshold) for threshold in THRESHOLDS}
    best = max(by_object for by_object, _ in scores.values())
    return max((t for t in THRESHOLDS if scores[t][0] >= best - NEAR_BEST), key=lambda t: scores[t][1])

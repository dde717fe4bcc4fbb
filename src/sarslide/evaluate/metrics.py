"""Scores of a map against a label, by cell and by object.

The papers' scores by cell, with their numbers: precision, recall, F1 and IoU (P0 eqs. 6-9; P4 eqs.
3-6, whose IoU is called IOU1); accuracy, F1 and "mIoU" (P2 eqs. 4-6: eq. 6 as printed is the IoU of
the landslides alone; a mean over both classes is the usual meaning; the printed accuracy and F1 fix
both, and neither is the printed mIoU); kappa with p_o and p_e, and the MIoU of both classes (P3
eqs. 7-10). P4 words a false positive as a false negative; its values follow the usual meaning,
which is taken here. Objects: F05.

Counts add up, so that scores are pooled over scenes by adding counts. A ratio with an empty
denominator is 0. Cells of 255 count nowhere.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from sarslide.dataset.patches import windows
from sarslide.dataset.scenes import IGNORE

EIGHT_NEIGHBOURS = np.ones((3, 3), int)
THRESHOLDS = tuple(round(0.1 + 0.05 * k, 2) for k in range(17))
NEAR_BEST = 0.02
MIN_IOU = 0.3
HALF = 0.5
# A decoy is hit by an object that covers a tenth of it, or of which half lies inside it.
DECOY_COVERED, OBJECT_INSIDE = 0.1, 0.5
# The fastest tenth of a landslide decides whether a threshold of motion can find it, a single cell
# does not.
SPEED_PERCENTILE = 90
OBJECT_SCORES = ("precision", "recall", "f1", "iou")
CELL_SCORES = (*OBJECT_SCORES, "accuracy", "kappa", "chance", "miou")


@dataclass(frozen=True)
class Counts:
    """Counts of cells or objects, which add up.

    Attributes
    ----------
    tp, fp, fn : int or array
        True positives, false positives, false negatives.
    tn : int or array
        True negatives of cells; objects have none. Arrays have one shape; their scores are arrays,
        too.
    """

    tp: int = 0
    fp: int = 0
    fn: int = 0
    tn: int = 0

    def __add__(self, other: "Counts") -> "Counts":
        return Counts(self.tp + other.tp, self.fp + other.fp, self.fn + other.fn, self.tn + other.tn)

    @property
    def precision(self) -> float:
        """P0 eq. 6, P3 eq. 4, P4 eq. 4."""
        return ratio(self.tp, self.tp + self.fp)

    @property
    def recall(self) -> float:
        """P0 eq. 7, P3 eq. 5, P4 eq. 5."""
        return ratio(self.tp, self.tp + self.fn)

    @property
    def f1(self) -> float:
        """P0 eq. 8, P2 eq. 5, P3 eq. 6, P4 eq. 6."""
        return ratio(2 * self.tp, 2 * self.tp + self.fp + self.fn)

    @property
    def iou(self) -> float:
        """Of the landslides: P0 eq. 9, P4 eq. 3 (IOU1), and P2 eq. 6 as printed ("mIoU")."""
        return ratio(self.tp, self.tp + self.fp + self.fn)

    @property
    def accuracy(self) -> float:
        """P2 eq. 4; p_o of P3 eq. 8. With one landslide cell in 225 an empty map has 99.6 %."""
        return ratio(self.tp + self.tn, self.tp + self.fp + self.fn + self.tn)

    @property
    def chance(self) -> float:
        """p_e of P3 eq. 9: the agreement of two maps that only share their numbers of cells."""
        n = self.tp + self.fp + self.fn + self.tn
        return ratio(
            (self.tp + self.fn) * (self.tp + self.fp) + (self.fp + self.tn) * (self.fn + self.tn),
            n * n,
        )

    @property
    def kappa(self) -> float:
        """P3 eq. 7; 0 where both maps hold one and the same class."""
        return ratio(self.accuracy - self.chance, 1 - self.chance)

    @property
    def miou(self) -> float:
        """Mean IoU of landslides and background: P3 eq. 10, the usual meaning of P2's "mIoU"."""
        return (self.iou + ratio(self.tn, self.tn + self.fn + self.fp)) / 2


def ratio(part, whole):
    """part / whole, 0 where whole is 0.

    Parameters
    ----------
    part, whole : float or array
        Of one shape.

    Returns
    -------
    float or array
        The ratio.
    """
    if np.ndim(whole) == 0:
        return part / whole if whole else 0.0
    return np.divide(part, whole, out=np.zeros(np.shape(whole)), where=whole != 0)


def harmonic(precision, recall):
    """F1 of a precision and a recall that come from different counts.

    Parameters
    ----------
    precision, recall : float or array
        Of one shape.

    Returns
    -------
    float or array
        Harmonic mean, 0 where both are 0.
    """
    return ratio(2 * precision * recall, precision + recall)


def pixel_counts(label: np.ndarray, predicted: np.ndarray) -> Counts:
    """Cells of a map against a label.

    Parameters
    ----------
    label : (rows, cols) array
        1 landslide, 0 background, 255 not counted.
    predicted : (rows, cols) array of bool
        The map.

    Returns
    -------
    Counts
        Of cells.
    """
    counted, truth = label != IGNORE, label == 1
    return Counts(
        int(np.sum(predicted & truth)),
        int(np.sum(predicted & counted & ~truth)),
        int(np.sum(~predicted & truth)),
        int(np.sum(~predicted & counted & ~truth)),
    )


def patch_counts(label: np.ndarray, predicted: np.ndarray, size: int = 128) -> list[Counts]:
    """Counts by cell of windows side by side, the last ones flush with the end.

    P0's tables are means over patches: its F1 and IoU do not follow from one another as pooled ones
    do.

    Parameters
    ----------
    label : (rows, cols) array
        1 landslide, 0 background, 255 not counted.
    predicted : (rows, cols) array of bool
        The map.
    size : int
        Side of a window, cells.

    Returns
    -------
    list of Counts
        One a window; windows without a counted cell are left out.
    """
    parts = [np.s_[row : row + size, col : col + size] for row, col in windows(label.shape, size, 0.0)]
    return [pixel_counts(label[part], predicted[part]) for part in parts if (label[part] != IGNORE).any()]


def patch_sums(patch: Counts) -> dict[str, tuple[float, int]]:
    """The scores of a patch, for means over patches.

    Parameters
    ----------
    patch : Counts
        Of its cells.

    Returns
    -------
    dict of str to (float, int)
        By score: its value, and 1 where it is defined; 0, 0 where it is not.
    """
    whole = {
        "precision": patch.tp + patch.fp,
        "recall": patch.tp + patch.fn,
        "f1": patch.tp + patch.fp + patch.fn,
        "iou": patch.tp + patch.fp + patch.fn,
    }
    return {name: (getattr(patch, name), int(n > 0)) for name, n in whole.items()}


def objects(mask: np.ndarray, min_cells: int = 1) -> np.ndarray:
    """Connected objects (8 neighbours) of a map.

    Parameters
    ----------
    mask : (rows, cols) array of bool
        The map.
    min_cells : int
        Smaller ones are left out.

    Returns
    -------
    (rows, cols) array of int
        Number of the object in each cell, from 1; 0 none.
    """
    from scipy import ndimage

    labels, count = ndimage.label(mask, EIGHT_NEIGHBOURS)
    large = np.bincount(labels.ravel(), minlength=count + 1) >= min_cells
    large[0] = False
    return np.where(large, np.cumsum(large), 0)[labels]


def match(truth: np.ndarray, predicted: np.ndarray, min_iou: float) -> list[tuple[int, int, float]]:
    """One-to-one matches of the objects of two maps.

    The assignment has the most matches possible and, among those, the largest sum of IoU (Hungarian
    method).

    Parameters
    ----------
    truth, predicted : (rows, cols) array of int
        Numbered objects, as `objects`.
    min_iou : float
        Least IoU of a match.

    Returns
    -------
    list of (int, int, float)
        Number in `truth`, number in `predicted`, IoU.
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


def object_counts(label: np.ndarray, predicted: np.ndarray, min_iou: float = MIN_IOU, min_cells: int = 1) -> Counts:
    """Objects of a map against those of a label, matched one to one.

    Cells of 255 belong to neither.

    Parameters
    ----------
    label : (rows, cols) array
        1 landslide, 0 background, 255 not counted.
    predicted : (rows, cols) array of bool
        The map.
    min_iou : float
        Least IoU of a match.
    min_cells : int
        Objects of fewer counted cells are left out on both sides.

    Returns
    -------
    Counts
        Of objects.
    """
    truth = objects(label == 1, min_cells)
    found = objects(predicted & (label != IGNORE), min_cells)
    matched = len(match(truth, found, min_iou))
    return Counts(matched, int(found.max(initial=0)) - matched, int(truth.max(initial=0)) - matched)


def contained_counts(label: np.ndarray, predicted: np.ndarray, min_cells: int = 1) -> dict[str, int]:
    """Objects that contain one another, as a field check counts them (P4 3.3, 52 of 56 found).

    Without one-to-one matching: two halves of one landslide are both right, and a blanket over two
    finds both.

    Parameters
    ----------
    label : (rows, cols) array
        1 landslide, 0 background, 255 not counted.
    predicted : (rows, cols) array of bool
        The map.
    min_cells : int
        Smaller objects are left out on both sides.

    Returns
    -------
    dict of str to int
        truth_found of `truth` labelled objects have at least half of their cells marked;
        found_right of `found` objects have at least half of theirs on labelled ones.
    """
    truth = objects(label == 1, min_cells)
    found = objects(predicted & (label != IGNORE), min_cells)
    return {
        "truth": int(truth.max(initial=0)),
        "truth_found": int((covered(truth, found > 0) >= HALF).sum()),
        "found": int(found.max(initial=0)),
        "found_right": int((covered(found, truth > 0) >= HALF).sum()),
    }


def covered(numbered: np.ndarray, mask: np.ndarray) -> np.ndarray:
    """Share of each object that lies in a map.

    Parameters
    ----------
    numbered : (rows, cols) array of int
        Objects 1, 2, ..., 0 none.
    mask : (rows, cols) array of bool
        The map.

    Returns
    -------
    (objects,) array of float
        Shares.
    """
    cells = np.bincount(numbered.ravel())[1:]
    return np.bincount(numbered.ravel(), mask.ravel().astype(float), minlength=len(cells) + 1)[1:] / np.maximum(
        cells, 1
    )


def pooled(counts: Iterable[Counts]) -> Counts:
    """Sum over scenes.

    Parameters
    ----------
    counts : iterable of Counts
        Of the scenes.

    Returns
    -------
    Counts
        Of all.
    """
    return sum(counts, Counts())


def mask_iou(first: Sequence[np.ndarray], second: Sequence[np.ndarray], threshold: float) -> float:
    """IoU of the masks of two maps of each scene, pooled.

    Parameters
    ----------
    first, second : sequence of array of float
        Probability of each scene; NaN is in no mask.
    threshold : float
        p >= threshold is in the mask.

    Returns
    -------
    float
        IoU.
    """
    return pooled(
        pixel_counts((p >= threshold).astype(np.uint8), q >= threshold) for p, q in zip(first, second, strict=True)
    ).iou


def choose_threshold(
    labels: Sequence[np.ndarray], probabilities: Sequence[np.ndarray], min_iou: float = MIN_IOU, min_cells: int = 1
) -> float:
    """The threshold with the best F1 by cell among those that are good by object.

    Those of `THRESHOLDS` whose object F1 is within `NEAR_BEST` of the best: few objects change
    between neighbouring thresholds, and their F1 alone would pick an end of a plateau by chance.

    Parameters
    ----------
    labels : sequence of (rows, cols) array
        1 landslide, 0 background, 255 not counted.
    probabilities : sequence of (rows, cols) array
        NaN where not observable.
    min_iou : float
        Least IoU of a match.
    min_cells : int
        Objects of fewer counted cells are left out on both sides.

    Returns
    -------
    float
        Threshold.
    """

    def f1(threshold: float) -> tuple[float, float]:
        maps = [p >= threshold for p in probabilities]
        by_object = pooled(object_counts(y, m, min_iou, min_cells) for y, m in zip(labels, maps, strict=True))
        by_cell = pooled(pixel_counts(y, m) for y, m in zip(labels, maps, strict=True))
        return by_object.f1, by_cell.f1

    scores = {threshold: f1(threshold) for threshold in THRESHOLDS}
    best = max(by_object for by_object, _ in scores.values())
    return max((t for t in THRESHOLDS if scores[t][0] >= best - NEAR_BEST), key=lambda t: scores[t][1])

"""Scores against counts made by hand, and object matching against brute force."""

from itertools import permutations

import numpy as np
import pytest

from sarslide.segment import metrics


def test_pixel_scores_by_hand():
    label = np.array([[1, 1, 1, 0, 0, 255, 255]], np.uint8)
    predicted = np.array([[1, 1, 0, 1, 0, 1, 0]], bool)
    counts = metrics.pixel_counts(label, predicted)
    assert (counts.tp, counts.fp, counts.fn) == (2, 1, 1)
    assert counts.precision == counts.recall == counts.f1 == pytest.approx(2 / 3)
    assert counts.iou == 0.5
    assert metrics.Counts().to_dict() == {"tp": 0, "fp": 0, "fn": 0, "precision": 0, "recall": 0, "f1": 0, "iou": 0}


def test_p4_object_figures():
    """F05: 52 of 56 found, none invented: recall 92.86 %, F1 96.30 %."""
    counts = metrics.Counts(52, 0, 4)
    assert round(100 * counts.recall, 2) == 92.86
    assert round(100 * counts.f1, 2) == 96.30


def test_objects_by_size_and_diagonal():
    mask = np.array([[1, 0, 0, 1], [0, 1, 0, 0], [0, 0, 0, 0], [1, 1, 0, 0]], bool)
    assert metrics.objects(mask).max() == 3
    np.testing.assert_array_equal(metrics.objects(mask, 2) > 0, mask & ~np.array([[0, 0, 0, 1]] + [[0] * 4] * 3, bool))


def test_one_to_one_matching_is_the_best():
    """Against every possible assignment of small random object maps: most matches, then the largest sum of IoU."""
    rng = np.random.default_rng(12)
    for _ in range(30):
        truth, predicted = (np.repeat(np.repeat(rng.integers(0, 5, (4, 4)), 3, 0), 3, 1) for _ in range(2))
        predicted = np.roll(truth * (rng.random(truth.shape) < 0.8), 1, axis=1) if rng.random() < 0.5 else predicted
        found = metrics.match(truth, predicted, 0.2)
        assert len({t for t, _, _ in found}) == len({p for _, p, _ in found}) == len(found)
        best = (0, 0.0)
        for order in permutations(range(1, 5)):
            overlaps = [iou(truth == t, predicted == p) for t, p in zip(range(1, 5), order, strict=True)]
            good = [v for v in overlaps if v >= 0.2]
            best = max(best, (len(good), sum(good)))
        assert (len(found), sum(v for _, _, v in found)) == pytest.approx(best)


def iou(a, b):
    return (a & b).sum() / (a | b).sum() if (a | b).any() else 0.0


def test_object_counts_leave_out_uncounted_cells():
    label = np.zeros((20, 30), np.uint8)
    label[2:8, 2:8] = 1
    label[2:8, 12:18] = 1
    label[:, 24:] = metrics.IGNORE
    predicted = np.zeros(label.shape, bool)
    predicted[3:9, 2:8] = True  # IoU 5/7
    predicted[12:18, 2:8] = True  # invented
    predicted[2:8, 24:] = True  # where nothing is known
    counts = metrics.object_counts(label, predicted)
    assert (counts.tp, counts.fp, counts.fn) == (1, 1, 1)


def test_threshold_by_object():
    label = np.zeros((20, 20), np.uint8)
    label[2:8, 2:8] = 1
    probability = np.where(label == 1, 0.62, 0.05).astype(np.float32)
    probability[12:18, 12:18] = 0.45  # a decoy
    probability[0, 0] = np.nan
    assert 0.45 < metrics.choose_threshold([label], [probability]) <= 0.62

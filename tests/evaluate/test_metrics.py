"""Scores against scikit-learn, counts made by hand and the papers' own tables, and object matching
against brute force.
"""

from itertools import permutations

import numpy as np
import pytest

from sarslide.evaluate import metrics
from sarslide.evaluate.metrics import Counts

# P4 Table 5 and 6 (%): IOU1, precision, recall, F1 as printed.
P4_TABLES = [
    (54.61, 82.57, 61.73, 70.65),
    (90.25, 95.55, 94.21, 94.88),
    (93.88, 97.43, 96.27, 96.85),
    (93.63, 97.39, 96.04, 96.71),
    (94.03, 97.26, 96.58, 96.92),
    (94.23, 97.34, 96.72, 97.03),
    (51.04, 80.82, 58.08, 67.59),
    (71.82, 84.84, 82.40, 83.60),
    (75.17, 88.54, 83.28, 85.83),
    (75.20, 87.36, 84.38, 85.84),
    (75.84, 88.96, 83.72, 86.26),
    (76.75, 88.20, 85.53, 86.84),
    (84.59, 93.09, 90.26, 91.65),
]
# P3 Tables 3 and 4: precision, recall, F1, kappa, MIoU.
P3_TABLES = [
    (0.6870, 0.5354, 0.6018, 0.6002, 0.7136),
    (0.4653, 0.6908, 0.5561, 0.5543, 0.6901),
    (0.6312, 0.7043, 0.6658, 0.6599, 0.7479),
    (0.8381, 0.6972, 0.7611, 0.7602, 0.8062),
    (0.6614, 0.6878, 0.6743, 0.6729, 0.7529),
]


def of(precision, recall, landslide=10_000_000, cells=0):
    """Counts with this precision and recall, and so many landslide cells and cells."""
    tp = round(landslide * recall)
    fp = round(tp / precision) - tp
    return Counts(tp, fp, landslide - tp, max(0, cells - landslide - fp))


@pytest.mark.parametrize("share", [0.5, 0.05, 0.004])
def test_cell_scores_are_those_of_sklearn(share):
    from sklearn import metrics as truth

    rng = np.random.default_rng(round(1000 * share))
    label = (rng.random((120, 150)) < share).astype(np.uint8)
    predicted = np.where(rng.random(label.shape) < 0.9, label, rng.random(label.shape) < share) == 1
    label[rng.random(label.shape) < 0.1] = metrics.IGNORE
    y, p = label[label != metrics.IGNORE], predicted[label != metrics.IGNORE]
    counts = metrics.pixel_counts(label, predicted)
    assert [counts.tn, counts.fp, counts.fn, counts.tp] == truth.confusion_matrix(y, p).ravel().tolist()
    expected = {
        "precision": truth.precision_score(y, p),
        "recall": truth.recall_score(y, p),
        "f1": truth.f1_score(y, p),
        "iou": truth.jaccard_score(y, p),
        "accuracy": truth.accuracy_score(y, p),
        "kappa": truth.cohen_kappa_score(y, p),
        "miou": truth.jaccard_score(y, p, average="macro"),
    }
    for name, value in expected.items():
        assert getattr(counts, name) == pytest.approx(value, abs=1e-12), name


def test_scores_by_hand():
    label = np.array([[1, 1, 1, 0, 0, 255, 255]], np.uint8)
    predicted = np.array([[1, 1, 0, 1, 0, 1, 0]], bool)
    counts = metrics.pixel_counts(label, predicted)
    assert counts == Counts(2, 1, 1, 1)
    assert counts.precision == counts.recall == counts.f1 == pytest.approx(2 / 3)
    assert counts.iou == 0.5
    assert counts.accuracy == 3 / 5
    assert counts.chance == (3 * 3 + 2 * 2) / 25
    assert counts.kappa == pytest.approx((0.6 - 0.52) / (1 - 0.52))
    assert counts.miou == pytest.approx((1 / 2 + 1 / 3) / 2)
    assert [getattr(Counts(), name) for name in metrics.OBJECT_SCORES] == [0, 0, 0, 0]
    assert Counts(0, 0, 0, 9).kappa == 0  # one class in both maps: 0 / 0


def test_scores_of_arrays_are_those_of_numbers():
    rng = np.random.default_rng(3)
    table = rng.integers(0, 9, (4, 30))
    table[:, 0] = 0
    arrays = Counts(*table)
    for name in metrics.CELL_SCORES:
        np.testing.assert_allclose(getattr(arrays, name), [getattr(Counts(*map(int, row)), name) for row in table.T])


@pytest.mark.parametrize(("iou", "precision", "recall", "f1"), P4_TABLES)
def test_p4_tables(iou, precision, recall, f1):
    """All rows but one follow from their own precision and recall. Printed with two digits: 0.02 is
    their rounding.
    """
    counts = of(precision / 100, recall / 100)
    assert 100 * counts.f1 == pytest.approx(f1, abs=0.02)
    assert 100 * counts.iou == pytest.approx(iou, abs=0.02)


def test_p4_best_row_is_misprinted():
    """P4 Table 5: precision 97.41 and recall 96.93 give F1 97.17, not the printed 97.41; IOU1 94.49
    fits 97.17.
    """
    counts = of(0.9741, 0.9693)
    assert round(100 * counts.f1, 2) == 97.17
    assert 100 * counts.iou == pytest.approx(94.49, abs=0.02)


@pytest.mark.parametrize(
    ("accuracy", "f1", "printed", "alone", "both"),
    [(0.8919, 0.8124, 0.8438, 0.684, 0.772), (0.9294, 0.8412, 0.9026, 0.726, 0.820)],
)
def test_p2_printed_miou_follows_no_reading(accuracy, f1, printed, alone, both):
    """P2, first and last row of Table 2: accuracy and F1 fix the IoU of both classes, whatever
    precision and recall are.
    """
    for precision in (f1, 1.1 * f1):
        recall = 1 / (2 / f1 - 1 / precision)
        few = of(precision, recall)
        counts = of(precision, recall, cells=round((few.fp + few.fn) / (1 - accuracy)))
        assert counts.accuracy == pytest.approx(accuracy, abs=1e-6)
        assert counts.f1 == pytest.approx(f1, abs=1e-6)
        assert counts.iou == pytest.approx(alone, abs=1e-3)
        assert counts.miou == pytest.approx(both, abs=1e-3)
        assert max(counts.iou, counts.miou) < printed - 0.05


@pytest.mark.parametrize(("precision", "recall", "f1", "kappa", "miou"), P3_TABLES)
def test_p3_tables(precision, recall, f1, kappa, miou):
    """F1 from precision and recall; kappa and MIoU with one landslide cell in 225 (P3 4.2)."""
    landslide = 10_000_000
    counts = of(precision, recall, landslide, 225 * landslide)
    assert counts.f1 == pytest.approx(f1, abs=2e-4)
    # To the rounding of the printed values. Two kappas are not those of their precision and recall (J11).
    wrong = {0.6599: 0.6642, 0.5543: 0.5537}
    assert counts.kappa == pytest.approx(wrong.get(kappa, kappa), abs=1.2e-4)
    assert counts.miou == pytest.approx(miou, abs=1e-4)


def patch_means(patches):
    """Mean of each score over the patches in which it is defined, as `scores.summary` takes it from
    the sums.
    """
    sums = [metrics.patch_sums(each) for each in patches]
    return {name: sum(s[name][0] for s in sums) / sum(s[name][1] for s in sums) for name in metrics.OBJECT_SCORES}


def test_p0_table_4_is_a_mean_over_patches():
    """P0 Table 4: pooled F1 81.86 means IoU 69.29, printed 72.18: the mean IoU of unequal
    patches lies above that of their mean F1."""
    f1 = 0.8186
    assert 100 * of(f1, f1).iou == pytest.approx(69.29, abs=0.01)
    unequal = [Counts(100, 0, 0), Counts(100, 57, 57)]
    means = patch_means(unequal)
    assert means["f1"] == pytest.approx(0.8186, abs=2e-4)
    assert means["iou"] > 0.72


def test_patches():
    label, predicted = np.zeros((300, 128), np.uint8), np.zeros((300, 128), bool)
    label[:10, :10] = 1
    predicted[:10, :5] = True  # upper patch: recall 1/2
    predicted[290:, :10] = True  # last patch: false alarm
    patches = metrics.patch_counts(label, predicted)
    assert patches == [
        Counts(50, 0, 50, 128 * 128 - 100),
        Counts(0, 0, 0, 128 * 128),
        Counts(0, 100, 0, 128 * 128 - 100),
    ]
    means = patch_means(patches)
    assert means == {"precision": 0.5, "recall": 0.5, "f1": pytest.approx(1 / 3), "iou": 0.25}
    label[:128] = metrics.IGNORE
    assert len(metrics.patch_counts(label, predicted)) == 2


def test_p4_object_figures():
    """F05: 52 of 56 found, none invented: recall 92.86 %, F1 96.30 %."""
    counts = Counts(52, 0, 4)
    assert round(100 * counts.recall, 2) == 92.86
    assert round(100 * counts.f1, 2) == 96.30


def test_objects_by_size_and_diagonal():
    mask = np.array([[1, 0, 0, 1], [0, 1, 0, 0], [0, 0, 0, 0], [1, 1, 0, 0]], bool)
    assert metrics.objects(mask).max() == 3
    np.testing.assert_array_equal(metrics.objects(mask, 2) > 0, mask & ~np.array([[0, 0, 0, 1]] + [[0] * 4] * 3, bool))


def test_one_to_one_matching_is_the_best():
    """Against every possible assignment of small random object maps: most matches, then the largest
    sum of IoU.
    """
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
    assert metrics.object_counts(label, predicted) == Counts(1, 1, 1)


def test_containment_counts_pieces_and_blankets():
    """Two halves of one landslide are right, a blanket over two finds both; one to one takes one of
    each.
    """
    label = np.zeros((40, 40), np.uint8)
    label[2:12, 2:22] = 1
    label[20:26, 2:8] = label[20:26, 12:18] = label[32:36, 30:34] = 1
    predicted = np.zeros(label.shape, bool)
    predicted[2:12, 2:10] = predicted[2:12, 13:22] = True
    predicted[20:26, 2:18] = True  # 72 of its 96 cells are landslide
    predicted[30:36, 22:31] = True  # touches the last one with 4 of its 16 cells
    found = metrics.contained_counts(label, predicted)
    assert found == {"truth": 4, "truth_found": 3, "found": 4, "found_right": 3}
    assert metrics.object_counts(label, predicted) == Counts(2, 2, 2)
    assert metrics.contained_counts(label * 0, predicted * False) == dict.fromkeys(found, 0)


def test_threshold_by_object():
    label = np.zeros((20, 20), np.uint8)
    label[2:8, 2:8] = 1
    probability = np.where(label == 1, 0.62, 0.05).astype(np.float32)
    probability[12:18, 12:18] = 0.45  # a decoy
    probability[0, 0] = np.nan
    assert 0.45 < metrics.choose_threshold([label], [probability]) <= 0.62

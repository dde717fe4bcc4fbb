"""Scores of scenes: against sums made by hand and scikit-learn, intervals against their own promise."""

import json
from dataclasses import replace

import numpy as np
import pytest

from sarslide.dataset.scenes import IGNORE, TrainingScene
from sarslide.evaluate import breakdown, intervals, reliability, scores

CODES = {"subsidence": 1, "snow": 2, "forest": 3}


def square(mask, row, col, size=6, value=1):
    mask[row : row + size, col : col + size] = value


def scene(region="r1", name=None, **extra):
    label = np.zeros((60, 60), np.uint8)
    return TrainingScene(region, name or f"{region}/A", np.zeros((1, 60, 60), np.float32), label, **extra)


@pytest.fixture
def example():
    """Landslides found, missed, where the network cannot tell, and too slow; a false alarm on snow,
    one elsewhere.
    """
    each = scene(decoy=np.zeros((60, 60), np.uint8), landslide_kind=np.zeros((60, 60), np.uint8))
    full = each.label.copy()
    for k, (row, col) in enumerate([(2, 2), (20, 2), (40, 2)], start=1):
        square(full, row, col)
        square(each.landslide_kind, row, col, value=k)
    square(each.landslide_kind, 50, 50, value=3)  # too slow for this track: no label
    full[50:56, 50:56] = IGNORE
    label = full.copy()
    label[38:48, :20] = IGNORE  # features are unknown
    square(each.decoy, 2, 40, 10, CODES["snow"])
    each.decoy[55:, :] = CODES["forest"]
    rate = np.where(each.landslide_kind == 1, -60.0, np.where(each.landslide_kind == 2, 30.0, 0)).astype(np.float32)
    p = np.full((60, 60), 0.1, np.float32)
    p[38:48, :20] = np.nan
    square(p, 2, 2, value=0.9)
    square(p, 4, 42, value=0.8)
    square(p, 30, 30, value=0.7)
    return replace(each, label=label, full_label=full, true_rate=rate), p


def test_one_scene_by_hand(example):
    each, p = example
    found = scores.evaluate([each], [p], 0.5, 4, CODES)
    pooled = scores.summary(json.loads(json.dumps(found)))
    cells = 60 * 60 - 200 - 36
    pixel = {name: pooled["pixel"][name] for name in ("tp", "fp", "fn", "tn")}
    assert pixel == {"tp": 36, "fp": 72, "fn": 36, "tn": cells - 144}
    assert pooled["pixel"]["recall"] == 0.5
    assert {name: pooled["object"][name] for name in ("tp", "fp", "fn")} == {"tp": 1, "fp": 2, "fn": 1}
    # The landslide that the network could not see is missed here.
    assert pooled["pixel_all"]["fn"] == 72
    assert {name: pooled["object_all"][name] for name in ("tp", "fp", "fn")} == {"tp": 1, "fp": 2, "fn": 2}
    assert pooled["planted"] == {"landslides": 4, "found": 1, "recall": 0.25}
    assert pooled["kinds"]["1"] == {"landslides": 1, "found": 1, "recall": 1}
    assert pooled["kinds"]["2"] == {"landslides": 1, "found": 0, "recall": 0}
    assert pooled["kinds"]["3"]["landslides"] == 0
    assert pooled["areas_km2"]["0 to 0.05"]["landslides"] == 2
    assert pooled["los_speeds_mm_per_yr"]["25 to 50"] == {"landslides": 1, "found": 0, "recall": 0}
    assert pooled["los_speeds_mm_per_yr"]["from 50"]["found"] == 1
    assert pooled["decoys"]["snow"] == {"areas": 1, "fooled": 1, "objects": 1, "cells": 100, "false_cells": 36}
    assert pooled["decoys"]["subsidence"]["areas"] == 0
    assert pooled["decoys"]["forest"]["fooled"] == 0
    assert pooled["decoys"]["elsewhere"] == {"objects": 1, "false_cells": 36}
    assert pooled["contained"] == {"precision": pytest.approx(1 / 3, abs=1e-6), "recall": 0.5, "f1": 0.4}
    assert pooled["intervals"]["pixel"]["f1"] == [None, None]
    assert not pooled["safe"]


@pytest.mark.parametrize(
    ("size", "fooled"),
    [(3, 0), (4, 1)],  # 9 and 16 of 100 cells
)
def test_a_decoy_is_hit_from_a_tenth_on(size, fooled):
    decoy, predicted = np.zeros((40, 60), np.uint8), np.zeros((40, 60), bool)
    square(decoy, 5, 5, 10)
    square(predicted, 5, 5, size)
    predicted[5 : 5 + size, 15:40] = predicted[5 : 5 + size, 5 + size : 15] = False
    predicted[4, 5:60] = True  # most of the object lies outside
    found = breakdown.decoys_fooled(decoy, predicted, 1, {"snow": 1})
    assert found["snow"]["fooled"] == fooled
    assert found["elsewhere"]["objects"] == 1 - fooled


def test_half_an_object_inside_fools_and_landslides_do_not():
    decoy, predicted, truth = np.ones((60, 60), np.uint8), np.zeros((60, 60), bool), np.zeros((60, 60), bool)
    square(predicted, 5, 5)  # far less than a tenth of the decoy
    square(predicted, 30, 30)
    square(truth, 30, 30, 8)
    found = breakdown.decoys_fooled(decoy, predicted, 1, {"forest": 1}, truth)
    assert found["forest"] == {"areas": 1, "fooled": 1, "objects": 1, "cells": 3600, "false_cells": 36}


def random_case(seed, count=6):
    rng = np.random.default_rng(seed)
    scenes, maps = [], []
    for k in range(count):
        each = scene(f"r{k // 2}", f"r{k // 2}/{'AD'[k % 2]}")
        for row, col in rng.integers(0, 52, (4, 2)):
            square(each.label, row, col)
        each.label[:, :4] = IGNORE
        p = 1 / (1 + np.exp(-rng.normal(np.where(each.label == 1, 1.0, -2.5), 1.2)))
        scenes.append(each)
        maps.append(p.astype(np.float32))
    return scenes, maps


def test_pooled_scores_are_those_of_sklearn():
    from sklearn import metrics as truth

    scenes, maps = random_case(1)
    pooled = scores.summary(scores.evaluate(scenes, maps, 0.4))
    counted = [each.label != IGNORE for each in scenes]
    y = np.concatenate([each.label[c] for each, c in zip(scenes, counted, strict=True)])
    p = np.concatenate([m[c] for m, c in zip(maps, counted, strict=True)]).astype(float)
    assert pooled["pixel"]["f1"] == pytest.approx(truth.f1_score(y, p >= np.float32(0.4)), abs=1e-6)
    assert pooled["pixel"]["kappa"] == pytest.approx(truth.cohen_kappa_score(y, p >= np.float32(0.4)), abs=1e-6)
    assert pooled["brier"] == pytest.approx(truth.brier_score_loss(y, p), abs=1e-6)
    # The order of the cells inside a bin of the histogram is lost: 0.2 wide in the logit, the area
    # moves by less than this.
    assert pooled["average_precision"] == pytest.approx(truth.average_precision_score(y, p), abs=0.003)


def test_file_holds_all_that_intervals_need():
    """Written to JSON and read back, the counts give the interval that a bootstrap of the scenes gives
    by hand.
    """
    scenes, maps = random_case(2, 12)
    found = json.loads(json.dumps(scores.evaluate(scenes, maps, 0.5)))
    pooled = scores.summary(found)
    assert pooled["groups"] == 6
    assert pooled["safe"]
    regions = sorted({each.region for each in scenes})
    table = np.zeros((6, 3))
    for entry in found["scenes"]:
        table[regions.index(entry["region"])] += [entry["pixel"][name] for name in ("tp", "fp", "fn")]
    rng = np.random.default_rng(0)
    draws = table[rng.integers(0, 6, (20000, 6))].sum(1)
    f1 = 2 * draws[:, 0] / (2 * draws[:, 0] + draws[:, 1] + draws[:, 2])
    low, high = pooled["intervals"]["pixel"]["f1"]
    assert low < np.quantile(f1, 0.025) < pooled["pixel"]["f1"] < np.quantile(f1, 0.975) < high
    assert low >= f1.min() - 1e-3
    for level, names in scores.SCORES.items():
        for name in names:
            low, high = pooled["intervals"][level][name]
            assert low <= high, (level, name)


def test_same_seed_same_interval_and_paired_difference():
    rng = np.random.default_rng(5)
    hard = rng.uniform(0.3, 0.9, 10)  # regions differ far more than the networks do
    first = np.stack([100 * hard, 100 * (1 - hard)], 1).round()
    second = np.stack([100 * hard - 4, 100 * (1 - hard) + 4], 1).round()

    def recall(sums):
        return sums[..., 0] / sums.sum(-1)

    alone = intervals.bootstrap(first, recall)
    assert alone == intervals.bootstrap(first, recall)
    pair = intervals.difference(first, second, recall)
    assert pair.value == pytest.approx(0.04, abs=1e-3)
    assert 0.03 < pair.low < pair.high < 0.05
    assert alone.high - alone.low > 0.1


def test_compare_networks():
    scenes, maps = random_case(3, 16)
    good, bad = scores.evaluate(scenes, maps, 0.5), scores.evaluate(scenes, maps, 0.02)
    found = scores.compare(good, bad, "pixel", "f1")
    assert found["low"] > 0
    assert scores.compare(good, good, "pixel", "f1")["value"] == 0
    with pytest.raises(ValueError, match="different scenes"):
        scores.compare(good, {**bad, "scenes": bad["scenes"][1:]})


def test_plain_percentiles_are_those_of_scipy():
    """With very many groups the expanded interval is the percentile interval of scipy."""
    from scipy.stats import bootstrap

    rng = np.random.default_rng(8)
    table = np.stack([rng.poisson(20, 400), rng.poisson(5, 400)], 1).astype(float)

    def share(sums):
        return sums[..., 0] / sums.sum(-1)

    mine = intervals.bootstrap(table, share)
    theirs = bootstrap(
        (np.arange(400),),
        lambda k, axis: share(table[k].sum(-2)),
        n_resamples=5000,
        method="percentile",
        rng=np.random.default_rng(1),
    ).confidence_interval
    width = theirs.high - theirs.low
    # Monte Carlo error of a 2.5 % quantile of 5000 draws is about 2 % of the width.
    assert [mine.low, mine.high] == pytest.approx([theirs.low, theirs.high], abs=0.07 * width)


@pytest.mark.parametrize(("regions", "least", "most"), [(3, 0.65, 0.85), (8, 0.89, 0.98), (20, 0.90, 0.98)])
def test_coverage(regions, least, most):
    """How often the interval of a pooled F1 holds the truth over 300 sets of regions (standard error
    of a share of 0.94: 0.014).

    Regions differ in number of landslides (log-normal), recall (beta) and false alarms (gamma).
    With 3 regions it is too narrow.
    """
    rng = np.random.default_rng(regions)

    def draw(count):
        n = rng.poisson(np.exp(rng.normal(3, 0.5, count))) + 1
        tp = rng.binomial(n, rng.beta(8, 2, count))
        return np.stack([tp, rng.poisson(n * rng.gamma(2, 0.1, count)), n - tp], 1).astype(float)

    def f1(sums):
        return 2 * sums[..., 0] / (2 * sums[..., 0] + sums[..., 1] + sums[..., 2])

    truth = f1(draw(500_000).sum(0))
    found = [intervals.bootstrap(draw(regions), f1, seed=k) for k in range(300)]
    assert least <= np.mean([each.low <= truth <= each.high for each in found]) <= most
    assert found[0].safe == (regions >= 6)


def test_a_single_region_has_no_interval():
    found = intervals.bootstrap(np.array([[5.0, 1.0]]), lambda s: s[..., 0] / s.sum(-1))
    assert (found.low, found.high, found.groups) == (None, None, 1)


def test_maps_without_a_positive_cell():
    scenes, maps = [scene()], [np.full((60, 60), 0.2, np.float32)]
    pooled = scores.summary(scores.evaluate(scenes, maps, 0.5))
    assert pooled["pixel"]["f1"] == 0
    assert pooled["pixel"]["accuracy"] == 1
    assert pooled["patch"]["f1"] is None
    assert pooled["average_precision"] == 0
    assert pooled["reliability"]["cells"][reliability.RELIABILITY_BINS // 5] == 3600

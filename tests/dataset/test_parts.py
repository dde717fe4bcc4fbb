"""Splits without a shared cell, the papers' random ones, patches kept by rule, and normalisation at
its edges.
"""

import json

import numpy as np
import pytest

from sarslide.dataset import features, normalise, patches, scenes, selection, splits
from sarslide.errors import TrainingError
from sarslide.grid import RegionGrid
from sarslide.io.arrays import write_npz

P3_FRACTIONS = (0.7, 0.3)  # D10
GRID = RegionGrid(32647, 500000.0, 3200000.0, 30.0, 300, 260)


def planted(seed=1, count=40, shape=GRID.shape):
    """Objects 1 .. count, discs of 3 to 12 cells that do not touch."""
    rng = np.random.default_rng(seed)
    rows, cols = np.mgrid[: shape[0], : shape[1]]
    objects = np.zeros(shape, np.int32)
    number = 0
    while number < count:
        row, col, radius = rng.integers(shape[0]), rng.integers(shape[1]), rng.uniform(3, 12)
        away = np.hypot(rows - row, cols - col)
        if not objects[away < radius + 2].any():
            number += 1
            objects[away < radius] = number
    return objects


@pytest.mark.parametrize("fractions", [splits.P2_FRACTIONS, P3_FRACTIONS, splits.P0_FRACTIONS])
@pytest.mark.parametrize("seed", [1, 2])
def test_parts_of_a_region_share_no_cell_and_no_landslide(tmp_path, fractions, seed):
    """Read back as training reads them: a cell is known in one part only, and so is an object."""
    objects = planted(seed)
    rng = np.random.default_rng(seed)
    stored = {
        "los_rate_mm_per_yr": rng.normal(0, 10, GRID.shape).astype(np.float32),
        "layover_shadow": (rng.random(GRID.shape) < 0.05).astype(np.uint8),
    }
    label = (objects > 0).astype(np.uint8)
    whole = scenes.arrays_of(stored, label, objects, GRID, "r", "A128")
    parts = []
    for k, part in enumerate(splits.scene_parts(whole, 50, fractions, seed)):
        write_npz(tmp_path / f"{k}.npz", part)
        parts.append(scenes.load(tmp_path / f"{k}.npz", ["los_rate_mm_per_yr"]))
    assert [part.region for part in parts] == [f"r/{name}" for name in splits.PARTS[: len(fractions)]]
    splits.check_disjoint(*[[part.region] for part in parts])
    known = np.sum([np.isfinite(part.features[0]) for part in parts], axis=0)
    np.testing.assert_array_equal(known, stored["layover_shadow"] == 0)
    assert (np.sum([part.label != scenes.IGNORE for part in parts], axis=0) <= 1).all()
    found = [set(np.unique(objects[part.label == 1])) for part in parts]
    assert sum(map(len, found)) == len(set().union(*found))
    # of 40 objects each part gets about its share; 200 deals of 36 blocks come within 5 %
    share = np.array([(part.full_label == 1).sum() for part in parts], float)
    assert share / share.sum() == pytest.approx(fractions, abs=0.05)


def test_groups_of_blocks_cut_no_landslide():
    """Blocks of the test part that touch, by an edge or a corner, are one group; a landslide is in one."""
    objects = planted(3)
    stored = {"los_rate_mm_per_yr": np.zeros(GRID.shape, np.float32)}
    whole = scenes.arrays_of(stored, (objects > 0).astype(np.uint8), objects, GRID, "r", "A128")
    *_, test = splits.scene_parts(whole, 50, (0.5, 0.2, 0.3), 1)
    block, known = test["block"], np.isfinite(test["los_rate_mm_per_yr"])
    np.testing.assert_array_equal(block > 0, known)
    assert block.max() > 1
    for number in np.unique(objects[(test["label"] == 1) & known]):
        assert len(np.unique(block[(objects == number) & (test["label"] == 1)])) == 1
    near = [block[:-1, :-1], block[1:, 1:]], [block[:-1, 1:], block[1:, :-1]], [block[1:], block[:-1]]
    assert all((one == other)[(one > 0) & (other > 0)].all() for one, other in near)


def test_parts_of_patches_share_cells():
    """P0's 7:2:1 of patches with half overlap: most of a test part's cells are in the training part, too,
    and no part lacks landslides.
    """
    objects = planted(3)
    stored = {"los_rate_mm_per_yr": np.zeros(GRID.shape, np.float32)}
    whole = scenes.arrays_of(stored, (objects > 0).astype(np.uint8), objects, GRID, "r", "A128")
    parts = list(splits.scene_parts_of_patches(whole, 64, 0.5, splits.P0_FRACTIONS, 1))
    known = [np.isfinite(part["los_rate_mm_per_yr"]) for part in parts]
    places = len(patches.windows(GRID.shape, 64, 0.5))
    assert [json.loads(str(part["meta"]))["region"] for part in parts] == ["r/train", "r/validation", "r/test"]
    assert known[2].sum() <= round(0.1 * places) * 64**2
    assert (known[0] & known[2]).sum() > 0.5 * known[2].sum()
    assert all((part["label"] == 1).any() and part["block"].max() == 1 for part in parts)
    with pytest.raises(
        TrainingError, match=r"the train part of .* gets no landslide; cure: set dataset.patch to fewer cells"
    ):
        next(splits.scene_parts_of_patches(whole | {"label": np.zeros_like(whole["label"])}, 64, 0.5, (0.5, 0.5), 1))


def test_all_tracks_of_a_region_are_split_alike():
    objects = planted()
    label = (objects > 0).astype(np.uint8)
    tracks = []
    for stack, rate in (("A128", 3.0), ("D062", -4.0)):
        stored = {"los_rate_mm_per_yr": np.full(GRID.shape, rate, np.float32)}
        tracks.append(splits.scene_parts(scenes.arrays_of(stored, label, objects, GRID, "r", stack), 50, (0.7, 0.3), 4))
    for one, other in zip(*tracks, strict=True):
        np.testing.assert_array_equal(one["label"], other["label"])
        np.testing.assert_array_equal(np.isnan(one["los_rate_mm_per_yr"]), np.isnan(other["los_rate_mm_per_yr"]))


def test_a_landslide_counts_where_most_of_it_lies():
    objects = np.zeros((4, 8), int)
    objects[0, 1:6], objects[2, 2:6] = 1, 2
    part = np.repeat([[0] * 4 + [1] * 4], 4, axis=0)
    strangers = splits.strangers_of(objects, part)
    assert np.argwhere(strangers).tolist() == [[0, 4], [0, 5], [2, 4], [2, 5]]  # of the tie, the later part's


def test_blocks_that_cannot_be_dealt():
    label = np.zeros((100, 100), np.uint8)
    label[10, 10] = 1
    with pytest.raises(
        TrainingError, match=r"^E4002 4 blocks of 50 cells: .* gets no landslide; cure: use smaller blocks"
    ):
        splits.deal_blocks((100, 100), 50, (0.5, 0.5), 1, label)
    with pytest.raises(TrainingError, match="gets no block"):
        splits.deal_blocks((100, 100), 100, (0.5, 0.5), 1)


def test_random_splits_have_the_papers_counts():
    """P2: 636 images, 380 for training, 128 each for test and validation, which is 60/20/20 to a whole
    image (D06).
    """
    assert [len(part) for part in splits.random_split(636, splits.P2_FRACTIONS, 1)] == pytest.approx(
        [380, 128, 128], abs=2
    )
    assert [len(part) for part in splits.random_split(1712, splits.P0_FRACTIONS, 1)] == [1198, 343, 171]
    assert [len(part) for part in splits.random_split(1000, P3_FRACTIONS, 1)] == [700, 300]


@pytest.mark.parametrize(("size", "overlap"), [(128, 0.5), (128, 0.0), (64, 0.75)])
def test_windows_kept_by_rule(size, overlap):
    """All with landslides, 3 without for 7 with them, none that is not counted; the same again for the
    same seed.
    """
    objects = planted(shape=(700, 500), count=12)
    label = (objects > 0).astype(np.uint8)
    label[:, 300:] = scenes.IGNORE
    windows = patches.windows(label.shape, size, overlap)
    kept = selection.select(label, windows, size, selection.P3_NEGATIVES, 5)
    assert kept == selection.select(label, windows, size, selection.P3_NEGATIVES, 5)
    assert kept == [window for window in windows if window in set(kept)]
    holds = {(r, c): (label[r : r + size, c : c + size] == 1).any() for r, c in windows}
    positive = [window for window in windows if holds[window]]
    assert [window for window in kept if holds[window]] == positive
    empty = [
        w for w in windows if not holds[w] and (label[w[0] : w[0] + size, w[1] : w[1] + size] != scenes.IGNORE).any()
    ]
    assert len(kept) == len(positive) + min(len(empty), round(3 / 7 * len(positive)))
    assert selection.select(label, windows, size, 0, 5) == positive
    assert len(selection.select(label, windows, size, 1e9, 5)) == len(positive) + len(empty)
    if len(empty) > 5:
        drawn = {tuple(selection.select(label, windows, size, 1 / len(positive), seed)) for seed in range(8)}
        assert len(drawn) > 1


def test_windows_with_too_few_cells_are_in_neither_group():
    label = np.zeros((64, 192), np.uint8)
    label[0, :3], label[:10, 130:140], label[:, 64:128] = 1, 1, 0
    windows = patches.windows(label.shape, 64, 0)
    assert selection.select(label, windows, 64, 10, 1, min_cells=4) == [(0, 64), (0, 128)]
    label[:, 64:120] = scenes.IGNORE
    assert selection.select(label, windows, 64, 10, 1, min_cells=4, min_counted=0.2) == [(0, 128)]


def test_classes_beyond_the_legend_are_refused():
    stored = {"lithology": np.full(GRID.shape, 14, np.uint8)}
    with pytest.raises(TrainingError, match="layer 'lithology' holds class 14; cure: group its classes into 1 to 13"):
        scenes.arrays_of(stored, stored["lithology"], stored["lithology"], GRID, "r", "A128")


@pytest.mark.parametrize("method", normalise.METHODS)
def test_normalisation_of_constants_and_of_the_unknown(method):
    """A channel with one value becomes 0, in a sample without any known cell too, however large the
    value.
    """
    names = ["elevation_m", "los_rate_mm_per_yr", "curvature_plan_per_m"]
    stack = np.stack([np.full((20, 30), v) for v in (4321.123, -7.7, 1e-9)]).astype(np.float32)
    stack[:, 0, 0] = np.nan
    fitted = normalise.fit(method, names, [stack, np.full_like(stack, np.nan)])
    again = normalise.Normalisation.from_dict(json.loads(json.dumps(fitted.to_dict())))
    np.testing.assert_allclose(again(stack), 0, atol=1e-3)  # float32 of 4321.123 in nine digits
    assert not again(np.full_like(stack, np.nan)).any()


@pytest.mark.parametrize("method", ["robust", "zscore", "minmax"])
def test_small_units_and_many_zeros(method):
    """Curvatures of 1e-7 keep their spread; a channel that is 0 in most cells is divided by its
    deviation, not by 1.
    """
    rng = np.random.default_rng(3)
    small = rng.normal(0, 1e-7, (40, 40))
    sparse = np.where(rng.random((40, 40)) < 0.2, rng.normal(0, 50, (40, 40)), 0)
    stack = np.stack([small, sparse]).astype(np.float32)
    normal = normalise.fit(method, ["curvature_plan_per_m", "los_rate_mm_per_yr"], [stack])(stack)
    low, high = (0.05, 0.3) if method == "minmax" else (0.9, 1.1)
    assert low < normal[0].std() < high
    assert low < normal[1].std() < high


def test_an_outlier_does_not_squeeze_minmax():
    """One cell at 40 deviations: the others still fill the range from 0 to 1, the cell is clipped to
    its end.
    """
    rates = np.random.default_rng(6).normal(0, 7, (1, 100, 100)).astype(np.float32)
    rates[0, 50, 50] = 280
    normal = normalise.fit("minmax", ["los_rate_mm_per_yr"], [rates])(rates)
    assert normal[0, 50, 50] == 1
    assert (normal.min(), normal.max()) == (0, 1)
    # Between the 1st and 99th percentile lie 2 x 2.326 deviations of a normal distribution;
    # clipping takes a little.
    assert normal.std() == pytest.approx(1 / (2 * 2.326), rel=0.04)


def test_asinh_tells_speeds_apart():
    """Rates of 10, 100 and 1,000 deviations lie ln(10) apart (asinh x is ln 2x far from zero), either
    way alike; near zero it is `robust`.
    """
    rates = np.random.default_rng(6).normal(0, 7, (1, 100, 100)).astype(np.float32)
    fitted = normalise.fit("asinh", ["los_rate_mm_per_yr"], [rates])
    assert fitted.scale == normalise.fit("robust", ["los_rate_mm_per_yr"], [rates]).scale
    scales = np.array([0.01, 10, 100, 1000], np.float32)
    normal = fitted((fitted.scale[0] * np.concatenate([scales, -scales]))[None, None])[0, 0]
    np.testing.assert_allclose(np.diff(normal[1:4]), np.log(10), rtol=2e-3)
    assert normal[0] == pytest.approx(0.01, rel=1e-4)
    np.testing.assert_array_equal(normal[:4], -normal[4:])


@pytest.mark.parametrize("method", ["robust", "zscore", "minmax"])
def test_classes_stay_yes_or_no(method):
    stack = np.zeros((2, 100, 100), np.float32)
    stack[0, 0, :5] = 1  # a rare rock
    stack[1] = 0.2
    normal = normalise.fit(method, [features.CLASSES[0], "reflectance_b02"], [stack])(stack)
    np.testing.assert_array_equal(normal[0], stack[0])


def test_normalisation_is_fitted_on_the_training_part_only():
    train, other = np.random.default_rng(1).normal(5, 2, (2, 1, 30, 30)).astype(np.float32) * np.float32(
        [[[[1]]], [[[9]]]]
    )
    fitted = normalise.fit("zscore", ["slope_deg"], [train])
    assert fitted(train).mean() == pytest.approx(0, abs=1e-5)
    assert abs(fitted(other).mean()) > 5

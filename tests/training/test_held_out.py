"""Scores of the test part: of a network whose map is known, from blocks that are drawn."""

from dataclasses import replace

import numpy as np
import pytest

from sarslide.dataset import splits
from sarslide.dataset.scenes import IGNORE
from sarslide.errors import TrainingError
from sarslide.evaluate import intervals
from sarslide.models.card import Calibration
from sarslide.training import card, held_out
from sarslide.training.train import train
from tests.support.training_scenes import CHANNELS, RECIPE, scene

SIZE = 40


def quarters(seed=3):
    """A scene of four groups of blocks: three are of the test part, the fourth of another."""
    made = scene(seed, 2 * SIZE + 8)
    block = np.zeros(made.label.shape, np.int32)
    for number, (row, col) in enumerate([(0, 0), (0, SIZE + 8), (SIZE + 8, 0)], 1):
        block[row : row + SIZE, col : col + SIZE] = number
    features = np.where(block > 0, made.features, np.nan)
    label = np.where((block > 0) & np.isfinite(features).all(axis=0), made.label, np.uint8(IGNORE))
    return replace(made, region="valley/test", name="valley/test/A128", features=features, label=label, block=block)


@pytest.fixture(scope="module")
def trained():
    return train([scene(1)], [scene(2)], CHANNELS, "drs_unet", {"width": 4}, replace(RECIPE, epochs=1))


def as_map(monkeypatch, change):
    """The network's map in place of what one epoch gives: the label, changed; calibrated as it stands."""

    def maps(network, scenes, *rest):
        return [np.where(each.label == IGNORE, np.nan, change(each.label == 1, each.block)) for each in scenes]

    monkeypatch.setattr(held_out.validate, "maps", maps)
    line = Calibration(knots=[-1.0, 1.0], values=[-1.0, 1.0], end_slopes=[1.0, 1.0])
    return lambda trained: replace(trained, line=line, threshold=0.5, recipe=replace(trained.recipe, min_cells=1))


def test_scores_are_those_of_the_map_and_intervals_of_its_groups(trained, monkeypatch):
    """Right in two groups, nothing found in the third: counts add up to those of the whole scene, the groups
    are three, and each draw of them gives an F1 between that of the worst and that of the best.
    """
    test = quarters()
    known = as_map(monkeypatch, lambda landslide, block: np.where(landslide & (block != 3), 0.9, 0.1))(trained)
    found = held_out.evaluate(known, [test])
    inside = test.label != IGNORE
    landslide = (test.label == 1) & inside
    right = landslide & (test.block != 3)
    assert landslide.sum() > right.sum() > 0
    assert {key: found["pixel"][key] for key in ("tp", "fp", "fn", "tn")} == {
        "tp": right.sum(), "fp": 0, "fn": landslide.sum() - right.sum(), "tn": inside.sum() - landslide.sum()
    }  # fmt: skip
    assert found["groups"] == 3 < intervals.MIN_REGIONS and not found["safe"]
    low, high = found["intervals"]["pixel"]["f1"]
    assert 0 <= low < found["pixel"]["f1"] < high <= 1


def test_tracks_of_one_ground_are_one_group(trained, monkeypatch):
    known = as_map(monkeypatch, lambda landslide, block: np.where(landslide, 0.9, 0.1))(trained)
    one = quarters()
    found = held_out.evaluate(known, [one, replace(one, name="valley/test/D062")])
    assert found["groups"] == 3
    assert found["pixel"]["tp"] == 2 * (one.label == 1).sum()


def test_parts_of_random_patches_have_no_interval(trained, monkeypatch):
    """Their cells are known from training: nothing can be drawn apart."""
    known = as_map(monkeypatch, lambda landslide, block: np.where(landslide, 0.9, 0.1))(trained)
    whole = quarters()
    found = held_out.evaluate(known, [replace(whole, block=(whole.block > 0).astype(np.int32))])
    assert found["groups"] == 1
    assert found["intervals"]["object"]["f1"] == [None, None]


def test_the_card_holds_them_beside_those_of_the_validation(trained, monkeypatch):
    known = as_map(monkeypatch, lambda landslide, block: np.where(landslide, 0.9, 0.1))(trained)
    found = held_out.evaluate(known, [quarters()])
    made = card.model_card(trained, [scene(1)], [scene(2)], "code", test=found)
    assert made["scores"]["test"]["object"]["f1"] == 1
    assert made["scores"]["pixel"] == trained.scores["pixel"]
    assert "test" not in card.model_card(trained, [scene(1)], [scene(2)], "code")["scores"]


def test_an_empty_test_part_is_refused():
    empty = replace(quarters(), label=np.zeros((88, 88), np.uint8))
    line = r"^E4002 the test part \(valley/test/A128 \.\.\.\) has no landslide [^\n]*; cure: use smaller blocks \(dataset.block\)"
    with pytest.raises(TrainingError, match=line):
        held_out.check([empty])
    with pytest.raises(TrainingError, match="has no background"):
        held_out.check([replace(empty, label=np.ones((88, 88), np.uint8))])
    held_out.check([quarters()])
    with pytest.raises(TrainingError, match="E4002 1 blocks of 128 cells: a part .* use smaller blocks .*larger share"):
        splits.deal_blocks((88, 88), 128, (0.6, 0.2, 0.2), 1, np.ones((88, 88)))

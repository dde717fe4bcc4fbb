"""P0's split shares cells between its parts; the split by region does not."""

import numpy as np
import pytest
from studies.benchmark import leaky

from sarsim import climates
from sarslide.dataset.scenes import TrainingScene

SHAPE = (512, 256)


def scenes() -> list[TrainingScene]:
    """Two tracks over two regions, whose single channel numbers the cells of the region."""
    cells = np.arange(SHAPE[0] * SHAPE[1], dtype=np.float32).reshape(1, *SHAPE)
    found = []
    for region in ("a", "b"):
        for track in ("A128", "D062"):
            label = np.zeros(SHAPE, np.uint8)
            label[100:140, 60:90] = 1
            found.append(TrainingScene(region, f"{region}/{track}", cells, label, label))
    return found


def cells_of(part: list[TrainingScene]) -> set[tuple[str, float]]:
    """(region, number) of all cells of a part."""
    return {(scene.name.split("/")[0], number) for scene in part for number in scene.features[0].ravel().tolist()}


def test_random_patches_leak():
    training, validation, held_out = leaky.random_patches(scenes(), seed=1)
    # 512 x 256 cells in windows of 128 with half overlap: 7 x 3 a scene, of which 7:2:1.
    assert [len(training), len(validation), len(held_out)] == pytest.approx([0.7 * 84, 0.2 * 84, 0.1 * 84], abs=1)
    assert all(scene.label.shape == (128, 128) for scene in training + validation + held_out)
    names = [scene.name for scene in training + validation + held_out]
    assert len(set(names)) == len(names) == 84
    shared = cells_of(held_out) & cells_of(training)
    assert len(shared) > 0.9 * len(cells_of(held_out))


def test_the_same_seed_deals_the_same_patches():
    first, second = (leaky.random_patches(scenes(), seed=3)[2] for _ in range(2))
    assert [scene.name for scene in first] == [scene.name for scene in second]
    assert [scene.name for scene in first] != [scene.name for scene in leaky.random_patches(scenes(), seed=4)[2]]


def test_patches_without_a_counted_cell_are_left_out():
    scene = scenes()[0]
    label = np.full(SHAPE, 255, np.uint8)
    label[:10, :10] = 0
    parts = leaky.random_patches([TrainingScene("a", "a/A128", scene.features, label)], seed=1)
    assert sum(map(len, parts)) == 1


def test_regions_do_not_leak():
    """No region, and no seed that grows one, is in two parts."""
    seeds = [seed for by_climate in climates.PARTS.values() for those in by_climate.values() for seed in those]
    assert len(set(seeds)) == len(seeds)
    seen = {climate for part in ("train", "validation", "test") for climate in climates.PARTS[part]}
    assert not seen & set(climates.PARTS["transfer"])

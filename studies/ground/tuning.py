"""The tuned form of the velocity threshold: multiple, noise, smallest area and slope that do best
on the ranges that train a fold, chosen as the benchmark chooses (`studies.benchmark.baseline`).
"""

from collections.abc import Sequence
from itertools import product

import numpy as np

from sarslide.dataset.scenes import TrainingScene
from sarslide.evaluate.metrics import NEAR_BEST, Counts, object_counts, pixel_counts
from sarslide.inventory.velocity_threshold import Rule
from studies.benchmark import baseline

SIGMAS = (2.0, 2.5, 3.0, 4.0, 5.0, 6.0, 8.0)
CELLS = (5, 10, 20, 40)
SLOPES_DEG = (0.0, 5.0, 10.0)
SMALLEST_KM2 = 0.018  # object of the inventory
TRIED = tuple(
    Rule(sigmas, cells, noise, slope)
    for noise, slope, sigmas, cells in product(("map", "cell"), SLOPES_DEG, SIGMAS, CELLS)
)


def counted(scene: TrainingScene, rules: Sequence[Rule] = TRIED) -> np.ndarray:
    """Objects and cells that each rule gets right, marks wrongly and misses: (rules, 6).

    scene: with a grid, channels `baseline.CHANNELS`.
    """
    min_cells = round(SMALLEST_KM2 / scene.grid.cell_area_km2) if scene.grid else 1
    found = np.empty((len(rules), 6), int)
    for k, rule in enumerate(rules):
        marked = baseline.probability(scene, rule) > 0
        by_object = object_counts(scene.label, marked, min_cells=min_cells)
        by_cell = pixel_counts(scene.label, marked)
        found[k] = [by_object.tp, by_object.fp, by_object.fn, by_cell.tp, by_cell.fp, by_cell.fn]
    return found


def best(counts: Sequence[np.ndarray], rules: Sequence[Rule] = TRIED) -> Rule:
    """The rule with the best F1 by cell among those whose F1 by object is within 0.02 of the best.

    counts: of `counted`, of some scenes.
    """
    total = np.sum(counts, axis=0)
    by_object, by_cell = (np.array([Counts(*row).f1 for row in total[:, part]]) for part in (slice(3), slice(3, 6)))
    good = by_object >= by_object.max() - NEAR_BEST
    return rules[int(np.where(good, by_cell, -1).argmax())]


def word(rule: Rule) -> str:
    """A rule in words."""
    noise = "standard deviations of the map" if rule.noise == "map" else "standard errors of the cell"
    return f"{rule.sigmas:g} {noise}, {rule.min_cells} cells, slopes from {rule.min_slope_deg:g} degrees"

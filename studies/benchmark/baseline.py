"""What people do without a network: `sarslide.inventory.velocity_threshold`, tried with several
factors and areas on the validation part.
"""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from itertools import product

import numpy as np

from sarslide.dataset.scenes import TrainingScene
from sarslide.evaluate import metrics
from sarslide.inventory.velocity_threshold import LAYERS, PRINTED, Rule, active_areas

__all__ = ["CHANNELS", "PRINTED", "VARIANTS", "Rule", "active_areas", "choose", "probability"]

CHANNELS = LAYERS
SIGMAS = (1.0, 1.5, 2.0, 2.5, 3.0, 4.0, 5.0, 6.0, 8.0)
CELLS = (5, 10, 20, 40, 60)
VARIANTS = (Rule(noise="map"), Rule(noise="cell"), Rule(noise="cell", min_slope_deg=5.0))


def probability(scene: TrainingScene, rule: Rule) -> np.ndarray:
    """The baseline's map of a scene with channels CHANNELS: 1 active, 0 not, NaN where the scene is
    unknown, float32.
    """
    rate, std, slope = scene.features
    found = active_areas(rate, std, slope, rule).astype(np.float32)
    return np.where(np.isfinite(scene.features).all(axis=0), found, np.float32(np.nan))


def choose(scenes: Sequence[TrainingScene], variants: Iterable[Rule] = VARIANTS, min_cells: int = 1) -> Rule:
    """The variant, factor and least area with the best F1 by cell among those whose F1 by object is
    within 0.02 of the best.

    scenes: of the validation part, channels CHANNELS. min_cells: objects smaller are left out of
    the object score. The same rule as networks' thresholds (`metrics.choose_threshold`).
    """
    tried = [replace(v, sigmas=s, min_cells=n) for v, s, n in product(variants, SIGMAS, CELLS)]
    scored = []
    for rule in tried:
        maps = [probability(scene, rule) > 0 for scene in scenes]
        by_object = metrics.pooled(
            metrics.object_counts(scene.label, found, min_cells=min_cells)
            for scene, found in zip(scenes, maps, strict=True)
        )
        by_cell = metrics.pooled(
            metrics.pixel_counts(scene.label, found) for scene, found in zip(scenes, maps, strict=True)
        )
        scored.append((by_object.f1, by_cell.f1))
    best = max(by_object for by_object, _ in scored)
    good = [k for k, (by_object, _) in enumerate(scored) if by_object >= best - metrics.NEAR_BEST]
    return tried[max(good, key=lambda k: scored[k][1])]

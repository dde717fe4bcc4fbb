"""P0's split, to show its optimism (D02, D04, D05).

Overlapping patches of the same regions, dealt to the parts at random.
"""

from collections.abc import Sequence

import numpy as np

from sarslide.dataset.patches import windows
from sarslide.dataset.scenes import IGNORE, TrainingScene
from sarslide.dataset.splits import P0_FRACTIONS, random_split

PATCH, OVERLAP = 128, 0.5


def random_patches(scenes: Sequence[TrainingScene], seed: int) -> list[list[TrainingScene]]:
    """Training, validation and test patches (7:2:1) of the scenes, each a scene of 128 x 128 cells
    with half overlap.

    Patches without a counted cell are left out. Each is called a region of its own, although
    neighbours share half of their cells and both passes see the same ground: that is the leak.
    """
    patches = [
        _patch(scene, row, col)
        for scene in scenes
        for row, col in windows(scene.label.shape, PATCH, OVERLAP)
        if (scene.label[row : row + PATCH, col : col + PATCH] != IGNORE).any()
    ]
    return [[patches[k] for k in part] for part in random_split(len(patches), P0_FRACTIONS, seed)]


def _patch(scene: TrainingScene, row: int, col: int) -> TrainingScene:
    part = np.s_[..., row : row + PATCH, col : col + PATCH]
    name = f"{scene.name}/{row}/{col}"
    layers = (scene.full_label, scene.decoy, scene.landslide_kind, scene.true_rate)
    cut = (None if layer is None else layer[part] for layer in layers)
    return TrainingScene(name, name, scene.features[part], scene.label[part], *cut)

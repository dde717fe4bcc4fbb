"""Tiny training scenes: ellipses that move on noise; a strip is unknown."""

from dataclasses import replace

import numpy as np

from sarslide.dataset.scenes import IGNORE, TrainingScene
from sarslide.training.recipe import PRESETS

CHANNELS = ("los_rate_mm_per_yr", "slope_deg")
RECIPE = replace(PRESETS["sarslide"], epochs=6, parts=1, batch=4, patch=64, patience=0, learning_rate=5e-3)


def scene(seed, size=96):
    rng = np.random.default_rng(seed)
    y, x = np.mgrid[:size, :size]
    label = np.zeros((size, size), np.uint8)
    for cy, cx in rng.uniform(12, size - 12, (6, 2)):
        label[(y - cy) ** 2 / 90 + (x - cx) ** 2 / 40 < 1] = 1
    stack = np.stack([40.0 * label + rng.normal(0, 5, label.shape), rng.normal(25, 8, label.shape)]).astype(np.float32)
    stack[:, :, :5] = np.nan
    label[:, :5] = IGNORE
    return TrainingScene(f"r{seed}", f"r{seed}/A128", stack, label)

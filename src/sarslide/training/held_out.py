"""Scores of a network on the test part of labels, which neither training nor validation saw.

Blocks of the test part that touch are one group (`dataset.splits`): no landslide, and no cell, is
in two groups or in another part, so that groups are drawn for the intervals. Tracks see the same
ground: a group holds it as all of them see it.
"""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import torch

from sarslide.dataset.scenes import IGNORE, TrainingScene
from sarslide.errors import TrainingError
from sarslide.evaluate import scores
from sarslide.segment import calibration
from sarslide.training import validate
from sarslide.training.train import FINAL_OVERLAP, Trained


def check(test: Sequence[TrainingScene]) -> None:
    """Refuse a test part that can give no scores.

    Parameters
    ----------
    test : sequence of TrainingScene
        Scenes of the test part.

    Raises
    ------
    TrainingError
        Where no track sees a labelled landslide, or none sees background.
    """
    for value, what in ((1, "landslide"), (0, "background")):
        if not any((scene.label == value).any() for scene in test):
            names = ", ".join(scene.name for scene in test[:3]) or "no scene"
            raise TrainingError(
                f"the test part ({names} ...) has no {what} that a track sees",
                "use smaller blocks (dataset.block), or give the part a larger share (dataset.fractions)",
            )


def evaluate(trained: Trained, test: Sequence[TrainingScene], device: torch.device | str = "cpu") -> dict[str, Any]:
    """Scores by cell and by object with intervals from groups of blocks.

    Parameters
    ----------
    trained : Trained
        The network, its calibration and its threshold.
    test : sequence of TrainingScene
        Scenes of the test part.
    device : torch.device or str
        Where the network runs.

    Returns
    -------
    dict of str to Any
        As `scores.summary`; each group is a region.
    """
    recipe = trained.recipe
    maps = validate.maps(trained.network, test, trained.normalisation, recipe.patch, FINAL_OVERLAP, device)
    maps = [calibration.apply(p, trained.line) for p in maps]
    pieces = [piece for scene, p in zip(test, maps, strict=True) for piece in _pieces(scene, p)]
    parts, of_parts = zip(*pieces, strict=True)
    return scores.summary(scores.evaluate(parts, of_parts, trained.threshold, recipe.min_cells))


def _pieces(scene: TrainingScene, p: np.ndarray) -> Iterator[tuple[TrainingScene, np.ndarray]]:
    """The groups of a scene, each with its map; all of it where it has none."""
    block = np.ones(p.shape, np.int32) if scene.block is None else scene.block
    for number in np.unique(block[block > 0]):
        rows, cols = (np.flatnonzero((block == number).any(axis=axis)) for axis in (1, 0))
        box = np.s_[rows[0] : rows[-1] + 1, cols[0] : cols[-1] + 1]
        inside = block[box] == number

        def cut(array: np.ndarray, void: float, inside: np.ndarray = inside, box: tuple = box) -> np.ndarray:
            return np.where(inside, array[box], np.asarray(void, array.dtype))

        whole = scene.label if scene.full_label is None else scene.full_label
        piece = replace(
            scene,
            region=f"{scene.region}/{number}",
            name=f"{scene.name}/{number}",
            features=scene.features[:, *box],
            label=cut(scene.label, IGNORE),
            full_label=cut(whole, IGNORE),
            decoy=None,
            landslide_kind=None,
            true_rate=None,
            objects=None,
            grid=None,
            block=None,
        )
        yield piece, cut(p, np.nan)

"""Whole validation scenes, predicted as inference does, and two numbers for the learning curve."""

from collections.abc import Sequence

import numpy as np
import torch
from torch import nn

from sarslide.dataset.normalise import Normalisation
from sarslide.dataset.scenes import IGNORE, TrainingScene
from sarslide.evaluate import metrics
from sarslide.segment.infer import uncalibrated
from sarslide.segment.precision import FP32


def maps(
    network: nn.Module,
    scenes: Sequence[TrainingScene],
    normalisation: Normalisation,
    patch: int,
    overlap: float,
    device: torch.device | str,
    precision: str = FP32,
) -> list[np.ndarray]:
    """Probability maps of whole scenes, not calibrated.

    Parameters
    ----------
    network : nn.Module
        The network.
    scenes : sequence of TrainingScene
        Scenes.
    normalisation : Normalisation
        Of the features.
    patch : int
        Side of the sliding window, cells.
    overlap : float
        Of neighbouring windows, 0 to < 1.
    device : torch.device or str
        Where the network runs.
    precision : str
        `fp32` or `bf16`.

    Returns
    -------
    list of (rows, cols) array of float32
        Probability, NaN where unknown.
    """
    return [
        uncalibrated(network, scene.features, normalisation, patch, overlap, device=device, precision=precision)
        for scene in scenes
    ]


def map_loss(scenes: Sequence[TrainingScene], probabilities: Sequence[np.ndarray]) -> float:
    """Mean binary cross-entropy over the counted cells of whole scenes.

    Parameters
    ----------
    scenes : sequence of TrainingScene
        Scenes with labels.
    probabilities : sequence of array
        Map of each.

    Returns
    -------
    float
        Loss.
    """
    total, count = 0.0, 0
    for scene, probability in zip(scenes, probabilities, strict=True):
        counted = scene.label != IGNORE
        p = np.clip(probability[counted].astype(np.float64), 1e-7, 1 - 1e-7)
        truth = scene.label[counted] == 1
        total -= float(np.log(np.where(truth, p, 1 - p)).sum())
        count += int(counted.sum())
    return total / max(count, 1)


def map_f1(scenes: Sequence[TrainingScene], probabilities: Sequence[np.ndarray], threshold: float = 0.5) -> float:
    """F1 by cell, pooled over scenes.

    Parameters
    ----------
    scenes : sequence of TrainingScene
        Scenes with labels.
    probabilities : sequence of array
        Map of each.
    threshold : float
        p >= threshold is landslide.

    Returns
    -------
    float
        F1.
    """
    return metrics.pooled(
        metrics.pixel_counts(scene.label, p >= threshold) for scene, p in zip(scenes, probabilities, strict=True)
    ).f1

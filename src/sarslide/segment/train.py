"""Training of a segmentation network on whole scenes, split by region (P0 section 5.1, E07; ours beside it)."""

import copy
import csv
import logging
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F
from tqdm import tqdm

from sarslide.dataset import augment
from sarslide.dataset.normalise import Normalisation, fit
from sarslide.dataset.patches import cut, random_windows, windows
from sarslide.dataset.scenes import IGNORE, Scene, data_hash
from sarslide.dataset.splits import check_disjoint
from sarslide.errors import TrainingError
from sarslide.models import registry
from sarslide.models.weights import SIMULATED
from sarslide.segment import metrics
from sarslide.segment.infer import predict

log = logging.getLogger(__name__)

HISTORY = ("epoch", "learning_rate", "train_loss", "train_f1", "validation_loss", "validation_f1")


@dataclass(frozen=True)
class Recipe:
    """How to train. The defaults are ours (`sarslide`); `P0` holds the paper's.

    patch: side, cells. normalisation: a method of `dataset.normalise`. loss: `bce`, or `bce_dice` for few positive cells
    (D11). random_crops: each epoch cuts its patches anywhere, else on the half-overlapping grid of P0 (D02); their number is
    the grid's. patience: epochs without a better validation F1 before it stops (0: never). threshold: 0 chooses it on the
    validation part. min_cells: smallest object that counts. seed: initial weights and order and orientation of patches.
    """

    epochs: int = 30
    batch: int = 16
    patch: int = 128
    learning_rate: float = 1e-3
    halve_every: int = 10
    normalisation: str = "robust"
    loss: str = "bce_dice"
    augmentation: bool = True
    random_crops: bool = True
    patience: int = 8
    threshold: float = 0.0
    min_cells: int = 20
    seed: int = 7


# E07; D03. The paper augments nothing.
P0 = Recipe(
    epochs=80,
    normalisation="zscore_sample",
    loss="bce",
    augmentation=False,
    random_crops=False,
    patience=0,
    threshold=0.5,
)
PRESETS = {"sarslide": Recipe(), "p0": P0}


@dataclass
class Trained:
    """The network of the best epoch and all that its card says. history: one row of `HISTORY` an epoch."""

    network: nn.Module
    normalisation: Normalisation
    threshold: float
    best_epoch: int
    history: list[dict[str, float]] = field(default_factory=list)
    scores: dict[str, Any] = field(default_factory=dict)


def train(
    training: Sequence[Scene],
    validation: Sequence[Scene],
    channels: Sequence[str],
    network: str,
    options: dict[str, int],
    recipe: Recipe,
    device: torch.device | str = "cpu",
    progress: bool = False,
) -> Trained:
    """Train `network` of the registry on the training scenes and keep the epoch with the best validation F1 by cell.

    Adam, the learning rate halved every `halve_every` epochs. The normalisation is fitted on the training scenes alone; the
    validation scenes are predicted as inference does it. Same machine, device and thread count: same weights. Raises
    TrainingError where the parts share a region, where nothing is labelled positive, or for channels that cannot be turned.
    """
    _check(training, validation, channels, recipe)
    normalisation = fit(recipe.normalisation, channels, [scene.stack for scene in training])
    with _reproducible(recipe.seed):
        model = registry.build(network, len(channels), **options).to(device, memory_format=torch.channels_last)
        optimiser = torch.optim.Adam(model.parameters(), lr=recipe.learning_rate)
        schedule = torch.optim.lr_scheduler.StepLR(optimiser, recipe.halve_every, 0.5)
        result = Trained(model, normalisation, recipe.threshold or 0.5, 0)
        best_f1, best_state = -1.0, copy.deepcopy(model.state_dict())
        for epoch in range(1, recipe.epochs + 1):
            rate = optimiser.param_groups[0]["lr"]
            batches = _batches(training, channels, normalisation, recipe, epoch)
            loss, counts = _epoch(model, optimiser, batches, recipe, device, _steps(training, recipe), epoch, progress)
            schedule.step()
            maps = _maps(model, validation, normalisation, recipe, device)
            validation_counts = metrics.pooled(
                metrics.pixel_counts(scene.label, p >= 0.5) for scene, p in zip(validation, maps, strict=True)
            )
            row = (rate, loss, counts.f1, _map_loss(validation, maps), validation_counts.f1)
            curves = {name: round(value, 6) for name, value in zip(HISTORY[1:], row, strict=True)}
            result.history.append({"epoch": epoch, **curves})
            log.info("epoch %d: %s", epoch, result.history[-1])
            if validation_counts.f1 > best_f1:
                best_f1, result.best_epoch, best_state = validation_counts.f1, epoch, copy.deepcopy(model.state_dict())
            if recipe.patience and epoch - result.best_epoch >= recipe.patience:
                break
        model.load_state_dict(best_state)
        maps = _maps(model, validation, normalisation, recipe, device)
    labels = [scene.label for scene in validation]
    result.threshold = recipe.threshold or metrics.choose_threshold(labels, maps, min_cells=recipe.min_cells)
    result.scores = score(validation, maps, result.threshold, recipe.min_cells)
    model.eval()
    return result


def score(scenes: Sequence[Scene], maps: Sequence[np.ndarray], threshold: float, min_cells: int = 1) -> dict[str, Any]:
    """Pooled scores by cell and by object (one to one at IoU >= 0.3), and the same scene by scene, for JSON."""
    by_cell = [metrics.pixel_counts(scene.label, p >= threshold) for scene, p in zip(scenes, maps, strict=True)]
    by_object = [
        metrics.object_counts(scene.label, p >= threshold, min_cells=min_cells)
        for scene, p in zip(scenes, maps, strict=True)
    ]
    return {
        "threshold": threshold,
        "pixel": metrics.pooled(by_cell).to_dict(),
        "object": metrics.pooled(by_object).to_dict(),
        "scenes": {
            scene.name: {"pixel": cells.to_dict(), "object": found.to_dict()}
            for scene, cells, found in zip(scenes, by_cell, by_object, strict=True)
        },
    }


def model_card(
    trained: Trained,
    training: Sequence[Scene],
    validation: Sequence[Scene],
    channels: Sequence[str],
    network: str,
    options: dict[str, int],
    recipe: Recipe,
    code: str,
) -> dict[str, Any]:
    """The card that travels in the weights file (`models.weights`). code: fingerprint of the training code."""
    return {
        "network": network,
        "options": options,
        "channels": list(channels),
        "normalisation": trained.normalisation.to_dict(),
        "tile": recipe.patch,
        "threshold": trained.threshold,
        "training": {
            "recipe": asdict(recipe),
            "best_epoch": trained.best_epoch,
            "regions": sorted({scene.region for scene in training}),
            "validation_regions": sorted({scene.region for scene in validation}),
            "data_sha256": data_hash([*training, *validation]),
            "code": code,
        },
        "scores": {key: trained.scores[key] for key in ("pixel", "object")},
        "licence": "BSD-3-Clause",
        "label": SIMULATED,
    }


def write_history(path: str | Path, history: Sequence[dict[str, float]]) -> None:
    """The learning curve as CSV (E19)."""
    from sarslide.io.raster import atomic

    with atomic(path) as temporary, open(temporary, "w", newline="") as stream:
        writer = csv.DictWriter(stream, HISTORY, lineterminator="\n")
        writer.writeheader()
        writer.writerows(history)


def segmentation_loss(logits: Tensor, label: Tensor, kind: str) -> Tensor:
    """Loss of logits (N, H, W) against a label (N, H, W) uint8, cells of 255 left out.

    `bce`: mean binary cross-entropy (P0). `bce_dice`: that plus the soft dice loss over the batch, 1 - 2 sum(p y) / sum(p + y).
    """
    counted = label != IGNORE
    truth = (label == 1).to(logits.dtype)
    each = F.binary_cross_entropy_with_logits(logits, truth, reduction="none")
    loss = (each * counted).sum() / counted.sum().clamp(min=1)
    if kind == "bce_dice":
        probability = torch.sigmoid(logits) * counted
        loss = loss + 1 - (2 * (probability * truth).sum() + 1) / (probability.sum() + truth.sum() + 1)
    return loss


def _check(training: Sequence[Scene], validation: Sequence[Scene], channels: Sequence[str], recipe: Recipe) -> None:
    for part, scenes in (("training", training), ("validation", validation)):
        if not any((scene.label == 1).any() for scene in scenes):
            raise TrainingError(f"the {part} part has no labelled landslide", "add regions with landslides")
    check_disjoint({scene.region for scene in training}, {scene.region for scene in validation})
    if recipe.augmentation:
        augment.check(channels)
    if recipe.loss not in ("bce", "bce_dice"):
        raise TrainingError(f"loss '{recipe.loss}' does not exist", "use bce or bce_dice")


def _grid(scene: Scene, recipe: Recipe) -> list[tuple[int, int]]:
    return windows(scene.label.shape, recipe.patch, 0.5)


def _steps(scenes: Sequence[Scene], recipe: Recipe) -> int:
    return max(1, sum(len(_grid(scene, recipe)) for scene in scenes) // recipe.batch)


def _batches(
    scenes: Sequence[Scene], channels: Sequence[str], normalisation: Normalisation, recipe: Recipe, epoch: int
) -> Iterator[tuple[Tensor, Tensor]]:
    """Shuffled batches (inputs (N, C, H, W), labels (N, H, W)) of one epoch; its seed is (recipe's seed, epoch).

    The last, incomplete batch is left out: batch normalisation needs company.
    """
    rng = np.random.default_rng(np.random.SeedSequence([recipe.seed, epoch]))
    places = []
    for k, scene in enumerate(scenes):
        grid = _grid(scene, recipe)
        chosen = random_windows(scene.label.shape, recipe.patch, len(grid), rng) if recipe.random_crops else grid
        places += [(k, row, col) for row, col in chosen]
    order = rng.permutation(len(places))
    size = min(recipe.batch, len(places))
    for first in range(0, len(order) - size + 1, size):
        inputs, labels = [], []
        for index in order[first : first + size]:
            k, row, col = places[index]
            stack = cut(scenes[k].stack, row, col, recipe.patch, np.nan)
            label = cut(scenes[k].label, row, col, recipe.patch, IGNORE)
            if recipe.augmentation:
                orientation = int(rng.integers(augment.ORIENTATIONS))
                stack = augment.add_noise(augment.orient_stack(stack, channels, orientation), channels, rng)
                label = augment.orient_raster(label, orientation)
            inputs.append(normalisation(stack))
            labels.append(label)
        yield torch.from_numpy(np.stack(inputs)), torch.from_numpy(np.stack(labels))


def _epoch(
    model: nn.Module,
    optimiser: torch.optim.Optimizer,
    batches: Iterator[tuple[Tensor, Tensor]],
    recipe: Recipe,
    device: torch.device | str,
    steps: int,
    epoch: int,
    progress: bool,
) -> tuple[float, metrics.Counts]:
    """Mean loss and counts by cell of one pass over the batches."""
    model.train()
    losses, counts = [], metrics.Counts()
    for inputs, labels in tqdm(batches, f"epoch {epoch}", total=steps, unit="batch", disable=not progress):
        logits = model(inputs.to(device, memory_format=torch.channels_last))[:, 0]
        loss = segmentation_loss(logits, labels.to(device), recipe.loss)
        optimiser.zero_grad(set_to_none=True)
        loss.backward()
        optimiser.step()
        losses.append(loss.item())
        counts += metrics.pixel_counts(labels.numpy(), (logits.detach() > 0).cpu().numpy())
    return float(np.mean(losses)), counts


def _maps(
    model: nn.Module, scenes: Sequence[Scene], normalisation: Normalisation, recipe: Recipe, device: torch.device | str
) -> list[np.ndarray]:
    """Probability maps of whole scenes with a quarter of overlap."""
    return [predict(model, scene.stack, normalisation, recipe.patch, 0.25, device=device) for scene in scenes]


def _map_loss(scenes: Sequence[Scene], maps: Sequence[np.ndarray]) -> float:
    """Mean binary cross-entropy over the counted cells of whole scenes."""
    total, count = 0.0, 0
    for scene, probability in zip(scenes, maps, strict=True):
        counted = scene.label != IGNORE
        p = np.clip(probability[counted].astype(np.float64), 1e-7, 1 - 1e-7)
        truth = scene.label[counted] == 1
        total -= float(np.log(np.where(truth, p, 1 - p)).sum())
        count += int(counted.sum())
    return total / max(count, 1)


@contextmanager
def _reproducible(seed: int) -> Iterator[None]:
    """Seeded initial weights and deterministic kernels, without touching the caller's random state."""
    before = torch.are_deterministic_algorithms_enabled()
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        torch.use_deterministic_algorithms(True)
        try:
            yield
        finally:
            torch.use_deterministic_algorithms(before)

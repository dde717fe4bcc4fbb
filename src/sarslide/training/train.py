"""Training of a network on whole scenes, split by region, by a recipe (`training.recipe`).

Same machine, device and thread count: same bytes, interrupted or not. On a CPU every kernel is a
deterministic one. On a GPU some operations have none (backward of aligned regions and of deformable
convolution, unpooling of SegNet): torch then warns in the log and names the operation, and two
trainings agree in their scores, not in their bytes.
"""

import copy
import logging
import os
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from torch import Tensor, nn

from sarslide.dataset import augment
from sarslide.dataset.normalise import Normalisation, fit
from sarslide.dataset.scenes import IGNORE, TrainingScene
from sarslide.dataset.splits import check_disjoint
from sarslide.errors import TrainingError, WeightsError
from sarslide.evaluate import metrics, reliability, scores
from sarslide.models import networks, registry
from sarslide.models.pretrained import Start, load_pretrained
from sarslide.segment import calibration
from sarslide.segment.precision import BF16, has_bf16
from sarslide.training import checkpoint as checkpoints
from sarslide.training import parallel, targets, validate
from sarslide.training import recipe as recipes
from sarslide.training.loss import segmentation_loss
from sarslide.training.recipe import Recipe
from sarslide.training.samples import Patches, batches

if TYPE_CHECKING:
    from sarslide.models.card import Calibration

log = logging.getLogger(__name__)

SGD: dict[str, Any] = {"momentum": 0.9, "weight_decay": 1e-4}
GPU_WORKERS = 8
FINAL_OVERLAP = 0.25


@dataclass(kw_only=True)
class Learnt:
    """What the steps of a training leave: the network of the best round, not yet calibrated.

    Attributes
    ----------
    network : nn.Module
        The network, in evaluation mode.
    name : str
        Its name in the registry.
    options : dict of str to Any
        Its options.
    channels : tuple of str
        Channels of its input.
    recipe : Recipe
        How it was trained.
    normalisation : Normalisation
        Of its input.
    best_epoch : int
        The round that was kept.
    history : list of dict
        One row of `history.COLUMNS` a round, the first of them (epoch 0) before any step where the
        start was a weights file.
    device : str
        `cpu` or `cuda`.
    processes : int
        That shared each batch.
    start : Start or None
        Weights of another data set that it started from, tensor by tensor.
    """

    network: nn.Module
    name: str
    options: dict[str, Any]
    channels: tuple[str, ...]
    recipe: Recipe
    normalisation: Normalisation
    best_epoch: int
    history: list[dict[str, Any]]
    device: str
    processes: int = 1
    start: Start | None = None


@dataclass(kw_only=True)
class Trained(Learnt):
    """The network of the best round, and all else that its card holds.

    Attributes
    ----------
    threshold : float
        Of its map, calibrated.
    calibration : dict of str to Any
        `reliability.fit` on the validation scenes.
    scores : dict of str to Any
        `scores.summary` of the validation scenes at the threshold.
    bf16_mask_iou : float or None
        IoU of the validation scenes' masks in bf16 with those in fp32, None where the device does
        not compute in bf16.
    line : Calibration or None
        The line of `calibration`.
    maps : list of array
        Calibrated probability (rows, cols) of the validation scenes.
    """

    threshold: float
    calibration: dict[str, Any]
    scores: dict[str, Any]
    bf16_mask_iou: float | None = None
    line: "Calibration | None" = None
    maps: list[np.ndarray] = field(default_factory=list, repr=False)


@dataclass(frozen=True)
class _Job:
    """All that a process of a training needs."""

    training: Sequence[TrainingScene]
    validation: Sequence[TrainingScene]
    channels: tuple[str, ...]
    network: str
    options: dict[str, Any]
    recipe: Recipe
    normalisation: Normalisation
    start: dict[str, Tensor] | None
    device: str
    threads: int
    checkpoint: Path | None
    identity: str
    progress: bool


def train(
    training: Sequence[TrainingScene],
    validation: Sequence[TrainingScene],
    channels: Sequence[str],
    network: str,
    options: dict[str, Any],
    recipe: Recipe,
    device: torch.device | str = "cpu",
    progress: bool = False,
    checkpoint: Path | None = None,
    processes: int = 0,
) -> Trained:
    """Train a network of the registry; keep the round that validates best.

    Parameters
    ----------
    training, validation : sequence of TrainingScene
        Scenes of both parts.
    channels : sequence of str
        Channels of the features.
    network : str
        Name in the registry.
    options : dict of str to Any
        Of the network.
    recipe : Recipe
        How to train. The normalisation is fitted on the training scenes alone, or is that of the
        weights that the recipe starts from.
    device : torch.device or str
        Where to train.
    progress : bool
        Show a progress bar.
    checkpoint : Path or None
        File written after each round, from which an interrupted training goes on; removed by the
        caller when the results are safe.
    processes : int
        That share each batch; 0: one on a CPU, one a GPU otherwise.

    Returns
    -------
    Trained
        The network and what is known of it.

    Raises
    ------
    TrainingError
        For parts that share a region, that lack landslides or background, for channels that cannot
        be turned and for a recipe that does not fit.
    WeightsError
        For an unknown network and for a start that does not fit.
    """
    learnt = learn(training, validation, channels, network, options, recipe, device, progress, checkpoint, processes)
    return finish(learnt, validation, device)


def learn(
    training: Sequence[TrainingScene],
    validation: Sequence[TrainingScene],
    channels: Sequence[str],
    network: str,
    options: dict[str, Any],
    recipe: Recipe,
    device: torch.device | str = "cpu",
    progress: bool = False,
    checkpoint: Path | None = None,
    processes: int = 0,
) -> Learnt:
    """The steps of a training, which need no packages but torch, NumPy and SciPy.

    Parameters
    ----------
    training, validation, channels, network, options, recipe, device
        As in `train`.
    progress, checkpoint, processes
        As in `train`; without the first two no further package is imported.

    Returns
    -------
    Learnt
        The network of the round that validates best.

    Raises
    ------
    TrainingError, WeightsError
        As `train`.
    """
    channels = tuple(channels)
    instances = registry.kind(network) == registry.INSTANCE
    _check(training, validation, channels, recipe)
    options = targets.with_options(options, recipe.start) if instances else dict(options)
    start, normalisation = _start(training, channels, network, options, recipe)
    processes = processes or _processes(torch.device(device), recipe)
    made_by = checkpoints.identity(training, validation, channels, normalisation, network, options, recipe, processes)
    threads = max(1, torch.get_num_threads() // processes)
    job = _Job(
        training, validation, channels, network, options, recipe, normalisation, start,
        str(device), threads, checkpoint, made_by, progress,
    )  # fmt: skip
    model, begun = _build(job)
    _check_batch(model, recipe.batch // processes)
    found = _fit(job) if processes == 1 else parallel.run(_fit, job, processes)

    model.load_state_dict(found["best"])
    return Learnt(
        network=model.eval(),
        name=network,
        options=options,
        channels=channels,
        recipe=recipe,
        normalisation=normalisation,
        best_epoch=found["best_epoch"],
        history=found["history"],
        device=torch.device(device).type,
        processes=processes,
        start=begun,
    )


def finish(learnt: Learnt, validation: Sequence[TrainingScene], device: torch.device | str = "cpu") -> Trained:
    """Threshold, calibration and scores of a network that has learnt, from its validation scenes.

    Parameters
    ----------
    learnt : Learnt
        The network.
    validation : sequence of TrainingScene
        The scenes that it was validated on.
    device : torch.device or str
        Where it maps them.

    Returns
    -------
    Trained
        The network and what is known of it.
    """
    from sarslide.models.card import Calibration

    maps, threshold = thresholded(learnt, validation, device)
    labels = [scene.label for scene in validation]
    same_mask = _bf16_mask_iou(learnt, validation, maps, threshold, device)
    # The threshold follows the calibration, so that the mask is the one that was chosen.
    fitted = reliability.fit(labels, maps)
    line = Calibration.model_validate(fitted)
    threshold = round(float(calibration.apply(np.asarray(threshold), line)), 6)
    maps = [calibration.apply(p, line) for p in maps]
    return Trained(
        **vars(learnt),
        threshold=threshold,
        calibration=fitted,
        scores=scores.summary(scores.evaluate(validation, maps, threshold, learnt.recipe.min_cells)),
        bf16_mask_iou=same_mask,
        line=line,
        maps=maps,
    )


def maps_of(learnt: Learnt, scenes: Sequence[TrainingScene], device: torch.device | str = "cpu") -> list[np.ndarray]:
    """Probability maps of a network that has learnt, not calibrated.

    Parameters
    ----------
    learnt : Learnt
        The network; it is brought to the device.
    scenes : sequence of TrainingScene
        What it maps.
    device : torch.device or str
        Where.

    Returns
    -------
    list of (rows, cols) array
        One a scene.
    """
    network = learnt.network.to(device).to(memory_format=torch.channels_last)
    return validate.maps(network, scenes, learnt.normalisation, learnt.recipe.patch, FINAL_OVERLAP, device)


def thresholded(
    learnt: Learnt, validation: Sequence[TrainingScene], device: torch.device | str = "cpu"
) -> tuple[list[np.ndarray], float]:
    """`maps_of` the validation scenes, and their threshold: the recipe's, or the best one.

    Parameters
    ----------
    learnt, validation, device
        As of `finish`.

    Returns
    -------
    maps : list of (rows, cols) array
        Not calibrated.
    threshold : float
        Of these maps.
    """
    maps, recipe = maps_of(learnt, validation, device), learnt.recipe
    labels = [scene.label for scene in validation]
    return maps, recipe.threshold or metrics.choose_threshold(labels, maps, min_cells=recipe.min_cells)


def _check(
    training: Sequence[TrainingScene], validation: Sequence[TrainingScene], channels: Sequence[str], recipe: Recipe
) -> None:
    recipes.check(recipe)
    for part, scenes in (("training", training), ("validation", validation)):
        names = ", ".join(scene.name for scene in scenes[:3]) or "no scene"
        if not any((scene.label != IGNORE).any() for scene in scenes):
            raise TrainingError(
                f"the {part} part ({names} ...) has no cell that is known and counted", "check its rasters and labels"
            )
        if not any((scene.label == 1).any() for scene in scenes):
            raise TrainingError(
                f"the {part} part ({names} ...) has no labelled landslide", "add regions with landslides"
            )
        if not any((scene.label == 0).any() for scene in scenes):
            raise TrainingError(f"the {part} part ({names} ...) has no background", "label what is no landslide with 0")
    check_disjoint({scene.region for scene in training}, {scene.region for scene in validation})
    if recipe.augmentation:
        augment.check(channels)


def _start(
    training: Sequence[TrainingScene], channels: Sequence[str], network: str, options: dict[str, Any], recipe: Recipe
) -> tuple[dict[str, Tensor] | None, Normalisation]:
    """Tensors to start from, if any, and the normalisation that goes with them."""
    if recipe.start in ("", *registry.PRETRAINED):
        return None, fit(recipe.normalisation, channels, [scene.features for scene in training])
    model, card = networks.load(recipe.start, channels, network)
    if card.options != options:
        raise WeightsError(
            f"{recipe.start}: weights of a network with {card.options}, not {options}",
            "train the network as the weights have it",
        )
    return dict(model.state_dict()), card.normalise


def _processes(device: torch.device, recipe: Recipe) -> int:
    """One, or as many as there are GPUs for a batch, where the device is no particular GPU."""
    if device.type != "cuda" or device.index is not None:
        return 1
    return max(1, min(torch.cuda.device_count(), recipe.batch // 2))


def _build(job: _Job) -> tuple[nn.Module, Start | None]:
    """The network with the weights that the recipe starts from; random ones follow its seed.

    Beside it, what it took from weights of another data set.
    """
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(job.recipe.seed)
        try:
            model = networks.build(job.network, len(job.channels), **job.options)
        except TypeError as error:
            raise TrainingError(f"network '{job.network}': {error}", "give options that it has") from None
    begun = None
    if job.recipe.start in registry.PRETRAINED:
        begun = load_pretrained(model, job.recipe.start, job.recipe.coco_file)
    elif job.start is not None:
        model.load_state_dict(job.start)
    return model, begun


def _check_batch(model: nn.Module, size: int) -> None:
    """Raise TrainingError where batch normalisation would see one patch at a time."""
    if size < 2 and any(isinstance(layer, nn.modules.batchnorm._BatchNorm) for layer in model.modules()):
        raise TrainingError(
            f"{size} patch a step in each process, and the network has batch normalisation",
            "use batches of at least 2 for each, or Mask R-CNN with frozen_norm",
        )


def _fit(job: _Job, rank: int = 0) -> dict[str, Any]:
    """Tensors of the best round, its number, and the history; `rank` is this process's."""
    recipe, processes = job.recipe, parallel.processes_running()
    device = torch.device("cuda", rank) if processes > 1 and job.device.startswith("cuda") else torch.device(job.device)
    with _reproducible(device):
        model, _ = _build(job)
        if processes > 1 and device.type == "cuda":
            model = nn.SyncBatchNorm.convert_sync_batchnorm(model)
        model = model.to(device).to(memory_format=torch.channels_last)
        patches = Patches(job.training, job.channels, job.normalisation, recipe)
        ends = recipes.round_ends(recipe, len(patches))
        optimiser = _optimiser(model, recipe)
        state = checkpoints.read(job.checkpoint, job.identity)
        if state is None:
            state = {"epoch": 0, "best": None, "best_epoch": 0, "best_key": (-1.0, -np.inf), "history": []}
            if job.start is not None and rank == 0:
                _validated(state, {"epoch": 0, "samples": 0}, job, model, device)
        else:
            log.info("goes on after epoch %d of %d", state["epoch"], len(ends))
            model.load_state_dict(state["model"])
            optimiser.load_state_dict(state["optimiser"])
        while not parallel.agreed(_finished(state, recipe, len(ends)), device):
            epoch = state["epoch"] + 1
            first = ends[epoch - 2] if epoch > 1 else 0
            row = _round(model, optimiser, patches, job, epoch, (first, ends[epoch - 1], ends[-1]), device, rank)
            state["epoch"] = epoch
            if rank == 0:
                _validated(state, row, job, model, device)
                if job.checkpoint is not None:
                    tensors = {"model": model.state_dict(), "optimiser": optimiser.state_dict()}
                    checkpoints.save(job.checkpoint, job.identity, state | tensors)
    return {key: state[key] for key in ("best", "best_epoch", "history")}


def _bf16_mask_iou(
    learnt: Learnt,
    validation: Sequence[TrainingScene],
    maps: Sequence[np.ndarray],
    threshold: float,
    device: torch.device | str,
) -> float | None:
    """How much of the validation scenes' masks stays the same in bf16. maps: in fp32."""
    if not has_bf16(torch.device(device)):
        return None
    half = validate.maps(
        learnt.network, validation, learnt.normalisation, learnt.recipe.patch, FINAL_OVERLAP, device, precision=BF16
    )
    return round(metrics.mask_iou(maps, half, threshold), 4)


def _optimiser(model: nn.Module, recipe: Recipe) -> torch.optim.Optimizer:
    if recipe.optimiser == "sgd":
        return torch.optim.SGD(model.parameters(), lr=recipe.learning_rate, **SGD)
    return torch.optim.Adam(model.parameters(), lr=recipe.learning_rate)


def _finished(state: dict[str, Any], recipe: Recipe, rounds: int) -> bool:
    """Whether the budget is used up, or patience with it."""
    in_epochs = not (recipe.samples or recipe.iterations)
    waited = state["epoch"] - state["best_epoch"]
    return state["epoch"] >= rounds or bool(in_epochs and recipe.patience and waited >= recipe.patience)


def _validated(state: dict[str, Any], row: dict[str, Any], job: _Job, model: nn.Module, device: torch.device) -> None:
    """Complete the row of the history, and keep the network where it is the best so far."""
    scenes, recipe = job.validation, job.recipe
    maps = validate.maps(model, scenes, job.normalisation, recipe.patch, 0.0, device)
    loss, f1 = round(validate.map_loss(scenes, maps), 6), round(validate.map_f1(scenes, maps), 6)
    _check_finite(loss, row["epoch"])
    state["history"].append({**row, "validation_loss": loss, "validation_f1": f1})
    log.info("%s", state["history"][-1])
    # Among networks that find nothing yet, the one with the smaller loss is nearer to it.
    key = {"f1": (f1, -loss), "loss": (-loss, f1), "last": (row["epoch"], 0.0)}[recipe.keep]
    if state["best"] is None or key > tuple(state["best_key"]):
        state |= {"best": copy.deepcopy(model.state_dict()), "best_epoch": row["epoch"], "best_key": key}


def _round(
    model: nn.Module,
    optimiser: torch.optim.Optimizer,
    patches: Patches,
    job: _Job,
    epoch: int,
    steps: tuple[int, int, int],
    device: torch.device,
    rank: int,
) -> dict[str, Any]:
    """One round of steps (first, end, end of the budget); its row without validation."""
    recipe, (first, last, budget) = job.recipe, steps
    processes = parallel.processes_running()
    _seed(recipe.seed, epoch, rank)
    model.train()
    workers = min(GPU_WORKERS, os.cpu_count() or 1) if device.type == "cuda" else 0
    shown: Iterable[tuple[Tensor, Tensor]] = batches(patches, first, last, rank, processes, workers)
    if job.progress and rank == 0:
        from tqdm import tqdm

        shown = tqdm(shown, f"epoch {epoch}", last - first, unit="batch")
    sums, frozen, network = torch.zeros(4, dtype=torch.float64, device=device), None, None
    for step, (inputs, labels) in enumerate(shown, first):
        if frozen != (frozen := recipes.part(recipe, step, budget) < recipe.frozen_parts) or network is None:
            if (freeze_body := getattr(model, "freeze_body", None)) is not None:
                freeze_body(frozen)
            network = parallel.shared(model, device)
        for group in optimiser.param_groups:
            group["lr"] = recipes.learning_rate(recipe, step, budget)
        with torch.autocast(device.type, torch.bfloat16, enabled=recipe.precision == "bf16"):
            loss, counts = _loss(network, inputs, labels, job, device)
        optimiser.zero_grad(set_to_none=True)
        loss.backward()
        if recipe.clip_norm:
            nn.utils.clip_grad_norm_(model.parameters(), recipe.clip_norm)
        optimiser.step()
        sums += torch.cat([loss.detach().double()[None], counts])
    mean, tp, fp, fn = parallel.total(sums).tolist()
    mean /= processes * (last - first)
    _check_finite(mean, epoch)
    f1 = None if counts.isnan().any() else round(metrics.Counts(int(tp), int(fp), int(fn)).f1, 6)
    rate = optimiser.param_groups[0]["lr"]
    samples = round(recipes.samples_seen(recipe, last))
    return {"epoch": epoch, "samples": samples, "learning_rate": rate, "train_loss": round(mean, 6), "train_f1": f1}


def _check_finite(loss: float, epoch: int) -> None:
    if not np.isfinite(loss):
        raise TrainingError(
            f"the loss of epoch {epoch} is not finite", "use a smaller learning rate, or precision fp32"
        )


def _loss(network: nn.Module, inputs: Tensor, labels: Tensor, job: _Job, device: torch.device) -> tuple[Tensor, Tensor]:
    """Loss of a batch, and cells (tp, fp, fn), NaN for an instance network."""
    if registry.kind(job.network) == registry.INSTANCE:
        inputs, wanted = targets.with_targets(inputs, labels, job.recipe.min_cells)
        wanted = [{name: value.to(device) for name, value in target.items()} for target in wanted]
        losses = network(inputs.to(device, memory_format=torch.channels_last), wanted)
        return sum(losses.values()), torch.full((3,), torch.nan, dtype=torch.float64, device=device)
    labels = labels.to(device)
    logits = network(inputs.to(device, memory_format=torch.channels_last))[:, 0]
    loss = segmentation_loss(logits, labels, job.recipe.loss, parallel.total)
    found, truth, counted = logits.detach() > 0, labels == 1, labels != IGNORE
    cells = [found & truth, found & counted & ~truth, ~found & truth]
    return loss, torch.stack([c.sum() for c in cells]).double()


def _seed(seed: int, epoch: int, rank: int) -> None:
    """Dropout and proposals of a round follow from its number: a resumed training repeats them."""
    torch.manual_seed(int(np.random.SeedSequence([seed, epoch, rank]).generate_state(1)[0]))


@contextmanager
def _reproducible(device: torch.device) -> Iterator[None]:
    """Deterministic kernels, without touching the caller's random state."""
    on_gpu = device.type == "cuda"
    if on_gpu:
        # Without it cuBLAS has no deterministic kernels.
        os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":4096:8")
    before = torch.are_deterministic_algorithms_enabled(), torch.is_deterministic_algorithms_warn_only_enabled()
    with torch.random.fork_rng(devices=[device] if on_gpu else []):
        torch.use_deterministic_algorithms(True, warn_only=on_gpu)
        try:
            yield
        finally:
            torch.use_deterministic_algorithms(before[0], warn_only=before[1])

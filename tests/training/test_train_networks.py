"""Losses by hand, targets of instance networks, and every network trained by the same call."""

import math
from dataclasses import replace

import numpy as np
import pytest
import torch

from sarslide.dataset import normalise
from sarslide.dataset.normalise import Normalisation
from sarslide.dataset.scenes import IGNORE, TrainingScene
from sarslide.models import networks, registry
from sarslide.training.loss import segmentation_loss
from sarslide.training.recipe import PRESETS
from sarslide.training.samples import Patches, batches
from sarslide.training.targets import with_options, with_targets
from sarslide.training.train import train
from tests.support.training_scenes import CHANNELS, RECIPE, scene


def test_loss_leaves_uncounted_cells_out():
    logits = torch.tensor([[[2.0, -3.0, 50.0]]], requires_grad=True)
    label = torch.tensor([[[1, 0, IGNORE]]], dtype=torch.uint8)
    p = torch.sigmoid(torch.tensor([2.0, -3.0]))
    bce = segmentation_loss(logits, label, "bce").item()
    assert bce == pytest.approx(-(torch.log(p[0]) + torch.log(1 - p[1])).item() / 2)
    dice = segmentation_loss(logits, label, "dice").item()
    assert dice == pytest.approx(1 - (2 * p[0].item() + 1) / ((p**2).sum().item() + 2), abs=1e-7)
    both = segmentation_loss(logits, label, "bce_dice")
    assert both.item() == pytest.approx(bce + 1 - (2 * p[0].item() + 1) / (p.sum().item() + 2))
    both.backward()
    assert logits.grad[0, 0, 2] == 0
    assert (logits.grad[0, 0, :2] != 0).all()


def test_dice_teaches_nothing_where_logits_saturate():
    """Every cell a sure landslide, one in ten rightly: cross-entropy still pulls the nine back, dice
    loss does not (P4, D15).
    """
    label = (torch.arange(100).reshape(1, 10, 10) % 10 == 0).to(torch.uint8)
    pull = {}
    for kind in ("bce", "dice"):
        logits = torch.full((1, 10, 10), 20.0, requires_grad=True)
        segmentation_loss(logits, label, kind).backward()
        pull[kind] = logits.grad.abs().sum().item()
    assert pull["bce"] == pytest.approx(0.9)
    assert pull["dice"] < 1e-7


def test_faint_background_does_not_drown_the_landslides():
    """One cell in 50 is a landslide and every probability 0.02: all background together pulls with
    less than a tenth of the landslides' force. With first powers in the denominator it were 0.74.
    """
    label = (torch.arange(2500).reshape(1, 50, 50) % 50 == 0).to(torch.uint8)
    logits = torch.full((1, 50, 50), math.log(0.02 / 0.98), requires_grad=True)
    segmentation_loss(logits, label, "dice").backward()
    up, down = -logits.grad[label == 1].sum().item(), logits.grad[label == 0].sum().item()
    # S = sum(p y) = 1, B = sum(p^2) + sum(y) = 51: by hand.
    each = 0.02 * 0.98
    assert down == pytest.approx(2450 * 3 / 52**2 * 2 * 0.02 * each, rel=1e-4)
    assert up == pytest.approx(50 * (2 / 52 - 3 / 52**2 * 2 * 0.02) * each, rel=1e-4)
    assert down < 0.1 * up


@pytest.mark.parametrize(("network", "seed"), [("generalized_cnn", 1), ("vcnn", 3)])
def test_first_steps_of_p4_stay_where_dice_has_a_gradient(network, seed):
    """With a learning rate of 1e-3 the median of |logit| came to 54 and 1594 within these 20 steps."""
    recipe = replace(PRESETS["p4"], patch=64, seed=seed)
    scenes = [scene(1), scene(2)]
    normalisation = normalise.fit(recipe.normalisation, CHANNELS, [each.features for each in scenes])
    torch.manual_seed(seed)
    model = networks.build(network, len(CHANNELS), width=16).train()
    optimiser = torch.optim.Adam(model.parameters(), lr=recipe.learning_rate)
    for inputs, labels in batches(Patches(scenes, CHANNELS, normalisation, recipe), 0, 20):
        logits = model(inputs)[:, 0]
        assert logits.detach().abs().median() < 8
        optimiser.zero_grad()
        segmentation_loss(logits, labels, recipe.loss).backward()
        optimiser.step()


def test_objects_that_are_not_counted_are_not_seen():
    """Two landslides, a scrap, an uncounted object: two targets; the scrap and the uncounted are
    unknown, nothing else is.
    """
    labels = torch.zeros(1, 40, 40, dtype=torch.uint8)
    labels[0, 2:8, 2:8] = 1
    labels[0, 20:30, 20:25] = 1
    labels[0, 35:37, 2:4] = 1  # 4 cells
    labels[0, 2:8, 30:36] = IGNORE
    inputs = torch.full((1, 3, 40, 40), 5.0)
    seen, (target,) = with_targets(inputs, labels, min_cells=20)
    assert target["boxes"].tolist() == [[2, 2, 8, 8], [20, 20, 25, 30]]
    assert target["masks"].sum(dim=(1, 2)).tolist() == [36, 50]
    hidden = torch.zeros(40, 40, dtype=torch.bool)
    hidden[35:37, 2:4] = True
    hidden[2:8, 30:36] = True
    assert torch.equal(seen[0, 0] == 0, hidden)
    assert (inputs == 5).all()


def test_pretrained_instance_networks_freeze_their_normalisation():
    assert with_options({"width": 64}, "coco") == {"frozen_norm": True, "width": 64}
    assert with_options({"frozen_norm": False}, "imagenet") == {"frozen_norm": False}
    assert with_options({}, "") == {"frozen_norm": False}


def coded(seed, size=70):
    """A scene whose channels hold the place of each cell."""
    y, x = np.mgrid[:size, :size].astype(np.float32)
    label = np.zeros((size, size), np.uint8)
    label[:, : size // 2] = IGNORE
    return TrainingScene(f"r{seed}", f"r{seed}/A128", np.stack([y, x]), label)


IDENTITY = Normalisation("zscore", (0.0, 0.0), (1.0, 1.0))


def test_a_pass_shows_every_window_once():
    """On the grid; the next pass in another order; windows without a counted cell are left out."""
    recipe = replace(RECIPE, patch=32, overlap=0.0, random_crops=False, augmentation=False)
    patches = Patches([coded(1)], CHANNELS, IDENTITY, recipe)
    # starts 0, 32, 38 in rows and columns; columns 0 to 31 are not counted anywhere
    assert len(patches) == 6
    corners = [[tuple(patches[k][0][:, 0, 0].int().tolist()) for k in range(first, first + 6)] for first in (0, 6)]
    assert sorted(corners[0]) == sorted(corners[1]) == [(row, col) for row in (0, 32, 38) for col in (32, 38)]
    assert corners[0] != corners[1]


def test_p3_sees_seven_patches_with_landslides_to_three_without():
    """Of 36 windows 14 hold a landslide: all of those are seen, and 6 of the other 22, the same in
    every pass (D10).
    """
    size, patch = 192, 32
    y, x = np.mgrid[:size, :size].astype(np.float32)
    label = np.zeros((size, size), np.uint8)
    with_landslide = [(row, col) for row in range(0, size, patch) for col in range(0, size, patch)][:14]
    for row, col in with_landslide:
        label[row + 3, col + 5] = 1
    recipe = replace(PRESETS["p3"], patch=patch, augmentation=False)
    patches = Patches([TrainingScene("r", "r/A128", np.stack([y, x]), label)], CHANNELS, IDENTITY, recipe)
    assert len(patches) == 20
    passes = [[tuple(patches[k][0][:, 0, 0].int().tolist()) for k in range(first, first + 20)] for first in (0, 20)]
    assert set(with_landslide) < set(passes[0]) == set(passes[1])
    assert len(Patches(patches.scenes, CHANNELS, IDENTITY, replace(recipe, negatives=-1))) == 36


def test_processes_share_a_batch():
    """Together they see what one sees, wherever it starts; random places hold counted cells and stay
    the same.
    """
    recipe = replace(RECIPE, batch=4, patch=32, augmentation=True)
    patches = Patches([scene(1), scene(2)], CHANNELS, IDENTITY, recipe)
    alone = list(batches(patches, 3, 6))
    shares = [list(batches(Patches(patches.scenes, CHANNELS, IDENTITY, recipe), 3, 6, rank, 2)) for rank in (0, 1)]
    for (inputs, labels), first, second in zip(alone, *shares, strict=True):
        assert inputs.shape == (4, 2, 32, 32)
        assert torch.equal(torch.stack([first[0], second[0]], 1).flatten(0, 1), inputs)
        assert torch.equal(torch.stack([first[1], second[1]], 1).flatten(0, 1), labels)
        assert (labels != IGNORE).any(dim=(1, 2)).all()


HEAVY = {"mask_rcnn_resnext", "mask_rcnn_resnext_dcb", "mask_rcnn_resnext_dcb_cbam"}


@pytest.mark.parametrize(
    "name", [pytest.param(n, marks=pytest.mark.full) if n in HEAVY else n for n in registry.names()]
)
def test_every_network_is_trained_by_the_same_call(name):
    """A budget of a few samples, two rounds: losses are finite, weights move, the map is a map, twice
    the same.
    """
    instances = registry.kind(name) == registry.INSTANCE
    recipe = replace(PRESETS["sarslide"], samples=2, rounds=2, batch=2, patch=64, min_cells=5)
    options = {"width": 8, "depth": 50} if instances else {"width": 8}
    result = train([scene(1)], [scene(3)], CHANNELS, name, options, recipe)
    assert [row["samples"] for row in result.history] == [1, 2]
    assert all(np.isfinite(row["train_loss"]) for row in result.history)
    assert all((row["train_f1"] is None) == instances for row in result.history)
    known = np.isfinite(scene(3).features).all(axis=0)
    np.testing.assert_array_equal(np.isfinite(result.maps[0]), known)
    if name in ("drs_unet", "mask_rcnn"):
        again = train([scene(1)], [scene(3)], CHANNELS, name, options, recipe)
        assert all(
            torch.equal(a, b) for a, b in zip(again.network.parameters(), result.network.parameters(), strict=True)
        )


def test_p2_trains_the_heads_first():
    """With a learning rate of zero in the second half, the body ends where it started and the heads do
    not.
    """
    recipe = replace(PRESETS["p2"], iterations=4, rounds=1, patch=64, decay=0.0, min_cells=5)
    options = {"width": 8, "depth": 50, "frozen_norm": False}
    arguments = [scene(1)], [scene(3)], CHANNELS, "mask_rcnn", options
    trained = train(*arguments, recipe).network.rcnn
    start = train(*arguments, replace(recipe, learning_rate=1e-30)).network.rcnn

    def moved(part):
        return max(
            (a - b).abs().max().item()
            for a, b in zip(part(trained).parameters(), part(start).parameters(), strict=True)
        )

    assert moved(lambda rcnn: rcnn.backbone.body) < 1e-20
    assert moved(lambda rcnn: rcnn.roi_heads) > 1e-4
    assert moved(lambda rcnn: rcnn.backbone.fpn) > 1e-4


@pytest.mark.parametrize("name", ["drs_unet", "mask_rcnn"])
def test_bf16_learns_as_fp32_does(name):
    """bfloat16 keeps 8 bits: the losses of the first round differ by some per cent, and are not the
    same numbers.
    """
    options = {"width": 8, "depth": 50} if name == "mask_rcnn" else {"width": 8}
    recipe = replace(RECIPE, epochs=1, batch=2, learning_rate=1e-3, min_cells=5)
    full, half = (
        train([scene(1)], [scene(3)], CHANNELS, name, options, replace(recipe, precision=precision)).history[0]
        for precision in ("fp32", "bf16")
    )
    assert half["train_loss"] != full["train_loss"]
    assert half["train_loss"] == pytest.approx(full["train_loss"], rel=0.1)

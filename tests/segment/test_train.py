"""Training on tiny synthetic scenes: it learns, repeats itself bit by bit, and refuses leaks."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from sarslide.dataset.scenes import IGNORE, Scene
from sarslide.errors import TrainingError
from sarslide.models import weights
from sarslide.segment import train

CHANNELS = ("los_rate_mm_per_yr", "slope_deg")
RECIPE = replace(train.PRESETS["sarslide"], epochs=3, batch=4, patch=64, patience=0, learning_rate=5e-3)


def scene(seed, size=96):
    """Ellipses that move on noise; a strip is unknown."""
    rng = np.random.default_rng(seed)
    y, x = np.mgrid[:size, :size]
    label = np.zeros((size, size), np.uint8)
    for cy, cx in rng.uniform(12, size - 12, (6, 2)):
        label[(y - cy) ** 2 / 90 + (x - cx) ** 2 / 40 < 1] = 1
    stack = np.stack([40.0 * label + rng.normal(0, 5, label.shape), rng.normal(25, 8, label.shape)]).astype(np.float32)
    stack[:, :, :5] = np.nan
    label[:, :5] = IGNORE
    return Scene(f"r{seed}", f"r{seed}/A128", stack, label)


@pytest.fixture(scope="module")
def trained():
    torch.set_num_threads(1)
    parts = [scene(1), scene(2)], [scene(3)]
    return parts, train.train(*parts, CHANNELS, "drs_unet", {"width": 4}, RECIPE)


def test_learns_and_writes_everything(trained, tmp_path):
    (training, validation), result = trained
    assert len(result.history) == 3
    assert result.history[-1]["train_loss"] < result.history[0]["train_loss"]
    assert result.scores["pixel"]["f1"] > 0.7
    assert result.scores["object"]["f1"] > 0.5
    assert result.scores["scenes"].keys() == {"r3/A128"}
    card = train.model_card(result, training, validation, CHANNELS, "drs_unet", {"width": 4}, RECIPE, "code")
    assert card["training"]["regions"] == ["r1", "r2"]
    assert card["training"]["validation_regions"] == ["r3"]
    weights.save(tmp_path / "w.safetensors", result.network, card)
    network, again = weights.load(tmp_path / "w.safetensors", CHANNELS, "drs_unet")
    assert again["label"] == "trained on simulation"
    assert again["threshold"] == result.threshold
    train.write_history(tmp_path / "history.csv", result.history)
    lines = (tmp_path / "history.csv").read_text().splitlines()
    assert lines[0] == ",".join(train.HISTORY)
    assert len(lines) == 4


def test_same_seed_same_weights(trained):
    (training, validation), result = trained
    torch.manual_seed(99)  # the caller's random state has no influence, and is left alone
    before = torch.get_rng_state()
    again = train.train(training, validation, CHANNELS, "drs_unet", {"width": 4}, RECIPE)
    assert torch.equal(torch.get_rng_state(), before)
    assert again.history == result.history
    for name, tensor in result.network.state_dict().items():
        assert torch.equal(again.network.state_dict()[name], tensor), name


def test_paper_preset_is_the_papers():
    """E07: Adam 1e-3, halved every 10 epochs, BCE, batch 16, 80 epochs, threshold 0.5; D02, D03."""
    p0 = train.PRESETS["p0"]
    assert (p0.epochs, p0.batch, p0.patch, p0.learning_rate, p0.halve_every) == (80, 16, 128, 1e-3, 10)
    assert (p0.loss, p0.threshold, p0.normalisation) == ("bce", 0.5, "zscore_sample")
    result = train.train(
        [scene(1)], [scene(3)], CHANNELS, "unet", {"width": 4}, replace(p0, epochs=11, batch=4, patch=64)
    )
    assert [row["learning_rate"] for row in result.history] == [1e-3] * 10 + [5e-4]
    assert result.threshold == 0.5


@pytest.mark.parametrize(
    ("training", "validation", "recipe", "message"),
    [
        ([scene(1)], [scene(1)], RECIPE, r"regions \['r1'\] are in two parts"),
        ([replace(scene(1), label=np.zeros((96, 96), np.uint8))], [scene(2)], RECIPE, "no labelled landslide"),
        ([scene(1)], [scene(2)], replace(RECIPE, loss="mse"), "loss 'mse' does not exist"),
    ],
)
def test_refuses(training, validation, recipe, message):
    with pytest.raises(TrainingError, match=message):
        train.train(training, validation, CHANNELS, "drs_unet", {"width": 4}, recipe)


def test_loss_leaves_uncounted_cells_out():
    logits = torch.tensor([[[2.0, -3.0, 50.0]]], requires_grad=True)
    label = torch.tensor([[[1, 0, IGNORE]]], dtype=torch.uint8)
    bce = train.segmentation_loss(logits, label, "bce")
    p = torch.sigmoid(torch.tensor([2.0, -3.0]))
    assert bce.item() == pytest.approx(-(torch.log(p[0]) + torch.log(1 - p[1])).item() / 2)
    dice = train.segmentation_loss(logits, label, "bce_dice")
    assert (dice - bce).item() == pytest.approx(1 - (2 * p[0].item() + 1) / (p.sum().item() + 2))
    dice.backward()
    assert logits.grad[0, 0, 2] == 0

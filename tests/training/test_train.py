"""Training on tiny synthetic scenes: it learns, repeats itself bit by bit, keeps the papers' recipes,
and refuses bad parts.
"""

from dataclasses import replace

import numpy as np
import pytest
import torch

from sarslide.dataset.scenes import IGNORE
from sarslide.errors import TrainingError, WeightsError
from sarslide.evaluate import scores
from sarslide.models import networks, weights
from sarslide.models.card import Card
from sarslide.segment.infer import predict
from sarslide.segment.precision import BF16, FP32, has_bf16
from sarslide.training import card, history
from sarslide.training.recipe import PRESETS, learning_rate, round_ends, samples_seen
from sarslide.training.train import train
from tests.support.training_scenes import CHANNELS, RECIPE, scene


@pytest.fixture(scope="module")
def trained():
    torch.set_num_threads(1)
    parts = [scene(1), scene(2)], [scene(3)]
    return parts, train(*parts, CHANNELS, "drs_unet", {"width": 4}, RECIPE)


def test_learns_and_writes_everything(trained, tmp_path):
    (training, validation), result = trained
    assert len(result.history) == 6
    assert result.history[-1]["train_loss"] < result.history[0]["train_loss"]
    assert max(row["validation_f1"] for row in result.history) > 0.8
    assert result.scores["object"]["f1"] > 0.5
    made = card.model_card(result, training, validation, "code")
    assert made["training"]["regions"] == ["r1", "r2"]
    assert made["training"]["validation_regions"] == ["r3"]
    assert made["training"]["torch"] == torch.__version__
    assert made["training"]["recipe"]["seed"] == 7
    assert (made["training"]["code"], made["licence"], made["channels"]) == ("code", "BSD-3-Clause", list(CHANNELS))
    assert made["normalisation"] == result.normalisation.to_dict()
    assert {*made["scores"]["pixel"], *made["scores"]["object"]} >= {"precision", "recall", "f1", "iou", "kappa"}
    # One cell of a label, or of a channel, is other data.
    for change in ("label", "features"):
        other = replace(training[1], **{change: getattr(training[1], change).copy()})
        getattr(other, change)[..., 50, 50] += 1
        again = card.model_card(result, [training[0], other], validation, "code")
        assert again["training"]["data_sha256"] != made["training"]["data_sha256"]
    assert made["known_failures"][-1] == card.SIMULATED_FAILURES[-1]
    weights.save(tmp_path / "w.safetensors", result.network, made)
    network, again = networks.load(tmp_path / "w.safetensors", CHANNELS, "drs_unet")
    assert again.label == "trained on simulation"
    assert again.threshold == result.threshold
    fitted = again.calibration
    assert np.diff(fitted.values).min() > 0
    assert fitted.after["brier"] <= fitted.before["brier"] + 1e-3
    # The file makes the calibrated map whose scores the card tells.
    found = predict(network, validation[0].features, again, 0.25)
    np.testing.assert_allclose(found, result.maps[0], atol=1e-6)
    whole = scores.summary(scores.evaluate(validation, result.maps, again.threshold, RECIPE.min_cells))
    assert whole["object"] == result.scores["object"]
    history.write_history(tmp_path / "history.csv", result.history)
    lines = (tmp_path / "history.csv").read_text().splitlines()
    assert lines[0] == ",".join(history.COLUMNS)
    assert len(lines) == 7


def test_the_card_tells_what_bf16_does_to_the_mask(trained):
    """The IoU of calibrated maps cut at the card's threshold, both precisions from the finished
    network; rounded to 4 digits.
    """
    (training, (scene_,)), result = trained
    made = Card(**card.model_card(result, training, [scene_], "code"))
    measured = made.bf16_mask_iou
    one, two = (
        predict(result.network, scene_.features, made, 0.25, precision=precision) >= result.threshold
        for precision in (FP32, BF16)
    )
    if has_bf16(torch.device("cpu")):
        # The threshold is rounded to 6 digits, which may turn single cells.
        assert measured == pytest.approx((one & two).sum() / (one | two).sum(), abs=2e-3)
    else:
        assert measured is None
    assert one.any()


def test_same_seed_same_weights(trained):
    (training, validation), result = trained
    torch.manual_seed(99)  # the caller's random state has no influence, and is left alone
    before = torch.get_rng_state()
    again = train(training, validation, CHANNELS, "drs_unet", {"width": 4}, RECIPE)
    assert torch.equal(torch.get_rng_state(), before)
    assert again.history == result.history
    for name, tensor in result.network.state_dict().items():
        assert torch.equal(again.network.state_dict()[name], tensor), name
    other = train(training, validation, CHANNELS, "drs_unet", {"width": 4}, replace(RECIPE, seed=8))
    assert other.history != result.history


def test_learning_curves_show_the_history(trained):
    result = trained[1]
    figure = history.learning_curves(result.history, result.best_epoch, "drs_unet")
    loss, f1, rate = figure.axes
    np.testing.assert_allclose(loss.lines[0].get_ydata(), [row["train_loss"] for row in result.history])
    np.testing.assert_allclose(f1.lines[1].get_ydata(), [row["validation_f1"] for row in result.history])
    np.testing.assert_allclose(rate.lines[0].get_ydata(), [row["learning_rate"] for row in result.history])
    assert [axes.lines[-1].get_xdata()[0] for axes in figure.axes] == [result.best_epoch] * 3


def test_paper_presets_are_the_papers():
    """What the papers print, and nothing of what they do not."""
    p0, p2, p3, p4 = (PRESETS[name] for name in ("p0", "p2", "p3", "p4"))
    # E07, D02, D03: Adam 1e-3, BCE, batch 16, 80 epochs, threshold 0.5
    assert (p0.epochs, p0.batch, p0.patch, p0.overlap, p0.optimiser) == (80, 16, 128, 0.5, "adam")
    assert (p0.loss, p0.threshold, p0.normalisation, p0.augmentation) == ("bce", 0.5, "zscore_sample", False)
    # E10, D06: 400 iterations on 256 x 256
    assert (p2.iterations, p2.patch) == (400, 256)
    # E12, D10: Adam 1e-4, batch 8, BCE, dropout 0.2, z-score by channel, 128 without overlap, the
    # best loss kept
    assert (p3.optimiser, p3.learning_rate, p3.decay**p3.parts, p3.batch) == ("adam", 1e-4, 0.5, 8)
    assert (p3.loss, p3.normalisation, p3.overlap, p3.patch, p3.keep) == ("bce", "zscore", 0.0, 128, "loss")
    # D10: 7 patches with landslides to 3 without, on the grid
    assert (p3.negatives, p3.random_crops) == (pytest.approx(3 / 7), False)
    for name in ("fcadensenet", "fc_densenet56"):
        drops = [
            layer.p for layer in networks.build(name, 2, width=8).modules() if isinstance(layer, torch.nn.Dropout2d)
        ]
        assert drops
        assert set(drops) == {0.2}
    # E14, D13, D14
    assert (p4.loss, p4.normalisation, p4.patch) == ("dice", "minmax", 256)


def test_learning_rate_of_the_papers():
    """P0 Fig. 8: 1e-3, halved every 10 of 80 epochs. P2: 0.01 for 200 iterations, 0.001 for 200. P3:
    constant.
    """
    p0, p2, p3 = (PRESETS[name] for name in ("p0", "p2", "p3"))
    ends = round_ends(p0, 107 * 16)
    assert ends == [107 * epoch for epoch in range(1, 81)]
    by_epoch = [learning_rate(p0, first, ends[-1]) for first in [0, *ends[:-1]]]
    np.testing.assert_allclose(by_epoch, [1e-3 * 0.5 ** (epoch // 10) for epoch in range(80)])
    by_step = [learning_rate(p2, step, 400) for step in range(400)]
    np.testing.assert_allclose(by_step, [0.01] * 200 + [0.001] * 200)
    assert {learning_rate(p3, step, 1000) for step in range(1000)} == {1e-4}


@pytest.mark.parametrize("name", sorted(PRESETS))
def test_equal_budget_in_samples(name):
    """4,000 patches of 128 x 128, whatever the recipe's batch and patch: to less than one batch."""
    recipe = replace(PRESETS[name], samples=4000)
    ends = round_ends(recipe, 999)
    assert len(ends) == recipe.rounds
    a_batch = recipe.batch * recipe.patch**2 / 128**2
    assert 4000 - a_batch < samples_seen(recipe, ends[-1]) <= 4000


def test_budget_in_samples_is_used_up():
    """Patience ends epochs only; the history counts what was seen."""
    recipe = replace(RECIPE, samples=6, rounds=3, patience=1, batch=4, patch=64)  # 4 x 64 x 64 = one sample
    result = train([scene(1)], [scene(3)], CHANNELS, "unet", {"width": 4}, recipe)
    assert [row["samples"] for row in result.history] == [2, 4, 6]


def test_stops_early_when_patience_is_used_up():
    """A learning rate of nearly nothing improves nothing: the first epoch stays the best."""
    recipe = replace(RECIPE, epochs=9, patience=2, learning_rate=1e-30, keep="f1")
    result = train([scene(1)], [scene(3)], CHANNELS, "vcnn", {"width": 4}, recipe)
    assert result.best_epoch == 1
    assert len(result.history) == 3


def test_keeps_the_best_round():
    """The weights are those of the round with the best F1, the smallest loss, or the last one."""
    recipe = replace(RECIPE, epochs=4, learning_rate=0.05)
    for keep, column, best in (("f1", "validation_f1", max), ("loss", "validation_loss", min)):
        result = train([scene(1)], [scene(3)], CHANNELS, "drs_unet", {"width": 4}, replace(recipe, keep=keep))
        values = [row[column] for row in result.history]
        assert values[result.best_epoch - 1] == best(values)
    fine = replace(recipe, epochs=2, patience=0, learning_rate=1e-3, keep="last")
    assert train([scene(1)], [scene(3)], CHANNELS, "drs_unet", {"width": 4}, fine).best_epoch == 2


BLANK = replace(scene(1), label=np.zeros((96, 96), np.uint8))
FULL = replace(scene(1), label=np.ones((96, 96), np.uint8))
UNKNOWN = replace(
    scene(1), features=np.full((2, 96, 96), np.nan, np.float32), label=np.full((96, 96), IGNORE, np.uint8)
)


@pytest.mark.parametrize(
    ("training", "recipe", "message"),
    [
        ([scene(2)], RECIPE, r"E4002 regions \['r2'\] are in two parts"),
        ([], RECIPE, r"the training part \(no scene ...\) has no cell that is known"),
        ([BLANK], RECIPE, r"the training part \(r1/A128 ...\) has no labelled landslide; cure: add regions"),
        ([FULL], RECIPE, r"the training part \(r1/A128 ...\) has no background"),
        ([UNKNOWN], RECIPE, r"the training part \(r1/A128 ...\) has no cell that is known and counted"),
        ([scene(1)], replace(RECIPE, loss="mse"), "loss 'mse' does not exist; cure: use bce or dice or bce_dice"),
        ([scene(1)], replace(RECIPE, optimiser="lamb"), "optimiser 'lamb' does not exist"),
        ([scene(1)], replace(RECIPE, precision="fp8"), "precision 'fp8' does not exist"),
        ([scene(1)], replace(RECIPE, normalisation="log"), "normalisation 'log' does not exist"),
        ([scene(1)], replace(RECIPE, batch=1), "batch normalisation; cure: use batches of at least 2"),
        ([scene(1)], replace(RECIPE, learning_rate=0.0), "give positive values"),
    ],
)
def test_refuses(training, recipe, message):
    with pytest.raises(TrainingError, match=message):
        train(training, [scene(2)], CHANNELS, "drs_unet", {"width": 4}, recipe)


def test_refuses_networks_and_options_that_do_not_exist():
    with pytest.raises(WeightsError, match="network 'transformer' does not exist; cure: use one of drs_unet"):
        train([scene(1)], [scene(2)], CHANNELS, "transformer", {}, RECIPE)
    with pytest.raises(TrainingError, match="E4002 network 'unet': .*'depth'; cure: give options that it has"):
        train([scene(1)], [scene(2)], CHANNELS, "unet", {"depth": 3}, RECIPE)


def test_a_loss_that_explodes_is_told():
    wild = replace(RECIPE, optimiser="sgd", learning_rate=1e30, loss="bce")
    with pytest.raises(TrainingError, match="the loss of epoch [12] is not finite; cure: use a smaller learning rate"):
        train([scene(1)], [scene(2)], CHANNELS, "vcnn", {"width": 4}, wild)

"""Processes that share a batch learn what one process learns from the whole of it."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from sarslide.errors import TrainingError
from sarslide.training.train import train
from tests.support.training_scenes import CHANNELS, RECIPE, scene


@pytest.mark.full
def test_two_processes_are_as_one():
    """Same loss in every round and same weights as one process with the same global batch.

    The network has no batch normalisation, whose statistics on CPUs are those of each process (on
    GPUs they are synchronised). What is left is the order of sums of float32: 1e-7 relative a sum,
    enlarged by a few steps of Adam, whose steps of 1e-3 do not shrink with a gradient; measured
    2e-6 in the weights, nothing in the six digits of the losses; allowed 1e-4 and 1e-5.
    """
    recipe = replace(RECIPE, epochs=3, learning_rate=1e-3)
    arguments = [scene(1), scene(2)], [scene(3)], CHANNELS, "vcnn", {"width": 4}, recipe
    one = train(*arguments)
    two = train(*arguments, processes=2)
    assert two.processes == 2
    assert len(two.history) == len(one.history) == 3
    for a, b in zip(one.history, two.history, strict=True):
        assert a["samples"] == b["samples"]
        assert a["train_f1"] == pytest.approx(b["train_f1"], abs=1e-3)
        np.testing.assert_allclose(a["train_loss"], b["train_loss"], atol=1e-5)
    moved = max((a - b).abs().max() for a, b in zip(one.network.parameters(), two.network.parameters(), strict=True))
    assert moved < 1e-4


@pytest.mark.full
def test_what_goes_wrong_in_a_process_is_one_coded_line():
    wild = replace(RECIPE, epochs=1, optimiser="sgd", learning_rate=1e30, loss="bce")
    with pytest.raises(TrainingError, match=r"^E4002 a process of the training failed \(.*not finite") as caught:
        train([scene(1)], [scene(3)], CHANNELS, "vcnn", {"width": 4}, wild, processes=2)
    assert "\n" not in str(caught.value)


@pytest.mark.skipif(torch.cuda.device_count() < 2, reason="fewer than two GPUs")
def test_all_gpus_are_used():
    result = train([scene(1), scene(2)], [scene(3)], CHANNELS, "drs_unet", {"width": 4}, RECIPE, "cuda")
    assert result.processes == min(torch.cuda.device_count(), RECIPE.batch // 2)

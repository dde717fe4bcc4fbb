"""Sizes against the published ones, shapes, and that every network can learn a patch."""

import numpy as np
import pytest
import torch
from torch import nn

from sarslide.errors import WeightsError
from sarslide.models import registry

# P0 Table 4: parameters (M), size of the weights (MiB), multiply-adds (G) of 3 x 256 x 256 (E04, E05).
PUBLISHED = {"drs_unet": (17.19, 65.60, 19.12), "unet": (31.03, 118.40, 54.68)}
EXACT = {"drs_unet": 17_196_353, "unet": 31_043_521}


def multiply_adds(network: nn.Module, size: int) -> float:
    """Multiply-adds of the convolutions as profilers of the time counted them: output values x input channels x kernel cells,
    also for transposed convolutions (where it is `stride**2` times the real number)."""
    total = 0

    def count(layer: nn.Module, inputs: tuple, output: torch.Tensor) -> None:
        nonlocal total
        total += output.numel() * layer.in_channels * layer.kernel_size[0] * layer.kernel_size[1]

    for layer in network.modules():
        if isinstance(layer, nn.Conv2d | nn.ConvTranspose2d):
            layer.register_forward_hook(count)
    network(torch.zeros(1, 3, size, size, device="meta"))
    return total / 1e9


@pytest.mark.parametrize("name", registry.names())
def test_full_width_meets_the_published_size(name):
    with torch.device("meta"):
        network = registry.build(name, 3).eval()
    count = registry.parameter_count(network)
    millions, mebibytes, giga = PUBLISHED[name]
    assert count == EXACT[name]
    # The table cuts 17.196 to 17.19 and prints two digits; 31.04 against 31.03 is the same U-Net without two biases' worth.
    assert count / 1e6 == pytest.approx(millions, abs=0.015)
    assert count * 4 / 2**20 == pytest.approx(mebibytes, abs=0.03)
    assert multiply_adds(network, 256) == pytest.approx(
        giga, rel=0.01
    )  # normalisation and activations are not counted here


@pytest.mark.parametrize("name", registry.names())
@pytest.mark.parametrize(("channels", "shape"), [(1, (32, 32)), (7, (48, 80)), (3, (33, 51))])
def test_any_channels_and_size(name, channels, shape):
    network = registry.build(name, channels, width=4).eval()
    with torch.inference_mode():
        assert network(torch.zeros(2, channels, *shape)).shape == (2, 1, *shape)


def test_unknown_network():
    with pytest.raises(WeightsError, match=r"^E4001 network 'resnet' does not exist; cure: use one of drs_unet, unet$"):
        registry.build("resnet", 3)


@pytest.mark.parametrize("name", registry.names())
def test_overfits_one_patch(name):
    """A noisy 64 x 64 patch with two ellipses is learnt to a loss near zero."""
    rng = np.random.default_rng(11)
    y, x = np.mgrid[:64, :64]
    label = ((y - 20) ** 2 / 60 + (x - 18) ** 2 / 120 < 1) | ((y - 44) ** 2 / 100 + (x - 42) ** 2 / 50 < 1)
    patch = np.stack([label * 2.0 + rng.normal(size=label.shape), rng.normal(size=label.shape)]).astype(np.float32)
    torch.manual_seed(3)
    network = registry.build(name, 2, width=8).train()
    inputs = torch.from_numpy(np.stack([patch, patch[:, ::-1].copy()]))  # batch normalisation needs two samples
    truth = torch.from_numpy(np.stack([label, label[::-1]])).float()[:, None]
    optimiser = torch.optim.Adam(network.parameters(), lr=5e-3)
    for _ in range(250):
        loss = nn.functional.binary_cross_entropy_with_logits(network(inputs), truth)
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
    assert loss.item() < 0.03  # from 0.7; a cell wrong by half would alone give 0.0003

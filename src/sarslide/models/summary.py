"""Size and cost of the networks beside the papers' figures (P0 Table 4, E04-E06)."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

from sarslide.models import networks, registry
from sarslide.models.blocks import ModulatedDeformConv, SelfAttention

# The most that Mask R-CNN keeps in an image (torchvision's defaults).
PROPOSALS, DETECTIONS = 1000, 100


@dataclass(frozen=True)
class Published:
    """Figures that a paper prints.

    Attributes
    ----------
    parameters_m : float
        Parameters, millions.
    size_mib : float
        Weights as float32, MiB.
    multiply_adds_g : float
        Multiply-adds of an image, billions.
    source : str
        Paper and table.
    """

    parameters_m: float
    size_mib: float
    multiply_adds_g: float
    source: str


# For 3 x 256 x 256. The table cuts off digits; the figures of U-Net and SegNet tell that its "MB"
# are 2**20 bytes and its "GFLOPs" multiply-adds.
PUBLISHED = {
    "drs_unet": Published(17.19, 65.60, 19.12, "P0 Table 4"),
    "unet": Published(31.03, 118.40, 54.68, "P0 Table 4"),
    "segnet": Published(29.45, 112.32, 40.10, "P0 Table 4"),
}


@dataclass(frozen=True)
class Summary:
    """Size and cost of a network.

    Attributes
    ----------
    name : str
        Name in the registry.
    channels : int
        Input channels.
    size : int
        Side of the image, cells.
    parameters : int
        Trainable values.
    size_mib : float
        These as float32, MiB.
    multiply_adds_g : float
        Multiply-adds of an image, billions.
    published : Published or None
        None where no paper has it.
    """

    name: str
    channels: int
    size: int
    parameters: int
    size_mib: float
    multiply_adds_g: float
    published: Published | None


def summary(name: str, channels: int = 3, size: int = 256, **options: Any) -> Summary:
    """Size and cost of a network for one image; computed without memory for it.

    Multiply-adds are counted as the profiler thop does, whose figures P0's fit: output values x
    input channels of a group x kernel cells for every convolution, also for transposed ones (where
    it is stride**2 times the real number), matrix products, four a value for batch normalisation;
    activations and interpolation are left out. An instance network is counted at its most, with
    1000 proposals and 100 detections.

    Parameters
    ----------
    name : str
        Name in the registry.
    channels : int
        Input channels.
    size : int
        Side of the image, cells.
    **options : Any
        Of the network; the published figures belong to the default options and 3 x 256 x 256 alone.

    Returns
    -------
    Summary
        Size and cost.
    """
    with torch.device("meta"):
        network = networks.build(name, channels, **options).eval()
    parameters = registry.parameter_count(network)
    comparable = (channels, size, options) == (3, 256, {})
    with torch.inference_mode(), _counting(network) as counted:
        _run(network, torch.zeros(1, channels, size, size, device="meta"))
    return Summary(
        name,
        channels,
        size,
        parameters,
        parameters * 4 / 2**20,
        sum(counted) / 1e9,
        PUBLISHED.get(name) if comparable else None,
    )


def _run(network: nn.Module, image: Tensor) -> None:
    """One forward pass; of an instance network its parts: empty tensors propose nothing."""
    if not hasattr(network, "rcnn"):
        network(image)
        return
    parts: Any = network.rcnn
    maps = list(parts.backbone(image).values())
    parts.rpn.head(maps)
    regions = maps[0].new_zeros(PROPOSALS, maps[0].shape[1], 7, 7)
    parts.roi_heads.box_predictor(parts.roi_heads.box_head(regions))
    regions = maps[0].new_zeros(DETECTIONS, maps[0].shape[1], 14, 14)
    parts.roi_heads.mask_predictor(parts.roi_heads.mask_head(regions))


@contextmanager
def _counting(network: nn.Module) -> Iterator[list[int]]:
    """A list that receives the multiply-adds of each layer that runs."""
    counted: list[int] = []

    def count(layer: Any, inputs: tuple[Tensor, ...], output: Tensor) -> None:
        if isinstance(layer, nn.Linear):
            counted.append(output.numel() * layer.in_features)
        elif isinstance(layer, nn.BatchNorm1d | nn.BatchNorm2d):
            counted.append(4 * output.numel())
        elif isinstance(
            layer, SelfAttention
        ):  # both products over all pairs of cells; its convolutions count themselves
            cells = output.shape[-2] * output.shape[-1]
            counted.append(len(output) * cells**2 * (layer.query.out_channels + layer.value.out_channels))
        else:
            cells = layer.kernel_size[0] * layer.kernel_size[1]
            counted.append(output.numel() * layer.in_channels // layer.groups * cells)

    kinds = (
        nn.Conv2d,
        nn.ConvTranspose2d,
        nn.Linear,
        nn.BatchNorm1d,
        nn.BatchNorm2d,
        SelfAttention,
        ModulatedDeformConv,
    )
    handles = [layer.register_forward_hook(count) for layer in network.modules() if isinstance(layer, kinds)]
    try:
        yield counted
    finally:
        for handle in handles:
            handle.remove()

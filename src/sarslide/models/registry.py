"""The networks by name. Importing this module does not import torch: the configuration asks it for names."""

from collections.abc import Callable
from typing import TYPE_CHECKING

from sarslide.errors import WeightsError

if TYPE_CHECKING:
    from torch import nn


def _drs_unet(in_channels: int, **options: int) -> "nn.Module":
    from sarslide.models.drs_unet import DrsUnet

    return DrsUnet(in_channels, **options)


def _unet(in_channels: int, **options: int) -> "nn.Module":
    from sarslide.models.unet import Unet

    return Unet(in_channels, **options)


_BUILDERS: dict[str, Callable[..., "nn.Module"]] = {"drs_unet": _drs_unet, "unet": _unet}


def names() -> list[str]:
    """Names of all networks."""
    return list(_BUILDERS)


def build(name: str, in_channels: int, **options: int) -> "nn.Module":
    """The network `name` for `in_channels` input channels, randomly initialised, logits (N, 1, H, W) out.

    options: of the network, for example `width`. Every network has the attribute `stride`: tiles are multiples of it.
    Raises WeightsError for an unknown name.
    """
    if name not in _BUILDERS:
        raise WeightsError(f"network '{name}' does not exist", f"use one of {', '.join(names())}")
    return _BUILDERS[name](in_channels, **options)


def parameter_count(network: "nn.Module") -> int:
    """Number of trainable values."""
    return sum(p.numel() for p in network.parameters() if p.requires_grad)

"""Weights that read P0's input, phase and amplitude, and learnt nothing."""

from pathlib import Path

from sarslide.dataset.features import channel_set
from sarslide.models import networks, weights
from tests.support.cards import card_entries

NETWORK, WIDTH = "drs_unet", 4


def write(path: Path, channels: str = "p0_insar", **changes) -> Path:
    """A tiny untrained network and its card."""
    import torch

    names = list(channel_set(channels))
    torch.manual_seed(0)
    middle = {"method": "robust", "centre": [0.0] * len(names), "scale": [1.0] * len(names)}
    card = card_entries(channels=names, normalisation=middle) | changes
    weights.save(path, networks.build(NETWORK, len(names), width=WIDTH), card)
    return path

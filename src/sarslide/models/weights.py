"""Weights files: safetensors whose metadata carries the model card.

So a file explains and protects itself.

The card is one JSON object: network, options, channels (registered layers in order), normalisation,
tile, threshold, how and on what it was trained, scores. `CARD_KEYS` lists what every card has. A
file is refused before any work when it was made for other channels or another network.
"""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sarslide.errors import WeightsError

if TYPE_CHECKING:
    from torch import nn

FORMAT = "sarslide-weights-1"
PACKAGED = Path(__file__).parent / "weights"
CARD_KEYS = (
    "format",
    "network",
    "options",
    "channels",
    "normalisation",
    "tile",
    "threshold",
    "training",
    "scores",
    "licence",
    "label",
)
SIMULATED = "trained on simulation"


def packaged(name: str) -> Path:
    """The path of a weights file that comes with sarslide.

    Parameters
    ----------
    name : str
        Of the file, without its suffix.

    Returns
    -------
    Path
        The file.

    Raises
    ------
    WeightsError
        For an unknown name; lists the ones there are.
    """
    path = PACKAGED / f"{name}.safetensors"
    if not path.is_file():
        there = ", ".join(sorted(p.stem for p in PACKAGED.glob("*.safetensors"))) or "none"
        raise WeightsError(f"no packaged weights '{name}'", f"use one of: {there}, or give a weights file")
    return path


def save(path: str | Path, network: "nn.Module", card: dict[str, Any]) -> None:
    """Write a network's tensors and its card under a temporary name, then rename.

    Parameters
    ----------
    path : str or Path
        Weights file (.safetensors).
    network : nn.Module
        The network.
    card : dict of str to Any
        Its card; `format` is filled in.

    Raises
    ------
    WeightsError
        Where the card lacks one of `CARD_KEYS`.
    """
    from safetensors.torch import save as to_bytes

    from sarslide.io.atomic import atomic_file

    card = {"format": FORMAT, **card}
    if missing := [key for key in CARD_KEYS if key not in card]:
        raise WeightsError(f"{path}: the model card lacks {', '.join(missing)}", "fill in the card")
    tensors = {name: tensor.detach().cpu().contiguous() for name, tensor in network.state_dict().items()}
    with atomic_file(path) as temporary:
        # One metadata entry: safetensors does not keep the order of several, and the same weights
        # shall be the same bytes.
        temporary.write_bytes(to_bytes(tensors, metadata={"card": json.dumps(card, sort_keys=True)}))


def read_card(path: str | Path) -> dict[str, Any]:
    """The model card alone, without reading tensors or importing torch.

    Parameters
    ----------
    path : str or Path
        Weights file.

    Returns
    -------
    dict of str to Any
        The card, with all of `CARD_KEYS`.

    Raises
    ------
    WeightsError
        For a file that does not exist, cannot be read, or has no card of this format.
    """
    from safetensors import SafetensorError, safe_open

    try:
        with safe_open(path, framework="np") as file:
            card = json.loads((file.metadata() or {})["card"])
    except FileNotFoundError:
        raise WeightsError(f"{path}: does not exist", "give a weights file, or none for the packaged one") from None
    except (SafetensorError, OSError) as error:
        raise WeightsError(f"{path}: cannot be read ({error})", "restore the file or train again") from None
    except (KeyError, ValueError):
        raise WeightsError(f"{path}: has no model card", "use a file written by `sarslide train`") from None
    missing = [key for key in CARD_KEYS if key not in card]
    if missing or card["format"] != FORMAT:
        raise WeightsError(f"{path}: model card of another format", "use a file written by `sarslide train`")
    return card


def check(path: str | Path, channels: Sequence[str] | None = None, network: str | None = None) -> dict[str, Any]:
    """The card of a file that was made for these channels and this network.

    Parameters
    ----------
    path : str or Path
        Weights file.
    channels : sequence of str or None
        Channels in their order; None: any.
    network : str or None
        Name of the network; None: any.

    Returns
    -------
    dict of str to Any
        The card.

    Raises
    ------
    WeightsError
        As `read_card`, and for other channels or another network.
    """
    card = read_card(path)
    if network is not None and card["network"] != network:
        raise WeightsError(
            f"{path}: weights of network '{card['network']}', not '{network}'", "give weights of that network"
        )
    if channels is not None and list(card["channels"]) != list(channels):
        raise WeightsError(
            f"{path}: weights for channels {', '.join(card['channels'])}, not {', '.join(channels)}",
            "set the channels to those of the weights, or train for these",
        )
    return card

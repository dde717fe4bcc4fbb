"""Networks made from their names, with random weights or those of a file.

Each class is imported when it is built: one network does not wait for the modules of the others.
"""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sarslide.errors import WeightsError
from sarslide.io import bounded
from sarslide.models import registry

if TYPE_CHECKING:
    from torch import nn

    from sarslide.models.card import Card


# The fingerprint of the code reads these statements.
def _load_drs_unet() -> "type[nn.Module]":
    from sarslide.models.drs_unet import DrsUnet

    return DrsUnet


def _load_unet() -> "type[nn.Module]":
    from sarslide.models.unet import Unet

    return Unet


def _load_segnet() -> "type[nn.Module]":
    from sarslide.models.segnet import SegNet

    return SegNet


def _load_mask_rcnn() -> "type[nn.Module]":
    from sarslide.models.mask_rcnn import MaskRcnn

    return MaskRcnn


def _load_fcadensenet() -> "type[nn.Module]":
    from sarslide.models.fcadensenet import FcaDenseNet

    return FcaDenseNet


def _load_fc_densenet() -> "type[nn.Module]":
    from sarslide.models.fc_densenet import FcDenseNet

    return FcDenseNet


def _load_fcn8s() -> "type[nn.Module]":
    from sarslide.models.fcn8s import Fcn8s

    return Fcn8s


def _load_generalized_cnn() -> "type[nn.Module]":
    from sarslide.models.generalized_cnn import GeneralizedCnn

    return GeneralizedCnn


def _load_vcnn() -> "type[nn.Module]":
    from sarslide.models.vcnn import Vcnn

    return Vcnn


CLASSES: dict[str, Callable[[], "type[nn.Module]"]] = {
    "DrsUnet": _load_drs_unet,
    "Unet": _load_unet,
    "SegNet": _load_segnet,
    "MaskRcnn": _load_mask_rcnn,
    "FcaDenseNet": _load_fcadensenet,
    "FcDenseNet": _load_fc_densenet,
    "Fcn8s": _load_fcn8s,
    "GeneralizedCnn": _load_generalized_cnn,
    "Vcnn": _load_vcnn,
}


def build(name: str, in_channels: int, **options: Any) -> "nn.Module":
    """A network with random initial weights.

    Parameters
    ----------
    name : str
        Name in the registry.
    in_channels : int
        Number of input channels.
    **options : Any
        Of the network, for example `width`.

    Returns
    -------
    torch.nn.Module
        Logits (N, 1, H, W) out. Its attribute `stride`: tiles are multiples of it.

    Raises
    ------
    WeightsError
        For an unknown name.
    PackageError
        Where its package is not installed.
    """
    row = registry.get(name)
    registry.require_package(name)
    return CLASSES[row.network_class]()(in_channels, **row.options, **options)


def load(
    path: str | Path, channels: Sequence[str] | None = None, network: str | None = None
) -> tuple["nn.Module", "Card"]:
    """The network on the CPU in evaluation mode, and its card.

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
    network : nn.Module
        In evaluation mode.
    card : Card
        Its card.

    Raises
    ------
    WeightsError
        As `weights.check`, and for tensors that do not fit, were changed or are not finite, and a
        tile that the network cannot have.
    """
    from safetensors import SafetensorError
    from safetensors.torch import load_file

    from sarslide.models import weights

    card = weights.check(path, channels, network)
    _check_fit(path, card)
    weights.check_seal(path, card)
    model = build(card.network, len(card.channels), **card.options)
    try:
        tensors = load_file(path)
        model.load_state_dict(tensors)
    except (SafetensorError, RuntimeError, OSError) as error:
        raise WeightsError(f"{path}: tensors cannot be read ({bounded.shown(error)})", weights.AGAIN) from None
    wild = [name for name, tensor in tensors.items() if not tensor.isfinite().all()]
    if wild:
        raise WeightsError(f"{path}: tensor {wild[0]} holds values that are not finite", weights.AGAIN)
    return model.eval(), card


def _check_fit(path: str | Path, card: "Card") -> None:
    """See that a file's tensors are those of its card's network, before either is allocated."""
    import torch

    from sarslide.models import weights

    try:
        with torch.device("meta"):
            model: Any = build(card.network, len(card.channels), **card.options)
    except (RuntimeError, ValueError) as error:
        raise WeightsError(f"{path}: {card.network} cannot be built ({bounded.shown(error)})", weights.TRAIN) from None
    wanted = {name: list(tensor.shape) for name, tensor in model.state_dict().items()}
    found = {name: entry.shape for name, entry in weights.read_header(path).tensors.items()}
    if wanted != found:
        odd = next(name for name in (*wanted, *found) if wanted.get(name) != found.get(name))
        raise WeightsError(
            f"{path}: tensors do not fit the card ({bounded.shown(odd)} is {found.get(odd)}, not {wanted.get(odd)})",
            weights.AGAIN,
        )
    if card.tile % model.stride:
        raise WeightsError(
            f"{path}: tile = {card.tile} of the model card is no multiple of {model.stride}, as {card.network} needs",
            weights.TRAIN,
        )

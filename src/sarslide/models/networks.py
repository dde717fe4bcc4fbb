"""Networks made from their names, with random weights or those of a file.

Each class is imported when it is built: one network does not wait for the modules of the others.
"""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sarslide.errors import WeightsError
from sarslide.models import registry, weights

if TYPE_CHECKING:
    from torch import nn


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
) -> tuple["nn.Module", dict[str, Any]]:
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
    card : dict of str to Any
        Its card.

    Raises
    ------
    WeightsError
        As `weights.check`, and for tensors that do not fit.
    """
    from safetensors import SafetensorError
    from safetensors.torch import load_file

    card = weights.check(path, channels, network)
    model = build(card["network"], len(card["channels"]), **card["options"])
    try:
        model.load_state_dict(load_file(path))
    except (SafetensorError, RuntimeError) as error:
        reason = str(error).splitlines()[0]
        raise WeightsError(
            f"{path}: tensors do not fit the card ({reason})", "restore the file or train again"
        ) from None
    return model.eval(), card

"""Initial weights from torchvision's ImageNet and COCO networks, for any number of input channels.

torchvision downloads a file once into torch's cache; without a network, put it there by hand, as
the error has it. All weights are `IMAGENET1K_V1` or `COCO_V1`. They fit the published width, 64,
only. What they were trained on has terms of its own: see torchvision's page of each weights file.
"""

import logging
import pickle
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, cast

from torch import Tensor, nn

from sarslide import extras
from sarslide.errors import WeightsError

if TYPE_CHECKING:
    from sarslide.models.encoders import ResNetEncoder, VggEncoder

log = logging.getLogger(__name__)

TIMEOUT_S = 20
WIDTH = 64


def load_pretrained(network: nn.Module, source: str) -> None:
    """Replace a network's encoder (with `coco`: nearly all of it) by pretrained weights, in place.

    Parameters
    ----------
    network : nn.Module
        A network whose `pretrained` lists the sources that it knows.
    source : str
        `imagenet` or `coco`.

    Raises
    ------
    WeightsError
        For a network without such weights, for another width than 64, and where they can be neither
        found nor downloaded.
    """
    known = getattr(network, "pretrained", ())
    if source not in known:
        cure = f"use {' or '.join(known)}" if known else "train it from random weights, as its paper does"
        raise WeightsError(f"no '{source}' weights for {type(network).__name__}", cure)
    cast(Any, network).load_pretrained(source)


def fetch(name: str) -> dict[str, Tensor]:
    """Tensors of torchvision's weights, from torch's cache or its server.

    Parameters
    ----------
    name : str
        For example `ResNet50_Weights.IMAGENET1K_V1`.

    Returns
    -------
    dict of str to Tensor
        The tensors by name.

    Raises
    ------
    WeightsError
        Where they are unavailable; with the address and the place of the file.
    PackageError
        Where torchvision is not installed.
    """
    extras.require("torchvision", f"the file of weights {name}")
    import torch
    from torchvision.models import get_weight

    weights = get_weight(name)
    try:
        with _timeout(TIMEOUT_S):
            tensors = weights.get_state_dict(progress=False, check_hash=True, weights_only=True)
    except (OSError, RuntimeError, EOFError, pickle.UnpicklingError) as error:
        folder = f"{torch.hub.get_dir()}/checkpoints"
        reason = (str(error) or type(error).__name__).splitlines()[0]
        raise WeightsError(
            f"weights {name} are not in {folder} and cannot be downloaded from {weights.url} ({reason})",
            "download the file on another machine and put it there whole, or start from random weights",
        ) from None
    log.info("initial weights %s", name)
    return dict(tensors)


def adapt_first(weight: Tensor, channels: int) -> Tensor:
    """First convolution for another number of input channels.

    The mean colour kernel is shared out evenly, so that an input with all channels equal gets the
    response of a grey image.

    Parameters
    ----------
    weight : (O, 3, kh, kw) Tensor
        Weights for three colours.
    channels : int
        Input channels.

    Returns
    -------
    (O, channels, kh, kw) Tensor
        Weights; unchanged for three channels.
    """
    if channels == weight.shape[1]:
        return weight
    return weight.sum(1, keepdim=True).repeat(1, channels, 1, 1) / channels


def load_resnet(encoder: "ResNetEncoder", name: str) -> None:
    """ImageNet weights into an encoder, in place; shifts of deformable convolutions stay at zero.

    Parameters
    ----------
    encoder : ResNetEncoder
        Of width 64.
    name : str
        `ResNet50_Weights` ...
    """
    _check_width(encoder.width)
    tensors = {key: value for key, value in fetch(f"{name}.IMAGENET1K_V1").items() if not key.startswith("fc.")}
    tensors["conv1.weight"] = adapt_first(tensors["conv1.weight"], encoder.conv1.in_channels)
    load_tensors(encoder, tensors, name, absent=(".offset.",))


def load_vgg16(encoder: "VggEncoder", large: nn.Sequential | None = None) -> None:
    """ImageNet weights of VGG16 into an encoder, in place.

    Parameters
    ----------
    encoder : VggEncoder
        Of width 64.
    large : nn.Sequential or None
        The two large layers of an FCN, which get their weights, too.

    Raises
    ------
    WeightsError
        Where torchvision's file has other layers.
    """
    _check_width(encoder.width)
    batch_norm = any(isinstance(layer, nn.BatchNorm2d) for layer in encoder.modules())
    name = "VGG16_BN_Weights" if batch_norm else "VGG16_Weights"
    theirs = fetch(f"{name}.IMAGENET1K_V1")
    # Same layers in the same order under other names; counters of batches are not in older files.
    ours = [key for key in encoder.state_dict() if not key.endswith("num_batches_tracked")]
    values = [
        value
        for key, value in theirs.items()
        if key.startswith("features.") and not key.endswith("num_batches_tracked")
    ]
    if len(ours) != len(values):
        raise WeightsError(
            f"weights {name}: {len(values)} tensors, not {len(ours)}", "install the torchvision of constraints.txt"
        )
    tensors = dict(zip(ours, values, strict=True))
    first = next(layer for layer in encoder.modules() if isinstance(layer, nn.Conv2d))
    tensors[ours[0]] = adapt_first(tensors[ours[0]], first.in_channels)
    load_tensors(encoder, tensors, name)
    if large is not None:
        # The classifier has the same layers at the same places, as matrices.
        matrices = {key: theirs[f"classifier.{key}"].view_as(value) for key, value in large.state_dict().items()}
        load_tensors(large, matrices, name)


def load_coco(rcnn: nn.Module, in_channels: int, width: int) -> None:
    """COCO weights of torchvision's Mask R-CNN with ResNet50 and FPN, in place.

    All but the predictors of its 91 classes.

    Parameters
    ----------
    rcnn : nn.Module
        torchvision's MaskRCNN with two classes.
    in_channels : int
        Its input channels.
    width : int
        Of its body; 64.
    """
    _check_width(width)
    name = "MaskRCNN_ResNet50_FPN_Weights"
    tensors = {
        key: value
        for key, value in fetch(f"{name}.COCO_V1").items()
        if not key.startswith(("roi_heads.box_predictor.", "roi_heads.mask_predictor.mask_fcn_logits."))
    }
    for key in tensors:
        # These weights were trained with an epsilon of 0, the layers here add 1e-5.
        if key.endswith("running_var"):
            tensors[key] = tensors[key] - 1e-5
    first = "backbone.body.conv1.weight"
    tensors[first] = adapt_first(tensors[first], in_channels)
    load_tensors(rcnn, tensors, name, absent=("box_predictor.", "mask_fcn_logits.", ".attention.", ".offset."))


def load_tensors(module: nn.Module, tensors: dict[str, Tensor], name: str, absent: tuple[str, ...] = ()) -> None:
    """Load tensors into a module that may have more of them.

    Parameters
    ----------
    module : nn.Module
        Loaded in place.
    tensors : dict of str to Tensor
        All of them are loaded.
    name : str
        Of the weights, for the error.
    absent : tuple of str
        What the module has beyond `tensors` must contain one of these in its name.

    Raises
    ------
    WeightsError
        For tensors that are missing, or do not fit.
    """
    try:
        result = module.load_state_dict(tensors, strict=False)
    except RuntimeError as error:
        raise WeightsError(
            f"weights {name} do not fit ({str(error).splitlines()[-1].strip()})", "use width 64"
        ) from None
    counters = ("num_batches_tracked", *absent)
    missing = [key for key in result.missing_keys if not any(part in key for part in counters)]
    if missing or result.unexpected_keys:
        wrong = ", ".join([*missing, *result.unexpected_keys][:3])
        raise WeightsError(f"weights {name} do not fit ({wrong} ...)", "install torchvision as pinned")


def _check_width(width: int) -> None:
    if width != WIDTH:
        raise WeightsError(f"pretrained weights for width {WIDTH}, not {width}", f"set width to {WIDTH}")


@contextmanager
def _timeout(seconds: float) -> Iterator[None]:
    """A limit for connections, which torch's download does not set."""
    before = socket.getdefaulttimeout()
    socket.setdefaulttimeout(seconds)
    try:
        yield
    finally:
        socket.setdefaulttimeout(before)

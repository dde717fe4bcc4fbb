"""Initial weights from ImageNet and COCO, for any number of input channels.

`imagenet` and `coco` are torchvision's files: it downloads a file once into torch's cache; without
a network, put it there by hand, as the error has it. All are `IMAGENET1K_V1` or `COCO_V1`.
`matterport` is a local file of the common Keras implementation (`models.matterport`). They fit the
published width, 64, only. What they were trained on has terms of its own: see the page of each
file.

Tensors of a network that no file has stay as they were made; `Start` lists them.
"""

import logging
import pickle
import re
import socket
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, cast

from torch import Tensor, nn, tensor

from sarslide import extras
from sarslide.errors import WeightsError
from sarslide.models import registry

if TYPE_CHECKING:
    from sarslide.models.encoders import ResNetEncoder, VggEncoder

log = logging.getLogger(__name__)

TIMEOUT_S = 20
WIDTH = 64
RANDOM = "set training.start to random"
COCO = "MaskRCNN_ResNet50_FPN_Weights.COCO_V1"
VGG16 = {"imagenet": "VGG16_Weights", "coco": "SSD300_VGG16_Weights"}
# Of the colours of ImageNet, red, green, blue, of 255: a normalised channel is in units of it.
COLOUR_STD = (58.395, 57.12, 57.375)
COUNTERS = "num_batches_tracked"  # of batches; no weights
# Shifts and weights of deformable convolutions, which start as those of a plain one.
OFFSETS = r"\.offset\."


@dataclass(frozen=True)
class Read:
    """What a network took from one file.

    Attributes
    ----------
    source : str
        The file, or torchvision's name of it.
    taken : tuple of Tensor
        Parameters and buffers of the network that were loaded.
    refused : tuple of str
        Tensors of the file that were not, with their shapes.
    """

    source: str
    taken: tuple[Tensor, ...]
    refused: tuple[str, ...]


@dataclass(frozen=True)
class Start:
    """What a network starts from, tensor by tensor, as `name 64x3x7x7`.

    Attributes
    ----------
    source : str
        Files, joined by ` + `.
    loaded, random : tuple of str
        Tensors of the network that were loaded, and those that stay as they were made.
    refused : tuple of str
        Tensors of the files that were not loaded.
    """

    source: str
    loaded: tuple[str, ...]
    random: tuple[str, ...]
    refused: tuple[str, ...]


def load_pretrained(network: nn.Module, source: str, file: str = "") -> Start:
    """Replace a network's encoder (from COCO: nearly all of it) by pretrained weights, in place.

    Parameters
    ----------
    network : nn.Module
        A network whose `pretrained` lists the sources that it knows.
    source : str
        `imagenet`, `coco` or `matterport`.
    file : str
        The file of `matterport`.

    Returns
    -------
    Start
        What was loaded, and what was not.

    Raises
    ------
    WeightsError
        For a network without such weights, for another width than 64, for a file of another
        architecture, and where weights can be neither found nor downloaded.
    """
    known = getattr(network, "pretrained", ())
    if source not in known:
        cure = f"use {' or '.join(known)}" if known else "train it from random weights, as its paper does"
        raise WeightsError(f"no '{source}' weights for {type(network).__name__}", cure)
    read: list[Read] = cast(Any, network).load_pretrained(source, *([file] if source == "matterport" else []))
    taken = {id(each) for one in read for each in one.taken}
    own = {key: value for key, value in network.state_dict(keep_vars=True).items() if not key.endswith(COUNTERS)}
    return Start(
        " + ".join(one.source for one in read),
        tuple(with_shape(key, value.shape) for key, value in own.items() if id(value) in taken),
        tuple(with_shape(key, value.shape) for key, value in own.items() if id(value) not in taken),
        tuple(name for one in read for name in one.refused),
    )


def with_shape(name: str, shape: Iterable[int]) -> str:
    """Name and shape of a tensor in words.

    Parameters
    ----------
    name : str
        Its name.
    shape : iterable of int
        Its shape.

    Returns
    -------
    str
        For example `conv1.weight 64x3x7x7`.
    """
    return f"{name} {'x'.join(map(str, shape)) or 'one value'}"


def files(name: str, source: str) -> tuple[str, ...]:
    """torchvision's files that a network of the registry starts from.

    Parameters
    ----------
    name : str
        Of the network.
    source : str
        `imagenet` or `coco`; another has none.

    Returns
    -------
    tuple of str
        As `fetch` takes them.

    Raises
    ------
    WeightsError
        For an unknown network.
    """
    row = registry.get(name)
    if source == "coco":
        return (COCO,) if row.network_class in ("MaskRcnn", "GeneralizedCnn") else ("SSD300_VGG16_Weights.COCO_V1",)
    if source != "imagenet":
        return ()
    found = {"SegNet": "VGG16_BN", "Fcn8s": "VGG16", "Vcnn": "VGG16", "GeneralizedCnn": "ResNet50"}
    body = {"bottom": ("ResNeXt50_32X4D", "ResNet101"), "all": ("ResNeXt101_32X8D",)}
    networks = body.get(row.options.get("resnext", ""), (found.get(row.network_class, "ResNet101"),))
    return tuple(f"{each}_Weights.IMAGENET1K_V1" for each in networks)


def bring(names: Iterable[str], source: str) -> None:
    """Have the files of a start in torch's cache, before what takes hours.

    Parameters
    ----------
    names : iterable of str
        Of the networks.
    source : str
        As `files`.

    Raises
    ------
    WeightsError
        Where one can be neither found nor downloaded.
    PackageError
        Where torchvision is not installed.
    """
    for name in names:
        for file in files(name, source):
            fetch(file)


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
            f"download the file on another machine and put it there whole, or {RANDOM}",
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


def from_bytes(weight: Tensor) -> Tensor:
    """First convolution of a network of bytes less their mean, for normalised colours.

    Parameters
    ----------
    weight : (O, 3, kh, kw) Tensor
        Weights for red, green and blue in steps of a byte.

    Returns
    -------
    (O, 3, kh, kw) Tensor
        Weights for colours in standard deviations of ImageNet's.
    """
    return weight * tensor(COLOUR_STD, dtype=weight.dtype, device=weight.device)[None, :, None, None]


def load_resnet(encoder: "ResNetEncoder", name: str, stages: str = r"conv1|bn1|layer\d") -> Read:
    """Weights of ImageNet, or of the body of a network of COCO, into an encoder, in place.

    Parameters
    ----------
    encoder : ResNetEncoder
        Of width 64.
    name : str
        `ResNet50_Weights.IMAGENET1K_V1` ...
    stages : str
        Pattern of the stages that are loaded, `|` between them.

    Returns
    -------
    Read
        What was loaded.
    """
    check_width(encoder.width)
    theirs = _tensors(name)
    prefix = "backbone.body." if name == COCO else ""
    wanted = re.compile(rf"({stages})\.")
    tensors = {
        key.removeprefix(prefix): value
        for key, value in theirs.items()
        if key.startswith(prefix) and wanted.match(key.removeprefix(prefix))
    }
    if first := next((key for key in tensors if key == "conv1.weight"), ""):
        tensors[first] = adapt_first(tensors[first], encoder.conv1.in_channels)
    taken = load_tensors(encoder, tensors, name, absent=rf"{OFFSETS}|^(?!({stages})\.)")
    return Read(name, taken, _unused(theirs, {prefix + key for key in tensors}))


def load_vgg16(encoder: "VggEncoder", large: nn.Sequential | None = None, name: str = "VGG16_Weights") -> Read:
    """Weights of VGG16 into an encoder, in place.

    Parameters
    ----------
    encoder : VggEncoder
        Of width 64.
    large : nn.Sequential or None
        The two large layers of an FCN, which get those of ImageNet, too; a detector of COCO has
        others in their place.
    name : str
        `VGG16_Weights` or `VGG16_BN_Weights` of ImageNet, `SSD300_VGG16_Weights` of COCO.

    Returns
    -------
    Read
        What was loaded.

    Raises
    ------
    WeightsError
        Where torchvision's file has other layers.
    """
    check_width(encoder.width)
    coco = name.startswith("SSD")
    file = f"{name}.COCO_V1" if coco else f"{name}.IMAGENET1K_V1"
    theirs = _tensors(file)
    # Same layers in the same order under other names; counters of batches are not in older files.
    ours = [key for key in encoder.state_dict() if not key.endswith(COUNTERS)]
    wanted = re.compile(r"backbone\.(features|extra\.0\.[135])\." if coco else r"features\.")
    keys = [key for key in theirs if wanted.match(key) and not key.endswith(COUNTERS)]
    if len(ours) != len(keys):
        raise WeightsError(
            f"weights {file}: {len(keys)} tensors, not {len(ours)}", "install the torchvision of constraints.txt"
        )
    tensors = {mine: theirs[key] for mine, key in zip(ours, keys, strict=True)}
    first = next(layer for layer in encoder.modules() if isinstance(layer, nn.Conv2d))
    kernel = from_bytes(tensors[ours[0]]) if coco else tensors[ours[0]]
    tensors[ours[0]] = adapt_first(kernel, first.in_channels)
    taken = load_tensors(encoder, tensors, file)
    if large is not None and not coco:
        # The classifier has the same layers at the same places, as matrices.
        matrices = {key: theirs[f"classifier.{key}"].view_as(value) for key, value in large.state_dict().items()}
        taken += load_tensors(large, matrices, file)
        keys += [f"classifier.{key}" for key in matrices]
    return Read(file, taken, _unused(theirs, keys))


def load_coco(rcnn: nn.Module, in_channels: int, width: int, replaced: str) -> Read:
    """COCO weights of torchvision's Mask R-CNN with ResNet50 and FPN, in place.

    Parameters
    ----------
    rcnn : nn.Module
        torchvision's MaskRCNN with two classes.
    in_channels : int
        Its input channels.
    width : int
        Of its body; 64.
    replaced : str
        Pattern of the names of tensors that another layer took the place of: the predictors of the
        91 classes at least.

    Returns
    -------
    Read
        What was loaded.
    """
    check_width(width)
    theirs = _tensors(COCO)
    tensors = {key: value for key, value in theirs.items() if not re.match(replaced, key)}
    first = "backbone.body.conv1.weight"
    tensors[first] = adapt_first(tensors[first], in_channels)
    taken = load_tensors(rcnn, tensors, COCO, absent=rf"{replaced}|\.attention\.|{OFFSETS}")
    return Read(COCO, taken, _unused(theirs, tensors))


def load_tensors(module: nn.Module, tensors: dict[str, Tensor], name: str, absent: str = "$^") -> tuple[Tensor, ...]:
    """Load tensors into a module that may have more of them.

    Parameters
    ----------
    module : nn.Module
        Loaded in place.
    tensors : dict of str to Tensor
        All of them are loaded.
    name : str
        Of the weights, for the error.
    absent : str
        Pattern that is in the names of all that the module has beyond `tensors`.

    Returns
    -------
    tuple of Tensor
        The module's own, loaded.

    Raises
    ------
    WeightsError
        For tensors that are missing, or do not fit.
    """
    try:
        result = module.load_state_dict(tensors, strict=False)
    except RuntimeError as error:
        reason = str(error).splitlines()[-1].strip()
        raise WeightsError(
            f"weights {name} are of another architecture ({reason})", f"name others, or {RANDOM}"
        ) from None
    missing = [key for key in result.missing_keys if not key.endswith(COUNTERS) and not re.search(absent, key)]
    if missing or result.unexpected_keys:
        wrong = ", ".join([*missing, *result.unexpected_keys][:3])
        raise WeightsError(f"weights {name} are of another architecture ({wrong} ...)", f"name others, or {RANDOM}")
    own = module.state_dict(keep_vars=True)
    return tuple(own[key] for key in tensors if key in own)


def _tensors(name: str) -> dict[str, Tensor]:
    """Tensors of torchvision's file, for layers whose normalisation adds 1e-5 to the variance."""
    tensors = fetch(name)
    if name == COCO:  # trained with 0 in its place
        tensors = {key: value - 1e-5 if key.endswith("running_var") else value for key, value in tensors.items()}
    return tensors


def _unused(theirs: Mapping[str, Tensor], used: Iterable[str]) -> tuple[str, ...]:
    """Tensors of a file that were not loaded, with their shapes."""
    used = set(used)
    return tuple(
        with_shape(key, value.shape) for key, value in theirs.items() if key not in used and not key.endswith(COUNTERS)
    )


def check_width(width: int) -> None:
    """Refuse a network of another width than the published one.

    Parameters
    ----------
    width : int
        Channels of its first stage.

    Raises
    ------
    WeightsError
        For another than 64.
    """
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

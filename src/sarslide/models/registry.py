"""The networks by name: one row each.

This module reaches no code of a network: the configuration reads the names, and a changed network
shall not rerun what has none. `models.networks` builds them.

Semantic networks: `network(x)` gives logits (N, 1, H, W). Instance networks give the same in
evaluation, and single objects beside it (`models.mask_rcnn`).

A new network is its own module in this folder, a row here and the import of its class in
`models.networks`.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from difflib import get_close_matches
from typing import TYPE_CHECKING, Any

from sarslide import extras
from sarslide.errors import ConfigError, WeightsError

if TYPE_CHECKING:
    from torch import nn

SEMANTIC, INSTANCE = "semantic", "instance"
# Weights of another data set to start from: torchvision's, and a local file of Matterport's Mask
# R-CNN (`models.matterport`).
PRETRAINED = ("imagenet", "coco", "matterport")
Starts = Mapping[str, Mapping[str, Any]]
_IMAGENET: Starts = {"imagenet": {}}
_BOTH: Starts = {"imagenet": {}, "coco": {}}

# What each class takes beside the number of channels.
CLASS_OPTIONS = {
    "DrsUnet": ("width", "literal"),
    "Unet": ("width",),
    "SegNet": ("width",),
    "MaskRcnn": ("width", "depth", "resnext", "deformable", "attention", "frozen_norm", "keras"),
    "FcaDenseNet": ("width", "dropout"),
    "FcDenseNet": ("width", "dropout"),
    "Fcn8s": ("width", "dropout"),
    "GeneralizedCnn": ("width", "literal"),
    "Vcnn": ("width",),
}

_RESNEXT = {"resnext": "bottom"}
_DCB = {**_RESNEXT, "deformable": True}


@dataclass(frozen=True)
class Architecture:
    """One network of the registry.

    Attributes
    ----------
    name : str
        As in `training.network` and in model cards.
    network_class : str
        Its class (`models.networks`), called with the number of input channels, `options` and the
        caller's options.
    paper : str
        P0 (doi:10.3390/rs14081848), P2 (doi:10.3390/rs14143362), P3 (doi:10.3390/rs16060992) or P4
        (doi:10.3390/rs16061090), which built it or compared with it.
    title : str
        What it is, for tables.
    kind : str
        `semantic` or `instance`.
    options : mapping of str to Any
        Fixed options of the class.
    width : int
        Channels of the first stage at the published size.
    pretrained : mapping of str to mapping
        Weights of `PRETRAINED` that training may start from, with the options that they need; they
        fit the published width only.
    """

    name: str
    network_class: str
    paper: str
    title: str
    kind: str = SEMANTIC
    options: Mapping[str, Any] = field(default_factory=dict)
    width: int = 64
    pretrained: Starts = field(default_factory=dict)


# COCO (D09): torchvision's weights are for a body of ResNet50, Matterport's for ResNet101.
_COCO: Starts = {**_IMAGENET, "coco": {"depth": 50}, "matterport": {"keras": True}}


def _mask_rcnn(name: str, title: str, options: Mapping[str, Any], pretrained: Starts = _COCO) -> Architecture:
    """One step of P2's ablation."""
    return Architecture(name, "MaskRcnn", "P2", title, INSTANCE, options, pretrained=pretrained)


ARCHITECTURES: dict[str, Architecture] = {
    row.name: row
    for row in (
        Architecture("drs_unet", "DrsUnet", "P0", "DRs-UNet, read so that it has the published size"),
        Architecture(
            "drs_unet_literal", "DrsUnet", "P0", "DRs-UNet, nothing added to the text",
            options={"literal": True},
        ),
        Architecture("unet", "Unet", "P0, P3", "U-Net"),
        Architecture("segnet", "SegNet", "P0", "SegNet on VGG16", pretrained=_IMAGENET),
        _mask_rcnn("mask_rcnn", "Mask R-CNN on ResNet101", {}),
        _mask_rcnn("mask_rcnn_resnext", "Mask R-CNN, its bottom stage ResNeXt 32x4d", _RESNEXT),
        _mask_rcnn("mask_rcnn_resnext_dcb", "the same with deformable convolution", _DCB),
        _mask_rcnn("mask_rcnn_resnext_dcb_cbam", "the same with CBAM on the pyramid", {**_DCB, "attention": "cbam"}),
        _mask_rcnn(
            "mask_rcnn_resnext_dcb_sa", "with self-attention in its place: Mask R-CNN+++", {**_DCB, "attention": "self"}
        ),
        _mask_rcnn(
            "mask_rcnn_resnext_all", "Mask R-CNN on ResNeXt101 32x8d, the other reading", {"resnext": "all"}, _IMAGENET
        ),
        Architecture("fcadensenet", "FcaDenseNet", "P3", "FCADenseNet", width=48),
        Architecture("fc_densenet56", "FcDenseNet", "P3", "FC-DenseNet56", width=48),
        Architecture("fcn8s", "Fcn8s", "P3", "FCN-8s on VGG16", pretrained=_BOTH),
        Architecture(
            "generalized_cnn", "GeneralizedCnn", "P4", "generalized CNN on ResNet50", pretrained=_BOTH
        ),
        Architecture(
            "generalized_cnn_literal", "GeneralizedCnn", "P4", "generalized CNN, P4's Table 4 to the letter",
            options={"literal": True}, pretrained=_BOTH,
        ),
        Architecture("vcnn", "Vcnn", "P4", "VCNN on VGG16", pretrained=_BOTH),
    )
}  # fmt: skip


def names(kind: str | None = None) -> list[str]:
    """Names of the networks in the order of the registry.

    Parameters
    ----------
    kind : str or None
        Only those of one kind, `semantic` or `instance`; None: all.

    Returns
    -------
    list of str
        Names.
    """
    return [name for name, row in ARCHITECTURES.items() if kind in (None, row.kind)]


def get(name: str) -> Architecture:
    """The row of a network.

    Parameters
    ----------
    name : str
        Name of the network.

    Returns
    -------
    Architecture
        Its row.

    Raises
    ------
    WeightsError
        For an unknown name; the nearest known ones come first.
    """
    if name not in ARCHITECTURES:
        raise WeightsError(*_unknown(name))
    return ARCHITECTURES[name]


def check(name: str, key: str = "training.network") -> str:
    """The name, if it is in the registry; for configurations, before anything is planned.

    Parameters
    ----------
    name : str
        Name of a network.
    key : str
        Key of the configuration that holds the name.

    Returns
    -------
    str
        The name.

    Raises
    ------
    ConfigError
        For an unknown name, with key and nearest known names.
    """
    if name not in ARCHITECTURES:
        problem, cure = _unknown(name)
        raise ConfigError(f"{key}: {problem}", cure)
    return name


def check_options(name: str, options: Mapping[str, Any]) -> None:
    """See that a network takes options, without importing it.

    Parameters
    ----------
    name : str
        Name of the network.
    options : mapping of str to Any
        The caller's options; those that the row of the network fixes are none of them.

    Raises
    ------
    ValueError
        For an unknown one or one beyond its bounds.
    WeightsError
        For an unknown network.
    """
    from pydantic import ValidationError

    from sarslide.models.options import Options

    row = get(name)
    for option, value in options.items():
        if option not in CLASS_OPTIONS[row.network_class] or option in row.options:
            raise ValueError(f"{name} has no option '{option}'")
        try:
            Options.model_validate({option: value})
        except ValidationError as error:
            raise ValueError(f"{option} = {value}: {error.errors()[0]['msg']}") from None


def kind(name: str) -> str:
    """Kind of a network.

    Parameters
    ----------
    name : str
        Name of the network.

    Returns
    -------
    str
        `semantic` or `instance`.

    Raises
    ------
    WeightsError
        For an unknown name.
    """
    return get(name).kind


def with_start(name: str) -> list[str]:
    """Networks that weights of torchvision fit.

    Parameters
    ----------
    name : str
        One of `PRETRAINED`.

    Returns
    -------
    list of str
        Names in the order of the registry.
    """
    return [row.name for row in ARCHITECTURES.values() if name in row.pretrained]


def channels_of_width(name: str, width: float | None) -> int:
    """Channels of the first stage of a network.

    Parameters
    ----------
    name : str
        Name of the network.
    width : number or None
        Channels, or a share of the published ones up to 1; None: the published ones.

    Returns
    -------
    int
        Channels.

    Raises
    ------
    WeightsError
        For an unknown name.
    """
    published = get(name).width
    if width is None:
        return published
    return round(width * published) if width <= 1 else int(width)


def options(name: str, width: float | None, start: str = "") -> dict[str, Any]:
    """Options of a network that is trained.

    Parameters
    ----------
    name : str
        Name of the network.
    width : number or None
        Channels of its first stage, or a share of the published ones up to 1; None: the published
        size.
    start : str
        What training starts from (`training.start`).

    Returns
    -------
    dict of str to Any
        For its class, beside those of its row.

    Raises
    ------
    WeightsError
        For an unknown name.
    """
    size = {} if width is None else {"width": channels_of_width(name, width)}
    return size | dict(get(name).pretrained.get(start, {}))


def require_package(name: str, start: str = "") -> None:
    """See that a network can be built, and started, in this environment.

    Instance networks, and the weights of ImageNet and COCO, need torchvision, which the core of
    sarslide does without.

    Parameters
    ----------
    name : str
        Name of the network.
    start : str
        What training starts from (`training.start`).

    Raises
    ------
    PackageError
        Where torchvision is not installed.
    WeightsError
        For an unknown name.
    """
    if kind(name) == INSTANCE:
        extras.require("torchvision", f"network {name}")
    if start in PRETRAINED:
        extras.require("torchvision", f"training.start = {start}")


def parameter_count(network: "nn.Module") -> int:
    """Number of trainable values.

    Parameters
    ----------
    network : torch.nn.Module
        Any network.

    Returns
    -------
    int
        Values that the training changes.
    """
    return sum(p.numel() for p in network.parameters() if p.requires_grad)


def _unknown(name: str) -> tuple[str, str]:
    """Problem and cure for a name that is not in the registry: the nearest names, or all."""
    near = get_close_matches(name, ARCHITECTURES, 3)
    cure = f"did you mean {', '.join(near)}?" if near else f"use one of {', '.join(ARCHITECTURES)}"
    return f"network '{name}' does not exist", cure

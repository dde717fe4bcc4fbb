"""The networks by name. Importing this module does not import torch: the configuration asks it for names.

Semantic networks: `network(x)` gives logits (N, 1, H, W). Instance networks give the same in evaluation, and single objects
beside it (`models.mask_rcnn`). What each paper built:

- P0 (doi:10.3390/rs14081848): drs_unet, drs_unet_literal, unet, segnet
- P2 (doi:10.3390/rs14143362): mask_rcnn and its steps mask_rcnn_resnext, ..._dcb, ..._dcb_cbam, ..._dcb_sa
- P3 (doi:10.3390/rs16060992): fcadensenet, fc_densenet56, fcn8s, unet
- P4 (doi:10.3390/rs16061090): generalized_cnn, generalized_cnn_literal, vcnn
"""

from typing import TYPE_CHECKING, Any

from sarslide.errors import WeightsError

if TYPE_CHECKING:
    from torch import nn

SEMANTIC, INSTANCE = "semantic", "instance"

_RESNEXT = {"resnext": True}
_DCB = {**_RESNEXT, "deformable": True}
# name: (class, its fixed options, kind)
_NETWORKS: dict[str, tuple[str, dict[str, Any], str]] = {
    "drs_unet": ("DrsUnet", {}, SEMANTIC),
    "drs_unet_literal": ("DrsUnet", {"literal": True}, SEMANTIC),
    "unet": ("Unet", {}, SEMANTIC),
    "segnet": ("SegNet", {}, SEMANTIC),
    "mask_rcnn": ("MaskRcnn", {}, INSTANCE),
    "mask_rcnn_resnext": ("MaskRcnn", _RESNEXT, INSTANCE),
    "mask_rcnn_resnext_dcb": ("MaskRcnn", _DCB, INSTANCE),
    "mask_rcnn_resnext_dcb_cbam": ("MaskRcnn", {**_DCB, "attention": "cbam"}, INSTANCE),
    "mask_rcnn_resnext_dcb_sa": ("MaskRcnn", {**_DCB, "attention": "self"}, INSTANCE),
    "fcadensenet": ("FcaDenseNet", {}, SEMANTIC),
    "fc_densenet56": ("FcDenseNet", {}, SEMANTIC),
    "fcn8s": ("Fcn8s", {}, SEMANTIC),
    "generalized_cnn": ("GeneralizedCnn", {}, SEMANTIC),
    "generalized_cnn_literal": ("GeneralizedCnn", {"literal": True}, SEMANTIC),
    "vcnn": ("Vcnn", {}, SEMANTIC),
}


def names(kind: str | None = None) -> list[str]:
    """Names of all networks, or of those of one kind, `semantic` or `instance`."""
    return [name for name, entry in _NETWORKS.items() if kind in (None, entry[2])]


def kind(name: str) -> str:
    """`semantic` or `instance`. Raises WeightsError for an unknown name."""
    return _entry(name)[2]


def build(name: str, in_channels: int, **options: Any) -> "nn.Module":
    """The network `name` for `in_channels` input channels, randomly initialised, logits (N, 1, H, W) out.

    options: of the network, for example `width`. Every network has the attribute `stride`: tiles are multiples of it.
    Raises WeightsError for an unknown name.
    """
    network_class, fixed, _ = _entry(name)
    return _class(network_class)(in_channels, **fixed, **options)


def parameter_count(network: "nn.Module") -> int:
    """Number of trainable values."""
    return sum(p.numel() for p in network.parameters() if p.requires_grad)


def _entry(name: str) -> tuple[str, dict[str, Any], str]:
    if name not in _NETWORKS:
        raise WeightsError(f"network '{name}' does not exist", f"use one of {', '.join(names())}")
    return _NETWORKS[name]


def _class(name: str) -> type["nn.Module"]:
    """The class `name`. Only its own file is imported; the import statements are what the fingerprint of the code reads."""
    if name == "DrsUnet":
        from sarslide.models.drs_unet import DrsUnet as found
    elif name == "Unet":
        from sarslide.models.unet import Unet as found
    elif name == "SegNet":
        from sarslide.models.segnet import SegNet as found
    elif name == "MaskRcnn":
        from sarslide.models.mask_rcnn import MaskRcnn as found
    elif name == "FcaDenseNet":
        from sarslide.models.fcadensenet import FcaDenseNet as found
    elif name == "FcDenseNet":
        from sarslide.models.fc_densenet import FcDenseNet as found
    elif name == "Fcn8s":
        from sarslide.models.fcn8s import Fcn8s as found
    elif name == "GeneralizedCnn":
        from sarslide.models.generalized_cnn import GeneralizedCnn as found
    else:
        from sarslide.models.vcnn import Vcnn as found
    return found

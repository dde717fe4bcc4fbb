"""COCO weights of the common Keras implementation of Mask R-CNN on ResNet101, from a local file.

P2 starts from COCO (D09) in TensorFlow and Keras; that implementation (Matterport's, release 2.0)
has one such file, `mask_rcnn_coco.h5`. A network with the option `keras` computes what its layers
compute:

- Kernels turn from rows, columns, in, out to out, in, rows, columns; the first large layer of the
  box head, there a convolution of 7 x 7, is a matrix over channels, rows, columns here.
- A bias before a normalisation goes into its mean, and its 1e-3 beside the variance into the
  variance less 1e-5. Where the heads here have no normalisation, it goes into the layer before.
- Proposals have two logits there, whose difference counts, anchors from tall to wide, and boxes as
  rows before columns, in standard deviations; here one logit, from wide to tall, columns first.
- Input there is red, green, blue of 0 to 255 less their mean; here each channel is in standard
  deviations, so that the first kernel is multiplied by ImageNet's (`pretrained.from_bytes`).
- The stride of a block is in its first convolution, pooling begins with the first cell, and the
  proposals have 512 channels, as there.

The anchors here are four times smaller (`mask_rcnn.ANCHOR_CELLS`). Predictors of its 81 classes are
refused, as is what P2 replaces: the bottom stage by ResNeXt.
"""

import re
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn

from sarslide.errors import WeightsError
from sarslide.io import bounded, hdf5
from sarslide.models.pretrained import RANDOM, Read, adapt_first, from_bytes, load_tensors, with_shape

EPSILON, OURS = 1e-3, 1e-5
ANCHORS = 3
BOX_STD = (0.1, 0.1, 0.2, 0.2)
CURE = f"name Matterport's mask_rcnn_coco.h5 in training.coco_file, or {RANDOM}"
# Any of the file's layers has one of these.
PARTS = ("kernel", "bias", "gamma", "beta", "moving_mean", "moving_variance")
MAX_TENSORS, MAX_BYTES = 2000, 1 << 30
Arrays = Mapping[str, np.ndarray]


def load(rcnn: nn.Module, path: str, blocks: Sequence[int], in_channels: int, replaced: str, absent: str) -> Read:
    """Weights of the file into a network, in place.

    Parameters
    ----------
    rcnn : nn.Module
        torchvision's MaskRCNN of `mask_rcnn.MaskRcnn` with the option `keras`.
    path : str
        The file.
    blocks : sequence of int
        Blocks of its four stages.
    in_channels : int
        Its input channels.
    replaced : str
        Pattern of the names of tensors that another layer took the place of.
    absent : str
        Pattern that is in the names of tensors that no file has.

    Returns
    -------
    Read
        What was loaded.

    Raises
    ------
    WeightsError
        For a file that cannot be read, or is of another architecture.
    """
    arrays, name = read(path), Path(path).name
    tensors: dict[str, Tensor] = {}
    used: set[str] = set()
    for ours, theirs in layers(blocks).items():
        if not re.match(replaced, f"{ours}."):
            parts = _parts(path, arrays, theirs)
            used.update(parts)
            tensors |= {f"{ours}.{key}": value for key, value in _fitting(path, ours, theirs, parts).items()}
    if extra := next((key for key in arrays if key not in used and _is_body(key, replaced)), ""):
        raise _other(path, f"{extra} is a block too many")
    first = "backbone.body.conv1.weight"
    tensors[first] = adapt_first(tensors[first], in_channels)
    taken = load_tensors(rcnn, tensors, name, absent=rf"{replaced}|{absent}")
    refused = tuple(with_shape(key, array.shape) for key, array in arrays.items() if key not in used)
    return Read(name, taken, refused)


def layers(blocks: Sequence[int]) -> dict[str, tuple[str, ...]]:
    """Layers of the network and of the file, those of a normalisation behind their convolution.

    Parameters
    ----------
    blocks : sequence of int
        Blocks of the four stages.

    Returns
    -------
    dict of str to tuple of str
        The file's layers by the network's name for their tensors. Where the network has a
        normalisation of its own, the entry of it names it first.
    """
    body = "backbone.body"
    found = {f"{body}.conv1": ("conv1",), f"{body}.bn1": ("bn_conv1", "conv1")}
    for stage, count in enumerate(blocks, 1):
        for k in range(count):
            for mine, theirs in _block(k):
                at = f"{stage + 1}{chr(ord('a') + k)}_branch{theirs}"
                conv, norm = (f"{body}.layer{stage}.{k}.{word}" for word in mine)
                found |= {conv: (f"res{at}",), norm: (f"bn{at}", f"res{at}")}
    for level in range(4):
        found[f"backbone.fpn.inner_blocks.{level}.0"] = (f"fpn_c{level + 2}p{level + 2}",)
        found[f"backbone.fpn.layer_blocks.{level}.0"] = (f"fpn_p{level + 2}",)
        found[f"roi_heads.mask_head.{level}.0"] = (f"mrcnn_mask_conv{level + 1}", f"mrcnn_mask_bn{level + 1}")
    return found | {
        "rpn.head.conv.0.0": ("rpn_conv_shared",),
        "rpn.head.cls_logits": ("rpn_class_raw",),
        "rpn.head.bbox_pred": ("rpn_bbox_pred",),
        "roi_heads.box_head.fc6": ("mrcnn_class_conv1", "mrcnn_class_bn1"),
        "roi_heads.box_head.fc7": ("mrcnn_class_conv2", "mrcnn_class_bn2"),
        "roi_heads.mask_predictor.conv5_mask": ("mrcnn_mask_deconv",),
    }


def read(path: str) -> dict[str, np.ndarray]:
    """Tensors of a file that Keras wrote, by `layer/part`.

    Parameters
    ----------
    path : str
        The file.

    Returns
    -------
    dict of str to array
        float32.

    Raises
    ------
    WeightsError
        For a file that cannot be read, is too large, or holds what is no finite number.
    """
    found: dict[str, np.ndarray] = {}
    with hdf5.opened(path, WeightsError, CURE) as file:
        names = hdf5.datasets(path, file, MAX_TENSORS, WeightsError, CURE)
        left = MAX_BYTES
        for name in names:
            *groups, part = name.split("/")
            part = part.partition(":")[0]
            if not groups or part not in PARTS:
                continue
            layer = hdf5.dataset(path, file, name, WeightsError, CURE)
            left -= layer.size * 4
            if left < 0 or layer.dtype.kind != "f":
                raise WeightsError(f"{path}: {name} is {layer.dtype} {layer.shape}, no tensor of this network", CURE)
            array = np.asarray(layer[()], np.float32)
            if not np.isfinite(array).all():
                raise WeightsError(f"{path}: {name} holds values that are not finite", CURE)
            found[f"{groups[-1]}/{part}"] = array
    return found


def _block(k: int) -> list[tuple[tuple[str, str], str]]:
    """Convolution and normalisation of a block, and what the file calls them."""
    rows = [((f"conv{n}", f"bn{n}"), f"2{letter}") for n, letter in enumerate("abc", 1)]
    return rows + ([(("downsample.0", "downsample.1"), "1")] if k == 0 else [])


def _parts(path: str, arrays: Arrays, names: Sequence[str]) -> dict[str, np.ndarray]:
    """The tensors of some layers of the file, by `layer/part`."""
    found: dict[str, np.ndarray] = {}
    for name in names:
        own = {key: arrays[key] for part in PARTS if (key := f"{name}/{part}") in arrays}
        if not own:
            raise _other(path, f"has no layer {name}")
        found |= own
    return found


def _is_body(key: str, replaced: str) -> bool:
    """Whether a tensor of the file belongs to a stage of the body that nothing replaces."""
    stage = re.match(r"(?:res|bn)(\d)", key)
    return bool(stage and not re.match(replaced, f"backbone.body.layer{int(stage[1]) - 1}."))


def _other(path: str, what: str) -> WeightsError:
    return WeightsError(f"{path}: COCO weights of another architecture ({what})", CURE)


def _fitting(path: str, ours: str, theirs: Sequence[str], parts: Arrays) -> dict[str, Tensor]:
    try:
        return _converted(ours, theirs, parts)
    except (KeyError, IndexError, ValueError, RuntimeError) as error:
        raise _other(path, f"{theirs[0]}: {bounded.shown(error)}") from None


def _converted(ours: str, theirs: Sequence[str], parts: Arrays) -> dict[str, Tensor]:
    """Tensors of a layer of the network from those of the file."""
    layer = _Layer(theirs, parts)
    if theirs[0].startswith("bn"):
        return layer.normalisation()
    if ours.startswith("backbone.body"):
        weight = layer.kernel()
        return {"weight": from_bytes(weight) if theirs[0] == "conv1" else weight}
    return (_SPECIAL.get(ours) or _Layer.folded)(layer)


def _tensor(array: np.ndarray) -> Tensor:
    return torch.from_numpy(np.array(array, np.float32, order="C"))


class _Layer:
    """Tensors of one layer of the file, and of the layer that its normalisation is in or behind."""

    def __init__(self, names: Sequence[str], parts: Arrays):
        self.names, self.parts = names, parts

    def part(self, name: str, layer: int = 0) -> np.ndarray:
        return self.parts[f"{self.names[layer]}/{name}"]

    def kernel(self) -> Tensor:
        kernel = self.part("kernel")
        return _tensor(kernel.transpose(3, 2, 0, 1) if kernel.ndim == 4 else kernel.T)

    def normalisation(self) -> dict[str, Tensor]:
        bias = self.parts.get(f"{self.names[1]}/bias", np.float32(0))
        return {
            "weight": _tensor(self.part("gamma")),
            "bias": _tensor(self.part("beta")),
            "running_mean": _tensor(self.part("moving_mean") - bias),
            "running_var": _tensor(self.part("moving_variance") + (EPSILON - OURS)),
        }

    def folded(self) -> dict[str, Tensor]:
        """A layer, with the normalisation behind it."""
        weight, bias = self.kernel(), _tensor(self.part("bias"))
        if len(self.names) > 1:
            scale = _tensor(self.part("gamma", 1) / np.sqrt(self.part("moving_variance", 1) + EPSILON))
            weight = weight * scale.view(-1, *(1,) * (weight.ndim - 1))
            bias = (bias - _tensor(self.part("moving_mean", 1))) * scale + _tensor(self.part("beta", 1))
        return {"weight": weight, "bias": bias}

    def matrix(self) -> dict[str, Tensor]:
        """A convolution over a whole region as a matrix."""
        folded = self.folded()
        return folded | {"weight": folded["weight"].flatten(1)}

    def scores(self) -> dict[str, Tensor]:
        """One logit of each anchor from those of background and object."""
        kernel, bias = self.part("kernel")[0, 0], self.part("bias")
        two = (kernel.reshape(len(kernel), ANCHORS, 2), bias.reshape(ANCHORS, 2))
        one, shift = (each[..., ::-1, 1] - each[..., ::-1, 0] for each in two)
        return {"weight": _tensor(one.T)[:, :, None, None], "bias": _tensor(shift)}

    def boxes(self) -> dict[str, Tensor]:
        """Shifts of each anchor in columns, rows, width, height."""
        kernel, bias = self.part("kernel")[0, 0], self.part("bias")
        four = (kernel.reshape(len(kernel), ANCHORS, 4), bias.reshape(ANCHORS, 4))
        weight, shift = ((each * np.array(BOX_STD, np.float32))[..., ::-1, :][..., [1, 0, 3, 2]] for each in four)
        return {"weight": _tensor(weight.reshape(len(kernel), -1).T)[:, :, None, None], "bias": _tensor(shift.ravel())}


_SPECIAL = {
    "roi_heads.box_head.fc6": _Layer.matrix,
    "roi_heads.box_head.fc7": _Layer.matrix,
    "rpn.head.cls_logits": _Layer.scores,
    "rpn.head.bbox_pred": _Layer.boxes,
}

"""The Keras file of COCO weights: what its layers compute, written here in numpy by the rules of Keras,
is what the loaded network computes.
"""

import h5py
import numpy as np
import pytest
import torch

from sarslide.errors import WeightsError
from sarslide.models import matterport, networks
from sarslide.models.mask_rcnn import BLOCKS, PREDICTORS
from tests.support import keras_coco

WIDTH, SMALL = 8, (1, 1, 2, 1)
ABSENT = r"\.attention\.|\.offset\."


@pytest.fixture(scope="module")
def loaded(tmp_path_factory):
    """A network of an eighth of the width and few blocks with random weights of a file, and these."""
    path = tmp_path_factory.mktemp("keras") / "mask_rcnn_coco.h5"
    arrays = keras_coco.write(path, np.random.default_rng(1), width=WIDTH, blocks=SMALL)
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(BLOCKS, 101, SMALL)
        network = networks.build("mask_rcnn", 3, width=WIDTH, keras=True, frozen_norm=True).eval()
    matterport.load(network.rcnn, str(path), SMALL, 3, PREDICTORS, ABSENT)
    return network.rcnn, arrays


def conv(x, w, layer, stride=1, pad=0):
    """A convolution of Keras: x (rows, columns, in), kernel (rows, columns, in, out)."""
    kernel, size = w[f"{layer}/kernel"], w[f"{layer}/kernel"].shape[0]
    x = np.pad(x, ((pad, pad), (pad, pad), (0, 0)))
    windows = np.lib.stride_tricks.sliding_window_view(x, (size, size), axis=(0, 1))[::stride, ::stride]
    return np.einsum("rcikl,klio->rco", windows, kernel) + w[f"{layer}/bias"]


def norm(x, w, layer):
    """Keras's normalisation, with its epsilon of 1e-3."""
    scale = w[f"{layer}/gamma"] / np.sqrt(w[f"{layer}/moving_variance"] + 1e-3)
    return (x - w[f"{layer}/moving_mean"]) * scale + w[f"{layer}/beta"]


def relu(x):
    return np.maximum(x, 0)


def block(x, w, at, stride):
    """The first block of a stage: the stride is in its first convolution and in the shortcut."""
    short = norm(conv(x, w, f"res{at}_branch1", stride), w, f"bn{at}_branch1")
    x = relu(norm(conv(x, w, f"res{at}_branch2a", stride), w, f"bn{at}_branch2a"))
    x = relu(norm(conv(x, w, f"res{at}_branch2b", pad=1), w, f"bn{at}_branch2b"))
    return relu(norm(conv(x, w, f"res{at}_branch2c"), w, f"bn{at}_branch2c") + short)


def same(tensor, expected):
    """Equal but for the order of sums in float32."""
    found = tensor.squeeze(0).permute(1, 2, 0) if tensor.ndim == 4 else tensor
    np.testing.assert_allclose(found.numpy(), expected, rtol=2e-4, atol=2e-4)


@torch.inference_mode()
def test_the_body_computes_what_keras_does(loaded):
    """Bytes less their mean there, standard deviations here; stem, pooling, and two stages."""
    rcnn, w = loaded
    image = np.random.default_rng(2).uniform(-100, 150, (32, 32, 3)).astype(np.float32)
    stem = relu(norm(conv(image, w, "conv1", 2, 3), w, "bn_conv1"))
    pooled = np.pad(stem, ((0, 1), (0, 1), (0, 0)))
    pooled = np.lib.stride_tricks.sliding_window_view(pooled, (3, 3), axis=(0, 1))[::2, ::2].max(axis=(-1, -2))
    first = block(pooled, w, "2a", 1)
    x = torch.from_numpy(image / np.float32([58.395, 57.12, 57.375])).permute(2, 0, 1)[None]
    features = rcnn.backbone.body(x)
    same(features[0], stem)
    same(features[1], first)
    same(features[2], block(first, w, "3a", 2))


@torch.inference_mode()
def test_the_proposals_are_those_of_keras(loaded):
    """Scores by softmax of two logits, boxes by rows before columns and shares of standard deviations, of
    anchors from tall to wide.
    """
    rcnn, w = loaded
    level = np.random.default_rng(3).normal(size=(4, 4, 4 * WIDTH)).astype(np.float32)
    shared = relu(conv(level, w, "rpn_conv_shared", pad=1))
    logits = conv(shared, w, "rpn_class_raw").reshape(4, 4, 3, 2)
    deltas = conv(shared, w, "rpn_bbox_pred").reshape(4, 4, 3, 4) * [0.1, 0.1, 0.2, 0.2]
    scores = 1 / (1 + np.exp(logits[..., 0] - logits[..., 1]))
    features = torch.from_numpy(level).permute(2, 0, 1)[None]
    found, shifts = rcnn.rpn.head([features])
    ratio = np.array([0.5, 1, 2])  # width by height
    height, width = 16 / np.sqrt(ratio), 16 * np.sqrt(ratio)
    ours = [(tall, wide) for tall, wide in zip(16 * np.sqrt([0.5, 1, 2]), 16 / np.sqrt([0.5, 1, 2]), strict=True)]
    for k in range(3):
        mine = next(n for n, one in enumerate(ours) if np.allclose(one, (height[k], width[k])))
        np.testing.assert_allclose(torch.sigmoid(found[0][0, mine]).numpy(), scores[..., k], rtol=1e-4, atol=1e-5)
        anchor = torch.tensor([[-width[k] / 2, -height[k] / 2, width[k] / 2, height[k] / 2]], dtype=torch.float32)
        codes = shifts[0][0, 4 * mine : 4 * mine + 4].permute(1, 2, 0).reshape(-1, 4)
        boxes = rcnn.rpn.box_coder.decode_single(codes, anchor.expand(16, 4)).reshape(4, 4, 4).numpy()
        dy, dx, dh, dw = np.moveaxis(deltas[..., k, :], -1, 0)
        rows, cols, tall, wide = dy * height[k], dx * width[k], height[k] * np.exp(dh), width[k] * np.exp(dw)
        expected = np.stack([cols - wide / 2, rows - tall / 2, cols + wide / 2, rows + tall / 2], -1)
        np.testing.assert_allclose(boxes, expected, rtol=1e-4, atol=1e-3)


@torch.inference_mode()
def test_pyramid_and_heads_compute_what_keras_does(loaded):
    """The first large layer is a convolution over the whole region there; normalisations that have no
    place here are in the layers before; the last layer of the masks doubles their size.
    """
    rcnn, w = loaded
    rng = np.random.default_rng(4)
    c5 = rng.normal(size=(2, 2, 32 * WIDTH)).astype(np.float32)
    maps = [torch.zeros(1, c * WIDTH, s, s) for c, s in ((4, 16), (8, 8), (16, 4))]
    levels = {str(k): each for k, each in enumerate([*maps, torch.from_numpy(c5).permute(2, 0, 1)[None]])}
    same(rcnn.backbone.fpn(levels)["3"], conv(conv(c5, w, "fpn_c5p5"), w, "fpn_p5", pad=1))
    region = rng.normal(size=(7, 7, 4 * WIDTH)).astype(np.float32)
    box = relu(norm(conv(region, w, "mrcnn_class_conv1"), w, "mrcnn_class_bn1"))
    box = relu(norm(conv(box, w, "mrcnn_class_conv2"), w, "mrcnn_class_bn2"))
    x = torch.from_numpy(region).permute(2, 0, 1)[None]
    same(rcnn.roi_heads.box_head(x)[0], box[0, 0])
    mask = region
    for k in (1, 2, 3, 4):
        mask = relu(norm(conv(mask, w, f"mrcnn_mask_conv{k}", pad=1), w, f"mrcnn_mask_bn{k}"))
    large = np.zeros((14, 14, 4 * WIDTH), np.float32)
    for i in (0, 1):
        for j in (0, 1):  # a transposed kernel: rows, columns, out, in
            large[i::2, j::2] = mask @ w["mrcnn_mask_deconv/kernel"][i, j].T
    large = relu(large + w["mrcnn_mask_deconv/bias"])
    predictor = rcnn.roi_heads.mask_predictor
    same(predictor.relu(predictor.conv5_mask(rcnn.roi_heads.mask_head(x))), large)


def without(layer):
    def change(file):
        del file[layer]

    return change


def of_size(name, *shape):
    def change(file):
        file.pop(name, None)
        file[name] = np.zeros(shape, np.float32)

    return change


def not_finite(file):
    file["conv1/conv1/bias:0"][0] = np.nan


def elsewhere(file):
    del file["fpn_p2"]
    file["fpn_p2"] = h5py.ExternalLink("/etc/other.h5", "/fpn_p2")


@pytest.mark.parametrize(
    ("change", "line"),
    [
        (without("res3a_branch2a"), r"another architecture \(has no layer res3a_branch2a\)"),
        (of_size("conv1/conv1/kernel:0", 7, 7, 3, 16), r"another architecture \(size mismatch for backbone.body.conv1"),
        (of_size("res2b_branch2a/res2b_branch2a/kernel:0", 1, 1, 32, 8), "res2b_branch2a/kernel is a block too many"),
        (of_size("rpn_model/rpn_class_raw/kernel:0", 1, 1, 64, 10), "another architecture"),
        (of_size("conv1/conv1/kernel:0", 7, 7, 4, 8), "another architecture"),
        (without("fpn_p4/fpn_p4/bias:0"), "another architecture"),
        (not_finite, "conv1/conv1/bias:0 holds values that are not finite"),
        (elsewhere, "has no layer fpn_p2"),
    ],
)
def test_a_file_of_another_architecture_is_refused_in_one_line(change, line, tmp_path, monkeypatch):
    path = tmp_path / "w.h5"
    keras_coco.write(path, np.random.default_rng(1), width=WIDTH, blocks=SMALL)
    with h5py.File(path, "a") as file:
        change(file)
    monkeypatch.setitem(BLOCKS, 101, SMALL)
    network = networks.build("mask_rcnn", 3, width=WIDTH, keras=True)
    with pytest.raises(
        WeightsError, match=rf"^E4001 [^\n]*w\.h5[^\n]*{line}[^\n]*; cure: [^\n]*training.start to random$"
    ):
        matterport.load(network.rcnn, str(path), SMALL, 3, PREDICTORS, ABSENT)


@pytest.mark.parametrize("content", [b"", b"no HDF5 at all", b"\x89HDF\r\n\x1a\n" + b"\0" * 500])
def test_what_is_no_file_of_keras_is_refused(content, tmp_path):
    path = tmp_path / "w.h5"
    path.write_bytes(content)
    with pytest.raises(
        WeightsError, match=r"^E4001 [^\n]*cannot be read[^\n]*; cure: name Matterport's mask_rcnn_coco.h5"
    ):
        matterport.read(str(path))
    with pytest.raises(WeightsError, match=r"none.h5[^\n]*; cure: name Matterport's"):
        matterport.read(str(tmp_path / "none.h5"))

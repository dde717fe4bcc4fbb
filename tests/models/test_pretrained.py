"""ImageNet and COCO weights: files with torchvision's and Keras's names and shapes load, give their
features, are counted tensor by tensor, and are missed politely.
"""

import numpy as np
import pytest
import torch
import torchvision
from torch import nn

from sarslide.errors import WeightsError
from sarslide.models import matterport, networks, pretrained, registry
from sarslide.models.pretrained import adapt_first, fetch, load_pretrained
from tests.support import keras_coco


@pytest.fixture
def cache(tmp_path, monkeypatch):
    """torch's cache of downloaded files, empty, and a network that refuses at once; `put` writes a
    file of it.
    """
    monkeypatch.setenv("TORCH_HOME", str(tmp_path))
    for name in ("http_proxy", "https_proxy", "HTTP_PROXY", "HTTPS_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    for name in ("no_proxy", "NO_PROXY"):
        monkeypatch.delenv(name, raising=False)
    folder = tmp_path / "hub" / "checkpoints"
    folder.mkdir(parents=True)

    def put(name, tensors):
        file = folder / torchvision.models.get_weight(name).url.rsplit("/", 1)[1]
        torch.save(tensors, file)
        return file

    return put


def shapes(network):
    """Tensors of the right shapes that take no room: each holds one number."""
    return {key: torch.tensor(0.01).expand(value.shape) for key, value in network.state_dict().items()}


def randomise(network):
    """Statistics of batch normalisation that are not the trivial ones."""
    for layer in network.modules():
        if isinstance(layer, nn.BatchNorm2d):
            nn.init.uniform_(layer.running_mean, -0.1, 0.1)
            nn.init.uniform_(layer.running_var, 0.5, 1.5)
            nn.init.uniform_(layer.weight, 0.5, 1.5)
    return network.eval()


def test_resnet_gives_torchvisions_features(cache):
    torch.manual_seed(1)
    theirs = randomise(torchvision.models.resnet50())
    cache("ResNet50_Weights.IMAGENET1K_V1", theirs.state_dict())
    network = networks.build("generalized_cnn", 3).eval()
    load_pretrained(network, "imagenet")
    x = torch.randn(1, 3, 64, 64)
    with torch.inference_mode():
        expected = theirs.maxpool(theirs.relu(theirs.bn1(theirs.conv1(x))))
        for stage in (theirs.layer1, theirs.layer2, theirs.layer3, theirs.layer4):
            expected = stage(expected)
        torch.testing.assert_close(network.encoder(x)[-1], expected)


def test_vgg_gives_torchvisions_features(cache):
    """With batch normalisation (SegNet); a grey image is the same to a network of five channels (mean
    colour kernel).
    """
    torch.manual_seed(2)
    theirs = randomise(torchvision.models.vgg16_bn(num_classes=1).features)
    tensors = {f"features.{key}": value for key, value in theirs.state_dict().items()}
    cache("VGG16_BN_Weights.IMAGENET1K_V1", {k: v for k, v in tensors.items() if "num_batches" not in k})
    grey = torch.randn(1, 1, 32, 32)
    for channels in (3, 5):
        network = networks.build("segnet", channels).eval()
        load_pretrained(network, "imagenet")
        with torch.inference_mode():
            y = grey.expand(-1, channels, -1, -1)
            for stage in network.encoder.stages:
                y = nn.functional.max_pool2d(stage(y), 2)
            torch.testing.assert_close(y, theirs(grey.expand(-1, 3, -1, -1)), atol=1e-4, rtol=1e-4)


def test_fcn_takes_the_classifier_as_convolutions(cache):
    with torch.device("meta"):
        theirs = torchvision.models.vgg16()
    tensors = shapes(theirs)
    tensors["classifier.0.weight"] = torch.arange(25088.0).expand(4096, -1)
    cache("VGG16_Weights.IMAGENET1K_V1", tensors)
    network = networks.build("fcn8s", 3)
    load_pretrained(network, "imagenet")
    kernel = network.large[0].weight[7]
    assert kernel.shape == (512, 7, 7)
    assert torch.equal(kernel.flatten(), torch.arange(25088.0))
    assert (network.large[3].weight == 0.01).all()
    assert (network.encoder.stages[4][4].weight == 0.01).all()
    vcnn = networks.build("vcnn", 4)
    load_pretrained(vcnn, "imagenet")
    torch.testing.assert_close(vcnn.encoder.stages[0][0].weight, torch.full((64, 4, 3, 3), 0.03 / 4))


@pytest.mark.parametrize(
    ("name", "file", "theirs"),
    [
        ("mask_rcnn", "ResNet101_Weights", torchvision.models.resnet101),
        ("mask_rcnn_resnext_all", "ResNeXt101_32X8D_Weights", torchvision.models.resnext101_32x8d),
    ],
)
def test_body_of_mask_rcnn(name, file, theirs, cache):
    """All of the body is replaced but the shifts of deformable convolutions, which stay at zero."""
    with torch.device("meta"):
        theirs = theirs()
    cache(f"{file}.IMAGENET1K_V1", shapes(theirs))
    network = networks.build(name, 6, frozen_norm=True)
    load_pretrained(network, "imagenet")
    body = network.rcnn.backbone.body.state_dict()
    torch.testing.assert_close(body.pop("conv1.weight"), torch.full((64, 6, 7, 7), 0.01 * 3 / 6))
    for key, value in body.items():
        assert (value == (0 if ".offset." in key else 0.01)).all(), key


# Tensors of each network at its published size, with the files that a start reads and how many
# tensors of the network are loaded and stay random, and of the files are refused. Counted by hand
# from the layers: ResNet has 5 a convolution with its normalisation (weight, and four), 53 of them
# of 50 layers and 104 of 101; VGG16 two a convolution, 13, and four more with normalisation; the
# classifier of ResNet 2, of VGG16 6; pyramid 16, proposals 6, box head 4, mask head 10, predictors
# 6, a block of ResNeXt as many as one of ResNet. The bottom stage has 10 convolutions, 50 tensors;
# offsets of 3 convolutions 6; four blocks of CBAM 20, of self-attention 28.
RESNET50, RESNET101 = "ResNet50_Weights.IMAGENET1K_V1", "ResNet101_Weights.IMAGENET1K_V1"
RESNEXT50, RESNEXT101 = "ResNeXt50_32X4D_Weights.IMAGENET1K_V1", "ResNeXt101_32X8D_Weights.IMAGENET1K_V1"
COCO50, KERAS = "MaskRCNN_ResNet50_FPN_Weights.COCO_V1", "mask_rcnn_coco.h5"
VGG, VGG_BN = "VGG16_Weights.IMAGENET1K_V1", "VGG16_BN_Weights.IMAGENET1K_V1"
SSD = "SSD300_VGG16_Weights.COCO_V1"
BODY50, BODY101, BOTTOM, HEADS, PREDICTORS = 53 * 5, 104 * 5, 50, 16 + 6 + 4 + 10, 6
EXTRA = {"mask_rcnn": 0, "mask_rcnn_resnext": 0, "mask_rcnn_resnext_dcb": 6}
EXTRA |= {"mask_rcnn_resnext_dcb_cbam": 6 + 20, "mask_rcnn_resnext_dcb_sa": 6 + 28}
# Keras: bias, kernel and four of its normalisation; the heads' normalisations are folded away.
STARTS = {
    ("segnet", "imagenet"): ([VGG_BN], (13 * 6, 12 * 6 + 2, 6)),
    ("fcn8s", "imagenet"): ([VGG], (26 + 4, 9, 2)),
    ("fcn8s", "coco"): ([SSD], (26, 13, 71 - 26)),
    ("vcnn", "imagenet"): ([VGG], (26, 18, 6)),
    ("vcnn", "coco"): ([SSD], (26, 18, 71 - 26)),
    ("generalized_cnn", "imagenet"): ([RESNET50], (BODY50, 22, 2)),
    ("generalized_cnn", "coco"): ([COCO50], (BODY50, 22, HEADS + PREDICTORS)),
    ("generalized_cnn_literal", "imagenet"): ([RESNET50], (BODY50, 22, 2)),
    ("generalized_cnn_literal", "coco"): ([COCO50], (BODY50, 22, HEADS + PREDICTORS)),
    ("mask_rcnn_resnext_all", "imagenet"): ([RESNEXT101], (BODY101, HEADS + PREDICTORS, 2)),
}
for name, more in EXTRA.items():
    kept = BOTTOM * (name != "mask_rcnn")
    files = [RESNEXT50, RESNET101] if kept else [RESNET101]
    # Of ResNeXt50 all but stem and bottom, of ResNet101 these, and both classifiers.
    unused = (BODY50 - 5 - BOTTOM) + (5 + BOTTOM) + 4 if kept else 2
    STARTS[name, "imagenet"] = (files, (BODY101, HEADS + PREDICTORS + more, unused))
    STARTS[name, "coco"] = ([COCO50], (BODY50 + HEADS - kept, PREDICTORS + more + kept, PREDICTORS + kept))
    STARTS[name, "matterport"] = (
        [KERAS],
        (BODY101 + HEADS - kept, PREDICTORS + more + kept, PREDICTORS + kept * 6 // 5),
    )
MODELS = {
    RESNET50: torchvision.models.resnet50,
    RESNET101: torchvision.models.resnet101,
    RESNEXT50: torchvision.models.resnext50_32x4d,
    RESNEXT101: torchvision.models.resnext101_32x8d,
    VGG: torchvision.models.vgg16,
    VGG_BN: torchvision.models.vgg16_bn,
    COCO50: lambda: torchvision.models.detection.maskrcnn_resnet50_fpn(weights=None, weights_backbone=None),
    SSD: lambda: torchvision.models.detection.ssd300_vgg16(weights=None, weights_backbone=None),
}


# Networks without room for numbers are loaded, too, as far as names and shapes go.
no_numbers = pytest.mark.filterwarnings("ignore:for .* copying from a non-meta parameter")


def put_file(name, cache, monkeypatch):
    """A file of the right names and shapes; its path if it is of no library. Reading takes room: Keras's
    is read in test_matterport.
    """
    if name == KERAS:
        parts = {
            f"{layer}/{part}": shape for layer, parts in keras_coco.layers().items() for part, shape in parts.items()
        }
        arrays = {key: np.broadcast_to(np.float32(0.01), shape) for key, shape in parts.items()}
        monkeypatch.setattr(matterport, "read", lambda path: arrays)
        return f"/somewhere/{name}"
    with torch.device("meta"):
        model = MODELS[name]()
    cache(name, shapes(model))
    return ""


@no_numbers
@pytest.mark.parametrize(("name", "start"), STARTS, ids=lambda value: value)
def test_every_start_is_counted_tensor_by_tensor(name, start, cache, monkeypatch):
    files, counts = STARTS[name, start]
    path = [put_file(file, cache, monkeypatch) for file in files][-1]
    with torch.device("meta"):
        network = networks.build(name, 5, **registry.options(name, None, start), **FROZEN.get(registry.kind(name), {}))
    begun = load_pretrained(network, start, path)
    assert (len(begun.loaded), len(begun.random), len(begun.refused)) == counts
    assert begun.source == " + ".join(files)
    # What is brought before the first job is what is read.
    assert pretrained.files(name, start) == tuple(file for file in files if file != KERAS)
    assert len({*begun.loaded, *begun.random}) == len(begun.loaded) + len(begun.random)


FROZEN = {"instance": {"frozen_norm": True}}


def test_every_start_of_the_registry_is_counted():
    assert set(STARTS) == {(row.name, start) for row in registry.ARCHITECTURES.values() for start in row.pretrained}


@no_numbers
def test_what_stays_random_and_what_is_refused_is_named(cache, monkeypatch):
    path = put_file(KERAS, cache, monkeypatch)
    with torch.device("meta"):
        network = networks.build("mask_rcnn_resnext_dcb_sa", 3, keras=True, frozen_norm=True)
    begun = load_pretrained(network, "matterport", path)
    assert "mrcnn_class_logits/kernel 1024x81" in begun.refused
    assert "res2a_branch2b/kernel 3x3x64x64" in begun.refused
    assert "rcnn.roi_heads.box_predictor.cls_score.weight 2x1024" in begun.random
    assert "rcnn.backbone.body.layer1.0.conv2.weight 128x4x3x3" in begun.random
    assert "rcnn.rpn.head.conv.0.0.weight 512x256x3x3" in begun.loaded
    assert {name.split(".")[2] for name in begun.random if "attention" in name} == {"attention"}


def test_the_bottom_stage_of_resnext_is_that_of_resnext50(cache):
    """With the first convolution that it learnt with; the other stages are ResNet101's."""
    for file, value in ((RESNEXT50, 0.25), (RESNET101, 0.5)):
        with torch.device("meta"):
            model = MODELS[file]()
        cache(file, {key: torch.tensor(value).expand(each.shape) for key, each in model.state_dict().items()})
    network = networks.build("mask_rcnn_resnext", 3, frozen_norm=True)
    load_pretrained(network, "imagenet")
    for key, value in network.rcnn.backbone.body.state_dict().items():
        assert (value == (0.25 if key.split(".")[0] in ("conv1", "bn1", "layer1") else 0.5)).all(), key


def test_a_detector_of_coco_gives_vgg_its_features(cache):
    """SSD reads bytes less their mean; VGG16 here standard deviations of the colours."""
    torch.manual_seed(4)
    theirs = torchvision.models.detection.ssd300_vgg16(weights=None, weights_backbone=None)
    cache(SSD, theirs.state_dict())
    network = networks.build("vcnn", 3).eval()
    load_pretrained(network, "coco")
    x = torch.randn(1, 3, 32, 32)
    std = torch.tensor([0.229, 0.224, 0.225])[:, None, None]
    with torch.inference_mode():
        y = x
        for k, stage in enumerate(network.encoder.stages[:4]):
            y = stage(y if k == 0 else nn.functional.max_pool2d(y, 2))
        expected = theirs.backbone.features(x * std * 255)
        torch.testing.assert_close(y, expected, atol=1e-3, rtol=1e-3)
        extra = theirs.backbone.extra[0]
        last = nn.functional.max_pool2d(expected, 2)
        for layer in list(extra)[1:7]:
            last = layer(last)
        torch.testing.assert_close(
            network.encoder.stages[4](nn.functional.max_pool2d(y, 2)), last, atol=1e-3, rtol=1e-3
        )


def test_coco_weights_give_torchvisions_proposals(cache):
    """ResNet50: pyramid and proposal head give torchvision's output, whose normalisation has an
    epsilon of 0.
    """
    torch.manual_seed(3)
    theirs = torchvision.models.detection.maskrcnn_resnet50_fpn(weights=None, weights_backbone=None)
    randomise(theirs)
    cache("MaskRCNN_ResNet50_FPN_Weights.COCO_V1", theirs.state_dict())
    network = networks.build("mask_rcnn", 3, depth=50, frozen_norm=True).eval()
    load_pretrained(network, "coco")
    for layer in theirs.modules():
        if isinstance(layer, nn.BatchNorm2d):
            layer.eps = 0.0
    x = torch.randn(1, 3, 64, 64)
    with torch.inference_mode():
        ours, expected = network.rcnn.backbone(x), theirs.backbone(x)
        assert list(ours) == list(expected)
        for level in ours:
            torch.testing.assert_close(ours[level], expected[level], atol=1e-3, rtol=1e-3)
        maps = list(expected.values())
        for mine, other in zip(network.rcnn.rpn.head(maps), theirs.rpn.head(maps), strict=True):
            assert all(torch.equal(a, b) for a, b in zip(mine, other, strict=True))
        regions = torch.randn(2, 256, 14, 14)
        assert torch.equal(network.rcnn.roi_heads.mask_head(regions), theirs.roi_heads.mask_head(regions))


def test_first_convolution():
    weight = torch.randn(4, 3, 7, 7)
    assert adapt_first(weight, 3) is weight
    for channels in (1, 2, 8):
        adapted = adapt_first(weight, channels)
        assert adapted.shape == (4, channels, 7, 7)
        torch.testing.assert_close(adapted.sum(1), weight.sum(1))


def test_offline(cache, tmp_path):
    """One line with the address, the folder and the cure, at once."""
    with pytest.raises(
        WeightsError, match=r"^E4001 weights ResNet50_Weights.IMAGENET1K_V1 are not in [^\n]+; cure: [^\n]+$"
    ) as caught:
        load_pretrained(networks.build("generalized_cnn", 3), "imagenet")
    assert "https://download.pytorch.org/models/resnet50-0676ba61.pth" in str(caught.value)
    assert str(tmp_path / "hub" / "checkpoints") in str(caught.value)


def test_weights_are_missed_before_what_takes_hours(cache, monkeypatch):
    """A run that trains brings them first: where it cannot, one line says where to put which file, and what
    does without.
    """
    with pytest.raises(WeightsError, match=r"^E4001 weights SSD300_VGG16[^\n]+ssd300_vgg16[^\n]+start to random$"):
        pretrained.bring(["vcnn"], "coco")
    put_file(SSD, cache, monkeypatch)
    pretrained.bring(["vcnn", "fcn8s"], "coco")
    pretrained.bring(["drs_unet"], "")


def test_damaged_file(cache):
    file = cache("ResNet50_Weights.IMAGENET1K_V1", {"conv1.weight": torch.zeros(64, 3, 7, 7)})
    with pytest.raises(
        WeightsError, match=r"^E4001 weights ResNet50_Weights\S+ are of another architecture \(bn1.weight[^\n]+; cure: "
    ):
        load_pretrained(networks.build("generalized_cnn", 3), "imagenet")
    file.write_bytes(file.read_bytes()[:-50])
    with pytest.raises(WeightsError, match=r"^E4001 weights [^\n]+; cure: "):
        fetch("ResNet50_Weights.IMAGENET1K_V1")


@pytest.mark.parametrize(
    ("name", "options", "source", "message"),
    [
        ("drs_unet", {"width": 4}, "imagenet", "no 'imagenet' weights for DrsUnet; cure: train it from random weights"),
        ("segnet", {"width": 4}, "coco", "no 'coco' weights for SegNet; cure: use imagenet"),
        ("segnet", {"width": 4}, "imagenet", "pretrained weights for width 64, not 4"),
        ("mask_rcnn", {"width": 8}, "coco", "are for ResNet50 .*; cure: start another Mask R-CNN from coco"),
        ("mask_rcnn", {"width": 8}, "matterport", "or ResNet101 with the option keras"),
        ("mask_rcnn", {"width": 8, "keras": True}, "matterport", "pretrained weights for width 64, not 8"),
        (
            "mask_rcnn_resnext_all",
            {"width": 8, "depth": 50},
            "coco",
            "in the bottom stage at most; cure: start another",
        ),
        ("mask_rcnn_resnext_all", {"width": 8, "depth": 50}, "imagenet", "no ImageNet weights of ResNeXt50 32x8d"),
    ],
)
def test_refuses(name, options, source, message):
    with pytest.raises(WeightsError, match=message):
        load_pretrained(networks.build(name, 3, **options), source)

"""ImageNet and COCO weights: files with torchvision's names and shapes load, give its features, and
are missed politely.
"""

import pytest
import torch
import torchvision
from torch import nn

from sarslide.errors import WeightsError
from sarslide.models import networks
from sarslide.models.pretrained import adapt_first, fetch, load_pretrained


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
        ("mask_rcnn_resnext_dcb_sa", "ResNeXt101_32X8D_Weights", torchvision.models.resnext101_32x8d),
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


def test_damaged_file(cache):
    file = cache("ResNet50_Weights.IMAGENET1K_V1", {"conv1.weight": torch.zeros(64, 3, 7, 7)})
    with pytest.raises(WeightsError, match=r"^E4001 weights ResNet50_Weights do not fit \(bn1.weight[^\n]+; cure: "):
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
        ("mask_rcnn", {"width": 8}, "coco", "for ResNet50 only; cure: start network mask_rcnn from coco"),
        ("mask_rcnn_resnext", {"width": 8, "depth": 50}, "imagenet", "no ImageNet weights of ResNeXt50 32x8d"),
    ],
)
def test_refuses(name, options, source, message):
    with pytest.raises(WeightsError, match=message):
        load_pretrained(networks.build(name, 3, **options), source)

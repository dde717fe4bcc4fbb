"""What each network takes from weights of ImageNet and COCO: tensors loaded, random, refused.

    python -m studies.papers.starts

Nothing is downloaded: the files are made here, with the names and shapes of torchvision's networks
and of the Keras implementation that P2 starts from, and hold one number. Networks have their
published size and five channels. A start is right where all but the layers that a network adds or
replaces are loaded, tests/models/test_pretrained.py has them counted by hand.
"""

import argparse
import os
import tempfile
import warnings
from collections.abc import Callable
from pathlib import Path

import torch
import torchvision
from tests.support import keras_coco
from torch import nn

from sarslide.models import networks, pretrained, registry
from studies.papers import put, row

COMMAND = "python -m studies.papers.starts"
CHANNELS = 5
V1 = "IMAGENET1K_V1"
BARE = {"weights": None, "weights_backbone": None}
MODELS: dict[str, Callable[[], nn.Module]] = {
    f"ResNet50_Weights.{V1}": torchvision.models.resnet50,
    f"ResNet101_Weights.{V1}": torchvision.models.resnet101,
    f"ResNeXt50_32X4D_Weights.{V1}": torchvision.models.resnext50_32x4d,
    f"ResNeXt101_32X8D_Weights.{V1}": torchvision.models.resnext101_32x8d,
    f"VGG16_Weights.{V1}": torchvision.models.vgg16,
    f"VGG16_BN_Weights.{V1}": torchvision.models.vgg16_bn,
    pretrained.COCO: lambda: torchvision.models.detection.maskrcnn_resnet50_fpn(**BARE),
    "SSD300_VGG16_Weights.COCO_V1": lambda: torchvision.models.detection.ssd300_vgg16(**BARE),
}
KINDS = ("loaded", "random", "refused")


def write_files(folder: Path) -> Path:
    """All files into torch's cache below a folder; the path of Keras's."""
    cache = folder / "hub" / "checkpoints"
    cache.mkdir(parents=True)
    for name, make in MODELS.items():
        with torch.device("meta"):
            shapes = {key: value.shape for key, value in make().state_dict().items()}
        tensors = {key: torch.tensor(0.01).expand(shape) for key, shape in shapes.items()}
        torch.save(tensors, cache / torchvision.models.get_weight(name).url.rsplit("/", 1)[1])
    keras_coco.write(folder / "mask_rcnn_coco.h5")
    return folder / "mask_rcnn_coco.h5"


def started(name: str, start: str, file: Path) -> pretrained.Start:
    """A network of the published size, started."""
    with torch.device("meta"):
        frozen = {"frozen_norm": True} if registry.kind(name) == registry.INSTANCE else {}
        network = networks.build(name, CHANNELS, **registry.options(name, None, start), **frozen)
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "for .* copying from a non-meta parameter")
        return pretrained.load_pretrained(network, start, str(file))


def counted(name: str, start: str, file: Path) -> dict:
    """The row of one network and one start."""
    found = started(name, start, file)
    numbers = ", ".join(f"{len(getattr(found, word))} {word}" for word in KINDS)
    word = "mask_rcnn_coco.h5" if start == "matterport" else start
    return row(f"{name} from {word}", f"{numbers} ({found.source})", COMMAND, "loaded", met=bool(found.loaded))


def none_to_take(taking: set[str]) -> dict:
    """The networks that no start fits, in one row."""
    left = [name for name in registry.names() if name not in taking]
    return row("networks that no ImageNet or COCO weights fit: trained from random ones", ", ".join(left), COMMAND)


def main() -> None:
    """Count and publish."""
    argparse.ArgumentParser(description=__doc__.splitlines()[0]).parse_args()
    pairs = [(each.name, start) for each in registry.ARCHITECTURES.values() for start in each.pretrained]
    with tempfile.TemporaryDirectory() as folder:
        os.environ["TORCH_HOME"] = folder
        file = write_files(Path(folder))
        rows = [counted(name, start, file) for name, start in pairs]
    put([*rows, none_to_take({name for name, _ in pairs})])


if __name__ == "__main__":
    main()

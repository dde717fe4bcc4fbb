"""Encoders: ResNet (also ResNeXt, also with deformable convolution) and VGG16.

Tensors are named and shaped as torchvision's at width 64, so that its ImageNet weights load
(`models.pretrained`).
"""

from collections.abc import Callable, Iterable, Sequence
from typing import cast

from torch import Tensor, nn

from sarslide.models.blocks import ModulatedDeformConv, zero_bias

# By how much the middle convolution of each stage is wider than ResNet's, 1: it is ResNet's.
RESNEXT = {"none": (1, 1, 1, 1), "bottom": (2, 1, 1, 1), "all": (4, 4, 4, 4)}


class Bottleneck(nn.Module):
    """Residual block of three convolutions, with the stride in the middle one (ResNet V1.5) or the
    first (V1).

    Parameters
    ----------
    channels_in : int
        Input channels.
    inner : int
        Channels of the middle convolution.
    channels_out : int
        Output channels.
    stride : int
        Of the block.
    groups : int
        Paths of the middle convolution.
    downsample : nn.Module or None
        What brings the input to the output's shape; None: it has it.
    norm : callable
        Layer of the normalisation.
    first : bool
        The stride is in the first convolution.
    """

    def __init__(
        self,
        channels_in: int,
        inner: int,
        channels_out: int,
        stride: int = 1,
        groups: int = 1,
        downsample: nn.Module | None = None,
        norm: Callable[..., nn.Module] = nn.BatchNorm2d,
        first: bool = False,
    ):
        super().__init__()
        steps = (stride, 1) if first else (1, stride)
        self.conv1 = nn.Conv2d(channels_in, inner, 1, steps[0], bias=False)
        self.bn1 = norm(inner)
        self.conv2: nn.Module = nn.Conv2d(inner, inner, 3, steps[1], padding=1, groups=groups, bias=False)
        self.bn2 = norm(inner)
        self.conv3 = nn.Conv2d(inner, channels_out, 1, bias=False)
        self.bn3 = norm(channels_out)
        self.relu = nn.ReLU(inplace=True)
        self.downsample = downsample

    def forward(self, x: Tensor) -> Tensor:
        """Features plus what the convolutions add to them.

        Parameters
        ----------
        x : (N, channels_in, H, W) Tensor
            Features.

        Returns
        -------
        (N, channels_out, H / stride, W / stride) Tensor
            Features; sizes are rounded up.
        """
        shortcut = x if self.downsample is None else self.downsample(x)
        x = self.relu(self.bn1(self.conv1(x)))
        x = self.relu(self.bn2(self.conv2(x)))
        return self.relu(self.bn3(self.conv3(x)) + shortcut)


class ResNetEncoder(nn.Module):
    """ResNet of bottleneck blocks without its classifier.

    Parameters
    ----------
    in_channels : int
        Input channels.
    blocks : sequence of int
        Blocks of the four stages: (3, 4, 6, 3) for ResNet50, (3, 4, 23, 3) for ResNet101.
    width : int
        Channels of the first convolution.
    resnext : str
        Stages whose 3 x 3 convolutions have width / 2 paths, 32 at width 64: `none`; `bottom`, the
        first stage, of twice the channels (ResNeXt 32x4d); `all`, of four times the channels
        (32x8d).
    deformable : bool
        The 3 x 3 convolutions of the last stage are modulated deformable ones.
    norm : callable
        Layer of the normalisation.
    keras : bool
        Strides and pooling as the common Keras implementation has them: the stride in the first
        convolution of a block, and windows of the pooling that begin with the first cell.

    References
    ----------
    He et al. 2016, doi:10.1109/CVPR.2016.90; Xie et al. 2017, doi:10.1109/CVPR.2017.634
    """

    layer1: nn.Sequential
    layer2: nn.Sequential
    layer3: nn.Sequential
    layer4: nn.Sequential

    def __init__(
        self,
        in_channels: int,
        blocks: Sequence[int],
        width: int = 64,
        resnext: str = "none",
        deformable: bool = False,
        norm: Callable[..., nn.Module] = nn.BatchNorm2d,
        keras: bool = False,
    ):
        super().__init__()
        self.width, self.channels = width, [width, *(4 * width * 2**stage for stage in range(4))]
        self.conv1 = nn.Conv2d(in_channels, width, 7, 2, padding=3, bias=False)
        self.bn1 = norm(width)
        self.relu = nn.ReLU(inplace=True)
        self.maxpool = nn.MaxPool2d(3, 2, padding=0 if keras else 1, ceil_mode=keras)
        inside = width
        for stage, count in enumerate(blocks):
            planes, stride, made = width * 2**stage, 1 if stage == 0 else 2, []
            wider = RESNEXT[resnext][stage]
            paths = width // 2 if wider > 1 else 1
            for k in range(count):
                step = stride if k == 0 else 1
                shortcut = None
                if k == 0:
                    shortcut = nn.Sequential(nn.Conv2d(inside, 4 * planes, 1, step, bias=False), norm(4 * planes))
                made.append(Bottleneck(inside, wider * planes, 4 * planes, step, paths, shortcut, norm, keras))
                inside = 4 * planes
            self.add_module(f"layer{stage + 1}", nn.Sequential(*made))
        for module in self.modules():
            if isinstance(module, nn.Conv2d):
                nn.init.kaiming_normal_(module.weight, mode="fan_out", nonlinearity="relu")
        if deformable:
            for block in cast(Iterable[Bottleneck], self.layer4):
                old = cast(nn.Conv2d, block.conv2)
                block.conv2 = ModulatedDeformConv(old.in_channels, old.out_channels, old.stride[0], old.groups)

    def forward(self, x: Tensor) -> list[Tensor]:
        """Features of five scales.

        Parameters
        ----------
        x : (N, in_channels, H, W) Tensor
            Normalised channels.

        Returns
        -------
        list of Tensor
            C1 ... C5, (N, width, H/2, W/2) to (N, 32 width, H/32, W/32), sizes rounded up.
        """
        x = self.relu(self.bn1(self.conv1(x)))
        features = [x]
        x = self.maxpool(x)
        for stage in (self.layer1, self.layer2, self.layer3, self.layer4):
            x = stage(x)
            features.append(x)
        return features


class VggEncoder(nn.Module):
    """The thirteen convolutions of VGG16 in five stages, without their poolings.

    `stages` are to be called with a 2 x 2 pooling between them; their channels are width, 2, 4, 8,
    8 x width.

    Parameters
    ----------
    in_channels : int
        Input channels.
    width : int
        Channels of the first stage.
    batch_norm : bool
        Batch normalisation between each convolution and its ReLU.

    References
    ----------
    Simonyan and Zisserman 2015, arXiv:1409.1556
    """

    def __init__(self, in_channels: int, width: int = 64, batch_norm: bool = True):
        super().__init__()
        self.width, self.channels = width, [width, 2 * width, 4 * width, 8 * width, 8 * width]
        self.stages, inside = nn.ModuleList(), in_channels
        for outside, count in zip(self.channels, (2, 2, 3, 3, 3), strict=True):
            layers: list[nn.Module] = []
            for _ in range(count):
                layers.append(nn.Conv2d(inside, outside, 3, padding=1))
                layers += [nn.BatchNorm2d(outside)] if batch_norm else []
                layers.append(nn.ReLU(inplace=True))
                inside = outside
            self.stages.append(nn.Sequential(*layers))
        he_initialise(self)


def he_initialise(module: nn.Module) -> None:
    """Initial weights of He et al. 2015 for all convolutions, zero biases, in place.

    Without batch normalisation nothing else trains.

    Parameters
    ----------
    module : nn.Module
        Whose convolutions are initialised.
    """
    for layer in module.modules():
        if isinstance(layer, nn.Conv2d):
            nn.init.kaiming_normal_(layer.weight, mode="fan_out", nonlinearity="relu")
            zero_bias(layer)

"""FCN-8s on VGG16 (Shelhamer et al. 2017, doi:10.1109/TPAMI.2016.2572683), baseline of P3 (E13)."""

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from sarslide.models.blocks import crop_to
from sarslide.models.encoders import VggEncoder, he_initialise
from sarslide.models.pretrained import VGG16, Read, load_vgg16


class Fcn8s(nn.Module):
    """FCN-8s, logits out.

    VGG16, its two large layers as convolutions, scores of three strides added and enlarged 8 times.
    P3 gives no size; at width 64 and 3 channels it has 134.27 M parameters. The first large layer
    is padded by 3 instead of the image by 100, which leaves its size.

    Parameters
    ----------
    in_channels : int
        Input channels, any number.
    width : int
        Channels of the first stage; the large layers have 64 x width.
    dropout : float
        After the large layers (the original's 0.5).
    """

    stride = 32
    pretrained = ("imagenet", "coco")

    def __init__(self, in_channels: int, width: int = 64, dropout: float = 0.5):
        super().__init__()
        self.encoder = VggEncoder(in_channels, width, batch_norm=False)
        self.large = nn.Sequential(
            nn.Conv2d(8 * width, 64 * width, 7, padding=3),
            nn.ReLU(inplace=True),
            nn.Dropout2d(dropout),
            nn.Conv2d(64 * width, 64 * width, 1),
            nn.ReLU(inplace=True),
            nn.Dropout2d(dropout),
        )
        he_initialise(self.large)
        self.scores = nn.ModuleList(nn.Conv2d(channels, 1, 1) for channels in (64 * width, 8 * width, 4 * width))
        self.up = nn.ModuleList([enlarge(2), enlarge(2), enlarge(8)])

    def forward(self, x: Tensor) -> Tensor:
        """Logits of a batch.

        Parameters
        ----------
        x : (N, in_channels, H, W) Tensor
            Normalised channels; H, W >= 32, best multiples of `stride`.

        Returns
        -------
        (N, 1, H, W) Tensor
            Logits.
        """
        image, features = x, []
        for stage in self.encoder.stages:
            x = F.max_pool2d(stage(x), 2, ceil_mode=True)
            features.append(x)
        score = self.scores[0](self.large(x))
        for up, scorer, skip in zip(self.up[:2], self.scores[1:], (features[3], features[2]), strict=True):
            score = crop_to(up(score), skip) + scorer(skip)
        return crop_to(self.up[2](score), image)

    def load_pretrained(self, source: str) -> list[Read]:
        """Weights for the encoder, from ImageNet for the large layers, too (`models.pretrained`).

        Parameters
        ----------
        source : str
            `imagenet`, or `coco`, of a detector.

        Returns
        -------
        list of Read
            What was loaded.
        """
        return [load_vgg16(self.encoder, self.large, VGG16[source])]


def enlarge(factor: int) -> nn.ConvTranspose2d:
    """Transposed convolution of one channel that starts as bilinear interpolation.

    Parameters
    ----------
    factor : int
        By which the size grows.

    Returns
    -------
    nn.ConvTranspose2d
        The layer.
    """
    layer = nn.ConvTranspose2d(1, 1, 2 * factor, factor, padding=factor // 2, bias=False)
    profile = 1 - ((torch.arange(2 * factor) + 0.5) / factor - 1).abs()
    with torch.no_grad():
        layer.weight.copy_(torch.outer(profile, profile))
    return layer

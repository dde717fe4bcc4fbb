"""SegNet on VGG16, the second baseline of P0 (E06).

Badrinarayanan et al. 2017, doi:10.1109/TPAMI.2016.2644615
"""

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from sarslide.models.blocks import conv_bn_relu
from sarslide.models.encoders import VggEncoder
from sarslide.models.pretrained import Read, load_vgg16


class SegNet(nn.Module):
    """SegNet, logits out.

    VGG16 with batch normalisation, its mirror image as decoder, no skips but the places of the
    maxima. At width 64 and 3 channels: 29,443,585 parameters, 112.32 MiB, 40.13 G multiply-adds at
    256 x 256 (P0 Table 4: 29.45 M, 112.32 MB, 40.10 G).

    Parameters
    ----------
    in_channels : int
        Input channels, any number.
    width : int
        Channels of the first stage.
    """

    stride = 32
    pretrained = ("imagenet",)

    def __init__(self, in_channels: int, width: int = 64):
        super().__init__()
        self.encoder = VggEncoder(in_channels, width)
        w = width
        self.decoder = nn.ModuleList(
            [
                nn.Sequential(*(conv_bn_relu(8 * w, 8 * w) for _ in range(3))),
                nn.Sequential(*(conv_bn_relu(8 * w, 8 * w) for _ in range(2)), conv_bn_relu(8 * w, 4 * w)),
                nn.Sequential(*(conv_bn_relu(4 * w, 4 * w) for _ in range(2)), conv_bn_relu(4 * w, 2 * w)),
                nn.Sequential(conv_bn_relu(2 * w, 2 * w), conv_bn_relu(2 * w, w)),
                nn.Sequential(conv_bn_relu(w, w), nn.Conv2d(w, 1, 3, padding=1)),
            ]
        )

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
        places = []
        for stage in self.encoder.stages:
            x = stage(x)
            shape = x.shape
            x, place = F.max_pool2d(x, 2, ceil_mode=True, return_indices=True)
            places.append((place, shape))
        for stage in self.decoder:
            x = stage(unpool(x, *places.pop()))
        return x

    def load_pretrained(self, source: str) -> list[Read]:
        """Weights for the encoder, in place (`models.pretrained`).

        Parameters
        ----------
        source : str
            `imagenet`.

        Returns
        -------
        list of Read
            What was loaded.
        """
        return [load_vgg16(self.encoder, name="VGG16_BN_Weights")]


def unpool(x: Tensor, place: Tensor, shape: torch.Size) -> Tensor:
    """Pooled values back at their places, as max_unpool2d, which has no repeatable kernel.

    Parameters
    ----------
    x : (N, C, h, w) Tensor
        Pooled values.
    place : (N, C, h, w) Tensor of int64
        Where each was in the flattened map.
    shape : torch.Size
        (N, C, H, W) of the map before pooling.

    Returns
    -------
    (N, C, H, W) Tensor
        The values at their places, zero elsewhere.
    """
    flat = x.new_zeros(*shape[:2], shape[2] * shape[3])
    return flat.scatter(2, place.flatten(2), x.flatten(2)).view(shape)

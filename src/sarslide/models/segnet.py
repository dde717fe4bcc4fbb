"""SegNet on VGG16 (Badrinarayanan et al. 2017, doi:10.1109/TPAMI.2016.2644615), the second baseline of P0 (E06)."""

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from sarslide.models.blocks import conv_bn_relu
from sarslide.models.encoders import VggEncoder
from sarslide.models.pretrained import load_vgg16


class SegNet(nn.Module):
    """SegNet, logits out: VGG16 with batch normalisation, its mirror image as decoder, no skips but the places of the maxima.

    At width 64 and 3 channels: 29,443,585 parameters, 112.32 MiB, 40.13 G multiply-adds at 256 x 256 (P0 Table 4: 29.45 M,
    112.32 MB, 40.10 G). in_channels: any number. width: channels of the first stage. Input (N, in_channels, H, W) of any
    H, W >= 32, best multiples of `stride`; output (N, 1, H, W).
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
        places = []
        for stage in self.encoder.stages:
            x = stage(x)
            shape = x.shape
            x, place = F.max_pool2d(x, 2, ceil_mode=True, return_indices=True)
            places.append((place, shape))
        for stage in self.decoder:
            x = stage(unpool(x, *places.pop()))
        return x

    def load_pretrained(self, source: str) -> None:
        """The encoder's weights of `source` (`imagenet`); see `models.pretrained`."""
        load_vgg16(self.encoder)


def unpool(x: Tensor, place: Tensor, shape: torch.Size) -> Tensor:
    """Zeros of `shape` (N, C, H, W) with the pooled x at its `place`, as max_unpool2d, which has no repeatable kernel."""
    flat = x.new_zeros(*shape[:2], shape[2] * shape[3])
    return flat.scatter(2, place.flatten(2), x.flatten(2)).view(shape)

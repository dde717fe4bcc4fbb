"""U-Net, the baseline of P0 (E05) and P3.

Ronneberger et al. 2015, doi:10.1007/978-3-319-24574-4_28
"""

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from sarslide.models.blocks import conv_bn_relu, crop_to


def double_conv(channels_in: int, channels_out: int) -> nn.Sequential:
    """Two 3 x 3 convolutions, each with batch normalisation and ReLU; the size stays.

    Parameters
    ----------
    channels_in, channels_out : int
        Channels.

    Returns
    -------
    nn.Sequential
        The layers.
    """
    return nn.Sequential(conv_bn_relu(channels_in, channels_out), conv_bn_relu(channels_out, channels_out))


class Unet(nn.Module):
    """The standard U-Net with padded convolutions and batch normalisation, logits out.

    At width 64 and 3 channels: 31,043,521 parameters, the 31.03 M of P0 Table 4.

    Parameters
    ----------
    in_channels : int
        Input channels, any number.
    width : int
        Channels of the first level.
    """

    stride = 16

    def __init__(self, in_channels: int, width: int = 64):
        super().__init__()
        channels = [width * 2**level for level in range(5)]
        self.encoder = nn.ModuleList(
            double_conv(a, b) for a, b in zip([in_channels, *channels[:-1]], channels, strict=True)
        )
        steps = list(zip(channels[:0:-1], channels[-2::-1], strict=True))
        self.up = nn.ModuleList(nn.ConvTranspose2d(a, b, 2, 2) for a, b in steps)
        self.decoder = nn.ModuleList(double_conv(a, b) for a, b in steps)
        self.last = nn.Conv2d(width, 1, 1)

    def forward(self, x: Tensor) -> Tensor:
        """Logits of a batch.

        Parameters
        ----------
        x : (N, in_channels, H, W) Tensor
            Normalised channels; H, W >= 16, best multiples of `stride`.

        Returns
        -------
        (N, 1, H, W) Tensor
            Logits.
        """
        features = []
        for level, block in enumerate(self.encoder):
            x = block(F.max_pool2d(x, 2, ceil_mode=True) if level else x)
            features.append(x)
        features.pop()
        for up, block in zip(self.up, self.decoder, strict=True):
            skip = features.pop()
            x = block(torch.cat([skip, crop_to(up(x), skip)], dim=1))
        return self.last(x)

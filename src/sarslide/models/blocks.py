"""Building blocks that the networks share: convolution units, soft thresholding, RSBU and TCB of P0."""

import torch
from torch import Tensor, nn
from torch.nn import functional as F


def conv_bn_relu(channels_in: int, channels_out: int) -> nn.Sequential:
    """3 x 3 convolution, batch normalisation, ReLU; the size stays."""
    return nn.Sequential(
        nn.Conv2d(channels_in, channels_out, 3, padding=1), nn.BatchNorm2d(channels_out), nn.ReLU(inplace=True)
    )


def crop_to(larger: Tensor, smaller: Tensor) -> Tensor:
    """The top left part of `larger` (N, C, H, W) with the rows and columns of `smaller` ("crop and concatenate", P0 4.2)."""
    return larger[..., : smaller.shape[-2], : smaller.shape[-1]]


def soft_threshold(x: Tensor, tau: Tensor) -> Tensor:
    """x pulled towards zero by tau >= 0, and zero where abs(x) <= tau (P0 eq. 2, E02).

    Its derivative with respect to x is 1 outside the threshold and 0 inside (P0 eq. 3).
    """
    return torch.sign(x) * F.relu(torch.abs(x) - tau)


class Rsbu(nn.Module):
    """Residual shrinkage building unit (P0 section 4.2, Fig. 7c, E02).

    The residual branch is two 3 x 3 convolutions. The mean of its absolute values in each channel, GAP|x|, goes through two
    fully connected layers (channels -> channels/2 -> channels, batch normalisation and ReLU between) and a sigmoid to alpha in
    (0, 1); the branch is soft-thresholded by tau = alpha GAP|x| and added to the shortcut. Where the unit halves the size or
    widens the channels the shortcut is averaged 2 x 2 and padded with zero channels: no weights.
    """

    def __init__(self, channels_in: int, channels_out: int, stride: int = 1):
        super().__init__()
        self.stride, self.new_channels = stride, channels_out - channels_in
        self.residual = nn.Sequential(
            nn.Conv2d(channels_in, channels_out, 3, stride, padding=1),
            nn.BatchNorm2d(channels_out),
            nn.ReLU(inplace=True),
            nn.Conv2d(channels_out, channels_out, 3, padding=1),
            nn.BatchNorm2d(channels_out),
        )
        self.alpha = nn.Sequential(
            nn.Linear(channels_out, channels_out // 2),
            nn.BatchNorm1d(channels_out // 2),
            nn.ReLU(inplace=True),
            nn.Linear(channels_out // 2, channels_out),
            nn.Sigmoid(),
        )

    def forward(self, x: Tensor) -> Tensor:
        residual = self.residual(x)
        mean_abs = residual.abs().mean(dim=(2, 3))
        tau = self.alpha(mean_abs) * mean_abs
        return soft_threshold(residual, tau[:, :, None, None]) + self.shortcut(x)

    def shortcut(self, x: Tensor) -> Tensor:
        if self.stride > 1:
            x = F.avg_pool2d(x, self.stride, ceil_mode=True)
        return F.pad(x, (0, 0, 0, 0, 0, self.new_channels)) if self.new_channels else x


class Tcb(nn.Module):
    """Transposed convolution block (P0 Fig. 7d, E03): twice the size, then joined with the encoder's features.

    Transposed convolution (kernel 3, stride 2), then a 3 x 3 convolution over its output and `channels_skip` encoder channels
    (none in the last block); batch normalisation and ReLU after each.
    """

    def __init__(self, channels_in: int, channels_skip: int, channels_out: int):
        super().__init__()
        self.up = nn.Sequential(
            nn.ConvTranspose2d(channels_in, channels_out, 3, 2, padding=1, output_padding=1),
            nn.BatchNorm2d(channels_out),
            nn.ReLU(inplace=True),
        )
        self.join = conv_bn_relu(channels_out + channels_skip, channels_out)

    def forward(self, x: Tensor, skip: Tensor | None = None) -> Tensor:
        x = self.up(x)
        if skip is not None:
            x = torch.cat([crop_to(x, skip), skip], dim=1)
        return self.join(x)

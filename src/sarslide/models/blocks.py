"""Building blocks that the networks share.

Convolution units, RSBU and TCB of P0, attention and deformable convolution of P2.
"""

import torch
from torch import Tensor, nn
from torch.nn import functional as F


def conv_bn_relu(channels_in: int, channels_out: int) -> nn.Sequential:
    """3 x 3 convolution, batch normalisation, ReLU; the size stays.

    Parameters
    ----------
    channels_in, channels_out : int
        Channels.

    Returns
    -------
    nn.Sequential
        The three layers.
    """
    return nn.Sequential(
        nn.Conv2d(channels_in, channels_out, 3, padding=1), nn.BatchNorm2d(channels_out), nn.ReLU(inplace=True)
    )


def crop_to(larger: Tensor, smaller: Tensor) -> Tensor:
    """Rows and columns of one map that another has ("crop and concatenate", P0 section 4.2).

    Parameters
    ----------
    larger : (N, C, H, W) Tensor
        Map to crop.
    smaller : (N, K, h, w) Tensor
        Map of the size that is wanted, h <= H, w <= W.

    Returns
    -------
    (N, C, h, w) Tensor
        The top left part of `larger`.
    """
    return larger[..., : smaller.shape[-2], : smaller.shape[-1]]


def soft_threshold(x: Tensor, tau: Tensor) -> Tensor:
    """Values pulled towards zero, and zero below a threshold (P0 eq. 2, E02).

    The derivative with respect to x is 1 outside the threshold and 0 inside (P0 eq. 3).

    Parameters
    ----------
    x : Tensor
        Values.
    tau : Tensor
        Threshold, >= 0, broadcast to `x`.

    Returns
    -------
    Tensor
        sign(x) max(abs(x) - tau, 0).
    """
    return torch.sign(x) * F.relu(torch.abs(x) - tau)


class Rsbu(nn.Module):
    """Residual shrinkage building unit (P0 section 4.2, Fig. 7c, E02).

    The residual branch is two 3 x 3 convolutions. The mean of its absolute values in each channel,
    GAP|x|, goes through two fully connected layers (channels -> channels/2 -> channels, batch
    normalisation and ReLU between) and a sigmoid to alpha in (0, 1); the branch is soft-thresholded
    by tau = alpha GAP|x| and added to the shortcut. Where the unit halves the size or widens the
    channels the shortcut is averaged 2 x 2 and padded with zero channels: no weights.

    Parameters
    ----------
    channels_in, channels_out : int
        Channels.
    stride : int
        Of the first convolution, 1 or 2.
    literal : bool
        The fully connected layers keep all channels, with batch normalisation after both, and the
        shortcut that changes shape is a 1 x 1 convolution with batch normalisation as in ResNet-18.

    References
    ----------
    ResNet-18: doi:10.1109/CVPR.2016.90
    """

    def __init__(self, channels_in: int, channels_out: int, stride: int = 1, literal: bool = False):
        super().__init__()
        self.stride, self.new_channels = stride, channels_out - channels_in
        self.residual = nn.Sequential(
            nn.Conv2d(channels_in, channels_out, 3, stride, padding=1),
            nn.BatchNorm2d(channels_out),
            nn.ReLU(inplace=True),
            nn.Conv2d(channels_out, channels_out, 3, padding=1),
            nn.BatchNorm2d(channels_out),
        )
        hidden = channels_out if literal else channels_out // 2
        self.alpha = nn.Sequential(
            nn.Linear(channels_out, hidden),
            nn.BatchNorm1d(hidden),
            nn.ReLU(inplace=True),
            nn.Linear(hidden, channels_out),
            *([nn.BatchNorm1d(channels_out)] if literal else []),
            nn.Sigmoid(),
        )
        self.project = None
        if literal and (stride > 1 or self.new_channels):
            self.project = nn.Sequential(nn.Conv2d(channels_in, channels_out, 1, stride), nn.BatchNorm2d(channels_out))

    def forward(self, x: Tensor) -> Tensor:
        """The unit's output.

        Parameters
        ----------
        x : (N, channels_in, H, W) Tensor
            Features.

        Returns
        -------
        (N, channels_out, H / stride, W / stride) Tensor
            Shrunk residual plus shortcut; sizes are rounded up.
        """
        residual = self.residual(x)
        mean_abs = residual.abs().mean(dim=(2, 3))
        tau = self.alpha(mean_abs) * mean_abs
        return soft_threshold(residual, tau[:, :, None, None]) + self.shortcut(x)

    def shortcut(self, x: Tensor) -> Tensor:
        """The input in the shape of the residual branch.

        Parameters
        ----------
        x : (N, channels_in, H, W) Tensor
            Features.

        Returns
        -------
        (N, channels_out, H / stride, W / stride) Tensor
            What the residual is added to.
        """
        if self.project is not None:
            return self.project(x)
        if self.stride > 1:
            x = F.avg_pool2d(x, self.stride, ceil_mode=True)
        return F.pad(x, (0, 0, 0, 0, 0, self.new_channels)) if self.new_channels else x


class Tcb(nn.Module):
    """Transposed convolution block (P0 Fig. 7d, E03): twice the size, then joined with the encoder.

    Transposed convolution (kernel 3, stride 2), then a 3 x 3 convolution over its output and the
    encoder's channels; batch normalisation and ReLU after each.

    Parameters
    ----------
    channels_in : int
        Channels from below.
    channels_skip : int
        Channels of the encoder's features; 0 in the last block.
    channels_out : int
        Channels of the output.
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
        """The block's output.

        Parameters
        ----------
        x : (N, channels_in, H, W) Tensor
            Features from below.
        skip : (N, channels_skip, h, w) Tensor or None
            Features of the encoder, at most twice the size of `x`.

        Returns
        -------
        (N, channels_out, h, w) Tensor
            Features of the size of `skip`, or of twice that of `x` without one.
        """
        x = self.up(x)
        if skip is not None:
            x = torch.cat([crop_to(x, skip), skip], dim=1)
        return self.join(x)


def zero_bias(layer: nn.Conv2d) -> None:
    """Set the bias of a convolution, if it has one, to zero, in place.

    Parameters
    ----------
    layer : nn.Conv2d
        The convolution.
    """
    if layer.bias is not None:
        nn.init.zeros_(layer.bias)


def double_conv_relu(channels_in: int, channels_out: int) -> nn.Sequential:
    """Two 3 x 3 convolutions, each with ReLU (P4 Table 4); the size stays.

    Parameters
    ----------
    channels_in, channels_out : int
        Channels.

    Returns
    -------
    nn.Sequential
        The four layers.
    """
    first = nn.Conv2d(channels_in, channels_out, 3, padding=1)
    second = nn.Conv2d(channels_out, channels_out, 3, padding=1)
    # Without batch normalisation the default initial weights fade out.
    for layer in (first, second):
        nn.init.kaiming_normal_(layer.weight, nonlinearity="relu")
        zero_bias(layer)
    return nn.Sequential(first, nn.ReLU(inplace=True), second, nn.ReLU(inplace=True))


class BilinearUp(nn.Module):
    """Decoder stage of P4 (Table 4): bilinear enlarging, joining, two convolutions.

    Parameters
    ----------
    channels_in : int
        Channels from below.
    channels_skip : int
        Channels of the encoder's features.
    channels_out : int
        Channels of the output.
    """

    def __init__(self, channels_in: int, channels_skip: int, channels_out: int):
        super().__init__()
        self.convolutions = double_conv_relu(channels_in + channels_skip, channels_out)

    def forward(self, x: Tensor, skip: Tensor) -> Tensor:
        """The stage's output.

        Parameters
        ----------
        x : (N, channels_in, h, w) Tensor
            Features from below.
        skip : (N, channels_skip, H, W) Tensor
            Features of the encoder.

        Returns
        -------
        (N, channels_out, H, W) Tensor
            Features of the size of `skip`.
        """
        x = F.interpolate(x, size=skip.shape[-2:], mode="bilinear", align_corners=True)
        return self.convolutions(torch.cat([skip, x], dim=1))


def two_class_logit(scores: Tensor) -> Tensor:
    """Logit of the second of two classes: its sigmoid is the softmax of their scores.

    Parameters
    ----------
    scores : (N, 2, H, W) Tensor
        Scores of both classes.

    Returns
    -------
    (N, 1, H, W) Tensor
        Second score less the first.
    """
    return scores[:, 1:] - scores[:, :1]


class Cbam(nn.Module):
    """Convolutional block attention module (P2 Fig. 7, P3 Fig. 7).

    The input is multiplied by a weight per channel, sigmoid(MLP(mean) + MLP(max)) over the cells,
    then by a weight per cell, sigmoid of a 7 x 7 convolution over the mean and the maximum of its
    channels.

    Parameters
    ----------
    channels : int
        Channels of the input.
    reduction : int
        channels / reduction, at least one, are hidden in the MLP.

    References
    ----------
    Woo et al. 2018, doi:10.1007/978-3-030-01234-2_1
    """

    def __init__(self, channels: int, reduction: int = 16):
        super().__init__()
        hidden = max(channels // reduction, 1)
        self.mlp = nn.Sequential(nn.Linear(channels, hidden), nn.ReLU(inplace=True), nn.Linear(hidden, channels))
        self.spatial = nn.Conv2d(2, 1, 7, padding=3, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        """The weighted features.

        Parameters
        ----------
        x : (N, C, H, W) Tensor
            Features.

        Returns
        -------
        (N, C, H, W) Tensor
            Features times both weights.
        """
        x = x * self.channel_weight(x)[:, :, None, None]
        return x * self.cell_weight(x)

    def channel_weight(self, x: Tensor) -> Tensor:
        """Weight of each channel.

        Parameters
        ----------
        x : (N, C, H, W) Tensor
            Features.

        Returns
        -------
        (N, C) Tensor
            Weights in (0, 1).
        """
        return torch.sigmoid(self.mlp(x.mean(dim=(2, 3))) + self.mlp(x.amax(dim=(2, 3))))

    def cell_weight(self, x: Tensor) -> Tensor:
        """Weight of each cell.

        Parameters
        ----------
        x : (N, C, H, W) Tensor
            Features.

        Returns
        -------
        (N, 1, H, W) Tensor
            Weights in (0, 1).
        """
        return torch.sigmoid(self.spatial(torch.cat([x.mean(1, keepdim=True), x.amax(1, keepdim=True)], dim=1)))


class SelfAttention(nn.Module):
    """Self-attention over all cells (P2 section 3.2.2, Fig. 8).

    Two 1 x 1 convolutions compress the channels to an eighth; the softmax of their product over all
    pairs of cells weighs a third 1 x 1 convolution of the input; that is added to the input with a
    learnt weight, which starts at 0.

    Parameters
    ----------
    channels : int
        Channels of the input.

    References
    ----------
    Wang et al. 2018, doi:10.1109/CVPR.2018.00813
    """

    def __init__(self, channels: int):
        super().__init__()
        hidden = max(channels // 8, 1)
        self.query, self.key = nn.Conv2d(channels, hidden, 1), nn.Conv2d(channels, hidden, 1)
        self.value = nn.Conv2d(channels, channels, 1)
        self.weight = nn.Parameter(torch.zeros(1))

    def forward(self, x: Tensor) -> Tensor:
        """The features with what other cells add to them.

        Parameters
        ----------
        x : (N, C, H, W) Tensor
            Features.

        Returns
        -------
        (N, C, H, W) Tensor
            Attended features.
        """
        query, key, value = (f(x).flatten(2).transpose(1, 2) for f in (self.query, self.key, self.value))
        # Zeros appended to query and key leave their product; with equal widths torch never holds
        # the cells x cells matrix.
        missing = value.shape[-1] - query.shape[-1]
        query, key = F.pad(query, (0, missing)), F.pad(key, (0, missing))
        attended = F.scaled_dot_product_attention(query[:, None], key[:, None], value[:, None], scale=1.0)[:, 0]
        return x + self.weight * attended.transpose(1, 2).reshape(x.shape)


class ModulatedDeformConv(nn.Module):
    """Modulated deformable 3 x 3 convolution (P2 eq. 3 with modulation), without bias.

    A plain convolution gives, for each cell and each of the nine kernel positions, a shift (rows,
    columns) and a weight in (0, 1); the input is sampled bilinearly at the shifted positions. It
    starts without shift and with weights of 1/2. `weight` has the name and the shape of a plain
    convolution's, so that pretrained ones load.

    Parameters
    ----------
    channels_in, channels_out : int
        Channels.
    stride : int
        Of the convolution.
    groups : int
        Parts of the channels that are convolved apart.

    References
    ----------
    Zhu et al. 2019, doi:10.1109/CVPR.2019.00953
    """

    def __init__(self, channels_in: int, channels_out: int, stride: int = 1, groups: int = 1):
        super().__init__()
        self.in_channels, self.out_channels, self.kernel_size = channels_in, channels_out, (3, 3)
        self.stride, self.groups = stride, groups
        self.weight = nn.Parameter(torch.empty(channels_out, channels_in // groups, 3, 3))
        nn.init.kaiming_normal_(self.weight, mode="fan_out", nonlinearity="relu")
        self.offset = nn.Conv2d(channels_in, 27, 3, stride, padding=1)
        nn.init.zeros_(self.offset.weight)
        zero_bias(self.offset)

    def forward(self, x: Tensor) -> Tensor:
        """The convolved features.

        Parameters
        ----------
        x : (N, channels_in, H, W) Tensor
            Features.

        Returns
        -------
        (N, channels_out, H / stride, W / stride) Tensor
            Features; sizes are rounded up.
        """
        from torchvision.ops import deform_conv2d

        shift, weight = self.offset(x).split((18, 9), dim=1)
        # Sampling is not done in bf16, in which the rest of the network may run.
        x, shift, weight = (each.to(self.weight.dtype) for each in (x, shift, weight))
        return deform_conv2d(x, shift, self.weight, None, self.stride, 1, mask=torch.sigmoid(weight))

"""FC-DenseNet56, the closest baseline of P3 (E13), and its dense block.

Jégou et al. 2017, doi:10.1109/CVPRW.2017.156
"""

import torch
from torch import Tensor, nn

from sarslide.models.blocks import crop_to

LEVELS, LAYERS = 5, 4


class DenseBlock(nn.Module):
    """Dense block (P3 eq. 3, Fig. 5).

    Each of `LAYERS` layers reads the input and the outputs of all layers before it and adds
    `growth` channels: batch normalisation, ReLU, 3 x 3 convolution, dropout.

    Parameters
    ----------
    channels_in : int
        Channels of the input.
    growth : int
        Channels that each layer adds.
    dropout : float
        Share of channels that a layer drops in training.
    bottleneck : bool
        A 1 x 1 convolution to 4 x growth channels, with batch normalisation and ReLU, comes before
        the 3 x 3 one.

    References
    ----------
    Huang et al. 2017, doi:10.1109/CVPR.2017.243
    """

    def __init__(self, channels_in: int, growth: int, dropout: float, bottleneck: bool = False):
        super().__init__()
        self.layers = nn.ModuleList()
        for k in range(LAYERS):
            inside = channels_in + k * growth
            squeeze = (
                [nn.BatchNorm2d(inside), nn.ReLU(inplace=True), nn.Conv2d(inside, 4 * growth, 1)] if bottleneck else []
            )
            inside = 4 * growth if bottleneck else inside
            self.layers.append(
                nn.Sequential(
                    *squeeze,
                    nn.BatchNorm2d(inside),
                    nn.ReLU(inplace=True),
                    nn.Conv2d(inside, growth, 3, padding=1),
                    nn.Dropout2d(dropout),
                )
            )

    def forward(self, x: Tensor) -> Tensor:
        """The new channels alone.

        Parameters
        ----------
        x : (N, channels_in, H, W) Tensor
            Features.

        Returns
        -------
        (N, LAYERS x growth, H, W) Tensor
            Output of all layers.
        """
        new: list[Tensor] = []
        for layer in self.layers:
            new.append(layer(torch.cat([x, *new], dim=1)))
        return torch.cat(new, dim=1)


def transition_down(channels: int, dropout: float) -> nn.Sequential:
    """Half the size (P3 Fig. 6).

    Parameters
    ----------
    channels : int
        Channels, which stay.
    dropout : float
        Share of channels dropped in training.

    Returns
    -------
    nn.Sequential
        Batch normalisation, ReLU, 1 x 1 convolution, dropout, 2 x 2 max-pooling.
    """
    return nn.Sequential(
        nn.BatchNorm2d(channels),
        nn.ReLU(inplace=True),
        nn.Conv2d(channels, channels, 1),
        nn.Dropout2d(dropout),
        nn.MaxPool2d(2, ceil_mode=True),
    )


class FcDenseNet(nn.Module):
    """FC-DenseNet56, logits out.

    Five levels of four layers, growth 12, transposed convolutions between the levels on the way up.
    1,374,865 parameters at width 48 and 3 channels; P3 prints none.

    Parameters
    ----------
    in_channels : int
        Input channels, any number.
    width : int
        Channels of the first convolution; the growth is a quarter of it.
    dropout : float
        P3's 0.2.
    """

    stride = 32

    def __init__(self, in_channels: int, width: int = 48, dropout: float = 0.2):
        super().__init__()
        growth = max(width // 4, 1)
        new = LAYERS * growth
        self.first = nn.Conv2d(in_channels, width, 3, padding=1)
        self.skips = [width + new * (level + 1) for level in range(LEVELS)]
        self.down = nn.ModuleList(DenseBlock(channels - new, growth, dropout) for channels in self.skips)
        self.transitions = nn.ModuleList(transition_down(channels, dropout) for channels in self.skips)
        self.centre = DenseBlock(self.skips[-1], growth, dropout)
        self.enlarge = nn.ModuleList(
            nn.ConvTranspose2d(new, new, 3, 2, padding=1, output_padding=1) for _ in range(LEVELS)
        )
        self.up = nn.ModuleList(DenseBlock(new + channels, growth, dropout) for channels in self.skips[::-1])
        self.last = nn.Conv2d(2 * new + self.skips[0], 1, 1)

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
        x, features = self.first(x), []
        for block, transition in zip(self.down, self.transitions, strict=True):
            x = torch.cat([x, block(x)], dim=1)
            features.append(x)
            x = transition(x)
        x = self.centre(x)
        for enlarge, block in zip(self.enlarge, self.up, strict=True):
            skip = features.pop()
            joined = torch.cat([skip, crop_to(enlarge(x), skip)], dim=1)
            x = block(joined)
        return self.last(torch.cat([joined, x], dim=1))

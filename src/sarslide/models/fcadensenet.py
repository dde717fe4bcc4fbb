"""FCADenseNet: a fully convolutional DenseNet with attention (P3 section 3.2, Figs. 4-7, E11)."""

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from sarslide.models.blocks import Cbam
from sarslide.models.fc_densenet import LAYERS, LEVELS, DenseBlock, transition_down


class FcaDenseNet(nn.Module):
    """FCADenseNet (P3), logits out.

    From P3: dense blocks with a 1 x 1 bottleneck; down by a 1 x 1 convolution and max-pooling; up
    by a 3 x 3 convolution and 2 x 2 enlarging; CBAM on the encoder's features before they are
    joined; residual connections; dropout 0.2. P3 prints neither depth nor growth nor size, nor
    where the residual connections are; ours: five levels of four layers with growth 12 as in
    FC-DenseNet56, bilinear enlarging, and attended features added to the features themselves.
    1,059,287 parameters at width 48 and 3 channels.

    Parameters
    ----------
    in_channels : int
        Input channels, any number.
    width : int
        Channels of the first convolution; the growth is a quarter of it.
    dropout : float
        Share of channels dropped in training.

    References
    ----------
    P3: doi:10.3390/rs16060992
    """

    stride = 32

    def __init__(self, in_channels: int, width: int = 48, dropout: float = 0.2):
        super().__init__()
        growth = max(width // 4, 1)
        new = LAYERS * growth
        self.first = nn.Conv2d(in_channels, width, 3, padding=1)
        skips = [width + new * (level + 1) for level in range(LEVELS)]
        self.down = nn.ModuleList(DenseBlock(channels - new, growth, dropout, bottleneck=True) for channels in skips)
        self.transitions = nn.ModuleList(transition_down(channels, dropout) for channels in skips)
        self.centre = DenseBlock(skips[-1], growth, dropout, bottleneck=True)
        self.enlarge = nn.ModuleList(nn.Conv2d(new, new, 3, padding=1) for _ in skips)
        self.attention = nn.ModuleList(Cbam(channels) for channels in skips[::-1])
        self.up = nn.ModuleList(
            DenseBlock(new + channels, growth, dropout, bottleneck=True) for channels in skips[::-1]
        )
        self.last = nn.Conv2d(2 * new + skips[0], 1, 1)

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
        for enlarge, attention, block in zip(self.enlarge, self.attention, self.up, strict=True):
            skip = features.pop()
            x = F.interpolate(enlarge(x), size=skip.shape[-2:], mode="bilinear", align_corners=False)
            joined = torch.cat([skip + attention(skip), x], dim=1)
            x = block(joined)
        return self.last(torch.cat([joined, x], dim=1))

"""VCNN: the VGG16 sibling of the generalized CNN, the baseline of P4 (section 3.2, Fig. 4, E15)."""

from torch import Tensor, nn
from torch.nn import functional as F

from sarslide.models.blocks import BilinearUp, two_class_logit
from sarslide.models.encoders import VggEncoder
from sarslide.models.pretrained import VGG16, Read, load_vgg16


class Vcnn(nn.Module):
    """VCNN of P4, logits out.

    VGG16's convolutions, then four stages of bilinear enlarging, joining and two 3 x 3 convolutions
    with ReLU, as in the generalized CNN; P4 does not print the decoder's channels, here 512, 256,
    128, 64. 24.89 M parameters at width 64 and 3 channels.

    Parameters
    ----------
    in_channels : int
        Input channels, any number.
    width : int
        Channels of the first stage.

    References
    ----------
    P4: doi:10.3390/rs16061090
    """

    stride = 16
    pretrained = ("imagenet", "coco")

    def __init__(self, in_channels: int, width: int = 64):
        super().__init__()
        self.encoder = VggEncoder(in_channels, width, batch_norm=False)
        skips, out = self.encoder.channels, [width, 2 * width, 4 * width, 8 * width]
        self.decoder = nn.ModuleList(
            BilinearUp(below, skip, channels)
            for below, skip, channels in zip([skips[4], *out[:0:-1]], skips[3::-1], out[::-1], strict=True)
        )
        self.last = nn.Conv2d(width, 2, 1)

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
        for level, stage in enumerate(self.encoder.stages):
            x = stage(F.max_pool2d(x, 2, ceil_mode=True) if level else x)
            features.append(x)
        x = features.pop()
        for block in self.decoder:
            x = block(x, features.pop())
        return two_class_logit(self.last(x))

    def load_pretrained(self, source: str) -> list[Read]:
        """Weights for the encoder, in place (`models.pretrained`).

        Parameters
        ----------
        source : str
            `imagenet`, or `coco`, of a detector.

        Returns
        -------
        list of Read
            What was loaded.
        """
        return [load_vgg16(self.encoder, name=VGG16[source])]

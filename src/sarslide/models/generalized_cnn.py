"""The generalized CNN of P4: a ResNet50 encoder and a bilinear decoder (E14).

P4 section 2.3.2, Tables 3 and 4.
"""

from torch import Tensor, nn
from torch.nn import functional as F

from sarslide.models.blocks import BilinearUp, double_conv_relu, two_class_logit
from sarslide.models.encoders import ResNetEncoder
from sarslide.models.pretrained import COCO, Read, load_resnet


class GeneralizedCnn(nn.Module):
    """The ResNet50-encoder CNN of P4, logits out.

    Encoder of Table 3. Decoder of Table 4: bilinear enlarging, joining, two 3 x 3 convolutions with
    ReLU; 512, 256, 128, 64 channels; at the end a 1 x 1 convolution to two classes, whose softmax
    is the sigmoid of the difference that comes out.

    Table 4 contradicts itself and Table 3: stage 4 has 64 x 64 twice where its inputs are 64 x 64
    and 128 x 128, and stage 5 gives 256 channels out of 64 at a size of 64 x 64. Here every stage
    doubles the size, as in the text, and

    - `literal=False` (registered as `generalized_cnn`) takes the last "256" for the image size: 64
      channels. 43.93 M parameters;
    - `literal=True` (`generalized_cnn_literal`) takes it for channels, as in the column's heading.
      44.60 M parameters and three times the multiply-adds.

    Parameters
    ----------
    in_channels : int
        Input channels, any number.
    width : int
        Channels of the first convolution.
    literal : bool
        The second reading.

    References
    ----------
    P4: doi:10.3390/rs16061090
    """

    stride = 32
    pretrained = ("imagenet", "coco")

    def __init__(self, in_channels: int, width: int = 64, literal: bool = False):
        super().__init__()
        self.encoder = ResNetEncoder(in_channels, (3, 4, 6, 3), width)
        skips, out = self.encoder.channels, [width, 2 * width, 4 * width, 8 * width]
        self.decoder = nn.ModuleList(
            BilinearUp(below, skip, channels)
            for below, skip, channels in zip([skips[4], *out[:0:-1]], skips[3::-1], out[::-1], strict=True)
        )
        final = 4 * width if literal else width
        self.last_stage = double_conv_relu(width, final)
        self.last = nn.Conv2d(final, 2, 1)

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
        size = x.shape[-2:]
        features = self.encoder(x)
        x = features.pop()
        for block in self.decoder:
            x = block(x, features.pop())
        x = F.interpolate(x, size=size, mode="bilinear", align_corners=True)
        return two_class_logit(self.last(self.last_stage(x)))

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
        return [load_resnet(self.encoder, COCO if source == "coco" else "ResNet50_Weights.IMAGENET1K_V1")]

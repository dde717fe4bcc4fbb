"""DRs-UNet: a U-Net whose encoder is a deep residual shrinkage network (P0 section 4.2, Fig. 7, E01-E04)."""

from torch import Tensor, nn

from sarslide.models.blocks import Rsbu, Tcb, conv_bn_relu, crop_to


class DrsUnet(nn.Module):
    """DRs-UNet, logits out.

    P0 leaves details open, and read literally (1 x 1 shortcuts, full-width fully connected layers, kernel 7) it has 15.70 M
    parameters instead of the 17.19 M printed. At width 64 and 3 channels this reading meets the published size: 17,196,353
    parameters, 65.60 MiB, 19.17 G multiply-adds at 256 x 256 (P0 Table 4). It is one of several readings that do. It has: an
    initial block of a 2 x 2 convolution with stride 1, max-pooling, batch normalisation and ReLU; eight RSBU in four stages,
    width, 2, 4, 8 x width; a 3 x 3 convolution at the centre; four TCB, the first three joined with the encoder stages of
    their size; a last 3 x 3 and a 1 x 1 convolution.

    in_channels: any number. width: channels of the first stage. Input (N, in_channels, H, W) of any H, W >= 16, best multiples
    of `stride`; output (N, 1, H, W).

    The thresholds come from means over the whole input (GAP): use the tile size of the training for inference.
    """

    stride = 16

    def __init__(self, in_channels: int, width: int = 64):
        super().__init__()
        w = width
        self.initial = nn.Sequential(
            nn.ZeroPad2d((0, 1, 0, 1)),  # an even kernel keeps the size with one more row and column
            nn.Conv2d(in_channels, w, 2),
            nn.MaxPool2d(2, ceil_mode=True),
            nn.BatchNorm2d(w),
            nn.ReLU(inplace=True),
        )
        self.stages = nn.ModuleList(
            [
                nn.Sequential(Rsbu(w, w), Rsbu(w, w)),
                nn.Sequential(Rsbu(w, 2 * w, stride=2), Rsbu(2 * w, 2 * w)),
                nn.Sequential(Rsbu(2 * w, 4 * w, stride=2), Rsbu(4 * w, 4 * w)),
                nn.Sequential(Rsbu(4 * w, 8 * w, stride=2), Rsbu(8 * w, 8 * w)),
            ]
        )
        self.centre = conv_bn_relu(8 * w, 8 * w)
        self.decoder = nn.ModuleList(
            [Tcb(8 * w, 4 * w, 4 * w), Tcb(4 * w, 2 * w, 2 * w), Tcb(2 * w, w, w), Tcb(w, 0, w // 2)]
        )
        self.last = nn.Sequential(conv_bn_relu(w // 2, w // 2), nn.Conv2d(w // 2, 1, 1))

    def forward(self, x: Tensor) -> Tensor:
        features, image = [], x
        x = self.initial(x)
        for stage in self.stages:
            x = stage(x)
            features.append(x)
        x = self.centre(features.pop())
        for block in self.decoder:
            x = block(x, features.pop() if features else None)
        return self.last(crop_to(x, image))

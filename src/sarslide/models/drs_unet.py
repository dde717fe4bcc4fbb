"""DRs-UNet: a U-Net with a deep residual shrinkage encoder (P0 section 4.2, Fig. 7, E01-E04)."""

from torch import Tensor, nn

from sarslide.models.blocks import Rsbu, Tcb, conv_bn_relu, crop_to


class DrsUnet(nn.Module):
    """DRs-UNet (P0), logits out.

    P0 leaves details open. Both readings have an initial block of a 2 x 2 convolution with stride
    1, max-pooling, batch normalisation and ReLU; eight RSBU in four stages, width, 2, 4, 8 x width;
    four TCB, the first three joined with the encoder stages of their size; a 1 x 1 convolution at
    the end. They differ in what the text does not fix:

    - `literal=False` (registered as `drs_unet`) meets the published size at width 64 and 3
      channels: 17,196,353 parameters, 65.60 MiB, 19.15 G multiply-adds at 256 x 256 (P0 Table 4:
      17.19 M, 65.60 MB, 19.12 G). Fully connected layers C -> C/2 -> C, shortcuts without weights,
      a 3 x 3 convolution at the centre, another before the last. It is one of several readings that
      do.
    - `literal=True` (`drs_unet_literal`) adds nothing to the text: fully connected layers C -> C ->
      C, the 1 x 1 shortcuts of ResNet-18, no other convolutions. 15,703,969 parameters, 9 % fewer
      than printed.

    The thresholds come from means over the whole input (GAP): use the tile size of the training for
    inference.

    Parameters
    ----------
    in_channels : int
        Input channels, any number.
    width : int
        Channels of the first stage.
    literal : bool
        The second reading.

    References
    ----------
    P0: doi:10.3390/rs14081848. Shrinkage: Zhao et al. 2020, doi:10.1109/TII.2019.2943898
    """

    stride = 16

    def __init__(self, in_channels: int, width: int = 64, literal: bool = False):
        super().__init__()
        w = width
        self.initial = nn.Sequential(
            # An even kernel keeps the size with one more row and column.
            nn.ZeroPad2d((0, 1, 0, 1)),
            nn.Conv2d(in_channels, w, 2),
            nn.MaxPool2d(2, ceil_mode=True),
            nn.BatchNorm2d(w),
            nn.ReLU(inplace=True),
        )
        self.stages = nn.ModuleList(
            [
                nn.Sequential(Rsbu(w, w, 1, literal), Rsbu(w, w, 1, literal)),
                nn.Sequential(Rsbu(w, 2 * w, 2, literal), Rsbu(2 * w, 2 * w, 1, literal)),
                nn.Sequential(Rsbu(2 * w, 4 * w, 2, literal), Rsbu(4 * w, 4 * w, 1, literal)),
                nn.Sequential(Rsbu(4 * w, 8 * w, 2, literal), Rsbu(8 * w, 8 * w, 1, literal)),
            ]
        )
        self.centre = nn.Identity() if literal else conv_bn_relu(8 * w, 8 * w)
        self.decoder = nn.ModuleList(
            [Tcb(8 * w, 4 * w, 4 * w), Tcb(4 * w, 2 * w, 2 * w), Tcb(2 * w, w, w), Tcb(w, 0, w // 2)]
        )
        before_last = nn.Identity() if literal else conv_bn_relu(w // 2, w // 2)
        self.last = nn.Sequential(before_last, nn.Conv2d(w // 2, 1, 1))

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
        features, image = [], x
        x = self.initial(x)
        for stage in self.stages:
            x = stage(x)
            features.append(x)
        x = self.centre(features.pop())
        for block in self.decoder:
            x = block(x, features.pop() if features else None)
        return self.last(crop_to(x, image))

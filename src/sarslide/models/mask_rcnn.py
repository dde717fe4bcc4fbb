"""Mask R-CNN and the four steps of Mask R-CNN+++, on torchvision's building blocks (E08-E09).

P2 section 3.2.2, Figs. 4-8.

These are instance networks (`registry.kind`): beside the map that every network gives they find
single objects. `network(x)` in evaluation: logits (N, 1, H, W), so that `segment.infer` needs to
know nothing of instances. `network.instances(x)`: boxes, scores and masks of each image.
`network(x, targets)` in training: the losses, with targets of
`training.targets.instance_targets`.
"""

from collections import OrderedDict
from math import ceil

import torch
from torch import Tensor, nn
from torch.nn.functional import grid_sample
from torchvision.models.detection import MaskRCNN
from torchvision.models.detection.anchor_utils import AnchorGenerator
from torchvision.models.detection.faster_rcnn import FastRCNNPredictor, TwoMLPHead
from torchvision.models.detection.mask_rcnn import MaskRCNNHeads, MaskRCNNPredictor
from torchvision.models.detection.rpn import RPNHead
from torchvision.models.detection.transform import GeneralizedRCNNTransform
from torchvision.ops import Conv2dNormActivation, FrozenBatchNorm2d
from torchvision.ops.feature_pyramid_network import FeaturePyramidNetwork, LastLevelMaxPool

from sarslide.errors import TrainingError, WeightsError
from sarslide.models import matterport
from sarslide.models.blocks import Cbam, SelfAttention
from sarslide.models.encoders import ResNetEncoder
from sarslide.models.pretrained import OFFSETS, Read, check_width, load_coco, load_resnet

BLOCKS = {50: (3, 4, 6, 3), 101: (3, 4, 23, 3)}
ATTENTION = {"cbam": Cbam, "self": SelfAttention}
ANCHOR_CELLS = (8, 16, 32, 64, 128)
ASPECTS = (0.5, 1.0, 2.0)
# Predictors of the classes of COCO.
PREDICTORS = r"roi_heads\.(box_predictor|mask_predictor\.mask_fcn_logits)\."


class MaskRcnn(nn.Module):
    """Mask R-CNN with the options of P2.

    ResNet body, feature pyramid P2-P6, region proposals, aligned regions of 7 x 7 for boxes and 14
    x 14 for masks. Two classes, background and landslide. P2's ablation, one name each in the
    registry:

    - `mask_rcnn`: ResNet101 + FPN.
    - `mask_rcnn_resnext`: `resnext`, blocks of 32 paths in the bottom stage, as P2 says: "replacing
      only the bottom layer", "without increasing parameter complexity" (section 4.1, and that of
      the ResNeXt block). Fig. 5 has 256 channels in and out, as the first stage, C2, has, and 32
      paths; of its 4 channels a path the text says nothing (ResNeXt's own, 32x4d, keep the number
      of parameters). `mask_rcnn_resnext_all` is the other reading: every block, as 32x8d.
    - `mask_rcnn_resnext_dcb`: also `deformable`, modulated deformable convolutions in the top
      stage.
    - `mask_rcnn_resnext_dcb_cbam`, `mask_rcnn_resnext_dcb_sa`: also attention on P2-P5 of the
      pyramid, CBAM or self-attention. The last is Mask R-CNN+++.

    P2 prints no sizes. Ours: anchors of 8 to 128 cells on P2 to P6, as landslides at 25 or 30 m are
    small, and no resizing of the input.

    Parameters
    ----------
    in_channels : int
        Input channels, any number, normalised by the caller.
    width : int
        Channels of the first convolution, even; the pyramid has 4 x width, the box head 16 x width.
    depth : int
        101 (P2), or 50, for which torchvision has COCO weights.
    resnext : str
        Stages with blocks of width / 2 paths: `none`, `bottom`, `all`.
    deformable : bool
        Deformable convolutions in the last stage of the body.
    attention : str
        `none`, or one of `ATTENTION`.
    frozen_norm : bool
        Batch normalisation keeps its statistics and factors, right for pretrained weights and
        batches of one or two.
    keras : bool
        Strides, pooling and proposals (of 8 x width channels) as the Keras implementation that P2
        started from has them, for its COCO weights (`models.matterport`).

    References
    ----------
    P2: doi:10.3390/rs14143362. He et al. 2017, doi:10.1109/ICCV.2017.322; Lin et al. 2017,
    doi:10.1109/CVPR.2017.106
    """

    stride = 32
    pretrained = ("imagenet", "coco", "matterport")

    def __init__(
        self,
        in_channels: int,
        width: int = 64,
        depth: int = 101,
        resnext: str = "none",
        deformable: bool = False,
        attention: str = "none",
        frozen_norm: bool = False,
        keras: bool = False,
    ):
        super().__init__()
        norm = FrozenBatchNorm2d if frozen_norm else nn.BatchNorm2d
        body = ResNetEncoder(in_channels, BLOCKS[depth], width, resnext, deformable, norm, keras)
        self.in_channels, self.depth, self.resnext, self.keras = in_channels, depth, resnext, keras
        pyramid, large = 4 * width, 16 * width
        self.rcnn = MaskRCNN(
            Pyramid(body, pyramid, attention),
            rpn_anchor_generator=AnchorGenerator(
                tuple((size,) for size in ANCHOR_CELLS), (ASPECTS,) * len(ANCHOR_CELLS)
            ),
            rpn_head=Proposals(pyramid, 2 * pyramid if keras else pyramid),
            box_head=TwoMLPHead(pyramid * 7**2, large),
            box_predictor=FastRCNNPredictor(large, 2),
            mask_head=MaskRCNNHeads(pyramid, (pyramid,) * 4, 1),
            mask_predictor=MaskRCNNPredictor(pyramid, pyramid, 2),
        )
        self.rcnn.transform = AsIs()

    def forward(self, x: Tensor, targets: list[dict[str, Tensor]] | None = None) -> Tensor | dict[str, Tensor]:
        """In evaluation the map, in training the losses.

        Parameters
        ----------
        x : (N, in_channels, H, W) Tensor
            Normalised channels; H, W >= 32, best multiples of `stride`.
        targets : list of dict or None
            In training one of `training.targets.instance_targets` an image.

        Returns
        -------
        (N, 1, H, W) Tensor or dict of str to Tensor
            Evaluation: logits that a cell belongs to any instance; its probability is the largest
            score x mask over all instances. Training: the losses by name, to be summed.

        Raises
        ------
        TrainingError
            For targets in evaluation, or none in training.
        """
        if (targets is not None) != self.training:
            raise TrainingError(
                "Mask R-CNN learns from instances, and gives a map only in evaluation",
                "train it with a recipe for instance networks",
            )
        if targets is not None:
            return self.rcnn(list(x), targets)
        maps = x.new_zeros(len(x), 1, *x.shape[-2:])
        for image, found in zip(maps, self.instances(x), strict=True):
            if len(found["scores"]):
                image[0] = (found["scores"][:, None, None] * found["masks"]).amax(dim=0)
        return torch.logit(maps, eps=1e-6)

    def instances(self, x: Tensor) -> list[dict[str, Tensor]]:
        """Instances of each image, best first; in evaluation only.

        Parameters
        ----------
        x : (N, in_channels, H, W) Tensor
            Normalised channels.

        Returns
        -------
        list of dict
            `boxes` (K, 4): x1, y1, x2, y2 in cells; `scores` (K); `masks` (K, H, W) in 0-1: a cell
            is part of an instance where its mask is at least 0.5.
        """
        return [
            {"boxes": found["boxes"], "scores": found["scores"], "masks": found["masks"][:, 0]}
            for found in self.rcnn(list(x))
        ]

    def freeze_body(self, frozen: bool) -> None:
        """Leave the body out of the training, or take it in again: P2 trains the heads first (E10).

        Parameters
        ----------
        frozen : bool
            Whether it is left out.
        """
        self.rcnn.backbone.body.requires_grad_(not frozen)

    def load_pretrained(self, source: str, file: str = "") -> list[Read]:
        """Pretrained weights, in place (`models.pretrained`).

        Of ResNeXt in the bottom stage, ImageNet's are those of ResNeXt50 32x4d, of the same shapes,
        with the first convolution that it learnt with; COCO has none.

        Parameters
        ----------
        source : str
            `imagenet`: the body. `coco`: all but the class predictors, ResNet50 only. `matterport`:
            the same for ResNet101 with the option `keras`.
        file : str
            The file of `matterport`.

        Returns
        -------
        list of Read
            What was loaded.

        Raises
        ------
        WeightsError
            Where there are no such weights.
        """
        body = self.rcnn.backbone.body
        replaced = PREDICTORS + ("" if self.resnext == "none" else r"|backbone\.body\.layer1\.")
        if source != "imagenet" and (self.resnext == "all" or (self.depth == 50) == self.keras):
            raise WeightsError(
                "COCO weights of Mask R-CNN are for ResNet50 (torchvision's), or ResNet101 with the option keras"
                " (Matterport's), with ResNeXt in the bottom stage at most",
                "start another Mask R-CNN from coco, or this one from imagenet",
            )
        if source == "coco":
            return [load_coco(self.rcnn, self.in_channels, body.width, replaced)]
        if source == "matterport":
            check_width(body.width)
            absent = rf"\.attention\.|{OFFSETS}"
            return [matterport.load(self.rcnn, file, BLOCKS[self.depth], self.in_channels, replaced, absent)]
        if self.resnext == "all" and self.depth == 50:
            raise WeightsError("no ImageNet weights of ResNeXt50 32x8d", "use depth 101")
        if self.resnext == "all":
            return [load_resnet(body, "ResNeXt101_32X8D_Weights.IMAGENET1K_V1")]
        resnet = f"ResNet{self.depth}_Weights.IMAGENET1K_V1"
        if self.resnext == "none":
            return [load_resnet(body, resnet)]
        return [
            load_resnet(body, "ResNeXt50_32X4D_Weights.IMAGENET1K_V1", "conv1|bn1|layer1"),
            load_resnet(body, resnet, "layer[234]"),
        ]


class Proposals(RPNHead):
    """torchvision's head of the proposals, with any number of channels inside.

    Parameters
    ----------
    channels : int
        Of the pyramid.
    inner : int
        Of its first convolution.
    """

    def __init__(self, channels: int, inner: int):
        super().__init__(inner, len(ASPECTS))
        if inner != channels:
            first = Conv2dNormActivation(channels, inner, kernel_size=3, norm_layer=None)
            nn.init.normal_(first[0].weight, std=0.01)
            nn.init.zeros_(first[0].bias)
            self.conv = nn.Sequential(first)


class Pyramid(nn.Module):
    """Body and feature pyramid.

    Parameters
    ----------
    body : ResNetEncoder
        Gives C1 ... C5.
    channels : int
        Of every map of the pyramid.
    attention : str
        `none`, or one of `ATTENTION`, on P2-P5.
    """

    def __init__(self, body: ResNetEncoder, channels: int, attention: str = "none"):
        super().__init__()
        self.body, self.out_channels = body, channels
        self.fpn = FeaturePyramidNetwork(body.channels[1:], channels)
        self.attention = nn.ModuleList()
        if attention != "none":
            self.attention = nn.ModuleList(ATTENTION[attention](channels) for _ in range(4))
        self.pool = LastLevelMaxPool()

    def forward(self, x: Tensor) -> OrderedDict[str, Tensor]:
        """The maps of the pyramid.

        Parameters
        ----------
        x : (N, in_channels, H, W) Tensor
            Normalised channels.

        Returns
        -------
        OrderedDict of str to Tensor
            `0` ... `3` (P2-P5) and `pool` (P6).
        """
        features = OrderedDict((str(level), c) for level, c in enumerate(self.body(x)[1:]))
        maps = list(self.fpn(features).values())
        if self.attention:
            maps = [attend(p) for attend, p in zip(self.attention, maps, strict=True)]
        maps, names = self.pool(maps, [], list(features))
        return OrderedDict(zip(names, maps, strict=True))


class AsIs(GeneralizedRCNNTransform):
    """torchvision's preparation of images without resizing and without its colours' moments.

    Masks are put back where they were cut (`paste_masks`); torchvision's own way shifts and widens
    them by up to a cell.
    """

    def __init__(self) -> None:
        super().__init__(0, 0, [], [])

    def normalize(self, image: Tensor) -> Tensor:
        """The image, unchanged.

        Parameters
        ----------
        image : (C, H, W) Tensor
            Normalised channels.

        Returns
        -------
        (C, H, W) Tensor
            The same.
        """
        return image

    def resize(self, image: Tensor, target: dict[str, Tensor] | None = None) -> tuple[Tensor, dict[str, Tensor] | None]:
        """Image and target, unchanged.

        Parameters
        ----------
        image : (C, H, W) Tensor
            Normalised channels.
        target : dict or None
            One of `training.targets.instance_targets`.

        Returns
        -------
        tuple
            The same.
        """
        return image, target

    def postprocess(
        self,
        result: list[dict[str, Tensor]],
        image_shapes: list[tuple[int, int]],
        original_image_sizes: list[tuple[int, int]],
    ) -> list[dict[str, Tensor]]:
        """Instances with masks on the cells of the image.

        Parameters
        ----------
        result : list of dict
            Instances of each image, with `masks` (K, 1, M, M) of their boxes.
        image_shapes, original_image_sizes : list of tuple of int
            Rows and columns, the same.

        Returns
        -------
        list of dict
            With `masks` (K, 1, H, W); in training, where nothing is found, as it is.
        """
        if self.training:
            return result
        return [
            found | {"masks": paste_masks(found["masks"], found["boxes"], shape)}
            for found, shape in zip(result, original_image_sizes, strict=True)
        ]


def paste_masks(masks: Tensor, boxes: Tensor, shape: tuple[int, int]) -> Tensor:
    """Masks of boxes on the cells of an image, as the masks of training are cut from it.

    torchvision cuts them by aligned regions that take cell i for the place i, not i + 0.5, of an
    edge (`roi_align` with `aligned=False`); pasting takes the same half cell.

    Parameters
    ----------
    masks : (K, 1, M, M) Tensor
        Probability in each box.
    boxes : (K, 4) Tensor
        x1, y1, x2, y2, outer edges, cells.
    shape : tuple of int
        Rows and columns of the image.

    Returns
    -------
    (K, 1, rows, columns) Tensor
        Probability, bilinear; 0 in cells whose centre lies outside the box.
    """
    pasted = masks.new_zeros(len(masks), 1, *shape)
    for image, mask, (left, top, right, bottom) in zip(pasted[:, 0], masks, boxes.tolist(), strict=True):
        rows, cols = (
            torch.arange(max(ceil(low - 0.5), 0), min(ceil(high - 0.5), size), device=masks.device)
            for low, high, size in ((top, bottom, shape[0]), (left, right, shape[1]))
        )
        if not len(rows) or not len(cols):
            continue
        y, x = (2 * (rows - top) / (bottom - top) - 1, 2 * (cols - left) / (right - left) - 1)
        places = torch.stack(torch.meshgrid(x, y, indexing="xy"), dim=-1).to(mask.dtype)
        inside = grid_sample(mask[None], places[None], padding_mode="border", align_corners=False)
        image[rows[0] : rows[-1] + 1, cols[0] : cols[-1] + 1] = inside[0, 0]
    return pasted

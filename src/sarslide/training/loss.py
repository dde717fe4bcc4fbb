"""Losses of maps against labels with cells that are not counted."""

from collections.abc import Callable

import torch
from torch import Tensor
from torch.nn import functional as F

from sarslide.dataset.scenes import IGNORE


def segmentation_loss(
    logits: Tensor, label: Tensor, kind: str, total: Callable[[Tensor], Tensor] = lambda sums: sums
) -> Tensor:
    """Loss of maps against labels, computed in float32; cells of 255 are left out.

    `bce`: mean binary cross-entropy (P0 eq. 4). `dice`: dice loss of the landslide cells over the
    batch as in V-Net, 1 - (2 sum(p y) + 1) / (sum(p^2) + sum(y) + 1) (P4 names a dice loss and
    prints none). `bce_dice`: cross-entropy and the dice loss with sum(p) in the place of sum(p^2),
    which alone would draw a network without batch normalisation to background everywhere: a faint
    probability weighs there as much as a sure one.

    Parameters
    ----------
    logits : (N, H, W) Tensor
        Of the network.
    label : (N, H, W) Tensor of uint8
        1 landslide, 0 background, 255 not counted.
    kind : str
        `bce`, `dice` or `bce_dice`.
    total : callable
        Adds sums up over the processes that share a batch, so that the loss is that of the whole
        batch.

    Returns
    -------
    Tensor
        One number.

    References
    ----------
    V-Net: Milletari et al. 2016, doi:10.1109/3DV.2016.79
    """
    counted = label != IGNORE
    truth = (label == 1).float()
    logits = logits.float()
    each = F.binary_cross_entropy_with_logits(logits, truth, reduction="none")
    p = torch.sigmoid(logits) * counted
    marked = p.sum() if kind == "bce_dice" else (p * p).sum()
    sums = torch.stack([(each * counted).sum(), counted.sum().float(), (p * truth).sum(), marked + truth.sum()])
    entropy, cells, shared, both = total(sums)
    bce = entropy / cells.clamp(min=1)
    dice = 1 - (2 * shared + 1) / (both + 1)
    return {"bce": bce, "dice": dice, "bce_dice": bce + dice}[kind]

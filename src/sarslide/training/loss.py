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

    `bce`: mean binary cross-entropy (P0 eq. 4). `dice`: soft dice loss of the landslide cells over
    the batch, 1 - (2 sum(p y) + 1) / (sum(p) + sum(y) + 1) (P4 names a dice loss and prints none).
    `bce_dice`: their sum.

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
    """
    counted = label != IGNORE
    truth = (label == 1).float()
    logits = logits.float()
    each = F.binary_cross_entropy_with_logits(logits, truth, reduction="none")
    p = torch.sigmoid(logits) * counted
    sums = torch.stack([(each * counted).sum(), counted.sum().float(), (p * truth).sum(), p.sum() + truth.sum()])
    entropy, cells, shared, both = total(sums)
    bce = entropy / cells.clamp(min=1)
    dice = 1 - (2 * shared + 1) / (both + 1)
    return {"bce": bce, "dice": dice, "bce_dice": bce + dice}[kind]

"""Training of instance networks (P2) from maps of labels.

Which objects a patch has, and what is hidden from the network.

An object is a connected group of landslide cells (8 neighbours): two landslides that touch are one.
A detector calls everything background that is no object. Objects that are not counted (255: too
slow for this track, half hidden, glaciers, snow patches) and scraps of fewer than `min_cells`
cells, which the edge of a patch or a mask leaves, would so be taught as background although they
look like landslides. Their cells are made unknown in the patch, as cells without data are: the
network sees nothing there and learns nothing from there.
"""

from typing import Any

import numpy as np
import torch
from torch import Tensor

from sarslide.evaluate.metrics import objects
from sarslide.models import registry


def with_targets(inputs: Tensor, labels: Tensor, min_cells: int) -> tuple[Tensor, list[dict[str, Tensor]]]:
    """Patches in which only counted cells are seen, and the target of each.

    Parameters
    ----------
    inputs : (N, C, H, W) Tensor
        Normalised: 0 is unknown.
    labels : (N, H, W) Tensor of uint8
        1 landslide, 0 not, 255 not counted.
    min_cells : int
        Smallest object that is taught, cells.

    Returns
    -------
    inputs : (N, C, H, W) Tensor
        0 where nothing is counted.
    targets : list of dict
        `instance_targets` of each patch.
    """
    numbered = np.stack([objects(label == 1, min_cells) for label in labels.numpy()])
    seen = (labels == 0) | torch.from_numpy(numbered > 0)
    return inputs * seen[:, None], [instance_targets(torch.from_numpy(ids)) for ids in numbered]


def with_options(options: dict[str, Any], start: str) -> dict[str, Any]:
    """Options of an instance network for a start.

    From weights of ImageNet or COCO its batch normalisation is frozen, unless the options decide
    otherwise: batches of one or two large patches are too few to learn its statistics, and those
    weights bring their own.

    Parameters
    ----------
    options : dict of str to Any
        Of the network.
    start : str
        As in the recipe.

    Returns
    -------
    dict of str to Any
        Options, with `frozen_norm`.
    """
    return {"frozen_norm": start in registry.PRETRAINED} | options


def instance_targets(ids: Tensor) -> dict[str, Tensor]:
    """Target of one image for the training of an instance network.

    Parameters
    ----------
    ids : (H, W) Tensor of int
        Number of the instance in each cell, 0 background; none at all is right, too.

    Returns
    -------
    dict of str to Tensor
        `boxes` (K, 4) float32: x1, y1, x2, y2 of the cells' outer edges; `labels` (K) int64, all 1;
        `masks` (K, H, W) uint8.
    """
    numbers = torch.unique(ids)
    masks = ids == numbers[numbers != 0][:, None, None]
    boxes = torch.zeros(len(masks), 4, device=ids.device)
    for box, mask in zip(boxes, masks, strict=True):
        rows, cols = torch.where(mask)
        box[:] = torch.stack([cols.min(), rows.min(), cols.max() + 1, rows.max() + 1])
    return {
        "boxes": boxes,
        "labels": torch.ones(len(masks), dtype=torch.int64, device=ids.device),
        "masks": masks.byte(),
    }

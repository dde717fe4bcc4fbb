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
from sarslide.models.mask_rcnn import instance_targets


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
        `mask_rcnn.instance_targets` of each patch.
    """
    numbered = np.stack([objects(label == 1, min_cells) for label in labels.numpy()])
    seen = (labels == 0) | torch.from_numpy(numbered > 0)
    return inputs * seen[:, None], [instance_targets(torch.from_numpy(ids)) for ids in numbered]


def with_options(options: dict[str, Any], start: str) -> dict[str, Any]:
    """Options of an instance network for a start.

    From ImageNet or COCO weights its batch normalisation is frozen, unless the options decide
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
    return {"frozen_norm": start in ("imagenet", "coco")} | options

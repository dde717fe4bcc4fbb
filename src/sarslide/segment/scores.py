"""Scores of a network on whole scenes as one dict for JSON, from which every pooled value and interval can be made again.

Two steps: `evaluate` counts, scene by scene; `summary` adds the counts up, by region or for one part, with intervals. Training,
benchmark and report call both.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from sarslide.dataset.scenes import Scene
from sarslide.segment import metrics


def evaluate(
    scenes: Sequence[Scene],
    maps: Sequence[np.ndarray],
    threshold: float,
    min_cells: int = 1,
    decoy_codes: Mapping[str, int] | None = None,
    cell_m: float = 30.0,
) -> dict[str, Any]:
    """Counts of probability maps (rows, cols) against the labels of their scenes, scene by scene, for JSON.

    maps: probability, NaN where the network cannot tell. threshold: p >= threshold is landslide. min_cells: smaller objects are
    left out on both sides. decoy_codes: `simulate.decoys.DECOYS`, for scenes that carry `decoy`. cell_m: side of a cell.
    """
    entries = []
    for scene, p in zip(scenes, maps, strict=True):
        label = np.where(np.isfinite(p), scene.label, metrics.IGNORE)
        marked = p >= threshold
        entries.append(
            {
                "region": scene.region,
                "name": scene.name,
                "pixel": metrics.pixel_counts(label, marked).to_dict(),
                "object": metrics.object_counts(label, marked, min_cells=min_cells).to_dict(),
            }
        )
    return {"threshold": threshold, "min_cells": min_cells, "cell_m": cell_m, "scenes": entries}


def summary(evaluated: Mapping[str, Any], by: str = "region") -> dict[str, Any]:
    """Pooled scores of `evaluate`'s dict. by: `region`, what is drawn for intervals."""
    pooled = {
        level: metrics.pooled(
            metrics.Counts(*(entry[level][k] for k in ("tp", "fp", "fn"))) for entry in evaluated["scenes"]
        ).to_dict()
        for level in ("pixel", "object")
    }
    return {"threshold": evaluated["threshold"], by + "s": len({entry[by] for entry in evaluated["scenes"]}), **pooled}

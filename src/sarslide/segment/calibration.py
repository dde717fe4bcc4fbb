"""Calibrated probabilities: what the card of a network says about its calibration, applied to a map.

A network trained with a soft dice loss is sure of itself: where it says 0.9, fewer than nine cells in ten may be landslide. On
regions that trained nothing `reliability.fit` finds a temperature T and an offset b (Platt 1999; Guo et al. 2017,
https://proceedings.mlr.press/v70/guo17a.html), and a map becomes

    p' = sigmoid(logit(p) / T + b),        T > 0.

That rises with p: cells keep their order, and with the threshold sent through the same curve a mask stays the same.
"""

from collections.abc import Mapping
from typing import Any

import numpy as np

CLIP = 1e-7  # float32 cannot tell a probability nearer to 1 from 1


def apply(probability: np.ndarray, card: Mapping[str, Any]) -> np.ndarray:
    """Calibrated probabilities, float32, same shape, NaN where NaN. A card without `calibration` leaves the map as it is.

    probability: of whole scenes, tiles blended. card: model card; its `calibration` holds temperature (> 0) and offset.
    """
    calibration = card.get("calibration")
    return (
        probability if calibration is None else scaled(probability, calibration["temperature"], calibration["offset"])
    )


def scaled(probability: np.ndarray, temperature: float, offset: float) -> np.ndarray:
    """sigmoid(logit(p) / temperature + offset), float32."""
    return (1 / (1 + np.exp(-logit(probability) / temperature - offset))).astype(np.float32)


def logit(probability: np.ndarray) -> np.ndarray:
    """ln(p / (1 - p)), float64, finite for 0 and 1, NaN for NaN."""
    p = np.clip(np.asarray(probability, np.float64), CLIP, 1 - CLIP)
    return np.log(p / (1 - p))

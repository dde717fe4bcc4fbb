"""Calibrated probabilities: what the card of a network says about its calibration, applied to a map.

A network's probability is not the share of landslides among the cells that have it: most cells between 0.1 and 0.9 lie on the
edges of objects, and half of them are landslide whatever the network says. On regions that trained nothing `reliability.fit`
finds a broken line through ln(p / (1 - p)) that rises everywhere, and a map goes through that line. Cells keep their order, and
with the threshold sent through the same line a mask stays the same.
"""

from collections.abc import Mapping
from typing import Any

import numpy as np

CLIP = 1e-7  # float32 cannot tell a probability nearer to 1 from 1


def apply(probability: np.ndarray, card: Mapping[str, Any]) -> np.ndarray:
    """Calibrated probabilities, float32, same shape, NaN where NaN. A card without `calibration` leaves the map as it is.

    probability: of whole scenes, tiles blended. card: model card; its `calibration` holds the line: `knots` in ln(p / (1 - p)),
    its `values` there, and its `end_slopes` below the first and above the last knot, all of which rise.
    """
    line = card.get("calibration")
    return probability if line is None else bent(probability, line["knots"], line["values"], line["end_slopes"])


def bent(probability: np.ndarray, knots, values, end_slopes) -> np.ndarray:
    """The probability, float32, whose ln(p / (1 - p)) is that of `probability` through a broken line."""
    z = logit(probability)
    below, above = np.minimum(z - knots[0], 0), np.maximum(z - knots[-1], 0)
    line = np.interp(z, knots, values) + end_slopes[0] * below + end_slopes[1] * above
    return (1 / (1 + np.exp(-line))).astype(np.float32)


def logit(probability: np.ndarray) -> np.ndarray:
    """ln(p / (1 - p)), float64, finite for 0 and 1, NaN for NaN."""
    p = np.clip(np.asarray(probability, np.float64), CLIP, 1 - CLIP)
    return np.log(p / (1 - p))

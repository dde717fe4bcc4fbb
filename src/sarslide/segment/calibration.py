"""Calibrated probabilities: the calibration in a network's card, applied to a map.

A network's probability is not the share of landslides among the cells that have it: most cells
between 0.1 and 0.9 lie on the edges of objects, and half of them are landslide whatever the network
gives. On regions that trained nothing `evaluate.reliability.fit` finds a broken line through ln(p /
(1 - p)) that rises everywhere, and a map goes through that line. Cells keep their order, and with
the threshold sent through the same line a mask stays the same.
"""

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from sarslide.models.card import Calibration

CLIP = 1e-7  # float32 cannot tell a probability nearer to 1 from 1


def apply(probability: np.ndarray, line: "Calibration | None") -> np.ndarray:
    """Calibrated probabilities of whole scenes, tiles blended.

    Parameters
    ----------
    probability : array of float
        Probability, NaN where unknown.
    line : Calibration or None
        `calibration` of a model card.

    Returns
    -------
    array of float32
        Calibrated, NaN where NaN; the map as it is without a line.
    """
    return probability if line is None else bent(probability, line.knots, line.values, line.end_slopes)


def bent(probability: np.ndarray, knots, values, end_slopes) -> np.ndarray:
    """Probabilities through a broken line in ln(p / (1 - p)).

    Parameters
    ----------
    probability : array of float
        Probability, NaN where unknown.
    knots, values : sequence of float
        Ends of the line's pieces: ln(p / (1 - p)) before and after.
    end_slopes : sequence of float
        Slopes below the first and above the last knot.

    Returns
    -------
    array of float32
        Probability, same shape.
    """
    z = logit(probability)
    below, above = np.minimum(z - knots[0], 0), np.maximum(z - knots[-1], 0)
    line = np.interp(z, knots, values) + end_slopes[0] * below + end_slopes[1] * above
    return (1 / (1 + np.exp(-line))).astype(np.float32)


def logit(probability: np.ndarray) -> np.ndarray:
    """ln(p / (1 - p)), finite for 0 and 1.

    Parameters
    ----------
    probability : array of float
        Probability, NaN where unknown.

    Returns
    -------
    array of float64
        NaN for NaN.
    """
    p = np.clip(np.asarray(probability, np.float64), CLIP, 1 - CLIP)
    return np.log(p / (1 - p))

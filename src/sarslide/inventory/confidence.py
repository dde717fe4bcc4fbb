"""How probable it is that an object is a landslide, from what a network's objects were worth on
mountain ranges that it had not seen.
"""

import math
from collections.abc import Iterable, Mapping

import numpy as np

from sarslide.models.card import ObjectConfidence
from sarslide.segment.calibration import logit

PROBABILITY = "landslide_probability"  # column of tables
# Words for the reader of a table: nine of ten, and seven of ten.
WORDS = (("high", 0.9), ("medium", 0.7), ("low", 0.0))


def terms(row: Mapping) -> tuple[float, float, float]:
    """What tells right objects of one track from wrong ones.

    Parameters
    ----------
    row : mapping
        Attributes of the object (`attributes.measure`).

    Returns
    -------
    tuple of float
        Mean probability of its cells as ln(p / (1 - p)), ln of its area over 1 km2, and ln of its
        mean rate over the mean standard error, either way; NaN where it has no rate.
    """
    rate, std = abs(row["los_rate_mean_mm_per_yr"]), row["los_rate_std_mm_per_yr"]
    known = rate > 0 and std > 0
    return (
        float(logit(np.asarray(row["probability_mean"]))),
        math.log(row["area_km2"]),
        math.log(rate / std) if known else math.nan,
    )


def of_one_track(row: Mapping, fitted: ObjectConfidence | None) -> float:
    """Probability that an object of one track is a landslide, if no other track sees it.

    Parameters
    ----------
    row : mapping
        Attributes of the object.
    fitted : ObjectConfidence or None
        Of the network's card.

    Returns
    -------
    float
        0 to 1; NaN without the network's numbers or without a rate.
    """
    if fitted is None:
        return math.nan
    score = fitted.intercept + float(np.dot(fitted.factors, terms(row)))
    return 1 / (1 + math.exp(-score))


def of_tracks(probabilities: Iterable[float]) -> float:
    """The same of an object that several tracks see: it is none only where all of them are wrong.

    Parameters
    ----------
    probabilities : iterable of float
        Of the object of each track; NaN tells nothing.

    Returns
    -------
    float
        0 to 1; NaN where no track tells anything.
    """
    known = [1 - p for p in probabilities if not math.isnan(p)]
    return 1 - math.prod(known) if known else math.nan


def word(probability: float) -> str:
    """A probability in one word of `WORDS`.

    Parameters
    ----------
    probability : float
        0 to 1.

    Returns
    -------
    str
        high, medium or low.
    """
    return next(name for name, least in WORDS if probability >= least)

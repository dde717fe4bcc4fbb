"""What probabilities are worth: curves, Brier score, and the fit of a calibration.

All of it comes from one histogram a scene, which adds up over scenes: cells of both classes by
probability, in bins that are even in ln(p / (1 - p)) and also end at every twentieth, so that the
curve is exact at the thresholds in use.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from sarslide.dataset.scenes import IGNORE
from sarslide.segment.calibration import bent, logit

_EVEN = 1 / (1 + np.exp(-np.arange(-12, 12.01, 0.2)))
EDGES = np.unique(
    np.concatenate([_EVEN, np.arange(1, 20) / 20]).astype(np.float32)
)  # inner edges; a bin holds its lower one
BINS = len(EDGES) + 1
RELIABILITY_BINS = 10
KNOTS = (-4.0, -2.0, 0.0, 2.0, 4.0)  # of the calibration, in ln(p / (1 - p))
SLOPES, VALUES = (0.1, 5.0), (-16.0, 16.0)  # limits of the fit: the line rises
FIT_CELLS = 200_000  # drawn for the fit: seven numbers need no more


def histogram(label: np.ndarray, probability: np.ndarray) -> dict[str, list]:
    """Cells of a map by bin of probability; all of it adds up over scenes.

    Parameters
    ----------
    label : array
        1 landslide, 0 background, 255 not counted.
    probability : array
        Same shape, NaN not counted.

    Returns
    -------
    dict of str to Any
        `background` and `landslide` cells by bin, `sum_p` by bin, sums of p^2 and of p in
        landslides.
    """
    counted = (label != IGNORE) & np.isfinite(probability)
    p, truth = np.asarray(probability[counted], np.float32), label[counted] == 1
    place = np.digitize(p, EDGES)
    total = np.bincount(place, minlength=BINS)
    landslide = np.bincount(place[truth], minlength=BINS)
    exact = p.astype(np.float64)
    return {
        "background": (total - landslide).tolist(),
        "landslide": landslide.tolist(),
        "sum_p": np.bincount(place, exact, BINS).round(6).tolist(),
        "sum_p2": float(np.sum(exact**2)),
        "sum_p_landslide": float(np.sum(exact[truth])),
    }


def precision_recall(background: np.ndarray, landslide: np.ndarray) -> dict[str, np.ndarray]:
    """Precision and recall at the lower edge of each bin.

    Parameters
    ----------
    background, landslide : (bins,) array
        Cells of `histogram`.

    Returns
    -------
    dict of str to (bins,) array
        threshold (falling), precision, recall.
    """
    tp, fp = np.cumsum(landslide[::-1]), np.cumsum(background[::-1])
    return {
        "threshold": np.concatenate([EDGES[::-1], [0.0]]),
        "precision": np.divide(tp, tp + fp, out=np.ones(BINS), where=tp + fp > 0),
        "recall": tp / max(tp[-1], 1),
    }


def average_precision(background: np.ndarray, landslide: np.ndarray) -> np.ndarray:
    """Area under the precision-recall curve; 0 without a landslide cell.

    Trapezoids between the ends of the bins stand for the order of the cells inside a bin, which the
    histogram has lost.

    Parameters
    ----------
    background, landslide : (..., bins) array
        Cells of `histogram`.

    Returns
    -------
    (...) array
        Areas.
    """
    tp, fp = np.cumsum(landslide[..., ::-1], -1), np.cumsum(background[..., ::-1], -1)
    gained = landslide[..., ::-1]
    precision = np.divide(tp, tp + fp, out=np.zeros(np.broadcast(tp, fp).shape), where=tp + fp > 0)
    before = np.concatenate([precision[..., :1], precision[..., :-1]], -1)
    # Where no cell lies above a bin, its own precision is all that is known.
    before = np.where(tp + fp > gained + background[..., ::-1], before, precision)
    return np.sum((precision + before) / 2 * gained, -1) / np.maximum(tp[..., -1], 1)


def reliability(background: np.ndarray, landslide: np.ndarray, sum_p: np.ndarray) -> dict[str, Any]:
    """Reliability curve in tenths of probability, and the expected calibration error.

    Parameters
    ----------
    background, landslide, sum_p : (bins,) array
        Of `histogram`.

    Returns
    -------
    dict of str to Any
        cells, probability (mean) and landslide (share): lists of ten, null in an empty tenth;
        expected_calibration_error.

    References
    ----------
    Guo et al. 2017, eq. 3
    """
    lower = np.concatenate([[0], EDGES])
    tenth = np.digitize(lower, (np.arange(1, RELIABILITY_BINS) / RELIABILITY_BINS).astype(np.float32))
    cells, positive, total = (
        np.bincount(tenth, values, RELIABILITY_BINS) for values in (background + landslide, landslide, sum_p)
    )
    known = cells > 0
    mean, share = (np.divide(part, cells, out=np.full(len(cells), np.nan), where=known) for part in (total, positive))
    error = float(np.sum(cells[known] * np.abs(share - mean)[known]) / max(cells.sum(), 1))
    return {
        "cells": [int(n) for n in cells],
        "probability": [round(float(p), 6) if k else None for p, k in zip(mean, known, strict=True)],
        "landslide": [round(float(p), 6) if k else None for p, k in zip(share, known, strict=True)],
        "expected_calibration_error": round(error, 6),
    }


def fit(labels: Sequence[np.ndarray], probabilities: Sequence[np.ndarray], seed: int = 7) -> dict[str, Any]:
    """The `calibration` of a model card: the broken line of least log loss.

    The fit sees at most `FIT_CELLS` cells, drawn at random. A temperature alone (Guo et al. 2017),
    or with an offset (Platt 1999), cannot bend and gained little; an isotonic curve fits as well as
    this one and makes ties, which would change the order of cells.

    Parameters
    ----------
    labels : sequence of array
        Of validation scenes, which trained nothing and test nothing.
    probabilities : sequence of array
        Uncalibrated.
    seed : int
        Draws cells.

    Returns
    -------
    dict of str to Any
        knots, values and end_slopes (`segment.calibration`), and reliability `before` and `after`.
    """
    from scipy.optimize import minimize

    counted = [(y != IGNORE) & np.isfinite(p) for y, p in zip(labels, probabilities, strict=True)]
    truth = np.concatenate([y[c] == 1 for y, c in zip(labels, counted, strict=True)])
    p = np.concatenate([p[c] for p, c in zip(probabilities, counted, strict=True)])
    drawn = np.random.default_rng(seed).permutation(len(p))[:FIT_CELLS]
    pieces, sign = _pieces(logit(p[drawn])), np.where(truth[drawn], -1.0, 1.0)

    def loss(unknown: np.ndarray) -> tuple[float, np.ndarray]:
        miss = sign * (unknown[0] + pieces @ unknown[1:])
        slope = sign / (1 + np.exp(-miss))
        return float(np.mean(np.logaddexp(0, miss))), np.concatenate([[np.mean(slope)], slope @ pieces / len(slope)])

    start = np.concatenate([[KNOTS[0]], np.ones(len(KNOTS) + 1)])
    limits = [VALUES] + [SLOPES] * (len(KNOTS) + 1)
    first, *slopes = minimize(loss, start, jac=True, bounds=limits, method="L-BFGS-B").x
    values = first + np.concatenate([[0], np.cumsum(np.diff(KNOTS) * slopes[1:-1])])
    line = {
        "knots": list(KNOTS),
        "values": [round(float(v), 4) for v in values],
        "end_slopes": [round(float(v), 4) for v in (slopes[0], slopes[-1])],
    }
    after = [bent(p, **line) for p in probabilities]
    return line | {"before": worth(labels, probabilities), "after": worth(labels, after)}


def _pieces(z: np.ndarray) -> np.ndarray:
    """How far z lies in each piece of the line, from the first knot: (cells, pieces)."""
    bounds = [-np.inf, *KNOTS, np.inf]
    inside = [np.clip(z, low, high) for low, high in zip(bounds, bounds[1:], strict=False)]
    return np.stack(
        [inside[0] - KNOTS[0], *(part - knot for part, knot in zip(inside[1:], KNOTS, strict=True))], axis=1
    )


def worth(labels: Sequence[np.ndarray], probabilities: Sequence[np.ndarray]) -> dict[str, Any]:
    """Reliability curve, expected calibration error and Brier score of maps, pooled.

    Parameters
    ----------
    labels, probabilities : sequence of array
        Of scenes.

    Returns
    -------
    dict of str to Any
        As `reliability`, and brier.
    """
    added = add([histogram(y, p) for y, p in zip(labels, probabilities, strict=True)])
    curve = reliability(added["background"], added["landslide"], added["sum_p"])
    return {**curve, "brier": round(brier(added), 6)}


def add(histograms: Sequence[Mapping[str, Any]]) -> dict[str, np.ndarray]:
    """Sum over scenes.

    Parameters
    ----------
    histograms : sequence of mapping
        Of `histogram`.

    Returns
    -------
    dict of str to array
        The sum.
    """
    return {name: np.sum([each[name] for each in histograms], axis=0) for name in histograms[0]}


def brier(added: Mapping[str, np.ndarray]) -> float:
    """Mean square of p - y over cells.

    Parameters
    ----------
    added : mapping of str to array
        Of `add`.

    Returns
    -------
    float
        Score.

    References
    ----------
    Brier 1950
    """
    landslide, cells = np.sum(added["landslide"]), np.sum(added["landslide"]) + np.sum(added["background"])
    return float((added["sum_p2"] - 2 * added["sum_p_landslide"] + landslide) / max(cells, 1))

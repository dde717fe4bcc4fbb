"""Calibration: planted curves are found, scikit-learn agrees, cards without one change nothing."""

import numpy as np
import pytest

from sarslide.dataset.scenes import IGNORE
from sarslide.segment import calibration, reliability


def overconfident(temperature=3.0, offset=-1.0, shape=(300, 300), seed=2):
    """Labels drawn from a true probability, and a map that says it too sharply: logit(p_true) = logit(p) / T + b."""
    rng = np.random.default_rng(seed)
    z = rng.normal(-3, 5, shape)  # the network's logit
    truth = 1 / (1 + np.exp(-z / temperature - offset))
    label = (rng.random(shape) < truth).astype(np.uint8)
    label[:, :3] = IGNORE
    p = (1 / (1 + np.exp(-z))).astype(np.float32)
    p[:2] = np.nan
    return label, p


def test_planted_temperature_is_found():
    label, p = overconfident()
    found = reliability.fit([label[:150], label[150:]], [p[:150], p[150:]])
    # Standard errors of logistic regression on 88,000 cells with these logits: 0.03 of T, 0.015 of b.
    assert found["temperature"] == pytest.approx(3.0, abs=0.1)
    assert found["offset"] == pytest.approx(-1.0, abs=0.05)
    assert found["after"]["expected_calibration_error"] < 0.01 < found["before"]["expected_calibration_error"]
    assert found["after"]["brier"] < found["before"]["brier"]
    assert found == reliability.fit([label[:150], label[150:]], [p[:150], p[150:]])


def test_fit_is_logistic_regression():
    from sklearn.linear_model import LogisticRegression

    label, p = overconfident(seed=5, shape=(100, 100))
    counted = (label != IGNORE) & np.isfinite(p)
    z = calibration.logit(p[counted])[:, None]
    theirs = LogisticRegression(C=np.inf, tol=1e-8).fit(z, label[counted])
    mine = reliability.fit([label], [p])
    assert 1 / mine["temperature"] == pytest.approx(theirs.coef_[0, 0], abs=2e-3)
    assert mine["offset"] == pytest.approx(theirs.intercept_[0], abs=5e-3)


def test_apply_keeps_order_masks_and_gaps():
    _, p = overconfident()
    p.flat[1000:1002] = 0, 1
    card = {"calibration": {"temperature": 2.5, "offset": -0.7}}
    q = calibration.apply(p, card)
    assert q.dtype == np.float32
    np.testing.assert_array_equal(np.isnan(q), np.isnan(p))
    known = np.isfinite(p)
    order = np.argsort(p[known])
    assert (np.diff(q[known][order]) >= 0).all()
    assert 0 < np.nanmin(q) < np.nanmax(q) < 1
    threshold = float(calibration.apply(np.array([0.35]), card)[0])
    assert np.mean((p >= 0.35) == (q >= threshold)) > 0.9999
    assert calibration.apply(p, {"threshold": 0.5}) is p


def test_curve_and_brier_are_those_of_sklearn():
    from sklearn.calibration import calibration_curve
    from sklearn.metrics import brier_score_loss

    label, p = overconfident(seed=9)
    counted = (label != IGNORE) & np.isfinite(p)
    found = reliability.worth([label], [p])
    share, mean = calibration_curve(label[counted], p[counted].astype(float), n_bins=10)
    np.testing.assert_allclose(found["landslide"], share, atol=2e-6)
    np.testing.assert_allclose(found["probability"], mean, atol=2e-6)
    assert found["brier"] == pytest.approx(brier_score_loss(label[counted], p[counted].astype(float)), abs=1e-6)
    cells = np.array(found["cells"])
    assert cells.sum() == counted.sum()
    assert found["expected_calibration_error"] == pytest.approx(
        np.sum(cells * abs(share - mean)) / cells.sum(), abs=1e-5
    )


def test_precision_recall_at_thresholds_in_use():
    from sklearn.metrics import precision_score, recall_score

    label, p = overconfident(seed=11, shape=(80, 80))
    counted = (label != IGNORE) & np.isfinite(p)
    added = reliability.add([reliability.histogram(label, p)])
    curve = reliability.precision_recall(added["background"], added["landslide"])
    for threshold in (0.25, 0.5, 0.85):
        k = int(np.argmin(np.abs(curve["threshold"] - threshold)))
        predicted = p[counted] >= np.float32(threshold)
        assert curve["precision"][k] == pytest.approx(precision_score(label[counted], predicted))
        assert curve["recall"][k] == pytest.approx(recall_score(label[counted], predicted))

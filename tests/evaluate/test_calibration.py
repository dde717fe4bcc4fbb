"""Calibration: planted curves are found, scikit-learn agrees, cards without one change nothing."""

import numpy as np
import pytest

from sarslide.dataset.scenes import IGNORE
from sarslide.evaluate import reliability
from sarslide.models.card import Calibration
from sarslide.segment import calibration


def network(line=lambda z: z / 3 - 1, shape=(300, 300), seed=2):
    """Labels drawn from a true probability, and a map whose logit z is that of the truth before
    `line`.
    """
    rng = np.random.default_rng(seed)
    z = rng.normal(-3, 5, shape)
    label = (rng.random(shape) < 1 / (1 + np.exp(-line(z)))).astype(np.uint8)
    label[:, :3] = IGNORE
    p = (1 / (1 + np.exp(-z))).astype(np.float32)
    p[:2] = np.nan
    return label, p


def flat_in_the_middle(z):
    """Sure cells are right, cells between are edges: what the packaged network's map looks like."""
    return np.where(np.abs(z) < 2, 0.2 * z, np.sign(z) * (0.4 + 1.5 * (np.abs(z) - 2)))


@pytest.mark.parametrize("line", [lambda z: z / 3 - 1, flat_in_the_middle])
def test_planted_line_is_found(line):
    label, p = network(line)
    found = reliability.fit([label[:150], label[150:]], [p[:150], p[150:]])
    q = np.linspace(0.03, 0.97, 50)
    truth = 1 / (1 + np.exp(-line(calibration.logit(q))))
    # About 10,000 of the 88,000 cells lie in each piece of the line: standard errors of up to 0.01.
    np.testing.assert_allclose(calibration.apply(q, Calibration(**found)), truth, atol=0.04)
    assert found["after"]["expected_calibration_error"] < 0.01 < found["before"]["expected_calibration_error"]
    assert found["after"]["brier"] < found["before"]["brier"]
    assert found == reliability.fit([label[:150], label[150:]], [p[:150], p[150:]])


def test_fit_is_at_least_as_good_as_logistic_regression_and_near_isotonic():
    from sklearn.isotonic import IsotonicRegression
    from sklearn.linear_model import LogisticRegression
    from sklearn.metrics import log_loss

    label, p = network(flat_in_the_middle, seed=5)
    counted = (label != IGNORE) & np.isfinite(p)
    y, q = label[counted], p[counted].astype(float)
    found = calibration.apply(q, Calibration(**reliability.fit([label], [p])))
    z = calibration.logit(q)[:, None]
    platt = LogisticRegression(C=np.inf).fit(z, y).predict_proba(z)[:, 1]
    isotonic = np.clip(IsotonicRegression(out_of_bounds="clip").fit(q, y).predict(q), 1e-6, 1 - 1e-6)
    losses = [log_loss(y, each.astype(float)) for each in (isotonic, found, platt)]
    assert losses == sorted(losses)
    # Of what bending gains over a straight line, seven numbers reach nearly all that an unlimited
    # curve does.
    assert losses[1] - losses[0] < 0.15 * (losses[2] - losses[0])


def test_a_calibrated_map_needs_no_calibration():
    label, p = network(lambda z: z, seed=6)
    found = reliability.fit([label], [p])
    q = np.linspace(0.01, 0.99, 50)
    # About 10,000 of the 88,000 cells lie in each piece of the line: standard errors of up to 0.01.
    np.testing.assert_allclose(calibration.apply(q, Calibration(**found)), q, atol=0.03)


def test_slopes_rise_even_for_a_map_that_is_upside_down():
    label, p = network(lambda z: -z, seed=7)
    found = reliability.fit([label], [p])
    assert np.diff(found["values"]).min() > 0
    assert min(found["end_slopes"]) > 0


def test_apply_keeps_order_masks_and_gaps():
    label, p = network()
    p.flat[1000:1002] = 0, 1
    line = Calibration(**reliability.fit([label], [p]))
    q = calibration.apply(p, line)
    assert q.dtype == np.float32
    np.testing.assert_array_equal(np.isnan(q), np.isnan(p))
    known = np.isfinite(p)
    order = np.argsort(p[known])
    assert (np.diff(q[known][order]) >= 0).all()
    assert 0 < np.nanmin(q) < np.nanmax(q) < 1
    threshold = float(calibration.apply(np.array([0.35]), line)[0])
    assert np.mean((p >= 0.35) == (q >= threshold)) > 0.9999
    assert calibration.apply(p, None) is p


def test_curve_and_brier_are_those_of_sklearn():
    from sklearn.calibration import calibration_curve
    from sklearn.metrics import brier_score_loss

    label, p = network(seed=9)
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

    label, p = network(seed=11, shape=(80, 80))
    counted = (label != IGNORE) & np.isfinite(p)
    added = reliability.add([reliability.histogram(label, p)])
    curve = reliability.precision_recall(added["background"], added["landslide"])
    for threshold in (0.25, 0.5, 0.85):
        k = int(np.argmin(np.abs(curve["threshold"] - threshold)))
        predicted = p[counted] >= np.float32(threshold)
        assert curve["precision"][k] == pytest.approx(precision_score(label[counted], predicted))
        assert curve["recall"][k] == pytest.approx(recall_score(label[counted], predicted))

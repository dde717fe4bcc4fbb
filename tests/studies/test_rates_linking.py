"""Errors of linked rates: on moving ground, at its edges and along the motion."""

import numpy as np
import pytest
from studies.rates.linking import errors


def test_errors_are_told_apart_by_motion_and_edge():
    """A square of 20 mm/yr of which a rate sees three quarters, on ground with an error of 1 mm/yr."""
    truth = np.zeros((30, 30))
    truth[10:20, 10:20] = -20
    rate = np.where(truth < 0, -15.0, 1.0)
    used = np.ones(truth.shape, bool)
    found = errors(rate, truth, used)
    assert found.moving == pytest.approx(5) and found.still == pytest.approx(1) and found.bias == pytest.approx(-5)
    inner, outer = 100 - 6**2, 14**2 - 100  # two cells to both sides of the edge
    assert found.edge == pytest.approx(np.sqrt((25 * inner + outer) / (inner + outer)))
    assert found.whole == pytest.approx(np.sqrt((25 * 100 + 800) / 900))
    used[10:20, 10:20] = False
    used[14, 14] = True
    assert errors(rate, truth, used).whole == pytest.approx(np.sqrt((25 + 800) / 801))

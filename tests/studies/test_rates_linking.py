"""Errors of linked rates: on moving ground, along the motion, by class, and across an edge."""

import numpy as np
import pytest
from studies.rates.linking import Scene, bias, by_class, edge_width, rmse


@pytest.fixture
def scene():
    """A square of 40 x 40 cells that moves by 20 mm/yr away from the satellite."""
    truth = np.zeros((60, 60))
    truth[10:50, 10:50] = -20
    return Scene(truth, np.full(truth.shape, 0.6), np.ones(truth.shape, bool), 30.0)


def test_errors_are_told_apart_by_motion(scene):
    """A rate that sees three quarters of the motion, on ground with an error of 1 mm/yr."""
    rate = np.where(scene.moves, -15.0, 1.0)
    assert rmse(rate, scene, scene.moves) == pytest.approx(5) and rmse(rate, scene, ~scene.moves) == pytest.approx(1)
    assert bias(rate, scene) == pytest.approx(-5)  # motion is lost
    assert by_class(rate, scene, np.abs(scene.truth), (0, 5, 100, 200)) == "1.00 / 5.00 / -"
    assert scene.area_ha()[scene.moves].min() == scene.area_ha()[scene.moves].max() == 1600 * 0.09
    scene.used[scene.moves] = False
    scene.used[30, 30] = True
    assert bias(rate, scene) == pytest.approx(-5) and rmse(rate, scene, ~scene.moves) == pytest.approx(1)


def test_a_blurred_edge_is_wider_than_a_sharp_one(scene):
    """A box of five cells makes a ramp of five: 10 to 90 % of it are four, less what corners take."""
    from scipy.ndimage import uniform_filter

    sharp, blurred = edge_width(scene.truth, scene), edge_width(uniform_filter(scene.truth, 5), scene)
    assert sharp == pytest.approx(0.8)  # of the step between the centres of two cells
    assert blurred == pytest.approx(4, abs=0.3)

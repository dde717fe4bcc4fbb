"""East and up: planted motion comes back, with its error; against NumPy's least squares."""

import numpy as np
import pytest

from sarslide.rates.decomposition import east_and_up

# Sentinel-1 at 34 and 39 degrees of incidence: ascending looks from the west, descending from the east.
ASCENDING, DESCENDING = (-0.549, -0.106, 0.829), (0.618, -0.122, 0.777)


def seen(motion, tracks):
    """Line-of-sight rates of a motion (east, north, up)."""
    return np.array([np.dot(motion, track) for track in tracks])


def solved(rates, stds, tracks):
    east, _, up = np.array(tracks).T
    shape = (-1, *[1] * (np.ndim(rates) - 1))
    spread = np.ones(np.shape(rates))
    return east_and_up(
        np.asarray(rates), np.asarray(stds) * spread, east.reshape(shape) * spread, up.reshape(shape) * spread
    )


def test_planted_motion():
    """Exact but for rounding; what moves north is told wrongly by a fifth at most."""
    tracks = [ASCENDING, DESCENDING]
    east, _, up, _ = solved(seen((35.0, 0.0, -12.0), tracks), [2.0, 3.0], tracks)
    assert [east, up] == pytest.approx([35.0, -12.0], rel=1e-9)
    east, _, up, _ = solved(seen((0.0, 10.0, 0.0), tracks), [2.0, 3.0], tracks)
    assert abs(east) < 1 and abs(up) < 2


def test_three_tracks_are_weighted_least_squares():
    tracks = [ASCENDING, DESCENDING, (-0.67, -0.13, 0.73)]
    rates, stds = np.array([-31.0, 12.0, -40.0]), np.array([2.0, 1.0, 4.0])
    design = np.array(tracks)[:, [0, 2]] / stds[:, None]
    expected = np.linalg.lstsq(design, rates / stds, rcond=None)[0]
    errors = np.sqrt(np.diag(np.linalg.inv(design.T @ design)))
    east, east_std, up, up_std = solved(rates, stds, tracks)
    np.testing.assert_allclose([east, up, east_std, up_std], [*expected, *errors], rtol=1e-9)


def test_errors_are_those_of_planted_noise():
    """20,000 cells; a standard deviation of normal numbers is known to 0.5 %."""
    rng, tracks, stds = np.random.default_rng(4), [ASCENDING, DESCENDING], np.array([[3.0], [5.0]])
    rates = seen((20.0, 0.0, -8.0), tracks)[:, None] + stds * rng.normal(size=(2, 20_000))
    east, east_std, up, up_std = solved(rates, stds, tracks)
    assert [east.mean(), up.mean()] == pytest.approx([20.0, -8.0], abs=0.1)
    assert [east.std(), up.std()] == pytest.approx([east_std[0], up_std[0]], rel=0.02)


def test_cells_that_one_side_alone_sees_have_none():
    rates = np.array([[1.0, np.nan, 1.0], [2.0, 2.0, 2.0]])
    stds = np.array([[1.0, 1.0, np.nan], [1.0, 1.0, 1.0]])
    assert [np.isfinite(part).tolist() for part in solved(rates, stds, [ASCENDING, DESCENDING])] == [
        [True, False, False]
    ] * 4
    assert np.isnan(solved(rates[:, :1], stds[:, :1], [ASCENDING, (-0.67, -0.13, 0.73)])).all()

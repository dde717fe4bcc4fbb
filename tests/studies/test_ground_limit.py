"""The limit against noise and landslides whose significance follows from their numbers."""

import numpy as np
import pytest
from studies.ground import limit

SHAPE, CELL_M, SIGMA = (300, 320), 30.0, 4.0


def disc(row, col, radius, shape=SHAPE):
    r, c = np.ogrid[: shape[0], : shape[1]]
    return np.hypot(r - row, c - col) <= radius


@pytest.fixture
def noise():
    return np.random.default_rng(7).normal(0, SIGMA, SHAPE)


@pytest.mark.parametrize(("radius", "rate"), [(1.5, 9.0), (4, -3.0), (9, 1.5)])
def test_white_noise(noise, radius, rate):
    """Weighted mean of n cells less the median of a ring of m: its variance is that of both, and pi/2 of a median."""
    cells = disc(140, 150, radius)
    pattern = np.where(cells, rate, 0.0)
    body = limit.footprint(cells, pattern, CELL_M)
    n, m = body.inside.shape[1], body.ring.shape[1]
    expected = abs(rate) / (SIGMA * np.sqrt(1 / n + np.pi / 2 / m))
    # 2000 places: the robust deviation has a relative standard error of 1.17 / sqrt(2000) = 2.6 % of independent
    # ones; those of the largest disc, 170 cells a side of 300, share cells: three times 2.6, and as much again.
    found, chance = limit.significance(noise * 0 + pattern, noise, body, np.random.default_rng(1), 2000, 2000)
    assert found == pytest.approx(expected, rel=0.16)
    # In noise it differs from that by one standard deviation, of itself: four of them are never passed.
    noisy, _ = limit.significance(noise + pattern, noise, body, np.random.default_rng(1), 2000, 2000)
    assert abs(noisy - expected) < 4 + 0.16 * expected
    assert chance < 0.005


def test_the_ring_is_60_to_360_m_from_the_outline_and_takes_the_level_off(noise):
    cells = disc(140, 150, 4)
    body = limit.footprint(cells, cells * 10.0, CELL_M)
    distance = (np.hypot(body.ring[0] - 140, body.ring[1] - 150) - 4) * CELL_M
    # To the middles of cells; outlines of a disc of cells are ragged by one.
    assert distance.min() >= 60 - CELL_M and distance.max() <= 360 + CELL_M
    assert distance.min() < 60 + CELL_M and distance.max() > 360 - 2 * CELL_M
    here = np.zeros((1, 2), int)
    assert limit.amplitude(cells * 10.0 + 500.0, body, here)[0] == pytest.approx(1.0)
    # A slope of the level of 1 mm/yr a cell is the same on both sides.
    tilted = cells * 10.0 + np.arange(SHAPE[1])
    assert limit.amplitude(tilted, body, here)[0] == pytest.approx(1.0, abs=0.05)


def test_the_pattern_weighs(noise):
    """A fast half and a slow one: the sum is that of least squares, better than a plain mean."""
    cells = disc(140, 150, 6)
    pattern = np.where(cells, 1.0, 0.0)
    pattern[:, :150] *= 9.0
    weighted = limit.footprint(cells, pattern, CELL_M)
    expected = np.sqrt((weighted.weights**2).sum()) / SIGMA
    found, _ = limit.significance(pattern, noise, weighted, np.random.default_rng(1), 2000, 2000)
    ring = 1 + np.pi / 2 * weighted.weights.sum() ** 2 / (weighted.weights**2).sum() / weighted.ring.shape[1]
    assert found == pytest.approx(expected / np.sqrt(ring), rel=0.16)


def test_what_a_track_does_not_know_is_not_found(noise):
    cells = disc(140, 150, 6)
    rate = np.where(cells, 50.0, noise)
    half = rate.copy()
    half[:, 152:] = np.nan
    hidden = np.where(cells, np.nan, rate)
    body = limit.footprint(cells, cells * 50.0, CELL_M)
    assert limit.significance(half, noise, body, np.random.default_rng(1))[0] > limit.FOUND
    assert limit.significance(hidden, noise, body, np.random.default_rng(1)) == (0.0, 0.0)


def test_planted_bodies_of_a_region(noise):
    """Two landslides, one below and one far above four deviations, seen from two sides."""
    bodies = 1 * disc(60, 60, 3) + 2 * disc(200, 250, 3)
    planted = np.choose(bodies, [0.0, 0.8, 30.0])
    found = limit.of_region(bodies, {"A": (noise + planted, planted), "D": (noise - planted, -planted)}, CELL_M, 5)
    assert found["A"].shape == (2, 2)
    assert found["A"][0, 0] < limit.FOUND < found["A"][1, 0] and found["D"][1, 0] > limit.FOUND
    again = limit.of_region(bodies, {"A": (noise + planted, planted)}, CELL_M, 5)
    np.testing.assert_array_equal(again["A"], found["A"])


def test_rare_spikes_pass_by_chance(noise):
    """A spike of 100 mm/yr in one cell of 50: the robust deviation does not see it, so many places of one cell pass."""
    rng = np.random.default_rng(3)
    spiky = np.where(rng.random(SHAPE) < 0.02, 100.0, noise)
    one = disc(140, 150, 0)
    _, chance = limit.significance(noise, spiky, limit.footprint(one, one * 5.0, CELL_M), rng, 2000, 2000)
    # Four standard errors of a share of 2 % of 2000.
    assert chance == pytest.approx(0.02, abs=4 * np.sqrt(0.02 / 2000))

"""Standard errors of means: against planted noise whose correlation is known in closed form."""

import math

import numpy as np
import pytest

from sarslide.rates.mean_error import NoiseCorrelation, noise_correlation, std_of_mean

SHAPE = (256, 256)
STD = 3.0


def planted(rng: np.random.Generator, correlation, shape=SHAPE) -> np.ndarray:
    """Normal noise of unit variance with a correlation by distance, on a torus of twice the size."""
    size = [2 * side for side in shape]
    down, across = (np.minimum(np.arange(n), n - np.arange(n)) for n in size)
    spectrum = np.fft.fft2(correlation(np.hypot(down[:, None], across))).real.clip(0)
    white = np.fft.fft2(rng.normal(size=size))
    return np.fft.ifft2(white * np.sqrt(spectrum)).real[: shape[0], : shape[1]]


def disc(radius: float, shape=SHAPE) -> np.ndarray:
    rows, cols = np.indices(shape)
    return np.hypot(rows - shape[0] // 2, cols - shape[1] // 2) <= radius


def double_sum(inside: np.ndarray, correlation) -> float:
    """Standard error of the mean by its definition: every cell with every other one."""
    rows, cols = np.nonzero(inside)
    distance = np.hypot(rows[:, None] - rows, cols[:, None] - cols)
    return STD * math.sqrt(correlation(distance).mean())


def fading(distance):
    return np.exp(-distance / 4.0)


def mixed(distance):
    """A filter of five cells over speckle of single cells."""
    return np.where(distance == 0, 0.4, 0.0) + 0.6 * np.exp(-((distance / 5.0) ** 2))


def white(distance):
    return (distance == 0).astype(float)


def test_it_is_the_double_sum_over_all_cells():
    """To rounding, with unequal errors and cells without one."""
    rng = np.random.default_rng(1)
    std, inside = rng.uniform(1, 5, (9, 14)), rng.random((9, 14)) < 0.6
    std[3, 4:7] = np.nan
    known = NoiseCorrelation(0.3, (0.0, 0.0, 0.5, *5 * (0.0,)), (0.0, 0.2, *6 * (0.0,)))
    rows, cols = np.nonzero(inside & np.isfinite(std))
    errors, distance = std[rows, cols], np.hypot(rows[:, None] - rows, cols[:, None] - cols)
    one = np.where(distance == 0, 0.3, 0) + 0.5 * np.exp(-distance / 4) + 0.2 * np.exp(-((distance / 2) ** 2))
    expected = math.sqrt(errors @ one @ errors) / len(errors)
    assert std_of_mean(std, inside, known) == pytest.approx(expected, rel=1e-9)


@pytest.mark.parametrize("correlation", [fading, mixed, white])
def test_planted_noise(correlation):
    """Root mean square over six fields of 256 x 256 cells against the analytic one. A field has some
    700 independent areas of the longest correlation, and its variance of means is known to 6 %.
    """
    rng = np.random.default_rng(7)
    std, stable = np.full(SHAPE, STD), ~disc(14.0)
    fields = [noise_correlation(STD * planted(rng, correlation), std, stable) for _ in range(6)]
    for inside in (disc(3.0), disc(10.0)):
        found = math.sqrt(np.mean([std_of_mean(std, inside, known) ** 2 for known in fields]))
        assert found == pytest.approx(double_sum(inside, correlation), rel=0.1)


def test_intervals_of_means_hold():
    """Nine landslides in each of 30 fields; 95 % of the means lie within 1.96 standard errors, but
    for the binomial spread of 270 (3.4 % at 99 %) and 1 % for an estimate from one field.
    """
    rng = np.random.default_rng(11)
    std = np.full(SHAPE, STD)
    places = [np.roll(disc(9.0), (row, col), (0, 1)) for row in (-80, 0, 80) for col in (-80, 0, 80)]
    stable = ~np.any(places, axis=0)
    z = []
    for _ in range(30):
        rate = STD * planted(rng, fading)
        known = noise_correlation(rate, std, stable)
        z += [rate[inside].mean() / std_of_mean(std, inside, known) for inside in places]
    assert np.mean(np.abs(z) < 1.96) == pytest.approx(0.95, abs=0.044)


def test_errors_that_are_stated_too_small_are_made_good():
    """Stated errors half as large as the noise: the same error of the mean, to rounding."""
    rate = STD * planted(np.random.default_rng(3), fading)
    stable, inside = ~disc(12.0), disc(8.0)
    found = [
        std_of_mean(stated, inside, noise_correlation(rate, stated, stable))
        for stated in (np.full(SHAPE, STD), np.full(SHAPE, STD / 2))
    ]
    assert found[0] == pytest.approx(found[1], rel=1e-9)


def test_blocks_are_one_map():
    """A map of several blocks: products over their edges are left out, not taken as zero."""
    rng = np.random.default_rng(5)
    rate = STD * planted(rng, fading, (600, 300))
    std, inside = np.full(rate.shape, STD), disc(6.0, rate.shape)
    known = noise_correlation(rate, std, ~inside)
    assert std_of_mean(std, inside, known) == pytest.approx(double_sum(inside, fading), rel=0.15)


def test_too_little_stable_ground_tells_nothing():
    stable = np.zeros(SHAPE, bool)
    stable[0, :255] = stable[1, :244] = True
    assert noise_correlation(np.zeros(SHAPE), np.ones(SHAPE), stable) is None
    alone = NoiseCorrelation(1.0, 8 * (0.0,), 8 * (0.0,))
    assert math.isnan(std_of_mean(np.full((4, 4), np.nan), np.ones((4, 4), bool), alone))

"""Phase bias: fading speckle of an analytic model is found with its rate, pure noise gives the stated false alarms."""

import numpy as np
import pytest

from sarslide.constants import DAYS_PER_YEAR
from sarslide.insar.phase_bias import FALSE_ALARM, phase_bias
from sarslide.names import split_pair
from sarslide.network import choose_pairs
from tests.test_network import REGULAR

WINDOW, LOOKS = 3, 6
PAIRS = choose_pairs(REGULAR, "p0")
INTERVAL_YEARS = 12 / DAYS_PER_YEAR


def covariance(stable: float, fading: float, drift_rad: float, fade: float = 0.7, lasting: float = 0.97) -> np.ndarray:
    """Of the dates' samples: stable ground, a fading part whose phase drifts from date to date, and noise; sum of powers 1.

    Each term is a covariance (a power of a number below 1 times a phasor), so the sum is one.
    """
    k = np.arange(len(REGULAR))
    apart = np.subtract.outer(k, k)
    terms = stable * lasting ** np.abs(apart) + fading * fade ** np.abs(apart) * np.exp(1j * drift_rad * -apart)
    return terms + (1 - stable - fading) * np.eye(len(k))


def stack(cov: np.ndarray, cells: int, seed: int):
    """(wrapped, coherence) of each pair on a grid of cells x cells; samples of a cell are circular Gaussian with `cov`."""
    rng, root = np.random.default_rng(seed), np.linalg.cholesky(cov)
    shape = (cells, cells, LOOKS, len(REGULAR))
    samples = (rng.normal(size=shape) + 1j * rng.normal(size=shape)) @ root.T / np.sqrt(2)
    position = {date: k for k, date in enumerate(REGULAR)}
    found = {}
    for pair in PAIRS:
        i, j = (position[date] for date in split_pair(pair))
        product = (samples[..., i] * samples[..., j].conj()).sum(axis=2)
        found[pair] = np.angle(product), np.full(product.shape, abs(cov[i, j]))
    return found


def found_in(pairs: dict, cells: int, free_level: bool = False):
    def read(pair, rows):
        return tuple(one[rows] for one in pairs[pair])

    return phase_bias(read, PAIRS, (cells, cells), WINDOW, free_level)


@pytest.mark.parametrize("parts", [(0.9, 0.0), (0.45, 0.45), (0.2, 0.35)])
def test_noise_gives_the_stated_false_alarms(parts):
    """No drift, so no bias: 1 % of 10 000 cells; their windows of 3 x 3 overlap, so about 1100 are independent and the share
    scatters by 0.3 %; the asymptotic law adds up to 0.3 % at low coherence. Within 0.4 % to 2 %."""
    found = found_in(stack(covariance(*parts, drift_rad=0.0), 100, 3), 100)
    print(f"{parts}: {found.flagged / found.judged:.4f} flagged, effective looks {found.looks:.1f}")
    assert found.days == 12 and found.triplets == 28 and found.judged == 10_000
    assert 0.4 * FALSE_ALARM < found.flagged / found.judged < 2 * FALSE_ALARM
    assert np.nanmean(found.rate_rad_per_yr) == pytest.approx(0, abs=0.05)
    # one look in two of the nominal 54 is left without amplitudes
    assert 15 < found.looks < 60


@pytest.mark.parametrize("drift", [0.8, -0.8])
def test_fading_signal_is_found_with_its_rate(drift):
    """Fading half: the closure is 2 arg g(12 d) - arg g(24 d), all of it known. The phase is that of earlier x conj(later), so a
    positive drift looks like ground that moves away."""
    cov = covariance(0.4, 0.4, drift, fade=0.5)
    cells = 60
    closure = 2 * np.angle(cov[0, 1]) - np.angle(cov[0, 2])
    assert np.sign(closure) == np.sign(drift) and abs(closure) > 0.1
    found = found_in(stack(cov, cells, 4), cells)
    assert found.flagged / found.judged > 0.95
    rate = closure / (2 * INTERVAL_YEARS)
    assert np.nanmean(found.rate_rad_per_yr) == pytest.approx(rate, rel=0.03)
    # what it means: a chain of 12-day pairs runs ahead of one of 24-day pairs by this much
    assert rate == pytest.approx(np.angle(cov[0, 1]) / INTERVAL_YEARS - np.angle(cov[0, 2]) / (2 * INTERVAL_YEARS))


def test_the_standard_error_is_the_scatter():
    """On 60 x 60 cells of noise the rates scatter as stated, to 5 %."""
    found = found_in(stack(covariance(0.5, 0.4, 0.0), 60, 8), 60)
    assert np.nanstd(found.rate_rad_per_yr) == pytest.approx(np.sqrt(np.nanmean(found.std_rad_per_yr**2)), rel=0.05)


def test_motion_and_atmosphere_leave_no_bias():
    """A common phase of each date, a ramp in space and a rate, cancels in every closure: the result does not change."""
    pairs = stack(covariance(0.5, 0.3, 0.3), 40, 6)
    position = {date: k for k, date in enumerate(REGULAR)}
    screens = np.random.default_rng(1).normal(0, 3, len(REGULAR))
    moved = {}
    for pair, (wrapped, coherence) in pairs.items():
        i, j = (position[date] for date in split_pair(pair))
        moved[pair] = np.angle(np.exp(1j * (wrapped + screens[j] - screens[i] + 0.4 * (j - i)))), coherence
    plain, shifted = found_in(pairs, 40), found_in(moved, 40)
    np.testing.assert_allclose(plain.rate_rad_per_yr, shifted.rate_rad_per_yr, atol=1e-6)
    np.testing.assert_array_equal(plain.flag, shifted.flag)


def test_free_levels_are_taken_out():
    """Each pair with a constant of its own, as other processors leave it: the bias of one half of the region against the mean of
    the region, half of the difference; without the option the constants would pass for bias everywhere."""
    biased = stack(covariance(0.4, 0.4, 0.8, fade=0.5), 40, 4)
    clean = stack(covariance(0.4, 0.4, 0.0, fade=0.5), 40, 5)
    rng = np.random.default_rng(7)
    mixed = {}
    for pair in PAIRS:
        wrapped = np.where(np.arange(40) < 20, biased[pair][0], clean[pair][0]) + rng.uniform(-3, 3)
        mixed[pair] = np.angle(np.exp(1j * wrapped)), clean[pair][1]
    cov = covariance(0.4, 0.4, 0.8, fade=0.5)
    rate = (2 * np.angle(cov[0, 1]) - np.angle(cov[0, 2])) / (2 * INTERVAL_YEARS)
    found = found_in(mixed, 40, free_level=True).rate_rad_per_yr
    halves = np.nanmean(found[:, :19]), np.nanmean(found[:, 21:])
    assert halves[0] - halves[1] == pytest.approx(rate, rel=0.1)
    assert sum(halves) == pytest.approx(0, abs=0.1 * rate)


def test_what_cannot_be_judged():
    """Incoherent ground, cells without phase, networks without equal triplets."""
    pairs = stack(covariance(0.1, 0.0, 0.0), 20, 2)
    nothing = found_in(pairs, 20)
    assert (nothing.flag == 255).all() and nothing.judged == 0 and np.isnan(nothing.rate_rad_per_yr).all()
    chain = [
        pair for pair in PAIRS if (int(pair[9:]) - int(pair[:8])) and pair in choose_pairs(REGULAR, "nearest", 12, 1)
    ]
    none = phase_bias(lambda pair, rows: tuple(one[rows] for one in pairs[pair]), chain, (20, 20))
    assert none.days is None and none.triplets == 0 and (none.flag == 255).all()
    good = stack(covariance(0.9, 0.0, 0.0), 20, 2)
    for wrapped, _ in good.values():
        wrapped[3, 4] = np.nan
    assert found_in(good, 20).flag[3, 4] == 255 and found_in(good, 20).judged == 399

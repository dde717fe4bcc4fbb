"""Stacking beside delays of the dates: against dense least squares, and where winter takes pairs away."""

import numpy as np
import pytest

from sarslide.errors import RateError
from sarslide.names import split_pair
from sarslide.network import pair_matrix
from sarslide.rates.date_stack import DATE_RAD, DateStack
from sarslide.rates.stacking import Stack
from tests.support.valley import dates, short_pairs, years

PAIRS = sorted(short_pairs(dates(30)), key=lambda pair: split_pair(pair)[::-1])
YEARS = np.array([years(pair) for pair in PAIRS])
SHAPE = (20, 30)


def stacked(kind, phase, weight):
    stack = kind(PAIRS, SHAPE)
    for pair, own, of_pair in zip(PAIRS, phase, weight, strict=True):
        stack.add(pair, own, np.full(SHAPE, 0.5), of_pair)
    return stack.result(pool=lambda values: np.full(SHAPE, np.nanmean(values)))


def test_it_is_generalised_least_squares():
    """One cell with gaps by the matrices of the model."""
    random = np.random.default_rng(1)
    phase, weight = random.standard_normal((len(PAIRS), *SHAPE)), random.uniform(0.1, 30, (len(PAIRS), *SHAPE))
    phase[random.random(phase.shape) < 0.3] = np.nan
    found = stacked(DateStack, phase, weight)
    for cell in ((0, 0), (7, 21)):
        held = np.isfinite(phase[(slice(None), *cell)])
        incidence, x = pair_matrix(PAIRS)[held], YEARS[held]
        inverse = np.linalg.inv(np.diag(1 / weight[(slice(None), *cell)][held]) + DATE_RAD**2 * incidence @ incidence.T)
        want = x @ inverse @ phase[(slice(None), *cell)][held] / (x @ inverse @ x)
        assert found.estimate[cell] == pytest.approx(want, rel=1e-9)
        assert found.pair_count[cell] == held.sum()


def test_a_constant_rate_comes_back_with_gaps():
    phase = np.broadcast_to(4.2 * YEARS[:, None, None], (len(PAIRS), *SHAPE)).copy()
    phase[np.random.default_rng(2).random(phase.shape) < 0.5] = np.nan
    found = stacked(DateStack, phase, np.ones_like(phase))
    assert np.allclose(found.estimate, 4.2) and np.abs(found.std).max() < 1e-6


def test_winter_costs_less_than_in_a_plain_stack_and_the_error_says_how_much():
    """Delays of 0.6 rad, coherence 0.7 in summer and 0.2 in winter, where cells lose half of their pairs.

    600 cells share the delays: each of 60 draws is one trial, whose rms is known to 1 / sqrt(120) = 9 %.
    """
    random, errors, stated = np.random.default_rng(3), {DateStack: [], Stack: []}, []
    winter = np.array([not "0501" <= date[4:] <= "1031" for date, _ in map(split_pair, PAIRS)])
    coherence = np.where(winter, 0.2, 0.7)[:, None, None]
    weight = np.broadcast_to(11 * coherence**2 / (1 - coherence**2), (len(PAIRS), *SHAPE))
    for _ in range(60):
        delays = random.normal(0, DATE_RAD, 30)
        phase = (pair_matrix(PAIRS) @ delays)[:, None, None] + random.normal(0, 1, weight.shape) / np.sqrt(weight)
        phase[(random.random(phase.shape) < 0.5) & winter[:, None, None]] = np.nan
        for kind, held in errors.items():
            result = stacked(kind, phase, np.ones_like(weight) if kind is Stack else weight)
            held.append(result.estimate)
            if kind is DateStack:
                stated.append(result.std)
    rms = {kind: float(np.sqrt(np.mean(np.square(held)))) for kind, held in errors.items()}
    assert rms[DateStack] < 0.6 * rms[Stack]
    assert np.sqrt(np.mean(np.square(stated))) == pytest.approx(rms[DateStack], rel=0.2)


def test_no_pairs_are_one_line():
    with pytest.raises(RateError, match="no pairs to stack"):
        DateStack([], (2, 2))

"""Eq. 1 of P4 by hand, exact recovery, and a standard error that agrees with Monte Carlo for both kinds of noise."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sarslide.errors import RateError
from sarslide.rates.stacking import Stack
from tests.support.valley import dates, short_pairs, years

SHORT = short_pairs(dates(30))


def stacked(pairs, phases, shape, weights=None, **kwargs):
    stack = Stack(pairs, shape, **kwargs)
    for k, pair in enumerate(pairs):
        stack.add(pair, phases[k], 0.5, 1.0 if weights is None else weights[k])
    return stack.result()


def test_eq_1_by_hand():
    # 12, 24 and 12 days in Julian years; p = sum(dt phi) / sum(dt^2)
    pairs = ["20200101_20200113", "20200101_20200125", "20200113_20200125"]
    phi = [0.3, 0.9, 0.5]
    t = 12 / 365.25
    expected = (t * 0.3 + 2 * t * 0.9 + t * 0.5) / (t * t + 4 * t * t + t * t)
    result = stacked(pairs, [np.full((1, 1), value) for value in phi], (1, 1))
    assert result.estimate[0, 0] == pytest.approx(expected, rel=1e-12)
    assert result.pair_count[0, 0] == 3
    assert result.mean_coherence[0, 0] == 0.5


@settings(max_examples=40, deadline=None)
@given(st.data())
def test_a_constant_rate_comes_back_whatever_pairs_are_missing(data):
    rate = data.draw(st.floats(-300, 300))
    holes = data.draw(st.lists(st.booleans(), min_size=len(SHORT), max_size=len(SHORT)))
    order = data.draw(st.permutations(range(len(SHORT))))
    weights = data.draw(st.lists(st.floats(0.01, 100), min_size=len(SHORT), max_size=len(SHORT)))
    stack = Stack(SHORT, (1, 1))
    for k in order:
        phase = np.nan if holes[k] else rate * years(SHORT[k])
        stack.add(SHORT[k], np.full((1, 1), phase), weight=weights[k])
    result = stack.result()
    kept = len(SHORT) - sum(holes)
    assert result.pair_count[0, 0] == kept
    if kept >= 3:
        assert result.estimate[0, 0] == pytest.approx(rate, abs=1e-9)
        assert result.std[0, 0] == pytest.approx(0, abs=1e-4)
    else:
        assert np.isnan(result.estimate[0, 0])


def test_weights_are_weighted_least_squares():
    rng = np.random.default_rng(3)
    phi, w = rng.standard_normal((57, 4, 5)), rng.uniform(0.1, 3, (57, 4, 5))
    dt = np.array([years(pair) for pair in SHORT])[:, None, None]
    result = stacked(SHORT, phi, (4, 5), w)
    np.testing.assert_allclose(result.estimate, (w * dt * phi).sum(0) / (w * dt * dt).sum(0), rtol=1e-12)


@pytest.mark.parametrize(("per_date", "per_pair"), [(0.3, 0.0), (0.0, 0.3), (0.3, 0.3)])
@pytest.mark.parametrize("regressor", ["interval", "mean"])
@pytest.mark.parametrize("gaps", [0.0, 0.2])
def test_standard_error_is_the_scatter_of_many_trials(per_date, per_pair, regressor, gaps):
    # 20,000 cells are independent trials. A single variance split from 57 residuals is uncertain and is clipped at zero, so the
    # root mean square of the standard errors may be off by several per cent: 12 % is required; confusing the two kinds of
    # noise would be off by a factor of three.
    rng = np.random.default_rng(11)
    shape = (100, 200)
    a = per_date * rng.standard_normal((30, *shape))
    e = per_pair * rng.standard_normal((len(SHORT), *shape))
    names = dates(30)
    phases = []
    for k, pair in enumerate(SHORT):
        earlier, later = (names.index(day) for day in pair.split("_"))
        phase = a[later] - a[earlier] + e[k]
        phase[rng.random(shape) < gaps] = np.nan
        phases.append(phase)
    x = None if regressor == "interval" else [1.0] * len(SHORT)
    result = stacked(SHORT, phases, shape, regressor=x)
    assert np.sqrt(np.mean(result.std**2)) == pytest.approx(np.std(result.estimate), rel=0.12)


def test_dates_are_closed_as_pairs_come_so_memory_stays_small():
    stack = Stack(SHORT, (1, 1))
    for pair in SHORT:
        stack.add(pair, np.zeros((1, 1)))
        assert len(stack._open) <= 3


def test_no_pairs():
    with pytest.raises(RateError, match=r"^E3008 no pairs to stack; cure: "):
        Stack([], (2, 2))

"""Closure: planted unwrapping errors are found in the pair that has them, component offsets named, right cells left alone."""

from datetime import timedelta

import numpy as np
import pytest

from sarslide import names
from sarslide.errors import RateError
from sarslide.insar.closure import close_triplets
from sarslide.insar.error_cycles import AMBIGUOUS, TWO_PI, UNKNOWN, apply, is_wrong
from sarslide.insar.loop_errors import solve
from sarslide.network import choose_pairs, triplets

SHAPE = (300, 290)  # more than one tile each way
DATES = [f"{names.parse_date('20190306') + timedelta(days=12 * k):%Y%m%d}" for k in range(10)]
PAIRS = choose_pairs(DATES, "nearest", 24, 2)


class Stack:
    """Phases of dates (smooth, several cycles), pair noise, free levels, and a component map; errors are added in cycles."""

    def __init__(self, pairs=PAIRS, noise_rad=0.5, seed=5):
        self.rng = np.random.default_rng(seed)
        y, x = np.mgrid[: SHAPE[0], : SHAPE[1]] / 100.0
        of_date = {
            day: sum(self.rng.normal(0, 4) * np.sin(k * x + self.rng.uniform(0, 6)) * np.cos(k * y) for k in (1, 2, 3))
            for day in DATES
        }
        self.unwrapped, self.wrapped = {}, {}
        for pair in pairs:
            earlier, later = names.split_pair(pair)
            phase = of_date[later] - of_date[earlier] + self.rng.normal(0, noise_rad, SHAPE)
            phase += self.rng.uniform(-20, 20)  # the level of a pair is free
            self.wrapped[pair] = np.angle(np.exp(1j * phase))
            self.unwrapped[pair] = phase
        self.components = {pair: np.ones(SHAPE, np.uint16) for pair in pairs}
        self.planted = {pair: np.zeros(SHAPE, int) for pair in pairs}
        self.reads = 0

    def plant(self, pair, rows, cols, cycles):
        self.unwrapped[pair][rows, cols] += TWO_PI * cycles
        self.planted[pair][rows, cols] += cycles

    def read(self, pair, rows, cols):
        self.reads += 1
        return tuple(one[pair][rows, cols] for one in (self.unwrapped, self.wrapped, self.components))

    def close(self, pairs=PAIRS):
        errors = np.zeros((len(pairs), *SHAPE), np.int8)

        def put(rows, cols, block):
            errors[:, rows, cols] = block

        found = close_triplets(self.read, pairs, SHAPE, put)
        return found, dict(zip(pairs, errors, strict=True))


def test_a_right_stack_closes():
    """Noise of 0.5 rad a pair gives a closure of 0.87 rad rms: beyond half a cycle in 3 cells of 10 000 (normal law)."""
    found, errors = Stack().close()
    assert len(found.triplets) == 8 and (found.count == 8).all()
    assert found.error_count.sum() / found.count.sum() == pytest.approx(2.9e-4, rel=0.15)
    assert np.nanmean(found.rms_rad**2) == pytest.approx(0.75, rel=0.01)  # 3 x 0.5^2, hardly wrapped
    assert all(np.mean(is_wrong(one)) < 2e-3 for one in errors.values())
    assert all(one.wrapped_rms_rad == pytest.approx(0.866, rel=0.02) for one in found.triplets)
    for one in found.triplets:  # the levels of the three pairs add up to the same in both
        assert abs(np.angle(np.exp(1j * (one.wrapped_mean_rad - one.level_rad)))) < TWO_PI / 32 / 2 + 0.01


@pytest.mark.parametrize("days", [12, 24])
def test_planted_errors_are_found_in_their_pair(days):
    """Every inner pair of one length, its own patch: at least 99 % of the planted cells, with the right number of cycles; false
    alarms below 1 in 1000 cells. Both limits are those of the noise: 3 in 10 000 closures round to the wrong cycle."""
    stack = Stack()
    inner = [pair for pair in PAIRS if names.days_between(*names.split_pair(pair)) == days][1:-1]
    for k, pair in enumerate(inner):
        stack.plant(pair, slice(30 * k, 30 * k + 28), slice(100, 200), (-2, -1, 1, 2)[k % 4])
    found, errors = stack.close()
    for pair in PAIRS:
        planted, solved = stack.planted[pair], errors[pair]
        if planted.any():
            assert np.mean(solved[planted != 0] == planted[planted != 0]) > 0.99
        assert np.mean(is_wrong(solved)[planted == 0]) < 1e-3
    # an inner short pair opens two triplets, a long one opens one
    assert np.median(found.error_count[5:20, 120:180]) == (2 if days == 12 else 1)
    statistics = max(one.to_dict()["nonzero_share"] for one in found.triplets)
    assert statistics == pytest.approx((2 if days == 12 else 1) * 2800 / (SHAPE[0] * SHAPE[1]), abs=1e-3)


def test_an_error_at_the_end_of_the_network_is_ambiguous():
    """The first short pair is in one triplet only, like the long one: both are suspected, neither is corrected."""
    stack = Stack(noise_rad=0.1)
    first, _, long = triplets(PAIRS)[0]
    stack.plant(first, slice(0, 50), slice(0, 50), 1)
    _, errors = stack.close()
    assert (errors[first][:50, :50] == AMBIGUOUS).all() and (errors[long][:50, :50] == AMBIGUOUS).all()
    assert sum(int(is_wrong(one).sum()) for one in errors.values()) == 2 * 2500


def test_an_offset_component_is_named_and_its_cells_are_wrong():
    """A component of its own, two cycles off: the level stays that of the largest, the component is reported and named."""
    stack = Stack(noise_rad=0.1)
    pair = PAIRS[7]
    assert names.days_between(*names.split_pair(pair)) == 24
    stack.components[pair][200:, :] = 2
    stack.plant(pair, slice(200, None), slice(None), -2)
    stack.components[PAIRS[1]][:, 250:] = 0  # not reliable: not judged
    found, errors = stack.close()
    (offset,) = [
        (one.pairs.index(pair), part) for one in found.triplets for part in one.components if part["offset_cycles"]
    ]
    assert offset[0] == 2 and offset[1]["components"] == [1, 1, 2] and offset[1]["off_share"] == 0
    assert offset[1]["offset_cycles"] == 2 and offset[1]["cells"] == 100 * SHAPE[1]
    assert (errors[pair][200:] == -2).all() and not is_wrong(errors[pair][:200]).any()
    touched = [one for one in found.triplets if PAIRS[1] in one.pairs]
    assert (found.count[:, 250:] == 8 - len(touched)).all()


def test_apply_masks_or_corrects():
    stack = Stack(noise_rad=0.1)
    pair = PAIRS[8]
    right = stack.unwrapped[pair].copy()
    stack.plant(pair, slice(40, 90), slice(10, 60), 1)
    _, errors = stack.close()
    masked = apply(stack.unwrapped[pair], errors[pair])
    assert np.isnan(masked[40:90, 10:60]).all() and np.isfinite(masked).sum() == masked.size - 2500
    np.testing.assert_allclose(apply(stack.unwrapped[pair], errors[pair], correct=True), right, atol=1e-9)
    with pytest.raises(RateError, match="run closure again"):
        apply(right[:5], errors[pair])


def test_each_pair_is_read_twice_a_block(monkeypatch):
    """Memory is bounded by blocks: with a small budget the tiles are 256 cells, and the result is that of one block."""
    stack = Stack()
    stack.plant(PAIRS[8], slice(240, 270), slice(240, 270), 1)
    whole, errors = stack.close()
    assert stack.reads == 2 * len(PAIRS)
    monkeypatch.setattr("sarslide.insar.closure.BUDGET", 1.0)
    stack.reads = 0
    tiled, same = stack.close()
    assert stack.reads == 2 * len(PAIRS) * 4
    np.testing.assert_array_equal(whole.rms_rad, tiled.rms_rad)
    assert all(np.array_equal(errors[pair], same[pair]) for pair in PAIRS)
    assert [one.to_dict() for one in whole.triplets] == [one.to_dict() for one in tiled.triplets]


def test_a_network_without_triplets_judges_nothing():
    chain = [pair for pair in PAIRS if names.days_between(*names.split_pair(pair)) == 12]
    found, errors = Stack().close(chain)
    assert found.triplets == [] and not found.count.any() and np.isnan(found.rms_rad).all()
    assert all((one == UNKNOWN).all() for one in errors.values())


def test_the_fewest_errors_explain_each_pattern():
    """Against brute force over errors of one cycle of one pair: found where no other single error gives the same pattern."""
    pairs = PAIRS[:9]
    index = {pair: k for k, pair in enumerate(pairs)}
    members = np.array([[index[pair] for pair in one] for one in triplets(pairs)])
    design = np.zeros((len(members), len(pairs)), int)
    for t, (a, b, c) in enumerate(members):
        design[t, [a, b]], design[t, c] = 1, -1
    single = [sign * np.eye(len(pairs), dtype=int)[k] for k in range(len(pairs)) for sign in (1, -1)]
    for error in single:
        pattern = design @ error
        smallest = [one for one in single if np.array_equal(design @ one, pattern)]
        solved = solve(pattern.astype(np.int8)[:, None], members, len(pairs))[:, 0]
        if len(smallest) == 1:
            np.testing.assert_array_equal(solved, error)
        else:
            suspects = {int(np.flatnonzero(one)[0]) for one in smallest}
            assert set(np.flatnonzero(solved == AMBIGUOUS)) == suspects
            assert set(np.flatnonzero(solved)) == suspects

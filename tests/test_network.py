"""Networks: sizes that the papers state, no change of old pairs, islands, triplets, the critical baseline."""

from datetime import timedelta
from itertools import combinations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from sarslide import names
from sarslide.errors import CatalogError, NetworkError, StackError
from sarslide.network import (
    PRESETS,
    DateBaseline,
    check,
    choose_pairs,
    critical_baseline_m,
    islands,
    needs_baselines,
    triplets,
)
from sarslide.rates.methods import METHODS


def days(offsets, start="20190306"):
    first = names.parse_date(start)
    return [f"{first + timedelta(days=offset):%Y%m%d}" for offset in offsets]


REGULAR = days(range(0, 360, 12))


def test_p0_has_57_pairs_on_30_gap_free_dates():
    """B03: 29 pairs of 12 days and 28 of 24; a six-day acquisition in between pairs with 12 and 24 days only."""
    pairs = choose_pairs(REGULAR, "p0")
    assert len(pairs) == 57
    assert {names.days_between(*names.split_pair(pair)) for pair in pairs} == {12, 24}
    assert choose_pairs([*REGULAR, days([6])[0]], "p0") == pairs
    assert choose_pairs(REGULAR, "nearest", 24, 2) == pairs


def test_p4_keeps_40_days_and_120_m():
    """By hand: 12, 24 and 36 days where the orbits are at most 120 m apart."""
    dates = days([0, 12, 24, 36, 48])
    orbits = dict(zip(dates, (DateBaseline(b, 6000) for b in (0, 120, -10, 119.9, 300)), strict=True))
    expected = [(0, 1), (0, 2), (0, 3), (1, 3)]
    wanted = [f"{dates[i]}_{dates[j]}" for i, j in expected]
    assert sorted(choose_pairs(dates, "p4", baselines=orbits)) == wanted  # 1-2 is 130 m, 2-3 129.9 m, 4 is far from all


def test_p3_takes_two_percent_of_the_smaller_critical_baseline():
    dates = days([0, 12, 72])
    orbits = dict(zip(dates, (DateBaseline(0, 6000), DateBaseline(119, 5900), DateBaseline(60, 6000)), strict=True))
    assert choose_pairs(dates, "p3", baselines=orbits) == [f"{dates[1]}_{dates[2]}"]  # 119 m > 118 m; 72 days > 60


def test_p2_keeps_short_baselines():
    """B08: P2 prints no limits; by ours, 36 days and 150 m, two of six pairs stay."""
    dates = days([0, 12, 48, 60])
    orbits = dict(zip(dates, (DateBaseline(b, 6000) for b in (0, 149, 0, 151)), strict=True))
    wanted = [(0, 1), (1, 2)]  # 2-3 is 151 m; 0-2, 0-3 and 1-3 are 48 days and more
    assert choose_pairs(dates, "p2", baselines=orbits) == [f"{dates[i]}_{dates[j]}" for i, j in wanted]


def test_critical_baseline_by_hand():
    """0.0555 m x 48.3 MHz x 880 km x tan 39 degrees / c = 6.37 km."""
    assert critical_baseline_m(0.0555, 48.3e6, 880e3, 39.0) == pytest.approx(6372, rel=1e-3)


@given(
    st.dictionaries(st.integers(0, 400), st.floats(-300, 300), min_size=2, max_size=20),
    st.sampled_from([*PRESETS, "nearest"]),
)
def test_a_later_date_never_changes_old_pairs(acquisitions, preset):
    dates = days(sorted(acquisitions))
    orbits = {day: DateBaseline(acquisitions[k], 6000) for k, day in zip(sorted(acquisitions), dates, strict=True)}
    before = choose_pairs(dates[:-1], preset, baselines=orbits)
    after = choose_pairs(dates, preset, baselines=orbits)
    assert after[: len(before)] == before
    assert all(pair.endswith(dates[-1]) for pair in after[len(before) :])


@pytest.mark.parametrize("preset", PRESETS)
def test_a_preset_says_which_baseline_it_misses(preset):
    if needs_baselines(preset):
        with pytest.raises(CatalogError, match=f"{REGULAR[1]}.*cure: `sarslide update`"):
            choose_pairs(REGULAR[:2], preset, baselines={REGULAR[0]: DateBaseline(0, 6000)})
    else:
        assert choose_pairs(REGULAR[:2], preset)


@given(st.lists(st.tuples(st.integers(0, 12), st.integers(0, 12)).filter(lambda p: p[0] < p[1]), max_size=16))
def test_islands_are_the_connected_components(edges):
    """Against scipy's connected components."""
    dates = days(range(0, 13 * 12, 12))
    found = islands([f"{dates[i]}_{dates[j]}" for i, j in edges])
    used = sorted({k for edge in edges for k in edge})
    rows, cols = zip(*edges, strict=True) if edges else ((), ())
    _, labels = connected_components(coo_array((np.ones(len(edges)), (rows, cols)), (13, 13)), directed=False)
    expected = {tuple(dates[k] for k in used if labels[k] == label) for label in labels[used]}
    assert [tuple(part) for part in found] == sorted(expected)


def test_a_gap_stops_sbas_and_warns_stacking():
    dates = days([0, 12, 24, 100, 112, 200])
    pairs = choose_pairs(dates, "p0")
    with pytest.raises(
        NetworkError, match=r"E2001 stack A128: .* 2 islands, gap 20190330-20190614; sbas cannot .*cure:"
    ):
        check("A128", dates, pairs, METHODS["sbas"], "p0", 24)
    island, alone = check("A128", dates, pairs, METHODS["stacking"], "p0", 24)
    assert "20190330-20190614" in island and alone == "stack A128: 1 dates are in no pair: 20190922"
    assert check("A128", dates[:3], choose_pairs(dates[:3], "p0"), METHODS["mintpy"], "p0", 24) == []


@pytest.mark.parametrize("count", [1, 2])
def test_too_few_pairs_for_a_rate_are_refused_before_any_work(count):
    pairs = [f"{REGULAR[k]}_{REGULAR[k + 1]}" for k in range(count)]
    with pytest.raises(
        StackError, match=rf"E3005 stack A128 has {count} pairs, a rate with its error needs 3; cure: add"
    ):
        check("A128", REGULAR[: count + 1], pairs, METHODS["stacking"], "nearest", 24)


def test_no_pair_at_all():
    with pytest.raises(StackError, match="no two dates within 6 days; cure: raise network.max_days"):
        check("A128", REGULAR, [], METHODS["stacking"], "nearest", 6)
    with pytest.raises(StackError, match="no pair within preset p0; cure: choose another network.preset"):
        check("A128", REGULAR, [], METHODS["stacking"], "p0", 24)


def test_triplets_are_all_closed_ones():
    """Against brute force over all triples of dates; 28 in P0's network of 30 dates."""
    assert len(triplets(choose_pairs(REGULAR, "p0"))) == 28
    dates = days([0, 12, 30, 36, 48, 60])
    pairs = set(choose_pairs(dates, "nearest", 40, 3)) - {f"{dates[1]}_{dates[3]}"}
    brute = {
        (f"{a}_{b}", f"{b}_{c}", f"{a}_{c}")
        for a, b, c in combinations(dates, 3)
        if {f"{a}_{b}", f"{b}_{c}", f"{a}_{c}"} <= pairs
    }
    assert set(triplets(pairs)) == brute and brute

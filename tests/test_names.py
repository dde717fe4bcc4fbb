"""Names are parsed and built in one place; pairs look backwards only."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sarslide import names
from sarslide.errors import NamingError

DATES = ["20190306", "20190318", "20190330", "20190411"]


def test_stack_names_follow_pass_and_relative_orbit():
    assert names.stack_name("Ascending", 128) == "A128"
    assert names.stack_name("DESCENDING", 62) == "D062"


@pytest.mark.parametrize("wrong", ["2019-03-06", "20190230", "2019", ""])
def test_wrong_dates_are_refused(wrong):
    with pytest.raises(NamingError, match="E1009"):
        names.parse_date(wrong)


def test_a_pair_runs_forward():
    assert names.split_pair("20190306_20190318") == ("20190306", "20190318")
    with pytest.raises(NamingError, match="forward"):
        names.split_pair("20190318_20190306")


def test_p0_network_has_57_pairs_on_30_dates():
    """B03: 12- and 24-day pairs of 30 gap-free dates are 29 + 28."""
    from datetime import date, timedelta

    days = [f"{date(2019, 3, 6) + timedelta(days=12 * k):%Y%m%d}" for k in range(30)]
    pairs = names.nearest_pairs(days, max_days=24, neighbours=2)
    assert len(pairs) == 57
    assert {names.days_between(*names.split_pair(pair)) for pair in pairs} == {12, 24}


@given(st.sets(st.integers(0, 400), min_size=2, max_size=20), st.integers(1, 4))
def test_a_later_date_never_changes_old_pairs(offsets, neighbours):
    from datetime import date, timedelta

    days = [f"{date(2019, 1, 1) + timedelta(days=k):%Y%m%d}" for k in sorted(offsets)]
    before = names.nearest_pairs(days[:-1], 60, neighbours)
    after = names.nearest_pairs(days, 60, neighbours)
    assert after[: len(before)] == before
    assert all(names.split_pair(pair)[1] == days[-1] for pair in after[len(before) :])


def test_gaps_split_the_network():
    assert names.gaps([*DATES, "20190801"], 60) == [("20190411", "20190801")]

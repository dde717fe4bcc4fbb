"""The season of a network: which dates enter, are paired, are forecast and wait (A01)."""

from pathlib import Path

import pytest

from sarslide import names
from sarslide.catalog import planned, scenes
from sarslide.config import load
from sarslide.errors import ConfigError
from sarslide.preflight import checks
from sarslide.schedule import state
from sarslide.workflow.graph import Graph
from tests.conftest import REPOSITORY

WET = ["06-01", "10-31"]  # P0 section 2: from June to October


def config(season=WET, **network):
    return load({"region": "valley", "network": {"season": season, **network}})


def graph(of) -> Graph:
    return Graph(of, scenes.table(of, Path("resources")), REPOSITORY / "workflow_scripts")


def months(dates) -> set[str]:
    return {date[4:6] for date in dates}


def test_dates_outside_neither_enter_nor_are_paired():
    """30 dates from 6 March 2019 on, every twelve days: 10 June to 20 October are twelve of them."""
    all_year, wet = graph(config(None)), graph(config())
    assert len(all_year.dates("A128")) == 30 and len(wet.dates("A128")) == 12
    assert months(wet.dates("A128")) == {"06", "07", "08", "09", "10"}
    kept = set(wet.dates("A128"))
    assert wet.pairs("A128") == [pair for pair in all_year.pairs("A128") if kept.issuperset(names.split_pair(pair))]
    assert {row["date"] for row in wet.scenes.rows() if row["stack"] == "A128"} == kept
    assert not [text for text in wet.check_network() if "in no pair" in text]


def test_a_winter_runs_over_the_new_year():
    assert months(graph(config(["11-15", "02-28"])).dates("D062")) == {"11", "12", "01", "02"}
    assert names.in_season("20200229", ("02-29", "02-29")) and not names.in_season("20200301", ("02-29", "02-29"))


def test_years_are_not_paired_with_each_other_within_the_limits():
    of = load({"region": "valley", "simulation": {"dates": 60}, "network": {"season": WET, "preset": "p0"}})
    found = graph(of)
    assert {date[:4] for date in found.dates("A128")} == {"2019", "2020"}
    assert all(pair[:4] == pair[9:13] for pair in found.pairs("A128"))


def test_listed_pairs_have_no_season():
    with pytest.raises(ConfigError, match="network.season = .* has no effect: it needs network.pairs = "):
        config(pairs=["20190306_20190330", "20190318_20190411", "20190306_20190411"])


def test_preflight_and_forecast_follow():
    of = config()
    (row,) = (one for one in checks.acquisitions(of, graph(of).scenes, []) if one.check == "network A128")
    assert row.found.startswith("12 dates, ")
    real = load({"region": "three_rivers", "network": {"season": WET}})
    assert months(row["date"] for row in planned.rows(real)) == {"06", "07", "08", "09", "10"}


def test_a_date_outside_does_not_wait(tmp_path):
    of = load(
        {"region": "valley", "source": "safe", "grid": {"dem": "glo30"}, "stacks": ["A128"], "network": {"season": WET}}
    )
    lines = [",".join(scenes.OLD_COLUMNS)]
    lines += [f"A128,{date},S1A_{date},S1A,1,,,," for date in ("20190306", "20190622")]
    (tmp_path / "valley").mkdir()
    (tmp_path / "valley/scenes.csv").write_text("\n".join(lines) + "\n")
    assert [row["date"] for row in state.waiting(of, tmp_path, state.RegionState())] == ["20190622"]


@pytest.mark.parametrize("season", [["06-31", "10-31"], ["0601", "1031"], ["06-01"]])
def test_no_season(season):
    with pytest.raises(ConfigError, match=r"E1001 .*network.season"):
        config(season)

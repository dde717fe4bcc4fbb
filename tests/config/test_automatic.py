"""Keys that follow from others: what a region takes where nobody sets them, and what stays as it is written."""

import pytest

from sarslide.catalog import scenes
from sarslide.config import explain, load, loading
from sarslide.config.automatic import FOLLOWS
from sarslide.config.reach import value_of
from sarslide.errors import ConfigError
from sarslide.workflow.graph import Graph
from sarslide.workflow.release_id import settings, upstream_rules

MEASURED, BEFORE = ("emi", "noise", True), ("none", "none", False)
CLOSURES = {"network": {"neighbours": 3}, "rates": {"phase_bias": "remove"}}


def taken(keys: dict) -> tuple:
    config = load({"region": "valley"} | keys)
    assert load(config.model_dump(mode="json")) == config  # may be written out
    return tuple(value_of(config, name) for name in FOLLOWS)


@pytest.mark.parametrize(
    ("keys", "want"),
    [
        ({}, MEASURED),
        ({"interferogram": {"linking": "auto"}, "rates": {"weighting": "auto", "rate_cycles": None}}, MEASURED),
        ({"interferogram": {"linking": "none"}, "rates": {"weighting": "none", "rate_cycles": False}}, BEFORE),
        ({"interferogram": {"linking": "evd"}, "rates": {"weighting": "coherence"}}, ("evd", "coherence", True)),
        # A line through a series has its own weights; stacks of its windows have these.
        ({"rates": {"method": "sbas"}}, ("emi", "none", True)),
        ({"rates": {"method": "sbas", "windows": {"spring": ["20190301", "20190501"]}}}, MEASURED),
        ({"rates": {"method": "averaging"}}, BEFORE),
        ({"engine": "isce2"}, BEFORE),
        ({"engine": "snap", "interferogram": {"linking": "none"}, "rates": {"weighting": "none"}}, BEFORE),
        # What does not go with a part of it keeps the meaning that it had.
        (CLOSURES, ("none", "noise", True)),
        ({"rates": {"loop_mask": True}}, ("emi", "noise", False)),
        ({"interferogram": {"goldstein_window": 32}}, ("none", "noise", True)),
        ({"interferogram": {"goldstein_alpha": 0.8}}, ("none", "noise", True)),
        ({"interferogram": {"linking": "emi", "goldstein_alpha": 0.8}}, MEASURED),
    ],
    ids=str,
)
def test_a_key_that_nobody_sets_follows_from_others(keys, want):
    assert taken(keys) == want


def test_regions_that_follow_a_paper_keep_its_chain():
    """Whatever engine and method are chosen there."""
    papers = [region for region in loading.presets() if load({"region": region}).paper]
    assert len(papers) == 8
    for region in papers:
        config = load(loading.merge({"region": region}, {"rates": {"method": "stacking"}}))
        assert (config.interferogram.linking, config.rates.rate_cycles) == ("none", False), region
        assert config.rates.weighting == ("coherence" if config.paper == "P2" else "none"), region


def test_both_written_out_stay_an_error():
    with pytest.raises(ConfigError, match=r"interferogram.linking = emi leaves no closures"):
        load({"region": "valley", "interferogram": {"linking": "emi"}} | CLOSURES)
    with pytest.raises(ConfigError, match=r"rates.loop_mask leaves out cells that rates.rate_cycles corrects"):
        load({"region": "valley", "rates": {"loop_mask": True, "rate_cycles": True}})


def test_what_was_taken_is_recorded(tmp_path):
    """In the settings of a release, of a rule's parameters and of the terminal."""
    config = load({"region": "valley"})
    found = settings(config, upstream_rules(config))
    assert (found["interferogram"]["linking"], found["rates"]["weighting"], found["rates"]["rate_cycles"]) == MEASURED
    assert {"link_dates", "rate_cycles"} <= set(upstream_rules(config))
    text = explain.explain("interferogram.linking", explain.values(tmp_path, "valley"))
    assert "here      emi, the default" in text


@pytest.mark.parametrize(("dates", "asked", "linked"), [(2, False, False), (3, False, True), (2, True, True)])
def test_short_stacks_are_not_linked_unless_it_is_asked_for(tmp_path, dates, asked, linked):
    """What is asked for and cannot be is refused by the job, in one line."""
    keys = {"simulation": {"dates": dates}} | ({"interferogram": {"linking": "emi"}} if asked else {})
    config = load({"region": "valley"} | keys)
    graph = Graph(config, scenes.table(config, tmp_path), tmp_path)
    assert graph.links("A128") is linked
    want = {"linking", "ministack"} if linked else {"goldstein_alpha", "goldstein_window"}
    assert set(graph.pair_filter("A128")) == want

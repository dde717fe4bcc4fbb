"""The page of papers: what is printed, what the region answers, the errors and the assumptions."""

import dataclasses
import re

import pytest

from sarslide.config import load, presets
from sarslide.models.weights import packaged
from sarslide.papers import papers
from sarslide.report.paper_page import NOT_HERE, content, measured
from sarslide.report.tables import MISSING
from tests.conftest import REPOSITORY
from tests.support.report_inputs import html_of

HEAD = {
    "first": "20190306",
    "last": "20200301",
    "pairs": 114,
    "landslides": 2,
    "landslide_km2": 1.5,
    "region_km2": 300.0,
}
LANDSLIDES = [
    {"area_km2": 1.25, "los_rate_max_mm_per_yr": -140.4, "tracks": "A128+D062"},
    {"area_km2": 0.25, "los_rate_max_mm_per_yr": 30.0, "tracks": "D062"},
]
GEOMETRY = {"A128": {"incidence": 38.46, "heading": 347.4}}


@pytest.fixture(scope="module")
def answers():
    checks = {"field_check": "50 of 56 areas"}  # of `comparison.answers`
    return checks | measured(
        HEAD, {"A128": 30, "D062": 30}, LANDSLIDES, GEOMETRY, {"A128": (-140.4, 12.0)}, "600 km2 of track in 60 s"
    )


def test_what_the_region_answers(answers):
    assert answers["dates"] == "30 dates A128, 30 dates D062" and answers["pairs"] == "114"
    assert answers["largest_km2"] == "1.25 km2" and answers["smallest_km2"] == "0.25 km2"
    assert answers["mean_km2"] == "0.75 km2" and answers["fastest"] == "140 mm/yr"
    assert answers["both_tracks"] == "1 of 2 seen by several tracks" and answers["by_track"] == "1 A128, 2 D062"
    assert answers["incidence"] == "38.5° A128" and answers["rate_range"] == "−140.4 to 12.0 mm/yr A128"
    assert answers["landslide_share"] == "1 of 200" and answers["period"] == "2019-03-06 to 2020-03-01"


@pytest.mark.parametrize("paper", sorted(papers()))
def test_every_statement_is_answered_or_said_not_to_be(paper, answers):
    rows = content(paper, {}, {}, answers, [])["statements"].rows
    assert len(rows) == len(papers()[paper].statements)
    assert all(row[3].text not in ("", MISSING, NOT_HERE) for row in rows)
    unanswered = content(paper, {}, {}, {}, [])["statements"].rows
    assert all(row[3].text == NOT_HERE for row in unanswered)


@pytest.mark.parametrize("paper", ["P0", "P2", "P3", "P4"])
def test_tables_and_errors_of_the_paper(paper):
    found = content(paper, {}, {}, {}, [])
    wanted = papers()[paper].tables
    others = [table.title for table in papers()[paper].printed]
    assert [one["title"] for one in found["tables"]] == [table.title for table in wanted] + others
    printed = {cell.text for one in found["tables"] for row in one["table"].rows for cell in row}
    assert f"{wanted[-1].rows[-1].printed[-1]:g}" in printed
    assert found["about"].errors and found["about"].figures


def test_published_scores_stand_beside_the_printed_ones():
    table = {"key": "p0_t4.cpu.quarter", "title": "P0 Table 4", "columns": ["F1, paper", "ours"]}
    run = [table | {"rows": [["88.31", "70.1"]], "notes": ["why"]}]
    printed, one, sizes = content("P0", {}, {}, {}, run)["tables"]
    assert sizes["title"] == "P0 Table 4: size of the networks" and sizes["table"].rows[0][1].text == "17.19"
    assert [cell.text for cell in one["table"].rows[0]] == ["88.31", "70.1"] and one["notes"] == ["why"]
    assert "Table 3" in printed["title"]
    # A paper of which nothing was run keeps its printed tables, and so does a table without a score
    # of ours.
    assert len(content("P4", {}, {}, {}, run)["tables"]) == 2
    not_run = [table | {"rows": [["88.31", "not run"]], "notes": ["why"]}]
    assert content("P0", {}, {}, {}, not_run)["tables"] == content("P0", {}, {}, {}, [])["tables"]


def test_anchors_are_sections_of_the_page(html):
    there = set(re.findall(r'<section id="([\w-]+)"', html))
    for paper in papers().values():
        for figure in paper.figures:
            assert bool(figure.ours) != bool(figure.why), figure.number
            assert figure.ours or figure.drawn or not figure.lacks
            assert figure.why or (REPOSITORY / figure.ours).is_file() or figure.ours in there


@pytest.mark.parametrize("region", [name for name in presets() if load({"region": name}).paper])
def test_the_report_prints_every_assumption(inputs, region):
    config = load({"region": region})
    bare = dataclasses.replace(inputs, stacks=(), terrain={}, candidates=None)
    html = html_of(
        dataclasses.replace(bare, paper=config.paper, assumptions=config.assumptions, assumed=config.assumed())
    )
    plain = html.replace("&#39;", "'").replace("&#34;", '"').replace("&gt;", ">")
    assert 'id="paper"' in html and 'href="#paper"' in html
    for key, reason in config.assumptions.items():
        assert f">{key}<" in plain and reason in plain
    for text in papers()[config.paper].errors:
        assert text in plain
    assert f">{config.catalog.end}<" in plain or "catalog.end" not in config.assumptions


@pytest.mark.parametrize("paper", sorted(papers()))
def test_the_page_says_whose_map_it_is(inputs, paper):
    """The network of the run and not the paper's; what our figures lack of the paper's."""
    weights = packaged("drs_unet_compact")
    html = html_of(dataclasses.replace(inputs, paper=paper, weights=weights, stacks=(), terrain={}, candidates=None))
    part = html[html.index('id="paper"') : html.index('id="provenance"')]
    assert "<code>drs_unet</code>, “trained on simulation”" in part and "the same chain" not in html
    assert ("Its labels and its code were not published." in part) == (paper != "H22")
    for figure in papers()[paper].figures:
        assert not figure.ours or not figure.lacks or f"on this page</a>, {figure.lacks}" in part
    for number, table in {"P0": ("17.19", "size of the networks"), "P3": ("0.931", "collinearity")}.items():
        assert (paper == number) == all(text in part for text in table)


def test_regions_without_a_paper_have_no_such_part(html):
    assert 'id="paper"' not in html
    assert content("", {}, {}, {}, []) is None

"""The report of a region in which nothing was unwrapped: no rate is shown, named or promised, and the page says why."""

import re

import pytest

from sarslide.report.page import context
from tests.support.report_inputs import html_of, make_region


@pytest.fixture(scope="module")
def free(tmp_path_factory):
    """The small region again, as the method averaging leaves it."""
    return make_region(tmp_path_factory.mktemp("free"), rates=False)


@pytest.fixture(scope="module")
def page(free) -> str:
    return html_of(free)


def words(page: str) -> str:
    """The text that a reader sees or hears."""
    body = re.sub(r"<(script|style)\b.*?</\1>", " ", page, flags=re.S)
    return " ".join(re.sub(r"<[^>]+?alt=\"([^\"]*)\"[^>]*>|<[^>]+>", r" \1 ", body).split())


OF_RATES = (
    "Mean LOS rate",
    "Phase rate and LOS rate.",
    "LOS rate RMSE",
    "Standard error",
    "Rates are relative",
    "unwrapped.",
)


def test_no_rate_is_shown_and_the_page_says_why(page, html):
    text, rated = words(page), words(html)
    for one in OF_RATES:
        assert one in rated and one not in text, one
    assert "Nothing was unwrapped: there is no rate, neither of the ground nor of an object" in text
    assert "No unwrapping. The inventory is made of the wrapped phase alone" in text and "not_unwrapped" in text
    assert "motion up a slope is not masked, and plains that move are not looked for" in text
    assert "Object recall 0.871" in text and "A128: averaged phase: Averaged phase, Mean coherence" in text
    assert "Averaged phase over the hillshade with the outlines of the landslides" in text


def test_the_map_begins_with_the_averaged_phase_and_its_objects_have_no_rate(free):
    about = context(free)
    data = about["map"]
    assert data["shown"] == "avg_phase_rad-A128" and about["overview"].startswith("data:image/png")
    labels = [raster["label"] for raster in data["rasters"]]
    assert "Averaged phase D062" in labels and not [label for label in labels if "rate" in label]
    assert "nothing was unwrapped" in str(data["vectors"]) and "LOS rate" not in str(data["vectors"])

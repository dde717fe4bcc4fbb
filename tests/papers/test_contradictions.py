"""Every contradiction of docs/papers.md (J01 to J16) is named by the report of its paper."""

import re

import pytest

from sarslide.papers import papers
from sarslide.report.paper_page import content
from tests.conftest import REPOSITORY

# Id -> paper and words that only this error has, in what the page prints of it.
NAMED = {
    "J01": (("P4", "give 97.17, and so does its IoU of 94.49"),),
    "J02": (("P2", "cannot follow from eq. 6"),),
    "J03": (("P0", "F1 and IoU of Table 4 do not follow from each other"),),
    "J04": (("P0", "without terrain best in all metrics"),),
    "J05": (("P0", "reduce to 1/8"), ("P0", "number of categories")),
    "J06": (("P0", "129.6"), ("P0", "derivative of eq. 3")),
    "J07": (("P2", "GTX 2080Ti with 16 GB"), ("P2", "25 m in 3.1 and 30 m in 3.2.1"), ("P2", "Mask R-CNN++ once")),
    "J08": (("P3", "superior in five metrics"), ("P3", "14.3 %"), ("P3", "captioned Spearman"), ("P3", "73 dates")),
    "J09": (
        ("P4", "Path 55"),
        ("P4", "False positives are defined"),
        ("P4", "learning rate, batch and epochs"),
        ("P4", "96.30"),
    ),
    "J10": (("P3", "negative away from the satellite"), ("P4", "negative away from the satellite")),
    "J11": (("P3", "0.6642"), ("P3", "it is 14.5 %")),
    "J12": (("P0", "means over patches too"), ("P0", "ascending track alone")),
    "J13": (("P0", "drawn on the interferograms"), ("P3", "areas with obvious deformation")),
    "J14": (("P4", "phase rate times a constant"), ("P4", "52 of 56")),
    "J15": (
        ("P2", "lowest perimeter over area"),
        ("P2", "up to 3 %"),
        ("P2", "400 iterations"),
        ("P2", "only the bottom layer"),
    ),
    "J16": (("P3", "called decoder"),),
}


def test_every_row_of_the_page_has_its_words_here():
    rows = re.findall(r"^\| (J\d\d) \|", (REPOSITORY / "docs/papers.md").read_text(), flags=re.M)
    assert list(dict.fromkeys(rows)) == list(NAMED)


@pytest.mark.parametrize("row", NAMED)
def test_the_page_of_the_paper_tells_it(row):
    for paper, words in NAMED[row]:
        named = [text for text in content(paper, {}, {}, {}, [])["about"].errors if words in text]
        assert len(named) == 1, (paper, words)
        assert named[0] in papers()[paper].errors

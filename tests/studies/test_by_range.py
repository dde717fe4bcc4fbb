"""Scores by range against counts written down here."""

from studies.benchmark import by_range, regions
from studies.benchmark.score_cells import NOT_RUN

RANGES = {"a1": "alps", "a2": "alps", "h1": "himalaya", "h2": "himalaya", "s1": "svalbard"}


def record(**true: int) -> dict:
    """Ten landslides in each region, so many of them found and no false object."""
    counts = {name: {"object": {"tp": n, "fp": 0, "fn": 10 - n}} for name, n in true.items()}
    parts = {"test": [name for name in counts if name != "s1"], "transfer": ["s1"]}
    return {"parts": {part: {"by_region": {name: counts[name] for name in names}} for part, names in parts.items()}}


def test_ranges_are_pooled_and_drawn_whole():
    entries = [("unet", [record(a1=10, a2=10, h1=5, h2=5, s1=2)]), ("vcnn", [])]
    names, rows = by_range.rows(entries, RANGES)
    assert names == ["alps", "himalaya", "svalbard"]
    alps, himalaya, svalbard, both = rows[0][1:]
    # F1 = 2 tp / (2 tp + fn): 1, 20 / 30; regions of a range are alike, so that its interval has no width.
    assert (alps, himalaya) == ("1.000 [1.000, 1.000]", "0.667 [0.667, 0.667]")
    assert svalbard == "0.333"  # one region has no interval: 4 / 12
    # Both ranges: 60 / 70. Two groups: the interval reaches from the one's score to the other's.
    assert both == "0.857 [0.667, 1.000]"
    assert rows[1] == ["vcnn", *[NOT_RUN] * 4]


def test_regions_of_another_set_have_no_table():
    assert by_range.rows([("unet", [record(a1=1, a2=1, h1=1, h2=1, s1=1)])], {"a1": "alps"}) == ([], [])
    assert by_range.rows([("unet", [])], RANGES) == ([], [])


def test_every_region_of_the_benchmark_has_its_range():
    found = regions.ranges()
    assert set(found.values()) == {name for names in regions.PARTS.values() for name in names}
    assert len(found) == len(regions.regions())

"""Ascending and descending elements to sources."""

import json
import math
from itertools import permutations

import pytest
from shapely.affinity import rotate
from shapely.geometry import Point, box

from sarslide.inventory.classes import elongation, motion_word, object_type, shape_word
from sarslide.inventory.fusion import fuse
from sarslide.inventory.masks import MaskRules
from tests.inventory.conftest import cell_box, fused_row


def element(track, number, outline, **changes):
    return fused_row(outline, candidate_id=f"{track}-{number:04d}", track=track, **changes)


def test_largest_element_is_kept_and_both_parents_recorded():
    small = element("A128", 1, cell_box(10, 10, 8, 8), los_rate_mean_mm_per_yr=-30.0)
    large = element("D062", 1, cell_box(12, 12, 10, 10), los_rate_mean_mm_per_yr=25.0)
    alone = element("D062", 2, cell_box(50, 50, 6, 6))
    fused = fuse([small, large, alone], 0.1)
    assert len(fused) == 2
    source = fused[0]
    assert source["geometry"].equals(large["geometry"])
    assert source["parents"] == "A128-0001+D062-0001"
    assert source["tracks"] == "A128+D062"
    assert json.loads(source["los_rate_by_track"]) == {"A128": -30.0, "D062": 25.0}
    assert source["confidence"] == "high"
    assert fused[1]["parents"] == "D062-0002"
    assert fused[1]["confidence"] == "low"


def test_an_object_is_as_strong_as_in_the_track_that_sees_it_best():
    blind = element("A128", 1, cell_box(10, 10, 10, 10), phase_cycles_per_yr=0.3)
    seen = element("D062", 1, cell_box(12, 12, 6, 6), phase_cycles_per_yr=2.4)
    unknown = element("D062", 2, cell_box(50, 50, 6, 6), phase_cycles_per_yr=math.nan)
    both, alone = fuse([blind, seen, unknown], 0.1)
    assert (both["candidate_id"], both["phase_cycles_per_yr"], both["object_type"]) == ("A128-0001", 2.4, 1)
    assert math.isnan(alone["phase_cycles_per_yr"]) and alone["object_type"] == 3


def test_fusion_is_transitive():
    chain = [
        element("A128", 1, cell_box(10, 10, 4, 10)),
        element("D062", 1, cell_box(10, 17, 4, 10)),
        element("A128", 2, cell_box(10, 24, 4, 12)),
    ]
    fused = fuse(chain, 0.1)
    assert [row["parents"] for row in fused] == ["A128-0001+A128-0002+D062-0001"]
    assert fused[0]["geometry"].equals(chain[2]["geometry"])


def test_slivers_do_not_chain_but_zero_overlap_is_the_papers_rule():
    touching = [element("A128", 1, cell_box(10, 10, 10, 10)), element("D062", 1, cell_box(10, 19, 10, 12))]
    assert len(fuse(touching, 0.15)) == 2  # one column of ten is shared
    assert len(fuse(touching, 0.0)) == 1
    beside = [element("A128", 1, cell_box(10, 10, 10, 10)), element("D062", 1, cell_box(10, 20, 10, 10))]
    assert len(fuse(beside, 0.0)) == 2  # a common edge has no area


def test_elements_of_one_track_are_never_fused_directly():
    assert len(fuse([element("A128", 1, cell_box(0, 0, 9, 9)), element("A128", 2, cell_box(0, 0, 9, 9))], 0.1)) == 2


def test_masked_element_joins_a_free_source_without_changing_its_outline():
    free = element("A128", 1, cell_box(10, 10, 8, 8))
    masked = element("D062", 1, cell_box(8, 8, 20, 20), status="masked", reason="low_coherence")
    other = element("A128", 2, cell_box(20, 20, 8, 8))
    fused = fuse([free, masked, other], 0.1)
    assert [row["status"] for row in fused] == ["candidate", "candidate"]  # the masked one does not chain them
    assert fused[0]["geometry"].equals(free["geometry"])
    assert {row["masked_parents"] for row in fused} == {"D062-0001", ""}
    assert fused[0]["tracks"] == "A128"


def test_masked_elements_form_masked_sources():
    pair = [
        element(track, 1, cell_box(10, 10, 8, size), status="masked", reason="above_snowline")
        for track, size in (("A128", 8), ("D062", 9))
    ]
    (source,) = fuse(pair, 0.1)
    assert (source["status"], source["parents"], source["tracks"]) == ("masked", "A128-0001+D062-0001", "A128+D062")


def test_deformation_and_landslide_do_not_fuse():
    plain = element("A128", 1, cell_box(10, 10, 20, 20), object_class="non-landslide deformation", status="masked")
    slide = element("D062", 1, cell_box(10, 15, 10, 10))
    assert len(fuse([plain, slide], 0.1)) == 2


def test_the_order_of_the_input_does_not_matter():
    rows = [
        element("A128", 1, cell_box(10, 10, 8, 8)),
        element("D062", 1, cell_box(12, 12, 8, 8)),
        element("A128", 2, cell_box(14, 14, 8, 8), status="masked", reason="too_small"),
        element("D062", 2, cell_box(40, 40, 8, 8)),
    ]
    first = fuse(rows, 0.1)
    assert all(fuse(order, 0.1) == first for order in permutations(rows))


def test_nothing_fuses_to_nothing():
    assert fuse([], 0.1) == []


def test_the_three_object_types():
    """P2 4.2.3: cycles first, then the shape, then the size; what is slow, round and larger is none."""
    disc, long = Point(0, 0).buffer(80), box(0, 0, 100, 400)
    assert [object_type({"phase_cycles_per_yr": 3.0}, outline) for outline in (disc, long, disc.buffer(400))] == [1] * 3
    assert object_type({"phase_cycles_per_yr": 0.9}, long) == 2
    assert object_type({"phase_cycles_per_yr": 0.9}, disc) == 3
    assert object_type({"phase_cycles_per_yr": 0.4}, Point(0, 0).buffer(400)) == 0  # 12 mm/yr on 0.5 km2
    assert object_type({"phase_cycles_per_yr": float("nan")}, disc) == 3


def test_a_small_object_passes_the_smallest_area():
    """Type 3 is reached with the default of `inventory.min_area_km2`, and P2's 100 m below it."""
    smallest = MaskRules().min_area_km2 * 1e6
    for area in (smallest, math.pi * 50**2):
        assert object_type({"phase_cycles_per_yr": 0.5}, Point(0, 0).buffer(math.sqrt(area / math.pi))) == 3


def test_words_for_shape_and_motion():
    down_north_east = rotate(box(0, 0, 100, 400), -45)
    assert elongation(down_north_east) == pytest.approx(4.0)
    assert shape_word(down_north_east, 45.0) == "tongue"
    assert shape_word(down_north_east, 135.0) == "rectangular"
    assert shape_word(Point(0, 0).buffer(100), 0.0) == "semicircular"
    assert shape_word(box(0, 0, 400, 100).union(box(0, 0, 100, 400)), 0.0) == "irregular"
    assert [motion_word(ratio) for ratio in (2.0, 1.0, 0.5, float("nan"))] == ["thrust", "uniform", "retrogressive", ""]

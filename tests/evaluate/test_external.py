"""A release against an inventory of others and field checks: cases that can be worked out by hand."""

import geopandas as gpd
import numpy as np
import pytest
from shapely.affinity import translate
from shapely.geometry import MultiPolygon, Point

from sarslide.evaluate import external
from sarslide.evaluate.external import MatchRules
from sarslide.evaluate.external_files import read_inventory
from sarslide.evaluate.external_tables import matches_csv, plain, table
from sarslide.grid import RegionGrid
from tests.inventory.conftest import cell_box

KM2 = 900 / 1e6  # of a cell


def known(outlines, kinds=None):
    kinds = kinds or [""] * len(outlines)
    return [
        {"id": f"X{k}", "name": "", "kind": kind, "geometry": outline}
        for k, (outline, kind) in enumerate(zip(outlines, kinds, strict=True))
    ]


def release(landslides, tracks=None, **others):
    tracks = tracks or ["A128"] * len(landslides)
    rows = [
        {"ls_id": f"L{k}", "tracks": seen, "geometry": outline}
        for k, (outline, seen) in enumerate(zip(landslides, tracks, strict=True))
    ]
    return {"landslides": rows, "non_landslide_deformation": [], "masked": [], "vanished": []} | others


def seen(grid, *tracks):
    return {track: np.ones(grid.shape, bool) for track in tracks or ("A128",)}


def scored(grid, outlines, layers, rules=None, observable=None, kinds=None):
    rules = rules or MatchRules(complete=True)
    observable = observable or seen(grid)
    found = external.compare(known(outlines, kinds), layers, observable, grid, rules)
    return found, external.scores(found, list(observable), rules)


def test_recall_precision_and_f1(grid):
    """Two of three landslides are found, two of the four released ones are false."""
    outlines = [cell_box(5, 5, 10, 10), cell_box(5, 30, 10, 10), cell_box(5, 60, 10, 10)]
    # The second at IoU 0.5, the third missed.
    layers = release([cell_box(5, 5, 10, 10), cell_box(5, 30, 5, 10), cell_box(60, 60, 8, 8), cell_box(70, 5, 8, 8)])
    found, scores = scored(grid, outlines, layers)
    assert scores["matched"] == {"found": 2, "right": 2, "recall": 2 / 3, "precision": 0.5, "f1": pytest.approx(4 / 7)}
    assert [row["matched"] for row in found.external] == ["L0", "L1", ""]
    assert [row["matched"] for row in found.released] == ["X0", "X1", "", ""]
    assert [row["iou"] for row in found.external] == pytest.approx([1, 0.5, 0])
    # 5 rows of 10 of the second outline are released; its centre lies 2.5 cells from that of its match.
    assert found.external[1]["overlap"] == pytest.approx(0.5)
    assert found.external[1]["offset_m"] == pytest.approx(2.5 * 30)
    assert found.external[1]["distance_m"] == 0


def test_distance_of_what_has_no_match(grid):
    found, _ = scored(grid, [cell_box(5, 5, 10, 10)], release([cell_box(5, 20, 10, 10), cell_box(5, 40, 10, 10)]))
    (row,) = found.external
    assert row["distance_m"] == pytest.approx(5 * 30) and np.isnan(row["offset_m"])
    found, _ = scored(grid, [cell_box(5, 5, 10, 10)], release([]))
    assert np.isnan(found.external[0]["distance_m"])


def test_an_incomplete_inventory_states_recall_alone(grid):
    layers = release([cell_box(5, 5, 10, 10), cell_box(60, 60, 8, 8)])
    _, scores = scored(grid, [cell_box(5, 5, 10, 10)], layers, MatchRules())
    for word in ("matched", "linked"):
        assert scores[word]["recall"] == 1
        assert scores[word]["precision"] is None and scores[word]["f1"] is None and scores[word]["right"] is None
    assert scores["judged"] is None
    text = table({"release": "r", "inventory": plain(scores), "points": None})
    assert "precision not stated" in text and "F1" not in text


def test_precision_is_of_the_area_that_is_complete(grid):
    """The false object lies outside the area, another one with less than half inside."""
    inside = cell_box(0, 0, 50, 50)
    layers = release([cell_box(5, 5, 10, 10), cell_box(60, 60, 8, 8), cell_box(10, 46, 10, 10)])
    found, scores = scored(grid, [cell_box(5, 5, 10, 10)], layers, MatchRules(complete=True, area=inside))
    assert scores["judged"] == 1 and scores["matched"]["precision"] == 1
    assert [row["counted"] for row in found.released] == ["yes", "no", "no"]
    _, scores = scored(grid, [cell_box(5, 5, 10, 10)], layers)
    assert scores["judged"] == 3 and scores["matched"]["precision"] == pytest.approx(1 / 3)


def test_split_and_merged(grid):
    """One landslide in two pieces, and two landslides under one object: linked, of each one matched."""
    outlines = [cell_box(5, 5, 10, 20), cell_box(40, 5, 10, 10), cell_box(40, 16, 10, 6)]
    pieces = [cell_box(5, 5, 10, 12), cell_box(5, 18, 10, 7)]  # IoU 0.6 and 0.35
    layers = release([*pieces, cell_box(40, 5, 10, 17)])  # IoU 10/17 and 6/17
    found, scores = scored(grid, outlines, layers)
    assert [row["relation"] for row in found.external] == ["split", "merged", "merged"]
    assert [row["relation"] for row in found.released] == ["split", "split", "merged"]
    assert [row["matched"] for row in found.external] == ["L0", "L2", ""]
    assert [row["linked"] for row in found.external] == ["L0+L1", "L2", "L2"]
    assert found.released[2]["linked"] == "X1+X2"
    assert scores["matched"]["recall"] == pytest.approx(2 / 3) and scores["linked"]["recall"] == 1
    assert scores["matched"]["precision"] == pytest.approx(2 / 3) and scores["linked"]["precision"] == 1
    assert scores["relations"] == {"external": {"merged": 2, "split": 1}, "released": {"merged": 1, "split": 2}}


def test_a_small_object_in_a_large_outline_is_linked_and_not_matched(grid):
    """Others draw the whole slope, we its moving part: IoU 0.04, contained."""
    found, scores = scored(grid, [cell_box(10, 10, 30, 30)], release([cell_box(20, 20, 6, 6)]))
    assert found.external[0]["relation"] == found.released[0]["relation"] == "linked"
    assert scores["matched"]["recall"] == 0 and scores["linked"]["recall"] == 1
    _, scores = scored(grid, [cell_box(10, 10, 30, 30)], release([cell_box(20, 20, 6, 6)]), MatchRules(match_iou=0.04))
    assert scores["matched"]["recall"] == 1


def test_what_no_track_observes_is_counted_apart(grid):
    """A128 sees the left half, D062 the top: the third landslide is seen by none, the fourth by both."""
    half = {"A128": np.zeros(grid.shape, bool), "D062": np.zeros(grid.shape, bool)}
    half["A128"][:, :50] = True
    half["D062"][:50] = True
    outlines = [cell_box(60, 5, 10, 10), cell_box(5, 80, 10, 10), cell_box(80, 80, 10, 10), cell_box(5, 5, 10, 10)]
    layers = release([outlines[0], outlines[1], outlines[3]], ["A128", "D062", "D062"])
    found, scores = scored(grid, outlines, layers, observable=half)
    assert [row["tracks"] for row in found.external] == ["A128", "D062", "", "A128+D062"]
    assert scores["counted"] == 3 and scores["matched"]["recall"] == 1
    assert scores["apart"]["not_observable"] == {"landslides": 1, "found": 0, "linked": 0, "recall": 0}
    a128, d062 = scores["tracks"]["A128"], scores["tracks"]["D062"]
    # Of the two that A128 observes one is in the release by D062 alone.
    assert (a128["landslides"], a128["found"], a128["found_by_track"], a128["recall_of_track"]) == (2, 2, 1, 0.5)
    assert (d062["landslides"], d062["found"], d062["found_by_track"], d062["recall_of_track"]) == (2, 2, 2, 1)
    assert (a128["released"], d062["released"]) == (1, 2)  # G10: objects by track


def test_half_of_the_cells_must_be_seen(grid):
    outline = cell_box(10, 10, 10, 10)
    observable = {"A128": np.zeros(grid.shape, bool)}
    observable["A128"][10:15, 10:20] = True
    assert external.observing(outline, observable, grid) == {"A128"}
    observable["A128"][14, 19] = False
    assert external.observing(outline, observable, grid) == frozenset()


def test_small_ones_and_those_outside_are_counted_apart(grid):
    """Sizes in km2: 20 cells are 0.018."""
    small, limit = cell_box(5, 5, 1, 19), cell_box(20, 5, 1, 20)
    across = cell_box(40, -6, 10, 10)  # 4 of 10 columns in the region
    found, scores = scored(grid, [small, limit, across], release([limit]))
    assert [row["reason"] for row in found.external] == ["too_small", "", "outside"]
    assert scores["counted"] == 1 and scores["matched"]["recall"] == 1
    assert {reason: row["landslides"] for reason, row in scores["apart"].items()} == {
        "outside": 1, "too_small": 1, "not_observable": 0,
    }  # fmt: skip
    # Too small to be missed, but right where it is found.
    _, scores = scored(grid, [small, limit], release([small, limit]))
    assert scores["matched"]["precision"] == 1 and scores["apart"]["too_small"]["found"] == 1


def test_recall_by_size_and_kind(grid):
    """50, 100 and 256 cells are 0.045, 0.09 and 0.2304 km2: edges at 0.05 and 0.2."""
    outlines = [cell_box(5, 5, 5, 10), cell_box(5, 30, 10, 10), cell_box(50, 5, 16, 16), cell_box(50, 60, 10, 10)]
    kinds = ["flow", "slide", "slide", "flow"]
    found, scores = scored(grid, outlines, release(outlines[1:3]), kinds=kinds)
    sizes = {word: (row["landslides"], row["found"]) for word, row in scores["areas_km2"].items()}
    assert sizes == {"0 to 0.05": (1, 0), "0.05 to 0.2": (2, 1), "from 0.2": (1, 1)}
    assert {kind: row["recall"] for kind, row in scores["kinds"].items()} == {"flow": 0, "slide": 1}
    assert found.external[0]["area_km2"] == pytest.approx(50 * KM2)


def test_what_the_release_has_in_the_place_of_a_missed_one(grid):
    masked = [{"ls_id": "M0", "reason": "above_snowline", "status": "", "geometry": cell_box(5, 5, 8, 8)}]
    # Of a region without rates: the note masks nothing, the reviewer did.
    masked += [{"ls_id": "M1", "reason": "not_unwrapped", "status": "rejected", "geometry": cell_box(70, 5, 8, 8)}]
    plain_ground = [{"ls_id": "N0", "geometry": cell_box(40, 40, 8, 8)}]
    outlines = [cell_box(5, 5, 10, 10), cell_box(40, 40, 10, 10), cell_box(70, 70, 8, 8), cell_box(70, 5, 10, 10)]
    found, _ = scored(grid, outlines, release([], masked=masked, non_landslide_deformation=plain_ground))
    notes = ["masked: above_snowline", "non-landslide deformation", "", "masked: rejected"]
    assert [row["note"] for row in found.external] == notes


def test_several_parts_and_holes_count_by_their_area(grid):
    """Two parts of 100 cells, found in one of them: IoU 0.5; a ring of 300 cells around its hole of 100."""
    parts = MultiPolygon([cell_box(5, 5, 10, 10), cell_box(5, 20, 10, 10)])
    ring = cell_box(40, 40, 20, 20).difference(cell_box(45, 45, 10, 10))
    layers = release([cell_box(5, 5, 10, 10), cell_box(40, 40, 20, 20), cell_box(47, 47, 6, 6)])
    found, scores = scored(grid, [parts, ring], layers)
    assert [row["iou"] for row in found.external] == pytest.approx([0.5, 0.75])
    assert [row["area_km2"] for row in found.external] == pytest.approx([200 * KM2, 300 * KM2])
    assert found.released[2]["relation"] == "none"  # inside the hole
    assert scores["matched"]["precision"] == pytest.approx(2 / 3)


@pytest.mark.parametrize("crs", [32647, 4326, 32648, 3857])
def test_ten_left_out_five_moved_three_joined(tmp_path, crs):
    """24 planted landslides of 8 x 8 cells, 20 cells apart; the first 20 are released as they are, and two that are none.

    Left out: the first eight and two that were missed. The next five lie ten cells further east, two
    cells from where they were. Three are one of three parts: IoU 1/3 with each. Left as they are: four
    that were found, two that were missed.
    """
    grid = RegionGrid(32647, 500000.0, 3200000.0, 30.0, 100, 130)
    planted = [cell_box(20 * (k // 6), 20 * (k % 6), 8, 8) for k in range(24)]
    false = [cell_box(85, 2, 8, 8), cell_box(85, 100, 8, 8)]
    moved = [translate(outline, 10 * 30) for outline in planted[8:13]]
    outlines = [*moved, MultiPolygon(planted[13:16]), *planted[16:20], *planted[22:]]
    names = [*"ABCDE", "joined", *"FGHI", *"JK"]
    path = tmp_path / "slides.gpkg"
    gpd.GeoDataFrame({"name": names}, geometry=outlines, crs=32647).to_crs(crs).to_file(path)
    rows = read_inventory(path, grid, name_column="name").to_dict("records")
    rules, layers = MatchRules(complete=True), release([*planted[:20], *false])
    found = external.compare(rows, layers, seen(grid), grid, rules)
    scores = external.scores(found, ["A128"], rules)
    assert (scores["external"], scores["counted"], scores["released"], scores["judged"]) == (12, 12, 22, 22)
    matched, linked = scores["matched"], scores["linked"]
    assert (matched["found"], matched["right"], linked["found"], linked["right"]) == (5, 5, 5, 7)
    assert (matched["recall"], matched["precision"]) == (5 / 12, 5 / 22)
    assert matched["f1"] == pytest.approx(10 / 34) and linked["precision"] == 7 / 22
    by_name = {row["name"]: row for row in found.external}
    assert {by_name[name]["matched"] for name in "ABCDE"} == {""}
    # A vertex moves by less than a millimetre on its way through another CRS.
    assert [by_name[name]["distance_m"] for name in "ABCDE"] == pytest.approx([60] * 5, abs=0.01)
    assert [by_name[name]["matched"] for name in "FGHI"] == ["L16", "L17", "L18", "L19"]
    assert [by_name[name]["iou"] for name in "FGHI"] == pytest.approx([1] * 4, abs=1e-4)
    joined = by_name["joined"]
    assert joined["relation"] == "split" and joined["linked"] == "L13+L14+L15"
    assert joined["matched"] in ("L13", "L14", "L15") and joined["iou"] == pytest.approx(1 / 3, abs=1e-4)
    assert scores["relations"]["released"] == {"matched": 4, "none": 15, "split": 3}


def checks(grid, seen_in_field, mapped, observable=None):
    """Points of which the first `mapped` lie in released objects."""
    places = [Point(grid.west + 30 * (3 + 1.5 * k), grid.north - 150) for k in range(len(seen_in_field))]
    objects = [cell_box(4, 0, 2, 2.5 + 1.5 * mapped)] if mapped else []
    points = [
        {"id": f"C{k}", "seen": answer, "geometry": place}
        for k, (answer, place) in enumerate(zip(seen_in_field, places, strict=True))
    ]
    return external.check_points(points, release(objects)["landslides"], observable or seen(grid), grid)


@pytest.mark.parametrize(
    ("answers", "mapped", "recall", "precision"),
    [
        ([True] * 56, 52, 52 / 56, None),  # 56 landslides of the field, of which the map has 52
        ([True] * 52 + [False] * 4, 56, 1.0, 52 / 56),  # 56 areas of the map, of which the field has 52
    ],
)
def test_the_field_check_of_p4_in_both_readings(grid, answers, mapped, recall, precision):
    """P4 3.3 prints recall 92.86 % and F1 96.30 %: the latter supposes that no area is false (J9)."""
    scores = external.point_scores(checks(grid, answers, mapped))
    assert scores["recall"] == pytest.approx(recall) and scores["precision"] == (precision and pytest.approx(precision))
    assert (scores["f1"] is None) == (precision is None)
    p4 = scores["as_p4"]
    assert (p4["areas"], p4["recognised"]) == (56, 52)
    assert (round(100 * p4["share"], 2), round(100 * p4["f1_if_none_false"], 2)) == (92.86, 96.30)


def test_field_checks_by_hand(grid):
    """Confirmed, missed, refuted and nothing there; one that is missed lies where no track sees."""
    hidden = {"A128": np.ones(grid.shape, bool)}
    rows = checks(grid, [True, False, True, False, True], 2, hidden)
    assert [row["result"] for row in rows] == ["confirmed", "refuted", "missed", "nothing there", "missed"]
    assert [row["ls_id"] for row in rows] == ["L0", "L0", "", "", ""]
    hidden["A128"][:, 8:] = False
    scores = external.point_scores(checks(grid, [True, False, True, False, True], 2, hidden))
    assert (scores["confirmed"], scores["missed"], scores["refuted"], scores["nothing_there"]) == (1, 2, 1, 1)
    assert scores["missed_not_observable"] == 1
    assert (scores["recall"], scores["precision"]) == (pytest.approx(1 / 3), 0.5)
    assert scores["f1"] == pytest.approx(0.4)


def test_the_table_of_matches_is_no_formula(grid):
    outlines = known([cell_box(5, 5, 10, 10)]) + [
        {"id": "X1", "name": "=1+1", "kind": "", "geometry": cell_box(5, 40, 10, 10)}
    ]
    found = external.compare(outlines, release([cell_box(5, 5, 10, 10)]), seen(grid), grid, MatchRules())
    lines = matches_csv([*found.external, *found.released]).splitlines()
    assert lines[0].startswith("side,id,name,kind,area_km2") and len(lines) == 4
    assert "'=1+1" in lines[2] and lines[1].split(",")[8] == "L0"
    assert lines[3].startswith("released,L0") and ",not_complete," in lines[3]

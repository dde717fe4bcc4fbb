"""Every type of change, with stable ids; the reviewer's decisions."""

from itertools import permutations

import numpy as np
import pytest
from shapely.geometry import box

from sarslide.errors import ReviewError
from sarslide.inventory import review, review_files
from sarslide.inventory.changes import (
    LANDSLIDES,
    MASKED,
    PLAIN,
    VANISHED,
    ChangeRules,
    InventoryState,
    known_ids,
    update,
)
from sarslide.inventory.content import content_hash
from sarslide.inventory.observability import Observability, track_state
from sarslide.inventory.review import Decision
from tests.inventory.conftest import GRID, cell_box, fused_row

RULES = ChangeRules()


def step(previous, objects, seen, decisions=None, date="20200101"):
    return update(previous, objects, seen, decisions or {}, date, RULES)


def types(inventory):
    return {(row["ls_id"], row["change"]) for row in inventory.changes}


def decide(ls_id, action, outline=None):
    return {ls_id: Decision(2, ls_id, action, "looked at it", "me", "2020-01-01", outline)}


@pytest.fixture
def first(all_seen):
    """A release with LS000001 at row 10 and LS000002 at row 50, each 10 x 10 cells."""
    objects = [fused_row(cell_box(10, 10, 10, 10)), fused_row(cell_box(50, 10, 10, 10))]
    return step(InventoryState(), objects, all_seen, date="20190101")


def test_first_release_is_all_new(first):
    assert types(first) == {("LS000001", "new"), ("LS000002", "new")}
    assert [row["ls_id"] for row in first.layers[LANDSLIDES]] == ["LS000001", "LS000002"]
    assert {row["status"] for row in first.layers[LANDSLIDES]} == {"released"}


def test_persisting_and_new(first, all_seen):
    objects = [
        fused_row(cell_box(10, 11, 10, 10)),
        fused_row(cell_box(50, 10, 10, 10)),
        fused_row(cell_box(30, 60, 9, 9)),
    ]
    second = step(first, objects, all_seen)
    assert types(second) == {("LS000001", "persisting"), ("LS000002", "persisting"), ("LS000003", "new")}
    seen = {row["ls_id"]: (row["first_seen"], row["last_seen"]) for row in second.layers[LANDSLIDES]}
    assert seen == {
        "LS000001": ("20190101", "20200101"), "LS000002": ("20190101", "20200101"), "LS000003": ("20200101", "20200101"),
    }  # fmt: skip


def test_grown_and_shrunk(first, all_seen):
    objects = [fused_row(cell_box(10, 10, 13, 10)), fused_row(cell_box(50, 10, 10, 7))]
    assert types(step(first, objects, all_seen)) == {("LS000001", "grown"), ("LS000002", "shrunk")}


def test_tripled_landslide_keeps_its_id_by_containment(first, all_seen):
    objects = [fused_row(cell_box(5, 5, 40, 40)), fused_row(cell_box(50, 10, 10, 10))]
    assert ("LS000001", "grown") in types(step(first, objects, all_seen))


def test_accelerated_and_decelerated_in_the_common_track(first, all_seen):
    fast = {"los_rate_by_track": '{"A128": -55.0, "D062": 10.0}', "los_rate_mean_mm_per_yr": 10.0}
    slow = {"los_rate_by_track": '{"A128": -22.0}', "los_rate_mean_mm_per_yr": -22.0}
    objects = [fused_row(cell_box(10, 10, 10, 10), **fast), fused_row(cell_box(50, 10, 10, 10), **slow)]
    second = step(first, objects, all_seen)
    assert types(second) == {("LS000001", "accelerated"), ("LS000002", "decelerated")}
    row = next(row for row in second.changes if row["ls_id"] == "LS000001")
    assert (row["los_rate_before_mm_per_yr"], row["los_rate_after_mm_per_yr"]) == (40.0, 55.0)


def test_rates_of_different_tracks_are_not_compared(first, all_seen):
    other = {"los_rate_by_track": '{"D062": 90.0}', "los_rate_mean_mm_per_yr": 90.0, "tracks": "D062"}
    objects = [fused_row(cell_box(10, 10, 10, 10), **other), fused_row(cell_box(50, 10, 10, 10))]
    assert ("LS000001", "persisting") in types(step(first, objects, all_seen))


def test_one_object_can_change_in_two_ways(first, all_seen):
    objects = [
        fused_row(cell_box(10, 10, 14, 10), los_rate_by_track='{"A128": -80.0}'), fused_row(cell_box(50, 10, 10, 10)),
    ]  # fmt: skip
    second = step(first, objects, all_seen)
    assert {("LS000001", "grown"), ("LS000001", "accelerated")} <= types(second)
    assert second.layers[LANDSLIDES][0]["change"] == "grown+accelerated"


def test_split(first, all_seen):
    objects = [
        fused_row(cell_box(10, 10, 6, 10)), fused_row(cell_box(17, 10, 3, 10)), fused_row(cell_box(50, 10, 10, 10)),
    ]  # fmt: skip
    second = step(first, objects, all_seen)
    assert types(second) == {("LS000001", "split"), ("LS000003", "split"), ("LS000002", "persisting")}
    related = {row["ls_id"]: row["related"] for row in second.changes}
    assert (related["LS000001"], related["LS000003"]) == ("LS000003", "LS000001")


def test_merged(all_seen):
    apart = step(InventoryState(), [fused_row(cell_box(10, 10, 10, 12)), fused_row(cell_box(10, 23, 10, 8))], all_seen)
    together = step(apart, [fused_row(cell_box(10, 10, 10, 21))], all_seen)
    assert types(together) == {("LS000001", "merged"), ("LS000002", "merged")}
    assert [row["ls_id"] for row in together.layers[LANDSLIDES]] == ["LS000001"]
    assert [(row["ls_id"], row["related"]) for row in together.layers[VANISHED]] == [("LS000002", "LS000001")]


def test_vanished_and_seen_again_with_its_old_id(first, all_seen):
    second = step(first, [fused_row(cell_box(10, 10, 10, 10))], all_seen)
    assert types(second) == {("LS000001", "persisting"), ("LS000002", "vanished")}
    assert [row["ls_id"] for row in second.layers[VANISHED]] == ["LS000002"]
    third = step(second, [fused_row(cell_box(10, 10, 10, 10))], all_seen)
    assert types(third) == {("LS000001", "persisting")}
    fourth = step(third, [fused_row(cell_box(50, 10, 10, 10)), fused_row(cell_box(10, 10, 10, 10))], all_seen)
    assert types(fourth) == {("LS000001", "persisting"), ("LS000002", "new")}
    assert fourth.layers[VANISHED] == []


@pytest.mark.parametrize(
    ("cause", "change"),
    [
        ("layover", {"layover_shadow": 1}),
        ("shadow", {"layover_shadow": 2}),
        ("decorrelation", {"mean_coherence": 0.05}),
        ("decorrelation", {"pair_count": 0}),
        ("no_acquisition", {"mean_coherence": np.nan, "pair_count": 0}),
    ],
)
def test_what_could_not_be_seen_has_not_vanished(first, cause, change):
    layers = {"layover_shadow": 0, "mean_coherence": 0.7, "pair_count": 50}
    arrays = {name: np.full(GRID.shape, float(value)) for name, value in layers.items()}
    for name, value in change.items():
        arrays[name][45:65] = value  # hides LS000002
    seen = Observability(GRID, {"A128": track_state(**arrays, min_coherence=0.2)}, 4100.0)
    second = step(first, [], seen)
    assert types(second) == {("LS000001", "vanished"), ("LS000002", "not_observable")}
    (kept,) = second.layers[LANDSLIDES]
    assert (kept["ls_id"], kept["status"], kept["last_seen"]) == ("LS000002", "not_observable", "20190101")
    assert cause in kept["reason_text"]


def test_absent_track_is_no_acquisition_and_snow_hides(first, all_seen):
    other = Observability(GRID, {"D062": np.zeros(GRID.shape, np.uint8)}, 4100.0)
    assert {row["detail"] for row in step(first, [], other).changes} == {"no_acquisition"}
    lowered = Observability(GRID, all_seen.states, 2500.0)
    assert {row["detail"] for row in step(first, [], lowered).changes} == {"snow"}


def test_one_track_that_saw_it_and_sees_it_now_is_enough_to_vanish():
    both = {"tracks": "A128+D062"}
    hidden = np.full(GRID.shape, 2, np.uint8)
    start = step(InventoryState(), [fused_row(cell_box(10, 10, 10, 10), **both)], Observability(GRID, {}, 4100.0))
    seen = Observability(GRID, {"A128": hidden, "D062": np.zeros(GRID.shape, np.uint8)}, 4100.0)
    assert types(step(start, [], seen)) == {("LS000001", "vanished")}
    unseen = Observability(GRID, {"A128": hidden, "D062": hidden}, 4100.0)
    assert types(step(start, [], unseen)) == {("LS000001", "not_observable")}


def test_not_observable_comes_back_as_persisting(first, all_seen):
    hidden = Observability(GRID, {"A128": np.full(GRID.shape, 4, np.uint8)}, 4100.0)
    second = step(first, [], hidden)
    assert types(second) == {("LS000001", "not_observable"), ("LS000002", "not_observable")}
    third = step(second, [fused_row(cell_box(10, 10, 10, 10)), fused_row(cell_box(50, 10, 10, 10))], all_seen)
    assert types(third) == {("LS000001", "persisting"), ("LS000002", "persisting")}
    assert {row["status"] for row in third.layers[LANDSLIDES]} == {"released"}


@pytest.mark.parametrize(
    ("reason", "change"),
    [
        ("low_coherence", "not_observable"),
        ("above_snowline", "not_observable"),
        ("too_small", "shrunk"),
        ("uphill", "reclassified"),
    ],
)
def test_landslide_whose_ground_is_masked_today(first, all_seen, reason, change):
    masked = fused_row(cell_box(50, 10, 10, 10), status="masked", reason=reason)
    second = step(first, [fused_row(cell_box(10, 10, 10, 10)), masked], all_seen)
    assert types(second) == {("LS000001", "persisting"), ("LS000002", change)}
    assert [row["ls_id"] for row in second.layers[MASKED]] == ["LS000002"]
    third = step(second, [fused_row(cell_box(10, 10, 10, 10)), fused_row(cell_box(50, 10, 10, 10))], all_seen)
    assert {row["ls_id"] for row in third.layers[LANDSLIDES]} == {"LS000001", "LS000002"}


def test_flat_deformation_has_its_own_layer(all_seen):
    plain = fused_row(
        cell_box(50, 50, 20, 20), status="masked", reason="too_flat", object_class="non-landslide deformation"
    )
    start = step(InventoryState(), [plain], all_seen)
    assert start.layers[LANDSLIDES] == []
    assert [(row["status"], row["object_class"]) for row in start.layers[PLAIN]] == [
        ("released", "non-landslide deformation")
    ]
    assert types(step(start, [plain], all_seen)) == {("LS000001", "persisting")}


def test_ids_do_not_depend_on_the_order_of_the_input(first, all_seen):
    objects = [fused_row(cell_box(row, 10, 8, 8)) for row in (10, 30, 50, 70)]
    results = [step(first, order, all_seen) for order in permutations(objects)]
    assert len({content_hash(result.layers, result.changes) for result in results}) == 1
    shuffled = InventoryState({name: rows[::-1] for name, rows in first.layers.items()}, [], first.next_number)
    again = step(shuffled, objects, all_seen)
    assert content_hash(again.layers, again.changes) == content_hash(results[0].layers, results[0].changes)


def test_numbers_are_never_used_twice(first, all_seen):
    second = step(first, [], all_seen)
    third = step(second, [fused_row(cell_box(80, 80, 10, 10))], all_seen)
    assert [row["ls_id"] for row in third.layers[LANDSLIDES]] == ["LS000003"]


# The reviewer


def test_rejected_stays_rejected_when_it_is_found_again_or_not(first, all_seen):
    objects = [fused_row(cell_box(10, 10, 10, 10)), fused_row(cell_box(50, 10, 10, 10))]
    decisions = decide("LS000002", "reject")
    second = step(first, objects, all_seen, decisions)
    assert types(second) == {("LS000001", "persisting"), ("LS000002", "rejected")}
    assert [(row["ls_id"], row["status"], row["comment"]) for row in second.layers[MASKED]] == [
        ("LS000002", "rejected", "looked at it")
    ]
    third = step(second, objects[:1], all_seen, decisions)
    assert [row["status"] for row in third.layers[MASKED]] == ["rejected"]
    fourth = step(third, objects, all_seen, decisions)
    assert [row["ls_id"] for row in fourth.layers[LANDSLIDES]] == ["LS000001"]
    assert [row["ls_id"] for row in fourth.layers[MASKED]] == ["LS000002"]


def test_parts_of_a_rejected_object_are_rejected(first, all_seen):
    parts = [fused_row(cell_box(50, 10, 6, 10)), fused_row(cell_box(57, 10, 3, 10))]
    second = step(first, parts, all_seen, decide("LS000002", "reject"))
    assert second.layers[LANDSLIDES] == []
    assert {row["status"] for row in second.layers[MASKED]} == {"rejected"}


def test_accept_releases_a_masked_object(all_seen):
    snow = fused_row(cell_box(10, 10, 10, 10), status="masked", reason="above_snowline")
    start = step(InventoryState(), [snow], all_seen)
    assert start.layers[LANDSLIDES] == []
    assert start.changes == []
    second = step(start, [snow], all_seen, decide("LS000001", "accept"))
    (row,) = second.layers[LANDSLIDES]
    assert (row["status"], row["review"], row["confidence"]) == ("released", "accept", "reviewed")
    assert types(second) == {("LS000001", "new")}


def test_evidence_stays_with_its_object_and_a_note_decides_nothing(first, all_seen, tmp_path):
    """G17, C11: links of a field survey at an object that is left as it is, and at one that is rejected."""
    path = tmp_path / "review.csv"
    links = "https://example.org/cracks.jpg http://example.org/road?id=7"
    path.write_text(f"ls_id,action,comment,evidence\nLS000001,note,cracked wall,{links}\nLS000002,reject,,{links}\n")
    objects = [fused_row(cell_box(10, 10, 10, 10)), fused_row(cell_box(50, 10, 10, 10))]
    second = step(first, objects, all_seen, review_files.read_csv(path))
    third = step(second, objects, all_seen, review_files.read_csv(path))
    for release in (second, third):
        ((kept,), (held,)) = release.layers[LANDSLIDES], release.layers[MASKED]
        assert (kept["review"], kept["comment"], kept["evidence"]) == ("note", "cracked wall", links)
        assert (kept["status"], kept["confidence"], held["evidence"]) == ("released", "low", links)
    assert types(third) >= {("LS000001", "persisting")}


def test_edit_replaces_the_outline_in_every_release(first, all_seen):
    outline = cell_box(10, 10, 5, 10)
    objects = [fused_row(cell_box(10, 10, 10, 10)), fused_row(cell_box(50, 10, 10, 10))]
    second = step(first, objects, all_seen, decide("LS000001", "edit", outline))
    third = step(second, objects, all_seen, decide("LS000001", "edit", outline))
    for release in (second, third):
        row = release.layers[LANDSLIDES][0]
        assert row["geometry"].equals(outline)
        assert row["area_km2"] == pytest.approx(0.045)
    assert types(third) == {("LS000001", "persisting"), ("LS000002", "persisting")}


def test_decision_with_a_wkt_elsewhere_is_refused(first, all_seen):
    objects = [fused_row(cell_box(10, 10, 10, 10)), fused_row(cell_box(50, 10, 10, 10))]
    near, far = cell_box(12, 12, 2, 2), cell_box(80, 80, 2, 2)
    rejected = step(first, objects, all_seen, decide("LS000001", "reject", near)).layers[MASKED]
    assert rejected[0]["geometry"].equals(objects[0]["geometry"])
    with pytest.raises(ReviewError, match="row 2: the wkt does not touch LS000001"):
        step(first, objects, all_seen, decide("LS000001", "reject", far))


def test_review_file(tmp_path):
    path = tmp_path / "review.csv"
    wkt = box(0, 0, 30, 30).wkt
    path.write_text(
        "ls_id,action,comment,reviewer,date,wkt\n"
        "LS000001,accept,sure,me,2020-01-01,\n"
        f'LS000002,edit,,me,2020-01-01,"{wkt}"\n'
    )
    decisions = review_files.read_csv(path)
    assert decisions["LS000001"].action == "accept"
    assert decisions["LS000002"].outline.area == 900
    review.check_ids(decisions, ["LS000001", "LS000002"])


@pytest.mark.parametrize(
    ("lines", "words"),
    [
        ("ls_id,action\nLS000001,remove\n", "row 2: action 'remove'"),
        ("ls_id,verdict\nLS000001,accept\n", "has no column action"),
        ("ls_id,action\nLS000001,accept\nLS000001,reject\n", "row 3: LS000001 was already decided in row 2"),
        ("ls_id,action,wkt\nLS000001,edit,\n", "row 2: wkt of LS000001"),
        ("ls_id,action,wkt\nLS000001,edit,POINT (1 2)\n", "row 2: wkt of LS000001"),
        ("ls_id,action,wkt\nLS000001,edit,circle\n", "row 2: wkt of LS000001"),
        (
            "ls_id,action,evidence\nLS000001,note,javascript:alert(1)\n",
            "row 2: evidence 'javascript:alert(1)' of LS000001",
        ),
        ("ls_id,action,evidence\nLS000001,note,https://a.org photo.jpg\n", "row 2: evidence 'photo.jpg' of LS000001"),
    ],
)
def test_bad_review_files_are_refused_with_the_row(tmp_path, lines, words):
    path = tmp_path / "review.csv"
    path.write_text(lines)
    with pytest.raises(ReviewError, match="cure: ") as error:
        review_files.read_csv(path)
    assert words in str(error.value)
    assert "E5001" in str(error.value)


def test_unknown_id_is_refused(tmp_path, first):
    path = tmp_path / "review.csv"
    path.write_text("ls_id,action\nLS000002,accept\nLS000009,accept\n")
    with pytest.raises(ReviewError, match="row 3: no object LS000009"):
        review.check_ids(review_files.read_csv(path), known_ids(first))

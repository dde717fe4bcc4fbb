"""Scores of cases that can be worked out by hand."""

import numpy as np
import pytest

from sarslide.evaluate import objects as scoring
from sarslide.evaluate.objects import TrackTruth
from sarslide.grid import RegionGrid
from tests.inventory.conftest import cell_box

SLOW, FAST = 20.0, 60.0


def truth(grid, rate=FAST):
    return TrackTruth(np.full(grid.shape, -rate), np.ones(grid.shape, bool))


def planted(grid, outlines, truths=None, left_out=()):
    rows = [{"planted_id": f"P{k}", "kind": "round", "geometry": outline} for k, outline in enumerate(outlines)]
    return scoring.planted_rows(rows, truths or {"A128": truth(grid)}, grid, left_out)


def layers(landslides=(), plain=(), masked=()):
    def rows(outlines, prefix, reason):
        return [
            {"ls_id": f"{prefix}{k}", "tracks": "A128", "reason": reason, "status": "", "geometry": outline}
            for k, outline in enumerate(outlines)
        ]

    return {
        "landslides": rows(landslides, "L", ""),
        "non_landslide_deformation": rows(plain, "N", "too_flat"),
        "masked": rows(masked, "M", "above_snowline"),
        "vanished": [],
    }


def test_scored_needs_area_and_speed_in_a_track_that_sees_it(grid):
    big, small = cell_box(10, 10, 8, 8), cell_box(10, 40, 7, 7)  # 0.0576 and 0.0441 km2
    assert [row["scored"] for row in planted(grid, [big, small])] == [True, False]
    assert not planted(grid, [big], {"A128": truth(grid, SLOW)})[0]["scored"]
    blind = TrackTruth(np.full(grid.shape, -FAST), np.zeros(grid.shape, bool))
    rows = planted(grid, [big], {"A128": blind, "D062": truth(grid, SLOW)})
    assert rows[0]["los_speed_mm_per_yr"] == {"A128": None, "D062": pytest.approx(SLOW)}
    assert not rows[0]["scored"]
    assert planted(grid, [big], {"A128": blind, "D062": truth(grid, FAST)})[0]["scored"]


def test_speed_is_the_90th_percentile_over_observable_cells(grid):
    rate, observable = np.zeros(grid.shape), np.ones(grid.shape, bool)
    rate[10:20, 10:20] = -np.arange(100).reshape(10, 10)
    outline = cell_box(10, 10, 10, 10)
    assert scoring.true_speed(outline, TrackTruth(rate, observable), grid) == pytest.approx(
        np.percentile(range(100), 90)
    )
    observable[15:20, 10:20] = False
    assert scoring.true_speed(outline, TrackTruth(rate, observable), grid) == pytest.approx(
        np.percentile(range(50), 90)
    )
    observable[14, 10] = False  # 49 of 100 cells
    assert scoring.true_speed(outline, TrackTruth(rate, observable), grid) is None


def test_object_scores_by_hand(grid):
    # Scored: P0 found, P1 found with IoU 0.5, P2 missed. Unscored small P3 found: right, but not in
    # the recall.
    rows = planted(
        grid, [cell_box(5, 5, 10, 10), cell_box(5, 30, 10, 10), cell_box(5, 60, 10, 10), cell_box(5, 90, 5, 5)]
    )
    released = [cell_box(5, 5, 10, 10), cell_box(5, 30, 5, 10), cell_box(5, 90, 5, 5), cell_box(60, 60, 8, 8)]
    scores = scoring.score_objects(rows, layers(released), [])
    assert (scores["planted"], scores["scored"], scores["released"]) == (4, 3, 4)
    assert scores["object_recall"] == pytest.approx(2 / 3)
    assert scores["object_precision"] == pytest.approx(3 / 4)
    assert scores["object_f1"] == pytest.approx(2 * (2 / 3) * (3 / 4) / (2 / 3 + 3 / 4))
    assert [row["ls_id"] for row in scores["objects"]["planted"]] == ["L0", "L1", "", "L2"]
    assert [row["verdict"] for row in scores["objects"]["released"]] == ["right", "right", "right", "wrong"]
    assert scores["objects"]["planted"][1]["iou"] == pytest.approx(0.5)


def test_one_released_object_cannot_match_two_planted_ones(grid):
    rows = planted(grid, [cell_box(5, 5, 10, 10), cell_box(5, 15, 10, 10)])
    scores = scoring.score_objects(rows, layers([cell_box(5, 5, 10, 20)]), [])
    assert scores["object_recall"] == pytest.approx(0.5)
    assert scores["object_precision"] == 1.0


def test_overlap_below_the_limit_is_no_match(grid):
    rows = planted(grid, [cell_box(5, 5, 10, 10)])
    assert scoring.score_objects(rows, layers([cell_box(5, 5, 10, 40)]), [])["object_recall"] == 0.0  # IoU 0.25
    assert scoring.score_objects(rows, layers([cell_box(5, 5, 10, 30)]), [])["object_recall"] == 1.0  # IoU 1/3


def test_decoys_and_their_fate(grid):
    outlines = [cell_box(r, 60, 10, 10) for r in (5, 25, 45, 65)]
    decoys = [{"decoy_id": f"D{k}", "kind": "snow", "geometry": outline} for k, outline in enumerate(outlines)]
    found = layers([cell_box(5, 60, 8, 8)], [cell_box(25, 60, 9, 9)], [cell_box(45, 61, 9, 9)])
    scores = scoring.score_objects(planted(grid, [cell_box(80, 5, 10, 10)]), found, decoys)
    assert [row["fate"] for row in scores["decoys"]] == [
        "released (error)",
        "masked: too_flat, released as non-landslide deformation",
        "masked: above_snowline",
        "not detected",
    ]
    assert scores["decoys"][0]["released"] == ["L0"]
    assert scores["object_precision"] == 0.0
    assert scores["objects"]["released"][0]["verdict"] == "decoy"


def test_what_lies_in_a_frame_that_is_left_out_is_not_scored(grid):
    """The east of column 60 is left out. P0 is found, P1 missed; P2 lies in the east, P3 over the edge."""
    east = [RegionGrid(grid.epsg, grid.west + 60 * 30, grid.north, 30.0, grid.rows, grid.cols - 60)]
    outlines = [cell_box(5, 5, 10, 10), cell_box(40, 5, 10, 10), cell_box(5, 80, 10, 10), cell_box(40, 55, 10, 10)]
    # L1 is wrong; L2 and L3 are of an earlier release, which saw the east.
    released = layers([outlines[0], cell_box(70, 5, 8, 8), outlines[2], cell_box(70, 80, 8, 8)])
    decoys = [{"decoy_id": "D0", "kind": "snow", "geometry": cell_box(20, 90, 10, 10)}]
    scores = scoring.score_objects(planted(grid, outlines, left_out=east), released, decoys, east)
    assert (scores["planted"], scores["planted_left_out"], scores["scored"]) == (4, 2, 2)
    assert (scores["released"], scores["released_left_out"]) == (4, 2)
    assert (scores["object_recall"], scores["object_precision"], scores["object_f1"]) == (0.5, 0.5, 0.5)
    assert [row["left_out"] for row in scores["objects"]["planted"]] == [False, False, True, True]
    verdicts = [row["verdict"] for row in scores["objects"]["released"]]
    assert verdicts == ["right", "wrong", "frame left out", "frame left out"]
    assert scores["decoys"][0]["fate"] == "frame left out"
    text = scoring.table(scores | {"los_rmse_mm_per_yr": {}})
    assert "not scored, in frames left out: 2 planted, 2 released" in text.splitlines()
    assert [line.split()[:2] for line in text.splitlines() if line.startswith(("missed", "false"))] == [
        ["missed", "P1"],
        ["false", "L1"],
    ]
    # Of a release of all frames the same objects are scored: two of four missed, two of four wrong.
    whole = scoring.score_objects(planted(grid, outlines), released, decoys)
    assert (whole["planted_left_out"], whole["scored"], whole["released_left_out"]) == (0, 4, 0)
    assert (whole["object_recall"], whole["object_precision"]) == (0.5, 0.5)
    assert "left out" not in scoring.table(whole | {"los_rmse_mm_per_yr": {}})


def test_nothing_released_scores_zero(grid):
    scores = scoring.score_objects(planted(grid, [cell_box(5, 5, 10, 10)]), layers(), [])
    assert (scores["object_recall"], scores["object_precision"], scores["object_f1"]) == (0.0, 0.0, 0.0)


def test_pixel_scores_by_hand(grid):
    inside = np.zeros(grid.shape, bool)
    inside[0:10, 0:10] = True
    probability = np.zeros(grid.shape)
    probability[0:10, 5:15] = 0.9
    observable = np.ones(grid.shape, bool)
    observable[5:, :] = False
    probability[0, 0] = np.nan
    scores = scoring.score_pixels([(probability, inside, observable)], 0.5)
    # Rows 0-4: 25 right, 25 wrong, 24 missed (one of 25 is unknown).
    assert scores["precision"] == pytest.approx(25 / 50)
    assert scores["recall"] == pytest.approx(25 / 49)
    assert scores["iou"] == pytest.approx(25 / 74)
    assert scores["cells"] == 5 * grid.cols - 1


def test_planted_cells_are_those_with_their_centre_inside(grid):
    rows, cols = scoring.planted_cells([{"geometry": cell_box(5, 6, 7, 8).buffer(10)}], grid)
    cells = np.zeros(grid.shape, bool)
    cells[rows, cols] = True
    assert cells.sum() == len(rows) == 56
    assert cells[5:12, 6:14].all()
    assert not len(scoring.planted_cells([], grid)[0])


def test_rmse_after_removing_the_reference(grid):
    rng = np.random.default_rng(4)
    true = rng.normal(0, 20, grid.shape)
    reference = np.zeros(grid.shape, bool)
    reference[:20, :20] = True
    error = rng.normal(0, 3, grid.shape)
    measured = true - true[reference].mean() + error
    coherence = np.where(np.arange(grid.cols) < 60, 0.7, 0.4)[None] * np.ones(grid.shape)
    observable = np.ones(grid.shape, bool)
    observable[50:] = False
    measured[0, 0] = np.nan
    where = scoring.rmse_cells(measured, true, observable, coherence)
    assert where.sum() == 50 * 60 - 1
    found = scoring.SquareSum()
    for part in (where & reference, where & ~reference):
        found.add(scoring.square_errors(measured, true, true[reference].mean(), part))
    assert found.root == pytest.approx(np.sqrt(np.mean(error[where] ** 2)))


def test_table_names_every_decoy_and_every_miss(grid):
    rows = planted(grid, [cell_box(5, 5, 10, 10)])
    decoy = {"decoy_id": "D1", "kind": "snow", "geometry": cell_box(40, 40, 5, 5)}
    scores = scoring.score_objects(rows, layers([cell_box(60, 60, 9, 9)]), [decoy])
    pixels = scoring.score_pixels([(np.zeros(grid.shape), np.zeros(grid.shape, bool), np.ones(grid.shape, bool))], 0.5)
    scores |= {
        "los_rmse_mm_per_yr": {"A128": 4.0},
        "predicted_rmse_mm_per_yr": {"A128": 3.2},
        "rate_error": "formal",
        "pixels": {"A128": pixels},
    }
    text = scoring.table(scores)
    for words in (
        "planted 1, scored 1",
        "formal error 3.20, ratio 1.25",
        "decoy D1 (snow): not detected",
        "missed P0",
        "false L0 (wrong",
    ):
        assert words in text

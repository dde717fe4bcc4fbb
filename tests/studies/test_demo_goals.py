"""The goals of the valley: each one that a run misses is named."""

import pytest
from studies.demo_goals import unmet

GOOD = {"planted": 50, "scored": 20, "object_recall": 0.8, "object_precision": 0.8}
GOOD |= {"los_rmse_mm_per_yr": {"A128": 7.9}, "predicted_rmse_mm_per_yr": {"A128": 6.5}}


def test_a_run_that_reaches_all():
    assert unmet(GOOD) == []


@pytest.mark.parametrize(
    ("change", "line"),
    [
        ({"planted": 39}, "planted 39, goal >= 40"),
        ({"object_precision": 0.79}, "object_precision 0.79, goal >= 0.8"),
        ({"los_rmse_mm_per_yr": {"A128": 8.25}}, "LOS rate RMSE A128 8.25 mm/yr, goal <= 8"),
        (
            {"predicted_rmse_mm_per_yr": {"A128": 5.0}},
            "LOS rate RMSE A128 1.58 of the predicted error, goal <= 1.3",
        ),
    ],
)
def test_a_goal_that_is_missed_is_named(change, line):
    assert unmet(GOOD | change) == [line]

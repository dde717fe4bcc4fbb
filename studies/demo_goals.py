"""Goals of the region `valley`: what its scores against the planted truth must reach."""

from collections.abc import Mapping
from typing import Any

MIN = {"planted": 40, "scored": 20, "object_recall": 0.8, "object_precision": 0.8}
MAX_RMSE_MM_PER_YR = 8.0  # of the LOS rate of a track
MAX_RMSE_RATIO = 1.3  # the same over the error that is predicted for it


def unmet(scores: Mapping[str, Any]) -> list[str]:
    """Goals that a run of the valley does not reach.

    Parameters
    ----------
    scores : mapping of str to Any
        scores.json of the run.

    Returns
    -------
    list of str
        One line a goal, with the value and the goal; empty where all are reached.
    """
    found = [f"{name} {scores[name]:g}, goal >= {goal:g}" for name, goal in MIN.items() if scores[name] < goal]
    for stack, rmse in scores["los_rmse_mm_per_yr"].items():
        ratio = rmse / scores["predicted_rmse_mm_per_yr"][stack]
        if rmse > MAX_RMSE_MM_PER_YR:
            found.append(f"LOS rate RMSE {stack} {rmse:.2f} mm/yr, goal <= {MAX_RMSE_MM_PER_YR:g}")
        if ratio > MAX_RMSE_RATIO:
            found.append(f"LOS rate RMSE {stack} {ratio:.2f} of the predicted error, goal <= {MAX_RMSE_RATIO:g}")
    return found

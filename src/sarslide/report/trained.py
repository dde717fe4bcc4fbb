"""What a training made, on the terminal."""

import glob
from pathlib import Path

from pydantic import BaseModel, ConfigDict

from sarslide.errors import TrainingError
from sarslide.inventory.records import Count
from sarslide.io import bounded

Ends = tuple[float | None, float | None]
CURE = "train again"


class _Pooled(BaseModel):
    """Scores of a level; what else the file holds is left out."""

    model_config = ConfigDict(frozen=True)
    f1: float | None
    precision: float | None
    recall: float | None


class HeldOut(BaseModel):
    """test_scores.json of a training; what else it holds is left out.

    Attributes
    ----------
    pixel, object : scores
        By cell and by object.
    groups : int
        Groups of blocks that are drawn for the intervals.
    safe : bool
        Whether they are enough.
    intervals : dict
        By level and score, both ends; None for one group.
    """

    model_config = ConfigDict(frozen=True)
    pixel: _Pooled
    object: _Pooled
    groups: Count
    safe: bool
    intervals: dict[str, dict[str, Ends]]


def lines(results: Path, folder: str) -> list[str]:
    """The newest training of a name, and how well its network did on the test part of labels.

    Parameters
    ----------
    results : Path
        Results of the region.
    folder : str
        Name of its folder, `<network>.<variant>`.

    Returns
    -------
    list of str
        Path of its weights, and scores with their 95 % intervals where labels had a test part;
        empty where there is no such training.

    Raises
    ------
    TrainingError
        Where the scores cannot be read.
    """
    there = (results / "training").glob(f"*/*/{glob.escape(folder)}/*.safetensors")
    weights = max(there, key=lambda path: path.stat().st_mtime, default=None)
    if weights is None:
        return []
    made, path = [f"trained: {weights}"], weights.with_name("test_scores.json")
    if not path.is_file():
        return made
    scores = bounded.typed(HeldOut, bounded.json(path, TrainingError, cure=CURE), path, TrainingError, CURE)
    for level, word in (("pixel", "cell"), ("object", "object")):
        ends = scores.intervals.get(level, {})
        values = [_with_ends(name, value, ends.get(name, (None, None))) for name, value in getattr(scores, level)]
        made.append(f"  test part by {word}: {', '.join(values)}")
    if scores.groups < 2:
        return [*made, "  without intervals: the test part is one group of blocks"]
    few = "" if scores.safe else ", too few: they are too narrow"
    return [*made, f"  [95 % intervals] from {scores.groups} groups of blocks{few}"]


def _with_ends(name: str, value: float | None, ends: Ends) -> str:
    low, high = ends
    shown = f"{name} none" if value is None else f"{name} {value:.2f}"
    return shown if low is None or high is None else f"{shown} [{low:.2f}, {high:.2f}]"

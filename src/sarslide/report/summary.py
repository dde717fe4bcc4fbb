"""What runs made of a region, on the terminal."""

import csv
import json
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from sarslide.errors import ReleaseError


def current_release(results: Path) -> str:
    """Name of the current release.

    Parameters
    ----------
    results : Path
        Folder of results of a region.

    Returns
    -------
    str
        Such as `20190423-1a2b3c4d`; empty before the first release.
    """
    pointer = results / "inventory" / "current.json"
    return str(json.loads(pointer.read_text())["release"]) if pointer.is_file() else ""


def of_region(region: str, folder: Path = Path()) -> str:
    """What runs made of a region, where there is a release.

    Parameters
    ----------
    region : str
        Its name.
    folder : Path
        Working folder.

    Returns
    -------
    str
        As `summary`.

    Raises
    ------
    ReleaseError
        Where there is no release yet, or its files cannot be read.
    """
    results = folder / "results" / region
    again = f"`sarslide run {region}`"
    try:
        if not current_release(results):
            raise ReleaseError(f"{results}: has no release", again)
        return summary(results)
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise ReleaseError(
            f"{results}: cannot be read ({type(error).__name__})", f"restore the files, or {again}"
        ) from error


def summary(results: Path) -> str:
    """What a run made, in a few lines of text.

    Parameters
    ----------
    results : Path
        Folder of the region.

    Returns
    -------
    str
        Release, report and, for a simulated region, the scores against the planted truth.
    """
    release = current_release(results)
    folder = results / "inventory" / "releases" / release
    lines = [f"release  {release}", f"folder   {folder}"]
    if (table := folder / "CHANGES.csv").is_file():
        lines.append(f"changes  {_counted_changes(table)}")
    if (page := results / "report" / "report.html").is_file():
        lines.append(f"report   {page}")
    scores_file = results / "report" / "scores.json"
    if scores_file.is_file():
        lines += ["", *score_lines(json.loads(scores_file.read_text()))]
    return "\n".join(lines)


def _counted_changes(table: Path) -> str:
    """Objects of a CHANGES.csv by kind, such as `12 new, 3 grown`."""
    with open(table, newline="") as stream:
        counted = Counter(row["change"] for row in csv.DictReader(stream))
    return ", ".join(f"{count} {kind}" for kind, count in sorted(counted.items())) or "none"


def score_lines(scores: Mapping[str, Any]) -> list[str]:
    """Scores of a simulated region against its planted truth, as lines of text.

    Parameters
    ----------
    scores : mapping of str to Any
        scores.json.

    Returns
    -------
    list of str
        Counts, scores by object, and the error of the LOS rate of each track.
    """
    lines = [f"planted {scores['planted']} landslides, scored {scores['scored']}"]
    lines += [f"object {name:<10} {scores[f'object_{name}']:.3f}" for name in ("recall", "precision", "f1")]
    for stack, rmse in scores["los_rmse_mm_per_yr"].items():
        expected, kind = scores["predicted_rmse_mm_per_yr"][stack], scores.get("rate_error", "predicted")
        lines.append(
            f"LOS rate RMSE {stack} {rmse:.2f} mm/yr, {rmse / expected:.2f} of the {kind} error, {expected:.2f}"
        )
    return lines

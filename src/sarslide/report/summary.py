"""`python -m sarslide.report.summary results/<region>`: what a run made, on the terminal."""

import argparse
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any


def summary(results: Path) -> str:
    """Release, report and, for a simulated region, the scores against the planted truth, as a few lines of text."""
    current = json.loads((results / "inventory" / "current.json").read_text())
    lines = [f"release  {current['release']}", f"folder   {results}/inventory/releases/{current['release']}"]
    lines.append(f"report   {results}/report/report.html")
    scores_file = results / "report" / "scores.json"
    if scores_file.is_file():
        lines += ["", *score_lines(json.loads(scores_file.read_text()))]
    return "\n".join(lines)


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


def main(arguments: list[str] | None = None) -> None:
    """Print what a run made and, for a simulated region, how well."""
    parser = argparse.ArgumentParser(prog="python -m sarslide.report.summary", description=main.__doc__)
    parser.add_argument("results", type=Path, help="results folder of a region, for example results/demo")
    print(summary(parser.parse_args(arguments).results))


if __name__ == "__main__":
    main()

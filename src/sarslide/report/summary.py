"""`python -m sarslide.report.summary results/<region>`: what a run made, on the terminal."""

import argparse
import json
from pathlib import Path


def summary(results: Path) -> str:
    """Release, report and, for a simulated region, the scores against the planted truth, as a few lines of text."""
    current = json.loads((results / "inventory" / "current.json").read_text())
    lines = [f"release  {current['release']}", f"folder   {results}/inventory/releases/{current['release']}"]
    lines.append(f"report   {results}/report/report.html")
    scores_file = results / "report" / "scores.json"
    if scores_file.is_file():
        lines += ["", *score_lines(json.loads(scores_file.read_text()))]
    return "\n".join(lines)


def score_lines(scores: dict) -> list[str]:
    """The scores that the demo is judged by, with their goals."""
    lines = [f"planted {scores['planted']} landslides (goal >= 40), scored {scores['scored']} (goal >= 20)"]
    lines += [
        f"object {name:<10} {scores[f'object_{name}']:.3f}{goal}"
        for name, goal in (("recall", "  (goal >= 0.8)"), ("precision", "  (goal >= 0.8)"), ("f1", ""))
    ]
    for stack, rmse in scores["los_rmse_mm_per_yr"].items():
        predicted = scores["predicted_rmse_mm_per_yr"][stack]
        word = scores.get("rate_error", "predicted")
        ratio = f"{rmse / predicted:.2f} of the {word} {predicted:.2f} (goal <= 1.3)"
        lines.append(f"LOS rate RMSE {stack} {rmse:.2f} mm/yr (goal <= 8), {ratio}")
    return lines


def main(arguments: list[str] | None = None) -> None:
    """Print what a run made and, for a simulated region, how well."""
    parser = argparse.ArgumentParser(prog="python -m sarslide.report.summary", description=main.__doc__)
    parser.add_argument("results", type=Path, help="results folder of a region, for example results/demo")
    print(summary(parser.parse_args(arguments).results))


if __name__ == "__main__":
    main()

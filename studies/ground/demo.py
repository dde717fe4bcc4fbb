"""The demo on real ground beside the valley that was the demo before: cost and scores.

    python -m studies.ground.demo --folder FOLDER

Both run in FOLDER, one after the other, on two cores, unless they stand there: about 25 CPU
minutes, 7 GB. CPU s are those of Snakemake's benchmark files. The scores are those of the report:
recall over the planted landslides that are large and fast enough to be scored, precision over all
that are released.
"""

import argparse
from pathlib import Path
from typing import Any

from sarslide.io.sidecar import read_json
from sarslide.report.tables import run_time_rows
from studies.demo import run_region
from studies.ground import put, row

COMMAND = "python -m studies.ground.demo --folder FOLDER"
CORES, MAX_RATIO = 2, 1.2
COUNTS = ("planted", "scored", "released")
SHARES = ("object_recall", "object_precision", "object_f1")


def results(region: str, folder: Path) -> Path:
    """Results of a region, run unless they stand in the folder."""
    found = folder / "results" / region
    if not (found / "report/report.html").is_file():
        run_region(region, folder, CORES)
    return found


def cpu_s(region: Path) -> float:
    """CPU s of all jobs."""
    return sum(one["cpu_s"] for one in run_time_rows(region / "benchmarks"))


def rows(region: Path) -> list[dict[str, Any]]:
    """Scores of a finished region."""
    scores, name = read_json(region / "report/scores.json"), region.name
    counts = ", ".join(f"{scores[key]} {key}" for key in COUNTS)
    shares = " / ".join(f"{scores[key]:.2f}" for key in SHARES)
    rates = ", ".join(
        f"{stack} {rmse:.1f} ({rmse / scores['predicted_rmse_mm_per_yr'][stack]:.2f})"
        for stack, rmse in scores["los_rmse_mm_per_yr"].items()
    )
    return [
        row(f"{name}: landslides", counts, COMMAND),
        row(f"{name}: recall of the scored / precision / F1, by object", shares, COMMAND),
        row(f"{name}: RMSE of the LOS rate, mm/yr, and its share of the predicted one", rates, COMMAND),
    ]


def main() -> None:
    """Run, compare, record."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--folder", type=Path, required=True, metavar="FOLDER")
    folder = parser.parse_args().folder.resolve()
    valley, demo = (results(region, folder) for region in ("valley", "demo"))
    before, now = cpu_s(valley), cpu_s(demo)
    what = "demo: CPU s of jobs, beside those of the valley that was the demo before"
    met = now <= MAX_RATIO * before
    put([row(what, round(now), COMMAND, f"at most {MAX_RATIO} times", met, round(before)), *rows(valley), *rows(demo)])


if __name__ == "__main__":
    main()

"""The drawn valley of two checkouts in turn: rules, jobs, CPU s, console, every raster compared.

    python -m studies.structure.demo_runs --before CHECKOUT --folder FOLDER [--reference CHECKOUT]

`--reference`: a checkout whose rasters must be equal where they are not those of `--before`, with
the reason in its last commit.
"""

import argparse
import re
from pathlib import Path

from sarslide.report.tables import run_time_rows
from studies.structure import rasters
from studies.structure.records import REPOSITORY, publish, row
from studies.structure.snakemake_cost import run, valley

COMMAND = "python -m studies.structure.demo_runs --before CHECKOUT --folder FOLDER"
LONGEST_LINE, MAX_ROWS = 200, 25


def words(checkout: Path) -> tuple[str, ...]:
    """Arguments of Snakemake that run the valley."""
    return "--cores", "2", "--config", f"region={valley(checkout)}"


def rules(checkout: Path, folder: Path) -> int:
    """Rules of its workflow."""
    folder.mkdir(parents=True)
    _, text = run(checkout, folder, "--list-rules", *words(checkout))
    return len([line for line in text.splitlines() if re.fullmatch(r"\w+", line.strip())])


def table(checkout: Path, folder: Path) -> tuple[int, int]:
    """Rows of the job table of a fresh run, and its jobs."""
    folder.mkdir(parents=True)
    _, text = run(checkout, folder, "--dry-run", "--quiet", "rules", *words(checkout))
    body = re.search(r"^job +count\n[- ]+\n(.*?)^total +(\d+)", text, flags=re.M | re.S)
    return len(body[1].splitlines()), int(body[2])


def measured(checkout: Path, folder: Path) -> dict[str, float]:
    """All numbers of one checkout; its run stays below `folder`."""
    listed = rules(checkout, folder / "rules")
    rows, jobs = table(checkout, folder / "plan")
    place = folder / "run"
    place.mkdir()
    cost, console = run(checkout, place, *words(checkout))
    benchmarks = place / "results" / valley(checkout) / "benchmarks"
    return {
        "rules": listed,
        "rows of the job table": rows,
        "jobs": jobs,
        "CPU s of jobs": round(sum(each["cpu_s"] for each in run_time_rows(benchmarks))),
        "CPU s of Snakemake's main process": round(cost["main_cpu_s"], 1),
        "CPU s of everything": round(cost["main_cpu_s"] + cost["jobs_and_children_cpu_s"]),
        "wall clock, s": round(cost["wall_s"]),
        "longest console line, characters": max(map(len, re.split(r"[\r\n]", console))),
        "console lines": console.count("\n"),
    }


def main() -> None:
    """Measure, print, record."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--before", type=Path, required=True, help="checkout of the earlier state")
    parser.add_argument("--folder", type=Path, required=True, help="new folder for the runs, 7 GB")
    parser.add_argument(
        "--reference", type=Path, help="finished run of this version that the rasters are compared with"
    )
    chosen = parser.parse_args()
    then = measured(chosen.before, chosen.folder / "before")
    now = measured(REPOSITORY, chosen.folder / "now")
    goals = {"rows of the job table": MAX_ROWS, "longest console line, characters": LONGEST_LINE}
    rows = [
        row(f"demo: {what}", value, COMMAND, f"<= {goals[what]}" if what in goals else "shown",
            value <= goals.get(what, value), then[what])
        for what, value in now.items()
    ]  # fmt: skip
    ours = rasters.listing(chosen.folder / "now/run", valley(REPOSITORY))
    others = (
        ("before", chosen.folder / "before/run", valley(chosen.before)),
        ("the reference", chosen.reference, valley(REPOSITORY)),
    )
    for what, folder, region in others:
        if folder:
            wrong = rasters.differences(rasters.listing(folder, region), ours)
            print(*wrong, sep="\n")
            rows.append(
                row(f"demo: rasters and release that differ from {what}", len(wrong), COMMAND, "none", not wrong)
            )
    publish(rows)


if __name__ == "__main__":
    main()

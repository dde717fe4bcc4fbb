"""CPU seconds and memory of dry runs, now and before: the demo, and two paper regions with tables of planned passes.

    python -m studies.structure.dry_runs --before CHECKOUT [--regions demo zhouqu qtp_loess]

A dry run costs its start (Snakemake itself, a workflow of one rule) and a part that grows with the jobs: the goals are
for that part.
"""

import argparse
import re
import subprocess
import sys
import tempfile
from pathlib import Path

from studies.structure.records import REPOSITORY, publish, row
from studies.structure.snakemake_cost import run

COMMAND = "python -m studies.structure.dry_runs --before CHECKOUT"
GOAL_MS, GOAL_KB = 5.0, 30.0
EMPTY = "rule all:\n    output: 'done'\n    shell: 'touch {output}'\n"


def start() -> dict[str, float]:
    """What a dry run of a workflow of one rule costs."""
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "src").mkdir()
        (Path(folder) / "Snakefile").write_text(EMPTY)
        return run(Path(folder), Path(folder), "--dry-run", "--cores", "1")[0]


def planned_table(region: str, folder: Path) -> None:
    """Write the scene table of a paper region: the passes that its paper prints."""
    table = folder / f"resources/{region}/scenes.csv"
    table.parent.mkdir(parents=True)
    command = [sys.executable, "-m", "sarslide.catalog.planned", "--region", region]
    table.write_text(subprocess.run(command, check=True, capture_output=True, text=True).stdout)


def cost(checkout: Path, region: str) -> tuple[int, dict[str, float]]:
    """Jobs of a region and what its dry run costs."""
    with tempfile.TemporaryDirectory() as folder:
        if region != "demo":
            planned_table(region, Path(folder))
        used, text = run(
            checkout, Path(folder), "--dry-run", "--quiet", "rules", "--cores", "1", "--config", f"region={region}"
        )
    return int(re.search(r"^total +(\d+)", text, flags=re.M)[1]), used


def main() -> None:
    """Measure, print, record."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--before", type=Path, required=True, help="checkout of the earlier state")
    parser.add_argument("--regions", nargs="+", default=["demo", "zhouqu", "qtp_loess"])
    chosen = parser.parse_args()
    empty = start()
    rows = []
    for region in chosen.regions:
        (jobs, now), (jobs_before, then) = cost(REPOSITORY, region), cost(chosen.before, region)
        ms = 1e3 * (now["main_cpu_s"] - empty["main_cpu_s"]) / jobs
        kb = 1e3 * (now["main_mb"] - empty["main_mb"]) / jobs
        rows += [
            row(f"dry run {region}: jobs", jobs, COMMAND, before=jobs_before),
            row(f"dry run {region}: CPU s", round(now["main_cpu_s"], 1), COMMAND, before=round(then["main_cpu_s"], 1)),
            row(f"dry run {region}: MB", round(now["main_mb"]), COMMAND, before=round(then["main_mb"])),
            row(
                f"dry run {region}: CPU ms a job beyond the start",
                round(ms, 2),
                COMMAND,
                f"<= {GOAL_MS:g}",
                ms <= GOAL_MS,
            ),
            row(
                f"dry run {region}: kB a job beyond the start", round(kb, 1), COMMAND, f"<= {GOAL_KB:g}", kb <= GOAL_KB
            ),
        ]
    rows.append(row("dry run of one rule (the start): CPU s", round(empty["main_cpu_s"], 2), COMMAND))
    publish(rows)


if __name__ == "__main__":
    main()

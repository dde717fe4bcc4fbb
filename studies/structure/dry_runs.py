"""CPU seconds and memory of dry runs, now and before, of the drawn valley and two paper regions.

The paper regions have tables of planned passes.

    python -m studies.structure.dry_runs --before CHECKOUT [--regions valley zhouqu qtp_loess]

A dry run has a start, whatever the region (Snakemake itself, and reading rules and code), and a
part that grows with the jobs. Both are shown: everything by the number of jobs, and the part beyond
a dry run of one job of the same region.
"""

import argparse
import re
import subprocess
import sys
import tempfile
from pathlib import Path

from studies.structure.records import REPOSITORY, publish, row
from studies.structure.snakemake_cost import run, valley

COMMAND = "python -m studies.structure.dry_runs --before CHECKOUT"
GOAL_MS, GOAL_KB = 5.0, 30.0
ONE_JOB = "resources/{region}/dem_m.tif"


def planned_table(region: str, folder: Path) -> None:
    """Write the scene table of a paper region: the passes that its paper prints."""
    table = folder / f"resources/{region}/scenes.csv"
    table.parent.mkdir(parents=True)
    command = [sys.executable, "-m", "sarslide.catalog.planned", "--region", region]
    table.write_text(subprocess.run(command, check=True, capture_output=True, text=True).stdout)


def cost(checkout: Path, region: str, *targets: str) -> tuple[int, dict[str, float]]:
    """Jobs of a region, or of targets in it, and what the dry run costs."""
    with tempfile.TemporaryDirectory() as folder:
        if region == "valley":
            region = valley(checkout)
        else:
            planned_table(region, Path(folder))
        options = ("--dry-run", "--quiet", "rules", "--cores", "1", "--config", f"region={region}")
        used, text = run(checkout, Path(folder), *(target.format(region=region) for target in targets), *options)
    return int(re.search(r"^total +(\d+)", text, flags=re.M)[1]), used


def main() -> None:
    """Measure, print, record."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--before", type=Path, required=True, help="checkout of the earlier state")
    parser.add_argument("--regions", nargs="+", default=["valley", "zhouqu", "qtp_loess"])
    chosen = parser.parse_args()
    rows = []
    for region in chosen.regions:
        jobs_before, then = cost(chosen.before, region)
        jobs, now = cost(REPOSITORY, region)
        one = cost(REPOSITORY, region, ONE_JOB)[1]

        def line(what, value, before=None, goal="shown", met=True, region=region):
            return row(f"dry run {region}: {what}", value, COMMAND, goal, met, before)

        ms, kb = (1e3 * (now[key] - one[key]) / (jobs - 1) for key in ("main_cpu_s", "main_mb"))
        rows += [
            line("jobs", jobs, jobs_before),
            line("CPU s", round(now["main_cpu_s"], 1), round(then["main_cpu_s"], 1)),
            line("MB", round(now["main_mb"]), round(then["main_mb"])),
            line("CPU s of one job (the start)", round(one["main_cpu_s"], 1)),
            line(
                "CPU ms a job, all by the jobs",
                round(1e3 * now["main_cpu_s"] / jobs, 1),
                round(1e3 * then["main_cpu_s"] / jobs_before, 1),
            ),
            line("CPU ms a job beyond the start", round(ms, 1), None, f"<= {GOAL_MS:g}", ms <= GOAL_MS),
            line("kB a job beyond the start", round(kb, 1), None, f"<= {GOAL_KB:g}", kb <= GOAL_KB),
        ]
    publish(rows)


if __name__ == "__main__":
    main()

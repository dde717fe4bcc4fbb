"""CPU seconds and memory of every rule of a finished run, from Snakemake's benchmark files.

python -m studies.steps --results results/valley
"""

import argparse
from pathlib import Path

from sarslide.report.tables import run_time_rows
from studies.tables import publish


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--results", type=Path, required=True, help="results folder of a finished region")
    found = run_time_rows(parser.parse_args().results / "benchmarks")
    rows = [(row["rule"], row["jobs"], row["cpu_s"], row["memory_mb"]) for row in found]
    rules, jobs, cpu, memory = zip(*rows, strict=True)
    publish(
        "6_steps",
        "Cost of every step of the demo",
        "python -m studies.steps --results results/valley",
        ("rule", "jobs", "CPU s", "peak MB of a job"),
        [*rows, ("all", sum(jobs), sum(cpu), max(memory))],
        "Two tracks of 30 dates and 57 pairs, 270 x 510 cells. Each job's own process, interpreter start included; shorter jobs"
        " than Snakemake's first sample count as zero.",
    )


if __name__ == "__main__":
    main()

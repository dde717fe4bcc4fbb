"""CPU seconds and memory of every rule of a finished run, from Snakemake's benchmark files.

python benchmarks/steps.py --results results/demo
"""

import argparse
import csv
from collections import defaultdict
from pathlib import Path

from tables import publish


def rows(folder: Path) -> list[tuple]:
    """(rule, jobs, CPU s of all jobs, CPU s of the costliest, peak MB), costliest rule first."""
    jobs = defaultdict(list)
    for path in sorted(folder.rglob("*.tsv")):
        rule = path.relative_to(folder).parts[0].removesuffix(".tsv")
        with open(path, newline="") as stream:
            for row in csv.DictReader(stream, delimiter="\t"):
                jobs[rule].append((number(row["cpu_time"]), number(row["max_rss"])))
    table = [
        (rule, len(of), sum(cpu for cpu, _ in of), max(cpu for cpu, _ in of), max(memory for _, memory in of))
        for rule, of in jobs.items()
    ]
    return sorted(table, key=lambda row: -row[2])


def number(text: str) -> float:
    """A cell of a benchmark file; jobs shorter than its first sample have none."""
    return 0.0 if text in ("NA", "") else float(text)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--results", type=Path, required=True, help="results folder of a finished region")
    found = rows(parser.parse_args().results / "benchmarks")
    total = (
        "all",
        sum(row[1] for row in found),
        sum(row[2] for row in found),
        max(r[3] for r in found),
        max(r[4] for r in found),
    )
    publish(
        "6_steps",
        "Cost of every step of the demo",
        "python benchmarks/steps.py --results results/demo",
        ("rule", "jobs", "CPU s", "CPU s of the costliest job", "peak MB of a job"),
        [*found, total],
        "Two tracks of 30 dates and 57 pairs, 270 x 510 cells. Each job's own process, interpreter start included; shorter jobs"
        " than Snakemake's first sample count as zero.",
    )


if __name__ == "__main__":
    main()

"""What each paper region costs: studies/records/operations.json and docs/reference/operations.md.

    python -m studies.paper_regions                 before a run: jobs and CPU seconds of planning,
                                                    forecast of disk and time
    python -m studies.paper_regions --runs FOLDER   a small simulated piece of every region, run to
                                                    its end in FOLDER/<region>

A piece whose report stands in FOLDER is read, not run again; `tests/regions/test_scaled_runs.py`
has what a piece is.
"""

import argparse
import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path

from tests.regions.test_scaled_runs import simulated, words

from sarslide.catalog import planned
from sarslide.catalog.tracks import seen_share
from sarslide.config import load, presets
from sarslide.io.sidecar import read_json
from sarslide.preflight.forecast import forecast
from sarslide.report.tables import run_time_rows
from studies.operations import record

REPOSITORY = Path(__file__).resolve().parents[1]

REGIONS = [name for name in presets() if load({"region": name}).paper]


def snakemake(folder: Path, log_path: Path, *arguments: str) -> tuple[str, float]:
    """What the command log_path, which goes to a file, and its CPU seconds."""
    command = [str(Path(sys.executable).parent / "snakemake"), "--snakefile", str(REPOSITORY / "Snakefile")]
    with open(log_path, "w") as stream:
        process = subprocess.Popen(
            [*command, "--directory", str(folder), *arguments],
            stdout=stream,
            stderr=stream,
            env=os.environ | {"OMP_NUM_THREADS": "1"},
        )
        _, status, used = os.wait4(process.pid, 0)
    text = log_path.read_text()
    if status:
        raise SystemExit(f"{log_path}\n{text[-2000:]}")
    return text, used.ru_utime + used.ru_stime


def plan(region: str, folder: Path) -> dict:
    """The dry run of the whole graph with a scene table in `folder`, and the forecast."""
    config = load({"region": region})
    table = planned.rows(config)
    path = folder / "resources" / region / "scenes.csv"
    path.parent.mkdir(parents=True)
    with open(path, "w") as stream:
        planned.write(stream, table)
    text, cpu_s = snakemake(
        folder, folder / f"{region}.txt", "--dry-run", "--cores", "1", "--config", f"region={region}"
    )
    scenes = {stack: [row for row in table if row["stack"] == stack] for stack in config.stacks}
    seen = {stack: seen_share(stack, config.grid.region_grid()) for stack in config.stacks}
    cost = forecast(config, scenes, seen).as_dict()
    return {
        "region": region,
        "paper": config.paper,
        "jobs": int(re.search(r"^total +(\d+)$", text, flags=re.M).group(1)),
        "cpu_s": round(cpu_s, 1),
        **{word: cost[word] for word in ("scenes", "dates", "pairs", "cells", "download_gb", "disk_gb", "core_hours")},
    }


def run(region: str, folder: Path) -> dict:
    """A simulated piece of the region, from products to report, and what its files say."""
    piece, results = simulated(region), folder / "results" / region
    config = load(piece)
    if not (results / "report/report.html").is_file():
        folder.mkdir(parents=True, exist_ok=True)
        snakemake(folder, folder / "snakemake.log", "--cores", "2", "--config", *words(piece))
    times, scores = run_time_rows(results / "benchmarks"), read_json(results / "report/scores.json")
    found = scores["objects"]["planted"]
    return {
        "region": region,
        "paper": config.paper,
        "tracks": list(config.stacks),
        "method": config.rates.method,
        "network": config.network.preset,
        "dates": config.simulation.dates,
        "pairs": {stack: _pairs(results / stack) for stack in config.stacks},
        "cells": config.grid.region_grid().rows * config.grid.region_grid().cols,
        "jobs": sum(row["jobs"] for row in times),
        "cpu_s": round(sum(row["cpu_s"] for row in times)),
        "release": read_json(results / "inventory/current.json")["release"],
        "released": scores["released"],
        "right": sum(bool(one["ls_id"]) for one in found),
        "planted": scores["planted"],
        "scored": scores["scored"],
        "scored_found": sum(bool(one["ls_id"]) for one in found if one["scored"]),
        "recall": scores["object_recall"],
        "rmse_mm_per_yr": scores["los_rmse_mm_per_yr"],
        "formal_std_mm_per_yr": scores["predicted_rmse_mm_per_yr"],
    }


def _pairs(stack: Path) -> int:
    return len(list(stack.glob("*/ifg/*.cor.tif")))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=Path, metavar="FOLDER", help="run a small piece of every region")
    folder = parser.parse_args().runs
    if folder:
        record({"paper_runs": [run(region, folder.resolve() / region) for region in REGIONS]})
    else:
        with tempfile.TemporaryDirectory() as place:
            record({"paper_plans": [plan(region, Path(place)) for region in REGIONS]})


if __name__ == "__main__":
    main()

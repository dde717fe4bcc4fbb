"""What each paper region costs before it is run: jobs and CPU seconds of planning its graph, forecast of disk and core-hours.

python benchmarks/paper_regions.py
"""

import argparse
import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path

from tables import publish

from sarslide.catalog import planned
from sarslide.catalog.tracks import seen_share
from sarslide.config import load, presets
from sarslide.preflight.forecast import forecast

REPOSITORY = Path(__file__).resolve().parents[1]


def plan(region: str, folder: Path) -> tuple[int, float]:
    """Jobs of the dry run of `snakemake` with a scene table in `folder`, and its CPU seconds."""
    command = [str(Path(sys.executable).parent / "snakemake"), "--snakefile", str(REPOSITORY / "Snakefile")]
    command += ["--directory", str(folder), "--dry-run", "--cores", "1", "--config", f"region={region}"]
    with open(folder / f"{region}.txt", "w") as says:
        process = subprocess.Popen(command, stdout=says, stderr=says, env=os.environ | {"OMP_NUM_THREADS": "1"})
        _, status, used = os.wait4(process.pid, 0)
    text = (folder / f"{region}.txt").read_text()
    total = re.search(r"^total +(\d+)$", text, flags=re.M)
    if status or not total:
        raise SystemExit(f"{region}: the dry run failed\n{text[-2000:]}")
    return int(total.group(1)), used.ru_utime + used.ru_stime


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.parse_args()
    rows = []
    with tempfile.TemporaryDirectory() as place:
        for region in presets():
            config = load({"region": region})
            if not config.paper:
                continue
            table = planned.rows(config)
            path = Path(place) / "resources" / region / "scenes.csv"
            path.parent.mkdir(parents=True)
            with open(path, "w") as stream:
                planned.write(stream, table)
            jobs, cpu_s = plan(region, Path(place))
            scenes = {stack: [row for row in table if row["stack"] == stack] for stack in config.stacks}
            seen = {stack: seen_share(stack, config.grid.region_grid()) for stack in config.stacks}
            cost = forecast(config, scenes, seen).as_dict()
            numbers = [cost[word] for word in ("scenes", "dates", "pairs")] + [cost["cells"] / 1e6, jobs, cpu_s]
            rows.append(
                [region, config.paper, *numbers, *(cost[word] for word in ("download_gb", "disk_gb", "core_hours"))]
            )
    publish(
        "9_paper_regions",
        "Paper regions before they are run",
        "python benchmarks/paper_regions.py",
        ("region", "paper", "scenes", "dates", "pairs", "million cells", "jobs", "dry run, CPU s")
        + ("forecast: download, GB", "disk, GB", "core hours"),
        rows,
        "Scene tables with the papers' numbers of scenes (`python -m sarslide.catalog.planned`), on the days of the repeat orbit;"
        " where a paper prints none, every pass of the window. Pairs from made-up perpendicular baselines (70 m, one sigma)."
        " Goal: the dry run of P4's region under 15 CPU s. Forecast from measured costs of single steps (tables 1 and 6); disk"
        " includes downloads. No paper region has been run.",
    )


if __name__ == "__main__":
    main()

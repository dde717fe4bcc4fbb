"""What planning costs: the regions of the papers and California, by frames of 60 km.

    python -m studies.frames.plans                      all of them
    python -m studies.frames.plans --regions california

Scene tables are the planned ones (`sarslide.catalog.planned`): as many dates as the papers print.
Every plan is one that `sarslide run` makes: `snakemake --dry-run` of a group of frames, and of what
joins them beside empty files in the place of those of the frames. CPU s and memory are those of the
process, as the system counts them. Writes its rows into studies/records/frames.json.
"""

import argparse
import os
import re
import sys
import tempfile
from contextlib import chdir
from dataclasses import dataclass
from pathlib import Path

from tests.support import plans

from sarslide.catalog import planned, scenes
from sarslide.catalog.tracks import seen_share
from sarslide.config import Config, load, presets
from sarslide.preflight import frames as frame_costs
from sarslide.preflight.forecast import forecast
from sarslide.workflow import frame_calls
from sarslide.workflow.frame_records import FrameRecords
from sarslide.workflow.graph import Graph
from studies.frames import put, row
from studies.structure.records import REPOSITORY

COMMAND = "python -m studies.frames.plans"
FRAME_KM = 60
MAX_CPU_S, MAX_MB, MAX_JOB_MB = 60, 3000, 8192


@dataclass(frozen=True)
class Plan:
    """One plan: its jobs, CPU s, MB of memory, and MB of the job that asks for most."""

    jobs: int
    cpu_s: float
    mb: float
    job_mb: int
    job: str


def regions() -> list[str]:
    """The regions of the papers, and California."""
    return [*(name for name in presets() if load({"region": name}).paper), "california"]


def configured(region: str) -> dict:
    """Keys of a region: frames of 60 km, where these cut it."""
    keys = {"region": region}
    side_km = max(load(keys).grid.region_grid().shape) * load(keys).grid.cell_m / 1000
    return keys | {"grid": {"frame_km": FRAME_KM}} if side_km > FRAME_KM else keys


def snakemake(folder: Path, keys: dict, values: tuple[str, ...] = ()) -> Plan:
    """A dry run, measured."""
    words = [f"{key}={value}" for key, value in keys.items() if key != "grid"]
    words += [f'grid={{"frame_km": {FRAME_KM}}}'] if "grid" in keys else []
    log = folder / "plan.txt"
    command = [sys.executable, "-m", "snakemake", "--snakefile", str(REPOSITORY / "Snakefile"), "--dry-run"]
    command += ["--cores", "1", "--directory", str(folder), "--config", *words, *values]
    process = os.spawnvpe(
        os.P_NOWAIT, "/bin/sh", ["sh", "-c", 'out=$1; shift; exec "$@" >"$out" 2>&1', "sh", str(log), *command],
        os.environ | {"OMP_NUM_THREADS": "1"},
    )  # fmt: skip
    _, status, used = os.wait4(process, 0)
    text = log.read_text()
    if status:
        raise SystemExit(f"{values}\n{text[-2000:]}")
    total = re.search(r"^total +(\d+)$", text, flags=re.M)
    rules = re.findall(r"^(?:local)?rule (\w+):", text, flags=re.M)
    memory = [int(mb) for mb in re.findall(r"^ +resources:.*?\bmem_mb=(\d+)", text, flags=re.M)]
    largest = max(zip(memory, rules, strict=False), default=(0, ""))
    cpu_s, mb = used.ru_utime + used.ru_stime, used.ru_maxrss * 1024 / 1e6
    return Plan(int(total[1]) if total else 0, round(cpu_s, 1), round(mb), *largest)


def make_frames(folder: Path, keys: dict, graph: Graph) -> None:
    """Empty files in the place of those of all frames that are read beside pairs and dates."""
    for stack in graph.config.stacks:
        seen = graph.frames_of(stack)
        if not seen:
            continue
        last = graph.pairs(stack)[-1]
        for path in plans.outputs(folder, keys | {"frames": [seen[0]]}):
            of_pairs = "/ifg/" in path and last not in path
            if f"/{seen[0]}/" not in path or "/gslc/" in path or of_pairs and not path.endswith(".json"):
                continue
            for frame in seen[:1] if of_pairs else seen:
                made = folder / path.replace(f"/{seen[0]}/", f"/{frame}/")
                made.parent.mkdir(parents=True, exist_ok=True)
                made.touch()
    with chdir(folder):
        FrameRecords(graph).write(graph.run_frames)


def measured(region: str, folder: Path) -> tuple[Config, Graph, list[Plan], float]:
    """The plans of a region: the largest of its frames and what joins them, or the only one."""
    keys = configured(region)
    config = load(keys)
    table = folder / "resources" / region / "scenes.csv"
    table.parent.mkdir(parents=True)
    with open(table, "w") as stream:
        planned.write(stream, planned.rows(config))
    graph = Graph.of(config, scenes.table(config, folder / "resources"))
    if len(graph.frames) == 1 or frame_calls.jobs(graph) <= frame_calls.MAX_JOBS:
        return config, graph, [snakemake(folder, keys)], 1
    calls = frame_calls.calls(graph)
    largest = max(calls, key=lambda call: sum(frame_calls.jobs_of(graph, frame) for frame in call.frames))
    of_frames = snakemake(folder, keys, largest.values)
    make_frames(folder, keys, graph)
    return config, graph, [of_frames, snakemake(folder, keys, frame_calls.join(graph, ()).values)], len(calls) + 1


def rows(region: str, folder: Path) -> list[dict]:
    """The rows of a region."""
    config, graph, found, calls = measured(region, folder)
    table = graph.scenes.rows()
    seen = {stack: seen_share(stack, config.grid.region_grid()) for stack in config.stacks}
    cost = forecast(config, {stack: [one for one in table if one["stack"] == stack] for stack in seen}, seen)
    files = sum(one.files for one in frame_costs.frame_costs(graph))
    jobs = frame_calls.jobs(graph) if calls > 1 else found[0].jobs
    cpu_s, mb = max(plan.cpu_s for plan in found), max(plan.mb for plan in found)
    job = max(found, key=lambda plan: plan.job_mb)
    shape = f"{len(graph.run_frames)} frames, {cost.dates} dates, {cost.pairs} pairs"
    sizes = " and ".join(f"{plan.jobs:,} jobs in {plan.cpu_s:.0f} CPU s" for plan in found)
    numbers = f"{shape}; about {jobs:,} jobs in {calls} plans; the largest of frames and the last: {sizes}"
    text = f"{cost.core_hours:,.0f} core-hours, {cost.disk_gb:,.0f} GB with downloads, about {files:,} files"
    return [
        row(f"{region}: plans", numbers, COMMAND),
        row(f"{region}: CPU s of the largest plan", cpu_s, COMMAND, f"<= {MAX_CPU_S}", cpu_s <= MAX_CPU_S),
        row(f"{region}: MB of the largest plan", mb, COMMAND, f"<= {MAX_MB}", mb <= MAX_MB),
        row(
            f"{region}: MB that the largest job asks for",
            f"{job.job_mb:,} ({job.job})",
            COMMAND,
            f"<= {MAX_JOB_MB:,}",
            job.job_mb <= MAX_JOB_MB,
        ),
        row(f"{region}: forecast", text, COMMAND),
    ]


def main() -> None:
    """Measure, print, record."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--regions", nargs="+", default=regions(), metavar="REGION")
    parser.add_argument("--no-record", action="store_true", help="print only")
    chosen = parser.parse_args()
    for region in chosen.regions:
        with tempfile.TemporaryDirectory() as place:
            found = rows(region, Path(place))
        print(*found, sep="\n") if chosen.no_record else put(found)


if __name__ == "__main__":
    main()

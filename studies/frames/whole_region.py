"""A paper region whole: `zhongxinrong`, 29 x 55 km in eight frames of 15 km, two simulated tracks
of 20 dates each, from SAFE products to inventory and report; then one more date of each track.

    python -m studies.frames.whole_region --folder FOLDER
    python -m studies.frames.whole_region --folder FOLDER --new-date

The first line runs `sarslide run zhongxinrong` with the keys that `keys` lists, the second
`sarslide schedule zhongxinrong` with `simulation.new_dates=1` in a folder that the first has
finished. Weather, decorrelation and ground are those of the drawn valley. P0's networks would have
to be trained first, and P0 averages wrapped phases, which have no rate that could be compared with
the planted one: the region is mapped by the network of the package, which reads rates by stacking.
Its seed is the first with five planted landslides over seams, which takes 50 CPU s a seed.
Some 2 core-hours and 26 GB, says the forecast. What stands in FOLDER is read, not made again; a run
that was interrupted goes on.
"""

import argparse
import json
import re
import shutil
from collections.abc import Iterable
from itertools import count
from pathlib import Path
from typing import Any

import geopandas as gpd

from sarsim.world import WorldSettings, build_world
from sarslide.catalog import scenes
from sarslide.catalog.tracks import passes, seen_share
from sarslide.cli.start import nested
from sarslide.config import Config, load
from sarslide.frames import Frame
from sarslide.io.sidecar import read_json, write_json
from sarslide.preflight.forecast import forecast
from sarslide.preflight.frames import frame_costs
from sarslide.report.tables import run_time_rows
from sarslide.workflow import frame_calls
from sarslide.workflow.graph import Graph
from studies.frames import put, row
from studies.runs import sarslide

COMMAND = "python -m studies.frames.whole_region --folder FOLDER"
NEW_DATE = f"{COMMAND} --new-date"
REGION, FRAME_KM, DATES = "zhongxinrong", 15, 20
FIRST_SEED = 1848  # the search for one with landslides over seams begins here
PLANTED, OVER_SEAMS, LIMIT_MB = 30, 5, 8 * 1024
DATE = re.compile(r"\d{8}")
# Rules whose outputs no date after the first ones may change.
OF_GROUND = ("simulate_world", "simulate_stack", "terrain", "stack_geometry", "mosaic_ground")


def keys(seed: int = FIRST_SEED) -> dict[str, str]:
    """What the run sets beside the preset, as a user types it after `--set`."""
    preset = load({"region": REGION})
    grid, start = preset.grid.region_grid(), preset.catalog.start or ""
    first = {stack: passes(stack, grid, start, "20991231")[0] for stack in preset.stacks}
    return {
        "source": "simulated",
        "grid.dem": '""',
        "grid.frame_km": str(FRAME_KM),
        "simulation.dates": str(DATES),
        "simulation.first_date": json.dumps(first),
        "simulation.seed": str(seed),
        "inventory.snowline_m": "4100",
        "rates.method": "stacking",
        "segmentation.model": "drs_unet_compact",
        "segmentation.beside": "[]",
        "segmentation.weights_of": '""',
    }


def words(values: dict[str, str]) -> list[str]:
    """Keys as arguments of `sarslide`."""
    return [f"--set={key}={value}" for key, value in values.items()]


def configured(values: dict[str, str]) -> Config:
    """The configuration of a run."""
    return load({"region": REGION} | nested(f"{key}={value}" for key, value in values.items()))


def over_seams(landslides: gpd.GeoDataFrame, frames: Iterable[Frame]) -> list[str]:
    """`planted_id` of the landslides that lie in more than one core."""
    west, south, east, north = zip(*(frame.core.bounds for frame in frames), strict=True)
    columns, rows = sorted({*west} | {*east})[1:-1], sorted({*south} | {*north})[1:-1]
    found = []
    for name, shape in zip(landslides["planted_id"], landslides.geometry, strict=True):
        left, bottom, right, top = shape.bounds
        if any(left < line < right for line in columns) or any(bottom < line < top for line in rows):
            found.append(name)
    return found


def chosen_seed(folder: Path) -> int:
    """The first seed whose world has landslides enough over seams; 50 CPU s a seed."""
    kept = folder / "seed.json"
    if not kept.is_file():
        config = configured(keys())
        region, settings = config.grid.region_grid(), WorldSettings(snowline_m=config.simulation.snowline_m)
        worlds = (build_world(region, seed, settings=settings) for seed in count(FIRST_SEED))
        frames = config.grid.frames()
        found = next(world.seed for world in worlds if len(over_seams(world.landslides, frames)) >= OVER_SEAMS)
        write_json(kept, {"seed": found})
    return int(read_json(kept)["seed"])


def disk_gb(folder: Path) -> float:
    """Disk of a working folder, 1e9 bytes."""
    return sum(path.lstat().st_size for path in folder.rglob("*") if path.is_file()) / 1e9


def run(folder: Path, values: dict[str, str]) -> Path:
    """Run the region; what the run cost and its scores, kept aside."""
    kept = folder / "whole"
    if not kept.is_dir():
        command = "resume" if (folder / "results" / REGION).is_dir() else "run"
        sarslide(folder, command, command, REGION, "--cores", "2", *words(values))
        part = folder / "whole.part"
        shutil.rmtree(part, ignore_errors=True)
        shutil.copytree(folder / "results" / REGION / "benchmarks", part / "benchmarks")
        shutil.copy(folder / "results" / REGION / "report/scores.json", part)
        write_json(part / "disk.json", {"gb": disk_gb(folder / "resources") + disk_gb(folder / "results")})
        part.rename(kept)
    return kept


def expected(config: Config, folder: Path) -> dict[str, float]:
    """The forecast of `sarslide plan`: core-hours, GB, MB of the largest job, jobs."""
    graph = Graph.of(config, scenes.table(config, folder / "resources"))
    table = graph.scenes.rows()
    seen = {stack: seen_share(stack, config.grid.region_grid()) for stack in config.stacks}
    cost = forecast(config, {stack: [one for one in table if one["stack"] == stack] for stack in seen}, seen)
    return {
        "core_hours": cost.core_hours,
        "disk_gb": cost.disk_gb,
        "memory_mb": max(one.memory_mb for one in frame_costs(graph)),
        "jobs": frame_calls.jobs(graph),
    }


def cost_rows(kept: Path, forecast_of: dict[str, float], title: str) -> list[dict]:
    """What the run cost, beside its forecast."""
    times = run_time_rows(kept / "benchmarks")
    largest = max(times, key=lambda one: one["memory_mb"])
    jobs, cpu_s = sum(one["jobs"] for one in times), sum(one["cpu_s"] for one in times)
    top = ", ".join(f"{one['rule']} {one['cpu_s']:.0f}" for one in times[:5])
    return [
        row(f"{title}: inventory and report by one `sarslide run`", "done", COMMAND, "done"),
        row(f"{title}: jobs (forecast)", f"{jobs:,} ({forecast_of['jobs']:,})", COMMAND),
        row(
            f"{title}: CPU s of jobs (forecast)",
            f"{cpu_s:,.0f} ({3600 * forecast_of['core_hours']:,.0f}); {top}",
            COMMAND,
        ),
        row(
            f"{title}: largest memory of a job, MB (forecast)",
            f"{largest['memory_mb']:,.0f}, {largest['rule']} ({forecast_of['memory_mb']:,.0f})",
            COMMAND,
            f"<= {LIMIT_MB:,}",
            largest["memory_mb"] <= LIMIT_MB,
        ),
        row(
            f"{title}: disk, GB (forecast)",
            f"{read_json(kept / 'disk.json')['gb']:.1f} ({forecast_of['disk_gb']:.1f})",
            COMMAND,
        ),
    ]


def score_rows(scores: dict[str, Any], seams: list[str], title: str) -> list[dict]:
    """What was found of what was planted."""
    objects = scores["objects"]["planted"]
    found = [one for one in objects if one["scored"] and one["ls_id"]]
    at_seams = [one for one in objects if one["planted_id"] in seams]
    counts = {
        "over seams": len(at_seams),
        "scored": scores["scored"],
        "scored over seams": sum(one["scored"] for one in at_seams),
    }
    planted = f"{scores['planted']}, " + ", ".join(str(count) for count in counts.values())
    measures = f"{scores['object_recall']:.3f}, {scores['object_precision']:.3f}"
    seam_found = sum(one["planted_id"] in seams for one in found)
    rmse, levelled = scores["los_rmse_mm_per_yr"], scores.get("levelled_rmse_mm_per_yr", {})
    return [
        row(
            f"{title}: planted, {', '.join(counts)}",
            planted,
            COMMAND,
            f">= {PLANTED}, >= {OVER_SEAMS} over seams",
            scores["planted"] >= PLANTED and len(at_seams) >= OVER_SEAMS,
        ),
        row(f"{title}: recall of the scored and precision, by object", measures, COMMAND),
        row(
            f"{title}: found of the scored landslides over seams",
            f"{seam_found} of {counts['scored over seams']}",
            COMMAND,
        ),
        *(
            row(
                f"{title}: {stack}, RMSE of the LOS rate in frames, expected, levelled, mm/yr",
                f"{error:.2f}, {scores['predicted_rmse_mm_per_yr'][stack]:.2f}, {levelled[stack]:.2f}",
                COMMAND,
            )
            for stack, error in rmse.items()
        ),
    ]


def add_date(folder: Path, values: dict[str, str]) -> Path:
    """One scheduled run with one more date of each track; benchmarks of its jobs, kept aside."""
    kept = folder / "new_date"
    if not kept.is_dir():
        benchmarks, mark = folder / "results" / REGION / "benchmarks", folder / "new_date.begun"
        if not mark.is_file():
            mark.touch()
        more = words(values | {"simulation.new_dates": "1"})
        sarslide(folder, "schedule", "schedule", REGION, "--cores", "2", *more)
        part = folder / "new_date.part"
        shutil.rmtree(part, ignore_errors=True)
        for path in benchmarks.rglob("*.tsv"):
            if path.stat().st_mtime >= mark.stat().st_mtime:
                copy = part / path.relative_to(benchmarks)
                copy.parent.mkdir(parents=True, exist_ok=True)
                shutil.copy2(path, copy)
        part.rename(kept)
    return kept


def foreign_jobs(benchmarks: Iterable[str], new: dict[str, str]) -> list[str]:
    """Jobs that a new date should not have.

    Parameters
    ----------
    benchmarks : iterable of str
        Benchmark file of each job, `RULE/STACK/FRAME/DATE.tsv` or `RULE/STACK/FRAME/PAIR.tsv`.
    new : dict of str to str
        New date of each track.

    Returns
    -------
    list of str
        Those of another date or of a pair without the new one, and those of the ground.
    """
    found = []
    for path in benchmarks:
        dates, stack = DATE.findall(path), next((name for name in new if f"/{name}/" in path), "")
        if (dates and new.get(stack) not in dates) or path.removesuffix(".tsv").partition("/")[0] in OF_GROUND:
            found.append(path)
    return found


def new_date_rows(kept: Path, config: Config, title: str) -> list[dict]:
    """What a new date cost, and whether it was its own jobs alone."""
    table = scenes.table(config, kept.parent / "resources")
    new = {stack: table.dates(stack)[-1] for stack in config.stacks}
    paths = [path.relative_to(kept).as_posix() for path in sorted(kept.rglob("*.tsv"))]
    foreign, times = foreign_jobs(paths, new), run_time_rows(kept)
    jobs = ", ".join(f"{one['jobs']} {one['rule']}" for one in times)
    cpu_s = sum(one["cpu_s"] for one in times)
    return [
        row(f"{title}: jobs", f"{len(paths)}: {jobs}", NEW_DATE),
        row(f"{title}: CPU s of jobs", round(cpu_s), NEW_DATE),
        row(
            f"{title}: jobs of other dates, of pairs without it, or of the ground",
            len(foreign),
            NEW_DATE,
            "none",
            not foreign,
        ),
    ]


def main() -> None:
    """Run, read, record."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--folder", type=Path, required=True, metavar="FOLDER")
    parser.add_argument("--new-date", action="store_true", help="add one date of each track to the finished region")
    chosen = parser.parse_args()
    folder = chosen.folder.resolve()
    folder.mkdir(parents=True, exist_ok=True)
    values = keys(chosen_seed(folder))
    config = configured(values)
    frames = config.grid.frames()
    title = f"{REGION} whole, seed {config.simulation.seed}, {len(frames)} frames, 2 tracks of {DATES} dates"
    if chosen.new_date:
        if not (folder / "whole").is_dir():
            raise SystemExit(f"{folder}: the region is not finished; run this study without --new-date first")
        kept = add_date(folder, values)
        more = configured(values | {"simulation.new_dates": "1"})
        put(new_date_rows(kept, more, f"{REGION} whole, one more date of each track"))
        return
    kept = run(folder, values)
    landslides = gpd.read_file(folder / "resources" / REGION / "truth/landslides.gpkg")
    put(cost_rows(kept, expected(config, folder), title))
    put(score_rows(read_json(kept / "scores.json"), over_seams(landslides, frames), title))


if __name__ == "__main__":
    main()

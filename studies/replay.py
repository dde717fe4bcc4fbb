"""A year of scheduled runs with kills in between.

Acquisitions of two tracks arrive one by one at the archive in a box.

    python -m studies.replay --folder FOLDER                                      30 dates, 2 tracks
    python -m studies.replay --folder FOLDER --dates 4 --tracks A128 --kills 0.3    a small one

After each arrival `sarslide schedule` runs, some of the runs are ended with kill -9 at a
random moment and the next run goes on. Started again, the replay goes on after the last arrival
that is done. At the end the inventory is compared with one that is made in one go from all dates,
and everything that was written is searched for the planted secrets. Writes keys "replay" and
"secret_search" of studies/records/operations.json, and docs/reference/operations.md.
"""

import argparse
import json
import os
import random
import resource
import shutil
import signal
import subprocess
import sys
import time
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from urllib.parse import quote, urlsplit

import numpy as np
import yaml
from tests.archive.server import TOKEN, WORD, Archive, serving, write_netrc

from sarslide.grid import RegionGrid
from sarslide.inventory.changes import MASKED, RELEASED
from sarslide.inventory.content import outline, values
from sarslide.inventory.tables import OBJECTS, rows_of
from sarslide.names import parse_date
from sarslide.schedule import snakemake_log, state
from sarslide.workflow import events
from studies.operations import record

REPOSITORY = Path(__file__).resolve().parents[1]

REGION, SEED = "valley", 1848
INVENTORY = f"results/{REGION}/inventory"
FIRST = {"A128": "20190306", "D062": "20190311"}
BOUNDS = {"small": (517500, 3206400, 520500, 3210000), "valley": (515130, 3200340, 523230, 3215640)}
INTERVAL_D = 12
# What tells the history of an object; everything else of it is measured.
HISTORY = ("ls_id", "uid", "change", "related", "first_seen", "last_seen")
MEASURED = {name: kind for name, kind in OBJECTS.items() if name not in HISTORY}


@dataclass(frozen=True)
class Plan:
    """dates: of each track. kills: share of the runs ended with kill -9. seed: of the kills."""

    dates: int = 30
    tracks: tuple[str, ...] = tuple(FIRST)
    bounds: tuple[float, float, float, float] = BOUNDS["valley"]
    kills: float = 0.33
    seed: int = 7
    cores: int = 2

    @property
    def grid(self) -> RegionGrid:
        return RegionGrid.from_bounds(32647, self.bounds, 30)

    def days(self, track: str) -> list[str]:
        first = parse_date(FIRST[track])
        return [f"{first + timedelta(days=INTERVAL_D * step):%Y%m%d}" for step in range(self.dates)]


def acquisitions(plan: Plan, folder: Path) -> None:
    """Simulated products below `folder`/{track}/{date}, and `folder`/dem_m.tif.

    What is there already is kept.
    """
    from tqdm import tqdm

    from sarsim.stack import StackSimulator
    from sarsim.world import build_world, elevation_on
    from sarslide.io import raster

    todo = [(track, day) for track in plan.tracks for day in plan.days(track) if not (folder / track / day).is_dir()]
    if not todo and (folder / "dem_m.tif").is_file():
        return
    world = build_world(plan.grid, SEED)
    folder.mkdir(parents=True, exist_ok=True)
    wide = plan.grid.pad(3600)
    raster.write(folder / "dem_m.tif", elevation_on(world, wide), wide, "dem_m", tags={"vertical": "ellipsoidal"})
    stacks = {track: StackSimulator(world, track) for track in plan.tracks}
    for track, day in tqdm(todo, desc="simulate", unit="date"):
        stacks[track].simulate(day, folder / track / day)


class Scheduled:
    """A working folder, and the command that cron would start in it."""

    def __init__(self, folder: Path, plan: Plan, archive: Archive, dem: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.folder, self.plan = folder, plan
        how = archive.access(timeout_s=30.0)
        catalog = {"archive": "asf"} | {word: how.pop(word) for word in ("search_asf", "search_copernicus")}
        how["orbit_sources"] = how["orbit_sources"].split()
        grid = {"bounds": list(plan.bounds), "dem": str(dem)}
        region = {"source": "safe", "stacks": list(plan.tracks), "grid": grid, "catalog": catalog, "retrieve": how}
        (folder / "region.yaml").write_text(yaml.safe_dump(region))
        netrc = write_netrc(folder.parent / f"{folder.name}.netrc", archive)
        self.environment = os.environ | {
            "NETRC": str(netrc),
            "OMP_NUM_THREADS": "1",
            "SARSLIDE_NOTIFY": f"tee -a {folder}/told.jsonl",
        }

    def start(self) -> subprocess.Popen:
        words = [sys.executable, "-m", "sarslide", "schedule", REGION, "--directory", str(self.folder)]
        words += ["--cores", str(self.plan.cores), "--configfile", "region.yaml"]
        with open(self.folder / "console.txt", "a") as console:
            return subprocess.Popen(words, env=self.environment, start_new_session=True, stdout=console, stderr=console)

    def run(self) -> dict:
        """The summary of a run that nobody ends."""
        code = self.start().wait()
        summary = json.loads((self.folder / "told.jsonl").read_text().splitlines()[-1])
        if code not in (0, 76) or code != summary["exit_code"]:
            raise SystemExit(f"the run ended with {code}: {summary}\nsee {self.folder / summary.get('log', '')}")
        return summary

    def run_and_kill(self, after_s: float) -> bool:
        """A run that is ended after `after_s` s with all its processes; whether it still worked."""
        process = self.start()
        try:
            process.wait(timeout=after_s)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()
            return True
        return False

    @property
    def inventory(self) -> Path:
        return self.folder / INVENTORY

    def logs(self) -> set[Path]:
        return set((self.folder / f"logs/{REGION}/scheduled").glob("*.log"))

    def counts(self) -> dict[str, int]:
        path = self.inventory / "current.json"
        return json.loads(path.read_text())["counts"] if path.is_file() else {}


def arrivals(plan: Plan, archive: Archive, folder: Path) -> list[tuple[np.datetime64, str, str]]:
    """Moment, track and date of each acquisition that has its precise orbit, in order."""
    found = []
    for track in plan.tracks:
        for day in plan.days(track):
            slc = archive.publish(folder / track / day)
            precise = [when for name, (_, when) in archive.orbits.items() if "POEORB" in name and _covers(name, slc)]
            found.append((max(slc.published, min(precise)) + np.timedelta64(1, "h"), track, day))
    return sorted(found)


def _covers(name: str, slc) -> bool:
    from sarslide.retrieve.orbits import covers

    return covers(name, slc.product.mission, slc.product.start, slc.product.stop)


def replay(plan: Plan, folder: Path) -> dict:
    """The replay and its comparison: the content of key "replay", and of key "secret_search"."""
    source, done = folder / "acquisitions", folder / "arrivals.jsonl"
    acquisitions(plan, source)
    with serving(ports=_ports(folder / "year" / "region.yaml")) as archive:
        coming = arrivals(plan, archive, source)
        year = Scheduled(folder / "year", plan, archive, source / "dem_m.tif")
        rows = [json.loads(line) for line in done.read_text().splitlines()] if done.is_file() else []
        for moment, track, day in coming[len(rows) :]:
            archive.now = moment
            archive.leaks.clear()
            rows.append(arrival(plan, year, moment, track, day, max((row["run_s"] for row in rows[-3:]), default=0.0)))
            rows[-1]["sent_elsewhere"] = list(archive.leaks)
            with open(done, "a") as stream:
                print(json.dumps(rows[-1]), file=stream)
            print(json.dumps(rows[-1]), flush=True)
    single = in_one_go(plan, folder)
    found = compare(year.inventory, folder / "at_once" / INVENTORY)
    about = {
        "dates": plan.dates, "tracks": list(plan.tracks), "cells": plan.grid.rows * plan.grid.cols, "seed": plan.seed,
        "cores": plan.cores, "arrivals": rows, "kills": sum(one["kills"] for one in rows),
        "at_once": {"jobs": single["jobs"], "seconds": single["seconds"]}, "same": found,
    }  # fmt: skip
    leaks = [leak for one in (*rows, single) for leak in one["sent_elsewhere"]]
    return {"replay": about, "secret_search": search([year.folder, folder / "at_once"], leaks)}


def _ports(path: Path) -> tuple[int, int]:
    """Ports of the archive that a replay began with; any where none has begun.

    They stay the same, as its scene table holds addresses.
    """
    if not path.is_file():
        return 0, 0
    region = yaml.safe_load(path.read_text())
    data, login = region["catalog"]["search_asf"], region["retrieve"]["login_earthdata"]
    return urlsplit(data).port, urlsplit(login).port


def in_one_go(plan: Plan, folder: Path) -> dict:
    """One run in `folder`/at_once with all dates at the archive; one that is done is kept."""
    source, done = folder / "acquisitions", folder / "at_once.json"
    if done.is_file():
        return json.loads(done.read_text())
    shutil.rmtree(folder / "at_once", ignore_errors=True)
    with serving() as archive:
        archive.now = arrivals(plan, archive, source)[-1][0]
        start = time.monotonic()
        summary = Scheduled(folder / "at_once", plan, archive, source / "dem_m.tif").run()
        seconds = round(time.monotonic() - start, 1)
    found = {"jobs": sum(summary["jobs"].values()), "seconds": seconds, "sent_elsewhere": list(archive.leaks)}
    done.write_text(json.dumps(found))
    return found


def arrival(plan: Plan, year: Scheduled, moment: np.datetime64, track: str, day: str, usual_s: float) -> dict:
    """The runs after an arrival, and what came of all of them.

    usual_s: time of a run, within which others are killed.
    """
    dice = random.Random(f"{plan.seed} {track} {day}")
    kills, start, cpu = 0, time.monotonic(), _cpu_s()
    before, old = state.state(year.inventory), year.logs()
    while dice.random() < plan.kills:
        kills += year.run_and_kill(1 + dice.random() * max(5.0, usual_s))
    summary, after = year.run(), state.state(year.inventory)
    logs = sorted(year.logs() - old)
    jobs = snakemake_log.finished_jobs(
        [event for log in logs for event in events.read_events(snakemake_log.events_path(log))]
    )
    jobs.pop("update_catalog", None)
    return {
        "clock": str(moment)[:10], "track": track, "date": day, "kills": kills, "exit_code": summary["exit_code"],
        "jobs": jobs, "release": after.release if after != before else "", "counts": year.counts(),
        "changes": state.changes(year.inventory, before, after),
        "waiting": sum("orbit" in one["reason"] for one in summary["dates_waiting"]),
        "run_s": summary["seconds"], "seconds": round(time.monotonic() - start, 1), "cpu_s": round(_cpu_s() - cpu, 1),
    }  # fmt: skip


def _cpu_s() -> float:
    """CPU seconds of all children that were waited for; killed ones take theirs with them."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def objects(inventory: Path) -> dict[str, list[dict]]:
    """Objects of the current release by layer, without those that have vanished."""
    from sarslide.io import vector

    path = inventory / json.loads((inventory / "current.json").read_text())["path"] / "landslides.gpkg"
    return {layer: rows_of(vector.read(path, layer), OBJECTS, path) for layer in (*RELEASED, MASKED)}


def observed(rows: list[dict]) -> list[dict]:
    """Those that the acquisitions of the release show, not those kept as they were seen last."""
    return [row for row in rows if row["status"] != "not_observable"]


def compare(one: Path, other: Path) -> dict:
    """Objects of two inventories, matched one to one by their outlines (1 mm).

    How many are the same, in what others differ.
    """
    result = {"objects": 0, "other": 0, "matched": 0, "attributes_equal": 0, "differ": {}, "ids_one_to_one": True}
    result |= {"first_seen_earlier": 0, "kept": 0}
    ids: dict[str, str] = {}
    theirs = objects(other)
    for layer, rows in objects(one).items():
        mine, held = observed(rows), {outline(row): row for row in observed(theirs[layer])}
        result["objects"] += len(mine)
        result["other"] += len(held)
        result["kept"] += len(rows) - len(mine)
        for row in mine:
            twin = held.pop(outline(row), None)
            if twin is None:
                continue
            result["matched"] += 1
            ids[row["ls_id"]] = twin["ls_id"]
            result["first_seen_earlier"] += row["first_seen"] < twin["first_seen"]
            assert row["first_seen"] <= twin["first_seen"], f"{row['ls_id']} was seen later than it could be"
            wrong = [name for name in MEASURED if values(row, {name: 0}) != values(twin, {name: 0})]
            result["attributes_equal"] += not wrong
            for name in wrong:
                result["differ"][name] = result["differ"].get(name, 0) + 1
    result["ids_one_to_one"] = len(set(ids.values())) == len(ids) == result["matched"]
    result["same"] = result["objects"] == result["other"] == result["matched"] == result["attributes_equal"]
    return result


def search(folders: list[Path], leaks: list[str]) -> dict:
    """Every file and name below the folders, searched for planted secrets.

    These are the password and what signs addresses.
    """
    secrets = [WORD, TOKEN, "signed-secret", "one-time"]
    forms = sorted({form for secret in secrets for form in (secret, quote(secret))})
    files = size = 0
    found = []
    for path in sorted(path for folder in folders for path in folder.rglob("*") if path.is_file()):
        content = path.read_bytes()
        files, size = files + 1, size + len(content)
        found += [str(path) for form in forms if form.encode() in content or form in str(path)]
    return {"files": files, "mb": round(size / 1e6), "secrets": len(secrets), "found": found, "sent_elsewhere": leaks}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--folder", type=Path, required=True, help="where acquisitions and both working folders go")
    parser.add_argument("--dates", type=int, default=30, help="of each track (default 30)")
    parser.add_argument("--tracks", nargs="+", choices=list(FIRST), default=list(FIRST))
    parser.add_argument(
        "--region", choices=list(BOUNDS), default="valley", help="region `valley`, or 3.0 x 3.6 km of it"
    )
    parser.add_argument("--kills", type=float, default=0.33, help="share of runs that are killed (default 0.33)")
    parser.add_argument("--seed", type=int, default=7, help="of the kills (default 7)")
    parser.add_argument("--cores", type=int, default=2)
    parser.add_argument(
        "--no-record", action="store_true", help="print only, leave studies/records/operations.json as it is"
    )
    chosen = parser.parse_args()
    bounds = BOUNDS[chosen.region]
    plan = Plan(chosen.dates, tuple(chosen.tracks), bounds, chosen.kills, chosen.seed, chosen.cores)
    content = replay(plan, chosen.folder.resolve())
    words = [f"--{name} {value}" for name, value in (("dates", plan.dates), ("region", chosen.region))]
    words += ["--tracks", *plan.tracks, f"--kills {plan.kills:g} --seed {plan.seed} --cores {plan.cores}"]
    content["replay"]["command"] = " ".join(["python -m studies.replay --folder FOLDER", *words])
    print(json.dumps({"same": content["replay"]["same"], "secret_search": content["secret_search"]}, indent=1))
    if not chosen.no_record:
        record(content)
    if not content["replay"]["same"]["same"] or content["secret_search"]["found"]:
        raise SystemExit("the inventories differ, or a secret was found")


if __name__ == "__main__":
    main()

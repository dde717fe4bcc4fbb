"""Thirty acquisitions arrive one by one; every second scheduled run is killed.

    python -m studies.trust.soak --folder FOLDER
    python -m studies.trust.soak --folder FOLDER --dates 4      a short one

As `studies.replay`, on one track of 3.0 x 3.6 km: after each arrival `sarslide schedule` runs; in
every second it is ended with kill -9 at a seeded moment, its whole group or its Snakemake alone,
and the next run goes on. At the end the inventory is compared with one that is made in one go from
all dates. Started again, the soak goes on after the last arrival that is done. What is kept beside
the results, and memory, are measured by arrival. Writes rows of studies/records/trust.json.
"""

import argparse
import json
import os
import random
import signal
import subprocess
import threading
import time
from pathlib import Path

import numpy as np
import psutil
from tests.archive.server import serving

from sarslide.exit_codes import LOCKED
from sarslide.io.fence import jobs_in
from studies.replay import (
    BOUNDS,
    INVENTORY,
    Plan,
    Scheduled,
    _ports,
    acquisitions,
    arrivals,
    compare,
    in_one_go,
)
from studies.trust import put, row

COMMAND = "python -m studies.trust.soak --folder FOLDER"
TRACK = "A128"


class Memory(threading.Thread):
    """The most memory, MB, that a process and its children have at one time."""

    def __init__(self, pid: int) -> None:
        super().__init__(daemon=True)
        self.pid, self.peak_mb, self.ended = pid, 0.0, threading.Event()

    def run(self) -> None:
        while not self.ended.wait(0.5):
            try:
                tree = [psutil.Process(self.pid), *psutil.Process(self.pid).children(recursive=True)]
            except psutil.Error:
                return
            used = 0
            for process in tree:
                try:
                    used += process.memory_info().rss
                except psutil.Error:
                    continue
            self.peak_mb = max(self.peak_mb, used / 2**20)


def size_mb(*folders: Path) -> float:
    """Size of all files below folders."""
    files = [path for folder in folders for path in folder.rglob("*") if path.is_file()]
    return round(sum(path.stat().st_size for path in files) / 1e6, 3)


def killed(soaked: Scheduled, draw: random.Random) -> bool:
    """A run that is killed at a moment of its first 25 s; whether it still worked."""
    process = soaked.start()
    try:
        process.wait(draw.uniform(1, 25))
    except subprocess.TimeoutExpired:
        if draw.random() < 0.5:
            os.killpg(process.pid, signal.SIGKILL)
        else:  # jobs live on
            for one in psutil.Process(process.pid).children():
                one.kill()
        process.wait()
        return True
    return False


def finished(soaked: Scheduled) -> tuple[dict, float]:
    """The summary and peak memory of a run that nobody ends; 75 while orphans work."""
    while True:
        process = soaked.start()
        memory = Memory(process.pid)
        memory.start()
        code = process.wait()
        memory.ended.set()
        if code != LOCKED:
            break
        while jobs_in(soaked.folder):
            time.sleep(0.5)
    summary = json.loads((soaked.folder / "told.jsonl").read_text().splitlines()[-1])
    if code not in (0, 76):
        raise SystemExit(f"the run ended with {code}: {summary}")
    return summary, memory.peak_mb


def soak(plan: Plan, folder: Path) -> tuple[list[dict], dict]:
    """Rows by arrival, and the comparison with one run from all dates."""
    source, done = folder / "acquisitions", folder / "arrivals.jsonl"
    acquisitions(plan, source)
    with serving(ports=_ports(folder / "soaked" / "region.yaml")) as archive:
        coming = arrivals(plan, archive, source)
        soaked = Scheduled(folder / "soaked", plan, archive, source / "dem_m.tif")
        found = [json.loads(line) for line in done.read_text().splitlines()] if done.is_file() else []
        for number, (moment, track, day) in enumerate(coming):
            if number < len(found):
                continue
            archive.now = moment
            found.append(
                one_arrival(soaked, moment, track, day, random.Random(f"{plan.seed} {number}"), number % 2 == 1)
            )
            with open(done, "a") as stream:
                print(json.dumps(found[-1]), file=stream)
            print(json.dumps(found[-1]), flush=True)
    in_one_go(plan, folder)
    return found, compare(soaked.inventory, folder / "at_once" / INVENTORY)


def one_arrival(
    soaked: Scheduled, moment: np.datetime64, track: str, day: str, draw: random.Random, kill: bool
) -> dict:
    """The runs after an arrival, and what is kept beside the results then."""
    kills = 0
    while kill and not kills:
        kills += killed(soaked, draw)
        kill = kills == 0 and draw.random() < 0.9  # the run was done before the moment: once more
    summary, memory_mb = finished(soaked)
    return {
        "track": track, "date": day, "kills": kills, "release": summary["release_after"], "seconds": summary["seconds"],
        "jobs": sum(summary["jobs"].values()), "memory_mb": round(memory_mb),
        "metadata_mb": size_mb(soaked.folder / ".snakemake" / "metadata"),
        "snakemake_mb": size_mb(soaked.folder / ".snakemake"), "logs_mb": size_mb(soaked.folder / "logs"),
        "unfinished": len([path for path in (soaked.folder / "results").rglob(".*.part*")]),
    }  # fmt: skip


def flat(values: list[float], start: int) -> str:
    """The mean of the last third over that of the middle third, as words."""
    third = max(1, (len(values) - start) // 3)
    middle, last = np.mean(values[start + third : start + 2 * third]), np.mean(values[-third:])
    return f"{middle:.3g}, {last:.3g}"


def rows(found: list[dict], same: dict) -> list[dict]:
    """Of all arrivals and the comparison."""
    kills = sum(one["kills"] for one in found)
    good = same["same"] and same["ids_one_to_one"]
    text = f"{same['attributes_equal']} of {same['other']} objects the same, {same['objects']} in all"
    runs, left = len(found), found[-1]["unfinished"]
    shown = [
        (
            f"soak of {runs} arrivals: {what}, mean of the middle and of the last third",
            flat([one[key] for one in found], 3),
        )
        for key, what in (
            ("snakemake_mb", "MB of .snakemake"),
            ("metadata_mb", "MB of it that are records of outputs, whose number grows"),
            ("logs_mb", "MB of logs"),
            ("memory_mb", "peak memory of a run, MB"),
            ("seconds", "s of a run"),
        )
    ]
    return [
        row(f"soak of {runs} arrivals, {kills} kills: inventory as in one go", text, COMMAND, "the same", good),
        row(f"soak of {runs} arrivals: unfinished files left at the end", left, COMMAND, "0", left == 0),
        *(row(what, value, COMMAND) for what, value in shown),
    ]  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--folder", type=Path, required=True, help="where acquisitions and working folders go")
    parser.add_argument("--dates", type=int, default=30)
    parser.add_argument("--seed", type=int, default=7)
    chosen = parser.parse_args()
    plan = Plan(chosen.dates, (TRACK,), BOUNDS["small"], 0.0, chosen.seed)
    put(rows(*soak(plan, chosen.folder.resolve())))


if __name__ == "__main__":
    main()

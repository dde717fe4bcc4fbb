"""kill -9 at seeded moments of the small demo, each resumed as the documentation says.

    python -m studies.trust.kills --folder FOLDER            100 kills, two runs at a time
    python -m studies.trust.kills --folder FOLDER --kills 5

A run is killed several times on its way: its whole process group, Snakemake alone (its jobs live on
as orphans), or one job alone. After some of the kills a new acquisition arrives. `sarslide resume`
goes on; where it answers 75, an orphan still works, and it is started again when that has ended. A
finished run is compared with one that nobody killed: content hashes of all its releases, and every
raster. FOLDER/kills.jsonl gets a line for each finished run; started again, the study goes on after
the last. Writes rows of studies/records/trust.json.
"""

import argparse
import json
import os
import random
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import psutil

from sarslide.exit_codes import LOCKED
from sarslide.io.fence import jobs_in
from sarslide.io.hashes import sha256
from studies.trust import put, row

COMMAND = "python -m studies.trust.kills --folder FOLDER"
REGION = "demo_small"
KINDS = ("group", "snakemake", "job")
FIRST_DATES = 6
KILLS_A_RUN, MAX_NEWS, NEWS_SHARE = 6, 2, 0.25
MAX_JOBS, MAX_S = 14, 4.0  # a kill comes after up to so many further jobs, and so many seconds


class Run:
    """A working folder and what happens in it."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True)
        self.folder = folder
        self.environment = os.environ | {"OMP_NUM_THREADS": "1"}

    def start(self, word: str, news: int) -> subprocess.Popen:
        """A command of sarslide with so many new acquisitions, as the leader of a process group."""
        command = [sys.executable, "-m", "sarslide", word, REGION, "--cores", "2", "--directory", str(self.folder)]
        command += ["--set", f"simulation.new_dates={news}"]
        with open(self.folder / "console.txt", "a") as console:
            return subprocess.Popen(
                command, env=self.environment, start_new_session=True, stdout=console, stderr=console
            )

    def finished(self) -> int:
        """Jobs that have been finished: each leaves its cost."""
        return len(list((self.folder / "results" / REGION / "benchmarks").rglob("*.tsv")))

    def works_on(self, process: subprocess.Popen, draw: random.Random) -> bool:
        """Wait for a drawn moment; whether the process still works then."""
        last, more_s = self.finished() + draw.randint(0, MAX_JOBS), draw.uniform(0, MAX_S)
        while process.poll() is None:
            if self.finished() >= last:
                time.sleep(more_s)
                return process.poll() is None
            time.sleep(0.2)
        return False

    def jobs(self) -> list[int]:
        return jobs_in(self.folder)

    def kill(self, kind: str, process: subprocess.Popen, draw: random.Random) -> None:
        """Kill what the kind names."""
        if kind == "group":
            os.killpg(process.pid, signal.SIGKILL)
        elif kind == "snakemake":
            for one in [psutil.Process(process.pid), *psutil.Process(process.pid).children()]:
                one.kill()
        elif jobs := self.jobs():
            os.kill(draw.choice(jobs), signal.SIGKILL)
        process.wait()

    def manifests(self) -> list[dict[str, Any]]:
        """Of the releases, in their order."""
        found = (self.folder / "results" / REGION / "inventory" / "releases").glob("2*/MANIFEST.json")
        return sorted((json.loads(path.read_text()) for path in found), key=lambda one: one["sequence"])

    def path(self) -> list[int]:
        """New acquisitions in each release, in their order."""
        return [sum(map(len, one["dates"].values())) - FIRST_DATES for one in self.manifests()]

    def content(self) -> dict[str, str]:
        """Content hashes of the releases in their order, and hashes of all rasters."""
        results = self.folder / "results" / REGION
        found = {f"release {one['sequence']}": one["content_hash"] for one in self.manifests()}
        rasters = [path for path in sorted(results.rglob("*.tif")) if not path.name.startswith(".")]
        return found | {path.relative_to(results).as_posix(): sha256(path) for path in rasters}


def reference(folder: Path, path: list[int]) -> dict[str, str]:
    """Content after undisturbed runs, one after the other, each with so many new acquisitions."""
    kept = folder / f"reference-{'-'.join(map(str, path))}.json"
    if not kept.is_file():
        place = folder / kept.stem
        shutil.rmtree(place, ignore_errors=True)
        run = Run(place)
        for news in path:
            if code := run.start("run", news).wait():
                raise SystemExit(f"an undisturbed run ended with {code}: see {run.folder / 'console.txt'}")
        kept.write_text(json.dumps(run.content()))
        shutil.rmtree(place)
    return json.loads(kept.read_text())


def disturbed(folder: Path, number: int, seed: int) -> tuple[Run, list[dict[str, Any]], int]:
    """One run to its end, with its kills, and the new acquisitions at its end."""
    draw = random.Random(seed * 1000 + number)
    run, kills, wanted = Run(folder), [], 0
    process = run.start("run", wanted)
    while True:
        if len(kills) < KILLS_A_RUN and run.works_on(process, draw):
            working, kind = len(run.jobs()), draw.choice(KINDS)
            if not working:
                kind = "group"
            run.kill(kind, process, draw)
            news = wanted < MAX_NEWS and draw.random() < NEWS_SHARE
            wanted += news
            kills.append({"kind": kind, "jobs": working, "news": bool(news), "waits": 0, "finished": run.finished()})
        else:
            code = process.wait()
            if code == 0:
                return run, kills, wanted
            if code != LOCKED:
                raise SystemExit(f"{folder}: it ended with {code}: see {folder / 'console.txt'}")
            kills[-1]["waits"] += 1
            end_of_jobs(run, draw)
        process = run.start("resume", wanted)


def end_of_jobs(run: Run, draw: random.Random) -> None:
    """Wait for orphans as the documentation says, or end them, which it says too."""
    patient = draw.random() < 0.7
    while jobs := run.jobs():
        if not patient:
            os.kill(jobs[0], signal.SIGKILL)
        time.sleep(0.5)


def one_by_one(folder: Path, seed: int, wanted: int, next_number, lock: threading.Lock) -> None:
    """Disturbed runs until there are kills enough; each adds a line to the record."""
    record = folder / "kills.jsonl"
    while True:
        with lock:
            if sum(len(line["kills"]) for line in lines(record)) >= wanted:
                return
            number = next_number()
        place = folder / f"run{number}"
        shutil.rmtree(place, ignore_errors=True)
        run, kills, wanted_news = disturbed(place, number, seed)
        content, path = run.content(), run.path()
        with lock:
            expected = reference(folder, path)
            # A release of an older date set after a newer one would be an orphan's.
            wrong = [] if path == sorted(set(path)) and path[-1] == wanted_news else [f"releases of {path}"]
            other = wrong + sorted(name for name in {*content, *expected} if content.get(name) != expected.get(name))
            with open(record, "a") as stream:
                stream.write(
                    json.dumps({"run": number, "seed": seed, "path": path, "kills": kills, "other": other}) + "\n"
                )
            print(f"run {number}: {len(kills)} kills, {len(other)} differences", flush=True)
        if not other:
            shutil.rmtree(place)


def lines(record: Path) -> list[dict[str, Any]]:
    """What was recorded so far."""
    return [json.loads(line) for line in record.read_text().splitlines()] if record.is_file() else []


def rows(found: list[dict[str, Any]], wanted: int) -> list[dict]:
    """Of all disturbed runs."""
    kills = [kill for line in found for kill in line["kills"]]
    same = sum(len(line["kills"]) for line in found if not line["other"])
    inside, news = sum(kill["jobs"] > 0 for kill in kills), sum(kill["news"] for kill in kills)
    kinds = Counter(kill["kind"] for kill in kills)
    waits = sum(kill["waits"] for kill in kills)
    counted = ", ".join(f"{kinds[kind]} {kind}" for kind in KINDS)
    return [
        row(
            "kill -9 of the small demo, resumed: same content hashes and rasters as undisturbed",
            f"{same} of {len(kills)}", COMMAND, f"{wanted} of {wanted}", same == len(kills) >= wanted,
        ),
        row("of these kills: whole group, Snakemake alone, one job alone", counted, COMMAND),
        row("of these kills: while a job worked", inside, COMMAND, ">= 60", inside >= 60),
        row("of these kills: with a new acquisition before the resume", news, COMMAND, ">= 20", news >= 20),
        row("runs in which these kills were made", len(found), COMMAND),
        row("resumes that answered 75, as an orphan still worked", waits, COMMAND),
    ]  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--folder", type=Path, required=True, help="where runs and record lie")
    parser.add_argument("--kills", type=int, default=100)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--side-by-side", type=int, default=2, help="runs at a time")
    chosen = parser.parse_args()
    folder = chosen.folder.resolve()
    folder.mkdir(parents=True, exist_ok=True)
    record, lock = folder / "kills.jsonl", threading.Lock()
    numbers = iter(range(max((line["run"] for line in lines(record)), default=-1) + 1, 10_000))
    arguments = (folder, chosen.seed, chosen.kills, lambda: next(numbers), lock)
    with ThreadPoolExecutor(chosen.side_by_side) as workers:
        for done in [workers.submit(one_by_one, *arguments) for _ in range(chosen.side_by_side)]:
            done.result()
    put(rows(lines(record), chosen.kills))


if __name__ == "__main__":
    main()

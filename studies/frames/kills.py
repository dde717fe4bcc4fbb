"""kill -9 at twenty seeded moments of a region of four frames, each resumed: same content hash?

    python -m studies.frames.kills --folder FOLDER

The ground of the small demo in four frames, one simulated track of four dates. Its products are
simulated once, in FOLDER/simulated; every run starts from a copy of it. A moment is a number of
begun jobs and a delay: then the whole process group is killed, and `sarslide resume` goes on.
Which jobs worked is read from the marks that Snakemake leaves of them. The finished run is compared
with one that nobody killed: content hash of the release and every raster. FOLDER/kills.jsonl gets
a line for each run; started again, the study goes on after the last.
"""

import argparse
import json
import os
import random
import re
import shutil
import subprocess
import sys
import time
from base64 import urlsafe_b64decode
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from sarslide.config import Config, load
from studies.frames import put, row
from studies.runs import PACKAGES, sarslide
from studies.trust import kills

COMMAND = "python -m studies.frames.kills --folder FOLDER"
REGION = kills.REGION
GRID, DATES = {"frame_km": 1.5, "frame_margin_km": 0.35}, 4
WORDS = (f"--set=simulation.dates={DATES}", *(f"--set=grid.{key}={value}" for key, value in GRID.items()))
KILLS, INSIDE = 20, 15
MAX_DELAY_S = 1.5
# Moments lie in this share of the jobs: after it little but mosaics, inventory and report is left.
SHARE = 0.95
FRAME = re.compile(r"/(fm?\d+_m?\d+)/")


def config() -> Config:
    """The configuration of the region."""
    return load({"region": REGION, "simulation": {"dates": DATES}, "grid": GRID})


class Run(kills.Run):
    """A working folder that begins with the simulated products."""

    def __init__(self, folder: Path, simulated: Path) -> None:
        shutil.rmtree(folder, ignore_errors=True)
        shutil.copytree(simulated, folder, symlinks=True)
        self.folder = folder
        self.environment = os.environ | {"OMP_NUM_THREADS": "1", "PYTHONPATH": PACKAGES}

    def start(self, word: str, news: int = 0) -> subprocess.Popen:
        """`sarslide run` or `resume`, as the leader of a process group."""
        command = [sys.executable, "-m", "sarslide", word, REGION, "--cores", "2", *WORDS]
        with open(self.folder / "console.txt", "a") as console:
            return subprocess.Popen(
                command, cwd=self.folder, env=self.environment, start_new_session=True, stdout=console, stderr=console
            )

    def finish(self, word: str) -> None:
        """`sarslide run` or `resume` to its end, which must be a good one."""
        if code := self.start(word).wait():
            raise SystemExit(f"{self.folder}: `sarslide {word}` ended with {code}: see {self.folder / 'console.txt'}")

    def begun(self) -> int:
        """Jobs that have begun: each has its log."""
        return len(list((self.folder / "logs" / REGION).rglob("*.log")))

    def killed(self, job: int, delay_s: float) -> bool:
        """A run killed when it has begun so many jobs and worked so long; False where it ended."""
        last, process = self.begun() + job, self.start("run")
        while process.poll() is None and self.begun() < last:
            time.sleep(0.05)
        time.sleep(delay_s)
        if process.poll() is not None:
            return False
        self.kill("group", process, random.Random())
        while self.jobs():  # until the system has taken them away
            time.sleep(0.05)
        return True


def unfinished(folder: Path) -> Iterator[str]:
    """Outputs of the jobs that worked when Snakemake was killed."""
    place = folder / ".snakemake/incomplete"
    for path in sorted(place.rglob("*")):
        if path.is_file():
            name = "".join(part.removeprefix("@") for part in path.relative_to(place).parts)
            yield urlsafe_b64decode(name).decode()


def simulated(folder: Path) -> Path:
    """Working folder with the simulated products alone."""
    made = folder / "simulated"
    if not made.is_dir():
        part = folder / "simulated.part"
        shutil.rmtree(part, ignore_errors=True)
        part.mkdir()
        (stack,) = config().stacks
        target = f"resources/{REGION}/truth/{stack}/simulate_stack.json"
        sarslide(part, "simulate", "run", REGION, "--cores", "2", *WORDS, "--", target)
        part.rename(made)
    return made


def reference(folder: Path) -> dict[str, Any]:
    """Content of the undisturbed run, and its jobs."""
    kept = folder / "reference.json"
    if not kept.is_file():
        run = Run(folder / "reference", simulated(folder))
        before = run.begun()
        run.finish("run")
        kept.write_text(json.dumps({"jobs": run.begun() - before, "content": run.content()}))
        shutil.rmtree(run.folder)
    return json.loads(kept.read_text())


def disturbed(folder: Path, number: int, seed: int, expected: dict[str, Any]) -> dict[str, Any]:
    """One run that is killed and resumed: the moment, frames at work, what differs."""
    draw = random.Random(seed * 1000 + number)
    job, delay_s = draw.randint(1, int(SHARE * expected["jobs"])), draw.uniform(0, MAX_DELAY_S)
    run = Run(folder / f"run{number}", simulated(folder))
    killed, outputs = run.killed(job, delay_s), list(unfinished(run.folder))
    if killed:
        run.finish("resume")
    found, content = run.content(), expected["content"]
    other = sorted(name for name in {*found, *content} if found.get(name) != content.get(name))
    if not other:
        shutil.rmtree(run.folder)
    frames = sorted({match[1] for path in outputs if (match := FRAME.search(path))})
    line = {"run": number, "seed": seed, "job": job, "delay_s": round(delay_s, 2), "killed": killed}
    return line | {"unfinished": len(outputs), "frames": frames, "other": other}


def rows(found: list[dict[str, Any]], wanted: int) -> list[dict]:
    """Of all runs that were killed."""
    ended = [line for line in found if line["killed"]]
    same = sum(not line["other"] for line in ended)
    inside = sum(bool(line["frames"]) for line in ended)
    return [
        row(
            "kill -9 of a region of four frames, resumed: same content hash and rasters as undisturbed",
            f"{same} of {len(ended)}", COMMAND, f"{wanted} of {wanted}", same == len(ended) >= wanted,
        ),
        row("of these kills: while a job of a frame worked", inside, COMMAND, f">= {INSIDE}", inside >= INSIDE),
    ]  # fmt: skip


def main() -> None:
    """Kill, resume, compare, record."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--folder", type=Path, required=True, metavar="FOLDER")
    parser.add_argument("--kills", type=int, default=KILLS)
    parser.add_argument("--seed", type=int, default=1)
    chosen = parser.parse_args()
    folder = chosen.folder.resolve()
    folder.mkdir(parents=True, exist_ok=True)
    expected, record = reference(folder), folder / "kills.jsonl"
    while sum(line["killed"] for line in kills.lines(record)) < chosen.kills:
        line = disturbed(folder, len(kills.lines(record)), chosen.seed, expected)
        with record.open("a") as stream:
            stream.write(json.dumps(line) + "\n")
        print(json.dumps(line), flush=True)
    put(rows(kills.lines(record), chosen.kills))


if __name__ == "__main__":
    main()

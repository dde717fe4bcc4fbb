"""Results of commit af6a4ef taken over by `sarslide migrate`, then run anew, then with a new date.

    python -m studies.migration OLD --folder FOLDER

OLD is the working folder of a finished demo of that commit, whose region is called `valley` now; it
is copied to FOLDER (7 GB) and stays as it is. The rows go into studies/records/door.json.
"""

import argparse
import csv
import json
import os
import re
import shutil
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path

import geopandas as gpd
from shapely.geometry.base import BaseGeometry

from sarslide.inventory.changes import RELEASED
from sarslide.io.hashes import sha256
from studies.door import put, row
from studies.structure.records import REPOSITORY

COMMAND = "python -m studies.migration OLD --folder FOLDER"
RESULTS = Path("results/valley")
NEW_DATE = ("simulation={new_dates: 1}",)
MAX_REFUSAL_S = 10.0


def run(folder: Path, *config: str) -> tuple[int, str, float]:
    """The valley of this checkout in `folder`: exit code, console, seconds."""
    command = [sys.executable, "-m", "snakemake", "--cores", "2", "--snakefile", str(REPOSITORY / "Snakefile")]
    return timed([*command, "--directory", str(folder), "--config", "region=valley", *config])


def migrate(folder: Path) -> tuple[int, str, float]:
    """`sarslide migrate valley` in `folder`: exit code, console, seconds."""
    return timed([sys.executable, "-m", "sarslide", "migrate", "valley", "--directory", str(folder)])


def timed(command: list[str]) -> tuple[int, str, float]:
    """A command with this checkout's packages: exit code, console, seconds."""
    packages = os.pathsep.join([str(REPOSITORY / "src"), str(REPOSITORY)])
    begin = time.monotonic()
    done = subprocess.run(command, capture_output=True, text=True, env=os.environ | {"PYTHONPATH": packages})
    return done.returncode, done.stdout + done.stderr, time.monotonic() - begin


def finish(folder: Path, *config: str) -> float:
    """A run that must succeed; its seconds."""
    code, console, seconds = run(folder, *config)
    if code:
        raise SystemExit(console[-5000:])
    return seconds


def current(folder: Path) -> Path:
    """Folder of the current release."""
    inventory = folder / RESULTS / "inventory"
    return inventory / json.loads((inventory / "current.json").read_text())["path"]


def hashes(folder: Path) -> dict[str, str]:
    """Hash of every file below a folder."""
    return {str(path.relative_to(folder)): sha256(path) for path in sorted(folder.rglob("*")) if path.is_file()}


def outlines(release: Path) -> dict[str, BaseGeometry]:
    """Outline by ls_id of what a release shows as moving ground."""
    found: dict[str, BaseGeometry] = {}
    for layer in RELEASED:
        table = gpd.read_file(release / "landslides.gpkg", layer=layer)
        found |= dict(zip(table["ls_id"], table.geometry, strict=True))
    return found


def overlaps(before: Path, after: Path) -> list[float]:
    """IoU of the two outlines of every id that both releases have, the smallest first."""
    then, now = outlines(before), outlines(after)
    return sorted(
        then[key].intersection(now[key]).area / then[key].union(now[key]).area for key in then.keys() & now.keys()
    )


def changes(release: Path) -> str:
    """Lines of CHANGES.csv by kind."""
    with open(release / "CHANGES.csv", newline="") as stream:
        counted = Counter(line["change"] for line in csv.DictReader(stream))
    return ", ".join(f"{count} {kind}" for kind, count in sorted(counted.items()))


def comparison(what: str, before: Path, after: Path) -> list[dict]:
    """Rows: ids that go on, how well their outlines agree, typed changes."""
    then, shared = outlines(before), overlaps(before, after)
    return [
        row(f"{what}: released objects that keep their id", f"{len(shared)} of {len(then)}", COMMAND, "all",
            len(shared) == len(then)),
        row(f"{what}: IoU of the outlines of one id, smallest / median",
            f"{shared[0]:.2f} / {shared[len(shared) // 2]:.2f}", COMMAND, "> 0", shared[0] > 0),
        row(f"{what}: changes", changes(after), COMMAND),
    ]  # fmt: skip


def main() -> None:
    """Measure, print, record."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("old", type=Path, help="working folder of a finished demo of commit af6a4ef")
    parser.add_argument("--folder", type=Path, required=True, help="new folder")
    chosen = parser.parse_args()
    folder = chosen.folder.resolve()
    for part in ("resources", "results"):
        shutil.copytree(chosen.old / part / "demo", folder / part / "valley", symlinks=True)
    first, kept = current(folder), hashes(folder / RESULTS / "inventory")
    releases = {name: digest for name, digest in kept.items() if name.startswith("releases/")}

    code, console, seconds = run(folder)
    refusal = re.search(r"E1010 .*; cure: `sarslide migrate valley`.*", console)
    rows = [
        row("migrate: s until a run on results of af6a4ef stops with a coded line", round(seconds, 1), COMMAND,
            f"<= {MAX_REFUSAL_S:g}", bool(code and refusal) and seconds <= MAX_REFUSAL_S),
    ]  # fmt: skip
    code, console, seconds = migrate(folder)
    print(console)
    taken = hashes(folder / RESULTS / "inventory")
    changed = [name for name, digest in kept.items() if taken.get(name) != digest]
    rows += [
        row("migrate: s to take these results over", round(seconds, 1), COMMAND, "works", code == 0),
        row("migrate: files of the inventory that differ after it", len(changed), COMMAND, "none", not changed),
    ]
    seconds = finish(folder)
    second = current(folder)
    rows += comparison("migrate, then the same acquisitions", first, second)
    rows.append(row("migrate, then the same acquisitions: minutes", round(seconds / 60, 1), COMMAND))
    seconds = finish(folder, *NEW_DATE)
    rows += comparison("migrate, then a new date", second, current(folder))
    rows.append(row("migrate, then a new date: minutes", round(seconds / 60, 1), COMMAND))
    after = hashes(folder / RESULTS / "inventory/releases")
    changed = [name for name, digest in releases.items() if after.get(name.removeprefix("releases/")) != digest]
    changed = [name for name in changed if not name.endswith("INDEX.csv")]
    rows.append(
        row(
            "migrate, after both runs: files of the older release that differ",
            len(changed),
            COMMAND,
            "none",
            not changed,
        )
    )
    put(rows)


if __name__ == "__main__":
    main()

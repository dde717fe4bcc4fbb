"""`sarslide demo --small` from the wheel, in a fresh environment and an empty folder: does it come
to the report, and in how many minutes.

The wheel is built, installed without constraints and compiled to bytecode, as pip does, and run
with neither the checkout nor its environment on the path.

    python -m studies.wheel_demo [--folder FOLDER] [--constraint FILE ...]
"""

import argparse
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from studies.door import put, row
from studies.structure.records import REPOSITORY

COMMAND = "python -m studies.wheel_demo"
WHAT = "wheel in a fresh environment and an empty folder"
REPORT = "results/demo_small/report/report.html"


def main() -> int:
    parser = argparse.ArgumentParser(prog=COMMAND, description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--folder", type=Path, help="where environment and demo are made (default: a temporary one)")
    parser.add_argument("--constraint", action="append", default=[], help="constraints of the installer")
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        return measure(chosen.folder or Path(temporary), chosen.constraint)


def measure(folder: Path, constraints: list[str]) -> int:
    """Build, install, run; the rows of it. 0 where the report is there."""
    environment, empty = folder / "environment", folder / "empty"
    empty.mkdir(parents=True)
    uv = [sys.executable, "-m", "uv"]
    subprocess.run([*uv, "build", "--wheel", "--out-dir", str(folder), str(REPOSITORY)], check=True)
    (wheel,) = folder.glob("*.whl")
    started = time.monotonic()
    subprocess.run([sys.executable, "-m", "venv", str(environment)], check=True)
    python = environment / "bin/python"
    options = [word for path in constraints for word in ("--constraint", path)]
    subprocess.run(
        [*uv, "pip", "install", "--compile-bytecode", "--python", str(python), *options, str(wheel)], check=True
    )
    installed = time.monotonic() - started
    kept = {name: value for name, value in os.environ.items() if name not in ("PYTHONPATH", "VIRTUAL_ENV")}
    started = time.monotonic()
    code = subprocess.run([environment / "bin/sarslide", "demo", "--small"], cwd=empty, env=kept).returncode
    seconds = time.monotonic() - started
    works = code == 0 and (empty / REPORT).is_file()
    put(
        [
            row(f"{WHAT}: demo --small to the report", works, COMMAND, goal="works", met=works),
            row(f"{WHAT}: minutes of the demo on two cores", round(seconds / 60, 2), COMMAND, goal="shown"),
            row(f"{WHAT}: minutes of the installation", round(installed / 60, 2), COMMAND, goal="shown"),
            row("wheel, MB", round(wheel.stat().st_size / 1e6, 2), COMMAND, goal="shown"),
        ]
    )  # fmt: skip
    return 0 if works else 1


if __name__ == "__main__":
    raise SystemExit(main())

"""What an installation costs: MB to download, MB on disk, minutes; whose terms forbid commerce.

    python -m studies.install_size --folder FOLDER [--before CHECKOUT] [--wheels FOLDER]

Each kind of installation goes into an environment of its own below --folder, with an empty cache,
as the Makefile and the pages have it; both are removed afterwards. MB to download are the sizes
that the index states of the files that this machine takes. --before is a checkout of an older
version. --wheels holds a CPU build of PyTorch, for machines that do not reach the index of such
builds. MB are 10^6 bytes.
"""

import argparse
import os
import shutil
import subprocess
import sys
import time
import tomllib
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from packaging.tags import sys_tags
from packaging.utils import parse_wheel_filename

from studies.door import REPOSITORY, put, row

COMMAND = "python -m studies.install_size --folder FOLDER --before CHECKOUT --wheels FOLDER"
UV = "uv==0.13.8"
COST = (
    "MB to download",
    "MB on disk",
    "minutes, those before in the same hour",
    "packages with a non-commercial licence",
)
NON_COMMERCIAL = """
from importlib.metadata import distributions
print(sum("Free for non-commercial use" in str(one.metadata.get_all("Classifier")) for one in distributions()))
"""


@dataclass(frozen=True)
class Installation:
    """One kind of installation.

    Attributes
    ----------
    title : str
        In the table.
    checkout : Path
        What is installed.
    extras : str
        As in `.[dev]`, or nothing.
    options : tuple of str
        Of uv.
    """

    title: str
    checkout: Path
    extras: str
    options: tuple[str, ...]

    def cost(self, folder: Path) -> tuple[float, float, float, int]:
        """What `COST` names."""
        environment = os.environ | {"UV_CACHE_DIR": str(folder / "cache")}

        def run(*command: str | Path) -> None:
            subprocess.run(command, cwd=self.checkout, env=environment, check=True)

        start = time.monotonic()
        run(sys.executable, "-m", "venv", folder / "venv")
        python, uv = folder / "venv/bin/python", folder / "venv/bin/uv"
        run(python, "-m", "pip", "install", "--quiet", "--upgrade", "pip", UV)
        run(
            *(uv, "pip", "install", "--quiet", "--compile-bytecode", "--python", python, *self.options),
            *("--editable", f".{self.extras}"),
        )
        minutes = (time.monotonic() - start) / 60
        on_disk = sum(path.lstat().st_blocks * 512 for path in (folder / "venv").rglob("*")) / 1e6
        lock = folder / "pylock.toml"
        extras = [word for name in self.extras.strip("[]").split(",") if name for word in ("--extra", name)]
        run(
            *(uv, "pip", "compile", "--quiet", "--python", python, *self.options, *extras),
            *("--output-file", lock, "--format", "pylock.toml", "pyproject.toml"),
        )
        counted = subprocess.run([python, "-c", NON_COMMERCIAL], capture_output=True, text=True, check=True)
        return download_mb(lock), on_disk, minutes, int(counted.stdout)


def download_mb(lock: Path) -> float:
    """Sizes of the files of a pylock.toml that this machine takes."""
    packages = tomllib.loads(lock.read_text())["packages"]
    return sum(size(taken(package), lock.parent) for package in packages if package["name"] != "sarslide") / 1e6


def taken(package: dict) -> dict:
    """The wheel that this machine's tags name first; the source where none fits."""
    if "archive" in package:
        return package["archive"]
    order = {tag: number for number, tag in enumerate(sys_tags())}
    ranked = []
    for wheel in package.get("wheels", ()):
        fits = [order[tag] for tag in parse_wheel_filename(file_name(wheel))[3] if tag in order]
        ranked += [(min(fits), wheel)] if fits else []
    return min(ranked, key=lambda one: one[0])[1] if ranked else package["sdist"]


def file_name(file: dict) -> str:
    """Name of a file of a package."""
    return file.get("name") or urlsplit(file["url"]).path.rpartition("/")[2]


def size(file: dict, folder: Path) -> int:
    """Its bytes, as the index states them or as it lies on this disk."""
    return file["size"] if "size" in file else (folder / file["path"]).stat().st_size


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--folder", type=Path, required=True, help="an empty folder for the environments")
    parser.add_argument("--before", type=Path, help="a checkout of an older version")
    parser.add_argument("--wheels", type=Path, help="a folder with a CPU build of PyTorch")
    parser.add_argument("--only", default="", help="kinds of installation whose title holds this")
    chosen = parser.parse_args()

    exactly = ("--constraints", "constraints.txt")
    builds = sorted(chosen.wheels.glob("torch-*cpu*.whl")) if chosen.wheels else []
    override = chosen.folder.resolve() / "override.txt"
    cpu = ("--torch-backend", "cpu")
    if builds:
        override.parent.mkdir(parents=True, exist_ok=True)
        override.write_text(f"torch @ {builds[-1].resolve().as_uri()}\n")
        cpu = ("--overrides", str(override))
    kinds = [
        Installation("core with CUDA (`make demo`)", REPOSITORY, "", exactly),
        Installation("core, CPU only", REPOSITORY, "", cpu),
        Installation("`[dev]` (`make test`)", REPOSITORY, "[dev]", exactly),
    ]
    before = None
    if chosen.before:
        old = Installation("before", chosen.before.resolve(), "[dev]", exactly)
        before = measured(old, chosen.folder)
    for kind in (each for each in kinds if chosen.only in each.title):
        found = measured(kind, chosen.folder)
        for number, unit in enumerate(COST):
            what, was = f"install, {kind.title}: {unit}", before and before[number]
            bound = unit == COST[3] and not kind.extras
            put([row(what, found[number], COMMAND, "0" if bound else "shown", not (bound and found[number]), was)])


def measured(kind: Installation, folder: Path) -> tuple[float, ...]:
    """Cost of an installation, whose environment is removed; rounded to what repeats."""
    place = folder.resolve() / "install"
    place.mkdir(parents=True)
    try:
        download, disk, minutes, restricted = kind.cost(place)
    finally:
        shutil.rmtree(place)
    return round(download), round(disk), round(minutes, 1), restricted


if __name__ == "__main__":
    main()

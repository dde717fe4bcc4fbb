"""A checkout of its own in a temporary folder, on which the workflow runs as a user runs it."""

import json
import os
import re
import shutil
import subprocess
import sys
from copy import copy
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).parents[2]
PARTS = ["Snakefile", "config.yaml", "Makefile", "pyproject.toml", "constraints.txt"]
PARTS += ["rules", "workflow_scripts", "envs", "profiles", "src", "studies"]

# A small region in the middle of the demo's, a few dates: real SAFE products, real jobs, small grids. A further date
# begins a mini-stack.
SMALL = ["region=valley", "grid={bounds: [517500, 3206400, 520500, 3210000]}", "simulation={dates: 4}"]
SMALL += ["interferogram={ministack: 4}"]


class Checkout:
    """A copy of the repository and the commands of a user in it; one that is there is taken as it is."""

    def __init__(self, folder: Path, config: list[str]):
        self.folder, self.config = folder, config
        if not (folder / ".venv").is_symlink():
            self._copy()
        self.environment = os.environ | {"PYTHONPATH": str(folder / "src"), "OMP_NUM_THREADS": "1"}

    def _copy(self) -> None:
        for part in PARTS:
            source = REPOSITORY / part
            if source.is_dir():
                shutil.copytree(source, self.folder / part, ignore=shutil.ignore_patterns("__pycache__", "*.egg-info"))
            else:
                self.folder.mkdir(parents=True, exist_ok=True)
                shutil.copy2(source, self.folder / part)
        (self.folder / ".venv").symlink_to(Path(sys.executable).parents[1])

    def command(self, *arguments: str, config: list[str] | None = None) -> list[str]:
        snakemake = str(Path(sys.executable).parent / "snakemake")
        return [snakemake, "--cores", "2", *arguments, "--config", *(config or self.config)]

    def snakemake(
        self, *arguments: str, config: list[str] | None = None, check: bool = True
    ) -> subprocess.CompletedProcess:
        run = subprocess.run(
            self.command(*arguments, config=config),
            cwd=self.folder,
            env=self.environment,
            capture_output=True,
            text=True,
        )
        assert not check or run.returncode == 0, run.stdout[-3000:] + run.stderr[-6000:]
        return run

    def release(self, region: str = "valley") -> Path:
        """Folder of the current release of a region."""
        inventory = self.folder / "results" / region / "inventory"
        return inventory / json.loads((inventory / "current.json").read_text())["path"]

    def planned(self, config: list[str] | None = None) -> dict[str, int]:
        """Jobs of a dry run by rule, the stack taken off the name of simulate_stack; empty when there is nothing to do."""
        output = self.snakemake("--dry-run", config=config).stdout
        table = re.search(r"Job stats:\njob +count\n[- ]+\n(.*?)\n\n", output, flags=re.S)
        if not table:
            assert "Nothing to be done" in output, output[-3000:]
            return {}
        jobs: dict[str, int] = {}
        for line in table.group(1).splitlines():
            name, count = line.split()
            word = re.sub(r"_[AD]\d{3}$", "", name)
            jobs[word] = jobs.get(word, 0) + int(count)
        return {word: count for word, count in jobs.items() if word not in ("total", "all")}


@pytest.fixture(scope="session")
def checkout(tmp_path_factory) -> Checkout:
    """A finished first run of the small region."""
    made = Checkout(tmp_path_factory.mktemp("checkout"), SMALL)
    made.snakemake()
    return made


@pytest.fixture
def own_checkout(checkout, tmp_path) -> Checkout:
    """The same as a copy, for a test that runs further jobs in it."""
    return copied(checkout, tmp_path / "own")


def copied(checkout: Checkout, folder: Path) -> Checkout:
    """A checkout with all that was run in it, in another folder."""
    own = copy(checkout)
    own.folder = folder
    shutil.copytree(checkout.folder, folder, symlinks=True)
    own.environment = checkout.environment | {"PYTHONPATH": str(folder / "src")}
    return own

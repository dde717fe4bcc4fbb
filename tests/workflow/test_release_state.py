"""What Snakemake does before any job with the releases of a region: a real one of version 0.1.0, whose
current.json was an output of the workflow.
"""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from sarslide.inventory import records
from tests.workflow.conftest import REPOSITORY

INVENTORY = Path(__file__).parents[1] / "data/format1/inventory"
RELEASE = "20200222-b1db89d7"


@pytest.fixture
def inventory(tmp_path) -> Path:
    folder = tmp_path / "results/valley/inventory"
    shutil.copytree(INVENTORY, folder)
    (folder / "FORMAT").write_text("2\n")
    return folder


def planned(inventory: Path, *values: str) -> subprocess.CompletedProcess:
    command = [sys.executable, "-m", "snakemake", "--dry-run", "--cores", "1", "--snakefile", REPOSITORY / "Snakefile"]
    command += ["--directory", inventory.parents[2], "--quiet", "rules", "--config", "region=valley", *values]
    return subprocess.run(command, capture_output=True, text=True)


def test_a_broken_pointer_is_written_again(inventory):
    (inventory / "current.json").write_text("")
    (inventory / "release.json").write_text('{"release": "20200222-00000000"}')
    done = planned(inventory)
    assert done.returncode == 0, done.stderr
    assert (inventory / "current.json").read_bytes() == (INVENTORY / "current.json").read_bytes()
    assert not (inventory / "release.json").exists() and "release" in done.stdout


def test_older_dates_are_refused_before_any_job(inventory):
    refused = planned(inventory, "simulation={dates: 5}")
    assert refused.returncode != 0
    (line,) = [line for line in (refused.stdout + refused.stderr).splitlines() if line.startswith("E")]
    assert line.startswith("E5002 results/valley/inventory: dates of A128 end on 20190423") and RELEASE in line
    assert planned(inventory, "simulation={dates: 5}", "inventory={allow_older: true}").returncode == 0


def test_a_damaged_release_ends_it_before_any_job(inventory):
    (inventory / records.RELEASES / RELEASE / records.MANIFEST).write_text("")
    refused = planned(inventory)
    (line,) = [line for line in (refused.stdout + refused.stderr).splitlines() if line.startswith("E")]
    assert refused.returncode != 0 and "E5002 " in line and f"{RELEASE}/MANIFEST.json: is no JSON" in line

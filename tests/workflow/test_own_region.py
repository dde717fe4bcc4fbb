"""A region of the user's own, in a working folder apart from the checkout: planned, checked and scheduled from there."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from sarslide.catalog import planned
from sarslide.cli.schedule import scheduled_run
from sarslide.cli.start import Request
from sarslide.config import load
from sarslide.config.new_region import box_area, new_region
from sarslide.errors import ConfigError
from tests.workflow.conftest import REPOSITORY

SIMULATED = """
source: simulated
stacks: [A128]
grid: {epsg: 32647, bounds: [517500, 3206400, 520500, 3210000]}
simulation: {dates: 4}
"""


@pytest.fixture
def folder(tmp_path) -> Path:
    (tmp_path / "regions").mkdir()
    (tmp_path / "regions/gorge.yaml").write_text(SIMULATED)
    return tmp_path


def snakemake(folder: Path, *words: str) -> subprocess.CompletedProcess:
    command = [sys.executable, "-m", "snakemake", "--snakefile", str(REPOSITORY / "Snakefile"), "--cores", "1"]
    return subprocess.run(
        [*command, "--directory", str(folder), *words], cwd=folder.parent, capture_output=True, text=True
    )


def test_its_graph_is_planned_and_its_jobs_know_it(folder):
    run = snakemake(folder, "--dry-run", "--config", "region=gorge")
    assert run.returncode == 0 and "resources/gorge/slc/A128/20190306" in run.stdout, run.stdout + run.stderr
    run = snakemake(folder, "preflight", "--config", "region=gorge")  # a job, which reads the configuration again
    assert run.returncode == 0, run.stdout + run.stderr
    assert json.loads((folder / "logs/gorge/preflight.json").read_text())
    for part in ("resources", "results", "logs"):
        assert not (REPOSITORY / part / "gorge").exists()


def test_a_new_region_is_searched_for_and_scheduled(folder, monkeypatch, capsys):
    new_region("myregion", box_area(99.16, 28.94, 99.23, 29.06), folder=folder)
    run = snakemake(folder, "update_catalog", "--dry-run", "--config", "region=myregion")
    assert run.returncode == 0 and "resources/myregion/scenes.csv" in run.stdout, run.stdout + run.stderr
    order = scheduled_run(Request("myregion", folder=folder))
    assert order.folder == folder and order.config.region == "myregion" and order.config.archive() == "asf"
    monkeypatch.chdir(folder)
    assert planned.main(["--region", "myregion"]) == 0
    assert ",".join(planned.ARCHIVE_COLUMNS) in capsys.readouterr().out


def test_an_unknown_region_ends_with_one_line(folder):
    run = snakemake(folder, "--dry-run", "--config", "region=gorg")
    messages = [line for line in (run.stdout + run.stderr).splitlines() if "E1001" in line]
    assert run.returncode != 0 and len(messages) == 1 and "yours in regions/ (gorge)" in messages[0], (
        run.stdout + run.stderr
    )


@pytest.mark.parametrize(
    ("line", "messages"), [("grdi: {epsg: 1}", "unknown key 'grdi'"), ("engine: nativ", "engine = 'nativ'")]
)
def test_a_wrong_key_is_named_with_its_file(folder, line, messages):
    """The region's file where the value stands in it, the configuration where the command line or config.yaml gave it."""
    path = folder / "regions/gorge.yaml"
    path.write_text(f"{SIMULATED}{line}\n")
    with pytest.raises(ConfigError) as caught:
        load({"region": "gorge"}, folder)
    assert str(caught.value).startswith(f"E1001 {path}: {messages}")
    path.write_text(SIMULATED)
    with pytest.raises(ConfigError, match=r"config: simulation\.dates = 'x'"):
        load({"region": "gorge", "simulation": {"dates": "x"}}, folder)
    with pytest.raises(ConfigError, match=r"config: grid\.bounds"):
        load({"region": "gorge", "grid": {"bounds": [1, 2, "x", 4]}}, folder)

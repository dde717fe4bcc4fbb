"""The command `sarslide`: what reaches Snakemake, exit codes, coded lines, an interrupted run."""

import json
import subprocess
import sys

import pytest
import typer
from tests.support import releases

from sarslide import __version__, cli, exit_codes
from sarslide.catalog import scenes
from sarslide.cli import start
from sarslide.cli.clean import removable
from sarslide.cli.run import TARGETS
from sarslide.cli.start import Request, nested
from sarslide.config import load
from sarslide.errors import ConfigError
from sarslide.inventory import records
from sarslide.schedule import lock

COMMANDS = typer.main.get_command(cli.app).commands
OF_A_REGION = [*TARGETS, "plan", "resume", "score", "factors", "series", "schedule", "clean"]


def ended(words: list[str]) -> int:
    with pytest.raises(SystemExit) as end:
        cli.main(words)
    return end.value.code


@pytest.fixture
def snakemake(monkeypatch) -> list[list[str]]:
    """Command lines of Snakemake, which is not started."""
    started: list[list[str]] = []

    class Process:
        def __init__(self, command, **how):
            started.append(command[command.index("--snakefile") + 2 :])

        def wait(self):
            return 0

    monkeypatch.setattr(start.subprocess, "Popen", Process)
    return started


def test_dotted_keys_are_sections():
    values = ["rates.method=sbas", "rates.plane=false", "stacks=[A128, D062]", "catalog.start=20190301", "paper="]
    assert nested(values) == {
        "rates": {"method": "sbas", "plane": "false"},
        "stacks": ["A128", "D062"],
        "catalog": {"start": "20190301"},
        "paper": None,
    }
    for wrong in ("rates.method", "=1", "rates..method=sbas", "rates={"):
        with pytest.raises(ConfigError, match="E1001 --set"):
            nested([wrong])


def test_values_reach_the_configuration_as_they_reach_snakemake(tmp_path):
    request = Request("demo", ["rates.method=sbas", "grid.margin_m=1500.5", "stacks=[A117]"], folder=tmp_path)
    config = request.config()
    assert (config.rates.method, config.grid.margin_m, config.stacks) == ("sbas", 1500.5, ("A117",))
    assert request.config_arguments() == [
        "--config",
        "region=demo",
        'rates={"method": "sbas"}',
        'grid={"margin_m": "1500.5"}',
        'stacks=["A117"]',
    ]


@pytest.mark.parametrize("name", TARGETS)
def test_a_command_is_its_target(name, tmp_path, snakemake, monkeypatch):
    assert ended([name, "demo", "-C", str(tmp_path), "--cores", "3", "--use-conda", "--", "--keep-going"]) == 0
    values = ["region=demo", *(f"{key}={json.dumps(value)}" for key, value in nested(TARGETS[name].values).items())]
    more = ["--cores", "3", "--use-conda", "--keep-going", "--config", *values]
    assert snakemake == [[*TARGETS[name].arguments, *more]]


def test_the_demo(tmp_path, snakemake):
    assert ended(["demo", "-C", str(tmp_path)]) == 0
    assert snakemake == [["--cores", "all", "--config", "region=demo"]]


def test_series_are_files_of_every_track(tmp_path, snakemake):
    assert ended(["series", "demo", "-C", str(tmp_path)]) == 0
    files = [f"results/demo/{stack}/f0/native/stacking/series/inventory.csv" for stack in ("A117", "D066")]
    assert snakemake[0][:2] == files
    assert ended(["series", "demo", "--of", "polygons", "-C", str(tmp_path)]) == exit_codes.REFUSED


def test_factors_are_ranked_and_then_put_into_the_report(tmp_path, snakemake):
    assert ended(["factors", "demo", "-C", str(tmp_path)]) == exit_codes.GOOD
    assert [words[0] for words in snakemake] == ["factors", "report"]


@pytest.mark.parametrize(
    ("words", "targets"),
    [
        (["demo"], ["score"]),
        (["demo", "--set", "evaluation.points=checks.csv"], ["score", "score_external"]),
        (["zhongxinrong", "--set", "evaluation.inventory=slides.gpkg"], ["score_external"]),
    ],
)
def test_what_a_region_is_scored_against(words, targets, tmp_path, snakemake, monkeypatch):
    monkeypatch.setattr(scenes.SceneTable, "check", lambda table: None)
    assert ended(["score", *words, "-C", str(tmp_path)]) == exit_codes.GOOD
    assert snakemake[0][: len(targets) + 1] == [*targets, "--cores"]


@pytest.mark.parametrize(
    ("region", "line"),
    [
        ("zhongxinrong", "region zhongxinrong: has nothing to be scored against"),
        ("california", "path '$SARSLIDE_CALIFORNIA' does not exist, and $SARSLIDE_CALIFORNIA is not set"),
    ],
)
def test_a_real_region_without_an_inventory_is_not_scored(region, line, tmp_path, snakemake, monkeypatch, capsys):
    monkeypatch.delenv("SARSLIDE_CALIFORNIA", raising=False)
    assert ended(["score", region, "-C", str(tmp_path)]) == exit_codes.REFUSED and not snakemake
    assert line in capsys.readouterr().err


@pytest.mark.parametrize("words", [["report"], ["factors"], ["score", "--set", "evaluation.points=checks.csv"]])
def test_a_region_without_scenes_is_one_line(words, tmp_path, snakemake, capsys):
    name, *rest = words
    assert ended([name, "zhongxinrong", *rest, "-C", str(tmp_path)]) == exit_codes.REFUSED and not snakemake
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith("E1008 stack A099 has no scene") and "cure: `sarslide update zhongxinrong`" in line


def test_an_interrupted_run_is_resumed_and_not_run_over(tmp_path, snakemake, capsys):
    (tmp_path / ".snakemake/locks").mkdir(parents=True)
    (tmp_path / ".snakemake/locks/0.input.lock").touch()
    assert ended(["run", "demo", "-C", str(tmp_path)]) == exit_codes.LOCKED and not snakemake
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith("E1012 ") and "; cure: `sarslide resume`" in line
    start.unlock(Request("demo", folder=tmp_path))
    assert snakemake[0][0] == "--unlock"


def test_what_was_begun_last_is_resumed(tmp_path, snakemake, capsys):
    """A run or a training with its keys; a report is none, and a resumed one is what it resumes."""
    begun = (
        ["demo", "--small", "--set", "rates.plane=false"],
        ["train", "demo", "--width", "0.25", "--only", "drs_unet"],
    )
    for words in begun:
        assert ended([*words, "-C", str(tmp_path)]) == 0
        assert ended(["report", "demo", "-C", str(tmp_path)]) == 0
        assert ended(["resume", "-C", str(tmp_path)]) == ended(["resume", "-C", str(tmp_path)]) == 0
        first, _, again, last = snakemake[-4:]
        assert again == last and "--rerun-incomplete" in again
        assert [word for word in again if word != "--rerun-incomplete"] == first
    assert ended(["resume", "demo", "-C", str(tmp_path)]) == 0
    assert snakemake[-1] == ["--rerun-incomplete", "--cores", "all", "--config", "region=demo"]
    (tmp_path / lock.NAME).write_text("demo_small")  # of an older version
    assert ended(["resume", "-C", str(tmp_path)]) == 0 and snakemake[-1][-1] == "region=demo_small"
    (tmp_path / lock.NAME).write_text('{"region": "demo_sm')
    assert ended(["resume", "-C", str(tmp_path)]) == exit_codes.LOCKED
    assert capsys.readouterr().err.strip().endswith("does not hold what was begun last; cure: name the region")


@pytest.mark.parametrize("name", ["plan", "doctor"])
def test_files_are_looked_for_in_the_working_folder(name, tmp_path, monkeypatch, capsys):
    """Those that the configuration names, and trained weights."""
    here, weights = tmp_path / "here", "results/demo/training/simulated/sarslide/unet.sarslide.16/unet.safetensors"
    (here / weights).parent.mkdir(parents=True)
    for path in (here / weights, here / "ground.gpkg"):
        path.touch()
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(start, "snakemake", lambda *_, **__: 0)
    keys = ["--set", "segmentation.model=unet", "--set", "inventory.masks=ground.gpkg"]
    ended([name, "demo", *keys, "-C", "here"])
    printed = capsys.readouterr().out
    assert "does not exist" not in printed and "no weights yet" not in printed
    assert f"{weights}: " in printed  # that it is empty


def test_one_run_at_a_time(tmp_path, snakemake, capsys):
    with lock.held(tmp_path):
        assert ended(["run", "demo", "-C", str(tmp_path)]) == exit_codes.LOCKED
        assert ended(["resume", "demo", "-C", str(tmp_path)]) == exit_codes.LOCKED
        assert ended(["plan", "demo", "-C", str(tmp_path)]) == exit_codes.GOOD  # makes nothing
    assert len(capsys.readouterr().err.strip().splitlines()) == 2 and len(snakemake) == 1


@pytest.mark.parametrize("name", [*OF_A_REGION, "train"])
@pytest.mark.parametrize(
    ("words", "named"),
    [
        (["nosuch"], "'nosuch'"),
        (["Demo!"], "'Demo!'"),
        (["demo", "--set", "rates.metod=sbas"], "'rates.metod'"),
        (["demo", "--set", "rates.method"], "rates.method"),
        (["demo", "--set", "catalog.start=20191341"], "20191341"),
        (["demo", "--set", "grid.epsg=4326"], "4326"),
        (["demo", "--configfile", "none.yaml"], "none.yaml"),
        (["demo", "-C", "nowhere"], "nowhere"),
    ],
)
def test_bad_input_is_one_coded_line_and_nothing_is_written(
    name, words, named, snakemake, tmp_path, monkeypatch, capsys
):
    monkeypatch.chdir(tmp_path)
    assert ended([name, *words]) == exit_codes.REFUSED
    (line,) = capsys.readouterr().err.strip().splitlines()
    assert line.startswith("E1") and "; cure: " in line and named in line
    assert not snakemake and not list(tmp_path.iterdir())


def test_a_wrong_option_is_wrong_usage(capsys):
    assert ended(["run", "--nosuch"]) == exit_codes.WRONG_USAGE and "--nosuch" in capsys.readouterr().err
    assert ended(["nosuch"]) == exit_codes.WRONG_USAGE


def test_the_version(capsys):
    assert ended(["--version"]) == 0 and __version__ in capsys.readouterr().out


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_teaches(name, capsys):
    """Its help says what it does and shows at least one line to copy."""
    assert ended([name, "--help"]) == 0
    assert f"sarslide {name}" in capsys.readouterr().out.replace("Usage: sarslide", "")


def test_what_is_cleaned(tmp_path):
    for path in (
        "results/demo/A117/x.tif",
        "results/demo/inventory/current.json",
        "results/demo/training/simulated/p0/unet.p0_insar.16/unet.safetensors",
        "resources/demo/slc/a",
        "logs/demo/a",
    ):
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).touch()
    releases.write(tmp_path / "results/demo/inventory", "20190423-1a2b3c4d")
    records.protect(tmp_path / "results/demo/inventory/releases/20190423-1a2b3c4d")
    (tmp_path / "resources/demo/scenes.csv").touch()
    config = load({"region": "demo"})
    found = [path.relative_to(tmp_path).as_posix() for path in removable(config, tmp_path)]
    assert found == ["results/demo/A117", "logs/demo", "resources/demo/slc"]
    assert ended(["clean", "demo", "--all", "--yes", "-C", str(tmp_path)]) == 0
    assert sorted(path.name for path in tmp_path.rglob("*") if path.is_file()) == [".sarslide.lock", "scenes.csv"]


def test_the_module_is_the_command(tmp_path):
    done = subprocess.run(
        [sys.executable, "-m", "sarslide", "plan", "nosuch"], cwd=tmp_path, capture_output=True, text=True
    )
    assert done.returncode == exit_codes.REFUSED and done.stderr.startswith("E1001 ") and not done.stdout


def test_a_run_from_an_empty_folder_with_a_config_of_its_own(tmp_path):
    """By `sarslide` and by Snakemake alone: the same jobs."""
    (tmp_path / "config.yaml").write_text("region: demo\nsimulation: {dates: 4}\n")
    ours = subprocess.run([sys.executable, "-m", "sarslide", "plan"], cwd=tmp_path, capture_output=True, text=True)
    words = [sys.executable, "-m", "snakemake", "--snakefile", str(start.snakefile()), "--dry-run", "--quiet", "rules"]
    theirs = subprocess.run(words, cwd=tmp_path, capture_output=True, text=True)
    assert ours.returncode == theirs.returncode == 0, ours.stderr + theirs.stderr
    assert "geocode_slc                8" in " ".join(theirs.stdout.splitlines()) + " ".join(ours.stdout.splitlines())
    assert theirs.stdout in ours.stdout

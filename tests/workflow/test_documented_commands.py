"""Every command of README and docs is parsed or dry-run, in a checkout of its own; every region preset plans its whole graph."""

import io
import itertools
import re
import runpy
import shlex
import shutil
import subprocess
import sys
import warnings
from contextlib import redirect_stdout
from pathlib import Path

import geopandas as gpd
import numpy as np
import pytest
import typer
import yaml
from shapely.geometry import box
from snakemake.cli import get_argument_parser

from sarslide import cli
from sarslide.catalog import planned
from sarslide.config import load, presets
from sarslide.io import raster, vector
from sarslide.rates.methods import METHODS
from tests.support.documented import documented, elided, left_out
from tests.workflow.conftest import REPOSITORY, SMALL, Checkout

REGION = """
source: safe
stacks: [A128]
grid: {epsg: 32647, bounds: [515130, 3200340, 523230, 3215640], dem: dem.tif}
"""
SCENES = "stack,date,granule,platform,absolute_orbit,start_utc,sha256,orbit_file,first_seen\n" + "".join(
    f"A128,{date},S1A_{date}.SAFE,S1A,026275,2019-03-06T11:20:11,,a.EOF,2019-04-01T00:00:00Z\n"
    for date in ("20190306", "20190318", "20190330")
)


# Programs of the system: what they are told is parsed by the shell alone.
ELSEWHERE = [
    "mkdir", "cd", "$EDITOR", "export", "source", "sudo", "systemctl", "crontab", "scrontab", "sbatch", "srun",
    "squeue", "sinfo", "aws", "docker", "podman", "apptainer", "git", "pip", "uv", "conda", "mamba", "curl", "flock",
    "tee", "jq", "info.py", "view.py", "tsview.py",
]  # fmt: skip


@pytest.fixture(scope="module")
def place(tmp_path_factory) -> Checkout:
    made = Checkout(tmp_path_factory.mktemp("documented"), [])
    (made.folder / "regions").mkdir()
    (made.folder / "regions/myregion.yaml").write_text(REGION)
    for date in ("20190306", "20190318", "20190330"):
        (made.folder / f"resources/myregion/slc/A128/{date}").mkdir(parents=True)
    (made.folder / "resources/myregion/scenes.csv").write_text(SCENES)
    region = load({"region": "valley"}).grid.region_grid()
    labelled = gpd.GeoDataFrame(geometry=[box(*region.bounds).buffer(-1000)], crs=region.epsg)
    vector.write(made.folder / "labels.gpkg", labelled, "labels")
    region = region.pad(3000)
    raster.write(made.folder / "dem.tif", np.full(region.shape, 3000, np.float32), region, "dem_m")
    return made


@pytest.mark.parametrize("command", [command for command in documented() if not elided(command)])
def test_command(command, place, request, monkeypatch):
    """Snakemake's and make's are dry-run; ours are parsed by their own parser, up to its help; the shell parses the rest."""
    subprocess.run(["bash", "-n", "-c", command], check=True)
    words = list(itertools.dropwhile(lambda word: re.fullmatch(r"\w+=\S*", word), shlex.split(command)))
    if words[0] == "snakemake":
        if "region=mexico_city" in words:
            place.environment["SARSLIDE_REAL_DATA"] = str(request.getfixturevalue("shipped_data"))
        dry_run(place, [str(Path(sys.executable).parent / "snakemake"), "--dry-run", *without_machine(words[1:])])
    elif words[0] == "make":
        dry_run(place, ["make", "--dry-run", *words[1:]])
    elif words[0] == "sarslide":
        split = words.index("--") if "--" in words else len(words)
        parsed(words[1:split])
        get_argument_parser().parse_args(words[split + 1 :])
    elif words[0] == "python":
        told = helped(words[1:], monkeypatch)
        for word in words:
            assert not word.startswith("--") or word in told, f"{command}: knows no {word}\n{told}"
    else:
        assert words[0] in ELSEWHERE, f"the documents have a command that no test tries: {command}"


def parsed(words: list[str]) -> None:
    """Words as the command `sarslide` understands them; nothing is run."""
    group = typer.main.get_command(cli.app)
    if len(words) == 1 and words[0] in group.commands:
        return  # named in a sentence
    if words and words[0] in group.commands and "--help" not in words:
        group.commands[words[0]].make_context(words[0], words[1:])
    else:
        assert words in (["--help"], ["--version"], ["--install-completion"]) or "--help" in words, words


def dry_run(place: Checkout, words: list[str]) -> None:
    more = ["--config", "region=myregion", "training={labels: labels.gpkg}"] if "coco_export" in words else []
    run = subprocess.run([*words, *more], cwd=place.folder, env=place.environment, capture_output=True, text=True)
    assert run.returncode == 0, run.stdout[-2000:] + run.stderr[-2000:]


def without_machine(words: list[str]) -> list[str]:
    """Words without what a dry run here cannot have: conda, and the plugins that profiles name."""
    kept, words = [], iter(words)
    for word in words:
        if word in ("--profile", "--workflow-profile"):
            assert any((REPOSITORY / next(words)).glob("*.yaml"))
        elif word in ("--default-storage-provider", "--default-storage-prefix"):
            next(words)
        elif word != "--use-conda":
            kept.append(word)
    return kept


@pytest.mark.full
def test_what_can_run_runs(own_checkout):
    """In a finished run of a small region, whose products are also those of a real one."""
    folder = own_checkout.folder
    shutil.copytree(folder / "resources/valley/slc/A128", folder / "resources/myregion/slc/A128")
    shutil.copy2(folder / "resources/valley/dem_m.tif", folder / "dem.tif")
    bounds = yaml.safe_load(SMALL[1].partition("=")[2])["bounds"]
    grid = yaml.safe_load(REGION)["grid"] | {"bounds": bounds}
    region = yaml.safe_load(REGION) | {"grid": grid}
    (folder / "regions").mkdir()
    (folder / "regions/myregion.yaml").write_text(yaml.safe_dump(region))
    for part in ("docs", "tests"):
        shutil.copytree(REPOSITORY / part, folder / part, ignore=shutil.ignore_patterns("__pycache__"))
    path = f"{Path(sys.executable).parent}:{own_checkout.environment['PATH']}"
    todo = [command for command in documented() if not elided(command) and not left_out(command)]
    assert any(command.startswith("sarslide schedule") for command in todo)
    # The scene table first, then the products, then what runs on them.
    for command in sorted(
        todo,
        key=lambda one: (not re.search("update", one), not one.startswith(("snakemake --cores", "sarslide run")), one),
    ):
        words = [word.replace("16", "2") for word in without_machine(shlex.split(command))]
        run = subprocess.run(
            words, cwd=folder, env=own_checkout.environment | {"PATH": path}, capture_output=True, text=True
        )  # fmt: skip
        printed = f"{command}\n{run.stdout}\n{run.stderr}"
        if words[:2] == ["sarslide", "preflight"] or "preflight" in words and "region=myregion" in words:
            # Its products are the demo's, whose tracks are made up: the real orbit passes elsewhere, and preflight says so.
            assert (
                run.returncode in (1, 78) and "sees 0% of the region" in printed and "1 error, 0 warnings" in printed
            ), printed
        else:
            assert run.returncode in ((0, 76) if "schedule" in words else (0,)), printed
    assert (folder / "results/myregion/inventory/current.json").is_file()


def helped(words: list[str], monkeypatch) -> str:
    """What the script or module says of itself after the words before its first option."""
    module = words[0] == "-m"
    name, told = words[1] if module else words[0], io.StringIO()
    first = itertools.takewhile(lambda word: not word.startswith("-"), words[1 + module :])
    monkeypatch.setattr(sys, "argv", [name, *first, "--help"])
    monkeypatch.syspath_prepend(REPOSITORY / "studies")
    with pytest.raises(SystemExit) as left, redirect_stdout(told), warnings.catch_warnings():
        warnings.filterwarnings("ignore", "'.*' found in sys.modules", RuntimeWarning)
        if module:
            runpy.run_module(name, run_name="__main__", alter_sys=True)
        else:
            runpy.run_path(str(REPOSITORY / name), run_name="__main__")
    assert not left.value.code, told.getvalue()
    return told.getvalue()


@pytest.mark.parametrize("region", presets())
def test_preset_plans_its_graph(region, tmp_path, request):
    """As one frame: what is made of each frame is made of it, and the plan is below the limit."""
    preset = (REPOSITORY / f"src/sarslide/regions/{region}.yaml").read_text()
    one = ['grid={"frame_km": 1000}'] if load({"region": region}).grid.in_frames else []
    checkout = Checkout(tmp_path, [f"region={region}", *one])
    if "SARSLIDE_REAL_DATA" in preset:
        checkout.environment["SARSLIDE_REAL_DATA"] = str(request.getfixturevalue("shipped_data"))
    config = load({"region": region})
    if config.archive():  # the passes of the papers, as nobody has searched here
        table = tmp_path / f"resources/{region}/scenes.csv"
        table.parent.mkdir(parents=True)
        with open(table, "w") as stream:
            planned.write(stream, planned.rows(config))
    made = set(checkout.planned())
    assert {*METHODS[config.rates.method].rules, "average_phase", "release", "report"} <= made
    assert made & {"segment", "segment_instances"}

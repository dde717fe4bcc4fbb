"""Every command of the README is parsed or dry-run, in a checkout of its own; every region preset plans its whole graph."""

import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from sarslide.catalog import planned
from sarslide.config import load, presets
from tests.workflow.conftest import REPOSITORY, Checkout

REGION = """
source: safe
stacks: [A128]
grid: {epsg: 32647, bounds: [515130, 3200340, 523230, 3215640], dem: dem.tif}
"""
SCENES = "stack,date,granule,platform,absolute_orbit,start_utc,sha256,orbit_file,first_seen\n" + "".join(
    f"A128,{date},S1A_{date}.SAFE,S1A,026275,2019-03-06T11:20:11,00,a.EOF,2019-04-01T00:00:00Z\n"
    for date in ("20190306", "20190318", "20190330")
)


def commands() -> list[str]:
    """Command lines of the README's code blocks and of its inline code, without comments."""
    text = (REPOSITORY / "README.md").read_text()
    lines = [line for block in re.findall(r"```\n(.*?)```", text, flags=re.S) for line in block.splitlines()]
    lines += re.findall(r"`((?:snakemake|make|python) [^`]+)`", text)
    parts = [part.split("   #")[0].strip() for line in lines for part in line.split("&&")]
    return sorted({part for part in parts if part})


@pytest.fixture(scope="module")
def place(tmp_path_factory) -> Checkout:
    made = Checkout(tmp_path_factory.mktemp("documented"), [])
    (made.folder / "src/sarslide/regions/myregion.yaml").write_text(REGION)
    (made.folder / "benchmarks").symlink_to(REPOSITORY / "benchmarks")
    for date in ("20190306", "20190318", "20190330"):
        (made.folder / f"resources/myregion/slc/A128/{date}").mkdir(parents=True)
    (made.folder / "resources/myregion/scenes.csv").write_text(SCENES)
    (made.folder / "dem.tif").touch()
    return made


@pytest.mark.parametrize("command", commands())
def test_command(command, place, request):
    words = shlex.split(command)
    tools = Path(sys.executable).parent
    if words[0] == "snakemake":
        if "region=mexico_city" in words:
            place.environment["SARSLIDE_REAL_DATA"] = str(request.getfixturevalue("real_data"))
        words = [str(tools / "snakemake"), "--dry-run", *(word for word in words[1:] if word != "--use-conda")]
    elif words[0] == "make":
        words = ["make", "--dry-run", *words[1:]]
    elif words[0] == "python":
        words = [sys.executable, *words[1:2], "--help"] if words[1] != "-m" else [sys.executable, *words[1:3], "--help"]
    else:
        assert words[0] in ("mkdir", "$EDITOR"), f"the README has a command that no test tries: {command}"
        return
    run = subprocess.run(words, cwd=place.folder, env=place.environment, capture_output=True, text=True)
    assert run.returncode == 0, run.stdout[-2000:] + run.stderr[-2000:]


@pytest.mark.parametrize("region", presets())
def test_preset_plans_its_graph(region, tmp_path, request):
    preset = (REPOSITORY / f"src/sarslide/regions/{region}.yaml").read_text()
    checkout = Checkout(tmp_path, [f"region={region}"])
    if "SARSLIDE_REAL_DATA" in preset:
        checkout.environment["SARSLIDE_REAL_DATA"] = str(request.getfixturevalue("real_data"))
    config = load({"region": region})
    if config.archive():  # the passes of the papers, as nobody has searched here
        table = tmp_path / f"resources/{region}/scenes.csv"
        table.parent.mkdir(parents=True)
        with open(table, "w") as stream:
            planned.write(stream, planned.rows(config))
    rates = "stack_rates" if config.rates.method == "stacking" else config.rates.method
    assert {rates, "segment", "release", "report"} <= set(checkout.planned())

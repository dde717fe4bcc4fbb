"""Engine isce2 through Snakemake, with ISCE2 itself: a killed step is resumed, a new date brings its own jobs only."""

import os
import re
import signal
import subprocess
import time

import pytest

from sarslide.grid import RegionGrid
from sarslide.io import raster
from sarslide.io.sidecar import read_json
from tests.support.isce2_runs import require_isce2
from tests.workflow.conftest import Checkout

BOUNDS = (518100, 3207300, 519900, 3209100)
CONFIG = [
    "region=valley",
    "engine=isce2",
    "stacks=[A128]",
    f"grid={{bounds: {list(BOUNDS)}}}",
    "rates={method: stacking}",
]
THREE, FOUR = ["simulation={dates: 3}"], ["simulation={dates: 3, new_dates: 1}"]
FOLDER = "results/valley/A128/f0/isce2"
PAIRS = ["20190306_20190318", "20190306_20190330", "20190318_20190330"]


def planned(checkout: Checkout, target: str) -> dict[str, int]:
    """Jobs of a dry run for one target by rule."""
    output = checkout.snakemake("--dry-run", target, config=CONFIG + FOUR).stdout
    table = re.search(r"Job stats:\njob +count\n[- ]+\n(.*?)\n\n", output, flags=re.S).group(1)
    jobs = (line.split() for line in table.splitlines())
    return {re.sub(r"_A128_\d+", "", name): int(count) for name, count in jobs}


@pytest.mark.full
def test_resume_and_a_new_date(tmp_path):
    require_isce2()
    checkout = Checkout(tmp_path, CONFIG + THREE)
    path = f"{checkout.environment['PYTHONPATH']}:{os.environ.get('PYTHONPATH', '')}"
    checkout.environment |= {"PYTHONPATH": path}
    targets = [f"{FOLDER}/ifg/{pair}.json" for pair in PAIRS] + [f"{FOLDER}/amplitude/mean_amplitude_db.tif"]

    # Killed while topo is at work: Snakemake, its job and the processes of ISCE2.
    run = subprocess.Popen(
        checkout.command(*targets), cwd=tmp_path, env=checkout.environment, stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL, start_new_session=True,
    )  # fmt: skip
    work = tmp_path / FOLDER / "work/20190306"
    while not (work / "geom_reference/IW2/lat_01.rdr").exists():
        assert run.poll() is None, "the run ended before topo"
        time.sleep(0.2)
    os.killpg(run.pid, signal.SIGKILL)
    run.wait()
    assert not (work / "topo.json").exists() and (work / "unpack.json").exists()
    unpacked = (work / "unpack.json").stat().st_mtime_ns

    # The orphans of ISCE2 are waited for, then the step is done again, and only that.
    checkout.snakemake("--unlock")
    checkout.snakemake("--rerun-incomplete", *targets)
    assert (work / "unpack.json").stat().st_mtime_ns == unpacked

    grid = RegionGrid.from_bounds(32647, BOUNDS, 30)
    for pair in PAIRS:
        about = read_json(tmp_path / FOLDER / f"ifg/{pair}.json")
        assert (
            about["engine"] == "isce2" and about["engine_version"].startswith("2.") and about["coherence_looks"] >= 40
        )
        coherence = raster.read(tmp_path / FOLDER / f"ifg/{pair}.cor.tif", grid)
        # Half of it lies under forest: incoherent ground has 0 on average, so that any mean above 0.1 is signal.
        assert about["mean_coherence"] > 0.1 and (coherence > 0.3).mean() > 0.1
    files = read_json(work / "topo.json")["files"]
    assert len(files) == 10 and all((work / name).stat().st_size == size for name, size in files.items())

    jobs = planned(checkout, f"{FOLDER}/ifg/20190330_20190411.json")
    assert jobs == {"simulate_date": 1, "isce2_prepare": 1, "isce2_step": 3, "isce2_interferogram": 1, "total": 6}

"""`snakemake preflight` as a user runs it, and the part of it that every run starts with."""

import json
import re

import pytest

from sarslide.catalog import planned
from sarslide.catalog.scenes import table
from sarslide.config import load
from sarslide.preflight.forecast import forecast
from tests.workflow.conftest import SMALL, Checkout

PAPER = ["region=zhongxinrong"]


@pytest.fixture(scope="module")
def place(tmp_path_factory) -> Checkout:
    made = Checkout(tmp_path_factory.mktemp("preflight"), SMALL)
    made.environment["NETRC"] = str(made.folder / "no_netrc")
    table = made.folder / "resources/zhongxinrong/scenes.csv"
    table.parent.mkdir(parents=True)
    with open(table, "w") as stream:
        planned.write(stream, planned.rows(load({"region": "zhongxinrong"})))
    return made


def test_a_region_that_can_run(place):
    run = place.snakemake("preflight")
    assert "preflight: 0 errors, 0 warnings" in run.stderr
    assert run.stderr.count(" warnings") == 1  # one table
    found = json.loads((place.folder / "logs/valley/preflight.json").read_text())
    assert {one["level"] for one in found} == {"good", "note"}
    assert any(one["check"] == "versions" and "snakemake" in one["found"] for one in found)
    # Asked for again, it looks again.
    assert "1/1  preflight" in place.snakemake("preflight").stderr


def test_disk_of_a_simulated_region_counts_its_products(tmp_path):
    def of(region):
        config = load({"region": region})
        rows = table(config, tmp_path).rows() or planned.rows(config)
        scenes = {stack: [row for row in rows if row["stack"] == stack] for stack in config.stacks}
        return forecast(config, scenes, dict.fromkeys(config.stacks, 1.0))

    demo, real = of("valley"), of("zhongxinrong")
    # A finished demo: 2.29 GB of SAFE products and orbits, 3.20 GB with everything. 5 %: file systems count folders differently.
    assert demo.simulated_gb == pytest.approx(2.295, rel=0.05) and demo.disk_gb == pytest.approx(3.2, rel=0.05)
    assert real.simulated_gb == 0 and real.dates > 0


def test_a_region_without_account_fails_with_the_code_and_keeps_the_table(place):
    run = place.snakemake("preflight", config=[*PAPER, "retrieve={dem_glo30: 'http://127.0.0.1:9'}"], check=False)
    assert run.returncode != 0
    assert "E2003" in run.stderr and run.stderr.count("cure: write `machine urs.earthdata.nasa.gov") == 1
    # E1007: on a disk that has no room for the region.
    refusal = r"    E1001 region zhongxinrong: preflight refuses \((E1007, )?E2002, E2003\); cure: correct each error"
    assert re.search(refusal, run.stderr), run.stderr
    found = json.loads((place.folder / "logs/zhongxinrong/preflight.json").read_text())
    codes = {one["check"]: one["code"] for one in found if one["level"] == "error"}
    assert codes["account Earthdata"] == "E2003" and codes["DEM tiles"] == "E2002"
    assert "E2003" in (place.folder / "logs/zhongxinrong/preflight.log").read_text()


def test_a_run_ends_before_its_first_job_where_no_job_could_help(place):
    config = [*PAPER, "lithology={file: gone.gpkg}"]
    (place.folder / "gone.gpkg").write_text("")
    assert place.snakemake("--dry-run", config=config).returncode == 0
    (place.folder / "gone.gpkg").unlink()
    run = place.snakemake("resources/zhongxinrong/dem_m.tif", config=config, check=False)
    assert run.returncode != 0 and "E1001" in run.stderr and "gone.gpkg" in run.stderr
    assert "rule retrieve_dem" not in run.stderr

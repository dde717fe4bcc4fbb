"""What ready interferograms lack, is told before a job."""

import json

import numpy as np
import pytest
import rasterio

from sarslide.catalog.scenes import table
from sarslide.config import load
from sarslide.errors import ConfigError, NetworkError
from sarslide.preflight import checks
from sarslide.preflight.finding import ERROR, GOOD, NOTE
from tests.support import engine_products as products
from tests.support.rule_jobs import run_script


def config(folder, method="stacking", stack="A128", region=None, **files):
    changes = {"folder": str(folder), "naming": "gamma"} | files
    grid = region or {"epsg": 32647, "bounds": list(products.GRID.bounds), "cell_m": 100}
    return load({
        "region": "zhongxinrong", "source": "files", "engine": "files", "stacks": [stack], "paper": "", "assumptions": {},
        "grid": {"dem": "dem.tif", **grid}, "network": {"pairs": [products.PAIR]}, "files": changes,
        "rates": {"method": method},
    })  # fmt: skip


@pytest.fixture
def gamma(tmp_path):
    products.gamma(tmp_path)
    return tmp_path


def test_the_dem_error_needs_baselines(gamma):
    with pytest.raises(
        NetworkError, match=r"E2001 sbas\.dem_error is true, but files of naming gamma have no .*; cure: set sbas"
    ):
        table(config(gamma, "sbas"), gamma)
    assert table(config(gamma, "stacking"), gamma).files("unwrapped")
    with_them = config(gamma, "sbas", baselines="{earlier}-{later}_bperp.par")
    assert len(table(with_them, gamma).files("baselines")) == 1


def test_a_track_of_another_sensor_is_not_compared_with_the_repeat_orbit(gamma):
    """A region that Sentinel-1's relative orbit 2 does not see."""
    (found,) = checks.tracks(config(gamma, stack="A002"))
    assert found.level == NOTE and "not compared with its repeat orbit" in found.found
    (found,) = checks.tracks(config(gamma, stack="A002", naming="licsar"))
    assert found.level == ERROR


def test_the_sensor_is_shown_or_asked_for(gamma):
    one = config(gamma, wavelength_m=0.0554658, incidence_deg=38, heading_deg=348)
    (found,) = checks.sensor(one, table(one, gamma))
    assert found.level == GOOD and found.found == "wavelength 0.0554658 m, incidence 38, heading 348 degrees"
    two = config(gamma)
    (found,) = checks.sensor(two, table(two, gamma))
    assert (found.level, found.code) == (ERROR, "E3007") and "no tag states wavelength_m" in found.found
    with rasterio.open(next(gamma.glob("*_unw.tif")), "r+") as target:
        target.update_tags(PLATFORM="Sentinel-1B")
    (found,) = checks.sensor(two, table(two, gamma))
    assert found.level == GOOD


def test_a_heading_against_the_letter_of_the_stack(gamma):
    with pytest.raises(ConfigError, match=r"files\.heading_deg = 193 contradicts the pass of stack A128"):
        config(gamma, heading_deg=193)


def test_a_margin_without_a_cell(gamma):
    words = r"E1001 config: grid\.margin_m = 0 is less than a cell of 30 m, .*; cure: give at least grid\.cell_m"
    with pytest.raises(ConfigError, match=words):
        load({"region": "valley", "grid": {"margin_m": 0}})


def test_messages_keep_capitals():
    with pytest.raises(ConfigError, match=r"paper = 'Q1': input should be .*'P0', 'P2', 'P3', 'P4' or 'H22'"):
        load({"region": "valley", "paper": "Q1"})


def test_unknown_baselines_are_null(tmp_path):
    records = []
    for k, (pair, bperp) in enumerate((("20190306_20190318", 40.0), ("20190330_20190411", None))):
        path = tmp_path / f"{k}.json"
        about = {"dates": pair.split("_"), "bperp_m": bperp, "mean_coherence": 0.5, "utc": [None, None]}
        path.write_text(json.dumps(about))
        records.append(str(path))
    outputs = {"figure": str(tmp_path / "network.png"), "about": str(tmp_path / "network.json")}
    dates = ["20190306", "20190318", "20190330", "20190411"]
    run_script("network", tmp_path, {"pairs": records}, outputs, preset="nearest", dates=dates)
    about = json.loads((tmp_path / "network.json").read_text())
    assert about["baselines_m"] == {"20190306": 0.0, "20190318": 40.0, "20190330": None, "20190411": None}
    assert np.array([pair["bperp_m"] for pair in about["pairs"]], object).tolist() == [40.0, None]

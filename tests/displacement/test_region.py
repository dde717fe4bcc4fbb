"""The region of a product: what engine `files` and method `own` read of it is the product again."""

from types import SimpleNamespace

import numpy as np
import pytest
import yaml

from sarslide.catalog import scenes
from sarslide.config import load
from sarslide.displacement import __main__ as command
from sarslide.displacement import region
from sarslide.displacement.contract import Displacement
from sarslide.insar.external.files import ingest_pair
from sarslide.rates.own import load as load_method
from tests.displacement import products
from tests.displacement.products import DAYS, GRID

ARGUMENTS = [
    *("--region", "mine", "--stack", "A117", "--epsg", "32632", "--dem", "glo30"),
    *("--bounds", *(str(side) for side in GRID.bounds)),
]
MM_PER_RAD = -0.05546576e3 / (4 * np.pi)


@pytest.fixture
def made(tmp_path, monkeypatch):
    """A region of dolphin's files, whose south was not seen."""
    monkeypatch.chdir(tmp_path)
    products.dolphin(tmp_path / "delivered")
    assert command.main(["delivered", *ARGUMENTS]) == 0
    return tmp_path


def test_the_workflow_reads_the_motion_of_the_product(made):
    config = load(yaml.safe_load((made / "regions/mine.yaml").read_text()) | {"region": "mine"})
    assert len(config.network.pairs) == len(DAYS) - 1
    table = scenes.table(config, made / "resources")
    pairs = zip(table.files("unwrapped"), table.files("coherence"), config.network.pairs, strict=True)
    moved = [ingest_pair(phase, quality, name, GRID, naming="licsar") for phase, quality, name in pairs]
    total = sum(pair.unwrapped_rad for pair in moved) * MM_PER_RAD
    truth = products.rate(*np.meshgrid(GRID.x(), GRID.y()))
    assert np.abs(total - truth * products.YEARS[-1]).max() < 0.01  # mm, float32


def test_the_rate_is_the_product_s_own_less_that_of_stable_ground(made):
    truth = products.rate(*np.meshgrid(GRID.x(), GRID.y()))
    still = np.abs(truth - 1) < 1e-3
    stack = SimpleNamespace(grid=GRID, ground=SimpleNamespace(reference=SimpleNamespace(mask=still)))
    rate, std = load_method(made / "products/mine/rates.py")(stack)
    assert np.abs(rate - (truth - 1)).max() < 0.01 and np.isfinite(std).all()


def test_another_rate_is_another_method_file(made):
    before = (made / "products/mine/rates.py").read_text()
    products.geotiff(made / "delivered/velocity.tif", "meters / year", 2e-3, 1)
    assert command.main(["delivered", *ARGUMENTS]) == 0
    assert (made / "products/mine/rates.py").read_text() != before


def test_a_rate_alone_stands_as_steps_before_the_end_of_its_period():
    rate = np.full((2, 2), 73.05)
    rate[0, 0] = np.nan
    days, moved = region.steps(Displacement(rate, ("20180101", "20200131"), np.full((2, 2), 3.0)))
    assert days == ["20191226", "20200107", "20200119", "20200131"]
    rates = moved[:, 1, 1] / (12 / 365.25)
    np.testing.assert_allclose([rates.mean(), rates.std(ddof=1) / 3**0.5], [73.05, 3.0])
    assert np.isnan(moved[:, 0, 0]).all()  # not seen is not still


def test_what_is_absent_is_said():
    about = region.about("geotiff", Displacement(np.ones((2, 2)), ("20180101", "20200131")))
    assert {text.partition(":")[0] for text in about["absent"]} == {"coherence", "standard error", "series"}


def test_a_product_that_is_refused_leaves_one_line(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    products.geotiff(tmp_path / "rate.tif")
    assert command.main(["rate.tif", *ARGUMENTS]) == 1
    assert capsys.readouterr().err.startswith("E3008") and not (tmp_path / "regions").exists()

"""Products to the contract from the rate on: rates, geometry, scene table, configuration, and a region's command."""

import json
from pathlib import Path

import numpy as np
import pytest
import yaml

from sarslide import layers
from sarslide.catalog import scenes
from sarslide.config import load
from sarslide.displacement import delivered, formats
from sarslide.displacement.contract import Declared, Displacement
from sarslide.errors import ConfigError, RateError, SarslideError
from sarslide.io import raster, series
from sarslide.rates.settings import RateSettings
from sarslide.workflow.graph import Graph
from sarslide.workflow.network_inputs import NetworkInputs
from tests.conftest import REPOSITORY
from tests.displacement import products
from tests.displacement.products import DAYS, GRID
from tests.support.rule_jobs import run_script

TRUTH = products.rate(*np.meshgrid(GRID.x(), GRID.y()))
FLAT, NOWHERE = np.full(GRID.shape, 1000.0), np.zeros(GRID.shape, bool)


def keys(products_of: dict, **more) -> dict:
    """A region of displacement products."""
    return {
        "region": "tiny",
        "source": "displacement",
        "engine": "displacement",
        "stacks": list(products_of),
        "grid": {"epsg": 32632, "bounds": list(GRID.bounds), "cell_m": 30, "dem": "glo30"},
        "displacement": {"products": products_of},
        "rates": {"method": "delivered"},
        **more,
    }


@pytest.fixture
def place(tmp_path, monkeypatch):
    """A working folder with dolphin's files of an ascending, and DISP-S1 of a descending track."""
    monkeypatch.chdir(tmp_path)
    products.dolphin(tmp_path / "A117")
    (tmp_path / "D066").mkdir()
    products.opera(tmp_path / "D066")
    (tmp_path / "regions").mkdir()
    return tmp_path


def configured(place: Path, products_of: dict, **more):
    (place / "regions/tiny.yaml").write_text(yaml.safe_dump(keys(products_of, **more)))
    return load({"region": "tiny"}, place)


TRACKS = {"A117": {"path": "A117"}, "D066": {"path": "D066"}}


def test_real_dates_of_several_tracks_and_no_pairs(place):
    config = configured(place, TRACKS)
    table = scenes.table(config, place / "resources")
    assert table.dates("A117") == DAYS and table.dates("D066") == DAYS and table.ready
    assert {row["granule"] for row in table.rows()} == {formats.FORMATS["geotiff"], formats.FORMATS["opera"]}
    graph = Graph(config, table, REPOSITORY / "workflow_scripts")
    assert graph.pairs("A117") == [] and graph.check_network() == []
    assert len(table.files("D066")) == len(DAYS) - 1


def test_a_new_delivery_is_a_new_date_and_a_release(place):
    config = configured(place, TRACKS, segmentation={"method": "velocity_threshold"})

    def release() -> str:
        table = scenes.table(config, place / "resources")
        return Graph(config, table, REPOSITORY / "workflow_scripts").release_id("", [])

    before = release()
    assert before == release() and before.startswith(DAYS[-1])
    products.geotiff(place / "A117/timeseries/20200101_20210101.tif", "meters", 1e-3, 1)
    assert release().startswith("20210101")
    # The same dates, processed again.
    (place / "A117/timeseries/20200101_20210101.tif").unlink()
    products.geotiff(place / "A117/velocity.tif", "meters / year", 1e-3, 2)
    assert release().startswith(DAYS[-1]) and release() != before


def test_a_network_that_reads_what_a_product_lacks_is_refused(place):
    for more, refused in (({}, True), ({"coherence": 0.6}, False)):
        config = configured(place, {"A117": {"path": "A117", **more}})
        graph = Graph(config, scenes.table(config, place / "resources"), REPOSITORY / "workflow_scripts")
        network = NetworkInputs(graph)
        if refused:
            with pytest.raises(ConfigError, match=r"reads mean_coherence.*A117.*velocity_threshold.*A117\.coherence"):
                network.inputs_of(network.main.name)
        else:
            assert "averaging" not in "".join(network.inputs_of(network.main.name).values())


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"rates": {"method": "stacking"}}, "rates.method = stacking does not fit engine = displacement"),
        ({"stacks": ["A117"]}, "displacement.products names A117, D066, stacks A117"),
        ({"network": {"preset": "p0"}}, "network.preset = 'p0' has no effect: it needs engine"),
        ({"interferogram": {"goldstein_alpha": 0.1}}, "interferogram.goldstein_alpha = 0.1 has no effect"),
        (
            {"displacement": {"products": TRACKS | {"D066": {"path": "D066", "heading_deg": 350}}}},
            "contradicts the pass",
        ),
        ({"displacement": {"products": TRACKS | {"D066": {"folder": "D066"}}}}, "displacement.products.D066"),
    ],
)
def test_keys_that_do_not_fit_are_one_coded_line(place, change, words):
    with pytest.raises(ConfigError) as caught:
        configured(place, TRACKS, **change)
    assert words in str(caught.value)


def test_a_rate_without_a_period_is_one_coded_line(place):
    products.geotiff(place / "rate.tif")
    product = {"path": "rate.tif", "unit": "mm", "positive": "towards"}
    config = configured(place, {"A117": product})
    with pytest.raises(
        SarslideError, match=r"E1008 rate.tif: states 0 dates; cure: set displacement.products.A117.period"
    ):
        scenes.table(config, place / "resources")
    config = configured(place, {"A117": product | {"period": ["2018-01-01", "2022-12-31"]}})
    assert scenes.table(config, place / "resources").dates("A117") == ["20180101", "20221231"]


def noisy(**more) -> Displacement:
    """The landslide in a frame that moves as a whole by 7 mm/yr, with noise of 2 mm/yr called 1."""
    rate = TRUTH + 7 + np.random.default_rng(5).normal(0, 2, GRID.shape)
    rate[:4] = np.nan
    return Displacement(rate, ("20180101", "20221231"), np.ones(GRID.shape), **more)


def test_rates_are_zero_on_stable_ground_with_the_errors_that_it_shows():
    found = delivered.rates_of(noisy(), Declared(), FLAT, RateSettings(), NOWHERE)
    rate, std = (found.layers[name] for name in ("los_rate_mm_per_yr", "los_rate_std_mm_per_yr"))
    known = np.isfinite(rate)
    assert not known[:4].any() and known[4:].all()
    still = known & (np.abs(TRUTH - 1) < 0.1)
    assert abs(np.median(rate[still])) < 0.2 and found.notes["level_mm_per_yr"] == pytest.approx(8, abs=0.3)
    assert np.median(std[still]) == pytest.approx(2, rel=0.15)
    assert rate[np.unravel_index(np.argmin(TRUTH), GRID.shape)] == pytest.approx(-61, abs=8)
    # Towards the satellite is positive, phase grows away from it: -4 pi / 55.46576 mm.
    np.testing.assert_allclose(found.layers["phase_rate_rad_per_yr"], rate * -4 * np.pi / 55.46576)
    assert found.series_mm is None and set(np.unique(found.layers["pair_count"])) == {0, 1}


def test_geometry_of_stated_angles_and_a_wrong_pass():
    heights = np.pad(FLAT, 1, mode="edge")
    layers_of = delivered.geometry_of(
        noisy(), Declared(incidence_deg=30, heading_deg=190), heights, GRID, "D066", "x.tif"
    )
    assert set(layers_of) == set(layers.GEOMETRY)
    # To the right of 190 degrees lies 280: the satellite stands at 100 degrees, a third of the way up from the horizon.
    vector = [layers_of[name][10, 10] for name in layers.LINE_OF_SIGHT]
    np.testing.assert_allclose(vector, [0.5 * np.sin(np.radians(100)), 0.5 * np.cos(np.radians(100)), 3**0.5 / 2])
    assert (layers_of["layover_shadow"][:4] == 255).all() and (layers_of["layover_shadow"][4:] == 0).all()
    by_cell = noisy(incidence_deg=np.full(GRID.shape, 38.0), heading_deg=np.full(GRID.shape, 350.0))
    with pytest.raises(RateError, match="heading 350 degrees contradicts the pass of stack D066"):
        delivered.geometry_of(by_cell, Declared(), heights, GRID, "D066", "x.tif")
    with pytest.raises(RateError, match="x.tif: is of track 88, the stack is A117"):
        delivered.geometry_of(noisy(track="088"), Declared(), heights, GRID, "A117", "x.tif")


def test_what_is_absent_is_said():
    about = delivered.about("geotiff", noisy(), Declared())
    assert [text.partition(":")[0] for text in about["absent"]] == ["coherence", "series", "line of sight by cell"]
    assert about["dates"] == 0 and about["period"] == ["20180101", "20221231"]


def test_the_rule_writes_the_contract(place):
    dem = GRID.pad(300)
    heights = 1000 + 0.3 * np.add.outer(np.zeros(dem.rows), dem.x() - dem.west)
    raster.write(place / "dem_m.tif", heights, dem, "dem_m", {"vertical": "ellipsoidal"})
    files = {"product": [str(path) for path in formats.look("A117").paths], "dem": "dem_m.tif"}
    names = (*layers.RATES, *layers.GEOMETRY)
    outputs = {name: f"out/{name}.tif" for name in names}
    outputs |= {"timeseries": "out/timeseries.nc", "reference": "out/reference.json", "sidecar": "out/sidecar.json"}
    product = {"format": "auto", "unit": None, "positive": None, "period": None}
    product |= {"incidence_deg": None, "heading_deg": None, "coherence": None}
    run_script(
        "ingest_displacement", place, files, outputs, {"stack": "A117", "frame": "f0"},
        grid=GRID.to_dict(), dates=DAYS, product=product, moving_sigma=3.0, min_coherence=0.3, reference=None,
    )  # fmt: skip
    rate = raster.read("out/los_rate_mm_per_yr.tif", GRID)
    assert np.abs(rate - (TRUTH - 1)).max() < 0.05
    dates, moved = series.read("out/timeseries.nc")
    assert dates == DAYS and np.abs(moved[-1] - (TRUTH - 1) * products.YEARS[-1]).max() < 0.05
    about = json.loads(Path("out/sidecar.json").read_text())["product"]
    assert about["dates"] == len(DAYS) and about["absent"][0].startswith("coherence: ")
    assert json.loads(Path("out/reference.json").read_text())["cells"] >= 25

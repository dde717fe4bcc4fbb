"""The rate methods sbas and mintpy through the whole graph: segmentation, inventory and report read what the method delivers."""

import json

import numpy as np
import pytest

from sarslide.io import raster, series
from sarslide.network import years_of
from sarslide.rates.methods import DEFAULT, DELIVERED, METHODS
from tests.workflow.conftest import Checkout

OWN = {"own": ", own: mine.py"}
# Those of pairs: delivered rates are of another engine (tests/displacement/test_run.py).
OTHERS = [method for method in METHODS.values() if method.has_rates and method.name not in (DEFAULT, DELIVERED)]


@pytest.fixture(scope="module")
def place(tmp_path_factory) -> Checkout:
    folder = tmp_path_factory.mktemp("methods")
    (folder / "mine.py").write_text("def rates(stack): ...\n")
    return Checkout(folder, ["region=valley"])


@pytest.mark.parametrize("method", OTHERS, ids=lambda method: method.name)
def test_the_whole_graph_is_planned_with_the_method_of_the_configuration(place, method):
    jobs = place.planned(["region=valley", f"rates={{method: {method.name}{OWN.get(method.name, '')}}}"])
    assert {"segment", "candidates", "fuse", "release", "score", "report"} <= set(jobs)
    for each in METHODS.values():  # a rule may stand for several jobs, as the steps of MintPy
        for rule in each.rules:
            counts = [count for job, count in jobs.items() if job.startswith(rule)]
            assert (bool(counts) and set(counts) == {2}) == (each == method), rule  # two stacks


def test_two_islands_stop_the_run_at_once_with_the_gap(place):
    pairs = "network={pairs: ['20190306_20190318', '20190330_20190411', '20190411_20190423']}"
    run = place.snakemake(
        "--dry-run", config=["region=valley", "stacks=[A128]", "rates={method: sbas}", pairs], check=False
    )
    assert run.returncode != 0
    assert "E2001" in run.stdout + run.stderr and "gap 20190318-20190330" in run.stdout + run.stderr


@pytest.mark.full
def test_mexico_city_by_both_methods(shipped_data, tmp_path):
    """30 real interferograms to the release, twice; the same layers, and of what both define alike the same numbers.

    The standard error is none of these: MintPy's is the scatter of the dates about a line, dates taken as independent
    (Fattahi and Amelung 2015, eq. 10: computed here from its series); ours is that of the pairs, held to stable ground.
    """
    checkout = Checkout(tmp_path, ["region=mexico_city"])
    checkout.environment["SARSLIDE_REAL_DATA"] = str(shipped_data)
    counts, rates, errors, scatter = {}, {}, {}, {}
    for method in ("sbas", "mintpy"):
        config = ["region=mexico_city", f"rates={{method: {method}}}"]
        checkout.snakemake(config=config)
        assert checkout.planned(config) == {}
        folder = tmp_path / f"results/mexico_city/A005/f0/files/{method}"
        counts[method] = json.loads((tmp_path / "results/mexico_city/inventory/current.json").read_text())["counts"]
        names = ("los_rate_mm_per_yr", "dem_error_m", "temporal_coherence", "mean_coherence")
        rates[method] = {name: raster.read(folder / f"{name}.tif") for name in names}
        errors[method] = raster.read(folder / "los_rate_std_mm_per_yr.tif")
        dates, displacement = series.read(folder / "timeseries.nc")
        assert dates[-1] == "20180717"
        scatter[method] = scatter_about_a_line(displacement, years_of(dates))
        assert (tmp_path / "results/mexico_city/report/report.html").is_file()
    assert counts["sbas"] == counts["mintpy"] and counts["sbas"]["landslides"] == 0
    for name, ours in rates["sbas"].items():
        theirs = rates["mintpy"][name]
        both = (theirs == theirs) & (ours == ours)
        assert both.mean() > 0.95
        assert abs(ours - theirs)[both].max() < 0.01  # mm/yr, m and coherence
    known = np.isfinite(errors["mintpy"])
    np.testing.assert_allclose(errors["mintpy"][known], scatter["mintpy"][known], rtol=1e-5)  # float32
    known = np.isfinite(errors["sbas"])
    assert (errors["sbas"] > scatter["sbas"])[known].all()


def scatter_about_a_line(displacement: np.ndarray, years: np.ndarray) -> np.ndarray:
    """Standard error of the slope of each cell, mm/yr, as if dates were independent."""
    values = np.nan_to_num(displacement.reshape(len(years), -1)).astype(float)
    _, squares, *_ = np.polyfit(years, values, 1, full=True)
    return np.sqrt(squares / (len(years) - 2) / np.square(years - years.mean()).sum()).reshape(displacement.shape[1:])

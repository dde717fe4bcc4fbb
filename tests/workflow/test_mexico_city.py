"""Real interferograms of a sinking city, from the files to the release: deformation of flat ground, no landslide (G12)."""

import json

from tests.workflow.conftest import Checkout


def test_the_release_says_non_landslide_deformation(shipped_data, tmp_path):
    checkout = Checkout(tmp_path, ["region=mexico_city"])
    checkout.environment["SARSLIDE_REAL_DATA"] = str(shipped_data)
    checkout.snakemake()
    current = json.loads((tmp_path / "results/mexico_city/inventory/current.json").read_text())
    assert current["counts"]["landslides"] == 0
    assert current["counts"]["non_landslide_deformation"] >= 1
    html = (tmp_path / "results/mexico_city/report/report.html").read_text()
    assert "Simulated data." not in html and "on-landslide deformation" in html
    assert checkout.planned() == {}

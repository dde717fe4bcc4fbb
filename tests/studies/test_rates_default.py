"""Candidates for the default beside it: on the same cells, each figure against the planted truth."""

import numpy as np
import pytest
from studies.rates.default import rows_of

from sarslide.grid import RegionGrid
from sarslide.io import raster

GRID = RegionGrid(32632, 575700, 5171700, 30, 60, 60)


def test_a_candidate_is_measured_on_the_cells_that_all_have(tmp_path):
    """A square of 40 x 40 cells moves by 20 mm/yr; half of the motion is lost by the default, a tenth by the other."""
    truth = np.zeros(GRID.shape, np.float32)
    truth[10:50, 10:50] = -20
    made = {"a": np.where(truth, -10.0, 2.0), "b": np.where(truth, -18.0, 1.0)}
    made["b"][:5] = np.nan
    of_truth = tmp_path / "a/resources/demo/truth/A117"
    for folder, rate in made.items():
        layers = tmp_path / folder / "results/demo/A117/f0/native/stacking"
        layers.mkdir(parents=True)
        raster.write(layers / "los_rate_mm_per_yr.tif", rate, GRID, "los_rate_mm_per_yr")
        raster.write(layers / "los_rate_std_mm_per_yr.tif", np.ones(GRID.shape), GRID, "los_rate_std_mm_per_yr")
        raster.write(layers / "mean_coherence.tif", np.full(GRID.shape, 0.6), GRID, "mean_coherence")
    of_truth.mkdir(parents=True)
    raster.write(of_truth / "true_los_rate_mm_per_yr.tif", truth, GRID, "true_los_rate_mm_per_yr")
    raster.write(of_truth / "true_observable.tif", np.ones(GRID.shape), GRID, "true_observable")
    rows = {
        each["what"].split(": ")[1]: each for each in rows_of(tmp_path / "a", {"b": tmp_path / "b"}, "demo", "A117")
    }
    still = rows["RMSE of still ground, mm/yr"]
    assert (still["before"], still["measured"]) == (2, "b 1.000")
    bias = rows["bias of ground that moves under 100 mm/yr, mm/yr"]
    assert (bias["before"], bias["measured"], bias["met"]) == (-10, "b -2.000", True)
    share = rows["valid share of cells that the track sees"]
    assert share["measured"] == "b 0.917 (missed)" and not share["met"]
    z = rows["rms of z, still ground"]
    assert z["before"] == pytest.approx(2) and z["met"]

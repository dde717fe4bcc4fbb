"""Ground that is faster than the network's training becomes a candidate of its own source and reason;
ground as slow as the training does not.
"""

import json
from dataclasses import asdict

import numpy as np
import pytest
from studies import fast_ground as study

from sarslide.errors import RasterError
from sarslide.inventory import fast_ground
from sarslide.inventory.attributes import downslope_sensitivity
from sarslide.inventory.candidates import find_candidates, speed_limits
from sarslide.inventory.fusion import fuse
from sarslide.inventory.masks import MaskRules
from sarslide.inventory.tables import CANDIDATES, rows_of
from sarslide.inventory.velocity_threshold import slope_speed
from tests.inventory.conftest import slope_layers

LIMITS = ((0.05, 60.0), (0.2, 80.0), (1.0, 130.0))
RULES = MaskRules()


@pytest.fixture(scope="module")
def finder():
    return study.Finder()


def found(layers, grid, limits=LIMITS):
    return find_candidates(layers, grid, "A128", 0.5, 20.0, RULES, None, limits)


def block(layers, rate, rows=slice(30, 40), cols=slice(40, 50), **values):
    for name, value in {"los_rate_mm_per_yr": rate, **values}.items():
        layers[name][rows, cols] = value


@pytest.mark.parametrize("rate", [100, 250])
def test_two_ellipses_that_the_network_does_not_see(finder, rate):
    """0.06 km2 on 14 degrees: nothing without the threshold, one landslide with it."""
    alone, both = finder.candidates(study.moving_ellipse(0.06, 14.0, rate), study.GRID)
    assert study.best_iou(alone, study.ellipse(0.06)) == 0.0
    assert study.best_iou(both, study.ellipse(0.06)) > 0.7
    (row,) = (row for row in both.itertuples() if row.source == "velocity_threshold")
    assert (row.status, row.object_class, row.reason) == ("candidate", "landslide", "faster_than_training")
    assert row.reason_text.startswith("faster than the landslides that the network learnt from")


def test_what_the_network_sees_stays_its_own(finder):
    alone, both = finder.candidates(study.moving_ellipse(0.06, 14.0, 40.0), study.GRID)
    assert len(alone) == len(both) == 1 and both["source"].tolist() == ["network"]


@pytest.mark.parametrize(("rate", "sources"), [(-60.0, []), (-80.0, ["velocity_threshold"])])
def test_only_beyond_the_speeds_of_its_size(grid, rate, sources):
    """0.09 km2, sensitivity -0.92: 65 and 87 mm/yr down the slope, against 70 in the training."""
    layers = slope_layers()
    block(layers, rate)
    assert found(layers, grid)["source"].tolist() == sources
    assert found(layers, grid, ())["source"].tolist() == []


def test_noise_where_the_track_hardly_sees_is_not_fast(grid):
    """20 mm/yr at a sensitivity of 0.1 are no 200 mm/yr down the slope."""
    layers = slope_layers()
    layers["los_east"][:] = 0.3429  # with the vertical, 0.1 down the slope
    assert abs(downslope_sensitivity(layers)[0, 0] + 0.1) < 0.01
    block(layers, 20.0)
    assert not len(found(layers, grid))
    block(layers, -150.0)
    assert found(layers, grid)["source"].tolist() == ["velocity_threshold"]


def test_a_fast_body_in_slow_active_ground_is_cut_out(grid):
    """The velocity threshold alone would make one object of the whole slope."""
    layers = slope_layers()
    layers["los_rate_mm_per_yr"][10:90, 10:110] = -12.0
    block(layers, -120.0)
    (row,) = found(layers, grid).itertuples()
    assert (row.source, row.cells) == ("velocity_threshold", 100)


def test_pieces_of_the_network_in_a_fast_object_are_no_second_object(grid):
    layers = slope_layers()
    block(layers, -120.0)
    block(layers, -120.0, slice(30, 32), probability=0.9)
    assert found(layers, grid)["source"].tolist() == ["velocity_threshold"]
    block(layers, -120.0, slice(30, 37), probability=0.9)
    assert found(layers, grid)["source"].tolist() == ["network"]


def test_masks_hold_fast_ground_back_with_their_reason_first(grid):
    layers = slope_layers()
    block(layers, -120.0, mean_coherence=0.1)
    (row,) = found(layers, grid).itertuples()
    assert (row.status, row.reason, row.reasons) == ("masked", "low_coherence", "low_coherence+faster_than_training")


def test_source_and_reason_pass_the_fusion(grid):
    layers = slope_layers()
    block(layers, -120.0)
    (row,) = fuse(rows_of(found(layers, grid), CANDIDATES, "x"), 0.1)
    assert (row["source"], row["reason"], row["confidence"]) == ("velocity_threshold", "faster_than_training", "low")


def test_unknown_ground_is_no_fast_ground(grid):
    layers = slope_layers()
    layers["los_rate_mm_per_yr"][:] = np.nan
    assert not len(found(layers, grid))


def test_limits_of_the_map(caplog):
    tags = {"speed_limits": json.dumps(LIMITS)}
    assert speed_limits(tags, "p.tif") == list(LIMITS)
    assert speed_limits({}, "p.tif") == [] and "does not state the speeds of its training" in caplog.text
    for text in ("[[1, -2]]", "[[1]]", "{", "[[1, 1e999]]", '[["a", 1]]', "7"):
        with pytest.raises(RasterError, match=r"^E1002 p\.tif: .*; cure: make the map again$"):
            speed_limits({"speed_limits": text}, "p.tif")


def test_speed_of_a_core():
    rate, seen = np.array([-100.0, -98.0, -10.0, np.nan]), np.array([-0.5, -0.49, -0.5, -0.5])
    assert slope_speed(rate, seen, 0.2) == pytest.approx(200.0)
    assert slope_speed(rate, seen / 10, 0.2) == pytest.approx(100.0, abs=1.0)
    assert slope_speed(rate * np.nan, seen, 0.2) == 0.0


def test_the_rule_lies_between_those_that_real_ground_chose():
    tuned = json.loads((study.RECORDS / "benchmark.json").read_text())["runs"]["baseline"]["rule"]
    ground = {row["what"]: row["measured"] for row in json.loads((study.RECORDS / "ground.json").read_text())}
    own = asdict(fast_ground.RULE)
    words = "3 standard errors of the cell, {min_cells} cells, slopes from {min_slope_deg:.0f} degrees"
    assert ground["velocity threshold tuned on all ranges, cells of 30 m"] == words.format(**own)
    assert own == tuned | {"sigmas": own["sigmas"]} and tuned["sigmas"] <= own["sigmas"] <= 3


def test_nothing_is_added_on_simulated_ground_within_the_speeds_of_the_training(finder):
    """A simulated region that trained nothing, at product level: what the threshold adds moves faster
    than the landslides of its size do, by the planted rates.
    """
    added = 0
    for stack, layers in study.simulated_patch():
        grid, truth = layers.pop("grid"), np.abs(layers["true_los_rate_mm_per_yr"])
        _, both = finder.candidates(layers, grid, stack)
        sensitivity = downslope_sensitivity(layers)
        for row in both[both["source"] == study.SOURCE].itertuples():
            cells = study.cells_inside(grid, row.geometry)
            speed = slope_speed(truth[cells], sensitivity[cells], RULES.min_sensitivity)
            assert speed > fast_ground.limit(row.area_km2, finder.limits) * 0.9
            added += 1
    assert added <= 3

"""A map of active ground without a network: what ADAfinder's rule says, and objects of its own source."""

import numpy as np
import pytest

from sarslide.config.learning import VelocityThresholdSection
from sarslide.inventory.velocity_threshold import PRINTED, TUNED
from sarslide.io import raster, vector
from sarslide.io.sidecar import read_json
from tests.inventory.conftest import GRID, slope_layers
from tests.inventory.test_scripts import RULES, paths_of, run_script

NUMBERS = ("sigmas", "noise", "min_cells", "min_slope_deg")
# As published: two standard deviations of the map, five cells.
PUBLISHED = {"form": "published", **dict.fromkeys(NUMBERS)}
LANDSLIDE, PLAIN, FOUR = np.s_[10:20, 10:20], np.s_[60:70, 10:20], np.s_[40, 50:54]


@pytest.fixture
def track(tmp_path):
    """Noise of 5 mm/yr; on a slope and on a plain 100 cells that move, and four further ones."""
    layers = slope_layers()
    layers["los_rate_mm_per_yr"] = np.random.default_rng(5).normal(0, 5, GRID.shape)
    for place in (LANDSLIDE, PLAIN, FOUR):
        layers["los_rate_mm_per_yr"][place] = -60.0
    # Either sign counts.
    layers["los_rate_mm_per_yr"][15:20, 10:20] = 60.0
    layers["los_rate_std_mm_per_yr"][:] = 5.0
    layers["los_rate_std_mm_per_yr"][12, 12] = 40.0
    layers["slope_deg"][60:] = 1.0
    layers["los_rate_mm_per_yr"][30, 30] = np.nan
    for name, path in paths_of(tmp_path, "A128").items():
        if name != "probability":
            raster.write(path, layers[name], GRID, name)
    return layers


def mapped(folder, **changes):
    """The map of the rule."""
    output = paths_of(folder, "A128")["probability"]
    inputs = {name: path for name, path in paths_of(folder, "A128").items() if name.startswith(("los_rate", "slope"))}
    outputs = {"probability": output, "sidecar": str(folder / "map.json")}
    run_script(
        "velocity_threshold", folder, inputs, outputs, PUBLISHED | {"grid": GRID.to_dict(), "code": ""} | changes
    )
    return raster.read(output, GRID)


def test_the_published_rule(track, tmp_path):
    found = mapped(tmp_path)
    assert found[LANDSLIDE].min() == found[PLAIN].min() == 1
    # Four cells are no area, and an unknown rate is an unknown cell.
    assert found[FOUR].max() == 0 and np.isnan(found[30, 30]) and np.isnan(found).sum() == 1
    # 200 cells at 60 mm/yr raise the deviation of the map's rates above that of the noise: nothing else is active.
    assert np.nansum(found) == 200
    about = read_json(tmp_path / "map.json")
    assert (about["active_cells"], about["known_cells"]) == (200, found.size - 1)
    assert about["rule"] == {"sigmas": 2.0, "min_cells": 5, "noise": "map", "min_slope_deg": 0.0}


def test_the_tuned_form(track, tmp_path):
    """The landslide without its unsure cell; neither the plain nor the four cells."""
    found = mapped(tmp_path, form="tuned")
    assert found[LANDSLIDE].sum() == 99 and found[12, 12] == 0
    assert found[PLAIN].max() == found[FOUR].max() == 0
    # Numbers of one's own go before those of the form.
    assert mapped(tmp_path, form="tuned", min_slope_deg=0.0)[PLAIN].min() == 1


def test_the_configuration_says_what_the_forms_are():
    words = VelocityThresholdSection.model_fields["form"].description
    assert (
        f"published, {PRINTED.sigmas:g} standard deviations of the map, {PRINTED.min_cells} cells, any slope" in words
    )
    assert (PRINTED.noise, PRINTED.min_slope_deg, TUNED.noise) == ("map", 0.0, "cell")
    tuned = f"{TUNED.sigmas:g} standard errors of each cell, {TUNED.min_cells} cells, slopes from {TUNED.min_slope_deg:g} degrees"
    assert tuned in words


@pytest.mark.parametrize(
    "changes, place, value",
    [
        ({"min_cells": 4}, FOUR, 1),
        ({"min_slope_deg": 5.0}, PLAIN, 0),
        ({"noise": "cell"}, np.s_[12, 12], 0),
        ({"sigmas": 20.0}, LANDSLIDE, 0),
    ],
)
def test_each_number_of_the_rule(track, tmp_path, changes, place, value):
    found = mapped(tmp_path, **changes)
    assert (found[place] == value).all()


def test_its_objects_have_a_source_of_their_own(track, tmp_path):
    """Faster than nobody's training: the note of a network's map is not theirs."""
    mapped(tmp_path, min_slope_deg=5.0)
    run_script(
        "candidates", tmp_path, paths_of(tmp_path, "A128"),
        {"candidates": str(tmp_path / "candidates.gpkg"), "sidecar": str(tmp_path / "candidates.json")},
        {"grid": GRID.to_dict(), "region": GRID.to_dict(), "stack": "A128", "frame": "f0",
         "pairs": ["20191208_20200101"], "threshold": None, "min_rate_mm_per_yr": 20.0, "code": ""} | RULES,
    )  # fmt: skip
    found = vector.read(tmp_path / "candidates.gpkg", "candidates")
    by_source = dict(zip(found["source"], found["area_km2"], strict=True))
    assert set(by_source) == {"threshold", "rate"}
    assert by_source["threshold"] == pytest.approx(100 * GRID.cell_area_km2)
    assert not found["reason"].str.contains("faster_than_training").any()

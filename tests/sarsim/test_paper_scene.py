"""Scenes of the papers' regions: every layer of their channel sets, with the units and signs of the registry."""

from dataclasses import replace
from typing import get_args

import numpy as np
import pytest

from sarsim import benchmark, paper_climates, paper_scene
from sarsim.products import ProductSettings, baselines_m, simulate_pairs, view
from sarsim.world import WorldSettings, build_world
from sarslide import layers
from sarslide.config import load
from sarslide.config.learning import TrainingSection
from sarslide.dataset.features import CHANNEL_SETS, channel_set, feature_array, stored_layers
from sarslide.errors import TrainingError
from sarslide.grid import RegionGrid
from sarslide.workflow.training_inputs import simulated_chain

PAPERS = {"three_rivers": "p0", "jinsha_lancang": "p2", "baihetan": "p3", "qtp_loess": "p4"}
RAD_A_MM = 4 * np.pi / 55.46576  # of path, there and back
SIZE = 128
BENCHMARK = "2a548d78946d0f1a"


@pytest.fixture(scope="module", params=PAPERS)
def region(request) -> str:
    return request.param


@pytest.fixture(scope="module")
def scene(region) -> dict:
    """A piece of the region with nine dates and little noise, on its first track. Of a quarter of its length the relief is less,
    or all of it would be layover.
    """
    config = load({"region": region})
    made = paper_scene.Chain.of(simulated_chain(config))
    grid = RegionGrid(32647, 515130.0, 3215640.0, made.cell_m, SIZE, SIZE)
    row = replace(
        paper_climates.PAPER_CLIMATES[region],
        dates=(9, 9), relief_m=(400, 500), large=(3, 3), elongated=(3, 3), small=(3, 3),
        turbulence_mm=(0, 0), stratified_mm_per_km=(0, 0), dem_error_m=(0, 0),
        stratified_residue_mm=(0, 0), unwrapping_errors=(0, 0), coherence=(1, 1), forest_coherence=(1, 1),
    )  # fmt: skip
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(paper_scene, "MARGIN_M", 1500.0)
        patch.setitem(paper_climates.PAPER_CLIMATES, region, row)
        return paper_scene.simulate(region, 9001, config.stacks[0], made, grid)


def test_it_holds_every_layer_of_the_channel_sets_of_its_paper(region, scene):
    """On one grid, within the range of the registry, and not constant; half of the cells have all channels."""
    sets = [row for name, row in CHANNEL_SETS.items() if name.startswith(f"{PAPERS[region]}_")]
    assert channel_set(load({"region": region}).training.channels) in [row.channels for row in sets]
    parts = 2 if region == "baihetan" else 1  # C09: 12.5 m of 25 m
    for name in {layer for row in sets for layer in stored_layers(row.channels)}:
        values, layer = scene[name], layers.get(name)
        assert values.shape[-2:] == (SIZE * parts, SIZE * parts) and values.ndim == (3 if layer.bands else 2), name
        known = values[np.isfinite(values)].astype(float) if layer.nodata is None else values[values != layer.nodata]
        known = known[np.isfinite(known)]
        assert known.size > 0.5 * values.size and layer.valid[0] <= known.min() <= known.max() <= layer.valid[1], name
        assert known.min() < known.max() or name == "layover_shadow", name
    for row in sets:
        assert np.isfinite(feature_array(row.channels, scene.__getitem__)).all(axis=0).mean() > 0.5, row.name


def test_rates_are_those_that_were_planted(region, scene):
    """LOS rate positive towards, phase rate and averaged phase positive away (P4 eqs. 1, 2).

    0.2 of the slope: speckle of nine dates, and filters that are wider than the edges of slides.
    """
    slides = (scene["label"] == 1) & (np.abs(scene["true_los_rate_mm_per_yr"]) < 120)  # below the half cycle of a pair
    truth, rate = scene["true_los_rate_mm_per_yr"][slides], scene["los_rate_mm_per_yr"][slides]
    known = np.isfinite(rate)
    assert known.sum() > 100
    slope = np.polyfit(truth[known], rate[known], 1)[0]
    assert slope == pytest.approx(1, abs=0.2)
    assert np.allclose(scene["phase_rate_rad_per_yr"][slides][known], -RAD_A_MM * rate[known], rtol=2e-3, atol=0.05)
    assert np.corrcoef(truth[known], scene["avg_phase_rad"][slides][known])[0, 1] < -0.5


def test_terrain_is_that_of_its_cells(region, scene):
    """Slope and aspect against central differences; degrees, clockwise from north."""
    cell = 12.5 if region == "baihetan" else load({"region": region}).grid.cell_m
    south, east = np.gradient(scene["elevation_m"].astype(float), cell)
    inside = (slice(2, -2), slice(2, -2))
    slope = np.degrees(np.arctan(np.hypot(south, east)))
    assert np.median(np.abs(slope - scene["slope_deg"])[inside]) < 1  # Horn smooths, central differences do not
    aspect = np.degrees(np.arctan2(-east, south)) % 360
    off = np.abs((aspect - scene["aspect_deg"] + 180) % 360 - 180)
    assert np.nanmedian(off[inside]) < 5
    row = paper_climates.PAPER_CLIMATES[region]
    # The floor is a median, so that parts of it lie lower.
    assert row.floor_m[0] - 500 < scene["elevation_m"].min() and scene["elevation_m"].max() < row.floor_m[1] + 1000


def test_ground_is_the_same_for_all_tracks_and_the_key_names_every_climate():
    assert set(get_args(TrainingSection.model_fields["climate"].annotation)) == {"", *paper_climates.PAPER_CLIMATES}
    assert {load({"region": name}).training.climate for name in PAPERS} == set(PAPERS)
    with pytest.raises(TrainingError, match="climate 'moon' does not exist"):
        paper_climates.climate_of("moon")


def test_the_benchmark_is_what_it_was():
    """Name of the set that the published tables are of."""
    assert not set(paper_climates.PAPER_CLIMATES) & set(benchmark.climates.CLIMATES)
    assert benchmark.settings_hash() == BENCHMARK


def test_baselines_are_known_before_pairs_are_chosen():
    grid = RegionGrid(32647, 515130.0, 3215640.0, 30.0, 40, 40)
    world = build_world(grid, 3, 1500.0, WorldSettings(landslides=(0, 0, 1), glacier=0, snow=0))
    seen, dates = view(world, "A128"), ["20190306", "20190318", "20190330"]
    before = baselines_m(seen, dates, 3)
    (pair,) = simulate_pairs(world, seen, dates, ["20190306_20190330"], 3, ProductSettings())
    assert pair.bperp_m == pytest.approx(before["20190330"] - before["20190306"])


def test_cells_of_the_tracks_and_of_the_products_share_edges(monkeypatch):
    """Cells of 30 m in thirds: the margin of 2000 m is no whole number of them."""
    keys = {"grid": {"cell_m": 30, "product_m": 10}, "segmentation": {"grid": "product"}}
    chain = paper_scene.Chain.of(simulated_chain(load({"region": "valley"} | keys)))
    worlds = []

    def built(*arguments):
        worlds.append(build_world(*arguments))
        return worlds[0]

    def observed(world, *_):
        worlds.append(world)
        raise InterruptedError

    monkeypatch.setattr(paper_scene, "build_world", built)
    monkeypatch.setattr(paper_scene, "_observed", observed)
    with pytest.raises(InterruptedError):
        paper_scene.simulate("three_rivers", 9001, "A128", chain, RegionGrid(32647, 515130.0, 3215640.0, 30.0, 16, 16))
    fine, coarse = worlds
    height = fine.elevation_m[fine.window].reshape(16, 3, 16, 3).mean(axis=(1, 3))
    np.testing.assert_allclose(coarse.elevation_m[coarse.window], height, rtol=1e-6)

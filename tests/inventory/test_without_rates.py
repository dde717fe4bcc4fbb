"""Inventory of a region in which nothing was unwrapped: objects of the network without a rate, each with the reason why."""

import math

import numpy as np
import pytest

from sarslide.grid import RegionGrid
from sarslide.inventory import masks
from sarslide.inventory.attributes import LAYERS
from sarslide.inventory.candidates import find_candidates
from sarslide.inventory.masks import MaskRules
from sarslide.inventory.tables import CANDIDATES, OBJECTS
from sarslide.io import raster, vector
from sarslide.io.sidecar import read_json
from tests.inventory.conftest import GRID, slope_layers
from tests.inventory.test_scripts import FRAMES, RELEASE, RULES, SEEN, STACKS, ground, release_job, run_script

OF_RATES = ("los_rate_mm_per_yr", "los_rate_std_mm_per_yr", "phase_rate_rad_per_yr")
# Columns that only a rate can fill.
EMPTY = (
    *("los_rate_mean_mm_per_yr", "los_rate_p95_mm_per_yr", "los_rate_max_mm_per_yr", "los_rate_std_mm_per_yr"),
    *("downslope_rate_mm_per_yr", "head_toe_ratio"),
)


def wrapped(layers: dict) -> dict:
    """Layers of a region whose pairs were never unwrapped."""
    return {name: layer for name, layer in layers.items() if name not in OF_RATES}


def test_objects_without_a_rate_are_free_and_say_why():
    layers = slope_layers()
    layers["probability"][10:20, 20:30] = 0.9
    frame = find_candidates(wrapped(layers), GRID, "A128", 0.5, 20.0, MaskRules(snowline_m=4100.0))
    assert list(frame.columns) == [*CANDIDATES, "geometry"] and len(frame) == 1
    row = frame.iloc[0]
    assert (row.status, row["reason"], row.reasons) == ("candidate", "not_unwrapped", "not_unwrapped")
    assert row.reason_text == "without a rate: nothing was unwrapped"
    assert all(math.isnan(row[name]) for name in EMPTY)
    known = [
        name for name, kind in CANDIDATES.items() if kind is float and name.startswith(("elevation", "slope", "aspect"))
    ]
    assert known and all(math.isfinite(row[name]) for name in (*known, "coherence_mean", "downslope_sensitivity"))
    # The sensitivity is that of the plane: downslope is east cos 30, down sin 30.
    assert row.downslope_sensitivity == pytest.approx(-0.6 * math.cos(math.radians(30)) - 0.79 * 0.5, rel=1e-5)


def test_what_only_a_rate_tells_is_not_told():
    """The same ground with rates: flat ground that moves, and an object that moves up the slope."""
    layers = slope_layers()
    layers["probability"][10:20, 20:30] = 0.9
    layers["los_rate_mm_per_yr"][10:20, 20:30] = 40.0  # towards a satellite that sees downslope as away
    layers["slope_deg"][60:, :40] = 2.0
    layers["los_rate_mm_per_yr"][70:90, 10:30] = -60.0
    rules = MaskRules(snowline_m=4100.0)
    rated = find_candidates(layers, GRID, "A128", 0.5, 20.0, rules, limits=[(1.0, 20.0)])
    assert {"uphill", "too_flat"} <= set(rated["reason"]) and "rate" in set(rated["source"])
    free = find_candidates(wrapped(layers), GRID, "A128", 0.5, 20.0, rules, limits=[(1.0, 20.0)])
    assert free["source"].tolist() == ["network"] and free["status"].tolist() == ["candidate"]


def test_masks_that_need_no_rate_hold_and_come_first():
    layers = slope_layers()
    layers["probability"][10:20, 20:30] = 0.9
    layers["mean_coherence"][10:20, 20:30] = 0.05
    row = find_candidates(wrapped(layers), GRID, "A128", 0.5, 20.0, MaskRules()).iloc[0]
    assert (row.status, row["reason"], row.reasons) == ("masked", "low_coherence", "low_coherence+not_unwrapped")


def test_a_rejected_object_is_held_back_by_its_reviewer_not_by_a_note():
    assert masks.held_back_by({"reason": "not_unwrapped", "status": "rejected"}) == "rejected"
    assert masks.held_back_by({"reason": "too_small", "status": "masked"}) == "too_small"
    assert masks.held_back_by({"reason": "", "status": "rejected"}) == "rejected"


@pytest.fixture(scope="module")
def region(tmp_path_factory):
    """Rasters of two tracks without rates, through candidates and fuse."""
    folder = tmp_path_factory.mktemp("region")
    there = [name for name in LAYERS if name not in OF_RATES]
    for track in STACKS:
        layers = wrapped(ground(track))
        paths = {name: str(folder / track / f"{name}.tif") for name in there if name in layers}
        for name, path in paths.items():
            raster.write(path, layers[name], GRID, name)
        raster.write(folder / track / "pair_count.tif", np.full(GRID.shape, 57), GRID, "pair_count")
        run_script(
            "candidates", folder, paths,
            {"candidates": str(folder / track / "candidates.gpkg"), "sidecar": str(folder / track / "candidates.json")},
            {"grid": GRID.to_dict(), "region": GRID.to_dict(), "stack": track, "frame": "f0", "threshold": 0.5,
             "min_rate_mm_per_yr": 20.0, "pairs": ["20200101_20200113"], "code": ""} | RULES,
        )  # fmt: skip
    run_script(
        "fuse", folder, {"candidates": [str(folder / track / "candidates.gpkg") for track in STACKS], "levels": []},
        {"candidates": str(folder / "candidates.gpkg"), "sidecar": str(folder / "candidates.json")},
        {"seen": SEEN, "frames": FRAMES, "overlap": 0.1, "code": ""} | RULES,
    )  # fmt: skip
    return folder


def test_from_rasters_without_rates_to_a_release(region, tmp_path):
    assert read_json(region / "A128/candidates.json")["reasons"] == {"above_snowline": 1, "not_unwrapped": 2}
    run_script("release", tmp_path, *release_job(region, tmp_path))
    current = read_json(tmp_path / "current.json")
    # Of the ground with rates the plain is missing: no rate, no moving flat ground.
    assert current["counts"] == {"landslides": 2, "masked": 1, "non_landslide_deformation": 0, "vanished": 0}
    landslides = vector.read(tmp_path / current["path"] / "landslides.gpkg", "landslides")
    assert [name for name in OBJECTS if name not in landslides] == []
    assert landslides.los_rate_by_track.tolist() == ["{}", "{}"] and landslides[list(EMPTY)].isna().all().all()
    assert landslides.motion.tolist() == ["", ""] and landslides["reason"].tolist() == ["not_unwrapped"] * 2
    assert landslides.tracks.tolist() == ["A128+D062"] * 2 and (landslides.area_km2 > 0.08).all()


def test_the_next_release_finds_the_same_objects_and_no_change_of_speed(region, tmp_path):
    run_script("release", tmp_path, *release_job(region, tmp_path))
    run_script("release", tmp_path, *release_job(region, tmp_path, "20200113-11111111"))
    current = read_json(tmp_path / "current.json")
    landslides = vector.read(tmp_path / current["path"] / "landslides.gpkg", "landslides")
    assert landslides.ls_id.tolist() == ["LS000001", "LS000002"] and set(landslides.change) == {"persisting"}


def test_objects_and_cells_are_scored_and_the_rate_is_null(region, tmp_path):
    import geopandas as gpd

    from tests.inventory.conftest import cell_box

    run_script("release", tmp_path, *release_job(region, tmp_path))
    crs = f"EPSG:{GRID.epsg}"
    places = [cell_box(10, 10, 10, 10), cell_box(10, 50, 10, 12), cell_box(80, 80, 10, 10)]
    planted = gpd.GeoDataFrame({"planted_id": ["P1", "P2", "P3"], "kind": ["round"] * 3}, geometry=places, crs=crs)
    vector.write(tmp_path / "planted.gpkg", planted, "landslides")
    decoys = gpd.GeoDataFrame({"decoy_id": ["S1"], "kind": ["snow"]}, geometry=[cell_box(42, 62, 10, 13)], crs=crs)
    vector.write(tmp_path / "decoys.gpkg", decoys, "decoys")
    inputs = {"true_los_rate": [], "observable": [], "probability": []}
    for track in STACKS:
        truth = ground(track)["los_rate_mm_per_yr"]
        truth[80:90, 80:90] = -50.0
        for name, layer, values in (
            ("true_los_rate", "true_los_rate_mm_per_yr", truth),
            ("observable", "true_observable", np.ones(GRID.shape)),
        ):
            path = tmp_path / track / f"{layer}.tif"
            raster.write(path, values, GRID, layer)
            inputs[name].append(str(path))
        inputs["probability"].append(str(region / track / "probability.tif"))
    inputs |= {name: str(tmp_path / f"{name}.gpkg") for name in ("planted", "decoys")}
    inputs |= {"current": str(tmp_path / "current.json")}
    outputs = {"scores": str(tmp_path / "scores.json"), "planted": str(tmp_path / "report_planted.gpkg")}
    frame = {"f0": {"core": GRID.to_dict(), "grid": GRID.to_dict()}}
    params = {"grid": GRID.to_dict(), "stacks": STACKS, "frames": dict.fromkeys(STACKS, frame)}
    params |= {"threshold": 0.5, "method": "averaging", "code": "", "left_out": []}
    run_script("score", tmp_path, inputs, outputs, params)
    scores = read_json(tmp_path / "scores.json")
    assert (scores["planted"], scores["scored"], scores["released"]) == (3, 3, 2)
    assert (scores["object_recall"], scores["object_precision"]) == (pytest.approx(2 / 3), 1.0)
    assert scores["pixels"]["A128"]["recall"] == pytest.approx(220 / 320)  # two of three planted blocks are marked
    unknown = dict.fromkeys(STACKS)
    assert (
        scores["los_rmse_mm_per_yr"] == scores["predicted_rmse_mm_per_yr"] == unknown and scores["rate_error"] is None
    )
    log = (tmp_path / "score.log").read_text()
    assert "object recall 0.667" in log and "RMSE" not in log
    assert scores["release"] == RELEASE
    # Without the ground of the missed one there is none to miss.
    south = RegionGrid(GRID.epsg, GRID.west, GRID.north - 60 * GRID.cell_m, GRID.cell_m, 40, GRID.cols).to_dict()
    run_script("score", tmp_path, inputs, outputs, params | {"left_out": [south]})
    scores = read_json(tmp_path / "scores.json")
    assert (scores["planted"], scores["planted_left_out"], scores["scored"]) == (3, 1, 2)
    assert (scores["object_recall"], scores["object_precision"]) == (1.0, 1.0)

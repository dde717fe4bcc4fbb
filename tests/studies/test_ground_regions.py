"""Regions out of a folder of DEMs: where they lie, how they are split, made, run and scored."""

import json
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
import rasterio
from rasterio.transform import from_origin
from rasterio.warp import Resampling, calculate_default_transform, reproject
from shapely.geometry import box
from studies.ground import cutting, making, regions, safe_region, scoring, tuning

from sarsim.bodies import BodySettings
from sarslide.config import load
from sarslide.dataset import scenes
from sarslide.dataset.scenes import IGNORE, TrainingScene
from sarslide.errors import DemError, TrainingError
from sarslide.grid import RegionGrid
from sarslide.inventory.velocity_threshold import Rule
from sarslide.retrieve.dem_library import FOLDER as LIBRARY

WHOLE = cutting.files_of(LIBRARY, None, False)


def written(path, rows=600, cols=560, cell_m=30.0, epsg=32632, crs=None):
    """A DEM of even slopes around a valley."""
    y, x = np.mgrid[:rows, :cols] * cell_m
    heights = (1000 + 0.45 * np.abs(x - x.mean()) + 0.02 * y).astype(np.float32)
    transform = from_origin(500_010.0, 5_206_020.0, cell_m, cell_m)
    profile = {"driver": "GTiff", "count": 1, "dtype": "float32", "nodata": -9999.0}
    if crs:
        to, width, height = calculate_default_transform(
            epsg, crs, cols, rows, *rasterio.transform.array_bounds(rows, cols, transform)
        )
        warped = np.full((height, width), -9999, np.float32)
        reproject(
            heights, warped, src_transform=transform, src_crs=epsg, dst_transform=to, dst_crs=crs,
            dst_nodata=-9999, resampling=Resampling.bilinear,
        )  # fmt: skip
        heights, transform, (rows, cols) = warped, to, warped.shape
    with rasterio.open(path, "w", crs=crs or epsg, transform=transform, height=rows, width=cols, **profile) as target:
        target.write(heights, 1)
    return path


def test_two_regions_and_more_of_each_of_nine_ranges():
    found = cutting.regions_of(WHOLE)
    by_range = pd.Series([region.file.mountains for region in found]).value_counts()
    assert len(by_range) == 9 and set(by_range) == {2}
    # None overlaps another, all lie in their file, on its lattice where that has the cells' size.
    for k, region in enumerate(found):
        with rasterio.open(region.file.path) as source:
            assert box(*source.bounds).contains(box(*region.grid.bounds))
            if source.res[0] == region.grid.cell_m:
                assert (region.grid.west - source.bounds.left) % 30 == pytest.approx(0, abs=1e-6)
        assert region.grid.shape == (256, 256)
        for other in found[:k]:
            if other.file.path == region.file.path:
                assert box(*other.grid.bounds).intersection(box(*region.grid.bounds)).area == 0
    # Finer cells are the same ground; more regions change none of those before.
    fine = cutting.regions_of(WHOLE, cell_m=15.0)
    assert [region.grid.bounds for region in fine] == [region.grid.bounds for region in found]
    assert {region.name for region in found} <= {region.name for region in cutting.regions_of(WHOLE, 3)}


def test_every_range_is_a_test_once_and_never_its_own_training():
    whole, curved = cutting.folds(WHOLE), cutting.folds(WHOLE, curvature=True)
    assert sorted(name for fold in whole for name in fold["test"]) == sorted({file.mountains for file in WHOLE})
    for fold in (*whole, *curved):
        assert len({*fold["test"], *fold["validation"], *fold["train"]}) == sum(map(len, fold.values()))
    seamed = "lost_river_range_basin_and_range_north"
    assert any(seamed in fold["train"] for fold in whole)
    assert not any(seamed in fold["train"] + fold["validation"] for fold in curved)


def test_all_that_decides_a_set_is_in_its_hash(monkeypatch):
    found = cutting.regions_of(WHOLE)
    name = cutting.settings_hash(found)
    assert json.loads(json.dumps(cutting.settings(found))) and cutting.settings_hash(found) == name
    assert cutting.settings_hash(found[:-1]) != name
    monkeypatch.setattr(cutting, "BODIES", BodySettings(count=31))
    assert cutting.settings_hash(found) != name


def test_a_folder_without_a_table(tmp_path):
    written(tmp_path / "b.tif")
    written(tmp_path / "a.tif", crs="EPSG:4326")
    with pytest.raises(DemError, match=r"E\d+ .*a.tif: nothing says what its heights refer to; cure: "):
        cutting.files_of(tmp_path, None, False)
    files = cutting.files_of(tmp_path, 48.5, False)
    assert [(file.mountains, file.geoid_m) for file in files] == [("a", 48.5), ("b", 48.5)]
    first, second = cutting.regions_of(files, 1)
    # The file in degrees gets cells in the metres of its UTM zone.
    assert first.grid.epsg == second.grid.epsg == 32632
    assert cutting.files_of(tmp_path, None, True)[0].geoid_m is None


@pytest.mark.parametrize(
    ("changes", "words"),
    [({"cell_m": 90.0, "rows": 200, "cols": 200}, "posting is 90 m"), ({"rows": 200}, "smaller than a region")],
)
def test_unfit_dems_are_refused(tmp_path, changes, words):
    written(tmp_path / "dem.tif", **changes)
    with pytest.raises(DemError, match=rf"E\d+ .*dem.tif: .*{words}.*; cure: "):
        cutting.regions_of(cutting.files_of(tmp_path, 0.0, False))


def test_an_empty_folder(tmp_path):
    with pytest.raises(DemError, match=r"E\d+ .*: holds no DEM; cure: "):
        cutting.files_of(tmp_path, 0.0, False)


def test_the_tuned_rule_is_the_best_one_of_its_scenes():
    """Noise of 3, in forest of 20 mm/yr, even over five cells; a landslide on a slope, a plain that subsides."""
    rng = np.random.default_rng(3)
    std, slope = np.full((120, 120), 3.0), np.full((120, 120), 25.0)
    std[80:, :40] = 20.0
    rate = std * np.kron(rng.standard_normal((24, 24)), np.ones((5, 5)))
    rate[40:52, 60:72] -= 40.0
    rate[80:100, 80:100] -= 30.0
    slope[80:100, 80:100] = 1.0
    label = np.zeros(std.shape, np.uint8)
    label[40:52, 60:72] = 1
    label[:5] = IGNORE
    grid = RegionGrid(32632, 500_010.0, 5_206_020.0, 30.0, *std.shape)
    scene = TrainingScene("r", "r/A128", np.stack([rate, std, slope]).astype(np.float32), label, grid=grid)
    rules = [
        Rule(sigmas, 10, noise, angle) for sigmas in (2.0, 3.0) for noise in ("map", "cell") for angle in (0.0, 5.0)
    ]
    assert tuning.best([tuning.counted(scene, rules)], rules) == Rule(3.0, 10, "cell", 5.0)


def test_a_region_from_safe_products_has_a_configuration(tmp_path):
    region = cutting.regions_of(WHOLE)[0]
    (tmp_path / "regions").mkdir()
    (tmp_path / "regions" / f"{region.name}.yaml").write_text(json.dumps(safe_region.preset(region)))
    config = load({"region": region.name}, tmp_path)
    assert config.grid.region_grid() == region.grid and config.simulation.seed == region.seed
    assert (config.simulation.landslides, config.simulation.scattering) == ("inventories", "measured")
    # Snow begins at one height for simulator and inventory.
    assert config.simulation.snowline_m == config.inventory.snowline_m == cutting.drawn(region).world.snowline_m


def test_recall_by_speed_and_size():
    slides = pd.DataFrame(
        {"speed_mm_per_yr": [10.0, 60.0, 250.0, 800.0], "area_ha": [1.0, 3.0, 20.0, 5.0], "range": ["x", "x", "y", "y"],
         "network": [False, False, True, True], "published": False, "tuned": True, "limit": [False, True, True, True]}
    )  # fmt: skip
    found = dict(scoring.groups(slides))
    names = "all", "x", "y", "under 25 mm/yr", "over 500 mm/yr", "2 to 10 ha"
    assert [len(found[name]) for name in names] == [4, 2, 2, 1, 1, 2]
    text = scoring.words(slides, {"network": (2, 3)})
    # Two of four, two of the three above 1.8 ha; two of three released ones are right.
    assert text.startswith(
        "network 0.50 (0.67), precision 0.67, F1 0.57; published 0.00 (0.00); tuned 1.00 (1.00); limit"
    )
    assert text.endswith("of 4 (3)")
    assert scoring.words(slides[:0]).startswith("network – (–); ")


@pytest.fixture
def small(tmp_path, monkeypatch):
    """Two ranges of one region of 64 cells and five dates each."""
    monkeypatch.setattr(cutting, "SIDE_M", 64 * 30.0)
    monkeypatch.setattr(cutting, "BODIES", BodySettings(count=4, large_slopes=0, rock_glaciers=0))
    drawn = cutting.drawn

    def few(region):
        found = drawn(region)
        world = replace(found.world, subsidence=0, glacier=0, snow=0, mining=0)
        return replace(found, world=world, dates=found.dates[:5])

    monkeypatch.setattr(cutting, "drawn", few)
    dems = tmp_path / "dems"
    dems.mkdir()
    for name in ("one", "two"):
        written(dems / f"{name}.tif", rows=140, cols=150)
    return ["--folder", str(tmp_path / "out"), "--dems", str(dems), "--geoid", "50", "--per-range", "1"]


def test_one_command_from_dems_to_scores(small, tmp_path, capsys):
    regions.main(small)
    out = tmp_path / "out"
    made = sorted(path.name for path in (out / "scenes").iterdir())
    assert made == ["one_1.A.npz", "one_1.D.npz", "two_1.A.npz", "two_1.D.npz"]
    # A training reads them as those of the benchmark.
    scene = scenes.load(out / "scenes/one_1.A.npz", ("los_rate_mm_per_yr", "slope_deg"))
    assert scene.region == "one_1" and scene.features.shape == (2, 64, 64) and scene.grid.cell_m == 30.0
    settings = json.loads((out / "SETTINGS.json").read_text())
    assert making.meta_of(out / "scenes/one_1.A.npz")["settings_hash"] == settings["hash"]
    scored = json.loads((out / "scores/one_1.json").read_text())
    assert 0 < len(scored["rows"]) <= 4 and set(scored["counts"]) == set(scoring.METHODS)
    assert (
        "recall of planted landslides (of those above 1.8 ha), cells of 30 m: all: network" in capsys.readouterr().out
    )
    # What stands there is read.
    before = {path: path.stat().st_mtime_ns for path in out.rglob("*.np?")}
    regions.main(small)
    assert {path: path.stat().st_mtime_ns for path in out.rglob("*.np?")} == before
    # Scenes of another set are refused.
    region = cutting.regions_of(cutting.files_of(tmp_path / "dems", 50.0, False), 1)[0]
    with pytest.raises(TrainingError, match=r"E\d+ .*one_1.A.npz: belongs to the set .*; cure: "):
        making.make(out, region, "another")

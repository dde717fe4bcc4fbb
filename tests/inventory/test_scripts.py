"""The scripts of the rules, from rasters to scores, on a small made-up region; and a release killed
at random moments.
"""

import random
import signal
import subprocess
import sys
import time
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from sarslide import names
from sarslide.frames import Frame
from sarslide.grid import part_of
from sarslide.inventory import records, release
from sarslide.inventory.attributes import LAYERS
from sarslide.io import raster, vector
from sarslide.io.resample import finer_grid
from sarslide.io.sidecar import read_json, write_json
from sarslide.layers import SMALLEST_SPEED
from sarslide.publish import source
from tests.inventory.conftest import GRID, cell_box, slope_layers

SCRIPTS = Path(__file__).parents[2] / "workflow_scripts"
STACKS = ["A128", "D062"]
RELEASE = "20200101-0123abcd"
# Parameters of a region of one frame, and masks.
FRAMES = {"f0": Frame("f0", GRID, GRID).to_dict()}
SEEN = {stack: ["f0"] for stack in STACKS}
RULES = {
    "min_area_km2": 0.018,
    "snowline_m": 4100.0,
    "min_slope_deg": 8.0,
    "min_coherence": 0.2,
    "min_sensitivity": 0.2,
}


class Named(dict):
    """Named inputs, as Snakemake hands them over."""

    __getattr__ = dict.__getitem__


def run_script(rule, folder, inputs, outputs, params):
    """Run a script in this process as Snakemake does: with its stand-in object as a global."""
    job = SimpleNamespace(
        rule=rule, input=Named(inputs), output=Named(outputs), params=Named(params), log=[str(folder / f"{rule}.log")]
    )
    path = SCRIPTS / f"{rule}.py"
    exec(compile(path.read_text(), str(path), "exec"), {"snakemake": job, "__name__": "__main__"})


def ground(track):
    """Two landslides that both tracks see, one patch of snow, one subsiding plain."""
    layers = slope_layers()
    sign = -1.0 if track == "A128" else 1.0
    if track == "D062":
        layers["los_east"][:] = 0.6
    layers["slope_deg"][60:, :40] = 2.0
    for rows, cols in ((slice(10, 20), slice(10, 20)), (slice(10, 20), slice(50, 62))):
        layers["probability"][rows, cols] = 0.9
        layers["los_rate_mm_per_yr"][rows, cols] = sign * 40.0
    layers["elevation_m"][40:55, 60:80] = 4500.0
    layers["probability"][42:52, 62:75] = 0.8
    layers["los_rate_mm_per_yr"][42:52, 62:75] = sign * 30.0
    layers["los_rate_mm_per_yr"][70:90, 10:30] = -60.0
    # East-facing slopes move down and east: seen from the east (D062) that is towards the
    # satellite.
    if track == "D062":
        layers["los_up"][:] = 0.2
    return layers


def paths_of(folder, track):
    return {name: str(folder / track / f"{name}.tif") for name in LAYERS}


@pytest.fixture(scope="module")
def region(tmp_path_factory):
    """Rasters of two tracks, through candidates and fuse."""
    folder = tmp_path_factory.mktemp("region")
    for track in STACKS:
        layers = ground(track)
        for name, path in paths_of(folder, track).items():
            raster.write(path, layers[name], GRID, name)
        raster.write(folder / track / "pair_count.tif", np.full(GRID.shape, 57), GRID, "pair_count")
        run_script(
            "candidates", folder, paths_of(folder, track),
            {"candidates": str(folder / track / "candidates.gpkg"), "sidecar": str(folder / track / "candidates.json")},
            {"grid": GRID.to_dict(), "region": GRID.to_dict(), "stack": track, "frame": "f0",
             "pairs": ["20191208_20200101"], "threshold": 0.5, "min_rate_mm_per_yr": 20.0, "code": ""} | RULES,
        )  # fmt: skip
    run_script(
        "fuse", folder, {"candidates": [str(folder / track / "candidates.gpkg") for track in STACKS], "levels": []},
        {"candidates": str(folder / "candidates.gpkg"), "sidecar": str(folder / "candidates.json")},
        {"seen": SEEN, "frames": FRAMES, "overlap": 0.1, "code": ""} | RULES,
    )  # fmt: skip
    (folder / "weights.safetensors").write_bytes(b"weights")
    return folder


def release_job(region, inventory, name=RELEASE, review=(), names_file=()):
    inputs = {
        "names": list(names_file),
        "candidates": str(region / "candidates.gpkg"), "weights": str(region / "weights.safetensors"), "review": list(review),
        **{layer: [str(region / track / f"{layer}.tif") for track in STACKS]
           for layer in ("layover_shadow", "mean_coherence", "pair_count")},
    }  # fmt: skip
    params = {
        "release": name, "region": "test", "stacks": STACKS, "dates": {track: ["20200101"] for track in STACKS}, "scenes": [],
        "settings": {"inventory": {"threshold": 0.5}}, "snowline_m": 4100.0, "min_coherence": 0.2, "match_iou": 0.1,
        "allow_older": False, "names_column": "local", "names_m": 100.0, "pairs": {},
        "weights": {"file": "weights.safetensors", "sha256": ""}, "code": "",
        "grid": GRID.to_dict(), "seen": SEEN, "frames": FRAMES, "without_frames": [],
    }  # fmt: skip
    return inputs, {"release": str(inventory / "release.json")}, params


def test_a_release_holds_the_smallest_speeds_of_its_frames_beside_its_rows(region, tmp_path):
    """Each cell from the frame whose core has it; the content hash, which is of the rows, stays."""
    speeds = np.random.default_rng(5).uniform(2, 200, GRID.shape).astype(np.float32)
    half, margin = GRID.cols // 2, 10
    frames, files = {}, {layer: [] for layer in SMALLEST_SPEED}
    for name, core, around in (
        ("f0_1", slice(0, half), slice(0, half + margin)),
        ("f1_1", slice(half, GRID.cols), slice(half - margin, GRID.cols)),
    ):
        rows, grid = slice(0, GRID.rows), part_of(GRID, slice(0, GRID.rows), around)
        frames[name] = Frame(name, part_of(GRID, rows, core), grid).to_dict()
        for number, layer in enumerate(SMALLEST_SPEED, 1):
            path = tmp_path / "speeds" / name / f"{layer}.tif"
            values = np.where(np.isin(np.arange(GRID.cols), np.arange(GRID.cols)[core]), speeds / number, 1e4)
            raster.write(path, values[:, around], grid, layer)
            files[layer].append(str(path))
    inputs, outputs, params = release_job(region, tmp_path)
    seen = {track: list(frames) for track in STACKS}
    evidence = {name: [path for path in inputs[name] for _ in frames]
                for name in ("layover_shadow", "mean_coherence", "pair_count")}  # fmt: skip
    run_script("release", tmp_path, inputs | files | evidence, outputs, params | {"frames": frames, "seen": seen})
    current = records.named(tmp_path / "release.json")
    folder = tmp_path / "releases" / current.release
    for number, layer in enumerate(SMALLEST_SPEED, 1):
        assert f"{layer}.tif" in current.files
        np.testing.assert_array_equal(raster.read(folder / f"{layer}.tif", GRID), speeds / np.float32(number))
    records.check(folder)
    alone = tmp_path / "alone"
    alone.mkdir()
    run_script("release", alone, *release_job(region, alone))
    without = records.named(alone / "release.json")
    assert without.content_hash == current.content_hash and without.model_extra["smallest_speed"] == "not_unwrapped"
    assert "smallest_speed" not in current.model_extra


def test_from_rasters_to_release(region, tmp_path):
    run_script("release", tmp_path, *release_job(region, tmp_path))
    current = read_json(tmp_path / "current.json")
    assert current["counts"] == {"landslides": 2, "masked": 1, "non_landslide_deformation": 1, "vanished": 0}
    package = tmp_path / current["path"] / "landslides.gpkg"
    landslides = vector.read(package, "landslides")
    assert landslides.tracks.tolist() == ["A128+D062", "A128+D062"]
    assert landslides.confidence.tolist() == ["high", "high"]
    assert vector.read(package, "masked").reason.tolist() == ["above_snowline"]
    assert vector.read(package, "non_landslide_deformation").object_class.tolist() == ["non-landslide deformation"]


def test_review_is_an_input_and_survives(region, tmp_path):
    run_script("release", tmp_path, *release_job(region, tmp_path))
    review = tmp_path / "review.csv"
    review.write_text("ls_id,action,comment\nLS000001,reject,a quarry\n")
    for name in ("20200113-11111111", "20200125-22222222"):
        run_script("release", tmp_path, *release_job(region, tmp_path, name, [str(review)]))
        current = read_json(tmp_path / "current.json")
        assert current["counts"]["landslides"] == 1
        masked = vector.read(tmp_path / current["path"] / "landslides.gpkg", "masked").set_index("ls_id")
        assert masked.status["LS000001"] == "rejected"
        assert masked.comment["LS000001"] == "a quarry"


def test_objects_are_named_by_place(region, tmp_path, capsys):
    """Points in degrees: one in the first landslide, one 60 m east of the second, one far from all."""
    import geopandas as gpd
    from shapely.geometry import Point

    first, second = cell_box(10, 10, 10, 10).centroid, cell_box(10, 50, 10, 12)
    places = [first, Point(second.bounds[2] + 60, second.centroid.y), Point(GRID.west + 3000, GRID.north - 2900)]
    frame = gpd.GeoDataFrame({"local": ["Upper", "Beside", "Far"]}, geometry=places, crs=32647).to_crs(4326)
    vector.write(tmp_path / "names.gpkg", frame, "places")
    inputs, outputs, params = release_job(region, tmp_path, names_file=[str(tmp_path / "names.gpkg")])
    run_script("release", tmp_path, inputs, outputs, params)
    folder = records.folder_of(outputs["release"])
    assert vector.read(folder / "landslides.gpkg", "landslides")["name"].tolist() == ["Upper", "Beside"]
    # Farther away than names_m nothing is named; the release of other names is another one.
    run_script("release", tmp_path, inputs, outputs, params | {"names_m": 50.0, "release": "20200113-11111111"})
    folder = records.folder_of(outputs["release"])
    assert vector.read(folder / "landslides.gpkg", "landslides")["name"].tolist() == ["Upper", ""]
    with pytest.raises(SystemExit):
        run_script("release", tmp_path, inputs, outputs, params | {"names_column": "name"})
    assert (
        "E1005" in (message := capsys.readouterr().err)
        and "has no column 'name'; cure: its columns are: local" in message
    )


def test_bad_review_leaves_nothing_under_a_final_name(region, tmp_path, capsys):
    review = tmp_path / "review.csv"
    review.write_text("ls_id,action\nLS000099,reject\n")
    with pytest.raises(SystemExit):
        run_script("release", tmp_path, *release_job(region, tmp_path, review=[str(review)]))
    assert "E5001" in capsys.readouterr().err
    assert not (tmp_path / "current.json").exists()
    assert not list((tmp_path / "releases").iterdir())


def test_the_pointer_stays_when_the_job_fails(region, tmp_path, capsys):
    """Snakemake removes the output of a failed job; the pointer is none."""
    inputs, outputs, params = release_job(region, tmp_path)
    run_script("release", tmp_path, inputs, outputs, params)
    pointer = (tmp_path / "current.json").read_bytes()
    assert Path(outputs["release"]).read_bytes() == pointer
    (tmp_path / "review.csv").write_text("ls_id,action\nLS000099,reject\n")
    Path(outputs["release"]).unlink()
    inputs |= {"review": [str(tmp_path / "review.csv")]}
    with pytest.raises(SystemExit):
        run_script("release", tmp_path, inputs, outputs, params | {"release": "20200113-11111111"})
    assert "E5001" in capsys.readouterr().err
    assert (tmp_path / "current.json").read_bytes() == pointer


def test_older_dates_are_refused_unless_they_are_allowed(region, tmp_path, capsys):
    inputs, outputs, params = release_job(region, tmp_path)
    later = params | {"release": "20200113-11111111", "dates": {track: ["20200101", "20200113"] for track in STACKS}}
    run_script("release", tmp_path, inputs, outputs, later)
    with pytest.raises(SystemExit):
        run_script("release", tmp_path, inputs, outputs, params)
    error = capsys.readouterr().err
    assert "E5002" in error and "dates of A128 end on 20200101" in error and "inventory.allow_older=true" in error
    assert [path.name for path in records.folders(tmp_path / "releases")] == ["20200113-11111111"]
    run_script("release", tmp_path, inputs, outputs, params | {"allow_older": True})
    assert records.current(tmp_path).release == RELEASE


def test_score_of_the_made_up_region(region, tmp_path, capsys):
    import geopandas as gpd

    run_script("release", tmp_path, *release_job(region, tmp_path))
    crs = f"EPSG:{GRID.epsg}"
    planted = gpd.GeoDataFrame(
        {"planted_id": ["P1", "P2", "P3"], "kind": ["round"] * 3},
        geometry=[cell_box(10, 10, 10, 10), cell_box(10, 50, 10, 14), cell_box(80, 80, 10, 10)], crs=crs,
    )  # fmt: skip
    decoys = gpd.GeoDataFrame(
        {"decoy_id": ["S1", "V1"], "kind": ["snow", "subsidence"]},
        geometry=[cell_box(42, 62, 10, 13), cell_box(70, 10, 20, 20)], crs=crs,
    )  # fmt: skip
    vector.write(tmp_path / "planted.gpkg", planted, "landslides")
    vector.write(tmp_path / "decoys.gpkg", decoys, "decoys")
    dates = ["20190306", "20190318", "20190330", "20190411", "20190423"]
    pairs = names.nearest_pairs(dates, 24, 2)
    inputs = {
        name: []
        for name in ("true_los_rate", "observable", "atmosphere", "los_rate", "mean_coherence", "stable_ground")
    }
    inputs |= {name: [] for name in ("los_rate_std", "probability", "coherence", "conncomp", "pairs")}

    def add(name, path, values, layer):
        raster.write(path, values, GRID, layer)
        inputs[name].append(str(path))

    for track in STACKS:
        layers, folder = ground(track), tmp_path / track
        rate = layers["los_rate_mm_per_yr"]
        truth = rate.copy()
        truth[80:90, 80:90] = -50.0
        add("true_los_rate", folder / "true_los_rate_mm_per_yr.tif", truth, "true_los_rate_mm_per_yr")
        add("observable", folder / "true_observable.tif", np.ones(GRID.shape), "true_observable")
        add("los_rate", folder / "los_rate_mm_per_yr.tif", rate + 2.0, "los_rate_mm_per_yr")
        std = np.full(GRID.shape, 1.5)
        add("los_rate_std", folder / "los_rate_std_mm_per_yr.tif", std, "los_rate_std_mm_per_yr")
        stable = np.ones(GRID.shape)
        stable[:8] = 2
        add("stable_ground", folder / "stable_ground.tif", stable, "stable_ground")
        for name in ("mean_coherence", "probability"):
            inputs[name].append(paths_of(region, track)[name])
        for k, date in enumerate(dates):
            delay = np.random.default_rng(k).normal(0, 3, GRID.shape)
            add("atmosphere", folder / f"{date}.true_atmosphere_mm.tif", delay, "true_atmosphere_mm")
        for pair in pairs:
            add("coherence", folder / f"{pair}.cor.tif", np.full(GRID.shape, 0.7), "cor")
            add("conncomp", folder / f"{pair}.conncomp.tif", np.ones(GRID.shape), "conncomp")
            write_json(folder / f"{pair}.json", {"looks": 60, "wavelength_m": 0.0555})
            inputs["pairs"].append(str(folder / f"{pair}.json"))
    elevation = np.random.default_rng(9).uniform(2000, 4000, GRID.shape)
    raster.write(tmp_path / "elevation_m.tif", elevation, GRID, "elevation_m")
    inputs |= {
        "current": str(tmp_path / "current.json"), "planted": str(tmp_path / "planted.gpkg"),
        "decoys": str(tmp_path / "decoys.gpkg"), "elevation": [str(tmp_path / "elevation_m.tif")] * len(STACKS),
    }  # fmt: skip
    params = {
        "grid": GRID.to_dict(), "stacks": STACKS, "dates": {t: dates for t in STACKS}, "pairs": {t: pairs for t in STACKS},
        "threshold": 0.5, "method": "stacking", "code": "", "left_out": [],
        "rates": {"height_correlated": True, "plane": True, "weighting": "none"},
        "frames": dict.fromkeys(STACKS, {"f0": {"core": GRID.to_dict(), "grid": GRID.to_dict()}}),
    }  # fmt: skip
    outputs = {"scores": str(tmp_path / "scores.json"), "planted": str(tmp_path / "report_planted.gpkg")}
    run_script("score", tmp_path, inputs, outputs, params)
    scores = read_json(tmp_path / "scores.json")
    assert (scores["planted"], scores["scored"], scores["released"]) == (3, 3, 2)
    assert scores["object_recall"] == pytest.approx(2 / 3)
    assert scores["object_precision"] == 1.0
    assert [row["fate"] for row in scores["decoys"]] == [
        "masked: above_snowline",
        "masked: too_flat, released as non-landslide deformation",
    ]
    # 100 of 12,000 cells are 52 mm/yr off (planted but not measured), the rest 2 mm/yr.
    assert scores["los_rmse_mm_per_yr"]["A128"] == pytest.approx(np.sqrt((100 * 52**2 + 11900 * 4) / 12000), rel=1e-3)
    assert scores["predicted_rmse_mm_per_yr"]["A128"] > 0
    assert scores["rate_error"] == "predicted"
    assert "object recall 0.667" in (tmp_path / "score.log").read_text()
    run_script("score", tmp_path, inputs, outputs, params | {"method": "sbas"})
    scores = read_json(tmp_path / "scores.json")
    assert scores["predicted_rmse_mm_per_yr"] == pytest.approx(dict.fromkeys(STACKS, 1.5))
    assert "formal error 1.50" in (tmp_path / "score.log").read_text()
    # A map on cells of half the side: four of each kind for one, and the same shares.
    fine = finer_grid(GRID, GRID.cell_m / 2)
    for number, path in enumerate(inputs["probability"]):
        inputs["probability"][number] = str(tmp_path / f"fine{number}.tif")
        values = raster.read(path, GRID).repeat(2, axis=0).repeat(2, axis=1)
        raster.write(inputs["probability"][number], values, fine, "probability")
    run_script("score", tmp_path, inputs, outputs, params | {"method": "sbas"})
    found = read_json(tmp_path / "scores.json")["pixels"]
    assert found == {stack: row | {"cells": 4 * row["cells"]} for stack, row in scores["pixels"].items()} != {}


KILLED = """
import sys; sys.path[:0] = [sys.argv[1]]
from pathlib import Path
from tests.inventory.test_scripts import release_job, run_script
run_script("release", Path(sys.argv[3]), *release_job(Path(sys.argv[2]), Path(sys.argv[3])))
"""


@pytest.mark.full
def test_kill_at_random_moments_then_rerun(region, tmp_path):
    """kill -9 of the real script, then a rerun: the same bytes as an undisturbed run."""
    root = str(SCRIPTS.parent)

    def start(folder):
        return subprocess.Popen([sys.executable, "-c", KILLED, root, str(region), str(folder)])

    begun = time.perf_counter()
    assert start(tmp_path / "clean").wait() == 0
    duration = time.perf_counter() - begun
    chance = random.Random(5)
    for trial in range(8):
        folder = tmp_path / str(trial)
        process = start(folder)
        time.sleep(duration * (1 - 0.4 * chance.random()))
        process.send_signal(signal.SIGKILL)
        process.wait()
        assert start(folder).wait() == 0
        clean, disturbed = tmp_path / "clean" / "releases", folder / "releases"
        assert sorted(p.name for p in disturbed.iterdir()) == [RELEASE, "INDEX.csv"]
        for path in sorted((clean / RELEASE).iterdir()):
            assert path.read_bytes() == (disturbed / RELEASE / path.name).read_bytes()
        assert (clean.parent / "current.json").read_bytes() == (folder / "current.json").read_bytes()
        assert release.check(disturbed / RELEASE)


def test_ground_of_the_user_reaches_masks_attributes_and_manifest(region, tmp_path):
    """A glacier over the first landslide, a house 60 m east of the second, a map of grass everywhere else."""
    import geopandas as gpd
    import rasterio
    from rasterio.transform import from_origin

    second = cell_box(10, 50, 10, 12)
    ice = gpd.GeoDataFrame(geometry=[cell_box(5, 5, 20, 30)], crs=32647).to_crs(4326)
    ice.to_file(tmp_path / "ice.shp")
    house = gpd.GeoDataFrame(geometry=[cell_box(15, 64, 1, 1)], crs=32647)
    vector.write(tmp_path / "houses.gpkg", house, "houses")
    place = {"crs": "EPSG:32647", "transform": from_origin(GRID.west, GRID.north, 30, 30)}
    with rasterio.open(
        tmp_path / "cover.tif", "w", "GTiff", GRID.cols, GRID.rows, 1, dtype="uint8", nodata=0, **place
    ) as cover:
        cover.write(np.full(GRID.shape, 30, np.uint8), 1)
    shapefile = [str(tmp_path / f"ice.{kind}") for kind in ("shp", "shx", "dbf", "prj", "cpg")]
    keys = {"masks_keys": {"glacier": {"min_share": 0.5, "action": "mask"}}}
    track = "A128"
    run_script(
        "candidates", tmp_path, paths_of(region, track) | {"masks_glacier": shapefile},
        {"candidates": str(tmp_path / "candidates.gpkg"), "sidecar": str(tmp_path / "candidates.json")},
        {"grid": GRID.to_dict(), "region": GRID.to_dict(), "stack": track, "frame": "f0", "code": "",
         "pairs": ["20191208_20200101"], "threshold": 0.5, "min_rate_mm_per_yr": 20.0} | RULES | keys,
    )  # fmt: skip
    found = vector.read(tmp_path / "candidates.gpkg", "candidates")
    assert found.reason.tolist() == ["glacier", "", "above_snowline", "too_flat"]

    inputs, outputs, params = release_job(region, tmp_path)
    files = {
        "masks_glacier": shapefile,
        "land_cover": [str(tmp_path / "cover.tif")],
        "exposure_houses": [str(tmp_path / "houses.gpkg")],
    }
    keys |= {"exposure_keys": {"houses": {"within_m": 100}}, "land_cover_legend": "worldcover"}
    run_script("release", tmp_path, inputs | files, outputs, params | keys)
    folder = records.folder_of(outputs["release"])
    rows = vector.read(folder / "landslides.gpkg", "landslides")
    columns = ["ground_glacier_share", "ground_land_cover", "ground_land_cover_share"]
    columns += ["exposure_houses_count", "exposure_houses_100m_count"]
    assert rows[columns].to_numpy().tolist() == [[1.0, "Grassland", 1.0, 0, 0], [0.0, "Grassland", 1.0, 0, 1]]
    assert second.equals(rows.geometry[1])
    for layer in ("masked", "non_landslide_deformation", "vanished"):  # of all objects, in all layers
        assert set(columns) <= set(vector.read(folder / "landslides.gpkg", layer).columns)
    about = records.manifest(folder).model_extra["ground_sha256"]
    assert set(about) == {"masks.glacier", "land_cover", "exposure.houses"}
    assert set(about["masks.glacier"]) == {"ice.shp", "ice.shx", "ice.dbf", "ice.prj", "ice.cpg"}

    published = source.read(folder)
    assert list(published.layers["landslides"][columns].iloc[0]) == [1.0, "Grassland", 1.0, 0, 0]
    # The next release knows the objects, has other attributes, and another content.
    second_run = params | keys | {"exposure_keys": {"houses": {"within_m": 10}}, "release": "20200113-11111111"}
    run_script("release", tmp_path, inputs | files, outputs, second_run)
    again = records.folder_of(outputs["release"])
    assert records.manifest(again).content_hash != records.manifest(folder).content_hash
    assert vector.read(again / "landslides.gpkg", "landslides").exposure_houses_10m_count.tolist() == [0, 0]
    plain = records.changes(again)
    assert {row.change for row in plain} == {"persisting"}
    run_script("release", tmp_path, inputs, outputs, params | {"release": "20200125-22222222"})
    without = records.folder_of(outputs["release"])
    assert not [name for name in vector.read(without / "landslides.gpkg", "landslides") if "ground" in name]
    assert "ground_sha256" not in records.manifest(without).model_extra

"""Bad input: one coded line that names the file and the cure, and nothing under a final name.

Each case runs the rule's own script, or Snakemake itself, in a process of its own.
"""

import json
import re
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import rasterio

from sarslide.config import load
from sarslide.grid import Lattice, RegionGrid
from sarslide.insar.native.acquisition import acquisition_of
from sarslide.insar.native.geocode_slc import BANDS
from sarslide.insar.native.surface import read_surface
from sarslide.io import raster
from sarslide.layers import GEOMETRY
from sarslide.sentinel1.safe import open_scene
from tests.support import product_faults
from tests.support.point_targets import simulate_point_targets
from tests.workflow.conftest import REPOSITORY, SMALL, Checkout

GRID = RegionGrid(32647, 518400, 3208200, 30, 20, 20)
STAND_IN = """
import json, sys
from types import SimpleNamespace
class Named(dict):
    __getattr__ = dict.__getitem__
job = json.load(sys.stdin)
named = ("input", "output", "params", "wildcards", "resources")
fake = SimpleNamespace(rule=job["rule"], log=job["log"], **{k: Named(job[k]) for k in named})
exec(compile(open(job["script"]).read(), job["script"], "exec"), {"snakemake": fake, "__name__": "__main__"})
"""


def answer(command: list[str], **how) -> str:
    """What a command that must fail prints."""
    run = subprocess.run(command, capture_output=True, text=True, **how)
    assert run.returncode != 0, run.stdout
    return run.stdout + run.stderr


def refused(folder: Path, rule: str, inputs: dict, outputs: dict, params: dict) -> str:
    """The one line that the script of `rule` answers with; nothing may lie under the names of its outputs."""
    job = {
        "rule": rule, "script": str(REPOSITORY / "workflow_scripts" / f"{rule}.py"), "log": [str(folder / f"{rule}.log")],
        "input": inputs, "output": outputs, "params": params | {"code": "0"},
        "wildcards": {"stack": "A128", "frame": "f0", "pair": "20190306_20190318"}, "resources": {"device": "cpu"},
    }  # fmt: skip
    text = answer([sys.executable, "-c", STAND_IN], input=json.dumps(job), cwd=folder)
    lines = [line for line in text.splitlines() if line.strip()]
    assert len(lines) == 1, text
    assert re.match(r"E\d{4} .+; cure: .+", lines[0]), lines[0]
    paths = [path for value in outputs.values() for path in (value if isinstance(value, list) else [value])]
    assert not any((folder / path).exists() for path in paths)
    return lines[0]


@pytest.fixture(scope="module")
def scene(tmp_path_factory):
    """One ascending acquisition of a few point targets in GRID, and its DEM."""
    folder = tmp_path_factory.mktemp("scene")
    lon, lat = np.array([99.19, 99.195]), np.array([29.0, 29.002])
    simulate_point_targets(folder / "20190306", "A128", "20190306", lon, lat, np.array([3000.0, 3000.0]), samples=600)
    wide = GRID.pad(1500)
    raster.write(folder / "dem_m.tif", np.full(wide.shape, 3000.0), wide, "dem_m", tags={"vertical": "ellipsoidal"})
    return folder


def geocode(folder: Path, slc: Path, dem: Path, stack: str = "A128", grid: RegionGrid = GRID, **settings) -> str:
    outputs = {"gslc": "20190306.tif", "sidecar": "20190306.json"}
    params = {"polarisation": "co", "orbits": "restituted", "device": "cpu", "solid_earth_tides": False} | settings
    params |= {"grid": grid.to_dict(), "stack": stack}
    return refused(folder, "geocode_slc", {"slc": str(slc), "dem": str(dem)}, outputs, params)


@pytest.fixture
def slc(scene, tmp_path):
    """A copy of the acquisition to break."""
    return Path(shutil.copytree(scene / "20190306", tmp_path / "20190306"))


def test_truncated_measurement(scene, slc, tmp_path):
    tiff = next(slc.glob("*.SAFE/measurement/*.tiff"))
    tiff.write_bytes(tiff.read_bytes()[: tiff.stat().st_size // 2])
    line = geocode(tmp_path, slc, scene / "dem_m.tif")
    assert line.startswith("E3001") and tiff.name in line


def test_blank_measurement(scene, slc, tmp_path):
    """Integer samples have no NaN: a measurement of zeros is what a lost one looks like."""
    tiff = next(slc.glob("*.SAFE/measurement/*.tiff"))
    product_faults.blank_measurement(tiff)
    line = geocode(tmp_path, slc, scene / "dem_m.tif")
    assert line.startswith("E3001") and tiff.name in line


def test_missing_measurement(scene, slc, tmp_path):
    tiff = next(slc.glob("*.SAFE/measurement/*.tiff"))
    tiff.unlink()
    line = geocode(tmp_path, slc, scene / "dem_m.tif")
    assert line.startswith("E3001") and tiff.name in line


def test_a_polarisation_that_a_date_lacks(scene, slc, tmp_path):
    line = geocode(tmp_path, slc, scene / "dem_m.tif", polarisation="VH")
    assert line.startswith("E3001") and "VH" in line and "slc.polarisation" in line


def test_no_orbit_file(scene, slc, tmp_path):
    next(slc.glob("*.EOF")).unlink()
    line = geocode(tmp_path, slc, scene / "dem_m.tif")
    assert line.startswith("E3003") and str(slc) in line


def test_a_restituted_orbit_where_precise_ones_are_asked_for(scene, slc, tmp_path):
    eof = next(slc.glob("*.EOF"))
    eof.rename(slc / eof.name.replace("POEORB", "RESORB"))
    line = geocode(tmp_path, slc, scene / "dem_m.tif", orbits="precise")
    assert line.startswith("E3003") and "RESORB" in line


def test_two_satellites_in_one_folder(scene, slc, tmp_path):
    lon, lat = np.array([99.19, 99.195]), np.array([29.0, 29.002])
    acq_folder = tmp_path / "other"
    simulate_point_targets(acq_folder, "A128", "20190312", lon, lat, np.array([3000.0, 3000.0]), samples=600)
    shutil.copytree(next(acq_folder.glob("*.SAFE")), slc / next(acq_folder.glob("*.SAFE")).name)
    line = geocode(tmp_path, slc, scene / "dem_m.tif")
    assert line.startswith("E3005") and "20190312" in line


def test_dates_that_see_different_ground(scene, tmp_path):
    """A pair whose dates have no sample in common, as when one of them lacks the burst of the region."""
    lattice = Lattice.of(GRID)
    sidecars, files = [], []
    for band, date in enumerate(("20190306", "20190318"), 1):
        lon, lat = np.array([99.19, 99.195]), np.array([29.0, 29.002])
        folder = tmp_path / date
        simulate_point_targets(folder, "A128", date, lon, lat, np.array([3000.0, 3000.0]), samples=600)
        files.append(str(tmp_path / f"{date}.tif"))
        with raster.create(files[-1], lattice, "gslc", {}, BANDS) as put:
            put(slice(0, lattice.rows), slice(0, lattice.cols), np.ones(lattice.shape, np.complex64), band)
        about = acquisition_of(open_scene(folder), read_surface(scene / "dem_m.tif"), GRID).to_dict()
        sidecars.append(str(tmp_path / f"{date}.json"))
        Path(sidecars[-1]).write_text(json.dumps(about))
    pair = "20190306_20190318"
    outputs = {name: f"{pair}.{name}" for name in ("wrapped", "coherence", "sidecar")}
    params = {
        "grid": GRID.to_dict(),
        "spectral_diversity": False,
        "coherence_window": 3,
        "goldstein_alpha": 0.5,
        "goldstein_window": 16,
    }
    line = refused(tmp_path, "interferogram", {"gslc": files, "sidecars": sidecars}, outputs, params)
    assert line.startswith("E3004") and pair in line


def test_annotation_without_orbit(scene, slc, tmp_path):
    xml = next(slc.glob("*.SAFE/annotation/*.xml"))
    xml.write_text(re.sub(r"<orbitList.*</orbitList>", "", xml.read_text(), flags=re.S))
    line = geocode(tmp_path, slc, scene / "dem_m.tif")
    assert line.startswith("E3002") and xml.name in line


def test_orbit_file_of_another_day(scene, slc, tmp_path):
    eof = next(slc.glob("*.EOF"))
    later = re.sub(r"V\d{8}T\d{6}_\d{8}T\d{6}", "V20190401T225942_20190403T005942", eof.name)
    eof.write_text(re.sub(r"UTC=2019-03-0\d", "UTC=2019-04-02", eof.read_text()))
    eof.rename(slc / later)
    line = geocode(tmp_path, slc, scene / "dem_m.tif")
    assert line.startswith("E3003") and ".EOF" in line


def test_dem_that_does_not_cover(slc, tmp_path):
    small = RegionGrid(32647, 518400, 3208200, 30, 5, 5)
    dem = tmp_path / "dem_m.tif"
    raster.write(dem, np.full(small.shape, 3000.0), small, "dem_m", tags={"vertical": "ellipsoidal"})
    line = geocode(tmp_path, slc, dem)
    assert line.startswith("E1006") and "dem_m.tif" in line


def test_orthometric_heights_without_a_geoid(scene, tmp_path):
    params = {"grid": GRID.to_dict(), "margin_m": 0, "vertical": "orthometric", "geoid_m": None}
    line = refused(
        tmp_path, "prepare_dem", {"dem": str(scene / "dem_m.tif")}, {"dem": "d.tif", "sidecar": "d.json"}, params
    )
    assert line.startswith("E1006") and "orthometric" in line and "grid.geoid_m" in line


def test_dem_file_that_does_not_reach_the_region(scene, tmp_path):
    far = RegionGrid(32647, 418400, 3208200, 30, 20, 20)
    params = {"grid": far.to_dict(), "margin_m": 0, "vertical": "ellipsoidal", "geoid_m": None}
    line = refused(
        tmp_path, "prepare_dem", {"dem": str(scene / "dem_m.tif")}, {"dem": "d.tif", "sidecar": "d.json"}, params
    )
    assert line.startswith("E1006") and "100.0%" in line


def test_region_outside_all_bursts(slc, tmp_path):
    far = RegionGrid(32647, 418400, 3208200, 30, 20, 20)
    wide, dem = far.pad(1500), tmp_path / "dem_m.tif"
    raster.write(dem, np.full(wide.shape, 3000.0), wide, "dem_m", tags={"vertical": "ellipsoidal"})
    line = geocode(tmp_path, slc, dem, grid=far)
    assert line.startswith("E3004") and ".tiff" in line


def test_a_date_of_another_track(scene, slc, tmp_path):
    line = geocode(tmp_path, slc, scene / "dem_m.tif", stack="D062")
    assert line.startswith("E3005") and "D062" in line and "A128" in line


def test_a_single_date(tmp_path):
    checkout = Checkout(tmp_path, ["region=valley", "source=safe", "stacks=[A128]", "grid={dem: dem.tif}"])
    table = tmp_path / "resources/valley/scenes.csv"
    table.parent.mkdir(parents=True)
    table.write_text(
        "stack,date,granule,platform,absolute_orbit,start_utc,sha256,orbit_file,first_seen\n"
        "A128,20190306,S1A.SAFE,S1A,026275,2019-03-06T11:20:11,,a.EOF,2019-04-01T00:00:00Z\n"
    )
    text = answer(checkout.command("--dry-run"), cwd=tmp_path, env=checkout.environment)
    assert "E3005 stack A128 has a single date, 20190306; cure:" in text and "Traceback" not in text


def test_dates_too_far_apart(tmp_path):
    checkout = Checkout(tmp_path, ["region=valley", "network={max_days: 6}"])
    text = answer(checkout.command("--dry-run"), cwd=tmp_path, env=checkout.environment)
    assert "E3005 stack A128 has no two dates within 6 days; cure: raise network.max_days" in text
    assert "Traceback" not in text


@pytest.mark.parametrize("method", ["sbas", "mintpy"])
def test_a_network_of_two_islands(method, tmp_path):
    """A gap stops what needs a connected network, names the dates on both sides and the cure; stacking goes on with a warning."""
    pairs = ["20190306_20190318", "20190318_20190330", "20190423_20190505"]
    gap = ["region=valley", "stacks=[A128]", f"network={{pairs: {pairs}}}"]
    checkout = Checkout(tmp_path, [*gap, f"rates={{method: {method}}}"])
    text = answer(checkout.command("--dry-run"), cwd=tmp_path, env=checkout.environment)
    assert "E2001 stack A128: the pairs form 2 islands, gap 20190330-20190423;" in text and "Traceback" not in text
    assert "cure: add acquisitions in the gap" in text
    stacking = checkout.snakemake("--dry-run", config=gap)
    assert "warning: stack A128: the pairs form 2 islands, gap 20190330-20190423" in stacking.stdout


def test_a_scene_table_without_the_baselines_that_a_preset_needs(tmp_path):
    checkout = Checkout(
        tmp_path, ["region=valley", "source=safe", "stacks=[A128]", "grid={dem: dem.tif}", "network={preset: p3}"]
    )
    table = tmp_path / "resources/valley/scenes.csv"
    table.parent.mkdir(parents=True)
    table.write_text(
        "stack,date,granule,platform,absolute_orbit,start_utc,sha256,orbit_file,first_seen\n"
        "A128,20190306,S1A.SAFE,S1A,026275,2019-03-06T11:20:11,,a.EOF,2019-04-01T00:00:00Z\n"
        "A128,20190318,S1A_later.SAFE,S1A,026450,2019-03-18T11:20:11,,b.EOF,2019-04-01T00:00:00Z\n"
    )
    text = answer(checkout.command("--dry-run"), cwd=tmp_path, env=checkout.environment)
    assert "E1008 scenes.csv has no bperp_m of stack A128, 20190306, 20190318" in text and "Traceback" not in text
    assert "cure: `sarslide update`" in text
    checkout.snakemake("update_catalog", "--dry-run")


@pytest.mark.parametrize("change", ["engine=files", "source=safe"])
def test_settings_that_contradict(change, tmp_path):
    checkout = Checkout(tmp_path, ["region=valley", change])
    text = answer(checkout.command("--dry-run"), cwd=tmp_path, env=checkout.environment)
    assert re.search(r"E1001 config: .+; cure: .+", text) and "Traceback" not in text


def test_an_unknown_config_key(tmp_path):
    checkout = Checkout(tmp_path, ["region=valley", "interferogram={goldstein_alfa: 0.5}"])
    text = answer(checkout.command("--dry-run"), cwd=tmp_path, env=checkout.environment)
    assert "E1001 config: unknown key 'interferogram.goldstein_alfa'; cure: did you mean 'goldstein_alpha'?" in text
    assert "Traceback" not in text


def test_a_results_folder_that_cannot_be_written(tmp_path):
    checkout = Checkout(tmp_path, SMALL)
    (tmp_path / "results").write_text("a file where the folder should be")
    text = answer(checkout.command("--dry-run"), cwd=tmp_path, env=checkout.environment)
    assert re.search(r"E1007 .*results: is not a folder; cure:", text) and "Traceback" not in text


def test_weights_for_other_channels(tmp_path):
    """Packaged weights whose card names a layer that this run does not deliver."""
    from safetensors import safe_open
    from safetensors.numpy import save_file

    from sarslide.models.weights import packaged

    with safe_open(packaged("drs_unet_compact"), "numpy") as source:
        tensors = {name: source.get_tensor(name) for name in source.keys()}  # noqa: SIM118
        metadata = {
            key: value.replace('"slope_deg", "down', '"land_cover", "down') for key, value in source.metadata().items()
        }
    other = tmp_path / "other.safetensors"
    save_file(tensors, other, metadata)
    layers = [
        "phase_rate_rad_per_yr",
        "los_rate_mm_per_yr",
        "los_rate_std_mm_per_yr",
        "mean_coherence",
        "avg_phase_rad",
    ]
    layers += ["los_east", "los_north", "los_up", "layover_shadow", "elevation_m", "slope_deg", "aspect_deg"]
    inputs: dict[str, object] = {"weights": [str(other)]}
    for layer in [*layers, "curvature_profile_per_m", "curvature_plan_per_m"]:
        inputs[layer] = str(tmp_path / f"{layer}.tif")
        raster.write(inputs[layer], np.zeros(GRID.shape), GRID, layer)
    params = {"grid": GRID.to_dict(), "overlap": 0.5, "device": "cpu", "precision": "fp32"}
    line = refused(tmp_path, "segment", inputs, {"probability": "p.tif", "sidecar": "p.json"}, params)
    assert line.startswith("E4001") and "other.safetensors" in line and "land_cover" in line


@pytest.mark.parametrize("kind", ["corrupt", "external"])
def test_geotiff_that_is_no_interferogram(kind, scene, tmp_path):
    pair = "20190306_20190318"
    bad = tmp_path / "x_20190306-20190318_unw.tif"
    if kind == "corrupt":
        bad.write_bytes(b"II*\x00 this is no GeoTIFF")
    else:
        profile = {"driver": "GTiff", "width": 20, "height": 20, "count": 1, "dtype": "complex64"}
        with rasterio.open(bad, "w", crs="EPSG:32647", transform=GRID.transform, **profile) as target:
            target.write(np.ones((1, 20, 20), "complex64"))
    raster.write(tmp_path / "x_20190306-20190318_cc.tif", np.full(GRID.shape, 0.5), GRID, "cor")
    kinds = ("wrapped", "unwrapped", "coherence", "conncomp", "sidecars")
    files = load({"region": "valley"}).files
    line = refused(
        tmp_path,
        "ingest_files",
        {"unwrapped": [str(bad)], "coherence": [str(tmp_path / "x_20190306-20190318_cc.tif")], "baselines": [],
         "line_of_sight": [], "metadata": [], "dem": str(scene / "dem_m.tif")},
        {name: [f"{name}.tif"] for name in kinds} | {"geometry": [f"{layer}.tif" for layer in GEOMETRY]},
        {"grid": GRID.to_dict(), "pairs": [pair], "naming": "gamma", "positive_phase": "away", "ionosphere": False,
         "wavelength_m": files.wavelength_m, "incidence_deg": 39.0, "heading_deg": 347.0},
    )  # fmt: skip
    assert line.startswith(("E3007", "E1002")) and bad.name in line


def dry_run(folder: Path, *config: str) -> list[str]:
    """The coded lines that refuse a dry run in a folder; beside them nothing but Snakemake's greeting."""
    command = [sys.executable, "-m", "snakemake", "--snakefile", str(REPOSITORY / "Snakefile"), "--dry-run"]
    text = answer([*command, *(["--config", *config] if config else [])], cwd=folder)
    assert "Traceback" not in text and "Error in file" not in text
    greetings = ("Using workflow specific profile", "Config file ", "Results: ", "Building DAG of jobs")
    lines = [line for line in text.splitlines() if line.strip() and not line.startswith(greetings)]
    assert lines and all(re.fullmatch(r"E\d{4} .+; cure: .+", line) for line in lines), text
    return lines


SAFE_REGION = ("region=valley", "source=safe", "grid={dem: dem.tif}")


@pytest.mark.parametrize(
    ("files", "config", "told"),
    [
        ({}, ("region=nosuch",), [r"E1001 region 'nosuch' is neither packaged nor in .*"]),
        ({}, ("regon=demo",), [r"E1001 config: unknown key 'regon'; cure: did you mean 'region'\?"]),
        (
            {},
            ("grid={epsg: 4326}", "catalog={start: 20190231}", "rates={method: sbass}"),
            [r".*catalog.start: '20190231' is not a date.*", r".*rates.method = 'sbass'.*", r".*no projected CRS.*"],
        ),
        ({"config.yaml": b"grid: {epsg: ["}, (), [r"E1001 \S*config.yaml: is no YAML \(line 1: .*\); .*"]),
        ({"config.yaml": b"words"}, (), [r"E1001 \S*config.yaml: holds no keys; .*"]),
        ({"regions/own.yaml": b"\xff\xfe"}, ("region=own",), [r"E1001 regions/own.yaml: is no text in UTF-8 .*"]),
        ({"logs": b""}, (), [r"E1007 \S*logs: is not a folder; .*"]),
        ({"resources/valley/scenes.csv": b"\xff\xfe"}, SAFE_REGION, [r"E1008 \S*scenes.csv: is no text in UTF-8 .*"]),
        ({"resources/valley/scenes.csv": b"a,b\n1,2\n"}, SAFE_REGION, [r"E1008 \S*scenes.csv: has no column stack; .*"]),
    ],
)  # fmt: skip
def test_what_ends_snakemake_before_its_first_job(files, config, told, tmp_path):
    for name, content in files.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_bytes(content)
    lines = dry_run(tmp_path, *config)
    assert len(lines) == len(told)
    for words in told:
        assert any(re.fullmatch(words, line) for line in lines), lines

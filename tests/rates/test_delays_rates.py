"""Delays planted in the pairs and given as files: every method finds what it finds without any."""

import json

import numpy as np
import pytest
from pyproj import Transformer
from scipy.interpolate import RegularGridInterpolator

from sarslide import layers
from sarslide.grid import RegionGrid
from sarslide.io import raster
from sarslide.io.sidecar import read_json
from sarslide.rates.rasters import unwrapped_block_reader
from tests.rates.test_own import example
from tests.support import delay_files
from tests.support.rule_jobs import run_script
from tests.support.valley import CELL_M, RAD_PER_MM, WAVELENGTH_M, Valley

SHAPE = (60, 80)
GRID = RegionGrid(32647, 519000.0, 3212000.0, CELL_M, *SHAPE)
LON, LAT = Transformer.from_crs(32647, 4326, always_xy=True).transform(*np.meshgrid(GRID.x(), GRID.y()))
INCIDENCE_DEG = (33 + 0.05 * np.arange(SHAPE[1]) + np.zeros(SHAPE)).astype("float32")
VALLEY = Valley(shape=SHAPE, count=6, turbulence_mm=1, speckle_rad=0.1)
SETTINGS = {"weighting": "none", "mean": "complex", "dem_error": False, "min_temporal_coherence": 0.0}
# Of a phase of some 100 rad as float32, and of delays of 3 m as float32 mm, in the rates of dates 60 days apart at most.
RATE_MM_PER_YR, PHASE_RAD = 0.02, 1e-3


def planted(folder) -> dict[str, np.ndarray]:
    """Slant delay by date, mm, of zenith delays of decimetres in cells of 90 m; and the GACOS files of these."""
    rng = np.random.default_rng(5)
    lon, lat = delay_files.axes((LON.min(), LAT.min(), LON.max(), LAT.max()), 1 / 1200)
    found = {}
    for date in VALLEY.dates:
        zenith = (2.1 + 0.03 * rng.standard_normal((len(lat), len(lon)))).astype("<f4")
        delay_files.gacos(folder, date, lon, lat, zenith)
        at = RegularGridInterpolator((-lat, lon), zenith.astype(float))
        found[date] = 1e3 * at(np.stack([-LAT, LON], axis=-1)) / np.cos(np.radians(INCIDENCE_DEG.astype(float)))
    return found


def track(folder, delays: dict[str, np.ndarray] | None = None) -> dict:
    """Files of the valley by the names of the rules; `delays` make the paths longer."""
    folder.mkdir()
    files = {name: [] for name in ("unwrapped", "wrapped", "coherence", "conncomp", "sidecars")}
    for pair in VALLEY.pairs:
        earlier, later = pair.split("_")
        phase = VALLEY.phase(pair) + (RAD_PER_MM * (delays[later] - delays[earlier]) if delays else 0)
        wrapped = np.angle(np.exp(1j * phase)).astype("float32")
        made = {
            "unwrapped": ("unw_rad", phase.astype("float32")),
            "wrapped": ("wrapped_rad", np.stack([wrapped, wrapped])),
            "coherence": ("cor", VALLEY.coherence.astype(np.float32)),
            "conncomp": ("conncomp", np.ones(SHAPE, np.uint16)),
        }
        for kind, (layer, values) in made.items():
            raster.write(folder / f"{pair}.{layer}.tif", values, GRID, layer)
            files[kind].append(str(folder / f"{pair}.{layer}.tif"))
        about = {"wavelength_m": WAVELENGTH_M, "looks": 5.0, "bperp_m": 0.0, "dates": [earlier, later]}
        (folder / f"{pair}.json").write_text(json.dumps(about | {"utc": [None, None]}))
        files["sidecars"].append(str(folder / f"{pair}.json"))
    ground = {
        "elevation_m": VALLEY.elevation_m.astype(np.float32),
        "layover_shadow": np.zeros(SHAPE, np.uint8),
        "incidence_deg": INCIDENCE_DEG,
        "slant_range_m": np.full(SHAPE, 9e5, np.float32),
        "stable_ground": np.where(VALLEY.los_mm_per_yr < 0, 0, 1).astype(np.uint8),
    }
    ground["stable_ground"][:10, :10] = 2
    for layer, values in ground.items():
        raster.write(folder / f"{layer}.tif", values, GRID, layer)
        files[layer.removesuffix("_m").removesuffix("_deg")] = str(folder / f"{layer}.tif")
    (folder / "mine.py").write_text(example())
    return files | {"loop_errors": [], "method": str(folder / "mine.py")}


@pytest.fixture(scope="module")
def tracks(tmp_path_factory):
    """The track without delays; with planted ones, and the layers that the rule makes of their files."""
    folder = tmp_path_factory.mktemp("delays")
    delays, made = planted(folder), {}
    plain, delayed = track(folder / "plain"), track(folder / "delayed", delays)
    for date in VALLEY.dates:
        inputs = {name: plain[name] for name in ("elevation", "incidence")}
        inputs |= {"files": [str(folder / f"{date}.ztd")], "about": []}
        made[date] = {"delay": str(folder / f"{date}.slant_delay_mm.tif"), "sidecar": str(folder / f"{date}.json")}
        run_script("slant_delay", folder, inputs, made[date], {"date": date}, grid=GRID.to_dict())
    return plain, delayed | {"delays": [made[date]["delay"] for date in VALLEY.dates]}, delays, made


def test_the_rule_projects_the_files_of_a_date(tracks):
    *_, delays, made = tracks
    for date, files in made.items():
        # Cells between the transformed ones: 1 mm in fields that change by 6 cm in 90 m; float32 of 2.5 m.
        np.testing.assert_allclose(raster.read(files["delay"], GRID), delays[date], atol=2e-3)
        assert read_json(files["sidecar"])["shares"] == {f"{date}.ztd": 1.0}


def made_by(rule, folder, files, names, **params):
    folder.mkdir()
    made = {name: str(folder / f"{name}.tif") for name in names}
    made |= {name: str(folder / f"{name}.json") for name in ("sidecar", "reference")}
    made |= {"timeseries": str(folder / "timeseries.nc")}
    where = {"stack": "A128", "pair": VALLEY.pairs[0]}
    settings = {"grid": GRID.to_dict(), "pairs": VALLEY.pairs} | SETTINGS | params
    run_script(rule, folder, files, made, where, {"device": "cpu"}, **settings)
    return {name: raster.read(made[name], GRID) for name in names}


@pytest.mark.parametrize(
    ("rule", "layer", "tolerance"),
    [
        ("stack_rates", "los_rate_mm_per_yr", RATE_MM_PER_YR),
        ("sbas", "los_rate_mm_per_yr", RATE_MM_PER_YR),
        ("own_rates", "los_rate_mm_per_yr", 3 * RATE_MM_PER_YR),  # a median of single pairs
        ("ring_rates", "los_rate_ring_mm_per_yr", RATE_MM_PER_YR),
        ("average_phase", "avg_phase_rad", PHASE_RAD),
        ("phase_gradient", "phase_gradient_east_rad_per_yr_m", PHASE_RAD),
    ],
)
def test_planted_delays_leave_no_trace(rule, layer, tolerance, tracks, tmp_path):
    names = {
        "average_phase": [*layers.AVERAGES, *layers.OF_PAIRS],
        "phase_gradient": layers.PHASE_GRADIENTS,
        "ring_rates": layers.RING,
        "sbas": [*layers.RATES, "temporal_coherence", "residual_rms_rad"],
    }.get(rule, layers.RATES)
    ring = {"double_difference_km": [0.3, 0.9]} if rule == "ring_rates" else {}
    plain, delayed, *_ = tracks
    without, left = plain, {name: files for name, files in delayed.items() if name != "delays"}
    expected, found, uncorrected = (
        made_by(rule, tmp_path / name, files, names, **ring)[layer]
        for name, files in (("plain", without), ("corrected", delayed), ("uncorrected", left))
    )
    assert np.isfinite(expected).mean() > 0.5
    np.testing.assert_allclose(found, expected, atol=tolerance)
    assert np.nanstd(uncorrected - expected) > 20 * tolerance


def test_blocks_and_single_pairs_lose_the_same(tracks, tmp_path):
    plain, delayed, *_ = tracks
    rows, cols = slice(7, 31), slice(11, 60)
    read = unwrapped_block_reader({"pairs": VALLEY.pairs}, delayed, GRID)
    for pair in VALLEY.pairs[:3]:
        np.testing.assert_allclose(read(pair, rows, cols)[0], VALLEY.phase(pair)[rows, cols], atol=0.02)
    first = VALLEY.pairs[0]
    maps = []
    for files in (plain, delayed):
        folder = tmp_path / f"{len(maps)}"
        folder.mkdir()
        one = {name: files[name][0] for name in ("unwrapped", "conncomp", "coherence")} | {
            "about": files["sidecars"][0]
        }
        one |= {name: files[name] for name in ("layover_shadow", "elevation")} | {"delays": files.get("delays", [])[:2]}
        made = {name: str(folder / f"{layer}.tif") for name, layer in
                (("displacement", "los_displacement_mm"), ("std", "los_displacement_std_mm"))}  # fmt: skip
        made["sidecar"] = str(folder / "sidecar.json")
        run_script("dinsar", folder, one, made, {"pair": first}, grid=GRID.to_dict())
        maps.append(raster.read(made["displacement"], GRID))
    np.testing.assert_allclose(maps[1], maps[0], atol=0.1)

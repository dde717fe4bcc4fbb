"""The engine's scripts, run as rules run them: contract, bytes, imports, and what a broken input leaves behind."""

import runpy
import shutil
import subprocess
import sys
from types import SimpleNamespace

import numpy as np
import pyproj
import pytest

from sarslide.grid import RegionGrid
from sarslide.io import raster
from sarslide.io.sidecar import read_json
from tests.support.point_targets import simulate_point_targets

REGION = RegionGrid(32647, 519000, 3208000, 30, 40, 40)
DATES, PAIR, STACK = ("20190306", "20190318"), "20190306_20190318", "A128"
GEOMETRY = ("incidence_deg", "heading_deg", "slant_range_m", "los_east", "los_north", "los_up", "layover_shadow")
SLC = {"polarisation": "co", "orbits": "restituted", "device": "cpu", "solid_earth_tides": False}
SCRIPTS = ("geocode_slc", "stack_geometry", "mean_amplitude", "interferogram", "unwrap")


class Named(dict):
    """Stands in for snakemake's lists with names."""

    __getattr__ = dict.__getitem__


def run(repository, folder, script, inputs, outputs, **params):
    snakemake = SimpleNamespace(
        rule=script,
        input=Named(inputs),
        output=Named(outputs),
        params=Named(params),
        log=[str(folder / "log" / script)],
    )
    runpy.run_path(str(repository / "workflow_scripts" / f"{script}.py"), {"snakemake": snakemake})


def inputs_of(folder, date):
    return {"slc": str(folder / "slc" / date), "dem": str(folder / "dem_m.tif")}


@pytest.fixture(scope="module")
def region(tmp_path_factory):
    """Two dates of speckle over a small region, and its DEM."""
    folder = tmp_path_factory.mktemp("region")
    dem = REGION.pad(900)
    x, y = np.meshgrid(dem.x(), dem.y())
    heights = (3000 + 90 * np.sin(x / 300) * np.cos(y / 350)).astype(np.float32)
    raster.write(folder / "dem_m.tif", heights, dem, "dem_m", {"vertical": "ellipsoidal"})
    from sarslide.insar.native.surface import read_surface

    surface = read_surface(folder / "dem_m.tif")
    rng = np.random.default_rng(4)
    west, south, east, north = REGION.pad(60).bounds
    x, y = rng.uniform(west, east, 30000), rng.uniform(south, north, 30000)
    lon, lat = pyproj.Transformer.from_crs(32647, 4326, always_xy=True).transform(x, y)
    for seed, date in enumerate(DATES, start=1):
        simulate_point_targets(folder / "slc" / date, STACK, date, lon, lat, surface.heights_at(x, y), 300.0, seed=seed)
    return folder


def chain(repository, region, out):
    """All scripts on both dates; returns the files of the contract."""
    grid = REGION.to_dict()
    for date in DATES:
        outputs = {"gslc": str(out / f"{date}.tif"), "sidecar": str(out / f"{date}.json")}
        run(repository, out, "geocode_slc", inputs_of(region, date), outputs, grid=grid, stack=STACK, **SLC)
    outputs = {name: str(out / f"{name}.tif") for name in GEOMETRY} | {"sidecar": str(out / "geometry.json")}
    run(repository, out, "stack_geometry", inputs_of(region, DATES[0]), outputs, grid=grid, **SLC)
    slcs = {"gslc": [str(out / f"{date}.tif") for date in DATES]}
    outputs = {"amplitude": str(out / "mean_amplitude_db.tif"), "sidecar": str(out / "amplitude.json")}
    run(repository, out, "mean_amplitude", slcs, outputs, grid=grid)

    def of_pair(kind):
        return [str(out / f"{PAIR}.{kind}")]

    pair = {"wrapped": of_pair("wrapped_rad.tif"), "coherence": of_pair("cor.tif"), "sidecars": of_pair("json")}
    run(
        repository, out, "interferogram", slcs | {"sidecars": [str(out / f"{date}.json") for date in DATES]}, pair,
        grid=grid, pairs=[PAIR], goldstein_alpha=0.5, goldstein_window=32, coherence_window=3, spectral_diversity=False,
    )  # fmt: skip
    outputs = {
        "unwrapped": of_pair("unw_rad.tif"),
        "conncomp": of_pair("conncomp.tif"),
        "sidecar": str(out / "unwrap.json"),
    }
    run(
        repository,
        out,
        "unwrap",
        pair | {"layover_shadow": str(out / "layover_shadow.tif")},
        outputs,
        pairs=[PAIR],
        unwrapper="whirlwind",
        alpha=0.5,
        window=32,
        phase="filtered",
    )
    return sorted(path for path in out.iterdir() if path.is_file())


def test_chain_delivers_the_contract_with_the_same_bytes(repository, region, tmp_path):
    first, again = tmp_path / "first", tmp_path / "again"
    files = chain(repository, region, first)
    for path in files:
        if path.suffix == ".tif" and path.stem not in DATES:
            assert raster.tags_of(path)["layer"] == path.stem.removeprefix(f"{PAIR}.")
            raster.check_grid(path, REGION)
    about = read_json(first / f"{PAIR}.json")
    assert about["dates"] == list(DATES) and about["coherence_looks"] >= 40 and about["absent"] == []
    assert {"utc", "bperp_m", "wavelength_m", "looks", "filter", "engine", "engine_version"} <= set(about)
    assert about["coverage"] == {"earlier": 1.0, "later": 1.0, "common": 1.0} and set(about["overlap"]) == {
        "bursts",
        "swaths",
    }
    of_date = read_json(first / f"{DATES[0]}.json")
    assert (of_date["coverage"], of_date["missing_bursts"], of_date["left_out"]) == (1.0, [], [])
    assert of_date["orbit_kind"] == "precise" and all(name.endswith("_IW2") for name in of_date["bursts"])
    assert raster.band_names(first / f"{PAIR}.wrapped_rad.tif") == ["unfiltered", "filtered"]
    # Nothing moved: the phase is flat. 40 x 40 cells of coherent speckle: the mean is known to 0.01 rad.
    phase = raster.read(first / f"{PAIR}.unw_rad.tif")
    assert abs(np.nanmean(phase)) < 0.03 and np.nanmedian(raster.read(first / f"{PAIR}.cor.tif")) > 0.7
    chain(repository, region, again)
    for path in files:
        assert path.read_bytes() == (again / path.name).read_bytes(), path.name


def test_spectral_diversity_is_reported_where_it_is_asked(repository, region, tmp_path):
    grid, pair = REGION.to_dict(), {}
    slc = SLC | {"solid_earth_tides": True}
    for date in DATES:
        outputs = {"gslc": str(tmp_path / f"{date}.tif"), "sidecar": str(tmp_path / f"{date}.json")}
        run(repository, tmp_path, "geocode_slc", inputs_of(region, date), outputs, grid=grid, stack=STACK, **slc)
    tides = [read_json(tmp_path / f"{date}.json")["solid_earth_tide_m"] for date in DATES]
    assert all(0.001 < abs(tide) < 0.4 for tide in tides)
    outputs = {"doppler": str(tmp_path / "overlap_doppler_hz.tif"), "sidecar": str(tmp_path / "overlap.json")}
    run(repository, tmp_path, "burst_overlap", inputs_of(region, DATES[0]), outputs, grid=grid, **SLC)
    assert raster.band_names(outputs["doppler"]) == ["outer", "inner"]
    about = read_json(outputs["sidecar"])
    assert 6700 < about["ground_speed_m_s"] < 6900 and about["line_interval_s"] == pytest.approx(2.0556e-3, rel=1e-3)
    for kind, name in (("wrapped", "wrapped_rad.tif"), ("coherence", "cor.tif"), ("sidecars", "json")):
        pair[kind] = [str(tmp_path / f"{PAIR}.{name}")]
    files = {kind: [str(tmp_path / f"{date}.{kind}") for date in DATES] for kind in ("tif", "json")}
    inputs = {
        "gslc": files["tif"],
        "sidecars": files["json"],
        "doppler": outputs["doppler"],
        "overlap": outputs["sidecar"],
    }
    run(
        repository, tmp_path, "interferogram", inputs, pair,
        grid=grid, pairs=[PAIR], goldstein_alpha=0.5, goldstein_window=32, coherence_window=3, spectral_diversity=True,
    )  # fmt: skip
    # The simulated ground has no tide: taking one out puts its difference in, as ground that moved the other way. It changes by
    # far less than a millimetre over the region.
    away = -4 * np.pi / 0.05546576 * (tides[0] - tides[1])
    with raster.opened(pair["wrapped"][0]) as source:
        phase = source.read(1)
    assert abs(np.angle(np.exp(1j * phase[np.isfinite(phase)]).mean() * np.exp(-1j * away))) < 0.1
    # The region lies in the overlap of the two bursts; nothing was shifted.
    found = read_json(pair["sidecars"][0])["azimuth_misregistration"]
    assert found["cells"] > 1000 and abs(found["shift_px"]) < 1e-3 and not found["applied"]


def test_broken_input_leaves_nothing(repository, region, tmp_path, capsys):
    shutil.copytree(region / "slc" / DATES[0], tmp_path / "slc" / DATES[0])
    shutil.copy(region / "dem_m.tif", tmp_path)
    measurement = next(tmp_path.glob("slc/*/*.SAFE/measurement/*.tiff"))
    measurement.write_bytes(measurement.read_bytes()[:-100000])
    outputs = {"gslc": str(tmp_path / "gslc" / "a.tif"), "sidecar": str(tmp_path / "gslc" / "a.json")}
    with pytest.raises(SystemExit):
        run(
            repository,
            tmp_path,
            "geocode_slc",
            inputs_of(tmp_path, DATES[0]),
            outputs,
            grid=REGION.to_dict(),
            stack=STACK,
            **SLC,
        )
    error = capsys.readouterr().err.strip()
    assert error.startswith("E3001 ") and measurement.name in error and "cure:" in error and "\n" not in error
    assert not list((tmp_path / "gslc").iterdir())


def test_imports_are_light():
    """No script of the engine imports torch, and only those that need compiled loops import numba."""
    heavy = {
        "sarslide.insar.native.geocode_slc": {"torch", "matplotlib", "geopandas", "pandas", "xdem", "numba"},
        "sarslide.insar.native.interferogram, sarslide.insar.native.acquisition": {
            "torch",
            "geopandas",
            "pandas",
            "numba",
        },
        "sarslide.insar.unwrap": {"torch", "pandas", "numba", "snaphu", "whirlwind"},
        "sarslide.insar.native.geometry": {"torch", "geopandas", "pandas"},
    }
    for modules, unwanted in heavy.items():
        code = f"import sys, {modules}; print(*set(sys.modules) & {unwanted!r})"
        found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split()
        assert not found, (modules, found)

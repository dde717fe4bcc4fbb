"""The engine's scripts, run as rules run them: contract, bytes, and what a broken input leaves behind."""

import shutil
import subprocess
import sys

import numpy as np
import pytest

from sarslide.io import raster
from sarslide.io.sidecar import read_json
from tests.support.engine_runs import DATES, REGION, SLC, STACK, date_inputs, geocode, interfere, native_engine
from tests.support.rule_jobs import run_script

PAIR = "_".join(DATES)


def layer_files(folder):
    """Rasters below a folder that are layers, geocoded SLCs are not."""
    return sorted(path for path in folder.rglob("*.tif") if path.parent.name != "gslc")


def test_the_rules_deliver_the_contract_with_the_same_bytes(region, tmp_path):
    first, again = (native_engine(tmp_path / name, region)[0] for name in ("first", "again"))
    for path in layer_files(first):
        assert raster.tags_of(path)["layer"] == path.stem.removeprefix(f"{PAIR}.")
        raster.check_grid(path, REGION)
    about = read_json(first / f"ifg/{PAIR}.json")
    assert about["dates"] == list(DATES) and about["coherence_looks"] >= 40 and about["absent"] == []
    assert {"utc", "bperp_m", "wavelength_m", "looks", "filter", "engine", "engine_version"} <= set(about)
    assert about["coverage"] == {"earlier": 1.0, "later": 1.0, "common": 1.0}
    assert set(about["overlap"]) == {"bursts", "swaths"}
    of_date = read_json(first / f"gslc/{DATES[0]}.json")
    assert (of_date["coverage"], of_date["missing_bursts"], of_date["left_out"]) == (1.0, [], [])
    assert of_date["orbit_kind"] == "precise" and all(name.endswith("_IW2") for name in of_date["bursts"])
    assert raster.band_names(first / f"ifg/{PAIR}.wrapped_rad.tif") == ["unfiltered", "filtered"]
    # Nothing moved: the phase is flat. 40 x 40 cells of coherent speckle: the mean is known to 0.01 rad.
    phase = raster.read(first / f"ifg/{PAIR}.unw_rad.tif")
    assert abs(np.nanmean(phase)) < 0.03 and np.nanmedian(raster.read(first / f"ifg/{PAIR}.cor.tif")) > 0.7
    for path in sorted(first.rglob("*.*")):
        if path.suffix in (".tif", ".json"):
            assert path.read_bytes() == (again / path.relative_to(first)).read_bytes(), path.name


def test_spectral_diversity_is_reported_where_it_is_configured(region, tmp_path):
    geocode(region, tmp_path, solid_earth_tides=True)
    tides = [read_json(tmp_path / f"gslc/{date}.json")["solid_earth_tide_m"] for date in DATES]
    assert all(0.001 < abs(tide) < 0.4 for tide in tides)
    outputs = {"doppler": str(tmp_path / "overlap_doppler_hz.tif"), "sidecar": str(tmp_path / "overlap.json")}
    run_script("burst_overlap", tmp_path, date_inputs(region, DATES[0]), outputs, grid=REGION.to_dict(), **SLC)
    assert raster.band_names(outputs["doppler"]) == ["outer", "inner"]
    about = read_json(outputs["sidecar"])
    assert 6700 < about["ground_speed_m_s"] < 6900 and about["line_interval_s"] == pytest.approx(2.0556e-3, rel=1e-3)
    pair = interfere(tmp_path, {"doppler": outputs["doppler"], "overlap": outputs["sidecar"]}, spectral_diversity=True)
    # The simulated ground has no tide: taking one out puts its difference in, as ground that moved the other way. It changes by
    # far less than a millimetre over the region.
    away = -4 * np.pi / 0.05546576 * (tides[0] - tides[1])
    with raster.opened(pair["wrapped"]) as source:
        phase = source.read(1)
    assert abs(np.angle(np.exp(1j * phase[np.isfinite(phase)]).mean() * np.exp(-1j * away))) < 0.1
    # The region lies in the overlap of the two bursts; nothing was shifted.
    found = read_json(pair["sidecar"])["azimuth_misregistration"]
    assert found["cells"] > 1000 and abs(found["shift_px"]) < 1e-3 and not found["applied"]


def test_broken_input_leaves_nothing(region, tmp_path, capsys):
    shutil.copytree(region / "slc" / DATES[0], tmp_path / "slc" / DATES[0])
    shutil.copy(region / "dem_m.tif", tmp_path)
    measurement = next(tmp_path.glob("slc/*/*.SAFE/measurement/*.tiff"))
    measurement.write_bytes(measurement.read_bytes()[:-100000])
    outputs = {"gslc": str(tmp_path / "gslc" / "a.tif"), "sidecar": str(tmp_path / "gslc" / "a.json")}
    settings = {"grid": REGION.to_dict(), "stack": STACK, **SLC}
    with pytest.raises(SystemExit):
        run_script(
            "geocode_slc", tmp_path, date_inputs(tmp_path, DATES[0]), outputs, resources={"device": "cpu"}, **settings
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

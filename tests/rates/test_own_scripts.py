"""The scripts of a method of one's own and of what is made beside the rates, on rasters of a known track."""

import json

import numpy as np
import pytest

from sarslide import layers
from sarslide.grid import RegionGrid
from sarslide.io import raster
from sarslide.io.sidecar import read_json
from sarslide.rates.ground import Ground
from sarslide.rates.phase_gradient import phase_gradient
from sarslide.rates.ring import ring_rates
from sarslide.rates.settings import RateSettings
from tests.rates.test_own import example
from tests.support.rule_jobs import run_script
from tests.support.valley import CELL_M, WAVELENGTH_M, Valley

SHAPE = (60, 80)
GRID = RegionGrid(32647, 519000.0, 3212000.0, CELL_M, *SHAPE)


@pytest.fixture(scope="module")
def track(tmp_path_factory):
    """A valley and its files by the names of the rules."""
    valley, folder = Valley(shape=SHAPE, count=6, turbulence_mm=1, speckle_rad=0.1), tmp_path_factory.mktemp("track")
    files = {name: [] for name in ("unwrapped", "wrapped", "coherence", "conncomp", "sidecars")}
    for pair in valley.pairs:
        wrapped, coherence = valley.read_wrapped(pair)
        made = {
            "unwrapped": ("unw_rad", valley.read(pair)[0]),
            "wrapped": ("wrapped_rad", np.stack([wrapped, wrapped])),
            "coherence": ("cor", coherence.astype(np.float32)),
            "conncomp": ("conncomp", np.ones(SHAPE, np.uint16)),
        }
        for kind, (layer, values) in made.items():
            raster.write(folder / f"{pair}.{layer}.tif", values, GRID, layer)
            files[kind].append(str(folder / f"{pair}.{layer}.tif"))
        (folder / f"{pair}.json").write_text(json.dumps({"wavelength_m": WAVELENGTH_M}))
        files["sidecars"].append(str(folder / f"{pair}.json"))
    single = {"elevation_m": valley.elevation_m.astype(np.float32), "layover_shadow": np.zeros(SHAPE, np.uint8)}
    single |= {"stable_ground": np.where(valley.los_mm_per_yr < 0, 0, 1).astype(np.uint8)}
    single["stable_ground"][:10, :10] = 2
    for layer, values in single.items():
        raster.write(folder / f"{layer}.tif", values, GRID, layer)
    files |= {
        name: str(folder / f"{layer}.tif") for name, layer in (("elevation", "elevation_m"), ("layover_shadow",) * 2)
    }
    return valley, files | {"stable_ground": str(folder / "stable_ground.tif"), "loop_errors": []}


def outputs(folder, names, *others):
    return {name: str(folder / f"{name}.tif") for name in names} | {
        name: str(folder / f"{name}.json") for name in others
    }


def test_a_method_of_ones_own_writes_every_rate_layer(track, tmp_path):
    valley, files = track
    (tmp_path / "mine.py").write_text(example())
    made = outputs(tmp_path, layers.RATES, "reference", "sidecar")
    inputs = files | {"method": str(tmp_path / "mine.py")}
    run_script("own_rates", tmp_path, inputs, made, grid=GRID.to_dict(), pairs=valley.pairs)
    rate = raster.read(made["los_rate_mm_per_yr"], GRID)
    assert rate[valley.los_mm_per_yr < -60].mean() < -30
    np.testing.assert_allclose(raster.read(made["los_rate_paper_sign_mm_per_yr"], GRID), -rate)
    about = read_json(made["sidecar"])
    assert set(about["removed"]) == set(valley.pairs) and "mine.py" in json.dumps(about["inputs"])
    assert read_json(made["reference"])["cells"] == (raster.read(made["stable_ground"], GRID) == 2).sum()


def test_phase_gradients_are_those_of_the_wrapped_pairs(track, tmp_path):
    valley, files = track
    made = outputs(tmp_path, layers.PHASE_GRADIENTS, "sidecar")
    inputs = {name: files[name] for name in ("wrapped", "coherence", "elevation", "stable_ground")}
    run_script("phase_gradient", tmp_path, inputs, made, grid=GRID.to_dict(), pairs=valley.pairs)
    ground = Ground.from_layer(valley.elevation_m, raster.read(files["stable_ground"], GRID))
    found, _ = phase_gradient(valley.read_wrapped, valley.pairs, ground, CELL_M, RateSettings())
    for layer in layers.PHASE_GRADIENTS:
        # Heights and layers are stored as float32.
        np.testing.assert_allclose(raster.read(made[layer], GRID), found[layer], rtol=1e-3, atol=1e-5)
    assert set(read_json(made["sidecar"])["removed"]) == set(valley.pairs)


def test_rates_against_the_surroundings_are_those_of_the_unwrapped_pairs(track, tmp_path):
    valley, files = track
    made = outputs(tmp_path, layers.RING, "sidecar")
    names = ("unwrapped", "coherence", "conncomp", "sidecars", "elevation", "stable_ground", "loop_errors")
    inputs = {name: files[name] for name in names}
    params = {"grid": GRID.to_dict(), "pairs": valley.pairs, "double_difference_km": [0.3, 0.9]}
    run_script("ring_rates", tmp_path, inputs, made, **params)
    ground = Ground.from_layer(valley.elevation_m, raster.read(files["stable_ground"], GRID))
    found, _ = ring_rates(valley.read, valley.pairs, ground, WAVELENGTH_M, RateSettings(), (10.0, 30.0))
    for layer in layers.RING:
        np.testing.assert_allclose(raster.read(made[layer], GRID), found[layer], rtol=1e-3, atol=1e-2)
    assert set(read_json(made["sidecar"])["removed"]) == set(valley.pairs)

"""Producers of the contract check: each engine on a small region, its files made by the rules' own scripts.

A producer fills a folder and returns the engine's folder in it, the pairs and the grid. Engines without their processor at hand
(snap, hyp3) are given products of our making that follow the processor's documentation (`engine_products`).
"""

import json
import os
from collections.abc import Callable
from importlib import import_module
from pathlib import Path

import numpy as np
import pyproj

from sarslide.grid import RegionGrid
from sarslide.insar.native.surface import read_surface
from sarslide.io import raster
from sarslide.layers import GEOMETRY
from tests.support import engine_products as products
from tests.support.engine_products import GRID, PAIR, STACK, seen
from tests.support.isce2_runs import require_isce2
from tests.support.point_targets import simulate_point_targets
from tests.support.rule_jobs import run_script

REGION = RegionGrid(32647, 519000, 3208000, 30, 40, 40)
DATES = ("20190306", "20190318")
SLC = {"polarisation": "co", "orbits": "restituted", "device": "cpu", "solid_earth_tides": False}
IFG = {"filter": {"goldstein_alpha": 0.5, "goldstein_window": 32}, "coherence_window": 3}
UNWRAP = {"unwrapper": "whirlwind", "alpha": 0.5, "window": 32, "phase": "filtered"}
SECTION = {"wavelength_m": 0.0554658, "heading_deg": 350.0, "ionosphere": False}
KINDS = {
    "wrapped": "wrapped_rad.tif",
    "unwrapped": "unw_rad.tif",
    "coherence": "cor.tif",
    "conncomp": "conncomp.tif",
    "sidecar": "json",
}
OF_PAIR = {"stack": STACK, "pair": PAIR}


def of_pair(out: Path, pair: str = PAIR) -> dict[str, str]:
    """Files of a pair below an engine's folder."""
    return {kind: str(out / "ifg" / f"{pair}.{name}") for kind, name in KINDS.items()}


def geometry_of(out: Path) -> dict[str, str]:
    """Layers of the geometry below an engine's folder."""
    return {name: str(out / "geometry" / f"{name}.tif") for name in GEOMETRY}


def speckle_region(folder: Path) -> Path:
    """Two dates of speckle over a small region, and its DEM."""
    dem = REGION.pad(900)
    x, y = np.meshgrid(dem.x(), dem.y())
    heights = (3000 + 90 * np.sin(x / 300) * np.cos(y / 350)).astype(np.float32)
    raster.write(folder / "dem_m.tif", heights, dem, "dem_m", {"vertical": "ellipsoidal"})
    surface = read_surface(folder / "dem_m.tif")
    rng = np.random.default_rng(4)
    west, south, east, north = REGION.pad(60).bounds
    x, y = rng.uniform(west, east, 30000), rng.uniform(south, north, 30000)
    lon, lat = pyproj.Transformer.from_crs(32647, 4326, always_xy=True).transform(x, y)
    for seed, date in enumerate(DATES, start=1):
        simulate_point_targets(folder / "slc" / date, STACK, date, lon, lat, surface.heights_at(x, y), 300.0, seed=seed)
    return folder


def date_inputs(region: Path, date: str) -> dict[str, str]:
    """Inputs of the rules that read a date of the speckle region."""
    return {"slc": str(region / "slc" / date), "dem": str(region / "dem_m.tif")}


def geocode(region: Path, out: Path, **changes) -> None:
    """Rule geocode_slc on both dates."""
    for date in DATES:
        outputs = {"gslc": str(out / f"gslc/{date}.tif"), "sidecar": str(out / f"gslc/{date}.json")}
        settings = {"grid": REGION.to_dict(), "stack": STACK, **SLC, **changes}
        run_script("geocode_slc", out, date_inputs(region, date), outputs, resources={"device": "cpu"}, **settings)


def interfere(out: Path, more_inputs: dict | None = None, spectral_diversity: bool = False) -> dict[str, str]:
    """Rule interferogram on the pair of both dates; its files."""
    pair = "_".join(DATES)
    paths = of_pair(out, pair)
    inputs = {"gslc": [str(out / f"gslc/{date}.tif") for date in DATES]}
    inputs |= {"sidecars": [str(out / f"gslc/{date}.json") for date in DATES]} | (more_inputs or {})
    outputs = {kind: paths[kind] for kind in ("wrapped", "coherence", "sidecar")}
    settings = {"grid": REGION.to_dict(), "spectral_diversity": spectral_diversity, **IFG}
    run_script("interferogram", out, inputs, outputs, {"pair": pair}, **settings)
    return paths


def native_engine(folder: Path, region: Path) -> tuple[Path, list[str], RegionGrid]:
    """All rules of the native engine on the speckle region."""
    out, grid = folder / "out", REGION.to_dict()
    geocode(region, out)
    outputs = geometry_of(out) | {"sidecar": str(out / "geometry.json")}
    run_script("stack_geometry", out, date_inputs(region, DATES[0]), outputs, grid=grid, **SLC)
    slcs = {"gslc": [str(out / f"gslc/{date}.tif") for date in DATES]}
    amplitude = {"amplitude": str(out / "amplitude/mean_amplitude_db.tif"), "sidecar": str(out / "amplitude.json")}
    run_script("mean_amplitude", out, slcs, amplitude, grid=grid)
    paths = interfere(out)
    inputs = {"wrapped": paths["wrapped"], "coherence": paths["coherence"], "about": paths["sidecar"]}
    inputs |= {"layover_shadow": str(out / "geometry/layover_shadow.tif")}
    outputs = {kind: paths[kind] for kind in ("unwrapped", "conncomp")} | {"sidecar": str(out / "unwrap.json")}
    run_script("unwrap", out, inputs, outputs, **UNWRAP)
    return out, ["_".join(DATES)], REGION


def files_engine(make):
    """Producer of the engine files for one naming."""

    def produce(folder: Path, _region: Path) -> tuple[Path, list[str], RegionGrid]:
        section = make(folder / "external")
        found = found_files(folder / "external", section)
        out = folder / "out"
        outputs = {f"{kind}s" if kind == "sidecar" else kind: [path] for kind, path in of_pair(out).items()}
        outputs |= {"geometry": list(geometry_of(out).values())}
        settings = {"naming": section["naming"], "positive_phase": section.get("positive_phase"), **SECTION}
        settings |= {"grid": GRID.to_dict(), "pairs": [PAIR], "incidence_deg": seen().incidence_deg}
        inputs = found | {"dem": str(products.write_dem(folder))}
        run_script("ingest_files", folder, inputs, outputs, {"stack": STACK}, **settings)
        return out, [PAIR], GRID

    return produce


def found_files(folder: Path, section: dict) -> dict:
    """The files that the scene table finds for the engine files."""
    from sarslide.catalog.scenes import table
    from sarslide.config import load

    config = load({
        "source": "files", "engine": "files", "stacks": [STACK], "grid": {"dem": "dem.tif", "epsg": 32647},
        "network": {"pairs": [PAIR]}, "files": {"folder": str(folder), **section},
    })  # fmt: skip
    found = table(config, folder)
    return {kind: found.files(kind) for kind in ("unwrapped", "coherence", "baselines", "line_of_sight", "metadata")}


def with_folder(make):
    """`make` in a folder that is made first."""

    def made(folder: Path) -> dict:
        folder.mkdir(parents=True)
        return make(folder)

    return made


def hyp3_folder(folder: Path) -> dict:
    """A product of HyP3 for the engine files."""
    products.hyp3(folder)
    return {"naming": "hyp3"}


def custom(folder: Path) -> dict:
    """Phase that grows towards the satellite, in the region's own CRS, under names of its own."""
    x, y = products.places(RegionGrid(32647, 518000, 3209000, 90, 60, 70))
    transform = RegionGrid(32647, 518000, 3209000, 90, 60, 70).transform
    values = products.void(-products.phase(x, y), x, y)
    products.write_tif(folder / f"u_{PAIR}.tif", values, "EPSG:32647", transform)
    products.write_tif(folder / f"c_{PAIR}.tif", products.void(0.7 + 0 * x, x, y), "EPSG:32647", transform)
    patterns = {"unwrapped": "u_{earlier}_{later}.tif", "coherence": "c_{earlier}_{later}.tif"}
    return {"naming": "custom", "positive_phase": "towards", **patterns}


def snap_engine(folder: Path, _region: Path) -> tuple[Path, list[str], RegionGrid]:
    """The rules of the engine snap behind SNAP."""
    marker, out = products.snap(folder / "work"), folder / "out"
    made = folder / "work" / "interferogram.json"
    settings = {"range_looks": 8, "azimuth_looks": 2, "coherence_range": 20, "coherence_azimuth": 5}
    made.write_text(json.dumps({"snap": "13.0.4", "wavelength_m": 0.0554658, "params": settings}))
    run_script(
        "snap_ingest", folder, {"geocoded": str(marker), "interferogram": str(made)}, of_pair(out), OF_PAIR, grid=GRID.to_dict(),
        goldstein_alpha=0.5, goldstein_window=32,
    )  # fmt: skip
    outputs = geometry_of(out) | {"sidecar": str(out / "geometry.json")}
    run_script("snap_geometry", folder, {"geocoded": str(marker)}, outputs, OF_PAIR, grid=GRID.to_dict())
    return out, [PAIR], GRID


def isce2_engine(folder: Path, _region: Path) -> tuple[Path, list[str], RegionGrid]:
    """ISCE2 itself on simulated products, through Snakemake."""
    from tests.workflow.conftest import Checkout

    require_isce2()
    bounds, pair = (518100, 3207300, 519900, 3209100), "20190306_20190318"
    config = [
        "region=valley",
        "engine=isce2",
        "stacks=[A128]",
        f"grid={{bounds: {list(bounds)}}}",
        "simulation={dates: 2}",
    ]
    checkout = Checkout(folder, config)
    checkout.environment["PYTHONPATH"] += f":{os.environ.get('PYTHONPATH', '')}"
    stack = "results/valley/A128/f0/isce2"
    targets = [f"{stack}/geometry/los_up.tif", f"{stack}/ifg/{pair}.unw_rad.tif"]
    checkout.snakemake(*targets)
    return folder / stack, [pair], RegionGrid.from_bounds(32647, bounds, 30)


def beside_their_tests() -> dict[str, Callable]:
    """Producers of engines of ready files, each a dictionary `PRODUCERS` in tests/insar/external/test_NAME.py."""
    found: dict[str, Callable] = {}
    for path in sorted((Path(__file__).parents[1] / "insar/external").glob("test_*.py")):
        if "\nPRODUCERS = " in path.read_text():
            found |= import_module(f"tests.insar.external.{path.stem}").PRODUCERS
    return found


# engine, or engine-naming and engine-kind
PRODUCERS = {
    "native": native_engine,
    "files-gamma": files_engine(with_folder(products.gamma)),
    "files-licsar": files_engine(with_folder(products.licsar)),
    "files-aria": files_engine(with_folder(products.aria)),
    "files-hyp3": files_engine(with_folder(hyp3_folder)),
    "files-nisar": files_engine(with_folder(products.nisar)),
    "files-custom": files_engine(with_folder(custom)),
    "snap": snap_engine,
    "isce2": isce2_engine,
} | beside_their_tests()

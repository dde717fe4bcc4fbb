"""One contract for all engines: what each delivers keeps it, with the signs of sunk ground and of ground above the DEM.

Each producer fills a folder as its rules do, by the rules' own scripts, and says which pairs and grid it holds. Engines
without their processor at hand (snap, hyp3) are given products of our making that follow the processor's documentation
(`products.py`).
"""

import json
import re
import runpy
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from sarslide.catalog.external_names import NAMINGS
from sarslide.grid import RegionGrid
from sarslide.io import raster
from sarslide.io.sidecar import read_json
from tests.insar.native.test_scripts import DATES, REGION, SLC, Named, inputs_of, region  # noqa: F401
from tests.support import engine_products as products
from tests.support.contract_check import GEOMETRY, broken
from tests.support.engine_products import GRID, PAIR, STACK, seen, truth
from tests.support.isce2_runs import require_isce2

REPOSITORY = Path(__file__).parents[2]
SECTION = {"wavelength_m": 0.0554658, "heading_deg": 350.0}
KINDS = {
    "wrapped": "wrapped_rad.tif",
    "unwrapped": "unw_rad.tif",
    "coherence": "cor.tif",
    "conncomp": "conncomp.tif",
    "sidecar": "json",
}


def run(
    script: str,
    folder: Path,
    inputs: dict,
    outputs: dict,
    wildcards: dict | None = None,
    resources: dict | None = None,
    **params,
) -> None:
    """Run a rule's script as the rule does."""
    snakemake = SimpleNamespace(
        rule=script, input=Named(inputs), output=Named(outputs), params=Named(params), log=[str(folder / f"{script}.log")],
        wildcards=SimpleNamespace(**{"stack": STACK, "pair": PAIR} | (wildcards or {})),
        resources=SimpleNamespace(**(resources or {})),
    )  # fmt: skip
    runpy.run_path(str(REPOSITORY / "workflow_scripts" / f"{script}.py"), {"snakemake": snakemake})


def of_pair(out: Path, pair: str = PAIR) -> dict[str, str]:
    return {kind: str(out / "ifg" / f"{pair}.{name}") for kind, name in KINDS.items()}


def geometry_of(out: Path) -> dict[str, str]:
    return {name: str(out / "geometry" / f"{name}.tif") for name in GEOMETRY}


def files_engine(make):
    """Producer of the engine files for one naming."""

    def produce(folder: Path, _region: Path) -> tuple[Path, list[str], RegionGrid]:
        section = make(folder / "delivered")
        found = delivered(folder / "delivered", section)
        out = folder / "out"
        outputs = {f"{kind}s" if kind == "sidecar" else kind: [path] for kind, path in of_pair(out).items()}
        outputs |= {"geometry": list(geometry_of(out).values())}
        run(
            "ingest_files", folder, found | {"dem": str(products.write_dem(folder))}, outputs, grid=GRID.to_dict(), pairs=[PAIR],
            naming=section["naming"], positive_phase=section.get("positive_phase"), incidence_deg=seen().incidence_deg,
            **SECTION,
        )  # fmt: skip
        return out, [PAIR], GRID

    return produce


def delivered(folder: Path, section: dict) -> dict:
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
    def made(folder: Path) -> dict:
        folder.mkdir(parents=True)
        return make(folder)

    return made


def hyp3_folder(folder: Path) -> dict:
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


def hyp3_engine(kind: str):
    def produce(folder: Path, _region: Path) -> tuple[Path, list[str], RegionGrid]:
        told, out = products.stored(folder, products.hyp3(folder / "made", kind)), folder / "out"
        run("hyp3_ingest", folder, {"product": str(told)}, of_pair(out), grid=GRID.to_dict())
        outputs = geometry_of(out) | {"sidecar": str(out / "geometry.json")}
        inputs = {"product": str(told), "dem": str(products.write_dem(folder))}
        run("hyp3_geometry", folder, inputs, outputs, grid=GRID.to_dict())
        return out, [PAIR], GRID

    return produce


def snap_engine(folder: Path, _region: Path) -> tuple[Path, list[str], RegionGrid]:
    marker, out = products.snap(folder / "work"), folder / "out"
    made = folder / "work" / "interferogram.json"
    told = {"range_looks": 8, "azimuth_looks": 2, "coherence_range": 20, "coherence_azimuth": 5}
    made.write_text(json.dumps({"snap": "13.0.4", "wavelength_m": 0.0554658, "params": told}))
    run(
        "snap_ingest", folder, {"geocoded": str(marker), "interferogram": str(made)}, of_pair(out), grid=GRID.to_dict(),
        goldstein_alpha=0.5, goldstein_window=32,
    )  # fmt: skip
    outputs = geometry_of(out) | {"sidecar": str(out / "geometry.json")}
    run("snap_geometry", folder, {"geocoded": str(marker)}, outputs, grid=GRID.to_dict())
    return out, [PAIR], GRID


def native_engine(folder: Path, region: Path) -> tuple[Path, list[str], RegionGrid]:  # noqa: F811
    out, grid = folder / "out", REGION.to_dict()
    for date in DATES:
        outputs = {"gslc": str(out / f"gslc/{date}.tif"), "sidecar": str(out / f"gslc/{date}.json")}
        run("geocode_slc", folder, inputs_of(region, date), outputs, grid=grid, stack=STACK, **SLC)
    outputs = geometry_of(out) | {"sidecar": str(out / "geometry.json")}
    run("stack_geometry", folder, inputs_of(region, DATES[0]), outputs, grid=grid, **SLC)
    slcs = {"gslc": [str(out / f"gslc/{date}.tif") for date in DATES]}
    amplitude = {"amplitude": str(out / "amplitude/mean_amplitude_db.tif"), "sidecar": str(out / "amplitude.json")}
    run("mean_amplitude", folder, slcs, amplitude, grid=grid)
    pair = "_".join(DATES)
    paths = {kind: [path] for kind, path in of_pair(out, pair).items()}
    formed = {"wrapped": paths["wrapped"], "coherence": paths["coherence"], "sidecars": paths["sidecar"]}
    run(
        "interferogram", folder, slcs | {"sidecars": [str(out / f"gslc/{date}.json") for date in DATES]}, formed, grid=grid,
        pairs=[pair], goldstein_alpha=0.5, goldstein_window=32, coherence_window=3, spectral_diversity=False,
    )  # fmt: skip
    outputs = {"unwrapped": paths["unwrapped"], "conncomp": paths["conncomp"], "sidecar": str(out / "unwrap.json")}
    formed["layover_shadow"] = str(out / "geometry/layover_shadow.tif")
    run("unwrap", folder, formed, outputs, pairs=[pair], unwrapper="whirlwind", alpha=0.5, window=32, phase="filtered")
    return out, [pair], REGION


def isce2_engine(folder: Path, _region: Path) -> tuple[Path, list[str], RegionGrid]:
    """ISCE2 itself on simulated products, through Snakemake."""
    from tests.workflow.conftest import Checkout

    require_isce2()
    bounds, pair = (518100, 3207300, 519900, 3209100), "20190306_20190318"
    config = ["engine=isce2", "stacks=[A128]", f"grid={{bounds: {list(bounds)}}}", "simulation={dates: 2}"]
    checkout = Checkout(folder, config)
    import os

    checkout.environment["PYTHONPATH"] += f":{os.environ.get('PYTHONPATH', '')}"
    stack = "results/demo/A128/isce2"
    targets = [f"{stack}/geometry/los_up.tif", f"{stack}/ifg/{pair}.unw_rad.tif"]
    checkout.snakemake(*targets)
    return folder / stack, [pair], RegionGrid.from_bounds(32647, bounds, 30)


PRODUCERS = {
    "native": native_engine,
    "files-gamma": files_engine(with_folder(products.gamma)),
    "files-licsar": files_engine(with_folder(products.licsar)),
    "files-aria": files_engine(with_folder(products.aria)),
    "files-hyp3": files_engine(with_folder(hyp3_folder)),
    "files-custom": files_engine(with_folder(custom)),
    "hyp3-burst": hyp3_engine("burst"),
    "hyp3-multi": hyp3_engine("multi"),
    "hyp3-gamma": hyp3_engine("gamma"),
    "snap": snap_engine,
    "isce2": isce2_engine,
}
KNOWN_TRUTH = [name for name in PRODUCERS if name not in ("native", "isce2")]  # those have their own sign tests on SLCs
FULL = pytest.param("isce2", marks=pytest.mark.full)


def test_every_engine_and_naming_has_a_producer():
    from sarslide.insar.engines import ENGINES

    assert {name.split("-")[0] for name in PRODUCERS} == set(ENGINES)
    assert {name.split("-")[1] for name in PRODUCERS if name.startswith("files-")} == set(NAMINGS)


@pytest.fixture
def produced(request, tmp_path, region):  # noqa: F811
    return PRODUCERS[request.param](tmp_path, region)


@pytest.mark.parametrize("produced", [name for name in PRODUCERS if name != "isce2"] + [FULL], indirect=True)
def test_the_contract_is_kept(produced):
    folder, pairs, grid = produced
    assert broken(folder, pairs, grid) == []


@pytest.mark.parametrize("produced", KNOWN_TRUTH, indirect=True)
def test_sunk_ground_and_ground_above_the_dem_have_their_signs(produced, request):
    folder, _, _ = produced
    name = request.node.callspec.params["produced"]
    about = read_json(folder / "ifg" / f"{PAIR}.json")
    unwrapped = raster.read(folder / "ifg" / f"{PAIR}.unw_rad.tif", GRID).astype(float)
    x, y = products.places()
    away, above = truth(x, y)
    inside = ~products.hole(x, y) & np.isfinite(unwrapped)
    assert inside.mean() > 0.97  # the hole has 20 of 1200 cells
    # Bilinear on cells of up to 110 m: an eighth of the curvature of a bowl 600 m wide in each direction, 0.02 rad, and GDAL
    # places to an eighth of a cell; beside the hole its neighbours decide alone. Constants differ by design.
    far = inside & ~((np.abs(x - 521000) < 400) & (np.abs(y - 3205400) < 350))
    off = (unwrapped - products.phase(x, y))[far]
    assert np.abs(off - np.median(off)).max() < 0.06
    # Sunk ground: away from the satellite, negative line of sight.
    los = -about["wavelength_m"] / (4 * np.pi) * (unwrapped - np.median(off) - 0.3)
    middle = np.unravel_index(away.argmax(), away.shape)
    assert los[middle] == pytest.approx(-away.max(), abs=3e-4)
    # Ground above the DEM: DESIGN's formula with the engine's own baseline and geometry gives its height back.
    if name == "files-custom":
        assert about["bperp_m"] is None
        return
    assert about["bperp_m"] == pytest.approx(seen().bperp_m, abs=0.1)  # curvature between two ways to measure it
    top = np.unravel_index(above.argmax(), above.shape)
    # (the slant range is a sphere's, 2 % off)
    distance, incidence = (
        raster.read(folder / "geometry" / f"{layer}.tif", GRID) for layer in ("slant_range_m", "incidence_deg")
    )
    leaves = 4 * np.pi / about["wavelength_m"] * about["bperp_m"] / (distance * np.sin(np.radians(incidence)))[top]
    height = -(unwrapped[top] - np.median(off) - 0.3) / leaves
    assert height == pytest.approx(above.max(), rel=0.06)


@pytest.mark.parametrize("produced", KNOWN_TRUTH, indirect=True)
def test_the_geometry_is_the_product_s_own(produced, request):
    folder, _, _ = produced
    los = [raster.read(folder / "geometry" / f"los_{axis}.tif", GRID)[15, 20] for axis in ("east", "north", "up")]
    heading = raster.read(folder / "geometry/heading_deg.tif", GRID)[15, 20]
    own = request.node.callspec.params["produced"] not in (
        "files-gamma",
        "files-custom",
    )  # 350 degrees are configured there
    # 0.2 degrees between the zero-Doppler direction and a right angle to the heading, from which SNAP's vector is made
    np.testing.assert_allclose(los, [seen().east, seen().north, seen().up], atol=4e-3 if own else 0.02)
    assert abs(heading - seen().heading_deg) < (0.3 if own else 3)
    assert los[0] < 0  # the satellite of an ascending track that looks right stands in the west


@pytest.mark.parametrize("produced", ["files-licsar", "files-aria", "hyp3-burst", "snap"], indirect=True)
def test_the_record_tells_what_the_product_knows(produced, request):
    folder, _, _ = produced
    name = request.node.callspec.params["produced"]
    about = read_json(folder / "ifg" / f"{PAIR}.json")
    assert [utc[:16] for utc in about["utc"]] == ["2019-03-06T11:13", "2019-03-18T11:13"]
    # Only LiCSAR and SNAP deliver an unfiltered wrapped phase; the others' is the unwrapped one, with its level.
    assert about["free_level"] is (name in ("files-aria", "hyp3-burst"))
    components = np.unique(raster.read(folder / "ifg" / f"{PAIR}.conncomp.tif", GRID))
    assert list(components) == ([0, 1, 2] if name in ("files-aria", "hyp3-burst") else [0, 1])
    bands = raster.read_all(folder / "ifg" / f"{PAIR}.wrapped_rad.tif", GRID)
    different = np.nanmax(np.abs(np.angle(np.exp(1j * (bands[0] - bands[1])))))
    if name == "files-licsar":
        assert different == pytest.approx(0.2, abs=0.02) and "unfiltered" not in str(about["absent"])
    elif name == "snap":
        assert (
            about["coherence_looks"] >= 40 and about["engine_version"] == "13.0.4" and about["filter"]["alpha"] == 0.5
        )
    else:
        assert different == 0 and "unfiltered phase" in str(about["absent"])


def spoil(folder: Path, what: str) -> None:
    """Break one promise of a folder that keeps them all."""
    ifg, geometry = folder / "ifg", folder / "geometry"

    def change(path: Path, layer: str, how, grid: RegionGrid = GRID, tags=None) -> None:
        raster.write(path, how(raster.read_all(path)), grid, layer, tags)

    if what == "missing":
        (ifg / f"{PAIR}.cor.tif").unlink()
    elif what == "grid":
        shifted = RegionGrid(GRID.epsg, GRID.west + 10, GRID.north, GRID.cell_m, GRID.rows, GRID.cols)
        change(ifg / f"{PAIR}.cor.tif", "cor", lambda a: a, shifted)
    elif what == "layer":
        change(ifg / f"{PAIR}.cor.tif", "mean_coherence", lambda a: a)
    elif what == "range":
        change(ifg / f"{PAIR}.cor.tif", "cor", lambda a: 2 * a)
    elif what == "void":
        change(ifg / f"{PAIR}.cor.tif", "cor", lambda a: np.nan * a)
    elif what == "congruence":
        change(ifg / f"{PAIR}.unw_rad.tif", "unw_rad", lambda a: a + 0.5)
    elif what == "cycles":
        change(ifg / f"{PAIR}.unw_rad.tif", "unw_rad", lambda a: a + 4 * np.pi)
    elif what == "components":
        (ifg / f"{PAIR}.conncomp.tif").unlink()
    elif what == "key":
        about = read_json(ifg / f"{PAIR}.json")
        del about["bperp_m"]
        (ifg / f"{PAIR}.json").write_text(json.dumps(about))
    elif what == "type":
        (ifg / f"{PAIR}.json").write_text(json.dumps(read_json(ifg / f"{PAIR}.json") | {"wavelength_m": "5.5 cm"}))
    elif what == "dates":
        (ifg / f"{PAIR}.json").write_text(
            json.dumps(read_json(ifg / f"{PAIR}.json") | {"dates": ["20190306", "20190330"]})
        )
    elif what == "looks":
        (ifg / f"{PAIR}.json").write_text(json.dumps(read_json(ifg / f"{PAIR}.json") | {"coherence_looks": 9.0}))
    elif what == "unit vector":
        change(geometry / "los_east.tif", "los_east", lambda a: 0.9 * a)
    elif what == "incidence":
        change(geometry / "incidence_deg.tif", "incidence_deg", lambda a: a + 1)
    elif what == "heading":
        change(geometry / "heading_deg.tif", "heading_deg", lambda a: (a + 180) % 360)
    elif what == "codes":
        change(geometry / "layover_shadow.tif", "layover_shadow", lambda a: a + 8)


@pytest.fixture(scope="module")
def kept(tmp_path_factory):
    return snap_engine(tmp_path_factory.mktemp("kept"), Path())[0]


@pytest.mark.parametrize(
    ("what", "words"),
    [
        ("missing", r"cor\.tif: does not exist"),
        ("grid", r"cor\.tif: .*origin \(519010\.0"),
        ("layer", r"cor\.tif: is tagged mean_coherence in 1, not cor"),
        ("range", r"cor\.tif: values from 1\.4 to 1\.4, outside 0 to 1"),
        ("void", r"cor\.tif: holds no valid cell"),
        ("congruence", r"unw_rad\.tif: differs from the filtered phase by up to 0\.5"),
        ("components", r"unwrapped phase and components go together"),
        ("key", r"json: has no key bperp_m"),
        ("type", r"json: wavelength_m is '5\.5 cm'"),
        ("dates", r"json: dates are \['20190306', '20190330'\], its name says 20190306_20190318"),
        ("looks", r"json: coherence over 9\.0 looks, at least 40"),
        ("unit vector", r"los_up\.tif: the line of sight is no unit vector, by up to 0\.0"),
        ("incidence", r"incidence_deg\.tif: disagrees with los_up, by up to 1\.0"),
        ("heading", r"heading_deg\.tif: disagrees with los_east and los_north, by up to 180"),
        ("codes", r"layover_shadow\.tif: (codes|values)"),
    ],
)
def test_each_broken_promise_is_found(kept, tmp_path, what, words):
    import shutil

    folder = tmp_path / "spoiled"
    shutil.copytree(kept, folder)
    spoil(folder, what)
    assert re.search(words, broken(folder, [PAIR], GRID)[0])


def test_whole_cycles_are_no_fault(kept, tmp_path):
    import shutil

    shutil.copytree(kept, tmp_path / "cycles")
    spoil(tmp_path / "cycles", "cycles")
    assert broken(tmp_path / "cycles", [PAIR], GRID) == []

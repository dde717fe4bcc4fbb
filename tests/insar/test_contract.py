"""One contract for all engines: what each delivers keeps it, with the signs of sunk ground and of ground above the DEM."""

import json
import re
import shutil
from pathlib import Path

import numpy as np
import pytest

from sarslide.grid import RegionGrid
from sarslide.io import raster
from sarslide.io.sidecar import read_json
from tests.support import engine_products as products
from tests.support.contract_check import broken
from tests.support.engine_products import GRID, PAIR, seen, truth
from tests.support.engine_runs import PRODUCERS, snap_engine

KNOWN_TRUTH = [name for name in PRODUCERS if name not in ("native", "isce2")]  # those have their own sign tests on SLCs
ONE_LEVEL = ("files-aria", "files-nisar", "hyp3-burst")  # with components
FULL = pytest.param("isce2", marks=pytest.mark.full)


@pytest.fixture
def produced(request, tmp_path, region):
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
    # Ground above the DEM: by the formula of docs/concepts/signs.md, the engine's baseline and geometry give its height back.
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


@pytest.mark.parametrize("produced", ["files-licsar", "files-aria", "files-nisar", "hyp3-burst", "snap"], indirect=True)
def test_the_record_tells_what_the_product_knows(produced, request):
    folder, _, _ = produced
    name = request.node.callspec.params["produced"]
    about = read_json(folder / "ifg" / f"{PAIR}.json")
    assert [utc[:16] for utc in about["utc"]] == ["2019-03-06T11:13", "2019-03-18T11:13"]
    # Only LiCSAR and SNAP deliver an unfiltered wrapped phase; the others' is the unwrapped one, with its level.
    assert about["free_level"] is (name in ONE_LEVEL)
    components = np.unique(raster.read(folder / "ifg" / f"{PAIR}.conncomp.tif", GRID))
    assert list(components) == ([0, 1, 2] if name in ONE_LEVEL else [0, 1])
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
        ("dates", r"json: dates are \['20190306', '20190330'\], in its name stands 20190306_20190318"),
        ("looks", r"json: coherence over 9\.0 looks, at least 40"),
        ("unit vector", r"los_up\.tif: the line of sight is no unit vector, by up to 0\.0"),
        ("incidence", r"incidence_deg\.tif: disagrees with los_up, by up to 1\.0"),
        ("heading", r"heading_deg\.tif: disagrees with los_east and los_north, by up to 180"),
        ("codes", r"layover_shadow\.tif: (codes|values)"),
    ],
)
def test_each_broken_promise_is_found(kept, tmp_path, what, words):
    folder = tmp_path / "spoiled"
    shutil.copytree(kept, folder)
    spoil(folder, what)
    assert re.search(words, broken(folder, [PAIR], GRID)[0])


def test_whole_cycles_are_no_fault(kept, tmp_path):
    shutil.copytree(kept, tmp_path / "cycles")
    spoil(tmp_path / "cycles", "cycles")
    assert broken(tmp_path / "cycles", [PAIR], GRID) == []

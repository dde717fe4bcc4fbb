"""Engine snap without SNAP: how gpt and SNAPHU are called, what is made of their failures, what of their products."""

import os
import stat
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import rasterio

from sarslide.errors import InterferogramError, ProcessorError
from sarslide.insar.external.pair import PairMetadata
from sarslide.insar.native.surface import read_surface
from sarslide.insar.snap import gpt as snap
from sarslide.insar.snap import plan as snap_plan
from sarslide.insar.snap import product as snap_product
from sarslide.insar.snap.graph import DEM_VOID, Settings, SnapAcquisition
from sarslide.sentinel1.safe import open_scene
from tests.support import engine_products as products
from tests.support.engine_products import GRID, PAIR, STACK
from tests.support.point_targets import simulate_point_targets

# Stands in for gpt: notes how it was called and does what the file `play.py` holds with the graph's name.
GPT = """#!{python}
import json, pathlib, sys
here = pathlib.Path("{folder}")
(here / "calls").open("a").write(json.dumps(sys.argv[1:]) + "\\n")
if sys.argv[1] == "--diag":
    print("SNAP Release version 13.0.4\\nSNAP home: /opt/snap")
    sys.exit()
graph = pathlib.Path(sys.argv[1])
exec((here / "play.py").read_text())
"""
SNAPHU = """#!{python}
import pathlib, sys
(pathlib.Path("{folder}") / "calls").open("a").write(" ".join(sys.argv[1:]) + "\\n")
wrapped = pathlib.Path(sys.argv[3]).read_bytes()
pathlib.Path("UnwPhase.snaphu.img").write_bytes(wrapped{cut})
"""
CONF = """# CONFIG FOR SNAPHU
# -----------------------------------------------------------
# Command to call snaphu:
#
#       snaphu -f snaphu.conf Phase.snaphu.img 40
#############################################
OUTFILE \t\tUnwPhase.snaphu.img
"""


@pytest.fixture
def machine(tmp_path):
    """Stand-ins for gpt and SNAPHU; `tmp_path/play.py` is what gpt does."""
    folder = tmp_path / "bin"
    folder.mkdir()
    for name, text in (("gpt", GPT), ("snaphu", SNAPHU)):
        path = folder / name
        path.write_text(text.format(python=sys.executable, folder=tmp_path, cut=""))
        path.chmod(path.stat().st_mode | stat.S_IXUSR)
    (tmp_path / "play.py").write_text("")
    snap._version.cache_clear()
    return snap.Machine(str(folder / "gpt"), str(folder / "snaphu"), memory_gb=6, threads=3, limit_s=60)


SETTINGS = Settings({"IW2": False}, "VV", "POLYGON ((1 2, 3 4, 1 2))", Path("/dem.tif"), 20, 5, 8, 2)
DATE = SnapAcquisition((Path("/data/a.zip"),), "POEORB")


def play(tmp_path, make):
    """gpt copies prepared products to where the graph's Write names."""
    ready = tmp_path / "ready"
    make(ready)
    (tmp_path / "play.py").write_text(f"""
import re, shutil
target = pathlib.Path(re.findall("<file>([^<]+)</file>", graph.read_text())[-1])
name = "geocoded" if target.name != "unfiltered.dim" else "unfiltered"
shutil.copytree("{ready}/" + name + ".data", target.with_suffix(".data"))
text = pathlib.Path("{ready}/" + name + ".dim").read_text()
target.write_text(text.replace(name + ".data", target.stem + ".data"))
""")


def test_gpt_is_called_with_memory_cache_threads_and_tiles(machine, tmp_path):
    play(tmp_path, products.snap)
    out = snap.interferogram(tmp_path / "work", DATE, DATE, SETTINGS, machine, tmp_path / "snap.log")
    assert out == tmp_path / "work/ifg.dim" and out.is_file()
    (call,) = (tmp_path / "calls").read_text().splitlines()
    assert call == (
        f'["{tmp_path}/work/interferogram.xml", "-q", "3", "-c", "3G", "-J-Xmx6G", "-J-Dsnap.jai.defaultTileSize=512"]'
    )
    assert machine.version(tmp_path / "snap.log") == "13.0.4"
    assert "interferogram.xml" in (tmp_path / "snap.log").read_text()


@pytest.mark.parametrize(
    ("text", "limit_s", "words"),
    [
        (
            "print('Error: [NodeId: Split-IW2] no burst'); sys.exit(1)",
            60,
            r"gpt in .*status 1 \(Error: \[NodeId: Split-IW2\] no burst",
        ),
        ("", 60, r"SNAP: .*ifg\.dim: does not exist"),
        (
            "import time; time.sleep(60)",
            0.5,
            r"gpt in .*: not done after .* minutes; cure: see .*or raise snap\.step_limit_min",
        ),
    ],
)
def test_failures_of_gpt_are_one_coded_line(machine, tmp_path, text, limit_s, words):
    (tmp_path / "play.py").write_text(text)
    slow = snap.Machine(machine.gpt, machine.snaphu, 6, 3, limit_s)
    with pytest.raises(ProcessorError, match=rf"E3009 {words}") as caught:
        snap.interferogram(tmp_path / "work", DATE, DATE, SETTINGS, slow, tmp_path / "snap.log")
    assert "\n" not in str(caught.value)


def test_a_product_that_is_cut_is_not_accepted(machine, tmp_path):
    def make(folder):
        products.snap(folder)
        image = next((folder / "geocoded.data").glob("q_ifg*.img"))
        image.write_bytes(image.read_bytes()[:-100])

    play(tmp_path, make)
    with pytest.raises(ProcessorError, match=r"E3009 SNAP: .*q_ifg.*\.img has 12380 bytes, 12480 are expected"):
        snap.interferogram(tmp_path / "work", DATE, DATE, SETTINGS, machine, tmp_path / "snap.log")


def test_a_repeated_step_starts_anew(machine, tmp_path):
    left = tmp_path / "work/ifg.data/left_over"
    left.parent.mkdir(parents=True)
    left.touch()
    (tmp_path / "work/ifg.dim").write_text("half")
    play(tmp_path, products.snap)
    snap.interferogram(tmp_path / "work", DATE, DATE, SETTINGS, machine, tmp_path / "snap.log")
    assert not left.exists()


def exported(folder: Path, header: bool = True) -> Path:
    place = folder / "filtered"
    place.mkdir(parents=True)
    (place / "snaphu.conf").write_text(CONF)
    (place / "Phase.snaphu.img").write_bytes(b"1234" * 100)
    if header:
        (place / "UnwPhase.snaphu.hdr").write_text("ENVI")
    return folder


def test_snaphu_is_called_as_snap_says(machine, tmp_path):
    header = snap.run_snaphu(exported(tmp_path / "snaphu"), machine, tmp_path / "snap.log")
    assert header == tmp_path / "snaphu/filtered/UnwPhase.snaphu.hdr"
    assert (tmp_path / "calls").read_text() == "-f snaphu.conf Phase.snaphu.img 40\n"


@pytest.mark.parametrize(
    ("cut", "spoil", "words"),
    [
        ("[:-4]", lambda f: None, r"UnwPhase\.snaphu\.img: SNAPHU did not write it whole"),
        (
            "",
            lambda f: (f / "filtered/UnwPhase.snaphu.hdr").unlink(),
            r"UnwPhase\.snaphu\.hdr: SnaphuExport did not write it",
        ),
        ("", lambda f: (f / "filtered/snaphu.conf").unlink(), r"SnaphuExport wrote 0 files snaphu\.conf"),
        ("", lambda f: (f / "filtered/snaphu.conf").write_text("OUTFILE x\n"), "does not tell how SNAPHU is called"),
    ],
)
def test_failures_of_the_unwrapping(machine, tmp_path, cut, spoil, words):
    path = Path(machine.snaphu)
    path.write_text(SNAPHU.format(python=sys.executable, folder=tmp_path, cut=cut))
    folder = exported(tmp_path / "snaphu")
    spoil(folder)
    with pytest.raises(ProcessorError, match=rf"E3009 .*{words}; cure: see"):
        snap.run_snaphu(folder, machine, tmp_path / "snap.log")


def test_unwrapping_and_geocoding_from_end_to_end(machine, tmp_path):
    play(tmp_path, products.snap)
    work, log_path = tmp_path / "work", tmp_path / "snap.log"
    snap.interferogram(work, DATE, DATE, SETTINGS, machine, log_path)
    copy = (tmp_path / "play.py").read_text()
    (tmp_path / "play.py").write_text(f"""
if graph.name == "export.xml":
    import re
    place = pathlib.Path(re.search("<targetFolder>([^<]+)", graph.read_text())[1]) / "filtered"
    place.mkdir()
    (place / "snaphu.conf").write_text({CONF!r})
    (place / "Phase.snaphu.img").write_bytes(b"1234" * 100)
    (place / "UnwPhase.snaphu.hdr").write_text("ENVI")
else:
{"".join("    " + line + chr(10) for line in copy.splitlines())}
""")
    header = snap.unwrap(work, 0.5, 32, machine, log_path)
    raw, whole = snap.geocode(work, header, Path("/dem.tif"), GRID, machine, log_path)
    made = snap_product.ingest(whole, raw, PAIR, GRID, PairMetadata())
    assert np.isfinite(made.unwrapped_rad).mean() > 0.9
    graph = (work / "geocoding.xml").read_text()
    assert str(header) in graph and "<useAdaptiveAlpha>" not in (work / "filtering.xml").read_text()


def test_the_workflow_says_at_once_that_snap_is_absent(tmp_path, repository):
    command = [
        str(Path(sys.executable).parent / "snakemake"), "-n", "-q", "--cores", "1", "--snakefile", str(repository / "Snakefile"),
        "--directory", str(tmp_path), "--config", "region=valley", "engine=snap",
    ]  # fmt: skip
    run = subprocess.run(command, capture_output=True, text=True, env=os.environ | {"PATH": "/nowhere"})
    assert run.returncode == 1
    assert "E3009 engine snap: 'gpt' is not found; cure: install ESA SNAP 9 or later" in run.stderr


def test_the_workflow_plans_snap_s_steps(machine, tmp_path, repository):
    command = [
        str(Path(sys.executable).parent / "snakemake"), "-n", "--cores", "1", "--snakefile", str(repository / "Snakefile"),
        "--directory", str(tmp_path), "--config", "region=valley", "engine=snap", "simulation={dates: 3}", "stacks=[A128]",
        f"snap={{gpt: {machine.gpt}, snaphu: {machine.snaphu}}}",
    ]  # fmt: skip
    run = subprocess.run(command, capture_output=True, text=True)
    assert run.returncode == 0, run.stderr
    for rule in ("snap_dem", "snap_interferogram", "snap_unwrap", "snap_geocode", "snap_ingest", "snap_geometry"):
        assert f"rule {rule}:" in run.stdout
    assert "rule unwrap" not in run.stdout


@pytest.mark.parametrize(
    ("how", "words"),
    [
        ({"days": "06Mar2019_30Mar2019"}, "is of 20190306 and 20190330, not of 20190306_20190318"),
        ({"unit": "m"}, r"unwrapped phase is in m; cure: give unwrapped phase in radians"),
    ],
)
def test_products_of_other_dates_or_units(tmp_path, how, words):
    products.snap(tmp_path, **how)
    with pytest.raises(InterferogramError, match=rf"E3007 .*geocoded\.dim: .*{words}"):
        snap_product.ingest(tmp_path / "geocoded.dim", tmp_path / "unfiltered.dim", PAIR, GRID, PairMetadata())


def without(name):
    def spoil(folder):
        text = (folder / "geocoded.dim").read_text()
        (folder / "geocoded.dim").write_text(text.replace(name, "other"))

    return spoil


def empty(folder):
    image = next((folder / "geocoded.data").glob("Unw*.img"))
    image.write_bytes(bytes(image.stat().st_size))


@pytest.mark.parametrize(
    ("spoil", "words"),
    [
        (lambda f: (f / "geocoded.dim").unlink(), r"geocoded\.dim: does not exist"),
        (lambda f: (f / "geocoded.dim").write_text("<a>"), r"geocoded\.dim: is no readable XML"),
        (without("Unw_Phase_ifg"), r"has 0 bands Unw_Phase_ifg\*"),
        (without("IMAGE_TO_MODEL_TRANSFORM"), "is not geocoded"),
        (lambda f: next((f / "unfiltered.data").glob("coh*.img")).unlink(), r"coh.*\.img: does not exist"),
        (empty, "no cell of the region"),
    ],
)
def test_products_that_are_refused(tmp_path, spoil, words):
    products.snap(tmp_path)
    spoil(tmp_path)
    with pytest.raises(InterferogramError, match=rf"E3007 .*{words}.*; cure: \w+") as caught:
        snap_product.ingest(tmp_path / "geocoded.dim", tmp_path / "unfiltered.dim", PAIR, GRID, PairMetadata())
    assert "\n" not in str(caught.value)


def test_the_sign_follows_the_order_of_snap_s_dates(tmp_path):
    products.snap(tmp_path / "a")
    products.snap(tmp_path / "b", days="18Mar2019_06Mar2019")
    straight, turned = (
        snap_product.ingest(
            tmp_path / one / "geocoded.dim", tmp_path / one / "unfiltered.dim", PAIR, GRID, PairMetadata()
        )
        for one in "ab"
    )
    np.testing.assert_array_equal(straight.unwrapped_rad, -turned.unwrapped_rad)
    np.testing.assert_allclose(straight.wrapped_rad, -turned.wrapped_rad)
    assert straight.metadata.bperp_m == pytest.approx(
        turned.metadata.bperp_m, rel=1e-3
    )  # Ref_ and Secondary_ change places too


def test_plan_and_dem_of_a_simulated_pair(tmp_path):
    """Swaths and orbits of real product files; the DEM keeps its heights by longitude and latitude."""
    from pyproj import Transformer

    lon, lat = Transformer.from_crs(32647, 4326, always_xy=True).transform(*(a.ravel() for a in products.places()))
    folder = tmp_path / "slc"
    simulate_point_targets(folder, STACK, "20190306", lon[::100], lat[::100], np.full(lon[::100].size, 3000.0), 300.0)
    dem = products.write_dem(tmp_path)
    scene = open_scene(folder, STACK)
    swaths = snap_plan.swaths(scene, scene, read_surface(dem), GRID)
    assert set(swaths) == {"IW2"} and isinstance(swaths["IW2"], bool)
    assert snap.orbit_kind(scene.orbit.source) == "POEORB" and snap.orbit_kind("annotation") == ""
    (placed,) = snap.place_orbits(folder, tmp_path / "aux")
    eof = next(folder.glob("*.EOF"))
    assert placed == tmp_path / "aux/Orbits/Sentinel-1/POEORB/S1A/2019/03" / eof.name
    assert placed.read_bytes() == eof.read_bytes()
    wkt = snap_plan.outline(GRID)
    corners = [tuple(map(float, part.split())) for part in wkt.removeprefix("POLYGON ((").removesuffix("))").split(",")]
    assert (
        corners[0] == corners[-1] and min(x for x, _ in corners) < lon.min() and max(y for _, y in corners) > lat.max()
    )
    snap_plan.write_dem(dem, tmp_path / "degrees.tif")
    with rasterio.open(tmp_path / "degrees.tif") as source:
        assert source.crs.to_epsg() == 4326 and source.nodata == DEM_VOID
        heights = np.array([value[0] for value in source.sample(zip(lon, lat, strict=True))])
    np.testing.assert_allclose(heights, 3000, atol=0.01)

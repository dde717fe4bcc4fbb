"""Engine isce2 without ISCE2: how its commands are called, what is made of their failures, its DEM, its grid."""

import fcntl
import os
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
import rasterio
from defusedxml import ElementTree

from sarsim import geometry as sim_geometry
from sarslide.constants import SPEED_OF_LIGHT
from sarslide.errors import ConfigError, CoverageError, ProcessorError, SafeError
from sarslide.grid import RegionGrid
from sarslide.insar.isce2 import topsstack as isce2
from sarslide.insar.isce2.dem import write_dem
from sarslide.insar.isce2.plan import DatePlan, box_of, footprint, plan_date, swaths_of
from sarslide.insar.isce2.product import isce_version, read_swaths
from sarslide.insar.native.surface import Surface
from sarslide.sentinel1.safe import open_scene
from tests.support.isce2_runs import stand_ins
from tests.support.point_targets import simulate_point_targets

REGION = RegionGrid(32647, 517500, 3208000, 30, 40, 50)
DATES = ("20190306", "20190318")
PRODUCT = """<productmanager_name><component name="instance"><component name="bursts">{bursts}</component></component>
</productmanager_name>"""
BURST = """<component name="burst{n}"><factoryname>BurstSLC</factoryname>
<property name="burstnumber"><value>{n}</value></property><property name="numberoflines"><value>{lines}</value></property>
<property name="numberofsamples"><value>{samples}</value></property>
<property name="startingrange"><value>850000.0</value></property>
<property name="rangepixelsize"><value>2.5</value></property></component>"""


def write_product(folder: Path, bursts: int, lines: int, samples: int) -> None:
    """IW2.xml of ISCE2, with as much as the engine reads."""
    folder.mkdir(parents=True, exist_ok=True)
    text = "".join(BURST.format(n=n + 1, lines=lines, samples=samples) for n in range(bursts))
    (folder / "IW2.xml").write_text(PRODUCT.format(bursts=text))


def test_the_reference_is_the_first_date_or_the_pinned_one():
    assert isce2.reference_date("A128", ["20190306", "20190318"], None) == "20190306"
    assert isce2.reference_date("A128", ["20190306", "20190318"], "20190318") == "20190318"
    with pytest.raises(ConfigError, match=r"isce2.reference.A128 = 20190401 is not a date.*20190306, 20190318"):
        isce2.reference_date("A128", ["20190306", "20190318"], "20190401")


def test_a_date_needs_the_reference_and_no_other():
    first, second = DATES
    assert isce2.steps_before("topo", first, first) == [(first, "unpack")]
    assert isce2.steps_before("unpack", second, first) == [(second, "prepare")]
    assert isce2.steps_before("geo2rdr", second, first) == [(second, "unpack"), (first, "topo")]
    assert isce2.steps_before("resample", second, first) == [(second, "geo2rdr")]
    assert isce2.last_step(first, first) == f"{first}/topo.json" and isce2.last_step(second, first).endswith(
        "resample.json"
    )
    with pytest.raises(ConfigError, match="20190318 has no step topo"):
        isce2.steps_before("topo", second, first)


def test_commands_that_are_absent_are_named(monkeypatch, tmp_path):
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.delenv("ISCE_STACK", raising=False)
    with pytest.raises(
        ProcessorError, match=r"E3009 engine isce2: stackSentinel.py, SentinelWrapper.py not found; cure: .*conda"
    ):
        isce2.commands()
    stand_ins(tmp_path / "topsStack")
    monkeypatch.setenv("ISCE_STACK", str(tmp_path))
    assert isce2.commands()["stackSentinel.py"] == tmp_path / "topsStack/stackSentinel.py"
    assert isce2.environment()["PYTHONPATH"].split(os.pathsep)[:2] == [str(tmp_path), str(tmp_path / "topsStack")]


def test_the_workflow_says_at_once_that_isce2_is_absent(tmp_path, repository):
    command = [
        str(Path(sys.executable).parent / "snakemake"), "-n", "-q", "--cores", "1", "--snakefile", str(repository / "Snakefile"),
        "--directory", str(tmp_path), "--config", "engine=isce2",
    ]  # fmt: skip
    environment = {k: v for k, v in os.environ.items() if k != "ISCE_STACK"} | {"PATH": "/nowhere"}
    run = subprocess.run(command, capture_output=True, text=True, env=environment)
    assert run.returncode == 1
    assert "E3009 engine isce2: stackSentinel.py, SentinelWrapper.py not found; cure: install ISCE2" in run.stderr


@pytest.fixture
def prepared(tmp_path, monkeypatch):
    """Work folder of a secondary date, prepared by stand-ins for ISCE2's commands."""
    stand_ins(tmp_path / "bin")
    monkeypatch.setenv("PATH", f"{tmp_path / 'bin'}:/usr/bin:/bin")
    work = tmp_path / "work" / DATES[1]
    work.mkdir(parents=True)
    (work / "left_over").mkdir()
    for name in ("a.SAFE", "b.zip", "a.EOF", "b.EOF"):
        (tmp_path / name).write_text("")
    plan = DatePlan(
        DATES[0], DATES[1], DATES[0], (tmp_path / "b.zip", tmp_path / "a.SAFE"), (tmp_path / "a.EOF", tmp_path / "b.EOF"),
        (1, 2), (-10.5, -10.0, 99.0, 99.25), "VV",
    )  # fmt: skip
    isce2.prepare(work, plan, tmp_path / "work/dem.wgs84", tmp_path / "prepare.log", 60)
    write_product(work.parent / DATES[0] / "reference", 1, 32, 40)
    return work


def test_what_topsstack_is_told(prepared):
    arguments = (prepared / "arguments").read_text().splitlines()
    options = dict(zip(arguments[::2], arguments[1::2], strict=True))
    assert options["--coregistration"] == "geometry" and options["--reference_date"] == DATES[0]
    assert options["--bbox"] == "-10.500000 -10.000000 99.000000 99.250000" and options["--swath_num"] == "1 2"
    assert options["--include_dates"] == "20190318,20190306" and options["--polarization"] == "vv"
    products = (prepared / "safes.txt").read_text().splitlines()
    assert [Path(product).name for product in products] == ["b.zip", "a.SAFE"] and Path(products[0]).is_absolute()
    assert {path.name for path in (prepared / "orbits").iterdir()} == {"a.EOF", "b.EOF"}
    assert os.readlink(prepared / "reference") == f"../{DATES[0]}/reference"
    assert os.readlink(prepared / "dem.wgs84.xml").endswith("work/dem.wgs84.xml")
    assert not (prepared / "left_over").exists()


def run(prepared, step, code, limit_s=60.0):
    names = {"unpack": "unpack_secondary_slc", "geo2rdr": "fullBurst_geo2rdr", "resample": "fullBurst_resample"}
    (prepared / "configs" / names[step]).write_text(f"import numpy as np, os, pathlib, time\n{code}\n")
    return isce2.run_step(step, prepared, DATES[1], DATES[0], prepared.parents[1] / f"{step}.log", limit_s)


OFFSETS = """
folder = pathlib.Path("coreg_secondarys/20190318/IW2")
folder.mkdir(parents=True, exist_ok=True)
for name in ("range", "azimuth"):
    np.full((32, 40), {value}, np.float32)[:{lines}].tofile(folder / f"{{name}}_01.off")
"""


def test_a_step_delivers_its_files(prepared):
    files = run(prepared, "geo2rdr", OFFSETS.format(value=0.5, lines=32))
    assert files == {f"coreg_secondarys/20190318/IW2/{name}_01.off": 32 * 40 * 4 for name in ("range", "azimuth")}


@pytest.mark.parametrize(
    "step, code, printed",
    [
        ("unpack", "pass", "isce2 unpack of 20190318: no burst of the wanted swaths"),
        ("geo2rdr", "pass", "no burst in common with the reference date"),
        ("geo2rdr", OFFSETS.format(value=0.5, lines=20), "range_01.off has 3200 bytes, 5120 are expected"),
        ("geo2rdr", OFFSETS.format(value=-1e6, lines=32), "range_01.off holds no valid sample"),
        ("geo2rdr", OFFSETS.format(value="np.nan", lines=32), "range_01.off holds no valid sample"),
        ("resample", "pass", "no burst was resampled"),
        ("unpack", "print('API open (R): x'); raise ValueError('no orbit')", r"status 1 \(.*ValueError: no orbit\)"),
        ("unpack", "import isceobj_that_is_absent", "No module named 'isceobj_that_is_absent'.*install ISCE2"),
        ("unpack", "print('Bad burst'); os.abort()", "failed with status -6"),
    ],
)
def test_a_step_that_fails_reports_what_isce2_printed(prepared, step, code, printed):
    with pytest.raises(ProcessorError, match=printed) as caught:
        run(prepared, step, code)
    assert "\n" not in str(caught.value) and f"{step}.log" in str(caught.value) or "install ISCE2" in str(caught.value)


def test_files_of_an_earlier_try_do_not_count(prepared):
    run(prepared, "geo2rdr", OFFSETS.format(value=0.5, lines=32))
    slc = "coreg_secondarys/20190318/IW2/burst_01.slc"
    write = f"np.ones((32, 40), np.complex64).tofile('{slc}'); open('{slc}.vrt', 'w').write('x')"
    assert list(run(prepared, "resample", write)) == [slc]
    with pytest.raises(ProcessorError, match="burst_01.slc was not written"):
        run(prepared, "resample", "print('did nothing')")


def test_a_step_that_hangs_is_ended_with_its_children(prepared):
    start_child = "child = subprocess.Popen(['sleep', '60']).pid; open('child', 'w').write(str(child))"
    code = f"import subprocess; {start_child}; time.sleep(60)"
    with pytest.raises(ProcessorError, match="not done after 0.05 minutes.*isce2.step_limit_min"):
        run(prepared, "unpack", code, limit_s=3)
    state = Path(f"/proc/{(prepared / 'child').read_text()}/stat")
    for _ in range(100):
        if not state.exists() or state.read_text().split()[2] == "Z":
            return
        time.sleep(0.1)
    pytest.fail("the child still runs 10 s later")


def test_a_folder_in_which_an_orphan_works_is_left_alone(prepared):
    with open(prepared / isce2.LOCK, "w") as stream:
        fcntl.flock(stream, fcntl.LOCK_EX)
        with pytest.raises(ProcessorError, match="processes of an earlier run are still at work"):
            run(prepared, "geo2rdr", OFFSETS.format(value=0.5, lines=32), limit_s=0.2)


def test_paths_with_blanks_are_refused(prepared, tmp_path):
    plan = DatePlan(DATES[0], DATES[1], DATES[0], (tmp_path / "a.SAFE",), (), (2,), (0, 1, 0, 1), "VV")
    with pytest.raises(ProcessorError, match="my work/20190318: topsStack cannot read paths with blanks"):
        isce2.prepare(tmp_path / "my work" / DATES[1], plan, tmp_path / "dem.wgs84", tmp_path / "log", 60)


def test_the_reference_keeps_what_its_first_step_wrote(prepared):
    folder, log = prepared.parent / DATES[0], prepared.parents[1] / "topo.log"
    for name in ("configs", "run_files"):
        (folder / name).mkdir()
    (folder / "run_files/run_01_unpack_topo_reference").write_text("SentinelWrapper.py -c configs/c\n")
    sizes = repr(isce2.TOPO_RASTERS)
    (folder / "configs/c").write_text(
        "import numpy as np, pathlib, sys\nassert sys.argv[3:] == ['-s', 'Function-2', '-e', 'Function-2']\n"
        "folder = pathlib.Path('geom_reference/IW2'); folder.mkdir(parents=True)\n"
        f"for name, size in {sizes}.items(): np.ones(32 * 40 * size // 8).tofile(folder / f'{{name}}_01.rdr')\n"
    )
    files = isce2.run_step("topo", folder, DATES[0], DATES[0], log, 60)
    assert len(files) == 5 and read_swaths(folder / "reference")[0].bursts[0].samples == 40


def test_product_files_that_are_none(tmp_path):
    (tmp_path / "IW1.xml").write_text("<productmanager_name/>")
    with pytest.raises(ProcessorError, match="IW1.xml: is not a product of ISCE2"):
        read_swaths(tmp_path)
    assert isce_version(tmp_path) == "unknown"


def ridge(x, y):
    return 2500 + 400 * np.sin((x - 517500) / 300) + 0.2 * (y - 3208000)


def surface(margin=3000.0):
    grid = REGION.pad(margin)
    return Surface(ridge(*np.meshgrid(grid.x(), grid.y())), grid)


def test_the_first_coordinate_of_the_dem_is_a_centre(tmp_path):
    from pyproj import Transformer

    ground = surface()
    write_dem(tmp_path / "dem.wgs84", ground, (28.97, 29.01, 99.16, 99.21))
    root = ElementTree.parse(tmp_path / "dem.wgs84.xml").getroot()
    printed = {
        axis: {
            item.get("name"): float(item.findtext("value"))
            for item in root.find(f"component[@name='{axis}']").iter("property")
        }
        for axis in ("coordinate1", "coordinate2")
    }
    x, y = printed["coordinate1"], printed["coordinate2"]
    heights = np.fromfile(tmp_path / "dem.wgs84", "<f4").reshape(int(y["size"]), int(x["size"]))
    lon, lat = (
        x["startingvalue"] + x["delta"] * np.arange(x["size"]),
        y["startingvalue"] + y["delta"] * np.arange(y["size"]),
    )
    assert lat[-1] == pytest.approx(y["endingvalue"], abs=1e-9) and lat[-1] <= 28.97 and lon[-1] >= 99.21
    east, north = Transformer.from_crs(4326, 32647, always_xy=True).transform(*np.meshgrid(lon, lat))
    inside = (np.abs(east - 518250) < 600) & (np.abs(north - 3207400) < 450)
    # The spline through 30 m cells misses this ridge by 0.03 m; half a sample off would be up to 15 m.
    assert inside.sum() > 1000 and np.abs(heights - ridge(east, north))[inside].max() < 0.1
    with rasterio.open(tmp_path / "dem.wgs84.vrt") as source:
        assert source.xy(0, 0) == pytest.approx((lon[0], lat[0]), abs=1e-9)
        np.testing.assert_array_equal(source.read(1), heights)


@pytest.fixture(scope="module", params=["A128", "D062"])
def scene(request, tmp_path_factory):
    """A simulated acquisition of the region, and its true orbit and timing."""
    from pyproj import Transformer

    folder = tmp_path_factory.mktemp("scene")
    x, y = np.meshgrid(REGION.x()[[0, -1]], REGION.y()[[0, -1]])
    lon, lat = Transformer.from_crs(32647, 4326, always_xy=True).transform(x.ravel(), y.ravel())
    _, acquisition = simulate_point_targets(folder, request.param, DATES[0], lon, lat, ridge(x, y).ravel())
    return folder, open_scene(folder, request.param), acquisition


def test_the_dem_holds_the_ground_of_every_sample_at_any_height(scene):
    _, one, acquisition = scene
    ground = surface()
    south, north, west, east = footprint(one, box_of(ground, REGION), swaths_of(one, ground, REGION), 3500.0)
    for burst, start in zip(one.bursts, acquisition.burst_starts, strict=True):
        lines = np.array([0, 0, burst.lines - 1, burst.lines - 1]) * burst.line_interval_s
        slant_time = burst.range_time_s + np.array([0, burst.samples - 1] * 2) / burst.range_sampling_hz
        for height in (-500.0, 3500.0):
            corners = sim_geometry.locate(
                acquisition.arc, start + lines, slant_time * SPEED_OF_LIGHT / 2, height, acquisition.track.center
            )
            lon, lat, _ = sim_geometry.to_geodetic(corners)
            assert (lat > south).all() and (lat < north).all() and (lon > west).all() and (lon < east).all()
    assert north - south < 1 and east - west < 1


def test_the_swaths_are_those_that_see_the_region(scene, tmp_path):
    folder, one, _ = scene
    ground = surface()
    assert swaths_of(one, ground, REGION) == (2,)
    plan = plan_date(DATES[0], {DATES[0]: folder, DATES[1]: folder}, dict.fromkeys(DATES, one), ground, REGION, "")
    assert len(plan.products) == 2 and plan.products[0].suffix == ".SAFE" and plan.orbits[0].suffix == ".EOF"
    away = RegionGrid(32647, 617500, 3208000, 30, 40, 50)
    with pytest.raises(CoverageError, match="E3004 20190306: the region lies outside all 2 bursts"):
        swaths_of(one, Surface(np.full(away.pad(300).shape, 2000.0), away.pad(300)), away)
    with pytest.raises(SafeError, match="reads SAFE folders and zips, not single bursts"):
        plan_date(DATES[0], {DATES[0]: tmp_path, DATES[1]: folder}, dict.fromkeys(DATES, one), ground, REGION, "")

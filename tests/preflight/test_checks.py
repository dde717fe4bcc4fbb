"""Each condition that a preflight looks for gives its code, without a network and without showing a
secret.
"""

import json
import shutil
from collections import namedtuple

import numpy as np
import pytest

from sarslide.catalog import planned, scenes
from sarslide.config import load
from sarslide.grid import RegionGrid
from sarslide.io import raster
from sarslide.preflight import checks, machine, online
from sarslide.preflight.finding import ERROR, GOOD, NOTE, WARNING, Finding, as_json, as_text, errors
from sarslide.retrieve.access import Access
from tests.archive.conftest import _served, acquisitions, archive  # noqa: F401

BOUNDS = [517500, 3206400, 520500, 3210000]
SECRET = "tok3n-that-nobody-sees"


def config(**user):
    return load({"region": "zhongxinrong", "grid": {"bounds": BOUNDS}} | user)


def rows(of):
    return planned.rows(of)


def table(of, listed):
    return scenes.SceneTable(of.stacks, checks.coverage.entering(listed, of.catalog.orbits, of.catalog.gaps))


def the(findings, check):
    return next(one for one in findings if one.check.startswith(check))


@pytest.fixture
def no_netrc(tmp_path, monkeypatch):
    monkeypatch.setenv("NETRC", str(tmp_path / "none"))


def test_a_missing_account(no_netrc):
    (found,) = checks.accounts(config())
    assert (found.level, found.code) == (ERROR, "E2003")


def test_an_account_is_shown_by_its_reference_alone(monkeypatch):
    monkeypatch.setenv("MY_TOKEN", SECRET)
    found = checks.accounts(config(retrieve={"earthdata": "env:MY_TOKEN"}))
    assert found[0].level == GOOD and "env:MY_TOKEN" in found[0].found
    assert SECRET not in as_text(found) + json.dumps(as_json(found))


def test_no_account_is_asked_for_where_nothing_is_downloaded(no_netrc):
    assert checks.accounts(load({"region": "valley"})) == []


def test_the_account_of_era5(tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("MY_TOKEN", SECRET)
    of = config(retrieve={"earthdata": "env:MY_TOKEN"}, rates={"method": "mintpy"}, sbas={"era5": True})
    assert the(checks.accounts(of), "account Copernicus Climate").code == "E2003"


@pytest.mark.parametrize("path", ["/nowhere/map.gpkg", "$SARSLIDE_NOT_SET/map.gpkg"])
def test_a_named_file_that_is_not_there(path):
    (found,) = checks.inputs(config(lithology={"file": path}))
    assert (found.level, found.code) == (ERROR, "E1001")


def test_labels_are_only_noted(monkeypatch):
    monkeypatch.delenv("SARSLIDE_CALIFORNIA", raising=False)
    found = checks.inputs(load({"region": "california"}))
    assert {(one.level, one.code) for one in found} == {(NOTE, "E1001")}


def test_a_track_elsewhere():
    found = checks.tracks(config(stacks=["A099", "D115"]))
    assert the(found, "track A099").level == GOOD
    assert (the(found, "track D115").level, the(found, "track D115").code) == (ERROR, "E3004")


def test_no_scene_at_all():
    of = config()
    found = checks.acquisitions(of, table(of, []), [])
    assert {one.code for one in found} == {"E1008"} and len(errors(found)) == 2


def test_dates_without_orbit():
    of, listed = config(), rows(config())
    for row in listed[:2]:
        row["orbit_file"] = ""
    found = the(checks.acquisitions(of, table(of, listed), listed), "orbits A099")
    assert (found.level, found.code) == (WARNING, "E3003") and found.found.startswith("2 of 30")
    for row in listed:
        row["orbit_file"] = ""
    found = the(checks.acquisitions(of, table(of, listed), listed), "orbits A099")
    assert (found.level, found.code) == (ERROR, "E3003")


@pytest.mark.parametrize(("gaps", "words"), [("wait", "wait for bursts"), ("take", "taken without bursts")])
def test_gaps_in_the_burst_matrix(gaps, words):
    of, listed = config(catalog={"gaps": gaps}), rows(config())
    for row in listed:
        row["burst_ids"] = "211001_IW2 211002_IW2"
    assert the(checks.acquisitions(of, table(of, listed), listed), "bursts A099").level == GOOD
    listed[3]["burst_ids"] = "211001_IW2"
    found = the(checks.acquisitions(of, table(of, listed), listed), "bursts A099")
    assert (found.level, found.code) == (WARNING, "E3004")
    assert words in found.found and listed[3]["date"] in found.found and "211002_IW2" in found.found


def test_islands_of_the_network():
    listed = [row for row in rows(config()) if not "20190501" < row["date"] < "20190701"]
    found = checks.acquisitions(config(), table(config(), listed), listed)
    assert (the(found[::-1], "network A099").level, the(found[::-1], "network A099").code) == (WARNING, "E2001")
    of = config(rates={"method": "sbas"})
    found = the(checks.acquisitions(of, table(of, listed), listed), "network A099")
    assert (found.level, found.code) == (ERROR, "E2001")


def dem_file(path, metres):
    west, south, east, north = BOUNDS
    grid = RegionGrid.from_bounds(32647, (west - metres, south - metres, east + metres, north + metres), 30)
    raster.write(path, np.full(grid.shape, 3000, np.float32), grid, "dem_m")
    return str(path)


def test_a_dem_file(tmp_path):
    grid = {"bounds": BOUNDS, "dem": dem_file(tmp_path / "wide.tif", 3600)}
    assert checks.dem(config(grid=grid))[0].level == GOOD
    orthometric = checks.dem(config(grid=grid | {"dem_vertical": "orthometric"}))[0]
    assert (orthometric.level, orthometric.code) == (ERROR, "E1006") and "geoid_m" in orthometric.cure
    small = checks.dem(config(grid=grid | {"dem": dem_file(tmp_path / "small.tif", 600)}))[0]
    assert (small.level, small.code) == (ERROR, "E1006") and "margin" in small.found
    gone = checks.dem(config(grid=grid | {"dem": str(tmp_path / "gone.tif")}))[0]
    assert (gone.level, gone.code) == (ERROR, "E1006")


def test_a_dem_file_as_the_ground_of_a_simulation(tmp_path):
    """It covers the region, whatever the margin, and is no coarser than its cells; a drawn valley needs none."""
    region = load({"region": "valley"}).grid.region_grid()

    def found(grid):
        raster.write(tmp_path / "ground.tif", np.full(grid.shape, 3000, np.float32), grid, "dem_m")
        return checks.dem(load({"region": "valley", "simulation": {"dem": str(tmp_path / "ground.tif")}}))[0]

    assert found(region).level == GOOD
    west, south, east, north = region.bounds
    coarse = found(RegionGrid.from_bounds(region.epsg, (west - 90, south - 90, east + 90, north + 90), 90))
    assert (coarse.level, coarse.code) == (ERROR, "E1006") and "90 m" in coarse.found and "grid.cell_m" in coarse.cure
    small = found(RegionGrid.from_bounds(region.epsg, (west + 300, south, east, north), 30))
    assert (small.level, small.code) == (ERROR, "E1006") and "ends inside the region" in small.found
    assert checks.dem(load({"region": "valley"})) == []


def test_srtm_ends_in_the_north():
    grid = {"epsg": 32633, "bounds": [500000, 7000000, 503000, 7003000], "dem": "srtm"}
    found = checks.dem(load({"region": "zhongxinrong", "grid": grid}))[0]
    assert (found.level, found.code) == (ERROR, "E1006")
    assert checks.dem(load({"region": "zhongxinrong", "grid": grid | {"dem": "glo30"}}))[0].level == GOOD


def test_weights(tmp_path):
    assert checks.weights(load({"region": "valley"}))[0].level == GOOD
    for segmentation in ({"model": "unknown"}, {"weights": str(tmp_path / "none.safetensors")}):
        found = checks.weights(config(segmentation=segmentation))[0]
        assert (found.level, found.code) == (ERROR, "E4001")


@pytest.mark.parametrize(("region", "trained_in"), [("zhouqu", "qtp_loess"), ("jinsha_lancang", "jinsha_lancang")])
def test_weights_that_are_still_to_be_trained(region, trained_in, tmp_path, monkeypatch, without_weights_of_papers):
    """One line for all of them, whose cure is the command that trains them; those that are there stand apart."""
    monkeypatch.chdir(tmp_path)
    waiting, there = checks.weights(load({"region": region, "segmentation": {"beside": ["unet", "drs_unet_compact"]}}))
    assert (waiting.level, waiting.code) == (ERROR, "E4001")
    named = """--set 'segmentation.beside=["unet", "drs_unet_compact"]'"""
    assert waiting.cure == f"sarslide train --preset {trained_in} {named}"
    first = load({"region": region}).segmentation.model
    assert waiting.found.startswith(f"no weights yet of {first}, unet: results/{trained_in}/training/")
    assert there.level == GOOD and there.found.startswith("drs_unet_compact")


def test_lithology_that_no_archive_has(tmp_path):
    """P3's networks read it; a simulated region makes it, and other channels need none."""
    (found,) = checks.lithology(load({"region": "baihetan"}))
    assert (found.check, found.level, found.code) == ("input lithology.file", ERROR, "E1001")
    assert "fcadensenet" in found.found and "geological map" in found.cure
    for keys in ({"lithology": {"file": "rocks.gpkg"}}, {"training": {"channels": "p4_phase"}}):
        assert checks.lithology(load({"region": "baihetan", **keys})) == []
    assert checks.lithology(load({"region": "valley", "segmentation": {"model": "fcadensenet"}})) == []


@pytest.mark.parametrize(
    ("user", "check"),
    [
        ({"engine": "isce2"}, "tool isce2"),
        ({"engine": "snap"}, "tool gpt"),
        ({"engine": "snap"}, "tool snaphu"),
        ({"rates": {"method": "mintpy"}}, "tool mintpy"),
    ],
)
def test_a_tool_that_is_not_there(user, check, tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.delenv("ISCE_STACK", raising=False)
    monkeypatch.setattr("sys.executable", str(tmp_path / "python"))
    monkeypatch.setattr("sys.prefix", str(tmp_path))
    found = the(checks.tools(config(**user)), check)
    assert (found.level, found.code) == (ERROR, "E3009")
    assert the(checks.tools(config(**user), conda=True), "tool conda").code == "E3009"


def test_native_stacking_needs_no_tool():
    assert checks.tools(config()) == []


def test_the_unwrapper_is_a_package(monkeypatch):
    unwrapped = config(rates={"method": "stacking"})
    assert machine.unwrapper(unwrapped)[0].level == GOOD

    def absent(name):
        raise machine.PackageNotFoundError(name)

    monkeypatch.setattr(machine, "version", absent)
    found = machine.unwrapper(unwrapped)[0]
    assert (found.level, found.code) == (ERROR, "E3009")
    assert "absent" in machine.versions()[0].found


def test_a_gpu_that_is_asked_for(monkeypatch):
    import torch

    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    found = machine.device(config(slc={"device": "cuda"}))
    assert (found[0].check, found[0].level, found[0].code) == ("device slc.device", ERROR, "E1001")
    assert found[1].level == GOOD


Usage = namedtuple("Usage", "total used free")


def test_disk(tmp_path, monkeypatch):
    of, listed = config(), rows(config())
    monkeypatch.setattr(shutil, "disk_usage", lambda _: Usage(0, 0, 10**9))
    full, work = checks.disk(of, table(of, listed), listed, tmp_path, 0)
    assert (full.level, full.code) == (ERROR, "E1007") and "60 dates, 114 pairs" in work.found
    # What is there already needs no room.
    assert checks.disk(of, table(of, listed), listed, tmp_path, 10**12)[0].level == GOOD
    monkeypatch.setattr(shutil, "disk_usage", lambda _: Usage(0, 0, 10**15))
    assert checks.disk(of, table(of, listed), listed, tmp_path, 0)[0].level == GOOD
    # Before there is a table: all passes of the window, 33 of each track.
    assert "60 dates" in checks.disk(of, table(of, []), [], tmp_path, 0)[1].found


def test_bytes_below_folders_count_once(tmp_path):
    (tmp_path / "a").mkdir()
    (tmp_path / "a/one").write_bytes(b"x" * 1000)
    (tmp_path / "a/two").hardlink_to(tmp_path / "a/one")
    assert checks.used([tmp_path / "a", tmp_path / "absent"]) == 1000


def test_all_cheap_checks_of_the_demo_are_good(tmp_path):
    of = load({"region": "valley"})
    folders = {name: tmp_path / name / "valley" for name in ("resources", "results")}
    found = checks.cheap(of, scenes.table(of, tmp_path / "resources"), [], folders)
    assert not errors(found) and {one.level for one in found} <= {GOOD, NOTE}


def test_the_table():
    text = as_text([Finding("disk", GOOD, "room"), Finding("DEM", ERROR, "none", "E1006", "give one")])
    assert text.splitlines() == [
        "good           disk  room",
        "error   E1006  DEM   none",
        "                     cure: give one",
        "1 error, 0 warnings",
    ]


# The archive in a box.


def box(server, **retrieve):
    access = Access(**server.access() | {"tries": 1, "timeout_s": 5.0})
    return config(retrieve=retrieve), access


def product(server):
    return {"date": "20190306", "granule": "product", "address": f"{server.data}/SLC/{server.slcs[0].name}.zip"}


def listed_product(server, access, tmp_path):
    """The first row of a search in the box."""
    from sarslide.catalog import archive_update as catalog
    from tests.archive.conftest import REGION

    search = catalog.Search("asf", ("A128",), None, None, ("VV",), "slc", "precise")
    catalog.update(tmp_path / "scenes.csv", tmp_path / "coverage.csv", REGION, search, access, None)
    return scenes.read(tmp_path / "scenes.csv")[:1]


def test_an_accepted_licence(archive, tmp_path):  # noqa: F811
    of, access = box(archive)
    listed = listed_product(archive, access, tmp_path)
    (found,) = online.archive(of, access, listed)
    assert found.level == GOOD and listed[0]["granule"] in found.found
    assert online.archive(of, access, [])[0].level == NOTE


@pytest.mark.parametrize(("flaw", "code", "cure"), [("403", "E2003", "accept the licence"), ("500", "E2002", "again")])
def test_an_archive_that_refuses(archive, tmp_path, flaw, code, cure):  # noqa: F811
    from tests.archive.server import Fault

    of, access = box(archive)
    listed = listed_product(archive, access, tmp_path)
    archive.faults = [Fault(flaw, "^/cdn/")] * 3
    (found,) = online.archive(of, access, listed)
    assert (found.level, found.code) == (ERROR, code) and cure in found.cure


def test_a_dem_server(archive):  # noqa: F811
    of, _ = box(archive)
    (found,) = online.dem(of, f"{archive.data}/nowhere", "", 2)
    assert (found.level, found.code) == (ERROR, "E1006")
    (silent,) = online.dem(of, "http://127.0.0.1:9", "", 2)
    assert (silent.level, silent.code) == (ERROR, "E2002")

"""The real run rehearsed: servers on loopback play ASF, Earthdata Login and the orbit stores, with simulated products
whose burst offset, phases and landslide are planted.
"""

import io
import json
import re
from dataclasses import replace
from pathlib import Path

import geopandas as gpd
import numpy as np
import pytest
import yaml
from shapely.geometry import Point
from studies.displacement import written
from studies.real_run import PAGE, RECORD, __main__, disp_s1, displacement, page, pair, row
from studies.real_run.place import is_real
from studies.real_run.seams import steps

from sarsim import safe
from sarsim.acquisition import WAVELENGTH
from sarsim.stack import StackSimulator
from sarslide.catalog.region import outline
from sarslide.config import load
from sarslide.io import raster
from sarslide.network import years_of
from tests.archive.server import WORD, serving, write_netrc
from tests.support.engine_products import PARAMETERS, write_tif
from tests.support.slc_support import small_world

STACK = "A128"
DATES = ("20190310", "20190322", "20190403", "20190415", "20190427")  # passes of the repeat orbit
TURNED, OFFSET_RAD = DATES[1], 0.3  # the second burst of that date
SPEED_MM = 150.0  # a year, down the slope
FRAME = "33001"
RATE = "los_rate_mm_per_yr.tif"


def ground():
    """A slope of 20 degrees to the east, away from the satellite, on which a disc slides; and the disc."""
    rows, cols = np.mgrid[:170, :120]
    elevation = 4400 - 30 * np.tan(np.radians(20)) * cols
    moving = np.hypot(rows - 60, cols - 60) <= 8
    down = np.array([np.cos(np.radians(20)), 0.0, -np.sin(np.radians(20))])
    world = small_world(*elevation.shape, elevation, velocity=SPEED_MM * down[:, None, None] * moving)
    return world, Point(world.grid.x()[60], world.grid.y()[60]).buffer(8 * 30)


def turned(pixels: np.ndarray) -> np.ndarray:
    """Samples of a burst with another phase."""
    samples = (pixels[..., 0] + 1j * pixels[..., 1]) * np.exp(1j * OFFSET_RAD)
    return np.stack([np.rint(samples.real), np.rint(samples.imag)], axis=-1).astype(np.int16)


@pytest.fixture(scope="module")
def world():
    return ground()


@pytest.fixture(scope="module")
def simulator(world):
    return StackSimulator(world[0], STACK)


@pytest.fixture(scope="module")
def archive(simulator, tmp_path_factory):
    """The servers with all dates."""
    folder = tmp_path_factory.mktemp("archive")
    with serving() as served, pytest.MonkeyPatch.context() as patch:
        patch.setenv("NETRC", str(write_netrc(folder / "netrc", served)))
        for date in DATES:
            images = simulator.images(date)
            if date == TURNED:
                images = [replace(one, bursts=[one.bursts[0], turned(one.bursts[1])]) for one in images]
            safe.deliver(folder / date, images)
            served.publish(folder / date)
        yield served


@pytest.fixture(scope="module")
def region(world, archive, tmp_path_factory):
    """Keys of the region at the loopback archive, as a file."""
    folder = tmp_path_factory.mktemp("region")
    grid, (around, slide) = world[0].grid, world
    raster.write(folder / "dem.tif", around.elevation_m, grid, "dem_m", tags={"vertical": "ellipsoidal"})
    gpd.GeoDataFrame({"name": ["disc"]}, geometry=[slide], crs=grid.epsg).to_file(folder / "slides.gpkg")
    west, south, east, north = grid.bounds
    access = archive.access()
    catalog = {name: access.pop(name) for name in ("search_asf", "search_copernicus")}
    keys = {
        "stacks": [STACK],
        "grid": {
            "epsg": grid.epsg,
            "bounds": [west + 300, south + 300, east - 300, north - 300],
            "dem": str(folder / "dem.tif"),
            "margin_m": 300,
        },
        "catalog": catalog | {"archive": "asf", "start": DATES[0], "end": DATES[-1]},
        "retrieve": access | {"orbit_sources": access["orbit_sources"].split()},
        "sbas": {"dem_error": False},  # five dates cannot tell it from motion
        "evaluation": {"inventory": str(folder / "slides.gpkg"), "name_column": "name"},
    }
    (folder / "region.yaml").write_text(yaml.safe_dump(keys))
    return folder / "region.yaml"


@pytest.fixture(scope="module")
def words(region, tmp_path_factory):
    """Arguments of a rehearsal."""
    return ["--folder", str(tmp_path_factory.mktemp("run")), "--configfile", str(region), "--cores", "2"]


@pytest.fixture(scope="module")
def rehearsed(archive, words, simulator, tmp_path_factory):
    """Where step `pair` worked, with a product of HyP3 that shows the planted phase."""
    product = hyp3_product(tmp_path_factory.mktemp("hyp3"), simulator)
    __main__.main([*words, "--steps", "pair", "--hyp3", str(product)])
    return Path(words[1])


def hyp3_product(folder: Path, simulator: StackSimulator) -> Path:
    """INSAR_ISCE_BURST of the first and the third date: the phase of the planted delays and motion, without noise."""
    first, last, grid = DATES[0], DATES[2], simulator.world.grid
    years = np.diff(years_of([first, last]))[0]
    delay_mm = simulator.path_delay_mm(last) - simulator.path_delay_mm(first)
    phase = 4 * np.pi / WAVELENGTH * (delay_mm - simulator.los_rate_mm_per_yr * years) / 1e3
    name = f"S1_136231_IW2_{first}_{last}_VV_INT40_12E3"
    about = {
        "reference": f"S1_136231_IW2_{first}T111300_VV_7C85-BURST",
        "secondary": f"S1_136231_IW2_{last}T111301_VV_5D11-BURST",
        "baseline": 10.0,
        "heading": -12.0,
        "more": "",
    }
    layers = {"unw_phase": phase + 100, "corr": 0.9 + 0 * phase, "wrapped_phase": np.angle(np.exp(1j * phase))}
    for suffix, values in layers.items():
        path = folder / name / f"{name}_{suffix}.tif"
        write_tif(path, values.astype(np.float32), f"EPSG:{grid.epsg}", grid.transform)
    (folder / name / f"{name}.txt").write_text(PARAMETERS.format(**about))
    return folder / name


def publish_displacement(archive, simulator: StackSimulator) -> None:
    """DISP-S1 of the planted rate; an older processing of one product, and a frame of another track."""
    for frame, made, dates in ((FRAME, 2, DATES), (FRAME, 1, DATES[:2]), ("33002", 2, ("20190311", "20190323"))):
        for date in dates[1:]:
            _publish_displacement(archive, simulator, frame, made, dates[0], date)


def _publish_displacement(archive, simulator, frame: str, made: int, first: str, date: str) -> None:
    grid = simulator.world.grid
    name = f"OPERA_L3_DISP-S1_IW_F{frame}_VV_{first}T112010Z_{date}T112010Z_v1.0_2025031{made}T222753Z.nc"
    years = np.diff(years_of([first, date]))[0]
    noise_mm = np.random.default_rng(int(date)).normal(0, 2, grid.shape)
    moved_mm = simulator.los_rate_mm_per_yr * years + noise_mm
    # What was processed before is wrong.
    written.disp_s1(store := io.BytesIO(), moved_mm * (made - 1), np.full(grid.shape, 0.8), grid)
    archive.files[f"/DISP/{name}"] = store.getvalue()
    points = [{"Longitude": lon, "Latitude": lat} for lon, lat in outline(grid)]
    archive.items.append(
        {
            "umm": {
                "CollectionReference": {"ShortName": disp_s1.COLLECTION},
                "RelatedUrls": [{"URL": f"{archive.data}/DISP/{name}", "Type": "GET DATA"}],
                "SpatialExtent": {
                    "HorizontalSpatialDomain": {"Geometry": {"GPolygons": [{"Boundary": {"Points": points}}]}}
                },
                "DataGranule": {
                    "ArchiveAndDistributionInformation": [{"Name": name, "SizeInBytes": len(store.getvalue())}]
                },
            }
        }
    )


def rows_of(folder: Path) -> dict[str, dict]:
    return {one["what"]: one for one in json.loads((folder / "rows.json").read_text())}


def number(text: str) -> float:
    """The first number of a text."""
    return float(re.search(r"[-+]?\d+(\.\d+)?", text)[0])


@pytest.mark.parametrize(("one", "other", "sign"), [(0, 1, 1), (1, 2, -1), (0, 2, 0)])
def test_the_planted_offset_of_a_burst_is_found(rehearsed, one, other, sign):
    """The pairs that have the date show it, that of the other two dates does not."""
    found = rows_of(rehearsed)
    pair_name = f"{STACK} {DATES[one]}_{DATES[other]}"
    common = found[f"{pair_name}: difference of two bursts on common ground, rad"]
    # The median of some 3000 cells with a spread of 0.4 rad has an error of 0.01: three of them.
    assert number(common["measured"]) == pytest.approx(sign * OFFSET_RAD, abs=0.03)
    assert common["met"] == (sign == 0)
    step = found[f"{pair_name}: step at burst seams, rad"]["measured"]
    seams, noise = step.split("; away from seams, 2 rms: ")
    assert number(seams) == pytest.approx(sign * OFFSET_RAD, abs=1.5 * float(noise))


def test_closure_and_the_planted_phase(rehearsed):
    found = rows_of(rehearsed)
    dates = ", ".join(DATES[:3])
    assert (
        abs(number(found[f"{STACK} {dates}: closure of the wrapped phases, rad"]["measured"].removeprefix("mean ")))
        < 0.02
    )
    assert found[f"{STACK} {dates}: share of cells whose unwrapped phases do not close"]["met"]
    beside = found[f"{STACK} {DATES[0]}_{DATES[2]}: phase beside HyP3's INSAR_ISCE"]
    assert beside["met"], beside


def test_the_secret_goes_to_the_login_alone(rehearsed, archive):
    written = [path for path in rehearsed.rglob("*") if path.is_file()]
    assert written and not [path for path in written if WORD.encode() in path.read_bytes()] and not archive.leaks


@pytest.mark.full
def test_from_search_to_scores_and_from_displacement_products(rehearsed, words, archive, simulator):
    publish_displacement(archive, simulator)
    __main__.main([*words, "--steps", "region", "displacement"])
    found = rows_of(rehearsed)
    assert found["from SLCs: public slides found"]["measured"].startswith("1 of 1 matched")
    assert found["from SLCs: disk, GB"]["met"]
    assert "of 1 matched" in found["from DISP-S1: public slides found"]["measured"]
    products = sorted(path.name for path in rehearsed.glob(f"displacement/products/{STACK}/*.nc"))
    assert len(products) == len(DATES) - 1 and all(f"F{FRAME}" in name and "20250312T" in name for name in products)
    rates = raster.read(
        rehearsed / f"displacement/results/{displacement.NAME}/{STACK}/f0/displacement/delivered/{RATE}"
    )
    # Rows and columns of the region begin ten cells inside of the world. Five dates of 2 mm in 48 days: 18 mm a year.
    truth = simulator.los_rate_mm_per_yr[10:-10, 10:-10]
    left = rates - truth
    assert np.nanstd(left - np.nanmedian(left)) < 25
    beside = found[f"{STACK}: LOS rates from SLCs beside DISP-S1, mm/yr"]["measured"]
    assert float(re.search(r"correlation ([\d.-]+)", beside)[1]) > 0.2


# without a server
# ---------------------------------------------------------------------------------------------------------------------


def test_forecast(tmp_path, capsys, monkeypatch):
    monkeypatch.setenv("NETRC", str(tmp_path / "none"))
    __main__.main(["--folder", str(tmp_path), "--forecast"])
    _, _, *lines = capsys.readouterr().out.splitlines()
    cells = {line.split("|")[1].strip(): [cell.strip() for cell in line.split("|")[2:-1]] for line in lines}
    # Three dates of at least two bursts, of 147 MB each; two tracks every 12 days of a year.
    assert cells["pair"][:2] == ["3", "3"] and 0.8 < float(cells["pair"][2]) < 3
    assert cells["region"][0] in ("60", "61", "62") and cells["displacement"][2] == "as the search lists"


def test_a_rehearsal_is_not_recorded(tmp_path):
    other = tmp_path / "other.yaml"
    other.write_text("catalog: {search_asf: http://127.0.0.1:9}\n")
    with pytest.raises(SystemExit, match="--record: an address is not that of the archive"):
        __main__.main(["--folder", str(tmp_path / "f"), "--configfile", str(other), "--record"])
    assert is_real(load({"region": "california"})) and not is_real(load({"region": "demo_small"}))


def test_the_page_is_that_of_the_record(tmp_path):
    made, record = tmp_path / "page.md", tmp_path / "record.json"
    made.write_text(PAGE.read_text())
    record.write_text(RECORD.read_text())
    page.write(record, made)
    assert made.read_text() == PAGE.read_text()
    page.put([row("a step", 0.5, "python")], record, made)
    assert "| a step | shown |  | 0.5 | yes | `python` |" in made.read_text() and page.NONE not in made.read_text()


def test_dates():
    assert pair.chosen(["20190101", "20190201", "20190213", "20190225", "20190303"]) == [
        "20190201",
        "20190213",
        "20190225",
    ]
    assert pair.chosen(["20190101", "20190113", "20190301"]) == ["20190101", "20190113"]
    with pytest.raises(SystemExit, match="no two dates 6 or 12 days apart among 20190101"):
        pair.chosen(["20190101"])


def test_two_dates_have_no_closure(tmp_path):
    (found,) = pair.closure_rows(STACK, pair.pairs_of(["20190101", "20190113"]), pair.Files(tmp_path, None))
    assert found["measured"] == "none: two dates close no triangle" and not found["met"]


def test_products_lead_to_their_reference_dates():
    """Of a window those that refer to a date before it are reached, the first reference needs no product."""
    dates = [("20170101", "20170601"), ("20170601", "20180101"), ("20170601", "20180901"), ("20180901", "20190101")]
    listed = [
        disp_s1.Product(f"{a}_{b}.nc", "", 0, FRAME, a, b, "", Point(0, 0))
        for a, b in [*dates, ("20180101", "20190113")]
    ]
    names = [one.name for one in disp_s1.in_window(listed, "20190101")]
    # 20180901 and 20180101 refer to 20170601 both, which is then the first.
    assert names == [f"{a}_{b}.nc" for a, b in (*dates[1:], ("20180101", "20190113"))]
    assert [one.secondary for one in disp_s1.in_window(listed[3:4], "20190101")] == ["20190101"]
    assert disp_s1.in_window([], "20190101") == []


def test_a_step_is_told_from_fringes_and_noise():
    """400 columns, a fringe a kilometre, noise of 0.2 rad: the median of the steps has an error of 0.02 rad."""
    rows, cols = np.mgrid[:400, :400]
    edge = 180 + cols // 8  # an oblique seam, 50 rows that both bursts see
    even, odd = rows < edge + 25, rows >= edge - 25
    offset = np.where(even & odd, OFFSET_RAD / 2, np.where(odd, OFFSET_RAD, 0))
    noise = np.random.default_rng(4).normal(0, 0.2, rows.shape)
    phase = np.angle(np.exp(1j * (2 * np.pi * rows * 0.03 + offset + noise)))
    found = steps(phase, np.full(rows.shape, 0.8), np.stack([0 * even, 0 * odd, even, odd]).astype(bool))
    assert found.seams_rad == [pytest.approx(OFFSET_RAD, abs=0.08)] and len(found.away_rad) > 20
    assert found.noise_rad < 0.1 < found.largest_rad


def test_phases_with_a_constant_between_them():
    rng = np.random.default_rng(3)
    ours, noise = rng.uniform(-np.pi, np.pi, (100, 100)), rng.normal(0, 0.2, (100, 100))
    theirs = np.angle(np.exp(1j * (ours - 2.0 + noise)))
    theirs[:10] = np.nan
    found = pair.difference(ours, theirs, np.ones(ours.shape, bool))
    assert found.cells == 9000 and found.rms_rad == pytest.approx(0.2, rel=0.05)
    assert found.correlation == pytest.approx(np.exp(-0.02), abs=0.002)  # of Gaussian noise
    assert pair.difference(ours, -ours, np.ones(ours.shape, bool)).correlation < 0.05

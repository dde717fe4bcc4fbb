"""Downloads from the archive in a box: logins, products, orbits, elevation, optical scenes."""

import threading
import time
import warnings
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
import rasterio
from rasterio.errors import NotGeoreferencedWarning
from rasterio.transform import from_bounds, from_origin

from sarslide.catalog import archive_update, scenes
from sarslide.catalog.region import bounds_degree
from sarslide.errors import CredentialsError, DemError, DownloadError, OrbitError
from sarslide.grid import RegionGrid
from sarslide.retrieve import sentinel2
from sarslide.retrieve.access import Access
from sarslide.retrieve.connections import connection
from sarslide.retrieve.credentials import login
from sarslide.retrieve.dem import on_region
from sarslide.retrieve.dem_tiles import stitched, tiles
from sarslide.retrieve.granules import RequestedGranule, assemble, retrieve, span
from sarslide.retrieve.optical import open_product, reflectance
from sarslide.sentinel1.safe import open_scene
from tests.archive.conftest import DATES, REGION
from tests.archive.server import TOKEN, WORD, Fault, write_netrc

FIRST = DATES[0]
GLO30 = "Copernicus_DSM_COG_10_S34_00_W071_00_DEM"


def rows_of(tmp_path, access, product="bursts", archive="asf") -> list[dict]:
    search = archive_update.Search(archive, ("A128",), None, None, ("VV",), product, "precise")
    archive_update.update(tmp_path / "scenes.csv", tmp_path / "coverage.csv", REGION, search, access, None)
    return [row for row in scenes.read(tmp_path / "scenes.csv") if row["date"] == FIRST]


def wanted_of(rows) -> list[RequestedGranule]:
    return [RequestedGranule(row["granule"], row["address"], int(row["bytes"] or 0), row["checksum"]) for row in rows]


def retrieved(tmp_path, access, rows, archive="asf") -> Path:
    store, folder = tmp_path / "archive", tmp_path / "slc/A128" / FIRST
    files = retrieve(wanted_of(rows), store, lambda: access.session(archive), 2, access.tries, access.pause_s)
    eof = access.orbits().fetch(rows[0]["orbit_file"], tmp_path / "orbits", *span(rows))
    assemble(folder, [*files, eof])
    return folder


def asked(archive, word) -> int:
    return sum(word in path for _, path, _ in archive.requests)


@pytest.mark.parametrize(("product", "source"), [("bursts", "asf"), ("slc", "asf"), ("slc", "copernicus")])
def test_what_arrives_is_the_acquisition(archive, access, acquisitions, tmp_path, product, source):
    folder = retrieved(tmp_path, access, rows_of(tmp_path, access, product, source), source)
    found, wanted = open_scene(folder), open_scene(acquisitions / "A128" / FIRST)
    assert [burst.name for burst in found.bursts] == [burst.name for burst in wanted.bursts]
    assert found.orbit_kind == "precise" and found.date == FIRST
    for one, other in zip(found.bursts, wanted.bursts, strict=True):
        pixels = []
        for burst in (one, other):
            with warnings.catch_warnings():
                warnings.simplefilter("ignore", NotGeoreferencedWarning)
                source_file = rasterio.open(burst.raster)
            with source_file:
                lines = burst.row_offset, burst.row_offset + burst.lines
                pixels.append(source_file.read(1, window=(lines, (0, source_file.width))))
        assert np.array_equal(*pixels) and np.abs(pixels[0]).max() > 0
    assert not archive.leaks and not list(tmp_path.rglob("*.part"))


def test_a_second_time_nothing_is_asked_for(archive, access, tmp_path):
    rows = rows_of(tmp_path, access)
    retrieved(tmp_path, access, rows)
    archive.requests.clear()
    again = Access(**archive.access())
    retrieved(tmp_path, again, rows)
    assert not archive.requests


def test_one_login_for_all_files(archive, access, tmp_path):
    rows = rows_of(tmp_path, access)
    archive.requests.clear()
    retrieved(tmp_path, access, rows)
    assert asked(archive, "/oauth/authorize") == 1 and asked(archive, "/cdn/burst/") == 2 * len(rows)
    basic = [path for _, path, headers in archive.requests if headers.get("Authorization", "").startswith("Basic")]
    assert all(path.startswith("/oauth/") for path in basic) and basic


@pytest.mark.parametrize("reference", ["env:BOX_TOKEN", "file:{}/token"])
def test_a_token_by_reference(archive, tmp_path, monkeypatch, reference):
    monkeypatch.setenv("BOX_TOKEN", TOKEN)
    monkeypatch.setenv("NETRC", str(tmp_path / "none"))
    (tmp_path / "token").write_text(TOKEN + "\n")
    access = Access(**archive.access(earthdata=reference.format(tmp_path)))
    assert retrieved(tmp_path, access, rows_of(tmp_path, access)).is_dir() and not archive.leaks


def test_a_token_that_is_refused(archive, tmp_path, monkeypatch):
    monkeypatch.setenv("BOX_TOKEN", "expired-secret")
    access = Access(**archive.access(earthdata="env:BOX_TOKEN"))
    with pytest.raises(
        CredentialsError, match="E2003 env:BOX_TOKEN: Earthdata Login does not accept the token"
    ) as caught:
        access.session("asf")
    assert "expired-secret" not in str(caught.value)


def test_a_copernicus_token_that_ends_is_renewed(archive, access, tmp_path):
    rows = rows_of(tmp_path, access, "slc", "copernicus")
    access.session("copernicus")
    archive.tokens_live = 0
    assert retrieved(tmp_path, access, rows, "copernicus").is_dir() and asked(archive, "/token") == 2


def test_a_burst_that_is_still_being_cut_out(archive, access, tmp_path):
    archive.preparing = 2
    assert retrieved(tmp_path, access, rows_of(tmp_path, access)).is_dir()


def test_references_and_what_they_say(tmp_path, monkeypatch):
    monkeypatch.setenv("NETRC", str(tmp_path / "netrc"))
    monkeypatch.delenv("BOX_TOKEN", raising=False)
    for reference, words in (("netrc", "does not exist"), ("env:BOX_TOKEN", "variable BOX_TOKEN is not set")):
        with pytest.raises(CredentialsError, match=f"E2003 .*{words}"):
            login(reference, "urs.example")
    (tmp_path / "netrc").write_text(f"machine other login a password {WORD}\n")
    with pytest.raises(CredentialsError, match="has no login for urs.example") as caught:
        login("netrc", "urs.example")
    assert WORD not in str(caught.value)
    (tmp_path / "netrc").write_text(f"machine urs.example login a password {WORD}\n")
    found = login("netrc", "urs.example")
    assert (found.user, found.password) == ("a", WORD) and WORD not in f"{found!r} {found}"


# orbits
# ---------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("down", [(), ("/bucket/",), ("/bucket/", "/listing/")])
def test_orbits_from_three_sources_in_turn(archive, access, tmp_path, down):
    rows = rows_of(tmp_path, access)
    archive.faults = [Fault("500", where) for where in down]
    archive.requests.clear()
    sources = access.orbits()
    assert sources.find("S1A", *span(rows)) == rows[0]["orbit_file"]
    path = sources.fetch(rows[0]["orbit_file"], tmp_path / "orbits", *span(rows))
    last = ["/bucket/AUX_POEORB", "/listing/aux_poeorb", "/zipper/"][len(down)]
    assert path.read_bytes() == archive.orbits[path.name][0] and asked(archive, last) and not archive.leaks


def test_no_source_of_orbits(archive, access, tmp_path):
    rows = rows_of(tmp_path, access)
    archive.faults = [Fault("empty", "/bucket/$|/listing/.*/$|/odata/")]
    assert access.orbits().find("S1A", *span(rows)) == ""
    with pytest.raises(OrbitError, match="no source has it"):
        access.orbits().fetch(rows[0]["orbit_file"], tmp_path / "orbits", *span(rows))
    archive.faults = [Fault("503", "/bucket/|/listing/|/odata/")]
    with pytest.raises(DownloadError, match="no source of orbit files answers"):
        access.orbits().find("S1A", *span(rows))


def test_a_restituted_orbit_only_where_it_is_asked_for(archive, access, tmp_path):
    rows = rows_of(tmp_path, access)
    archive.now = np.datetime64("2019-03-08", "us")
    assert access.orbits().find("S1A", *span(rows)) == ""
    assert "RESORB" in access.orbits().find("S1A", *span(rows), "restituted")


# connections
# ----------------------------------------------------------------------------------------------------------------


def test_no_more_connections_than_allowed(tmp_path):
    now, most, lock = Counter(), [], threading.Lock()

    def work():
        with connection(tmp_path, 3) as number:
            with lock:
                now[number] += 1
                most.append(sum(now.values()))
                assert now[number] == 1
            time.sleep(0.02)
            with lock:
                now[number] -= 1

    threads = [threading.Thread(target=work) for _ in range(9)]
    for one in threads:
        one.start()
    for one in threads:
        one.join()
    assert len(most) == 9 and max(most) == 3


# elevation
# ------------------------------------------------------------------------------------------------------------------


def tile(west: int, south: int, side: int, value, dtype: str) -> bytes:
    """A tile of one degree; value: of longitude and latitude of the cell centres."""
    transform = from_bounds(west, south, west + 1, south + 1, side, side)
    lon = west + (np.arange(side) + 0.5) / side
    lat = south + 1 - (np.arange(side) + 0.5) / side
    profile = {
        "driver": "GTiff", "count": 1, "dtype": dtype, "height": side, "width": side, "crs": "EPSG:4326",
        "transform": transform,
    }  # fmt: skip
    with rasterio.MemoryFile() as memory:
        with memory.open(**profile) as target:
            heights = value(lon[None, :], lat[:, None])
            target.write((np.round(heights) if dtype == "int16" else heights).astype(dtype), 1)
        return bytes(memory.getbuffer())


def geoid(value) -> bytes:
    """Undulations over a part of the earth, every quarter of a degree, as PROJ's grids have them."""
    profile = {
        "driver": "GTiff", "count": 1, "dtype": "float32", "height": 41, "width": 41, "crs": "EPSG:4326",
        "transform": from_origin(93.875, 34.125, 0.25, 0.25), "nodata": -9999.0,
    }  # fmt: skip
    lon, lat = 94 + 0.25 * np.arange(41), 34 - 0.25 * np.arange(41)
    with rasterio.MemoryFile() as memory:
        with memory.open(**profile) as target:
            target.write((value(lon[None, :], lat[:, None])).astype("float32"), 1)
        return bytes(memory.getbuffer())


def ground(lon, lat):
    return 3000 + 2000 * (lon - 99) + 1000 * (lat - 29) + 0 * lon * lat


def undulation(lon, lat):
    return -35 + 2 * (lon - 99) - 3 * (lat - 29) + 0 * lon * lat


@pytest.mark.parametrize(("model", "dtype"), [("glo30", "float32"), ("aw3d30", "int16"), ("srtm", "int16")])
def test_tiles_become_ellipsoidal_heights(archive, access, tmp_path, model, dtype):
    """Planted planes of height and undulation, over the corner of four tiles: cubic convolution and splines keep planes. Whole
    metres of two models are rounded: 0.5 m and the overshoot of the kernel, a fifth more.
    """
    grid = RegionGrid.from_bounds(32647, (499000, 3207000, 501000, 3210000), 30)  # around 99 E, 29 N
    archive.files = {
        f"/dem/{tiles(model, (lon + 0.1, lat + 0.1, lon + 0.9, lat + 0.9))[0]}": tile(lon, lat, 400, ground, dtype)
        for lon in (98, 99) for lat in (28, 29)
    } | {"/geoid.tif": geoid(undulation)}  # fmt: skip
    padded = grid.pad(600)
    values, transform = stitched(
        model, bounds_degree(padded), f"{archive.data}/dem", f"{archive.data}/geoid.tif", tmp_path, access.fetch
    )
    height, onto = on_region(values, transform, model, grid, 600)
    from pyproj import Transformer

    x, y = np.meshgrid(onto.x(), onto.y())
    lon, lat = Transformer.from_crs(32647, 4326, always_xy=True).transform(x, y)
    truth = ground(lon, lat) + undulation(lon, lat)
    assert onto == padded and np.abs(height - truth).max() < (0.05 if dtype == "float32" else 0.7)
    archive.requests.clear()
    stitched(model, bounds_degree(padded), f"{archive.data}/dem", f"{archive.data}/geoid.tif", tmp_path, access.fetch)
    assert not archive.requests


def test_a_missing_tile_is_a_hole_and_none_an_error(archive, access, tmp_path):
    grid = RegionGrid.from_bounds(32647, (499000, 3207000, 501000, 3210000), 30)
    archive.files = {"/dem/N28E098.tif": tile(98, 28, 400, ground, "int16"), "/geoid.tif": geoid(undulation)}
    how = f"{archive.data}/dem", f"{archive.data}/geoid.tif", tmp_path, access.fetch
    values, transform = stitched("srtm", bounds_degree(grid), *how)
    with pytest.raises(DemError, match=r"E1006 srtm: no height in \d\d\.\d% of the region"):
        on_region(values, transform, "srtm", grid, 0)
    with pytest.raises(DemError, match="has no tile over the region"):
        stitched("aw3d30", bounds_degree(grid), *how)


@pytest.mark.parametrize(
    ("model", "bounds", "name"),
    [
        ("glo30", (-70.5, -33.5, -70.4, -33.4), GLO30 + "/" + GLO30 + ".tif"),
        ("aw3d30", (7.1, 46.2, 7.2, 46.3), "ALPSMLC30_N046E007_DSM.tif"),
        ("srtm", (7.1, 46.2, 7.2, 46.3), "N46E007.tif"),
    ],
)  # fmt: skip
def test_names_of_tiles(model, bounds, name):
    assert tiles(model, bounds) == [name]


def test_names_of_glo30_are_those_that_dem_stitcher_knows():
    from dem_stitcher.datasets import get_overlapping_dem_tiles

    for bounds in ((98.5, 28.5, 99.5, 29.5), (-71.5, -33.5, -69.5, -32.5)):
        known = {url.partition(".com/")[2] for url in get_overlapping_dem_tiles(list(bounds), "glo_30").url}
        assert known == set(tiles("glo30", bounds))


# Sentinel-2
# -----------------------------------------------------------------------------------------------------------------


def scene_item(archive, name: str, cloud: float, red: int, cloudy_half: bool = False) -> dict:
    """An item whose bands are flat numbers of 10 m, with a scene classification of 20 m."""
    west, north, side = 516000, 3212000, 1000
    assets = {}
    for word, value, cell in (
        ("blue", 2000, 10),
        ("green", 2500, 10),
        ("red", red, 10),
        ("nir", 4000, 10),
        ("scl", 4, 20),
    ):
        numbers = np.full((side * 10 // cell,) * 2, value, "uint8" if word == "scl" else "uint16")
        if word == "scl" and cloudy_half:
            numbers[:, : numbers.shape[1] // 2] = 9
        profile = {
            "driver": "GTiff", "count": 1, "dtype": numbers.dtype, "height": len(numbers), "width": len(numbers),
            "crs": "EPSG:32647", "transform": from_origin(west, north, cell, cell), "tiled": True, "blockxsize": 256,
            "blockysize": 256, "compress": "deflate",
        }  # fmt: skip
        with rasterio.MemoryFile() as memory:
            with memory.open(**profile) as target:
                target.write(numbers, 1)
            archive.files[f"/s2/{name}/{word}.tif"] = bytes(memory.getbuffer())
        stated = {} if word == "scl" else {"raster:bands": [{"scale": 0.0001, "offset": -0.1}]}
        assets[word] = {"href": f"{archive.data}/s2/{name}/{word}.tif", **stated}
    about = {"datetime": "2020-07-01T04:00:00Z", "eo:cloud_cover": cloud, "grid:code": "MGRS-47RNM"}
    return {
        "type": "Feature", "stac_version": "1.0.0", "id": name, "properties": about, "assets": assets, "links": [],
        "geometry": None, "collection": "sentinel-2-c1-l2a",
    }  # fmt: skip


def found_scenes(archive, access, per_tile=3, cloud=30.0):
    how = {"timeout_s": access.timeout_s, "tries": access.tries, "pause_s": access.pause_s}
    where = f"{archive.data}/stac", "sentinel-2-c1-l2a", bounds_degree(REGION)
    return sentinel2.search(*where, "20200101", "20201231", cloud, per_tile, **how)


def test_the_clearest_scenes_become_reflectance(archive, access, tmp_path):
    """(number x 0.0001 - 0.1), median of what is clear: the scene with cloud over the west leaves no trace there."""
    archive.items = [
        scene_item(archive, "S2A_A", 20, 9000, cloudy_half=True), scene_item(archive, "S2A_B", 5, 3000),
        scene_item(archive, "S2A_C", 80, 1), scene_item(archive, "S2B_D", 25, 1),
    ]  # fmt: skip
    scenes_found = found_scenes(archive, access, per_tile=2)
    assert [one["id"] for one in scenes_found] == ["S2A_A", "S2A_B"]
    folders = [sentinel2.retrieve(one, REGION, tmp_path, 5.0, 3, 0.01) for one in scenes_found]
    size = sum(path.stat().st_size for path in tmp_path.rglob("*.tif"))
    products = [open_product(folder) for folder in folders]
    values = np.full((4, *REGION.shape), np.nan, np.float32)
    for rows, cols, block in reflectance(products, REGION):
        values[:, rows, cols] = block
    red = values[2]
    # The border of cloud lies at 521000, beyond the region of 518000 to 519800.
    assert np.allclose(red, 0.2, atol=1e-6) and np.allclose(values[3], 0.3, atol=1e-6) and size < 200_000
    archive.requests.clear()
    sentinel2.retrieve(scenes_found[0], REGION, tmp_path, 5.0, 3, 0.01)
    assert not archive.requests


def granule_item(archive, tile: str, sensed: str, processed: str, cloud: float = 90.0) -> dict:
    """An item as Earth Search has it: the id states the time of the tile, the product that of the datatake."""
    item = scene_item(archive, f"S2B_T{tile}_{sensed[:8]}T035137_{processed[-4:]}_L2A", cloud, 3000)
    about = {
        "datetime": f"{sensed[:4]}-{sensed[4:6]}-{sensed[6:8]}T03:51:37Z", "grid:code": f"MGRS-{tile}",
        "s2:product_uri": f"S2B_MSIL2A_{sensed}_N0509_R104_T{tile}_{processed}.SAFE",
        "s2:datatake_id": f"GS2B_{sensed}_032531_N05.09",
    }  # fmt: skip
    return item | {"properties": item["properties"] | about}


GRANULES = ("20230529T034541_T48RTR", "20230521T033539_T48RTQ")


def test_granules_are_taken_by_name(archive, access, tmp_path):
    """A10: not the clearest of a time, but those of the paper's table, the newest processing of each."""
    archive.items = [
        granule_item(archive, "48RTR", "20230529T034541", "20230529T081159"),
        granule_item(archive, "48RTR", "20230529T034541", "20240829T111111"),
        granule_item(archive, "48RTQ", "20230521T033539", "20230521T065420"),
        granule_item(archive, "48RTQ", "20230529T034541", "20230529T081159", cloud=0.0),
        granule_item(archive, "48RTR", "20230519T034541", "20230519T081159", cloud=0.0),
    ]  # fmt: skip
    where = f"{archive.data}/stac", "sentinel-2-c1-l2a", bounds_degree(REGION)
    how = {"timeout_s": access.timeout_s, "tries": access.tries, "pause_s": access.pause_s}
    found = sentinel2.named(*where, GRANULES, **how)
    assert [one["id"] for one in found] == [
        "S2B_T48RTR_20230529T035137_1111_L2A", "S2B_T48RTQ_20230521T035137_5420_L2A",
    ]  # fmt: skip
    assert (sentinel2.retrieve(found[0], REGION, tmp_path, 5.0, 3, 0.01) / "B04.tif").is_file()
    message = (
        "E2002 .*/stac: has no 20230529T034541_T48RUR of sentinel-2-c1-l2a over the region; cure: correct retrieve.s"
    )
    with pytest.raises(DownloadError, match=message):
        sentinel2.named(*where, (*GRANULES, "20230529T034541_T48RUR"), **how)


def test_scenes_that_cannot_be_used_are_named(archive, access, tmp_path):
    with pytest.raises(DownloadError, match="has no scene of sentinel-2-c1-l2a from 20200101 to 20201231"):
        found_scenes(archive, access)
    item = scene_item(archive, "S2A_A", 20, 9000)
    del item["assets"]["red"]["raster:bands"]
    archive.items = [item]
    with pytest.raises(DownloadError, match="item S2A_A: bands.B04.scale = None: .*; cure: choose a collection"):
        found_scenes(archive, access)
    archive.items = [scene_item(archive, "S2A_A", 20, 9000) | {"id": "../../x"}]
    with pytest.raises(DownloadError, match=r"item ../../x: id = ../../x: "):
        found_scenes(archive, access)


def test_a_band_that_breaks_off_is_not_kept(archive, access, tmp_path):
    archive.items = [scene_item(archive, "S2A_B", 5, 3000)]
    (scene,) = found_scenes(archive, access)
    archive.faults = [Fault("500", "/s2/S2A_B/red")]
    with pytest.raises(DownloadError, match="E2002 .*red.tif: cannot be read"):
        sentinel2.retrieve(scene, REGION, tmp_path, 5.0, 2, 0.01)
    assert {path.name for path in tmp_path.rglob("*.*")} == {"B02.tif", "B03.tif"}
    archive.faults = []
    assert len(list(sentinel2.retrieve(scene, REGION, tmp_path, 5.0, 2, 0.01).iterdir())) == 5


def test_wrong_password(archive, access, tmp_path, monkeypatch):
    rows = rows_of(tmp_path, access)
    monkeypatch.setenv("NETRC", str(write_netrc(tmp_path / "netrc", archive, "wrong-secret")))
    with pytest.raises(
        CredentialsError, match="E2003 .*the login does not accept netrc; cure: correct the login"
    ) as caught:
        retrieved(tmp_path, Access(**archive.access()), rows)
    assert "wrong-secret" not in str(caught.value)

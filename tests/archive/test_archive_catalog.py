"""update_catalog against the archive in a box, and the answers that the real archives gave."""

import csv
import json
from copy import copy

import numpy as np
import pytest
import yaml

from sarslide.catalog import archive_update, coverage, scenes
from sarslide.catalog.asf import burst_of, scene_of
from sarslide.catalog.granule import Granule
from sarslide.catalog.region import outline, outline_wkt
from sarslide.config import load
from sarslide.errors import CatalogError, ConfigError, DownloadError
from sarslide.retrieve.access import Access
from sarslide.retrieve.orbits import covers, orbits_of
from sarslide.sentinel1.orbit import EOF_NAME
from tests.archive.conftest import DATES, REGION
from tests.archive.server import serving

BURSTS = archive_update.Search("asf", ("A128",), None, None, ("VV",), "bursts", "precise")
SLCS = archive_update.Search("asf", ("A128",), None, None, ("VV",), "slc", "precise")


def update(tmp_path, access, search=BURSTS, baselines=False):
    table, orbits = tmp_path / "scenes.csv", tmp_path / "orbits" if baselines else None
    news = archive_update.update(table, tmp_path / "coverage.csv", REGION, search, access, orbits)
    return news, scenes.read(table)


def test_bursts_of_a_track_with_their_orbits(archive, access, tmp_path):
    news, rows = update(tmp_path, access)
    pieces = [piece for slc in archive.slcs for piece in slc.pieces]
    assert (news.added, news.superseded, news.orbits) == (len(pieces), 0, len(pieces))
    assert sorted(row["granule"] for row in rows) == sorted(piece.name for piece in pieces)
    assert {row["date"] for row in rows} == set(DATES) and {row["platform"] for row in rows} == {"S1A"}
    assert all("POEORB" in row["orbit_file"] and row["address"].startswith(archive.data) for row in rows)
    assert {row["burst_ids"] for row in rows} == {f"{piece.number:06d}_IW2" for piece in pieces}
    assert not archive.leaks


def test_slcs_with_checksum_and_the_bursts_of_the_region(archive, access, tmp_path):
    _, rows = update(tmp_path, access, SLCS)
    assert [row["granule"] for row in rows] == [slc.name for slc in archive.slcs]
    assert all(row["checksum"].startswith("md5:") and int(row["bytes"]) > 1000 for row in rows)
    assert all(len(row["burst_ids"].split()) == len(archive.slcs[0].pieces) for row in rows)


def test_copernicus_lists_the_same_slcs(archive, access, tmp_path):
    archive.page = 1  # page after page
    search = archive_update.Search("copernicus", ("A128",), "20190101", None, ("VV",), "slc", "precise")
    _, rows = update(tmp_path, access, search)
    assert [row["granule"] for row in rows] == [slc.name for slc in archive.slcs]
    (tmp_path / "asf").mkdir()
    archive.page = 1000
    _, others = update(tmp_path / "asf", access, SLCS)
    for word in ("stack", "date", "absolute_orbit", "burst_ids", "orbit_file", "polarisation"):
        assert [row[word] for row in rows] == [row[word] for row in others], word


def test_without_news_the_table_stays(archive, access, tmp_path):
    update(tmp_path, access)
    table = tmp_path / "scenes.csv"
    before = table.read_bytes(), table.stat().st_mtime_ns
    archive.faults = []
    news, _ = update(tmp_path, access)
    assert (news.added, news.orbits) == (0, 0)
    assert (table.read_bytes(), table.stat().st_mtime_ns) == before


def test_an_archive_that_moves_takes_its_granules_along(archive, access, tmp_path):
    _, before = update(tmp_path, access)
    with serving(copy(archive)) as moved:
        news, rows = update(tmp_path, Access(**moved.access()))
    assert all(row["address"].startswith(moved.data) for row in rows) and moved.data != archive.data
    assert news.added == news.superseded == 0
    assert [row | {"address": ""} for row in rows] == [row | {"address": ""} for row in before]


def test_dates_come_with_the_clock_and_wait_for_their_orbits(archive, access, tmp_path):
    """The second date appears twelve days later; precise orbits three weeks after each. Rows of before never change place."""
    archive.now = np.datetime64("2019-03-07T00:00", "us")
    news, rows = update(tmp_path, access)
    assert {row["date"] for row in rows} == {"20190306"} and not any(row["orbit_file"] for row in rows)
    assert coverage.entering(rows, "precise", "wait") == []
    archive.now = np.datetime64("2019-03-28T00:00", "us")
    news, rows = update(tmp_path, access)
    assert news.added and {row["date"] for row in rows if row["orbit_file"]} == {"20190306"}
    states = [day.state for day in coverage.days(rows, "precise")]
    assert states == ["ready", "waits for orbit"]
    archive.now = np.datetime64("2019-04-30", "us")
    news, rows = update(tmp_path, access)
    assert news.added == 0 and len({row["date"] for row in coverage.entering(rows, "precise", "wait")}) == 2


def test_restituted_orbits_by_choice_and_upgraded(archive, access, tmp_path):
    search = archive_update.Search("asf", ("A128",), None, None, ("VV",), "bursts", "restituted")
    archive.now = np.datetime64("2019-03-07T00:00", "us")
    _, rows = update(tmp_path, access, search)
    assert all("RESORB" in row["orbit_file"] for row in rows)
    assert coverage.entering(rows, "restituted", "wait") == rows and coverage.entering(rows, "precise", "wait") == []
    archive.now = np.datetime64("2019-03-30", "us")
    news, later = update(tmp_path, access, search)
    first = [row for row in later if row["date"] == DATES[0]]
    assert all("POEORB" in row["orbit_file"] for row in first) and news.orbits >= len(first)
    assert [row["granule"] for row in later][: len(rows)] == [row["granule"] for row in rows]


def test_a_granule_processed_again_supersedes(archive, access, acquisitions, tmp_path):
    _, before = update(tmp_path, access)
    archive.publish(acquisitions / "A128" / DATES[0], processed="BEEF")
    news, rows = update(tmp_path, access)
    old = [row for row in rows if row["superseded_by"]]
    assert news.superseded == len(old) == len(archive.slcs[0].pieces)
    assert [row["granule"] for row in rows[: len(before)]] == [row["granule"] for row in before]
    assert all(row["superseded_by"].endswith("BEEF-BURST") and row["date"] == DATES[0] for row in old)
    kept = coverage.entering(rows, "precise", "wait")
    assert len(kept) == len(before) and not any(row in kept for row in old)
    assert update(tmp_path, access)[0].superseded == 0


def test_two_versions_at_once_and_duplicates(archive, access, acquisitions, tmp_path):
    newer = archive.publish(acquisitions / "A128" / DATES[0], processed="BEEF")
    newer.published += np.timedelta64(1, "D")
    archive.faults = []
    _, rows = update(tmp_path, access)
    assert len({row["granule"] for row in rows}) == len(rows)
    assert {row["superseded_by"][-10:] for row in rows if row["superseded_by"]} == {"BEEF-BURST"}


def test_the_matrix_and_the_rule_for_gaps(archive, access, tmp_path):
    update(tmp_path, access)
    rows = scenes.read(tmp_path / "scenes.csv")
    lost = next(row for row in rows if row["date"] == DATES[1])
    without = [row for row in rows if row is not lost]
    waits = coverage.days(without, "precise")[1]
    assert waits.missing == (lost["burst_ids"],) and waits.state == "waits for bursts"
    assert {row["date"] for row in coverage.entering(without, "precise", "wait")} == {DATES[0]}
    assert {row["date"] for row in coverage.entering(without, "precise", "take")} == set(DATES)
    # A later date with a burst more, or with fewer, changes nothing for the earlier ones.
    extra = lost | {"burst_ids": "999999_IW1", "date": "20190330", "first_seen": "2030-01-01T00:00:00Z", "granule": "x"}
    assert coverage.reference([*rows, extra], "A128") == coverage.reference(rows, "A128")
    coverage.write_matrix(tmp_path / "matrix.csv", without, "precise")
    with open(tmp_path / "matrix.csv", newline="") as stream:
        table = list(csv.DictReader(stream))
    assert [line["state"] for line in table] == ["ready", "waits for bursts"]
    assert table[1][f"A128_{lost['burst_ids']}"] == "0" and table[0][f"A128_{lost['burst_ids']}"] == "1"


def test_the_graph_sees_what_is_ready(archive, access, tmp_path):
    (tmp_path / "valley").mkdir()
    archive.now = np.datetime64("2019-03-29", "us")
    update(tmp_path / "valley", access)
    real = {
        "region": "valley",
        "source": "safe",
        "stacks": ["A128"],
        "grid": {"dem": "glo30"},
        "catalog": {"archive": "asf"},
    }
    assert scenes.table(load(real), tmp_path).dates("A128") == [DATES[0]]
    archive.now = np.datetime64("2020-01-01", "us")
    update(tmp_path / "valley", access)
    assert scenes.table(load(real), tmp_path).dates("A128") == list(DATES)


def test_baselines_from_orbit_files_are_those_of_the_products(archive, access, acquisitions, tmp_path):
    """Against the columns that the products give: the same orbits, up to the metre by which their arcs' ends differ."""
    from sarslide.catalog.local import update as from_folder

    _, rows = update(tmp_path, access, baselines=True)
    from_folder(tmp_path / "folder.csv", acquisitions, REGION)
    wanted = scenes.SceneTable(("A128",), scenes.read(tmp_path / "folder.csv")).baselines("A128")
    found = scenes.SceneTable(("A128",), rows).baselines("A128")
    for date in DATES:
        assert found[date].bperp_m == pytest.approx(wanted[date].bperp_m, abs=0.02)  # tables are rounded to cm
        assert found[date].critical_m == pytest.approx(wanted[date].critical_m, rel=0.002)


def test_nothing_found_says_which_stack(archive, access, tmp_path):
    search = archive_update.Search("asf", ("D062",), None, None, ("VV",), "bursts", "precise")
    with pytest.raises(CatalogError, match="E1008 the archive lists no scene of D062.*cure: check pass"):
        update(tmp_path, access, search)


def test_a_table_of_folders_is_not_overwritten(archive, access, tmp_path):
    table = tmp_path / "scenes.csv"
    table.write_text(
        ",".join(scenes.COLUMNS) + "\n" + "A128,20190306,S1A.SAFE" + "," * (len(scenes.COLUMNS) - 3) + "\n"
    )
    before = table.read_bytes()
    with pytest.raises(CatalogError, match="is a table of products in folders"):
        update(tmp_path, access)
    assert table.read_bytes() == before


@pytest.mark.parametrize("name", ["../../etc/passwd", "S1_1_IW2_20190306T112011_VV_675F-BURST/../x", "x.pkl", ""])
def test_names_that_are_none_are_refused(name):
    time = np.datetime64("2019-03-06", "us")
    with pytest.raises(DownloadError, match="which is no Sentinel-1 granule"):
        Granule("A128", name, "S1A", 1, time, time, "VV", (), 0, "", "https://a.b/c", "", "")


def test_the_outline_is_the_region():
    from shapely import wkt

    points = outline(REGION)
    assert points[0] == points[-1] and len(points) == 33
    shape = wkt.loads(outline_wkt(REGION))
    assert shape.is_valid and shape.exterior.is_ccw
    # 1.8 km x 1.8 km at 29 degrees north; a degree is 111.3 km on the equator and 97.4 km along
    # this parallel
    assert shape.area == pytest.approx(1.8**2 / (110.85 * 97.43), rel=0.01)


def recorded(folder, name):
    """Products of a recorded answer."""
    return yaml.load((folder / "catalogue" / name).read_text(), Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))


def test_recorded_bursts_of_asf(shipped_data):
    found = [burst_of(one["umm"]) for one in recorded(shipped_data, "SLC_BURST_stack.yml")]
    assert (
        len(found) == 166
        and {one.stack for one in found} == {"D174"}
        and {one.platform for one in found} == {"S1A", "S1B"}
    )
    assert {one.burst_ids for one in found} == {("372326_IW3",)} and len({one.granule for one in found}) == 166
    assert all(one.address.endswith(".tiff") and one.bytes > 1e8 for one in found)
    assert found[0].start == np.datetime64("2014-10-17T15:16:17.116615")


def test_recorded_slcs_of_asf(shipped_data):
    name = "S1A_IW_SLC__1SSV_20160528T141908_20160528T141938_011460_011746_335C_stack.yml"
    found = [scene_of(one["umm"], {}) for one in recorded(shipped_data, name)]
    assert len(found) == 176 and {one.stack for one in found} == {"D013"}
    assert all(one.checksum.startswith("md5:") and one.bytes > 1e9 for one in found)
    assert {one.polarisation for one in found} == {"VV"}
    assert all(int(one.granule[49:55]) == one.absolute_orbit for one in found)


def test_recorded_listing_of_the_orbit_bucket(archive, access, shipped_data, monkeypatch):
    """Seven pages of the real bucket, as they were sent."""
    from sarslide.retrieve import orbits

    pages = [
        one["response"]["body"]["string"]
        for one in recorded(shipped_data, "orbit_listing_s3_poeorb.yaml")["interactions"]
    ]
    monkeypatch.setattr(orbits, "get_text", lambda *_, **__: pages.pop(0))
    listed = access.orbits()._of_bucket("AUX_POEORB", "AUX_POEORB/")
    assert not pages and len(listed) > 6000 and all(EOF_NAME.fullmatch(name) for name in listed)
    address, checksum = listed["S1A_OPER_AUX_POEORB_OPOD_20210203T122423_V20210113T225942_20210115T005942.EOF"]
    assert checksum == "md5:11dd292a8a5527bb0467105355271364" and "/AUX_POEORB/S1A_OPER_AUX" in address
    start = np.datetime64("2021-01-14T11:20:00")
    assert sum(covers(name, "S1A", start, start + np.timedelta64(30, "s")) for name in listed) == 1


def test_recorded_orbit_query_of_copernicus(shipped_data):
    (asked,) = recorded(shipped_data, "test_scihub_query_orbit_by_dt.yaml")["interactions"]
    found = orbits_of(json.loads(asked["response"]["body"]["string"]), "https://data.example/odata/v1")
    name = "S1A_OPER_AUX_POEORB_OPOD_20210315T155112_V20191230T225942_20200101T005942.EOF"
    address = "https://data.example/odata/v1/Products(21db46df-3991-4700-a454-dd91b6f2217a)/$value"
    assert found == {name: (address, "md5:e0345368421e1b65127adc6ea103ab53")}


@pytest.mark.parametrize(
    ("more", "product"),
    [
        ({"catalog": {"archive": "asf"}}, "bursts"),
        ({"catalog": {"archive": "copernicus"}}, "slc"),
        ({"catalog": {"archive": "asf"}, "engine": "isce2"}, "slc"),
        ({"catalog": {"archive": "asf"}, "engine": "snap"}, "slc"),
        ({"catalog": {"archive": "asf"}, "engine": "isce2", "retrieve": {"product": "bursts"}}, None),
        ({"catalog": {"archive": "copernicus"}, "retrieve": {"product": "bursts"}}, None),
    ],
)
def test_bursts_for_those_who_can_read_them(more, product):
    real = {"region": "valley", "source": "safe", "stacks": ["A128"], "grid": {"dem": "glo30"}} | more
    if product:
        assert load(real).product() == product
    else:
        with pytest.raises(ConfigError, match="E1001 config: retrieve.product = bursts does not fit archive"):
            load(real)

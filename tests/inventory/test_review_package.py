"""The reviewer's GeoPackage: written by us, filled in by other writers, checked row by row."""

import shutil
import sqlite3
import xml.etree.ElementTree as ElementTree
from contextlib import closing

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
from pyproj import CRS
from shapely.geometry import Point, Polygon

from sarslide.errors import ReleaseError, ReviewError
from sarslide.inventory import (
    records,
    release,
    review,
    review_audit,
    review_check,
    review_files,
    review_package,
    review_work,
)
from sarslide.inventory.changes import ChangeRules, InventoryState, update
from sarslide.inventory.observability import Observability
from tests.inventory.conftest import GRID, cell_box, fused_row

REGION, EPSG = "valley", CRS.from_epsg(GRID.epsg)
FIRST, SECOND = "20200101-00000001", "20200201-00000002"
SEEN = Observability(GRID, {"A128": np.zeros(GRID.shape, np.uint8)}, 4100.0)


def objects():
    return [fused_row(cell_box(row, 10, 10, 10)) for row in (10, 40, 70)]


@pytest.fixture(scope="module")
def office(tmp_path_factory):
    """A working folder with one release of three landslides, LS000001 to LS000003, to be copied."""
    folder = tmp_path_factory.mktemp("office")
    releases = folder / "results" / REGION / "inventory" / "releases"
    first = update(InventoryState(), objects(), SEEN, {}, "20200101", ChangeRules())
    release.publish(releases, FIRST, "", first, {"region": REGION}, EPSG)
    review_work.write(folder, REGION, GRID)
    return folder


@pytest.fixture
def folder(office, tmp_path):
    return shutil.copytree(office, tmp_path / "office")


def review_of(folder):
    return folder / "resources" / REGION / "review.gpkg"


def table_of(folder):
    table = gpd.read_file(review_of(folder), layer="objects")
    texts = [name for name in table.columns if table[name].dtype == object or name in review_package.FILLED]
    return table.astype({name: object for name in texts})


def save(folder, table):
    """By GeoPandas, which knows nothing of our form."""
    table.to_file(review_of(folder), layer="objects", driver="GPKG")


def following(folder, name=SECOND, found=None):
    """The next release, as the rule makes it."""
    releases = folder / "results" / REGION / "inventory" / "releases"
    previous, paths = release.predecessor(releases, name, EPSG), [review_of(folder)]
    decisions = review_files.read_all(paths)
    review_check.check(paths, decisions, review_check.Known(releases, EPSG, previous.inventory), GRID)
    made = update(previous.inventory, found or objects(), SEEN, decisions, name[:8], ChangeRules())
    rows = review_audit.table(
        decisions,
        review_check.by_id(previous.inventory.layers),
        review_check.by_id(made.layers),
        review_audit.read(releases / previous.release),
        name,
    )
    release.publish(releases, name, previous.release, made, {"region": REGION}, EPSG, tables={"decisions": rows})
    return review_check.by_id(made.layers)


def test_the_file_has_all_objects_and_a_form_of_qgis(folder):
    table = table_of(folder)
    assert table.ls_id.tolist() == ["LS000001", "LS000002", "LS000003"]
    assert set(table.release) == {FIRST} and table.crs == EPSG
    assert (table.decision.fillna("") == "").all()
    with closing(sqlite3.connect(review_of(folder))) as database:
        ((layer, qml, default),) = database.execute("SELECT f_table_name, styleQML, useAsDefault FROM layer_styles")
    assert (layer, default) == ("objects", 1)
    form = ElementTree.fromstring(qml.split("\n", 1)[-1].split(">", 1)[1])
    widgets = {field.get("name"): field for field in form.find("fieldConfiguration")}
    assert set(widgets) == set(table.columns) - {"geometry"}
    words = {one.get("value") for one in widgets["decision"].iter("Option") if one.get("type") == "QString"}
    assert words == {"", *review.ACTIONS}
    editable = {field.get("name") for field in form.find("editable") if field.get("editable") == "1"}
    assert editable == set(review_package.FILLED)
    assert all(alias.get("name") for alias in form.find("aliases"))


def test_saving_the_file_in_another_program_changes_nothing(folder):
    table = table_of(folder)
    table.loc[0, ["decision", "comment", "date"]] = ["accept", "sure", "2020-03-01"]
    save(folder, table)
    before, decided = review_of(folder).read_bytes(), review_files.digest([review_of(folder)])
    save(folder, table.iloc[::-1].assign(date=pd.to_datetime(table.date)))
    assert review_of(folder).read_bytes() != before
    assert review_files.digest([review_of(folder)]) == decided
    table.loc[0, "comment"] = "not sure"
    save(folder, table)
    assert review_files.digest([review_of(folder)]) != decided
    csv = folder / "review.csv"
    csv.write_text("ls_id,action,comment,date\nLS000001,accept,sure,2020-03-01\n")
    assert review_files.digest([csv]) == decided


def test_a_split_and_an_added_outline_have_ids_of_their_own_that_stay(folder):
    table = table_of(folder)
    whole, drawn = cell_box(10, 10, 10, 10), cell_box(20, 60, 12, 9)
    north, south = cell_box(10, 10, 4, 10), cell_box(14, 10, 6, 10)
    part, added = table.loc[[0]].copy(), table.loc[[0]].copy()
    table.loc[0, "decision"] = part["decision"] = "split"
    table.loc[0, "geometry"], part["geometry"], added["geometry"] = south, [north], [drawn]
    added[["ls_id", "uid", "release", "decision"]] = ["", "", "", "add"]
    save(folder, pd.concat([table, part, added], ignore_index=True))
    second = following(folder)
    assert second["LS000001"]["geometry"].equals(south) and north.union(south).equals(whole)
    by_outline = {row["geometry"].normalize().wkb_hex: ls_id for ls_id, row in second.items()}
    other, new = by_outline[north.normalize().wkb_hex], by_outline[drawn.normalize().wkb_hex]
    assert {second[other]["layer"], second[new]["layer"]} == {"landslides"}
    assert (second[new]["source"], second[new]["area_km2"]) == ("reviewer", pytest.approx(0.0972))
    # From newer dates the first has grown, and a network finds a part of the added one.
    later = [fused_row(cell_box(8, 8, 14, 14)), *objects()[1:], fused_row(cell_box(21, 61, 6, 6))]
    review_work.write(folder, REGION, GRID)
    third = following(folder, "20200301-00000003", later)
    assert third["LS000001"]["geometry"].equals(south) and third[other]["geometry"].equals(north)
    assert third[new]["geometry"].equals(drawn) and third[new]["source"] == "network"
    assert {ls_id: row["uid"] for ls_id, row in third.items()} == {ls_id: row["uid"] for ls_id, row in second.items()}
    audit = review_audit.read(folder / "results" / REGION / "inventory/releases/20200301-00000003")
    assert {(row["ls_id"], row["decision"], row["standing"], row["since"]) for row in audit} >= {
        ("LS000001", "split", "in force", SECOND), (other, "split", "in force", SECOND),
    }  # fmt: skip


def test_the_table_of_decisions_tells_who_when_what_before_and_after(folder):
    table = table_of(folder)
    table.loc[1, ["decision", "reviewer", "date", "name"]] = ["reject", "R. Geologist", "2020-03-01", "Mill"]
    save(folder, table)
    assert following(folder)["LS000002"]["name"] == "Mill"
    releases = folder / "results" / REGION / "inventory/releases"
    with closing(sqlite3.connect(releases / SECOND / "landslides.gpkg")) as database:
        rows = database.execute(
            "SELECT ls_id, decision, reviewer, date, before, after, since FROM decisions"
        ).fetchall()
    assert rows == [
        ("LS000002", "reject", "R. Geologist", "2020-03-01", "landslides: released, landslide, 0.0900 km2",
         "masked: rejected, landslide, 0.0900 km2, Mill", SECOND),
    ]  # fmt: skip
    # Taken back, it stays in the table.
    table.loc[1, ["decision", "reviewer", "date", "name"]] = ""
    save(folder, table)
    assert following(folder, "20200301-00000003")["LS000002"]["layer"] == "landslides"
    (row,) = review_audit.read(releases / "20200301-00000003")
    assert (row["standing"], row["decision"], row["since"]) == ("withdrawn", "reject", SECOND)


def test_a_decision_on_an_object_that_is_not_found_waits_and_blocks_nothing(folder):
    table = table_of(folder)
    table.loc[2, ["decision", "comment"]] = ["reject", "a quarry"]
    save(folder, table)
    following(folder)
    later = following(folder, "20200301-00000003", objects()[:2])
    assert (later["LS000003"]["status"], later["LS000003"]["comment"]) == ("rejected", "a quarry")
    again = following(folder, "20200401-00000004")
    assert again["LS000003"]["status"] == "rejected"


BOW = Polygon([(500300, 3199000), (500900, 3199600), (500900, 3199000), (500300, 3199600)])
OUTSIDE = cell_box(10, 115, 10, 10)


def _set(column, value, row=0):
    def change(table):
        table.loc[row, column] = value
        return table

    return change


def _add(outline, decision="add", **values):
    def change(table):
        blank = table.loc[[0]].assign(ls_id="", uid="", release="", decision=decision, geometry=[outline], **values)
        return pd.concat([table, blank], ignore_index=True)

    return change


def _split(first, second):
    def change(table):
        table.loc[0, "decision"] = "split"
        other = table.loc[[0]].copy()
        table.loc[0, "geometry"], other["geometry"] = first, [second]
        return pd.concat([table, other], ignore_index=True)

    return change


BAD = {
    "another release": (_set("release", "20190101-deadbeef"), "row 1: LS000001 is of release 20190101-deadbeef"),
    "no release": (_set("release", ""), r"row 1: LS000001 is of release \(none\)"),
    "an id that does not exist": (_set("ls_id", "LS000099"), "row 1: no object LS000099"),
    "the uid of another region": (_set("uid", "0" * 36), "row 1: no object LS000001 with uid 0000"),
    "another action": (_set("decision", "delete"), "row 1: action 'delete' of LS000001"),
    "a class without reclassify": (_set("class", "landslide"), "row 1: class 'landslide' of LS000001 with action note"),
    "merge into nothing": (_set("decision", "merge"), "row 1: LS000001 is merged into no object"),
    "evidence that is no link": (_set("evidence", "my notes"), "row 1: evidence 'my' of LS000001 is no link"),
    "a photo elsewhere": (_set("photos", "/home/me/a.jpg"), "row 1: photos '/home/me/a.jpg' of LS000001"),
    "an outline changed without a decision": (
        _set("geometry", cell_box(10, 10, 5, 5)), "row 1: the outline of LS000001 was changed without a decision"
    ),
    "an outline removed": (_set("geometry", None), "row 1: LS000001 has no outline"),
    "an object twice": (
        lambda table: pd.concat([table, table.loc[[1]]], ignore_index=True), "row 4: LS000002 is there again, after row 2"
    ),
    "added outside": (_add(OUTSIDE), "row 4: the outline of the added object reaches out of the region"),
    "added crossing itself": (_add(BOW), r"row 4: outline of the added object is no valid outline \(Self-intersection"),
    "added without a decision": (_add(cell_box(60, 60, 5, 5), ""), "row 4: a new outline without a decision"),
    "another decision without an object": (_add(cell_box(60, 60, 5, 5), "accept"), "row 4: action accept without an ls_id"),
    "a split that loses area": (
        _split(cell_box(10, 10, 4, 10), cell_box(14, 10, 3, 10)), "row 1: the parts of LS000001 lose 30 % of its area"
    ),
    "parts that overlap": (
        _split(cell_box(10, 10, 7, 10), cell_box(14, 10, 6, 10)), "row 4: two parts of LS000001 overlap"
    ),
    "a split of one part": (_set("decision", "split"), "row 1: LS000001 is split into one part"),
    "a column that is gone": (lambda table: table.drop(columns="uid"), "layer objects has no column uid"),
    "another CRS": (lambda table: table.to_crs(4326), "its CRS is EPSG:4326, not that of the region"),
}  # fmt: skip


@pytest.mark.parametrize("name", BAD)
def test_what_is_wrong_is_one_coded_line_that_names_the_row(folder, name):
    change, words = BAD[name]
    save(folder, change(table_of(folder)))
    with pytest.raises(ReviewError, match=words) as error:
        following(folder)
    text = str(error.value)
    assert text.startswith("E5001 ") and "; cure: " in text and "\n" not in text and "review.gpkg" in text
    assert [path.name for path in records.folders(folder / "results" / REGION / "inventory/releases")] == [FIRST]


def test_a_file_of_another_kind_is_refused(folder):
    for content in (b"", b"ls_id,action\n", review_of(folder).read_bytes()[:2000]):
        review_of(folder).write_bytes(content)
        with pytest.raises(ReviewError, match=r"review\.gpkg.*; cure: "):
            review_files.read_all([review_of(folder)])
    review_of(folder).unlink()
    points = gpd.GeoDataFrame({"ls_id": ["LS000001"]}, geometry=[Point(0, 0)], crs=EPSG)
    points.to_file(review_of(folder), layer="points", driver="GPKG")
    with pytest.raises(ReviewError, match="has no layer objects, but points"):
        review_files.read_all([review_of(folder)])


def test_both_ways_together_decide_once_about_an_object(folder):
    table = table_of(folder)
    table.loc[0, "decision"] = "accept"
    save(folder, table)
    csv = folder / "resources" / REGION / "review.csv"
    csv.write_text("ls_id,action\nLS000002,reject\n")
    assert set(review_files.read_all([csv, review_of(folder)])) == {"LS000001", "LS000002"}
    csv.write_text("ls_id,action\nLS000001,reject\n")
    with pytest.raises(ReviewError, match=r"review.gpkg row 1: LS000001 was already decided in .*review.csv row 2"):
        review_files.read_all([csv, review_of(folder)])


def test_a_merge_and_a_reclassified_object_by_csv(folder):
    csv = folder / "review.csv"
    csv.write_text(
        "ls_id,action,other,class\nLS000002,merge,LS000001,\nLS000003,reclassify,,non-landslide deformation\n"
    )
    releases = folder / "results" / REGION / "inventory/releases"
    state = release.predecessor(releases, SECOND, EPSG).inventory
    for _ in range(2):
        state = update(state, objects(), SEEN, review_files.read_csv(csv), "20200201", ChangeRules())
        rows = review_check.by_id(state.layers)
        assert rows["LS000001"]["geometry"].area == 2 * 300 * 300
        assert (rows["LS000002"]["layer"], rows["LS000003"]["layer"]) == ("vanished", "non_landslide_deformation")
    csv.write_text(f'ls_id,action,wkt\nLS000001,split,"{cell_box(10, 10, 10, 10).wkt}"\n')
    with pytest.raises(ReviewError, match="is split into one part"):
        review_files.read_csv(csv)


def test_the_file_is_kept_where_it_is_wrong_or_open(folder):
    before = review_of(folder).read_bytes()
    wal = review_of(folder).with_name("review.gpkg-wal")
    wal.touch()
    with pytest.raises(ReviewError, match="is open in another program"):
        review_work.write(folder, REGION, GRID)
    wal.unlink()
    assert review_of(folder).read_bytes() == before
    with pytest.raises(ReleaseError, match="has no release"):
        review_work.write(folder, "elsewhere", GRID)


def test_a_release_that_was_edited_by_hand_is_found_at_every_start(folder):
    """Releases are read-only, which is void for root: hashes tell; what stands as it was is not read again."""
    inventory = folder / "results" / REGION / "inventory"
    package = inventory / "releases" / FIRST / "landslides.gpkg"
    records.check_all(inventory)
    read, seen = records.sha256, []
    records.sha256 = lambda path: seen.append(path) or read(path)
    try:
        records.check_all(inventory)
        assert not seen
        package.chmod(0o644)
        with closing(sqlite3.connect(package)) as database:
            database.execute("UPDATE layer_styles SET description = 'mine'")
            database.commit()
        for _ in range(2):
            with pytest.raises(ReleaseError, match=r"E5002 .*landslides.gpkg: was changed after its release; cure: "):
                records.check_all(inventory)
    finally:
        records.sha256 = read

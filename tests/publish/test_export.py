"""`sarslide export`: folders that are replaced or refused, one coded line for each mistake."""

import json
import shutil

import pyogrio
import pytest

from sarslide import cli, exit_codes
from sarslide.inventory import release
from sarslide.inventory.changes import InventoryState
from sarslide.inventory.records import MANIFEST
from sarslide.io.hashes import sha256
from sarslide.publish.export import FORMATS
from tests.inventory.conftest import GRID
from tests.publish.conftest import DATES, REGION, STACK


def ended(*words) -> int:
    with pytest.raises(SystemExit) as end:
        cli.main(["export", *map(str, words)])
    return end.value.code or 0


def test_an_export_is_replaced_and_lists_its_files(working, tmp_path, capsys):
    to = tmp_path / "out"
    assert ended(REGION, "-C", working, "--to", to, "--formats", "coolr,geojson") == 0
    assert capsys.readouterr().out == f"20190330-0123abcd of {REGION}: 5 files in {to}\n"
    assert ended("20190330-0123abcd", "-C", working, "--to", to, "--formats", "iffi", "--formats", "coolr") == 0
    content = json.loads((to / "EXPORT.json").read_text())
    assert content["formats"] == ["coolr", "iffi"] and content["release"] == "20190330-0123abcd"
    assert content["files"] == {name: sha256(to / name) for name in ("coolr.csv", "iffi.csv")}
    assert sorted(path.name for path in to.iterdir()) == ["EXPORT.json", "coolr.csv", "iffi.csv"]


def test_the_same_release_gives_the_same_bytes(exported, working, tmp_path):
    assert ended(REGION, "-C", working, "--to", tmp_path / "again") == 0
    first, second = (json.loads((folder / "EXPORT.json").read_text()) for folder in (exported, tmp_path / "again"))
    assert first["formats"] == list(FORMATS) and first == second


def refused(capsys, *words) -> str:
    assert ended(*words) == exit_codes.REFUSED
    (line,) = capsys.readouterr().err.strip().splitlines()
    assert "; cure: " in line
    return line


def test_mistakes_are_one_coded_line(working, tmp_path, capsys):
    to, common = tmp_path / "out", ("-C", working, "--to", tmp_path / "out")
    assert refused(capsys, REGION, *common, "--formats", "gpgk").startswith("E1001 format gpgk")
    assert "use gpkg" in refused(capsys, REGION, *common, "--formats", "gpgk")
    assert "20190330-0123abcd" in refused(capsys, "20190330-0123abce", *common)
    assert refused(capsys, "valley", *common).startswith("E5002 ")
    assert not to.exists()
    to.mkdir()
    (to / "notes.txt").write_text("mine")
    assert refused(capsys, REGION, *common).startswith(f"E1007 {to}: holds notes.txt")
    assert [path.name for path in to.iterdir()] == ["notes.txt"]
    assert refused(capsys, REGION, "-C", working, "--to", to / "notes.txt").startswith("E1007 ")


def test_a_file_beside_an_export_is_not_lost(working, tmp_path, capsys):
    to = tmp_path / "out"
    assert ended(REGION, "-C", working, "--to", to, "--formats", "coolr") == 0
    (to / "mine.txt").write_text("mine")
    assert "mine.txt" in refused(capsys, REGION, "-C", working, "--to", to)
    assert (to / "mine.txt").read_text() == "mine" and (to / "coolr.csv").exists()


def test_a_changed_release_is_not_published(working, tmp_path, capsys):
    folder = next((working / "results" / REGION / "inventory" / "releases").glob("2*"))
    copy = tmp_path / folder.name
    shutil.copytree(folder, copy)
    assert (copy / MANIFEST).is_file()
    (copy / "CHANGES.csv").chmod(0o644)
    (copy / "CHANGES.csv").write_text("changed")
    assert refused(capsys, copy, "--to", tmp_path / "out").startswith("E5002 ")


def test_a_release_of_version_0_1_0_is_exported(repository, tmp_path):
    """Its objects have no uids: the column is empty."""
    (folder,) = (repository / "tests/data/format1/inventory/releases").glob("2*")
    assert ended(folder, "--to", tmp_path / "out", "--formats", "gpkg,kmz,stac") == 0
    found = pyogrio.read_dataframe(tmp_path / "out" / "landslides.gpkg", layer="landslides")
    assert len(found) == 49 and set(found.uid) == {""} and found.lon.between(-180, 180).all()
    assert (tmp_path / "out" / "stac" / "catalog.json").is_file()


def test_series_that_the_release_holds_are_exported_of_any_release(tmp_path):
    state, crs = InventoryState(), f"EPSG:{GRID.epsg}"
    releases = tmp_path / "results" / REGION / "inventory" / "releases"
    releases.mkdir(parents=True)
    about = {"region": REGION, "dates": DATES}
    made = release.publish(
        releases,
        "20190330-0123abcd",
        "",
        state,
        about,
        crs,
        lambda to: (to / f"series_{STACK}.csv").write_text("pid\n"),
    )
    assert ended(releases / made.release, "--to", tmp_path / "out", "--formats", "series") == 0
    assert (tmp_path / "out" / "series" / f"{STACK}.csv").read_text() == "pid\n"


def test_a_release_without_objects_and_region_has_no_place_in_a_catalogue(tmp_path, capsys):
    releases = tmp_path / "results" / REGION / "inventory" / "releases"
    releases.mkdir(parents=True)
    made = release.publish(releases, "20190330-0123abcd", "", InventoryState(), {"dates": DATES}, f"EPSG:{GRID.epsg}")
    assert refused(capsys, releases / made.release, "--to", tmp_path / "out", "--formats", "stac").startswith("E5002 ")
    assert not (tmp_path / "out").exists()
    assert ended(releases / made.release, "--to", tmp_path / "out", "--formats", "gpkg,geojson,shapefile,kmz") == 0

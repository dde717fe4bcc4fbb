"""`sarslide export`: folders that are replaced or refused, one coded line for each mistake."""

import json
import shutil

import pytest

from sarslide import cli, exit_codes
from sarslide.inventory.records import MANIFEST
from sarslide.io.hashes import sha256
from sarslide.publish.export import FORMATS
from tests.publish.conftest import REGION


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

"""`sarslide sheet`: one, some or all objects, each as a page and a PDF; mistakes are one coded line."""

import pytest
from pypdf import PdfReader

from sarslide import cli, exit_codes
from sarslide.inventory.tables import LANDSLIDES, PLAIN
from sarslide.publish import source
from tests.inventory.conftest import cell_box, fused_row
from tests.publish.conftest import REGION, STACK, make_release
from tests.report.test_page import Page


def ended(*words) -> int:
    with pytest.raises(SystemExit) as end:
        cli.main(["sheet", *map(str, words)])
    return end.value.code or 0


def test_all_landslides_have_a_sheet(working, publication, tmp_path, capsys):
    to = tmp_path / "sheets"
    assert ended(REGION, "-C", working, "--to", to) == 0
    ids = set(publication.layers[LANDSLIDES].ls_id)
    assert capsys.readouterr().out == f"20190330-0123abcd of {REGION}: {len(ids)} sheets in {to}\n"
    made = {path.name for path in to.iterdir()}
    assert made == {f"sheet-{one}.{kind}" for one in ids for kind in ("html", "pdf")} | {"EXPORT.json"}
    for ls_id in ids:
        (page,) = PdfReader(to / f"sheet-{ls_id}.pdf", strict=True).pages
        assert ls_id in page.extract_text() and "20190330-0123abcd" in page.extract_text()
    read = Page((to / "sheet-LS000001.html").read_text())
    assert "sheet-LS000001.pdf" in read.links and "../report.html" not in read.links
    text = PdfReader(to / "sheet-LS000001.pdf").pages[0].extract_text()
    assert f"Mean LOS rate {STACK}" in text and f"LOS rate {STACK}, mm/yr" in text  # table, and below the map


def test_objects_are_named_by_uid_or_ls_id(working, publication, tmp_path):
    (flat,) = publication.layers[PLAIN].to_dict("records")
    assert ended(REGION, flat["uid"], "LS000002", "-C", working, "--to", tmp_path / "sheets") == 0
    names = {path.stem for path in (tmp_path / "sheets").glob("*.pdf")}
    assert names == {f"sheet-{flat['ls_id']}", "sheet-LS000002"}


def test_an_earlier_release_has_sheets_without_maps(tmp_path):
    folder = make_release(tmp_path, [fused_row(cell_box(10, 10, 6, 8))], "20190330", "20190330-0123abcd")
    assert source.read(folder).is_current and ended(folder, "--to", tmp_path / "sheets") == 0  # without rasters
    text = PdfReader(tmp_path / "sheets" / "sheet-LS000001.pdf").pages[0].extract_text()
    assert "The ground is flat or its height unknown." in text


def test_mistakes_are_one_coded_line(working, tmp_path, capsys):
    assert ended(REGION, "LS000009", "-C", working, "--to", tmp_path / "sheets") == exit_codes.REFUSED
    (line,) = capsys.readouterr().err.strip().splitlines()
    assert line.startswith("E5002 LS000009: is no uid or ls_id") and "; cure: use LS00000" in line
    assert not (tmp_path / "sheets").exists()
    (tmp_path / "mine").write_text("mine")
    assert ended(REGION, "-C", working, "--to", tmp_path) == exit_codes.REFUSED
    assert "mine, which no export has written" in capsys.readouterr().err

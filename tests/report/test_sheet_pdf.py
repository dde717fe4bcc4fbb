"""PDF of a sheet, opened by pypdf: text, pages, fonts, addresses, and what is a picture in it."""

import io
from dataclasses import replace

import geopandas as gpd
import pytest
from pypdf import PdfReader

from sarslide.report import sheet_pdf, sheets
from tests.report.test_sheets import GRID, OUTLINE, a_row, ground

COLOURS = {"A001": "#1b6ca8", "D002": "#b45309"}
HEAD = {"region": "valley_of_tests", "release": "20190330-0123abcd", "simulated": True}
SERIES = {
    "A001": {"dates": ["20190305", "20190317", "20190329"], "mm": [0.0, -10.0, -21.0], "spread": [None, 5.0, 6.0]},
    "D002": {"dates": ["20190306", "20190330"], "mm": [0.0, 9.0], "spread": [None, None]},
}
WRITTEN = {"object_class": "landslide", "change": "persisting", "review": "accept", "comment": "costs $5 or $6"}


def a_sheet(**values) -> sheets.Sheet:
    row = a_row(los_rate_by_track='{"A001": -30.0, "D002": 12.5}', **(WRITTEN | values))
    frame = gpd.GeoDataFrame([row | {"tracks": "A001", "name": "Val d'Err"}], geometry=[OUTLINE], crs=GRID.epsg)
    motion = {"A001": {}, "D002": {}}
    (made,) = sheets.contents(frame, ground(), {"LS000001": SERIES}, motion, {}).values()
    return made


def opened(sheet: sheets.Sheet) -> PdfReader:
    return PdfReader(io.BytesIO(sheet_pdf.pdf(sheet, COLOURS, HEAD)), strict=True)


def test_everything_of_a_sheet_stands_in_it_as_text():
    sheet = replace(a_sheet(), evidence=["https://office.example/report.pdf"])
    read = opened(sheet)
    (page,) = read.pages
    width, height = (float(one) * 25.4 / 72 for one in page.mediabox[2:])
    assert (width, height) == pytest.approx((210, 297), abs=0.1)
    text = page.extract_text()
    for label, value in (*sheet.rates, *sheet.motion, *sheet.facts):
        assert label in text and value in text
    for line in sheet.rules:
        assert all(word in text for word in f"{line.rule} {line.number} {line.limit} {line.outcome}".split())
    assert {"Time series", "Profile", "Why it is what it is", "Evidence"} <= set(text.split("\n"))
    assert "LS000001 Val d'Err" in text and "simulated data: no real place" in text and "costs $5 or $6" in text
    assert "Mean LOS rate A001" in text and "Mean LOS rate D002" in text
    assert read.metadata.title == "LS000001, valley_of_tests, release 20190330-0123abcd"


def test_addresses_can_be_followed():
    sheet = replace(a_sheet(), evidence=["https://office.example/report.pdf"])
    (page,) = opened(sheet).pages
    followed = [note.get_object()["/A"]["/URI"] for note in page["/Annots"]]
    assert followed == ["https://office.example/report.pdf", *sheet.links]


def test_letters_are_in_the_file_and_plots_are_lines():
    (page,) = opened(a_sheet()).pages
    for font in page["/Resources"]["/Font"].values():
        (inner,) = font.get_object()["/DescendantFonts"]
        assert "/FontFile2" in inner.get_object()["/FontDescriptor"].get_object()  # TrueType, whole letters
    # Map and colour bar; series and profile are none.
    pictures = [one for one in page["/Resources"]["/XObject"].values() if one.get_object()["/Subtype"] == "/Image"]
    assert len(pictures) == 2


def test_much_that_reviewers_wrote_goes_on_on_further_pages():
    words = [f"word{number}" for number in range(2500)]
    read = opened(a_sheet(comment=" ".join(words)))
    assert len(read.pages) > 2
    text = " ".join(page.extract_text() for page in read.pages)
    assert all(word in text.split() for word in words)
    assert "page 2" in read.pages[1].extract_text()


def test_a_sheet_without_rates_relief_and_series_says_so():
    bare = replace(a_sheet(), rates=[], motion=[], map=None, series={}, profile=None)
    text = " ".join(opened(bare).pages[0].extract_text().split())
    assert "none: nothing was unwrapped here" in text and "This release has no series of the object." in text
    assert "The ground is flat or its height unknown." in text


def test_the_same_sheet_gives_the_same_bytes():
    assert sheet_pdf.pdf(a_sheet(), COLOURS, HEAD) == sheet_pdf.pdf(a_sheet(), COLOURS, HEAD)


def test_text_is_wrapped_to_its_width():
    lines = sheet_pdf.wrapped("a word " * 40 + "x" * 300, 60.0)
    assert max(map(len, lines)) <= 60 / (0.56 * 7.5 * 0.3528) and "".join(lines).count("x") == 300
    assert sheet_pdf.wrapped("", 60.0) == [""]

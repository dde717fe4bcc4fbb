"""`sarslide diff`: every kind of change between two releases that are known, opened by GDAL and an HTML parser."""

from html.parser import HTMLParser

import pyogrio
import pytest

from sarslide import cli, exit_codes
from tests.inventory.conftest import cell_box, fused_row
from tests.publish.conftest import REGION, make_release

KM2 = 900e-6  # of a cell


def moving(outline, rate: float) -> dict:
    return fused_row(outline, los_rate_mean_mm_per_yr=rate, los_rate_by_track=f'{{"A128": {rate}}}')


@pytest.fixture(scope="module")
def releases(tmp_path_factory):
    """A working folder and two releases: of five landslides one stays, one goes, one grows, one gets
    faster, one both; a sixth is new.
    """
    folder = tmp_path_factory.mktemp("diff")
    boxes = [cell_box(10, 10 + 20 * k, 8, 8) for k in range(5)]
    first = make_release(folder, [moving(box, -40.0) for box in boxes], "20190330", "20190330-0123abcd")
    grown = [cell_box(10, 10 + 20 * k, 8, 12) for k in (2, 4)]
    later = [moving(boxes[0], -42.0), moving(grown[0], -40.0), moving(boxes[3], -70.0), moving(grown[1], -80.0)]
    later.append(moving(cell_box(60, 40, 10, 10), -25.0))
    second = make_release(folder, later, "20190423", "20190423-0123abcd", first.name)
    return folder, first.name, second.name


def ended(*words) -> int:
    with pytest.raises(SystemExit) as end:
        cli.main(["diff", *map(str, words)])
    return end.value.code or 0


def test_every_kind_is_found(releases, tmp_path, capsys):
    folder, first, second = releases
    assert ended(first, REGION, "-C", folder, "--to", tmp_path / "out") == 0
    line, page = capsys.readouterr().out.splitlines()
    assert line == f"{first} to {second}: new 1, faster 2, grown 1, gone 1, as before 1"
    assert page == str(tmp_path / "out" / "diff.html")
    found = pyogrio.read_dataframe(tmp_path / "out" / "diff.gpkg", layer="changes").set_index("ls_id")
    assert found.change.to_dict() == {
        "LS000001": "persisting", "LS000002": "gone", "LS000003": "grown", "LS000004": "accelerated",
        "LS000005": "accelerated", "LS000006": "new",
    }  # fmt: skip
    assert found.changes["LS000005"] == "grown+accelerated"
    areas = found.loc["LS000003", ["area_before_km2", "area_after_km2"]].tolist()
    assert areas == pytest.approx([64 * KM2, 96 * KM2])
    assert (found.los_speed_before_mm_per_yr["LS000004"], found.los_speed_after_mm_per_yr["LS000004"]) == (40, 70)
    assert found.area_before_km2.isna()["LS000006"] and found.area_after_km2.isna()["LS000002"]
    earlier = pyogrio.read_dataframe(tmp_path / "out" / "diff.gpkg", layer="earlier_outlines")
    assert len(earlier) == 5 and earlier.area.tolist() == pytest.approx([64 * KM2 * 1e6] * 5)


class Tags(HTMLParser):
    """Counts of the elements of a page, and addresses that it would load."""

    def __init__(self):
        super().__init__()
        self.counts, self.loaded = {}, []

    def handle_starttag(self, tag, attrs):
        self.counts[tag] = self.counts.get(tag, 0) + 1
        self.loaded += [
            value for name, value in attrs if name == "src" or (name == "href" and not value.startswith("#"))
        ]


def test_the_page_opens_alone_and_has_every_object(releases, tmp_path):
    folder, first, second = releases
    assert ended(first, second, "-C", folder, "--to", tmp_path / "out") == 0
    parser = Tags()
    text = (tmp_path / "out" / "diff.html").read_text()
    parser.feed(text)
    assert not parser.loaded and parser.counts["table"] == 5 and parser.counts["g"] == 6
    assert all(f"LS00000{k}" in text for k in range(1, 7))


@pytest.mark.parametrize("turned", [True, False])
def test_mistakes_are_one_coded_line(releases, tmp_path, capsys, turned):
    folder, first, second = releases
    words = (second, first) if turned else (first, "20190423-ffffffff")
    assert ended(*words, "-C", folder, "--to", tmp_path / "out") == exit_codes.REFUSED
    (line,) = capsys.readouterr().err.strip().splitlines()
    assert line.startswith("E5002 ") and "; cure: " in line and not (tmp_path / "out").exists()

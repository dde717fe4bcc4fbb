"""Sheets of single landslides: rules beside numbers, profile, map, plots; nothing is loaded."""

import math
import re
import xml.etree.ElementTree as XML

import numpy as np
import pytest
from shapely.geometry import box

from sarslide.grid import RegionGrid
from sarslide.inventory.masks import REASONS, MaskRules
from sarslide.io import vector
from sarslide.report import sheet_rules, sheets, svg_plots, tables
from sarslide.report.page import render
from sarslide.report.scales import scale_for
from sarslide.report.stages import StackMaps
from tests.report.test_page import Page, map_data
from tests.support.report_inputs import RELEASE

GRID = RegionGrid(32647, 500_000.0, 3_200_000.0, 30.0, 100, 80)
OUTLINE = box(501_000, 3_198_500, 501_300, 3_199_100)


@pytest.fixture(scope="module")
def page(inputs):
    return render(inputs)


def a_row(**values):
    row = {
        "ls_id": "LS000001", "source": "network", "track": "A001", "los_rate_by_track": '{"A001": -30.0}',
        "area_km2": 0.18, "aspect_mean_deg": 180.0,
        "layover_shadow_fraction": 0.0, "coherence_mean": 0.5, "elevation_median_m": 2000.0, "slope_mean_deg": 20.0,
        "los_rate_mean_mm_per_yr": -30.0, "downslope_sensitivity": -0.5, "downslope_rate_mm_per_yr": 60.0,
        "phase_cycles_per_yr": 1.0, "object_type": 3, "confidence": "high",
    }  # fmt: skip
    return row | values


def test_every_landslide_has_a_sheet_that_loads_nothing(inputs, page):
    frame = vector.read(inputs.current.parent / "releases" / RELEASE / "landslides.gpkg", "landslides")
    assert {name for name in page.files if name.startswith("sheet-")} == {sheets.name_of(one) for one in frame["ls_id"]}
    assert map_data(page.html)["sheets"] == {one: f"report_files/{sheets.name_of(one)}" for one in frame["ls_id"]}
    text = page.files[sheets.name_of("LS000002")].decode()
    read = Page(text)
    assert not read.open and all(address.startswith("data:") for address in read.loads)
    assert "default-src 'none'; img-src data:; style-src 'unsafe-inline'" in text
    assert {"Motion", "Profile", "Why it is what it is", "Evidence"} <= set(re.findall(r"<h2>(.*?)</h2>", text))
    assert 'lang="en"' in text and text.count("<h1>") == 1 and "../report.html" in read.links
    for picture in re.findall(r"<svg.*?</svg>", text, re.S):
        assert XML.fromstring(picture).get("aria-label")


@pytest.mark.parametrize(
    ("values", "code"),
    [
        ({"area_km2": 0.01}, "too_small"),
        ({"layover_shadow_fraction": 0.6}, "layover_shadow"),
        ({"coherence_mean": 0.1}, "low_coherence"),
        ({"elevation_median_m": 3000.0}, "above_snowline"),
        ({"los_rate_mean_mm_per_yr": 30.0}, "uphill"),
        ({"slope_mean_deg": 3.0}, "too_flat"),
    ],
)
def test_a_rule_that_holds_an_object_back_says_so(values, code):
    rules = sheet_rules.mask_rules({"inventory": {"snowline_m": 2750.0}, "rates": {"min_sensitivity": 0.3}})
    assert rules == MaskRules(snowline_m=2750.0, min_sensitivity=0.3)
    assert all(line.outcome == "holds" for line in sheet_rules.lines(a_row(), OUTLINE, rules)[:6])
    outcomes = [line.outcome for line in sheet_rules.lines(a_row(**values), OUTLINE, rules)[:6]]
    assert outcomes.count("holds") == 5 and REASONS[code] in outcomes


def test_classes_have_their_numbers():
    lines = {line.rule.partition(":")[0]: line for line in sheet_rules.lines(a_row(), OUTLINE, MaskRules())}
    assert (lines["Type"].number, lines["Type"].outcome) == ("1.0/yr; 2.0; 0.180 km²", "small, slow")
    assert (lines["Velocity class"].number, lines["Velocity class"].outcome) == ("60.0 mm/yr", "very slow")
    assert (lines["Confidence"].number, lines["Confidence"].outcome) == ("–", "high")
    assert lines["State"].outcome == "not known"


@pytest.mark.parametrize(
    ("speed", "word"),
    [(15.9, "extremely slow"), (-16.1, "very slow"), (1601, "slow"), (2e5, "moderate or faster"), (math.nan, "")],
)
def test_velocity_classes_of_cruden_and_varnes(speed, word):
    """5e-7 mm/s are 16 mm/yr, 5e-5 mm/s are 1.6 m/yr, 5e-3 mm/s are 160 m/yr."""
    assert sheet_rules.velocity_class(speed) == word


def ground():
    """A plane that falls by 0.4 m a metre to the south."""
    height = 2000 + 0.4 * (GRID.y()[:, None] - 3_198_800) * np.ones((1, GRID.cols))
    rate = np.where(np.arange(GRID.cols)[None] < 40, -30.0, 10.0) * np.ones((GRID.rows, 1))
    shade = np.full(GRID.shape, 255.0)
    scale = scale_for("los_rate_mm_per_yr", [rate])
    maps = StackMaps("A001", {"los_rate_mm_per_yr": rate})
    return sheets.Ground(GRID, [maps], {"elevation_m": height, "hillshade": shade}, scale)


def test_the_profile_runs_down_the_slope():
    """600 m of the object and 30 % at either end, falling by 0.4."""
    distance, height, inside = sheets._profile(a_row(), OUTLINE, ground())
    assert distance[-1] == pytest.approx(960) and inside.sum() == pytest.approx(600 / 8, abs=2)
    np.testing.assert_allclose(np.diff(height), -0.4 * 8, rtol=1e-6)
    assert height[60] == pytest.approx(2000, abs=0.5)  # the middle of the object
    assert sheets._profile(a_row(aspect_mean_deg=math.nan), OUTLINE, ground()) is None


def test_the_map_is_cut_around_the_object():
    """Its longer side, 600 m, and 60 % of it around; cells are those of the grid."""
    found = sheets._map(a_row(), OUTLINE, ground())
    assert found["track"] == "A001" and found["size"] == 44 and found["metres"] == 44 * 30
    corners = found["rings"][0]
    assert np.ptp(corners, axis=0) * 30 == pytest.approx([300, 600])
    assert corners.mean(axis=0) == pytest.approx([22, 22], abs=2)


def test_ticks_are_round():
    for low, high in ((0, 7), (-83, 4), (1999.2, 2003.1), (0, 0), (-0.02, 0.013)):
        bottom, top, step = svg_plots.ticks(low, high)
        assert bottom <= low and top >= high and round((top - bottom) / step) <= 7
        assert f"{step:.0e}"[0] in "125"


def test_series_are_drawn_with_their_spread():
    tracks = {"A001": {"dates": ["20190305", "20190317"], "mm": [0.0, -20.0], "spread": [None, 5.0]}}
    picture = XML.fromstring(svg_plots.series_plot(tracks, {"A001": "#1b6ca8"}))
    lines = [one.get("points") for one in picture if one.tag == "polyline" and one.get("stroke") == "#1b6ca8"]
    # 0 to -25 mm on 150 rows from the 16th: -20 mm at 136, 5 mm are 30 rows.
    assert lines == ["510.0,166.0 510.0,106.0", "48.0,16.0 510.0,136.0"]
    assert "A001 to -20 mm" in picture.get("aria-label")


def test_east_and_up_have_their_errors():
    row = {
        "east_rate_mm_per_yr": 24.9,
        "east_rate_std_mm_per_yr": 3.84,
        "up_rate_mm_per_yr": math.nan,
        "state": "steady",
    }
    assert tables.motion_rows(row) == [("East", "24.9 ± 3.8 mm/yr"), ("State", "steady")]

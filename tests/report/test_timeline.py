"""The slider of the map: images of displacement at dates, and the release known then, beside the page."""

import dataclasses
import io

import numpy as np
import pytest
from PIL import Image

from sarslide.errors import RasterError
from sarslide.grid import RegionGrid
from sarslide.io import series
from sarslide.names import days_between
from sarslide.rates.observability import CLASSES
from sarslide.report import beside, date_images, timeline
from sarslide.report.page import render
from sarslide.report.scales import scale_for
from sarslide.report.stages import StackMaps
from tests.report.test_page import Page, map_data
from tests.support.chromium import body_of, dom_of

DATES = [f"2019{month:02d}{day:02d}" for month in range(1, 11) for day in (1, 13, 25)]


def write(path, grid, dates=DATES):
    """A ramp from west to east that grows by a mm a day; nothing known in the first row."""
    east = np.linspace(-1, 1, grid.cols)[None] * np.ones((grid.rows, 1))
    days = np.array([days_between(dates[0], date) for date in dates])
    values = (days[:, None, None] * east).astype(np.float32)
    values[:, 0] = np.nan
    with series.create(path, grid, dates) as put:
        put(slice(0, grid.rows), slice(0, grid.cols), values)
    return values


def test_images_are_of_every_few_cells_at_dates_that_lie_evenly(tmp_path):
    grid = RegionGrid(32647, 0.0, 0.0, 30.0, 1100, 130)
    values = write(tmp_path / "timeseries.nc", grid)
    found = date_images.read(tmp_path / "timeseries.nc", StackMaps("A128", {}), grid)
    assert len(found.dates) == date_images.MAX_DATES
    assert (found.dates[0], found.dates[-1]) == (DATES[0], DATES[-1])
    gaps = np.diff([days_between(DATES[0], date) for date in found.dates])
    # Evenly spaced is 18 days; the dates themselves lie 4 to 12 apart, so that none is off by more than 6 at either end.
    assert gaps.max() <= 18.2 + 12
    rows, cols = (np.minimum(np.arange(0, side, 3) + 1, side - 1) for side in grid.shape)
    assert found.displacement_mm.shape == (16, len(rows), len(cols))
    chosen = [DATES.index(date) for date in found.dates]
    # Each cell stands for three: that of the middle, or beside it where three do not divide the side.
    spread = 3 * 273 * 2 / grid.cols
    np.testing.assert_allclose(found.displacement_mm, values[np.ix_(chosen, rows, cols)], atol=spread)
    small = RegionGrid(32647, 0.0, 0.0, 30.0, 70, 66)
    truth = write(tmp_path / "small.nc", small, DATES[:3])
    found = date_images.read(tmp_path / "small.nc", StackMaps("A128", {}), small)
    np.testing.assert_array_equal(found.displacement_mm, truth)


def test_layover_and_shadow_have_no_displacement_and_a_product_without_series_no_image(tmp_path):
    grid = RegionGrid(32647, 0.0, 0.0, 30.0, 6, 4)
    write(tmp_path / "timeseries.nc", grid, DATES[:2])
    classes = np.full(grid.shape, float(CLASSES.index("observable")))
    classes[3, 2] = CLASSES.index("layover")
    found = date_images.read(tmp_path / "timeseries.nc", StackMaps("A128", {"observable_class": classes}), grid)
    unknown = np.zeros(grid.shape, bool)
    unknown[0] = unknown[3, 2] = True
    np.testing.assert_array_equal(np.isnan(found.displacement_mm), [unknown, unknown])
    with series.create(tmp_path / "rates.nc", grid, DATES[:2]):
        pass
    assert date_images.read(tmp_path / "rates.nc", StackMaps("A128", {}), grid) is None
    with pytest.raises(RasterError, match="the region has"):
        date_images.read(tmp_path / "rates.nc", StackMaps("A128", {}), dataclasses.replace(grid, rows=7))


def test_stops_are_dates_with_the_release_that_was_known_then():
    first, second = timeline.of_tracks(
        {"A128": ["20190101", "20190113", "20190206"], "D062": ["20190106"]}, ["20190113", "20190113", ""], "20190125"
    )
    known = [(stop["date"], stop["image"], stop["release"]) for stop in first["stops"]]
    assert known == [
        ("2019-01-01", 0, None),
        ("2019-01-13", 1, 1),
        ("2019-01-13", 1, 0),
        ("2019-01-25", 1, timeline.CURRENT),
        ("2019-02-06", 2, timeline.CURRENT),
    ]
    assert [stop["image"] for stop in second["stops"]] == [0, 0, 0, 0] and second["stops"][0]["release"] is None
    (alone,) = timeline.of_tracks({}, ["20190113"], "20190125")
    assert alone["track"] == "" and [stop["image"] for stop in alone["stops"]] == [None, None]
    (undated,) = timeline.of_tracks({"A128": ["20190101"]}, [], "")
    assert undated["stops"] == [{"date": "2019-01-01", "image": 0, "release": None}]
    assert timeline.of_tracks({}, [], "20190125") == [] == timeline.of_tracks({}, [""], "20190125")


@pytest.fixture(scope="module")
def dated(inputs, tmp_path_factory):
    """The small region with a series of every cell of one track."""
    path = tmp_path_factory.mktemp("series") / "timeseries.nc"
    values = write(path, inputs.grid)
    return render(dataclasses.replace(inputs, timeseries={"A128": path})), values


def test_images_lie_beside_the_page_in_one_scale(dated, html):
    page, values = dated
    data = map_data(page.html)
    (files,) = data["dates"]["files"].values()
    assert len(files) == date_images.MAX_DATES == len(data["timeline"][0]["stops"])
    assert files[0] == f"{beside.FOLDER}/displacement-a128-20190101.png"
    scale = scale_for(date_images.LAYER, [values])
    assert data["dates"]["legend"]["ticks"] == scale.tick_labels() and data["dates"]["legend"]["ends"] == [
        "away",
        "towards",
    ]
    for stop, file in zip(data["timeline"][0]["stops"], files, strict=True):
        image = Image.open(io.BytesIO(page.files[file.split("/")[1]]))
        shown = values[DATES.index(stop["date"].replace("-", ""))]
        np.testing.assert_array_equal(np.asarray(image), scale.indices(shown))
    assert "dates" in map_data(html) and not map_data(html)["dates"] and not map_data(html)["timeline"]


def test_a_page_with_a_slider_loads_nothing_by_itself(dated):
    page, _ = dated
    assert all(address.startswith("data:") for address in Page(page.html).loads)
    assert "img-src data: 'self' file:; " in page.html and "script-src 'unsafe-inline' 'self' file:" in page.html


SLIDES = """<script>
window.addEventListener("load", function () {
  const slider = document.querySelector("#map-panel fieldset input[type=range]");
  const names = function () {
    return Array.from(document.querySelectorAll("img.leaflet-image-layer"), function (one) {
      return one.naturalWidth && one.src.startsWith("file:") ? one.src.split("/").pop() : "";
    }).filter(Boolean).join(" ");
  };
  document.body.dataset.before = names();
  slider.value = 3;
  slider.dispatchEvent(new Event("input"));
  setTimeout(function () {
    document.body.dataset.after = names();
    document.body.dataset.words = slider.getAttribute("aria-valuetext");
  }, 1500);
});
</script></body>"""


def test_a_browser_loads_the_image_of_a_date_when_the_slider_moves(dated, tmp_path):
    page, _ = dated
    body = body_of(dom_of(tmp_path, page.html.replace("</body>", SLIDES), page.files))
    stop = map_data(page.html)["timeline"][0]["stops"][3]
    assert 'data-before=""' in body
    assert f'data-after="displacement-a128-{stop["date"].replace("-", "")}.png"' in body
    assert f'data-words="{stop["date"]}, displacement of A128' in body

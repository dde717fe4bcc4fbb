"""What is too heavy for the page lies beside it."""

import base64
import dataclasses
import json
import re

import geopandas as gpd
import numpy as np
import pytest
from shapely.geometry import Point, box

from sarslide.grid import RegionGrid
from sarslide.report import beside, tables, webmap
from sarslide.report.page import render
from tests.report.test_page import Page, map_data
from tests.support.chromium import body_of, dom_of

GRID = RegionGrid(32647, 0.0, 600_000.0, 30.0, 20_000, 20_000)


@pytest.fixture
def parted(inputs, monkeypatch):
    """The small region in a page with room for the hillshade and the first image, and for ten outlines."""
    monkeypatch.setattr(webmap, "MAX_OUTLINES", 10)
    monkeypatch.setattr(tables, "MAX_ROWS", 5)
    text = len(render(dataclasses.replace(inputs, stacks=(), terrain={}, candidates=None)).html)
    monkeypatch.setattr(beside, "PAGE_BYTES", text + 60_000)
    return render(inputs)


def test_pictures_that_find_no_room_are_files(inputs, html, parted):
    assert len(parted.html.encode()) <= beside.PAGE_BYTES < len(html.encode())
    whole = {raster["key"]: raster["image"] for raster in map_data(html)["rasters"]}
    data = map_data(parted.html)
    assert data["hillshade"].startswith("data:")
    named = {raster["key"]: raster["image"] for raster in data["rasters"]}
    assert named[data["shown"]].startswith("data:") and not all(uri.startswith("data:") for uri in named.values())
    for key, uri in named.items():
        if not uri.startswith("data:"):
            folder, name = uri.split("/")
            assert folder == beside.FOLDER
            assert parted.files[name] == base64.b64decode(whole[key].partition(",")[2])
    loaded = [address for address in Page(parted.html).loads if not address.startswith("data:")]
    assert loaded and {address.split("/")[1] for address in loaded} <= set(parted.files)
    pictures = re.findall(r"<details><summary>Show the picture.*?<img [^>]*>", parted.html, re.S)
    assert len(pictures) == len(set(loaded) - {"report_files/overview.png"}) and all(
        'loading="lazy"' in picture for picture in pictures
    )


def test_only_such_a_page_may_load_files(html, parted):
    """Those of its own folder, when they are asked for; a small page loads nothing at all."""
    policy = re.compile(r"default-src 'none'; img-src ([^;]*); style-src 'unsafe-inline'; script-src ([^\"]*)\"")
    assert policy.search(html).groups() == ("data:", "'unsafe-inline'")
    assert policy.search(parted.html).groups() == ("data: 'self' file:", "'unsafe-inline' 'self' file:")
    assert not Page(parted.html).open


def test_the_page_has_the_largest_outlines_and_a_script_has_all(html, parted):
    whole = {layer["key"]: layer for layer in map_data(html)["vectors"]}
    light = {layer["key"]: layer for layer in map_data(parted.html)["vectors"]}
    assert {key for key, layer in light.items() if "whole" in layer} == {"landslides", "masked", "planted"}
    name = light["landslides"]["whole"].split("/")[1]
    script = re.fullmatch(r"sarslideData\((.*)\);\n", parted.files[name].decode(), re.S).group(1)
    assert json.loads(script) == whole["landslides"] and light["landslides"]["count"] == 34
    areas = {one["id"]: float(dict(one["rows"])["Area"].split()[0]) for one in whole["landslides"]["features"]}
    kept = [one["id"] for one in light["landslides"]["features"]]
    assert len(kept) == 10 and kept == sorted(kept)
    # Areas of outlines are drawn with three decimals.
    assert min(areas[ls_id] for ls_id in kept) >= sorted(areas.values())[-10] - 1e-3


def test_long_tables_have_the_largest_rows(parted):
    assert "The largest 5 of 34 are listed; landslides.gpkg of the release holds all." in parted.html
    assert "The first 5 of 60 are listed; MANIFEST.json of the release holds all." in parted.html
    rows = [{"ls_id": f"LS{k}", "area_km2": area} for k, area in enumerate([3.0, 1.0, 9.0, 9.0, 2.0, None, 5.0, 4.0])]
    table = tables.build(tables.LANDSLIDES, rows)
    assert table.keys == ["LS0", "LS2", "LS3", "LS6", "LS7"] and table.total == 8
    assert table.left_out == "The largest 5 of 8"
    assert tables.build(tables.RUN_TIMES, [{"rule": str(k)} for k in range(7)], "rule").keys == list("01234")
    assert not tables.build(tables.LANDSLIDES, rows[:5]).left_out


def test_outlines_of_many_corners_are_simplified():
    """A ragged coast of a thousand corners a side keeps its area within a cell along its length."""
    angles = np.linspace(0, 2 * np.pi, 200_000, endpoint=False)
    ragged = 200_000 + 20 * np.cos(angles * 60_000)
    shape = gpd.GeoDataFrame(geometry=[Point(0, 0).buffer(1), polygon(ragged, angles)], crs=32647)
    light = webmap.in_page(webmap.VectorLayer("a", "A", shape, {}, [("x", []), ("y", [])], ["1", "2"]), 30.0)
    corners = sum(len(one.exterior.coords) for one in light.frame.geometry)
    assert corners <= webmap.MAX_CORNERS and light.ids == ["1", "2"]
    before, after = shape.geometry[1], light.frame.geometry.iloc[1]
    assert abs(after.area - before.area) <= 30.0 * 2 * np.pi * 200_000
    small = webmap.VectorLayer("a", "A", shape.iloc[:1], {})
    assert webmap.in_page(small, 30.0) is small


def polygon(radius, angles):
    from shapely.geometry import Polygon

    return Polygon(np.stack([radius * np.cos(angles), radius * np.sin(angles)], axis=1))


def test_ten_thousand_objects_take_a_megabyte_and_a_half():
    """500 objects of 40 facts and 60 corners: 3 kB each."""
    shapes = [box(60 * k, 0, 60 * k + 30 + k % 7, 40).segmentize(3) for k in range(10_000)]
    facts = [("A fact of the object", "with its value in mm/yr")] * 40
    frame = gpd.GeoDataFrame(geometry=shapes)
    layer = webmap.VectorLayer(
        "landslides", "L", frame, {}, [("t", facts)] * len(frame), [str(k) for k in range(10_000)]
    )
    data = webmap.map_data(GRID, None, [], [layer])
    assert len(json.dumps(data["vectors"])) < 1.9e6
    assert len(data["whole"]["landslides"]["features"]) == 10_000


def test_files_of_one_title_are_numbered():
    room = beside.Room(3)
    assert room.address("A", "abc") == "abc" and room.left == 0
    assert [room.add("Wide: A/B", "png", b""), room.add("wide a b", "png", b"x")] == [
        "report_files/wide-a-b.png",
        "report_files/wide-a-b-2.png",
    ]


CLICKS = """<script>
window.addEventListener("load", function () {
  document.querySelectorAll("input[name=raster]").forEach(function (one, k) { if (k === 1) one.click(); });
  document.querySelectorAll("button.more").forEach(function (one) { one.click(); });
  document.querySelectorAll("details").forEach(function (one) { one.open = true; });
  document.querySelectorAll("img[loading]").forEach(function (one) { one.loading = "eager"; });
  setTimeout(function () {
    const images = Array.from(document.querySelectorAll("figure img, img.leaflet-image-layer"));
    document.body.dataset.lost = images.filter(function (one) { return one.complete && !one.naturalWidth; }).length;
    document.body.dataset.drawn = document.querySelectorAll("path.leaflet-interactive").length;
    document.body.dataset.waiting = document.querySelectorAll("button.more").length;
  }, 1500);
});
</script></body>"""


def test_a_browser_loads_them_on_a_click(parted, tmp_path):
    body = body_of(dom_of(tmp_path, parted.html.replace("</body>", CLICKS), parted.files))
    # 34 landslides and one area of flat ground: all of them, not the ten that the page has.
    assert 'data-lost="0"' in body and 'data-waiting="0"' in body and 'data-drawn="35"' in body

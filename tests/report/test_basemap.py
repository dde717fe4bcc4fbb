"""The base map: off at first, one server named, tiles where pyproj puts them."""

import dataclasses
import html as markup
import json
import re

import numpy as np
import pytest
from pyproj import Transformer

from sarslide.config.report import ReportSection
from sarslide.errors import ConfigError
from sarslide.grid import RegionGrid
from sarslide.report.inputs import BaseMap
from sarslide.report.page import FOLDER, render
from sarslide.report.webmap import lonlat_polynomial
from tests.report.test_page import map_data
from tests.support.chromium import body_of, dom_of

SCRIPTS = FOLDER / "assets/page"
CIRCUMFERENCE_M = 2 * np.pi * 6378137
TILES = BaseMap("https://tiles.example/{z}/{y}/{x}.jpg", "Made by <b>someone</b>", 15)
# A valley, a region of many frames, high latitude, south of the equator, the edge of a zone.
GRIDS = {
    "valley": RegionGrid(32647, 515130, 3215640, 30.0, 510, 270),
    "wide": RegionGrid(32632, 400000, 5300000, 100.0, 2000, 2000),
    "north": RegionGrid(32633, 450000, 7800000, 50.0, 1000, 1000),
    "south": RegionGrid(32718, 200000, 8600000, 50.0, 1200, 800),
    "edge": RegionGrid(32632, 760000, 4900000, 20.0, 1500, 1500),
}


PLACED = """
const grids = GRIDS, found = {};
Object.keys(grids).forEach(function (name) {
  const data = grids[name], pad = 0.6;
  const view = [-pad * data.width, -pad * data.height, (1 + pad) * data.width, (1 + pad) * data.height];
  const zoom = sarslide.tiles.zoomFor(data, Math.max(data.width, data.height) / 1000, 22);
  const tiles = sarslide.tiles.covering(data, view[0], view[1], view[2], view[3], zoom, 400);
  found[name] = tiles.map(function (tile) { return tile.concat(sarslide.tiles.affine(data, tile[0], tile[1], tile[2])); });
});
document.body.textContent = JSON.stringify(found);
"""


def test_tiles_lie_where_pyproj_puts_them(tmp_path):
    """Within half a pixel of a tile, corners and middle, also in the margin around the region that the
    map can show; of tiles of 54 km, whose sides bend, three quarters.
    """
    grids = {}
    for name, grid in GRIDS.items():
        west, south, east, north = grid.bounds
        grids[name] = {"width": east - west, "height": north - south, "lonlat": lonlat_polynomial(grid)}
    code = "".join((SCRIPTS / f"{name}.js").read_text() for name in ("elements", "tiles"))
    page = f"<meta charset='utf-8'><body><script>{code}{PLACED.replace('GRIDS', json.dumps(grids))}</script>"
    body = re.search(r"<body>(.*)</body>", dom_of(tmp_path, page), re.S).group(1)
    found = json.loads(markup.unescape(body))
    for name, grid in GRIDS.items():
        west, south, east, north = grid.bounds
        mercator = Transformer.from_crs(3857, grid.epsg, always_xy=True)
        tiles = np.array(found[name])
        zoom = int(tiles[0, 0])
        side = CIRCUMFERENCE_M / 2**zoom
        pixel = side / 256 * np.cos(np.radians(grids[name]["lonlat"]["lat"][0]))
        # As fine as the screen, to a factor of the root of two.
        assert 0.7 <= pixel / (max(east - west, north - south) / 1000) <= 1.42
        covered = np.zeros(tiles.shape[0], bool)
        for across, down in ((0, 0), (1, 0), (0, 1), (1, 1), (0.5, 0.5)):
            x = -CIRCUMFERENCE_M / 2 + (tiles[:, 1] + across) * side
            y = CIRCUMFERENCE_M / 2 - (tiles[:, 2] + down) * side
            true = np.stack(mercator.transform(x, y), axis=1) - [west, south]
            a, b, c, d, e, f = tiles[:, 3:].T
            placed = np.stack([a, b], 1) * 256 * across + np.stack([c, d], 1) * 256 * down + np.stack([e, f], 1)
            off = np.hypot(*(placed - true).T)
            inside = ((true > 0) & (true < [east - west, north - south])).all(axis=1)
            assert off.max() < (0.75 if name == "wide" else 0.5) * pixel, (name, across, down, off.max() / pixel)
            covered |= inside
        # The middle of every tile that lies in the region, and all of the region.
        assert covered.any()
        back = Transformer.from_crs(grid.epsg, 3857, always_xy=True)
        x, y = back.transform(
            *(axis.ravel() for axis in np.meshgrid(np.linspace(west, east, 40), np.linspace(south, north, 40)))
        )
        columns, rows = ((x + CIRCUMFERENCE_M / 2) // side).astype(int), ((CIRCUMFERENCE_M / 2 - y) // side).astype(int)
        assert set(zip(columns, rows, strict=True)) <= {(int(one[1]), int(one[2])) for one in tiles}


SHOWN = """<script>
window.addEventListener("load", function () {
  const address = function (one) { return one.getAttribute("href"); };
  const asked = function () { return Array.from(document.querySelectorAll("#map image"), address); };
  const box = document.querySelector("input[name=basemap]");
  document.body.dataset.before = asked().length + " " + box.checked;
  box.click();
  document.body.dataset.asked = asked().join(" ");
  document.body.dataset.credit = document.querySelector(".credit").textContent;
  setTimeout(function () {
    document.body.dataset.note = document.querySelector("#map-panel [role=status]").textContent;
    box.click();
    document.body.dataset.after = asked().length + " " + document.querySelectorAll(".credit").length;
  }, 3000);
});
</script></body>"""


@pytest.fixture(scope="module")
def with_tiles(inputs):
    return render(dataclasses.replace(inputs, base_map=TILES)).html


def test_a_browser_asks_for_tiles_when_it_is_switched_on(with_tiles, tmp_path):
    body = markup.unescape(body_of(dom_of(tmp_path, with_tiles.replace("</body>", SHOWN))))
    told = dict(re.findall(r'data-(\w+)="([^"]*)"', body))
    assert told["before"] == "0 false" and told["after"] == "0 0"
    asked = told["asked"].split()
    assert 4 <= len(asked) <= 80 and len(set(asked)) == len(asked)
    assert all(re.fullmatch(r"https://tiles\.example/\d+/\d+/\d+\.jpg", one) for one in asked)
    assert told["credit"] == TILES.credit
    assert told["note"] == f"{len(asked)} of {len(asked)} tiles did not come from tiles.example."


def test_the_page_may_ask_one_server_for_pictures_and_nobody_else(inputs, html, with_tiles):
    policy = re.compile(r"default-src 'none'; img-src ([^;]*); style-src 'unsafe-inline'; script-src ([^\"]*)\"")
    assert policy.search(with_tiles).groups() == ("data: https://tiles.example", "'unsafe-inline'")
    assert policy.search(html).groups()[0] == "data:" and map_data(html)["tiles"]["address"] == ""
    assert map_data(with_tiles)["tiles"] == dataclasses.asdict(TILES)
    assert "<b>someone" not in with_tiles


@pytest.mark.parametrize(
    "address",
    [
        "https://tiles.example/{z}/{x}.png",
        "https://tiles.example/{z}/{x}/{y}/{y}.png",
        "https://tiles.example/{z}/{x}/{y}/{s}.png",
        "https://{z}.example/{x}/{y}.png",
        "https://tiles.example; script-src */{z}/{x}/{y}.png",
        "https://tiles.example/{z}/{x}/{y}.png' *",
        "file:///tiles/{z}/{x}/{y}.png",
    ],
)
def test_what_is_no_address_of_tiles_is_refused(address):
    from sarslide.config import load

    with pytest.raises(ConfigError, match=r"report\.tiles"):
        load({"region": "demo", "report": {"tiles": address}})
    assert ReportSection(tiles="").tiles == ""

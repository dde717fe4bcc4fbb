"""A release as COCO: read by pycocotools, its pictures by GDAL at their place."""

import numpy as np
import pytest
import rasterio
from pycocotools.coco import COCO
from rasterio.features import rasterize
from shapely import unary_union
from shapely.geometry import MultiPolygon, Point, box

from sarslide.dataset.coco import read_dataset
from sarslide.inventory.tables import LANDSLIDES, PLAIN
from sarslide.publish import coco, results, source
from tests.inventory.conftest import GRID, cell_box, fused_row
from tests.publish.conftest import STACK, make_rasters, make_release

# pycocotools 2.0 under numpy 2
pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")


@pytest.fixture
def read(exported):
    return COCO(exported / "coco" / "annotations.json")


def test_pycocotools_reads_objects_by_class(read, publication):
    assert [one["supercategory"] for one in read.loadCats(read.getCatIds())] == list(coco.CATEGORIES)
    for layer in (LANDSLIDES, PLAIN):
        found = read.loadAnns(read.getAnnIds(catIds=[coco.CATEGORIES[layer]]))
        frame = publication.layers[layer]
        assert {one["attributes"]["uid"] for one in found} == set(frame["uid"])
        for one in found:
            (outline,) = frame[frame.uid == one["attributes"]["uid"]].geometry
            # Outlines of whole cells: the masks are those cells, by two rasterizers.
            cells = rasterize([outline], GRID.shape, transform=GRID.transform)
            np.testing.assert_array_equal(read.annToMask(one), cells)
            assert one["area"] == cells.sum() and one["attributes"]["ls_id"] in set(frame["ls_id"])
            rows, cols = np.nonzero(cells)
            assert one["bbox"] == [cols.min(), rows.min(), np.ptp(cols) + 1, np.ptp(rows) + 1]


def test_gdal_reads_pictures_at_their_place(read, exported, publication):
    (image,) = read.loadImgs(read.getImgIds())
    path = exported / "coco" / image["file_name"]
    with rasterio.open(path) as found:
        assert (found.height, found.width, found.count) == (*GRID.shape, 3)
        assert found.crs.to_epsg() == GRID.epsg and found.transform.almost_equals(GRID.transform)
        values = found.read()
    # Without GDAL's own file the world file places it as well.
    path.with_name(f"{path.name}.aux.xml").rename(path.parent / "aside")
    try:
        with rasterio.open(path) as found:
            assert found.crs is None and found.transform.almost_equals(GRID.transform)
    finally:
        (path.parent / "aside").rename(path.with_name(f"{path.name}.aux.xml"))
    channels = read.dataset["info"]["channels"]
    ((_, base),) = results.of_tracks(publication)
    for band, channel in zip(values[:2], channels, strict=False):
        with rasterio.open(base / f"{channel['name']}.tif") as found:
            true = found.read(1)
        back = channel["low"] + (band.astype(float) - 1) / 254 * (channel["high"] - channel["low"])
        assert ((band == 0) == np.isnan(true)).all()
        inside = (true >= channel["low"]) & (true <= channel["high"])
        half_a_step = (channel["high"] - channel["low"]) / 508
        np.testing.assert_allclose(back[inside], true[inside], atol=half_a_step * 1.001)


def test_objects_come_back_to_the_ground(exported, publication):
    frame = read_dataset(exported / "coco" / "annotations.json")
    assert frame.crs.to_epsg() == GRID.epsg and len(frame) == sum(map(len, publication.layers.values()))
    for row in frame.itertuples():
        layer = publication.layers[next(name for name, words in coco.NAMES.items() if words == row.category)]
        (outline,) = layer[layer.ls_id == f"LS{row.object:06d}"].geometry
        assert row.geometry.symmetric_difference(outline).area < 1e-3


def test_a_track_that_does_not_show_an_object_counts_it_not(tmp_path, monkeypatch):
    """An object of another track is a crowd; tiles keep their own place, an object in several is in each."""
    rates = {"los_rate_by_track": '{"D077": -30.0}'}
    seen, other = (
        fused_row(cell_box(10, 10, 6, 8)),
        fused_row(cell_box(40, 60, 20, 10), track="D077", tracks="D077", **rates),
    )
    folder = make_release(tmp_path, [seen, other], "20190330", "20190330-0123abcd")
    make_rasters(tmp_path)
    monkeypatch.setattr(coco, "TILE", 50)
    coco.coco(source.read(folder), tmp_path)
    read = COCO(tmp_path / "coco" / "annotations.json")
    whole = np.zeros(GRID.shape, int)
    for image in read.loadImgs(read.getImgIds()):
        a, _, c, _, e, f = image["transform"]
        row, col = round((f - GRID.north) / e), round((c - GRID.west) / a)
        assert image["file_name"] == f"images/{STACK}_r{row:05d}_c{col:05d}.png"
        for one in read.loadAnns(read.getAnnIds(imgIds=image["id"])):
            part = whole[row : row + image["height"], col : col + image["width"]]
            part += read.annToMask(one) * (2 if one["iscrowd"] else 1)
    expected = rasterize([(seen["geometry"], 1), (other["geometry"], 2)], GRID.shape, transform=GRID.transform)
    np.testing.assert_array_equal(whole, expected)


def test_an_earlier_release_has_no_pictures(tmp_path):
    folder = make_release(tmp_path, [fused_row(cell_box(10, 10, 6, 8))], "20190330", "20190330-0123abcd")
    coco.coco(source.read(folder), tmp_path)
    assert not (tmp_path / "coco").exists()


def test_holes_are_cut_through():
    """A disc with two holes and an island: the same area, no ring inside another."""
    disc = Point(0, 0).buffer(50)
    holes = Point(-20, 5).buffer(10).union(Point(20, 0).buffer(12))
    shape = MultiPolygon([disc.difference(holes), box(60, 0, 70, 10)])
    pieces = coco.without_holes(shape)
    assert not any(one.interiors for one in pieces)
    assert sum(one.area for one in pieces) == pytest.approx(shape.area, rel=1e-9)
    assert unary_union(pieces).symmetric_difference(shape).area < 1e-6 * shape.area

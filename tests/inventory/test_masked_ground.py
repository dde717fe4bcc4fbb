"""Objects on ground that the user masks: more than half of their cells, with the file's reason first (G04)."""

import geopandas as gpd
import numpy as np
import pytest
from shapely.geometry import Point

from sarslide.errors import VectorError
from sarslide.inventory import masked_ground
from sarslide.inventory.candidates import find_candidates
from sarslide.inventory.masks import MaskRules
from sarslide.io import vector
from tests.inventory.conftest import GRID, cell_box, slope_layers

CRS = f"EPSG:{GRID.epsg}"
TEXT = "more than half of it lies on ground that the user masks:"


def masks(path, *ground, crs=CRS):
    words, outlines = zip(*ground, strict=True)
    frame = gpd.GeoDataFrame({"reason": list(words)}, geometry=list(outlines), crs=CRS)
    vector.write(path, frame.to_crs(crs), "masks")
    return path


@pytest.mark.parametrize("crs", [CRS, "EPSG:4326"])
def test_more_than_half_of_an_object_on_masked_ground(tmp_path, crs):
    """100 cells each: 60 on a glacier, exactly 50 on a mine, 30 on each of two, none; and a flat one on a glacier."""
    layers = slope_layers()
    for row, col in ((5, 5), (5, 30), (5, 60), (5, 90), (70, 5)):
        layers["probability"][row : row + 10, col : col + 10] = 0.9
        layers["los_rate_mm_per_yr"][row : row + 10, col : col + 10] = -40.0
    layers["slope_deg"][60:, :25] = 2.0
    path = masks(
        tmp_path / "masks.gpkg",
        ("glacier", cell_box(5, 5, 6, 10)),
        ("mining", cell_box(5, 30, 5, 10)),
        ("snow", cell_box(5, 60, 3, 10)),
        ("cut_fill", cell_box(8, 60, 3, 10)),
        ("glacier", cell_box(60, 0, 30, 25)),
        crs=crs,
    )
    ground = masked_ground.read(path, "reason", GRID)
    found = find_candidates(layers, GRID, "A128", 0.5, 20.0, MaskRules(), ground=[ground])
    by_place = {(row.geometry.bounds[0], row.geometry.bounds[3]): row for row in found.itertuples()}
    wanted = {(5, 5): "glacier", (5, 30): "", (5, 60): "cut_fill", (5, 90): "", (70, 5): "glacier"}
    for (row, col), reason in wanted.items():
        one = by_place[GRID.west + 30 * col, GRID.north - 30 * row]
        assert (one.reason, one.status) == (reason, "masked" if reason else "candidate")
        assert one.reason_text.startswith(f"{TEXT} {reason.replace('_', ' ')}") == bool(reason)
    plain = by_place[GRID.west + 150, GRID.north - 2100]
    assert plain.reasons == "glacier+too_flat" and plain.object_class == "non-landslide deformation"
    without = find_candidates(layers, GRID, "A128", 0.5, 20.0, MaskRules())
    assert without.reason.tolist().count("glacier") == 0 and len(without) == len(found)


def test_masks_elsewhere_hold_nothing_back(tmp_path):
    ground = masked_ground.read(masks(tmp_path / "far.gpkg", ("snow", cell_box(500, 500, 5, 5))), "reason", GRID)
    assert not ground.index.any() and ground.of(np.ones(GRID.shape, int)) == {} == ground.of(np.zeros(GRID.shape, int))


def test_files_that_are_no_masks(tmp_path):
    wrong = masks(tmp_path / "word.gpkg", ("Glacier No. 1", cell_box(5, 5, 6, 10)))
    with pytest.raises(VectorError, match=r"E1005 .*word.gpkg: reason 'Glacier No. 1' is no reason; cure: give each"):
        masked_ground.read(wrong, "reason", GRID)
    with pytest.raises(VectorError, match=r"E1005 .*word.gpkg: .*'kind'"):
        masked_ground.read(wrong, "kind", GRID)
    points = masks(tmp_path / "points.gpkg", ("snow", Point(500100, 3199000)))
    with pytest.raises(VectorError, match=r"E1005 .*points.gpkg: holds Point; cure: give polygons"):
        masked_ground.read(points, "reason", GRID)

"""Names of objects by place: containment before distance, bad files in one coded line."""

import geopandas as gpd
import pytest
from shapely.geometry import Point, box

from sarslide.errors import VectorError
from sarslide.inventory import place_names
from sarslide.io import vector

CRS = "EPSG:32647"


def test_what_lies_inside_goes_before_what_is_near():
    places = place_names.Places(
        ("b", "a", "near", "whole"), (Point(5, 5), Point(6, 6), Point(13, 5), box(100, 0, 110, 10)), 4.0
    )
    outlines = [box(0, 0, 10, 10), box(16, 0, 20, 10), box(105, 5, 120, 20), box(500, 0, 510, 10)]
    assert places.of(outlines) == ["a; b", "near", "whole", ""]
    assert places.of([]) == []
    assert place_names.Places((), (), 4.0).of(outlines) == [""] * 4


@pytest.mark.parametrize(
    ("names", "geometries", "message"),
    [
        (["a", "b"], [Point(0, 0), None], "a named place has no geometry"),
        (["a", "b" * 201], [Point(0, 0)] * 2, "column name holds b+.*; cure: give names of at most 200"),
        (["a", "b\nc"], [Point(0, 0)] * 2, "column name holds b c; cure: give names"),
    ],
)
def test_bad_files(tmp_path, names, geometries, message):
    frame = gpd.GeoDataFrame({"name": names}, geometry=geometries, crs=CRS)
    vector.write(tmp_path / "names.gpkg", frame, "places")
    with pytest.raises(VectorError, match=f"E1005 .*names.gpkg: {message}"):
        place_names.read(str(tmp_path / "names.gpkg"), "name", 10.0, CRS)


def test_rows_without_a_name_are_left_out(tmp_path):
    frame = gpd.GeoDataFrame({"name": [" a ", "", None]}, geometry=[Point(k, 0) for k in range(3)], crs=CRS)
    vector.write(tmp_path / "names.gpkg", frame, "places")
    assert place_names.read(str(tmp_path / "names.gpkg"), "name", 10.0, CRS).names == ("a",)

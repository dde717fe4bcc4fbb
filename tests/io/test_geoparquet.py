"""Of a GeoParquet file with a covering, the part around a region is read, of any size of the whole;
what is expected is what geopandas cuts from all of it.
"""

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
from shapely.geometry import box

from sarslide.errors import VectorError
from sarslide.grid import RegionGrid
from sarslide.io import geoparquet, vector

GRID = RegionGrid(32632, 560_000, 5_160_000, 30.0, 100, 100)  # 3 km in the Alps
COUNT = 20_000


@pytest.fixture(scope="module")
def buildings():
    generator = np.random.default_rng(5)
    lon, lat = generator.uniform(9.5, 10.1, COUNT), generator.uniform(46.4, 46.8, COUNT)
    kinds = generator.choice(["house", "barn"], COUNT)
    outlines = [box(x, y, x + 2e-4, y + 1e-4) for x, y in zip(lon, lat, strict=True)]
    return gpd.GeoDataFrame({"number": np.arange(COUNT), "kind": kinds}, geometry=outlines, crs=4326)


@pytest.fixture
def covered(buildings, tmp_path):
    path = tmp_path / "buildings.parquet"
    buildings.to_parquet(path, write_covering_bbox=True, schema_version="1.1.0", row_group_size=1000)
    return path


def near(frame):
    # The 10 cells that the reader adds, and the rectangle of a rectangle in another CRS, hold some more.
    return set(frame.number[frame.to_crs(GRID.epsg).intersects(box(*GRID.bounds))])


def test_a_part_of_a_file_that_is_too_large_as_a_whole(covered, buildings, monkeypatch):
    expected = near(buildings)
    assert 50 < len(expected) < 500
    monkeypatch.setattr(vector, "MAX_FEATURES", 1000)
    found = vector.read(covered, around=GRID)
    assert near(found) == expected and len(found) < 1000
    assert list(found.kind) == list(buildings.kind[found.number])
    with pytest.raises(VectorError, match="has 20000 features"):
        vector.read(covered)


def test_a_part_that_is_too_large_is_refused(covered, monkeypatch):
    monkeypatch.setattr(vector, "MAX_FEATURES", 50)
    with pytest.raises(VectorError, match=r"has [0-9]{2,3} features.*too much at once"):
        vector.read(covered, around=GRID)


def test_without_a_covering_all_is_read(buildings, tmp_path, monkeypatch):
    path = tmp_path / "plain.parquet"
    buildings.to_parquet(path)
    assert len(vector.read(path, around=GRID)) == COUNT
    monkeypatch.setattr(vector, "MAX_FEATURES", 1000)
    with pytest.raises(VectorError, match="has 20000 features"):
        vector.read(path, around=GRID)


def test_what_a_file_says_of_itself(covered, buildings):
    extent = vector.extent(covered)
    assert extent.features == COUNT
    assert extent.bounds == pytest.approx(tuple(buildings.total_bounds))
    assert extent.crs is not None and gpd.GeoSeries([], crs=extent.crs).crs == buildings.crs
    kinds = vector.values(covered, "kind")
    pd.testing.assert_series_equal(kinds.astype(object), buildings["kind"].astype(object), check_names=False)
    with pytest.raises(VectorError, match=r"no column 'bbox'.*number, kind"):
        vector.values(covered, "bbox")


def test_a_table_without_a_geometry_is_refused(tmp_path):
    path = tmp_path / "table.parquet"
    pd.DataFrame({"a": [1]}).to_parquet(path)
    with pytest.raises(VectorError, match=r"table.parquet: cannot be read \(no GeoParquet"):
        vector.read(path)
    with pytest.raises(VectorError, match="no GeoParquet"):
        vector.extent(path)
    with pytest.raises(VectorError, match="no GeoParquet"):
        vector.values(path, "a")


def test_a_crs_that_is_missing_is_that_of_longitude_and_latitude(buildings, tmp_path):
    path = tmp_path / "none.parquet"
    buildings.set_crs(None, allow_override=True).to_parquet(path)  # writes null: no CRS at all
    assert geoparquet.header(path).crs is None
    with pytest.raises(VectorError, match="has no CRS"):
        vector.read(path)

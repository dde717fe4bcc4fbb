"""Every broken vector file ends in one coded line, and is read as what its first bytes say."""

import logging
import socket

import geopandas as gpd
import numpy as np
import pytest

from sarslide.errors import VectorError
from sarslide.inventory.series import MAX_POLYGONS, polygons_of
from sarslide.io import vector
from tests.hostile.support import checked
from tests.hostile.vector_cases import GRID, SLIDES, cases, collection, degrees


@pytest.mark.filterwarnings("ignore::UserWarning", "ignore::RuntimeWarning")
def test_vectors(tmp_path):
    logging.getLogger("pyogrio").setLevel(logging.ERROR)
    checked(cases, tmp_path, 170)


def test_a_crs_is_never_fetched(tmp_path):
    """GDAL opens the address of a CRS that is a link."""
    import json

    server = socket.create_server(("127.0.0.1", 0))
    server.settimeout(0)
    link = {"type": "link", "properties": {"href": f"http://127.0.0.1:{server.getsockname()[1]}/crs"}}
    path = tmp_path / "a.geojson"
    path.write_text(json.dumps(collection(degrees()["features"][0]["geometry"], crs=link)))
    with pytest.raises(VectorError, match=r"a\.geojson: is no GeoJSON that can be read \(its CRS is no name\)"):
        vector.read(path)
    with pytest.raises(BlockingIOError):
        server.accept()
    server.close()


@pytest.mark.parametrize("suffix", ["gpkg", "shp", "geojson", "fgb", "parquet", "zip"])
def test_every_format_is_read_whatever_its_name(tmp_path, suffix):
    frame = gpd.GeoDataFrame({"name": ["a", "b"]}, geometry=SLIDES, crs=GRID.epsg)
    path = tmp_path / f"good.{suffix}"
    if suffix == "parquet":
        frame.to_parquet(path)
    elif suffix == "zip":
        frame.to_file(tmp_path / "good.shz", driver="ESRI Shapefile")
        (tmp_path / "good.shz").rename(path)
    else:
        frame.to_file(path)
    assert vector.layer_names(path) == ["good"]
    if suffix != "shp":
        path = path.rename(tmp_path / "renamed.dat")
    found = vector.read(path)
    assert sorted(found["name"]) == ["a", "b"]
    assert np.allclose(found.to_crs(GRID.epsg).area.sum(), frame.area.sum(), rtol=1e-3)


def test_so_many_polygons_are_refused(tmp_path):
    frame = gpd.GeoDataFrame(geometry=[SLIDES[0]] * (MAX_POLYGONS + 1), crs=GRID.epsg)
    vector.write(tmp_path / "many.gpkg", frame, "many")
    with pytest.raises(
        VectorError, match=rf"{MAX_POLYGONS + 1} polygons touch the region, more than {MAX_POLYGONS}; cure"
    ):
        polygons_of(tmp_path / "many.gpkg", GRID)


def test_a_part_of_a_large_map_is_read(tmp_path):
    far = [SLIDES[0].buffer(0)] + [gpd.points_from_xy([k], [0], crs=GRID.epsg)[0].buffer(1) for k in range(50)]
    vector.write(tmp_path / "map.gpkg", gpd.GeoDataFrame(geometry=far, crs=GRID.epsg), "map")
    assert len(vector.read(tmp_path / "map.gpkg", around=GRID)) == 1

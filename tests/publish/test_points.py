"""Rates as points: each cell where its raster has it, with the geometry of its frame."""

import numpy as np
import pandas as pd
import pyogrio
import rasterio

from sarslide.publish.points import points
from tests.publish.conftest import STACK


def test_points_are_the_cells_of_the_rasters(exported):
    found = pd.read_csv(exported / "points" / f"{STACK}.zip", keep_default_na=False)
    places = list(zip(found["easting"], found["northing"], strict=True))
    for layer, column in (("los_rate_mm_per_yr", "mean_velocity"), ("los_rate_std_mm_per_yr", "mean_velocity_std")):
        with rasterio.open(exported / "rasters" / f"{STACK}_{layer}.tif") as source:
            sampled = np.concatenate(list(source.sample(places)))
            known = int(np.isfinite(source.read(1)).sum())
            north = source.bounds.top - 60 * source.res[0]
        assert len(found) == known == found["pid"].nunique()
        assert np.abs(sampled - found[column]).max() <= 0.005  # two decimals
    # Each frame has its line of sight.
    assert (found["los_east"] == np.where(found["northing"] > north, -0.6, -0.7)).all()
    assert set(found["height_wgs84"]) == {1234.5}


def test_points_know_their_landslide(exported, publication):
    found = pd.read_csv(exported / "points" / f"{STACK}.zip", keep_default_na=False)
    for row in publication.layers["landslides"].itertuples():
        inside = found[found["landslide"] == row.ls_id]
        cell_m2 = publication.layers["landslides"].geometry.area.min() / 48  # the smaller one has 6 x 8 cells
        assert len(inside) * cell_m2 == row.geometry.area
        west, south, east, north = row.geometry.bounds
        assert inside["easting"].between(west, east).all() and inside["northing"].between(south, north).all()


def test_gdal_reads_points_and_the_same_release_gives_the_same_bytes(exported, publication, tmp_path):
    name = f"points/{STACK}.zip"
    frame = pyogrio.read_dataframe(f"/vsizip/{exported / name}/{publication.region}_{STACK}.csv")
    assert {"pid", "latitude", "longitude", "mean_velocity"} <= set(frame.columns)
    points(publication, tmp_path)
    assert (tmp_path / name).read_bytes() == (exported / name).read_bytes()

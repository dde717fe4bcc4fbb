"""Time series of polygons: planted motion from pairs and from a regional series, EGMS-like table, bad files."""

import csv

import geopandas as gpd
import numpy as np
import pytest
from shapely.geometry import Point, box

from sarslide.errors import RateError, VectorError
from sarslide.grid import RegionGrid
from sarslide.inventory.series import objects_of, polygons_of, write_csv
from sarslide.io import series as files
from sarslide.io import vector
from sarslide.rates.ground import Ground
from sarslide.rates.pipeline import stack_rates
from sarslide.rates.series import dates_from_pairs, motion, of_pairs, of_region
from sarslide.rates.settings import RateSettings
from tests.support import releases
from tests.support.valley import WAVELENGTH_M, Valley, dates, short_pairs

GRID = RegionGrid(32647, 500000.0, 3200000.0, 30.0, 120, 160)
YEARS = np.arange(40) * 12 / 365.25
DAYS = dates(40)


@pytest.fixture(scope="module")
def valley():
    return Valley(turbulence_mm=1.0, speckle_rad=0.1)


def test_a_polygon_from_pairs_is_the_planted_motion(valley):
    rates = stack_rates(valley.read, valley.pairs, valley.elevation_m, WAVELENGTH_M)
    fastest = valley.los_mm_per_yr == valley.los_mm_per_yr.min()
    stationary = valley.los_mm_per_yr == 0
    cells = {"slide": np.nonzero(fastest), "stationary": np.nonzero(stationary)}
    found = of_pairs(valley.read, valley.pairs, rates.ground, WAVELENGTH_M, RateSettings(), cells)
    assert found.dates == valley.dates
    t = np.arange(30) * 12 / 365.25
    # Mean of a disc: speckle is gone, the turbulence of two dates and 1 mm at 5 km stays
    np.testing.assert_allclose(found.displacement_mm["slide"], valley.los_mm_per_yr.min() * t, atol=4)
    np.testing.assert_allclose(found.displacement_mm["stationary"], 0, atol=1)
    assert found.motions()["slide"]["mean_velocity"] == pytest.approx(valley.los_mm_per_yr.min(), abs=4)


def test_dates_come_back_exactly_and_gaps_are_unknown():
    days = dates(8)
    pairs = short_pairs(days)
    truth = np.random.default_rng(1).standard_normal(8)
    phase = np.array([truth[days.index(pair[9:])] - truth[days.index(pair[:8])] for pair in pairs])
    counts = np.full(len(pairs), 50)
    np.testing.assert_allclose(dates_from_pairs(phase, counts, pairs), truth - truth[0], atol=1e-12)
    lost = np.array([pair[:8] < days[4] <= pair[9:] for pair in pairs])  # no pair bridges dates 4 and 5
    found = dates_from_pairs(np.where(lost, np.nan, phase), counts, pairs)
    np.testing.assert_allclose(found[:4], (truth - truth[0])[:4], atol=1e-12)
    assert np.isnan(found[4:]).all()
    few = np.where(np.arange(len(pairs)) == 3, 10, 50)  # another part of the polygon, another phase
    np.testing.assert_allclose(dates_from_pairs(phase + 9 * (few == 10), few, pairs), truth - truth[0], atol=1e-12)
    assert np.isnan(dates_from_pairs(np.full(len(pairs), np.nan), 0 * counts, pairs)).all()


def test_motion_of_known_curves():
    parabola = motion(3 - 20 * YEARS + 5 * YEARS**2, DAYS)
    assert parabola["acceleration"] == pytest.approx(10, abs=1e-9)
    assert parabola["mean_velocity"] == pytest.approx(-20 + 5 * YEARS[-1], abs=1e-9)  # of a parabola: in the middle
    wave = motion(-12 * YEARS + 4 * np.sin(2 * np.pi * YEARS + 0.7), DAYS)
    assert wave["seasonality"] == pytest.approx(4, abs=1e-9)
    short = motion(-12 * YEARS[:20], DAYS[:20])
    assert "seasonality" not in short
    assert short["mean_velocity"] == pytest.approx(-12)
    assert short["rmse"] == pytest.approx(0, abs=1e-9)
    assert motion(np.full(40, np.nan), DAYS) == {}


def test_standard_deviations_are_the_scatter_of_many_trials():
    rng = np.random.default_rng(6)
    trials = [motion(-20 * YEARS + rng.standard_normal(40), DAYS) for _ in range(400)]
    for name in ("mean_velocity", "acceleration"):
        scatter = np.std([trial[name] for trial in trials])
        formal = np.sqrt(np.mean([trial[f"{name}_std"] ** 2 for trial in trials]))
        assert formal == pytest.approx(scatter, rel=0.12)  # 400 trials know a scatter to 3.5 %


def test_series_of_the_region(tmp_path):
    t = np.arange(5) * 12 / 365.25
    rate = np.zeros(GRID.shape)
    rate[40:50, 60:80] = -80
    values = (t[:, None, None] * rate).astype("float32")
    values[:, 45, 70] = np.nan
    path = tmp_path / "timeseries.nc"
    with files.create(path, GRID, dates(5)) as put:
        put(slice(0, 120), slice(0, 160), values)
    cells = {"slide": np.nonzero(rate), "hole": (np.array([45]), np.array([70]))}
    found = of_region(lambda rows, cols: files.read(path, rows, cols), cells)
    np.testing.assert_allclose(found.displacement_mm["slide"], -80 * t, atol=1e-4)
    assert np.isnan(found.displacement_mm["hole"]).all()


def test_polygons_in_any_crs(tmp_path):
    inside = box(500900, 3196400, 501500, 3197000)
    outside = box(600000, 3197000, 600600, 3197600)
    frame = gpd.GeoDataFrame({"name": ["a", "far"]}, geometry=[inside, outside], crs=32647)
    vector.write(tmp_path / "metres.gpkg", frame, "x")
    frame.to_crs(4326).to_file(tmp_path / "degrees.geojson", driver="GeoJSON")
    metres, degrees = (polygons_of(tmp_path / name, GRID) for name in ("metres.gpkg", "degrees.geojson"))
    assert [polygon.pid for polygon in metres] == [polygon.pid for polygon in degrees] == ["a"]
    assert len(metres[0].cells[0]) == 400
    assert abs(len(degrees[0].cells[0]) - 400) <= 2
    twice = frame.assign(name="same")
    vector.write(tmp_path / "twice.gpkg", twice, "x")
    assert [polygon.pid for polygon in polygons_of(tmp_path / "twice.gpkg", GRID)] == ["P0001"]


def test_bad_polygon_files(tmp_path):
    inside = box(500900, 3196400, 501500, 3197000)
    gpd.GeoDataFrame(geometry=[inside], crs=32647).to_file(tmp_path / "none.shp")
    (tmp_path / "none.prj").unlink()
    with pytest.raises(VectorError, match=r"E1005 .*none.shp: has no CRS; cure"):
        polygons_of(tmp_path / "none.shp", GRID)
    far = gpd.GeoDataFrame(geometry=[box(0, 0, 1, 1)], crs=32647)
    vector.write(tmp_path / "far.gpkg", far, "x")
    with pytest.raises(VectorError, match=r"no polygon touches the region"):
        polygons_of(tmp_path / "far.gpkg", GRID)
    vector.write(tmp_path / "points.gpkg", gpd.GeoDataFrame(geometry=[Point(501000, 3197000)], crs=32647), "x")
    with pytest.raises(VectorError, match="holds no polygon"):
        polygons_of(tmp_path / "points.gpkg", GRID)
    with pytest.raises(VectorError, match="does not exist"):
        polygons_of(tmp_path / "absent.gpkg", GRID)


def test_table_with_the_columns_of_egms(tmp_path):
    shape = box(500900, 3196400, 501500, 3197000)
    release = tmp_path / "releases" / "20200101-00000000"
    frame = gpd.GeoDataFrame({"ls_id": ["LS1"]}, geometry=[shape], crs=32647)
    vector.write(release / "landslides.gpkg", frame, "landslides")
    releases.write(tmp_path, release.name)
    polygons = objects_of(tmp_path / "current.json", GRID)
    layers = {name: np.full(GRID.shape, value) for name, value in (("height_wgs84", 3000.0), ("los_up", 0.78))}
    layers |= {name: np.full(GRID.shape, 0.5) for name in ("incidence_angle", "track_angle", "los_east", "los_north")}
    values = np.array([0.0, -1.25, np.nan])
    write_csv(tmp_path / "s.csv", polygons, dates(3), {"LS1": values}, {"LS1": {"mean_velocity": -38.0}}, layers, GRID)
    with open(tmp_path / "s.csv", newline="") as stream:
        (row,) = csv.DictReader(stream)
    # the columns that the EGMS calibrated product has, in its order, as far as a polygon has them
    egms = "pid latitude longitude easting northing height_wgs84 rmse incidence_angle track_angle los_east los_north los_up"
    egms += " mean_velocity mean_velocity_std acceleration acceleration_std seasonality seasonality_std"
    assert set(egms.split()) <= set(row)
    assert list(row)[-3:] == dates(3)
    assert (row["pid"], row["20190318"], row["20190330"], row["mean_velocity"]) == ("LS1", "-1.25", "", "-38.00")
    assert (float(row["easting"]), float(row["northing"])) == (501200, 3196700)
    # 1200 m east of the central meridian of zone 47, 99 E, on the parallel of 28.9 N; scale 0.9996
    assert float(row["longitude"]) == pytest.approx(99 + 1200 / (111320 * np.cos(np.radians(28.9)) * 0.9996), abs=1e-4)
    assert float(row["height_wgs84"]) == 3000


def test_no_usable_pair(valley):
    ground = Ground.from_layer(valley.elevation_m, np.zeros(valley.shape, np.uint8))
    with pytest.raises(RateError, match="no usable pair on the stable ground"):
        of_pairs(valley.read, valley.pairs[:3], ground, WAVELENGTH_M, RateSettings(), {})

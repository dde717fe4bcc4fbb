"""What the studies of displacement products write and count."""

import zipfile

import geopandas as gpd
import numpy as np
import pytest
from pyproj import Transformer
from shapely.geometry import box
from studies.displacement import gunw, gunw_release, mexico_city, objects, tile, track

from sarslide.displacement import formats
from sarslide.displacement.contract import Displacement
from sarslide.grid import RegionGrid
from sarslide.insar.external import nisar
from sarslide.network import years_of
from tests.displacement import test_egms


def frame(*boxes):
    return gpd.GeoDataFrame(geometry=[box(*each) for each in boxes], crs=32632)


@pytest.mark.parametrize(
    ("after", "ends", "met"),
    [
        (frame((0, 0, 100, 100), (500, 0, 600, 100)), "lost 0 (ha: []), invented 0 (ha: [])", True),
        (frame((10, 0, 110, 100)), "lost 1 (ha: [1.0]), invented 0 (ha: [])", False),
        (
            frame((0, 0, 100, 100), (500, 0, 600, 100), (900, 0, 1000, 200)),
            "lost 0 (ha: []), invented 1 (ha: [2.0])",
            False,
        ),
    ],
)
def test_lost_and_invented_objects_both_miss_the_goal(monkeypatch, tmp_path, after, ends, met):
    before = frame((0, 0, 100, 100), (500, 0, 600, 100))
    monkeypatch.setattr(objects, "landslides", lambda path: before if path.name == "native" else after)
    row = objects.compared(tmp_path / "native", tmp_path / "product")
    assert row["measured"].endswith(ends) and row["met"] is met and row["goal"] == "none lost, none invented"


def test_a_tile_is_zipped_bursts_in_the_columns_of_the_format_with_its_planted_motion(tmp_path):
    drawn = tile.Tile(6e3)
    tile.write(tmp_path / "products", drawn)
    paths = sorted((tmp_path / "products").iterdir())
    assert len(paths) == 12 and not [path for path in paths if path.suffix != ".zip"]
    with zipfile.ZipFile(paths[3]) as archive:
        assert sorted(name.rpartition(".")[2] for name in archive.namelist()) == ["csv", "xml"]
        lines = archive.read(f"{paths[3].stem}.csv").decode().splitlines()
    # The columns are those that the reader's tests have from table 5; each row has one of each.
    assert lines[0].split(",")[:24] == test_egms.HEADER.split(",")[:24]
    assert {line.count(",") for line in lines} == {24 + 300 - 1} and len(lines) == 1 + 300 * 36 / 12
    x, y = drawn.utm(np.array([tile.WEST + 3e3]), np.array([tile.NORTH - 3e3]))
    grid = RegionGrid.from_bounds(tile.EPSG, (x[0] - 4e3, y[0] - 4e3, x[0] + 4e3, y[0] + 4e3), 100.0)
    form, found = formats.read(tmp_path / "products", grid)
    assert form == "egms" and len(found.dates) == 300 and not found.absent
    planted = drawn.landslides()
    assert len(planted) == 1 and abs(planted[0, 2]) > 0.5 * tile.SPEED
    east, north = np.meshgrid(grid.x(), grid.y())
    truth = np.zeros(grid.shape)
    for left, top, rate in planted:
        truth += rate * np.exp(-((east - left) ** 2 + (north - top) ** 2) / tile.SIZE_M**2)
    known = np.isfinite(found.rate_mm_per_yr)
    # Noise of 0.5 mm/yr and of 70 m within a cell, where the rate changes by 0.17 mm/yr a metre at most; 95 % of a
    # square of 6 km in one of 8 km has a point.
    assert known.mean() > 0.9 * 36 / 64
    assert np.abs(found.rate_mm_per_yr - truth)[known].max() < 5 * 0.5 + 0.17 * 71
    still = known & (np.abs(truth) < 0.1)
    assert np.abs(np.mean((found.rate_mm_per_yr - truth)[still])) < 4 * 0.5 / still.sum() ** 0.5
    np.testing.assert_allclose(np.nanmean(found.incidence_deg), tile.INCIDENCE, atol=0.1)


def test_the_series_of_a_track_has_its_rate_and_error_and_noise_in_every_date():
    rng = np.random.default_rng(3)
    days = [f"2020{month:02d}01" for month in range(1, 13)]
    rate, std = rng.normal(0, 20, (6, 7)), rng.uniform(0.5, 4, (6, 7))
    rate[0, 0] = np.nan
    years = years_of(days)
    series = track.series_of(rate, std, years)
    known = np.isfinite(rate)
    assert np.isnan(series[:, 0, 0]).all() and not series[0][known].any()
    # NumPy's own least squares is the truth: slope, and its error from the residuals.
    for row, col in zip(*np.nonzero(known), strict=True):
        (slope, _), cov = np.polyfit(years - years[0], series[:, row, col].astype(float), 1, cov=True)
        assert slope == pytest.approx(rate[row, col], abs=1e-3)  # float32
        assert cov[0, 0] ** 0.5 == pytest.approx(std[row, col], rel=1e-3)


def test_a_track_in_degrees_lies_where_it_lay():
    grid = RegionGrid.from_bounds(32632, (576000.0, 5160000.0, 577920.0, 5161920.0), 30.0)
    plane = (grid.x()[None, :] - grid.west) * 0.01 + (grid.y()[:, None] - grid.north) * 0.02
    found, place = track.in_degrees(Displacement(plane, ("20200101", "20201231")), grid, 1 / 3600)
    rows, cols = np.nonzero(np.isfinite(found.rate_mm_per_yr))
    lon, lat = place.transform * (cols + 0.5, rows + 0.5)
    x, y = Transformer.from_crs(4326, 32632, always_xy=True).transform(lon, lat)
    truth = (x - grid.west) * 0.01 + (y - grid.north) * 0.02
    inside = (np.abs(x - 576960) < 930) & (np.abs(y - 5160960) < 930)
    assert inside.sum() > 0.9 * grid.rows * grid.cols * 30**2 / (21.3 * 30.9) * (930 / 960) ** 2
    # A plane is kept by bilinear resampling; rasterio's places are exact to an eighth of a cell (its default tolerance).
    assert np.abs(found.rate_mm_per_yr[rows, cols] - truth)[inside].max() < 0.03 * 30 / 8


def test_a_landslide_on_the_flat_ground_of_mexico_city_misses_the_goal(monkeypatch, tmp_path):
    told = {"network": 0, "threshold": 1, "begun": 0}

    def counts(folder, found, files, way):
        return {"landslides": told[way], "non_landslide_deformation": 3, "masked": 2, "detector": way}

    monkeypatch.setattr(mexico_city, "mexico_city_stack", lambda data: None)
    monkeypatch.setattr(mexico_city, "product", lambda found, folder: folder)
    monkeypatch.setattr(mexico_city, "told", counts)
    monkeypatch.setattr(mexico_city, "fastest", lambda folder, way: -250.0)
    rows = {each["what"].rpartition(", ")[2]: each for each in mexico_city.rows_of(tmp_path, tmp_path)}
    assert {name: each["met"] for name, each in rows.items()} == {
        f"{way}: landslides on flat ground": not count for way, count in told.items()
    }
    assert rows["network: landslides on flat ground"]["measured"] == (
        "0; told: 3 of other deformation, 2 masked candidates; rates to -250 mm/yr"
    )


def test_nisar_products_of_a_region_hold_its_planted_rates(monkeypatch, tmp_path):
    for name in ("AIR_RAD", "AIR_RAD_PER_KM", "NOISE_RAD"):
        monkeypatch.setattr(gunw_release, name, 0.0)
    pair = gunw_release.PAIRS[-1]
    monkeypatch.setattr(gunw_release, "PAIRS", [pair])
    gunw_release.write(tmp_path / "region")
    (path,) = (tmp_path / "region/products").iterdir()
    grid = RegionGrid.from_bounds(gunw.EPSG, (517200.0, 3202800.0, 522800.0, 3208400.0), 80.0)
    made = nisar.ingest(path, "_".join(pair), grid)
    truth = gunw_release.rate(*np.meshgrid(grid.x(), grid.y()))
    rate = -made.metadata.wavelength_m / (4 * np.pi) * made.unwrapped_rad * 1e3 / (24 / 365.25)
    np.testing.assert_allclose(rate, truth, atol=1e-3)
    planted = gunw_release.landslides()
    assert (planted[:3, 2] > 0.5).all() and (planted[3:, 2] < -0.5).all() and np.abs(truth).max() > 400

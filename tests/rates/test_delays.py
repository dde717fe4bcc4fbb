"""Files of tropospheric delays: what each format holds comes out at the cells, and bad files are named."""

import numpy as np
import pytest
from pyproj import Transformer

from sarslide.catalog import scenes
from sarslide.config import load
from sarslide.errors import ConfigError, DelayError
from sarslide.grid import RegionGrid
from sarslide.preflight import checks, weather
from sarslide.preflight.finding import ERROR, GOOD
from sarslide.rates.delays.folder import check, epochs_of, listed, weights
from sarslide.rates.delays.slant import slant_delay_mm
from tests.support import delay_files as files

DATE = "20190306"
GRID = RegionGrid(32647, 517500.0, 3213000.0, 30.0, 300, 100)
LON, LAT = Transformer.from_crs(32647, 4326, always_xy=True).transform(*np.meshgrid(GRID.x(), GRID.y()))
BOUNDS = (LON.min(), LAT.min(), LON.max(), LAT.max())
ROW, COL = np.mgrid[: GRID.rows, : GRID.cols]
HEIGHT_M = 2500.0 + 5 * ROW + 2 * COL  # to 4200 m
INCIDENCE_DEG = 34.0 + 0.01 * COL
SLANT = 1 / np.cos(np.radians(INCIDENCE_DEG))


def plane(lon, lat):
    """A zenith delay, m, that bilinear interpolation keeps."""
    return 1.7 + 0.3 * (lon - BOUNDS[0]) - 0.4 * (lat - BOUNDS[1])


def delay_m(folder, date=DATE, utc=None):
    epochs = epochs_of(listed(folder, "A128"), date)
    check([one for one in epochs], GRID)
    return slant_delay_mm(epochs, weights(epochs, utc), GRID, HEIGHT_M, INCIDENCE_DEG) / 1e3


@pytest.fixture
def ground():
    lon, lat = files.axes(BOUNDS, 1 / 1200)
    return lon, lat, plane(*np.meshgrid(lon, lat))


def cube(heights):
    """Hydrostatic and wet exponential atmosphere, m, on (height, latitude, longitude); their axes."""
    lon, lat = files.axes(BOUNDS, 0.07)
    hydrostatic = 2.3 * np.exp(-heights / 8000)[:, None, None] * np.ones((1, len(lat), len(lon)))
    wet = 0.15 * np.exp(-heights / 2000)[:, None, None] * np.ones((1, len(lat), len(lon)))
    return lat, lon, hydrostatic, wet


def test_gacos_is_projected_to_the_line_of_sight(tmp_path, ground):
    files.gacos(tmp_path, DATE, *ground)
    # float32 of the file: 1e-7 of 1.7 m; cells between the transformed ones: 1 mm of 0.4 m a degree.
    np.testing.assert_allclose(delay_m(tmp_path), plane(LON, LAT) * SLANT, atol=5e-7)


def test_a_cell_between_four_centres_has_their_mean(tmp_path):
    lon, lat = LON[150, 50] + np.array([-0.02, 0.02]), LAT[150, 50] + np.array([0.03, -0.03])
    one = RegionGrid(32647, GRID.x()[50] - 15, GRID.y()[150] + 15, 30.0, 1, 1)
    files.gacos(tmp_path, DATE, lon, lat, np.array([[2.0, 2.1], [2.3, 2.6]]))
    found = slant_delay_mm(
        epochs_of(listed(tmp_path, "A128"), DATE), [1.0], one, np.full((1, 1), 900.0), np.full((1, 1), 60.0)
    )
    # (2.0 + 2.1 + 2.3 + 2.6) / 4 = 2.25 m towards the zenith, twice that at 60 degrees.
    assert found.item() == pytest.approx(4500.0, abs=1e-3)


@pytest.mark.parametrize(
    ("name", "about", "factor", "is_slant"),
    [
        (f"{DATE}.ztd.tif", None, 1, False),
        (f"ICAMS_{DATE}_los.tif", {"direction": "slant", "unit": "cm"}, 100, True),
        (f"ERA5_{DATE}T110700_total_std.tif", None, 1, True),
    ],
)
def test_geotiffs_are_what_name_or_sidecar_says(name, about, factor, is_slant, tmp_path, ground):
    lon, lat, zenith = ground
    files.geotiff(tmp_path / name, lon, lat, factor * zenith, about)
    expected = plane(LON, LAT) * (1 if is_slant else SLANT)
    np.testing.assert_allclose(delay_m(tmp_path), expected, atol=5e-7)


def test_wet_and_hydrostatic_geotiffs_of_raider_are_added(tmp_path, ground):
    lon, lat, zenith = ground
    files.geotiff(tmp_path / f"ERA5_hydro_{DATE}T110700_ztd.tif", lon, lat, 0.9 * zenith)
    files.geotiff(tmp_path / f"ERA5_wet_{DATE}T110700_ztd.tif", lon, lat, 0.1 * zenith)
    np.testing.assert_allclose(delay_m(tmp_path), plane(LON, LAT) * SLANT, atol=5e-7)
    (tmp_path / f"ERA5_wet_{DATE}T110700_ztd.tif").unlink()
    with pytest.raises(DelayError, match="alone"):
        epochs_of(listed(tmp_path, "A128"), DATE)


def test_opera_lies_on_the_heights_of_the_ground(tmp_path):
    heights = np.arange(-500.0, 10_000, 500)
    lat, lon, hydrostatic, wet = cube(heights)
    files.opera(tmp_path, f"{DATE}T120000", heights, lat, lon, hydrostatic, wet)
    exact = 2.3 * np.exp(-HEIGHT_M / 8000) + 0.15 * np.exp(-HEIGHT_M / 2000)
    # Logarithm of a sum of two exponentials, chords of 500 m: 500^2 / 8 * p (1 - p) (1 / 2000 - 1 / 8000)^2, with a
    # wet share p of 3 %: 1.3e-4 of 1.7 m.
    np.testing.assert_allclose(delay_m(tmp_path), exact * SLANT, rtol=1.5e-4)
    files.opera(tmp_path, f"{DATE}T120000", heights, lat, lon, hydrostatic, 0.1 * hydrostatic)
    np.testing.assert_allclose(delay_m(tmp_path), 1.1 * 2.3 * np.exp(-HEIGHT_M / 8000) * SLANT, rtol=1e-6)


def test_opera_is_linear_between_its_hours(tmp_path):
    heights = np.arange(0.0, 10_000, 500)
    lat, lon, hydrostatic, wet = cube(heights)
    for time, factor in ((f"{DATE}T180000", 1.0), ("20190307T000000", 1.06), (f"{DATE}T000000", 9.0)):
        files.opera(tmp_path, time, heights, lat, lon, factor * hydrostatic, factor * 0.1 * hydrostatic)
    epochs = epochs_of(listed(tmp_path, "A128"), DATE)
    assert weights(epochs, f"{DATE[:4]}-03-06T20:00:00+00:00") == pytest.approx([0, 2 / 3, 1 / 3])
    found = slant_delay_mm(epochs, weights(epochs, "2019-03-06T20:00:00"), GRID, HEIGHT_M, INCIDENCE_DEG)
    np.testing.assert_allclose(found, 1e3 * 1.02 * 1.1 * 2.3 * np.exp(-HEIGHT_M / 8000) * SLANT, rtol=1e-6)
    with pytest.raises(DelayError, match="that of the acquisition is unknown"):
        weights(epochs, None)
    with pytest.raises(DelayError, match="no time within 6 hours of the acquisition"):
        weights(epochs[1:], "2019-03-06T11:07:00")


@pytest.mark.parametrize("kind", ["zenith", "slant range"])
def test_cubes_of_raider_say_which_way_they_look(kind, tmp_path):
    heights = np.array([2000.0, 3000, 4000, 5000])
    lat, lon, hydrostatic, _ = cube(heights)
    files.raider(
        tmp_path / f"HRES_tropo_{DATE}T110700_ray.nc", heights, lat, lon, hydrostatic, 0.05 * hydrostatic, kind
    )
    factor = SLANT if kind == "zenith" else 1
    np.testing.assert_allclose(delay_m(tmp_path), 1.05 * 2.3 * np.exp(-HEIGHT_M / 8000) * factor, rtol=1e-6)


def test_heights_beyond_those_of_a_file_are_refused(tmp_path):
    heights = np.array([0.0, 1000, 3000])
    lat, lon, hydrostatic, wet = cube(heights)
    files.raider(tmp_path / f"ERA5_tropo_{DATE}T110700_ztd.nc", heights, lat, lon, hydrostatic, wet)
    with pytest.raises(DelayError, match=r"has no delay in \d+% of the region"):
        delay_m(tmp_path)


def _hole(path, values):
    values = values.copy()
    values[len(values) // 3 : len(values) // 2] = 0
    values.astype("<f4").tofile(path)


DAMAGE = {
    "millimetres": (lambda path, values: (1e3 * values).astype("<f4").tofile(path), "median delay 1.69e.03 m"),
    "difference": (lambda path, values: (values - 1.6).astype("<f4").tofile(path), "median delay 0.08"),
    "sign": (lambda path, values: (-values).astype("<f4").tofile(path), "negative"),
    "hole": (_hole, "has no delay in"),
    "short": (lambda path, values: path.write_bytes(path.read_bytes()[:-8]), "bytes"),
    "table": (lambda path, values: path.with_name(path.name + ".rsc").unlink(), "does not exist"),
    "entry": (lambda path, values: path.with_name(path.name + ".rsc").write_text("WIDTH 3\n"), "no usable entry"),
}


@pytest.mark.parametrize("damage", DAMAGE)
def test_a_file_that_does_not_fit_is_one_coded_line(damage, tmp_path, ground):
    harm, message = DAMAGE[damage]
    harm(files.gacos(tmp_path, DATE, *ground), ground[2])
    with pytest.raises(DelayError, match=message) as caught:
        check(epochs_of(listed(tmp_path, "A128"), DATE), GRID)
    text = str(caught.value)
    assert text.startswith("E3010 ") and DATE in text and "; cure: " in text and "\n" not in text


def test_other_places_dates_and_formats_are_refused(tmp_path, ground):
    lon, lat, zenith = ground
    files.gacos(tmp_path, DATE, lon + 0.05, lat, zenith)
    with pytest.raises(DelayError, match=r"E3010 .*20190306.ztd: covers 99.2.* east, the region 99.1"):
        check(epochs_of(listed(tmp_path, "A128"), DATE), GRID)
    with pytest.raises(DelayError, match="no file has the date 20190318"):
        epochs_of(listed(tmp_path, "A128"), "20190318")
    files.geotiff(tmp_path / f"{DATE}.ztd.tif", lon, lat, zenith)
    with pytest.raises(DelayError, match="are of one time"):
        epochs_of(listed(tmp_path, "A128"), DATE)
    for name, content in ((f"{DATE}.nc", b"CDF\x01"), (f"{DATE}.tif", b"II*\0")):
        (tmp_path / "A128").mkdir(exist_ok=True)
        for old in (tmp_path / "A128").iterdir():
            old.unlink()
        (tmp_path / "A128" / name).write_bytes(content)
        with pytest.raises(DelayError, match=f"{name}: cannot be read"):
            check(epochs_of(listed(tmp_path, "A128"), DATE), GRID)
    with pytest.raises(DelayError, match="is no folder with files of delays"):
        listed(tmp_path / "nowhere", "A128")


def test_era5_is_not_taken_off_twice():
    keys = {"region": "valley", "rates": {"method": "mintpy", "delays": "gacos"}}
    with pytest.raises(ConfigError, match="E1001 .*sbas.era5 = true takes delays off again"):
        load(keys | {"sbas": {"era5": True}})
    assert load(keys).rates.delays == "gacos"


def test_every_date_of_a_stack_is_checked_before_any_job(tmp_path):
    config = load(
        {"region": "valley", "stacks": ["A128"], "simulation": {"dates": 3}, "rates": {"delays": str(tmp_path)}}
    )
    table = scenes.table(config, tmp_path)
    region = config.grid.region_grid()
    degrees = Transformer.from_crs(region.epsg, 4326, always_xy=True).transform_bounds(*region.bounds)
    lon, lat = files.axes(degrees, 0.01)
    for date in table.dates("A128"):
        files.gacos(tmp_path, date, lon, lat, np.full((len(lat), len(lon)), 1.7))
    (found,) = weather.delays(config, table)
    assert found.level == GOOD and found.found.startswith("3 dates, 3 epochs")
    files.gacos(tmp_path, date, lon, lat, np.full((len(lat), len(lon)), 170.0))
    (found,) = weather.delays(config, table)
    assert (found.check, found.level, found.code) == ("input rates.delays A128", ERROR, "E3010")
    assert f"{date}.ztd: median delay 170 m" in found.found
    assert found in checks.cheap(config, table, [], {"resources": tmp_path, "results": tmp_path})
    assert weather.delays(load({"region": "valley"}), table) == []

"""Pairs as GAMMA, ROI_PAC and ISCE2 leave them: against real files that others converted, and against GDAL."""

import shutil
from pathlib import Path

import numpy as np
import pytest
import rasterio
from rasterio.transform import from_origin

from sarslide.catalog.external_names import dates_of, headers_of
from sarslide.errors import InterferogramError
from sarslide.grid import RegionGrid
from sarslide.insar.external.binaries import read, tags_of
from sarslide.insar.external.constant_geometry import look_angle_deg, perpendicular_baseline_m
from sarslide.insar.external.files import ASSUMED_COHERENCE, NO_COHERENCE, ingest_pair, pair_of, sensor_of
from sarslide.insar.external.sensor import Declared

REAL = Path(__file__).parents[2] / "data/pyrate"  # as their programs left them, see its README
GAMMA, ROIPAC = "16x20_20090713-20090817_VV_4rlks_utm.unw", "geo_060619-061002.unw"
# The whole of each file, with a margin.
GAMMA_GRID = RegionGrid(32756, 256920.0, 6303190.0, 10.0, 17, 14)
ROIPAC_GRID = RegionGrid(32756, 307260.0, 6217110.0, 90.0, 76, 44)
GAMMA_PAIR, ROIPAC_PAIR = "20090713_20090817", "20060619_20061002"


@pytest.fixture
def folder(tmp_path):
    return Path(shutil.copytree(REAL, tmp_path / "real"))


def converted(path):
    """Samples and place in the GeoTIFF that GAMMA or PyRate made; 0 is void."""
    with rasterio.open(path) as source:
        values = source.read(1).astype(float)
        return np.where(values == 0, np.nan, values), source.transform


@pytest.mark.parametrize(
    ("name", "tif", "grid"),
    [(GAMMA, GAMMA.replace(".unw", ".tif"), GAMMA_GRID), (ROIPAC, ROIPAC.replace(".unw", "_unw.tif"), ROIPAC_GRID)],
)
def test_samples_and_place_are_those_that_others_read(folder, name, tif, grid):
    band = read(folder / name, headers_of(folder / name), grid)
    values, transform = converted(folder / tif)
    # The part around the region: its first cell is some cell of the whole.
    col, row = ~transform @ (band.transform.c, band.transform.f)
    # GAMMA's GeoTIFF has its corner in single precision: 1.5e-5 degrees, 0.22 of its cells.
    assert abs(col - round(col)) < 0.22 and abs(row - round(row)) < 0.22
    rows, cols = band.values.shape
    assert rows * cols > 100
    np.testing.assert_array_equal(
        band.values, values[round(row) : round(row) + rows, round(col) : round(col) + cols].astype("f4")
    )


@pytest.mark.parametrize(
    ("name", "pair", "grid"), [(GAMMA, GAMMA_PAIR, GAMMA_GRID), (ROIPAC, ROIPAC_PAIR, ROIPAC_GRID)]
)
def test_a_pair_without_coherence_and_its_sign(folder, name, pair, grid):
    made = ingest_pair(folder / name, None, pair, grid, None, "custom")
    valid = np.isfinite(made.unwrapped_rad)
    assert valid.sum() > 100
    # Earlier x conj(later): the phase grows away, as ours, and keeps its sign.
    values, _ = converted(
        folder / (GAMMA.replace("unw", "tif") if name == GAMMA else ROIPAC.replace(".unw", "_unw.tif"))
    )
    assert np.nanmin(values) - 1e-4 <= np.nanmin(made.unwrapped_rad) <= np.nanmax(made.unwrapped_rad)
    assert np.nanmax(made.unwrapped_rad) <= np.nanmax(values) + 1e-4
    assert (made.coherence[valid] == ASSUMED_COHERENCE).all() and np.isnan(made.coherence[~valid]).all()
    assert NO_COHERENCE in made.metadata.absent
    assert made.metadata.bperp_m is None and made.metadata.processor == ("GAMMA" if name == GAMMA else "ROIPAC")
    with pytest.raises(InterferogramError, match=r"positive_phase is towards, but the phase grows away: its tag"):
        ingest_pair(folder / name, None, pair, grid, "towards", "custom")


def test_the_later_date_first_turns_the_sign(folder):
    straight = ingest_pair(folder / ROIPAC, None, ROIPAC_PAIR, ROIPAC_GRID, None, "custom")
    turned = folder / "geo_061002-060619.unw"
    shutil.copy(folder / ROIPAC, turned)
    header = (folder / f"{ROIPAC}.rsc").read_text()
    turned.with_name(f"{turned.name}.rsc").write_text(header)
    with pytest.raises(
        InterferogramError, match=r"E3007 .*header states DATE12 060619-061002, its name other.*; cure: name"
    ):
        ingest_pair(turned, None, ROIPAC_PAIR, ROIPAC_GRID, None, "custom")
    turned.with_name(f"{turned.name}.rsc").write_text(header.replace("060619-061002", "061002-060619"))
    made = ingest_pair(turned, None, ROIPAC_PAIR, ROIPAC_GRID, None, "custom")
    np.testing.assert_array_equal(made.unwrapped_rad, -straight.unwrapped_rad)


def test_wavelength_of_a_header(folder):
    declared = Declared(None, 23.0, 193.0)
    assert sensor_of("custom", folder / ROIPAC, [], None, "D062", declared).wavelength_m == 0.0562356424
    (folder / "20090713_slc.par").write_text("radar_frequency:  5.3310044e+09   Hz\nsensor:  ASAR\n")
    found = sensor_of("custom", folder / GAMMA, [], None, "D062", declared)
    assert found.wavelength_m == pytest.approx(299792458 / 5.3310044e9) and not found.sentinel1


@pytest.mark.parametrize(("bands", "name"), [(2, "filt_fine.unw.geo"), (1, "filt_fine.cor.geo")])
def test_isce2_as_gdal_reads_it(tmp_path, bands, name):
    """Files of GDAL's own ISCE driver; the second of two bands is the phase. The pair is that of the folder."""
    path = tmp_path / "20180106_20180130" / name
    path.parent.mkdir()
    samples = np.random.default_rng(1).uniform(0.1, 1, (bands, 40, 50)).astype("f4")
    with rasterio.open(
        path, "w", driver="ISCE", height=40, width=50, count=bands, dtype="float32", SCHEME="BIL",
        transform=from_origin(150.91, -34.17, 0.001, 0.001),
    ) as target:  # fmt: skip
        target.write(samples)
    assert pair_of(path) == "20180106_20180130" and tags_of(path, headers_of(path))["INSAR_PROCESSOR"] == "ISCE2"
    grid = RegionGrid(32756, 308500.0, 6216000.0, 100.0, 10, 10)
    band = read(path, headers_of(path), grid)
    row, col = round((-34.17 - band.transform.f) / 0.001), round((band.transform.c - 150.91) / 0.001)
    rows, cols = band.values.shape
    np.testing.assert_array_equal(band.values, samples[-1, row : row + rows, col : col + cols].astype(float))


def test_dates_of_six_digits():
    assert dates_of("geo_060619-061002.unw") == ("20060619", "20061002")
    assert dates_of("geo_951231-960101.unw") == ("19951231", "19960101")
    assert dates_of("20180130_20180106/filt_fine.unw") == ("20180130", "20180106")
    assert dates_of("mosaic.unw") is None


def test_baseline_of_tcn_components(tmp_path):
    """GAMMA's baseline file of a real pair: c = 15.3525, n = 9.7718 m (PyRate, gamma/20160114-20160126_base.par)."""
    path = tmp_path / "20160114-20160126_base.par"
    path.write_text(
        "initial_baseline(TCN):          0.1585592       15.3525463        9.7718029   m   m   m\n"
        "initial_baseline_rate:          0.0000000       -0.0439410        0.0177195   m/s m/s m/s\n"
        "precision_baseline(TCN):        0.0000000        0.0000000        0.0000000   m   m   m\n"
    )
    look = np.radians(look_angle_deg(39.0))
    expected = 15.3525463 * np.cos(look) - 9.7718029 * np.sin(look)
    assert perpendicular_baseline_m(path, 39.0) == pytest.approx(expected)


def cut(path):
    path.write_bytes(path.read_bytes()[:-8])


def rewrite(path, old, new):
    path.write_text(path.read_text().replace(old, new))


@pytest.mark.parametrize(
    ("name", "spoil", "words"),
    [
        (GAMMA, lambda f: cut(f / GAMMA), r"1272 bytes are float samples of 0 of dem16x20raw\.dem\.par 16 x 20"),
        (GAMMA, lambda f: shutil.copy(f / "dem16x20raw.dem.par", f / "x.par"), "are float samples of 2 of"),
        (GAMMA, lambda f: rewrite(f / "dem16x20raw.dem.par", "EQA", "PS"), "DEM_projection is PS"),
        (GAMMA, lambda f: rewrite(f / "dem16x20raw.dem.par", "150.387", "east"), r"corner_lon is east\d+, not from"),
        (GAMMA, lambda f: rewrite(f / "dem16x20raw.dem.par", "width:", "w:"), "has no width"),
        (ROIPAC, lambda f: cut(f / ROIPAC), r"has 27064 bytes, geo_060619-061002\.unw\.rsc states 27072"),
        (ROIPAC, lambda f: rewrite(f / f"{ROIPAC}.rsc", "_STEP", "_STP"), "places it in lines and samples"),
        (ROIPAC, lambda f: rewrite(f / f"{ROIPAC}.rsc", "WIDTH", "W"), "cannot be read .* as a file of ROIPAC"),
    ],
)
@pytest.mark.filterwarnings("ignore::rasterio.errors.NotGeoreferencedWarning")
def test_binaries_that_are_refused(folder, name, spoil, words):
    spoil(folder)
    pair, grid = (GAMMA_PAIR, GAMMA_GRID) if name == GAMMA else (ROIPAC_PAIR, ROIPAC_GRID)
    with pytest.raises(InterferogramError, match=rf"E3007 .*{words}.*cure: \w+") as caught:
        ingest_pair(folder / name, None, pair, grid, None, "custom")
    assert "\n" not in str(caught.value)


def test_a_folder_instead_of_typed_pairs(folder):
    from sarslide.catalog.scenes import _found_pairs, _the_one

    shutil.copy(folder / ROIPAC, folder / "geo_061002-070219.unw")
    (folder / "geo_mask.unw").touch()
    pattern = "geo_{earlier}-{later}.unw"
    assert _found_pairs(folder, pattern) == (ROIPAC_PAIR, "20061002_20070219")
    assert _the_one(folder, pattern, ROIPAC_PAIR, "here") == str(folder / ROIPAC)
    shutil.copy(folder / GAMMA, folder / "20061002-20070219.unw")
    assert Path(_the_one(folder, "{earlier}-{later}.unw", "20061002_20070219", "here")).name == "20061002-20070219.unw"
    with pytest.raises(InterferogramError, match="E3007 .*: no file matches 'x_{earlier}.unw'; cure: correct"):
        _found_pairs(folder, "x_{earlier}.unw")

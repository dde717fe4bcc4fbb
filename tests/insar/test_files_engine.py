"""The engine `files`: values, signs and refusals on small GeoTIFFs written here."""

import numpy as np
import pytest
import rasterio
from rasterio.transform import from_origin

from sarslide.errors import InterferogramError
from sarslide.grid import RegionGrid
from sarslide.insar.engines.constant_geometry import geometry, look_angle_deg, perpendicular_baseline_m
from sarslide.insar.engines.files import ingest_pair, pair_of, utc

PAIR = "20180106_20180130"
GRID = RegionGrid(32614, 480300.0, 2150400.0, 150.0, 20, 30)
LON, LAT, STEP = -99.20, 19.46, 0.0014


def ramp(shape=(90, 90)):
    """Phase that grows by one radian per degree of longitude and per degree of latitude, plus 5."""
    rows, cols = np.mgrid[: shape[0], : shape[1]]
    return (5 + 100 * (cols + 0.5) * STEP + 50 * (rows + 0.5) * STEP).astype("float32")


def write(path, values, crs="EPSG:4326", tags=None, nodata=0.0, unit=None):
    bands = np.atleast_3d(values.T).T if values.ndim == 2 else values
    with rasterio.open(
        path, "w", driver="GTiff", height=bands.shape[1], width=bands.shape[2], count=len(bands), dtype=bands.dtype,
        crs=crs, transform=from_origin(LON, LAT, STEP, STEP), nodata=nodata,
    ) as target:  # fmt: skip
        target.write(bands)
        target.update_tags(**(tags or {}))
        if unit:
            target.units = (unit,) * len(bands)
    return path


@pytest.fixture
def files(tmp_path):
    phase = write(
        tmp_path / "crop_20180106-20180130_unw.tif",
        ramp(),
        tags={
            "DATA_UNITS": "RADIANS",
            "FIRST_DATE": "2018-01-06",
            "SECOND_DATE": "2018-01-30",
            "FIRST_TIME": "00:40:21",
        },
    )
    coherence = write(tmp_path / "crop_20180106-20180130_cc.tif", np.full((90, 90), 0.7, "float32"))
    return phase, coherence


def test_values_arrive_at_their_place(files):
    from pyproj import Transformer

    foreign = ingest_pair(*files, PAIR, GRID, "away")
    lon, lat = Transformer.from_crs(32614, 4326, always_xy=True).transform(*np.meshgrid(GRID.x(), GRID.y()))
    truth = 5 + 100 * (lon - LON) + 50 * (LAT - lat)
    np.testing.assert_allclose(
        foreign.unwrapped_rad, truth, atol=2e-3
    )  # GDAL's warp approximates to 1/8 cell of 0.14 rad
    np.testing.assert_allclose(foreign.wrapped_rad[0], np.angle(np.exp(1j * foreign.unwrapped_rad)), atol=1e-6)
    np.testing.assert_array_equal(foreign.wrapped_rad[0], foreign.wrapped_rad[1])
    np.testing.assert_allclose(foreign.coherence, 0.7, atol=1e-6)
    assert (foreign.conncomp == 1).all()
    assert utc(foreign.tags, "FIRST") == "2018-01-06T00:40:21Z"
    assert utc(foreign.tags, "SECOND") is None


def test_the_declared_sign_decides(files):
    away, towards = (ingest_pair(*files, PAIR, GRID, sign).unwrapped_rad for sign in ("away", "towards"))
    np.testing.assert_array_equal(away, -towards)


@pytest.mark.parametrize("void", [0.0, np.nan, -9999.0])
def test_voids_stay_voids_and_do_not_bleed(tmp_path, files, void):
    values = ramp()
    values[12:22, 15:25] = void
    phase = write(tmp_path / "x_20180106-20180130_unw.tif", values, nodata=-9999.0 if void == -9999 else 0.0)
    foreign = ingest_pair(phase, files[1], PAIR, GRID, "away")
    whole = ingest_pair(*files, PAIR, GRID, "away")
    hole = np.isnan(foreign.unwrapped_rad)
    assert hole.sum() == pytest.approx(100 * 147 * 155 / 150**2, rel=0.25)  # ten by ten source cells
    # Bilinear weights are shared among valid neighbours: within half a source cell of slope (0.1 rad), never towards zero
    assert np.abs(foreign.unwrapped_rad - whole.unwrapped_rad)[~hole].max() < 0.12
    assert (foreign.conncomp[hole] == 0).all()
    assert np.isnan(foreign.wrapped_rad[:, hole]).all()
    assert np.isnan(foreign.coherence[hole]).all()


def test_pairs_are_read_from_names():
    assert pair_of("cropA_20180106-20180130_VV_8rlks_eqa_unw.tif") == PAIR
    assert pair_of("S1AA_20180106_20180130_unw_phase.tif") == PAIR
    for name in (
        "mosaic_unw.tif",
        "20180130-20180106_unw.tif",
        "20181399-20190101_unw.tif",
        "120180106-20180130_unw.tif",
    ):
        with pytest.raises(InterferogramError, match=r"E3007 .*its name holds no pair of dates; cure: name it"):
            pair_of(name)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"values": ramp().astype("complex64")}, "holds complex64"),
        ({"values": (100 * ramp()).astype("int16")}, "holds int16"),
        ({"values": np.stack([ramp(), ramp()])}, "has 2 bands"),
        ({"crs": None}, "has no CRS"),
        ({"tags": {"DATA_UNITS": "MILLIMETRES"}}, "is in MILLIMETRES"),
        ({"unit": "mm"}, "is in MM"),
        ({"tags": {"FIRST_DATE": "2018-01-07"}}, "tag FIRST_DATE is 20180107, its name says 20180106"),
        ({"values": np.zeros((90, 90), "float32")}, "no cell of the region"),
        ({"crs": "EPSG:32613", "values": ramp()}, "no cell of the region"),
    ],
)
@pytest.mark.filterwarnings("ignore::rasterio.errors.NotGeoreferencedWarning")
def test_foreign_files_are_refused_by_name_value_and_cure(tmp_path, files, change, words):
    path = write(tmp_path / "bad_20180106-20180130_unw.tif", **({"values": ramp()} | change))
    with pytest.raises(InterferogramError, match=rf"E3007 .*bad_20180106-20180130_unw\.tif: .*{words}.*; cure: \w+"):
        ingest_pair(path, files[1], PAIR, GRID, "away")


def test_corrupt_truncated_missing_and_misplaced_files(tmp_path, files):
    junk = tmp_path / "junk_20180106-20180130_unw.tif"
    junk.write_bytes(b"II*\0" + b"\xff" * 500)
    cut = tmp_path / "cut_20180106-20180130_unw.tif"
    cut.write_bytes(files[0].read_bytes()[:9000])
    for path in (junk, cut, tmp_path / "absent_20180106-20180130_unw.tif"):
        with pytest.raises(InterferogramError, match=rf"E3007 .*{path.name}: .*; cure: export"):
            ingest_pair(path, files[1], PAIR, GRID, "away")
    with pytest.raises(InterferogramError, match="is of pair 20180106_20180130, not 20180106_20180307"):
        ingest_pair(*files, "20180106_20180307", GRID, "away")


def test_coherence_is_a_share(tmp_path, files):
    percent = write(tmp_path / "x_20180106-20180130_cc.tif", np.full((90, 90), 70, "float32"))
    with pytest.raises(InterferogramError, match="coherence up to 70; cure: give coherence between 0 and 1"):
        ingest_pair(files[0], percent, PAIR, GRID, "away")


def test_geometry_of_an_ascending_right_looking_track():
    layers = geometry(np.full((22, 32), 2240.0), GRID, incidence_deg=31.7, heading_deg=347.7)
    vector = np.array([layers[name][0, 0] for name in ("los_east", "los_north", "los_up")])
    assert np.linalg.norm(vector) == pytest.approx(1)
    assert vector[0] < 0  # the satellite of an ascending pass stands in the west
    assert np.degrees(np.arccos(vector[2])) == pytest.approx(31.7)
    # a vector along the flight direction is across the line of sight
    assert vector[0] * np.sin(np.radians(347.7)) + vector[1] * np.cos(np.radians(347.7)) == pytest.approx(0, abs=1e-12)
    assert layers["slant_range_m"][0, 0] == pytest.approx(
        803e3, rel=0.01
    )  # GAMMA's near range of the Mexico City scene
    assert (layers["layover_shadow"] == 0).all()
    assert look_angle_deg(31.7) == pytest.approx(28.26, abs=0.05)  # from the orbit of 2018-01-06


@pytest.mark.parametrize(
    ("east_slope_deg", "expected"),
    [(-40, 0), (40, 1), (30, 0), (-57, 0), (-60, 2)],
)
def test_layover_and_shadow_of_slopes_that_face_or_hide(east_slope_deg, expected):
    # The satellite stands due west: ground that rises to the east faces it.
    x = np.arange(32) * 150.0
    height = np.broadcast_to(x * np.tan(np.radians(east_slope_deg)), (22, 32))
    layers = geometry(height, GRID, incidence_deg=31.7, heading_deg=0.0)
    assert (layers["layover_shadow"] == expected).all()


def test_baselines_without_a_table(tmp_path):
    path = tmp_path / "x_bperp.par"
    path.write_text("initial_baseline(TCN):  0 1 2 m m m\n")
    with pytest.raises(InterferogramError, match="x_bperp.par: holds no table of baselines"):
        perpendicular_baseline_m(path, 31.7)
    with pytest.raises(InterferogramError, match="cannot be read"):
        perpendicular_baseline_m(tmp_path / "absent.par", 31.7)

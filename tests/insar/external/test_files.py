"""The engine `files`: values, signs and refusals on small GeoTIFFs written here."""

import numpy as np
import pytest
import rasterio
from rasterio.transform import from_origin

from sarslide.errors import InterferogramError
from sarslide.grid import RegionGrid
from sarslide.insar.external.constant_geometry import geometry, look_angle_deg, perpendicular_baseline_m
from sarslide.insar.external.files import baseline_m, frame_utc, ingest_pair, pair_of
from tests.support import engine_products as products
from tests.support.engine_runs import found_files

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

    made = ingest_pair(*files, PAIR, GRID, "away")
    lon, lat = Transformer.from_crs(32614, 4326, always_xy=True).transform(*np.meshgrid(GRID.x(), GRID.y()))
    truth = 5 + 100 * (lon - LON) + 50 * (LAT - lat)
    np.testing.assert_allclose(made.unwrapped_rad, truth, atol=2e-3)  # GDAL's warp approximates to 1/8 cell of 0.14 rad
    np.testing.assert_allclose(made.wrapped_rad[0], np.angle(np.exp(1j * made.unwrapped_rad)), atol=1e-6)
    np.testing.assert_array_equal(made.wrapped_rad[0], made.wrapped_rad[1])
    np.testing.assert_allclose(made.coherence, 0.7, atol=1e-6)
    assert (made.conncomp == 1).all()
    assert made.metadata.utc[0] == "2018-01-06T00:40:21Z"
    assert made.metadata.utc[1] is None


def test_the_declared_sign_decides(files):
    away, towards = (ingest_pair(*files, PAIR, GRID, sign).unwrapped_rad for sign in ("away", "towards"))
    np.testing.assert_array_equal(away, -towards)


@pytest.mark.parametrize("void", [0.0, np.nan, -9999.0])
def test_voids_stay_voids_and_do_not_bleed(tmp_path, files, void):
    values = ramp()
    values[12:22, 15:25] = void
    phase = write(tmp_path / "x_20180106-20180130_unw.tif", values, nodata=-9999.0 if void == -9999 else 0.0)
    made = ingest_pair(phase, files[1], PAIR, GRID, "away")
    whole = ingest_pair(*files, PAIR, GRID, "away")
    hole = np.isnan(made.unwrapped_rad)
    assert hole.sum() == pytest.approx(100 * 147 * 155 / 150**2, rel=0.25)  # ten by ten source cells
    # Bilinear weights are shared among valid neighbours: within half a source cell of slope (0.1 rad), never towards zero
    assert np.abs(made.unwrapped_rad - whole.unwrapped_rad)[~hole].max() < 0.12
    assert (made.conncomp[hole] == 0).all()
    assert np.isnan(made.wrapped_rad[:, hole]).all()
    assert np.isnan(made.coherence[hole]).all()


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
        ({"tags": {"FIRST_DATE": "2018-01-07"}}, "tag FIRST_DATE is 20180107, in its name stands 20180106"),
        ({"values": np.zeros((90, 90), "float32")}, "no cell of the region"),
        ({"crs": "EPSG:32613", "values": ramp()}, "no cell of the region"),
    ],
)
@pytest.mark.filterwarnings("ignore::rasterio.errors.NotGeoreferencedWarning")
def test_external_files_are_refused_by_name_value_and_cure(tmp_path, files, change, words):
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
    path.write_text("initial_baseline(TCN):  0 0 0 m m m\n")
    with pytest.raises(InterferogramError, match="x_bperp.par: holds no table of baselines"):
        perpendicular_baseline_m(path, 31.7)
    with pytest.raises(InterferogramError, match="absent.par: does not exist"):
        perpendicular_baseline_m(tmp_path / "absent.par", 31.7)


def make(folder, naming):
    """A product of one naming, and its two files."""
    folder.mkdir()
    section = getattr(products, naming)(folder)
    patterns = {
        "gamma": ("*_unw.tif", "*_cc.tif"),
        "licsar": ("**/*.geo.unw.tif", "**/*.geo.cc.tif"),
        "aria": ("*.nc",) * 2,
    }
    assert section["naming"] == naming
    return [next(folder.glob(pattern)) for pattern in patterns[naming]]


@pytest.mark.parametrize(
    ("naming", "declared", "because"),
    [
        ("gamma", "towards", "the phase grows away: its tag INSAR_PROCESSOR is GAMMA"),
        ("aria", "away", "the phase grows towards: its reference date is 20190318"),
    ],
)
def test_a_declared_sign_that_contradicts_the_product(tmp_path, naming, declared, because):
    paths = make(tmp_path / "x", naming)
    with pytest.raises(
        InterferogramError, match=rf"E3007 .*positive_phase is {declared}, but {because}; cure: correct files"
    ):
        ingest_pair(*paths, products.PAIR, products.GRID, declared, naming)
    agreed = ingest_pair(*paths, products.PAIR, products.GRID, {"towards": "away", "away": "towards"}[declared], naming)
    np.testing.assert_array_equal(
        agreed.unwrapped_rad, ingest_pair(*paths, products.PAIR, products.GRID, None, naming).unwrapped_rad
    )


def test_a_sign_that_nobody_tells(files):
    with pytest.raises(InterferogramError, match="nothing tells the sign of its phase; cure: set files.positive_phase"):
        ingest_pair(*files, PAIR, GRID, None, "custom")
    from sarslide.config import load
    from sarslide.errors import ConfigError

    with pytest.raises(ConfigError, match="E1001 config: files.naming is custom, files.unwrapped is empty"):
        load({"files": {"naming": "custom", "coherence": "c"}})


def test_bytes_are_coherence_for_licsar_only(tmp_path):
    unwrapped, coherence = make(tmp_path / "x", "licsar")
    made = ingest_pair(unwrapped, coherence, products.PAIR, products.GRID, None, "licsar")
    assert np.nanmax(made.coherence) == pytest.approx(round(255 * 0.7) / 255, abs=1e-6)
    with pytest.raises(InterferogramError, match="geo.cc.tif: holds uint8"):
        ingest_pair(unwrapped, coherence, products.PAIR, products.GRID, "away", "custom")


def test_baselines_and_times_of_licsar(tmp_path):
    make(tmp_path / "x", "licsar")
    found = baseline_m(tmp_path / "x/baselines", products.PAIR, "licsar", 39.0)
    assert found == pytest.approx(products.seen().bperp_m, abs=0.1)
    assert baseline_m(tmp_path / "x/baselines", "20190306_20190330", "licsar", 39.0) is None
    # The frame's primary date has no row of its own: its baseline is 0.
    assert baseline_m(tmp_path / "x/baselines", "20190210_20190306", "licsar", 39.0) == 12.5
    assert frame_utc(tmp_path / "x/metadata.txt", products.PAIR)[1] == "2019-03-18T11:13:21.5Z"
    (tmp_path / "x/baselines").write_text("20190210 20190306 far 24\n")
    with pytest.raises(InterferogramError, match="E3007 .*baselines: baseline 'far' m is none"):
        baseline_m(tmp_path / "x/baselines", products.PAIR, "licsar", 39.0)


def spoil_aria(path, how):
    import h5py

    with h5py.File(path, "r+") as file:
        how(file)


def redate(file):
    del file["science/radarMetaData/inputSLC/secondary/L1InputGranules"]
    file["science/radarMetaData/inputSLC/secondary/L1InputGranules"] = [b"S1A_IW_SLC__1SDV_20190222T111300_x"]


def millimetres(file):
    file["science/grids/data/unwrappedPhase"].attrs["units"] = "mm"


@pytest.mark.parametrize(
    ("how", "words"),
    [
        (lambda f: f.pop("science/grids/data/unwrappedPhase"), "has no science/grids/data/unwrappedPhase"),
        (lambda f: f.pop("science/grids/imagingGeometry/perpendicularBaseline"), "has no .*perpendicularBaseline"),
        (redate, "is of 20190318 and 20190222, not of 20190306_20190318"),
        (millimetres, "unwrappedPhase is in mm; cure: give unwrapped phase in radians"),
        (
            lambda f: f["science/grids/data/unwrappedPhase"].write_direct(np.zeros((72, 84), "f4")),
            "no cell of the region",
        ),
        (
            lambda f: f["science/grids/data/unfilteredCoherence"].write_direct(np.full((72, 84), 70, "f4")),
            "coherence up to 70",
        ),
    ],
)
def test_aria_products_that_are_refused(tmp_path, how, words):
    path, _ = make(tmp_path / "x", "aria")
    spoil_aria(path, how)
    with pytest.raises(InterferogramError, match=rf"E3007 .*S1-GUNW.*\.nc: .*{words}") as caught:
        ingest_pair(path, path, products.PAIR, products.GRID, None, "aria")
    assert "\n" not in str(caught.value)


def test_a_truncated_or_missing_aria_product(tmp_path):
    path, _ = make(tmp_path / "x", "aria")
    path.write_bytes(path.read_bytes()[:20000])
    for one in (path, tmp_path / "absent.nc"):
        with pytest.raises(InterferogramError, match=rf"E3007 .*{one.name}: .*; cure: download the product again"):
            ingest_pair(one, one, products.PAIR, products.GRID, None, "aria")


def test_an_aria_product_of_the_other_order(tmp_path):
    path, _ = make(tmp_path / "x", "aria")
    straight = ingest_pair(path, path, products.PAIR, products.GRID, None, "aria")

    def swap(file):
        group = file["science/radarMetaData/inputSLC"]
        group.move("reference", "kept")
        group.move("secondary", "reference")
        group.move("kept", "secondary")

    spoil_aria(path, swap)
    turned = ingest_pair(path, path, products.PAIR, products.GRID, "away", "aria")
    np.testing.assert_array_equal(turned.unwrapped_rad, -straight.unwrapped_rad)
    assert turned.metadata.bperp_m == -straight.metadata.bperp_m


@pytest.mark.parametrize(
    ("spoil", "words"),
    [
        (lambda f: f.rename(f.parent / "elsewhere"), r"E1008 files\.folder '.*' is no folder"),
        (
            lambda f: next(f.glob("*_cc.tif")).unlink(),
            r"E3007 .*: 0 files match '\*\{earlier\}-\{later\}\*cc\.tif' \(naming gamma\) for pair",
        ),
        (lambda f: (f / "copy_20190306-20190318_unw.tif").touch(), "E3007 .*: 2 files match"),
    ],
)
def test_missing_files_are_named_before_any_work(tmp_path, spoil, words):
    from sarslide.errors import SarslideError

    make(tmp_path / "x", "gamma")
    spoil(tmp_path / "x")
    with pytest.raises(SarslideError, match=words):
        found_files(tmp_path / "x", {"naming": "gamma"})

"""NISAR GUNW: what MintPy reads of the same file, exact ranges, and a radar that looks to the left."""

import h5py
import numpy as np
import pytest
from studies.displacement import gunw
from studies.displacement.gunw import GRID, HEIGHT_M, PAIR, Flight

from sarslide.catalog.external_names import dates_of
from sarslide.catalog.scenes import table
from sarslide.config import load
from sarslide.errors import InterferogramError
from sarslide.insar.external import nisar
from sarslide.insar.external.files import check_stack, geometry, ingest_pair, sensor_of
from sarslide.insar.external.sensor import Declared, flies
from sarslide.preflight import checks
from sarslide.rates.decomposition import east_and_up
from sarslide.rates.mintpy.files import StackMetadata, attributes
from sarslide.terrain.downslope import downslope_sensitivity

IDENTIFICATION = "science/LSAR/identification"
LAYERS = "science/LSAR/GUNW/grids/frequencyA/unwrappedInterferogram"
CUBES = "science/LSAR/GUNW/metadata/radarGrid"
FLAT = np.full((GRID.rows + 2, GRID.cols + 2), HEIGHT_M)
FLIGHTS = [Flight(heading, looks) for looks in ("left", "right") for heading in (348.0, 192.0)]
NAMED = [f"{flight.looks}-{flight.orbit}" for flight in FLIGHTS]


@pytest.fixture
def product(tmp_path):
    return gunw.product(tmp_path)


def read(path, pair=PAIR, sign=None):
    return ingest_pair(path, path, pair, GRID, sign, "nisar")


def put(path, name, value):
    with h5py.File(path, "r+") as file:
        attributes = dict(file[name].attrs)
        del file[name]
        file[name] = value
        file[name].attrs.update(attributes)


@pytest.mark.parametrize("flight", FLIGHTS, ids=NAMED)
def test_all_that_mintpy_reads_is_read_alike(tmp_path, flight):
    path = gunw.product(tmp_path, flight)
    found = gunw.differences(path, tmp_path / "mintpy")
    assert set(found) == {"void", "dates", *gunw.TOLERANCES}
    for name, gap in found.items():
        assert gap <= gunw.TOLERANCES.get(name, 0), (name, gap)
    # MintPy's baseline is the mean of the whole cube, as it stands: the later date has a higher orbit, nearer to the
    # ground that it sees. Across the region it changes by 0.1 %.
    theirs, ours = gunw.by_mintpy(path, tmp_path / "mintpy")["bperp_m"], read(path).metadata.bperp_m
    assert ours == pytest.approx(theirs if flight.looks == "left" else -theirs, rel=0.01)


@pytest.mark.parametrize("flight", FLIGHTS, ids=NAMED)
@pytest.mark.parametrize("swapped", [False, True], ids=["earlier-first", "later-first"])
def test_motion_and_height_come_back_from_exact_ranges(tmp_path, flight, swapped):
    motion, height = gunw.returned(gunw.product(tmp_path, flight, swapped), flight)
    assert motion == pytest.approx(1, abs=1e-3)  # half the curvature of the ranges over 50 mm, and float32
    assert height == pytest.approx(gunw.ABOVE_M, rel=0.01)  # the baseline is that of the middle of the region


@pytest.mark.parametrize("flight", FLIGHTS, ids=NAMED)
def test_the_geometry_is_that_of_the_flight(tmp_path, flight):
    path = gunw.product(tmp_path, flight)
    layers, constant = geometry("nisar", path, [], FLAT, GRID, 30.0, 0.0)
    assert not constant
    x, y = np.meshgrid(GRID.x(), GRID.y())
    to_satellite = flight.to_satellite(x, y, HEIGHT_M)
    length = np.linalg.norm(to_satellite, axis=0)
    for name, part in zip(("los_east", "los_north", "los_up"), to_satellite / length, strict=True):
        np.testing.assert_allclose(layers[name], part, atol=1e-6)  # linear between nodes 500 m apart, float32
    np.testing.assert_allclose(layers["heading_deg"], flight.heading_deg, atol=1e-4)
    # Linear between heights 2500 m apart: 1250^2 / 2 x sin(38)^2 / 945 km.
    np.testing.assert_allclose(layers["slant_range_m"], length, atol=0.35)
    assert (layers["layover_shadow"] == 0).all()
    assert flies(float(layers["heading_deg"].mean())) == flight.orbit[0]


def test_what_the_product_states(product):
    made = read(product)
    about = made.metadata
    assert about.utc == ("2025-11-03T12:46:15.000000Z", "2025-11-15T12:46:15.000000Z")
    assert about.wavelength_m == pytest.approx(0.2412, abs=1e-4)  # L band
    assert about.processor == "ISCE3" and about.free_level and about.bperp_m > 0
    assert any("ionosphere" in text for text in about.absent)
    found = sensor_of("nisar", product, [], None, "A077", Declared())
    assert found.wavelength_m == about.wavelength_m and not found.sentinel1
    assert dates_of(product) == (gunw.EARLIER, gunw.LATER)
    x, y = np.meshgrid(GRID.x(), GRID.y())
    known = np.isfinite(made.unwrapped_rad)
    # Hole, water, and a place outside of the subswaths of the secondary: rectangles of 6 x 3 cells.
    assert (~known).sum() == 3 * 18 and not known[(abs(x - 521000) < 200) & (abs(y - 3207240) < 80)].any()
    assert set(np.unique(made.conncomp)) == {0, 1, 2} and (made.conncomp[~known] == 0).all()


def test_the_screen_of_the_ionosphere_is_taken_off_where_it_is_asked_for(product):
    """Its sign is that of the phase: troposphere.py of isce3, and MintPy, which takes it off (the comparison above)."""
    with h5py.File(product, "r+") as file:
        screen = file[f"{LAYERS}/HH/ionospherePhaseScreen"]
        screen[:20, :20] = np.nan
        drawn = screen[3:-3, 3:-3]
    plain = read(product)
    without = ingest_pair(product, product, PAIR, GRID, None, "nisar", ionosphere=True)
    np.testing.assert_allclose(
        plain.unwrapped_rad - without.unwrapped_rad,
        np.where(np.isfinite(plain.unwrapped_rad), drawn, np.nan),
        atol=1e-5,
    )
    assert np.isnan(without.unwrapped_rad[:17, :17]).all() and without.conncomp[0, 0] == 0
    assert not any("ionosphere" in text for text in without.metadata.absent)
    with h5py.File(product, "r+") as file:
        file.move(f"{LAYERS}/HH/ionospherePhaseScreen", "elsewhere")
    assert np.isfinite(read(product).unwrapped_rad).any()
    with pytest.raises(InterferogramError, match="has no .*/ionospherePhaseScreen"):
        ingest_pair(product, product, PAIR, GRID, None, "nisar", ionosphere=True)
    with pytest.raises(
        InterferogramError, match=r"holds no phase screen .*\(naming gamma\); cure: set files.ionosphere"
    ):
        ingest_pair(product, product, PAIR, GRID, None, "gamma", ionosphere=True)


def test_a_mask_without_subswaths_hides_nothing(product):
    with h5py.File(product, "r+") as file:
        file[f"{LAYERS}/mask"].attrs["description"] = np.bytes_("Byte layer with flags for various channels")
    assert np.isnan(read(product).unwrapped_rad).sum() == 18


def test_a_folder_gives_its_pairs_and_sensor_before_any_work(product, tmp_path):
    """Without `network.pairs`; reprocessed products of one pair are told, not chosen from."""
    again = product.with_name(product.name.replace("_001.h5", "_002.h5"))
    region = {
        "source": "files", "engine": "files", "stacks": ["A077"], "files": {"naming": "nisar", "folder": str(tmp_path)},
        "grid": {"epsg": GRID.epsg, "bounds": list(GRID.bounds), "cell_m": 80, "dem": "dem.tif"},
    }  # fmt: skip
    one = load(region)
    found = table(one, tmp_path)
    assert found.files("unwrapped") == [str(product)] and found.pairs == (PAIR,)
    (finding,) = checks.sensor(one, found)
    assert finding.level == "good" and finding.found == "wavelength 0.241185 m, line of sight by cell"
    again.write_bytes(product.read_bytes())
    with pytest.raises(InterferogramError, match=rf"2 files match .* for pair {PAIR}"):
        table(one, tmp_path)


def test_names_of_dates_with_times():
    timed = "S1AA_20190306T111300_20190318T111301_VVP012_INT40_G_ueF_F8BF_unw_phase.tif"
    assert dates_of(timed) == ("20190306", "20190318")
    assert dates_of("crop_20190306-20190318_unw.tif") == ("20190306", "20190318")


def group(kind):
    def change(path):
        put(path, f"{IDENTIFICATION}/productType", np.bytes_(kind))
        with h5py.File(path, "r+") as file:
            file.move("science/LSAR/GUNW", f"science/LSAR/{kind}")

    return change


def rename(old, new):
    def change(path):
        with h5py.File(path, "r+") as file:
            file.move(old, new)

    return change


def stated(name, value):
    return lambda path: put(path, f"{IDENTIFICATION}/{name}", np.bytes_(value) if isinstance(value, str) else value)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (group("RIFG"), "is a RIFG product, not GUNW; cure: give a NISAR GUNW product"),
        (group("GSLC"), "is a GSLC product, not GUNW"),
        (group("GOFF"), "is a GOFF product, not GUNW"),
        (stated("productSpecificationVersion", "0.9.0"), r"is of product specification 0\.9\.0"),
        (stated("productSpecificationVersion", "2.0.0"), r"is of product specification 2\.0\.0"),
        (
            stated("lookDirection", "down"),
            "has orbitPassDirection ascending, lookDirection down, not one of ascending, descending, left, right",
        ),
        (stated("trackNumber", 0), "trackNumber is 0, not from 1 to 999"),
        (stated("referenceZeroDopplerStartTime", "yesterday"), "referenceZeroDopplerStartTime is yesterday"),
        (stated("secondaryZeroDopplerStartTime", "2025-12-09T12:46:15.0"), "is of 20251103 and 20251209, not of 2025"),
        (
            rename(f"{LAYERS}/HH", f"{LAYERS}/HV"),
            "has no unwrapped phase of frequency A or B, HH or VV; cure: give a co",
        ),
        (rename("science/LSAR/GUNW/grids/frequencyA", "science/LSAR/GUNW/grids/frequencyC"), "of frequency A or B"),
        (lambda path: put(path, f"{LAYERS}/HH/projection", np.uint32(7)), None),
        (rename(f"{CUBES}/perpendicularBaseline", "x"), "has no .*/perpendicularBaseline; cure: give a NISAR GUNW"),
    ],
)
def test_products_that_are_refused(product, change, words):
    change(product)
    if words is None:  # the attribute counts, as MintPy's value does not
        assert np.isfinite(read(product).unwrapped_rad).any()
        return
    with pytest.raises(InterferogramError, match=rf"E3007 .*NISAR_L2.*\.h5: .*{words}") as caught:
        read(product)
    assert "\n" not in str(caught.value)


def test_a_declared_sign_that_contradicts_the_order_of_the_dates(product):
    with pytest.raises(InterferogramError, match="the phase grows away: its reference date is 20251103"):
        read(product, sign="towards")
    np.testing.assert_array_equal(read(product, sign="away").unwrapped_rad, read(product).unwrapped_rad)


def test_a_side_that_contradicts_the_line_of_sight(product):
    put(product, f"{IDENTIFICATION}/lookDirection", np.bytes_("Right"))
    with pytest.raises(
        InterferogramError, match="lookDirection is right, its line of sight that of a radar that looks"
    ):
        geometry("nisar", product, [], FLAT, GRID, 30.0, 0.0)


def test_pairs_of_several_tracks_frames_bands_or_crs(product, tmp_path):
    check_stack("nisar", [product, product], "A077")
    with pytest.raises(InterferogramError, match=r"is of track 77, the stack is A128; cure: correct stacks"):
        check_stack("nisar", [product], "A128")
    with pytest.raises(InterferogramError, match="is ascending, the stack D077"):
        sensor_of("nisar", product, [], None, "D077", Declared())
    (tmp_path / "other").mkdir()
    for change, words in (
        (stated("frameNumber", 25), "frame 25, .*frame 24"),
        (rename(f"{LAYERS}/HH", f"{LAYERS}/VV"), "A VV, .*A HH"),
        (lambda path: put(path, f"{LAYERS}/HH/projection", np.uint32(32648)), None),
    ):
        other = gunw.product(tmp_path / "other")
        change(other)
        if words is None:
            with h5py.File(other, "r+") as file:
                file[f"{LAYERS}/HH/projection"].attrs["epsg_code"] = 32648
            words = "EPSG:32648; .*EPSG:32647"
        with pytest.raises(InterferogramError, match=rf"{words}.*; cure: give one frame"):
            check_stack("nisar", [product, other], "A077")


@pytest.mark.parametrize("flight", FLIGHTS, ids=NAMED)
@pytest.mark.parametrize(("slope_deg", "expected"), [(50, 1), (30, 0), (-30, 0), (-60, 2)])
def test_slopes_that_face_a_radar_lie_over(tmp_path, flight, slope_deg, expected):
    """Ground that falls towards the satellite by more than 38 degrees, and away from it by more than 52."""
    grid = GRID.pad(GRID.cell_m)
    x, y = np.meshgrid(grid.x(), grid.y())
    towards = (x - x.mean()) * flight.away[0] + (y - y.mean()) * flight.away[1]
    height = HEIGHT_M - towards * np.tan(np.radians(slope_deg))
    layers, _ = geometry("nisar", gunw.product(tmp_path, flight), [], height, GRID, 30.0, 0.0)
    assert (layers["layover_shadow"] == expected).all()


def vector_of(flight):
    to_satellite = flight.to_satellite(np.array(520920.0), np.array(3206560.0), np.array(HEIGHT_M))
    return to_satellite / np.linalg.norm(to_satellite)


def test_two_passes_of_a_radar_that_looks_left_give_east_and_up():
    moved = np.array([12.0, 0.0, -7.0])  # mm a year; north is taken as still
    vectors = np.stack([vector_of(Flight(heading, "left")) for heading in (348.0, 192.0)])
    assert vectors[0, 0] > 0 > vectors[1, 0]  # the satellite of the ascending pass stands in the east
    rates = (vectors @ moved)[:, None]
    east, _, up, _ = east_and_up(rates, np.ones_like(rates), vectors[:, :1], vectors[:, 2:])
    np.testing.assert_allclose([east[0], up[0]], [12.0, -7.0], atol=1e-9)


@pytest.mark.parametrize("flight", FLIGHTS, ids=NAMED)
def test_a_slide_down_a_slope_that_faces_the_satellite_moves_towards_it(flight):
    aspect = np.degrees(np.arctan2(flight.away[0], flight.away[1])) % 360
    east, north, up = vector_of(flight)
    facing, hiding = (
        float(downslope_sensitivity(np.array(20.0), np.array(falls % 360), east, north, up))
        for falls in (aspect, aspect + 180)
    )
    # Of a unit vector down the slope: cos 20 sin 38 - sin 20 cos 38 where it faces, minus both where it hides.
    assert facing == pytest.approx(np.sin(np.radians(38 - 20)), abs=1e-6)
    assert hiding == pytest.approx(-np.sin(np.radians(38 + 20)), abs=1e-6)


@pytest.mark.parametrize("flight", FLIGHTS, ids=NAMED)
def test_mintpy_is_told_the_side(tmp_path, flight):
    layers = nisar.line_of_sight(gunw.product(tmp_path, flight), FLAT[1:-1, 1:-1], GRID)
    about = StackMetadata("A077", 0.24, 3600.0, 40.0)
    told = attributes(GRID, about, layers, "geometry", "1")
    # MintPy: -1 for a radar that looks to the right (its list of attributes), 1 for one that looks to the left.
    assert told["ANTENNA_SIDE"] == ("1" if flight.looks == "left" else "-1")
    assert float(told["HEADING"]) == pytest.approx(flight.heading_deg, abs=1e-3)

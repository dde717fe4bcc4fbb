"""Products of several swaths, polarisations, slices and satellites as other readers see them; their numbers against real ones."""

import re
import zipfile
from datetime import datetime, timedelta
from pathlib import Path

import numpy as np
import pytest
import rasterio
from defusedxml import ElementTree
from scipy.interpolate import BarycentricInterpolator

from sarsim import acquisition as radar
from sarsim import geometry, safe
from sarsim.acquisition import ProductLabel, acquire, plan_track
from sarsim.full_width import write_noise_product
from sarsim.slc import BurstImage
from sarsim.stack import StackSimulator
from sarsim.swaths import MISSIONS, SWATHS
from sarslide.errors import StackError
from tests.sarsim.test_safe_writer import structure
from tests.support import product_faults
from tests.support.slc_support import as_complex, carrier, centres, flattened, place, small_world

DATE = "20250406"
CENTER = geometry.to_ecef(np.array(99.2), np.array(29.0), np.array(3400.0))
BORDER = {"A": 37.2, "D": 42.33}  # incidence where IW1 meets IW2, and IW2 meets IW3


def real_annotation(folder: Path, swath: str) -> ElementTree:
    """Annotation of a swath of the product that the simulated swaths are modelled on."""
    pattern = f"sentinel1/pair_20250406*/S1A*20250406*.SAFE/annotation/s1a-{swath.lower()}-slc-vv-*.xml"
    return ElementTree.parse(next(folder.glob(pattern))).getroot()


@pytest.mark.parametrize("name", SWATHS)
def test_swaths_are_those_of_real_annotation(shipped_data, name):
    swath = SWATHS[name]
    root = real_annotation(shipped_data, name)

    def value(tag: str) -> float:
        return float(next(root.iter(tag)).text)

    for tag, mine in (
        ("prf", swath.pulse_frequency), ("azimuthSteeringRate", swath.steering_rate), ("rank", swath.rank),
        ("txPulseLength", swath.pulse_length), ("txPulseStartFrequency", swath.pulse_start),
        ("txPulseRampRate", swath.pulse_rate), ("swathNumber", swath.number), ("filterLength", swath.filter_length),
        ("decimationFilterBandwidth", swath.decimation_bandwidth), ("rangeSamplingRate", radar.RANGE_SAMPLING),
        ("samplingFrequencyAfterDecimation", swath.decimation_frequency), ("azimuthTimeInterval", radar.LINE_INTERVAL),
    ):  # fmt: skip
        assert mine == pytest.approx(value(tag), rel=1e-9), tag
    for axis, total, processed, window in (
        ("rangeProcessing", swath.chirp_bandwidth, swath.range_bandwidth, radar.RANGE_WINDOW),
        ("azimuthProcessing", swath.azimuth_bandwidth, swath.azimuth_bandwidth, swath.azimuth_window),
    ):
        found = next(root.iter(axis))
        for tag, mine in (("totalBandwidth", total), ("processingBandwidth", processed), ("windowCoefficient", window)):
            assert mine == pytest.approx(float(found.findtext(tag)), rel=1e-9)
    assert abs(swath.lines - value("linesPerBurst")) <= 13
    # the kept part lies within the valid samples of the real bursts, to a microsecond
    tags = ("firstValidSample", "lastValidSample")
    first, last = (np.array([[int(v) for v in burst.text.split()] for burst in root.iter(tag)]) for tag in tags)
    near = value("slantRangeTime") + first[first >= 0].min() / radar.RANGE_SAMPLING
    far = value("slantRangeTime") + last.max() / radar.RANGE_SAMPLING
    assert near - 1e-6 < swath.near_time < near + 2e-6 and far - 1e-6 < swath.far_time < far + 1e-6


def test_bursts_of_the_swaths_follow_each_other_as_real_ones(shipped_data):
    """Middles of the bursts of one cycle: IW1, 0.955 s later IW2, 0.961 s later IW3."""
    middles = {}
    for name in SWATHS:
        root = real_annotation(shipped_data, name)
        lines = int(next(root.iter("linesPerBurst")).text)
        middles[name] = {
            int(burst.findtext("burstId")): float(burst.findtext("azimuthAnxTime")) + lines / 2 * radar.LINE_INTERVAL
            for burst in root.iter("burst")
        }
    common = sorted(set.intersection(*(set(one) for one in middles.values())))
    tracks = {name: plan_track("A128", CENTER, samples=200, swath=name, incidence_deg=37.2) for name in SWATHS}
    mine = {name: acquire(track, DATE, 1, bursts=3) for name, track in tracks.items()}
    for name, swath in SWATHS.items():
        real = np.mean([middles[name][k] - middles["IW2"][k] for k in common])
        assert swath.delay == pytest.approx(real, abs=2e-3)  # bursts start on whole lines of their swath
        for k in range(3):
            simulated = mine[name].burst_middle(k) - mine["IW2"].burst_middle(k)
            assert simulated == pytest.approx(swath.delay, abs=2e-6)
    assert np.diff([mine["IW3"].burst_middle(k) for k in range(3)]) == pytest.approx(2.758557, abs=1e-5)


@pytest.mark.parametrize(("stack", "names"), [("A128", ("IW1", "IW2")), ("D062", ("IW2", "IW3"))])
def test_swaths_overlap_in_range_and_agree(stack, names):
    """Both swaths see the same ground with the same phase (not the same speckle); their deramped spectra fill their bands."""
    world = small_world(30, 60)
    simulator = StackSimulator(world, stack, names, incidence_deg=BORDER[stack[0]], overlap_s=0.5)
    dates = ("20250406", "20250418")
    zero = np.zeros(world.grid.shape)
    values = {}
    for date in dates:
        for name in names:
            acq = simulator.acquisition(date, name)
            pixels = simulator.bursts(acq, zero)
            # the ground lies in the first burst of one swath, and may lie in the second of the other
            seen = [flattened(acq, k, one, centres(world)) for k, one in enumerate(pixels)]
            line = [abs(acq.line(0.0, k) - acq.lines / 2) for k in range(2)]
            values[date, name] = seen[int(np.argmin(line))]
            sample = place(acq, 0, centres(world))[1]
            values[date, name][(sample < 16) | (sample > acq.samples - 16)] = np.nan
            power = abs(np.fft.fft2(as_complex(pixels[0]) * np.exp(-1j * carrier(acq, 0)))) ** 2
            for axis, band in (
                (1, acq.swath.azimuth_bandwidth * radar.LINE_INTERVAL),
                (0, acq.swath.range_bandwidth / radar.RANGE_SAMPLING),
            ):
                profile = power.sum(axis)
                f = np.fft.fftfreq(profile.size)
                inside = profile[abs(f) < band / 2].mean()
                outside = profile[abs(f) > band / 2 + 0.02]
                assert outside.size == 0 or outside.mean() < 0.02 * inside
                assert abs((profile * f).sum() / profile.sum()) < 0.01 * band
    both = np.all([np.isfinite(one) for one in values.values()], axis=0)
    assert both.sum() > 300
    phases = [np.angle((values[dates[0], name] * values[dates[1], name].conj())[both].sum()) for name in names]
    assert abs(phases[0]) < 0.15 and abs(phases[1]) < 0.15  # 300 looks at coherence 0.5: 0.07 rad
    one, other = (values[dates[0], name][both] for name in names)
    assert abs((one * other.conj()).sum()) < 0.3 * (abs(one) * abs(other)).sum()


@pytest.fixture(scope="module")
def images():
    simulator = StackSimulator(small_world(12, 40), "A128", ("IW1", "IW2"), 3, ("VV", "VH"), incidence_deg=37.2)
    return simulator.images(DATE)


def test_a_dual_polarised_product_of_two_swaths(images, tmp_path):
    (product,) = safe.deliver(tmp_path / DATE, images)
    numbers = [
        re.search(r"(iw\d-slc-v[vh]).*-(\d{3})$", p.stem).groups() for p in sorted(product.glob("measurement/*"))
    ]
    assert numbers == [("iw1-slc-vh", "001"), ("iw1-slc-vv", "004"), ("iw2-slc-vh", "002"), ("iw2-slc-vv", "005")]
    with rasterio.open(product / "manifest.safe") as source:
        views = {view.rsplit(":", 2)[1] for view in source.subdatasets}
        assert {"IW1_VV", "IW1_VH", "IW2_VV", "IW2_VH"} <= views
    manifest = (product / "manifest.safe").read_text()
    assert re.findall(r"Polarisation>(V[VH])<", manifest) == ["VV", "VH"]
    assert re.findall(r"sarl1:swath>(IW\d)<", manifest) == ["IW1", "IW2"]
    corners = np.array([pair.split(",") for pair in re.search(r"coordinates>([^<]*)<", manifest)[1].split()], float)
    assert corners.shape == (4, 2) and np.ptp(corners[:, 0]) > 0.4  # three bursts: 50 km
    power = {
        one.acquisition.label.polarisation: np.mean(one.bursts[0][30:-30, 20:-20].astype(float) ** 2) for one in images
    }
    assert power["VH"] < power["VV"]


def test_slices_and_zips(images, tmp_path):
    label = ProductLabel(zipped=True, ipf_version="003.20")
    products = safe.deliver(tmp_path / DATE, images, label, ((0, 1), (1, 2)), frozenset({("IW2", 2)}))
    assert [p.suffix for p in products] == [".zip", ".zip"] and len({p.name for p in products}) == 2
    again = safe.deliver(tmp_path / "again", images, label, ((0, 1), (1, 2)), frozenset({("IW2", 2)}))
    assert [p.read_bytes() for p in again] == [p.read_bytes() for p in products]
    counts = []
    for number, path in enumerate(products, 1):
        with zipfile.ZipFile(path) as archive:
            root = f"{path.stem}.SAFE/"
            assert all(name.startswith(root) for name in archive.namelist())
            manifest = archive.read(f"{root}manifest.safe").decode()
            assert f"sliceNumber>{number}<" in manifest and "totalSlices>2<" in manifest and '"003.20"' in manifest
            for name in archive.namelist():
                if re.search(r"annotation/s1a-iw\d-slc-vv", name):
                    tree = ElementTree.fromstring(archive.read(name))
                    bursts = tree.findall("swathTiming/burstList/burst")
                    assert int(tree.findtext("imageAnnotation/imageInformation/numberOfLines")) == len(bursts) * int(
                        tree.findtext("swathTiming/linesPerBurst")
                    )
                    assert bursts[0].find("burstId") is None
                    counts.append(len(bursts))
    assert counts == [2, 2, 2, 1]


def test_elements_of_the_old_processor(images, shipped_data, tmp_path):
    (product,) = safe.deliver(tmp_path / DATE, images[1:2], ProductLabel(ipf_version="002.36"))
    (archive,) = shipped_data.glob("sentinel1/zips/S1A_IW_SLC__1SDV_20141004*.zip")
    with zipfile.ZipFile(archive) as held:
        for kind in ("annotation/s1a-iw2-slc-vv", "annotation/calibration/noise-s1a-iw2-slc-vv"):
            found = [name for name in held.namelist() if kind in name]
            if found:
                mine = ElementTree.parse(next(product.glob(f"{kind}*"))).getroot()
                assert structure(mine, 9) == structure(ElementTree.fromstring(held.read(found[0])), 9)
                assert found[0]


@pytest.mark.parametrize("mission", MISSIONS)
def test_satellites_have_their_orbit_numbers(mission):
    """(absolute - offset) mod 175 + 1 is the relative orbit (SentiWiki, S-1 products); real pairs of numbers and days."""
    track = plan_track("A128", CENTER, samples=200)
    date = {"S1B": "20180318", "S1D": "20260410"}.get(mission, "20250406")
    acq = acquire(track, date, 1, mission=mission)
    offset = {"S1A": 73, "S1B": 27, "S1C": 172, "S1D": 42}[mission]
    assert (acq.absolute_orbit - offset) % 175 + 1 == 128
    # a real product of the mission and its day; half a cycle is 88 orbits
    near = {
        "S1A": (58630, "20250406"),
        "S1B": (10788, "20180505"),
        "S1C": (1681, "20250331"),
        "S1D": (2389, "20260417"),
    }
    count, day = near[mission]
    days = (datetime.strptime(date, "%Y%m%d") - datetime.strptime(day, "%Y%m%d")) / timedelta(days=1)
    assert abs(acq.absolute_orbit - count - days * 175 / 12) < 89
    assert safe.orbit_name(acq).startswith(f"{mission}_OPER_AUX_POEORB")
    with pytest.raises(StackError, match="S1E"):
        acquire(track, date, 1, mission="S1E")


def test_a_restituted_orbit_is_off_by_centimetres(images, tmp_path):
    safe.deliver(tmp_path / DATE, images[:1], ProductLabel(orbit="RESORB"))
    (file,) = (tmp_path / DATE).glob("*.EOF")
    match = re.fullmatch(r"S1A_OPER_AUX_RESORB_OPOD_(\d{8}T\d{6})_V(\d{8}T\d{6})_(\d{8}T\d{6})\.EOF", file.name)
    created, begin, end = (datetime.strptime(part + "+0000", "%Y%m%dT%H%M%S%z") for part in match.groups())
    acq = images[0].acquisition
    assert begin < acq.epoch < end < created and end - begin == timedelta(hours=3, minutes=17, seconds=30)
    vectors = ElementTree.parse(file).getroot().findall("Data_Block/List_of_OSVs/OSV")
    states = np.array([[float(v.findtext(k)) for k in ("X", "Y", "Z", "VX", "VY", "VZ")] for v in vectors])
    off = np.linalg.norm(states[:, :3] - acq.states[:, :3], axis=1)
    assert off.min() > 0.01 and off.max() < 0.3 and np.ptp(off) < 1e-5
    # velocities belong to the positions
    near = np.argsort(abs(acq.state_times))[:9]
    interpolator = BarycentricInterpolator(acq.state_times[near], states[near, :3])
    slope = interpolator(0.5) - interpolator(-0.5)
    at = BarycentricInterpolator(acq.state_times[near], states[near, 3:])(0.0)
    assert abs(slope - at).max() < 2e-3 and 'unit="m"' in file.read_text()
    safe.deliver(tmp_path / "none", images[:1], ProductLabel(orbit=None))
    assert not list((tmp_path / "none").glob("*.EOF"))


def test_a_pass_at_midnight():
    track = plan_track("A128", CENTER, samples=200, abeam_utc=timedelta(hours=23, minutes=59, seconds=59.5))
    acq = acquire(track, "20251231", 1)
    assert acq.utc(acq.burst_starts[0]).strftime("%Y%m%d") == "20251231"
    assert acq.utc(acq.burst_middle(1)).strftime("%Y%m%d") == "20260101"
    begin, end = safe._validity(acq)
    assert begin < acq.utc(acq.burst_starts[0]) and end > acq.utc(acq.burst_middle(1))


def test_a_timing_error_moves_the_echoes_only():
    track = plan_track("A128", CENTER, samples=200)
    true, shifted = (acquire(track, DATE, 1, azimuth_shift_s=s) for s in (0.0, 10 * radar.LINE_INTERVAL))
    assert true.burst_starts == shifted.burst_starts
    peaks = []
    for acq in (true, shifted):
        image = BurstImage(acq, 0)
        image.add_points(np.array([acq.burst_middle(0)]), geometry.zero_doppler(acq.arc, CENTER[None])[1], 8000.0)
        peaks.append(np.unravel_index(abs(as_complex(image.pixels())).argmax(), (acq.lines, acq.samples)))
    assert peaks[1][0] - peaks[0][0] == 10 and peaks[1][1] == peaks[0][1]


def test_offsets_on_request():
    track = plan_track("D062", CENTER, samples=200)
    one, other = (acquire(track, DATE, 1, offset_m=offset) for offset in ((0.0, 0.0), (125.0, 0.0)))
    apart = other.arc.state(0.0)[0] - one.arc.state(0.0)[0]
    assert np.linalg.norm(apart) == pytest.approx(125.0, abs=0.01)


def test_ground_that_no_swath_sees():
    with pytest.raises(StackError, match="E3005 IW1 does not see the simulated ground"):
        plan_track("A128", CENTER, swath="IW1")
    with pytest.raises(StackError, match="E3005 swath IW4 is not simulated"):
        plan_track("A128", CENTER, swath="IW4")


def test_noise_of_full_width(tmp_path):
    """Band-limited noise at -12 dB in bursts of any width; here a narrow one."""
    path, acq = write_noise_product(tmp_path / DATE, "A128", DATE, 99.2, 29.0, 3400.0, samples=600)
    with rasterio.open(next(path.glob("measurement/*.tiff"))) as source:
        burst = source.read(1)[: acq.lines].astype(complex)
    inside = np.s_[30:-30, 20:-20]
    deramped = burst * np.exp(-1j * carrier(acq, 0))
    power = abs(np.fft.fft2(deramped[inside])) ** 2
    f = np.fft.fftfreq(power.shape[0])
    band = acq.swath.azimuth_bandwidth * radar.LINE_INTERVAL
    assert power.sum(1)[abs(f) > band / 2 + 0.02].sum() < 5e-3 * power.sum()
    incidence = np.radians(geometry.incidence_deg(acq.arc, CENTER[None])[0])
    expected = 237.0**2 * 10**-1.2 / np.sin(incidence)
    assert (abs(burst[inside]) ** 2).mean() == pytest.approx(expected, rel=0.02)


def test_planted_faults(images, tmp_path):
    (product,) = safe.deliver(tmp_path / DATE, images[:1])
    (measurement,) = product.glob("measurement/*.tiff")
    size = measurement.stat().st_size
    product_faults.blank_measurement(measurement)
    with rasterio.open(measurement) as source:
        assert not source.read(1).any() and len(source.gcps[0]) == 84
    product_faults.truncate_measurement(measurement, 0.25)
    assert measurement.stat().st_size == int(size * 0.25)

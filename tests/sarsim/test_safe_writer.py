"""The SAFE product and orbit file as other readers see them: names, element order, manifest, GDAL, byte for byte again."""

import binascii
import hashlib
import re
from datetime import datetime, timedelta
from pathlib import Path

import numpy as np
import pytest
import rasterio
from defusedxml import ElementTree

from sarsim import acquisition as radar
from sarsim import geometry
from sarsim.stack import StackSimulator
from sarslide.errors import OutputError
from sarslide.io.atomic import atomic_folder
from tests.support.point_targets import simulate_point_targets
from tests.support.slc_support import as_complex, small_world

NAME = re.compile(r"S1A_IW_SLC__1SDV_(\d{8}T\d{6})_(\d{8}T\d{6})_(\d{6})_[0-9A-F]{6}_[0-9A-F]{4}\.SAFE")
LON, LAT, HEIGHT = np.array([99.2, 99.201]), np.array([28.99, 29.02]), np.array([3400.0, 3450.0])


@pytest.fixture(scope="module")
def product(tmp_path_factory):
    folder = tmp_path_factory.mktemp("slc") / "20190311"
    path, acq = simulate_point_targets(folder, "D062", "20190311", LON, LAT, HEIGHT, samples=400)
    return path, acq


def annotation_of(product: Path) -> ElementTree:
    return ElementTree.parse(next((product / "annotation").glob("s1a-iw2-slc-vv-*.xml"))).getroot()


def time_of(text: str) -> datetime:
    return datetime.fromisoformat(text.removeprefix("UTC=") + "+00:00")


def test_names(product):
    path, acq = product
    match = NAME.fullmatch(path.name)
    assert match and match[1].startswith("20190311T2319") and int(match[3]) == acq.absolute_orbit
    crc = binascii.crc_hqx((path / "manifest.safe").read_bytes(), 0xFFFF)
    assert path.name.endswith(f"_{crc:04X}.SAFE")
    files = sorted(str(p.relative_to(path)) for p in path.rglob("*") if p.is_file())
    assert [f.split("/")[0] for f in files] == [
        "annotation",
        "annotation",
        "annotation",
        "manifest.safe",
        "measurement",
        "preview",
    ]
    assert not [p for p in path.parent.parent.iterdir() if p.name.startswith(".")]  # no temporary folder is left


def test_manifest_lists_every_file_with_size_and_checksum(product):
    path, acq = product
    manifest = ElementTree.parse(path / "manifest.safe").getroot()
    listed = {}
    for entry in manifest.findall("dataObjectSection/dataObject/byteStream"):
        listed[entry.find("fileLocation").get("href").removeprefix("./")] = (
            int(entry.get("size")),
            entry.findtext("checksum"),
        )
    present = {str(p.relative_to(path)): p for p in path.rglob("*") if p.is_file() and p.name != "manifest.safe"}
    assert set(listed) == set(present)
    for name, file in present.items():
        assert listed[name] == (file.stat().st_size, hashlib.md5(file.read_bytes()).hexdigest())
    identifiers = {o.get("ID") for o in manifest.findall("dataObjectSection/dataObject")}
    assert {p.get("dataObjectID") for p in manifest.iter("dataObjectPointer")} == identifiers
    names = {"safe": "http://www.esa.int/safe/sentinel-1.0"}
    relative = {int(e.text) for e in manifest.findall(".//safe:relativeOrbitNumber", names)}
    assert relative == {62} and (acq.absolute_orbit - 73) % 175 + 1 == 62
    assert manifest.find(".//safe:software", names).get("version") == acq.label.ipf_version


def structure(element, depth: int) -> list:
    """Tags in order of first appearance, nested."""
    seen = []
    for child in element:
        if child.tag not in [tag for tag, _ in seen]:
            seen.append((child.tag, structure(child, depth - 1) if depth else []))
    return seen


@pytest.mark.parametrize(
    "kind", ["annotation/s1a-iw2-slc-vv", "annotation/calibration/calibration", "annotation/calibration/noise"]
)
def test_elements_stand_in_the_order_of_real_files(product, shipped_data, kind):
    """Every element of a real IPF 003 file, in its order, down to the leaves."""
    pattern = f"{kind}*.xml" if kind.endswith("vv") else f"{kind}-s1a-iw2-slc-vv*.xml"
    real = next(iter(sorted(shipped_data.glob(f"sentinel1/pair_*/*.SAFE/{pattern}"))))
    mine = next(product[0].glob(f"{kind}*.xml"))
    assert structure(ElementTree.parse(mine).getroot(), 9) == structure(ElementTree.parse(real).getroot(), 9)


def test_annotation_tells_what_was_simulated(product):
    path, acq = product
    root = annotation_of(path)
    bursts = root.findall("swathTiming/burstList/burst")
    lines = int(root.findtext("swathTiming/linesPerBurst"))
    assert (len(bursts), lines) == (2, acq.lines)
    for k, burst in enumerate(bursts):
        start = time_of(burst.findtext("azimuthTime"))
        assert start - acq.epoch == timedelta(microseconds=round(acq.burst_starts[k] * 1e6))
        node = time_of(root.findtext("imageAnnotation/imageInformation/ascendingNodeTime"))
        assert float(burst.findtext("azimuthAnxTime")) == pytest.approx((start - node).total_seconds(), abs=2e-6)
        valid = np.array(burst.findtext("firstValidSample").split(), int)
        last = np.array(burst.findtext("lastValidSample").split(), int)
        assert len(valid) == len(last) == lines
        assert np.flatnonzero(valid >= 0)[[0, -1]].tolist() == [acq.valid_lines[0], acq.valid_lines[1] - 1]
        assert (valid[valid >= 0] == radar.VALID_SAMPLES_MARGIN).all() and last.max() < acq.samples
    # orbit of the annotation, geolocation grid and burst times agree with each other to 1e-6 s and 1e-3 m
    orbit = root.findall("generalAnnotation/orbitList/orbit")
    times = np.array([(time_of(o.findtext("time")) - acq.epoch).total_seconds() for o in orbit])
    assert times[0] < -60 and times[-1] > 60 and np.allclose(np.diff(times), 10)
    states = np.array([[float(o.findtext(f"{k}/{i}")) for k in ("position", "velocity") for i in "xyz"] for o in orbit])
    from sarsim.orbit import fit_arc

    arc = fit_arc(times, states[:, :3], states[:, 3:], 11)
    points = root.findall("geolocationGrid/geolocationGridPointList/geolocationGridPoint")
    lon, lat, height, delay = (np.array([float(p.findtext(k)) for p in points]) for k in ("longitude", "latitude", "height", "slantRangeTime"))  # fmt: skip  # noqa: E501
    t, slant = geometry.zero_doppler(arc, geometry.to_ecef(lon, lat, height))
    annotated = np.array([(time_of(p.findtext("azimuthTime")) - acq.epoch).total_seconds() for p in points])
    assert abs(t - annotated).max() < 2e-6
    assert abs(slant - delay * radar.SPEED_OF_LIGHT / 2).max() < 1e-3


def test_orbit_file_covers_the_scene_and_interpolates_to_the_truth(product):
    path, acq = product
    (file,) = path.parent.glob("*.EOF")
    match = re.fullmatch(r"S1A_OPER_AUX_POEORB_OPOD_\d{8}T\d{6}_V(\d{8}T\d{6})_(\d{8}T\d{6})\.EOF", file.name)
    begin, end = (datetime.strptime(match[k] + "+0000", "%Y%m%dT%H%M%S%z") for k in (1, 2))
    assert begin < acq.epoch - timedelta(minutes=1) and end > acq.epoch + timedelta(minutes=1)
    root = ElementTree.parse(file).getroot()
    vectors = root.findall("Data_Block/List_of_OSVs/OSV")
    assert int(root.find("Data_Block/List_of_OSVs").get("count")) == len(vectors)
    times = np.array([(time_of(v.findtext("UTC")) - acq.epoch).total_seconds() for v in vectors])
    assert np.allclose(np.diff(times), 10) and times[0] < -600 and times[-1] > 500
    positions = np.array([[float(v.findtext(k)) for k in "XYZ"] for v in vectors])
    from scipy.interpolate import BarycentricInterpolator

    near = np.argsort(abs(times))[:9]
    at = np.linspace(-3, 3, 7)
    assert abs(BarycentricInterpolator(times[near], positions[near])(at) - acq.arc.state(at)[0]).max() < 1e-4
    orbits = [int(v.findtext("Absolute_Orbit")) for v in vectors]
    assert orbits[-1] == acq.absolute_orbit and orbits[0] == acq.absolute_orbit - 1


def test_gdal_opens_the_product(product):
    path, acq = product
    # the driver offers the calibrated views of the complex band; opening the container is enough to parse the product
    with rasterio.open(path / "manifest.safe") as source:
        assert source.driver == "SAFE"
        views = [v for v in source.subdatasets if v.endswith("IW2_VV:COMPLEX")]
    with rasterio.open(views[0]) as source:
        assert source.shape == (2 * acq.lines, acq.samples)
        assert len(source.gcps[0]) == 63 and source.tags()["ORBIT_DIRECTION"] == "DESCENDING"
    measurement = next((path / "measurement").glob("*.tiff"))
    with rasterio.open(measurement) as source:
        assert source.dtypes == ("complex_int16",) and len(source.gcps[0]) == 63
        data = source.read(1)
    # byteOffset of each burst leads to its first line
    offsets = [int(b.findtext("byteOffset")) for b in annotation_of(path).findall("swathTiming/burstList/burst")]
    raw = measurement.read_bytes()
    for k, offset in enumerate(offsets):
        line = 700
        start = offset + line * acq.samples * 4
        pairs = np.frombuffer(raw, "<i2", acq.samples * 2, start).reshape(-1, 2)
        assert np.array_equal(as_complex(pairs), data[k * acq.lines + line])


def test_same_seed_same_bytes_one_date_alone_or_in_a_run(tmp_path):
    world = small_world(24, 24)
    run = StackSimulator(world, "A128")
    for date in ("20190306", "20190318"):
        run.simulate(date, tmp_path / "run" / date)
    alone = StackSimulator(world, "A128").simulate("20190318", tmp_path / "alone" / "20190318")
    assert alone.shape == world.region.shape

    def content(folder: Path) -> dict[str, bytes]:
        return {str(p.relative_to(folder)): p.read_bytes() for p in folder.rglob("*") if p.is_file()}

    first, second = content(tmp_path / "run" / "20190318"), content(tmp_path / "alone" / "20190318")
    assert first == second and len(first) == 7
    other = StackSimulator(small_world(24, 24, seed=6), "A128")
    other.simulate("20190318", tmp_path / "other")
    assert content(tmp_path / "other").keys() != first.keys()


def test_a_failure_leaves_nothing_behind(tmp_path):
    folder = tmp_path / "20190311"
    with pytest.raises(ValueError, match="16 bits"):
        simulate_point_targets(folder, "D062", "20190311", LON, LAT, HEIGHT, amplitude=60000.0, samples=400)
    assert list(tmp_path.iterdir()) == []
    with pytest.raises(RuntimeError), atomic_folder(folder) as temporary:
        (temporary / "half").write_text("x")
        raise RuntimeError
    assert list(tmp_path.iterdir()) == []
    (tmp_path / "file").write_text("x")
    with pytest.raises(OutputError, match="E1007"), atomic_folder(tmp_path / "file" / "20190311"):
        pass

"""SAFE products: folders and zips, and what is answered to broken ones."""

import shutil
import zipfile

import numpy as np
import pytest

from sarslide.errors import AnnotationError, OrbitError, SafeError, StackError
from sarslide.sentinel1.product import relative_orbit
from sarslide.sentinel1.safe import open_product, open_scene
from sarslide.sentinel1.samples import SampleReader


def test_scene_of_a_simulated_product(simulated):
    scene = open_scene(simulated, "A128")
    assert (scene.stack, scene.date, scene.mission, scene.polarisation) == ("A128", "20190306", "S1A", "VV")
    first, second = scene.bursts
    assert first.swath == "IW2" and second.number == first.number + 1 and first.name == f"{first.number:06d}_IW2"
    assert scene.orbit_kind == "precise" and not scene.left_out
    assert scene.orbit.source.endswith(".EOF")
    first = scene.bursts[1]
    # Windows may reach beyond the burst, where there is nothing; the other burst's lines are not
    # taken.
    with SampleReader() as reader:
        reader.check(first)
        window = reader.read(first, slice(-3, 2), slice(-2, 4))
    assert window.shape == (5, 6) and (window[:3] == 0).all() and (window[:, :2] == 0).all()


def check(burst):
    with SampleReader() as reader:
        reader.check(burst)


def test_zip_reads_like_the_folder(simulated, tmp_path):
    safe = next(simulated.glob("*.SAFE"))
    with zipfile.ZipFile(tmp_path / f"{safe.stem}.zip", "w") as archive:
        for path in safe.rglob("*"):
            archive.write(path, f"deep/{safe.name}/{path.relative_to(safe)}")
    shutil.copy(next(simulated.glob("*.EOF")), tmp_path)
    zipped, folder = open_scene(tmp_path), open_scene(simulated)
    assert [b.start_s for b in zipped.bursts] == [b.start_s for b in folder.bursts]
    lines, samples = slice(600, 700), slice(50, 250)
    with SampleReader() as reader:
        window = reader.read(zipped.bursts[0], lines, samples)
        assert np.array_equal(window, reader.read(folder.bursts[0], lines, samples)) and window.any()


def test_manifests_of_real_products(real_products, caplog):
    stacks = {path.name[17:25]: open_product(path).stack for path in real_products}
    assert stacks == {
        "20141004": "D152", "20200511": "D071", "20220828": "A051", "20221016": "A064", "20230108": "D071",
        "20250406": "A108", "20250418": "A108",
    }  # fmt: skip
    assert open_product(real_products[0]).ipf_version
    # The manifest of 2014 is wrong: the ground track of its orbit is that of 152.
    (record,) = {record.getMessage().partition(": ")[2] for record in caplog.records}
    assert record == "states relative orbit 154, orbit 2674 of S1A is 152"


def test_folder_without_product(tmp_path):
    with pytest.raises(SafeError, match="E3001 .*holds no SAFE product"):
        open_scene(tmp_path)


def test_product_without_manifest(product):
    next(product.glob("*.SAFE/manifest.safe")).unlink()
    with pytest.raises(SafeError, match="E3001 .*has no manifest.safe"):
        open_scene(product)


def test_manifest_of_something_else(product):
    next(product.glob("*.SAFE/manifest.safe")).write_text("<a/>")
    with pytest.raises(SafeError, match="E3001 .*not a Sentinel-1 manifest"):
        open_scene(product)


def test_date_of_another_track(product):
    with pytest.raises(StackError, match="E3005 .*is of track A128, not D062"):
        open_scene(product, "D062")


def test_annotation_without_orbit(product):
    path = next(product.glob("*.SAFE/annotation/*.xml"))
    text = path.read_text()
    start, stop = text.index("<orbitList"), text.index("</orbitList>")
    path.write_text(text[:start] + '<orbitList count="0">' + text[stop:])
    with pytest.raises(AnnotationError, match="E3002 .*has no generalAnnotation/orbitList/orbit"):
        open_scene(product)


def test_missing_orbit_file(product):
    next(product.glob("*.EOF")).unlink()
    with pytest.raises(OrbitError, match="E3003 .*no orbit file"):
        open_scene(product)


@pytest.mark.parametrize("part", [0.999, 0.5, 0.001])
def test_truncated_measurement(product, part):
    path = next(product.glob("*.SAFE/measurement/*.tiff"))
    whole = path.read_bytes()
    path.write_bytes(whole[: int(len(whole) * part)])
    with pytest.raises(SafeError, match=r"E3001 .*\.tiff: truncated or unreadable"):
        check(open_scene(product).bursts[0])


def test_measurement_of_another_size(product, simulated):
    from dataclasses import replace

    burst = replace(open_scene(simulated).bursts[0], samples=299)
    with pytest.raises(SafeError, match="lines and samples, its annotation"):
        check(burst)


@pytest.mark.parametrize(
    ("mission", "absolute", "day", "stated", "track"),
    [
        ("S1A", 2674, "2014-10-04", 154, 152),  # what the ground track of its orbit is
        ("S1B", 5639, "2017-05-17", 13, 13),
        ("S1C", 8018, "2026-06-08", 147, 147),
        ("S1C", 8300, "2026-06-28", 152, 152),  # after it had moved
        ("S1D", 2389, "2026-04-17", 73, 73),
        ("S1C", 9000, "2027-01-01", 5, 5),  # no formula is known to hold
    ],
)
def test_relative_orbits(mission, absolute, day, stated, track):
    assert relative_orbit(mission, absolute, np.datetime64(day, "us"), stated, "manifest.safe") == track

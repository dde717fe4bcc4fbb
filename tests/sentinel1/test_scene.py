"""Acquisitions made of several products: slices, zips, single bursts; repeated bursts, midnight, orbits, polarisations."""

import re
import shutil
import zipfile
from pathlib import Path
from xml.etree import ElementTree as Plain

import numpy as np
import pytest
from defusedxml import ElementTree

from sarslide.errors import AnnotationError, OrbitError, SafeError, StackError
from sarslide.sentinel1.annotation import parse_annotation
from sarslide.sentinel1.burst import burst_number, bursts_of
from sarslide.sentinel1.orbit import joined
from sarslide.sentinel1.product import open_product
from sarslide.sentinel1.safe import open_scene
from sarslide.sentinel1.samples import SampleReader
from sarslide.sentinel1.single_burst import open_single_burst

STAMP = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?")
LINES, SAMPLES = slice(600, 700), slice(50, 250)


def texts(folder: Path) -> list[Path]:
    """Everything of a date that is text."""
    return [path for path in folder.rglob("*") if path.suffix in (".xml", ".safe", ".EOF")]


def edit(folder: Path, change) -> None:
    for path in texts(folder):
        path.write_text(change(path.read_text()))


def shift_times(folder: Path, seconds: float) -> None:
    """Moves a date in time: every stamp in its files, and the validity in the name of its orbit file."""
    step = np.timedelta64(round(seconds * 1e6), "us")

    def moved(match):
        digits = len(match[0].partition(".")[2])
        text = str(np.datetime64(match[0], "us") + step)
        return text[:19] + (text[19 : 20 + digits] if digits else "")

    edit(folder, lambda text: STAMP.sub(moved, text))
    (eof,) = folder.glob("*.EOF")
    eof.rename(folder / re.sub(r"V\d{8}T\d{6}_\d{8}T\d{6}", "V20000101T000000_20300101T000000", eof.name))


def second_slice(folder: Path, only: int | None = None, **facts: str) -> Path:
    """A copy of the SAFE beside it as another product; `only` keeps one burst, `facts` replaces text of its manifest."""
    safe = next(folder.glob("*.SAFE"))
    copy = folder / safe.name.replace(safe.name[-9:-5], "FFFF")
    shutil.copytree(safe, copy)
    manifest = copy / "manifest.safe"
    text = manifest.read_text()
    for old, new in facts.items():
        assert old in text
        text = text.replace(old, new)
    manifest.write_text(text)
    return copy


def make_single_bursts(folder: Path, out: Path) -> list[Path]:
    """The bursts of the SAFE in `folder` in the form of ASF's extractor: one TIFF each, and all annotation in its XML."""
    import warnings

    import rasterio
    from rasterio.errors import NotGeoreferencedWarning

    out.mkdir(parents=True)
    product = open_product(next(folder.glob("*.SAFE")))
    (member,) = product.annotation_members("VV")
    annotation = ElementTree.fromstring(product.read(member))
    root = Plain.Element("burst")
    Plain.SubElement(root, "manifest").append(ElementTree.fromstring(product.read("manifest.safe")))
    metadata = Plain.SubElement(root, "metadata")
    for kind, swath, polarisation in (("noise", "IW2", "VV"), ("product", "IW1", "VV"), ("product", "IW2", "VV")):
        one = Plain.SubElement(metadata, kind)
        Plain.SubElement(one, "swath").text = swath
        Plain.SubElement(one, "polarisation").text = polarisation
        content = Plain.SubElement(one, "content")
        if (kind, swath) == ("product", "IW2"):
            content.extend(list(annotation))
    made = []
    lines = int(annotation.findtext("swathTiming/linesPerBurst"))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", NotGeoreferencedWarning)
        with rasterio.open(
            product.gdal_path(member.replace("annotation", "measurement").replace("xml", "tiff"))
        ) as source:
            whole = source.read(1)
        for k, record in enumerate(annotation.iterfind("swathTiming/burstList/burst")):
            stamp = re.sub(r"[-:]", "", record.findtext("azimuthTime"))[:15]
            path = out / f"S1_{record.findtext('burstId')}_IW2_{stamp}_VV_0A1B-BURST.tiff"
            part = whole[k * lines : (k + 1) * lines]
            profile = {"driver": "GTiff", "count": 1, "height": lines, "width": part.shape[1], "dtype": "complex_int16"}
            with rasterio.open(path, "w", **profile) as target:
                target.write(part, 1)
            path.with_suffix(".xml").write_bytes(Plain.tostring(root))
            made.append(path)
    shutil.copy(next(folder.glob("*.EOF")), out)
    return made


def test_burst_numbers_of_the_burst_map(real_products):
    """Annotation since IPF 3.40 names the bursts: the rule for older ones finds the same numbers."""
    seen = 0
    for path in real_products:
        product = open_product(path)
        for files in product.swaths("VV"):
            annotation = parse_annotation(files.annotation, files.name)
            half = (annotation.lines_per_burst - 1) / 2 * annotation.line_interval_s
            for record in annotation.bursts:
                if record.number is not None:
                    assert burst_number(record.anx_time_s + half, int(product.stack[1:])) == record.number, path
                    seen += 1
    assert seen > 80


def test_bursts_of_an_old_product_are_consecutive(real_products):
    product = open_product(next(path for path in real_products if "20141004" in path.name))
    assert product.ipf_version == "002.36"
    for files in product.swaths("VV"):
        annotation = parse_annotation(files.annotation, files.name)
        arc = annotation.orbit.arc(annotation.start_s, annotation.stop_s)
        bursts = bursts_of(annotation, arc, files.raster, int(product.stack[1:]))
        assert len(bursts) == 9 and np.all(np.diff([burst.number for burst in bursts]) == 1)
        assert files.raster.startswith("/vsizip/") and bursts[0].raster_lines == 9 * bursts[0].lines


def test_vh_is_read_where_it_is_asked(real_products):
    product = open_product(next(path for path in real_products if "20200511" in path.name))
    assert product.polarisations == ("VV", "VH")
    swaths = [parse_annotation(files.annotation, files.name) for files in product.swaths("VH")]
    assert [(one.swath, one.polarisation) for one in swaths] == [("IW1", "VH"), ("IW2", "VH"), ("IW3", "VH")]


def test_a_burst_counts_once(product, simulated):
    """A slice delivered again by a newer processor: its bursts replace the older ones, and what is left out is named."""
    newer = second_slice(product, **{'version="003.52"': 'version="003.71"'})
    scene, single = open_scene(product), open_scene(simulated)
    assert [burst.start_s for burst in scene.bursts] == [burst.start_s for burst in single.bursts]
    assert all(newer.name in burst.raster for burst in scene.bursts)
    assert len(scene.left_out) == 2 and all(newer.name not in name for name in scene.left_out)
    assert len(scene.products) == 2


def test_adjacent_slices_join(product, simulated):
    """Two slices that share nothing: the bursts of both, in order of time."""
    later = second_slice(product)
    edit(later, lambda text: STAMP.sub(lambda m: str(np.datetime64(m[0], "us") + np.timedelta64(5516546, "us")), text))
    scene, single = open_scene(product), open_scene(simulated)
    starts = [burst.start_s for burst in scene.bursts]
    assert len(starts) == 4 and starts == sorted(starts) and not scene.left_out
    assert starts[2] - starts[0] == pytest.approx(5.516546, abs=1e-6) and starts[:2] == [
        burst.start_s for burst in single.bursts
    ]


def test_products_of_two_passes_or_satellites(product, tmp_path):
    other = second_slice(product)
    manifest = other / "manifest.safe"
    text = manifest.read_text()
    manifest.write_text(text.replace("<safe:number>A<", "<safe:number>B<"))
    with pytest.raises(StackError, match="E3005 .*is of S1B, .* of S1A"):
        open_scene(product)
    manifest.write_text(STAMP.sub(lambda m: str(np.datetime64(m[0], "us") + np.timedelta64(120, "s")), text))
    with pytest.raises(StackError, match="E3005 .*more than a minute after the slice before it"):
        open_scene(product)


@pytest.mark.parametrize("mission", ["S1B", "S1C", "S1D"])
def test_all_satellites(product, mission):
    edit(product, lambda text: text.replace("<missionId>S1A", f"<missionId>{mission}").replace(
        "<safe:number>A<", f"<safe:number>{mission[2]}<"))  # fmt: skip
    (eof,) = product.glob("*.EOF")
    with pytest.raises(OrbitError, match=f"does not cover {mission}"):
        open_scene(product)
    eof = eof.rename(product / eof.name.replace("S1A", mission))
    with pytest.raises(OrbitError, match=f"E3003 .*EOF: is not of {mission}; cure: fetch the orbit file again"):
        open_scene(product)
    eof.write_text(eof.read_text().replace("<Mission>Sentinel-1A", f"<Mission>Sentinel-{mission[1:]}"))
    assert open_scene(product).mission == mission


def test_pass_across_midnight(product, simulated):
    """The second burst starts after midnight: the date is that of the pass's start, and all times count from its midnight."""
    first, second = open_scene(simulated).bursts
    shift_times(product, 86400 - (first.start_s + second.start_s) / 2)
    scene = open_scene(product, "A128")
    one, other = scene.bursts
    assert scene.date == "20190306" and one.start_s < 86400 < other.start_s
    assert other.start_s - one.start_s == pytest.approx(second.start_s - first.start_s, abs=2e-6)
    # The satellite is where it was at the burst's start, which is rounded to the microsecond (7 mm
    # of flight).
    moved, before = scene.arc.position(one.start_s), open_scene(simulated).arc.position(first.start_s)
    assert np.abs(moved - before).max() < 0.02
    assert scene.utc(other.start_s).startswith("2019-03-07T00:00:01")


def test_single_bursts_are_the_bursts_of_the_product(simulated, tmp_path):
    made = make_single_bursts(simulated, tmp_path / "20190306")
    scene, whole = open_scene(tmp_path / "20190306", "A128"), open_scene(simulated)
    assert [burst.name for burst in scene.bursts] == [burst.name for burst in whole.bursts]
    assert scene.date == "20190306" and scene.polarisation == "VV" and len(scene.products) == 2
    with SampleReader() as reader:
        for single, other in zip(scene.bursts, whole.bursts, strict=True):
            assert single.start_s == other.start_s and single.row_offset == 0 and single.raster_lines == single.lines
            assert np.array_equal(reader.read(single, LINES, SAMPLES), reader.read(other, LINES, SAMPLES))
    # One of them alone is an acquisition, too.
    for path in (made[0], made[0].with_suffix(".xml")):
        path.unlink()
    assert [burst.name for burst in open_scene(tmp_path / "20190306").bursts] == [whole.bursts[1].name]


def test_single_burst_with_metadata_of_another(simulated, tmp_path):
    first, second = make_single_bursts(simulated, tmp_path / "20190306")
    renamed = first.with_name(re.sub(r"T\d{6}", "T000000", first.name))
    first.with_suffix(".xml").rename(renamed.with_suffix(".xml"))
    first.rename(renamed)
    with pytest.raises(SafeError, match=r"E3001 .*xml: has no burst of IW2 at 20190306T000000; cure: download"):
        open_single_burst(renamed)
    second.with_suffix(".xml").unlink()
    with pytest.raises(SafeError, match=r"E3001 .*xml: does not exist"):
        open_single_burst(second)


def test_annotation_of_a_swath_without_samples_is_left_out(product):
    """burst2safe adds annotations of the other swaths; only those with a measurement take part."""
    safe = next(product.glob("*.SAFE"))
    (annotation,) = safe.glob("annotation/*.xml")
    text = annotation.read_text().replace("<swath>IW2<", "<swath>IW1<")
    (annotation.parent / annotation.name.replace("iw2", "iw1").replace("-00", "-90")).write_text(text)
    assert {burst.swath for burst in open_scene(product).bursts} == {"IW2"}


def test_polarisation_that_is_not_there(product):
    with pytest.raises(SafeError, match=r"E3001 .*has no VH annotation, only VV; cure: set slc.polarisation"):
        open_scene(product, polarisation="VH")
    second_slice(product)
    for path in next(product.glob("*FFFF.SAFE")).glob("annotation/*.xml"):
        path.rename(path.with_name(path.name.replace("-vv-", "-hh-")))
    with pytest.raises(SafeError, match=r"E3001 .*FFFF.SAFE: has no VV annotation, only HH"):
        open_scene(product)


def test_truncated_zip(simulated, tmp_path):
    safe = next(simulated.glob("*.SAFE"))
    path = tmp_path / f"{safe.stem}.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for member in safe.rglob("*"):
            archive.write(member, f"{safe.name}/{member.relative_to(safe)}")
    path.write_bytes(path.read_bytes()[:-1000])
    with pytest.raises(SafeError, match=r"E3001 .*\.zip: is no complete zip .*cure: copy or download"):
        open_scene(tmp_path)


def restituted(product: Path) -> Path:
    (eof,) = product.glob("*.EOF")
    return eof.rename(product / eof.name.replace("POEORB", "RESORB"))


def test_orbit_quality_is_asked_and_recorded(product):
    precise = next(product.glob("*.EOF")).name
    path = restituted(product)
    assert open_scene(product).orbit_kind == "restituted"
    with pytest.raises(OrbitError, match=r"E3003 .*RESORB.*is a restituted orbit, slc.orbits asks for precise"):
        open_scene(product, orbits="precise")
    # The precise orbit arrives: it is used, and the folder that the rule depends on has changed.
    from sarslide.io.hashes import sha256

    before = sha256(product)
    shutil.copy(path, product / precise)
    scene = open_scene(product)
    assert (scene.orbit_kind, scene.orbit.source) == ("precise", precise) and sha256(product) != before


def test_orbit_of_the_annotation_is_the_last_resort(product):
    scene = open_scene(product)
    next(product.glob("*.EOF")).unlink()
    with pytest.raises(OrbitError, match="E3003 .*no orbit file"):
        open_scene(product)
    fallback = open_scene(product, orbits="annotation")
    assert fallback.orbit_kind == "annotation" and fallback.orbit.source.endswith(".xml")
    start = scene.bursts[0].start_s
    # The simulator writes one orbit into both, the annotation rounded to the millimetre.
    assert np.abs(fallback.arc.position(start) - scene.arc.position(start)).max() < 0.005


def test_state_vectors_of_swaths_join(real_products):
    product = open_product(next(path for path in real_products if "20250406" in path.name))
    orbits = [parse_annotation(files.annotation, files.name).orbit for files in product.swaths("VV")]
    whole = joined(orbits)
    assert len(np.unique(whole.time_s)) == len(whole.time_s) >= len(orbits[0].time_s)
    assert np.all(np.diff(whole.time_s) > 1)


def test_empty_burst_list(product):
    (path,) = product.glob("*.SAFE/annotation/*.xml")
    path.write_text(re.sub(r"<burstList.*</burstList>", '<burstList count="0"/>', path.read_text(), flags=re.DOTALL))
    with pytest.raises(AnnotationError, match="E3002 .*has no swathTiming/burstList/burst"):
        open_scene(product)

"""Hostile and broken SAFE folders: manifest, annotation, measurement, and what lies beside them."""

import os
import re
import shutil
import warnings
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import numpy as np
import rasterio
from rasterio.errors import NotGeoreferencedWarning

from sarslide.sentinel1.deramp import ramp_of
from sarslide.sentinel1.safe import Scene, open_scene
from sarslide.sentinel1.samples import SampleReader
from tests.hostile.changed import changed
from tests.hostile.support import pipe
from tests.support.point_targets import simulate_point_targets

ENTITIES = (
    '<?xml version="1.0"?><!DOCTYPE a [<!ENTITY a "' + "x" * 1000 + '">'
    + "".join(f'<!ENTITY {chr(98 + k)} "{f"&{chr(97 + k)};" * 20}">' for k in range(8)) + "]><a>&i;</a>"
)  # fmt: skip
OUTSIDE = '<!DOCTYPE a [<!ENTITY a SYSTEM "file:///etc/passwd">]><a>&a;</a>'
VRT = (
    '<VRTDataset rasterXSize="{samples}" rasterYSize="{lines}"><VRTRasterBand dataType="CInt16" band="1"><SimpleSource>'
    "<SourceFilename>/vsicurl/http://127.0.0.1:9/a.tif</SourceFilename></SimpleSource></VRTRasterBand></VRTDataset>"
)
# Of an annotation: what is searched, what takes its place. None may be read.
ANNOTATION = {
    "negative frequency": (r"(<radarFrequency>)[^<]+", r"\g<1>-5405000454.33"),
    "frequency 0": (r"(<radarFrequency>)[^<]+", r"\g<1>0"),
    "L band": (r"(<radarFrequency>)[^<]+", r"\g<1>1.2575e9"),
    "frequency nan": (r"(<radarFrequency>)[^<]+", r"\g<1>nan"),
    "sampling 0": (r"(<rangeSamplingRate>)[^<]+", r"\g<1>0"),
    "range time inf": (r"(<slantRangeTime>)[^<]+", r"\g<1>inf"),
    "line interval 0": (r"(<azimuthTimeInterval>)[^<]+", r"\g<1>0"),
    "steering of 1e9": (r"(<azimuthSteeringRate>)[^<]+", r"\g<1>1e9"),
    "1e9 samples": (r"(<samplesPerBurst>)[^<]+", r"\g<1>1000000000"),
    "no samples": (r"(<samplesPerBurst>)[^<]+", r"\g<1>0"),
    "lines as words": (r"(<linesPerBurst>)[^<]+", r"\g<1>many"),
    "lines with a fraction": (r"(<linesPerBurst>)[^<]+", r"\g<1>1500.5"),
    "orbit as words": (r"(<absoluteOrbitNumber>)[^<]+", r"\g<1>first"),
    "swath of another mode": (r"(<swath>)[^<]+", r"\g<1>EW1"),
    "another satellite": (r"(<missionId>)[^<]+", r"\g<1>S1B"),
    "another polarisation": (r"(<polarisation>)[^<]+", r"\g<1>VH"),
    "pass sideways": (r"(<pass>)[^<]+", r"\g<1>Sideways"),
    "ragged Doppler": (r"(<dataDcPolynomial[^>]*>)[^<]+", r"\g<1>1 2"),
    "Doppler nan": (r"(<dataDcPolynomial[^>]*>)[^<]+", r"\g<1>nan 0 0"),
    "Doppler of 1e300": (r"(<dataDcPolynomial[^>]*>)[^<]+", r"\g<1>0 0 1e300"),
    "Doppler as words": (r"(<dataDcPolynomial[^>]*>)[^<]+", r"\g<1>a b c"),
    "FM rate 0": (r"(<azimuthFmRatePolynomial[^>]*>)[^<]+", r"\g<1>0 0 0"),
    "FM rate of the other sign": (r"(<azimuthFmRatePolynomial[^>]*>)[^<]+", r"\g<1>2200 0 0"),
    "t0 negative": (r"(<t0>)[^<]+", r"\g<1>-1"),
    "valid samples of three lines": (r"(<firstValidSample[^>]*>)[^<]+", r"\g<1>-1 -1 -1"),
    "valid samples beyond the swath": (r"(<lastValidSample[^>]*>)[^<]+", lambda m: re.sub(r"\d+", "999999", m[0])),
    "valid samples as words": (r"(<firstValidSample[^>]*>)[^<]+", r"\g<1>a b"),
    "valid samples of 1e20": (r"(<firstValidSample[^>]*>)[^<]+", r"\g<1>100000000000000000000"),
    "a million valid samples": (r"(<firstValidSample[^>]*>)[^<]+", lambda m: m[1] + "1 " * 1_000_000),
    "month 13": (r"(<azimuthTime>\d{4})-\d\d", r"\g<1>-13"),
    "now": (r"(<azimuthTime>)[^<]+", r"\g<1>now"),
    "NaT": (r"(<productFirstLineUtcTime>)[^<]+", r"\g<1>NaT"),
    "a day later": (r"2019-03-06T", "2019-03-07T"),
    "last line before the first": (r"(<productLastLineUtcTime>)[^<]+", r"\g<1>2019-03-06T00:00:00"),
    "a century of lines": (r"(<productLastLineUtcTime>)20", r"\g<1>20990000"),
    "all bursts at one time": (r"(<burst>\s*<azimuthTime>)[^<]+", r"\g<1>2019-03-06T11:20:10.600000"),
    "orbit in km": (r"<position>.*?</position>", lambda m: re.sub(r"e\+0(\d)", lambda e: f"e+0{int(e[1]) - 3}", m[0])),
    "orbit nan": (r"(<velocity>.*?<x>)[^<]+", r"\g<1>nan"),
    "latitude of 1e9": (r"(<latitude>)[^<]+", r"\g<1>1e9"),
    "bandwidth 0": (r"(<processingBandwidth>)[^<]+", r"\g<1>0"),
    "window nan": (r"(<windowCoefficient>)[^<]+", r"\g<1>nan"),
    "unknown encoding": (r'encoding="[^"]+"', 'encoding="utf-99"'),
    "no encoding that it has": (r"<missionId>", "<missionId>\udcff"),
    "cut": (r"(?s)<dopplerCentroid>.*", ""),
    "nested": (r"<missionId>", "<a>" * 5000 + "<missionId>"),
    "entities": (r"(?s).*", ENTITIES),
    "a file as entity": (r"(?s).*", OUTSIDE),
    "nothing": (r"(?s).*", ""),
}
MANIFEST = {
    "no mission": (r"(<safe:number>)[^<]+", r"\g<1>"),
    "satellite Z": (r"(<safe:number>)[^<]+", r"\g<1>Z"),
    "a mission with a path": (r"(<safe:number>)[^<]+", r"\g<1>A/../../x"),
    "orbit -1": (r"(<safe:orbitNumber type=.start.>)[^<]+", r"\g<1>-1"),
    "orbit nan": (r"(<safe:orbitNumber type=.start.>)[^<]+", r"\g<1>nan"),
    "track of words": (r"(<safe:relativeOrbitNumber type=.start.>)[^<]+", r"\g<1>next"),
    "pass sideways": (r"(<s1:pass>)[^<]+", r"\g<1>SIDEWAYS"),
    "start now": (r"(<safe:startTime>)[^<]+", r"\g<1>now"),
    "stop before start": (r"(<safe:stopTime>)[^<]+", r"\g<1>2019-03-05T00:00:00"),
    "a month long": (r"(<safe:stopTime>)[^<]+", r"\g<1>2019-04-06T00:00:00"),
    "entities": (r"(?s).*", ENTITIES),
    "a file as entity": (r"(?s).*", OUTSIDE),
    "nothing": (r"(?s).*", ""),
    "something else": (r"(?s).*", "<a/>"),
}
KINDS = {"uint8": 1, "uint16": 1, "float32": 1, "complex64": 1, "complex_int16": 2}


def base(folder: Path) -> Path:
    """A folder of a date as it should be, made once."""
    date = folder / "base" / "20190306"
    if not date.exists():
        place = np.array([99.2]), np.array([29.0]), np.array([3000.0])
        simulate_point_targets(date, "A128", "20190306", *place, samples=300)
    return date


def copy(folder: Path, name: str) -> Path:
    """A copy of it that shares its bytes: whatever is changed must be replaced."""
    return Path(shutil.copytree(base(folder), folder / re.sub(r"\W+", "-", name) / "20190306", copy_function=os.link))


def one(date: Path, pattern: str) -> Path:
    return next(date.glob(f"*.SAFE/{pattern}"))


def replaced(path: Path, content: bytes | str) -> None:
    data = content.encode(errors="surrogateescape") if isinstance(content, str) else content
    path.unlink()
    path.write_bytes(data)


def whole(date: Path) -> Scene:
    """A scene with its samples, as a job reads it; what is returned can be computed with."""
    scene = open_scene(date, "A128", orbits="annotation")
    with SampleReader() as reader:
        for burst in scene.bursts:
            reader.check(burst)
            assert np.isfinite(reader.read(burst, slice(600, 610), slice(0, 300))).all()
            ramp = ramp_of(burst)
            assert all(np.isfinite(values).all() for values in (ramp.rate, ramp.doppler, ramp.reference))
            assert 0.0549 < scene.wavelength_m < 0.0561 and np.isfinite(scene.arc.position(burst.start_s)).all()
    return scene


def write_tiff(path: Path, dtype: str, count: int, like: Path, driver: str = "GTiff") -> None:
    """Samples of another kind in the same lines and samples."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", NotGeoreferencedWarning)
        with rasterio.open(like) as source:
            shape = source.shape
        profile = {"driver": driver, "dtype": dtype, "count": count, "height": shape[0], "width": shape[1]}
        path.unlink()
        with rasterio.open(path, "w", **profile) as target:
            values = np.full(shape, np.nan if "float" in dtype or dtype == "complex64" else 1)
            for band in range(count):
                target.write(values.astype("complex64" if "complex" in dtype else dtype), band + 1)


def cases(folder: Path) -> Iterator[tuple[str, Callable[[], object]]]:
    """Broken SAFE folders of a date."""
    for kind, file, table in (("annotation", "annotation/*.xml", ANNOTATION), ("manifest", "manifest.safe", MANIFEST)):
        text = one(base(folder), file).read_text()
        for what, (pattern, change) in table.items():
            date = copy(folder, f"{kind} {what}")
            altered = re.sub(pattern, change, text, count=0 if pattern != r"(?s).*" else 1, flags=re.DOTALL)
            assert altered != text, what
            replaced(one(date, file), altered)
            yield f"{kind}: {what}", partial(whole, date)
        for what, content in changed(text, 32, 7):
            date = copy(folder, f"{kind} {what}")
            replaced(one(date, file), content)
            yield f"{kind}: {what}?", partial(whole, date)
    yield from _measurements(folder)
    yield from _folders(folder)


def _measurements(folder: Path) -> Iterator[tuple[str, Callable[[], object]]]:
    first = one(base(folder), "measurement/*.tiff")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", NotGeoreferencedWarning)
        with rasterio.open(first) as source:
            lines, samples = source.shape
    contents = {
        "VRT text": VRT.format(lines=lines, samples=samples).encode(), "nothing": b"", "zeros": bytes(1000),
        "half of it": first.read_bytes()[: first.stat().st_size // 2], "HTML": b"<html>moved</html>",
        "the end lost": first.read_bytes()[:-5000],
    }  # fmt: skip
    for what, content in contents.items():
        date = copy(folder, f"measurement {what}")
        replaced(one(date, "measurement/*.tiff"), content)
        yield f"measurement: {what}", partial(whole, date)
    for dtype, count in KINDS.items():
        date = copy(folder, f"measurement {dtype} {count}")
        write_tiff(one(date, "measurement/*.tiff"), dtype, count, first)
        yield f"measurement: {count} x {dtype}", partial(whole, date)
    date = copy(folder, "measurement PNG")
    write_tiff(one(date, "measurement/*.tiff"), "uint8", 1, first, "PNG")
    yield "measurement: PNG", partial(whole, date)
    date = copy(folder, "measurement missing")
    one(date, "measurement/*.tiff").unlink()
    yield "measurement: missing", partial(whole, date)
    date = copy(folder, "measurement pipe")
    path = one(date, "measurement/*.tiff")
    path.unlink()
    pipe(path)
    yield "measurement: a pipe", partial(whole, date)
    date = copy(folder, "measurement with files beside")
    path = one(date, "measurement/*.tiff")
    for suffix in (".aux.xml", ".ovr", ".msk"):
        path.with_name(path.name + suffix).write_text(contents["VRT text"].decode())
    yield "measurement: with VRTs beside it?", partial(whole, date)


def _folders(folder: Path) -> Iterator[tuple[str, Callable[[], object]]]:
    for what, file, target in (
        ("annotation linked to a secret", "annotation/*.xml", "/etc/passwd"),
        ("manifest linked to zeros", "manifest.safe", "/dev/zero"),
        ("measurement linked outside", "measurement/*.tiff", str(one(base(folder), "measurement/*.tiff"))),
    ):
        date = copy(folder, what)
        path = one(date, file)
        path.unlink()
        path.symlink_to(target)
        yield f"folder: {what}", partial(whole, date)
    date = copy(folder, "folder linked")
    shutil.move(one(date, "annotation"), folder / "moved")
    (next(date.glob("*.SAFE")) / "annotation").symlink_to(folder / "moved")
    yield "folder: annotation folder linked outside", partial(whole, date)
    date = copy(folder, "folder of itself")
    (one(date, "annotation") / "again").symlink_to(next(date.glob("*.SAFE")))
    yield "folder: a link to itself?", partial(whole, date)
    date = copy(folder, "many files")
    for k in range(1500):
        (one(date, "annotation") / f"{k}.txt").touch()
    yield "folder: 1500 files", partial(whole, date)
    date = copy(folder, "manifest a pipe")
    one(date, "manifest.safe").unlink()
    pipe(next(date.glob("*.SAFE")) / "manifest.safe")
    yield "folder: manifest is a pipe", partial(whole, date)
    date = copy(folder, "manifest that points outside")
    text = one(date, "manifest.safe").read_text()
    replaced(one(date, "manifest.safe"), re.sub(r'href="[^"]+"', 'href="../../../../etc/passwd"', text))
    yield "folder: hrefs that point outside?", partial(whole, date)
    date = copy(folder, "manifest of 65 MB")
    replaced(one(date, "manifest.safe"), text + " " * (65 << 20))
    yield "folder: manifest of 65 MB", partial(whole, date)

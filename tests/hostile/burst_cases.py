"""Hostile and broken single bursts: a TIFF and the metadata beside it."""

import os
import re
import shutil
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

from tests.hostile.changed import changed
from tests.hostile.safe_cases import ENTITIES, OUTSIDE, VRT, base, replaced, whole, write_tiff
from tests.hostile.support import pipe
from tests.sentinel1.test_scene import make_single_bursts

METADATA = {
    "no manifest": (r"<manifest>", "<other>"),
    "no annotation": (r"(?s)<metadata>.*</metadata>", "<metadata/>"),
    "annotation of another swath": (r"<swath>IW2<", "<swath>IW3<"),
    "no bursts": (r"(?s)<burstList.*</burstList>", "<burstList/>"),
    "lines as words": (r"(<linesPerBurst>)[^<]+", r"\g<1>many"),
    "1e9 lines": (r"(<linesPerBurst>)[^<]+", r"\g<1>1000000000"),
    "no lines": (r"<linesPerBurst>[^<]+</linesPerBurst>", ""),
    "line interval nan": (r"(<azimuthTimeInterval>)[^<]+", r"\g<1>nan"),
    "line interval of 1e300": (r"(<azimuthTimeInterval>)[^<]+", r"\g<1>1e300"),
    "month 13": (r"(<azimuthTime>\d{4})-\d\d", r"\g<1>-13"),
    "now": (r"(<azimuthTime>)[^<]+", r"\g<1>now"),
    "bursts of another day": (r"(<azimuthTime>2019-03)-06", r"\g<1>-07"),
    "a burst ID of -5": (r"(<burstId[^>]*>)[^<]+", r"\g<1>-5"),
    "frequency 0": (r"(<radarFrequency>)[^<]+", r"\g<1>0"),
    "satellite Z": (r"(number>)A<", r"\g<1>Z<"),
    "entities": (r"(?s).*", ENTITIES),
    "a file as entity": (r"(?s).*", OUTSIDE),
    "nothing": (r"(?s).*", ""),
    "HTML": (r"(?s).*", "<html><body>Login</body></html>"),
    "UTF-16": (r"(?s).*", b"\xff\xfe<\0a\0".decode("latin-1")),
}
NAMES = ("S1_1_IW2_20191306T112010_VV_0A1B-BURST", "S1_1_IW2_20190306T992010_VV_0A1B-BURST", "S1_x-BURST")


def cases(folder: Path) -> Iterator[tuple[str, Callable[[], object]]]:
    """Broken bursts of a date."""
    good = folder / "bursts" / "20190306"
    first, second = make_single_bursts(base(folder), good)
    for path in (second, second.with_suffix(".xml")):
        path.unlink()
    text = first.with_suffix(".xml").read_text()

    def copy(what: str) -> Path:
        date = folder / re.sub(r"\W+", "-", what) / "20190306"
        return Path(shutil.copytree(good, date, copy_function=os.link)) / first.name

    for what, (pattern, change) in METADATA.items():
        altered = re.sub(pattern, change, text, count=int(pattern == r"(?s).*"))
        assert altered != text, what
        path = copy(f"metadata {what}")
        replaced(path.with_suffix(".xml"), altered)
        yield f"metadata: {what}", partial(whole, path.parent)
    for what, content in changed(text, 32, 13):
        path = copy(f"metadata {what}")
        replaced(path.with_suffix(".xml"), content)
        yield f"metadata: {what}?", partial(whole, path.parent)
    for name in NAMES:
        path = copy(f"name {name}")
        path.rename(path.with_name(f"{name}.tiff"))
        path.with_suffix(".xml").rename(path.with_name(f"{name}.xml"))
        yield f"named {name}", partial(whole, path.parent)
    for what, content in {"VRT text": VRT.format(lines=1509, samples=300).encode(), "half of it": None}.items():
        path = copy(f"samples {what}")
        replaced(path, content or path.read_bytes()[: path.stat().st_size // 2])
        yield f"samples: {what}", partial(whole, path.parent)
    for dtype in ("uint8", "float32", "complex64"):
        path = copy(f"samples {dtype}")
        write_tiff(path, dtype, 1, first)
        yield f"samples: {dtype}", partial(whole, path.parent)
    path = copy("metadata missing")
    path.with_suffix(".xml").unlink()
    yield "metadata: missing", partial(whole, path.parent)
    path = copy("metadata a pipe")
    path.with_suffix(".xml").unlink()
    pipe(path.with_suffix(".xml"))
    yield "metadata: a pipe", partial(whole, path.parent)
    path = copy("samples a device")
    path.unlink()
    path.symlink_to("/dev/zero")
    yield "samples: a device", partial(whole, path.parent)

"""Hostile and broken orbit files, and names of them."""

import re
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import numpy as np

from sarslide.sentinel1.orbit import choose_eof, read_eof
from tests.hostile.changed import changed
from tests.hostile.safe_cases import ENTITIES, base
from tests.hostile.support import pipe

EPOCH = np.datetime64("2019-03-06", "us")
START_S, STOP_S = 40810.0, 40816.0
NAME = "S1A_OPER_AUX_POEORB_OPOD_20190327T120617_V{}_{}.EOF"
CHANGES = {
    "in km": (r'(<[XYZ] unit="m">-?\d+)\d{3}\.', r"\g<1>."),
    "velocity in km/s": (r'(<V[XYZ] unit="m/s">-?)(\d+)\.', r"\g<1>0.00\g<2>"),
    "month 13": (r"UTC=2019-03", "UTC=2019-13"),
    "another satellite": (r"Sentinel-1A", "Sentinel-1B"),
    "a satellite of another mission": (r"Sentinel-1A", "Sentinel-2A"),
    "inertial": (r"EARTH_FIXED", "EARTH_INERTIAL"),
    "nan": (r"(<X [^>]*>)[^<]+", r"\g<1>nan"),
    "inf": (r"(<VZ [^>]*>)[^<]+", r"\g<1>inf"),
    "1e308": (r"(<Y [^>]*>)[^<]+", r"\g<1>1e308"),
    "words": (r"(<Z [^>]*>)[^<]+", r"\g<1>here"),
    "empty": (r"(<Z [^>]*>)[^<]+", r"\g<1>"),
    "without Z": (r"<Z [^<]+</Z>", ""),
    "without times": (r"<UTC>[^<]+</UTC>", ""),
    "all at one time": (r"<UTC>UTC=[^<]+", "<UTC>UTC=2019-03-06T11:20:10.000000"),
    "times of now": (r"<UTC>UTC=[^<]+", "<UTC>UTC=now"),
    "NaT": (r"<UTC>UTC=[^<]+", "<UTC>UTC=NaTNaTNaTNaTNaTNaT"),
    "records not closed": (r"</OSV>", ""),
    "entities in records": (r"<Quality>NOMINAL", "<Quality>&a;"),
    "a place on the ground": (r'(<[XYZ] unit="m">-?)\d', r"\g<1>6"),
    "entity bomb": (r"(?s).*", ENTITIES),
    "nothing": (r"(?s).*", ""),
    "HTML": (r"(?s).*", "<html>moved</html>"),
    "too short": (r"(?s)(.*?</OSV>).*", r"\g<1></List_of_OSVs></Data_Block></Earth_Explorer_File>"),
}


def short(text: str) -> str:
    """The orbit file with the vectors of four minutes: what is changed in it matters."""
    header, *records = text.split("<OSV>")
    near = [one for one in records if re.search(r"<UTC>UTC=2019-03-06T11:(18|19|20|21)", one)]
    return "<OSV>".join([header, *near])


def read(path: Path, truth: np.ndarray | None = None) -> object:
    orbit = read_eof(path, "S1A", EPOCH, START_S, STOP_S)
    place = orbit.arc(START_S, STOP_S).position(np.linspace(START_S, STOP_S, 5))
    assert np.isfinite(place).all() and (truth is None or np.abs(place - truth).max() < 1)
    return place


def cases(folder: Path) -> Iterator[tuple[str, Callable[[], object]]]:
    """Broken orbit files."""
    source = next(base(folder).glob("*.EOF"))
    truth, text = read(source), short(source.read_text())
    for k, (what, (pattern, change)) in enumerate(CHANGES.items()):
        altered = re.sub(pattern, change, text, count=int(pattern.startswith("(?s)")))
        assert altered != text, what
        path = folder / f"{k}.EOF"
        path.write_text(altered)
        yield what, partial(read, path)
    for k, (what, content) in enumerate(changed(text, 40, 11)):
        path = folder / f"changed-{k}.EOF"
        path.write_bytes(content)
        yield f"{what}?", partial(read, path, truth)
    for what, content in {
        "2.4 MB of records that never end": text.encode() + b"<OSV>" * 500_000,
        "10 MB of times?": text.encode() + b"<UTC>UTC=" * 1_200_000,
        "20 MB": text.encode() + b" " * 20_000_000,
        "UTF-16": text.encode("utf-16"),
        "zeros": bytes(5000),
    }.items():
        path = folder / f"{re.sub(r'[^a-z]', '-', what)}.EOF"
        path.write_bytes(content)
        yield what, partial(read, path)
    for what, path in {
        "a pipe": pipe(folder / "pipe.EOF"),
        "a device": "/dev/zero",
        "an address": "http://127.0.0.1:9/a",
    }.items():
        yield what, partial(read, path)
    yield "a folder", partial(read, folder)
    for what, times in {
        "month 13 in its name": ("20191305T225942", "20191307T005942"),
        "hour 99 in its name": ("20190305T995942", "20190307T005942"),
        "a name of another day": ("20190405T225942", "20190407T005942"),
    }.items():
        place = folder / what.replace(" ", "-")
        place.mkdir()
        (place / NAME.format(*times)).write_text(text)
        noon = EPOCH + np.timedelta64(12, "h")
        yield what, partial(choose_eof, place, "S1A", noon, noon)

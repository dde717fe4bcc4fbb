"""Hostile and broken products of SNAP: the XML of BEAM-DIMAP and its ENVI rasters."""

import re
import shutil
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import numpy as np

from sarslide.insar.external.pair import PairMetadata
from sarslide.insar.snap.product import geometry, ingest, read_made
from tests.hostile.changed import changed
from tests.hostile.damaged import damaged
from tests.hostile.support import pipe
from tests.support import engine_products as products

BOMB = '<!DOCTYPE a [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;">]><a>&b;</a>'
OUTSIDE = '<!DOCTYPE a [<!ENTITY a SYSTEM "file:///etc/passwd">]><a>&a;</a>'
VRT = '<VRTDataset rasterXSize="60" rasterYSize="52"><VRTRasterBand dataType="Float32" band="1"/></VRTDataset>'
MARKERS = {
    "of a list": "[]",
    "without looks": '{"wavelength_m": 0.0555, "snap": "13", "params": {}}',
    "of 5 m": '{"wavelength_m": 5, "snap": "13", "params": {}}',
    "cut": '{"wavelen',
}


def _text(old: str, new: str) -> Callable[[str], str]:
    return lambda text: re.sub(old, new, text, count=1)


TEXTS: dict[str, Callable[[str], str]] = {
    "entities": lambda text: BOMB,
    "an entity of a file": lambda text: OUTSIDE,
    "a nest of 10,000": lambda text: "<a>" * 10_000 + "</a>" * 10_000,
    "empty": lambda text: "",
    "of UTF-7": lambda text: '<?xml version="1.0" encoding="utf-7"?>' + text.partition("?>")[2],
    "rows of 1e12": _text(r"<NROWS>\d+", "<NROWS>1000000000000"),
    "rows of nan": _text(r"<NROWS>\d+", "<NROWS>nan"),
    "rows of -1": _text(r"<NROWS>\d+", "<NROWS>-1"),
    "other rows than its rasters": _text(r"<NROWS>\d+", "<NROWS>51"),
    "a band in a folder above": _text(r'href="[^"]*"', 'href="../../../../etc/passwd.hdr"'),
    "a band at an absolute path": _text(r'href="[^"]*"', 'href="/etc/passwd.hdr"'),
    "a band at an address": _text(r'href="[^"]*"', 'href="http://127.0.0.1:9/x"'),
    "a transform of nan": _text(r"(?<=TRANSFORM>)[^<]*", "nan,0,0,nan,0,0"),
    "a transform of zeros": _text(r"(?<=TRANSFORM>)[^<]*", "0,0,0,0,0,0"),
    "a transform of three": _text(r"(?<=TRANSFORM>)[^<]*", "1,2,3"),
    "a CRS of words": _text(r"(?<=<WKT>)[^<]*", "the middle of nowhere"),
    "a CRS that is a path": _text(r"(?<=<WKT>)[^<]*", "/etc/passwd"),
    "month Xyz": lambda text: text.replace("06Mar2019", "06Xyz2019"),
    "day 99": lambda text: text.replace("06Mar2019", "99Mar2019"),
}


def cases(folder: Path) -> Iterator[tuple[str, Callable[[], object]]]:
    """Name and call of each."""
    folder.mkdir(exist_ok=True)
    products.snap(folder / "good")
    good = (folder / "good/geocoded.dim").read_text()

    def read(place: Path) -> object:
        path = place / "geocoded.dim"
        pair = ingest(path, place / "unfiltered.dim", products.PAIR, products.GRID, PairMetadata())
        return pair, geometry(path, products.GRID)

    def copied(title: str) -> Path:
        return shutil.copytree(folder / "good", folder / title.replace(" ", "_").replace(",", ""))

    for title, change in TEXTS.items():
        place = copied(title)
        (place / "geocoded.dim").write_text(change(good))
        yield f"XML, {title}", partial(read, place)
    for title, (old, new) in {
        "a heading of nan": (r'(name="centre_heading"[^>]*>)[^<]*', r"\1nan"),
        "a baseline of inf": (r'(name="Perp Baseline"[^>]*>)[^<]*', r"\1inf"),
    }.items():
        place = copied(title)
        (place / "geocoded.dim").write_text(re.sub(old, new, good))
        yield title, partial(read, place)
    for title, band, values in (
        ("phase 1e30", "Unw_Phase*", np.float32(1e30)),
        ("incidence 500", "incidence*", np.float32(500)),
        ("a mask of 77", "layoverShadowMask", np.int8(77)),
    ):
        place = copied(title)
        path = next((place / "geocoded.data").glob(f"{band}.img"))
        np.full(path.stat().st_size // values.itemsize, values).astype(values.dtype.newbyteorder(">")).tofile(path)
        yield title, partial(read, place)
    for title, spoil in {
        "a raster that is a VRT": lambda path: path.write_text(VRT),
        "a raster that is empty": lambda path: path.write_bytes(b""),
        "a raster that is a pipe": lambda path: (path.unlink(), pipe(path)),
    }.items():
        place = copied(title)
        spoil(next((place / "geocoded.data").glob("Unw_Phase*.img")))
        yield title, partial(read, place)
    place = copied("a pipe")
    (place / "geocoded.dim").unlink()
    pipe(place / "geocoded.dim")
    yield "a product that is a pipe", partial(read, place)
    for title, text in MARKERS.items():
        marker = folder / f"{title.replace(' ', '_')}.json"
        marker.write_text(text)
        yield f"a marker {title}", partial(read_made, marker)
    header = next((folder / "good/geocoded.data").glob("Unw_Phase*.hdr"))
    for k, (title, content) in enumerate(changed(good, 24, 15)):
        place = copied(f"changed {k}")
        (place / "geocoded.dim").write_bytes(content)
        yield f"XML, {title}?", partial(read, place)
    for k, (title, content) in enumerate(changed(header.read_text(), 12, 16)):
        place = copied(f"header {k}")
        (place / "geocoded.data" / header.name).write_bytes(content)
        yield f"header, {title}?", partial(read, place)
    for k, (title, content) in enumerate(damaged(header.with_suffix(".img").read_bytes(), 7, 17)):
        place = copied(f"image {k}")
        (place / "geocoded.data" / header.with_suffix(".img").name).write_bytes(content)
        yield f"raster, {title}?", partial(read, place)

"""Seeded changes of real annotation, manifests and orbit files of Sentinel-1."""

import re
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import numpy as np

from sarslide.errors import SafeError
from sarslide.io import bounded
from sarslide.sentinel1.annotation import Annotation, parse_annotation
from sarslide.sentinel1.orbit import read_eof
from sarslide.sentinel1.product import facts_of, open_product
from tests.hostile.changed import changed
from tests.support.shipped_data import unpack

ORBITS = {
    "POEORB_OPOD_20220917": ("2022-08-28", 15790.0), "POEORB_OPOD_20210304": ("2014-10-04", 11590.0),
    "RESORB_OPOD_20230823": ("2023-08-23", 50000.0),
}  # fmt: skip


def annotation(content: bytes) -> Annotation:
    """An annotation that can be computed with."""
    found = parse_annotation(content, "a.xml")
    swath = found.range_time_s + np.linspace(0, found.samples_per_burst, 5) / found.range_sampling_hz
    for one in found.bursts:
        rates, doppler = found.fm_rate.at(one.start_s, swath), found.doppler.at(one.start_s, swath)
        assert (rates < -1000).all() and (np.abs(doppler) <= 5000).all()
        assert found.samples_per_burst > one.last_valid_sample.max() >= one.first_valid_sample.min() >= -1
    assert np.isfinite(found.grid.range_m).all() and 0.0549 < found.wavelength_m < 0.0561
    return found


def orbit(path: Path, day: str, start_s: float, truth: np.ndarray | None = None) -> np.ndarray:
    """Positions of an orbit, which are those of the file as it was."""
    found = read_eof(path, "S1A", np.datetime64(day, "us"), start_s, start_s + 30)
    place = found.arc(start_s, start_s + 30).position(start_s + np.arange(30.0))
    assert truth is None or np.abs(place - truth).max() < 1
    return place


def cases(folder: Path) -> Iterator[tuple[str, Callable[[], object]]]:
    """Changed files of the shipped real data."""
    data = unpack(folder / "shipped")
    products = sorted(data.glob("sentinel1/zips/*.zip")) + sorted(data.glob("sentinel1/pair*/*20250406*.SAFE"))
    for seed, path in enumerate(products):
        product = open_product(path)
        text = product.read(product.annotation_members("VV")[0]).decode()
        for what, content in changed(text, 24, seed):
            yield f"annotation of {path.name[17:25]}: {what}?", partial(annotation, content)
        for what, content in changed(product.read("manifest.safe").decode(), 16, seed):
            yield f"manifest of {path.name[17:25]}: {what}?", partial(_facts, content)
    for seed, (name, (day, start_s)) in enumerate(ORBITS.items()):
        for source in data.glob(f"orbits/*{name}*.EOF"):
            truth = orbit(source, day, start_s)
            for k, (what, content) in enumerate(changed(_short(source.read_text(), day, start_s), 32, seed)):
                path = folder / f"{seed}-{k}.EOF"
                path.write_bytes(content)
                yield f"{name}: {what}?", partial(orbit, path, day, start_s, truth)


def _facts(content: bytes) -> object:
    return facts_of(bounded.xml(content, "manifest.safe", SafeError), "manifest.safe")


def _short(text: str, day: str, start_s: float) -> str:
    """The vectors within two minutes: what is changed in them matters."""
    header, *records = text.split("<OSV>")
    middle = np.datetime64(day, "us") + np.timedelta64(round(start_s + 15), "s")
    times = np.array(re.findall(r"<UTC>UTC=([^<]+)<", text), "datetime64[us]")
    near = np.flatnonzero(np.abs(times - middle) < np.timedelta64(120, "s"))
    return "<OSV>".join([header, *(records[k] for k in near)])

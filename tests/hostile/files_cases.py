"""Hostile and broken interferograms for the engine `files`: GAMMA, LiCSAR, custom; real ones, damaged."""

import os
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import numpy as np
import rasterio
from affine import Affine

from sarslide.grid import RegionGrid
from sarslide.insar.external.constant_geometry import perpendicular_baseline_m
from sarslide.insar.external.files import baseline_m, frame_utc, geometry, ingest_pair, sensor_of
from sarslide.insar.external.sensor import Declared
from tests.hostile.changed import changed
from tests.hostile.damaged import damaged
from tests.hostile.support import pipe
from tests.support import engine_products as products

PAIR, GRID = products.PAIR, products.GRID
REAL_PAIR, REAL_GRID = "20180106_20180130", RegionGrid(32614, 480300.0, 2150400.0, 150.0, 20, 30)
S1 = Declared(0.0554658, 39.0, 347.4)
VRT = """<VRTDataset rasterXSize="4" rasterYSize="4"><SRS>EPSG:4326</SRS><GeoTransform>99, 1, 0, 29, 0, -1</GeoTransform>
<VRTRasterBand dataType="Float32" band="1"><SimpleSource><SourceFilename>{}</SourceFilename></SimpleSource>
</VRTRasterBand></VRTDataset>"""


def cases(folder: Path) -> Iterator[tuple[str, Callable[[], object]]]:
    """Name and call of each."""
    yield from _gamma(folder / "gamma")
    yield from _licsar(folder / "licsar")
    yield from _tables(folder / "tables")
    if real := os.environ.get("SARSLIDE_REAL_DATA"):
        yield from real_cases(folder / "real", Path(real))


def _gamma(folder: Path) -> Iterator[tuple[str, Callable[[], object]]]:
    folder.mkdir()
    products.gamma(folder)
    phase, coherence = next(folder.glob("*_unw.tif")), next(folder.glob("*_cc.tif"))

    def read(unw: Path = phase, cor: Path = coherence, naming: str = "gamma", sign: str | None = None) -> object:
        return ingest_pair(unw, cor, PAIR, GRID, sign, naming)

    def altered(name: str, source: Path, tags: dict | None = None, values=None, **profile) -> Path:
        target = folder / name / source.name
        target.parent.mkdir()
        with rasterio.open(source) as one:
            array, kept, old = one.read(), one.profile | profile, one.tags()
        array = array if values is None else values(array)
        kept |= {"dtype": array.dtype, "count": len(array), "height": array.shape[1], "width": array.shape[2]}
        with rasterio.open(target, "w", **kept) as two:
            two.write(array)
            two.update_tags(**(old | (tags or {})))
        return target

    place = rasterio.open(phase).transform
    huge = altered("a", phase, transform=Affine(1e-9, 0, place.c, 0, -1e-9, place.f), height=10, width=10)
    sparse = folder / "sparse" / phase.name
    sparse.parent.mkdir()
    with rasterio.open(
        sparse, "w", driver="GTiff", height=1_000_000, width=1_000_000, count=1, dtype="float32", crs="EPSG:4326",
        transform=Affine(0.05 / 1e6, 0, place.c, 0, -0.05 / 1e6, place.f), nodata=0, tiled=True, SPARSE_OK=True,
        BIGTIFF="YES", blockxsize=4096, blockysize=4096,
    ):  # fmt: skip
        pass
    yield "cells of a billionth of a degree", partial(read, huge)
    yield "a claim of 1e6 x 1e6 cells", partial(read, sparse)
    flat = {"transform": Affine(0, 0, place.c, 0, 0, place.f)}
    yield "cells of no size", partial(read, altered("no size", phase, **flat))
    yield "cells that are nan", partial(read, altered("nan", phase, transform=Affine(np.nan, 0, 0, 0, -1, 0)))
    yield "cells that are turned", partial(read, altered("turned", phase, transform=place @ Affine.rotation(20)))
    yield (
        "cells that go north",
        partial(read, altered("north", phase, transform=Affine(place.a, 0, place.c, 0, -place.e, 0))),
    )
    yield "phase 1e30", partial(read, altered("1e30", phase, values=lambda a: a * np.float32(1e30)))
    yield "phase inf", partial(read, altered("inf", phase, values=lambda a: np.where(a == 0, a, np.float32(np.inf))))
    yield (
        "a void that is not declared",
        partial(read, altered("void", phase, values=lambda a: np.where(a == 0, -9999, a))),
    )
    yield "complex", partial(read, altered("complex", phase, values=lambda a: a.astype("complex64")))
    yield "coherence in percent", partial(read, cor=altered("percent", coherence, values=lambda a: a * 100))
    yield "coherence below 0", partial(read, cor=altered("below", coherence, values=lambda a: -a))
    yield "a unit of 1 MB", partial(read, altered("unit", phase, {"DATA_UNITS": "x" * 1_000_000}))
    yield "a date with an escape", partial(read, altered("escape", phase, {"FIRST_DATE": "\x1b[31m2019"}))
    yield "a time that is none", partial(read, altered("time", phase, {"FIRST_TIME": "25:99:99"}))
    yield (
        "master of another date",
        partial(read, altered("master", phase, {"MASTER_DATE": "2019-03-07", "FIRST_DATE": "", "SECOND_DATE": ""})),
    )
    yield "a processor that nobody knows", partial(read, altered("who", phase, {"INSAR_PROCESSOR": "=HYPERLINK()"}))
    yield "a wavelength of words", partial(read, altered("words", phase, {"WAVELENGTH_METRES": "C band"}))
    yield "a wavelength of 5 m", partial(read, altered("5 m", phase, {"WAVELENGTH_METRES": "5"}))
    yield "a pipe", partial(read, pipe(folder / f"pipe_{phase.name}"))
    yield "a folder", partial(read, folder)
    yield "an address", partial(read, Path(f"http:/127.0.0.1:9/{phase.name}"))
    for name, source in {"another file": str(phase), "an address": "/vsicurl/http://127.0.0.1:9/x.tif"}.items():
        target = folder / f"{name.replace(' ', '_')}_{phase.name}"
        target.write_text(VRT.format(source))
        yield f"a VRT of {name}", partial(read, target)
    for name, tags, declared, stack in (
        ("nothing states the wavelength", {}, Declared(), "A128"),
        ("nothing states the incidence", {"WAVELENGTH": "0.0562"}, Declared(), "A128"),
        ("a wavelength against the tag", {"WAVELENGTH_METRES": "0.0562"}, Declared(0.236, 39, 350), "A128"),
        ("an incidence against the tag", {"INCIDENCE_DEGREES": "23.1"}, S1, "A128"),
        ("a heading against the tag", {"HEADING_DEGREES": "193"}, S1, "A128"),
        ("a heading against the stack", {}, S1, "D062"),
        ("a pass against the stack", {"ORBIT_DIRECTION": "DESCENDING"}, S1, "A128"),
        ("an incidence of nan", {"INCIDENCE_DEGREES": "nan"}, S1, "A128"),
        ("a frequency of 0", {"radar_frequency": "0 Hz"}, Declared(None, 39, 350), "A128"),
        ("Sentinel-1 of 23.6 cm", {"PLATFORM": "Sentinel-1A"}, Declared(0.236), "A128"),
    ):
        path = altered(name, phase, tags)
        yield name, partial(sensor_of, "gamma", path, [], None, stack, declared)
    for k, (name, data) in enumerate(damaged(phase.read_bytes(), 21, 3)):
        target = folder / f"damaged_{k}_{phase.name}"
        target.write_bytes(data)
        yield f"phase, {name}?", partial(read, target)


def _licsar(folder: Path) -> Iterator[tuple[str, Callable[[], object]]]:
    folder.mkdir()
    products.licsar(folder)
    vector = [folder / f"128A_x.geo.{name}.tif" for name in "ENU"]
    heights = np.zeros((GRID.rows + 2, GRID.cols + 2))

    def see(*components: Path) -> object:
        return geometry("licsar", folder, components, heights, GRID, 39.0, 347.0)

    for name, factor in {"of length 2": 2.0, "of length 1e30": 1e30}.items():
        longer = folder / f"longer{factor}.tif"
        with rasterio.open(vector[2]) as one, rasterio.open(longer, "w", **one.profile) as two:
            two.write(one.read() * np.float32(factor))
        yield f"a vector {name}", partial(see, *vector[:2], longer)
    yield "a vector that is a pipe", partial(see, pipe(folder / "E.tif"), *vector[1:])
    yield "a vector that is missing", partial(see, folder / "absent.tif", *vector[1:])


def _tables(folder: Path) -> Iterator[tuple[str, Callable[[], object]]]:
    folder.mkdir()
    products.licsar(folder)
    baselines, metadata = (folder / name for name in ("baselines", "metadata.txt"))
    one = baselines.read_text()
    for k, (name, text) in enumerate(
        {
            "of nan": one.replace("12.5", "nan"),
            "of inf": one.replace("12.5", "inf"),
            "of 1e300 m": one.replace("12.5", "1e300"),
            "of words": one.replace("12.5", "far"),
        }.items()
    ):
        path = folder / f"baselines{k}"
        path.write_text(text)
        yield f"a baseline {name}", partial(baseline_m, path, PAIR, "licsar", 39.0)
    large = folder / "large"
    large.write_bytes(b"x" * (5 << 20))
    utf16 = folder / "utf16"
    utf16.write_text(one, encoding="utf-16")
    yield "baselines of 5 MB", partial(baseline_m, large, PAIR, "licsar", 39.0)
    yield "baselines in UTF-16", partial(baseline_m, utf16, PAIR, "licsar", 39.0)
    yield "baselines that are a pipe", partial(baseline_m, pipe(folder / "p"), PAIR, "licsar", 39.0)
    yield "metadata that are a pipe", partial(frame_utc, pipe(folder / "p"), PAIR)
    wrong = folder / "wrong.txt"
    wrong.write_text("center_time=yesterday\nheading=north\n")
    yield "a time of words", partial(frame_utc, wrong, PAIR)
    yield "a heading of words", partial(sensor_of, "licsar", wrong, [], wrong, "A128", Declared())
    for k, (name, data) in enumerate(changed(metadata.read_text() + one, 8, 5)):
        path = folder / f"changed{k}"
        path.write_bytes(data)
        yield f"frame, {name}?", partial(frame_utc, path, PAIR)
        yield f"baselines of the frame, {name}?", partial(baseline_m, path, PAIR, "licsar", 39.0)


def real_cases(folder: Path, data: Path) -> Iterator[tuple[str, Callable[[], object]]]:
    """Those of Mexico City."""
    folder.mkdir()
    source = data / "interferograms/mexico_city_s1"
    dates = REAL_PAIR.replace("_", "-")
    phase, coherence = (next((source / "geotiffs").glob(f"*{dates}*{end}.tif")) for end in ("unw", "cc"))
    table = next((source / "geometry").glob(f"{dates}*_bperp.par"))
    for k, (name, data) in enumerate(damaged(phase.read_bytes(), 28, 11)):
        path = folder / f"{k}_{phase.name}"
        path.write_bytes(data)
        yield f"real phase, {name}?", partial(ingest_pair, path, coherence, REAL_PAIR, REAL_GRID, "away")
    for k, (name, data) in enumerate(damaged(coherence.read_bytes(), 14, 12)):
        path = folder / f"{k}_{coherence.name}"
        path.write_bytes(data)
        yield f"real coherence, {name}?", partial(ingest_pair, phase, path, REAL_PAIR, REAL_GRID, "away")
    for k, (name, data) in enumerate(changed(table.read_text(), 24, 13)):
        path = folder / f"{k}_{table.name}"
        path.write_bytes(data)
        yield f"real baselines, {name}?", partial(perpendicular_baseline_m, path, 31.7)
    text = table.read_text()
    for name in ("nan", "inf", "1e300"):
        path = folder / f"{name}.par"
        path.write_text("".join(_spoiled(line, name) for line in text.splitlines(keepends=True)))
        yield f"real baselines of {name}", partial(perpendicular_baseline_m, path, 31.7)


def _spoiled(line: str, value: str) -> str:
    fields = line.split()
    return " ".join([*fields[:3], value, *fields[4:]]) + "\n" if len(fields) == 9 and fields[0].isdigit() else line

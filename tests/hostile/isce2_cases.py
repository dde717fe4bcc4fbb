"""Hostile and broken products of ISCE2: IW2.xml, topo's rasters, bursts behind VRTs, cells."""

import re
import shutil
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import numpy as np
from pyproj import Transformer

from sarslide.grid import RegionGrid
from sarslide.insar.isce2.product import isce_version, read_swaths
from sarslide.insar.isce2.regrid import find_cells, geometry, pair_sums, read_cells
from tests.hostile.changed import changed
from tests.hostile.support import pipe
from tests.insar.isce2.test_regrid import write_slc as write_burst
from tests.insar.isce2.test_topsstack import write_product

REGION = RegionGrid(32647, 517500, 3208000, 30, 12, 14)
DATES = ("20190306", "20190318")
PAIR = "_".join(DATES)
LINES, SAMPLES = 300, 260  # of `write_burst`
PRODUCTS = {
    "entities": '<!DOCTYPE a [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;">]><a>&b;</a>',
    "an entity of a file": '<!DOCTYPE a [<!ENTITY a SYSTEM "file:///etc/passwd">]><a>&a;</a>',
    "a nest of 10,000": "<a>" * 10_000 + "</a>" * 10_000,
    "no bursts": "<a/>",
    "empty": "",
}
VALUES = {
    "lines of 1e12": ("numberoflines", "1000000000000"),
    "lines of 0": ("numberoflines", "0"),
    "samples of -1": ("numberofsamples", "-1"),
    "samples of words": ("numberofsamples", "many"),
    "number of 1.5": ("burstnumber", "1.5"),
    "range of nan": ("startingrange", "nan"),
    "spacing of 0": ("rangepixelsize", "0"),
    "spacing of inf": ("rangepixelsize", "inf"),
}
VRT = """<VRTDataset rasterXSize="{x}" rasterYSize="{y}"><VRTRasterBand dataType="CFloat32" band="1"{kind}>{inside}
</VRTRasterBand></VRTDataset>"""
SOURCE = "<SimpleSource><SourceFilename>{}</SourceFilename><SourceBand>1</SourceBand></SimpleSource>"
PYTHON = "<PixelFunctionType>f</PixelFunctionType><PixelFunctionLanguage>Python</PixelFunctionLanguage>"
VRTS = {
    "of an address": VRT.format(
        x=SAMPLES, y=LINES, kind="", inside=SOURCE.format("/vsicurl/http://127.0.0.1:9/a.tiff")
    ),
    "of another file": VRT.format(x=SAMPLES, y=LINES, kind="", inside=SOURCE.format("/etc/passwd")),
    "with Python": VRT.format(x=SAMPLES, y=LINES, kind=' subClass="VRTDerivedRasterBand"', inside=PYTHON),
    "of a folder above": VRT.format(
        x=SAMPLES, y=LINES, kind=' subClass="VRTRawRasterBand"', inside="<SourceFilename>../../x</SourceFilename>"
    ),
    "of words": "no VRT",
    "that is empty": "",
}


def cases(folder: Path) -> Iterator[tuple[str, Callable[[], object]]]:
    """Name and call of each."""
    folder.mkdir(exist_ok=True)
    good = _work(folder / "good")
    product = good / DATES[0] / "reference/IW2.xml"
    text = product.read_text()

    def copied(title: str) -> Path:
        return shutil.copytree(good, folder / title.replace(" ", "_").replace(",", ""))

    def read(work: Path) -> object:
        folders = {date: work / date for date in DATES}
        bursts = find_cells(folders[DATES[0]], work / "cells", REGION)
        sums = pair_sums(folders, DATES[0], [PAIR], bursts, REGION)
        return sums, geometry(folders[DATES[0]], bursts, REGION)

    for title, content in PRODUCTS.items():
        path = folder / f"product {title}" / "IW2.xml"
        path.parent.mkdir()
        path.write_text(content)
        yield f"XML, {title}", partial(read_swaths, path.parent)
    for title, (name, value) in VALUES.items():
        path = folder / f"value {title}" / "IW2.xml"
        path.parent.mkdir()
        path.write_text(re.sub(rf'(name="{name}">\s*<value>)[^<]*', rf"\g<1>{value}", text, count=1))
        yield title, partial(read_swaths, path.parent)
    path = folder / "piped" / "IW2.xml"
    path.parent.mkdir()
    pipe(path)
    yield "XML that is a pipe", partial(read_swaths, path.parent)
    for title, content in VRTS.items():
        work = copied(f"vrt {title}")
        (work / DATES[1] / f"coreg_secondarys/{DATES[1]}/IW2/burst_01.slc.vrt").write_text(content)
        yield f"a VRT {title}", partial(read, work)
    for name in ("lat", "los", "shadowMask"):
        for title, spoil in {
            "missing": Path.unlink,
            "empty": lambda path: path.write_bytes(b""),
            "a pipe": lambda path: (path.unlink(), pipe(path)),
        }.items():
            work = copied(f"{name} {title}")
            spoil(work / DATES[0] / f"geom_reference/IW2/{name}_01.rdr")
            yield f"{name} that is {title}", partial(read, work)
    for title, name, dtype, value in (
        ("places of nan", "lat", np.float64, np.nan),
        ("angles of nan", "los", np.float32, np.nan),
        ("angles of 500", "los", np.float32, 89.0),
    ):
        work = copied(title)
        path = work / DATES[0] / f"geom_reference/IW2/{name}_01.rdr"
        np.full(path.stat().st_size // np.dtype(dtype).itemsize, value, dtype).tofile(path)
        yield title, partial(read, work)
    work = copied("short burst")
    (work / DATES[1] / f"coreg_secondarys/{DATES[1]}/IW2/burst_01.slc").write_bytes(b"x" * 100)
    yield "a burst that is cut", partial(read, work)
    for title, content in {"zeros": bytes(500), "words": b"cells", "empty": b""}.items():
        work = copied(f"cells {title}")
        (work / "cells").mkdir()
        (work / "cells/IW2_01_0_0.npy").write_bytes(content)
        yield f"cells of {title}", partial(read_cells, work / DATES[0], work / "cells")
    work = copied("version")
    pipe(work / DATES[0] / "reference/IW2/burst_01.slc.xml")
    yield "a version that is a pipe", partial(isce_version, work / DATES[0])
    for k, (title, content) in enumerate(changed(text, 32, 19)):
        path = folder / f"changed {k}" / "IW2.xml"
        path.parent.mkdir()
        path.write_bytes(content)
        yield f"XML, {title}?", partial(read_swaths, path.parent)


def _work(root: Path) -> Path:
    """Folders of two dates with one burst over the region."""
    reference = root / DATES[0]
    write_product(reference / "reference", 1, LINES, SAMPLES)
    topo = reference / "geom_reference/IW2"
    topo.mkdir(parents=True)
    line, sample = np.mgrid[:LINES, :SAMPLES].astype(float)
    lon, lat = Transformer.from_crs(32647, 4326, always_xy=True).transform(
        REGION.west + 2.8 * sample - 100, REGION.north - 1.9 * line + 50
    )
    los = np.stack([np.full(lat.shape, 38.0), np.full(lat.shape, -257.0)], axis=1).astype(np.float32)
    for name, values in {"lat": lat, "lon": lon, "los": los, "shadowMask": np.zeros(lat.shape, np.uint8)}.items():
        values.tofile(topo / f"{name}_01.rdr")
    for place in (reference / "reference/IW2", root / DATES[1] / f"coreg_secondarys/{DATES[1]}/IW2"):
        place.mkdir(parents=True, exist_ok=True)
        write_burst(place / "burst_01.slc", np.ones((LINES, SAMPLES), np.complex64))
    return root

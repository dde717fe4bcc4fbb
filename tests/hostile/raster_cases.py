"""Hostile and broken rasters."""

import struct
import warnings
import zipfile
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import numpy as np
import rasterio
from affine import Affine
from rasterio.errors import NotGeoreferencedWarning

from sarslide.grid import RegionGrid
from sarslide.io import raster
from tests.hostile.damaged import damaged
from tests.hostile.support import pipe

GRID = RegionGrid(32647, 515130, 3215640, 30, 300, 280)
ADDRESS = "http://127.0.0.1:9/raster.tif"
VRT = """<VRTDataset rasterXSize="4" rasterYSize="4"><SRS>EPSG:32647</SRS>
<GeoTransform>515130, 30, 0, 3215640, 0, -30</GeoTransform><VRTRasterBand dataType="Byte" band="1"{kind}>{source}
</VRTRasterBand></VRTDataset>"""
SOURCE = "<SimpleSource><SourceFilename>{}</SourceFilename><SourceBand>1</SourceBand></SimpleSource>"
RAW = "<SourceFilename>/etc/passwd</SourceFilename><ImageOffset>0</ImageOffset><PixelOffset>1</PixelOffset>"
PYTHON = """<PixelFunctionType>f</PixelFunctionType><PixelFunctionLanguage>Python</PixelFunctionLanguage>
<PixelFunctionCode><![CDATA[def f(*a, **k): open("ran", "w")]]></PixelFunctionCode>"""


def cases(folder: Path) -> Iterator[tuple[str, Callable[[], object]]]:
    """Name and call of each."""
    folder = folder / "rasters"
    folder.mkdir()
    good = folder / "good.tif"
    raster.write(good, np.random.default_rng(1).uniform(size=GRID.shape), GRID, "probability")
    data = good.read_bytes()
    files = {
        "a VRT of an address": VRT.format(kind="", source=SOURCE.format(ADDRESS)).encode(),
        "a VRT of /vsicurl": VRT.format(kind="", source=SOURCE.format(f"/vsicurl/{ADDRESS}")).encode(),
        "a VRT of another file": VRT.format(kind="", source=SOURCE.format(good)).encode(),
        "a VRT of bytes of a file": VRT.format(kind=' subClass="VRTRawRasterBand"', source=RAW).encode(),
        "a VRT with Python": VRT.format(kind=' subClass="VRTDerivedRasterBand"', source=PYTHON).encode(),
        "a description of a WMS": b'<GDAL_WMS><Service name="TMS"><ServerUrl>'
        + ADDRESS.encode()
        + b"</ServerUrl></Service>",
        "an address in a text": ADDRESS.encode(),
        "empty": b"",
        "words": b"no raster",
        "a header alone": b"II*\0",
        "an IFD beyond the end": b"II*\0" + struct.pack("<I", 0x7FFFFFFF),
        "an IFD that is its own next": b"II*\0" + struct.pack("<IHI", 8, 0, 8),
        "zeros": bytes(4096),
    }
    for k, (name, content) in enumerate(files.items()):
        path = folder / f"{k}.tif"
        path.write_bytes(content)
        yield name, partial(raster.read, path)
    for name, place in {
        "no file": folder / "absent.tif",
        "a folder": folder,
        "a pipe": pipe(folder / "pipe.tif"),
        "/dev/zero": Path("/dev/zero"),
        "an address": ADDRESS,
        "/vsicurl": f"/vsicurl/{ADDRESS}",
        "a name with a line feed": f"{folder}/a\nb.tif",
        "a name of 5,000 characters": str(folder / ("x" * 5000)),
    }.items():
        yield name, partial(raster.read, place)
    with zipfile.ZipFile(folder / "in.zip", "w") as archive:
        archive.write(good, "good.tif")
    yield "a member of a zip", partial(raster.read, f"/vsizip/{folder}/in.zip/good.tif")
    yield "a zip", partial(raster.read, folder / "in.zip")
    yield from _claims(folder)
    yield "another grid", partial(raster.read, good, RegionGrid(32647, 0, 0, 30, 300, 280))
    yield "a band that it has not", partial(raster.read, good, GRID, 7)
    for k, (name, content) in enumerate(damaged(data, 42, 5, 2048)):
        path = folder / f"m{k}.tif"
        path.write_bytes(content)
        yield f"mutation: {name}?", partial(everything, path)


def everything(path: Path) -> object:
    """All that is read of a raster."""
    return raster.grid_of(path), raster.tags_of(path), raster.read(path, GRID), raster.read_reduced(path, 50)


def _claims(folder: Path) -> Iterator[tuple[str, Callable[[], object]]]:
    """Files that claim what they cannot have."""
    square = {"crs": "EPSG:32647", "transform": GRID.transform}
    for name, read, about in (
        ("1e6 x 1e6 cells", raster.read, square | {"width": 10**6, "height": 10**6, "tiled": True, "bigtiff": "YES"}),
        (
            "one block of 1e5 x 1e5",
            raster.read_reduced,
            square | {"width": 10**5, "height": 10**5, "blockysize": 10**5, "compress": "deflate"},
        ),
        ("20,000 bands", raster.tags_of, square | {"count": 20_000, "interleave": "band"}),
        ("cells without a size", raster.grid_of, square | {"transform": Affine(1e-320, 0, 0, 0, -1e-320, 0)}),
        ("a place that is no number", raster.grid_of, square | {"transform": Affine(30, 0, float("nan"), 0, -30, 0)}),
        ("infinite cells", raster.grid_of, square | {"transform": Affine(float("inf"), 0, 0, 0, -30, 0)}),
        ("turned cells", raster.grid_of, square | {"transform": Affine(30, 5, 0, 5, -30, 0)}),
        ("degrees", raster.grid_of, square | {"crs": "EPSG:4326"}),
        ("no CRS", raster.grid_of, {"transform": GRID.transform}),
        ("no place", raster.grid_of, {}),
    ):
        path = folder / f"{name.replace(' ', '_')}.tif"
        profile = {"width": 16, "height": 16, "count": 1, "dtype": "uint8", "sparse_ok": True} | about
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", NotGeoreferencedWarning)
            rasterio.open(path, "w", driver="GTiff", **profile).close()
        further = (100,) if read is raster.read_reduced else ()
        yield name, partial(read, path, *further)

"""Hostile and broken optical images: Sentinel-2 products, files of bands, items of a catalogue."""

import copy
import json
import random
import shutil
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import numpy as np
import rasterio
from rasterio.transform import Affine

from sarslide.errors import DownloadError
from sarslide.io.bounded import parsed_json
from sarslide.retrieve.optical import open_product
from sarslide.retrieve.orbits import orbits_of
from sarslide.retrieve.sentinel2 import ASSETS, scene_of
from tests.hostile import seeds
from tests.hostile.changed import changed
from tests.hostile.safe_cases import ENTITIES, OUTSIDE, VRT
from tests.hostile.support import pipe
from tests.retrieve.test_sentinel2_files import CLEAR, GRID, METADATA, on_grid, pixels, safe, write

QUANTITY = "<BOA_QUANTIFICATION_VALUE>{}</BOA_QUANTIFICATION_VALUE>"
OFFSET = METADATA.format('<BOA_ADD_OFFSET band_id="{}">{}</BOA_ADD_OFFSET>')
STATED = {
    **{f"quantification {one}": f"<a>{QUANTITY.format(one)}</a>" for one in ("0", "nan", "inf", "-1e4", "1e-300", "words", "")},
    **{f"offset {one}": OFFSET.format(1, one) for one in ("nan", "inf", "1e300", "-1e9", "words", "")},
    "no quantification": "<a/>", "entities": ENTITIES, "a file as entity": OUTSIDE, "HTML": "<html>moved</html>",
    "nothing": "", "65 MB": "<a>" + " " * (65 << 20) + "</a>", "nested": "<a>" * 1000,
}  # fmt: skip
ITEM = {
    "id": "S2A_47RPM_20230529_0_L2A",
    "properties": {"eo:cloud_cover": 3.0, "grid:code": "MGRS-47RPM"},
    "assets": {
        words[0]: {
            "href": f"https://127.0.0.1:9/{band}.tif",
            "raster:bands": [{"scale": 0.0001, "offset": -0.1}],
        }
        for band, words in ASSETS.items()
    },
}
RED = ("assets", "red")
ITEMS = {
    "a name with a path": (("id",), "../../etc/x"), "a name of 1 MB": (("id",), "a" * 1_000_000), "no name": (("id",), None),
    "a name that is a list": (("id",), ["a"]), "a tile with a path": (("properties", "grid:code"), "../x"),
    "no properties": (("properties",), None), "properties that are text": (("properties",), "x"),
    "cloud nan": (("properties", "eo:cloud_cover"), float("nan")), "cloud of words": (("properties", "eo:cloud_cover"), "few"),
    "no assets": (("assets",), {}), "assets that are a list": (("assets",), []), "an asset that is text": (RED, "x"),
    "an asset that is nothing": (RED, None), "bands that are text": ((*RED, "raster:bands"), "x"),
    "bands of numbers": ((*RED, "raster:bands"), [1]), "no address": ((*RED, "href"), None),
    "an address of a file": ((*RED, "href"), "file:///etc/passwd"), "an address of GDAL": ((*RED, "href"), "/vsicurl/http://a/b"),
    "a path": ((*RED, "href"), "/etc/passwd"), "an address with options": ((*RED, "href"), "https://a/b?token=1"),
    **{f"scale {one}": ((*RED, "raster:bands"), [{"scale": one, "offset": 0}])
       for one in (0, -1, 1e9, float("nan"), float("inf"), "words", None, [])},
    **{f"offset {one}": ((*RED, "raster:bands"), [{"scale": 1e-4, "offset": one}]) for one in (1e9, float("nan"), "x", {})},
}  # fmt: skip


def with_value(where: tuple[str, ...], value: object) -> dict:
    item = copy.deepcopy(ITEM)
    place = item
    for word in where[:-1]:
        place = place[word]
    place[where[-1]] = value
    return item


def read(path: Path) -> np.ndarray:
    """Reflectance on the grid of the region: nothing but 0 to 1, or not seen."""
    values = on_grid(open_product(path))
    assert (np.isnan(values) | ((values >= 0) & (values <= 1))).all()
    return values


def cases(folder: Path) -> Iterator[tuple[str, Callable[[], object]]]:
    """Broken optical images."""
    product = safe(folder / "base", pixels(), np.full((36, 45), CLEAR, np.uint8))
    yield from _products(folder, product)
    yield from _stacks(folder)
    for what, (where, value) in ITEMS.items():
        yield f"item: {what}", partial(scene_of, with_value(where, value))
    for what, content in changed(json.dumps(ITEM, indent=1), 32, 3):
        yield f"item: {what}?", partial(_item, content)
    for what, item in {"nothing": None, "text": "x", "a list": [], "a number": 1}.items():
        yield f"item: {what}", partial(scene_of, item)
    for what, answer in {"nothing": None, "text": {"value": "x"}, "numbers": {"value": [1]}, "no value": {}}.items():
        yield f"orbits of a catalogue: {what}", partial(orbits_of, answer, "https://127.0.0.1:9")


def _item(content: bytes) -> dict:
    return scene_of(parsed_json(content, "item", DownloadError))


def _products(folder: Path, product: Path) -> Iterator[tuple[str, Callable[[], object]]]:
    def copied(what: str) -> Path:
        return Path(shutil.copytree(product, folder / what / product.name))

    for what, text in STATED.items():
        path = copied(f"metadata {what}")
        (path / "MTD_MSIL2A.xml").write_text(text)
        yield f"metadata: {what}", partial(read, path)
    for what, content in changed((product / "MTD_MSIL2A.xml").read_text(), 24, 17):
        path = copied(f"metadata {what}")
        (path / "MTD_MSIL2A.xml").write_bytes(content)
        yield f"metadata: {what}?", partial(read, path)
    (band,) = (one.relative_to(product) for one in product.rglob("*B03_10m.jp2"))
    whole = (product / band).read_bytes()
    contents = {
        "half of it": whole[: len(whole) // 2], "VRT text": VRT.format(lines=72, samples=90).encode(), "nothing": b"",
        "HTML": b"<html>moved</html>", "PNG": b"\x89PNG\r\n\x1a\n" + bytes(100),
    }  # fmt: skip
    for what, data in contents.items():
        path = copied(f"band {what}")
        (path / band).write_bytes(data)
        yield f"band: {what}", partial(read, path)
    chance = random.Random(seeds.seed(2))
    for k in range(16):
        path = copied(f"band flipped {k}")
        at = chance.randrange(300)
        (path / band).write_bytes(whole[:at] + bytes([whole[at] ^ 1 << chance.randrange(8)]) + whole[at + 1 :])
        yield f"band: header flipped {k}?", partial(read, path)
    path = copied("band a pipe")
    (path / band).unlink()
    pipe(path / band)
    yield "band: a pipe", partial(read, path)
    path = copied("band a device")
    (path / band).unlink()
    (path / band).symlink_to("/dev/zero")
    yield "band: a device", partial(read, path)


def _stacks(folder: Path) -> Iterator[tuple[str, Callable[[], object]]]:
    numbers = pixels()
    kinds = {"complex": np.complex64, "float nan?": np.float32, "float 1e30": np.float64}
    for what, kind in kinds.items():
        values = numbers.astype(kind)
        if "nan" in what or "1e30" in what:
            values[:] = np.nan if "nan" in what else 1e30
        write(folder / f"{kind.__name__}.tif", values, scale=(1e-4, 0.0))
        yield f"bands: {what}", partial(read, folder / f"{kind.__name__}.tif")
    places = {
        "cells without a size": Affine(0, 0, GRID.west, 0, 0, GRID.north),
        "cells of a micrometre": Affine(1e-6, 0, GRID.west, 0, -1e-6, GRID.north),
        "cells of a centimetre": Affine(0.01, 0, GRID.west, 0, -0.01, GRID.north),
        "cells of nan": Affine(float("nan"), 0, GRID.west, 0, -10, GRID.north),
        "a place of 1e300": Affine(10, 0, 1e300, 0, -10, GRID.north),
        "turned upside down": Affine(10, 0, GRID.west, 0, 10, GRID.bounds[1]),
        "turned by 45 degrees": Affine(7, 7, GRID.west, 7, -7, GRID.north),
    }
    for k, (what, transform) in enumerate(places.items()):
        path = folder / f"place-{k}.tif"
        write(path, numbers, scale=(1e-4, 0.0))
        with rasterio.open(path, "r+") as target:
            target.transform = transform
        yield f"bands: {what}", partial(read, path)
    path = folder / "everywhere.tif"
    huge = {"driver": "GTiff", "count": 4, "dtype": "uint16", "height": 500_000, "width": 500_000, "tiled": True,
            "sparse_ok": True, "bigtiff": "yes", "crs": "EPSG:32647"}  # fmt: skip
    with rasterio.open(
        path, "w", transform=Affine(0.02, 0, GRID.west - 100, 0, -0.02, GRID.north + 100), **huge
    ) as target:
        target.scales = (1e-4,) * 4
    yield "bands: 500,000 x 500,000 fine cells", partial(read, path)
    for what, scale in {
        "scale nan": (float("nan"), 0),
        "scale 1e9": (1e9, 0),
        "offset inf": (1e-4, float("inf")),
    }.items():
        write(folder / f"{what}.tif", numbers, scale=scale)
        yield f"bands: {what}", partial(read, folder / f"{what}.tif")
    write(folder / "three.tif", numbers[:3], scale=(1e-4, 0.0))
    yield "bands: three", partial(read, folder / "three.tif")
    (folder / "text.tif").write_text(VRT.format(lines=10, samples=10))
    files = {
        "VRT text": folder / "text.tif", "an address": "/vsicurl/http://127.0.0.1:9/a.tif", "a device": "/dev/zero",
        "a pipe": pipe(folder / "pipe.tif"), "nothing": folder / "none.tif",
    }  # fmt: skip
    for what, where in files.items():
        yield f"file: {what}", partial(read, where)

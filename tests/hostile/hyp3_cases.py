"""Hostile and broken products of HyP3, in zips and folders."""

import shutil
import zipfile
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import numpy as np
import rasterio

from sarslide.insar.external.hyp3 import ingest, line_of_sight, open_product, open_stored
from sarslide.insar.external.hyp3_store import read_placed
from sarslide.insar.external.line_of_sight import with_layover
from tests.hostile.changed import changed
from tests.hostile.damaged import damaged
from tests.hostile.support import pipe
from tests.support import engine_products as products

VRT = '<VRTDataset rasterXSize="4" rasterYSize="4"><VRTRasterBand dataType="Float32" band="1"/></VRTDataset>'
ORDERS = {
    "of a list": "[]",
    "of null": '{"file": null}',
    "of a folder above": '{"file": "../../x.zip"}',
    "of an absolute path": '{"file": "/etc/passwd"}',
    "of an address": '{"file": "http://127.0.0.1:9/x.zip"}',
    "cut": '{"file": "prod',
}
PLACED = {
    "of a list": "[]",
    "without an id": '{"name": "a"}',
    "of a folder above": '{"name": "../../a", "job_id": "1", "job_type": ""}',
    "of nan": '{"name": "a", "job_id": NaN}',
    "cut": '{"name": "a", "jo',
}


def cases(folder: Path) -> Iterator[tuple[str, Callable[[], object]]]:
    """Name and call of each."""
    folder.mkdir(exist_ok=True)
    product = products.hyp3(folder / "good")
    name = product.name
    parameters = (product / f"{name}.txt").read_text()

    def read(path: Path) -> object:
        opened = open_product(path)
        layers = line_of_sight(opened, products.GRID)
        heights = np.zeros((products.GRID.rows + 2, products.GRID.cols + 2))
        return ingest(opened, products.PAIR, products.GRID), with_layover(layers, heights, products.GRID, path)

    def packed(title: str, members: dict[str, bytes]) -> Path:
        """The product as a zip, with other members."""
        path = folder / f"{title.replace(' ', '_').replace('/', '_')}.zip"
        with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
            for one in sorted(product.iterdir()):
                archive.writestr(f"{name}/{one.name}", members.pop(one.name, one.read_bytes()))
            for inside, content in members.items():
                archive.writestr(inside, content)
        return path

    good = packed("good", {})
    for title, entry in {
        "a baseline of nan": ("Baseline: ", "Baseline: nan\nX: "),
        "a baseline of 1e30": ("Baseline: ", "Baseline: 1e30\nX: "),
        "no baseline": ("Baseline: ", "X: "),
        "a heading of words": ("Heading: ", "Heading: north\nX: "),
        "a granule of another date": ("T111300", "T991300"),
    }.items():
        changed_text = parameters.replace(*entry).encode()
        path = packed(title, {f"{name}.txt": changed_text})
        yield title + ("?" if "heading" in title else ""), partial(read, path)
    yield "parameters of 5 MB", partial(read, packed("large", {f"{name}.txt": b"a: b\n" * (1 << 20)}))
    yield "phase that is a VRT", partial(read, packed("vrt", {f"{name}_unw_phase.tif": VRT.encode()}))
    yield "phase that is empty", partial(read, packed("empty", {f"{name}_unw_phase.tif": b""}))
    yield "phase that is a bomb", partial(read, packed("bomb", {f"{name}_unw_phase.tif": bytes(80 << 20)}))
    yield "a path outside", partial(read, packed("outside", {"../../evil.tif": b"x"}))
    yield "two products", partial(read, packed("two", {"x/other_unw_phase.tif": b"x"}))
    for suffix, factor in {"unw_phase": 1e30, "corr": 100.0, "lv_theta": 0.01, "conncomp": 1.0}.items():
        with rasterio.open(product / f"{name}_{suffix}.tif") as one:
            values, profile = one.read().astype("float32") * np.float32(factor), one.profile | {"dtype": "float32"}
        if suffix == "conncomp":
            values += np.float32(1e6)
        path = folder / f"{suffix}.tif"
        with rasterio.open(path, "w", **profile) as two:
            two.write(values)
        yield f"{suffix} out of range", partial(read, packed(suffix, {f"{name}_{suffix}.tif": path.read_bytes()}))
    copied = shutil.copytree(product, folder / "piped" / name)
    (copied / f"{name}_corr.tif").unlink()
    pipe(copied / f"{name}_corr.tif")
    yield "a folder with a pipe", partial(read, copied)
    for title, text in ORDERS.items():
        marker = folder / f"{title.replace(' ', '_')}.product.json"
        marker.write_text(text)
        yield f"a description {title}", partial(open_stored, marker)
    for title, text in PLACED.items():
        record = folder / f"{title.replace(' ', '_')}.order.json"
        record.write_text(text)
        yield f"an order {title}", partial(read_placed, record)
    deep = folder / "deep.product.json"
    deep.write_text("[" * 100_000)
    yield "a description 100,000 deep", partial(open_stored, deep)
    data = good.read_bytes()
    for k, (title, content) in enumerate(damaged(data, 21, 7)):
        path = folder / f"damaged{k}.zip"
        path.write_bytes(content)
        yield f"the zip, {title}?", partial(read, path)
    for k, (title, content) in enumerate(changed(parameters, 16, 8)):
        yield f"parameters, {title}?", partial(read, packed(f"changed{k}", {f"{name}.txt": content}))

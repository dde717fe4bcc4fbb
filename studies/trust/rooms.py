"""Room on a disk from none to enough, in 128 steps, for every writer.

    python -m studies.trust.rooms --folder FOLDER       needs root: it mounts small file systems

On a file system in memory a file takes up all but the room of the step; then each writer writes. It
must write a file that can be read, or end in one coded line and leave nothing under its final name.
Writes rows of studies/records/trust.json.
"""

import argparse
import logging
import os
import re
import subprocess
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import geopandas as gpd
import h5py
import numpy as np
from PIL import Image
from shapely.geometry import box

from sarslide.catalog.scenes import ARCHIVE_COLUMNS
from sarslide.errors import SarslideError
from sarslide.grid import Lattice, RegionGrid
from sarslide.inventory import records, release
from sarslide.inventory.changes import LAYERS, InventoryState
from sarslide.io import arrays, raster, series, vector
from sarslide.io.atomic import atomic_folder
from sarslide.io.sidecar import read_json, write_json
from studies.trust import put, row

COMMAND = "python -m studies.trust.rooms --folder FOLDER"
STEPS, BLOCK = 128, 4096
GRID = RegionGrid(32647, 500_000, 3_200_000, 30, 300, 400)
RANDOM = np.random.default_rng(1)
FIELD = RANDOM.normal(size=GRID.shape).astype("float32")
SQUARES = gpd.GeoDataFrame(
    {"name": [f"slide {n}" for n in range(400)]},
    geometry=[box(500_000 + n, 3_200_000, 500_010 + n, 3_200_010 + n) for n in range(400)],
    crs=32647,
)
Writer = tuple[str, Callable[[Path], None], Callable[[Path], object]]


def writers() -> Iterator[Writer]:
    """Name of the file, what writes it, and what reads it whole."""
    yield "layer.tif", lambda path: raster.write(path, FIELD, GRID, "los_rate_mm_per_yr"), same_field
    yield "blocks.tif", by_blocks, lambda path: raster.read_all(path)
    yield "cog.tif", cog_by_blocks, same_field
    yield "vectors.gpkg", lambda path: vector.write_layers(path, {"a": SQUARES, "b": SQUARES}), both_layers
    yield (
        "table.parquet",
        lambda path: vector.write_parquet(path, SQUARES),
        lambda path: len(gpd.read_parquet(path)) == 400 or fail(),
    )
    yield "arrays.npz", lambda path: arrays.write_npz(path, {"a": FIELD}), lambda path: np.load(path)["a"].sum()
    yield "series.h5", write_series, read_series
    yield "sidecar.json", lambda path: write_json(path, {"values": FIELD[:20].tolist()}), read_json
    yield "weights.safetensors", write_weights, read_weights
    yield "history.csv", write_history, lambda path: path.read_text().splitlines()[999] or fail()
    yield "curves.png", write_figure, lambda path: Image.open(path).load()
    yield "coverage.csv", write_coverage, lambda path: path.read_text().endswith("\n") or fail()
    yield "folder", write_folder, lambda path: len(list(path.iterdir())) == 20 or fail()
    yield "releases", publish, read_release


def fail() -> None:
    raise AssertionError("not what was written")


def same_field(path: Path) -> None:
    np.testing.assert_array_equal(raster.read(path, GRID), FIELD)


def both_layers(path: Path) -> None:
    assert len(vector.read(path, "a")) == len(vector.read(path, "b")) == len(SQUARES)


def by_blocks(path: Path) -> None:
    lattice = Lattice.of(GRID)
    samples = (RANDOM.normal(size=(256, 256)) + 1j).astype("complex64")
    with raster.create(path, lattice, "gslc") as put_block:
        for start in range(0, min(1024, lattice.cols - 256), 256):
            put_block(slice(0, 256), slice(start, start + 256), samples, 1)


def cog_by_blocks(path: Path) -> None:
    with raster.create_cog(path, GRID, "los_rate_mm_per_yr") as put_block:
        for start in range(0, GRID.rows, 256):
            rows = slice(start, min(start + 256, GRID.rows))
            for first in range(0, GRID.cols, 256):
                cols = slice(first, min(first + 256, GRID.cols))
                put_block(rows, cols, FIELD[rows, cols], 1)


def write_series(path: Path) -> None:
    dates = ["20190101", "20190113", "20190125"]
    with series.create(path, GRID, dates) as put_block:
        put_block(slice(0, GRID.rows), slice(0, GRID.cols), np.stack([FIELD] * 3))


def read_series(path: Path) -> None:
    with h5py.File(path) as file:
        np.testing.assert_array_equal(file[series.VARIABLE][2], FIELD)


def write_weights(path: Path) -> None:
    from sarslide.models import networks, weights

    network, card = networks.load(weights.packaged("drs_unet_compact"))
    weights.save(path, network, card.model_dump(exclude_unset=True))


def read_weights(path: Path) -> None:
    from safetensors.torch import load_file

    load_file(path)


def write_history(path: Path) -> None:
    from sarslide.training.history import COLUMNS
    from sarslide.training.history import write_history as write

    write(path, [dict.fromkeys(COLUMNS, number) for number in range(1000)])


def write_figure(path: Path) -> None:
    from matplotlib.figure import Figure

    from sarslide.report.quicklooks import save

    figure = Figure(figsize=(4, 3))
    figure.subplots().imshow(FIELD)
    save(figure, path)


def write_coverage(path: Path) -> None:
    from sarslide.catalog import coverage

    blank = dict.fromkeys(ARCHIVE_COLUMNS, "") | {"stack": "A128", "burst_ids": "128_000001_IW1"}
    days = [blank | {"date": f"2019{1 + n // 28:02d}{1 + n % 28:02d}", "granule": f"g{n}"} for n in range(300)]
    coverage.write_matrix(path, days, "annotation")


def write_folder(path: Path) -> None:
    with atomic_folder(path) as folder:
        for number in range(20):
            (folder / f"{number}.bin").write_bytes(FIELD[:5].tobytes())


def publish(path: Path) -> None:
    inventory = InventoryState({layer: [] for layer in LAYERS}, [], 1)
    release.publish(
        path, "20190101-0123abcd", "", inventory, {"region": "a", "dates": {"A128": ["20190101"]}}, SQUARES.crs
    )


def read_release(path: Path) -> None:
    release.check(path / "20190101-0123abcd")
    assert len(records.index(path)) == 1


@contextmanager
def disk(place: Path, size: int) -> Iterator[Path]:
    """A file system in memory of so many bytes."""
    place.mkdir(parents=True, exist_ok=True)
    subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", str(place)], check=True)
    try:
        yield place
    finally:
        subprocess.run(["umount", "--lazy", str(place)], check=True)


def needed(writer: Writer, place: Path) -> int:
    """Bytes that a writer needs, a little more."""
    name, write, _ = writer
    with disk(place, 256 << 20) as folder:
        write(folder / "out" / name)
        files = [path for path in folder.rglob("*") if path.is_file()]
        return 2 * sum(path.stat().st_size for path in files) + (64 << 10)


def step(writer: Writer, folder: Path, room: int) -> str:
    """What becomes of a writer with so much room."""
    name, write, read = writer
    out = folder / "out"
    out.mkdir()
    state = os.statvfs(folder)
    ballast = state.f_bavail * state.f_frsize - room
    with open(folder / "ballast", "wb") as stream:
        stream.truncate(0)
        os.posix_fallocate(stream.fileno(), 0, max(ballast, 1))
    try:
        write(out / name)
    except SarslideError as error:
        one = re.fullmatch(r"E\d{4} [^\n]+; cure: [^\n]+", str(error)) and str(folder) in str(error)
        return "refused" if one and whole(out) else f"WRONG: {error}, left {list(out.rglob('*'))}"
    except BaseException as error:
        return f"WRONG: {type(error).__name__}: {error}"
    try:
        read(out / name)
    except BaseException as error:
        return f"WRONG: unreadable, {type(error).__name__}: {error}"
    return "written"


def whole(out: Path) -> bool:
    """Whether nothing is left but a complete release, which a later run takes in."""
    folders = [path.parent for path in out.rglob("MANIFEST.json")]
    for folder in folders:
        release.check(folder)
    return all(path.parent in folders or path.name.startswith(".") for path in out.rglob("*") if path.is_file())


def tried(writer: Writer, place: Path) -> Counter[str]:
    """All steps of a writer."""
    enough = needed(writer, place)
    found: Counter[str] = Counter()
    for number in range(STEPS):
        room = enough * number // (STEPS - 1) // BLOCK * BLOCK
        with disk(place, enough + (8 << 20)) as folder:
            found[step(writer, folder, room)] += 1
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--folder", type=Path, required=True, help="an empty folder, on which they are mounted")
    chosen = parser.parse_args()
    logging.disable(logging.CRITICAL)
    total: Counter[str] = Counter()
    every = list(writers())
    for writer in every:
        found = tried(writer, chosen.folder.resolve())
        print(writer[0], dict(found), flush=True)
        total += found
    wrong = sum(count for result, count in total.items() if result.startswith("WRONG"))
    shown = f"{wrong} of {sum(total.values())} wrong; {total['written']} written and read, {total['refused']} refused by one line"
    put(
        [
            row(
                f"room on a disk from none to enough in {STEPS} steps, {len(every)} writers",
                shown,
                COMMAND,
                "0 wrong",
                wrong == 0,
            )
        ]
    )


if __name__ == "__main__":
    main()

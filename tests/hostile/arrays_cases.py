"""Hostile and broken scenes (npz) and time series (HDF5)."""

import io
import json
import pickle
import zipfile
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import h5py
import numpy as np

from sarslide.dataset import scenes
from sarslide.grid import RegionGrid
from sarslide.io import arrays, series
from tests.hostile.damaged import damaged
from tests.hostile.support import pipe

GRID = RegionGrid(32647, 515130, 3215640, 30, 20, 24)
CHANNELS = ("los_rate_mm_per_yr",)
DATES = ["20200101", "20200113", "20200125"]


class Ran:
    """Runs when it is unpickled."""

    def __reduce__(self) -> tuple[Callable, tuple[str, str]]:
        return open, ("ran", "w")


def scene(**changes: Any) -> dict[str, np.ndarray]:
    """Arrays of a good scene, with changes; None leaves one out."""
    meta = {"region": "valley", "stack": "A128", "grid": GRID.to_dict()}
    good: dict[str, Any] = {
        "los_rate_mm_per_yr": np.ones(GRID.shape, np.float32), "label": np.zeros(GRID.shape, np.uint8),
        "objects": np.zeros(GRID.shape, np.int32), "layover_shadow": np.zeros(GRID.shape, np.uint8),
        "meta": np.array(json.dumps(meta | changes.pop("about", {}))),
    }  # fmt: skip
    return {name: array for name, array in (good | changes).items() if array is not None}


def cases(folder: Path) -> Iterator[tuple[str, Callable[[], object]]]:
    """Name and call of each."""
    folder = folder / "arrays"
    folder.mkdir()
    yield from _scenes(folder)
    yield from _archives(folder)
    yield from _series(folder)


def _scenes(folder: Path) -> Iterator[tuple[str, Callable[[], object]]]:
    """Scenes that are no scenes."""
    half = np.ones((10, 24), np.float32)
    for k, (name, content) in enumerate({
        "no label": scene(label=None),
        "no meta": scene(meta=None),
        "meta that is no JSON": scene(meta=np.array("{")),
        "meta that is a list": scene(meta=np.array("[]")),
        "meta of numbers": scene(meta=np.arange(4)),
        "a region that is a path": scene(about={"region": "a b\nc"}),
        "a region that is a number": scene(about={"region": 7}),
        "a grid without cells": scene(about={"grid": GRID.to_dict() | {"rows": 0}}),
        "a grid of nothing": scene(about={"grid": GRID.to_dict() | {"cell_m": 0}}),
        "an infinite grid": scene(about={"grid": GRID.to_dict() | {"west": 1e999}}),
        "a grid of other keys": scene(about={"grid": {"x": 1}}),
        "a layer of another shape": scene(los_rate_mm_per_yr=half),
        "a layer of text": scene(los_rate_mm_per_yr=np.full(GRID.shape, "a")),
        "a label of 7": scene(label=np.full(GRID.shape, 7, np.uint8)),
        "a label of 256": scene(label=np.full(GRID.shape, 256)),
        "a label that is no number": scene(label=np.full(GRID.shape, np.nan)),
        "a label of another shape": scene(label=np.zeros((10, 24), np.uint8)),
        "objects in one line": scene(objects=np.zeros(480, np.int32)),
        "a number alone": scene(los_rate_mm_per_yr=np.float32(1)),
    }.items()):  # fmt: skip
        path = folder / f"s{k}.npz"
        arrays.write_npz(path, content)
        yield name, partial(scenes.load, path, CHANNELS)
    good = folder / "good.npz"
    arrays.write_npz(good, scene())
    for k, (name, data) in enumerate(damaged(good.read_bytes(), 35, 3)):
        path = folder / f"m{k}.npz"
        path.write_bytes(data)
        yield f"mutation: {name}?", partial(scenes.load, path, CHANNELS)


def _member(header: dict[str, Any], body: bytes = b"") -> bytes:
    """A `.npy` by its header."""
    stream = io.BytesIO()
    np.lib.format.write_array_header_1_0(stream, header)
    return stream.getvalue() + body


def _archives(folder: Path) -> Iterator[tuple[str, Callable[[], object]]]:
    """Zips that are no arrays."""
    real = {"descr": "<f4", "fortran_order": False}
    members = {
        "1e12 cells": _member(real | {"shape": (10**6, 10**6)}),
        "negative cells": _member(real | {"shape": (-4, -4)}),
        "fewer bytes than cells": _member(real | {"shape": (9, 9)}, b"12345678"),
        "more bytes than cells": _member(real | {"shape": (1,)}, b"12345678"),
        "objects that run": _member({"descr": "|O", "fortran_order": False, "shape": ()}, pickle.dumps(Ran())),
        "fields of objects": _member({"descr": [("a", "|O")], "fortran_order": False, "shape": (1,)}, bytes(8)),
        "cells of no bytes": _member({"descr": "|V0", "fortran_order": False, "shape": (10**15,)}),
        "text of 2 GB": _member({"descr": "<U500000000", "fortran_order": False, "shape": (1,)}),
        "a header that is code": b"\x93NUMPY\x01\x00\x40\x00" + b"open('ran', 'w')".ljust(63) + b"\n",
        "a header that nests": b"\x93NUMPY\x02\x00\x00\x10\x00\x00" + b"(" * 4096,
        "another version": b"\x93NUMPY\x09\x00\x10\x00" + bytes(100),
        "no array": b"words",
        "nothing": b"",
    }
    for k, (name, member) in enumerate(members.items()):
        path = folder / f"a{k}.npz"
        with zipfile.ZipFile(path, "w") as archive:
            archive.writestr("label.npy", member)
        yield name, partial(scenes.load, path, CHANNELS)
    with (
        zipfile.ZipFile(folder / "bomb.npz", "w", zipfile.ZIP_DEFLATED) as archive,
        archive.open("a.npy", "w") as stream,
    ):
        for _ in range(300):
            stream.write(bytes(1 << 20))
    yield "300 MB in a small zip", partial(scenes.load, folder / "bomb.npz", CHANNELS)
    (folder / "pickle.npz").write_bytes(pickle.dumps(Ran()))
    (folder / "empty.npz").write_bytes(b"")
    for name in ("pickle.npz", "empty.npz", "absent.npz"):
        yield name, partial(scenes.load, folder / name, CHANNELS)
    yield "a pipe", partial(scenes.load, pipe(folder / "pipe.npz"), CHANNELS)
    yield "an address", partial(scenes.load, "http://127.0.0.1:9/a.npz", CHANNELS)


def stored(path: Path) -> Path:
    """A good series file."""
    with series.create(path, GRID, DATES) as put:
        put(slice(0, 20), slice(0, 24), np.ones((3, 20, 24), np.float32))
    return path


def _series(folder: Path) -> Iterator[tuple[str, Callable[[], object]]]:
    """Series files that ask for others, or are none."""
    (folder / "secret.bin").write_bytes(b"s3cret-w0rd" * 1000)
    other = stored(folder / "other.nc")
    shape = (3, 20, 24)

    def external(file: h5py.File) -> None:
        file.create_dataset(series.VARIABLE, shape, np.float32, external=[(str(folder / "secret.bin"), 0, 5760)])

    def virtual(file: h5py.File) -> None:
        layout = h5py.VirtualLayout(shape, np.float32)
        layout[:] = h5py.VirtualSource(str(other), series.VARIABLE, shape)
        file.create_virtual_dataset(series.VARIABLE, layout)

    changes: dict[str, Callable[[h5py.File], object]] = {
        "cells in another file": lambda file: file.__setitem__(
            series.VARIABLE, h5py.ExternalLink(other, series.VARIABLE)
        ),
        "cells by a soft link": lambda file: file.__setitem__(series.VARIABLE, h5py.SoftLink("/time")),
        "cells in a file of bytes": external,
        "virtual cells": virtual,
        "a group": lambda file: file.create_group(series.VARIABLE),
        "another type": lambda file: file.create_dataset(series.VARIABLE, shape, np.float64),
        "text": lambda file: file.create_dataset(series.VARIABLE, data=np.full(shape, b"a")),
        "another number of dates": lambda file: file.create_dataset(series.VARIABLE, (4, 20, 24), np.float32),
        "two dimensions": lambda file: file.create_dataset(series.VARIABLE, (3, 20), np.float32),
        "1e6 x 1e6 cells": lambda file: file.create_dataset(
            series.VARIABLE, (3, 10**6, 10**6), np.float32, chunks=(3, 64, 64)
        ),
        "chunks of 3 GB": lambda file: file.create_dataset(
            series.VARIABLE, (3, 20000, 20000), np.float32, chunks=(3, 16000, 16000)
        ),
        "none": lambda file: None,
    }
    for k, (name, change) in enumerate(changes.items()):
        path = stored(folder / f"h{k}.nc")
        with h5py.File(path, "r+") as file:
            about = dict(file[series.VARIABLE].attrs)
            del file[series.VARIABLE]
            change(file)
            if series.VARIABLE in file and isinstance(file[series.VARIABLE], h5py.Dataset):
                file[series.VARIABLE].attrs.update({key: about[key] for key in ("long_name", "units")})
        yield name, partial(series.read, path)
    for k, (name, units) in enumerate(
        {"no day": "days since yesterday", "a number": 7, "month 13": "days since 2020-13-01"}.items()
    ):
        path = stored(folder / f"u{k}.nc")
        with h5py.File(path, "r+") as file:
            file["time"].attrs["units"] = units
        yield f"a time of {name}", partial(series.read, path)
    path = stored(folder / "days.nc")
    with h5py.File(path, "r+") as file:
        file["time"][:] = 2**31 - 1
    yield "a day in 5,000,000 years", partial(series.read, path)
    data = other.read_bytes()
    heap = data.index(b"GCOL")
    (folder / "heap.nc").write_bytes(data[: heap + 16] + bytes(512) + data[heap + 528 :])
    yield "texts in a heap that is zeroed", partial(series.read, folder / "heap.nc")
    (folder / "words.nc").write_bytes(b"no series")
    for place in (
        folder / "words.nc",
        folder / "absent.nc",
        folder,
        pipe(folder / "pipe.nc"),
        "http://127.0.0.1:9/a.nc",
    ):
        yield str(place)[-9:], partial(series.read, place)
    for k, (name, data) in enumerate(damaged(other.read_bytes(), 42, 4, 6000)):
        path = folder / f"hm{k}.nc"
        path.write_bytes(data)
        yield f"mutation of a series: {name}?", partial(series.read, path)

"""HDF5 files from elsewhere, and what the HDF5 library does not check of a damaged one."""

import mmap
import struct
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np

from sarslide.io.bounded import Coded, plain_file, shown

FORMAT_VERSION = 1
HEAP, HEAP_HEAD, ENTRY_HEAD = b"GCOL\x01\0\0\0", 16, 16
MAX_CHUNK_BYTES = 256 << 20  # of a layer, which are read as a whole
MAX_DEPTH = 8  # of groups


@contextmanager
def opened(path: str | Path, error: Coded, cure: str, heap_bytes: int = 0) -> Iterator[Any]:
    """A file from elsewhere, open to be read; what the library makes of damage is one coded line.

    Parameters
    ----------
    path : str or Path
        The file.
    error : type
        Class of the error.
    cure : str
        Its cure.
    heap_bytes : int
        As the `limit` of `check_heaps`.

    Yields
    ------
    h5py.File
        The file.

    Raises
    ------
    SarslideError
        Of class `error`, for what is no file, is damaged, or is no HDF5.
    """
    import h5py

    plain_file(path, error, cure)
    check_heaps(path, error, cure, heap_bytes)
    try:
        with h5py.File(path, "r") as file:
            yield file
    except (OSError, RuntimeError, KeyError, ValueError, TypeError) as problem:
        raise error(f"{path}: cannot be read ({shown(problem)})", cure) from problem


def dataset(path: str | Path, file: Any, name: str, error: Coded, cure: str) -> Any:
    """A dataset that lies in the file itself, with chunks that can be held.

    Parameters
    ----------
    path : str or Path
        The file.
    file : h5py.File
        The file, open.
    name : str
        Of the dataset.
    error : type
        Class of the error.
    cure : str
        Its cure.

    Returns
    -------
    h5py.Dataset
        The dataset.

    Raises
    ------
    SarslideError
        Of class `error`, for one that is missing, lies elsewhere, or has too large chunks.
    """
    import h5py

    if not inside(file, name):
        raise error(f"{path}: has no {shown(name)}", cure)
    layer = file[name]
    if not isinstance(layer, h5py.Dataset) or layer.external or layer.is_virtual or layer.shape is None:
        raise error(f"{path}: {shown(name)} does not lie in the file", cure)
    if np.prod(layer.chunks or (1,), dtype=float) * layer.dtype.itemsize > MAX_CHUNK_BYTES:
        raise error(f"{path}: {shown(name)} has chunks of {layer.chunks}, too many to be read", cure)
    return layer


def datasets(path: str | Path, file: Any, most: int, error: Coded, cure: str) -> list[str]:
    """Names of all that hangs in the file by its own links and is no group.

    Parameters
    ----------
    path : str or Path
        The file.
    file : h5py.File
        The file, open.
    most : int
        Names, groups included, that a file may have.
    error : type
        Class of the error.
    cure : str
        Its cure.

    Returns
    -------
    list of str
        Paths within the file.

    Raises
    ------
    SarslideError
        Of class `error`, for more names, or groups within more than `MAX_DEPTH` groups.
    """
    import h5py

    found, groups, seen = [], [("", file)], 0
    while groups:
        at, group = groups.pop()
        for name in group:
            seen += 1
            if seen > most or at.count("/") >= MAX_DEPTH:
                raise error(f"{path}: has more than {most} names, or more than {MAX_DEPTH} groups in each other", cure)
            if not isinstance(group.get(name, getlink=True), h5py.HardLink):
                continue
            if group.get(name, getclass=True) is h5py.Group:
                groups.append((f"{at}{name}/", group[name]))
            else:
                found.append(f"{at}{name}")
    return found


def inside(file: Any, name: str) -> bool:
    """Whether an object of this name hangs in the file by its own links, none to other files.

    Parameters
    ----------
    file : h5py.File
        The file, open.
    name : str
        Of the object.

    Returns
    -------
    bool
        Whether it does.
    """
    import h5py

    parts = name.split("/")
    whole = ("/".join(parts[: k + 1]) for k in range(len(parts)))
    return all(isinstance(file.get(part, getlink=True), h5py.HardLink) for part in whole)


def check_heaps(path: str | Path, error: Coded, cure: str, limit: int = 0) -> None:
    """Check that heaps, where texts lie, have an end: the library loops for ever in a zeroed one.

    Parameters
    ----------
    path : str or Path
        An HDF5 file.
    error : type
        Class of the error.
    cure : str
        Its cure.
    limit : int
        Look at so many bytes from the beginning; 0: at all.

    Raises
    ------
    SarslideError
        Of class `error`, for a heap with an entry of no size, or one beyond its end.
    """
    with open(path, "rb") as stream:
        size = stream.seek(0, 2)
        if not size:
            return
        with mmap.mmap(stream.fileno(), min(size, limit or size), access=mmap.ACCESS_READ) as data:
            start = data.find(HEAP)
            while start >= 0:
                if not _ends(data, start):
                    raise error(f"{path}: is damaged at byte {start}", cure)
                start = data.find(HEAP, start + 1)


def _ends(data: mmap.mmap, start: int) -> bool:
    """Whether the entries of a heap, one behind the other, fill it."""
    if start + HEAP_HEAD > len(data):
        return True  # beyond what is looked at
    (size,) = struct.unpack_from("<Q", data, start + 8)
    place, end = start + HEAP_HEAD, start + size
    while place + ENTRY_HEAD <= min(end, len(data)):
        number, _, length = struct.unpack_from("<HHxxxxQ", data, place)
        step = length if number == 0 else ENTRY_HEAD + -(-length // 8) * 8
        if step == 0 or place + step > end:
            return False
        place += step
    return True

"""What the HDF5 library does not check of a damaged file."""

import mmap
import struct
from pathlib import Path

from sarslide.io.bounded import Coded

FORMAT_VERSION = 1
HEAP, HEAP_HEAD, ENTRY_HEAD = b"GCOL\x01\0\0\0", 16, 16


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

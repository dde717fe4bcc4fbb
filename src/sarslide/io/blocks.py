"""The only iterators over strips and blocks of a raster, whose size is each caller's matter; and
what shows that blocks reached the disk.
"""

import errno
import zlib
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from pathlib import Path

import numpy as np

from sarslide.errors import SarslideError

FORMAT_VERSION = 1
Read = Callable[..., np.ndarray]


def strips(size: int, step: int) -> Iterator[slice]:
    """Consecutive slices that cover an axis once.

    Parameters
    ----------
    size : int
        Length of the axis.
    step : int
        Length of a slice; the last one is shorter where `step` does not divide `size`.

    Yields
    ------
    slice
        From start to stop, the first at 0, the last to `size`.
    """
    for start in range(0, size, step):
        yield slice(start, min(start + step, size))


def blocks(shape: tuple[int, int], height: int, width: int) -> Iterator[tuple[slice, slice]]:
    """Blocks that cover a raster once, from west to east, then from north to south.

    Parameters
    ----------
    shape : tuple of int
        Rows and columns of the raster.
    height, width : int
        Rows and columns of a block; the last ones are smaller where these do not divide `shape`.

    Yields
    ------
    tuple of slice
        Rows and columns of a block.
    """
    for rows in strips(shape[0], height):
        for cols in strips(shape[1], width):
            yield rows, cols


class Checksums:
    """Checksums of the blocks of a file that is written block by block."""

    def __init__(self) -> None:
        self._sums: dict[tuple[tuple[int, int], ...], int] = {}

    def add(self, block: np.ndarray, *place: slice) -> None:
        """Keep the checksum of a block.

        Parameters
        ----------
        block : array
            What is written.
        *place : slice
            Where; no block overlaps another, the same place may be written again.
        """
        self._sums[tuple((part.start, part.stop) for part in place)] = _checksum(block)

    def compare(self, path: Path, opened: Callable[[Path], AbstractContextManager[Read]]) -> None:
        """Check that every block can be read back.

        Parameters
        ----------
        path : Path
            The file.
        opened : callable
            Opens it, as a context manager that gives `read(*place)`.

        Raises
        ------
        OSError
            Where one cannot, or reads otherwise: the disk has lost it.
        """
        try:
            with opened(path) as read:
                lost = any(
                    _checksum(read(*(slice(*part) for part in place))) != wanted for place, wanted in self._sums.items()
                )
        except SarslideError as error:
            raise OSError(errno.EIO, error.problem, str(path)) from error
        if lost:
            raise OSError(errno.EIO, "a block that was written reads otherwise", str(path))


def _checksum(block: np.ndarray) -> int:
    return zlib.crc32(np.ascontiguousarray(block).data)

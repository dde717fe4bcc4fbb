"""Samples of bursts, read where they are stored, in folders and in zips."""

import math
import re
import warnings
from collections import OrderedDict
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import numpy as np
from rasterio.errors import NotGeoreferencedWarning, RasterioError
from rasterio.io import DatasetReader
from rasterio.windows import Window

from sarslide.errors import SafeError
from sarslide.io import raster
from sarslide.io.blocks import strips
from sarslide.io.bounded import plain_file
from sarslide.io.zip import check_member
from sarslide.sentinel1.burst import Burst
from sarslide.sentinel1.product import COPY_AGAIN

ZIPPED = re.compile(r"/vsizip/\{(.+)\}/(.+)", re.DOTALL)  # as `product.gdal_path` builds it
SAMPLES = "complex_int16"
MAX_BLOCK = 1 << 24  # samples that must be read at once; ESA writes single lines
BURSTS_HELD = 8  # whole bursts of a zip in memory, 150 MB each at full width
LINES_AT_ONCE = 128


class SampleReader:
    """Reads windows of bursts; to be used as a context manager, which closes the files.

    A zip gives its bytes only in order: of its members a burst is read once, as a whole, and the
    last BURSTS_HELD are kept.
    """

    def __init__(self) -> None:
        self._open = ExitStack()
        self._sources: dict[str, DatasetReader] = {}
        self._held: OrderedDict[tuple[str, int], np.ndarray] = OrderedDict()

    def __enter__(self) -> "SampleReader":
        return self

    def __exit__(self, *error: object) -> None:
        self._held.clear()
        self._open.close()

    def check(self, burst: Burst) -> None:
        """Check that the raster of a burst holds the samples of its annotation, to the last line.

        Parameters
        ----------
        burst : Burst
            The burst.

        Raises
        ------
        SafeError
            Unless it does.
        """
        wanted = burst.raster_lines, burst.samples
        with _named(burst.raster):
            source = self._source(burst.raster)
            if source.shape != wanted:
                raise SafeError(
                    f"{_shown(burst.raster)}: has {source.shape} lines and samples, its annotation {wanted}", COPY_AGAIN
                )
            if not ZIPPED.fullmatch(burst.raster):  # a member of a zip has been read to its end
                source.read(1, window=Window(0, wanted[0] - 1, wanted[1], 1))

    def read(self, burst: Burst, lines: slice, samples: slice) -> np.ndarray:
        """Samples of a burst.

        Parameters
        ----------
        burst : Burst
            The burst.
        lines, samples : slice
            The window; it may reach beyond the burst.

        Returns
        -------
        (lines, samples) array of complex64
            0 beyond the burst's lines and samples.

        Raises
        ------
        SafeError
            For a broken file.
        """
        out = np.zeros((lines.stop - lines.start, samples.stop - samples.start), np.complex64)
        top, left = max(lines.start, 0), max(samples.start, 0)
        bottom, right = min(lines.stop, burst.lines), min(samples.stop, burst.samples)
        inner = out[top - lines.start : bottom - lines.start, left - samples.start : right - samples.start]
        if ZIPPED.fullmatch(burst.raster):
            inner[:] = self._whole(burst)[top:bottom, left:right, :].astype(np.float32).view(np.complex64)[..., 0]
        else:
            inner[:] = self._rows(burst, top, bottom, left, right)
        return out

    def _whole(self, burst: Burst) -> np.ndarray:
        """All samples of a burst, real and imaginary parts, (lines, samples, 2), in integers."""
        key = burst.raster, burst.row_offset
        if key not in self._held:
            while len(self._held) >= BURSTS_HELD:
                self._held.popitem(last=False)
            whole = np.empty((burst.lines, burst.samples, 2), np.int16)
            for lines in strips(burst.lines, LINES_AT_ONCE):
                part = self._rows(burst, lines.start, lines.stop, 0, burst.samples)
                whole[lines] = part.view(np.float32).reshape(*part.shape, 2)
            self._held[key] = whole
        self._held.move_to_end(key)
        return self._held[key]

    def _rows(self, burst: Burst, top: int, bottom: int, left: int, right: int) -> np.ndarray:
        window = Window(left, burst.row_offset + top, right - left, bottom - top)
        with _named(burst.raster):
            return self._source(burst.raster).read(1, window=window)

    def _source(self, path: str) -> DatasetReader:
        if path not in self._sources:
            self._sources[path] = self._open.enter_context(measurement(path))
        return self._sources[path]


@contextmanager
def measurement(path: str | Path) -> Iterator[DatasetReader]:
    """An open measurement: a TIFF of complex integers, that of a zip whole by its checksum.

    Nothing beside it is looked at: GDAL takes neither another format nor the files that name this
    one.

    Parameters
    ----------
    path : str or Path
        The file, or what `product.gdal_path` gives for a member of a zip.

    Yields
    ------
    rasterio.io.DatasetReader
        The open file.

    Raises
    ------
    SafeError
        For anything else, and for every failure to read.
    """
    path = str(path)
    if member := ZIPPED.fullmatch(path):
        check_member(member[1], member[2], SafeError, COPY_AGAIN)
    else:
        plain_file(path, SafeError, COPY_AGAIN)
    with _named(path), raster.dataset(path) as source:
        if source.dtypes != (SAMPLES,):
            held = f"{source.count} bands of {source.dtypes[0]}"
            raise SafeError(f"{_shown(path)}: holds {held}, not samples of an SLC ({SAMPLES})", COPY_AGAIN)
        if math.prod(source.block_shapes[0]) > MAX_BLOCK:
            raise SafeError(f"{_shown(path)}: can be read in blocks of {source.block_shapes[0]} only", COPY_AGAIN)
        yield source


@contextmanager
def _named(path: str) -> Iterator[None]:
    """Whatever fails is a SafeError that names the file."""
    try:
        with warnings.catch_warnings():
            # Samples lie in radar geometry: they have no transform.
            warnings.simplefilter("ignore", NotGeoreferencedWarning)
            yield
    except RasterioError as error:
        raise SafeError(
            f"{_shown(path)}: truncated or unreadable ({str(error).splitlines()[0]})", COPY_AGAIN
        ) from error


def _shown(path: str) -> str:
    """A measurement as messages name it, that of a zip as if it lay in a folder."""
    return ZIPPED.sub(r"\1/\2", path)

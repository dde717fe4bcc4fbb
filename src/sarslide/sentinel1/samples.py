"""Samples of bursts, read where they are stored."""

import warnings
from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np
import rasterio
from rasterio.errors import NotGeoreferencedWarning, RasterioError
from rasterio.windows import Window

from sarslide.errors import SafeError
from sarslide.sentinel1.burst import Burst
from sarslide.sentinel1.product import COPY_AGAIN


def check_measurement(burst: Burst) -> None:
    """SafeError unless the raster of a burst holds the samples of its annotation, to the last line."""
    wanted = burst.raster_lines, burst.samples
    with _opened(burst.raster) as source:
        if source.shape != wanted:
            raise SafeError(
                f"{burst.raster}: has {source.shape} lines and samples, its annotation {wanted}", COPY_AGAIN
            )
        source.read(1, window=Window(0, wanted[0] - 1, wanted[1], 1))


def read_samples(burst: Burst, lines: slice, samples: slice) -> np.ndarray:
    """Samples of a burst, complex64; what lies beyond its lines and samples is 0. Raises SafeError for a truncated file."""
    out = np.zeros((lines.stop - lines.start, samples.stop - samples.start), np.complex64)
    top, left = max(lines.start, 0), max(samples.start, 0)
    bottom, right = min(lines.stop, burst.lines), min(samples.stop, burst.samples)
    inner = out[top - lines.start : bottom - lines.start, left - samples.start : right - samples.start]
    with _opened(burst.raster) as source:
        inner[:] = source.read(1, window=Window(left, burst.row_offset + top, right - left, bottom - top))
    return out


@contextmanager
def _opened(path: str) -> Iterator[rasterio.DatasetReader]:
    """An open measurement; whatever fails is a SafeError that names the file."""
    try:
        with warnings.catch_warnings():
            # Samples lie in radar geometry: they have no transform.
            warnings.simplefilter("ignore", NotGeoreferencedWarning)
            with rasterio.open(path) as source:
                yield source
    except RasterioError as error:
        raise SafeError(f"{path}: truncated or unreadable ({str(error).splitlines()[0]})", COPY_AGAIN) from error

"""The only reader and writer of `.npz` files."""

import io
import math
import tokenize
import zipfile
import zlib
from pathlib import Path

import numpy as np

from sarslide.io.atomic import atomic_file
from sarslide.io.bounded import Coded, plain_file, shown
from sarslide.io.raster import most_bytes

FORMAT_VERSION = 1
# What a damaged zip raises, and numpy on a header that is no literal.
BROKEN = (
    *(OSError, EOFError, ValueError, RuntimeError, NotImplementedError, zipfile.BadZipFile, zlib.error),
    *(SyntaxError, tokenize.TokenError),
)
KINDS = "biufcSU"  # of cells; an object could be anything


def write_npz(path: str | Path, arrays: dict[str, np.ndarray]) -> None:
    """Write a compressed `.npz` whose bytes depend on the arrays alone.

    Time stamps are fixed, and entries lie in the order of their names.

    Parameters
    ----------
    path : str or Path
        The file.
    arrays : dict
        Arrays by name.
    """
    with atomic_file(path) as temporary, zipfile.ZipFile(temporary, "w") as archive:
        for name in sorted(arrays):
            content = io.BytesIO()
            np.lib.format.write_array(content, np.asarray(arrays[name], order="C"), allow_pickle=False)
            entry = zipfile.ZipInfo(f"{name}.npy", date_time=(1980, 1, 1, 0, 0, 0))
            entry.compress_type = zipfile.ZIP_DEFLATED
            archive.writestr(entry, content.getvalue(), compresslevel=3)


def read_npz(path: str | Path, error: Coded, cure: str) -> dict[str, np.ndarray]:
    """The arrays of a `.npz`.

    Parameters
    ----------
    path : str or Path
        The file.
    error : type
        Class of the error.
    cure : str
        Its cure.

    Returns
    -------
    dict
        Arrays by name.

    Raises
    ------
    SarslideError
        Of class `error`, for what is no plain file, no `.npz` of arrays of numbers and text, is
        damaged, or would take more memory than a file of its size may.
    """
    plain_file(path, error, cure)
    try:
        with zipfile.ZipFile(path) as archive:
            members = archive.infolist()
            names = [info.filename.removesuffix(".npy") for info in members]
            if sum(info.file_size for info in members) > most_bytes(path):
                raise ValueError("its arrays are more than a file of its size holds")
            if len(set(names)) != len(names):
                raise ValueError("two arrays of one name")
            return {name: _array(archive.read(info)) for name, info in zip(names, members, strict=True)}
    except BROKEN as failure:
        raise error(f"{path}: cannot be read ({shown(failure)})", cure) from None


def _array(content: bytes) -> np.ndarray:
    """An array from the bytes of a `.npy`, which are as many as its header states."""
    stream = io.BytesIO(content)
    version = np.lib.format.read_magic(stream)
    header = {(1, 0): np.lib.format.read_array_header_1_0, (2, 0): np.lib.format.read_array_header_2_0}
    if version not in header:
        raise ValueError(f"version {version} of .npy")
    shape, fortran, dtype = header[version](stream)
    if dtype.kind not in KINDS or math.prod(shape) * dtype.itemsize != len(content) - stream.tell():
        raise ValueError(f"{dtype} of {shape} in {len(content)} bytes")
    flat = np.frombuffer(content, dtype, offset=stream.tell()) if dtype.itemsize else np.zeros(shape, dtype).ravel()
    return flat.reshape(shape, order="F" if fortran else "C").copy()

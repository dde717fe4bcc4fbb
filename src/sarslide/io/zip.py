"""Zips from elsewhere, read in place: nothing outside the zip's folder, no bomb, no truncation."""

import io
import stat
import struct
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path, PurePosixPath
from typing import IO

from sarslide.errors import DownloadError
from sarslide.io.bounded import MAX_BYTES, MAX_PATH, Coded, plain_file, shown

MAX_MEMBERS = 1000
MAX_MEMBER_BYTES = 4 << 30
MAX_TOTAL_BYTES = 16 << 30
MAX_RATIO = 100  # of large members: samples reach 2, rasters with much that is no data 30, bombs 1032
AT_ONCE = 1 << 20  # bytes read in one piece; the directory of MAX_MEMBERS has a tenth of it
METHODS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)  # what GDAL reads, too
# What reading a broken zip raises: its directory, a member cut short, a damaged stream, numbers and
# names that are none, a password or a method that is asked for.
BROKEN = (OSError, EOFError, zipfile.BadZipFile, zlib.error, struct.error, ValueError, RuntimeError)
AGAIN = "delete it and run again to download it again"
NO_PRODUCT = "this is no product; check where it comes from"


class _InPieces(io.BufferedReader):
    """A file of which nobody reads much at once: a directory of gigabytes ends in an error."""

    def read(self, size: int | None = -1, /) -> bytes:
        """At most AT_ONCE bytes; more is refused."""
        content = super().read(AT_ONCE + 1 if size is None or size < 0 else min(size, AT_ONCE + 1))
        if len(content) > AT_ONCE:
            raise OSError("its directory is too large")
        return content


@contextmanager
def _opened(path: str | Path, error: Coded, cure: str, what: str = "is no complete zip") -> Iterator[zipfile.ZipFile]:
    """The zip; whatever fails is one line that names it."""
    plain_file(path, error, cure)
    try:
        with _InPieces(io.FileIO(path)) as stream, zipfile.ZipFile(stream) as archive:
            yield archive
    except (KeyError, *BROKEN) as failure:
        raise error(f"{path}: {what} ({shown(failure)})", cure) from failure


def check_archive(
    path: str | Path, deep: bool = False, error: Coded = DownloadError, cure: str = AGAIN
) -> tuple[str, ...]:
    """Names of the files in a zip that may be trusted.

    Parameters
    ----------
    path : str or Path
        The zip.
    deep : bool
        Read everything against the zip's checksums.
    error : type
        Class of the error.
    cure : str
        Its cure.

    Returns
    -------
    tuple of str
        Sorted.

    Raises
    ------
    SarslideError
        Of class `error`, for a zip that is truncated or corrupt, that names paths outside of it,
        holds links, encrypted members, two of one name or such as GDAL cannot read, or promises
        more files or bytes than a product has.
    """
    with _opened(path, error, cure) as archive:
        members = [info for info in archive.infolist() if not info.is_dir()]
        if problem := _problem(members):
            raise error(f"{path}: {problem}", NO_PRODUCT)
        if deep and (broken := archive.testzip()):
            raise error(f"{path}: {shown(broken, MAX_PATH)} does not have its checksum", cure)
    return tuple(sorted(info.filename for info in members))


def _problem(members: list[zipfile.ZipInfo]) -> str:
    """Why these are not the files of a product; empty if they may be."""
    if len(members) > MAX_MEMBERS or len({info.filename for info in members}) != len(members):
        return f"holds {len(members)} files, {len({info.filename for info in members})} names"
    if sum(info.file_size for info in members) > MAX_TOTAL_BYTES:
        return f"would unpack to more than {MAX_TOTAL_BYTES >> 30} GiB"
    for info in members:
        name = PurePosixPath(info.filename.replace("\\", "/"))
        if name.is_absolute() or ".." in name.parts or ":" in info.filename.partition("/")[0]:
            return f"names a path outside of it, {shown(info.filename, MAX_PATH)}"
        if stat.S_ISLNK(info.external_attr >> 16):
            return f"holds a link, {shown(info.filename, MAX_PATH)}"
        if info.flag_bits & 1:
            return f"{shown(info.filename, MAX_PATH)} is encrypted"
        if info.compress_type not in METHODS:
            return f"{shown(info.filename, MAX_PATH)} is compressed by method {info.compress_type}, not by deflate"
        if not 0 <= info.file_size <= min(MAX_MEMBER_BYTES, max(MAX_RATIO * info.compress_size, MAX_BYTES)):
            return f"{shown(info.filename, MAX_PATH)} would unpack from {info.compress_size} to {info.file_size} bytes"
    return ""


def check_member(path: str | Path, member: str, error: Coded = DownloadError, cure: str = AGAIN) -> None:
    """Check one member of a checked zip against its checksum, to the last byte.

    Parameters
    ----------
    path : str or Path
        The zip.
    member : str
        Its name in the zip.
    error : type
        Class of the error.
    cure : str
        Its cure.

    Raises
    ------
    SarslideError
        Of class `error`, for a member that is damaged.
    """
    with opened_member(path, member, error, cure) as stream:
        while stream.read(AT_ONCE):
            pass


def member_bytes(
    path: str | Path, member: str, limit: int = MAX_BYTES, error: Coded = DownloadError, cure: str = AGAIN
) -> bytes:
    """Bytes of one member of a checked zip.

    Parameters
    ----------
    path : str or Path
        The zip.
    member : str
        Its name in the zip.
    limit : int
        Bytes that it may have.
    error : type
        Class of the error.
    cure : str
        Its cure.

    Returns
    -------
    bytes
        Its content.

    Raises
    ------
    SarslideError
        Of class `error`, where they cannot be read or are more.
    """
    content = bytearray()
    with opened_member(path, member, error, cure) as stream:
        while part := stream.read(AT_ONCE):
            content += part
            if len(content) > limit:
                raise ValueError(f"more than {limit >> 20} MiB")
    return bytes(content)


@contextmanager
def opened_member(
    path: str | Path, member: str, error: Coded = DownloadError, cure: str = AGAIN
) -> Iterator[IO[bytes]]:
    """One member of a checked zip, open to be read piece by piece.

    Parameters
    ----------
    path : str or Path
        The zip.
    member : str
        Its name in the zip.
    error : type
        Class of the error.
    cure : str
        Its cure.

    Yields
    ------
    binary stream
        Its content.

    Raises
    ------
    SarslideError
        Of class `error`, where it cannot be read.
    """
    with (
        _opened(path, error, cure, f"{shown(member, MAX_PATH)} cannot be read") as archive,
        archive.open(member) as stream,
    ):
        yield stream

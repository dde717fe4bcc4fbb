"""Zips from elsewhere, read in place: nothing outside the zip's folder, no bomb, no truncation."""

import stat
import zipfile
import zlib
from pathlib import Path, PurePosixPath

from sarslide.errors import DownloadError

MAX_MEMBERS = 1000
MAX_MEMBER_BYTES = 4 << 30
MAX_TOTAL_BYTES = 16 << 30
MAX_RATIO = 1000  # deflate reaches 1032 on a constant; above that only bombs lie
# What reading a broken zip raises: its directory, a member cut short, a damaged stream, a method
# that is not known.
BROKEN = (OSError, EOFError, zipfile.BadZipFile, zlib.error, NotImplementedError)
AGAIN = "delete it and run again to download it again"


def check_archive(path: str | Path, deep: bool = False) -> tuple[str, ...]:
    """Names of the files in a zip that may be trusted.

    Parameters
    ----------
    path : str or Path
        The zip.
    deep : bool
        Read everything against the zip's checksums.

    Returns
    -------
    tuple of str
        Sorted.

    Raises
    ------
    DownloadError
        For a zip that is truncated or corrupt, that names paths outside of it, holds links or
        encrypted members, or promises more files or bytes than a product has.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            members = [info for info in archive.infolist() if not info.is_dir()]
            _check(path, members)
            if deep and (broken := archive.testzip()):
                raise DownloadError(f"{path}: {broken} does not have its checksum", AGAIN)
    except BROKEN as error:
        problem = "does not exist" if not Path(path).exists() else f"is no complete zip ({error})"
        raise DownloadError(f"{path}: {problem}", AGAIN) from error
    return tuple(sorted(info.filename for info in members))


def _check(path: str | Path, members: list[zipfile.ZipInfo]) -> None:
    problem = ""
    names = [info.filename for info in members]
    if len(members) > MAX_MEMBERS or len(set(names)) != len(names):
        problem = f"holds {len(members)} files, {len(set(names))} names"
    elif sum(info.file_size for info in members) > MAX_TOTAL_BYTES:
        problem = f"would unpack to more than {MAX_TOTAL_BYTES >> 30} GiB"
    for info in members:
        name = PurePosixPath(info.filename.replace("\\", "/"))
        if name.is_absolute() or ".." in name.parts or ":" in info.filename.partition("/")[0]:
            problem = f"names a path outside of it, {info.filename}"
        elif stat.S_ISLNK(info.external_attr >> 16):
            problem = f"holds a link, {info.filename}"
        elif info.flag_bits & 1:
            problem = f"{info.filename} is encrypted"
        elif info.file_size > MAX_MEMBER_BYTES or info.file_size > MAX_RATIO * max(info.compress_size, 1024):
            problem = f"{info.filename} would unpack from {info.compress_size} to {info.file_size} bytes"
    if problem:
        raise DownloadError(f"{path}: {problem}", "this is no product; check where it comes from")


def member_bytes(path: str | Path, member: str) -> bytes:
    """Bytes of one member, never more than the zip's directory states.

    Parameters
    ----------
    path : str or Path
        The zip.
    member : str
        Its name in the zip.

    Returns
    -------
    bytes
        Its content.

    Raises
    ------
    DownloadError
        Where they cannot be read.
    """
    try:
        with zipfile.ZipFile(path) as archive, archive.open(member) as stream:
            return stream.read(archive.getinfo(member).file_size)
    except (KeyError, *BROKEN) as error:
        raise DownloadError(f"{path}: {member} cannot be read ({error})", AGAIN) from error

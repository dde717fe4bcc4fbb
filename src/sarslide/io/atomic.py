"""The only writers that part finished files from unfinished ones: another name, then a rename.

What stands under its final name is complete, on the disk, and has been read back once, whatever
ended the process that wrote it: a signal, a full disk, a power loss. A job of a run that is no
longer the newest renames nothing (`io.fence`).
"""

import errno
import hashlib
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from sarslide.errors import OutputError, SarslideError
from sarslide.io import fence, hashes
from sarslide.io.fence import remove

FORMAT_VERSION = 1
FREE = "free space, or take another disk with --directory; then run again"
OPEN = "give a writable results folder, for example with --directory"
# What a file system answers that takes no more, and the cure.
REFUSALS = {
    errno.ENOSPC: ("no space left on the disk", FREE),
    errno.EDQUOT: ("the disk quota is used up", FREE),
    errno.EFBIG: ("the file would be larger than this file system or `ulimit -f` allows", FREE),
    errno.EROFS: ("the file system is read-only", OPEN),
    errno.EIO: ("the disk reports an input/output error", "check the disk; then run again"),
}
NOT_WRITABLE = (errno.EACCES, errno.EPERM, errno.ENOTDIR, errno.EEXIST, errno.ENAMETOOLONG)
PROBE = bytes(1 << 20)


@contextmanager
def atomic_file(path: str | Path, readable: Callable[[Path], object] | None = None) -> Iterator[Path]:
    """A temporary path beside `path`, renamed to `path` on success and removed on failure.

    Parameters
    ----------
    path : str or Path
        Final name of the file. Its folder is made where there is none.
    readable : callable, optional
        Reads the file back before it gets its name, and raises where it is not whole: for formats
        whose libraries lose what the disk answered.

    Yields
    ------
    Path
        Where to write, with the suffix of `path`.

    Raises
    ------
    OutputError
        When the folder cannot be written, or the disk takes no more.
    LockError
        When a newer run has begun.
    """
    path = Path(path)
    temporary = fence.unfinished(path)
    with written(path, temporary):
        check_writable(path.parent)
        path.parent.mkdir(parents=True, exist_ok=True)
        yield temporary
        if readable:
            readable(temporary)
        digest = _settled(temporary)
        rename(temporary, path)
        hashes.remember(path, digest)


@contextmanager
def atomic_folder(path: str | Path) -> Iterator[Path]:
    """A temporary folder beside `path`, renamed to it on success, and removed on failure.

    Parameters
    ----------
    path : str or Path
        Final name of the folder; one that is there is replaced.

    Yields
    ------
    Path
        The empty folder to write into.

    Raises
    ------
    OutputError
        When the folder above cannot be written, or the disk takes no more.
    LockError
        When a newer run has begun.
    """
    path = Path(path)
    temporary = fence.unfinished(path)
    with written(path, temporary):
        check_writable(path.parent)
        remove(temporary)
        temporary.mkdir(parents=True)
        yield temporary
        for place, _, names in os.walk(temporary):
            for name in names:
                with open(Path(place) / name, "rb") as stream:  # may be a link to one that is read-only
                    os.fsync(stream.fileno())
            _sync(Path(place))
        fence.check()
        remove(path)
        rename(temporary, path)


def rename(source: Path, target: Path) -> None:
    """Give a complete file or folder its final name, for good.

    Parameters
    ----------
    source, target : Path
        On one file system.

    Raises
    ------
    LockError
        When a newer run has begun.
    OSError
        When it cannot be renamed.
    """
    fence.check()
    try:
        os.replace(source, target)
    except FileNotFoundError:
        fence.check()  # a run that begins removes the unfinished files of those before it
        raise
    _sync(target.parent)


@contextmanager
def written(path: Path, temporary: Path) -> Iterator[None]:
    """One coded line for all that a file system refuses, and no unfinished file after a failure.

    Parameters
    ----------
    path : Path
        What is written, for the message.
    temporary : Path
        Where; removed with what lies beside it under the same beginning.

    Yields
    ------
    None
        Around the writing.

    Raises
    ------
    OutputError
        Where the disk is full, read-only, not writable or broken.
    """
    try:
        with refusals_of(path, lambda: _probe(temporary)):
            yield
    except BaseException:
        # What finishes leaves nothing; to look for it would list a folder of thousands each time.
        for left in (temporary, *_beside(temporary)):  # journals of SQLite, masks and overviews of GDAL
            remove(left)
        raise


@contextmanager
def refusals_of(path: Path, probe: Callable[[], OSError | None] = lambda: None) -> Iterator[None]:
    """One coded line for all that a file system refuses.

    Parameters
    ----------
    path : Path
        What is written, for the message.
    probe : callable
        What the file system answers now, for libraries that lose its answer.

    Yields
    ------
    None
        Around the writing.

    Raises
    ------
    OutputError
        Where the disk is full, read-only, not writable or broken.
    """
    try:
        yield
    except SarslideError:
        raise
    except Exception as error:
        if (refusal := _refusal(error, path, probe)) is None:
            raise
        raise refusal from error


def check_writable(folder: str | Path) -> None:
    """Check that `folder`, or the nearest folder above it that exists, can be written.

    Parameters
    ----------
    folder : str or Path
        Folder that is to be written into; it need not exist.

    Raises
    ------
    OutputError
        When it is not a folder or not writable.
    """
    folder = Path(folder).absolute()
    nearest = next(path for path in (folder, *folder.parents) if path.exists())
    if not nearest.is_dir() or not os.access(nearest, os.W_OK | os.X_OK):
        problem = "is not a folder" if not nearest.is_dir() else "is not writable"
        raise OutputError(f"{nearest}: {problem}", OPEN)


def _settled(path: Path) -> str:
    """Hash of a file that is on the disk, read back from there."""
    digest = hashlib.sha256()
    with open(path, "rb") as stream:
        os.fsync(stream.fileno())
        while chunk := stream.read(1 << 20):
            digest.update(chunk)
        if stream.tell() != path.stat().st_size:
            raise OSError(errno.EIO, "not all of it can be read back", str(path))
    return digest.hexdigest()


def _sync(folder: Path) -> None:
    """Make the names in a folder last, where its file system can."""
    with suppress(OSError):
        handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)


def _beside(temporary: Path) -> list[Path]:
    try:
        return [path for path in temporary.parent.iterdir() if path.name.startswith(temporary.name)]
    except OSError:
        return []


def _refusal(error: Exception, path: Path, probe: Callable[[], OSError | None]) -> OutputError | None:
    """What the file system has refused, if that is why `error` was raised."""
    found = error if isinstance(error, OSError) else None
    if not (found and found.errno in REFUSALS) or found.errno == errno.EIO:  # a lost block: on a full disk, perhaps
        found = probe() or found
    if found is None:
        return None
    if found.errno in REFUSALS:
        problem, cure = REFUSALS[found.errno]
        return OutputError(f"{path}: cannot be written, {problem}", cure)
    ours = str(found.filename or "").startswith(str(path.parent))
    if found.errno in NOT_WRITABLE and ours:
        return OutputError(f"{path}: cannot be written ({found.strerror})", OPEN)
    return None


def _probe(temporary: Path) -> OSError | None:
    place = temporary / "probe" if temporary.is_dir() else temporary
    try:
        with open(place, "ab") as stream:
            stream.write(PROBE)
            stream.flush()
            os.fsync(stream.fileno())
    except OSError as refused:
        return refused
    return None

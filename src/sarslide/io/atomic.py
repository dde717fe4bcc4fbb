"""The only writers that part finished files from unfinished ones: a temporary name, then a rename.

A file or folder under its final name is therefore complete, whatever ended the process that wrote
it.
"""

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sarslide.errors import OutputError

FORMAT_VERSION = 1


@contextmanager
def atomic_file(path: str | Path) -> Iterator[Path]:
    """A temporary path beside `path`, renamed to `path` on success and removed on failure.

    Parameters
    ----------
    path : str or Path
        Final name of the file. Its folder is made where there is none.

    Yields
    ------
    Path
        Where to write, with the suffix of `path`.

    Raises
    ------
    OutputError
        When the folder cannot be written.
    """
    path = Path(path)
    temporary = path.with_name(f".{path.stem}.{os.getpid()}.part{path.suffix}")
    check_writable(path.parent)
    path.parent.mkdir(parents=True, exist_ok=True)
    try:
        yield temporary
        os.replace(temporary, path)
    finally:
        temporary.unlink(missing_ok=True)


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
        When the folder above cannot be written.
    """
    path = Path(path)
    temporary = path.with_name(f".{path.name}.{os.getpid()}.part")
    check_writable(path.parent)
    shutil.rmtree(temporary, ignore_errors=True)
    temporary.mkdir(parents=True)
    try:
        yield temporary
        shutil.rmtree(path, ignore_errors=True)
        os.replace(temporary, path)
    finally:
        shutil.rmtree(temporary, ignore_errors=True)


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
        raise OutputError(f"{nearest}: {problem}", "give a writable results folder, for example with --directory")

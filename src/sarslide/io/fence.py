"""Only the newest run of a working folder changes its files: jobs that an earlier run left behind
cannot.

A run writes its name into `RECORD` before its first job and then removes the unfinished files of
earlier runs. Its jobs inherit the name in the environment. Each finished file gets its final name
only while the record still holds that name; the unfinished file of a job that looked at the record
a moment too early is gone by then, so that its rename fails. This needs no lock, and holds for jobs
on other machines. On one machine it is known at once: a job holds a shared lock as long as it, or a
program that it has started, lives, and a run begins only when it can have that lock alone.
"""

import fcntl
import os
import re
import secrets
import shutil
from contextlib import suppress
from pathlib import Path

from sarslide.errors import LockError, OutputError

FORMAT_VERSION = 1
RECORD, JOBS = ".sarslide.run", ".sarslide.jobs"
VARIABLE = "SARSLIDE_RUN"
PLACES = ("results", "resources")  # where jobs write, in the working folder
_UNFINISHED = re.compile(r"\..+\.([0-9a-f]{8})\.\d+\.part(\..+)?")
_held: list[int] = []  # the lock of this process, which its children inherit where they are given it
_folder = Path()  # the working folder, once this process has begun a run or joined one


def begin(folder: Path = Path()) -> None:
    """Begin a run: from here on no job of an earlier one changes a file.

    Parameters
    ----------
    folder : Path
        Working folder.

    Raises
    ------
    LockError
        Where a job or another run works there on this machine.
    OutputError
        Where the folder cannot be written.
    """
    global _folder
    lock = _open(folder)
    try:
        _alone(folder, lock)
    except LockError:
        os.close(lock)
        raise
    _folder = folder.absolute()
    name = secrets.token_hex(4)
    _write(folder / RECORD, name)
    os.environ[VARIABLE] = name
    for place in PLACES:
        _sweep(folder / place, name)
    _share(lock)


def refuse_jobs(folder: Path) -> None:
    """Check that no job works in a folder on this machine.

    Parameters
    ----------
    folder : Path
        Working folder.

    Raises
    ------
    LockError
        Where one does, with its process id.
    """
    if (folder / RECORD).exists():
        lock = _open(folder)
        try:
            _alone(folder, lock)
        finally:
            os.close(lock)


def join() -> None:
    """Hold the jobs' lock of the working folder as long as this process lives.

    Raises
    ------
    LockError
        Where a newer run has begun.
    """
    global _folder
    if not Path(RECORD).is_file():  # no run: a script started by hand, or files in remote storage
        return
    _folder = Path.cwd()
    _share(_open(_folder))
    os.environ.setdefault(VARIABLE, _read(_folder / RECORD))
    check()


def inherited() -> tuple[int, ...]:
    """Open files that programs must inherit which write for this job.

    Returns
    -------
    tuple of int
        File descriptors.
    """
    return tuple(_held)


def check() -> None:
    """Check that the run which asked for this job is still the newest.

    Raises
    ------
    LockError
        Where a newer one has begun.
    """
    asked, record = os.environ.get(VARIABLE), _folder / RECORD
    if asked and record.is_file() and _read(record) != asked:
        raise LockError(
            f"{_folder}: a newer run has begun, this job of an earlier one changes nothing",
            "nothing is lost: the newer run makes what it needs",
        )


def unfinished(path: Path) -> Path:
    """Where a file or folder is written before it has its name.

    Parameters
    ----------
    path : Path
        Its final name.

    Returns
    -------
    Path
        A hidden name beside it, with its suffix.
    """
    name = os.environ.get(VARIABLE, "0" * 8)
    return path.with_name(f".{path.stem}.{name}.{os.getpid()}.part{path.suffix}")


def remove(path: Path) -> None:
    """Remove a file or folder, if it is there and can be removed.

    Parameters
    ----------
    path : Path
        The file or folder.
    """
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path, ignore_errors=True)
    else:
        with suppress(OSError):
            path.unlink(missing_ok=True)


def _open(folder: Path) -> int:
    try:
        return os.open(folder / JOBS, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o666)
    except OSError as error:
        raise OutputError(f"{folder / JOBS}: cannot be written ({error.strerror})", "free or open the folder") from None


def _alone(folder: Path, lock: int) -> None:
    free = True
    with suppress(OSError):  # a file system without locks: the record alone holds
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            free = False
    # A job that starts has no lock for its first second.
    working = jobs_in(folder)
    if working or not free:
        raise LockError(
            f"{folder.resolve()}: a job of an earlier or another run works here "
            f"(process {', '.join(map(str, working)) or 'of another user'})",
            "wait for its end, or end it with `kill`; then run again",
        )


def _share(lock: int) -> None:
    with suppress(OSError):
        fcntl.flock(lock, fcntl.LOCK_SH)
    _held.append(lock)


def jobs_in(folder: Path) -> list[int]:
    """Live processes of jobs in a folder on this machine.

    Parameters
    ----------
    folder : Path
        Working folder.

    Returns
    -------
    list of int
        Process ids of scripts that Snakemake started there.
    """
    working = processes_in(folder).items()
    return [pid for pid, line in working if any("/.snakemake/scripts/" in f"/{part}" for part in line)]


def processes_in(folder: Path) -> dict[int, list[str]]:
    """Live processes on this machine whose working folder it is.

    Parameters
    ----------
    folder : Path
        Working folder.

    Returns
    -------
    dict of int to list of str
        Command line by process id; empty where the process has ended meanwhile, or is another
        user's.
    """
    import psutil  # of runs, not of jobs

    here = str(folder.resolve())
    found = (process for process in psutil.process_iter(["cmdline", "cwd"]) if process.info["cwd"] == here)
    return {process.pid: process.info["cmdline"] or [] for process in found}


def _read(record: Path) -> str:
    return record.read_text(errors="replace").strip()


def _write(record: Path, name: str) -> None:
    # In place, not by a rename: on a network file system whoever opens it then reads the new name.
    try:
        with open(record, "w") as stream:
            stream.write(name)
            stream.flush()
            os.fsync(stream.fileno())
    except OSError as error:
        raise OutputError(f"{record}: cannot be written ({error.strerror})", "free or open the folder") from None


def _sweep(folder: Path, name: str) -> None:
    """Remove the unfinished files and folders of earlier runs."""
    for place, folders, files in os.walk(folder):
        for entry in [*files, *folders]:
            found = _UNFINISHED.fullmatch(entry)
            if found and found[1] != name:
                remove(Path(place) / entry)
        folders[:] = [entry for entry in folders if not entry.startswith(".")]

"""One run at a time in a working folder: the lock that `make demo` and `make resume` take, too."""

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sarslide.errors import LockError, OutputError
from sarslide.io import fence

NAME = ".sarslide.lock"
WAIT = "wait for its end"


@contextmanager
def held(folder: Path) -> Iterator[int]:
    """Hold the folder's lock, where no job of an earlier run works there.

    The system lets go of the lock when the last process that has it open has ended, however it
    ended: nothing is ever stale.

    Parameters
    ----------
    folder : Path
        Working folder.

    Yields
    ------
    int
        File descriptor of the lock, for children to inherit.

    Raises
    ------
    LockError
        Where another process has the lock, or a job works there.
    OutputError
        Where the folder cannot be written.
    """
    path = folder / NAME
    try:
        path.touch()
    except OSError as error:
        raise OutputError(f"{path}: cannot be written ({error.strerror})", "free or open the folder") from None
    with open(path, "a") as stream:
        try:
            fcntl.flock(stream, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise LockError(f"another run holds {path}", WAIT) from None
        fence.refuse_jobs(folder)
        yield stream.fileno()


def refuse_live(folder: Path) -> None:
    """Check that no Snakemake works in a folder on this machine.

    Parameters
    ----------
    folder : Path
        Working folder.

    Raises
    ------
    LockError
        Where one does, with its process ids.
    """
    if alive := live_snakemake(folder):
        raise LockError(f"snakemake {', '.join(map(str, alive))} works in {folder.resolve()}", WAIT)


def left_locked(folder: Path) -> bool:
    """Whether Snakemake's own lock lies in the folder: a run that is alive, or one that was killed.

    Parameters
    ----------
    folder : Path
        Working folder.

    Returns
    -------
    bool
        True where there is a lock.
    """
    locks = folder / ".snakemake" / "locks"
    return locks.is_dir() and any(locks.iterdir())


def live_snakemake(folder: Path) -> list[int]:
    """Live Snakemake processes in a folder on this machine, as one that was started by hand.

    Parameters
    ----------
    folder : Path
        Working folder.

    Returns
    -------
    list of int
        Process ids.
    """
    working = fence.processes_in(folder).items()
    return [pid for pid, line in working if any(Path(part).name == "snakemake" for part in line[:4])]

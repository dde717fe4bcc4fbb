"""No more connections at a time than an archive allows, over all jobs of a machine."""

import fcntl
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

WAIT_S = 0.2


@contextmanager
def connection(folder: str | Path, limit: int) -> Iterator[int]:
    """One of some connections, awaited; the jobs that share a folder share them.

    A job that dies gives its own back.

    Parameters
    ----------
    folder : str or Path
        Holds a lock a connection.
    limit : int
        How many there are.

    Yields
    ------
    int
        Number of the connection, from 0 on.
    """
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    while True:
        for number in range(limit):
            with open(folder / f".connection.{number}", "w") as slot:
                try:
                    fcntl.flock(slot, fcntl.LOCK_EX | fcntl.LOCK_NB)
                except OSError:
                    continue
                yield number
                return
        time.sleep(WAIT_S)

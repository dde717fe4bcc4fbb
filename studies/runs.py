"""Commands of `sarslide` that studies run."""

import os
import subprocess
import sys
from pathlib import Path

from studies.structure.records import REPOSITORY

PACKAGES = os.pathsep.join([str(REPOSITORY / "src"), str(REPOSITORY)])


def sarslide(folder: Path, name: str, *words: str) -> None:
    """Run a command of this checkout's `sarslide`, one thread a job.

    Parameters
    ----------
    folder : Path
        Working folder.
    name : str
        Its output goes to FOLDER/NAME.log.
    *words : str
        The command and its arguments.

    Raises
    ------
    SystemExit
        Where it fails, with the end of the log.
    """
    log = folder / f"{name}.log"
    with log.open("w") as stream:
        done = subprocess.run(
            [sys.executable, "-m", "sarslide", *words],
            cwd=folder,
            stdout=stream,
            stderr=stream,
            env=os.environ | {"OMP_NUM_THREADS": "1", "PYTHONPATH": PACKAGES},
        )
    if done.returncode:
        raise SystemExit(f"{log}\n{log.read_text()[-2000:]}")

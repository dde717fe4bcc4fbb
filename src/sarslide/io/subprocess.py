"""Run an outside program: its output in a log, a time limit, one coded line when it fails."""

import os
import shlex
import shutil
import signal
import subprocess
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from sarslide.errors import ProcessorError
from sarslide.io import fence


def find(program: str, what: str, cure: str) -> str:
    """Path of a program.

    Parameters
    ----------
    program : str
        Name on PATH, or a file; `~` and variables are expanded.
    what : str
        What needs it, for the message.
    cure : str
        Cure of the message.

    Returns
    -------
    str
        Path of the program.

    Raises
    ------
    ProcessorError
        Where there is none.
    """
    found = shutil.which(os.path.expanduser(os.path.expandvars(program)))
    if found is None:
        raise ProcessorError(f"{what}: '{program}' is not found", cure)
    return found


def last_words(log_path: Path, noise: Callable[[str], bool], lines: int = 3) -> str:
    """The last lines of a log that may tell what went wrong.

    Parameters
    ----------
    log_path : Path
        The log.
    noise : callable
        Whether a line is of no use.
    lines : int
        How many at most.

    Returns
    -------
    str
        Those that are neither empty nor noise, joined by ` | `.
    """
    found = [line.strip() for line in log_path.read_text(errors="replace").splitlines()]
    return " | ".join([line for line in found if line and not noise(line)][-lines:])


def run(
    command: Sequence[str],
    folder: Path,
    log_path: Path,
    limit_s: float,
    keys: str,
    environment: Mapping[str, str] | None = None,
    inherited: Sequence[int] = (),
    *,
    last: Callable[[Path], str],
    install: str = "install it again",
) -> None:
    """Run a command; its output is appended to a log, the time limit ends all that it started.

    Parameters
    ----------
    command : sequence of str
        Program and arguments.
    folder : Path
        Where it runs.
    log_path : Path
        The log.
    limit_s : float
        Time limit, s.
    keys : str
        Keys of the configuration that set the limit, for the message.
    environment : mapping, optional
        Of the program; None: ours.
    inherited : sequence of int
        Open files that all its processes keep.
    last : callable
        What of the log goes into the message of a failure.
    install : str
        Cure where it cannot start.

    Raises
    ------
    ProcessorError
        When it cannot start, fails, or is not done after `limit_s`; no process of it is left then.
    """
    log_path.parent.mkdir(parents=True, exist_ok=True)
    name = Path(command[0]).name
    with open(log_path, "a") as stream:
        stream.write(f"$ {shlex.join(command)}\n")
        stream.flush()
        try:
            process = subprocess.Popen(
                command, cwd=folder, env=environment, stdout=stream, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL,
                start_new_session=True, pass_fds=(*inherited, *fence.inherited()),
            )  # fmt: skip
        except OSError as error:
            raise ProcessorError(f"{name} cannot be started ({error.strerror})", install) from error
        try:
            code = process.wait(limit_s)
        except subprocess.TimeoutExpired:
            raise ProcessorError(
                f"{name} in {folder}: not done after {limit_s / 60:g} minutes", f"see {log_path}, or raise {keys}"
            ) from None
        finally:
            if process.poll() is None:
                os.killpg(process.pid, signal.SIGKILL)
                process.wait()
    if code:
        raise ProcessorError(f"{name} in {folder}: failed with status {code} ({last(log_path)})", f"see {log_path}")

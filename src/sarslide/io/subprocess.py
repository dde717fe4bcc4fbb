"""Run an outside program: its words in a log, a time limit that ends all that it started, one coded line when it fails."""

import os
import shlex
import shutil
import signal
import subprocess
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from sarslide.errors import ProcessorError


def find(program: str, what: str, cure: str) -> str:
    """Path of a program on PATH, or of the file named. ProcessorError where there is none."""
    found = shutil.which(os.path.expanduser(os.path.expandvars(program)))
    if found is None:
        raise ProcessorError(f"{what}: '{program}' is not found", cure)
    return found


def last_words(says: Path, noise: Callable[[str], bool], lines: int = 3) -> str:
    """The last lines of a log that may say what went wrong: those that are not empty and not `noise`."""
    said = [line.strip() for line in says.read_text(errors="replace").splitlines()]
    return " | ".join([line for line in said if line and not noise(line)][-lines:])


def run(
    command: Sequence[str],
    folder: Path,
    says: Path,
    limit_s: float,
    keys: str,
    environment: Mapping[str, str] | None = None,
    inherited: Sequence[int] = (),
    *,
    last: Callable[[Path], str],
    install: str = "install it again",
) -> None:
    """Run `command` in `folder`; what it prints is appended to `says`.

    keys: configuration of the limit, for the message. environment: of the program; None: ours. inherited: open files that all its
    processes keep. last: what of the log goes into the message of a failure. install: cure where it cannot start.
    Raises ProcessorError when it cannot start, fails, or is not done after `limit_s`; no process of it is left then.
    """
    says.parent.mkdir(parents=True, exist_ok=True)
    name = Path(command[0]).name
    with open(says, "a") as stream:
        stream.write(f"$ {shlex.join(command)}\n")
        stream.flush()
        try:
            process = subprocess.Popen(
                command, cwd=folder, env=environment, stdout=stream, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL,
                start_new_session=True, pass_fds=inherited,
            )  # fmt: skip
        except OSError as error:
            raise ProcessorError(f"{name} cannot be started ({error.strerror})", install) from error
        try:
            code = process.wait(limit_s)
        except subprocess.TimeoutExpired:
            raise ProcessorError(
                f"{name} in {folder}: not done after {limit_s / 60:g} minutes", f"see {says}, or raise {keys}"
            ) from None
        finally:
            if process.poll() is None:
                os.killpg(process.pid, signal.SIGKILL)
                process.wait()
    if code:
        raise ProcessorError(f"{name} in {folder}: failed with status {code} ({last(says)})", f"see {says}")

"""How a command starts Snakemake: the same workflow, targets and configuration as by hand."""

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from sarslide import exit_codes
from sarslide.config import Config, reading
from sarslide.errors import ConfigError, LockError
from sarslide.inventory import records
from sarslide.io import bounded_yaml
from sarslide.schedule import lock, snakemake_log
from sarslide.workflow import events, frame_size, verify
from sarslide.workflow.frame_run import INTERRUPTED
from sarslide.workflow.location import snakefile
from sarslide.workflow.migration import check_format

# What stands after `--` on the command line, for Snakemake: set once by `sarslide.cli.main`.
further: list[str] = []


@dataclass(frozen=True)
class Request:
    """A region, where and how it is run.

    Attributes
    ----------
    region : str
        Its name; empty for the one that config.yaml names.
    values : sequence of str
        Each `section.key=value`.
    files : sequence of str
        Configuration files, relative to `folder`.
    folder : Path
        Working folder.
    cores : str
        A number, or `all`.
    conda : bool
        Whether jobs run in conda environments.
    profile : str
        Workflow profile; empty for the default.
    """

    region: str = ""
    values: Sequence[str] = ()
    files: Sequence[str] = ()
    folder: Path = field(default_factory=Path)
    cores: str = "all"
    conda: bool = False
    profile: str = ""

    def config(self) -> Config:
        """The configuration; ConfigError where it is wrong."""
        return reading.read(self.folder, self.files, self._config_values())

    def machine_arguments(self) -> list[str]:
        """Arguments of Snakemake that say where jobs run."""
        made = ["--workflow-profile", self.profile] if self.profile else ["--cores", self.cores]
        return made + ["--use-conda"] * self.conda

    def config_arguments(self) -> list[str]:
        """`--configfile` and `--config` for Snakemake."""
        values = self._config_values()
        made = ["--configfile", *self.files] if self.files else []
        return made + (["--config", *values] if values else [])

    def _config_values(self) -> list[str]:
        """`key=value` as for `--config`; a section is one value."""
        region = [f"region={self.region}"] if self.region else []
        return region + [
            f"{name}={value if isinstance(value, str) else json.dumps(value)}"
            for name, value in nested(self.values).items()
        ]


def nested(values: Iterable[str]) -> dict[str, Any]:
    """Dotted keys as sections.

    Parameters
    ----------
    values : iterable of str
        Each `key=value` or `section.key=value`, the value in YAML.

    Returns
    -------
    dict of str to Any
        Of `rates.method=sbas`: `{"rates": {"method": "sbas"}}`.

    Raises
    ------
    ConfigError
        For what is not `key=value`, or no YAML.
    """
    made: dict[str, Any] = {}
    for one in values:
        key, equals, text = one.partition("=")
        *sections, leaf = key.split(".")
        if not equals or not all([*sections, leaf]):
            raise ConfigError(f"--set {one}: is not key=value", "write --set rates.method=sbas")
        place = made
        for section in sections:
            place = place.setdefault(section, {})
            if not isinstance(place, dict):
                raise ConfigError(f"--set {one}: {section} has a value already", "set each key once")
        # As Snakemake reads --config: numbers stay text, which the models turn into numbers.
        place[leaf] = bounded_yaml.parsed(text, f"--set {key}", ConfigError, "quote it", as_text=True) if text else None
    return made


@dataclass(frozen=True)
class LastRun:
    """What was begun last in a working folder.

    Attributes
    ----------
    region : str
        Its name; empty where nothing was.
    targets : tuple of str
        What it makes; empty: the final products.
    values : tuple of str
        Its `section.key=value`.
    """

    region: str = ""
    targets: tuple[str, ...] = ()
    values: tuple[str, ...] = ()


def snakemake(
    request: Request,
    *arguments: str,
    locked: bool = True,
    failure: int = exit_codes.FAILED,
    resumable: bool = False,
) -> int:
    """Run Snakemake in the terminal.

    Parameters
    ----------
    request : Request
        Region, where and how.
    *arguments : str
        Targets and options of this command.
    locked : bool, default True
        Whether it needs the working folder for itself.
    failure : int, default FAILED
        Exit code of what fails for another reason than the archive.
    resumable : bool, default False
        Whether `last_run` remembers these targets; it always remembers a run without any.

    Returns
    -------
    int
        Exit code.

    Raises
    ------
    ConfigError, FormatError
        For a wrong configuration or results of another version, before Snakemake is started.
    LockError
        Where another run works in the folder.
    """
    with session(request, arguments, locked, resumable or not arguments) as (held, record):
        code = call(request, list(arguments), held, record)
        return failure_code(code, events.read_events(record), failure)


@contextmanager
def session(
    request: Request, arguments: Sequence[str] = (), locked: bool = True, remembered: bool = True
) -> Iterator[tuple[list[int], Path]]:
    """Hold the working folder for one or more calls of Snakemake.

    Parameters
    ----------
    request : Request
        Region, where and how.
    arguments : sequence of str
        Targets and options, for `last_run`.
    locked : bool, default True
        Whether the calls need the working folder for themselves.
    remembered : bool, default True
        Whether `last_run` remembers the request.

    Yields
    ------
    list of int
        File descriptor of the lock, for `call`.
    Path
        File of events, for `call`.

    Raises
    ------
    ConfigError, FormatError
        For a wrong configuration or results of another version.
    LockError
        Where another run works in the folder.
    ReleaseError
        For a release that was changed.
    """
    config = request.config()
    check_format(request.folder / "results" / config.region)
    frame_size.check(request.folder / "results" / config.region, config)
    with ExitStack() as stack:
        held = [stack.enter_context(lock.held(request.folder))] if locked else []
        records.check_all(request.folder / "results" / config.region / "inventory")
        if locked:
            _refuse_interrupted(request.folder)
        if locked and remembered:
            last = {"region": config.region, "targets": list(arguments), "values": list(request.values)}
            (request.folder / lock.NAME).write_text(json.dumps(last))
        yield held, Path(stack.enter_context(tempfile.TemporaryDirectory())) / "events.jsonl"


def failure_code(code: int, happened: list[dict[str, Any]], failure: int = exit_codes.FAILED) -> int:
    """Exit code of a command.

    Parameters
    ----------
    code : int
        That of Snakemake.
    happened : list of dict
        Events of the run.
    failure : int, default FAILED
        For what fails for another reason than the archive.

    Returns
    -------
    int
        One of `exit_codes`.
    """
    if not code:
        return exit_codes.GOOD
    return exit_codes.UNREACHABLE if snakemake_log.archive_unreachable(happened, "") else failure


def last_run(folder: Path) -> LastRun:
    """The run or training that was begun last in a working folder.

    Parameters
    ----------
    folder : Path
        Working folder.

    Returns
    -------
    LastRun
        Of this command; an empty one where there was none.

    Raises
    ------
    LockError
        Where the record of it is damaged.
    """
    record = folder / lock.NAME
    text = record.read_text().strip() if record.is_file() else ""
    if not text.startswith("{"):  # a name, as version 0.1.0 wrote it
        return LastRun(text)
    try:
        last = json.loads(text)
        return LastRun(last["region"], tuple(last["targets"]), tuple(last["values"]))
    except (ValueError, KeyError, TypeError):
        raise LockError(f"{record}: does not hold what was begun last", "name the region") from None


def unlock(request: Request) -> None:
    """Take Snakemake's own lock of an interrupted run away, and what a power loss has damaged.

    Parameters
    ----------
    request : Request
        Region, where and how.

    Raises
    ------
    LockError
        Where another run works in the folder.
    """
    check_format(request.folder / "results" / request.config().region)
    with lock.held(request.folder) as held:
        lock.refuse_live(request.folder)
        if lock.left_locked(request.folder):
            for damaged in verify.set_recent_aside(request.folder):
                print(damaged, file=sys.stderr)
            call(request, ["--unlock", "--quiet", "all"], [held], None)


def _refuse_interrupted(folder: Path) -> None:
    if lock.left_locked(folder):
        raise LockError(
            f"{folder.resolve()}: a run was interrupted, or works here from another machine",
            "`sarslide resume` where none works here",
        )


def call(request: Request, arguments: Sequence[str], held: Sequence[int], record: Path | None) -> int:
    """Start Snakemake and wait for its end.

    Parameters
    ----------
    request : Request
        Region, where and how.
    arguments : sequence of str
        Targets and options of this call.
    held : sequence of int
        File descriptors that it inherits.
    record : Path or None
        File of events, which it adds to.

    Returns
    -------
    int
        Its exit code; `INTERRUPTED` where it failed after an interrupt from the terminal.
    """
    command = [sys.executable, "-m", "snakemake", "--snakefile", str(snakefile()), *arguments]
    command += [*request.machine_arguments(), *further, *request.config_arguments()]
    environment = os.environ | ({events.EVENTS_VARIABLE: str(record)} if record else {})
    process = subprocess.Popen(command, cwd=request.folder, pass_fds=held, env=environment)
    interrupted = False
    while True:
        try:
            code = process.wait()
            return INTERRUPTED if code and interrupted else code
        except KeyboardInterrupt:  # Snakemake got it from the terminal, too, and ends its jobs
            interrupted = True
        except BaseException:
            process.terminate()
            process.wait()
            raise

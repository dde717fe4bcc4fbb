"""Engine `isce2`: ISCE2's topsStack in its own processes, every date beside the pinned reference.

stackSentinel.py (H. Fattahi et al. 2017, doi:10.1109/TGRS.2016.2614925) writes the steps of a
two-date stack for each date: unpack, geo2rdr, resample, and for the reference unpack and topo, with
`--coregistration geometry`, so that nothing of a date depends on other dates than the reference.
Its later steps (valid region of the whole stack, merging, interferograms) are left out: a new date
would change their results for all others, and swaths of one burst break them. `isce2.regrid` takes
the bursts from here.

    work/{date}/            safes.txt, orbits/, configs/, run_files/ as topsStack writes them
    work/{date}/reference, geom_reference    of the reference date; links in the other folders
    work/{date}/secondarys/{date}, coreg_secondarys/{date}
"""

import fcntl
import logging
import os
import shlex
import shutil
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from sarslide.errors import ConfigError, ProcessorError
from sarslide.insar.isce2.plan import DatePlan
from sarslide.insar.isce2.product import IsceBurst, IsceSwath, read_swaths
from sarslide.io.bounded import text
from sarslide.io.subprocess import last_words, run

if TYPE_CHECKING:
    from sarslide.config import Config

log = logging.getLogger(__name__)

PREPARE, WRAPPER = "stackSentinel.py", "SentinelWrapper.py"
CURE = (
    "install ISCE2 (conda install -c conda-forge isce2) and put $ISCE_STACK/topsStack on PATH, its parent on PYTHONPATH, "
    "or run with --sdm conda; without ISCE2 set engine: native"
)
LOCK, WAIT_S = "run.lock", 5.0
MAX_TEXT_BYTES = 4 << 20  # of a run file
NO_OFFSET = -10000.0  # geo2rdr marks samples that a date does not see below this
NOISE = ("warning", "debug", "api open", "api close", "gdal open", "gdal close")


@dataclass(frozen=True)
class TopsStep:
    """One step of topsStack.

    Attributes
    ----------
    run_file : str
        Run file that holds its command (`run_NN_<run_file>`).
    function : str
        Function of its configuration where it has several.
    folder : str
        Folder below work/{date}, with {date}, that it fills.
    """

    run_file: str
    function: str
    folder: str


OF_REFERENCE = {
    "unpack": TopsStep("unpack_topo_reference", "Function-1", "reference"),
    "topo": TopsStep("unpack_topo_reference", "Function-2", "geom_reference"),
}
OF_SECONDARY = {
    "unpack": TopsStep("unpack_secondary_slc", "", "secondarys/{date}"),
    "geo2rdr": TopsStep("fullBurst_geo2rdr", "", "coreg_secondarys/{date}"),
    "resample": TopsStep("fullBurst_resample", "", "coreg_secondarys/{date}"),
}
STEPS = tuple(dict.fromkeys([*OF_REFERENCE, *OF_SECONDARY]))

# Bytes a sample of the rasters of a burst.
TOPO_RASTERS = {"lat": 8, "lon": 8, "hgt": 8, "los": 8, "shadowMask": 1}
OFFSETS = {"range": 4, "azimuth": 4}


def reference_date(stack: str, dates: Sequence[str], pinned: str | None) -> str:
    """The date that the others are brought to.

    Parameters
    ----------
    stack : str
        Name of the stack.
    dates : sequence of str
        Its dates.
    pinned : str or None
        Configured date.

    Returns
    -------
    str
        The pinned date, else the first of the stack; empty without dates.

    Raises
    ------
    ConfigError
        For a pinned date that is not of the stack.
    """
    if pinned is None:
        return dates[0] if dates else ""  # no acquisition: the check of the network reports it
    if pinned not in dates:
        raise ConfigError(
            f"isce2.reference.{stack} = {pinned} is not a date of the stack", f"choose one of {', '.join(dates)}"
        )
    return pinned


def steps_before(step: str, date: str, reference: str) -> list[tuple[str, str]]:
    """What must be done before a step: the one before it, and topo of the reference before geo2rdr.

    Parameters
    ----------
    step : str
        Name of the step.
    date : str
        Its date.
    reference : str
        Reference date.

    Returns
    -------
    list of tuple
        Date and marker of each.

    Raises
    ------
    ConfigError
        For a step that the date does not have.
    """
    steps = list(_steps(date, reference))
    if step not in steps:
        raise ConfigError(f"isce2: {date} has no step {step}", f"its steps are {', '.join(steps)}")
    before = [(date, (["prepare", *steps])[steps.index(step)])]
    return before + ([(reference, "topo")] if step == "geo2rdr" else [])


def last_step(date: str, reference: str) -> str:
    """Marker of a date whose samples lie on the reference grid.

    Parameters
    ----------
    date : str
        The date.
    reference : str
        Reference date.

    Returns
    -------
    str
        Path below the stack's work folder.
    """
    return f"{date}/{list(_steps(date, reference))[-1]}.json"


def commands() -> dict[str, Path]:
    """Paths of topsStack's commands: on PATH, below $ISCE_STACK, or where conda puts them.

    Returns
    -------
    dict of Path
        By command.

    Raises
    ------
    ProcessorError
        Where one is not found.
    """
    below = [os.environ.get("ISCE_STACK", ""), f"{sys.prefix}/share/isce2"]
    search = os.pathsep.join([os.environ.get("PATH", ""), *(f"{place}/topsStack" for place in below if place)])
    found = {name: shutil.which(name, path=search) for name in (PREPARE, WRAPPER)}
    absent = [name for name, path in found.items() if path is None]
    if absent:
        raise ProcessorError(f"engine isce2: {', '.join(absent)} not found", CURE)
    return {name: Path(path) for name, path in found.items() if path}


def programs(config: "Config") -> dict[str, Callable[[], str]]:
    """What finds the programs of the engine.

    Parameters
    ----------
    config : Config
        Configuration of the region.

    Returns
    -------
    dict of callable
        By name, what returns where they are or raises ProcessorError.
    """
    return {"isce2": lambda: f"topsStack: {', '.join(map(str, commands().values()))}"}


def environment() -> dict[str, str]:
    """The environment of the commands: topsStack can be imported, one thread by default.

    OMP_NUM_THREADS sets another number.

    Returns
    -------
    dict of str
        Variables.
    """
    stack = commands()[PREPARE].resolve().parent
    first = {"PATH": [str(stack)], "PYTHONPATH": [str(stack.parent), str(stack)]}
    joined = {name: os.pathsep.join([*parts, *filter(None, [os.environ.get(name)])]) for name, parts in first.items()}
    return os.environ | joined | {"OMP_NUM_THREADS": os.environ.get("OMP_NUM_THREADS", "1")}


def prepare(folder: Path, plan: DatePlan, dem: Path, log_path: Path, limit_s: float) -> None:
    """Fill a date's folder with what topsStack needs and let stackSentinel.py write its steps.

    What was there before is removed.

    Parameters
    ----------
    folder : Path
        work/{date}.
    plan : DatePlan
        What topsStack needs.
    dem : Path
        As `isce2.dem` writes it.
    log_path : Path
        Gets what the command prints.
    limit_s : float
        Longest time, s.

    Raises
    ------
    ProcessorError
        When the command fails, or for paths with blanks.
    """
    log_path.unlink(missing_ok=True)
    for path in (folder.resolve(), *(product.resolve() for product in plan.products)):
        if len(str(path).split()) > 1:
            raise ProcessorError(f"{path}: topsStack cannot read paths with blanks", "move the folder to one without")
    with _Locked(folder, limit_s) as lock:
        for old in folder.iterdir():
            if old.is_dir() and not old.is_symlink():
                shutil.rmtree(old)
            elif old.name != LOCK:
                old.unlink()
        (folder / "orbits").mkdir()
        for orbit in plan.orbits:
            (folder / "orbits" / orbit.name).symlink_to(orbit.resolve())
        # ISCE2 finds the heights by the name in the xml, from where it runs.
        for suffix in ("", ".xml", ".vrt"):
            (folder / f"{dem.name}{suffix}").symlink_to(dem.with_name(f"{dem.name}{suffix}").resolve())
        (folder / "safes.txt").write_text("".join(f"{product.resolve()}\n" for product in plan.products))
        if plan.aux is None:
            (folder / "aux").mkdir()
        command = [
            str(commands()[PREPARE]), "--slc_directory", "safes.txt", "--dem", dem.name,
            "--orbit_directory", "orbits", "--aux_directory", str(plan.aux or "aux"), "--working_directory", ".",
            "--coregistration", "geometry", "--workflow", "slc", "--polarization", plan.polarisation.lower(),
            "--reference_date", plan.reference, "--swath_num", " ".join(map(str, plan.swaths)),
            "--bbox", " ".join(f"{edge:.6f}" for edge in plan.box),
            "--include_dates", f"{plan.date},{plan.companion}",
        ]  # fmt: skip
        _run(command, folder, log_path, limit_s, lock)
        if plan.date != plan.reference:
            for name in ("reference", "geom_reference"):
                (folder / name).symlink_to(Path("..") / plan.reference / name)
    for step in _steps(plan.date, plan.reference).values():
        _commands_of(folder, step)


def run_step(name: str, folder: Path, date: str, reference: str, log_path: Path, limit_s: float) -> dict[str, int]:
    """Run one step of a date and check what it wrote.

    A step starts by removing what it wrote before, so that it can be repeated after any
    interruption.

    Parameters
    ----------
    name : str
        Name of the step.
    folder : Path
        work/{date}.
    date : str
        The date.
    reference : str
        Reference date.
    log_path : Path
        Gets what the commands print.
    limit_s : float
        Longest time, s.

    Returns
    -------
    dict of int
        Bytes of each file that was written, by its path below `folder`.

    Raises
    ------
    ProcessorError
        When it fails, exceeds `limit_s`, or leaves files that are missing, too short or void.
    """
    step = _steps(date, reference)[name]
    target = folder / step.folder.format(date=date)
    log_path.unlink(missing_ok=True)
    with _Locked(folder, limit_s) as lock:
        if name == "resample":
            for old in [*target.glob("IW*/burst_*"), *target.glob("IW*.xml*")]:
                old.unlink()
        else:
            shutil.rmtree(target, ignore_errors=True)
        for command in _commands_of(folder, step):
            _run(command, folder, log_path, limit_s, lock)
    try:
        written = _CHECKS[name](folder, target)
    except ProcessorError as error:
        raise ProcessorError(
            f"isce2 {name} of {date}: {error.problem} ({_last_words(log_path)})", f"see {log_path}"
        ) from None
    return {path.relative_to(folder).as_posix(): path.stat().st_size for path in written}


def _steps(date: str, reference: str) -> dict[str, TopsStep]:
    return OF_REFERENCE if date == reference else OF_SECONDARY


def _commands_of(folder: Path, step: TopsStep) -> list[list[str]]:
    files = sorted((folder / "run_files").glob(f"run_*_{step.run_file}"))
    lines = [line for file in files for line in text(file, ProcessorError, MAX_TEXT_BYTES).splitlines() if line.strip()]
    if not lines:
        raise ProcessorError(
            f"{folder}: topsStack wrote no run file {step.run_file}", f"see its log; {PREPARE} of ISCE2 2.6 is expected"
        )
    only = ["-s", step.function, "-e", step.function] if step.function else []
    return [[*shlex.split(line), *only] for line in lines]


class _Locked:
    """A lock on a date's folder that also the processes started in it hold.

    So a repeated step does not write where those of a killed run still do. It is waited for,
    `limit_s` seconds at most.
    """

    def __init__(self, folder: Path, limit_s: float):
        folder.mkdir(parents=True, exist_ok=True)
        self.folder, self.limit_s = folder, limit_s

    def __enter__(self) -> int:
        self.stream = open(self.folder / LOCK, "w")
        end = time.monotonic() + self.limit_s
        while True:
            try:
                fcntl.flock(self.stream, fcntl.LOCK_EX | fcntl.LOCK_NB)
                return self.stream.fileno()
            except OSError:
                if time.monotonic() > end:
                    self.stream.close()
                    raise ProcessorError(
                        f"{self.folder}: processes of an earlier run are still at work there",
                        "wait for them or end them, then run again",
                    ) from None
                log.info("%s: waiting for processes of an earlier run", self.folder)
                time.sleep(min(WAIT_S, self.limit_s))

    def __exit__(self, *_: object) -> None:
        self.stream.close()


def _run(command: list[str], folder: Path, log_path: Path, limit_s: float, lock: int) -> None:
    try:
        run(
            command, folder, log_path, limit_s, "isce2.step_limit_min",
            environment=environment(), inherited=[lock], last=_last_words, install=CURE,
        )  # fmt: skip
    except ProcessorError as error:
        if "No module named 'isce" in error.problem:
            raise ProcessorError(error.problem, CURE) from error
        raise


def _last_words(log_path: Path) -> str:
    return last_words(log_path, lambda line: any(noise in line.lower() for noise in NOISE))


def _check_unpacked(folder: Path, target: Path) -> list[Path]:
    swaths = read_swaths(target)
    if not swaths:
        raise ProcessorError("no burst of the wanted swaths covers the region", "")
    return [_file(target / swath.name / f"{burst.slc}.vrt", 1) for swath in swaths for burst in swath.bursts]


def _check_topo(folder: Path, target: Path) -> list[Path]:
    written = []
    for swath, burst in _bursts(read_swaths(folder / "reference")):
        files = {name: target / swath.name / f"{name}_{burst.number:02d}.rdr" for name in TOPO_RASTERS}
        written += [_file(path, burst.lines * burst.samples * TOPO_RASTERS[name]) for name, path in files.items()]
        for name in ("lat", "lon", "hgt"):
            _require_valid(files[name], burst, np.float64)
    return written


def _check_offsets(folder: Path, target: Path) -> list[Path]:
    written = []
    for swath, burst in _bursts(read_swaths(folder / "reference")):
        files = {name: target / swath.name / f"{name}_{burst.number:02d}.off" for name in OFFSETS}
        if not any(path.exists() for path in files.values()):
            continue  # a burst that this date does not have
        written += [_file(path, burst.lines * burst.samples * OFFSETS[name]) for name, path in files.items()]
        _require_valid(files["range"], burst, np.float32, above=NO_OFFSET)
    if not written:
        raise ProcessorError("no burst in common with the reference date", "")
    return written


def _check_resampled(folder: Path, target: Path) -> list[Path]:
    written = []
    for swath, burst in _bursts(read_swaths(folder / "reference")):
        if (target / swath.name / f"range_{burst.number:02d}.off").exists():
            path = _file(target / swath.name / burst.slc, burst.lines * burst.samples * 8)
            _file(path.with_name(f"{path.name}.vrt"), 1)
            _require_valid(path, burst, np.complex64, above=0)
            written.append(path)
    if not written:
        raise ProcessorError("no burst was resampled", "")
    return written


_CHECKS = {"unpack": _check_unpacked, "topo": _check_topo, "geo2rdr": _check_offsets, "resample": _check_resampled}


def _bursts(swaths: Sequence[IsceSwath]) -> list[tuple[IsceSwath, IsceBurst]]:
    return [(swath, burst) for swath in swaths for burst in swath.bursts]


def _file(path: Path, size: int) -> Path:
    """The file, which must have at least `size` bytes."""
    if not path.is_file():
        raise ProcessorError(f"{path} was not written", "")
    if path.stat().st_size < size:
        raise ProcessorError(f"{path} has {path.stat().st_size} bytes, {size} are expected", "")
    return path


def _require_valid(path: Path, burst: IsceBurst, dtype: type, above: float = -np.inf) -> None:
    """ProcessorError unless some sample of every 16th line is valid.

    Finite, with a (real) value or a (complex) magnitude `above`.
    """
    values = np.memmap(path, dtype, "r", shape=(burst.lines, burst.samples))[::16]
    size = np.abs(values) if np.iscomplexobj(values) else values
    if not (np.isfinite(size) & (size > above)).any():
        raise ProcessorError(f"{path} holds no valid sample", "")

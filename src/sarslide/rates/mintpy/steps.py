"""SBAS by MintPy (Yunjun et al. 2019, doi 10.1016/j.cageo.2019.104331), through its command line.

MintPy runs in its own process and is not imported: what it reads is written as HDF5 in its layout
(`files`), its steps are run one group at a time, each in a workplace of its own that holds links to
what earlier steps made, and only complete results leave the workplace. So a failing or killed step
leaves nothing behind, and a rerun goes on where the last one ended.
"""

import logging
import os
import re
import shutil
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from sarslide.errors import ProcessorError, RateError
from sarslide.io import subprocess as command

log = logging.getLogger(__name__)

PROGRAM = "smallbaselineApp.py"
STACK, GEOMETRY = "inputs/ifgramStack.h5", "inputs/geometryGeo.h5"
DEM_SUFFIX = "_demErr"  # of a time series without its DEM error
TOO_FEW_CELLS = "Not enough reliable pixels"  # what MintPy says of fewer than 100
WEIGHTS = {"none": "no", "var": "var", "coherence": "coh", "fim": "fim"}

# Nothing that plots, geocodes, uses the internet or changes what sarslide has decided already.
COMMON = {
    "mintpy.compute.cluster": "none",
    "mintpy.compute.maxMemory": "2",
    "mintpy.plot": "no",
    "mintpy.geocode": "no",
    "mintpy.save.kmz": "no",
    "mintpy.network.coherenceBased": "no",
    "mintpy.unwrapError.waterMaskFile": "no",
    "mintpy.networkInversion.waterMaskFile": "no",
    "mintpy.networkInversion.maskDataset": "no",
    "mintpy.networkInversion.shadowMask": "yes",
    "mintpy.reference.date": "no",
    "mintpy.timeFunc.excludeDate": "no",
}


@dataclass(frozen=True)
class MintpyStep:
    """A group of MintPy's steps that one job runs.

    Attributes
    ----------
    name : str
        Name of the group.
    first, last : str
        Its first and its last step, as MintPy names them.
    options : mapping of str to str
        Options of MintPy's template.
    reads, makes : tuple of str
        Files of the method's folder.
    """

    name: str
    first: str
    last: str
    options: Mapping[str, str]
    reads: tuple[str, ...] = field(default=())
    makes: tuple[str, ...] = field(default=())


def unwrap_error_options(unwrap_errors: str) -> dict[str, str]:
    """Options of MintPy's correction of unwrapping errors.

    Parameters
    ----------
    unwrap_errors : str
        none, bridging, phase_closure or both.

    Returns
    -------
    dict of str to str
        Options of its template.
    """
    return {"mintpy.unwrapError.method": "no" if unwrap_errors == "none" else unwrap_errors}


def plan(
    weighting: str,
    unwrap_errors: str,
    min_temporal_coherence: float,
    height_correlated: bool,
    era5: bool,
    plane: bool,
    dem_error: bool,
) -> list[MintpyStep]:
    """The steps after loading, each with the options that it depends on.

    So a change reruns only what follows it.

    Parameters
    ----------
    weighting : str
        As in `phase_variance.pair_weights`.
    unwrap_errors : str
        See `unwrap_error_options`.
    min_temporal_coherence : float
        Cells below it have no rate.
    height_correlated : bool
        Remove the atmosphere that follows height, per date (Doin et al. 2009).
    era5 : bool
        Remove the delays of a weather model instead.
    plane : bool
        Remove a ramp per date.
    dem_error : bool
        Estimate and remove the DEM error (Fattahi and Amelung 2013).

    Returns
    -------
    list of MintpyStep
        In their order.
    """
    inversion = MintpyStep(
        "invert",
        "invert_network",
        "invert_network",
        unwrap_error_options(unwrap_errors)
        | {
            "mintpy.networkInversion.weightFunc": WEIGHTS[weighting],
            "mintpy.networkInversion.minTempCoh": str(min_temporal_coherence),
        },
        makes=("timeseries.h5", "temporalCoherence.h5", "numInvIfgram.h5", "maskTempCoh.h5"),
    )
    troposphere = "pyaps" if era5 else "height_correlation" if height_correlated else "no"
    options = {
        "mintpy.troposphericDelay.method": troposphere,
        "mintpy.deramp": "linear" if plane else "no",
        "mintpy.topographicResidual": "yes" if dem_error else "no",
    }
    suffixes = {"pyaps": "_ERA5", "height_correlation": "_tropHgt", "no": ""}[troposphere]
    suffixes += "_ramp" * plane
    atmosphere_free = f"timeseries{suffixes}.h5"
    series = f"timeseries{suffixes}{DEM_SUFFIX * dem_error}.h5"
    velocity = MintpyStep(
        "velocity",
        "velocity",
        "velocity",
        options,
        reads=tuple(dict.fromkeys(["timeseries.h5", series])),
        makes=("velocity.h5",),
    )
    made = {atmosphere_free, series} - {"timeseries.h5"} | ({"demErr.h5"} if dem_error else set())
    if not made:
        return [inversion, velocity]
    correction = MintpyStep(
        "correct", "correct_LOD", "correct_topography", options, reads=inversion.makes, makes=tuple(sorted(made))
    )
    return [inversion, correction, velocity]


def series_file(steps: Sequence[MintpyStep]) -> str:
    """Name of the last time series that the steps make.

    Parameters
    ----------
    steps : sequence of MintpyStep
        From `plan`.

    Returns
    -------
    str
        Name of the file.
    """
    return steps[-1].reads[-1]


def earlier_series(steps: Sequence[MintpyStep]) -> list[str]:
    """Names of the time series before the last one.

    Parameters
    ----------
    steps : sequence of MintpyStep
        From `plan`.

    Returns
    -------
    list of str
        As inverted, and without the atmosphere.
    """
    made = [name for step in steps for name in step.makes if name.startswith("timeseries")]
    return [name for name in made if name != series_file(steps)]


def before_dem_error(series: Path) -> Path:
    """The time series that a series was before its DEM error was removed.

    Parameters
    ----------
    series : Path
        A time series.

    Returns
    -------
    Path
        Itself, where none was removed.
    """
    return series.with_name(series.name.replace(DEM_SUFFIX, ""))


def program() -> str:
    """Path of smallbaselineApp.py, beside the running python or on PATH.

    Returns
    -------
    str
        The path.

    Raises
    ------
    ProcessorError
        It is absent.
    """
    beside = Path(sys.executable).parent / PROGRAM
    found = str(beside) if beside.is_file() else shutil.which(PROGRAM)
    if not found:
        raise ProcessorError(
            f"{PROGRAM} is neither beside {Path(sys.executable).name} nor on PATH",
            "install MintPy (pip install mintpy, or --use-conda), or set rates.method to sbas",
        )
    return found


def programs(config: object) -> dict[str, Callable[[], str]]:
    """What finds the programs of the method.

    Parameters
    ----------
    config : object
        Configuration of the region; no key of it matters.

    Returns
    -------
    dict of str to callable
        By program, what returns its place and version, or raises ProcessorError.
    """
    return {"mintpy": lambda: f"{program()}, version {version()}"}


def version() -> str:
    """Version of the installed MintPy."""
    from importlib.metadata import PackageNotFoundError
    from importlib.metadata import version as of_package

    try:
        return of_package("mintpy")
    except PackageNotFoundError:
        return "unknown"


@contextmanager
def workplace(folder: Path, step: str, reads: Sequence[str]) -> Iterator[Path]:
    """A folder in which a step of MintPy runs; removed at the end.

    Parameters
    ----------
    folder : Path
        The method's folder.
    step : str
        Name of the step.
    reads : sequence of str
        Files of `folder` that it reads beside stack and geometry.

    Yields
    ------
    Path
        The folder, with links to these files.
    """
    place = folder / f".{step}.part"
    shutil.rmtree(place, ignore_errors=True)
    (place / "inputs").mkdir(parents=True)
    try:
        for name in (STACK, GEOMETRY, *reads):
            if (folder / name).exists():
                (place / name).symlink_to((folder / name).resolve())
        yield place
    finally:
        shutil.rmtree(place, ignore_errors=True)


def run(place: Path, first: str, last: str, options: Mapping[str, str], makes: Sequence[str], limit_s: float) -> None:
    """Run MintPy's steps `first` to `last`; no process of it is left afterwards.

    Parameters
    ----------
    place : Path
        The workplace.
    first, last : str
        As MintPy names the steps.
    options : mapping of str to str
        Options of its template.
    makes : sequence of str
        Files that must be there afterwards.
    limit_s : float
        Time limit, s.

    Raises
    ------
    ProcessorError
        The steps fail, take longer, or leave a file out; names the step and the useful line.
    RateError
        Too few cells keep the least temporal coherence.
    """
    template = place / "sarslide.cfg"
    template.write_text("".join(f"{key} = {value}\n" for key, value in sorted((COMMON | dict(options)).items())))
    words = [program(), template.name, "--dir", ".", "--start", first, "--end", last]
    log_path, keys = place / "mintpy.log", "sbas.step_limit_min"
    try:
        command.run(
            words,
            place,
            log_path,
            limit_s,
            keys,
            os.environ | {"MPLBACKEND": "Agg"},
            last=lambda path: _useful_line(_log_lines(path)),
        )
    except ProcessorError as error:
        if any(TOO_FEW_CELLS in line for line in _log_lines(log_path)):
            raise RateError(
                "MintPy found fewer than 100 cells with a chain of pairs and sbas.min_temporal_coherence",
                "lower rates.pair_coherence or sbas.min_temporal_coherence, or add pairs",
                of_ground=True,
            ) from None
        raise ProcessorError(
            f"MintPy's step {_last_step(_log_lines(log_path)) or first} failed: {error.problem}",
            f"see the log of the rule, or raise {keys}; what earlier steps made is kept, and a rerun goes on from here",
        ) from None
    finally:
        lines = _log_lines(log_path)
        log.info("%s", "\n".join(lines))
    missing = [name for name in makes if not (place / name).is_file()]
    if missing:
        raise ProcessorError(
            f"MintPy's step {_last_step(lines) or first} ended without {', '.join(missing)}", "see the log of the rule"
        )


def run_step(step: MintpyStep, folder: Path, limit_s: float) -> None:
    """Run a step on the files of a folder and put what it makes there.

    Parameters
    ----------
    step : MintpyStep
        The step.
    folder : Path
        The method's folder.
    limit_s : float
        Time limit, s.
    """
    with workplace(folder, step.name, step.reads) as place:
        run(place, step.first, step.last, step.options, step.makes, limit_s)
        deliver(place, folder, step.makes)


def deliver(place: Path, folder: Path, names: Sequence[str]) -> None:
    """Move finished files from a workplace to the method's folder.

    Parameters
    ----------
    place : Path
        The workplace.
    folder : Path
        The method's folder.
    names : sequence of str
        The files.
    """
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        os.replace(place / name, folder / name)


def _log_lines(path: Path) -> list[str]:
    """Lines of a log as a terminal shows them: progress bars restart at a carriage return."""
    lines = path.read_text(errors="replace").split("\n") if path.exists() else []
    return [line.rstrip().rpartition("\r")[2] for line in lines]


def _last_step(lines: Sequence[str]) -> str:
    found = [match.group(1) for line in lines if (match := re.search(r"\* step - (\w+) \*", line))]
    return found[-1] if found else ""


def _useful_line(lines: Sequence[str]) -> str:
    """The last line about an error, else the last one that is not empty."""
    filled = [line.strip() for line in lines if line.strip()]
    errors = [line for line in filled if re.search(r"error|exception|not enough|killed", line, flags=re.I)]
    return ((errors or filled or ["its log is empty"])[-1])[:300]

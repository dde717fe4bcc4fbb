"""SBAS by MintPy (Yunjun et al. 2019, doi 10.1016/j.cageo.2019.104331), through its command line, in its own process.

MintPy is not imported: what it reads is written as HDF5 in its layout (`mintpy_files`), its steps are run one group at a time,
each in a workplace of its own that holds links to what earlier steps made, and only complete results leave the workplace. So a
failing or killed step leaves nothing behind, and a rerun goes on where the last one ended.
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

from sarslide.errors import ProcessorError
from sarslide.io import subprocess as command

log = logging.getLogger(__name__)

PROGRAM = "smallbaselineApp.py"
STACK, GEOMETRY = "inputs/ifgramStack.h5", "inputs/geometryGeo.h5"
DEM_SUFFIX = "_demErr"  # of a time series without its DEM error
WEIGHTS = {"none": "no", "var": "var", "coherence": "coh", "fim": "fim"}

# Nothing that plots, geocodes, asks the network or changes what sarslide has decided already.
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
class Step:
    """A group of MintPy's steps that one job runs: from `first` to `last`, with these options of MintPy's template, on these
    files of the method's folder, making those."""

    name: str
    first: str
    last: str
    options: Mapping[str, str]
    reads: tuple[str, ...] = field(default=())
    makes: tuple[str, ...] = field(default=())


def unwrap_error_options(unwrap_errors: str) -> dict[str, str]:
    """Options of MintPy's correction of unwrapping errors: none, bridging, phase_closure or both."""
    return {"mintpy.unwrapError.method": "no" if unwrap_errors == "none" else unwrap_errors}


def plan(
    weighting: str,
    unwrap_errors: str,
    min_temporal_coherence: float,
    height_correlated: bool,
    era5: bool,
    plane: bool,
    dem_error: bool,
) -> list[Step]:
    """The steps after loading, each with the options that it depends on, so that a change reruns only what follows it.

    weighting: as in `phase_variance`. height_correlated: per date (Doin et al. 2009); era5 instead: delays of a weather model.
    plane: a ramp per date. dem_error: Fattahi and Amelung 2013.
    """
    inversion = Step(
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
    velocity = Step(
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
    correction = Step(
        "correct", "correct_LOD", "correct_topography", options, reads=inversion.makes, makes=tuple(sorted(made))
    )
    return [inversion, correction, velocity]


def series_file(steps: Sequence[Step]) -> str:
    """Name of the last time series that the steps make."""
    return steps[-1].reads[-1]


def earlier_series(steps: Sequence[Step]) -> list[str]:
    """Names of the time series before the last one: as inverted, and without the atmosphere."""
    made = [name for step in steps for name in step.makes if name.startswith("timeseries")]
    return [name for name in made if name != series_file(steps)]


def before_dem_error(series: Path) -> Path:
    """The time series that a series was before its DEM error was removed; itself, where none was."""
    return series.with_name(series.name.replace(DEM_SUFFIX, ""))


def program() -> str:
    """Path of smallbaselineApp.py, beside the running python or on PATH; ProcessorError where it is absent."""
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
    """A folder in which a step of MintPy runs: links to stack, geometry and what it reads of `folder`; removed at the end."""
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
    """Run MintPy's steps `first` to `last` in `place`. ProcessorError names the step and the useful line when it fails, takes
    longer than `limit_s`, or when one of the files in `makes` is not there afterwards; no process of it is left then."""
    template = place / "sarslide.cfg"
    template.write_text("".join(f"{key} = {value}\n" for key, value in sorted((COMMON | dict(options)).items())))
    words = [program(), template.name, "--dir", ".", "--start", first, "--end", last]
    says, keys = place / "said.log", "sbas.step_limit_min"
    try:
        command.run(
            words,
            place,
            says,
            limit_s,
            keys,
            os.environ | {"MPLBACKEND": "Agg"},
            last=lambda path: _useful_line(_said(path)),
        )
    except ProcessorError as error:
        raise ProcessorError(
            f"MintPy's step {_last_step(_said(says)) or first} failed: {error.problem}",
            f"see the log of the rule, or raise {keys}; what earlier steps made is kept, and a rerun goes on from here",
        ) from None
    finally:
        said = _said(says)
        log.info("%s", "\n".join(said))
    missing = [name for name in makes if not (place / name).is_file()]
    if missing:
        raise ProcessorError(
            f"MintPy's step {_last_step(said) or first} ended without {', '.join(missing)}", "see the log of the rule"
        )


def run_step(step: Step, folder: Path, limit_s: float) -> None:
    """Run a step on the files of `folder`, for at most `limit_s`, and put what it makes there."""
    with workplace(folder, step.name, step.reads) as place:
        run(place, step.first, step.last, step.options, step.makes, limit_s)
        deliver(place, folder, step.makes)


def deliver(place: Path, folder: Path, names: Sequence[str]) -> None:
    """Move finished files from a workplace to `folder`."""
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        os.replace(place / name, folder / name)


def _said(path: Path) -> list[str]:
    """Lines of a log, each as a terminal shows it at last: progress bars begin again after a carriage return."""
    lines = path.read_text(errors="replace").split("\n") if path.exists() else []
    return [line.rstrip().rpartition("\r")[2] for line in lines]


def _last_step(lines: Sequence[str]) -> str:
    found = [match.group(1) for line in lines if (match := re.search(r"\* step - (\w+) \*", line))]
    return found[-1] if found else ""


def _useful_line(lines: Sequence[str]) -> str:
    """The last line that speaks of an error, else the last one that says anything."""
    spoken = [line.strip() for line in lines if line.strip()]
    errors = [line for line in spoken if re.search(r"error|exception|not enough|killed", line, flags=re.I)]
    return ((errors or spoken or ["it said nothing"])[-1])[:300]

"""Checks of what is installed: packages, their versions and options, coordinate systems, programs.

Versions are read from the packages' metadata: none of them is imported but those of coordinate
systems.
"""

import os
import platform
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from importlib.metadata import PackageNotFoundError, metadata, requires, version
from pathlib import Path

from packaging.requirements import Requirement

from sarslide import __version__
from sarslide.config import Config, load
from sarslide.errors import PackageError
from sarslide.insar.engines import ENGINES
from sarslide.preflight import checks, machine
from sarslide.preflight.finding import ERROR, GOOD, NOTE, Finding, tried
from sarslide.rates.methods import METHODS
from sarslide.workflow.location import snakefile

# Packages that are named one by one: they decide numbers, or are what goes wrong.
SHOWN = ("snakemake", "torch", "numpy", "numba", "whirlwind-insar")
PROJ_VARIABLES = ("PROJ_DATA", "PROJ_LIB", "GDAL_DATA")
GIT_LIMIT_S = 5
FOR_DEVELOPERS = {"dev", "docs"}


def packages() -> list[Finding]:
    """sarslide, its workflow, Python and the packages that sarslide requires.

    Returns
    -------
    list of Finding
        Errors for packages that are absent, or have another version than is required.
    """
    found = [
        Finding("sarslide", GOOD, f"{__version__}, {Path(__file__).parents[1]}"),
        Finding("workflow", GOOD, str(snakefile())),
        Finding(
            "python", GOOD, f"{platform.python_version()}, {sys.executable}, {platform.system()} {platform.machine()}"
        ),
    ]
    try:
        needed = [one for one in _requirements() if not one.marker or one.marker.evaluate({"extra": ""})]
    except PackageNotFoundError:
        return [*found, Finding("packages", NOTE, "sarslide is not installed: what it requires is not known")]
    states = [_required(one) for one in needed]
    lacking = [one for one in states if one.level == ERROR]
    named = [one for one in states if one.level == GOOD and one.check in SHOWN]
    whole = Finding(
        "packages", GOOD, f"{len(needed) - len(lacking)} of {len(needed)} required ones in versions that fit"
    )
    return [*found, *named, *lacking, whole]


def _requirements() -> list[Requirement]:
    return [Requirement(text) for text in requires("sarslide") or ()]


def _problem(required: Requirement) -> str:
    """What is wrong with a required package; empty where nothing is."""
    try:
        there = version(required.name)
    except PackageNotFoundError:
        return "is not installed"
    return (
        ""
        if required.specifier.contains(there, prereleases=True)
        else f"{there} is installed, {required.specifier} needed"
    )


def _required(required: Requirement) -> Finding:
    if problem := _problem(required):
        command = f"pip install '{required.name}{required.specifier}'"
        return Finding(required.name, ERROR, problem, f"E{PackageError.code}", command)
    build = f", {machine.built_for()}" if required.name == "torch" else ""
    return Finding(required.name, GOOD, f"{version(required.name)}{build}")


def extras() -> list[Finding]:
    """Optional packages by extra; which of them a region needs, `checks.packages` finds.

    Returns
    -------
    list of Finding
        One an extra of the package, a note with a cure where it is not installed.
    """
    try:
        known = [one for one in metadata("sarslide").get_all("Provides-Extra") or () if one not in FOR_DEVELOPERS]
    except PackageNotFoundError:
        return []
    return [_extra(name) for name in known]


def _extra(name: str) -> Finding:
    markers = [(one, one.marker) for one in _requirements() if one.marker]
    parts = [one for one, marker in markers if marker.evaluate({"extra": name}) and not marker.evaluate({"extra": ""})]
    lacking = [f"{one.name} {_problem(one)}" for one in parts if _problem(one)]
    if lacking:
        return Finding(f"extra {name}", NOTE, ", ".join(lacking), "", f'pip install "sarslide[{name}]"')
    return Finding(f"extra {name}", GOOD, ", ".join(f"{one.name} {version(one.name)}" for one in parts))


def coordinate_systems() -> list[Finding]:
    """GDAL and PROJ, each with its data base of coordinate systems.

    Returns
    -------
    list of Finding
        Errors where one does not find its data: a variable of another installation, mostly.
    """
    return [tried("GDAL", _gdal), tried("PROJ", _proj)]


def _gdal() -> str:
    try:
        import rasterio
        from rasterio.crs import CRS

        with rasterio.Env():  # without it GDAL writes its errors to the terminal
            CRS.from_epsg(32647)
    except Exception as error:  # of a library that does not load, or of its data
        raise _unusable("rasterio", error) from error
    return f"{rasterio.__gdal_version__}, rasterio {rasterio.__version__}"


def _proj() -> str:
    try:
        import pyproj

        pyproj.CRS.from_epsg(32647)
    except Exception as error:
        raise _unusable("pyproj", error) from error
    return f"{pyproj.proj_version_str}, pyproj {pyproj.__version__}, data in {pyproj.datadir.get_data_dir()}"


def _unusable(package: str, error: Exception) -> PackageError:
    set_here = [f"{name}={os.environ[name]}" for name in PROJ_VARIABLES if name in os.environ]
    cure = f"unset {', '.join(set_here)}" if set_here else f"pip install --force-reinstall {package}"
    return PackageError(f"{package} is not usable: {' '.join(str(error).split()) or type(error).__name__}", cure)


def programs(config: Config | None = None, conda: bool = False) -> list[Finding]:
    """Outside programs: an error only where engine or method of the region start them.

    Parameters
    ----------
    config : Config, optional
        Configuration of the region; without it nothing is needed.
    conda : bool, default False
        Whether environments bring the programs, and conda is needed.

    Returns
    -------
    list of Finding
        One a program, with what it is for where it is not needed.
    """
    needed = checks.tools(config, conda) if config else []
    shown = {one.check for one in needed}
    others = [
        replace(one, level=NOTE, code="") if one.level == ERROR else one for one in _all_tools(config or load({}))
    ]
    return [*needed, *(one for one in [*others, *_helpers()] if one.check not in shown)]


def _all_tools(config: Config) -> Iterator[Finding]:
    """The programs of all engines and methods."""
    places = [row.programs for row in ENGINES.values()] + [row.programs for row in METHODS.values()]
    for place in filter(None, places):
        yield from checks.programs(place, config)


def _helpers() -> Iterator[Finding]:
    """Programs that are of use to any region."""
    conda = next(filter(None, map(shutil.which, ("conda", "mamba", "micromamba"))), "")
    cure = "install conda (miniforge) for runs with --use-conda"
    yield Finding("tool conda", GOOD, conda) if conda else Finding("tool conda", NOTE, "not on PATH", "", cure)
    git = shutil.which("git")
    if git:
        said = subprocess.run([git, "--version"], capture_output=True, text=True, timeout=GIT_LIMIT_S, check=False)
        yield Finding("tool git", GOOD, f"{said.stdout.strip()}, {git}")
    else:
        yield Finding("tool git", NOTE, "not on PATH", "", "install git to follow sarslide's source")

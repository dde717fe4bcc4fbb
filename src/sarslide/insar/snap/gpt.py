"""Engine `snap`: ESA SNAP's gpt in its own processes, one pair at a time, in repeatable steps.

    work/{pair}/ifg.dim         interferogram and coherence in radar geometry
    work/{pair}/filtered.dim    after Goldstein's filter; snaphu/ with SNAPHU's input and result
    work/{pair}/unfiltered.dim, geocoded.dim   on cells of the region's size and alignment

SNAP writes BEAM-DIMAP: `x.dim` (XML) beside `x.data/`. Each step removes what it wrote before and
checks what it has written.
"""

import os
import re
import shlex
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from sarslide.errors import ProcessorError
from sarslide.grid import RegionGrid
from sarslide.insar.snap import graph as snap_graph
from sarslide.insar.snap.graph import Node, Settings, SnapAcquisition
from sarslide.insar.snap.product import check_dimap
from sarslide.io import bounded
from sarslide.io import subprocess as command
from sarslide.io.atomic import atomic_file

if TYPE_CHECKING:
    from sarslide.config import Config

CURE = (
    "install ESA SNAP 9 or later with its Microwave (Sentinel-1) Toolbox and put its bin folder on PATH, or set snap.gpt; "
    "without SNAP set engine: native"
)
SNAPHU_CURE = (
    "install SNAPHU (its own terms apply; SNAP has a plugin that fetches it) and put it on PATH, or set snap.snaphu"
)
LIMIT = "snap.step_limit_min"
VERSION_LIMIT_S = 300
MAX_TEXT_BYTES = 1 << 20  # of snaphu.conf
TILE = 512  # samples, side of the tiles that SNAP works on
# How lines begin that say nothing of a failure.
NOISE = ("$ ", "INFO", "WARNING", "SEVERE: org.esa", "at ")
START = re.compile(r"_(\d{8})T")
ORBIT_FILE = re.compile(r"(S1[A-D])_OPER_AUX_(POEORB|RESORB)_OPOD_.*\.EOF")


def check_programs(gpt: str, snaphu: str) -> None:
    """Check that gpt and SNAPHU are there.

    Parameters
    ----------
    gpt, snaphu : str
        Programs as configured.

    Raises
    ------
    ProcessorError
        Where one is not found.
    """
    command.find(gpt, "engine snap", CURE)
    command.find(snaphu, "engine snap", SNAPHU_CURE)


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
    return {
        "gpt": lambda: command.find(config.snap.gpt, "engine snap", CURE),
        "snaphu": lambda: command.find(config.snap.snaphu, "engine snap", SNAPHU_CURE),
    }


def last_words(log_path: Path) -> str:
    """The last lines of SNAP or SNAPHU that may show what went wrong.

    Parameters
    ----------
    log_path : Path
        Log of the step.

    Returns
    -------
    str
        The lines.
    """
    return command.last_words(log_path, lambda line: line.startswith(NOISE))


@dataclass(frozen=True)
class Machine:
    """gpt and SNAPHU as configured.

    Attributes
    ----------
    gpt, snaphu : str
        Programs.
    memory_gb : int
        Heap, GB.
    threads : int
        Threads.
    limit_s : float
        Time limit of a step, s.
    """

    gpt: str
    snaphu: str
    memory_gb: int
    threads: int
    limit_s: float

    def version(self, log_path: Path) -> str:
        """SNAP's version, as gpt states it.

        Parameters
        ----------
        log_path : Path
            Log of the step; gpt's answer lies beside it.

        Returns
        -------
        str
            Version.

        Raises
        ------
        ProcessorError
            Where gpt is not found or states none.
        """
        return _version(command.find(self.gpt, "engine snap", CURE), log_path)

    def run(self, nodes: list[Node], graph: Path, log_path: Path) -> None:
        """Write a graph and let gpt run it: heap, half of it for tiles, threads, side of the tiles.

        Parameters
        ----------
        nodes : list of Node
            The graph.
        graph : Path
            File to write.
        log_path : Path
            Gets what gpt prints.

        Raises
        ------
        ProcessorError
            When gpt is not found or fails.
        """
        snap_graph.write(graph, nodes)
        gpt = command.find(self.gpt, "engine snap", CURE)
        options = ["-q", str(self.threads), "-c", f"{max(1, self.memory_gb // 2)}G"]
        java = [f"-J-Xmx{self.memory_gb}G", f"-J-Dsnap.jai.defaultTileSize={TILE}"]
        command.run(
            [gpt, str(graph.resolve()), *options, *java], graph.parent, log_path, self.limit_s, LIMIT, last=last_words
        )


@cache
def _version(gpt: str, log_path: Path) -> str:
    diag = log_path.with_suffix(".diag.log")
    diag.unlink(missing_ok=True)
    command.run([gpt, "--diag"], Path.cwd(), diag, VERSION_LIMIT_S, LIMIT, last=last_words)
    match = re.search(r"version\s+(\d+(?:\.\d+)+)", diag.read_text(errors="replace"))
    if match is None:
        raise ProcessorError(f"{gpt} --diag tells no version of SNAP", CURE)
    return match[1]


def place_orbits(folder: Path, auxdata: Path) -> list[Path]:
    """Put the orbit files of a date where SNAP looks for them, so that it needs no network.

    {auxdata}/Orbits/Sentinel-1/{POEORB|RESORB}/{S1A ...}/{year}/{month}, by the start of the
    acquisition.

    Parameters
    ----------
    folder : Path
        Folder of the date.
    auxdata : Path
        SNAP's folder of auxiliary data.

    Returns
    -------
    list of Path
        Their places.
    """
    products = sorted(path.name for path in folder.glob("S1*") if path.suffix in (".SAFE", ".zip"))
    placed = []
    for path in sorted(folder.glob("*.EOF")):
        start = START.search(products[0]) if products else None
        if (match := ORBIT_FILE.fullmatch(path.name)) and start:
            day = start[1]
            place = auxdata / "Orbits/Sentinel-1" / match[2] / match[1] / day[:4] / day[4:6] / path.name
            if not place.is_file():
                with atomic_file(place) as temporary:
                    shutil.copy(path, temporary)
            placed.append(place)
    return placed


def orbit_kind(source: str) -> str:
    """Kind of an orbit file by its name.

    Parameters
    ----------
    source : str
        The file.

    Returns
    -------
    str
        POEORB or RESORB, else empty: the state vectors of the annotation.
    """
    match = ORBIT_FILE.fullmatch(Path(source).name)
    return match[2] if match else ""


def interferogram(
    folder: Path, earlier: SnapAcquisition, later: SnapAcquisition, settings: Settings, machine: Machine, log_path: Path
) -> Path:
    """Form the interferogram of a pair.

    Parameters
    ----------
    folder : Path
        work/{pair}.
    earlier, later : SnapAcquisition
        Both dates.
    settings : Settings
        What the pair is made with.
    machine : Machine
        gpt and SNAPHU.
    log_path : Path
        Log of the step.

    Returns
    -------
    Path
        ifg.dim.

    Raises
    ------
    ProcessorError
        When a program is not found or fails.
    """
    out = _fresh(folder, "ifg")
    machine.run(snap_graph.interferogram(earlier, later, settings, out), folder / "interferogram.xml", log_path)
    check_dimap(out, ("i_ifg", "q_ifg", "coh"))
    return out


def unwrap(folder: Path, alpha: float, window: int, machine: Machine, log_path: Path) -> Path:
    """Filter, export, SNAPHU.

    Parameters
    ----------
    folder : Path
        work/{pair}.
    alpha : float
        Strength of Goldstein's filter.
    window : int
        Side of its patches.
    machine : Machine
        gpt and SNAPHU.
    log_path : Path
        Log of the step.

    Returns
    -------
    Path
        Header of the unwrapped phase in work/{pair}/snaphu.

    Raises
    ------
    ProcessorError
        When a program is not found or fails.
    """
    filtered, exported = _fresh(folder, "filtered"), folder / "snaphu"
    shutil.rmtree(exported, ignore_errors=True)
    major = int(machine.version(log_path).split(".")[0])
    nodes = snap_graph.filtering(folder / "ifg.dim", alpha, window, major, filtered)
    machine.run(nodes, folder / "filtering.xml", log_path)
    check_dimap(filtered, ("i_ifg", "q_ifg", "coh"))
    exported.mkdir()
    machine.run(snap_graph.export(filtered, exported.resolve(), machine.threads), folder / "export.xml", log_path)
    return run_snaphu(exported, machine, log_path)


def run_snaphu(exported: Path, machine: Machine, log_path: Path) -> Path:
    """Run SNAPHU as the header of SNAP's snaphu.conf asks for.

    Parameters
    ----------
    exported : Path
        What SnaphuExport wrote.
    machine : Machine
        gpt and SNAPHU.
    log_path : Path
        Log of the step.

    Returns
    -------
    Path
        Header of its result.

    Raises
    ------
    ProcessorError
        When SNAPHU is not found, fails, or what SNAP wrote for it is not whole.
    """
    configurations = sorted(exported.rglob("snaphu.conf"))
    if len(configurations) != 1:
        raise ProcessorError(
            f"{exported}: SnaphuExport wrote {len(configurations)} files snaphu.conf", f"see {log_path}"
        )
    place = configurations[0].parent
    text = bounded.text(configurations[0], ProcessorError, MAX_TEXT_BYTES, "latin-1", f"see {log_path}")
    call = re.search(r"^#\s*snaphu (-f .+)$", text, re.M)
    output = re.search(r"^OUTFILE\s+(\S+)", text, re.M)
    if call is None or output is None:
        raise ProcessorError(f"{configurations[0]}: does not tell how SNAPHU is called", f"see {log_path}")
    program = command.find(machine.snaphu, "engine snap", SNAPHU_CURE)
    command.run([program, *shlex.split(call[1])], place, log_path, machine.limit_s, LIMIT, last=last_words)
    result = place / output[1]
    header = result.with_suffix(".hdr")
    wrapped = place / shlex.split(call[1])[-2]
    if not result.is_file() or not wrapped.is_file() or result.stat().st_size != wrapped.stat().st_size:
        raise ProcessorError(f"{result}: SNAPHU did not write it whole", f"see {log_path}")
    if not header.is_file():
        raise ProcessorError(f"{header}: SnaphuExport did not write it", f"see {log_path}")
    return header


def geocode(
    folder: Path, unwrapped: Path, dem: Path, grid: RegionGrid, machine: Machine, log_path: Path
) -> tuple[Path, Path]:
    """Bring a pair to the cells of the region.

    Parameters
    ----------
    folder : Path
        work/{pair}.
    unwrapped : Path
        Header of SNAPHU's result.
    dem : Path
        Geographic GeoTIFF of ellipsoidal heights.
    grid : RegionGrid
        Grid of the region.
    machine : Machine
        gpt and SNAPHU.
    log_path : Path
        Log of the step.

    Returns
    -------
    unfiltered, geocoded : Path
        unfiltered.dim and geocoded.dim.

    Raises
    ------
    ProcessorError
        When a program is not found or fails.
    """
    raw, whole = _fresh(folder, "unfiltered"), _fresh(folder, "geocoded")
    machine.run(snap_graph.geocoding(folder / "ifg.dim", None, dem, grid, raw), folder / "unfiltered.xml", log_path)
    check_dimap(raw, ("i_ifg", "q_ifg", "coh"))
    nodes = snap_graph.geocoding(folder / "filtered.dim", unwrapped.resolve(), dem, grid, whole)
    machine.run(nodes, folder / "geocoding.xml", log_path)
    check_dimap(whole, ("coh", "Unw_Phase_ifg", "incidenceAngleFromEllipsoid", "layoverShadowMask"))
    return raw, whole


def _fresh(folder: Path, name: str) -> Path:
    """Absolute path of a DIMAP product of which nothing is left."""
    folder.mkdir(parents=True, exist_ok=True)
    path = Path(os.path.abspath(folder / f"{name}.dim"))
    path.unlink(missing_ok=True)
    shutil.rmtree(path.with_suffix(".data"), ignore_errors=True)
    return path

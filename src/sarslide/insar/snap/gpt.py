"""Engine `snap`: ESA SNAP's gpt in its own processes, one pair at a time, in steps that can be repeated.

    work/{pair}/ifg.dim         interferogram and coherence in radar geometry
    work/{pair}/filtered.dim    after Goldstein's filter; snaphu/ with SNAPHU's input and result
    work/{pair}/unfiltered.dim, geocoded.dim   both on cells of the region's size and alignment

SNAP writes BEAM-DIMAP: `x.dim` (XML) beside `x.data/`. Each step removes what it wrote before and checks what it has written.
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
TILE = 512  # samples, side of the tiles that SNAP works on
NOISE = ("$ ", "INFO", "WARNING", "SEVERE: org.esa", "at ")  # how lines begin that say nothing of a failure
ORBIT_FILE = re.compile(r"(S1[A-D])_OPER_AUX_(POEORB|RESORB)_OPOD_.*\.EOF")


def check_programs(gpt: str, snaphu: str) -> None:
    """ProcessorError where gpt or SNAPHU is not found."""
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


def last_words(says: Path) -> str:
    """The last lines of SNAP or SNAPHU that may say what went wrong."""
    return command.last_words(says, lambda line: line.startswith(NOISE))


@dataclass(frozen=True)
class Machine:
    """gpt and SNAPHU as configured, heap in GB, threads, time limit of a step."""

    gpt: str
    snaphu: str
    memory_gb: int
    threads: int
    limit_s: float

    def version(self, says: Path) -> str:
        """SNAP's version, as gpt tells it."""
        return _version(command.find(self.gpt, "engine snap", CURE), says)

    def run(self, nodes: list[Node], graph: Path, says: Path) -> None:
        """Write the graph and let gpt run it: heap, half of it for tiles, threads, side of the tiles."""
        snap_graph.write(graph, nodes)
        gpt = command.find(self.gpt, "engine snap", CURE)
        options = ["-q", str(self.threads), "-c", f"{max(1, self.memory_gb // 2)}G"]
        java = [f"-J-Xmx{self.memory_gb}G", f"-J-Dsnap.jai.defaultTileSize={TILE}"]
        command.run(
            [gpt, str(graph.resolve()), *options, *java], graph.parent, says, self.limit_s, LIMIT, last=last_words
        )


@cache
def _version(gpt: str, says: Path) -> str:
    diag = says.with_suffix(".diag.log")
    diag.unlink(missing_ok=True)
    command.run([gpt, "--diag"], Path.cwd(), diag, VERSION_LIMIT_S, LIMIT, last=last_words)
    match = re.search(r"version\s+(\d+(?:\.\d+)+)", diag.read_text(errors="replace"))
    if match is None:
        raise ProcessorError(f"{gpt} --diag tells no version of SNAP", CURE)
    return match[1]


def place_orbits(folder: Path, auxdata: Path) -> list[Path]:
    """Put the orbit files of a date's folder where SNAP looks for them, so that it uses these and needs no network.

    {auxdata}/Orbits/Sentinel-1/{POEORB|RESORB}/{S1A ...}/{year}/{month}, by the start of the acquisition. Returns their places.
    """
    products = sorted(path.name for path in folder.glob("S1*") if path.suffix in (".SAFE", ".zip"))
    placed = []
    for path in sorted(folder.glob("*.EOF")):
        if (match := ORBIT_FILE.fullmatch(path.name)) and products:
            day = re.search(r"_(\d{8})T", products[0])[1]
            place = auxdata / "Orbits/Sentinel-1" / match[2] / match[1] / day[:4] / day[4:6] / path.name
            if not place.is_file():
                with atomic_file(place) as temporary:
                    shutil.copy(path, temporary)
            placed.append(place)
    return placed


def orbit_kind(source: str) -> str:
    """POEORB or RESORB by the name of an orbit file, else empty: the state vectors of the annotation."""
    match = ORBIT_FILE.fullmatch(Path(source).name)
    return match[2] if match else ""


def interferogram(
    folder: Path, earlier: SnapAcquisition, later: SnapAcquisition, settings: Settings, machine: Machine, says: Path
) -> Path:
    """work/{pair}/ifg.dim. Raises ProcessorError."""
    out = _fresh(folder, "ifg")
    machine.run(snap_graph.interferogram(earlier, later, settings, out), folder / "interferogram.xml", says)
    check_dimap(out, ("i_ifg", "q_ifg", "coh"))
    return out


def unwrap(folder: Path, alpha: float, window: int, machine: Machine, says: Path) -> Path:
    """Filter, export, SNAPHU: header of the unwrapped phase in work/{pair}/snaphu. Raises ProcessorError."""
    filtered, exported = _fresh(folder, "filtered"), folder / "snaphu"
    shutil.rmtree(exported, ignore_errors=True)
    major = int(machine.version(says).split(".")[0])
    nodes = snap_graph.filtering(folder / "ifg.dim", alpha, window, major, filtered)
    machine.run(nodes, folder / "filtering.xml", says)
    check_dimap(filtered, ("i_ifg", "q_ifg", "coh"))
    exported.mkdir()
    machine.run(snap_graph.export(filtered, exported.resolve(), machine.threads), folder / "export.xml", says)
    return run_snaphu(exported, machine, says)


def run_snaphu(exported: Path, machine: Machine, says: Path) -> Path:
    """Run SNAPHU as the header of SNAP's snaphu.conf says; returns the header of its result. Raises ProcessorError."""
    configurations = sorted(exported.rglob("snaphu.conf"))
    if len(configurations) != 1:
        raise ProcessorError(f"{exported}: SnaphuExport wrote {len(configurations)} files snaphu.conf", f"see {says}")
    place = configurations[0].parent
    text = configurations[0].read_text(errors="replace")
    told = re.search(r"^#\s*snaphu (-f .+)$", text, re.M)
    output = re.search(r"^OUTFILE\s+(\S+)", text, re.M)
    if told is None or output is None:
        raise ProcessorError(f"{configurations[0]}: does not tell how SNAPHU is called", f"see {says}")
    program = command.find(machine.snaphu, "engine snap", SNAPHU_CURE)
    command.run([program, *shlex.split(told[1])], place, says, machine.limit_s, LIMIT, last=last_words)
    result = place / output[1]
    header = result.with_suffix(".hdr")
    wrapped = place / shlex.split(told[1])[-2]
    if not result.is_file() or not wrapped.is_file() or result.stat().st_size != wrapped.stat().st_size:
        raise ProcessorError(f"{result}: SNAPHU did not write it whole", f"see {says}")
    if not header.is_file():
        raise ProcessorError(f"{header}: SnaphuExport did not write it", f"see {says}")
    return header


def geocode(
    folder: Path, unwrapped: Path, dem: Path, grid: RegionGrid, machine: Machine, says: Path
) -> tuple[Path, Path]:
    """work/{pair}/unfiltered.dim and geocoded.dim. Raises ProcessorError."""
    raw, whole = _fresh(folder, "unfiltered"), _fresh(folder, "geocoded")
    machine.run(snap_graph.geocoding(folder / "ifg.dim", None, dem, grid, raw), folder / "unfiltered.xml", says)
    check_dimap(raw, ("i_ifg", "q_ifg", "coh"))
    nodes = snap_graph.geocoding(folder / "filtered.dim", unwrapped.resolve(), dem, grid, whole)
    machine.run(nodes, folder / "geocoding.xml", says)
    check_dimap(whole, ("coh", "Unw_Phase_ifg", "incidenceAngleFromEllipsoid", "layoverShadowMask"))
    return raw, whole


def _fresh(folder: Path, name: str) -> Path:
    """Absolute path of a DIMAP product of which nothing is left."""
    folder.mkdir(parents=True, exist_ok=True)
    path = Path(os.path.abspath(folder / f"{name}.dim"))
    path.unlink(missing_ok=True)
    shutil.rmtree(path.with_suffix(".data"), ignore_errors=True)
    return path

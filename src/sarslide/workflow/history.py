"""What has changed behind the back of Snakemake: its records, products of users, the clock."""

import os
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from sarslide.errors import HistoryError, SarslideError
from sarslide.inventory.records import base_name
from sarslide.io.fence import PLACES
from sarslide.io.hashes import sha256
from sarslide.io.sidecar import read_json
from sarslide.workflow import checksums

AHEAD_S = 60  # clocks of machines that share a disk differ by less
SHOWN = 3  # paths in a message


def found(folder: Path, region: str, release: Callable[[], str]) -> list[HistoryError]:
    """What a run should know before it decides what to make; it may go on.

    Parameters
    ----------
    folder : Path
        Working folder.
    region : str
        Name of the region.
    release : callable
        Name of the release that this configuration makes.

    Returns
    -------
    list of HistoryError
        One for each kind of change.
    """
    return [*lost_records(folder, region, release), *changed_sources(folder, region)]


def lost_records(folder: Path, region: str, release: Callable[[], str]) -> Iterator[HistoryError]:
    """Results of another configuration, without Snakemake's records of how they were made.

    Parameters
    ----------
    folder : Path
        Working folder.
    region : str
        Name of the region.
    release : callable
        Name of the release that this configuration makes.

    Yields
    ------
    HistoryError
        At most one.
    """
    pointer = folder / "results" / region / "inventory" / "current.json"
    records = folder / ".snakemake" / "metadata"
    if not pointer.is_file() or (records.is_dir() and any(records.iterdir())):
        return
    try:
        current = read_json(pointer)["release"]
    except (SarslideError, KeyError, TypeError):  # the rule `release` makes it good
        return
    if base_name(str(current)) != release():
        yield HistoryError(
            f"{records}: Snakemake's records of these results are gone, and release {current} has other inputs or settings "
            "than this run: what has changed is not known",
            f"make all again with `sarslide run {region} -- --forceall`, or bring .snakemake back",
        )


def changed_sources(folder: Path, region: str) -> Iterator[HistoryError]:
    """Products of users that are gone, or are not those that the results were made from.

    Parameters
    ----------
    folder : Path
        Working folder.
    region : str
        Name of the region.

    Yields
    ------
    HistoryError
        At most one for what is gone, one for what was replaced.
    """
    gone, replaced = [], []
    for place in sorted((folder / "resources" / region / checksums.SOURCES).rglob("*.json")):
        try:
            source = checksums.read(place)
        except SarslideError:  # what reads it next writes it anew
            continue
        for name, member in source.files.items():
            file = folder / source.path / name if source.kind == "folder" else folder / source.path
            path = file.relative_to(folder).as_posix()
            if not file.exists():
                gone.append(path)
            elif _is_other(file, member, place):
                replaced.append(path)
    if gone:
        yield HistoryError(
            f"{_some(gone)}: gone, but results were made from it and stay",
            f"put it back; or delete the rows of its date in resources/{region}/scenes.csv, then run again",
        )
    if replaced:
        yield HistoryError(
            f"{_some(replaced)}: is not what the results were made from",
            "`touch` it and its folder, then run again: what was made from it is made again",
        )


def _is_other(file: Path, member: checksums.Member, place: Path) -> bool:
    """Whether a file differs from its record; it is read where something has touched it since."""
    state = file.stat()
    if state.st_size != member.bytes:
        return True
    touched = max(state.st_mtime_ns, state.st_ctime_ns) > place.stat().st_mtime_ns
    return bool(touched and member.sha256 and sha256(file) != member.sha256)


def correct_times(folder: Path) -> list[HistoryError]:
    """Give files of the future the present time: what is made from them now must not be older.

    Parameters
    ----------
    folder : Path
        Working folder.

    Returns
    -------
    list of HistoryError
        One that counts them, where there were any.
    """
    now = time.time()
    ahead = [path for place in PLACES for path in _files(folder / place) if _time_of(path) > now + AHEAD_S]
    if not ahead:
        return []
    latest = max(map(_time_of, ahead))
    for path in ahead:
        os.utime(path, (now, now), follow_symlinks=False)
    hours = (latest - now) / 3600
    return [
        HistoryError(
            f"{_some([path.relative_to(folder).as_posix() for path in ahead])}: last changed {hours:.3g} hours in the future, as "
            "the clock was ahead; it has the present time now",
            "none is needed; if the clock is behind now, set it",
        )
    ]


def _files(folder: Path) -> Iterator[Path]:
    for place, folders, files in os.walk(folder):
        yield from (Path(place) / name for name in (*folders, *files))


def _time_of(path: Path) -> float:
    return path.lstat().st_mtime


def _some(paths: list[str]) -> str:
    more = f" and {len(paths) - SHOWN} more" if len(paths) > SHOWN else ""
    return ", ".join(paths[:SHOWN]) + more

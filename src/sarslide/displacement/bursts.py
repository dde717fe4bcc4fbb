"""Files of EGMS points: which bursts count, what their headers tell, and their rows in blocks."""

import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import IO, Any

import numpy as np

from sarslide.displacement import placed
from sarslide.errors import RateError
from sarslide.io import zip
from sarslide.names import parse_date

NAME = re.compile(r"EGMS_(L2a|L2b)_(\d{3})_")
# What tells a burst, and then the update and version of its file; the first two updates have none.
BURST = re.compile(r"(EGMS_L2[ab]_\d{3}_\d{4}_IW\d_[HV]{2})(?:_(\d{4})_(\d{4})_(\d+))?\.(?:csv|zip)")
ORTHO = re.compile(r"EGMS_L3_E\d+N\d+_")
PLACE = ("easting", "northing")
NEEDED = ("mean_velocity", "mean_velocity_std", "temporal_coherence", "los_east", "los_north", "los_up")
CLUSTER = "cluster_label"
ZIP = b"PK\x03\x04"
BLOCK = 16 << 20  # bytes of CSV that are held at once: some 10,000 points with 300 dates
AGAIN = "give EGMS points as downloaded"


@dataclass(frozen=True)
class Bursts:
    """What the headers of the bursts of one track tell.

    Attributes
    ----------
    level, track : str
        L2a or L2b; relative orbit, three digits.
    columns : dict of Path to tuple of str
        Of each file that counts, in the order of the bursts.
    days : tuple of str
        YYYYMMDD in order, those that all of them have.
    left_out : int
        Number of dates that only some have.
    """

    level: str
    track: str
    columns: dict[Path, tuple[str, ...]]
    days: tuple[str, ...]
    left_out: int


def recognises(path: Path) -> bool:
    """Whether a file has EGMS points, or is a tile of L3.

    Parameters
    ----------
    path : Path
        CSV, or zip of one; of L3 also its GeoTIFF.

    Returns
    -------
    bool
        By its header; L3 by its name.
    """
    if ORTHO.match(path.name) and path.suffix in (".csv", ".zip", ".tif", ".tiff"):
        return True
    if path.suffix not in (".csv", ".zip"):
        return False
    return {"pid", "mean_velocity"} <= set(_columns(path))


def headers(paths: Sequence[Path]) -> Bursts:
    """The bursts that count: level, track and dates.

    Parameters
    ----------
    paths : sequence of Path
        Files of one track; of a burst that is there twice the newest counts.

    Returns
    -------
    Bursts
        From names and headers.

    Raises
    ------
    RateError
        For L3, other levels or tracks together, bursts without common dates, and columns that are
        missing.
    """
    found = {path: _columns(path) for path in _newest([path for path in paths if recognises(path)])}
    kinds = {_kind(path) for path in found}
    if len(kinds) > 1:
        said = " and ".join(sorted(f"{level} of track {track}" for level, track in kinds))
        raise RateError(f"{next(iter(found)).parent}: mixes {said}", "give one level and one track at a time")
    days = {path: _days(path, columns) for path, columns in found.items()}
    common = set.intersection(*map(set, days.values()))
    if len(common) < 2:
        raise RateError(
            f"{paths[0].parent}: its bursts have {len(common)} dates in common", "give bursts of one update"
        )
    left_out = len(set.union(*map(set, days.values()))) - len(common)
    return Bursts(*kinds.pop(), {path: tuple(names) for path, names in found.items()}, tuple(sorted(common)), left_out)


def _newest(paths: Sequence[Path]) -> list[Path]:
    """Each burst once: the last version of its last update, be it zip or CSV."""
    found: dict[str, tuple[tuple[int, ...], Path]] = {}
    for path in sorted(paths):
        match = BURST.fullmatch(path.name)
        name, version = (match[1], tuple(int(part or 0) for part in match.groups()[1:])) if match else (path.stem, ())
        if name not in found or version > found[name][0]:
            found[name] = version, path
    return [path for _, path in found.values()]


def _days(path: Path, columns: Sequence[str]) -> list[str]:
    """Dates of a burst, whose columns are checked."""
    missing = [name for name in (*PLACE, *NEEDED) if name not in columns]
    if missing:
        raise RateError(f"{path}: has no column {missing[0]}", AGAIN)
    days = [name for name in columns if re.fullmatch(r"\d{8}", name)]
    if not days or days != sorted({day for day in days if parse_date(day)}):
        raise RateError(f"{path}: its columns of dates are not in order", AGAIN)
    return days


def _kind(path: Path) -> tuple[str, str]:
    """Level and track, by the name."""
    match = NAME.search(path.name)
    if match is None:
        raise RateError(f"{path}: its name states no level", "keep the name EGMS_L2b_TRACK_...")
    return match[1], match[2]


def _columns(path: Path) -> list[str]:
    """Its header; that of a file that has not changed is read once."""
    if ORTHO.match(path.name):
        raise RateError(
            f"{path}: is L3 (Ortho), east or up of both passes together, which has no line of sight",
            "take L2b (Calibrated) of the same place, each track a stack",
        )
    about = path.stat()
    return list(_header(path, about.st_size, about.st_mtime_ns))


@lru_cache(placed.HEADS)
def _header(path: Path, size: int, changed_ns: int) -> list[str]:
    with _opened(path) as file:
        return file.readline(1 << 16).decode("utf-8-sig", "replace").strip().split(",")


def blocks(path: Path) -> Iterator[bytes]:
    """The rows below the header, whole ones, `BLOCK` bytes at a time.

    Parameters
    ----------
    path : Path
        CSV, or zip of one.

    Yields
    ------
    bytes
        CSV without a header.

    Raises
    ------
    RateError
        For a zip that is damaged or holds no CSV.
    ValueError
        For what has no rows.
    """
    with _opened(path) as file:
        file.readline(1 << 16)
        rest = b""
        while part := _piece(file):
            head, newline, tail = part.rpartition(b"\n")
            if newline:
                yield rest + head + newline
                rest = tail
            elif len(rest) > BLOCK:
                raise ValueError("a row without an end")
            else:
                rest += part
        if rest:
            yield rest


def _piece(file: IO[bytes]) -> bytes:
    """The next `BLOCK` bytes; a member of a zip gives no more at once than `zip.AT_ONCE`."""
    parts, left = [], BLOCK
    while left and (part := file.read(min(left, zip.AT_ONCE))):
        parts.append(part)
        left -= len(part)
    return b"".join(parts)


def numbers(block: bytes, columns: Sequence[str], wanted: Sequence[str], dtype: Any = float) -> np.ndarray:
    """Some columns of a block.

    Parameters
    ----------
    block : bytes
        Of `blocks`.
    columns : sequence of str
        Of the header.
    wanted : sequence of str
        Some of them.
    dtype : dtype
        Of the result.

    Returns
    -------
    (wanted, rows) array
        NaN where a field is empty.

    Raises
    ------
    ValueError
        For a row of more or fewer columns than the header, and what is no number.
    """
    import pyarrow as pa
    from pyarrow import csv

    table = csv.read_csv(
        pa.BufferReader(block),
        csv.ReadOptions(use_threads=False, block_size=len(block) + 1, column_names=list(columns)),
        convert_options=csv.ConvertOptions(
            include_columns=list(wanted), column_types=dict.fromkeys(wanted, pa.from_numpy_dtype(dtype))
        ),
    )
    return np.stack([table[name].to_numpy() for name in wanted])


@contextmanager
def refused(path: Path) -> Iterator[None]:
    """Rows that are no numbers, or not of the header, in one line.

    Parameters
    ----------
    path : Path
        The file.

    Yields
    ------
    None
        Once.

    Raises
    ------
    RateError
        For what goes wrong inside.
    """
    try:
        yield
    except (ValueError, OSError, EOFError) as error:
        raise RateError(f"{path}: {' '.join(str(error).split())[:200]}", AGAIN) from None


@contextmanager
def _opened(path: Path) -> Iterator[IO[bytes]]:
    """The CSV, in its zip or alone."""
    if placed.head(path).magic[:4] != ZIP:
        with path.open("rb") as file:
            yield file
        return
    members = [name for name in zip.check_archive(path, error=RateError, cure=AGAIN) if name.endswith(".csv")]
    if len(members) != 1:
        raise RateError(f"{path}: holds {len(members)} CSV files", AGAIN)
    with zip.opened_member(path, members[0], RateError, AGAIN) as stream:
        yield stream

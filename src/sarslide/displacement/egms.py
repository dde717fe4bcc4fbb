"""EGMS L2a (Basic) and L2b (Calibrated) points: CSV, or the zip of a burst as delivered.

Columns, units and names by the product description and format specification of the Copernicus Land
Monitoring Service (EGMS Product Description, tables 5 and 9): `mean_velocity`, its standard error
and the series in mm, positive TOWARDS the satellite (subsidence is negative); `los_east`,
`los_north`, `los_up` point from the ground to the satellite; `easting`, `northing` in EPSG:3035.
L2a hangs on a virtual reference of its burst, L2b on the GNSS model A-EPND in ETRF2000. The level
stands in the name of the file alone.

A cell has the mean of its points, and as its error that of the mean, from their stated errors and
their spread; a cell without points has nothing: it is not observable, not still.
"""

import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import lru_cache
from pathlib import Path
from typing import IO

import numpy as np

from sarslide.displacement import placed
from sarslide.displacement.contract import Declared, Displacement, Extent
from sarslide.errors import RateError
from sarslide.grid import RegionGrid
from sarslide.io import zip
from sarslide.names import parse_date

NAME = re.compile(r"EGMS_(L2a|L2b|L3)_(\d{3})_")
ORTHO = re.compile(r"EGMS_L3_")
PLACE = ("easting", "northing")
NEEDED = ("mean_velocity", "mean_velocity_std", "temporal_coherence", "los_east", "los_north", "los_up")
CRS = "EPSG:3035"
EXTENT_M = (9e5, 7.4e6, 9e5, 5.5e6)  # of EPSG:3035, easting then northing
ZIP = b"PK\x03\x04"
CHUNK = 50_000  # points that are held at once: 300 dates of them are 120 MB
FRAME = {"L2a": "virtual reference of its burst (L2a: relative)", "L2b": "GNSS model A-EPND, ETRF2000 (L2b)"}
AGAIN = "give EGMS points as downloaded"


def recognises(path: Path) -> bool:
    """Whether a file has EGMS points.

    Parameters
    ----------
    path : Path
        CSV, or zip of one.

    Returns
    -------
    bool
        By its header.
    """
    if path.suffix not in (".csv", ".zip"):
        return False
    return {"pid", "mean_velocity"} <= set(_columns(path))


def dates(paths: Sequence[Path]) -> list[str]:
    """Dates of the series.

    Parameters
    ----------
    paths : sequence of Path
        Bursts of one track.

    Returns
    -------
    list of str
        YYYYMMDD, in order.

    Raises
    ------
    RateError
        For bursts of other dates, levels or tracks, and columns that are missing.
    """
    return list(_headers(paths)[2])


def has_coherence(paths: Sequence[Path]) -> bool:
    """Every point has its temporal coherence.

    Parameters
    ----------
    paths : sequence of Path
        Bursts of one track.

    Returns
    -------
    bool
        True.
    """
    return True


def extent(paths: Sequence[Path]) -> Extent:
    """Where the product lies.

    Parameters
    ----------
    paths : sequence of Path
        Files of one track.

    Returns
    -------
    Extent
        From the places of the points.
    """
    import pandas as pd

    _headers(paths)
    edges = []
    for path in filter(recognises, paths):
        with _opened(path) as file, _told(path), pd.read_csv(file, usecols=list(PLACE), chunksize=10 * CHUNK) as parts:
            for points in parts:
                place = points[list(PLACE)].to_numpy(float)
                _check(path, place)
                edges.append((*place.min(0), *place.max(0)))
    west, south, east, north = np.array(edges).T
    return Extent(CRS, (float(west.min()), float(south.min()), float(east.max()), float(north.max())))


def read(paths: Sequence[Path], grid: RegionGrid, declared: Declared) -> Displacement:
    """Points on the region grid, `CHUNK` at a time.

    Parameters
    ----------
    paths : sequence of Path
        Bursts of one track.
    grid : RegionGrid
        The region.
    declared : Declared
        Not asked: the files state all.

    Returns
    -------
    Displacement
        Means of the points of each cell.
    """
    import pandas as pd
    from pyproj import Transformer

    level, track, days = _headers(paths)
    to_region = Transformer.from_crs(CRS, grid.epsg, always_xy=True)
    size = grid.rows * grid.cols
    # Of each cell: number of points, sums of rate, its square, squared error, coherence, LOS.
    sums, moved = np.zeros((8, size)), np.zeros((len(days), size), np.float32)
    for path in filter(recognises, paths):
        # All columns, so that a row with more values than the header is refused.
        with _opened(path) as file, _told(path), pd.read_csv(file, chunksize=CHUNK) as parts:
            for points in parts:
                _check(path, points[list(PLACE)].to_numpy(float))
                x, y = to_region.transform(points.easting.to_numpy(), points.northing.to_numpy())
                col, row = np.floor((x - grid.west) / grid.cell_m), np.floor((grid.north - y) / grid.cell_m)
                inside = (col >= 0) & (col < grid.cols) & (row >= 0) & (row < grid.rows)
                cell = (row * grid.cols + col)[inside].astype(int)
                if not len(cell):
                    continue
                # Sums over the points of a cell: they lie together after sorting.
                order = np.argsort(cell, kind="stable")
                cells, first = np.unique(cell[order], return_index=True)
                rate, std, *others = points.loc[inside, list(NEEDED)].to_numpy(float).T
                values = np.stack([np.ones_like(rate), rate, rate**2, std**2, *others])
                sums[:, cells] += np.add.reduceat(values[:, order], first, axis=1)
                series = points.loc[inside, list(days)].to_numpy(np.float32)
                moved[:, cells] += np.add.reduceat(series[order], first, axis=0).T
    with np.errstate(invalid="ignore", divide="ignore"):
        count, rate, square, error, coherence, east, north, up = np.where(sums[0] > 0, sums, np.nan)
        mean = rate / count
        spread = np.clip(square / count - mean**2, 0, None)  # of the points; one point has none
        std = np.sqrt((error / count + spread) / count)
        moved /= np.where(sums[0] > 0, sums[0], np.nan).astype(np.float32)
    moved -= moved[:1].copy()
    layers = (mean, std, coherence / count, np.degrees(np.arctan2(np.hypot(east, north), up)))
    rates, errors, quality, incidence = (layer.reshape(grid.shape) for layer in layers)
    return Displacement(
        rates, days, errors, moved.reshape(-1, *grid.shape), quality, incidence,
        (np.degrees(np.arctan2(east, north)) + 90).reshape(grid.shape) % 360, FRAME[level], track=track,
    )  # fmt: skip


def _headers(paths: Sequence[Path]) -> tuple[str, str, tuple[str, ...]]:
    """Level, track and dates of the bursts."""
    columns = {path: _columns(path) for path in paths if recognises(path)}
    kinds = {_kind(path) for path in columns}
    if len(kinds) > 1:
        said = " and ".join(sorted(f"{level} of track {track}" for level, track in kinds))
        raise RateError(f"{next(iter(columns)).parent}: mixes {said}", "give one level and one track at a time")
    found = {path: tuple(name for name in names if re.fullmatch(r"\d{8}", name)) for path, names in columns.items()}
    first, days = next(iter(found.items()))
    for path, names in columns.items():
        missing = [name for name in (*PLACE, *NEEDED) if name not in names]
        if missing:
            raise RateError(f"{path}: has no column {missing[0]}", AGAIN)
        if found[path] != days:
            raise RateError(f"{path}: has other dates than {first.name}", "give bursts of the same dates")
    if not days or list(days) != sorted({day for day in days if parse_date(day)}):
        raise RateError(f"{first}: its columns of dates are not in order", AGAIN)
    return *kinds.pop(), days


def _kind(path: Path) -> tuple[str, str]:
    """Level and track, by the name."""
    if ORTHO.search(path.name):
        raise RateError(f"{path}: is L3, east or up on a grid, no line of sight", "give L2a or L2b")
    match = NAME.search(path.name)
    if match is None:
        raise RateError(f"{path}: its name states no level", "keep the name EGMS_L2b_TRACK_...")
    return match[1], match[2]


def _columns(path: Path) -> list[str]:
    """Its header; that of a file that has not changed is read once."""
    about = path.stat()
    return list(_header(path, about.st_size, about.st_mtime_ns))


@lru_cache(placed.HEADS)
def _header(path: Path, size: int, changed_ns: int) -> list[str]:
    with _opened(path) as file:
        return file.readline(1 << 16).decode("utf-8-sig", "replace").strip().split(",")


def _check(path: Path, place: np.ndarray) -> None:
    """RateError for points without place, or with one in degrees."""
    west, east, south, north = EXTENT_M
    good = (place[:, 0] > west) & (place[:, 0] < east) & (place[:, 1] > south) & (place[:, 1] < north)
    if not good.all():
        x, y = place[int(np.argmin(good))]
        raise RateError(f"{path}: a point at easting {x:g}, northing {y:g} is outside {CRS}", AGAIN)


@contextmanager
def _told(path: Path) -> Iterator[None]:
    """Rows that are no numbers, or not of the header, in one line."""
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

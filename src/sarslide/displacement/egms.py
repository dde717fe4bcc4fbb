"""EGMS L2a (Basic) and L2b (Calibrated) points: CSV, or the zip of a burst as delivered.

Columns, units and names by the product description and format specification of the Copernicus Land
Monitoring Service (EGMS Product Description, tables 5 and 9): `mean_velocity`, its standard error
and the series in mm, positive TOWARDS the satellite (subsidence is negative); `los_east`,
`los_north`, `los_up` point from the ground to the satellite; `easting`, `northing` in EPSG:3035.
L2a hangs on a virtual reference of its burst, and of each of its clusters, L2b on the GNSS model
A-EPND in ETRF2000. The level stands in the name of the file alone.

A cell has the mean of its points, of all bursts that overlap there, and as its error that of the
mean, from their stated errors and their spread; a cell without points has nothing: it is not
observable, not still. Of a burst that lies there twice (zip and CSV, two versions or updates) the
newest file counts, once. Files are read in blocks, and of a block that misses the region the places
alone: memory goes with the region's cells, not with the points.

L3 (Ortho) is refused. It is made of the L2b of both passes by decomposition, on the assumption of a
motion to the north: projected back onto two lines of sight it would be two tracks that confirm each
other because they are the same.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from sarslide.displacement.bursts import (
    AGAIN,
    CLUSTER,
    NEEDED,
    PLACE,
    Bursts,
    blocks,
    headers,
    numbers,
    recognises,
    refused,
)
from sarslide.displacement.contract import Declared, Displacement, Extent
from sarslide.errors import RateError
from sarslide.grid import RegionGrid

__all__ = ["dates", "extent", "has_coherence", "read", "recognises"]
FRAME = {"L2a": "virtual reference of its burst (L2a: relative)", "L2b": "GNSS model A-EPND, ETRF2000 (L2b)"}
CRS = "EPSG:3035"
EXTENT_M = (9e5, 7.4e6, 9e5, 5.5e6)  # of EPSG:3035, easting then northing
MIN_SHARED = 25  # cells in which two bursts are compared
ACCURATE_MM = 1.0  # mm/yr, of a mean velocity (product description, tables 1 and 2)


@dataclass
class Sums:
    """Sums over the points of each cell.

    Attributes
    ----------
    values : (8, cells) array of float
        Number of points, sums of rate, its square, squared error, coherence, line of sight.
    moved : (dates, cells) array of float32
        Sums of displacement, mm.
    steps : list of float
        Of each burst against those before it, where both have points: median
        of the difference, mm/yr.
    clusters : int
        The largest label of a cluster.
    """

    values: np.ndarray
    moved: np.ndarray
    steps: list[float] = field(default_factory=list)
    clusters: int = 0


def dates(paths: Sequence[Path]) -> list[str]:
    """Dates of the series.

    Parameters
    ----------
    paths : sequence of Path
        Bursts of one track.

    Returns
    -------
    list of str
        YYYYMMDD, in order, those that all bursts have.

    Raises
    ------
    RateError
        For L3, other levels or tracks together, bursts without common dates, and columns that are
        missing.
    """
    return list(headers(paths).days)


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
    edges = []
    for path, columns in headers(paths).columns.items():
        with refused(path):
            for block in blocks(path):
                place = numbers(block, columns, PLACE)
                _check(path, place)
                edges.append((*place.min(1), *place.max(1)))
    if not edges:
        raise RateError(f"{paths[0]}: has no points", AGAIN)
    west, south, east, north = np.array(edges).T
    return Extent(CRS, (float(west.min()), float(south.min()), float(east.max()), float(north.max())))


def read(paths: Sequence[Path], grid: RegionGrid, declared: Declared) -> Displacement:
    """Points on the region grid, a block at a time.

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
    bursts, size = headers(paths), grid.rows * grid.cols
    sums = Sums(np.zeros((8, size)), np.zeros((len(bursts.days), size), np.float32))
    for path in bursts.columns:
        with refused(path):
            _add(sums, path, bursts, grid)
    moved = sums.moved
    with np.errstate(invalid="ignore", divide="ignore"):
        count, rate, square, error, coherence, east, north, up = np.where(sums.values[0] > 0, sums.values, np.nan)
        mean = rate / count
        spread = np.clip(square / count - mean**2, 0, None)  # of the points; one point has none
        std = np.sqrt((error / count + spread) / count)
        moved /= count.astype(np.float32)
    moved -= moved[:1].copy()
    layers = (mean, std, coherence / count, np.degrees(np.arctan2(np.hypot(east, north), up)))
    rates, errors, quality, incidence = (layer.reshape(grid.shape) for layer in layers)
    return Displacement(
        rates, bursts.days, errors, moved.reshape(-1, *grid.shape), quality, incidence,
        (np.degrees(np.arctan2(east, north)) + 90).reshape(grid.shape) % 360, FRAME[bursts.level],
        tuple(_absent(bursts, sums)), bursts.track,
    )  # fmt: skip


def _add(sums: Sums, path: Path, bursts: Bursts, grid: RegionGrid) -> None:
    """The points of a burst."""
    from pyproj import Transformer

    to_region = Transformer.from_crs(CRS, grid.epsg, always_xy=True)
    columns = bursts.columns[path]
    wanted = (*NEEDED, *((CLUSTER,) if CLUSTER in columns else ()))
    before = sums.values[:2].copy()
    for block in blocks(path):
        place = numbers(block, columns, PLACE)
        _check(path, place)
        x, y = to_region.transform(*place)
        col, row = np.floor((x - grid.west) / grid.cell_m), np.floor((grid.north - y) / grid.cell_m)
        inside = (col >= 0) & (col < grid.cols) & (row >= 0) & (row < grid.rows)
        if not inside.any():
            continue
        cell = (row * grid.cols + col)[inside].astype(int)
        # Sums over the points of a cell: they lie together after sorting.
        order = np.argsort(cell, kind="stable")
        cells, first = np.unique(cell[order], return_index=True)
        rate, std, *others = numbers(block, columns, wanted)[:, inside]
        if CLUSTER in columns:
            sums.clusters = max(sums.clusters, int(others.pop().max()))
        values = np.stack([np.ones_like(rate), rate, rate**2, std**2, *others])
        sums.values[:, cells] += np.add.reduceat(values[:, order], first, axis=1)
        series = numbers(block, columns, bursts.days, np.float32)[:, inside]
        sums.moved[:, cells] += np.add.reduceat(series[:, order], first, axis=1)
    count, rate = sums.values[:2] - before
    shared = (count > 0) & (before[0] > 0)
    if shared.sum() >= MIN_SHARED:
        step = rate[shared] / count[shared] - before[1][shared] / before[0][shared]
        sums.steps.append(float(np.median(step)))


def _absent(bursts: Bursts, sums: Sums) -> Iterator[str]:
    """What the bursts do not have in common."""
    largest = max(map(abs, sums.steps), default=0.0)
    several = bursts.level == "L2a" and (len(bursts.columns) > 1 or sums.clusters > 1)
    if several or largest > ACCURATE_MM:
        seen = (
            f"bursts differ by up to {largest:.1f} mm/yr where they overlap" if sums.steps else "no overlap shows them"
        )
        yield f"common reference: steps between bursts or clusters remain, {seen}; L2b has one reference"
    if bursts.left_out:
        yield f"series of {bursts.left_out} dates: only some bursts have them"


def _check(path: Path, place: np.ndarray) -> None:
    """RateError for points without place, or with one in degrees."""
    west, east, south, north = EXTENT_M
    x, y = place
    good = (x > west) & (x < east) & (y > south) & (y < north)
    if not good.all():
        first = int(np.argmin(good))
        problem = f"a point at easting {x[first]:g}, northing {y[first]:g} is outside {CRS}"
        raise RateError(f"{path}: {problem}", AGAIN)

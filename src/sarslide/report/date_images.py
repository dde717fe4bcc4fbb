"""Displacement at dates, for the slider of the map: coarse images, files beside the page."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from sarslide import names
from sarslide.errors import RasterError
from sarslide.grid import RegionGrid
from sarslide.io import series
from sarslide.io.blocks import blocks
from sarslide.report import webmap
from sarslide.report.reading import HIDDEN
from sarslide.report.scales import scale_for
from sarslide.report.stages import StackMaps, iso

MAX_DATES = 16  # of a track
MAX_SIDE = 480  # cells of an image
LAYER = "los_displacement_mm"


@dataclass(frozen=True)
class DateMaps:
    """Displacement of a track at dates.

    Attributes
    ----------
    track : str
        Name of the stack.
    dates : sequence of str
        YYYYMMDD, in order; the first is that from which displacement counts.
    displacement_mm : (dates, rows, cols) array
        mm in the line of sight, positive towards the satellite; NaN where unknown.
    """

    track: str
    dates: Sequence[str]
    displacement_mm: np.ndarray


def read(path: Path, maps: StackMaps, grid: RegionGrid) -> DateMaps | None:
    """Displacement at dates that lie evenly, of every few cells.

    Parameters
    ----------
    path : Path
        Series of every cell.
    maps : StackMaps
        Rasters of the track: what is layover or shadow in its `observable_class` is left out.
    grid : RegionGrid
        The region grid.

    Returns
    -------
    DateMaps or None
        None of a product that has rates and no series.

    Raises
    ------
    RasterError
        For a file that is no series of this grid.
    """
    with series.opened(path) as (dates, cells, _):
        if cells.shape[1:] != grid.shape:
            raise RasterError(f"{path}: {cells.shape[1:]} cells, the region has {grid.shape}", series.RESTORE)
        chosen = evenly(dates)
        rows, cols = (nearest(size, min(size, -(-size // _step(grid)))) for size in grid.shape)
        found = np.full((len(chosen), len(rows), len(cols)), np.nan, np.float32)
        for down, across in blocks(grid.shape, series.CHUNK_CELLS, series.CHUNK_CELLS):
            row, col = (
                np.flatnonzero((part.start <= places) & (places < part.stop))
                for part, places in ((down, rows), (across, cols))
            )
            if row.size and col.size:
                block = cells[:, down, across][chosen]
                found[:, row[:, None], col] = block[:, rows[row][:, None] - down.start, cols[col] - across.start]
    if len(chosen) < 2 or not np.isfinite(found[1:]).any():
        return None
    if "observable_class" in maps.layers:
        classes = maps.layers["observable_class"]
        places = [nearest(size, count) for size, count in zip(classes.shape, found.shape[1:], strict=True)]
        found[:, np.isin(classes[np.ix_(*places)], HIDDEN)] = np.nan
    return DateMaps(maps.stack, [dates[k] for k in chosen], found)


def images(found: Sequence[DateMaps]) -> dict[str, Any]:
    """Images of all tracks and dates in one scale.

    Parameters
    ----------
    found : sequence of DateMaps
        Of each track that has a series.

    Returns
    -------
    dict
        legend: of the scale, as of `webmap.legend`; pngs: by track, by date (YYYYMMDD), an image.
        Empty without a track.
    """
    if not found:
        return {}
    scale = scale_for(LAYER, [one.displacement_mm for one in found])
    since = ", ".join(f"{one.track} since {iso(one.dates[0])}" for one in found)
    note = f"{since}. Blue has moved towards the satellite, red away from it; one scale for all dates."
    pngs = {
        one.track: {
            date: webmap.indexed_png(values, scale) for date, values in zip(one.dates, one.displacement_mm, strict=True)
        }
        for one in found
    }
    return {"legend": webmap.legend(scale, note), "pngs": pngs}


def evenly(dates: Sequence[str]) -> list[int]:
    """At most `MAX_DATES` dates that part the time evenly, the first and the last among them.

    Parameters
    ----------
    dates : sequence of str
        YYYYMMDD, in order.

    Returns
    -------
    list of int
        Their numbers, in order.
    """
    if len(dates) <= MAX_DATES:
        return list(range(len(dates)))
    days = np.array([names.days_between(dates[0], date) for date in dates])
    wanted = np.linspace(0, days[-1], MAX_DATES)
    return np.unique(np.abs(days[:, None] - wanted).argmin(axis=0)).tolist()


def nearest(size: int, count: int) -> np.ndarray:
    """Cells in the middle of parts of a side.

    Parameters
    ----------
    size : int
        Cells of the side.
    count : int
        Number of equal parts, at most `size`.

    Returns
    -------
    (count,) array of int
        Number of the cell in the middle of each part.
    """
    return ((np.arange(count) + 0.5) * size / count).astype(int)


def _step(grid: RegionGrid) -> int:
    return max(1, -(-max(grid.shape) // MAX_SIDE))

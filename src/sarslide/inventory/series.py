"""Tables of time series of polygons, with the columns of the European Ground Motion Service (EGMS)
that a polygon can have (G14).

EGMS calibrated product: pid, latitude, longitude, easting, northing, height_wgs84, rmse,
incidence_angle, track_angle, los_east, los_north, los_up, mean_velocity, mean_velocity_std,
acceleration, acceleration_std, seasonality, seasonality_std, and one column a date. Easting and
northing are in the region's CRS, named in `epsg`; EGMS uses EPSG:3035. Displacement and velocity
are positive towards the satellite in both.
"""

import csv
import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

import geopandas as gpd
import numpy as np
from shapely.geometry import box

from sarslide import layers
from sarslide.errors import VectorError
from sarslide.frames import Frame
from sarslide.grid import RegionGrid, window_of
from sarslide.inventory import records
from sarslide.inventory.observability import cells_of
from sarslide.io import bounded, vector
from sarslide.io.atomic import atomic_file
from sarslide.io.outlines import on_grid
from sarslide.io.spreadsheet import neutral

if TYPE_CHECKING:
    from pyproj import Transformer

PLACE = ("pid", "epsg", "latitude", "longitude", "easting", "northing", "height_wgs84", "cells", "area_km2")
LINE_OF_SIGHT = ("incidence_angle", "track_angle", *layers.LINE_OF_SIGHT)
MOTION = (
    *("rmse", "mean_velocity", "mean_velocity_std"),
    *("acceleration", "acceleration_std", "seasonality", "seasonality_std"),
)
LONGEST_EDGE_CELLS = 10  # straight edges are cut this fine before they are projected
MAX_POLYGONS = 20_000
MAX_TABLE = 64 << 20  # bytes: 20,000 polygons of 300 dates
IDS = ("pid", "ls_id", "id", "name")  # columns that may name a polygon, in this order


@dataclass(frozen=True)
class SeriesPolygon:
    """A polygon that gets a time series.

    Attributes
    ----------
    pid : str
        Its name in the table.
    cells : (array, array)
        Rows and columns of its cells of the region grid.
    """

    pid: str
    cells: tuple[np.ndarray, np.ndarray]


def objects_of(current: str | Path, grid: RegionGrid) -> list[SeriesPolygon]:
    """Landslides of a release.

    Parameters
    ----------
    current : str or Path
        What names the release, `release.json` or `current.json`.
    grid : RegionGrid
        The region grid.

    Returns
    -------
    list of SeriesPolygon
        One a landslide, named by its ls_id.
    """
    frame = vector.read(records.folder_of(current) / records.PACKAGE, "landslides")
    return [SeriesPolygon(row.ls_id, cells_of(row.geometry, grid)) for row in frame.itertuples()]


def polygons_of(path: str | Path, grid: RegionGrid) -> list[SeriesPolygon]:
    """Polygons of a vector file in any CRS, those that touch the region.

    Parameters
    ----------
    path : str or Path
        The file.
    grid : RegionGrid
        The region grid.

    Returns
    -------
    list of SeriesPolygon
        Named by the first of `IDS` whose values are unique, else by number.

    Raises
    ------
    VectorError
        As `io.outlines.on_grid`; for a name that is no short line, and when no polygon touches the
        region, or more than `MAX_POLYGONS`.
    """
    frame = vector.read(path)
    frame = frame[frame.geom_type.isin(["Polygon", "MultiPolygon"])].reset_index(drop=True)
    if frame.empty:
        raise VectorError(f"{path}: holds no polygon", "give a layer of polygons")
    outlines = on_grid(path, frame, grid, LONGEST_EDGE_CELLS * grid.cell_m)
    touching = outlines.intersects(box(*grid.bounds))
    if touching.sum() > MAX_POLYGONS:
        raise VectorError(
            f"{path}: {touching.sum()} polygons touch the region, more than {MAX_POLYGONS}", "give fewer polygons"
        )
    names = _names(path, frame)
    found = [SeriesPolygon(names[k], cells_of(outlines[k], grid)) for k in np.flatnonzero(touching)]
    inside = [polygon for polygon in found if len(polygon.cells[0])]
    if not inside:
        raise VectorError(
            f"{path}: no polygon touches the region {list(grid.bounds)} (EPSG:{grid.epsg})",
            "give polygons inside the region; check the file's CRS and the order of its coordinates",
        )
    return inside


def of_frame(polygons: Sequence[SeriesPolygon], frame: Frame, region: RegionGrid) -> list[SeriesPolygon]:
    """The polygons that a frame answers for: those whose middle, the median of rows and of columns,
    lies in its core.

    Parameters
    ----------
    polygons : sequence of SeriesPolygon
        Polygons with cells of the region.
    frame : Frame
        The frame.
    region : RegionGrid
        The region grid.

    Returns
    -------
    list of SeriesPolygon
        With cells of the frame's grid; what lies beyond its margin is left out.
    """
    down, across = window_of(region, frame.core)
    found = []
    for polygon in polygons:
        rows, cols = polygon.cells
        row, col = int(np.median(rows)), int(np.median(cols))
        if down.start <= row < down.stop and across.start <= col < across.stop:
            top, left = (part.start for part in window_of(region, frame.grid))
            rows, cols = rows - top, cols - left
            inside = (rows >= 0) & (rows < frame.grid.rows) & (cols >= 0) & (cols < frame.grid.cols)
            found.append(SeriesPolygon(polygon.pid, (rows[inside], cols[inside])))
    return found


def join_csv(tables: Mapping[str, str | Path]) -> str:
    """The tables of the frames of a stack as one.

    Parameters
    ----------
    tables : mapping of str to str or Path
        Table by name of the frame.

    Returns
    -------
    str
        Rows by `pid`, with their frame after it; dates that a frame does not have are empty.

    Raises
    ------
    VectorError
        For a table that cannot be read.
    """
    rows = [
        {**row, "frame": name}
        for name, path in tables.items()
        for row in bounded.csv_rows(path, VectorError, PLACE, MAX_TABLE)
    ]
    columns = ["pid", "frame", *PLACE[1:], *LINE_OF_SIGHT, *MOTION]
    dates = sorted({column for row in rows for column in row} - set(columns))
    text = io.StringIO()
    table = csv.DictWriter(text, [*columns, *dates], restval="", lineterminator="\n")
    table.writeheader()
    table.writerows(sorted(rows, key=lambda row: row["pid"]))
    return text.getvalue()


def _names(path: str | Path, frame: gpd.GeoDataFrame) -> list[str]:
    """A name for each polygon."""
    column = next((name for name in IDS if name in frame and frame[name].notna().all() and frame[name].is_unique), None)
    if column is None:
        return [f"P{k:04d}" for k in range(1, len(frame) + 1)]
    names = [str(name) for name in frame[column]]
    if odd := [name for name in names if name != bounded.shown(name)]:
        raise VectorError(
            f"{path}: {column} '{bounded.shown(odd[0])}' is not one short line",
            f"give polygons short names in {column}",
        )
    return names


def write_csv(
    path: str | Path,
    polygons: Sequence[SeriesPolygon],
    dates: Sequence[str],
    series_mm: Mapping[str, np.ndarray],
    motion: Mapping[str, Mapping[str, float | None]],
    ground: Mapping[str, np.ndarray],
    grid: RegionGrid,
) -> None:
    """Write a table with one row a polygon; unknown numbers are empty.

    Parameters
    ----------
    path : str or Path
        The table.
    polygons : sequence of SeriesPolygon
        Polygons in their order.
    dates : sequence of str
        YYYYMMDD, one column each.
    series_mm : mapping of str to (dates,) array
        Displacement by pid, mm, NaN where unknown.
    motion : mapping of str to mapping of str to float or None
        By pid, the columns `MOTION`, mm and years.
    ground : mapping of str to (rows, cols) array
        `height_wgs84` and `LINE_OF_SIGHT`, whose means over a polygon are written.
    grid : RegionGrid
        The region grid.
    """
    with atomic_file(path) as temporary, open(temporary, "w", newline="") as stream:
        table = csv.DictWriter(stream, header(dates), lineterminator="\n")
        table.writeheader()
        for polygon in polygons:
            pid = polygon.pid
            table.writerow(table_row(polygon, dates, series_mm[pid], motion[pid], ground, grid))


def header(dates: Sequence[str]) -> list[str]:
    """Columns of a table.

    Parameters
    ----------
    dates : sequence of str
        YYYYMMDD.

    Returns
    -------
    list of str
        In their order, the dates last.
    """
    return [*PLACE, *LINE_OF_SIGHT, *MOTION, *dates]


def table_row(
    polygon: SeriesPolygon,
    dates: Sequence[str],
    series_mm: np.ndarray,
    motion: Mapping[str, float | None],
    ground: Mapping[str, np.ndarray],
    grid: RegionGrid,
) -> dict[str, str | int]:
    """A polygon's row of a table; unknown numbers are empty.

    Parameters
    ----------
    polygon : SeriesPolygon
        The polygon.
    dates, series_mm, motion, ground, grid
        As of `write_csv`; series and motion those of the polygon.

    Returns
    -------
    dict of str to str or int
        By `header`.
    """
    rows, cols = polygon.cells
    east, north = grid.x()[cols].mean(), grid.y()[rows].mean()
    longitude, latitude = _to_degrees(grid.epsg).transform(east, north)
    means = {name: _mean(values[polygon.cells]) for name, values in ground.items()}
    return {
        "pid": neutral(polygon.pid),
        "epsg": grid.epsg,
        "latitude": f"{latitude:.6f}",
        "longitude": f"{longitude:.6f}",
        "easting": f"{east:.1f}",
        "northing": f"{north:.1f}",
        "cells": len(rows),
        "area_km2": f"{len(rows) * grid.cell_area_km2:.4f}",
        **{name: _text(means[name], 4) for name in ("height_wgs84", *LINE_OF_SIGHT)},
        **{name: _text(motion.get(name), 2) for name in MOTION},
        **{date: _text(value, 2) for date, value in zip(dates, series_mm, strict=True)},
    }


@cache
def _to_degrees(epsg: int) -> "Transformer":
    from pyproj import Transformer

    return Transformer.from_crs(epsg, 4326, always_xy=True)


def _mean(values: np.ndarray) -> float:
    known = values[np.isfinite(values)]
    return float(known.mean()) if known.size else np.nan


def _text(value: float | None, digits: int) -> str:
    return "" if value is None or not np.isfinite(value) else f"{value:.{digits}f}"

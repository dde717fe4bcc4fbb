"""Inventories and field checks of others, files of a user, on the region grid (A17, D16)."""

import logging
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from shapely.geometry.base import BaseGeometry

from sarslide.errors import VectorError
from sarslide.grid import RegionGrid
from sarslide.io import bounded, vector
from sarslide.io.bounded import shown
from sarslide.io.outlines import on_grid
from sarslide.io.vector import listed

log = logging.getLogger(__name__)

LONGEST_EDGE_CELLS = 10  # straight edges are cut this fine before they are projected
SEEN = {"yes": True, "true": True, "1": True, "seen": True}
SEEN |= {"no": False, "false": False, "0": False, "not seen": False, "not_seen": False}
PLACE = ("lon", "lat")  # columns of a CSV file, degrees of WGS 84
CSV_BYTES = 16 << 20
OUTSIDE = "check the CRS of the file and the order of its coordinates, or give one of this region"


def read_inventory(
    path: str | Path, grid: RegionGrid, layer: str = "", name_column: str = "", class_column: str = ""
) -> gpd.GeoDataFrame:
    """Landslides that others mapped, those that touch the region.

    Parameters
    ----------
    path : str or Path
        Vector file of polygons, any CRS.
    grid : RegionGrid
        Grid of the region.
    layer : str
        Layer of a file with several.
    name_column, class_column : str
        Columns of names and of kinds; empty: there are none.

    Returns
    -------
    GeoDataFrame
        id (`X0001`, by the place in the file), name, kind, geometry: valid, in the grid's CRS.

    Raises
    ------
    VectorError
        As `io.vector.read_layer` and `io.outlines.on_grid`, for a column that is not there, and
        where no polygon touches the region.
    """
    frame = vector.read_layer(path, layer)
    texts = {key: _texts(path, frame, name) for key, name in (("name", name_column), ("kind", class_column))}
    outlines = on_grid(path, frame, grid, LONGEST_EDGE_CELLS * grid.cell_m)
    ids = [f"X{number:04d}" for number in range(1, len(frame) + 1)]
    found = gpd.GeoDataFrame({"id": ids, **texts}, geometry=outlines, crs=grid.epsg)
    return _in_region(path, found, grid, "polygons")


def read_area(path: str | Path, grid: RegionGrid) -> BaseGeometry:
    """The ground in which an inventory is complete.

    Parameters
    ----------
    path : str or Path
        Vector file of polygons, any CRS.
    grid : RegionGrid
        Grid of the region.

    Returns
    -------
    BaseGeometry
        All polygons as one, within the region.

    Raises
    ------
    VectorError
        As `read_inventory`.
    """
    frame = vector.read_layer(path)
    outlines = on_grid(path, frame, grid, LONGEST_EDGE_CELLS * grid.cell_m)
    inside = _in_region(path, gpd.GeoDataFrame(geometry=outlines), grid, "polygons")
    return shapely.intersection(inside.union_all(), shapely.box(*grid.bounds))


def read_points(path: str | Path, grid: RegionGrid, seen_column: str = "seen") -> gpd.GeoDataFrame:
    """Field checks: where somebody looked, and whether a landslide was seen there.

    Parameters
    ----------
    path : str or Path
        Vector file of points in any CRS, or CSV with the columns lon and lat (degrees, WGS 84).
    grid : RegionGrid
        Grid of the region.
    seen_column : str
        Column with yes or no, true or false, 1 or 0, seen or not seen.

    Returns
    -------
    GeoDataFrame
        id (`C0001`, by the place in the file), seen, geometry; the points in the region.

    Raises
    ------
    VectorError
        For what is no point or no answer, a column that is not there, and where no point lies in
        the region.
    """
    if Path(path).suffix.lower() == ".csv":
        frame = _csv_points(path, seen_column)
    else:
        frame = vector.read_layer(path)
        if kinds := sorted(set(frame.geom_type.dropna()) - {"Point"}):
            raise VectorError(f"{path}: holds {', '.join(kinds)}", "give points")
        lost = np.flatnonzero(frame.geometry.isna() | frame.geometry.is_empty) + 1
        if len(lost):
            raise VectorError(f"{path}: no geometry in feature {listed(lost)}", "delete or redraw it")
    seen = [_seen(path, k, value) for k, value in enumerate(vector.column(path, frame, seen_column), start=1)]
    ids = [f"C{number:04d}" for number in range(1, len(frame) + 1)]
    places = gpd.GeoSeries(shapely.force_2d(frame.geometry.values), crs=frame.crs).to_crs(grid.epsg)
    return _in_region(path, gpd.GeoDataFrame({"id": ids, "seen": seen}, geometry=places), grid, "points")


def _csv_points(path: str | Path, seen_column: str) -> gpd.GeoDataFrame:
    cure = f"give a UTF-8 CSV file with the columns {', '.join((*PLACE, seen_column))}"
    rows = bounded.csv_rows(path, VectorError, (*PLACE, seen_column), CSV_BYTES, cure=cure)
    if not rows:
        raise VectorError(f"{path}: has no rows", cure)
    places = pd.DataFrame(rows)
    lon, lat = (pd.to_numeric(places[name], errors="coerce") for name in PLACE)
    if wrong := [k for k, (x, y) in enumerate(zip(lon, lat, strict=True), 2) if not (abs(x) <= 180 and abs(y) <= 90)]:
        raise VectorError(f"{path}: lon and lat of row {listed(wrong)} are no degrees", "give degrees of WGS 84")
    return gpd.GeoDataFrame(places, geometry=gpd.points_from_xy(lon, lat), crs=4326)


def _seen(path: str | Path, number: int, value: Any) -> bool:
    text = str(value).strip().lower().removesuffix(".0")
    if text not in SEEN:
        raise VectorError(f"{path}: '{shown(value)}' of point {number} is no answer", f"write one of {', '.join(SEEN)}")
    return SEEN[text]


def _texts(path: str | Path, frame: gpd.GeoDataFrame, name: str) -> list[str]:
    """Values of a column as short lines; empty where there is none."""
    if not name:
        return [""] * len(frame)
    values = vector.column(path, frame, name)
    return ["" if missing else shown(value) for value, missing in zip(values, values.isna(), strict=True)]


def _in_region(path: str | Path, frame: gpd.GeoDataFrame, grid: RegionGrid, what: str) -> gpd.GeoDataFrame:
    touching = frame.intersects(shapely.box(*grid.bounds))
    if not touching.any():
        raise VectorError(
            f"{path}: all {len(frame)} {what} lie outside the region {[round(v) for v in grid.bounds]} of"
            f" EPSG:{grid.epsg}",
            OUTSIDE,
        )
    if not touching.all():
        log.warning("%s: %d of %d %s lie outside the region", path, (~touching).sum(), len(frame), what)
    return frame[touching].reset_index(drop=True)

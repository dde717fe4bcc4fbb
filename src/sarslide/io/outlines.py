"""Polygons of a vector file on the region grid: complete, projected, valid, and not too many."""

import logging
from pathlib import Path

import geopandas as gpd
import numpy as np
import shapely
from shapely.geometry import MultiPolygon, Polygon
from shapely.geometry.base import BaseGeometry

from sarslide.errors import VectorError
from sarslide.grid import RegionGrid
from sarslide.io.vector import listed

log = logging.getLogger(__name__)

FORMAT_VERSION = 1
KINDS = ("Polygon", "MultiPolygon", "GeometryCollection")
METRES_PER_DEGREE = 111_000
FARTHEST_DEG, FARTHEST_M = (360.0, 90.0), (1e8, 1e8)  # of what a CRS can hold, east and north
MAX_VERTICES = 4_000_000
LARGE, PAIRS = 1000, (2_000_000, 50)  # vertices of an outline; pairs of its edges, and for each edge
EDGES_AT_ONCE = 128


def on_grid(path: str | Path, frame: gpd.GeoDataFrame, grid: RegionGrid, longest_m: float) -> gpd.GeoSeries:
    """The outlines of a file in the grid's CRS.

    Rings that cross themselves become the area that they enclose; the log names them.

    Parameters
    ----------
    path : str or Path
        The file, for messages.
    frame : GeoDataFrame
        Its features.
    grid : RegionGrid
        Grid of the region.
    longest_m : float
        Edges of another CRS are cut to this length before they are projected: a straight edge in
        degrees is none in metres.

    Returns
    -------
    GeoSeries
        Valid polygons, in the order of the file.

    Raises
    ------
    VectorError
        Names file and feature: for what is no polygon, is empty, has coordinates that its CRS
        cannot have or that cannot be projected, has too many vertices, or crosses itself so often
        that nobody knows what it encloses.
    """
    if kinds := sorted(set(frame.geom_type.dropna()) - set(KINDS)):
        raise VectorError(f"{path}: holds {', '.join(kinds)}", "give polygons")
    outlines = frame.geometry.values
    _refuse(path, outlines.isna() | outlines.is_empty, "no geometry", "delete or redraw it")
    outlines = gpd.GeoSeries(shapely.force_2d(outlines), crs=frame.crs)
    _check_places(path, outlines)
    # First of all: edges of a ring that crosses itself cannot be cut, GEOS leaves a part of it out.
    outlines = _all_repaired(path, outlines)
    if frame.crs != f"EPSG:{grid.epsg}":
        step = longest_m / METRES_PER_DEGREE if frame.crs.is_geographic else longest_m
        vertices = shapely.length(outlines.values) / step + shapely.get_num_coordinates(outlines.values)
        if vertices.sum() > MAX_VERTICES:
            number = int(np.argmax(vertices)) + 1
            raise VectorError(
                f"{path}: its outlines have too many vertices or too long edges, first of all feature {number}",
                "simplify them, or cut them to the region",
            )
        outlines = outlines.segmentize(step).to_crs(grid.epsg)
        lost = ~np.isfinite(outlines.bounds.to_numpy()).all(axis=1)
        _refuse(path, lost, "coordinates that cannot be projected", "check its coordinates and the CRS of the file")
        outlines = _all_repaired(path, outlines)
    return outlines


def _check_places(path: str | Path, outlines: gpd.GeoSeries) -> None:
    """VectorError for coordinates that are no numbers, or beyond the earth."""
    east, north = FARTHEST_DEG if outlines.crs.is_geographic else FARTHEST_M
    farthest = np.abs(outlines.bounds.to_numpy())
    beyond = ~((farthest[:, 0::2] <= east).all(axis=1) & (farthest[:, 1::2] <= north).all(axis=1))
    _refuse(
        path,
        beyond,
        f"coordinates beyond {east:g} east or {north:g} north",
        "check its CRS and the order of its coordinates",
    )
    points, feature = shapely.get_coordinates(outlines.values, return_index=True)
    beyond[feature[~np.isfinite(points).all(axis=1)]] = True
    _refuse(path, beyond, "coordinates that are no numbers", "redraw it")


def _refuse(path: str | Path, wrong: np.ndarray, problem: str, cure: str) -> None:
    numbers = np.flatnonzero(wrong) + 1
    if len(numbers):
        what = "feature" if len(numbers) == 1 else "features"
        raise VectorError(f"{path}: {problem} in {what} {listed(numbers)}", cure)


def _all_repaired(path: str | Path, outlines: gpd.GeoSeries) -> gpd.GeoSeries:
    valid = [_repaired(path, number, outline) for number, outline in enumerate(outlines, start=1)]
    return gpd.GeoSeries(valid, crs=outlines.crs)


def _repaired(path: str | Path, number: int, outline: BaseGeometry) -> Polygon | MultiPolygon:
    """The outline; rings that cross themselves become the area that they enclose."""
    if is_tangled(outline):
        raise VectorError(f"{path}: feature {number} crosses itself too often", "redraw it, or simplify it")
    if outline.is_valid and outline.geom_type != "GeometryCollection":
        return outline
    valid = shapely.make_valid(outline, method="structure", keep_collapsed=False)
    parts = [part for part in getattr(valid, "geoms", [valid]) if part.geom_type in ("Polygon", "MultiPolygon")]
    pieces = [piece for part in parts for piece in getattr(part, "geoms", [part]) if piece.area > 0]
    if not pieces:
        raise VectorError(f"{path}: feature {number} encloses no area and cannot be repaired", "delete or redraw it")
    log.warning("%s: feature %d was not valid and is repaired", path, number)
    return pieces[0] if len(pieces) == 1 else MultiPolygon(pieces)


def is_tangled(outline: BaseGeometry) -> bool:
    """Whether so many edges of an outline meet that repairing it would take too long.

    Parameters
    ----------
    outline : BaseGeometry
        A polygon, valid or not.

    Returns
    -------
    bool
        By the rectangles around its edges.
    """
    if shapely.get_num_coordinates(outline) <= LARGE:
        return False
    lines = shapely.get_parts(shapely.boundary(outline))
    points, line = shapely.get_coordinates(lines, return_index=True)
    same = line[1:] == line[:-1]
    edges = shapely.linestrings(np.stack([points[:-1][same], points[1:][same]], axis=1))
    tree = shapely.STRtree(edges)
    left = PAIRS[0] + PAIRS[1] * len(edges)
    for start in range(0, len(edges), EDGES_AT_ONCE):
        left -= tree.query(edges[start : start + EDGES_AT_ONCE]).shape[1]
        if left < 0:
            return True
    return False

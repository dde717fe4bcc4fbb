"""Files of ground that fools networks or of what stands on it: vector layers of any CRS near a
region, and raster maps of classes on its cells.

What such a file lacks is told before any job: a CRS, a class, a geometry, any feature at all. A
file that reaches the region and has nothing in it is fine.
"""

import logging
import math
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import shapely
from shapely.geometry import box

from sarslide.errors import RasterError, VectorError
from sarslide.grid import RegionGrid, part_of
from sarslide.inventory.legends import LEGENDS, NO_DATA, TELLING_NOTHING
from sarslide.io import bounded, raster, vector
from sarslide.io.outlines import on_grid

log = logging.getLogger(__name__)

# How rasters begin: GeoTIFF of either byte order, BigTIFF, JPEG 2000.
RASTERS = (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+", b"\0\0\0\x0cjP  ")
POLYGONS, POINTS, LINES = (
    ("Polygon", "MultiPolygon"),
    ("Point", "MultiPoint"),
    ("LineString", "MultiLineString", "LinearRing"),
)
LONGEST_EDGE_CELLS = 10  # straight edges are cut this fine before they are projected
BLOCK = 1024  # cells a side that a raster map is brought to at once
AROUND = 2  # cells of the map read around them
OVERVIEW = 1024  # cells a side in which a map is looked at
WIDTH = ", or their width as buffer_m"
ELSEWHERE = "check its CRS and place, give a file of this region, or leave it out"


def is_raster(path: str | Path) -> bool:
    """Whether a file is a raster, by its first bytes.

    Parameters
    ----------
    path : str or Path
        The file.

    Returns
    -------
    bool
        True for GeoTIFF and JPEG 2000.

    Raises
    ------
    VectorError
        For what is no plain file.
    """
    with open(bounded.plain_file(path, VectorError, vector.CURE), "rb") as stream:
        return stream.read(8).startswith(RASTERS)


def read_features(
    path: str | Path,
    grid: RegionGrid,
    kinds: Sequence[str],
    layer: str = "",
    column: str = "",
    classes: Sequence[int | str] = (),
    within_m: float = 0.0,
    region: RegionGrid | None = None,
) -> gpd.GeoSeries:
    """The features of a vector file near a region, or a part of it.

    Parameters
    ----------
    path : str or Path
        The file, any CRS.
    grid : RegionGrid
        Grid of the region, or of the part.
    kinds : sequence of str
        Geometries that it may hold.
    layer : str
        Its layer; empty: its only one.
    column : str
        Column by which features are chosen; empty: all.
    classes : sequence of int or str
        Values of that column.
    within_m : float
        How far from it a feature may lie that counts, m.
    region : RegionGrid, optional
        The region, which the file must reach; `grid` where it is left out.

    Returns
    -------
    GeoSeries
        Valid geometries in the CRS of the grid; none where the file has none there.

    Raises
    ------
    VectorError
        For a file that cannot be read, has no CRS or no features at all, lies elsewhere, lacks the
        layer, the column or one of its classes, or holds another geometry.
    """
    chosen = _layer(path, layer)
    found = vector.extent(path, chosen)
    if not found.features:
        raise VectorError(f"{path}: has no features", "give a file with features, or leave it out")
    if found.crs is None:
        raise VectorError(f"{path}: has no CRS", "assign the coordinate reference system before use")
    around = grid.pad(within_m)
    if not _overlap(found.bounds, _bounds_in((region or grid).pad(within_m), found.crs)):
        raise VectorError(f"{path}: lies elsewhere, it does not reach the region", ELSEWHERE)
    frame = vector.read(path, chosen, around).reset_index(drop=True)
    if len(frame) >= vector.MAX_FEATURES:
        raise VectorError(f"{path}: has {len(frame)} features near the region, too many", vector.SMALLER)
    if column or classes:
        frame = _of_classes(path, frame, chosen, column, classes)
    if wrong := sorted(set(frame.geom_type.dropna()) - set(kinds)):
        raise VectorError(
            f"{path}: holds {', '.join(wrong)}", f"give {_words(kinds)}{WIDTH if kinds == POLYGONS else ''}"
        )
    shapes = _projected(path, frame, grid)
    return shapes[shapes.intersects(box(*around.bounds))].reset_index(drop=True)


def _layer(path: str | Path, layer: str) -> str | None:
    known = vector.layer_names(path)
    if layer and layer not in known:
        raise VectorError(f"{path}: has no layer '{layer}'", f"use {vector.listed(known)}")
    if not layer and len(known) != 1:
        listed = f": {vector.listed(known)}" if known else ""
        raise VectorError(f"{path}: has {len(known)} layers{listed}", "name one of them, as layer")
    return layer or None


def _bounds_in(grid: RegionGrid, crs: Any) -> tuple[float, ...]:
    """West, south, east, north around a region in another CRS."""
    outline = box(*grid.bounds).segmentize(100 * grid.cell_m)
    return tuple(gpd.GeoSeries([outline], crs=grid.epsg).to_crs(crs).total_bounds)


def _overlap(one: Sequence[float], other: Sequence[float]) -> bool:
    """Whether two rectangles touch; those of unknown place do not."""
    known = all(map(math.isfinite, (*one, *other)))
    return known and one[0] <= other[2] and other[0] <= one[2] and one[1] <= other[3] and other[1] <= one[3]


def _of_classes(
    path: str | Path, frame: gpd.GeoDataFrame, layer: str | None, column: str, classes: Sequence[int | str]
) -> gpd.GeoDataFrame:
    """Features of some values of a column, each of which the file has somewhere."""
    if not column:
        raise VectorError(f"{path}: classes of a vector file stand in a column", "name it, as column")
    wanted = [str(one) for one in classes]
    words = vector.column(path, frame, column).astype(str)
    if missing := set(wanted) - set(words):
        everywhere = vector.values(path, column, layer).dropna().astype(str)
        if missing := missing - set(everywhere):
            there = vector.listed(sorted(set(everywhere))) or "none"
            raise VectorError(
                f"{path}: column {column} has no '{bounded.shown(min(missing))}'", f"its values are: {there}"
            )
    return frame[words.isin(wanted)].reset_index(drop=True)


def _projected(path: str | Path, frame: gpd.GeoDataFrame, grid: RegionGrid) -> gpd.GeoSeries:
    """Geometries in the CRS of the grid, valid."""
    if not len(frame):
        return gpd.GeoSeries([], crs=grid.epsg)
    longest_m = LONGEST_EDGE_CELLS * grid.cell_m
    if set(frame.geom_type.dropna()) <= set(POLYGONS):
        return on_grid(path, frame, grid, longest_m)
    if (frame.geometry.isna() | frame.geometry.is_empty).any():
        raise VectorError(f"{path}: a feature has no geometry", "delete or redraw it")
    shapes = gpd.GeoSeries(shapely.force_2d(frame.geometry.values), crs=frame.crs).to_crs(grid.epsg)
    if not np.isfinite(shapes.bounds.to_numpy()).all():
        raise VectorError(f"{path}: has coordinates that cannot be projected", "check its coordinates and its CRS")
    return shapes.make_valid()


def _words(kinds: Sequence[str]) -> str:
    words = {"Polygon": "polygons", "Point": "points", "LineString": "lines"}
    return " or ".join(words[kind] for kind in kinds if kind in words)


@contextmanager
def classes_map(path: str | Path, grid: RegionGrid, classes: Sequence[int | str] = ()) -> Iterator["ClassMap"]:
    """An open raster map of classes that reaches a region.

    Parameters
    ----------
    path : str or Path
        The file, any CRS.
    grid : RegionGrid
        Grid of the region.
    classes : sequence of int or str
        Numbers that it must be able to hold.

    Yields
    ------
    ClassMap
        The map.

    Raises
    ------
    RasterError
        For a file that cannot be read, is no map of classes, has no CRS, lies elsewhere, or cannot
        hold one of the classes.
    """
    with raster.opened(path, raster.OPTICAL) as source:
        if source.count != 1 or not np.issubdtype(np.dtype(source.dtypes[0]), np.integer):
            raise RasterError(
                f"{path}: is no map of classes, with {source.count} bands of {source.dtypes[0]}",
                "give a raster of one band of whole numbers, such as ESA_WorldCover_..._Map.tif",
            )
        if source.crs is None:
            raise RasterError(f"{path}: has no CRS", "assign the coordinate reference system before use")
        step = source.transform
        if step.b or step.d or step.a <= 0 or step.e >= 0:
            raise RasterError(f"{path}: its rows do not run from west to east, north first", "warp it with gdalwarp")
        if not _overlap(source.bounds, _bounds_in(grid, source.crs)):
            raise RasterError(f"{path}: lies elsewhere, it does not reach the region", ELSEWHERE)
        limits = np.iinfo(source.dtypes[0])
        for one in classes:
            if not isinstance(one, int) or not limits.min <= one <= limits.max:
                raise RasterError(
                    f"{path}: has no class '{bounded.shown(one)}'",
                    f"its classes are whole numbers, {limits.min} to {limits.max}",
                )
        yield ClassMap(source)


class ClassMap:
    """A raster map of classes, on cells of a region.

    Parameters
    ----------
    source : rasterio.io.DatasetReader
        The open file, one band, north up.
    """

    def __init__(self, source: Any) -> None:
        self.source = source

    def classes(self, grid: RegionGrid) -> list[int]:
        """Classes that a region has, looked at in an overview.

        Parameters
        ----------
        grid : RegionGrid
            The region.

        Returns
        -------
        list of int
            In order; without nodata.
        """
        window = self._window(grid)
        if window is None:
            return []
        shape = (min(OVERVIEW, int(window.height)), min(OVERVIEW, int(window.width)))
        values = self.source.read(1, window=window, out_shape=shape)
        return [int(one) for one in np.unique(values) if one != self.source.nodata]

    def shares(self, grid: RegionGrid, unknown: Sequence[int] = ()) -> dict[int, np.ndarray]:
        """Share of each class in each cell.

        Parameters
        ----------
        grid : RegionGrid
            Cells of a part of the region.
        unknown : sequence of int
            Classes that tell nothing, beside nodata.

        Returns
        -------
        dict of int to (rows, cols) array of float32
            By class, 0 to 1 by area; without nodata and `unknown`.
        """
        found: dict[int, np.ndarray] = {}
        for part, values, place in self._blocks(grid):
            for one in np.unique(values):
                if one != self.source.nodata and one not in unknown:
                    whole = found.setdefault(int(one), np.zeros(grid.shape, np.float32))
                    whole[part[0]] = self._on(part[1], values == one, place)
        return found

    def share(self, grid: RegionGrid, classes: Sequence[int], unknown: Sequence[int] = ()) -> np.ndarray:
        """Share of some classes in each cell.

        Parameters
        ----------
        grid : RegionGrid
            Cells of a part of the region.
        classes : sequence of int
            The classes.
        unknown : sequence of int
            Classes that tell nothing, beside nodata.

        Returns
        -------
        (rows, cols) array of float32
            0 to 1 by area; NaN where the map tells nothing.
        """
        found = np.full(grid.shape, np.nan, np.float32)
        for part, values, place in self._blocks(grid):
            nothing = np.isin(values, [*unknown, *([] if self.source.nodata is None else [self.source.nodata])])
            known = self._on(part[1], ~nothing, place) > 0
            found[part[0]] = np.where(known, self._on(part[1], np.isin(values, classes) & ~nothing, place), np.nan)
        return found

    def _blocks(self, grid: RegionGrid) -> Iterator[tuple[tuple[tuple[slice, slice], RegionGrid], np.ndarray, Any]]:
        """Place and grid of each block of a region that the map reaches, and the map around it."""
        for row in range(0, grid.rows, BLOCK):
            for col in range(0, grid.cols, BLOCK):
                place = slice(row, min(row + BLOCK, grid.rows)), slice(col, min(col + BLOCK, grid.cols))
                block = part_of(grid, *place)
                window = self._window(block)
                if window is not None:
                    values = self.source.read(1, window=window)
                    yield (place, block), values, self.source.window_transform(window)

    def _window(self, grid: RegionGrid) -> Any:
        """The part of the map around a region; None where there is none."""
        from rasterio.windows import Window, from_bounds

        bounds = _bounds_in(grid, self.source.crs)
        if not _overlap(self.source.bounds, bounds):
            return None
        exact = from_bounds(*bounds, self.source.transform)
        first_row, first_col = (max(0, math.floor(one) - AROUND) for one in (exact.row_off, exact.col_off))
        last_row = min(self.source.height, math.ceil(exact.row_off + exact.height) + AROUND)
        last_col = min(self.source.width, math.ceil(exact.col_off + exact.width) + AROUND)
        if first_row >= last_row or first_col >= last_col:
            return None
        return Window(first_col, first_row, last_col - first_col, last_row - first_row)

    def _on(self, grid: RegionGrid, cells: np.ndarray, place: Any) -> np.ndarray:
        """Share of each cell of a region that marked cells of the map cover."""
        from rasterio.enums import Resampling
        from rasterio.warp import reproject

        target = np.zeros(grid.shape, np.float32)
        reproject(
            cells.astype(np.float32),
            target,
            src_transform=place,
            src_crs=self.source.crs,
            dst_transform=grid.transform,
            dst_crs=f"EPSG:{grid.epsg}",
            resampling=Resampling.average,
        )
        return target


def check_legend(path: str | Path, legend: str, found: Sequence[int]) -> None:
    """Refuse a map whose classes are not those of its legend.

    Parameters
    ----------
    path : str or Path
        The file, for messages.
    legend : str
        Key of `legends.LEGENDS`, or none.
    found : sequence of int
        Classes that it has in the region.

    Raises
    ------
    RasterError
        For a class that the legend lacks, and a map that tells nothing in the region.
    """
    if legend in LEGENDS and (wrong := [one for one in found if one not in (NO_DATA, *LEGENDS[legend])]):
        raise RasterError(
            f"{path}: has class {wrong[0]}, which {legend} has not", "set its legend, or none, or give another file"
        )
    if not set(found) - set(TELLING_NOTHING[legend]):
        raise RasterError(f"{path}: tells nothing in the region", ELSEWHERE)

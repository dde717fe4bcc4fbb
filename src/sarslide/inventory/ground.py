"""Ground of files of the user under objects (G04): glaciers, snow, water, mines, land cover.

An object of which more than a share lies on such ground is kept as masked, with the name of the
ground as its reason; the share of every ground is an attribute of every object of a release.
"""

import logging
import math
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Protocol

import numpy as np
from shapely import STRtree
from shapely.geometry import box
from shapely.geometry.base import BaseGeometry

from sarslide.errors import RasterError, VectorError
from sarslide.grid import RegionGrid, part_of
from sarslide.inventory import ground_files
from sarslide.inventory.ground_files import LINES, POINTS, POLYGONS, ClassMap
from sarslide.inventory.legends import TELLING_NOTHING, meaning
from sarslide.inventory.tables import GROUND_SHARE, LAND_COVER, LAND_COVER_SHARE

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class GroundFile:
    """How a file of ground is read, as `config.ground.GroundMask` says.

    Attributes
    ----------
    layer, column : str
        Layer of a vector file, and its column by which features are chosen; empty: its only one,
        all features.
    classes : sequence of int or str
        Values of that column, or numbers of a raster's classes.
    legend : str
        What these numbers mean, key of `legends.LEGENDS`, or none.
    buffer_m : float
        By how much features are made wider.
    action : str
        mask, or attribute.
    min_share : float
        Share of an object above which it is masked.
    """

    layer: str = ""
    column: str = ""
    classes: Sequence[int | str] = ()
    legend: str = "none"
    buffer_m: float = 0.0
    action: str = "mask"
    min_share: float = 0.5


class Ground(Protocol):
    """Ground whose share of each cell is known."""

    def share(self, grid: RegionGrid) -> np.ndarray:
        """Share of each cell.

        Parameters
        ----------
        grid : RegionGrid
            Cells of a part of the region.

        Returns
        -------
        (rows, cols) array of float32
            0 to 1; NaN where nothing is known.
        """


@dataclass(frozen=True)
class VectorGround:
    """Ground of outlines.

    Attributes
    ----------
    outlines : tuple of BaseGeometry
        In the CRS of the region.
    """

    outlines: tuple[BaseGeometry, ...]

    @cached_property
    def _tree(self) -> STRtree:
        return STRtree(self.outlines)

    def share(self, grid: RegionGrid) -> np.ndarray:
        """Cells whose centre lies in an outline.

        Parameters
        ----------
        grid : RegionGrid
            Cells of a part of the region.

        Returns
        -------
        (rows, cols) array of float32
            1 or 0.
        """
        near = [self.outlines[index] for index in self._tree.query(box(*grid.bounds)).tolist()]
        return _burnt(near, grid).astype(np.float32)


@dataclass(frozen=True)
class RasterGround:
    """Ground of some classes of a raster map.

    Attributes
    ----------
    map : ClassMap
        The open map.
    classes : tuple of int
        Its classes.
    unknown : tuple of int
        Classes that tell nothing.
    """

    map: ClassMap
    classes: tuple[int, ...]
    unknown: tuple[int, ...] = ()

    def share(self, grid: RegionGrid) -> np.ndarray:
        """Share of the classes in each cell, by area.

        Parameters
        ----------
        grid : RegionGrid
            Cells of a part of the region.

        Returns
        -------
        (rows, cols) array of float32
            0 to 1; NaN where the map tells nothing.
        """
        return self.map.share(grid, self.classes, self.unknown)


@contextmanager
def opened(path: str | Path, about: GroundFile, grid: RegionGrid, region: RegionGrid | None = None) -> Iterator[Ground]:
    """The ground of a file in a region, or a part of it.

    Parameters
    ----------
    path : str or Path
        The file.
    about : GroundFile
        How it is read.
    grid : RegionGrid
        The region, or the part.
    region : RegionGrid, optional
        The region, which the file must reach; `grid` where it is left out.

    Yields
    ------
    Ground
        The ground.

    Raises
    ------
    VectorError, RasterError
        As `ground_files.read_features` and `ground_files.classes_map`; for a raster without
        classes, and for keys that its kind of file has not.
    """
    if not ground_files.is_raster(path):
        yield _of_outlines(path, about, grid, region)
        return
    if not about.classes:
        raise RasterError(f"{path}: is a raster, and no classes of it are named", "name them, such as classes: [70]")
    if about.layer or about.column or about.buffer_m:
        raise RasterError(f"{path}: is a raster, which has no layer, column or buffer_m", "leave them out")
    with checked_map(path, about.legend, region or grid, about.classes) as found:
        wanted = tuple(one for one in about.classes if isinstance(one, int))
        yield RasterGround(found, wanted, TELLING_NOTHING[about.legend])


@contextmanager
def checked_map(path: str | Path, legend: str, grid: RegionGrid, classes: Sequence[int | str] = ()):
    """A raster map whose classes in a region are those of its legend.

    Parameters
    ----------
    path : str or Path
        The file.
    legend : str
        Key of `legends.LEGENDS`, or none.
    grid : RegionGrid
        The region.
    classes : sequence of int or str
        Numbers that are looked for.

    Yields
    ------
    ClassMap
        The map.

    Raises
    ------
    RasterError
        As `ground_files.classes_map` and `ground_files.check_legend`.
    """
    with ground_files.classes_map(path, grid, classes) as found:
        present = found.classes(grid)
        ground_files.check_legend(path, legend, present)
        if classes and not set(classes) & set(present):
            log.info("%s: nothing in the region is of class %s", path, ", ".join(map(str, classes)))
        yield found


def _of_outlines(path: str | Path, about: GroundFile, grid: RegionGrid, region: RegionGrid | None) -> VectorGround:
    if about.legend != "none":
        raise VectorError(f"{path}: is a vector file, which has no legend", "leave it out, or give a raster")
    kinds = (*POLYGONS, *POINTS, *LINES) if about.buffer_m else POLYGONS
    chosen = (about.layer, about.column, about.classes)
    shapes = ground_files.read_features(path, grid, kinds, *chosen, about.buffer_m, region)
    if about.buffer_m:
        shapes = shapes.buffer(about.buffer_m)
    log.info("%s: %d features in the region", path, len(shapes))
    return VectorGround(tuple(shapes))


@dataclass(frozen=True)
class GroundReason:
    """Ground that masks the objects on it.

    Attributes
    ----------
    name : str
        The reason.
    share : (rows, cols) array of float32
        Its share in each cell; NaN where nothing is known.
    min_share : float
        Share of an object above which it is masked.
    """

    name: str
    share: np.ndarray
    min_share: float

    def texts(self, labels: np.ndarray) -> dict[int, dict[str, str]]:
        """The objects that it masks.

        Parameters
        ----------
        labels : (rows, cols) array of int
            Numbered objects, 0 none.

        Returns
        -------
        dict of int to dict of str to str
            By number the reason and its text.
        """
        cells = np.bincount(labels.ravel())
        covered = np.bincount(labels.ravel(), weights=np.nan_to_num(self.share).ravel())
        words = self.name.replace("_", " ")
        text = f"more than {self.min_share:.0%} of it lies on ground of a file of the user: {words}"
        held = np.flatnonzero(covered > self.min_share * cells)
        return {number: {self.name: text} for number in held.tolist() if number}


def give_share(layers: Mapping[str, Sequence[dict]], name: str, ground: Ground, region: RegionGrid) -> list[str]:
    """The share of a ground as an attribute of each object.

    Parameters
    ----------
    layers : mapping of str to sequence of dict
        Rows of a release by layer, with outlines.
    name : str
        Of the ground.
    ground : Ground
        The ground.
    region : RegionGrid
        Grid of the region.

    Returns
    -------
    list of str
        The column.
    """
    column = GROUND_SHARE.format(name)
    for row in _rows(layers):
        part, inside = _cells(row["geometry"], region)
        row[column] = _mean(ground.share(part)[inside])
    return [column]


def give_land_cover(
    layers: Mapping[str, Sequence[dict]], land_cover: ClassMap, legend: str, region: RegionGrid
) -> list[str]:
    """The class that most of each object has, and its share, as attributes.

    Parameters
    ----------
    layers : mapping of str to sequence of dict
        Rows of a release by layer, with outlines.
    land_cover : ClassMap
        The map.
    legend : str
        Key of `legends.LEGENDS`, or none.
    region : RegionGrid
        Grid of the region.

    Returns
    -------
    list of str
        The columns.
    """
    for row in _rows(layers):
        part, inside = _cells(row["geometry"], region)
        shares = land_cover.shares(part, TELLING_NOTHING[legend])
        means = {one: _mean(share[inside]) for one, share in shares.items()}
        known = [one for one in sorted(means) if means[one] > 0]
        row |= {LAND_COVER: "", LAND_COVER_SHARE: math.nan}
        if known:
            largest = max(known, key=lambda one: means[one])
            row |= {LAND_COVER: meaning(legend, largest), LAND_COVER_SHARE: means[largest]}
    return [LAND_COVER, LAND_COVER_SHARE]


def _rows(layers: Mapping[str, Sequence[dict]]) -> Iterator[dict]:
    for rows in layers.values():
        yield from rows


def _cells(outline: BaseGeometry, region: RegionGrid) -> tuple[RegionGrid, np.ndarray]:
    """The part of a region around an outline, and the cells whose centre lies in it; of one that
    holds none those that it touches.
    """
    west, south, east, north = outline.bounds
    rows = _slice((region.north - north) / region.cell_m, (region.north - south) / region.cell_m, region.rows)
    cols = _slice((west - region.west) / region.cell_m, (east - region.west) / region.cell_m, region.cols)
    part = part_of(region, rows, cols)
    inside = _burnt([outline], part)
    return part, inside if inside.any() else _burnt([outline], part, all_touched=True)


def _slice(first: float, last: float, size: int) -> slice:
    """At least one of the rows or columns of a grid."""
    start = min(max(math.floor(first), 0), size - 1)
    return slice(start, min(max(math.ceil(last), start + 1), size))


def _burnt(outlines: Sequence[BaseGeometry], grid: RegionGrid, all_touched: bool = False) -> np.ndarray:
    from rasterio.features import rasterize

    if not outlines:
        return np.zeros(grid.shape, bool)
    shapes = [(outline, 1) for outline in outlines]
    return rasterize(shapes, grid.shape, transform=grid.transform, dtype="uint8", all_touched=all_touched) > 0


def _mean(share: np.ndarray) -> float:
    """Mean of the shares of some cells; NaN where nothing is known of any."""
    return float(np.nan_to_num(share).mean(dtype=float)) if np.isfinite(share).any() else math.nan

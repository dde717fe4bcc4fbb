"""Labels from polygons: read in any CRS, checked, repaired, rasterised by cell centre (D01, D17).

A cell belongs to a polygon if its centre lies inside, the rule of planted truth and of inventories.
Where polygons overlap, a landslide wins over one that is not counted, and of two landslides the
first of the file.
"""

import logging
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import geopandas as gpd
import numpy as np
from rasterio.features import rasterize
from shapely.geometry import box

from sarslide.dataset.scenes import IGNORE
from sarslide.errors import VectorError
from sarslide.grid import RegionGrid
from sarslide.io import vector
from sarslide.io.bounded import shown
from sarslide.io.outlines import on_grid
from sarslide.io.vector import listed

log = logging.getLogger(__name__)

LANDSLIDE, BACKGROUND = 1, 0
MEANINGS = {"landslide": LANDSLIDE, "background": BACKGROUND, "ignored": IGNORE}
LONGEST_EDGE_CELLS = 10  # straight edges are cut this fine before they are projected
OBJECTS_DTYPE = np.int32


@dataclass(frozen=True)
class Reading:
    """How the attributes of a file become labels.

    Attributes
    ----------
    layer : str
        Of a file with several.
    class_column : str
        Column of classes; none: every polygon is a landslide.
    classes : mapping of str to str
        Class -> `landslide`, `background` or `ignored`.
    confidence_column : str
        Column of numbers; polygons below `min_confidence`, or without a number, are not counted
        (D17).
    min_confidence : float
        Least confidence that counts.
    """

    layer: str = ""
    class_column: str = ""
    classes: Mapping[str, str] = field(default_factory=dict)
    confidence_column: str = ""
    min_confidence: float = 0.5


@dataclass(frozen=True)
class Labels:
    """Labelled polygons on a grid.

    Attributes
    ----------
    polygons : GeoDataFrame
        `object` (1, 2 ... in the order of the file), `label` (1, 0, 255), geometry; in the grid's
        CRS, valid, all of the file.
    label : (rows, cols) array of uint8
        1 landslide, 0 background, 255 not counted.
    objects : (rows, cols) array of int32
        The `object` of each landslide cell, 0 elsewhere.
    """

    polygons: gpd.GeoDataFrame
    label: np.ndarray
    objects: np.ndarray


def read_labels(
    path: str | Path, grid: RegionGrid, reading: Reading | None = None, area: str | Path | None = None
) -> Labels:
    """The labels of a vector file on a grid.

    Parameters
    ----------
    path : str or Path
        GeoPackage, Shapefile or GeoJSON; any CRS.
    grid : RegionGrid
        Grid of the region.
    reading : Reading or None
        How attributes become labels; None: every polygon is a landslide.
    area : str, Path or None
        Vector file of what the annotator looked at; cells outside are not counted. None: the whole
        grid.

    Returns
    -------
    Labels
        Polygons and rasters.

    Raises
    ------
    VectorError
        One line that names file and feature, for a file without CRS, polygons, or the named layer
        and columns; for an outline that cannot be repaired; for a class that the mapping does not
        know; where no landslide lies on the grid, or none covers a cell; and for a landslide class
        without one.
    """
    polygons = read_polygons(path, grid, reading)
    inside = None if area is None else _inside(area, grid)
    label, objects = rasterise(polygons, grid, inside)
    if not (label == LANDSLIDE).any():
        raise VectorError(
            f"{path}: no cell centre of the region is a landslide ({(polygons.label == LANDSLIDE).sum()} polygons)",
            "label larger landslides, or check the labelled area",
        )
    small = polygons.object[(polygons.label == LANDSLIDE) & ~polygons.object.isin(np.unique(objects))]
    if len(small):
        log.warning("%s: polygons without a landslide cell of their own: %s", path, listed(small))
    return Labels(polygons, label, objects)


def read_polygons(path: str | Path, grid: RegionGrid, reading: Reading | None = None) -> gpd.GeoDataFrame:
    """The polygons of a vector file in the grid's CRS; the log names what is repaired.

    Parameters
    ----------
    path : str or Path
        Vector file.
    grid : RegionGrid
        Grid of the region.
    reading : Reading or None
        How attributes become labels.

    Returns
    -------
    GeoDataFrame
        As in `Labels`.

    Raises
    ------
    VectorError
        As `read_labels`.
    """
    reading = reading or Reading()
    frame = vector.read_layer(path, reading.layer)
    label = _label_of(path, frame, reading)
    geometry = on_grid(path, frame, grid, LONGEST_EDGE_CELLS * grid.cell_m)
    polygons = gpd.GeoDataFrame(
        {"object": np.arange(1, len(frame) + 1), "label": label}, geometry=geometry, crs=grid.epsg
    )
    seen = polygons.intersects(box(*grid.bounds))
    if not seen.any():
        raise VectorError(
            f"{path}: all {len(frame)} polygons lie outside the region {[round(v) for v in grid.bounds]} of EPSG:{grid.epsg}",
            "give labels of this region; check the CRS of the file and the order of its coordinates",
        )
    if not (polygons.label[seen] == LANDSLIDE).any():
        raise VectorError(
            f"{path}: none of the {seen.sum()} polygons in the region is a landslide",
            "label landslides, lower the least confidence, or correct the meaning of the classes",
        )
    if not seen.all():
        log.warning("%s: polygons outside the region: %s", path, listed(polygons.object[~seen]))
    return polygons


def rasterise(
    polygons: gpd.GeoDataFrame, grid: RegionGrid, inside: np.ndarray | None = None
) -> tuple[np.ndarray, np.ndarray]:
    """Label and object rasters of polygons.

    Parameters
    ----------
    polygons : GeoDataFrame
        As in `Labels`.
    grid : RegionGrid
        Grid of the region.
    inside : (rows, cols) array of bool or None
        The labelled area; None: everywhere.

    Returns
    -------
    label, objects : (rows, cols) array
        As in `Labels`.
    """
    label = np.full(grid.shape, BACKGROUND, np.uint8)
    ignored = polygons.geometry[polygons.label == IGNORE]
    label[_burnt(zip(ignored, [1] * len(ignored), strict=True), grid) > 0] = IGNORE
    # The last one burnt stays: the first of the file.
    landslides = polygons[polygons.label == LANDSLIDE].iloc[::-1]
    objects = _burnt(zip(landslides.geometry, landslides.object, strict=True), grid)
    label[objects > 0] = LANDSLIDE
    if inside is not None:
        label[~inside], objects[~inside] = IGNORE, 0
    return label, objects


def _burnt(shapes, grid: RegionGrid) -> np.ndarray:
    shapes = list(shapes)
    if not shapes:
        return np.zeros(grid.shape, OBJECTS_DTYPE)
    return rasterize(shapes, grid.shape, transform=grid.transform, dtype="int32")


def _inside(area: str | Path, grid: RegionGrid) -> np.ndarray:
    geometry = on_grid(area, vector.read_layer(area), grid, LONGEST_EDGE_CELLS * grid.cell_m)
    inside = _burnt(((outline, 1) for outline in geometry), grid) > 0
    if not inside.any():
        raise VectorError(f"{area}: the labelled area lies outside the region", "give the labelled area of this region")
    return inside


def _label_of(path: str | Path, frame: gpd.GeoDataFrame, reading: Reading) -> np.ndarray:
    """Label of each feature, uint8, from class and confidence."""
    label = np.full(len(frame), LANDSLIDE, np.uint8)
    if reading.class_column:
        label[:] = _classes(path, vector.column(path, frame, reading.class_column).astype(str), reading.classes)
    if reading.confidence_column:
        label[_unsure(path, vector.column(path, frame, reading.confidence_column), reading)] = IGNORE
    return label


def _classes(path: str | Path, values, classes: Mapping[str, str]) -> np.ndarray:
    found = sorted(set(values))
    if unknown := [value for value in found if value not in classes]:
        raise VectorError(
            f"{path}: class '{shown(unknown[0])}' has no meaning",
            f"map each of {listed(found)} to {', '.join(MEANINGS)}",
        )
    if wrong := [value for value, meaning in classes.items() if meaning not in MEANINGS]:
        raise VectorError(f"class '{wrong[0]}' means '{classes[wrong[0]]}'", f"map each class to {', '.join(MEANINGS)}")
    if absent := [value for value, meaning in classes.items() if meaning == "landslide" and value not in found]:
        raise VectorError(f"{path}: class '{absent[0]}' has no polygon", f"leave it out; the file has {listed(found)}")
    return np.array([MEANINGS[classes[value]] for value in values], np.uint8)


def _unsure(path: str | Path, values, reading: Reading) -> np.ndarray:
    import pandas as pd

    confidence = pd.to_numeric(values, errors="coerce")
    if confidence.isna().all():
        raise VectorError(
            f"{path}: column '{reading.confidence_column}' holds no number",
            "give confidence as numbers, for example 0 to 1",
        )
    unsure = ~(confidence >= reading.min_confidence).to_numpy()
    if unsure.any():
        log.info("%s: %d polygons below confidence %g are not counted", path, unsure.sum(), reading.min_confidence)
    return unsure

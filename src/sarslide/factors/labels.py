"""Labels for the analysis of factors: the released inventory, or polygons of a file."""

from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd

from sarslide.dataset.labels import BACKGROUND, LANDSLIDE, rasterise, read_polygons
from sarslide.dataset.scenes import IGNORE
from sarslide.errors import VectorError
from sarslide.factors.sample import STRIP_ROWS
from sarslide.grid import RegionGrid, part_of
from sarslide.inventory import records
from sarslide.inventory.changes import LANDSLIDES, LAYERS
from sarslide.io import vector
from sarslide.io.blocks import strips


def of_release(current: str | Path, grid: RegionGrid) -> np.ndarray:
    """Labels from the current release.

    Parameters
    ----------
    current : path
        What names the release, `release.json` or `current.json`.
    grid : RegionGrid
        The region.

    Returns
    -------
    (rows, cols) array of uint8
        1 landslide, 0 background, 255 not counted: the objects that are no landslides of the
        release (masked, vanished, other deformation).

    Raises
    ------
    VectorError
        The release has no landslide.
    """
    package = records.folder_of(current) / records.PACKAGE
    tables = []
    for name in LAYERS:
        frame = vector.read(package, name)[["geometry"]].to_crs(epsg=grid.epsg)
        tables.append(frame.assign(label=LANDSLIDE if name == LANDSLIDES else IGNORE))
    polygons = gpd.GeoDataFrame(pd.concat(tables, ignore_index=True), crs=grid.epsg)
    if not (polygons.label == LANDSLIDE).any():
        raise VectorError(f"{package}: the release has no landslide", "name a file of landslides in factors.labels")
    return _burnt(polygons.assign(object=np.arange(1, len(polygons) + 1)), grid)


def of_file(path: str | Path, grid: RegionGrid) -> np.ndarray:
    """Labels from a vector file, all of whose polygons are landslides.

    Parameters
    ----------
    path : path
        Vector file in any CRS.
    grid : RegionGrid
        The region.

    Returns
    -------
    (rows, cols) array of uint8
        1 landslide, 0 background.

    Raises
    ------
    VectorError
        As `dataset.labels.read_polygons`.
    """
    return _burnt(read_polygons(path, grid), grid)


def _burnt(polygons: gpd.GeoDataFrame, grid: RegionGrid) -> np.ndarray:
    """Labels of polygons, strip by strip: their numbers take four times the memory."""
    label = np.full(grid.shape, BACKGROUND, np.uint8)
    for rows in strips(grid.rows, STRIP_ROWS):
        label[rows], _ = rasterise(polygons, part_of(grid, rows, slice(0, grid.cols)))
    return label

"""A geological map, as polygons, to rock classes on the region grid (P3 2.2; C07).

Classes are those of the Global Lithological Map, so that networks trained in one region know the
rocks of another. GLiM itself has their words in its attribute `xx`; the values of any other map are
put into classes by the configuration.
"""

from collections.abc import Mapping
from pathlib import Path

import numpy as np

from sarslide.errors import VectorError
from sarslide.grid import RegionGrid
from sarslide.io import vector
from sarslide.io.bounded import shown
from sarslide.io.outlines import on_grid
from sarslide.io.vector import listed
from sarslide.layers import LITHOLOGY

UNKNOWN = {"wb": "water", "ig": "ice and glaciers", "nd": "no data"}  # of GLiM; code 0
CODES = {word: code for code, word in enumerate(LITHOLOGY, start=1)} | dict.fromkeys(UNKNOWN, 0)
LONGEST_EDGE_CELLS = 100  # a straight edge of another CRS is cut into pieces of this length before it is bent into ours


def rock_classes(
    path: str | Path, layer: str, attribute: str, classes: Mapping[str, str], grid: RegionGrid
) -> tuple[np.ndarray, list[dict]]:
    """Rock classes of a geological map on the region grid, and their legend.

    Where polygons overlap, the later one in the file counts.

    Parameters
    ----------
    path : str or Path
        Any vector file, in any CRS.
    layer : str
        Its layer, empty for the first.
    attribute : str
        Column with the kind of rock.
    classes : mapping
        Values of the column to words of `layers.LITHOLOGY` (or `wb`, `ig`, `nd`); words of GLiM
        need none.
    grid : RegionGrid
        Grid of the region.

    Returns
    -------
    codes : (rows, cols) array of uint8
        Class of the polygon in which each cell's centre lies, 0 unknown.
    legend : list of dict
        One row a value that touches the region: value, class, rock, code, cells.

    Raises
    ------
    VectorError
        For a missing attribute, a value without a class, or a map that does not touch the region.
    """
    frame = vector.read(path, layer or None, around=grid)  # a map of a continent has a million polygons
    if attribute not in frame:
        there = listed(column for column in frame.columns if column != frame.geometry.name)
        raise VectorError(f"{path}: has no attribute '{attribute}'", f"set lithology.attribute to one of {there}")
    frame = _in_region(path, frame, grid)
    if frame.empty:
        raise VectorError(
            f"{path}: no polygon touches the region {list(grid.bounds)} (EPSG:{grid.epsg})",
            "give a map of the region, and check the file's CRS",
        )
    values = ["" if value is None or value != value else str(value) for value in frame[attribute]]
    words = {value: _word(path, attribute, value, classes) for value in dict.fromkeys(values)}
    number = {value: place for place, value in enumerate(words, start=1)}
    which = _rasterised(frame, [number[value] for value in values], grid)
    table = np.array([0, *(CODES[word] for word in words.values())], np.uint8)
    cells = np.bincount(which.ravel(), minlength=len(table))
    legend = [
        {"value": value, "class": word, "rock": LITHOLOGY.get(word) or UNKNOWN[word], "code": CODES[word], "cells": int(n)}
        for (value, word), n in zip(words.items(), cells[1:], strict=True)
    ]  # fmt: skip
    return table[which], sorted(legend, key=lambda row: (row["code"], row["value"]))


def _word(path: str | Path, attribute: str, value: str, classes: Mapping[str, str]) -> str:
    """Class of one value."""
    word = classes.get(value) or (value.lower() if value else "nd")
    if word not in CODES:
        problem = f"'{shown(word)}' is no class" if value in classes else "has no class"
        raise VectorError(
            f"{path}: {attribute} = '{shown(value)}' {problem}",
            f"map it in lithology.classes to one of {', '.join(CODES)}",
        )
    return word


def _in_region(path: str | Path, frame, grid: RegionGrid):
    """Polygons that touch the region, valid, in its CRS."""
    from shapely.geometry import box

    frame = frame[frame.geom_type.isin(["Polygon", "MultiPolygon"])].reset_index(drop=True)
    frame = frame.set_geometry(on_grid(path, frame, grid, LONGEST_EDGE_CELLS * grid.cell_m))
    return frame[frame.intersects(box(*grid.bounds))]


def _rasterised(frame, numbers: list[int], grid: RegionGrid) -> np.ndarray:
    from rasterio.features import rasterize

    return rasterize(zip(frame.geometry, numbers, strict=True), grid.shape, transform=grid.transform, dtype="int32")

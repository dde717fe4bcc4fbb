"""What a GeoParquet file says of itself, and the part of it around a region.

Buildings and roads of a continent come as one file. One with a covering, a column of rectangles
(GeoParquet 1.1, section Covering), is read by those groups of rows that a region touches.
"""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyproj
from pyarrow import dataset, parquet

Bounds = tuple[float, ...]
CORNERS = ("xmin", "ymin", "xmax", "ymax")


@dataclass(frozen=True)
class Header:
    """The metadata of a file.

    Attributes
    ----------
    rows : int
        Features.
    size : int
        Bytes of all of them in memory, about.
    crs : str or None
        CRS of the geometry, as WKT; None where it has none.
    bounds : tuple of float or None
        West, south, east, north of all features; None where the file does not say.
    covering : dict of str to list of str
        Place of the columns `xmin`, `ymin`, `xmax`, `ymax` of the features' rectangles; empty: a
        part cannot be read.
    """

    rows: int
    size: int
    crs: str | None
    bounds: Bounds | None
    covering: dict[str, list[str]]


def header(path: str | Path) -> Header:
    """What a file says of itself.

    Parameters
    ----------
    path : str or Path
        The file.

    Returns
    -------
    Header
        Its metadata. Raises ValueError, KeyError or what pyarrow and pyproj raise for a file that
        is no GeoParquet.
    """
    with parquet.ParquetFile(path) as file:
        about, geo = file.metadata, _geo(file)
        size = sum(about.row_group(number).total_byte_size for number in range(about.num_row_groups))
    column = geo["columns"][geo["primary_column"]]
    bounds = column.get("bbox")
    if bounds is not None:  # of three dimensions: west, south, lowest, east, north, highest
        half = len(bounds) // 2
        bounds = (*bounds[:2], *bounds[half : half + 2])
    return Header(about.num_rows, size, _crs(column), bounds, column.get("covering", {}).get("bbox", {}))


def within(path: str | Path, about: Header, bounds: Bounds) -> int:
    """How many features a rectangle has, by their own rectangles.

    Parameters
    ----------
    path : str or Path
        The file.
    about : Header
        Its metadata, with a covering.
    bounds : tuple of float
        West, south, east, north in its CRS.

    Returns
    -------
    int
        Features whose rectangles touch it.
    """
    west, south, east, north = bounds
    low_x, low_y, high_x, high_y = (dataset.field(*about.covering[corner]) for corner in CORNERS)
    touching = (low_x <= east) & (low_y <= north) & (high_x >= west) & (high_y >= south)
    return dataset.dataset(path, format="parquet").count_rows(filter=touching)


def columns(path: str | Path) -> list[str]:
    """The columns of attributes.

    Parameters
    ----------
    path : str or Path
        The file.

    Returns
    -------
    list of str
        Without those of geometries and of their rectangles.
    """
    with parquet.ParquetFile(path) as file:
        geo = _geo(file)["columns"]
        covering = {corner[0] for one in geo.values() for corner in one.get("covering", {}).get("bbox", {}).values()}
        return [name for name in file.schema_arrow.names if name not in geo and name not in covering]


def values(path: str | Path, name: str, most: int) -> pd.Series:
    """A column of the first features, without the others.

    Parameters
    ----------
    path : str or Path
        The file.
    name : str
        The column.
    most : int
        So many features are read.

    Returns
    -------
    pandas.Series
        Its values.
    """
    with parquet.ParquetFile(path) as file:
        parts, read = [], 0
        for batch in file.iter_batches(columns=[name]):
            parts.append(batch.column(0).to_pandas())
            read += len(batch)
            if read >= most:
                break
    return pd.concat(parts, ignore_index=True)[:most] if parts else pd.Series(np.empty(0, object))


def _geo(file: parquet.ParquetFile) -> dict[str, Any]:
    text = (file.metadata.metadata or {}).get(b"geo")
    if text is None:
        raise ValueError("no GeoParquet: it has no geometry")
    return json.loads(text)


def _crs(column: dict[str, Any]) -> str | None:
    """A missing CRS is longitude and latitude, null is none (GeoParquet 1.1, section crs)."""
    told = column.get("crs", "OGC:CRS84")
    return None if told is None else pyproj.CRS.from_user_input(told).to_wkt()

"""Layers in radar coordinates on the region grid, by the geometry lookup that lies beside them."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from sarslide.grid import RegionGrid

REACH = 1.5  # of the spacing of the radar cells, up to which one stands for a cell of the region


@dataclass(frozen=True)
class Lookup:
    """The radar cell of each cell of the region.

    Attributes
    ----------
    rows, cols : (rows, cols) array of int
        In the radar raster; -1 where it has no cell.
    """

    rows: np.ndarray
    cols: np.ndarray

    def layer(self, data: Any, index: tuple[int, ...], void: float | None = None) -> np.ndarray:
        """A layer on the region grid: each cell has the value of its radar cell.

        Parameters
        ----------
        data : h5py.Dataset
            (..., rows, cols) in radar coordinates.
        index : tuple of int
            Of the layer, in the axes before rows and cols.
        void : float, optional
            Value that is no measurement, as NaN is none.

        Returns
        -------
        (rows, cols) array of float
            NaN where not valid.
        """
        found = np.full(self.rows.shape, np.nan)
        inside = self.rows >= 0
        if inside.any():
            rows, cols = (slice(at[inside].min(), at[inside].max() + 1) for at in (self.rows, self.cols))
            part = np.asarray(data[(*index, rows, cols)], float)
            found[inside] = part[self.rows[inside] - rows.start, self.cols[inside] - cols.start]
            found[found == void] = np.nan
        return found


def of_coordinates(latitude: np.ndarray, longitude: np.ndarray, grid: RegionGrid) -> Lookup:
    """The lookup of cells whose latitude and longitude are known: the nearest one.

    Parameters
    ----------
    latitude, longitude : (rows, cols) array of float
        Of each radar cell, degree, WGS 84; 0 or NaN where unknown.
    grid : RegionGrid
        The region.

    Returns
    -------
    Lookup
        Up to 1.5 spacings of the radar cells away.
    """
    from pyproj import Transformer
    from scipy.spatial import cKDTree

    known = np.isfinite(latitude) & np.isfinite(longitude) & ((latitude != 0) | (longitude != 0))
    x, y = Transformer.from_crs(4326, grid.epsg, always_xy=True).transform(
        np.where(known, longitude, np.nan), np.where(known, latitude, np.nan)
    )
    known &= np.isfinite(x) & np.isfinite(y)
    # The coarser of both spacings, of neighbours along rows and columns.
    spacing = max(_spacing(x, y, axis, known) for axis in (0, 1))
    west, south, east, north = grid.bounds
    near = known & (x > west - spacing) & (x < east + spacing) & (y > south - spacing) & (y < north + spacing)
    rows, cols = np.full(grid.shape, -1), np.full(grid.shape, -1)
    if near.any():
        places = np.nonzero(near)
        away, which = cKDTree(np.column_stack([x[near], y[near]])).query(
            np.column_stack([part.ravel() for part in np.meshgrid(grid.x(), grid.y())]),
            distance_upper_bound=REACH * spacing,
        )
        reached = np.isfinite(away)
        rows.ravel()[reached], cols.ravel()[reached] = (at[which[reached]] for at in places)
    return Lookup(rows, cols)


def of_radar_places(
    azimuth: np.ndarray, slant_range: np.ndarray, first: Sequence[int], shape: tuple[int, int]
) -> Lookup:
    """The lookup of cells of the region whose place in the radar raster is known.

    Parameters
    ----------
    azimuth, slant_range : (rows, cols) array of float
        Place in the whole radar raster of each cell of the region, in rows and columns from its
        edge; NaN where it has none.
    first : sequence of int
        Row and column of the whole raster at which a subset begins.
    shape : tuple of int
        Rows and columns of the subset.

    Returns
    -------
    Lookup
        The cells that hold the places.
    """
    rows, cols = (
        np.where(np.isfinite(at), np.floor(at) - start, -1).astype(int)
        for at, start in zip((azimuth, slant_range), first, strict=True)
    )
    outside = (rows < 0) | (cols < 0) | (rows >= shape[0]) | (cols >= shape[1])
    return Lookup(np.where(outside, -1, rows), np.where(outside, -1, cols))


def _spacing(x: np.ndarray, y: np.ndarray, axis: int, known: np.ndarray) -> float:
    """Median distance of neighbours along an axis; 0 where there are none."""
    steps = np.hypot(np.diff(x, axis=axis), np.diff(y, axis=axis))
    steps = steps[np.isfinite(steps)]
    return float(np.median(steps)) if steps.size and known.any() else 0.0

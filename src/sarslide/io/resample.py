"""Final layers on a finer grid: 12.5 m products from 25 m cells (P3, C09).

Only what has been averaged to cells is resampled, never single-look samples: a finer grid serves
to join layers of other sources, it holds no more detail. Physical quantities are interpolated
bilinearly, directions and wrapped phases as unit vectors, classes and counts go to the nearest
cell.
"""

import math
from typing import Any

import numpy as np

from sarslide.errors import GridError
from sarslide.grid import RegionGrid
from sarslide.io.blocks import strips
from sarslide.layers import Layer

ROWS_AT_ONCE = 512


def finer_grid(grid: RegionGrid, cell_m: float) -> RegionGrid:
    """The grid with the same outer edges and finer cells.

    Parameters
    ----------
    grid : RegionGrid
        The coarser grid.
    cell_m : float
        Side of the finer cells, m.

    Returns
    -------
    RegionGrid
        The finer grid.

    Raises
    ------
    GridError
        Unless the finer cells divide those of `grid`.
    """
    parts = round(grid.cell_m / cell_m)
    if parts < 1 or abs(parts * cell_m - grid.cell_m) > 1e-9 * grid.cell_m:
        raise GridError(
            f"cells of {cell_m} m do not divide cells of {grid.cell_m} m", "give a whole part of grid.cell_m"
        )
    return RegionGrid(grid.epsg, grid.west, grid.north, cell_m, grid.rows * parts, grid.cols * parts)


def period_of(layer: Layer) -> float | None:
    """After how much the values of a layer repeat.

    Parameters
    ----------
    layer : Layer
        Its entry in the registry.

    Returns
    -------
    float or None
        360 degrees for directions, 2 pi for wrapped phases, None for all else.
    """
    if layer.unit == "degree" and layer.valid == (0, 360):
        return 360.0
    wrapped = layer.unit == "rad" and layer.valid is not None and abs(layer.valid[1] - math.pi) < 1e-6
    return 2 * math.pi if wrapped else None


def resample(values: np.ndarray, parts: int, layer: Layer) -> np.ndarray:
    """Values of a layer on cells that are several times finer.

    A fine cell has no data (NaN, or the layer's nodata) exactly where the cell it lies in has none;
    neighbours without data take no part. At the border of the region the outermost cells are held.

    Parameters
    ----------
    values : (rows, cols) array
        The layer.
    parts : int
        Fine cells a cell, in each direction.
    layer : Layer
        Its entry in the registry: decides the kind of interpolation.

    Returns
    -------
    (rows parts, cols parts) array
        In the dtype of `values`.
    """
    if np.issubdtype(values.dtype, np.integer):
        return np.repeat(np.repeat(values, parts, axis=0), parts, axis=1)
    period = period_of(layer)
    field = values if period is None else np.exp(2j * np.pi / period * values).astype(np.complex64)
    out = np.empty((values.shape[0] * parts, values.shape[1] * parts), values.dtype)
    for rows in strips(out.shape[0], ROWS_AT_ONCE):
        if period is None:
            out[rows] = _bilinear(field, parts, rows)
        else:
            angle = np.angle(_bilinear(field, parts, rows)) * period / (2 * np.pi)
            # Directions run from 0, phases from -pi.
            out[rows] = angle % period if layer.valid and layer.valid[0] == 0 else angle
    return out


def _bilinear(values: np.ndarray, parts: int, rows: slice) -> np.ndarray:
    """Fine rows by bilinear interpolation of cell centres over the neighbours that have data."""
    known = np.isfinite(values)
    fine_rows, fine_cols = np.arange(rows.start, rows.stop), np.arange(values.shape[1] * parts)
    total: Any = 0
    weight: Any = 0
    for row, by_row in _neighbours(fine_rows, parts, values.shape[0]):
        for col, by_col in _neighbours(fine_cols, parts, values.shape[1]):
            share = by_row[:, None] * by_col * known[np.ix_(row, col)]
            total = total + share * np.where(share > 0, values[np.ix_(row, col)], 0)
            weight = weight + share
    own = known[np.ix_(fine_rows // parts, fine_cols // parts)]
    return np.divide(total, weight, out=np.full(total.shape, np.nan, total.dtype), where=own)


def _neighbours(fine: np.ndarray, parts: int, size: int) -> list[tuple[np.ndarray, np.ndarray]]:
    """The two cells on both sides of fine cell centres, and their weights."""
    at = (fine + 0.5) / parts - 0.5
    base = np.floor(at).astype(int)
    away = at - base
    return [(base.clip(0, size - 1), 1 - away), ((base + 1).clip(0, size - 1), away)]

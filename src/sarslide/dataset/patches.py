"""Windows that cover a raster (D02, D10, G01).

For patches of a training set and for the sliding window of inference.
"""

from collections.abc import Iterator

import numpy as np

from sarslide.errors import ConfigError


def starts(length: int, size: int, overlap: float) -> list[int]:
    """First cells of windows that cover a length with at least the given overlap.

    Parameters
    ----------
    length : int
        Cells to cover.
    size : int
        Side of a window, cells.
    overlap : float
        0 to < 1.

    Returns
    -------
    list of int
        The last window ends at the last cell. One window starts at 0 where `length` is smaller than
        `size`.

    Raises
    ------
    ConfigError
        For another overlap.
    """
    if not 0 <= overlap < 1:
        raise ConfigError(f"overlap {overlap} of windows", "use 0 to less than 1, for example 0.5")
    step = max(1, round(size * (1 - overlap)))
    last = max(0, length - size)
    return [*range(0, last, step), last]


def windows(shape: tuple[int, int], size: int, overlap: float) -> list[tuple[int, int]]:
    """Windows that cover a raster, row by row.

    Parameters
    ----------
    shape : tuple of int
        Rows and columns.
    size : int
        Side of a window, cells.
    overlap : float
        0 to < 1.

    Returns
    -------
    list of (int, int)
        Row and column of the upper left cell of each.
    """
    return [(row, col) for row in starts(shape[0], size, overlap) for col in starts(shape[1], size, overlap)]


def cut(array: np.ndarray, row: int, col: int, size: int, fill: float) -> np.ndarray:
    """One window of an array.

    Parameters
    ----------
    array : (..., rows, cols) array
        Raster.
    row, col : int
        Upper left cell.
    size : int
        Side, cells.
    fill : float
        Value of cells beyond the array's end.

    Returns
    -------
    (..., size, size) array
        The window.
    """
    part = array[..., row : row + size, col : col + size]
    missing = [(0, 0)] * (array.ndim - 2) + [(0, size - n) for n in part.shape[-2:]]
    return np.pad(part, missing, constant_values=fill) if any(after for _, after in missing) else part


def random_windows(
    shape: tuple[int, int], size: int, count: int, rng: np.random.Generator
) -> Iterator[tuple[int, int]]:
    """Windows that start anywhere, drawn uniformly.

    Parameters
    ----------
    shape : tuple of int
        Rows and columns.
    size : int
        Side of a window, cells.
    count : int
        How many.
    rng : np.random.Generator
        Draws rows and columns in turn.

    Yields
    ------
    row, col : int
        Upper left cell.
    """
    for _ in range(count):
        row, col = (int(rng.integers(0, max(0, n - size) + 1)) for n in shape)
        yield row, col

"""Windows that cover a raster, for patches of a training set and for the sliding window of inference (D02, D10, G01)."""

from collections.abc import Iterator

import numpy as np

from sarslide.errors import ConfigError


def starts(length: int, size: int, overlap: float) -> list[int]:
    """First cells of windows of `size` cells that cover `length` cells with at least the given overlap (0 to < 1).

    The last window ends at the last cell. One window starts at 0 where `length` is smaller than `size`.
    """
    if not 0 <= overlap < 1:
        raise ConfigError(f"overlap {overlap} of windows", "use 0 to less than 1, for example 0.5")
    step = max(1, round(size * (1 - overlap)))
    last = max(0, length - size)
    return [*range(0, last, step), last]


def windows(shape: tuple[int, int], size: int, overlap: float) -> list[tuple[int, int]]:
    """(row, col) of the upper left cell of each window, row by row."""
    return [(row, col) for row in starts(shape[0], size, overlap) for col in starts(shape[1], size, overlap)]


def cut(array: np.ndarray, row: int, col: int, size: int, fill: float) -> np.ndarray:
    """The window (..., size, size) of an array (..., rows, cols); cells beyond the array's end hold `fill`."""
    part = array[..., row : row + size, col : col + size]
    missing = [(0, 0)] * (array.ndim - 2) + [(0, size - n) for n in part.shape[-2:]]
    return np.pad(part, missing, constant_values=fill) if any(after for _, after in missing) else part


def random_windows(
    shape: tuple[int, int], size: int, count: int, rng: np.random.Generator
) -> Iterator[tuple[int, int]]:
    """`count` windows that start anywhere, drawn uniformly."""
    for _ in range(count):
        yield tuple(int(rng.integers(0, max(0, n - size) + 1)) for n in shape)

"""The only iterators over strips and blocks of a raster; their size is each caller's matter."""

from collections.abc import Iterator

FORMAT_VERSION = 1


def strips(size: int, step: int) -> Iterator[slice]:
    """Consecutive slices that cover an axis once.

    Parameters
    ----------
    size : int
        Length of the axis.
    step : int
        Length of a slice; the last one is shorter where `step` does not divide `size`.

    Yields
    ------
    slice
        From start to stop, the first at 0, the last to `size`.
    """
    for start in range(0, size, step):
        yield slice(start, min(start + step, size))


def blocks(shape: tuple[int, int], height: int, width: int) -> Iterator[tuple[slice, slice]]:
    """Blocks that cover a raster once, from west to east, then from north to south.

    Parameters
    ----------
    shape : tuple of int
        Rows and columns of the raster.
    height, width : int
        Rows and columns of a block; the last ones are smaller where these do not divide `shape`.

    Yields
    ------
    tuple of slice
        Rows and columns of a block.
    """
    for rows in strips(shape[0], height):
        for cols in strips(shape[1], width):
            yield rows, cols

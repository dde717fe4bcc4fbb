"""The phase of a pair from the linked phases of its dates."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from sarslide import names
from sarslide.grid import RegionGrid
from sarslide.io import raster
from sarslide.phase import wrapped


def linked_pair(files: Sequence[str | Path], pair: str, grid: RegionGrid) -> np.ndarray:
    """Linked phase of a pair.

    Parameters
    ----------
    files : sequence of str or Path
        Linked phases that its earlier and its later date are taken from.
    pair : str
        Its name.
    grid : RegionGrid
        Grid of the region.

    Returns
    -------
    (rows, cols) array of float32
        Phase, rad, from -pi to pi, grows when the ground moves away from the satellite; NaN where a
        date has no samples.

    Raises
    ------
    GridError, RasterError
        For a file off the grid, or one that cannot be read.
    """
    earlier, later = (
        raster.read(path, grid, raster.band_names(path).index(date) + 1)
        for path, date in zip(files, names.split_pair(pair), strict=True)
    )
    return wrapped(earlier.astype(float) - later).astype(np.float32)

"""A field of delays as its provider grids it, and its values at the cells of a region."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from sarslide.errors import DelayError
from sarslide.grid import RegionGrid
from sarslide.io.blocks import strips

ROWS = 256  # of a region that are interpolated at once
NODE_M = 250.0  # between cells whose coordinates are transformed: those between are 1 mm off
LARGER = "ask the provider for a larger area"


@dataclass(frozen=True)
class Window:
    """The part of a provider's grid that a region needs.

    Attributes
    ----------
    region : RegionGrid
        The region.
    most : int
        Rows and columns that are read at most; others are skipped evenly. 0: all.
    """

    region: RegionGrid
    most: int = 0

    def of(self, path: Path, crs: object, x: np.ndarray, y: np.ndarray) -> tuple[slice, slice]:
        """Rows and columns to be read.

        Parameters
        ----------
        path : Path
            The file, for the message.
        crs : object
            Of the file, as pyproj takes it.
        x, y : array of float
            Centres of its columns and rows, rising or falling.

        Returns
        -------
        rows, cols : slice
            With one more on each side, where the file has it.

        Raises
        ------
        DelayError
            The file ends inside the region.
        """
        from pyproj import Transformer

        bounds = Transformer.from_crs(self.region.epsg, crs, always_xy=True).transform_bounds(*self.region.bounds)
        return self._slice(path, y, bounds[1], bounds[3], "north"), self._slice(path, x, bounds[0], bounds[2], "east")

    def _slice(self, path: Path, axis: np.ndarray, low: float, high: float, way: str) -> slice:
        step = abs(axis[-1] - axis[0]) / max(len(axis) - 1, 1)
        ends = min(axis[0], axis[-1]), max(axis[0], axis[-1])
        if not ends[0] - step / 2 <= low <= high <= ends[1] + step / 2:
            raise DelayError(
                f"{path}: covers {ends[0]:.6g} to {ends[1]:.6g} {way}, the region {low:.6g} to {high:.6g}", LARGER
            )
        inside = np.nonzero((axis > low - step) & (axis < high + step))[0]
        first, last = max(inside[0] - 1, 0), min(inside[-1] + 2, len(axis))
        return slice(first, last, max(1, (last - first) // self.most) if self.most else 1)


@dataclass(frozen=True)
class Field:
    """Delays of one file about a region.

    Attributes
    ----------
    path : Path
        The file.
    crs : object
        Of `x` and `y`, as pyproj takes it.
    x, y : array of float
        Centres of columns and rows, rising or falling.
    values_m : (rows, cols) or (heights, rows, cols) array of float
        One-way delay, m, positive = longer path, NaN where unknown.
    heights_m : (heights,) array of float, optional
        Rising heights above the ellipsoid, m; None for delays at the ground.
    slant : bool
        Along the line of sight; else towards the zenith.
    """

    path: Path
    crs: object
    x: np.ndarray
    y: np.ndarray
    values_m: np.ndarray
    heights_m: np.ndarray | None = None
    slant: bool = False

    def at(self, x: np.ndarray, y: np.ndarray, height_m: np.ndarray) -> np.ndarray:
        """Delays at places: bilinear, and between heights linear in the logarithm.

        Delays fall with height as pressure and vapour do, nearly exponentially.

        Parameters
        ----------
        x, y : array of float
            Places in the CRS of the file; beyond the outermost centres these are held.
        height_m : array of float
            Heights of the places above the ellipsoid, m; read where the file has heights.

        Returns
        -------
        array of float
            Delay, m; NaN where a neighbour is unknown, and below or above the file's heights.
        """
        from scipy.ndimage import map_coordinates

        places = [_index(y, self.y), _index(x, self.x)]
        if self.heights_m is None:
            return map_coordinates(self.values_m, places, order=1, mode="nearest")
        with np.errstate(divide="ignore", invalid="ignore"):
            logarithm = np.where(self.values_m > 0, np.log(self.values_m), np.nan)
        level = _index(np.nan_to_num(height_m), self.heights_m)
        delay = np.exp(map_coordinates(logarithm, [level, *places], order=1, mode="nearest"))
        inside = (height_m >= self.heights_m[0]) & (height_m <= self.heights_m[-1])
        return np.where(inside, delay, np.nan)


def _index(values: np.ndarray, axis: np.ndarray) -> np.ndarray:
    """Places on an axis, counted from its first entry, fractions between two."""
    count = np.arange(len(axis), dtype=float)
    return np.interp(values, axis, count) if axis[-1] >= axis[0] else np.interp(values, axis[::-1], count[::-1])


def places(grid: RegionGrid, crs: object) -> Iterator[tuple[slice, np.ndarray, np.ndarray]]:
    """Centres of the cells in another CRS, strip by strip.

    One cell in 250 m is transformed, those between lie on straight lines.

    Parameters
    ----------
    grid : RegionGrid
        The cells.
    crs : object
        The other CRS, as pyproj takes it.

    Yields
    ------
    rows : slice
        Rows of the strip.
    x, y : (rows, cols) array of float
        Its cells in the other CRS.
    """
    from pyproj import Transformer

    transform = Transformer.from_crs(grid.epsg, crs, always_xy=True).transform
    step = max(1, int(NODE_M / grid.cell_m))
    node_col = np.arange(0, grid.cols + step, step)
    for rows in strips(grid.rows, ROWS):
        count = rows.stop - rows.start
        node_row = rows.start + np.arange(0, count + step, step)
        east = grid.west + (node_col + 0.5) * grid.cell_m
        north = grid.north - (node_row + 0.5) * grid.cell_m
        nodes = transform(*np.meshgrid(east, north))
        x, y = (_between(_between(each, count, step).T, grid.cols, step).T for each in nodes)
        yield rows, x, y


def _between(nodes: np.ndarray, cells: int, step: int) -> np.ndarray:
    """Rows of every cell from those of every `step`-th one."""
    at = np.arange(cells) / step
    low = at.astype(int)
    share = (at - low)[:, None]
    return nodes[low] * (1 - share) + nodes[low + 1] * share

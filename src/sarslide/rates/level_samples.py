"""What levelling reads of frames: the stable ground of their cores, and differences on overlaps.

All of it as sums and medians of strips, so that memory does not grow with the frames.
"""

import math
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace

import numpy as np

from sarslide.frames import Frame
from sarslide.grid import RegionGrid, part_of, window_of
from sarslide.io.blocks import strips

RATE, STABLE, HEIGHT = "los_rate_mm_per_yr", "stable_ground", "elevation_m"
REFERENCE = 2  # of the layer STABLE
M_PER_KM = 1000.0
UNIT_M = 50_000.0  # of the tilts in the adjustment, so that all coefficients are of one order
MAX_BLOCKS = 4000  # of an overlap; neighbouring cells share their noise
MIN_SIDE = 4  # cells of a block
ROWS_AT_ONCE = 256

# frame, layer, rows, cols -> that window of a layer of the frame
Read = Callable[[str, str, slice, slice], np.ndarray]


@dataclass(frozen=True)
class Terms:
    """Regressors of a plane about an origin common to all frames: `UNIT_M` across, km upwards.

    Attributes
    ----------
    tilt, height : bool
        Which of them there are beside a constant.
    x_m, y_m, z_m : float
        Origin: easting, northing and height, m.
    """

    tilt: bool
    height: bool
    x_m: float
    y_m: float
    z_m: float = 0.0

    @property
    def count(self) -> int:
        """Number of regressors."""
        return 1 + 2 * self.tilt + self.height

    def design(self, x_m: np.ndarray, y_m: np.ndarray, z_m: np.ndarray) -> np.ndarray:
        """Regressors of places.

        Parameters
        ----------
        x_m, y_m, z_m : (n,) array of float
            Easting, northing and height, m.

        Returns
        -------
        (n, count) array of float
            A constant, tilts to the east and to the north, height.
        """
        columns = [np.ones(len(x_m))]
        if self.tilt:
            columns += [(x_m - self.x_m) / UNIT_M, (y_m - self.y_m) / UNIT_M]
        if self.height:
            columns.append((z_m - self.z_m) / M_PER_KM)
        return np.stack(columns, axis=1)


@dataclass(frozen=True)
class Samples:
    """Blocks of an overlap.

    Where m frames see a block its m (m - 1) / 2 differences hold the noise of m rates: weighted
    with 2 / m they are the least squares of the rates about their mean.

    Attributes
    ----------
    design : (blocks, terms) array of float
        Regressors.
    difference : (blocks,) array of float
        Median of first frame minus second, LOS, mm/yr.
    weight : (blocks,) array of float
        2 / m.
    cells : int
        Stable cells of the overlap.
    """

    design: np.ndarray
    difference: np.ndarray
    weight: np.ndarray
    cells: int


@dataclass(frozen=True)
class Moments:
    """Sums over the stable ground of a core.

    Attributes
    ----------
    products : (terms, terms) array of float
        Products of the regressors.
    cells : int
        Stable cells.
    z_m : float
        Their mean height, m.
    """

    products: np.ndarray
    cells: int
    z_m: float

    @property
    def mean(self) -> np.ndarray:
        """Products of the regressors, mean of the cells."""
        return self.products / max(self.cells, 1)

    def about(self, z_m: float) -> "Moments":
        """The same with heights, the last of the regressors, about another height.

        Parameters
        ----------
        z_m : float
            The height, m.

        Returns
        -------
        Moments
            Of the same cells.
        """
        shift = np.eye(len(self.products))
        shift[-1, 0] = -z_m / M_PER_KM
        return replace(self, products=shift @ self.products @ shift.T)


def moments_of(frame: Frame, read: Read, terms: Terms) -> Moments:
    """The stable ground of a core, strip by strip.

    Parameters
    ----------
    frame : Frame
        The frame.
    read : callable
        Reads windows of its layers.
    terms : Terms
        Regressors.

    Returns
    -------
    Moments
        About the origin of `terms`.
    """
    products, cells, total = np.zeros((terms.count, terms.count)), 0, 0.0
    for window, (x, y, heights) in _strips_of_core(frame, read, terms):
        stable = _stable(read(frame.name, STABLE, *window)) & np.isfinite(heights)
        design = terms.design(x[stable], y[stable], heights[stable])
        products += design.T @ design
        cells += len(design)
        total += float(heights[stable].sum())
    return Moments(products, cells, total / max(cells, 1))


def reference_sum(frame: Frame, read: Read, terms: Terms, plane: np.ndarray) -> tuple[float, int]:
    """Levelled rates over the reference area of a core, strip by strip.

    Parameters
    ----------
    frame : Frame
        The frame.
    read : callable
        Reads windows of its layers.
    terms : Terms
        Regressors.
    plane : (terms,) array of float
        Their coefficients, which are taken off the rates.

    Returns
    -------
    total : float
        Sum of the levelled rates, LOS, mm/yr.
    cells : int
        Cells with a rate.
    """
    total, cells = 0.0, 0
    for window, (x, y, heights) in _strips_of_core(frame, read, terms):
        rate = read(frame.name, RATE, *window).astype(float)
        inside = (read(frame.name, STABLE, *window) == REFERENCE) & np.isfinite(rate) & np.isfinite(heights)
        total += float((rate[inside] - terms.design(x[inside], y[inside], heights[inside]) @ plane).sum())
        cells += int(inside.sum())
    return total, cells


def _strips_of_core(
    frame: Frame, read: Read, terms: Terms
) -> Iterator[tuple[tuple[slice, slice], tuple[np.ndarray, np.ndarray, np.ndarray]]]:
    """Windows of the core in the frame's grid; easting, northing and height of their cells, m."""
    rows, cols = window_of(frame.grid, frame.core)
    for strip in strips(frame.core.rows, ROWS_AT_ONCE):
        window = slice(rows.start + strip.start, rows.start + strip.stop)
        x, y = np.meshgrid(frame.core.x(), frame.core.y()[strip])
        yield (window, cols), (x, y, _heights(frame.name, window, cols, read, terms))


def samples_of(
    first: Frame, second: Frame, part: RegionGrid, grids: Iterable[RegionGrid], read: Read, terms: Terms
) -> Samples:
    """Block medians of the difference of two frames, of blocks at least half of which is stable.

    Parameters
    ----------
    first, second : Frame
        The frames.
    part : RegionGrid
        The ground that both see.
    grids : iterable of RegionGrid
        Grids of all frames of the stack.
    read : callable
        Reads windows of their layers.
    terms : Terms
        Regressors.

    Returns
    -------
    Samples
        No blocks where too little ground is stable.
    """
    side = max(MIN_SIDE, math.ceil(math.sqrt(part.rows * part.cols / MAX_BLOCKS)))
    found, cells = [], 0
    for strip in strips(part.rows, side * max(1, ROWS_AT_ONCE // side)):
        place = part_of(part, strip, slice(0, part.cols))
        difference, heights = _differences(first, second, place, read, terms)
        cells += int(np.isfinite(difference).sum())
        found.append(_block_medians(difference, heights, place, side))
    x, y, z, difference = np.concatenate(found, axis=1)
    seen = np.sum([_inside(grid, x, y) for grid in grids], axis=0)
    return Samples(terms.design(x, y, z), difference, 2 / seen, cells)


def _heights(frame: str, rows: slice, cols: slice, read: Read, terms: Terms) -> np.ndarray:
    """Heights of a window, m; zero where no term reads them."""
    if terms.height:
        return read(frame, HEIGHT, rows, cols).astype(float)
    return np.zeros((rows.stop - rows.start, cols.stop - cols.start))


def _stable(layer: np.ndarray) -> np.ndarray:
    return (layer == 1) | (layer == REFERENCE)


def _inside(grid: RegionGrid, x_m: np.ndarray, y_m: np.ndarray) -> np.ndarray:
    west, south, east, north = grid.bounds
    return (west <= x_m) & (x_m <= east) & (south <= y_m) & (y_m <= north)


def _differences(
    first: Frame, second: Frame, place: RegionGrid, read: Read, terms: Terms
) -> tuple[np.ndarray, np.ndarray]:
    """First minus second, NaN where one of them does not call the ground stable; heights, m."""
    windows = [(frame.name, *window_of(frame.grid, place)) for frame in (first, second)]
    (rate, stable), (other, too) = (
        (read(name, RATE, rows, cols), _stable(read(name, STABLE, rows, cols))) for name, rows, cols in windows
    )
    heights = _heights(*windows[0], read, terms)
    both = stable & too & np.isfinite(heights)
    return np.where(both, rate.astype(float) - other, np.nan), heights


def _block_medians(difference: np.ndarray, heights: np.ndarray, place: RegionGrid, side: int) -> np.ndarray:
    """Easting, northing, height (means of the stable cells) and median difference of each block."""
    x, y = np.meshgrid(place.x(), place.y())
    known = np.isfinite(difference)
    layers = (np.where(known, layer, np.nan) for layer in (x, y, heights, difference))
    cells = np.stack([_in_blocks(layer, side) for layer in layers])
    cells = cells[:, 2 * np.isfinite(cells[3]).sum(axis=1) >= side**2]
    return np.concatenate([np.nanmean(cells[:3], axis=2), np.nanmedian(cells[3:], axis=2)])


def _in_blocks(layer: np.ndarray, side: int) -> np.ndarray:
    """(blocks, cells) of a layer, filled up with NaN at its end."""
    rows, cols = (-(-size // side) for size in layer.shape)
    full = np.full((rows * side, cols * side), np.nan)
    full[: layer.shape[0], : layer.shape[1]] = layer
    return full.reshape(rows, side, cols, side).swapaxes(1, 2).reshape(rows * cols, side**2)


def spread(values: np.ndarray) -> float:
    """1.4826 times the median absolute deviation from the median.

    Parameters
    ----------
    values : (n,) array of float
        Finite values.

    Returns
    -------
    float
        In their unit, the standard deviation of normal numbers; 0 of none.
    """
    return 1.4826 * float(np.median(np.abs(values - np.median(values)))) if len(values) else 0.0

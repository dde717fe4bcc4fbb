"""The region grid: square cells in one projected CRS, on which everything after the pair lies."""

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from sarslide.errors import GridError

if TYPE_CHECKING:
    from affine import Affine

MAX_CELLS = 1_000_000_000  # a job holds up to 400 bytes a cell; the largest packaged region has 3e8


def cells_in(bounds: tuple[float, float, float, float], cell_m: float) -> float:
    """How many cells some bounds hold.

    Parameters
    ----------
    bounds : tuple of float
        (west, south, east, north), m.
    cell_m : float
        Side of a cell, m.

    Returns
    -------
    float
        Cells, whole or not.
    """
    west, south, east, north = bounds
    return (east - west) / cell_m * ((north - south) / cell_m)


@dataclass(frozen=True)
class RegionGrid:
    """A north-up grid of square cells.

    Cell (r, c) has its centre at (west + (c + 0.5) cell_m, north - (r + 0.5) cell_m).

    Attributes
    ----------
    epsg : int
        Projected CRS in metres.
    west, north : float
        Outer edge of the first cell, m.
    cell_m : float
        Side of a cell, m.
    rows, cols : int
        Shape.
    """

    epsg: int
    west: float
    north: float
    cell_m: float
    rows: int
    cols: int

    @classmethod
    def from_bounds(cls, epsg: int, bounds: tuple[float, float, float, float], cell_m: float) -> "RegionGrid":
        """Smallest grid on multiples of the cell size that holds some bounds.

        Parameters
        ----------
        epsg : int
            Projected CRS in metres.
        bounds : tuple of float
            (west, south, east, north), m.
        cell_m : float
            Side of a cell, m.

        Returns
        -------
        RegionGrid
            The grid.

        Raises
        ------
        GridError
            The bounds are empty or not finite, or hold more than `MAX_CELLS`.
        """
        west, south, east, north = bounds
        if not (west < east and south < north and all(map(math.isfinite, bounds))):
            raise GridError(
                f"region bounds {list(bounds)} are empty or not finite", "give [west, south, east, north] in metres"
            )
        cells = cells_in(bounds, cell_m)
        if not cells <= MAX_CELLS:
            raise GridError(
                f"region bounds {list(bounds)} hold {cells:.3g} cells of {cell_m:g} m, more than {MAX_CELLS:.0e}",
                "give smaller bounds, or larger cells",
            )
        left, top = math.floor(west / cell_m) * cell_m, math.ceil(north / cell_m) * cell_m
        cols, rows = math.ceil((east - left) / cell_m), math.ceil((top - south) / cell_m)
        return cls(epsg, left, top, cell_m, rows, cols)

    @property
    def shape(self) -> tuple[int, int]:
        """Rows and columns."""
        return self.rows, self.cols

    @property
    def transform(self) -> "Affine":
        """Column and row -> easting and northing, m."""
        from affine import Affine

        return Affine(self.cell_m, 0, self.west, 0, -self.cell_m, self.north)

    @property
    def bounds(self) -> tuple[float, float, float, float]:
        """(west, south, east, north), m."""
        return self.west, self.north - self.rows * self.cell_m, self.west + self.cols * self.cell_m, self.north

    @property
    def cell_area_km2(self) -> float:
        """Area of a cell, km2."""
        return self.cell_m**2 / 1e6

    def x(self) -> np.ndarray:
        """Eastings of the cell centres, m, shape (cols,)."""
        return self.west + (np.arange(self.cols) + 0.5) * self.cell_m

    def y(self) -> np.ndarray:
        """Northings of the cell centres, m, shape (rows,), north first."""
        return self.north - (np.arange(self.rows) + 0.5) * self.cell_m

    def pad(self, margin_m: float) -> "RegionGrid":
        """The same lattice with a margin.

        Parameters
        ----------
        margin_m : float
            Smallest margin on each side, m.

        Returns
        -------
        RegionGrid
            The larger grid.
        """
        n = math.ceil(margin_m / self.cell_m)
        step = n * self.cell_m
        return RegionGrid(
            self.epsg, self.west - step, self.north + step, self.cell_m, self.rows + 2 * n, self.cols + 2 * n
        )

    def to_dict(self) -> dict[str, int | float]:
        """JSON-ready leaf values, as rules pass them to scripts."""
        return {
            "epsg": self.epsg,
            "west": self.west,
            "north": self.north,
            "cell_m": self.cell_m,
            "rows": self.rows,
            "cols": self.cols,
        }

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> "RegionGrid":
        """The grid of `to_dict`.

        Parameters
        ----------
        values : dict
            Leaf values.

        Returns
        -------
        RegionGrid
            The grid.
        """
        return cls(**values)


def window_of(grid: RegionGrid, part: RegionGrid) -> tuple[slice, slice]:
    """Rows and columns of a grid that a part of it covers.

    Parameters
    ----------
    grid : RegionGrid
        The grid.
    part : RegionGrid
        A grid on the same lattice.

    Returns
    -------
    tuple of slice
        Rows and columns.
    """
    row = round((grid.north - part.north) / grid.cell_m)
    col = round((part.west - grid.west) / grid.cell_m)
    return slice(row, row + part.rows), slice(col, col + part.cols)


def part_of(grid: RegionGrid, rows: slice, cols: slice) -> RegionGrid:
    """The part of a grid that a window covers.

    Parameters
    ----------
    grid : RegionGrid
        The grid.
    rows, cols : slice
        The window, with start and stop.

    Returns
    -------
    RegionGrid
        A grid on the same lattice; `window_of` gives the window back.
    """
    west, north = grid.west + cols.start * grid.cell_m, grid.north - rows.start * grid.cell_m
    return RegionGrid(grid.epsg, west, north, grid.cell_m, rows.stop - rows.start, cols.stop - cols.start)


def common_part(first: RegionGrid, second: RegionGrid) -> RegionGrid | None:
    """The cells that two grids on the same lattice share.

    Parameters
    ----------
    first, second : RegionGrid
        The grids.

    Returns
    -------
    RegionGrid or None
        Their cells; None where there are none.
    """
    windows = ((slice(0, first.rows), slice(0, first.cols)), window_of(first, second))
    rows, cols = (slice(max(a.start, b.start), min(a.stop, b.stop)) for a, b in zip(*windows, strict=True))
    return part_of(first, rows, cols) if rows.start < rows.stop and cols.start < cols.stop else None


@dataclass(frozen=True)
class Lattice:
    """A fine lattice that divides a region grid (6 x 3 samples of 5 m x 10 m for 30 m cells).

    Attributes
    ----------
    region : RegionGrid
        The grid.
    per_x, per_y : int
        Samples in each cell to the east and to the south.
    """

    region: RegionGrid
    per_x: int = 6
    per_y: int = 3

    @classmethod
    def of(cls, region: RegionGrid) -> "Lattice":
        """The lattice nearest to 5 m east by 10 m north, about the resolution of IW.

        Parameters
        ----------
        region : RegionGrid
            The grid.

        Returns
        -------
        Lattice
            6 x 3 samples a cell for 30 m, 5 x 2 for 25 m.
        """
        return cls(region, max(1, round(region.cell_m / 5)), max(1, round(region.cell_m / 10)))

    @property
    def epsg(self) -> int:
        """Projected CRS in metres."""
        return self.region.epsg

    @property
    def rows(self) -> int:
        """Samples from north to south."""
        return self.region.rows * self.per_y

    @property
    def cols(self) -> int:
        """Samples from west to east."""
        return self.region.cols * self.per_x

    @property
    def shape(self) -> tuple[int, int]:
        """Rows and columns."""
        return self.rows, self.cols

    @property
    def step_x(self) -> float:
        """Spacing of the samples to the east, m."""
        return self.region.cell_m / self.per_x

    @property
    def step_y(self) -> float:
        """Spacing of the samples to the south, m."""
        return self.region.cell_m / self.per_y

    @property
    def transform(self) -> "Affine":
        """Column and row -> easting and northing, m."""
        from affine import Affine

        return Affine(self.step_x, 0, self.region.west, 0, -self.step_y, self.region.north)

    def x(self) -> np.ndarray:
        """Eastings of the sample centres, m, shape (cols,)."""
        return self.region.west + (np.arange(self.cols) + 0.5) * self.step_x

    def y(self) -> np.ndarray:
        """Northings of the sample centres, m, shape (rows,), north first."""
        return self.region.north - (np.arange(self.rows) + 0.5) * self.step_y

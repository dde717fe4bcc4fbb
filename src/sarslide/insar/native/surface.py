"""The ground as the engine sees it: heights between the cells of a DEM, Earth-fixed coordinates."""

import math
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from sarslide.errors import DemError
from sarslide.grid import RegionGrid, part_of
from sarslide.sentinel1.geometry import ellipsoid_point

if TYPE_CHECKING:
    from pyproj import Transformer

POLE = math.sqrt(3) - 2  # of the filter whose response to a cubic B-spline is one cell
SETTLED = 24  # cells from the end of a window after which a spline's coefficients differ by 1e-10 m
NODES = 8  # Chebyshev nodes along each axis; on 300 km the map projection is met to 1e-6 m


class Surface:
    """A DEM as a cubic B-spline through the heights at its cell centres (interpolating).

    Parameters
    ----------
    heights_m : (rows, cols) array of float
        Heights above the WGS 84 ellipsoid, m.
    grid : RegionGrid
        The DEM's grid.
    source : str
        The DEM, for messages.

    Raises
    ------
    DemError
        For cells without a height.
    """

    def __init__(self, heights_m: np.ndarray, grid: RegionGrid, source: str = "DEM"):
        if not np.isfinite(heights_m).all():
            missing = int((~np.isfinite(heights_m)).sum())
            raise DemError(f"{source}: {missing} cells have no height", "fill the gaps of the DEM")
        self.grid, self.source = grid, source
        self._coefficients = spline_coefficients(heights_m)

    def require(self, region: RegionGrid) -> None:
        """Check that a region lies inside the DEM, with two cells to spare, and in its CRS.

        Parameters
        ----------
        region : RegionGrid
            Grid of the region.

        Raises
        ------
        DemError
            Unless it does.
        """
        _require(self.grid, self.source, region)

    def heights(self, x: np.ndarray, y: np.ndarray) -> np.ndarray:
        """Heights at the crossings of eastings and northings.

        Parameters
        ----------
        x, y : array of float
            Eastings and northings, m.

        Returns
        -------
        (len(y), len(x)) array of float
            Heights, m.
        """
        # Compiled code is loaded where it is used: scripts that only read a DEM's grid stay light.
        from sarslide.insar.native.spline import spline

        rows, by_row = _spline_weights((self.grid.north - y) / self.grid.cell_m - 0.5, self.grid.rows)
        cols, by_col = _spline_weights((x - self.grid.west) / self.grid.cell_m - 0.5, self.grid.cols)
        out = np.empty((len(y), len(x)))
        spline(self._coefficients, rows, by_row, cols, by_col, out)
        return out

    def heights_at(self, x: np.ndarray, y: np.ndarray) -> np.ndarray:
        """Heights at scattered points.

        Parameters
        ----------
        x, y : array of float
            Eastings and northings, m.

        Returns
        -------
        array of float
            Heights, m; NaN outside of the cell centres.
        """
        from sarslide.insar.native.spline import spline_at

        row, col = np.broadcast_arrays(
            (self.grid.north - np.asarray(y, float)) / self.grid.cell_m - 0.5,
            (np.asarray(x, float) - self.grid.west) / self.grid.cell_m - 0.5,
        )
        out = np.empty(row.size)
        spline_at(self._coefficients, row.ravel(), col.ravel(), out)
        return out.reshape(row.shape)


def _require(dem: RegionGrid, source: str, region: RegionGrid) -> None:
    west, south, east, north = region.bounds
    left, bottom, right, top = dem.bounds
    step = 2 * dem.cell_m
    if region.epsg != dem.epsg:
        raise DemError(f"{source}: is EPSG:{dem.epsg}, the region EPSG:{region.epsg}", "reproject the DEM")
    if west - left < step or south - bottom < step or right - east < step or top - north < step:
        raise DemError(
            f"{source}: covers {dem.bounds}, the region {region.bounds}",
            "give a DEM that reaches at least two cells beyond the region on every side",
        )


def read_surface(path: str | Path, region: RegionGrid | None = None, reach_m: float = 0) -> Surface:
    """Surface of a DEM file, or of the window of it that a region needs.

    Parameters
    ----------
    path : str or Path
        The file.
    region : RegionGrid, optional
        Where heights are needed; everywhere by default.
    reach_m : float
        How far beyond the region, m, as far as the DEM reaches.

    Returns
    -------
    Surface
        The surface.

    Raises
    ------
    DemError
        Unless its tag `vertical` states that heights are ellipsoidal, and where it does not hold
        the region.
    """
    from sarslide.io import raster

    vertical = raster.tags_of(path).get("vertical", "not stated")
    if vertical != "ellipsoidal":
        raise DemError(
            f"{path}: vertical reference is {vertical}", "prepare the DEM with ellipsoidal heights (grid.dem_vertical)"
        )
    grid = raster.grid_of(path)
    if region is None:
        return Surface(raster.read(path), grid, str(path))
    _require(grid, str(path), region)
    rows, cols = _window(grid, region, reach_m)
    return Surface(raster.read_block(path, rows, cols), part_of(grid, rows, cols), str(path))


def _window(dem: RegionGrid, region: RegionGrid, reach_m: float) -> tuple[slice, slice]:
    """Rows and columns of a DEM that hold a region, `reach_m` and SETTLED cells around it."""
    west, south, east, north = region.bounds
    beyond = reach_m + SETTLED * dem.cell_m

    def along(low_m: float, high_m: float, size: int) -> slice:
        first, last = math.floor((low_m - beyond) / dem.cell_m), math.ceil((high_m + beyond) / dem.cell_m)
        return slice(max(first, 0), min(last, size))

    return (
        along(dem.north - north, dem.north - south, dem.rows),
        along(west - dem.west, east - dem.west, dem.cols),
    )


def spline_coefficients(heights_m: np.ndarray) -> np.ndarray:
    """Coefficients of the cubic B-spline through values at the cells, mirrored at the border.

    A recursive filter forth and back along each axis; without SciPy, which takes longer to import.

    Parameters
    ----------
    heights_m : (rows, cols) array of float
        The values, at least 2 x 2.

    Returns
    -------
    (rows, cols) array of float64
        The coefficients.

    References
    ----------
    M. Unser, 1999, IEEE Signal Processing Magazine 16(6), doi:10.1109/79.799930, box 2.
    """
    out = 36 * np.asarray(heights_m, float)
    lags = np.arange(SETTLED)
    for _ in range(2):
        out = np.ascontiguousarray(out.T)
        last = len(out) - 1
        out[0] = POLE**lags @ out[last - np.abs(last - lags % (2 * last))]
        for row in range(1, last + 1):
            out[row] += POLE * out[row - 1]
        out[last] = POLE / (POLE**2 - 1) * (out[last] + POLE * out[last - 1])
        for row in range(last - 1, -1, -1):
            out[row] = POLE * (out[row + 1] - out[row])
    return out


def _spline_weights(at: np.ndarray, size: int) -> tuple[np.ndarray, np.ndarray]:
    """Indices (n, 4), mirrored at the border, and weights (n, 4) of the cubic B-spline."""
    base = np.floor(at).astype(int)
    t = at - base
    weights = np.stack(
        [(1 - t) ** 3, 3 * t**3 - 6 * t**2 + 4, -3 * t**3 + 3 * t**2 + 3 * t + 1, t**3], axis=1
    ) / 6  # fmt: skip
    index = np.abs(base[:, None] + np.arange(-1, 3))
    return np.where(index > size - 1, 2 * (size - 1) - index, index), weights


def earth_fixed_patch(
    epsg: int, u: np.ndarray, v: np.ndarray, to_map: Callable = lambda u, v: (u, v)
) -> tuple[np.ndarray, np.ndarray]:
    """Points on the ellipsoid and their unit normals, at the crossings of two axes.

    The projection is computed on 8 x 8 Chebyshev nodes and interpolated as a polynomial, to far
    below a micrometre: it costs 64 calls instead of millions.

    Parameters
    ----------
    epsg : int
        CRS of the map.
    u, v : array of float
        Eastings and northings, m, or coordinates that `to_map` turns into them.
    to_map : callable
        From u and v to eastings and northings.

    Returns
    -------
    point : (len(v), len(u), 3) array of float
        Earth-fixed coordinates, m.
    normal : (len(v), len(u), 3) array of float
        Unit normals.
    """
    nodes_u, to_u = _chebyshev(u)
    nodes_v, to_v = _chebyshev(v)
    x, y = to_map(*np.meshgrid(nodes_u, nodes_v))
    lon, lat = _to_degrees(epsg).transform(x, y)
    point, normal = ellipsoid_point(lat, lon)
    # One matrix product a coordinate, (v, nodes) (nodes, nodes) (nodes, u).
    fields = [to_v @ field @ to_u.T for field in (*np.moveaxis(point, -1, 0), *np.moveaxis(normal, -1, 0))]
    return np.stack(fields[:3], axis=-1), np.stack(fields[3:], axis=-1)


@cache
def _to_degrees(epsg: int) -> "Transformer":
    """From eastings and northings to longitude and latitude; it takes 1 ms to make."""
    from pyproj import Transformer

    return Transformer.from_crs(epsg, 4326, always_xy=True)


def _chebyshev(axis: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Chebyshev nodes on the extent of `axis`, and the matrix from values there to values on
    `axis`.
    """
    low, high = float(np.min(axis)), float(np.max(axis))
    centre, half = (low + high) / 2, max((high - low) / 2, 1.0)
    unit = np.cos((np.arange(NODES) + 0.5) * np.pi / NODES)
    vander = np.polynomial.chebyshev.chebvander
    return centre + half * unit, np.linalg.solve(
        vander(unit, NODES - 1).T, vander((axis - centre) / half, NODES - 1).T
    ).T

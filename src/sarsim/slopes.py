"""Slopes of a simulated region: which way they fall, which of their cells an outline holds, and
where an object may still lie.
"""

import math

import numpy as np
from rasterio.features import rasterize
from rasterio.transform import from_origin
from scipy import ndimage
from shapely.geometry import Polygon, box

from sarslide.grid import RegionGrid, window_of

MIN_GAP_M = 150.0
RIM_CELLS = 4  # at the region's edge stay free
SLOPES_DEG = (15.0, 45.0)
ALONG = np.linspace(0, 1, 41)  # from the head of a slide to its toe
# Smallest mean resultant length of the fall directions under an object: they scatter by about 26
# degrees.
ONE_SLOPE = 0.9
# Standard deviation of the smoothing under the direction of motion: a landslide does not follow
# gullies.
SMOOTHING_M = 75.0


class DownslopeField:
    """Direction of the steepest descent on the smoothed terrain.

    Holds the unit vector (east, north, up), slope and aspect of each cell.

    Parameters
    ----------
    grid : RegionGrid
        The grid of the arrays.
    elevation_m : (rows, cols) array of float
        Ellipsoidal heights on `grid`, m.
    smoothing_m : float
        Standard deviation of the smoothing, m.
    """

    def __init__(self, grid: RegionGrid, elevation_m: np.ndarray, smoothing_m: float = SMOOTHING_M):
        self.grid = grid
        smooth = ndimage.gaussian_filter(elevation_m.astype(float), smoothing_m / grid.cell_m, mode="nearest")
        north, east = np.gradient(smooth, -grid.cell_m, grid.cell_m)
        steepness = np.hypot(east, north)
        vector = np.stack([-east, -north, -(steepness**2)])
        self.unit = (vector / np.maximum(np.linalg.norm(vector, axis=0), 1e-9)).astype(np.float32)
        self.slope_deg = np.degrees(np.arctan(steepness))

    def cell(self, x: float, y: float) -> tuple[int, int]:
        """Cell that holds a point.

        Parameters
        ----------
        x, y : float
            Place in the CRS of the grid.

        Returns
        -------
        tuple of int
            Row and column; outside the grid those of its nearest cell.
        """
        row, col = (self.grid.north - y) / self.grid.cell_m, (x - self.grid.west) / self.grid.cell_m
        return int(min(max(row, 0), self.grid.rows - 1)), int(min(max(col, 0), self.grid.cols - 1))

    def heading(self, x: float, y: float) -> np.ndarray:
        """Direction down the slope at a point.

        Parameters
        ----------
        x, y : float
            Place in the CRS of the grid.

        Returns
        -------
        (2,) array of float
            Horizontal unit vector, east and north.
        """
        row, col = self.cell(x, y)
        return _unit(self.unit[:2, row, col].astype(float))


def fall_line(centre: tuple[float, float], length: float, field: DownslopeField) -> np.ndarray:
    """Fall line through a point, which turns more slowly than the ground does.

    Parameters
    ----------
    centre : tuple of float
        Place in the CRS of the field's grid.
    length : float
        m, half of it above the centre and half below.
    field : DownslopeField
        Direction of the steepest descent.

    Returns
    -------
    (len(ALONG), 2) array of float
        Points from above to below.
    """
    half = len(ALONG) // 2
    step = length / (2 * half)
    halves = []
    for sign in (-1, 1):
        at, track = np.array(centre), []
        direction = field.heading(*at)
        for _ in range(half):
            # A slide keeps its direction: it turns slowly into the fall line.
            direction = 0.8 * direction + 0.2 * field.heading(*at)
            direction = _unit(direction)
            at = at + sign * step * direction
            track.append(at)
        halves.append(track)
    return np.array([*halves[0][::-1], centre, *halves[1]])


def _unit(vector: np.ndarray) -> np.ndarray:
    # As np.linalg.norm, to the last bit, at a fifth of its cost: thousands of outlines are tried.
    return vector / max(math.sqrt(vector.dot(vector)), 1e-9)


def cells_inside(grid: RegionGrid, outline: Polygon) -> np.ndarray:
    """Cells whose centre lies inside an outline.

    Parameters
    ----------
    grid : RegionGrid
        The grid of the arrays.
    outline : Polygon
        The outline.

    Returns
    -------
    (rows, cols) array of bool
        The cells.
    """
    cells = np.zeros(grid.shape, bool)
    window, inside = cells_in_window(grid, outline)
    cells[window] = inside
    return cells


def cells_in_window(grid: RegionGrid, outline: Polygon) -> tuple[tuple[slice, slice], np.ndarray]:
    """Cells whose centre lies inside an outline, in the window around it.

    Parameters
    ----------
    grid : RegionGrid
        The grid of the arrays.
    outline : Polygon
        The outline.

    Returns
    -------
    tuple
        Rows and columns of the window, and which of its cells lie inside.
    """
    west, south, east, north = outline.bounds
    top, left = int((grid.north - north) // grid.cell_m), int((west - grid.west) // grid.cell_m)
    bottom, right = int((grid.north - south) // grid.cell_m) + 1, int((east - grid.west) // grid.cell_m) + 1
    rows = slice(max(top, 0), min(max(bottom, 1), grid.rows))
    cols = slice(max(left, 0), min(max(right, 1), grid.cols))
    corner = from_origin(
        grid.west + cols.start * grid.cell_m, grid.north - rows.start * grid.cell_m, grid.cell_m, grid.cell_m
    )
    shape = max(rows.stop - rows.start, 0), max(cols.stop - cols.start, 0)
    if 0 in shape:
        return (slice(0, 0), slice(0, 0)), np.zeros((0, 0), bool)
    return (rows, cols), rasterize([(outline, 1)], shape, transform=corner, dtype="uint8").astype(bool)


def plateau(mask: np.ndarray, cell_m: float, edge_m: float = 75.0) -> np.ndarray:
    """1 inside a mask, falling to 0 at its outline.

    Parameters
    ----------
    mask : (rows, cols) array of bool
        The object.
    cell_m : float
        Side of a cell, m.
    edge_m : float
        Over which it falls, m; at most 0.7 of the inner radius of a small object.

    Returns
    -------
    (rows, cols) array of float
        0 to 1.
    """
    rows, cols = (slice(max(s.start - 1, 0), s.stop + 1) for s in ndimage.find_objects(mask.astype(np.uint8))[0])
    depth = ndimage.distance_transform_edt(mask[rows, cols]) * cell_m - cell_m / 2
    ramp = np.clip(depth / min(edge_m, 0.7 * depth.max()), 0, 1)
    share = np.zeros(mask.shape, np.float32)
    share[rows, cols] = ramp**2 * (3 - 2 * ramp)
    return share


class FreeSlopes:
    """The slopes of the region that may still take an object.

    Parameters
    ----------
    grid : RegionGrid
        The grid of the arrays.
    region : RegionGrid
        The part of `grid` that is the region, on the same lattice.
    usable : (rows, cols) array of bool
        Cells that may belong to an object.
    field : DownslopeField
        Direction of the steepest descent.
    slopes_deg : tuple[float, float]
        Of the ground that objects lie on.
    one_slope : float
        Smallest mean resultant length of the fall directions under an object.
    """

    def __init__(
        self,
        grid: RegionGrid,
        region: RegionGrid,
        usable: np.ndarray,
        field: DownslopeField,
        slopes_deg: tuple[float, float] = SLOPES_DEG,
        one_slope: float = ONE_SLOPE,
    ):
        part = window_of(grid, region)
        self.region, self.one_slope = region, one_slope
        slope = field.slope_deg[part]
        self.steep = (slope >= slopes_deg[0]) & (slope <= slopes_deg[1])
        rim = np.zeros(region.shape, bool)
        rim[RIM_CELLS:-RIM_CELLS, RIM_CELLS:-RIM_CELLS] = True
        self.open = usable[part] & rim
        flat = field.unit[:2][:, *part]
        self.fall = flat / np.maximum(np.linalg.norm(flat, axis=0), 1e-9)
        # A near-polar orbit hardly sees motion along its track: slopes that face east or west are
        # drawn more often.
        self.weight = 0.25 + self.fall[0] ** 2
        self.depth = self._depth()

    def _depth(self) -> np.ndarray:
        return ndimage.distance_transform_edt(self.open) * self.region.cell_m

    def draw(
        self, rng: np.random.Generator, clearance_m: float, weight: np.ndarray | None = None
    ) -> tuple[float, float] | None:
        """A point on steep, open ground.

        Parameters
        ----------
        rng : Generator
            Random numbers.
        clearance_m : float
            Open ground around it, m.
        weight : (rows, cols) array of float, optional
            How often each cell is drawn; by default more often where motion is seen from a
            near-polar orbit.

        Returns
        -------
        tuple of float or None
            Place in the CRS of the grid; None where there is none.
        """
        rows, cols = np.nonzero(self.steep & (self.depth >= clearance_m))
        cumulative = np.cumsum((self.weight if weight is None else weight)[rows, cols])
        if not len(rows) or not cumulative[-1]:
            return None
        k = int(np.searchsorted(cumulative, rng.uniform(0, cumulative[-1])))
        return self.region.x()[cols[k]], self.region.y()[rows[k]]

    def fits(self, outline: Polygon) -> bool:
        """Whether an outline lies on open ground only.

        Parameters
        ----------
        outline : Polygon
            The outline.

        Returns
        -------
        bool
            True where it does.
        """
        if not box(*self.region.bounds).contains(outline):
            return False
        window, mask = cells_in_window(self.region, outline)
        if not mask.any() or not self.open[window][mask].all() or self.steep[window][mask].mean() < 0.95:
            return False
        # One slope, not two sides of a gully or a ridge.
        return bool(np.linalg.norm(self.fall[:, *window][:, mask].mean(axis=1)) > self.one_slope)

    def take(self, outline: Polygon) -> None:
        # One cell more than the gap, because cells are tested by their centres.
        """Take the cells of an outline out of the open ground.

        Parameters
        ----------
        outline : Polygon
            The outline.
        """
        around = outline.buffer(MIN_GAP_M + self.region.cell_m)
        self.open &= ~cells_inside(self.region, around)
        self.depth = self._depth()

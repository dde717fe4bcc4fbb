"""Cells to objects: connected areas of a probability map or of fast flat ground, outlined along the
cell edges.
"""

import numpy as np
from rasterio import features
from shapely import make_valid
from shapely.geometry import Polygon, shape

from sarslide.grid import RegionGrid

SLOPE_WINDOW_CELLS = 5
SIGNIFICANT_SIGMAS = 3.0


def label_objects(cells: np.ndarray, fill_cells: int = 0) -> np.ndarray:
    """Number the edge-connected areas of cells.

    Parameters
    ----------
    cells : (rows, cols) array of bool
        Cells of objects.
    fill_cells : int, default 0
        Holes of at most so many cells are part of the object around them.

    Returns
    -------
    (rows, cols) array of int32
        0 none, 1 .. in reading order.
    """
    from scipy.ndimage import label

    return label(cells | _small_holes(cells, fill_cells))[0].astype(np.int32)


def label_instances(instances: np.ndarray, fill_cells: int = 0) -> np.ndarray:
    """Number objects of which some touch: those stay apart, parts that do not touch part.

    A cell of a small hole goes to the object nearest to it.

    Parameters
    ----------
    instances : (rows, cols) array of int
        Numbered objects, 0 none.
    fill_cells : int, default 0
        Holes of at most so many cells are part of the object around them.

    Returns
    -------
    (rows, cols) array of int32
        0 none, 1 ..
    """
    from scipy.ndimage import distance_transform_edt
    from skimage.measure import label

    holes = _small_holes(instances > 0, fill_cells)
    if holes.any():
        nearest = distance_transform_edt(instances == 0, return_distances=False, return_indices=True)
        instances = np.where(holes, instances[tuple(nearest)], instances)
    return label(renumbered(instances), background=0, connectivity=1).astype(np.int32)


def renumbered(labels: np.ndarray) -> np.ndarray:
    """The same objects, numbered without gaps in the order of their numbers.

    Parameters
    ----------
    labels : (rows, cols) array of int
        Numbered objects, 0 none.

    Returns
    -------
    (rows, cols) array of int32
        0 none, 1 ..
    """
    numbers, order = np.unique(labels[labels > 0], return_inverse=True)
    new = np.zeros(labels.shape, np.int32)
    new[labels > 0] = order + 1 if len(numbers) else 0
    return new


def _small_holes(cells: np.ndarray, fill_cells: int) -> np.ndarray:
    """Cells (bool) of the holes of at most `fill_cells` cells."""
    from scipy.ndimage import label

    if not fill_cells:
        return np.zeros_like(cells)
    holes, _ = label(~cells, structure=np.ones((3, 3)))
    sizes = np.bincount(holes.ravel())
    border = np.unique(np.concatenate([holes[0], holes[-1], holes[:, 0], holes[:, -1]]))
    small = sizes <= fill_cells
    small[border] = False
    small[0] = False
    return small[holes]


def outlines(labels: np.ndarray, grid: RegionGrid) -> dict[int, Polygon]:
    """Outline of each object along the cell edges; holes stay holes.

    Parameters
    ----------
    labels : (rows, cols) array of int32
        Numbered objects, 0 none.
    grid : RegionGrid
        The region grid.

    Returns
    -------
    dict of int to Polygon
        By number, in the grid's CRS (m).
    """
    found: dict[int, Polygon] = {}
    for geometry, value in features.shapes(labels, mask=labels > 0, connectivity=4, transform=grid.transform):
        polygon = shape(geometry)
        found[int(value)] = polygon if polygon.is_valid else make_valid(polygon)
    return dict(sorted(found.items()))


def flat_ground(slope_deg: np.ndarray, min_slope_deg: float) -> np.ndarray:
    """Cells of flat ground (P4 4.3, G12).

    The slope is averaged over 5 x 5 cells against the DEM's roughness.

    Parameters
    ----------
    slope_deg : (rows, cols) array
        Slope, degree; NaN where unknown.
    min_slope_deg : float
        Slope from which ground is not flat, degree.

    Returns
    -------
    (rows, cols) array of bool
        True where the averaged slope is known and below `min_slope_deg`.
    """
    from scipy.ndimage import uniform_filter

    known = np.isfinite(slope_deg)
    weight = uniform_filter(known.astype(float), SLOPE_WINDOW_CELLS, mode="nearest")
    total = uniform_filter(np.where(known, slope_deg, 0.0), SLOPE_WINDOW_CELLS, mode="nearest")
    mean = np.divide(total, weight, out=np.full(slope_deg.shape, np.inf), where=weight > 1e-6)
    return known & (mean < min_slope_deg)


def moving_flat_cells(
    los_rate: np.ndarray, los_rate_std: np.ndarray, slope_deg: np.ndarray, min_rate: float, min_slope_deg: float
) -> np.ndarray:
    """Flat ground that moves.

    The network learns slopes; a subsiding plain must enter the inventory all the same, under its
    own name (G12). Specks and bridges narrower than three cells are cut.

    Parameters
    ----------
    los_rate, los_rate_std : (rows, cols) array
        LOS rate and its standard error, mm/yr.
    slope_deg : (rows, cols) array
        Slope, degree.
    min_rate : float
        |LOS rate| from which ground moves, mm/yr; it must also be three standard errors.
    min_slope_deg : float
        Slope from which ground is not flat, degree.

    Returns
    -------
    (rows, cols) array of bool
        True where flat ground moves.
    """
    from scipy.ndimage import binary_opening

    with np.errstate(invalid="ignore"):
        fast = (np.abs(los_rate) >= min_rate) & ~(np.abs(los_rate) < SIGNIFICANT_SIGMAS * los_rate_std)
    return binary_opening(fast & flat_ground(slope_deg, min_slope_deg), np.ones((3, 3)))

"""How the parts of a landslide move: kinematic elements with speeds of their own, shear margins, a
head that sinks and a toe that bulges.

- Elements: the active part of Slumgullion is 12 elements of 2.7 to 34 ha; their median speeds are
  99 to 4,127 mm/yr, and neighbours differ by 1.2 to 10 times (Hu et al. 2020,
  10.1038/s41467-020-16617-7).
- Margins: motion falls to zero within one to three cells of the outline, and changes as abruptly
  from element to element: strike-slip shear zones bound them (Baum and Fleming 1996, Kinematic
  studies of the Slumgullion landslide, U.S. Geological Survey Bulletin 2130, chapter 2).
- Vertical motion: along the slope, plus what mass balance asks for where the body is thicker than
  just above, or slower: dh/dt = -div(h u) (Booth et al. 2013, 10.1002/grl.50828). A body is
  thickest in its middle, so its head sinks and its toe rises; fast elements push up the slow ones
  below them, which are the internal toes of Baum and Fleming.
- Thickness: the mean is volume over area, V = 10^-0.836 A^1.332 (m; Larsen et al. 2010,
  10.1038/ngeo776).
"""

from dataclasses import dataclass

import numpy as np
from scipy import ndimage
from scipy.spatial import cKDTree
from shapely.geometry import Polygon

from sarsim.slopes import DownslopeField, cells_in_window, plateau
from sarslide.grid import RegionGrid

ELEMENT_HA, MAX_ELEMENTS = (2.7, 34.0), 12
NEIGHBOURS_DIFFER = (1.2, 10.0)
SLOWEST = 99.0 / 4127.0  # element, over the fastest
MARGIN_CELLS = (1.0, 3.0)
INNER_MARGIN_CELLS = 0.6  # standard deviation of the smoothing between elements
VOLUME = (10**-0.836, 1.332)  # factor and power of the area, m
MAX_BULGE = 0.5  # of the largest speed: steeper than 30 degrees into the ground no head moves


@dataclass(frozen=True)
class Motion:
    """The motion of a body in a window of a grid.

    Attributes
    ----------
    window : tuple of slice
        Rows and columns around the body.
    mask : (rows, cols) array of bool
        Its cells.
    element : (rows, cols) array of uint8
        Number of the element, from 1; 0 outside.
    velocity : (3, rows, cols) array of float32
        East, north, up, mm/yr, 0 outside.
    bulge : (rows, cols) array of float32
        The part of the vertical velocity that mass balance asks for, mm/yr; its sum is 0.
    """

    window: tuple[slice, slice]
    mask: np.ndarray
    element: np.ndarray
    velocity: np.ndarray
    bulge: np.ndarray


def move(
    rng: np.random.Generator,
    grid: RegionGrid,
    outline: Polygon,
    line: np.ndarray,
    field: DownslopeField,
    speed_mm_per_yr: float,
) -> Motion:
    """The motion of a body along its fall line.

    Parameters
    ----------
    rng : Generator
        Random numbers.
    grid : RegionGrid
        The grid of the world.
    outline : Polygon
        The body; at least one cell has its centre inside.
    line : (points, 2) array of float
        Its fall line, from above to below.
    field : DownslopeField
        Slopes of the ground below it.
    speed_mm_per_yr : float
        Largest speed along the slope, mm/yr.

    Returns
    -------
    Motion
        On `grid`.
    """
    window, mask = cells_in_window(grid, outline)
    rows, cols = np.nonzero(mask)
    points = np.stack([grid.x()[window[1]][cols], grid.y()[window[0]][rows]], 1)
    nearest = cKDTree(line).query(points)[1]
    tangent = np.gradient(line, axis=0)
    tangent /= np.linalg.norm(tangent, axis=1, keepdims=True)
    heading, along = _filled(tangent[nearest].T, mask), _filled(nearest.astype(float), mask)

    element = _filled(split(rng, points, outline.area / 1e4) + 1, mask).astype(np.uint8)
    speed = _eased(np.append(0, element_speeds(rng, neighbours(element)))[element], mask)
    margin_m = rng.uniform(*MARGIN_CELLS) * grid.cell_m
    speed *= plateau(np.pad(mask, 1), grid.cell_m, margin_m)[1:-1, 1:-1]
    speed *= speed_mm_per_yr / speed.max()

    descent = _descent(field, window, heading)
    level = speed / np.sqrt(1 + descent**2)
    bulge = -divergence(thickness(along, mask, outline.area) * level * heading, mask) / grid.cell_m
    bulge *= min(1.0, MAX_BULGE * speed_mm_per_yr / max(np.abs(bulge).max(), 1e-9))
    velocity = np.stack([*(level * heading), bulge - level * descent])
    return Motion(window, mask, element, velocity.astype(np.float32), bulge.astype(np.float32))


def split(rng: np.random.Generator, points: np.ndarray, area_ha: float) -> np.ndarray:
    """Elements of a body: its cells by the nearest of some seeds, each far from those before.

    Parameters
    ----------
    rng : Generator
        Random numbers.
    points : (cells, 2) array of float
        Their centres, m.
    area_ha : float
        Of the body, ha; it decides how many elements there are.

    Returns
    -------
    (cells,) array of int
        Number of the element, from 0.
    """
    size_ha = np.exp(rng.uniform(*np.log(ELEMENT_HA)))
    count = int(np.clip(round(area_ha / size_ha), 1, min(MAX_ELEMENTS, len(points))))
    seeds = [points[rng.integers(len(points))]]
    while len(seeds) < count:
        tried = points[rng.integers(len(points), size=8)]
        seeds.append(tried[np.argmax(cKDTree(seeds).query(tried)[0])])
    element = cKDTree(seeds).query(points)[1]
    return np.unique(element, return_inverse=True)[1]


def neighbours(element: np.ndarray) -> np.ndarray:
    """Which elements share a side of a cell.

    Parameters
    ----------
    element : (rows, cols) array of int
        From 1; 0 is no element.

    Returns
    -------
    (elements, elements) array of bool
        Symmetric, False on the diagonal.
    """
    count = int(element.max())
    touch = np.zeros((count + 1, count + 1), bool)
    for one, other in ((element[1:], element[:-1]), (element[:, 1:], element[:, :-1])):
        touch[one, other] = touch[other, one] = True
    np.fill_diagonal(touch, False)
    return touch[1:, 1:]


def element_speeds(rng: np.random.Generator, touch: np.ndarray) -> np.ndarray:
    """Speeds of elements over that of the fastest.

    Parameters
    ----------
    rng : Generator
        Random numbers.
    touch : (elements, elements) array of bool
        Neighbours.

    Returns
    -------
    (elements,) array of float
        SLOWEST to 1; those of neighbours differ by a factor of NEIGHBOURS_DIFFER, unless no speed
        does so from all of them.
    """
    speeds = np.ones(len(touch))
    for k in range(len(touch)):
        tried = np.exp(rng.uniform(np.log(SLOWEST), 0, 200))
        ratio = np.abs(np.log(tried[:, None] / speeds[:k][touch[k, :k]]))
        fits = ((ratio >= np.log(NEIGHBOURS_DIFFER[0])) & (ratio <= np.log(NEIGHBOURS_DIFFER[1]))).all(1)
        speeds[k] = tried[np.argmax(fits)]
    return speeds / speeds.max()


def thickness(along: np.ndarray, mask: np.ndarray, area_m2: float) -> np.ndarray:
    """Thickness of a body: a parabola from head to toe, and from side to side.

    Parameters
    ----------
    along : (rows, cols) array of float
        Way along the fall line, in any unit.
    mask : (rows, cols) array of bool
        The body.
    area_m2 : float
        Its area, m2.

    Returns
    -------
    (rows, cols) array of float
        m, 0 outside; its mean is that of VOLUME.
    """
    head, toe = along[mask].min(), along[mask].max()
    way = (along - head + 0.5) / (toe - head + 1)
    depth = ndimage.distance_transform_edt(np.pad(mask, 1))[1:-1, 1:-1]
    inward = 1 - np.clip(depth / depth.max(), 0, 1)
    profile = np.where(mask, way * (1 - way) * (1 - inward**2), 0.0)
    factor, power = VOLUME
    return profile * factor * area_m2 ** (power - 1) / profile[mask].mean()


def divergence(flux: np.ndarray, mask: np.ndarray) -> np.ndarray:
    """Divergence of a flux that does not leave a body.

    Parameters
    ----------
    flux : (2, rows, cols) array of float
        East and north.
    mask : (rows, cols) array of bool
        The body.

    Returns
    -------
    (rows, cols) array of float
        Times the side of a cell. Its sum is 0: what leaves a cell enters its neighbour, and nothing
        crosses the outline.
    """
    out = np.zeros(mask.shape)
    east = np.where(mask[:, 1:] & mask[:, :-1], (flux[0][:, 1:] + flux[0][:, :-1]) / 2, 0)
    south = np.where(mask[1:] & mask[:-1], -(flux[1][1:] + flux[1][:-1]) / 2, 0)
    out[:, :-1] += east
    out[:, 1:] -= east
    out[:-1] += south
    out[1:] -= south
    return out


def _descent(field: DownslopeField, window: tuple[slice, slice], heading: np.ndarray) -> np.ndarray:
    """Fall of the ground along a heading, m/m; where it rises, 0: nothing slides uphill."""
    fall = field.unit[:2][:, *window]
    cosine = (fall * heading).sum(0) / np.maximum(np.linalg.norm(fall, axis=0), 1e-9)
    return np.tan(np.radians(field.slope_deg[window])) * np.clip(cosine, 0, 1)


def _filled(values: np.ndarray, mask: np.ndarray) -> np.ndarray:
    """Values of the cells of a mask as an array of its shape, 0 outside."""
    filled = np.zeros((*values.shape[:-1], *mask.shape))
    filled[..., mask] = values
    return filled


def _eased(speed: np.ndarray, mask: np.ndarray) -> np.ndarray:
    """Speeds that change within a cell or two between elements, 0 outside."""
    weight, part = (
        ndimage.gaussian_filter(values, INNER_MARGIN_CELLS, mode="constant")
        for values in (mask.astype(float), np.where(mask, speed, 0.0))
    )
    return np.where(mask, part / np.maximum(weight, 1e-9), 0.0)

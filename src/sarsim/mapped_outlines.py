"""What is known of mapped outlines of landslides: statistics of three inventories, and how an
outline is measured.

What is published are quantiles (10, 25, 50, 75 and 90 %), rounded as they stand here. The `Shape`
of each inventory, the numbers with which `outlines` draws such bodies, was found by random search
(`studies/ground/outlines.py`).
"""

from dataclasses import dataclass

import numpy as np
import shapely
from rasterio.features import rasterize, shapes
from rasterio.transform import from_origin
from shapely.geometry import Polygon
from shapely.geometry import shape as polygon_of

PROBABILITIES = np.array([0.1, 0.25, 0.5, 0.75, 0.9])

Quantiles = tuple[float, float, float, float, float]


@dataclass(frozen=True)
class Shape:
    """Irregularity of the outlines of an inventory.

    Attributes
    ----------
    lobes, ragged : float
        Standard deviation of the logarithm of the radius by coarse and by fine harmonics: the
        median of all bodies.
    lobes_spread, ragged_spread : float
        Standard deviation of its logarithm, from body to body.
    lobes_power, ragged_power : float
        With which the amplitude of the harmonics falls.
    bend : float
        Standard deviation of the sideways shift of the ends, over the length, beside the bends of
        the fall line.
    stretch : float
        Length over width of the ellipse, over that which is drawn: lobes stretch an outline, too.
    """

    lobes: float
    lobes_spread: float
    lobes_power: float
    ragged: float
    ragged_spread: float
    ragged_power: float
    bend: float
    stretch: float


@dataclass(frozen=True)
class Inventory:
    """Statistics of mapped outlines: quantiles at PROBABILITIES.

    Attributes
    ----------
    count : int
        Of its landslides.
    area_ha : tuple of float
        Area, ha.
    elongation : tuple of float
        Length over width of the smallest rectangle around the outline.
    compactness : tuple of float
        4 pi area / perimeter^2.
    solidity, rectangularity : tuple of float
        Area over that of the convex hull, and of the smallest rectangle.
    shape : Shape
        Which gives these statistics.
    smoothing : float
        Of the ground under the fall line, in half-widths of the outline: a body that follows a
        channel sees smaller forms than its own.
    raster_m : float
        Side of the cells that its outlines follow, m; 0: free lines.
    source : str
        Who mapped it.
    """

    count: int
    area_ha: Quantiles
    elongation: Quantiles
    compactness: Quantiles
    solidity: Quantiles
    rectangularity: Quantiles
    shape: Shape
    smoothing: float
    raster_m: float
    source: str


TIRAUMEA = Inventory(
    39,
    (0.1, 0.2, 0.4, 0.9, 2.5),
    (1.5, 1.9, 2.7, 3.1, 4.0),
    (0.27, 0.31, 0.35, 0.44, 0.47),
    (0.80, 0.84, 0.88, 0.90, 0.91),
    (0.62, 0.66, 0.71, 0.75, 0.78),
    Shape(0.0624, 0.159, 0.581, 0.0207, 0.97, 0.336, 0.0133, 1.05),
    0.5,
    0.0,
    "39 mapped earthflows, Tiraumea catchment, New Zealand",
)
CARPATHIANS = Inventory(
    149,
    (0.3, 1.0, 2.8, 9.7, 18.0),
    (1.2, 1.4, 1.7, 2.2, 2.8),
    (0.44, 0.57, 0.70, 0.79, 0.86),
    (0.78, 0.87, 0.95, 0.97, 0.99),
    (0.56, 0.63, 0.71, 0.76, 0.79),
    Shape(0.0142, 0.02, 0.777, 0.0454, 0.861, 2.21, 0.1, 1.05),
    1.0,
    0.0,
    "149 landslides mapped in the flysch Carpathians",
)
ISSLIDE = Inventory(
    38,
    (1.5, 2.2, 4.6, 7.1, 9.1),
    (1.1, 1.3, 1.6, 1.9, 2.5),
    (0.39, 0.42, 0.50, 0.55, 0.60),
    (0.85, 0.88, 0.91, 0.92, 0.94),
    (0.64, 0.68, 0.71, 0.75, 0.78),
    Shape(0.0116, 0.0471, 0.3, 0.0213, 0.951, 1.61, 0.001, 1.11),
    1.0,
    14.64,
    "38 moving areas seen by InSAR, French Alps (ISSLIDE, Bralet et al. 2024, 10.1109/LGRS.2024.3365299)",
)
INVENTORIES = {"tiraumea": TIRAUMEA, "carpathians": CARPATHIANS, "isslide": ISSLIDE}
STATISTICS = ("area_ha", "elongation", "compactness", "solidity", "rectangularity")


def at_share(quantiles: Quantiles, share: np.ndarray) -> np.ndarray:
    """Value that a share of an inventory does not exceed.

    Parameters
    ----------
    quantiles : tuple of float
        At PROBABILITIES.
    share : ndarray
        0 to 1.

    Returns
    -------
    ndarray
        Log-linear between the quantiles, and beyond them as in the outermost two.
    """
    known = np.log(quantiles)
    below = known[0] + (share - PROBABILITIES[0]) * (known[1] - known[0]) / (PROBABILITIES[1] - PROBABILITIES[0])
    above = known[-1] + (share - PROBABILITIES[-1]) * (known[-1] - known[-2]) / (PROBABILITIES[-1] - PROBABILITIES[-2])
    inside = np.interp(share, PROBABILITIES, known)
    return np.exp(np.select([share < PROBABILITIES[0], share > PROBABILITIES[-1]], [below, above], inside))


def as_cells(outline: Polygon, cell_m: float) -> Polygon:
    """The outline of the cells whose centres lie inside an outline.

    Parameters
    ----------
    outline : Polygon
        The outline.
    cell_m : float
        Side of a cell, m.

    Returns
    -------
    Polygon
        Its largest piece; empty where no cell lies inside.
    """
    west, south, east, north = outline.bounds
    left, top = np.floor(west / cell_m), np.ceil(north / cell_m)
    size = int(top - np.floor(south / cell_m)), int(np.ceil(east / cell_m) - left)
    place = from_origin(left * cell_m, top * cell_m, cell_m, cell_m)
    cells = rasterize([(outline, 1)], size, transform=place, dtype="uint8")
    pieces = [polygon_of(piece) for piece, value in shapes(cells, transform=place) if value]
    return max(pieces, key=lambda piece: piece.area, default=Polygon())


def measure(outlines: list[Polygon]) -> dict[str, np.ndarray]:
    """STATISTICS of outlines.

    Parameters
    ----------
    outlines : list of Polygon
        In metres.

    Returns
    -------
    dict of str to (outlines,) array of float
        By name, as in `Inventory`.
    """
    area, perimeter = shapely.area(outlines), shapely.length(outlines)
    rectangles = [shapely.get_coordinates(each.minimum_rotated_rectangle) for each in outlines]
    sides = np.sort([np.hypot(*np.diff(corners[:3], axis=0).T) for corners in rectangles], axis=1)
    return {
        "area_ha": area / 1e4,
        "elongation": sides[:, 1] / sides[:, 0],
        "compactness": 4 * np.pi * area / perimeter**2,
        "solidity": area / shapely.area(shapely.convex_hull(outlines)),
        "rectangularity": area / sides.prod(axis=1),
    }


def ks_distance(values: np.ndarray, quantiles: Quantiles) -> float:
    """Kolmogorov-Smirnov distance at the quantiles that are published.

    Parameters
    ----------
    values : ndarray
        Ours.
    quantiles : tuple of float
        Theirs, at PROBABILITIES.

    Returns
    -------
    float
        The largest difference of the cumulative shares, 0 to 1. At a quantile that equals several
        of our values (rounded, or of few cells) our share is the mean of that below and up to it.
    """
    ordered = np.sort(values)
    shares = [np.searchsorted(ordered, quantiles, side) / len(ordered) for side in ("left", "right")]
    return float(np.max(np.abs(np.mean(shares, axis=0) - PROBABILITIES)))

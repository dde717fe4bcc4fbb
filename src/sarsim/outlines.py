"""Outlines of landslides that follow the ground, with the statistics of three inventories.

An outline is drawn around a fall line, traced down the smoothed ground: an ellipse of the length
and width that the inventory's quantiles say, its radii times a log-normal factor whose logarithm is
a Fourier series in the angle, of harmonics that fall with a power. Coarse harmonics make lobes and
necks, fine ones the ragged edge that a mapper follows. Placed along the line, it bends as the
ground does.

What is published of the inventories are quantiles (10, 25, 50, 75 and 90 %); in between and beyond
values are drawn log-linearly. `studies/ground/outlines.py` finds the `Shape` of each inventory by
random search and measures how far outlines drawn on other ground are from it.
"""

from dataclasses import dataclass
from functools import cache

import numpy as np
import shapely
from rasterio.features import rasterize, shapes
from rasterio.transform import from_origin
from shapely.affinity import scale
from shapely.geometry import Polygon
from shapely.geometry import shape as polygon_of

from sarsim.landslides import DownslopeField, fall_line
from sarslide.grid import RegionGrid

PROBABILITIES = np.array([0.1, 0.25, 0.5, 0.75, 0.9])
ANGLES = np.linspace(0, 2 * np.pi, 160, endpoint=False)
HARMONICS = np.arange(2, 41)  # the first is a shift
FINE = 6  # the lowest harmonic of the ragged edge
SMOOTHINGS_M = (30.0, 60.0, 120.0, 240.0, 480.0)  # of the ground, from gullies to mountainsides
LINE_LENGTHS = 1.7  # of an outline, over which its fall line is traced: lobes reach beyond the ellipse

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
    Shape(0.0929, 0.0857, 0.918, 0.0253, 0.851, 0.62, 0.0556, 1.11),
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
    Shape(0.0203, 0.0469, 1.17, 0.0162, 0.703, 0.466, 0.206, 1.07),
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
    Shape(0.10, 0.3, 1.9, 0.01, 0.3, 1.0, 0.0, 0.95),
    1.0,
    20.0,
    "38 moving areas seen by InSAR, French Alps (ISSLIDE); raster outlines",
)
INVENTORIES = {"tiraumea": TIRAUMEA, "carpathians": CARPATHIANS, "isslide": ISSLIDE}
STATISTICS = ("area_ha", "elongation", "compactness", "solidity", "rectangularity")


@dataclass(frozen=True)
class Deviates:
    """What is random in some outlines, the first axis of each array.

    Attributes
    ----------
    area, elongation : (bodies,) array of float
        Shares of the inventory that are smaller, 0 to 1.
    waves : (bodies, 2, 2, harmonics) array of float
        Standard normal: coarse and fine; cosines and sines.
    spreads : (bodies, 2) array of float
        Standard normal, coarse and fine.
    bend : (bodies,) array of float
        Standard normal.
    """

    area: np.ndarray
    elongation: np.ndarray
    waves: np.ndarray
    spreads: np.ndarray
    bend: np.ndarray


def draw_deviates(rng: np.random.Generator, count: int) -> Deviates:
    """What is random in some outlines.

    Parameters
    ----------
    rng : Generator
        Random numbers.
    count : int
        How many.

    Returns
    -------
    Deviates
        Of `count` bodies.
    """
    return Deviates(
        rng.uniform(size=count),
        rng.uniform(size=count),
        rng.standard_normal((count, 2, 2, HARMONICS.size)),
        rng.standard_normal((count, 2)),
        rng.standard_normal(count),
    )


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


def drawn_sizes(inventory: Inventory, deviates: Deviates) -> tuple[np.ndarray, np.ndarray]:
    """Area and elongation of outlines.

    Parameters
    ----------
    inventory : Inventory
        The inventory.
    deviates : Deviates
        What is random in them.

    Returns
    -------
    tuple of ndarray
        Area, m2; length over width, at least 1.
    """
    elongation = np.maximum(at_share(inventory.elongation, deviates.elongation), 1)
    return at_share(inventory.area_ha, deviates.area) * 1e4, elongation


def radii(shape: Shape, deviates: Deviates) -> np.ndarray:
    """Factors on the radii of the ellipse.

    Parameters
    ----------
    shape : Shape
        Irregularity.
    deviates : Deviates
        What is random.

    Returns
    -------
    (bodies, angles) array of float
        At ANGLES, from the direction down the slope.
    """
    angle = HARMONICS[:, None] * ANGLES
    spectra = (
        (shape.lobes, shape.lobes_spread, HARMONICS**-shape.lobes_power),
        (shape.ragged, shape.ragged_spread, np.where(HARMONICS >= FINE, HARMONICS**-shape.ragged_power, 0)),
    )
    logarithm = np.zeros((len(deviates.bend), ANGLES.size))
    for k, (level, spread, amplitude) in enumerate(spectra):
        weight = level * np.exp(spread * deviates.spreads[:, k, None]) * amplitude / np.linalg.norm(amplitude)
        cosines, sines = np.moveaxis(deviates.waves[:, k] * weight[:, None], 1, 0)
        logarithm += cosines @ np.cos(angle) + sines @ np.sin(angle)
    return np.exp(logarithm)


def draw_outline(
    shape: Shape, area_m2: float, elongation: float, factors: np.ndarray, bend: float, line: np.ndarray
) -> Polygon:
    """One outline along a fall line.

    Parameters
    ----------
    shape : Shape
        Irregularity.
    area_m2 : float
        Area, m2.
    elongation : float
        Length over width, before `shape.stretch`.
    factors : (angles,) array of float
        As of `radii`.
    bend : float
        Standard normal.
    line : (points, 2) array of float
        Fall line from above to below, LINE_LENGTHS times as long as the body, its middle the
        centre.

    Returns
    -------
    Polygon
        In the CRS of the line, with the area that was asked for.
    """
    ratio = max(elongation * shape.stretch, 1.0)
    half = np.sqrt(area_m2 * ratio / np.pi)
    along, across = half * factors * np.cos(ANGLES), half / ratio * factors * np.sin(ANGLES)
    across = across + shape.bend * bend * 2 * half * (along / half) ** 2
    steps = np.hypot(*np.diff(line, axis=0).T)
    way = np.concatenate([[0], np.cumsum(steps)])
    way -= way[len(way) // 2]
    tangent = np.gradient(line, axis=0)
    tangent /= np.linalg.norm(tangent, axis=1, keepdims=True)
    (x, y), (east, north) = ([np.interp(along, way, part) for part in pair.T] for pair in (line, tangent))
    outline = whole(Polygon(np.stack([x - across * north, y + across * east], 1)).buffer(0))
    factor = np.sqrt(area_m2 / outline.area) if outline.area else 1.0
    return scale(outline, factor, factor)


class SmoothedGround:
    """Directions of the steepest descent by the size of what follows them.

    Parameters
    ----------
    grid : RegionGrid
        The grid of the heights.
    elevation_m : (rows, cols) array of float
        Ellipsoidal heights, m.
    """

    def __init__(self, grid: RegionGrid, elevation_m: np.ndarray):
        self.at = cache(lambda smoothing_m: DownslopeField(grid, elevation_m, smoothing_m))

    def field(self, smoothing_m: float) -> DownslopeField:
        """The field whose smoothing is nearest by ratio.

        Parameters
        ----------
        smoothing_m : float
            Standard deviation, m.

        Returns
        -------
        DownslopeField
            Of one of SMOOTHINGS_M.
        """
        return self.at(SMOOTHINGS_M[int(np.argmin(np.abs(np.log(np.array(SMOOTHINGS_M) / smoothing_m))))])

    def line(self, inventory: Inventory, area_m2: float, elongation: float, centre: tuple[float, float]) -> np.ndarray:
        """The fall line of a body.

        Parameters
        ----------
        inventory : Inventory
            Whose body it is.
        area_m2, elongation : float
            Its area, m2, and length over width.
        centre : tuple of float
            Its middle, in the CRS of the grid.

        Returns
        -------
        (points, 2) array of float
            From above to below, LINE_LENGTHS times as long as the body.
        """
        half_width = np.sqrt(area_m2 / elongation / np.pi)
        field = self.field(inventory.smoothing * half_width)
        return fall_line(centre, LINE_LENGTHS * 2 * half_width * elongation, field)


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


def whole(outline: shapely.Geometry) -> Polygon:
    """The largest piece of an outline that crossed itself.

    Parameters
    ----------
    outline : Polygon or MultiPolygon
        Valid.

    Returns
    -------
    Polygon
        Without holes.
    """
    largest = max(shapely.get_parts(outline), key=lambda piece: piece.area, default=Polygon())
    return Polygon(largest.exterior) if not largest.is_empty else largest

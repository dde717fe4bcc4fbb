"""Outlines of landslides that follow the ground, with the statistics of three inventories.

An outline is drawn around a fall line, traced down the smoothed ground: an ellipse of the length
and width that the inventory's quantiles say, its radii times a log-normal factor whose logarithm is
a Fourier series in the angle, of harmonics that fall with a power. Coarse harmonics make lobes and
necks, fine ones the ragged edge that a mapper follows. Placed along the line, it bends as the
ground does.

`mapped_outlines` holds the inventories; `studies/ground/outlines.py` finds the shape of each by
random search, and measures how far outlines drawn on other ground are from it.
"""

from dataclasses import dataclass
from functools import cache

import numpy as np
import shapely
from shapely.affinity import scale
from shapely.geometry import Polygon

from sarsim.mapped_outlines import Inventory, Shape, at_share
from sarsim.slopes import DownslopeField, fall_line
from sarslide.grid import RegionGrid

ANGLES = np.linspace(0, 2 * np.pi, 160, endpoint=False)
HARMONICS = np.arange(2, 41)  # the first is a shift
FINE = 6  # the lowest harmonic of the ragged edge
SMOOTHINGS_M = (30.0, 60.0, 120.0, 240.0, 480.0)  # of the ground, from gullies to mountainsides
LINE_LENGTHS = 1.7  # of an outline, over which its fall line is traced: lobes reach beyond the ellipse


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

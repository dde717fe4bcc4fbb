"""When and at which range a block of ground is imaged: times and slant ranges as short series.

Over a few kilometres both are extremely smooth functions of map position and height: a tensor
series on Chebyshev nodes follows the exact zero-Doppler solution to a micrometre, and costs a tenth
of it.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from sarslide.insar.native.surface import earth_fixed_patch
from sarslide.sentinel1.burst import Burst
from sarslide.sentinel1.orbit import Arc

NODES_X, NODES_Y, NODES_H = 6, 6, 5  # of a block of 10 km: the next term is below 1e-8 m
NEARBY = 100  # lines or samples by which the corners of a block may miss its extremes

Solver = Callable[[Arc, np.ndarray], tuple[np.ndarray, np.ndarray]]
Shift = Callable[[np.ndarray], np.ndarray]


@dataclass(frozen=True)
class Nodes:
    """Chebyshev nodes of a block of ground, in height and along two axes of the map.

    Attributes
    ----------
    points : (NODES_H, NODES_Y, NODES_X, 3) array of float
        Earth-fixed coordinates, m.
    to_h, to_y, to_x : array of float
        From values at the nodes to the coefficients of a series, along each axis.
    by_row : (rows, NODES_Y) array of float
        Chebyshev polynomials at the rows of the block.
    by_col : (cols, NODES_X) array of float
        Chebyshev polynomials at its columns.
    height_m, half_m : float
        Middle and half of the range of heights, m.
    """

    points: np.ndarray
    to_h: np.ndarray
    to_y: np.ndarray
    to_x: np.ndarray
    by_row: np.ndarray
    by_col: np.ndarray
    height_m: float
    half_m: float

    def series(self, values: np.ndarray) -> np.ndarray:
        """Coefficients of a smooth function of the ground.

        Parameters
        ----------
        values : (NODES_H, NODES_Y, NODES_X) array of float
            The function at the nodes.

        Returns
        -------
        (NODES_H, NODES_Y, NODES_X) array of float
            sum_kji series[k, j, i] level^k by_row[row, j] by_col[col, i] is its value where level
            is (height - height_m) / half_m.
        """
        # Ranges are large and nearly constant: the series is that of the difference from the first
        # node, to keep all digits.
        away = values - values.flat[0]
        series = np.einsum("kh,jv,iu,hvu->kji", self.to_h, self.to_y, self.to_x, away, optimize=True)
        series[0, 0, 0] += values.flat[0]
        return series


def nodes_of(
    epsg: int,
    u: np.ndarray,
    v: np.ndarray,
    heights_m: np.ndarray,
    to_map: Callable = lambda u, v: (u, v),
    shift: Shift | None = None,
) -> Nodes:
    """Nodes of the ground at the crossings of two axes.

    Parameters
    ----------
    epsg : int
        CRS of the map.
    u, v : array of float
        Eastings and northings, m, or coordinates that `to_map` turns into them.
    heights_m : array of float
        Heights whose range is covered, m.
    to_map : callable
        From u and v to eastings and northings.
    shift : callable, optional
        Gives the displacement (..., 3), m, of Earth-fixed points (solid-earth tide).

    Returns
    -------
    Nodes
        The nodes.
    """
    low, high = float(heights_m.min()), float(heights_m.max())
    centre, half = (low + high) / 2, max((high - low) / 2, 1.0)
    (at_u, to_x, by_col), (at_v, to_y, by_row) = _axis(u, NODES_X), _axis(v, NODES_Y)
    level = np.cos((np.arange(NODES_H) + 0.5) * np.pi / NODES_H)
    to_h = np.linalg.inv(np.vander(level, NODES_H, increasing=True))
    point, normal = earth_fixed_patch(epsg, at_u, at_v, to_map)
    points = point + (centre + half * level)[:, None, None, None] * normal
    if shift is not None:
        points = points + shift(point)
    return Nodes(points, to_h, to_y, to_x, by_row, by_col, centre, half)


@dataclass(frozen=True)
class Imaging:
    """Series of a block: sum_kji series[k, j, i] level^k by_row[row, j] by_col[col, i].

    level = (height - height_m) / half_m.

    Attributes
    ----------
    time_s, range_m : (NODES_H, NODES_Y, NODES_X) array of float
        Series of the zero-Doppler times, s, and of the slant ranges, m.
    by_row : (rows, NODES_Y) array of float
        Chebyshev polynomials at the rows.
    by_col : (cols, NODES_X) array of float
        Chebyshev polynomials at the columns.
    height_m, half_m : float
        Middle and half of the range of heights, m.
    """

    time_s: np.ndarray
    range_m: np.ndarray
    by_row: np.ndarray
    by_col: np.ndarray
    height_m: float
    half_m: float

    def corners(self) -> tuple[np.ndarray, np.ndarray]:
        """Times and ranges at the corners of the block, lowest and highest, (2, 2, 2).

        These are the extremes but for a few samples.
        """
        level = np.array([[-1.0], [1.0]]) ** np.arange(NODES_H)
        ends = [0, -1]
        return tuple(
            np.einsum("kji,hk,rj,ci->hrc", series, level, self.by_row[ends], self.by_col[ends])
            for series in (self.time_s, self.range_m)
        )

    def may_see(self, burst: Burst) -> bool:
        """Whether the block may hold ground that a burst sees, by the corners of the block.

        Parameters
        ----------
        burst : Burst
            The burst.

        Returns
        -------
        bool
            False where it surely holds none.
        """
        time, distance = self.corners()
        line, sample = burst.line(time), burst.sample(distance)
        return bool(
            line.max() > burst.first_line - NEARBY
            and line.min() < burst.last_line + NEARBY
            and sample.max() > burst.first_sample - NEARBY
            and sample.min() < burst.last_sample + NEARBY
        )


def imaging_of(
    arc: Arc, epsg: int, x: np.ndarray, y: np.ndarray, heights_m: np.ndarray, solver: Solver, shift: Shift | None = None
) -> Imaging | None:
    """Imaging of the ground at the crossings of some eastings and northings.

    Parameters
    ----------
    arc : Arc
        Orbit of the pass.
    epsg : int
        CRS of the map.
    x, y : array of float
        Eastings and northings, m.
    heights_m : array of float
        Heights whose range is covered, m.
    solver : callable
        Gives zero-Doppler times and ranges of points.
    shift : callable, optional
        Gives the displacement (..., 3), m, of Earth-fixed points (solid-earth tide).

    Returns
    -------
    Imaging or None
        The series; None where the orbit does not see every node.
    """
    nodes = nodes_of(epsg, x, y, heights_m, shift=shift)
    time, distance = solver(arc, nodes.points)
    if not np.isfinite(time).all():
        return None
    return Imaging(nodes.series(time), nodes.series(distance), nodes.by_row, nodes.by_col, nodes.height_m, nodes.half_m)


def _axis(at: np.ndarray, nodes: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Chebyshev nodes on the extent of `at`, and its polynomials at `at`.

    Between them the matrix from values at the nodes to the series.
    """
    low, high = float(np.min(at)), float(np.max(at))
    centre, half = (low + high) / 2, max((high - low) / 2, 1.0)
    unit = np.cos((np.arange(nodes) + 0.5) * np.pi / nodes)
    vander = np.polynomial.chebyshev.chebvander
    return centre + half * unit, np.linalg.inv(vander(unit, nodes - 1)), vander((at - centre) / half, nodes - 1)

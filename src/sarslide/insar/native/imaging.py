"""When and at which range a block of ground is imaged: times and slant ranges as short series.

Over a few kilometres both are extremely smooth functions of map position and height: a tensor
series on Chebyshev nodes follows the exact zero-Doppler solution to a micrometre, and costs a tenth
of it.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from sarslide.insar.native.surface import earth_fixed_patch
from sarslide.sentinel1.orbit import Arc

NODES_X, NODES_Y, NODES_H = 6, 6, 5  # of a block of 10 km: the next term is below 1e-8 m

Solver = Callable[[Arc, np.ndarray], tuple[np.ndarray, np.ndarray]]
Shift = Callable[[np.ndarray], np.ndarray]


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
    low, high = float(heights_m.min()), float(heights_m.max())
    centre, half = (low + high) / 2, max((high - low) / 2, 1.0)
    (u, to_x, by_col), (v, to_y, by_row) = _axis(x, NODES_X), _axis(y, NODES_Y)
    level = np.cos((np.arange(NODES_H) + 0.5) * np.pi / NODES_H)
    to_h = np.linalg.inv(np.vander(level, NODES_H, increasing=True))
    point, normal = earth_fixed_patch(epsg, u, v)
    points = point + (centre + half * level)[:, None, None, None] * normal
    if shift is not None:
        points = points + shift(point)
    time, distance = solver(arc, points)
    if not np.isfinite(time).all():
        return None
    # Ranges are large and nearly constant: the series is that of the difference from its first
    # node, to keep all digits.
    series = [
        np.einsum("kh,jv,iu,hvu->kji", to_h, to_y, to_x, values - values.flat[0], optimize=True)
        for values in (time, distance)
    ]
    for one, values in zip(series, (time, distance), strict=True):
        one[0, 0, 0] += values.flat[0]
    return Imaging(series[0], series[1], by_row, by_col, centre, half)


def _axis(at: np.ndarray, nodes: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Chebyshev nodes on the extent of `at`, and its polynomials at `at`.

    Between them the matrix from values at the nodes to the series.
    """
    low, high = float(np.min(at)), float(np.max(at))
    centre, half = (low + high) / 2, max((high - low) / 2, 1.0)
    unit = np.cos((np.arange(nodes) + 0.5) * np.pi / nodes)
    vander = np.polynomial.chebyshev.chebvander
    return centre + half * unit, np.linalg.inv(vander(unit, nodes - 1)), vander((at - centre) / half, nodes - 1)

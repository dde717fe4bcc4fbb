"""A region as its track sees it: the orbit over its middle, its extent in time and range, and the
ground that has to be lit for it. Strip by strip of the region, so that memory is bounded.
"""

import math
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from sarsim import acquisition as radar
from sarsim import geometry
from sarsim.orbit import SimulatedArc
from sarsim.world import World
from sarslide.grid import part_of
from sarslide.io.blocks import strips

STRIP_CELLS = 1 << 18  # cells that are treated at a time
LINES, SAMPLES = 8, 32  # of a bin of the lit area
# Lit around the region: 32 to 40 lines (450 m) and 128 to 160 samples (480 m). Sidelobes of ground
# further out are 30 dB below the ground at the very edge, and fall with the distance from it.
MARGIN_BINS = 4
LIT_MARGIN_M = 1000.0  # is more than that in either direction
GROUND_SPEED = 6700.0  # m/s, slower than any Sentinel-1's


@dataclass(frozen=True)
class LitArea:
    """What is lit, in bins of zero-Doppler time and slant range time on the reference orbit.

    Attributes
    ----------
    bins : (n, m) array of bool
        Whether a bin is lit.
    first : tuple of int
        Numbers of the first bin along time and range, from 0 s.
    """

    bins: np.ndarray
    first: tuple[int, int]

    def holds(self, time: np.ndarray, slant_time: np.ndarray) -> np.ndarray:
        """Whether ground is lit: the region, what lies over it in the image, and a margin.

        Parameters
        ----------
        time, slant_time : array of float
            Zero-Doppler time and two-way time of the ground on the reference orbit, s.

        Returns
        -------
        array of bool
            Of the shape of the times.
        """
        at = [bins - first for bins, first in zip(_bins(time, slant_time), self.first, strict=True)]
        inside = np.all([(k >= 0) & (k < n) for k, n in zip(at, self.bins.shape, strict=True)], axis=0)
        return inside & self.bins[tuple(np.where(inside, k, 0) for k in at)]


@dataclass(frozen=True)
class Survey:
    """A region as its track sees it, from the reference orbit.

    Attributes
    ----------
    center : (3,) array of float
        Earth-fixed middle of the region, m.
    state : (6,) array of float
        Earth-fixed state when the middle is abeam, m and m/s.
    reach_s : float
        Of the orbit before and after, s.
    times, slant_times : tuple of float
        First and last zero-Doppler time, smallest and largest two-way time, s.
    look : (3,) array of float
        Mean unit vector from the ground to the satellite: east, north, up.
    up : tuple of float
        Smallest and largest third component of that vector.
    lit : LitArea
        What is lit for the region.
    """

    center: np.ndarray
    state: np.ndarray
    reach_s: float
    times: tuple[float, float]
    slant_times: tuple[float, float]
    look: np.ndarray
    up: tuple[float, float]
    lit: LitArea

    @cached_property
    def arc(self) -> SimulatedArc:
        """The reference orbit."""
        return radar.scene_arc(self.state, self.reach_s)


def row_strips(rows: slice, cols: int) -> Iterator[slice]:
    """Rows in strips of about `STRIP_CELLS` cells.

    Parameters
    ----------
    rows : slice
        All of them, with start and stop.
    cols : int
        Cells of a row.

    Yields
    ------
    slice
        From north to south.
    """
    for part in strips(rows.stop - rows.start, max(1, STRIP_CELLS // cols)):
        yield slice(rows.start + part.start, rows.start + part.stop)


def window_ecef(world: World, rows: slice, cols: slice) -> np.ndarray:
    """Earth-fixed centres of the cells of a window.

    Parameters
    ----------
    world : World
        The simulated region.
    rows, cols : slice
        Of the world's grid.

    Returns
    -------
    (rows, cols, 3) array of float
        m.
    """
    return geometry.grid_ecef(part_of(world.grid, rows, cols), world.elevation_m[rows, cols].astype(float))


def survey_region(world: World, stack: str, incidence_deg: float | None = None) -> Survey:
    """See a region from the reference orbit over its middle.

    Parameters
    ----------
    world : World
        The simulated region.
    stack : str
        Name of the stack, `A128` for an ascending, `D062` for a descending relative orbit.
    incidence_deg : float, optional
        At the middle, degree; by default that of the pass, within IW2.

    Returns
    -------
    Survey
        The region as the track sees it.
    """
    rows, cols = world.window
    parts = list(row_strips(rows, world.region.cols))
    total = np.zeros(3)
    for part in parts:
        total += window_ecef(world, part, cols).reshape(-1, 3).sum(0)
    center = total / (world.region.rows * world.region.cols)
    state = radar.reference_state(stack, center, incidence_deg)
    half_m = 0.5 * world.region.cell_m * math.hypot(*world.region.shape)
    reach_s = max(radar.SCENE_S, math.ceil(half_m / GROUND_SPEED) + 2.0)

    arc, looks, bins = radar.scene_arc(state, reach_s), np.zeros(3), []
    extremes = []
    for part in parts:
        seen = geometry.see(arc, window_ecef(world, part, cols))
        looks += seen.los.sum((0, 1))
        extremes.append([(x.min(), x.max()) for x in (seen.time, seen.slant_time, seen.los[..., 2])])
        bins.append(np.unique(np.stack([k.ravel() for k in _bins(seen.time, seen.slant_time)], -1), axis=0))
    lowest, highest = np.min(extremes, axis=0)[:, 0], np.max(extremes, axis=0)[:, 1]
    times, slant_times, up = ((float(low), float(high)) for low, high in zip(lowest, highest, strict=True))
    look = looks / np.linalg.norm(looks)
    return Survey(center, state, reach_s, times, slant_times, look, up, _lit_area(np.concatenate(bins)))


def _bins(time: np.ndarray, slant_time: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    line, sample = time / (LINES * radar.LINE_INTERVAL), slant_time * (radar.RANGE_SAMPLING / SAMPLES)
    return np.floor(line).astype(np.int64), np.floor(sample).astype(np.int64)


def _lit_area(region: np.ndarray) -> LitArea:
    """The bins (n, 2) of the region, and those around them."""
    from scipy import ndimage

    first = region.min(0) - MARGIN_BINS
    bins = np.zeros(region.max(0) - first + MARGIN_BINS + 1, bool)
    bins[tuple((region - first).T)] = True
    size = 2 * MARGIN_BINS + 1
    return LitArea(ndimage.binary_dilation(bins, np.ones((size, size), bool)), (int(first[0]), int(first[1])))

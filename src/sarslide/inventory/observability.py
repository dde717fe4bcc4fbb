"""Whether the ground of an object could be seen at all: a landslide that could not be seen has not
vanished (B26).
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

import numpy as np
from rasterio import features
from rasterio.windows import Window
from rasterio.windows import transform as window_transform
from shapely import box
from shapely.geometry.base import BaseGeometry

from sarslide.grid import RegionGrid, part_of, window_of
from sarslide.layers import hidden
from sarslide.rates.observability import CLASSES

SNOW, LEFT_OUT = "snow", "frame left out"
MIN_OBSERVABLE = 0.5

Cells = tuple[np.ndarray, np.ndarray]  # rows, cols


class States(Protocol):
    """Index into `CLASSES` of cells of the region: an array, or what reads them."""

    def __getitem__(self, cells: Cells) -> np.ndarray: ...


@dataclass(frozen=True)
class FrameStates:
    """The states of a track in one frame.

    Attributes
    ----------
    core : RegionGrid
        The cells that the frame answers for.
    read : callable
        From a part of the core's lattice to its (rows, cols) array of uint8.
    """

    core: RegionGrid
    read: Callable[[RegionGrid], np.ndarray]


@dataclass(frozen=True)
class StatesByFrame:
    """The states of a track, read around the cells that are looked at: no layer is held.

    Attributes
    ----------
    region : RegionGrid
        The region grid.
    frames : sequence of FrameStates
        Those that the track sees; elsewhere it acquires nothing.
    """

    region: RegionGrid
    frames: Sequence[FrameStates]

    def __getitem__(self, cells: Cells) -> np.ndarray:
        """States of some cells.

        Parameters
        ----------
        cells : (array, array)
            Rows and columns in the region.

        Returns
        -------
        array of uint8
            One a cell.
        """
        rows, cols = cells
        found = np.full(len(rows), CLASSES.index("no_acquisition"), np.uint8)
        for frame in self.frames:
            down, across = window_of(self.region, frame.core)
            inside = (rows >= down.start) & (rows < down.stop) & (cols >= across.start) & (cols < across.stop)
            if inside.any():
                top, left = rows[inside].min(), cols[inside].min()
                block = slice(int(top), int(rows[inside].max()) + 1), slice(int(left), int(cols[inside].max()) + 1)
                found[inside] = frame.read(part_of(self.region, *block))[rows[inside] - top, cols[inside] - left]
        return found


def is_cut(geometry: BaseGeometry, left_out: Iterable[RegionGrid]) -> bool:
    """Whether a part of an object lies in a frame that a release leaves out.

    Parameters
    ----------
    geometry : BaseGeometry
        Outline.
    left_out : iterable of RegionGrid
        Cores of the frames.

    Returns
    -------
    bool
        True from the first square metre.
    """
    return any(geometry.intersection(box(*core.bounds)).area > 1.0 for core in left_out)


@dataclass(frozen=True)
class Observability:
    """What each track could see.

    Attributes
    ----------
    grid : RegionGrid
        The region grid.
    states : mapping of str to States
        Track -> index into `CLASSES` of each cell.
    snowline_m : float or None
        Ellipsoidal height above which ground is snow, m; None: no snowline is set.
    left_out : sequence of RegionGrid
        Cores of frames that are left out of the release: nothing is known of their ground.
    """

    grid: RegionGrid
    states: Mapping[str, States]
    snowline_m: float | None
    left_out: Sequence[RegionGrid] = field(default=())

    def is_cut(self, geometry: BaseGeometry) -> bool:
        """Whether a part of an object lies in a frame that is left out.

        Parameters
        ----------
        geometry : BaseGeometry
            Outline.

        Returns
        -------
        bool
            True from the first square metre.
        """
        return is_cut(geometry, self.left_out)

    def cause(self, geometry: BaseGeometry, tracks: Sequence[str], elevation_m: float) -> str:
        """Why an object could not be seen by the tracks that saw it before.

        Parameters
        ----------
        geometry : BaseGeometry
            Outline.
        tracks : sequence of str
            Tracks that saw the object before.
        elevation_m : float
            Median height of the object, m.

        Returns
        -------
        str
            Empty when one of the tracks sees at least half of it now; else snow, no_acquisition,
            layover, shadow or decorrelation (that of most cells, in the track that sees most), or
            `frame left out` for an object that is cut.
        """
        if self.is_cut(geometry):
            return LEFT_OUT
        if self.snowline_m is not None and elevation_m > self.snowline_m:
            return SNOW
        best_share, best_cause = -1.0, "no_acquisition"
        for track in sorted(tracks):
            if track not in self.states:
                continue
            counts = self._counts(geometry, self.states[track])
            share = counts[0] / max(counts.sum(), 1)
            if share >= MIN_OBSERVABLE:
                return ""
            if share > best_share:
                best_share, best_cause = share, CLASSES[1 + int(np.argmax(counts[1:]))] if counts.any() else best_cause
        return best_cause

    def _counts(self, geometry: BaseGeometry, states: States) -> np.ndarray:
        cells = cells_of(geometry, self.grid)
        return np.bincount(states[cells], minlength=len(CLASSES))


def track_state(
    layover_shadow: np.ndarray, mean_coherence: np.ndarray, pair_count: np.ndarray, min_coherence: float
) -> np.ndarray:
    """What hides each cell of one track.

    Parameters
    ----------
    layover_shadow : (rows, cols) array of uint8
        0 good, 1 layover, 2 shadow, 3 both (called layover), 255 not acquired.
    mean_coherence : (rows, cols) array
        Mean coherence of the pairs, NaN where unknown.
    pair_count : (rows, cols) array of int
        Pairs with a valid phase. A cell without pair and coherence was not acquired.
    min_coherence : float
        Coherence below which a cell is decorrelated.

    Returns
    -------
    (rows, cols) array of uint8
        Index into `CLASSES`.
    """
    state = np.zeros(layover_shadow.shape, np.uint8)
    incoherent = ~(mean_coherence >= min_coherence) | (pair_count == 0)
    state[incoherent] = CLASSES.index("decorrelation")
    state[layover_shadow == 2] = CLASSES.index("shadow")
    state[(layover_shadow == 1) | (layover_shadow == 3)] = CLASSES.index("layover")
    unseen = (pair_count == 0) & ~np.isfinite(mean_coherence) & ~hidden(layover_shadow)
    state[unseen] = CLASSES.index("no_acquisition")
    return state


def cells_of(geometry: BaseGeometry, grid: RegionGrid) -> Cells:
    """Cells of an outline: those with their centre inside, or touched where no centre is.

    Parameters
    ----------
    geometry : BaseGeometry
        Outline in the grid's CRS.
    grid : RegionGrid
        The region grid.

    Returns
    -------
    (array, array)
        Rows and columns; empty outside the grid.
    """
    west, south, east, north = geometry.bounds
    top, left = max(int((grid.north - north) // grid.cell_m), 0), max(int((west - grid.west) // grid.cell_m), 0)
    bottom = min(int((grid.north - south) // grid.cell_m) + 1, grid.rows)
    right = min(int((east - grid.west) // grid.cell_m) + 1, grid.cols)
    if bottom <= top or right <= left:
        return np.empty(0, int), np.empty(0, int)
    clipped = Window.from_slices((top, bottom), (left, right))
    for all_touched in (False, True):
        inside = features.geometry_mask(
            [geometry],
            (bottom - top, right - left),
            window_transform(clipped, grid.transform),
            all_touched,
            invert=True,
        )
        if inside.any():
            break
    rows, cols = np.nonzero(inside)
    return rows + top, cols + left

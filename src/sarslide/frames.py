"""Frames: the pieces of a region that are processed one by one, with memory that does not grow.

Frames lie on multiples of their side in the region's CRS, not on its bounds: a region that grows
keeps those that its old bounds did not cut.
"""

import math
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from sarslide.grid import RegionGrid, common_part

WHOLE = "f0"
NARROW = 1 / 8  # of a side


@dataclass(frozen=True)
class Frame:
    """A piece of a region.

    Attributes
    ----------
    name : str
        `f0` for a region of one frame; else `f<column>_<row>`, counted in frame sides from the
        origin of the CRS to the east and to the north, negative ones with an `m` before the digits.
    core : RegionGrid
        Its own cells. The cores of all frames are the region, without overlap.
    grid : RegionGrid
        The core with the margin on each side, on which its layers are made; for `f0` the region.
    """

    name: str
    core: RegionGrid
    grid: RegionGrid

    def within(self, region: RegionGrid) -> "Frame":
        """The frame without what its margin sees beyond the region.

        Parameters
        ----------
        region : RegionGrid
            The region grid, which holds the core.

        Returns
        -------
        Frame
            Its `grid` ends with the region.
        """
        return Frame(self.name, self.core, common_part(self.grid, region) or self.core)

    def to_dict(self) -> dict[str, dict[str, int | float]]:
        """JSON-ready leaf values without the name, as rules pass them to scripts."""
        return {"core": self.core.to_dict(), "grid": self.grid.to_dict()}

    @classmethod
    def from_dict(cls, name: str, values: dict[str, dict[str, Any]]) -> "Frame":
        """The frame of `to_dict`.

        Parameters
        ----------
        name : str
            Its name.
        values : dict
            Leaf values of its grids.

        Returns
        -------
        Frame
            The frame.
        """
        return cls(name, RegionGrid.from_dict(values["core"]), RegionGrid.from_dict(values["grid"]))


def _lines(low: int, high: int, side: float, narrowest: float) -> list[tuple[int, int]]:
    """Frame number and first cell, along one axis; the last entry is the end of the region.

    low, high: first cell of the region and the one after its last, from the origin of the CRS.
    side: cells of a frame. narrowest: an end with fewer cells joins its neighbour.
    """
    first, last = math.floor(low / side), math.ceil(high / side) - 1
    numbers = range(first, last + 1)
    starts = [max(round(number * side), low) for number in numbers]
    if len(starts) > 1 and starts[1] - low < narrowest:
        starts, numbers = [low, *starts[2:]], numbers[1:]
    if len(starts) > 1 and high - starts[-1] < narrowest:
        starts, numbers = starts[:-1], numbers[:-1]
    return [*zip(numbers, starts, strict=True), (last + 1, high)]


def _digits(number: int) -> str:
    return f"m{-number}" if number < 0 else str(number)


def frames_of(region: RegionGrid, frame_km: float, margin_km: float) -> tuple[Frame, ...]:
    """Cut a region into frames.

    A strip at the bounds that is narrower than two margins, or than an eighth of a side, joins its
    neighbour. A frame is at most a quarter of its side, or four margins, longer than that.

    Parameters
    ----------
    region : RegionGrid
        The region grid.
    frame_km : float
        Side of a frame, km. A region whose sides are no longer is one frame.
    margin_km : float
        What filter, unwrapping, coherence and network tiles need around a core, km.

    Returns
    -------
    tuple of Frame
        From west to east, in each column from south to north.
    """
    cell_m, side = region.cell_m, frame_km * 1000 / region.cell_m
    if max(region.shape) <= side:
        return (Frame(WHOLE, region, region),)
    narrowest = max(2 * margin_km, NARROW * frame_km) * 1000 / cell_m
    west, south, east, north = (round(edge / cell_m) for edge in region.bounds)
    columns = list(pairwise(_lines(west, east, side, narrowest)))
    rows = list(pairwise(_lines(south, north, side, narrowest)))
    made = []
    for (column, left), (_, right) in columns:
        for (row, bottom), (_, top) in rows:
            core = RegionGrid(region.epsg, left * cell_m, top * cell_m, cell_m, top - bottom, right - left)
            made.append(Frame(f"f{_digits(column)}_{_digits(row)}", core, core.pad(margin_km * 1000)))
    if len(made) == 1:
        return (Frame(WHOLE, region, region),)
    return tuple(made)

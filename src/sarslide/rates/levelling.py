"""Levelling: rates of neighbouring frames on one level (robust least squares on their overlaps).

Each frame takes its own offset, plane and height slope off its pairs, and its own reference area is
its zero; where two frames see the same ground their rates differ by such terms and by noise. One
set of terms a frame makes them agree, fitted to the differences on ground that both frames call
stable:

    rate_i - rate_j = plane_i - plane_j + noise,    levelled rate = rate - plane

The differences leave one plane of all frames together open. It is chosen so that what is taken off
has no constant, tilt and height slope over the stable ground of all cores. Where every frame has
taken off a least squares fit, the levelled rates are then those of one fit over the whole region.
Where the configuration names a reference area, one constant more is taken off all frames that
overlaps join to those that used it: the levelled rates are zero on the mean of that area.
"""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import asdict, dataclass, replace
from itertools import combinations
from typing import Any

import numpy as np

from sarslide.frames import Frame
from sarslide.grid import RegionGrid, common_part
from sarslide.rates.level_adjustment import Adjusted, adjust, fit_of, rest_of
from sarslide.rates.level_samples import (
    M_PER_KM,
    UNIT_M,
    Moments,
    Read,
    Samples,
    Terms,
    moments_of,
    reference_sum,
    samples_of,
    spread,
)

MIN_BLOCKS = 30  # of an overlap
MIN_STABLE_CELLS = 200  # of a core, as many as a fit of a frame needs


@dataclass(frozen=True)
class Plane:
    """What levelling takes off the rates of a frame.

    Attributes
    ----------
    offset_mm_per_yr : float
        At the origin, LOS, mm/yr, positive towards the satellite.
    east_mm_per_yr_per_km, north_mm_per_yr_per_km : float
        Tilt, growing to the east and to the north.
    height_mm_per_yr_per_km : float
        Growth with height.
    x_m, y_m, z_m : float
        Origin: easting, northing and height, m.
    """

    offset_mm_per_yr: float = 0.0
    east_mm_per_yr_per_km: float = 0.0
    north_mm_per_yr_per_km: float = 0.0
    height_mm_per_yr_per_km: float = 0.0
    x_m: float = 0.0
    y_m: float = 0.0
    z_m: float = 0.0

    def on(self, grid: RegionGrid, elevation_m: np.ndarray | None = None) -> np.ndarray:
        """The plane on the cells of a grid.

        Parameters
        ----------
        grid : RegionGrid
            The grid, in the CRS of the frames.
        elevation_m : (rows, cols) array of float, optional
            Height, m; not read where the plane does not grow with height.

        Returns
        -------
        (rows, cols) array of float
            LOS rate, mm/yr.

        Raises
        ------
        ValueError
            The plane grows with height, and there are no heights.
        """
        east = self.east_mm_per_yr_per_km * (grid.x() - self.x_m)
        north = self.north_mm_per_yr_per_km * (grid.y() - self.y_m)
        values = self.offset_mm_per_yr + (east + north[:, None]) / M_PER_KM
        if not self.height_mm_per_yr_per_km:
            return values
        if elevation_m is None:
            raise ValueError("the plane grows with height: give elevation_m")
        return values + self.height_mm_per_yr_per_km / M_PER_KM * (elevation_m - self.z_m)


def levelled(
    rate_mm_per_yr: np.ndarray, grid: RegionGrid, plane: Plane, elevation_m: np.ndarray | None = None
) -> np.ndarray:
    """Rates of a frame, or of a part of it, on the level of its stack.

    Parameters
    ----------
    rate_mm_per_yr : (rows, cols) array of float
        LOS rate, mm/yr, positive towards the satellite.
    grid : RegionGrid
        Where its cells lie.
    plane : Plane
        What levelling takes off the frame.
    elevation_m : (rows, cols) array of float, optional
        Height, m; not read where the plane does not grow with height.

    Returns
    -------
    (rows, cols) array of float
        In the dtype of `rate_mm_per_yr`.
    """
    return (rate_mm_per_yr - plane.on(grid, elevation_m)).astype(rate_mm_per_yr.dtype)


@dataclass(frozen=True)
class Level:
    """A frame and its plane.

    Attributes
    ----------
    plane : Plane
        What is taken off; zero where there is a reason.
    std_mm_per_yr : float
        Standard error of the plane, root mean square over the stable ground of the core; blocks of
        the overlaps count as independent.
    stable_cells : int
        Stable cells of the core.
    group : int
        Frames that overlaps join, directly or by way of others, have the same number.
    reason : str
        Why the frame was left as it is; empty where it was levelled.
    """

    plane: Plane = Plane()
    std_mm_per_yr: float = 0.0
    stable_cells: int = 0
    group: int = 0
    reason: str = ""


@dataclass(frozen=True)
class Overlap:
    """Difference of two frames, first minus second, on ground that both call stable.

    Attributes
    ----------
    frames : tuple of str
        Their names.
    cells, blocks : int
        Stable cells, and the blocks of which the difference is the median.
    median_before, std_before, median_after, std_after : float
        Median, and 1.4826 times the median absolute deviation from it, of the blocks before and
        after levelling, mm/yr.
    reason : str
        Why the overlap was left out; empty where it was used.
    """

    frames: tuple[str, str]
    cells: int = 0
    blocks: int = 0
    median_before: float = 0.0
    std_before: float = 0.0
    median_after: float = 0.0
    std_after: float = 0.0
    reason: str = ""


@dataclass(frozen=True)
class Zero:
    """The named reference area on which the levelled rates of a group of frames are zero.

    Attributes
    ----------
    frames : tuple of str
        Frames that used it, with cells of it in their cores.
    group : int
        The group of frames.
    cells : int
        Its cells in those cores.
    shift_mm_per_yr : float
        Mean of the levelled rates over them, LOS, that the offset of every frame of the group holds
        so that it is zero.
    """

    frames: tuple[str, ...]
    group: int
    cells: int
    shift_mm_per_yr: float


@dataclass(frozen=True)
class Levelling:
    """Levels of the frames of a stack.

    Attributes
    ----------
    levels : dict of str to Level
        By name of the frame.
    overlaps : tuple of Overlap
        Of all frames that share ground.
    zeros : tuple of Zero
        Of the groups of frames that hold a reference area that is named.
    """

    levels: dict[str, Level]
    overlaps: tuple[Overlap, ...] = ()
    zeros: tuple[Zero, ...] = ()

    def to_dict(self) -> dict[str, Any]:
        """JSON-ready; `planes_of` reads it."""
        return {
            "frames": {name: asdict(level) for name, level in self.levels.items()},
            "overlaps": [asdict(overlap) for overlap in self.overlaps],
            "zeros": [asdict(zero) for zero in self.zeros],
        }


def planes_of(content: Mapping[str, Any]) -> dict[str, Plane]:
    """The planes of a stack.

    Parameters
    ----------
    content : mapping
        JSON of rule `level_frames`.

    Returns
    -------
    dict of str to Plane
        By name of the frame.
    """
    return {name: Plane(**level["plane"]) for name, level in content["frames"].items()}


def references_of(content: Mapping[str, Any]) -> dict[str, tuple[str, ...]]:
    """Where the levelled rates of frames are zero, as far as a reference area is named.

    Parameters
    ----------
    content : mapping
        JSON of rule `level_frames`.

    Returns
    -------
    dict of str to tuple of str
        Frames that used the named area, by name of each frame that is levelled to it.
    """
    used = {zero["group"]: tuple(zero["frames"]) for zero in content["zeros"]}
    return {name: used[one["group"]] for name, one in content["frames"].items() if one["group"] in used}


def level(
    frames: Iterable[Frame], read: Read, tilt: bool = True, height: bool = True, reference: Collection[str] = ()
) -> Levelling:
    """Offset, tilt and height slope of each frame of a stack.

    Of each overlap the median difference of blocks of cells is taken. A fit by soft L1 finds blocks
    that do not belong to it (an unwrapping error of one frame); without them the overlaps enter one
    least squares adjustment of all frames, weighted by their own scatter. An overlap that the
    others contradict is left out where its frames stay joined without it. Memory is bounded by a
    strip of an overlap.

    Parameters
    ----------
    frames : iterable of Frame
        Frames of the stack.
    read : callable
        Frame, layer, rows, cols -> that window of `los_rate_mm_per_yr` (mm/yr), `stable_ground`
        and, with `height`, `elevation_m` (m) of the frame's grid.
    tilt, height : bool
        Terms that the frames have taken off beside an offset.
    reference : collection of str
        Frames whose reference area is the one that the configuration names.

    Returns
    -------
    Levelling
        A level for each frame. A frame that no overlap joins to another, or with too little stable
        ground, keeps its rates and has a reason.
    """
    by_name = {frame.name: frame for frame in frames}
    if len(by_name) == 1:
        return Levelling({name: Level(reason="the only frame of the stack") for name in by_name})
    centres = np.array([_centre(frame.core) for frame in by_name.values()])
    terms = Terms(tilt, height, *centres.mean(axis=0))
    moments = {name: moments_of(frame, read, terms) for name, frame in by_name.items()}
    if height:
        # Where the ground is flat the slope with height stays apart from the offset.
        cells = sum(one.cells for one in moments.values())
        terms = replace(terms, z_m=sum(one.cells * one.z_m for one in moments.values()) / max(cells, 1))
        moments = {name: one.about(terms.z_m) for name, one in moments.items()}
    usable = {name for name, one in moments.items() if one.cells >= MIN_STABLE_CELLS}
    grids = [frame.grid for frame in by_name.values()]
    samples, overlaps = {}, {}
    for first, second in combinations(by_name.values(), 2):
        if part := common_part(first.grid, second.grid):
            key = (first.name, second.name)
            samples[key] = samples_of(first, second, part, grids, read, terms)
            overlaps[key] = _before(key, samples[key], usable)
    fits = {key: fit_of(samples[key]) for key, overlap in overlaps.items() if not overlap.reason}
    found = adjust(list(by_name), fits, moments, terms)
    zeros = _zeros([by_name[name] for name in reference if name in found.planes], read, terms, found)
    found = replace(found, planes=_shifted(found, zeros))
    levels = {name: _level_of(name, frame, moments[name], found, overlaps, terms) for name, frame in by_name.items()}
    for key in set(fits) - found.used:
        overlaps[key] = replace(overlaps[key], reason="the other overlaps contradict it")
    after = (_after(overlaps[key], samples[key], found.planes) for key in overlaps)
    return Levelling(levels, tuple(after), zeros)


def _zeros(frames: Iterable[Frame], read: Read, terms: Terms, found: Adjusted) -> tuple[Zero, ...]:
    """The named reference area in the cores of frames that used it, by group."""
    sums: dict[int, dict[str, tuple[float, int]]] = {}
    for frame in frames:
        total, cells = reference_sum(frame, read, terms, found.planes[frame.name])
        if cells:
            sums.setdefault(found.groups[frame.name], {})[frame.name] = total, cells
    made = []
    for group, of_frames in sums.items():
        total, cells = map(sum, zip(*of_frames.values(), strict=True))
        made.append(Zero(tuple(of_frames), group, int(cells), total / cells))
    return tuple(made)


def _shifted(found: Adjusted, zeros: Iterable[Zero]) -> dict[str, np.ndarray]:
    """Coefficients of the frames, the first a constant, with the zero of their group."""
    shift = {zero.group: zero.shift_mm_per_yr for zero in zeros}
    return {
        name: np.concatenate([plane[:1] + shift.get(found.groups[name], 0.0), plane[1:]])
        for name, plane in found.planes.items()
    }


def _centre(grid: RegionGrid) -> tuple[float, float]:
    west, south, east, north = grid.bounds
    return (west + east) / 2, (south + north) / 2


def _plane(terms: Terms, coefficients: np.ndarray, x_m: float, y_m: float, z_m: float) -> Plane:
    """The plane of coefficients about an origin of its own."""
    offset = float((terms.design(*(np.array([value]) for value in (x_m, y_m, z_m))) @ coefficients)[0])
    east, north = coefficients[1:3] * (M_PER_KM / UNIT_M) if terms.tilt else (0.0, 0.0)
    height = coefficients[-1] if terms.height else 0.0
    return Plane(offset, float(east), float(north), float(height), x_m, y_m, z_m)


def _before(frames: tuple[str, str], samples: Samples, usable: set[str]) -> Overlap:
    """An overlap, and whether it can be used."""
    blocks = len(samples.difference)
    reason = ""
    if poor := [name for name in frames if name not in usable]:
        reason = f"fewer than {MIN_STABLE_CELLS} stable cells in {' and '.join(poor)}"
    elif blocks < MIN_BLOCKS:
        reason = f"fewer than {MIN_BLOCKS} blocks of ground that both frames call stable"
    median = float(np.median(samples.difference)) if blocks else 0.0
    return Overlap(frames, samples.cells, blocks, median, spread(samples.difference), reason=reason)


def _after(overlap: Overlap, samples: Samples, planes: Mapping[str, np.ndarray]) -> Overlap:
    """The same with what levelling left."""
    if not len(samples.difference):
        return overlap
    rest = rest_of(samples, overlap.frames, planes)
    return replace(overlap, median_after=float(np.median(rest)), std_after=spread(rest))


def _level_of(
    name: str,
    frame: Frame,
    moments: Moments,
    found: Adjusted,
    overlaps: Mapping[tuple[str, str], Overlap],
    terms: Terms,
) -> Level:
    """A frame's plane about the middle of its core, or why it has none."""
    if name in found.planes:
        plane = _plane(terms, found.planes[name], *_centre(frame.core), moments.z_m)
        return Level(plane, found.errors[name], moments.cells, found.groups[name])
    if moments.cells < MIN_STABLE_CELLS:
        reason = f"fewer than {MIN_STABLE_CELLS} stable cells"
    elif any(name in key for key in overlaps):
        reason = "no overlap with enough stable ground"
    else:
        reason = "no overlap with another frame"
    return Level(Plane(), 0.0, moments.cells, found.groups[name], reason)

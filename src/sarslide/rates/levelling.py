"""Levelling: rates of neighbouring frames on one level (robust least squares on their overlaps).

Each frame takes its own offset, plane and height slope off its pairs, and its own reference area is
its zero; where two frames see the same ground their rates differ by such terms and by noise. One
set of terms a frame makes them agree, fitted to the differences on ground that both frames call
stable:

    rate_i - rate_j = plane_i - plane_j + noise,    levelled rate = rate - plane

The differences leave one plane of all frames together open. It is chosen so that what is taken off
has no constant, tilt and height slope over the stable ground of all cores. Where every frame has
taken off a least squares fit, the levelled rates are then those of one fit over the whole region.
"""

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from itertools import combinations
from typing import Any

import numpy as np

from sarslide.frames import Frame
from sarslide.grid import RegionGrid, common_part, part_of, window_of
from sarslide.io.blocks import strips

RATE, STABLE, HEIGHT = "los_rate_mm_per_yr", "stable_ground", "elevation_m"
M_PER_KM = 1000.0
UNIT_M = 50_000.0  # of the tilts in the adjustment, so that all coefficients are of one order
MAX_BLOCKS = 4000  # of an overlap; neighbouring cells share their noise
MIN_SIDE = 4  # cells of a block
ROWS_AT_ONCE = 256
MIN_BLOCKS = 30  # of an overlap
MIN_STABLE_CELLS = 200  # of a core, as many as a fit of a frame needs
OUTLIER_SIGMA = 3.0
ROUNDS = 5
# The median of an overlap after levelling beyond which the others contradict it.
MISFIT_SIGMA, MISFIT_MM_PER_YR = 5.0, 1.0
MIN_STD_MM_PER_YR = 1e-3  # the same differences in all blocks
# Root mean square, over a frame, of what levelling is expected to take off: it holds down what a
# narrow overlap leaves open, and weighs nothing beside an overlap that determines it.
EXPECTED_MM_PER_YR = 10.0

# frame, layer, rows, cols -> that window of a layer of the frame
Read = Callable[[str, str, slice, slice], np.ndarray]


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
class Levelling:
    """Levels of the frames of a stack.

    Attributes
    ----------
    levels : dict of str to Level
        By name of the frame.
    overlaps : tuple of Overlap
        Of all frames that share ground.
    """

    levels: dict[str, Level]
    overlaps: tuple[Overlap, ...] = ()

    def to_dict(self) -> dict[str, Any]:
        """JSON-ready; `planes_of` reads it."""
        return {
            "frames": {name: asdict(level) for name, level in self.levels.items()},
            "overlaps": [asdict(overlap) for overlap in self.overlaps],
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


@dataclass(frozen=True)
class _Terms:
    """Regressors of a plane about an origin common to all frames: `UNIT_M` across, km upwards."""

    tilt: bool
    height: bool
    x_m: float
    y_m: float
    z_m: float = 0.0

    @property
    def count(self) -> int:
        return 1 + 2 * self.tilt + self.height

    def design(self, x_m: np.ndarray, y_m: np.ndarray, z_m: np.ndarray) -> np.ndarray:
        """(n, terms) regressors of n places."""
        columns = [np.ones(len(x_m))]
        if self.tilt:
            columns += [(x_m - self.x_m) / UNIT_M, (y_m - self.y_m) / UNIT_M]
        if self.height:
            columns.append((z_m - self.z_m) / M_PER_KM)
        return np.stack(columns, axis=1)

    def plane(self, coefficients: np.ndarray, x_m: float, y_m: float, z_m: float) -> Plane:
        """The plane of coefficients about an origin of its own."""
        offset = float((self.design(*(np.array([value]) for value in (x_m, y_m, z_m))) @ coefficients)[0])
        east, north = coefficients[1:3] * (M_PER_KM / UNIT_M) if self.tilt else (0.0, 0.0)
        height = coefficients[-1] if self.height else 0.0
        return Plane(offset, float(east), float(north), float(height), x_m, y_m, z_m)


@dataclass(frozen=True)
class _Samples:
    """Blocks of an overlap: regressors, differences (mm/yr), weights, and stable cells.

    Where m frames see a block its m (m - 1) / 2 differences hold the noise of m rates: weighted
    with 2 / m they are the least squares of the rates about their mean.
    """

    design: np.ndarray
    difference: np.ndarray
    weight: np.ndarray
    cells: int


@dataclass(frozen=True)
class _Fit:
    """Blocks of an overlap that follow one plane, weights over their variance, scatter (mm/yr)."""

    design: np.ndarray
    difference: np.ndarray
    weight: np.ndarray
    std: float


@dataclass(frozen=True)
class _Adjusted:
    """Coefficients and standard error (mm/yr) of frames, groups of all, overlaps that were used."""

    planes: dict[str, np.ndarray]
    errors: dict[str, float]
    groups: dict[str, int]
    used: frozenset[tuple[str, str]]


@dataclass(frozen=True)
class _Moments:
    """Sums of the products of the regressors over the stable ground of a core."""

    products: np.ndarray
    cells: int
    z_m: float

    @property
    def mean(self) -> np.ndarray:
        return self.products / max(self.cells, 1)

    def about(self, z_m: float) -> "_Moments":
        """The same with heights, the last of the regressors, about `z_m`."""
        shift = np.eye(len(self.products))
        shift[-1, 0] = -z_m / M_PER_KM
        return replace(self, products=shift @ self.products @ shift.T)


def level(frames: Iterable[Frame], read: Read, tilt: bool = True, height: bool = True) -> Levelling:
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
    terms = _Terms(tilt, height, *centres.mean(axis=0))
    moments = {name: _moments(frame, read, terms) for name, frame in by_name.items()}
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
            samples[key] = _samples(first, second, part, grids, read, terms)
            overlaps[key] = _before(key, samples[key], usable)
    fits = {key: _belonging(samples[key]) for key, overlap in overlaps.items() if not overlap.reason}
    found = _consistent(list(by_name), fits, moments, terms)
    levels = {name: _level_of(name, frame, moments[name], found, overlaps, terms) for name, frame in by_name.items()}
    for key in set(fits) - found.used:
        overlaps[key] = replace(overlaps[key], reason="the other overlaps contradict it")
    after = (_after(overlaps[key], samples[key], found.planes) for key in overlaps)
    return Levelling(levels, tuple(after))


def _centre(grid: RegionGrid) -> tuple[float, float]:
    west, south, east, north = grid.bounds
    return (west + east) / 2, (south + north) / 2


def _heights(frame: str, rows: slice, cols: slice, read: Read, terms: _Terms) -> np.ndarray:
    """Heights of a window, m; zero where no term reads them."""
    if terms.height:
        return read(frame, HEIGHT, rows, cols).astype(float)
    return np.zeros((rows.stop - rows.start, cols.stop - cols.start))


def _moments(frame: Frame, read: Read, terms: _Terms) -> _Moments:
    """The stable ground of a core, strip by strip."""
    rows, cols = window_of(frame.grid, frame.core)
    products, cells, total = np.zeros((terms.count, terms.count)), 0, 0.0
    for strip in strips(frame.core.rows, ROWS_AT_ONCE):
        window = slice(rows.start + strip.start, rows.start + strip.stop)
        heights = _heights(frame.name, window, cols, read, terms)
        stable = _stable(read(frame.name, STABLE, window, cols)) & np.isfinite(heights)
        x, y = np.meshgrid(frame.core.x(), frame.core.y()[strip])
        design = terms.design(x[stable], y[stable], heights[stable])
        products += design.T @ design
        cells += len(design)
        total += float(heights[stable].sum())
    return _Moments(products, cells, total / max(cells, 1))


def _stable(layer: np.ndarray) -> np.ndarray:
    return (layer == 1) | (layer == 2)


def _samples(
    first: Frame, second: Frame, part: RegionGrid, grids: Iterable[RegionGrid], read: Read, terms: _Terms
) -> _Samples:
    """Block medians of the difference of two frames, of blocks at least half of which is stable."""
    side = max(MIN_SIDE, math.ceil(math.sqrt(part.rows * part.cols / MAX_BLOCKS)))
    found, cells = [], 0
    for strip in strips(part.rows, side * max(1, ROWS_AT_ONCE // side)):
        place = part_of(part, strip, slice(0, part.cols))
        difference, heights = _differences(first, second, place, read, terms)
        cells += int(np.isfinite(difference).sum())
        found.append(_block_medians(difference, heights, place, side))
    x, y, z, difference = np.concatenate(found, axis=1)
    seen = np.sum([_inside(grid, x, y) for grid in grids], axis=0)
    return _Samples(terms.design(x, y, z), difference, 2 / seen, cells)


def _inside(grid: RegionGrid, x_m: np.ndarray, y_m: np.ndarray) -> np.ndarray:
    west, south, east, north = grid.bounds
    return (west <= x_m) & (x_m <= east) & (south <= y_m) & (y_m <= north)


def _differences(
    first: Frame, second: Frame, place: RegionGrid, read: Read, terms: _Terms
) -> tuple[np.ndarray, np.ndarray]:
    """First minus second, NaN where one of them does not call the ground stable; heights, m."""
    windows = [(frame.name, *window_of(frame.grid, place)) for frame in (first, second)]
    (rate, stable), (other, too) = (
        (read(name, RATE, rows, cols), _stable(read(name, STABLE, rows, cols))) for name, rows, cols in windows
    )
    heights = _heights(*windows[0], read, terms)
    both = stable & too & np.isfinite(heights)
    return np.where(both, rate.astype(float) - other, np.nan), heights


def _block_medians(difference: np.ndarray, heights: np.ndarray, place: RegionGrid, side: int) -> np.ndarray:
    """Easting, northing, height (means of the stable cells) and median difference of each block."""
    x, y = np.meshgrid(place.x(), place.y())
    known = np.isfinite(difference)
    layers = (np.where(known, layer, np.nan) for layer in (x, y, heights, difference))
    cells = np.stack([_in_blocks(layer, side) for layer in layers])
    cells = cells[:, 2 * np.isfinite(cells[3]).sum(axis=1) >= side**2]
    return np.concatenate([np.nanmean(cells[:3], axis=2), np.nanmedian(cells[3:], axis=2)])


def _in_blocks(layer: np.ndarray, side: int) -> np.ndarray:
    """(blocks, cells) of a layer, filled up with NaN at its end."""
    rows, cols = (-(-size // side) for size in layer.shape)
    full = np.full((rows * side, cols * side), np.nan)
    full[: layer.shape[0], : layer.shape[1]] = layer
    return full.reshape(rows, side, cols, side).swapaxes(1, 2).reshape(rows * cols, side**2)


def _spread(values: np.ndarray) -> float:
    """1.4826 times the median absolute deviation from the median."""
    return 1.4826 * float(np.median(np.abs(values - np.median(values)))) if len(values) else 0.0


def _before(frames: tuple[str, str], samples: _Samples, usable: set[str]) -> Overlap:
    """An overlap, and whether it can be used."""
    blocks = len(samples.difference)
    reason = ""
    if poor := [name for name in frames if name not in usable]:
        reason = f"fewer than {MIN_STABLE_CELLS} stable cells in {' and '.join(poor)}"
    elif blocks < MIN_BLOCKS:
        reason = f"fewer than {MIN_BLOCKS} blocks of ground that both frames call stable"
    median = float(np.median(samples.difference)) if blocks else 0.0
    return Overlap(frames, samples.cells, blocks, median, _spread(samples.difference), reason=reason)


def _after(overlap: Overlap, samples: _Samples, planes: Mapping[str, np.ndarray]) -> Overlap:
    """The same with what levelling left."""
    if not len(samples.difference):
        return overlap
    rest = _rest(samples, overlap.frames, planes)
    return replace(overlap, median_after=float(np.median(rest)), std_after=_spread(rest))


def _rest(samples: "_Samples | _Fit", frames: tuple[str, str], planes: Mapping[str, np.ndarray]) -> np.ndarray:
    """Differences of an overlap after levelling, mm/yr."""
    first, second = (planes.get(name, np.zeros(samples.design.shape[1])) for name in frames)
    return samples.difference - samples.design @ (first - second)


def _groups(names: Sequence[str], used: Iterable[tuple[str, str]]) -> dict[str, int]:
    """Number of the group of each frame: frames that overlaps join."""
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components

    index = {name: number for number, name in enumerate(names)}
    links = [(index[first], index[second]) for first, second in used]
    rows, cols = zip(*links, strict=True) if links else ((), ())
    joined = coo_array((np.ones(len(links)), (rows, cols)), shape=(len(names), len(names)))
    return dict(zip(names, connected_components(joined, directed=False)[1].tolist(), strict=True))


def _belonging(samples: _Samples) -> _Fit:
    """Blocks of an overlap that follow one plane."""
    from scipy.optimize import least_squares

    design, difference = samples.design, samples.difference
    # From block to block, where a tilt changes little: an unwrapping error at one end of an
    # overlap, which would pull the tilt, must not make the scale its own.
    scale = max(_spread(np.diff(difference)) / math.sqrt(2), MIN_STD_MM_PER_YR)
    start = np.zeros(design.shape[1])
    start[0] = np.median(difference)
    start = least_squares(
        lambda plane: design @ plane - difference,
        start,
        jac=lambda plane: design,
        loss="soft_l1",
        f_scale=scale,
        x_scale="jac",
    ).x
    for _ in range(ROUNDS):
        residual = difference - design @ start
        scale = max(_spread(residual), MIN_STD_MM_PER_YR)
        keep = np.abs(residual - np.median(residual)) <= OUTLIER_SIGMA * scale
        start = np.linalg.lstsq(design[keep], difference[keep], rcond=None)[0]
    rest = difference[keep] - design[keep] @ start
    std = max(math.sqrt(float(rest @ rest) / max(len(rest) - design.shape[1], 1)), MIN_STD_MM_PER_YR)
    return _Fit(design[keep], difference[keep], samples.weight[keep] / std**2, std)


def _consistent(
    names: Sequence[str], fits: Mapping[tuple[str, str], _Fit], moments: Mapping[str, _Moments], terms: _Terms
) -> _Adjusted:
    """The adjustment without overlaps that all others contradict (an unwrapping error of a whole
    overlap), left out one by one, the worst first, as long as their frames stay joined.
    """
    used = dict(fits)
    while True:
        found = _adjusted(used, moments, _groups(names, used), terms)
        misfit = {
            key: abs(float(np.median(_rest(fit, key, found.planes)))) / max(MISFIT_SIGMA * fit.std, MISFIT_MM_PER_YR)
            for key, fit in used.items()
        }
        wrong = [key for key in used if misfit[key] > 1 and _groups(names, used.keys() - {key}) == found.groups]
        if not wrong:
            return found
        del used[max(wrong, key=misfit.__getitem__)]


def _adjusted(
    used: Mapping[tuple[str, str], _Fit], moments: Mapping[str, _Moments], groups: dict[str, int], terms: _Terms
) -> _Adjusted:
    """Coefficients and standard error of each frame that an overlap joins to another."""
    names = sorted({name for key in used for name in key})
    if not names:
        return _Adjusted({}, {}, groups, frozenset())
    place = {name: slice(k * terms.count, (k + 1) * terms.count) for k, name in enumerate(names)}
    normal, right = np.zeros((len(names) * terms.count,) * 2), np.zeros(len(names) * terms.count)
    for name in names:
        normal[place[name], place[name]] += moments[name].mean / EXPECTED_MM_PER_YR**2
    for (first, second), fit in used.items():
        weighted = fit.design * fit.weight[:, None]
        products, sums = fit.design.T @ weighted, weighted.T @ fit.difference
        a, b = place[first], place[second]
        normal[a, a] += products
        normal[b, b] += products
        normal[a, b] -= products
        normal[b, a] -= products
        right[a] += sums
        right[b] -= sums
    # A term without variation (flat ground) gets the minimum-norm answer.
    inverse = np.linalg.pinv(normal, rcond=1e-14, hermitian=True)
    gauge = _gauge(names, place, moments, groups)
    solution, covariance = gauge @ (inverse @ right), gauge @ inverse @ gauge.T
    errors = {
        name: math.sqrt(max(float(np.sum(covariance[place[name], place[name]] * moments[name].mean)), 0.0))
        for name in names
    }
    return _Adjusted({name: solution[place[name]] for name in names}, errors, groups, frozenset(used))


def _gauge(
    names: list[str], place: Mapping[str, slice], moments: Mapping[str, _Moments], groups: Mapping[str, int]
) -> np.ndarray:
    """Projection onto planes that sum to nothing over the stable ground of each group."""
    gauge = np.eye(sum(one.stop - one.start for one in place.values()))
    for group in {groups[name] for name in names}:
        members = [name for name in names if groups[name] == group]
        total = np.linalg.pinv(sum(moments[name].products for name in members), rcond=1e-14, hermitian=True)
        for name in members:
            share = total @ moments[name].products
            for other in members:
                gauge[place[other], place[name]] -= share
    return gauge


def _level_of(
    name: str,
    frame: Frame,
    moments: _Moments,
    found: _Adjusted,
    overlaps: Mapping[tuple[str, str], Overlap],
    terms: _Terms,
) -> Level:
    """A frame's plane about the middle of its core, or why it has none."""
    if name in found.planes:
        plane = terms.plane(found.planes[name], *_centre(frame.core), moments.z_m)
        return Level(plane, found.errors[name], moments.cells, found.groups[name])
    if moments.cells < MIN_STABLE_CELLS:
        reason = f"fewer than {MIN_STABLE_CELLS} stable cells"
    elif any(name in key for key in overlaps):
        reason = "no overlap with enough stable ground"
    else:
        reason = "no overlap with another frame"
    return Level(Plane(), 0.0, moments.cells, found.groups[name], reason)

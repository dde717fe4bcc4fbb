"""Terrain of a simulated mountain region: parallel gorges with flat, filled floors between steep,
dissected ridges.

Rivers cut the valleys by the stream-power law, in the implicit form of Braun and Willett (2013,
doi:10.1016/j.geomorph.2012.10.008): slope falls with drainage area, and hillslopes stand at a
threshold angle (Burbank et al. 1996, doi:10.1038/379505a0). The landscape is carved on a coarse
lattice first and then refined, so that the drainage network is dendritic at every scale.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy import ndimage

from sarslide.grid import RegionGrid, window_of

CONCAVITY = 0.45  # exponent m of slope ~ area^-m (n = 1), the usual reference concavity of mountain rivers
LEVELS = ((16, 80), (8, 40), (4, 20), (2, 8))  # (cells of the grid per carving cell, time steps), coarse to fine
NEIGHBOURS = tuple((dr, dc) for dr in (-1, 0, 1) for dc in (-1, 0, 1) if dr or dc)


@dataclass(frozen=True)
class TerrainSettings:
    """Numbers of a valley; the defaults are those of the Hengduan mountains.

    Attributes
    ----------
    floor_m : float
        Ellipsoidal height of the main valley floor, its median in the region, m.
    relief_m : float
        Highest minus lowest cell of the region, m.
    valley_azimuth_deg : float
        Direction of the main river, clockwise from north.
    gorge_spacing_m : float
        Distance between parallel rivers, m.
    floor_width_m : tuple[float, float]
        Range of widths of the flat, filled floor, m.
    threshold_slope_deg : tuple[float, float]
        Range of hillslope angles (rock strength varies), before heights are stretched to the
        relief.
    profile_exponent : float
        Below 1, slopes are steep at their foot and gentle above it: the troughs that glaciers leave
        instead of V-shaped gorges.
    """

    floor_m: float = 2900.0
    relief_m: float = 1500.0
    valley_azimuth_deg: float = 5.0
    gorge_spacing_m: float = 7400.0
    floor_width_m: tuple[float, float] = (500.0, 900.0)
    threshold_slope_deg: tuple[float, float] = (23.0, 38.0)
    profile_exponent: float = 1.0


@dataclass(frozen=True)
class Terrain:
    """The ground before anything moves.

    Attributes
    ----------
    elevation_m : (rows, cols) array of float32
        Ellipsoidal heights, m.
    floor, main_floor : (rows, cols) array of bool
        The flat valley floors, and that of the main river.
    river_distance_m : (rows, cols) array of float32
        Distance to the nearest river's centre line, m.
    """

    elevation_m: np.ndarray
    floor: np.ndarray
    main_floor: np.ndarray
    river_distance_m: np.ndarray


def valley_terrain(
    grid: RegionGrid, region: RegionGrid, settings: TerrainSettings, seed: np.random.SeedSequence
) -> Terrain:
    """Terrain on a grid, scaled to its relief inside the region.

    Parameters
    ----------
    grid : RegionGrid
        The grid of the arrays.
    region : RegionGrid
        The part of `grid` that is the region, on the same lattice.
    settings : TerrainSettings
        Its numbers.
    seed : SeedSequence
        Seed.

    Returns
    -------
    Terrain
        The ground.
    """
    rng = np.random.default_rng(seed)
    rivers = _Rivers(region, settings, rng)
    strength = noise(grid.shape, 2500.0 / grid.cell_m, rng)
    roughness = noise(grid.shape, 2200.0 / grid.cell_m, rng)

    heights = None
    for factor, steps in LEVELS:
        cell_m = grid.cell_m * factor
        rows, cols = -(-grid.rows // factor), -(-grid.cols // factor)
        x = grid.west + (np.arange(cols) + 0.5) * cell_m
        y = grid.north - (np.arange(rows) + 0.5) * cell_m
        distance, width, base = rivers.at(x, y)
        floor = distance <= width / 2
        if heights is None:
            heights = base + 0.05 * np.maximum(distance - width / 2, 0) + 120 * _resize(roughness, rows, cols)
        else:
            heights = ndimage.gaussian_filter(_resize(heights, rows, cols), 1.0, mode="nearest")
        low, high = np.tan(np.radians(settings.threshold_slope_deg))
        limit = low + (high - low) * np.clip(0.5 + 0.28 * _resize(strength, rows, cols), 0, 1)
        heights = _carve(np.where(floor, base, heights), floor, distance, limit, cell_m, steps)

    distance, width, base = rivers.at(grid.x(), grid.y())
    assert heights is not None
    heights = _warped(heights, grid, np.clip((distance - width / 2) / 600, 0, 1), rng)
    floor = distance <= width / 2
    heights = np.where(floor, base, np.maximum(heights, base)) + _bumps(grid, heights - base, rng) * ~floor
    # The whole relief is met by one vertical factor, so that the shape of the land stays.
    inside = window_of(grid, region)
    relative = _rounded_summits(heights, inside)
    if settings.profile_exponent != 1:
        relative = _trough(relative, settings.profile_exponent)
    elevation = settings.relief_m * relative / relative[inside].max() + _fill(distance, width, floor)
    elevation += settings.floor_m - np.median(elevation[inside][floor[inside]])
    return Terrain(
        elevation.astype(np.float32),
        floor,
        floor & (rivers.nearest(grid.x(), grid.y()) == 0),
        distance.astype(np.float32),
    )


def noise(shape: tuple[int, int], cells: float, rng: np.random.Generator, octaves: int = 4) -> np.ndarray:
    """Smooth random field of unit variance.

    Parameters
    ----------
    shape : tuple[int, int]
        Rows and columns.
    cells : float
        Longest wavelength, cells.
    rng : Generator
        Random numbers.
    octaves : int
        Number of wavelengths, each half as long and half as strong.

    Returns
    -------
    (rows, cols) array of float
        The field.
    """
    field = np.zeros(shape)
    for octave in range(octaves):
        period = cells / 2**octave
        rows, cols = (int(np.ceil(n / period)) + 4 for n in shape)
        coarse = rng.standard_normal((rows, cols))
        shift = rng.uniform(0, 1, 2)
        at = [np.arange(n) / period + 1 + s for n, s in zip(shape, shift, strict=True)]
        field += 0.5**octave * _sample(coarse, *at)
    return field / field.std()


class _Rivers:
    """A meandering main river (index 0) and its parallel neighbours, in coordinates along and
    across the valley.
    """

    def __init__(self, region: RegionGrid, settings: TerrainSettings, rng: np.random.Generator):
        west, south, east, north = region.bounds
        self.origin = (west + east) / 2, (south + north) / 2
        self.azimuth = np.radians(settings.valley_azimuth_deg)
        self.floor_m, self.width_m = settings.floor_m, settings.floor_width_m
        count = 4
        order = sorted(range(-count, count + 1), key=abs)
        self.offset = np.array([k * settings.gorge_spacing_m + (k != 0) * rng.uniform(-600, 600) for k in order])
        self.height = np.array([(k != 0) * rng.uniform(-60, 150) for k in order])
        self.waves = [
            [(rng.uniform(200, 420), rng.uniform(5000, 11000), rng.uniform(0, 2 * np.pi)) for _ in range(2)]
            + [(rng.uniform(60, 130), rng.uniform(1800, 3200), rng.uniform(0, 2 * np.pi))]
            for _ in order
        ]
        self.width_phase = rng.uniform(0, 2 * np.pi, (len(order), 2))
        self.gradient = 0.004

    def at(self, x: np.ndarray, y: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Distance to the nearest river, its floor width and its floor height, m, each (len(y),
        len(x)).
        """
        along, across = self._coordinates(x, y)
        index = self.nearest(x, y)
        distance = np.empty(along.shape)
        width, base = np.empty(along.shape), np.empty(along.shape)
        for k in range(len(self.offset)):
            here = index == k
            if not here.any():
                continue
            a = along[here]
            distance[here] = self._distance(k, a, across[here])
            p, q = self.width_phase[k]
            wave = 0.5 + 0.3 * np.sin(2 * np.pi * a / 4700 + p) + 0.2 * np.sin(2 * np.pi * a / 2100 + q)
            width[here] = self.width_m[0] + (self.width_m[1] - self.width_m[0]) * wave
            base[here] = self.floor_m + self.height[k] + self.gradient * a
        return distance, width, base

    def nearest(self, x: np.ndarray, y: np.ndarray) -> np.ndarray:
        """Index of the nearest river, (len(y), len(x))."""
        along, across = self._coordinates(x, y)
        return np.argmin([self._distance(k, along, across) for k in range(len(self.offset))], axis=0)

    def _coordinates(self, x: np.ndarray, y: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        east, north = x[None, :] - self.origin[0], y[:, None] - self.origin[1]
        s, c = np.sin(self.azimuth), np.cos(self.azimuth)
        return east * s + north * c, east * c - north * s

    def _distance(self, k: int, along: np.ndarray, across: np.ndarray) -> np.ndarray:
        """Distance to the tangent of the meandering line: exact enough for meanders this gentle."""
        line: Any = self.offset[k]
        slope: Any = 0.0
        for amplitude, wavelength, phase in self.waves[k]:
            argument = 2 * np.pi * along / wavelength + phase
            line = line + amplitude * np.sin(argument)
            slope = slope + amplitude * 2 * np.pi / wavelength * np.cos(argument)
        return np.abs(across - line) / np.sqrt(1 + slope**2)


def _carve(
    heights: np.ndarray, floor: np.ndarray, distance: np.ndarray, limit: np.ndarray, cell_m: float, steps: int
) -> np.ndarray:
    """Erode towards the steady state of uplift, stream power and threshold slopes; `floor` keeps
    its height.

    One time step lifts the land by 50 m. The ratio of uplift to erodibility sets a channel slope of
    0.32 where 1 km2 drains.
    """
    lift = 50.0
    steepness = 0.32 * 1e6**CONCAVITY
    z, fixed, tangent = heights.ravel().copy(), floor.ravel(), limit.ravel()
    shape, away = heights.shape, 1e-3 * distance
    for _ in range(steps):
        filled = without_pits(z.reshape(shape), floor, away)
        receiver, length = steepest(filled, cell_m)
        z = filled.ravel()
        receiver, length = receiver.ravel(), length.ravel()
        root = fixed | (receiver < 0)
        receiver[root] = np.flatnonzero(root)
        area = drainage(receiver, root) * cell_m**2
        erosion = lift / steepness * area**CONCAVITY / length
        raised = np.where(fixed, z, z + lift)
        weight = np.where(root, 0, erosion / (1 + erosion))
        z = _downstream(np.where(root, raised, raised / (1 + erosion)), weight, receiver)
        step = np.where(root, z, np.minimum(z - z[receiver], tangent * length))
        z = _downstream(step, np.where(root, 0.0, 1.0), receiver)
    return z.reshape(shape)


def without_pits(z: np.ndarray, floor: np.ndarray, away: np.ndarray) -> np.ndarray:
    """Depressions filled to their spill point; the fill dips towards the outlets.

    Parameters
    ----------
    z : (rows, cols) array of float
        Heights, m.
    floor : (rows, cols) array of bool
        Outlets, where water leaves: they keep their heights.
    away : (rows, cols) array of float
        Added to the fill, m; grows with the distance from the outlets.

    Returns
    -------
    (rows, cols) array of float
        Heights, m.
    """
    from skimage.morphology import reconstruction

    return reconstruction(np.where(floor, z, z.max()), z, method="erosion") + np.where(floor, 0, away)


def steepest(z: np.ndarray, cell_m: float) -> tuple[np.ndarray, np.ndarray]:
    """The steepest lower neighbour of each cell.

    Parameters
    ----------
    z : (rows, cols) array of float
        Heights, m.
    cell_m : float
        Side of a cell, m.

    Returns
    -------
    receiver, length : (rows, cols) array
        Flat index of the neighbour, -1 in a pit, and the distance to it, m.
    """
    rows, cols = z.shape
    padded = np.pad(z, 1, constant_values=np.inf)
    index = np.arange(z.size).reshape(z.shape)
    best, receiver, length = np.zeros(z.shape), np.full(z.shape, -1), np.full(z.shape, cell_m)
    for dr, dc in NEIGHBOURS:
        run = cell_m * np.hypot(dr, dc)
        fall = (z - padded[1 + dr : 1 + dr + rows, 1 + dc : 1 + dc + cols]) / run
        better = fall > best
        best[better], length[better] = fall[better], run
        receiver[better] = index[better] + dr * cols + dc
    return receiver, length


def drainage(receiver: np.ndarray, root: np.ndarray) -> np.ndarray:
    """How many cells drain through each, itself included, by doubling the length of the paths.

    Parameters
    ----------
    receiver : (cells,) array of int
        Flat index of the cell that each drains into; of an outlet its own.
    root : (cells,) array of bool
        Outlets.

    Returns
    -------
    (cells,) array of float
        Number of cells.
    """
    end = receiver.size
    jump = np.append(np.where(root, end, receiver), end)
    count = np.append(np.ones(end), 0.0)
    while (jump != end).any():
        count += np.bincount(jump, weights=count, minlength=end + 1)
        count[end] = 0
        jump = jump[jump]
    return count[:end]


def _downstream(add: np.ndarray, weight: np.ndarray, receiver: np.ndarray) -> np.ndarray:
    """Solve z = add + weight * z[receiver], weight 0 at the roots, by doubling the length of the
    paths.
    """
    add, weight, jump = add.copy(), weight.copy(), receiver
    while weight.any():
        add += weight * add[jump]
        weight *= weight[jump]
        jump = jump[jump]
    return add


def _warped(heights: np.ndarray, grid: RegionGrid, share: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Heights brought to `grid`, gently displaced where `share` is 1, so that no valley runs along
    the carving lattice.
    """
    rows, cols = np.mgrid[: grid.rows, : grid.cols].astype(float)
    for at in (rows, cols):
        bend = 150 * noise(grid.shape, 2400 / grid.cell_m, rng, 2) + 40 * noise(grid.shape, 700 / grid.cell_m, rng, 2)
        at += share * bend / grid.cell_m
    scale = [m / n for m, n in zip(heights.shape, grid.shape, strict=True)]
    at = [(rows + 0.5) * scale[0] - 0.5, (cols + 0.5) * scale[1] - 0.5]
    return ndimage.gaussian_filter(ndimage.map_coordinates(heights, at, order=3, mode="nearest"), 0.8, mode="nearest")


def _bumps(grid: RegionGrid, above: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Gullies, spurs and talus below the scale of the drainage network; nothing on the floors."""
    amplitude = np.clip(above / 250, 0, 1)
    return amplitude * (
        11 * noise(grid.shape, 600 / grid.cell_m, rng, 4) + 1.5 * noise(grid.shape, 150 / grid.cell_m, rng, 2)
    )


def _rounded_summits(heights: np.ndarray, inside: tuple[slice, slice]) -> np.ndarray:
    """Heights above the lowest cell as shares of the relief, the few highest peaks brought down to
    the common summit level.
    """
    lowest, summit = heights[inside].min(), np.quantile(heights[inside], 0.995)
    share = (heights - lowest) / (summit - lowest)
    return np.where(share > 0.85, 0.85 + 0.15 * np.tanh((share - 0.85) / 0.15), share)


def _trough(relative: np.ndarray, exponent: float) -> np.ndarray:
    """Shares of the relief raised to a power below 1; the offset keeps the foot of the walls from
    standing upright.
    """
    offset = 0.05
    low, high = offset**exponent, (1 + offset) ** exponent
    return ((np.maximum(relative, 0) + offset) ** exponent - low) / (high - low)


def _fill(distance: np.ndarray, width: np.ndarray, floor: np.ndarray) -> np.ndarray:
    """Sediment surface: terraces rising a few metres to the foot of the slopes, and the incised
    channel.
    """
    across = np.clip(distance / (width / 2), 0, 1)
    terrace = 8 * ndimage.gaussian_filter(np.round(2 * across) / 2, 1.0)
    channel = -5 * np.exp(-((distance / 35) ** 2))
    return np.where(floor, terrace + channel, 8.0)


def _resize(array: np.ndarray, rows: int, cols: int) -> np.ndarray:
    """Cubic resampling that keeps the outer edges in place, up or down."""
    at = [(np.arange(n) + 0.5) * m / n - 0.5 for n, m in zip((rows, cols), array.shape, strict=True)]
    return _sample(array, *at)


def _sample(array: np.ndarray, rows: np.ndarray, cols: np.ndarray) -> np.ndarray:
    """Cubic spline of `array` at the product of fractional `rows` and `cols`, one axis after the
    other.
    """
    from scipy.interpolate import make_interp_spline

    for axis, at in enumerate((rows, cols)):
        knots = np.arange(array.shape[axis])
        array = make_interp_spline(knots, array, axis=axis)(np.clip(at, 0, knots[-1]))
    return array

"""Tropospheric path delay of a simulated acquisition: turbulence, and a part that follows the
height.

Turbulence is an isotropic power-law field (Hanssen 2001, doi:10.1007/0-306-47633-9, ch. 4.7): the
spectrum of a profile through it falls as f^(-8/3), its two-dimensional power density as f^(-11/3),
and its structure function grows as

    D(r) = E[(delay(x + r) - delay(x))^2] = rms^2 (r / 5 km)^(5/3),    rms = 5 mm by default.

Of Hanssen's three regimes this is the middle one, kept at all distances: further apart, beyond the
depth of the turbulent layer, real delay grows more slowly. The field is fractional Brownian motion
of Hurst exponent 5/6. It is drawn exactly, at all distances, by the intrinsic circulant embedding
of Stein (2002, doi:10.1198/106186002466): nothing is periodic and no long wave is missing.
"""

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from scipy import fft, ndimage

from sarsim.scattering import WARMEST_DAY, annual, latitude_deg
from sarsim.terrain import noise
from sarslide.grid import RegionGrid
from sarslide.names import check_stack, parse_date

EXPONENT = 5 / 3  # of the structure function
SCALE_M = 5000.0  # distance at which `turbulence_mm` is defined
POINTS = 256  # turbulence is drawn at so many points along the diagonal of the grid, at least a cell apart
VAPOUR_SCALE_M = 2000.0  # scale height of water vapour
LATERAL, LATERAL_M = 0.15, 8000.0  # relative variation of the moisture across a region, and its longest wavelength
RESIDUE = 1  # key of the residue among the draws of the atmosphere
ATMOSPHERE = 2  # key of this part of the simulation among those that share the seed


def path_delay_mm(
    grid: RegionGrid,
    elevation_m: np.ndarray,
    seed: int,
    stack: str,
    date: str,
    turbulence_mm: float = 5.0,
    stratified_mm_per_km: float = 10.0,
    season_mm_per_km: float = 0.0,
) -> np.ndarray:
    """Line-of-sight delay of one acquisition.

    Any date can be drawn on its own: the delay depends on seed, stack, date and grid only.

    Parameters
    ----------
    grid : RegionGrid
        The grid of the arrays.
    elevation_m : (rows, cols) array of float
        Ellipsoidal heights on `grid`, m.
    seed : int
        Seed of the world.
    stack : str
        Name of the stack, `A128` for an ascending, `D062` for a descending relative orbit.
    date : str
        Day of the pass, YYYYMMDD.
    turbulence_mm : float
        Rms difference between points 5 km apart, mm; that part has zero mean over the grid.
    stratified_mm_per_km : float
        Standard deviation, over dates, of the coefficient of height, mm/km.
    season_mm_per_km : float
        Amplitude of an annual cosine in that coefficient, mm/km: moist summer air adds less delay
        the higher the ground, so that rates of less than a year follow the height (Doin et al.
        2009, doi:10.1016/j.jappgeo.2009.03.010). It is lowest on `scattering.WARMEST_DAY`.

    Returns
    -------
    (rows, cols) array of float32
        mm; positive = longer path (phase away).
    """
    delay = PathDelay(grid, elevation_m, seed, stack, date, turbulence_mm, stratified_mm_per_km, season_mm_per_km)
    return delay.on(slice(0, grid.rows), slice(0, grid.cols))


class PathDelay:
    """Line-of-sight delay of one acquisition, evaluated where it is needed.

    Parameters
    ----------
    grid, elevation_m, seed, stack, date, turbulence_mm, stratified_mm_per_km, season_mm_per_km
        As of `path_delay_mm`.
    """

    def __init__(
        self,
        grid: RegionGrid,
        elevation_m: np.ndarray,
        seed: int,
        stack: str,
        date: str,
        turbulence_mm: float = 5.0,
        stratified_mm_per_km: float = 10.0,
        season_mm_per_km: float = 0.0,
    ):
        check_stack(stack)
        parse_date(date)
        rng = np.random.default_rng(
            np.random.SeedSequence([seed, ATMOSPHERE, ord(stack[0]), int(stack[1:]), int(date)])
        )
        self._elevation_m = elevation_m
        self._coefficient = rng.normal(0, stratified_mm_per_km)
        if season_mm_per_km:
            self._coefficient -= season_mm_per_km * annual(date, WARMEST_DAY, latitude_deg(grid))
        self._turbulence = draw_turbulence(grid, rng, turbulence_mm)

    def on(self, rows: slice, cols: slice) -> np.ndarray:
        """The delay on a window of the grid.

        Parameters
        ----------
        rows, cols : slice
            The window, with start and stop.

        Returns
        -------
        array of float32
            mm; positive = longer path (phase away).
        """
        stratified = self._coefficient * self._elevation_m[rows, cols] / 1000
        return (self._turbulence.on(rows, cols) + stratified).astype(np.float32)


def residue_shape(grid: RegionGrid, elevation_m: np.ndarray, seed: int) -> np.ndarray:
    """What a line in height and a plane leave of a stratified delay.

    Water vapour thins out exponentially with height, and one side of a range is moister than the
    other: no single line in height removes the delay of a whole region (Bekaert et al. 2015,
    doi:10.1002/2014JB011558).

    Parameters
    ----------
    grid : RegionGrid
        The grid of the arrays.
    elevation_m : (rows, cols) array of float
        Ellipsoidal heights on `grid`, m.
    seed : int
        Seed of the world.

    Returns
    -------
    (rows, cols) array of float32
        Zero mean and unit variance on `grid`.
    """
    rng = np.random.default_rng(np.random.SeedSequence([seed, ATMOSPHERE, RESIDUE]))
    moist = 1 + LATERAL * noise(grid.shape, LATERAL_M / grid.cell_m, rng, 2)
    vapour = moist * np.exp(-(elevation_m - elevation_m.min()) / VAPOUR_SCALE_M)
    rows, cols = np.indices(grid.shape)
    removed = [np.ones(grid.shape), elevation_m - elevation_m.mean(), rows - rows.mean(), cols - cols.mean()]
    terms = np.stack([term.ravel() for term in removed], axis=1)
    fitted, *_ = np.linalg.lstsq(terms, vapour.ravel(), rcond=None)
    rest = vapour - (terms @ fitted).reshape(grid.shape)
    return (rest / rest.std()).astype(np.float32)


def residue_mm(seed: int, stack: str, date: str, rms_mm: float) -> float:
    """Coefficient of `residue_shape` on one date.

    Parameters
    ----------
    seed : int
        Seed of the world.
    stack : str
        Name of the stack, `A128` for an ascending, `D062` for a descending relative orbit.
    date : str
        Day of the pass, YYYYMMDD.
    rms_mm : float
        Standard deviation over dates, mm.

    Returns
    -------
    float
        mm, normal; positive = longer path.
    """
    key = [seed, ATMOSPHERE, ord(stack[0]), int(stack[1:]), int(date), RESIDUE]
    return float(np.random.default_rng(np.random.SeedSequence(key)).normal(0, rms_mm))


def turbulent_delay_mm(grid: RegionGrid, rng: np.random.Generator, rms_mm: float, points: int = POINTS) -> np.ndarray:
    """One draw of the turbulent delay.

    Parameters
    ----------
    grid : RegionGrid
        The grid of the arrays.
    rng : Generator
        Random numbers.
    rms_mm : float
        Rms difference between points 5 km apart, mm.
    points : int
        Drawn along the diagonal, at least a cell apart; the field is smooth between them.

    Returns
    -------
    (rows, cols) array of float
        mm, zero mean.
    """
    return draw_turbulence(grid, rng, rms_mm, points).on(slice(0, grid.rows), slice(0, grid.cols))


@dataclass(frozen=True)
class Turbulence:
    """A draw of the turbulent delay, evaluated where it is needed.

    Attributes
    ----------
    field : (n, m) array of float
        At the drawn points, mm.
    every : int
        Cells from one point to the next.
    mean_mm : float
        Mean over the cells of the grid.
    """

    field: np.ndarray
    every: int
    mean_mm: float

    def on(self, rows: slice, cols: slice) -> np.ndarray:
        """The delay on a window of the grid.

        Parameters
        ----------
        rows, cols : slice
            The window, with start and stop.

        Returns
        -------
        array of float
            mm; its mean over the grid is zero.
        """
        if self.every == 1:
            return self.field[rows, cols] - self.mean_mm
        along = (np.arange(part.start, part.stop) / self.every for part in (rows, cols))
        at = np.meshgrid(*along, indexing="ij")
        return ndimage.map_coordinates(self.field, at, order=3, mode="nearest") - self.mean_mm


def draw_turbulence(grid: RegionGrid, rng: np.random.Generator, rms_mm: float, points: int = POINTS) -> Turbulence:
    """A draw of the turbulent delay of a grid.

    Parameters
    ----------
    grid, rng, rms_mm, points
        As of `turbulent_delay_mm`.

    Returns
    -------
    Turbulence
        The draw.
    """
    diagonal = grid.cell_m * np.hypot(grid.rows - 1, grid.cols - 1)
    every = max(1, int(diagonal / points / grid.cell_m))
    rows, cols = ((n - 1) // every + 3 for n in grid.shape)
    step_m = every * grid.cell_m
    longest = step_m * np.hypot(rows - 1, cols - 1)
    # The unit field has D(r) = 2 r^(5/3) with r in units of the longest distance.
    field = _unit_field(rows, cols, rng) * rms_mm / np.sqrt(2) * (longest / SCALE_M) ** (EXPONENT / 2)
    if every == 1:
        return Turbulence(field, every, float(field[: grid.rows, : grid.cols].mean()))
    down, across = (_mean_weights(size, every, n) for size, n in zip(grid.shape, (rows, cols), strict=True))
    return Turbulence(field, every, float(down @ field @ across))


@lru_cache(maxsize=4)
def _mean_weights(size: int, every: int, points: int) -> np.ndarray:
    """Weights (points,) of drawn points in the mean over the cells of one axis: interpolation by
    splines is linear in the points, and separable.
    """
    at = np.meshgrid(np.arange(size) / every, np.arange(points), indexing="ij")
    return ndimage.map_coordinates(np.eye(points), at, order=3, mode="nearest").mean(0)


def _unit_field(rows: int, cols: int, rng: np.random.Generator) -> np.ndarray:
    """Fractional Brownian surface with D(r) = 2 r^(5/3), r in units of the diagonal of (rows, cols)
    points.
    """
    root, slope = _embedding(rows, cols)
    stationary = fft.irfft2(fft.rfft2(rng.standard_normal(root[1])) * root[0], s=root[1])[:rows, :cols]
    diagonal = np.hypot(rows - 1, cols - 1)
    tilt = slope * rng.standard_normal(2) / diagonal
    return stationary + tilt[0] * np.arange(rows)[:, None] + tilt[1] * np.arange(cols)


@lru_cache(maxsize=4)
def _embedding(rows: int, cols: int) -> tuple[tuple[np.ndarray, tuple[int, int]], float]:
    """Square root of the spectrum of Stein's periodic covariance and its shape; standard deviation
    of the random tilt.

    For distances up to 1 the covariance is c0 - r^a + c2 r^2; the tilt, a random plane, gives the
    c2 r^2 back.
    """
    reach, a = 2.0, EXPONENT
    beta = a * (2 - a) / (3 * reach * (reach**2 - 1))
    c2 = (a - beta * (reach - 1) ** 2 * (reach + 2)) / 2
    c0 = beta * (reach - 1) ** 3 + 1 - c2
    diagonal = np.hypot(rows - 1, cols - 1)
    period = fft.next_fast_len(int(np.ceil(2 * reach * diagonal)), real=True)
    lag = np.minimum(np.arange(period), period - np.arange(period)) / diagonal
    r = np.hypot(lag[:, None], lag[None, :])
    near = c0 - r**a + c2 * r**2
    far = beta * np.clip(reach - r, 0, None) ** 3 / np.maximum(r, 1)
    spectrum = fft.rfft2(np.where(r <= 1, near, far)).real
    return (np.sqrt(np.clip(spectrum, 0, None)), (period, period)), float(np.sqrt(2 * c2))

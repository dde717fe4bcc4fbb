"""Speckle of the dates of a stack at product level: every cell as a few sub-looks, date by date.

Of `scattering.ScatteringSettings`, towns are simplified: a settlement has the coherence of its
points and gardens together and the height of its building, but stays speckle.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from sarsim import annotation, landcover
from sarsim.acquisition import WAVELENGTH
from sarsim.atmosphere import PathDelay, path_delay_mm, residue_mm, residue_shape
from sarsim.cell_samples import Places, cell_looks, flat_looks, neighbour_correlation, stated_looks, strain
from sarsim.landcover import TOWN
from sarsim.product_settings import ProductSettings
from sarsim.scattering import SEASONAL_SNOW, ScatteringSettings, cover_on, latitude_deg, snow_line_m
from sarsim.terrain import noise
from sarsim.track_view import HEADING_DEG, RANGE_M, TrackView, gamma_nought_db
from sarsim.world import World, true_los_rate
from sarslide.constants import DAYS_PER_YEAR
from sarslide.grid import RegionGrid
from sarslide.names import days_between

SLANT_RESOLUTION_M = 3.1
SUBLOOKS = 12  # samples drawn for each cell; their weights give it its number of independent looks
NOISE_FLOOR_DB = -24.0  # noise-equivalent backscatter; sigma nought where samples lie apart
Shared = tuple[int, int, int]  # axis, sub-look of a cell, the same one in the next cell along the axis
TO_PHASE = 4 * np.pi / WAVELENGTH  # rad for each m of path


@dataclass(frozen=True)
class DateSamples:
    """One acquisition.

    Attributes
    ----------
    date : str
        Its date.
    samples : (SUBLOOKS, rows, cols) array of complex64
        With `ProductSettings.cells`: with the phase of the ground, and a power in units of the
        noise, so that the product of a pair is sum(earlier x conj(later)) over the first axis. Else
        speckle of unit power, without phase.
    power : (rows, cols) array of float32
        Of the cells.
    path_mm : (rows, cols) array of float32
        Delay less motion towards the satellite, at the cells' centres.
    baseline_m : float
        Of its orbit, perpendicular.
    """

    date: str
    samples: np.ndarray
    power: np.ndarray
    path_mm: np.ndarray
    baseline_m: float


class Speckle:
    """What stays the same over the dates of a stack, and the part of the speckle that fades.

    Parameters
    ----------
    world : World
        The simulated region.
    seen : TrackView
        How the track sees it.
    settings : ProductSettings
        Noise.
    seed : int
        Of the delays.
    rng : Generator
        Random numbers of what stays.
    """

    def __init__(self, world: World, seen: TrackView, settings: ProductSettings, seed: int, rng: np.random.Generator):
        self.world, self.seen, self.settings, self.seed = world, seen, settings, seed
        self.shape = world.region.shape
        self.elevation = world.elevation_m[world.window]
        self.velocity = world.velocity_mm_per_yr[:, *world.window]
        self.los_rate = true_los_rate(self.velocity, seen.los_east, seen.los_north, seen.los_up)
        self.body = world.body[world.window]
        self.dem_error = settings.dem_error_m * noise(self.shape, 300 / world.grid.cell_m, rng)

        local = np.radians(np.clip(seen.local_incidence_deg, 3, 87))
        incidence = np.radians(seen.incidence_deg)
        # Range cells on the ground grow where the slope faces the satellite: fewer looks in a cell
        # of the map.
        looks = settings.looks * np.sin(local) / (np.cos(incidence - local) * np.sin(incidence))
        self.weights = _sublook_weights(cell_looks(world.region, seen) if settings.cells else looks)
        shared = shared_sublooks(world.region, seen.stack) if settings.cells else ()
        self.critical_m = WAVELENGTH * RANGE_M * np.tan(local) / (2 * SLANT_RESOLUTION_M)

        self.cover = cover = world.land_cover[world.window]
        self.scattering = settings.scattering or ScatteringSettings()
        snr = np.where(seen.layover_shadow >= 2, 0, self._signal_to_noise(local, incidence))
        if self.scattering.towns:
            town = cover == landcover.SETTLEMENT
            self.dem_error = self.dem_error + np.where(town, rng.uniform(0, TOWN.height_m, self.shape), 0)
        self.places: Places | None = None
        if settings.cells:
            north, east = np.gradient(world.elevation_m, -world.grid.cell_m, world.grid.cell_m)
            heading = np.radians(HEADING_DEG[seen.stack[0]])
            along = (north * np.cos(heading) + east * np.sin(heading))[world.window]
            self.places = Places(world.region, seen, SUBLOOKS, along, settings.cells, rng)
            cover, snr = self.places.at_place(cover), self.places.around(snr, rng)
        signal = snr / (1 + snr) * np.clip(settings.coherence, 0, 1)
        signal[cover == landcover.FOREST] *= settings.forest_coherence
        signal *= np.where(seen.layover_shadow == 1, 0.5, 1)
        self.ground = _Scatterers(cover, signal, self.scattering, shared, rng)
        self.amplitude = np.sqrt(self.weights * (1 + snr))
        self.snow: _Scatterers | None = None
        if self.scattering.snow_drop_m:
            snow = np.full(cover.shape, SEASONAL_SNOW, np.uint8)
            self.snow, self.latitude = (
                _Scatterers(snow, signal, self.scattering, shared, rng),
                latitude_deg(world.region),
            )
        self.residue = (
            residue_shape(world.region, self.elevation, world.seed) if settings.stratified_residue_mm else None
        )

    def acquire(self, first: str, date: str, baseline_m: float, rng: np.random.Generator) -> DateSamples:
        """The next date.

        Parameters
        ----------
        first, date : str
            Date from which motion counts, and this one, YYYYMMDD.
        baseline_m : float
            Of its orbit.
        rng : Generator
            Random numbers of this date.

        Returns
        -------
        DateSamples
            The acquisition.
        """
        samples = self.ground.on(date, rng)
        if self.snow:
            line = snow_line_m(date, self.latitude, self.world.snowline_m, self.scattering.snow_drop_m)
            snowed = cover_on(self.cover, self.elevation, line) == SEASONAL_SNOW
            samples = np.where(snowed, self.snow.on(date, rng), samples)
        years = days_between(first, date) / DAYS_PER_YEAR
        course = self.world.mean_course(first, date).astype(np.float32)[self.body]
        path_mm = self._delay(date) - self.los_rate * years * course
        if self.places:
            samples = self._turned(self.places, samples, path_mm, baseline_m, years * course)
        return DateSamples(date, samples, self.power(samples), path_mm, baseline_m)

    @property
    def stated_looks(self) -> float:
        """Looks of a cell that the chain reckons with."""
        return stated_looks(self.world.region, self.seen.stack) if self.settings.cells else self.settings.looks

    def height_phase(self, baseline_m: float) -> np.ndarray:
        """Phase of the DEM's error: ground higher than the DEM lies closer to a higher orbit.

        Parameters
        ----------
        baseline_m : float
            Perpendicular, m.

        Returns
        -------
        (rows, cols) array of float
            rad.
        """
        return -TO_PHASE * baseline_m * self.dem_error / (RANGE_M * np.sin(np.radians(self.seen.incidence_deg)))

    def power(self, samples: np.ndarray) -> np.ndarray:
        """Power of the cells.

        Parameters
        ----------
        samples : (SUBLOOKS, rows, cols) array of complex64
            As of `DateSamples`.

        Returns
        -------
        (rows, cols) array of float32
            Sum over the sub-looks.
        """
        square = samples.real**2 + samples.imag**2
        return square.sum(0) if self.places else np.einsum("krc,krc->rc", self.weights, square)

    def _turned(
        self, places: Places, samples: np.ndarray, path_mm: np.ndarray, baseline_m: float, years: np.ndarray
    ) -> np.ndarray:
        """Samples with their weights and the phase of their places."""
        phase = TO_PHASE / 1000 * path_mm + self.height_phase(baseline_m)
        moved = strain(self.velocity[0] * years, self.velocity[1] * years, self.world.grid.cell_m)
        broken = TO_PHASE * moved * places.block_m / np.sqrt(12)
        shift = TO_PHASE * baseline_m / RANGE_M
        bright = (self.amplitude * samples).astype(np.complex64)
        return places.turn(bright, phase.astype(np.float32), shift, broken.astype(np.float32))

    def _signal_to_noise(self, local: np.ndarray, incidence: np.ndarray) -> np.ndarray:
        """Power of the ground in a range cell over that of the noise; angles in rad."""
        snr = 10 ** ((gamma_nought_db(self.world, self.scattering) - NOISE_FLOOR_DB) / 10) / np.tan(local)
        if self.settings.cells:  # noise is stated as sigma nought
            snr *= np.sin(incidence)
        if self.scattering.measured_noise:
            snr *= annotation.NOISE_SIGMA_NOUGHT / annotation.MEASURED_NOISE
        return snr

    def _delay(self, date: str) -> np.ndarray:
        settings, world, stack = self.settings, self.world, self.seen.stack
        delays = settings.turbulence_mm, settings.stratified_mm_per_km, self.scattering.season_mm_per_km
        if settings.cells:  # the field that SAFE products of this world and date have
            delay = PathDelay(world.grid, world.elevation_m, self.seed, stack, date, *delays).on(*world.window)
        else:
            delay = path_delay_mm(world.region, self.elevation, self.seed, stack, date, *delays)
        if self.residue is not None:
            delay += residue_mm(self.seed, stack, date, settings.stratified_residue_mm) * self.residue
        return delay


class _Scatterers:
    """Speckle of one map of land cover; its fading part goes on from date to date.

    Maps are (rows, cols), or (SUBLOOKS, rows, cols) where sub-looks have places of their own.
    """

    def __init__(
        self,
        cover: np.ndarray,
        signal: np.ndarray,
        scattering: ScatteringSettings,
        shared: Sequence[Shared],
        rng: np.random.Generator,
    ):
        self.shared = shared
        rho_inf, rho_0 = (scattering.table(name)[cover] for name in ("rho_inf", "rho_0"))
        if scattering.towns:
            town = cover == landcover.SETTLEMENT
            for rho in (rho_inf, rho_0):
                rho[town] = TOWN.power * TOWN.lasting + (1 - TOWN.power) * rho[town]
        self.lasting, self.fading = np.sqrt(signal * rho_inf), np.sqrt(signal * (rho_0 - rho_inf))
        self.rest = np.sqrt(1 - signal * rho_0)
        self.tau = np.maximum(scattering.table("tau_days")[cover], 1e-3)
        self.turning = scattering.fading_rad_per_day[cover]
        self.forever = draw(rng, cover.shape[-2:], shared)
        self.memory: tuple[str, np.ndarray] | None = None

    def on(self, date: str, rng: np.random.Generator) -> np.ndarray:
        """Samples (SUBLOOKS, rows, cols) of the next date, of unit power."""
        shape, shared = self.tau.shape[-2:], self.shared
        if self.memory is None:
            fading = draw(rng, shape, shared)
        else:
            before, fading = self.memory
            days = days_between(before, date)
            kept = np.exp(-days / self.tau).astype(np.float32)
            if self.turning.any():
                fading = fading * np.exp(1j * self.turning * days)
            fading = kept * fading + np.sqrt(1 - kept**2) * draw(rng, shape, shared)
        self.memory = date, fading
        return self.lasting * self.forever + self.fading * fading + self.rest * draw(rng, shape, shared)


def draw(rng: np.random.Generator, shape: tuple[int, int], shared: Sequence[Shared] = ()) -> np.ndarray:
    """Circular Gaussian samples of unit power.

    Parameters
    ----------
    rng : Generator
        Random numbers.
    shape : tuple of int
        Rows and columns.
    shared : sequence of Shared
        Sub-looks that neighbours have in common.

    Returns
    -------
    (SUBLOOKS, rows, cols) array of complex64
        Samples.
    """
    parts = rng.standard_normal((SUBLOOKS, *shape, 2), dtype=np.float32) * np.float32(np.sqrt(0.5))
    samples = parts.view(np.complex64)[..., 0]
    for axis, here, there in shared:
        np.moveaxis(samples[there], axis, 0)[1:] = np.moveaxis(samples[here], axis, 0)[:-1]
    return samples


def shared_sublooks(region: RegionGrid, stack: str) -> list[Shared]:
    """Sub-looks that neighbours have in common: products of neighbours are correlated.

    Two of weights v and w correlate the products of flat neighbours by v w over the sum of all
    squared weights. Of such couples those are taken that do not exceed `neighbour_correlation`.
    What cells farther apart share is left out.

    Parameters
    ----------
    region : RegionGrid
        Grid of the cells.
    stack : str
        Name of the stack.

    Returns
    -------
    list of Shared
        Couples.
    """
    weights = _sublook_weights(np.array([[flat_looks(region, stack)]]))[:, 0, 0]
    missing, found = list(neighbour_correlation(region, stack)), []
    for here in range(0, SUBLOOKS, 2):
        gives = float(weights[here] * weights[here + 1] / (weights**2).sum())
        axis = int(np.argmax(missing))
        if gives <= 1.05 * missing[axis]:
            missing[axis] -= gives
            found.append((axis, here, here + 1))
    return found


def _sublook_weights(looks: np.ndarray) -> np.ndarray:
    """Weights (SUBLOOKS, rows, cols), sum 1, for which the weighted mean of so many samples has
    `looks` independent looks.

    Weights fall as q^k; (sum w)^2 / sum w^2 grows with q from 1 to SUBLOOKS, so q is read from a
    table.
    """
    k = np.arange(SUBLOOKS)
    q = np.linspace(0.05, 1, 400)
    series = q[:, None] ** k
    table = series.sum(1) ** 2 / (series**2).sum(1)
    weights = np.interp(looks, table, q)[None].astype(np.float32) ** k[:, None, None]
    return (weights / weights.sum(0)).astype(np.float32)

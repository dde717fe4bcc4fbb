"""Whole stacks of pairs from a world, without SLCs: the fast mode of the simulator, for training
and for tests of rates.

Speckle is drawn date by date, as the sub-looks of every cell, and pairs are formed from the dates
as in the real chain. So the noise of pairs that share a date is correlated, phases do not close
exactly, and coherence is biased, as in real stacks. What is simplified is the geometry: one
heading, incidence that grows linearly across the region, layover and shadow along one line of
sight.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from sarsim import landcover
from sarsim.acquisition import WAVELENGTH
from sarsim.atmosphere import path_delay_mm, residue_mm, residue_shape
from sarsim.geometry import visibility
from sarsim.terrain import noise
from sarsim.world import World, true_los_rate
from sarslide.catalog.repeat_orbit import BASELINE_SIGMA, INCIDENCE_DEG
from sarslide.constants import DAYS_PER_YEAR
from sarslide.errors import StackError
from sarslide.insar.native.interferogram import PairSums, form_pair
from sarslide.names import check_stack, days_between, split_pair

HEADING_DEG = {"A": 347.4, "D": 192.6}
RANGE_M = 850e3  # slant range in the middle of the swath
SLANT_RESOLUTION_M = 3.1
SUBLOOKS = 12  # samples drawn for each cell; their weights give it its number of independent looks
NOISE_FLOOR_DB = -24.0  # noise-equivalent backscatter
PRODUCTS = 3  # key of this part of the simulation among those that share the seed


@dataclass(frozen=True)
class ProductSettings:
    """Noise of a stack and processing of its pairs.

    Attributes
    ----------
    looks : float
        Independent looks of a flat 30 m cell.
    coherence : float
        Factor on the temporal coherence of all land cover.
    turbulence_mm, stratified_mm_per_km : float
        As in `atmosphere.path_delay_mm`.
    baseline_sigma_m : float
        Scatter of the orbits, m.
    dem_error_m : float
        Standard deviation, m.
    unwrapping_errors : float
        Mean number of wrong patches a pair.
    coherence_window, goldstein_alpha, goldstein_window : int, float, int
        As in the chain.
    forest_coherence : float
        A further factor under forest.
    stratified_residue_mm : float
        Standard deviation, over dates and region, of the delay that follows the height but is not
        linear in it, mm.
    """

    looks: float = 8.7
    coherence: float = 1.0
    turbulence_mm: float = 5.0
    stratified_mm_per_km: float = 10.0
    baseline_sigma_m: float = BASELINE_SIGMA["perpendicular"]
    dem_error_m: float = 2.0
    unwrapping_errors: float = 0.2
    coherence_window: int = 3
    goldstein_alpha: float = 0.5
    goldstein_window: int = 16
    forest_coherence: float = 1.0
    stratified_residue_mm: float = 0.0


@dataclass(frozen=True)
class TrackView:
    """How a track sees the region; arrays are (rows, cols).

    Attributes
    ----------
    stack : str
        Name of the stack, `A128` for an ascending, `D062` for a descending relative orbit.
    incidence_deg : ndarray
        From the vertical, degree.
    los_east, los_north, los_up : ndarray
        Unit vector from the ground to the satellite.
    layover_shadow : ndarray
        uint8, as the layer.
    local_incidence_deg : ndarray
        From the slope's normal, in the plane of range, degree; negative where the slope overtakes
        the wave front.
    """

    stack: str
    incidence_deg: np.ndarray
    los_east: np.ndarray
    los_north: np.ndarray
    los_up: np.ndarray
    layover_shadow: np.ndarray
    local_incidence_deg: np.ndarray


@dataclass(frozen=True)
class SimulatedPair:
    """One pair: float32 (rows, cols), phases positive away from the satellite, rad.

    Attributes
    ----------
    pair : str
        Its name.
    unfiltered_rad, filtered_rad : ndarray
        Wrapped.
    coherence : ndarray
        0 to 1, bias-corrected.
    unwrapped_rad : ndarray
        With errors.
    true_rad : ndarray
        Without noise.
    bperp_m : float
        Orbit of the later minus orbit of the earlier date, m.
    """

    pair: str
    unfiltered_rad: np.ndarray
    filtered_rad: np.ndarray
    coherence: np.ndarray
    unwrapped_rad: np.ndarray
    true_rad: np.ndarray
    bperp_m: float


def view(world: World, stack: str) -> TrackView:
    """The geometry of a track over the world's region.

    Parameters
    ----------
    world : World
        The simulated region.
    stack : str
        Name of the stack, `A128` for an ascending, `D062` for a descending relative orbit.

    Returns
    -------
    TrackView
        The geometry.
    """
    check_stack(stack)
    look = np.radians(HEADING_DEG[stack[0]] + 90)
    to_range = np.array([np.sin(look), np.cos(look)])  # horizontal, away from the satellite
    x, y = world.region.x(), world.region.y()
    ground_range = (x - x.mean())[None, :] * to_range[0] + (y - y.mean())[:, None] * to_range[1]
    middle = np.radians(INCIDENCE_DEG[stack[0]])
    incidence = middle + ground_range * np.cos(middle) / RANGE_M
    los = np.array([-np.sin(middle) * to_range[0], -np.sin(middle) * to_range[1], np.cos(middle)])
    shadow, layover = visibility(world.elevation_m, world.grid.cell_m, los)
    north, east = np.gradient(world.elevation_m, -world.grid.cell_m, world.grid.cell_m)
    rise = np.arctan(north * to_range[1] + east * to_range[0])[world.window]
    # A slope that rises away from the satellite faces it.
    local = incidence - rise
    return TrackView(
        stack,
        np.degrees(incidence).astype(np.float32),
        (-np.sin(incidence) * to_range[0]).astype(np.float32),
        (-np.sin(incidence) * to_range[1]).astype(np.float32),
        np.cos(incidence).astype(np.float32),
        (layover + 2 * shadow).astype(np.uint8)[world.window],
        np.degrees(local).astype(np.float32),
    )


def mean_amplitude_db(world: World, seen: TrackView) -> np.ndarray:
    """Backscatter in slant range.

    Gamma nought of the land cover by the area that a range cell holds.

    Parameters
    ----------
    world : World
        The simulated region.
    seen : TrackView
        How the track sees the region.

    Returns
    -------
    (rows, cols) array of float32
        dB.
    """
    gamma = landcover.table("gamma0_db")[world.land_cover[world.window]]
    return (gamma - 10 * np.log10(np.tan(np.radians(np.clip(seen.local_incidence_deg, 4, 86))))).astype(np.float32)


def simulate_pairs(
    world: World,
    seen: TrackView,
    dates: Sequence[str],
    pairs: Sequence[str],
    seed: int,
    settings: ProductSettings | None = None,
) -> Iterator[SimulatedPair]:
    """The pairs of one stack, one at a time; only dates that later pairs need are held.

    Parameters
    ----------
    world : World
        The simulated region.
    seen : TrackView
        How the track sees the region.
    dates : Sequence[str]
        Acquisitions, YYYYMMDD; motion, speckle and atmosphere are counted from the first.
    pairs : Sequence[str]
        Their names.
    seed : int
        Seed of the noise.
    settings : ProductSettings, optional
        Noise and processing.

    Yields
    ------
    SimulatedPair
        Ordered by the later date.

    Raises
    ------
    StackError
        A pair whose dates are not acquisitions.
    """
    settings = settings or ProductSettings()
    dates = sorted(dates)
    ordered = sorted(pairs, key=lambda pair: split_pair(pair)[::-1])
    last_use: dict[str, str] = {}
    for pair in ordered:
        for date in split_pair(pair):
            if date not in dates:
                raise StackError(f"pair {pair}: {date} is not an acquisition", "name the pairs of the given dates")
            last_use[date] = max(last_use.get(date, date), split_pair(pair)[1])

    key = _key(seen, seed)
    fixed = np.random.default_rng(np.random.SeedSequence(key))
    baselines = _baselines(fixed, dates, settings)
    ground = _Ground(world, seen, settings, fixed)
    held: dict[str, _Acquisition] = {}
    for date in dates:
        rng = np.random.default_rng(np.random.SeedSequence([*key, int(date)]))
        held[date] = ground.acquire(dates[0], date, baselines[date], seed, rng)
        for pair in (p for p in ordered if split_pair(p)[1] == date):
            earlier, later = split_pair(pair)
            yield ground.pair(pair, held[earlier], held[later], rng)
        held = {d: acquired for d, acquired in held.items() if last_use.get(d, "") > date}


def baselines_m(
    seen: TrackView, dates: Sequence[str], seed: int, settings: ProductSettings | None = None
) -> dict[str, float]:
    """Orbits of the acquisitions, as `simulate_pairs` has them.

    Parameters
    ----------
    seen : TrackView
        How the track sees the region.
    dates : Sequence[str]
        Acquisitions, YYYYMMDD.
    seed : int
        Seed of the noise.
    settings : ProductSettings, optional
        Noise and processing.

    Returns
    -------
    dict of str to float
        By date, perpendicular, m.
    """
    rng = np.random.default_rng(np.random.SeedSequence(_key(seen, seed)))
    return _baselines(rng, sorted(dates), settings or ProductSettings())


def _key(seen: TrackView, seed: int) -> list[int]:
    return [seed, PRODUCTS, ord(seen.stack[0]), int(seen.stack[1:])]


def _baselines(rng: np.random.Generator, dates: Sequence[str], settings: ProductSettings) -> dict[str, float]:
    return dict(zip(dates, rng.normal(0, settings.baseline_sigma_m, len(dates)), strict=True))


@dataclass(frozen=True)
class _Acquisition:
    """samples: complex64 (SUBLOOKS, rows, cols), speckle of unit power.

    path_mm: delay less motion towards the satellite.
    """

    samples: np.ndarray
    power: np.ndarray
    path_mm: np.ndarray
    baseline_m: float


class _Ground:
    """What stays the same over the dates of a stack, and the part of the speckle that fades."""

    def __init__(self, world: World, seen: TrackView, settings: ProductSettings, rng: np.random.Generator):
        self.world, self.seen, self.settings = world, seen, settings
        self.shape = world.region.shape
        self.elevation = world.elevation_m[world.window]
        velocity = world.velocity_mm_per_yr[:, *world.window]
        self.los_rate = true_los_rate(velocity, seen.los_east, seen.los_north, seen.los_up)
        self.dem_error = settings.dem_error_m * noise(self.shape, 300 / world.grid.cell_m, rng)

        local = np.radians(np.clip(seen.local_incidence_deg, 3, 87))
        incidence = np.radians(seen.incidence_deg)
        # Range cells on the ground grow where the slope faces the satellite: fewer looks in a cell
        # of the map.
        looks = settings.looks * np.sin(local) / (np.cos(incidence - local) * np.sin(incidence))
        self.weights = _sublook_weights(looks)
        self.critical_m = WAVELENGTH * RANGE_M * np.tan(local) / (2 * SLANT_RESOLUTION_M)

        cover = world.land_cover[world.window]
        snr = 10 ** ((landcover.table("gamma0_db")[cover] - NOISE_FLOOR_DB) / 10) / np.tan(local)
        signal = snr / (1 + snr) * np.clip(settings.coherence, 0, 1)
        signal[cover == landcover.FOREST] *= settings.forest_coherence
        signal[seen.layover_shadow >= 2] = 0
        signal[seen.layover_shadow == 1] *= 0.5
        rho_inf, rho_0 = (landcover.table(name)[cover] for name in ("rho_inf", "rho_0"))
        self.lasting, self.fading = np.sqrt(signal * rho_inf), np.sqrt(signal * (rho_0 - rho_inf))
        self.rest = np.sqrt(1 - signal * rho_0)
        self.tau = np.maximum(landcover.table("tau_days")[cover], 1e-3)
        self.forever = self._draw(rng)
        self.memory: tuple[str, np.ndarray] | None = None
        self.residue = (
            residue_shape(world.region, self.elevation, world.seed) if settings.stratified_residue_mm else None
        )

    def acquire(self, first: str, date: str, baseline_m: float, seed: int, rng: np.random.Generator) -> _Acquisition:
        if self.memory is None:
            fading = self._draw(rng)
        else:
            before, fading = self.memory
            kept = np.exp(-days_between(before, date) / self.tau).astype(np.float32)
            fading = kept * fading + np.sqrt(1 - kept**2) * self._draw(rng)
        self.memory = date, fading
        samples = self.lasting * self.forever + self.fading * fading + self.rest * self._draw(rng)
        settings = self.settings
        delay = path_delay_mm(
            self.world.region,
            self.elevation,
            seed,
            self.seen.stack,
            date,
            settings.turbulence_mm,
            settings.stratified_mm_per_km,
        )
        if self.residue is not None:
            delay += residue_mm(seed, self.seen.stack, date, settings.stratified_residue_mm) * self.residue
        years = days_between(first, date) / DAYS_PER_YEAR
        return _Acquisition(samples, self._power(samples), delay - self.los_rate * years, baseline_m)

    def pair(self, pair: str, earlier: _Acquisition, later: _Acquisition, rng: np.random.Generator) -> SimulatedPair:
        bperp = later.baseline_m - earlier.baseline_m
        to_phase = 4 * np.pi / WAVELENGTH
        height = -to_phase * bperp * self.dem_error / (RANGE_M * np.sin(np.radians(self.seen.incidence_deg)))
        phase = (to_phase * (later.path_mm - earlier.path_mm) / 1000 + height).astype(np.float32)
        # Orbits apart see the cell under two angles: a part of its speckle is not common.
        common = np.clip(1 - np.abs(bperp) / self.critical_m, 0, 1).astype(np.float32)
        seen_later = common * later.samples + np.sqrt(1 - common**2) * self._draw(rng)
        product = np.einsum("krc,krc,krc->rc", self.weights, earlier.samples, seen_later.conj())
        product *= np.exp(1j * phase)
        settings = self.settings
        formed = form_pair(
            PairSums(product, earlier.power, self._power(seen_later)),
            settings.looks,
            settings.coherence_window,
            settings.goldstein_alpha,
            settings.goldstein_window,
        )
        unwrapped = phase + np.angle(np.exp(1j * (formed.filtered_rad - phase)))
        unwrapped += 2 * np.pi * self._wrong_cycles(formed.coherence, rng)
        return SimulatedPair(
            pair,
            formed.unfiltered_rad,
            formed.filtered_rad,
            formed.coherence,
            unwrapped.astype(np.float32),
            phase,
            float(bperp),
        )

    def _draw(self, rng: np.random.Generator) -> np.ndarray:
        """Circular Gaussian samples of unit power."""
        parts = rng.standard_normal((SUBLOOKS, *self.shape, 2), dtype=np.float32) * np.float32(np.sqrt(0.5))
        return parts.view(np.complex64)[..., 0]

    def _power(self, samples: np.ndarray) -> np.ndarray:
        return np.einsum("krc,krc->rc", self.weights, samples.real**2 + samples.imag**2)

    def _wrong_cycles(self, coherence: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        """Patches of low coherence that the unwrapper put on another cycle."""
        from scipy import ndimage

        cycles = np.zeros(self.shape, np.int8)
        doubtful = ndimage.uniform_filter(coherence, 7) < 0.3
        rows, cols = np.nonzero(doubtful)
        for _ in range(rng.poisson(self.settings.unwrapping_errors) if len(rows) else 0):
            k, radius = rng.integers(len(rows)), rng.uniform(4, 20)
            y, x = np.ogrid[: self.shape[0], : self.shape[1]]
            disc = (y - rows[k]) ** 2 + (x - cols[k]) ** 2 <= radius**2
            cycles[disc & doubtful] = rng.choice([-1, 1])
        return cycles


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

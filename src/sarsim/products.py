"""Whole stacks of pairs from a world, without SLCs: the fast mode of the simulator, for training
and for tests of rates.

Speckle is drawn date by date, as the sub-looks of every cell, and pairs are formed from the dates
as in the real chain. So the noise of pairs that share a date is correlated, phases do not close
exactly, and coherence is biased, as in real stacks. What is simplified is the geometry: one
heading, incidence that grows linearly across the region, layover and shadow along one line of
sight.

By default a cell has one phase and its cycles come from the truth; `ProductSettings.cells` and
`unwrapping` take that help away. With `linking` pairs are made of linked dates, as those of the
default configuration (`default_chain`).
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from sarsim.cell_samples import CellSettings
from sarsim.linked_dates import LinkedDates
from sarsim.product_settings import LinkSettings, ProductSettings, UnwrapSettings
from sarsim.speckle import SUBLOOKS, TO_PHASE, DateSamples, Speckle, draw
from sarsim.track_view import TrackView, mean_amplitude_db, view
from sarsim.world import World
from sarslide.catalog.repeat_orbit import BASELINE_SIGMA, orbit_offset_m
from sarslide.errors import StackError
from sarslide.insar.native.interferogram import FormedPair, PairSums, coherence_window, form_pair
from sarslide.insar.unwrap import BRIDGE_M, open_ground, phase_for_cycles, unwrap, with_cycles_of
from sarslide.layers import hidden
from sarslide.linking.plan import MiniStacks
from sarslide.names import split_pair

__all__ = [
    "SUBLOOKS",
    "CellSettings",
    "DateSamples",
    "LinkSettings",
    "ProductSettings",
    "SimulatedPair",
    "TrackView",
    "UnwrapSettings",
    "baselines_m",
    "coherence_matrix",
    "mean_amplitude_db",
    "simulate_dates",
    "simulate_pairs",
    "view",
]
PRODUCTS = 3  # key of this part of the simulation among those that share the seed


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
        With errors; NaN where the unwrapper was not let.
    true_rad : ndarray
        Without noise.
    bperp_m : float
        Orbit of the later minus orbit of the earlier date, m.
    components : ndarray, optional
        uint16, the unwrapper's connected components, 0 not reliable; None: cycles of the truth.
    """

    pair: str
    unfiltered_rad: np.ndarray
    filtered_rad: np.ndarray
    coherence: np.ndarray
    unwrapped_rad: np.ndarray
    true_rad: np.ndarray
    bperp_m: float
    components: np.ndarray | None = None


def simulate_pairs(
    world: World,
    seen: TrackView,
    dates: Sequence[str],
    pairs: Sequence[str],
    seed: int,
    settings: ProductSettings | None = None,
) -> Iterator[SimulatedPair]:
    """The pairs of one stack, one at a time; only dates that later pairs need are held, and with
    `ProductSettings.linking` those of a mini-stack.

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
        A pair whose dates are not acquisitions; linking without `cells`, or of fewer than three
        dates.
    """
    settings = settings or ProductSettings()
    if settings.linking and not settings.cells:
        raise StackError("linked dates need ProductSettings.cells", "set cells=CellSettings()")
    ordered = sorted(pairs, key=lambda pair: split_pair(pair)[::-1])
    last_use: dict[str, str] = {}
    for pair in ordered:
        for date in split_pair(pair):
            if date not in dates:
                raise StackError(f"pair {pair}: {date} is not an acquisition", "name the pairs of the given dates")
            last_use[date] = max(last_use.get(date, date), split_pair(pair)[1])

    # Without linking each date is a mini-stack of its own.
    plan = MiniStacks(sorted(dates), ordered, settings.linking.ministack if settings.linking else 1)
    ends = {own[-1]: (name, own) for name, own in plan.parts.items()}
    linked: LinkedDates | None = None
    held: dict[str, tuple[DateSamples, np.random.Generator]] = {}
    for speckle, acquired, rng in _acquisitions(world, seen, dates, seed, settings):
        held[acquired.date] = acquired, rng
        if acquired.date not in ends:
            continue
        ministack, own = ends[acquired.date]
        if settings.linking:
            linked = linked or LinkedDates(plan, settings.linking, speckle.stated_looks, hidden(seen.layover_shadow))
            linked.link(ministack, {date: one.samples for date, (one, _) in held.items()})
        for pair in ordered:
            earlier, later = split_pair(pair)
            if later in own:
                linked_rad = linked.of_pair(pair) if linked else None
                yield _pair(speckle, held[earlier][0], *held[later], linked_rad)
        held = {date: one for date, one in held.items() if last_use.get(date, "") > acquired.date}


def simulate_dates(
    world: World, seen: TrackView, dates: Sequence[str], seed: int, settings: ProductSettings
) -> Iterator[DateSamples]:
    """The acquisitions that `simulate_pairs` forms its pairs from, one at a time.

    Parameters
    ----------
    world, seen, dates, seed
        As of `simulate_pairs`.
    settings : ProductSettings
        Noise, with `cells`: without, phase and baseline belong to pairs, not to dates.

    Yields
    ------
    DateSamples
        In the order of time.

    Raises
    ------
    StackError
        Without `cells`.
    """
    if not settings.cells:
        raise StackError("dates on their own need ProductSettings.cells", "set cells=CellSettings()")
    for _, acquired, _ in _acquisitions(world, seen, dates, seed, settings):
        yield acquired


def coherence_matrix(samples: Sequence[np.ndarray]) -> np.ndarray:
    """Complex coherence of all pairs of dates, for a block of cells.

    Parameters
    ----------
    samples : sequence of (SUBLOOKS, rows, cols) array of complex64
        Of each date the `DateSamples.samples` of the block.

    Returns
    -------
    (rows, cols, dates, dates) array of complex64
        Entry [a, b] is sum(a x conj(b)) over the root of both powers: its phase, for a before b, is
        that of the pair, rad, positive away from the satellite.
    """
    stack = np.stack(samples)
    sums = np.einsum("akrc,bkrc->rcab", stack, stack.conj(), optimize=True)
    root = np.sqrt(np.einsum("rcaa->rca", sums).real)
    return (sums / np.maximum(root[..., :, None] * root[..., None, :], np.finfo(np.float32).tiny)).astype(np.complex64)


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
    return _baselines(rng, seen, sorted(dates), seed, settings or ProductSettings())


def _key(seen: TrackView, seed: int) -> list[int]:
    return [seed, PRODUCTS, ord(seen.stack[0]), int(seen.stack[1:])]


def _baselines(
    rng: np.random.Generator, seen: TrackView, dates: Sequence[str], seed: int, settings: ProductSettings
) -> dict[str, float]:
    sigma = settings.baseline_sigma_m
    if settings.cells:  # the orbits of the SAFE products
        scale = sigma / BASELINE_SIGMA["perpendicular"]
        return {date: scale * orbit_offset_m(seen.stack, date, seed)[0] for date in dates}
    return dict(zip(dates, rng.normal(0, sigma, len(dates)), strict=True))


def _acquisitions(
    world: World, seen: TrackView, dates: Sequence[str], seed: int, settings: ProductSettings
) -> Iterator[tuple[Speckle, DateSamples, np.random.Generator]]:
    """The dates in order, with the random numbers that are left of each."""
    dates, key = sorted(dates), _key(seen, seed)
    fixed = np.random.default_rng(np.random.SeedSequence(key))
    baselines = _baselines(fixed, seen, dates, seed, settings)
    speckle = Speckle(world, seen, settings, seed, fixed)
    for date in dates:
        rng = np.random.default_rng(np.random.SeedSequence([*key, int(date)]))
        yield speckle, speckle.acquire(dates[0], date, baselines[date], rng), rng


def _pair(
    speckle: Speckle,
    earlier: DateSamples,
    later: DateSamples,
    rng: np.random.Generator,
    linked_rad: np.ndarray | None = None,
) -> SimulatedPair:
    settings, bperp = speckle.settings, later.baseline_m - earlier.baseline_m
    phase = TO_PHASE * (later.path_mm - earlier.path_mm) / 1000 + speckle.height_phase(bperp)
    phase = phase.astype(np.float32)
    looks, window = speckle.stated_looks, settings.coherence_window
    if settings.cells:
        window = coherence_window(window, looks)
    sums = _sums(speckle, earlier, later, phase, rng)
    formed = form_pair(sums, looks, window, settings.goldstein_alpha, settings.goldstein_window, linked_rad)
    components = None
    if settings.unwrapping:
        unwrapped, components = _unwrapped(speckle, formed, looks * window**2, settings.unwrapping)
    else:
        unwrapped = phase + np.angle(np.exp(1j * (formed.filtered_rad - phase)))
        unwrapped += 2 * np.pi * _wrong_cycles(formed.coherence, settings.unwrapping_errors, rng)
    return SimulatedPair(
        f"{earlier.date}_{later.date}",
        formed.unfiltered_rad,
        formed.filtered_rad,
        formed.coherence,
        unwrapped.astype(np.float32),
        phase,
        float(bperp),
        components,
    )


def _sums(
    speckle: Speckle, earlier: DateSamples, later: DateSamples, phase: np.ndarray, rng: np.random.Generator
) -> PairSums:
    if speckle.places:
        product = np.einsum("krc,krc->rc", earlier.samples, later.samples.conj())
        return PairSums(product, earlier.power, later.power)
    # Orbits apart see the cell under two angles: a part of its speckle is not common.
    shift = np.abs(later.baseline_m - earlier.baseline_m) / speckle.critical_m
    common = np.clip(1 - shift, 0, 1).astype(np.float32)
    seen_later = common * later.samples + np.sqrt(1 - common**2) * draw(rng, speckle.shape)
    product = np.einsum("krc,krc,krc->rc", speckle.weights, earlier.samples, seen_later.conj())
    product *= np.exp(1j * phase)
    return PairSums(product, earlier.power, speckle.power(seen_later))


def _unwrapped(
    speckle: Speckle, formed: FormedPair, looks: float, settings: UnwrapSettings
) -> tuple[np.ndarray, np.ndarray]:
    """Unwrapped phase and components, as the rule `unwrap` makes them."""
    guide = open_ground(formed.filtered_rad, speckle.seen.layover_shadow)
    if settings.window:
        guide = phase_for_cycles(guide, formed.coherence, speckle.settings.goldstein_alpha, settings.window)
    reach = BRIDGE_M / speckle.world.grid.cell_m
    phase, components = unwrap(guide, formed.coherence, looks, settings.method, reach)
    return with_cycles_of(phase, formed.filtered_rad), components


def _wrong_cycles(coherence: np.ndarray, errors: float, rng: np.random.Generator) -> np.ndarray:
    """Patches of low coherence that the unwrapper put on another cycle."""
    from scipy import ndimage

    shape = coherence.shape
    cycles = np.zeros(shape, np.int8)
    doubtful = ndimage.uniform_filter(coherence, 7) < 0.3
    rows, cols = np.nonzero(doubtful)
    for _ in range(rng.poisson(errors) if len(rows) else 0):
        k, radius = rng.integers(len(rows)), rng.uniform(4, 20)
        y, x = np.ogrid[: shape[0], : shape[1]]
        disc = (y - rows[k]) ** 2 + (x - cols[k]) ** 2 <= radius**2
        cycles[disc & doubtful] = rng.choice([-1, 1])
    return cycles

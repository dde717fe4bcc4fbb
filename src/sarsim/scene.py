"""One track over a world at product level: the layers that the real chain makes of its pairs, the
label, and what may mislead.

Training regions and the benchmark's regions are both made here.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import numpy as np

from sarsim import landcover
from sarsim.acquisition import WAVELENGTH
from sarsim.atmosphere import residue_mm, residue_shape
from sarsim.codes import DECOYS, OBJECTS
from sarsim.default_chain import RateChain
from sarsim.products import (
    ProductSettings,
    SimulatedPair,
    TrackView,
    mean_amplitude_db,
    simulate_pairs,
    view,
)
from sarsim.slopes import cells_inside
from sarsim.world import World, true_los_rate
from sarslide import names
from sarslide.network import interval_years
from sarslide.rates.pipeline import average_phase, stack_rates
from sarslide.terrain.derivatives import derivatives

STACKS = {"A": "A128", "D": "D062"}
FIRST_DATE, INTERVAL_DAYS = "20190306", 12
LANDSLIDE, BACKGROUND, IGNORE = 1, 0, 255
# An object is a landslide for a track that observes half of it and sees it move this fast (90th
# percentile of |LOS rate|): about three standard errors of a stacked rate in coherent ground, half
# the speed from which objects are scored.
VISIBLE_MM_PER_YR = 12.0
# Atmosphere and unwrapping errors are a difficulty where they change the rate by half of that.
ERROR_MM_PER_YR = VISIBLE_MM_PER_YR / 2
INCOHERENT = 0.3  # mean coherence below which forest is a difficulty; stable ground needs as much
RIM_CELLS = 2  # beside layover and shadow


@dataclass(frozen=True)
class Observation:
    """What the chain makes of a stack's pairs.

    Attributes
    ----------
    seen : TrackView
        How the track sees the region.
    layers : dict of str to ndarray
        Registered name -> (rows, cols), stored layers.
    residue_mm_per_yr, unwrapping_mm_per_yr : (rows, cols) array of float
        What the residue of the stratified delay and wrong cycles add to the LOS rate, mm/yr,
        positive towards the satellite.
    """

    seen: TrackView
    layers: dict[str, np.ndarray]
    residue_mm_per_yr: np.ndarray
    unwrapping_mm_per_yr: np.ndarray


def regular_dates(count: int) -> list[str]:
    """Acquisitions, one every 12 days, from FIRST_DATE.

    Parameters
    ----------
    count : int
        How many.

    Returns
    -------
    list of str
        YYYYMMDD.
    """
    first = names.parse_date(FIRST_DATE)
    return [f"{first + timedelta(days=INTERVAL_DAYS * k):%Y%m%d}" for k in range(count)]


def observe(
    world: World,
    stack: str,
    dates: Sequence[str],
    settings: ProductSettings,
    rates: RateChain | None = None,
    pairs: Sequence[str] | None = None,
    make_rates: Callable[..., Any] | None = None,
) -> Observation:
    """Pairs through the rates and terrain code of the real chain.

    Parameters
    ----------
    world : World
        The simulated region.
    stack : str
        Name of the stack, `A128` for an ascending, `D062` for a descending relative orbit.
    dates : Sequence[str]
        Acquisitions, YYYYMMDD.
    settings : ProductSettings
        Noise and processing of the pairs.
    rates : RateChain, optional
        How rates are made; by default by P4's eq. 1 from the pairs' own cycles, as in the
        benchmark.
    pairs : sequence of str, optional
        By default those of up to 24 days.
    make_rates : callable, optional
        Takes what `rates.pipeline.stack_rates`, the default, takes.

    Returns
    -------
    Observation
        Layers and what spoils them.
    """
    pairs = list(pairs or names.nearest_pairs(list(dates), 2 * INTERVAL_DAYS, 2))
    seen = view(world, stack)
    products = {product.pair: product for product in simulate_pairs(world, seen, dates, pairs, world.seed, settings)}

    elevation, chain = world.elevation_m[world.window], rates or RateChain()
    blind = seen.layover_shadow > 0
    averaged = average_phase(
        lambda pair: (products[pair].unfiltered_rad, products[pair].coherence),
        pairs,
        elevation,
        chain.of_average(),
        exclude=blind,
        mean=chain.average,
    )
    products = chain.corrected(products, elevation, averaged.ground.stable, world.grid.cell_m)
    made = (make_rates or stack_rates)(
        lambda pair: (products[pair].unwrapped_rad, products[pair].coherence, products[pair].components),
        pairs,
        elevation,
        WAVELENGTH,
        chain.settings,
        exclude=blind,
    )
    terrain = {name: layer[world.window] for name, layer in derivatives(world.elevation_m, world.grid.cell_m).items()}
    stored = (
        {name: made.layers[name] for name in ("phase_rate_rad_per_yr", "phase_rate_std_rad_per_yr")}
        | {name: made.layers[name] for name in ("los_rate_mm_per_yr", "los_rate_std_mm_per_yr", "mean_coherence")}
        | {name: averaged.layers[name] for name in ("avg_phase_rad", "avg_phase_std_rad")}
        | {name: getattr(seen, name) for name in ("los_east", "los_north", "los_up", "layover_shadow")}
        | {name: terrain[name] for name in terrain if name != "hillshade"}
        | {"elevation_m": elevation, "mean_amplitude_db": mean_amplitude_db(world, seen, settings.scattering)}
    )
    layers: dict[str, np.ndarray] = {name: np.asarray(layer, _stored_type(layer)) for name, layer in stored.items()}
    floor = chain.settings.pair_coherence
    return Observation(
        seen, layers, _residue_rate(world, stack, pairs, settings), _unwrapping_rate(products, pairs, floor)
    )


def label(world: World, seen: TrackView, dates: Sequence[str] | None = None) -> np.ndarray:
    """What a track should find.

    The decision is made for whole objects, because an outline is where motion vanishes: its slow
    edge belongs to it. Not counted are objects that are hidden or too slow for this track, the
    hidden cells of the others, and glaciers and snow patches, which only their height sets apart
    from landslides (the inventory masks them by the snowline). Subsiding valley floors and mines
    are background.

    Parameters
    ----------
    world : World
        The simulated region.
    seen : TrackView
        How the track sees the region.
    dates : sequence of str, optional
        As of `los_rate`.

    Returns
    -------
    (rows, cols) array of uint8
        On the region: 1 landslide, 0 background, 255 not counted.
    """
    region = world.region
    rate = np.abs(los_rate(world, seen, dates))
    observed = seen.layover_shadow == 0
    result = np.full(region.shape, BACKGROUND, np.uint8)
    for outline in world.decoys.geometry[world.decoys["kind"].isin(("glacier", "snow"))]:
        result[cells_inside(region, outline)] = IGNORE
    for outline in world.landslides.geometry:
        cells = cells_inside(region, outline)
        visible = cells & observed
        found = visible.sum() >= cells.sum() / 2 and np.percentile(rate[visible], 90) >= VISIBLE_MM_PER_YR
        result[cells] = IGNORE
        result[visible] = LANDSLIDE if found else IGNORE
    return result


def los_rate(world: World, seen: TrackView, dates: Sequence[str] | None = None) -> np.ndarray:
    """Planted LOS rate of the region.

    Parameters
    ----------
    world : World
        The simulated region.
    seen : TrackView
        How the track sees the region.
    dates : sequence of str, optional
        Acquisitions: the mean rate between the first and the last; by default without the course
        of landslides that are not steady.

    Returns
    -------
    (rows, cols) array of float32
        mm/yr, positive towards the satellite.
    """
    rate = true_los_rate(world.velocity_mm_per_yr[:, *world.window], seen.los_east, seen.los_north, seen.los_up)
    if dates is None:
        return rate
    course = world.mean_course(min(dates), max(dates))
    return rate * course.astype(np.float32)[world.body[world.window]]


def landslide_kinds(world: World) -> np.ndarray:
    """P2's type of every planted landslide, seen or not (G07).

    Parameters
    ----------
    world : World
        The simulated region.

    Returns
    -------
    (rows, cols) array of uint8
        On the region: 1 to 3, 0 none.
    """
    kinds = np.zeros(world.region.shape, np.uint8)
    for row in world.landslides.itertuples():
        kinds[cells_inside(world.region, row.geometry)] = row.kind
    return kinds


def decoys(world: World, observed: Observation) -> np.ndarray:
    """What in each cell may be taken for a landslide and is none.

    Planted objects cover their outlines. Of the areas, each where the earlier ones of this list are
    not: cells beside layover or shadow, seen themselves; cells whose rate wrong cycles change by
    ERROR_MM_PER_YR or more; the same for the residue of the stratified delay; forest whose mean
    coherence is below INCOHERENT. Ground inside a planted landslide is never a decoy.

    Parameters
    ----------
    world : World
        The simulated region.
    observed : Observation
        What the chain makes of the pairs.

    Returns
    -------
    (rows, cols) array of uint8
        Codes of `codes.DECOYS` on the region, 0 nothing.
    """
    from scipy import ndimage

    cover = world.land_cover[world.window]
    hidden = observed.seen.layover_shadow > 0
    coherence = np.nan_to_num(observed.layers["mean_coherence"])
    beside = ndimage.binary_dilation(hidden, iterations=RIM_CELLS) & ~hidden
    codes = np.zeros(world.region.shape, np.uint8)
    for name, area in (
        ("forest", (cover == landcover.FOREST) & (coherence < INCOHERENT)),
        ("stratified", np.abs(observed.residue_mm_per_yr) >= ERROR_MM_PER_YR),
        ("unwrapping", np.abs(observed.unwrapping_mm_per_yr) >= ERROR_MM_PER_YR),
        ("layover", beside),
    ):
        codes[area & (~hidden)] = DECOYS[name]
    for row in world.decoys.itertuples():
        codes[cells_inside(world.region, row.geometry)] = DECOYS[row.kind]
    codes[landslide_kinds(world) > 0] = 0
    return codes


def planted_decoys(world: World) -> dict[str, int]:
    """How many objects of each kind of decoy are planted.

    Parameters
    ----------
    world : World
        The simulated region.

    Returns
    -------
    dict of str to int
        By kind.
    """
    return {kind: int((world.decoys["kind"] == kind).sum()) for kind in OBJECTS}


def _residue_rate(world: World, stack: str, pairs: Sequence[str], settings: ProductSettings) -> np.ndarray:
    if not settings.stratified_residue_mm:
        return np.zeros(world.region.shape, np.float32)
    rms = settings.stratified_residue_mm
    path = {date: residue_mm(world.seed, stack, date, rms) for pair in pairs for date in names.split_pair(pair)}
    rate = sum(share * (path[later] - path[earlier]) for (earlier, later), share in _shares(pairs))
    return -rate * residue_shape(world.region, world.elevation_m[world.window], world.seed)


def _unwrapping_rate(products: dict[str, SimulatedPair], pairs: Sequence[str], pair_coherence: float) -> np.ndarray:
    """What cycles that differ from the truth add to the rate.

    Of pairs that went through the unwrapper only those count that the rate takes: its zero comes
    from the ground, and only the component that holds it is used, here the largest.
    """
    rate: Any = 0.0
    held: Any = 0.0  # part of the rate's weight that a cell has
    for pair, ((_, _), share) in zip(pairs, _shares(pairs), strict=True):
        product = products[pair]
        cycles, used = (product.unwrapped_rad - product.true_rad) / (2 * np.pi), product.coherence >= pair_coherence
        if product.components is not None:
            largest = np.bincount(product.components[product.components > 0], minlength=2).argmax()
            used &= np.isfinite(cycles) & (product.components == largest)
            cycles = cycles - (np.median(cycles[used]) if used.any() else 0)
            held = held + share * interval_years(pair) * used
        # Half a wavelength of path is one cycle, there and back.
        rate = rate - share * 1000 * WAVELENGTH / 2 * np.where(used, np.round(cycles), 0)
    return rate if np.isscalar(held) else np.divide(rate, held, out=np.zeros_like(rate), where=held > 0)


def _shares(pairs: Sequence[str]) -> list[tuple[tuple[str, str], float]]:
    """Dates of each pair and its factor in P4 eq. 1, 1/yr: rate = sum(share x phase)."""
    years = np.array([interval_years(pair) for pair in pairs])
    return [(names.split_pair(pair), float(x)) for pair, x in zip(pairs, years / np.sum(years**2), strict=True)]


def _stored_type(layer: np.ndarray) -> type:
    return np.uint8 if layer.dtype == np.uint8 else np.float32

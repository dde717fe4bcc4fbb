"""Linked dates at product level: exact phases without noise, the Cramer-Rao bound with it, the rules' own linking on files;
and that product level follows the default configuration."""

import dataclasses
from pathlib import Path

import numpy as np
import pytest

from sarsim import default_chain, scene
from sarsim.linked_dates import LinkedDates
from sarsim.products import (
    CellSettings,
    LinkSettings,
    ProductSettings,
    UnwrapSettings,
    simulate_dates,
    simulate_pairs,
    view,
)
from sarsim.world import World, WorldSettings, build_world
from sarslide.config import load
from sarslide.errors import StackError
from sarslide.grid import Lattice, RegionGrid
from sarslide.insar.native.geocode_slc import BANDS
from sarslide.io import raster
from sarslide.linking.ministack import Source, link
from sarslide.linking.plan import MiniStacks
from sarslide.names import nearest_pairs

GRID = RegionGrid(32647, 515130.0, 3215640.0, 30.0, 64, 60)
STACK, SUBLOOKS = "A128", 12
DATES = scene.regular_dates(8)
PAIRS = nearest_pairs(DATES, 24, 2)
TRUTH = np.array([0, 0.5, 1.2, -1, 2, 3, -2.5, 1])  # rad, phase of each date
LINKED = LinkSettings("emi", 4)
QUIET = {"turbulence_mm": 0.0, "stratified_mm_per_km": 0.0, "dem_error_m": 0.0}
OWN = ProductSettings(**QUIET, cells=CellSettings(), linking=LINKED)


@pytest.fixture(scope="module")
def base() -> World:
    return build_world(GRID, 21, margin_m=0.0, settings=WorldSettings(landslides=(0, 0, 1), glacier=0, snow=0))


def stacked(samples: np.ndarray, settings: LinkSettings = LINKED, looks: float = SUBLOOKS) -> dict[str, np.ndarray]:
    """Linked phases of PAIRS from (dates, sublooks, rows, cols) samples."""
    hidden = np.zeros(samples.shape[2:], bool)
    linked = LinkedDates(MiniStacks(DATES, PAIRS, settings.ministack), settings, looks, hidden)
    held = dict(zip(DATES, samples, strict=True))
    for name in linked.plan.parts:
        linked.link(name, held)
    return {pair: linked.of_pair(pair) for pair in PAIRS}


def error(pair: str, phase: np.ndarray) -> np.ndarray:
    earlier, later = (TRUTH[DATES.index(date)] for date in pair.split("_"))
    return np.angle(np.exp(1j * (phase - earlier + later)))


def speckle(seed: int, *shape: int) -> np.ndarray:
    parts = np.random.default_rng(seed).standard_normal((*shape, 2), np.float32)
    return (parts @ np.array([1, 1j]) / np.sqrt(2)).astype(np.complex64)


@pytest.mark.parametrize("method", ["emi", "evd"])
def test_without_noise_phases_are_exact(method):
    """The same speckle on all dates: every pair, those across mini-stacks too, has its phase but for single precision."""
    samples = speckle(1, SUBLOOKS, 12, 10) * np.exp(1j * TRUTH)[:, None, None, None]
    for pair, phase in stacked(samples.astype(np.complex64), LinkSettings(method, 3)).items():
        assert np.abs(error(pair, phase)).max() < 1e-4


def test_still_ground_scatters_as_the_bound_allows():
    """Coherence 0.95 exp(-days / 400), all dates at once; the bound of known coherence with all looks of the 1-2-1 window,
    12 x 16^2 / 36 = 85. A maximum likelihood reaches it within 10 % (`test_estimators`); 1,296 cells, half of whose looks
    they share with neighbours, tell the scatter within 5 %. A cell alone has 1 / 7.1 of the looks."""
    coherence = 0.95 * np.exp(-12 / 400 * np.abs(np.subtract.outer(np.arange(8), np.arange(8))))
    np.fill_diagonal(coherence, 1)
    samples = np.einsum("ab,bkrc->akrc", np.linalg.cholesky(coherence), speckle(2, 8, SUBLOOKS, 40, 40))
    samples = (samples * np.exp(1j * TRUTH)[:, None, None, None]).astype(np.complex64)
    looks = SUBLOOKS * 16**2 / 36
    variance = np.linalg.pinv(2 * looks * (coherence * np.linalg.inv(coherence) - np.eye(8)))
    for pair, phase in stacked(samples, LinkSettings("emi", 8)).items():
        a, b = (DATES.index(date) for date in pair.split("_"))
        bound = np.sqrt(variance[a, a] + variance[b, b] - 2 * variance[a, b])
        left = error(pair, phase)[2:-2, 2:-2]
        assert 0.95 * bound < left.std() < 1.15 * bound and abs(left.mean()) < 0.01
        alone = np.angle(np.einsum("krc,krc->rc", samples[a], samples[b].conj()))
        assert 2.4 < error(pair, alone).std() / left.std() < 3


def test_it_is_what_the_rules_make_of_the_same_samples(base, tmp_path):
    """The sub-looks of simulated dates as 12 of the 18 samples of a cell of geocoded SLCs, linked by the rule's code. SLCs
    are stored with eight bits, 0.004 of a sample, by which a neighbour at a limit may become another one."""
    seen = view(base, STACK)
    lattice, closed = Lattice.of(GRID), seen.layover_shadow > 0
    made = {date.date: date for date in simulate_dates(base, seen, DATES, 3, OWN)}
    pairs = {pair.pair: pair for pair in simulate_pairs(base, seen, DATES, PAIRS, 3, OWN)}
    (looks,) = {stated_looks_of(base, seen)}
    sources = [Source(date, tmp_path / f"{date}.tif") for date in DATES]
    for source in sources:
        put(source.path, lattice, in_cells(made[source.name].samples, lattice))
    phases = {}
    for name, again, own in (("first", [], sources[:4]), ("second", sources[2:4], sources[4:])):
        before = [Source("first", tmp_path / "first.tif")] if again else []
        with raster.create(tmp_path / f"{name}.tif", lattice, "gslc", {}, BANDS) as write:
            for block in link(before, [*again, *own], lattice, looks, closed, "emi", again=len(again)):
                assert block.phase_rad.shape[1:] == GRID.shape
                phases[name] = dict(zip((each.name for each in (*again, *own)), block.phase_rad, strict=True))
                for band, samples in block.compressed.items():
                    write(*block.samples, samples, band + 1)
    for pair, one in pairs.items():
        earlier, later = pair.split("_")
        of = phases["second" if later >= DATES[4] else "first"]
        apart = np.abs(np.angle(np.exp(1j * (of[earlier] - of[later] - one.filtered_rad))))
        assert np.median(apart) < 0.004 and np.mean(apart > 0.1) < 0.03


def stated_looks_of(world: World, seen) -> float:
    from sarsim.cell_samples import stated_looks

    return stated_looks(world.region, seen.stack)


def in_cells(samples: np.ndarray, lattice: Lattice) -> np.ndarray:
    """(sublooks, rows, cols) as samples of a lattice, the rest of each cell without."""
    sublooks, rows, cols = samples.shape
    cells = np.zeros((rows, cols, lattice.per_y * lattice.per_x), np.complex64)
    cells[..., :sublooks] = np.moveaxis(samples, 0, -1)
    return cells.reshape(rows, cols, lattice.per_y, lattice.per_x).swapaxes(1, 2).reshape(lattice.shape)


def put(path: Path, lattice: Lattice, samples: np.ndarray) -> None:
    with raster.create(path, lattice, "gslc", {}, BANDS) as write:
        write(slice(0, lattice.rows), slice(0, lattice.cols), samples, 1)


def test_only_the_filtered_phase_is_another(base):
    """Unfiltered phase and coherence are those without linking; the filtered one has less noise than Goldstein's."""
    seen = view(base, STACK)
    plain = simulate_pairs(base, seen, DATES, PAIRS, 3, dataclasses.replace(OWN, linking=None))
    noise = []
    for one, other in zip(simulate_pairs(base, seen, DATES, PAIRS, 3, OWN), plain, strict=True):
        assert one.pair == other.pair
        for kind in ("unfiltered_rad", "coherence", "true_rad"):
            assert np.array_equal(getattr(one, kind), getattr(other, kind), equal_nan=True)
        open_ground = seen.layover_shadow == 0
        noise.append([np.angle(np.exp(1j * (x.filtered_rad - x.true_rad)))[open_ground].std() for x in (one, other)])
    linked, filtered = np.mean(noise, 0)
    assert linked < filtered
    with pytest.raises(StackError, match="linked dates need ProductSettings.cells"):
        next(simulate_pairs(base, seen, DATES, PAIRS, 3, dataclasses.replace(OWN, cells=None)))


def test_product_level_is_that_of_the_default_configuration():
    """Every key of pairs and rates that product level has; the region's preset sets none of them."""
    config = load({"region": "demo", "engine": "native"})
    assert default_chain.configuration().interferogram == config.interferogram
    assert default_chain.configuration().rates == config.rates
    pairs, rates = default_chain.products(ProductSettings()), default_chain.rates(GRID)
    keys = config.interferogram
    assert pairs.linking == (None if keys.linking == "none" else LinkSettings(keys.linking, keys.ministack))
    assert pairs.unwrapping == UnwrapSettings(keys.unwrapper, keys.unwrap_window) and keys.unwrapped_phase == "filtered"
    for name in ("coherence_window", "goldstein_alpha", "goldstein_window"):
        assert getattr(pairs, name) == getattr(keys, name)
    assert (rates.cycles, rates.settings.weighting) == (config.rates.rate_cycles, config.rates.weighting)
    assert (rates.average, rates.average_weighting) == (config.rates.average, config.rates.average_weighting)
    other = load({"region": "valley", "interferogram": {"linking": "evd", "ministack": 6, "unwrapper": "snaphu"}})
    pairs = default_chain.products(ProductSettings(), other)
    assert (pairs.linking, pairs.unwrapping) == (LinkSettings("evd", 6), UnwrapSettings("snaphu", 32))


def test_rates_take_the_cycles_that_pairs_share(base):
    """Pairs without noise on still ground, one of them off by a cycle in a disc: with `cycles` none is."""
    seen, still = view(base, STACK), np.zeros(GRID.shape, np.float32)
    quiet = {"unfiltered_rad": still, "unwrapped_rad": still, "components": np.ones(GRID.shape, np.uint16)}
    plain = simulate_pairs(base, seen, DATES, PAIRS, 3, dataclasses.replace(OWN, linking=None))
    pairs = {pair.pair: dataclasses.replace(pair, **quiet) for pair in plain}
    y, x = np.indices(GRID.shape)
    disc = (y - 30) ** 2 + (x - 30) ** 2 < 36
    wrong = PAIRS[3]
    off = {"unwrapped_rad": np.float32(2 * np.pi) * disc, "components": np.where(disc, 2, 1).astype(np.uint16)}
    pairs[wrong] = dataclasses.replace(pairs[wrong], **off)
    stable, elevation = ~disc, base.elevation_m[base.window]
    right = default_chain.RateChain(cycles=True).corrected(pairs, elevation, stable, GRID.cell_m)
    assert list(right) == list(pairs)
    assert np.abs(right[wrong].unwrapped_rad).max() < 1e-3 and (right[wrong].components == 1).all()
    assert default_chain.RateChain().corrected(pairs, elevation, stable, GRID.cell_m) == pairs

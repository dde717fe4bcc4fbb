"""Stacks at product level against SAFE products through the whole chain: the same scene twice.

    python -m studies.ground.agreement --folder FOLDER

The demo runs in FOLDER, if it has not, from SAFE products to the rates. Then the same world, dates,
orbits, delays and pairs are simulated at product level, with samples that lie apart and the own
unwrapper. Errors against the planted rate are compared over the cells that both rate, with
coherence of at least 0.3 in both; each is taken from its median over the still ones. Scatter is
1.4826 times the median absolute deviation: unlike the root mean square it does not hang on a few
cells on a wrong cycle. Rates of both levels hold the same delays; what is not delay is compared in
the first pair, whose phase less planted motion and delay is its noise. `before` is the product
level of the benchmark: one phase a cell, cycles of the truth, orbits and delays of its own.
"""

import argparse
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from sarsim import products, scene
from sarsim.acquisition import WAVELENGTH
from sarsim.world import load_world
from sarslide.config.loading import load
from sarslide.constants import DAYS_PER_YEAR
from sarslide.io import raster
from sarslide.layers import hidden
from sarslide.names import days_between, split_pair
from sarslide.rates.level_samples import spread
from sarslide.rates.settings import RateSettings
from studies.ground import put, row
from studies.runs import sarslide

COMMAND = "python -m studies.ground.agreement --folder FOLDER"
REGION, STACK = "valley", "D062"
MIN_COHERENCE, STILL, MOVING = 0.3, 0.5, 12.0  # mm/yr in line of sight: at most, at least
WITHIN = 0.15
# The DEM that the chain reads is exact.
BEFORE = products.ProductSettings(dem_error_m=0.0)
SETTINGS = replace(BEFORE, cells=products.CellSettings(), unwrapping=products.UnwrapSettings())
QUANTILES = (10, 25, 50, 75, 90)


@dataclass(frozen=True)
class Level:
    """Rates of one way of simulating, (rows, cols).

    Attributes
    ----------
    error, std : ndarray
        Rate less the planted one, and its stated error, mm/yr.
    coherence : ndarray
        Mean of the pairs.
    """

    error: np.ndarray
    std: np.ndarray
    coherence: np.ndarray

    def measures(self, still: np.ndarray, moving: np.ndarray) -> dict[str, float]:
        """What is compared, over some cells."""
        error = self.error - np.median(self.error[still])
        z, found = error / self.std, {}
        for name, cells in (("coherent still ground", still), ("moving ground", moving)):
            found[f"RMSE on {name}, mm/yr"] = rms(error[cells])
            found[f"scatter on {name}, mm/yr"] = spread(error[cells])
            found[f"z on {name}, rms"] = rms(z[cells])
            found[f"z on {name}, scatter"] = spread(z[cells])
        known = self.coherence[np.isfinite(self.coherence)]
        for share in QUANTILES:
            found[f"mean coherence, {share} % quantile"] = float(np.percentile(known, share))
        return found


def rms(values: np.ndarray) -> float:
    """Root mean square."""
    return float(np.sqrt(np.mean(values**2)))


def run_chain(folder: Path) -> None:
    """From the simulation of SAFE products to the rates of the region, unless they stand there."""
    target = f"{results()}/stacking/los_rate_std_mm_per_yr.tif"
    if not (folder / target).is_file():
        sarslide(folder, "chain", "run", REGION, "--cores", "2", "--", target)


def results() -> str:
    """Folder of the track's products, in FOLDER."""
    return f"results/{REGION}/{STACK}/f0/native"


def levels(folder: Path, settings: products.ProductSettings) -> tuple[Level, Level, np.ndarray]:
    """The scene as SAFE products and at product level, over open ground, and the planted rate."""
    made, world = folder / results(), load_world(folder / f"resources/{REGION}/truth/world.npz")
    pairs = sorted(path.name.split(".")[0] for path in made.glob("ifg/*.unw_rad.tif"))
    dates = sorted({date for pair in pairs for date in split_pair(pair)})
    rates = RateSettings.of(load({"region": REGION}).rates.model_dump(), world.region)
    observed = scene.observe(world, STACK, dates, settings, rates, pairs)
    names = ("los_rate_mm_per_yr", "los_rate_std_mm_per_yr", "mean_coherence")
    safe = {name: raster.read(made / f"stacking/{name}.tif") for name in names}
    truth = raster.read(folder / f"resources/{REGION}/truth/{STACK}/true_los_rate_mm_per_yr.tif")
    closed = hidden(raster.read(made / "geometry/layover_shadow.tif")) | (observed.seen.layover_shadow > 0)

    def level(layers: Mapping[str, np.ndarray], planted: np.ndarray) -> Level:
        rate, std, coherence = (np.where(closed, np.nan, layers[name]) for name in names)
        return Level(rate - planted, std, coherence)

    return level(safe, truth), level(observed.layers, scene.los_rate(world, observed.seen, dates)), np.abs(truth)


def noise(folder: Path, settings: products.ProductSettings) -> tuple[dict[str, float], dict[str, float]]:
    """Noise of the first pair at SAFE and at product level, rad, over coherent open ground."""
    made, truth = folder / results(), folder / f"resources/{REGION}/truth"
    path = min(made.glob("ifg/*.unw_rad.tif"))
    pair, world = path.name.split(".")[0], load_world(truth / "world.npz")
    seen, dates = products.view(world, STACK), split_pair(pair)
    (own,) = products.simulate_pairs(world, seen, dates, [pair], world.seed, settings)
    earlier, later = (raster.read(truth / f"{STACK}/{date}.true_atmosphere_mm.tif") for date in dates)
    rate = raster.read(truth / f"{STACK}/true_los_rate_mm_per_yr.tif")
    path_mm = later - earlier - rate * days_between(*dates) / DAYS_PER_YEAR
    wrapped = [raster.read(made / f"ifg/{pair}.wrapped_rad.tif", None, band) for band in (1, 2)]
    coherence = raster.read(made / f"ifg/{pair}.cor.tif")
    closed = hidden(raster.read(made / "geometry/layover_shadow.tif")) | (seen.layover_shadow > 0)
    cells = ~closed & (np.fmin(coherence, own.coherence) >= MIN_COHERENCE)

    def measures(phases: Sequence[np.ndarray], planted: np.ndarray) -> dict[str, float]:
        found = {}
        for name, phase in zip(("unfiltered", "filtered"), phases, strict=True):
            rest = np.exp(1j * (phase - planted))[cells]
            rest = np.angle(rest * rest.sum().conj())
            found[f"noise of a pair, {name}, rms, rad"] = rms(rest)
            found[f"noise of a pair, {name}, scatter, rad"] = spread(rest)
        return found

    return (
        measures(wrapped, 4 * np.pi / WAVELENGTH / 1000 * path_mm),
        measures((own.unfiltered_rad, own.filtered_rad), own.true_rad),
    )


def compared(safe: Level, product: Level, truth: np.ndarray) -> tuple[dict[str, float], dict[str, float]]:
    """Measures at SAFE and at product level, over the same cells."""
    both = np.isfinite(safe.error + product.error) & (np.fmin(safe.coherence, product.coherence) >= MIN_COHERENCE)
    still, moving = both & (truth <= STILL), both & (truth >= MOVING)
    return safe.measures(still, moving), product.measures(still, moving)


def rows(
    now: tuple[dict[str, float], dict[str, float]], before: tuple[dict[str, float], dict[str, float]]
) -> list[dict]:
    """Of one scene; each SAFE and product level."""

    def text(levels: tuple[dict[str, float], dict[str, float]], name: str) -> str:
        safe, product = (level[name] for level in levels)
        return f"{product:.3g} / {safe:.3g} = {product / safe:.2f}"

    goal = f"{1 - WITHIN:.2f} to {1 + WITHIN:.2f}"
    found = []
    for name, value in now[0].items():
        met = abs(now[1][name] / value - 1) <= WITHIN
        what = f"same scene, product / SAFE level: {name}"
        found.append(row(what, text(now, name), COMMAND, goal, met, text(before, name)))
    return found


def main() -> None:
    """Run it."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--folder", type=Path, required=True, help="a folder of its own, in which it runs")
    folder = parser.parse_args().folder
    folder.mkdir(parents=True, exist_ok=True)
    run_chain(folder)
    for measure in (noise, lambda folder, settings: compared(*levels(folder, settings))):
        put(rows(measure(folder, SETTINGS), measure(folder, BEFORE)))


if __name__ == "__main__":
    main()

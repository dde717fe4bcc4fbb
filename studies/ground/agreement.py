"""Stacks at product level against SAFE products through the whole chain: the same scene twice.

    python -m studies.ground.agreement --folder FOLDER [--region REGION] [--stack STACK]

REGION, by default the valley, runs in FOLDER, if it has not, from SAFE products to the rates, with
the default configuration. Then the same world, dates, orbits, delays and pairs are simulated at
product level, with samples that lie apart, linked dates, the own unwrapper and the same rates.
Errors against the planted rate are compared over the cells that both rate, with coherence of at
least 0.3 in both; each is taken from its median over the still ones. Scatter is 1.4826 times the
median absolute deviation: unlike the root mean square it does not hang on a few cells on a wrong
cycle. Rates of both levels hold the same delays; what is not delay is compared in the pairs: phase
less planted motion and delay is noise, which pairs of following dates share. `before` is the
product level of the benchmark: one phase a cell, filtered, cycles of the truth, orbits and delays
of its own, P4's eq. 1.
"""

import argparse
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from sarsim import default_chain, products, scene
from sarsim.acquisition import WAVELENGTH
from sarsim.scattering import ScatteringSettings, scattering_of
from sarsim.world import World, load_world
from sarslide.config.loading import load
from sarslide.config.models import Config
from sarslide.constants import DAYS_PER_YEAR
from sarslide.io import raster
from sarslide.layers import hidden
from sarslide.names import days_between, pair_days, split_pair
from sarslide.phase import wrapped
from sarslide.rates.level_samples import spread
from studies.ground import put, row
from studies.runs import sarslide

COMMAND = "python -m studies.ground.agreement --folder FOLDER"
VALLEY, STACK = "valley", "D062"
MIN_COHERENCE, STILL, MOVING = 0.3, 0.5, 12.0  # mm/yr in line of sight: at most, at least
WITHIN = 0.15
MAX_CPU_S = 50  # of a track of 256 x 256 cells
# The DEM that the chain reads is exact.
EXACT = products.ProductSettings(dem_error_m=0.0)
QUANTILES = (10, 25, 50, 75, 90)
Both = tuple[dict[str, float], dict[str, float]]  # measures at SAFE and at product level


@dataclass(frozen=True)
class Scene:
    """A track of a region that ran in a folder.

    Attributes
    ----------
    folder : Path
        Where it ran.
    region, stack : str
        Names.
    config : Config
        Its configuration.
    world : World
        Its truth.
    """

    folder: Path
    region: str
    stack: str
    config: Config
    world: World

    @classmethod
    def of(cls, folder: Path, region: str, stack: str) -> "Scene":
        """The scene of a finished run."""
        world = load_world(folder / f"resources/{region}/truth/world.npz")
        return cls(folder, region, stack, load({"region": region}, folder), world)

    @property
    def made(self) -> Path:
        """Products of the track."""
        return self.folder / results(self.region, self.stack)

    @property
    def truth(self) -> Path:
        """Planted layers of the track."""
        return self.folder / f"resources/{self.region}/truth/{self.stack}"

    @property
    def rate(self) -> np.ndarray:
        """Planted mean LOS rate, mm/yr."""
        return raster.read(self.truth / "true_los_rate_mm_per_yr.tif")

    @property
    def pairs(self) -> list[str]:
        """Names of its pairs."""
        return sorted(path.name.split(".")[0] for path in self.made.glob("ifg/*.unw_rad.tif"))

    @property
    def dates(self) -> list[str]:
        """Its acquisitions."""
        return sorted({date for pair in self.pairs for date in split_pair(pair)})

    @property
    def settings(self) -> products.ProductSettings:
        """Its product level."""
        return default_chain.products(replace(EXACT, scattering=self.scattering), self.config)

    @property
    def before(self) -> products.ProductSettings:
        """The product level of the benchmark."""
        return replace(EXACT, scattering=self.scattering)

    @property
    def scattering(self) -> ScatteringSettings:
        """What of the measured scattering its SAFE products have."""
        return scattering_of(self.config.simulation)


@dataclass(frozen=True)
class Level:
    """Rates of one way of simulating, (rows, cols), NaN on hidden ground.

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
            found[f"stated error on {name}, median, mm/yr"] = float(np.median(self.std[cells]))
            found[f"z on {name}, rms"] = rms(z[cells])
            found[f"z on {name}, scatter"] = spread(z[cells])
        known = self.coherence[np.isfinite(self.coherence)]
        for share in QUANTILES:
            found[f"mean coherence, {share} % quantile"] = float(np.percentile(known, share))
        return found


def rms(values: np.ndarray) -> float:
    """Root mean square."""
    return float(np.sqrt(np.mean(values**2)))


def run_chain(folder: Path, region: str, stack: str) -> None:
    """From the simulation of SAFE products to the rates of the region, unless they stand there."""
    target = f"{results(region, stack)}/stacking/los_rate_std_mm_per_yr.tif"
    if not (folder / target).is_file():
        sarslide(folder, "chain", "run", region, "--cores", "2", "--", target)


def results(region: str, stack: str) -> str:
    """Folder of the track's products, in FOLDER."""
    return f"results/{region}/{stack}/f0/native"


def levels(of: Scene, settings: products.ProductSettings, rates: scene.RateChain) -> tuple[Level, Level, np.ndarray]:
    """The scene as SAFE products and at product level, and open ground."""
    observed = scene.observe(of.world, of.stack, of.dates, settings, rates, of.pairs)
    names = ("los_rate_mm_per_yr", "los_rate_std_mm_per_yr", "mean_coherence")
    safe = {name: raster.read(of.made / f"stacking/{name}.tif") for name in names}
    closed = hidden(raster.read(of.made / "geometry/layover_shadow.tif")) | (observed.seen.layover_shadow > 0)

    def level(layers: Mapping[str, np.ndarray], planted: np.ndarray) -> Level:
        rate, std, coherence = (np.where(closed, np.nan, layers[name]) for name in names)
        return Level(rate - planted, std, coherence)

    return level(safe, of.rate), level(observed.layers, scene.los_rate(of.world, observed.seen, of.dates)), ~closed


def compared(safe: Level, product: Level, speed: np.ndarray, open_ground: np.ndarray) -> Both:
    """Measures of rates at SAFE and at product level, over the same cells.

    speed: planted, mm/yr.
    """
    both = np.isfinite(safe.error + product.error) & (np.fmin(safe.coherence, product.coherence) >= MIN_COHERENCE)
    still, moving = both & (speed <= STILL), both & (speed >= MOVING)
    valid = "share of open ground with a rate"
    of_safe, of_product = (
        level.measures(still, moving) | {valid: float(np.isfinite(level.error[open_ground]).mean())}
        for level in (safe, product)
    )
    return of_safe, of_product


def noise(of: Scene, settings: products.ProductSettings) -> Both:
    """Noise of the pairs at SAFE and at product level, over still open ground that is coherent."""
    seen = products.view(of.world, of.stack)
    closed = hidden(raster.read(of.made / "geometry/layover_shadow.tif")) | (seen.layover_shadow > 0)
    mean = raster.read(of.made / "stacking/mean_coherence.tif")
    cells = ~closed & (np.abs(of.rate) <= STILL) & (mean >= MIN_COHERENCE)
    simulated = products.simulate_pairs(
        of.world, seen, of.dates, of.pairs, of.world.seed, replace(settings, unwrapping=None)
    )
    own = ((each.pair, each.unfiltered_rad, each.filtered_rad, each.true_rad) for each in simulated)
    return _of_pairs(_safe_pairs(of), cells), _of_pairs(own, cells)


def _safe_pairs(of: Scene) -> Iterator[tuple[str, np.ndarray, np.ndarray, np.ndarray]]:
    """Name, unfiltered, filtered and planted phase of each pair that ran, by the later date."""
    rate = of.rate
    for pair in sorted(of.pairs, key=lambda pair: split_pair(pair)[::-1]):
        dates = split_pair(pair)
        earlier, later = (raster.read(of.truth / f"{date}.true_atmosphere_mm.tif") for date in dates)
        path_mm = later - earlier - rate * days_between(*dates) / DAYS_PER_YEAR
        phases = (raster.read(of.made / f"ifg/{pair}.wrapped_rad.tif", None, band) for band in (1, 2))
        yield pair, *phases, 4 * np.pi / WAVELENGTH / 1000 * path_mm


def _of_pairs(pairs: Iterator[tuple[str, np.ndarray, np.ndarray, np.ndarray]], cells: np.ndarray) -> dict[str, float]:
    """Medians over pairs of the noise in cells, by interval, and what following pairs share."""
    found: dict[str, list[float]] = {}
    last: tuple[str, np.ndarray] = ("", np.zeros(0))
    for pair, *phases, planted in pairs:
        days = pair_days(pair)
        for name, phase in zip(("unfiltered", "filtered"), phases, strict=True):
            rest = (phase - planted)[cells]
            rest = wrapped(rest - np.angle(np.exp(1j * rest).sum()))
            found.setdefault(f"noise of pairs of {days} days, {name}, rms, rad", []).append(rms(rest))
            found.setdefault(f"noise of pairs of {days} days, {name}, scatter, rad", []).append(spread(rest))
        earlier, later = split_pair(pair)
        if days == 12:
            if last[0] == earlier:
                # By phasors, for noise wraps: sines of still ground without level.
                shared = np.corrcoef(np.sin(last[1]), np.sin(rest))[0, 1]
                found.setdefault("correlation of the noise of following pairs of 12 days, filtered", []).append(shared)
            last = later, rest
    return {name: float(np.median(values)) for name, values in found.items()}


def command_of(of: Scene) -> str:
    """What measures a scene."""
    return COMMAND if of.region == VALLEY else f"{COMMAND} --region {of.region} --stack {of.stack}"


def rows(of: Scene, now: Both, before: Both) -> list[dict]:
    """Of one scene; each SAFE and product level."""

    def text(levels: Both, name: str) -> str:
        safe, product = (level[name] for level in levels)
        return f"{product:.3g} / {safe:.3g} = {product / safe:.2f}"

    goal = f"{1 - WITHIN:.2f} to {1 + WITHIN:.2f}"
    command = command_of(of)
    found = []
    for name, value in now[0].items():
        met = abs(now[1][name] / value - 1) <= WITHIN
        what = f"{of.region} {of.stack}, linked, product / SAFE level: {name}"
        found.append(row(what, text(now, name), command, goal, met, text(before, name)))
    return found


def main() -> None:
    """Run it."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--folder", type=Path, required=True, help="a folder of its own, in which it runs")
    parser.add_argument("--region", default=VALLEY, help="of the package, or of FOLDER/regions")
    parser.add_argument("--stack", default=STACK)
    chosen = parser.parse_args()
    chosen.folder.mkdir(parents=True, exist_ok=True)
    run_chain(chosen.folder, chosen.region, chosen.stack)
    of = Scene.of(chosen.folder, chosen.region, chosen.stack)
    put(rows(of, noise(of, of.settings), noise(of, of.before)))
    now, before = default_chain.rates(of.world.region, of.config), scene.RateChain()
    speed = np.abs(of.rate)
    of_rates, cpu_s = [], []
    for settings, chain in ((of.settings, now), (of.before, before)):
        start = time.process_time()
        safe, product, open_ground = levels(of, settings, chain)
        cpu_s.append(round(time.process_time() - start))
        of_rates.append(compared(safe, product, speed, open_ground))
    put(rows(of, *of_rates))
    what = f"{of.region} {of.stack}, linked: CPU s of the track at product level, {len(of.dates)} dates"
    put([row(what, cpu_s[0], command_of(of), f"at most {MAX_CPU_S}", cpu_s[0] <= MAX_CPU_S, cpu_s[1])])


if __name__ == "__main__":
    main()

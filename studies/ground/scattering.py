"""Scattering of the simulation beside that of real data: Kolmogorov-Smirnov distances.

    python -m studies.ground.scattering

Texture against Terceira, coherence by days and the noise of rates against two towns of Houston.
The simulation is that of SAFE products: single-look samples of a burst, and for Houston a world
laid out as the real window, its cells of 100 m with so many settled parts as the pairs of more than
200 days say. What was tuned where:

- texture: `scattering.TERCEIRA_VARIANCE` on samples 0 to 699 of Terceira, tested on the others;
- coherence: FOREST, FARMLAND and TOWN of `landcover` on Houston's window `mixed`, tested on
  `town_a` and `town_b`, of which the simulation knows nothing but the pairs of more than 200 days;
- ROCK and GRASS on El Haouz outside the shipped window, tested inside it;
- noise of rates: nothing.

Houston's fields show no texture (60 looks without coherence have a median of 0.107, and the cells
have 60 looks): its worlds are simulated without. Rows into studies/records/ground.json, figure into
docs/reference/images/ground_scattering.png.
"""

import argparse
import tempfile
import time
from dataclasses import dataclass, replace
from datetime import date as Date
from datetime import timedelta
from pathlib import Path

import h5py
import numpy as np
import rasterio
from pyproj import Transformer
from scipy.ndimage import map_coordinates, uniform_filter
from scipy.stats import ks_2samp
from tests.support.shipped_data import unpack
from tests.support.slc_support import as_complex, carrier, carrier_at, place, small_world

from sarsim import geometry
from sarsim.acquisition import WAVELENGTH, SimulatedAcquisition
from sarsim.landcover import CLASSES as CLASSES_BEFORE
from sarsim.landcover import FARMLAND, FOREST, GRASS, ROCK, SETTLEMENT, TOWN
from sarsim.landcover import MEASURED as COVER
from sarsim.scattering import MEASURED, ScatteringSettings
from sarsim.stack import StackSimulator
from sarsim.world import World, build_world
from sarslide.grid import RegionGrid
from sarslide.rates.phase_variance import phase_variance
from studies.ground import put, row
from studies.ground.real_data import HOUSTON_LOOKS, phase_scatter, terceira
from studies.structure.records import REPOSITORY

COMMAND = "python -m studies.ground.scattering"
FIGURE = REPOSITORY / "docs/reference/images/ground_scattering.png"
EL_HAOUZ_LOOKS = 17  # of its coherence: 15.5 to 20 by the phases
GOAL = 0.2  # largest Kolmogorov-Smirnov distance
WINDOW = 25  # samples of the local mean, as in studies/ground/real_data.py
TUNED_SAMPLES = 700  # of Terceira
CELL_M, PARTS = 100.0, 3  # Houston's cells, and cells of the world along each side of one
FOREST_SHARE = 0.63  # of the ground without lasting coherence, tuned on `mixed`
LASTING_DAYS = 200
SPANS = (12, 24, 48)
POINTS = (2, 8)  # places along north and east, in each part of a cell, at which samples are read
START = Date(2019, 3, 6)  # a pass of A128, in the place of Houston's reference
CLASSES = ((0.2, 0.4), (0.4, 0.6), (0.6, 0.95))  # of the mean coherence of a cell, for rates
YEAR = 365.25
VALLEY = RegionGrid(32647, 515130.0, 3215640.0, 30.0, 510, 270)  # the ground of the region `valley`


@dataclass(frozen=True)
class Pairs:
    """Pairs of a window with one reference date.

    Attributes
    ----------
    days : (n,) array of int
        From the reference.
    coherence, phase : (n, rows, cols) array of float
        As measured, phase in rad.
    """

    days: np.ndarray
    coherence: np.ndarray
    phase: np.ndarray

    def at(self, days: int) -> np.ndarray:
        """Coherence of all cells of the pairs of a span."""
        return self.coherence[np.abs(self.days) == days].ravel()

    @property
    def lasting(self) -> np.ndarray:
        """Mean coherence of pairs of more than LASTING_DAYS, its bias taken off, (rows, cols)."""
        mean = self.coherence[np.abs(self.days) > LASTING_DAYS].mean(0)
        bias = np.pi / 4 / HOUSTON_LOOKS  # squared mean of the magnitude without coherence
        return np.sqrt(np.clip(mean**2 - bias, 0, None) / (1 - bias))

    @property
    def scatter(self) -> float:
        """Scatter of the phase of coherent cells over what their coherence says."""
        found = [phase_scatter(*pair) for pair in zip(self.coherence, self.phase, strict=True)]
        return float(1.4826 * np.median(np.concatenate(found)))

    def rate_noise(self) -> tuple[np.ndarray, np.ndarray]:
        """Rates without those around, mm/yr, and mean coherence of their pairs up to 48 days.

        Off the phase of each pair that of the 120 cells around is taken, as in
        `real_data.phase_scatter`; a line through the reference is fitted by inverse variances.
        """
        years = (self.days / YEAR)[:, None, None]
        left = np.stack([beside(*pair) for pair in zip(self.coherence, self.phase, strict=True)])
        weight = 1 / phase_variance(np.clip(self.coherence, 0.05, 0.99), HOUSTON_LOOKS)
        slope = (weight * years * left).sum(0) / (weight * years**2).sum(0)
        near = (np.abs(self.days) <= max(SPANS)) & (self.days != 0)
        return slope * WAVELENGTH * 1e3 / (4 * np.pi), self.coherence[near].mean(0)


def beside(coherence: np.ndarray, phase: np.ndarray) -> np.ndarray:
    """Phase of a pair beside the mean of the 120 cells around, rad, (rows, cols)."""
    weighted = np.exp(1j * phase) * coherence**2
    around = 121 * (uniform_filter(weighted.real, 11) + 1j * uniform_filter(weighted.imag, 11)) - weighted
    return np.angle(np.exp(1j * phase) * around.conj())


def distance(one: np.ndarray, other: np.ndarray) -> float:
    """Kolmogorov-Smirnov distance of two samples."""
    return float(ks_2samp(one, other).statistic)


def houston(folder: Path, window: str) -> Pairs:
    """A window of Houston, without the reference itself."""
    with h5py.File(folder / "interferograms/houston_s1/houston_s1.h5") as file:
        dates = file["dates"][:].astype(str)
        days = np.array([f"{date[:4]}-{date[4:6]}-{date[6:]}" for date in dates], "datetime64[D]").astype(int)
        days -= days[list(dates).index(file.attrs["reference"])]
        layers = (file[f"{window}/{name}"][:] for name in ("coherence_1e4", "phase_milliradians"))
        coherence, phase = (layer[days != 0] / scale for layer, scale in zip(layers, (1e4, 1e3), strict=True))
    return Pairs(days[days != 0], coherence, phase)


def town_world(real: Pairs, seed: int) -> World:
    """A flat world laid out as a window: so many parts of each cell are settled as keep the cell's
    lasting coherence; of the others FOREST_SHARE of the cells are forest and the rest fields.
    """
    rng = np.random.default_rng(seed)
    rows, cols = real.lasting.shape
    settled = TOWN.power * TOWN.lasting + (1 - TOWN.power) * COVER[SETTLEMENT].rho_inf
    brighter = 10 ** ((COVER[SETTLEMENT].gamma0_db - COVER[FARMLAND].gamma0_db) / 10)
    # the share p of the parts that makes p brighter settled / (p brighter + 1 - p) of the coherence
    lasting = np.minimum(real.lasting, settled)
    share = lasting / (brighter * settled - lasting * (brighter - 1))
    parts = np.floor(share * PARTS**2 + rng.random((rows, cols))).astype(int)
    cover = np.where(rng.random((rows, cols)) < FOREST_SHARE, FOREST, FARMLAND).astype(np.uint8)
    cover = np.repeat(cover[:, :, None], PARTS**2, axis=2)
    order = rng.permuted(np.broadcast_to(np.arange(PARTS**2), cover.shape), axis=2)
    cover[order < parts[:, :, None]] = SETTLEMENT
    cover = cover.reshape(rows, cols, PARTS, PARTS).transpose(0, 2, 1, 3).reshape(rows * PARTS, cols * PARTS)
    world = small_world(*cover.shape, land_cover=cover, seed=seed)
    grid = replace(world.grid, cell_m=CELL_M / PARTS)
    return replace(world, region=grid, grid=grid)


def simulated(real: Pairs, settings: ScatteringSettings, seed: int) -> Pairs:
    """The pairs of a window, simulated as SAFE products and read at the real window's cells."""
    world = town_world(real, seed)
    stack = StackSimulator(world, "A128", scattering=settings)
    xyz = fine_points(world)
    reference = samples_at(stack, xyz, 0)
    pairs = [formed(reference, samples_at(stack, xyz, int(days)), real.lasting.shape) for days in real.days]
    coherence, phase = (np.stack(layer) for layer in zip(*pairs, strict=True))
    return Pairs(real.days, coherence, phase)


def fine_points(world: World) -> np.ndarray:
    """Earth-fixed places within all cells at which samples are read, (rows, cols, 3)."""
    grid = world.grid
    across, along = ((np.arange(n) + 0.5) / n * grid.cell_m - grid.cell_m / 2 for n in POINTS)
    north = (grid.y()[:, None] - across).ravel()
    east = (grid.x()[:, None] + along).ravel()
    x, y = np.meshgrid(east, north)
    lon, lat = Transformer.from_crs(grid.epsg, 4326, always_xy=True).transform(x, y)
    return geometry.to_ecef(lon, lat, np.full(x.shape, float(world.elevation_m[0, 0])))


def samples_at(stack: StackSimulator, xyz: np.ndarray, days: int) -> np.ndarray:
    """Single-look samples of a date at places, the phase of their range taken out.

    The first burst holds what lies before the middle of the region, the second the rest.
    """
    acq = stack.acquisition((START + timedelta(days=days)).strftime("%Y%m%d"))
    middle = geometry.zero_doppler(stack.track.arc, xyz)[0]
    read = np.zeros(xyz.shape[:2], complex)
    for number, pixels in enumerate(stack.bursts(acq, stack.path_delay_mm(acq.date))):
        mine = (middle < 0) == (number == 0)
        if mine.any():
            read[mine] = flat_samples(acq, number, pixels, xyz[mine])
    return read


def flat_samples(acq: SimulatedAcquisition, number: int, pixels: np.ndarray, xyz: np.ndarray) -> np.ndarray:
    """Samples of a burst at places (n, 3)."""
    line, sample, slant = place(acq, number, xyz)
    low, left = int(line.min()) - 20, int(sample.min()) - 20
    part = np.s_[max(low, 0) : int(line.max()) + 20, max(left, 0) : int(sample.max()) + 20]
    deramped = as_complex(pixels[part]) * np.exp(-1j * carrier(acq, number)[part])
    at = [line - part[0].start, sample - part[1].start]
    values = map_coordinates(deramped.real, at, order=3) + 1j * map_coordinates(deramped.imag, at, order=3)
    return values * np.exp(1j * (carrier_at(acq, number, line, sample) + 4 * np.pi / WAVELENGTH * slant))


def formed(earlier: np.ndarray, later: np.ndarray, shape: tuple[int, int]) -> tuple[np.ndarray, np.ndarray]:
    """Raw coherence and phase of a pair on cells."""

    def summed(values: np.ndarray) -> np.ndarray:
        rows, cols = (size // n for size, n in zip(values.shape, shape, strict=True))
        return values.reshape(shape[0], rows, shape[1], cols).sum((1, 3))

    product = summed(earlier * later.conj())
    power = summed(np.abs(earlier) ** 2) * summed(np.abs(later) ** 2)
    return np.abs(product) / np.sqrt(power), np.angle(product)


def land_intensity(folder: Path) -> tuple[np.ndarray, float]:
    """Intensity over its local mean and its median variance, Terceira's land not tuned on."""
    scene = terceira(folder)
    land = scene.land()
    land[:, :TUNED_SAMPLES] = False
    return evened(np.abs(scene.samples.astype(complex)) ** 2, land)


def simulated_intensity(settings: ScatteringSettings) -> tuple[np.ndarray, float]:
    """The same of 3.6 km of simulated, flat grassland."""
    world = small_world(120, 120)
    stack = StackSimulator(world, "A128", scattering=settings)
    acq = stack.acquisition(START.strftime("%Y%m%d"))
    pixels = stack.bursts(acq, np.zeros(world.grid.shape))[0]
    xyz = geometry.grid_ecef(world.grid, world.elevation_m.astype(float))
    line, sample, _ = place(acq, 0, xyz)
    inside = np.zeros(pixels.shape[:2], bool)
    last = min(line.max(), acq.valid_lines[1]) - 2 * WINDOW
    inside[int(line.min()) + 2 * WINDOW : int(last), int(sample.min()) + 99 : int(sample.max()) - 99] = True
    return evened(np.abs(as_complex(pixels)) ** 2, inside)


def evened(intensity: np.ndarray, chosen: np.ndarray) -> tuple[np.ndarray, float]:
    """Intensity over its mean in WINDOW, of chosen samples; median variance of that in WINDOW."""
    intensity = intensity / intensity[chosen].mean()
    mean = np.maximum(uniform_filter(intensity, WINDOW), 1e-9)
    variance = np.maximum(uniform_filter(intensity**2, WINDOW), 0) / mean**2 - 1
    return (intensity / mean)[chosen], float(np.median(variance[chosen]))


def ks_row(what: str, found: float, before: float) -> dict:
    """A row of a distance."""
    what = f"Simulated beside real: {what}, Kolmogorov-Smirnov distance"
    return row(what, round(found, 3), COMMAND, f"at most {GOAL}", found <= GOAL, round(before, 3))


def texture_rows(folder: Path, curves: dict) -> list[dict]:
    """Single-look intensity of land."""
    real, real_variance = land_intensity(folder)
    ours, variance = simulated_intensity(MEASURED)
    bare, bare_variance = simulated_intensity(ScatteringSettings())
    name = "single-look intensity of land over its local mean, Terceira"
    curves[name] = {"real": real, "simulated": ours, "before": bare}
    what = f"Simulated: variance of single-look intensity of land, Terceira's samples not tuned on: {real_variance:.2f}"
    return [
        ks_row(name, distance(ours, real), distance(bare, real)),
        row(what, round(variance, 2), COMMAND, "2.5, within 0.6", abs(variance - 2.5) <= 0.6, round(bare_variance, 2)),
    ]


def houston_rows(folder: Path, window: str, curves: dict, seed: int) -> list[dict]:
    """Coherence by days and noise of rates of a window that was not tuned on."""
    real = houston(folder, window)
    ours = simulated(real, replace(MEASURED, texture_variance=0.0), seed)
    bare = simulated(real, ScatteringSettings(), seed)
    found = []
    for days in SPANS:
        name = f"coherence at {days} days, Houston, {window}"
        curves[name] = {"real": real.at(days), "simulated": ours.at(days), "before": bare.at(days)}
        found.append(ks_row(name, *(distance(one.at(days), real.at(days)) for one in (ours, bare))))
    rates = {"real": real.rate_noise(), "simulated": ours.rate_noise(), "before": bare.rate_noise()}
    for low, high in CLASSES:
        name = f"noise of rates, coherence {low} to {high}, Houston, {window}"
        curves[name] = {key: rate[(level > low) & (level <= high)] for key, (rate, level) in rates.items()}
        chosen = curves[name]
        found.append(ks_row(name, *(distance(chosen[key], chosen["real"]) for key in ("simulated", "before"))))
    scatter = [pairs.scatter for pairs in (real, ours, bare)]
    what = (
        f"Simulated, Houston, {window}: scatter of the phase over what coherence above 0.6 says; real {scatter[0]:.2f}"
    )
    found.append(row(what, round(scatter[1], 2), COMMAND, "2 to 4", 2 <= scatter[1] <= 4, round(scatter[2], 2)))
    return found


def dry_row(folder: Path) -> dict:
    """Coherence of dry mountains at 12 days in El Haouz's shipped window: half rock, half grass.

    Classes and looks alone are compared, as circular Gaussian samples: neither noise nor slope.
    """
    with rasterio.open(folder / "interferograms/el_haouz_s1/coh_vv.tif") as source:
        real = source.read(1, masked=True).compressed()
    rng, drawn = np.random.default_rng(1), {}
    for key, classes in (("simulated", COVER), ("before", CLASSES_BEFORE)):
        drawn[key] = np.concatenate([sample_coherence(classes[code].coherence(12), rng) for code in (ROCK, GRASS)])
    found = (distance(values, real[np.isfinite(real)]) for values in drawn.values())
    return ks_row("coherence of rock and grass at 12 days, El Haouz, the window not tuned on", *found)


def sample_coherence(coherence: float, rng: np.random.Generator, count: int = 20000) -> np.ndarray:
    """Magnitudes of EL_HAOUZ_LOOKS looks, (count,)."""
    parts = rng.standard_normal((2, count, EL_HAOUZ_LOOKS, 2)).view(complex)[..., 0]
    one, other = parts[0], coherence * parts[0] + np.sqrt(1 - coherence**2) * parts[1]
    power = (np.abs(one) ** 2).sum(1) * (np.abs(other) ** 2).sum(1)
    return np.abs((one * other.conj()).sum(1)) / np.sqrt(power)


def draw(curves: dict[str, dict[str, np.ndarray]]) -> None:
    """Cumulative curves."""
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot

    colors = {"real": "C3", "simulated": "0.2", "before": "0.7"}
    figure, axes = pyplot.subplots(3, 5, figsize=(14, 8), sharey=True, layout="constrained")
    for panel, (name, samples) in zip(axes.flat, curves.items(), strict=False):
        for key, values in samples.items():
            at = np.quantile(values, np.linspace(0, 1, 301))
            panel.plot(at, np.linspace(0, 1, 301), color=colors[key], label=key)
        real = samples["real"]
        panel.set_xlim(*np.quantile(real, (0.005, 0.98 if real.min() >= 0 else 0.995)))
        panel.set_xlabel("mm/yr" if "rates" in name else "")
        panel.set_title(name.replace(", Houston", "\nHouston").replace(", Terceira", "\nTerceira"), fontsize="small")
    for panel in axes.flat[len(curves) :]:
        panel.set_axis_off()
    axes[0, 0].legend(fontsize="small")
    figure.savefig(FIGURE, dpi=80, metadata={"Software": None})


def cost_row() -> dict:
    """CPU time of a date of the valley's ascending stack with and without measured scattering."""
    world = build_world(VALLEY, seed=1848)
    spent = []
    for settings in (ScatteringSettings(), replace(MEASURED, snow_drop_m=1000, fading_mm_per_yr=-20)):
        stack = StackSimulator(world, "A128", scattering=settings)
        stack.images("20190306")  # compiles, and makes what all dates share
        start = time.process_time()
        stack.images("20190318")
        spent.append(time.process_time() - start)
    what = "Simulated: CPU time of one date of the valley with measured scattering, snow and a fading phase, s"
    return row(
        what, round(spent[1], 1), COMMAND, "at most 1.2 times before", spent[1] <= 1.2 * spent[0], round(spent[0], 1)
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.parse_args()
    curves: dict[str, dict[str, np.ndarray]] = {}
    with tempfile.TemporaryDirectory() as name:
        folder = unpack(Path(name))
        found = [*texture_rows(folder, curves), dry_row(folder)]
        for seed, window in enumerate(("town_a", "town_b"), 1):
            found += houston_rows(folder, window, curves, seed)
    draw(curves)
    put([*found, cost_row()])


if __name__ == "__main__":
    main()

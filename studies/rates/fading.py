"""Planted bias of fading ground: rates with it and after `rates.phase_bias: remove` took it off.

    python -m studies.rates.fading [--region FOLDER]

120 x 180 cells of 6 independent looks, 30 dates 12 days apart, land cover in patches of about 25
cells, samples by the simulator's decorrelation (`sarsim.landcover.CLASSES`). In the eastern half
the fading part of grass, forest and farmland turns as 20 mm/yr of motion towards the satellite
would turn it; in the western half it does not. Discs of 7 to 12 cells radius move away at 10 to
50 mm/yr. Coherence is the product's, from the samples; pairs bear their true cycles, so that the
errors are those of bias and speckle alone. Errors count from rock that does not move.

--region: working folder of a finished run of `valley`. The pairs of its track A128 with four
neighbours are formed from its geocoded SLCs, on real processing of simulated acquisitions without
fading; the bias of the land cover is added to them in the eastern half. Their cycles are those of
planted motion and atmosphere. Errors count from rock that does not move, as above.

Beside it, on the same closures: biases in the published ratios of 12-day pairs (Maghsoudi et al.
2022, doi:10.1016/j.rse.2022.113022, values of their code), and with the longest pair supposed
unbiased (as Zheng et al. 2022, doi:10.1109/TGRS.2022.3167648, do with longer ones).
"""

import argparse
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from scipy.ndimage import binary_erosion, gaussian_filter

from sarsim import landcover
from sarsim.acquisition import WAVELENGTH
from sarsim.scattering import VEGETATED, ScatteringSettings
from sarsim.world import load_world
from sarslide.grid import Lattice
from sarslide.insar.coherence import box_sum, coherence
from sarslide.insar.native.interferogram import multilook
from sarslide.io import raster
from sarslide.io.sidecar import read_json
from sarslide.layers import hidden
from sarslide.names import days_between, pair_days, split_pair
from sarslide.network import choose_pairs, interval_years
from sarslide.phase import wrapped
from sarslide.rates.corrections.pair_bias import POOL, CycleSpace, PairBias, pair_bias, rate_of_lengths
from sarslide.rates.los import mm_per_rad
from sarslide.rates.pipeline import stack_rates
from sarslide.rates.settings import RateSettings
from studies.rates import put, row

COMMAND = "python -m studies.rates.fading"
SHAPE, LOOKS, WINDOW = (120, 180), 6, 3
DATES = [str(np.datetime64("2019-03-06") + 12 * k).replace("-", "") for k in range(30)]
COVER = (landcover.ROCK, landcover.GRASS, landcover.FOREST, landcover.FARMLAND)
PATCH_CELLS, FADING_MM_PER_YR, SEED = 9.0, 20.0, 19
SLIDES, SLOWEST, FASTEST = 8, 10.0, 50.0  # mm/yr, away
# Of the bias of a pair of 1, 2, 3 and 4 times 12 days to the sum of its short pairs.
PUBLISHED = (1.0, 0.494, 0.297, 0.24)
PLAIN = RateSettings(height_correlated=False, plane=False)
LESS_BIAS, SAME = 0.5, 1.02  # of before: bias of fading ground, RMSE of other ground


@dataclass(frozen=True)
class Ground:
    """Planted ground: codes of land cover, where its fading part turns, motion (mm/yr)."""

    cover: np.ndarray
    turns: np.ndarray
    los_mm_per_yr: np.ndarray

    @classmethod
    def drawn(cls, rng: np.random.Generator) -> "Ground":
        """Patches, the eastern half with bias, discs that move."""
        field = gaussian_filter(rng.normal(size=SHAPE), PATCH_CELLS, mode="wrap")
        cover = np.asarray(COVER)[np.digitize(field, np.quantile(field, (0.25, 0.5, 0.75)))]
        turns = np.isin(cover, VEGETATED) & (np.arange(SHAPE[1]) >= SHAPE[1] // 2)
        y, x = np.mgrid[: SHAPE[0], : SHAPE[1]]
        motion = np.zeros(SHAPE)
        for speed in np.linspace(SLOWEST, FASTEST, SLIDES):
            row, col, radius = rng.uniform(12, SHAPE[0] - 12), rng.uniform(12, SHAPE[1] - 12), rng.uniform(7, 12)
            motion[(y - row) ** 2 + (x - col) ** 2 <= radius**2] = -speed
        return cls(cover, turns, motion)

    def classes(self) -> dict[str, np.ndarray]:
        """Cells by what they are asked for."""
        still = self.los_mm_per_yr == 0
        return {
            "biased ground": still & self.turns,
            "the same covers without bias": still & ~self.turns & np.isin(self.cover, VEGETATED),
            "rock": still & (self.cover == landcover.ROCK),
            "moving ground": ~still,
        }

    def inner(self) -> np.ndarray:
        """Cells whose box of the pooled closures has one cover."""
        return np.any([binary_erosion(self.cover == code, np.ones((POOL, POOL))) for code in COVER], axis=0)


def draw_pairs(ground: Ground, pairs: list[str], rng: np.random.Generator) -> dict[str, tuple[np.ndarray, np.ndarray]]:
    """(phase with its true cycles, coherence) of each pair."""
    scattering = ScatteringSettings(fading_mm_per_yr=FADING_MM_PER_YR)
    turn = np.where(ground.turns, scattering.fading_rad_per_day[ground.cover], 0)[..., None]
    lasting, first, tau = (
        landcover.table(name)[ground.cover][..., None].astype(float) for name in ("rho_inf", "rho_0", "tau_days")
    )
    shape = (*SHAPE, LOOKS)

    def drawn() -> np.ndarray:
        return (rng.normal(size=shape) + 1j * rng.normal(size=shape)) / np.sqrt(2)

    forever, fading, samples = drawn(), drawn(), {}
    for k, date in enumerate(DATES):
        if k:
            days = days_between(DATES[k - 1], date)
            kept = np.exp(-days / tau)
            fading = kept * fading * np.exp(1j * turn * days) + np.sqrt(1 - kept**2) * drawn()
        made = np.sqrt(lasting) * forever + np.sqrt(first - lasting) * fading + np.sqrt(1 - first) * drawn()
        samples[date] = made.astype(np.complex64)
    power = {date: np.sum(np.abs(each) ** 2, axis=2) for date, each in samples.items()}
    found: dict[str, tuple[np.ndarray, np.ndarray]] = {}
    for pair in pairs:
        one, two = split_pair(pair)
        product = np.sum(samples[one] * samples[two].conj(), axis=2)
        phase = np.angle(product) + ground.los_mm_per_yr * interval_years(pair) / mm_per_rad(WAVELENGTH)
        found[pair] = phase, coherence(product, power[one], power[two], WINDOW, LOOKS * WINDOW**2)
    return found


def other_laws(data: dict, pairs: list[str]) -> dict[str, np.ndarray]:
    """Bias (lengths, rows, cols) of all cells in published ratios, and of unbiased long pairs."""
    space = CycleSpace.of(pairs)
    phasors = {pair: box_sum(np.exp(1j * phase), WINDOW) for pair, (phase, _) in data.items()}
    closures = np.stack(
        [np.angle(box_sum(phasors[a] * phasors[b] * phasors[c].conj(), POOL)) for a, b, c in space.triplets]
    )
    ratio = np.array([k * PUBLISHED[k - 1] for k in range(1, len(space.days) + 1)])[:, None, None]
    factor, _ = space.fit(closures, ratio)
    seen = np.tensordot(space.whiten, closures, 1).reshape(len(space.whiten), -1)
    short, *_ = np.linalg.lstsq(space.of_length[:, :-1], seen, rcond=None)
    unbiased = np.concatenate([short, np.zeros((1, short.shape[1]))]).reshape(-1, *SHAPE)
    return {"published ratios": factor * ratio, "longest pairs unbiased": unbiased}


def rates(
    data: dict[str, tuple[np.ndarray, np.ndarray]],
    motion: np.ndarray,
    rock: np.ndarray,
    bias: np.ndarray | None = None,
    elevation_m: np.ndarray | None = None,
    exclude: np.ndarray | None = None,
) -> tuple[np.ndarray, np.ndarray]:
    """Error of the rate, from still rock, and the stated one, mm/yr; with heights corrected."""
    lengths = sorted({pair_days(pair) for pair in data})

    def read(pair: str) -> tuple[np.ndarray, np.ndarray, None]:
        phase, coherence = data[pair]
        known = 0 if bias is None else bias[lengths.index(pair_days(pair))]
        return phase - known, coherence, None

    settings = PLAIN if elevation_m is None else RateSettings()
    height = np.zeros(motion.shape) if elevation_m is None else elevation_m
    layers = stack_rates(read, list(data), height, WAVELENGTH, settings, exclude).layers
    error = layers["los_rate_mm_per_yr"] - motion
    return error - np.nanmedian(error[rock]), layers["los_rate_std_mm_per_yr"]


def rms(values: np.ndarray) -> float:
    """Root mean square."""
    return float(np.sqrt(np.nanmean(values**2)))


def of_network(neighbours: int) -> list[dict]:
    """Rows of one network."""
    rng = np.random.default_rng(SEED)
    ground, pairs = Ground.drawn(rng), choose_pairs(DATES, "nearest", 60, neighbours)
    data = draw_pairs(ground, pairs, rng)
    found = pair_bias(lambda pair, rows: (data[pair][0][rows], data[pair][1][rows]), pairs, SHAPE, WINDOW)
    motion, rock = ground.los_mm_per_yr, ground.classes()["rock"]
    kept, kept_std = rates(data, motion, rock)
    removed, removed_std = rates(data, motion, rock, found.bias_rad)
    removed_std = np.hypot(removed_std, found.rate_std_rad_per_yr * abs(mm_per_rad(WAVELENGTH)))
    others = {name: rates(data, motion, rock, bias)[0] for name, bias in other_laws(data, pairs).items()}
    what = f"planted fading, {neighbours} neighbours"
    rows = rows_of(what, ground.classes(), kept, removed)
    for name, cells in ground.classes().items():
        z = [rms(error[cells] / std[cells]) for error, std in ((kept, kept_std), (removed, removed_std))]
        rows.append(
            row(f"{what}: rms of error over stated error, {name}", round(z[1], 2), COMMAND, before=round(z[0], 2))
        )
    cells = ground.classes()["biased ground"]
    for name, error in others.items():
        text = f"{np.nanmean(error[cells]):.2f} / {rms(error[cells]):.2f}"
        rows.append(row(f"{what}: bias / RMSE of biased ground with {name}, mm/yr", text, COMMAND))
    rows.append(row(f"{what}: share of the planted bias that is taken off, where {POOL} x {POOL} cells have one cover",
                    round(share(found, ground, pairs), 2), COMMAND))  # fmt: skip
    return rows


def processed(folder: Path) -> list[dict]:
    """Rows of the pairs of a finished run."""
    results, truth = folder / "results/valley/A128/f0/native", folder / "resources/valley/truth"
    dates = sorted(path.stem for path in (results / "gslc").glob("*.tif"))
    pairs = choose_pairs(dates, "nearest", 60, 4)
    about = read_json(next((results / "ifg").glob("*_*.json")))
    world = load_world(truth / "world.npz")
    grid, mm = world.region, mm_per_rad(WAVELENGTH)
    sums = multilook({date: results / f"gslc/{date}.tif" for date in dates}, pairs, Lattice.of(grid))
    motion = raster.read(truth / "A128/true_los_rate_mm_per_yr.tif", grid)
    delay = {date: raster.read(truth / f"A128/{date}.true_atmosphere_mm.tif", grid) for date in dates}
    cover = world.land_cover[world.window]
    turns = np.isin(cover, VEGETATED) & (np.arange(grid.cols) >= grid.cols // 2)
    scattering, data = ScatteringSettings(fading_mm_per_yr=FADING_MM_PER_YR), {}
    for pair in pairs:
        one, two = split_pair(pair)
        of_code = [scattering.pair_bias_mm(code, days_between(one, two)) / mm for code in range(1, cover.max() + 1)]
        bias = np.where(turns, np.asarray(of_code)[cover - 1], 0)
        true = (motion * interval_years(pair) - delay[two] + delay[one]) / mm
        each = sums.pop(pair)
        known = coherence(each.product, each.power_earlier, each.power_later, WINDOW, about["looks"] * WINDOW**2)
        data[pair] = true + wrapped(np.angle(each.product) - true) + bias, known
    found = pair_bias(lambda pair, rows: (data[pair][0][rows], data[pair][1][rows]), pairs, grid.shape, WINDOW)
    outside = hidden(raster.read(results / "geometry/layover_shadow.tif", grid))
    seen = (raster.read(truth / "A128/true_observable.tif", grid) == 1) & ~outside
    still = seen & (motion == 0)
    classes = {
        "biased ground": still & turns,
        "the same covers without bias": still & ~turns & np.isin(cover, VEGETATED),
        "rock": still & (cover == landcover.ROCK),
        "moving ground": seen & (motion != 0),
    }
    height = raster.read(folder / "results/valley/terrain/f0/elevation_m.tif", grid)
    kept, removed = (rates(data, motion, classes["rock"], bias, height, outside)[0] for bias in (None, found.bias_rad))
    return rows_of("valley A128, planted fading, 4 neighbours", classes, kept, removed)


def rows_of(what: str, classes: dict[str, np.ndarray], kept: np.ndarray, removed: np.ndarray) -> list[dict]:
    """RMSE and bias of each class of ground, before and after."""
    rows = []
    for name, cells in classes.items():
        before, after = rms(kept[cells]), rms(removed[cells])
        biased = name == "biased ground"
        goal, met = ("< before", after < before) if biased else (f"<= {SAME} of before", after <= SAME * before)
        rows.append(row(f"{what}: RMSE of {name}, mm/yr", round(after, 2), COMMAND, goal, met, round(before, 2)))
        before, after = float(np.nanmean(kept[cells])), float(np.nanmean(removed[cells]))
        goal, met = (f"<= {LESS_BIAS} of before", abs(after) <= LESS_BIAS * abs(before)) if biased else ("shown", True)
        rows.append(row(f"{what}: bias of {name}, mm/yr", round(after, 2), COMMAND, goal, met, round(before, 2)))
    return rows


def share(found: PairBias, ground: Ground, pairs: list[str]) -> float:
    """Part of the planted bias of the rate that is taken off, in the middle of patches."""
    scattering = ScatteringSettings(fading_mm_per_yr=FADING_MM_PER_YR)
    planted = np.zeros(SHAPE)
    for code in VEGETATED:
        of_lengths = [scattering.pair_bias_mm(code, days) / mm_per_rad(WAVELENGTH) for days in found.days]
        planted[ground.turns & (ground.cover == code)] = rate_of_lengths(pairs) @ of_lengths
    cells = ground.turns & ground.inner()
    return float(found.rate_rad_per_yr[cells].sum() / planted[cells].sum())


def main() -> None:
    """Measure and put the rows into the record."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--region", type=Path, help="working folder of a finished run of valley")
    options = parser.parse_args()
    put([each for neighbours in (3, 4) for each in of_network(neighbours)])
    if options.region:
        put([each | {"command": f"{COMMAND} --region FOLDER"} for each in processed(options.region)])


if __name__ == "__main__":
    main()

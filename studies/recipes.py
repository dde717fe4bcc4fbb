"""The recipes against the planted rates of a finished demo run, with each correction on and off.

Averaged phase, stacking, SBAS.

    python -m studies.recipes --demo FOLDER

--demo: working folder of a finished run of the region `valley` (it holds resources/ and results/).
Publishes, for each stack, the errors of the rates and the delays of the dates before and after each
correction. Errors are those of cells that the track sees and that every recipe has a rate for, in
mm/yr; the truth's mean in the reference area is taken off the truth.
"""

import argparse
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from sarslide.evaluate.rate_error import DecayFit, PredictedError, predicted_rate_error, speckle_std_rad_per_yr
from sarslide.io import raster
from sarslide.io.sidecar import read_json
from sarslide.network import dates_of, interval_years, pair_matrix, years_of
from sarslide.rates import los
from sarslide.rates.corrections.atmosphere import terms_of
from sarslide.rates.corrections.date_delays import METHODS, trend_removal
from sarslide.rates.passes import Corrector, average_wrapped
from sarslide.rates.pipeline import average_phase, stack_rates
from sarslide.rates.sbas.rates import SbasSettings, sbas_rates
from sarslide.rates.settings import RateSettings
from studies.tables import publish

COMMAND = "python -m studies.recipes --demo FOLDER"
CLASSES = ((0, 0.3), (0.3, 0.5), (0.5, 0.7), (0.7, 1.01))
STILL_MM, MOVING_MM = 1.0, 15.0  # true rates of still and of moving ground
COEFFICIENTS = ("constant_rad", "height_rad_per_km", "east_rad", "north_rad")
DOUBLE_DIFFERENCE_KM = (1.0, 5.0)
NONE = RateSettings(height_correlated=False, plane=False)
HEIGHT = RateSettings(plane=False)
PAIRS = RateSettings()


class Stack:
    """Pairs of one stack in memory, its truth, and its geometry."""

    def __init__(self, folder: Path, stack: str):
        results, truth = folder / "results/valley" / stack / "f0" / "native", folder / "resources/valley/truth" / stack
        self.pairs = sorted(path.name.split(".")[0] for path in (results / "ifg").glob("*.unw_rad.tif"))
        self.dates = dates_of(self.pairs)
        self.elevation_m = raster.read(folder / "results/valley/terrain/f0/elevation_m.tif")
        self.cell_m = raster.grid_of(results / "geometry/layover_shadow.tif").cell_m
        self.exclude = raster.read(results / "geometry/layover_shadow.tif") > 0
        about = read_json(results / "ifg" / f"{self.pairs[0]}.json")
        self.wavelength_m, self.looks = about["wavelength_m"], about["looks"]
        self._read = {
            pair: {
                kind: raster.read(results / "ifg" / f"{pair}.{kind}.tif")
                for kind in ("unw_rad", "cor", "conncomp", "wrapped_rad")
            }
            for pair in self.pairs
        }
        self.truth = raster.read(truth / "true_los_rate_mm_per_yr.tif").astype(float)
        self.seen = raster.read(truth / "true_observable.tif") == 1
        self.delay_mm = np.stack([raster.read(truth / f"{day}.true_atmosphere_mm.tif") for day in self.dates])
        self.decay = DecayFit(self.elevation_m.shape)
        for pair in self.pairs:
            self.decay.add(interval_years(pair) * 365.25, self._read[pair]["cor"])

    def unwrapped(self, pair: str):
        return tuple(self._read[pair][kind] for kind in ("unw_rad", "cor", "conncomp"))

    def wrapped(self, pair: str):
        return tuple(self._read[pair][kind] for kind in ("wrapped_rad", "cor"))

    def atmosphere(self, pair: str) -> np.ndarray:
        """Phase that the true delays give a pair."""
        earlier, later = (self.delay_mm[self.dates.index(day)] for day in pair.split("_"))
        return los.delay_to_phase_rad(later - earlier, self.wavelength_m)

    def speckle(self, weights: np.ndarray | None = None) -> np.ndarray:
        """Predicted standard deviation of a rate from speckle, mm/yr; weights: of the pairs."""
        std = speckle_std_rad_per_yr(self.pairs, *self.decay.result(), self.looks, weights)
        return los.los_std_mm_per_yr(std, self.wavelength_m)


@dataclass(frozen=True)
class Result:
    """One recipe with one set of corrections.

    rate, std, mm/yr; reference: mask; cpu_s: of the estimate, files in memory.
    """

    recipe: str
    corrections: str
    rate: np.ndarray
    std: np.ndarray
    reference: np.ndarray
    coherence: np.ndarray
    cpu_s: float
    predicted: PredictedError


def corrections(settings: RateSettings) -> str:
    words = [word for word, on in (("height", settings.height_correlated), ("plane", settings.plane)) if on]
    words += [settings.atmosphere.replace("_", " ")] * (settings.atmosphere != "none")
    words += ["double difference"] * bool(settings.ring)
    words += ["weights"] * (settings.weighting != "none")
    return " + ".join(words) or "none"


def timed(work: Callable):
    start = time.process_time()
    return work(), time.process_time() - start


def stacking(data: Stack, settings: RateSettings) -> Result:
    rates, cpu = timed(
        lambda: stack_rates(data.unwrapped, data.pairs, data.elevation_m, data.wavelength_m, settings, data.exclude)
    )
    predicted = predicted_rate_error(
        data.delay_mm, data.dates, data.pairs, rates.ground, lambda pair: data.unwrapped(pair)[1:], data.looks,
        data.wavelength_m, settings,
    )  # fmt: skip
    layers = rates.layers
    return Result(
        "stacking (P4)", corrections(settings), layers["los_rate_mm_per_yr"], layers["los_rate_std_mm_per_yr"],
        rates.ground.reference.mask, layers["mean_coherence"], cpu, predicted,
    )  # fmt: skip


def averaging(data: Stack, settings: RateSettings, mean: str) -> Result:
    """The averaged phase over the mean interval of its pairs, as a rate."""
    rates, cpu = timed(lambda: average_phase(data.wrapped, data.pairs, data.elevation_m, settings, data.exclude, mean))
    to_rate = los.mm_per_rad(data.wavelength_m) / np.mean([interval_years(pair) for pair in data.pairs])
    only, _ = average_wrapped(
        lambda pair: (np.angle(np.exp(1j * data.atmosphere(pair))), data.wrapped(pair)[1]),
        data.pairs, rates.ground, settings, np.zeros(data.elevation_m.shape), mean,
    )  # fmt: skip
    years = sum(interval_years(pair) for pair in data.pairs)
    predicted = PredictedError(to_rate * only.estimate, data.speckle(np.full(len(data.pairs), 1 / years)))
    layers = rates.layers
    return Result(
        f"averaged phase (P0), {mean}", corrections(settings), to_rate * layers["avg_phase_rad"],
        -to_rate * layers["avg_phase_std_rad"], rates.ground.reference.mask, layers["mean_coherence"], cpu, predicted,
    )  # fmt: skip


def sbas(data: Stack, settings: RateSettings, weighting: str = "var") -> Result:
    chosen = SbasSettings(weighting=weighting, looks=data.looks)

    def run(read):
        return sbas_rates(
            lambda pair, rows, cols: tuple(layer[rows, cols] for layer in read(pair)), lambda *_: None,
            data.pairs, data.elevation_m, data.wavelength_m, settings, chosen, data.exclude,
        )  # fmt: skip

    rates, cpu = timed(lambda: run(data.unwrapped))
    only = run(lambda pair: (data.atmosphere(pair), *data.unwrapped(pair)[1:]))
    years = years_of(data.dates) - years_of(data.dates).mean()
    slope = years @ np.linalg.pinv(pair_matrix(data.pairs)) / (years @ years)
    predicted = PredictedError(only.layers["los_rate_mm_per_yr"], data.speckle(slope))
    layers = rates.layers
    return Result(
        "SBAS (P3)", corrections(replace(settings, weighting=weighting)), layers["los_rate_mm_per_yr"],
        layers["los_rate_std_mm_per_yr"], rates.preparation.ground.reference.mask, layers["mean_coherence"], cpu, predicted,
    )  # fmt: skip


def rms(values: np.ndarray) -> float | None:
    return float(np.sqrt(np.mean(values**2))) if values.size else None


def publish_rates(name: str, data: Stack, results: list[Result]) -> None:
    common = data.seen & np.isfinite(data.truth) & np.all([np.isfinite(result.rate) for result in results], 0)
    rows = []
    for result in results:
        level = data.truth[result.reference & data.seen & np.isfinite(data.truth)].mean()
        error = result.rate - (data.truth - level)
        still, moving = (common & (np.abs(data.truth) < STILL_MM)), (common & (np.abs(data.truth) >= MOVING_MM))
        along = error * np.sign(data.truth)
        classes = [common & (result.coherence >= low) & (result.coherence < high) for low, high in CLASSES]
        rows.append(
            [result.recipe, result.corrections, rms(error[common]), float(error[common].mean()), rms(error[still])]
            + [rms(error[moving]), float(along[moving].mean()), *(rms(error[where]) for where in classes)]
            + [result.predicted.rmse(still), rms(result.std[still]), round(result.cpu_s, 1)]
        )
    counts = ", ".join(
        f"{low} to {min(high, 1)}: {int((common & (results[0].coherence >= low) & (results[0].coherence < high)).sum())}"
        for low, high in CLASSES
    )
    publish(
        f"2_recipes_{name}",
        f"Recipes against the planted rates, {name}: {len(data.dates)} dates, {len(data.pairs)} pairs",
        COMMAND,
        ["recipe", "corrections", "RMSE mm/yr", "bias", "RMSE stationary", "RMSE moving", "bias moving"]
        + [f"RMSE at coherence {low}-{min(high, 1)}" for low, high in CLASSES]
        + ["predicted stationary", "formal stationary", "CPU s"],
        rows,
        f"{int(common.sum())} cells; by mean coherence {counts}. Stationary: planted rate below {STILL_MM:g} mm/yr; moving: at"
        f" least {MOVING_MM:g} mm/yr ({int(moving.sum())} cells); their bias is along the planted motion, negative = too slow."
        " Predicted: from the true delays of the dates, sent through the same chain, and from the speckle of unfiltered phase at"
        " their coherence: the averaged phase is unfiltered, stacking and SBAS read unwrapped phase that was filtered before,"
        " which lowers their speckle and slows small landslides. Formal: root mean square of the delivered standard errors. CPU"
        " seconds with all pairs in memory.",
    )  # fmt: skip


def publish_delays(name: str, data: Stack) -> None:
    """What is left of the true delays of the dates, on stable ground, after each correction."""
    found = stack_rates(data.unwrapped, data.pairs, data.elevation_m, data.wavelength_m, PAIRS, data.exclude)
    stable = found.ground.stable
    mm = -los.mm_per_rad(data.wavelength_m)
    terms = np.stack(list(terms_of(data.elevation_m, True, True).values()))
    truth = centred(data.delay_mm.astype(float), stable)
    free = trend_removal(data.pairs)
    rows = [["true delays", None, *left(truth, free, stable)]]
    for settings in (HEIGHT, PAIRS, *(replace(PAIRS, atmosphere=method) for method in METHODS[1:])):
        corrector = Corrector(data.unwrapped, found.ground, settings)
        used = [pair.name for pair in corrector.corrected(data.pairs)]
        fits = np.array([[corrector.removed[pair].get(word, 0.0) for word in COEFFICIENTS] for pair in used])
        taken = mm * np.tensordot(np.linalg.pinv(pair_matrix(used)) @ fits, terms, 1)
        delays = corrector.delays(data.pairs)
        if delays:
            taken += mm * np.stack([delays.coarse.spread(delays.of_date(day)) for day in data.dates])
        rate = predicted_rate_error(
            data.delay_mm, data.dates, data.pairs, found.ground, lambda pair: data.unwrapped(pair)[1:], data.looks,
            data.wavelength_m, settings,
        ).atmosphere_mm_per_yr  # fmt: skip
        rows.append(
            [
                corrections(settings),
                rms(rate[stable & np.isfinite(rate)]),
                *left(truth - centred(taken, stable), free, stable),
            ]
        )
    plain = predicted_rate_error(
        data.delay_mm, data.dates, data.pairs, found.ground, lambda pair: data.unwrapped(pair)[1:], data.looks,
        data.wavelength_m, NONE,
    ).atmosphere_mm_per_yr  # fmt: skip
    rows[0][1] = rms(plain[stable & np.isfinite(plain)])
    publish(
        f"2_recipes_delays_{name}",
        f"Delays of the dates before and after each correction, {name}",
        COMMAND,
        ["corrections", "rate error from delays mm/yr", "RMS of a date mm", "median date", "worst date"],
        rows,
        "Root mean square over stable ground of the true delay of each date less what the corrections took off, each date's mean"
        " and a straight line in time removed, which no correction can know. Corrections are estimated from the interferograms,"
        " not from the truth. The rate error is what the delays alone leave in the stacked rate.",
    )  # fmt: skip


def centred(delays: np.ndarray, stable: np.ndarray) -> np.ndarray:
    return delays - delays[:, stable].mean(1)[:, None, None]


def left(delays: np.ndarray, free: np.ndarray, stable: np.ndarray) -> list[float]:
    """Over all dates, of the median and of the worst date, mm."""
    of_dates = np.sqrt(np.mean((free @ delays[:, stable]) ** 2, axis=1))
    return [rms(of_dates), float(np.median(of_dates)), float(of_dates.max())]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument(
        "--demo", type=Path, required=True, help="working folder of a finished run of the region valley"
    )
    parser.add_argument("--stacks", nargs="+", default=["A128", "D062"], help="stacks (default: both of the demo)")
    chosen = parser.parse_args()
    for name in chosen.stacks:
        data = Stack(chosen.demo, name)
        ring = tuple(km * 1e3 / data.cell_m for km in DOUBLE_DIFFERENCE_KM)
        results = [
            averaging(data, settings, "complex")
            for settings in (NONE, HEIGHT, PAIRS, replace(PAIRS, weighting="coherence"))
        ]
        results += [averaging(data, PAIRS, "arithmetic")]
        results += [
            stacking(data, settings)
            for settings in (
                NONE,
                HEIGHT,
                PAIRS,
                replace(PAIRS, weighting="coherence"),
                *(replace(PAIRS, atmosphere=method) for method in METHODS[1:]),
                replace(PAIRS, ring=ring),
            )
        ]
        results += [sbas(data, NONE), sbas(data, HEIGHT), sbas(data, PAIRS), sbas(data, PAIRS, "none")]
        publish_rates(name, data, results)
        publish_delays(name, data)


if __name__ == "__main__":
    main()

"""What stated errors of rates are worth: found error over stated error, by class of cells.

    python -m studies.rates.errors --folder FOLDER --region REGION [--stack STACK]
    python -m studies.rates.errors --houston

FOLDER holds a finished run of a simulated region of one frame, with its truth. The rates of each
track are made again of its pairs; `before` are the errors that the run stored with the same rates.
z is the error of a rate over its stated error: root mean square, and in brackets 1.4826 times the
median of its absolute value. Truth is counted from its median in the reference area, as rates are.
Cells: rated, and seen by the track; classes of fewer than 500 are left out.

Motion that filter and multilook blur is in no stated error. `blur` shows what of z by speed it
explains: the mean square contrast of the rate with the 7 x 7 cells around each cell, averaged over
as many, as far as it exceeds twice the squared error, is added to that.

Houston: two real towns of 50 x 50 cells of 100 m on 93 dates (`SARSLIDE_REAL_DATA`). Every other
date makes one half; each is stacked on its own, in pairs of 24 and 48 days. Both have the same true
rate, so that their difference holds nothing but errors. `before` is without what stable ground adds
and with the noise of each cell split by itself.
"""

import argparse
import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from sarslide.frames import WHOLE
from sarslide.grid import RegionGrid
from sarslide.io import raster
from sarslide.io.sidecar import read_json
from sarslide.layers import hidden
from sarslide.phase import wrapped
from sarslide.rates.noise_parts import mean_around
from sarslide.rates.passes import stack_unwrapped
from sarslide.rates.pipeline import stack_rates
from sarslide.rates.rasters import unwrapped_block_reader, unwrapped_reader
from sarslide.rates.sbas.rates import SbasSettings, sbas_rates
from sarslide.rates.settings import RateSettings
from studies.rates import put, row

COMMAND = "python -m studies.rates.errors --folder FOLDER --region {region}{how}"
HOUSTON_COMMAND = "python -m studies.rates.errors --houston"
COHERENCE, SPEED, DISTANCE = (0, 0.3, 0.5, 0.7, 1), (0, 1, 5, 15, 50, np.inf), (0, 1, 2, 4, 8, np.inf)
SLOW = 5.0  # mm/yr
BLUR_CELLS = 7
MIN_CELLS, LOW, HIGH, MAX_STATED = 500, 0.9, 1.1, 1.1
WAVELENGTH_M = 0.05546576
TOWN = 0.2  # mean coherence with a date up to two years away
LAYERS = ("los_rate_mm_per_yr", "los_rate_std_mm_per_yr", "mean_coherence")


@dataclass(frozen=True)
class Track:
    """Rates of a track beside their truth; arrays (rows, cols).

    Attributes
    ----------
    error, std : array of float
        Rate less planted rate, and stated error, mm/yr.
    stored_std : array of float, optional
        Stated error of the run, mm/yr.
    coherence, speed, distance : array of float
        Mean coherence; planted speed in line of sight, mm/yr; km from the middle of the reference.
    used : array of bool
        Cells that count.
    blur : array of float
        `blur_of` the rate, mm/yr.
    """

    error: np.ndarray
    std: np.ndarray
    stored_std: np.ndarray | None
    coherence: np.ndarray
    speed: np.ndarray
    distance: np.ndarray
    used: np.ndarray
    blur: np.ndarray


def blur_of(rate: np.ndarray, std: np.ndarray) -> np.ndarray:
    """Contrast of a rate with the cells around that its noise does not explain, mm/yr."""
    contrast = mean_around(np.square(rate - mean_around(rate, BLUR_CELLS)), BLUR_CELLS)
    return np.sqrt(np.maximum(np.nan_to_num(contrast) - 2 * std**2, 0))


def track_of(folder: Path, region: str, stack: str, method: str, atmosphere: str | None) -> Track:
    """Make the rates of a track again, and read its truth."""
    made = Path("results") / region / stack / WHOLE / "native"
    about = read_json(folder / made / "stacking/stack_rates.json")
    params, inputs = about["params"], {name: list(paths) for name, paths in about["inputs"].items()}
    grid, here = RegionGrid.from_dict(params["grid"]), Path.cwd()
    os.chdir(folder)  # names in a sidecar are those of its folder
    try:
        layers, reference = rates(method, params | ({"atmosphere": atmosphere} if atmosphere else {}), inputs, grid)
        kept = made / method / "los_rate_std_mm_per_yr.tif"
        stored = raster.read(kept, grid) if kept.is_file() and not atmosphere else None
        truth_of = Path("resources") / region / "truth" / stack
        truth = raster.read(truth_of / "true_los_rate_mm_per_yr.tif", grid)
        seen = raster.read(truth_of / "true_observable.tif", grid) == 1
    finally:
        os.chdir(here)
    rate, std, coherence = (np.asarray(layers[name], float) for name in LAYERS)
    middle = [at.mean() for at in np.nonzero(reference)]
    rows, cols = np.indices(grid.shape)
    return Track(
        rate - (truth - np.median(truth[reference])),
        std,
        stored,
        coherence,
        np.abs(truth),
        np.hypot(rows - middle[0], cols - middle[1]) * grid.cell_m / 1e3,
        seen & np.isfinite(rate + truth) & (std > 0),
        blur_of(rate, std),
    )


def rates(method: str, params: dict, inputs: dict, grid: RegionGrid) -> tuple[dict[str, np.ndarray], np.ndarray]:
    """Layers of a method, and the reference area, from the parameters and inputs of a sidecar."""
    settings = RateSettings.of(params, grid)
    elevation = raster.read(inputs["elevation"][0], grid)
    exclude = hidden(raster.read(inputs["layover_shadow"][0], grid))
    files = inputs | {"loop_errors": (inputs.get("loop_errors") or [None])[0]}
    if method == "sbas":
        read_block = unwrapped_block_reader(params, files, grid)
        looks = read_json(inputs["sidecars"][0])["looks"]
        found = sbas_rates(
            read_block, lambda *_: None, params["pairs"], elevation, WAVELENGTH_M, settings,
            SbasSettings(looks=looks, device="cpu"), exclude,
        )  # fmt: skip
        return found.layers, found.preparation.ground.reference.mask
    read = unwrapped_reader(params, files, grid)
    stacked = stack_rates(read, params["pairs"], elevation, WAVELENGTH_M, settings, exclude)
    return stacked.layers, stacked.ground.reference.mask


def z_of(error: np.ndarray, std: np.ndarray) -> tuple[float, float, float]:
    """Root mean square and robust z, and median stated error over RMSE."""
    z = error / std
    rms = float(np.sqrt(np.mean(error**2)))
    return float(np.sqrt(np.mean(z**2))), float(1.4826 * np.median(np.abs(z))), float(np.median(std)) / rms


def class_rows(track: Track, what: str, command: str) -> Iterator[dict]:
    """Rows by class of coherence, speed and distance."""
    slow = track.speed < SLOW
    by_speed = ("speed, mm/yr, error of blurred motion added", track.speed, SPEED, None)
    blurred = replace(track, std=np.hypot(track.std, track.blur), stored_std=None)
    kinds = (
        ("coherence", track.coherence, COHERENCE, None),
        (f"coherence, ground slower than {SLOW:g} mm/yr", track.coherence, COHERENCE, slow),
        ("speed, mm/yr", track.speed, SPEED, None),
        ("distance, km", track.distance, DISTANCE, None),
        (f"distance, km, ground slower than {SLOW:g} mm/yr", track.distance, DISTANCE, slow),
    )
    for kind, values, edges, only in (*kinds, by_speed):
        names, now, before = [], [], []
        shown = kind == by_speed[0]  # no layer holds it
        if shown:
            track = blurred
        for low, high in zip(edges[:-1], edges[1:], strict=True):
            cells = track.used & (values >= low) & (values < high if high > 1 else values <= high)
            if only is not None:
                cells &= only
            if cells.sum() < MIN_CELLS:
                continue
            names.append(f"{low:g} to {high:g}" if np.isfinite(high) else f"over {low:g}")
            now.append(z_of(track.error[cells], track.std[cells]))
            if track.stored_std is not None:
                before.append(z_of(track.error[cells], track.stored_std[cells]))
        name = f"{what}: by {kind} ({' / '.join(names)})"
        goal, met = f"{LOW} to {HIGH}", all(LOW <= rms <= HIGH for rms, _, _ in now)
        limits = ("shown", True) if shown else (goal, met)
        yield row(f"{name}: z rms", z_text(now), command, *limits, z_text(before) or None)
        goal, met = f"<= {MAX_STATED}", all(share <= MAX_STATED for _, _, share in now)
        limits = ("shown", True) if shown else (goal, met)
        yield row(f"{name}: median stated error over RMSE", stated(now), command, *limits, stated(before) or None)


def z_text(found: Sequence[tuple[float, float, float]]) -> str:
    """Rms and robust z of classes."""
    return " / ".join(f"{rms:.2f} ({robust:.2f})" for rms, robust, _ in found)


def stated(found: Sequence[tuple[float, float, float]]) -> str:
    """Median stated error over RMSE of classes."""
    return " / ".join(f"{share:.2f}" for _, _, share in found)


def halves(phase: np.ndarray, coherence: np.ndarray, dates: Sequence[str], held: bool) -> list[np.ndarray]:
    """Rate and stated error of every other date, first half and second, mm/yr."""
    shape = phase.shape[1:]
    middle, found = (shape[0] / 2, shape[1] / 2, shape[0] / 2), []
    for first in (0, 1):
        chosen = range(first, len(dates), 2)
        ends = {f"{dates[i]}_{dates[j]}": (i, j) for k, j in enumerate(chosen) for i in chosen[max(k - 2, 0) : k]}

        def read(pair: str, ends: dict = ends) -> tuple[np.ndarray, np.ndarray, None]:
            i, j = ends[pair]
            both = np.sqrt(coherence[i] * coherence[j])
            turned = np.exp(1j * (phase[j] - phase[i]))
            level = np.angle((turned * both**2).sum())
            return wrapped(phase[j] - phase[i] - level), both, None

        settings = RateSettings(height_correlated=False, min_coherence=TOWN, reference=middle)
        made = stack_rates(read, list(ends), np.zeros(shape), WAVELENGTH_M, settings)
        std = made.layers["los_rate_std_mm_per_yr"]
        if not held:
            alone, _ = stack_unwrapped(read, list(ends), made.ground, settings, None)
            std = alone.std * WAVELENGTH_M / (4 * np.pi) * 1e3
        found += [np.where(made.layers["mean_coherence"] > TOWN, made.layers["los_rate_mm_per_yr"], np.nan), std]
    return found


def houston_rows(data: Path) -> Iterator[dict]:
    """Halves of the dates against each other."""
    import h5py

    with h5py.File(data / "interferograms/houston_s1/houston_s1.h5") as file:
        dates = list(file["dates"][:].astype(str))
        reference = dates.index(file.attrs["reference"])
        towns = {
            name: (file[f"{name}/phase_milliradians"][:] / 1e3, file[f"{name}/coherence_1e4"][:] / 1e4)
            for name in ("town_a", "town_b")
        }
    found: dict[bool, list[tuple[np.ndarray, np.ndarray]]] = {False: [], True: []}
    for phase, coherence in towns.values():
        coherence[reference] = 1
        for held, of_towns in found.items():
            one, its, other, others = halves(phase, coherence, dates, held)
            cells = np.isfinite(one + other)
            error = (one - other)[cells]
            of_towns.append((error - np.median(error), np.hypot(its, others)[cells]))
    counts = " and ".join(str(len(error)) for error, _ in found[True])
    what, command = f"errors of Houston, halves of the dates, towns of {counts} cells", HOUSTON_COMMAND
    before, now = ([z_of(*(np.concatenate(each) for each in zip(*found[held], strict=True)))] for held in (False, True))
    met = LOW <= now[0][0] <= HIGH
    yield row(f"{what}: z rms", z_text(now), command, f"{LOW} to {HIGH}", met, z_text(before))
    towns_now = z_text([z_of(*town) for town in found[True]])
    yield row(
        f"{what}: z rms of each town", towns_now, command, "shown", True, z_text([z_of(*t) for t in found[False]])
    )
    what, met = f"{what}: median stated error over RMSE", now[0][2] <= MAX_STATED
    yield row(what, stated(now), command, f"<= {MAX_STATED}", met, stated(before))


def main() -> None:
    """Measure, record."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--folder", type=Path)
    parser.add_argument("--region", default="demo")
    parser.add_argument("--stack", help="one track only")
    parser.add_argument("--method", default="stacking", choices=("stacking", "sbas"))
    parser.add_argument("--atmosphere", choices=("filter", "common_scene"), help="taken off, whatever the run did")
    parser.add_argument("--houston", action="store_true")
    parser.add_argument("--print", action="store_true", help="record nothing")
    chosen = parser.parse_args()
    found: list[dict] = []
    if chosen.houston:
        found += houston_rows(Path(os.environ["SARSLIDE_REAL_DATA"]))
    if chosen.folder:
        how = "" if chosen.method == "stacking" else f" --method {chosen.method}"
        how += f" --atmosphere {chosen.atmosphere}" if chosen.atmosphere else ""
        command = COMMAND.format(region=chosen.region, how=how)
        for truth in sorted((chosen.folder / "resources" / chosen.region / "truth").glob("[AD][0-9]*/")):
            if chosen.stack not in (None, truth.name):
                continue
            track = track_of(chosen.folder, chosen.region, truth.name, chosen.method, chosen.atmosphere)
            what = f"errors of {chosen.region} {truth.name}, {chosen.method}" + (
                f", atmosphere {chosen.atmosphere}" if chosen.atmosphere else ""
            )
            found += class_rows(track, what, command)
    if chosen.print:
        for one in found:
            print(one["what"], "|", one["before"], "|", one["measured"], "|", one["met"])
    else:
        put(found)


if __name__ == "__main__":
    main()

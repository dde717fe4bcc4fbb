"""Phase linking beside dolphin's, and beside the default, on one set of geocoded SLCs.

    snakemake --cores 2 --directory DEFAULT --config region=valley
    python -m studies.rates.dolphin --default DEFAULT --dolphin PYTHON

PYTHON is that of an environment with dolphin 0.42.9 (https://github.com/isce-framework/dolphin) and
GDAL. A strip of the track is cut out, ROWS of its cells. All that is linked has the same samples,
pairs and strides (a cell), and a window of 3 x 3 cells: dolphin's is 9 x 17 samples without
selection of neighbours, ours has weights 1-2-1 and selects. Dolphin links all dates in one call, we
link mini-stacks. Coherence, unwrapping and rates (stacking, and SBAS as the line) are those of the
package with its defaults for everybody.

CPU s are from samples to the linked phases of the dates, reading included with ours, not with
dolphin's arrays; the default's are those of its filtered pairs. Compilation is left out: dolphin
runs twice and the second run counts. Cells: all rates of the method known, seen by the track, mean
coherence over 0.4; moving is 5 mm/yr or more, bias is along the motion, of what is slower than 100.
"""

import argparse
import json
import subprocess
import time
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np

from sarslide.frames import WHOLE
from sarslide.grid import Lattice, RegionGrid
from sarslide.insar.native.acquisition import Acquisition, bands_swapped
from sarslide.insar.native.geocode_slc import BANDS
from sarslide.insar.native.interferogram import form_pair, multilook, open_slc, read_bands
from sarslide.insar.unwrap import BRIDGE_M, open_ground, phase_for_cycles, unwrap, with_cycles_of
from sarslide.io import raster
from sarslide.io.sidecar import read_json
from sarslide.layers import hidden
from sarslide.linking.ministack import Source, link
from sarslide.names import split_pair
from sarslide.phase import wrapped
from sarslide.rates.pipeline import stack_rates
from sarslide.rates.sbas.rates import SbasSettings, sbas_rates
from sarslide.rates.settings import RateSettings
from studies.rates import put, row
from studies.rates.linking import COHERENT, Scene, bias, rmse

COMMAND = "python -m studies.rates.dolphin --default DEFAULT --dolphin PYTHON"
ROWS = (400, 460)  # of the cells of the track, where most of the valley's landslides are
MINISTACK = 10
ALPHA, WINDOW, CYCLES_WINDOW, COHERENCE_WINDOW = 0.5, 16, 32, 3  # the package's defaults
HALF_WINDOW, STRIDES = (4, 8), (3, 6)  # dolphin's, in samples of 5 m x 10 m: 9 x 17, a cell of 30 m
BETTER, CHEAPER = 0.8, 4.0
# Run by dolphin's Python in a folder with samples.npy.
DOLPHIN = """
import json, sys, time
import numpy as np
import dolphin
from dolphin import HalfWindow, Strides
from dolphin.phase_link import run_phase_linking
evd, half_window, strides = json.loads(sys.argv[1])
half_window, strides = HalfWindow(*half_window), Strides(*strides)
samples = np.load("samples.npy")
nowhere = (samples == 0).any(0)
for _ in range(2):
    start = time.process_time()
    found = run_phase_linking(samples, half_window, strides, use_evd=evd, nodata_mask=nowhere)
    cpu = time.process_time() - start
np.save("phase.npy", np.angle(found.cpx_phase).astype(np.float32))
print(json.dumps({"cpu_s": cpu, "version": dolphin.__version__}))
"""


@dataclass(frozen=True)
class Strip:
    """A strip of a track, its geocoded SLCs cut out.

    Attributes
    ----------
    grid : RegionGrid
        Its cells.
    acquisitions : list of Acquisition
        Its dates.
    folder : Path
        Where `DATE.tif` are.
    layover_shadow, elevation_m : (rows, cols) array
        Layers of its cells.
    """

    grid: RegionGrid
    acquisitions: list[Acquisition]
    folder: Path
    layover_shadow: np.ndarray
    elevation_m: np.ndarray

    @property
    def looks(self) -> float:
        """Independent looks of a cell."""
        return self.grid.cell_m**2 * self.acquisitions[0].samples_per_m2

    @property
    def sources(self) -> list[Source]:
        """Its dates in the burst parity of the first."""
        first = self.acquisitions[0]
        return [
            Source(one.date, self.folder / f"{one.date}.tif", bands_swapped(first, one)) for one in self.acquisitions
        ]

    @property
    def pairs(self) -> list[str]:
        """Each date with the two before it."""
        dates = [one.date for one in self.acquisitions]
        return sorted(f"{dates[k - lag]}_{dates[k]}" for lag in (1, 2) for k in range(lag, len(dates)))


def cut(folder: Path, region: str, stack: str, rows: tuple[int, int], to: Path) -> Strip:
    """Cut a strip of the geocoded SLCs of a track out."""
    results = folder / "results" / region
    native = results / stack / WHOLE / "native"
    whole = raster.grid_of(native / "geometry/layover_shadow.tif")
    grid = replace(whole, north=whole.north - rows[0] * whole.cell_m, rows=rows[1] - rows[0])
    lattice, of_whole = Lattice.of(grid), Lattice.of(whole)
    paths = sorted((native / "gslc").glob("*.tif"))
    place = (slice(rows[0] * lattice.per_y, rows[1] * lattice.per_y), slice(0, lattice.cols))
    for path in paths:
        with ExitStack() as held:
            bands = read_bands(open_slc(held, path, of_whole), *place)
        with raster.create(to / path.name, lattice, "gslc", {}, BANDS) as write:
            for band, samples in bands.items():
                write(slice(0, lattice.rows), slice(0, lattice.cols), samples, band + 1)
    return Strip(
        grid,
        [Acquisition.from_dict(read_json(path.with_suffix(".json"))) for path in paths],
        to,
        raster.read(native / "geometry/layover_shadow.tif", whole)[slice(*rows)],
        raster.read(results / "terrain" / WHOLE / "elevation_m.tif", whole)[slice(*rows)],
    )


def ours(strip: Strip, method: str) -> tuple[np.ndarray, float]:
    """Linked phases of the dates, rad, in mini-stacks, and CPU s; a first strip compiles."""
    lattice, cells = Lattice.of(strip.grid), hidden(strip.layover_shadow)

    def of_dates(sources: list[Source]) -> np.ndarray:
        phase = np.full((len(sources), *strip.grid.shape), np.nan, np.float32)
        compressed: list[Source] = []
        for start in range(0, len(sources), MINISTACK):
            own = slice(start, min(start + MINISTACK, len(sources)))
            path = strip.folder / f"{method}{start}.tif"
            with raster.create(path, lattice, "gslc", {}, BANDS) as write:
                for block in link(compressed, sources[own], lattice, strip.looks, cells, method):
                    phase[own, block.rows, block.cols] = block.phase_rad
                    for band, samples in block.compressed.items():
                        write(*block.samples, samples, band + 1)
            compressed.append(Source(path.stem, path))
        return phase

    of_dates(strip.sources[:3])
    start = time.process_time()
    return of_dates(strip.sources), time.process_time() - start


def dolphins(strip: Strip, python: Path, method: str) -> tuple[np.ndarray, float, str]:
    """dolphin's linked phases of the dates, rad, CPU s, and its version."""
    lattice = Lattice.of(strip.grid)
    everything = (slice(0, lattice.rows), slice(0, lattice.cols))
    samples = np.zeros((len(strip.sources), *lattice.shape), np.complex64)
    for one, source in zip(samples, strip.sources, strict=True):
        with ExitStack() as held:
            bands = read_bands(open_slc(held, source.path, lattice), *everything)
        for _, band in sorted((index ^ source.swapped, values) for index, values in bands.items()):
            one += np.where(one == 0, band, 0)  # where bursts overlap it has the first one
    np.save(strip.folder / "samples.npy", samples)
    arguments = json.dumps([method == "evd", HALF_WINDOW, STRIDES])
    run = [str(python), "-c", DOLPHIN, arguments]
    said = subprocess.run(run, cwd=strip.folder, check=True, capture_output=True, text=True).stdout
    about = json.loads(said.splitlines()[-1])
    return np.load(strip.folder / "phase.npy"), about["cpu_s"], about["version"]


def rates(strip: Strip, filtered: dict[str, np.ndarray], coherence: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    """LOS rates, mm/yr, of filtered or linked pairs by stacking and by SBAS."""
    unwrapped = {}
    for pair, phase in filtered.items():
        guide = phase_for_cycles(open_ground(phase, strip.layover_shadow), coherence[pair], ALPHA, CYCLES_WINDOW)
        looks = strip.looks * COHERENCE_WINDOW**2
        whole, components = unwrap(guide, coherence[pair], looks, reach=BRIDGE_M / strip.grid.cell_m)
        unwrapped[pair] = with_cycles_of(whole, phase), coherence[pair], components
    settings, wavelength_m = RateSettings.of({}, strip.grid), strip.acquisitions[0].wavelength_m
    elevation_m, shaded = strip.elevation_m, hidden(strip.layover_shadow)
    stacked = stack_rates(unwrapped.__getitem__, strip.pairs, elevation_m, wavelength_m, settings, shaded)
    series = sbas_rates(
        lambda pair, rows, cols: tuple(layer[rows, cols] for layer in unwrapped[pair]),
        lambda *_: None,
        strip.pairs,
        elevation_m,
        wavelength_m,
        settings,
        SbasSettings(looks=strip.looks, min_temporal_coherence=0.7, device="cpu"),
        shaded,
    )
    found = {"stacking": stacked.layers, "sbas": series.layers}
    return {name: layers["los_rate_mm_per_yr"] for name, layers in found.items()}


def measured(strip: Strip, python: Path) -> tuple[dict[str, dict[str, np.ndarray]], dict[str, float], np.ndarray]:
    """Rates by estimator and rate method, CPU s by estimator, mean coherence of the pairs."""
    files = {source.name: source.path for source in strip.sources}
    swapped_of = {source.name: source.swapped for source in strip.sources}
    swapped = frozenset(pair for pair in strip.pairs if len({swapped_of[date] for date in split_pair(pair)}) == 2)
    start = time.process_time()
    sums = multilook(files, strip.pairs, Lattice.of(strip.grid), swapped)
    formed = {pair: form_pair(one, strip.looks, COHERENCE_WINDOW, ALPHA, WINDOW) for pair, one in sums.items()}
    cpu_s = {"default": time.process_time() - start}
    coherence = {pair: one.coherence for pair, one in formed.items()}
    found = {"default": rates(strip, {pair: one.filtered_rad for pair, one in formed.items()}, coherence)}
    estimators: dict[str, Callable] = {f"ours {method}": lambda m=method: ours(strip, m) for method in ("emi", "evd")}
    estimators |= {f"dolphin {method}": lambda m=method: dolphins(strip, python, m) for method in ("emi", "evd")}
    dates = [one.date for one in strip.acquisitions]
    for name, estimate in estimators.items():
        phase, cpu_s[name], *version = estimate()
        print(name, *version, f"{cpu_s[name]:.1f} CPU s", flush=True)
        numbers = {pair: [dates.index(date) for date in split_pair(pair)] for pair in strip.pairs}
        pairs = {pair: wrapped(phase[i] - phase[j]).astype(np.float32) for pair, (i, j) in numbers.items()}
        found[name] = rates(strip, pairs, coherence)
    return found, cpu_s, np.nanmean(list(coherence.values()), axis=0)


def rows_of(scene: Scene, found: dict[str, dict[str, np.ndarray]], cpu_s: dict[str, float], where: str) -> list[dict]:
    """Rows of the comparison."""
    names = list(found)
    order = " / ".join(names)
    rows = [row(f"{where}, CPU s: {order}", " / ".join(f"{cpu_s[name]:.1f}" for name in names), COMMAND)]
    for method in ("stacking", "sbas"):
        made = {name: found[name][method] for name in names}
        same = replace(scene, used=scene.used & np.isfinite(sum(made.values())))
        of_all = {name: rmse(rate, same, same.used) for name, rate in made.items()}
        moving = {name: rmse(rate, same, same.moves) for name, rate in made.items()}
        lost = {name: bias(rate, same) for name, rate in made.items()}

        def told(values: dict[str, float]) -> str:
            return " / ".join(f"{values[name]:.2f}" for name in names)

        def others(values: dict[str, float]) -> float:
            return min(values["dolphin emi"], values["dolphin evd"])

        what = f"{where}, {method}"
        rows += [
            row(
                f"{what}, RMSE, mm/yr: {order}", told(of_all), COMMAND, "ours emi <= the better of dolphin's",
                of_all["ours emi"] <= others(of_all),
            ),
            row(
                f"{what}, RMSE of moving ground, mm/yr: {order}", told(moving), COMMAND,
                f"ours emi <= {BETTER} of the better of dolphin's", moving["ours emi"] <= BETTER * others(moving),
            ),
            row(f"{what}, bias of ground that moves under 100 mm/yr, mm/yr: {order}", told(lost), COMMAND),
        ]  # fmt: skip
    ratios = [cpu_s[f"dolphin {method}"] / cpu_s[f"ours {method}"] for method in ("emi", "evd")]
    told_ratios = " / ".join(f"{ratio:.1f}" for ratio in ratios)
    what = f"{where}: CPU s of dolphin over ours, emi / evd"
    return [*rows, row(what, told_ratios, COMMAND, f">= {CHEAPER:g}", min(ratios) >= CHEAPER)]


def main() -> None:
    """Cut out, link, compare, record."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--default", type=Path, required=True, metavar="FOLDER")
    parser.add_argument("--dolphin", type=Path, required=True, metavar="PYTHON")
    parser.add_argument("--region", default="valley")
    parser.add_argument("--stack", default="A128")
    parser.add_argument("--rows", type=int, nargs=2, default=ROWS)
    chosen = parser.parse_args()
    with TemporaryDirectory() as folder:
        strip = cut(chosen.default, chosen.region, chosen.stack, tuple(chosen.rows), Path(folder))
        print(
            f"dolphin: half window {HALF_WINDOW}, strides {STRIDES}, beta 0, all dates in one call, no neighbours selected"
        )
        found, cpu_s, coherence = measured(strip, chosen.dolphin)
    truth_of = chosen.default / "resources" / chosen.region / "truth" / chosen.stack
    part = slice(*chosen.rows)
    truth, seen = (
        raster.read(truth_of / f"{name}.tif")[part] for name in ("true_los_rate_mm_per_yr", "true_observable")
    )
    scene = Scene(truth, coherence, (seen == 1) & (coherence > COHERENT), strip.grid.cell_m)
    where = f"{chosen.region} {chosen.stack}, rows {chosen.rows[0]} to {chosen.rows[1]}"
    put(rows_of(scene, found, cpu_s, where))


if __name__ == "__main__":
    main()

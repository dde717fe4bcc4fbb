"""Our SBAS inversion against MintPy's on the same pairs with the same weights.

Agreement, CPU seconds, memory; real Mexico City.

    python -m studies.sbas --stack-folder results/valley/A128/f0/native
        --elevation results/valley/terrain/f0/elevation_m.tif
    python -m studies.sbas --memory
    python -m studies.sbas --real-data $SARSLIDE_REAL_DATA

Each part publishes its tables (docs/reference/validation.md). The stack folder is that of a
finished run: its pairs (ifg/) and geometry.
"""

import argparse
import json
import os
import pickle
import resource
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from sarslide.config import load as load_config
from sarslide.grid import RegionGrid
from sarslide.insar.external.constant_geometry import geometry as constant_geometry
from sarslide.insar.external.constant_geometry import perpendicular_baseline_m
from sarslide.insar.external.files import ingest_pair
from sarslide.io import raster, series
from sarslide.io.sidecar import read_json
from sarslide.network import dates_of
from sarslide.rates import pipeline, preparation, reference
from sarslide.rates.ground import Ground
from sarslide.rates.mintpy import load as mintpy_load
from sarslide.rates.mintpy import read as mintpy_read
from sarslide.rates.mintpy import steps as mintpy
from sarslide.rates.mintpy.files import StackMetadata
from sarslide.rates.records import common_wavelength_m, median_looks
from sarslide.rates.sbas import rates as sbas_rates
from sarslide.rates.settings import RateSettings
from sarslide.retrieve.dem import region_dem
from studies.tables import publish

GEOMETRY = ("incidence_deg", "heading_deg", "slant_range_m", "los_east", "los_north", "layover_shadow")
PLAN = {
    "weighting": "var", "unwrap_errors": "none", "min_temporal_coherence": 0.0, "height_correlated": False, "era5": False,
    "plane": False, "dem_error": False,
}  # fmt: skip
MINTPY_START = (
    "import mintpy.cli.smallbaselineApp, mintpy.smallbaselineApp, mintpy.cli.ifgram_inversion, mintpy.ifgram_inversion"
)
LIMIT_S = 3600.0  # of a run of MintPy
MEMORY_SIDES = (512, 1024, 2048)


class StackOfFiles:
    """The pairs of a finished run, read window by window; picklable, for the measured process."""

    def __init__(self, folder: Path):
        self.folder = folder
        records = sorted(folder.glob("ifg/*_*.json"))
        self.records = {path.stem: read_json(path) for path in records if "wavelength_m" in read_json(path)}
        self.pairs = list(self.records)
        self.grid = raster.grid_of(folder / f"ifg/{self.pairs[0]}.unw_rad.tif")

    def read_block(self, pair, rows, cols):
        kinds = ("unw_rad", "cor", "conncomp")
        return tuple(raster.read_block(self.folder / f"ifg/{pair}.{kind}.tif", rows, cols) for kind in kinds)


class StackOfNoise:
    """A synthetic stack of any size that exists only block by block."""

    def __init__(self, side: int, pairs: list[str]):
        self.pairs, self.grid = pairs, RegionGrid(32647, 500000, 3200000, 30, side, side)

    def read_block(self, pair, rows, cols):
        shape = rows.stop - rows.start, cols.stop - cols.start
        rng = np.random.default_rng(abs(rows.start * 100_003 + cols.start + int(pair[-8:])))
        phase = rng.standard_normal(shape, np.float32)
        return phase, rng.random(shape, np.float32), np.ones(shape, np.uint16)


def cpu_s(who: int = resource.RUSAGE_SELF) -> float:
    used = resource.getrusage(who)
    return used.ru_utime + used.ru_stime


def child(command: list[str], **how) -> tuple[float, float, str]:
    """CPU seconds, peak memory and output of a command.

    The memory, MB, is that of the largest process so far below this one.
    """
    before = cpu_s(resource.RUSAGE_CHILDREN)
    timed = ["/usr/bin/env", "python3", "-c", MEASURE, *command]
    alone = os.environ | {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1", "MKL_NUM_THREADS": "1"}
    output = subprocess.run(timed, capture_output=True, text=True, check=True, env=alone, **how).stdout
    used = cpu_s(resource.RUSAGE_CHILDREN) - before
    text, _, peak = output.rpartition("\npeak ")
    return used, float(peak) / 1024, text


# A small parent of its own for each command, so that peak memory is that of the command.
MEASURE = (
    "import resource, subprocess, sys\n"
    "code = subprocess.run(sys.argv[1:]).returncode\n"
    "print('\\npeak', resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss, flush=True)\n"
    "sys.exit(code)\n"
)


def invert_in_child(stack, prepared, wavelength_m: float, looks: float | None, target: Path) -> dict:
    """Our inversion (reading, inverting, writing the series) in a process of its own."""
    with tempfile.NamedTemporaryFile(suffix=".pickle") as job:
        pickle.dump((stack, prepared, wavelength_m, looks, target), job)
        job.flush()
        whole, peak, text = child([sys.executable, __file__, "--invert", job.name])
    return {**json.loads(text.strip().splitlines()[-1]), "whole": whole, "peak": peak}


def invert_here(job: Path) -> None:
    """What the child does: prints CPU seconds of start-up (imports) and of the inversion."""
    stack, prepared, wavelength_m, looks, target = pickle.loads(job.read_bytes())
    import scipy.special  # noqa: F401  imports are part of the start-up, as MintPy's are

    import sarslide.rates.sbas.inversion  # noqa: F401

    start = cpu_s()
    settings = sbas_rates.SbasSettings("var", looks, device="cpu")
    with series.create(target, stack.grid, dates_of(stack.pairs)) as put:
        sbas_rates.invert_blocks(prepared, stack.read_block, put, wavelength_m, settings)
    print(json.dumps({"start": start, "step": cpu_s() - start}))


def compare_with_mintpy(folder: Path, elevation: Path, command: str) -> None:
    """Tables 3_sbas_agreement and 3_sbas_cost of one finished stack."""
    stack = StackOfFiles(folder)
    grid = stack.grid
    geometry = {layer: raster.read(folder / f"geometry/{layer}.tif", grid) for layer in GEOMETRY}
    height = raster.read(elevation, grid)
    wavelength, looks = common_wavelength_m(stack.records.values()), median_looks(stack.records.values())
    whole = slice(0, grid.rows), slice(0, grid.cols)
    prepared = preparation.prepare(
        lambda pair: stack.read_block(pair, *whole), stack.pairs, height, RateSettings(),
        exclude=geometry["layover_shadow"] > 0, correct=False,
    )  # fmt: skip
    with tempfile.TemporaryDirectory() as name:
        place = Path(name)
        bperp = [stack.records[pair]["bperp_m"] or 0.0 for pair in prepared.pairs]
        track = StackMetadata(folder.parent.name, wavelength, looks)
        mintpy_load.load(place, prepared, stack.read_block, bperp, grid, track, height, geometry, LIMIT_S)
        step = mintpy.plan(**PLAN)[0]
        with mintpy.workplace(place, "bench", ()) as work:
            template = "".join(f"{key} = {value}\n" for key, value in (mintpy.COMMON | step.options).items())
            (work / "bench.cfg").write_text(template)
            call = [mintpy.program(), "bench.cfg", "--dir", ".", "--dostep", step.first]
            mintpy_cpu, mintpy_peak, _ = child(call, cwd=work)
            mintpy.deliver(work, place, step.makes)
        mintpy_start, _, _ = child([sys.executable, "-c", MINTPY_START])
        ours = invert_in_child(stack, prepared, wavelength, looks, place / "ours.nc")
        theirs = keep_series(place / "timeseries.h5", prepared)
        difference = np.abs(series.read(place / "ours.nc")[1] - theirs)
        tcoh = mintpy_read.read_layer(place / "temporalCoherence.h5", "temporalCoherence", grid.shape)
    known = np.isfinite(theirs[0])
    of = f"{len(prepared.pairs)} pairs, {len(theirs)} dates, {grid.rows} x {grid.cols} cells"
    publish(
        "3_sbas_agreement", f"Our SBAS inversion against MintPy's, weights var: {of}", command,
        ["quantity", "value"],
        [
            ["cells inverted by both", int(known.sum())],
            ["cells and dates that differ by more than 0.1 mm", int((difference[:, known] > 0.1).sum())],
            ["largest difference of a cell and date, mm", float(difference[:, known].max())],
            ["rms difference, mm", float(np.sqrt(np.mean(difference[:, known] ** 2)))],
            ["median temporal coherence", float(np.median(tcoh[known]))],
        ],
        "Same pairs, reference area, coherence and looks; cells without a chain of valid pairs are inverted by neither.",
    )  # fmt: skip
    step_cpu = mintpy_cpu - mintpy_start
    publish(
        "3_sbas_cost", f"Cost of the inversion, weights var, one thread: {of}", command,
        ["", "MintPy ifgram_inversion", "sarslide", "MintPy / sarslide"],
        [
            ["inversion with reading and writing, CPU s", step_cpu, ours["step"], step_cpu / ours["step"]],
            ["start of interpreter and imports, CPU s", mintpy_start, ours["start"], mintpy_start / ours["start"]],
            ["whole process, CPU s", mintpy_cpu, ours["whole"], mintpy_cpu / ours["whole"]],
            ["peak memory, MB", mintpy_peak, ours["peak"], mintpy_peak / ours["peak"]],
        ],
        "MintPy reads one uncompressed HDF5 file, we read the compressed rasters of the pairs. MintPy's time is that of "
        "`smallbaselineApp.py --dostep invert_network`, start-up measured by importing the same modules.",
    )  # fmt: skip


def keep_series(path: Path, prepared) -> np.ndarray:
    """A MintPy time series as (dates, rows, cols), mm."""
    kept = np.full((len(dates_of(prepared.pairs)), *prepared.ground.shape), np.nan)

    def put(rows, cols, block):
        kept[:, rows, cols] = block

    mintpy_read.read_series(path, prepared.ground.reference.mask, put)
    return kept


def bounded_memory(pairs: list[str], command: str) -> None:
    """Table 3_sbas_memory: peak memory of the inversion against the size of the region."""
    rows = []
    with tempfile.TemporaryDirectory() as name:
        for side in MEMORY_SIDES:
            stack = StackOfNoise(side, pairs)
            everywhere = np.ones(stack.grid.shape, bool)
            prepared = preparation.Preparation(
                pairs, [1] * len(pairs), np.zeros((len(pairs), 1)), np.ones((1, *stack.grid.shape), np.float32), 0.0,
                Ground(everywhere, everywhere, reference.ReferenceArea(everywhere, "none")), 0.0, {},
            )  # fmt: skip
            ours = invert_in_child(stack, prepared, 0.0555, 6, Path(name) / "noise.nc")
            whole_mb = 2 * 4 * len(pairs) * side**2 / 1e6
            rows.append([f"{side} x {side}", whole_mb, ours["peak"], ours["step"], ours["step"] / side**2 * 1e6])
    publish(
        "3_sbas_memory", f"Bounded memory of our inversion: {len(pairs)} synthetic pairs, {len(dates_of(pairs))} dates", command,
        ["cells", "phase and coherence of all pairs, MB", "peak memory, MB", "CPU s", "microseconds a cell"], rows,
        "Peak of the whole process, about 600 MB of it Python and torch; blocks of about 400 MB; what grows with the region are "
        "seven output layers and the masks. CPU seconds include making the noise and writing the series file.",
    )  # fmt: skip


@dataclass(frozen=True)
class MexicoCity:
    """The 30 interferograms as they come onto the grid of the region `mexico_city`.

    Attributes
    ----------
    config : Config
        The region.
    stack : dict of str to Pair
        Phase, coherence and components by pair.
    bperp : dict of str to float
        Perpendicular baselines, m.
    margin : (rows + 2, cols + 2) array of float
        Ellipsoidal heights, m, one cell more on each side.
    geometry : dict of str to (rows, cols) array
        Layers of the engine contract.
    settings : RateSettings
        Those of the region.
    """

    config: Any
    stack: dict[str, Any]
    bperp: dict[str, float]
    margin: np.ndarray
    geometry: dict[str, np.ndarray]
    settings: RateSettings

    @property
    def height(self) -> np.ndarray:
        """Heights of the region, m."""
        return self.margin[1:-1, 1:-1]

    def read_block(self, pair, rows, cols):
        of_pair = self.stack[pair]
        return tuple(part[rows, cols] for part in (of_pair.unwrapped_rad, of_pair.coherence, of_pair.conncomp))


def mexico_city_stack(data: Path) -> MexicoCity:
    """Read the pairs, baselines and heights below the folder of real data."""
    folder = data / "interferograms" / "mexico_city_s1"
    config = load_config({"region": "mexico_city"})
    grid, files, rates = config.grid.region_grid(), config.files, config.rates
    stack, bperp = {}, {}
    for pair in config.network.pairs:
        earlier, later = pair.split("_")
        unwrapped, coherence, baseline = (
            next(folder.glob(pattern.format(earlier=earlier, later=later)))
            for pattern in (files.unwrapped, files.coherence, files.baselines)
        )
        stack[pair] = ingest_pair(unwrapped, coherence, pair, grid, files.positive_phase)
        bperp[pair] = perpendicular_baseline_m(baseline, files.incidence_deg)
    dem = folder / "geotiffs" / "cropA_T005A_dem.tif"
    margin, padded = region_dem(dem, grid, grid.cell_m, config.grid.dem_vertical, config.grid.geoid_m)
    assert padded.rows == grid.rows + 2
    geometry = constant_geometry(margin, grid, files.incidence_deg, files.heading_deg)
    settings = RateSettings(
        height_correlated=rates.height_correlated, plane=rates.plane, min_coherence=rates.min_coherence,
        pair_coherence=rates.pair_coherence, reference=reference.disc_in_cells(grid, rates.reference),
    )  # fmt: skip
    return MexicoCity(config, stack, bperp, margin, geometry, settings)


def by_mintpy_in(place: Path, found: MexicoCity, prepared: preparation.Preparation, dem_error: bool) -> Path:
    """MintPy's inversion of the pairs in a folder; returns its last time series."""
    track = StackMetadata(found.config.stacks[0], found.config.files.wavelength_m, None)
    baselines = [found.bperp[pair] for pair in prepared.pairs]
    grid = found.config.grid.region_grid()
    mintpy_load.load(
        place, prepared, found.read_block, baselines, grid, track, found.height, found.geometry, LIMIT_S
    )  # fmt: skip
    steps = mintpy.plan(**PLAN | {"dem_error": dem_error})
    for step in steps:
        mintpy.run_step(step, place, LIMIT_S)
    return place / mintpy.series_file(steps)


def mexico_city(data: Path, command: str) -> None:
    """Table 4_mexico_city_methods: stacking, our SBAS and MintPy on 30 real interferograms."""
    found = mexico_city_stack(data)
    config, stack, bperp, settings = found.config, found.stack, found.bperp, found.settings
    grid, files, height, geometry = config.grid.region_grid(), config.files, found.height, found.geometry
    read_block = found.read_block
    whole, pairs = (slice(0, grid.rows), slice(0, grid.cols)), list(stack)
    stacked = pipeline.stack_rates(
        lambda pair: read_block(pair, *whole), pairs, height, files.wavelength_m, settings
    ).layers
    prepared = preparation.prepare(lambda pair: read_block(pair, *whole), pairs, height, settings, correct=False)
    terms = sbas_rates.DemGeometry(bperp, geometry["slant_range_m"], geometry["incidence_deg"])
    by_sbas, by_mintpy, largest = {}, {}, {}
    for dem_error in (False, True):
        ours = np.full((len(dates_of(pairs)), *grid.shape), np.nan)

        def put(rows, cols, block, ours=ours):
            ours[:, rows, cols] = block

        by_sbas[dem_error] = sbas_rates.invert_blocks(
            prepared, read_block, put, files.wavelength_m, sbas_rates.SbasSettings(device="cpu"), terms if dem_error else None
        ).layers  # fmt: skip
        with tempfile.TemporaryDirectory() as name:
            last = by_mintpy_in(Path(name), found, prepared, dem_error)
            by_mintpy[dem_error] = mintpy_read.read_rates(
                last, prepared.ground.reference.mask, files.wavelength_m, 0.0, dem_error
            )
            largest[dem_error] = float(np.nanmax(np.abs(keep_series(last, prepared) - ours)))
    rate = "los_rate_mm_per_yr"
    columns = ["LOS rates", "cells", "rms difference, mm/yr", "correlation", "largest difference, mm/yr"]
    publish(
        "4_mexico_city_methods", "Mexico City, 30 real interferograms: stacking, our SBAS, MintPy", command, columns,
        [
            ["stacking against our SBAS", *agreement(stacked[rate], by_sbas[False][rate])],
            ["stacking against MintPy", *agreement(stacked[rate], by_mintpy[False][rate])],
            ["our SBAS against MintPy", *agreement(by_sbas[False][rate], by_mintpy[False][rate])],
            ["the same, DEM error removed", *agreement(by_sbas[True][rate], by_mintpy[True][rate])],
            ["our SBAS with and without DEM error", *agreement(by_sbas[True][rate], by_sbas[False][rate])],
        ],
        f"Weights var. Time series of our SBAS and MintPy differ by {largest[False]:.2g} mm at most, without DEM errors by "
        f"{largest[True]:.2g} mm. Stacking without DEM error: 13 dates of half a year, so baselines matter. Rates reach "
        f"{np.nanmin(by_sbas[False][rate]):.0f} mm/yr, away from the satellite.",
    )  # fmt: skip


def agreement(one: np.ndarray, other: np.ndarray) -> list:
    """Cells, rms difference, correlation, largest difference."""
    both = np.isfinite(one) & np.isfinite(other)
    difference = (one - other)[both]
    return [
        int(both.sum()),
        float(np.sqrt(np.mean(difference**2))),
        round(float(np.corrcoef(one[both], other[both])[0, 1]), 6),
        float(np.abs(difference).max()),
    ]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--stack-folder", type=Path, help="results/<region>/<stack>/<engine> of a finished run")
    parser.add_argument("--elevation", type=Path, help="elevation_m.tif of the same region")
    parser.add_argument("--memory", action="store_true", help="peak memory on synthetic stacks of growing size")
    parser.add_argument("--real-data", type=Path, help="folder with interferograms/mexico_city_s1")
    parser.add_argument("--invert", type=Path, help=argparse.SUPPRESS)
    chosen = parser.parse_args()
    if chosen.invert:
        return invert_here(chosen.invert)
    if chosen.stack_folder:
        if not chosen.elevation:
            parser.error("--stack-folder needs --elevation")
        places = "results/valley/A128/f0/native --elevation results/valley/terrain/f0/elevation_m.tif"
        compare_with_mintpy(chosen.stack_folder, chosen.elevation, f"python -m studies.sbas --stack-folder {places}")
    if chosen.memory:
        days = [f"{np.datetime64('2019-03-06') + 12 * k}".replace("-", "") for k in range(30)]
        pairs = [f"{days[i]}_{later}" for j, later in enumerate(days) for i in range(max(0, j - 2), j)]
        bounded_memory(pairs, "python -m studies.sbas --memory")
    if chosen.real_data:
        mexico_city(chosen.real_data, "python -m studies.sbas --real-data $SARSLIDE_REAL_DATA")
    return None


if __name__ == "__main__":
    main()

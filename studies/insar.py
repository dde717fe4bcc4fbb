"""The InSAR engines: native against the planted truth and against ISCE2, and what each step costs.

    python -m studies.insar truth --run FOLDER      phase minus planted motion and air, by coherence
    python -m studies.insar isce2 --run FOLDER      pairs that both engines made in that folder
    python -m studies.insar cost --folder FOLDER    two bursts of full width, steps side by side

--run: working folder of a run of the region `valley` (with resources/ and results/); for `isce2`,
one in which the same pairs were also made with --config engine=isce2. cost: writes products of
speckle into --folder and runs the workflow on them, with ISCE2 too where its commands are found.
"""

import argparse
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np

from sarslide import names
from sarslide.errors import ProcessorError
from sarslide.grid import RegionGrid
from sarslide.insar.isce2 import topsstack as isce2
from sarslide.io import raster
from sarslide.io.sidecar import read_json
from studies.tables import publish

REPOSITORY = Path(__file__).resolve().parents[1]
STACKS = ("A128", "D062")
CELLS = 5  # of 30 m in a cell of 150 m
COHERENT = 0.35
CLASSES = (0.2, 0.35, 0.5, 0.65, 0.8, 1.0)
TWO_PI = 2 * np.pi
FRAME_KM = 200  # the products of `cost` are one frame


# --- phase: against the truth, against ISCE2


class Run:
    """Pairs of one stack and engine in a working folder."""

    def __init__(self, folder: Path, stack: str, engine: str):
        self.stack, self.engine = stack, engine
        self.results = folder / "results/valley" / stack / "f0" / engine
        self.truth = folder / "resources/valley/truth" / stack

    def pairs(self) -> list[str]:
        """Names of the pairs that there are, in order."""
        return sorted(path.name.split(".")[0] for path in (self.results / "ifg").glob("*_*.json"))

    def read(self, pair: str, kind: str) -> np.ndarray:
        """First band of a raster of a pair."""
        return raster.read(self.results / f"ifg/{pair}.{kind}.tif")

    def about(self, pair: str) -> dict:
        """Sidecar of a pair."""
        return read_json(self.results / f"ifg/{pair}.json")

    def layover_shadow(self) -> np.ndarray:
        """The layer."""
        return raster.read(self.results / "geometry/layover_shadow.tif")

    def planted_rad(self, pair: str) -> np.ndarray:
        """Phase of the planted motion and of the atmosphere: grows with a longer path."""
        earlier, later = names.split_pair(pair)
        delay = [raster.read(self.truth / f"{date}.true_atmosphere_mm.tif") for date in (earlier, later)]
        rate = raster.read(self.truth / "true_los_rate_mm_per_yr.tif")
        path_mm = delay[1] - delay[0] - rate * names.days_between(earlier, later) / 365.25
        return 4e-3 * np.pi / self.about(pair)["wavelength_m"] * path_mm


def without_constant(phase: np.ndarray, used: np.ndarray) -> np.ndarray:
    """Wrapped phase with the mean direction of the `used` cells turned to zero."""
    turn = np.exp(1j * np.nan_to_num(phase))
    return np.angle(turn * np.conj(turn[used].mean()))


def averaged(phase: np.ndarray, used: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Sums of unit phasors of used cells over 150 m, and where at least half the cells are used."""
    rows, cols = (size // CELLS * CELLS for size in phase.shape)

    def blocks(values: np.ndarray) -> np.ndarray:
        return values[:rows, :cols].reshape(rows // CELLS, CELLS, cols // CELLS, CELLS).mean(axis=(1, 3))

    return blocks(np.where(used, np.exp(1j * np.nan_to_num(phase)), 0)), blocks(used.astype(float)) >= 0.5


def rms(values: np.ndarray) -> float:
    """Root of the mean square."""
    return float(np.sqrt((values**2).mean()))


def against_truth(folder: Path) -> None:
    """Publish the difference of every engine's unfiltered phase from the planted one."""
    from sarslide.rates.phase_variance import phase_variance

    rows = []
    for stack in STACKS:
        for engine in ("native", "isce2"):
            run = Run(folder, stack, engine)
            errors: dict[float, list[np.ndarray]] = {low: [] for low in CLASSES[:-1]}
            expected: dict[float, list[np.ndarray]] = {low: [] for low in CLASSES[:-1]}
            coarse, slopes = [], []
            for pair in run.pairs():
                cor, open_ground = run.read(pair, "cor"), run.layover_shadow() == 0
                phase = run.read(pair, "wrapped_rad") - run.planted_rad(pair)
                used = np.isfinite(phase) & (cor > COHERENT) & open_ground
                left = without_constant(phase, used)
                for low, high in zip(CLASSES, CLASSES[1:], strict=False):
                    here = np.isfinite(phase) & open_ground & (cor >= low) & (cor < high)
                    errors[low].append(left[here])
                    expected[low].append(phase_variance(cor[here], run.about(pair)["looks"]))
                mean, enough = averaged(left, used)
                coarse.append(np.angle(mean[enough]))
                slopes.append(ramp(np.angle(mean), enough))
            if not coarse:
                continue
            for low, high in zip(CLASSES, CLASSES[1:], strict=False):
                values = np.concatenate(errors[low])
                predicted = float(np.sqrt(np.concatenate(expected[low]).mean()))
                rows.append(
                    [
                        engine,
                        stack,
                        len(coarse),
                        f"30 m, coherence {low:g}-{high:g}",
                        values.size,
                        rms(values),
                        predicted,
                    ]
                )
            whole = np.concatenate(coarse)
            rows.append(
                [engine, stack, len(coarse), f"150 m, coherence over {COHERENT:g}", whole.size, rms(whole), None]
            )
            rows.append(
                [engine, stack, len(coarse), "ramp across the region, worst pair", whole.size, max(slopes), None]
            )
    publish(
        "1_engine_1_truth",
        "Engine against the planted truth",
        "python -m studies.insar truth --run FOLDER",
        ["engine", "stack", "pairs", "cells", "number", "rms rad", "expected rad"],
        rows,
        "Unfiltered wrapped phase minus planted motion and planted atmosphere, one constant a pair removed, outside layover and "
        "shadow. Expected: phase noise of the cell's own coherence and looks. Ramp: largest difference that a plane through the "
        "150 m cells makes from one end of the region to the other.",
    )


def ramp(phase: np.ndarray, used: np.ndarray) -> float:
    """Largest change, rad, along rows or columns of the whole array.

    Of a plane fitted to the used cells.
    """
    row, col = np.nonzero(used)
    plane = np.linalg.lstsq(np.stack([row, col, np.ones(row.size)], axis=1), phase[used], rcond=None)[0]
    return float(max(abs(plane[0]) * phase.shape[0], abs(plane[1]) * phase.shape[1]))


def against_isce2(folder: Path) -> None:
    """Publish the agreement of the pairs that both engines made."""
    rows = []
    for stack in STACKS:
        native, other = (Run(folder, stack, engine) for engine in ("native", "isce2"))
        for pair in sorted(set(native.pairs()) & set(other.pairs())):
            rows.append([stack, pair, *compared(native, other, pair)])
    if not rows:
        raise SystemExit(f"{folder}: no pair that both engines made; run the workflow there with --config engine=isce2")
    publish(
        "1_engine_2_isce2",
        "Native engine against ISCE2 2.6.5",
        "python -m studies.insar isce2 --run FOLDER",
        [
            "stack",
            "pair",
            "bperp m",
            "150 m cells",
            "rms rad",
            "constant rad",
            "coherence difference",
            "unwrapped cells",
            "same cycles",
        ],
        rows,
        f"Same products. Unfiltered wrapped interferograms, cells of 30 m with coherence over {COHERENT:g} in both averaged "
        "to 150 m, outside layover and shadow, one constant removed (goal: below 0.15 rad). Coherence difference: mean, native "
        "minus ISCE2. Unwrapped by the same unwrapper: cells in common components, and their share with the same whole cycles "
        "(goal: 0.99).",
    )


def compared(native: Run, other: Run, pair: str) -> list:
    """Columns of one pair."""
    open_ground = native.layover_shadow() == 0
    phases, cors = ([run.read(pair, kind) for run in (native, other)] for kind in ("wrapped_rad", "cor"))
    used = open_ground & np.isfinite(phases[0]) & np.isfinite(phases[1]) & (cors[0] > COHERENT) & (cors[1] > COHERENT)
    (one, enough), (two, _) = (averaged(phase, used) for phase in phases)
    turn = np.exp(1j * np.angle(one * two.conj()))[enough]
    mean = turn.mean()
    unwrapped = [run.read(pair, "unw_rad") for run in (native, other)]
    labels = [np.where(open_ground, run.read(pair, "conncomp"), 0) for run in (native, other)]
    common = (labels[0] > 0) & (labels[1] > 0)
    same = 0
    for first, second in np.unique(np.stack([label[common] for label in labels], axis=1), axis=0):
        both = common & (labels[0] == first) & (labels[1] == second)
        cycles = np.rint((unwrapped[0] - unwrapped[1])[both] / TWO_PI)
        same += int((cycles == np.median(cycles)).sum())
    return [
        native.about(pair)["bperp_m"], int(enough.sum()), rms(np.angle(turn * mean.conj())), float(np.angle(mean)),
        float((cors[0] - cors[1])[used].mean()), int(common.sum()), same / common.sum(),
    ]  # fmt: skip


# --- cost


STACK, EPSG = "A128", 32647
LON, LAT, HEIGHT_M = 99.2, 29.0, 3000.0
DATES = ("20190306", "20190318", "20190330")
BURSTS = 2

METER = """
import atexit, json, os, resource, sys, time

START = time.monotonic()


def write():
    script = getattr(sys, "argv", [""])[0]
    if "/.snakemake/scripts/" not in script:
        return
    job = vars(sys.modules["__main__"]).get("snakemake")
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    record = {
        "rule": script.rpartition("/")[2].split(".", 1)[1].removesuffix(".py"),
        "step": job.wildcards.get("step", ""),
        "cpu_s": sum(one.ru_utime + one.ru_stime for one in used),
        "wall_s": time.monotonic() - START,
        "peak_mb": max(one.ru_maxrss for one in used) / 1024,
    }
    with open(os.path.join(os.environ["JOB_METER"], f"{os.getpid()}.json"), "w") as stream:
        json.dump(record, stream)


atexit.register(write)
"""


def heights(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """Mountains of 1,500 m, m."""
    return HEIGHT_M + 500 * np.sin(x / 2300) * np.cos(y / 1900) + 250 * np.sin(x / 700 + y / 900)


def measure_cost(folder: Path, samples: int, core: int) -> None:
    """Publish CPU, wall and memory of each step for the first pair and for one added date."""
    folder.mkdir(parents=True, exist_ok=True)
    region, config = products(folder, samples)
    engines = ["native"]
    try:
        isce2.commands()
        engines.append("isce2")
    except ProcessorError as error:
        print(f"without ISCE2: {error.problem}", file=sys.stderr)
    first, added = (names.pair_name(*DATES[k : k + 2]) for k in range(2))
    rows, totals = [], {}
    for engine in engines:
        shutil.rmtree(folder / "results", ignore_errors=True)
        place = f"results/valley/{STACK}/f0/{engine}"
        for part, targets in (
            ("first pair", [f"{place}/ifg/{first}.json", f"{place}/geometry/geometry.json"]),
            ("added date", [f"{place}/ifg/{added}.json"]),
        ):
            used = workflow(folder, config, engine, targets, core)
            rows += [[engine, part, *line] for line in used]
            totals[engine, part] = sum(line[2] for line in used)
            rows.append([engine, part, "all", sum(line[1] for line in used), totals[engine, part],
                         sum(line[3] for line in used), max(line[4] for line in used)])  # fmt: skip
    per_burst = next(line[4] for line in rows if line[2] == "geocode_slc") / len(DATES[:2]) / BURSTS
    notes = [
        f"{BURSTS} bursts of {samples} samples x 1,500 lines, speckle without a scene, on a region of {region.cols} x "
        f"{region.rows} cells of {region.cell_m:g} m that holds both; one core, every job in a process of its own, interpreter "
        "start included, unwrapping not included; peak: of the largest process.",
        f"Geocoding: {per_burst:.1f} CPU s a burst and date (goal: 20).",
    ]
    if len(engines) > 1:
        for part in ("first pair", "added date"):
            notes.append(f"ISCE2 / native, {part}: {totals['isce2', part] / totals['native', part]:.1f}.")
        notes.append(
            "ISCE2: topsStack with --coregistration geometry as the engine isce2 runs it, without its own merging, "
            "interferograms and filter."
        )
    publish(
        "1_engine_3_cost",
        "Cost of the engines, two bursts of full width",
        "python -m studies.insar cost --folder FOLDER",
        ["engine", "for", "step", "jobs", "CPU s", "wall s", "peak MB"],
        rows,
        " ".join(notes),
    )


def products(folder: Path, samples: int) -> tuple[RegionGrid, dict]:
    """Write products of DATES and a DEM; the region of their two bursts, and the configuration."""
    from sarsim.full_width import write_noise_product

    place = folder / "resources/valley/slc" / STACK
    for number, date in enumerate(DATES):
        if not (place / date).exists():
            write_noise_product(place / date, STACK, date, LON, LAT, HEIGHT_M, samples, seed=number + 1)
    region = covered(place / DATES[0])
    dem = region.pad(6000)
    raster.write(folder / "dem_m.tif", heights(*np.meshgrid(dem.x(), dem.y())), dem, "dem_m")
    config = {
        "region": "valley",
        "source": "safe",
        "stacks": [STACK],
        "grid": {
            "epsg": EPSG,
            "bounds": list(region.bounds),
            "frame_km": FRAME_KM,
            "dem": str(folder.resolve() / "dem_m.tif"),
        },
        "network": {"neighbours": 1, "max_days": 12},
    }
    return region, config


def covered(slc: Path) -> RegionGrid:
    """The smallest region of 30 m cells that holds what the bursts of a product see."""
    from pyproj import Transformer

    from sarslide.sentinel1.geometry import earth_fixed, zero_doppler
    from sarslide.sentinel1.safe import open_scene

    scene = open_scene(slc, STACK)
    east, north = Transformer.from_crs(4326, EPSG, always_xy=True).transform(LON, LAT)
    x, y = np.meshgrid(east + np.arange(-90e3, 90e3, 500), north + np.arange(-60e3, 60e3, 500))
    lon, lat = Transformer.from_crs(EPSG, 4326, always_xy=True).transform(x, y)
    time, distance = zero_doppler(scene.arc, earth_fixed(lat, lon, heights(x, y)))
    seen = np.zeros(x.shape, bool)
    for burst in scene.bursts:
        seen |= burst.holds(burst.line(time), burst.sample(distance), (0, 0))
    return RegionGrid.from_bounds(EPSG, (x[seen].min(), y[seen].min(), x[seen].max(), y[seen].max()), 30)


def workflow(folder: Path, config: dict, engine: str, targets: list[str], core: int) -> list[list]:
    """Run the workflow for some targets on one core.

    Step, jobs, CPU s, wall s, peak MB of every rule, exact for each process.
    """
    meter = folder / "meter"
    shutil.rmtree(meter, ignore_errors=True)
    meter.mkdir()
    (meter / "sitecustomize.py").write_text(METER)
    (folder / "config.json").write_text(json.dumps(config | {"engine": engine}))
    path = os.pathsep.join(filter(None, [str(meter), str(REPOSITORY / "src"), os.environ.get("PYTHONPATH", "")]))
    environment = os.environ | {
        "PYTHONPATH": path,
        "JOB_METER": str(meter),
        "OMP_NUM_THREADS": "1",
        "NUMBA_NUM_THREADS": "1",
    }
    command = [
        "taskset", "-c", str(core), str(Path(sys.executable).parent / "snakemake"), "--cores", "1",
        "--snakefile", str(REPOSITORY / "Snakefile"), "--directory", str(folder), "--configfile", str(folder / "config.json"),
    ]  # fmt: skip
    for goal in (["update_catalog"], targets):
        run = subprocess.run([*command, "--", *goal], env=environment, capture_output=True, text=True)
        if run.returncode:
            raise SystemExit(f"{engine}: {run.stderr[-3000:]}")
    jobs: dict[str, list[dict]] = {}
    for record in sorted(meter.glob("*.json"), key=lambda one: one.stat().st_mtime):
        used = json.loads(record.read_text())
        if used["rule"] not in ("update_catalog", "prepare_dem"):
            jobs.setdefault(" ".join(filter(None, [used["rule"], used["step"]])), []).append(used)
    return [
        [
            step,
            len(each),
            *(sum(job[key] for job in each) for key in ("cpu_s", "wall_s")),
            max(job["peak_mb"] for job in each),
        ]
        for step, each in jobs.items()
    ]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parts = parser.add_subparsers(dest="part", required=True)
    for part in ("truth", "isce2"):
        parts.add_parser(part).add_argument(
            "--run", type=Path, required=True, help="working folder of a run of region valley"
        )
    cost = parts.add_parser("cost")
    cost.add_argument("--folder", type=Path, required=True, help="scratch folder, about 15 GB")
    cost.add_argument("--samples", type=int, default=25000, help="samples of a line (default: 25000, an IW2 burst)")
    cost.add_argument("--core", type=int, default=0, help="the core that everything runs on (default 0)")
    chosen = parser.parse_args()
    if chosen.part == "truth":
        against_truth(chosen.run)
    elif chosen.part == "isce2":
        against_isce2(chosen.run)
    else:
        measure_cost(chosen.folder, chosen.samples, chosen.core)


if __name__ == "__main__":
    main()

"""The region `valley`, the demo of commit af6a4ef, of this checkout and of that in turn: CPU s by
rule, and outputs side by side.

    git clone REPOSITORY BEFORE && git -C BEFORE checkout af6a4ef
    python -m studies.frames.demo_speed --before BEFORE --folder FOLDER

Runs before1, now1, before2, now2 in fresh folders on two cores of a machine with nothing else to
do; CPU s are those of Snakemake's benchmark files, interpreter start included. The simulator of
af6a4ef lit more ground, which leaves other samples: outputs are compared on the same products,
those of now1, which af6a4ef processes once more as products of a folder. Agreement is that
between machines: 99.9 % of the multilooked phase within 1e-3 rad where coherence is over 0.3,
probabilities within 1e-3, objects one to one at an IoU of 0.99. Then two full-width bursts of one
date are geocoded (`studies.insar`). About 55 CPU minutes, 25 GB. What stands in FOLDER is read, not
made again.
"""

import argparse
import json
from collections.abc import Iterator
from pathlib import Path

import geopandas as gpd
import numpy as np
import rasterio

from sarslide.config import load
from sarslide.inventory.matching import intersections
from sarslide.io.sidecar import read_json
from sarslide.report.tables import run_time_rows
from studies import insar
from studies.frames import put, row
from studies.structure.records import REPOSITORY
from studies.structure.snakemake_cost import run, valley

COMMAND = "python -m studies.frames.demo_speed --before CLONE_OF_af6a4ef --folder FOLDER"
MODEL = "drs_unet_compact"  # the packaged network of both
OF_MODEL = "segmentation=" + json.dumps({"model": MODEL})
ROUNDS, TOP, SAMPLES = 2, 10, 25_000
MAX_CPU_S, MAX_BURST_S, BURST_BEFORE_S = 460, 4.0, 5.7
PHASE_RAD, PHASE_SHARE, COHERENT, PROBABILITY, IOU = 1e-3, 0.999, 0.3, 1e-3, 0.99


def made(checkout: Path, folder: Path) -> Path:
    """Results of the valley of a checkout, run unless they stand in the folder."""
    region = valley(checkout)
    results = folder / "results" / region
    if not (results / "report/report.html").is_file():
        folder.mkdir(parents=True, exist_ok=True)
        run(checkout, folder, "--cores", "2", "--rerun-incomplete", "--config", f"region={region}", OF_MODEL)
    return results


def of_products(checkout: Path, other: Path, folder: Path) -> Path:
    """Results of a checkout on the products of another run, without simulation."""
    region = valley(checkout)
    results, resources = folder / "results" / region, other / "resources" / valley(REPOSITORY)
    if not (results / "report/report.html").is_file():
        mine = folder / "resources" / region
        mine.mkdir(parents=True, exist_ok=True)
        if not (mine / "slc").exists():
            (mine / "slc").symlink_to(resources / "slc")
        dem = json.dumps({"dem": str(resources / "dem_m.tif")})
        words = ["--config", f"region={region}", "source=safe", f"grid={dem}", OF_MODEL]
        run(checkout, folder, "update_catalog", "--cores", "1", *words)
        run(checkout, folder, "--cores", "2", "--rerun-incomplete", *words)
    return results


def by_rule(results: Path) -> dict[str, float]:
    """CPU s of the jobs of each rule."""
    return {one["rule"]: one["cpu_s"] for one in run_time_rows(results / "benchmarks")}


def cost_rows(before: list[dict[str, float]], now: list[dict[str, float]]) -> list[dict]:
    """Total and costliest rules, means of the runs."""
    totals = [round(sum(one.values())) for one in now]
    then = [round(sum(one.values())) for one in before]
    mean = sum(totals) / len(totals)

    def mean_of(runs: list[dict[str, float]], rule: str) -> float | None:
        found = [one[rule] for one in runs if rule in one]
        return round(sum(found) / len(found), 1) if found else None

    rules = sorted({rule for one in (*before, *now) for rule in one}, key=lambda rule: -(mean_of(now, rule) or 0))
    return [
        row(
            f"valley, the demo before: CPU s of jobs, mean of {len(totals)} in turn",
            round(mean), COMMAND, f"<= {MAX_CPU_S}", mean <= MAX_CPU_S, round(sum(then) / len(then)),
        ),
        *(
            row(f"valley, the demo before: CPU s of {rule}", mean_of(now, rule) or 0.0, COMMAND, before=mean_of(before, rule))
            for rule in rules[:TOP]
        ),
    ]  # fmt: skip


def read(path: Path) -> np.ndarray:
    """First band, (rows, cols), NaN where it is unknown."""
    with rasterio.open(path) as file:
        return file.read(1, masked=True).astype(float).filled(np.nan)


def part(results: Path, stack: str) -> Path:
    """Folder of what the engine made of a track: af6a4ef has no frames."""
    framed = results / stack / "f0" / "native"
    return framed if framed.is_dir() else results / stack / "native"


def phase_differences(before: Path, now: Path, stacks: tuple[str, ...]) -> Iterator[np.ndarray]:
    """Unfiltered phase of each pair, now less before, rad, where both are coherent.

    Raises
    ------
    SystemExit
        Where the runs do not have the same pairs.
    """
    for stack in stacks:
        places = [part(results, stack) / "ifg" for results in (before, now)]
        names = [sorted({path.name.split(".")[0] for path in place.glob("*_*.json")}) for place in places]
        if names[0] != names[1]:
            raise SystemExit(f"{stack}: {before} and {now} do not have the same pairs")
        for name in names[0]:
            phases = [read(place / f"{name}.wrapped_rad.tif") for place in places]
            coherences = [read(place / f"{name}.cor.tif") for place in places]
            used = np.isfinite(phases[0] + phases[1]) & (np.minimum(*coherences) > COHERENT)
            yield np.angle(np.exp(1j * (phases[1] - phases[0])[used]))


def objects(results: Path) -> list:
    """Outlines of the released landslides."""
    inventory = results / "inventory"
    release = inventory / "releases" / read_json(inventory / "current.json")["release"]
    return list(gpd.read_file(release / "landslides.gpkg", layer="landslides").geometry)


def agreement_rows(before: Path, now: Path, stacks: tuple[str, ...]) -> list[dict]:
    """Outputs of the same products."""
    found = np.abs(np.concatenate(list(phase_differences(before, now, stacks))))
    share = float((found <= PHASE_RAD).mean())
    maps = [
        [read(part(results, stack) / f"stacking/segment/{MODEL}/probability.tif") for results in (before, now)]
        for stack in stacks
    ]
    largest = max(float(np.nanmax(np.abs(two - one))) for one, two in maps)
    first, second = objects(before), objects(now)
    same = sum(iou >= IOU for iou, _ in intersections(first, second).values())
    what = "valley, the demo before, the same products"
    return [
        row(
            f"{what}: multilooked phase within {PHASE_RAD:g} rad of before, median of the difference",
            f"{share:.2%}, {np.median(found):.1e} rad", COMMAND, f">= {PHASE_SHARE:.1%}", share >= PHASE_SHARE,
        ),
        row(
            f"{what}: largest difference of a probability",
            f"{largest:.1e}", COMMAND, f"<= {PROBABILITY:g}", largest <= PROBABILITY,
        ),
        row(
            f"{what}: objects before, now, same at an IoU of {IOU}",
            f"{len(first)}, {len(second)}, {same}", COMMAND, "all", len(first) == len(second) == same,
        ),
    ]  # fmt: skip


def burst_cpu_s(folder: Path) -> float:
    """CPU s of a geocoded burst of full width and one date, interpreter start included."""
    kept = folder / "burst_cpu_s.json"
    if not kept.is_file():
        folder.mkdir(parents=True, exist_ok=True)
        _, config = insar.products(folder, SAMPLES)
        dates = insar.DATES[:2]
        targets = [f"results/{valley(REPOSITORY)}/{insar.STACK}/f0/native/gslc/{date}.tif" for date in dates]
        used = insar.workflow(folder, config, "native", targets, core=0)
        cpu_s = next(cpu_s for rule, _, cpu_s, *_ in used if rule == "geocode_slc")
        kept.write_text(json.dumps(cpu_s / len(dates) / insar.BURSTS))
    return json.loads(kept.read_text())


def main() -> None:
    """Run, compare, record."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--before", type=Path, required=True, metavar="CLONE", help="checkout of af6a4ef")
    parser.add_argument("--folder", type=Path, required=True, metavar="FOLDER")
    parser.add_argument("--rounds", type=int, default=ROUNDS, help="runs of each")
    chosen = parser.parse_args()
    folder, before = chosen.folder.resolve(), chosen.before.resolve()
    runs: dict[str, list[Path]] = {"before": [], "now": []}
    for number in range(1, chosen.rounds + 1):
        for name, checkout in (("before", before), ("now", REPOSITORY)):
            runs[name].append(made(checkout, folder / f"{name}{number}"))
    then, now = ([by_rule(results) for results in each] for each in runs.values())
    put(cost_rows(then, now))
    burst = burst_cpu_s(folder / "burst")
    what = "geocoding: CPU s of a burst of full width and one date"
    put([row(what, round(burst, 2), COMMAND, f"<= {MAX_BURST_S:g}", burst <= MAX_BURST_S, BURST_BEFORE_S)])
    same = of_products(before, folder / "now1", folder / "same_products")
    put(agreement_rows(same, runs["now"][0], load({"region": valley(REPOSITORY)}).stacks))


if __name__ == "__main__":
    main()

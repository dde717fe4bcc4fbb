"""Rates of linked and of filtered phases, against the planted truth on the same cells.

    snakemake --cores 2 --directory DEFAULT --config region=valley "interferogram={linking: none}" \
        "rates={weighting: none, rate_cycles: false}"
    snakemake --cores 2 --directory LINKED --config region=valley \
        "rates={weighting: none, rate_cycles: false}"
    python -m studies.rates.linking --default DEFAULT --linked LINKED --region valley

Both folders hold one simulated region, made of the same products (copy `resources` and `gslc` of
the first). Cells: both rates known, seen by the track, mean coherence over 0.4. Moving is what
moves 5 mm/yr or more in line of sight, a landslide a connected part of it. Classes are those of
COHERENCE, SPEED and AREA_HA below; `-` has fewer than FEWEST cells. Bias is the mean error along
the true motion: below zero motion is lost.

Width of an edge: cells around landslides with a step of STEP mm/yr or more are sorted by their
distance to the border, below zero outside; the step is the 90th percentile of the speed inside.
Rates along the motion, divided by that step, are averaged by distance (noise goes, blur stays),
and the width is the distance from 10 to 90 % of the innermost mean. The truth has a width, too.
Distances with fewer than FEWEST cells are left out.

`--methods` names the rate methods of the default and of the linked pairs. CPU s are those of
Snakemake's benchmark files, of one track, from geocoded SLC to pair.
"""

import argparse
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import numpy as np
from scipy.ndimage import distance_transform_edt, label

from sarslide.frames import WHOLE
from sarslide.io import raster
from sarslide.io.sidecar import read_json
from sarslide.report.tables import run_time_rows
from studies.rates import put, row

COMMAND = "python -m studies.rates.linking --default DEFAULT --linked LINKED --region {region} --stack {stack}"
COHERENT, MOVING, SLOW = 0.4, 5.0, 100.0  # mm/yr but the first
COHERENCE = (0.4, 0.5, 0.6, 0.7, 0.8, 1.0)
SPEED = (0, 5, 10, 25, 50, 100, np.inf)  # mm/yr in line of sight
AREA_HA = (0, 2, 10, 50, np.inf)
FEWEST = 50
STEP, OUTSIDE, INSIDE = 20.0, -5, 6  # mm/yr, cells
LESS, MAX_BIAS = 0.7, 2.0  # share of the default's RMSE; mm/yr
MAKE_PAIRS = ("link_dates", "interferogram")
EIGHT = np.ones((3, 3), bool)


@dataclass(frozen=True)
class Scene:
    """What the cells of a track are.

    Attributes
    ----------
    truth : (rows, cols) array of float
        Planted rate in line of sight, mm/yr.
    coherence : (rows, cols) array of float
        Mean coherence of the pairs.
    used : (rows, cols) array of bool
        Cells that count.
    cell_m : float
        Side of a cell, m.
    """

    truth: np.ndarray
    coherence: np.ndarray
    used: np.ndarray
    cell_m: float

    @property
    def moves(self) -> np.ndarray:
        """Moving cells."""
        return np.abs(self.truth) >= MOVING

    def area_ha(self) -> np.ndarray:
        """Area of the landslide of each cell, ha; NaN where nothing moves."""
        numbers, _ = label(self.moves, EIGHT)
        area = np.bincount(numbers.ravel()) * self.cell_m**2 / 1e4
        return np.where(self.moves, area[numbers], np.nan)


def rmse(rate: np.ndarray, scene: Scene, cells: np.ndarray) -> float:
    """RMSE of a rate on some of the cells that count, mm/yr."""
    return float(np.sqrt(np.mean((rate - scene.truth)[cells & scene.used] ** 2)))


def bias(rate: np.ndarray, scene: Scene) -> float:
    """Mean error along the motion where it is slower than SLOW, mm/yr."""
    slow = scene.used & scene.moves & (np.abs(scene.truth) < SLOW)
    return float(np.mean(((rate - scene.truth) * np.sign(scene.truth))[slow]))


def by_class(rate: np.ndarray, scene: Scene, values: np.ndarray, edges: tuple[float, ...]) -> str:
    """RMSE by class of a value, of as many numbers as there are classes."""
    found = []
    for low, high in pairwise(edges):
        cells = (values >= low) & (values < high)
        enough = np.count_nonzero(cells & scene.used) >= FEWEST
        found.append(f"{rmse(rate, scene, cells):.2f}" if enough else "-")
    return " / ".join(found)


def edge_width(rate: np.ndarray, scene: Scene) -> float:
    """Distance in which the mean profile across the borders rises from 10 to 90 %, cells."""
    numbers, count = label(scene.moves, EIGHT)
    inner = distance_transform_edt(scene.moves)
    outer, nearest = distance_transform_edt(~scene.moves, return_indices=True)
    numbers = numbers[tuple(nearest)]
    speed = np.abs(scene.truth)
    step, sense = np.zeros(count + 1), np.zeros(count + 1)
    for number in range(1, count + 1):
        inside = (numbers == number) & scene.moves
        step[number] = np.percentile(speed[inside], 90)
        sense[number] = np.sign(scene.truth[inside].sum())
    # Centres of cells lie half a cell from the border.
    place = np.rint(np.where(scene.moves, inner - 0.5, 0.5 - outer) - 0.5)
    sharp = scene.used & (step[numbers] >= STEP) & (step[numbers] < SLOW)
    share = rate * sense[numbers] / np.where(step[numbers] > 0, step[numbers], 1)
    at = [where for where in range(OUTSIDE, INSIDE + 1) if np.count_nonzero(sharp & (place == where)) >= FEWEST]
    if len(at) < 2:
        return float("nan")
    rising = np.maximum.accumulate([share[sharp & (place == where)].mean() for where in at])
    low, high = np.interp(np.array([0.1, 0.9]) * rising[-1], rising, at)
    return float(high - low)


def cpu_s(results: Path, stack: str) -> float:
    """CPU s of the jobs of a track that make pairs of geocoded SLCs; 0 without benchmark files."""
    folders = [results / "benchmarks" / rule / stack for rule in MAKE_PAIRS]
    return sum(one["cpu_s"] for folder in folders if folder.is_dir() for one in run_time_rows(folder))


def _figure(value: float | str) -> float | str:
    """A number as it is recorded; too few cells for one are "-"."""
    return value if isinstance(value, str) else round(value, 3) if np.isfinite(value) else "-"


def rows_of(default: Path, linked: Path, region: str, stack: str, methods: tuple[str, str]) -> list[dict]:
    """Rows of one track of a region of one frame."""
    results = [folder / "results" / region for folder in (default, linked)]
    made = [each / stack / WHOLE / "native" for each in results]
    grid = raster.grid_of(made[0] / "stacking/los_rate_mm_per_yr.tif")
    truth_of = default / "resources" / region / "truth" / stack
    truth = raster.read(truth_of / "true_los_rate_mm_per_yr.tif", grid)
    coherence = raster.read(made[0] / "stacking/mean_coherence.tif", grid)
    seen = (raster.read(truth_of / "true_observable.tif", grid) == 1) & (coherence > COHERENT)
    rates = [
        raster.read(each / method / "los_rate_mm_per_yr.tif", grid) for each, method in zip(made, methods, strict=True)
    ]
    scene = Scene(truth, coherence, seen & np.isfinite(rates[0] + rates[1]), grid.cell_m)
    how = read_json(next((made[1] / "ifg").glob("*_*[0-9].json")))["filter"]
    what = f"{region} {stack}, {how['name']} in mini-stacks of {how['ministack']}, {' to '.join(methods)}"
    command = COMMAND.format(region=region, stack=stack) + f" --methods {' '.join(methods)}"
    everywhere = np.ones_like(seen)

    def both(name, measure, goal="shown", reached=lambda before, now: True):
        before, now = (measure(rate) for rate in rates)
        figures = [_figure(value) for value in (now, before)]
        return row(f"{what}: {name}", figures[0], command, goal, bool(reached(before, now)), figures[1])

    def a_third_less(before, now):
        return now <= LESS * before

    def classes(name, values, edges):
        return both(f"RMSE by {name}, mm/yr", lambda rate: by_class(rate, scene, values, edges))

    width = f"width of an edge, 10 to 90 %, cells (truth {edge_width(truth, scene):.2f})"
    rows = [
        both("RMSE, mm/yr", lambda rate: rmse(rate, scene, everywhere), f"<= {LESS} of before", a_third_less),
        both(
            "RMSE of moving ground, mm/yr", lambda rate: rmse(rate, scene, scene.moves), f"<= {LESS} of before",
            a_third_less,
        ),
        classes("coherence .4 / .5 / .6 / .7 / .8", coherence, COHERENCE),
        classes("speed 0 / 5 / 10 / 25 / 50 / 100 mm/yr", np.abs(truth), SPEED),
        classes("landslide 0 / 2 / 10 / 50 ha", scene.area_ha(), AREA_HA),
        both(
            f"bias of ground that moves under {SLOW:g} mm/yr, mm/yr", lambda rate: bias(rate, scene),
            f"within {MAX_BIAS:g}", lambda _, now: abs(now) <= MAX_BIAS,
        ),
        both(width, lambda rate: edge_width(rate, scene), "<= before", lambda before, now: now <= before),
        both(
            "valid share of cells that the track sees", lambda rate: float(np.isfinite(rate)[seen].mean()),
            ">= before", lambda before, now: now >= before,
        ),
    ]  # fmt: skip
    cost = [cpu_s(each, stack) for each in results]
    if all(cost):
        rows.append(row(f"{what}: geocoded SLCs to pairs, CPU s", round(cost[1], 1), command, before=round(cost[0], 1)))
    return rows


def main() -> None:
    """Compare, record."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    for name in ("default", "linked"):
        parser.add_argument(f"--{name}", type=Path, required=True, metavar="FOLDER")
    parser.add_argument("--region", required=True)
    parser.add_argument("--stack", default="A128")
    parser.add_argument("--methods", nargs=2, default=("stacking", "stacking"), metavar=("DEFAULT", "LINKED"))
    chosen = parser.parse_args()
    put(rows_of(chosen.default, chosen.linked, chosen.region, chosen.stack, tuple(chosen.methods)))


if __name__ == "__main__":
    main()

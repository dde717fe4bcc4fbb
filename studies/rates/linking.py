"""Rates of linked phases beside those of the default, against the planted truth on the same cells.

    snakemake --cores 2 --directory DEFAULT --config region=valley
    snakemake --cores 2 --directory LINKED --config region=valley "interferogram={linking: emi}"
    python -m studies.rates.linking --default DEFAULT --linked LINKED --region valley

Both folders hold one simulated region, made of the same products (copy `resources` and `gslc` of
the first). Cells: both rates known, seen by the track, mean coherence over 0.4. Moving is what
moves 5 mm/yr or more in line of sight; an edge is what lies within 2 cells of where that begins.
Bias is the mean error along the true motion: below zero motion is lost. CPU s are those of
Snakemake's benchmark files, of one track, from geocoded SLC to pair.
"""

import argparse
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from scipy.ndimage import binary_dilation

from sarslide.frames import WHOLE
from sarslide.io import raster
from sarslide.io.sidecar import read_json
from sarslide.report.tables import run_time_rows
from studies.rates import put, row

COMMAND = "python -m studies.rates.linking --default DEFAULT --linked LINKED --region {region}"
COHERENT, MOVING, SLOW = 0.4, 5.0, 100.0  # mm/yr but the first
EDGE_CELLS = 2
LESS, MAX_BIAS = 0.7, 2.0  # share of the default's RMSE; mm/yr
MAKE_PAIRS = ("link_dates", "interferogram")


@dataclass(frozen=True)
class Errors:
    """Errors of a rate on some cells, mm/yr.

    Attributes
    ----------
    whole, moving, edge, still : float
        RMSE of all cells, of those that move, at their edges, and of the rest.
    bias : float
        Mean error along the motion where it is slower than SLOW.
    """

    whole: float
    moving: float
    edge: float
    still: float
    bias: float


def errors(rate: np.ndarray, truth: np.ndarray, used: np.ndarray) -> Errors:
    """Errors of a rate against the truth on the cells that count."""
    moves = np.abs(truth) >= MOVING
    square = np.ones((3, 3), bool)
    edge = binary_dilation(moves, square, EDGE_CELLS) & binary_dilation(~moves, square, EDGE_CELLS)
    error = rate - truth

    def rmse(cells: np.ndarray) -> float:
        return float(np.sqrt(np.mean(error[cells & used] ** 2)))

    slow = used & moves & (np.abs(truth) < SLOW)
    bias = float(np.mean((error * np.sign(truth))[slow]))
    return Errors(rmse(used), rmse(moves), rmse(edge), rmse(~moves & ~edge), bias)


def cpu_s(results: Path, stack: str) -> float:
    """CPU s of the jobs of a track that make pairs of geocoded SLCs."""
    folders = [results / "benchmarks" / rule / stack for rule in MAKE_PAIRS]
    return sum(one["cpu_s"] for folder in folders if folder.is_dir() for one in run_time_rows(folder))


def rows_of(default: Path, linked: Path, region: str, stack: str) -> list[dict]:
    """Rows of one track of a region of one frame."""
    results = [folder / "results" / region for folder in (default, linked)]
    made = [each / stack / WHOLE / "native" for each in results]
    grid = raster.grid_of(made[0] / "stacking/los_rate_mm_per_yr.tif")
    truth_of = default / "resources" / region / "truth" / stack
    truth = raster.read(truth_of / "true_los_rate_mm_per_yr.tif", grid)
    seen = raster.read(truth_of / "true_observable.tif", grid) == 1
    seen &= raster.read(made[0] / "stacking/mean_coherence.tif", grid) > COHERENT
    rates = [raster.read(each / "stacking/los_rate_mm_per_yr.tif", grid) for each in made]
    used = seen & np.isfinite(rates[0] + rates[1])
    before, now = (errors(rate, truth, used) for rate in rates)
    valid = [float(np.isfinite(rate[seen]).mean()) for rate in rates]
    cost = [cpu_s(each, stack) for each in results]
    pair = next((made[1] / "ifg").glob("*_*[0-9].json"))
    how = read_json(pair)["filter"]
    what = f"{region} {stack}, {how['name']} in mini-stacks of {how['ministack']}"
    command = COMMAND.format(region=region)

    def shown(name: str, unit: str, one: float, other: float, goal: str = "shown", met: bool = True) -> dict:
        return row(f"{what}: {name}, {unit}", round(other, 3), command, goal, met, round(one, 3))

    return [
        shown("RMSE", "mm/yr", before.whole, now.whole, f"<= {LESS} of before", now.whole <= LESS * before.whole),
        shown(
            "RMSE of moving ground", "mm/yr", before.moving, now.moving,
            f"<= {LESS} of before", now.moving <= LESS * before.moving,
        ),
        shown("RMSE at edges of moving ground", "mm/yr", before.edge, now.edge, "< before", now.edge < before.edge),
        shown("RMSE of stable ground", "mm/yr", before.still, now.still),
        shown(
            f"bias of ground that moves under {SLOW:g} mm/yr", "mm/yr", before.bias, now.bias,
            f"within {MAX_BIAS:g}", abs(now.bias) <= MAX_BIAS,
        ),
        shown("valid share of cells that the track sees", "1", valid[0], valid[1], ">= before", valid[1] >= valid[0]),
        shown("geocoded SLCs to pairs", "CPU s", cost[0], cost[1]),
    ]  # fmt: skip


def main() -> None:
    """Compare, record."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    for name in ("default", "linked"):
        parser.add_argument(f"--{name}", type=Path, required=True, metavar="FOLDER")
    parser.add_argument("--region", required=True)
    parser.add_argument("--stack", default="A128")
    chosen = parser.parse_args()
    put(rows_of(chosen.default, chosen.linked, chosen.region, chosen.stack))


if __name__ == "__main__":
    main()

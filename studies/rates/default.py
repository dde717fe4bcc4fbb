"""Chains of rates beside the default of before, against the planted truth on the same cells.

    python -m studies.rates.default --default DEFAULT --region demo --stack A117 \
        --candidate "coherence weights" WEIGHTED --candidate "linked, coherence weights" LINKED

All folders hold one simulated region, finished with one configuration each and made of the same
products (copy `resources` and `gslc` of the first). DEFAULT is that of before, with
`interferogram.linking: none`, `rates.weighting: none` and `rates.rate_cycles: false`; the candidate
"linked, noise weights, rate_cycles" has become the default. Cells, moving ground, bias and width of
an edge are those of `studies.rates.linking`, on the cells where all candidates have a rate; the
valid share is each one's own. z is the error over the stated one: its standard deviation should be
1.
"""

import argparse
from collections.abc import Callable, Mapping
from functools import reduce
from pathlib import Path

import numpy as np

from sarslide.frames import WHOLE
from sarslide.io import raster
from studies.rates import put, row
from studies.rates.linking import COHERENT, LESS, MAX_BIAS, SLOW, Scene, bias, edge_width, rmse

COMMAND = "python -m studies.rates.default --default DEFAULT --candidate NAME FOLDER --region {region} --stack {stack}"
Figures = Mapping[str, float]  # by candidate


def rows_of(
    default: Path, candidates: Mapping[str, Path], region: str, stack: str, title: str = "default"
) -> list[dict]:
    """Rows of one track of a region of one frame: a figure of each candidate, in one order."""
    made = {
        name: folder / "results" / region / stack / WHOLE / "native/stacking"
        for name, folder in ({"default": default} | dict(candidates)).items()
    }
    grid = raster.grid_of(made["default"] / "los_rate_mm_per_yr.tif")
    truth_of = default / "resources" / region / "truth" / stack
    truth = raster.read(truth_of / "true_los_rate_mm_per_yr.tif", grid)
    coherence = raster.read(made["default"] / "mean_coherence.tif", grid)
    seen = (raster.read(truth_of / "true_observable.tif", grid) == 1) & (coherence > COHERENT)
    rates = {name: raster.read(folder / "los_rate_mm_per_yr.tif", grid) for name, folder in made.items()}
    errors = {name: raster.read(folder / "los_rate_std_mm_per_yr.tif", grid) for name, folder in made.items()}
    used = seen & reduce(np.logical_and, map(np.isfinite, rates.values()))
    scene = Scene(truth, coherence, used, grid.cell_m)
    slow = scene.moves & (np.abs(truth) < SLOW)
    still = ~scene.moves

    def figures(
        name: str,
        of: Callable[[str], float],
        goal: str = "shown",
        reached: Callable[[float, float], bool] = lambda before, now: True,
    ) -> dict:
        found = {each: of(each) for each in made}
        before = found.pop("default")
        text = "; ".join(
            f"{each} {value:.3f}{'' if reached(before, value) else ' (missed)'}" for each, value in found.items()
        )
        met = all(reached(before, value) for value in found.values())
        command = COMMAND.format(region=region, stack=stack) + f' --title "{title}"' * (title != "default")
        return row(f"{title}, {region} {stack}: {name}", text, command, goal, met, round(before, 3))

    def less(before: float, now: float) -> bool:
        return now <= LESS * before

    return [
        figures("RMSE, mm/yr", lambda one: rmse(rates[one], scene, np.ones_like(seen)), f"<= {LESS} of before", less),
        figures("RMSE of still ground, mm/yr", lambda one: rmse(rates[one], scene, still)),
        figures(f"RMSE of ground that moves under {SLOW:g} mm/yr, mm/yr", lambda one: rmse(rates[one], scene, slow)),
        figures("RMSE of moving ground, mm/yr", lambda one: rmse(rates[one], scene, scene.moves)),
        figures(
            f"bias of ground that moves under {SLOW:g} mm/yr, mm/yr", lambda one: bias(rates[one], scene),
            f"within {MAX_BIAS:g}", lambda _, now: abs(now) <= MAX_BIAS,
        ),
        figures(
            f"width of an edge, 10 to 90 %, cells (truth {edge_width(truth, scene):.2f})",
            lambda one: edge_width(rates[one], scene), "<= before",
            lambda before, now: np.isnan(before) or now <= before,
        ),
        figures(
            "valid share of cells that the track sees", lambda one: float(np.isfinite(rates[one])[seen].mean()),
            ">= before", lambda before, now: now >= before - 0.0005,
        ),
        figures(
            "rms of z, still ground", lambda one: rmse((rates[one] - truth) / errors[one] + truth, scene, still),
            "0.9 to 1.1", lambda _, now: 0.9 <= now <= 1.1,
        ),
    ]  # fmt: skip


def main() -> None:
    """Compare; record."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--default", type=Path, required=True, metavar="FOLDER")
    parser.add_argument("--candidate", nargs=2, action="append", required=True, metavar=("NAME", "FOLDER"))
    parser.add_argument("--region", required=True)
    parser.add_argument("--stack", default="A128")
    parser.add_argument("--title", default="default", help="first word of the rows")
    parser.add_argument("--record", action="store_true", help="put the rows into studies/records/rates.json")
    chosen = parser.parse_args()
    candidates = {name: Path(folder) for name, folder in chosen.candidate}
    rows = rows_of(chosen.default, candidates, chosen.region, chosen.stack, chosen.title)
    if chosen.record:
        return put(rows)
    for each in rows:
        print(f"{each['what']}: {each['before']} -> {each['measured']}")
    return None


if __name__ == "__main__":
    main()

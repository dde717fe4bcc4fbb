"""Outlines of simulated landslides beside those of three inventories.

    python -m studies.ground.outlines                  rows of studies/records/ground.json, figure
    python -m studies.ground.outlines --search NAME    finds the shape of an inventory, prints it

The search draws 150 bodies on TUNED_ON, the same random numbers at each trial, and walks at random
from the best setting so far, in ever smaller steps. The rows are measured on other ground,
MEASURED_ON, with other random numbers. Of the inventories the quantiles alone are published: the
Kolmogorov-Smirnov distance is the largest one at these.
"""

import argparse
from dataclasses import astuple, fields, replace

import numpy as np
import rasterio

from sarsim.mapped_outlines import (
    INVENTORIES,
    PROBABILITIES,
    STATISTICS,
    Inventory,
    Shape,
    as_cells,
    ks_distance,
    measure,
)
from sarsim.outlines import SmoothedGround, draw_deviates, draw_outline, drawn_sizes, radii
from sarslide.grid import RegionGrid
from studies.ground import put, row
from studies.structure.records import REPOSITORY

COMMAND = "python -m studies.ground.outlines"
RANGES = REPOSITORY / "src/sarsim/ranges"
FIGURE = REPOSITORY / "docs/reference/images/ground_outlines.png"
TUNED_ON, MEASURED_ON = "cevennes_lozere_30m", "alps_davos_30m"
TUNING, MEASURING = 150, 600  # bodies
GOAL = 0.2
NAMED = {"area_ha": "area", "elongation": "elongation", "compactness": "compactness", "solidity": "solidity"}
TITLES = {"tiraumea": "Tiraumea earthflows", "carpathians": "flysch Carpathians", "isslide": "ISSLIDE"}
SLOPES_DEG = (8.0, 40.0)
RECTANGLE = 0.5  # weight of the statistic that has no goal
TRIALS, STEPS = 400, (0.6, 0.05)  # standard deviations of the logarithm of a parameter, first and last
LOWEST, HIGHEST = (
    Shape(0.01, 0.02, 0.3, 0.001, 0.02, 0.2, 0.001, 0.6),
    Shape(0.6, 1.0, 3.0, 0.3, 1.0, 3.0, 0.1, 1.4),
)


class Sample:
    """Bodies of an inventory on a DEM: all but their shape.

    Parameters
    ----------
    inventory : Inventory
        The inventory.
    dem : str
        File of RANGES.
    count, seed : int
        How many, and of which random numbers.
    """

    def __init__(self, inventory: Inventory, dem: str, count: int, seed: int):
        rng = np.random.default_rng(seed)
        ground, places = slopes(dem, count, rng)
        self.inventory, self.deviates = inventory, draw_deviates(rng, count)
        self.areas, self.elongations = drawn_sizes(inventory, self.deviates)
        bodies = zip(self.areas, self.elongations, places, strict=True)
        self.lines = [ground.line(inventory, area, elongation, place) for area, elongation, place in bodies]

    def measured(self, shape: Shape) -> dict[str, np.ndarray]:
        """Statistics of the bodies, mapped as the inventory's are."""
        bodies = zip(
            self.areas, self.elongations, radii(shape, self.deviates), self.deviates.bend, self.lines, strict=True
        )
        outlines = [draw_outline(shape, *body) for body in bodies]
        if self.inventory.raster_m:
            outlines = [as_cells(outline, self.inventory.raster_m) for outline in outlines]
        return measure([outline for outline in outlines if not outline.is_empty])

    def distances(self, shape: Shape) -> dict[str, float]:
        """Kolmogorov-Smirnov distance of each statistic."""
        found = self.measured(shape)
        return {name: ks_distance(found[name], getattr(self.inventory, name)) for name in STATISTICS}


def slopes(dem: str, count: int, rng: np.random.Generator) -> tuple[SmoothedGround, list[tuple[float, float]]]:
    """A DEM and places on its slopes, not near its edge."""
    with rasterio.open(RANGES / f"{dem}.tif") as source:
        heights, (west, _, _, north) = source.read(1), source.bounds
        grid = RegionGrid(source.crs.to_epsg(), west, north, source.res[0], *heights.shape)
    ground = SmoothedGround(grid, heights)
    steep = ground.field(120.0).slope_deg
    steep = (steep > SLOPES_DEG[0]) & (steep < SLOPES_DEG[1])
    steep[:50], steep[-50:], steep[:, :50], steep[:, -50:] = False, False, False, False
    chosen = rng.choice(np.flatnonzero(steep), count, replace=False)
    return ground, [(grid.x()[k % grid.cols], grid.y()[k // grid.cols]) for k in chosen]


def loss(distances: dict[str, float]) -> float:
    """The largest distance, then their sum."""
    weighted = {name: each * (1 if name in NAMED else RECTANGLE) for name, each in distances.items()}
    return max(weighted.values()) + 0.25 * sum(weighted.values())


def search(name: str, trials: int = TRIALS, seed: int = 1) -> Shape:
    """The shape of an inventory, by random search."""
    sample, rng = Sample(INVENTORIES[name], TUNED_ON, TUNING, seed), np.random.default_rng(seed)
    low, high = (np.log(astuple(bound)) for bound in (LOWEST, HIGHEST))
    best = np.clip(np.log(np.maximum(astuple(sample.inventory.shape), 1e-6)), low, high)
    least = loss(sample.distances(Shape(*np.exp(best))))
    for step in np.geomspace(*STEPS, trials):
        moved = rng.random(best.size) < 0.5
        tried = np.clip(best + step * moved * rng.standard_normal(best.size), low, high)
        reached = loss(sample.distances(Shape(*np.exp(tried))))
        if reached < least:
            best, least = tried, reached
    return replace(Shape(*(float(f"{value:.3g}") for value in np.exp(best))))


def rows(samples: dict[str, dict[str, np.ndarray]]) -> list[dict]:
    found = []
    for name, measured in samples.items():
        for statistic, word in NAMED.items():
            distance = round(ks_distance(measured[statistic], getattr(INVENTORIES[name], statistic)), 3)
            what = f"Outlines, {TITLES[name]}: {word}, Kolmogorov-Smirnov distance, {MEASURING} bodies"
            found.append(row(what, distance, COMMAND, f"at most {GOAL}", distance <= GOAL))
    return found


def draw(samples: dict[str, dict[str, np.ndarray]]) -> None:
    """Cumulative curves of ours, with the published quantiles."""
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot

    figure, axes = pyplot.subplots(len(samples), len(STATISTICS), figsize=(12, 6.5), sharey=True, layout="constrained")
    for line, (name, measured) in zip(axes, samples.items(), strict=True):
        line[0].set_ylabel(f"{TITLES[name]}\nshare of bodies")
        for place, statistic in zip(line, STATISTICS, strict=True):
            ours, theirs = np.sort(measured[statistic]), getattr(INVENTORIES[name], statistic)
            place.plot(ours, np.linspace(0, 1, ours.size), color="0.3", label="simulated")
            place.plot(theirs, PROBABILITIES, "o", color="C3", label="published quantiles")
            if statistic == "area_ha":
                place.set_xscale("log")
                place.xaxis.set_minor_formatter("")
            place.set_xlim(np.quantile(ours, 0.01), np.quantile(np.append(ours, theirs[-1] * 1.02), 0.999))
    titles = ("area, ha", "length / width", "4 pi A / P2", "A / hull", "A / rectangle")
    for place, title in zip(axes[0], titles, strict=True):
        place.set_title(title)
    axes[0, 0].legend(loc="lower right", fontsize="small")
    figure.savefig(FIGURE, dpi=80, metadata={"Software": None})


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--search", choices=INVENTORIES, help="find the shape of this inventory")
    if name := parser.parse_args().search:
        shape = search(name)
        print(", ".join(f"{each.name}={getattr(shape, each.name)}" for each in fields(shape)))
        for dem, count, seed in ((TUNED_ON, TUNING, 1), (MEASURED_ON, MEASURING, 2)):
            print(dem, Sample(INVENTORIES[name], dem, count, seed).distances(shape))
        return
    samples = {
        name: Sample(inventory, MEASURED_ON, MEASURING, 2).measured(inventory.shape)
        for name, inventory in INVENTORIES.items()
    }
    draw(samples)
    put(rows(samples))


if __name__ == "__main__":
    main()

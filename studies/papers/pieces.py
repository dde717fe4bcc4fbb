"""Every paper's chain to its end, on a simulated piece of its region: networks trained by the
preset, mapped, released, reported and scored beside the tuned velocity threshold.

    python -m studies.papers.pieces --folder FOLDER [--only REGION ...]

A piece has the tracks, network of pairs, rate method, cells, layers and networks of its preset; its
ground is simulated, 12 km x 12 km in the middle of the region, with twelve dates a track. Networks
have a quarter of the published width and a short budget. What stands in FOLDER is read, not made
again; a test area reads the weights of the region that trains for it, which comes first.
"""

import argparse
from collections.abc import Iterator, Sequence
from contextlib import chdir
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from tests.regions.test_scaled_runs import simulated, words

from sarsim import products, scene
from sarsim.world import World, load_world
from sarslide import papers
from sarslide.catalog import scenes as catalog
from sarslide.config import Config, load
from sarslide.dataset import scenes as training_scenes
from sarslide.evaluate import metrics
from sarslide.inventory.velocity_threshold import Rule, active_areas
from sarslide.io import raster
from sarslide.io.sidecar import read_json
from sarslide.rates.methods import DEFAULT, METHODS
from sarslide.report.tables import run_time_rows
from sarslide.workflow.graph import Graph
from sarslide.workflow.network_inputs import NetworkInputs
from studies.benchmark import baseline
from studies.papers import put, row
from studies.runs import sarslide

COMMAND = "python -m studies.papers.pieces --folder FOLDER"
REGIONS = ("three_rivers", "zhongxinrong", "jinsha_lancang", "baihetan", "qtp_loess", "zhouqu")
SIDE_M, DATES = (12000, 12000), 12
# The short training: a quarter of the published width, patches of 128 x 128 cells, seeds; the
# threshold is chosen on the validation part, as after so few samples none passes the papers' 0.5.
SHORT = {"width": 0.25, "start": "random", "threshold": 0, "seeds": [9001, 9002, 9003], "validation_seeds": [9101]}
# SegNet finds nothing after 2,000 samples of P0's recipe.
SAMPLES = {"three_rivers": 6000, "jinsha_lancang": 4000, "baihetan": 2000, "qtp_loess": 2000}
LEARNING = ("simulate_climate", "train_network")
# Two networks side by side rather than one on two threads.
ONE_THREAD = ("--set-threads", "train_network=1", "segment=1", "segment_instances=1")
MIN_KM2 = 0.018  # smaller objects are left out on both sides, as the inventory leaves them out


def configuration(region: str) -> dict[str, Any]:
    """The user's configuration of a piece."""
    return without_training(region) | {"training": SHORT, "inventory": {"threshold": None}}


def without_training(region: str) -> dict[str, Any]:
    """The piece alone."""
    made = simulated(region, SIDE_M, DATES)
    # Ground of its own, which no training has seen.
    made["simulation"] |= {"seed": 7500 + REGIONS.index(region)}
    return made


def snakemake(folder: Path, name: str, config: dict[str, Any], *targets: str) -> None:
    """Run a piece."""
    region = [f"--set={word}" for word in words(config) if not word.startswith("region=")]
    sarslide(folder, name, "run", config["region"], "--cores", "2", *region, "--", *targets, *ONE_THREAD)


@dataclass(frozen=True)
class Piece:
    """A piece that was run to its end in FOLDER.

    Attributes
    ----------
    folder : Path
        Working folder.
    made : dict
        The user's configuration.
    """

    folder: Path
    made: dict[str, Any]

    @cached_property
    def config(self) -> Config:
        """Its configuration."""
        return load(self.made)

    @property
    def region(self) -> str:
        """The preset."""
        return self.config.region

    @cached_property
    def networks(self) -> NetworkInputs:
        """Its networks: those whose weights stand in its folder, or come with the package."""
        with chdir(self.folder):
            return NetworkInputs(Graph.of(self.config, catalog.table(self.config, Path("resources"))))

    @property
    def results(self) -> Path:
        """Folder of what was computed."""
        return self.folder / "results" / self.region

    @cached_property
    def world(self) -> World:
        """What was planted."""
        return load_world(self.folder / f"resources/{self.region}/truth/world.npz")

    @cached_property
    def truth(self) -> dict[str, np.ndarray]:
        """What each track should find, on the region grid."""
        return {stack: scene.label(self.world, products.view(self.world, stack)) for stack in self.config.stacks}

    def map_of(self, name: str, stack: str) -> str:
        """Path of a network's map of a track, from the working folder."""
        return f"{self.networks.paths.networks}/{name}/probability.tif".format(stack=stack, frame="f0")

    def of_network(self, name: str) -> tuple[float, float]:
        """F1 by cell and by object of a network's maps, at the threshold of its training."""
        found = []
        for stack, label in self.truth.items():
            path = self.folder / self.map_of(name, stack)
            probability = raster.read(path)
            finer = len(probability) // len(label)
            label, known = label.repeat(finer, 0).repeat(finer, 1), np.isfinite(probability)
            marked = known & (np.nan_to_num(probability) >= float(raster.tags_of(path)["threshold"]))
            found.append(self.counts(np.where(known, label, scene.IGNORE), marked, finer))
        return pooled_f1(found)

    def of_threshold(self, rule: Rule) -> tuple[float, float]:
        """F1 by cell and by object of the velocity threshold on the piece's rates."""
        slope, found = raster.read(self.results / "terrain/f0/slope_deg.tif"), []
        for stack, label in self.truth.items():
            rate, std = self.rates(stack)
            known = np.isfinite(rate + std + slope)
            marked = active_areas(rate, std, slope, rule)
            found.append(self.counts(np.where(known, label, scene.IGNORE), marked, 1))
        return pooled_f1(found)

    def of_inventory(self) -> tuple[dict[str, Any], dict[str, str]]:
        """Scores of the report; precision and recall of the scored landslides in words."""
        found = read_json(self.results / "report/scores.json")
        keys = ("object_precision", "object_recall")
        return found, {key: f"{found[key]:.2f}" if found[key] is not None else "none" for key in keys}

    def rates(self, stack: str) -> tuple[np.ndarray, np.ndarray]:
        """LOS rate of a track and its standard error, mm/yr, on the region grid."""
        folder = self.results / stack / "f0" / self.config.engine / method_of(self.config)
        rate, std = (raster.read(folder / f"los_rate_{kind}mm_per_yr.tif") for kind in ("", "std_"))
        return rate, std

    def counts(self, label: np.ndarray, marked: np.ndarray, finer: int) -> tuple[metrics.Counts, metrics.Counts]:
        """Counts by cell and by object of one track."""
        cell_km2 = (self.config.grid.cell_m / finer / 1000) ** 2
        objects = metrics.object_counts(label, marked, min_cells=round(MIN_KM2 / cell_km2))
        return metrics.pixel_counts(label, marked), objects


def pooled_f1(counts: Sequence[tuple[metrics.Counts, metrics.Counts]]) -> tuple[float, float]:
    """F1 by cell and by object of all tracks."""
    cells, objects = zip(*counts, strict=True)
    return metrics.pooled(cells).f1, metrics.pooled(objects).f1


def method_of(config: Config) -> str:
    """The method whose rates the velocity threshold reads: the preset's, if it makes any."""
    return config.rates.method if METHODS[config.rates.method].has_rates else DEFAULT


def trainer(region: str) -> str:
    """The region whose training gives the weights of a region."""
    return load({"region": region}).segmentation.weights_of or region


def train(folder: Path, region: str) -> None:
    """The networks of a preset, unless they stand in FOLDER."""
    chosen = [f"--set=training.{key}={value}" for key, value in SHORT.items() if key != "width"]
    done = folder / f"train_{region}.done"
    if not done.is_file():
        budget = ("--width", str(SHORT["width"]), "--samples", str(SAMPLES[region]))
        command = ("train", "--preset", region, *budget, "--cores", "2", *chosen, "--", *ONE_THREAD)
        sarslide(folder, f"train_{region}", *command)
        done.touch()


def make(folder: Path, config: dict[str, Any]) -> None:
    """The piece from products to its report, and the rates that the velocity threshold needs."""
    region = config["region"]
    results = folder / "results" / region
    if not (results / "report/report.html").is_file():
        snakemake(folder, region, config)
    if METHODS[load(config).rates.method].has_rates:
        return
    rates = [
        f"results/{region}/{stack}/f0/native/{DEFAULT}/los_rate_{kind}mm_per_yr.tif"
        for stack in load(config).stacks
        for kind in ("", "std_")
    ]
    if not all((folder / path).is_file() for path in rates):
        snakemake(folder, f"{region}_rates", config | {"rates": {"method": DEFAULT}}, *rates)


def tuned(folder: Path, region: str) -> Rule:
    """The velocity threshold that is best on the validation scenes of a training."""
    paths = [path for seed in SHORT["validation_seeds"] for path in folder.rglob(f"{trainer(region)}/**/{seed}.*.npz")]
    scenes = [training_scenes.load(path, baseline.CHANNELS) for path in sorted(paths)]
    return baseline.choose(scenes, min_cells=round(MIN_KM2 / (load({"region": region}).grid.cell_m / 1000) ** 2))


def printed(paper: str, network: str, part: str) -> str:
    """F1 that a paper prints for a network on a part of its data, the largest, as a fraction."""
    found = [
        one.printed[[column.name for column in table.columns].index("F1")] / table.unit
        for table in papers.tables()
        if table.recipe == paper.lower() and (part != "transfer" or table.part == part)
        for one in table.rows
        if one.network == network and "F1" in [column.name for column in table.columns]
    ]
    return f"{max(found):.3f}" if found else "none"


def rows(piece: Piece) -> Iterator[dict]:
    """Rows of the record."""
    region, config = piece.region, piece.config
    times = run_time_rows(piece.results / "benchmarks")
    chain = [one for one in times if one["rule"] not in LEARNING]
    jobs, cpu_s = sum(one["jobs"] for one in chain), sum(one["cpu_s"] for one in chain)
    yield row(
        f"{region}: jobs and CPU s of the piece, with the rates that the threshold needs",
        f"{jobs}, {cpu_s:.0f}",
        COMMAND,
    )
    learnt = run_time_rows(piece.folder / "results" / trainer(region) / "benchmarks")
    cost = ", ".join(
        f"{one['rule']} {one['jobs']} jobs {one['cpu_s']:.0f} s" for one in learnt if one["rule"] in LEARNING
    )
    yield row(f"{region}: CPU s of the training of {trainer(region)}", cost, COMMAND)
    part = "test" if trainer(region) == region else "transfer"
    for name in piece.networks.names:
        by_cell, by_object = piece.of_network(name)
        yield row(
            f"{region}: {name}, F1 by cell, by object (the paper prints)",
            f"{by_cell:.3f}, {by_object:.3f} ({printed(config.paper, name, part)})",
            COMMAND,
            goal="> 0",
            met=min(by_cell, by_object) > 0,
        )
    rule = tuned(piece.folder, region)
    by_cell, by_object = piece.of_threshold(rule)
    yield row(
        f"{region}: velocity threshold tuned on the training's validation part, F1 by cell, by object",
        f"{by_cell:.3f}, {by_object:.3f}",
        COMMAND,
    )
    found, shown = piece.of_inventory()
    counts = f"{found['released']}, {found['planted']}, {found['scored']}"
    yield row(
        f"{region}: inventory: released, planted, scored, precision, recall of the scored",
        f"{counts}, {', '.join(shown.values())}",
        COMMAND,
    )


def chosen(about: str | None) -> tuple[Path, Sequence[str]]:
    """Folder, which is there then, and regions of the command line."""
    parser = argparse.ArgumentParser(description=about, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--folder", type=Path, required=True, metavar="FOLDER")
    parser.add_argument("--only", nargs="+", metavar="REGION", choices=REGIONS, default=REGIONS, help="these regions")
    arguments = parser.parse_args()
    folder = arguments.folder.resolve()
    folder.mkdir(parents=True, exist_ok=True)
    return folder, arguments.only


def main() -> None:
    folder, regions = chosen(__doc__)
    for region in regions:
        train(folder, trainer(region))
        make(folder, configuration(region))
        put(list(rows(Piece(folder, configuration(region)))))


if __name__ == "__main__":
    main()

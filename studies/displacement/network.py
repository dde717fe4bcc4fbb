"""What networks and the velocity threshold find in displacement products of other kinds.

    python -m studies.displacement.network --scenes FOLDS --folder OUT [--parts make train score]
    python -m studies.displacement.network --scenes FOLDS --folder OUT --parts make pack

FOLDS: of `studies.network.folds`, its parts make and train done. make: scenes of all regions in
each kind of product (`network_kinds`). train: of every range of the benchmark's test the network
that had not seen it goes on by products of the training ranges (`network_training`). score:
landslides of the test ranges that are released, and cells, by that network, by the one that it
started from, by the velocity threshold as published, and as it does best on the validation range in
the same kind. pack: the packaged network goes on by products of all ranges, written as
OUT/drs_unet_products.safetensors, with how sure objects are by those that score releases. What
stands in OUT is read, not made again.

Recall is of landslides not smaller than an object of the inventory. Products are simulated: what
processors do beside these kinds is not in the rows.
"""

import argparse
from collections.abc import Mapping, Sequence
from dataclasses import asdict, replace
from functools import cache
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from tqdm import tqdm

from sarslide.dataset import scenes
from sarslide.dataset.features import feature_array
from sarslide.errors import SarslideError, TrainingError
from sarslide.evaluate.metrics import Counts, harmonic, pixel_counts, pooled, ratio
from sarslide.inventory import confidence
from sarslide.inventory.velocity_threshold import PRINTED, Rule
from sarslide.io.arrays import read_npz
from sarslide.io.sidecar import read_json, write_json
from sarslide.models import networks
from sarslide.models.card import ObjectConfidence
from sarslide.segment.infer import predict
from studies.benchmark import baseline, regions
from studies.displacement import network_training, put, row
from studies.displacement.network_kinds import KINDS, NATIVE, grid_of, make, scene_path
from studies.ground import cutting, making, scoring, tuning
from studies.ground.cutting import GroundRegion
from studies.network import confidence as of_ranges
from studies.network import training as ranges
from studies.structure.records import keep_or_tell

COMMAND = "python -m studies.displacement.network --scenes FOLDS --folder OUT --record"
USUAL_COHERENCE = 0.47  # median of the training of the packaged network
AGAIN = "run the part make again"
PARTS = ("make", "train", "score", "pack")
BEFORE, PRODUCTS, PUBLISHED, TUNED = "rates of sarslide", "products", "published", "tuned"
METHODS = {
    BEFORE: "network trained on rates of sarslide",
    PRODUCTS: "trained on by products",
    PUBLISHED: "velocity threshold as published",
    TUNED: "tuned",
}
TITLES = {
    NATIVE: "rates of sarslide",
    "cells_90m": "products in cells of 90 m",
    "laid_90m": "products of 90 m, laid on cells of 30 m",
    "points_90m": "points of several years, in cells of 90 m",
    "smoothed": "smoothed products of several years, without an error",
}
# Areas of 5 cells of 90 m are 4 ha: fewer, too.
RULES = tuple(
    Rule(sigmas, cells, noise, slope)
    for noise, slope, sigmas, cells in product(
        ("map", "cell"), tuning.SLOPES_DEG, tuning.SIGMAS, (1, 2, 3, *tuning.CELLS)
    )
)


def rule_of(folder: Path, kind: str) -> Rule:
    """The velocity threshold that does best on the validation range; read where it stands."""
    path = folder / "rules" / f"{kind}.json"
    if not path.is_file():
        paths = [
            scene_path(folder, kind, each, one) for each in regions.regions_of("validation") for one in making.PASSES
        ]
        counts = [tuning.counted(scenes.load(each, baseline.CHANNELS), RULES) for each in paths]
        write_json(path, asdict(tuning.best(counts, RULES)))
    return Rule(**read_json(path))


def of_region(before: Path, folder: Path, kind: str, region: GroundRegion, method: str) -> dict[str, Any]:
    """What a method finds in a region: objects and cells; read where it stands."""
    path = folder / "scores" / kind / f"{region.name}.{method.replace(' ', '_')}.json"
    if path.is_file():
        return read_json(path)
    tracks = {each: read_npz(scene_path(folder, kind, region, each), TrainingError, AGAIN) for each in making.PASSES}
    if method in (BEFORE, PRODUCTS):
        found, cut, limits = by_network(weights_of(before, folder, region, method), tracks)
    else:
        rule = PRINTED if method == PUBLISHED else rule_of(folder, kind)
        found, cut, limits = {each: scoring.map_of(layers, rule) for each, layers in tracks.items()}, 0.5, []
    world = replace(making.world_of(before, region), region=grid_of(region.grid, KINDS[kind]))
    rows = scoring.released(scoring.candidates(tracks, found, world, cutting.drawn(region).dates, cut, limits))
    right = scoring.pairs_of(list(world.landslides.geometry), [each["geometry"] for each in rows])
    large = np.flatnonzero(world.landslides.geometry.area >= 1e4 * scoring.SMALLEST_HA)
    cells = pooled(pixel_counts(tracks[each]["label"], found[each] >= cut) for each in making.PASSES)
    result = {
        "planted": len(large),
        "found": len({*right.values()}.intersection(large)),
        "released": len(rows),
        "right": len(right),
        "cells": [cells.tp, cells.fp, cells.fn],
        "alone": [
            [*confidence.terms(each), k in right] for k, each in enumerate(rows) if each["tracks"] == each["track"]
        ],
    }
    write_json(path, result)
    return result


def weights_of(before: Path, folder: Path, region: GroundRegion, method: str) -> Path:
    """The network of a method that has not seen the range of a region."""
    mountains = region.file.mountains
    return ranges.fold_path(before, mountains) if method == BEFORE else network_training.fold_path(folder, mountains)


def sure(before: Path, folder: Path, tested: Sequence[GroundRegion]) -> ObjectConfidence:
    """How sure objects are that one track alone sees: of products, in ranges that were not seen."""
    products = [kind for kind in KINDS if kind != NATIVE]
    found = [of_region(before, folder, kind, each, PRODUCTS) for kind in products for each in tested]
    rows = [one for each in found for one in each["alone"]]
    return of_ranges.fitted(pd.DataFrame(rows, columns=["probability", "area", "rate", "right"]))


@cache
def loaded(path: Path) -> tuple:
    """A network and its card."""
    return networks.load(path)


def by_network(
    path: Path, tracks: Mapping[str, Mapping[str, np.ndarray]]
) -> tuple[dict[str, np.ndarray], float, list[tuple[float, float]]]:
    """Maps of both tracks, their threshold, and the speeds of the training."""
    network, card = loaded(path)
    limits = card.trained_on.speed_limits if card.trained_on else []
    found = {
        each: predict(network, feature_array(card.channels, layers.__getitem__), card)
        for each, layers in tracks.items()
    }
    return found, card.threshold, limits


def rows_of(before: Path, folder: Path, tested: Sequence[GroundRegion]) -> list[dict]:
    """Rows of the record: one a kind."""
    rows = []
    for kind in tqdm(KINDS, "score", unit="kind", disable=None):
        made = {
            method: summed([of_region(before, folder, kind, each, method) for each in tested]) for method in METHODS
        }
        words = "; ".join(f"{name} {text(made[method])}" for method, name in METHODS.items())
        others = [method for method in METHODS if method != PRODUCTS] if kind != NATIVE else [BEFORE]
        met = made[PRODUCTS]["object"] >= max(made[method]["object"] for method in others)
        what = f"{TITLES[kind]}, held-out ranges: F1 by object, by cell; recall, precision"
        goal = "trained on by products best by object" if kind != NATIVE else "trained on by products not worse"
        rows.append(row(what, words, COMMAND, goal, met, before=text(made[BEFORE])))
    return [*rows, cause(before, folder, tested)]


def cause(before: Path, folder: Path, tested: Sequence[GroundRegion]) -> dict:
    """A row: cells that the network finds where coherence goes no further than in its training."""
    words = []
    for kind in (kind for kind, about in KINDS.items() if about.long):
        seen = [by_coherence(before, folder, kind, tested, most) for most in (1.0, USUAL_COHERENCE)]
        words.append(f"{TITLES[kind]} {' -> '.join(f'{each.recall:.2f}' for each in seen)}")
    what = (
        f"recall by cell of the network trained on rates of sarslide, temporal coherence -> at most {USUAL_COHERENCE:g}"
    )
    return row(what, "; ".join(words), COMMAND)


def by_coherence(before: Path, folder: Path, kind: str, tested: Sequence[GroundRegion], most: float) -> Counts:
    """Cells in both tracks of regions."""
    counts = []
    for region in tested:
        for each in making.PASSES:
            layers = read_npz(scene_path(folder, kind, region, each), TrainingError, AGAIN)
            layers["mean_coherence"] = np.minimum(layers["mean_coherence"], most)
            found, cut, _ = by_network(weights_of(before, folder, region, BEFORE), {each: layers})
            counts.append(pixel_counts(layers["label"], found[each] >= cut))
    return pooled(counts)


def summed(found: Sequence[Mapping[str, Any]]) -> dict[str, float]:
    """F1 by object and by cell, recall and precision over regions."""
    planted, seen, released, right = (
        sum(each[name] for each in found) for name in ("planted", "found", "released", "right")
    )
    recall, precision = ratio(seen, planted), ratio(right, released)
    cells = Counts(*np.sum([each["cells"] for each in found], axis=0)).f1
    return {"object": harmonic(precision, recall), "cell": cells, "recall": recall, "precision": precision}


def text(found: Mapping[str, float]) -> str:
    """Scores in words."""
    return f"{found['object']:.2f}, {found['cell']:.2f}; {found['recall']:.2f}, {found['precision']:.2f}"


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--scenes", type=Path, required=True, help="folder of studies.network.folds")
    parser.add_argument("--folder", type=Path, required=True)
    parser.add_argument("--parts", nargs="+", choices=PARTS, default=PARTS[:-1])
    parser.add_argument("--record", action="store_true", help="put the rows into studies/records/displacement.json")
    asked = parser.parse_args(arguments)
    tested = regions.regions_of("test")
    try:
        if "make" in asked.parts:
            for region in tqdm(regions.regions(), "make", unit="region", disable=None):
                for kind in KINDS:
                    make(asked.scenes, asked.folder, kind, region)
        if "train" in asked.parts:
            for mountains in regions.PARTS["test"]:
                network_training.train_fold(asked.scenes, asked.folder, mountains)
        if "pack" in asked.parts:
            network_training.train_packaged(asked.folder)
            path = network_training.packaged_path(asked.folder)
            numbers = sure(asked.scenes, asked.folder, tested)
            of_ranges.into_card(path, numbers, networks.load(path)[1].threshold, half=True)
    except SarslideError as error:
        raise SystemExit(str(error)) from error
    if "score" in asked.parts:
        keep_or_tell(rows_of(asked.scenes, asked.folder, tested), put, asked.record)


if __name__ == "__main__":
    main()

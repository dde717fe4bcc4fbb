"""Regions on real ground, by range: made, run and scored.

    python -m studies.ground.regions --folder OUT [--dems FOLDER] [--parts make run score]
        [--only RANGE or REGION]

--dems: folder of DEMs (GeoTIFF), by default those that come with the simulator. Its MANIFEST.csv,
if any, names file or name, range, climate and geoid_m (undulation, m) of each; without it every
file is a range of its own, and --geoid or --ellipsoidal says what heights refer to.

make: of every range two regions of 7.68 x 7.68 km, each a world with landslides as they are and the
scenes of both tracks (worlds/, scenes/; `sarslide.dataset.scenes` reads them for a training;
SETTINGS.json says what the set is made of, with its folds). run: the packaged network that learnt
on drawn ground on every scene (maps/); of that which learnt on these ranges see
`studies.network.folds`. score: what network, velocity threshold (published; tuned on the ranges
that train the fold of which the region is the test) and the limit find (scores/, SCORES.md), in the
regions that are made and run. What stands in OUT is read, not made again.

--safe REGION: that region from SAFE products to its report by `sarslide run`, and its scores.
"""

import argparse
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from tqdm import tqdm

from sarslide.dataset import scenes as training_scenes
from sarslide.dataset.features import feature_array
from sarslide.errors import SarslideError
from sarslide.inventory.velocity_threshold import Rule
from sarslide.io.arrays import write_npz
from sarslide.io.atomic import atomic_file
from sarslide.io.sidecar import read_json, write_json
from sarslide.models import networks, weights
from sarslide.retrieve.dem_library import FOLDER as LIBRARY
from sarslide.segment.infer import predict
from studies.benchmark import baseline, runs
from studies.ground import cutting, making, put, row, safe_region, scoring, tuning
from studies.ground.cutting import GroundRegion

COMMAND = "python -m studies.ground.regions --folder OUT"
PARTS = ("make", "run", "score")


def main(arguments: Sequence[str] | None = None) -> None:
    chosen = _arguments(arguments)
    try:
        files = cutting.files_of(chosen.dems, chosen.geoid, chosen.ellipsoidal)
        everything = cutting.regions_of(files, chosen.per_range, chosen.cell)
    except SarslideError as error:
        raise SystemExit(str(error)) from error
    set_hash = cutting.settings_hash(everything)
    write_json(chosen.folder / "SETTINGS.json", {"hash": set_hash, **cutting.settings(everything)})
    if chosen.safe:
        region = next((region for region in everything if region.name == chosen.safe), None)
        if region is None:
            raise SystemExit(f"no region {chosen.safe}; there are {', '.join(region.name for region in everything)}")
        rows = safe_region.run(region, chosen.folder / "safe" / region.name, chosen.cores)
        return put(rows) if chosen.record else print(json.dumps(rows, indent=1))
    regions = [region for region in everything if chosen.only in (None, region.file.mountains, region.name)]
    if not regions:
        raise SystemExit(f"no range or region {chosen.only}; there are {', '.join(cutting.names_of(everything))}")
    try:
        if "make" in chosen.parts:
            for region in tqdm(regions, "make", unit="region", disable=None):
                making.make(chosen.folder, region, set_hash)
        if "run" in chosen.parts:
            run(chosen.folder, regions)
    except SarslideError as error:
        raise SystemExit(str(error)) from error
    if "score" in chosen.parts:
        ready = [region for region in regions if _map_path(chosen.folder, region).is_file()]
        about = f"{len(ready)} of {len(everything)} regions of the set {set_hash}"
        rows = score(chosen.folder, ready, cutting.folds(files), f"cells of {chosen.cell:g} m", about)
        command = f"{COMMAND} --per-range {chosen.per_range} --cell {chosen.cell:g} --record"
        return put([each | {"command": command} for each in rows]) if chosen.record else None
    return None


def run(folder: Path, regions: Sequence[GroundRegion]) -> None:
    """Probability maps of the network of before, those that are missing."""
    missing = [region for region in regions if not _map_path(folder, region).is_file()]
    if not missing:
        return
    network, card = networks.load(weights.packaged(runs.PACKAGED_NETWORK))
    for region in tqdm(missing, "run", unit="region", disable=None):
        maps = {}
        for orbit_pass in making.PASSES:
            layers = making.layers_of(folder, region, orbit_pass)
            maps[orbit_pass] = predict(network, feature_array(card.channels, layers.__getitem__), card)
        write_npz(_map_path(folder, region), maps)


def score(
    folder: Path, regions: Sequence[GroundRegion], folds: Sequence[Mapping], cells: str, about: str
) -> list[dict]:
    """Rows of the record: recall of every method by range, speed and size, and precision.

    cells, about: in words, the size of cells and which regions these are.
    """
    if not regions:
        raise SystemExit("no region is made and run yet")
    counts_of_rules = tuning_counts(folder, regions)
    rules = tuned_rules(counts_of_rules, folds)
    tables, counts = [], []
    for region in tqdm(regions, "score", unit="region", disable=None):
        found = _scored(folder, region, rules[region.file.mountains])
        tables.append(pd.DataFrame(found["rows"]).assign(region=region.name, range=region.file.mountains))
        counts.append(pd.DataFrame(found["counts"]).T.assign(method=list(found["counts"]), range=region.file.mountains))
    slides, released = pd.concat(tables, ignore_index=True), pd.concat(counts, ignore_index=True)
    made = [row(f"regions on real ground, {cells}", about, COMMAND)]
    for name, rows in scoring.groups(slides):
        # What is released has no true speed or size: precision is that of ranges.
        part = released if name == "all" else released[released["range"].str.replace("_", " ") == name]
        sums = part.groupby("method")[["right", "released"]].sum()
        precision = {method: (int(each["right"]), int(each["released"])) for method, each in sums.iterrows()}
        what = f"recall of planted landslides (of those above {scoring.SMALLEST_HA} ha), {cells}: {name}"
        made.append(row(what, scoring.words(rows, precision), COMMAND))
    made.append(row(f"random places that pass the limit, {cells}", scoring.by_chance(slides), COMMAND))
    for mountains, rule in rules.items():
        made.append(
            row(f"velocity threshold tuned without {mountains.replace('_', ' ')}, {cells}", tuning.word(rule), COMMAND)
        )
    best = tuning.best([each for counts in counts_of_rules.values() for each in counts])
    made.append(row(f"velocity threshold tuned on all ranges, {cells}", tuning.word(best), COMMAND))
    with atomic_file(folder / "SCORES.md") as part_file:
        part_file.write_text("".join(f"- {each['what']}: {each['measured']}\n" for each in made))
    print((folder / "SCORES.md").read_text())
    return made


def tuning_counts(folder: Path, regions: Sequence[GroundRegion]) -> dict[str, list[np.ndarray]]:
    """Range -> what every rule gets right and wrong in each of its scenes (`tuning.counted`)."""
    counts: dict[str, list[np.ndarray]] = {}
    for region in tqdm(regions, "tune", unit="region", disable=None):
        for orbit_pass in making.PASSES:
            path = making.scene_path(folder, region, orbit_pass)
            kept = folder / "tuning" / f"{path.stem}.npz"
            if not kept.is_file():
                write_npz(kept, {"counts": tuning.counted(training_scenes.load(path, baseline.CHANNELS))})
            with np.load(kept) as file:
                counts.setdefault(region.file.mountains, []).append(file["counts"])
    return counts


def tuned_rules(counts: Mapping[str, Sequence[np.ndarray]], folds: Sequence[Mapping]) -> dict[str, Rule]:
    """Range -> the threshold tuned on the training ranges of the fold whose test it is.

    A set of one range, or of a part of it, has no other to tune on: the product's is taken.
    """
    rules = {}
    for fold in folds:
        (test,) = fold["test"]
        trained = [each for name in fold["train"] for each in counts.get(name, [])]
        if test in counts:
            rules[test] = tuning.best(trained) if trained else scoring.RULES[scoring.TUNED_FORM]
    return rules


def _scored(folder: Path, region: GroundRegion, tuned: Rule) -> dict[str, Any]:
    """What is found in a region: read where it stands with the same rule, else made and written."""
    path = folder / "scores" / f"{region.name}.json"
    if path.is_file() and (held := read_json(path))["tuned"] == tuning.word(tuned):
        return held
    world = making.world_of(folder, region)
    scenes = {orbit_pass: making.layers_of(folder, region, orbit_pass) for orbit_pass in making.PASSES}
    dates = cutting.drawn(region).dates
    card = weights.read_card(weights.packaged(runs.PACKAGED_NETWORK))
    with np.load(_map_path(folder, region)) as maps:
        limits = card.trained_on.speed_limits if card.trained_on else ()
        by_network = scoring.released(scoring.candidates(scenes, dict(maps), world, dates, card.threshold, limits))
    found = {scoring.NETWORK: scoring.matched(world, by_network)}
    for name, rule in (scoring.RULES | {scoring.TUNED_FORM: tuned}).items():
        maps_of_rule = {orbit_pass: scoring.map_of(layers, rule) for orbit_pass, layers in scenes.items()}
        of_tracks = scoring.candidates(scenes, maps_of_rule, world, dates, 0.5)
        found[name] = scoring.matched(world, scoring.released(of_tracks))
    result = {
        "region": region.name,
        "tuned": tuning.word(tuned),
        "rows": scoring.table_of(world, found, scoring.limits_of(world, scenes)),
        "counts": {name: {"released": each.released, "right": each.right} for name, each in found.items()},
    }
    write_json(path, result)
    return result


def _map_path(folder: Path, region: GroundRegion) -> Path:
    return folder / "maps" / f"{region.name}.npz"


def _arguments(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--folder", type=Path, required=True)
    parser.add_argument("--dems", type=Path, default=LIBRARY)
    parser.add_argument("--parts", nargs="+", choices=PARTS, default=PARTS)
    parser.add_argument("--only", help="one range or region, by its name in SETTINGS.json")
    parser.add_argument("--per-range", type=int, default=cutting.PER_RANGE, help="regions of each range")
    parser.add_argument("--cell", type=float, default=cutting.CELL_M, help="cells, m: 30 or 15")
    parser.add_argument("--geoid", type=float, help="undulation of all DEMs without one in the table, m")
    parser.add_argument("--ellipsoidal", action="store_true", help="heights are above the ellipsoid")
    parser.add_argument("--safe", metavar="REGION", help="run this region from SAFE products")
    parser.add_argument("--cores", type=int, default=2, help="of --safe")
    parser.add_argument("--record", action="store_true", help="put the rows into studies/records/ground.json")
    return parser.parse_args(arguments)


if __name__ == "__main__":
    main()

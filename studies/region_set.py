"""The benchmark region set: what is planted, what each track sees of it, and how hard it is for a
threshold and an area filter.

    python -m studies.region_set --regions FOLDER

--regions: folder of the scenes, `{region}.{A|D}.npz`, as `snakemake` makes them in
results/benchmark/regions. Regions that it lacks are simulated into it first (about 35 CPU seconds
each).
"""

import argparse
import json
from pathlib import Path

import numpy as np

from sarsim.benchmark import settings_hash, simulate_region
from sarsim.climates import GRID, PARTS, REGIONS, names_of
from sarsim.codes import AREAS, DECOYS, OBJECTS
from sarsim.scene import STACKS
from sarsim.world import write_npz
from sarslide.dataset import scenes
from sarslide.evaluate import scores
from sarslide.evaluate.metrics import objects
from studies.benchmark import baseline
from studies.benchmark.baseline import PRINTED, VARIANTS, Rule
from studies.tables import publish

MIN_CELLS = 20  # smaller objects are left out on both sides, as in training
COMMAND = "python -m studies.region_set --regions FOLDER"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--regions", type=Path, required=True)
    folder = parser.parse_args().regions
    for name in REGIONS:
        if not all(path_of(folder, name, orbit_pass).is_file() for orbit_pass in STACKS):
            for orbit_pass, scene in simulate_region(name).items():
                write_npz(path_of(folder, name, orbit_pass), scene)
        check_settings(folder, name)
    loaded = {
        part: [
            scenes.load(path_of(folder, name, orbit_pass), baseline.CHANNELS)
            for name in names_of(part)
            for orbit_pass in STACKS
        ]
        for part in PARTS
    }
    publish_content(folder)
    rules = [PRINTED, *(baseline.choose(loaded["validation"], (variant,), MIN_CELLS) for variant in VARIANTS)]
    publish_baseline(loaded, rules, baseline.choose(loaded["validation"], min_cells=MIN_CELLS))


def path_of(folder: Path, name: str, orbit_pass: str) -> Path:
    return folder / f"{name}.{orbit_pass}.npz"


def check_settings(folder: Path, name: str) -> None:
    for orbit_pass in STACKS:
        path = path_of(folder, name, orbit_pass)
        with np.load(path) as file:
            found = json.loads(str(file["meta"]))["settings_hash"]
        if found != settings_hash():
            raise SystemExit(f"{path}: of the set {found}, not {settings_hash()}; cure: delete it")


def publish_content(folder: Path) -> None:
    rows = [content_row(folder, part, climate) for part, climates in PARTS.items() for climate in climates]
    columns = ["part", "climate", "regions", "km2", "planted (types 1, 2, 3)", "seen by A", "seen by D", "by either"]
    publish(
        "7_region_set_1_content",
        "Benchmark region set: planted landslides and decoys",
        COMMAND,
        [*columns, "landslide cells", "decoys planted", "cells of areas"],
        rows,
        f"Settings {settings_hash()}. Seen: a track observes half of the landslide and its 90th percentile of |LOS rate| is at"
        " least 12 mm/yr; that is the bound of any detector, as a share of what is planted. Landslide cells: share of all cells,"
        f" mean of both tracks. Decoys planted: {', '.join(OBJECTS)}. Cells of areas: share of all cells, mean of both tracks:"
        f" {', '.join(AREAS)}.",
    )


def content_row(folder: Path, part: str, climate: str) -> list:
    names = [name for name in names_of(part) if REGIONS[name].climate == climate]
    planted, decoys, seen, cells = np.zeros(3, int), np.zeros(len(OBJECTS), int), np.zeros(4, int), []
    for name in names:
        tracks = []
        for orbit_pass in STACKS:
            with np.load(path_of(folder, name, orbit_pass)) as file:
                meta, kinds = json.loads(str(file["meta"])), file["landslide_kind"]
                tracks.append(file["label"] == 1)
                areas = [float((file["decoy"] == DECOYS[area]).mean()) for area in AREAS]
            cells.append([float(tracks[-1].mean()), *areas])
        planted += [meta["planted"][kind] for kind in "123"]
        decoys += [meta["planted_decoys"][kind] for kind in OBJECTS]
        numbered = objects(kinds > 0)
        found = [set(np.unique(numbered[track])) - {0} for track in tracks]
        seen += [len(found[0]), len(found[1]), len(found[0] | found[1]), int(numbered.max())]
    each = np.mean(cells, axis=0)
    return [
        part,
        climate,
        len(names),
        round(len(names) * GRID.rows * GRID.cols * GRID.cell_area_km2),
        f"{planted.sum()} ({', '.join(map(str, planted))})",
        *(f"{count} ({count / seen[3]:.0%})" for count in seen[:3]),
        f"{each[0]:.1%}",
        ", ".join(map(str, decoys)),
        ", ".join(f"{share:.1%}" for share in each[1:]),
    ]


def publish_baseline(loaded: dict[str, list], rules: list[Rule], chosen: Rule) -> None:
    found = {(rule, part): scored(loaded[part], rule) for rule in rules for part in PARTS}
    columns = ["rule", "part", "cell P", "cell R", "cell F1", "object P", "object R", "object F1", "95 %", "of planted"]
    publish(
        "7_region_set_2_baseline",
        "Benchmark region set: velocity threshold and area filter",
        COMMAND,
        columns,
        [score_row(rule, part, result) for (rule, part), result in found.items()],
        "The rule of ADAfinder (Barra et al. 2017): |v| above a multiple of the noise, areas of a least number of cells that"
        " touch. First as printed; the others with multiple and area chosen on the validation part: noise of the whole map,"
        f" standard error of each cell, and this on slopes of at least 5 degrees only. Best of all on validation: {word(chosen)}."
        f" Objects: one to one at IoU 0.3, of at least {MIN_CELLS} cells; interval of the object F1 by region. Of planted: share"
        " of all planted landslides that are found, seen or not.",
    )
    publish(
        "7_region_set_3_decoys",
        "Benchmark region set: decoys that fool the threshold and area filter",
        COMMAND,
        ["rule", "part", *(f"{name}: fooled" for name in OBJECTS), *(f"{name}: cells marked" for name in AREAS)],
        [decoy_row(rule, part, result) for (rule, part), result in found.items() if part in ("test", "transfer")],
        "Planted objects, as seen by each track: how many have a tenth covered by a false alarm, or hold half of one. Areas:"
        " share of their cells that are marked.",
    )


def scored(part: list, rule: Rule) -> dict:
    maps = [baseline.probability(scene, rule) for scene in part]
    return scores.summary(scores.evaluate(part, maps, 0.5, MIN_CELLS, DECOYS, GRID.cell_m))


def word(rule: Rule) -> str:
    noise = "map" if rule.noise == "map" else "cell"
    slope = f", slope from {rule.min_slope_deg:g} deg" if rule.min_slope_deg else ""
    printed = "printed: " if rule == PRINTED else ""
    return f"{printed}{rule.sigmas:g} sigma of the {noise}, {rule.min_cells} cells{slope}"


def score_row(rule: Rule, part: str, result: dict) -> list:
    levels = [
        round(result[level][score], 3) for level in ("pixel", "object") for score in ("precision", "recall", "f1")
    ]
    low, high = result["intervals"]["object"]["f1"]
    return [word(rule), part, *levels, f"{low:.2f} to {high:.2f}", round(result["planted"]["recall"], 3)]


def decoy_row(rule: Rule, part: str, result: dict) -> list:
    decoys = result["decoys"]
    whole = [f"{decoys[name]['fooled']} of {decoys[name]['areas']}" for name in OBJECTS]
    areas = [f"{decoys[name]['false_cells'] / max(decoys[name]['cells'], 1):.1%}" for name in AREAS]
    return [word(rule), part, *whole, *areas]


if __name__ == "__main__":
    main()

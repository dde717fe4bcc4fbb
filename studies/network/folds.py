"""A network for every range that has not seen it, what each finds there, and the packaged network.

    python -m studies.network.folds --folder OUT [--parts make train run score] [--only RANGE]
    python -m studies.network.folds --folder OUT --parts make pack

make: of every range up to five regions, as `studies.ground.regions --per-range 5` makes them, and
drawn valleys (`valleys`); the first two regions of each range are those of its tables, the first
four train, beside the valleys. train: for every range a network
that is trained on seven others and validated on the eighth (folds/). run: its maps of the regions
of its own range, beside those of the network of before (maps/). score: what is released of them in
the regions of the tables, at the threshold that is best on the other ranges (thresholds/), beside
the tuned velocity threshold and the limit (scores/). pack: the network of all ranges
(packaged.safetensors), which a release of sarslide brings. What stands in OUT is read, not made
again, and folds can be trained beside each other (--only).

False objects are released ones that match no planted landslide at IoU 0.3; those that touch none
are told beside.
"""

import argparse
from collections.abc import Sequence
from pathlib import Path

from tqdm import tqdm

from sarslide.errors import SarslideError
from sarslide.retrieve.dem_library import FOLDER as LIBRARY
from studies.ground import cutting, making, regions
from studies.ground.cutting import GroundRegion
from studies.network import maps, put, region_scores, tables, thresholds, training, valleys
from studies.structure.records import keep_or_tell

COMMAND = "python -m studies.network.folds --folder OUT --record"
PARTS = ("make", "train", "run", "score", "pack")
MADE, TRAINED = 5, 4  # regions of each range, at most


def main(arguments: Sequence[str] | None = None) -> None:
    chosen = _arguments(arguments)
    try:
        files = cutting.files_of(chosen.dems, chosen.geoid, chosen.ellipsoidal)
        everything, first = (cutting.regions_of(files, count, chosen.cell) for count in (MADE, TRAINED))
        folds = [fold for fold in cutting.folds(files) if chosen.only in (None, *fold["test"])]
        if not folds:
            raise SystemExit(f"no range {chosen.only}; there are {', '.join(cutting.names_of(everything))}")
        if "make" in chosen.parts:
            set_hash = cutting.settings_hash(everything)
            for region in tqdm(everything, "make", unit="region", disable=None):
                making.make(chosen.folder, region, set_hash)
            for seed in tqdm((*valleys.TRAINING, *valleys.VALIDATION), "make", unit="valley", disable=None):
                valleys.make(chosen.folder, seed)
        if "train" in chosen.parts:
            training.train_folds(chosen.folder, first, folds)
        if "pack" in chosen.parts:
            training.train_packaged(chosen.folder, first, chosen.folder / "packaged.safetensors")
        tested = [region for fold in folds for region in everything if region.file.mountains in fold["test"]]
        if "run" in chosen.parts:
            run(chosen.folder, tested)
    except SarslideError as error:
        raise SystemExit(str(error)) from error
    if "score" in chosen.parts:
        of_tables = {region.name for region in cutting.regions_of(files, cell_m=chosen.cell)}
        rows = score(chosen.folder, [each for each in tested if each.name in of_tables], folds, chosen.cell)
        keep_or_tell(rows, put, chosen.record)


def run(folder: Path, tested: Sequence[GroundRegion]) -> None:
    """Maps of regions by the network that has not seen their range, and by that of before."""
    for region in tqdm(tested, "run", unit="region", disable=None):
        for method in (maps.NETWORK, maps.BEFORE):
            maps.make(folder, region, method)


def score(folder: Path, tested: Sequence[GroundRegion], folds: Sequence[dict], cell_m: float) -> list[dict]:
    """Rows of the record: what is found in regions, by range, speed and size."""
    rules = regions.tuned_rules(regions.tuning_counts(folder, tested), folds)
    cuts = thresholds.of_ranges(thresholds.by_range(folder, tested))
    found = [
        region_scores.of_region(folder, region, rules[region.file.mountains], cuts[region.file.mountains])
        for region in tqdm(tested, "score", unit="region", disable=None)
    ]
    return tables.rows(found, f"cells of {cell_m:g} m", COMMAND)


def _arguments(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--folder", type=Path, required=True)
    parser.add_argument("--dems", type=Path, default=LIBRARY)
    parser.add_argument("--parts", nargs="+", choices=PARTS, default=PARTS[:-1])
    parser.add_argument("--only", help="one range, by its name in the table of the DEMs")
    parser.add_argument("--cell", type=float, default=cutting.CELL_M, help="cells, m: 30 or 15")
    parser.add_argument("--geoid", type=float, help="undulation of all DEMs without one in the table, m")
    parser.add_argument("--ellipsoidal", action="store_true", help="heights are above the ellipsoid")
    parser.add_argument("--record", action="store_true", help="put the rows into studies/records/network.json")
    return parser.parse_args(arguments)


if __name__ == "__main__":
    main()

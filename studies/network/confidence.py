"""How sure objects are: probabilities of objects in ranges that their network had not seen.

    python -m studies.network.confidence --folder OUT [--record] [--into WEIGHTS]

OUT: of `studies.network.folds`, its parts make, train and run done. Released landslides of every
region, by the network of the fold that left its range out: right where one matches a planted
landslide at IoU 0.3. A logistic regression on mean probability, area and rate over error
(`inventory.confidence`) is fitted on those of eight ranges that one track alone sees, and tried on
all of the ninth, fused as the product does. Calibration is shown in ten bins of equal count, its
error with the 95 % interval of 1,000 draws of regions; the Brier skill is against the share of
right objects.

--into: fit on all ranges and write the numbers into the card of a weights file, with the threshold
that is best on all of them (`studies.network.thresholds`).
"""

import argparse
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import pandas as pd
from sklearn.linear_model import LogisticRegression
from tqdm import tqdm

from sarslide.inventory import confidence
from sarslide.models import networks, weights
from sarslide.models.card import ObjectConfidence
from sarslide.retrieve.dem_library import FOLDER as LIBRARY
from studies.ground import cutting, making, scoring
from studies.ground.cutting import GroundRegion
from studies.network import maps, put, row, thresholds
from studies.network.folds import MADE
from studies.structure.records import keep_or_tell

COMMAND = "python -m studies.network.confidence --folder OUT"
BINS, DRAWS, SEED = 10, 1000, 7
LARGEST_ERROR, FEWEST = 0.05, 1000


def main(arguments: Sequence[str] | None = None) -> None:
    chosen = _arguments(arguments)
    files = cutting.files_of(chosen.dems, None, False)
    regions = cutting.regions_of(files, MADE)
    counts = thresholds.by_range(chosen.folder, cutting.regions_of(files))
    cuts = thresholds.of_ranges(counts)
    alone = pd.concat(
        [seen_alone(chosen.folder, each, cuts) for each in tqdm(regions, "objects", unit="region", disable=None)]
    )
    if chosen.into:
        best = thresholds.best([each for of_range in counts.values() for each in of_range])
        into_card(chosen.into, fitted(alone), best)
    rows = tried(chosen.folder, regions, alone, cuts)
    keep_or_tell(rows, put, chosen.record)


def seen_alone(folder: Path, region: GroundRegion, cuts: Mapping[str, float]) -> pd.DataFrame:
    """Released landslides that one track alone sees, with their terms.

    cuts: threshold by range.
    """
    rows, outlines = _candidates(folder, region, cuts)
    released = scoring.released(rows)
    alone = np.array([each["tracks"] == each["track"] for each in released], bool)
    terms = [confidence.terms(each) for each, only in zip(released, alone, strict=True) if only]
    frame = pd.DataFrame(terms, columns=["probability", "area", "rate"])
    return frame.assign(right=_right(outlines, released)[alone], range=region.file.mountains)


def fitted(alone: pd.DataFrame) -> ObjectConfidence:
    """Logistic regression of right objects."""
    model = LogisticRegression(C=np.inf).fit(alone[["probability", "area", "rate"]], alone["right"])
    return ObjectConfidence(
        intercept=round(float(model.intercept_[0]), 4),
        factors=[round(float(each), 4) for each in model.coef_[0]],
        objects=len(alone),
    )


def tried(folder: Path, regions: Sequence[GroundRegion], alone: pd.DataFrame, cuts: Mapping[str, float]) -> list[dict]:
    """Rows of the record: released landslides, by numbers of the other ranges."""
    of_range = {name: fitted(alone[alone["range"] != name]) for name in cuts}
    released = []
    for region in tqdm(regions, "released", unit="region", disable=None):
        rows, outlines = _candidates(folder, region, cuts, of_range[region.file.mountains])
        fused = scoring.released(rows)
        p = [each[confidence.PROBABILITY] for each in fused]
        tracks = [each["tracks"].count("+") + 1 for each in fused]
        right = _right(outlines, fused)
        released.append(pd.DataFrame({"p": p, "right": right, "tracks": tracks, "region": region.name}))
    return _calibration("released landslides", pd.concat(released))


def into_card(path: Path, numbers: ObjectConfidence, threshold: float, half: bool = False) -> None:
    """Write numbers and threshold into the card of a weights file."""
    network, card = networks.load(path)
    entries = card.model_dump(exclude_unset=True, exclude={"sha256"})
    weights.save(path, network, entries | {"objects": numbers.model_dump(), "threshold": threshold}, half)


def _candidates(
    folder: Path, region: GroundRegion, cuts: Mapping[str, float], numbers: ObjectConfidence | None = None
) -> tuple[list[dict], list]:
    """Objects of both tracks by the network that has not seen the range, and what is planted."""
    world, mountains = making.world_of(folder, region), region.file.mountains
    layers, probability = maps.layers_of(folder, region), maps.read(folder, region, maps.NETWORK)
    dates = cutting.drawn(region).dates
    rows = scoring.candidates(layers, probability, world, dates, cuts[mountains], confidence=numbers)
    return rows, list(world.landslides.geometry)


def _right(outlines: Sequence, rows: Sequence[dict]) -> np.ndarray:
    """Which objects match a planted landslide, one to one."""
    found = scoring.pairs_of(outlines, [each["geometry"] for each in rows])
    return np.isin(np.arange(len(rows)), list(found))


def _calibration(what: str, objects: pd.DataFrame) -> list[dict]:
    """Expected calibration error and Brier skill, with intervals by region."""
    rng = np.random.default_rng(SEED)
    parts = [part for _, part in objects.groupby("region")]
    drawn = [pd.concat([parts[k] for k in rng.integers(len(parts), size=len(parts))]) for _ in range(DRAWS)]
    error, skill = calibration_error(objects), brier_skill(objects)
    errors, skills = (
        np.percentile([of(each) for each in drawn], (2.5, 97.5)) for of in (calibration_error, brier_skill)
    )
    bins = " / ".join(f"{part['p'].mean():.2f} {part['right'].mean():.2f}" for part in _bins(objects))
    return [
        row(
            f"{what}, held-out ranges: expected calibration error, {BINS} bins of equal count",
            f"{error:.3f} [{errors[0]:.3f}, {errors[1]:.3f}], {len(objects)} objects, {objects['right'].mean():.2f} right",
            COMMAND + " --record",
            f"at most {LARGEST_ERROR}, {FEWEST} objects",
            error <= LARGEST_ERROR and len(objects) >= FEWEST,
        ),
        row(f"{what}, held-out ranges: probability and share of right ones by bin", bins, COMMAND + " --record"),
        row(
            f"{what}, held-out ranges: mean probability and share of right ones, by one track / by both",
            " / ".join(
                f"{part['p'].mean():.2f} {part['right'].mean():.2f} of {len(part)}"
                for _, part in objects.groupby("tracks")
            ),
            COMMAND + " --record",
        ),
        row(
            f"{what}, held-out ranges: Brier skill",
            f"{skill:.2f} [{skills[0]:.2f}, {skills[1]:.2f}]",
            COMMAND + " --record",
        ),
    ]


def calibration_error(objects: pd.DataFrame) -> float:
    """Mean distance of probability and share of right ones, over bins of equal count."""
    return float(
        sum(len(part) * abs(part["p"].mean() - part["right"].mean()) for part in _bins(objects)) / len(objects)
    )


def brier_skill(objects: pd.DataFrame) -> float:
    """Share of the Brier score of the mean that the probabilities save."""
    mean = objects["right"].mean()
    return float(1 - ((objects["p"] - objects["right"]) ** 2).mean() / (mean * (1 - mean)))


def _bins(objects: pd.DataFrame) -> list[pd.DataFrame]:
    ordered = objects.sort_values("p", kind="stable")
    return [ordered.iloc[part] for part in np.array_split(np.arange(len(ordered)), BINS)]


def _arguments(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--folder", type=Path, required=True)
    parser.add_argument("--dems", type=Path, default=LIBRARY)
    parser.add_argument("--into", type=Path, help="weights file whose card takes the numbers")
    parser.add_argument("--record", action="store_true", help="put the rows into studies/records/network.json")
    return parser.parse_args(arguments)


if __name__ == "__main__":
    main()

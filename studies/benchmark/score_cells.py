"""What stands in the cells of the benchmark's tables: a score of one or several seeds, its
interval, or `not run`.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from sarslide.evaluate.intervals import Interval, difference
from sarslide.evaluate.metrics import Counts
from sarslide.report.tables import NOT_RUN

Record = Mapping[str, Any]
SHOWN = ("test", "transfer")  # parts that tables show
COUNTS = ("tp", "fp", "fn")  # that F1 is made of


def score(
    records: Sequence[Record], part: str, path: str, unit: float = 1.0, digits: int = 3, ends: bool = False
) -> str:
    """`path` (level.score) of a part: mean over the seeds; ends: with the 95 % interval, whose ends
    are means over the seeds too.

    `not run` without a record, an en dash where the score is not defined.
    """
    if not records:
        return NOT_RUN
    level, name = path.split(".")
    values = [record["parts"][part][level][name] for record in records]
    if any(value is None for value in values):
        return "–"
    text = f"{unit * float(np.mean(values)):.{digits}f}"
    found = [record["parts"][part]["intervals"][level][name] for record in records] if ends else []
    if not ends or any(None in pair for pair in found):
        return text
    low, high = np.mean(found, axis=0)
    return f"{text} [{unit * low:.{digits}f}, {unit * high:.{digits}f}]"


def fooled(records: Sequence[Record], parts: Sequence[str], decoy: str) -> str:
    """Areas of a type of decoy that fooled the network, of all such areas in the parts; means over
    the seeds.
    """
    return _of(records, parts, "decoys", decoy, "fooled", "areas")


def fooled_share(records: Sequence[Record], parts: Sequence[str], decoy: str) -> float:
    """Share of the areas of a type that fooled the network, all seeds together; 0 without such
    areas.
    """
    fooled_areas, areas = (
        sum(_sum(record, parts, "decoys", decoy, name) for record in records) for name in ("fooled", "areas")
    )
    return fooled_areas / areas if areas else 0.0


def elsewhere(records: Sequence[Record], parts: Sequence[str]) -> str:
    """False objects that lie on no decoy; mean over the seeds."""
    if not records:
        return NOT_RUN
    return _number(np.mean([_sum(record, parts, "decoys", "elsewhere", "objects") for record in records]))


def recall(records: Sequence[Record], parts: Sequence[str], kind: str) -> str:
    """Landslides of P2's type `kind` that were found, of all that the label shows."""
    return _of(records, parts, "kinds", kind, "found", "landslides")


def planted(records: Sequence[Record], parts: Sequence[str]) -> str:
    """Found landslides of all that are planted, seen by the track or not."""
    if not records:
        return NOT_RUN
    sums = {
        name: [sum(r["parts"][p]["planted"][name] for p in parts) for r in records] for name in ("found", "landslides")
    }
    return f"{_number(np.mean(sums['found']))} of {_number(np.mean(sums['landslides']))}"


def paired(records: Sequence[Record], others: Sequence[Record], part: str, level: str) -> str:
    """F1 of the first seed less that of another network's first seed, with the 95 % interval over
    regions drawn for both.
    """
    if not records or not others:
        return NOT_RUN
    return told(_difference(records, others, part, level), "+")


def told(found: Interval, sign: str = "") -> str:
    """A score with the ends of its interval, where it has one; sign `+`: of a difference."""
    ends = "" if found.low is None else f" [{found.low:{sign}.3f}, {found.high:{sign}.3f}]"
    return f"{found.value:{sign}.3f}{ends}"


def beaten(records: Sequence[Record], others: Sequence[Record], part: str, level: str) -> bool:
    """Whether the whole interval of `paired` lies below zero."""
    high = _difference(records, others, part, level).high
    return high is not None and high < 0


def f1(records: Sequence[Record], part: str, level: str) -> float:
    """Mean F1 over the seeds; -1 without a record."""
    return float(np.mean([r["parts"][part][level]["f1"] for r in records])) if records else -1.0


def _difference(records: Sequence[Record], others: Sequence[Record], part: str, level: str) -> Interval:
    tables = [np.array(list(by_region(each[0], part, level).values())) for each in (records, others)]
    return difference(*tables, f1_of)


def f1_of(sums: np.ndarray) -> np.ndarray:
    """F1 (...) of true positives, false positives and false negatives (..., 3)."""
    return Counts(*np.moveaxis(sums, -1, 0)).f1


def by_region(record: Record, part: str, level: str) -> dict[str, np.ndarray]:
    """Region -> true positives, false positives, false negatives, in the order of the names."""
    regions = record["parts"][part]["by_region"]
    return {name: np.array([regions[name][level][count] for count in COUNTS], float) for name in sorted(regions)}


def _of(records: Sequence[Record], parts: Sequence[str], group: str, key: str, some: str, of: str) -> str:
    if not records:
        return NOT_RUN
    part_sum = np.mean([_sum(record, parts, group, key, some) for record in records])
    whole = np.mean([_sum(record, parts, group, key, of) for record in records])
    return f"{_number(part_sum)} of {_number(whole)}"


def _sum(record: Record, parts: Sequence[str], group: str, key: str, name: str) -> int:
    return sum(record["parts"][part][group].get(key, {}).get(name, 0) for part in parts)


def _number(value: float) -> str:
    return f"{value:.0f}" if value == round(value) else f"{value:.1f}"

"""Scores of the benchmark by mountain range: whether the order of the networks holds on every kind
of ground.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from sarslide.evaluate.intervals import bootstrap
from studies.benchmark.score_cells import NOT_RUN, SHOWN, Record, by_region, f1_of, told

NOTE = (
    "F1 by object. Brackets: 95 % interval over the regions of the range, first seed. Last column: ranges of the"
    " test drawn whole in the place of regions, which holds what one kind of ground shares; with three of them an"
    " interval of 95 % held the truth in 76 % of simulated cases, so that it is too narrow."
)


def rows(
    entries: Sequence[tuple[str, Sequence[Record]]], ranges: Mapping[str, str]
) -> tuple[list[str], list[list[Any]]]:
    """Names of the ranges, and a row for each network; neither where regions lie in none of them.

    entries: (name of the row, records of its seeds). ranges: region -> mountain range.
    """
    found = next((records[0] for _, records in entries if records), None)
    regions = [name for part in SHOWN for name in found["parts"][part]["by_region"]] if found else []
    if not regions or not set(regions) <= set(ranges):
        return [], []
    names = list(dict.fromkeys(ranges[name] for name in regions))
    return names, [[label, *_scores(records, ranges, names)] for label, records in entries]


def _scores(records: Sequence[Record], ranges: Mapping[str, str], names: Sequence[str]) -> list[str]:
    if not records:
        return [NOT_RUN] * (len(names) + 1)
    counts = {part: by_region(records[0], part, "object") for part in SHOWN}
    every = {region: row for of_part in counts.values() for region, row in of_part.items()}
    tables = {name: np.array([row for region, row in every.items() if ranges[region] == name]) for name in names}
    tested = [name for name in names if any(ranges[region] == name for region in counts["test"])]
    whole = np.array([tables[name].sum(0) for name in tested])
    return [*(told(bootstrap(tables[name], f1_of)) for name in names), told(bootstrap(whole, f1_of))]

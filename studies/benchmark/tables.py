"""The tables of docs/reference/benchmark.md, made of the records of runs.

Columns, rows of printable cells, notes.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cache
from typing import Any

from sarslide import papers
from sarslide.models import registry
from sarslide.papers import PaperTable
from studies.benchmark import by_range, runs
from studies.benchmark import score_cells as cells
from studies.benchmark.runs import BenchmarkRun
from studies.benchmark.score_cells import NOT_RUN, SHOWN, Record

DASH = "–"
BASELINES = {
    runs.PRINTED_BASELINE: "velocity threshold + area filter, as printed",
    runs.BASELINE: "the same, tuned on validation",
}
COMPACT_LABEL = f"{runs.PACKAGED_NETWORK}, as packaged"
RECIPE_NOTE = "Trained by preset `{}` of `training.recipe`, but for the number of samples."

EQUAL_NOTE = (
    "One recipe (`sarslide`) and one set of channels (`sarslide`) for every network. The threshold of each was chosen on the"
    " validation regions. Brackets: 95 % interval over regions. Differences: first seed, the same regions drawn for both"
    " networks; an interval that leaves out zero is no accident of the regions. Decoys fooled: areas of all types."
)
SPLIT_NOTE = (
    "Same network, recipe (`p0`), channels (`p0_insar`), number of samples and training regions. Random: patches of 128 x 128"
    " cells with half overlap, 7:2:1 (D02, D04), scored as the papers score, on the tenth that was held out. Optimism: that F1"
    " less the same network's F1 on regions that it never saw, which holds the leak and how much the regions differ."
)


@dataclass(frozen=True)
class Table:
    """A table as it is printed.

    key: name in the JSON. columns; rows: cells as `markdown.table_lines` prints them, every row as
    long as the columns.
    """

    key: str
    title: str
    columns: tuple[str, ...]
    rows: list[list[Any]]
    notes: list[str] = field(default_factory=list)


def budget(tier: str, width: str, seeds: int = 0) -> str:
    """The tier in words, for titles. seeds: of the trainings, 0 for those of the tier."""
    seeds = seeds or len(runs.SEEDS[tier])
    wide = "published widths" if width == "published" else "a quarter of the published widths"
    return f"tier {tier}: {runs.SAMPLES[tier]:,} samples, {seeds} seed{'s' * (seeds > 1)}, {wide}"


def measured(records: Mapping[str, Record], wanted: Sequence[BenchmarkRun]) -> int:
    """How many of the runs have a record."""
    return sum(run.name in records for run in wanted)


def equal_budget(records: Mapping[str, Record], tier: str, width: str, network: str) -> list[Record]:
    """Records of a network's seeds in the table of all networks."""
    return _records(records, BenchmarkRun(tier, width, "regions", *runs.EQUAL, network, 0))


def all_of(records: Mapping[str, Record], name: str) -> list[Record]:
    """The record of that name as a list, which is empty where it was not run."""
    return [records[name]] if name in records else []


def paper(table: PaperTable, records: Mapping[str, Record], tier: str, width: str) -> Table:
    """A paper's table as printed, our figures beside the paper's."""
    decimals, digits = (2, 1) if table.unit == papers.PERCENT else (4, 3)
    columns = list(table.labels)
    for column in table.columns:
        columns += [f"{column.name}, paper", *(f"{column.name}, {reading}" for reading in column.ours)]
    rows = []
    for row in table.rows:
        found = _records(records, BenchmarkRun(tier, width, "regions", table.recipe, row.channels, row.network, 0))
        line = list(row.labels)
        for printed, column in zip(row.printed, table.columns, strict=True):
            line.append(f"{printed:.{decimals}f}")
            for path in column.ours.values():
                line.append(cells.score(found, table.part, path, table.unit, digits, ends=path.endswith(".f1")))
        rows.append(line)
    shown = "unit: per cent. " if table.unit == papers.PERCENT else ""
    about = (
        f"{shown}Ours: by cell, part `{table.part}` of the simulated set, threshold as in the paper or chosen on validation, 95 %"
        f" interval by region. {RECIPE_NOTE.format(table.recipe)}"
    )
    title = f"{table.title} ({budget(tier, width)})"
    return Table(f"{table.key}.{tier}.{width}", title, tuple(columns), rows, [about, *table.notes])


def networks(records: Mapping[str, Record], tier: str, width: str, ranges: Mapping[str, str]) -> list[Table]:
    """All networks under one budget: scores, decoys, recall by type."""
    entries = [(label, all_of(records, name)) for name, label in (*BASELINES.items(), (runs.COMPACT, COMPACT_LABEL))]
    own = {name: equal_budget(records, tier, width, name) for name in registry.names()}
    entries += list(own.items())
    best = max(own, key=lambda name: cells.f1(own[name], "test", "object"))
    suffix = f"{tier}.{width}"
    scores = Table(
        f"networks.{suffix}",
        f"All networks under one equal budget ({budget(tier, width)})",
        ("network", "parameters M", "threshold")
        + tuple(f"F1 by {level}, {where}" for where in ("test", "unseen climate") for level in ("cell", "object"))
        + (
            f"F1 by object less {best}'s, test",
            "the same, unseen climate",
            "decoys fooled, test",
            "decoys fooled, unseen",
        )
        + ("CPU h of training",),
        [
            [
                label,
                _parameters(found),
                _threshold(found),
                *(
                    cells.score(found, part, f"{level}.f1", ends=True)
                    for part in SHOWN
                    for level in ("pixel", "object")
                ),
                *(cells.paired(found, own[best], part, "object") if label != best else DASH for part in SHOWN),
                *(_all_fooled(found, part) for part in SHOWN),
                _hours(found),
            ]
            for label, found in entries
        ],
        [
            EQUAL_NOTE,
            f"`{COMPACT_LABEL}` learnt on drawn ground with a budget of its own, and the velocity"
            " threshold learns nothing: the rule of ADAfinder (|rate| > 2 standard deviations of the map, areas of at least 5"
            " cells), and its best variant on the validation regions. They are no part of the equal budget.",
        ],
    )
    types = _decoy_types(records)
    decoys = Table(
        f"decoys.{suffix}",
        f"Decoys that fooled each network, test and unseen climate together ({budget(tier, width)})",
        ("network", *types, "false objects elsewhere"),
        [
            [label, *(cells.fooled(found, SHOWN, kind) for kind in types), cells.elsewhere(found, SHOWN)]
            for label, found in entries
        ],
        [
            "Areas of which a false object covers a tenth, or that hold half of one, of all areas of the type; both passes count."
        ],
    )
    kinds = Table(
        f"kinds.{suffix}",
        f"Landslides found by P2's type ({budget(tier, width)})",
        ("network",)
        + tuple(
            f"{word}, {where}"
            for where in ("test", "unseen climate")
            for word in ("type 1", "type 2", "type 3", "of all planted")
        ),
        [
            [
                label,
                *(
                    text
                    for part in SHOWN
                    for text in (
                        *(cells.recall(found, (part,), kind) for kind in ("1", "2", "3")),
                        cells.planted(found, (part,)),
                    )
                ),
            ]
            for label, found in entries
        ],
        [
            "1 large and fast, 2 elongated, 3 small and slow (G07). Of those that the track's label shows; `of all planted` also"
            " counts landslides in layover or shadow and those too slow for the track."
        ],
    )
    return [scores, *of_ranges(entries, tier, width, ranges), decoys, kinds, *curves(own, tier, width)]


def of_ranges(
    entries: Sequence[tuple[str, Sequence[Record]]], tier: str, width: str, ranges: Mapping[str, str]
) -> list[Table]:
    """Scores by mountain range; no table of regions that are not those of today."""
    names, rows = by_range.rows(entries, ranges)
    if not rows:
        return []
    columns = ("network", *(name.replace("_", " ") for name in names), "test ranges together, ranges drawn")
    return [
        Table(f"ranges.{tier}.{width}", f"By mountain range ({budget(tier, width)})", columns, rows, [by_range.NOTE])
    ]


def seeds(records: Mapping[str, Record], tier: str, width: str) -> Table:
    """How far the seed of a training moves the scores of the best networks."""
    paths = [(part, f"{level}.f1") for part in SHOWN for level in ("pixel", "object")]
    rows = []
    for network in runs.BEST:
        found = [all_of(records, run.name) for run in runs.runs_of("seeds", tier, width, (network,))]
        told = [", ".join(cells.score(one, *path) for one in found) if any(found) else NOT_RUN for path in paths]
        rows.append([network, *told])
    return Table(
        f"seeds.{tier}.{width}",
        f"Three seeds of the best networks ({budget(tier, width, len(runs.ALL_SEEDS))})",
        ("network",)
        + tuple(f"F1 by {level}, {where}" for where in ("test", "unseen climate") for level in ("cell", "object")),
        rows,
        [
            "Seeds 1, 2, 3 of the four networks with the highest F1 by cell on the validation range after the first."
            " A difference between networks that is smaller than that between seeds is not significant."
        ],
    )


def curves(own: Mapping[str, Sequence[Record]], tier: str, width: str) -> list[Table]:
    """How each network's loss and score on the validation part change with the samples."""
    known = {name: found[0]["curve"] for name, found in own.items() if found and found[0].get("curve")}
    if not known:
        return []
    samples = sorted({round(seen, -2) for curve in known.values() for seen, *_ in curve})
    rows = [
        [
            name,
            *(f"{loss:.3g} ({f1:.2f})" for _, f1, loss in curve),
            f"{100 * (curve[-1][2] / curve[-2][2] - 1):+.0f} %",
            f"{curve[-1][1] - curve[-2][1]:+.3f}",
        ]
        for name, curve in known.items()
        if len(curve) == len(samples) > 1
    ]
    return [
        Table(
            f"curves.{tier}.{width}",
            f"Learning curves: loss, and F1 by cell, on the validation regions by samples seen ({budget(tier, width)})",
            ("network", *(f"{seen:,}" for seen in samples), "loss, last step", "F1, last step"),
            rows,
            [
                "Losses of different networks have different scales. F1 at a probability of 0.5, which some networks do"
                " not reach within the budget: their thresholds are chosen below it. A loss that still falls while F1"
                " stays teaches surer probabilities, no other landslides."
            ],
        )
    ]


def split(records: Mapping[str, Record], tier: str, width: str) -> Table:
    """P0's random overlapping patches against whole regions: what the split adds to a score."""
    rows = []
    for network in runs.OPTIMISM:
        found = {
            each: _records(records, BenchmarkRun(tier, width, each, "p0", "p0_insar", network, 0))
            for each in runs.SPLITS
        }
        leaking = found["patches"]
        paths = ("pixel.f1", "patch.f1", "pixel.iou")
        own = [cells.score(leaking, "patches", path, ends=path == "pixel.f1") for path in paths]
        honest = [cells.score(leaking, "test", path, ends=path == "pixel.f1") for path in paths[:2]]
        optimism = NOT_RUN
        if leaking:
            optimism = f"{cells.f1(leaking, 'patches', 'pixel') - cells.f1(leaking, 'test', 'pixel'):+.3f}"
        rows.append([network, "random patches (P0)", *own, *honest, optimism])
        honest = [cells.score(found["regions"], "test", path, ends=path == "pixel.f1") for path in paths[:2]]
        rows.append([network, "whole regions", DASH, DASH, DASH, *honest, DASH])
    return Table(
        f"split.{tier}.{width}",
        f"The papers' random overlapping split against the leak-free one ({budget(tier, width)})",
        ("network", "split of the training")
        + ("own test patches: F1 pooled", "F1 mean of patches", "IoU pooled")
        + ("leak-free test regions: F1 pooled", "F1 mean of patches", "optimism"),
        rows,
        [
            SPLIT_NOTE,
        ],
    )


@cache
def sizes() -> Table:
    """Parameters, megabytes and multiply-adds at the published size, beside the papers' and at a
    quarter of the widths.
    """
    from sarslide.models.summary import summary

    rows = []
    for name in registry.names():
        full = summary(name)
        small = summary(name, **runs.options(BenchmarkRun("cpu", "quarter", "regions", *runs.EQUAL, name, 1)))
        paper = full.published
        printed = (paper.parameters_m, paper.size_mib, paper.multiply_adds_g) if paper else ()
        rows.append(
            [
                name,
                f"{full.parameters / 1e6:.2f}",
                f"{full.size_mib:.2f}",
                f"{full.multiply_adds_g:.2f}",
                *([f"{value:.2f}" for value in printed] or [DASH] * 3),
                f"{small.parameters / 1e6:.2f}",
                f"{small.size_mib:.2f}",
                f"{small.multiply_adds_g:.2f}",
            ]
        )
    return Table(
        "sizes",
        "Sizes: ours, the paper's, and the quarter widths of the tables",
        ("network", "parameters M", "MiB", "multiply-adds G")
        + ("paper: M", "paper: MB", "paper: G")
        + ("quarter: M", "quarter: MiB", "quarter: G"),
        rows,
        [
            "Input 3 x 256 x 256. P0 Table 4 prints sizes of three networks, in MiB and multiply-adds; P2, P3 and P4 print none."
            " Quarter: the width of every layer divided by four (16 for 64 channels in the first stage, 12 for the 48 of the"
            " DenseNets), about a sixteenth of parameters and multiply-adds; the growth of dense blocks is divided too.",
        ],
    )


def all_tables(
    records: Mapping[str, Record], keep: Sequence[tuple[str, str]], ranges: Mapping[str, str]
) -> list[Table]:
    """Every table of each (tier, width) of `keep` of which something was run, then the sizes.

    ranges: region -> mountain range.
    """
    found: list[Table] = []
    for tier, width in keep:
        wanted = {key: runs.runs_of(key, tier, width) for key in runs.TABLES}
        done = {key for key, each in wanted.items() if measured(records, each)}
        if "networks" in done:
            found += networks(records, tier, width, ranges)
        if any(run.seed > 1 and run.name in records for run in wanted["seeds"]):
            found.append(seeds(records, tier, width))
        found += [paper(each, records, tier, width) for each in papers.tables() if each.key in done]
        if "split" in done:
            found.append(split(records, tier, width))
    return [*found, sizes()]


def coverage(records: Mapping[str, Record]) -> Table:
    """How many runs of each tier and width are measured."""
    rows = []
    for tier in runs.SAMPLES:
        for width in runs.WIDTHS:
            groups = (("networks",), ("seeds",), tuple(table.key for table in papers.tables()), ("split",))
            wanted = [runs.chosen(keys, tier, (width,)) for keys in groups]
            done = [measured(records, each) for each in wanted]
            told = [f"{some} of {len(each)}" if any(done) else NOT_RUN for some, each in zip(done, wanted, strict=True)]
            rows.append([budget(tier, width), *told])
    return Table(
        "coverage",
        "What was run",
        ("budget", "all networks", "seeds of the best", "papers' tables", "random split"),
        rows,
        ["Trainings; tables share some. Tables of a budget of which nothing was run are left out below."],
    )


def _records(records: Mapping[str, Record], run: BenchmarkRun) -> list[Record]:
    """The records of a run's seeds that are there."""
    wanted = [replace(run, seed=seed).name for seed in runs.SEEDS[run.tier]]
    return [records[name] for name in wanted if name in records]


def _parameters(found: Sequence[Record]) -> str:
    if not found:
        return NOT_RUN
    count = found[0].get("parameters")
    return DASH if count is None else f"{count / 1e6:.2f}"


def _threshold(found: Sequence[Record]) -> str:
    values = [record["threshold"] for record in found]
    return ", ".join(value if isinstance(value, str) else f"{value:.3g}" for value in values) or NOT_RUN


def _all_fooled(found: Sequence[Record], part: str) -> str:
    if not found:
        return NOT_RUN
    types = [name for name in found[0]["parts"][part]["decoys"] if name != "elsewhere"]
    means = [
        sum(record["parts"][part]["decoys"][name][key] for record in found for name in types) / len(found)
        for key in ("fooled", "areas")
    ]
    return " of ".join(f"{mean:.0f}" for mean in means)


def _hours(found: Sequence[Record]) -> str:
    if not found:
        return NOT_RUN
    costs = [(record.get("cost") or {}).get("cpu_s") for record in found]
    return DASH if None in costs else f"{sum(costs) / 3600:.2f}"


def _decoy_types(records: Mapping[str, Any]) -> tuple[str, ...]:
    for record in records.values():
        return tuple(name for name in record["parts"]["test"]["decoys"] if name != "elsewhere")
    from sarsim.codes import DECOYS

    return tuple(DECOYS)

"""docs/reference/benchmark.md and studies/records/benchmark.json, made of the files of runs.

The JSON holds the tables as they are printed and the record of every run, so that a machine that
has only some of the runs keeps the others; records of another region set are dropped.
"""

import json
import logging
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from types import MappingProxyType
from typing import Any

from sarslide.io.atomic import atomic_file
from sarslide.io.sidecar import read_json
from studies.benchmark import advice, figures, records, runs, tables
from studies.benchmark.score_cells import Record
from studies.benchmark.tables import Table
from studies.markdown import table_lines
from studies.structure.records import line

log = logging.getLogger(__name__)

COMMAND = "snakemake benchmark --cores 16 && python -m studies.networks --results results/benchmark"
INFERENCE = "8_"  # keys of studies/records/validation.json that studies/inference.py publishes

INTRODUCTION = """# Benchmark of the networks

`{command}`

Whole simulated regions (region set `{region_set}`, fixed before any network was scored): {about} Every region is
seen by an ascending and a descending track. Scores are those of whole regions, predicted as `segment` does it. All
movement is simulated: a real survey will score differently, and what counts here is the order of the networks and what
fools them. Only budgets that were run have tables; rows that were not run are named below them.
"""


def gather(results: Path, published: Path | None, region_set: str) -> dict[str, Record]:
    """Records of the runs below `results`, and of the runs that only the published JSON has; all of
    the same region set.
    """
    found = dict(records.read(results, region_set))
    if published is not None and published.is_file():
        before = read_json(published)
        if before["region_set"] != region_set:
            log.info("%s: region set %s, now %s: its rows are dropped", published, before["region_set"], region_set)
        else:
            found = before["runs"] | found
    return dict(sorted(found.items()))


def budgets(found: Mapping[str, Record], otherwise: tuple[str, str] = ("cpu", "quarter")) -> list[tuple[str, str]]:
    """(tier, width) with at least one run; `otherwise` where there is none."""
    known = [
        (tier, width)
        for tier in runs.SAMPLES
        for width in runs.WIDTHS
        if any(name.startswith(f"{tier}.{width}.") for name in found)
    ]
    return known or [otherwise]


def content(
    found: Mapping[str, Record],
    region_set: str,
    about: str,
    more: Mapping[str, Mapping[str, Any]],
    ranges: Mapping[str, str],
) -> dict[str, Any]:
    """What the JSON holds.

    about: the regions in words. more: tables of studies/records/validation.json on inference, as
    they are there.
    """
    made = [tables.coverage(found), *tables.all_tables(found, budgets(found), ranges)]
    return {
        "region_set": region_set,
        "about": about,
        "advice": advice.lines(found, budgets(found), more),
        "tables": [*map(asdict, made), *(_inference(key, table) for key, table in sorted(more.items()))],
        "runs": dict(found),
    }


def with_rows(rows: Sequence[Mapping[str, Any]]) -> list[str]:
    """The rows of studies (what, goal, measured, met, command) as a section of the page."""
    if not rows:
        return []
    head = ["| what | goal | before | measured | met | command |", "|---|---|---|---|---|---|"]
    return [
        "## Packaged weights of the papers' networks, presets with them, and the script for a GPU",
        "",
        *head,
        *map(line, rows),
        "",
    ]


def markdown(page: Mapping[str, Any], images: Sequence[tuple[str, str]] = ()) -> str:
    """The page of the JSON's content. images: (path relative to the page, caption)."""
    about = {name: page[name] for name in ("region_set", "about")}
    lines = [INTRODUCTION.format(command=COMMAND, **about), *page["advice"]]
    lines += with_rows(page["rows"])
    for table in page["tables"]:
        lines += table_lines(table["title"], table["columns"], table["rows"], table["notes"])
    if not any(table["key"].startswith(INFERENCE) for table in page["tables"]):
        lines += [
            "## Inference: precision, blending, compilation, throughput",
            "",
            "`python -m studies.inference`: not run",
            "",
        ]
    for path, caption in images:
        lines += [f"![{caption}]({path})", "", caption, ""]
    return "\n".join(lines)


def write(
    results: Path,
    folder: Path,
    region_set: str,
    published: Path | None,
    validation: Path | None,
    about: str = "",
    rows: Sequence[Mapping[str, Any]] = (),
    ranges: Mapping[str, str] = MappingProxyType({}),
) -> dict[str, Any]:
    """Write benchmark.md, benchmark.json and images/benchmark_*.png into `folder`.

    The JSON's content is returned.

    results: folder of the runs. published: an earlier benchmark.json whose rows are kept.
    validation: studies/records/validation.json. about: the regions in words. rows: of studies.
    ranges: region -> mountain range.
    """
    found = gather(results, published, region_set)
    more = {}
    if validation is not None and validation.is_file():
        more = {key: table for key, table in read_json(validation).items() if key.startswith(INFERENCE)}
    page = content(found, region_set, about, more, ranges) | {"rows": list(rows)}
    images = _figures(results, folder / "images", found)
    with atomic_file(folder / "benchmark.json") as temporary:
        temporary.write_text(_compact(page))
    with atomic_file(folder / "benchmark.md") as temporary:
        temporary.write_text(markdown(page, images))
    return page


def _figures(results: Path, folder: Path, found: Mapping[str, Record]) -> list[tuple[str, str]]:
    """Draw what the files allow; an image that they do not allow stays as it was published."""
    images = []
    for tier, width in budgets(found):
        budget = tables.budget(tier, width)
        for word, caption, make in (
            ("f1", f"F1 by object of each network, {budget}.", lambda t=tier, w=width: figures.scores(found, t, w)),
            (
                "channels",
                f"P4 Fig. 5: F1 by cell of seven sets of channels, {budget}.",
                lambda t=tier, w=width: figures.channel_sets(found, t, w),
            ),
            (
                "patches",
                "Test patches of 128 x 128 cells: LOS rate (-60 to 60 mm/yr, blue towards the satellite), truth (black; grey:"
                f" not counted), probability of each network (black: 1, blue: unknown), {budget}.",
                lambda t=tier, w=width: figures.patches(results / "runs", figures.labels(found, t, w)),
            ),
        ):
            path = folder / f"benchmark_{word}_{tier}_{width}.png"
            figure = make()
            if figure is not None:
                figures.save(figure, path)
            if path.is_file():
                images.append((f"images/{path.name}", caption))
    return images


def _inference(key: str, table: Mapping[str, Any]) -> dict[str, Any]:
    notes = [f"`{table['command']}`", *([table["notes"]] if table["notes"] else [])]
    return asdict(Table(key, table["title"], tuple(table["columns"]), table["rows"], notes))


def _compact(page: Mapping[str, Any]) -> str:
    """JSON with one line a row of a table and one a run: small differences stay small."""
    head = json.dumps(
        {key: page[key] for key in ("region_set", "about", "advice", "rows", "tables")}, indent=1, ensure_ascii=False
    )
    lines = [f"  {json.dumps(name)}: {json.dumps(record, sort_keys=True)}" for name, record in page["runs"].items()]
    return head.removesuffix("\n}") + ',\n "runs": {\n' + ",\n".join(lines) + "\n }\n}\n"

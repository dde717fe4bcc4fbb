"""Rows of studies on the benchmark's page: what, goal, measured, met, command."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from sarslide.io.sidecar import read_json
from studies.benchmark import page, records, regions
from studies.structure.records import REPOSITORY, line, locked, merged

PAGES, RECORDS = REPOSITORY / "docs/reference", REPOSITORY / "studies/records"
RECORD = RECORDS / "benchmark.json"


def put(rows: list[dict[str, Any]]) -> None:
    """Print rows and put them into the record; its page is written again."""
    publish(Path("results/benchmark"), rows)
    for each in rows:
        print(line(each))


def publish(results: Path, rows: Sequence[dict[str, Any]] = ()) -> dict[str, Any]:
    """The page and its record, from runs below `results` and from what is published.

    What is published of other regions stays as long as there is no run on those of today. rows: of
    studies, beside those that are published.
    """
    today = regions.settings_hash()
    with locked(RECORDS):
        held = read_json(RECORD)
        new = bool(records.read(results, today))
        region_set, about = (today, regions.words()) if new else (held["region_set"], held["about"])
        kept = merged(held["rows"], list(rows))
        made = page.write(
            results, PAGES, region_set, RECORD, RECORDS / "validation.json", about, kept, regions.ranges()
        )
        (PAGES / "benchmark.json").replace(RECORD)
    return made

"""Rows of studies on the benchmark's page: what, goal, measured, met, command."""

from pathlib import Path
from typing import Any

from sarslide.io.atomic import atomic_file
from sarslide.io.sidecar import read_json
from studies.benchmark import page, records, regions
from studies.structure.records import REPOSITORY, line, merged

PAGES, RECORDS = REPOSITORY / "docs/reference", REPOSITORY / "studies/records"
RECORD = RECORDS / "benchmark.json"


def put(rows: list[dict[str, Any]]) -> None:
    """Print rows and put them into the record; its page is written again."""
    held = read_json(RECORD)
    with atomic_file(RECORD) as part:
        part.write_text(page.compact(held | {"rows": merged(held.get("rows", []), rows)}))
    publish(Path("results/benchmark"))
    for each in rows:
        print(line(each))


def publish(results: Path) -> dict[str, Any]:
    """The page and its record, from runs below `results` and from what is published.

    What is published of other regions stays as long as there is no run on those of today.
    """
    today, held = regions.settings_hash(), read_json(RECORD)
    new = bool(records.read(results, today))
    region_set, about = (today, regions.words()) if new else (held["region_set"], held["about"])
    made = page.write(results, PAGES, region_set, RECORD, RECORDS / "validation.json", about)
    (PAGES / "benchmark.json").replace(RECORD)
    return made

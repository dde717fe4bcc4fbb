"""docs/reference/real-run.md: the forecast of a real run, and the rows that one has written.

    python -m studies.real_run.page

The prose stands in the page alone; its forecast and its results are written here.
"""

import argparse
import json
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from sarslide.config import load
from sarslide.io.atomic import atomic_file
from studies.markdown import grid_lines
from studies.real_run import PAGE, RECORD, forecast, pair, region
from studies.structure.records import publish

FORECAST = re.compile(r"(<!-- forecast -->\n).*?(<!-- end -->)", re.DOTALL)
RESULTS = "## Results\n"
HEAD = """
| what | goal | before | measured | met | command |
|---|---|---|---|---|---|
"""
NONE = """
**Not yet run with a login**: there is no row.
"""


def introduction(page: Path = PAGE) -> str:
    """The page up to its results, with today's forecast."""
    rows = grid_lines(forecast.COLUMNS, forecast.table(load(pair.KEYS), load(region.KEYS)))
    filled = FORECAST.sub(lambda found: "\n".join([found[1], *rows, "", found[2]]), page.read_text())
    return filled.partition(RESULTS)[0] + RESULTS


def put(rows: Sequence[dict[str, Any]], record: Path = RECORD, page: Path = PAGE) -> None:
    """Print rows, put them into the record and write its page again."""
    publish(list(rows), record, page, introduction(page) + HEAD)


def write(record: Path = RECORD, page: Path = PAGE) -> None:
    """The page of the record as it is."""
    if json.loads(record.read_text()):
        put([], record, page)
        return
    text = introduction(page) + NONE
    with atomic_file(page) as part:
        part.write_text(text)


if __name__ == "__main__":
    argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter).parse_args()
    write()

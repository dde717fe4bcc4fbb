"""What the papers' presets do: rows of studies/records/papers.json, and the page of them."""

from pathlib import Path

from studies.structure.records import REPOSITORY, publish, row

__all__ = ["put", "row"]
RECORD, PAGE = REPOSITORY / "studies/records/papers.json", REPOSITORY / "docs/reference/papers.md"
INTRODUCTION = """# The papers' presets, measured

What the presets of the four papers plan, train and find, and that every item of the papers has a
test that fails without it. Each row names its command; the rows are those of
`studies/records/papers.json`. The items one by one are in [The papers, item by item](../papers.md).

| what | goal | before | measured | met | command |
|---|---|---|---|---|---|
"""


def put(rows: list[dict], record: Path = RECORD, page: Path = PAGE) -> None:
    """Print rows, put them into the record and write its page again."""
    publish(rows, record, page, INTRODUCTION)

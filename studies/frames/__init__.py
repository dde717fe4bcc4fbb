"""What frames cost and keep: rows of studies/records/frames.json, and the page of them."""

from pathlib import Path

from studies.structure.records import REPOSITORY, publish, row

__all__ = ["put", "row"]
RECORD, PAGE = REPOSITORY / "studies/records/frames.json", REPOSITORY / "docs/reference/frames.md"
INTRODUCTION = """# Frames, measured

What a region of several frames costs, and that it finds what the same region finds as one. Each
row names its command; the rows are those of `studies/records/frames.json`.

| what | goal | before | measured | met | command |
|---|---|---|---|---|---|
"""


def put(rows: list[dict], record: Path = RECORD, page: Path = PAGE) -> None:
    """Print rows, put them into the record and write its page again."""
    publish(rows, record, page, INTRODUCTION)

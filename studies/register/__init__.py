"""What the register tells of objects that are followed: rows of studies/records/register.json, and
their page.
"""

from pathlib import Path

from studies.structure.records import REPOSITORY, publish, row

__all__ = ["put", "row"]
RECORD, PAGE = REPOSITORY / "studies/records/register.json", REPOSITORY / "docs/reference/register.md"
INTRODUCTION = """# The register, measured

What a release tells of objects that are followed from one release to the next: rates with the error of
their mean, east and up, and whether they speed up or slow down. Each row names its command; the rows
are those of `studies/records/register.json`.

| what | goal | before | measured | met | command |
|---|---|---|---|---|---|
"""


def put(rows: list[dict], record: Path = RECORD, page: Path = PAGE) -> None:
    """Print rows, put them into the record and write its page again."""
    publish(rows, record, page, INTRODUCTION)

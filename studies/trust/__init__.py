"""What of a run can be trusted: rows of studies/records/trust.json, and the page made of them."""

from pathlib import Path

from studies.structure.records import REPOSITORY, publish, row

__all__ = ["put", "row"]
RECORD, PAGE = REPOSITORY / "studies/records/trust.json", REPOSITORY / "docs/reference/trust.md"
INTRODUCTION = """# Trust

What happens when processes are killed, disks are full, files are damaged or hostile, and what the
protection costs. Each row names its command; the rows are those of `studies/records/trust.json`.
How it works is in [Trust and repair](../concepts/trust.md).

| what | goal | before | measured | met | command |
|---|---|---|---|---|---|
"""


def put(rows: list[dict], record: Path = RECORD, page: Path = PAGE) -> None:
    """Print rows, put them into the record and write its page again."""
    publish(rows, record, page, INTRODUCTION)

"""What rates and their errors are worth: rows of studies/records/rates.json, and their page."""

from pathlib import Path

from studies.structure.records import REPOSITORY, publish, row

__all__ = ["put", "row"]
RECORD, PAGE = REPOSITORY / "studies/records/rates.json", REPOSITORY / "docs/reference/rates.md"
INTRODUCTION = """# Rates, measured

What phase linking, corrections of the weather and error models do to rates. Each row names its command;
the rows are those of `studies/records/rates.json`. Of linked rates `before` is the default, made of
the same products.

| what | goal | before | measured | met | command |
|---|---|---|---|---|---|
"""


def put(rows: list[dict], record: Path = RECORD, page: Path = PAGE) -> None:
    """Print rows, put them into the record and write its page again."""
    publish(rows, record, page, INTRODUCTION)

"""What an office does with releases: rows of studies/records/office.json, and their page."""

from pathlib import Path

from studies.structure.records import REPOSITORY, publish, row

__all__ = ["put", "row"]
RECORD, PAGE = REPOSITORY / "studies/records/office.json", REPOSITORY / "docs/reference/office.md"
INTRODUCTION = """# The office, measured

What becomes of releases in an office: regions joined to one register, alerts as messages of the Common
Alerting Protocol, projects opened by QGIS, exports opened by programs that are not ours, the page of
the report in a browser, reviews carried out. Each row names its command; the rows are those of `studies/records/office.json`.

Still cells of Houston bend by noise alone. At one of 13 releases 7 % of them are told to change, 27 of 36 in
one window, for a cause that was not traced; at the other twelve 0.9 %, at a stated 1 %.

| what | goal | before | measured | met | command |
|---|---|---|---|---|---|
"""


def put(rows: list[dict], record: Path = RECORD, page: Path = PAGE) -> None:
    """Print rows, put them into the record and write its page again."""
    publish(rows, record, page, INTRODUCTION)

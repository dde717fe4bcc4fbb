"""The rows of studies/records/door.json, and the page made of them: what a newcomer meets.

from studies.door import put, row
put([row("what was measured", 3.1, "python -m studies.COMMAND", goal="<= 5", met=True)])
"""

from pathlib import Path

from studies.structure.records import REPOSITORY, publish, row

__all__ = ["put", "row"]
RECORD, PAGE = REPOSITORY / "studies/records/door.json", REPOSITORY / "docs/reference/door.md"
INTRODUCTION = """# The door

What a newcomer meets: install, first run, a region of one's own, documentation. Each row names its
command; the rows are those of `studies/records/door.json`.

| what | goal | before | measured | met | command |
|---|---|---|---|---|---|
"""


def put(rows: list[dict], record: Path = RECORD, page: Path = PAGE) -> None:
    """Print rows, put them into the record and write its page again."""
    publish(rows, record, page, INTRODUCTION)

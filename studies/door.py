"""The rows of studies/records/door.json, and the page made of them: what a newcomer meets.

from studies.door import put, row
put([row("what was measured", 3.1, "python -m studies.COMMAND", goal="<= 5", met=True)])
"""

import fcntl
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sarslide.io.atomic import atomic_file
from sarslide.io.sidecar import write_json
from studies.structure.records import REPOSITORY, line, row

__all__ = ["put", "row"]
RECORD, PAGE = REPOSITORY / "studies/records/door.json", REPOSITORY / "docs/reference/door.md"
INTRODUCTION = """# The door

What a newcomer meets: install, first run, a region of one's own, documentation. Each row names its
command; the rows are those of `studies/records/door.json`.

| what | goal | before | measured | met | command |
|---|---|---|---|---|---|
"""


def put(rows: list[dict], record: Path = RECORD, page: Path = PAGE) -> None:
    """Print rows, put them into the record and write the page again.

    A row of the record of the same `what` is replaced where it stands. Studies may run side by
    side: one at a time reads and writes.
    """
    with _locked(record.parent):
        held = json.loads(record.read_text()) if record.is_file() else []
        merged = list({each["what"]: each for each in [*held, *rows]}.values())
        write_json(record, merged)
        with atomic_file(page) as part:
            part.write_text(INTRODUCTION + "".join(f"{line(each)}\n" for each in merged))
    for each in rows:
        print(line(each))


@contextmanager
def _locked(folder: Path) -> Iterator[None]:
    """Hold a folder's lock; others wait."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        os.close(handle)

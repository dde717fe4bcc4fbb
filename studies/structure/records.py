"""Rows of a record (what, goal, measured, met, command) and the page made of them; those of
studies/records/structure.json.
"""

import fcntl
import json
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sarslide.io.atomic import atomic_file
from sarslide.io.sidecar import write_json

REPOSITORY = Path(__file__).resolve().parents[2]
RECORD, PAGE = REPOSITORY / "studies/records/structure.json", REPOSITORY / "docs/reference/structure.md"
INTRODUCTION = """# Structure

How the repository is built and what running it costs beside the work itself. `before` is the state of
commit af6a4ef, measured in the same run on the same machine with two cores; for the stub jobs it is
Snakemake's own settings. Each row names its command; the rows are those of
`studies/records/structure.json`. Newcomers were given nothing but a fresh clone and one sentence; files
that a documented command rewrites do not count as touched.

| what | goal | before | measured | met | command |
|---|---|---|---|---|---|
"""


def row(
    what: str, measured: Any, command: str, goal: str = "shown", met: bool = True, before: Any = None
) -> dict[str, Any]:
    """One row; goal `shown`: a number without a limit, asked for as it is."""
    return {"what": what, "goal": goal, "before": before, "measured": measured, "met": met, "command": command}


def publish(rows: list[dict], record: Path = RECORD, page: Path = PAGE, introduction: str = INTRODUCTION) -> None:
    """Print rows, put them into a record and write its page again.

    A row of the record of the same `what` is replaced where it stands. Studies may run side by
    side: one at a time reads and writes.
    """
    with locked(record.parent):
        held = json.loads(record.read_text()) if record.is_file() else []
        after = merged(held, rows)
        write_json(record, after)
        with atomic_file(page) as part:
            part.write_text(introduction + "".join(f"{line(each)}\n" for each in after))
    for each in rows:
        print(line(each))


def keep_or_tell(rows: list[dict], put: Callable[[list[dict]], None], record: bool) -> None:
    """Put rows into a record, or print them alone."""
    if record:
        put(rows)
    else:
        for each in rows:
            print(each["what"], "|", each["measured"], "|", each["met"])


def merged(held: list[dict], rows: list[dict]) -> list[dict]:
    """The rows of a record and new ones, of the same `what` where the old one stands."""
    return list({each["what"]: each for each in [*held, *rows]}.values())


@contextmanager
def locked(folder: Path) -> Iterator[None]:
    """Hold a folder's lock; others wait."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        os.close(handle)


def line(each: dict) -> str:
    """A row as a line of a Markdown table."""
    cells = [
        each["what"],
        each["goal"],
        _text(each.get("before")),
        _text(each["measured"]),
        "yes" if each["met"] else "**no**",
        f"`{each['command']}`",
    ]
    return "| " + " | ".join(str(cell).replace("|", "\\|") for cell in cells) + " |"


def _text(value: Any) -> str:
    return "" if value is None else f"{value:,.4g}" if isinstance(value, float) else str(value)

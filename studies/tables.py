"""Tables of docs/reference/validation.md, made of studies/records/validation.json.

Each study publishes its own into that record.
"""

import json
from collections.abc import Sequence
from pathlib import Path

from studies.markdown import table_lines

REPOSITORY = Path(__file__).resolve().parents[1]
RECORD, PAGE = REPOSITORY / "studies/records/validation.json", REPOSITORY / "docs/reference/validation.md"
INTRODUCTION = """# Validation

Measured numbers, each made by the command above its table; `studies/records/validation.json` holds the same.
CPU seconds are user + system of one process on one core unless stated.
"""


def publish(
    key: str, title: str, command: str, columns: Sequence[str], rows: Sequence[Sequence[object]], notes: str = ""
) -> None:
    """Print a table, publish it and write docs/reference/validation.md again.

    It stands under `key` in studies/records/validation.json.

    key: decides the place on the page (alphabetical), for example "2_recipes_A128". rows: plain
    values; a string is printed as it is, a number with four significant digits.
    """
    table = {
        "title": title,
        "command": command,
        "columns": list(columns),
        "rows": [list(row) for row in rows],
        "notes": notes,
    }
    print("\n".join(as_markdown(table)))
    path = RECORD
    tables = json.loads(path.read_text()) if path.is_file() else {}
    tables = dict(sorted((tables | {key: table}).items()))
    path.write_text(json.dumps(tables, indent=1, ensure_ascii=False) + "\n")
    PAGE.write_text(page(tables))


def page(tables: dict[str, dict]) -> str:
    """docs/reference/validation.md of the tables."""
    return "\n".join([INTRODUCTION, *(line for table in tables.values() for line in as_markdown(table))])


def as_markdown(table: dict) -> list[str]:
    """Lines of one table, with its title, command and notes."""
    return table_lines(table["title"], table["columns"], table["rows"], [table["notes"]], table["command"])

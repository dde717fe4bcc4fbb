"""Tables of docs/validation.md: each benchmark publishes its own into docs/validation.json, which the page is written from."""

import json
from collections.abc import Sequence
from pathlib import Path

NOT_RUN = "not run"
DOCS = Path(__file__).resolve().parents[1] / "docs"
INTRODUCTION = """# Validation

Measured numbers, each made by the command above its table; `docs/validation.json` holds the same. CPU seconds are user + system
of one process on one core unless stated.
"""


def publish(
    key: str, title: str, command: str, columns: Sequence[str], rows: Sequence[Sequence[object]], notes: str = ""
) -> None:
    """Print a table, put it under `key` into docs/validation.json and write docs/validation.md again.

    key: decides the place on the page (alphabetical), for example "2_recipes_A128". rows: plain values; a string is printed as
    it is, a number with four significant digits.
    """
    table = {
        "title": title,
        "command": command,
        "columns": list(columns),
        "rows": [list(row) for row in rows],
        "notes": notes,
    }
    print("\n".join(as_markdown(table)))
    path = DOCS / "validation.json"
    tables = json.loads(path.read_text()) if path.is_file() else {}
    tables = dict(sorted((tables | {key: table}).items()))
    path.write_text(json.dumps(tables, indent=1, ensure_ascii=False) + "\n")
    (DOCS / "validation.md").write_text(page(tables))


def page(tables: dict[str, dict]) -> str:
    """docs/validation.md of the tables."""
    return "\n".join([INTRODUCTION, *(line for table in tables.values() for line in as_markdown(table))])


def as_markdown(table: dict) -> list[str]:
    """Lines of one table, with its title, command and notes; rows of which nothing was run are named in one line below it."""
    without = [_not_run(row) for row in table["rows"]]
    lines = [f"## {table['title']}", "", f"`{table['command']}`", ""]
    lines += [f"| {' | '.join(table['columns'])} |", "|" + " --- |" * len(table["columns"])]
    lines += [
        f"| {' | '.join(map(_cell, row))} |" for row, labels in zip(table["rows"], without, strict=True) if not labels
    ]
    groups: dict[str, list[str]] = {}
    for name, *where in filter(None, without):
        groups.setdefault(", ".join(where), []).append(name)
    named = "; ".join(f"{', '.join(members)}{f' ({where})' if where else ''}" for where, members in groups.items())
    notes = [f"Not run: {named}."] * bool(groups) + [table["notes"]] * bool(table["notes"])
    return [*lines, *(line for note in notes for line in ("", note)), ""]


def _not_run(row: Sequence[object]) -> list[str]:
    """The words before "not run" of a row that holds nothing else; empty for every other row."""
    labels = list(row[: row.index(NOT_RUN)]) if NOT_RUN in row else []
    empty = all(cell == NOT_RUN for cell in row[len(labels) :])
    return labels if empty and all(isinstance(word, str) for word in labels) else []


def _cell(value: object) -> str:
    if value is None:
        return "–"
    return f"{value:.4g}" if isinstance(value, float) else str(value)

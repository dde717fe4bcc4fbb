"""A table of measured values as Markdown; rows of which nothing was run are named in one line below
it.
"""

from collections.abc import Sequence

from sarslide.report.tables import NOT_RUN


def grid_lines(columns: Sequence[str], rows: Sequence[Sequence[object]]) -> list[str]:
    """Head and rows of a table, cells as text; a bar in a cell is no border."""
    cells = [" | ".join(str(cell).replace("|", "\\|") for cell in row) for row in rows]
    return [f"| {' | '.join(columns)} |", "|" + " --- |" * len(columns), *(f"| {row} |" for row in cells)]


def table_lines(
    title: str, columns: Sequence[str], rows: Sequence[Sequence[object]], notes: Sequence[str] = (), command: str = ""
) -> list[str]:
    """Lines of a table with its title, its command and its notes.

    rows: plain values; a string is printed as it is, a number with four significant digits, None as
    an en dash.
    """
    without = [_not_run(row) for row in rows]
    lines = [f"## {title}", "", *([f"`{command}`", ""] if command else [])]
    run = [row for row, labels in zip(rows, without, strict=True) if not labels]
    lines += grid_lines(columns, [list(map(_cell, row)) for row in run])
    groups: dict[str, list[str]] = {}
    for name, *where in filter(None, without):
        groups.setdefault(", ".join(where), []).append(name)
    named = "; ".join(f"{', '.join(members)}{f' ({where})' if where else ''}" for where, members in groups.items())
    below = [f"Not run: {named}."] * bool(groups) + [note for note in notes if note]
    return [*lines, *(line for note in below for line in ("", note)), ""]


def _not_run(row: Sequence[object]) -> list[str]:
    """The labels of a row that was not run at all; empty for every other row."""
    labels = list(row[: row.index(NOT_RUN)]) if NOT_RUN in row else []
    empty = all(cell == NOT_RUN for cell in row[len(labels) :])
    return labels if empty and all(isinstance(label, str) for label in labels) else []


def _cell(value: object) -> str:
    if value is None:
        return "–"
    return f"{value:.4g}" if isinstance(value, float) else str(value)

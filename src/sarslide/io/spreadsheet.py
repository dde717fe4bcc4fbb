"""Text of others in CSV tables: what a spreadsheet would take for a formula becomes text.

The rule of OWASP (CSV injection): an apostrophe before the first character. Numbers of our own go
unchanged.
"""

import csv
import io
import re
from collections.abc import Iterable, Mapping
from typing import Any

# Of a formula: also in full width, and what spreadsheets skip before it.
_FORMULA = re.compile(r"'*[=+\-@\t\r\n＝＋－＠]")


def neutral(text: str) -> str:
    """A cell that no spreadsheet computes.

    Parameters
    ----------
    text : str
        Text of a user or of a file from elsewhere.

    Returns
    -------
    str
        The text, after an apostrophe where it begins like a formula.
    """
    return f"'{text}" if _FORMULA.match(text) else text


def original(cell: str) -> str:
    """The text that `neutral` made a cell of.

    Parameters
    ----------
    cell : str
        As it stands in the table.

    Returns
    -------
    str
        The text.
    """
    return cell[1:] if cell.startswith("'") and _FORMULA.match(cell) else cell


def csv_text(rows: Iterable[Mapping[str, Any]], columns: Mapping[str, type]) -> str:
    """Rows as the text of a CSV file that no spreadsheet computes.

    Parameters
    ----------
    rows : iterable of mapping of str to Any
        Rows with the columns.
    columns : mapping of str to type
        Name and type of each column, in their order.

    Returns
    -------
    str
        With a header; numbers have six significant digits and are empty where unknown.
    """
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(columns)
    for row in rows:
        writer.writerow([_cell(row[name], kind) for name, kind in columns.items()])
    return text.getvalue()


def _cell(value: Any, kind: type) -> str:
    if kind is float:
        return "" if value != value else f"{value:.6g}"
    return neutral(str(value))

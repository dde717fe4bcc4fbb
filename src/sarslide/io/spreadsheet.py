"""Text of others in CSV tables: what a spreadsheet would take for a formula becomes text.

The rule of OWASP (CSV injection): an apostrophe before the first character. Numbers of our own go
unchanged.
"""

import re

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

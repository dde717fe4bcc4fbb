"""What the workflow does of each item of the papers: state, the line that does it, the test that
fails without that line. The data are rows/*.yaml, a file for each theme of docs/papers.md.

131 items are counted as the audit of the papers did: the rows A01 to H03 of docs/papers.md, the
figures (one item, `I`) and the errors J01 to J10. Six further errors, J11 to J16, were found later.
"""

from collections import Counter
from functools import cache
from pathlib import Path
from typing import Literal

import yaml
from pydantic import BaseModel, ConfigDict, model_validator

REPOSITORY = Path(__file__).resolve().parents[2]
ROWS = Path(__file__).parent / "rows"
COUNTED, LATER = 131, tuple(f"J{number}" for number in range(11, 17))


class Item(BaseModel):
    """One item.

    Attributes
    ----------
    state : str
        `works`, or `partial`: then `lacks` names what this machine or the papers have not.
    file, line, instead : str
        A part of a file below the repository that stands in it once, and what to write in its
        place to take the item back.
    test : str
        The node of pytest that then fails.
    does : str
        What is there, where the item alone does not show it.
    lacks : str
        What is not there, and why.
    """

    model_config = ConfigDict(extra="forbid")

    state: Literal["works", "partial"] = "works"
    file: str
    line: str
    instead: str
    test: str
    does: str = ""
    lacks: str = ""

    @model_validator(mode="after")
    def _partial_names_why(self) -> "Item":
        if (self.state == "partial") != bool(self.lacks):
            raise ValueError("a partial item, and no other, names what is lacking")
        return self


@cache
def items() -> dict[str, Item]:
    """All items in the order of docs/papers.md.

    Returns
    -------
    dict of str to Item
        By id: A01 to H03, I, J01 to J16.
    """
    rows = [row for path in sorted(ROWS.glob("*.yaml")) for row in yaml.safe_load(path.read_text()).items()]
    twice = [key for key, times in Counter(key for key, _ in rows).items() if times > 1]
    if twice:
        raise ValueError(f"rows that come twice: {', '.join(twice)}")
    return {key: Item(**row) for key, row in sorted(rows)}


def summary() -> str:
    """How many of the counted items are in each state.

    Returns
    -------
    str
        For a sentence.
    """
    states = Counter(item.state for key, item in items().items() if key not in LATER)
    return f"{sum(states.values())} items, of which {states['works']} work and {states['partial']} in part"


def table_rows() -> list[list[str]]:
    """Id, state, what is there or lacking, file of the line, test: the table of docs/papers.md.

    Returns
    -------
    list of list of str
        One list an item.
    """
    return [
        [key, item.state, " ".join(filter(None, (item.does, item.lacks))), f"`{item.file}`", f"`{item.test}`"]
        for key, item in items().items()
    ]

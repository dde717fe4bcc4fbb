"""The reviewer's file: accept, reject, edit or note per ls_id (G13, D17), with links to what was
seen (C11, G17). An input of every release, so a decision survives reruns.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from shapely import force_2d, from_wkt, get_num_coordinates
from shapely.errors import GEOSException
from shapely.geometry.base import BaseGeometry

from sarslide.errors import ReviewError
from sarslide.io import bounded

MAX_FILE = 16 << 20  # bytes
MAX_DECISIONS, MAX_VERTICES = 50_000, 20_000
FARTHEST_M = 1e8  # of a coordinate of any projection
LONGEST = {"ls_id": 40, "comment": 2000, "reviewer": 100, "date": 40, "evidence": 2000}  # characters
NOTE = "note"  # decides nothing: comment and evidence alone
ACTIONS = ("accept", "reject", "edit", NOTE)
COLUMNS = ("ls_id", "action", "comment", "reviewer", "date", "wkt", "evidence")
LINK = re.compile(r"https?://[^\s\"'<>\\]+")


@dataclass(frozen=True)
class Decision:
    """One row of the reviewer's file.

    Attributes
    ----------
    row : int
        Number of the line.
    ls_id : str
        Id of the object.
    action : str
        accept, reject, edit or note.
    comment, reviewer, date : str
        As in the file.
    outline : BaseGeometry or None
        In the region's CRS, the new outline of an edit; of another action, where the object was.
    evidence : str
        Links to photographs, field records or images, parted by blanks.
    """

    row: int
    ls_id: str
    action: str
    comment: str
    reviewer: str
    date: str
    outline: BaseGeometry | None = None
    evidence: str = ""


def read(path: str | Path) -> dict[str, Decision]:
    """Read the reviewer's file.

    Needs the columns ls_id and action; comment, reviewer, date, wkt and evidence may be left out.
    An edit needs its new outline as wkt. With other actions a wkt is an anchor: a decision that
    does not touch its object is refused, so that it cannot fall on another one when ids were lost
    with the old releases.

    Parameters
    ----------
    path : str or Path
        The file.

    Returns
    -------
    dict of str to Decision
        Decisions by ls_id.

    Raises
    ------
    ReviewError
        Names the row with an unknown action or column, an id that comes twice, a comment that is no
        short line, evidence that is no link, or an edit without outline; a file that is no UTF-8
        CSV, or too large.
    """
    rows = bounded.csv_rows(path, ReviewError, ("ls_id", "action"), MAX_FILE, cure="give a UTF-8 CSV file or remove it")
    if len(rows) > MAX_DECISIONS:
        raise ReviewError(f"{path}: has {len(rows)} rows, more than {MAX_DECISIONS}", "keep one row per ls_id")
    if others := [name for name in (rows[0] if rows else ()) if name not in COLUMNS]:
        raise ReviewError(f"{path}: column {bounded.shown(others[0])}", f"the header must be {','.join(COLUMNS)}")
    decisions: dict[str, Decision] = {}
    for number, row in enumerate(rows, start=2):
        decision = _decision(path, number, {key: " ".join(row.get(key, "").split()) for key in COLUMNS})
        if decision.ls_id in decisions:
            first = decisions[decision.ls_id].row
            raise ReviewError(
                f"{path} row {number}: {decision.ls_id} was already decided in row {first}", "keep one row per ls_id"
            )
        decisions[decision.ls_id] = decision
    return decisions


def check_ids(path: str | Path, decisions: dict[str, Decision], known: Iterable[str]) -> None:
    """Check that every decision has an object.

    Parameters
    ----------
    path : str or Path
        The reviewer's file.
    decisions : dict of str to Decision
        By ls_id.
    known : iterable of str
        Ids of the releases.

    Raises
    ------
    ReviewError
        Names the first row whose ls_id no release knows.
    """
    known = set(known)
    for decision in decisions.values():
        if decision.ls_id not in known:
            raise ReviewError(
                f"{path} row {decision.row}: no object {decision.ls_id}",
                "take the ls_id from landslides.gpkg of the last release, or remove the row",
            )


def _decision(path: str | Path, number: int, row: dict[str, str]) -> Decision:
    if row["action"] not in ACTIONS:
        raise ReviewError(
            f"{path} row {number}: action '{bounded.shown(row['action'])}' of {bounded.shown(row['ls_id'])}",
            f"use one of {', '.join(ACTIONS)}",
        )
    for name, longest in LONGEST.items():
        if len(row[name]) > longest or not row[name].isprintable():
            raise ReviewError(f"{path} row {number}: {name} is no text of at most {longest} characters", "shorten it")
    if wrong := [word for word in row["evidence"].split() if not LINK.fullmatch(word)]:
        raise ReviewError(
            f"{path} row {number}: evidence '{bounded.shown(wrong[0])}' of {bounded.shown(row['ls_id'])} is no link",
            "give addresses that begin with https:// or http://, parted by blanks",
        )
    outline = _outline(path, number, row) if row["wkt"] or row["action"] == "edit" else None
    return Decision(
        number, row["ls_id"], row["action"], row["comment"], row["reviewer"], row["date"], outline, row["evidence"]
    )


def _outline(path: str | Path, number: int, row: dict[str, str]) -> BaseGeometry:
    cure = "give the new outline as WKT, POLYGON or MULTIPOLYGON, in the CRS of the release"
    where = f"{path} row {number}: wkt of {row['ls_id']}"
    # No collection gets to the parser, whose recursion ends the process where they are nested deep.
    if not re.match(r"(MULTI)?POLYGON\b", row["wkt"], flags=re.IGNORECASE):
        raise ReviewError(f"{where} is no polygon", cure)
    try:
        with np.errstate(all="ignore"):  # of coordinates that are no numbers, refused below
            outline = force_2d(from_wkt(row["wkt"]))
    except GEOSException as error:
        raise ReviewError(f"{where} does not parse", cure) from error
    if get_num_coordinates(outline) > MAX_VERTICES:
        raise ReviewError(f"{where} has more than {MAX_VERTICES} vertices", "simplify the outline")
    if outline.is_empty or not all(abs(value) <= FARTHEST_M for value in outline.bounds) or not outline.is_valid:
        raise ReviewError(f"{where} is no valid outline", cure)
    return outline

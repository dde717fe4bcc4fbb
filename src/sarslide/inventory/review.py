"""The reviewer's file: accept, reject or edit per ls_id (G13, D17). An input of every release, so a
decision survives reruns.
"""

import csv
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from shapely import from_wkt
from shapely.errors import GEOSException
from shapely.geometry.base import BaseGeometry

from sarslide.errors import ReviewError

ACTIONS = ("accept", "reject", "edit")
COLUMNS = ("ls_id", "action", "comment", "reviewer", "date", "wkt")


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
        accept, reject or edit.
    comment, reviewer, date : str
        As in the file.
    outline : BaseGeometry or None
        In the region's CRS, the new outline of an edit; of another action, where the object was.
    """

    row: int
    ls_id: str
    action: str
    comment: str
    reviewer: str
    date: str
    outline: BaseGeometry | None = None


def read(path: str | Path) -> dict[str, Decision]:
    """Read the reviewer's file.

    Needs the columns ls_id and action; comment, reviewer, date and wkt may be left out. An edit
    needs its new outline as wkt. With accept and reject a wkt is an anchor: a decision that does
    not touch its object is refused, so that it cannot fall on another one when ids were lost with
    the old releases.

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
        Names the row with an unknown action or column, an id that comes twice, or an edit without
        outline.
    """
    try:
        with open(path, newline="", encoding="utf-8-sig") as stream:
            reader = csv.DictReader(stream)
            header = reader.fieldnames or []
            if not {"ls_id", "action"} <= set(header) or set(header) - set(COLUMNS):
                raise ReviewError(f"{path}: columns are {', '.join(header)}", f"the header must be {','.join(COLUMNS)}")
            decisions: dict[str, Decision] = {}
            for number, row in enumerate(reader, start=2):
                decision = _decision(path, number, {key: (row.get(key) or "").strip() for key in COLUMNS})
                if decision.ls_id in decisions:
                    first = decisions[decision.ls_id].row
                    raise ReviewError(
                        f"{path} row {number}: {decision.ls_id} was already decided in row {first}",
                        "keep one row per ls_id",
                    )
                decisions[decision.ls_id] = decision
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise ReviewError(f"{path}: cannot be read ({error})", "give a UTF-8 CSV file or remove it") from error
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
            f"{path} row {number}: action '{row['action']}' of {row['ls_id']}", f"use one of {', '.join(ACTIONS)}"
        )
    outline = _outline(path, number, row) if row["wkt"] or row["action"] == "edit" else None
    return Decision(number, row["ls_id"], row["action"], row["comment"], row["reviewer"], row["date"], outline)


def _outline(path: str | Path, number: int, row: dict[str, str]) -> BaseGeometry:
    cure = "give the new outline as WKT, POLYGON or MULTIPOLYGON, in the CRS of the release"
    try:
        outline = from_wkt(row["wkt"])
    except GEOSException as error:
        raise ReviewError(f"{path} row {number}: wkt of {row['ls_id']} does not parse", cure) from error
    if (
        outline is None
        or outline.geom_type not in ("Polygon", "MultiPolygon")
        or outline.is_empty
        or not outline.is_valid
    ):
        raise ReviewError(f"{path} row {number}: wkt of {row['ls_id']} is no valid outline", cure)
    return outline

"""The reviewer's decisions on objects (G13, D17), with links to what was seen (C11, G17): from a
CSV file, or from the GeoPackage of `sarslide review`. An input of every release, so that a decision
survives reruns.
"""

import hashlib
import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import shapely
from shapely import force_2d, from_wkt, get_num_coordinates
from shapely.errors import GEOSException
from shapely.geometry.base import BaseGeometry

from sarslide.errors import ReviewError
from sarslide.inventory.masks import DEFORMATION, LANDSLIDE
from sarslide.io import bounded

MAX_DECISIONS, MAX_VERTICES = 50_000, 20_000
FARTHEST_M = 1e8  # of a coordinate of any projection
NOTE, ADD, SPLIT, MERGE = "note", "add", "split", "merge"  # a note decides nothing
RECLASSIFY = "reclassify"
ACTIONS = ("accept", "reject", "edit", NOTE, ADD, SPLIT, MERGE, RECLASSIFY)
CLASSES = (LANDSLIDE, DEFORMATION)
# Columns of text, and the most characters of each.
LONGEST = {
    "ls_id": 40, "comment": 2000, "reviewer": 100, "date": 40, "evidence": 2000, "class": 40, "other": 40,
    "name": 200, "photos": 2000,
}  # fmt: skip
COLUMNS = ("ls_id", "action", "comment", "reviewer", "date", "wkt", "evidence", "class", "other", "name", "photos")
LINK = re.compile(r"https?://[^\s\"'<>\\]+")
PHOTO = re.compile(r"(?!/)(?!.*\.\.)[\w./-]+\.(?:jpe?g|png|tiff?|webp|heic)", re.IGNORECASE)


@dataclass(frozen=True)
class Decision:
    """What a reviewer decides about one object.

    Attributes
    ----------
    row : int
        Number of the line.
    ls_id : str
        Id of the object; empty for an added one that no release has yet.
    action : str
        One of `ACTIONS`.
    comment, reviewer, date : str
        As in the file.
    outline : BaseGeometry or None
        In the region's CRS, the outline of an edit, of an added object or of a part; of another
        action of a CSV file, where the object was.
    evidence : str
        Links to photographs, field records or images, parted by blanks.
    photos : str
        Links to photographs, or names of their files beside the review, parted by blanks.
    name : str
        Of the landslide.
    object_class : str
        One of `CLASSES`, of a reclassified object.
    other : str
        ls_id of the object that it is merged into, or that it is a part of.
    parts : tuple of Decision
        Of a split: what is decided of each part.
    file : str
        The file, for messages.
    """

    row: int
    ls_id: str
    action: str
    comment: str
    reviewer: str
    date: str
    outline: BaseGeometry | None = None
    evidence: str = ""
    photos: str = ""
    name: str = ""
    object_class: str = ""
    other: str = ""
    parts: "tuple[Decision, ...]" = ()
    file: str = "review"

    @property
    def where(self) -> str:
        """File and row, for messages."""
        return f"{self.file} row {self.row}"

    @property
    def is_part(self) -> bool:
        """Whether it is about a part of an object that is split."""
        return self.action == SPLIT or bool(self.other and self.action != MERGE)

    @property
    def links(self) -> str:
        """Evidence and linked photographs, parted by blanks."""
        return " ".join(
            dict.fromkeys([*self.evidence.split(), *(word for word in self.photos.split() if LINK.fullmatch(word))])
        )


def canonical(decisions: Mapping[str, Decision]) -> list[str]:
    """What decisions say, whatever file and row they stand in: for the name of a release.

    Parameters
    ----------
    decisions : mapping of str to Decision
        As `review_files.read_all` gives them.

    Returns
    -------
    list of str
        JSON, outlines to 1 mm, in order.
    """
    return sorted(_canonical(decision) for decision in decisions.values())


def gathered(rows: Iterable[Decision]) -> dict[str, Decision]:
    """Decisions by object, parts of a split together.

    Parameters
    ----------
    rows : iterable of Decision
        One a row.

    Returns
    -------
    dict of str to Decision
        As `review_files.read_all`.

    Raises
    ------
    ReviewError
        For an object that two rows decide about, a split of one part, and a merge into an object
        that is not to stay.
    """
    found: dict[str, Decision] = {}
    parts: dict[str, list[Decision]] = {}
    for decision in rows:
        if decision.is_part:
            parts.setdefault(decision.other or decision.ls_id, []).append(decision)
            continue
        _put(found, decision.ls_id or outline_key(decision.outline), decision)
    for ls_id, ours in parts.items():
        if len(ours) < 2:
            raise ReviewError(
                f"{ours[0].where}: {ls_id} is split into one part", "give a row for each part, or no split"
            )
        head = next((part for part in ours if part.ls_id == ls_id), ours[0])
        _put(found, ls_id, replace(head, ls_id=ls_id, action=SPLIT, outline=None, other="", parts=tuple(ours)))
    gone = {decision.ls_id for decision in found.values() if decision.action in (MERGE, SPLIT, "reject")}
    for decision in found.values():
        if decision.action == MERGE and decision.other in {decision.ls_id, *gone}:
            raise ReviewError(
                f"{decision.where}: {decision.ls_id} is merged into {decision.other}, which is not to stay as it is",
                "name as other the object that stays",
            )
    return found


def outline_key(outline: BaseGeometry | None) -> str:
    """What an added object without an id is known by.

    Parameters
    ----------
    outline : BaseGeometry or None
        Its outline.

    Returns
    -------
    str
        Text that is no ls_id.
    """
    return "added " + hashlib.sha256(_hex(outline).encode()).hexdigest()[:12]


def _put(found: dict[str, Decision], key: str, decision: Decision) -> None:
    if key in found:
        first = found[key]
        place = f"row {first.row}" if first.file == decision.file else first.where
        raise ReviewError(
            f"{decision.where}: {decision.ls_id or 'an added outline'} was already decided in {place}",
            "keep one row per ls_id",
        )
    found[key] = decision


def _hex(outline: BaseGeometry | None) -> str:
    """An outline to 1 mm, in normal form; empty for none."""
    if outline is None:
        return ""
    rounded = shapely.transform(outline, lambda xy: np.round(xy, 3) + 0.0)
    return shapely.to_wkb(shapely.normalize(rounded), hex=True)


def _canonical(decision: Decision) -> str:
    words = (
        decision.ls_id, decision.action, decision.comment, decision.reviewer, decision.date, decision.evidence,
        decision.photos, decision.name, decision.object_class, decision.other, _hex(decision.outline),
    )  # fmt: skip
    return json.dumps([*words, sorted(_canonical(part) for part in decision.parts)])


def check_number(path: str | Path, rows: int) -> None:
    """Refuse more rows than any review has.

    Parameters
    ----------
    path : str or Path
        The file.
    rows : int
        Its rows.

    Raises
    ------
    ReviewError
        For more than `MAX_DECISIONS`.
    """
    if rows > MAX_DECISIONS:
        raise ReviewError(f"{path}: has {rows} rows, more than {MAX_DECISIONS}", "keep one row per ls_id")


def check_ids(decisions: Mapping[str, Decision], known: Iterable[str]) -> None:
    """Check that every decision has an object, and the other that it names.

    Parameters
    ----------
    decisions : mapping of str to Decision
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
        for ls_id in {decision.ls_id, decision.other, *(part.ls_id for part in decision.parts)} - {"", *known}:
            raise ReviewError(
                f"{decision.where}: no object {bounded.shown(ls_id)}",
                "take the ls_id from landslides.gpkg of the last release, or remove the row",
            )


def decision_of(path: str | Path, number: int, row: dict[str, str], outline: BaseGeometry | None = None) -> Decision:
    """The decision of a row.

    Parameters
    ----------
    path : str or Path
        The file, for messages.
    number : int
        Of the row.
    row : dict of str to str
        Its texts, `COLUMNS`.
    outline : BaseGeometry, optional
        Its outline, where it is no wkt.

    Returns
    -------
    Decision
        What it says.

    Raises
    ------
    ReviewError
        Names the row.
    """
    where, ls_id, action = f"{path} row {number}", bounded.shown(row["ls_id"]), row["action"]
    if action not in ACTIONS:
        raise ReviewError(f"{where}: action '{bounded.shown(action)}' of {ls_id}", f"use one of {', '.join(ACTIONS)}")
    for name, longest in LONGEST.items():
        if len(row[name]) > longest or not row[name].isprintable():
            raise ReviewError(f"{where}: {name} is no text of at most {longest} characters", "shorten it")
    for name, pattern, cure in (
        ("evidence", (LINK,), "give addresses that begin with https:// or http://, parted by blanks"),
        (
            "photos",
            (LINK, PHOTO),
            "give addresses, or names of pictures beside the file (jpg, png, tif), parted by blanks",
        ),
    ):
        if wrong := [word for word in row[name].split() if not any(one.fullmatch(word) for one in pattern)]:
            raise ReviewError(f"{where}: {name} '{bounded.shown(wrong[0])}' of {ls_id} is no link", cure)
    if (action == RECLASSIFY) != bool(row["class"]) or row["class"] not in ("", *CLASSES):
        raise ReviewError(
            f"{where}: class '{bounded.shown(row['class'])}' of {ls_id} with action {action}",
            f"give action {RECLASSIFY} one of the classes {', '.join(CLASSES)}, and no other action a class",
        )
    if action == MERGE and not row["other"]:
        raise ReviewError(f"{where}: {ls_id} is merged into no object", "name as other the ls_id of the one that stays")
    if not row["ls_id"] and action != ADD:
        raise ReviewError(f"{where}: action {action} without an ls_id", f"give the ls_id, or action {ADD}")
    if action in (ADD, "edit") and row["other"]:
        raise ReviewError(
            f"{where}: other with action {action} of {ls_id}", f"name another object with {MERGE} or {SPLIT}"
        )
    needed = action in ("edit", ADD) or action == SPLIT or bool(row["other"] and action != MERGE)
    if outline is None and (row["wkt"] or needed):
        outline = _parsed(where, row)
    if outline is not None:
        what = "wkt" if row["wkt"] else "outline"
        check_outline(f"{where}: {what} of {ls_id or 'the added object'}", outline)
    return Decision(
        number, row["ls_id"], action, row["comment"], row["reviewer"], row["date"], outline, row["evidence"],
        row["photos"], row["name"], row["class"], row["other"], (), str(path),
    )  # fmt: skip


def check_outline(where: str, outline: BaseGeometry) -> None:
    """Check that an outline is a polygon of a size that a landslide has.

    Parameters
    ----------
    where : str
        What it is, for messages.
    outline : BaseGeometry
        The outline.

    Raises
    ------
    ReviewError
        For what is no polygon, crosses itself, is empty, off any map, or of too many vertices.
    """
    cure = "give the new outline as WKT, POLYGON or MULTIPOLYGON, in the CRS of the release"
    if get_num_coordinates(outline) > MAX_VERTICES:
        raise ReviewError(f"{where} has more than {MAX_VERTICES} vertices", "simplify the outline")
    if outline.geom_type not in ("Polygon", "MultiPolygon"):
        raise ReviewError(f"{where} is no polygon", cure)
    if outline.is_empty or not all(abs(value) <= FARTHEST_M for value in outline.bounds):
        raise ReviewError(f"{where} is no valid outline", cure)
    if not outline.is_valid:
        why = bounded.shown(shapely.is_valid_reason(outline))
        raise ReviewError(f"{where} is no valid outline ({why})", "draw it so that it does not cross itself")


def _parsed(where: str, row: dict[str, str]) -> BaseGeometry:
    cure = "give the new outline as WKT, POLYGON or MULTIPOLYGON, in the CRS of the release"
    where = f"{where}: wkt of {row['ls_id'] or 'the added object'}"
    # No collection gets to the parser, whose recursion ends the process where they are nested deep.
    if not re.match(r"(MULTI)?POLYGON\b", row["wkt"], flags=re.IGNORECASE):
        raise ReviewError(f"{where} is no polygon", cure)
    try:
        with np.errstate(all="ignore"):  # of coordinates that are no numbers, refused by check_outline
            return force_2d(from_wkt(row["wkt"]))
    except GEOSException as error:
        raise ReviewError(f"{where} does not parse", cure) from error

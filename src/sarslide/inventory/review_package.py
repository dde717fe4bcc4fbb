"""The reviewer's GeoPackage: the objects of a release with a form of QGIS, and what comes back.

Rows keep the release that they were written from, so that a file of another region, or one that
was put together from several releases, is checked row by row.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import shapely
from shapely.geometry.base import BaseGeometry

from sarslide.errors import ReviewError, VectorError
from sarslide.inventory import review
from sarslide.inventory.review import Decision
from sarslide.io import bounded

NAME, LAYER = "review.gpkg", "objects"
# What is shown of an object, and what the reviewer fills in.
KNOWN: dict[str, type] = {
    "ls_id": str, "uid": str, "release": str, "layer": str, "status": str, "object_class": str, "reason_text": str,
    "change": str, "state": str, "confidence": str, "area_km2": float, "slope_mean_deg": float,
    "los_rate_mean_mm_per_yr": float, "tracks": str, "first_seen": str, "last_seen": str,
}  # fmt: skip
FILLED = ("decision", "class", "other", "name", "comment", "evidence", "photos", "reviewer", "date")
SHAPING = ("edit", review.ADD)
BLANK: dict[str, Any] = {name: "" if kind is str else float("nan") for name, kind in KNOWN.items()}


@dataclass(frozen=True)
class Row:
    """A row of the file.

    Attributes
    ----------
    where : str
        File and row, for messages.
    ls_id, uid, release : str
        Of the object, as the file was written; empty for an added one.
    outline : BaseGeometry
        As it is in the file.
    decision : Decision or None
        None where nothing is decided.
    """

    where: str
    ls_id: str
    uid: str
    release: str
    outline: BaseGeometry
    decision: Decision | None


def rows(path: str | Path, crs: Any = None) -> list[Row]:
    """Read the file.

    Parameters
    ----------
    path : str or Path
        The file.
    crs : CRS, optional
        That of the region; not checked where it is left out.

    Returns
    -------
    list of Row
        All of them, decided or not.

    Raises
    ------
    ReviewError
        For a file that cannot be read, without the layer or a column, in another CRS; names the row
        that is no decision.
    """
    from sarslide.io import vector

    cure = "write the file again with `sarslide review`"
    try:
        if LAYER not in (known := vector.layer_names(path)):
            raise ReviewError(f"{path}: has no layer {LAYER}, but {vector.listed(known)}", cure)
        frame = vector.read(path, LAYER)
    except VectorError as error:
        raise ReviewError(error.problem, cure) from error
    if missing := [name for name in ("ls_id", "uid", "release", "decision") if name not in frame.columns]:
        raise ReviewError(f"{path}: layer {LAYER} has no column {missing[0]}", cure)
    if crs is not None and frame.crs != crs:
        raise ReviewError(f"{path}: its CRS is {frame.crs.to_string()}, not that of the region", f"save it in {crs}")
    review.check_number(path, len(frame))
    found = []
    for number, values in enumerate(frame.to_dict("records"), start=1):
        found.append(_row(path, number, values, values[frame.geometry.name]))
    return found


def decided(path: str | Path) -> list[Decision]:
    """The decisions of the file.

    Parameters
    ----------
    path : str or Path
        The file.

    Returns
    -------
    list of Decision
        One a row that decides something.
    """
    return [row.decision for row in rows(path) if row.decision is not None]


def _row(path: str | Path, number: int, values: Mapping[str, Any], outline: Any) -> Row:
    texts = {name: _text(values.get(name)) for name in ("ls_id", "uid", "release", *FILLED)}
    where = f"{path} row {number}"
    if outline is None or outline.is_empty:
        raise ReviewError(
            f"{where}: {texts['ls_id'] or 'a new row'} has no outline", "undo its removal, or delete the row"
        )
    outline = shapely.force_2d(outline)
    if outline.geom_type == "MultiPolygon" and len(outline.geoms) == 1:
        outline = outline.geoms[0]
    words = {name: texts[name] for name in review.COLUMNS if name in texts} | {"wkt": "", "action": texts["decision"]}
    said = [name for name in FILLED if texts[name] and name not in ("reviewer", "date")]
    if not words["action"] and said:
        words["action"] = review.NOTE
    decision = None
    if words["action"]:
        shapes = words["action"] in (*SHAPING, review.SPLIT) or (texts["other"] and words["action"] != review.MERGE)
        decision = review.decision_of(path, number, words, outline if shapes else None)
    return Row(where, texts["ls_id"], texts["uid"], texts["release"], outline, decision)


def _text(value: Any) -> str:
    """A value as one line: text, or a date as some programs write it; empty for none."""
    if value is None or value != value:
        return ""
    if hasattr(value, "strftime"):
        return value.strftime("%Y-%m-%d")
    return " ".join(str(value).split())


def write(
    path: Path, release: str, layers: Mapping[str, Sequence[Mapping]], decisions: Mapping[str, Decision], crs: Any
) -> int:
    """Write the objects of a release for review, with the decisions that there are.

    Parameters
    ----------
    path : Path
        The file; one that is there is replaced.
    release : str
        Id of the release.
    layers : mapping of str to sequence of Mapping
        Rows by layer: `tables.OBJECTS` and geometry.
    decisions : mapping of str to Decision
        Those of the file that is replaced.
    crs : CRS
        That of the region.

    Returns
    -------
    int
        Number of rows.
    """
    from sarslide.inventory import review_form
    from sarslide.inventory.tables import typed
    from sarslide.io import vector

    table: dict[str, dict] = {}
    for layer, objects in layers.items():
        for row in objects:
            known = {name: row[name] for name in KNOWN if name not in ("release", "layer")}
            blank = dict.fromkeys(FILLED, "") | {"geometry": row["geometry"]}
            table.setdefault(row["ls_id"], known | {"release": release, "layer": layer} | blank)
    further: list[dict] = []
    for key, decision in decisions.items():
        for one in decision.parts or (decision,):
            _fill(table, further, key, one)
    frame = typed([*table.values(), *further], KNOWN | dict.fromkeys(FILLED, str), crs)
    vector.write_layers(path, {LAYER: frame}, [review_form.style_row(LAYER, tuple(KNOWN), FILLED)])
    return len(frame)


def _fill(table: Mapping[str, dict], further: list[dict], key: str, decision: Decision) -> None:
    """Put a decision into the row of its object: a part, or an added outline, that was released
    since is an object of its own; before that it gets a row more.
    """
    outline = decision.outline
    row = table.get(decision.ls_id)
    if outline is not None and (decision.is_part or decision.action == review.ADD):
        released = next((one for one in table.values() if _is(one, outline)), None)
        if released is None and (row is None or row["decision"]):
            further.append(row := dict(row or BLANK))
        row = released or row
    if row is None:
        return
    row |= {
        "decision": decision.action, "class": decision.object_class, "name": decision.name, "comment": decision.comment,
        "evidence": decision.evidence, "photos": decision.photos, "reviewer": decision.reviewer, "date": decision.date,
        "other": decision.other or (key if decision.is_part else ""),
    }  # fmt: skip
    if outline is not None and (decision.is_part or decision.action in SHAPING):
        row["geometry"] = outline


def _is(row: Mapping, outline: BaseGeometry) -> bool:
    """Whether an object without a decision yet has this outline, to 1 mm."""
    return not row["decision"] and review.outline_key(row["geometry"]) == review.outline_key(outline)


def refuse_open(path: Path) -> None:
    """Refuse to replace a file that a GIS has open.

    Parameters
    ----------
    path : Path
        The file.

    Raises
    ------
    ReviewError
        Where it has changes that are not written yet.
    """
    if Path(f"{path}-wal").exists():
        raise ReviewError(f"{bounded.shown(path)}: is open in another program", "save there, and close it")


def ids(decisions: Iterable[Decision]) -> set[str]:
    """All ls_ids that decisions name.

    Parameters
    ----------
    decisions : iterable of Decision
        The decisions.

    Returns
    -------
    set of str
        Ids.
    """
    found = {word for one in decisions for word in (one.ls_id, one.other, *(part.ls_id for part in one.parts))}
    return found - {""}

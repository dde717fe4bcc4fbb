"""The table of decisions of a release: who, when, what, and the object before and after.

A decision keeps the release that carried it out first, with the object as it was before; one that
the reviewer has taken back stays as such.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path

import pandas as pd

from sarslide.inventory.review import SPLIT, Decision, outline_key
from sarslide.inventory.tables import SINCE_0_1_0

TABLE = "decisions"
COLUMNS = (
    "ls_id", "uid", "decision", "standing", "reviewer", "date", "comment", "name", "class", "other", "evidence",
    "photos", "before", "after", "since",
)  # fmt: skip
IN_FORCE, WAITS, WITHDRAWN = "in force", "waits: the object is not there now", "withdrawn"
SAID = ("ls_id", "decision", "reviewer", "date", "comment", "name", "class", "other", "evidence", "photos")


def table(
    decisions: Mapping[str, Decision],
    before: Mapping[str, Mapping],
    after: Mapping[str, Mapping],
    earlier: Sequence[Mapping[str, str]],
    release: str,
) -> pd.DataFrame:
    """The table of a release.

    Parameters
    ----------
    decisions : mapping of str to Decision
        As `review_files.read_all` gives them.
    before, after : mapping of str to Mapping
        Objects of the last release and of this one by ls_id, with their layer.
    earlier : sequence of mapping
        Rows of the table of the last release.
    release : str
        Id of this one.

    Returns
    -------
    DataFrame
        `COLUMNS`, all of text; one row for each decision, and part of a split.
    """
    known = {_key(row): row for row in earlier if row["standing"] != WITHDRAWN}
    found = []
    for key in sorted(decisions):
        for one in decisions[key].parts or (decisions[key],):
            row = _row(one, decisions[key].ls_id, before, after, release)
            if kept := known.pop(_key(row), None):
                row |= {name: kept[name] for name in ("before", "since")}
            found.append(row)
    found += [dict(row) | {"standing": WITHDRAWN, "after": _words(after.get(row["ls_id"]))} for row in known.values()]
    found += [dict(row) for row in earlier if row["standing"] == WITHDRAWN]
    return pd.DataFrame(found, columns=list(COLUMNS), dtype=object)


def read(folder: Path) -> list[dict[str, str]]:
    """The table of a release.

    Parameters
    ----------
    folder : Path
        Of the release.

    Returns
    -------
    list of dict of str to str
        Its rows; none where nothing was decided.
    """
    from sarslide.inventory.records import PACKAGE
    from sarslide.io import vector

    frame = vector.read_table(folder / PACKAGE, TABLE)
    return [] if frame is None else frame.reindex(columns=list(COLUMNS)).fillna("").astype(str).to_dict("records")


def _row(
    decision: Decision, head: str, before: Mapping[str, Mapping], after: Mapping[str, Mapping], release: str
) -> dict[str, str]:
    ls_id = decision.ls_id
    if decision.outline is not None and (decision.is_part or not ls_id):
        key = outline_key(decision.outline)
        ls_id = next((one for one, row in after.items() if outline_key(row["geometry"]) == key), ls_id)
    was, now = before.get(ls_id) or before.get(head), after.get(ls_id)
    return {
        "ls_id": ls_id, "uid": str((now or was or SINCE_0_1_0)["uid"]), "decision": decision.action,
        "standing": IN_FORCE if now else WAITS, "reviewer": decision.reviewer, "date": decision.date,
        "comment": decision.comment, "name": decision.name, "class": decision.object_class,
        "other": decision.other or (head if decision.action == SPLIT else ""), "evidence": decision.evidence,
        "photos": decision.photos, "before": _words(was), "after": _words(now), "since": release,
    }  # fmt: skip


def _key(row: Mapping[str, str]) -> tuple[str, ...]:
    return tuple(row[name] for name in SAID)


def _words(row: Mapping | None) -> str:
    """What an object is, in words; empty where there is none."""
    if row is None:
        return ""
    reason = f" ({row['reason']})" if row["reason"] else ""
    named = f", {row['name']}" if row["name"] else ""
    return f"{row['layer']}: {row['status']}{reason}, {row['object_class']}, {row['area_km2']:.4f} km2{named}"

"""All files of a reviewer: CSV and GeoPackage, as one."""

import hashlib
import json
from collections.abc import Sequence
from pathlib import Path

from sarslide.errors import ReviewError
from sarslide.inventory import review, review_package
from sarslide.inventory.review import Decision
from sarslide.io import bounded

MAX_FILE = 16 << 20  # bytes


def read_all(paths: Sequence[str | Path]) -> dict[str, Decision]:
    """Read the reviewer's files.

    Parameters
    ----------
    paths : sequence of str or Path
        CSV files and GeoPackages.

    Returns
    -------
    dict of str to Decision
        Decisions by ls_id; of added objects without one by their outline.

    Raises
    ------
    ReviewError
        As `read_csv` and `review_package.rows`; for an object that two rows decide about.
    """
    found: list[Decision] = []
    for path in paths:
        is_package = Path(path).suffix.lower() == ".gpkg"
        found += review_package.decided(path) if is_package else _csv_rows(path)
    return review.gathered(found)


def read_csv(path: str | Path) -> dict[str, Decision]:
    """Read a reviewer's CSV file.

    Needs the columns ls_id and action; the others may be left out. An edit, an added object and
    each part of a split (one row each) need an outline as wkt. With other actions a wkt is an
    anchor: a decision that does not touch its object is refused, so that it cannot fall on another
    one when ids were lost with the old releases.

    Parameters
    ----------
    path : str or Path
        The file.

    Returns
    -------
    dict of str to Decision
        As `read_all`.

    Raises
    ------
    ReviewError
        Names the row with an unknown action or column, an id that comes twice, a comment that is no
        short line, evidence that is no link, or an edit without outline; a file that is no UTF-8
        CSV, or too large.
    """
    return review.gathered(_csv_rows(path))


def digest(paths: Sequence[str | Path]) -> str:
    """Hash of what the reviewer's files say: saving one again changes nothing.

    Parameters
    ----------
    paths : sequence of str or Path
        CSV files and GeoPackages.

    Returns
    -------
    str
        sha256, hexadecimal.

    Raises
    ------
    ReviewError
        As `read_all`.
    """
    return hashlib.sha256(json.dumps(review.canonical(read_all(paths))).encode()).hexdigest()


def _csv_rows(path: str | Path) -> list[Decision]:
    rows = bounded.csv_rows(path, ReviewError, ("ls_id", "action"), MAX_FILE, cure="give a UTF-8 CSV file or remove it")
    if others := [name for name in (rows[0] if rows else ()) if name not in review.COLUMNS]:
        raise ReviewError(
            f"{path}: column {bounded.shown(others[0])}", f"the header must be {','.join(review.COLUMNS)}"
        )
    review.check_number(path, len(rows))
    return [
        review.decision_of(path, number, {key: " ".join(row.get(key, "").split()) for key in review.COLUMNS})
        for number, row in enumerate(rows, start=2)
    ]

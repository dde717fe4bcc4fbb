"""Time series of the objects of a release, for the plots of the map and of the sheets."""

import json
import math
import re
import sqlite3
from collections.abc import Iterable, Mapping
from contextlib import closing
from pathlib import Path
from typing import Any

from sarslide.errors import VectorError
from sarslide.inventory import records
from sarslide.inventory.series import MAX_TABLE
from sarslide.io import bounded

PER_FILE = 50  # objects, about 0.3 MB for two tracks of 100 dates
Series = dict[str, dict[str, dict[str, Any]]]


def read(folder: Path, made: Mapping[str, Path]) -> Series:
    """Series of the objects of a release.

    Parameters
    ----------
    folder : Path
        Of the release.
    made : mapping of str to Path
        By track a table of `sarslide series`, for methods whose release has none.

    Returns
    -------
    dict of str to dict
        By ls_id and track `dates` (YYYYMMDD), `mm` (displacement since the first date, positive
        towards the satellite) and `spread` (standard deviation over the cells of the object at that
        date, mm; None where the table does not tell it).

    Raises
    ------
    VectorError
        For a table that cannot be read.
    """
    released = {path.stem.removeprefix("series_"): path for path in sorted(folder.glob("series_*.csv"))}
    spreads = _spreads(folder / records.PACKAGE)
    found: Series = {}
    for track, path in sorted((dict(made) | released).items()):
        for row in bounded.csv_rows(path, VectorError, ("pid",), MAX_TABLE):
            known = {date: _number(path, text) for date, text in row.items() if re.fullmatch(r"\d{8}", date) and text}
            if known:
                spread = [spreads.get((row["pid"], track, date)) for date in known]
                found.setdefault(row["pid"], {})[track] = {
                    "dates": list(known),
                    "mm": list(known.values()),
                    "spread": spread,
                }
    return found


def scripts(series: Series) -> tuple[dict[str, int], list[str]]:
    """Series as the scripts that the page loads on a click.

    Parameters
    ----------
    series : dict
        As `read` returns them.

    Returns
    -------
    dict of str to int
        Number of the script that has an object.
    list of str
        Content of each script.
    """
    ids = sorted(series)
    parts = [ids[start : start + PER_FILE] for start in range(0, len(ids), PER_FILE)]
    places = {ls_id: number for number, part in enumerate(parts) for ls_id in part}
    return places, [data_script({ls_id: series[ls_id] for ls_id in part}) for part in parts]


def data_script(data: Any) -> str:
    """Data as a script that hands them to the page, which may read no other file from a disk.

    Parameters
    ----------
    data : Any
        JSON-ready.

    Returns
    -------
    str
        The script.
    """
    return f"sarslideData({json.dumps(data, separators=(',', ':'))});\n"


def _number(path: Path, text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not math.isfinite(value):
        raise VectorError(f"{path}: {bounded.shown(text)} is no displacement", "make the table again")
    return round(value, 2)


def _spreads(package: Path) -> dict[tuple[str, str, str], float]:
    """Spread by object, track and date, of the release's table `series`; none without it."""
    with closing(sqlite3.connect(f"{package.resolve().as_uri()}?mode=ro", uri=True)) as database:
        if not database.execute("SELECT 1 FROM sqlite_master WHERE name = 'series'").fetchone():
            return {}
        rows: Iterable = database.execute(
            "SELECT ls_id, track, date, spread_mm FROM series WHERE spread_mm IS NOT NULL"
        )
        return {(ls_id, track, date): round(spread, 2) for ls_id, track, date, spread in rows}

"""The scene table of a region that is filled from an archive: append-only, one row a granule.

Rows are never taken out, moved or replaced. Three cells of a row are written later:
`superseded_by`, once, when the archive lists a version that was processed again; `orbit_file`, when
an orbit is published and when a precise one follows a restituted one; and `address`, when the
archive has moved.
"""

import csv
import logging
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import numpy as np

from sarslide.catalog.coverage import active
from sarslide.catalog.granule import Granule, same_acquisition
from sarslide.catalog.scenes import ARCHIVE_COLUMNS, check_columns, read
from sarslide.errors import CatalogError, DownloadError
from sarslide.io.atomic import atomic_file
from sarslide.sentinel1.orbit import kind_of

log = logging.getLogger(__name__)

Row = dict[str, str]


@dataclass(frozen=True)
class TableUpdate:
    """What an update of the scene table brought.

    Attributes
    ----------
    added : int
        New rows.
    superseded : int
        Granules that a newer version supersedes.
    orbits : int
        Orbit files found.
    problems : tuple of str
        Coded lines of what a later update may still solve.
    """

    added: int
    superseded: int
    orbits: int
    problems: tuple[str, ...] = ()


def update(
    table: Path,
    stacks: Iterable[str],
    search: Callable[[str], list[Granule]],
    find_orbit: Callable[[str, np.datetime64, np.datetime64], str],
    baselines: Callable[[list[Row]], int] | None = None,
) -> TableUpdate:
    """Search every stack, append what is new, look for orbits, write the table if it changed.

    Parameters
    ----------
    table : Path
        The scene table.
    stacks : iterable of str
        Stacks of the configuration.
    search : callable
        Granules of a stack.
    find_orbit : callable
        Name of the best orbit file for a mission from start to stop, empty where there is none.
    baselines : callable, optional
        Fills the baseline columns.

    Returns
    -------
    TableUpdate
        What it brought.

    Raises
    ------
    CatalogError
        For an archive that has no scene of a stack.
    DownloadError
        For one that no longer lists any of the scenes that the table has.
    """
    known = read(table) if table.is_file() else []
    check_columns(table, known)
    rows = [dict.fromkeys(ARCHIVE_COLUMNS, "") | row for row in known]
    before = [dict(row) for row in rows]
    now = f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ}"
    held = {row["granule"]: row for row in rows}
    passes = RowsByPass(rows)
    added = superseded = 0
    for stack in stacks:
        found = search(stack)
        _check_listing(stack, found, rows)
        first = _first_of_pass(found)
        for granule in _in_order(found):
            if granule.granule in held:
                held[granule.granule]["address"] = granule.address
                continue
            mine = passes.of(granule)
            superseded += _supersede(mine, granule)
            date = mine[0]["date"] if mine else str(first[granule.absolute_orbit])[:10].replace("-", "")
            rows.append(granule.row(date, now))
            mine.append(rows[-1])
            held[granule.granule] = rows[-1]
            added += 1
            log.info("new granule %s", granule.granule)
    problems: list[str] = []
    orbits = _orbits(rows, find_orbit, problems)
    if baselines and not problems:
        baselines(rows)
    if rows != before or not table.is_file():
        _write(table, rows)
    return TableUpdate(added, superseded, orbits, tuple(problems))


def _check_listing(stack: str, found: list[Granule], rows: list[Row]) -> None:
    if other := next((one for one in found if one.stack != stack), None):
        raise DownloadError(
            f"the archive lists {other.granule} of {other.stack} among the scenes of {stack}",
            "run again later; the table stays as it is",
        )
    if found:
        return
    held = sum(row["stack"] == stack for row in rows)
    if held:
        raise DownloadError(
            f"the archive lists no scene of {stack}, the table has {held}", "run again later; the table stays as it is"
        )
    raise CatalogError(
        f"the archive lists no scene of {stack} over the region",
        "check pass and relative orbit in stacks, the region, and the dates and polarisation of the search",
    )


def _in_order(found: list[Granule]) -> list[Granule]:
    """Each name once, by time; of two versions the newer one last, as it supersedes the other."""
    once = {granule.granule: granule for granule in found}
    return sorted(
        once.values(), key=lambda one: (one.start.astype("datetime64[m]"), one.ipf, one.published, one.granule)
    )


class RowsByPass:
    """Rows by stack and absolute orbit: those of one pass.

    Parameters
    ----------
    rows : list of dict
        Of the scene table.
    """

    def __init__(self, rows: list[Row]) -> None:
        self._held: dict[tuple[str, int], list[Row]] = {}
        for row in rows:
            self._held.setdefault((row["stack"], int(row["absolute_orbit"])), []).append(row)

    def of(self, granule: Granule) -> list[Row]:
        """The rows of a granule's pass; what is appended stays.

        Parameters
        ----------
        granule : Granule
            The granule.

        Returns
        -------
        list of dict
            The rows themselves.
        """
        return self._held.setdefault((granule.stack, granule.absolute_orbit), [])


def _supersede(same_pass: list[Row], granule: Granule) -> int:
    """Mark the version that `granule` supersedes; returns 1 where there was one."""
    for row in active(same_pass):
        if same_acquisition(row, granule):
            row["superseded_by"] = granule.granule
            log.info("%s supersedes %s", granule.granule, row["granule"])
            return 1
    return 0


def _first_of_pass(found: list[Granule]) -> dict[int, np.datetime64]:
    """Start of each pass by absolute orbit; a pass across midnight keeps the date of its start."""
    first: dict[int, np.datetime64] = {}
    for one in found:
        first[one.absolute_orbit] = min(one.start, first.get(one.absolute_orbit, one.start))
    return first


def _orbits(rows: list[Row], find: Callable[[str, np.datetime64, np.datetime64], str], problems: list[str]) -> int:
    """Write the orbit files of rows that wait for a better one; returns how many cells changed."""
    changed = 0
    passes: dict[tuple[str, str], list[Row]] = {}
    for row in active(rows):
        if not row["orbit_file"] or kind_of(row["orbit_file"]) != "precise":
            passes.setdefault((row["platform"], row["absolute_orbit"]), []).append(row)
    for (platform, _), same in passes.items():
        start = min(np.datetime64(row["start_utc"]) for row in same)
        stop = max(np.datetime64(row["stop_utc"]) for row in same)
        try:
            name = find(platform, start, stop)
        except DownloadError as error:
            problems.append(str(error))
            break
        for row in same:
            if name and name != row["orbit_file"]:
                row["orbit_file"] = name
                changed += 1
    return changed


def _write(table: Path, rows: list[Row]) -> None:
    with atomic_file(table) as temporary, open(temporary, "w", newline="") as stream:
        writer = csv.DictWriter(stream, ARCHIVE_COLUMNS, lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)

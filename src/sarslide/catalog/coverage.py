"""Which bursts of a stack each date has, and whether it may enter the graph.

The rule for gaps: a stack's bursts are those that at least half of the dates of its first search
have, the rows that came into the table together with its first. A date is complete when it has all
of them. Later dates never change the rule, so that a burst that the satellite begins or ceases to
image makes no earlier date incomplete. Rows without burst identifiers, of archives that do not
state them, count as complete. Whole SLCs of a date add up.
"""

import csv
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

from sarslide.io.atomic import atomic_file
from sarslide.sentinel1.orbit import KINDS, kind_of

Row = dict[str, str]


@dataclass(frozen=True)
class StackDate:
    """A date of a stack.

    Attributes
    ----------
    stack, date : str
        Pass and relative orbit, `YYYYMMDD`.
    present, missing : tuple of str
        Bursts that it has and lacks.
    orbits : tuple of str
        Its orbit files.
    with_orbit : bool
        Whether their quality is accepted.
    """

    stack: str
    date: str
    present: tuple[str, ...]
    missing: tuple[str, ...]
    orbits: tuple[str, ...]
    with_orbit: bool

    @property
    def state(self) -> str:
        """ready, or what the date waits for."""
        waits = ([] if self.with_orbit else ["orbit"]) + (["bursts"] if self.missing else [])
        return f"waits for {' and '.join(waits)}" if waits else "ready"


def active(rows: list[Row]) -> list[Row]:
    """Rows that no later version supersedes.

    Parameters
    ----------
    rows : list of dict
        Of the scene table.

    Returns
    -------
    list of dict
        In their order.
    """
    return [row for row in rows if not row.get("superseded_by")]


def reference(rows: list[Row], stack: str) -> tuple[str, ...]:
    """The bursts that a date of a stack must have.

    Parameters
    ----------
    rows : list of dict
        Of the whole table, in its order.
    stack : str
        Pass and relative orbit.

    Returns
    -------
    tuple of str
        Identifiers of bursts, sorted.
    """
    mine = [row for row in rows if row["stack"] == stack]
    first = []
    for row in mine:  # the order of the file, not the clock that wrote first_seen
        if row["first_seen"] != mine[0]["first_seen"]:
            break
        first.append(row)
    dates = {row["date"] for row in first}
    count = Counter(burst for burst, _ in {(burst, row["date"]) for row in first for burst in row["burst_ids"].split()})
    return tuple(sorted(burst for burst, times in count.items() if 2 * times >= len(dates)))


def days(rows: list[Row], lowest_orbit: str) -> list[StackDate]:
    """Every date of every stack.

    Parameters
    ----------
    rows : list of dict
        Of the scene table.
    lowest_orbit : str
        precise or restituted: what is accepted.

    Returns
    -------
    list of StackDate
        By stack and date.
    """
    accepted = KINDS[: KINDS.index(lowest_orbit) + 1]
    found = []
    for stack in sorted({row["stack"] for row in rows}):
        wanted = reference(rows, stack)
        by_date: dict[str, list[Row]] = {}
        for row in active(rows):
            if row["stack"] == stack:
                by_date.setdefault(row["date"], []).append(row)
        for date in sorted(by_date):
            here = by_date[date]
            present = {burst for row in here for burst in row["burst_ids"].split()}
            stated = all(row["burst_ids"] for row in here)
            missing = tuple(burst for burst in wanted if burst not in present) if stated else ()
            orbits = tuple(sorted({row["orbit_file"] for row in here}))
            good = all(row["orbit_file"] and kind_of(row["orbit_file"]) in accepted for row in here)
            found.append(StackDate(stack, date, tuple(sorted(present)), missing, orbits, good))
    return found


def entering(rows: list[Row], lowest_orbit: str, gaps: str) -> list[Row]:
    """The rows of the dates that may enter the graph.

    Parameters
    ----------
    rows : list of dict
        Of the scene table.
    lowest_orbit : str
        precise or restituted: what is accepted.
    gaps : str
        "wait" for all bursts, or "take" what there is.

    Returns
    -------
    list of dict
        In their order, superseded ones left out.
    """
    ready = {
        (day.stack, day.date)
        for day in days(rows, lowest_orbit)
        if day.with_orbit and (gaps == "take" or not day.missing)
    }
    return [row for row in active(rows) if (row["stack"], row["date"]) in ready]


def write_matrix(path: str | Path, rows: list[Row], lowest_orbit: str) -> None:
    """The matrix as CSV: one line a date, one column a burst.

    A cell is 1 or 0, and empty where the burst is of another stack.

    Parameters
    ----------
    path : str or Path
        The file.
    rows : list of dict
        Of the scene table.
    lowest_orbit : str
        precise or restituted: what is accepted.
    """
    listed = days(rows, lowest_orbit)
    of_stack = {stack: reference(rows, stack) for stack in {day.stack for day in listed}}
    bursts = sorted(
        {(stack, burst) for day in listed for stack in [day.stack] for burst in (*day.present, *of_stack[stack])}
    )
    with atomic_file(path) as temporary, open(temporary, "w", newline="") as stream:
        writer = csv.writer(stream, lineterminator="\n")
        writer.writerow(["stack", "date", "state", "orbit", *(f"{stack}_{burst}" for stack, burst in bursts)])
        for day in listed:
            cells = [str(int(burst in day.present)) if stack == day.stack else "" for stack, burst in bursts]
            writer.writerow([day.stack, day.date, day.state, " ".join(filter(None, day.orbits)), *cells])

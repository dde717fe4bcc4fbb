"""State of a region before and after a run: its release, the dates in it, and the reasons why other
dates wait.
"""

from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

from sarslide import names, network
from sarslide.catalog import coverage, scenes
from sarslide.config import Config
from sarslide.inventory import records

Waiting = dict[str, str]
UNFINISHED = "its jobs are not finished"


@dataclass(frozen=True)
class RegionState:
    """What there is of a region.

    Attributes
    ----------
    release : str
        The current one, empty before the first.
    sequence : int
        Its number.
    dates : dict of str to list of str
        Those of the release by stack.
    """

    release: str = ""
    sequence: int = 0
    dates: dict[str, list[str]] = field(default_factory=dict)


def state(inventory: Path) -> RegionState:
    """State of a region by its inventory.

    Parameters
    ----------
    inventory : Path
        Folder of the inventory.

    Returns
    -------
    RegionState
        The state that `current.json` points to.

    Raises
    ------
    ReleaseError
        For a damaged release.
    """
    found = records.current(inventory)
    return RegionState(found.release, found.sequence, found.dates) if found else RegionState()


def added(before: RegionState, after: RegionState) -> dict[str, list[str]]:
    """Dates that a later state has and an earlier one has not.

    Parameters
    ----------
    before, after : RegionState
        The two states.

    Returns
    -------
    dict of str to list of str
        Dates by stack.
    """
    new = {stack: sorted(set(dates) - set(before.dates.get(stack, ()))) for stack, dates in after.dates.items()}
    return {stack: dates for stack, dates in new.items() if dates}


def changes(inventory: Path, before: RegionState, after: RegionState) -> dict[str, int]:
    """Lines of CHANGES.csv over all releases since a state.

    Parameters
    ----------
    inventory : Path
        Folder of the inventory.
    before, after : RegionState
        The two states.

    Returns
    -------
    dict of str to int
        Number of lines by kind.

    Raises
    ------
    ReleaseError
        For a damaged release.
    """
    if after.sequence <= before.sequence:
        return {}
    releases = inventory / records.RELEASES
    new = [releases / row.id for row in records.index(releases) if before.sequence < row.sequence <= after.sequence]
    counted = Counter(change.change for folder in new if folder.is_dir() for change in records.changes(folder))
    return dict(sorted(counted.items()))


def waiting(config: Config, resources: Path, after: RegionState) -> list[Waiting]:
    """Dates of the scene table, in the season of the network, that are not in the release.

    Parameters
    ----------
    config : Config
        Configuration of the region.
    resources : Path
        Folder of the downloads of all regions.
    after : RegionState
        The state now.

    Returns
    -------
    list of Waiting
        stack, date and reason of each.
    """
    path = resources / config.region / "scenes.csv"
    if config.source != "safe" or not path.is_file():
        return []
    otherwise = short(config, scenes.table(config, resources)) or UNFINISHED
    found = []
    for stack, date, reason in _known(config, scenes.read(path)):
        if not names.in_season(date, config.network.season):
            continue
        if stack in config.stacks and date not in after.dates.get(stack, ()):
            found.append({"stack": stack, "date": date, "reason": reason or otherwise})
    return found


def _known(config: Config, rows: list[dict[str, str]]) -> list[tuple[str, str, str]]:
    """Stack, date and what the date waits for at the archive, empty for nothing."""
    if not config.archive():
        return sorted({(row["stack"], row["date"], "") for row in rows})
    days = coverage.days(rows, config.catalog.orbits)
    enters = {
        (row["stack"], row["date"]) for row in coverage.entering(rows, config.catalog.orbits, config.catalog.gaps)
    }
    return [(day.stack, day.date, "" if (day.stack, day.date) in enters else day.state) for day in days]


def short(config: Config, table: scenes.SceneTable) -> str:
    """What a real region still waits for before there can be a rate: further dates, baselines.

    Parameters
    ----------
    config : Config
        Configuration of the region.
    table : scenes.SceneTable
        Its scenes.

    Returns
    -------
    str
        The reason; empty for nothing.
    """
    for stack in config.stacks if config.source == "safe" else ():
        if len(table.dates(stack)) < 2:
            return f"waits for a second date of {stack}"
        if table.without_baseline(stack):
            return f"waits for baselines of {stack}"
        pairs = network.planned_pairs(config.network, table.dates(stack), table.baselines(stack))
        if len(pairs) < network.MIN_PAIRS:
            return f"waits for more dates of {stack}: {len(pairs)} pairs, {network.MIN_PAIRS} are needed"
    return ""

"""The state of all regions of a working folder, as a page that opens offline and as JSON."""

import shutil
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field

from sarslide import exit_codes, names
from sarslide.alerts import work
from sarslide.errors import OutputError, ReleaseError, SarslideError
from sarslide.io import bounded
from sarslide.io.atomic import atomic_file
from sarslide.io.sidecar import write_json
from sarslide.preflight.checks import used
from sarslide.publish import page_map
from sarslide.schedule import state

PAGE, DATA = "status.html", "status.json"  # in results/
BUSY = "busy, skipped"
NO_RUN, NO_CONFIGURATION = "no scheduled run yet", "no configuration"
MAX_ALERTS = 10  # shown of a region; all are in its folder of alerts
MAX_FILE = 16 << 20  # bytes of a summary or an alert
Text = Annotated[str, Field(max_length=10_000)]


class LastRun(BaseModel):
    """What the status shows of the summary of a run; what else it holds is left out.

    Attributes
    ----------
    result : str
        What came of it.
    exit_code : int or None
        One of `exit_codes`; None where there was no run.
    started_utc : str
        When; empty where there was none.
    problems : list of str
        Coded lines.
    dates_waiting : list of dict
        Stack, date and reason of each date that is in no release yet.
    log : str
        Path in the working folder; empty where it was refused before its first step.
    """

    model_config = ConfigDict(frozen=True)
    result: Text = NO_RUN
    exit_code: int | None = None
    started_utc: Text = ""
    problems: list[Text] = []
    dates_waiting: list[dict[str, Text]] = []
    log: Text = ""

    @property
    def failed(self) -> bool:
        """Whether somebody must look at it."""
        return self.exit_code in (exit_codes.FAILED, exit_codes.REFUSED)


class RegionStatus(BaseModel):
    """A row of the status.

    Attributes
    ----------
    region : str
        Its name.
    last_run : LastRun
        The last scheduled run that was not locked out by another.
    busy : bool
        Whether another run is at work.
    release, last_date : str
        The newest release, and the last date in it, YYYY-MM-DD; empty before the first.
    changes : dict of str to int
        Lines of its CHANGES.csv by kind, without those of objects as before.
    alerts : list of str
        Lines of its alert.
    report : str
        Path of its report in `results/`; empty where there is none.
    results_bytes, resources_bytes : int
        On the disk.
    """

    model_config = ConfigDict(frozen=True)
    region: str
    last_run: LastRun
    busy: bool = False
    release: str = ""
    last_date: str = ""
    changes: dict[str, int] = {}
    alerts: list[str] = []
    report: str = ""
    results_bytes: int = 0
    resources_bytes: int = 0

    @property
    def result(self) -> str:
        """What to say of it in a word or two."""
        return BUSY if self.busy else self.last_run.result

    @property
    def news(self) -> str:
        """Changes of the newest release in words."""
        return ", ".join(f"{count} {kind.replace('_', ' ')}" for kind, count in self.changes.items())


def of_region(folder: Path, region: str, summary: Mapping[str, Any] | None = None) -> RegionStatus:
    """The state of a region.

    Parameters
    ----------
    folder : Path
        Working folder.
    region : str
        Name of the region.
    summary : mapping of str to Any, optional
        Of the run that has just ended, also of one that was locked out; without it the last one on
        the disk counts.

    Returns
    -------
    RegionStatus
        What cannot be read is among the problems of its last run.
    """
    results = folder / "results" / region
    busy = summary is not None and summary["exit_code"] == exit_codes.LOCKED
    known = LastRun.model_validate(summary) if summary and not busy else last_run(folder, region)
    found: dict[str, Any] = {}
    try:
        found = _of_release(results)
    except SarslideError as error:
        known = known.model_copy(update={"problems": list(dict.fromkeys([*known.problems, str(error)]))})
    report = results / "report/report.html"
    return RegionStatus(
        region=region,
        last_run=known,
        busy=busy,
        **found,
        report=report.relative_to(folder / "results").as_posix() if report.is_file() else "",
        results_bytes=used([results]),
        resources_bytes=used([folder / "resources" / region]),
    )


def last_run(folder: Path, region: str) -> LastRun:
    """The last scheduled run of a region on the disk.

    Parameters
    ----------
    folder : Path
        Working folder.
    region : str
        Name of the region.

    Returns
    -------
    LastRun
        Of the newest summary that can be read.
    """
    for path in sorted((folder / "logs" / region / "scheduled").glob("*.json"), reverse=True):
        try:
            return bounded.typed(LastRun, bounded.json(path, OutputError, MAX_FILE), path, OutputError)
        except OutputError:  # the one before it says more than none
            continue
    return LastRun()


def write(folder: Path, rows: Iterable[RegionStatus]) -> Path:
    """Write `results/status.html` and `results/status.json`.

    Parameters
    ----------
    folder : Path
        Working folder.
    rows : iterable of RegionStatus
        In the order of the page.

    Returns
    -------
    Path
        The page.

    Raises
    ------
    OutputError
        Where it cannot be written.
    """
    shown, results = list(rows), folder / "results"
    made, free = f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ}", shutil.disk_usage(folder).free
    content = {"made_utc": made, "free_bytes": free, "regions": [one.model_dump() for one in shown]}
    write_json(results / DATA, content)
    page = page_map.template(PAGE).render(rows=shown, made=made, free=free, max_alerts=MAX_ALERTS)
    with atomic_file(results / PAGE) as partial:
        partial.write_text(page, encoding="utf-8")
    return results / PAGE


def table(rows: Iterable[RegionStatus]) -> str:
    """The same for the terminal.

    Parameters
    ----------
    rows : iterable of RegionStatus
        The regions.

    Returns
    -------
    str
        A line each, below one of titles.
    """
    lines = [("region", "result", "last date", "release", "alerts", "GB", "news")]
    lines += [
        (
            one.region, one.result, one.last_date or "-", one.release or "-", str(len(one.alerts)),
            f"{(one.results_bytes + one.resources_bytes) / 1e9:.3g}", one.news or "-",
        )
        for one in rows
    ]  # fmt: skip
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    return "\n".join("  ".join(map(str.ljust, line, widths)).rstrip() for line in lines)


def _of_release(results: Path) -> dict[str, Any]:
    """Entries of the status that come from the newest release."""
    inventory = results / "inventory"
    now = state.state(inventory)
    if not now.release:
        return {}
    before = state.RegionState(sequence=now.sequence - 1)
    changes = {kind: count for kind, count in state.changes(inventory, before, now).items() if kind != "persisting"}
    dates = [date for dates in now.dates.values() for date in dates]
    last = names.parse_date(max(dates)).isoformat() if dates else ""
    alert = results / work.FOLDER / now.release / work.TEXT
    lines = bounded.text(alert, ReleaseError, MAX_FILE).splitlines()[1:] if alert.is_file() else []
    return {"release": now.release, "last_date": last, "changes": changes, "alerts": lines}

"""One scheduled run: look for new acquisitions, then bring the region up to date; what came of it,
as a summary.
"""

import json
import logging
import os
import shlex
import subprocess
import sys
import time
from collections.abc import Sequence
from contextlib import chdir
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from sarslide import exit_codes
from sarslide.alerts import work
from sarslide.catalog import scenes
from sarslide.config import Config
from sarslide.errors import LockError, ReleaseError, SarslideError
from sarslide.inventory import records
from sarslide.io.atomic import check_writable, refusals_of
from sarslide.io.sidecar import write_json
from sarslide.schedule import lock, snakemake_log, state
from sarslide.workflow import events, frame_size, verify
from sarslide.workflow.frame_calls import Call
from sarslide.workflow.frame_records import FrameRecords
from sarslide.workflow.frame_run import FrameRun, large_graph
from sarslide.workflow.location import snakefile
from sarslide.workflow.migration import check_format

log = logging.getLogger(__name__)

HOOK_LIMIT_S = 300


@dataclass(frozen=True)
class ScheduledRun:
    """What is to be run.

    Attributes
    ----------
    folder : Path
        Working folder.
    config : Config
        Configuration of the region.
    config_arguments : list of str
        `--configfile` and `--config` of the command line.
    snakemake : list of str
        Further arguments for Snakemake, passed on as they are.
    targets : list of str
        What to make; none: the final products.
    preflight : bool
        Whether `sarslide preflight` comes before any job.
    keep : int
        Logs and summaries that are kept.
    """

    folder: Path
    config: Config
    config_arguments: list[str] = field(default_factory=list)
    snakemake: list[str] = field(default_factory=list)
    targets: list[str] = field(default_factory=list)
    preflight: bool = False
    keep: int = 30

    @property
    def inventory(self) -> Path:
        """Folder of the region's inventory."""
        return self.folder / "results" / self.config.region / "inventory"

    @property
    def logs(self) -> Path:
        """Folder of the logs of scheduled runs."""
        return self.folder / "logs" / self.config.region / "scheduled"


def run(order: ScheduledRun) -> dict[str, Any]:
    """Update the catalogue and run the workflow.

    Nothing is lost by ending it at any moment, with any signal: the next run goes on.

    Parameters
    ----------
    order : ScheduledRun
        What is to be run.

    Returns
    -------
    dict of str to Any
        The summary, which is also written beside the log.
    """
    started, clock = datetime.now(UTC), time.monotonic()
    try:
        with lock.held(order.folder) as held, refusals_of(order.logs):
            for folder in ("resources", "results", "logs"):
                check_writable(order.folder / folder)
            before = state.state(order.inventory)
            path = _log_file(order.logs, started)
            with open(path, "w") as stream:
                code = Steps(order, stream, held).all()
            summary = _summary(order, before, code, path)
            summary |= alerts(order, summary)
            summary |= {"started_utc": f"{started:%Y-%m-%dT%H:%M:%SZ}", "seconds": round(time.monotonic() - clock, 1)}
            write_json(path.with_suffix(".json"), summary)
            _rotate(order.logs, order.keep, path)
    except (LockError, ReleaseError) as error:
        code = exit_codes.LOCKED if isinstance(error, LockError) else exit_codes.REFUSED
        summary = {
            "region": order.config.region,
            "exit_code": code,
            "result": exit_codes.MEANINGS[code],
            "started_utc": f"{started:%Y-%m-%dT%H:%M:%SZ}",
            "problems": [str(error)],
        }
    return summary


class Steps:
    """The steps of a run, each a Snakemake of its own that writes to the log.

    Parameters
    ----------
    order : ScheduledRun
        What is to be run.
    stream : text file
        The log, open for writing.
    held : int
        File descriptor of the lock, which each step holds as long as it lives.
    """

    def __init__(self, order: ScheduledRun, stream, held: int) -> None:
        self.order, self.stream, self.held = order, stream, held
        self.events = snakemake_log.events_path(Path(stream.name))

    def all(self) -> int:
        """Run the steps; the exit code, where dates that wait do not count yet."""
        order, folder = self.order, self.order.folder
        try:
            check_format(folder / "results" / order.config.region)
            frame_size.check(folder / "results" / order.config.region, order.config)
            records.check_all(order.inventory)
        except SarslideError as error:
            self._note(str(error))
            return exit_codes.REFUSED
        if lock.left_locked(folder):
            lock.refuse_live(folder)
            for damaged in verify.set_recent_aside(folder):
                self._note(str(damaged))
            self._snakemake("--unlock")
        _tidy(folder, order.keep)
        searched = self._search()
        try:
            short = state.short(order.config, scenes.table(order.config, folder / "resources"))
        except SarslideError as error:
            self._note(str(error))
            return exit_codes.REFUSED
        if short and not order.targets:
            return searched
        if order.preflight and (failed := self._step(["preflight"], exit_codes.REFUSED)):
            return failed
        # What is there already can go on while the archive is down.
        return self._region() or searched

    def _region(self) -> int:
        """Make what is asked for: in one step, or by frames where one plan does not hold them."""
        order, options = self.order, ["--rerun-incomplete"]
        with chdir(order.folder):
            graph = None if order.targets else large_graph(order.config)
        if graph is None:
            return self._step([*order.targets, *options], exit_codes.FAILED)
        earlier = len(events.read_events(self.events))

        def call(one: Call, further: Sequence[str]) -> int:
            return self._snakemake(*options, *further, values=one.values)

        code = FrameRun(FrameRecords(graph, order.folder), call, self._note, self.events).all(order.snakemake)
        happened = events.read_events(self.events)[earlier:]
        if not code:
            return exit_codes.GOOD
        return exit_codes.UNREACHABLE if snakemake_log.archive_unreachable(happened, "") else exit_codes.FAILED

    def _search(self) -> int:
        # A simulated region knows its dates, those of other sources are listed by hand.
        return (
            self._step(["update_catalog"], exit_codes.FAILED) if self.order.config.source == "safe" else exit_codes.GOOD
        )

    def _step(self, arguments: list[str], otherwise: int) -> int:
        """The code of a step: 0, UNREACHABLE where nothing but the archive or its login is wrong,
        or `otherwise`.
        """
        begin, earlier = self.stream.tell(), len(events.read_events(self.events))
        if not self._snakemake(*arguments):
            return exit_codes.GOOD
        happened = events.read_events(self.events)[earlier:]
        with open(self.stream.name) as stream:
            stream.seek(begin)
            return exit_codes.UNREACHABLE if snakemake_log.archive_unreachable(happened, stream.read()) else otherwise

    def _snakemake(self, *arguments: str, values: Sequence[str] = ()) -> int:
        """Exit code of a call. values: further `key=value` of the configuration."""
        order = self.order
        command = [sys.executable, "-m", "snakemake", "--snakefile", str(snakefile()), *arguments, *order.snakemake]
        command += ["--logger", "sarslide", *order.config_arguments]
        # What stands after `--config` ends with its values.
        command += values if "--config" in order.config_arguments or not values else ["--config", *values]
        self._note("$ " + shlex.join(command))
        process = subprocess.Popen(
            command, cwd=order.folder, stdin=subprocess.DEVNULL, stdout=self.stream, stderr=subprocess.STDOUT,
            pass_fds=(self.held,), env=os.environ | {events.EVENTS_VARIABLE: str(self.events)},
        )  # fmt: skip
        try:
            code = process.wait()
        except BaseException:  # stopped: Snakemake ends its jobs and gives its lock back
            process.terminate()
            process.wait()
            raise
        self.stream.seek(0, 2)
        return code

    def _note(self, line: str) -> None:
        self.stream.write(line + "\n")
        self.stream.flush()


def _summary(order: ScheduledRun, before: state.RegionState, code: int, path: Path) -> dict[str, Any]:
    after = state.state(order.inventory)
    text, happened = path.read_text(errors="replace"), events.read_events(snakemake_log.events_path(path))
    try:
        waits = state.waiting(order.config, order.folder / "resources", after)
    except SarslideError:  # a table that cannot be read; its error is in the log
        waits = []
    jobs = snakemake_log.finished_jobs(happened)
    jobs.pop("update_catalog", None)
    # Of targets of one's own, dates that have not entered the release wait for nothing.
    if not code and any(one["reason"] != state.UNFINISHED for one in waits):
        code = exit_codes.WAITING
    done = "released" if after.release != before.release else "up to date" if jobs else "nothing new"
    return {
        "region": order.config.region,
        "exit_code": code,
        "result": exit_codes.MEANINGS[code] if code else done,
        "release_before": before.release,
        "release_after": after.release,
        "dates_added": state.added(before, after),
        "dates_waiting": waits,
        "changes": state.changes(order.inventory, before, after),
        "jobs": jobs,
        "failed": snakemake_log.failed_jobs(happened),
        "problems": snakemake_log.problems(happened, text),
        "log": path.relative_to(order.folder).as_posix(),
    }


def alerts(order: ScheduledRun, summary: dict[str, Any]) -> dict[str, Any]:
    """What is to be reported of the current release.

    Parameters
    ----------
    order : ScheduledRun
        The run.
    summary : dict of str to Any
        Its summary.

    Returns
    -------
    dict of str to Any
        For the summary: `alerts`, or its `problems` with one more; nothing where all is reported.
    """
    if summary["exit_code"] == exit_codes.REFUSED or not summary["release_after"]:
        return {}
    try:
        if work.is_reported(order.folder, order.config.region, summary["release_after"]):
            return {}
        alert = work.make(order.folder, order.config)
    except SarslideError as error:
        return {"problems": [*summary["problems"], str(error)]}
    return {"alerts": alert.summary()} if alert else {}


def mark_reported(order: ScheduledRun, summary: dict[str, Any]) -> None:
    """Remember that the alert of a run has gone out, so that no later run reports it again.

    Parameters
    ----------
    order : ScheduledRun
        The run.
    summary : dict of str to Any
        Its summary, as the hook got it.
    """
    if "alerts" in summary:
        work.mark(order.folder, order.config.region, summary["alerts"])


def _log_file(folder: Path, started: datetime) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    return folder / f"{started:%Y%m%dT%H%M%S.%fZ}.log"


def _rotate(folder: Path, keep: int, own: Path) -> None:
    """Remove all but the newest `keep` logs, with their summaries and events, and never our own:
    earlier ones may have later names, from a clock that was ahead.
    """
    others = sorted(path for path in folder.glob("*.log") if path != own)
    for path in others[: max(0, len(others) - keep + 1)]:
        path.unlink()
        path.with_suffix(".json").unlink(missing_ok=True)
        snakemake_log.events_path(path).unlink(missing_ok=True)


def _tidy(folder: Path, keep: int) -> None:
    """Remove what Snakemake leaves behind: logs of runs, scripts of jobs that were killed."""
    if lock.live_snakemake(folder):
        return
    records = folder / ".snakemake"
    logs = sorted((records / "log").glob("*.log"), key=lambda path: path.stat().st_mtime)
    for path in [*logs[: -keep or None], *(records / "scripts").glob("tmp*")]:
        path.unlink(missing_ok=True)


def notify(command: str, summary: dict[str, Any]) -> str:
    """Run the hook with the summary as JSON on its standard input.

    Parameters
    ----------
    command : str
        The hook's command line.
    summary : dict of str to Any
        Of the run.

    Returns
    -------
    str
        The hook's failure; empty for none.
    """
    try:
        done = subprocess.run(
            shlex.split(command), input=json.dumps(summary) + "\n", text=True, capture_output=True, timeout=HOOK_LIMIT_S
        )
    except (OSError, ValueError, subprocess.TimeoutExpired) as error:
        return f"the hook does not run ({type(error).__name__})"
    return f"the hook ended with {done.returncode}: {done.stderr.strip()[-200:]}" if done.returncode else ""


def line(summary: dict[str, Any]) -> str:
    """The summary in one line.

    Parameters
    ----------
    summary : dict of str to Any
        Of the run.

    Returns
    -------
    str
        The line.
    """
    parts = [f"{summary['region']}: {summary['result']}"]
    if summary.get("release_after") != summary.get("release_before"):
        parts.append(f"release {summary['release_after']}")
        parts += [f"{count} {kind}" for kind, count in summary["changes"].items()]
    if summary.get("jobs"):
        parts.append(f"{sum(summary['jobs'].values())} jobs in {summary['seconds']:.0f} s")
    parts += [one["text"] for one in summary.get("alerts", {}).get("reported", [])]
    parts += [f"{one['stack']} {one['date']} {one['reason']}" for one in summary.get("dates_waiting", [])]
    return "; ".join([*parts, *summary["problems"][:3]])

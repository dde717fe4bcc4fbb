"""What came of a Snakemake run: finished jobs, failed ones, and its problems with their codes.

Jobs are read from the events that the console `sarslide` writes. Of the text of a run only our own
coded lines are read: those of what ends a run before its first job, and warnings.
"""

import re
from collections import Counter
from pathlib import Path
from typing import Any

from sarslide.workflow import events

_ERROR = re.compile(r"^(E\d{4} .*?; cure: .*)", re.MULTILINE)
_PROBLEM = re.compile(r"^(?:warning: .*?)?(E\d{4} .*?; cure: .*)", re.MULTILINE)
UNREACHABLE = ("E2002", "E2003")
MAX_PROBLEMS = 20
Event = dict[str, Any]


def events_path(log: Path) -> Path:
    """Where the events of a scheduled run lie: beside its log.

    Parameters
    ----------
    log : Path
        Log of the run.

    Returns
    -------
    Path
        The log's name with `.events.jsonl` in place of `.log`.
    """
    return log.with_suffix(".events.jsonl")


def finished_jobs(happened: list[Event]) -> dict[str, int]:
    """Count the finished jobs by rule; the rule that only names the final products is left out.

    Parameters
    ----------
    happened : list of dict
        Events of the run.

    Returns
    -------
    dict of str to int
        Rule -> finished jobs, in the order of the rules' names.
    """
    done = Counter(event["rule"] for event in happened if event["event"] == events.FINISHED)
    del done["all"]
    return dict(sorted(done.items()))


def failed_jobs(happened: list[Event]) -> list[Event]:
    """Collect the failed jobs; one that was tried again comes once, as it failed last.

    Parameters
    ----------
    happened : list of dict
        Events of the run.

    Returns
    -------
    list of dict
        `rule`, `wildcards`, `logs` and `problem`, the coded line or nothing, of at most
        `MAX_PROBLEMS` jobs.
    """
    last: dict[str, Event] = {}
    for event in happened:
        job = f"{event['rule']} {event['wildcards']}"
        if event["event"] == events.FAILED:
            last[job] = {key: event[key] for key in ("rule", "wildcards", "logs", "problem")}
        else:
            last.pop(job, None)
    return list(last.values())[:MAX_PROBLEMS]


def problems(happened: list[Event], text: str) -> list[str]:
    """Collect the coded lines, each once.

    Parameters
    ----------
    happened : list of dict
        Events of the run.
    text : str
        Log of the run.

    Returns
    -------
    list of str
        At most `MAX_PROBLEMS` lines `E0000 problem; cure: ...`.
    """
    lines = [*_PROBLEM.findall(text), *_coded(happened)]
    return list(dict.fromkeys(lines))[:MAX_PROBLEMS]


def archive_unreachable(happened: list[Event], text: str) -> bool:
    """Whether all that failed is the archive or its login.

    Parameters
    ----------
    happened : list of dict
        Events of one step of the run.
    text : str
        Log of the step.

    Returns
    -------
    bool
        False where nothing failed with a code.
    """
    failed = [*_ERROR.findall(text), *_coded(happened)]
    return bool(failed) and all(line.startswith(UNREACHABLE) for line in failed)


def _coded(happened: list[Event]) -> list[str]:
    """The coded lines of failed jobs."""
    return [event["problem"] for event in happened if event["event"] == events.FAILED and event["problem"]]

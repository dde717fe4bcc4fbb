"""Events of a Snakemake run as lines of JSON: finished jobs, failed ones with their coded error.

The variable `EVENTS_VARIABLE` of the environment names the file. Lines are added as things happen,
so that a run that is killed leaves those of its finished jobs.
"""

import json
import os
import re
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path
from typing import Any

EVENTS_VARIABLE = "SARSLIDE_EVENTS"
FINISHED, FAILED = "finished", "failed"
_CODED = re.compile(r"E\d{4} .*?; cure: .*")
_TAIL_BYTES = 20_000


def coded_error(logs: Iterable[str]) -> str:
    """Find the coded line that a job ended with.

    Parameters
    ----------
    logs : iterable of str
        Log files of the job.

    Returns
    -------
    str
        The last line `E0000 problem; cure: ...`, without what logging puts before it; empty where
        there is none.
    """
    found = [match for log in logs for match in _CODED.findall(tail(Path(log)))]
    return str(found[-1]).strip() if found else ""


def tail(log: Path) -> str:
    """Read the end of a log file.

    Parameters
    ----------
    log : Path
        The file.

    Returns
    -------
    str
        Its last `_TAIL_BYTES`; empty where it cannot be read.
    """
    try:
        with open(log, "rb") as stream:
            stream.seek(max(0, log.stat().st_size - _TAIL_BYTES))
            return stream.read().decode(errors="replace")
    except OSError:
        return ""


def add_event(event: str, rule: str, wildcards: dict[str, str], logs: Iterable[str] = (), problem: str = "") -> None:
    """Add a line to the file that the environment names, if it names one.

    Parameters
    ----------
    event : str
        `FINISHED` or `FAILED`.
    rule : str
        Rule of the job.
    wildcards : dict of str to str
        Wildcards of the job.
    logs : iterable of str
        Log files of a failed job.
    problem : str
        Coded line that a failed job ended with.
    """
    if not (path := os.environ.get(EVENTS_VARIABLE)):
        return
    line: dict[str, object] = {"event": event, "rule": rule, "wildcards": wildcards}
    if event == FAILED:
        line |= {"logs": list(logs), "problem": problem}
    with open(path, "a") as stream:
        stream.write(json.dumps(line) + "\n")


def read_events(path: Path) -> list[dict[str, Any]]:
    """Read the events of one or more runs.

    Parameters
    ----------
    path : Path
        File of events; one that does not exist has none.

    Returns
    -------
    list of dict
        Keys `event`, `rule`, `wildcards`, of failed jobs `logs` and `problem` too. The half line of
        a killed run is left out.
    """
    found = []
    for line in path.read_text(errors="replace").splitlines() if path.is_file() else ():
        with suppress(json.JSONDecodeError):
            found.append(json.loads(line))
    return found

"""The log of a Snakemake run: its finished jobs, and its problems with their codes.

All reading of Snakemake's text is in this module; its callers see counts and coded lines only.
"""

import re
from collections import Counter

_FINISHED = re.compile(r"^Finished jobid: \d+ \(Rule: (\w+)\)$", re.MULTILINE)
_OF_ONE_STACK = re.compile(r"(_[AD]\d{3})?(_\d{8})?$")  # endings of rules that are made anew for each stack and date
# A job's error stands in its log, and in the output at the beginning of a line; what preflight lists stands in its table.
_FAILURE = re.compile(r"^(?:.* ERROR [\w.]+: )?(E\d{4} .*?; cure: .*)", re.MULTILINE)
_PROBLEM = re.compile(r"^(?:.* ERROR [\w.]+: |warning: .*?)?(E\d{4} .*?; cure: .*)", re.MULTILINE)
UNREACHABLE = ("E2002", "E2003")
MAX_PROBLEMS = 20


def finished_jobs(text: str) -> dict[str, int]:
    """Count the finished jobs by rule; the rule that only names the final products is left out.

    Parameters
    ----------
    text : str
        Log of the run.

    Returns
    -------
    dict of str to int
        Rule -> finished jobs, in the order of the rules' names.
    """
    done = Counter(_OF_ONE_STACK.sub("", rule) for rule in _FINISHED.findall(text))
    del done["all"]
    return dict(sorted(done.items()))


def problems(text: str) -> list[str]:
    """Collect the coded lines, each once, in the order in which they came.

    Parameters
    ----------
    text : str
        Log of the run.

    Returns
    -------
    list of str
        At most `MAX_PROBLEMS` lines `E0000 problem; cure: ...`.
    """
    return list(dict.fromkeys(_PROBLEM.findall(text)))[:MAX_PROBLEMS]


def archive_unreachable(text: str) -> bool:
    """Whether all that failed is the archive or its login.

    Parameters
    ----------
    text : str
        Log of one step of the run.

    Returns
    -------
    bool
        False where nothing failed with a code.
    """
    failed = _FAILURE.findall(text)
    return bool(failed) and all(line.startswith(UNREACHABLE) for line in failed)

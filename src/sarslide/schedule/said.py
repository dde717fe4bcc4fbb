"""What Snakemake said of a run: jobs that were finished, problems with their codes."""

import re
from collections import Counter

FINISHED = re.compile(r"^Finished jobid: \d+ \(Rule: (\w+)\)$", re.MULTILINE)
OWN_NAME = re.compile(r"(_[AD]\d{3})?(_\d{8})?$")  # rules that are made anew for each stack and date
# A job's error stands in its log, and in the output at the beginning of a line; what preflight lists stands in its table.
FAILURE = re.compile(r"^(?:.* ERROR [\w.]+: )?(E\d{4} .*?; cure: .*)", re.MULTILINE)
PROBLEM = re.compile(r"^(?:.* ERROR [\w.]+: |warning: .*?)?(E\d{4} .*?; cure: .*)", re.MULTILINE)
UNREACHABLE = ("E2002", "E2003")
MOST = 20


def jobs(text: str) -> dict[str, int]:
    """Finished jobs by rule; the rule that only names the final products is none."""
    done = Counter(OWN_NAME.sub("", rule) for rule in FINISHED.findall(text))
    del done["all"]
    return dict(sorted(done.items()))


def problems(text: str) -> list[str]:
    """The coded lines, each once, in the order in which they came; at most MOST."""
    return list(dict.fromkeys(PROBLEM.findall(text)))[:MOST]


def unreachable(text: str) -> bool:
    """Whether what failed lies at the archive or its login alone."""
    failed = FAILURE.findall(text)
    return bool(failed) and all(line.startswith(UNREACHABLE) for line in failed)

"""What Snakemake said of a run: jobs that were finished, problems with their codes."""

import re
from collections import Counter

FINISHED = re.compile(r"^Finished jobid: \d+ \(Rule: (\w+)\)$", re.MULTILINE)
OWN_NAME = re.compile(r"(_[AD]\d{3})?(_\d{8})?$")  # rules that are made anew for each stack and date
PROBLEM = re.compile(r"\bE\d{4} .*?; cure: .*")
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


def unreachable(found: list[str]) -> bool:
    """Whether what went wrong lies at the archive or its login alone."""
    return bool(found) and all(line.startswith(UNREACHABLE) for line in found)

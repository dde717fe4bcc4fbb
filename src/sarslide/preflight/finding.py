"""A finding of the preflight: one line with level, code and cure, as a table for people and as JSON
for programs.
"""

from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass

from sarslide.errors import SarslideError

GOOD, NOTE, WARNING, ERROR = "good", "note", "warning", "error"
LEVELS = (ERROR, WARNING, NOTE, GOOD)


@dataclass(frozen=True)
class Finding:
    """A finding of a check.

    Attributes
    ----------
    check : str
        Subject of the check.
    level : str
        good, note, warning (a run goes on without something) or error (it cannot end well).
    found : str
        What there is, or the problem.
    code, cure : str
        Of warnings and errors, as in docs/reference/errors.md.
    """

    check: str
    level: str
    found: str
    code: str = ""
    cure: str = ""


def of_error(check: str, error: SarslideError, level: str = ERROR) -> Finding:
    """The finding of an error that a check met.

    Parameters
    ----------
    check : str
        Subject of the check.
    error : SarslideError
        The error.
    level : str, optional
        Level of the finding.

    Returns
    -------
    Finding
        With the error's problem, code and cure.
    """
    return Finding(check, level, error.problem, f"E{error.code}", error.cure)


def tried(check: str, work: Callable[[], str]) -> Finding:
    """The finding of work that either describes what is there or raises an error.

    Parameters
    ----------
    check : str
        Subject of the check.
    work : callable
        Returns the description.

    Returns
    -------
    Finding
        Good with the description, or the error.
    """
    try:
        return Finding(check, GOOD, work())
    except SarslideError as error:
        return of_error(check, error)


def errors(findings: Iterable[Finding]) -> list[Finding]:
    """Findings that a run cannot end well with.

    Parameters
    ----------
    findings : iterable of Finding
        Of all checks.

    Returns
    -------
    list of Finding
        Those of level error.
    """
    return [one for one in findings if one.level == ERROR]


def as_text(findings: Iterable[Finding], title: str = "") -> str:
    """Findings as a table.

    Parameters
    ----------
    findings : iterable of Finding
        Of all checks.
    title : str, optional
        What the last line begins with.

    Returns
    -------
    str
        One line a finding, the cure below each warning and error, and a last line that counts.
    """
    findings = list(findings)
    width = max((len(one.check) for one in findings), default=0)
    lines = []
    for one in findings:
        lines.append(f"{one.level:<8}{one.code:<7}{one.check:<{width + 2}}{one.found}")
        if one.cure:
            lines.append(f"{'':<{width + 17}}cure: {one.cure}")
    counts = {level: sum(one.level == level for one in findings) for level in (ERROR, WARNING)}
    count = ", ".join(f"{number} {level}{'s' if number != 1 else ''}" for level, number in counts.items())
    return "\n".join([*lines, f"{title}: {count}" if title else count])


def as_json(findings: Iterable[Finding]) -> list[dict[str, str]]:
    """Findings as plain values.

    Parameters
    ----------
    findings : iterable of Finding
        Of all checks.

    Returns
    -------
    list of dict of str to str
        In their order.
    """
    return [asdict(one) for one in findings]

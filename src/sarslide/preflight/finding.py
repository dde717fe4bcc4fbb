"""A finding of the preflight: one line with level, code and cure, as a table for people and as JSON for programs."""

from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass

from sarslide.errors import SarslideError

GOOD, NOTE, WARNING, ERROR = "good", "note", "warning", "error"
LEVELS = (ERROR, WARNING, NOTE, GOOD)


@dataclass(frozen=True)
class Finding:
    """check: what was looked at. level: good, note, warning (a run goes on without something) or error (it cannot end well).
    code and cure: of warnings and errors, as in docs/errors.md.
    """

    check: str
    level: str
    found: str
    code: str = ""
    cure: str = ""


def of_error(check: str, error: SarslideError, level: str = ERROR) -> Finding:
    """The finding of an error that a check met."""
    return Finding(check, level, error.problem, f"E{error.code}", error.cure)


def tried(check: str, work: Callable[[], str]) -> Finding:
    """What `work` says, as good; the error that it raises, as such."""
    try:
        return Finding(check, GOOD, work())
    except SarslideError as error:
        return of_error(check, error)


def errors(findings: Iterable[Finding]) -> list[Finding]:
    """Those that a run cannot end well with."""
    return [one for one in findings if one.level == ERROR]


def as_text(findings: Iterable[Finding]) -> str:
    """A table of one line a finding, the cure below each warning and error, and a last line that counts."""
    findings = list(findings)
    width = max((len(one.check) for one in findings), default=0)
    lines = []
    for one in findings:
        lines.append(f"{one.level:<8}{one.code:<7}{one.check:<{width + 2}}{one.found}")
        if one.cure:
            lines.append(f"{'':<{width + 17}}cure: {one.cure}")
    counts = {level: sum(one.level == level for one in findings) for level in (ERROR, WARNING)}
    return "\n".join(
        [*lines, ", ".join(f"{number} {level}{'s' if number != 1 else ''}" for level, number in counts.items())]
    )


def as_json(findings: Iterable[Finding]) -> list[dict[str, str]]:
    """The findings as plain values, in their order."""
    return [asdict(one) for one in findings]

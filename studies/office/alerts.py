"""CAP messages of alerts against the schema of the standard, with a validator that is not ours.

    python -m studies.office.alerts [--record]

Messages of every kind of alert, confidence and status, with outlines of one and of two parts, known
and unknown rates, and names that XML must escape, are read by libxml2 against the schema of OASIS.
So that the check can fail, each way to break a message is tried, too: the schema must refuse it.
"""

import argparse
import itertools
import math
import re
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import get_args

from lxml import etree
from shapely.geometry import MultiPolygon, box

from sarslide.alerts import cap
from sarslide.alerts.choice import KINDS, RANKS, Reported
from sarslide.config.results import AlertsSection
from studies.office import put, row
from studies.structure.records import REPOSITORY, keep_or_tell

COMMAND = "python -m studies.office.alerts --record"
SCHEMA = REPOSITORY / "tests/data/cap/CAP-v1.2.xsd"
SENT = datetime(2026, 12, 1, 5, 17, tzinfo=UTC)
STATUSES = get_args(AlertsSection.model_fields["status"].annotation)
OUTLINES = (box(10.1, 46.5, 10.2, 46.6), MultiPolygon([box(10.1, 46.5, 10.2, 46.6), box(10.3, 46.5, 10.4, 46.6)]))
NAMES = ("", "Val d'Err & <Sass>", "梅里\x0b雪山")  # the middle one to be escaped, a control character to be left out
BROKEN = {
    "no certainty": (r"<certainty>.*?</certainty>", ""),
    "two severities": (r"(<severity>.*?</severity>)", r"\1\1"),
    "event before category": (r"(<category>.*?</category>)\s*(<event>.*?</event>)", r"\2\1"),
    "a status of no list": (r"<status>.*?</status>", "<status>Real</status>"),
    "time that ends with Z": (r"-00:00</sent>", "Z</sent>"),
    "element of no standard": (r"<areaDesc>", "<depth>3</depth><areaDesc>"),
    "another namespace": (r"cap:1\.2", "cap:1.1"),
}


def schema() -> etree.XMLSchema:
    """The schema of OASIS."""
    return etree.XMLSchema(etree.parse(SCHEMA))


def is_valid(standard: etree.XMLSchema, text: str) -> bool:
    """Whether a text is XML that the schema takes."""
    try:
        return bool(standard.validate(etree.fromstring(text.encode())))
    except etree.XMLSyntaxError:
        return False


def messages() -> Iterator[str]:
    """A message for each kind, confidence and status; all shapes and names are in each."""
    for kind, confidence, status in itertools.product(KINDS, RANKS, STATUSES):
        reported = [
            (Reported(kind, "a-uid", f"LS{k:06d}", name, outline, 0.09, speed, confidence, "from 40 to 70"), outline)
            for k, (name, outline, speed) in enumerate(itertools.product(NAMES, OUTLINES, (70.0, math.nan)), 1)
        ]
        yield cap.message("valley", "20200201-00000002", reported, "alerts@office.example", status, SENT)


def broken(message: str) -> Iterator[tuple[str, str]]:
    """What is broken, and the message so broken."""
    for what, (pattern, instead) in BROKEN.items():
        changed = re.sub(pattern, instead, message, count=1, flags=re.DOTALL)
        assert changed != message, what
        yield what, changed


def rows() -> Iterator[dict]:
    """A row of what must be valid, and a row of what must not."""
    standard, made = schema(), list(messages())
    valid = sum(is_valid(standard, message) for message in made)
    what = "CAP messages of alerts, of every kind, confidence and status, against the schema of OASIS (libxml2)"
    yield row(what, f"{valid} of {len(made)} valid", COMMAND, "all valid", valid == len(made))
    taken = [what for what, message in broken(made[0]) if is_valid(standard, message)]
    measured = f"{len(BROKEN) - len(taken)} of {len(BROKEN)} refused"
    yield row("the same, each broken in another way", measured, COMMAND, "all refused", not taken)


def main() -> None:
    """Measure, print, and with --record keep the rows."""
    parser = argparse.ArgumentParser(prog="python -m studies.office.alerts", description=__doc__)
    parser.add_argument("--record", action="store_true", help="put the rows into the record and its page")
    keep_or_tell(list(rows()), put, parser.parse_args().record)


if __name__ == "__main__":
    main()

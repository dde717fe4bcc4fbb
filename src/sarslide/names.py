"""Dates, pairs, stacks and releases: the only place that parses or builds names."""

import re
from datetime import date as Date
from datetime import datetime
from functools import cache
from itertools import pairwise

from sarslide.errors import NamingError

FORMAT_VERSION = 1

DATE = r"\d{8}"
PAIR = r"\d{8}_\d{8}"
STACK = r"[AD]\d{3}"
FRAME = r"f\d+(?:_\d+)?"
IDENTIFIER = r"[a-z][a-z0-9_]*"
RELEASE = r"\d{8}-[0-9a-f]{8}(?:-\d+)?"


@cache  # a large region's network asks for every date hundreds of times
def parse_date(text: str) -> Date:
    """Calendar date (UTC) of `YYYYMMDD`. Raises NamingError for anything else."""
    try:
        if not re.fullmatch(DATE, text):
            raise ValueError(text)
        return datetime.strptime(text, "%Y%m%d").date()
    except ValueError:
        raise NamingError(f"'{text}' is not a date", "write dates as YYYYMMDD, for example 20190306") from None


def days_between(earlier: str, later: str) -> int:
    """Days from `earlier` to `later`, both `YYYYMMDD`."""
    return (parse_date(later) - parse_date(earlier)).days


def pair_name(earlier: str, later: str) -> str:
    """`earlier_later`; raises NamingError unless the first date is before the second."""
    if days_between(earlier, later) <= 0:
        raise NamingError(f"pair {earlier}_{later} does not run forward in time", "name the earlier date first")
    return f"{earlier}_{later}"


def split_pair(pair: str) -> tuple[str, str]:
    """(earlier, later) of a pair name."""
    if not re.fullmatch(PAIR, pair):
        raise NamingError(f"'{pair}' is not a pair", "write pairs as YYYYMMDD_YYYYMMDD, the earlier date first")
    earlier, later = pair.split("_")
    pair_name(earlier, later)
    return earlier, later


def stack_name(orbit_pass: str, relative_orbit: int) -> str:
    """`A128` for an ascending, `D062` for a descending relative orbit."""
    letter = {"ASCENDING": "A", "DESCENDING": "D"}.get(orbit_pass.upper())
    if letter is None or not 1 <= relative_orbit <= 175:
        raise NamingError(
            f"'{orbit_pass}' orbit {relative_orbit} is not a Sentinel-1 track",
            "give ASCENDING or DESCENDING and a relative orbit 1-175",
        )
    return f"{letter}{relative_orbit:03d}"


def check_stack(stack: str) -> str:
    """The stack name itself, if it is one."""
    if not re.fullmatch(STACK, stack):
        raise NamingError(f"'{stack}' is not a stack", "write A or D and the relative orbit, for example A128")
    return stack


def release_name(last_date: str, digest: str) -> str:
    """`<last date>-<8 hex>`."""
    parse_date(last_date)
    return f"{last_date}-{digest[:8]}"


def release_again(release: str, number: int) -> str:
    """`<release>-2`, `-3` ... for a release whose name exists with another content hash; the name itself for number 1."""
    return f"{release}-{number}" if number > 1 else release


def nearest_pairs(dates: list[str], max_days: int, neighbours: int) -> list[str]:
    """Pairs of each date with at most `neighbours` earlier dates, no more than `max_days` back.

    Looking only backwards, a new date adds pairs and never changes old ones. With dates every 12 days, `max_days=24` and
    `neighbours=2` give the 12- and 24-day pairs of P0 (B03): 57 pairs on 30 gap-free dates.
    """
    ordered = sorted(set(dates))
    return [
        pair_name(earlier, later)
        for k, later in enumerate(ordered)
        for earlier in ordered[max(0, k - neighbours) : k]
        if days_between(earlier, later) <= max_days
    ]


def gaps(dates: list[str], max_days: int) -> list[tuple[str, str]]:
    """Consecutive dates more than `max_days` apart: they split the network into islands."""
    return [(a, b) for a, b in pairwise(sorted(set(dates))) if days_between(a, b) > max_days]

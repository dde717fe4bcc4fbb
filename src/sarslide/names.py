"""Dates, pairs, stacks and releases: the only place that parses or builds names."""

import re
from datetime import date as Date
from datetime import datetime
from functools import cache
from itertools import pairwise

from sarslide.errors import NamingError, shorten

FORMAT_VERSION = 1

# Digits of ASCII: `\d` takes those of every script.
DATE = r"[0-9]{8}"
PAIR = r"[0-9]{8}_[0-9]{8}"
STACK = r"[AD][0-9]{3}"
FRAME = r"f(?:0|m?[0-9]+_m?[0-9]+)"
IDENTIFIER = r"[a-z][a-z0-9_]{0,63}"
RELEASE = r"[0-9]{8}-[0-9a-f]{8}(?:-[0-9]+)?"
MAX_SHOWN = 80
FIRST_YEAR, LAST_YEAR = 1978, 2999  # Seasat was the first SAR in orbit


@cache  # a large region's network asks for every date hundreds of times
def parse_date(text: str) -> Date:
    """Calendar date (UTC) of a name.

    Parameters
    ----------
    text : str
        `YYYYMMDD`.

    Returns
    -------
    datetime.date
        The date.

    Raises
    ------
    NamingError
        For anything else, and for years before there was a SAR in orbit or long after.
    """
    try:
        if not re.fullmatch(DATE, text):
            raise ValueError(text)
        date = datetime.strptime(text, "%Y%m%d").date()
        if not FIRST_YEAR <= date.year <= LAST_YEAR:
            raise ValueError(text)
        return date
    except ValueError:
        raise NamingError(f"{_shown(text)} is not a date", "write dates as YYYYMMDD, for example 20190306") from None


def _shown(text: str) -> str:
    """A text from elsewhere in quotes, short and on one line."""
    return f"'{shorten(' '.join(text.split()), MAX_SHOWN)}'"


def days_between(earlier: str, later: str) -> int:
    """Days between two dates.

    Parameters
    ----------
    earlier, later : str
        `YYYYMMDD`.

    Returns
    -------
    int
        Days from `earlier` to `later`, negative where `later` is before it.
    """
    return (parse_date(later) - parse_date(earlier)).days


def pair_name(earlier: str, later: str) -> str:
    """Name of a pair, `earlier_later`.

    Parameters
    ----------
    earlier, later : str
        `YYYYMMDD`.

    Returns
    -------
    str
        `YYYYMMDD_YYYYMMDD`.

    Raises
    ------
    NamingError
        Unless the first date is before the second.
    """
    if days_between(earlier, later) <= 0:
        raise NamingError(f"pair {earlier}_{later} does not run forward in time", "name the earlier date first")
    return f"{earlier}_{later}"


def split_pair(pair: str) -> tuple[str, str]:
    """The two dates of a pair.

    Parameters
    ----------
    pair : str
        `YYYYMMDD_YYYYMMDD`.

    Returns
    -------
    tuple of str
        Earlier and later date, `YYYYMMDD`.

    Raises
    ------
    NamingError
        For what is no name of a pair.
    """
    if not re.fullmatch(PAIR, pair):
        raise NamingError(f"{_shown(pair)} is not a pair", "write pairs as YYYYMMDD_YYYYMMDD, the earlier date first")
    earlier, later = pair.split("_")
    pair_name(earlier, later)
    return earlier, later


def pair_days(pair: str) -> int:
    """Length of a pair.

    Parameters
    ----------
    pair : str
        `YYYYMMDD_YYYYMMDD`.

    Returns
    -------
    int
        Days from its earlier to its later date.

    Raises
    ------
    NamingError
        For what is no name of a pair.
    """
    return days_between(*split_pair(pair))


def stack_name(orbit_pass: str, relative_orbit: int) -> str:
    """Name of a stack, the images of one track.

    Parameters
    ----------
    orbit_pass : str
        ASCENDING or DESCENDING.
    relative_orbit : int
        1 to 175.

    Returns
    -------
    str
        `A128` for an ascending, `D062` for a descending relative orbit.

    Raises
    ------
    NamingError
        For another pass or number.
    """
    letter = {"ASCENDING": "A", "DESCENDING": "D"}.get(orbit_pass.upper())
    if letter is None or not 1 <= relative_orbit <= 175:
        raise NamingError(
            f"'{orbit_pass}' orbit {relative_orbit} is not a Sentinel-1 track",
            "give ASCENDING or DESCENDING and a relative orbit 1-175",
        )
    return f"{letter}{relative_orbit:03d}"


def check_stack(stack: str) -> str:
    """Check the name of a stack.

    Parameters
    ----------
    stack : str
        What should be such a name.

    Returns
    -------
    str
        The name itself.

    Raises
    ------
    NamingError
        For what is no name of a stack.
    """
    if not re.fullmatch(STACK, stack):
        raise NamingError(f"{_shown(stack)} is not a stack", "write A or D and the relative orbit, for example A128")
    return stack


def release_name(last_date: str, digest: str) -> str:
    """Name of a release, `<last date>-<8 hex>`.

    Parameters
    ----------
    last_date : str
        Last acquisition, `YYYYMMDD`.
    digest : str
        Digest of what decides the content, at least 8 hex digits.

    Returns
    -------
    str
        The name.
    """
    parse_date(last_date)
    return f"{last_date}-{digest[:8]}"


def release_again(release: str, number: int) -> str:
    """Name of a release whose name exists already with another content hash.

    Parameters
    ----------
    release : str
        The name that exists.
    number : int
        How many releases have it, this one included.

    Returns
    -------
    str
        `<release>-2`, `-3` ...; the name itself for number 1.
    """
    return f"{release}-{number}" if number > 1 else release


def in_season(date: str, season: tuple[str, str] | None) -> bool:
    """Whether a date lies in a season.

    Parameters
    ----------
    date : str
        `YYYYMMDD`.
    season : (str, str) or None
        First and last day of the year, `MM-DD`, the first perhaps the later one, as of a winter;
        None: the whole year.

    Returns
    -------
    bool
        Both days belong to it.
    """
    if season is None:
        return True
    day, (first, last) = f"{date[4:6]}-{date[6:]}", season
    return first <= day <= last if first <= last else not last < day < first


def nearest_pairs(dates: list[str], max_days: int, neighbours: int) -> list[str]:
    """Pairs of each date with its nearest earlier ones.

    Looking only backwards, a new date adds pairs and never changes old ones. With dates every 12
    days, `max_days=24` and `neighbours=2` give the 12- and 24-day pairs of P0 (B03): 57 pairs on 30
    gap-free dates.

    Parameters
    ----------
    dates : list of str
        `YYYYMMDD`, in any order.
    max_days : int
        Longest temporal baseline, days.
    neighbours : int
        How many earlier dates a date is paired with at most.

    Returns
    -------
    list of str
        Names of pairs, ordered by later, then earlier date.
    """
    ordered = sorted(set(dates))
    return [
        pair_name(earlier, later)
        for k, later in enumerate(ordered)
        for earlier in ordered[max(0, k - neighbours) : k]
        if days_between(earlier, later) <= max_days
    ]


def gaps(dates: list[str], max_days: int) -> list[tuple[str, str]]:
    """Consecutive dates that are too far apart: they split the network into islands.

    Parameters
    ----------
    dates : list of str
        `YYYYMMDD`, in any order.
    max_days : int
        Longest temporal baseline, days.

    Returns
    -------
    list of tuple
        The two dates of each gap.
    """
    return [(a, b) for a, b in pairwise(sorted(set(dates))) if days_between(a, b) > max_days]

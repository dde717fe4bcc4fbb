"""The stops of the map's slider: dates, each with its image and the release that was known then."""

from collections.abc import Mapping, Sequence
from typing import Any

from sarslide.report.stages import iso

CURRENT = -1  # the release of the page, among numbers of earlier ones


def of_tracks(dates: Mapping[str, Sequence[str]], earlier: Sequence[str], current: str) -> list[dict[str, Any]]:
    """A list of stops for each track.

    Parameters
    ----------
    dates : mapping of str to sequence of str
        By track the dates of its images, YYYYMMDD, in order; empty of a region without series.
    earlier : sequence of str
        Last acquisition of each earlier release, the latest release first; empty where unknown.
    current : str
        Last acquisition of the release of the page; empty where unknown.

    Returns
    -------
    list of dict
        track (empty: there are no images) and stops, in order of time: date (YYYY-MM-DD), image
        (number of the latest image up to then, None before the first) and release (number of the
        latest earlier release up to then, `CURRENT`, or None). Empty where there is neither an
        image nor an earlier release. Of releases up to the same date each has its stop.
    """
    releases = [(last, number) for number, last in reversed(list(enumerate(earlier))) if last]
    if not dates and not releases:
        return []
    if current:
        releases.append((current, CURRENT))
    return [{"track": track, "stops": _stops(own, releases)} for track, own in (dates or {"": ()}).items()]


def _stops(images: Sequence[str], releases: Sequence[tuple[str, int]]) -> list[dict[str, Any]]:
    """Stops of a track; an image and the first release of its date share one."""
    events = [(date, 0, {"image": number}) for number, date in enumerate(images)]
    events += [(last, rank, {"release": number}) for rank, (last, number) in enumerate(releases, start=1)]
    stops: list[dict[str, Any]] = []
    shown: dict[str, int | None] = {"image": None, "release": None}
    shared = None
    for date, rank, change in sorted(events, key=lambda event: event[:2]):
        shown |= change
        if rank and date == shared:
            stops.pop()
        shared = None if rank else date
        stops.append({"date": iso(date), **shown})
    return stops

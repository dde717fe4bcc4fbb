"""The files of a folder of delays by date, and whether they fit a region."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

import numpy as np

from sarslide.errors import DelayError
from sarslide.grid import RegionGrid
from sarslide.rates.delays.field import Window, places
from sarslide.rates.delays.readers import SUFFIXES, read

TIME = re.compile(r"(?<!\d)(\d{8})(?:T(\d{6}))?(?!\d)")
WET, HYDROSTATIC = "_wet_", "_hydro_"  # in the names of RAiDER's GeoTIFFs, of which two make a delay
# Median zenith delay of a region, m: 2.3 to 2.7 at sea level, 1.1 on the highest plateaus.
MEDIAN_M = (1.0, 2.7)
CHECKED_INCIDENCE_DEG = (20.0, 50.0)  # of slant delays before the incidence of the region is known
MAX_UNKNOWN = 0.01  # share of a region without delay
SAMPLES = 64  # rows and columns of a file that the check reads
CHECKED_HEIGHT_M = 500.0
MAX_AWAY_S = 6 * 3600.0  # of an acquisition from the first and the last of several times


@dataclass(frozen=True)
class Epoch:
    """Delays of one time.

    Attributes
    ----------
    paths : tuple of Path
        Files whose sum is the delay.
    time : datetime, optional
        UTC, where the name has it.
    """

    paths: tuple[Path, ...]
    time: datetime | None


def listed(folder: Path, stack: str) -> list[Path]:
    """The files of a folder that may be delays of a stack.

    Parameters
    ----------
    folder : Path
        Folder of delays; where it has a folder named as the stack, that.
    stack : str
        Name of the stack.

    Returns
    -------
    list of Path
        In the order of their names.

    Raises
    ------
    DelayError
        It is no folder, or has none.
    """
    place = folder / stack if (folder / stack).is_dir() else folder
    found = sorted(path for path in place.iterdir() if path.name.lower().endswith(SUFFIXES)) if place.is_dir() else []
    if not found:
        raise DelayError(f"{place}: is no folder with files of delays", f"name one with {', '.join(SUFFIXES)}")
    return found


def epochs_of(paths: Iterable[Path], date: str) -> list[Epoch]:
    """The files that give the delays of a date.

    Parameters
    ----------
    paths : iterable of Path
        Files of delays, with their date, or date and time, in their names.
    date : str
        `YYYYMMDD`.

    Returns
    -------
    list of Epoch
        One, or several by their times, from the beginning of the date to that of the next one.

    Raises
    ------
    DelayError
        No file has this date, or two have it and the same time, or none.
    """
    day = datetime.strptime(date, "%Y%m%d")
    found: dict[datetime | None, list[Path]] = {}
    has_date = False
    for path in paths:
        if match := TIME.search(path.name):
            name, clock = match.groups()
            has_date |= name == date
            time = _time(name + clock) if clock else None
            if name == date if time is None else day <= time <= day + timedelta(days=1):
                found.setdefault(time, []).append(path)
    if not has_date:
        raise DelayError(f"rates.delays: no file has the date {date} in its name", "bring the delays of this date")
    if len(found) > 1 and None in found:
        raise DelayError(
            f"{found[None][0]}: has no time in its name, other files of {date} have", "leave those of one provider"
        )
    return [Epoch(_one_delay(of_time), time) for time, of_time in sorted(found.items(), key=lambda item: str(item[0]))]


def weights(epochs: Sequence[Epoch], utc: str | None) -> list[float]:
    """Shares of the epochs in the delay of an acquisition: linear in time between the nearest two.

    Parameters
    ----------
    epochs : sequence of Epoch
        Of the date, in order.
    utc : str, optional
        ISO time of the acquisition; None where unknown.

    Returns
    -------
    list of float
        One an epoch, sum 1; before the first and after the last epoch that one has all.

    Raises
    ------
    DelayError
        Several epochs, and the time of the acquisition is unknown or farther than 6 hours from all.
    """
    times = [epoch.time for epoch in epochs if epoch.time]
    if len(epochs) == 1:
        return [1.0]
    if utc is None:
        name = epochs[0].paths[0].name
        raise DelayError(f"{name}: one of {len(epochs)} times, and that of the acquisition is unknown", "leave one")
    taken = datetime.fromisoformat(utc).replace(tzinfo=None)
    seconds = [(time - times[0]).total_seconds() for time in times]
    at = (taken - times[0]).total_seconds()
    if not -MAX_AWAY_S <= at <= seconds[-1] + MAX_AWAY_S:
        name = epochs[0].paths[0].name
        raise DelayError(f"{name}: no time within 6 hours of the acquisition, {utc}", "bring the files around it")
    return [float(np.interp(at, seconds, row)) for row in np.eye(len(times))]


def check(epochs: Iterable[Epoch], region: RegionGrid) -> None:
    """Whether files can be read, cover a region, and hold delays in metres.

    A few rows and columns of each are read; heights and incidence are not known yet.

    Parameters
    ----------
    epochs : iterable of Epoch
        The files.
    region : RegionGrid
        The region.

    Raises
    ------
    DelayError
        For the first file that does not fit.
    """
    step = max(1, max(region.shape) // 16)
    cell = region.cell_m * step
    sparse = RegionGrid(
        region.epsg, region.west, region.north, cell, max(1, region.rows // step), max(1, region.cols // step)
    )
    for epoch in epochs:
        total, slant = np.zeros(sparse.shape), False
        for path in epoch.paths:
            field = read(path, Window(region, SAMPLES))
            slant |= field.slant
            height = CHECKED_HEIGHT_M if field.heights_m is None else np.clip(
                CHECKED_HEIGHT_M, field.heights_m[0], field.heights_m[-1]
            )  # fmt: skip
            for rows, x, y in places(sparse, field.crs):
                total[rows] += field.at(x, y, np.full(x.shape, height))
        steepest = 1 / np.cos(np.radians(CHECKED_INCIDENCE_DEG[1])) if slant else 1.0
        check_values(epoch.paths[0], total, steepest)


def check_values(path: Path, delay_m: np.ndarray, steepest: float = 1.0) -> None:
    """Whether delays are known and in metres.

    Parameters
    ----------
    path : Path
        Their file, for the message.
    delay_m : array of float
        Delays towards the zenith, m, NaN where unknown.
    steepest : float
        Largest path along the line of sight for one of 1 towards the zenith; 1 of zenith delays.

    Raises
    ------
    DelayError
        For unknown delays in more than 1 % of the cells, and a median that no atmosphere has.
    """
    known = delay_m[np.isfinite(delay_m)]
    if known.size < (1 - MAX_UNKNOWN) * delay_m.size:
        share = 1 - known.size / delay_m.size
        raise DelayError(f"{path}: has no delay in {share:.0%} of the region", "bring files of the whole region")
    median, (low, high) = float(np.median(known)), MEDIAN_M
    if not low <= median <= high * steepest:
        raise DelayError(
            f"{path}: median delay {median:.3g} m, that of an atmosphere is {low:g} to {high:g} m towards the zenith",
            "give the total delay (wet and hydrostatic) in metres, positive, not the difference of two dates",
        )


def _one_delay(paths: list[Path]) -> tuple[Path, ...]:
    """The files of one time: one, or wet and hydrostatic delay."""
    both = sorted(path.name.replace(WET, HYDROSTATIC) for path in paths)
    if len(paths) == 1 and WET not in paths[0].name and HYDROSTATIC not in paths[0].name:
        return tuple(paths)
    if len(paths) == 2 and both[0] == both[1] and paths[0].name != paths[1].name:
        return tuple(paths)
    problem = f"and {paths[1].name} are of one time" if len(paths) > 1 else "is the wet or the hydrostatic delay alone"
    raise DelayError(f"{paths[0]}: {problem}", "leave one file a date, or both parts of its delay")


def _time(digits: str) -> datetime | None:
    try:
        return datetime.strptime(digits, "%Y%m%d%H%M%S")
    except ValueError:
        return None

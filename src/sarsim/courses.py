"""How the motion of a landslide goes on in time: steady, seasonal, accelerating or stopping.

A course multiplies the planted velocity by a factor of time; its integral, the elapsed years, is
how long a body would have moved at its planted velocity to come where it is. So a displacement is
velocity times elapsed years, whatever the course.

- steady: the factor is 1.
- seasonal: 1 + share sin(2 pi (t - start)), one wave a year, never backwards. The mean of a year is
  the planted velocity. Slow landslides of northern California speed up within weeks to months of
  the first rains and slow down in the dry season (Handwerger et al. 2013,
  10.1016/j.epsl.2013.06.047);
  Slumgullion's speed follows snow melt and rain (Hu et al. 2020, 10.1038/s41467-020-16617-7).
- accelerating: from `share` to 1 by a straight line, from `start` over `years`. Mud Creek left its
  eight years of seasonal creep within months (Handwerger et al. 2019, 10.1038/s41598-018-38300-0).
- stopping: from 1 to `share` likewise. Landslides of the Eel River slowed by half and more within
  the years of a drought (Bennett et al. 2016, 10.1002/2016GL068378).
"""

from collections.abc import Mapping
from datetime import date as Date
from typing import Any

import numpy as np

from sarslide.constants import DAYS_PER_YEAR
from sarslide.names import parse_date

MOTION_EPOCH = Date(2019, 1, 1)  # when nothing has moved yet; only differences between dates are seen
STEADY, SEASONAL, ACCELERATING, STOPPING = COURSES = ("steady", "seasonal", "accelerating", "stopping")
COLUMNS = ("course", "course_share", "course_start_years", "course_years")  # of the table of landslides


def calendar_years(date: str) -> float:
    """Years of the calendar since the epoch of motion.

    Parameters
    ----------
    date : str
        YYYYMMDD.

    Returns
    -------
    float
        Julian years, negative before the epoch.
    """
    return (parse_date(date) - MOTION_EPOCH).days / DAYS_PER_YEAR


def gained_years(table: Mapping[str, Any], years: float) -> np.ndarray:
    """By how much the elapsed years of landslides exceed those of the calendar.

    Parameters
    ----------
    table : mapping of str to (landslides,) array
        COLUMNS; `course_start_years` counts from the epoch of motion. Without them all are steady.
    years : float
        Of the calendar, since the epoch.

    Returns
    -------
    (landslides,) array of float
        Years; exactly 0 for steady ones.
    """
    if "course" not in table:
        return np.zeros(len(table))
    course, share, start, duration = (np.asarray(table[name]) for name in COLUMNS)

    def wave(t: float) -> np.ndarray:
        return -share * np.cos(2 * np.pi * (t - start)) / (2 * np.pi)

    def ramp(t: float) -> np.ndarray:
        """Integral of a line from 0 to 1."""
        inside = np.clip(t - start, 0, duration)
        return inside**2 / (2 * duration) + np.maximum(t - start - duration, 0)

    risen = ramp(years) - ramp(0.0)
    return np.select(
        [course == SEASONAL, course == ACCELERATING, course == STOPPING],
        [wave(years) - wave(0.0), (1 - share) * (risen - years), (share - 1) * risen],
        0.0,
    )


def draw_courses(
    rng: np.random.Generator, count: int, shares: tuple[float, float, float], onset_years: tuple[float, float]
) -> dict[str, list]:
    """Courses of some landslides.

    Parameters
    ----------
    rng : Generator
        Random numbers.
    count : int
        How many landslides.
    shares : tuple[float, float, float]
        Of them that are seasonal, accelerating, stopping; the rest is steady.
    onset_years : tuple[float, float]
        Between which a change begins, years since the epoch of motion.

    Returns
    -------
    dict of str to list
        COLUMNS, rounded as they are stored.
    """
    course = rng.choice(COURSES, count, p=(1 - sum(shares), *shares))
    seasonal, ramped = course == SEASONAL, np.isin(course, (ACCELERATING, STOPPING))
    share = np.where(seasonal, rng.uniform(0.3, 1.0, count), rng.uniform(0.0, 0.4, count))
    start = np.where(seasonal, rng.uniform(0, 1, count), rng.uniform(*onset_years, count))
    duration = np.where(ramped, rng.uniform(0.2, 1.5, count), 1.0)
    moving = seasonal | ramped
    columns = (course, np.where(moving, share, 1.0), np.where(moving, start, 0.0), duration)
    return {
        name: [str(each) if name == "course" else round(float(each), 4) for each in values]
        for name, values in zip(COLUMNS, columns, strict=True)
    }

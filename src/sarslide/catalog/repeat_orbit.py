"""Where a simulated date flies: offset of its orbit from the repeat track.

Needs numpy alone: a network is planned with it.
"""

import numpy as np

from sarslide import network
from sarslide.constants import SPEED_OF_LIGHT

RADAR_FREQUENCY = 5.405000454334350e9  # Hz
RANGE_BANDWIDTH = 4.83e07  # Hz, processed
INCIDENCE_DEG = {"A": 38.5, "D": 39.9}
BASELINE_SIGMA = {"perpendicular": 70.0, "parallel": 15.0}  # m
ORBIT_RADIUS, EARTH_RADIUS = 7072200.0, 6373000.0  # m, near 29 degrees north


def seed_key(stack: str, *more: int) -> tuple[int, ...]:
    """Integers that part the random numbers of one track from another's.

    Parameters
    ----------
    stack : str
        A128, D062 ...
    *more : int
        Further integers.

    Returns
    -------
    tuple of int
        Entropy of a seed sequence.
    """
    return (ord(stack[0]), int(stack[1:]), *more)


def orbit_offset_m(stack: str, date: str, seed: int) -> tuple[float, float]:
    """Offset of a date's orbit from the reference orbit.

    Parameters
    ----------
    stack : str
        Pass and relative orbit.
    date : str
        `YYYYMMDD`.
    seed : int
        Of the simulation.

    Returns
    -------
    perpendicular : float
        m, along the derivative of the satellite-to-ground look vector with the look angle: up and
        away from the track.
    parallel : float
        m, along that look vector.
    """
    rng = np.random.default_rng(np.random.SeedSequence((seed, *seed_key(stack, int(date), 1))))
    perpendicular, parallel = rng.normal(size=2)
    return BASELINE_SIGMA["perpendicular"] * perpendicular, BASELINE_SIGMA["parallel"] * parallel


def critical_baseline_m(stack: str) -> float:
    """Critical baseline of a track.

    Its slant range is by the law of sines on a circular orbit, good to 1 %.

    Parameters
    ----------
    stack : str
        Pass and relative orbit.

    Returns
    -------
    float
        m.
    """
    incidence = np.radians(INCIDENCE_DEG[stack[0]])
    look = np.arcsin(np.sin(incidence) * EARTH_RADIUS / ORBIT_RADIUS)
    slant_range = EARTH_RADIUS * np.sin(incidence - look) / np.sin(look)
    return network.critical_baseline_m(
        SPEED_OF_LIGHT / RADAR_FREQUENCY, RANGE_BANDWIDTH, float(slant_range), INCIDENCE_DEG[stack[0]]
    )

"""The three swaths of Sentinel-1's IW mode, and its satellites, as annotation and manifests publish
them.

Numbers of the swaths: annotation of S1A_IW_SLC__1SDV_20250406T022008 (IPF 003.91), but for the
lines of an IW2 burst, which differ from product to product (1501 to 1513 in IPF 003). Times between
bursts are means over that product's nine burst cycles.
"""

from dataclasses import dataclass
from datetime import UTC, datetime

from sarslide.catalog.repeat_orbit import RANGE_BANDWIDTH
from sarslide.errors import StackError


@dataclass(frozen=True)
class Swath:
    """How one swath is imaged; frequencies and bandwidths in Hz, times in s.

    Attributes
    ----------
    name, number : str, int
        IW1 to IW3, and its number in the annotation.
    pulse_frequency : float
        Pulses a second.
    steering_rate : float
        Of the beam, degree/s.
    chirp_bandwidth : float
        Transmitted.
    range_bandwidth, azimuth_bandwidth : float
        Processed, under Hamming windows.
    azimuth_window : float
        Coefficient of the window in azimuth; 0.75 in range.
    lines : int
        Of a burst.
    delay : float
        From the middle of an IW2 burst to that of this swath's burst in the same burst cycle.
    echoes : float
        How long a burst lasts in raw data.
    near_time, far_time : float
        Two-way times of the first and the last valid sample.
    rank, pulse_length, pulse_start, pulse_rate : int
        Further records of the annotation.
    decimation_bandwidth, decimation_frequency, filter_length, replica : float
        The same.
    """

    name: str
    number: int
    pulse_frequency: float
    steering_rate: float
    chirp_bandwidth: float
    range_bandwidth: float
    azimuth_bandwidth: float
    azimuth_window: float
    lines: int
    delay: float
    echoes: float
    near_time: float
    far_time: float
    rank: int
    pulse_length: float
    pulse_start: float
    pulse_rate: float
    decimation_bandwidth: float
    decimation_frequency: float
    filter_length: int
    replica: tuple[float, float]


SWATHS = {
    swath.name: swath
    for swath in (
        Swath(
            "IW1", 10, 1.717128973878037e03, 1.590368784, 5.650445548389234e07, 5.65e07, 3.27e02, 0.70, 1502, -0.9551, 0.816,
            5.35494e-03, 5.67323e-03, 9, 5.240481033595628e-05, -2.825153419637256e07, 1.078230321255894e12, 5.659e07,
            6.434523812571429e07, 36, (6.935456e02, 5.391152e11),
        ),
        Swath(
            "IW2", 11, 1.451627112193990e03, 9.798633249999998e-01, 4.831229516834e07, RANGE_BANDWIDTH, 3.13e02, 0.75, 1500, 0.0,
            1.0, 5.66313e-03, 6.04291e-03, 8, 6.199592966536363e-05, -2.415503791125222e07, 7.792817275120481e11, 4.835e07,
            5.459595962181818e07, 44, (1.109673e03, 3.896409e11),
        ),
        Swath(
            "IW3", 12, 1.685817302492702e03, 1.397440818, 4.278991840322842e07, 4.278991840322842e07, 3.14e02, 0.75, 1518, 0.9608,
            0.823, 6.03200e-03, 6.39953e-03, 10, 5.339056426703426e-05, -2.139431040091632e07, 8.014509490705804e11, 4.286e07,
            4.691840280e07, 68, (6.488007e02, 4.007255e11),
        ),
    )
}  # fmt: skip


@dataclass(frozen=True)
class Mission:
    """A satellite; its relative orbit is (absolute - offset) mod 175 + 1.

    Attributes
    ----------
    offset : int
        Of its relative orbits.
    count : int
        An absolute orbit.
    time : datetime
        Near which it crossed the node of that orbit, UTC.
    """

    offset: int
    count: int
    time: datetime


# Offsets: ESA SentiWiki, S-1 products (that of S1C until June 2026). Counts:
# S1A_IW_SLC__1SDV_20221016T015043 (its ascending node), S1B_IW_SLC__1SDV_20170517T141843, S1C orbit
# 8018 on 2026-06-08, S1D orbit 2389 on 2026-04-17.
MISSIONS = {
    "S1A": Mission(73, 45461, datetime(2022, 10, 16, 1, 41, 37, tzinfo=UTC)),
    "S1B": Mission(27, 5639, datetime(2017, 5, 17, 13, 30, tzinfo=UTC)),
    "S1C": Mission(172, 8018, datetime(2026, 6, 8, 12, tzinfo=UTC)),
    "S1D": Mission(42, 2389, datetime(2026, 4, 17, 12, tzinfo=UTC)),
}


def swath_named(name: str) -> Swath:
    """A swath.

    Parameters
    ----------
    name : str
        IW1, IW2 or IW3.

    Returns
    -------
    Swath
        The swath.

    Raises
    ------
    StackError
        Another name.
    """
    if name not in SWATHS:
        raise StackError(f"swath {name} is not simulated", f"choose from {', '.join(SWATHS)}")
    return SWATHS[name]


def mission_named(name: str) -> Mission:
    """A satellite.

    Parameters
    ----------
    name : str
        S1A to S1D.

    Returns
    -------
    Mission
        The satellite.

    Raises
    ------
    StackError
        Another name.
    """
    if name not in MISSIONS:
        raise StackError(f"mission {name} is not simulated", f"choose from {', '.join(MISSIONS)}")
    return MISSIONS[name]

"""Common-scene stacking: delay of a date from the pairs that share it.

Tymofyeyeva and Fialko 2015, doi 10.1002/2015JB011886. In the mean of the pairs that end at a date
and, with the other sign, of those that begin there, the date's own delay adds up, steady motion
cancels, and the delays of the other dates average out. Dates are taken in the order of their noise,
the noisiest first, each freed from the delays already found; every further round starts from the
pairs freed by the round before.
"""

from collections.abc import Sequence

import numpy as np

from sarslide.network import date_indexes, dates_of, interval_years, years_of

ROUNDS = 3


def common_scene(phase_rad: np.ndarray, pairs: Sequence[str], rounds: int = ROUNDS) -> np.ndarray:
    """Delays of the dates.

    Dates at an end of the network have pairs to one side only, in which motion does not cancel: the
    current rate (P4 eq. 1) is taken off all pairs first, which changes nothing where they lie
    evenly about a date. A line in time in the delays is taken out after each round: delays have no
    trend, motion has.

    Parameters
    ----------
    phase_rad : (pairs, ...) array of float
        Phase, rad, finite.
    pairs : sequence of str
        Names of the pairs.
    rounds : int
        Rounds over all dates.

    Returns
    -------
    (dates, ...) array of float
        Delays, rad, positive = longer path, dates in order.
    """
    times, ends = years_of(dates_of(pairs)), date_indexes(pairs)
    interval = np.array([interval_years(pair) for pair in pairs])
    line = np.stack([np.ones(len(times)), times], 1)
    without_line = np.eye(len(times)) - line @ np.linalg.pinv(line)
    # Of each date: its pairs, and +1 where it is their later date, -1 where the earlier.
    sharing = [np.nonzero((ends == date).any(1))[0] for date in range(len(times))]
    signs = [np.where(ends[mine, 1] == date, 1.0, -1.0) for date, mine in enumerate(sharing)]

    def own_delay(date: int) -> np.ndarray:
        mine, sign = sharing[date], signs[date]
        return (np.tensordot(sign, left[mine], 1) - (sign @ interval[mine]) * rate) / len(mine)

    delay = np.zeros((len(times), *phase_rad.shape[1:]))
    for _ in range(rounds):
        left = phase_rad - delay[ends[:, 1]] + delay[ends[:, 0]]
        rate = np.tensordot(interval, left, 1) / np.sum(interval**2)
        noise = [np.sqrt(np.mean(own_delay(date) ** 2)) for date in range(len(times))]
        for date in np.argsort(noise, kind="stable")[::-1]:
            mine, sign, found = sharing[date], signs[date], own_delay(date)
            delay[date] += found
            left[mine] -= np.multiply.outer(sign, found)
            rate -= (sign @ interval[mine]) / np.sum(interval**2) * found
        delay = np.tensordot(without_line, delay, 1)
    return delay

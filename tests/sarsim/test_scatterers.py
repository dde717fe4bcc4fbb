"""Random days and phases of scatterers against plain Python."""

import cmath
import math

import numba
import numpy as np
import pytest

from sarsim import scatterers
from sarsim.slc import phasor

MASK = (1 << 64) - 1


def splitmix(key: int, counter: int) -> int:
    """SplitMix64 (Steele, Lea and Flood 2014, figure 16) in Python's integers."""
    z = (key + 0x9E3779B97F4A7C15 * (counter + 1)) & MASK
    z = ((z ^ (z >> 30)) * 0xBF58476D1CE4E5B9) & MASK
    z = ((z ^ (z >> 27)) * 0x94D049BB133111EB) & MASK
    return z ^ (z >> 31)


def last_draw(key: int, number: int, day: int, change: int) -> int:
    """Day by day: the last whose 16 bits are less than `change`."""
    stream = key ^ splitmix(key, number)
    drawn = (d for d in range(day, 0, -1) if splitmix(stream, d >> 2) >> 16 * (d & 3) & 0xFFFF < change)
    return next(drawn, 0)


@numba.njit
def _last_draws(key, number, day, change):
    found = np.empty(day.size, np.int64)
    for n in range(day.size):
        found[n] = scatterers._last_draw(key, number[n], day[n], change[n])
    return found


def test_last_draw_is_that_of_a_search_day_by_day():
    """Exactly: rare and frequent draws, days around the epoch and years after it."""
    rng = np.random.default_rng(1)
    size = 4000
    number = rng.integers(0, 1 << 40, size).astype(np.uint64)
    day = np.where(rng.random(size) < 0.3, rng.integers(0, 10, size), rng.integers(0, 3000, size))
    change = np.where(rng.random(size) < 0.5, rng.integers(1, 4000, size), rng.integers(1, 65536, size)).astype(
        np.uint16
    )
    found = _last_draws(np.uint64(123456789), number, day, change)
    expected = [last_draw(123456789, *map(int, one)) for one in zip(number, day, change, strict=True)]
    np.testing.assert_array_equal(found, expected)


@pytest.mark.parametrize("turns", [0.0, 0.25, -0.1, 0.999999, 1234.5678, -3.1e7 - 0.3])
def test_phasor(turns):
    """To 1e-10 and what float64 keeps of the turns: 2 pi times their last digit."""
    seen = complex(*phasor(turns))
    assert abs(seen - cmath.exp(2j * math.pi * math.fmod(turns, 1.0))) < 1e-10 + 2 * math.pi * np.spacing(abs(turns))

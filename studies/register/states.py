"""States of objects: false alarms among steady series, and how soon a change is told.

    python -m studies.register.states [--record]

Series of 60 dates, 12 days apart, of the mean of an object; noise of 2 mm a date that remembers,
wholly or with 0.4 of its variance. The test is told nothing of it: it learns it from 300 series of
still ground. 10,000 steady ones test the rate of false alarms at one release. Then a region: 40
steady objects, three that speed up and two that stop at date 40, looked at after each of the next
six acquisitions.
"""

import argparse

import numpy as np

from sarslide.rates.states import (
    ACCELERATING,
    FALSE_ALARMS,
    SLOWING,
    STEADY,
    Noise,
    correlation,
    limit,
    noise_of,
    states,
)
from studies.register import put, row

COMMAND = "python -m studies.register.states --record"
DATES, DAYS, CHANGE = 60, 12, 40  # of the series; number of the date from which the rate is another
YEARS = np.arange(DATES) * DAYS / 365.25
NOISE_MM = 2.0
NOISES = {
    "that remembers 0 days": Noise(0.0, 1.0),
    "that remembers 10 days": Noise(1.0, 10 / 365.25),
    "that remembers 25 days": Noise(1.0, 25 / 365.25),
    "of whose variance 0.4 remembers 120 days": Noise(0.4, 120 / 365.25),
}
STEADY_SERIES, STILL_SERIES = 10_000, 300
# Rates before and after, mm/yr along the line of sight.
CHANGING = [(-30, -120), (20, 90), (-60, -180), (-80, 0), (60, 0)]
STEADY_RATES = np.linspace(-120, 120, 40)
SIX = 6


def noise(rng: np.random.Generator, series: int, kind: Noise, dates: int = DATES) -> np.ndarray:
    """(series, dates), mm."""
    root = np.linalg.cholesky(correlation(YEARS[:dates], kind))
    return NOISE_MM * rng.normal(size=(series, dates)) @ root.T


def learnt_limit(rng: np.random.Generator, kind: Noise, dates: int) -> float:
    """The limit that still ground of the same noise leads to."""
    years = YEARS[:dates]
    return limit(years, noise_of(noise(rng, STILL_SERIES, kind, dates), years))


def alarms(rng: np.random.Generator, kind: Noise) -> int:
    """Of the steady series, those that are told to change."""
    rates = rng.uniform(-200, 200, STEADY_SERIES)
    found = states(rates[:, None] * YEARS + noise(rng, STEADY_SERIES, kind), YEARS, learnt_limit(rng, kind, DATES))
    return sum(state != STEADY for state in found)


def region(rng: np.random.Generator, kind: Noise) -> tuple[list[int], int]:
    """Acquisitions after the change until each changing object is told, 0 not within six; steady
    ones that are told at any of the six.
    """
    pairs = [*((rate, rate) for rate in STEADY_RATES), *CHANGING]
    after = np.clip(YEARS - YEARS[CHANGE], 0, None)
    series = np.array([before * YEARS + (later - before) * after for before, later in pairs])
    series += noise(rng, len(pairs), kind)
    told, false = dict.fromkeys(range(len(CHANGING)), 0), set()
    for since in range(1, SIX + 1):
        dates = CHANGE + since + 1
        found = states(series[:, :dates], YEARS[:dates], learnt_limit(rng, kind, dates))
        false |= {number for number, state in enumerate(found[:40]) if state != STEADY}
        for number, ((before, later), state) in enumerate(zip(CHANGING, found[40:], strict=True)):
            expected = ACCELERATING if abs(later) > abs(before) else SLOWING
            if state == expected and not told[number]:
                told[number] = since
    return list(told.values()), len(false)


def main() -> None:
    """Measure, print, and with --record keep the rows."""
    parser = argparse.ArgumentParser(prog="python -m studies.register.states", description=__doc__)
    parser.add_argument("--record", action="store_true", help="put the rows into the record and its page")
    record = parser.parse_args().record
    rng, rows = np.random.default_rng(2022), []
    spread = 1.96 * np.sqrt(STEADY_SERIES * FALSE_ALARMS * (1 - FALSE_ALARMS))
    expected = STEADY_SERIES * FALSE_ALARMS
    for name, kind in NOISES.items():
        of_noise = f"noise of {NOISE_MM:g} mm a date {name}"
        count = alarms(rng, kind)
        rows.append(
            row(
                f"10,000 steady series of {DATES} dates, {of_noise}: told to change",
                count,
                COMMAND,
                f"{expected - spread:.0f} to {expected + spread:.0f}",
                bool(abs(count - expected) <= spread),
            )
        )
        told, false = region(rng, kind)
        rows.append(
            row(
                f"three that speed up and two that stop, {of_noise}: acquisitions until each is told",
                ", ".join(str(one) if one else "not within six" for one in told),
                COMMAND,
                "all within six",
                all(told),
            )
        )
        rows.append(
            row(
                f"40 steady beside them, {of_noise}: told at any of six releases",
                false,
                COMMAND,
            )
        )
    if record:
        put(rows)
    else:
        for one in rows:
            print(one["what"], "|", one["goal"], "|", one["measured"], "|", one["met"])


if __name__ == "__main__":
    main()

"""The state of still ground on real noise: how often cells that do not move are told to change.

    python -m studies.office.still_ground --real-data DATA --folder OUT [--record]

OUT holds the run of `studies.displacement.houston`: our SBAS on 93 real dates. Still cells are
chosen by mean coherence and by their rate over all dates, without a look at their state. So that no
cell is judged by noise learnt from itself, the noise of one half of them, a chequerboard of 8 x 8
cells, gives the limit of the other half. The towns are too small for what the product asks, 100
means of 8 x 8 cells: noise is learnt from single cells. The test is made at the last date and, as
the register would at releases, at each sixth before, so that no two share the six acquisitions.
The binomial interval takes cells as independent; neighbours are not, and the true one is wider.
"""

import argparse
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from sarslide.inventory.followed import STILL_BLOCK
from sarslide.io import raster, series
from sarslide.network import years_of
from sarslide.rates.states import (
    ACCELERATING,
    FALSE_ALARMS,
    MIN_DATES,
    SLOWING,
    STEADY,
    WINDOW,
    Noise,
    limit,
    noise_of,
    states,
)
from studies import houston
from studies.office import put, row
from studies.structure.records import keep_or_tell

COMMAND = "python -m studies.office.still_ground --real-data $SARSLIDE_REAL_DATA --folder OUT --record"
MIN_COHERENCE, MAX_RATE = 0.4, 2.0  # mm/yr
WHOLE_CYCLES = 0.9  # temporal coherence: below it some pairs have other cycles than the rest
GOAL = f"{FALSE_ALARMS:g} within the interval, or less"


@dataclass(frozen=True)
class Still:
    """Still cells.

    Attributes
    ----------
    years : (dates,) array of float
        Times of the dates.
    series : (cells, dates) array of float
        Displacement, mm.
    half : (cells,) array of int
        0 or 1.
    window : (cells,) array of str
        Name of the window of each.
    coherent : (cells,) array of bool
        Whether the pairs agree on its cycles.
    """

    years: np.ndarray
    series: np.ndarray
    half: np.ndarray
    window: np.ndarray
    coherent: np.ndarray

    def told(self, dates: int) -> tuple[np.ndarray, list[Noise]]:
        """States at the release of the first dates, and the noise of both halves."""
        found, noises, years = np.empty(len(self.half), object), [], self.years[:dates]
        for half in (0, 1):
            noises.append(noise_of(self.series[self.half == half][:, :dates], years))
            judged = self.half != half
            found[judged] = states(self.series[judged][:, :dates], years, limit(years, noises[-1]))
        return found, noises


def still_cells(folder: Path, places: dict[str, tuple[slice, slice]]) -> Still:
    """The cells of a run that are coherent, known at all dates, and nearly without a rate."""
    dates, moved = series.read(folder / "timeseries.nc")
    layers = {
        name: raster.read(folder / f"{name}.tif")
        for name in ("los_rate_mm_per_yr", "mean_coherence", "temporal_coherence")
    }
    chosen = np.isfinite(moved).all(0) & (layers["mean_coherence"] >= MIN_COHERENCE)
    chosen &= np.abs(layers["los_rate_mm_per_yr"]) <= MAX_RATE
    rows, cols = np.nonzero(chosen)
    window = np.full(chosen.shape, "", object)
    for name, place in places.items():
        window[place] = name
    return Still(
        years_of(dates),
        moved[:, rows, cols].T.astype(float),
        (rows // STILL_BLOCK + cols // STILL_BLOCK) % 2,
        window[rows, cols],
        layers["temporal_coherence"][rows, cols] >= WHOLE_CYCLES,
    )


def share(found: np.ndarray) -> tuple[str, bool]:
    """States as text, and whether the stated rate is not below the interval of the share."""
    from scipy.stats import binomtest

    counts = {state: int(np.sum(found == state)) for state in (ACCELERATING, SLOWING, STEADY)}
    changed = found.size - counts[STEADY]
    interval = binomtest(changed, found.size).proportion_ci(0.95, "wilson")
    words = ", ".join(f"{count:,} {state}" for state, count in counts.items())
    text = f"{words}: {100 * changed / found.size:.2g} % ({100 * interval.low:.2g} to {100 * interval.high:.2g})"
    return text, bool(interval.low <= FALSE_ALARMS)


def rows(still: Still) -> Iterator[dict]:
    """Rows of the last release and of all."""
    cells, dates = still.series.shape
    of_window = ", ".join(f"{np.sum(still.window == name)} in {name}" for name in houston.WINDOWS)
    what = (
        f"Houston, {cells} still cells (coherence from {MIN_COHERENCE:g}, rate within {MAX_RATE:g} mm/yr; {of_window})"
    )
    ends = range(dates, MIN_DATES, -WINDOW)
    told = {end: still.told(end) for end in ends}
    found = np.array([told[end][0] for end in ends])
    text, met = share(found[0])
    yield row(f"{what}: told at the last date (95 % interval)", text, COMMAND, GOAL, met)
    text, met = share(found)
    yield row(f"{what}: told at {len(ends)} releases, six dates apart (95 % interval)", text, COMMAND, GOAL, met)
    changed = found != STEADY
    of_release = ", ".join(f"{100 * each:.2g}" for each in changed.mean(1)[::-1])
    yield row(f"{what}: told at each of these releases, %", of_release, COMMAND)
    by_window = ", ".join(f"{100 * changed[:, still.window == name].mean():.2g} in {name}" for name in houston.WINDOWS)
    yield row(f"{what}: told at these releases by window, %", by_window, COMMAND)
    parts = [
        f"{100 * changed[:, still.coherent == one].mean():.2g} of {np.sum(still.coherent == one)}" for one in (1, 0)
    ]
    of_cycles = f"{what}: told at these releases, % of cells whose pairs agree on the cycles, and of others"
    yield row(f"{of_cycles} (temporal coherence from {WHOLE_CYCLES:g}, below)", "; ".join(parts), COMMAND)
    noises = " and ".join(f"{one.share:.2f} for {365.25 * one.memory_years:.0f} days" for one in told[dates][1])
    yield row(f"{what}: part of the noise that remembers, both halves", noises, COMMAND)


def main() -> None:
    """Measure, print, and with --record keep the rows."""
    parser = argparse.ArgumentParser(prog="python -m studies.office.still_ground", description=__doc__)
    parser.add_argument("--real-data", type=Path, required=True, metavar="DATA")
    parser.add_argument("--folder", type=Path, required=True, help="that of studies.displacement.houston")
    parser.add_argument("--record", action="store_true", help="put the rows into the record and its page")
    chosen = parser.parse_args()
    _, places = houston.grid_of(houston.windows(chosen.real_data))
    still = still_cells(chosen.folder / "files" / houston.RATES, places)
    keep_or_tell(list(rows(still)), put, chosen.record)


if __name__ == "__main__":
    main()

"""Step of the phase where one burst takes over from the next, beside that of rows away from there.

A geocoded SLC keeps even and odd bursts in bands of their own. Down each column of the region one
band ends and the other begins, with ground between that both see. The step of a column is that at
the first edge of this ground plus that at its last; what the phase does in between drops out. Each
is the difference of the mean phasors of `ROWS` cells on either side, less the slope that the next
`ROWS` cells show. The median over the columns is the step of the seam. Two edges of the same shape,
moved to where no seam is near, show what noise and fringes make of it.
"""

from contextlib import ExitStack
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import numpy as np
from scipy import ndimage

from sarslide.grid import Lattice, RegionGrid
from sarslide.insar.native.cells import mark_seen
from sarslide.insar.native.geocode_slc import BANDS
from sarslide.insar.native.interferogram import cells_of, open_slc, read_bands, slc_blocks
from sarslide.insar.native.overlap import RINGS

ROWS = 5  # cells on either side of an edge
MIN_COHERENCE = 0.3
MIN_COLUMNS = 20
BOTH = 3  # of a cell: 1 even, 2 odd, 3 both, 0 none or another swath


@dataclass(frozen=True)
class Steps:
    """Steps of an interferogram.

    Attributes
    ----------
    seams_rad : list of float
        Of each seam the median over its columns, rad; later burst in row order minus earlier one.
    away_rad : list of float
        The same at edges that are moved away from the seams, rad.
    """

    seams_rad: list[float]
    away_rad: list[float]

    @property
    def largest_rad(self) -> float:
        """Largest step of a seam, rad, without sign."""
        return max(map(abs, self.seams_rad), default=float("nan"))

    @property
    def noise_rad(self) -> float:
        """Twice the rms of the steps away from seams, rad."""
        return 2 * float(np.sqrt(np.mean(np.square(self.away_rad)))) if self.away_rad else float("nan")


def bands_seen(path: Path, grid: RegionGrid) -> np.ndarray:
    """Cells in which each band of a geocoded SLC has a sample.

    Parameters
    ----------
    path : Path
        Geocoded SLC.
    grid : RegionGrid
        The region.

    Returns
    -------
    (bands, rows, cols) array of bool
        Outer even, outer odd, inner even, inner odd.
    """
    lattice = Lattice.of(grid)
    seen = np.zeros((len(BANDS), *grid.shape), bool)
    with ExitStack() as stack:
        source = open_slc(stack, path, lattice)
        for rows, cols in slc_blocks(lattice):
            at = cells_of(lattice, rows, cols)
            for band, samples in read_bands(source, rows, cols).items():
                mark_seen(samples, lattice.per_y, lattice.per_x, seen[band][at])
    return seen


def steps(phase_rad: np.ndarray, coherence: np.ndarray, seen: np.ndarray) -> Steps:
    """Steps of an interferogram at its seams and away from them.

    Parameters
    ----------
    phase_rad : (rows, cols) array of float
        Wrapped, unfiltered phase, NaN without data.
    coherence : (rows, cols) array of float
        Coherence; cells below MIN_COHERENCE are left out.
    seen : (bands, rows, cols) array of bool
        Of `bands_seen`.

    Returns
    -------
    Steps
        Empty where no seam lies in the region.
    """
    usable = np.isfinite(phase_rad) & (coherence >= MIN_COHERENCE)
    phasor = np.where(usable, np.exp(1j * np.nan_to_num(phase_rad)), 0)
    # Sums from the north down: the mean of any run of rows is a difference of two.
    sums = np.concatenate([np.zeros((1, phasor.shape[1]), complex), np.cumsum(phasor, axis=0)])
    at_seams, away = [], []
    for ring in RINGS:
        kind = _kinds(ring, seen)
        for cols, top, bottom in _seams(kind):
            found = _median_step(sums, cols, top, bottom)
            if found is None:
                continue
            at_seams.append(found)
            away += _moved(sums, kind, cols, top)
    return Steps(at_seams, away)


def _kinds(ring: str, seen: np.ndarray) -> np.ndarray:
    """1 even burst, 2 odd, 3 both, of the cells that one ring alone sees."""
    even, odd = RINGS[ring]
    others = [band for band in range(len(seen)) if band not in (even, odd)]
    return np.where(seen[others].any(axis=0), 0, seen[even] + 2 * seen[odd].astype(np.int8))


def _seams(kind: np.ndarray) -> list[tuple[np.ndarray, np.ndarray, np.ndarray]]:
    """Columns of each seam; in each the first row that both bursts see, and the one after them."""
    labels, count = ndimage.label(kind == BOTH, np.ones((3, 3)))
    found = []
    for label, (rows, _) in enumerate(ndimage.find_objects(labels), start=1):
        mine = labels[rows] == label
        cols = np.flatnonzero(mine.any(axis=0))
        top = rows.start + mine[:, cols].argmax(axis=0)
        bottom = rows.stop - mine[::-1, cols].argmax(axis=0)
        whole = (top > 0) & (bottom < len(kind))
        cols, top, bottom = cols[whole], top[whole], bottom[whole]
        above, below = kind[top - 1, cols], kind[bottom, cols]
        changes = (above + below == BOTH) & (above > 0) & (below > 0)
        found.append((cols[changes], top[changes], bottom[changes]))
    return found


def _median_step(sums: np.ndarray, cols: np.ndarray, top: np.ndarray, bottom: np.ndarray) -> float | None:
    """Median over the columns of the steps at `top` and `bottom` together; None of too few."""
    inside = (top >= 2 * ROWS) & (bottom + 2 * ROWS < len(sums)) & (bottom - top >= 2 * ROWS)
    cols, edges = cols[inside], (top[inside], bottom[inside])
    if len(cols) < MIN_COLUMNS:
        return None
    step = np.angle(np.exp(1j * sum(_step(sums, cols, row) for row in edges)))
    known = np.isfinite(step)
    if known.sum() < MIN_COLUMNS:
        return None
    middle = np.angle(np.exp(1j * step[known]).sum())
    median = middle + np.median(np.angle(np.exp(1j * (step[known] - middle))))
    return float(np.angle(np.exp(1j * median)))


def _step(sums: np.ndarray, cols: np.ndarray, row: np.ndarray) -> np.ndarray:
    """Step at the head of a row beyond the slope of the phase on both sides; NaN without phase."""
    means = [sums[row + k * ROWS, cols] - sums[row + (k - 1) * ROWS, cols] for k in (-1, 0, 1, 2)]
    above, over, below = (np.angle(after * before.conj()) for before, after in pairwise(means))
    return np.where(np.all(np.abs(means) > 0, axis=0), over - (above + below) / 2, np.nan)


def _moved(sums: np.ndarray, kind: np.ndarray, cols: np.ndarray, top: np.ndarray) -> list[float]:
    """Steps of two edges of the seam's shape wherever neither meets a seam."""
    changed = np.concatenate([np.zeros((1, kind.shape[1]), int), np.cumsum(np.diff(kind, axis=0) != 0, axis=0)])
    found = []
    for shift in range(-len(kind), len(kind), ROWS):
        first = top + shift
        last = first + 2 * ROWS
        inside = (first >= 2 * ROWS) & (last + 2 * ROWS <= len(kind))
        at, high, low = cols[inside], first[inside], last[inside]
        alike = changed[high - 2 * ROWS, at] == changed[low + 2 * ROWS - 1, at]
        step = _median_step(sums, at[alike], high[alike], low[alike])
        found += [] if step is None else [step]
    return found

"""Interferograms of geocoded SLCs: one complex product, multilooked to the cells of the region."""

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from sarslide import names
from sarslide.errors import StackError
from sarslide.grid import Lattice
from sarslide.insar.coherence import coherence
from sarslide.insar.filter import goldstein
from sarslide.insar.multilook import cell_sum
from sarslide.io import raster

TILE = 256  # rows of a tile of a geocoded SLC
MIN_LOOKS = 40  # DESIGN's contract for coherence


@dataclass
class PairSums:
    """Sums over the samples of each cell, (rows, cols) of the region: earlier x conj(later), and the powers |s|^2 of both dates,
    over the samples that both dates have in the same band.
    """

    product: np.ndarray
    power_earlier: np.ndarray
    power_later: np.ndarray


@dataclass(frozen=True)
class Pair:
    """One interferogram on the region grid, float32 (rows, cols), NaN without data.

    unfiltered_rad, filtered_rad: wrapped phase, grows when the ground moves away from the satellite. coherence: 0..1.
    """

    unfiltered_rad: np.ndarray
    filtered_rad: np.ndarray
    coherence: np.ndarray


def multilook(
    files: dict[str, Path], pairs: list[str], lattice: Lattice, swapped: frozenset[str] = frozenset()
) -> dict[str, PairSums]:
    """Sums of each pair of geocoded SLC files (by date), read in strips of rows: each date once for all its pairs.

    swapped: pairs whose even and odd bands change places. Raises StackError for a pair whose date is not among the files,
    GridError or RasterError for a file off the lattice.
    """
    for pair in pairs:
        for date in names.split_pair(pair):
            if date not in files:
                raise StackError(f"pair {pair}: no geocoded SLC of {date}", "geocode that date first")
    shape = lattice.region.shape
    sums = {
        pair: PairSums(np.zeros(shape, np.complex64), np.zeros(shape, np.float32), np.zeros(shape, np.float32))
        for pair in pairs
    }
    for rows in _strips(lattice):
        strip = {date: _read(path, lattice, rows) for date, path in files.items()}
        for pair in pairs:
            earlier, later = (strip[date] for date in names.split_pair(pair))
            for band, first in earlier.items():
                second = later.get(band ^ (pair in swapped))
                if second is not None:
                    _add(sums[pair], first, second, rows, lattice)
    return sums


def _add(sums: PairSums, first: np.ndarray, second: np.ndarray, rows: slice, lattice: Lattice) -> None:
    cells = slice(rows.start // lattice.per_y, rows.stop // lattice.per_y)

    def summed(samples: np.ndarray) -> np.ndarray:
        return cell_sum(samples, lattice.per_y, lattice.per_x)

    sums.product[cells] += summed(first * second.conj())
    sums.power_earlier[cells] += summed(_power(first) * (second != 0))
    sums.power_later[cells] += summed(_power(second) * (first != 0))


def form_pair(sums: PairSums, looks: float, window: int, alpha: float, filter_window: int) -> Pair:
    """Phase and coherence of one pair.

    looks: independent looks of one cell; coherence takes window x window cells. The Goldstein filter has strength alpha and
    patches of filter_window cells; it sees the product over the root of the powers, so that no bright scatterer rules a patch.
    Where bursts overlap there are more looks than stated.
    """
    powers = sums.power_earlier * sums.power_later
    valid = powers > 0
    normalised = np.divide(sums.product, np.sqrt(powers), out=np.zeros_like(sums.product), where=valid)
    filtered = goldstein(normalised, alpha, filter_window)

    def phase(ifg: np.ndarray) -> np.ndarray:
        return np.where(valid, np.angle(ifg), np.nan).astype(np.float32)

    return Pair(
        phase(normalised),
        phase(filtered),
        coherence(sums.product, sums.power_earlier, sums.power_later, window, looks * window**2),
    )


def coherence_window(wanted: int, looks: float) -> int:
    """The smallest odd window, no smaller than `wanted`, that holds MIN_LOOKS independent looks."""
    window = wanted | 1
    while window**2 * looks < MIN_LOOKS:
        window += 2
    return window


def mean_power(files: Iterable[Path], lattice: Lattice) -> np.ndarray:
    """Mean |s|^2 of the samples of each cell over all dates, float32 (rows, cols); NaN where no date has data."""
    total = np.zeros(lattice.region.shape)
    count = np.zeros(lattice.region.shape)
    for path in files:
        for rows in _strips(lattice):
            cells = slice(rows.start // lattice.per_y, rows.stop // lattice.per_y)
            for samples in _read(path, lattice, rows).values():
                power = _power(samples)
                total[cells] += cell_sum(power, lattice.per_y, lattice.per_x)
                count[cells] += cell_sum((power > 0).astype(np.float32), lattice.per_y, lattice.per_x)
    return np.divide(total, count, out=np.full(total.shape, np.nan), where=count > 0).astype(np.float32)


def _power(samples: np.ndarray) -> np.ndarray:
    return samples.real**2 + samples.imag**2


def _strips(lattice: Lattice) -> Iterable[slice]:
    # Whole cells and whole tiles.
    step = TILE * lattice.per_y
    return [slice(start, min(start + step, lattice.rows)) for start in range(0, lattice.rows, step)]


def _read(path: Path, lattice: Lattice, rows: slice) -> dict[int, np.ndarray]:
    """Rows of the bands that hold something there."""
    if rows.start == 0:
        raster.check_grid(path, lattice)
    bands = {
        index: raster.read_block(path, rows, slice(0, lattice.cols), index + 1)
        for index in range(raster.band_count(path))
    }
    return {index: samples for index, samples in bands.items() if samples.any()}

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


@dataclass(frozen=True)
class Multilooked:
    """Sums over the samples of each cell, (rows, cols) of the region: power |s|^2 by date, earlier x conj(later) by pair."""

    power: dict[str, np.ndarray]
    product: dict[str, np.ndarray]


@dataclass(frozen=True)
class Pair:
    """One interferogram on the region grid, float32 (rows, cols), NaN without data.

    unfiltered_rad, filtered_rad: wrapped phase, grows when the ground moves away from the satellite. coherence: 0..1.
    """

    unfiltered_rad: np.ndarray
    filtered_rad: np.ndarray
    coherence: np.ndarray


def multilook(files: dict[str, Path], pairs: list[str], lattice: Lattice) -> Multilooked:
    """Powers and products of geocoded SLC files (by date), read in strips of rows: each date once for all its pairs.

    Raises StackError for a pair whose date is not among the files, GridError or RasterError for a file off the lattice.
    """
    for pair in pairs:
        for date in names.split_pair(pair):
            if date not in files:
                raise StackError(f"pair {pair}: no geocoded SLC of {date}", "geocode that date first")
    shape = lattice.region.shape
    power = {date: np.zeros(shape, np.float32) for date in files}
    product = {pair: np.zeros(shape, np.complex64) for pair in pairs}
    for rows in _strips(lattice):
        cells = slice(rows.start // lattice.per_y, rows.stop // lattice.per_y)
        strip = {date: _read(path, lattice, rows) for date, path in files.items()}
        for date, samples in strip.items():
            power[date][cells] = cell_sum(samples.real**2 + samples.imag**2, lattice.per_y, lattice.per_x)
        for pair in pairs:
            earlier, later = names.split_pair(pair)
            product[pair][cells] = cell_sum(strip[earlier] * strip[later].conj(), lattice.per_y, lattice.per_x)
    return Multilooked(power, product)


def form_pair(sums: Multilooked, pair: str, looks: float, window: int, alpha: float, filter_window: int) -> Pair:
    """Phase and coherence of one pair.

    looks: independent looks of one cell; coherence takes window x window cells. The Goldstein filter has strength alpha and
    patches of filter_window cells; it sees the product over the root of the powers, so that no bright scatterer rules a patch.
    """
    earlier, later = names.split_pair(pair)
    powers = sums.power[earlier] * sums.power[later]
    valid = powers > 0
    normalised = np.divide(sums.product[pair], np.sqrt(powers), out=np.zeros_like(sums.product[pair]), where=valid)
    filtered = goldstein(normalised, alpha, filter_window)

    def phase(ifg: np.ndarray) -> np.ndarray:
        return np.where(valid, np.angle(ifg), np.nan).astype(np.float32)

    return Pair(
        phase(normalised),
        phase(filtered),
        coherence(sums.product[pair], sums.power[earlier], sums.power[later], window, looks * window**2),
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
            samples = _read(path, lattice, rows)
            cells = slice(rows.start // lattice.per_y, rows.stop // lattice.per_y)
            square = samples.real**2 + samples.imag**2
            total[cells] += cell_sum(square, lattice.per_y, lattice.per_x)
            count[cells] += cell_sum((square > 0).astype(np.float32), lattice.per_y, lattice.per_x)
    return np.divide(total, count, out=np.full(total.shape, np.nan), where=count > 0).astype(np.float32)


def _strips(lattice: Lattice) -> Iterable[slice]:
    # Whole cells and whole tiles.
    step = TILE * lattice.per_y
    return [slice(start, min(start + step, lattice.rows)) for start in range(0, lattice.rows, step)]


def _read(path: Path, lattice: Lattice, rows: slice) -> np.ndarray:
    if rows.start == 0:
        raster.check_grid(path, lattice)
    return raster.read_block(path, rows, slice(0, lattice.cols))

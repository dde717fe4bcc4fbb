"""Ground that two bursts or two swaths see: their interferograms must agree.

This checks geometry, ramps and orbits.
"""

from dataclasses import dataclass, field

import numpy as np

MIN_COHERENCE = 0.5  # of one cell in both products; incoherent cells of 9 looks show 0.3
RINGS = {"outer": (0, 1), "inner": (2, 3)}  # even and odd band of each


@dataclass
class BandSums:
    """Sums over the cells of a block for one band.

    Attributes
    ----------
    product : (rows, cols) array of complex64
        Earlier x conj(later).
    power_1, power_2 : (rows, cols) array of float32
        Powers of both dates.
    """

    product: np.ndarray
    power_1: np.ndarray
    power_2: np.ndarray


@dataclass
class Overlaps:
    """Double-covered cells of one pair, collected block by block.

    Kinds: `outer` and `inner` (bursts), `swaths`. The value of a cell is the product of the even
    band x conj(product of the odd one), or outer x conj(inner) for swaths; its size is the product
    of the two coherences.

    Attributes
    ----------
    found : dict of list
        Of each kind rows, columns and values, block by block.
    """

    found: dict[str, list[tuple[np.ndarray, np.ndarray, np.ndarray]]] = field(default_factory=dict)

    def collect(self, bands: dict[int, BandSums], first_row: int, first_col: int) -> None:
        """Take the double-covered cells of a block.

        Parameters
        ----------
        bands : dict of BandSums
            Sums of each band.
        first_row, first_col : int
            Place of the block's first cell.
        """
        joint = {}
        for ring, pair in RINGS.items():
            held = [bands[band] for band in pair if band in bands]
            if len(held) == 2:
                self._add(ring, held[0], held[1], first_row, first_col)
            if held:
                joint[ring] = held[0] if len(held) == 1 else _sum(*held)
        if len(joint) == 2:
            self._add("swaths", joint["outer"], joint["inner"], first_row, first_col)

    def _add(self, kind: str, one: BandSums, other: BandSums, first_row: int, first_col: int) -> None:
        a, b = (_normalised(sums) for sums in (one, other))
        rows, cols = np.nonzero((np.abs(a) > MIN_COHERENCE) & (np.abs(b) > MIN_COHERENCE))
        if rows.size:
            value = (a[rows, cols] * b[rows, cols].conj()).astype(np.complex64)
            self.found.setdefault(kind, []).append((rows + first_row, cols + first_col, value))

    def cells(self, kind: str) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Cells of one kind.

        Parameters
        ----------
        kind : str
            `outer`, `inner` or `swaths`.

        Returns
        -------
        rows, cols : array of int
            Their places.
        values : array of complex64
            Their values.
        """
        parts = self.found.get(kind, [])
        if not parts:
            none = np.zeros(0, int)
            return none, none, np.zeros(0, np.complex64)
        rows, cols, values = (np.concatenate(one) for one in zip(*parts, strict=True))
        return rows, cols, values

    def to_dict(self) -> dict:
        """JSON-ready check of bursts and of swaths; None without overlap.

        Returns
        -------
        dict
            Of each cells, median and robust spread of the phase difference, rad.
        """
        bursts = np.concatenate([self.cells(ring)[2] for ring in RINGS])
        return {"bursts": _spread(bursts), "swaths": _spread(self.cells("swaths")[2])}


def _sum(one: BandSums, other: BandSums) -> BandSums:
    return BandSums(one.product + other.product, one.power_1 + other.power_1, one.power_2 + other.power_2)


def _normalised(sums: BandSums) -> np.ndarray:
    power = sums.power_1 * sums.power_2
    return np.divide(sums.product, np.sqrt(power), out=np.zeros_like(sums.product), where=power > 0)


def _spread(values: np.ndarray) -> dict | None:
    """Median about the circular mean, and 1.4826 times the median absolute deviation from it."""
    if not values.size:
        return None
    middle = np.angle(values.sum(dtype=np.complex128))
    away = np.angle(values * np.exp(-1j * middle))
    median = float(np.median(away))
    return {
        "cells": int(values.size),
        "median_rad": round(float(np.angle(np.exp(1j * (middle + median)))), 5),
        "spread_rad": round(1.4826 * float(np.median(np.abs(away - median))), 5),
    }

"""Enhanced spectral diversity: azimuth misregistration of a pair from overlaps of its bursts.

P. Prats-Iraola et al., 2012, doi:10.1109/TGRS.2012.2193893; N. Yague-Martinez et al., 2016,
doi:10.1109/TGRS.2015.2497902. Two consecutive bursts see the ground of their overlap under squints
that are 4 to 5 kHz of Doppler frequency apart. Where an image is taken `shift` too late, a burst of
Doppler frequency f gains the phase 2 pi f shift; the difference of the two bursts shows it, and
topography, motion and atmosphere, the same in both, drop out. What moves along the track (glaciers,
earthquakes) shows, too, and so do ionospheric gradients: the estimate is reported, never applied.
"""

from dataclasses import dataclass

import numpy as np

from sarslide.grid import RegionGrid
from sarslide.insar.native.cpu import positions, zero_doppler
from sarslide.insar.native.imaging import imaging_of
from sarslide.insar.native.kernel import AZIMUTH_TAPS, RANGE_TAPS
from sarslide.insar.native.overlap import RINGS, Overlaps
from sarslide.insar.native.surface import Surface
from sarslide.io.blocks import blocks
from sarslide.sentinel1.deramp import Ramp, ramp_of
from sarslide.sentinel1.safe import Scene

ROWS_AT_ONCE, COLS_AT_ONCE = 256, 512
SEARCH = 0.5  # of the shift at which the phase of an overlap wraps: 1e-4 s, 0.05 px
STEPS = 401
MIN_CELLS = 50


@dataclass(frozen=True)
class Misregistration:
    """Azimuth misregistration of a pair.

    How much later the geometry samples the later date than the earlier one, against what their
    echoes show.

    Attributes
    ----------
    shift_s, error_s : float
        Estimate and its standard error, s.
    line_interval_s : float
        Time between lines, s.
    ground_speed_m_s : float
        Speed of the beam over the ground, m/s.
    cells : int
        Coherent cells in overlaps.
    """

    shift_s: float
    error_s: float
    line_interval_s: float
    ground_speed_m_s: float
    cells: int

    def to_dict(self) -> dict:
        """JSON-ready; `applied` is always false."""
        px, cm = 1 / self.line_interval_s, 100 * self.ground_speed_m_s
        return {
            "shift_s": self.shift_s,
            "shift_px": round(self.shift_s * px, 6),
            "shift_cm": round(self.shift_s * cm, 3),
            "standard_error_px": round(self.error_s * px, 6),
            "standard_error_cm": round(self.error_s * cm, 3),
            "cells": self.cells,
            "applied": False,
        }


def overlap_doppler(scene: Scene, surface: Surface, region: RegionGrid) -> np.ndarray:
    """Doppler frequency of the even burst minus that of the odd one at the cells that both see.

    Parameters
    ----------
    scene : Scene
        The acquisition; even and odd count from its `cycle_phase`.
    surface : Surface
        Heights of the ground.
    region : RegionGrid
        Grid of the region.

    Returns
    -------
    (2, rows, cols) array of float32
        Difference, Hz, of the outer ring (IW1, IW3), then of the inner (IW2); NaN elsewhere.
    """
    surface.require(region)
    out = np.full((2, *region.shape), np.nan, np.float32)
    x, y = region.x(), region.y()
    ramps: dict[str, Ramp] = {}
    neighbours = [
        (one, other)
        for one in scene.bursts
        for other in scene.bursts
        if one.swath == other.swath and other.number == one.number + 1
    ]
    for rows, cols in blocks(region.shape, ROWS_AT_ONCE, COLS_AT_ONCE):
        heights = surface.heights(x[cols], y[rows])
        imaging = imaging_of(scene.arc, region.epsg, x[cols], y[rows], heights, zero_doppler)
        if imaging is None:
            continue
        near = {burst.name for burst in scene.bursts if imaging.may_see(burst)}
        if not near:
            continue
        time, distance = positions(imaging, heights)
        for one, other in neighbours:
            if one.name not in near or other.name not in near:
                continue
            margin = AZIMUTH_TAPS // 2, RANGE_TAPS // 2
            both = one.holds(one.line(time), one.sample(distance), margin)
            both &= other.holds(other.line(time), other.sample(distance), margin)
            if not both.any():
                continue
            for burst in (one, other):
                if burst.name not in ramps:
                    ramps[burst.name] = ramp_of(burst)
            frequency = [
                ramps[burst.name].frequency(burst.line(time[both]), burst.sample(distance[both]))
                for burst in (one, other)
            ]
            even_first = round(one.cycle - scene.cycle_phase) % 2 == 0
            ring = int(one.swath == "IW2")
            out[ring, rows, cols][both] = (frequency[0] - frequency[1]) * (1 if even_first else -1)
    return out


def misregistration(
    overlaps: Overlaps, doppler_hz: np.ndarray, line_interval_s: float, ground_speed_m_s: float, swapped: bool
) -> Misregistration | None:
    """The shift that makes the overlaps of both rings agree best.

    The search covers SEARCH of the ambiguity to both sides, the maximum is refined by weighted
    least squares; the standard error is that of the phases' own scatter.

    Parameters
    ----------
    overlaps : Overlaps
        Cells that two bursts see.
    doppler_hz : (2, rows, cols) array of float
        Of `overlap_doppler`, Hz.
    line_interval_s : float
        Time between lines, s.
    ground_speed_m_s : float
        Speed of the beam over the ground, m/s.
    swapped : bool
        The earlier date's even bursts are odd in `doppler_hz`.

    Returns
    -------
    Misregistration or None
        None with fewer than MIN_CELLS coherent cells.
    """
    values, slopes = [], []
    for ring, field in zip(RINGS, doppler_hz, strict=True):
        rows, cols, value = overlaps.cells(ring)
        frequency = field[rows, cols] * (-1 if swapped else 1)
        known = np.isfinite(frequency)
        values.append(value[known])
        slopes.append(2 * np.pi * frequency[known].astype(float))
    value, slope = np.concatenate(values), np.concatenate(slopes)
    if value.size < MIN_CELLS:
        return None
    # even x conj(odd) of earlier x conj(later) turns by -2 pi (f_even - f_odd) shift.
    wrap = 2 * np.pi / np.median(np.abs(slope))
    trial = np.linspace(-SEARCH, SEARCH, STEPS) * wrap
    agreement = [float((value * np.exp(1j * slope * shift)).real.sum()) for shift in trial]
    shift = float(trial[int(np.argmax(agreement))])
    weight = np.abs(value)
    for _ in range(3):
        left = np.angle(value * np.exp(1j * slope * shift))
        information = float((weight * slope**2).sum())
        shift -= float((weight * slope * left).sum()) / information
    left = np.angle(value * np.exp(1j * slope * shift))
    error = float(np.sqrt(((weight * slope * left) ** 2).sum()) / information)
    return Misregistration(shift, error, line_interval_s, ground_speed_m_s, int(value.size))

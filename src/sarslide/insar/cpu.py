"""The inner loops of geocoding for one CPU core, compiled. `tensor` holds the same program for a GPU."""

import math

import numpy as np
from numba import njit

from sarslide.insar.kernel import AZIMUTH_TAPS, PHASES, RANGE_TAPS
from sarslide.sentinel1.geometry import zero_doppler

__all__ = ["geocode_window", "zero_doppler"]

TWO_PI = 2 * math.pi


def geocode_window(data, first, burst, line, sample, turns, inside, out) -> None:
    """Fills `out`, complex64 (rows, cols), where `inside`, with samples at fractional positions of one burst.

    data: complex64 window of the burst whose first sample is at `first` = (line, sample), deramped in place. burst: its ramp and
    tables. line, sample: positions in the burst, float64 (rows, cols). turns: phase added at the end, cycles.
    """
    ramp = burst.ramp
    values = (ramp.rate, ramp.doppler, ramp.reference, ramp.middle_line, ramp.line_interval_s)
    deramp(data, *first, *values)
    resample(data, *first, *values, burst.azimuth_table, burst.range_table, line, sample, turns, inside, out)


@njit(cache=True, nogil=True, fastmath=True)
def deramp(samples, first_line, first_sample, rate, doppler, reference, middle_line, interval):
    """Takes the TOPS ramp out of a window of a burst, in place.

    samples: complex64 (lines, samples), whose first is at (first_line, first_sample) of the burst; the three arrays of the ramp
    hold one value for each sample of the burst.
    """
    lines, count = samples.shape
    last = rate.size - 1
    for i in range(lines):
        eta = (first_line + i - middle_line) * interval
        for j in range(count):
            column = min(max(first_sample + j, 0), last)  # columns beyond the burst hold zeros: any ramp does
            e = eta - reference[column]
            cycles = (0.5 * rate[column] * e + doppler[column]) * e
            # The whole turns go in double precision; what is left fits a float.
            angle = np.float32(-TWO_PI * (cycles - np.rint(cycles)))
            samples[i, j] *= complex(np.cos(angle), np.sin(angle))


@njit(cache=True, nogil=True, fastmath=True)
def resample(
    samples, first_line, first_sample, rate, doppler, reference, middle_line, interval,
    azimuth_table, range_table, line, sample, turns, inside, out,
):  # fmt: skip
    """Interpolates a deramped window at fractional positions, puts the ramp back and adds `turns` to the phase.

    line, sample: positions in the burst, float64 (rows, cols). turns: phase to add, cycles, float64 (rows, cols). Only positions
    `inside` are computed. out: complex64 (rows, cols).
    """
    rows, cols = line.shape
    flat = samples.view(np.float32)  # real and imaginary parts side by side, so that one loop combines both
    width = 2 * RANGE_TAPS
    row = np.empty(width, np.float32)
    for r in range(rows):
        for c in range(cols):
            if not inside[r, c]:
                continue
            l0, s0 = math.floor(line[r, c]), math.floor(sample[r, c])
            dl, ds = line[r, c] - l0, sample[r, c] - s0
            weights_l = azimuth_table[int(dl * PHASES + 0.5)]
            weights_s = range_table[int(ds * PHASES + 0.5)]
            top = l0 - first_line - AZIMUTH_TAPS // 2 + 1
            left = 2 * (s0 - first_sample - RANGE_TAPS // 2 + 1)
            for j in range(width):
                row[j] = 0
            for i in range(AZIMUTH_TAPS):
                weight = weights_l[i]
                for j in range(width):
                    row[j] += weight * flat[top + i, left + j]
            real, imaginary = np.float32(0), np.float32(0)
            for j in range(RANGE_TAPS):
                real += weights_s[j] * row[2 * j]
                imaginary += weights_s[j] * row[2 * j + 1]
            e = (line[r, c] - middle_line) * interval - (reference[s0] * (1 - ds) + reference[s0 + 1] * ds)
            k = rate[s0] * (1 - ds) + rate[s0 + 1] * ds
            f = doppler[s0] * (1 - ds) + doppler[s0 + 1] * ds
            cycles = (0.5 * k * e + f) * e + turns[r, c]
            angle = np.float32(TWO_PI * (cycles - np.rint(cycles)))
            out[r, c] = complex(real, imaginary) * complex(np.cos(angle), np.sin(angle))

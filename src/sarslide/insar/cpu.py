"""The inner loops of geocoding for one CPU core, compiled. `tensor` holds the same program for a GPU."""

import math

import numpy as np
from numba import njit

from sarslide.insar.kernel import AZIMUTH_TAPS, PHASES, RANGE_TAPS
from sarslide.sentinel1.geometry import FAR
from sarslide.sentinel1.orbit import Arc

TWO_PI = 2 * math.pi
TIME_TOLERANCE_S = 1e-10  # 1 micrometre of flight


def zero_doppler(arc: Arc, points: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """As `sentinel1.geometry.zero_doppler`, point by point: each solution starts the next."""
    flat = np.ascontiguousarray(points.reshape(-1, 3))
    time, distance = np.empty(len(flat)), np.empty(len(flat))
    series = np.ascontiguousarray(arc.coefficients)
    _newton(flat, series, arc.centre_s, arc.half_s, arc.start_s, arc.stop_s, time, distance)
    return time.reshape(points.shape[:-1]), distance.reshape(points.shape[:-1])


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


@njit(cache=True, nogil=True)
def _newton(points, coefficients, centre, half, start, stop, time, distance):
    n, last = points.shape[0], coefficients.shape[0] - 1
    u = 0.0  # neighbours are imaged at nearly the same time: each solution starts the next
    position, velocity = np.empty(3), np.empty(3)
    for i in range(n):
        found = False
        for _ in range(20):
            doppler, slope, square, horizon = 0.0, 0.0, 0.0, 0.0
            for axis in range(3):
                # Horner scheme for position, velocity and acceleration together.
                p, v, a = coefficients[last, axis], 0.0, 0.0
                for k in range(last - 1, -1, -1):
                    a = a * u + v
                    v = v * u + p
                    p = p * u + coefficients[k, axis]
                look = points[i, axis] - p
                doppler += v * look
                slope += 2 * a * look - v * v
                square += look * look
                horizon += p * p - points[i, axis] * points[i, axis]
                position[axis], velocity[axis] = p, v
            step = doppler / slope
            u -= step
            if not abs(u) < FAR:
                break
            if abs(step) * half < TIME_TOLERANCE_S:
                found = True
                break
        right = 0.0
        for axis in range(3):
            j, k = (axis + 1) % 3, (axis + 2) % 3
            right += (velocity[j] * position[k] - velocity[k] * position[j]) * (points[i, axis] - position[axis])
        if found and start <= centre + u * half <= stop and right > 0 and square < horizon:
            # The range is stationary at the root: the last step changes it by less than 1e-12 m.
            time[i], distance[i] = centre + u * half, np.sqrt(square)
        else:
            time[i], distance[i] = np.nan, np.nan
            if not abs(u) < FAR:
                u = 0.0

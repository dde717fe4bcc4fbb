"""The inner loops of geocoding for one CPU core, compiled.

`tensor` holds the same program for a GPU.
"""

import math

import numpy as np

from sarslide.insar.native.burst_program import BurstProgram
from sarslide.insar.native.compiled import njit
from sarslide.insar.native.imaging import NODES_H, NODES_X, NODES_Y, Imaging, Nodes
from sarslide.insar.native.kernel import AZIMUTH_TAPS, PHASES, RANGE_TAPS
from sarslide.sentinel1.burst import Burst
from sarslide.sentinel1.geometry import FAR
from sarslide.sentinel1.orbit import Arc

Place = tuple[np.ndarray, np.ndarray]  # times, s, and ranges, m, (rows, cols)
TIME_TOLERANCE_S = 1e-10  # 1 micrometre of flight
# sin(2 pi x) = x (S1 + S3 x^2 + S5 x^4 + ...) on a quarter turn to both sides, to 1e-8: the
# polynomial through the Chebyshev nodes. Loops with it run in vectors, with math.sin they do not.
S1, S3, S5, S7, S9 = 6.283185280154407, -41.341680613346504, 81.60247636892487, -76.58117264429453, 39.759827085654166


def zero_doppler(arc: Arc, points: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """As `sentinel1.geometry.zero_doppler`, point by point: each solution starts the next.

    Parameters
    ----------
    arc : Arc
        Orbit of the pass.
    points : (..., 3) array of float
        Earth-fixed points, m.

    Returns
    -------
    time : (...) array of float
        Zero-Doppler times, s; NaN where not seen.
    distance : (...) array of float
        Slant ranges, m; NaN where not seen.
    """
    flat = np.ascontiguousarray(points.reshape(-1, 3))
    time, distance = np.empty(len(flat)), np.empty(len(flat))
    series = np.ascontiguousarray(arc.coefficients)
    _newton(flat, series, arc.centre_s, arc.half_s, arc.start_s, arc.stop_s, time, distance)
    return time.reshape(points.shape[:-1]), distance.reshape(points.shape[:-1])


def positions(imaging: Imaging, heights_m: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Zero-Doppler time and slant range of the ground of a block.

    Parameters
    ----------
    imaging : Imaging
        Series of the block.
    heights_m : (rows, cols) array of float
        Heights, m.

    Returns
    -------
    time : (rows, cols) array of float
        Zero-Doppler times, s.
    distance : (rows, cols) array of float
        Slant ranges, m.
    """
    time, distance = evaluate(imaging, (imaging.time_s, imaging.range_m), heights_m)
    return time, distance


def evaluate(block: Imaging | Nodes, series: tuple[np.ndarray, ...], heights_m: np.ndarray) -> list[np.ndarray]:
    """Values of series on the ground of a block.

    Parameters
    ----------
    block : Imaging or Nodes
        The block.
    series : tuple of array
        Coefficients, each (NODES_H, NODES_Y, NODES_X).
    heights_m : (rows, cols) array of float
        Heights, m.

    Returns
    -------
    list of (rows, cols) array of float
        The values of each.
    """
    by_col = np.ascontiguousarray(block.by_col.T)
    values = []
    for one in series:
        values.append(np.empty(heights_m.shape))
        _series(np.ascontiguousarray(one), block.by_row, by_col, heights_m, block.height_m, block.half_m, values[-1])
    return values


def window_of(burst: BurstProgram, place: Place, margin: tuple[int, int]) -> tuple[int, int, int, int] | None:
    """First and last whole line and sample of the positions that a burst holds.

    Parameters
    ----------
    burst : BurstProgram
        The burst.
    place : tuple of array
        Times, s, and ranges, m, (rows, cols).
    margin : tuple of int
        Lines and samples that are left out at the edges.

    Returns
    -------
    tuple of int or None
        First and last line, first and last sample, inclusive; None without any.
    """
    found = np.array([2**31, -(2**31), 2**31, -(2**31)])
    _window(*place, *_timing(burst.burst), *_valid(burst.burst, margin), found)
    top, bottom, left, right = (int(one) for one in found)
    return (top, bottom, left, right) if top <= bottom else None


def geocode_window(
    data: np.ndarray,
    first: tuple[int, int],
    burst: BurstProgram,
    place: Place,
    wavelength_m: float,
    margin: tuple[int, int],
    out: np.ndarray,
) -> None:
    """Fill an array with the samples of one burst where it holds positions.

    The phase of the range, 4 pi / wavelength_m, is taken out.

    Parameters
    ----------
    data : array of complex64
        Window of the burst, deramped in place.
    first : tuple of int
        Line and sample of its first sample.
    burst : BurstProgram
        The burst, its ramp and tables.
    place : tuple of array
        Times, s, and ranges, m, (rows, cols).
    wavelength_m : float
        Radar wavelength, m.
    margin : tuple of int
        Lines and samples that are left out at the edges.
    out : (rows, cols) array of complex64
        Written to.
    """
    ramp = burst.ramp
    values = (ramp.rate, ramp.doppler, ramp.reference, ramp.middle_line, ramp.line_interval_s)
    deramp(data, *first, *values)
    resample(
        data, *first, *values, burst.azimuth_table, np.repeat(burst.range_table, 2, axis=1),
        *place, *_timing(burst.burst), *_valid(burst.burst, margin), 2 / wavelength_m, out,
    )  # fmt: skip


def _timing(burst: Burst) -> tuple[float, float, float, float]:
    """line = (time - a) b, sample = distance c - d."""
    from sarslide.constants import SPEED_OF_LIGHT

    rate = burst.range_sampling_hz
    return burst.start_s, 1 / burst.line_interval_s, 2 / SPEED_OF_LIGHT * rate, burst.range_time_s * rate


def _valid(burst: Burst, margin: tuple[int, int]) -> tuple[int, int, int, int]:
    lines, samples = margin
    return burst.first_line + lines, burst.last_line - lines, burst.first_sample + samples, burst.last_sample - samples


@njit(cache=True, nogil=True, fastmath=True)
def _series(series, by_row, by_col, heights, middle, half, out):
    """out = sum_kji series[k, j, i] level^k by_row[row, j] by_col[i, col].

    The level is that of the height, from -1 to 1: (height - middle) / half.
    The numbers of nodes are constants: the inner loops are unrolled, the columns run in vectors.
    """
    rows, cols = out.shape
    weight = np.empty((NODES_H, NODES_X))
    for r in range(rows):
        for k in range(NODES_H):
            for i in range(NODES_X):
                weight[k, i] = 0
                for j in range(NODES_Y):
                    weight[k, i] += series[k, j, i] * by_row[r, j]
        for c in range(cols):
            value, level = 0.0, (heights[r, c] - middle) / half
            for k in range(NODES_H - 1, -1, -1):
                power = 0.0
                for i in range(NODES_X):
                    power += weight[k, i] * by_col[i, c]
                value = value * level + power
            out[r, c] = value


@njit(cache=True, nogil=True)
def _window(time, distance, start, lines_per_s, samples_per_m, near, top, bottom, left, right, found):
    rows, cols = time.shape
    for r in range(rows):
        for c in range(cols):
            line, sample = (time[r, c] - start) * lines_per_s, distance[r, c] * samples_per_m - near
            # A position that is not known (NaN) is nowhere.
            if line >= top and line <= bottom and sample >= left and sample <= right:
                l0, s0 = int(line), int(sample)
                found[0], found[1] = min(found[0], l0), max(found[1], l0)
                found[2], found[3] = min(found[2], s0), max(found[3], s0)


@njit(cache=True, nogil=True, fastmath=True)
def _quarter(turns):
    """sin(2 pi turns), float32, for |turns| <= 1/4."""
    square = turns * turns
    high = np.float32(S5) + square * (np.float32(S7) + square * np.float32(S9))
    return turns * (np.float32(S1) + square * (np.float32(S3) + square * high))


@njit(cache=True, nogil=True, fastmath=True)
def phasor(turns):
    """Cosine and sine, float32, of a phase.

    Parameters
    ----------
    turns : float32
        Phase, cycles, half a turn at most to both sides: whole turns leave in double precision.

    Returns
    -------
    cosine, sine : float32
        To 2e-7.
    """
    quarter, size = np.float32(0.25), abs(turns)
    sine = _quarter(quarter - abs(size - quarter))
    return _quarter(quarter - size), math.copysign(sine, turns)


@njit(cache=True, nogil=True, fastmath=True)
def _phasors(turns, cosine, sine):
    for c in range(turns.size):
        cosine[c], sine[c] = phasor(turns[c])


@njit(cache=True, nogil=True, fastmath=True)
def deramp(samples, first_line, first_sample, rate, doppler, reference, middle_line, interval):
    """Take the TOPS ramp out of a window of a burst, in place.

    Parameters
    ----------
    samples : (lines, samples) array of complex64
        The window.
    first_line, first_sample : int
        Place of its first sample in the burst.
    rate, doppler, reference : array of float
        The ramp, one value for each sample of the burst.
    middle_line : float
        Line from which azimuth time counts.
    interval : float
        Time between lines, s.
    """
    lines, count = samples.shape
    # Columns beyond the burst hold zeros: they stay as they are.
    begin, end = max(-first_sample, 0), min(count, rate.size - first_sample)
    turns = np.zeros(count, np.float32)
    cosine, sine = np.empty(count, np.float32), np.empty(count, np.float32)
    for i in range(lines):
        eta = (first_line + i - middle_line) * interval
        for j in range(begin, end):
            column = first_sample + j
            e = eta - reference[column]
            cycles = (0.5 * rate[column] * e + doppler[column]) * e
            turns[j] = np.float32(cycles - np.rint(cycles))
        _phasors(turns, cosine, sine)
        for j in range(begin, end):
            real, imaginary = samples[i, j].real, samples[i, j].imag
            samples[i, j] = complex(real * cosine[j] + imaginary * sine[j], imaginary * cosine[j] - real * sine[j])


@njit(cache=True, nogil=True)
def _held(time, distance, start, lines_per_s, samples_per_m, near, top, bottom, left, right, line, sample):
    """Positions of one row in a burst; returns the first and one beyond the last that it holds.

    Others get line -1.
    """
    begin, end = time.size, 0
    for c in range(time.size):
        line[c], sample[c] = (time[c] - start) * lines_per_s, distance[c] * samples_per_m - near
        if line[c] >= top and line[c] <= bottom and sample[c] >= left and sample[c] <= right:
            begin, end = min(begin, c), c + 1
        else:
            line[c] = -1
    return begin, end


@njit(cache=True, nogil=True, fastmath=True)
def resample(
    samples, first_line, first_sample, rate, doppler, reference, middle_line, interval,
    azimuth_table, range_table, time, distance, start, lines_per_s, samples_per_m, near, top, bottom, left, right,
    turns_per_m, out,
):  # fmt: skip
    """Interpolate a deramped window, put the ramp back and take the phase of the range out.

    Parameters
    ----------
    samples : (lines, samples) array of complex64
        The window, deramped.
    first_line, first_sample : int
        Place of its first sample in the burst.
    rate, doppler, reference : array of float
        The ramp, one value for each sample of the burst.
    middle_line : float
        Line from which azimuth time counts.
    interval : float
        Time between lines, s.
    azimuth_table, range_table : array of float32
        Weights of the kernel; those of the range twice, for real and imaginary part.
    time, distance : (rows, cols) array of float64
        Times, s, and ranges, m.
    start, lines_per_s, samples_per_m, near : float
        line = (time - start) lines_per_s, sample = distance samples_per_m - near.
    top, bottom, left, right : int
        The valid part of the burst.
    turns_per_m : float
        Cycles of phase a metre of range.
    out : (rows, cols) array of complex64
        Written to.
    """
    rows, cols = time.shape
    # Real and imaginary parts side by side, so that one loop combines both. Its indices have no
    # sign: with one the compiler asks at each whether it counts from the end.
    flat, stride = samples.view(np.float32).ravel(), np.uint64(2 * samples.shape[1])
    line, sample = np.empty(cols), np.empty(cols)
    turns = np.zeros(cols, np.float32)
    cosine, sine = np.empty(cols, np.float32), np.empty(cols, np.float32)
    parts, folded = np.empty(2 * RANGE_TAPS, np.float32), np.empty(8, np.float32)
    half_l, half_s = AZIMUTH_TAPS // 2 - 1, RANGE_TAPS // 2 - 1
    for r in range(rows):
        begin, end = _held(
            time[r], distance[r], start, lines_per_s, samples_per_m, near, top, bottom, left, right, line, sample
        )
        # First the phases of the whole row, then their cosines, then its samples: the compiler runs
        # a loop over few arrays in vectors.
        for c in range(begin, end):
            s0 = int(min(max(sample[c], left), right))
            ds = sample[c] - s0
            e = (line[c] - middle_line) * interval - (reference[s0] * (1 - ds) + reference[s0 + 1] * ds)
            k = rate[s0] * (1 - ds) + rate[s0 + 1] * ds
            f = doppler[s0] * (1 - ds) + doppler[s0 + 1] * ds
            cycles = (0.5 * k * e + f) * e + distance[r, c] * turns_per_m
            turns[c] = np.float32(cycles - np.rint(cycles))
        _phasors(turns[begin:end], cosine[begin:end], sine[begin:end])
        for c in range(begin, end):
            if line[c] < 0:
                continue
            l0, s0 = int(line[c]), int(sample[c])
            # Written out so that the compiler keeps the eight weights in registers.
            wl = azimuth_table[int((line[c] - l0) * PHASES + 0.5)]
            w0, w1, w2, w3, w4, w5, w6, w7 = wl[0], wl[1], wl[2], wl[3], wl[4], wl[5], wl[6], wl[7]
            ws = range_table[int((sample[c] - s0) * PHASES + 0.5)]
            t0 = np.uint64(l0 - first_line - half_l) * stride + np.uint64(2 * (s0 - first_sample - half_s))
            t1 = t0 + stride
            t2 = t1 + stride
            t3 = t2 + stride
            t4 = t3 + stride
            t5 = t4 + stride
            t6 = t5 + stride
            t7 = t6 + stride
            for tap in range(2 * RANGE_TAPS):
                j = np.uint64(tap)
                parts[j] = ws[j] * (
                    w0 * flat[t0 + j] + w1 * flat[t1 + j] + w2 * flat[t2 + j] + w3 * flat[t3 + j]
                    + w4 * flat[t4 + j] + w5 * flat[t5 + j] + w6 * flat[t6 + j] + w7 * flat[t7 + j]
                )  # fmt: skip
            # The 24 parts as three vectors of eight, then their even and odd entries.
            for tap in range(8):
                j = np.uint64(tap)
                folded[j] = parts[j] + parts[j + np.uint64(8)] + parts[j + np.uint64(16)]
            real = (folded[0] + folded[2]) + (folded[4] + folded[6])
            imaginary = (folded[1] + folded[3]) + (folded[5] + folded[7])
            out[r, c] = complex(real * cosine[c] - imaginary * sine[c], real * sine[c] + imaginary * cosine[c])


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

"""Scatterers on the ground: where they lie, how bright they are, how they change, and how a burst
sees them.

Every cell of the world carries one scatterer in each of `PER_SIDE` x `PER_SIDE` strata, at a random
place within it, the same for all dates and both stacks. What is random about a scatterer is a
function of its number alone (a counter-based generator, SplitMix64: Steele, Lea and Flood 2014,
doi:10.1145/2714064.2660195), so that any date can be made alone.

Temporal decorrelation (`landcover.CoverClass`): the complex reflectivity is sqrt(lasting) a +
sqrt(fading) b(t) + sqrt(rest) c(t). a never changes. b is drawn anew on random days, with
probability 1 - exp(-1 / tau) a day, so that its correlation over t days is exp(-t / tau). c is
drawn anew on every date. All are circular Gaussian, so speckle is fully developed whatever the
number of scatterers in a resolution cell.

Of what `scattering.ScatteringSettings` adds, three things happen here: some scatterers of
settlements are points that last, brighter and higher than the ground; ground under seasonal snow
has an a and b of its own; and the phase of b turns from the day on which it was drawn.
"""

import math
from dataclasses import dataclass

import numba
import numpy as np

from sarsim import acquisition as radar
from sarsim.geometry import arc_state
from sarsim.landcover import SETTLEMENT, TOWN, Town
from sarsim.scattering import SEASONAL_SNOW, ScatteringSettings
from sarsim.slc import EDGE, WIDTH, BurstImage, carrier_turns, phasor, spread

# strata along each side of a cell: 4.3 m for cells of 30 m, so that even back slopes of 50 degrees
# have two a resolution cell
PER_SIDE = 7
SHADOW_PER_CELL = 3  # samples of the shadow mask along each side of a cell
DRAWS = 4096  # tabulated circular Gaussian values

_GOLDEN = np.uint64(0x9E3779B97F4A7C15)
_MIX_A, _MIX_B = np.uint64(0xBF58476D1CE4E5B9), np.uint64(0x94D049BB133111EB)
_BITS_8, _BITS_12, _BITS_16 = np.uint64(0xFF), np.uint64(0xFFF), np.uint64(0xFFFF)
# four numbers of 16 bits in one of 64: all of them 1, the highest bit of each
_EACH, _TOP = np.uint64(0x0001000100010001), np.uint64(0x8000800080008000)
_SNOW = np.uint64(1 << 63)  # sets the number of a scatterer under seasonal snow apart


@dataclass(frozen=True)
class ScatteringGround:
    """What a track sees of a window of a world, (rows, cols) cells.

    Attributes
    ----------
    xyz : (rows, cols, 3) array of float
        Earth-fixed centres, m.
    amplitude : ndarray
        Root of the radar cross section of one scatterer, m; 0 where nothing is lit.
    shadow : ndarray
        bool, on `SHADOW_PER_CELL` samples a cell.
    cover : ndarray
        uint8, codes of `landcover`.
    time, sample : ndarray
        Zero-Doppler time, s, and two-way time, samples, on the reference orbit.
    corner : int
        Number of the first cell in the world.
    stride : int
        Cells of a row of the world.
    """

    xyz: np.ndarray
    amplitude: np.ndarray
    shadow: np.ndarray
    cover: np.ndarray
    time: np.ndarray
    sample: np.ndarray
    corner: int
    stride: int


@dataclass(frozen=True)
class Reflectivity:
    """What is random about scatterers: of a world, a track and a polarisation.

    Attributes
    ----------
    gaussian : (DRAWS, 2) array of float32
        As from `gaussian_table`.
    settings : ScatteringSettings
        What of the measured scattering there is.
    key : int
        Number that sets this world and stack apart from others.
    place_key : int
        The same for the world.
    """

    gaussian: np.ndarray
    settings: ScatteringSettings
    key: int
    place_key: int


def gaussian_table(seed: np.random.SeedSequence) -> np.ndarray:
    """Circular Gaussian values of unit power.

    Parameters
    ----------
    seed : SeedSequence
        Seed.

    Returns
    -------
    (DRAWS, 2) array of float32
        Real and imaginary part.
    """
    return np.random.default_rng(seed).standard_normal((DRAWS, 2), np.float32) * np.float32(math.sqrt(0.5))


@numba.njit(cache=True, inline="always")
def _mix(key, counter):
    z = key + _GOLDEN * (counter + np.uint64(1))
    z = (z ^ (z >> np.uint64(30))) * _MIX_A
    z = (z ^ (z >> np.uint64(27))) * _MIX_B
    return z ^ (z >> np.uint64(31))


@numba.njit(cache=True, inline="always")
def _last_draw(key, number, day, change):
    """The last day up to `day` on which this scatterer was drawn anew; days before the epoch count
    as the epoch.

    Each day has 16 random bits, and is one if they are less than `change`. Four are compared at a
    time, by the borrows of their differences (Warren 2013, Hacker's Delight, section 2-13).
    """
    stream, limit = key ^ _mix(key, number), np.uint64(change) * _EACH
    four = day >> 2
    future = ~((np.uint64(2) << np.uint64(16 * (day & 3) + 15)) - np.uint64(1))
    bits = _mix(stream, np.uint64(four)) | future
    while True:
        difference = (bits | _TOP) - (limit & ~_TOP)
        less = ((~bits & limit) | (~(bits ^ limit) & ~difference)) & _TOP
        if less or four == 0:
            break
        four -= 1
        bits = _mix(stream, np.uint64(four))
    # the highest of the four
    return 4 * four + (less >> np.uint64(31) > 0) + (less >> np.uint64(47) > 0) + (less >> np.uint64(63) > 0)


def _town(town: Town) -> tuple[int, float, float, float, float, float]:
    """Points among 256 scatterers; roots of the power of a point and of another scatterer over
    their mean, of the lasting and of the fresh power of a point; largest height, m.
    """
    points = round(town.share * 256)
    return (
        points,
        math.sqrt(town.power * 256 / points),
        math.sqrt((1 - town.power) * 256 / (256 - points)),
        math.sqrt(town.lasting),
        math.sqrt(1 - town.lasting),
        town.height_m,
    )


@numba.njit(cache=True, error_model="numpy")
def _scatter(
    field, line_table, sample_table, carrier, lines, start, near_time, coefficients, middle, scale, xyz, amplitude, shadow,
    cover, time, reference_sample, corner, stride, change, lasting, fading, turning, towns, town, extra_path, gaussian,
    key, place_key, day, power_scale,
):  # fmt: skip
    rows, cols = amplitude.shape
    field_rows, field_cols = field.shape[:2]
    s, v, a = np.empty(3), np.empty(3), np.empty(3)
    points, point_root, other_root, root_point_lasting, root_point_fresh, height = town
    per_line = 1.0 / radar.LINE_INTERVAL
    per_meter = 2.0 / radar.SPEED_OF_LIGHT * radar.RANGE_SAMPLING
    stratum, fraction = 1.0 / PER_SIDE, 1.0 / (65536.0 * PER_SIDE)
    first_sample = near_time * radar.RANGE_SAMPLING
    for r in range(1, rows - 1):
        for c in range(1, cols - 1):
            if amplitude[r, c] <= 0:
                continue
            # what lies beyond the burst from the reference orbit lies beyond it from this one
            near_line = (time[r, c] - start) / radar.LINE_INTERVAL + EDGE
            near_sample = reference_sample[r, c] - first_sample + EDGE
            if not (-EDGE < near_line < field_rows + EDGE and -EDGE < near_sample < field_cols + EDGE):
                continue
            # exact zero Doppler of the cell's centre; one Newton step from there is exact within
            # the cell
            guess = time[r, c]
            for _ in range(10):
                arc_state(coefficients, middle, scale, guess, s, v, a)
                f = slope = 0.0
                for i in range(3):
                    d = xyz[r, c, i] - s[i]
                    f += d * v[i]
                    slope += d * a[i] - v[i] * v[i]
                guess -= f / slope
                if abs(f / slope) < 1e-10:
                    break
            arc_state(coefficients, middle, scale, guess, s, v, a)
            code = cover[r, c]
            root_lasting, root_fading = math.sqrt(lasting[code]), math.sqrt(fading[code])
            root_rest = math.sqrt(max(0.0, 1.0 - lasting[code] - fading[code]))
            turn = turning[code]
            settled = towns and code == SETTLEMENT
            cell = np.uint64(corner + r * stride + c) * np.uint64(PER_SIDE * PER_SIDE)
            # the points of a cell are on one building: its height over the distance from the
            # Earth's middle
            rise = 0.0
            if settled:
                rise = height * float(_mix(place_key, cell) >> np.uint64(52)) / 4096.0
                rise /= math.sqrt(xyz[r, c, 0] ** 2 + xyz[r, c, 1] ** 2 + xyz[r, c, 2] ** 2)
            for n in range(PER_SIDE * PER_SIDE):
                number = cell + np.uint64(n)
                place = _mix(place_key, number)
                y = n // PER_SIDE * stratum + float(place & _BITS_16) * fraction
                x = n % PER_SIDE * stratum + float((place >> np.uint64(16)) & _BITS_16) * fraction
                if shadow[
                    r * SHADOW_PER_CELL + int(y * SHADOW_PER_CELL), c * SHADOW_PER_CELL + int(x * SHADOW_PER_CELL)
                ]:
                    continue
                # bilinear surface between the centres of the cells
                y, x = r + y - 0.5, c + x - 0.5
                i0, j0 = int(y), int(x)
                p, q = y - i0, x - j0
                w00, w01, w10, w11 = (1 - p) * (1 - q), (1 - p) * q, p * (1 - q), p * q
                f = slope = 0.0
                dx = (
                    w00 * xyz[i0, j0, 0]
                    + w01 * xyz[i0, j0 + 1, 0]
                    + w10 * xyz[i0 + 1, j0, 0]
                    + w11 * xyz[i0 + 1, j0 + 1, 0]
                    - s[0]
                )
                dy = (
                    w00 * xyz[i0, j0, 1]
                    + w01 * xyz[i0, j0 + 1, 1]
                    + w10 * xyz[i0 + 1, j0, 1]
                    + w11 * xyz[i0 + 1, j0 + 1, 1]
                    - s[1]
                )
                dz = (
                    w00 * xyz[i0, j0, 2]
                    + w01 * xyz[i0, j0 + 1, 2]
                    + w10 * xyz[i0 + 1, j0, 2]
                    + w11 * xyz[i0 + 1, j0 + 1, 2]
                    - s[2]
                )
                f = dx * v[0] + dy * v[1] + dz * v[2]
                slope = dx * a[0] + dy * a[1] + dz * a[2] - v[0] * v[0] - v[1] * v[1] - v[2] * v[2]
                dt = -f / slope
                strength = power_scale * amplitude[r, c]
                point = False
                if settled:
                    point = (place >> np.uint64(44)) & _BITS_8 < points
                    strength *= point_root if point else other_root
                    if point:
                        dx += rise * xyz[r, c, 0]
                        dy += rise * xyz[r, c, 1]
                        dz += rise * xyz[r, c, 2]
                dx -= dt * (v[0] + 0.5 * dt * a[0])
                dy -= dt * (v[1] + 0.5 * dt * a[1])
                dz -= dt * (v[2] + 0.5 * dt * a[2])
                slant = math.sqrt(dx * dx + dy * dy + dz * dz)
                sample = slant * per_meter - first_sample + EDGE
                line = (guess + dt - start) * per_line + EDGE
                if not (WIDTH < sample < field_cols - WIDTH and WIDTH < line < field_rows - WIDTH):
                    continue
                path = slant + (
                    w00 * extra_path[i0, j0] + w01 * extra_path[i0, j0 + 1] + w10 * extra_path[i0 + 1, j0]
                    + w11 * extra_path[i0 + 1, j0 + 1]
                )  # fmt: skip
                fresh = gaussian[(_mix(key + number, np.uint64(day)) >> np.uint64(12)) & _BITS_12]
                if code == SEASONAL_SNOW:
                    number |= _SNOW
                    place = _mix(place_key, number)
                fixed = gaussian[(place >> np.uint64(32)) & _BITS_12]
                if point:
                    re = strength * (root_point_lasting * fixed[0] + root_point_fresh * fresh[0])
                    im = strength * (root_point_lasting * fixed[1] + root_point_fresh * fresh[1])
                else:
                    born = _last_draw(key, number, day, change[code])
                    drawn = gaussian[_mix(key + number, np.uint64(born)) & _BITS_12]
                    drawn_re, drawn_im = drawn[0], drawn[1]
                    if turn != 0.0:
                        cosine, sine = math.cos(turn * (day - born)), math.sin(turn * (day - born))
                        drawn_re = np.float32(drawn[0] * cosine - drawn[1] * sine)
                        drawn_im = np.float32(drawn[0] * sine + drawn[1] * cosine)
                    re = strength * (root_lasting * fixed[0] + root_fading * drawn_re + root_rest * fresh[0])
                    im = strength * (root_lasting * fixed[1] + root_fading * drawn_im + root_rest * fresh[1])
                eta = (line - EDGE - lines / 2) * radar.LINE_INTERVAL
                cosine, sine = phasor(
                    -2.0 / radar.WAVELENGTH * path - carrier_turns(eta, sample, carrier[0], carrier[1], carrier[2])
                )
                spread(field, line_table, sample_table, line, sample, re * cosine - im * sine, re * sine + im * cosine)


def scatter(
    image: BurstImage,
    ground: ScatteringGround,
    reflectivity: Reflectivity,
    extra_path_m: np.ndarray,
    day: int,
    power_scale: float,
) -> None:
    """Add the scatterers of all cells of a window but the outermost to a burst.

    The bilinear surface needs the outermost.

    Parameters
    ----------
    image : BurstImage
        The burst.
    ground : ScatteringGround
        What the track sees.
    reflectivity : Reflectivity
        Random numbers of the scatterers.
    extra_path_m : (rows, cols) array of float
        One-way path beyond the geometric range, m: delay, and motion away from the satellite.
    day : int
        Days since the epoch of the decorrelation.
    power_scale : float
        Digital numbers per m of amplitude.
    """
    acq, settings = image.acquisition, reflectivity.settings
    lasting, rho_0, tau = (settings.table(name) for name in ("rho_inf", "rho_0", "tau_days"))
    change = np.clip(np.rint((1.0 - np.exp(-1.0 / np.maximum(tau, 1e-3))) * 65536), 1, 65535).astype(np.uint16)
    _scatter(
        image.field, *image.tables, image.carrier, acq.lines, acq.burst_starts[image.burst] - acq.azimuth_shift_s,
        acq.near_time, acq.arc.coefficients, acq.arc.middle, acq.arc.scale, ground.xyz, ground.amplitude, ground.shadow,
        ground.cover, ground.time, ground.sample, ground.corner, ground.stride, change, lasting, rho_0 - lasting,
        settings.fading_rad_per_day, settings.towns, _town(TOWN), extra_path_m, reflectivity.gaussian,
        np.uint64(reflectivity.key), np.uint64(reflectivity.place_key), day, power_scale,
    )  # fmt: skip

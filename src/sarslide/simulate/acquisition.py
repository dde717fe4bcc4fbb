"""The simulated instrument and its acquisitions: track, true orbit of a date, burst timing, FM rate and Doppler centroid.

Numbers of the instrument are those of Sentinel-1A IW2 annotation (IPF 003.52). Times are in s from the acquisition's epoch,
the moment when the middle of the region is abeam of the reference orbit; published times are exact to the microsecond.
"""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import numpy as np

from sarslide.errors import StackError
from sarslide.names import check_stack, parse_date
from sarslide.simulate import geometry, offsets
from sarslide.simulate.offsets import INCIDENCE_DEG, RADAR_FREQUENCY, seed_key
from sarslide.simulate.orbit import STATE_STEP, Arc, ascending_node_time, fit_arc, propagate

LIGHT = 299792458.0  # m/s
WAVELENGTH = LIGHT / RADAR_FREQUENCY  # m
RANGE_SAMPLING = 6.434523812571428e07  # Hz
RANGE_SPACING = LIGHT / (2 * RANGE_SAMPLING)  # m, slant
LINE_INTERVAL = 2.055556299999998e-03  # s
PULSE_FREQUENCY = 1.451627112193990e03  # Hz
STEERING_RATE = 9.798633249999998e-01  # degree/s
RANGE_BANDWIDTH, AZIMUTH_BANDWIDTH = offsets.RANGE_BANDWIDTH, 3.13e02  # Hz, processed
HAMMING = 0.75  # coefficient of the spectral windows in range and azimuth
LINES_PER_BURST, BURSTS = 1500, 2
BURST_CYCLE = 1342  # lines from the start of one burst to the start of the next
VALID_LINES = (20, 1480)  # first, one past last of a burst
VALID_SAMPLES_MARGIN = 8  # invalid samples at the near and the far edge
RANGE_MARGIN = 96  # samples kept on each side of the region
REPEAT_DAYS = 12
ORBITS_PER_REPEAT = 175

ABEAM_UTC = {"A": timedelta(hours=11, minutes=20, seconds=14), "D": timedelta(hours=23, minutes=19, seconds=41)}
ABEAM_JITTER = 0.4  # s: when the satellite passes, date by date
BURST_JITTER = 0.003  # s: synchronisation of the bursts along the track

# Sentinel-1A crossed the node of absolute orbit 45461 at this time; the simulation counts its orbits from there
_ORBIT_COUNT, _ORBIT_TIME = 45461, datetime(2022, 10, 16, 1, 41, 37, tzinfo=UTC)


@dataclass(frozen=True)
class RangePolynomial:
    """sum of coefficients[k] * (slant range time - t0)**k, at zero-Doppler `time`: s, s, Hz/s**k (Doppler) or Hz/s (FM rate)."""

    time: float
    t0: float
    coefficients: tuple[float, float, float]

    def at(self, slant_time: np.ndarray) -> np.ndarray:
        x = slant_time - self.t0
        return self.coefficients[0] + x * (self.coefficients[1] + x * self.coefficients[2])


@dataclass(frozen=True)
class Track:
    """One repeat track over a region: the reference orbit and the part of the swath that is kept.

    state: (6,) Earth-fixed reference state when `center` (3,) is abeam, m and m/s. near_time: two-way time of the first
    sample, s.
    """

    stack: str
    state: np.ndarray
    center: np.ndarray
    near_time: float
    samples: int

    @property
    def ascending(self) -> bool:
        return self.stack[0] == "A"

    @property
    def relative_orbit(self) -> int:
        return int(self.stack[1:])

    @property
    def arc(self) -> Arc:
        """The reference orbit around the scene, t = 0 abeam of the centre."""
        return _scene_arc(self.state)

    def seed_key(self, *more: int) -> tuple[int, ...]:
        """Integers that tell this track's random numbers from another's."""
        return seed_key(self.stack, *more)


@dataclass(frozen=True)
class Acquisition:
    """Everything known about one pass: what the annotation publishes and the true orbit that the pixels are made with."""

    track: Track
    date: str
    epoch: datetime
    arc: Arc
    state_times: np.ndarray
    states: np.ndarray
    ascending_node: float
    absolute_orbit: int
    burst_starts: tuple[float, ...]
    fm_rates: tuple[RangePolynomial, ...]
    dopplers: tuple[RangePolynomial, ...]

    @property
    def samples(self) -> int:
        return self.track.samples

    @property
    def near_time(self) -> float:
        return self.track.near_time

    def utc(self, t: float) -> datetime:
        """The time of day of `t` s after the epoch, to the microsecond."""
        return self.epoch + timedelta(microseconds=round(t * 1e6))

    def slant_time(self, samples: np.ndarray) -> np.ndarray:
        """Two-way slant range time, s, of (fractional) samples."""
        return self.near_time + samples / RANGE_SAMPLING

    def burst_middle(self, burst: int) -> float:
        """Zero-Doppler time of the middle of a burst, s: its azimuth steering angle is zero there."""
        return self.burst_starts[burst] + LINES_PER_BURST / 2 * LINE_INTERVAL


def plan_track(stack: str, ground: np.ndarray, samples: int | None = None) -> Track:
    """The track named `stack` that sees the middle of `ground`, Earth-fixed points (..., 3), m, in IW2.

    The kept swath holds all points with `RANGE_MARGIN` samples to spare; `samples` keeps that many around their middle instead.
    """
    check_stack(stack)
    points = ground.reshape(-1, 3)
    center = points.mean(0)
    state = geometry.track_state(center, stack[0] == "A", INCIDENCE_DEG[stack[0]])
    slant = geometry.zero_doppler(_scene_arc(state), points)[1]
    near, far = (2.0 * r / LIGHT * RANGE_SAMPLING for r in (slant.min(), slant.max()))
    if samples is None:
        first = int(np.floor(near)) - RANGE_MARGIN
        samples = int(np.ceil(far)) + RANGE_MARGIN - first
        samples += -samples % 4
    else:
        first = int(0.5 * (near + far)) - samples // 2
    return Track(stack, state, center, first / RANGE_SAMPLING, samples)


def _scene_arc(state: np.ndarray) -> Arc:
    # 2 s nodes over +-10 s: the polynomial of degree 6 misses the integrated orbit by less than 1e-8 m
    times, states = propagate(state, 10.0, 10.0, 2.0)
    return fit_arc(times, states[:, :3], states[:, 3:], 6)


def baseline_m(track: Track, date: str, seed: int) -> tuple[float, float]:
    """(perpendicular, parallel) offset of the date's orbit from the reference orbit, m.

    Perpendicular: along the derivative of the satellite-to-ground look vector with the look angle, up and away from the
    track. Parallel: along that look vector.
    """
    return offsets.orbit_offset_m(track.stack, date, seed)


def acquire(track: Track, date: str, seed: int) -> Acquisition:
    """The pass of `date` (YYYYMMDD): the same for the same track, date and seed, whatever else is simulated."""
    rng = np.random.default_rng(np.random.SeedSequence((seed, *track.seed_key(int(date), 2))))
    abeam_jitter, burst_jitter = rng.normal(scale=(ABEAM_JITTER, BURST_JITTER))
    day = parse_date(date)
    epoch = datetime(day.year, day.month, day.day, tzinfo=UTC) + ABEAM_UTC[track.stack[0]]
    epoch += timedelta(microseconds=round(abeam_jitter * 1e6))

    state = _offset(track, *baseline_m(track, date, seed))
    node = ascending_node_time(state)
    # state vectors on whole 10 s of UTC, from before the node to well behind the scene
    phase = epoch.second % STATE_STEP + epoch.microsecond / 1e6
    shifted = propagate(state, phase, 0.0, phase)[1][0] if phase else state
    times, states = propagate(shifted, -node + 120.0, 600.0)

    overlap_middle = (BURST_CYCLE + LINES_PER_BURST) / 2 * LINE_INTERVAL
    first = round(burst_jitter - overlap_middle, 6)
    starts = tuple(round(first + k * BURST_CYCLE * LINE_INTERVAL, 6) for k in range(BURSTS))
    arc = _scene_arc(state)
    estimates = [
        first + (LINES_PER_BURST / 2 + k * BURST_CYCLE) * LINE_INTERVAL for k in range(-1, BURSTS + 1)
    ]  # one each burst cycle, the bursts' own middles among them
    return Acquisition(
        track, date, epoch, arc, times - phase, states, node, _absolute_orbit(epoch, node, track.relative_orbit), starts,
        tuple(_fm_rate(arc, track, t) for t in estimates), tuple(_dopplers(estimates, track, rng)),
    )  # fmt: skip


def _offset(track: Track, perpendicular: float, parallel: float) -> np.ndarray:
    """The reference state shifted to a neighbouring orbit that runs parallel to it over the scene."""
    position, velocity = track.state[:3], track.state[3:]
    look = track.center - position
    look = look / np.linalg.norm(look)
    ahead = velocity / np.linalg.norm(velocity)
    away = np.cross(look, ahead)
    if away @ position < 0:  # looking further out is looking further up
        away = -away
    shift = perpendicular * away + parallel * look
    turn = np.cross(position, velocity) / (position @ position)
    return np.concatenate([position + shift, velocity + np.cross(turn, shift)])


def _absolute_orbit(epoch: datetime, node: float, relative: int) -> int:
    """The count of Sentinel-1A orbits nearest in time whose relative orbit is ((absolute - 73) mod 175) + 1 = `relative`."""
    elapsed = (epoch - _ORBIT_TIME).total_seconds() + node
    count = _ORBIT_COUNT + round(elapsed * ORBITS_PER_REPEAT / (REPEAT_DAYS * 86400.0))
    short = (relative - 1 - (count - 73)) % ORBITS_PER_REPEAT
    absolute = count + (short if short <= ORBITS_PER_REPEAT // 2 else short - ORBITS_PER_REPEAT)
    if absolute < 1:
        raise StackError(f"no Sentinel-1A orbit {relative} at {epoch:%Y-%m-%d}", "simulate dates from 2014-04-15 on")
    return absolute


def _fm_rate(arc: Arc, track: Track, t: float) -> RangePolynomial:
    """Azimuth FM rate -2/wavelength d2R/dt2 at zero Doppler, fitted over the kept swath."""
    slant_time = track.near_time + np.linspace(0, track.samples, 41) / RANGE_SAMPLING
    points = geometry.locate(
        arc, np.full(41, t), slant_time * LIGHT / 2, float(geometry.to_geodetic(track.center)[2]), track.center
    )
    satellite, velocity, acceleration = arc.state(np.full(41, t))
    look = points - satellite
    curvature = ((velocity**2).sum(1) - (look * acceleration).sum(1)) / np.linalg.norm(look, axis=1)
    scale = slant_time[-1] - slant_time[0]
    fit = np.polynomial.polynomial.polyfit((slant_time - track.near_time) / scale, -2.0 / WAVELENGTH * curvature, 2)
    return RangePolynomial(t, track.near_time, tuple(float(c) for c in fit / scale ** np.arange(3)))


def _dopplers(times: list[float], track: Track, rng: np.random.Generator) -> list[RangePolynomial]:
    """Doppler centroids of a few Hz that wander slowly along the track, as data-driven estimates do."""
    level, slope, bend = rng.normal(scale=(4.0, 1.2e4, 2e6))
    drift = rng.normal(scale=1.0, size=len(times))
    return [
        RangePolynomial(t, track.near_time, (float(level + d), float(slope), float(bend)))
        for t, d in zip(times, drift, strict=True)
    ]

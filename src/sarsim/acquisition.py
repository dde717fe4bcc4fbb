"""The simulated instrument and its acquisitions: track, true orbit of a date, burst timing, FM rate and Doppler centroid.

Numbers common to the swaths are those of Sentinel-1A annotation (IPF 003.52), the others are in `simulate.swaths`. Times are in s
from the acquisition's epoch, the moment when the middle of the region is abeam of the reference orbit; published times are exact
to the microsecond.
"""

import math
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

import numpy as np

from sarsim import geometry
from sarsim.orbit import STATE_STEP, Arc, ascending_node_time, fit_arc, propagate
from sarsim.swaths import SWATHS, Swath, mission_named, swath_named
from sarslide.catalog import repeat_orbit as offsets
from sarslide.catalog.repeat_orbit import INCIDENCE_DEG, RADAR_FREQUENCY, seed_key
from sarslide.constants import SPEED_OF_LIGHT
from sarslide.errors import StackError
from sarslide.names import check_stack, parse_date

WAVELENGTH = SPEED_OF_LIGHT / RADAR_FREQUENCY  # m
RANGE_SAMPLING = 6.434523812571428e07  # Hz
RANGE_SPACING = SPEED_OF_LIGHT / (2 * RANGE_SAMPLING)  # m, slant
LINE_INTERVAL = 2.055556299999998e-03  # s
RANGE_WINDOW = 0.75  # coefficient of the Hamming window in range
BURSTS = 2  # of a product, unless more are asked for
BURST_CYCLE = 1342  # lines from the start of one burst to the start of the next of its swath
INVALID_LINES = 20  # at the start and at the end of a burst
VALID_SAMPLES_MARGIN = 8  # invalid samples at the near and the far edge
RANGE_MARGIN = 96  # samples kept on each side of the region
REPEAT_DAYS = 12
ORBITS_PER_REPEAT = 175
SCENE_S = 10.0  # of orbit before and after the middle of the region, s

ABEAM_UTC = {"A": timedelta(hours=11, minutes=20, seconds=14), "D": timedelta(hours=23, minutes=19, seconds=41)}
ABEAM_JITTER = 0.4  # s: when the satellite passes, date by date
BURST_JITTER = 0.003  # s: synchronisation of the bursts along the track


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
    """One repeat track over a region: the reference orbit and the part of one swath that is kept.

    state: (6,) Earth-fixed reference state when `center` (3,) is abeam, m and m/s. near_time: two-way time of the first
    sample, s. abeam_utc: time of day when the centre is abeam, on average. overlap_s: when the middle of the overlap of the first
    two IW2 bursts is abeam, s after the centre.
    """

    stack: str
    state: np.ndarray
    center: np.ndarray
    near_time: float
    samples: int
    swath: Swath = SWATHS["IW2"]
    abeam_utc: timedelta = timedelta(0)
    overlap_s: float = 0.0

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
class Label:
    """What a product says of itself and how it is delivered; no sample depends on it.

    orbit: POEORB, RESORB, or None for no orbit file beside the product. slice_number of slices: place in the pass.
    """

    ipf_version: str = "003.52"
    orbit: str | None = "POEORB"
    zipped: bool = False
    polarisation: str = "VV"
    slice_number: int = 1
    slices: int = 1


@dataclass(frozen=True)
class Acquisition:
    """Everything known about one swath of one pass: what the annotation publishes, the true orbit that the pixels are made with.

    azimuth_shift_s: by how much the echoes lie later in the bursts than the annotated times say (a planted timing error).
    """

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
    mission: str = "S1A"
    azimuth_shift_s: float = 0.0
    label: Label = Label()

    @property
    def swath(self) -> Swath:
        return self.track.swath

    @property
    def lines(self) -> int:
        """Lines of a burst."""
        return self.track.swath.lines

    @property
    def product_lines(self) -> int:
        """Lines of all bursts, one after the other."""
        return self.lines * len(self.burst_starts)

    @property
    def valid_lines(self) -> tuple[int, int]:
        """First and one past the last valid line of a burst."""
        return INVALID_LINES, self.lines - INVALID_LINES

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
        return self.burst_starts[burst] + self.lines / 2 * LINE_INTERVAL

    def line(self, t: np.ndarray, burst: int) -> np.ndarray:
        """(Fractional) line of a burst in which ground with zero-Doppler times `t` (s) lies."""
        return (t - (self.burst_starts[burst] - self.azimuth_shift_s)) / LINE_INTERVAL

    def part(self, bursts: Iterable[int], label: Label) -> "Acquisition":
        """The acquisition with these of its bursts only, under another label."""
        return replace(self, burst_starts=tuple(self.burst_starts[k] for k in bursts), label=label)


def plan_track(
    stack: str,
    ground: np.ndarray,
    samples: int | None = None,
    swath: str = "IW2",
    incidence_deg: float | None = None,
    abeam_utc: timedelta | None = None,
    overlap_s: float = 0.0,
) -> Track:
    """The track named `stack` that sees the middle of `ground`, Earth-fixed points (..., 3), m, and what is kept of `swath`.

    Kept are all points of the ground that the swath sees, with `RANGE_MARGIN` samples to spare; `samples` keeps that many around
    their middle instead, wherever the swath ends. incidence_deg: at the middle; by default that of the pass, within IW2.
    abeam_utc, overlap_s: see `Track`. Raises StackError when the swath does not see the ground.
    """
    check_stack(stack)
    points = ground.reshape(-1, 3)
    center = points.mean(0)
    state = geometry.track_state(center, stack[0] == "A", incidence_deg or INCIDENCE_DEG[stack[0]])
    near_time, samples = _kept(
        swath_named(swath), 2.0 / SPEED_OF_LIGHT * geometry.zero_doppler(_scene_arc(state), points)[1], samples
    )
    at = ABEAM_UTC[stack[0]] if abeam_utc is None else abeam_utc
    return Track(stack, state, center, near_time, samples, swath_named(swath), at, overlap_s)


def _kept(swath: Swath, slant_time: np.ndarray, samples: int | None) -> tuple[float, int]:
    """Two-way time of the first sample and number of samples that are kept of a swath for ground at these slant range times."""
    near, far = slant_time.min() * RANGE_SAMPLING, slant_time.max() * RANGE_SAMPLING
    if samples is not None:
        return (int(0.5 * (near + far)) - samples // 2) / RANGE_SAMPLING, samples
    start = math.ceil(swath.near_time * RANGE_SAMPLING) - VALID_SAMPLES_MARGIN
    stop = math.floor(swath.far_time * RANGE_SAMPLING) + VALID_SAMPLES_MARGIN
    first = max(math.floor(near) - RANGE_MARGIN, start)
    samples = math.ceil(far) + RANGE_MARGIN - first
    samples = min(samples + -samples % 4, stop - first)
    if samples < RANGE_MARGIN:
        raise StackError(f"{swath.name} does not see the simulated ground", "choose another swath or incidence angle")
    return first / RANGE_SAMPLING, samples


def _scene_arc(state: np.ndarray, reach: float = SCENE_S) -> Arc:
    # 2 s nodes over +-10 s: the polynomial of degree 6 misses the integrated orbit by less than 1e-8 m
    times, states = propagate(state, reach, reach, 2.0)
    return fit_arc(times, states[:, :3], states[:, 3:], 6 if reach <= SCENE_S else 9)


def baseline_m(track: Track, date: str, seed: int) -> tuple[float, float]:
    """(perpendicular, parallel) offset of the date's orbit from the reference orbit, m.

    Perpendicular: along the derivative of the satellite-to-ground look vector with the look angle, up and away from the
    track. Parallel: along that look vector.
    """
    return offsets.orbit_offset_m(track.stack, date, seed)


def acquire(
    track: Track,
    date: str,
    seed: int,
    bursts: int = BURSTS,
    mission: str = "S1A",
    offset_m: tuple[float, float] | None = None,
    azimuth_shift_s: float = 0.0,
) -> Acquisition:
    """The pass of `date` (YYYYMMDD): the same for the same track, date and seed, whatever else is simulated.

    bursts: how many, the first two around the middle of the region. offset_m: (perpendicular, parallel) offset of the orbit from
    the reference orbit, instead of that of `baseline_m`. azimuth_shift_s: see `Acquisition`.
    """
    rng = np.random.default_rng(np.random.SeedSequence((seed, *track.seed_key(int(date), 2))))
    abeam_jitter, burst_jitter = rng.normal(scale=(ABEAM_JITTER, BURST_JITTER))
    day = parse_date(date)
    epoch = datetime(day.year, day.month, day.day, tzinfo=UTC) + track.abeam_utc
    epoch += timedelta(microseconds=round(abeam_jitter * 1e6))

    state = _offset(track, *(baseline_m(track, date, seed) if offset_m is None else offset_m))
    node = ascending_node_time(state)
    # state vectors on whole 10 s of UTC, from before the node to well behind the scene
    phase = epoch.second % STATE_STEP + epoch.microsecond / 1e6
    shifted = propagate(state, phase, 0.0, phase)[1][0] if phase else state
    times, states = propagate(shifted, -node + 120.0, 600.0)

    cycle, half = BURST_CYCLE * LINE_INTERVAL, track.swath.lines / 2 * LINE_INTERVAL
    overlap_middle = (BURST_CYCLE + SWATHS["IW2"].lines) / 2 * LINE_INTERVAL
    first = round(burst_jitter + track.overlap_s - overlap_middle, 6)
    if track.swath.name != "IW2":
        first = round(first + SWATHS["IW2"].lines / 2 * LINE_INTERVAL + track.swath.delay - half, 6)
        rng = np.random.default_rng(np.random.SeedSequence((seed, *track.seed_key(int(date), 2, track.swath.number))))
    starts = tuple(round(first + k * cycle, 6) for k in range(bursts))
    arc = _scene_arc(state, max(SCENE_S, math.ceil(max(-first, starts[-1] + 2 * half)) + 2.0))
    estimates = [
        first + (track.swath.lines / 2 + k * BURST_CYCLE) * LINE_INTERVAL for k in range(-1, bursts + 1)
    ]  # one each burst cycle, the bursts' own middles among them
    return Acquisition(
        track, date, epoch, arc, times - phase, states, node, _absolute_orbit(epoch, node, track.relative_orbit, mission),
        starts, tuple(_fm_rate(arc, track, t) for t in estimates), tuple(_dopplers(estimates, track, rng)), mission,
        azimuth_shift_s,
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


def _absolute_orbit(epoch: datetime, node: float, relative: int, mission: str) -> int:
    """The count of a satellite's orbits nearest in time whose relative orbit is `relative`."""
    satellite = mission_named(mission)
    elapsed = (epoch - satellite.time).total_seconds() + node
    count = satellite.count + round(elapsed * ORBITS_PER_REPEAT / (REPEAT_DAYS * 86400.0))
    short = (relative - 1 - (count - satellite.offset)) % ORBITS_PER_REPEAT
    absolute = count + (short if short <= ORBITS_PER_REPEAT // 2 else short - ORBITS_PER_REPEAT)
    if absolute < 1:
        raise StackError(f"no orbit {relative} of {mission} at {epoch:%Y-%m-%d}", "simulate dates after its launch")
    return absolute


def _fm_rate(arc: Arc, track: Track, t: float) -> RangePolynomial:
    """Azimuth FM rate -2/wavelength d2R/dt2 at zero Doppler, fitted over the kept swath."""
    slant_time = track.near_time + np.linspace(0, track.samples, 41) / RANGE_SAMPLING
    points = geometry.locate(
        arc, np.full(41, t), slant_time * SPEED_OF_LIGHT / 2, float(geometry.to_geodetic(track.center)[2]), track.center
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

"""The simulated instrument and its acquisitions: track, true orbit of a date, burst timing, FM rate
and Doppler centroid.

Numbers common to the swaths are those of Sentinel-1A annotation (IPF 003.52), the others are in
`sarsim.swaths`. Times are in s from the acquisition's epoch, the moment when the middle of the
region is abeam of the reference orbit; published times are exact to the microsecond.
"""

import math
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

import numpy as np

from sarsim import geometry
from sarsim.orbit import STATE_STEP, SimulatedArc, ascending_node_time, fit_arc, propagate
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
BURSTS = 2  # of a product, by default
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
BURST_MARGIN = 0.1  # s of valid lines beyond the ground; holds a jitter of any date and what is lit beyond the ground


@dataclass(frozen=True)
class RangePolynomial:
    """A polynomial over slant range time, of Doppler or of FM rate.

    Attributes
    ----------
    time : float
        Zero-Doppler time that it holds for, s.
    t0 : float
        Slant range time from which powers count, s.
    coefficients : tuple[float, float, float]
        Of the powers 0 to 2: Hz/s**k for Doppler, Hz/s/s**k for FM rate.
    """

    time: float
    t0: float
    coefficients: tuple[float, float, float]

    def at(self, slant_time: np.ndarray) -> np.ndarray:
        """Its value.

        Parameters
        ----------
        slant_time : array of float
            Two-way slant range time, s.

        Returns
        -------
        ndarray
            Hz, or Hz/s.
        """
        x = slant_time - self.t0
        return self.coefficients[0] + x * (self.coefficients[1] + x * self.coefficients[2])


@dataclass(frozen=True)
class SimulatedTrack:
    """One repeat track over a region: its reference orbit and the kept part of one swath.

    Attributes
    ----------
    stack : str
        Name of the stack, `A128` for an ascending, `D062` for a descending relative orbit.
    state : (6,) array of float
        Earth-fixed reference state when `center` is abeam, m and m/s.
    center : (3,) array of float
        Earth-fixed middle of the region, m.
    near_time : float
        Two-way time of the first sample, s.
    samples : int
        Samples of a line.
    swath : Swath
        The swath.
    abeam_utc : timedelta
        Time of day when the centre is abeam, on average.
    overlap_s : float
        When the middle of the overlap of the first two IW2 bursts is abeam, s after the centre.
    reach_s : float
        Of the reference orbit before and after the middle of the region, s.
    """

    stack: str
    state: np.ndarray
    center: np.ndarray
    near_time: float
    samples: int
    swath: Swath = SWATHS["IW2"]
    abeam_utc: timedelta = timedelta(0)
    overlap_s: float = 0.0
    reach_s: float = SCENE_S

    @property
    def ascending(self) -> bool:
        """Whether the satellite flies north."""
        return self.stack[0] == "A"

    @property
    def relative_orbit(self) -> int:
        """Number of the track."""
        return int(self.stack[1:])

    @property
    def arc(self) -> SimulatedArc:
        """The reference orbit around the scene, t = 0 abeam of the centre."""
        return scene_arc(self.state, self.reach_s)

    def seed_key(self, *more: int) -> tuple[int, ...]:
        """Integers that set this track's random numbers apart from another's.

        Parameters
        ----------
        *more : int
            Further integers.

        Returns
        -------
        tuple of int
            Entropy of a seed.
        """
        return seed_key(self.stack, *more)


@dataclass(frozen=True)
class ProductLabel:
    """What a product states about itself and how it is delivered; no sample depends on it.

    Attributes
    ----------
    ipf_version : str
        Version of the processor.
    orbit : str or None
        Kind of the orbit file beside the product, POEORB or RESORB; None: no file.
    zipped : bool
        Whether the product is a zip.
    polarisation : str
        VV or VH.
    slice_number, slices : int
        Place in the pass, and number of its slices.
    """

    ipf_version: str = "003.52"
    orbit: str | None = "POEORB"
    zipped: bool = False
    polarisation: str = "VV"
    slice_number: int = 1
    slices: int = 1


@dataclass(frozen=True)
class SimulatedAcquisition:
    """One swath of one pass: what the annotation publishes, and the orbit of its pixels.

    Attributes
    ----------
    track : SimulatedTrack
        Its repeat track.
    date : str
        Day of the pass, YYYYMMDD.
    epoch : datetime
        UTC of time 0 of the pass.
    arc : SimulatedArc
        The orbit.
    state_times, states : ndarray
        State vectors of the annotation: s after the epoch; (n, 6), m and m/s.
    ascending_node : float
        Time of the last crossing of the equator, s after the epoch.
    absolute_orbit : int
        Absolute orbit number.
    burst_starts : tuple[float, ...]
        Zero-Doppler time of the first line of each burst, s after the epoch.
    fm_rates, dopplers : tuple of RangePolynomial
        Azimuth FM rates and Doppler centroids.
    mission : str
        S1A to S1D.
    azimuth_shift_s : float
        By how much the echoes lie later in the bursts than the annotated times, s: a planted timing
        error.
    label : ProductLabel
        Label of the product.
    """

    track: SimulatedTrack
    date: str
    epoch: datetime
    arc: SimulatedArc
    state_times: np.ndarray
    states: np.ndarray
    ascending_node: float
    absolute_orbit: int
    burst_starts: tuple[float, ...]
    fm_rates: tuple[RangePolynomial, ...]
    dopplers: tuple[RangePolynomial, ...]
    mission: str = "S1A"
    azimuth_shift_s: float = 0.0
    label: ProductLabel = ProductLabel()

    @property
    def swath(self) -> Swath:
        """The swath."""
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
        """Samples of a line."""
        return self.track.samples

    @property
    def near_time(self) -> float:
        """Two-way time of the first sample, s."""
        return self.track.near_time

    def utc(self, t: float) -> datetime:
        """A time of the pass as UTC.

        Parameters
        ----------
        t : float
            s after the epoch.

        Returns
        -------
        datetime
            To the microsecond.
        """
        return self.epoch + timedelta(microseconds=round(t * 1e6))

    def slant_time(self, samples: np.ndarray) -> np.ndarray:
        """Slant range time of samples.

        Parameters
        ----------
        samples : array of float
            Samples, which may be fractional.

        Returns
        -------
        ndarray
            Two-way time, s.
        """
        return self.near_time + samples / RANGE_SAMPLING

    def burst_middle(self, burst: int) -> float:
        """Middle of a burst, where its azimuth steering angle is zero.

        Parameters
        ----------
        burst : int
            Number of the burst.

        Returns
        -------
        float
            Zero-Doppler time, s.
        """
        return self.burst_starts[burst] + self.lines / 2 * LINE_INTERVAL

    def line(self, t: np.ndarray, burst: int) -> np.ndarray:
        """Line of a burst in which ground lies.

        Parameters
        ----------
        t : array of float
            Zero-Doppler times of the ground, s.
        burst : int
            Number of the burst.

        Returns
        -------
        ndarray
            Lines, which may be fractional.
        """
        return (t - (self.burst_starts[burst] - self.azimuth_shift_s)) / LINE_INTERVAL

    def part(self, bursts: Iterable[int], label: ProductLabel) -> "SimulatedAcquisition":
        """The acquisition with some of its bursts only, under another label.

        Parameters
        ----------
        bursts : iterable of int
            Numbers of the bursts.
        label : ProductLabel
            The label.

        Returns
        -------
        SimulatedAcquisition
            The part.
        """
        return replace(self, burst_starts=tuple(self.burst_starts[k] for k in bursts), label=label)


def plan_track(
    stack: str,
    ground: np.ndarray,
    samples: int | None = None,
    swath: str = "IW2",
    incidence_deg: float | None = None,
    abeam_utc: timedelta | None = None,
    overlap_s: float = 0.0,
) -> SimulatedTrack:
    """The track that sees the middle of the ground, and what is kept of one swath.

    Kept are all points of the ground that the swath sees, with `RANGE_MARGIN` samples to spare.

    Parameters
    ----------
    stack : str
        Name of the stack, `A128` for an ascending, `D062` for a descending relative orbit.
    ground : (..., 3) array of float
        Earth-fixed points, m.
    samples : int, optional
        Keep that many around the middle of those points instead, wherever the swath ends.
    swath : str
        IW1, IW2 or IW3.
    incidence_deg : float, optional
        At the middle, degree; by default that of the pass, within IW2.
    abeam_utc, overlap_s : timedelta, float
        As in `SimulatedTrack`.

    Returns
    -------
    SimulatedTrack
        The track.

    Raises
    ------
    StackError
        The swath does not see the ground.
    """
    points = ground.reshape(-1, 3)
    center = points.mean(0)
    state = reference_state(stack, center, incidence_deg)
    slant_time = 2.0 / SPEED_OF_LIGHT * geometry.zero_doppler(scene_arc(state), points)[1]
    seen = (float(slant_time.min()), float(slant_time.max()))
    return track_over(stack, center, state, seen, samples, swath, abeam_utc, overlap_s)


def reference_state(stack: str, center: np.ndarray, incidence_deg: float | None = None) -> np.ndarray:
    """State of the reference orbit of a stack when a point is abeam.

    Parameters
    ----------
    stack : str
        Name of the stack, `A128` for an ascending, `D062` for a descending relative orbit.
    center : (3,) array of float
        Earth-fixed point, m.
    incidence_deg : float, optional
        At the point, degree; by default that of the pass, within IW2.

    Returns
    -------
    (6,) array of float
        Earth-fixed, m and m/s.
    """
    check_stack(stack)
    return geometry.track_state(center, stack[0] == "A", incidence_deg or INCIDENCE_DEG[stack[0]])


def track_over(
    stack: str,
    center: np.ndarray,
    state: np.ndarray,
    slant_time: tuple[float, float],
    samples: int | None = None,
    swath: str = "IW2",
    abeam_utc: timedelta | None = None,
    overlap_s: float = 0.0,
    reach_s: float = SCENE_S,
) -> SimulatedTrack:
    """The track of a reference orbit, and what is kept of one swath.

    Parameters
    ----------
    stack : str
        Name of the stack.
    center : (3,) array of float
        Earth-fixed middle of the ground, m.
    state : (6,) array of float
        Of `reference_state`.
    slant_time : tuple of float
        Smallest and largest two-way time of the ground, s.
    samples, swath, abeam_utc, overlap_s
        As of `plan_track`.
    reach_s : float
        As in `SimulatedTrack`.

    Returns
    -------
    SimulatedTrack
        The track.

    Raises
    ------
    StackError
        The swath does not see the ground.
    """
    near_time, samples = _kept(swath_named(swath), slant_time, samples)
    at = ABEAM_UTC[stack[0]] if abeam_utc is None else abeam_utc
    return SimulatedTrack(stack, state, center, near_time, samples, swath_named(swath), at, overlap_s, reach_s)


def swaths_over(slant_time: tuple[float, float]) -> tuple[str, ...]:
    """The fewest swaths that see all ground between two slant range times, from near to far; IW2
    where it is enough.

    Parameters
    ----------
    slant_time : tuple of float
        Smallest and largest two-way time of the ground, s.

    Returns
    -------
    tuple of str
        Names; ground beyond IW1 and IW3 is seen by none.
    """
    near, far = slant_time
    if SWATHS["IW2"].near_time <= near and far <= SWATHS["IW2"].far_time:
        return ("IW2",)
    chosen = []
    for swath, farther in zip(SWATHS.values(), (*list(SWATHS.values())[1:], None), strict=True):
        if swath.far_time >= near and (farther is None or farther.near_time > near):
            chosen.append(swath.name)
            near = swath.far_time
        if near >= far:
            break
    return tuple(chosen)


def bursts_over(times: tuple[float, float], swath: str, overlap_s: float = 0.0) -> range:
    """The bursts of a swath whose valid lines hold all ground between two times on every date.

    Parameters
    ----------
    times : tuple of float
        First and last zero-Doppler time of the ground, s.
    swath : str
        IW1, IW2 or IW3.
    overlap_s : float
        As in `SimulatedTrack`.

    Returns
    -------
    range
        Numbers of the bursts; 0 and 1, around the middle of the region, are among them.
    """
    lines, cycle = swath_named(swath).lines, BURST_CYCLE * LINE_INTERVAL
    first = _first_start(swath_named(swath), overlap_s) + INVALID_LINES * LINE_INTERVAL
    end = first + (lines - 2 * INVALID_LINES) * LINE_INTERVAL
    early, late = times[0] - BURST_MARGIN, times[1] + BURST_MARGIN
    return range(min(0, math.floor((early - first) / cycle)), max(1, math.ceil((late - end) / cycle)) + 1)


def _kept(swath: Swath, slant_time: tuple[float, float], samples: int | None) -> tuple[float, int]:
    """Two-way time of the first sample and number of samples that are kept of a swath for ground
    between two slant range times.
    """
    near, far = (time * RANGE_SAMPLING for time in slant_time)
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


def scene_arc(state: np.ndarray, reach_s: float = SCENE_S) -> SimulatedArc:
    """The orbit around a scene.

    Parameters
    ----------
    state : (6,) array of float
        Earth-fixed state at t = 0, m and m/s.
    reach_s : float
        Before and after, s.

    Returns
    -------
    SimulatedArc
        The orbit.
    """
    # 2 s nodes over +-10 s: the polynomial of degree 6 misses the integrated orbit by less than
    # 1e-8 m
    times, states = propagate(state, reach_s, reach_s, 2.0)
    return fit_arc(times, states[:, :3], states[:, 3:], 6 if reach_s <= SCENE_S else 9)


def baseline_m(track: SimulatedTrack, date: str, seed: int) -> tuple[float, float]:
    """Offset of the orbit of a date from the reference orbit.

    Parameters
    ----------
    track : SimulatedTrack
        The track.
    date : str
        Day of the pass, YYYYMMDD.
    seed : int
        Seed of the world.

    Returns
    -------
    tuple of float
        Perpendicular offset, m, along the derivative of the satellite-to-ground look vector with
        the look angle, up and away from the track; parallel offset, m, along that look vector.
    """
    return offsets.orbit_offset_m(track.stack, date, seed)


def acquire(
    track: SimulatedTrack,
    date: str,
    seed: int,
    bursts: int | range = BURSTS,
    mission: str = "S1A",
    offset_m: tuple[float, float] | None = None,
    azimuth_shift_s: float = 0.0,
) -> SimulatedAcquisition:
    """The pass of a date: the same for the same track, date and seed, whatever else is made.

    Parameters
    ----------
    track : SimulatedTrack
        The track.
    date : str
        Day of the pass, YYYYMMDD.
    seed : int
        Seed of the world.
    bursts : int or range
        How many, the first two around the middle of the region; or their numbers, 0 and 1 around
        the middle.
    mission : str
        S1A to S1D.
    offset_m : tuple of float, optional
        Perpendicular and parallel offset of the orbit from the reference orbit, m, instead of those
        of `baseline_m`.
    azimuth_shift_s : float
        As in `SimulatedAcquisition`.

    Returns
    -------
    SimulatedAcquisition
        The acquisition.
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

    numbers = range(bursts) if isinstance(bursts, int) else bursts
    first = _first_start(track.swath, burst_jitter + track.overlap_s)
    if track.swath.name != "IW2":
        rng = np.random.default_rng(np.random.SeedSequence((seed, *track.seed_key(int(date), 2, track.swath.number))))
    starts = tuple(round(first + k * BURST_CYCLE * LINE_INTERVAL, 6) for k in numbers)
    stop = starts[-1] + track.swath.lines * LINE_INTERVAL
    arc = scene_arc(state, max(SCENE_S, math.ceil(max(-starts[0], stop)) + 2.0))
    estimates = [
        first + (track.swath.lines / 2 + k * BURST_CYCLE) * LINE_INTERVAL
        for k in range(numbers.start - 1, numbers.stop + 1)
    ]  # one each burst cycle, the bursts' own middles among them
    return SimulatedAcquisition(
        track, date, epoch, arc, times - phase, states, node, _absolute_orbit(epoch, node, track.relative_orbit, mission),
        starts, tuple(_fm_rate(arc, track, t) for t in estimates), tuple(_dopplers(estimates, track, rng)), mission,
        azimuth_shift_s,
    )  # fmt: skip


def _first_start(swath: Swath, shift_s: float) -> float:
    """Start of burst 0 of a swath, s, where the overlap of IW2's bursts 0 and 1 is abeam after a
    shift.
    """
    half = SWATHS["IW2"].lines / 2 * LINE_INTERVAL
    first = round(shift_s - (BURST_CYCLE + SWATHS["IW2"].lines) / 2 * LINE_INTERVAL, 6)
    return first if swath.name == "IW2" else round(first + half + swath.delay - swath.lines / 2 * LINE_INTERVAL, 6)


def _offset(track: SimulatedTrack, perpendicular: float, parallel: float) -> np.ndarray:
    """The reference state shifted to a neighbouring orbit parallel to it over the scene."""
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


def _fm_rate(arc: SimulatedArc, track: SimulatedTrack, t: float) -> RangePolynomial:
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
    first, second, third = (float(c) for c in fit / scale ** np.arange(3))
    return RangePolynomial(t, track.near_time, (first, second, third))


def _dopplers(times: list[float], track: SimulatedTrack, rng: np.random.Generator) -> list[RangePolynomial]:
    """Doppler centroids of a few Hz that wander slowly along the track, as data-driven estimates
    do.
    """
    level, slope, bend = rng.normal(scale=(4.0, 1.2e4, 2e6))
    drift = rng.normal(scale=1.0, size=len(times))
    return [
        RangePolynomial(t, track.near_time, (float(level + d), float(slope), float(bend)))
        for t, d in zip(times, drift, strict=True)
    ]

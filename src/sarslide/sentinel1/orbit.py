"""Orbits: state vectors of annotations and of EOF files, and the polynomial arcs made of them."""

import logging
import re
from dataclasses import dataclass
from pathlib import Path
from typing import overload

import numpy as np

from sarslide.errors import OrbitError
from sarslide.io import bounded

log = logging.getLogger(__name__)

MARGIN_S = 60.0  # state vectors kept before and after a scene, s
SLACK_S = 1.0  # the orbit of an annotation of 2014 stops half a second before its last line
DEGREE = 7  # of an arc; on 150 s of orbit the truncation is below 1e-6 m
FIT_TOLERANCE_M = 0.01  # annotations round positions to 1 mm; real vectors fit to 3 mm or better
EOF_NAME = re.compile(r"(S1[A-D])_OPER_AUX_(POEORB|RESORB)_OPOD_\d{8}T\d{6}_V(\d{8}T\d{6})_(\d{8}T\d{6})\.EOF")
EOF_BYTES = 16 << 20  # a day of vectors is 4 MB
UTC = re.compile(r"20\d\d-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{1,9})?")
FETCH_AGAIN = "fetch the orbit file again"
# Of Sentinel-1, Earth-fixed: distance from the centre of the Earth, m, and speed, m/s.
RADIUS_M, SPEED_M_S = (7.0e6, 7.2e6), (7300.0, 7900.0)
KINDS = ("precise", "restituted", "annotation")  # best first: good to 5 cm, 10 cm, and about 50 cm
PUT_ORBIT = "put the POEORB or RESORB file of this acquisition beside the SAFE"


@dataclass(frozen=True)
class Arc:
    """A piece of orbit as one polynomial.

    position(t) = sum_k coefficients[k] u^k, u = (t - centre_s) / half_s.

    Attributes
    ----------
    centre_s, half_s : float
        Middle and half length of the fit, s from the epoch.
    coefficients : (degree + 1, 3) array
        Earth-fixed, m.
    start_s, stop_s : float
        Where the arc may be used, s from the epoch.
    """

    centre_s: float
    half_s: float
    coefficients: np.ndarray
    start_s: float
    stop_s: float

    def position(self, time_s: np.ndarray | float) -> np.ndarray:
        """Earth-fixed position.

        Parameters
        ----------
        time_s : (...) array or float
            s from the epoch.

        Returns
        -------
        (..., 3) array
            m.
        """
        return self._evaluate(time_s, 0)

    def velocity(self, time_s: np.ndarray | float) -> np.ndarray:
        """Earth-fixed velocity.

        Parameters
        ----------
        time_s : (...) array or float
            s from the epoch.

        Returns
        -------
        (..., 3) array
            m/s.
        """
        return self._evaluate(time_s, 1)

    def _evaluate(self, time_s: np.ndarray | float, derivative: int) -> np.ndarray:
        u = (np.asarray(time_s, float) - self.centre_s) / self.half_s
        series = np.polynomial.polynomial.polyder(self.coefficients, derivative) if derivative else self.coefficients
        value = np.polynomial.polynomial.polyval(u, series) / self.half_s**derivative
        return np.moveaxis(value, 0, -1)


@dataclass(frozen=True)
class Orbit:
    """Earth-fixed state vectors.

    Attributes
    ----------
    epoch : numpy.datetime64
        Zero of times, UTC.
    time_s : (n,) array
        s from the epoch.
    position_m : (n, 3) array
        m.
    velocity_m_s : (n, 3) array
        m/s.
    source : str
        The file that they are from.
    """

    epoch: np.datetime64
    time_s: np.ndarray
    position_m: np.ndarray
    velocity_m_s: np.ndarray
    source: str

    def cut(self, start_s: float, stop_s: float, margin_s: float = MARGIN_S) -> "Orbit":
        """The vectors around an interval.

        Parameters
        ----------
        start_s, stop_s : float
            The interval, s from the epoch.
        margin_s : float
            Kept on both sides, s.

        Returns
        -------
        Orbit
            Those within the margin.

        Raises
        ------
        OrbitError
            When the vectors do not enclose the interval but for SLACK_S, or are fewer than an arc
            needs.
        """
        keep = (self.time_s >= start_s - margin_s) & (self.time_s <= stop_s + margin_s)
        n = int(keep.sum())
        enclosed = n and self.time_s[keep][0] <= start_s + SLACK_S and self.time_s[keep][-1] >= stop_s - SLACK_S
        if not enclosed or 2 * n < DEGREE + 3:
            start, stop = self.utc(start_s), self.utc(stop_s)
            held = f"{self.utc(self.time_s[0])} to {self.utc(self.time_s[-1])}" if self.time_s.size else "none"
            raise OrbitError(
                f"{self.source}: state vectors ({held}) do not cover the scene {start} to {stop}",
                PUT_ORBIT,
            )
        return Orbit(self.epoch, self.time_s[keep], self.position_m[keep], self.velocity_m_s[keep], self.source)

    def check(self) -> "Orbit":
        """Itself, if its vectors are those of a Sentinel-1 satellite.

        Returns
        -------
        Orbit
            Itself.

        Raises
        ------
        OrbitError
            For times that do not grow, and for vectors in another unit or of another orbit.
        """
        if not np.all(np.diff(self.time_s) > 0):
            raise OrbitError(f"{self.source}: the times of its state vectors do not grow", FETCH_AGAIN)
        for what, vectors, (low, high) in (
            ("m from the centre of the Earth", self.position_m, RADIUS_M),
            ("m/s", self.velocity_m_s, SPEED_M_S),
        ):
            with np.errstate(all="ignore"):  # what overflows is beyond the limits, too
                length = np.linalg.norm(vectors, axis=1)
            if (strange := ~((length >= low) & (length <= high))).any():
                raise OrbitError(
                    f"{self.source}: a state vector of {length[strange][0]:.4g} {what}, Sentinel-1 has {low:g} to {high:g}",
                    FETCH_AGAIN,
                )
        return self

    def utc(self, time_s: float) -> str:
        """ISO time of a second count.

        Parameters
        ----------
        time_s : float
            s from the epoch.

        Returns
        -------
        str
            To the millisecond.
        """
        return str((self.epoch + np.timedelta64(round(time_s * 1e6), "us")).astype("datetime64[ms]"))

    def arc(self, start_s: float, stop_s: float) -> Arc:
        """Least-squares polynomial through the vectors within MARGIN_S of an interval.

        Parameters
        ----------
        start_s, stop_s : float
            The interval, s from the epoch.

        Returns
        -------
        Arc
            Fitted to positions and velocities.

        Raises
        ------
        OrbitError
            When vectors are missing or do not lie on one smooth orbit.
        """
        near = self.cut(start_s, stop_s)
        centre = (near.time_s[0] + near.time_s[-1]) / 2
        half = (near.time_s[-1] - near.time_s[0]) / 2
        u = (near.time_s - centre) / half
        cheb = np.polynomial.chebyshev
        values = cheb.chebvander(u, DEGREE)
        slopes = cheb.chebval(u, cheb.chebder(np.eye(DEGREE + 1))).T
        # Velocities are scaled to metres per half arc, so that both kinds of row have one unit.
        design = np.vstack([values, slopes])
        observed = np.vstack([near.position_m, near.velocity_m_s * half])
        fit = np.linalg.lstsq(design, observed, rcond=None)[0]
        misfit = np.abs(values @ fit - near.position_m).max()
        if not misfit < FIT_TOLERANCE_M:
            raise OrbitError(
                f"{self.source}: state vectors leave a smooth orbit by {misfit:.3g} m", "use another orbit file"
            )
        power = np.stack([cheb.cheb2poly(column) for column in fit.T], axis=1)
        return Arc(centre, half, power, near.time_s[0] - SLACK_S, near.time_s[-1] + SLACK_S)


def read_eof(path: str | Path, mission: str, epoch: np.datetime64, start_s: float, stop_s: float) -> Orbit:
    """Vectors of an EOF orbit file (POEORB, RESORB) within MARGIN_S of an interval.

    Parameters
    ----------
    path : str or Path
        The file.
    mission : str
        The satellite that it must be of, S1A ...
    epoch : numpy.datetime64
        Zero of times, UTC.
    start_s, stop_s : float
        The interval, s from the epoch.

    Returns
    -------
    Orbit
        The vectors.

    Raises
    ------
    OrbitError
        For a file that is no orbit file, is of another satellite, holds what no orbit of
        Sentinel-1 is, or does not cover the interval.
    """
    path = Path(path)
    text = bounded.text(path, OrbitError, EOF_BYTES, "ascii", FETCH_AGAIN)
    # A day of vectors is 4 MB of XML of which a scene needs 15 records: only those go through the
    # parser.
    header, *records = text.split("<OSV>")
    stamps = re.findall(f"<UTC>UTC=({UTC.pattern})</UTC>", text)
    complete = 0 < len(records) == len(stamps) == text.count("</OSV>")
    if not complete or "<Ref_Frame>EARTH_FIXED</Ref_Frame>" not in header:
        raise OrbitError(f"{path}: holds no Earth-fixed state vectors", FETCH_AGAIN)
    if f"<Mission>Sentinel-{mission[1:]}</Mission>" not in header:
        raise OrbitError(f"{path}: is not of {mission}", FETCH_AGAIN)
    try:
        time_s = seconds(np.array(stamps, "datetime64[us]"), epoch)
    except ValueError as error:
        raise OrbitError(f"{path}: broken time ({bounded.shown(error)})", FETCH_AGAIN) from None
    near = np.flatnonzero((time_s >= start_s - MARGIN_S) & (time_s <= stop_s + MARGIN_S))
    # The first and last record stay for the error message.
    chosen = near if near.size else np.unique([0, len(records) - 1])
    vectors = np.array([_state_vector(records[i], path) for i in chosen])
    return Orbit(epoch, time_s[chosen], vectors[:, :3], vectors[:, 3:], path.name).check().cut(start_s, stop_s)


def _state_vector(record: str, path: Path) -> list[float]:
    osv = bounded.xml(f"<OSV>{record.partition('</OSV>')[0]}</OSV>", path, OrbitError, FETCH_AGAIN)
    try:
        return [float(osv.findtext(tag) or "") for tag in ("X", "Y", "Z", "VX", "VY", "VZ")]
    except ValueError as error:
        raise OrbitError(f"{path}: broken state vector ({bounded.shown(error)})", FETCH_AGAIN) from None


def validity(name: str) -> tuple[str, np.datetime64, np.datetime64] | None:
    """What an orbit file is for, by its name.

    Parameters
    ----------
    name : str
        Of the file.

    Returns
    -------
    tuple of str and two numpy.datetime64, or None
        Satellite, begin and end, UTC; None for what is no name of an orbit file.
    """
    match = EOF_NAME.fullmatch(name)
    try:
        return (match[1], stamp(match[3]), stamp(match[4])) if match else None
    except ValueError:  # digits that are no date
        return None


def choose_eof(
    folder: Path, mission: str, start: np.datetime64, stop: np.datetime64, lowest: str = "restituted"
) -> Path:
    """The orbit file in a folder whose validity covers an acquisition; precise before restituted.

    Parameters
    ----------
    folder : Path
        Where the files lie.
    mission : str
        S1A ...
    start, stop : numpy.datetime64
        The acquisition, UTC.
    lowest : str
        The lowest of KINDS that is accepted.

    Returns
    -------
    Path
        The file.

    Raises
    ------
    OrbitError
        When there is none.
    """
    found = sorted(folder.glob("*.EOF"))
    fitting: dict[str, Path] = {}
    for path in found:
        if not (valid := validity(path.name)):
            log.warning("%s: not the name of a POEORB or RESORB file, ignored", path)
            continue
        satellite, begin, end = valid
        if satellite == mission and begin <= start and stop <= end:
            # Of two files of one kind the later one, by its creation time in the name.
            fitting[kind_of(path)] = path
    for kind in KINDS[: KINDS.index(lowest) + 1]:
        if kind in fitting:
            return fitting[kind]
    if fitting:
        (path,) = fitting.values()
        raise OrbitError(
            f"{path}: is a restituted orbit, slc.orbits asks for precise",
            "put the POEORB file there once it is published (20 days later), or set slc.orbits: restituted",
        )
    held = f"{found[-1].name} does not cover" if found else "no orbit file (*.EOF) for"
    raise OrbitError(f"{folder}: {held} {mission} {start} to {stop}", PUT_ORBIT)


def kind_of(path: str | Path) -> str:
    """Kind of an orbit by the name of its file.

    Parameters
    ----------
    path : str or Path
        The file.

    Returns
    -------
    str
        precise, restituted, or annotation for all that is no EOF file.
    """
    match = EOF_NAME.fullmatch(Path(path).name)
    return {"POEORB": "precise", "RESORB": "restituted"}[match[2]] if match else "annotation"


def joined(orbits: list[Orbit]) -> Orbit:
    """The state vectors of several annotations of one pass, each time once.

    Parameters
    ----------
    orbits : list of Orbit
        Of one epoch.

    Returns
    -------
    Orbit
        In the order of time, with the source of the first.
    """
    first = orbits[0]
    time_s = np.concatenate([orbit.time_s for orbit in orbits])
    # Annotations round times to the microsecond.
    _, once = np.unique(np.round(time_s, 3), return_index=True)
    position, velocity = (
        np.concatenate([getattr(orbit, name) for orbit in orbits])[once] for name in ("position_m", "velocity_m_s")
    )
    return Orbit(first.epoch, time_s[once], position, velocity, first.source)


def utc(text: str) -> np.datetime64:
    """A time as Sentinel-1's files write it.

    Parameters
    ----------
    text : str
        Such as 2019-03-06T11:14:02.000000, UTC.

    Returns
    -------
    numpy.datetime64
        To the microsecond.

    Raises
    ------
    ValueError
        For anything else, also for the words that numpy takes for times.
    """
    if not UTC.fullmatch(text):
        raise ValueError(f"'{bounded.shown(text)}' is no time")
    return np.datetime64(text, "us")


def stamp(text: str) -> np.datetime64:
    """A time as names of Sentinel-1's files write it.

    Parameters
    ----------
    text : str
        Such as 20190306T111402, UTC.

    Returns
    -------
    numpy.datetime64
        To the microsecond.

    Raises
    ------
    ValueError
        For what is no time.
    """
    return utc(f"{text[:4]}-{text[4:6]}-{text[6:11]}:{text[11:13]}:{text[13:]}")


@overload
def seconds(times: np.datetime64, epoch: np.datetime64) -> float: ...
@overload
def seconds(times: np.ndarray, epoch: np.datetime64) -> np.ndarray: ...
def seconds(times: np.ndarray | np.datetime64, epoch: np.datetime64) -> np.ndarray | float:
    """Seconds from an epoch, exact to the microsecond.

    Parameters
    ----------
    times : numpy.datetime64 or array of datetime64[us]
        UTC.
    epoch : numpy.datetime64
        Zero of times, UTC.

    Returns
    -------
    float or array
        s.
    """
    return (times - epoch) / np.timedelta64(1, "us") * 1e-6

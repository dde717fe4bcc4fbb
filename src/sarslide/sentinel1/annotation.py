"""Annotation of one swath and polarisation of a Sentinel-1 SLC product, IPF 002.36 to 003.x."""

import re
from dataclasses import dataclass
from itertools import pairwise
from xml.etree.ElementTree import Element

import numpy as np

from sarslide.constants import SPEED_OF_LIGHT
from sarslide.errors import AnnotationError, OrbitError
from sarslide.io import bounded
from sarslide.sentinel1.orbit import Orbit, seconds, utc

IMAGE, PRODUCT = "imageAnnotation/imageInformation", "generalAnnotation/productInformation"
BURSTS = "swathTiming/burstList/burst"
COMPLETE = "give a complete IW SLC annotation"
# What every number of an IW annotation lies within, by the end of its path; wide enough for what
# ESA's processor has written since 2014.
RANGES = {
    "absoluteOrbitNumber": (1, 999_999),
    "radarFrequency": (5.351e9, 5.459e9),  # 5.405 GHz +- 1 %
    "rangeSamplingRate": (6.3e7, 6.6e7),
    "azimuthSteeringRate": (0.5, 2.5),  # degree/s
    "slantRangeTime": (4e-3, 8e-3),  # s, two-way
    "azimuthTimeInterval": (1.9e-3, 2.2e-3),
    "linesPerBurst": (16, 3000),  # 1489 to 1695
    "samplesPerBurst": (16, 50_000),  # 20503 to 26818
    "azimuthAnxTime": (-100, 6100),
    "burstId": (1, 400_000),
    "t0": (4e-3, 8e-3),
    "line": (0, 1e6),
    "pixel": (0, 5e4),
    "latitude": (-90, 90),
    "longitude": (-180, 180),
    "height": (-1000, 10_000),
    "incidenceAngle": (15, 60),
    "rangeProcessing/processingBandwidth": (1e7, 1e8),
    "azimuthProcessing/processingBandwidth": (100, 1000),
    "windowCoefficient": (0.3, 1),
}
# And of the polynomials over the swath: an FM rate of 0 or of the other sign focuses nothing, a
# Doppler beyond this is no estimate.
FM_RATE_HZ_S, DOPPLER_HZ = (-4000, -1000), (-5000, 5000)
WORDS = {
    "missionId": "S1[A-D]",
    "swath": "IW[123]",
    "polarisation": "VV|VH|HH|HV",
    "pass": "ASCENDING|DESCENDING",
}
COEFFICIENTS = 3  # of a polynomial of two-way range time
MAX_LIST = 1 << 17  # characters of the valid samples of a burst: 10,000
MAX_S = 600  # of a product
AROUND_S = 30  # by which bursts and estimates may lie outside of their product


@dataclass(frozen=True)
class RangePolynomials:
    """Estimates along azimuth, each a polynomial of two-way range time.

    value = sum_k coefficients[:, k] (tau - t0)^k.

    Attributes
    ----------
    time_s : (n,) array
        Azimuth time of each estimate, s from the epoch.
    t0_s : (n,) array
        Reference of its range time, s.
    coefficients : (n, 3) array
        From the constant on.
    """

    time_s: np.ndarray
    t0_s: np.ndarray
    coefficients: np.ndarray

    def at(self, time_s: float, range_time_s: np.ndarray) -> np.ndarray:
        """Value of the estimate nearest in azimuth, as the processor uses them: one for each burst.

        Parameters
        ----------
        time_s : float
            Azimuth time, s from the epoch.
        range_time_s : array
            Two-way range times, s.

        Returns
        -------
        array
            In the shape of `range_time_s`.
        """
        i = int(np.abs(self.time_s - time_s).argmin())
        return np.polynomial.polynomial.polyval(range_time_s - self.t0_s[i], self.coefficients[i])


@dataclass(frozen=True)
class BurstRecord:
    """One burst of the burst list.

    Attributes
    ----------
    start_s : float
        Time of its first line, s from the epoch.
    anx_time_s : float
        The same, s from the ascending node.
    number : int, optional
        Its relative burst ID, written since IPF 3.40; None before.
    first_valid_sample, last_valid_sample : (lines,) array of int
        Valid samples of each line; -1 = none.
    """

    start_s: float
    anx_time_s: float
    number: int | None
    first_valid_sample: np.ndarray
    last_valid_sample: np.ndarray


@dataclass(frozen=True)
class GeolocationGrid:
    """Tie points.

    Attributes
    ----------
    time_s : (n,) array
        Azimuth time, s from the epoch.
    range_m : (n,) array
        One-way slant range, m.
    line, pixel : (n,) array
        Place in the image.
    latitude, longitude : (n,) array
        Degree.
    height_m : (n,) array
        m.
    incidence_deg : (n,) array
        Incidence angle, degree.
    """

    time_s: np.ndarray
    range_m: np.ndarray
    line: np.ndarray
    pixel: np.ndarray
    latitude: np.ndarray
    longitude: np.ndarray
    height_m: np.ndarray
    incidence_deg: np.ndarray


@dataclass(frozen=True)
class ProcessedBand:
    """Processed bandwidth and its window.

    Attributes
    ----------
    bandwidth_hz : float
        Hz.
    window : float
        Coefficient of the generalised Hamming window.
    """

    bandwidth_hz: float
    window: float


@dataclass(frozen=True)
class Annotation:
    """What the engine needs of one annotation file.

    Attributes
    ----------
    name : str
        For messages.
    mission : str
        S1A ...
    swath : str
        IW1, IW2 or IW3.
    polarisation : str
        VV, VH, HH or HV.
    orbit_pass : str
        ASCENDING or DESCENDING.
    absolute_orbit : int
        Number of the orbit.
    epoch : numpy.datetime64
        UTC midnight of the acquisition; times are seconds from it.
    start_s, stop_s : float
        First and last line of the product, s.
    radar_frequency_hz, range_sampling_hz : float
        Hz.
    range_time_s : float
        Two-way time of the first sample, s.
    line_interval_s : float
        Between two lines of a burst, s.
    steering_rate_deg_s : float
        Of the antenna in azimuth, degree/s.
    lines_per_burst, samples_per_burst : int
        Size of a burst.
    bursts : tuple of BurstRecord
        The burst list.
    fm_rate : RangePolynomials
        Azimuth FM rate, Hz/s.
    doppler : RangePolynomials
        Doppler centroid, Hz.
    orbit : Orbit
        State vectors of the product.
    grid : GeolocationGrid
        Tie points.
    range_band, azimuth_band : ProcessedBand
        Processed bandwidths.
    """

    name: str
    mission: str
    swath: str
    polarisation: str
    orbit_pass: str
    absolute_orbit: int
    epoch: np.datetime64
    start_s: float
    stop_s: float
    radar_frequency_hz: float
    range_sampling_hz: float
    range_time_s: float
    line_interval_s: float
    steering_rate_deg_s: float
    lines_per_burst: int
    samples_per_burst: int
    bursts: tuple[BurstRecord, ...]
    fm_rate: RangePolynomials
    doppler: RangePolynomials
    orbit: Orbit
    grid: GeolocationGrid
    range_band: ProcessedBand
    azimuth_band: ProcessedBand

    @property
    def wavelength_m(self) -> float:
        """Wavelength, m."""
        return SPEED_OF_LIGHT / self.radar_frequency_hz


def parse_annotation(text: bytes, name: str, epoch: np.datetime64 | None = None) -> Annotation:
    """Annotation of an XML file.

    Parameters
    ----------
    text : bytes
        Content of the file.
    name : str
        For messages.
    epoch : numpy.datetime64, optional
        Zero of times; midnight before the first line by default.

    Returns
    -------
    Annotation
        What the engine needs of it.

    Raises
    ------
    AnnotationError
        For a file that is no annotation or lacks a record.
    """
    return _Reader(bounded.xml(text, name, AnnotationError, "copy the product again"), name).annotation(epoch)


def burst_times(root: Element, name: str) -> tuple[np.ndarray, np.timedelta64]:
    """When the bursts of an annotation begin, and how long they last.

    Parameters
    ----------
    root : xml.etree.ElementTree.Element
        Its root.
    name : str
        For messages.

    Returns
    -------
    starts : (n,) array of datetime64[us]
        UTC.
    length : numpy.timedelta64
        Of each.

    Raises
    ------
    AnnotationError
        Where it lacks one of these records.
    """
    reader = _Reader(root, name)
    starts = np.array([reader.utc("azimuthTime", burst) for burst in reader.all(BURSTS)])
    length_s = reader.whole("swathTiming/linesPerBurst") * reader.number(f"{IMAGE}/azimuthTimeInterval")
    return starts, np.timedelta64(round(length_s * 1e6), "us")


class _Reader:
    """Typed access to the XML tree: what is read is within its range, or the error names it."""

    def __init__(self, root: Element, name: str):
        self.root, self.name = root, name
        self.epoch: np.datetime64 = np.datetime64("NaT")

    def annotation(self, epoch: np.datetime64 | None) -> Annotation:
        first_line = self.utc(f"{IMAGE}/productFirstLineUtcTime")
        self.epoch = epoch if epoch is not None else first_line.astype("datetime64[D]").astype("datetime64[us]")
        self.start_s, self.stop_s = (self.time(f"{IMAGE}/product{end}LineUtcTime") for end in ("First", "Last"))
        if not 0 < self.stop_s - self.start_s <= MAX_S:
            raise self.refused(f"productLastLineUtcTime is {self.stop_s - self.start_s:.6g} s after the first line's")
        self.lines, self.samples = (self.whole(f"swathTiming/{size}PerBurst") for size in ("lines", "samples"))
        self.near_s = self.number(f"{IMAGE}/slantRangeTime")
        self.sampling_hz = self.number(f"{PRODUCT}/rangeSamplingRate")
        return Annotation(
            name=self.name,
            mission=self.word("adsHeader/missionId"),
            swath=self.word("adsHeader/swath"),
            polarisation=self.word("adsHeader/polarisation"),
            orbit_pass=self.word(f"{PRODUCT}/pass"),
            absolute_orbit=self.whole("adsHeader/absoluteOrbitNumber"),
            epoch=self.epoch,
            start_s=self.start_s,
            stop_s=self.stop_s,
            radar_frequency_hz=self.number(f"{PRODUCT}/radarFrequency"),
            range_sampling_hz=self.sampling_hz,
            range_time_s=self.near_s,
            line_interval_s=self.number(f"{IMAGE}/azimuthTimeInterval"),
            steering_rate_deg_s=self.number(f"{PRODUCT}/azimuthSteeringRate"),
            lines_per_burst=self.lines,
            samples_per_burst=self.samples,
            bursts=self.bursts(),
            fm_rate=self.polynomials(
                "generalAnnotation/azimuthFmRateList/azimuthFmRate", "azimuthFmRatePolynomial", FM_RATE_HZ_S
            ),
            doppler=self.polynomials("dopplerCentroid/dcEstimateList/dcEstimate", "dataDcPolynomial", DOPPLER_HZ),
            orbit=self.orbit(),
            grid=self.grid(),
            range_band=self.band("rangeProcessing"),
            azimuth_band=self.band("azimuthProcessing"),
        )

    def refused(self, problem: str) -> AnnotationError:
        return AnnotationError(f"{self.name}: {problem}", COMPLETE)

    def text(self, path: str, parent: Element | None = None) -> str:
        found = (self.root if parent is None else parent).findtext(path)
        if found is None or not found.strip():
            raise self.refused(f"has no {path}")
        return found.strip()

    def word(self, path: str) -> str:
        found = self.text(path).upper()
        if not re.fullmatch(WORDS[path.rpartition("/")[2]], found):
            raise self.refused(f"{path} is '{bounded.shown(found)}'")
        return found

    def number(self, path: str, parent: Element | None = None) -> float:
        """The number of a path that ends as one of RANGES does."""
        found = self.text(path, parent)
        low, high = next(limits for end, limits in RANGES.items() if f"/{path}".endswith(f"/{end}"))
        try:
            value = float(found)
        except ValueError:
            raise self.refused(f"{path} is '{bounded.shown(found)}'") from None
        if not low <= value <= high:
            raise self.refused(f"{path} is {value:g}, not within {low:g} to {high:g}")
        return value

    def whole(self, path: str, parent: Element | None = None) -> int:
        value = self.number(path, parent)
        if value != int(value):
            raise self.refused(f"{path} is {value:g}, no whole number")
        return int(value)

    def numbers(self, path: str, parent: Element, dtype: type = float) -> np.ndarray:
        found = self.text(path, parent)
        if len(found) > MAX_LIST:
            raise self.refused(f"{path} holds {len(found)} characters")
        try:
            return np.array(found.split(), dtype)
        except (ValueError, OverflowError) as error:
            raise self.refused(f"{path} holds no list of numbers ({bounded.shown(error)})") from None

    def utc(self, path: str, parent: Element | None = None) -> np.datetime64:
        found = self.text(path, parent)
        try:
            return utc(found)
        except ValueError:
            raise self.refused(f"{path} is '{bounded.shown(found)}'") from None

    def time(self, path: str, parent: Element | None = None) -> float:
        return seconds(self.utc(path, parent), self.epoch)

    def near(self, path: str, parent: Element) -> float:
        """A time that lies in the product, or shortly before or after it."""
        time_s = self.time(path, parent)
        if not self.start_s - AROUND_S <= time_s <= self.stop_s + AROUND_S:
            raise self.refused(f"{parent.tag}/{path} is {time_s - self.start_s:.6g} s after the first line")
        return time_s

    def all(self, path: str) -> list[Element]:
        found = self.root.findall(path)
        if not found:
            raise self.refused(f"has no {path}")
        return found

    def bursts(self) -> tuple[BurstRecord, ...]:
        found = tuple(map(self.burst, self.all(BURSTS)))
        if not all(one.start_s < other.start_s for one, other in pairwise(found)):
            raise self.refused(f"the times of {BURSTS} do not grow")
        return found

    def burst(self, record: Element) -> BurstRecord:
        first, last = (self.numbers(f"{end}ValidSample", record, np.int32) for end in ("first", "last"))
        if first.shape != (self.lines,) or last.shape != (self.lines,):
            raise self.refused(f"{BURSTS} has valid samples of {first.size} and {last.size} lines, not {self.lines}")
        if not ((first >= -1) & (first <= last) & (last < self.samples) & ((first < 0) == (last < 0))).all():
            raise self.refused(f"{BURSTS} has valid samples beyond 0 to {self.samples - 1}")
        return BurstRecord(
            start_s=self.near("azimuthTime", record),
            anx_time_s=self.number("azimuthAnxTime", record),
            number=self.whole("burstId", record) if record.find("burstId") is not None else None,
            first_valid_sample=first,
            last_valid_sample=last,
        )

    def polynomials(self, path: str, tag: str, limits: tuple[float, float]) -> RangePolynomials:
        records = self.all(path)
        found = RangePolynomials(
            time_s=np.array([self.near("azimuthTime", record) for record in records]),
            t0_s=np.array([self.number("t0", record) for record in records]),
            coefficients=np.array([self.coefficients(tag, record) for record in records]),
        )
        low, high = limits
        swath = self.near_s + np.linspace(0, self.samples, 9) / self.sampling_hz
        since = swath - found.t0_s[:, None]
        with np.errstate(all="ignore"):  # what overflows is beyond the limits, too
            values = np.polynomial.polynomial.polyval(since, found.coefficients.T[..., None], tensor=False)
        if (strange := ~((values >= low) & (values <= high))).any():
            raise self.refused(f"{path}/{tag} gives {values[strange][0]:g} in the swath, not {low:g} to {high:g}")
        return found

    def coefficients(self, tag: str, record: Element) -> np.ndarray:
        # Up to IPF 002.43 the FM rate has one element for each coefficient.
        found = self.numbers(tag, record) if record.find(tag) is not None else np.concatenate(
            [self.numbers(old, record) for old in ("c0", "c1", "c2")]
        )  # fmt: skip
        if found.shape != (COEFFICIENTS,) or not np.isfinite(found).all():
            raise self.refused(f"{record.tag}/{tag} is {bounded.shown(found.tolist())}, not {COEFFICIENTS} numbers")
        return found

    def orbit(self) -> Orbit:
        records = self.all("generalAnnotation/orbitList/orbit")
        vectors = {
            kind: np.array([[self.numbers(f"{kind}/{axis}", record)[0] for axis in "xyz"] for record in records])
            for kind in ("position", "velocity")
        }
        times = np.array([self.time("time", record) for record in records])
        try:
            return Orbit(self.epoch, times, vectors["position"], vectors["velocity"], self.name).check()
        except OrbitError as error:
            raise AnnotationError(error.problem, COMPLETE) from None

    def grid(self) -> GeolocationGrid:
        points = self.all("geolocationGrid/geolocationGridPointList/geolocationGridPoint")

        def column(tag: str) -> np.ndarray:
            return np.array([self.number(tag, point) for point in points])

        return GeolocationGrid(
            time_s=np.array([self.near("azimuthTime", point) for point in points]),
            range_m=column("slantRangeTime") * SPEED_OF_LIGHT / 2,
            line=column("line"),
            pixel=column("pixel"),
            latitude=column("latitude"),
            longitude=column("longitude"),
            height_m=column("height"),
            incidence_deg=column("incidenceAngle"),
        )

    def band(self, kind: str) -> ProcessedBand:
        path = f"imageAnnotation/processingInformation/swathProcParamsList/swathProcParams/{kind}"
        return ProcessedBand(self.number(f"{path}/processingBandwidth"), self.number(f"{path}/windowCoefficient"))

"""Annotation of one swath and polarisation of a Sentinel-1 SLC product, IPF 002.36 to 003.x."""

from dataclasses import dataclass
from xml.etree.ElementTree import Element

import numpy as np
from defusedxml import ElementTree

from sarslide.constants import SPEED_OF_LIGHT
from sarslide.errors import AnnotationError
from sarslide.sentinel1.orbit import Orbit, seconds


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
    try:
        root = ElementTree.fromstring(text)
    except (ElementTree.ParseError, ValueError) as error:  # entities are a ValueError of defusedxml
        raise AnnotationError(f"{name}: is not readable XML ({error})", "copy the product again") from error
    return _Reader(root, name).annotation(epoch)


class _Reader:
    """Typed access to the XML tree, with the record's name in every error."""

    def __init__(self, root: Element, name: str):
        self.root, self.name = root, name
        self.epoch: np.datetime64 = np.datetime64("NaT")

    def annotation(self, epoch: np.datetime64 | None) -> Annotation:
        first_line = np.datetime64(self.text("imageAnnotation/imageInformation/productFirstLineUtcTime"), "us")
        self.epoch = epoch if epoch is not None else first_line.astype("datetime64[D]").astype("datetime64[us]")
        info = "generalAnnotation/productInformation"
        image = "imageAnnotation/imageInformation"
        return Annotation(
            name=self.name,
            mission=self.text("adsHeader/missionId"),
            swath=self.text("adsHeader/swath"),
            polarisation=self.text("adsHeader/polarisation"),
            orbit_pass=self.text(f"{info}/pass").upper(),
            absolute_orbit=int(self.text("adsHeader/absoluteOrbitNumber")),
            epoch=self.epoch,
            start_s=self.time(f"{image}/productFirstLineUtcTime"),
            stop_s=self.time(f"{image}/productLastLineUtcTime"),
            radar_frequency_hz=self.number(f"{info}/radarFrequency"),
            range_sampling_hz=self.number(f"{info}/rangeSamplingRate"),
            range_time_s=self.number(f"{image}/slantRangeTime"),
            line_interval_s=self.number(f"{image}/azimuthTimeInterval"),
            steering_rate_deg_s=self.number(f"{info}/azimuthSteeringRate"),
            lines_per_burst=int(self.text("swathTiming/linesPerBurst")),
            samples_per_burst=int(self.text("swathTiming/samplesPerBurst")),
            bursts=self.bursts(),
            fm_rate=self.polynomials(
                "generalAnnotation/azimuthFmRateList/azimuthFmRate", "azimuthFmRatePolynomial", ("c0", "c1", "c2")
            ),
            doppler=self.polynomials("dopplerCentroid/dcEstimateList/dcEstimate", "dataDcPolynomial", ()),
            orbit=self.orbit(),
            grid=self.grid(),
            range_band=self.band("rangeProcessing"),
            azimuth_band=self.band("azimuthProcessing"),
        )

    def text(self, path: str, parent: Element | None = None) -> str:
        found = (self.root if parent is None else parent).findtext(path)
        if found is None or not found.strip():
            raise AnnotationError(f"{self.name}: has no {path}", "give a complete IW SLC annotation")
        return found.strip()

    def number(self, path: str, parent: Element | None = None) -> float:
        found = self.text(path, parent)
        try:
            return float(found)
        except ValueError:
            raise AnnotationError(f"{self.name}: {path} is '{found}'", "give a complete IW SLC annotation") from None

    def numbers(self, path: str, parent: Element, dtype: type = float) -> np.ndarray:
        return np.array(self.text(path, parent).split(), dtype)

    def time(self, path: str, parent: Element | None = None) -> float:
        found = self.text(path, parent)
        try:
            return float(seconds(np.datetime64(found, "us"), self.epoch))
        except ValueError:
            raise AnnotationError(f"{self.name}: {path} is '{found}'", "give a complete IW SLC annotation") from None

    def all(self, path: str) -> list[Element]:
        found = self.root.findall(path)
        if not found:
            raise AnnotationError(f"{self.name}: has no {path}", "give a complete IW SLC annotation")
        return found

    def bursts(self) -> tuple[BurstRecord, ...]:
        return tuple(
            BurstRecord(
                start_s=self.time("azimuthTime", burst),
                anx_time_s=self.number("azimuthAnxTime", burst),
                number=int(self.number("burstId", burst)) if burst.find("burstId") is not None else None,
                first_valid_sample=self.numbers("firstValidSample", burst, np.int32),
                last_valid_sample=self.numbers("lastValidSample", burst, np.int32),
            )
            for burst in self.all("swathTiming/burstList/burst")
        )

    def polynomials(self, path: str, tag: str, old_tags: tuple[str, ...]) -> RangePolynomials:
        records = self.all(path)
        coefficients = [
            # Up to IPF 002.43 the FM rate has one element for each coefficient.
            [self.number(old, record) for old in old_tags] if record.find(tag) is None and old_tags
            else self.numbers(tag, record)
            for record in records
        ]  # fmt: skip
        return RangePolynomials(
            time_s=np.array([self.time("azimuthTime", record) for record in records]),
            t0_s=np.array([self.number("t0", record) for record in records]),
            coefficients=np.array(coefficients),
        )

    def orbit(self) -> Orbit:
        records = self.all("generalAnnotation/orbitList/orbit")
        vectors = {
            kind: np.array([[self.number(f"{kind}/{axis}", record) for axis in "xyz"] for record in records])
            for kind in ("position", "velocity")
        }
        times = np.array([self.time("time", record) for record in records])
        return Orbit(self.epoch, times, vectors["position"], vectors["velocity"], self.name)

    def grid(self) -> GeolocationGrid:
        points = self.all("geolocationGrid/geolocationGridPointList/geolocationGridPoint")

        def column(tag: str) -> np.ndarray:
            return np.array([self.number(tag, point) for point in points])

        return GeolocationGrid(
            time_s=np.array([self.time("azimuthTime", point) for point in points]),
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

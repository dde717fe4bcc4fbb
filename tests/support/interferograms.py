"""Truth for the native engine, made without it: a circular orbit, points of the Earth, and a TOPS burst of point targets.

The SLC model: s = sum_k a_k exp(-4 pi j R_k / wavelength) h_az(eta - eta_k) h_rg(tau - tau_k) exp(j ramp(eta, tau) - j ramp_k)
with ramp_k = ramp(eta_k, tau_k) and band-limited h, so that a deramped burst is band-limited and a sample at the target has the
phase of the range alone.
"""

import warnings
from dataclasses import dataclass, field

import numpy as np
import pyproj
import rasterio
from rasterio.errors import NotGeoreferencedWarning
from scipy.optimize import brentq, least_squares

from sarslide.constants import SPEED_OF_LIGHT
from sarslide.sentinel1.annotation import ProcessedBand
from sarslide.sentinel1.burst import Burst
from sarslide.sentinel1.orbit import Orbit
from sarslide.sentinel1.safe import Scene

EPOCH = np.datetime64("2019-03-06T00:00:00", "us")
RADIUS, INCLINATION, EARTH_RATE, GM = 7.0716e6, np.radians(98.18), 7.2921159e-5, 3.986004418e14
WAVELENGTH = SPEED_OF_LIGHT / 5.405000454334350e9
MID_S = 40000.0  # when the satellite passes the middle of the scene
SAMPLING, INTERVAL = 6.434523812571429e7, 2.055556299999998e-3
RANGE_BAND, AZIMUTH_BAND = ProcessedBand(48.3e6, 0.75), ProcessedBand(313.0, 0.75)
TO_XYZ = pyproj.Transformer.from_crs(4979, 4978, always_xy=True)


@dataclass
class CircularOrbit:
    """Right ascension and argument of latitude at MID_S, both Earth-fixed; `shift` (3,) m moves the whole track."""

    node: float
    latitude: float
    shift: np.ndarray = field(default_factory=lambda: np.zeros(3))

    def position(self, t):
        t = np.asarray(t, float) - MID_S
        u = self.latitude + np.sqrt(GM / RADIUS**3) * t
        node = self.node - EARTH_RATE * t
        x, y, z = np.cos(u), np.sin(u) * np.cos(INCLINATION), np.sin(u) * np.sin(INCLINATION)
        return (
            RADIUS * np.stack([np.cos(node) * x - np.sin(node) * y, np.sin(node) * x + np.cos(node) * y, z], -1)
            + self.shift
        )

    def velocity(self, t, h=1e-2):
        # Five-point difference: exact to 1e-7 m/s.
        p = self.position
        return (p(t - 2 * h) - 8 * p(t - h) + 8 * p(t + h) - p(t + 2 * h)) / (12 * h)

    def zero_doppler(self, xyz):
        """(time, range) of one point, by bisection of the closest approach."""
        t = brentq(lambda t: self.velocity(t) @ (xyz - self.position(t)), MID_S - 30, MID_S + 30, xtol=1e-12)
        return t, np.linalg.norm(xyz - self.position(t))

    def state_vectors(self) -> Orbit:
        t = np.arange(MID_S - 80, MID_S + 81, 10.0)
        return Orbit(EPOCH, t, self.position(t), self.velocity(t), "synthetic.EOF")


def orbit_over(lon: float, lat: float, ascending: bool = True, slant_range: float = 880e3) -> CircularOrbit:
    """The orbit that passes a point at MID_S, right-looking, at the given range."""
    xyz = np.array(TO_XYZ.transform(lon, lat, 0.0))
    east = np.array([-np.sin(np.radians(lon)), np.cos(np.radians(lon)), 0])
    side = -1 if ascending else 1  # an ascending satellite that looks right flies west of its scene
    latitude = np.arcsin(np.sin(np.radians(lat)) / np.sin(INCLINATION))
    latitude = latitude if ascending else np.pi - latitude
    around = np.arctan2(np.sin(latitude) * np.cos(INCLINATION), np.cos(latitude))
    start = [np.radians(lon) - around + side * np.radians(6.5), latitude]

    def misfit(p):
        orbit = CircularOrbit(*p)
        look = xyz - orbit.position(MID_S)
        return [np.linalg.norm(look) / slant_range - 1, look @ orbit.velocity(MID_S) / (slant_range * 7000)]

    orbit = CircularOrbit(*least_squares(misfit, start, xtol=1e-15, ftol=1e-15, gtol=1e-15).x)
    assert side * ((orbit.position(MID_S) - xyz) @ east) > 0
    return orbit


def hamming_response(band: ProcessedBand, t):
    """Impulse response of a band with a generalised Hamming window, 1 at t = 0."""
    b, a = band.bandwidth_hz * t, band.window
    return (a * np.sinc(b) + (1 - a) / 2 * (np.sinc(b - 1) + np.sinc(b + 1))) / a


def make_burst(
    orbit: CircularOrbit, raster: str, mid_s: float, mid_range: float, lines=1200, samples=1600, index=0
) -> Burst:
    """An IW2-like burst around a time and a range; `raster` holds it alone."""
    range_time = 2 * mid_range / SPEED_OF_LIGHT - samples / 2 / SAMPLING
    return Burst(
        swath="IW2", number=1 + index, start_s=mid_s - (lines - 1) / 2 * INTERVAL, anx_time_s=500.0 + 2.758273 * index,
        line_interval_s=INTERVAL, lines=lines,
        range_time_s=range_time, range_sampling_hz=SAMPLING, samples=samples, first_line=10, last_line=lines - 11,
        first_sample=10, last_sample=samples - 11, raster=raster, row_offset=0, raster_lines=lines,
        fm_t0_s=range_time, fm_rate=np.array([-2187.0, 4.0e5, -6.5e7]),
        doppler_t0_s=range_time, doppler=np.array([13.0, -7.1e4, 6.4e7]),
        steering_hz_s=2 * np.linalg.norm(orbit.velocity(mid_s)) / WAVELENGTH * np.radians(0.979863),
        range_band=RANGE_BAND, azimuth_band=AZIMUTH_BAND,
    )  # fmt: skip


def ramp_cycles(burst: Burst, eta, tau):
    """Miranda's ramp written anew from the technical note, at any time from mid-burst (s) and two-way range time (s)."""

    def poly(t0, c):
        return c[0] + c[1] * (tau - t0) + c[2] * (tau - t0) ** 2

    ka, fdc = poly(burst.fm_t0_s, burst.fm_rate), poly(burst.doppler_t0_s, burst.doppler)
    kt = ka * burst.steering_hz_s / (ka - burst.steering_hz_s)
    tau_mid = burst.range_time_s + burst.samples // 2 / burst.range_sampling_hz
    ka_mid = np.polynomial.polynomial.polyval(tau_mid - burst.fm_t0_s, burst.fm_rate)
    fdc_mid = np.polynomial.polynomial.polyval(tau_mid - burst.doppler_t0_s, burst.doppler)
    e = eta - (-fdc / ka + fdc_mid / ka_mid)
    return kt / 2 * e**2 + fdc * e


def add_target(image, burst: Burst, time_s: float, range_m: float, amplitude: complex = 1.0, reach=(24, 24)) -> None:
    """Adds a point target of known zero-Doppler time and range to complex128 samples (lines, samples)."""
    line, sample = (time_s - burst.start_s) / INTERVAL, (2 * range_m / SPEED_OF_LIGHT - burst.range_time_s) * SAMPLING
    l = np.arange(max(int(line) - reach[0], 0), min(int(line) + reach[0], burst.lines))
    s = np.arange(max(int(sample) - reach[1], 0), min(int(sample) + reach[1], burst.samples))
    if not (l.size and s.size):
        return
    middle = (burst.lines - 1) / 2
    eta, tau = (l[:, None] - middle) * INTERVAL, burst.range_time_s + s[None, :] / SAMPLING
    ramp = ramp_cycles(burst, eta, tau) - ramp_cycles(burst, (line - middle) * INTERVAL, 2 * range_m / SPEED_OF_LIGHT)
    shape = hamming_response(AZIMUTH_BAND, (l[:, None] - line) * INTERVAL) * hamming_response(
        RANGE_BAND, (s - sample) / SAMPLING
    )
    image[l[0] : l[-1] + 1, s[0] : s[-1] + 1] += (
        amplitude * shape * np.exp(2j * np.pi * (ramp - 2 * range_m / WAVELENGTH))
    )


def write_raster(path, image) -> None:
    """Stores samples as the measurement of a burst, in whole numbers as the processor does."""
    height, width = image.shape
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", NotGeoreferencedWarning)
        with rasterio.open(
            path, "w", driver="GTiff", dtype="complex_int16", count=1, height=height, width=width
        ) as target:
            target.write((np.rint(image.real) + 1j * np.rint(image.imag)).astype(np.complex64), 1)


def scene_of(orbit: CircularOrbit, bursts, date="20190306") -> Scene:
    """A scene around bursts."""
    vectors = orbit.state_vectors()
    return Scene(
        stack="A128", date=date, mission="S1A", polarisation="VV", ipf_version="003.00", epoch=EPOCH, orbit=vectors,
        orbit_kind="precise",
        arc=vectors.arc(MID_S - 3, MID_S + 3), wavelength_m=WAVELENGTH, bursts=tuple(bursts),
    )  # fmt: skip


def cell_sum(samples: np.ndarray, per_y: int, per_x: int) -> np.ndarray:
    """Sums (rows / per_y, cols / per_x) over blocks of per_y x per_x samples."""
    rows, cols = samples.shape
    # Rows first: adding whole rows runs through memory in order.
    tall = samples.reshape(rows // per_y, per_y, cols).sum(axis=1)
    return tall.reshape(rows // per_y, cols // per_x, per_x).sum(axis=2)

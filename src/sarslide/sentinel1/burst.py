"""Bursts: where they lie in time and range, their valid samples, where their lines are stored."""

import math
from dataclasses import dataclass

import numpy as np

from sarslide.constants import SPEED_OF_LIGHT
from sarslide.sentinel1.annotation import Annotation, ProcessedBand
from sarslide.sentinel1.orbit import Arc

CYCLE_S = 2.758273  # from a burst to the next of its swath (ESA, Sentinel-1 burst identifiers)
PREAMBLE_S = 2.299849  # before the first burst of a repeat cycle (the same document)
ORBIT_S = 12 * 86400 / 175  # nominal orbital period
SWATH_OFFSET = 0.347  # cycles by which the bursts of IW2 follow those of IW1, and IW3 those of IW2


@dataclass(frozen=True)
class Burst:
    """One burst.

    Line l is imaged at start_s + l line_interval_s, sample s at the two-way range time range_time_s
    + s / range_sampling_hz. The polynomials of two-way range time (coefficients from the constant
    on, relative to t0) are those nearest to the middle of the burst.

    Attributes
    ----------
    swath : str
        IW1, IW2 or IW3.
    number : int
        Relative burst ID of ESA's burst map, the same on all dates of a track.
    start_s : float
        Time of the first line, s from the scene's epoch.
    anx_time_s : float
        The same, s from the ascending node.
    line_interval_s : float
        s.
    lines : int
        Lines of the burst.
    range_time_s : float
        Two-way time of the first sample, s.
    range_sampling_hz : float
        Hz.
    samples : int
        Samples of a line.
    first_line, last_line, first_sample, last_sample : int
        The valid part, inclusive.
    raster : str
        What GDAL opens for its samples.
    row_offset : int
        Row of the raster that holds its first line.
    raster_lines : int
        Rows of the raster.
    fm_t0_s : float
        s.
    fm_rate : (3,) array
        Azimuth FM rate, Hz/s.
    doppler_t0_s : float
        s.
    doppler : (3,) array
        Doppler centroid, Hz.
    steering_hz_s : float
        Doppler rate of the antenna steering, Hz/s.
    range_band, azimuth_band : ProcessedBand
        Processed bandwidths.
    """

    swath: str
    number: int
    start_s: float
    anx_time_s: float
    line_interval_s: float
    lines: int
    range_time_s: float
    range_sampling_hz: float
    samples: int
    first_line: int
    last_line: int
    first_sample: int
    last_sample: int
    raster: str
    row_offset: int
    raster_lines: int
    fm_t0_s: float
    fm_rate: np.ndarray
    doppler_t0_s: float
    doppler: np.ndarray
    steering_hz_s: float
    range_band: ProcessedBand
    azimuth_band: ProcessedBand

    @property
    def name(self) -> str:
        """Relative burst ID and swath, such as 136231_IW2."""
        return f"{self.number:06d}_{self.swath}"

    def line(self, time_s: np.ndarray) -> np.ndarray:
        """Fractional line of zero-Doppler times.

        Parameters
        ----------
        time_s : array
            s from the scene's epoch.

        Returns
        -------
        array
            0 is the first line.
        """
        return (time_s - self.start_s) / self.line_interval_s

    def sample(self, range_m: np.ndarray) -> np.ndarray:
        """Fractional sample of slant ranges.

        Parameters
        ----------
        range_m : array
            One-way, m.

        Returns
        -------
        array
            0 is the first sample.
        """
        return (2 / SPEED_OF_LIGHT * range_m - self.range_time_s) * self.range_sampling_hz

    @property
    def cycle(self) -> float:
        """When its middle is imaged, in burst cycles since the ascending node.

        The same on all dates of a track to 0.02, and with the same fraction for the three swaths of
        a scene.
        """
        middle = self.anx_time_s + (self.lines - 1) / 2 * self.line_interval_s
        return middle / CYCLE_S - SWATH_OFFSET * (int(self.swath[-1]) - 2)

    def holds(self, line: np.ndarray, sample: np.ndarray, margin: tuple[int, int]) -> np.ndarray:
        """Whether positions lie in the valid part.

        Parameters
        ----------
        line, sample : array
            Fractional positions.
        margin : tuple of int
            Lines and samples from the edge that do not count.

        Returns
        -------
        array of bool
            In the shape of the positions.
        """
        return (
            (line >= self.first_line + margin[0]) & (line <= self.last_line - margin[0])
            & (sample >= self.first_sample + margin[1]) & (sample <= self.last_sample - margin[1])
        )  # fmt: skip


def burst_number(anx_time_s: float, relative_orbit: int) -> int:
    """Relative burst ID of a burst (ESA, Sentinel-1 burst map).

    Parameters
    ----------
    anx_time_s : float
        When its middle is imaged, s after the ascending node.
    relative_orbit : int
        1 to 175.

    Returns
    -------
    int
        The number.
    """
    return 1 + math.floor((anx_time_s + (relative_orbit - 1) * ORBIT_S - PREAMBLE_S) / CYCLE_S)


def bursts_of(
    annotation: Annotation, arc: Arc, raster: str, relative_orbit: int, only: int | None = None
) -> list[Burst]:
    """The bursts of a swath that have valid samples.

    Parameters
    ----------
    annotation : Annotation
        Of the swath.
    arc : Arc
        Gives the speed that turns the steering rate into a Doppler rate.
    raster : str
        What GDAL opens for the samples.
    relative_orbit : int
        1 to 175.
    only : int, optional
        Position in the burst list of the single burst that `raster` holds; None: it holds all.

    Returns
    -------
    list of Burst
        In the order of the burst list.

    References
    ----------
    N. Miranda, 2014, ESA COPE-GSEG-EOPG-TN-14-0025, eq. 7.
    """
    bursts = []
    lines = annotation.lines_per_burst
    for index, record in enumerate(annotation.bursts):
        valid = np.flatnonzero(record.first_valid_sample >= 0)
        if not valid.size or only not in (None, index):
            continue
        half = (lines - 1) / 2 * annotation.line_interval_s
        middle = record.start_s + half
        speed = float(np.linalg.norm(arc.velocity(middle)))
        steering = math.radians(annotation.steering_rate_deg_s)
        fm, dc = annotation.fm_rate, annotation.doppler
        i, j = int(np.abs(fm.time_s - middle).argmin()), int(np.abs(dc.time_s - middle).argmin())
        bursts.append(
            Burst(
                swath=annotation.swath,
                number=record.number or burst_number(record.anx_time_s + half, relative_orbit),
                start_s=record.start_s,
                anx_time_s=record.anx_time_s,
                line_interval_s=annotation.line_interval_s,
                lines=lines,
                range_time_s=annotation.range_time_s,
                range_sampling_hz=annotation.range_sampling_hz,
                samples=annotation.samples_per_burst,
                first_line=int(valid[0]),
                last_line=int(valid[-1]),
                first_sample=int(record.first_valid_sample[valid].max()),
                last_sample=int(record.last_valid_sample[valid].min()),
                raster=raster,
                row_offset=0 if only is not None else index * lines,
                raster_lines=lines if only is not None else len(annotation.bursts) * lines,
                fm_t0_s=float(fm.t0_s[i]),
                fm_rate=fm.coefficients[i],
                doppler_t0_s=float(dc.t0_s[j]),
                doppler=dc.coefficients[j],
                steering_hz_s=2 * speed / annotation.wavelength_m * steering,
                range_band=annotation.range_band,
                azimuth_band=annotation.azimuth_band,
            )
        )
    return bursts

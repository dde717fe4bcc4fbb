"""Bursts: where a burst lies in time and range, which of its samples are valid, and where its lines are stored."""

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
    """One burst. Line l is imaged at start_s + l line_interval_s, sample s at the two-way range time range_time_s + s / sampling.

    first_line .. last_line and first_sample .. last_sample are the valid part, inclusive. Its samples are stored from row
    row_offset on in `raster`, which has raster_lines rows. The polynomials of two-way range time (coefficients from the constant
    on, relative to t0) are those nearest to the middle of the burst; steering_hz_s is the Doppler rate of the antenna steering.
    number: relative burst ID of ESA's burst map, the same on all dates of a track.
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
        """Fractional line of zero-Doppler times."""
        return (time_s - self.start_s) / self.line_interval_s

    def sample(self, range_m: np.ndarray) -> np.ndarray:
        """Fractional sample of slant ranges."""
        return (2 / SPEED_OF_LIGHT * range_m - self.range_time_s) * self.range_sampling_hz

    @property
    def cycle(self) -> float:
        """When the middle of the burst is imaged, in burst cycles since the ascending node; the same on all dates of a track to
        0.02, and with the same fraction for the three swaths of a scene.
        """
        middle = self.anx_time_s + (self.lines - 1) / 2 * self.line_interval_s
        return middle / CYCLE_S - SWATH_OFFSET * (int(self.swath[-1]) - 2)

    def holds(self, line: np.ndarray, sample: np.ndarray, margin: tuple[int, int]) -> np.ndarray:
        """Whether positions lie in the valid part, `margin` lines and samples from its edge."""
        return (
            (line >= self.first_line + margin[0]) & (line <= self.last_line - margin[0])
            & (sample >= self.first_sample + margin[1]) & (sample <= self.last_sample - margin[1])
        )  # fmt: skip


def burst_number(anx_time_s: float, relative_orbit: int) -> int:
    """Relative burst ID of a burst whose middle is imaged `anx_time_s` after the ascending node (ESA, Sentinel-1 burst map)."""
    return 1 + math.floor((anx_time_s + (relative_orbit - 1) * ORBIT_S - PREAMBLE_S) / CYCLE_S)


def bursts_of(
    annotation: Annotation, arc: Arc, raster: str, relative_orbit: int, only: int | None = None
) -> list[Burst]:
    """The bursts of a swath that have valid samples. `arc` gives the speed that turns the steering rate into a Doppler rate
    (Miranda 2014, eq. 7). only: position in the burst list of the single burst that `raster` holds; None: it holds all.
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

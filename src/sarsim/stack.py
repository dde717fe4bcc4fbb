"""A stack of acquisitions of a simulated world: what is common to its dates, and each date on its
own.

One burst is in memory at a time, and the ground below it strip by strip: beside the arrays of the
world itself, memory grows with the width of a burst and not with the number of bursts.
"""

import logging
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import date as Date
from datetime import timedelta
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from sarsim import acquisition as radar
from sarsim import annotation, safe
from sarsim.acquisition import ProductLabel, SimulatedAcquisition, SimulatedTrack, acquire
from sarsim.atmosphere import PathDelay
from sarsim.ground import LitGround, LitStrip
from sarsim.scatterers import Reflectivity, ScatteringGround, gaussian_table, scatter
from sarsim.scattering import ScatteringSettings, cover_on, latitude_deg, snow_line_m
from sarsim.slc import EDGE, BurstImage
from sarsim.survey import survey_region
from sarsim.world import World
from sarslide.io.blocks import strips
from sarslide.names import parse_date

log = logging.getLogger(__name__)

DECORRELATION_EPOCH = Date(2014, 1, 1)  # before any acquisition
CROSS_POL_DB = -7.0  # sigma nought in VH against VV; 6 to 10 dB less is common over land
SLICE_BURSTS = 9  # of a swath; a slice of Sentinel-1 has 9 or 10

DelayOn = Callable[[slice, slice], np.ndarray]  # rows and columns of the world -> mm


class StackSimulator:
    """Simulates dates of one stack; any date gives the same bytes whichever others are made.

    Parameters
    ----------
    world : World
        The simulated region.
    stack : str
        Name of the stack, `A128` for an ascending, `D062` for a descending relative orbit.
    swaths : tuple[str, ...], optional
        Which are imaged; by default the fewest that see the region.
    bursts : int, optional
        Of each swath; by default those that hold the region.
    polarisations : tuple[str, ...]
        VV, VH; the cross-polarised echo has scatterers of its own and CROSS_POL_DB of the power.
    samples, incidence_deg, abeam_utc, overlap_s
        As of `plan_track`.
    scattering : ScatteringSettings, optional
        What of the measured scattering there is; by default nothing.
    """

    def __init__(
        self,
        world: World,
        stack: str,
        swaths: tuple[str, ...] | None = None,
        bursts: int | None = None,
        polarisations: tuple[str, ...] = ("VV",),
        samples: int | None = None,
        incidence_deg: float | None = None,
        abeam_utc: timedelta | None = None,
        overlap_s: float = 0.0,
        scattering: ScatteringSettings | None = None,
    ):
        self.world, self.stack, self.seed = world, stack, world.seed
        self.polarisations, self.scattering = polarisations, scattering or ScatteringSettings()
        self.survey = survey_region(world, stack, incidence_deg)
        self.swaths = swaths or radar.swaths_over(self.survey.slant_times)
        self.burst_numbers = range(bursts) if bursts else self._planned_bursts(overlap_s)
        self.ground = LitGround(world, self.survey, len(self.swaths) == 1, self.scattering)
        self._track: dict[str, Any] = {"samples": samples, "abeam_utc": abeam_utc, "overlap_s": overlap_s}

    def _planned_bursts(self, overlap_s: float) -> range:
        """Bursts that hold the region, by the same numbers in each swath."""
        planned = [radar.bursts_over(self.survey.times, swath, overlap_s) for swath in self.swaths]
        return range(min(numbers.start for numbers in planned), max(numbers.stop for numbers in planned))

    @cached_property
    def tracks(self) -> dict[str, SimulatedTrack]:
        """The repeat track with what is kept of each swath; together the swaths hold the region, if
        they reach so far.
        """
        seen = self.survey
        return {
            swath: radar.track_over(
                self.stack, seen.center, seen.state, seen.slant_times, swath=swath, reach_s=seen.reach_s, **self._track
            )
            for swath in self.swaths
        }

    @property
    def track(self) -> SimulatedTrack:
        """The repeat track with its first swath."""
        return self.tracks[self.swaths[0]]

    @cached_property
    def los_rate_mm_per_yr(self) -> np.ndarray:
        """True line-of-sight rate, positive towards the satellite, on the region grid."""
        return self.ground.los_rate_mm_per_yr()

    def mean_los_rate(self, dates: Sequence[str]) -> np.ndarray:
        """True mean line-of-sight rate between the first and the last of some dates.

        Parameters
        ----------
        dates : sequence of str
            Acquisitions, YYYYMMDD.

        Returns
        -------
        (rows, cols) array of float
            mm/yr, positive towards the satellite, on the region grid.
        """
        return self.ground.los_rate_mm_per_yr((min(dates), max(dates)))

    @cached_property
    def observable(self) -> np.ndarray:
        """uint8 on the region grid: 1 where the track sees the ground: no layover, no shadow,
        inside a valid swath.
        """
        margin = radar.VALID_SAMPLES_MARGIN / radar.RANGE_SAMPLING
        return self.ground.observable(
            [
                (track.near_time + margin, track.near_time + track.samples / radar.RANGE_SAMPLING - margin)
                for track in self.tracks.values()
            ]
        )

    @cached_property
    def _gaussian(self) -> np.ndarray:
        return gaussian_table(np.random.SeedSequence((self.seed, 11)))

    def _reflectivity(self, track: SimulatedTrack, polarisation: str) -> Reflectivity:
        """What is random in one polarisation: in VV the same in all swaths."""
        if polarisation == "VV":
            places = np.random.SeedSequence((self.seed, 12)).generate_state(1, np.uint64)
            keys = np.random.SeedSequence((self.seed, 13, *track.seed_key())).generate_state(1, np.uint64)
            return Reflectivity(self._gaussian, self.scattering, int(keys[0]), int(places[0]))
        keys = np.random.SeedSequence((self.seed, 14, *track.seed_key())).generate_state(2, np.uint64)
        return Reflectivity(self._gaussian, self.scattering, int(keys[0]), int(keys[1]))

    def path_delay_mm(self, date: str) -> np.ndarray:
        """Atmospheric delay along the line of sight.

        Parameters
        ----------
        date : str
            Day of the pass, YYYYMMDD.

        Returns
        -------
        (rows, cols) array of float32
            mm, positive = longer path, on the world's grid.
        """
        return self._delay(date).on(slice(0, self.world.grid.rows), slice(0, self.world.grid.cols))

    def _delay(self, date: str) -> PathDelay:
        season = self.scattering.season_mm_per_km
        return PathDelay(self.world.grid, self.world.elevation_m, self.seed, self.stack, date, season_mm_per_km=season)

    def acquisition(self, date: str, swath: str | None = None, **options) -> SimulatedAcquisition:
        """Orbit and timing of a date in one swath.

        Parameters
        ----------
        date : str
            Day of the pass, YYYYMMDD.
        swath : str, optional
            The swath; by default the first.
        **options
            As of `acquire`.

        Returns
        -------
        SimulatedAcquisition
            The acquisition.
        """
        track = self.tracks[swath or self.swaths[0]]
        return acquire(track, date, self.seed, **{"bursts": self.burst_numbers} | options)

    def bursts(
        self, acq: SimulatedAcquisition, path_delay_mm: np.ndarray, polarisation: str = "VV"
    ) -> list[np.ndarray]:
        """Pixels of an acquisition.

        Parameters
        ----------
        acq : SimulatedAcquisition
            One swath of one pass.
        path_delay_mm : (rows, cols) array of float
            Delays on the world's grid, mm.
        polarisation : str
            VV or VH.

        Returns
        -------
        list of ndarray
            int16 (lines, samples, 2), one a burst.
        """
        return list(self._bursts(acq, lambda rows, cols: path_delay_mm[rows, cols], polarisation))

    def _bursts(self, acq: SimulatedAcquisition, delay: DelayOn, polarisation: str) -> safe.Bursts:
        """The bursts of an acquisition, each made when it is taken."""
        return safe.Bursts(range(len(acq.burst_starts)), lambda number: self._burst(acq, number, delay, polarisation))

    def _burst(self, acq: SimulatedAcquisition, number: int, delay: DelayOn, polarisation: str) -> np.ndarray:
        years = self.world.elapsed_years(acq.date)
        day = (parse_date(acq.date) - DECORRELATION_EPOCH).days
        image = BurstImage(acq, number)
        # a pixel of beta nought 1 holds BETA_CONSTANT squared
        spacing = radar.RANGE_SPACING * annotation.azimuth_spacing(acq)
        power_scale = annotation.BETA_CONSTANT / np.sqrt(spacing * image.response_energy)
        if polarisation != "VV":
            power_scale *= 10.0 ** (CROSS_POL_DB / 20.0)
        reflectivity = self._reflectivity(acq.track, polarisation)
        start = acq.burst_starts[number] - acq.azimuth_shift_s
        beyond = 2 * EDGE * radar.LINE_INTERVAL
        for strip in self.ground.strips(start - beyond, start + acq.lines * radar.LINE_INTERVAL + beyond):
            extra_path = (delay(strip.rows, strip.cols) - strip.los_rate_mm_per_yr * years[strip.body]) / 1e3
            scatter(image, self._snowed(strip, acq.date), reflectivity, extra_path, day, power_scale)
        doppler = annotation.MEASURED_NOISE_DOPPLER if self.scattering.measured_noise else None
        return image.pixels(self._noise_power(acq), self._noise_rng(acq, number, polarisation), doppler)

    def _snowed(self, strip: LitStrip, date: str) -> ScatteringGround:
        """The ground of a strip under the snow of a date."""
        if not self.scattering.snow_drop_m:
            return strip.ground
        line = snow_line_m(date, self._latitude_deg, self.world.snowline_m, self.scattering.snow_drop_m)
        height = self.world.elevation_m[strip.rows, strip.cols]
        return replace(strip.ground, cover=cover_on(strip.ground.cover, height, line))

    @cached_property
    def _latitude_deg(self) -> float:
        return latitude_deg(self.world.region)

    def _noise_power(self, acq: SimulatedAcquisition) -> float:
        measured = self.scattering.measured_noise
        return annotation.noise_power(acq, annotation.MEASURED_NOISE if measured else annotation.NOISE_SIGMA_NOUGHT)

    def _noise_rng(self, acq: SimulatedAcquisition, number: int, polarisation: str) -> np.random.Generator:
        key = (self.seed, *acq.track.seed_key(int(acq.date), 3), number)
        # a stack of IW2 in VV alone keeps the noise that it has always had
        image = int(annotation.image_number(polarisation, acq.swath))
        return np.random.default_rng(np.random.SeedSequence(key if image == 5 else (*key, image)))

    def images(self, date: str, **options) -> list[safe.Image]:
        """The pass of a date.

        Parameters
        ----------
        date : str
            Day of the pass, YYYYMMDD.
        **options
            As of `acquire`.

        Returns
        -------
        list of Image
            One for each polarisation and swath.
        """
        return [replace(image, bursts=list(image.bursts)) for image in self._images(date, self._delay(date), options)]

    def _images(self, date: str, delay: PathDelay, options: dict) -> list[safe.Image]:
        found = []
        for polarisation in self.polarisations:
            for swath in self.swaths:
                acq = self.acquisition(date, swath, **options)
                bursts, power = self._bursts(acq, delay.on, polarisation), self._noise_power(acq)
                found.append(safe.Image(replace(acq, label=ProductLabel(polarisation=polarisation)), bursts, power))
        return found

    def simulate(self, date: str, folder: str | Path, **options) -> np.ndarray:
        """Write the products and the orbit file of a date, all or nothing; a pass of many bursts is
        several slices.

        For other than whole slices hand `images` to `safe.deliver`.

        Parameters
        ----------
        date : str
            Day of the pass, YYYYMMDD.
        folder : str or Path
            Where they lie.
        **options
            As of `acquire`.

        Returns
        -------
        (rows, cols) array of float32
            The path delay on the region grid, mm.
        """
        delay = self._delay(date)
        images = self._images(date, delay, options)
        count = max(len(image.bursts) for image in images)
        slices = tuple(tuple(range(count)[part]) for part in strips(count, SLICE_BURSTS))
        products = safe.deliver(folder, images, slices=slices)
        offsets = options.get("offset_m") or radar.baseline_m(self.track, date, self.seed)
        names = ", ".join(product.name for product in products)
        log.info("%s: orbit %+.1f m up and away, %+.1f m closer than the reference", names, *offsets)
        return delay.on(*self.world.window)

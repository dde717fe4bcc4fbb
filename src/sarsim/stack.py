"""A stack of acquisitions of a simulated world: what is common to its dates, and each date on its
own.
"""

import logging
from dataclasses import replace
from datetime import date as Date
from functools import cached_property
from pathlib import Path

import numpy as np

from sarsim import acquisition as radar
from sarsim import annotation, geometry, landcover, safe
from sarsim.acquisition import ProductLabel, SimulatedAcquisition, SimulatedTrack, acquire, plan_track
from sarsim.atmosphere import path_delay_mm
from sarsim.scatterers import PER_SIDE, SHADOW_PER_CELL, ScatteringGround, gaussian_table, scatter
from sarsim.slc import EDGE, BurstImage
from sarslide.names import parse_date

log = logging.getLogger(__name__)

DECORRELATION_EPOCH = Date(2014, 1, 1)  # before any acquisition
CROSS_POL_DB = -7.0  # sigma nought in VH against VV; 6 to 10 dB less is common over land
MOTION_EPOCH = Date(2019, 1, 1)  # when nothing has moved yet; only differences between dates are seen


class StackSimulator:
    """Simulates dates of one stack; any date gives the same bytes whichever others are made.

    Parameters
    ----------
    world : World
        The simulated region.
    stack : str
        Name of the stack, `A128` for an ascending, `D062` for a descending relative orbit.
    swaths : tuple[str, ...]
        Which are imaged; ground is, as far as each swath and the world reach.
    bursts : int
        Of each swath.
    polarisations : tuple[str, ...]
        VV, VH; the cross-polarised echo has scatterers of its own and CROSS_POL_DB of the power.
    **track
        `samples`, `incidence_deg`, `abeam_utc`, `overlap_s` of `plan_track`.
    """

    def __init__(
        self,
        world,
        stack: str,
        swaths: tuple[str, ...] = ("IW2",),
        bursts: int = radar.BURSTS,
        polarisations: tuple[str, ...] = ("VV",),
        **track,
    ):
        self.world, self.stack, self.seed = world, stack, world.seed
        self.swaths, self.burst_count, self.polarisations = swaths, bursts, polarisations
        self._track = track
        self._grid, self._region = world.grid, world.window
        self._elevation = world.elevation_m.astype(float)

    @cached_property
    def _xyz(self) -> np.ndarray:
        return geometry.grid_ecef(self._grid, self._elevation)

    @cached_property
    def tracks(self) -> dict[str, SimulatedTrack]:
        """The repeat track with what is kept of each swath; together the swaths hold the region, if
        they reach so far.
        """
        region = self._xyz[self._region]
        return {swath: plan_track(self.stack, region, swath=swath, **self._track) for swath in self.swaths}

    @property
    def track(self) -> SimulatedTrack:
        """The repeat track with its first swath."""
        return self.tracks[self.swaths[0]]

    @cached_property
    def los(self) -> np.ndarray:
        """Unit vector ground to satellite of the reference orbit, (rows, cols, 3) east, north, up,
        on the world's grid.
        """
        lon, lat, _ = geometry.to_geodetic(self._xyz)
        return geometry.line_of_sight(self.track.arc, self._xyz, lon, lat)

    @cached_property
    def _los_rate(self) -> np.ndarray:
        return np.einsum("krc,rck->rc", self.world.velocity_mm_per_yr, self.los)

    @property
    def los_rate_mm_per_yr(self) -> np.ndarray:
        """True line-of-sight rate, positive towards the satellite, on the region grid."""
        return self._los_rate[self._region]

    @cached_property
    def _mean_los(self) -> np.ndarray:
        look = self.los[self._region].mean((0, 1))
        return look / np.linalg.norm(look)

    @cached_property
    def _gaussian(self) -> np.ndarray:
        return gaussian_table(np.random.SeedSequence((self.seed, 11)))

    @cached_property
    def _reflecting(self) -> ScatteringGround:
        """The ground in VV, whatever the swath."""
        cell, cover = self._grid.cell_m, self.world.land_cover
        south, east = np.gradient(self._elevation, cell)
        # the length of the normal is the area of the slope per area of the map
        normal = np.stack([-east, south, np.ones_like(east)], -1)
        cross_section = np.clip((normal * self.los).sum(-1), 0, None) * cell**2 / PER_SIDE**2
        cross_section *= 10.0 ** (landcover.table("gamma0_db")[cover] / 10.0)
        shadow, _ = geometry.visibility(self._elevation, cell, self._mean_los, SHADOW_PER_CELL)
        lasting, rho_0 = (landcover.table(name)[cover] for name in ("rho_inf", "rho_0"))
        tau = np.maximum(landcover.table("tau_days"), 1e-3)[cover]
        change = np.clip(np.rint((1.0 - np.exp(-1.0 / tau)) * 65536), 1, 65535)
        number = np.arange(cover.size, dtype=np.uint64).reshape(cover.shape)
        keys = np.random.SeedSequence((self.seed, 12)).generate_state(1, np.uint64)
        stack_keys = np.random.SeedSequence((self.seed, 13, *self.track.seed_key())).generate_state(1, np.uint64)
        return ScatteringGround(
            self._xyz, np.sqrt(cross_section).astype(np.float32), shadow, change.astype(np.uint16), lasting, rho_0 - lasting,
            number, int(stack_keys[0]), int(keys[0]),
        )  # fmt: skip

    def _ground(self, track: SimulatedTrack, polarisation: str) -> ScatteringGround:
        """The ground in one polarisation; cells whose echoes miss the kept part of the swath are
        dark.
        """
        ground, sample = self._reflecting, self._sample(track)
        amplitude = np.where((sample > -2.0 * EDGE) & (sample < track.samples + 2.0 * EDGE), ground.amplitude, 0)
        if polarisation == "VV":
            return replace(ground, amplitude=amplitude.astype(np.float32))
        keys = np.random.SeedSequence((self.seed, 14, *track.seed_key())).generate_state(2, np.uint64)
        weaker = amplitude * 10.0 ** (CROSS_POL_DB / 20.0)
        return replace(ground, amplitude=weaker.astype(np.float32), key=int(keys[0]), place_key=int(keys[1]))

    @cached_property
    def _slant_time(self) -> np.ndarray:
        """Two-way time, s, of the cell centres on the reference orbit."""
        return 2 * geometry.zero_doppler(self.track.arc, self._xyz)[1] / radar.SPEED_OF_LIGHT

    def _sample(self, track: SimulatedTrack) -> np.ndarray:
        return (self._slant_time - track.near_time) * radar.RANGE_SAMPLING

    @cached_property
    def observable(self) -> np.ndarray:
        """uint8 on the region grid: 1 where the track sees the ground: no layover, no shadow,
        inside a valid swath.
        """
        shadow, layover = geometry.visibility(self._elevation, self._grid.cell_m, self._mean_los)
        margin = radar.VALID_SAMPLES_MARGIN
        samples = [(self._sample(track), track.samples) for track in self.tracks.values()]
        swath = np.any([(sample >= margin) & (sample < count - margin) for sample, count in samples], axis=0)
        return (~shadow & ~layover & swath)[self._region].astype(np.uint8)

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
        return path_delay_mm(self.world.grid, self.world.elevation_m, self.seed, self.stack, date)

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
        return acquire(track, date, self.seed, **{"bursts": self.burst_count} | options)

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
        years = (parse_date(acq.date) - MOTION_EPOCH).days / 365.25
        extra_path = (path_delay_mm - self._los_rate * years) / 1e3
        day = (parse_date(acq.date) - DECORRELATION_EPOCH).days
        images = [BurstImage(acq, k) for k in range(len(acq.burst_starts))]
        # a pixel of beta nought 1 holds BETA_CONSTANT squared
        spacing = radar.RANGE_SPACING * annotation.azimuth_spacing(acq)
        power_scale = annotation.BETA_CONSTANT / np.sqrt(spacing * images[0].response_energy)
        scatter(images, self._ground(acq.track, polarisation), extra_path, self._gaussian, day, power_scale)
        key = (self.seed, *acq.track.seed_key(int(acq.date), 3))
        # a stack of IW2 in VV alone keeps the noise that it has always had
        image = int(annotation.image_number(polarisation, acq.swath))
        more = () if image == 5 else (image,)
        rngs = (np.random.default_rng(np.random.SeedSequence((*key, k, *more))) for k in range(len(images)))
        noise = annotation.noise_power(acq)
        return [image.pixels(noise, rng) for image, rng in zip(images, rngs, strict=True)]

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
        return self._images(date, self.path_delay_mm(date), options)

    def _images(self, date: str, delay: np.ndarray, options: dict) -> list[safe.Image]:
        found = []
        for polarisation in self.polarisations:
            for swath in self.swaths:
                acq = self.acquisition(date, swath, **options)
                pixels, power = self.bursts(acq, delay, polarisation), annotation.noise_power(acq)
                found.append(safe.Image(replace(acq, label=ProductLabel(polarisation=polarisation)), pixels, power))
        return found

    def simulate(self, date: str, folder: str | Path, **options) -> np.ndarray:
        """Write product and orbit file of a date, all or nothing.

        For other than one whole product hand `images` to `safe.deliver`.

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
        delay = self.path_delay_mm(date)
        (product,) = safe.deliver(folder, self._images(date, delay, options))
        offsets = options.get("offset_m") or radar.baseline_m(self.track, date, self.seed)
        log.info("%s: orbit %+.1f m up and away, %+.1f m closer than the reference", product.name, *offsets)
        return delay[self._region]

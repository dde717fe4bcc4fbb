"""A stack of acquisitions of a simulated world: what is common to its dates, and each date on its own."""

import logging
from datetime import date as Date
from functools import cached_property
from pathlib import Path

import numpy as np

from sarslide.names import parse_date
from sarslide.simulate import acquisition as radar
from sarslide.simulate import annotation, geometry, landcover, safe
from sarslide.simulate.acquisition import Acquisition, Track, acquire, plan_track
from sarslide.simulate.atmosphere import path_delay_mm
from sarslide.simulate.scatterers import PER_SIDE, SHADOW_PER_CELL, Ground, gaussian_table, scatter
from sarslide.simulate.slc import EDGE, BurstImage

log = logging.getLogger(__name__)

DECORRELATION_EPOCH = Date(2014, 1, 1)  # before any acquisition
MOTION_EPOCH = Date(2019, 1, 1)  # when nothing has moved yet; only differences between dates are seen


class StackSimulator:
    """Simulates dates of one stack; any date gives the same bytes whichever others are simulated.

    world: `simulate.world.World`. stack: `A128` for an ascending, `D062` for a descending relative orbit. The swath
    holds the region; ground is imaged as far as the swath and the world reach.
    """

    def __init__(self, world, stack: str):
        self.world, self.stack, self.seed = world, stack, world.seed
        self._grid, self._region = world.grid, world.window
        self._elevation = world.elevation_m.astype(float)

    @cached_property
    def _xyz(self) -> np.ndarray:
        return geometry.grid_ecef(self._grid, self._elevation)

    @cached_property
    def track(self) -> Track:
        """The repeat track; its swath holds the region."""
        return plan_track(self.stack, self._xyz[self._region])

    @cached_property
    def los(self) -> np.ndarray:
        """Unit vector ground to satellite of the reference orbit, (rows, cols, 3) east, north, up, on the world's grid."""
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
    def _ground(self) -> Ground:
        cell, cover = self._grid.cell_m, self.world.land_cover
        south, east = np.gradient(self._elevation, cell)
        # the length of the normal is the area of the slope per area of the map
        normal = np.stack([-east, south, np.ones_like(east)], -1)
        cross_section = np.clip((normal * self.los).sum(-1), 0, None) * cell**2 / PER_SIDE**2
        cross_section *= 10.0 ** (landcover.table("gamma0_db")[cover] / 10.0)
        cross_section[~self._imaged] = 0.0
        shadow, _ = geometry.visibility(self._elevation, cell, self._mean_los, SHADOW_PER_CELL)
        lasting, rho_0 = (landcover.table(name)[cover] for name in ("rho_inf", "rho_0"))
        tau = np.maximum(landcover.table("tau_days"), 1e-3)[cover]
        change = np.clip(np.rint((1.0 - np.exp(-1.0 / tau)) * 65536), 1, 65535)
        number = np.arange(cover.size, dtype=np.uint64).reshape(cover.shape)
        keys = np.random.SeedSequence((self.seed, 12)).generate_state(1, np.uint64)
        stack_keys = np.random.SeedSequence((self.seed, 13, *self.track.seed_key())).generate_state(1, np.uint64)
        return Ground(
            self._xyz, np.sqrt(cross_section).astype(np.float32), shadow, change.astype(np.uint16), lasting, rho_0 - lasting,
            number, int(stack_keys[0]), int(keys[0]),
        )  # fmt: skip

    @cached_property
    def _position(self) -> tuple[np.ndarray, np.ndarray]:
        """Zero-Doppler time (s) and sample of the cell centres on the reference orbit."""
        t, slant = geometry.zero_doppler(self.track.arc, self._xyz)
        return t, (2 * slant / radar.LIGHT - self.track.near_time) * radar.RANGE_SAMPLING

    @cached_property
    def _imaged(self) -> np.ndarray:
        """Cells whose echoes fall into the swath."""
        sample = self._position[1]
        return (sample > -2.0 * EDGE) & (sample < self.track.samples + 2.0 * EDGE)

    @cached_property
    def observable(self) -> np.ndarray:
        """uint8 on the region grid: 1 where the track sees the ground: no layover, no shadow, inside the valid swath."""
        shadow, layover = geometry.visibility(self._elevation, self._grid.cell_m, self._mean_los)
        sample, margin = self._position[1], radar.VALID_SAMPLES_MARGIN
        swath = (sample >= margin) & (sample < self.track.samples - margin)
        return (~shadow & ~layover & swath)[self._region].astype(np.uint8)

    def path_delay_mm(self, date: str) -> np.ndarray:
        """Atmospheric delay along the line of sight, mm, positive = longer path, on the world's grid."""
        return path_delay_mm(self.world.grid, self.world.elevation_m, self.seed, self.stack, date)

    def acquisition(self, date: str) -> Acquisition:
        """Orbit and timing of a date."""
        return acquire(self.track, date, self.seed)

    def bursts(self, acq: Acquisition, path_delay_mm: np.ndarray) -> list[np.ndarray]:
        """Pixels of an acquisition, int16 (lines, samples, 2) a burst, with the delays (rows, cols) of the world's grid."""
        years = (parse_date(acq.date) - MOTION_EPOCH).days / 365.25
        extra_path = (path_delay_mm - self._los_rate * years) / 1e3
        day = (parse_date(acq.date) - DECORRELATION_EPOCH).days
        images = [BurstImage(acq, k) for k in range(radar.BURSTS)]
        # a pixel of beta nought 1 holds BETA_CONSTANT squared
        spacing = radar.RANGE_SPACING * annotation.azimuth_spacing(acq)
        power_scale = annotation.BETA_CONSTANT / np.sqrt(spacing * images[0].response_energy)
        scatter(images, self._ground, extra_path, self._gaussian, day, power_scale)
        key = self.track.seed_key(int(acq.date), 3)
        rngs = (np.random.default_rng(np.random.SeedSequence((self.seed, *key, k))) for k in range(radar.BURSTS))
        noise = annotation.noise_power(acq)
        return [image.pixels(noise, rng) for image, rng in zip(images, rngs, strict=True)]

    def simulate(self, date: str, folder: str | Path) -> np.ndarray:
        """Write SAFE and EOF of `date` into `folder`, all or nothing; returns the path delay, mm, on the region grid."""
        acq, delay = self.acquisition(date), self.path_delay_mm(date)
        product = safe.write_acquisition(folder, acq, self.bursts(acq, delay), annotation.noise_power(acq))
        offsets = radar.baseline_m(self.track, date, self.seed)
        log.info("%s: orbit %+.1f m up and away, %+.1f m closer than the reference", product.name, *offsets)
        return delay[self._region]

"""The lit ground of a stack, strip by strip of the world's rows: what its bursts are made of, and
what of it the track can see.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property, lru_cache

import numpy as np

from sarsim import acquisition as radar
from sarsim import geometry, landcover
from sarsim.scatterers import PER_SIDE, SHADOW_PER_CELL, ScatteringGround
from sarsim.scattering import ScatteringSettings, texture
from sarsim.survey import LIT_MARGIN_M, Survey, row_strips, window_ecef
from sarsim.world import World

KEPT_STRIPS = 12
TIME_SLACK = 0.1  # s, of what is found from the outline of a strip: 700 m on the ground


@dataclass(frozen=True)
class LitStrip:
    """A window of the world with ground that is lit.

    Attributes
    ----------
    rows, cols : slice
        The window, with one cell more on each side than is lit.
    ground : ScatteringGround
        What the track sees.
    los_rate_mm_per_yr : (rows, cols) array of float
        Planted rate, positive towards the satellite.
    body : (rows, cols) array of uint16
        Which landslide moves, as `World.body`.
    """

    rows: slice
    cols: slice
    ground: ScatteringGround
    los_rate_mm_per_yr: np.ndarray
    body: np.ndarray


class LitGround:
    """The ground of a world that a stack lights for a region.

    Parameters
    ----------
    world : World
        The simulated region.
    survey : Survey
        The region as the track sees it.
    one_look : bool
        Whether shadow and layover are found with the mean look of the region, good within a swath,
        and not with the look of each cell.
    scattering : ScatteringSettings, optional
        Backscatter of the land cover, and texture.
    """

    def __init__(self, world: World, survey: Survey, one_look: bool, scattering: ScatteringSettings | None = None):
        self.world, self.survey, self.one_look = world, survey, one_look
        self.scattering = scattering or ScatteringSettings()
        self._strip = lru_cache(maxsize=KEPT_STRIPS)(self._make_strip)
        self._times = lru_cache(maxsize=None)(self._time_span)

    def strips(self, first: float, last: float) -> Iterator[LitStrip]:
        """The strips that hold ground between two zero-Doppler times.

        Parameters
        ----------
        first, last : float
            On the reference orbit, s.

        Yields
        ------
        LitStrip
            From north to south.
        """
        rows = self._around(self.world.window[0], self._lit_reach, self.world.grid.rows)
        for part in row_strips(rows, self._lit_cols.stop - self._lit_cols.start):
            early, late = self._times(part.start, part.stop)
            strip = self._strip(part.start, part.stop) if late >= first and early <= last else None
            if strip is not None:
                yield strip

    def los_rate_mm_per_yr(self, dates: tuple[str, str] | None = None) -> np.ndarray:
        """Planted line-of-sight rate.

        Parameters
        ----------
        dates : tuple of str, optional
            The mean rate between these two; by default without the course of bodies that are not
            steady.

        Returns
        -------
        (rows, cols) array of float
            On the region grid, mm/yr, positive towards the satellite.
        """
        rate = np.concatenate([self._los_rate(rows, cols, seen.los) for rows, cols, seen in self._region()])
        return rate * self.world.mean_course(*dates)[self._body[self.world.window]] if dates else rate

    def observable(self, swaths: list[tuple[float, float]]) -> np.ndarray:
        """What the track sees: no layover, no shadow, inside a valid swath.

        Parameters
        ----------
        swaths : list of tuple of float
            Two-way times, s, of the first valid sample of each swath and of the end of its last.

        Returns
        -------
        (rows, cols) array of uint8
            On the region grid, 1 where the ground is seen.
        """
        found = []
        for rows, cols, seen in self._region():
            imaged = np.any([(seen.slant_time >= near) & (seen.slant_time < far) for near, far in swaths], axis=0)
            shadow = self._marched(geometry.shadow, rows, cols, seen.los, imaged, self._reach["shadow"])
            layover = self._marched(geometry.layover, rows, cols, seen.los, imaged, self._reach["layover"])
            found.append(imaged & ~shadow & ~layover)
        return np.concatenate(found).astype(np.uint8)

    def _region(self) -> Iterator[tuple[slice, slice, geometry.SeenPoints]]:
        rows, cols = self.world.window
        for part in row_strips(rows, cols.stop - cols.start):
            yield part, cols, geometry.see(self.survey.arc, window_ecef(self.world, part, cols))

    def _los_rate(self, rows: slice, cols: slice, los: np.ndarray) -> np.ndarray:
        return np.einsum("krc,rck->rc", self.world.velocity_mm_per_yr[:, rows, cols], los)

    @cached_property
    def _body(self) -> np.ndarray:
        return self.world.body

    def _around(self, part: slice, cells: int, size: int) -> slice:
        return slice(max(part.start - cells, 0), min(part.stop + cells, size))

    @cached_property
    def _reach(self) -> dict[str, int]:
        """Cells over which ground throws a shadow, or has its image behind that of other ground."""
        elevation, (flattest, steepest) = self.world.elevation_m, self.survey.up
        relief = (float(elevation.max()) - float(elevation.min())) / self.world.grid.cell_m
        far = {"shadow": np.sqrt(1 - flattest**2) / flattest, "layover": steepest / np.sqrt(1 - steepest**2)}
        return {name: int(np.ceil(1.05 * relief * slope)) + 2 for name, slope in far.items()}

    @cached_property
    def _lit_reach(self) -> int:
        """Cells around the region within which all lies that is lit."""
        return self._reach["layover"] + int(np.ceil(LIT_MARGIN_M / self.world.grid.cell_m))

    @cached_property
    def _lit_cols(self) -> slice:
        return self._around(self.world.window[1], self._lit_reach, self.world.grid.cols)

    def _time_span(self, start: int, stop: int) -> tuple[float, float]:
        """First and last zero-Doppler time of some rows, from their outermost two."""
        times = [
            geometry.zero_doppler(self.survey.arc, window_ecef(self.world, slice(row, row + 1), self._lit_cols))[0]
            for row in (start, stop - 1)
        ]
        return float(np.min(times)) - TIME_SLACK, float(np.max(times)) + TIME_SLACK

    def _make_strip(self, start: int, stop: int) -> LitStrip | None:
        """What is lit of some rows of the world, None: nothing."""
        rows, cols = self._around(slice(start, stop), 1, self.world.grid.rows), self._lit_cols
        xyz = window_ecef(self.world, rows, cols)
        seen = geometry.see(self.survey.arc, xyz)
        lit = self.survey.lit.holds(seen.time, seen.slant_time)
        columns = np.nonzero(lit.any(0))[0]
        if not columns.size:
            return None
        kept = self._around(slice(int(columns[0]), int(columns[-1]) + 1), 1, lit.shape[1])
        cols = slice(cols.start + kept.start, cols.start + kept.stop)
        lit, los = lit[:, kept], seen.los[:, kept]
        shadow = self._marched(geometry.shadow, rows, cols, los, lit, self._reach["shadow"], SHADOW_PER_CELL)
        ground = ScatteringGround(
            np.ascontiguousarray(xyz[:, kept]),
            np.where(lit, self._amplitude(rows, cols, los), 0).astype(np.float32),
            shadow,
            self.world.land_cover[rows, cols],
            seen.time[:, kept].copy(),
            seen.slant_time[:, kept] * radar.RANGE_SAMPLING,
            rows.start * self.world.grid.cols + cols.start,
            self.world.grid.cols,
        )
        return LitStrip(rows, cols, ground, self._los_rate(rows, cols, los), self._body[rows, cols])

    def _amplitude(self, rows: slice, cols: slice, los: np.ndarray) -> np.ndarray:
        """Root of the cross section of each scatterer, m; exact but for the outermost cells."""
        cell = self.world.grid.cell_m
        south, east = np.gradient(self.world.elevation_m[rows, cols].astype(float), cell)
        # the length of the normal is the area of the slope per area of the map
        normal = np.stack([-east, south, np.ones_like(east)], -1)
        cross_section = np.clip((normal * los).sum(-1), 0, None) * cell**2 / PER_SIDE**2
        cover, settings = self.world.land_cover[rows, cols], self.scattering
        cross_section *= 10.0 ** (settings.table("gamma0_db")[cover] / 10.0)
        if settings.texture_variance:
            uneven = texture(self.world.seed, cell, rows, cols, settings.texture_variance)
            cross_section *= np.where(cover == landcover.WATER, 1, uneven)
        return np.sqrt(cross_section).astype(np.float32)

    def _marched(
        self, find, rows: slice, cols: slice, los: np.ndarray, wanted: np.ndarray, reach: int, per_cell: int = 1
    ):
        """`geometry.shadow` or `layover` of a window, with the ground around that may cause it."""
        grid = self.world.grid
        wide = self._around(rows, reach, grid.rows), self._around(cols, reach, grid.cols)
        heights = self.world.elevation_m[wide].astype(float)
        inner = tuple(slice(a.start - b.start, a.stop - b.start) for a, b in zip((rows, cols), wide, strict=True))
        mask, looks = np.zeros(heights.shape, bool), self.survey.look
        mask[inner] = wanted
        if not self.one_look:
            looks = np.zeros((*heights.shape, 3))
            looks[inner] = los
        found = find(heights, grid.cell_m, looks, per_cell, mask)
        return found[tuple(slice(part.start * per_cell, part.stop * per_cell) for part in inner)].copy()

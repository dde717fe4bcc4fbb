"""A track of a finished region as a displacement product, with a series that has its rates."""

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
from affine import Affine

from sarslide.displacement.contract import Displacement
from sarslide.frames import WHOLE
from sarslide.grid import RegionGrid
from sarslide.io import raster
from sarslide.network import years_of
from studies.displacement.written import Place

SEED = 11
DEGREES = 4326


@dataclass(frozen=True)
class Track:
    """Rates of a track of a finished region of one frame.

    Attributes
    ----------
    results : Path
        Of the region.
    stack : str
        The track.
    days : tuple of str
        Its dates, YYYYMMDD.
    """

    results: Path
    stack: str
    days: tuple[str, ...]

    @property
    def period(self) -> tuple[str, str]:
        """First and last date."""
        return self.days[0], self.days[-1]

    @cached_property
    def grid(self) -> RegionGrid:
        return raster.grid_of(self._path("stacking", "los_rate_mm_per_yr"))

    def rate(self, name: str) -> np.ndarray:
        """A layer of the rates."""
        return raster.read(self._path("stacking", name), self.grid)

    def geometry(self, name: str) -> np.ndarray:
        """A layer of the geometry."""
        return raster.read(self._path("geometry", name), self.grid)

    def product(self) -> Displacement:
        """All layers, and a series whose straight line has rate and error of each cell."""
        rate, std = self.rate("los_rate_mm_per_yr"), self.rate("los_rate_std_mm_per_yr")
        return Displacement(
            rate,
            self.days,
            std,
            series_of(rate, std, years_of(list(self.days))),
            self.rate("mean_coherence"),
            self.geometry("incidence_deg"),
            self.geometry("heading_deg"),
        )

    def _path(self, folder: str, name: str) -> Path:
        return self.results / self.stack / WHOLE / "native" / folder / f"{name}.tif"


def series_of(rate: np.ndarray, std: np.ndarray, years: np.ndarray) -> np.ndarray:
    """(dates, rows, cols) displacement, mm, whose line has that slope and standard error.

    Since the first date. White noise less its own line, scaled to residuals of the error.
    """
    t = (years - years.mean()).astype(np.float32)
    noise = np.random.default_rng(SEED).standard_normal((len(t), *rate.shape), np.float32)
    noise -= noise.mean(0)
    noise -= t[:, None, None] * (np.tensordot(t, noise, 1) / (t @ t))
    noise *= std * np.sqrt((len(t) - 2) * (t @ t) / (noise**2).sum(0))
    series = t[:, None, None] * rate + noise
    return series - series[0]


def in_degrees(found: Displacement, grid: RegionGrid, step: float) -> tuple[Displacement, Place]:
    """A product in cells of `step` degrees around a region, bilinear between known cells."""
    from rasterio.warp import Resampling, reproject
    from rasterio.warp import transform_bounds as bounds_in

    west, south, east, north = bounds_in(grid.epsg, DEGREES, *grid.bounds)
    rows, cols = int((north - south) / step) + 1, int((east - west) / step) + 1
    transform = Affine(step, 0, west, 0, -step, north)

    def warped(cells: np.ndarray) -> np.ndarray:
        target = np.full((*cells.shape[:-2], rows, cols), np.nan, np.float32)
        ends = {"src_crs": grid.epsg, "dst_crs": DEGREES, "src_nodata": np.nan, "dst_nodata": np.nan}
        source = cells.astype(np.float32)
        reproject(
            source,
            target,
            src_transform=grid.transform,
            dst_transform=transform,
            resampling=Resampling.bilinear,
            **ends,
        )
        return target

    layers = {name: cells for name, cells in vars(found).items() if isinstance(cells, np.ndarray)}
    made = {name: warped(cells) for name, cells in layers.items()}
    return Displacement(dates=found.dates, **made), Place(transform, DEGREES)

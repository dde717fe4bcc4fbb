"""What every reader of a displacement product gives: rate, error and series of one track.

A reader is a module with five functions, a row of `formats.FORMATS` names it:
`recognises(path)`, by content; `dates(paths)`, `has_coherence(paths)` and `extent(paths)`, without
the rates; `read(paths, grid, declared)`.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import numpy as np

from sarslide.errors import RateError
from sarslide.grid import RegionGrid

UNITS = {"mm": 1.0, "cm": 10.0, "m": 1000.0}
SIGNS = {"towards": 1.0, "away": -1.0}
MAX_RATE_MM = 20e3  # more than 20 m/yr is a void that was not declared, or another unit


@dataclass(frozen=True)
class Declared:
    """What the user states where a product does not; None where there is nothing to state.

    Attributes
    ----------
    unit : str or None
        One of `UNITS`, of displacement, and of rates a year.
    positive : str or None
        Motion with positive values: "towards" the satellite, or "away".
    period : tuple of str or None
        First and last date of a rate, YYYYMMDD.
    incidence_deg, heading_deg : float or None
        Angles, degree; heading is the flight direction, clockwise from north.
    coherence : float or None
        Quality of all cells, 0 to 1.
    """

    unit: str | None = None
    positive: str | None = None
    period: tuple[str, str] | None = None
    incidence_deg: float | None = None
    heading_deg: float | None = None
    coherence: float | None = None


@dataclass(frozen=True)
class Displacement:
    """One track on the region grid, in the line of sight, positive TOWARDS the satellite.

    Attributes
    ----------
    rate_mm_per_yr : (rows, cols) array of float
        LOS rate, mm/yr; NaN where nothing was measured: not observable, never still.
    dates : tuple of str
        YYYYMMDD in order: those of the series, or first and last of the period of the rate.
    rate_std_mm_per_yr : (rows, cols) array of float, optional
        Its standard error, mm/yr.
    series_mm : (dates, rows, cols) array of float, optional
        Displacement since the first date, mm.
    coherence : (rows, cols) array of float, optional
        Temporal coherence or another quality, 0 to 1.
    incidence_deg, heading_deg : (rows, cols) array of float, optional
        Incidence from the ellipsoid normal, and flight direction clockwise from north, degree.
    reference : str
        Point, area and tectonic frame of the zero, as the product states them.
    absent : tuple of str
        What the product does not hold.
    track : str
        Relative orbit, three digits; empty where the product does not state it.
    """

    rate_mm_per_yr: np.ndarray
    dates: tuple[str, ...]
    rate_std_mm_per_yr: np.ndarray | None = None
    series_mm: np.ndarray | None = None
    coherence: np.ndarray | None = None
    incidence_deg: np.ndarray | None = None
    heading_deg: np.ndarray | None = None
    reference: str = "not stated"
    absent: tuple[str, ...] = ()
    track: str = ""


@dataclass(frozen=True)
class Extent:
    """Where a product lies.

    Attributes
    ----------
    crs : str
        Of the bounds, as `pyproj` takes it.
    bounds : tuple of float
        West, south, east, north.
    """

    crs: str
    bounds: tuple[float, float, float, float]


class Reader(Protocol):
    """A module of a format."""

    def recognises(self, path: Path) -> bool:
        """Whether a file is of the format, by its content.

        Parameters
        ----------
        path : Path
            The file.

        Returns
        -------
        bool
            By its content.
        """

    def dates(self, paths: Sequence[Path]) -> list[str]:
        """Dates from headers alone; empty where the product states none.

        Parameters
        ----------
        paths : sequence of Path
            Files of one track.

        Returns
        -------
        list of str
            YYYYMMDD, in order.
        """

    def has_coherence(self, paths: Sequence[Path]) -> bool:
        """Whether the product has a coherence, or another quality of 0 to 1, by cell.

        Parameters
        ----------
        paths : sequence of Path
            Files of one track.

        Returns
        -------
        bool
            From headers alone.
        """

    def extent(self, paths: Sequence[Path]) -> Extent:
        """Where the product lies.

        Parameters
        ----------
        paths : sequence of Path
            Files of one track.

        Returns
        -------
        Extent
            Without its rates being read.
        """

    def read(self, paths: Sequence[Path], grid: RegionGrid, declared: Declared) -> Displacement:
        """The product on the region grid.

        Parameters
        ----------
        paths : sequence of Path
            Files of one track.
        grid : RegionGrid
            The region.
        declared : Declared
            What they do not state.

        Returns
        -------
        Displacement
            Our signs and units.
        """


def checked(path: str | Path, found: Displacement) -> Displacement:
    """A product that can be what it says.

    Parameters
    ----------
    path : str or Path
        Its file, for messages.
    found : Displacement
        As read.

    Returns
    -------
    Displacement
        The same.

    Raises
    ------
    RateError
        Without a valid cell in the region, for rates that no unit explains, and for less than two
        dates.
    """
    known = np.isfinite(found.rate_mm_per_yr)
    if not known.any():
        # Other frames of a region may have some.
        problem = f"{path}: no cell of the region has a rate"
        raise RateError(problem, "give products that cover grid.bounds", of_ground=True)
    fastest = float(np.abs(found.rate_mm_per_yr[known]).max())
    if fastest > MAX_RATE_MM:
        raise RateError(f"{path}: rates up to {fastest:.3g} mm/yr", "state the unit of the file, or its void")
    if len(set(found.dates)) < 2:
        raise RateError(f"{path}: {len(set(found.dates))} dates", "state its period, as FIRST LAST of YYYYMMDD")
    return found


def rate_of(series_mm: np.ndarray, years: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Straight line through a series that is complete in a cell.

    Parameters
    ----------
    series_mm : (dates, rows, cols) array of float
        Displacement, mm.
    years : (dates,) array of float
        Times, years.

    Returns
    -------
    rate, std : (rows, cols) array of float
        mm/yr; the error from the residuals, dates taken as independent; NaN of two dates.
    """
    t = years - years.mean()
    rate = np.tensordot(t, series_mm, 1) / (t @ t)
    free = len(t) - 2
    if not free:
        return rate, np.full(rate.shape, np.nan)
    mean, squares = series_mm.mean(0, dtype=float), np.zeros(rate.shape)
    for moment, moved in zip(t, series_mm, strict=True):  # a date at a time: a series may be large
        squares += (moved - mean - moment * rate) ** 2
    return rate, np.sqrt(squares / free / (t @ t))

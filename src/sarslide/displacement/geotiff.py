"""GeoTIFFs: dolphin's `velocity.tif` and `timeseries/*.tif`, and any other rate.

Band 1 is the rate, band 2, where there is one, its standard error. dolphin writes metres, and
metres a year, where it knows the wavelength, as the unit of the band, positive towards the
satellite, 0 void (dolphin, `timeseries._convert_and_reference`); its series are files of two dates,
the first common to all. Of other rasters unit and sign are declared.
"""

import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import rasterio
from rasterio.errors import RasterioError

from sarslide.displacement import placed
from sarslide.displacement.contract import SIGNS, UNITS, Declared, Displacement, Extent, rate_of
from sarslide.errors import RateError
from sarslide.grid import RegionGrid
from sarslide.insar.external import regrid
from sarslide.network import years_of

MAGIC = (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+")
DATES = re.compile(r"(?<!\d)(\d{8})_(\d{8})(?!\d)")
OF_DOLPHIN = {"meters": "m", "meters / year": "m"}
COHERENCE = "temporal_coherence"


def recognises(path: Path) -> bool:
    """Whether a file is a TIFF, by its first bytes.

    Parameters
    ----------
    path : Path
        The file.

    Returns
    -------
    bool
        By its content.
    """
    return placed.head(path).magic[:4] in MAGIC


def _parts(paths: Sequence[Path]) -> tuple[dict[str, Path], list[Path], list[Path]]:
    """Series by date, rates, coherences."""
    # dolphin names its coherence by the whole span, as if it were the last date of the series.
    coherence = [path for path in paths if COHERENCE in path.name and recognises(path)]
    pairs = {path: match for path in paths if path not in coherence and (match := DATES.search(path.name))}
    firsts = {match[1] for match in pairs.values()}
    if len(firsts) > 1:
        raise RateError(
            f"{paths[0].parent}: series of {len(firsts)} first dates", "give files that share their first date"
        )
    series = {match[2]: path for path, match in pairs.items()}
    rates = [path for path in paths if path not in pairs and path not in coherence and recognises(path)]
    return series, rates, coherence


def dates(paths: Sequence[Path]) -> list[str]:
    """Dates of the series; none of a rate alone.

    Parameters
    ----------
    paths : sequence of Path
        Files of one track.

    Returns
    -------
    list of str
        YYYYMMDD, in order.
    """
    series = _parts(paths)[0]
    if not series:
        return []
    first = DATES.search(next(iter(series.values())).name)
    return sorted({*series, *([first[1]] if first else [])})


def has_coherence(paths: Sequence[Path]) -> bool:
    """Whether a file with the name of dolphin's temporal coherence is there.

    Parameters
    ----------
    paths : sequence of Path
        Files of one track.

    Returns
    -------
    bool
        By the names.
    """
    return bool(_parts(paths)[2])


def extent(paths: Sequence[Path]) -> Extent:
    """Where the product lies.

    Parameters
    ----------
    paths : sequence of Path
        Files of one track.

    Returns
    -------
    Extent
        From headers alone.
    """
    series, rates, _ = _parts(paths)
    path = [*rates, *series.values()][0]
    try:
        with rasterio.open(path) as source:
            if source.crs is None:
                raise RateError(f"{path}: has no CRS", "export it with its place")
            return Extent(source.crs.to_wkt(), tuple(source.bounds))
    except RasterioError as error:
        raise RateError(f"{path}: cannot be read ({' '.join(str(error).split())})", "export it again") from None


def _band(path: Path, grid: RegionGrid, declared: Declared, band: int = 1) -> np.ndarray | None:
    """A band in mm (a year), positive towards the satellite; None without that band."""
    try:
        with placed.as_rate_errors(), rasterio.open(path) as source:
            if band > source.count:
                return None
            if source.crs is None:
                raise RateError(f"{path}: has no CRS", "export it with its place")
            stated = OF_DOLPHIN.get(source.units[band - 1] or "")
            unit, positive = declared.unit or stated, declared.positive or (stated and "towards")
            if source.units[band - 1] == "radians":
                raise RateError(f"{path}: holds radians", "give dolphin the wavelength, so that it writes metres")
            if not unit or not positive:
                raise RateError(
                    f"{path}: nothing tells its unit and sign", "set unit and positive in displacement.products"
                )
            values = regrid.smooth(regrid.read_band(source, grid, band, 0.0 if stated else None), grid)
    except RasterioError as error:
        raise RateError(f"{path}: cannot be read ({' '.join(str(error).split())})", "export it again") from None
    return (values * UNITS[unit] * (SIGNS[positive] if band == 1 else 1.0)).astype(np.float32)


def read(paths: Sequence[Path], grid: RegionGrid, declared: Declared) -> Displacement:
    """Rate and series on the region grid.

    Parameters
    ----------
    paths : sequence of Path
        Files of one track.
    grid : RegionGrid
        The region.
    declared : Declared
        Unit, sign, period and angles.

    Returns
    -------
    Displacement
        The rate of its file where there is one, else a line through the series.
    """
    series, rates, coherence = _parts(paths)
    if len(rates) > 1:
        raise RateError(f"{rates[0].parent}: {len(rates)} rates", "name one, its error as second band")
    days = dates(paths) or list(declared.period or ())
    found: dict[str, Any] = {}
    if series:
        layers: list[Any] = [_band(series[day], grid, declared) for day in days[1:]]
        found["series_mm"] = np.stack([np.where(np.isfinite(layers[0]), 0 * layers[0], np.float32(np.nan)), *layers])
        found["rate_mm_per_yr"], found["rate_std_mm_per_yr"] = rate_of(found["series_mm"], years_of(days))
    if rates:
        found["rate_mm_per_yr"] = _band(rates[0], grid, declared)
        if (error := _band(rates[0], grid, declared, 2)) is not None or not series:
            found["rate_std_mm_per_yr"] = error
    plain = Declared("mm", "towards")
    return Displacement(dates=tuple(days), coherence=_band(coherence[0], grid, plain) if coherence else None, **found)
